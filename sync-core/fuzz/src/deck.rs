//! One record that is in order, and hostile changes around it.

use sync_core::id::{ActorId, DeviceId, RecordId, RecordKind};
use sync_core::log::RawChange;
use sync_core::record::Author;

use crate::mutate::{Around, mutated};
use crate::seeds::{self, Seed};
use crate::{Change, Draws, Failure, chunks};

/// Edits to begin from, a record.
const EDITS: usize = 8;
/// First changes to begin from, a record.
const FIRSTS: usize = 4;

/// Where hostile changes come from.
#[derive(Debug)]
pub struct Deck {
    /// The record's changes, in order: they are to be admitted first.
    pub record: Vec<Change>,
    edits: Vec<Change>,
    firsts: Vec<Change>,
    actors: Vec<Vec<u8>>,
    hashes: Vec<[u8; 32]>,
    chunks: Vec<Vec<u8>>,
    others: Vec<Vec<u8>>,
}

impl Deck {
    /// The deck of this author, whose serial numbers go on.
    ///
    /// # Errors
    /// Never with the values it draws.
    pub fn new(draws: &mut Draws, author: Author, serial: &mut u64) -> Result<Self, Failure> {
        let device = author.actor.device();
        let mut nonces = Draws::new(draws.next_u64());
        let mut anew = || Author { actor: ActorId::new(device, nonces.bytes()), ..author };
        *serial += 1;
        let Seed { changes: record, next: edits } = Seed::new(draws, *serial, EDITS, &mut anew)?;
        let mut firsts = Vec::new();
        for _ in 0..FIRSTS {
            *serial += 1;
            firsts.push(seeds::first(draws, &anew(), *serial)?);
        }
        let stranger = ActorId::new(DeviceId(draws.bytes()), draws.bytes());
        let actors = vec![stranger.0.to_vec(), anew().actor.0.to_vec(), author.actor.0.to_vec(), vec![], vec![0; 16]];
        let all = || record.iter().chain(&edits).chain(&firsts);
        let hashes = all().map(|(_, _, change)| change.hash().0).collect();
        let others = all().map(|(_, _, change)| change.contents().to_vec()).collect();
        let chunks = chunks::of(&record)?;
        Ok(Self { record, edits, firsts, actors, hashes, chunks, others })
    }

    /// The next hostile change, and what it is filed under.
    pub fn draw(&self, draws: &mut Draws) -> Change {
        let base = if draws.below(4) == 0 { &self.firsts } else { &self.edits };
        let (kind, record, change) = &base[draws.below(base.len())];
        let around = Around { actors: &self.actors, hashes: &self.hashes, chunks: &self.chunks, others: &self.others };
        let made = RawChange::from_contents(&mutated(draws, change.contents(), &around));
        let first = RecordId::of_first_change(&change.hash()) == *record;
        // A first change names its record itself; now and then it is filed under another.
        let filed = match draws.below(40) {
            0 => self.record[0].1,
            1 => RecordId::of_first_change(&made.hash()),
            _ if first => RecordId::of_first_change(&made.hash()),
            _ => *record,
        };
        let kind = if draws.below(60) == 0 { RecordKind::Review } else { *kind };
        (kind, filed, made)
    }
}
