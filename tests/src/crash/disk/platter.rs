//! What a disk holds: as a program sees it, and as a loss of power would leave it.
//!
//! The rules are those of POSIX, not the kinder ones of one file system: a file's bytes are safe once it was synced, its
//! name once its directory was. Names become safe in the order in which they changed, as a journal of metadata keeps
//! them. Unsynced writes may have reached the disk in any order, whole or in part; sectors do not tear.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Failure;
use super::journal::Event;
use crate::simulate::chance::Chance;

/// What does not tear.
const SECTOR_BYTES: usize = 512;

/// What becomes of unsynced writes and names when the power goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// None is there.
    Forgets,
    /// Each is there or not.
    Picks,
    /// Of each write some sectors are there.
    Tears,
}

/// What a loss of power took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lost {
    /// Writes and names of which nothing was left.
    pub forgotten: u64,
    /// Writes of which some sectors were left.
    pub torn: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// May still be synced.
    Pending,
    Safe,
    /// Its sync failed: it will never be written again, and may have been written.
    Dropped,
}

#[derive(Debug, Clone)]
enum Change {
    Write { offset: u64, bytes: Vec<u8> },
    Length(u64),
}

#[derive(Debug, Default)]
struct Data {
    safe: Vec<u8>,
    /// In order, from the first that is not safe.
    changes: Vec<(Change, Fate)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    Directory,
    File(usize),
}

#[derive(Debug, Clone)]
enum Naming {
    Put(PathBuf, Node),
    Take(PathBuf),
    Move(PathBuf, PathBuf),
}

type Names = BTreeMap<PathBuf, Node>;

/// A disk's content.
#[derive(Debug, Default)]
pub struct Platter {
    files: Vec<Data>,
    live: Names,
    safe: Names,
    /// Changes of names that are not safe, in order.
    namings: Vec<Naming>,
}

