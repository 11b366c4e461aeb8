//! Group commit: many requests, one transaction, one fsync.
//!
//! Requests wait in two bounded queues, one a [`lane`](super::lane). Of each, one task takes as many as there are, up to
//! a limit, and checks signatures and new records; another task stores the whole group in one transaction. While that
//! waits for the disk the next groups are prepared, and what arrives meanwhile makes them larger: no timer, no tuning.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use sync_core::id::{BatchHash, DeviceId};
use sync_core::log::Batch;
use tokio::sync::{mpsc, oneshot};

use super::agreement::{Notes, Taken};
use super::commit::{self, Outcome, Submission};
use super::foresee::foresee;
use super::group::Context;
use super::inventory::Inventories;
use super::lane::{Bringer, Lane, Place, QuickLane, Ready};
use super::prepare::{self, Against, credentials_of};
use super::signer::Signers;
use super::size::{Size, share};
use super::standing::Via;
use super::store;
use crate::app::AppState;
use crate::auth::Principal;
use crate::auth::key::Purpose;
use crate::db::Tx;
use crate::intake::Held;
use crate::problem::{BUSY, INTERNAL, Problem};
use crate::write_tx;

/// Requests that wait for their turn in one lane; the next one is told to come again.
const QUEUE: usize = 1024;
/// Requests in one transaction.
const GROUP_REQUESTS: usize = 128;
/// How long notes wait for a group that takes them along.
const NOTES_WAIT: Duration = Duration::from_millis(200);

/// Batches as they came.
#[derive(Debug)]
pub struct Incoming {
    /// The batches, in the order in which they are to be applied.
    pub batches: Vec<Batch>,
    /// Which way they came.
    pub via: Via,
    /// The device that brought them, when that is known.
    pub carrier: Option<DeviceId>,
    /// Who is signed in; `None` where a batch's own signature is all that counts.
    pub principal: Option<Principal>,
    /// The memory held for them; it comes back when they are stored.
    pub held: Held,
}

#[derive(Debug)]
struct Job {
    incoming: Incoming,
    size: Size,
    /// A share of a large submission.
    is_large: bool,
    reply: Reply,
}

/// Who waits for a submission, and what is held until it is answered.
#[derive(Debug)]
struct Reply {
    to: oneshot::Sender<Result<Outcome, Problem>>,
    _held: Held,
    _place: Option<Place>,
}

impl Reply {
    fn send(self, outcome: Result<Outcome, Problem>) {
        // Who went away does not undo what was stored.
        self.to.send(outcome).ok();
    }
}

struct Group {
    submissions: Vec<Arc<Submission>>,
    replies: Vec<Reply>,
    context: Context,
}

#[derive(Debug)]
struct Queues {
    quick: mpsc::Sender<Job>,
    bulk: mpsc::Sender<Job>,
}

/// Ingest's part of the server's state: the queue, and what is remembered between requests.
#[derive(Debug, Default)]
pub struct Ingest {
    queues: OnceLock<Queues>,
    quick: QuickLane,
    pub(crate) signers: Arc<Signers>,
    pub(crate) inventories: Inventories,
    pub(crate) notes: Arc<Notes>,
}

impl Ingest {
    /// Stores batches durably. When this returns, what the outcome says has been committed.
    ///
    /// A caller that goes away does not undo it: the batches are stored all the same. Many batches are stored in several
    /// transactions, so that no caller holds up all others: what was stored before one of them fails stays stored.
    ///
    /// # Errors
    /// `server.busy` when too many requests wait; what the database says.
    pub async fn submit(&self, app: &AppState, incoming: Incoming) -> Result<Outcome, Problem> {
        let Incoming { batches, via, carrier, principal, held } = incoming;
        let is_large = batches.iter().map(Size::of).fold(Size::default(), Size::and).is_large();
        let mut outcome = Outcome::default();
        let mut rest = VecDeque::from(batches);
        let (mut held, mut index) = (Some(held), 0);
        while !rest.is_empty() {
            let (batches, size) = share(&mut rest, self.quick.is_in_use());
            let count = batches.len();
            // What is held comes back with the last of them.
            let held = if rest.is_empty() { held.take() } else { None }.unwrap_or_default();
            let incoming = Incoming { batches, via, carrier, principal: principal.clone(), held };
            outcome.join(self.submit_one(app, incoming, size, is_large).await?, index);
            if outcome.denied.is_some() {
                break;
            }
            index += count;
        }
        Ok(outcome)
    }

