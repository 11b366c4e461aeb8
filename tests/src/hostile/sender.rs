//! A device that signs and sends what no program would.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fuzz::{Deck, Draws};
use sync_core::id::{AreaId, BatchHash, BatchSeq, CertificateNo, ChangeHash, RecordId, UnixMs};
use sync_core::log::{Batch, BatchHeader, Body, Head, LogId, limits, seal};
use sync_core::sync::Page;
use tokio::sync::oneshot;

use crate::harness::{BINH_LIEU, Change, Failure, HOANH_MO, Hand, START};

/// By how much the priority of a hostile device's thread is lower, in steps of nice(2).
#[cfg(target_os = "linux")]
const LOWER: i32 = 10;
/// Batches of hostile changes in one request.
const BATCHES: usize = 2;
/// Below this a batch is surely under the limit with one more change of the usual size.
const BATCH_BYTES: usize = limits::BATCH_BYTES - limits::CHANGE_BYTES;

/// What was sent, and what was answered.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub(super) cases: u64,
    /// Changes that are in order, sent along.
    pub(super) in_order: u64,
    pub(super) requests: u64,
    pub(super) statuses: BTreeMap<u16, u64>,
}

impl Tally {
    pub(super) fn add(&mut self, other: Self) {
        self.cases += other.cases;
        self.in_order += other.in_order;
        self.requests += other.requests;
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
    }
}

/// One hostile device.
pub(super) struct Sender {
    hand: Hand,
    draws: Draws,
    serial: u64,
    tally: Tally,
}

impl Sender {
    pub(super) fn new(hand: Hand, draws: Draws) -> Self {
        Self { hand, draws, serial: 0, tally: Tally::default() }
    }