impl Platter {
    /// What a directory holds, all of it safe.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of(root: &Path) -> Result<Self, Failure> {
        let mut platter = Self::default();
        platter.load(root, Path::new(""))?;
        platter.live = platter.safe.clone();
        Ok(platter)
    }

    fn load(&mut self, root: &Path, at: &Path) -> Result<(), Failure> {
        for entry in std::fs::read_dir(root.join(at))? {
            let entry = entry?;
            let path = at.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                self.safe.insert(path.clone(), Node::Directory);
                self.load(root, &path)?;
            } else {
                let node = self.add(std::fs::read(entry.path())?);
                self.safe.insert(path, node);
            }
        }
        Ok(())
    }

    fn add(&mut self, safe: Vec<u8>) -> Node {
        self.files.push(Data { safe, changes: Vec::new() });
        Node::File(self.files.len() - 1)
    }

    fn data(&mut self, path: &Path) -> Option<&mut Data> {
        match self.live.get(path) {
            Some(Node::File(index)) => self.files.get_mut(*index),
            _ => None,
        }
    }

    /// Takes in what happened.
    pub(super) fn take(&mut self, event: Event) {
        match event {
            Event::Created(path) => {
                let node = self.add(Vec::new());
                self.name(Naming::Put(path, node));
            }
            Event::Made(path) => self.name(Naming::Put(path, Node::Directory)),
            Event::Unlinked(path) | Event::Removed(path) => self.name(Naming::Take(path)),
            Event::Renamed { from, to } => self.name(Naming::Move(from, to)),
            Event::Wrote { path, offset, bytes } => self.change(&path, Change::Write { offset, bytes }),
            Event::Truncated { path, length } => self.change(&path, Change::Length(length)),
            Event::Synced(path) => self.settle(&path, Fate::Safe),
            Event::SyncFailed(path) => self.settle(&path, Fate::Dropped),
            Event::DirectorySynced(directory) => {
                let (safe, rest) = std::mem::take(&mut self.namings)
                    .into_iter()
                    .partition::<Vec<_>, _>(|naming| naming.touches(&directory));
                self.namings = rest;
                safe.into_iter().for_each(|naming| naming.apply(&mut self.safe));
            }
        }
    }

    fn name(&mut self, naming: Naming) {
        naming.clone().apply(&mut self.live);
        self.namings.push(naming);
    }

    fn change(&mut self, path: &Path, change: Change) {
        if let Some(data) = self.data(path) {
            data.changes.push((change, Fate::Pending));
        }
    }

    fn settle(&mut self, path: &Path, to: Fate) {
        let Some(data) = self.data(path) else { return };
        for (_, fate) in &mut data.changes {
            if *fate == Fate::Pending {
                *fate = to;
            }
        }
        let settled = data.changes.iter().position(|(_, fate)| *fate != Fate::Safe).unwrap_or(data.changes.len());
        let settled: Vec<_> = data.changes.drain(..settled).collect();
        settled.into_iter().for_each(|(change, _)| change.apply(&mut data.safe));
    }

    /// The power goes: what is left is the content from now on.
    pub fn cut(&mut self, power: Power, chance: &mut Chance) -> Lost {
        let mut lost = Lost::default();
        let namings = std::mem::take(&mut self.namings);
        let kept = if power == Power::Forgets { 0 } else { chance.index(namings.len() + 1) };
        lost.forgotten += (namings.len() - kept) as u64;
        namings.into_iter().take(kept).for_each(|naming| naming.apply(&mut self.safe));
        for data in &mut self.files {
            for (change, fate) in std::mem::take(&mut data.changes) {
                match (fate, power) {
                    (Fate::Safe, _) => change.apply(&mut data.safe),
                    (_, Power::Forgets) => lost.forgotten += 1,
                    (_, Power::Picks) if chance.once_in(2) => change.apply(&mut data.safe),
                    (_, Power::Picks) => lost.forgotten += 1,
                    (_, Power::Tears) => change.tear(&mut data.safe, chance, &mut lost),
                }
            }
        }
        let safe = self.safe.clone();
        let is_reachable = |path: &Path| {
            let mut above = path.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty());
            above.all(|above| safe.get(above) == Some(&Node::Directory))
        };
        self.safe.retain(|path, _| is_reachable(path));
        self.live = self.safe.clone();
        lost
    }

    /// Makes a directory hold exactly this.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_to(&self, root: &Path) -> Result<(), Failure> {
        for entry in std::fs::read_dir(root)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                std::fs::remove_dir_all(entry.path())?;
            } else {
                std::fs::remove_file(entry.path())?;
            }
        }
        for (path, node) in &self.safe {
            match node {
                Node::Directory => std::fs::create_dir(root.join(path))?,
                Node::File(index) => std::fs::write(root.join(path), &self.files[*index].safe)?,
            }
        }
        Ok(())
    }
}

impl Naming {
    fn touches(&self, directory: &Path) -> bool {
        let is_in = |path: &Path| path.parent() == Some(directory);
        match self {
            Self::Put(path, _) | Self::Take(path) => is_in(path),
            Self::Move(from, to) => is_in(from) || is_in(to),
        }
    }

    fn apply(self, names: &mut Names) {
        match self {
            Self::Put(path, node) => drop(names.insert(path, node)),
            Self::Take(path) => drop(names.remove(&path)),
            Self::Move(from, to) => {
                if let Some(node) = names.remove(&from) {
                    names.insert(to, node);
                }
            }
        }
    }
}

impl Change {
    fn apply(self, bytes: &mut Vec<u8>) {
        match self {
            Self::Length(length) => bytes.resize(length as usize, 0),
            Self::Write { offset, bytes: new } => put(bytes, offset as usize, &new),
        }
    }

