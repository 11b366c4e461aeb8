//! Old databases, old stores and old bytes at this program, and newer devices at it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use server::clock::ManualClock;
use server::db::Db;
use server::field::{Durability, End, Field, FieldError, OpenOptions};
use server::on_db;
use sqlx::AssertSqlSafe;
use sync_core::id::{AreaId, RecordKind, Role, to_hex};
use sync_core::log::{LogId, Mark, RawChange, Stage, seal};
use sync_core::record::{Decision, Draft, ReviewDraft};
use sync_core::sync::{Carried, Page, ReceiptFile, Response};
use tests::harness::{Change, Database, Engine, Failure, HOANH_MO, Hand, Phone, Served, Site, rewrite_journal, tables};
use tests::kept::{self, Message, Teller};
use tests::on_both_engines;

/// Tables, columns and indexes, as the engine names them.
async fn schema(db: &Db) -> Result<Vec<String>, Failure> {
    let text = db.dialect().pick(
        "select type || ' ' || name || ' ' || coalesce(sql, '') from sqlite_master \
         where name not like 'sqlite_%' and name <> '_sqlx_migrations' order by 1",
        "select table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable \
         from information_schema.columns where table_schema = 'public' and table_name <> '_sqlx_migrations' \
         union all select indexdef from pg_indexes where schemaname = 'public' and tablename <> '_sqlx_migrations' \
         order by 1",
    );
    Ok(on_db!(db, |c| sqlx::query_scalar(AssertSqlSafe(text.to_owned())).fetch_all(c).await)?)
}

/// How many rows each table of a kept file has; what a migration itself puts in is not among its lines of values.
fn rows_of(text: &str) -> BTreeMap<String, i64> {
    let mut rows = BTreeMap::new();
    let lines = text.lines().filter(|line| line.contains(") values ("));
    for line in lines.filter_map(|line| line.strip_prefix("insert into ")) {
        *rows.entry(line.split(' ').next().unwrap_or_default().to_owned()).or_default() += 1;
    }
    rows
}

