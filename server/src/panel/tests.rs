//! The register of panels as callers see it, on both engines.

use serde_json::{Value, json};
use sync_core::id::Role::{Coordinator, Officer};

use crate::audit::Actor;
use crate::auth::testing::START;
use crate::coverage::calendar::parse_day;
use crate::db::Db;
use crate::db::testing::{Failure, on_each};
use crate::reference::Kind;
use crate::reference::import::{Source, import};
use crate::register::desk::{Desk, bytes, run};

/// A check of a site: its number, where it was recorded, the day, what was found.
async fn check(
    db: &Db,
    no: u8,
    area: (i64, i64),
    site: &str,
    day: &str,
    found: &str,
    void: bool,
) -> Result<(), Failure> {
    let day = parse_day(day).ok_or("a day")?;
    let id = bytes(db, &format!("{no:02x}").repeat(16));
    let (device, heads) = (bytes(db, &"03".repeat(8)), bytes(db, &"04".repeat(32)));
    let (generation, code) = area;
    let wrong = if found == "outdated" { "1 = 1" } else { "1 = 0" };
    let text = format!(
        "insert into panel_check (record_id, generation, code, site, checked_day, conditions, notes, voided, \
         conflict_count, hotline_wrong, schema_number, recorder, device_id, claimed_at_ms, received_at_ms, \
         updated_at_ms, updated_device_id, heads) values ({id}, {generation}, {code}, '{site}', {day}, '[\"{found}\"]', \
         '', ({}), 0, ({wrong}), 1, 1, {device}, 0, 0, 0, {device}, {heads})",
        if void { "1 = 1" } else { "1 = 0" }
    );
    Ok(run(db, &text).await?)
}

fn of<'a>(panels: &'a Value, id: &str) -> &'a Value {
    let all = panels["panels"].as_array();
    all.and_then(|all| all.iter().find(|panel| panel["id"] == id)).unwrap_or(&Value::Null)
}

#[tokio::test]
async fn the_newest_check_that_is_not_void_counts() -> Result<(), Failure> {
    on_each(async |db| {
        let mut desk = Desk::new(db).await?;
        let hoanh_mo = (2025, 6841);
        check(db, 1, hoanh_mo, "p-06841", "2026-01-10", "good", false).await?;
        check(db, 2, hoanh_mo, "p-06841", "2026-10-10", "faded", false).await?;
        check(db, 3, hoanh_mo, "p-06841", "2026-11-10", "good", true).await?;
        check(db, 4, (2025, 6838), "p-06838", "2025-12-01", "outdated", false).await?;
        check(db, 5, hoanh_mo, "unregistered", "2026-11-10", "good", false).await?;
        let all = desk.read(Coordinator, "/v1/panels").await?;
        let counts = json!({ "all": 177, "checked": 2, "overdue": 176, "damaged": 2, "hotline_wrong": 1,
            "unchecked": 175 });
        assert_eq!((&all["counts"], &all["overdue_days"]), (&counts, &json!(180)));
        let last = &of(&all, "p-06841")["last_check"];
        assert_eq!(
            (&last["day"], &last["conditions"], &last["days"]),
            (&json!("2026-10-10"), &json!(["faded"]), &json!(44))
        );
        assert_eq!(of(&all, "p-06841")["overdue"], false);
        for (state, count) in [("overdue", 176), ("damaged", 2), ("unchecked", 175), ("all", 177)] {
            let some = desk.read(Coordinator, &format!("/v1/panels?state={state}")).await?;
            assert_eq!((some["panels"].as_array().map(Vec::len), &some["counts"]), (Some(count), &counts), "{state}");
        }
        let soon = desk.read(Coordinator, "/v1/panels?overdue_days=30").await?;
        assert_eq!(soon["counts"]["overdue"], 177);
        run(db, "insert into setting (name, value) values ('hq.panel_check_days', '400')").await?;
        assert_eq!(desk.read(Coordinator, "/v1/panels").await?["counts"]["overdue"], 175);
        for (field, query) in [("state", "state=new"), ("overdue_days", "overdue_days=0"), ("unit", "unit=1")] {
            assert_eq!(desk.get(Coordinator, &format!("/v1/panels?{query}")).await?.body["field"], field);
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn sites_of_2023_stand_in_units_of_every_generation() -> Result<(), Failure> {
    on_each(async |db| {
        let mut desk = Desk::new(db).await?;
        for generation in [2023, 2024, 2025] {
            let all = desk.read(Coordinator, &format!("/v1/panels?generation={generation}")).await?;
            let panels = all["panels"].as_array().ok_or("panels")?;
            assert_eq!(panels.len(), 177);
            let begins = format!("{generation}-");
            for panel in panels {
                let placed = panel["unit"].as_str().is_some_and(|unit| unit.starts_with(&begins));
                let open = panel["candidates"].as_array().is_some_and(|all| all.len() > 1);
                assert!(placed != open, "{panel}");
            }
        }
        let unit = desk.read(Coordinator, "/v1/panels?unit=2025-06841").await?;
        let of_unit: Vec<&str> =
            unit["panels"].as_array().into_iter().flatten().filter_map(|p| p["area"].as_str()).collect();
        assert_eq!(of_unit, ["2023-06841", "2023-06847"]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_site_of_a_split_unit_waits_for_a_choice_until_its_village_is_known() -> Result<(), Failure> {
    on_each(async |db| {
        let mut desk = Desk::new(db).await?;
        let all = desk.read(Coordinator, "/v1/panels").await?;
        let panel = of(&all, "p-06853");
        assert_eq!((&panel["unit"], &panel["candidates"]), (&json!(null), &json!(["2025-06838", "2025-06862"])));
        let either = desk.read(Coordinator, "/v1/panels?unit=2025-06862").await?;
        assert!(!of(&either, "p-06853").is_null(), "it may stand there");
        let file = "panel_id,name,area,village_id,note\np-06853,Nà Nhái,2023-06853,06853-na-nhai,\n";
        let source = Source {
            kind: Kind::Panels,
            file_name: "x.csv",
            bytes: file.as_bytes(),
            actor: Actor::CommandLine,
            at: START,
            dry_run: false,
            sample: true,
        };
        import(db, source).await?;
        let choice = json!({ "generation": 2025, "code": 6862 });
        desk.enter(Coordinator, "/v1/villages/06853-na-nhai/unit-choice", &choice).await?;
        let all = desk.read(Coordinator, "/v1/panels").await?;
        assert_eq!(of(&all, "p-06853")["unit"], "2025-06862");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_officer_sees_the_panels_and_checks_of_the_own_areas() -> Result<(), Failure> {
    on_each(async |db| {
        let mut desk = Desk::new(db).await?;
        check(db, 1, (2025, 6841), "p-06841", "2026-10-10", "good", false).await?;
        // Somebody elsewhere claims to have been there.
        check(db, 2, (2025, 6838), "p-06841", "2026-11-10", "missing", false).await?;
        let own = desk.read(Officer, "/v1/panels").await?;
        assert_eq!(own["counts"]["all"], 2);
        assert_eq!(of(&own, "p-06841")["last_check"]["day"], "2026-10-10");
        let all = desk.read(Coordinator, "/v1/panels").await?;
        assert_eq!(of(&all, "p-06841")["last_check"]["day"], "2026-11-10");
        Ok(())
    })
    .await
}
