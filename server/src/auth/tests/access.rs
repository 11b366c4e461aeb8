//! Enrolling, signing in, refreshing, being shut out.

use axum::http::StatusCode;
use serde_json::{Value, json};
use sync_core::id::Role;

use super::area;
use crate::audit::Actor;
use crate::auth::testing::{PASSWORD, START, TestDevice, World};
use crate::auth::{Principal, Scope, check_again};
use crate::db::testing::{Failure, on_each};
use crate::problem::Problem;
use crate::{account, device, on_db};

const DAY_MS: i64 = 86_400_000;

#[tokio::test]
async fn a_lost_enrolment_answer_is_asked_for_again() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let account = world.account("hai", Role::Guard, &[area(6841)]).await?;
        let code = world.code(&account).await?;
        let mut device = TestDevice::new();
        let first = device.take(world.send("POST", "/v1/enrolments", &device.enrolment(&code)).await?)?;
        let again = device.take(world.send("POST", "/v1/enrolments", &device.enrolment(&code)).await?)?;
        let (first, again) = (first.certificate.ok_or("first")?, again.certificate.ok_or("again")?);
        assert_eq!(first.jwt, again.jwt);
        assert_eq!(first.recorder, account.recorder());
        assert_eq!(device.get(&world, "/v1/devices").await?.body.as_array().map(Vec::len), Some(1));
        // Also after the code has ended; but for no other key.
        world.clock.advance_ms(2 * 3_600_000);
        assert_eq!(world.send("POST", "/v1/enrolments", &device.enrolment(&code)).await?.status, StatusCode::OK);
        let other = world.send("POST", "/v1/enrolments", &TestDevice::new().enrolment(&code)).await?;
        assert_eq!(other.code(), "enrolment.code-used");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn of_many_devices_with_one_code_one_is_enrolled() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let account = world.account("hai", Role::Guard, &[area(6841)]).await?;
        let code = world.code(&account).await?;
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let (world, body) = (world.clone(), TestDevice::new().enrolment(&code));
            calls.spawn(async move { world.send("POST", "/v1/enrolments", &body).await });
        }
        let answers = calls.join_all().await.into_iter().collect::<Result<Vec<_>, _>>()?;
        let enrolled = answers.iter().filter(|answer| answer.status == StatusCode::OK).count();
        let refused = answers.iter().filter(|answer| answer.code() == "enrolment.code-used").count();
        assert_eq!((enrolled, refused), (1, 7), "{answers:?}");
        assert_eq!(device::list(db).await?.len(), 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_bad_enrolment_names_its_fault() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let account = world.account("hai", Role::Guard, &[area(6841)]).await?;
        let code = world.code(&account).await?;
        let device = TestDevice::new();
        let with = |name: &str, value: Value| {
            let mut body = device.enrolment(&code);
            body[name] = value;
            body
        };
        let other = crate::auth::code::fresh();
        for (body, expected, field) in [
            (with("code", json!("0000-0000")), "body.field", "code"),
            (with("public_key", json!("00".repeat(32))), "body.field", "public_key"),
            (with("label", json!("")), "body.field", "label"),
            (with("signature", json!("00")), "body.field", "signature"),
            (with("signature", json!("00".repeat(64))), "enrolment.signature", "signature"),
            (with("code", json!(other.shown())), "enrolment.signature", "signature"),
            (device.enrolment(&other), "enrolment.code-unknown", "code"),
        ] {
            let answer = world.send("POST", "/v1/enrolments", &body).await?;
            assert_eq!((answer.code(), answer.body["field"].as_str()), (expected, Some(field)), "{answer:?}");
        }
        world.clock.advance_ms(3_600_000);
        let late = world.send("POST", "/v1/enrolments", &device.enrolment(&code)).await?;
        assert_eq!((late.status, late.code()), (StatusCode::GONE, "enrolment.code-expired"));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn lost_refresh_answers_log_nobody_out() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let mut device = world.device("hai", Role::Guard, &[area(6841)]).await?;
        let first = device.clone();
        for _ in 0..5 {
            // The answer is lost: the device keeps nothing of it.
            let lost = world.send("POST", "/v1/tokens", &device.token_request()).await?;
            assert_eq!(lost.status, StatusCode::OK);
        }
        assert_eq!(first.clone().get(&world, "/v1/devices").await?.status, StatusCode::OK);
        device.refresh(&world).await?;
        assert_eq!(device.get(&world, "/v1/devices").await?.status, StatusCode::OK);
        world.clock.advance_ms(600_000);
        assert_eq!(device.get(&world, "/v1/devices").await?.code(), "token.expired");
        device.refresh(&world).await?;
        assert_eq!(device.get(&world, "/v1/devices").await?.status, StatusCode::OK);
        const SIGN_INS: &str = "select count(*) from sign_in";
        let sign_ins: i64 = on_db!(db, |c| sqlx::query_scalar(SIGN_INS).fetch_one(c).await)?;
        assert_eq!(sign_ins, 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_a_device_has_is_not_sent_again() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let mut device = world.device("hai", Role::Guard, &[area(6841)]).await?;
        let grant = device.refresh(&world).await?;
        assert!(grant.certificate.is_some() && grant.server.is_some());
        let mut request = device.token_request();
        request["certificate_no"] = json!(device.certificate_no);
        request["server_keys"] = json!(grant.server_keys_version);
        let grant = device.take(world.send("POST", "/v1/tokens", &request).await?)?;
        assert!(grant.certificate.is_none() && grant.server.is_none());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_certificate_is_renewed_past_half_its_life_and_when_rights_change() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let mut device = world.device("hai", Role::Guard, &[area(1)]).await?;
        for _ in 0..2 {
            world.clock.advance_ms(80 * DAY_MS);
            device.refresh(&world).await?;
            assert_eq!(device.certificate_no, 1);
        }
        world.clock.advance_ms(50 * DAY_MS);
        device.refresh(&world).await?;
        assert_eq!(device.certificate_no, 2);
        let id = account::list(db).await?[0].id;
        let now = world.app.now();
        let change = account::Change { areas: Some(vec![area(1), area(2)]), ..account::Change::default() };
        db.write(async |tx| account::change(tx, Actor::CommandLine, id, &change, now).await).await?;
        let grant = device.refresh(&world).await?;
        let certificate = grant.certificate.ok_or("a certificate")?;
        assert_eq!((certificate.no.0, certificate.areas), (3, vec![area(1), area(2)]));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_expired_sign_in_needs_the_password_once() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let mut device = world.device("hai", Role::Guard, &[area(6841)]).await?;
        world.clock.advance_ms(91 * DAY_MS);
        let expired = world.send("POST", "/v1/tokens", &device.token_request()).await?;
        assert_eq!(expired.code(), "sign-in.expired");
        let wrong = world.send("POST", "/v1/sign-ins", &device.sign_in("hai", "suối khô 2026")).await?;
        assert_eq!(wrong.code(), "sign-in.refused");
        device.take(world.send("POST", "/v1/sign-ins", &device.sign_in("HAI", PASSWORD)).await?)?;
        assert_eq!(device.get(&world, "/v1/devices").await?.status, StatusCode::OK);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn every_wrong_sign_in_has_the_same_answer() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let device = world.device("hai", Role::Guard, &[area(1)]).await?;
        let other = world.device("tam", Role::Guard, &[area(1)]).await?;
        let mut stolen_id = TestDevice::new().sign_in("hai", PASSWORD);
        stolen_id["device_id"] = json!(device.id());
        let mut answers = Vec::new();
        for body in [
            device.sign_in("hai", "not the password"),
            device.sign_in("nobody", PASSWORD),
            device.sign_in("tên lạ", PASSWORD),
            other.sign_in("hai", PASSWORD),
            TestDevice::new().sign_in("hai", PASSWORD),
            stolen_id,
        ] {
            answers.push(world.send("POST", "/v1/sign-ins", &body).await?);
        }
        assert_eq!(answers[0].code(), "sign-in.refused");
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn attempts_are_limited_across_processes() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let sibling = world.sibling()?;
        let device = world.device("hai", Role::Guard, &[area(1)]).await?;
        let outsider = world.device("tam", Role::Guard, &[area(1)]).await?;
        for _ in 0..15 {
            // Another person's device cannot use up the attempts of this account.
            let answer = world.send("POST", "/v1/sign-ins", &outsider.sign_in("hai", "đoán mò 2026")).await?;
            assert_eq!(answer.code(), "sign-in.refused");
        }
        for attempt in 0..10 {
            let at = if attempt % 2 == 0 { &world } else { &sibling };
            let answer = at.send("POST", "/v1/sign-ins", &device.sign_in("hai", "đoán mò 2026")).await?;
            assert_eq!(answer.code(), "sign-in.refused", "{attempt}");
        }
        let answer = sibling.send("POST", "/v1/sign-ins", &device.sign_in("hai", PASSWORD)).await?;
        assert_eq!((answer.status, answer.code()), (StatusCode::TOO_MANY_REQUESTS, "sign-in.too-many-attempts"));
        assert_eq!(answer.retry_after.as_deref(), Some("900"));
        world.clock.advance_ms(900_000);
        let answer = sibling.send("POST", "/v1/sign-ins", &device.sign_in("hai", PASSWORD)).await?;
        assert_eq!(answer.status, StatusCode::OK);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn enrolment_attempts_are_limited_per_address() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let body = TestDevice::new().enrolment(&crate::auth::code::fresh());
        for _ in 0..60 {
            assert_eq!(world.send("POST", "/v1/enrolments", &body).await?.code(), "enrolment.code-unknown");
        }
        let answer = world.send("POST", "/v1/enrolments", &body).await?;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        Ok(())
    })
    .await
}

