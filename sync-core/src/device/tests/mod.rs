//! Devices against a small hub that keeps its batches in memory.

mod hub;

use hub::{Hub, Link, Phone, is_synced, key};

use super::*;
use crate::id::{BatchSeq, UnixMs};
use crate::sync::{Page, Request, Withheld};

#[test]
fn two_devices_meet_through_the_hub_in_one_round_trip_each() {
    let mut hub = Hub::new();
    let (mut a, mut b) = (Phone::new(1, &mut hub), Phone::new(2, &mut hub));
    (0..3).for_each(|_| a.record(&mut hub));
    b.record(&mut hub);
    assert!(is_synced(&a.sync(&mut hub)));
    assert!(is_synced(&b.sync(&mut hub)));
    assert_eq!(hub.requests, 2);
    assert!(is_synced(&a.sync(&mut hub)));
    assert_eq!(hub.requests, 3);
    assert!(a.level_with(&hub) && b.level_with(&hub));
    assert_eq!(a.disk.changes(), b.disk.changes());
    assert_eq!(a.device.receipts(Stage::Stored), a.device.sent());
}

#[test]
fn nothing_to_do_is_one_request_of_few_bytes() {
    let mut hub = Hub::new();
    let mut a = Phone::new(1, &mut hub);
    a.record(&mut hub);
    a.sync(&mut hub);
    hub.requests = 0;
    let request = Request {
        clock: UnixMs(1_790_000_000_000),
        agreement: a.disk.stored.agreement.as_ref().unwrap().digest(),
        page_bytes: 4 << 20,
        take_snapshots: true,
        heads: vec![],
        withheld: Withheld::new(),
        certificates: vec![],
        page: Page::default(),
    };
    assert!(request.to_bytes().len() < 40);
    assert!(hub.answer(a.device.identity().device, &request.to_bytes()).len() < 12);
    assert!(is_synced(&a.sync(&mut hub)));
    assert_eq!(hub.requests, 2);
}

#[test]
fn a_lost_response_costs_a_repetition_and_nothing_else() {
    let mut hub = Hub::new();
    let mut a = Phone::new(1, &mut hub);
    a.record(&mut hub);
    assert_eq!(a.sync_over(&mut hub, Link::LoseResponse).last(), Some(&Notice::Stopped(StopReason::Failed)));
    assert_eq!(a.sync_over(&mut hub, Link::LoseRequest).last(), Some(&Notice::Stopped(StopReason::Failed)));
    a.record(&mut hub);
    assert!(is_synced(&a.sync(&mut hub)));
    assert!(a.level_with(&hub));
    assert_eq!(hub.inventory().iter().next().unwrap().1.seq, BatchSeq(2));
}

#[test]
fn a_crash_at_any_write_loses_nothing_recorded() {
    for power in 0..40 {
        let mut hub = Hub::new();
        let (mut a, mut b) = (Phone::new(1, &mut hub), Phone::new(2, &mut hub));
        b.record(&mut hub);
        b.sync(&mut hub);
        a.power = power;
        (0..4).for_each(|_| a.record(&mut hub));
        a.sync(&mut hub);
        let recorded = a.disk.changes();
        a.reopen(&hub);
        assert_eq!(a.disk.changes(), recorded);
        assert!(is_synced(&a.sync(&mut hub)), "power {power}");
        assert!(a.level_with(&hub), "power {power}");
        assert!(a.disk.changes().is_superset(&recorded));
    }
}

#[test]
fn a_restored_server_is_given_back_what_devices_hold() {
    let mut hub = Hub::new();
    let (mut a, mut b) = (Phone::new(1, &mut hub), Phone::new(2, &mut hub));
    a.record(&mut hub);
    a.sync(&mut hub);
    let backup = hub.clone();
    b.record(&mut hub);
    b.sync(&mut hub);
    a.record(&mut hub);
    a.sync(&mut hub);
    let before = hub.inventory();
    hub = backup;
    let notices = a.sync(&mut hub);
    assert!(is_synced(&notices));
    assert!(notices.iter().any(|notice| matches!(notice, Notice::ServerWasBehind { .. })));
    assert_eq!(hub.inventory(), before);
}

