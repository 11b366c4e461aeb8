//! What an operator can set.
//!
//! A value comes from, in rising order: the default, the file of `--config` (or `BANLANG_CONFIG`), the environment
//! `BANLANG_*`, a flag `--set name=value`. A bad value, from wherever, stops the program and is named with what is
//! accepted; so does a name in the file that does not exist. `banlang config` prints what is in force.

mod load;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

pub use load::{ConfigError, Origin, Sources};

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For a person at a terminal.
    Text,
    /// One JSON object a line, for a collector.
    Json,
}

/// The settings. The last paragraph of each says what is accepted, and stands in the error about it.
#[derive(Debug, Clone, serde::Serialize, confique::Config)]
#[config(layer_attr(derive(Clone, serde::Serialize)))]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct Config {
    /// Address and port the server listens on.
    ///
    /// Accepted: address:port, for instance 127.0.0.1:8420 or [::]:8420
    #[config(env = "BANLANG_LISTEN", default = "127.0.0.1:8420")]
    pub listen: SocketAddr,

    /// Directory of the embedded database, its backups and prepared snapshots.
    ///
    /// Accepted: a path; the directory is made by `banlang init`
    #[config(env = "BANLANG_DATA_DIR", default = "data", validate = load::given_path)]
    pub data_dir: PathBuf,

    /// Database. Without it: the SQLite file banlang.db in data_dir.
    ///
    /// Accepted: sqlite:path/to/file.db or postgres://user:password@host/database
    #[config(env = "BANLANG_DATABASE_URL", validate = load::database_url)]
    pub database_url: Option<String>,

    /// Connections to the database (SQLite: connections that read, beside the one that writes).
    ///
    /// Accepted: 1 to 200
    #[config(env = "BANLANG_DATABASE_CONNECTIONS", default = 8, validate(matches!(*database_connections, 1..=200), "range"))]
    pub database_connections: u32,

    /// Largest body of an exchange or a deposit, in bytes, as sent and once unpacked. Up to six times as much memory is
    /// spent on all bodies together.
    ///
    /// Accepted: 65536 (64 KiB) to 268435456 (256 MiB)
    #[config(env = "BANLANG_MAX_BODY_BYTES", default = 4_194_304, validate(matches!(*max_body_bytes, 65_536..=268_435_456), "range"))]
    pub max_body_bytes: usize,

    /// Most bytes of batches in one page of an exchange, before compression.
    ///
    /// Accepted: 65536 (64 KiB) to 67108864 (64 MiB)
    #[config(env = "BANLANG_PAGE_BYTES", default = 4_194_304, validate(matches!(*page_bytes, 65_536..=67_108_864), "range"))]
    pub page_bytes: usize,

    /// How long a request may take, without its body's arrival, in seconds.
    ///
    /// Accepted: 1 to 3600
    #[config(env = "BANLANG_REQUEST_TIMEOUT_SECONDS", default = 60, validate(matches!(*request_timeout_seconds, 1..=3600), "range"))]
    pub request_timeout_seconds: u64,

    /// How long a body may take to arrive, in seconds.
    ///
    /// Accepted: 1 to 3600
    #[config(env = "BANLANG_BODY_TIMEOUT_SECONDS", default = 300, validate(matches!(*body_timeout_seconds, 1..=3600), "range"))]
    pub body_timeout_seconds: u64,

    /// How long a connection may take to send a request's head, may stay idle between requests, and may send nothing
    /// within a body, in seconds.
    ///
    /// Accepted: 1 to 3600
    #[config(env = "BANLANG_HEADER_TIMEOUT_SECONDS", default = 30, validate(matches!(*header_timeout_seconds, 1..=3600), "range"))]
    pub header_timeout_seconds: u64,

    /// How long requests under way may take after the signal to stop, in seconds.
    ///
    /// Accepted: 0 to 3600
    #[config(env = "BANLANG_SHUTDOWN_GRACE_SECONDS", default = 30, validate(matches!(*shutdown_grace_seconds, 0..=3600), "range"))]
    pub shutdown_grace_seconds: u64,

    /// Requests worked on at once; others wait their turn. A request whose body is arriving does not count.
    ///
    /// Accepted: 1 to 100000
    #[config(env = "BANLANG_CONCURRENCY_LIMIT", default = 512, validate(matches!(*concurrency_limit, 1..=100_000), "range"))]
    pub concurrency_limit: usize,

    /// Connections open at once. One more takes the place of the one that has kept the server waiting longest.
    ///
    /// Accepted: 1 to 100000
    #[config(env = "BANLANG_CONNECTION_LIMIT", default = 4096, validate(matches!(*connection_limit, 1..=100_000), "range"))]
    pub connection_limit: usize,

    /// Whether a reverse proxy stands in front, whose last entry of x-forwarded-for names the caller. Without a proxy
    /// anybody could write that header: leave it false.
    ///
    /// Accepted: true or false
    #[config(env = "BANLANG_TRUSTED_PROXY", default = false)]
    pub trusted_proxy: bool,

    /// Whether /metrics answers callers other than this machine.
    ///
    /// Accepted: true or false
    #[config(env = "BANLANG_METRICS_PUBLIC", default = false)]
    pub metrics_public: bool,

    /// Life of an access token, in minutes.
    ///
    /// Accepted: 1 to 60
    #[config(env = "BANLANG_ACCESS_TOKEN_MINUTES", default = 10, validate(matches!(*access_token_minutes, 1..=60), "range"))]
    pub access_token_minutes: u32,

    /// Life of a sign-in: how long a device gets new access tokens without the password, in days.
    ///
    /// Accepted: 1 to 400
    #[config(env = "BANLANG_SIGN_IN_DAYS", default = 90, validate(matches!(*sign_in_days, 1..=400), "range"))]
    pub sign_in_days: u32,

    /// Life of a device's certificate, in days.
    ///
    /// Accepted: 1 to 1100
    #[config(env = "BANLANG_CERTIFICATE_DAYS", default = 400, validate(matches!(*certificate_days, 1..=1100), "range"))]
    pub certificate_days: u32,

    /// Life of an enrolment code, in hours.
    ///
    /// Accepted: 1 to 720
    #[config(env = "BANLANG_ENROLMENT_CODE_HOURS", default = 72, validate(matches!(*enrolment_code_hours, 1..=720), "range"))]
    pub enrolment_code_hours: u32,

    /// Bytes of batches one device may bring in a day (UTC); what is over is stored but kept in quarantine.
    ///
    /// Accepted: 1048576 (1 MiB) to 1099511627776 (1 TiB)
    #[config(env = "BANLANG_DEVICE_DAY_BYTES", default = 67_108_864, validate(matches!(*device_day_bytes, 1_048_576..=1_099_511_627_776), "range"))]
    pub device_day_bytes: u64,

    /// Day of the month on which the month of reports closes: 14 makes December run from 15 November to 14 December,
    /// 0 makes it the calendar month.
    ///
    /// Accepted: 0 to 28
    #[config(env = "BANLANG_REPORT_CLOSING_DAY", default = 14, validate(matches!(*report_closing_day, 0..=28), "range"))]
    pub report_closing_day: u8,

    /// What is logged. Never, at any level: tokens, passwords, codes, notes, positions, request bodies.
    ///
    /// Accepted: error, warn, info, debug, trace, or directives such as info,server=debug
    #[config(env = "BANLANG_LOG", default = "info", validate = load::log_directives)]
    pub log: String,

    /// How log lines are written.
    ///
    /// Accepted: text or json
    #[config(env = "BANLANG_LOG_FORMAT", default = "text")]
    pub log_format: LogFormat,
}

