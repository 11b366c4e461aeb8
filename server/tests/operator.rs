//! What an operator meets: restore over a damaged file, a database of another program, modes of files, audit rows, a
//! first run that was cut off, settings that are none.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use server::db::testing::Failure;
use server::db::{Db, DbError};
use server::on_db;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

fn banlang(data_dir: &Path, words: &[&str]) -> Command {
    let mut banlang = Command::new(env!("CARGO_BIN_EXE_banlang"));
    banlang.env_clear().env("BANLANG_DATA_DIR", data_dir).env("BANLANG_LOG", "warn").args(words);
    banlang.kill_on_drop(true).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    banlang
}

async fn run(data_dir: &Path, words: &[&str]) -> Result<Output, Failure> {
    Ok(banlang(data_dir, words).output().await?)
}

async fn ok(data_dir: &Path, words: &[&str]) -> Result<String, Failure> {
    let output = run(data_dir, words).await?;
    if output.status.success() { Ok(String::from_utf8(output.stdout)?) } else { Err(format!("{output:?}").into()) }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

async fn serving(data_dir: &Path) -> Result<Child, Failure> {
    let mut child = banlang(data_dir, &["serve", "--set", "listen=127.0.0.1:0"]).spawn()?;
    let stdout = child.stdout.take().ok_or("no output")?;
    BufReader::new(stdout).lines().next_line().await?.ok_or("no address")?;
    Ok(child)
}

fn names(directory: &Path) -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

async fn actions(data_dir: &Path) -> Result<Vec<String>, Failure> {
    const ACTIONS: &str = "select action from audit order by id";
    let db = Db::open(&format!("sqlite:{}", data_dir.join("banlang.db").display()), 1).await?;
    let actions: Result<Vec<String>, DbError> =
        async { Ok(on_db!(db, |c| sqlx::query_scalar(ACTIONS).fetch_all(c).await)?) }.await;
    db.close().await;
    Ok(actions?)
}

fn noise() -> Vec<u8> {
    (0..20_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

#[tokio::test]
async fn a_backup_takes_the_place_of_a_database_that_became_noise() -> Result<(), Failure> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let backup = dir.path().join("b1.db").display().to_string();
    ok(&data, &["init"]).await?;
    ok(&data, &["backup", &backup]).await?;
    std::fs::write(data.join("banlang.db"), noise())?;
    std::fs::write(data.join("banlang.db-wal"), noise())?;
    let out = ok(&data, &["restore", &backup]).await?;
    assert!(out.contains("Đã khôi phục") && out.contains("Cơ sở dữ liệu cũ"), "{out}");
    assert!(ok(&data, &["verify"]).await?.contains("Tất cả đều khớp"));
    let names = names(&data)?;
    let kept: Vec<_> = names.iter().filter(|name| name.contains("before-")).collect();
    assert_eq!(kept.len(), 2, "the old file and what stood beside it: {names:?}");
    assert!(!names.iter().any(|name| name.contains("restoring")), "{names:?}");
    assert_eq!(std::fs::read(data.join(kept[0]))?, noise());
    Ok(())
}

#[tokio::test]
async fn a_database_that_a_server_has_open_is_not_replaced_whatever_stands_in_it() -> Result<(), Failure> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let backup = dir.path().join("b1.db").display().to_string();
    ok(&data, &["init"]).await?;
    ok(&data, &["backup", &backup]).await?;
    let server = serving(&data).await?;
    for damaged in [false, true] {
        if damaged {
            std::fs::write(data.join("banlang.db"), noise())?;
        }
        let output = run(&data, &["restore", &backup]).await?;
        assert_eq!(output.status.code(), Some(1));
        assert!(said(&output).contains("hãy dừng máy chủ trước"), "{output:?}");
        assert!(!names(&data)?.iter().any(|name| name.contains("restoring") || name.contains("before")));
    }
    drop(server);
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_no_backup_changes_nothing() -> Result<(), Failure> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    ok(&data, &["init"]).await?;
    let (none, bad) = (dir.path().join("none.db"), dir.path().join("bad.db"));
    std::fs::write(&bad, noise())?;
    let before = names(&data)?;
    for file in [&none, &bad] {
        let output = run(&data, &["restore", &file.display().to_string()]).await?;
        assert_eq!(output.status.code(), Some(1));
        assert!(said(&output).contains(&file.display().to_string()), "{output:?}");
    }
    assert_eq!(names(&data)?, before);
    Ok(())
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_neither_served_nor_restored() -> Result<(), Failure> {
    const NEWER: &str = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
                         values (9999, 'newer', true, x'00', 0)";
    let dir = tempfile::tempdir()?;
    let (data, other) = (dir.path().join("data"), dir.path().join("other"));
    let backup = dir.path().join("b1.db").display().to_string();
    ok(&data, &["init"]).await?;
    ok(&other, &["init"]).await?;
    let db = Db::open(&format!("sqlite:{}", data.join("banlang.db").display()), 1).await?;
    db.write(async |tx| Ok::<_, DbError>(on_db!(tx, |c| sqlx::query(NEWER).execute(c).await.map(drop))?)).await?;
    db.close().await;
    std::fs::copy(data.join("banlang.db"), &backup)?;
    for words in [&["serve", "--set", "listen=127.0.0.1:0"][..], &["init"], &["verify"]] {
        let output = run(&data, words).await?;
        assert_eq!(output.status.code(), Some(1), "{words:?}");
        assert!(said(&output).contains("mới hơn") && said(&output).contains("9999"), "{output:?}");
    }
    let output = run(&other, &["restore", &backup]).await?;
    assert!(said(&output).contains("9999"), "{output:?}");
    ok(&other, &["verify"]).await?;
    Ok(())
}

#[tokio::test]
async fn what_the_program_makes_is_for_its_owner_alone() -> Result<(), Failure> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let backup = dir.path().join("b1.db");
    let script = "umask 022; \"$0\" init && \"$0\" backup \"$1\" && \"$0\" verify";
    let mut shell = Command::new("sh");
    shell.env_clear().env("PATH", "/usr/bin:/bin").env("BANLANG_DATA_DIR", &data);
    let output = shell.args(["-c", script, env!("CARGO_BIN_EXE_banlang")]).arg(&backup).output().await?;
    assert!(output.status.success(), "{output:?}");
    let mode = |path: &Path| std::fs::metadata(path).map(|data| data.permissions().mode() & 0o777);
    assert_eq!(mode(&data)?, 0o700);
    assert_eq!(mode(&backup)?, 0o600);
    for name in names(&data)? {
        assert_eq!(mode(&data.join(&name))? & 0o077, 0, "{name}");
        assert!(name.starts_with("banlang.db"), "nothing else is left: {name}");
    }
    Ok(())
}

#[tokio::test]
async fn each_administrative_write_of_the_command_line_has_its_row() -> Result<(), Failure> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let backup = dir.path().join("b1.db").display().to_string();
    ok(&data, &["init"]).await?;
    ok(&data, &["init"]).await?;
    ok(&data, &["backup", &backup]).await?;
    ok(&data, &["backup", "--mark"]).await?;
    ok(&data, &["rebuild"]).await?;
    let mut server =
        banlang(&data, &["serve", "--set", "listen=127.0.0.1:0", "--set", "report_closing_day=20"]).spawn()?;
    let stdout = server.stdout.take().ok_or("no output")?;
    BufReader::new(stdout).lines().next_line().await?.ok_or("no address")?;
    server.kill().await?;
    let found = actions(&data).await?;
    let (keys, rest): (Vec<_>, Vec<_>) =
        found.iter().map(String::as_str).partition(|action| *action == "server-key.made");
    assert_eq!(keys.len(), 5, "one a key, once: {found:?}");
    assert_eq!(rest, ["backup.made", "backup.marked", "database.rebuilt", "coverage.closing-day-changed"]);
    ok(&data, &["restore", &backup]).await?;
    assert_eq!(actions(&data).await?.last().map(String::as_str), Some("database.restored"));
    Ok(())
}

