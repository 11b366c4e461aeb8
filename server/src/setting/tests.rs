use axum::http::{StatusCode, header};
use serde_json::{Value, json};
use sync_core::id::{AreaId, Role, UnixMs};

use super::origin_of;
use crate::auth::testing::World;
use crate::coverage::adopt_calendar;
use crate::coverage::calendar::Calendar;
use crate::coverage::testing::fill;
use crate::db::testing::{Failure, on_each};
use crate::project;

#[tokio::test]
async fn an_administrator_sets_and_everybody_at_headquarters_reads() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let mut admin = world.device("quantri", Role::Administrator, &[]).await?;
        let set = json!({ "closing_day": 20, "panel_check_days": 60, "report_issuer": " UBND xã ",
            "basemap_style_url": "https://map.example.vn/style.json" });
        let answer = admin.post(&world, "/v1/settings", &set).await?;
        let expected = json!({ "closing_day": 20, "panel_check_days": 60, "unreached_days": 90, "small_count": 5,
            "basemap_style_url": "https://map.example.vn/style.json", "report_issuer": "UBND xã" });
        assert_eq!(answer.body, expected);
        let mut coordinator = world.device("dieuphoi", Role::Coordinator, &[]).await?;
        assert_eq!(coordinator.get(&world, "/v1/settings").await?.body, expected);
        assert_eq!(coordinator.post(&world, "/v1/settings", &json!({})).await?.code(), "request.forbidden");
        let area: AreaId = "2025-06841".parse()?;
        let mut guard = world.device("bienphong", Role::Guard, &[area]).await?;
        assert_eq!(guard.get(&world, "/v1/settings").await?.code(), "request.forbidden");
        // Null and an empty text remove; what is absent stays.
        let answer = admin.post(&world, "/v1/settings", &json!({ "basemap_style_url": null })).await?;
        assert_eq!((&answer.body["basemap_style_url"], &answer.body["closing_day"]), (&Value::Null, &json!(20)));
        let audit = admin.get(&world, "/v1/audit?action=settings.changed").await?;
        let rows = audit.body["rows"].as_array().cloned().unwrap_or_default();
        assert_eq!(
            rows[0]["detail"],
            json!({ "basemap_style_url": {
            "from": "https://map.example.vn/style.json", "to": null } })
        );
        assert_eq!(rows[1]["detail"]["closing_day"], json!({ "from": 0, "to": 20 }));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_value_that_is_not_accepted_is_named_and_nothing_changes() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let mut admin = world.device("quantri", Role::Administrator, &[]).await?;
        let before = admin.get(&world, "/v1/settings").await?.body;
        for (field, value) in [
            ("closing_day", json!(29)),
            ("panel_check_days", json!(0)),
            ("unreached_days", json!(3661)),
            ("small_count", json!(4)),
            ("basemap_style_url", json!("http://map.example.vn/style.json")),
            ("basemap_style_url", json!("https://a:b@map.example.vn/style.json")),
            ("report_issuer", json!("hai\ndòng")),
            ("closing_days", json!(1)),
        ] {
            let mut set = json!({ "report_issuer": "UBND" });
            set[field] = value;
            let answer = admin.post(&world, "/v1/settings", &set).await?;
            assert_eq!((answer.status, answer.body["field"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some(field)));
        }
        assert_eq!(admin.get(&world, "/v1/settings").await?.body, before);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_was_set_goes_before_the_configuration_at_every_start() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let closing_day = async || -> Result<u8, Failure> {
            let mut tx = db.snapshot().await?;
            Ok(project::calendar(&mut tx).await?.closing_day())
        };
        adopt_calendar(db, Calendar::closing_on(14)?, UnixMs(0)).await?;
        assert_eq!(closing_day().await?, 14);
        let mut admin = world.device("quantri", Role::Administrator, &[]).await?;
        admin.post(&world, "/v1/settings", &json!({ "closing_day": 25 })).await?;
        // A second process that is configured otherwise, and this one after a restart.
        for configured in [14, 0, 3] {
            adopt_calendar(db, Calendar::closing_on(configured)?, UnixMs(0)).await?;
            assert_eq!(closing_day().await?, 25);
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_new_closing_day_moves_sessions_to_their_months_at_once() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        fill(db, 365, 1).await?;
        let mut admin = world.device("quantri", Role::Administrator, &[]).await?;
        let mut january = async |day: u8| -> Result<i64, Failure> {
            admin.post(&world, "/v1/settings", &json!({ "closing_day": day })).await?;
            let totals = admin.get(&world, "/v1/coverage/totals?from=2026-01&to=2026-01").await?;
            Ok(totals.body["total"]["sessions"].as_i64().ok_or("sessions")?)
        };
        // One session a day.
        assert_eq!(january(0).await?, 31);
        assert_eq!(january(14).await?, 14);
        assert_eq!(january(20).await?, 20);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_basemaps_origin_stands_in_the_policy_of_every_process_without_a_restart() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let sibling = world.sibling()?;
        let policy = async |world: &World| -> Result<String, Failure> {
            let asked = axum::http::Request::builder().uri("/").body(axum::body::Body::empty())?;
            let response = world.raw(asked).await?;
            Ok(response.headers()[header::CONTENT_SECURITY_POLICY].to_str()?.to_owned())
        };
        assert!(!policy(&world).await?.contains("https://"));
        assert!(!policy(&sibling).await?.contains("https://"));
        let mut admin = world.device("quantri", Role::Administrator, &[]).await?;
        let set = json!({ "basemap_style_url": "https://Map.example.vn:8443/style.json?key=1" });
        assert_eq!(admin.post(&world, "/v1/settings", &set).await?.status, StatusCode::OK);
        let here = policy(&world).await?;
        for part in ["connect-src 'self' https://map.example.vn:8443;", "blob: https://map.example.vn:8443;"] {
            assert!(here.contains(part), "{here}");
        }
        assert!(here.contains("script-src 'self' 'wasm-unsafe-eval';"), "scripts come from nowhere else: {here}");
        // The other process asks again after ten seconds.
        assert!(!policy(&sibling).await?.contains("https://"));
        world.clock.advance_ms(10_000);
        assert_eq!(policy(&sibling).await?, here);
        Ok(())
    })
    .await
}

#[test]
fn only_a_plain_https_origin_gets_into_a_policy() {
    assert_eq!(origin_of("https://Tiles.example.vn/a/b.json?x=1").as_deref(), Some("https://tiles.example.vn"));
    for url in [
        "http://tiles.example.vn/",
        "//tiles.example.vn/",
        "tiles.example.vn",
        "https://",
        "https://a b/",
        "https://x;script-src%20*/",
        "https://x'unsafe-inline'/",
        "https://*.example.vn/",
        "https://[::1]/",
        "javascript:alert(1)",
        "data:text/html,x",
    ] {
        assert_eq!(origin_of(url), None, "{url}");
    }
}
