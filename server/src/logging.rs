//! Structured logs, on standard error.
//!
//! Never logged, at any level: tokens, proofs, passwords, enrolment codes, keys, request and response bodies, query
//! strings, notes, positions, addresses of callers. A line names routes, codes of problems, ids of devices, areas and
//! batches. The modules of libraries that print what they are given (`sqlx` statements, `hyper` headers) are held at
//! `warn` whatever the setting says.

use std::io::IsTerminal;

use tracing_subscriber::filter::{LevelFilter, ParseError, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Layer, Registry};

use crate::config::LogFormat;

/// Libraries whose lower levels may show what must not be logged.
const HELD_AT_WARN: [&str; 8] = ["sqlx", "hyper", "hyper_util", "h2", "reqwest", "rustls", "axum", "tower_http"];

/// Logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The directives are not understood.
    #[error("log: {0}")]
    Directives(#[from] ParseError),
    /// Something logs already.
    #[error("log: {0}")]
    Taken(#[from] TryInitError),
}

/// Which lines are written for these directives.
///
/// # Errors
/// When the directives are not understood.
pub fn filter(directives: &str) -> Result<Targets, ParseError> {
    let mut targets: Targets = directives.parse()?;
    for library in HELD_AT_WARN {
        targets = targets.with_target(library, LevelFilter::WARN);
    }
    // What it says of a hostile change, which the gate has a verdict on, is for whoever sent it to choose.
    targets = targets.with_target("automerge", LevelFilter::OFF);
    Ok(targets)
}

/// Writes the process's log lines from now on.
///
/// # Errors
/// [`LoggingError`].
pub fn start(directives: &str, format: LogFormat) -> Result<(), LoggingError> {
    let colours = std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colours);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match format {
        LogFormat::Text => Box::new(lines.with_target(false)),
        LogFormat::Json => Box::new(lines.json().flatten_event(true).with_span_list(false)),
    };
    tracing_subscriber::registry().with(lines.with_filter(filter(directives)?)).try_init()?;
    Ok(())
}

/// Keeps panics that the gate contains off the standard error: a hostile change must not fill it, and what a library
/// says when it panics may hold what the change holds. Any other panic is told as usual.
pub fn keep_contained_panics_quiet() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if sync_core::admit::is_judging() {
            tracing::debug!("the gate contained a panic");
        } else {
            usual(info);
        }
    }));
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    #[test]
    fn statements_and_headers_stay_out_of_the_log_at_every_level() {
        let filter = super::filter("trace,sqlx=trace,hyper=debug").expect("directives");
        assert!(filter.would_enable("server::ingest", &Level::TRACE));
        assert!(!filter.would_enable("sqlx::query", &Level::INFO));
        assert!(!filter.would_enable("hyper::proto::h1", &Level::DEBUG));
        assert!(filter.would_enable("sqlx::query", &Level::WARN));
    }
}
