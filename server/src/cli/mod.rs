//! The command line. Each feature offers its arguments and a `run`; here they are only dispatched.
//!
//! Exit codes: 0 done, 1 failed, 2 wrong usage or configuration.

mod config;
mod error;
mod init;
mod serve;
mod vietnamese;
mod vietnamese_texts;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

pub use error::{CliError, Lang};

use crate::clock::{Clock, SystemClock};
use crate::config::{Config, Sources};
use crate::db::{Db, Schema};
use crate::field::command as field;
use crate::maintenance::command as maintenance;
use crate::reference::command::{self, ReferenceArgs};

/// Banlang: outreach in border villages, recorded without signal.
#[derive(Debug, Parser)]
#[command(name = "banlang", version, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Args)]
struct Global {
    /// Settings file (TOML). See `banlang config --example`
    #[arg(long, global = true, value_name = "FILE", help_heading = "Settings")]
    config: Option<PathBuf>,
    /// One setting, above the environment and the file; may be repeated
    #[arg(long = "set", global = true, value_name = "NAME=VALUE", value_parser = setting, help_heading = "Settings")]
    set: Vec<(String, String)>,
    /// Language of messages: vi or en
    #[arg(long, global = true, env = "BANLANG_LANG", default_value = "vi", hide_env_values = true)]
    lang: Lang,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve devices and officers until SIGTERM
    Serve(serve::Args),
    /// Create the data directory, the database and the server's keys; repeating it changes nothing
    Init(init::Args),
    /// Reference data: import lists, and choose the units of villages of split units
    Reference(ReferenceArgs),
    /// A device in this terminal: record without signal, exchange with the server
    Field(field::Args),
    /// A signed request from this terminal's device: METHOD PATH [--data JSON|@FILE]
    Call(field::CallArgs),
    /// Accounts: make, list, change
    User(crate::account::cli::UserArgs),
    /// Devices: list, revoke, issue enrolment codes
    Device(crate::device::cli::DeviceArgs),
    /// The server's own keys: list, rotate
    Key(crate::auth::cli::KeyArgs),
    /// Make the caches again from the stored batches
    Rebuild,
    /// Check every chain, signature, record and read table; exit code 1 when anything differs
    Verify,
    /// Copy the embedded database to a new file, while it is served
    Backup(maintenance::BackupArgs),
    /// Put a backup in the place of the embedded database; the server must be stopped
    Restore(maintenance::RestoreArgs),
    /// Prepare the snapshots new devices fetch
    Snapshot(maintenance::SnapshotArgs),
    /// Print the description of the HTTP interface (OpenAPI, JSON)
    Openapi,
    /// Print the settings in force, secrets hidden
    Config(config::Args),
}

