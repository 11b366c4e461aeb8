//! What a hostile device may do to a change before it signs it.
//!
//! Every mutation works on the contents of a change that is in order. The frame, the hash and the signature are made
//! afterwards, so that what comes out reaches the gate.

use sync_core::wire::Writer;

use super::parts::{Parts, put_signed};
use super::runs::{Coding, NUMBERS, column, items};
use crate::Draws;

/// What else a mutation may draw on.
#[derive(Debug)]
pub(crate) struct Around<'a> {
    /// Actors of other devices, and of nobody.
    pub(crate) actors: &'a [Vec<u8>],
    /// Hashes of changes of this record and of others.
    pub(crate) hashes: &'a [[u8; 32]],
    /// Whole documents, bundles and compressed chunks, framed.
    pub(crate) chunks: &'a [Vec<u8>],
    /// Contents of other changes that are in order.
    pub(crate) others: &'a [Vec<u8>],
}

/// Numbers at which something may break.
const EDGES: [i64; 14] =
    [0, 1, -1, 2, 15, 63, 255, 65_536, 1 << 24, (1 << 24) + 1, i32::MAX as i64, 1 << 32, i64::MAX, i64::MIN];
const DEFLATED: u64 = 0x08;
const TEXTS: [&[u8]; 8] =
    [b"", b"\0", b"\xff\xfe", b"date", b"note", b"material/leaflet/1", b"topic/", "ký tự 🌿\u{202e}".as_bytes()];

fn pick<'a, T>(draws: &mut Draws, from: &'a [T]) -> Option<&'a T> {
    if from.is_empty() { None } else { Some(&from[draws.below(from.len())]) }
}

fn edge(draws: &mut Draws) -> i64 {
    match draws.below(3) {
        0 => EDGES[draws.below(EDGES.len())],
        1 => i64::try_from(draws.below(64)).unwrap_or(0),
        _ => draws.next_u64().cast_signed() >> draws.below(64),
    }
}

fn flip(draws: &mut Draws, bytes: &mut [u8]) {
    if !bytes.is_empty() {
        let at = draws.below(bytes.len());
        bytes[at] ^= 1 << draws.below(8);
    }
}

/// Any change to bytes that nobody looked at.
fn tear(draws: &mut Draws, bytes: &mut Vec<u8>) {
    let at = draws.below(bytes.len() + 1);
    match draws.below(6) {
        0 => bytes.truncate(at),
        1 => bytes.insert(at, draws.next_u64() as u8),
        2 if at < bytes.len() => drop(bytes.remove(at)),
        3 => {
            let again = bytes[at..].to_vec();
            bytes.extend(again.iter().take(64));
        }
        4 if at < bytes.len() => bytes[at] = draws.next_u64() as u8,
        _ => (0..=draws.below(4)).for_each(|_| flip(draws, bytes)),
    }
}

/// A wrong item in a column of numbers that is coded as it should be.
fn item(draws: &mut Draws, parts: &mut Parts) {
    let (spec, coding) = NUMBERS[draws.below(NUMBERS.len())];
    let data = parts.column(spec);
    let Some(mut list) = items(data, coding) else { return };
    let at = draws.below(list.len() + 1);
    let near = list.get(at).copied().flatten().unwrap_or(0);
    let wrong = match draws.below(5) {
        0 => Some(near.wrapping_add(1)),
        1 => Some(near.wrapping_sub(1)),
        2 => None,
        3 => Some(i64::try_from(draws.below(12)).unwrap_or(0)),
        _ => Some(edge(draws)),
    };
    match list.get_mut(at) {
        Some(item) if draws.below(8) > 0 => *item = wrong,
        _ => list.insert(at, wrong),
    }
    *data = column(&list, coding);
}

/// One operation more, or one less, in every column.
fn operation(draws: &mut Draws, parts: &mut Parts) {
    let repeat = draws.below(2) == 0;
    let Some(count) = items(parts.column(0x42), Coding::Unsigned).map(|list| list.len()).filter(|len| *len > 0) else {
        return;
    };
    let at = draws.below(count);
    for (spec, coding) in NUMBERS {
        let data = parts.column(spec);
        let Some(mut list) = items(data, coding).filter(|list| list.len() == count) else { continue };
        if repeat {
            list.insert(at, list[at]);
        } else {
            list.remove(at);
        }
        *data = column(&list, coding);
    }
}

/// A number that promises far more than follows.
fn huge(draws: &mut Draws, parts: &mut Parts) {
    let count = parts.columns.len();
    if count == 0 {
        return;
    }
    let (_, data) = &mut parts.columns[draws.below(count)];
    let mut run = Vec::new();
    put_signed(&mut run, [1 << 20, 1 << 31, 1 << 40, i64::MAX, -(1 << 40), i64::MIN][draws.below(6)]);
    run.push(draws.next_u64() as u8 & 0x7f);
    let at = if draws.below(2) == 0 { 0 } else { data.len() };
    data.splice(at..at, run);
}

/// A column whose data are deflated, as Automerge itself would accept them: one stored block.
fn deflate(draws: &mut Draws, parts: &mut Parts) {
    let count = parts.columns.len();
    if count == 0 {
        return;
    }
    let (spec, data) = &mut parts.columns[draws.below(count)];
    *spec |= DEFLATED;
    let len = u16::try_from(data.len()).unwrap_or(u16::MAX);
    let mut block = vec![1];
    block.extend(len.to_le_bytes());
    block.extend((!len).to_le_bytes());
    block.append(data);
    *data = block;
}

