//! `banlang field …` and `banlang call`: arguments in, [`Field`] at work, words out.

mod ask;
mod entry;
mod fields;
mod flags;
mod form;
mod list;
mod question;
mod show;
mod status;
mod transfer;
mod unkept;
mod witness;
mod words;

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use age::secrecy::SecretString;

use super::{Enrolment, Field, FieldError, OpenOptions};
use crate::cli::{CliError, Context, Lang};
use flags::SessionFlags;

/// Where a command shows its lines.
type Screen<'a> = &'a mut dyn Write;

/// `banlang field`: a device in a terminal.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    store: StoreArgs,
    #[command(subcommand)]
    command: Command,
}

/// Which store.
#[derive(Debug, clap::Args)]
struct StoreArgs {
    /// The device's directory [default: ~/.local/share/banlang]
    #[arg(long, global = true, env = "BANLANG_STORE", value_name = "DIR", help_heading = "Store")]
    store: Option<PathBuf>,
    /// Seconds to wait while another program has the store open
    #[arg(long, global = true, default_value_t = 3, value_name = "SECONDS", help_heading = "Store")]
    wait: u64,
}

/// `banlang call`: a signed request.
#[derive(Debug, clap::Args)]
pub struct CallArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// GET, POST, PUT, PATCH or DELETE
    method: String,
    /// The path with its query: /v1/sessions?limit=5
    path: String,
    /// The JSON body, or @FILE
    #[arg(long, value_name = "JSON|@FILE")]
    data: Option<String>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Enrol this device with a code; needs a connection
    Enrol {
        /// The server's address
        #[arg(long, value_name = "URL")]
        server: String,
        /// The enrolment code
        #[arg(long, value_name = "XXXX-XXXX-XX")]
        code: String,
        /// Take an unencrypted address (http) of another machine, on a network you trust
        #[arg(long)]
        allow_http: bool,
        /// What you call this device
        #[arg(long, default_value = "terminal", value_name = "NAME")]
        label: String,
        /// Protect the key with a passphrase: asked for, or BANLANG_PASSPHRASE
        #[arg(long)]
        protect: bool,
    },
    /// Sign in with the password again; needs a connection
    SignIn {
        /// The username [default: the one of the certificate]
        #[arg(long, value_name = "NAME")]
        username: Option<String>,
        /// The server's address, when it moved
        #[arg(long, value_name = "URL")]
        server: Option<String>,
        /// Take an unencrypted address (http) of another machine, on a network you trust
        #[arg(long, requires = "server")]
        allow_http: bool,
    },
    /// Record a session: by flags, or asked question by question
    Record {
        #[command(flatten)]
        session: Box<SessionFlags>,
        /// Print what was recorded as JSON
        #[arg(long)]
        json: bool,
    },
    /// Edit a session; only the fields given are touched
    Edit {
        /// Serial number or beginning of the id
        record: String,
        #[command(flatten)]
        session: Box<SessionFlags>,
        /// Empty a field, or take a member out of a list: gps, topic/hotline
        #[arg(long, value_name = "FIELD")]
        clear: Vec<String>,
        /// Officers: correct another recorder's tally, leaflet/7=10
        #[arg(long, value_name = "KIND/RECORDER=COUNT")]
        material_of: Vec<String>,
    },
    /// Make a session, panel check or review void; it stays on file, out of every count
    Void {
        /// Serial number or beginning of the id
        record: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// List what is here
    List(list::ListArgs),
    /// Show a record: every field, conflicts with both values and their authors, history
    Show {
        /// Serial number or beginning of the id
        record: String,
        /// Machine-readable
        #[arg(long)]
        json: bool,
    },
    /// Settle a conflict by choosing one of its values
    Resolve {
        /// Serial number or beginning of the id
        record: String,
        /// The field, as `show` names it
        #[arg(long, value_name = "FIELD")]
        field: String,
        /// The value to keep, as `show` writes it
        #[arg(long, value_name = "VALUE", conflicts_with = "choice")]
        value: Option<String>,
        /// The number of the value to keep, as `show` counts them
        #[arg(long, value_name = "NUMBER")]
        choice: Option<usize>,
    },
    /// Officers: confirm a session, or return it for completion
    Review {
        /// confirm or return
        decision: String,
        /// Serial number or beginning of the id
        record: String,
        /// What is to be completed; required for return
        #[arg(long, default_value = "", value_name = "TEXT")]
        comment: String,
    },
    /// Record a visit to a panel (pano)
    Panel(entry::PanelArgs),
    /// Exchange with the server; needs a connection
    Sync,
    /// What is only here, what was sent, what the server has
    Status {
        /// Machine-readable
        #[arg(long)]
        json: bool,
    },
    /// Coordinators: look whether the server's journal continues what this device kept of it; needs a connection
    Witness {
        /// Write every checkpoint and finding, with both signed statements, to a file instead; needs no connection
        #[arg(long, value_name = "FILE")]
        export: Option<PathBuf>,
        /// Machine-readable
        #[arg(long, conflicts_with = "export")]
        json: bool,
    },
    /// Write what is unsent to one signed, encrypted file for any carrier
    Export {
        /// The file to write
        file: PathBuf,
    },
    /// Bring a colleague's file to the server and write the receipts; needs a connection
    Carry {
        /// The colleague's file
        file: PathBuf,
        /// Where to write the receipts
        #[arg(long, value_name = "RECEIPTS")]
        out: PathBuf,
    },
    /// Take in the receipts a carrier brought back
    ImportReceipts {
        /// The file of receipts
        file: PathBuf,
    },
}

