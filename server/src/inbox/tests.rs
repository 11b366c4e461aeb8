use sync_core::record::Decision;

use super::{Number, Waiting, count};
use crate::coverage::tests::{prepare, run};
use crate::db::Db;
use crate::db::testing::{Failure, on_each};
use crate::ingest::open_change;
use crate::session::testing::{Told, area, scope};

fn waiting(count: i64, oldest: i64) -> Waiting {
    Waiting { count, oldest_received_at_ms: Some(oldest) }
}

/// Two new sessions and a returned one in what became unit 1; a confirmed and a voided one in the half of a split unit that
/// went to unit 9.
async fn filled(db: &Db) -> Result<(), Failure> {
    let (one, two, split) = (area(2024, 1), area(2024, 2), area(2024, 3));
    Told::new(one, "a", "2026-03-01", 1, 10)?.store(db, 300).await?;
    Told::new(two, "b", "2026-03-02", 1, 10)?.store(db, 200).await?;
    let returned = Told::new(area(2025, 1), "a", "2026-03-03", 1, 10)?.store(db, 400).await?;
    returned.review(db, Decision::Return).await?;
    let confirmed = Told::new(split, "d", "2026-03-04", 2, 10)?.store(db, 500).await?;
    confirmed.review(db, Decision::Confirm).await?;
    let mut voided = Told::new(split, "d", "2026-03-05", 2, 10)?.store(db, 600).await?;
    voided.void(db, "Ghi nhầm").await
}

#[tokio::test]
async fn what_waits_is_counted_by_state_with_the_age_of_the_oldest() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = prepare(db).await?;
        filled(db).await?;
        run(db, "update session set conflict_count = 2 where received_at_ms = 300").await?;
        let mut tx = db.snapshot().await?;
        let found = count(&mut tx, &catalogue, &scope(&[]), None).await?;
        assert_eq!(found.states.new, waiting(2, 200));
        assert_eq!(found.states.returned, waiting(1, 400));
        assert_eq!(found.states.confirmed, Waiting { count: 1, oldest_received_at_ms: None });
        assert_eq!(found.states.voided, waiting(1, 600));
        assert_eq!((found.states.amended, found.states.disputed), (Waiting::default(), Waiting::default()));
        assert_eq!(found.conflicts, waiting(1, 300));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_unit_is_counted_with_what_was_recorded_in_those_it_was_made_of() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = prepare(db).await?;
        filled(db).await?;
        let mut tx = db.snapshot().await?;
        let one = count(&mut tx, &catalogue, &scope(&[]), Some(area(2025, 1))).await?;
        assert_eq!((one.states.new, one.states.returned), (waiting(2, 200), waiting(1, 400)));
        assert_eq!((one.states.confirmed.count, one.states.voided.count), (0, 0));
        let nine = count(&mut tx, &catalogue, &scope(&[]), Some(area(2025, 9))).await?;
        assert_eq!((nine.states.new.count, nine.states.confirmed.count, nine.states.voided.count), (0, 1, 1));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn nothing_of_other_areas_is_counted() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = prepare(db).await?;
        filled(db).await?;
        let bytes = |byte: &str, count: usize| format!("{}{}'", db.dialect().pick("x'", r"'\x"), byte.repeat(count));
        for (id, code) in [(1, 1), (2, 2)] {
            let (hash, zeros) = (bytes(&format!("0{id}"), 32), bytes("00", 32));
            run(
                db,
                &format!(
                    "insert into batch (id, device_id, generation, code, seq, hash, prev, certificate_no, sealed_at_ms, \
                     schema_number, header, signature, received_at_ms, via, state) values ({id}, {}, 2024, {code}, 1, \
                     {hash}, {zeros}, 1, 0, 1, {zeros}, {}, {id}00, 'sync', 'chained')",
                    bytes("01", 8),
                    bytes("00", 64)
                ),
            )
            .await?;
            run(
                db,
                &format!(
                    "insert into change (batch_id, ordinal, record_id, kind, change_hash, verdict, reason) \
                     values ({id}, 0, {}, 1, {hash}, 'quarantined', 'quota')",
                    bytes("0a", 16)
                ),
            )
            .await?;
            run(
                db,
                &format!(
                    "insert into conflict (record_id, field, kind, generation, code, claims) \
                     values ({}, 'site', 3, 2024, {code}, '[]')",
                    bytes(&format!("0{id}"), 16)
                ),
            )
            .await?;
        }
        db.write(open_change::rebuild).await?;
        let mut tx = db.snapshot().await?;
        let all = count(&mut tx, &catalogue, &scope(&[]), None).await?;
        assert_eq!((all.quarantined, all.other_conflicts), (waiting(2, 100), Number { count: 2 }));
        let own = count(&mut tx, &catalogue, &scope(&[area(2024, 2)]), None).await?;
        assert_eq!((own.states.new, own.quarantined), (waiting(1, 200), waiting(1, 200)));
        assert_eq!((own.states.returned.count, own.states.confirmed.count, own.states.voided.count), (0, 0, 0));
        assert_eq!(own.other_conflicts, Number { count: 1 });
        let none = count(&mut tx, &catalogue, &scope(&[area(2024, 7)]), None).await?;
        assert_eq!(none, super::Inbox::default());
        Ok(())
    })
    .await
}

/// How SQLite would answer, one step a line.
async fn plan(db: &Db, text: &str) -> Result<String, Failure> {
    let crate::db::Engine::Sqlite(pool) = db.engine() else { return Err("not SQLite".into()) };
    let text = format!("explain query plan {text}");
    let steps: Vec<(i64, i64, i64, String)> = sqlx::query_as(sqlx::AssertSqlSafe(text)).fetch_all(pool).await?;
    Ok(steps.into_iter().map(|step| step.3).collect::<Vec<_>>().join("\n"))
}

#[tokio::test]
async fn counting_looks_at_indexes_alone() -> Result<(), Failure> {
    let test = crate::db::testing::TestDb::sqlite().await?;
    for within in ["1 = 1", "generation = 2025 and code in (1, 9)"] {
        for (what, condition) in [
            (
                "review_state, count(*), min(received_at_ms)",
                "and not voided and review_state <> 'confirmed' group by review_state",
            ),
            ("count(*), min(received_at_ms)", "and voided"),
            ("count(*), min(received_at_ms)", "and not voided and conflict_count > 0"),
            ("count(*)", ""),
        ] {
            let plan = plan(&test.db, &format!("select {what} from session where {within} {condition}")).await?;
            assert!(plan.contains("COVERING INDEX"), "{within} {condition}: {plan}");
        }
    }
    Ok(())
}
