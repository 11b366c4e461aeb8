//! What must hold of any bytes at a wire layout: reading them does not panic, takes no more memory than was worked out,
//! and whatever reads also writes back to the same bytes.

use sync_core::id::{AreaId, UnixMs};
use sync_core::log::{BatchHeader, Checkpoint, Inventory, JournalEntry, JournalPage, RawChange, Receipt};
use sync_core::sync::{Carried, DirectoryEntry, Page, ReceiptFile, Request, Response, Snapshot};
use sync_core::wire::{Reader, Writer};

use crate::Target;

/// Every layout that a peer may send.
pub const LAYOUTS: &[Target] = &[
    ("page", page),
    ("request", request),
    ("response", response),
    ("header", header),
    ("receipt", receipt),
    ("inventory", inventory),
    ("carried", carried),
    ("receipts", receipts),
    ("snapshot", snapshot),
    ("checkpoint", checkpoint),
    ("journal-entry", journal_entry),
    ("journal-page", journal_page),
    ("change", change),
    ("number", number),
];

fn same(read: &[u8], written: &[u8]) {
    assert_eq!(read, written, "whatever reads writes back to the same bytes");
}

fn page(bytes: &[u8]) {
    let weight = Page::weigh(&mut Reader::new(bytes));
    if let Ok(page) = Page::from_bytes(bytes) {
        let weight = weight.unwrap_or_else(|error| panic!("what reads can be weighed: {error}"));
        let held: usize = page.batches.iter().flat_map(|batch| batch.bodies().iter().flatten()).map(size).sum();
        assert!(weight >= held + size_of_val(&page.batches[..]), "{weight} is less than {held}");
        same(bytes, &page.to_bytes());
    }
}

fn size(change: &RawChange) -> usize {
    change.framed().len()
}

fn request(bytes: &[u8]) {
    let weight = Request::weigh(bytes);
    if let Ok(request) = Request::from_bytes(bytes) {
        assert!(weight.is_ok(), "what reads can be weighed");
        same(bytes, &request.to_bytes());
    }
}

fn response(bytes: &[u8]) {
    if let Ok(response) = Response::from_bytes(bytes) {
        same(bytes, &response.to_bytes());
    }
}

fn header(bytes: &[u8]) {
    let mut from = Reader::new(bytes);
    if let Ok(header) = BatchHeader::read(&mut from) {
        same(&bytes[..bytes.len() - from.left()], &header.to_bytes());
    }
}

fn receipt(bytes: &[u8]) {
    let mut from = Reader::new(bytes);
    if let Ok(receipt) = Receipt::read(&mut from) {
        let mut out = Writer::new();
        receipt.write(&mut out);
        same(&bytes[..bytes.len() - from.left()], &out.0);
    }
}

fn inventory(bytes: &[u8]) {
    let mut from = Reader::new(bytes);
    if let Ok(inventory) = Inventory::read(&mut from) {
        let mut out = Writer::new();
        inventory.write(&mut out);
        same(&bytes[..bytes.len() - from.left()], &out.0);
    }
}

fn carried(bytes: &[u8]) {
    let weight = Carried::weigh(bytes);
    if let Ok(carried) = Carried::from_bytes(bytes) {
        assert!(weight.is_ok(), "what reads can be weighed");
        same(bytes, &carried.to_bytes());
    }
}

fn receipts(bytes: &[u8]) {
    if let Ok(file) = ReceiptFile::from_bytes(bytes) {
        same(bytes, &file.to_bytes());
    }
}

fn snapshot(bytes: &[u8]) {
    if let Ok(snapshot) = Snapshot::from_bytes(bytes) {
        let AreaId { generation, code } = snapshot.area;
        assert!(generation <= 9999 && code <= 99_999);
        assert!(snapshot.directory.iter().all(|entry: &DirectoryEntry| entry.name.len() <= 200));
        same(bytes, &snapshot.to_bytes());
    }
}

fn checkpoint(bytes: &[u8]) {
    let mut from = Reader::new(bytes);
    if let Ok(checkpoint) = Checkpoint::read(&mut from) {
        let mut out = Writer::new();
        checkpoint.write(&mut out);
        same(&bytes[..bytes.len() - from.left()], &out.0);
    }
}

fn journal_entry(bytes: &[u8]) {
    if let Ok(entry) = JournalEntry::from_bytes(bytes) {
        same(bytes, &entry.to_bytes());
    }
}

fn journal_page(bytes: &[u8]) {
    if let Ok(page) = JournalPage::from_bytes(bytes) {
        same(bytes, &page.to_bytes());
    }
}

fn change(bytes: &[u8]) {
    let framed = RawChange::from_contents(bytes);
    let again = RawChange::from_framed(framed.framed());
    assert_eq!(again.as_ref().map(RawChange::contents), Ok(bytes));
    if let Ok(change) = RawChange::from_framed(bytes) {
        same(bytes, change.framed());
    }
}

fn number(bytes: &[u8]) {
    let mut from = Reader::new(bytes);
    if let (Ok(number), Ok(at)) = (from.number("number"), from.signed("at")) {
        let mut out = Writer::new();
        out.number(number).signed(UnixMs(at).0);
        same(&bytes[..bytes.len() - from.left()], &out.0);
    }
}
