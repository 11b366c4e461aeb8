//! How changes stand in their records, whatever order they come in. Pure: rows are read before and written after.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use sync_core::admit::{Admission, Binding, Reason, Verdict, judge, scan};
use sync_core::id::{AreaId, ChangeHash, DeviceId, RecordId, RecordKind, UnixMs};
use sync_core::record::RecordView;

use super::prepare::Prepared;
use super::standing::Standing;

/// The most changes of one record. Judging a change takes time by those before it; a person edits a record some tens of
/// times.
const MAX_CHANGES: usize = 512;
/// The most changes of one record that wait for others.
const MAX_WAITING: usize = 256;

/// Where a change's row is, or will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) batch_id: i64,
    pub(crate) ordinal: usize,
}

/// The framed bytes of a change, without a copy where they are part of a batch in memory.
#[derive(Debug, Clone)]
pub(crate) enum Bytes {
    Of(Arc<Prepared>, usize),
    Read(Arc<Vec<u8>>),
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Of(prepared, ordinal) => {
                prepared.batch.bodies()[*ordinal].as_ref().map_or(&[], |change| change.framed())
            }
            Self::Read(bytes) => bytes,
        }
    }
}

/// A change that is part of its record.
#[derive(Debug, Clone)]
pub(crate) struct Admitted {
    pub(crate) hash: ChangeHash,
    pub(crate) bytes: Bytes,
    /// When the batch that admitted it was received.
    pub(crate) received_at: UnixMs,
    /// The device that made it.
    pub(crate) author: DeviceId,
}

/// A change to be judged.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) place: Place,
    pub(crate) area: AreaId,
    pub(crate) record: RecordId,
    pub(crate) hash: ChangeHash,
    pub(crate) bytes: Option<Bytes>,
    pub(crate) binding: Option<Binding>,
    /// What keeps it in quarantine whatever it holds.
    pub(crate) obstacle: Option<Reason>,
    /// What the gate said of it as the first change of its record.
    pub(crate) verdict: Option<Verdict>,
    pub(crate) received_at: UnixMs,
    /// Its batch may have been handed out without it: admitting it takes a batch of the server's own log.
    pub(crate) late: bool,
}

/// A stored or judged change that may still become part of its record.
#[derive(Debug, Clone)]
pub(crate) struct Open {
    pub(crate) candidate: Candidate,
    pub(crate) standing: Standing,
}

/// A record as far as judging needs it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    pub(crate) kind: Option<RecordKind>,
    pub(crate) area: Option<AreaId>,
    pub(crate) admitted: Vec<Admitted>,
    pub(crate) open: Vec<Open>,
    /// The record as it stands, once a change was admitted to it here.
    pub(crate) view: Option<RecordView>,
}

impl Record {
    /// Whether this change is part of the record.
    pub(crate) fn holds(&self, hash: &ChangeHash) -> bool {
        self.admitted.iter().any(|admitted| admitted.hash == *hash)
    }

