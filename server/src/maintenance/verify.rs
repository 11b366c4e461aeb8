//! Checks everything stored against the batches, and says exactly what differs.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::id::{BatchHash, DeviceId, PublicKey, RecordId, to_hex};
use sync_core::log::{Batch, Head, LogId, RawChange, Signature};

use super::certificates::certificates;
use super::rebuild::{next, project_all};
use crate::cli::Lang;
use crate::db::{Blob, Db, DbError, Tx};
use crate::ingest::stored::Signers;
use crate::ingest::{area, open_change};
use crate::journal;
use crate::on_db;
use crate::project;

/// Batches read in one go.
const STEP: i64 = 500;
/// Differences of read tables that are told.
const TOLD: usize = 100;

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// What it is about: a batch, a log, a record, a row of a read table.
    pub subject: String,
    /// What differs.
    pub difference: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.subject, self.difference)
    }
}

impl Finding {
    /// The finding as an operator reads it. What a library said of bytes stays in English.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        let english = self.to_string();
        match lang {
            Lang::En => english,
            Lang::Vi => VIETNAMESE.iter().fold(english, |text, (en, vi)| text.replace(en, vi)),
        }
    }
}

/// The words of findings, longer ones before those they contain.
const VIETNAMESE: &[(&str, &str)] = &[
    ("its bytes do not have the stored hash", "nội dung không khớp mã băm đã lưu"),
    (", but its bytes are not there", ", nhưng không còn nội dung"),
    ("the signature is not its device's", "chữ ký không phải của thiết bị đã nêu"),
    ("its columns are not those of its header", "các cột không khớp phần đầu của lô"),
    ("its columns are not those of the header", "các cột không khớp phần đầu của lô"),
    ("does not follow batch", "không nối tiếp lô"),
    ("its head is not its last chained batch", "đầu nhật ký không phải lô cuối đã nối"),
    ("it has a head but no chained batch", "có đầu nhật ký nhưng không có lô nào đã nối"),
    ("it has chained batches but no head", "có lô đã nối nhưng không có đầu nhật ký"),
    ("its row is not what its admitted changes make", "dòng đã lưu không khớp các thay đổi đã nhận"),
    (
        "its row among the open changes is not what its verdict makes",
        "dòng trong bảng thay đổi chờ xử lý không khớp kết quả xét",
    ),
    ("it has a row but no admitted change", "có dòng nhưng không có thay đổi nào được nhận"),
    ("the row is there, and the batches make none", "có dòng mà các lô không tạo ra"),
    ("the batches make a row, and it is not there", "thiếu dòng mà các lô tạo ra"),
    (", the batches make ", ", các lô tạo ra "),
    (" differences are told; there may be more", " điểm khác đã nêu; có thể còn nữa"),
    ("its columns are not what its signed text says", "các cột không khớp văn bản đã ký"),
    ("its certificate is not on file", "không còn chứng nhận đã dùng để niêm phong lô"),
    ("entries before it are missing; this is number ", "thiếu mục đứng trước; đây là mục số "),
    ("its hash does not follow from it and the entry before", "mã băm không khớp nội dung và mục đứng trước"),
    ("the journal knows nothing of it", "sổ ghi không có lô này"),
    ("arrived and is gone", "đã đến và không còn nữa"),
    ("does not come after batch", "không đứng sau lô"),
    ("its log is not what the journal says", "nhật ký không khớp sổ ghi"),
    ("its place is not what the journal says", "số thứ tự không khớp sổ ghi"),
    ("its hash is not what the journal says", "mã băm không khớp sổ ghi"),
    ("its state is not what the journal says", "trạng thái không khớp sổ ghi"),
    ("its way is not what the journal says", "đường đến không khớp sổ ghi"),
    ("its carrier is not what the journal says", "người mang không khớp sổ ghi"),
    ("its time of arrival is not what the journal says", "giờ đến không khớp sổ ghi"),
    ("its verdict is not what the journal says", "kết quả xét không khớp sổ ghi"),
    ("its reason is not what the journal says", "lý do không khớp sổ ghi"),
    ("its decision is not what the journal says", "quyết định không khớp sổ ghi"),
    (" changes, the journal says ", " thay đổi, sổ ghi nêu "),
    ("it holds ", "có "),
    ("journal entry ", "mục sổ ghi "),
    ("certificate ", "chứng nhận "),
    ("read tables", "bảng đọc"),
    ("records: ", "bản ghi: "),
    ("record ", "bản ghi "),
    ("batch ", "lô "),
    ("change ", "thay đổi "),
    ("log ", "nhật ký "),
    (" of ", " của "),
];

