//! The server's half of the exchange: store what came, then tell and send what the device lacks.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::id::{AreaId, BatchSeq, DeviceId, PublicKey, RecorderId, Role, UnixMs};
use sync_core::log::{Batch, Digest16, Head, Inventory, LogId, Receipt, Stage};
use sync_core::sync::{DirectoryEntry, Exchange, Page, Proposal, Request, Response, SnapshotOffer, differs, plan};

use super::agreement::Contact;
use super::commit::Outcome;
use super::page::{self, Range};
use super::queue::Incoming;
use super::signer::area;
use super::standing::Via;
use super::store::seq_of;
use super::{Refusal, epoch, inventory, receipt};
use crate::app::AppState;
use crate::auth::{Principal, restored};
use crate::db::rows::{self, Value};
use crate::db::{Blob, DbError, Tx};
use crate::intake::Held;
use crate::maintenance::snapshot;
use crate::on_db;
use crate::problem::{Problem, ProblemKind};

/// A batch was not signed by the device it names.
pub const BATCH_SIGNATURE: ProblemKind = ProblemKind::new(
    422,
    "batch.signature",
    "A batch was not signed by the device it names",
    "Có lô dữ liệu không do thiết bị đã nêu ký",
);
/// A batch names a device that is not enrolled here.
pub const BATCH_DEVICE: ProblemKind = ProblemKind::new(
    422,
    "batch.device-unknown",
    "A batch names a device that is not enrolled here",
    "Có lô dữ liệu của thiết bị chưa đăng ký",
);
/// The name the server's own log goes by.
const SERVER_NAME: &str = "Máy chủ";
/// Own batches asked for at once.
const MAX_WANTED: i64 = 1000;

/// The problem of the first batch that nobody known vouches for. Batches of the same request that were in order are
/// stored.
pub(crate) fn refused(outcome: &Outcome, also_unknown: bool) -> Result<(), Problem> {
    let found = outcome.refused.iter().find(|(_, why)| also_unknown || *why != Refusal::UnknownDevice);
    let Some((index, why)) = found else { return Ok(()) };
    let (kind, accepted) = match why {
        Refusal::UnknownDevice => (BATCH_DEVICE, "batches of enrolled devices"),
        Refusal::Signature => (BATCH_SIGNATURE, "batches as their device signed them"),
        Refusal::Sequence => (BATCH_SIGNATURE, "sequence numbers up to 9223372036854775806"),
    };
    let detail = format!("batch {index} of the page; batches in order are stored all the same");
    Err(kind.problem().field(format!("page.batches[{index}]")).accepted(accepted).detail(detail))
}