    fn tear(self, bytes: &mut Vec<u8>, chance: &mut Chance, lost: &mut Lost) {
        let Self::Write { offset, bytes: new } = self else {
            if chance.once_in(2) {
                return self.apply(bytes);
            }
            lost.forgotten += 1;
            return;
        };
        let (mut at, mut kept, mut gone) = (offset as usize, 0_u64, 0_u64);
        let end = at + new.len();
        while at < end {
            let next = ((at / SECTOR_BYTES + 1) * SECTOR_BYTES).min(end);
            if chance.once_in(2) {
                put(bytes, at, &new[at - offset as usize..next - offset as usize]);
                kept += 1;
            } else {
                gone += 1;
            }
            at = next;
        }
        lost.torn += u64::from(kept > 0 && gone > 0);
        lost.forgotten += u64::from(kept == 0);
    }
}

fn put(bytes: &mut Vec<u8>, offset: usize, new: &[u8]) {
    if bytes.len() < offset + new.len() {
        bytes.resize(offset + new.len(), 0);
    }
    bytes[offset..offset + new.len()].copy_from_slice(new);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(platter: &mut Platter, path: &str, bytes: &[u8]) {
        platter.take(Event::Wrote { path: path.into(), offset: 0, bytes: bytes.to_vec() });
    }

    fn content(platter: &Platter, path: &str) -> Option<Vec<u8>> {
        match platter.safe.get(Path::new(path))? {
            Node::File(index) => Some(platter.files[*index].safe.clone()),
            Node::Directory => None,
        }
    }

    #[test]
    fn only_what_was_synced_is_left() {
        let mut platter = Platter::default();
        platter.take(Event::Created("a".into()));
        written(&mut platter, "a", b"first");
        platter.take(Event::Synced("a".into()));
        platter.take(Event::DirectorySynced("".into()));
        written(&mut platter, "a", b"other");
        platter.take(Event::Created("b".into()));
        platter.take(Event::Synced("b".into()));
        let lost = platter.cut(Power::Forgets, &mut Chance::new(1));
        assert_eq!(content(&platter, "a"), Some(b"first".to_vec()));
        assert_eq!((content(&platter, "b"), lost.forgotten), (None, 2), "a file without a synced name is gone");
    }

    #[test]
    fn a_write_whose_sync_failed_is_not_saved_by_the_next_sync() {
        let mut platter = Platter::default();
        platter.take(Event::Created("a".into()));
        platter.take(Event::DirectorySynced("".into()));
        written(&mut platter, "a", b"gone");
        platter.take(Event::SyncFailed("a".into()));
        platter.take(Event::Synced("a".into()));
        platter.cut(Power::Forgets, &mut Chance::new(1));
        assert_eq!(content(&platter, "a"), Some(Vec::new()));
        written(&mut platter, "a", b"kept");
        platter.take(Event::Synced("a".into()));
        platter.cut(Power::Forgets, &mut Chance::new(1));
        assert_eq!(content(&platter, "a"), Some(b"kept".to_vec()), "written again, it is");
    }

    #[test]
    fn a_renamed_file_has_its_old_name_until_the_directory_is_synced() {
        let mut platter = Platter::default();
        platter.take(Event::Created("a.part".into()));
        platter.take(Event::DirectorySynced("".into()));
        platter.take(Event::Renamed { from: "a.part".into(), to: "a".into() });
        platter.cut(Power::Forgets, &mut Chance::new(1));
        assert!(content(&platter, "a.part").is_some() && content(&platter, "a").is_none());
    }

    #[test]
    fn a_torn_write_is_there_by_sectors() {
        let mut platter = Platter::default();
        platter.take(Event::Created("a".into()));
        platter.take(Event::DirectorySynced("".into()));
        written(&mut platter, "a", &[7; 8192]);
        let lost = platter.cut(Power::Tears, &mut Chance::new(3));
        let left = content(&platter, "a").unwrap_or_default();
        let whole = |sector: &[u8]| sector.iter().all(|byte| *byte == 7) || sector.iter().all(|byte| *byte == 0);
        assert!(left.chunks(SECTOR_BYTES).all(whole) && lost.torn == 1);
        assert!(left.contains(&7));
    }
}
