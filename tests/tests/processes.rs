//! Two server processes on one PostgreSQL under concurrent syncs lose and double nothing; `rebuild` equals live.

use std::collections::BTreeMap;

use serde_json::json;
use server::field::FieldError;
use sync_core::id::{RecordId, Role};
use tests::harness::{BINH_LIEU, Engine, Failure, HOANH_MO, Hand, Phone, Seen, Site, tables};
use tests::on_both_engines;

const ROUNDS: u32 = 6;
const DEVICES: usize = 6;

/// Syncs until the server has everything; a busy server is asked again.
async fn bring(phone: &mut Phone) -> Result<(), FieldError> {
    for _ in 0..10 {
        match phone.sync().await {
            Err(FieldError::Refused(refusal)) if refusal.status == 503 => {}
            done => return done.map(drop),
        }
    }
    phone.sync().await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_on_one_postgres_lose_and_double_nothing() -> Result<(), Failure> {
    if Engine::Postgres.is_left_out() {
        return Ok(());
    }
    let site = Site::new(Engine::Postgres).await?;
    let processes = [site.serve().await?, site.serve().await?];
    let mut phones = Vec::new();
    for number in 0..DEVICES {
        let name = format!("can-bo-{number}");
        phones.push(Phone::enrol(&site, &processes[0], &name, Role::Guard, &[HOANH_MO, BINH_LIEU]).await?);
    }
    let shared = phones[0].record(HOANH_MO, 100, 0).await?;
    phones[0].sync().await?;
    for phone in &mut phones {
        phone.sync().await?;
    }
    for round in 0..ROUNDS {
        let mut running = Vec::new();
        for (number, mut phone) in phones.drain(..).enumerate() {
            // Each device speaks to the other process in the next round, all at once.
            let url = processes[(number + round as usize) % 2].url.clone();
            running.push(tokio::spawn(async move {
                phone.field.move_server(&url).await?;
                phone.record(HOANH_MO, 10, 1).await?;
                phone.record(BINH_LIEU, 10, 1).await?;
                phone.hand_out(shared, round + 1, "hotline").await?;
                bring(&mut phone).await?;
                Ok::<_, Failure>(phone)
            }));
        }
        for task in running {
            phones.push(task.await??);
        }
    }
    for phone in phones.iter_mut().chain([]) {
        phone.sync().await?;
    }
    let documents: BTreeMap<RecordId, [u8; 32]> = processes[0].documents().await?;
    let records = 1 + 2 * u64::from(ROUNDS) as usize * DEVICES;
    assert_eq!(documents.len(), records);
    for phone in &mut phones {
        phone.sync().await?;
        assert_eq!(phone.documents().await?, documents);
    }
    let mut reader = Phone::enrol(&site, &processes[1], "kiem", Role::Coordinator, &[]).await?;
    let sessions = i64::try_from(records)?;
    // Each device's tally on the shared session ends at the number of rounds.
    let leaflets = sessions - 1 + i64::from(ROUNDS) * DEVICES as i64;
    let expected = Seen { sessions, attendances: 100 + 10 * (sessions - 1), leaflets };
    assert_eq!(reader.totals().await?, expected);
    processes[1].verify().await
}

/// What `rebuild` makes anew.
const CACHES: &[&str] = &[
    "log_head",
    "record",
    "session",
    "session_material",
    "panel_check",
    "review",
    "conflict",
    "session_facts",
    "duplicate_suspect",
];

on_both_engines! {
    /// After edits, conflicts, reviews, a void, gaps, a fork, quarantine and a release.
    async fn a_rebuilt_database_equals_the_live_one(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut an = Phone::enrol(&site, &served, "lan", Role::Guard, &[HOANH_MO]).await?;
        let mut binh = Phone::enrol(&site, &served, "binh", Role::Guard, &[HOANH_MO]).await?;
        let mut officer = Phone::enrol(&site, &served, "can.bo", Role::Officer, &[HOANH_MO]).await?;
        let shared = an.record(HOANH_MO, 10, 1).await?;
        let other = an.record(HOANH_MO, 20, 2).await?;
        an.sync().await?;
        binh.sync().await?;
        officer.sync().await?;
        an.attend(shared, 11).await?;
        binh.attend(shared, 12).await?;
        binh.hand_out(shared, 7, "hotline").await?;
        officer.field.review(other, sync_core::record::Decision::Confirm, "").await?;
        for phone in [&mut an, &mut binh, &mut officer] {
            phone.sync().await?;
            site.clock.advance_ms(1_000);
        }
        let mut hand = Hand::enrol(&served, "chi", Role::Guard, &[HOANH_MO]).await?;
        let changes = [hand.session(1)?, hand.session(2)?, hand.session(3)?];
        let mut batches = Vec::new();
        for change in &changes {
            batches.push(hand.seal(HOANH_MO, std::slice::from_ref(change))?);
        }
        hand.deposit(vec![batches[0].clone(), batches[2].clone()]).await?.receipts()?;
        let mut stranger = Hand::enrol(&served, "dung", Role::Guard, &[BINH_LIEU]).await?;
        let foreign = [stranger.session(4)?, stranger.session(5)?];
        let batch = stranger.seal(HOANH_MO, &foreign)?;
        stranger.deposit(vec![batch]).await?.receipts()?;
        let items = officer.read("/v1/quarantine").await?["items"].clone();
        let release = format!("/v1/quarantine/{}/{}/release", items[0]["batch"], items[0]["ordinal"]);
        officer.call("POST", &release, Some(json!({}))).await?;
        served.verify().await?;

        let live = tables(&served.app.db, CACHES).await?;
        assert!(live.iter().any(|row| row.starts_with("conflict:")) && live.iter().any(|row| row.starts_with("review:")));
        let documents = served.documents().await?;
        served.rebuild().await?;
        assert_eq!(tables(&served.app.db, CACHES).await?, live);
        assert_eq!(served.documents().await?, documents);
        served.verify().await
    }
}