/// Answers a request of a signed-in device. The memory held for its batches comes back when they are stored, the rest
/// with the answer.
///
/// # Errors
/// When a batch is not signed by its device, the sign-in no longer stands, or the database does not answer.
pub(crate) async fn answer(
    app: &AppState,
    principal: &Principal,
    request: Request,
    mut held: Held,
) -> Result<Response, Problem> {
    let at = app.now();
    let device = principal.device;
    app.ingest.notes.contact(device, Contact { at, skew_ms: request.clock.0.saturating_sub(at.0) });
    let _kept = held.split(request.weigh_said());
    let Request { page, heads, withheld, certificates, agreement, page_bytes, take_snapshots, .. } = request;
    let authors = page.batches.iter().map(Batch::device).collect();
    restored::introduce(app, &certificates, &authors, Some(principal.into())).await?;
    drop(certificates);
    let outcome = if page.batches.is_empty() {
        app.ingest.nudge(app);
        Outcome::default()
    } else {
        let incoming = Incoming {
            batches: page.batches,
            via: Via::Sync,
            carrier: Some(device),
            principal: Some(principal.clone()),
            held,
        };
        app.ingest.submit(app, incoming).await?
    };
    if let Some(problem) = outcome.denied {
        return Err(problem);
    }
    refused(&outcome, false)?;

    let mut tx = app.db.snapshot().await?;
    let ours = app.ingest.inventories.read(&mut tx).await?;
    // Of its own logs a device always hears, also in areas it lost: else a restored server would never get them back.
    let spoken_of = |log: &LogId| log.device == device || principal.areas.contains(log.area);
    let of_scope = |inventory: &Inventory| -> Inventory {
        inventory.iter().filter(|(log, _)| spoken_of(log)).map(|(log, head)| (*log, *head)).collect()
    };
    let ours = if principal.areas.areas().is_none() { (*ours).clone() } else { of_scope(&ours) };
    let backed_up = inventory::backed_up(&mut tx, device).await?;
    let epoch = epoch::current(&mut tx).await?;
    let proposal = Proposal { epoch, inventory: ours, backed_up };
    let digest = proposal.digest();
    let nothing_said = outcome.heads.is_empty() && outcome.held.is_empty() && heads.is_empty();
    let absent = absent(&mut tx, device).await?;
    if nothing_said && agreement == digest && absent.is_empty() {
        app.ingest.notes.synced(device, at);
        app.ingest.nudge(app);
        return Ok(Response::InAgreement { at });
    }
    let base = match agreement {
        Digest16::NONE => Some(Proposal { epoch, inventory: Inventory::new(), backed_up: Inventory::new() }),
        same if same == digest => Some(proposal.clone()),
        other => app.ingest.notes.find(&mut tx, device, other).await?,
    };
    let Some(base) = base else { return Ok(Response::UnknownAgreement { at }) };
    let mut known = base.inventory;
    known.apply(&heads);
    let outside: BTreeSet<AreaId> =
        known.iter().map(|(log, _)| log.area).filter(|area| !principal.areas.contains(*area)).collect();
    let known = of_scope(&known);
    if absent.is_empty() && is_level(device, &known, &proposal.inventory) {
        app.ingest.notes.synced(device, at);
        app.ingest.nudge(app);
    }

    // A device that says everything says also what was withheld from it; one that has nothing yet cannot differ.
    let differs = if agreement == Digest16::NONE && !known.is_empty() {
        let ours = epoch::withheld(&mut tx, device, &known, &proposal.inventory, &withheld).await?;
        differs(device, &known, &proposal.inventory, &ours, &withheld)
    } else {
        Vec::new()
    };

    let told = if agreement == Digest16::NONE { None } else { Some(&base.backed_up) };
    let receipts =
        receipts(app, &outcome.heads, outcome.held, backed_up_news(device, &proposal, told, &known), at).await?;
    let mut sending = Sending::plan(&mut tx, &proposal.inventory, &known).await?;
    if take_snapshots {
        sending.offer(&mut tx, &proposal.inventory, &known).await?;
    }
    let about_bytes = usize::try_from(page_bytes).unwrap_or(usize::MAX).min(app.config.page_bytes);
    let (batches, more) = page::read(&mut tx, &sending.ranges, about_bytes).await?;
    let strangers: BTreeSet<DeviceId> = {
        let known: BTreeSet<DeviceId> = known.iter().map(|(log, _)| log.device).collect();
        // A device that was put back to an older state has never been told of its own key.
        let is_told = |of: &DeviceId| *of == device || !known.contains(of);
        batches.iter().map(|batch| batch.device()).filter(is_told).collect()
    };
    let directory = directory(&mut tx, &strangers).await?;
    let wanted = absent.into_iter().filter(|(log, seq)| known.head(log).seq >= *seq).collect();
    drop(tx);
    app.ingest.notes.propose(device, agreement, proposal, at);
    app.ingest.nudge(app);
    let exchange = Exchange {
        epoch,
        agreement: digest,
        more,
        heads: sending.heads,
        receipts,
        outside: outside.into_iter().collect(),
        wanted,
        differs,
        directory,
        snapshots: sending.offers,
        page: Page { batches },
    };
    Ok(Response::Exchange { at, exchange: Box::new(exchange) })
}

/// Whether a device is at the same head as the server in each of its own logs, so that nothing it sealed is missing
/// here. It seals what is pending before it asks; where it has fallen behind its own log it seals only when it has
/// caught up, so less than the server's head is not level either.
fn is_level(device: DeviceId, known: &Inventory, ours: &Inventory) -> bool {
    let own = |inventory: &Inventory| -> Vec<(LogId, Head)> {
        inventory.iter().filter(|(log, _)| log.device == device).map(|(log, head)| (*log, *head)).collect()
    };
    own(known) == own(ours)
}

/// Where the backed-up heads are not those the device was told. Of a device that was told nothing, also that its logs
/// are not backed up: it may remember otherwise from before a restore.
fn backed_up_news(
    device: DeviceId,
    proposal: &Proposal,
    told: Option<&Inventory>,
    known: &Inventory,
) -> Vec<(LogId, Head)> {
    if let Some(told) = told {
        return proposal.backed_up.difference(told);
    }
    let own = known.iter().map(|(log, _)| *log).filter(|log| log.device == device);
    let mut news: BTreeMap<LogId, Head> = own.map(|log| (log, Head::EMPTY)).collect();
    news.extend(proposal.backed_up.iter().map(|(log, head)| (*log, *head)));
    news.into_iter().collect()
}

