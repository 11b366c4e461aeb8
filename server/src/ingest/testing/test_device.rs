//! A device that does what a test tells it, also what no program would.

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::{Signer, SigningKey};
use sync_core::id::{ActorId, AreaId, CertificateNo, DeviceId, RecordId, RecordKind, RecorderId};
use sync_core::log::{Batch, Head, Inventory, LogId, RawChange, Signature, seal};
use sync_core::record::{
    self, Author, Decision, Draft, Edit, Patch, ReviewDraft, SessionEdit, SessionFieldsEdit, Village,
};

use super::START;

/// A device under a test's control: it seals what it is told to.
pub(crate) struct TestDevice {
    /// Its key.
    pub(crate) key: SigningKey,
    /// Its id.
    pub(crate) id: DeviceId,
    /// Its owner.
    pub(crate) recorder: RecorderId,
    /// Its certificate.
    pub(crate) certificate: CertificateNo,
    /// Its access token.
    pub(crate) token: String,
    /// Counts its proofs.
    pub(crate) counter: u64,
    pub(super) nonce: u64,
    pub(super) serial: u64,
    /// The head of its own log of each area.
    pub(crate) heads: BTreeMap<AreaId, Head>,
}

/// A change with what it belongs to.
pub(crate) type Change = (RecordKind, RecordId, RawChange);

impl TestDevice {
    fn author(&mut self) -> Author {
        self.nonce += 1;
        let actor = ActorId::new(self.id, self.nonce.to_be_bytes());
        Author { actor, recorder: self.recorder, claimed_at: START }
    }

    /// A new session with so many attendances.
    pub(crate) fn session(&mut self, attendances: u32) -> Change {
        let author = self.author();
        self.serial += 1;
        let mut first = attended(attendances);
        first.fields.date = Patch::Set("2026-09-21".parse().expect("a day"));
        first.fields.village = Patch::Set(Village::Named("Khe Vằn".parse().expect("a name")));
        let draft = Draft::Session(Box::new(first));
        let made = record::create(&draft, &author, self.serial).expect("a valid draft");
        (RecordKind::Session, made.id, RawChange::from_framed(&made.change.bytes).expect("framed"))
    }

    /// An edit of a session given its changes so far.
    pub(crate) fn edit(&mut self, of: &[&Change], attendances: u32) -> Change {
        let author = self.author();
        let changes: Vec<&[u8]> = of.iter().map(|(_, _, change)| change.framed()).collect();
        let edit = Edit::Session(Box::new(attended(attendances)));
        let made = record::edit(&changes, &edit, &author).expect("a valid edit").expect("a difference");
        (of[0].0, of[0].1, RawChange::from_framed(&made.bytes).expect("framed"))
    }

    /// A review that confirms a session as its first change left it.
    pub(crate) fn review(&mut self, of: &Change) -> Change {
        let author = self.author();
        self.serial += 1;
        let draft = Draft::Review(ReviewDraft {
            session: of.1,
            heads: vec![of.2.hash()],
            decision: Decision::Confirm,
            comment: String::new(),
            supersedes: BTreeSet::new(),
        });
        let made = record::create(&draft, &author, self.serial).expect("a valid draft");
        (RecordKind::Review, made.id, RawChange::from_framed(&made.change.bytes).expect("framed"))
    }

    /// Its log of an area.
    #[must_use]
    pub(crate) fn log(&self, area: AreaId) -> LogId {
        LogId { area, device: self.id }
    }

    /// Seals changes as the next batch of its log.
    pub(crate) fn seal(&mut self, area: AreaId, changes: &[Change]) -> Batch {
        let head = self.heads.get(&area).copied().unwrap_or(Head::EMPTY);
        let batch = self.seal_at(area, head, changes);
        self.heads.insert(area, batch.head());
        batch
    }

    /// Seals changes after another head than its own.
    #[must_use]
    pub(crate) fn seal_at(&self, area: AreaId, head: Head, changes: &[Change]) -> Batch {
        let header = seal(self.log(area), head, self.certificate, START, changes).expect("within the limits");
        self.sign(header, changes)
    }

    /// Signs a header.
    #[must_use]
    pub(crate) fn sign(&self, header: sync_core::log::BatchHeader, changes: &[Change]) -> Batch {
        let signature = Signature(self.key.sign(&header.signing_bytes()).to_bytes());
        let bodies = changes.iter().map(|(_, _, change)| Some(change.clone())).collect();
        Batch::new(header, signature, bodies).expect("fits its header")
    }

    /// Its own logs as an inventory.
    #[must_use]
    pub(crate) fn inventory(&self) -> Inventory {
        self.heads.iter().map(|(area, head)| (self.log(*area), *head)).collect()
    }
}

fn attended(attendances: u32) -> SessionEdit {
    let fields = SessionFieldsEdit { attendances: Patch::Set(attendances), ..SessionFieldsEdit::default() };
    SessionEdit { fields, ..SessionEdit::default() }
}
