//! Files read back with other libraries and compared cell by cell, on both engines.

mod coverage;
mod gone;
mod leaving;
mod lists;
mod report;
mod sessions;
mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

use axum::http::header;
use calamine::{Data, Reader, Xlsx, open_workbook_from_rs};
use geojson::GeoJson;
use serde_json::{Value, json};
use sync_core::id::Role::{self, Administrator, Coordinator, Guard, Officer};

use crate::coverage::calendar::{day_text, parse_day};
use crate::coverage::testing::fill;
use crate::db::testing::{Failure, on_each};
use crate::register::desk::{Desk, run};

/// A file as rows of cells by heading.
type Sheet = Vec<BTreeMap<String, String>>;

fn wanted(what: &str, format: &str, leaves: bool, filter: Value) -> Value {
    json!({ "what": what, "format": format, "leaves_province": leaves, "reason": "họp giao ban", "lang": "en",
        "filter": filter })
}

async fn file(desk: &mut Desk, role: Role, body: &Value) -> Result<Vec<u8>, Failure> {
    let (response, bytes) = desk.raw(role, "/v1/exports", body).await?;
    assert_eq!(response.status().as_u16(), 200, "{body}: {}", String::from_utf8_lossy(&bytes));
    let disposition = response.headers()[header::CONTENT_DISPOSITION].to_str()?.to_owned();
    assert!(disposition.starts_with("attachment; filename=\"banlang-"), "{disposition}");
    Ok(bytes)
}

fn csv_sheet(bytes: &[u8]) -> Result<Sheet, Failure> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").ok_or("a mark")?;
    let mut reader = csv::Reader::from_reader(text);
    let headings: Vec<String> = reader.headers()?.iter().map(str::to_owned).collect();
    assert_eq!(headings.iter().collect::<BTreeSet<_>>().len(), headings.len(), "every heading once");
    let rows = reader.records().map(|record| {
        let record = record?;
        Ok(headings.iter().cloned().zip(record.iter().map(str::to_owned)).collect())
    });
    rows.collect()
}

/// The first sheet; days as `yyyy-mm-dd`, numbers without a point. No cell may be a formula.
fn xlsx_sheet(bytes: &[u8]) -> Result<Sheet, Failure> {
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(bytes.to_vec()))?;
    let names = book.sheet_names();
    assert_eq!(names.last().map(String::as_str), Some("About"));
    let first = names.first().ok_or("a sheet")?.clone();
    assert!(book.worksheet_formula(&first)?.used_cells().all(|(_, _, formula)| formula.is_empty()));
    let range = book.worksheet_range(&first)?;
    let text = |cell: &Data| match cell {
        Data::Empty => String::new(),
        Data::String(text) => text.clone(),
        Data::Float(number) => (*number as i64).to_string(),
        Data::Int(number) => number.to_string(),
        Data::DateTime(day) => day_text(day.as_f64() as i64 - 25_569),
        other => format!("{other:?}"),
    };
    let mut rows = range.rows();
    let headings: Vec<String> = rows.next().ok_or("headings")?.iter().map(text).collect();
    Ok(rows.map(|row| headings.iter().cloned().zip(row.iter().map(text)).collect()).collect())
}

/// Every session the caller sees, as the list answers it.
async fn listed(desk: &mut Desk, role: Role) -> Result<Vec<Value>, Failure> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = desk.read(role, &format!("/v1/sessions?limit=500{cursor}")).await?;
        all.extend(page["sessions"].as_array().cloned().unwrap_or_default());
        let Some(next) = page["next"].as_str() else { return Ok(all) };
        cursor = format!("&cursor={next}");
    }
}

fn as_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