/// Checks the journal, every chain, signature, hash, change, certificate, log head, open change, record and read table in
/// one state of the database.
///
/// `scratch` is a fresh, migrated SQLite database, in which the read tables are made anew to be compared.
///
/// # Errors
/// The databases'. What is wrong with what is stored is no error but a finding.
pub async fn verify(db: &Db, scratch: &Db) -> Result<Vec<Finding>, DbError> {
    let mut findings = Vec::new();
    let mut tx = db.snapshot().await?;
    let chains = batches(&mut tx, &mut findings).await?;
    let replayed = journal::replay(&mut tx).await?;
    let told = replayed.compare(&mut tx).await?;
    findings.extend(told.into_iter().map(|(subject, difference)| Finding { subject, difference }));
    certificates(&mut tx, &mut findings).await?;
    heads(&mut tx, &chains, &mut findings).await?;
    open_changes(&mut tx, &mut findings).await?;
    records(&mut tx, scratch, &mut findings).await?;
    let mut made = scratch.snapshot().await?;
    let differences = project::compare(&mut tx, &mut made, TOLD).await?;
    let cut = differences.len() == TOLD;
    findings.extend(
        differences.into_iter().map(|row| Finding { subject: row.subject(), difference: row.against_batches() }),
    );
    if cut {
        let difference = format!("{TOLD} differences are told; there may be more");
        findings.push(Finding { subject: "read tables".to_owned(), difference });
    }
    Ok(findings)
}

#[derive(Debug, sqlx::FromRow)]
struct Row {
    id: i64,
    generation: i64,
    code: i64,
    device_id: Blob<DeviceId>,
    public_key: Blob<PublicKey>,
    seq: i64,
    hash: Blob<BatchHash>,
    prev: Blob<BatchHash>,
    certificate_no: i64,
    sealed_at_ms: i64,
    schema_number: i64,
    header: Vec<u8>,
    signature: Blob<[u8; 64]>,
    state: String,
}

/// The chained batches of each log by sequence number.
type Chains = BTreeMap<LogId, BTreeMap<u64, (BatchHash, BatchHash)>>;

async fn batches(tx: &mut Tx, findings: &mut Vec<Finding>) -> Result<Chains, DbError> {
    const BATCHES: &str = "select b.id, b.generation, b.code, b.device_id, d.public_key, b.seq, b.hash, b.prev, \
                           b.certificate_no, b.sealed_at_ms, b.schema_number, b.header, \
                           b.signature, b.state from batch b join device d on d.id = b.device_id \
                           where b.id > $1 order by b.id limit $2";
    const CHANGES: &str = "select batch_id, ordinal, record_id, kind, change_hash, bytes, verdict from change \
                           where batch_id > $1 and batch_id <= $2 order by batch_id, ordinal";
    type Change = (i64, i64, Blob<RecordId>, i64, Blob<[u8; 32]>, Option<Vec<u8>>, String);
    let mut chains = Chains::new();
    let mut after = 0;
    loop {
        let rows: Vec<Row> = on_db!(tx, |c| sqlx::query_as(BATCHES).bind(after).bind(STEP).fetch_all(c).await)?;
        let Some(last) = rows.last().map(|row| row.id) else { return Ok(chains) };
        let changes: Vec<Change> = on_db!(tx, |c| sqlx::query_as(CHANGES).bind(after).bind(last).fetch_all(c).await)?;
        let mut by_batch: BTreeMap<i64, Vec<Change>> = BTreeMap::new();
        for change in changes {
            by_batch.entry(change.0).or_default().push(change);
        }
        for row in rows {
            let mut say = |difference: String| {
                findings.push(Finding { subject: format!("batch {}", row.id), difference });
            };
            let stored = by_batch.remove(&row.id).unwrap_or_default();
            let mut bodies = Vec::with_capacity(stored.len());
            for (_, ordinal, _, _, Blob(hash), bytes, verdict) in &stored {
                let body = bytes.as_deref().map(RawChange::from_framed).transpose();
                match &body {
                    Err(error) => say(format!("change {ordinal}: {error}")),
                    Ok(Some(change)) if change.hash().0 != *hash => {
                        say(format!("change {ordinal}: its bytes do not have the stored hash"));
                    }
                    Ok(None) if !matches!(verdict.as_str(), "absent" | "purged" | "duplicate" | "unjudged") => {
                        say(format!("change {ordinal}: {verdict}, but its bytes are not there"));
                    }
                    Ok(_) => {}
                }
                bodies.push(body.ok().flatten());
            }
            let batch = match Batch::from_stored(&row.header, Signature(row.signature.0), bodies) {
                Ok(batch) => batch,
                Err(error) => {
                    say(error.to_string());
                    continue;
                }
            };
            if batch.verify(&row.public_key.0).is_err() {
                say("the signature is not its device's".to_owned());
            }
            let log = LogId { area: area(row.generation, row.code)?, device: row.device_id.0 };
            let header = batch.header();
            let columns = batch.hash() == row.hash.0
                && batch.log() == log
                && i64::try_from(header.seq.0) == Ok(row.seq)
                && header.prev == row.prev.0
                && i64::from(header.certificate.0) == row.certificate_no
                && header.sealed_at.0 == row.sealed_at_ms
                && i64::from(header.schema) == row.schema_number;
            if !columns {
                say("its columns are not those of its header".to_owned());
            }
            for (entry, (_, ordinal, Blob(record), kind, Blob(hash), _, _)) in
                batch.header().entries.iter().zip(&stored)
            {
                if entry.record != *record || i64::from(entry.kind) != *kind || entry.change.0 != *hash {
                    say(format!("change {ordinal}: its columns are not those of the header"));
                }
            }
            if row.state == "chained" {
                let chain = chains.entry(log).or_default();
                chain.insert(batch.header().seq.0, (batch.header().prev, batch.hash()));
            }
        }
        after = last;
    }
}

