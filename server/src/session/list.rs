//! A page of sessions.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sqlx::AssertSqlSafe;
use sync_core::id::{AreaId, DeviceId, RecordId, to_hex};
use utoipa::ToSchema;

use super::condition::{Bound, Conditions, bind};
use super::cursor::Cursor;
use super::filter::ListFilter;
use crate::coverage::calendar::day_text;
use crate::db::{Blob, DbError, Tx};
use crate::on_db;
use crate::project::stored_area;
use crate::reference::Catalogue;

/// A session as it stands in lists. Of a conflict the value that shows; `conflicts` says how many there are.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Session {
    /// The record.
    #[schema(value_type = String)]
    pub id: RecordId,
    /// The unit as recorded.
    #[schema(value_type = String, example = "2025-06841")]
    pub area: AreaId,
    /// Its name.
    pub area_name: String,
    /// The village of the register.
    pub village: Option<String>,
    /// The village's name, or the place as the recorder named it.
    pub place: Option<String>,
    /// Kind of place.
    pub place_kind: Option<String>,
    /// The day held, `yyyy-mm-dd`.
    pub date: Option<String>,
    /// When it began, `hh:mm`.
    pub start: Option<String>,
    /// How long it lasted.
    pub duration_minutes: Option<i64>,
    /// Its format.
    pub format: Option<String>,
    /// `standalone` (chuyên đề) or `integrated` (lồng ghép).
    pub setting: Option<String>,
    /// Attendances (lượt người).
    pub attendances: Option<i64>,
    /// Of which women.
    pub women: Option<i64>,
    /// Of which under 16.
    pub under_16: Option<i64>,
    /// Of which of an ethnic minority.
    pub minority: Option<i64>,
    /// `counted` or `estimated`.
    pub count_basis: Option<String>,
    /// Households visited.
    pub households: Option<i64>,
    /// Pledges signed.
    pub pledges: Option<i64>,
    /// Loudspeaker broadcasts.
    pub broadcasts: Option<i64>,
    /// Minutes of them.
    pub broadcast_minutes: Option<i64>,
    /// The unit that led it.
    pub lead_unit: Option<String>,
    /// Topics, partners, languages, difficulties, hotlines and team.
    #[schema(value_type = Object)]
    pub tags: serde_json::Value,
    /// Material handed out, by kind.
    pub material: BTreeMap<String, i64>,
    /// The note.
    pub note: String,
    /// The reason, when the session is void.
    pub void: Option<String>,
    /// Open conflicts.
    pub conflicts: i64,
    /// `new`, `confirmed`, `returned`, `amended` or `disputed`.
    pub state: String,
    /// The session that counts in the place of this one, by the word of a person.
    #[schema(value_type = Option<String>)]
    pub counted_as: Option<RecordId>,
    /// Sessions that may tell of the same event and that nobody has looked at beside this one.
    pub suspects: i64,
    /// The account that recorded it.
    pub recorder: i64,
    /// That person's name; none when the account is not on file here.
    pub recorder_name: Option<String>,
    /// The device that made it.
    #[schema(value_type = String)]
    pub device: DeviceId,
    /// When that device's clock said it was made.
    pub claimed_at_ms: i64,
    /// When the server received it.
    pub received_at_ms: i64,
    /// When the server received its newest change.
    pub updated_at_ms: i64,
    /// The changes nothing else depends on: what a review binds to.
    pub heads: Vec<String>,
}

