//! Databases as text: the migrations as they were then, and the rows.

use std::path::{Path, PathBuf};

use server::db::{Db, Dialect, Schema};
use server::on_db;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

use super::{engine_name, is_writing, keep, schema_file};
use crate::harness::{Database, Engine, Failure};

/// The table in which sqlx notes what was applied, as it makes it.
const APPLIED_SQLITE: &str = "create table _sqlx_migrations (version bigint primary key, description text not null, \
    installed_on timestamp not null default current_timestamp, success boolean not null, checksum blob not null, \
    execution_time bigint not null);\n";
const APPLIED_POSTGRES: &str = "create table _sqlx_migrations (version bigint primary key, description text not null, \
    installed_on timestamptz not null default now(), success boolean not null, checksum bytea not null, \
    execution_time bigint not null);\n";

/// The files of this program's migrations, in order.
///
/// # Errors
/// When they cannot be read.
pub fn migrations(engine: Engine) -> Result<Vec<PathBuf>, Failure> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/migrations").join(engine_name(engine));
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(place)?.map(|entry| Ok(entry?.path())).collect::<Result<_, Failure>>()?;
    files.sort();
    Ok(files)
}

/// The tables that a schema has after these statements: those made, without those dropped again.
#[must_use]
pub fn tables(statements: &str) -> Vec<&str> {
    let named = |what: &'static str| {
        statements.split(what).skip(1).filter_map(|rest| rest.split([' ', '(', ';']).next()).collect::<Vec<_>>()
    };
    let dropped = named("drop table ");
    named("create table ").into_iter().filter(|table| !dropped.contains(table)).collect()
}

/// The number of this program's newest migration.
///
/// # Errors
/// When the migrations cannot be read.
pub fn newest(engine: Engine) -> Result<usize, Failure> {
    Ok(migrations(engine)?.len() - 1)
}

/// Keeps a database of every schema up to the newest, with the rows of this one in the tables that were there then.
///
/// # Errors
/// When it cannot be read.
pub(super) async fn keep_schemas(engine: Engine, db: &Db) -> Result<(), Failure> {
    let files = migrations(engine)?;
    for version in 0..files.len() {
        let path = schema_file(engine, version);
        if !is_writing() || path.exists() {
            continue;
        }
        let texts: Vec<String> =
            files[..=version].iter().map(std::fs::read_to_string).collect::<Result<_, std::io::Error>>()?;
        let mut text = format!("-- A database of schema {version:04} on {}. Kept: never edit.\n", engine_name(engine));
        if engine == Engine::Sqlite {
            text.push_str("pragma foreign_keys = off;\n");
        }
        texts.iter().for_each(|migration| text.push_str(migration));
        text.push_str(if engine == Engine::Sqlite { APPLIED_SQLITE } else { APPLIED_POSTGRES });
        for table in tables(&texts.concat()) {
            if texts.iter().any(|migration| migration.contains(&format!("insert into {table} "))) {
                text.push_str(&format!("delete from {table};\n"));
            }
            rows(db, table, "", &mut text).await?;
        }
        rows(db, "_sqlx_migrations", &format!("where version <= {version}"), &mut text).await?;
        counters(db, &mut text).await?;
        keep(&path, text.as_bytes())?;
    }
    Ok(())
}

async fn columns(db: &Db, table: &str) -> Result<Vec<String>, Failure> {
    let find = match db.dialect() {
        Dialect::Sqlite => format!("select name from pragma_table_info('{table}')"),
        Dialect::Postgres => format!(
            "select cast(column_name as text) from information_schema.columns where table_name = '{table}' \
             and table_schema = 'public' order by ordinal_position"
        ),
    };
    Ok(on_db!(db, |c| sqlx::query_scalar(AssertSqlSafe(find)).fetch_all(c).await)?)
}

/// Appends an insert for each row of a table.
async fn rows(db: &Db, table: &str, which: &str, text: &mut String) -> Result<(), Failure> {
    let columns = columns(db, table).await?;
    let quoted: Vec<String> = columns
        .iter()
        .map(|column| match db.dialect() {
            Dialect::Sqlite => format!("quote({column})"),
            Dialect::Postgres => format!("quote_nullable(cast({column} as text))"),
        })
        .collect();
    let find = format!("select {} from {table} {which}", quoted.join(" || ', ' || "));
    let mut rows: Vec<String> = on_db!(db, |c| sqlx::query_scalar(AssertSqlSafe(find)).fetch_all(c).await)?;
    rows.sort_by_key(|row| (row.len(), row.clone()));
    for row in rows {
        text.push_str(&format!("insert into {table} ({}) values ({row});\n", columns.join(", ")));
    }
    Ok(())
}