impl Config {
    /// The settings from these sources.
    ///
    /// # Errors
    /// [`ConfigError`] for the first bad value.
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        load::load(sources)
    }

    /// The defaults, with the data in `data_dir`.
    ///
    /// # Errors
    /// Never in practice: the defaults are accepted.
    pub fn defaults_in(data_dir: &Path) -> Result<Self, ConfigError> {
        Self::load(&Sources {
            file: None,
            environment: Vec::new(),
            flags: vec![("data_dir".to_owned(), data_dir.display().to_string())],
        })
    }

    /// The database's address: the setting, or the file in the data directory.
    #[must_use]
    pub fn database(&self) -> String {
        match &self.database_url {
            Some(url) => url.clone(),
            None => format!("sqlite:{}", self.data_dir.join("banlang.db").display()),
        }
    }

    /// The settings in force as a file, the password in the database's address hidden.
    #[must_use]
    pub fn effective(&self) -> String {
        let shown = Self { database_url: Some(load::without_password(&self.database())), ..self.clone() };
        // Every value is a number, a text or a truth: TOML can always hold them.
        toml::to_string(&shown).unwrap_or_default()
    }

    /// A file with every setting, its meaning and its default.
    #[must_use]
    pub fn example() -> String {
        confique::toml::template::<Self>(confique::toml::FormatOptions::default())
    }
}

#[cfg(test)]
mod tests;
