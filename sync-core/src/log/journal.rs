//! The server's journal: what its database did with batches, transaction by transaction, in a hash chain.
//!
//! A log proves what its device recorded, but not that the server kept every log, nor what became of a batch that never
//! was part of one. The journal does: each entry names the batches that arrived in one transaction, how they and their
//! changes stand since then, and who decided so. Whoever knows the [`Tip`] of an earlier moment can prove that nothing
//! before it was removed, put in or decided otherwise.

use sha2::{Digest, Sha256};

use super::{Head, LogId};
use crate::id::{BatchHash, BatchSeq, DeviceId, UnixMs};
use crate::wire::{Reader, WireError, Writer};

const LAYOUT: u8 = 1;
const CONTEXT: &[u8] = b"banlang journal v1";
/// Things of one kind in one entry at most.
const MOST: usize = 1_000_000;

/// How far a journal goes, and the hash that stands for everything in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tip {
    /// How many entries.
    pub entries: u64,
    /// The hash over them.
    pub hash: [u8; 32],
}

impl Tip {
    /// A journal without entries, of a database that had so many batches when it began.
    #[must_use]
    pub fn begin(batches_before: u64) -> Self {
        let digest = Sha256::new().chain_update(CONTEXT).chain_update(batches_before.to_be_bytes()).finalize();
        Self { entries: 0, hash: digest.into() }
    }

    /// The tip once this entry follows.
    #[must_use]
    pub fn then(&self, entry: &[u8]) -> Self {
        let digest = Sha256::new().chain_update(CONTEXT).chain_update(self.hash).chain_update(entry).finalize();
        Self { entries: self.entries + 1, hash: digest.into() }
    }
}

/// How a batch stands in its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// It follows its log without a gap.
    Chained,
    /// A batch before it is missing.
    Waiting,
    /// Another batch holds its place, or the place of one before it.
    Forked,
}

/// How a change stands in its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// Part of its record.
    Admitted,
    /// Part of its record by another batch.
    Duplicate,
    /// A change it depends on is missing.
    Waiting,
    /// Its batch is not chained yet.
    Unjudged,
    /// Its bytes are not there.
    Absent,
    /// Kept, for the reason of this stable code, at most 64 bytes.
    Quarantined(String),
    /// Part of its record by a batch of the server's own log.
    Released,
    /// Left out by a person.
    Left,
    /// Its time was over and its bytes are gone.
    Purged,
}

/// A batch that arrived. It was received at the time of its entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Its number in the order of arrival.
    pub id: u64,
    /// Its log.
    pub log: LogId,
    /// Its place in the log, and its hash.
    pub head: Head,
    /// How it stands.
    pub position: Position,
    /// Which way it came: 1 sync, 2 deposit, 3 file, 4 sealed by the server.
    pub via: u8,
    /// The other device that brought it.
    pub carrier: Option<DeviceId>,
    /// How each of its changes stands.
    pub marks: Vec<Mark>,
}

/// A batch that had arrived before stands otherwise in its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// The batch.
    pub id: u64,
    /// How it stands now.
    pub position: Position,
}

/// A change of a batch that had arrived before stands otherwise in its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The batch.
    pub id: u64,
    /// The place of the change in it, from 0.
    pub ordinal: u64,
    /// How it stands now.
    pub mark: Mark,
    /// Who decided, when a person did.
    pub decision: Option<Decision>,
}

/// A person's decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// The account.
    pub account: u64,
    /// SHA-256 of what the person noted, in UTF-8; 32 zero bytes when nothing was.
    pub note: [u8; 32],
}

/// What one transaction did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry {
    /// The server's clock.
    pub at: UnixMs,
    /// Batches that arrived, in order.
    pub arrived: Vec<Arrival>,
    /// Batches that stand otherwise.
    pub moved: Vec<Move>,
    /// Changes that stand otherwise.
    pub judged: Vec<Judgement>,
}

impl JournalEntry {
    /// An entry of nothing yet.
    #[must_use]
    pub fn new(at: UnixMs) -> Self {
        Self { at, arrived: Vec::new(), moved: Vec::new(), judged: Vec::new() }
    }

