//! What people meant: a second, much simpler account of every edit, kept beside the records to check them.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::id::{ChangeHash, RecordId};
use sync_core::record::{RecordView, Register, Scalar};

/// One field written by one person, and what of the record they had before them.
#[derive(Debug, Clone)]
struct Written {
    change: ChangeHash,
    field: String,
    value: String,
    seen: BTreeSet<ChangeHash>,
}

/// Every write, by record.
#[derive(Debug, Clone, Default)]
pub struct Shadow {
    records: BTreeMap<RecordId, Vec<Written>>,
}

/// A field and the values it shows, shown or beside.
pub type Values = BTreeMap<String, BTreeSet<String>>;

impl Shadow {
    /// Notes that a change wrote these fields by someone who had `seen`.
    pub fn note(
        &mut self,
        record: RecordId,
        change: ChangeHash,
        seen: &BTreeSet<ChangeHash>,
        fields: Vec<(String, String)>,
    ) {
        let writes = self.records.entry(record).or_default();
        for (field, value) in fields {
            let standing = standing(writes, &field, seen);
            // What stands already is not written again.
            if !matches!(standing[..], [only] if only.value == value) {
                writes.push(Written { change, field, value, seen: seen.clone() });
            }
        }
    }

    /// What a record with exactly these changes has to show.
    #[must_use]
    pub fn expected(&self, record: RecordId, changes: &BTreeSet<ChangeHash>) -> Values {
        let writes = self.records.get(&record).map_or(&[][..], Vec::as_slice);
        let fields: BTreeSet<_> = writes.iter().map(|written| &written.field).collect();
        fields
            .into_iter()
            .map(|field| {
                let values = standing(writes, field, changes).into_iter().map(|written| written.value.clone());
                (field.clone(), values.collect::<BTreeSet<_>>())
            })
            .filter(|(_, values)| !values.is_empty())
            .collect()
    }
}

/// The writes of a field among these changes that no other of them had seen.
fn standing<'a>(writes: &'a [Written], field: &str, changes: &BTreeSet<ChangeHash>) -> Vec<&'a Written> {
    let of_field: Vec<_> =
        writes.iter().filter(|written| written.field == field && changes.contains(&written.change)).collect();
    let replaced = |one: &Written| of_field.iter().any(|other| other.seen.contains(&one.change));
    of_field.iter().filter(|one| !replaced(one)).copied().collect()
}

/// The same fields as a record shows them.
#[must_use]
pub fn shown(view: &RecordView) -> Values {
    let RecordView::Session(view) = view else { return Values::new() };
    let mut values = Values::new();
    values.insert("attendances".to_owned(), claims(&view.fields.attendances));
    values.insert("void".to_owned(), claims(&view.fields.void));
    for (kind, material) in &view.material {
        for (recorder, tally) in &material.tallies {
            values.insert(format!("material/{kind}/{recorder}"), claims(tally));
        }
    }
    values.retain(|_, values| !values.is_empty());
    values
}

fn claims<T: sync_core::record::FieldValue>(register: &Register<T>) -> BTreeSet<String> {
    register.claims().map(|claim| Scalar::to_text(&claim.value.to_scalar())).collect()
}
