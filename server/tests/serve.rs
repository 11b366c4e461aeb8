//! Starting, refusing to start, and stopping.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use server::app::AppState;
use server::clock::ManualClock;
use server::config::{Config, Sources};
use server::db::testing::{Failure, TestDb};
use server::router::frame;
use server::serve::Server;
use sync_core::id::UnixMs;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::sync::{Notify, oneshot};

fn banlang(command: &str, data_dir: &Path) -> Command {
    let mut banlang = Command::new(env!("CARGO_BIN_EXE_banlang"));
    banlang.env_clear().arg(command).arg("--set").arg(format!("data_dir={}", data_dir.display()));
    banlang.kill_on_drop(true).stdin(Stdio::null());
    banlang
}

#[tokio::test]
async fn a_request_under_way_is_answered_after_the_signal_to_stop() -> Result<(), Failure> {
    let test = TestDb::sqlite().await?;
    let flags = vec![("listen".to_owned(), "127.0.0.1:0".to_owned())];
    let config = Config::load(&Sources { flags, ..Sources::default() })?;
    let app = AppState::new(test.db.clone(), config, Arc::new(ManualClock::at(UnixMs(0))));
    let (begun, may_end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (began, ending) = (begun.clone(), may_end.clone());
    let slow = get(move || async move {
        began.notify_one();
        ending.notified().await;
        "whole"
    });
    let server = Server::with_router(app.clone(), frame(app, Router::new().route("/slow", slow))).await?;
    let address = server.address();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(server.run(async move { stopped.await.unwrap_or_default() }));

    let mut caller = TcpStream::connect(address).await?;
    caller.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await?;
    begun.notified().await;
    stop.send(()).map_err(|()| "the server is gone")?;
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    may_end.notify_one();
    let mut answer = String::new();
    caller.read_to_string(&mut answer).await?;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("whole"), "{answer}");
    assert!(running.await?, "drained");
    Ok(())
}

#[tokio::test]
async fn the_program_initialises_serves_and_ends_at_sigterm() -> Result<(), Failure> {
    let dir = tempfile::tempdir()?;
    for _ in 0..2 {
        let output = banlang("init", dir.path()).output().await?;
        assert!(output.status.success(), "{output:?}");
    }
    let mut serving = banlang("serve", dir.path())
        .args(["--set", "listen=127.0.0.1:0", "--lang", "en"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let stdout = serving.stdout.take().ok_or("no output")?;
    let line = BufReader::new(stdout).lines().next_line().await?.ok_or("no line")?;
    let address = line.rsplit("http://").next().ok_or("no address")?.to_owned();
    let mut caller = TcpStream::connect(&address).await?;
    caller.write_all(b"GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    caller.read_to_string(&mut answer).await?;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    let pid = serving.id().ok_or("it ended")?.to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().await?.success());
    let status = tokio::time::timeout(Duration::from_secs(20), serving.wait()).await??;
    assert_eq!(status.code(), Some(0));
    Ok(())
}

#[tokio::test]
async fn the_first_administrator_is_made_once() -> Result<(), Failure> {
    let dir = tempfile::tempdir()?;
    let init = async || banlang("init", dir.path()).args(["--lang", "en", "--administrator", "lan"]).output().await;
    let first = String::from_utf8(init().await?.stdout)?;
    assert!(first.contains("Administrator made: lan") && first.contains("Enrolment code"), "{first}");
    let second = String::from_utf8(init().await?.stdout)?;
    assert!(second.contains("is kept") && !second.contains("Enrolment code"), "{second}");
    Ok(())
}

#[tokio::test]
async fn a_bad_setting_stops_the_program_and_is_named() -> Result<(), Failure> {
    let dir = tempfile::tempdir()?;
    for (lang, said) in [("vi", "chấp nhận"), ("en", "accepted")] {
        let output = banlang("serve", dir.path())
            .args(["--lang", lang])
            .env("BANLANG_REPORT_CLOSING_DAY", "31")
            .output()
            .await?;
        let text = String::from_utf8(output.stderr)?;
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(
            text.contains("BANLANG_REPORT_CLOSING_DAY") && text.contains("0 to 28") && text.contains(said),
            "{text}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn serving_without_a_database_says_what_to_run() -> Result<(), Failure> {
    let dir = tempfile::tempdir()?;
    let output = banlang("serve", dir.path()).output().await?;
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr)?.contains("banlang init"));
    assert!(std::fs::read_dir(dir.path())?.next().is_none(), "nothing was made");
    Ok(())
}
