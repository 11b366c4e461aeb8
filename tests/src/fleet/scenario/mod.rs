//! The scenarios: what each prepares, measures, reads back and compares.

pub(super) mod coverage;
pub(super) mod exchange;
pub(super) mod fan_in;
pub(super) mod headquarters;
pub(super) mod newcomer;

use std::time::Instant;

use sync_core::id::{AreaId, RecordId};

use super::expect::Counts;
use super::home::Home;
use super::phone::Phone;
use super::process::ServerProcess;
use super::records::Source;
use super::{Failure, Plan, Report};

/// Devices that made what is on file.
const AUTHORS: usize = 20;
/// Records in one batch, about what a week of a team brings.
const BATCH_RECORDS: usize = 20;

/// A record on file.
#[derive(Debug, Clone, Copy)]
struct Made {
    id: RecordId,
    counts: Counts,
}

/// Lets the authors record `records` sessions in an area and puts them on file, in batches of [`BATCH_RECORDS`].
async fn put_on_file(
    authors: &mut [Phone],
    area: AreaId,
    records: u64,
    source: &mut Source,
) -> Result<Vec<Made>, Failure> {
    let mut made = Vec::new();
    let total = usize::try_from(records)?;
    let of_each = total.div_ceil(authors.len().max(1)).next_multiple_of(BATCH_RECORDS);
    for author in authors {
        let here = of_each.min(total - made.len());
        for batch in 0..here.div_ceil(BATCH_RECORDS) {
            for _ in 0..BATCH_RECORDS.min(here - batch * BATCH_RECORDS) {
                let (draft, counts) = source.session(area)?;
                made.push(Made { id: author.record(area, &draft)?, counts });
            }
            author.seal()?;
        }
        author.deposit().await?;
    }
    Ok(made)
}

/// Measures from its making on.
struct Measure<'a> {
    home: &'a Home,
    server: &'a ServerProcess,
    cpu_before: f64,
    began: Instant,
}

impl<'a> Measure<'a> {
    fn begin(home: &'a Home, server: &'a ServerProcess) -> Result<Self, Failure> {
        home.meter.take();
        Ok(Self { home, server, cpu_before: server.cpu_seconds()?, began: Instant::now() })
    }

    /// What was measured about `records` records of `devices` devices. Nothing has failed so far.
    fn end(self, plan: &Plan, records: u64, devices: u64) -> Result<Report, Failure> {
        let seconds = self.began.elapsed().as_secs_f64();
        let traffic = self.home.meter.take();
        Ok(Report {
            scenario: plan.scenario.to_string(),
            records,
            devices,
            requests: traffic.requests,
            bytes_up: traffic.bytes_up,
            bytes_down: traffic.bytes_down,
            seconds,
            records_per_second: records as f64 / seconds.max(f64::EPSILON),
            server_peak_rss_bytes: self.server.peak_rss_bytes()?,
            server_cpu_seconds: self.server.cpu_seconds()? - self.cpu_before,
            failed: 0,
            pages_ms: std::collections::BTreeMap::new(),
        })
    }
}