    /// Sends until no cases are left.
    ///
    /// On a thread of its own that gives way to all others: elsewhere a flood is made on other machines, and what the
    /// server needs beside it is not to be taken by that.
    ///
    /// # Errors
    /// When the server does not answer.
    pub(super) async fn run(mut self, left: Arc<AtomicU64>) -> Result<Tally, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (ended, end) = oneshot::channel();
        let sending = move || {
            #[cfg(target_os = "linux")]
            rustix::process::nice(LOWER)?;
            self.hand.reconnect()?;
            runtime.block_on(self.requests(&left))
        };
        std::thread::Builder::new().name("hostile".to_owned()).spawn(move || ended.send(sending()).ok())?;
        end.await?
    }

    async fn requests(mut self, left: &AtomicU64) -> Result<Tally, Failure> {
        while left.load(Ordering::Relaxed) > 0 {
            let before = self.tally.cases;
            self.request().await?;
            let done = self.tally.cases - before;
            let less = |left: u64| Some(left.saturating_sub(done));
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).ok();
        }
        Ok(self.tally)
    }

    /// One request, by either way in; now and then one more that was torn on the way.
    async fn request(&mut self) -> Result<(), Failure> {
        let mut batches = Vec::new();
        for _ in 0..BATCHES {
            let changes = self.changes()?;
            batches.push(self.hand.seal(HOANH_MO, &changes)?);
            if self.draws.below(2) == 0 {
                let changes = &changes[..1 + self.draws.below(changes.len().min(4))];
                let wrong = self.wrong(changes)?;
                // Some follow the log all the same: what they hold is wrong, their place is not.
                if let Some(next) = wrong.as_ref().filter(|batch| batch.predecessor() == self.hand.head) {
                    self.hand.head = if next.log().area == HOANH_MO { next.head() } else { self.hand.head };
                }
                batches.extend(wrong);
            }
        }
        if self.draws.below(4) == 0 {
            let mut torn = Page { batches: batches.clone() }.to_bytes();
            for _ in 0..=self.draws.below(3) {
                let at = self.draws.below(torn.len());
                torn[at] ^= 1 << self.draws.below(8);
            }
            self.tally.cases += 1;
            self.send("/v1/deposits", "application/vnd.banlang.page", torn).await?;
        }
        if self.draws.below(2) == 0 {
            self.send("/v1/deposits", "application/vnd.banlang.page", Page { batches }.to_bytes()).await
        } else {
            let body = self.hand.request(HOANH_MO, batches);
            self.send("/v1/sync", "application/vnd.banlang.sync", body).await
        }
    }

    async fn send(&mut self, target: &str, media: &str, mut body: Vec<u8>) -> Result<(), Failure> {
        let mut headers = vec![("content-type", media)];
        if self.draws.below(2) == 0 {
            body = zstd::bulk::compress(&body, 1)?;
            headers.push(("content-encoding", "zstd"));
        }
        let signed = target == "/v1/sync";
        let answer = self.hand.send_as("POST", target, &headers, body, signed).await?;
        self.tally.requests += 1;
        *self.tally.statuses.entry(answer.status).or_default() += 1;
        Ok(())
    }

    /// A record that is in order, and hostile changes around it, as one batch.
    fn changes(&mut self) -> Result<Vec<Change>, Failure> {
        let author = self.hand.author(self.hand.id);
        let deck = Deck::new(&mut self.draws, author, &mut self.serial)?;
        let mut changes = deck.record.clone();
        self.tally.in_order += changes.len() as u64;
        let mut bytes: usize = changes.iter().map(|(_, _, change)| change.contents().len()).sum();
        while changes.len() < limits::ENTRIES && bytes < BATCH_BYTES {
            let case = deck.draw(&mut self.draws);
            if case.2.contents().len() > limits::CHANGE_BYTES {
                continue;
            }
            bytes += case.2.contents().len();
            changes.push(case);
            self.tally.cases += 1;
        }
        Ok(changes)
    }

    /// A batch whose header is wrong in one way and rightly signed.
    fn wrong(&mut self, changes: &[Change]) -> Result<Option<Batch>, Failure> {
        let draws = &mut self.draws;
        let log = LogId { area: HOANH_MO, device: self.hand.id };
        let mut header = seal(log, self.hand.head, self.hand.certificate(), START, changes)?;
        let mut bodies: Vec<Body> = changes.iter().map(|(_, _, change)| Some(change.clone())).collect();
        let any_hash = BatchHash(std::array::from_fn(|_| draws.next_u64() as u8));
        match draws.below(11) {
            0 => {
                header.seq = BatchSeq(header.seq.0 + 1 + draws.next_u64() % 1000);
                header.prev = any_hash;
            }
            1 => header = BatchHeader { seq: BatchSeq(1), prev: Head::EMPTY.hash, ..header },
            2 if header.seq.0 > 1 => header.prev = any_hash,
            3 => header.certificate = CertificateNo(draws.next_u64() as u32),
            4 => header.schema = 2 + draws.next_u64() as u16 % 60_000,
            5 => elsewhere(&mut header, BINH_LIEU),
            6 => elsewhere(&mut header, AreaId { generation: 1, code: 99_999 }),
            7 => header.sealed_at = UnixMs([i64::MIN, i64::MAX, 0, -1][draws.below(4)]),
            8 => {
                for entry in &mut header.entries {
                    entry.kind = draws.next_u64() as u8;
                    entry.adopted = draws.below(2) == 0;
                    entry.record = RecordId(std::array::from_fn(|_| draws.next_u64() as u8));
                }
            }
            9 => {
                header.seq = BatchSeq(u64::MAX - draws.next_u64() % 3);
                header.prev = any_hash;
            }
            _ => {
                // Withheld: their bytes never come.
                for (entry, body) in header.entries.iter_mut().zip(&mut bodies) {
                    entry.change = ChangeHash(std::array::from_fn(|_| draws.next_u64() as u8));
                    *body = None;
                }
            }
        }
        self.tally.cases += 1;
        Ok(self.hand.sign_with(header, bodies).ok())
    }
}

fn elsewhere(header: &mut BatchHeader, area: AreaId) {
    header.log.area = area;
    header.seq = BatchSeq(1);
    header.prev = Head::EMPTY.hash;
}