#[test]
fn a_store_put_back_gets_its_batches_again() {
    let mut hub = Hub::new();
    let mut a = Phone::new(1, &mut hub);
    a.record(&mut hub);
    a.sync(&mut hub);
    let old = a.disk.clone();
    a.record(&mut hub);
    a.sync(&mut hub);
    let all = a.disk.changes();
    a.disk = old;
    a.reopen(&hub);
    let notices = a.sync(&mut hub);
    assert!(is_synced(&notices));
    assert!(notices.iter().any(|n| matches!(n, Notice::StoreCopiedOrRolledBack { diverged: false, .. })));
    assert_eq!(a.disk.changes(), all);
}

#[test]
fn two_copies_of_a_store_keep_what_each_recorded() {
    let mut hub = Hub::new();
    let mut a = Phone::new(1, &mut hub);
    a.record(&mut hub);
    a.sync(&mut hub);
    let mut copy = Phone::open(a.key.clone(), a.disk.clone(), &hub);
    copy.serial = 100;
    for _ in 0..3 {
        a.record(&mut hub);
        a.record(&mut hub);
        copy.record(&mut hub);
        assert!(is_synced(&a.sync(&mut hub)));
        let notices = copy.sync(&mut hub);
        assert!(is_synced(&notices));
        assert!(notices.iter().any(|n| matches!(n, Notice::StoreCopiedOrRolledBack { .. })), "{notices:?}");
    }
    assert!(is_synced(&a.sync(&mut hub)));
    assert!(a.level_with(&hub) && copy.level_with(&hub));
    assert_eq!(a.disk.changes(), copy.disk.changes());
    assert_eq!(a.disk.changes().len(), 10);
}

#[test]
fn pages_of_any_size_bring_the_same() {
    for page in [0, 300, 2_000] {
        let mut hub = Hub::new();
        let mut a = Phone::new(1, &mut hub);
        for _ in 0..12 {
            a.record(&mut hub);
            a.sync(&mut hub);
        }
        hub.page_bytes = page;
        let mut b = Phone::new(2, &mut hub);
        assert!(is_synced(&b.sync(&mut hub)));
        assert!(b.level_with(&hub));
    }
}

#[test]
fn backed_up_follows_stored_and_is_told_once() {
    let mut hub = Hub::new();
    let mut a = Phone::new(1, &mut hub);
    a.record(&mut hub);
    a.sync(&mut hub);
    hub.backed_up = hub.inventory();
    a.sync(&mut hub);
    assert_eq!(*a.device.receipts(Stage::BackedUp), hub.inventory());
    let before = hub.requests;
    a.sync(&mut hub);
    assert_eq!(hub.requests, before + 1);
    assert!(a.disk.stored.agreement.is_some());
}

#[test]
fn a_file_carries_what_has_no_receipt_and_receipts_come_back() {
    let mut hub = Hub::new();
    let mut a = Phone::new(1, &mut hub);
    (0..3).for_each(|_| a.record(&mut hub));
    a.device.handle(Input::ExportRequested { now: UnixMs(7) });
    a.drive(&mut hub, Link::LoseRequest);
    let file = crate::sync::Carried::from_bytes(&a.exported).unwrap();
    let came = hub.take(&file.page);
    let heads = came.iter().map(|log| (*log, hub.inventory().head(log))).collect();
    let receipts = vec![hub.receipt(Stage::Stored, heads)];
    let file = ReceiptFile { to: a.device.identity().device, receipts }.to_bytes();
    a.device.handle(Input::ReceiptsImported { file });
    a.drive(&mut hub, Link::LoseRequest);
    assert_eq!(*a.device.receipts(Stage::Stored), hub.inventory());
    assert!(is_synced(&a.sync(&mut hub)));
}

#[test]
fn a_receipt_of_another_key_is_ignored_and_said() {
    let mut hub = Hub::new();
    let mut a = Phone::new(1, &mut hub);
    a.record(&mut hub);
    hub.key = key(99);
    let notices = a.sync(&mut hub);
    assert!(notices.contains(&Notice::ForgedReceipt));
    assert!(a.device.receipts(Stage::Stored).is_empty());
}

#[test]
fn a_batch_nobody_vouches_for_is_not_kept() {
    let mut hub = Hub::new();
    let (mut a, mut b) = (Phone::new(1, &mut hub), Phone::new(2, &mut hub));
    a.record(&mut hub);
    a.sync(&mut hub);
    hub.keys.remove(&a.device.identity().device);
    let notices = b.sync(&mut hub);
    assert!(notices.iter().any(|notice| matches!(notice, Notice::Unverifiable { .. })));
    assert!(b.disk.batches.is_empty());
}
