//! Plans as callers see them, on both engines.

use serde_json::{Value, json};
use sync_core::id::Role::{Administrator, Coordinator, Guard, Officer};

use crate::db::testing::{Failure, on_each};
use crate::register::desk::Desk;

/// Sessions planned in a year for a village.
async fn planned(desk: &mut Desk, unit: &str, village: &str) -> Result<i64, Failure> {
    let target = format!("/v1/coverage?unit={unit}&from=2026-01&to=2026-12&bucket=year");
    let coverage = desk.read(Coordinator, &target).await?;
    let villages = coverage["villages"].as_array().ok_or("villages")?;
    let found = villages.iter().find(|found| found["village"] == village).ok_or("listed")?;
    Ok(found["periods"][0]["planned"].as_i64().ok_or("planned")?)
}

fn ids(plans: &Value) -> Vec<&str> {
    plans["plans"].as_array().into_iter().flatten().filter_map(|plan| plan["id"].as_str()).collect()
}

#[tokio::test]
async fn the_narrowest_plan_counts_and_one_taken_back_leaves_the_wider() -> Result<(), Failure> {
    on_each(async |db| {
        let mut desk = Desk::new(db).await?;
        let (unit, village) = ("2025-06838", "06859-khe-van");
        assert_eq!(planned(&mut desk, unit, village).await?, 4, "the plan for all");
        let border = json!({ "rule": "land-border", "sessions": 2, "per": "quarter" });
        desk.enter(Coordinator, "/v1/plans", &border).await?;
        assert_eq!(planned(&mut desk, unit, village).await?, 8, "a commune on the border");
        let of_unit = json!({ "area": unit, "sessions": 1, "per": "month" });
        desk.enter(Coordinator, "/v1/plans", &of_unit).await?;
        assert_eq!(planned(&mut desk, unit, village).await?, 12);
        let own = json!({ "village": village, "sessions": 3, "per": "year" });
        let plans = desk.enter(Coordinator, "/v1/plans", &own).await?;
        assert_eq!(planned(&mut desk, unit, village).await?, 3);
        let expected = ["all", "land-border", "2025-06838", "2025-06841", "2025-06931", village];
        assert_eq!(
            ids(&plans).iter().copied().collect::<std::collections::BTreeSet<_>>(),
            expected.into_iter().collect()
        );
        let told = desk.told("plan.set").await?;
        assert_eq!((&told["subject"], &told["detail"]["to"]["sessions"]), (&json!(village), &json!(3)));
        for (body, left) in [
            (json!({ "village": village, "sessions": 0, "per": "year" }), 12),
            (json!({ "area": unit, "sessions": 0, "per": "year" }), 8),
            (json!({ "rule": "land-border", "sessions": 0, "per": "year" }), 4),
            (json!({ "rule": "all", "sessions": 0, "per": "year" }), 0),
        ] {
            desk.enter(Coordinator, "/v1/plans", &body).await?;
            assert_eq!(planned(&mut desk, unit, village).await?, left, "{body}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn plans_are_set_by_coordinators_and_seen_in_the_own_areas() -> Result<(), Failure> {
    on_each(async |db| {
        let mut desk = Desk::new(db).await?;
        let plan = json!({ "area": "2025-06838", "sessions": 5, "per": "year" });
        for role in [Guard, Officer, Administrator] {
            assert_eq!(desk.refused(role, "/v1/plans", &plan).await?.0, "request.forbidden", "{role}");
        }
        desk.enter(Coordinator, "/v1/plans", &plan).await?;
        let seen = desk.read(Officer, "/v1/plans").await?;
        assert_eq!(ids(&seen), ["all", "2025-06841"]);
        assert_eq!(seen["plans"][1]["scope"], json!({ "area": { "id": "2025-06841", "name": "Xã Hoành Mô" } }));
        for (field, body) in [
            ("village", json!({ "sessions": 1, "per": "year" })),
            ("village", json!({ "area": "2025-06838", "rule": "all", "sessions": 1, "per": "year" })),
            ("village", json!({ "village": "nowhere", "sessions": 1, "per": "year" })),
            ("area", json!({ "area": "2025-99999", "sessions": 1, "per": "year" })),
            ("rule", json!({ "rule": "coast", "sessions": 1, "per": "year" })),
            ("sessions", json!({ "rule": "all", "sessions": 367, "per": "year" })),
        ] {
            assert_eq!(desk.refused(Coordinator, "/v1/plans", &body).await?.1, field, "{body}");
        }
        Ok(())
    })
    .await
}
