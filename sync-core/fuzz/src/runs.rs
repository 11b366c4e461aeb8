//! Run-length coded columns of numbers, taken apart into items and put together in the one way Automerge writes them:
//! so a wrong item stands in a column that is otherwise in order.

use super::parts::{Bytes, put_signed};

/// How the items of a column are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    Unsigned,
    /// Each item is the difference to the one before.
    Delta,
}

/// The columns of numbers.
pub(crate) const NUMBERS: [(u64, Coding); 9] = [
    (0x01, Coding::Unsigned),
    (0x02, Coding::Unsigned),
    (0x11, Coding::Unsigned),
    (0x13, Coding::Delta),
    (0x42, Coding::Unsigned),
    (0x56, Coding::Unsigned),
    (0x70, Coding::Unsigned),
    (0x71, Coding::Unsigned),
    (0x73, Coding::Delta),
];

/// More items than any column of a valid change has.
const MOST: usize = 20_000;

/// The items of a column; absolute numbers also where differences are written.
pub(crate) fn items(data: &[u8], coding: Coding) -> Option<Vec<Option<i64>>> {
    let mut from = Bytes(data);
    let (mut items, mut value) = (Vec::new(), 0_i64);
    while !from.0.is_empty() {
        let length = from.signed()?;
        let count = if length == 0 { from.unsigned()? } else { length.unsigned_abs() };
        if count > MOST as u64 {
            return None;
        }
        let mut read = || match coding {
            Coding::Unsigned => from.unsigned().and_then(|item| i64::try_from(item).ok()),
            Coding::Delta => from.signed(),
        };
        let run = if length > 0 { Some(read()?) } else { None };
        for _ in 0..count {
            if length == 0 {
                items.push(None);
                continue;
            }
            let item = if length > 0 { run? } else { read()? };
            value = if coding == Coding::Delta { value.checked_add(item)? } else { item };
            items.push(Some(value));
        }
    }
    Some(items)
}

/// The column of these items.
pub(crate) fn column(items: &[Option<i64>], coding: Coding) -> Vec<u8> {
    let mut before = 0;
    let written: Vec<Option<i64>> = items
        .iter()
        .map(|item| {
            let item = (*item)?;
            let written = if coding == Coding::Delta { item.wrapping_sub(before) } else { item };
            before = item;
            Some(written)
        })
        .collect();
    let mut out = Vec::new();
    let put = |out: &mut Vec<u8>, item: i64| match coding {
        Coding::Delta => put_signed(out, item),
        Coding::Unsigned => put_unsigned(out, item.cast_unsigned()),
    };
    let mut literal: Vec<i64> = Vec::new();
    let flush = |out: &mut Vec<u8>, literal: &mut Vec<i64>| {
        if !literal.is_empty() {
            put_signed(out, -(literal.len() as i64));
            for item in literal.drain(..) {
                put(out, item);
            }
        }
    };
    for run in written.chunk_by(|a, b| a == b) {
        match run[0] {
            None => {
                flush(&mut out, &mut literal);
                out.push(0);
                put_unsigned(&mut out, run.len() as u64);
            }
            Some(item) if run.len() == 1 => literal.push(item),
            Some(item) => {
                flush(&mut out, &mut literal);
                put_signed(&mut out, run.len() as i64);
                put(&mut out, item);
            }
        }
    }
    flush(&mut out, &mut literal);
    // A column of nothing but nulls is left out.
    if items.iter().all(Option::is_none) { Vec::new() } else { out }
}

fn put_unsigned(out: &mut Vec<u8>, value: u64) {
    let mut number = sync_core::wire::Writer::new();
    number.number(value);
    out.extend(number.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_come_out_as_they_went_in() {
        for coding in [Coding::Unsigned, Coding::Delta] {
            for list in [
                vec![Some(1), Some(1), Some(2), None, None, Some(9)],
                vec![Some(5)],
                vec![None, Some(0), Some(300), Some(300), Some(300)],
            ] {
                assert_eq!(items(&column(&list, coding), coding), Some(list));
            }
        }
    }
}
