//! The read tables and the roll-up follow from the records, on both engines.

mod facts;
mod life;
mod pairs;

use sync_core::id::{DeviceId, RecordKind, UnixMs};
use sync_core::record::{self, Decision, Draft, Edit, Line, Patch, ReviewEdit, SessionEdit, SessionFieldsEdit};

use life::*;

use super::{Projected, Sums, apply, clear, compare, digest};
use crate::db::DbError;
use crate::db::testing::{Failure, TestDb, on_each};
use crate::on_db;

#[tokio::test]
async fn a_session_counts_once_however_often_it_is_written() -> Result<(), Failure> {
    on_each(async |db| {
        let kept = kept_session(20_000, 40, 1)?;
        store(db, [&kept]).await?;
        store(db, [&kept]).await?;
        let projected = Projected {
            area: kept.area,
            view: &kept.view()?,
            received_at: UnixMs(1),
            updated_at: UnixMs(1),
            updated_by: DeviceId([9; 8]),
        };
        db.write(async |tx| apply(tx, &projected).await).await?;
        assert_eq!(total(db).await?, Sums { sessions: 1, attendances: 40, ..Sums::default() });
        assert_roll_up_follows_from_sessions(db).await
    })
    .await
}

#[tokio::test]
async fn a_voided_session_counts_no_more_and_leaves_no_empty_row() -> Result<(), Failure> {
    on_each(async |db| {
        let mut kept = kept_session(20_000, 40, 1)?;
        store(db, [&kept]).await?;
        let void = Patch::Set("Ghi trùng".parse::<Line>()?);
        let fields = SessionFieldsEdit { void, ..SessionFieldsEdit::default() };
        kept.edit(&Edit::Session(Box::new(SessionEdit { fields, ..SessionEdit::default() })), 1, 2)?;
        store(db, [&kept]).await?;
        assert_eq!(count(db, "select count(*) from session where voided").await?, 1);
        assert_eq!(count(db, "select count(*) from session_facts").await?, 0);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_is_held_on_social_media_counts_in_posts_alone() -> Result<(), Failure> {
    on_each(async |db| {
        let mut edit = session(20_000, 900)?;
        edit.fields.format = Patch::Set("online".parse()?);
        let kept = Kept::new(&Draft::Session(Box::new(edit)), AREAS[0], 1, 1)?;
        store(db, [&kept]).await?;
        assert_eq!(total(db).await?, Sums { posts: 1, ..Sums::default() });
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_review_counts_whichever_arrives_first() -> Result<(), Failure> {
    on_each(async |db| {
        let kept = kept_session(20_000, 40, 1)?;
        let confirmed = review(&kept, Decision::Confirm, 2)?;
        store(db, [&confirmed]).await?;
        store(db, [&kept]).await?;
        assert_eq!(state(db, kept.id()?).await?, "confirmed");
        let other = kept_session(20_001, 10, 3)?;
        store(db, [&other]).await?;
        store(db, [&review(&other, Decision::Confirm, 4)?]).await?;
        assert_eq!(state(db, other.id()?).await?, "confirmed");
        assert_eq!(total(db).await?, Sums { sessions: 2, confirmed: 2, attendances: 50, ..Sums::default() });
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_amended_session_is_done_but_not_confirmed() -> Result<(), Failure> {
    on_each(async |db| {
        let mut kept = kept_session(20_000, 40, 1)?;
        let confirmed = review(&kept, Decision::Confirm, 2)?;
        store(db, [&kept, &confirmed]).await?;
        let fields = SessionFieldsEdit { attendances: Patch::Set(45), ..SessionFieldsEdit::default() };
        kept.edit(&Edit::Session(Box::new(SessionEdit { fields, ..SessionEdit::default() })), 1, 3)?;
        store(db, [&kept]).await?;
        assert_eq!(state(db, kept.id()?).await?, "amended");
        assert_eq!(total(db).await?, Sums { sessions: 1, attendances: 45, ..Sums::default() });
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_withdrawn_review_gives_its_session_back_to_the_inbox() -> Result<(), Failure> {
    on_each(async |db| {
        let kept = kept_session(20_000, 40, 1)?;
        let mut returned = review(&kept, Decision::Return, 2)?;
        store(db, [&kept, &returned]).await?;
        assert_eq!(state(db, kept.id()?).await?, "returned");
        returned.edit(&Edit::Review(ReviewEdit { void: Patch::Set("Nhầm buổi".parse()?) }), 2, 3)?;
        store(db, [&returned]).await?;
        assert_eq!(state(db, kept.id()?).await?, "new");
        // The stored review stays withdrawn for later changes of the session.
        store(db, [&kept]).await?;
        assert_eq!(state(db, kept.id()?).await?, "new");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_conflict_is_listed_with_both_values_until_it_is_settled() -> Result<(), Failure> {
    on_each(async |db| {
        let mut kept = kept_session(20_000, 40, 1)?;
        let base = kept.changes.clone();
        for (device, value) in [(1, 41), (2, 42)] {
            let fields = SessionFieldsEdit { attendances: Patch::Set(value), ..SessionFieldsEdit::default() };
            let edit = Edit::Session(Box::new(SessionEdit { fields, ..SessionEdit::default() }));
            let change = record::edit(&base, &edit, &author(device, 2))?.ok_or("an edit")?;
            kept.changes.push(change.bytes);
        }
        store(db, [&kept]).await?;
        let claims: String = on_db!(db, |c| {
            sqlx::query_scalar("select claims from conflict where field = 'attendances'").fetch_one(c).await
        })?;
        assert!(claims.contains("\"value\":41") && claims.contains("\"value\":42"), "{claims}");
        assert_eq!(count(db, "select conflict_count from session").await?, 1);
        let chosen = sync_core::record::Scalar::Uint(42);
        let settled = record::resolve(RecordKind::Session, &kept.changes, "attendances", &chosen, &author(3, 3))?;
        kept.changes.push(settled.bytes);
        store(db, [&kept]).await?;
        assert_eq!(count(db, "select count(*) from conflict").await?, 0);
        assert_eq!(count(db, "select conflict_count from session").await?, 0);
        assert_eq!(total(db).await?.attendances, 42);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_roll_up_always_follows_from_the_sessions() -> Result<(), Failure> {
    on_each(async |db| {
        for seed in 1..=3 {
            random_life(db, seed).await?;
            db.write(async |tx| clear(tx).await).await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn rebuilt_read_tables_equal_the_live_ones() -> Result<(), Failure> {
    on_each(async |db| {
        let mut records = random_life(db, 4).await?;
        // Another order than they came in, and everything at once.
        records.reverse();
        let other = TestDb::sqlite().await?;
        store(&other.db, &records).await?;
        let (mut live, mut rebuilt) = (db.snapshot().await?, other.db.snapshot().await?);
        assert_eq!(compare(&mut live, &mut rebuilt, 10).await?, []);
        assert_eq!(digest(&mut live).await?, digest(&mut rebuilt).await?);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_comparison_names_row_and_column() -> Result<(), Failure> {
    on_each(async |db| {
        let kept = kept_session(20_000, 40, 1)?;
        let missing = kept_session(20_000, 40, 2)?;
        store(db, [&kept, &missing]).await?;
        let other = TestDb::sqlite().await?;
        store(&other.db, [&kept]).await?;
        let damage = "update session set attendances = 41";
        other
            .db
            .write(async |tx| Ok::<_, DbError>(on_db!(tx, |c| sqlx::query(damage).execute(c).await.map(drop))?))
            .await?;
        let (mut live, mut rebuilt) = (db.snapshot().await?, other.db.snapshot().await?);
        let found = compare(&mut live, &mut rebuilt, 10).await?;
        let text = serde_json::to_string(&found)?;
        assert!(text.contains(&format!("record_id={}", missing.id()?)), "{text}");
        assert!(text.contains(r#"{"column":"attendances","first":"40","second":"41"}"#), "{text}");
        assert!(text.contains(r#""table":"session_facts""#), "{text}");
        Ok(())
    })
    .await
}
