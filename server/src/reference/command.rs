//! `banlang reference`: import lists, see which villages wait for a choice, choose.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use sync_core::id::{AreaId, UnixMs};

use super::Catalogues;
use super::choice::{Choice, ChoiceError, choose};
use super::import::{ImportError, Source, import};
use super::kind::Kind;
use crate::audit::Actor;
use crate::cli::Lang;
use crate::db::{Db, DbError};

/// Reference data: units, villages, posts, words, plans.
#[derive(Debug, Args)]
pub struct ReferenceArgs {
    #[command(subcommand)]
    command: ReferenceCommand,
}

#[derive(Debug, Subcommand)]
enum ReferenceCommand {
    /// Import a CSV file (UTF-8). A file with a fault changes nothing; the same file again changes nothing.
    Import {
        /// What the file holds.
        #[arg(long, value_enum)]
        kind: Kind,
        /// The file.
        file: PathBuf,
        /// Only say what would change.
        #[arg(long)]
        dry_run: bool,
    },
    /// Import the lists that come with the program; repeating it changes nothing.
    Supplied {
        /// Also those that are made up, for a trial: villages, posts, panels, clubs, plans.
        #[arg(long)]
        sample: bool,
    },
    /// List the villages of split units whose new unit a person has to choose.
    Choices,
    /// Choose the unit of a village of a split unit.
    Choose {
        /// The village's id.
        village: String,
        /// The unit, generation and code: 2025-06838.
        unit: AreaId,
        /// The code chosen before, when this corrects it.
        #[arg(long)]
        replaces: Option<u32>,
    },
}

