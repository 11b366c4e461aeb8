//! The journal: every transaction that stores batches or decides about changes leaves one entry, chained by hash.
//!
//! `banlang verify` replays it and finds what was removed, put in or decided otherwise behind the program's back. A
//! coordinator's device keeps checkpoints of it ([`route`]) and finds what a replay inside the database cannot: a
//! journal that was itself written anew.

mod replay;
pub mod route;

use sync_core::id::{DeviceId, UnixMs};
use sync_core::log::{Arrival, Decision, JournalEntry, Judgement, LogId, Mark, Move, Position, Tip};

use crate::db::{Blob, DbError, Tx};
use crate::ingest::{Standing, State, Via};
use crate::on_db;

pub(crate) use replay::replay;

/// Collects what a transaction does. Append it before the transaction commits, under the lock of ingest.
#[derive(Debug)]
pub(crate) struct Draft(JournalEntry);

impl Draft {
    /// Nothing yet.
    pub(crate) fn at(at: UnixMs) -> Self {
        Self(JournalEntry::new(at))
    }

    /// A batch is inserted.
    pub(crate) fn arrived(
        &mut self,
        (id, log, head): (i64, LogId, sync_core::log::Head),
        (state, via, carrier): (State, Via, Option<DeviceId>),
        standings: &[Standing],
    ) {
        let marks = standings.iter().map(|standing| mark(*standing)).collect();
        let position = position(state);
        self.0.arrived.push(Arrival { id: unsigned(id), log, head, position, via: code(via), carrier, marks });
    }

    /// A stored batch stands otherwise in its log.
    pub(crate) fn moved(&mut self, id: i64, state: State) {
        self.0.moved.push(Move { id: unsigned(id), position: position(state) });
    }

    /// A stored change stands otherwise in its record.
    pub(crate) fn judged(&mut self, id: i64, ordinal: usize, standing: Standing) {
        let judged = Judgement { id: unsigned(id), ordinal: ordinal as u64, mark: mark(standing), decision: None };
        self.0.judged.push(judged);
    }

    /// A person decided how a stored change stands.
    pub(crate) fn decided(&mut self, (id, ordinal): (i64, i64), standing: Standing, account: i64, note: Option<&str>) {
        let decision = Some(Decision { account: unsigned(account), note: note_hash(note) });
        let (id, ordinal) = (unsigned(id), unsigned(ordinal));
        self.0.judged.push(Judgement { id, ordinal, mark: mark(standing), decision });
    }

    /// Writes the entry, when anything happened.
    ///
    /// # Errors
    /// [`DbError`].
    pub(crate) async fn append(self, tx: &mut Tx) -> Result<(), DbError> {
        const INSERT: &str = "insert into journal (entry, body, hash) values ($1, $2, $3)";
        if self.0.is_empty() {
            return Ok(());
        }
        let body = self.0.to_bytes();
        let (_, tip) = tip(tx).await?;
        let tip = tip.then(&body);
        let entry = signed(tip.entries, "journal.entry")?;
        on_db!(tx, |c| sqlx::query(INSERT).bind(entry).bind(&body).bind(Blob(tip.hash)).execute(c).await.map(drop))?;
        Ok(())
    }
}

/// How many batches came before the journal, and how far it goes.
///
/// # Errors
/// [`DbError`].
pub(crate) async fn tip(tx: &mut Tx) -> Result<(u64, Tip), DbError> {
    const LAST: &str = "select entry, hash from journal order by entry desc limit 1";
    let before = batches_before(tx).await?;
    let last: Option<(i64, Blob<[u8; 32]>)> = on_db!(tx, |c| sqlx::query_as(LAST).fetch_optional(c).await)?;
    let tip = last.map_or(Tip::begin(before), |(entries, Blob(hash))| Tip { entries: unsigned(entries), hash });
    Ok((before, tip))
}

async fn batches_before(tx: &mut Tx) -> Result<u64, DbError> {
    const BEFORE: &str = "select batches_before from journal_begin where id = 1";
    let before: Option<i64> = on_db!(tx, |c| sqlx::query_scalar(BEFORE).fetch_optional(c).await)?;
    Ok(unsigned(before.unwrap_or(0)))
}

fn mark(standing: Standing) -> Mark {
    match standing {
        Standing::Admitted => Mark::Admitted,
        Standing::Duplicate => Mark::Duplicate,
        Standing::Waiting => Mark::Waiting,
        Standing::Unjudged => Mark::Unjudged,
        Standing::Absent => Mark::Absent,
        Standing::Quarantined(reason) => Mark::Quarantined(reason.code().to_owned()),
        Standing::Released => Mark::Released,
        Standing::Left => Mark::Left,
        Standing::Purged => Mark::Purged,
    }
}

fn position(state: State) -> Position {
    match state {
        State::Chained => Position::Chained,
        State::Waiting => Position::Waiting,
        State::Forked => Position::Forked,
    }
}

fn code(via: Via) -> u8 {
    match via {
        Via::Sync => 1,
        Via::Deposit => 2,
        Via::File => 3,
        Via::Server => 4,
    }
}

/// What stands for a note in the journal.
fn note_hash(note: Option<&str>) -> [u8; 32] {
    note.map_or([0; 32], |note| crate::auth::statement::sha256(note.as_bytes()))
}

/// Ids and counts of the database are never negative.
fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn signed(number: u64, column: &'static str) -> Result<i64, DbError> {
    i64::try_from(number).map_err(|_| DbError::Damaged { column, why: number.to_string() })
}
