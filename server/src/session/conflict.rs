//! Open conflicts: fields on which people disagree, with every value and its author.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sqlx::AssertSqlSafe;
use sync_core::id::{ActorId, AreaId, ChangeHash, DeviceId, RecordId, RecordKind};
use utoipa::{IntoParams, ToSchema};

use super::condition::{Bound, Conditions, bind};
use super::filter::{area, limit};
use super::place::belongs_to;
use crate::auth::Scope;
use crate::coverage::query::refuse;
use crate::db::{Blob, DbError, Tx};
use crate::on_db;
use crate::problem::Problem;
use crate::project::stored_area;
use crate::reference::Catalogue;

/// Who stands behind a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Author {
    /// The device.
    #[schema(value_type = String)]
    pub device: DeviceId,
    /// What its owner calls it.
    pub device_label: Option<String>,
    /// The account it is enrolled for; none for the server itself.
    pub account: Option<i64>,
    /// That person's name.
    pub person: Option<String>,
}

/// One value of a field in conflict.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ConflictValue {
    /// The value.
    #[schema(value_type = serde_json::Value)]
    pub value: serde_json::Value,
    /// Who wrote it.
    #[serde(flatten)]
    pub author: Author,
    /// The change that wrote it.
    #[schema(value_type = String)]
    pub change: ChangeHash,
    /// When the device's clock said it was written.
    pub claimed_at_ms: i64,
}

/// An open conflict about one field.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Conflict {
    /// The record.
    #[schema(value_type = String)]
    pub record: RecordId,
    /// What it is.
    #[schema(value_type = String, example = "session")]
    pub kind: RecordKind,
    /// The unit as recorded.
    #[schema(value_type = String, example = "2025-06841")]
    pub area: AreaId,
    /// The field, for instance `attendances` or `material/leaflet/7`.
    pub field: String,
    /// Every value; the one that shows comes first.
    pub values: Vec<ConflictValue>,
}

/// A page of open conflicts.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Conflicts {
    /// The conflicts.
    pub conflicts: Vec<Conflict>,
    /// Give it as `cursor` for the next page; none at the end.
    pub next: Option<String>,
}

/// Parameters of the list of conflicts.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConflictParams {
    /// A unit of any generation, `2025-06841`: with what was recorded in the units it came from or became whole.
    #[param(inline, value_type = Option<crate::openapi::Area>)]
    pub area: Option<String>,
    /// `session`, `review` or `panel_check`.
    #[param(pattern = "^(session|review|panel_check)$")]
    pub kind: Option<String>,
    /// Rows in a page: 1 to 500; 50 unless given.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 500)]
    pub limit: Option<String>,
    /// `next` of the page before.
    #[param(pattern = "^[0-9a-fA-F]{50}$")]
    pub cursor: Option<String>,
}

/// A claim as the projection stores it.
#[derive(Deserialize)]
struct StoredClaim {
    value: serde_json::Value,
    author: ActorId,
    change: ChangeHash,
    claimed_at: i64,
}

type Row = (Blob<RecordId>, String, i64, i64, i64, String);

const SELECT: &str = "select record_id, field, kind, generation, code, claims from conflict";

/// A page of the open conflicts that the caller may see.
///
/// # Errors
/// A problem that names the parameter, or the database's.
pub async fn conflicts(
    tx: &mut Tx,
    catalogue: &Catalogue,
    scope: &Scope,
    params: &ConflictParams,
) -> Result<Conflicts, Problem> {
    let mut conditions = Conditions::default();
    if let Some(areas) = scope.areas() {
        conditions.within(areas);
    }
    if let Some(text) = &params.area {
        let unit = area(catalogue, text)?;
        // Conflicts do not name a village: those of a split unit are found under the unit as recorded.
        conditions.by_area(belongs_to(&without_villages(catalogue), unit));
    }
    if let Some(text) = &params.kind {
        let kind = match text.as_str() {
            "session" => RecordKind::Session,
            "review" => RecordKind::Review,
            "panel_check" => RecordKind::PanelCheck,
            other => return Err(refuse("kind", other, "session, review or panel_check")),
        };
        conditions.with("kind = {}", Bound::Int(kind.code().into()));
    }
    let limit = limit(params.limit.as_deref())?;
    if let Some(text) = &params.cursor {
        let parts = text.split_once('.').and_then(|(id, field)| Some((id.parse::<RecordId>().ok()?, field)));
        let (id, field) = parts.ok_or_else(|| refuse("cursor", text, "next of the page before, unchanged"))?;
        let field = Bound::Text(field.to_owned());
        conditions.with_two("(record_id, field) > ({0}, {1})", Bound::Bytes(id.0.to_vec()), field);
    }
    let text = format!("{SELECT} {} order by record_id, field limit {}", conditions.text(), limit + 1);
    let mut found = read(tx, text, &conditions).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|last| format!("{}.{}", last.record, last.field));
    Ok(Conflicts { conflicts: found, next })
}

