//! Verdicts given before a change's turn comes, so that little is left to do while others wait for the turn to end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::decide::{Candidate, Deciding, Record};
use crate::admit::{Binding, Verdict, judge};
use crate::id::{ChangeHash, RecordId, UnixMs};

/// What the gate says of a change under a condition. It counts where the condition holds, and there it is what the gate
/// would say again: the gate knows nothing but the change, what its batch says of it, and the changes before it.
#[derive(Debug, Clone)]
pub struct Foreseen {
    change: ChangeHash,
    binding: Binding,
    /// The changes of the record, in their order; `None` for a refusal whatever the record holds.
    upon: Option<Arc<[ChangeHash]>>,
    verdict: Verdict,
}

impl Foreseen {
    /// What the gate says of a change without its record: all of a change that begins one, of any other the refusals that
    /// concern it alone. `None` where it takes the record to tell.
    #[must_use]
    pub fn alone(change: ChangeHash, bytes: &[u8], binding: &Binding) -> Option<Self> {
        let verdict = judge::<&[u8]>(&[], bytes, binding);
        let upon = match verdict {
            _ if RecordId::of_first_change(&change) == binding.record_id => Some(Arc::default()),
            Verdict::Quarantined(_) => None,
            Verdict::Waiting { .. } | Verdict::Admitted(_) => return None,
        };
        Some(Self { change, binding: *binding, upon, verdict })
    }

    /// Whether the change would lie in quarantine.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self.verdict, Verdict::Quarantined(_))
    }

    /// The verdict on this change, when its record is as it was foreseen.
    pub(super) fn upon<P, B>(&self, record: &Record<P, B>, change: &ChangeHash, binding: &Binding) -> Option<&Verdict> {
        let is_same = |upon: &Arc<[ChangeHash]>| upon.iter().eq(record.admitted.iter().map(|admitted| &admitted.hash));
        let is_meant = self.change == *change && self.binding == *binding;
        (is_meant && self.upon.as_ref().is_none_or(is_same)).then_some(&self.verdict)
    }
}

/// What the gate said while candidates were judged.
#[derive(Debug)]
pub(super) struct Notes<P> {
    said: BTreeMap<P, Vec<Foreseen>>,
    /// The changes of each record when it was looked at last: mostly they are the same the next time.
    upon: BTreeMap<RecordId, Arc<[ChangeHash]>>,
}

impl<P: Ord + Copy> Notes<P> {
    pub(super) fn note<B>(
        &mut self,
        record: &Record<P, B>,
        candidate: &Candidate<P, B>,
        binding: Binding,
        verdict: &Verdict,
    ) {
        let now = || record.admitted.iter().map(|admitted| admitted.hash);
        let upon = self.upon.entry(candidate.record).or_insert_with(|| now().collect());
        // A record only grows.
        if upon.len() != record.admitted.len() {
            *upon = now().collect();
        }
        let foreseen = Foreseen { change: candidate.hash, binding, upon: Some(upon.clone()), verdict: verdict.clone() };
        self.said.entry(candidate.place).or_default().push(foreseen);
    }
}

