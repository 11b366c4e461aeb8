//! The columns of a change, read strictly into operations.
//!
//! Columns are run-length coded: a hundred bytes may stand for a million operations. Runs are only ever expanded up to
//! [`MAX_OPS`], and what a run repeats is borrowed, so memory is bounded by the operations, not by what the bytes say.

use super::chunk::{Cursor, MAX_OPS, ScanError};

/// The most predecessors over all operations of a change.
const MAX_PREDECESSORS: usize = 2 * MAX_OPS;

/// Specification numbers of the columns: id × 16 + type.
mod spec {
    pub(super) const OBJECT_ACTOR: u64 = 0x01;
    pub(super) const OBJECT_COUNTER: u64 = 0x02;
    pub(super) const KEY_ACTOR: u64 = 0x11;
    pub(super) const KEY_COUNTER: u64 = 0x13;
    pub(super) const KEY_TEXT: u64 = 0x15;
    pub(super) const INSERT: u64 = 0x34;
    pub(super) const ACTION: u64 = 0x42;
    pub(super) const VALUE_META: u64 = 0x56;
    pub(super) const VALUE: u64 = 0x57;
    pub(super) const PRED_COUNT: u64 = 0x70;
    pub(super) const PRED_ACTOR: u64 = 0x71;
    pub(super) const PRED_COUNTER: u64 = 0x73;
}

/// An operation's number and the index of its actor in the change: 0 is the change's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OpId {
    pub(crate) counter: u64,
    pub(crate) actor: usize,
}

/// Where an operation writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key<'a> {
    /// A key of a map.
    Text(&'a str),
    /// The front of a text.
    Head,
    /// An element of a text.
    Element(OpId),
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Put,
    Delete,
    MakeText,
    /// Something this version does not write: another object, a counter's increment.
    Other,
}

/// The value of an operation; other types than these are left as bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RawValue<'a> {
    Null,
    Bool(bool),
    Uint(u64),
    Int(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
    Other,
}

/// One operation of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Op<'a> {
    /// The text it writes in; `None` is the root.
    pub(crate) object: Option<OpId>,
    pub(crate) key: Key<'a>,
    pub(crate) insert: bool,
    pub(crate) action: Action,
    pub(crate) value: RawValue<'a>,
    /// How many operations it takes the place of.
    pub(crate) predecessors: usize,
}

/// The operations of a change.
#[derive(Debug, Clone)]
pub(crate) struct Columns<'a> {
    pub(crate) ops: Vec<Op<'a>>,
    /// Whether the columns are coded in the one way Automerge codes them.
    pub(crate) canonical: bool,
}

/// One item of a run-length coded column.
trait Item<'a>: Copy + PartialEq {
    fn read(cursor: &mut Cursor<'a>) -> Option<Self>;
}

impl<'a> Item<'a> for u64 {
    fn read(cursor: &mut Cursor<'a>) -> Option<Self> {
        cursor.unsigned()
    }
}

impl<'a> Item<'a> for i64 {
    fn read(cursor: &mut Cursor<'a>) -> Option<Self> {
        cursor.signed()
    }
}

impl<'a> Item<'a> for &'a str {
    fn read(cursor: &mut Cursor<'a>) -> Option<Self> {
        let len = usize::try_from(cursor.unsigned()?).ok()?;
        std::str::from_utf8(cursor.take(len)?).ok()
    }
}

/// A column's items, and whether they were coded in the one way Automerge codes them.
struct Runs<T> {
    items: Vec<Option<T>>,
    canonical: bool,
}

/// Expands a run-length coded column to at most `most` items. Automerge reads a column that ends early as null from
/// there on, and then saves something else than it read, so only a whole column is canonical.
///
/// A sequence has one canonical coding: equal neighbours stand in one run, others in one literal, nulls in one null
/// run, nulls at the end are written out, and a column of nothing but nulls is left out.
fn runs<'a, T: Item<'a>>(bytes: &'a [u8], most: usize, what: &'static str) -> Result<Runs<T>, ScanError> {
    let malformed = ScanError::Malformed(what);
    let mut cursor = Cursor(bytes);
    let mut items: Vec<Option<T>> = Vec::with_capacity(most.min(bytes.len()));
    let (mut canonical, mut after_literal, mut any_value) = (true, false, bytes.is_empty());
    while !cursor.0.is_empty() {
        let length = cursor.signed().ok_or(malformed)?;
        let (count, literal) = match length {
            0 => (cursor.unsigned().filter(|count| *count > 0).ok_or(malformed)?, false),
            _ => (length.unsigned_abs(), length < 0),
        };
        let count = usize::try_from(count).ok().filter(|count| *count <= most - items.len());
        let count = count.ok_or(ScanError::TooMany)?;
        if literal {
            canonical &= !after_literal;
            for _ in 0..count {
                let item = Some(T::read(&mut cursor).ok_or(malformed)?);
                canonical &= items.last() != Some(&item);
                items.push(item);
            }
        } else {
            let item = if length == 0 { None } else { Some(T::read(&mut cursor).ok_or(malformed)?) };
            canonical &= items.last() != Some(&item) && (length == 0 || count > 1);
            items.resize(items.len() + count, item);
        }
        after_literal = literal;
        any_value |= length != 0;
    }
    let whole = items.is_empty() || items.len() == most;
    Ok(Runs { items, canonical: canonical && any_value && whole })
}

