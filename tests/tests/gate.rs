//! What may not be admitted is kept and shown; what is admitted late reaches the other devices.

use serde_json::{Value, json};
use server::field::End;
use sync_core::id::{AreaId, Role};
use sync_core::log::{Head, LogId, seal};
use sync_core::record::Author;
use tests::harness::{BINH_LIEU, Failure, HOANH_MO, Hand, PASSWORD, Phone, START, Site};
use tests::on_both_engines;

const DAY_MS: i64 = 86_400_000;

/// What an officer sees in quarantine: the items.
async fn quarantine(officer: &mut Phone) -> Result<Vec<Value>, Failure> {
    let answer = officer.read("/v1/quarantine").await?;
    Ok(answer["items"].as_array().cloned().unwrap_or_default())
}

async fn reasons(officer: &mut Phone) -> Result<Vec<String>, Failure> {
    let items = quarantine(officer).await?;
    Ok(items.iter().map(|item| item["reason"].as_str().unwrap_or("waiting").to_owned()).collect())
}

async fn decide(officer: &mut Phone, item: &Value, verb: &str) -> Result<Value, Failure> {
    let path = format!("/v1/quarantine/{}/{}/{verb}", item["batch"], item["ordinal"]);
    Ok(officer.call("POST", &path, Some(json!({ "reason": "đã hỏi lại người ghi" }))).await?)
}

fn refusal(end: &End) -> &str {
    match end {
        End::Deposited { refusal } => &refusal.code,
        End::Synced { .. } => "synced",
    }
}