/// A page of sessions.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SessionPage {
    /// The sessions.
    pub sessions: Vec<Session>,
    /// Give it as `cursor` for the next page; none at the end. A page may be short, or empty, and have a next one: where
    /// no index answers the filter, a page looks through so many sessions and no further.
    pub next: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    record_id: Blob<RecordId>,
    generation: i64,
    code: i64,
    village_id: String,
    place: Option<String>,
    place_kind: Option<String>,
    held_day: Option<i64>,
    start_minute: Option<i64>,
    duration_minutes: Option<i64>,
    format: Option<String>,
    setting: Option<String>,
    attendances: Option<i64>,
    women: Option<i64>,
    under16: Option<i64>,
    minority: Option<i64>,
    count_basis: Option<String>,
    households: Option<i64>,
    pledges: Option<i64>,
    broadcasts: Option<i64>,
    broadcast_minutes: Option<i64>,
    lead_unit: Option<String>,
    tags: String,
    notes: String,
    void_reason: Option<String>,
    conflict_count: i64,
    review_state: String,
    counted_as: Option<Blob<RecordId>>,
    recorder: i64,
    device_id: Blob<DeviceId>,
    claimed_at_ms: i64,
    received_at_ms: i64,
    updated_at_ms: i64,
    heads: Vec<u8>,
}

const SELECT: &str = "select record_id, generation, code, village_id, place, place_kind, held_day, start_minute, \
    duration_minutes, format, setting, attendances, women, under16, minority, count_basis, households, pledges, \
    broadcasts, broadcast_minutes, lead_unit, tags, notes, void_reason, conflict_count, review_state, counted_as, \
    recorder, device_id, claimed_at_ms, received_at_ms, updated_at_ms, heads from session";

/// The sessions of a filter, one page of them.
///
/// # Errors
/// The database's.
pub async fn list(tx: &mut Tx, catalogue: &Catalogue, filter: &ListFilter) -> Result<SessionPage, DbError> {
    let (_, _, number) = filter.sort.parts();
    let end = end_of_stretch(tx, filter).await?;
    let (text, conditions) = statement(filter, end);
    let mut sessions = rows(tx, catalogue, text, &conditions).await?;
    let more = sessions.len() > filter.limit;
    sessions.truncate(filter.limit);
    let last = sessions.last().filter(|_| more).map(|(session, held_day)| {
        let value = if number < 2 { held_day.unwrap_or(-1) } else { session.received_at_ms };
        Cursor { list: number, value, record: session.id }
    });
    let next = last.or(end).map(|cursor| cursor.text());
    Ok(SessionPage { sessions: sessions.into_iter().map(|(session, _)| session).collect(), next })
}

/// Where this page stops looking, when its conditions could make it look through everything on file; none when the order
/// ends before. A page may then hold fewer rows than it could, and the next goes on from there.
async fn end_of_stretch(tx: &mut Tx, filter: &ListFilter) -> Result<Option<Cursor>, DbError> {
    if !filter.conditions.may_look_far() {
        return Ok(None);
    }
    let (key, descends, list) = filter.sort.parts();
    let order = if descends { "desc" } else { "asc" };
    let mut conditions = filter.walked.clone();
    follow(&mut conditions, filter);
    let text = format!(
        "select {key}, record_id from session {} order by {key} {order}, record_id {order} limit 1 offset {}",
        conditions.text(),
        filter.stretch.saturating_sub(1)
    );
    let end: Option<(i64, Blob<RecordId>)> =
        on_db!(tx, |c| bind!(sqlx::query_as(AssertSqlSafe(text)), &conditions.bound).fetch_optional(c).await)?;
    Ok(end.map(|(value, Blob(record))| Cursor { list, value, record }))
}

/// Restricts a query to what follows the filter's cursor.
fn follow(conditions: &mut Conditions, filter: &ListFilter) {
    let (key, descends, _) = filter.sort.parts();
    let past = if descends { "<" } else { ">" };
    if let Some(cursor) = filter.cursor {
        let record = Bound::Bytes(cursor.record.0.to_vec());
        // The first condition says less than the second; with it an index is searched for the place, not walked to it.
        let place = format!("{key} {past}= {{0}} and ({key}, record_id) {past} ({{0}}, {{1}})");
        conditions.with_two(&place, Bound::Int(cursor.value), record);
    }
}