/// On PostgreSQL the counters of identities stand apart from the rows.
async fn counters(db: &Db, text: &mut String) -> Result<(), Failure> {
    const IDENTITIES: &str = "select cast(table_name as text), cast(column_name as text) \
        from information_schema.columns where is_identity = 'YES' and table_schema = 'public' order by 1";
    if db.dialect() == Dialect::Sqlite {
        return Ok(());
    }
    let identities: Vec<(String, String)> = on_db!(db, |c| sqlx::query_as(IDENTITIES).fetch_all(c).await)?;
    for (table, column) in identities {
        let made = format!("create table {table} (");
        if text.contains(&made) {
            text.push_str(&format!(
                "select setval(pg_get_serial_sequence('{table}', '{column}'), \
                 (select coalesce(max({column}), 0) + 1 from {table}), false);\n"
            ));
        }
    }
    Ok(())
}

/// A database with what a kept file holds.
///
/// # Errors
/// When the file is not kept or cannot be loaded.
pub async fn load_database(engine: Engine, version: usize) -> Result<Database, Failure> {
    let text = std::fs::read_to_string(schema_file(engine, version))?;
    let database = Database::empty(engine).await?;
    match engine {
        Engine::Sqlite => {
            let options: SqliteConnectOptions = database.url.parse()?;
            let mut connection = options.create_if_missing(true).connect().await?;
            sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await?;
            connection.close().await?;
        }
        Engine::Postgres => {
            let mut connection = PgConnection::connect(&database.url).await?;
            sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await?;
            connection.close().await?;
        }
    }
    Ok(database)
}

/// The kept database of a schema, brought up to this program's; how many migrations that took.
///
/// # Errors
/// When a migration fails, or a kept one was edited.
pub async fn upgraded_to(engine: Engine, version: usize) -> Result<(Database, usize), Failure> {
    let database = load_database(engine, version).await?;
    let db = Db::open(&database.url, 2).await?;
    let applied = match db.schema().await? {
        Schema::Current => 0,
        Schema::Older { missing } => missing,
        Schema::Foreign(versions) => return Err(format!("kept migrations {versions:?} were edited since").into()),
    };
    server::project::migrate(&db).await?;
    let after = db.schema().await?;
    db.close().await;
    if after == Schema::Current { Ok((database, applied)) } else { Err(format!("{after:?}").into()) }
}

/// A device's store as text.
pub(super) async fn store_text(store: &Path) -> Result<String, Failure> {
    const MASTER: &str = "select sql from sqlite_master where sql is not null and name not like 'sqlite_%' \
                          order by rowid";
    const TABLES: &str =
        "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by rowid";
    let mut connection = SqliteConnectOptions::new().filename(store.join("store.sqlite")).connect().await?;
    let version: i64 =
        sqlx::query_scalar("select user_version from pragma_user_version").fetch_one(&mut connection).await?;
    let mut text = format!("-- The store of a device, version {version}. Kept: never edit.\n");
    let master: Vec<String> = sqlx::query_scalar(MASTER).fetch_all(&mut connection).await?;
    master.iter().for_each(|statement| text.push_str(&format!("{statement};\n")));
    let tables: Vec<String> = sqlx::query_scalar(TABLES).fetch_all(&mut connection).await?;
    for table in tables {
        let find = format!("select name from pragma_table_info('{table}')");
        let columns: Vec<String> = sqlx::query_scalar(AssertSqlSafe(find)).fetch_all(&mut connection).await?;
        let quoted: Vec<String> = columns.iter().map(|column| format!("quote({column})")).collect();
        let find = format!("select {} from {table}", quoted.join(" || ', ' || "));
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(find)).fetch_all(&mut connection).await?;
        for row in rows {
            text.push_str(&format!("insert into {table} ({}) values ({row});\n", columns.join(", ")));
        }
    }
    text.push_str(&format!("pragma user_version = {version};\n"));
    connection.close().await?;
    Ok(text)
}

/// Puts a kept store into a directory.
///
/// # Errors
/// When it is not kept or cannot be loaded.
pub async fn load_store(engine: Engine, store: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(store)?;
    std::fs::copy(super::device_file(engine, "key"), store.join("key"))?;
    let text = std::fs::read_to_string(super::device_file(engine, "store.sql"))?;
    let options = SqliteConnectOptions::new().filename(store.join("store.sqlite")).create_if_missing(true);
    let mut connection = options.connect().await?;
    sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await?;
    connection.close().await?;
    Ok(())
}
