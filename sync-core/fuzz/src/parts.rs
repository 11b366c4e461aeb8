//! A change taken apart and put together again, so that one part can be wrong while all others still fit.

use sync_core::wire::Writer;

/// The contents of a raw change: everything after its frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) deps: Vec<[u8; 32]>,
    pub(crate) actor: Vec<u8>,
    pub(crate) seq: u64,
    pub(crate) start_op: u64,
    pub(crate) time: i64,
    pub(crate) message: Vec<u8>,
    pub(crate) other_actors: Vec<Vec<u8>>,
    /// Specification and data.
    pub(crate) columns: Vec<(u64, Vec<u8>)>,
    /// Bytes after the last column.
    pub(crate) rest: Vec<u8>,
}

/// Takes from the front.
#[derive(Debug)]
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(head)
    }

    pub(crate) fn unsigned(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.take(1)?.first()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    pub(crate) fn signed(&mut self) -> Option<i64> {
        let mut value = 0_i64;
        for shift in (0..64).step_by(7) {
            let byte = *self.take(1)?.first()?;
            value |= i64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(if byte & 0x40 != 0 && shift + 7 < 64 { value | -1 << (shift + 7) } else { value });
            }
        }
        None
    }

    fn prefixed(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.unsigned()?).ok()?;
        self.take(len)
    }
}

/// Appends a signed LEB128 number in its shortest form, as Automerge writes it.
pub(crate) fn put_signed(out: &mut Vec<u8>, mut value: i64) {
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        if (value == 0 && byte & 0x40 == 0) || (value == -1 && byte & 0x40 != 0) {
            out.push(byte);
            return;
        }
        out.push(byte | 0x80);
    }
}

impl Parts {
    /// The parts of these contents.
    pub(crate) fn of(contents: &[u8]) -> Option<Self> {
        let mut from = Bytes(contents);
        let deps = from.unsigned()?;
        let deps: Option<Vec<_>> = (0..deps).map(|_| from.take(32).and_then(|hash| hash.try_into().ok())).collect();
        let deps = deps?;
        let actor = from.prefixed()?.to_vec();
        let (seq, start_op, time) = (from.unsigned()?, from.unsigned()?, from.signed()?);
        let message = from.prefixed()?.to_vec();
        let others = from.unsigned()?;
        let other_actors: Option<Vec<_>> = (0..others).map(|_| from.prefixed().map(<[u8]>::to_vec)).collect();
        let count = from.unsigned()?;
        let specs: Option<Vec<_>> = (0..count).map(|_| Some((from.unsigned()?, from.unsigned()?))).collect();
        let data = specs?.into_iter().map(|(spec, len)| Some((spec, from.take(usize::try_from(len).ok()?)?.to_vec())));
        let columns: Option<Vec<_>> = data.collect();
        let (other_actors, columns) = (other_actors?, columns?);
        Some(Self { deps, actor, seq, start_op, time, message, other_actors, columns, rest: from.0.to_vec() })
    }

    /// The contents these parts make.
    pub(crate) fn contents(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.count(self.deps.len());
        for dep in &self.deps {
            out.fixed(dep);
        }
        out.bytes(&self.actor).number(self.seq).number(self.start_op);
        put_signed(&mut out.0, self.time);
        out.bytes(&self.message).count(self.other_actors.len());
        for actor in &self.other_actors {
            out.bytes(actor);
        }
        out.count(self.columns.len());
        for (spec, data) in &self.columns {
            out.number(*spec).count(data.len());
        }
        for (_, data) in &self.columns {
            out.fixed(data);
        }
        out.fixed(&self.rest);
        out.0
    }

    /// The data of a column; put in its place when it is not there.
    pub(crate) fn column(&mut self, spec: u64) -> &mut Vec<u8> {
        let at = match self.columns.binary_search_by_key(&spec, |(spec, _)| *spec) {
            Ok(at) => at,
            Err(at) => {
                self.columns.insert(at, (spec, Vec::new()));
                at
            }
        };
        &mut self.columns[at].1
    }
}
