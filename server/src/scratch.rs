//! A directory of one's own for work that is not finished: nobody else reads it, and it goes when the work ends.
//!
//! A program that is killed leaves its directory behind. The operating system then lets go of the lock in it, and the
//! next program that needs one clears it away.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::durable::make_private;

const LOCK: &str = "lock";

/// A private directory, removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Scratch {
    directory: TempDir,
    _lock: File,
}

impl Scratch {
    /// Makes a directory whose name begins with `prefix` inside of `parent`, which is made when it is missing. Clears
    /// away those of programs that were killed.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn new(parent: &Path, prefix: &str) -> std::io::Result<Self> {
        make_private(parent)?;
        for entry in std::fs::read_dir(parent)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(prefix) && is_abandoned(&entry.path()) {
                std::fs::remove_dir_all(entry.path())?;
            }
        }
        let owner_alone = std::fs::Permissions::from_mode(0o700);
        let directory = tempfile::Builder::new().prefix(prefix).permissions(owner_alone).tempdir_in(parent)?;
        let lock = OpenOptions::new().create_new(true).write(true).open(directory.path().join(LOCK))?;
        lock.try_lock()?;
        Ok(Self { directory, _lock: lock })
    }

    /// Something in it.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

/// Whether the program that made it is gone. One that has no lock yet is being made at this moment.
fn is_abandoned(directory: &Path) -> bool {
    OpenOptions::new().write(true).open(directory.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::testing::Failure;

    #[test]
    fn a_directory_is_private_and_goes_with_its_owner() -> Result<(), Failure> {
        let parent = tempfile::tempdir()?;
        let scratch = Scratch::new(parent.path(), ".work-")?;
        let path = scratch.join("");
        assert_eq!(std::fs::metadata(&path)?.permissions().mode() & 0o777, 0o700);
        drop(scratch);
        assert!(!path.exists());
        Ok(())
    }

    #[test]
    fn what_a_killed_program_left_is_cleared_away_and_what_is_in_use_is_not() -> Result<(), Failure> {
        let parent = tempfile::tempdir()?;
        let left = parent.path().join(".work-left");
        std::fs::create_dir(&left)?;
        std::fs::write(left.join(LOCK), "")?;
        let used = Scratch::new(parent.path(), ".work-")?;
        assert!(!left.exists());
        let other = Scratch::new(parent.path(), ".work-")?;
        assert!(used.join(LOCK).exists() && other.join(LOCK).exists());
        Ok(())
    }
}
