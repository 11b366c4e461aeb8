//! A server to which everything has happened that a journal tells of.

use serde_json::{Value, json};
use sync_core::id::Role;
use sync_core::log::Head;

use super::{Failure, HOANH_MO, Hand, Phone, Served, Site};

/// Devices of a site with a past.
#[derive(Debug)]
pub struct History {
    /// A guard whose log of Hoành Mô has two batches; a third one exists and has not arrived.
    pub hand: Hand,
    /// An officer who reviewed and decided.
    pub officer: Phone,
    /// A coordinator's device that has not synced yet.
    pub coordinator: Phone,
}

/// Makes one of each: batches in order, a batch that waits, a fork, an adopted change, and changes that were released,
/// left out, and lie in quarantine.
///
/// # Errors
/// When the server refuses what it should take.
pub async fn history(site: &Site, served: &Served) -> Result<History, Failure> {
    let mut hand = Hand::enrol(served, "lan", Role::Guard, &[HOANH_MO]).await?;
    let mut lost = Hand::enrol(served, "mat", Role::Guard, &[HOANH_MO]).await?;
    let mut officer = Phone::enrol(site, served, "can.bo", Role::Officer, &[HOANH_MO]).await?;
    let coordinator = Phone::enrol(site, served, "tinh", Role::Coordinator, &[]).await?;

    let first = hand.session(10)?;
    let edit = hand.edit(&[&first], 12)?;
    let second = hand.session(20)?;
    let one = hand.seal(HOANH_MO, &[first, second])?;
    let two = hand.seal(HOANH_MO, &[edit])?;
    hand.deposit(vec![one.clone()]).await?.receipts()?;
    site.clock.advance_ms(60_000);
    hand.deposit(vec![two.clone()]).await?.receipts()?;

    // A copied store: another second batch.
    let head = std::mem::replace(&mut hand.head, one.head());
    let forked = hand.session(30)?;
    let fork = hand.seal(HOANH_MO, &[forked])?;
    hand.deposit(vec![fork]).await?.receipts()?;
    hand.head = head;

    // A batch whose predecessor has not arrived.
    let third = hand.session(40)?;
    hand.seal(HOANH_MO, &[third])?;
    let fourth = hand.session(50)?;
    let ahead = hand.seal(HOANH_MO, &[fourth])?;
    site.clock.advance_ms(60_000);
    hand.deposit(vec![ahead]).await?.receipts()?;
    hand.head = two.head();

    let revoke = format!("/v1/devices/{}/revoke", lost.id);
    officer.call("POST", &revoke, Some(json!({ "reason": "mất điện thoại" }))).await?;
    let kept = [lost.session(60)?, lost.session(70)?, lost.session(80)?];
    let batch = lost.seal(HOANH_MO, &kept)?;
    lost.deposit(vec![batch]).await?.receipts()?;
    let listed = officer.read("/v1/quarantine").await?;
    let of_lost: Vec<Value> = listed["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|item| item["reason"] == "device-revoked")
        .cloned()
        .collect();
    let [released, left, _] = of_lost.as_slice() else { return Err(format!("three lie there: {listed}").into()) };
    for (item, verb) in [(released, "release"), (left, "leave")] {
        site.clock.advance_ms(1_000);
        let path = format!("/v1/quarantine/{}/{}/{verb}", item["batch"], item["ordinal"]);
        officer.call("POST", &path, Some(json!({ "reason": "đã hỏi lại người ghi" }))).await?;
    }
    officer.sync().await?;
    let session = officer.field.list().await?.first().map(|found| found.summary.id).ok_or("a session")?;
    officer.field.review(session, sync_core::record::Decision::Confirm, "").await?;
    officer.sync().await?;
    if lost.head == Head::EMPTY {
        return Err("the lost device sealed nothing".into());
    }
    Ok(History { hand, officer, coordinator })
}
