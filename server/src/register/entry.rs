//! What all rows entered by hand have in common: who entered them, when, and how they are voided.

use serde::{Deserialize, Serialize};
use sqlx::AssertSqlSafe;
use sync_core::id::UnixMs;
use sync_core::record::looks_like_identity;
use utoipa::ToSchema;

use crate::audit::{self, Actor};
use crate::auth::{Principal, check_again};
use crate::coverage::calendar::{local_day, parse_day};
use crate::coverage::query::refuse;
use crate::db::Tx;
use crate::on_db;
use crate::problem::{FIELD, Problem, ProblemKind};

/// No row of this number that the caller may see.
pub const ENTRY_UNKNOWN: ProblemKind = ProblemKind::new(404, "entry.unknown", "No such entry", "Không có mục nhập này");
/// The row was voided before.
pub const ENTRY_VOID: ProblemKind =
    ProblemKind::new(409, "entry.void", "The entry is void already", "Mục nhập này đã bị hủy từ trước");

/// Where a row stands that somebody entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Book {
    /// Material issued to a post.
    MaterialIssue,
    /// Meetings of a club.
    ClubMeeting,
    /// News items, articles, broadcasts.
    Media,
    /// Context figures of the province.
    Figure,
}

impl Book {
    fn table(self) -> &'static str {
        match self {
            Self::MaterialIssue => "material_issue",
            Self::ClubMeeting => "club_meeting",
            Self::Media => "media_item",
            Self::Figure => "context_figure",
        }
    }

    /// The noun of its actions in the audit: `material-issue.entered`, `material-issue.voided`.
    fn noun(self) -> &'static str {
        match self {
            Self::MaterialIssue => "material-issue",
            Self::ClubMeeting => "club-meeting",
            Self::Media => "media",
            Self::Figure => "figure",
        }
    }
}

/// Who entered a row, and whether it still counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, sqlx::FromRow)]
pub struct Entered {
    /// The account.
    pub entered_by: i64,
    /// That person's name.
    pub entered_by_name: Option<String>,
    /// When.
    pub entered_at_ms: i64,
    /// The reason, when the row is void: it is listed and counts no more.
    pub void: Option<String>,
}

/// The columns of [`Entered`], of a table that is called `e` and joined to `account` as `a`.
pub(crate) const ENTERED: &str =
    "e.entered_by, a.display_name as entered_by_name, e.entered_at_ms, e.void_reason as void";

/// Why a row is to count no more.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VoidEntry {
    /// 3 to 200 characters.
    #[schema(min_length = 3, max_length = 200)]
    pub reason: String,
}

/// Days of a list.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DayParams {
    /// First day.
    #[param(inline, value_type = Option<crate::openapi::Day>)]
    pub from: Option<String>,
    /// Last day, included.
    #[param(inline, value_type = Option<crate::openapi::Day>)]
    pub to: Option<String>,
}

impl DayParams {
    /// The days asked for, open ends as the first and the last day there are.
    ///
    /// # Errors
    /// A problem that names the parameter.
    pub fn read(&self) -> Result<(i64, i64), Problem> {
        const ACCEPTED: &str = "a day yyyy-mm-dd from 2000 to 2099";
        let day = |field, text: &Option<String>, open| match text.as_deref() {
            None => Ok(open),
            Some(text) => parse_day(text).ok_or_else(|| refuse(field, text, ACCEPTED)),
        };
        let (from, to) = (day("from", &self.from, 0)?, day("to", &self.to, 1 << 20)?);
        if to < from {
            return Err(refuse("to", self.to.as_deref().unwrap_or_default(), "a day that is not before from"));
        }
        Ok((from, to))
    }
}

/// A day of a body that is not after today.
///
/// # Errors
/// A problem that names the field.
pub fn past_day(field: &'static str, text: &str, now: UnixMs) -> Result<i64, Problem> {
    let day = parse_day(text).filter(|day| *day <= local_day(now.0));
    day.ok_or_else(|| FIELD.problem().field(field).accepted("a day yyyy-mm-dd from 2000, not after today"))
}

/// A number within bounds.
///
/// # Errors
/// A problem that names the field.
pub fn number(field: &'static str, value: i64, least: i64, most: i64) -> Result<i64, Problem> {
    if (least..=most).contains(&value) {
        return Ok(value);
    }
    Err(FIELD.problem().field(field).accepted(format!("a whole number from {least} to {most}")))
}

/// A line of text within bounds, without blanks around it. What looks like a telephone or identity number of a person
/// is refused: these registers count, they name nobody.
///
/// # Errors
/// A problem that names the field.
pub fn line(field: &'static str, text: &str, least: usize, most: usize) -> Result<String, Problem> {
    let text = text.trim();
    if !(least..=most).contains(&text.chars().count()) || text.chars().any(char::is_control) {
        return Err(FIELD.problem().field(field).accepted(format!("{least} to {most} characters")));
    }
    if looks_like_identity(text) {
        let accepted = "text without telephone or identity numbers of people";
        return Err(FIELD.problem().field(field).accepted(accepted));
    }
    Ok(text.to_owned())
}

/// A reason somebody gives for what the audit keeps.
///
/// # Errors
/// A problem that names the field.
pub fn reason(text: &str) -> Result<String, Problem> {
    line("reason", text, 3, 200)
}

/// Leaves the audit row of an entry made.
pub(crate) async fn entered(
    tx: &mut Tx,
    book: Book,
    principal: &Principal,
    now: UnixMs,
    id: i64,
    detail: &serde_json::Value,
) -> Result<(), Problem> {
    let action = format!("{}.entered", book.noun());
    Ok(audit::record(tx, now, Actor::from(principal), &action, &id.to_string(), detail).await?)
}

/// Voids a row: it stays and counts no more. The caller has checked that `principal` may see it.
pub(crate) async fn void(
    tx: &mut Tx,
    book: Book,
    principal: &Principal,
    now: UnixMs,
    id: i64,
    reason: &str,
) -> Result<(), Problem> {
    check_again(tx, principal, now).await?;
    let text = format!("update {} set void_reason = $2 where id = $1 and void_reason is null", book.table());
    let done = on_db!(tx, |c| {
        sqlx::query(AssertSqlSafe(text)).bind(id).bind(reason).execute(c).await.map(|done| done.rows_affected())
    })?;
    if done == 0 {
        return Err(ENTRY_VOID.problem().field("id"));
    }
    let action = format!("{}.voided", book.noun());
    let detail = serde_json::json!({ "reason": reason });
    Ok(audit::record(tx, now, Actor::from(principal), &action, &id.to_string(), &detail).await?)
}
