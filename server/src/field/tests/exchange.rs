//! Devices that meet through the server, and the ways that go around it.

use sync_core::id::Role;
use sync_core::log::Stage;
use sync_core::record::{Decision, RecordView, ReviewState};

use super::*;
use crate::audit::Actor;
use crate::device;
use crate::field::{End, FieldError, Standing};

#[tokio::test]
async fn two_devices_hold_the_same_after_each_synced() -> Result<(), Failure> {
    let world = World::new().await?;
    let mut a = world.enrol("guard-a", Role::Guard, &[AREA]).await?;
    let mut b = world.enrol("guard-b", Role::Guard, &[AREA]).await?;
    let ours = record(&mut a, 42).await?;
    let theirs = record(&mut b, 17).await?;
    for field in [&mut a, &mut b] {
        assert!(matches!(sync(field).await?.end, End::Synced { .. }));
    }
    assert!(matches!(sync(&mut a).await?.end, End::Synced { .. }));
    for id in [ours, theirs] {
        assert_eq!(a.digest(id).await?, b.digest(id).await?);
    }
    assert_eq!(a.list().await?.len(), 2);
    let status = a.status().await?;
    assert_eq!((status.only_here, status.sent, status.stored), (0, 0, 1));
    Ok(())
}

#[tokio::test]
async fn nothing_to_do_is_one_request() -> Result<(), Failure> {
    let world = World::new().await?;
    let mut a = world.enrol("guard-a", Role::Guard, &[AREA]).await?;
    record(&mut a, 42).await?;
    sync(&mut a).await?;
    let report = sync(&mut a).await?;
    assert_eq!(report.traffic.requests, 1);
    assert!(report.traffic.bytes_up + report.traffic.bytes_down < 80, "{:?}", report.traffic);
    Ok(())
}

#[tokio::test]
async fn a_conflict_shows_both_values_with_their_authors_until_a_person_decides() -> Result<(), Failure> {
    let world = World::new().await?;
    let mut a = world.enrol("guard-a", Role::Guard, &[AREA]).await?;
    let mut b = world.enrol("guard-b", Role::Guard, &[AREA]).await?;
    let id = record(&mut a, 42).await?;
    sync(&mut a).await?;
    sync(&mut b).await?;
    assert!(a.edit(id, &attendances(45)).await?);
    assert!(b.edit(id, &attendances(54)).await?);
    sync(&mut a).await?;
    sync(&mut b).await?;
    sync(&mut a).await?;
    let whole = a.whole(id).await?;
    let values: Vec<_> = whole.conflicts[0].values.iter().map(|claim| claim.value.to_text()).collect();
    let authors: Vec<_> = whole.conflicts[0].values.iter().map(|claim| a.name_of(claim.author.device())).collect();
    assert_eq!(whole.conflicts[0].field, "attendances");
    assert!(values.contains(&"45".to_owned()) && values.contains(&"54".to_owned()), "{values:?}");
    assert!(authors.contains(&"Đồng chí guard-a".to_owned()) && authors.contains(&"Đồng chí guard-b".to_owned()));
    let chosen = whole.conflicts[0].values[1].value.clone();
    b.resolve(id, "attendances", &chosen).await?;
    sync(&mut b).await?;
    sync(&mut a).await?;
    assert!(a.whole(id).await?.conflicts.is_empty());
    assert_eq!(a.digest(id).await?, b.digest(id).await?);
    Ok(())
}

