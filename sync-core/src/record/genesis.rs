//! Reading a record of one change without building a document.
//!
//! Nearly every change that reaches a server is the first of its record. When such a change has exactly the form in
//! which [`super::create`] writes them, its content can be read off its operations: keys in ascending order, each put
//! once, then at most one note, written front to back. Anything else goes through Automerge.
//!
//! Why that is safe: a sequence of operations has one canonical coding, which is the one Automerge writes. So a change
//! that passes is, byte for byte, what Automerge would write for these operations, and Automerge loads and saves it.
//! A property test compares both ways of reading over random records and over mutated bytes.

use std::collections::BTreeMap;

use super::chunk::Chunk;
use super::columns::{Action, Key, Op, OpId, RawValue};
use super::document::NOTE;
use super::state::{Claim, Scalar, State};

/// The content of a record whose only change this is; `None` when it has not the plain form.
pub(crate) fn read(chunk: &Chunk<'_>) -> Option<State> {
    let info = &chunk.info;
    let first = info.deps.is_empty() && info.seq == 1 && info.start_op == 1;
    if !first || !chunk.plain || !chunk.columns.canonical {
        return None;
    }
    let claim = |value| Claim { value, author: info.actor, change: info.hash, claimed_at: info.time };
    let ops = &chunk.columns.ops;
    let note_at = ops.iter().position(|op| op.action == Action::MakeText).unwrap_or(ops.len());
    let (puts, note) = ops.split_at(note_at);
    let mut entries = Vec::with_capacity(puts.len());
    let mut last = "";
    for op in puts {
        let Key::Text(key) = op.key else { return None };
        let plain = op.object.is_none() && !op.insert && op.action == Action::Put && op.predecessors == 0;
        if !plain || key <= last || key == NOTE {
            return None;
        }
        last = key;
        entries.push((key.to_owned(), vec![claim(scalar(op.value)?)]));
    }
    let note = match note {
        [] => None,
        [make, characters @ ..] => Some(note_text(make, note_at as u64 + 1, characters)?),
    };
    let created = Claim { value: (), author: info.actor, change: info.hash, claimed_at: info.time };
    Some(State { entries: BTreeMap::from_iter(entries), note, heads: vec![info.hash], created, changes: 1 })
}

/// The text of a note that `make` makes as operation `number` and the next operations write front to back.
fn note_text(make: &Op<'_>, number: u64, characters: &[Op<'_>]) -> Option<String> {
    let made = make.object.is_none() && !make.insert && make.key == Key::Text(NOTE) && make.predecessors == 0;
    if !made || make.value != RawValue::Null {
        return None;
    }
    let object = Some(OpId { counter: number, actor: 0 });
    let mut text = String::with_capacity(characters.len() * 2);
    for (op, counter) in characters.iter().zip(number..) {
        let after = if counter == number { Key::Head } else { Key::Element(OpId { counter, actor: 0 }) };
        let plain = op.object == object && op.insert && op.action == Action::Put && op.predecessors == 0;
        let RawValue::Text(character) = op.value else { return None };
        let mut rest = character.chars();
        if !plain || op.key != after || rest.next().is_none() || rest.next().is_some() {
            return None;
        }
        text.push_str(character);
    }
    Some(text)
}

fn scalar(value: RawValue<'_>) -> Option<Scalar> {
    match value {
        RawValue::Bool(value) => Some(Scalar::Bool(value)),
        RawValue::Uint(value) => Some(Scalar::Uint(value)),
        RawValue::Int(value) => Some(Scalar::Int(value)),
        RawValue::Text(value) => Some(Scalar::Text(value.to_owned())),
        RawValue::Bytes(value) => Some(Scalar::Bytes(value.to_vec())),
        RawValue::Null | RawValue::Other => None,
    }
}
