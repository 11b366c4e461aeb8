//! Bringing the sources together, one setting at a time, so that an error can name what it is about.

use std::fmt;
use std::path::{Path, PathBuf};

use confique::meta::{Expr, Field, FieldKind, LeafKind};
use confique::{Config as _, Layer as _};
use serde::Deserialize;
use toml::{Table, Value};

use super::Config;

type Settings = <Config as confique::Config>::Layer;

/// Where values come from, beside the defaults.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// A TOML file.
    pub file: Option<PathBuf>,
    /// Variables of the environment. One whose name begins with `BANLANG_` and is neither a setting nor otherwise known
    /// is refused: a misspelt setting would be passed over silently.
    pub environment: Vec<(String, String)>,
    /// Names and values given by flags.
    pub flags: Vec<(String, String)>,
}

impl Sources {
    /// The process's environment, and the file it names with `BANLANG_CONFIG` unless `file` is given.
    #[must_use]
    pub fn of_process(file: Option<PathBuf>, flags: Vec<(String, String)>) -> Self {
        let environment: Vec<_> = std::env::vars_os()
            .filter_map(|(name, value)| {
                let name = name.into_string().ok().filter(|name| name.starts_with("BANLANG_"))?;
                // What is not Unicode is no valid value of any setting: it is reported as such.
                Some((name, value.to_string_lossy().into_owned()))
            })
            .collect();
        let file = file.or_else(|| {
            environment
                .iter()
                .find(|(name, value)| name == "BANLANG_CONFIG" && !value.is_empty())
                .map(|(_, v)| v.into())
        });
        Self { file, environment, flags }
    }
}

/// Where a value stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// In the file.
    File(PathBuf),
    /// In a variable of the environment.
    Environment(String),
    /// In a flag.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => write!(f, "{name}"),
            Self::Flag => write!(f, "--set"),
        }
    }
}

/// A configuration the program refuses to start with.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A value is not accepted.
    #[error("{name} ({variable}), given by {origin}: {got} is not accepted; accepted: {accepted}")]
    Value {
        /// The setting.
        name: &'static str,
        /// Its variable of the environment.
        variable: &'static str,
        /// Where the value stood.
        origin: Origin,
        /// The value; hidden where it may hold a password.
        got: String,
        /// What is accepted.
        accepted: String,
    },
    /// A name is no setting.
    #[error("{name}, given by {origin}, is no setting; settings: {}", known.join(", "))]
    Unknown {
        /// The name.
        name: String,
        /// Where it stood.
        origin: Origin,
        /// The names of all settings.
        known: Vec<&'static str>,
    },
    /// A variable of the environment is no setting.
    #[error(
        "{name}: no such setting; the nearest is {nearest}; `banlang config --example` lists every setting, or unset it"
    )]
    Variable {
        /// The variable.
        name: String,
        /// The known variable that is most like it.
        nearest: &'static str,
    },
    /// The file cannot be read.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{}: {error}", path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// Where and why.
        error: Box<toml::de::Error>,
    },
    /// The settings do not make a configuration.
    #[error("{0}")]
    Incomplete(#[from] confique::Error),
}

/// Variables that are read elsewhere.
const OTHER_VARIABLES: &[&str] =
    &["BANLANG_ADMINISTRATOR_PASSWORD", "BANLANG_CONFIG", "BANLANG_LANG", "BANLANG_PASSPHRASE", "BANLANG_STORE"];
/// Beginnings of variables that others set: tests, and container platforms for a service called banlang.
const FOREIGN_VARIABLES: &[&str] = &["BANLANG_TEST_", "BANLANG_WRITE_", "BANLANG_SERVICE_", "BANLANG_PORT_"];

/// The first variable that nobody reads.
fn unknown_variable(sources: &Sources) -> Option<&str> {
    let names = sources.environment.iter().map(|(name, _)| name.as_str());
    names.filter(|name| name.starts_with("BANLANG_")).find(|name| {
        let foreign = FOREIGN_VARIABLES.iter().any(|begin| name.starts_with(begin)) || *name == "BANLANG_PORT";
        let setting = Config::META.fields.iter().any(|field| variable(field) == *name);
        !foreign && !setting && !OTHER_VARIABLES.contains(name)
    })
}

/// The known variable that is most like this one.
fn nearest(name: &str) -> &'static str {
    let settings = Config::META.fields.iter().map(variable);
    let known = settings.chain(OTHER_VARIABLES.iter().copied());
    known.min_by_key(|known| strsim::damerau_levenshtein(name, known)).unwrap_or_default()
}