on_both_engines! {
    /// What a revoked device still holds is deposited and kept; released, it reaches another device.
    async fn a_revoked_device_strands_nothing_and_is_admitted_only_by_a_person(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut phone = Phone::enrol(&site, &served, "lan", Role::Guard, &[HOANH_MO]).await?;
        let mut officer = Phone::enrol(&site, &served, "can.bo", Role::Officer, &[HOANH_MO]).await?;
        phone.record(HOANH_MO, 10, 1).await?;
        phone.sync().await?;
        let late = phone.record(HOANH_MO, 20, 2).await?;
        phone.record(HOANH_MO, 30, 4).await?;
        let revoke = format!("/v1/devices/{}/revoke", phone.id());
        officer.call("POST", &revoke, Some(json!({ "reason": "mất điện thoại" }))).await?;
        let report = phone.sync().await?;
        assert_eq!(refusal(&report.end), "device.revoked");
        assert_eq!(phone.field.status().await?.only_here, 0, "the server signed for what it keeps");
        assert_eq!(served.documents().await?.len(), 1);
        assert_eq!(reasons(&mut officer).await?, ["device-revoked"; 2]);

        let items = quarantine(&mut officer).await?;
        let of = |record: &sync_core::id::RecordId| items.iter().find(|item| item["record"] == json!(record)).cloned();
        let released = of(&late).ok_or("the later record is listed")?;
        assert_eq!((&released["person"], &released["area"]), (&json!("Đồng chí lan"), &json!("2025-06841")));
        decide(&mut officer, &released, "release").await?;
        let left = items.iter().find(|item| **item != released).ok_or("two items")?;
        decide(&mut officer, left, "leave").await?;
        assert_eq!(reasons(&mut officer).await?, [""; 0]);
        officer.sync().await?;
        let documents = served.documents().await?;
        assert_eq!((documents.len(), documents.contains_key(&late)), (2, true));
        assert_eq!(officer.documents().await?, documents);
        // Who left it out may think again; what is part of its record stays.
        decide(&mut officer, left, "release").await?;
        officer.sync().await?;
        let documents = served.documents().await?;
        assert_eq!((documents.len(), officer.documents().await?), (3, documents));
        let again = officer.call("POST", &format!("/v1/quarantine/{}/{}/leave", left["batch"], left["ordinal"]),
            Some(json!({ "reason": "trùng" }))).await;
        assert_eq!(again.as_ref().err().and_then(server::field::FieldError::code), Some("quarantine.decided"));
        served.verify().await
    }

    /// The batches stand on their own signature; the password is asked for, and then all is as before.
    async fn an_expired_session_never_strands_data(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut phone = Phone::enrol(&site, &served, "lan", Role::Guard, &[HOANH_MO]).await?;
        phone.record(HOANH_MO, 10, 1).await?;
        site.clock.advance_ms(91 * DAY_MS);
        let report = phone.sync().await?;
        assert_eq!((refusal(&report.end), report.sent), ("sign-in.expired", 1));
        assert_eq!(served.documents().await?, phone.documents().await?);
        assert_eq!(phone.field.status().await?.only_here, 0);
        assert!(phone.field.sign_in("lan", "sai mật khẩu").await.is_err());
        phone.field.sign_in("lan", PASSWORD).await?;
        assert_eq!(refusal(&phone.sync().await?.end), "synced");
        Ok(())
    }

    /// A certificate that ended is no reason to lose what was recorded: it waits for a person.
    async fn what_comes_under_an_expired_certificate_is_kept(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut hand = Hand::enrol(&served, "lan", Role::Guard, &[HOANH_MO]).await?;
        let session = hand.session(10)?;
        let batch = hand.seal(HOANH_MO, &[session])?;
        site.clock.advance_ms(401 * DAY_MS);
        let mut officer = Phone::enrol(&site, &served, "can.bo", Role::Officer, &[HOANH_MO]).await?;
        hand.deposit(vec![batch]).await?.receipts()?;
        assert_eq!(served.documents().await?.len(), 0);
        assert_eq!(reasons(&mut officer).await?, ["certificate-expired"]);
        let item = quarantine(&mut officer).await?.remove(0);
        decide(&mut officer, &item, "release").await?;
        officer.sync().await?;
        assert_eq!(served.documents().await?, officer.documents().await?);
        assert_eq!(served.documents().await?.len(), 1);
        served.verify().await
    }

    /// The wrong area is refused to the record, not to the data; only who decides there sees it.
    async fn a_record_of_a_foreign_area_waits_for_that_areas_officer(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut hand = Hand::enrol(&served, "lan", Role::Guard, &[HOANH_MO]).await?;
        let mut here = Phone::enrol(&site, &served, "can.bo", Role::Officer, &[HOANH_MO]).await?;
        let mut there = Phone::enrol(&site, &served, "can.bo.2", Role::Officer, &[BINH_LIEU]).await?;
        let session = hand.session(10)?;
        let batch = hand.seal(BINH_LIEU, &[session])?;
        hand.deposit(vec![batch]).await?.receipts()?;
        assert_eq!(served.documents().await?.len(), 0);
        assert_eq!(reasons(&mut there).await?, ["area-out-of-scope"]);
        let item = quarantine(&mut there).await?.remove(0);
        assert_eq!(reasons(&mut here).await?, [""; 0]);
        assert!(decide(&mut here, &item, "release").await.is_err(), "not this officer's area");
        decide(&mut there, &item, "release").await?;
        there.sync().await?;
        assert_eq!(served.documents().await?, there.documents().await?);
        assert_eq!(served.documents().await?.len(), 1);
        Ok(())
    }

    /// What is held is found by the unit in which it lies, of today or as recorded, and the inbox counts the same.
    async fn what_is_held_is_listed_by_unit(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut hand = Hand::enrol(&served, "lan", Role::Guard, &[HOANH_MO]).await?;
        let mut officer = Phone::enrol(&site, &served, "can.bo", Role::Officer, &[HOANH_MO, BINH_LIEU]).await?;
        let session = hand.session(10)?;
        // Húc Động became part of Bình Liêu; Đồng Văn of Hoành Mô.
        let batch = hand.seal(AreaId { generation: 2023, code: 6859 }, &[session])?;
        hand.deposit(vec![batch]).await?.receipts()?;
        for (unit, held) in [("2025-06838", 1), ("2023-06859", 1), ("2025-06841", 0), ("2023-06847", 0)] {
            let listed = officer.read(&format!("/v1/quarantine?area={unit}")).await?;
            assert_eq!(listed["items"].as_array().map(Vec::len), Some(held), "{unit}");
            let counted = officer.read(&format!("/v1/inbox?area={unit}")).await?;
            assert_eq!(counted["quarantined"]["count"], json!(held), "{unit}");
        }
        let refused = officer.read("/v1/quarantine?area=2025-99999").await;
        assert!(refused.is_err_and(|error| error.to_string().contains("area")));
        Ok(())
    }

    /// A change under another device's actor, correctly signed by this one: no person can set that aside.
    async fn a_forged_actor_is_kept_and_cannot_be_released(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let victim = Phone::enrol(&site, &served, "binh", Role::Guard, &[HOANH_MO]).await?;
        let mut hand = Hand::enrol(&served, "lan", Role::Guard, &[HOANH_MO]).await?;
        let mut officer = Phone::enrol(&site, &served, "can.bo", Role::Officer, &[HOANH_MO]).await?;
        let forged: Author = hand.author(victim.id());
        let session = hand.session_by(&forged, 10)?;
        let batch = hand.seal(HOANH_MO, &[session])?;
        hand.deposit(vec![batch]).await?.receipts()?;
        assert_eq!(reasons(&mut officer).await?, ["actor-not-of-device"]);
        let item = quarantine(&mut officer).await?.remove(0);
        assert!(decide(&mut officer, &item, "release").await.is_err());
        assert_eq!(reasons(&mut officer).await?, ["actor-not-of-device"], "it stays");
        assert_eq!(served.documents().await?.len(), 0);
        served.verify().await
    }

    /// A guard writes the tally of another, and names another as the recorder.
    async fn what_a_role_may_not_write_is_kept(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut hand = Hand::enrol(&served, "lan", Role::Guard, &[HOANH_MO]).await?;
        let mut officer = Phone::enrol(&site, &served, "can.bo", Role::Officer, &[HOANH_MO]).await?;
        let other = Author { recorder: officer.field.who().recorder, ..hand.author(hand.id) };
        let session = hand.session_by(&other, 10)?;
        let batch = hand.seal(HOANH_MO, &[session])?;
        hand.deposit(vec![batch]).await?.receipts()?;
        assert_eq!(reasons(&mut officer).await?, ["foreign-recorder"]);
        assert_eq!(served.documents().await?.len(), 0);
        Ok(())
    }

    /// One byte of a change, or of the header, other than it was signed: nothing is stored, and the field is named.
    async fn an_edited_batch_is_refused_and_harms_no_other(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut hand = Hand::enrol(&served, "lan", Role::Guard, &[HOANH_MO]).await?;
        let (one, two, other) = (hand.session(10)?, hand.session(20)?, hand.session(21)?);
        let good = hand.seal(HOANH_MO, &[one])?;
        let signed = hand.seal(HOANH_MO, &[two])?;
        let log = LogId { area: HOANH_MO, device: hand.id };
        let header = seal(log, good.head(), signed.header().certificate, START, std::slice::from_ref(&other))?;
        let edited = sync_core::log::Batch::new(header, *signed.signature(), vec![Some(other.2)])?;
        let answer = hand.deposit(vec![good, edited]).await?;
        assert_eq!((answer.status, answer.code().as_str()), (422, "batch.signature"));
        assert_eq!(answer.json()["field"], json!("page.batches[1]"));
        assert_eq!(served.count("select count(*) from batch").await?, 1, "the batch in order is stored");
        hand.deposit(vec![signed]).await?.receipts()?;
        assert_eq!(served.documents().await?.len(), 2);
        served.verify().await
    }

    /// The gap is visible, what follows it waits, and when it is filled all is admitted.
    async fn a_missing_batch_is_shown_and_what_follows_waits(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut hand = Hand::enrol(&served, "lan", Role::Guard, &[HOANH_MO]).await?;
        let mut officer = Phone::enrol(&site, &served, "can.bo", Role::Officer, &[HOANH_MO]).await?;
        let one = hand.session(10)?;
        let two = hand.edit(&[&one], 11)?;
        let three = hand.session(30)?;
        let batches = [hand.seal(HOANH_MO, &[one])?, hand.seal(HOANH_MO, &[two])?, hand.seal(HOANH_MO, &[three])?];
        hand.deposit(vec![batches[0].clone(), batches[2].clone()]).await?.receipts()?;
        assert_eq!(served.documents().await?.len(), 1);
        let log = officer.read(&format!("/v1/devices/{}/log", hand.id)).await?["logs"][0].clone();
        assert_eq!((&log["received"], &log["missing"], &log["waiting"]), (&json!(1), &json!([[2, 2]]), &json!([3])));
        hand.deposit(vec![batches[1].clone()]).await?.receipts()?;
        officer.sync().await?;
        assert_eq!(served.documents().await?, officer.documents().await?);
        assert_eq!(officer.seen().await?.attendances, 41);
        let log = officer.read(&format!("/v1/devices/{}/log", hand.id)).await?["logs"][0].clone();
        assert_eq!((&log["received"], &log["missing"]), (&json!(3), &json!([])));
        served.verify().await
    }

    /// Two batches at one place, both correctly signed: the second is kept.
    async fn a_forked_log_is_kept(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut hand = Hand::enrol(&served, "lan", Role::Guard, &[HOANH_MO]).await?;
        let mut officer = Phone::enrol(&site, &served, "can.bo", Role::Officer, &[HOANH_MO]).await?;
        let (one, two) = (hand.session(10)?, hand.session(20)?);
        let first = hand.seal(HOANH_MO, &[one])?;
        hand.head = Head::EMPTY;
        let second = hand.seal(HOANH_MO, &[two])?;
        hand.deposit(vec![first]).await?.receipts()?;
        hand.deposit(vec![second]).await?.receipts()?;
        assert_eq!(reasons(&mut officer).await?, ["forked-log"]);
        let item = quarantine(&mut officer).await?.remove(0);
        decide(&mut officer, &item, "release").await?;
        officer.sync().await?;
        assert_eq!(officer.documents().await?.len(), 2);
        assert_eq!(served.documents().await?, officer.documents().await?);
        served.verify().await
    }
}