    /// When its first change was received, and when and from whom the newest.
    pub(crate) fn times(&self, id: RecordId) -> (UnixMs, UnixMs, DeviceId) {
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
pub(crate) struct Adoption {
    pub(crate) area: AreaId,
    pub(crate) kind: RecordKind,
    pub(crate) record: RecordId,
    pub(crate) hash: ChangeHash,
    pub(crate) bytes: Bytes,
}

/// What came of judging.
#[derive(Debug, Default)]
pub(crate) struct Decided {
    pub(crate) standings: BTreeMap<Place, Standing>,
    pub(crate) adoptions: Vec<Adoption>,
    /// Records that have a change more.
    pub(crate) changed: BTreeSet<RecordId>,
}

/// Judges candidates in order; admitting one may admit others that waited for it.
pub(crate) fn decide(records: &mut HashMap<RecordId, Record>, candidates: Vec<Candidate>, now: UnixMs) -> Decided {
    let mut decided = Decided::default();
    for candidate in candidates {
        let id = candidate.record;
        let record = records.entry(id).or_default();
        record.open.retain(|open| open.candidate.place != candidate.place);
        take(record, candidate, now, &mut decided);
        if decided.changed.contains(&id) {
            settle(record, now, &mut decided);
        }
    }
    decided
}

fn take(record: &mut Record, mut candidate: Candidate, now: UnixMs, decided: &mut Decided) {
    let place = candidate.place;
    let verdict = candidate.verdict.take().filter(|_| record.admitted.is_empty());
    let standing = match look(record, &candidate, verdict) {
        Ok(admission) => admit(record, &candidate, admission, now, decided),
        Err(mut standing) => {
            let waits = |open: &&Open| open.standing == Standing::Waiting;
            if standing == Standing::Waiting && record.open.iter().filter(waits).count() >= MAX_WAITING {
                standing = Standing::Quarantined(Reason::Quota);
            }
            if standing.is_open() {
                record.open.push(Open { candidate, standing });
            }
            standing
        }
    };
    decided.standings.insert(place, standing);
}

/// The admission of a change, or how it stands without.
fn look(record: &Record, candidate: &Candidate, verdict: Option<Verdict>) -> Result<Admission, Standing> {
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
    let verdict = verdict.unwrap_or_else(|| {
        let existing: Vec<&[u8]> = record.admitted.iter().map(|admitted| admitted.bytes.as_ref()).collect();
        judge(&existing, bytes.as_ref(), &binding)
    });
    match verdict {
        Verdict::Admitted(admission) => Ok(admission),
        Verdict::Waiting { .. } => Err(Standing::Waiting),
        Verdict::Quarantined(reason) => Err(Standing::Quarantined(reason)),
    }
}

fn admit(
    record: &mut Record,
    candidate: &Candidate,
    admission: Admission,
    now: UnixMs,
    decided: &mut Decided,
) -> Standing {
    let (Some(bytes), Some(binding)) = (candidate.bytes.clone(), candidate.binding) else { return Standing::Absent };
    record.kind = Some(binding.kind);
    record.area = Some(candidate.area);
    record.view = Some(admission.view);
    record.admitted.push(Admitted {
        hash: candidate.hash,
        bytes: bytes.clone(),
        received_at: if candidate.late { now } else { candidate.received_at },
        author: if binding.adopted { author(bytes.as_ref(), binding.device) } else { binding.device },
    });
    decided.changed.insert(candidate.record);
    if !candidate.late {
        return Standing::Admitted;
    }
    decided.adoptions.push(Adoption {
        area: candidate.area,
        kind: binding.kind,
        record: candidate.record,
        hash: candidate.hash,
        bytes,
    });
    Standing::Released
}

/// The device whose actor made a change; a change of another carries its own author.
pub(crate) fn author(bytes: &[u8], otherwise: DeviceId) -> DeviceId {
    scan(bytes).map_or(otherwise, |info| info.actor.device())
}

/// Whether everything a change depends on is there, told without judging it.
fn may_go_on(known: &BTreeSet<ChangeHash>, candidate: &Candidate) -> bool {
    let info = candidate.bytes.as_ref().and_then(|bytes| scan(bytes.as_ref()).ok());
    info.is_none_or(|info| info.deps.iter().all(|dep| known.contains(dep)))
}

/// Judges again what waits for this record, and drops what came in by another batch.
fn settle(record: &mut Record, now: UnixMs, decided: &mut Decided) {
    loop {
        let mut progress = false;
        let known: BTreeSet<ChangeHash> = record.admitted.iter().map(|admitted| admitted.hash).collect();
        for open in std::mem::take(&mut record.open) {
            let place = open.candidate.place;
            if record.holds(&open.candidate.hash) {
                decided.standings.insert(place, Standing::Duplicate);
            } else if open.standing == Standing::Waiting && may_go_on(&known, &open.candidate) {
                match look(record, &open.candidate, None) {
                    Ok(admission) => {
                        let standing = admit(record, &open.candidate, admission, now, decided);
                        decided.standings.insert(place, standing);
                        progress = true;
                    }
                    Err(standing) => {
                        if standing != open.standing {
                            decided.standings.insert(place, standing);
                        }
                        record.open.push(Open { standing, ..open });
                    }
                }
            } else {
                record.open.push(open);
            }
        }
        if !progress {
            return;
        }
    }
}
