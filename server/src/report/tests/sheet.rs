//! The XLSX file, read back by another library.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx, open_workbook_from_rs};

use super::*;
use crate::db::testing::TestDb;
use crate::reference::{Catalogues, sample};
use crate::report::{Language, workbook};

/// The rows of a sheet as they are shown, empty cells as empty text.
fn rows(bytes: &[u8], sheet: &str) -> Result<Vec<Vec<Data>>, Failure> {
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(bytes))?;
    Ok(book.worksheet_range(sheet)?.rows().map(<[Data]>::to_vec).collect())
}

fn number(data: &Data) -> Option<i64> {
    match data {
        Data::Float(number) => Some(*number as i64),
        Data::Int(number) => Some(*number),
        _ => None,
    }
}

async fn october_of_the_sample() -> Result<PeriodReport, Failure> {
    let test = TestDb::sqlite().await?;
    sample::install(&test.db, true, UnixMs(0)).await?;
    let catalogue = Catalogues::new(test.db.clone()).current().await?;
    adopt_calendar(&test.db, Calendar::closing_on(14)?, UnixMs(0)).await?;
    let unit = area(2025, 6841);
    let village = catalogue.villages_of(unit).next().ok_or("a village")?.id.clone();
    for day in 1..=14 {
        let told = Told::new(unit, &village, &format!("2026-10-{day:02}"), 1, 1_234)?;
        let told = told.about(&["easy_job"], &["dao"], &["weather"])?.handing_out("handbook", 90_000)?;
        told.store(&test.db, day).await?;
    }
    made(&test.db, &catalogue, &Scope::All, &ReportParams { unit: given("2025-06841"), ..october() }).await
}

#[tokio::test]
async fn the_sheet_holds_every_figure_and_what_it_is_compared_with() -> Result<(), Failure> {
    let report = october_of_the_sample().await?;
    let rows = rows(&workbook(&report, "Phòng Văn hóa - Xã hội", Language::Vi)?, "Báo cáo")?;
    let head = rows.iter().position(|row| row[1] == Data::String("Chỉ tiêu".into())).ok_or("a head")?;
    let lines: Vec<&Vec<Data>> = rows[head + 1..].iter().filter(|row| number(&row[0]).is_some()).collect();
    assert_eq!(lines.len(), report.figures.len());
    for (line, figure) in lines.iter().zip(&report.figures) {
        assert_eq!((line[1].to_string(), line[2].to_string()), (figure.label.vi.clone(), figure.unit.vi.clone()));
        let less = |other: Option<i64>| Some(figure.now? - other?);
        let expected = [figure.now, figure.before, figure.year_before, less(figure.before), less(figure.year_before)];
        for (cell, expected) in line[3..].iter().zip(expected) {
            assert_eq!(number(cell), expected, "{}", figure.key);
            assert!(expected.is_some() || *cell == Data::String("…".into()), "{}", figure.key);
        }
    }
    assert_eq!(report.now("results.attendances"), 14 * 1_234);
    assert_eq!(report.now("material.handbook"), 14 * 90_000);
    Ok(())
}

#[tokio::test]
async fn the_head_says_who_reports_on_what_and_how_complete_it_is() -> Result<(), Failure> {
    let report = october_of_the_sample().await?;
    let texts = |language, sheet| -> Result<Vec<String>, Failure> {
        let rows = rows(&workbook(&report, "Phòng Văn hóa - Xã hội", language)?, sheet)?;
        Ok(rows.iter().flatten().filter(|cell| **cell != Data::Empty).map(ToString::to_string).collect())
    };
    let vi = texts(Language::Vi, "Báo cáo")?;
    for expected in [
        "PHÒNG VĂN HÓA - XÃ HỘI",
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "BÁO CÁO KẾT QUẢ TUYÊN TRUYỀN PHÒNG, CHỐNG MUA BÁN NGƯỜI",
        "Tháng 10 năm 2026",
        "Đơn vị: Xã Hoành Mô",
        "Từ 15/09/2026 đến 14/10/2026; chốt số liệu ngày 14 hằng tháng; kỳ đã kết thúc",
        "14 buổi / 17.276 lượt người",
        "Bẫy \"việc nhẹ, lương cao\"",
        "Mức độ đầy đủ của số liệu",
        "NGƯỜI LẬP BIỂU",
    ] {
        assert!(vi.iter().any(|text| text == expected), "{expected} is not in {vi:?}");
    }
    let en = texts(Language::En, "Report")?;
    for expected in ["REPORT ON OUTREACH AGAINST HUMAN TRAFFICKING", "October 2026", "14 sessions / 17.276 attendances"]
    {
        assert!(en.iter().any(|text| text == expected), "{expected}");
    }
    Ok(())
}
