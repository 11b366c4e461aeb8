//! What the database layer says it did: statements on both engines, and the plans that PostgreSQL tells.

use std::fmt;
use std::sync::{LazyLock, Mutex, Once, PoisonError};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// Something the database layer said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Statement {
    /// The text of a statement that ran.
    Text(String),
    /// What PostgreSQL says beside an answer.
    Notice(String),
}

static HEARD: Mutex<Vec<Statement>> = Mutex::new(Vec::new());
static ALONE: LazyLock<tokio::sync::Mutex<()>> = LazyLock::new(tokio::sync::Mutex::default);
static LISTEN: Once = Once::new();

/// Listens from now on, and lets nobody else until this is dropped: all tests of this program share one ear.
pub(crate) async fn alone() -> tokio::sync::MutexGuard<'static, ()> {
    LISTEN.call_once(|| {
        let said = filter_fn(|about| matches!(about.target(), "sqlx::query" | "sqlx::postgres::notice"));
        tracing_subscriber::registry().with(Ear.with_filter(said)).init();
    });
    ALONE.lock().await
}

/// What was heard since the last call.
pub(crate) fn take() -> Vec<Statement> {
    std::mem::take(&mut *HEARD.lock().unwrap_or_else(PoisonError::into_inner))
}

struct Ear;

impl<S: Subscriber> Layer<S> for Ear {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut words = Words::default();
        event.record(&mut words);
        let said = match event.metadata().target() {
            "sqlx::query" if words.statement.trim().is_empty() => Statement::Text(words.summary),
            "sqlx::query" => Statement::Text(words.statement.trim().to_owned()),
            _ => Statement::Notice(words.message),
        };
        HEARD.lock().unwrap_or_else(PoisonError::into_inner).push(said);
    }
}

#[derive(Debug, Default)]
struct Words {
    summary: String,
    statement: String,
    message: String,
}

impl Words {
    fn put(&mut self, field: &Field, text: String) {
        match field.name() {
            "summary" => self.summary = text,
            "db.statement" => self.statement = text,
            "message" => self.message = text,
            _ => {}
        }
    }
}

impl Visit for Words {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}
