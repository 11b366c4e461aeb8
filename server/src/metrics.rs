//! What is counted, in Prometheus' text form.
//!
//! Any module counts with the macros of the `metrics` crate. Names start with `banlang_`; labels are routes, kinds and
//! outcomes, never ids of people, devices or records.

use std::sync::OnceLock;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::app::AppState;
use crate::client::ClientAddress;
use crate::problem::{FORBIDDEN, Problem};

/// Upper bounds of the buckets of latencies, in seconds.
const LATENCY_BOUNDS_S: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// The process's metrics. There is one set in a process, as Prometheus scrapes processes.
#[derive(Debug, Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// The process's metrics, set up at the first call.
    #[must_use]
    pub fn new() -> Self {
        static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
        Self(HANDLE.get_or_init(install).clone())
    }

    /// Folds what was measured since into the buckets, so that memory does not grow between scrapes.
    pub fn fold(&self) {
        self.0.run_upkeep();
    }

    /// The text of a scrape.
    #[must_use]
    pub fn render(&self) -> String {
        self.0.render()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

fn install() -> PrometheusHandle {
    let latency = Matcher::Suffix("_seconds".to_owned());
    let builder = PrometheusBuilder::new();
    let builder =
        builder.set_buckets_for_metric(latency, &LATENCY_BOUNDS_S).unwrap_or_else(|_| PrometheusBuilder::new());
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::warn!("another recorder of metrics is installed: /metrics stays empty");
    }
    metrics::describe_counter!("banlang_requests_total", "Requests answered, by route, method and status.");
    metrics::describe_histogram!("banlang_request_seconds", "Time to answer, body's arrival included, by route.");
    metrics::describe_counter!("banlang_storage_failures_total", "Statements the database's disk refused, by kind.");
    metrics::describe_gauge!("banlang_requests_in_flight", "Requests being answered.");
    metrics::describe_gauge!("banlang_database_connections", "Connections to the database, by state.");
    metrics::describe_gauge!("process_resident_memory_bytes", "Resident memory.");
    metrics::describe_gauge!("process_resident_memory_peak_bytes", "Most resident memory since the start.");
    handle
}

/// Answers a scrape: to callers of this machine, and to others only when `metrics_public` is set.
pub(crate) async fn scrape(State(app): State<AppState>, client: ClientAddress) -> Result<Response, Problem> {
    if !app.config.metrics_public && !client.is_this_machine() {
        return Err(FORBIDDEN.problem().detail("metrics are shown to this machine; see metrics_public"));
    }
    let (open, idle) = app.db.connections();
    metrics::gauge!("banlang_database_connections", "state" => "idle").set(idle as f64);
    metrics::gauge!("banlang_database_connections", "state" => "busy").set(open.saturating_sub(idle) as f64);
    metrics::gauge!("banlang_ingest_waiting").set(app.ingest.waiting() as f64);
    if let Some((now, peak)) = resident_bytes() {
        metrics::gauge!("process_resident_memory_bytes").set(now as f64);
        metrics::gauge!("process_resident_memory_peak_bytes").set(peak as f64);
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], app.metrics.render()).into_response())
}

/// (now, peak) as Linux tells; `None` elsewhere.
fn resident_bytes() -> Option<(u64, u64)> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let bytes = |name: &str| -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
    };
    Some((bytes("VmRSS:")?, bytes("VmHWM:")?))
}
