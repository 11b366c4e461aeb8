mod headquarters;

use std::collections::BTreeSet;
use std::sync::Arc;

use sync_core::id::{AreaId, UnixMs};
use sync_core::record::{Decision, Patch, Village};

use super::calendar::{Bucket, Calendar, day_text, end_of_day_ms, parse_day};
use super::query::{Range, RangeParams, UnreachedParams};
use super::testing::fill;
use super::{TotalsReport, VillageState, adopt_calendar, coverage, totals, unreached};
use crate::auth::Scope;
use crate::db::testing::{Failure, on_each};
use crate::db::{Db, DbError};
use crate::on_db;
use crate::reference::{Catalogue, Catalogues};
use crate::session::testing::Told;

const REFERENCE: &[&str] = &[
    "insert into unit (generation, code, name, folded_name, kind) values \
     (2024, 1, 'Xã Một', 'xa mot', 'xã'), (2024, 2, 'Xã Hai', 'xa hai', 'xã'), (2024, 3, 'Xã Ba', 'xa ba', 'xã'), \
     (2025, 1, 'Xã Một', 'xa mot', 'xã'), (2025, 9, 'Xã Chín', 'xa chin', 'xã')",
    // 1 and 2 became 1; 3 was split between 1 and 9.
    "insert into unit_lineage (from_generation, from_code, to_generation, to_code, whole, main) values \
     (2024, 1, 2025, 1, true, true), (2024, 2, 2025, 1, true, true), (2024, 3, 2025, 1, false, false), \
     (2024, 3, 2025, 9, false, true)",
    "insert into village_unit (village_id, generation, code, basis) values \
     ('a', 2024, 1, 'listed'), ('b', 2024, 2, 'listed'), ('c', 2024, 3, 'listed'), ('d', 2024, 3, 'listed'), \
     ('d', 2025, 9, 'decided')",
    "insert into reference_version (kind, version) values ('villages', 1)",
    "insert into account (id, username, display_name, role, password_hash, active, created_at_ms) values \
     (1, 'guard', 'Guard', 'guard', '', true, 0)",
    "insert into account_area (account_id, generation, code) values (1, 2024, 1)",
];

pub(crate) async fn run(db: &Db, text: &str) -> Result<(), DbError> {
    db.write(async |tx| Ok(on_db!(tx, |c| sqlx::query(sqlx::AssertSqlSafe(text)).execute(c).await.map(drop))?)).await
}

/// Three units of 2024, of which one was split, and one guard's device that covers village `a`.
pub(crate) async fn prepare(db: &Db) -> Result<Arc<Catalogue>, Failure> {
    for village in ["a", "b", "c", "d"] {
        const VILLAGE: &str = "insert into village (id, name, folded_name, kind, sample, source) \
            values ($1, $1, $1, 'thôn', $2, 'test')";
        db.write(async |tx| {
            let done = on_db!(tx, |c| sqlx::query(VILLAGE).bind(village).bind(true).execute(c).await.map(drop));
            Ok::<_, DbError>(done?)
        })
        .await?;
    }
    for text in REFERENCE {
        run(db, text).await?;
    }
    run(db, &format!(
        "insert into device (id, public_key, account_id, label, enrolled_at_ms) values ({0}0101010101010101', {0}{1}', 1, \
         'phone', 0)",
        db.dialect().pick("x'", r"'\x"), "01".repeat(32)
    ))
    .await?;
    let bytes = db.dialect().pick("x'", r"'\x");
    run(
        db,
        &format!(
            "insert into certificate (device_id, no, role, recorder, issued_at_ms, expires_at_ms, jwt) \
         values ({bytes}0101010101010101', 1, 'guard', 1, 0, {}, '')",
            i64::MAX
        ),
    )
    .await?;
    run(db, &format!(
        "insert into certificate_area (device_id, no, generation, code) values ({bytes}0101010101010101', 1, 2024, 1)"
    ))
    .await?;
    Ok(Catalogues::new(db.clone()).current().await?)
}

/// A session of thirty people with seven leaflets, told by somebody else each time.
async fn held(db: &Db, area: (u16, u32), village: &str, day: &str, confirmed: i64) -> Result<(), Failure> {
    const COUNT: &str = "select count(*) from session";
    let already: i64 = on_db!(db, |c| sqlx::query_scalar(COUNT).fetch_one(c).await)?;
    let mut told =
        Told::new(crate::session::testing::area(area.0, area.1), village, day, u8::try_from(10 + already)?, 30)?
            .handing_out("leaflet", 7)?;
    if village.is_empty() {
        told.edit.fields.village = Patch::Set(Village::Named("Chợ phiên".parse()?));
    }
    let told = told.store(db, 1).await?;
    if confirmed > 0 {
        told.review(db, Decision::Confirm).await?;
    }
    Ok(())
}

