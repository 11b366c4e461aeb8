//! A witness compares the journal a server shows now with the one it showed before.
//!
//! A journal only grows. When the one shown now does not continue the one kept, the server was either put back to an
//! older state or its history was rewritten; [`Difference`] tells which, and names every batch that is concerned:
//!
//! - A server that was **put back** knows nothing of what came after its backup. Batches come back with the next syncs,
//!   in entries of another time.
//! - A server that was **rewritten** still shows, byte for byte, entries that came after the first one that differs, or
//!   has another batch in the place of one it had.
//!
//! Neither can hide that something is missing: each batch of the earlier journal that the present one does not name is
//! listed, whatever it was, also one that never left quarantine.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{BatchHash, BatchSeq};
use crate::log::{Arrival, Head, JournalEntry, LogId, Position};
use crate::wire::WireError;

/// What happened to a server's journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It goes on from an older state.
    PutBack,
    /// It was altered in what it keeps.
    Rewritten,
}

/// A batch the earlier journal named and the present one does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Its log.
    pub log: LogId,
    /// Its place and hash.
    pub head: Head,
    /// How it stood when the earlier journal ended.
    pub position: Position,
    /// The batch that is in its place now, when another one is.
    pub replaced_by: Option<BatchHash>,
}

/// How the present journal differs from the earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// How many entries both begin with.
    pub common: u64,
    /// How many of the earlier entries after that are in the present journal, byte for byte.
    pub copied: usize,
    /// Batches of the earlier entries after that which are named again.
    pub back: usize,
    /// Those that are not.
    pub missing: Vec<Missing>,
    /// Decisions of persons in the earlier entries that the present journal does not hold.
    pub decisions: usize,
}

impl Difference {
    /// What happened.
    #[must_use]
    pub fn kind(&self) -> Kind {
        if self.copied > 0 || self.missing.iter().any(|missing| missing.replaced_by.is_some()) {
            Kind::Rewritten
        } else {
            Kind::PutBack
        }
    }
}

/// A whole journal.
#[derive(Debug, Clone, Copy)]
pub struct Journal<'a> {
    /// How many batches the database had when it began.
    pub batches_before: u64,
    /// Its entries, as their bytes are hashed.
    pub entries: &'a [Vec<u8>],
}

/// Compares two journals of which neither continues the other.
///
/// # Errors
/// [`WireError`] when an entry does not follow its layout.
pub fn compare(earlier: Journal<'_>, present: Journal<'_>) -> Result<Difference, WireError> {
    let begins_alike = earlier.batches_before == present.batches_before;
    let (earlier, present) = (earlier.entries, present.entries);
    let alike = earlier.iter().zip(present).take_while(|(a, b)| a == b).count();
    let common = if begins_alike { alike } else { 0 };
    let before = Replay::of(earlier)?;
    let now = Replay::of(present)?;
    let shown: BTreeSet<&[u8]> = present[common..].iter().map(Vec::as_slice).collect();
    let decided: BTreeSet<Decided> = decisions(&present[common..])?.into_iter().collect();
    let (mut back, mut missing) = (0, Vec::new());
    for bytes in &earlier[common..] {
        for arrival in JournalEntry::from_bytes(bytes)?.arrived {
            if now.hashes.contains(&arrival.head.hash) {
                back += 1;
                continue;
            }
            let position = before.positions.get(&arrival.id).copied().unwrap_or(arrival.position);
            let replaced_by =
                now.chained.get(&(arrival.log, arrival.head.seq)).copied().filter(|_| position == Position::Chained);
            missing.push(Missing { log: arrival.log, head: arrival.head, position, replaced_by });
        }
    }
    Ok(Difference {
        common: common as u64,
        copied: earlier[common..].iter().filter(|entry| shown.contains(entry.as_slice())).count(),
        back,
        missing,
        decisions: decisions(&earlier[common..])?.iter().filter(|decision| !decided.contains(*decision)).count(),
    })
}

/// Every batch these entries name.
///
/// # Errors
/// [`WireError`] when an entry does not follow its layout.
pub fn named(entries: &[Vec<u8>]) -> Result<BTreeSet<BatchHash>, WireError> {
    Ok(Replay::of(entries)?.hashes)
}

/// What a person decided of a change: batch, ordinal, account.
type Decided = (u64, u64, u64);

fn decisions(entries: &[Vec<u8>]) -> Result<Vec<Decided>, WireError> {
    let mut all = Vec::new();
    for bytes in entries {
        let judged = JournalEntry::from_bytes(bytes)?.judged.into_iter();
        all.extend(judged.filter_map(|judged| Some((judged.id, judged.ordinal, judged.decision?.account))));
    }
    Ok(all)
}

/// What a whole journal says of batches.
#[derive(Debug, Default)]
struct Replay {
    hashes: BTreeSet<BatchHash>,
    positions: BTreeMap<u64, Position>,
    chained: BTreeMap<(LogId, BatchSeq), BatchHash>,
}

