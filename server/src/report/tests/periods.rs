//! Which days a report covers.

use super::*;
use crate::db::testing::on_each;
use crate::report::{Days, Periods};

fn periods(closing_day: u8, params: &ReportParams) -> Result<Periods, Failure> {
    let now = UnixMs(end_of_day_ms(parse_day("2026-10-20").ok_or("a day")?) - 1);
    let calendar = Calendar::closing_on(closing_day)?;
    let asked = params.read(&Catalogue::default(), calendar, now).map_err(|problem| problem.code())?;
    Ok(asked.periods)
}

fn written(days: Days) -> String {
    format!("{} {}", days.from_text(), days.to_text())
}

#[test]
fn each_kind_has_its_days_its_name_and_what_it_is_compared_with() -> Result<(), Failure> {
    for (kind, of, name, now, before, year_before) in [
        (
            "month",
            "2026-01",
            "Tháng 1 năm 2026",
            "2025-12-15 2026-01-14",
            "2025-11-15 2025-12-14",
            "2024-12-15 2025-01-14",
        ),
        (
            "quarter",
            "2026-Q3",
            "Quý III năm 2026",
            "2026-06-15 2026-09-14",
            "2026-03-15 2026-06-14",
            "2025-06-15 2025-09-14",
        ),
        (
            "half",
            "2026-H1",
            "6 tháng đầu năm 2026",
            "2025-12-15 2026-06-14",
            "2025-06-15 2025-12-14",
            "2024-12-15 2025-06-14",
        ),
        (
            "half",
            "2026-H2",
            "6 tháng cuối năm 2026",
            "2026-06-15 2026-12-14",
            "2025-12-15 2026-06-14",
            "2025-06-15 2025-12-14",
        ),
        (
            "nine_months",
            "2026",
            "9 tháng đầu năm 2026",
            "2025-12-15 2026-09-14",
            "2024-12-15 2025-09-14",
            "2024-12-15 2025-09-14",
        ),
        ("year", "2026", "Năm 2026", "2025-12-15 2026-12-14", "2024-12-15 2025-12-14", "2024-12-15 2025-12-14"),
    ] {
        let found = periods(14, &ReportParams { kind: given(kind), of: given(of), ..ReportParams::default() })?;
        let shown = (written(found.now), written(found.before), written(found.year_before));
        assert_eq!(
            (found.name.vi.as_str(), shown.0, shown.1, shown.2),
            (name, now.into(), before.into(), year_before.into())
        );
    }
    Ok(())
}

#[test]
fn without_a_word_it_is_the_month_of_today() -> Result<(), Failure> {
    let found = periods(14, &ReportParams::default())?;
    assert_eq!((found.name.vi.as_str(), written(found.now)), ("Tháng 11 năm 2026", "2026-10-15 2026-11-14".to_owned()));
    let found = periods(0, &ReportParams::default())?;
    assert_eq!((found.name.vi.as_str(), written(found.now)), ("Tháng 10 năm 2026", "2026-10-01 2026-10-31".to_owned()));
    Ok(())
}

#[test]
fn a_range_of_months_is_compared_with_as_many_months_and_one_of_days_with_as_many_days() -> Result<(), Failure> {
    let range = |from: &str, to: &str| ReportParams {
        kind: given("range"),
        from: given(from),
        to: given(to),
        ..ReportParams::default()
    };
    let found = periods(14, &range("2026-01", "2026-10"))?;
    assert_eq!(found.name.vi, "10 tháng đầu năm 2026");
    assert_eq!(written(found.now), "2025-12-15 2026-10-14");
    assert_eq!(written(found.before), "2025-02-15 2025-12-14");
    assert_eq!(written(found.year_before), "2024-12-15 2025-10-14");
    let found = periods(14, &range("2026-07-30", "2026-08-08"))?;
    assert_eq!(found.name.vi, "Từ ngày 30/07/2026 đến ngày 08/08/2026");
    assert_eq!(written(found.before), "2026-07-20 2026-07-29");
    assert_eq!(written(found.year_before), "2025-07-30 2025-08-08");
    Ok(())
}

#[tokio::test]
async fn a_bad_parameter_is_named_with_what_is_accepted() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = filled(db).await?;
        let base = ReportParams::default();
        let kind = |kind: &str| ReportParams { kind: given(kind), ..base.clone() };
        for (field, params) in [
            ("kind", kind("week")),
            ("of", ReportParams { of: given("2026-Q1"), ..base.clone() }),
            ("of", ReportParams { of: given("2026-Q5"), ..kind("quarter") }),
            ("of", ReportParams { of: given("2026-H3"), ..kind("half") }),
            ("of", ReportParams { of: given("2026-10"), ..kind("year") }),
            ("from", ReportParams { from: given("2026-10-01"), ..base.clone() }),
            ("from", kind("range")),
            ("to", ReportParams { from: given("2026-10-01"), ..kind("range") }),
            ("to", ReportParams { from: given("2026-10-01"), to: given("2026-09-30"), ..kind("range") }),
            ("to", ReportParams { from: given("2010-10-01"), to: given("2026-09-30"), ..kind("range") }),
            ("of", ReportParams { of: given("2026"), ..kind("range") }),
            ("unit", ReportParams { unit: given("00007"), ..base.clone() }),
            ("generation", ReportParams { generation: given("2020"), ..base.clone() }),
        ] {
            let read = params.read(&catalogue, Calendar::default(), UnixMs(0));
            let problem = read.err().ok_or(field)?.document();
            assert_eq!((problem.status, problem.field.as_deref()), (400, Some(field)), "{params:?}");
            assert!(problem.accepted.is_some(), "{params:?}");
        }
        Ok(())
    })
    .await
}
