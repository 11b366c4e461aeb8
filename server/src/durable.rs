//! Files and directories that are there after a loss of power: a file's name is only safe once its directory is synced.

use std::fs::{File, OpenOptions};
use std::io::{Result, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Writes a file whole and durably, or leaves what was there: a stop at any point leaves the old file or the new one.
///
/// `mode` is the file's Unix mode. Under the name with `.part` behind it the file comes about; what a stop left there is
/// written over.
///
/// # Errors
/// What the system says; then the file is as it was.
pub fn write_whole(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let part = with_suffix(path, ".part");
    let written = write_part(&part, bytes, mode).and_then(|()| std::fs::rename(&part, path));
    if written.is_err() {
        // On a full disk half a file is worth less than its room.
        std::fs::remove_file(&part).ok();
        return written;
    }
    sync_parent(path)
}

fn write_part(part: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(mode);
    let mut file = options.open(part)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes the name of this file or directory safe.
///
/// # Errors
/// What the system says.
pub fn sync_parent(path: &Path) -> Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

/// Makes a directory, and those above it that are missing, durably and for their owner alone. One that exists stays as it
/// is.
///
/// # Errors
/// What the system says.
pub(crate) fn make_private(directory: &Path) -> Result<()> {
    let missing: Vec<&Path> =
        directory.ancestors().take_while(|ancestor| !ancestor.as_os_str().is_empty() && !ancestor.exists()).collect();
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    missing.into_iter().rev().try_for_each(sync_parent)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}
