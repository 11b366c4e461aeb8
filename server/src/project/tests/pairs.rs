//! Two sessions that tell of one event.

use sync_core::id::RecordId;
use sync_core::record::{Draft, Edit, Line, Patch, SessionEdit, SessionFieldsEdit};

use super::life::*;
use crate::db::testing::{Failure, TestDb, on_each};
use crate::db::{Blob, Db};
use crate::on_db;
use crate::project::{Sums, compare, relink};

const SUSPECTS: &str = "select count(*) from duplicate_suspect";

/// A session of one village and day, told by the person of `device`.
fn told_by(device: u8, attendances: u32) -> Result<Kept, Failure> {
    Kept::new(&Draft::Session(Box::new(session(20_000, attendances)?)), AREAS[0], device, i64::from(device))
}

fn void(reason: Option<&str>) -> Result<Edit, Failure> {
    let void = match reason {
        Some(reason) => Patch::Set(reason.parse::<Line>()?),
        None => Patch::Clear,
    };
    let fields = SessionFieldsEdit { void, ..SessionFieldsEdit::default() };
    Ok(Edit::Session(Box::new(SessionEdit { fields, ..SessionEdit::default() })))
}

/// What a person says of two sessions; `counted` of a link.
async fn say(db: &Db, one: RecordId, another: RecordId, counted: Option<RecordId>) -> Result<(), Failure> {
    const SAY: &str = "insert into session_pair (record_a, record_b, standing, counted, reason, decided_by, decided_at_ms) \
        values ($1, $2, $3, $4, 'đã hỏi cả hai', 1, 1)";
    let (a, b) = (one.min(another), one.max(another));
    let standing = if counted.is_some() { "linked" } else { "distinct" };
    db.write(async |tx| {
        on_db!(tx, |c| {
            let query = sqlx::query(SAY).bind(Blob(a)).bind(Blob(b)).bind(standing);
            query.bind(counted.map(Blob)).execute(c).await.map(drop)
        })?;
        relink(tx, &[a, b]).await
    })
    .await?;
    Ok(())
}

fn sessions(sessions: i64, attendances: i64) -> Sums {
    Sums { sessions, attendances, ..Sums::default() }
}

#[tokio::test]
async fn two_people_on_one_occasion_are_suspected_and_count_twice() -> Result<(), Failure> {
    on_each(async |db| {
        let (one, another) = (told_by(1, 40)?, told_by(2, 42)?);
        store(db, [&one]).await?;
        store(db, [&another]).await?;
        assert_eq!(count(db, SUSPECTS).await?, 1);
        assert_eq!(total(db).await?, sessions(2, 82));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn one_person_twice_or_hours_apart_is_not_suspected() -> Result<(), Failure> {
    on_each(async |db| {
        let at = |minute: u16, device: u8| -> Result<Kept, Failure> {
            let mut edit = session(20_000, 10)?;
            edit.fields.start = Patch::Set(sync_core::record::MinuteOfDay(minute));
            Kept::new(&Draft::Session(Box::new(edit)), AREAS[0], device, i64::from(minute))
        };
        store(db, [&at(480, 1)?, &at(500, 1)?, &at(1_000, 2)?]).await?;
        assert_eq!(count(db, SUSPECTS).await?, 0);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_linked_session_counts_once_until_the_one_that_counts_is_void() -> Result<(), Failure> {
    on_each(async |db| {
        let (mut one, another) = (told_by(1, 40)?, told_by(2, 42)?);
        store(db, [&one, &another]).await?;
        say(db, one.id()?, another.id()?, Some(one.id()?)).await?;
        assert_eq!(total(db).await?, sessions(1, 40));
        assert_eq!(count(db, SUSPECTS).await?, 0);
        assert_roll_up_follows_from_sessions(db).await?;
        one.edit(&void(Some("Ghi nhầm"))?, 1, 10)?;
        store(db, [&one]).await?;
        assert_eq!(total(db).await?, sessions(1, 42));
        one.edit(&void(None)?, 1, 11)?;
        store(db, [&one]).await?;
        assert_eq!(total(db).await?, sessions(1, 40));
        assert_roll_up_follows_from_sessions(db).await
    })
    .await
}

#[tokio::test]
async fn distinct_sessions_count_both_and_are_not_suspected_again() -> Result<(), Failure> {
    on_each(async |db| {
        let (one, another) = (told_by(1, 40)?, told_by(2, 42)?);
        store(db, [&one, &another]).await?;
        say(db, one.id()?, another.id()?, None).await?;
        store(db, [&one, &another]).await?;
        assert_eq!(total(db).await?, sessions(2, 82));
        assert_eq!(count(db, SUSPECTS).await?, 0);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_crowd_on_one_occasion_is_no_list_of_pairs() -> Result<(), Failure> {
    on_each(async |db| {
        let mut told: Vec<Kept> = (1..=21).map(|device| told_by(device, 10)).collect::<Result<_, _>>()?;
        store(db, &told[..20]).await?;
        assert_eq!(count(db, SUSPECTS).await?, 190);
        store(db, &told[20..]).await?;
        assert_eq!(count(db, SUSPECTS).await?, 0);
        told[20].edit(&void(Some("Ghi nhầm"))?, 21, 30)?;
        store(db, &told[20..]).await?;
        assert_eq!(count(db, SUSPECTS).await?, 190);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn links_hold_whatever_order_a_rebuild_takes() -> Result<(), Failure> {
    on_each(async |db| {
        let told = [told_by(1, 40)?, told_by(2, 42)?, told_by(3, 44)?];
        store(db, &told).await?;
        say(db, told[0].id()?, told[1].id()?, Some(told[1].id()?)).await?;
        let other = TestDb::sqlite().await?;
        say(&other.db, told[0].id()?, told[1].id()?, Some(told[1].id()?)).await?;
        for kept in told.iter().rev() {
            store(&other.db, [kept]).await?;
        }
        let (mut live, mut rebuilt) = (db.snapshot().await?, other.db.snapshot().await?);
        assert_eq!(compare(&mut live, &mut rebuilt, 10).await?, []);
        assert_eq!(total(db).await?, sessions(2, 86));
        Ok(())
    })
    .await
}
