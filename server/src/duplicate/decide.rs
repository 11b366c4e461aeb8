//! A person says of two sessions that they tell of one event, or of two, or takes that back.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::json;
use sync_core::id::{RecordId, UnixMs};
use utoipa::ToSchema;

use super::list::read;
use super::pair::{Pair, PairStanding, Said};
use crate::audit::{self, Actor};
use crate::auth::Principal;
use crate::db::{Blob, DbError, Tx};
use crate::on_db;
use crate::problem::{FIELD, FORBIDDEN, Problem, ProblemKind};
use crate::project;
use crate::reference::Catalogue;
use crate::session::of_ids;
use crate::session::route::SESSION_UNKNOWN;

/// The link would close a circle, in which each session counts as another.
pub const CIRCLE: ProblemKind = ProblemKind::new(
    409,
    "duplicate.circle",
    "With this link no session of the chain would count; choose the other one, or undo a link",
    "Nếu liên kết như vậy thì không buổi nào trong chuỗi được tính; hãy chọn buổi kia hoặc bỏ một liên kết",
);

/// What a person says of two sessions.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PairDecision)]
pub struct Decision {
    /// One session.
    #[schema(value_type = crate::openapi::Hex32)]
    pub a: RecordId,
    /// The other.
    #[schema(value_type = crate::openapi::Hex32)]
    pub b: RecordId,
    /// `linked`: one event; `distinct`: two events; `open`: what was said is taken back.
    pub decision: PairStanding,
    /// Of a link, and only of one: the session that counts, `a` or `b`.
    #[serde(default)]
    #[schema(value_type = Option<crate::openapi::Hex32>)]
    pub counted: Option<RecordId>,
    /// 3 to 200 characters, for whoever asks later.
    #[schema(min_length = 3, max_length = 200)]
    pub reason: String,
}

/// A decision whose fields fit together.
struct Checked<'a> {
    first: RecordId,
    second: RecordId,
    standing: PairStanding,
    counted: Option<RecordId>,
    reason: &'a str,
}

impl Decision {
    fn check(&self) -> Result<Checked<'_>, Problem> {
        let refuse = |field: &str, accepted: &str| FIELD.problem().field(field).accepted(accepted);
        if self.a == self.b {
            return Err(refuse("b", "another session than a"));
        }
        match (self.decision, self.counted) {
            (PairStanding::Linked, Some(counted)) if counted == self.a || counted == self.b => {}
            (PairStanding::Linked, _) => return Err(refuse("counted", "the id of a or of b: the session that counts")),
            (_, Some(_)) => return Err(refuse("counted", "nothing, unless the decision is linked")),
            (_, None) => {}
        }
        let reason = self.reason.trim();
        if !(3..=200).contains(&reason.chars().count()) {
            return Err(refuse("reason", "3 to 200 characters"));
        }
        let (first, second) = (self.a.min(self.b), self.a.max(self.b));
        Ok(Checked { first, second, standing: self.decision, counted: self.counted, reason })
    }
}

