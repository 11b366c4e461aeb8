//! Two sessions side by side: what speaks for one event, and what a person said.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sqlx::AssertSqlSafe;
use sync_core::id::RecordId;
use utoipa::ToSchema;

use crate::coverage::calendar::parse_day;
use crate::db::{Blob, DbError, Tx};
use crate::on_db;
use crate::session::Session;

/// Starts no further apart than that are close.
const CLOSE_MINUTES: i64 = 120;
/// Head counts that differ by no more than that part of the larger, or by [`CLOSE_HEADS`], are close.
const CLOSE_PART: i64 = 5;
const CLOSE_HEADS: i64 = 5;

/// How a pair stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PairStanding {
    /// Nobody has said anything.
    Open,
    /// One event: one of the two counts.
    Linked,
    /// Two events: both count.
    Distinct,
}

impl PairStanding {
    /// The accepted names.
    pub const ACCEPTED: &'static str = "open, linked or distinct";

    /// The name, as in addresses and in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Linked => "linked",
            Self::Distinct => "distinct",
        }
    }

    /// The standing of this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Open, Self::Linked, Self::Distinct].into_iter().find(|standing| standing.name() == name)
    }
}

/// What speaks for one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = PairReason)]
pub enum Reason {
    /// In the same village of the register.
    SameVillage,
    /// On the same day.
    SameDay,
    /// Begun at most two hours apart.
    CloseTimes,
    /// Recorded by people of two posts.
    TwoPosts,
    /// Recorded by two people.
    TwoRecorders,
    /// Head counts at most a fifth, or five, apart.
    CloseAttendances,
    /// Of the same format.
    SameFormat,
}

/// Two sessions, what speaks for one event, and what a person said.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = SessionPair)]
pub struct Pair {
    /// One session: that of the lower id.
    pub a: Session,
    /// The other.
    pub b: Session,
    /// What speaks for one event.
    pub reasons: Vec<Reason>,
    /// Minutes between the two starts, when both are known.
    pub minutes_apart: Option<i64>,
    /// How the pair stands.
    pub standing: PairStanding,
    /// Of a link: the session that counts.
    #[schema(value_type = Option<String>)]
    pub counted: Option<RecordId>,
    /// Why, in the words of whoever decided.
    pub reason: Option<String>,
    /// The account that decided.
    pub decided_by: Option<i64>,
    /// That person's name.
    pub decided_by_name: Option<String>,
    /// When.
    pub decided_at_ms: Option<i64>,
}

/// What a person said of a pair, as stored.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Said {
    pub(super) record_a: Blob<RecordId>,
    pub(super) record_b: Blob<RecordId>,
    standing: String,
    pub(super) counted: Option<Blob<RecordId>>,
    reason: String,
    decided_by: i64,
    decided_at_ms: i64,
    display_name: Option<String>,
}

impl Said {
    pub(super) const SELECT: &'static str = "select record_a, record_b, standing, counted, reason, decided_by, \
        decided_at_ms, account.display_name from session_pair left join account on account.id = decided_by";

    pub(super) fn standing(&self) -> Result<PairStanding, DbError> {
        let damaged = || DbError::Damaged { column: "session_pair.standing", why: self.standing.clone() };
        PairStanding::of_name(&self.standing).ok_or_else(damaged)
    }
}

/// The post at which each person worked, from a day on.
#[derive(Debug, Default)]
pub(super) struct Posts(BTreeMap<i64, BTreeMap<i64, Option<String>>>);

impl Posts {
    /// The posts of those who recorded these sessions.
    pub(super) async fn read<'a>(tx: &mut Tx, sessions: impl Iterator<Item = &'a Session>) -> Result<Self, DbError> {
        let people: BTreeSet<String> = sessions.map(|session| session.recorder.to_string()).collect();
        if people.is_empty() {
            return Ok(Self::default());
        }
        // Numbers, so that they may stand in the text.
        let list = people.into_iter().collect::<Vec<_>>().join(", ");
        let text = format!("select account_id, since_day, post_id from account_post where account_id in ({list})");
        let rows: Vec<(i64, i64, Option<String>)> =
            on_db!(tx, |c| sqlx::query_as(AssertSqlSafe(text)).fetch_all(c).await)?;
        let mut posts = Self::default();
        for (account, since, post) in rows {
            posts.0.entry(account).or_default().insert(since, post);
        }
        Ok(posts)
    }

    fn of(&self, session: &Session) -> Option<&str> {
        let day = session.date.as_deref().and_then(parse_day).unwrap_or(i64::MAX);
        self.0.get(&session.recorder)?.range(..=day).next_back()?.1.as_deref()
    }
}

impl Pair {
    /// The pair of two sessions, `a` being that of the lower id.
    pub(super) fn of(a: Session, b: Session, said: Option<Said>, posts: &Posts) -> Result<Self, DbError> {
        let minutes_apart = minute(&a).zip(minute(&b)).map(|(one, other)| (one - other).abs());
        let reasons = reasons(&a, &b, minutes_apart, posts);
        let standing = said.as_ref().map_or(Ok(PairStanding::Open), Said::standing)?;
        let (reason, decided_by, decided_at_ms, decided_by_name, counted) = match said {
            None => (None, None, None, None, None),
            Some(said) => (
                Some(said.reason),
                Some(said.decided_by),
                Some(said.decided_at_ms),
                said.display_name,
                said.counted.map(|Blob(id)| id),
            ),
        };
        Ok(Self { a, b, reasons, minutes_apart, standing, counted, reason, decided_by, decided_by_name, decided_at_ms })
    }
}

/// The minute of the day at which a session began.
fn minute(session: &Session) -> Option<i64> {
    let (hours, minutes) = session.start.as_deref()?.split_once(':')?;
    Some(hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?)
}

fn reasons(a: &Session, b: &Session, minutes_apart: Option<i64>, posts: &Posts) -> Vec<Reason> {
    let known = |one: &Option<String>, other: &Option<String>| one.is_some() && one == other;
    let heads = a.attendances.zip(b.attendances);
    let close = |(one, other): (i64, i64)| {
        (one - other).abs() <= CLOSE_HEADS || (one - other).abs() * CLOSE_PART <= one.max(other)
    };
    let two_posts = posts.of(a).zip(posts.of(b)).is_some_and(|(one, other)| one != other);
    [
        (Reason::SameVillage, known(&a.village, &b.village)),
        (Reason::SameDay, known(&a.date, &b.date)),
        (Reason::CloseTimes, minutes_apart.is_some_and(|minutes| minutes <= CLOSE_MINUTES)),
        (Reason::TwoPosts, two_posts),
        (Reason::TwoRecorders, a.recorder != b.recorder),
        (Reason::CloseAttendances, heads.is_some_and(close)),
        (Reason::SameFormat, known(&a.format, &b.format)),
    ]
    .into_iter()
    .filter_map(|(reason, holds)| holds.then_some(reason))
    .collect()
}
