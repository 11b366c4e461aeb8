//! Filters, trend and map as callers see them, on both engines.

use std::collections::BTreeSet;

use geojson::{FeatureCollection, GeoJson};
use serde_json::{Value, json};
use sync_core::id::Role::{Coordinator, Officer};

use crate::coverage::testing::fill;
use crate::db::Db;
use crate::db::testing::{Failure, on_each};
use crate::on_db;
use crate::register::desk::{Desk, run};

const YEAR: &str = "from=2026-01&to=2026-12";

async fn count(db: &Db, condition: &str) -> Result<i64, Failure> {
    let text = format!("select count(*) from session where {condition}");
    Ok(on_db!(db, |c| sqlx::query_scalar(sqlx::AssertSqlSafe(text)).fetch_one(c).await)?)
}

/// Sessions of a totals report.
async fn sessions(desk: &mut Desk, filter: &str) -> Result<i64, Failure> {
    let report = desk.read(Coordinator, &format!("/v1/coverage/totals?{YEAR}&{filter}")).await?;
    Ok(report["total"]["sessions"].as_i64().ok_or("sessions")?)
}

#[tokio::test]
async fn a_filter_leaves_the_sessions_it_names() -> Result<(), Failure> {
    on_each(async |db| {
        let mut desk = Desk::new(db).await?;
        fill(db, 600, 3).await?;
        let mut by_format = 0;
        for format in ["village_meeting", "house_visit", "market", "school"] {
            let found = sessions(&mut desk, &format!("format={format}")).await?;
            assert_eq!(found, count(db, &format!("format = '{format}'")).await?, "{format}");
            by_format += found;
        }
        assert_eq!(by_format, 600);
        for (filter, expected) in [("topic=tricks", 600), ("topic=law", 0), ("language=dao", 600), ("language=vi", 0)] {
            assert_eq!(sessions(&mut desk, filter).await?, expected, "{filter}");
        }
        // Of several a session passes all.
        let market = count(db, "format = 'market'").await?;
        assert_eq!(sessions(&mut desk, "topic=tricks&language=dao&format=market").await?, market);
        assert_eq!(sessions(&mut desk, "topic=law&format=market").await?, 0);
        // Whatever is counted without a filter is counted with one, of exactly the days asked for.
        let days = "from=2026-03-10&to=2026-04-02";
        let all = desk.read(Coordinator, &format!("/v1/coverage/totals?{days}")).await?;
        let report = desk.read(Coordinator, &format!("/v1/coverage/totals?{days}&topic=tricks")).await?;
        assert_eq!(report, all);
        assert!(report["total"]["material"]["leaflet"].as_i64().is_some_and(|leaflets| leaflets > 0));
        assert_eq!(report["total"]["sessions"], count(db, "held_day between 20522 and 20545").await?);
        for (field, query) in
            [("post", "format=school&post=nowhere"), ("post", "post=nowhere"), ("topic", "topic=Not%20a%20code")]
        {
            for target in ["/v1/coverage", "/v1/coverage/totals", "/v1/coverage/trend", "/v1/coverage/map"] {
                let refused = desk.get(Coordinator, &format!("{target}?{query}")).await?;
                assert_eq!((refused.status.as_u16(), refused.body["field"].as_str()), (400, Some(field)), "{target}");
            }
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_post_has_what_its_people_recorded_while_they_were_there() -> Result<(), Failure> {
    on_each(async |db| {
        let mut desk = Desk::new(db).await?;
        fill(db, 2_000, 3).await?;
        run(
            db,
            "insert into account (id, username, display_name, role, password_hash, active, created_at_ms) values \
             (5, 'so.5', 'Số 5', 'guard', '', (1 = 1), 0), (6, 'so.6', 'Số 6', 'guard', '', (1 = 1), 0)",
        )
        .await?;
        // 20635 is 1 July 2026.
        run(
            db,
            "insert into account_post (account_id, since_day, post_id) values (5, 0, 'hoanh-mo'), (6, 0, 'binh-lieu'), \
             (6, 20635, 'hoanh-mo')",
        )
        .await?;
        let expected = count(db, "recorder = 5 or recorder = 6 and held_day >= 20635").await?;
        assert!(expected > 4 && expected < count(db, "recorder in (5, 6)").await?, "{expected}");
        assert_eq!(sessions(&mut desk, "post=hoanh-mo").await?, expected);
        let before = count(db, "recorder = 6 and held_day < 20635").await?;
        assert_eq!(sessions(&mut desk, "post=binh-lieu").await?, before);
        assert_eq!(sessions(&mut desk, "post=tra-co").await?, 0);
        let at_school = count(db, "format = 'school' and (recorder = 5 or recorder = 6 and held_day >= 20635)").await?;
        assert_eq!(sessions(&mut desk, "post=hoanh-mo&format=school").await?, at_school);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn under_a_filter_silence_stays_and_plans_do_not_apply() -> Result<(), Failure> {
    on_each(async |db| {
        let mut desk = Desk::new(db).await?;
        fill(db, 400, 3).await?;
        let all = desk.read(Officer, &format!("/v1/coverage?{YEAR}")).await?;
        let some = desk.read(Officer, &format!("/v1/coverage?{YEAR}&format=school")).await?;
        let villages = |report: &Value| -> BTreeSet<String> {
            report["villages"].as_array().into_iter().flatten().map(|village| village["village"].to_string()).collect()
        };
        assert_eq!(villages(&all), villages(&some));
        let (before, after) = (&all["periods"][0], &some["periods"][0]);
        assert!(before["planned"].is_u64() && after["planned"].is_null());
        let silent = |period: &Value| ["unheard", "unassigned"].map(|state| period[state].as_u64().unwrap_or_default());
        let (before, after) = (silent(before), silent(after));
        assert!(after.iter().sum::<u64>() >= before.iter().sum::<u64>() && after.iter().sum::<u64>() > 0);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_trend_stands_beside_the_same_months_of_the_year_before() -> Result<(), Failure> {
    on_each(async |db| {
        let mut desk = Desk::new(db).await?;
        fill(db, 500, 3).await?;
        let trend = desk.read(Coordinator, "/v1/coverage/trend?from=2026-01&to=2026-12").await?;
        let periods = trend["periods"].as_array().ok_or("periods")?;
        assert_eq!((periods.len(), trend["year_before"].as_array().map(Vec::len)), (12, Some(12)));
        let sum = |periods: &Value| -> i64 {
            periods.as_array().into_iter().flatten().filter_map(|period| period["sessions"].as_i64()).sum()
        };
        assert_eq!((sum(&trend["periods"]), sum(&trend["year_before"])), (500, 0));
        let february = &trend["periods"][1];
        assert_eq!(february["sessions"], count(db, "held_day between 20485 and 20512").await?);
        assert!(february["planned"].as_u64().is_some_and(|planned| planned > 0) || february["planned"] == 0);
        let next = desk.read(Coordinator, "/v1/coverage/trend?from=2027-01&to=2027-03").await?;
        let before = [&trend["periods"][0], &trend["periods"][1], &trend["periods"][2]];
        for (then, now) in next["year_before"].as_array().into_iter().flatten().zip(before) {
            assert_eq!((&then["sessions"], &then["from"], &then["to"]), (&now["sessions"], &now["from"], &now["to"]));
        }
        // A leap year's February has its last day also from the year after.
        let leap = desk.read(Coordinator, "/v1/coverage/trend?from=2025-02&to=2025-02").await?;
        assert_eq!(leap["year_before"][0]["to"], "2024-02-29");
        let own = desk.read(Officer, "/v1/coverage/trend?from=2026-01&to=2026-12").await?;
        assert!(sum(&own["periods"]) < 500 && own["periods"][0]["villages"].as_u64() < periods[0]["villages"].as_u64());
        let school = desk.read(Coordinator, "/v1/coverage/trend?from=2026-01&to=2026-12&format=school").await?;
        assert_eq!(sum(&school["periods"]), count(db, "format = 'school'").await?);
        Ok(())
    })
    .await
}

fn features(map: &Value) -> Result<FeatureCollection, Failure> {
    match map.to_string().parse::<GeoJson>()? {
        GeoJson::FeatureCollection(collection) => Ok(collection),
        other => Err(format!("no collection: {other}").into()),
    }
}

#[tokio::test]
async fn the_map_is_geojson_of_units_and_of_villages_with_a_position() -> Result<(), Failure> {
    on_each(async |db| {
        let mut desk = Desk::new(db).await?;
        fill(db, 300, 3).await?;
        run(db, "update village set lat_e3 = 21571, lon_e3 = 107533 where id = '06841-na-choong'").await?;
        let map = desk.read(Coordinator, &format!("/v1/coverage/map?{YEAR}")).await?;
        let collection = features(&map)?;
        let of = |kind: &str| {
            collection.features.iter().filter(|feature| feature.property("kind") == Some(&json!(kind))).count()
        };
        assert_eq!((of("unit"), of("village"), collection.features.len()), (54, 1, 55));
        let village = collection.features.iter().find(|feature| feature.property("kind") == Some(&json!("village")));
        let village = village.ok_or("a village")?;
        assert_eq!(village.property("id"), Some(&json!("06841-na-choong")));
        let geometry = village.geometry.as_ref().ok_or("a place")?;
        assert_eq!(serde_json::to_value(geometry)?, json!({ "type": "Point", "coordinates": [107.533, 21.571] }));
        let sessions = collection.features.iter().filter(|feature| feature.property("kind") == Some(&json!("unit")));
        let sessions: i64 = sessions.filter_map(|unit| unit.property("sessions")?.as_i64()).sum();
        assert_eq!(sessions, count(db, "generation = 2025").await?);
        let own = desk.read(Officer, &format!("/v1/coverage/map?{YEAR}")).await?;
        let names: Vec<&str> =
            own["features"].as_array().into_iter().flatten().filter_map(|f| f["properties"]["id"].as_str()).collect();
        assert_eq!(names, ["2025-06841", "06841-na-choong"]);
        // Under filters it counts what the totals count, and no plan.
        let part = format!("{YEAR}&topic=tricks&format=market");
        let map = desk.read(Coordinator, &format!("/v1/coverage/map?{part}")).await?;
        let totals = desk.read(Coordinator, &format!("/v1/coverage/totals?{part}")).await?;
        let mut found = 0;
        for unit in totals["units"].as_array().into_iter().flatten() {
            let mut places = map["features"].as_array().into_iter().flatten().map(|place| &place["properties"]);
            let place = places.find(|place| place["id"] == unit["unit"]).ok_or("the unit")?;
            assert_eq!((&place["sessions"], &place["planned"]), (&unit["sessions"], &Value::Null));
            found += unit["sessions"].as_i64().unwrap_or_default();
        }
        assert_eq!(found, count(db, "format = 'market'").await?);
        let old = desk.read(Officer, &format!("/v1/coverage/map?{YEAR}&generation=2023")).await?;
        let all = features(&old)?.features;
        assert!(
            all.iter().all(|place| place.property("kind") != Some(&json!("unit")) || place.property("id").is_some())
        );
        Ok(())
    })
    .await
}
