//! The sample is a whole year, and shows everything a person may have to decide.

use std::collections::BTreeSet;

use sync_core::id::{RecordKind, UnixMs};
use sync_core::record::ReviewState;

use super::{SEED, SampleError, install};
use crate::config::Config;
use crate::db::testing::{Failure, TestDb};
use crate::field::{Field, OpenOptions};
use crate::on_db;

const NOW: UnixMs = UnixMs(1_795_400_000_000);

#[tokio::test]
async fn the_sample_is_a_year_with_everything_a_person_may_have_to_decide() -> Result<(), Failure> {
    let test = TestDb::sqlite().await?;
    let dir = tempfile::tempdir()?;
    let config = Config::defaults_in(dir.path())?;
    let made = install(&test.db, &config, NOW, SEED).await?;
    assert!(made.sessions >= 300, "{}", made.sessions);
    assert!(!dir.path().join("demo/.making").exists());

    let mut officer = Field::open(&made.officer_store, OpenOptions::default()).await?;
    let list = officer.list().await?;
    let states: BTreeSet<_> = list.iter().filter_map(|found| found.review_state).collect();
    for state in [ReviewState::New, ReviewState::Confirmed, ReviewState::Returned, ReviewState::Amended] {
        assert!(states.contains(&state), "{state:?}");
    }
    assert!(list.iter().any(|found| !found.summary.conflicts.is_empty()));
    assert!(list.iter().any(|found| found.summary.void));
    assert!(list.iter().any(|found| found.summary.kind == RecordKind::PanelCheck));
    let generations: BTreeSet<_> = list.iter().map(|found| found.summary.area.generation).collect();
    assert_eq!(generations, BTreeSet::from([2024, 2025]));
    assert!(list.iter().all(|found| found.summary.waiting == 0));
    let days: Vec<_> = list.iter().filter_map(|found| found.summary.date).collect();
    assert!(days.first().zip(days.last()).is_some_and(|(last, first)| last.day_number() - first.day_number() > 300));
    officer.close().await?;

    // Nothing that headquarters reads is empty.
    for (table, least) in
        [("material_issue", 40), ("club_meeting", 50), ("media_item", 40), ("context_figure", 2), ("account_post", 7)]
    {
        let count = format!("select count(*) from {table}");
        let rows: i64 = on_db!(test.db, |c| sqlx::query_scalar(sqlx::AssertSqlSafe(count)).fetch_one(c).await)?;
        assert!(rows >= least, "{table}: {rows}");
    }
    let checked = "select count(distinct site) from panel_check";
    let checked: i64 = on_db!(test.db, |c| sqlx::query_scalar(checked).fetch_one(c).await)?;
    assert!((15..177).contains(&checked), "{checked} panels were looked at");

    let mut guard = Field::open(&made.guard_store, OpenOptions::default()).await?;
    assert_eq!(guard.status().await?.only_here, 0);
    guard.close().await?;
    let again = install(&test.db, &config, NOW, SEED).await;
    assert!(matches!(again, Err(SampleError::InUse)));
    Ok(())
}