/// What commands have in common.
#[derive(Debug)]
pub struct Context {
    /// The settings in force.
    pub config: Config,
    /// The language of messages.
    pub lang: Lang,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Context {
    /// The database, which must exist and have the schema of this program.
    ///
    /// # Errors
    /// [`CliError`] that says to run `banlang init` where that helps.
    pub async fn open_db(&self) -> Result<Db, CliError> {
        let url = self.config.database();
        if Db::is_missing(&url)? {
            return Err(CliError::failed(
                "chưa có cơ sở dữ liệu; hãy chạy `banlang init`",
                "there is no database yet; run `banlang init`",
            ));
        }
        let db = Db::open(&url, self.config.database_connections).await?;
        match db.schema().await? {
            Schema::Current => Ok(db),
            Schema::Older { .. } => Err(CliError::failed(
                "cơ sở dữ liệu thuộc phiên bản cũ; hãy sao lưu rồi chạy `banlang init`",
                "the database is of an older version; back it up, then run `banlang init`",
            )),
            Schema::Foreign(versions) => Err(newer_schema(&versions)),
        }
    }
}

/// The database holds migrations this program does not know.
pub(crate) fn newer_schema(versions: &[i64]) -> CliError {
    let versions = versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    CliError::failed(
        format!(
            "cơ sở dữ liệu do phiên bản khác, mới hơn của chương trình tạo (bước {versions}); hãy dùng phiên bản đó"
        ),
        format!("the database was made by another, newer version of the program (migrations {versions}); use that one"),
    )
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("accepted: NAME=VALUE, for instance page_bytes=1048576")?;
    Ok((name.trim().to_owned(), value.to_owned()))
}

/// clap keeps only the `--set` after the command when some stand before it too: a setting must not get lost silently.
fn all_settings_taken(taken: &[(String, String)], given: impl Iterator<Item = String>) -> Result<(), CliError> {
    let given =
        given.take_while(|word| word != "--").filter(|word| word == "--set" || word.starts_with("--set=")).count();
    if given == taken.len() {
        return Ok(());
    }
    Err(CliError::usage(
        "--set: hãy đặt tất cả ở cùng một phía của lệnh, ví dụ `banlang serve --set A=1 --set B=2`",
        "--set: give all of them on one side of the command, for instance `banlang serve --set A=1 --set B=2`",
    ))
}

/// Runs the program with the process's arguments and environment.
#[must_use]
pub fn main() -> ExitCode {
    // Databases, backups, keys and carried files are for their owner alone, whatever the shell's habit is.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let spoken = spoken(std::env::args().skip(1), std::env::var("BANLANG_LANG").ok());
    let cli = match parsed(std::env::args_os(), spoken) {
        Ok(cli) => cli,
        Err(error) => return refused(&error, spoken),
    };
    let lang = cli.global.lang;
    match all_settings_taken(&cli.global.set, std::env::args()).and_then(|()| run(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", error.text(lang));
            ExitCode::from(error.exit_code())
        }
    }
}

/// The language in which a line that cannot be parsed is answered.
fn spoken(mut words: impl Iterator<Item = String>, variable: Option<String>) -> Lang {
    let mut given = variable;
    while let Some(word) = words.next() {
        if word == "--" {
            break;
        }
        match word.strip_prefix("--lang") {
            Some("") => given = words.next(),
            Some(value) if value.starts_with('=') => given = Some(value[1..].to_owned()),
            _ => {}
        }
    }
    if given.as_deref() == Some("en") { Lang::En } else { Lang::Vi }
}

fn parsed(words: impl Iterator<Item = std::ffi::OsString>, lang: Lang) -> Result<Cli, clap::Error> {
    let command = match lang {
        Lang::Vi => vietnamese::translated(Cli::command()),
        Lang::En => Cli::command(),
    };
    Cli::from_arg_matches(&command.try_get_matches_from(words)?)
}

/// Says what clap has to say; exit code 2, and 0 for help that was asked for.
fn refused(error: &clap::Error, lang: Lang) -> ExitCode {
    use clap::error::ErrorKind;
    let is_page = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    match lang {
        // A reader that is gone needs no help page.
        Lang::En => drop(error.print()),
        Lang::Vi if is_page && !error.use_stderr() => print!("{}", vietnamese::page(&error.render().to_string())),
        Lang::Vi if is_page => eprint!("{}", vietnamese::page(&error.render().to_string())),
        Lang::Vi => eprintln!("{}", vietnamese::explain(error)),
    }
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}

fn run(cli: Cli) -> Result<(), CliError> {
    let Global { config, set, lang } = cli.global;
    let config = Config::load(&Sources::of_process(config, set))?;
    let context = Context { config, lang, clock: Arc::new(SystemClock) };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match cli.command {
            Command::Serve(args) => serve::run(args, context).await,
            Command::Init(args) => init::run(args, &context).await,
            Command::Reference(args) => {
                let db = context.open_db().await?;
                Ok(command::run(args, &db, context.clock.now(), context.lang, &mut std::io::stdout().lock()).await?)
            }
            Command::Field(args) => field::run(args, &context).await,
            Command::Call(args) => field::call(args, &context).await,
            Command::User(args) => crate::account::cli::run(args, &context).await,
            Command::Device(args) => crate::device::cli::run(args, &context).await,
            Command::Key(args) => crate::auth::cli::run(args, &context).await,
            Command::Rebuild => maintenance::run_rebuild(&context).await,
            Command::Verify => maintenance::run_verify(&context).await,
            Command::Backup(args) => maintenance::run_backup(args, &context).await,
            Command::Restore(args) => maintenance::run_restore(args, &context).await,
            Command::Snapshot(args) => maintenance::run_snapshot(args, &context).await,
            Command::Openapi => {
                println!("{}", crate::router::description().map_err(std::io::Error::other)?);
                Ok(())
            }
            Command::Config(args) => config::run(&args, &context),
        }
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Lang;

    #[test]
    fn the_language_of_a_line_that_cannot_be_parsed_is_found() {
        let spoken = |line: &str, variable: Option<&str>| {
            super::spoken(line.split(' ').map(str::to_owned), variable.map(str::to_owned))
        };
        assert_eq!(spoken("field lst", None), Lang::Vi);
        assert_eq!(spoken("field lst --lang en", None), Lang::En);
        assert_eq!(spoken("--lang=en field lst", Some("vi")), Lang::En);
        assert_eq!(spoken("field lst", Some("en")), Lang::En);
        assert_eq!(spoken("field lst --lang vi", Some("en")), Lang::Vi);
        assert_eq!(spoken("field lst -- --lang en", None), Lang::Vi);
    }

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }

    #[test]
    fn settings_on_both_sides_of_the_command_are_refused() {
        use clap::Parser;
        for (line, accepted) in [
            ("banlang --set a=1 --set b=2 config", true),
            ("banlang config --set a=1 --set=b=2", true),
            ("banlang --set a=1 config --set b=2", false),
        ] {
            let words = || line.split(' ').map(str::to_owned);
            let cli = super::Cli::try_parse_from(words()).expect("parses");
            assert_eq!(super::all_settings_taken(&cli.global.set, words()).is_ok(), accepted, "{line}");
        }
    }
}