on_both_engines! {
    /// Writes what is not kept when asked to; else sees to it that nothing is missing.
    async fn every_schema_is_kept(engine) {
        if kept::is_writing() {
            kept::tell(engine).await?;
        }
        for version in 0..=kept::newest(engine)? {
            let path = kept::schema_file(engine, version);
            assert!(path.exists(), "{}: run this test with BANLANG_WRITE_FIXTURES=1", path.display());
            let text = std::fs::read_to_string(&path)?;
            for migration in &kept::migrations(engine)?[..=version] {
                assert!(text.contains(&std::fs::read_to_string(migration)?), "{}: edited since", migration.display());
            }
            let rows = rows_of(&text);
            // Kept empty by the story: attempts are forgotten, snapshots are files, village choices a person's.
            let may_be_empty = ["setting", "snapshot", "panel_check", "village_former_name", "village_suggestion",
                "village_choice", "reference_import", "attempt", "coverage_calendar"];
            for table in kept::tables(&text) {
                assert!(rows.contains_key(table) || may_be_empty.contains(&table), "{version}: {table} has no row");
            }
        }
        Ok(())
    }

    /// Brought up to date it has this program's schema and every row; what is a cache can be made, and all agrees.
    async fn every_kept_schema_is_upgraded_and_verifies(engine) {
        let fresh = Database::empty(engine).await?;
        let db = Db::open(&fresh.url, 1).await?;
        db.migrate().await?;
        let expected = schema(&db).await?;
        db.close().await;
        for version in 0..=kept::newest(engine)? {
            let (database, pending) = kept::upgraded_to(engine, version).await?;
            assert_eq!(pending, kept::newest(engine)? - version);
            let site = Site::over(database, kept::AT)?;
            let db = site.open_db().await?;
            assert_eq!(schema(&db).await?, expected, "{version}");
            let text = std::fs::read_to_string(kept::schema_file(engine, version))?;
            let all: String = kept::migrations(engine)?.iter().map(std::fs::read_to_string).collect::<Result<_, _>>()?;
            // What a later schema dropped was a cache: that it is made anew in another form is verified below.
            let stand = |table: &str| kept::tables(&all).contains(&table);
            for (table, rows) in rows_of(&text).into_iter().filter(|(table, _)| stand(table)) {
                let found = tables(&db, &[&table]).await?.len();
                assert_eq!(i64::try_from(found)?, rows, "{version}: rows of {table}");
            }
            // A server has keys; a database older than they are gets them at `banlang init`.
            db.write(async |tx| server::auth::key::ensure(tx, kept::AT).await).await?;
            db.close().await;
            let served = site.serve().await?;
            served.rebuild().await?;
            served.verify().await?;
            let documents = served.documents().await?;
            assert_eq!(documents.is_empty(), version < 3, "{version}: the log came with schema 3");
            served.stop().await?;
        }
        Ok(())
    }

    /// What a device of the first version sent is taken as it was then, and answered alike.
    async fn an_old_devices_requests_are_answered_as_then(engine) {
        let (database, _) = kept::upgraded_to(engine, kept::DEVICE_SCHEMA).await?;
        let site = Site::over(database, kept::AT)?;
        let served = site.serve().await?;
        for name in ["deposit", "carried", "sync"] {
            for then in kept::exchanges(engine, name)? {
                let now = Message::read(&kept::send(&served.url, &then.request).await?)?;
                let then = then.answered()?;
                assert!(now.first.contains(" 200 ") && now.first == then.first, "{name}: {now:?}");
                if name == "sync" {
                    assert_eq!(Response::from_bytes(&now.body)?, Response::from_bytes(&then.body)?);
                } else {
                    assert_eq!(ReceiptFile::from_bytes(&now.body)?, ReceiptFile::from_bytes(&then.body)?);
                }
            }
        }
        let waiting = served.count("select cast(count(*) as bigint) from batch where state = 'waiting'").await?;
        assert_eq!(waiting, 0, "the deposit filled the gap");
        served.verify().await
    }

    /// This program over a store of the first version, at a server of the first version: it seals and asks byte for
    /// byte what that version's device did, and understands what it is answered.
    async fn an_old_store_opens_and_an_old_servers_answer_is_understood(engine) {
        let dir = tempfile::tempdir()?;
        kept::load_store(engine, dir.path()).await?;
        let clock = Arc::new(ManualClock::at(kept::AT));
        let options = OpenOptions { durability: Durability::Process, clock, ..OpenOptions::default() };
        let mut field = Field::open(dir.path(), options).await?;
        assert_eq!(field.list().await?.len(), 6 + 1, "what it held, and what it had not sealed");
        let then = kept::exchanges(engine, "sync")?;
        let teller = Teller::again(then.clone()).await?;
        field.move_server(&teller.url).await?;
        let exported = field.export().await?;
        assert_eq!(exported.changes, 1);
        let report = field.sync(&mut |_, _| {}).await?;
        assert!(matches!(report.end, End::Synced { .. }), "{report:?}");
        let asked = teller.take();
        assert_eq!(asked.len(), then.len());
        for (now, then) in asked.iter().zip(&then) {
            assert_eq!(now.asked()?.body, then.asked()?.body, "the request of then");
        }
        let status = field.status().await?;
        assert_eq!((status.only_here, status.sent, status.stored), (0, 0, 2), "the receipt counts");
        assert!(!field.device().receipts(Stage::Stored).is_empty());
        Ok(())
    }

    /// An old device comes with its old store to a server that was upgraded meanwhile.
    async fn an_old_store_syncs_with_an_upgraded_server(engine) {
        let (database, _) = kept::upgraded_to(engine, kept::DEVICE_SCHEMA).await?;
        let site = Site::over(database, kept::AT)?;
        let served = site.serve().await?;
        let dir = tempfile::tempdir()?;
        kept::load_store(engine, dir.path()).await?;
        let options = OpenOptions { durability: Durability::Process, clock: site.clock.clone(), ..OpenOptions::default() };
        let mut field = Field::open(dir.path(), options).await?;
        field.move_server(&served.url).await?;
        let report = field.sync(&mut |_, _| {}).await?;
        assert!(matches!(report.end, End::Synced { .. }) && report.sent == 1, "{report:?}");
        let documents = served.documents().await?;
        for (id, digest) in &documents {
            assert_eq!(field.digest(*id).await?, *digest);
        }
        assert_eq!(field.list().await?.len(), documents.len());
        served.verify().await
    }

    /// A device of a newer version: what this server cannot judge is kept and stays out, what it can is taken, and
    /// keys it does not know survive the edits of older devices.
    async fn a_newer_device_is_received_as_far_as_this_server_knows(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut next = Hand::enrol(&served, "may.moi", Role::Guard, &[HOANH_MO]).await?;
        let mut old = Phone::enrol(&site, &served, "may.cu", Role::Guard, &[HOANH_MO]).await?;
        let mut officer = Phone::enrol(&site, &served, "can.bo", Role::Officer, &[HOANH_MO]).await?;

        let known = next.session(1)?;
        let extra = with_key(&next, &known, "weather")?;
        let of_schema_2 = next.session(2)?;
        let (_, record, change) = next.session(3)?;
        let device = next.id;
        let log = |area: AreaId| LogId { area, device };
        let one = next.seal(HOANH_MO, &[known.clone(), extra])?;
        let mut header = seal(log(HOANH_MO), next.head, next.certificate(), kept::AT, std::slice::from_ref(&of_schema_2))?;
        header.schema = 2;
        let two = next.sign(header, std::slice::from_ref(&of_schema_2))?;
        let mut header = seal(log(HOANH_MO), two.head(), next.certificate(), kept::AT,
            &[(RecordKind::Session, record, change.clone())])?;
        header.entries[0].kind = 9;
        let three = next.sign(header, &[(RecordKind::Session, record, change)])?;
        let receipts = next.deposit(vec![one, two, three.clone()]).await?.receipts()?;
        assert_eq!(receipts.receipts[0].heads, [(log(HOANH_MO), three.head())], "all of it is stored");

        let listed = officer.read("/v1/quarantine").await?;
        let items = listed["items"].as_array().ok_or("items")?;
        let reasons: Vec<&str> = items.iter().filter_map(|item| item["reason"].as_str()).collect();
        assert_eq!(reasons, ["unknown-schema", "unknown-schema"]);
        old.sync().await?;
        assert_eq!(old.documents().await?.len(), 1, "the older device gets what was admitted");
        old.attend(known.1, 9).await?;
        old.sync().await?;
        officer.sync().await?;
        assert_eq!(served.documents().await?, officer.documents().await?);
        let kept_key = changes_of(&served, known.1).await?;
        assert_eq!(value_of(&kept_key, "weather")?, Some("mưa".to_owned()), "an older device's edit keeps it");
        served.verify().await
    }

    /// A layout this server does not know is named, with what it accepts; nothing is stored and nothing else breaks.
    async fn a_newer_layout_is_refused_by_name(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut next = Hand::enrol(&served, "may.moi", Role::Guard, &[HOANH_MO]).await?;
        let change = next.session(1)?;
        let batch = next.seal(HOANH_MO, &[change])?;
        let page = Page { batches: vec![batch.clone()] }.to_bytes();
        let newer = [&[2], &page[1..]].concat();
        for (target, media, body) in [
            ("/v1/deposits", "application/vnd.banlang.page", newer.clone()),
            ("/v1/sync", "application/vnd.banlang.sync", newer),
        ] {
            let answer = next.send("POST", target, media, body, true).await?;
            assert_eq!((answer.status, answer.code().as_str()), (422, "body.layout"), "{target} {answer:?}");
            assert!(answer.json()["accepted"].as_str().is_some_and(|text| text.contains("layout 1")), "{answer:?}");
        }
        assert_eq!(served.count("select cast(count(*) as bigint) from batch").await?, 0);
        next.deposit(vec![batch]).await?.receipts()?;
        served.verify().await
    }

    /// A change that an older server kept because it did not know its schema is admitted by itself once the server
    /// does, and reaches every device.
    async fn what_an_older_server_could_not_judge_is_admitted_after_the_upgrade(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut next = Hand::enrol(&served, "may.moi", Role::Guard, &[HOANH_MO]).await?;
        let mut officer = Phone::enrol(&site, &served, "can.bo", Role::Officer, &[HOANH_MO]).await?;
        let change = next.session(5)?;
        let batch = next.seal(HOANH_MO, std::slice::from_ref(&change))?;
        next.deposit(vec![batch]).await?.receipts()?;
        let served = judged_by_an_older_server(&site, served, 1).await?;
        assert!(served.documents().await?.is_empty());
        assert_eq!((readmit(&served).await?, readmit(&served).await?), (1, 0));
        officer.field.move_server(&served.url).await?;
        officer.sync().await?;
        let documents = served.documents().await?;
        assert_eq!((documents.len(), documents.contains_key(&change.1)), (1, true));
        assert_eq!(officer.documents().await?, documents);
        served.verify().await
    }

    /// An upgrade is nobody's decision: what the author may not write, and what came from a device that is shut out by
    /// now, stays for a person to decide.
    async fn an_upgrade_admits_nothing_that_its_author_may_not_write(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut guard = Hand::enrol(&served, "chien.si", Role::Guard, &[HOANH_MO]).await?;
        let mut lost = Hand::enrol(&served, "mat.may", Role::Guard, &[HOANH_MO]).await?;
        let mut officer = Phone::enrol(&site, &served, "can.bo", Role::Officer, &[HOANH_MO]).await?;
        let session = guard.session(5)?;
        let review = guard.create(&Draft::Review(ReviewDraft {
            session: session.1,
            heads: vec![session.2.hash()],
            decision: Decision::Confirm,
            comment: String::new(),
            supersedes: Default::default(),
        }))?;
        let batch = guard.seal(HOANH_MO, &[session.clone(), review])?;
        guard.deposit(vec![batch]).await?.receipts()?;
        let change = lost.session(6)?;
        let batch = lost.seal(HOANH_MO, &[change])?;
        lost.deposit(vec![batch]).await?.receipts()?;
        let served = judged_by_an_older_server(&site, served, 3).await?;
        officer.field.move_server(&served.url).await?;
        officer.call("POST", &format!("/v1/devices/{}/revoke", lost.id), Some(json!({ "reason": "mất" }))).await?;
        assert_eq!(readmit(&served).await?, 1);
        let documents = served.documents().await?;
        assert_eq!(documents.keys().collect::<Vec<_>>(), [&session.1]);
        served.verify().await
    }
}

