//! How changes stand in their records, whatever order they come in. Pure: rows are read before and written after.

use std::collections::{BTreeMap, BTreeSet};

use super::Standing;
use super::foresee::{Foreseen, Notes};
use crate::admit::{Admission, Binding, Reason, Verdict, judge, scan};
use crate::id::{AreaId, ChangeHash, DeviceId, RecordId, RecordKind, UnixMs};
use crate::record::RecordView;

/// The most changes of one record. Judging a change takes time by those before it; a person edits a record some tens of
/// times.
const MAX_CHANGES: usize = 512;
/// The most changes of one record that wait for others.
const MAX_WAITING: usize = 256;

/// A change that is part of its record.
#[derive(Debug, Clone)]
pub struct Admitted<B> {
    /// Its hash.
    pub hash: ChangeHash,
    /// Its framed bytes.
    pub bytes: B,
    /// When the batch that admitted it was received.
    pub received_at: UnixMs,
    /// The device that made it.
    pub author: DeviceId,
}

/// A change to be judged.
#[derive(Debug, Clone)]
pub struct Candidate<P, B> {
    /// Where it stands: names it in [`Decided::standings`].
    pub place: P,
    /// The area of the log it stands in.
    pub area: AreaId,
    /// The record it was filed under.
    pub record: RecordId,
    /// Its hash.
    pub hash: ChangeHash,
    /// Its framed bytes; `None` when they were withheld.
    pub bytes: Option<B>,
    /// What its batch says of it; `None` for a kind this version does not know.
    pub binding: Option<Binding>,
    /// What keeps it in quarantine whatever it holds.
    pub obstacle: Option<Reason>,
    /// What the gate said of it before.
    pub foreseen: Vec<Foreseen>,
    /// When its batch was received.
    pub received_at: UnixMs,
    /// Its batch may have been handed out without it: admitting it takes a batch of the server's own log.
    pub late: bool,
}

/// A stored or judged change that may still become part of its record.
#[derive(Debug, Clone)]
pub struct Open<P, B> {
    /// The change.
    pub candidate: Candidate<P, B>,
    /// How it stands.
    pub standing: Standing,
}

/// A record as far as judging needs it.
#[derive(Debug, Clone)]
pub struct Record<P, B> {
    /// Its kind, once a change was admitted.
    pub kind: Option<RecordKind>,
    /// Its area, once a change was admitted.
    pub area: Option<AreaId>,
    /// Its changes, in causal order.
    pub admitted: Vec<Admitted<B>>,
    /// What is filed under it and not part of it.
    pub open: Vec<Open<P, B>>,
    /// The record as it stands, once a change was admitted to it here.
    pub view: Option<RecordView>,
}

impl<P, B> Default for Record<P, B> {
    fn default() -> Self {
        Self { kind: None, area: None, admitted: Vec::new(), open: Vec::new(), view: None }
    }
}

impl<P, B> Record<P, B> {
    /// Whether this change is part of the record.
    #[must_use]
    pub fn holds(&self, hash: &ChangeHash) -> bool {
        self.admitted.iter().any(|admitted| admitted.hash == *hash)
    }

    /// When its first change was received, and when and from whom the newest.
    #[must_use]
    pub fn times(&self, id: RecordId) -> (UnixMs, UnixMs, DeviceId) {
        let first = self.admitted.iter().find(|admitted| RecordId::of_first_change(&admitted.hash) == id);
        let newest = self.admitted.iter().max_by_key(|admitted| (admitted.received_at, admitted.hash));
        let received_at = first.map_or(UnixMs(0), |admitted| admitted.received_at);
        newest.map_or((received_at, received_at, DeviceId([0; 8])), |newest| {
            (received_at, newest.received_at, newest.author)
        })
    }
}

/// A change that becomes part of its record by a batch of the server's own log.
#[derive(Debug, Clone)]
pub struct Adoption<B> {
    /// The area of the server's log.
    pub area: AreaId,
    /// The kind of its record.
    pub kind: RecordKind,
    /// Its record.
    pub record: RecordId,
    /// Its hash.
    pub hash: ChangeHash,
    /// Its framed bytes.
    pub bytes: B,
}

/// What came of judging.
#[derive(Debug)]
pub struct Decided<P, B> {
    /// How each change that was judged, or judged again, stands now.
    pub standings: BTreeMap<P, Standing>,
    /// What the server has to seal in its own log, in this order.
    pub adoptions: Vec<Adoption<B>>,
    /// Records that have a change more.
    pub changed: BTreeSet<RecordId>,
}

impl<P, B> Default for Decided<P, B> {
    fn default() -> Self {
        Self { standings: BTreeMap::new(), adoptions: Vec::new(), changed: BTreeSet::new() }
    }
}

/// Judges candidates in order; admitting one may admit others that waited for it.
pub fn decide<P: Ord + Copy, B: AsRef<[u8]> + Clone>(
    records: &mut BTreeMap<RecordId, Record<P, B>>,
    candidates: Vec<Candidate<P, B>>,
    now: UnixMs,
) -> Decided<P, B> {
    Deciding::new(now, None).all(records, candidates).decided
}

/// Candidates while they are judged.
pub(super) struct Deciding<P, B> {
    now: UnixMs,
    decided: Decided<P, B>,
    /// Takes down what the gate says, where that is wanted.
    pub(super) notes: Option<Notes<P>>,
}

impl<P: Ord + Copy, B: AsRef<[u8]> + Clone> Deciding<P, B> {
    pub(super) fn new(now: UnixMs, notes: Option<Notes<P>>) -> Self {
        Self { now, decided: Decided::default(), notes }
    }

