//! A coordinator's device keeps the server's journal, and finds a server that was put back or rewrote its history.

use serde_json::json;
use server::clock::Clock;
use server::field::{Evidence, FieldError, Statement, Witnessed};
use sync_core::id::{PublicKey, Role, from_hex};
use sync_core::log::{Checkpoint, Mark, Tip};
use sync_core::wire::Reader;
use tests::harness::{Failure, HOANH_MO, Hand, Phone, Program, Served, Site, history, rewrite_journal};
use tests::on_both_engines;

/// What the coordinator's device is told at its next sync.
async fn look(coordinator: &mut Phone) -> Result<Witnessed, Failure> {
    Ok(*coordinator.sync().await?.witnessed.ok_or("a coordinator's device witnesses")?)
}

fn bytes(text: &str) -> Result<Vec<u8>, Failure> {
    let pairs =
        text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair)?, 16).map_err(Into::into));
    pairs.collect()
}

fn tip_of(statement: &Statement) -> Result<Tip, Failure> {
    let checkpoint = Checkpoint::read(&mut Reader::new(&bytes(&statement.checkpoint)?))?;
    let key = PublicKey(from_hex(&statement.public_key).ok_or("a key")?);
    if checkpoint.verify(&key) { Ok(checkpoint.tip) } else { Err("the server did not sign it".into()) }
}

/// What somebody who trusts neither the device nor the server checks: both statements are signed, and from the entries
/// both share each list of entries leads to what its statement signs.
fn stands(evidence: &Evidence) -> Result<(), Failure> {
    let fork = Tip { entries: evidence.common, hash: from_hex(&evidence.common_hash).ok_or("a hash")? };
    for (statement, entries) in
        [(&evidence.earlier, &evidence.earlier_entries), (&evidence.present, &evidence.present_entries)]
    {
        let mut tip = fork;
        for entry in entries {
            tip = tip.then(&bytes(entry)?);
        }
        assert_eq!(tip, tip_of(statement)?);
    }
    assert_ne!(tip_of(&evidence.earlier)?, tip_of(&evidence.present)?);
    Ok(())
}

/// Another server process over a copy of the deployment, which the devices call from now on.
async fn continue_at(copy: &Site, from: &Site, phones: &mut [&mut Phone]) -> Result<Served, Failure> {
    copy.clock.advance_ms(from.clock.now().0 - copy.clock.now().0);
    let served = copy.serve().await?;
    for phone in phones {
        phone.field.move_server(&served.url).await?;
    }
    Ok(served)
}

