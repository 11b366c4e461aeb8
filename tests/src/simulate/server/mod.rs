//! A model of the server, written on the parts of `sync-core` the real one is written on: the placer, the ledger's
//! decisions, the gate, the plan of an exchange.
//!
//! The database is one [`Ledger`], shared by several processes; each process has only what it may forget.

pub mod answer;
pub mod ledger;
pub mod registry;
pub mod snapshot;
mod usage;

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::{Signer, SigningKey};
use ledger::Ledger;
use registry::Registry;
use sync_core::admit::ledger::State;
use sync_core::id::{ChangeHash, DeviceId, PublicKey, UnixMs};
use sync_core::log::{Batch, Digest16, Head, LogId, Receipt, Signature, Stage};
use sync_core::sync::{Carried, Proposal, ReceiptFile};

use super::fault::Bug;

/// The id of the key receipts are signed with.
pub const RECEIPT_KID: &str = "receipts-1";

/// What one process remembers.
pub type Memory = BTreeMap<(DeviceId, Digest16), Proposal>;

/// The server.
pub struct Server {
    /// What the database holds.
    pub ledger: Ledger,
    /// Counts the histories of the database: a restore begins a new one.
    epoch: u64,
    /// Commits that were reported but are not durable yet; only [`Bug::AckBeforeDurable`] ever has one.
    unsafe_base: Option<Ledger>,
    /// Accounts, devices and certificates.
    pub registry: Registry,
    /// Processes over the one database.
    pub processes: Vec<Memory>,
    /// Changes a receipt was given for and no restore took back.
    pub acknowledged: BTreeSet<ChangeHash>,
    /// Receipts that say what is not so.
    pub false_receipts: u64,
    /// How many batches came, repeated ones too.
    pub batches: u64,
    /// Bytes one device may bring in a day; what is over them is kept in quarantine.
    pub device_day_bytes: Option<u64>,
    /// How many batches were over that.
    pub over_quota: u64,
    /// The files of prepared snapshots, beside the database.
    pub files: BTreeMap<snapshot::File, Vec<u8>>,
    log_key: SigningKey,
    receipt_key: SigningKey,
    bug: Option<Bug>,
}

impl Server {
    /// A server with an empty database.
    #[must_use]
    pub fn new(
        registry: Registry,
        processes: usize,
        log_key: SigningKey,
        receipt_key: SigningKey,
        bug: Option<Bug>,
    ) -> Self {
        Self {
            ledger: Ledger::default(),
            epoch: 1,
            unsafe_base: None,
            registry,
            processes: vec![Memory::new(); processes],
            acknowledged: BTreeSet::new(),
            false_receipts: 0,
            batches: 0,
            device_day_bytes: None,
            over_quota: 0,
            files: BTreeMap::new(),
            log_key,
            receipt_key,
            bug,
        }
    }

    /// The keys receipts are signed with, as a device learns them.
    #[must_use]
    pub fn receipt_keys(&self) -> Vec<(String, PublicKey)> {
        vec![(RECEIPT_KID.to_owned(), PublicKey(self.receipt_key.verifying_key().to_bytes()))]
    }

    /// Stores what came; one transaction.
    fn take(&mut self, batches: Vec<Batch>, now: UnixMs) {
        self.batches += batches.len() as u64;
        let vouched: Vec<Batch> = batches
            .into_iter()
            .filter(|batch| self.registry.entry(&batch.device()).is_some_and(|e| batch.verify(&e.key).is_ok()))
            .collect();
        self.before_commit();
        let (quota, bug) = (self.device_day_bytes, self.bug);
        self.over_quota += self.ledger.ingest(&self.registry, &self.log_key, &vouched, now, quota, bug) as u64;
    }

    fn before_commit(&mut self) {
        if self.bug == Some(Bug::AckBeforeDurable) && self.unsafe_base.is_none() {
            self.unsafe_base = Some(self.ledger.clone());
        }
    }

    /// What the disk does by itself sooner or later.
    pub fn flush(&mut self) {
        self.unsafe_base = None;
    }

    /// One process dies, and what was not durable with it.
    pub fn crash(&mut self, process: usize) {
        self.processes[process].clear();
        if let Some(base) = self.unsafe_base.take() {
            self.ledger = base;
        }
    }

