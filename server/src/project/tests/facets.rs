//! The roll-up by what sessions were like, against the sessions.

use std::collections::BTreeMap;

use sync_core::id::{AreaId, RecordId};

use super::super::facet::FacetSums;
use super::super::{Facet, stored};
use crate::coverage::calendar::Calendar;
use crate::coverage::{FacetPlace, Grain, facets};
use crate::db::Tx;
use crate::db::testing::Failure;
use crate::on_db;

const FACETS: [Facet; 5] = [Facet::Difficulty, Facet::Format, Facet::Language, Facet::Recorder, Facet::Topic];

type FacetRow = (String, String, i64, i64, i64, String);

#[derive(sqlx::FromRow)]
struct Row {
    facet: String,
    value: String,
    month: i64,
    generation: i64,
    code: i64,
    village_id: String,
    #[sqlx(flatten)]
    sums: FacetSums,
}

/// Both tables by month must equal what follows from the sessions, and what is read of ragged days must too.
pub(super) async fn assert_facets_follow(tx: &mut Tx, calendar: Calendar, ids: &[RecordId]) -> Result<(), Failure> {
    const FACET_MONTH: &str = "select * from facet_month";
    const BY_RECORDER: &str = "select month, recorder, kind, quantity from material_recorder_month";
    let mut expected: BTreeMap<FacetRow, FacetSums> = BTreeMap::new();
    let mut by_recorder: BTreeMap<(i64, i64, String), i64> = BTreeMap::new();
    let mut ragged: BTreeMap<(Facet, AreaId, String, String), FacetSums> = BTreeMap::new();
    let (from, to) = (20_009, 20_061);
    for session in stored::sessions(tx, ids).await?.values() {
        let Some((slot, contribution)) = session.contribution() else { continue };
        let month = calendar.month_of(slot.day).0;
        let (generation, code) = (i64::from(slot.area.generation), i64::from(slot.area.code));
        for (facet, value) in contribution.traits.each() {
            let sums = FacetSums::from(contribution.sums);
            let row = (facet.name().to_owned(), value.to_owned(), month, generation, code, slot.village.clone());
            *expected.entry(row).or_default() += sums;
            if (from..=to).contains(&slot.day) {
                *ragged.entry((facet, slot.area, slot.village.clone(), value.to_owned())).or_default() += sums;
            }
        }
        for (kind, quantity) in contribution.material {
            *by_recorder.entry((month, contribution.traits.recorder, kind)).or_default() += quantity;
        }
    }
    let rows: Vec<Row> = on_db!(tx, |c| sqlx::query_as(FACET_MONTH).fetch_all(c).await)?;
    let stored: BTreeMap<FacetRow, FacetSums> = rows
        .into_iter()
        .map(|row| ((row.facet, row.value, row.month, row.generation, row.code, row.village_id), row.sums))
        .collect();
    assert_eq!(stored, expected);
    let rows: Vec<(i64, i64, String, i64)> = on_db!(tx, |c| sqlx::query_as(BY_RECORDER).fetch_all(c).await)?;
    let stored: BTreeMap<_, _> = rows.into_iter().map(|(month, who, kind, n)| ((month, who, kind), n)).collect();
    assert_eq!(stored, by_recorder);
    let mut read = BTreeMap::new();
    for facet in FACETS {
        for (place, sums) in facets(tx, calendar, from..=to, Grain::Range, (facet, None), None).await? {
            let FacetPlace { area, village, value, .. } = place;
            read.insert((facet, area, village, value), sums);
        }
    }
    assert_eq!(read, ragged);
    Ok(())
}