on_both_engines! {
    async fn a_journal_that_only_grew_raises_no_alarm(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut past = history(&site, &served).await?;
        let first = look(&mut past.coordinator).await?;
        assert_eq!((first.before, first.alarms()), (None, false));
        let session = past.hand.session(90)?;
        let mut new = Hand::enrol(&served, "moi", Role::Guard, &[HOANH_MO]).await?;
        let batch = new.seal(HOANH_MO, &[session])?;
        // Another person's record: it lies in quarantine, and is in the journal all the same.
        new.deposit(vec![batch]).await?.receipts()?;
        let second = look(&mut past.coordinator).await?;
        assert_eq!((second.before, second.entries, second.alarms()), (Some(first.entries), first.entries + 1, false));
        let testimony = past.coordinator.field.testimony().await?;
        assert_eq!((testimony.checkpoints.len(), testimony.findings.len()), (2, 0));
        for statement in &testimony.checkpoints {
            tip_of(statement)?;
        }
        Ok(())
    }

    async fn others_get_no_checkpoint(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        for (name, role) in [("lan", Role::Guard), ("can.bo", Role::Officer)] {
            let mut phone = Phone::enrol(&site, &served, name, role, &[HOANH_MO]).await?;
            assert_eq!(phone.sync().await?.witnessed, None);
            let refused = phone.field.witness().await;
            assert_eq!(refused.as_ref().err().and_then(FieldError::code), Some("request.forbidden"), "{name}");
        }
        Ok(())
    }

    /// Put back to an old backup: told apart from a rewriting, and mended by what devices give back.
    async fn a_server_put_back_is_behind_and_heals(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut an = Phone::enrol(&site, &served, "lan", Role::Guard, &[HOANH_MO]).await?;
        let mut officer = Phone::enrol(&site, &served, "can.bo", Role::Officer, &[HOANH_MO]).await?;
        let mut coordinator = Phone::enrol(&site, &served, "tinh", Role::Coordinator, &[]).await?;
        let mut lost = Phone::enrol(&site, &served, "mat", Role::Guard, &[HOANH_MO]).await?;
        an.record(HOANH_MO, 10, 1).await?;
        an.sync().await?;
        look(&mut coordinator).await?;
        served.stop().await?;
        let old = site.copy().await?;

        let served = continue_at(&site, &site, &mut [&mut an, &mut officer, &mut coordinator, &mut lost]).await?;
        site.clock.advance_ms(60_000);
        an.record(HOANH_MO, 20, 2).await?;
        an.sync().await?;
        lost.record(HOANH_MO, 30, 4).await?;
        officer.call("POST", &format!("/v1/devices/{}/revoke", lost.id()), Some(json!({ "reason": "mất máy" }))).await?;
        lost.sync().await?;
        let kept = officer.read("/v1/quarantine").await?["items"][0].clone();
        let release = format!("/v1/quarantine/{}/{}/release", kept["batch"], kept["ordinal"]);
        officer.call("POST", &release, Some(json!({}))).await?;
        officer.sync().await?;
        look(&mut coordinator).await?;
        let before = served.documents().await?;
        served.stop().await?;

        let db = old.open_db().await?;
        server::maintenance::mark_restored(&db, site.clock.now()).await?;
        db.close().await;
        site.clock.advance_ms(60_000);
        let served = continue_at(&old, &site, &mut [&mut an, &mut officer, &mut coordinator, &mut lost]).await?;
        // The look comes before anything is given back: the coordinator's sync would do so at once.
        let behind = coordinator.field.witness().await?;
        let found = behind.found.clone().ok_or("it is behind")?;
        assert_eq!((found.kind.as_str(), found.copied, found.decisions), ("put_back", 0, 1), "{found:?}");
        assert_eq!(behind.missing.len(), 3, "{behind:?}");
        assert!(behind.missing.iter().all(|lost| lost.replaced_by.is_none()));
        stands(&found)?;

        // The server seals a batch of its own before it got back those it had sealed: it takes no other's place.
        lost.sync().await?;
        let kept = officer.read("/v1/quarantine").await?;
        assert_eq!(kept["items"].as_array().map(Vec::len), Some(0), "{kept}");
        an.sync().await?;
        officer.sync().await?;
        let healed = look(&mut coordinator).await?;
        assert_eq!((healed.found, healed.missing), (None, Vec::new()));
        let findings = coordinator.field.testimony().await?.findings;
        assert_eq!(findings.len(), 1);
        assert!(findings[0].missing.iter().all(|lost| lost.back_at_ms.is_some()), "{findings:?}");
        assert_eq!(served.documents().await?, before);
        served.verify().await
    }

    /// A change in quarantine is made to look decided, and journal and tables fit each other again: `verify` is content.
    async fn a_rewritten_decision_is_found(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut past = history(&site, &served).await?;
        look(&mut past.coordinator).await?;
        served.stop().await?;
        // The list of those who decide first: it is found by what the change was.
        let unlist = "delete from open_change where place in \
                      (select batch_id * 256 + ordinal from change where reason = 'forked-log')";
        let hide = "update change set verdict = 'left', reason = null where reason = 'forked-log'";
        assert_eq!(site.database.tamper(&[unlist.to_owned(), hide.to_owned()]).await?, [1, 1]);
        let served = continue_at(&site, &site, &mut [&mut past.coordinator]).await?;
        rewrite_journal(&served, |entry| {
            let marks = entry.arrived.iter_mut().flat_map(|arrival| &mut arrival.marks);
            for mark in marks.filter(|mark| **mark == Mark::Quarantined("forked-log".to_owned())) {
                *mark = Mark::Left;
            }
        })
        .await?;
        served.verify().await?;
        let found = look(&mut past.coordinator).await?.found.ok_or("it is found")?;
        assert_eq!((found.kind.as_str(), found.missing.len()), ("rewritten", 0));
        assert!(found.copied > 0, "{found:?}");
        stands(&found)
    }

    /// The newest batches and every trace of them are cut off: nobody but the witness knows of them.
    async fn a_cut_off_end_is_found(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut past = history(&site, &served).await?;
        let mut new = Hand::enrol(&served, "moi", Role::Guard, &[HOANH_MO]).await?;
        let foreign = past.hand.session(90)?;
        let batch = new.seal(HOANH_MO, &[foreign])?;
        let hash = batch.hash();
        new.deposit(vec![batch]).await?.receipts()?;
        look(&mut past.coordinator).await?;
        served.stop().await?;
        let newest = "(select max(id) from batch)";
        site.database.tamper(&[
            "delete from journal where entry = (select max(entry) from journal)".to_owned(),
            format!("delete from open_change where place / 256 = {newest}"),
            format!("delete from change where batch_id = {newest}"),
            format!("delete from batch where id = {newest}"),
            "delete from log_head where not exists (select 1 from batch b where b.hash = log_head.hash)".to_owned(),
        ]).await?;
        let served = continue_at(&site, &site, &mut [&mut past.coordinator]).await?;
        served.verify().await?;
        let seen = past.coordinator.field.witness().await?;
        let found = seen.found.ok_or("it is found")?;
        assert_eq!(found.kind, "put_back", "from inside it cannot be told from an old backup");
        assert_eq!(seen.missing.iter().map(|lost| lost.hash).collect::<Vec<_>>(), [hash]);
        stands(&found)?;
        // It stays missing until somebody brings it again.
        assert_eq!(look(&mut past.coordinator).await?.missing.len(), 0, "the coordinator's own sync gave it back");
        Ok(())
    }

    /// A database put back without telling the server seals other batches in the place of those it has forgotten.
    async fn a_server_log_that_goes_another_way_is_a_rewriting(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut past = history(&site, &served).await?;
        served.stop().await?;
        let old = site.copy().await?;
        let served = continue_at(&site, &site, &mut [&mut past.officer, &mut past.coordinator]).await?;
        let decide = async |officer: &mut Phone, at: usize| -> Result<(), Failure> {
            let items = officer.read("/v1/quarantine").await?;
            let kept: Vec<_> = items["items"].as_array().into_iter().flatten()
                .filter(|item| item["reason"] != json!(null)).collect();
            let release = format!("/v1/quarantine/{}/{}/release", kept[at]["batch"], kept[at]["ordinal"]);
            officer.call("POST", &release, Some(json!({}))).await?;
            Ok(())
        };
        decide(&mut past.officer, 0).await?;
        look(&mut past.coordinator).await?;
        served.stop().await?;
        let served = continue_at(&old, &site, &mut [&mut past.officer, &mut past.coordinator]).await?;
        decide(&mut past.officer, 1).await?;
        let seen = past.coordinator.field.witness().await?;
        let found = seen.found.ok_or("it is found")?;
        assert_eq!(found.kind, "rewritten", "{:?}", seen.missing);
        assert!(seen.missing.iter().any(|lost| lost.replaced_by.is_some()));
        stands(&found)?;
        served.stop().await
    }

    /// A server that signs one thing and shows another is not believed, and what was kept stays.
    async fn a_journal_that_does_not_fit_its_checkpoint_is_refused(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut past = history(&site, &served).await?;
        let kept = look(&mut past.coordinator).await?.entries;
        served.stop().await?;
        let cut = site.database.dialect().pick("cast(x'01' as blob)", "'\\x01'::bytea");
        site.database.tamper(&[format!("update journal set body = {cut} where entry = 1")]).await?;
        site.database.tamper(&["delete from journal where entry = (select max(entry) from journal)".to_owned()]).await?;
        let served = continue_at(&site, &site, &mut [&mut past.coordinator]).await?;
        assert!(matches!(past.coordinator.field.witness().await, Err(FieldError::Checkpoint(_))));
        assert_eq!(past.coordinator.field.testimony().await?.checkpoints[0].entries, kept);
        served.stop().await
    }
}

