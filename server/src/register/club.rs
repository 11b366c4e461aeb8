//! Clubs and how often they met. Never a roster: membership exposes people.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sync_core::id::AreaId;
use utoipa::ToSchema;

use super::entry::{self, Book, ENTERED, ENTRY_UNKNOWN, Entered};
use crate::app::AppState;
use crate::auth::{Principal, Scope, check_again};
use crate::coverage::calendar::day_text;
use crate::db::{DbError, Tx};
use crate::on_db;
use crate::problem::{Problem, ProblemKind};
use crate::reference::{Catalogue, Item, Resolution, Site};

/// No club of this id in the caller's areas.
pub(super) const CLUB_UNKNOWN: ProblemKind =
    ProblemKind::new(404, "club.unknown", "No such club", "Không có câu lạc bộ này");

/// One club.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Club {
    /// Its id in the register.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The unit as registered.
    #[schema(value_type = String, example = "2023-06649")]
    pub area: AreaId,
    /// That unit's name.
    pub area_name: String,
    /// The unit of the newest generation; none while a person has to choose.
    #[schema(value_type = Option<String>, example = "2025-06658")]
    pub unit: Option<AreaId>,
    /// That unit's name.
    pub unit_name: Option<String>,
    /// Sample data.
    pub sample: bool,
    /// Meetings of the days asked for.
    pub meetings: i64,
    /// Rows they were entered in.
    pub entries: i64,
}

/// Meetings of a club, as somebody entered them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ClubMeeting {
    /// The row.
    pub id: i64,
    /// The club.
    pub club: String,
    /// Its name.
    pub club_name: String,
    /// The day of the meeting, or the last of several.
    pub held_on: String,
    /// How many.
    pub meetings: i64,
    /// A remark.
    pub note: String,
    /// Who entered it.
    #[serde(flatten)]
    pub entered: Entered,
}

/// Clubs and their meetings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Clubs {
    /// The clubs in the caller's areas.
    pub clubs: Vec<Club>,
    /// What was entered, the latest day first, at most 1,000 rows.
    pub meetings: Vec<ClubMeeting>,
}

/// Meetings to be entered.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewClubMeeting {
    /// The day of the meeting, or the last of several; not after today.
    #[schema(value_type = crate::openapi::Day)]
    held_on: String,
    /// How many: 1 to 1000.
    #[schema(minimum = 1, maximum = 1000)]
    meetings: i64,
    /// A remark, at most 300 characters; no names.
    #[serde(default)]
    #[schema(max_length = 300)]
    note: String,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    club_id: String,
    held_day: i64,
    meetings: i64,
    note: String,
    #[sqlx(flatten)]
    entered: Entered,
}

/// The clubs of these areas.
pub(super) fn clubs_of<'a>(catalogue: &'a Catalogue, scope: &Scope) -> Vec<&'a Item<Site>> {
    catalogue.items().clubs.iter().filter(|club| scope.contains(club.body.area)).collect()
}

/// The unit of the newest generation in which a site of the register lies.
pub(super) fn unit_today(catalogue: &Catalogue, site: &Site) -> Option<AreaId> {
    let generation = catalogue.newest_generation()?;
    match catalogue.resolve(site.area, site.village_id.as_deref(), generation) {
        Resolution::Unit(code) => Some(AreaId { generation, code }),
        Resolution::NeedsChoice { .. } | Resolution::Unknown => None,
    }
}

/// Clubs in scope with what was entered for the days from `from` to `to`.
pub(super) async fn list(
    tx: &mut Tx,
    catalogue: &Catalogue,
    scope: &Scope,
    (from, to): (i64, i64),
) -> Result<Clubs, DbError> {
    // A province has few clubs, and each few rows a month.
    const SUMS: &str = "select club_id, cast(sum(meetings) as bigint), count(*) from club_meeting \
        where void_reason is null and held_day between $1 and $2 group by club_id";
    let sums: Vec<(String, i64, i64)> = on_db!(tx, |c| sqlx::query_as(SUMS).bind(from).bind(to).fetch_all(c).await)?;
    let sums: BTreeMap<String, (i64, i64)> = sums.into_iter().map(|(club, met, rows)| (club, (met, rows))).collect();
    let clubs = clubs_of(catalogue, scope);
    let mut meetings = Vec::new();
    for row in rows(tx, (from, to)).await? {
        if let Some(club) = clubs.iter().find(|club| club.id == row.club_id) {
            meetings.push(meeting(row, &club.body.name));
        }
    }
    let clubs = clubs.into_iter().map(|Item { id, body }| {
        let unit = unit_today(catalogue, body);
        let (met, entries) = sums.get(id).copied().unwrap_or_default();
        Club {
            id: id.clone(),
            name: body.name.clone(),
            area: body.area,
            area_name: catalogue.area_name(body.area),
            unit,
            unit_name: unit.map(|unit| catalogue.area_name(unit)),
            sample: body.sample,
            meetings: met,
            entries,
        }
    });
    Ok(Clubs { clubs: clubs.collect(), meetings })
}

