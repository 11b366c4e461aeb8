//! Test vectors of a server's journal, its checkpoint and a page of it.

use sync_core::id::UnixMs;
use sync_core::log::{
    Arrival, Checkpoint, Decision, JournalEntry, JournalPage, Judgement, Mark, Move, Position, Signature, Tip,
};

use super::filed::check;
use super::{AT, batches, device, key, public, sign, written};

/// Two entries with one of everything.
fn journal() -> [JournalEntry; 2] {
    let [one, two] = batches();
    let marks = vec![Mark::Admitted, Mark::Quarantined("device-revoked".into()), Mark::Waiting, Mark::Absent];
    let first = JournalEntry {
        arrived: vec![
            Arrival {
                id: 1,
                log: one.log(),
                head: one.head(),
                position: Position::Chained,
                via: 1,
                carrier: None,
                marks,
            },
            Arrival {
                id: 2,
                log: two.log(),
                head: two.head(),
                position: Position::Waiting,
                via: 3,
                carrier: Some(device(2)),
                marks: vec![Mark::Unjudged],
            },
        ],
        ..JournalEntry::new(AT)
    };
    let decision = Some(Decision { account: 17, note: [3; 32] });
    let second = JournalEntry {
        moved: vec![Move { id: 2, position: Position::Forked }],
        judged: vec![
            Judgement { id: 1, ordinal: 1, mark: Mark::Released, decision },
            Judgement { id: 1, ordinal: 2, mark: Mark::Left, decision: None },
            Judgement { id: 1, ordinal: 3, mark: Mark::Purged, decision: None },
            Judgement { id: 2, ordinal: 0, mark: Mark::Duplicate, decision: None },
        ],
        ..JournalEntry::new(UnixMs(AT.0 + 60_000))
    };
    [first, second]
}

fn checkpoint() -> Checkpoint {
    let tip = journal().iter().fold(Tip::begin(0), |tip, entry| tip.then(&entry.to_bytes()));
    let mut checkpoint = Checkpoint { kid: "r1".into(), at: AT, batches_before: 0, tip, signature: Signature([0; 64]) };
    checkpoint.signature = sign(9, &checkpoint.signing_bytes());
    checkpoint
}

#[test]
fn a_journal_and_its_checkpoint_are_as_filed_and_read_back() {
    let [first, second] = journal();
    let bytes = [first.to_bytes(), second.to_bytes()].concat();
    check("journal-entry", &bytes);
    for entry in [&first, &second] {
        assert_eq!(JournalEntry::from_bytes(&entry.to_bytes()).as_ref(), Ok(entry));
    }
    let begin = Tip::begin(0);
    let one = begin.then(&first.to_bytes());
    check("journal-hashes", &[begin.hash, one.hash, one.then(&second.to_bytes()).hash].concat());
    check("checkpoint", &written(|out| checkpoint().write(out)));
    assert!(checkpoint().verify(&public(&key(9))) && !checkpoint().verify(&public(&key(1))));
    let entries = vec![first.to_bytes(), second.to_bytes()];
    let page = JournalPage { checkpoint: checkpoint(), after: 0, entries };
    check("journal-page", &page.to_bytes());
    assert_eq!(JournalPage::from_bytes(&page.to_bytes()), Ok(page));
}

#[test]
fn a_journal_page_cut_anywhere_is_refused_and_a_flipped_bit_shows() {
    let [first, second] = journal();
    let page = JournalPage { checkpoint: checkpoint(), after: 0, entries: vec![first.to_bytes(), second.to_bytes()] };
    let bytes = page.to_bytes();
    for len in 0..bytes.len() {
        assert!(JournalPage::from_bytes(&bytes[..len]).is_err(), "{len}");
    }
    for at in 0..bytes.len() * 8 {
        let mut bad = bytes.clone();
        bad[at / 8] ^= 1 << (at % 8);
        let Ok(read) = JournalPage::from_bytes(&bad) else { continue };
        let leads_there = read.entries.iter().fold(Tip::begin(0), |tip, entry| tip.then(entry)) == read.checkpoint.tip;
        let holds = read.checkpoint.verify(&public(&key(9))) && leads_there && read.after == 0;
        assert!(!holds, "bit {at}");
    }
    let bytes = first.to_bytes();
    for at in 0..bytes.len() * 8 {
        let mut bad = bytes.clone();
        bad[at / 8] ^= 1 << (at % 8);
        if let Ok(read) = JournalEntry::from_bytes(&bad) {
            assert_eq!(read.to_bytes(), bad, "bit {at}");
        }
    }
}