/// Keeps what a person said of two sessions of their areas, with its audit row; what counts follows. Said again it
/// changes nothing but who said it when and why.
///
/// # Errors
/// A problem that names the field; [`CIRCLE`]; nothing changed then.
pub async fn decide(
    tx: &mut Tx,
    catalogue: &Catalogue,
    principal: &Principal,
    decision: &Decision,
    now: UnixMs,
) -> Result<Pair, Problem> {
    let checked = decision.check()?;
    let ids = BTreeSet::from([checked.first, checked.second]);
    let sessions = of_ids(tx, catalogue, &ids).await?;
    for (field, id) in [("a", decision.a), ("b", decision.b)] {
        let seen = sessions.get(&id).filter(|session| principal.areas.contains(session.area));
        let session = seen.ok_or_else(|| SESSION_UNKNOWN.problem().field(field))?;
        if !principal.decides_in(session.area) {
            return Err(FORBIDDEN.problem().accepted("officer or coordinator").detail("your role may not do this"));
        }
    }
    // As ingest does: the roll-up is written by one transaction at a time.
    crate::ingest::adoption::lock(tx).await?;
    let before = said(tx, checked.first, checked.second).await?;
    if let Some(counted) = checked.counted {
        let other = if counted == checked.first { checked.second } else { checked.first };
        refuse_circle(tx, other, counted).await?;
    }
    write(tx, &checked, principal.account, now).await?;
    let standing = before.as_ref().map_or(Ok(PairStanding::Open), Said::standing)?;
    let detail = json!({
        "with": checked.second,
        "decision": checked.standing.name(),
        "counted": checked.counted,
        "reason": checked.reason,
        "before": standing.name(),
        "counted_before": before.and_then(|said| said.counted).map(|Blob(id)| id),
    });
    let subject = checked.first.to_string();
    audit::record(tx, now, Actor::from(principal), "duplicate.decided", &subject, &detail).await?;
    project::relink(tx, &[checked.first, checked.second]).await?;
    let pair = read(tx, catalogue, &[(checked.first, checked.second)]).await?.pop();
    pair.ok_or_else(|| SESSION_UNKNOWN.problem().field("a"))
}

async fn said(tx: &mut Tx, a: RecordId, b: RecordId) -> Result<Option<Said>, DbError> {
    let text = format!("{} where record_a = $1 and record_b = $2", Said::SELECT);
    Ok(on_db!(tx, |c| {
        let query = sqlx::query_as(sqlx::AssertSqlSafe(text));
        query.bind(Blob(a)).bind(Blob(b)).fetch_optional(c).await
    })?)
}

async fn write(tx: &mut Tx, checked: &Checked<'_>, account: i64, now: UnixMs) -> Result<(), DbError> {
    const FORGET: &str = "delete from session_pair where record_a = $1 and record_b = $2";
    const KEEP: &str = "insert into session_pair \
        (record_a, record_b, standing, counted, reason, decided_by, decided_at_ms) values ($1, $2, $3, $4, $5, $6, $7) \
        on conflict (record_a, record_b) do update set standing = excluded.standing, counted = excluded.counted, \
        reason = excluded.reason, decided_by = excluded.decided_by, decided_at_ms = excluded.decided_at_ms";
    let (a, b) = (Blob(checked.first), Blob(checked.second));
    if checked.standing == PairStanding::Open {
        on_db!(tx, |c| sqlx::query(FORGET).bind(a).bind(b).execute(c).await.map(drop))?;
        return Ok(());
    }
    on_db!(tx, |c| sqlx::query(KEEP)
        .bind(a)
        .bind(b)
        .bind(checked.standing.name())
        .bind(checked.counted.map(Blob))
        .bind(checked.reason)
        .bind(account)
        .bind(now.0)
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// Refuses that `other` counts as `counted` when that one, over any number of links, counts as `other`.
async fn refuse_circle(tx: &mut Tx, other: RecordId, counted: RecordId) -> Result<(), Problem> {
    const LINKS: &str = "select counted from session_pair where standing = 'linked' and counted <> $1 \
        and (record_a = $1 or record_b = $1) and not (record_a = $2 and record_b = $3)";
    let (first, second) = (other.min(counted), other.max(counted));
    let (mut seen, mut open) = (BTreeSet::new(), vec![counted]);
    while let Some(id) = open.pop() {
        if id == other {
            return Err(CIRCLE.problem().field("counted"));
        }
        if !seen.insert(id) {
            continue;
        }
        let next: Vec<Blob<RecordId>> = on_db!(tx, |c| {
            let query = sqlx::query_scalar(LINKS).bind(Blob(id)).bind(Blob(first)).bind(Blob(second));
            query.fetch_all(c).await
        })?;
        open.extend(next.into_iter().map(|Blob(id)| id));
    }
    Ok(())
}
