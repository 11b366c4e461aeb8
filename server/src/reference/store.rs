//! Reading and writing the reference tables.

use std::collections::BTreeMap;

use sync_core::fold::fold;
use sync_core::id::AreaId;

use super::catalogue::{Catalogue, Unit};
use super::items::Items;
use super::kind::Kind;
use super::lineage::{Edge, Lineage};
use super::village::{Basis, Village, VillageUnit};
use crate::db::{Db, DbError, Tx};
use crate::on_db;

const VERSION: &str = "select cast(coalesce(sum(version), 0) as bigint) from reference_version";

/// The version of the whole catalogue; grows with each change.
pub(super) async fn version(db: &Db) -> Result<u64, DbError> {
    let version: i64 = on_db!(db, |c| sqlx::query_scalar(VERSION).fetch_one(c).await)?;
    Ok(version.cast_unsigned())
}

/// The catalogue as this transaction sees it.
pub(super) async fn load(tx: &mut Tx) -> Result<Catalogue, DbError> {
    let version: i64 = on_db!(tx, |c| sqlx::query_scalar(VERSION).fetch_one(c).await)?;
    let units = units(tx).await?;
    let lineage = Lineage::new(edges(tx).await?);
    let villages = villages(tx).await?;
    let items = items(tx).await?;
    Ok(Catalogue::new(version.cast_unsigned(), units, lineage, villages, items))
}

fn damaged(column: &'static str, value: impl std::fmt::Display) -> DbError {
    DbError::Damaged { column, why: format!("{value} is out of range") }
}

pub(super) fn area(generation: i64, code: i64) -> Result<AreaId, DbError> {
    let generation = u16::try_from(generation).map_err(|_| damaged("generation", generation))?;
    let code = u32::try_from(code).map_err(|_| damaged("code", code))?;
    Ok(AreaId { generation, code })
}

fn small(column: &'static str, value: Option<i64>) -> Result<Option<i32>, DbError> {
    value.map(|value| i32::try_from(value).map_err(|_| damaged(column, value))).transpose()
}

#[derive(sqlx::FromRow)]
struct UnitRow {
    generation: i64,
    code: i64,
    name: String,
    kind: String,
    district: Option<String>,
    land_border: Option<String>,
    label_lat_e3: Option<i64>,
    label_lon_e3: Option<i64>,
    valid_from_day: Option<i64>,
    valid_to_day: Option<i64>,
}

async fn units(tx: &mut Tx) -> Result<Vec<Unit>, DbError> {
    const UNITS: &str = "select generation, code, name, kind, district, land_border, label_lat_e3, label_lon_e3, \
                         valid_from_day, valid_to_day from unit";
    let rows: Vec<UnitRow> = on_db!(tx, |c| sqlx::query_as(UNITS).fetch_all(c).await)?;
    rows.into_iter()
        .map(|row| {
            Ok(Unit {
                area: area(row.generation, row.code)?,
                name: row.name,
                kind: row.kind,
                district: row.district,
                land_border: row.land_border,
                label_lat_e3: small("unit.label_lat_e3", row.label_lat_e3)?,
                label_lon_e3: small("unit.label_lon_e3", row.label_lon_e3)?,
                valid_from_day: small("unit.valid_from_day", row.valid_from_day)?,
                valid_to_day: small("unit.valid_to_day", row.valid_to_day)?,
            })
        })
        .collect()
}

async fn edges(tx: &mut Tx) -> Result<Vec<Edge>, DbError> {
    const EDGES: &str = "select from_generation, from_code, to_generation, to_code, whole, main from unit_lineage \
                         order by from_generation, from_code, to_generation, to_code";
    let rows: Vec<(i64, i64, i64, i64, bool, bool)> = on_db!(tx, |c| sqlx::query_as(EDGES).fetch_all(c).await)?;
    rows.into_iter()
        .map(|row| Ok(Edge { from: area(row.0, row.1)?, to: area(row.2, row.3)?, whole: row.4, main: row.5 }))
        .collect()
}