fn range(generation: u16, from: &str, to: &str) -> Result<Range, Failure> {
    Ok(Range {
        generation,
        unit: None,
        from: parse_day(from).ok_or("a day")?,
        to: parse_day(to).ok_or("a day")?,
        bucket: Bucket::Month,
        today: parse_day("2026-06-15").ok_or("a day")?,
        now: UnixMs(end_of_day_ms(parse_day("2026-06-15").ok_or("a day")?)),
    })
}

async fn synced(db: &Db, day: &str) -> Result<(), Failure> {
    let at = end_of_day_ms(parse_day(day).ok_or("a day")?);
    Ok(run(db, &format!("update device set synced_at_ms = {at}")).await?)
}

/// At the end of this day the device's owner loses the area, is deactivated, or the device is revoked.
async fn ends(db: &Db, what: &str, day: &str) -> Result<(), Failure> {
    let at = end_of_day_ms(parse_day(day).ok_or("a day")?);
    Ok(run(db, &format!("update {what} = {at}")).await?)
}

async fn states(db: &Db, catalogue: &Catalogue, village: &str) -> Result<Vec<VillageState>, Failure> {
    let mut tx = db.snapshot().await?;
    let range = range(2025, "2026-01-01", "2026-04-30")?;
    let report = coverage(&mut tx, catalogue, Calendar::default(), &Scope::All, &range).await?;
    let village = report.villages.into_iter().find(|found| found.village == village).ok_or("listed")?;
    Ok(village.periods.into_iter().map(|period| period.state).collect())
}

