//! The fuzzer's corpus and what it found, replayed by a plain test.
//!
//! `BANLANG_WRITE_CORPUS=1` writes the inputs to begin from, where they are not there yet: the vectors of the wire layouts,
//! and changes that are in order.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fuzz::{Failure, gate, targets};
use sync_core::admit::{Binding, Reason, Verdict, judge, scan};
use sync_core::id::{RecordId, RecordKind, RecorderId, Role};

/// Which vectors of `sync-core/tests/vectors` belong to which target.
const VECTORS: &[(&str, &[&str])] = &[
    ("page", &["page"]),
    ("request", &["request"]),
    ("response", &["response-exchange", "response-in-agreement", "response-unknown-agreement"]),
    ("header", &["header-first", "header-second", "header-adopted"]),
    ("receipt", &["receipt"]),
    ("inventory", &["inventory"]),
    ("carried", &["file-carried"]),
    ("receipts", &["file-receipts"]),
    ("snapshot", &["file-snapshot"]),
    ("checkpoint", &["checkpoint"]),
    ("journal-entry", &["journal-entry"]),
    ("journal-page", &["journal-page"]),
    ("change", &["change-first", "change-second"]),
    ("number", &["device-id"]),
];

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(directory).unwrap().map(Result::unwrap);
    entries
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path()).unwrap()))
        .collect()
}

fn vector(name: &str) -> Vec<u8> {
    let text = std::fs::read_to_string(here("../tests/vectors").join(format!("{name}.hex"))).unwrap();
    let digits: Vec<char> = text.chars().filter(|digit| !digit.is_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap()).collect()
}

fn write_beginnings() -> Result<(), Failure> {
    for (target, vectors) in VECTORS {
        std::fs::create_dir_all(here("corpus").join(target))?;
        for name in *vectors {
            std::fs::write(here("corpus").join(target).join(name), vector(name))?;
        }
    }
    std::fs::create_dir_all(here("corpus/gate"))?;
    for (index, input) in gate::beginnings(1)?.iter().enumerate() {
        std::fs::write(here("corpus/gate").join(format!("in-order-{index:02}")), input)?;
    }
    Ok(())
}

#[test]
fn the_corpus_holds_at_every_target() -> Result<(), Failure> {
    gate::quiet_panics();
    if std::env::var_os("BANLANG_WRITE_CORPUS").is_some() {
        write_beginnings()?;
    }
    for (name, run) in targets() {
        let inputs = files(&here("corpus").join(name));
        assert!(!inputs.is_empty(), "{name} has no corpus");
        for input in inputs.values() {
            run(input);
        }
    }
    Ok(())
}

/// The files are named for the reason and the number of the kind; each is the first change of a record.
#[test]
fn what_the_library_panics_on_or_cannot_load_again_is_quarantined() {
    gate::quiet_panics();
    let mut seen = Vec::new();
    for (name, change) in files(&here("finds")) {
        let info = scan(&change).unwrap();
        let mut words = name.split('.');
        let expected: Reason = words.next().unwrap().parse().unwrap();
        let kind = RecordKind::from_code(words.next().unwrap().parse().unwrap()).unwrap();
        let binding = Binding {
            record_id: RecordId::of_first_change(&info.hash),
            kind,
            device: info.actor.device(),
            recorder: RecorderId(7),
            role: Role::Guard,
            adopted: false,
        };
        assert_eq!(judge::<&[u8]>(&[], &change, &binding), Verdict::Quarantined(expected), "{name}");
        seen.push(expected);
    }
    assert_eq!(seen, [Reason::Panicked, Reason::Unloadable, Reason::Unreadable]);
}

/// Outside of the gate the same bytes do bring the library down: the containment is not for nothing.
#[test]
fn the_library_panics_on_the_find_that_is_named_for_it() {
    let change = std::fs::read(here("finds/panicked.3.bin")).unwrap();
    let alone = std::panic::catch_unwind(|| {
        let mut document = automerge::Automerge::new();
        document.apply_changes([automerge::Change::try_from(&change[..]).unwrap()]).map(|()| document.save())
    });
    assert!(alone.is_err());
}

#[test]
fn a_hunt_of_one_seed_finds_the_same_twice_and_nothing_that_does_not_read() -> Result<(), Failure> {
    gate::quiet_panics();
    let (first, second) = (gate::run(7, 3000)?, gate::run(7, 3000)?);
    assert_eq!(first.verdicts, second.verdicts);
    assert_eq!(first.broken.len(), 0);
    Ok(())
}

/// What does not begin a record may be refused before its record is read: the record would not change that.
#[test]
fn what_is_refused_without_its_record_is_refused_with_it_for_the_same_reason() -> Result<(), Failure> {
    gate::quiet_panics();
    let judged = gate::run(11, 5000)?;
    assert!(judged.alone > 1000, "{}", judged.alone);
    assert_eq!(judged.unlike.len(), 0);
    Ok(())
}