async fn heads(tx: &mut Tx, chains: &Chains, findings: &mut Vec<Finding>) -> Result<(), DbError> {
    const HEADS: &str = "select generation, code, device_id, seq, hash from log_head";
    let mut tops: BTreeMap<LogId, Head> = BTreeMap::new();
    for (log, chain) in chains {
        let mut head = Head::EMPTY;
        for (seq, (prev, hash)) in chain {
            if *seq != head.seq.0 + 1 || *prev != head.hash {
                findings.push(Finding {
                    subject: format!("log {} of {}", log.area, log.device),
                    difference: format!("batch {seq} does not follow batch {}", head.seq),
                });
            }
            head = Head { seq: sync_core::id::BatchSeq(*seq), hash: *hash };
        }
        tops.insert(*log, head);
    }
    type HeadRow = (i64, i64, Blob<DeviceId>, i64, Blob<BatchHash>);
    let rows: Vec<HeadRow> = on_db!(tx, |c| sqlx::query_as(HEADS).fetch_all(c).await)?;
    let mut say = |log: LogId, difference: String| {
        findings.push(Finding { subject: format!("log {} of {}", log.area, log.device), difference });
    };
    for (generation, code, Blob(device), seq, Blob(hash)) in rows {
        let log = LogId { area: area(generation, code)?, device };
        match tops.remove(&log) {
            Some(head) if head.hash == hash && i64::try_from(head.seq.0) == Ok(seq) => {}
            Some(head) => {
                let (stored, last) = (format!("batch {seq} ({hash})"), format!("batch {} ({})", head.seq, head.hash));
                say(log, format!("its head is {stored}, its last chained batch is {last}"));
            }
            None => say(log, format!("its head is batch {seq} ({hash}), and it has no chained batch")),
        }
    }
    for (log, head) in tops {
        say(log, format!("it has no head, and its last chained batch is {} ({})", head.seq, head.hash));
    }
    Ok(())
}

/// The table in which changes that nobody has decided on are found, against the changes.
async fn open_changes(tx: &mut Tx, findings: &mut Vec<Finding>) -> Result<(), DbError> {
    let most = i64::try_from(TOLD).unwrap_or(i64::MAX);
    for (batch, ordinal) in open_change::differences(tx, most).await? {
        let difference = "its row among the open changes is not what its verdict makes".to_owned();
        findings.push(Finding { subject: format!("change {ordinal} of batch {batch}"), difference });
    }
    Ok(())
}

