//! Answers lost after the commit, requests that arrive twice, requests cut at any byte: nothing doubled, nothing half
//! applied.

use std::collections::BTreeMap;

use sync_core::id::Role;
use sync_core::sync::Page;
use tests::harness::{Caller, Failure, Fault, HOANH_MO, Hand, Line, PASSWORD, Phone, Seen, Served, Site};
use tests::on_both_engines;

const STORED: &str = "select count(*) from batch";

/// Everything that getting access writes: whoever is let in, or refused, leaves a trace in one of these numbers.
async fn access(served: &Served) -> Result<Vec<i64>, Failure> {
    let mut numbers = Vec::new();
    for query in [
        "select count(*) from device",
        "select cast(coalesce(sum(certificate_no), 0) as bigint) from device",
        "select cast(coalesce(sum(last_contact_ms), 0) as bigint) from device",
        "select count(*) from device where revoked_at_ms is not null",
        "select count(*) from enrolment_code where used_at_ms is not null",
        "select count(*) from certificate",
        "select count(*) from sign_in",
        "select count(*) from sign_in where ended_at_ms is not null",
        "select cast(coalesce(sum(expires_at_ms), 0) as bigint) from sign_in",
        "select cast(coalesce(sum(count), 0) as bigint) from attempt",
        "select count(*) from audit",
    ] {
        numbers.push(served.count(query).await?);
    }
    Ok(numbers)
}

/// Sends every prefix of a kept request: as it was cut, and with a length that says the rest was never meant to come.
async fn cut(line: &Line, served: &Served, request: &[u8]) -> Result<(), Failure> {
    let refused = |answer: &[u8]| !answer.starts_with(b"HTTP/1.1 2") && !answer.starts_with(b"HTTP/1.1 5");
    for len in 0..request.len() {
        let answer = line.send(&request[..len]).await?;
        assert!(refused(&answer), "cut at {len}");
    }
    let end = request.windows(4).position(|here| here == b"\r\n\r\n").ok_or("the head ends")? + 4;
    let (head, body) = (std::str::from_utf8(&request[..end])?, &request[end..]);
    let whole = format!("content-length: {}", body.len());
    assert!(head.contains(&whole), "{head}");
    for len in 0..body.len() {
        let head = head.replace(&whole, &format!("content-length: {len}\r\nconnection: close"));
        let mut caller = Caller::to(&served.url).await?;
        caller.send(&[head.as_bytes(), &body[..len]].concat()).await?;
        let answer = caller.hear().await;
        assert!(answer.starts_with("HTTP/1.1 4"), "a body of {len} bytes: {answer}");
    }
    Ok(())
}