/// Replaces differences by the values they add up to, each from 0 to 2^31.
fn absolute(deltas: Vec<Option<i64>>, what: &'static str) -> Result<Vec<Option<u64>>, ScanError> {
    let mut value = 0_i64;
    let add = |delta: Option<i64>| match delta {
        None => Ok(None),
        Some(delta) => {
            value = value.checked_add(delta).filter(|v| (0..=1 << 31).contains(v)).ok_or(ScanError::Malformed(what))?;
            Ok(Some(value.unsigned_abs()))
        }
    };
    deltas.into_iter().map(add).collect()
}

/// Alternating counts of false and true.
fn booleans(bytes: &[u8], most: usize, what: &'static str) -> Result<Vec<bool>, ScanError> {
    let mut cursor = Cursor(bytes);
    let (mut items, mut value) = (Vec::new(), false);
    while !cursor.0.is_empty() {
        let count = cursor.unsigned().ok_or(ScanError::Malformed(what))?;
        // Only the very first count may be zero.
        if count == 0 && (value || !items.is_empty()) {
            return Err(ScanError::Malformed(what));
        }
        let count = usize::try_from(count).ok().filter(|count| *count <= most - items.len());
        items.resize(items.len() + count.ok_or(ScanError::TooMany)?, value);
        value = !value;
    }
    Ok(items)
}

fn value<'a>(meta: u64, data: &mut Cursor<'a>) -> Option<RawValue<'a>> {
    let len = usize::try_from(meta >> 4).ok()?;
    let bytes = data.take(len)?;
    let whole = |mut cursor: Cursor<'a>, value| cursor.take(0).filter(|_| cursor.0.is_empty()).map(|_| value);
    let mut cursor = Cursor(bytes);
    match meta & 15 {
        0 => (len == 0).then_some(RawValue::Null),
        1 => (len == 0).then_some(RawValue::Bool(false)),
        2 => (len == 0).then_some(RawValue::Bool(true)),
        3 => cursor.unsigned().and_then(|number| whole(cursor, RawValue::Uint(number))),
        4 => cursor.signed().and_then(|number| whole(cursor, RawValue::Int(number))),
        5 => (len == 8).then_some(RawValue::Other),
        6 => std::str::from_utf8(bytes).ok().map(RawValue::Text),
        7 => Some(RawValue::Bytes(bytes)),
        8 | 9 => cursor.signed().and_then(|_| whole(cursor, RawValue::Other)),
        _ => Some(RawValue::Other),
    }
}

/// An operation id of two columns; both or neither must be there.
fn op_id(counter: Option<u64>, actor: Option<u64>, actors: usize) -> Option<Option<OpId>> {
    match (counter, actor) {
        (None, None) => Some(None),
        (Some(counter), Some(actor)) => {
            let actor = usize::try_from(actor).ok().filter(|actor| *actor < actors)?;
            (counter > 0 && counter <= 1 << 31).then_some(Some(OpId { counter, actor }))
        }
        _ => None,
    }
}