#[tokio::test]
async fn silence_of_a_device_is_not_zero() -> Result<(), Failure> {
    use VillageState::{Confirmed, Done, Unassigned, Unheard, Zero};
    on_each(async |db| {
        let catalogue = prepare(db).await?;
        held(db, (2024, 1), "a", "2026-01-10", 1).await?;
        held(db, (2025, 1), "a", "2026-02-10", 0).await?;
        assert_eq!(states(db, &catalogue, "a").await?, [Confirmed, Done, Unheard, Unheard]);
        run(db, &format!("update device set last_contact_ms = {}", i64::MAX)).await?;
        assert_eq!(states(db, &catalogue, "a").await?, [Confirmed, Done, Unheard, Unheard], "a contact is no sync");
        synced(db, "2026-04-10").await?;
        assert_eq!(states(db, &catalogue, "a").await?, [Confirmed, Done, Zero, Unheard]);
        // Nobody covers b.
        assert_eq!(states(db, &catalogue, "b").await?, [Unassigned; 4]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_device_that_is_out_stays_unheard_for_the_time_it_was_carried() -> Result<(), Failure> {
    use VillageState::{Unassigned, Unheard, Zero};
    for out in [
        "device set revoked_at_ms",
        "account set active = (1 = 0), deactivated_at_ms",
        "certificate_area set ended_at_ms",
        "certificate set expires_at_ms",
    ] {
        on_each(async |db| {
            let catalogue = prepare(db).await?;
            ends(db, out, "2026-02-20").await?;
            assert_eq!(states(db, &catalogue, "a").await?, [Unheard, Unheard, Unassigned, Unassigned], "{out}");
            synced(db, "2026-02-19").await?;
            assert_eq!(states(db, &catalogue, "a").await?, [Zero, Unheard, Unassigned, Unassigned], "{out}");
            // An owner who keeps other areas goes on syncing.
            synced(db, "2026-02-21").await?;
            assert_eq!(states(db, &catalogue, "a").await?, [Zero, Zero, Unassigned, Unassigned], "{out}");
            Ok(())
        })
        .await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_device_enrolled_later_says_nothing_of_the_time_before() -> Result<(), Failure> {
    use VillageState::{Unassigned, Unheard, Zero};
    on_each(async |db| {
        let catalogue = prepare(db).await?;
        ends(db, "certificate set issued_at_ms", "2026-02-01").await?;
        assert_eq!(states(db, &catalogue, "a").await?, [Unassigned, Unheard, Unheard, Unheard]);
        synced(db, "2026-06-01").await?;
        assert_eq!(states(db, &catalogue, "a").await?, [Unassigned, Zero, Zero, Zero]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_gap_in_a_log_is_not_zero_either() -> Result<(), Failure> {
    use VillageState::{Unassigned, Unheard, Zero};
    on_each(async |db| {
        let catalogue = prepare(db).await?;
        synced(db, "2026-06-01").await?;
        assert_eq!(states(db, &catalogue, "a").await?, [Zero; 4]);
        let bytes = db.dialect().pick("x'", r"'\x");
        let batch = format!(
            "insert into batch (id, device_id, generation, code, seq, hash, prev, certificate_no, sealed_at_ms, \
             schema_number, header, signature, received_at_ms, via, state) values (1, {bytes}0101010101010101', 2024, 1, \
             2, {bytes}{0}', {bytes}{0}', 1, 0, 1, {bytes}00', {bytes}{0}{0}', 0, 'sync', 'waiting')",
            "00".repeat(32)
        );
        run(db, &batch).await?;
        assert_eq!(states(db, &catalogue, "a").await?, [Unheard; 4]);
        assert_eq!(states(db, &catalogue, "b").await?, [Unassigned; 4]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn totals_add_up_in_each_generation() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = prepare(db).await?;
        held(db, (2024, 1), "a", "2026-01-10", 0).await?;
        held(db, (2025, 1), "b", "2026-01-11", 0).await?;
        held(db, (2024, 3), "c", "2026-01-12", 0).await?;
        held(db, (2024, 3), "d", "2026-01-13", 0).await?;
        held(db, (2025, 1), "", "2026-01-14", 0).await?;
        held(db, (2024, 7), "", "2026-01-15", 0).await?;
        let report = async |generation| -> Result<TotalsReport, Failure> {
            let mut tx = db.snapshot().await?;
            // Ragged at both ends: whole January from the month, the rest from days.
            let range = range(generation, "2025-12-20", "2026-02-03")?;
            Ok(totals(&mut tx, &catalogue, &Scope::All, &range).await?)
        };
        let (old, new) = (report(2024).await?, report(2025).await?);
        for report in [&old, &new] {
            assert_eq!((report.total.sums.sessions, report.total.sums.attendances), (6, 180));
            assert_eq!(report.total.material.get("leaflet"), Some(&42));
            let unplaced = report.needs_choice.iter().chain(&report.unknown).map(|part| part.totals.sums.sessions);
            let units = report.units.iter().map(|unit| unit.totals.sums.sessions);
            assert_eq!(units.chain(unplaced).sum::<i64>(), 6);
        }
        let units = |report: &TotalsReport| -> Vec<(u32, i64)> {
            report.units.iter().map(|unit| (unit.unit.code, unit.totals.sums.sessions)).collect()
        };
        assert_eq!(units(&new), [(1, 3), (9, 1)]);
        assert_eq!(units(&old), [(1, 1), (2, 1), (3, 2)]);
        // Of c a person has to say where it went; d was decided.
        let open: Vec<_> = new.needs_choice.iter().map(|part| part.village.as_deref()).collect();
        assert_eq!(open, [Some("c")]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_villages_longest_without_a_session_come_first() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = prepare(db).await?;
        held(db, (2024, 1), "a", "2026-01-10", 0).await?;
        held(db, (2024, 2), "b", "2026-06-01", 0).await?;
        held(db, (2024, 3), "c", "2025-11-01", 0).await?;
        let mut tx = db.snapshot().await?;
        let report = unreached(&mut tx, &catalogue, &Scope::All, &range(2025, "2026-06-15", "2026-06-15")?, 60).await?;
        let listed: Vec<_> = report.villages.iter().map(|found| (found.village.as_str(), found.days)).collect();
        assert_eq!(listed, [("d", None), ("c", Some(226)), ("a", Some(156))]);
        assert_eq!((report.of, report.on.as_str()), (4, "2026-06-15"));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_officer_sees_the_own_areas_only() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = prepare(db).await?;
        held(db, (2024, 1), "a", "2026-01-10", 0).await?;
        held(db, (2025, 9), "d", "2026-01-11", 0).await?;
        let granted = AreaId { generation: 2025, code: 9 };
        let scope = Scope::Areas(Arc::new(catalogue.scope_of([granted])));
        let mut tx = db.snapshot().await?;
        let range = range(2025, "2026-01-01", "2026-01-31")?;
        let report = coverage(&mut tx, &catalogue, Calendar::default(), &scope, &range).await?;
        let villages: BTreeSet<_> = report.villages.iter().map(|found| found.village.as_str()).collect();
        assert_eq!(villages, BTreeSet::from(["c", "d"]));
        let report = totals(&mut tx, &catalogue, &scope, &range).await?;
        assert_eq!(report.total.sums.sessions, 1);
        let nothing = Scope::Areas(Arc::default());
        let report = totals(&mut tx, &catalogue, &nothing, &range).await?;
        assert_eq!(report.total.sums.sessions, 0);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn filled_sessions_are_all_counted_whatever_the_closing_day() -> Result<(), Failure> {
    on_each(async |db| {
        let filled = fill(db, 2_000, 1).await?;
        let catalogue = Catalogues::new(db.clone()).current().await?;
        for closing_day in [0, 14] {
            let calendar = Calendar::closing_on(closing_day)?;
            adopt_calendar(db, calendar, UnixMs(0)).await?;
            let range = range(2025, &day_text(filled.first_day), &day_text(filled.last_day))?;
            let mut tx = db.snapshot().await?;
            let report = totals(&mut tx, &catalogue, &Scope::All, &range).await?;
            assert_eq!(report.total.sums.sessions, 2_000);
            let report = coverage(&mut tx, &catalogue, calendar, &Scope::All, &range).await?;
            let done: i64 = report.periods.iter().map(|period| period.in_villages.sessions).sum();
            assert_eq!((done, report.villages.len()), (2_000, filled.villages));
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_bad_parameter_is_named_with_what_is_accepted() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = prepare(db).await?;
        let now = UnixMs(end_of_day_ms(parse_day("2026-06-15").ok_or("a day")?) - 1);
        let given = |text: &str| Some(text.to_owned());
        let base = RangeParams::default();
        for (field, params) in [
            ("generation", RangeParams { generation: given("2020"), ..base.clone() }),
            ("unit", RangeParams { unit: given("00002"), ..base.clone() }),
            ("unit", RangeParams { unit: given("2024-00001"), generation: given("2025"), ..base.clone() }),
            ("from", RangeParams { from: given("1.1.2026"), ..base.clone() }),
            ("to", RangeParams { to: given("2026-02-30"), ..base.clone() }),
            ("to", RangeParams { from: given("2026-02"), to: given("2026-01"), ..base.clone() }),
            ("to", RangeParams { from: given("2010"), to: given("2026-01"), ..base.clone() }),
            ("bucket", RangeParams { bucket: given("week"), ..base.clone() }),
        ] {
            let problem = params.read(&catalogue, Calendar::default(), now).err().ok_or("refused")?.document();
            let expected = if params.from.as_deref() == Some("2010") { "from" } else { field };
            assert_eq!((problem.status, problem.field.as_deref()), (400, Some(expected)));
            assert!(problem.accepted.is_some());
        }
        let days = UnreachedParams { days: given("0"), ..UnreachedParams::default() };
        let problem = days.read(&catalogue, 90, now).err().ok_or("refused")?.document();
        assert_eq!(problem.field.as_deref(), Some("days"));
        let default = base.read(&catalogue, Calendar::default(), now).map_err(|problem| problem.code())?;
        assert_eq!((day_text(default.from), day_text(default.to)), ("2026-01-01".into(), "2026-06-15".into()));
        Ok(())
    })
    .await
}

/// Prints how long coverage of a province over a year takes: `cargo test --release -p server --lib -- --ignored
/// --nocapture measure`.
#[tokio::test]
#[ignore = "a measurement, not a test"]
async fn measure_a_province_over_a_year_with_a_million_sessions() -> Result<(), Failure> {
    let test = crate::db::testing::TestDb::sqlite().await?;
    let begun = std::time::Instant::now();
    let filled = fill(&test.db, 1_000_000, 1).await?;
    let fill_ms = begun.elapsed().as_millis();
    let catalogue = Catalogues::new(test.db.clone()).current().await?;
    for (name, from, to) in
        [("year", filled.first_day, filled.last_day), ("ragged", filled.first_day + 9, filled.last_day - 9)]
    {
        let range = range(2025, &day_text(from), &day_text(to))?;
        for _ in 0..3 {
            let mut tx = test.db.snapshot().await?;
            let begun = std::time::Instant::now();
            let villages = coverage(&mut tx, &catalogue, Calendar::default(), &Scope::All, &range).await?;
            let coverage_us = begun.elapsed().as_micros();
            let begun = std::time::Instant::now();
            let bytes = serde_json::to_vec(&villages)?.len();
            let json_us = begun.elapsed().as_micros();
            let begun = std::time::Instant::now();
            let report = totals(&mut tx, &catalogue, &Scope::All, &range).await?;
            let totals_us = begun.elapsed().as_micros();
            let begun = std::time::Instant::now();
            unreached(&mut tx, &catalogue, &Scope::All, &range, 30).await?;
            let unreached_us = begun.elapsed().as_micros();
            println!(
                "{{\"range\":\"{name}\",\"fill_ms\":{fill_ms},\"sessions\":{},\"coverage_us\":{coverage_us},\
                 \"json_us\":{json_us},\"json_bytes\":{bytes},\"totals_us\":{totals_us},\"unreached_us\":{unreached_us}}}",
                report.total.sums.sessions
            );
        }
    }
    Ok(())
}