#[derive(sqlx::FromRow)]
struct VillageRow {
    id: String,
    name: String,
    kind: String,
    sample: bool,
    source: String,
    merged_into: Option<String>,
    lat_e3: Option<i64>,
    lon_e3: Option<i64>,
}

async fn villages(tx: &mut Tx) -> Result<Vec<Village>, DbError> {
    const VILLAGES: &str = "select id, name, kind, sample, source, merged_into, lat_e3, lon_e3 from village";
    const FORMER: &str = "select village_id, name from village_former_name order by village_id, name";
    const UNITS: &str = "select village_id, generation, code, basis from village_unit";
    const SUGGESTED: &str = "select village_id, generation, code from village_suggestion";
    let rows: Vec<VillageRow> = on_db!(tx, |c| sqlx::query_as(VILLAGES).fetch_all(c).await)?;
    let mut villages: BTreeMap<String, Village> = rows
        .into_iter()
        .map(|row| -> Result<_, DbError> {
            let village = Village {
                id: row.id.clone(),
                name: row.name,
                kind: row.kind,
                sample: row.sample,
                source: row.source,
                merged_into: row.merged_into,
                former_names: Vec::new(),
                lat_e3: small("village.lat_e3", row.lat_e3)?,
                lon_e3: small("village.lon_e3", row.lon_e3)?,
                units: BTreeMap::new(),
                suggested: BTreeMap::new(),
            };
            Ok((row.id, village))
        })
        .collect::<Result<_, _>>()?;
    let former: Vec<(String, String)> = on_db!(tx, |c| sqlx::query_as(FORMER).fetch_all(c).await)?;
    for (id, name) in former {
        if let Some(village) = villages.get_mut(&id) {
            village.former_names.push(name);
        }
    }
    let units: Vec<(String, i64, i64, String)> = on_db!(tx, |c| sqlx::query_as(UNITS).fetch_all(c).await)?;
    for (id, generation, code, basis) in units {
        let area = area(generation, code)?;
        let basis = Basis::of_name(&basis).ok_or_else(|| damaged("village_unit.basis", basis))?;
        if let Some(village) = villages.get_mut(&id) {
            village.units.insert(area.generation, VillageUnit { code: area.code, basis });
        }
    }
    let suggested: Vec<(String, i64, i64)> = on_db!(tx, |c| sqlx::query_as(SUGGESTED).fetch_all(c).await)?;
    for (id, generation, code) in suggested {
        let area = area(generation, code)?;
        if let Some(village) = villages.get_mut(&id) {
            village.suggested.insert(area.generation, area.code);
        }
    }
    Ok(villages.into_values().collect())
}

async fn items(tx: &mut Tx) -> Result<Items, DbError> {
    const ITEMS: &str = "select kind, id, body from reference_item order by kind, position, id";
    let rows: Vec<(String, String, String)> = on_db!(tx, |c| sqlx::query_as(ITEMS).fetch_all(c).await)?;
    let mut items = Items::default();
    for (kind, id, body) in rows {
        // A kind of a newer version of the program stays where it is.
        let Ok(kind) = kind.parse::<Kind>() else { continue };
        items
            .put(kind, id, &body)
            .map_err(|error| DbError::Damaged { column: "reference_item.body", why: error.to_string() })?;
    }
    Ok(items)
}