impl Command {
    /// Whether it asks for places, or shows them, by their names.
    fn names_places(&self) -> bool {
        matches!(self, Self::Record { .. } | Self::Edit { .. } | Self::Panel(_) | Self::List(_) | Self::Show { .. })
    }
}

impl StoreArgs {
    fn directory(&self) -> Result<PathBuf, FieldError> {
        if let Some(directory) = &self.store {
            return Ok(directory.clone());
        }
        let home = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let data = home("XDG_DATA_HOME").or_else(|| home("HOME").map(|home| home.join(".local/share")));
        data.map(|data| data.join("banlang"))
            .ok_or_else(|| FieldError::value("--store", "", "thư mục của kho dữ liệu", "the directory of the store"))
    }

    fn options(&self, context: &Context) -> OpenOptions {
        OpenOptions {
            passphrase: std::env::var("BANLANG_PASSPHRASE")
                .ok()
                .filter(|text| !text.is_empty())
                .map(SecretString::from),
            wait: Duration::from_secs(self.wait),
            clock: Arc::clone(&context.clock),
            ..OpenOptions::default()
        }
    }

    async fn open(&self, context: &Context) -> Result<Field, FieldError> {
        let directory = self.directory()?;
        match Field::open(&directory, self.options(context)).await {
            Err(FieldError::PassphraseNeeded) if std::io::stdin().is_terminal() => {
                let passphrase =
                    secret(context.lang.pick("Mật khẩu của khóa thiết bị", "Passphrase of the device key"))?;
                let options = OpenOptions { passphrase: Some(passphrase.into()), ..self.options(context) };
                Field::open(&directory, options).await
            }
            opened => opened,
        }
    }
}

