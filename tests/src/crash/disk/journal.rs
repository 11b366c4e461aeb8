//! The journal `disk.c` writes: what happened to the files of a disk, in order.

use std::path::{Path, PathBuf};

use super::Failure;

/// Something that happened. Paths are relative to the disk's root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    Created(PathBuf),
    Wrote { path: PathBuf, offset: u64, bytes: Vec<u8> },
    Truncated { path: PathBuf, length: u64 },
    Synced(PathBuf),
    SyncFailed(PathBuf),
    DirectorySynced(PathBuf),
    Unlinked(PathBuf),
    Renamed { from: PathBuf, to: PathBuf },
    Made(PathBuf),
    Removed(PathBuf),
}

const HEAD_BYTES: usize = 32;

/// The events of a journal. A record that was cut by a kill ends it: its call had not returned.
pub(super) fn read(mut bytes: &[u8]) -> impl Iterator<Item = Result<Event, Failure>> {
    std::iter::from_fn(move || {
        let (head, rest) = bytes.split_at_checked(HEAD_BYTES)?;
        let number = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]) as usize;
        let long = |at: usize| number(at) as u64 | (number(at + 4) as u64) << 32;
        let (op, path, other, offset, length) = (head[3], number(4), number(8), long(16), long(24) as usize);
        let data = if op == 2 { length } else { 0 };
        let rest = if &head[..3] == b"DSK" { rest } else { return Some(Err("the journal is damaged".into())) };
        let (path, rest) = rest.split_at_checked(path)?;
        let (other, rest) = rest.split_at_checked(other)?;
        let (data, rest) = rest.split_at_checked(data)?;
        bytes = rest;
        Some(event(op, &relative(path), &relative(other), offset, data))
    })
}

fn relative(bytes: &[u8]) -> PathBuf {
    Path::new(String::from_utf8_lossy(bytes).trim_start_matches('/')).to_owned()
}

fn event(op: u8, path: &Path, other: &Path, offset: u64, data: &[u8]) -> Result<Event, Failure> {
    let (path, to) = (path.to_owned(), other.to_owned());
    Ok(match op {
        1 => Event::Created(path),
        2 => Event::Wrote { path, offset, bytes: data.to_vec() },
        3 => Event::Truncated { path, length: offset },
        4 => Event::Synced(path),
        5 => Event::SyncFailed(path),
        6 => Event::DirectorySynced(path),
        7 => Event::Unlinked(path),
        8 => Event::Renamed { from: path, to },
        9 => Event::Made(path),
        10 => Event::Removed(path),
        other => return Err(format!("the journal has an unknown event {other}").into()),
    })
}