/// The statement of a page that looks no further than `end`, with one row more than the page has.
pub(super) fn statement(filter: &ListFilter, end: Option<Cursor>) -> (String, Conditions) {
    let (key, descends, _) = filter.sort.parts();
    let (order, before) = if descends { ("desc", ">") } else { ("asc", "<") };
    let mut conditions = filter.conditions.clone();
    follow(&mut conditions, filter);
    if let Some(end) = end {
        let record = Bound::Bytes(end.record.0.to_vec());
        let place = format!("{key} {before}= {{0}} and ({key}, record_id) {before}= ({{0}}, {{1}})");
        conditions.with_two(&place, Bound::Int(end.value), record);
    }
    let text = format!(
        "{SELECT} {} order by {} {order}, record_id {order} limit {}",
        conditions.text(),
        conditions.order(key),
        filter.limit + 1
    );
    (text, conditions)
}

/// One session, wherever it lies.
pub(super) async fn one(tx: &mut Tx, catalogue: &Catalogue, id: RecordId) -> Result<Option<Session>, DbError> {
    let mut conditions = Conditions::default();
    conditions.with("record_id = {}", Bound::Bytes(id.0.to_vec()));
    let text = format!("{SELECT} {}", conditions.text());
    Ok(rows(tx, catalogue, text, &conditions).await?.pop().map(|(session, _)| session))
}

/// Those of these sessions that are on file, wherever they lie; at most 1,000 of them.
pub(crate) async fn of_ids(
    tx: &mut Tx,
    catalogue: &Catalogue,
    ids: &BTreeSet<RecordId>,
) -> Result<BTreeMap<RecordId, Session>, DbError> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let places: Vec<String> = (1..=ids.len()).map(|number| format!("${number}")).collect();
    let mut conditions = Conditions::default();
    conditions.bound = ids.iter().map(|id| Bound::Bytes(id.0.to_vec())).collect();
    let text = format!("{SELECT} where record_id in ({})", places.join(", "));
    let found = rows(tx, catalogue, text, &conditions).await?;
    Ok(found.into_iter().map(|(session, _)| (session.id, session)).collect())
}

/// The sessions of a query, with the day held.
async fn rows(
    tx: &mut Tx,
    catalogue: &Catalogue,
    text: String,
    conditions: &Conditions,
) -> Result<Vec<(Session, Option<i64>)>, DbError> {
    let rows: Vec<Row> =
        on_db!(tx, |c| bind!(sqlx::query_as(AssertSqlSafe(text)), &conditions.bound).fetch_all(c).await)?;
    let mut material = material(tx, &rows).await?;
    let names = recorders(tx, &rows).await?;
    let suspects = suspects(tx, &rows).await?;
    rows.into_iter()
        .map(|row| {
            let held_day = row.held_day;
            let of_row = material.remove(&row.record_id.0).unwrap_or_default();
            let recorder_name = names.get(&row.recorder).cloned();
            let suspects = suspects.get(&row.record_id.0).copied().unwrap_or_default();
            let session = session(catalogue, row, of_row)?;
            Ok((Session { recorder_name, suspects, ..session }, held_day))
        })
        .collect()
}

/// The names of those who recorded these rows. Whoever may see a session may know who recorded it.
async fn recorders(tx: &mut Tx, rows: &[Row]) -> Result<BTreeMap<i64, String>, DbError> {
    let ids: BTreeSet<i64> = rows.iter().map(|row| row.recorder).collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let places: Vec<String> = (1..=ids.len()).map(|number| format!("${number}")).collect();
    let text = format!("select id, display_name from account where id in ({})", places.join(", "));
    let ids: Vec<Bound> = ids.into_iter().map(Bound::Int).collect();
    let found: Vec<(i64, String)> =
        on_db!(tx, |c| bind!(sqlx::query_as(AssertSqlSafe(text)), &ids).fetch_all(c).await)?;
    Ok(found.into_iter().collect())
}