/// Writes a unit, new or changed.
pub(super) async fn put_unit(tx: &mut Tx, unit: &Unit) -> Result<(), DbError> {
    const PUT: &str = "insert into unit (generation, code, name, folded_name, kind, district, land_border, \
         label_lat_e3, label_lon_e3, valid_from_day, valid_to_day) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
         on conflict (generation, code) do update set name = excluded.name, folded_name = excluded.folded_name, \
         kind = excluded.kind, district = excluded.district, land_border = excluded.land_border, \
         label_lat_e3 = excluded.label_lat_e3, label_lon_e3 = excluded.label_lon_e3, \
         valid_from_day = excluded.valid_from_day, valid_to_day = excluded.valid_to_day";
    on_db!(tx, |c| {
        sqlx::query(PUT)
            .bind(i64::from(unit.area.generation))
            .bind(i64::from(unit.area.code))
            .bind(&unit.name)
            .bind(fold(unit.bare_name()))
            .bind(&unit.kind)
            .bind(&unit.district)
            .bind(&unit.land_border)
            .bind(unit.label_lat_e3.map(i64::from))
            .bind(unit.label_lon_e3.map(i64::from))
            .bind(unit.valid_from_day.map(i64::from))
            .bind(unit.valid_to_day.map(i64::from))
            .execute(c)
            .await
            .map(drop)
    })?;
    Ok(())
}

/// Makes `edges` the only steps out of `from`.
pub(super) async fn put_edges(tx: &mut Tx, from: AreaId, edges: &[Edge]) -> Result<(), DbError> {
    const CLEAR: &str = "delete from unit_lineage where from_generation = $1 and from_code = $2";
    const PUT: &str = "insert into unit_lineage (from_generation, from_code, to_generation, to_code, whole, main) \
                       values ($1, $2, $3, $4, $5, $6)";
    let (generation, code) = (i64::from(from.generation), i64::from(from.code));
    on_db!(tx, |c| sqlx::query(CLEAR).bind(generation).bind(code).execute(c).await.map(drop))?;
    for edge in edges {
        on_db!(tx, |c| {
            sqlx::query(PUT)
                .bind(generation)
                .bind(code)
                .bind(i64::from(edge.to.generation))
                .bind(i64::from(edge.to.code))
                .bind(edge.whole)
                .bind(edge.main)
                .execute(c)
                .await
                .map(drop)
        })?;
    }
    Ok(())
}

/// Writes a village without what it was merged into, which may not exist yet.
pub(super) async fn put_village(tx: &mut Tx, village: &Village) -> Result<(), DbError> {
    const PUT: &str = "insert into village (id, name, folded_name, kind, sample, source, lat_e3, lon_e3) \
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (id) do update set name = excluded.name, \
         folded_name = excluded.folded_name, kind = excluded.kind, sample = excluded.sample, \
         source = excluded.source, lat_e3 = excluded.lat_e3, lon_e3 = excluded.lon_e3";
    const FORMER: &str =
        "insert into village_former_name (village_id, name) values ($1, $2) on conflict (village_id, name) do nothing";
    const UNIT: &str = "insert into village_unit (village_id, generation, code, basis) values ($1, $2, $3, $4) \
         on conflict (village_id, generation) do update set code = excluded.code, basis = excluded.basis, \
         decided_by = null, decided_at_ms = null";
    const SUGGEST: &str = "insert into village_suggestion (village_id, generation, code) values ($1, $2, $3) \
         on conflict (village_id, generation) do update set code = excluded.code";
    on_db!(tx, |c| {
        sqlx::query(PUT)
            .bind(&village.id)
            .bind(&village.name)
            .bind(fold(&village.name))
            .bind(&village.kind)
            .bind(village.sample)
            .bind(&village.source)
            .bind(village.lat_e3.map(i64::from))
            .bind(village.lon_e3.map(i64::from))
            .execute(c)
            .await
            .map(drop)
    })?;
    for name in &village.former_names {
        on_db!(tx, |c| sqlx::query(FORMER).bind(&village.id).bind(name).execute(c).await.map(drop))?;
    }
    // A unit that is no longer certain is certain no more; what a person decided is written by `put_choice` alone.
    const KNOWN: &str = "select generation from village_unit where village_id = $1";
    const DROP: &str = "delete from village_unit where village_id = $1 and generation = $2";
    let known: Vec<i64> = on_db!(tx, |c| sqlx::query_scalar(KNOWN).bind(&village.id).fetch_all(c).await)?;
    for generation in known {
        if !village.units.keys().any(|kept| i64::from(*kept) == generation) {
            on_db!(tx, |c| sqlx::query(DROP).bind(&village.id).bind(generation).execute(c).await.map(drop))?;
        }
    }
    for (generation, unit) in village.units.iter().filter(|(_, unit)| unit.basis != Basis::Decided) {
        on_db!(tx, |c| {
            sqlx::query(UNIT)
                .bind(&village.id)
                .bind(i64::from(*generation))
                .bind(i64::from(unit.code))
                .bind(unit.basis.name())
                .execute(c)
                .await
                .map(drop)
        })?;
    }
    // What is settled is suggested no more: else the same list would seem to change it again and again.
    const SETTLED: &str = "delete from village_suggestion where village_id = $1";
    on_db!(tx, |c| sqlx::query(SETTLED).bind(&village.id).execute(c).await.map(drop))?;
    for (generation, code) in &village.suggested {
        let (generation, code) = (i64::from(*generation), i64::from(*code));
        on_db!(tx, |c| {
            sqlx::query(SUGGEST).bind(&village.id).bind(generation).bind(code).execute(c).await.map(drop)
        })?;
    }
    Ok(())
}