    pub(super) fn all(
        mut self,
        records: &mut BTreeMap<RecordId, Record<P, B>>,
        candidates: Vec<Candidate<P, B>>,
    ) -> Self {
        for candidate in candidates {
            let record = records.entry(candidate.record).or_default();
            record.open.retain(|open| open.candidate.place != candidate.place);
            let before = record.admitted.len();
            self.take(record, candidate);
            if record.admitted.len() > before {
                self.settle(record);
            }
        }
        self
    }

    fn take(&mut self, record: &mut Record<P, B>, candidate: Candidate<P, B>) {
        let place = candidate.place;
        let standing = match self.look(record, &candidate) {
            Ok(admission) => self.admit(record, &candidate, admission),
            Err(mut standing) => {
                let waits = |open: &&Open<P, B>| open.standing == Standing::Waiting;
                if standing == Standing::Waiting && record.open.iter().filter(waits).count() >= MAX_WAITING {
                    standing = Standing::Quarantined(Reason::Quota);
                }
                if standing.is_open() {
                    record.open.push(Open { candidate, standing });
                }
                standing
            }
        };
        self.decided.standings.insert(place, standing);
    }

    /// The admission of a change, or how it stands without.
    fn look(&mut self, record: &Record<P, B>, candidate: &Candidate<P, B>) -> Result<Admission, Standing> {
        if record.holds(&candidate.hash) {
            return Err(Standing::Duplicate);
        }
        let bytes = candidate.bytes.as_ref().ok_or(Standing::Absent)?;
        if let Some(reason) = candidate.obstacle {
            return Err(Standing::Quarantined(reason));
        }
        let Some(binding) = candidate.binding else {
            return Err(Standing::Quarantined(Reason::UnknownSchema));
        };
        if record.area.is_some_and(|area| area != candidate.area) {
            return Err(Standing::Quarantined(Reason::AreaMismatch));
        }
        if record.admitted.len() >= MAX_CHANGES {
            return Err(Standing::Quarantined(Reason::Quota));
        }
        if record.kind.is_some_and(|kind| kind != binding.kind) {
            return Err(Standing::Quarantined(Reason::WrongRecord));
        }
        let foreseen = candidate.foreseen.iter().find_map(|foreseen| foreseen.upon(record, &candidate.hash, &binding));
        let verdict = foreseen.cloned().unwrap_or_else(|| {
            let existing: Vec<&[u8]> = record.admitted.iter().map(|admitted| admitted.bytes.as_ref()).collect();
            let verdict = judge(&existing, bytes.as_ref(), &binding);
            if let Some(notes) = &mut self.notes {
                notes.note(record, candidate, binding, &verdict);
            }
            verdict
        });
        match verdict {
            Verdict::Admitted(admission) => Ok(admission),
            Verdict::Waiting { .. } => Err(Standing::Waiting),
            Verdict::Quarantined(reason) => Err(Standing::Quarantined(reason)),
        }
    }

    fn admit(&mut self, record: &mut Record<P, B>, candidate: &Candidate<P, B>, admission: Admission) -> Standing {
        let (Some(bytes), Some(binding)) = (candidate.bytes.clone(), candidate.binding) else {
            return Standing::Absent;
        };
        record.kind = Some(binding.kind);
        record.area = Some(candidate.area);
        record.view = Some(admission.view);
        record.admitted.push(Admitted {
            hash: candidate.hash,
            bytes: bytes.clone(),
            received_at: if candidate.late { self.now } else { candidate.received_at },
            author: if binding.adopted { author(bytes.as_ref(), binding.device) } else { binding.device },
        });
        self.decided.changed.insert(candidate.record);
        if !candidate.late {
            return Standing::Admitted;
        }
        self.decided.adoptions.push(Adoption {
            area: candidate.area,
            kind: binding.kind,
            record: candidate.record,
            hash: candidate.hash,
            bytes,
        });
        Standing::Released
    }

    /// Judges again what waits for this record, and drops what came in by another batch, after a change was admitted.
    /// What neither concerns is not touched: a record may have very many changes that are not part of it.
    fn settle(&mut self, record: &mut Record<P, B>) {
        let mut held: BTreeSet<ChangeHash> = record.admitted.iter().map(|admitted| admitted.hash).collect();
        loop {
            let known = held.clone();
            let mut at = 0;
            while let Some(Open { candidate, standing }) = record.open.get(at) {
                let place = candidate.place;
                if held.contains(&candidate.hash) {
                    record.open.remove(at);
                    self.decided.standings.insert(place, Standing::Duplicate);
                } else if *standing == Standing::Waiting && may_go_on(&known, candidate) {
                    match self.look(record, candidate) {
                        Ok(admission) => {
                            let Open { candidate, .. } = record.open.remove(at);
                            let standing = self.admit(record, &candidate, admission);
                            self.decided.standings.insert(place, standing);
                            held.insert(candidate.hash);
                        }
                        Err(standing) => {
                            let open = &mut record.open[at];
                            if standing != open.standing {
                                open.standing = standing;
                                self.decided.standings.insert(place, standing);
                            }
                            at += 1;
                        }
                    }
                } else {
                    at += 1;
                }
            }
            if held.len() == known.len() {
                return;
            }
        }
    }
}

/// The device whose actor made a change; a change of another carries its own author.
#[must_use]
pub fn author(bytes: &[u8], otherwise: DeviceId) -> DeviceId {
    scan(bytes).map_or(otherwise, |info| info.actor.device())
}

/// Whether everything a change depends on is there, told without judging it.
fn may_go_on<P, B: AsRef<[u8]>>(known: &BTreeSet<ChangeHash>, candidate: &Candidate<P, B>) -> bool {
    let info = candidate.bytes.as_ref().and_then(|bytes| scan(bytes.as_ref()).ok());
    info.is_none_or(|info| info.deps.iter().all(|dep| known.contains(dep)))
}