    /// Whether nothing happened that the journal holds.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.arrived.is_empty() && self.moved.is_empty() && self.judged.is_empty()
    }

    /// The frozen layout 1.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.byte(LAYOUT).signed(self.at.0).count(self.arrived.len());
        for arrival in &self.arrived {
            out.number(arrival.id);
            arrival.log.write(&mut out);
            out.number(arrival.head.seq.0).fixed(&arrival.head.hash.0);
            out.byte(arrival.position.code()).byte(arrival.via).byte(arrival.carrier.is_some().into());
            if let Some(carrier) = &arrival.carrier {
                out.fixed(&carrier.0);
            }
            out.count(arrival.marks.len());
            for mark in &arrival.marks {
                mark.write(&mut out);
            }
        }
        out.count(self.moved.len());
        for moved in &self.moved {
            out.number(moved.id).byte(moved.position.code());
        }
        out.count(self.judged.len());
        for judgement in &self.judged {
            out.number(judgement.id).number(judgement.ordinal);
            judgement.mark.write(&mut out);
            out.byte(judgement.decision.is_some().into());
            if let Some(decision) = &judgement.decision {
                out.number(decision.account).fixed(&decision.note);
            }
        }
        out.0
    }

    /// Reads what [`JournalEntry::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`WireError`] when the bytes do not follow the layout.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WireError> {
        let mut from = Reader::new(bytes);
        let from = &mut from;
        from.layout(LAYOUT)?;
        let at = UnixMs(from.signed("at")?);
        let count = from.count("arrived", MOST, 50)?;
        let arrived = (0..count).map(|_| Arrival::read(from)).collect::<Result<_, _>>()?;
        let count = from.count("moved", MOST, 2)?;
        let moved = (0..count)
            .map(|_| Ok(Move { id: from.number("id")?, position: Position::read(from)? }))
            .collect::<Result<_, _>>()?;
        let count = from.count("judged", MOST, 4)?;
        let judged = (0..count).map(|_| Judgement::read(from)).collect::<Result<_, _>>()?;
        from.end()?;
        Ok(Self { at, arrived, moved, judged })
    }
}

impl Arrival {
    fn read(from: &mut Reader<'_>) -> Result<Self, WireError> {
        let id = from.number("id")?;
        let log = LogId::read(from)?;
        let head = Head { seq: BatchSeq(from.number("seq")?), hash: BatchHash(from.fixed("hash")?) };
        let position = Position::read(from)?;
        let via = match from.byte("via")? {
            via @ 1..=4 => via,
            got => return Err(WireError::Value { field: "via", got: got.into() }),
        };
        let carrier = if read_bool(from, "carrier")? { Some(DeviceId(from.fixed("carrier")?)) } else { None };
        let count = from.count("marks", MOST, 1)?;
        let marks = (0..count).map(|_| Mark::read(from)).collect::<Result<_, _>>()?;
        Ok(Self { id, log, head, position, via, carrier, marks })
    }
}

impl Judgement {
    fn read(from: &mut Reader<'_>) -> Result<Self, WireError> {
        let (id, ordinal, mark) = (from.number("id")?, from.number("ordinal")?, Mark::read(from)?);
        let decision = if read_bool(from, "decision")? {
            Some(Decision { account: from.number("account")?, note: from.fixed("note")? })
        } else {
            None
        };
        Ok(Self { id, ordinal, mark, decision })
    }
}

impl Position {
    fn code(self) -> u8 {
        match self {
            Self::Chained => 1,
            Self::Waiting => 2,
            Self::Forked => 3,
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, WireError> {
        match from.byte("position")? {
            1 => Ok(Self::Chained),
            2 => Ok(Self::Waiting),
            3 => Ok(Self::Forked),
            got => Err(WireError::Value { field: "position", got: got.into() }),
        }
    }
}

impl Mark {
    fn write(&self, out: &mut Writer) {
        let code = match self {
            Self::Admitted => 1,
            Self::Duplicate => 2,
            Self::Waiting => 3,
            Self::Unjudged => 4,
            Self::Absent => 5,
            Self::Quarantined(_) => 6,
            Self::Released => 7,
            Self::Left => 8,
            Self::Purged => 9,
        };
        out.byte(code);
        if let Self::Quarantined(reason) = self {
            out.bytes(reason.as_bytes());
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(match from.byte("mark")? {
            1 => Self::Admitted,
            2 => Self::Duplicate,
            3 => Self::Waiting,
            4 => Self::Unjudged,
            5 => Self::Absent,
            6 => Self::Quarantined(from.text("reason", 64)?.to_owned()),
            7 => Self::Released,
            8 => Self::Left,
            9 => Self::Purged,
            got => return Err(WireError::Value { field: "mark", got: got.into() }),
        })
    }
}

fn read_bool(from: &mut Reader<'_>, field: &'static str) -> Result<bool, WireError> {
    match from.byte(field)? {
        0 => Ok(false),
        1 => Ok(true),
        got => Err(WireError::Value { field, got: got.into() }),
    }
}