pub(super) fn load(sources: &Sources) -> Result<Config, ConfigError> {
    if let Some(name) = unknown_variable(sources) {
        return Err(ConfigError::Variable { name: name.to_owned(), nearest: nearest(name) });
    }
    let mut layer = Settings::empty();
    for (name, value) in &sources.flags {
        let field = find(name, &Origin::Flag)?;
        layer = layer.with_fallback(one(field, typed(field, value), Origin::Flag)?);
    }
    for field in Config::META.fields {
        let variable = variable(field);
        // An empty variable is an unset one, as compose files and units write it.
        let given = sources.environment.iter().find(|(name, value)| name == variable && !value.is_empty());
        if let Some((_, value)) = given {
            let origin = Origin::Environment(variable.to_owned());
            layer = layer.with_fallback(one(field, typed(field, value), origin)?);
        }
    }
    if let Some(path) = &sources.file {
        for (name, value) in read(path)? {
            let origin = Origin::File(path.clone());
            layer = layer.with_fallback(one(find(&name, &origin)?, value, origin)?);
        }
    }
    Ok(Config::from_layer(layer.with_fallback(Settings::default_values()))?)
}

fn read(path: &Path) -> Result<Table, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|error| ConfigError::File { path: path.to_owned(), error })?;
    text.parse().map_err(|error| ConfigError::Toml { path: path.to_owned(), error: Box::new(error) })
}

fn find(name: &str, origin: &Origin) -> Result<&'static Field, ConfigError> {
    Config::META.fields.iter().find(|field| field.name == name).ok_or_else(|| ConfigError::Unknown {
        name: name.to_owned(),
        origin: origin.clone(),
        known: Config::META.fields.iter().map(|field| field.name).collect(),
    })
}

/// A layer that holds this one setting.
fn one(field: &'static Field, value: Value, origin: Origin) -> Result<Settings, ConfigError> {
    let got = if field.name.ends_with("_url") { "the address given (hidden)".to_owned() } else { value.to_string() };
    let table = Table::from_iter([(field.name.to_owned(), value)]);
    Settings::deserialize(table).map_err(|_| ConfigError::Value {
        name: field.name,
        variable: variable(field),
        origin,
        got,
        accepted: accepted(field),
    })
}

/// The text of a variable or flag, as the kind of value the setting's default has.
fn typed(field: &Field, text: &str) -> Value {
    let default = match field.kind {
        FieldKind::Leaf { kind: LeafKind::Required { default }, .. } => default,
        _ => None,
    };
    let parsed = match default {
        Some(Expr::Integer(_)) => text.trim().parse().ok().map(Value::Integer),
        Some(Expr::Bool(_)) => text.trim().parse().ok().map(Value::Boolean),
        _ => None,
    };
    parsed.unwrap_or_else(|| Value::String(text.to_owned()))
}

fn variable(field: &Field) -> &'static str {
    match field.kind {
        FieldKind::Leaf { env: Some(env), .. } => env,
        _ => "",
    }
}

/// What the setting's documentation says after `Accepted: `.
fn accepted(field: &Field) -> String {
    let lines = field.doc.iter().skip_while(|line| !line.trim_start().starts_with("Accepted: "));
    let text = lines.map(|line| line.trim()).collect::<Vec<_>>().join(" ");
    text.trim_start_matches("Accepted: ").to_owned()
}

/// An address whose password, wherever it stands, is hidden.
pub(super) fn without_password(url: &str) -> String {
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let address = match address.split_once("://") {
        Some((scheme, rest)) => match rest.rsplit_once('@') {
            Some((user, host)) => format!("{scheme}://{}:***@{host}", user.split(':').next().unwrap_or_default()),
            None => address.to_owned(),
        },
        None => address.to_owned(),
    };
    // Options may hold a password too; none is worth showing.
    if query.is_empty() { address } else { format!("{address}?***") }
}

#[expect(clippy::ptr_arg, reason = "the signature confique calls")]
pub(super) fn given_path(path: &PathBuf) -> Result<(), &'static str> {
    if path.as_os_str().is_empty() { Err("empty") } else { Ok(()) }
}

#[expect(clippy::ptr_arg, reason = "the signature confique calls")]
pub(super) fn database_url(url: &String) -> Result<(), &'static str> {
    let known = ["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme));
    if known { Ok(()) } else { Err("scheme") }
}

/// A bare word must be a level: `tracing` would take a misspelt one for the name of a module and log nothing else.
#[expect(clippy::ptr_arg, reason = "the signature confique calls")]
pub(super) fn log_directives(text: &String) -> Result<(), String> {
    for directive in text.split(',').map(str::trim) {
        let (module, level) = directive.split_once('=').unwrap_or(("", directive));
        level.parse::<tracing_subscriber::filter::LevelFilter>().map_err(|error| error.to_string())?;
        if module.chars().any(|c| !(c.is_ascii_alphanumeric() || matches!(c, '_' | ':'))) {
            return Err(format!("{module:?} is no module"));
        }
    }
    text.parse::<tracing_subscriber::filter::Targets>().map(drop).map_err(|error| error.to_string())
}
