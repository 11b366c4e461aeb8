//! Who may manage whom, and what is written down of it.

use axum::http::StatusCode;
use serde_json::json;
use sync_core::id::Role;

use super::area;
use crate::auth::testing::{PASSWORD, World};
use crate::db::DbError;
use crate::db::testing::{Failure, on_each};
use crate::on_db;

#[tokio::test]
async fn an_officer_cannot_touch_other_areas_or_roles() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let mut officer = world.device("lan", Role::Officer, &[area(1)]).await?;
        let near = world.device("hai", Role::Guard, &[area(1)]).await?;
        let both = world.device("ba", Role::Guard, &[area(1), area(2)]).await;
        assert!(both.is_err(), "a username has three characters");
        let both = world.device("bay", Role::Guard, &[area(1), area(2)]).await?;
        let far = world.device("tam", Role::Guard, &[area(2)]).await?;
        let chief = world.device("minh", Role::Administrator, &[]).await?;

        let seen = officer.get(&world, "/v1/devices").await?;
        let mut seen: Vec<_> = seen.body.as_array().ok_or("a list")?.iter().map(|d| d["id"].clone()).collect();
        let mut expected = vec![json!(officer.id()), json!(near.id()), json!(both.id())];
        seen.sort_by_key(ToString::to_string);
        expected.sort_by_key(ToString::to_string);
        assert_eq!(seen, expected);

        let reason = json!({ "reason": "mất máy" });
        let revoke = |device: &crate::auth::testing::TestDevice| format!("/v1/devices/{}/revoke", device.id());
        assert_eq!(officer.post(&world, &revoke(&far), &reason).await?.code(), "device.unknown");
        assert_eq!(officer.post(&world, &revoke(&chief), &reason).await?.code(), "device.unknown");
        assert_eq!(officer.post(&world, &revoke(&both), &reason).await?.code(), "request.forbidden");
        let answer = officer.post(&world, &revoke(&near), &json!({ "reason": "" })).await?;
        assert_eq!((answer.code(), answer.body["field"].as_str()), ("body.field", Some("reason")));
        assert_eq!(officer.post(&world, &revoke(&near), &reason).await?.status, StatusCode::OK);
        assert_eq!(officer.post(&world, &revoke(&near), &reason).await?.code(), "device.revoked-already");

        let new = |name: &str, role: &str, areas: &[&str]| {
            json!({ "username": name, "display_name": "Mới", "role": role, "areas": areas, "password": PASSWORD })
        };
        for body in [
            new("moi", "guard", &["2025-00002"]),
            new("moi", "guard", &["2025-00001", "2025-00002"]),
            new("moi", "guard", &[]),
            new("moi", "officer", &["2025-00001"]),
            new("moi", "administrator", &[]),
        ] {
            assert_eq!(officer.post(&world, "/v1/accounts", &body).await?.code(), "request.forbidden", "{body}");
        }
        let made = officer.post(&world, "/v1/accounts", &new("moi", "guard", &["2025-00001"])).await?;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        assert!(!made.body.to_string().contains("password") && !made.body.to_string().contains("argon2"));
        let own = format!("/v1/accounts/{}", made.body["id"]);
        for body in [json!({ "role": "officer" }), json!({ "areas": ["2025-00002"] })] {
            assert_eq!(officer.post(&world, &own, &body).await?.code(), "request.forbidden", "{body}");
        }
        let code = officer.post(&world, "/v1/enrolment-codes", &json!({ "account_id": made.body["id"] })).await?;
        assert_eq!(code.status, StatusCode::CREATED);
        let open = officer.get(&world, "/v1/enrolment-codes").await?;
        assert_eq!(open.body.as_array().map(Vec::len), Some(1), "{open:?}");
        assert!(!open.body.to_string().contains(code.body["code"].as_str().ok_or("a code")?));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_guard_and_a_coordinator_manage_nobody() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let other = world.device("tam", Role::Guard, &[area(1)]).await?;
        for mut device in
            [world.device("hai", Role::Guard, &[area(1)]).await?, world.device("minh", Role::Coordinator, &[]).await?]
        {
            let body = json!({ "username": "moi", "display_name": "Mới", "role": "guard",
                "areas": ["2025-00001"], "password": PASSWORD });
            assert_eq!(device.post(&world, "/v1/accounts", &body).await?.code(), "request.forbidden");
            let target = format!("/v1/devices/{}/revoke", other.id());
            let answer = device.post(&world, &target, &json!({ "reason": "thử xem" })).await?;
            assert!(answer.status.is_client_error(), "{answer:?}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn every_administrative_write_leaves_a_row_without_secrets() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let mut chief = world.device("minh", Role::Administrator, &[]).await?;
        let body = json!({ "username": "hai", "display_name": "Hải", "role": "guard",
            "areas": ["2025-00001"], "password": PASSWORD });
        let made = chief.post(&world, "/v1/accounts", &body).await?;
        let own = format!("/v1/accounts/{}", made.body["id"]);
        let code = chief.post(&world, "/v1/enrolment-codes", &json!({ "account_id": made.body["id"] })).await?;
        chief.post(&world, &own, &json!({ "password": "đồi chè 2027" })).await?;
        chief.post(&world, &own, &json!({ "areas": ["2025-00002"] })).await?;
        chief.post(&world, &own, &json!({ "active": false })).await?;
        const ROWS: &str = "select action, account_id, device_id is not null, detail from audit order by id";
        let rows: Vec<(String, Option<i64>, bool, String)> = on_db!(db, |c| sqlx::query_as(ROWS).fetch_all(c).await)?;
        let by_chief: Vec<_> = rows.iter().filter(|row| row.1.is_some() && row.2).map(|row| row.0.as_str()).collect();
        assert_eq!(
            by_chief,
            [
                "device.enrolled",
                "account.created",
                "enrolment-code.issued",
                "account.password-reset",
                "account.rights-changed",
                "account.deactivated",
            ]
        );
        let all: String = rows.iter().map(|row| row.3.as_str()).collect();
        let shown = code.body["code"].as_str().ok_or("a code")?;
        for secret in [PASSWORD, "đồi chè 2027", "argon2", shown, &shown.replace('-', "")] {
            assert!(!all.contains(secret), "{all}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_last_administrator_stays() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let mut chief = world.device("minh", Role::Administrator, &[]).await?;
        let own = chief.get(&world, "/v1/accounts").await?.body[0]["id"].clone();
        for body in [json!({ "active": false }), json!({ "role": "coordinator" })] {
            let answer = chief.post(&world, &format!("/v1/accounts/{own}"), &body).await?;
            assert_eq!(answer.code(), "account.last-administrator", "{body}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_bad_account_names_its_fault() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let mut chief = world.device("minh", Role::Administrator, &[]).await?;
        for (field, value, expected) in [
            ("username", json!("x"), "username"),
            ("username", json!("tên có dấu"), "username"),
            ("display_name", json!(""), "display_name"),
            ("role", json!("chief"), "role"),
            ("areas", json!(["2025-1"]), "areas[0]"),
            ("areas", json!([]), "areas"),
            ("password", json!("ngắn"), "password"),
            ("extra", json!(1), "extra"),
        ] {
            let mut body = json!({ "username": "hai", "display_name": "Hải", "role": "guard",
                "areas": ["2025-00001"], "password": PASSWORD });
            body[field] = value;
            let answer = chief.post(&world, "/v1/accounts", &body).await?;
            assert_eq!((answer.code(), answer.body["field"].as_str()), ("body.field", Some(expected)), "{answer:?}");
        }
        let body = json!({ "username": "MINH", "display_name": "Minh", "role": "administrator", "password": PASSWORD });
        assert_eq!(chief.post(&world, "/v1/accounts", &body).await?.code(), "account.username-taken");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_area_that_is_no_unit_is_not_granted() -> Result<(), Failure> {
    on_each(async |db| {
        const UNIT: &str = "insert into unit (generation, code, name, folded_name, kind)
            values (2025, 1, 'x', 'x', 'xã')";
        let world = World::new(db).await?;
        // Before any reference data there is nothing to check by.
        world.account("som", Role::Guard, &[area(9)]).await?;
        db.write(async |tx| Ok::<_, DbError>(on_db!(tx, |c| sqlx::query(UNIT).execute(c).await.map(drop))?)).await?;
        let mut chief = world.device("minh", Role::Administrator, &[]).await?;
        let new = |areas: &[&str]| {
            json!({ "username": "moi", "display_name": "Mới", "role": "guard", "areas": areas, "password": PASSWORD })
        };
        let refused = chief.post(&world, "/v1/accounts", &new(&["2025-00001", "2025-99999"])).await?;
        assert_eq!((refused.code(), refused.body["field"].as_str()), ("body.field", Some("areas")));
        assert!(refused.body["accepted"].as_str().is_some_and(|text| text.contains("2025-99999")), "{refused:?}");
        let made = chief.post(&world, "/v1/accounts", &new(&["2025-00001"])).await?;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        let own = format!("/v1/accounts/{}", made.body["id"]);
        let refused = chief.post(&world, &own, &json!({ "areas": ["2024-00001"] })).await?;
        assert_eq!((refused.code(), refused.body["field"].as_str()), ("body.field", Some("areas")));
        // What was granted before stays, so that other things of the account can be changed.
        let early = crate::account::list(db).await?.into_iter().find(|account| account.username == "som");
        let own = format!("/v1/accounts/{}", early.ok_or("an account")?.id);
        let changed = chief.post(&world, &own, &json!({ "areas": ["2025-00009", "2025-00001"] })).await?;
        assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
        Ok(())
    })
    .await
}