    /// Puts the database back to a backup. Devices of which it holds nothing were enrolled since.
    pub fn restore(&mut self, backup: Ledger) {
        self.ledger = backup;
        let known: BTreeSet<DeviceId> = self.ledger.rows.iter().map(|row| row.batch.device()).collect();
        let since: Vec<DeviceId> = self.registry.devices.keys().filter(|id| !known.contains(id)).copied().collect();
        since.iter().for_each(|device| self.registry.forget(device));
        self.epoch += 1;
        self.unsafe_base = None;
        self.processes.iter_mut().for_each(Memory::clear);
        let here = self.ledger.hashes();
        self.acknowledged.retain(|change| here.contains(change));
    }

    /// Makes a backup; from now on the server says which heads are in it.
    pub fn backup(&mut self) -> Ledger {
        self.ledger.backed_up = self.ledger.inventory();
        self.ledger.clone()
    }

    /// A carried file, or a deposit of a device that may not sync. Answers with receipts for the device that wrote it.
    pub fn import(&mut self, file: &[u8], now: UnixMs) -> Option<Vec<u8>> {
        let carried = Carried::from_bytes(file).ok()?;
        self.registry.shown(&carried.certificates);
        let came: Vec<Batch> = carried.page.batches;
        self.take(came.clone(), now);
        let receipts = self.receipts(&came, now);
        Some(ReceiptFile { to: carried.from, receipts }.to_bytes())
    }

    /// A person decides on everything in quarantine: `keeps_out` says what is left.
    pub fn settle_quarantine(&mut self, now: UnixMs, mut keeps_out: impl FnMut() -> bool) -> usize {
        let mut released = 0;
        for (place, _) in self.ledger.quarantine() {
            let standing = self.ledger.rows[place.0].standings[place.1];
            if standing.reason().is_none() {
                continue;
            }
            if keeps_out() {
                self.ledger.leave(place);
                continue;
            }
            self.ledger.release(&self.registry, &self.log_key, place, now, self.bug);
            if self.ledger.rows[place.0].standings[place.1] != standing {
                released += 1;
            }
        }
        released
    }

    /// One receipt for what came: how far each log is known without a gap, and what is kept beside it.
    fn receipts(&mut self, came: &[Batch], now: UnixMs) -> Vec<Receipt> {
        if came.is_empty() {
            return Vec::new();
        }
        let logs: BTreeSet<LogId> = came.iter().map(Batch::log).collect();
        let mut heads: BTreeMap<LogId, Head> =
            logs.iter().map(|log| (*log, self.ledger.head(log))).filter(|(_, head)| head.seq.0 > 0).collect();
        let unchained = |batch: &&Batch| self.ledger.state(&batch.hash()).is_some_and(|state| state != State::Chained);
        let held: Vec<&Batch> = came.iter().filter(unchained).collect();
        if self.bug == Some(Bug::ReceiptForFork) {
            heads.extend(held.iter().map(|batch| (batch.log(), batch.head())));
        }
        let stored = came.iter().filter(|batch| self.ledger.state(&batch.hash()).is_some());
        let acknowledged = stored.flat_map(Batch::changes).filter(|(_, body)| body.is_some());
        self.acknowledged.extend(acknowledged.map(|(entry, _)| entry.change));
        let held = held.into_iter().map(Batch::hash).collect();
        vec![self.sign(Stage::Stored, heads.into_iter().collect(), held, now)]
    }

    fn sign(
        &mut self,
        stage: Stage,
        heads: Vec<(LogId, Head)>,
        held: Vec<sync_core::id::BatchHash>,
        now: UnixMs,
    ) -> Receipt {
        let durable = self.unsafe_base.as_ref().unwrap_or(&self.ledger);
        self.false_receipts += heads.iter().filter(|(log, head)| !durable.contains(log, head)).count() as u64;
        let mut receipt =
            Receipt { stage, kid: RECEIPT_KID.to_owned(), at: now, heads, held, signature: Signature([0; 64]) };
        receipt.signature = Signature(self.receipt_key.sign(&receipt.signing_bytes()).to_bytes());
        receipt
    }
}