/// The deployment as a server that knew no schema 1 yet would have left it, its only batches being these changes.
async fn judged_by_an_older_server(site: &Site, served: Served, changes: u64) -> Result<Served, Failure> {
    served.stop().await?;
    let noted = "update change set verdict = 'quarantined', reason = 'unknown-schema'";
    assert_eq!(site.database.tamper(&[noted.to_owned()]).await?, [changes]);
    let served = site.serve().await?;
    rewrite_journal(&served, |entry| {
        for mark in entry.arrived.iter_mut().flat_map(|arrival| &mut arrival.marks) {
            *mark = Mark::Quarantined("unknown-schema".to_owned());
        }
    })
    .await?;
    served.rebuild().await?;
    served.verify().await?;
    served.stop().await?;
    site.serve().await
}

async fn readmit(served: &Served) -> Result<usize, Failure> {
    server::quarantine::readmit(&served.app).await.map_err(|problem| format!("{problem:?}").into())
}

/// A device that is answered in a newer layout says what helps, and keeps what it has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_answer_tells_the_person_to_update() -> Result<(), Failure> {
    let dir = tempfile::tempdir()?;
    kept::load_store(Engine::Sqlite, dir.path()).await?;
    let clock = Arc::new(ManualClock::at(kept::AT));
    let options = OpenOptions { durability: Durability::Process, clock, ..OpenOptions::default() };
    let mut field = Field::open(dir.path(), options).await?;
    let mut then = kept::exchanges(Engine::Sqlite, "sync")?.swap_remove(0);
    let head = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n";
    then.answer = [&head[..], &[2, 0]].concat();
    let teller = Teller::again(vec![then]).await?;
    field.move_server(&teller.url).await?;
    let error = field.sync(&mut |_, _| {}).await.err().ok_or("a newer answer was understood")?;
    assert!(matches!(error, FieldError::Stopped(_)) && error.to_string().contains("update the program"), "{error}");
    assert_eq!(field.list().await?.len(), 7);
    Ok(())
}

