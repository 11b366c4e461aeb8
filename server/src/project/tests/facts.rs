//! The roll-up as plain values, against the sessions.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::id::AreaId;

use super::super::facts::{Counts, fill};
use super::super::stored::StoredSession;
use super::super::{Facet, scan};
use super::life::{assert_roll_up_follows_from_sessions, random_life};
use crate::db::testing::{Failure, on_each};
use crate::db::{DbError, Tx};
use crate::on_db;

/// What sessions count together: held on one day in one village, recorded under one area, alike.
type Alike = (i64, AreaId, String, BTreeSet<(Facet, String)>);

/// Everything that is counted.
pub(super) async fn read(tx: &mut Tx) -> Result<BTreeMap<Alike, Counts>, Failure> {
    let mut found = BTreeMap::new();
    scan(tx, 0..=40_000, "", |of| {
        for fact in of.facts() {
            let (day, fact) = fact?;
            let names: BTreeMap<usize, (Facet, &str)> =
                of.pack.values().map(|(place, facet, value)| (place, (facet, value))).collect();
            let mut alike = BTreeSet::new();
            for place in fact.values() {
                let (facet, value) = names[&place?];
                alike.insert((facet, value.to_owned()));
            }
            let mut counts = Counts { sums: fact.sums, material: BTreeMap::new() };
            for kind in fact.material() {
                let (place, quantity) = kind?;
                counts.material.insert(of.pack.word(place)?.to_owned(), quantity);
            }
            let before = found.insert((day, of.area, of.village.to_owned(), alike), counts);
            assert!(before.is_none(), "sessions that are alike are one fact");
        }
        Ok(())
    })
    .await?;
    Ok(found)
}

/// What has to be counted of these sessions.
pub(super) fn expected<'a>(sessions: impl Iterator<Item = &'a StoredSession>) -> BTreeMap<Alike, Counts> {
    let mut expected: BTreeMap<Alike, Counts> = BTreeMap::new();
    for (slot, contribution) in sessions.filter_map(StoredSession::contribution) {
        let alike = contribution.traits.each().map(|(facet, value)| (facet, value.to_owned())).collect();
        let counts = expected.entry((slot.day, slot.area, slot.village, alike)).or_default();
        counts.sums += contribution.sums;
        for (kind, quantity) in contribution.material {
            *counts.material.entry(kind).or_default() += quantity;
        }
    }
    expected
}

#[tokio::test]
async fn what_a_migration_fills_equals_what_was_kept() -> Result<(), Failure> {
    on_each(async |db| {
        random_life(db, 6).await?;
        let kept = read(&mut db.snapshot().await?).await?;
        let lose = "delete from session_facts";
        db.write(async |tx| Ok::<_, DbError>(on_db!(tx, |c| sqlx::query(lose).execute(c).await.map(drop))?)).await?;
        fill(db).await?;
        assert_eq!(read(&mut db.snapshot().await?).await?, kept);
        assert_roll_up_follows_from_sessions(db).await
    })
    .await
}
