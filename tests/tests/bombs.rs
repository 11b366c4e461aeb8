//! Bombs against a real server process, many at once: each is refused before it costs memory, and others are served
//! meanwhile.

use std::sync::Arc;

use sync_core::id::Role;
use tests::harness::{Caller, Deployment, Engine, Failure, HOANH_MO, Hand};
use tests::hostile::bombs::{self, Bomb};
use tokio::task::JoinSet;

/// By how much the memory of the server may grow.
const GROWTH_BYTES: u64 = 64 << 20;
/// Bombs of one kind at once.
const AT_ONCE: usize = 24;

/// Throws one kind of bomb many times at once; the statuses of the answers.
async fn thrown(bomb: &Arc<Bomb>, url: &str, hand: &mut Hand) -> Result<Vec<u16>, Failure> {
    if bomb.signed {
        let (method, target) = bomb.target;
        return Ok(vec![hand.send_as(method, target, &bomb.headers, bomb.body.clone(), true).await?.status]);
    }
    let http = reqwest::Client::builder().tls_certs_only([]).no_proxy().build()?;
    let mut flying = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (bomb, http, url) = (bomb.clone(), http.clone(), format!("{url}{}", bomb.target.1));
        flying.spawn(async move {
            let mut request = http.post(url);
            for (name, value) in &bomb.headers {
                request = request.header(*name, *value);
            }
            // A server that refuses early may hang up while the body is still being sent: then nothing is heard.
            request.body(bomb.body.clone()).send().await.ok().map(|response| response.status().as_u16())
        });
    }
    Ok(flying.join_all().await.into_iter().flatten().collect())
}

fn growth(deployment: &Deployment, before: u64) -> Result<u64, Failure> {
    Ok(deployment.serving.resident()?.peak_bytes.saturating_sub(before))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_bomb_costs_memory_or_keeps_others_from_being_served() -> Result<(), Failure> {
    let mut deployment = Deployment::start(Engine::Sqlite, None, &[]).await?;
    let mut hand = deployment.hand("lan", Role::Guard, &[HOANH_MO]).await?;
    let bombs: Vec<Arc<Bomb>> = bombs::all(&hand)?.into_iter().map(Arc::new).collect();
    let url = deployment.serving.url.clone();
    // What a server takes when it has done each thing once.
    for attendances in 0..20 {
        let session = hand.session(attendances)?;
        let batch = hand.seal(HOANH_MO, &[session])?;
        hand.deposit(vec![batch.clone()]).await?.receipts()?;
        assert_eq!(hand.sync(HOANH_MO, vec![batch]).await?.status, 200);
    }
    deployment.serving.forget_peak()?;
    let before = deployment.serving.resident()?.now_bytes;
    for bomb in &bombs {
        let statuses = thrown(bomb, &url, &mut hand).await?;
        println!(
            "{}: {} bytes, {statuses:?}, {} bytes of growth",
            bomb.name,
            bomb.body.len(),
            growth(&deployment, before)?
        );
        for status in &statuses {
            // Busy is an honest answer to one of many large bodies at once; nothing else of the server fails.
            assert!((400..500).contains(status) || *status == 503 || *status == 200, "{}: {status}", bomb.name);
        }
        let session = hand.session(5)?;
        let batch = hand.seal(HOANH_MO, &[session])?;
        hand.deposit(vec![batch]).await?.receipts()?;
        assert!(growth(&deployment, before)? <= GROWTH_BYTES, "{}: {} bytes", bomb.name, growth(&deployment, before)?);
    }

    // All kinds at the same time, and heads that are as long as they may be and never end.
    let mut flying = JoinSet::new();
    for bomb in bombs.iter().filter(|bomb| !bomb.signed) {
        let (bomb, url) = (bomb.clone(), url.clone());
        let http = reqwest::Client::builder().tls_certs_only([]).no_proxy().build()?;
        for _ in 0..4 {
            let (bomb, url, http) = (bomb.clone(), url.clone(), http.clone());
            flying.spawn(async move {
                let mut request = http.post(format!("{url}{}", bomb.target.1));
                for (name, value) in &bomb.headers {
                    request = request.header(*name, *value);
                }
                request.body(bomb.body.clone()).send().await.ok();
            });
        }
    }
    let mut heads = Vec::new();
    for _ in 0..600 {
        let mut caller = Caller::to(&url).await?;
        let long = format!("GET /v1/sessions HTTP/1.1\r\nhost: x\r\nx-long: {}", "x".repeat(15_000));
        caller.send(long.as_bytes()).await?;
        heads.push(caller);
    }
    let session = hand.session(5)?;
    let batch = hand.seal(HOANH_MO, &[session])?;
    hand.deposit(vec![batch]).await?.receipts()?;
    flying.join_all().await;
    drop(heads);
    let grown = growth(&deployment, before)?;
    println!("all at once: {grown} bytes of growth over {before}");
    assert!(grown <= GROWTH_BYTES, "{grown} bytes");
    assert!(deployment.serving.is_running());
    deployment.verify()
}