    async fn submit_one(
        &self,
        app: &AppState,
        mut incoming: Incoming,
        size: Size,
        is_large: bool,
    ) -> Result<Outcome, Problem> {
        let busy = || BUSY.problem().retry_after_s(2);
        let (to, answer) = oneshot::channel();
        let place = if is_large { None } else { bringer(&incoming).and_then(|who| self.quick.enter(who)) };
        let queues = self.queues.get_or_init(|| start(app));
        let queue = if place.is_some() { &queues.quick } else { &queues.bulk };
        let reply = Reply { to, _held: std::mem::take(&mut incoming.held), _place: place };
        queue.try_send(Job { incoming, size, is_large, reply }).map_err(|_| busy())?;
        answer.await.map_err(|_| busy())?
    }

    /// How many submissions wait for their turn now.
    pub(crate) fn waiting(&self) -> usize {
        let waiting = |queues: &Queues| 2 * QUEUE - queues.quick.capacity() - queues.bulk.capacity();
        self.queues.get().map_or(0, waiting)
    }

    /// Sees to it that notes are written soon even when no batches come.
    pub(crate) fn nudge(&self, app: &AppState) {
        let (to, _) = oneshot::channel();
        let reply = Reply { to, _held: Held::default(), _place: None };
        let incoming =
            Incoming { batches: Vec::new(), via: Via::Sync, carrier: None, principal: None, held: Held::default() };
        let queue = &self.queues.get_or_init(|| start(app)).quick;
        // A queue that is not empty takes the notes along anyway.
        if queue.capacity() < QUEUE {
            return;
        }
        queue.try_send(Job { incoming, size: Size::default(), is_large: false, reply }).ok();
    }
}

/// Who brings a submission; `None` when it is empty.
fn bringer(incoming: &Incoming) -> Option<Bringer> {
    let named = || incoming.batches.first().map(|batch| Bringer::Named(batch.device()));
    incoming.principal.as_ref().map(|principal| Bringer::Proven(principal.device)).or_else(named)
}

fn start(app: &AppState) -> Queues {
    // Weak, so that the last handle of the server ends these tasks.
    let weak = app.downgrade();
    let lane = |lane| {
        let (sender, jobs) = mpsc::channel(QUEUE);
        let (groups, ready) = mpsc::channel(1);
        tokio::spawn(gather(weak.clone(), lane, jobs, groups));
        (sender, ready)
    };
    let (quick, from_quick) = lane(Lane::Quick);
    let (bulk, from_bulk) = lane(Lane::Bulk);
    tokio::spawn(store_groups(weak.clone(), Ready::new(from_quick, from_bulk)));
    tokio::spawn(crate::maintenance::snapshot::keep_prepared(weak.clone()));
    Queues { quick, bulk }
}

async fn gather(app: crate::app::WeakState, lane: Lane, mut jobs: mpsc::Receiver<Job>, groups: mpsc::Sender<Group>) {
    let mut waiting = VecDeque::new();
    // Nothing is taken before there is a place for it: what comes meanwhile may be smaller, and goes first.
    while let Ok(place) = groups.reserve().await {
        if waiting.is_empty() {
            let Some(first) = jobs.recv().await else { return };
            waiting.push_back(first);
        }
        let Some(app) = app.upgrade() else { return };
        if waiting.iter().all(|job: &Job| job.size.bytes == 0) {
            // Only notes: batches may follow within a moment and take them along.
            let more = async {
                while let Some(job) = jobs.recv().await {
                    let brings = job.size.bytes > 0;
                    waiting.push_back(job);
                    if brings {
                        break;
                    }
                }
            };
            tokio::time::timeout(NOTES_WAIT, more).await.ok();
        }
        while waiting.len() < GROUP_REQUESTS
            && let Ok(job) = jobs.try_recv()
        {
            waiting.push_back(job);
        }
        let mut taken = next_group(&mut waiting, lane, app.ingest.quick.is_in_use());
        taken.retain(|job| !job.incoming.batches.is_empty());
        let (incoming, replies): (Vec<_>, Vec<_>) = taken.into_iter().map(|job| (job.incoming, job.reply)).unzip();
        match prepare_group(&app, incoming, lane).await {
            Ok((submissions, context)) => {
                place.send(Group { submissions, replies, context });
            }
            Err(problem) => {
                for reply in replies {
                    reply.send(Err(problem.clone()));
                }
            }
        }
    }
}

/// The next transaction's jobs: the one that waits longest, and of the others, in their order, what fits beside it.
fn next_group(waiting: &mut VecDeque<Job>, lane: Lane, beside: bool) -> Vec<Job> {
    let (mut taken, mut left) = (Vec::new(), VecDeque::new());
    let (mut size, mut has_large) = (Size::default(), false);
    for job in waiting.drain(..) {
        if size.fills_a_group(lane, beside) || (has_large && job.is_large) {
            left.push_back(job);
        } else {
            size = size.and(job.size);
            has_large |= job.is_large;
            taken.push(job);
        }
    }
    *waiting = left;
    taken
}