#[tokio::test]
async fn a_review_is_bound_to_what_was_read() -> Result<(), Failure> {
    let world = World::new().await?;
    let mut guard = world.enrol("guard-a", Role::Guard, &[AREA]).await?;
    let mut officer = world.enrol("officer", Role::Officer, &[AREA]).await?;
    let id = record(&mut guard, 42).await?;
    sync(&mut guard).await?;
    sync(&mut officer).await?;
    officer.review(id, Decision::Confirm, "").await?;
    assert_eq!(officer.whole(id).await?.review_state, Some(ReviewState::Confirmed));
    sync(&mut officer).await?;
    sync(&mut guard).await?;
    assert_eq!(guard.whole(id).await?.review_state, Some(ReviewState::Confirmed));
    guard.edit(id, &attendances(43)).await?;
    assert_eq!(guard.whole(id).await?.review_state, Some(ReviewState::Amended));
    assert!(officer.review(id, Decision::Return, " ").await.is_err(), "a comment is required");
    Ok(())
}

#[tokio::test]
async fn a_file_carried_by_a_colleague_brings_records_there_and_receipts_back() -> Result<(), Failure> {
    let world = World::new().await?;
    let mut a = world.enrol("guard-a", Role::Guard, &[AREA]).await?;
    let mut b = world.enrol("guard-b", Role::Guard, &[AREA]).await?;
    let id = record(&mut a, 42).await?;
    let exported = a.export().await?;
    assert_eq!(exported.changes, 1);
    assert!(!String::from_utf8_lossy(&exported.bytes).contains("Khe"), "encrypted");
    let carried = b.carry(exported.bytes).await?;
    assert_eq!((carried.logs, carried.held), (1, 0));
    assert!(matches!(b.import_receipts(&carried.receipts).await, Err(FieldError::NotReceipts)));
    a.import_receipts(&carried.receipts).await?;
    assert_eq!(a.status().await?.stored, 1);
    assert_eq!(*a.device().receipts(Stage::Stored), a.device().inventory());
    sync(&mut b).await?;
    assert_eq!(a.digest(id).await?, b.digest(id).await?);
    assert_eq!(a.export().await?.changes, 0);
    Ok(())
}

#[tokio::test]
async fn without_a_server_everything_but_enrol_and_sync_works() -> Result<(), Failure> {
    let mut world = World::new().await?;
    let mut a = world.enrol("guard-a", Role::Guard, &[AREA]).await?;
    world.stop().await;
    let id = record(&mut a, 42).await?;
    assert!(a.edit(id, &attendances(44)).await?);
    assert!(!a.edit(id, &attendances(44)).await?, "nothing changed");
    assert!(matches!(a.sync(&mut |_, _| {}).await, Err(FieldError::Unreachable(_))));
    a.close().await?;
    let mut a = world.open("guard-a").await?;
    let whole = a.whole(id).await?;
    assert!(matches!(&whole.view, RecordView::Session(view) if view.fields.attendances.value() == Some(&44)));
    assert_eq!(whole.history.len(), 2);
    assert!(a.list().await?[0].standing < Standing::Stored);
    assert!(a.reference().villages().count() > 0, "the villages are here without signal");
    assert_eq!(a.export().await?.changes, 2);
    world.start().await?;
    a.move_server(&world.address).await?;
    assert!(matches!(sync(&mut a).await?.end, End::Synced { .. }));
    Ok(())
}

#[tokio::test]
async fn a_revoked_device_deposits_what_only_it_held() -> Result<(), Failure> {
    let world = World::new().await?;
    let mut a = world.enrol("guard-a", Role::Guard, &[AREA]).await?;
    record(&mut a, 42).await?;
    let id = a.who().device;
    let now = world.app.now();
    world.app.db.write(async |tx| device::revoke(tx, Actor::CommandLine, id, "lost", now).await).await?;
    let report = sync(&mut a).await?;
    let End::Deposited { refusal } = report.end else { panic!("{:?}", report.end) };
    assert_eq!(refusal.code, "device.revoked");
    assert_eq!(report.sent, 1);
    assert_eq!(a.status().await?.stored, 1);
    Ok(())
}