fn columns(draws: &mut Draws, parts: &mut Parts) {
    let count = parts.columns.len();
    if count == 0 {
        return;
    }
    let (a, b) = (draws.below(count), draws.below(count));
    match draws.below(6) {
        0 => drop(parts.columns.remove(a)),
        1 => {
            let again = parts.columns[a].clone();
            parts.columns.insert(a, again);
        }
        2 => parts.columns[a].1 = parts.columns[b].1.clone(),
        3 => parts.columns.swap(a, b),
        4 => parts.columns[a].0 = draws.next_u64() & 0xff,
        _ => parts.columns.insert(a, (draws.next_u64() & 0x1ff, vec![0x7f, 0])),
    }
}

fn text(draws: &mut Draws, parts: &mut Parts) {
    let texts = [0x15, 0x57];
    let spec = texts[draws.below(2)];
    let word = TEXTS[draws.below(TEXTS.len())];
    let data = parts.column(spec);
    let at = draws.below(data.len() + 1);
    let mut with = Writer::new();
    if spec == 0x15 {
        put_signed(&mut with.0, -1);
        with.bytes(word);
    } else {
        with.fixed(word);
    }
    let end = (at + draws.below(3) * word.len()).min(data.len());
    data.splice(at..end, with.0);
}

fn deps(draws: &mut Draws, parts: &mut Parts, around: &Around<'_>) {
    let any = pick(draws, around.hashes).copied().unwrap_or([7; 32]);
    let made_up = std::array::from_fn(|_| draws.next_u64() as u8);
    match draws.below(7) {
        0 => parts.deps.clear(),
        1 => parts.deps.push(made_up),
        2 => parts.deps.insert(0, any),
        3 => parts.deps = vec![any],
        4 => parts.deps.extend(parts.deps.clone()),
        5 => parts.deps.extend(std::iter::repeat_n(made_up, 80)),
        _ => {
            parts.deps.push(any);
            parts.deps.sort_unstable();
            parts.deps.dedup();
        }
    }
}

fn numbering(draws: &mut Draws, parts: &mut Parts) {
    let any = edge(draws).cast_unsigned();
    let near = draws.below(5) as u64;
    match draws.below(7) {
        0 => parts.seq = any,
        1 => parts.seq = parts.seq.wrapping_add(near).wrapping_sub(2),
        2 => parts.start_op = any,
        3 | 4 => parts.start_op = parts.start_op.wrapping_add(near).wrapping_sub(2),
        5 => parts.time = any.cast_signed(),
        _ => parts.message = vec![b'm'; draws.below(100)],
    }
}

fn actors(draws: &mut Draws, parts: &mut Parts, around: &Around<'_>) {
    let any = pick(draws, around.actors).cloned().unwrap_or_default();
    match draws.below(6) {
        0 => parts.actor = any,
        1 => parts.actor.truncate(draws.below(16)),
        2 => parts.actor.extend([1; 16]),
        3 => parts.other_actors.push(any),
        4 => {
            parts.other_actors.push(any);
            parts.other_actors.sort_unstable();
            parts.other_actors.dedup();
        }
        _ => parts.other_actors.push(parts.actor.clone()),
    }
}

/// Contents that are no change's.
fn other_chunk(draws: &mut Draws, around: &Around<'_>) -> Vec<u8> {
    let chunk = pick(draws, around.chunks).cloned().unwrap_or_default();
    // With its frame, or, as a frame is put around it, without.
    if draws.below(2) == 0 { chunk } else { chunk.get(9 + draws.below(3)..).unwrap_or_default().to_vec() }
}

/// Contents made wrong, in one way or in several. Some of what comes out is in order all the same.
pub(crate) fn mutated(draws: &mut Draws, contents: &[u8], around: &Around<'_>) -> Vec<u8> {
    let Some(mut parts) = Parts::of(contents) else { return contents.to_vec() };
    let turns = [1, 1, 1, 2, 3][draws.below(5)];
    for _ in 0..turns {
        match draws.below(40) {
            0..16 => item(draws, &mut parts),
            16..18 => operation(draws, &mut parts),
            18..20 => huge(draws, &mut parts),
            20 => deflate(draws, &mut parts),
            21..23 => columns(draws, &mut parts),
            23..26 => text(draws, &mut parts),
            26..29 => deps(draws, &mut parts, around),
            29..32 => numbering(draws, &mut parts),
            32..34 => actors(draws, &mut parts, around),
            34 => {
                let count = parts.columns.len().max(1);
                if let Some((_, data)) = parts.columns.get_mut(draws.below(count)) {
                    tear(draws, data);
                }
            }
            35 => parts.rest = vec![draws.next_u64() as u8; 1 + draws.below(40)],
            36 => return other_chunk(draws, around),
            37 => {
                // Columns of one change under the head of another.
                if let Some(other) = pick(draws, around.others).and_then(|other| Parts::of(other)) {
                    parts.columns = other.columns;
                    parts.other_actors = other.other_actors;
                }
            }
            _ => {
                let mut bytes = parts.contents();
                tear(draws, &mut bytes);
                return bytes;
            }
        }
    }
    parts.contents()
}
