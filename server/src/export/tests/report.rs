//! The period report as a file.

use sync_core::record::Patch;

use super::*;
use crate::session::testing::{Told, area};

#[tokio::test]
async fn the_report_is_a_file_with_the_same_figures_and_hides_small_ones() -> Result<(), Failure> {
    on_each(async |db| {
        let mut desk = Desk::new(db).await?;
        fill(db, 500, 5).await?;
        let report = desk.read(Coordinator, "/v1/reports/period?kind=year&of=2026").await?;
        let figures = report["figures"].as_array().ok_or("figures")?;
        let filter = json!({ "kind": "year", "of": "2026" });
        let sheet = xlsx_sheet(&file(&mut desk, Coordinator, &wanted("report", "xlsx", false, filter.clone())).await?)?;
        assert_eq!(sheet.len(), figures.len());
        for (row, figure) in sheet.iter().zip(figures) {
            for (heading, field) in [("Key", "key"), ("Period", "now"), ("Period before", "before")] {
                assert_eq!(row[heading], as_text(&figure[field]), "{figure}");
            }
            assert_eq!(row["Figure"], as_text(&figure["label"]["en"]));
        }
        let attendances = sheet.iter().find(|row| row["Key"] == "results.attendances").ok_or("attendances")?;
        assert!(attendances["Period"].parse::<i64>()? > 0);
        // Three women, and all but two of a minority.
        run(db, "delete from session_facts").await?;
        let mut few = Told::new(area(2025, 6841), "a", "2026-01-10", 1, 60)?;
        few.edit.fields.women = Patch::Set(3);
        few.edit.fields.minority = Patch::Set(58);
        few.edit.fields.households = Patch::Set(4);
        few.store(db, 1).await?;
        let sheet = csv_sheet(&file(&mut desk, Coordinator, &wanted("report", "csv", true, filter)).await?)?;
        let shown = |key: &str| sheet.iter().find(|row| row["Key"] == key).map(|row| row["Period"].as_str());
        let keys =
            ["results.women", "results.under16", "results.minority", "results.households", "results.attendances"];
        assert_eq!(keys.map(shown), [Some("<5"), Some("0"), Some("(hidden)"), Some("<5"), Some("60")]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_sheet_to_be_signed_is_that_of_the_report_and_stays_in_the_province() -> Result<(), Failure> {
    on_each(async |db| {
        let mut desk = Desk::new(db).await?;
        fill(db, 200, 5).await?;
        let filter = json!({ "kind": "quarter", "of": "2026-Q2", "unit": "2025-06841" });
        let sheet = file(&mut desk, Officer, &wanted("report", "sheet", false, filter.clone())).await?;
        let world = desk.world.clone();
        let target = "/v1/reports/period.xlsx?kind=quarter&of=2026-Q2&unit=2025-06841&lang=en";
        let request = desk.officer.request("GET", target, Vec::new())?;
        let page = axum::body::to_bytes(world.raw(request).await?.into_body(), 8 << 20).await?;
        assert_eq!(cells(&sheet)?, cells(&page)?);
        let refused = desk.refused(Officer, "/v1/exports", &wanted("report", "sheet", true, filter)).await?;
        assert_eq!(refused.1, "format");
        let other = desk.refused(Officer, "/v1/exports", &wanted("totals", "sheet", false, json!({}))).await?;
        assert_eq!(other.1, "format");
        Ok(())
    })
    .await
}

/// What every sheet of a workbook holds.
fn cells(bytes: &[u8]) -> Result<Vec<(String, Vec<Data>)>, Failure> {
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(bytes.to_vec()))?;
    let sheets = book.worksheets().into_iter();
    let sheets: Vec<_> = sheets.map(|(name, range)| (name, range.rows().flatten().cloned().collect())).collect();
    assert!(sheets.iter().any(|(_, cells): &(String, Vec<Data>)| cells.len() > 20));
    Ok(sheets)
}