/// The same from the command line: an old backup is restored, and what came after it comes back.
#[test]
fn a_coordinator_is_warned_of_a_restore_and_sees_it_mended() -> Result<(), Failure> {
    const PASSWORD: &str = "suối reo 2026\n";
    let dir = tempfile::tempdir()?;
    let place = |name: &str| dir.path().join(name).display().to_string();
    let (guard, chief, backup, file) = (place("guard"), place("chief"), place("backup.db"), place("witness.json"));
    let program = Program::over(&dir.path().join("data"));
    program.ok(&["init"], "")?;
    program.ok(&["reference", "supplied", "--sample"], "")?;
    let area = ["--area", "2025-06841"];
    for (name, role, areas) in [("binh", "guard", &area[..]), ("tinh", "coordinator", &[])] {
        let words = ["user", "add", name, "--name", name, "--role", role, "--password-stdin"];
        program.ok(&[&words, areas].concat(), PASSWORD)?;
    }
    let serving = program.serve()?;
    let enrol = |name: &str, store: &str| -> Result<(), Failure> {
        let code = program.ok(&["device", "enrol-code", name], "")?;
        let words = ["field", "--store", store, "enrol", "--server", &serving.url, "--code", code.trim()];
        program.ok(&words, "").map(drop)
    };
    enrol("binh", &guard)?;
    enrol("tinh", &chief)?;
    let field = |store: &str, words: &[&str]| program.ok(&[&["field", "--store", store], words].concat(), "");
    let record = |date: &str| {
        let village = ["record", "--village", "na choong", "--format", "village_meeting", "--attendances", "4"];
        field(&guard, &[&village[..], &["--date", date]].concat())
    };
    record("2026-11-20")?;
    field(&guard, &["sync"])?;
    let first = field(&chief, &["witness"])?;
    assert!(first.contains("1 entries") && first.contains("From now on this device keeps it"), "{first}");
    program.ok(&["backup", &backup], "")?;
    record("2026-11-21")?;
    field(&guard, &["sync"])?;
    let second = field(&chief, &["sync"])?;
    assert!(!second.contains("WARNING"), "{second}");
    assert_eq!(serving.stop()?, 0);

    program.ok(&["restore", &backup], "")?;
    let serving = program.serve()?;
    for store in [&guard, &chief] {
        program.ok(&["field", "--store", store, "sign-in", "--server", &serving.url], PASSWORD)?;
    }
    let warned = field(&chief, &["witness"])?;
    assert!(warned.contains("WARNING: the server went back to an older state, after entry 1"), "{warned}");
    assert!(warned.contains("  2025-06841 Xã Hoành Mô: batch 2"), "{warned}");
    field(&chief, &["sync"])?;
    let mended = field(&chief, &["witness"])?;
    assert!(mended.contains("It continues what this device had kept"), "{mended}");
    field(&chief, &["witness", "--export", &file])?;
    let testimony: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&file)?)?;
    assert_eq!(testimony["findings"][0]["kind"], "put_back");
    assert!(testimony["findings"][0]["missing"][0]["back_at_ms"].is_number(), "{testimony}");
    assert!(program.ok(&["verify"], "")?.contains("Everything agrees"));
    assert_eq!(serving.stop()?, 0);
    Ok(())
}
