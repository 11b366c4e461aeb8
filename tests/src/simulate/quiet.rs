//! Quiet: everything heals, every device hands in and syncs. Then nothing may be lost, doubled or different.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::admit::Reason;
use sync_core::admit::ledger::{Standing, State};
use sync_core::device::{Input, Notice};
use sync_core::id::{ChangeHash, RecordId, UnixMs};
use sync_core::log::{Inventory, RawChange};
use sync_core::record;

use super::phone::{Life, Phone};
use super::server::ledger::Totals;
use super::shadow::shown;
use super::world::{Broken, World};

/// So many rounds of syncs quiet may take.
const ROUNDS: usize = 20;

impl World {
    /// Heals everything, lets every device sync until it is complete, and checks what then has to hold.
    pub fn come_to_rest(&mut self) {
        self.quiet = true;
        self.trace.event(self.now, format_args!("quiet"));
        for phone in &mut self.phones {
            phone.silent_until = 0;
        }
        self.drain();
        self.server.flush();
        let mut kept = BTreeSet::new();
        for phone in &self.phones {
            match phone.life {
                Life::Used => {
                    kept.extend(self.speaks_of(phone));
                    kept.extend(&phone.recorded);
                }
                // It is told nothing any more, so neither that a restore took back what has a receipt.
                Life::Revoked => kept.extend(phone.recorded.difference(&phone.disk.receipted(phone.identity.device))),
                Life::Lost => {}
            }
        }
        let mut before = None;
        for round in 0.. {
            if !self.round() {
                self.broken(Broken::Divergent, "a sync does not end".to_owned());
                break;
            }
            let after = self.state();
            if before.as_ref() == Some(&after) {
                break;
            }
            if round == ROUNDS {
                self.broken(Broken::Divergent, format!("no rest after {ROUNDS} rounds"));
                break;
            }
            before = Some(after);
        }
        self.check_kept(&kept);
        self.check_ledger();
        for phone in 0..self.phones.len() {
            self.check_replica(phone);
        }
    }

    /// One sync of every device and one look into quarantine; false when a sync does not end.
    fn round(&mut self) -> bool {
        for phone in 0..self.phones.len() {
            self.open(phone);
            self.phones[phone].last = None;
            let now = self.phones[phone].clock(self.now);
            match self.phones[phone].life {
                Life::Used => self.give(phone, Input::SyncRequested { now }),
                Life::Revoked => self.give(phone, Input::ExportRequested { now }),
                Life::Lost => {}
            }
            if !self.drain() {
                return false;
            }
        }
        let now = UnixMs(self.now);
        while self.server.settle_quarantine(now, || false) > 0 {}
        true
    }

    /// What must stand still for rest.
    fn state(&self) -> (usize, Inventory, Vec<Option<Inventory>>) {
        let phones = self.phones.iter().map(|phone| phone.device().map(|device| device.inventory())).collect();
        (self.server.ledger.rows.len(), self.server.ledger.inventory(), phones)
    }

    fn check_kept(&mut self, kept: &BTreeSet<ChangeHash>) {
        let here = self.server.ledger.hashes();
        let gone = |changes: &BTreeSet<ChangeHash>| -> Vec<ChangeHash> { changes.difference(&here).copied().collect() };
        for (what, changes) in [
            ("recorded on a device that survived", gone(kept)),
            ("acknowledged", gone(&self.server.acknowledged)),
            ("lost by a restore and held by a device", gone(&self.owed)),
        ] {
            for change in changes {
                self.broken(Broken::Lost, format!("{change} was {what} and is not on the server"));
            }
        }
        for _ in 0..self.server.false_receipts {
            self.broken(Broken::Lost, "a receipt named what is not durable".to_owned());
        }
    }