/// The command did not do what was asked; nothing changed.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    /// The file cannot be read.
    #[error("FILE {}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The file is not accepted.
    #[error("FILE {}:\n{cause}", path.display())]
    Import {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: ImportError,
    },
    /// A list that comes with the program is not accepted.
    #[error("supplied lists: {0}")]
    Supplied(#[from] ImportError),
    /// The choice is not accepted.
    #[error(transparent)]
    Choice(#[from] ChoiceError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The report cannot be written out.
    #[error("writing the report: {0}")]
    Output(#[from] std::io::Error),
}

/// Runs the command on a migrated database and writes what it did to `out`.
///
/// # Errors
/// [`ReferenceError`]; nothing changed then, unless only the report could not be written out.
pub async fn run(
    args: ReferenceArgs,
    db: &Db,
    at: UnixMs,
    lang: Lang,
    out: &mut impl Write,
) -> Result<(), ReferenceError> {
    match args.command {
        ReferenceCommand::Import { kind, file, dry_run } => {
            let bytes = std::fs::read(&file).map_err(|cause| ReferenceError::File { path: file.clone(), cause })?;
            let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let source =
                Source { kind, file_name: &name, bytes: &bytes, actor: Actor::CommandLine, at, dry_run, sample: false };
            let report =
                import(db, source).await.map_err(|cause| ReferenceError::Import { path: file.clone(), cause })?;
            writeln!(out, "{}", report.text(lang))?;
            if dry_run {
                let said = lang.pick("chạy thử: chưa thay đổi gì", "dry run: nothing was changed");
                writeln!(out, "{said}")?;
            }
        }
        ReferenceCommand::Supplied { sample } => {
            for report in super::sample::install(db, sample, at).await? {
                let changes = report.lines.len();
                let (kind, rows) = (report.kind, report.rows);
                match lang {
                    Lang::Vi => writeln!(out, "{kind}: {rows} mục trong tệp, {changes} thay đổi")?,
                    Lang::En => writeln!(out, "{kind}: {rows} in the file, {changes} changes")?,
                }
            }
        }
        ReferenceCommand::Choices => {
            let catalogue = Catalogues::new(db.clone()).current().await?;
            for open in catalogue.pending_choices() {
                let name = |area: AreaId| format!("{area} {}", catalogue.area_name(area));
                let candidates: Vec<_> = open.candidates.iter().copied().map(name).collect();
                let suggested = open
                    .suggested
                    .map(|area| format!("; {} {area}", lang.pick("gợi ý", "suggested")))
                    .unwrap_or_default();
                let known = name(open.known);
                writeln!(
                    out,
                    "{}  {} ({known}): {}{suggested}",
                    open.village,
                    open.name,
                    candidates.join(lang.pick(" hoặc ", " or "))
                )?;
            }
        }
        ReferenceCommand::Choose { village, unit, replaces } => {
            let kept = choose(db, Choice { village: &village, unit, replaces, actor: Actor::CommandLine, at }).await?;
            let before = lang.pick(" (như trước)", " (as before)");
            writeln!(out, "{village}: {unit}{}", if kept { "" } else { before })?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::db::testing::{Failure, on_each};
    use crate::reference::sample;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: ReferenceArgs,
    }

    async fn say(db: &Db, line: &[&str]) -> Result<String, Failure> {
        let args = Line::try_parse_from(std::iter::once(&"reference").chain(line))?.args;
        let mut out = Vec::new();
        run(args, db, UnixMs(0), Lang::En, &mut out).await?;
        Ok(String::from_utf8(out)?)
    }

    #[tokio::test]
    async fn a_dry_run_an_import_and_a_choice_say_what_they_do() -> Result<(), Failure> {
        on_each(async |db| {
            sample::install(db, true, UnixMs(0)).await?;
            let dir = tempfile::tempdir()?;
            let path = dir.path().join("topics.csv");
            std::fs::write(&path, "code,vi,en\nnew,Chủ đề mới,New topic\n")?;
            let file = path.to_str().ok_or("a path that is text")?;
            let dry = say(db, &["import", "--kind", "topics", "--dry-run", file]).await?;
            assert!(dry.contains("added    new  Chủ đề mới") && dry.contains("nothing was changed"), "{dry}");
            assert!(say(db, &["import", "--kind", "topics", file]).await?.contains("1 added, 10 kept"));
            assert!(say(db, &["import", "--kind", "topics", file]).await?.contains("nothing changes"));
            let choices = say(db, &["choices"]).await?;
            assert!(choices.contains("2025-06838 Xã Bình Liêu or 2025-06862 Xã Tiên Yên; suggested 2025-06838"));
            assert_eq!(say(db, &["choose", "06853-na-nhai", "2025-06862"]).await?, "06853-na-nhai: 2025-06862\n");
            assert_eq!(say(db, &["choices"]).await?.lines().count(), choices.lines().count() - 1);
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn a_vietnamese_operator_reads_vietnamese() -> Result<(), Failure> {
        on_each(async |db| {
            let dir = tempfile::tempdir()?;
            let (good, bad) = (dir.path().join("topics.csv"), dir.path().join("bad.csv"));
            std::fs::write(&good, "code,vi,en\nnew,Chủ đề mới,New topic\n")?;
            std::fs::write(&bad, "code,vi,en\nXX,,New topic\n")?;
            let say = async |file: &std::path::Path, dry: bool| {
                let file = file.display().to_string();
                let line = ["reference", "import", "--kind", "topics", &file];
                let line = line.into_iter().chain(dry.then_some("--dry-run"));
                let args = Line::try_parse_from(line).expect("parses").args;
                let mut out = Vec::new();
                let done = run(args, db, UnixMs(0), Lang::Vi, &mut out).await;
                done.map(|()| String::from_utf8(out).expect("text"))
            };
            let dry = say(&good, true).await?;
            assert!(dry.contains("thêm      new") && dry.contains("chạy thử: chưa thay đổi gì"), "{dry}");
            assert!(say(&good, false).await?.contains("1 mục trong tệp, 1 thêm"));
            let error = crate::cli::CliError::from(say(&bad, false).await.expect_err("refused")).text(Lang::Vi);
            for part in ["bad.csv", "dòng 2, cột code: “XX” chưa đúng; hãy ghi: 1 đến 40 ký tự", "cột vi: để trống"]
            {
                assert!(error.contains(part), "{part}: {error}");
            }
            assert!(!error.contains("accepted") && !error.contains("line"), "{error}");
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_named() -> Result<(), Failure> {
        on_each(async |db| {
            let error = say(db, &["import", "--kind", "units", "no-such.csv"]).await.expect_err("no file");
            assert!(error.to_string().starts_with("FILE no-such.csv:"), "{error}");
            Ok(())
        })
        .await
    }

    #[test]
    fn an_unknown_kind_lists_the_accepted_ones() {
        let error = Line::try_parse_from(["reference", "import", "--kind", "unit", "x.csv"]).expect_err("refused");
        assert!(error.to_string().contains("panel-conditions"), "{error}");
    }
}