#[tokio::test]
async fn a_deactivated_account_deposits_into_quarantine_and_is_told_so() -> Result<(), Failure> {
    let world = World::new().await?;
    let mut a = world.enrol("guard-a", Role::Guard, &[AREA]).await?;
    record(&mut a, 55).await?;
    let (id, now) = (i64::from(a.who().recorder.0), world.app.now());
    let out = account::Change { active: Some(false), ..account::Change::default() };
    world.app.db.write(async |tx| account::change(tx, Actor::CommandLine, id, &out, now).await).await?;
    let report = sync(&mut a).await?;
    assert!(matches!(&report.end, End::Deposited { refusal } if refusal.code == "account.deactivated"));
    assert_eq!(reasons(&world).await?, [Some("account-deactivated".to_owned())]);
    Ok(())
}

/// The reason of each stored change.
async fn reasons(world: &World) -> Result<Vec<Option<String>>, Failure> {
    const ALL: &str = "select reason from change order by batch_id, ordinal";
    Ok(crate::on_db!(world.app.db, |c| sqlx::query_scalar(ALL).fetch_all(c).await)?)
}

#[tokio::test]
async fn what_was_recorded_before_an_area_was_taken_away_is_sealed_under_the_new_certificate() -> Result<(), Failure> {
    const CERTIFICATES: &str = "select certificate_no from batch order by id";
    const OTHER: AreaId = AreaId { generation: 2025, code: 6838 };
    let world = World::new().await?;
    let mut a = world.enrol("guard-a", Role::Guard, &[AREA, OTHER]).await?;
    sync(&mut a).await?;
    record(&mut a, 42).await?;
    let (id, now) = (i64::from(a.who().recorder.0), world.app.now());
    let fewer = account::Change { areas: Some(vec![AREA]), ..account::Change::default() };
    world.app.db.write(async |tx| account::change(tx, Actor::CommandLine, id, &fewer, now).await).await?;
    // With the token of before: under the older certificate, in an area that stays.
    assert!(matches!(sync(&mut a).await?.end, End::Synced { .. }));
    record(&mut a, 43).await?;
    world.clock.advance_ms(11 * 60 * 1_000);
    assert!(matches!(sync(&mut a).await?.end, End::Synced { .. }));
    assert_eq!(reasons(&world).await?, [None, None]);
    let numbers: Vec<i64> = crate::on_db!(world.app.db, |c| sqlx::query_scalar(CERTIFICATES).fetch_all(c).await)?;
    assert_eq!(numbers, [1, 2]);
    Ok(())
}

#[tokio::test]
async fn an_expired_sign_in_strands_nothing_and_the_password_lets_in_again() -> Result<(), Failure> {
    let world = World::new().await?;
    let mut a = world.enrol("guard-a", Role::Guard, &[AREA]).await?;
    record(&mut a, 42).await?;
    world.clock.advance_ms(200 * 24 * 3_600 * 1_000);
    let report = sync(&mut a).await?;
    assert!(matches!(&report.end, End::Deposited { refusal } if refusal.code == "sign-in.expired"), "{:?}", report.end);
    assert_eq!(a.status().await?.stored, 1);
    assert!(a.sign_in("guard-a", "sai mật khẩu").await.is_err());
    a.sign_in("guard-a", "suối reo 2026").await?;
    assert!(matches!(sync(&mut a).await?.end, End::Synced { .. }));
    Ok(())
}

#[tokio::test]
async fn a_copied_store_is_found_and_loses_nothing() -> Result<(), Failure> {
    let world = World::new().await?;
    let mut a = world.enrol("guard-a", Role::Guard, &[AREA]).await?;
    record(&mut a, 1).await?;
    sync(&mut a).await?;
    a.close().await?;
    copy(&world.store("guard-a"), &world.store("copy"))?;
    let (mut a, mut twin) = (world.open("guard-a").await?, world.open("copy").await?);
    record(&mut a, 2).await?;
    record(&mut twin, 3).await?;
    sync(&mut a).await?;
    let report = sync(&mut twin).await?;
    let said = |report: &Report| {
        report.notices.iter().any(|notice| matches!(notice, sync_core::device::Notice::StoreCopiedOrRolledBack { .. }))
    };
    assert!(said(&report), "{report:?}");
    sync(&mut a).await?;
    assert_eq!(a.list().await?.len(), 3);
    assert_eq!(twin.list().await?.len(), 3);
    Ok(())
}