/// Checks what came, where the work of its lane is done.
pub(crate) async fn prepare_group(
    app: &AppState,
    incoming: Vec<Incoming>,
    lane: Lane,
) -> Result<(Vec<Arc<Submission>>, Context), Problem> {
    let context = context(app).await?;
    let mut tx = app.db.snapshot().await?;
    let all = || incoming.iter().flat_map(|incoming| &incoming.batches);
    let hashes: BTreeSet<BatchHash> = all().map(Batch::hash).collect();
    let known = context.signers.find(&mut tx, &credentials_of(all())).await?;
    let stored: HashSet<BatchHash> = store::known(&mut tx, &hashes).await?.into_keys().collect();
    drop(tx);
    let mut shapes = Vec::with_capacity(incoming.len());
    let mut batches = Vec::new();
    for one in incoming {
        shapes.push((one.batches.len(), one.via, one.carrier, one.principal));
        batches.extend(one.batches);
    }
    let against = Against { known, lineage: context.lineage.clone(), stored, now: context.now };
    let workers = (lane == Lane::Bulk).then_some(&app.intake.workers);
    let mut prepared = prepare::prepare(batches, against, workers).await;
    foresee(app, &mut prepared, &context, workers).await;
    let mut prepared = prepared.into_iter().map(|checked| checked.map(Arc::new));
    let submissions = shapes
        .into_iter()
        .map(|(count, via, carrier, principal)| {
            let batches = prepared.by_ref().take(count).collect();
            Arc::new(Submission { batches, via, carrier, principal })
        })
        .collect();
    Ok((submissions, context))
}

/// What a transaction of ingest needs besides its batches.
///
/// # Errors
/// When no key for the server's own log is in force: `banlang init` was not run.
pub(crate) async fn context(app: &AppState) -> Result<Context, Problem> {
    let now = app.now();
    let known = app.auth.known(&app.db, now).await?;
    let key = known.ring.newest(Purpose::Log, now).map_err(Problem::internal)?;
    let server = key.signing().cloned().ok_or_else(|| INTERNAL.problem())?;
    Ok(Context {
        signers: app.ingest.signers.clone(),
        lineage: Arc::new(known.lineage().to_vec()),
        server,
        server_device: known.ring.log_device(now).map_err(Problem::internal)?,
        device_day_bytes: app.config.device_day_bytes,
        now,
    })
}

async fn store_groups(app: crate::app::WeakState, mut ready: Ready<Group>) {
    while let Some((lane, group)) = ready.next().await {
        let Some(app) = app.upgrade() else { return };
        let (began, refused) = (Instant::now(), is_mostly_refused(&group.submissions));
        store_and_reply(&app, group).await;
        if lane == Lane::Bulk && app.ingest.quick.is_in_use() {
            ready.rest(began.elapsed(), refused);
        }
    }
}

/// Whether more than half of the changes would lie in quarantine.
fn is_mostly_refused(submissions: &[Arc<Submission>]) -> bool {
    let (changes, refused) = submissions
        .iter()
        .map(|submission| submission.changes_and_refused())
        .fold((0, 0), |(all, all_refused), (changes, refused)| (all + changes, all_refused + refused));
    2 * refused > changes
}

async fn store_and_reply(app: &AppState, Group { submissions, replies, context }: Group) {
    let requests = submissions.len();
    match store_group(app, &submissions, &context).await {
        Ok(outcomes) => {
            // A group of notes alone is none of requests.
            if requests > 0 {
                metrics::histogram!("banlang_ingest_group_requests").record(requests as f64);
            }
            for (reply, outcome) in replies.into_iter().zip(outcomes) {
                reply.send(Ok(outcome));
            }
        }
        Err(problem) if requests == 1 || problem.concerns_all() => {
            for reply in replies {
                reply.send(Err(problem.clone()));
            }
        }
        // One of them may be at fault: each alone, so that it harms no other.
        Err(_) => {
            for (reply, submission) in replies.into_iter().zip(submissions) {
                let alone = store_group(app, std::slice::from_ref(&submission), &context).await;
                reply.send(alone.map(|outcomes| outcomes.into_iter().next().unwrap_or_default()));
            }
        }
    }
}

/// Stores one group, and whatever is noted so far, in one transaction.
pub(crate) async fn store_group(
    app: &AppState,
    submissions: &[Arc<Submission>],
    context: &Context,
) -> Result<Vec<Outcome>, Problem> {
    let notes = app.ingest.notes.take();
    write_tx!(app.db, |tx| store_in(tx, submissions, context, &notes))
}

async fn store_in(
    tx: &mut Tx,
    submissions: &[Arc<Submission>],
    context: &Context,
    notes: &Taken,
) -> Result<Vec<Outcome>, Problem> {
    let outcomes = commit::commit(tx, submissions, context).await?;
    notes.write(tx).await?;
    Ok(outcomes)
}
