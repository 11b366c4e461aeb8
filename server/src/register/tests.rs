//! Registers as callers see them, on both engines.

use serde_json::json;
use sync_core::id::Role::{Administrator, Coordinator, Guard, Officer};

use super::desk::Desk;
use crate::db::testing::{Failure, on_each};

#[tokio::test]
async fn media_are_entered_summed_and_voided_and_never_leave_the_list() -> Result<(), Failure> {
    on_each(async |db| {
        let mut desk = Desk::new(db).await?;
        let broadcast = json!({ "kind": "broadcast", "published_on": "2026-11-20", "quantity": 12, "minutes": 96,
            "unit": "2025-06841", "note": "Loa xã" });
        let own = desk.enter(Officer, "/v1/media", &broadcast).await?;
        assert_eq!((&own["unit_name"], &own["void"]), (&json!("Xã Hoành Mô"), &json!(null)));
        assert_eq!(own["entered_by_name"], "Đồng chí officer");
        let item = json!({ "kind": "news_item", "published_on": "2026-11-21", "quantity": 3 });
        let province = desk.enter(Coordinator, "/v1/media", &item).await?;
        let all = desk.read(Coordinator, "/v1/media?from=2026-11-01&to=2026-11-30").await?;
        assert_eq!(all["totals"], json!({ "news_item": 3, "article": 0, "broadcast": 12, "minutes": 96 }));
        // An officer sees what is of the officer's units.
        let seen = desk.read(Officer, "/v1/media").await?;
        assert_eq!((seen["media"].as_array().map(Vec::len), &seen["totals"]["news_item"]), (Some(1), &json!(0)));
        let void = format!("/v1/media/{}/void", province["id"]);
        let reason = json!({ "reason": "nhập trùng" });
        assert_eq!(desk.refused(Officer, &void, &reason).await?.0, "entry.unknown");
        let voided = desk.enter(Coordinator, &void, &reason).await?;
        assert_eq!(voided["void"], "nhập trùng");
        assert_eq!(desk.refused(Coordinator, &void, &reason).await?.0, "entry.void");
        let all = desk.read(Administrator, "/v1/media").await?;
        assert_eq!((all["media"].as_array().map(Vec::len), &all["totals"]["news_item"]), (Some(2), &json!(0)));
        assert_eq!(desk.told("media.voided").await?["detail"], reason);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn meetings_count_for_the_clubs_of_the_own_areas() -> Result<(), Failure> {
    on_each(async |db| {
        let mut desk = Desk::new(db).await?;
        let meeting = json!({ "held_on": "2026-11-10", "meetings": 2 });
        let target = "/v1/clubs/c-06658/meetings";
        let made = desk.enter(Coordinator, target, &meeting).await?;
        assert_eq!((&made["club"], &made["meetings"]), (&json!("c-06658"), &json!(2)));
        // The club is in Hạ Long, the officer in Hoành Mô.
        assert_eq!(desk.refused(Officer, target, &meeting).await?.0, "club.unknown");
        let seen = desk.read(Officer, "/v1/clubs").await?;
        assert_eq!(seen, json!({ "clubs": [], "meetings": [] }));
        let all = desk.read(Coordinator, "/v1/clubs?from=2026-11-01&to=2026-11-30").await?;
        let club = all["clubs"].as_array().and_then(|clubs| clubs.iter().find(|club| club["id"] == "c-06658"));
        let club = club.ok_or("listed")?;
        assert_eq!((&club["meetings"], &club["area"]), (&json!(2), &json!("2023-06658")));
        assert!(club["unit"].as_str().is_some_and(|unit| unit.starts_with("2025-")), "{club}");
        let before = desk.read(Coordinator, "/v1/clubs?to=2026-10-31").await?;
        assert_eq!(before["meetings"], json!([]));
        let void = format!("/v1/club-meetings/{}/void", made["id"]);
        assert_eq!(desk.refused(Officer, &void, &json!({ "reason": "sai ngày" })).await?.0, "entry.unknown");
        desk.enter(Coordinator, &void, &json!({ "reason": "sai ngày" })).await?;
        let all = desk.read(Coordinator, "/v1/clubs").await?;
        assert_eq!((&all["clubs"][0]["meetings"], &all["meetings"][0]["void"]), (&json!(0), &json!("sai ngày")));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn figures_of_the_province_are_the_coordinators_to_enter() -> Result<(), Failure> {
    on_each(async |db| {
        let mut desk = Desk::new(db).await?;
        let figure = json!({ "code": "illegal_exits", "from": "2023-01-01", "to": "2023-12-31", "quantity": 391,
            "source": "Báo cáo năm 2023" });
        for role in [Guard, Officer, Administrator] {
            assert_eq!(desk.refused(role, "/v1/figures", &figure).await?.0, "request.forbidden", "{role}");
        }
        let made = desk.enter(Coordinator, "/v1/figures", &figure).await?;
        let found = desk.read(Officer, "/v1/figures?from=2023-12-01&to=2024-03-01").await?;
        assert_eq!(
            (&found["figures"][0]["quantity"], &found["codes"][0]["code"]),
            (&json!(391), &json!("illegal_exits"))
        );
        let later = desk.read(Officer, "/v1/figures?from=2024-01-01").await?;
        assert_eq!(later["figures"], json!([]));
        let void = format!("/v1/figures/{}/void", made["id"]);
        let voided = desk.enter(Coordinator, &void, &json!({ "reason": "số liệu cũ" })).await?;
        assert_eq!(voided["void"], "số liệu cũ");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_row_that_is_not_accepted_names_its_field() -> Result<(), Failure> {
    on_each(async |db| {
        let mut desk = Desk::new(db).await?;
        let media = |change: &str, value: serde_json::Value| {
            let mut body = json!({ "kind": "broadcast", "published_on": "2026-11-20", "quantity": 1,
                "unit": "2025-06841" });
            body[change] = value;
            body
        };
        for (field, value) in [
            ("kind", json!("film")),
            ("published_on", json!("2026-11-24")),
            ("published_on", json!("20/11/2026")),
            ("quantity", json!(0)),
            ("minutes", json!(-3)),
            ("unit", json!("2025-06838")),
            ("unit", json!(null)),
            ("note", json!("gọi 0912 345 678")),
            ("note", json!("x".repeat(301))),
        ] {
            let (code, named) = desk.refused(Officer, "/v1/media", &media(field, value.clone())).await?;
            assert_eq!((code.as_str(), named.as_str()), ("body.field", field), "{value}");
        }
        let figure =
            json!({ "code": "victims", "from": "2023-01-01", "to": "2022-12-31", "quantity": 1, "source": "abc" });
        assert_eq!(desk.refused(Coordinator, "/v1/figures", &figure).await?.1, "code");
        assert_eq!(desk.get(Coordinator, "/v1/figures?from=2024-01-02&to=2024-01-01").await?.body["field"], "to");
        let nothing = desk.read(Coordinator, "/v1/media").await?;
        assert_eq!(nothing["media"], json!([]));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn guards_read_none_of_it() -> Result<(), Failure> {
    on_each(async |db| {
        let mut desk = Desk::new(db).await?;
        for target in [
            "/v1/media",
            "/v1/clubs",
            "/v1/figures",
            "/v1/plans",
            "/v1/panels",
            "/v1/material/stock",
            "/v1/material/issues",
            "/v1/coverage/trend",
            "/v1/coverage/map",
        ] {
            assert_eq!(desk.get(Guard, target).await?.code(), "request.forbidden", "{target}");
        }
        Ok(())
    })
    .await
}
