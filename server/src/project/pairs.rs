//! Sessions that tell of one event twice: what a person said of two of them, and which two nobody has looked at yet.
//!
//! A link says which of two sessions counts; the other counts again as soon as that one is void. Nothing is linked by
//! itself. Suspects are a cache: on each occasion (village and day) every two sessions that could be one event.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::id::RecordId;

use super::ids as keys_of;
use crate::db::rows::{self, Find, Value};
use crate::db::{Blob, DbError, Tx};
use crate::on_db;

/// Two starts that are further apart are two events.
const CLOSE_MINUTES: i64 = 120;
/// Of an occasion with more sessions nobody is helped by pairs: a market day, or a device gone wrong.
const MOST_ON_ONE_OCCASION: usize = 20;

/// Which sessions count as another, by what people said.
#[derive(Debug, Default)]
pub(super) struct Links {
    counted: BTreeMap<RecordId, BTreeSet<RecordId>>,
}

type Link = (Blob<RecordId>, Blob<RecordId>, Blob<RecordId>);

impl Links {
    /// The links that decide how these sessions count, and those that one of them stands in for: these are added to
    /// `touched`.
    pub(super) async fn read(tx: &mut Tx, touched: &mut BTreeSet<RecordId>) -> Result<Self, DbError> {
        // Most databases have few links or none: then nothing is looked for.
        const ANY: &str = "select record_a from session_pair limit 1";
        let mut links = Self::default();
        let any: Option<Blob<RecordId>> = on_db!(tx, |c| sqlx::query_scalar(ANY).fetch_optional(c).await)?;
        if any.is_none() {
            return Ok(links);
        }
        let ids: Vec<RecordId> = touched.iter().copied().collect();
        let stood_in_for = links.add(tx, &ids).await?;
        let others: Vec<RecordId> = stood_in_for.difference(touched).copied().collect();
        if !others.is_empty() {
            links.add(tx, &others).await?;
            touched.extend(others);
        }
        Ok(links)
    }

    /// Reads the links of these sessions; the answer is those that one of them stands in for.
    async fn add(&mut self, tx: &mut Tx, ids: &[RecordId]) -> Result<BTreeSet<RecordId>, DbError> {
        const BY_A: &str =
            "select record_a, record_b, counted from session_pair where standing = 'linked' and record_a in";
        const BY_B: &str =
            "select record_a, record_b, counted from session_pair where standing = 'linked' and record_b in";
        let mut stood_in_for = BTreeSet::new();
        for text in [BY_A, BY_B] {
            let found: Vec<Link> = rows::read(tx, text, &keys_of(ids)).await?;
            for (Blob(a), Blob(b), Blob(counted)) in found {
                let other = if counted == a { b } else { a };
                self.counted.entry(other).or_default().insert(counted);
                stood_in_for.insert(other);
            }
        }
        Ok(stood_in_for)
    }

    /// Every session that stands in for another.
    pub(super) fn counted(&self) -> impl Iterator<Item = RecordId> {
        self.counted.values().flatten().copied()
    }

    /// The session that counts in the place of this one: the first linked to it that `stands`.
    pub(super) fn counted_as(&self, id: RecordId, stands: impl Fn(RecordId) -> bool) -> Option<RecordId> {
        self.counted.get(&id).into_iter().flatten().copied().find(|counted| stands(*counted))
    }
}

/// Where and when a session was held: those of one occasion may tell of one event.
pub(super) type Occasion = (String, i64);

#[derive(Debug, Clone, sqlx::FromRow)]
struct Told {
    record_id: Blob<RecordId>,
    village_id: String,
    held_day: i64,
    start_minute: Option<i64>,
    format: Option<String>,
    recorder: i64,
}

impl Told {
    /// Whether two people may have told of one event: close in time, or, where that is unknown, of one format.
    fn may_be(&self, other: &Self) -> bool {
        let close = match (self.start_minute, other.start_minute) {
            (Some(one), Some(another)) => (one - another).abs() <= CLOSE_MINUTES,
            _ => match (&self.format, &other.format) {
                (Some(one), Some(another)) => one == another,
                _ => true,
            },
        };
        self.recorder != other.recorder && close
    }
}

/// Finds the suspects of these occasions anew, after the rows of sessions were written. `changed` had a row before: one
/// that left its occasion is in no pair of it any more. `fresh` had none, and are in no pair yet.
pub(super) async fn suspect(
    tx: &mut Tx,
    occasions: &BTreeSet<Occasion>,
    changed: &[RecordId],
    fresh: &BTreeSet<RecordId>,
) -> Result<(), DbError> {
    const ON: Find<'_> = Find {
        select: "record_id, village_id, held_day, start_minute, format, recorder",
        from: "session",
        by: &["village_id", "coalesce(held_day, -1)"],
        and: "not voided",
    };
    const BY_A: &str = "select record_a, record_b from session_pair where record_a in";
    let keys: Vec<Value<'_>> =
        occasions.iter().flat_map(|(village, day)| [Value::Text(village), Value::Int(*day)]).collect();
    let told: Vec<Told> = rows::read_by(tx, ON, &keys).await?;
    let mut by_occasion: BTreeMap<(&str, i64), Vec<&Told>> = BTreeMap::new();
    for session in &told {
        by_occasion.entry((&session.village_id, session.held_day)).or_default().push(session);
    }
    let mut pairs: BTreeSet<(RecordId, RecordId)> = BTreeSet::new();
    let mut members: BTreeSet<RecordId> = changed.iter().copied().collect();
    for on_one in by_occasion.values_mut() {
        members.extend(on_one.iter().map(|session| session.record_id.0).filter(|id| !fresh.contains(id)));
        if on_one.len() > MOST_ON_ONE_OCCASION {
            continue;
        }
        on_one.sort_by_key(|session| session.record_id.0);
        for (at, one) in on_one.iter().enumerate() {
            let others = on_one[at + 1..].iter().filter(|other| one.may_be(other));
            pairs.extend(others.map(|other| (one.record_id.0, other.record_id.0)));
        }
    }
    rows::over(tx, "delete from duplicate_suspect where record_a in", &keys_of(&members)).await?;
    rows::over(tx, "delete from duplicate_suspect where record_b in", &keys_of(&members)).await?;
    if pairs.is_empty() {
        return Ok(());
    }
    let firsts: BTreeSet<RecordId> = pairs.iter().map(|(first, _)| *first).collect();
    let said: Vec<(Blob<RecordId>, Blob<RecordId>)> = rows::read(tx, BY_A, &keys_of(&firsts)).await?;
    for (Blob(a), Blob(b)) in said {
        pairs.remove(&(a, b));
    }
    let values: Vec<Value<'_>> =
        pairs.iter().flat_map(|(a, b)| [Value::Bytes(a.as_bytes()), Value::Bytes(b.as_bytes())]).collect();
    rows::write(tx, "insert into duplicate_suspect (record_a, record_b) values", 2, "", &values).await
}