#[tokio::test]
async fn a_first_run_that_is_cut_off_leaves_nothing_that_looks_whole() -> Result<(), Failure> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let begun = async || -> Result<Child, Failure> {
        let mut child = banlang(&data, &["serve", "--sample", "--set", "listen=127.0.0.1:0"]).spawn()?;
        let stdout = child.stdout.take().ok_or("no output")?;
        let line = BufReader::new(stdout).lines().next_line().await?.ok_or("no line")?;
        assert!(line.contains("dữ liệu mẫu"), "{line}");
        Ok(child)
    };
    let mut killed = begun().await?;
    killed.kill().await?;
    assert!(names(&data)?.iter().all(|name| name.starts_with(".sample-")), "{:?}", names(&data)?);

    let mut stopped = begun().await?;
    let pid = stopped.id().ok_or("it ended")?.to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().await?.success());
    let status = tokio::time::timeout(Duration::from_secs(60), stopped.wait()).await??;
    assert_eq!(status.code(), Some(1), "the signal is heard while the sample is made");
    assert_eq!(names(&data)?, Vec::<String>::new(), "what the killed one left is cleared away too");
    Ok(())
}

#[tokio::test]
async fn the_sample_is_made_once_and_what_it_prints_can_be_pasted() -> Result<(), Failure> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let first = ok(&data, &["init", "--sample"]).await?;
    assert!(first.contains("Đang tạo dữ liệu mẫu") && first.contains("dieuphoi"), "{first}");
    let before = std::fs::metadata(data.join("banlang.db"))?.len();
    let second = ok(&data, &["init", "--sample"]).await?;
    assert!(!second.contains("Đang tạo") && second.contains("bien-gioi-xa-2026"), "{second}");
    assert_eq!(std::fs::metadata(data.join("banlang.db"))?.len(), before);
    assert_eq!(names(&data)?, ["banlang.db", "demo"]);
    assert_eq!(names(&data.join("demo"))?, ["bienphong", "canbo", "dieuphoi", "quantri"]);

    let mut server = banlang(&data, &["serve"]).env("BANLANG_LISTEN", "127.0.0.1:0").spawn()?;
    let stdout = server.stdout.take().ok_or("no output")?;
    let line = BufReader::new(stdout).lines().next_line().await?.ok_or("no address")?;
    let url = line.split_whitespace().last().ok_or("an address")?.to_owned();
    let commands: Vec<_> = second.lines().filter(|line| line.contains(" --store ")).map(str::trim).collect();
    assert_eq!(commands.len(), 3, "{second}");
    let enrol = second.lines().find(|line| line.contains("enrol-code")).ok_or("how the app is entered")?;
    let output = Command::new("sh").args(["-c", enrol.trim()]).output().await?;
    assert!(output.status.success() && output.stdout.len() == "G8PS-NDRC-9P\n".len(), "{enrol}: {output:?}");
    let mut printed = Vec::new();
    for command in commands {
        // The demonstration stores call the configured port; here another one was free.
        let store = command.split(" --store ").nth(1).and_then(|rest| rest.split(' ').next()).ok_or("a store")?;
        ok(&data, &["field", "--store", store, "status"]).await?;
        let moved = format!(
            "printf 'suoi-reo-2026\\n' | {} field --store {store} sign-in --server {url}",
            env!("CARGO_BIN_EXE_banlang")
        );
        if !command.contains("record") {
            let moved =
                moved.replace("suoi-reo", if command.contains("dieuphoi") { "bien-gioi-xa" } else { "suoi-reo" });
            let output = Command::new("sh").args(["-c", &moved]).output().await?;
            assert!(output.status.success(), "{output:?}");
        }
        let output = Command::new("sh").args(["-c", command]).stdin(Stdio::null()).output().await?;
        assert!(output.status.success(), "{command}: {output:?}");
        printed.push(String::from_utf8(output.stdout)?);
    }
    assert!(printed[0].contains("Ngày thực hiện") && printed[1].contains("Đã đồng bộ"), "{printed:?}");
    assert!(printed[2].contains("\"villages\"") && printed[2].contains("\"done\""), "{}", printed[2]);
    server.kill().await?;
    Ok(())
}

