//! The reference data that come with the program, and their import into a new database.

use sync_core::id::UnixMs;

use super::import::{ImportError, Report, Source, import};
use super::kind::Kind;
use crate::audit::Actor;
use crate::db::Db;

/// A file that comes with the program.
#[derive(Debug, Clone, Copy)]
pub struct Supplied {
    /// What it holds.
    pub kind: Kind,
    /// Its name.
    pub file_name: &'static str,
    /// Its bytes, with the notices of its sources.
    pub bytes: &'static [u8],
    /// Made up or unverified: for a trial, not for a deployment.
    pub sample: bool,
}

macro_rules! supplied {
    ($($kind:ident $file:literal $sample:literal,)*) => {
        /// Every supplied file, in the order of import.
        pub const SUPPLIED: &[Supplied] = &[$(Supplied {
            kind: Kind::$kind,
            file_name: $file,
            bytes: include_bytes!(concat!("../../data/", $file)),
            sample: $sample,
        }),*];
    };
}

supplied! {
    Units "quang-ninh-units.csv" false,
    Labels "glossary-vi-en.csv" false,
    Materials "materials.csv" false,
    Topics "topics.csv" false,
    Formats "formats.csv" false,
    Partners "partners.csv" false,
    Languages "languages.csv" false,
    Difficulties "difficulties.csv" false,
    Places "places.csv" false,
    PanelConditions "panel-conditions.csv" false,
    Hotlines "hotlines.csv" false,
    Villages "quang-ninh-villages-sample.csv" true,
    Posts "posts-sample.csv" true,
    Panels "panels-sample.csv" true,
    Clubs "clubs-sample.csv" true,
    Plans "plans-sample.csv" true,
}

/// Imports the supplied files; with `sample` also those that are made up. Running it again changes nothing.
///
/// # Errors
/// The database's.
pub async fn install(db: &Db, sample: bool, at: UnixMs) -> Result<Vec<Report>, ImportError> {
    let mut reports = Vec::new();
    for file in SUPPLIED.iter().filter(|file| sample || !file.sample) {
        let source = Source {
            kind: file.kind,
            file_name: file.file_name,
            bytes: file.bytes,
            actor: Actor::CommandLine,
            at,
            dry_run: false,
            sample: file.sample,
        };
        reports.push(import(db, source).await?);
    }
    Ok(reports)
}