#[test]
fn a_carried_file_of_a_newer_layout_is_told_from_a_damaged_one() {
    let file =
        Carried { from: sync_core::id::DeviceId([1; 8]), certificates: Vec::new(), page: Page { batches: Vec::new() } }
            .to_bytes();
    let newer = [b"BLCARRY2", &file[8..]].concat();
    assert!(Carried::from_bytes(&newer).is_err_and(|error| error.is_unknown_layout()));
    assert!(Carried::from_bytes(b"BLCARRYX........").is_err_and(|error| !error.is_unknown_layout()));
}

/// Kept files are sealed: each stands in the list with its digest, and no other does.
#[test]
fn no_kept_file_was_edited() -> Result<(), Failure> {
    let _sealing = kept::SEALING.lock();
    let place = kept::place();
    let mut found = BTreeMap::new();
    digests(&place, &place, &mut found)?;
    let list = place.join("FROZEN");
    let listed: BTreeMap<String, String> = std::fs::read_to_string(&list)?
        .lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(digest, name)| (name.to_owned(), digest.to_owned()))
        .collect();
    assert_eq!(found, listed, "a kept file was edited, removed, or added without BANLANG_WRITE_FIXTURES=1");
    Ok(())
}

fn digests(root: &Path, at: &Path, found: &mut BTreeMap<String, String>) -> Result<(), Failure> {
    for entry in std::fs::read_dir(at)? {
        let path = entry?.path();
        if path.is_dir() {
            digests(root, &path, found)?;
        } else if path.file_name().is_some_and(|name| name != "FROZEN") {
            let name = path.strip_prefix(root)?.display().to_string();
            found.insert(name, to_hex(&server::auth::statement::sha256(&std::fs::read(&path)?)));
        }
    }
    Ok(())
}

