//! What is no message: bytes that were cut, lengthened or altered, and layouts nobody knows.

use sync_core::log::{BatchHeader, Checkpoint, JournalEntry, JournalPage, Receipt};
use sync_core::sync::{Carried, Page, ReceiptFile, Request, Response, Snapshot};
use sync_core::wire::{Reader, WireError};

use super::{batches, exchange, filed, key, public, request};

#[test]
fn a_message_cut_anywhere_or_longer_is_refused() {
    let bytes = exchange().to_bytes();
    for len in 0..bytes.len() {
        assert!(Response::from_bytes(&bytes[..len]).is_err(), "{len}");
    }
    assert!(Response::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
    let bytes = request().to_bytes();
    for len in 0..bytes.len() {
        assert!(Request::from_bytes(&bytes[..len]).is_err(), "{len}");
    }
}

#[test]
fn whatever_reads_after_a_flipped_bit_writes_the_same_bytes() {
    let bytes = request().to_bytes();
    for at in 0..bytes.len() * 8 {
        let mut bad = bytes.clone();
        bad[at / 8] ^= 1 << (at % 8);
        if let Ok(read) = Request::from_bytes(&bad) {
            assert_eq!(read.to_bytes(), bad, "bit {at}");
        }
    }
}

#[test]
fn an_altered_batch_does_not_verify() {
    let page = Page { batches: batches().to_vec() }.to_bytes();
    let signature_bytes = 64;
    for at in 0..(page.len() - signature_bytes) * 8 {
        let mut bad = page.clone();
        bad[at / 8] ^= 1 << (at % 8);
        let Ok(read) = Page::from_bytes(&bad) else { continue };
        let genuine = read.batches.iter().all(|batch| batch.verify(&public(&key(1))).is_ok());
        assert!(!genuine, "bit {at}");
    }
}

/// The vectors that begin with a layout's number, or with a magic that ends in one, and where it stands.
const LAYOUTS: &[(&str, usize)] = &[
    ("header-first", 0),
    ("page", 0),
    ("receipt", 0),
    ("request", 0),
    ("response-in-agreement", 0),
    ("response-unknown-agreement", 0),
    ("response-exchange", 0),
    ("file-carried", 7),
    ("file-receipts", 7),
    ("file-snapshot", 7),
    ("journal-entry", 0),
    ("checkpoint", 0),
    ("journal-page", 0),
];

/// Whether these bytes are refused because of their layout.
fn is_unknown_layout(name: &str, bytes: &[u8]) -> bool {
    match name {
        "header-first" => matches!(
            BatchHeader::read(&mut Reader::new(bytes)),
            Err(sync_core::log::BatchError::Wire(WireError::Layout { .. }))
        ),
        "page" => Page::from_bytes(bytes).is_err_and(|error| error.is_unknown_layout()),
        "receipt" => matches!(Receipt::read(&mut Reader::new(bytes)), Err(WireError::Layout { .. })),
        "request" => Request::from_bytes(bytes).is_err_and(|error| error.is_unknown_layout()),
        "file-carried" => Carried::from_bytes(bytes).is_err_and(|error| error.is_unknown_layout()),
        "file-receipts" => ReceiptFile::from_bytes(bytes).is_err_and(|error| error.is_unknown_layout()),
        "file-snapshot" => Snapshot::from_bytes(bytes).is_err_and(|error| error.is_unknown_layout()),
        "journal-entry" => matches!(JournalEntry::from_bytes(bytes), Err(WireError::Layout { .. })),
        "checkpoint" => matches!(Checkpoint::read(&mut Reader::new(bytes)), Err(WireError::Layout { .. })),
        "journal-page" => matches!(JournalPage::from_bytes(bytes), Err(WireError::Layout { .. })),
        _ => Response::from_bytes(bytes).is_err_and(|error| error.is_unknown_layout()),
    }
}

/// Layout 1 and no other: when a second one is read, its vectors are kept beside these and stand in [`LAYOUTS`].
#[test]
fn every_layout_that_is_read_has_its_vectors() {
    for (name, at) in LAYOUTS {
        let mut bytes = filed::read(name);
        let range = if *at == 0 { 0..=u8::MAX } else { b'0'..=b'9' };
        let one = if *at == 0 { 1 } else { b'1' };
        for layout in range {
            bytes[*at] = layout;
            assert_eq!(is_unknown_layout(name, &bytes), layout != one, "{name}: layout {layout}");
        }
    }
}