/// What the gate will say of these candidates, in this order, unless their records have changed by then: the same work
/// as [`decide`](super::decide), of which nothing is kept but the verdicts. No change that is open in a record may have
/// the place of a candidate.
pub fn foresee<P: Ord + Copy, B: AsRef<[u8]> + Clone>(
    mut records: BTreeMap<RecordId, Record<P, B>>,
    candidates: Vec<Candidate<P, B>>,
    now: UnixMs,
) -> BTreeMap<P, Vec<Foreseen>> {
    let wanted: BTreeSet<P> = candidates.iter().map(|candidate| candidate.place).collect();
    let notes = Notes { said: BTreeMap::new(), upon: BTreeMap::new() };
    let deciding = Deciding::new(now, Some(notes)).all(&mut records, candidates);
    let mut said = deciding.notes.map(|notes| notes.said).unwrap_or_default();
    // What waited in a record and went on is judged in its turn.
    said.retain(|place, _| wanted.contains(place));
    said
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::admit::ledger::{Standing, decide};
    use crate::id::{AreaId, RecordKind, Role};
    use crate::record::tests::{author, binding, session};
    use crate::record::{Author, Draft, Edit, RawChange, SessionEdit, create, edit};

    type Change = (RecordId, ChangeHash, Vec<u8>, Option<Binding>);
    type Records = BTreeMap<RecordId, Record<usize, Vec<u8>>>;

    /// Two records: what begins each, edits of two people that follow each other, and of each edit a copy that somebody
    /// else's device claims to have made.
    fn changes() -> Vec<Change> {
        let mut all = Vec::new();
        for serial in 1..=2 {
            let (by, other) = (author(7, 3), author(8, 4));
            let new = create(&Draft::Session(Box::new(session())), &by, serial).expect("valid");
            let mut made = vec![new.change];
            for (number, by) in [&by, &other, &by, &other].into_iter().enumerate() {
                let bytes: Vec<&[u8]> = made.iter().map(|change| &change.bytes[..]).collect();
                made.push(noted(&bytes, number, by));
            }
            for (number, change) in made.into_iter().enumerate() {
                let by = if number < 2 || number == 3 { &by } else { &other };
                let as_made = binding(new.id, RecordKind::Session, by, Role::Guard);
                let claimed = Binding { device: author(9, 5).actor.device(), ..as_made };
                all.push((new.id, change.hash, change.bytes.clone(), Some(claimed)));
                all.push((new.id, change.hash, change.bytes, Some(as_made)));
            }
        }
        all
    }

    fn noted(existing: &[&[u8]], number: usize, by: &Author) -> RawChange {
        let note = SessionEdit { note: Some(format!("ghi chú {number}")), ..Default::default() };
        edit(existing, &Edit::Session(Box::new(note)), by).expect("valid").expect("differs")
    }

    fn candidate(place: usize, change: &Change, said: &BTreeMap<usize, Vec<Foreseen>>) -> Candidate<usize, Vec<u8>> {
        let (record, hash, bytes, binding) = change.clone();
        let mut foreseen = said.get(&place).cloned().unwrap_or_default();
        foreseen.extend(binding.and_then(|binding| Foreseen::alone(hash, &bytes, &binding)));
        Candidate {
            place,
            area: AreaId { generation: 2025, code: 1 },
            record,
            hash,
            bytes: Some(bytes),
            binding,
            obstacle: None,
            foreseen,
            received_at: UnixMs(1),
            late: place.is_multiple_of(3),
        }
    }

    /// Judges these of the changes, with what was said of them before.
    fn judged(
        records: &mut Records,
        changes: &[(usize, Change)],
        said: &BTreeMap<usize, Vec<Foreseen>>,
    ) -> (BTreeMap<usize, Standing>, Vec<ChangeHash>) {
        let candidates = changes.iter().map(|(place, change)| candidate(*place, change, said)).collect();
        let decided = decide(records, candidates, UnixMs(2));
        (decided.standings, decided.adoptions.into_iter().map(|adoption| adoption.hash).collect())
    }

    fn admitted(records: &Records) -> Vec<Vec<ChangeHash>> {
        records.values().map(|record| record.admitted.iter().map(|admitted| admitted.hash).collect()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_was_foreseen_changes_no_verdict_and_leaves_nothing_to_judge_where_nothing_came_between(
            order in Just((0..20_usize).collect::<Vec<_>>()).prop_shuffle(),
            (before, between) in (0..20_usize, 0..3_usize),
        ) {
            let all = changes();
            let mut order = order.into_iter().map(|at| (at, all[at].clone()));
            let mut records = Records::new();
            let nothing = BTreeMap::new();
            judged(&mut records, &order.by_ref().take(before).collect::<Vec<_>>(), &nothing);
            let seen = records.clone();
            let between: Vec<_> = order.by_ref().take(between).collect();
            let now: Vec<_> = order.collect();

            let candidates = |said| now.iter().map(|(place, change)| candidate(*place, change, said)).collect::<Vec<_>>();
            let said = foresee(seen.clone(), candidates(&nothing), UnixMs(2));
            prop_assert!(foresee(seen, candidates(&said), UnixMs(2)).is_empty(), "all of it was said");

            judged(&mut records, &between, &nothing);
            let mut without = records.clone();
            prop_assert_eq!(judged(&mut records, &now, &said), judged(&mut without, &now, &nothing));
            prop_assert_eq!(admitted(&records), admitted(&without));
        }
    }
}
