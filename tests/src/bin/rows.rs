//! `rows FILE off|full COUNT`: inserts rows one by one into a SQLite file, says each once its commit has returned, and
//! waits to be killed. The smallest program that promises durability, to try a disk on.

use std::io::{Read, Write};
use std::process::ExitCode;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Executor};

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match insert(std::env::args().skip(1).collect()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rows: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn insert(arguments: Vec<String>) -> Result<(), Failure> {
    let [file, mode, count] = &arguments[..] else { return Err("usage: rows FILE off|full COUNT".into()) };
    let synchronous = match mode.as_str() {
        "off" => SqliteSynchronous::Off,
        "full" => SqliteSynchronous::Full,
        _ => return Err("accepted: off, full".into()),
    };
    let mut connection = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .connect()
        .await?;
    connection.execute("create table row (number integer primary key)").await?;
    let mut out = std::io::stdout();
    for number in 1..=count.parse::<i64>()? {
        sqlx::query("insert into row (number) values ($1)").bind(number).execute(&mut connection).await?;
        writeln!(out, "{number}")?;
        out.flush()?;
    }
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