impl Replay {
    fn of(entries: &[Vec<u8>]) -> Result<Self, WireError> {
        let mut replay = Self::default();
        let mut arrivals: BTreeMap<u64, Arrival> = BTreeMap::new();
        for bytes in entries {
            let entry = JournalEntry::from_bytes(bytes)?;
            for arrival in entry.arrived {
                replay.hashes.insert(arrival.head.hash);
                replay.positions.insert(arrival.id, arrival.position);
                arrivals.insert(arrival.id, arrival);
            }
            for moved in entry.moved {
                replay.positions.insert(moved.id, moved.position);
            }
        }
        for (id, arrival) in arrivals {
            if replay.positions.get(&id) == Some(&Position::Chained) {
                replay.chained.insert((arrival.log, arrival.head.seq), arrival.head.hash);
            }
        }
        Ok(replay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{AreaId, DeviceId, UnixMs};
    use crate::log::{Decision, Judgement, Mark, Move};

    fn arrival(id: u64, seq: u64, hash: u8, position: Position) -> Arrival {
        let log = LogId { area: AreaId { generation: 2025, code: 6841 }, device: DeviceId([1; 8]) };
        let head = Head { seq: BatchSeq(seq), hash: BatchHash([hash; 32]) };
        Arrival { id, log, head, position, via: 1, carrier: None, marks: vec![Mark::Admitted] }
    }

    fn entry(at: i64, arrived: Vec<Arrival>) -> Vec<u8> {
        JournalEntry { arrived, ..JournalEntry::new(UnixMs(at)) }.to_bytes()
    }

    /// Batches 1 to 3 of one log, one an entry.
    fn three() -> Vec<Vec<u8>> {
        (1..=3).map(|n| entry(n as i64, vec![arrival(n, n, n as u8, Position::Chained)])).collect()
    }

    fn against(earlier: &[Vec<u8>], present: &[Vec<u8>]) -> Result<Difference, WireError> {
        let journal = |entries| Journal { batches_before: 0, entries };
        compare(journal(earlier), journal(present))
    }

    #[test]
    fn a_server_put_back_lacks_the_end_and_nothing_else() {
        let difference = against(&three(), &three()[..1]).expect("reads");
        assert_eq!((difference.kind(), difference.common, difference.back), (Kind::PutBack, 1, 0));
        assert_eq!(difference.missing.iter().map(|missing| missing.head.seq.0).collect::<Vec<_>>(), [2, 3]);
    }

    #[test]
    fn what_came_back_in_another_order_is_not_missing() {
        let mut healed = three()[..1].to_vec();
        healed.push(entry(90, vec![arrival(2, 3, 3, Position::Waiting)]));
        healed.push(entry(91, vec![arrival(3, 2, 2, Position::Chained)]));
        let difference = against(&three(), &healed).expect("reads");
        assert_eq!((difference.kind(), difference.back, difference.missing.len()), (Kind::PutBack, 2, 0));
    }

    #[test]
    fn an_entry_cut_out_shows_by_those_that_follow_it() {
        let mut cut = three();
        cut.remove(1);
        let difference = against(&three(), &cut).expect("reads");
        assert_eq!((difference.kind(), difference.copied, difference.missing.len()), (Kind::Rewritten, 1, 1));
        assert_eq!(difference.missing[0].replaced_by, None);
    }

    #[test]
    fn another_batch_in_the_place_of_one_is_a_rewriting() {
        let mut other = three()[..2].to_vec();
        other.push(entry(50, vec![arrival(3, 3, 33, Position::Chained)]));
        let difference = against(&three(), &other).expect("reads");
        assert_eq!(difference.kind(), Kind::Rewritten);
        assert_eq!(difference.missing[0].replaced_by, Some(BatchHash([33; 32])));
    }

    #[test]
    fn a_forked_batch_that_is_gone_is_missing() {
        let mut journal = three();
        journal.push(entry(4, vec![arrival(4, 2, 22, Position::Forked)]));
        let mut without = three();
        without.push(entry(9, vec![arrival(4, 4, 4, Position::Chained)]));
        let difference = against(&journal, &without).expect("reads");
        assert_eq!(difference.missing.len(), 1);
        assert_eq!((difference.missing[0].position, difference.missing[0].replaced_by), (Position::Forked, None));
    }

    #[test]
    fn a_waiting_batch_counts_by_how_it_stood_last() {
        let mut journal = vec![entry(1, vec![arrival(1, 2, 2, Position::Waiting)])];
        let moved = vec![Move { id: 1, position: Position::Chained }];
        let mut next = JournalEntry { moved, ..JournalEntry::new(UnixMs(2)) };
        next.arrived.push(arrival(2, 1, 1, Position::Chained));
        journal.push(next.to_bytes());
        let other = vec![entry(7, vec![arrival(1, 2, 66, Position::Chained)])];
        let difference = against(&journal, &other).expect("reads");
        assert_eq!(difference.missing[0].replaced_by, Some(BatchHash([66; 32])));
    }

    #[test]
    fn a_decision_that_is_gone_is_counted() {
        let mark = Mark::Left;
        let decision = Some(Decision { account: 7, note: [1; 32] });
        let judged = vec![Judgement { id: 1, ordinal: 0, mark, decision }];
        let mut journal = three();
        journal.push(JournalEntry { judged, ..JournalEntry::new(UnixMs(4)) }.to_bytes());
        assert_eq!(against(&journal, &three()).expect("reads").decisions, 1);
    }
}
