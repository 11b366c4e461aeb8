//! Which changes of a record can be read, and which wait for others.

use std::collections::BTreeSet;

use crate::admit::scan;
use crate::id::ChangeHash;

/// The changes of one record that are here, apart by whether everything they depend on is here too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ready<B> {
    /// Those that can be read, each after what it depends on.
    pub changes: Vec<B>,
    /// How many wait for others that have not arrived, or are no changes this version reads.
    pub waiting: usize,
}

/// Puts the changes of a record in an order in which they can be read. Each comes with its hash.
#[must_use]
pub fn ready<B: AsRef<[u8]>>(changes: impl IntoIterator<Item = (ChangeHash, B)>) -> Ready<B> {
    let mut out = Ready { changes: Vec::new(), waiting: 0 };
    let mut open = Vec::new();
    for (hash, bytes) in changes {
        match scan(bytes.as_ref()) {
            Ok(info) => open.push((hash, info.deps, bytes)),
            Err(_) => out.waiting += 1,
        }
    }
    let mut known = BTreeSet::new();
    loop {
        let before = out.changes.len();
        let (now, later): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|(_, deps, _)| deps.iter().all(|dep| known.contains(dep)));
        for (hash, _, bytes) in now {
            known.insert(hash);
            out.changes.push(bytes);
        }
        open = later;
        if out.changes.len() == before || open.is_empty() {
            out.waiting += open.len();
            return out;
        }
    }
}