/// A change of a record that sets a key no version knows yet.
fn with_key(hand: &Hand, of: &Change, key: &str) -> Result<Change, Failure> {
    use automerge::transaction::{CommitOptions, Transactable};
    let actor = hand.author(hand.id).actor;
    let mut document = automerge::AutoCommit::load(of.2.framed())?.with_actor(automerge::ActorId::from(actor.0));
    document.put(automerge::ROOT, key, "mưa")?;
    document.commit_with(CommitOptions::default().with_time(1_795_392_000));
    let change = document.get_last_local_change().ok_or("no change")?;
    Ok((of.0, of.1, RawChange::from_framed(change.raw_bytes())?))
}

async fn changes_of(served: &Served, record: sync_core::id::RecordId) -> Result<Vec<Vec<u8>>, Failure> {
    const CHANGES: &str = "select bytes from change where record_id = $1 and verdict = 'admitted' order by batch_id";
    Ok(on_db!(served.app.db, |c| sqlx::query_scalar(CHANGES).bind(server::db::Blob(record)).fetch_all(c).await)?)
}

fn value_of(changes: &[Vec<u8>], key: &str) -> Result<Option<String>, Failure> {
    use automerge::ReadDoc;
    let mut document = automerge::AutoCommit::new();
    for change in changes {
        document.load_incremental(change)?;
    }
    Ok(document.get(automerge::ROOT, key)?.map(|(value, _)| value.as_str().unwrap_or_default().to_owned()))
}