async fn receipts(
    app: &AppState,
    heads: &[(LogId, Head)],
    held: Vec<sync_core::id::BatchHash>,
    backed_up: Vec<(LogId, Head)>,
    at: UnixMs,
) -> Result<Vec<Receipt>, Problem> {
    let mut receipts = Vec::new();
    if heads.is_empty() && held.is_empty() && backed_up.is_empty() {
        return Ok(receipts);
    }
    let known = app.auth.known(&app.db, at).await?;
    if !heads.is_empty() || !held.is_empty() {
        receipts.push(receipt::sign(&known.ring, Stage::Stored, heads.to_vec(), held, at)?);
    }
    if !backed_up.is_empty() {
        receipts.push(receipt::sign(&known.ring, Stage::BackedUp, backed_up, Vec::new(), at)?);
    }
    Ok(receipts)
}

/// What to tell and to send.
struct Sending {
    heads: Vec<(LogId, Head)>,
    ranges: Vec<Range>,
    offers: Vec<SnapshotOffer>,
}

impl Sending {
    async fn plan(tx: &mut Tx, ours: &Inventory, known: &Inventory) -> Result<Self, DbError> {
        let asked: Vec<(LogId, Head)> =
            known.iter().filter(|(log, head)| ours.head(log).seq > head.seq).map(|(log, head)| (*log, *head)).collect();
        let chained = inventory::chained(tx, &asked).await?;
        let plan = plan(ours, known, |log, _| chained.contains(log));
        let ranges = plan.send.into_iter().map(|(log, after)| Range { log, after, to: ours.head(&log) }).collect();
        Ok(Self { heads: plan.heads, ranges, offers: Vec::new() })
    }

    /// Offers snapshots of the areas of which nothing is known, in place of their batches.
    async fn offer(&mut self, tx: &mut Tx, ours: &Inventory, known: &Inventory) -> Result<(), DbError> {
        let known: BTreeSet<AreaId> = known.iter().map(|(log, _)| log.area).collect();
        let new: BTreeSet<AreaId> =
            self.ranges.iter().map(|range| range.log.area).filter(|area| !known.contains(area)).collect();
        if new.is_empty() {
            return Ok(());
        }
        self.offers = snapshot::offers(tx, &new, ours).await?;
        let offered: BTreeSet<AreaId> = self.offers.iter().map(|offer| offer.area).collect();
        self.ranges.retain(|range| !offered.contains(&range.log.area));
        Ok(())
    }
}

/// Batches of this device of which the server has the hashes but not all bytes.
async fn absent(tx: &mut Tx, device: DeviceId) -> Result<Vec<(LogId, BatchSeq)>, DbError> {
    const ABSENT: &str = "select distinct b.generation, b.code, b.seq from open_change o \
                          join batch b on b.id = o.place / 256 where o.verdict = 'absent' and o.device_id = $1 \
                          and b.state = 'chained' order by b.generation, b.code, b.seq limit $2";
    let rows: Vec<(i64, i64, i64)> =
        on_db!(tx, |c| sqlx::query_as(ABSENT).bind(Blob(device)).bind(MAX_WANTED).fetch_all(c).await)?;
    rows.into_iter()
        .map(|(generation, code, seq)| Ok((LogId { area: area(generation, code)?, device }, seq_of(seq)?)))
        .collect()
}

/// Who is behind these devices.
pub(crate) async fn directory(tx: &mut Tx, devices: &BTreeSet<DeviceId>) -> Result<Vec<DirectoryEntry>, DbError> {
    const FIND: &str = "select d.public_key, a.id, a.role, a.display_name, c.jwt from device d \
                        left join account a on a.id = d.account_id \
                        left join certificate c on c.device_id = d.id and c.no = d.certificate_no where d.id in";
    type Row = (Blob<PublicKey>, Option<i64>, Option<String>, Option<String>, Option<String>);
    let keys: Vec<Value<'_>> = devices.iter().map(|device| Value::Bytes(device.as_bytes())).collect();
    let rows: Vec<Row> = rows::read(tx, FIND, &keys).await?;
    let mut entries: Vec<DirectoryEntry> = rows
        .into_iter()
        .map(|(Blob(key), account, role, name, certificate)| {
            let role: Role = role
                .as_deref()
                .unwrap_or("coordinator")
                .parse()
                .map_err(|_| DbError::Damaged { column: "account.role", why: role.clone().unwrap_or_default() })?;
            let recorder = RecorderId(account.and_then(|id| u32::try_from(id).ok()).unwrap_or(0));
            let name = short(name.as_deref().unwrap_or(SERVER_NAME));
            Ok(DirectoryEntry { key, recorder, role, name, certificate: certificate.unwrap_or_default() })
        })
        .collect::<Result<_, DbError>>()?;
    entries.sort_by_key(DirectoryEntry::device);
    Ok(entries)
}

/// At most 200 bytes of a name, whole characters.
fn short(name: &str) -> String {
    let end = (0..=name.len().min(200)).rev().find(|end| name.is_char_boundary(*end)).unwrap_or(0);
    name[..end].to_owned()
}