    fn check_ledger(&mut self) {
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        let ledger = &self.server.ledger;
        for row in &ledger.rows {
            if !seen.insert(row.batch.hash()) {
                found.push((Broken::Doubled, format!("batch {} is stored twice", row.batch.hash())));
            }
            for (entry, standing) in row.batch.header().entries.iter().zip(&row.standings) {
                let holds = ledger.records.get(&entry.record).is_some_and(|record| record.holds(&entry.change));
                let what = || format!("{} of {} is {standing:?}", entry.change, row.batch.log().device);
                match standing {
                    Standing::Quarantined(Reason::BrokenSequence) => found.push((Broken::Lost, what())),
                    // Nothing else is wrong with it, and people released everything.
                    Standing::Quarantined(Reason::Quota) => found.push((Broken::Lost, what())),
                    Standing::Quarantined(_) if holds => found.push((Broken::Doubled, what())),
                    Standing::Unjudged if row.state == State::Chained => found.push((Broken::Lost, what())),
                    Standing::Admitted | Standing::Duplicate | Standing::Released if !holds => {
                        found.push((Broken::Lost, what()));
                    }
                    _ => {}
                }
            }
        }
        let mut totals = Totals::default();
        for (id, record) in &ledger.records {
            let hashes: BTreeSet<ChangeHash> = record.admitted.iter().map(|admitted| admitted.hash).collect();
            if hashes.len() != record.admitted.len() {
                found.push((Broken::Doubled, format!("{id} holds a change twice")));
            }
            let Some(kind) = record.kind else { continue };
            let bytes: Vec<_> = record.admitted.iter().map(|admitted| &admitted.bytes).collect();
            match record::view(kind, &bytes) {
                Ok(view) => {
                    let sum = Totals::of(&view);
                    totals.attendances += sum.attendances;
                    totals.material += sum.material;
                    let (shown, expected) = (shown(&view), self.shadow.expected(*id, &hashes));
                    if shown != expected {
                        found.push((Broken::Doubled, format!("{id} shows {shown:?}, people wrote {expected:?}")));
                    }
                }
                Err(error) => found.push((Broken::Lost, format!("{id}: {error}"))),
            }
        }
        if totals != ledger.totals {
            found.push((Broken::Doubled, format!("totals are {:?}, records say {totals:?}", ledger.totals)));
        }
        found.into_iter().for_each(|(broken, what)| self.broken(broken, what));
    }

    /// A device in use has exactly what the server admitted in its areas, and whatever else it has is explained there.
    fn check_replica(&mut self, at: usize) {
        let phone = &self.phones[at];
        if phone.life == Life::Lost {
            return;
        }
        let mut found = Vec::new();
        if phone.life == Life::Used {
            if !phone.is_handed_in() {
                found.push("has something without a receipt".to_owned());
            }
            if !matches!(phone.last, Some(Notice::Synced { .. })) {
                found.push(format!("cannot finish its sync: {:?}", phone.last));
            }
            self.compare(phone, &mut found);
        }
        for what in found {
            self.broken(Broken::Divergent, format!("{at} {what}"));
        }
    }

    fn compare(&self, phone: &Phone, found: &mut Vec<String>) {
        let ledger = &self.server.ledger;
        let areas = self.server.registry.areas(&phone.identity.device);
        let of = |inventory: Inventory| -> Inventory {
            let own = |log: &sync_core::log::LogId| log.device == phone.identity.device || areas.contains(&log.area);
            inventory.iter().filter(|(log, _)| own(log)).map(|(log, head)| (*log, *head)).collect()
        };
        let mine = of(phone.device().map(|device| device.inventory()).unwrap_or_default());
        for (log, head) in of(ledger.inventory()).difference(&mine) {
            found.push(format!("differs in {log:?}: the server has {}", head.seq));
        }
        let mut here: BTreeMap<RecordId, BTreeMap<ChangeHash, &RawChange>> = BTreeMap::new();
        for (_, _, record, change) in phone.disk.changes() {
            here.entry(record).or_default().insert(change.hash(), change);
        }
        for (id, record) in &ledger.records {
            let Some(area) = record.area else { continue };
            if !areas.contains(&area) {
                continue;
            }
            let mine = here.remove(id).unwrap_or_default();
            let (admitted, extra): (BTreeMap<_, _>, BTreeMap<_, _>) =
                mine.into_iter().partition(|(hash, _)| record.holds(hash));
            let theirs: Vec<_> = record.admitted.iter().map(|admitted| &admitted.bytes).collect();
            let ours: Vec<_> = admitted.values().collect();
            if record::digest(&theirs).ok() != record::digest(&ours).ok() {
                found.push(format!("has {} of {} changes of {id}", ours.len(), theirs.len()));
            }
            for hash in extra.keys() {
                if !record.open.iter().any(|open| open.candidate.hash == *hash) && !self.is_left(hash) {
                    found.push(format!("has {hash} of {id}, which the server does not explain"));
                }
            }
        }
    }

    /// Whether a person decided to leave this change out.
    fn is_left(&self, hash: &ChangeHash) -> bool {
        self.server.ledger.rows.iter().any(|row| {
            let mut entries = row.batch.header().entries.iter().zip(&row.standings);
            entries.any(|(entry, standing)| entry.change == *hash && *standing == Standing::Left)
        })
    }
}
