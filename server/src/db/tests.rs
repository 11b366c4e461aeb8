use super::testing::{Failure, TestDb, on_each};
use super::{Blob, Db, DbError, Schema, Tx};
use sync_core::id::DeviceId;

const PUT: &str = "insert into setting (name, value) values ($1, $2)";
const COUNT: &str = "select count(*) from setting";

async fn put(tx: &mut Tx, name: &str, value: &str) -> Result<(), DbError> {
    on_db!(tx, |c| sqlx::query(PUT).bind(name).bind(value).execute(c).await.map(drop))?;
    Ok(())
}

async fn count(db: &Db) -> Result<i64, DbError> {
    Ok(on_db!(db, |c| sqlx::query_scalar(COUNT).fetch_one(c).await)?)
}

#[tokio::test]
async fn a_fresh_database_answers_and_is_up_to_date() -> Result<(), Failure> {
    on_each(async |db| {
        db.ping().await?;
        assert_eq!(db.schema().await?, Schema::Current);
        db.migrate().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_transaction_that_is_dropped_leaves_nothing() -> Result<(), Failure> {
    on_each(async |db| {
        let mut tx = db.begin().await?;
        put(&mut tx, "a", "1").await?;
        drop(tx);
        assert_eq!(count(db).await?, 0);
        let mut tx = db.begin().await?;
        put(&mut tx, "a", "2").await?;
        tx.commit().await?;
        assert_eq!(count(db).await?, 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_body_that_fails_leaves_nothing() -> Result<(), Failure> {
    on_each(async |db| {
        let done: Result<(), DbError> = db
            .write(async |tx| {
                put(tx, "a", "1").await?;
                put(tx, "a", "2").await
            })
            .await;
        assert!(done.expect_err("the name is taken").is_unique("setting(name)"));
        assert_eq!(count(db).await?, 0);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_failed_check_names_itself() -> Result<(), Failure> {
    on_each(async |db| {
        let done: Result<(), DbError> = db.write(async |tx| put(tx, "", "1").await).await;
        assert!(matches!(&done, Err(DbError::Check { name }) if name == "setting_name_given"), "{done:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_identity_comes_back_as_it_was_bound() -> Result<(), Failure> {
    on_each(async |db| {
        const INSERT: &str = "insert into audit (at_ms, device_id, action, subject, detail) \
                              values ($1, $2, 'a', 'b', '{}') returning at_ms, device_id, account_id";
        let device = DeviceId([1, 2, 3, 4, 5, 6, 7, 8]);
        let row: (i64, Blob<DeviceId>, Option<i64>) = db
            .write(async |tx| {
                Ok::<_, DbError>(on_db!(tx, |c| {
                    sqlx::query_as(INSERT).bind(7_i64).bind(Blob(device)).fetch_one(c).await
                })?)
            })
            .await?;
        assert_eq!(row, (7, Blob(device), None));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn bytes_of_another_length_are_an_error() -> Result<(), Failure> {
    on_each(async |db| {
        const SHORT: &str = "select device_id from audit";
        db.write(async |tx| {
            const INSERT: &str =
                "insert into audit (at_ms, device_id, action, subject, detail) values (0, $1, 'a', 'b', '{}')";
            Ok::<_, DbError>(on_db!(tx, |c| {
                sqlx::query(INSERT).bind(Blob(DeviceId([0; 8]))).execute(c).await.map(drop)
            })?)
        })
        .await?;
        let read: Result<Blob<[u8; 9]>, _> = on_db!(db, |c| sqlx::query_scalar(SHORT).fetch_one(c).await);
        assert!(read.expect_err("nine bytes are asked for").to_string().contains("8 bytes are stored"));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn concurrent_writers_lose_no_increment() -> Result<(), Failure> {
    const READ: &str = "select cast(value as bigint) from setting where name = 'n'";
    const WRITE: &str = "update setting set value = $1 where name = 'n'";
    async fn increment(db: Db) -> Result<(), DbError> {
        db.write(async |tx| {
            let n: i64 = on_db!(tx, |c| sqlx::query_scalar(READ).fetch_one(c).await)?;
            on_db!(tx, |c| sqlx::query(WRITE).bind((n + 1).to_string()).execute(c).await.map(drop))?;
            Ok(())
        })
        .await
    }
    on_each(async |db| {
        db.write(async |tx| put(tx, "n", "0").await).await?;
        let tasks: Vec<_> = (0..16).map(|_| tokio::spawn(increment(db.clone()))).collect();
        for task in tasks {
            task.await??;
        }
        assert_eq!(on_db!(db, |c| sqlx::query_scalar::<_, i64>(READ).fetch_one(c).await)?, 16);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_snapshot_does_not_see_later_commits() -> Result<(), Failure> {
    on_each(async |db| {
        let mut reading = db.snapshot().await?;
        let before: i64 = on_db!(reading, |c| sqlx::query_scalar(COUNT).fetch_one(c).await)?;
        db.write(async |tx| put(tx, "a", "1").await).await?;
        let after: i64 = on_db!(reading, |c| sqlx::query_scalar(COUNT).fetch_one(c).await)?;
        assert_eq!((before, after), (0, 0));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_second_process_finds_the_same_sqlite_file() -> Result<(), Failure> {
    let test = TestDb::sqlite().await?;
    test.db.write(async |tx| put(tx, "a", "1").await).await?;
    let second = Db::open(&test.url, 1).await?;
    assert_eq!(count(&second).await?, 1);
    Ok(())
}

#[tokio::test]
async fn reading_connections_of_sqlite_refuse_to_write() -> Result<(), Failure> {
    let test = TestDb::sqlite().await?;
    let Db::Sqlite { readers, .. } = &test.db else { return Err("not SQLite".into()) };
    let written = sqlx::query(PUT).bind("a").bind("1").execute(readers).await;
    assert!(written.expect_err("refused").to_string().contains("readonly"));
    Ok(())
}

#[tokio::test]
async fn an_unknown_scheme_is_refused_without_showing_the_address() {
    let error = Db::open("mysql://user:secret@host/db", 1).await.expect_err("refused").to_string();
    assert!(error.contains("postgres://") && !error.contains("secret"), "{error}");
}

#[tokio::test]
async fn a_schema_that_is_not_this_programs_is_told_by_version_and_content() -> Result<(), Failure> {
    const LAST: &str =
        "update _sqlx_migrations set version = 99 where version = (select max(version) from _sqlx_migrations)";
    const CONTENT: &str =
        "update _sqlx_migrations set checksum = $1 where version = (select min(version) from _sqlx_migrations)";
    const LESS: &str = "delete from _sqlx_migrations where version = 99";
    on_each(async |db| {
        // As many as this program has, and yet not the same.
        db.write(async |tx| Ok::<_, DbError>(on_db!(tx, |c| sqlx::query(LAST).execute(c).await.map(drop))?)).await?;
        assert_eq!(db.schema().await?, Schema::Foreign(vec![99]));
        db.write(async |tx| Ok::<_, DbError>(on_db!(tx, |c| sqlx::query(LESS).execute(c).await.map(drop))?)).await?;
        assert_eq!(db.schema().await?, Schema::Older { missing: 1 });
        db.write(async |tx| {
            let content = vec![7_u8; 48];
            Ok::<_, DbError>(on_db!(tx, |c| sqlx::query(CONTENT).bind(content).execute(c).await.map(drop))?)
        })
        .await?;
        assert!(matches!(db.schema().await?, Schema::Foreign(versions) if versions.len() == 1));
        Ok(())
    })
    .await
}