/// Says what a village was merged into.
pub(super) async fn put_merger(tx: &mut Tx, village: &Village) -> Result<(), DbError> {
    const PUT: &str = "update village set merged_into = $2 where id = $1";
    on_db!(tx, |c| sqlx::query(PUT).bind(&village.id).bind(&village.merged_into).execute(c).await.map(drop))?;
    Ok(())
}

/// Keeps a person's decision: a row of the history and the unit in force.
pub(super) async fn put_choice(
    tx: &mut Tx,
    village: &str,
    chosen: AreaId,
    replaces: Option<u32>,
    account: Option<i64>,
    at_ms: i64,
) -> Result<(), DbError> {
    const HISTORY: &str = "insert into village_choice (village_id, generation, code, replaces_code, account_id, \
                           decided_at_ms) values ($1, $2, $3, $4, $5, $6)";
    const UNIT: &str = "insert into village_unit (village_id, generation, code, basis, decided_by, decided_at_ms) \
         values ($1, $2, $3, 'decided', $4, $5) on conflict (village_id, generation) do update \
         set code = excluded.code, basis = excluded.basis, decided_by = excluded.decided_by, \
         decided_at_ms = excluded.decided_at_ms";
    let (generation, code) = (i64::from(chosen.generation), i64::from(chosen.code));
    on_db!(tx, |c| {
        sqlx::query(HISTORY)
            .bind(village)
            .bind(generation)
            .bind(code)
            .bind(replaces.map(i64::from))
            .bind(account)
            .bind(at_ms)
            .execute(c)
            .await
            .map(drop)
    })?;
    on_db!(tx, |c| {
        sqlx::query(UNIT).bind(village).bind(generation).bind(code).bind(account).bind(at_ms).execute(c).await.map(drop)
    })?;
    Ok(())
}

/// Writes a row of a small list, new or changed.
pub(super) async fn put_item(tx: &mut Tx, kind: Kind, id: &str, position: usize, body: &str) -> Result<(), DbError> {
    const PUT: &str = "insert into reference_item (kind, id, position, body) values ($1, $2, $3, $4) \
                       on conflict (kind, id) do update set position = excluded.position, body = excluded.body";
    let position = i64::try_from(position).unwrap_or(i64::MAX);
    on_db!(tx, |c| {
        sqlx::query(PUT).bind(kind.name()).bind(id).bind(position).bind(body).execute(c).await.map(drop)
    })?;
    Ok(())
}

/// Raises the version of a kind by one and answers it. `what` is a [`Kind::name`], or `unit-choices`.
pub(super) async fn raise_version(tx: &mut Tx, what: &str) -> Result<i64, DbError> {
    const RAISE: &str = "insert into reference_version (kind, version) values ($1, 1) \
                         on conflict (kind) do update set version = reference_version.version + 1 returning version";
    Ok(on_db!(tx, |c| sqlx::query_scalar(RAISE).bind(what).fetch_one(c).await)?)
}
