//! Every endpoint answers bad input with a problem that has a stable code, never with a failure of its own.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sync_core::id::Role;
use tests::harness::{Answer, Engine, Failure, HOANH_MO, Hand, Site};

/// The path with something in each of its places.
fn filled(path: &str, with: &str) -> String {
    let mut out = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        out.push_str(with);
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    out + rest
}

/// An answer is fine, or a problem with a code, in both languages, below 500.
fn assert_told(what: &str, answer: &Answer) {
    let said = String::from_utf8_lossy(&answer.bytes);
    assert!(answer.status < 500, "{what}: {} {said}", answer.status);
    if answer.status < 400 {
        return;
    }
    assert_eq!(answer.media, "application/problem+json", "{what}: {} {said}", answer.status);
    let problem = answer.json();
    for name in ["code", "title", "title_vi"] {
        assert!(problem[name].as_str().is_some_and(|text| !text.is_empty()), "{what}: {said}");
    }
    assert_eq!(problem["status"], json!(answer.status), "{what}: {said}");
    let given = |name: &str| problem[name].as_str().is_some_and(|text| !text.is_empty());
    // What is wrong with a request is named, and what would be right, or at least why this is not.
    if matches!(answer.code().as_str(), "query.parameter" | "path.parameter" | "body.field" | "body.media-type") {
        assert!(given("field"), "{what}: {said}");
        assert!(given("accepted") || given("detail"), "{what}: {said}");
        assert!(!said.contains("Cannot parse value at index"), "{what}: {said}");
    }
}

struct Operation {
    method: String,
    path: String,
    query: Vec<String>,
    media: Option<String>,
}

fn operations(api: &Value) -> Vec<Operation> {
    let mut all = Vec::new();
    for (path, methods) in api["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let query = parameters.filter(|one| one["in"] == "query").filter_map(|one| one["name"].as_str());
            let media = operation["requestBody"]["content"].as_object().and_then(|content| content.keys().next());
            all.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                query: query.map(str::to_owned).collect(),
                media: media.cloned(),
            });
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_endpoint_names_what_is_wrong() -> Result<(), Failure> {
    let engines = [Engine::Sqlite, Engine::Postgres];
    for engine in engines.into_iter().filter(|engine| !engine.is_left_out()) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut coordinator = Hand::enrol(&served, "kiem", Role::Coordinator, &[]).await?;
        let mut administrator = Hand::enrol(&served, "quan.tri", Role::Administrator, &[]).await?;
        let mut guard = Hand::enrol(&served, "lan", Role::Guard, &[HOANH_MO]).await?;
        let api = coordinator.send("GET", "/v1/openapi.json", "", Vec::new(), false).await?.json();
        let operations = operations(&api);
        assert!(operations.len() >= 25, "{} operations", operations.len());
        let mut open = BTreeSet::new();
        for Operation { method, path, query, media } in &operations {
            let plain = filled(path, "1");
            let unsigned = coordinator.send(method, &plain, "", Vec::new(), false).await?;
            assert_told(&format!("{method} {plain} without a token"), &unsigned);
            if unsigned.status < 400 {
                open.insert(path.clone());
            }
            for hand in [&mut coordinator, &mut administrator, &mut guard] {
                for part in ["1", "-1", "99999999999999999999", "x", "%00", "%ff", "..%2f", "2025-06841", "2025-99999"]
                {
                    let target = filled(path, part);
                    let body = media.as_ref().map_or(Vec::new(), |_| b"{}".to_vec());
                    let answer = hand.send(method, &target, "application/json", body, true).await?;
                    assert_told(&format!("{method} {target}"), &answer);
                }
                for name in query {
                    for value in ["", "-1", "99999999999999999999", "%00", "ệ", "2025-13-45", "%25%27%22"] {
                        let target = format!("{plain}?{name}={value}");
                        let answer = hand.send(method, &target, "", Vec::new(), true).await?;
                        assert_told(&format!("{method} {target}"), &answer);
                    }
                }
                let target = format!("{plain}?no_such_parameter=1");
                let answer = hand.send(method, &target, "", Vec::new(), true).await?;
                assert_told(&format!("{method} {target}"), &answer);
                // Probes may be called with whatever a balancer adds.
                let is_probe = matches!(path.as_str(), "/healthz" | "/readyz");
                assert!(answer.status >= 400 || is_probe, "{method} {target}: an unknown parameter is passed over");
                let Some(media) = media else { continue };
                let deep = "[".repeat(10_000);
                let bodies: [&[u8]; 9] = [
                    b"",
                    b"{",
                    b"null",
                    b"[]",
                    b"{\"no_such_field\":1}",
                    b"\xff\xfe",
                    b"{\"reason\":\"\\u0000\"}",
                    b"\x00\x01\x02\x03\x04\x05\x06\x07",
                    deep.as_bytes(),
                ];
                for body in bodies {
                    for media in [media.as_str(), "text/plain", ""] {
                        let answer = hand.send(method, &plain, media, body.to_vec(), true).await?;
                        let what = format!("{method} {plain} as {media:?} with {:?}", &body[..body.len().min(20)]);
                        assert_told(&what, &answer);
                        let accepts_nothing = path.ends_with("/release");
                        assert!(answer.status >= 400 || accepts_nothing, "{what}: {}", answer.status);
                    }
                }
            }
        }
        // What answers without a token is meant to.
        assert_eq!(open.into_iter().collect::<Vec<_>>(), ["/healthz", "/readyz"]);
        assert_eq!(served.count("select count(*) from batch").await?, 0);
        served.stop().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_method_and_an_unknown_address_are_problems() -> Result<(), Failure> {
    let site = Site::new(Engine::Sqlite).await?;
    let served = site.serve().await?;
    let mut hand = Hand::enrol(&served, "kiem", Role::Coordinator, &[]).await?;
    let unknown = hand.send("GET", "/v1/nothing-here", "", Vec::new(), true).await?;
    assert_eq!((unknown.status, unknown.code().as_str()), (404, "route.unknown"));
    let method = hand.send("DELETE", "/v1/sessions", "", Vec::new(), true).await?;
    assert_eq!((method.status, method.code().as_str()), (405, "route.method"));
    let large = hand.send("POST", "/v1/deposits", "application/vnd.banlang.page", vec![0; 17 << 20], false).await;
    if let Ok(answer) = large {
        assert_eq!((answer.status, answer.code().as_str()), (413, "body.too-large"));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_unpacks_to_far_more_is_refused() -> Result<(), Failure> {
    let site = Site::new(Engine::Sqlite).await?;
    let served = site.serve().await?;
    let bomb = zstd::bulk::compress(&vec![0; 256 << 20], 3)?;
    let http = reqwest::Client::builder().tls_certs_only([]).no_proxy().build()?;
    let response = http
        .post(format!("{}/v1/deposits", served.url))
        .header("content-type", "application/vnd.banlang.page")
        .header("content-encoding", "zstd")
        .body(bomb)
        .send()
        .await?;
    assert_eq!(response.status().as_u16(), 413);
    let problem: Value = serde_json::from_slice(&response.bytes().await?)?;
    assert_eq!(problem["code"], json!("body.too-large"));
    Ok(())
}
