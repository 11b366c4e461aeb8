//! What must hold of any bytes at the gate: judging them does not panic, and what is admitted can be read in every way
//! there is, saved and loaded.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::{Automerge, Change as Parsed};
use sync_core::admit::{Binding, Reason, Verdict, is_judging, judge, scan};
use sync_core::id::{ActorId, ChangeHash, DeviceId, RecordId, RecordKind, RecorderId, Role, UnixMs};
use sync_core::log::RawChange;
use sync_core::record::{self, Author, Edit, Patch, SessionEdit};

use crate::mutate::{Around, mutated};
use crate::{Change, Deck, Draws, Failure};

/// Cases drawn around one record.
const CASES_A_DECK: u64 = 250;

/// A change that makes the library panic, or applies and then saves to bytes that do not load.
#[derive(Debug, Clone)]
pub struct Find {
    /// What the gate says of it.
    pub reason: Reason,
    /// The kind of record it was filed as.
    pub kind: RecordKind,
    /// The framed changes of the record before it.
    pub record: Vec<Vec<u8>>,
    /// The framed change.
    pub change: Vec<u8>,
}

/// What came of cases at the gate.
#[derive(Debug, Default)]
pub struct Judged {
    /// By verdict.
    pub verdicts: BTreeMap<String, u64>,
    /// The smallest of each reason that shows a fault of the library.
    pub finds: BTreeMap<Reason, Find>,
    /// Admitted changes with which the record does not load, or makes a reader panic: never any.
    pub broken: Vec<Find>,
    /// How many changes that do not begin a record were refused without it.
    pub alone: u64,
    /// Of those, the ones of which the gate says anything else with the record: never any. Servers judge without it first.
    pub unlike: Vec<Find>,
}

/// What keeps contained panics off the standard error.
pub fn quiet_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !is_judging() {
            usual(info);
        }
    }));
}

/// Judges so many cases of a seed.
///
/// # Errors
/// When a base that should be in order is not.
pub fn run(seed: u64, cases: u64) -> Result<Judged, Failure> {
    let mut draws = Draws::new(seed);
    let mut judged = Judged::default();
    let mut serial = 0;
    let mut left = cases;
    while left > 0 {
        let device = DeviceId(draws.bytes());
        let author = Author { actor: ActorId::new(device, draws.bytes()), ..author() };
        let deck = Deck::new(&mut draws, author, &mut serial)?;
        let mut record = deck.record.clone();
        let mut known: BTreeSet<ChangeHash> = record.iter().map(|(_, _, change)| change.hash()).collect();
        for _ in 0..left.min(CASES_A_DECK) {
            let case = deck.draw(&mut draws);
            judged.take(&mut record, &mut known, case, author.recorder);
        }
        left = left.saturating_sub(CASES_A_DECK);
    }
    Ok(judged)
}

impl Judged {
    fn take(
        &mut self,
        record: &mut Vec<Change>,
        known: &mut BTreeSet<ChangeHash>,
        (kind, id, change): Change,
        recorder: RecorderId,
    ) {
        let device = record[0].2.contents().get(2..10).and_then(DeviceId::from_slice).unwrap_or(DeviceId([0; 8]));
        let binding = Binding { record_id: id, kind, device, recorder, role: Role::Guard, adopted: false };
        let existing: Vec<&[u8]> =
            if id == record[0].1 { record.iter().map(|(_, _, change)| change.framed()).collect() } else { Vec::new() };
        let verdict = judge(&existing, change.framed(), &binding);
        let find = |reason| Find {
            reason,
            kind,
            record: existing.iter().map(|bytes| bytes.to_vec()).collect(),
            change: change.framed().to_vec(),
        };
        if id != RecordId::of_first_change(&change.hash())
            && let Verdict::Quarantined(reason) = judge::<&[u8]>(&[], change.framed(), &binding)
        {
            self.alone += 1;
            if verdict != Verdict::Quarantined(reason) {
                self.unlike.push(find(reason));
            }
        }
        let name = match &verdict {
            Verdict::Admitted(_) => "admitted",
            Verdict::Waiting { .. } => "waiting",
            Verdict::Quarantined(reason) => reason.code(),
        };
        *self.verdicts.entry(name.to_owned()).or_default() += 1;
        match verdict {
            Verdict::Quarantined(reason @ (Reason::Panicked | Reason::Unloadable | Reason::Unreadable)) => {
                let size = |find: &Find| find.record.len() * 100_000 + find.change.len();
                let new = find(reason);
                if self.finds.get(&reason).is_none_or(|smallest| size(&new) < size(smallest)) {
                    self.finds.insert(reason, new);
                }
            }
            Verdict::Admitted(admission) => {
                let all: Vec<&[u8]> = existing.iter().copied().chain([change.framed()]).collect();
                if !matches!(
                    catch_unwind(AssertUnwindSafe(|| reads(&all, admission.view.meta().heads.len()))),
                    Ok(true)
                ) {
                    self.broken.push(find(Reason::Unloadable));
                }
                // The record grows as it would in a server, within reason.
                if id == record[0].1 && record.len() < 12 && known.insert(change.hash()) {
                    record.push((kind, id, change));
                }
            }
            _ => {}
        }
    }
}