#[tokio::test]
async fn a_sample_is_not_promised_where_other_data_are() -> Result<(), Failure> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    ok(&data, &["init", "--administrator", "quan.tri"]).await?;
    let out = ok(&data, &["init", "--sample"]).await?;
    assert!(out.contains("được giữ nguyên") && !out.contains("bienphong"), "{out}");
    Ok(())
}

#[tokio::test]
async fn settings_and_addresses_that_are_wrong_are_named() -> Result<(), Failure> {
    let dir = tempfile::tempdir()?;
    let file: PathBuf = dir.path().join("passwd");
    std::fs::write(&file, "root:x:0:0\n".repeat(200))?;
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let postgres = format!("postgres://u:secret@127.0.0.1:{port}/b");
    let sqlite = format!("sqlite:{}", file.display());
    let nowhere = format!("sqlite:{}", dir.path().join("no/such/x.db").display());
    for (name, value, code, parts) in [
        ("BANLANG_LISTN", "1", 2, &["BANLANG_LISTN", "BANLANG_LISTEN"][..]),
        ("BANLANG_DATABASE_URI", "postgres://u:secret@h/b", 2, &["BANLANG_DATABASE_URI", "BANLANG_DATABASE_URL"]),
        ("BANLANG_DATABASE_URL", &postgres, 1, &["database_url", "127.0.0.1", "refused"]),
        ("BANLANG_DATABASE_URL", &sqlite, 1, &["database_url", "passwd", "không phải cơ sở dữ liệu SQLite"]),
        ("BANLANG_DATABASE_URL", &nowhere, 1, &["database_url", "no/such/x.db"]),
    ] {
        let output = banlang(dir.path(), &["init"]).env(name, value).output().await?;
        assert_eq!(output.status.code(), Some(code), "{name}={value}: {output:?}");
        for part in parts {
            assert!(said(&output).contains(part), "{part}: {output:?}");
        }
        assert!(!said(&output).contains("secret"), "{output:?}");
    }
    Ok(())
}