/// The same units without villages.
fn without_villages(catalogue: &Catalogue) -> Catalogue {
    Catalogue::new(0, catalogue.units().cloned(), catalogue.lineage().clone(), [], Default::default())
}

/// The open conflicts of one record.
pub(super) async fn of_record(tx: &mut Tx, id: RecordId) -> Result<Vec<Conflict>, DbError> {
    let mut conditions = Conditions::default();
    conditions.with("record_id = {}", Bound::Bytes(id.0.to_vec()));
    let text = format!("{SELECT} {} order by field", conditions.text());
    read(tx, text, &conditions).await
}

async fn read(tx: &mut Tx, text: String, conditions: &Conditions) -> Result<Vec<Conflict>, DbError> {
    let rows: Vec<Row> =
        on_db!(tx, |c| bind!(sqlx::query_as(AssertSqlSafe(text)), &conditions.bound).fetch_all(c).await)?;
    let mut parsed = Vec::with_capacity(rows.len());
    let mut devices = BTreeSet::new();
    for row in rows {
        let damaged = |why: String| DbError::Damaged { column: "conflict.claims", why };
        let claims: Vec<StoredClaim> = serde_json::from_str(&row.5).map_err(|error| damaged(error.to_string()))?;
        devices.extend(claims.iter().map(|claim| claim.author.device()));
        parsed.push((row, claims));
    }
    let authors = authors(tx, &devices).await?;
    parsed
        .into_iter()
        .map(|((Blob(record), field, kind, generation, code, _), claims)| {
            let kind = u8::try_from(kind).ok().and_then(RecordKind::from_code);
            let damaged = || DbError::Damaged { column: "conflict.kind", why: "no such kind".to_owned() };
            let value = |claim: StoredClaim| ConflictValue {
                value: claim.value,
                author: author(&authors, claim.author.device()),
                change: claim.change,
                claimed_at_ms: claim.claimed_at,
            };
            Ok(Conflict {
                record,
                kind: kind.ok_or_else(damaged)?,
                area: stored_area(generation, code)?,
                field,
                values: claims.into_iter().map(value).collect(),
            })
        })
        .collect()
}

/// The people behind these devices.
pub(super) async fn authors(tx: &mut Tx, devices: &BTreeSet<DeviceId>) -> Result<BTreeMap<DeviceId, Author>, DbError> {
    if devices.is_empty() {
        return Ok(BTreeMap::new());
    }
    let places: Vec<String> = (1..=devices.len()).map(|number| format!("${number}")).collect();
    let text = format!(
        "select device.id, device.label, account.id, account.display_name from device \
         left join account on account.id = device.account_id where device.id in ({})",
        places.join(", ")
    );
    let ids: Vec<Bound> = devices.iter().map(|device| Bound::Bytes(device.0.to_vec())).collect();
    type Row = (Blob<DeviceId>, String, Option<i64>, Option<String>);
    let rows: Vec<Row> = on_db!(tx, |c| bind!(sqlx::query_as(AssertSqlSafe(text)), &ids).fetch_all(c).await)?;
    let author = |(Blob(device), label, account, person)| {
        (device, Author { device, device_label: Some(label), account, person })
    };
    Ok(rows.into_iter().map(author).collect())
}

/// The person behind a device; only the device when it is not enrolled here.
pub(super) fn author(authors: &BTreeMap<DeviceId, Author>, device: DeviceId) -> Author {
    let unknown = || Author { device, device_label: None, account: None, person: None };
    authors.get(&device).cloned().unwrap_or_else(unknown)
}