/// Whether a record of admitted changes saves, loads, and can be read and edited in every way there is.
fn reads(changes: &[&[u8]], heads: usize) -> bool {
    let parsed: Result<Vec<Parsed>, _> = changes.iter().map(|bytes| Parsed::try_from(*bytes)).collect();
    let Ok(parsed) = parsed else { return false };
    let mut doc = Automerge::new();
    if doc.apply_changes(parsed).is_err() {
        return false;
    }
    let Ok(loaded) = Automerge::load(&doc.save()) else { return false };
    let mut void = SessionEdit::default();
    void.fields.void = "thử".parse().map_or(Patch::Keep, Patch::Set);
    loaded.get_heads() == doc.get_heads()
        && record::heads(changes).is_ok_and(|found| found.len() == heads)
        && record::digest(changes).is_ok()
        && record::history(changes).is_ok()
        && record::edit(changes, &Edit::Session(Box::new(void)), &author()).is_ok()
}

fn author() -> Author {
    Author { actor: ActorId::new(DEVICE, [9; 8]), recorder: RECORDER, claimed_at: UnixMs(1_790_000_000_000) }
}

/// Who signs in [`any`].
const DEVICE: DeviceId = DeviceId([1; 8]);
const RECORDER: RecorderId = RecorderId(7);
/// A session and an edit of it, framed, that changes may follow in [`any`]. Frozen: the corpus names their hashes.
const RECORD: [&[u8]; 2] = [include_bytes!("../record/first.bin"), include_bytes!("../record/second.bin")];

/// What must hold of any bytes: one byte that says where the change comes, then its contents.
///
/// # Panics
/// When it does not hold.
pub fn any(bytes: &[u8]) {
    let Some((place, contents)) = bytes.split_first() else { return };
    let change = RawChange::from_contents(contents);
    let (existing, record): (&[&[u8]], _) = match place & 1 {
        0 => (&[], RecordId::of_first_change(&change.hash())),
        _ => (&RECORD, scan(RECORD[0]).map_or(RecordId([0; 16]), |info| RecordId::of_first_change(&info.hash))),
    };
    let kind = [RecordKind::Session, RecordKind::PanelCheck, RecordKind::Review][usize::from(place >> 1) % 3];
    let role = if place & 0x40 == 0 { Role::Guard } else { Role::Officer };
    let binding =
        Binding { record_id: record, kind, device: DEVICE, recorder: RECORDER, role, adopted: place & 0x80 != 0 };
    if let Verdict::Admitted(admission) = judge(existing, change.framed(), &binding) {
        let all: Vec<&[u8]> = existing.iter().copied().chain([change.framed()]).collect();
        let heads = &admission.view.meta().heads;
        assert!(record::heads(&all).is_ok_and(|found| found == *heads), "heads");
        assert!(record::view(kind, &all).is_ok_and(|view| view == admission.view), "the view");
        assert!(kind != RecordKind::Session || reads(&all, heads.len()), "what was admitted reads");
    }
}

/// Another input for [`any`], made of one: the contents are made wrong as a hostile device would.
#[must_use]
pub fn another(bytes: &[u8], seed: u64) -> Vec<u8> {
    let Some((place, contents)) = bytes.split_first() else { return vec![0] };
    let around = Around { actors: &[vec![1; 16], vec![2; 16]], hashes: &[[3; 32]], chunks: &[], others: &[] };
    let mut out = vec![*place];
    out.extend(mutated(&mut Draws::new(seed), contents, &around));
    out
}

/// Inputs for [`any`] to begin from, all of them in order: first changes and edits of the frozen record.
///
/// # Errors
/// Never with the values it draws.
pub fn beginnings(seed: u64) -> Result<Vec<Vec<u8>>, Failure> {
    let mut draws = Draws::new(seed);
    let first = |draws: &mut Draws, serial| crate::seeds::first(draws, &author(), serial);
    let mut inputs = Vec::new();
    for serial in 1..=6 {
        let (kind, _, change) = first(&mut draws, serial)?;
        let place = if kind == RecordKind::PanelCheck { 2 } else { 0 };
        inputs.push([&[place], change.contents()].concat());
    }
    for _ in 0..6 {
        let edit = Edit::Session(Box::new(crate::seeds::correction(&mut draws)?));
        let made = record::edit(&RECORD, &edit, &author())?.ok_or("nothing differs")?;
        inputs.push([&[1], RawChange::from_framed(&made.bytes)?.contents()].concat());
    }
    Ok(inputs)
}
