//! The store's schema, version by version. A version that was released is never edited: the next one is added.

use sqlx::{Connection, SqliteConnection};

use super::super::error::FieldError;

/// Version `n` is `VERSIONS[n - 1]`; SQLite's `user_version` holds which one a file has.
const VERSIONS: &[&str] = &[
    "
    create table meta (
        key text primary key,
        value blob not null
    ) strict, without rowid;
    create table batch (
        generation integer not null,
        code integer not null,
        device_id blob not null,
        seq integer not null,
        hash blob not null,
        header blob not null,
        signature blob not null,
        primary key (generation, code, device_id, seq)
    ) strict, without rowid;
    -- bytes are null when the server withholds them.
    create table change (
        id integer primary key,
        record_id blob not null,
        kind integer not null,
        hash blob not null,
        bytes blob,
        generation integer not null,
        code integer not null,
        device_id blob not null,
        seq integer not null,
        ordinal integer not null,
        unique (generation, code, device_id, seq, ordinal)
    ) strict;
    create index change_by_record on change (record_id);
    create index change_withheld on change (generation) where bytes is null;
    -- Recorded, not yet part of a signed batch; oldest first by id.
    create table pending (
        id integer primary key autoincrement,
        generation integer not null,
        code integer not null,
        kind integer not null,
        record_id blob not null,
        hash blob not null unique,
        bytes blob not null
    ) strict;
    create index pending_by_record on pending (record_id);
    create table directory (
        device_id blob primary key,
        entry blob not null
    ) strict, without rowid;
    -- A cache: what a list shows of a record that had so many changes. Deleting it costs time only.
    create table summary (
        record_id blob primary key,
        changes integer not null,
        body text not null
    ) strict, without rowid;
",
    "
    -- What this device witnessed of the server's journal: see field/witness.rs.
    create table journal (
        entry integer primary key,
        body blob not null,
        hash blob not null
    ) strict;
    create table checkpoint (
        id integer primary key autoincrement,
        received_at_ms integer not null,
        public_key blob not null,
        body blob not null
    ) strict;
    -- Two signed checkpoints that contradict each other. Kept for good.
    create table evidence (
        number integer primary key,
        body text not null
    ) strict;
    create table missing (
        number integer not null references evidence (number),
        hash blob not null,
        body text not null,
        back_at_ms integer,
        primary key (number, hash)
    ) strict, without rowid;
",
];

/// Brings the schema up to date.
pub(super) async fn migrate(connection: &mut SqliteConnection) -> Result<(), FieldError> {
    let version = version(connection).await?;
    if version > VERSIONS.len() {
        return Err(FieldError::NewerStore);
    }
    for (done, script) in VERSIONS.iter().enumerate().skip(version) {
        let mut tx = connection.begin().await?;
        sqlx::raw_sql(*script).execute(&mut *tx).await?;
        // A pragma takes no bound parameter; the number is a constant of this program.
        let mark = sqlx::AssertSqlSafe(format!("pragma user_version = {}", done + 1));
        sqlx::raw_sql(mark).execute(&mut *tx).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Succeeds when the schema is this program's, without writing anything.
pub(super) async fn assert_current(connection: &mut SqliteConnection) -> Result<(), FieldError> {
    match version(connection).await? {
        version if version == VERSIONS.len() => Ok(()),
        version if version > VERSIONS.len() => Err(FieldError::NewerStore),
        _ => Err(FieldError::damaged("schema", "it is an older version's and cannot be brought up to date now")),
    }
}

async fn version(connection: &mut SqliteConnection) -> Result<usize, FieldError> {
    let version: i64 = sqlx::query_scalar("select user_version from pragma_user_version").fetch_one(connection).await?;
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}