/// In how many pairs that nobody has looked at each of these rows is.
async fn suspects(tx: &mut Tx, rows: &[Row]) -> Result<BTreeMap<RecordId, i64>, DbError> {
    let mut suspects: BTreeMap<RecordId, i64> = BTreeMap::new();
    if rows.is_empty() {
        return Ok(suspects);
    }
    let places: Vec<String> = (1..=rows.len()).map(|number| format!("${number}")).collect();
    let ids: Vec<Bound> = rows.iter().map(|row| Bound::Bytes(row.record_id.0.0.to_vec())).collect();
    for column in ["record_a", "record_b"] {
        let text = format!(
            "select {column}, count(*) from duplicate_suspect where {column} in ({}) group by {column}",
            places.join(", ")
        );
        let found: Vec<(Blob<RecordId>, i64)> =
            on_db!(tx, |c| bind!(sqlx::query_as(AssertSqlSafe(text)), &ids).fetch_all(c).await)?;
        for (Blob(id), count) in found {
            *suspects.entry(id).or_default() += count;
        }
    }
    Ok(suspects)
}

async fn material(tx: &mut Tx, rows: &[Row]) -> Result<BTreeMap<RecordId, BTreeMap<String, i64>>, DbError> {
    let mut material: BTreeMap<RecordId, BTreeMap<String, i64>> = BTreeMap::new();
    if rows.is_empty() {
        return Ok(material);
    }
    let places: Vec<String> = (1..=rows.len()).map(|number| format!("${number}")).collect();
    let text =
        format!("select record_id, kind, quantity from session_material where record_id in ({})", places.join(", "));
    let ids: Vec<Bound> = rows.iter().map(|row| Bound::Bytes(row.record_id.0.0.to_vec())).collect();
    let found: Vec<(Blob<RecordId>, String, i64)> =
        on_db!(tx, |c| bind!(sqlx::query_as(AssertSqlSafe(text)), &ids).fetch_all(c).await)?;
    for (Blob(id), kind, quantity) in found {
        material.entry(id).or_default().insert(kind, quantity);
    }
    Ok(material)
}

/// The session of a row; what is not in the row, but for the material, is left empty.
fn session(catalogue: &Catalogue, row: Row, material: BTreeMap<String, i64>) -> Result<Session, DbError> {
    let area = stored_area(row.generation, row.code)?;
    let damaged = |error: serde_json::Error| DbError::Damaged { column: "session.tags", why: error.to_string() };
    let village = Some(row.village_id).filter(|id| !id.is_empty());
    let name = village.as_deref().and_then(|id| catalogue.village(id)).map(|village| village.name.clone());
    Ok(Session {
        id: row.record_id.0,
        area,
        area_name: catalogue.area_name(area),
        place: name.or(row.place),
        village,
        place_kind: row.place_kind,
        date: row.held_day.map(day_text),
        start: row.start_minute.map(|minute| format!("{:02}:{:02}", minute / 60, minute % 60)),
        duration_minutes: row.duration_minutes,
        format: row.format,
        setting: row.setting,
        attendances: row.attendances,
        women: row.women,
        under_16: row.under16,
        minority: row.minority,
        count_basis: row.count_basis,
        households: row.households,
        pledges: row.pledges,
        broadcasts: row.broadcasts,
        broadcast_minutes: row.broadcast_minutes,
        lead_unit: row.lead_unit,
        tags: serde_json::from_str(&row.tags).map_err(damaged)?,
        material,
        note: row.notes,
        void: row.void_reason,
        conflicts: row.conflict_count,
        state: row.review_state,
        counted_as: row.counted_as.map(|Blob(id)| id),
        suspects: 0,
        recorder: row.recorder,
        recorder_name: None,
        device: row.device_id.0,
        claimed_at_ms: row.claimed_at_ms,
        received_at_ms: row.received_at_ms,
        updated_at_ms: row.updated_at_ms,
        heads: row.heads.as_chunks::<32>().0.iter().map(|head| to_hex(head)).collect(),
    })
}