on_both_engines! {
    /// The device hears nothing of three commits in a row, and asks again each time.
    async fn an_answer_lost_after_the_commit_doubles_nothing(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let line = Line::to(&served.url).await?;
        let mut phone = Phone::enrol(&site, &served, "lan", Role::Guard, &[HOANH_MO]).await?;
        phone.field.move_server(&line.url).await?;
        for attendances in [10, 20, 30] {
            phone.record(HOANH_MO, attendances, 5).await?;
            line.fail("/v1/sync", [Fault::LoseAnswer, Fault::LoseAnswer]);
            while line.left() > 0 {
                assert!(phone.sync().await.is_err(), "the answer was lost");
            }
            phone.sync().await?;
            assert_eq!(phone.field.status().await?.only_here, 0);
        }
        assert_eq!(served.documents().await?, phone.documents().await?);
        assert_eq!(served.count(STORED).await?, 3);
        let mut reader = Phone::enrol(&site, &served, "kiem", Role::Coordinator, &[]).await?;
        assert_eq!(reader.totals().await?, Seen { sessions: 3, attendances: 60, leaflets: 15 });
        served.verify().await
    }

    /// The second arrival is refused as a used proof; the device asks anew and both sides are level.
    async fn a_request_that_arrives_twice_doubles_nothing(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let line = Line::to(&served.url).await?;
        let mut phone = Phone::enrol(&site, &served, "lan", Role::Guard, &[HOANH_MO]).await?;
        phone.field.move_server(&line.url).await?;
        phone.record(HOANH_MO, 10, 5).await?;
        line.fail("/v1/sync", [Fault::SendTwice]);
        phone.sync().await?;
        assert_eq!((line.left(), served.count(STORED).await?), (0, 1));
        assert_eq!(served.documents().await?, phone.documents().await?);
        served.verify().await
    }

    /// A deposit carries no proof: the second arrival is stored batches that are known.
    async fn a_carried_file_brought_twice_doubles_nothing(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut phone = Phone::enrol(&site, &served, "lan", Role::Guard, &[HOANH_MO]).await?;
        let mut carrier = Phone::enrol(&site, &served, "binh", Role::Guard, &[HOANH_MO]).await?;
        phone.record(HOANH_MO, 10, 5).await?;
        let file = phone.field.export().await?;
        let first = carrier.field.carry(file.bytes.clone()).await?;
        let second = carrier.field.carry(file.bytes).await?;
        assert_eq!((first.logs, second.logs), (1, 1), "each carrier brings a receipt back");
        assert_eq!(served.count(STORED).await?, 1);
        phone.field.import_receipts(&second.receipts).await?;
        assert_eq!(phone.field.status().await?.only_here, 0);
        Ok(())
    }

    /// Every prefix of one real request, head and body, arrives and ends there.
    async fn a_request_cut_at_any_byte_leaves_nothing(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let line = Line::to(&served.url).await?;
        let mut phone = Phone::enrol(&site, &served, "lan", Role::Guard, &[HOANH_MO]).await?;
        phone.field.move_server(&line.url).await?;
        phone.record(HOANH_MO, 10, 5).await?;
        phone.record(HOANH_MO, 20, 5).await?;
        line.fail("/v1/sync", [Fault::Keep]);
        assert!(phone.sync().await.is_err(), "the request never arrived");
        let request = line.kept().pop().ok_or("a request was kept")?;
        for len in 0..request.len() {
            let answer = line.send(&request[..len]).await?;
            assert!(!answer.starts_with(b"HTTP/1.1 2") && !answer.starts_with(b"HTTP/1.1 5"), "cut at {len}");
        }
        assert_eq!(served.count(STORED).await?, 0);
        assert_eq!(served.documents().await?, BTreeMap::new());
        phone.sync().await?;
        assert_eq!(served.documents().await?, phone.documents().await?);
        assert_eq!(phone.documents().await?.len(), 2);
        served.verify().await
    }

    /// The same for a deposit without a sign-in, for a compressed body, and for one in chunks.
    async fn a_deposit_cut_at_any_byte_leaves_nothing(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut hand = Hand::enrol(&served, "lan", Role::Guard, &[HOANH_MO]).await?;
        let session = hand.session(10)?;
        let page = Page { batches: vec![hand.seal(HOANH_MO, &[session])?] }.to_bytes();
        let packed = zstd::bulk::compress(&page, 3)?;
        let head = "POST /v1/deposits HTTP/1.1\r\nhost: x\r\ncontent-type: application/vnd.banlang.page\r\n\
                    connection: close\r\n";
        let sized = |more: &str, body: &[u8]| {
            [format!("{head}{more}content-length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
        };
        let chunked = |body: &[u8]| {
            let chunks = body.chunks(100).flat_map(|part| {
                [format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat()
            });
            let head = format!("{head}transfer-encoding: chunked\r\n\r\n");
            [head.as_bytes(), &chunks.collect::<Vec<u8>>(), b"0\r\n\r\n"].concat()
        };
        for request in [sized("", &page), sized("content-encoding: zstd\r\n", &packed), chunked(&page)] {
            for len in 0..request.len() {
                let mut caller = Caller::to(&served.url).await?;
                caller.send(&request[..len]).await?;
                let answer = caller.end().await;
                assert!(!answer.starts_with("HTTP/1.1 2") && !answer.starts_with("HTTP/1.1 5"), "cut at {len}: {answer}");
            }
        }
        assert_eq!(served.count(STORED).await?, 0);
        assert_eq!(served.count("select count(*) from device_usage").await?, 0);
        let mut caller = Caller::to(&served.url).await?;
        caller.send(&chunked(&page)).await?;
        assert!(caller.hear().await.starts_with("HTTP/1.1 200"), "whole, it is taken");
        assert_eq!(served.count(STORED).await?, 1);
        served.verify().await
    }

    /// The same for a write of JSON: a revocation that was cut revokes nobody.
    async fn json_cut_at_any_byte_changes_nothing(engine) {
        const AUDITED: &str = "select count(*) from audit";
        const REVOKED: &str = "select count(*) from device where revoked_at_ms is not null";
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let line = Line::to(&served.url).await?;
        let phone = Phone::enrol(&site, &served, "lan", Role::Guard, &[HOANH_MO]).await?;
        let mut officer = Phone::enrol(&site, &served, "can.bo", Role::Officer, &[HOANH_MO]).await?;
        officer.field.move_server(&line.url).await?;
        let path = format!("/v1/devices/{}/revoke", phone.id());
        let reason = || Some(serde_json::json!({ "reason": "mất điện thoại" }));
        line.fail("/v1/devices", [Fault::Keep]);
        assert!(officer.call("POST", &path, reason()).await.is_err(), "the request never arrived");
        let request = line.kept().pop().ok_or("a request was kept")?;
        let audited = served.count(AUDITED).await?;
        for len in 0..request.len() {
            let answer = line.send(&request[..len]).await?;
            assert!(!answer.starts_with(b"HTTP/1.1 2") && !answer.starts_with(b"HTTP/1.1 5"), "cut at {len}");
        }
        assert_eq!((served.count(REVOKED).await?, served.count(AUDITED).await?), (0, audited));
        officer.call("POST", &path, reason()).await?;
        assert_eq!(served.count(REVOKED).await?, 1);
        Ok(())
    }

    /// An enrolment that was cut uses no code up: the same code, whole, enrols the device.
    async fn an_enrolment_cut_at_any_byte_uses_no_code_up(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let line = Line::to(&served.url).await?;
        let account = served.account("lan", Role::Guard, &[HOANH_MO]).await?;
        let code = served.code(&account).await?;
        line.fail("/v1/enrolments", [Fault::Keep]);
        assert!(Phone::enrol_with(&site, &line.url, "lan", &code).await.is_err(), "the request never arrived");
        let request = line.kept().pop().ok_or("a request was kept")?;
        let before = access(&served).await?;
        cut(&line, &served, &request).await?;
        assert_eq!(access(&served).await?, before);
        let mut phone = Phone::enrol_with(&site, &line.url, "lan", &code).await?;
        phone.record(HOANH_MO, 10, 5).await?;
        phone.sync().await?;
        assert_eq!(served.count(STORED).await?, 1);
        Ok(())
    }

    /// A request for a token, and one with the password, that were cut: the sign-in neither moves nor ends, no attempt is
    /// counted, and the device goes on.
    async fn a_token_or_password_cut_at_any_byte_logs_nobody_out(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let line = Line::to(&served.url).await?;
        let mut phone = Phone::enrol(&site, &served, "lan", Role::Guard, &[HOANH_MO]).await?;
        phone.field.move_server(&line.url).await?;
        phone.sync().await?;
        site.clock.advance_ms(20 * 60_000);
        line.fail("/v1/tokens", [Fault::Keep]);
        assert!(phone.sync().await.is_err(), "the request never arrived");
        line.fail("/v1/sign-ins", [Fault::Keep]);
        assert!(phone.field.sign_in("lan", PASSWORD).await.is_err(), "the request never arrived");
        let kept = line.kept();
        assert_eq!(kept.len(), 2);
        let before = access(&served).await?;
        for request in &kept {
            cut(&line, &served, request).await?;
            assert_eq!(access(&served).await?, before);
        }
        phone.record(HOANH_MO, 10, 5).await?;
        phone.sync().await?;
        assert_eq!(served.count(STORED).await?, 1);
        assert_eq!(served.count("select count(*) from sign_in").await?, 1, "it never had to sign in again");
        let moved = access(&served).await?;
        assert_ne!(moved, before, "what a whole request writes is among the numbers");
        site.clock.advance_ms(60_000);
        phone.field.sign_in("lan", PASSWORD).await?;
        assert_ne!(access(&served).await?, moved);
        Ok(())
    }

    /// The key was on disk before the server heard of it, so the same code gives the same device.
    async fn a_lost_answer_to_enrolment_gives_the_same_device(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let line = Line::to(&served.url).await?;
        let account = served.account("lan", Role::Guard, &[HOANH_MO]).await?;
        let code = served.code(&account).await?;
        line.fail("/v1/enrolments", [Fault::LoseAnswer]);
        let dir = tempfile::tempdir()?;
        let with = server::field::Enrolment { server: &line.url, code: &code, label: "lan" };
        let options =
            || server::field::OpenOptions { clock: site.clock.clone(), ..server::field::OpenOptions::default() };
        let lost = server::field::Field::enrol(dir.path(), with.clone(), options()).await;
        assert!(lost.is_err() && line.left() == 0);
        let mut field = server::field::Field::enrol(dir.path(), with, options()).await?;
        field.sync(&mut |_, _| {}).await?;
        assert_eq!(served.count("select count(*) from device where account_id is not null").await?, 1);
        Ok(())
    }

    /// Fetching a token rotates nothing: when the answer is lost nobody is logged out.
    async fn a_lost_answer_to_a_token_request_logs_nobody_out(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let line = Line::to(&served.url).await?;
        let mut phone = Phone::enrol(&site, &served, "lan", Role::Guard, &[HOANH_MO]).await?;
        phone.field.move_server(&line.url).await?;
        site.clock.advance_ms(20 * 60_000);
        line.fail("/v1/tokens", [Fault::LoseAnswer, Fault::LoseAnswer]);
        while line.left() > 0 {
            assert!(phone.sync().await.is_err());
        }
        phone.sync().await?;
        Ok(())
    }
}