#[tokio::test]
async fn a_call_is_signed_and_a_refusal_says_what_is_accepted() -> Result<(), Failure> {
    let world = World::new().await?;
    let mut admin = world.enrol("admin", Role::Administrator, &[]).await?;
    let answer = admin.call("get", "/v1/devices", None).await?;
    assert!(serde_json::from_slice::<serde_json::Value>(&answer).is_ok());
    assert!(matches!(admin.call("get", "/v1/nothing", None).await, Err(FieldError::Refused(_))));
    assert!(matches!(admin.call("brew", "/v1/devices", None).await, Err(FieldError::Value { .. })));
    assert!(matches!(admin.call("get", "v1/devices", None).await, Err(FieldError::Value { .. })));
    Ok(())
}

#[tokio::test]
async fn a_person_is_told_what_the_server_does_not_count() -> Result<(), Failure> {
    let world = World::new().await?;
    let mut guard = world.enrol("guard", Role::Guard, &[AREA]).await?;
    let good = record(&mut guard, 10).await?;
    // Recorded past the checks of the command line, as an older program or another maker's device would.
    let elsewhere = AreaId { generation: 2025, code: 6709 };
    let bad = guard.record(elsewhere, &session(20)).await?;
    sync(&mut guard).await?;
    let held = guard.fetch_held().await?;
    assert_eq!(held.iter().map(|held| held.record).collect::<Vec<_>>(), [bad]);
    let list = guard.list().await?;
    let of = |id| list.iter().find(|found| found.summary.id == id).and_then(|found| found.held.clone());
    assert_eq!(of(good), None);
    let told = of(bad).ok_or("told")?.text(crate::cli::Lang::Vi);
    assert!(told.starts_with("chờ cán bộ xem xét, chưa tính") && told.contains("ngoài phạm vi"), "{told}");
    assert_eq!(guard.status().await?.held.len(), 1);
    assert!(guard.whole(bad).await?.held.is_some());

    // While nothing is held and nothing new was signed for, nothing is asked.
    let mut calm = world.enrol("calm", Role::Guard, &[AREA]).await?;
    sync(&mut calm).await?;
    calm.fetch_held().await?;
    let before = calm.traffic().requests;
    sync(&mut calm).await?;
    calm.fetch_held().await?;
    assert_eq!(calm.traffic().requests, before + 1);
    Ok(())
}

#[tokio::test]
async fn a_review_by_somebody_who_may_not_review_counts_nowhere() -> Result<(), Failure> {
    let world = World::new().await?;
    let mut guard = world.enrol("guard", Role::Guard, &[AREA]).await?;
    let id = record(&mut guard, 10).await?;
    let RecordView::Session(view) = guard.whole(id).await?.view else { return Err("a session".into()) };
    let draft = Draft::Review(sync_core::record::ReviewDraft {
        session: id,
        heads: view.meta.heads.clone(),
        decision: Decision::Confirm,
        comment: String::new(),
        supersedes: Default::default(),
    });
    assert!(matches!(guard.record(AREA, &draft).await, Err(FieldError::Role { .. })));
    guard.record_unchecked(AREA, &draft).await?;
    let state =
        guard.list().await?.into_iter().find(|found| found.summary.id == id).and_then(|found| found.review_state);
    assert_eq!(state, Some(ReviewState::New));
    assert_eq!(guard.whole(id).await?.review_state, Some(ReviewState::New));
    assert!(guard.whole(id).await?.reviews.is_empty());
    Ok(())
}