async fn rows(tx: &mut Tx, (from, to): (i64, i64)) -> Result<Vec<Row>, DbError> {
    let text = format!(
        "select e.id, e.club_id, e.held_day, e.meetings, e.note, {ENTERED} from club_meeting e \
         left join account a on a.id = e.entered_by where e.held_day between $1 and $2 \
         order by e.held_day desc, e.id desc limit 1000"
    );
    Ok(on_db!(tx, |c| sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(from).bind(to).fetch_all(c).await)?)
}

async fn row(tx: &mut Tx, id: i64) -> Result<Option<Row>, DbError> {
    let text = format!(
        "select e.id, e.club_id, e.held_day, e.meetings, e.note, {ENTERED} from club_meeting e \
         left join account a on a.id = e.entered_by where e.id = $1"
    );
    Ok(on_db!(tx, |c| sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(id).fetch_optional(c).await)?)
}

fn meeting(row: Row, name: &str) -> ClubMeeting {
    ClubMeeting {
        id: row.id,
        club: row.club_id,
        club_name: name.to_owned(),
        held_on: day_text(row.held_day),
        meetings: row.meetings,
        note: row.note,
        entered: row.entered,
    }
}

/// The row, when the caller may see its club.
async fn visible(tx: &mut Tx, clubs: &[&Item<Site>], id: i64) -> Result<ClubMeeting, Problem> {
    let unknown = || ENTRY_UNKNOWN.problem().field("id");
    let row = row(tx, id).await?.ok_or_else(unknown)?;
    let name = clubs.iter().find(|club| club.id == row.club_id).map(|club| club.body.name.clone());
    Ok(meeting(row, &name.ok_or_else(unknown)?))
}

/// Enters meetings of a club of the caller's areas.
pub(super) async fn enter(
    tx: &mut Tx,
    app: &AppState,
    catalogue: &Catalogue,
    principal: &Principal,
    club: &str,
    new: &NewClubMeeting,
) -> Result<ClubMeeting, Problem> {
    const INSERT: &str = "insert into club_meeting (club_id, held_day, meetings, note, entered_by, entered_at_ms) \
        values ($1, $2, $3, $4, $5, $6) returning id";
    let now = app.now();
    check_again(tx, principal, now).await?;
    let clubs = clubs_of(catalogue, &principal.areas);
    if !clubs.iter().any(|known| known.id == club) {
        return Err(CLUB_UNKNOWN.problem().field("id"));
    }
    let day = entry::past_day("held_on", &new.held_on, now)?;
    let meetings = entry::number("meetings", new.meetings, 1, 1000)?;
    let note = entry::line("note", &new.note, 0, 300)?;
    let id: i64 = on_db!(tx, |c| {
        sqlx::query_scalar(INSERT)
            .bind(club)
            .bind(day)
            .bind(meetings)
            .bind(&note)
            .bind(principal.account)
            .bind(now.0)
            .fetch_one(c)
            .await
    })?;
    let detail = serde_json::json!({ "club": club, "held_on": day_text(day), "meetings": meetings });
    entry::entered(tx, Book::ClubMeeting, principal, now, id, &detail).await?;
    visible(tx, &clubs, id).await
}

/// Voids a row of a club of the caller's areas.
pub(super) async fn void(
    tx: &mut Tx,
    app: &AppState,
    catalogue: &Catalogue,
    principal: &Principal,
    id: i64,
    reason: &str,
) -> Result<ClubMeeting, Problem> {
    let clubs = clubs_of(catalogue, &principal.areas);
    visible(tx, &clubs, id).await?;
    entry::void(tx, Book::ClubMeeting, principal, app.now(), id, reason).await?;
    visible(tx, &clubs, id).await
}