/// The principal of a device, as its next request would have it.
async fn principal(world: &World, device: &TestDevice) -> Result<Principal, Failure> {
    use axum::extract::FromRequest;
    let request = device.clone().request("GET", "/v1/devices", Vec::new())?;
    // A token of its own, so that the counter stays the device's.
    let fresh = world.sibling()?;
    Ok(Principal::from_request(request, &fresh.app).await.map_err(|problem: Problem| format!("{problem:?}"))?)
}

#[tokio::test]
async fn a_revocation_holds_at_the_next_request_and_inside_a_running_one() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let mut device = world.device("hai", Role::Guard, &[area(1)]).await?;
        let principal = principal(&world, &device).await?;
        let mut tx = db.begin().await?;
        check_again(&mut tx, &principal, START).await.map_err(|problem| format!("{problem:?}"))?;
        tx.rollback().await?;
        let id = device.id();
        db.write(async |tx| device::revoke(tx, Actor::CommandLine, id, "mất máy", START).await).await?;
        let mut tx = db.begin().await?;
        let refused = check_again(&mut tx, &principal, START).await;
        assert_eq!(refused.map_err(|problem| problem.code()), Err("device.revoked"));
        tx.rollback().await?;
        let answer = device.get(&world, "/v1/devices").await?;
        assert_eq!((answer.status, answer.code()), (StatusCode::FORBIDDEN, "device.revoked"));
        for body in [device.token_request(), device.sign_in("hai", PASSWORD)] {
            let route = if body["password"].is_null() { "/v1/tokens" } else { "/v1/sign-ins" };
            assert_eq!(world.send("POST", route, &body).await?.code(), "device.revoked", "{route}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn changed_rights_stop_a_running_write() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let device = world.device("hai", Role::Guard, &[area(1), area(2)]).await?;
        let principal = principal(&world, &device).await?;
        let fewer = account::Change { areas: Some(vec![area(2)]), ..account::Change::default() };
        db.write(async |tx| account::change(tx, Actor::CommandLine, principal.account, &fewer, START).await).await?;
        let mut tx = db.begin().await?;
        let refused = check_again(&mut tx, &principal, START).await;
        assert_eq!(refused.map_err(|problem| problem.code()), Err("auth.changed"));
        const ENDED: &str = "select code, ended_at_ms from certificate_area order by code";
        let ended: Vec<(i64, Option<i64>)> = on_db!(tx, |c| sqlx::query_as(ENDED).fetch_all(c).await)?;
        assert_eq!(ended, [(1, Some(START.0)), (2, None)]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_deactivated_account_is_out_at_once() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let mut device = world.device("hai", Role::Guard, &[area(1)]).await?;
        let id = account::list(db).await?[0].id;
        let out = account::Change { active: Some(false), ..account::Change::default() };
        db.write(async |tx| account::change(tx, Actor::CommandLine, id, &out, START).await).await?;
        assert_eq!(device.get(&world, "/v1/devices").await?.code(), "account.deactivated");
        let answer = world.send("POST", "/v1/tokens", &device.token_request()).await?;
        assert_eq!(answer.code(), "account.deactivated");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_officer_sees_the_old_units_of_the_area() -> Result<(), Failure> {
    on_each(async |db| {
        const EDGE: &str = "insert into unit_lineage (from_generation, from_code, to_generation, to_code, whole, main)
            values (2024, 6838, 2025, 6841, $1, $1)";
        const UNIT: &str =
            "insert into unit (generation, code, name, folded_name, kind) values ($1, $2, 'x', 'x', 'xã')";
        let world = World::new(db).await?;
        let mut tx = db.begin().await?;
        for (generation, code) in [(2024_i64, 6838_i64), (2025, 6841)] {
            on_db!(tx, |c| sqlx::query(UNIT).bind(generation).bind(code).execute(c).await.map(drop))?;
        }
        on_db!(tx, |c| sqlx::query(EDGE).bind(true).execute(c).await.map(drop))?;
        tx.commit().await?;
        let device = world.device("lan", Role::Officer, &[area(6841)]).await?;
        let principal = principal(&world, &device).await?;
        assert!(principal.areas.contains(sync_core::id::AreaId { generation: 2024, code: 6838 }));
        let coordinator = world.device("minh", Role::Coordinator, &[]).await?;
        assert_eq!(self::principal(&world, &coordinator).await?.areas, Scope::All);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_restored_server_knows_its_devices_by_their_certificates() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let mut device = world.device("hai", Role::Guard, &[area(1)]).await?;
        // What a backup from before the enrolment would hold.
        let mut tx = db.begin().await?;
        for wipe in [
            "delete from sign_in",
            "delete from certificate_area",
            "delete from certificate",
            "delete from enrolment_code",
            "delete from device where account_id is not null",
        ] {
            on_db!(tx, |c| sqlx::query(wipe).execute(c).await.map(drop))?;
        }
        tx.commit().await?;
        let answer = world.send("POST", "/v1/tokens", &device.token_request()).await?;
        assert_eq!(answer.code(), "certificate.wanted");
        let mut request = device.token_request();
        request["certificate"] = json!(device.certificate);
        let grant = device.take(world.send("POST", "/v1/tokens", &request).await?)?;
        assert_eq!(grant.certificate.map(|certificate| certificate.no.0), Some(1));
        assert_eq!(device.get(&world, "/v1/devices").await?.status, StatusCode::OK);
        Ok(())
    })
    .await
}