/// A text typed without being shown; a line of standard input when that is no terminal.
fn secret(prompt: &str) -> Result<String, FieldError> {
    let failed = |error: std::io::Error| FieldError::io("stdin", error);
    if !std::io::stdin().is_terminal() {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map_err(failed)?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    let typed = dialoguer::Password::new().with_prompt(prompt).interact();
    typed.map_err(|error| FieldError::io("stdin", std::io::Error::other(error)))
}

/// Runs `banlang field …`.
///
/// # Errors
/// [`CliError`] in the language of the person.
pub async fn run(args: Args, context: &Context) -> Result<(), CliError> {
    // Not locked, and not read ahead: a passphrase or a password is read from it elsewhere.
    let mut answers = std::io::BufReader::with_capacity(1, std::io::stdin());
    let mut screen = std::io::stdout().lock();
    Ok(dispatch(args, context, &mut answers, &mut screen).await?)
}

/// Runs `banlang call METHOD PATH`: prints the answer, JSON laid out.
///
/// # Errors
/// [`CliError`] with the server's problem.
pub async fn call(args: CallArgs, context: &Context) -> Result<(), CliError> {
    Ok(transfer::call(args, context, &mut std::io::stdout().lock()).await?)
}

pub(in crate::field) async fn dispatch(
    args: Args,
    context: &Context,
    answers: &mut dyn BufRead,
    screen: Screen<'_>,
) -> Result<(), FieldError> {
    let Args { store, command } = args;
    let lang = context.lang;
    if let Command::Enrol { server, code, label, protect, allow_http } = command {
        refuse_clear_text(&server, allow_http)?;
        return enrol(&store, context, screen, (&server, &code, &label, protect)).await;
    }
    let mut field = store.open(context).await?;
    if command.names_places() {
        field.fetch_missing_reference().await;
    }
    let done = match command {
        Command::Enrol { .. } => Ok(()),
        Command::SignIn { username, server, allow_http } => {
            sign_in(&mut field, lang, screen, (username, server, allow_http)).await
        }
        Command::Record { session, json } => entry::record(&mut field, *session, json, context, answers, screen).await,
        Command::Edit { record, session, clear, material_of } => {
            entry::edit(&mut field, &record, *session, (&clear, &material_of), context, screen).await
        }
        Command::Void { record, reason } => entry::void(&mut field, &record, &reason, lang, screen).await,
        Command::List(args) => list::list(&mut field, &args, lang, screen).await,
        Command::Show { record, json } => show::show(&mut field, &record, json, lang, screen).await,
        Command::Resolve { record, field: key, value, choice } => {
            entry::resolve(&mut field, &record, &key, value.as_deref(), choice, lang, screen).await
        }
        Command::Review { decision, record, comment } => {
            entry::review(&mut field, &decision, &record, &comment, lang, screen).await
        }
        Command::Panel(args) => entry::panel(&mut field, args, context, screen).await,
        Command::Sync => transfer::sync(&mut field, lang, screen).await,
        Command::Status { json } => status::status(&mut field, json, lang, screen).await,
        Command::Witness { export: Some(file), .. } => witness::export(&mut field, &file, lang, screen).await,
        Command::Witness { export: None, json } => witness::witness(&mut field, json, lang, screen).await,
        Command::Export { file } => transfer::export(&mut field, &file, lang, screen).await,
        Command::Carry { file, out } => transfer::carry(&mut field, &file, &out, lang, screen).await,
        Command::ImportReceipts { file } => transfer::import_receipts(&mut field, &file, lang, screen).await,
    };
    let closed = field.close().await;
    done.and(closed)
}

async fn enrol(
    store: &StoreArgs,
    context: &Context,
    screen: Screen<'_>,
    (server, code, label, protect): (&str, &str, &str, bool),
) -> Result<(), FieldError> {
    let lang = context.lang;
    let mut options = store.options(context);
    if protect && options.passphrase.is_none() {
        options.passphrase =
            Some(secret(lang.pick("Đặt mật khẩu cho khóa thiết bị", "New passphrase of the device key"))?.into());
    }
    if !protect {
        options.passphrase = None;
    }
    let directory = store.directory()?;
    let mut field = Field::enrol(&directory, Enrolment { server, code, label }, options).await?;
    let status = field.status().await?;
    say(
        screen,
        &format!("{}: {} ({})", lang.pick("Đã đăng ký thiết bị", "Enrolled device"), status.device, status.name),
    )?;
    let areas: Vec<_> =
        status.areas.iter().map(|area| format!("{area} {}", field.reference().area_name(*area))).collect();
    if !areas.is_empty() {
        say(screen, &format!("{}: {}", lang.pick("Địa bàn", "Areas"), areas.join("; ")))?;
    }
    field.close().await
}

async fn sign_in(
    field: &mut Field,
    lang: Lang,
    screen: Screen<'_>,
    (username, server, allow_http): (Option<String>, Option<String>, bool),
) -> Result<(), FieldError> {
    if let Some(server) = server {
        refuse_clear_text(&server, allow_http)?;
        field.move_server(&server).await?;
    }
    let username = match username {
        Some(username) => username,
        None => field.status().await?.username,
    };
    let password = secret(&format!("{} ({username})", lang.pick("Mật khẩu", "Password")))?;
    field.sign_in(&username, &password).await?;
    say(screen, lang.pick("Đã đăng nhập", "Signed in"))
}

/// Over http a password and everything recorded can be read on the way. To this machine there is no way.
fn refuse_clear_text(server: &str, allowed: bool) -> Result<(), FieldError> {
    let url = reqwest::Url::parse(server.trim());
    // What is no address at all is refused where it is used.
    let Some(url) = url.ok().filter(|url| url.scheme() == "http" && !allowed) else { return Ok(()) };
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if here { Ok(()) } else { Err(FieldError::ClearText { server: server.to_owned() }) }
}

/// Shows a line.
fn say(screen: Screen<'_>, line: &str) -> Result<(), FieldError> {
    writeln!(screen, "{line}").map_err(|error| FieldError::io("stdout", error))
}

/// Shows JSON, laid out.
fn say_json<T: serde::Serialize>(screen: Screen<'_>, value: &T) -> Result<(), FieldError> {
    let text = serde_json::to_string_pretty(value).map_err(|error| FieldError::Answer(error.to_string()))?;
    say(screen, &text)
}