/// Reads the columns of a change that mentions so many actors.
pub(crate) fn parse<'a>(columns: &[(u64, &'a [u8])], actors: usize) -> Result<Columns<'a>, ScanError> {
    use spec::{
        ACTION, INSERT, KEY_ACTOR, KEY_COUNTER, KEY_TEXT, OBJECT_ACTOR, OBJECT_COUNTER, PRED_ACTOR, PRED_COUNT,
        PRED_COUNTER, VALUE, VALUE_META,
    };
    const KNOWN: [u64; 12] = [
        OBJECT_ACTOR,
        OBJECT_COUNTER,
        KEY_ACTOR,
        KEY_COUNTER,
        KEY_TEXT,
        INSERT,
        ACTION,
        VALUE_META,
        VALUE,
        PRED_COUNT,
        PRED_ACTOR,
        PRED_COUNTER,
    ];
    // This shuts out deflated columns (bit 3), marks, and whatever a later Automerge may add.
    if columns.iter().any(|(spec, _)| !KNOWN.contains(spec)) {
        return Err(ScanError::Malformed("columns"));
    }
    let column = |wanted| columns.iter().find(|(spec, _)| *spec == wanted).map_or(&[][..], |(_, data)| *data);
    let mut canonical = true;
    let mut noted = |runs: Runs<u64>| {
        canonical &= runs.canonical;
        runs.items
    };
    // How many operations there are, the first column says.
    let actions = runs::<u64>(column(ACTION), MAX_OPS, "action")?.items;
    let actions = noted(runs(column(ACTION), actions.len(), "action")?);
    let count = actions.len();
    let object_actors = noted(runs(column(OBJECT_ACTOR), count, "object")?);
    let object_counters = noted(runs(column(OBJECT_COUNTER), count, "object")?);
    let key_actors = noted(runs(column(KEY_ACTOR), count, "key")?);
    let metas = noted(runs(column(VALUE_META), count, "value")?);
    let pred_counts = noted(runs(column(PRED_COUNT), count, "predecessors")?);
    let key_counters = runs::<i64>(column(KEY_COUNTER), count, "key")?;
    let key_texts = runs::<&str>(column(KEY_TEXT), count, "key")?;
    canonical &= key_counters.canonical && key_texts.canonical && columns.iter().all(|(_, data)| !data.is_empty());
    let (key_counters, key_texts) = (absolute(key_counters.items, "key")?, key_texts.items);
    let inserts = booleans(column(INSERT), count, "insert")?;
    if inserts.len() != count || metas.len() != count || pred_counts.len() != count {
        return Err(ScanError::Malformed("columns"));
    }
    let mut values = Cursor(column(VALUE));
    let mut ops = Vec::with_capacity(count);
    let mut predecessors_left = MAX_PREDECESSORS;
    let at = |items: &[Option<u64>], index: usize| items.get(index).copied().flatten();
    for (index, action) in actions.iter().enumerate() {
        let object = op_id(at(&object_counters, index), at(&object_actors, index), actors);
        let object = object.ok_or(ScanError::Malformed("object"))?;
        let text = key_texts.get(index).copied().flatten();
        let key = match (text, at(&key_counters, index), at(&key_actors, index)) {
            (Some(text), None, None) => Key::Text(text),
            (None, Some(0), None) => Key::Head,
            (None, counter, actor) => match op_id(counter, actor, actors) {
                Some(Some(element)) => Key::Element(element),
                _ => return Err(ScanError::Malformed("key")),
            },
            _ => return Err(ScanError::Malformed("key")),
        };
        let value = metas[index].and_then(|meta| value(meta, &mut values)).ok_or(ScanError::Malformed("value"))?;
        let action = match action {
            Some(1) => Action::Put,
            Some(3) => Action::Delete,
            Some(4) => Action::MakeText,
            Some(0 | 2 | 5 | 6) => Action::Other,
            _ => return Err(ScanError::Malformed("action")),
        };
        let predecessors = pred_counts[index].and_then(|count| usize::try_from(count).ok());
        let predecessors = predecessors.ok_or(ScanError::Malformed("predecessors"))?;
        predecessors_left = predecessors_left.checked_sub(predecessors).ok_or(ScanError::TooMany)?;
        ops.push(Op { object, key, insert: inserts[index], action, value, predecessors });
    }
    if !values.0.is_empty() {
        return Err(ScanError::Malformed("value"));
    }
    let total = MAX_PREDECESSORS - predecessors_left;
    let pred_actors = runs::<u64>(column(PRED_ACTOR), total, "predecessors")?;
    let pred_counters = runs::<i64>(column(PRED_COUNTER), total, "predecessors")?;
    canonical &= pred_actors.canonical && pred_counters.canonical;
    let (pred_actors, pred_counters) = (pred_actors.items, absolute(pred_counters.items, "predecessors")?);
    if pred_actors.len() != total || pred_counters.len() != total {
        return Err(ScanError::Malformed("predecessors"));
    }
    for (counter, actor) in pred_counters.into_iter().zip(pred_actors) {
        if !matches!(op_id(counter, actor, actors), Some(Some(_))) {
            return Err(ScanError::Malformed("predecessors"));
        }
    }
    Ok(Columns { ops, canonical })
}
