//! Callers that are slow on purpose: they hold nothing that others need, and leave nothing behind.

use sync_core::id::Role;
use sync_core::sync::Page;
use tests::harness::{Caller, Engine, Failure, HOANH_MO, Hand, Phone, Served, Site};

async fn stored(served: &Served) -> Result<i64, Failure> {
    served.count("select count(*) from batch").await
}

/// Callers that sent a head and the beginning of a body, and then nothing more.
async fn stall(url: &str, callers: usize, length: usize, sent: usize) -> Result<Vec<Caller>, Failure> {
    let mut all = Vec::new();
    for _ in 0..callers {
        let mut caller = Caller::to(url).await?;
        caller.begin_deposit(length).await?;
        caller.send(&vec![1; sent]).await?;
        all.push(caller);
    }
    Ok(all)
}

/// One place of work, and eight bodies that stand still: whoever sends whole requests is served.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_stands_still_holds_no_place_of_work() -> Result<(), Failure> {
    let site = Site::new(Engine::Sqlite).await?;
    let served = site.serve_with(|config| config.concurrency_limit = 1).await?;
    let mut phone = Phone::enrol(&site, &served, "lan", Role::Guard, &[HOANH_MO]).await?;
    let _stalled = stall(&served.url, 8, 60_000, 30_000).await?;
    for attendances in 1..=5 {
        phone.record(HOANH_MO, attendances, 1).await?;
        phone.sync().await?;
    }
    assert_eq!(stored(&served).await?, 5);
    assert_eq!(served.documents().await?, phone.documents().await?);
    Ok(())
}

/// Every place for connections is taken by a head that never ends: the slowest makes room for one that does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_never_ends_makes_room_for_others() -> Result<(), Failure> {
    let site = Site::new(Engine::Sqlite).await?;
    let served = site.serve_with(|config| config.connection_limit = 4).await?;
    let mut hand = Hand::enrol(&served, "lan", Role::Guard, &[HOANH_MO]).await?;
    let mut slow = Vec::new();
    for _ in 0..8 {
        let mut caller = Caller::to(&served.url).await?;
        caller.send(b"POST /v1/sync HTTP/1.1\r\nhost: x\r\nx-slow: ").await?;
        slow.push(caller);
    }
    let session = hand.session(10)?;
    let batch = hand.seal(HOANH_MO, &[session])?;
    hand.deposit(vec![batch]).await?.receipts()?;
    let first = slow.remove(0).hear().await;
    assert_eq!(first, "", "it was hung up on");
    assert_eq!(stored(&served).await?, 1);
    Ok(())
}

/// Bodies that stand still hold all the memory there is for bodies: the oldest makes room and is told to come again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_for_bodies_goes_to_who_sends() -> Result<(), Failure> {
    let site = Site::new(Engine::Sqlite).await?;
    let served = site.serve_with(|config| config.max_body_bytes = 65_536).await?;
    let mut hand = Hand::enrol(&served, "lan", Role::Guard, &[HOANH_MO]).await?;
    let mut slow = stall(&served.url, 2, 65_536, 65_000).await?;
    let sessions: Result<Vec<_>, Failure> = (0..100).map(|n| hand.session(n)).collect();
    let batch = hand.seal(HOANH_MO, &sessions?)?;
    hand.deposit(vec![batch]).await?.receipts()?;
    let told = slow.remove(0).hear().await;
    assert!(told.starts_with("HTTP/1.1 503") && told.contains("retry-after") && told.contains("server.busy"), "{told}");
    assert_eq!(stored(&served).await?, 1);
    Ok(())
}

/// A body that stands still for as long as a connection may say nothing is told so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_stands_still_ends_with_a_problem() -> Result<(), Failure> {
    let site = Site::new(Engine::Sqlite).await?;
    let served = site.serve_with(|config| config.header_timeout_seconds = 1).await?;
    let slow = stall(&served.url, 1, 1000, 100).await?.remove(0);
    let told = slow.hear().await;
    assert!(told.starts_with("HTTP/1.1 408") && told.contains("request.timeout"), "{told}");
    let mut head = Caller::to(&served.url).await?;
    head.send(b"POST /v1/deposits HTTP/1.1\r\nhost:").await?;
    assert!(!head.hear().await.contains("200"), "a head that stands still ends too");
    assert_eq!(stored(&served).await?, 0);
    Ok(())
}

/// A body that arrives byte by byte is taken all the same, by a server with one place of work, beside a device that syncs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_body_that_arrives_whole_is_stored() -> Result<(), Failure> {
    let site = Site::new(Engine::Sqlite).await?;
    let served = site.serve_with(|config| config.concurrency_limit = 1).await?;
    let mut hand = Hand::enrol(&served, "lan", Role::Guard, &[HOANH_MO]).await?;
    let mut phone = Phone::enrol(&site, &served, "binh", Role::Guard, &[HOANH_MO]).await?;
    let session = hand.session(10)?;
    let page = Page { batches: vec![hand.seal(HOANH_MO, &[session])?] }.to_bytes();
    let mut caller = Caller::to(&served.url).await?;
    caller.begin_deposit(page.len()).await?;
    for (index, byte) in page.iter().enumerate() {
        caller.send(&[*byte]).await?;
        if index == page.len() / 2 {
            phone.record(HOANH_MO, 20, 1).await?;
            phone.sync().await?;
        }
    }
    let told = caller.hear().await;
    assert!(told.starts_with("HTTP/1.1 200"), "{told}");
    assert_eq!(stored(&served).await?, 2);
    served.verify().await
}

/// What says it is larger than accepted is refused before it is sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_says_it_is_too_large_is_not_waited_for() -> Result<(), Failure> {
    let site = Site::new(Engine::Sqlite).await?;
    let served = site.serve().await?;
    let mut caller = Caller::to(&served.url).await?;
    caller.begin_deposit(1 << 40).await?;
    let told = caller.end().await;
    assert!(told.starts_with("HTTP/1.1 413") && told.contains("body.too-large"), "{told}");
    Ok(())
}