/// The columns of a record's row, as text.
type Cells = [(&'static str, String); 4];

fn row_cells(kind: &str, area: &str, heads: &[u8], changes: i64) -> Cells {
    let heads: Vec<String> = heads.chunks(32).map(to_hex).collect();
    let heads = heads.join(" ");
    [("kind", kind.to_owned()), ("area", area.to_owned()), ("heads", heads), ("changes", changes.to_string())]
}

/// What of a record's row is not what its admitted changes make; `None` when nothing is.
fn row_difference(stored: Option<&Cells>, made: &Cells) -> Option<String> {
    let Some(stored) = stored else { return Some("it has admitted changes but no row".to_owned()) };
    let cells = stored.iter().zip(made).filter(|(stored, made)| stored != made);
    let told: Vec<String> = cells
        .map(|((column, stored), (_, made))| format!("{column} is {stored}, its admitted changes make {made}"))
        .collect();
    (!told.is_empty()).then(|| told.join("; "))
}

async fn records(tx: &mut Tx, scratch: &Db, findings: &mut Vec<Finding>) -> Result<(), DbError> {
    const ROWS: &str = "select record_id, kind, generation, code, heads, changes from record order by record_id";
    const CALENDAR: &str = "select closing_day from coverage_calendar where id = 1";
    const SET_CALENDAR: &str = "insert into coverage_calendar (id, closing_day) values (1, $1)";
    type Row = (Blob<RecordId>, i64, i64, i64, Vec<u8>, i64);
    let rows: Vec<Row> = on_db!(tx, |c| sqlx::query_as(ROWS).fetch_all(c).await)?;
    let mut kept: BTreeMap<RecordId, Row> = rows.into_iter().map(|row| (row.0.0, row)).collect();
    let closing_day: Option<i64> = on_db!(tx, |c| sqlx::query_scalar(CALENDAR).fetch_optional(c).await)?;
    let mut making = scratch.begin().await?;
    if let Some(day) = closing_day {
        on_db!(making, |c| sqlx::query(SET_CALENDAR).bind(day).execute(c).await.map(drop))?;
    }
    copy_pairs(tx, &mut making).await?;
    let signers = Signers::default();
    let mut after = None;
    loop {
        let step = match next(tx, &signers, after).await {
            Ok(Some(step)) => step,
            Ok(None) => break,
            Err(DbError::Damaged { why, .. }) => {
                findings.push(Finding { subject: "records".to_owned(), difference: why });
                break;
            }
            Err(error) => return Err(error),
        };
        project_all(&mut making, &step).await?;
        for (id, record) in &step {
            let heads = record.view.as_ref().map(|view| view.meta().heads.as_slice()).unwrap_or_default();
            let heads: Vec<u8> = heads.iter().flat_map(|hash| hash.0).collect();
            let stored = kept.remove(id);
            let stored = stored.map(|(_, kind, generation, code, heads, changes)| {
                let area = area(generation, code).map_or_else(|error| error.to_string(), |area| area.to_string());
                row_cells(&kind.to_string(), &area, &heads, changes)
            });
            let kind = record.kind.map_or_else(String::new, |kind| kind.code().to_string());
            let area = record.area.map_or_else(String::new, |area| area.to_string());
            let made = row_cells(&kind, &area, &heads, record.admitted.len() as i64);
            if let Some(difference) = row_difference(stored.as_ref(), &made) {
                findings.push(Finding { subject: format!("record {id}"), difference });
            }
        }
        after = step.last().map(|(id, _)| *id);
    }
    making.commit().await?;
    let left: BTreeSet<RecordId> = kept.into_keys().collect();
    for id in left {
        let difference = "it has a row but no admitted change".to_owned();
        findings.push(Finding { subject: format!("record {id}"), difference });
    }
    Ok(())
}

/// What people said of pairs of sessions is made from no batch, and decides how these count.
async fn copy_pairs(from: &mut Tx, to: &mut Tx) -> Result<(), DbError> {
    const READ: &str =
        "select record_a, record_b, standing, counted, reason, decided_by, decided_at_ms from session_pair";
    const WRITE: &str = "insert into session_pair (record_a, record_b, standing, counted, reason, decided_by, decided_at_ms) \
        values ($1, $2, $3, $4, $5, $6, $7)";
    type Row = (Vec<u8>, Vec<u8>, String, Option<Vec<u8>>, String, i64, i64);
    let rows: Vec<Row> = on_db!(from, |c| sqlx::query_as(READ).fetch_all(c).await)?;
    for (a, b, standing, counted, reason, by, at) in rows {
        on_db!(to, |c| {
            let query = sqlx::query(WRITE).bind(&a).bind(&b).bind(&standing).bind(&counted).bind(&reason);
            query.bind(by).bind(at).execute(c).await.map(drop)
        })?;
    }
    Ok(())
}
