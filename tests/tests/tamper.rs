//! Whoever alters the database behind the program's back is found by `verify`, also after making every cache fit.

use server::db::Dialect;
use sync_core::id::Role;
use tests::harness::{Engine, Failure, HOANH_MO, Site, history};
use tests::on_both_engines;

/// One kind of tampering: its name, and statements that each must touch a row.
type Tampering = (&'static str, &'static [&'static str]);

/// The last byte of a column set to another value.
macro_rules! flip {
    ($table:literal, $column:literal, $condition:literal) => {
        concat!(
            "update ",
            $table,
            " set ",
            $column,
            " = cast(substr(",
            $column,
            ", 1, length(",
            $column,
            ") - 1) || ",
            "{FLIPPED} where ",
            $condition
        )
    };
}

/// The batch of the guard's second edit: chained, nothing follows it.
const TAIL: &str = "(select max(id) from batch where state = 'chained' and via = 'deposit' and seq = 2)";

/// Every kind of tampering with each table of the truth. `{…}` is filled in below.
const ALL: &[Tampering] = &[
    // batch: one altered.
    ("a header is altered", &[flip!("batch", "header", "id = 1")]),
    ("a signature is altered", &[flip!("batch", "signature", "id = 1")]),
    ("a hash is altered", &[flip!("batch", "hash", "id = 1")]),
    ("a predecessor is altered", &[flip!("batch", "prev", "id = 2")]),
    ("a forked batch is altered", &[flip!("batch", "header", "state = 'forked'")]),
    ("a waiting batch is altered", &[flip!("batch", "header", "state = 'waiting'")]),
    ("a batch moves to another area", &["update batch set code = 6838 where id = 1"]),
    ("a batch changes its place", &["update batch set seq = 7 where id = {TAIL}"]),
    (
        "a batch names another device",
        &[
            "update batch set device_id = (select id from device where id not in (select device_id from batch) limit 1) where id = 1",
        ],
    ),
    ("a batch names another certificate", &["update batch set certificate_no = 9 where id = 1"]),
    ("a batch was sealed at another time", &["update batch set sealed_at_ms = sealed_at_ms + 1 where id = 1"]),
    ("a batch has another schema", &["update batch set schema_number = 2 where id = 1"]),
    ("a batch arrived at another time", &["update batch set received_at_ms = received_at_ms + 1 where id = 1"]),
    ("a batch came another way", &["update batch set via = 'file' where id = 1"]),
    (
        "a batch was brought by another",
        &["update batch set carrier_device_id = (select id from device where account_id is null) where id = 1"],
    ),
    ("a forked batch is said to wait", &["update batch set state = 'waiting' where state = 'forked'"]),
    ("a chained batch is said to be forked", &["update batch set state = 'forked' where id = {TAIL}"]),
    // batch: one removed.
    ("the first batch is removed", &["delete from change where batch_id = 1", "delete from batch where id = 1"]),
    (
        "the end of a log is removed",
        &["delete from change where batch_id = {TAIL}", "delete from batch where id = {TAIL}"],
    ),
    (
        "the newest batch is removed",
        &[
            "delete from change where batch_id = (select max(id) from batch)",
            "delete from batch where id = (select max(id) from batch)",
        ],
    ),
    (
        "a forked batch is removed",
        &[
            "delete from change where batch_id in (select id from batch where state = 'forked')",
            "delete from batch where state = 'forked'",
        ],
    ),
    (
        "a waiting batch is removed",
        &[
            "delete from change where batch_id in (select id from batch where state = 'waiting')",
            "delete from batch where state = 'waiting'",
        ],
    ),
    (
        "a batch in quarantine is removed",
        &["delete from batch where id = {KEPT}", "delete from change where batch_id = {KEPT}"],
    ),
    // change: one altered, removed or put in.
    ("the bytes of a change are altered", &[flip!("change", "bytes", "batch_id = 1 and ordinal = 0")]),
    ("the bytes of a change are removed", &["update change set bytes = null where batch_id = 1 and ordinal = 0"]),
    ("the hash of a change is altered", &[flip!("change", "change_hash", "batch_id = 1 and ordinal = 0")]),
    ("a change moves to another record", &[flip!("change", "record_id", "batch_id = 1 and ordinal = 0")]),
    ("a change is of another kind", &["update change set kind = 3 where batch_id = 1 and ordinal = 0"]),
    ("an admitted change is hidden", &["update change set verdict = 'left' where batch_id = {TAIL}"]),
    ("an admitted change is said to be purged", &["update change set verdict = 'purged' where batch_id = {TAIL}"]),
    (
        "a change in quarantine is said to be left out",
        &["update change set verdict = 'left' where verdict = 'quarantined' and batch_id = {KEPT}"],
    ),
    (
        "a change in quarantine is admitted",
        &["update change set verdict = 'admitted' where verdict = 'quarantined' and batch_id = {KEPT}"],
    ),
    (
        "a change that was left out is in quarantine again",
        &["update change set verdict = 'quarantined' where verdict = 'left'"],
    ),
    (
        "a change lies in quarantine for another reason",
        &["update change set reason = 'quota' where verdict = 'quarantined' and batch_id = {KEPT}"],
    ),
    ("a decision is another person's", &["update change set decided_by = 1 where verdict = 'left'"]),
    (
        "a decision fell at another time",
        &["update change set decided_at_ms = decided_at_ms + 1 where verdict = 'released'"],
    ),
    ("a decision has another note", &["update change set note = 'khác' where verdict = 'left'"]),
    (
        "a decision was never made",
        &["update change set decided_by = null, decided_at_ms = null, note = null where verdict = 'left'"],
    ),
    ("a change is removed", &["delete from change where batch_id = 1 and ordinal = 1"]),
    (
        "a change is put in",
        &["insert into change (batch_id, ordinal, record_id, kind, change_hash, bytes, verdict) select batch_id, 9, \
         record_id, kind, change_hash, bytes, verdict from change where batch_id = 1 and ordinal = 0"],
    ),
    // journal: one altered, removed, put in; the end rewritten.
    ("an entry of the journal is altered", &[flip!("journal", "body", "entry = 2")]),
    ("a hash of the journal is altered", &[flip!("journal", "hash", "entry = 2")]),
    ("an entry of the journal is removed", &["delete from journal where entry = 2"]),
    ("the first entry of the journal is removed", &["delete from journal where entry = 1"]),
    (
        "the newest entry of the journal is removed",
        &["delete from journal where entry = (select max(entry) from journal)"],
    ),
    ("the journal is removed", &["delete from journal"]),
    (
        "an entry of the journal is put in",
        &["insert into journal (entry, body, hash) select entry + 1000, body, hash from journal where entry = 1"],
    ),
    ("the journal begins elsewhere", &["update journal_begin set batches_before = 1"]),
    (
        "a batch is removed with the entries since",
        &[
            "delete from change where batch_id in (select id from batch where state = 'forked')",
            "delete from batch where state = 'forked'",
            "delete from journal where entry > 2",
        ],
    ),
    // Whom the signatures are checked against.
    ("a device has another key", &[flip!("device", "public_key", "id = (select device_id from batch where id = 1)")]),
    ("a certificate names another role", &["update certificate set role = 'coordinator' where role = 'guard'"]),
    (
        "a certificate lives longer",
        &["update certificate set expires_at_ms = expires_at_ms + 1000 where role = 'guard'"],
    ),
    (
        "a certificate covers another area",
        &["insert into certificate_area (device_id, no, generation, code) \
         select device_id, no, 2025, 6838 from certificate where role = 'guard'"],
    ),
    ("a certificate covers an area less", &["delete from certificate_area"]),
    ("a certificate is another text", &["update certificate set jwt = jwt || 'x' where role = 'guard'"]),
    ("a certificate is removed", &["delete from certificate_area", "delete from certificate where role = 'guard'"]),
];

/// The batch of the revoked device.
const KEPT: &str = "(select max(batch_id) from change where reason = 'device-revoked')";

fn filled(text: &str, dialect: Dialect) -> String {
    let flipped = dialect.pick("x'fe' as blob)", "'\\xfe'::bytea as bytea)");
    text.replace("{TAIL}", TAIL).replace("{KEPT}", KEPT).replace("{FLIPPED}", flipped)
}

/// Runs the statements as whoever owns the file or the server can; each must touch a row.
async fn tamper(site: &Site, statements: &[&str]) -> Result<(), Failure> {
    let dialect = site.database.dialect();
    let texts: Vec<String> = statements.iter().map(|text| filled(text, dialect)).collect();
    for (text, touched) in texts.iter().zip(site.database.tamper(&texts).await?) {
        assert!(touched > 0, "{text}: it touched nothing");
    }
    Ok(())
}

/// A deployment with a past, at rest.
async fn past(engine: Engine) -> Result<Site, Failure> {
    let site = Site::new(engine).await?;
    let served = site.serve().await?;
    history(&site, &served).await?;
    served.verify().await?;
    served.stop().await?;
    Ok(site)
}

on_both_engines! {
    /// The caches are made anew after each, so that only the truth can give it away.
    async fn every_tampering_with_the_truth_is_found(engine) {
        let site = past(engine).await?;
        for (name, statements) in ALL {
            let copy = site.copy().await?;
            tamper(&copy, statements).await.map_err(|error| format!("{name}: {error}"))?;
            let served = copy.serve().await?;
            // Where an admitted change cannot be read any more the caches stay as they were.
            served.rebuild().await.ok();
            assert!(served.verify().await.is_err(), "{name}: not found");
            served.stop().await?;
        }
        Ok(())
    }

    /// The caches too: each is compared with what the batches make.
    async fn every_tampering_with_a_cache_is_found(engine) {
        let site = past(engine).await?;
        for (name, statements) in [
            ("a head is moved back", &["update log_head set seq = seq - 1 where seq > 1"][..]),
            ("a head is removed", &["delete from log_head"]),
            ("a record is removed", &["delete from record"]),
            ("a record counts more changes", &["update record set changes = changes + 1"]),
            ("a session has other attendances", &["update session set attendances = 1000"]),
            ("a change in quarantine is not listed", &["delete from open_change where place / 256 = {KEPT}"]),
            ("a change in quarantine is listed elsewhere", &["update open_change set code = 6838 where place / 256 = {KEPT}"]),
            (
                "an admitted change is listed",
                &["insert into open_change (place, generation, code, device_id, verdict) \
                   select id * 256, generation, code, device_id, 'quarantined' from batch where id = 1"],
            ),
            ("a session is removed", &["delete from review", "delete from session where attendances = 20"]),
        ] {
            let copy = site.copy().await?;
            tamper(&copy, statements).await.map_err(|error| format!("{name}: {error}"))?;
            let served = copy.serve().await?;
            assert!(served.verify().await.is_err(), "{name}: not found");
            served.rebuild().await?;
            served.verify().await.map_err(|error| format!("{name}: {error}"))?;
            served.stop().await?;
        }
        Ok(())
    }

    /// A batch a device really signed, put into the tables and not through the program.
    async fn a_genuine_batch_put_in_by_hand_is_found(engine) {
        let site = past(engine).await?;
        let served = site.serve().await?;
        let mut hand = tests::harness::Hand::enrol(&served, "them", Role::Guard, &[HOANH_MO]).await?;
        let session = hand.session(90)?;
        let batch = hand.seal(HOANH_MO, &[session])?;
        let before = served.count("select count(*) from batch").await?;
        hand.deposit(vec![batch]).await?.receipts()?;
        served.stop().await?;
        // What the program wrote of it in the journal is taken away: the rows stand as if put in by hand.
        tamper(&site, &["delete from journal where entry = (select max(entry) from journal)"]).await?;
        let served = site.serve().await?;
        assert_eq!(served.count("select count(*) from batch").await?, before + 1);
        let found = served.verify().await.err().ok_or("found")?.to_string();
        assert!(found.contains("the journal knows nothing of it"), "{found}");
        Ok(())
    }
}
