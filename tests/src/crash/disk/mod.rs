//! A disk under one program at a time: it forgets what was not synced, tears writes, fills up and fails.
//!
//! `disk.c` is put under a process with `LD_PRELOAD` and notes every change of a file in a journal. [`Platter`] works
//! out of the journal what a loss of power leaves behind. The faults of a [`Disk`] are turned on and off from outside
//! while the process runs.

mod journal;
mod platter;

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

pub use platter::{Lost, Platter, Power};

use super::Failure;
use crate::simulate::chance::Chance;
use tempfile::TempDir;

const SOURCE: &str = include_str!("disk.c");
/// Words of the control file, as in `disk.c`.
const WORDS: usize = 16;
const FULL: usize = 9;
const LIE: usize = 10;
const HITS: usize = 11;
const SYNCS: usize = 12;

/// What of a disk fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Writing and cutting files.
    Write = 0,
    /// Syncing files and directories. What a failed sync should have written is forgotten for good, as by Linux.
    Sync = 3,
    /// Reading.
    Read = 6,
}

/// `EIO`: the device failed.
pub const EIO: i64 = 5;

/// A disk under a directory.
#[derive(Debug)]
pub struct Disk {
    root: PathBuf,
    side: TempDir,
    control: File,
    platter: Platter,
    /// The failed calls that were counted already; see [`Disk::hits`].
    pub seen: i64,
}

impl Disk {
    /// A disk that holds what is in this directory now.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn under(root: &Path) -> Result<Self, Failure> {
        let root = root.canonicalize()?;
        let side = tempfile::Builder::new().prefix("banlang-disk-").tempdir()?;
        let control =
            OpenOptions::new().create(true).truncate(true).read(true).write(true).open(side.path().join("control"))?;
        control.set_len(WORDS as u64 * 8)?;
        File::create(side.path().join("journal"))?;
        Ok(Self { platter: Platter::of(&root)?, root, side, control, seen: 0 })
    }

    /// Variables of the environment that put a process on this disk.
    ///
    /// # Errors
    /// When the layer cannot be compiled.
    pub fn environment(&self) -> Result<Vec<(String, String)>, Failure> {
        let text = |path: PathBuf| path.display().to_string();
        Ok(vec![
            ("LD_PRELOAD".to_owned(), text(layer()?.to_owned())),
            ("DISK_UNDER".to_owned(), text(self.root.clone())),
            ("DISK_JOURNAL".to_owned(), text(self.side.path().join("journal"))),
            ("DISK_CONTROL".to_owned(), text(self.side.path().join("control"))),
        ])
    }

    /// After so many calls that still succeed, so many calls of this part fail with EIO; `None`: all from then on.
    ///
    /// # Errors
    /// When the control file cannot be written.
    pub fn fail(&self, part: Part, after: u32, times: Option<u32>) -> Result<(), Failure> {
        self.set(part as usize + 1, after.into())?;
        self.set(part as usize + 2, times.map_or(-1, i64::from))?;
        self.set(part as usize, EIO)
    }

    /// No file grows any more, and none is made.
    ///
    /// # Errors
    /// When the control file cannot be written.
    pub fn fill(&self) -> Result<(), Failure> {
        self.set(FULL, 1)
    }

    /// Syncing says that it was done, and is not.
    ///
    /// # Errors
    /// When the control file cannot be written.
    pub fn lie(&self) -> Result<(), Failure> {
        self.set(LIE, 1)
    }

    /// Everything works again.
    ///
    /// # Errors
    /// When the control file cannot be written.
    pub fn heal(&self) -> Result<(), Failure> {
        [Part::Write as usize, Part::Sync as usize, Part::Read as usize, FULL, LIE]
            .into_iter()
            .try_for_each(|word| self.set(word, 0))
    }

    /// How many calls were made to fail so far.
    ///
    /// # Errors
    /// When the control file cannot be read.
    pub fn hits(&self) -> Result<i64, Failure> {
        self.word(HITS)
    }

    /// How many syncs were asked for so far.
    ///
    /// # Errors
    /// When the control file cannot be read.
    pub fn syncs(&self) -> Result<i64, Failure> {
        self.word(SYNCS)
    }

    /// The power goes: the directory holds what the disk kept. No process may be at work on it.
    ///
    /// # Errors
    /// When the journal is none, or the directory cannot be written.
    pub fn cut(&mut self, power: Power, chance: &mut Chance) -> Result<Lost, Failure> {
        let path = self.side.path().join("journal");
        let bytes = std::fs::read(&path)?;
        for event in journal::read(&bytes) {
            self.platter.take(event?);
        }
        let lost = self.platter.cut(power, chance);
        self.platter.write_to(&self.root)?;
        File::create(path)?;
        Ok(lost)
    }

    /// Takes what the directory holds now as safe: other programs may have worked on it since.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn rebase(&mut self) -> Result<(), Failure> {
        self.platter = Platter::of(&self.root)?;
        File::create(self.side.path().join("journal"))?;
        Ok(())
    }

    fn set(&self, word: usize, value: i64) -> Result<(), Failure> {
        Ok(self.control.write_all_at(&value.to_ne_bytes(), word as u64 * 8)?)
    }

    fn word(&self, word: usize) -> Result<i64, Failure> {
        let mut bytes = [0; 8];
        self.control.read_exact_at(&mut bytes, word as u64 * 8)?;
        Ok(i64::from_ne_bytes(bytes))
    }
}

/// The layer, compiled once beside the program that uses it, under a name that follows from its source.
fn layer() -> Result<&'static Path, Failure> {
    static LAYER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let layer = LAYER.get_or_init(|| compile().map_err(|error| error.to_string()));
    layer.as_deref().map_err(|error| error.clone().into())
}

fn compile() -> Result<PathBuf, Failure> {
    let digest = sync_core::id::to_hex(&server::auth::statement::sha256(SOURCE.as_bytes())[..8]);
    let beside = std::env::current_exe()?.parent().map(Path::to_owned).ok_or("no directory")?;
    let library = beside.join(format!("libdisk-{digest}.so"));
    if library.exists() {
        return Ok(library);
    }
    let work = tempfile::tempdir_in(&beside)?;
    let (source, made) = (work.path().join("disk.c"), work.path().join("disk.so"));
    std::fs::write(&source, SOURCE)?;
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let flags = ["-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-pthread", "-o"];
    let done = Command::new(compiler).args(flags).arg(&made).arg(&source).output()?;
    if !done.status.success() {
        return Err(format!("disk.c: {}", String::from_utf8_lossy(&done.stderr)).into());
    }
    std::fs::rename(made, &library)?;
    Ok(library)
}
