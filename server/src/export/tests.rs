//! Files read back with other libraries and compared cell by cell, on both engines.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

use axum::http::header;
use calamine::{Data, Reader, Xlsx, open_workbook_from_rs};
use geojson::GeoJson;
use serde_json::{Value, json};
use sync_core::id::Role::{self, Administrator, Coordinator, Guard, Officer};
use sync_core::record::Patch;

use crate::coverage::calendar::{day_text, parse_day};
use crate::coverage::testing::fill;
use crate::db::testing::{Failure, on_each};
use crate::register::desk::{Desk, run};
use crate::session::testing::{Told, area};

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

const FORMATS: [(&str, &str); 4] = [
    ("village_meeting", "Village meeting"),
    ("house_visit", "House to house"),
    ("market", "At a market day"),
    ("school", "At a school"),
];

/// Column by column, what a row must hold of a session.
fn expected(session: &Value) -> Vec<(&'static str, String)> {
    let format = FORMATS.iter().find(|(code, _)| session["format"] == *code).map_or("", |(_, word)| word);
    vec![
        ("Record", as_text(&session["id"])),
        ("Date held", as_text(&session["date"])),
        ("Unit as recorded, code", as_text(&session["area"])),
        ("Unit as recorded", as_text(&session["area_name"])),
        ("Unit today, code", as_text(&session["area"])),
        ("Village", as_text(&session["place"])),
        ("Session format", format.to_owned()),
        ("Attendances", as_text(&session["attendances"])),
        ("of which female", as_text(&session["women"])),
        ("of which under 16", as_text(&session["under_16"])),
        ("of which ethnic minority", as_text(&session["minority"])),
        ("Handed out: Leaflet", as_text(&session["material"]["leaflet"])),
        ("Handed out: other kinds", String::new()),
        ("Topics covered", "Hotlines; Methods of traffickers".to_owned()),
        ("Language used", "Dao".to_owned()),
        ("Partner organisations", "Women's Union".to_owned()),
        ("Review", "Pending review".to_owned()),
        ("Note", as_text(&session["note"])),
        ("Device", as_text(&session["device"])),
    ]
}

#[tokio::test]
async fn sessions_are_the_same_in_the_list_in_csv_and_in_xlsx() -> Result<(), Failure> {
    on_each(async |db| {
        let mut desk = Desk::new(db).await?;
        // More than one page of an export.
        fill(db, 2_300, 5).await?;
        for role in [Coordinator, Officer, Administrator] {
            let list = listed(&mut desk, role).await?;
            let csv = csv_sheet(&file(&mut desk, role, &wanted("sessions", "csv", false, json!({}))).await?)?;
            let xlsx = xlsx_sheet(&file(&mut desk, role, &wanted("sessions", "xlsx", false, json!({}))).await?)?;
            assert!(!list.is_empty() && (role == Officer) == (list.len() < 2_300));
            assert_eq!((csv.len(), xlsx.len()), (list.len(), list.len()), "{role}");
            for ((session, in_csv), in_xlsx) in list.iter().zip(&csv).zip(&xlsx) {
                assert_eq!(in_csv, in_xlsx);
                for (heading, value) in expected(session) {
                    assert_eq!(in_csv.get(heading), Some(&value), "{heading} of {session}");
                }
            }
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_filter_leaves_what_the_list_shows_with_it() -> Result<(), Failure> {
    on_each(async |db| {
        let mut desk = Desk::new(db).await?;
        fill(db, 300, 5).await?;
        let filter = json!({ "format": "school", "from": "2026-03-01", "to": "2026-09-30", "sort": "held" });
        let list = desk.read(Coordinator, "/v1/sessions?format=school&from=2026-03-01&to=2026-09-30&limit=500").await?;
        let count = list["sessions"].as_array().map(Vec::len);
        let sheet = csv_sheet(&file(&mut desk, Coordinator, &wanted("sessions", "csv", false, filter)).await?)?;
        assert_eq!(Some(sheet.len()), count);
        assert!(sheet.is_sorted_by_key(|row| row.get("Date held").cloned()));
        for (field, filter) in [
            ("format", json!({ "format": "Not a code" })),
            ("filter", json!({ "colour": "red" })),
            ("filter.limit", json!({ "limit": "10" })),
            ("to", json!({ "to": "30/09/2026" })),
        ] {
            let body = wanted("sessions", "csv", false, filter);
            assert_eq!(desk.refused(Coordinator, "/v1/exports", &body).await?.1, field, "{body}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn no_cell_of_a_file_begins_a_formula() -> Result<(), Failure> {
    on_each(async |db| {
        let mut desk = Desk::new(db).await?;
        fill(db, 4, 5).await?;
        let note = "=HYPERLINK(\"http://x\";\"y\")";
        run(db, &format!("update session set notes = '{note}'")).await?;
        let csv = file(&mut desk, Coordinator, &wanted("sessions", "csv", false, json!({}))).await?;
        for row in csv_sheet(&csv)? {
            assert_eq!(row["Note"], format!("'{note}"));
            let begins = |cell: &String| cell.starts_with(['=', '+', '@', '\t', '\r']);
            assert!(!row.values().any(begins), "{row:?}");
        }
        // In XLSX a text is a text: nothing has to be changed.
        let xlsx = file(&mut desk, Coordinator, &wanted("sessions", "xlsx", false, json!({}))).await?;
        assert!(xlsx_sheet(&xlsx)?.iter().all(|row| row["Note"] == note));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_leaves_the_province_names_nobody_and_hides_small_figures() -> Result<(), Failure> {
    on_each(async |db| {
        let mut desk = Desk::new(db).await?;
        fill(db, 400, 5).await?;
        run(db, "update session set households = 3 where format = 'school'").await?;
        run(db, "update session set village_id = '', place = 'Nhà ông Mẫu' where format = 'market'").await?;
        let list = listed(&mut desk, Coordinator).await?;
        let bytes = file(&mut desk, Coordinator, &wanted("sessions", "csv", true, json!({}))).await?;
        let sheet = csv_sheet(&bytes)?;
        let text = String::from_utf8(bytes)?;
        assert!(!text.contains("Bà con") && !text.contains("ông Mẫu"));
        for gone in ["Record", "Note", "Recorder", "Device", "Day received", "Open conflicts"] {
            assert!(!sheet[0].contains_key(gone), "{gone}");
        }
        let mut few = 0;
        for (session, row) in list.iter().zip(&sheet) {
            let total = session["attendances"].as_i64().ok_or("attendances")?;
            for (heading, field) in [("of which female", "women"), ("of which ethnic minority", "minority")] {
                let value = session[field].as_i64().ok_or(field)?;
                let shown = match value {
                    1..=4 => "<5".to_owned(),
                    0 => "0".to_owned(),
                    _ if (1..=4).contains(&(total - value)) => "(hidden)".to_owned(),
                    _ => value.to_string(),
                };
                few += i32::from(shown == "<5");
                assert_eq!(row[heading], shown, "{session}");
            }
            let households = if session["format"] == "school" { "<5" } else { "" };
            assert_eq!(row["Households visited"], households);
        }
        assert!(few > 10, "{few}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn totals_add_up_and_no_small_figure_can_be_subtracted_from_them() -> Result<(), Failure> {
    on_each(async |db| {
        let mut desk = Desk::new(db).await?;
        fill(db, 60, 5).await?;
        let year = json!({ "from": "2026-01", "to": "2026-12" });
        let report = desk.read(Coordinator, "/v1/coverage/totals?from=2026-01&to=2026-12").await?;
        let inside = xlsx_sheet(&file(&mut desk, Coordinator, &wanted("totals", "xlsx", false, year.clone())).await?)?;
        let (total, units) = inside.split_last().ok_or("a total")?;
        assert_eq!(total["Unit"], "Total");
        for (row, unit) in units.iter().zip(report["units"].as_array().into_iter().flatten()) {
            for (heading, field) in [
                ("Unit, code", "unit"),
                ("Unit", "name"),
                ("Sessions", "sessions"),
                ("Attendances", "attendances"),
                ("of which female", "women"),
                ("of which ethnic minority", "minority"),
            ] {
                assert_eq!(row[heading], as_text(&unit[field]), "{heading}");
            }
            assert_eq!(row["Handed out: Leaflet"], unit["material"]["leaflet"].as_i64().unwrap_or(0).to_string());
        }
        let number = |text: &String| text.parse::<i64>().ok();
        for heading in ["Sessions", "Attendances", "of which female", "Handed out: Leaflet"] {
            let sum: i64 = units.iter().filter_map(|row| number(&row[heading])).sum();
            assert_eq!(Some(sum), number(&total[heading]), "{heading}");
        }
        let outside = csv_sheet(&file(&mut desk, Coordinator, &wanted("totals", "csv", true, year)).await?)?;
        let (total, units) = outside.split_last().ok_or("a total")?;
        let mut small = 0;
        for heading in ["of which female", "of which ethnic minority"] {
            let hidden: Vec<&String> =
                units.iter().map(|row| &row[heading]).filter(|cell| number(cell).is_none()).collect();
            small += hidden.iter().filter(|cell| **cell == "<5").count();
            assert!(units.iter().filter_map(|row| number(&row[heading])).all(|value| !(1..5).contains(&value)));
            // One alone would be the total less the others.
            assert!(hidden.len() != 1 || number(&total[heading]).is_none(), "{heading}: {hidden:?}");
        }
        assert!(small > 0, "nothing had to be hidden");
        run(db, "insert into setting (name, value) values ('hq.small_count', '0')").await?;
        let shown = csv_sheet(&file(&mut desk, Coordinator, &wanted("totals", "csv", true, json!({}))).await?)?;
        assert!(shown.iter().all(|row| !row.values().any(|cell| cell.starts_with('<'))));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn coverage_is_a_table_and_a_map() -> Result<(), Failure> {
    on_each(async |db| {
        let mut desk = Desk::new(db).await?;
        fill(db, 200, 5).await?;
        let filter = json!({ "from": "2026-01", "to": "2026-06", "bucket": "quarter" });
        let report = desk.read(Coordinator, "/v1/coverage?from=2026-01&to=2026-06&bucket=quarter").await?;
        let sheet = csv_sheet(&file(&mut desk, Coordinator, &wanted("coverage", "csv", false, filter)).await?)?;
        let villages = report["villages"].as_array().ok_or("villages")?;
        assert_eq!(sheet.len(), villages.len() * 2);
        for (village, rows) in villages.iter().zip(sheet.chunks(2)) {
            for (period, row) in village["periods"].as_array().into_iter().flatten().zip(rows) {
                assert_eq!(row["Village, id"], as_text(&village["village"]));
                assert_eq!(row["Unit, code"], as_text(&village["unit"]));
                for (heading, field) in
                    [("Sessions planned", "planned"), ("Sessions", "done"), ("Attendances", "attendances")]
                {
                    assert_eq!(row[heading], as_text(&period[field]), "{heading}");
                }
            }
        }
        assert_eq!((sheet[1]["From"].as_str(), sheet[1]["To"].as_str()), ("2026-04-01", "2026-06-30"));

        let filter = json!({ "from": "2026-01", "to": "2026-06" });
        let text = String::from_utf8(file(&mut desk, Officer, &wanted("coverage", "geojson", true, filter)).await?)?;
        let GeoJson::FeatureCollection(map) = text.parse()? else { return Err("a collection".into()) };
        let shown = desk.read(Officer, "/v1/coverage/map?from=2026-01&to=2026-06").await?;
        let written: Vec<Value> = map.features.iter().map(serde_json::to_value).collect::<Result<_, _>>()?;
        assert_eq!(json!(written), shown["features"]);
        let refused = desk.refused(Coordinator, "/v1/exports", &wanted("totals", "geojson", false, json!({}))).await?;
        assert_eq!(refused.1, "format");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn panels_material_and_unreached_villages_are_files_too() -> Result<(), Failure> {
    on_each(async |db| {
        let mut desk = Desk::new(db).await?;
        let panels = csv_sheet(&file(&mut desk, Coordinator, &wanted("panels", "csv", false, json!({}))).await?)?;
        assert_eq!(panels.len(), 177);
        let own = csv_sheet(&file(&mut desk, Officer, &wanted("panels", "csv", true, json!({}))).await?)?;
        assert!(own.len() == 2 && !own[0].contains_key("Checked by"));
        let text =
            String::from_utf8(file(&mut desk, Coordinator, &wanted("panels", "geojson", false, json!({}))).await?)?;
        let GeoJson::FeatureCollection(map) = text.parse()? else { return Err("a collection".into()) };
        let placed: i64 = map.features.iter().filter_map(|unit| unit.property("all")?.as_i64()).sum();
        let open = panels.iter().filter(|panel| panel["Unit, code"].is_empty()).count();
        assert_eq!(usize::try_from(placed)? + open, 177);

        let issue = json!({ "post": "hoanh-mo", "kind": "leaflet", "quantity": 40, "issued_on": "2026-11-01" });
        desk.enter(Coordinator, "/v1/material/issues", &issue).await?;
        let stock = xlsx_sheet(&file(&mut desk, Officer, &wanted("material", "xlsx", false, json!({}))).await?)?;
        let row = stock.first().ok_or("a row")?;
        let cells =
            ["Post, id", "Material", "Issued", "Handed out", "Left by the books"].map(|name| row[name].as_str());
        assert_eq!(cells, ["hoanh-mo", "Leaflet", "40", "0", "40"]);
        assert!(parse_day(&row["Up to"]).is_some());

        let report = desk.read(Officer, "/v1/coverage/unreached?days=30").await?;
        let filter = json!({ "days": "30" });
        let villages = csv_sheet(&file(&mut desk, Officer, &wanted("unreached", "csv", false, filter)).await?)?;
        let expected = report["villages"].as_array().ok_or("villages")?;
        assert!(!expected.is_empty() && villages.len() == expected.len());
        for (row, village) in villages.iter().zip(expected) {
            assert_eq!(row["Village, id"], as_text(&village["village"]));
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn every_file_is_told_of_with_who_and_why_before_it_goes() -> Result<(), Failure> {
    on_each(async |db| {
        let mut desk = Desk::new(db).await?;
        let body = wanted("panels", "csv", true, json!({ "state": "overdue" }));
        assert_eq!(desk.refused(Guard, "/v1/exports", &body).await?.0, "request.forbidden");
        let (response, _) = desk.raw(Officer, "/v1/exports", &body).await?;
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        let row = desk.told("export.made").await?;
        assert_eq!((&row["account_name"], &row["subject"]), (&json!("Đồng chí officer"), &json!("panels")));
        let detail = json!({ "format": "csv", "leaves_province": true, "reason": "họp giao ban", "lang": "en",
            "filter": { "state": "overdue" }, "file": "banlang-panels-2026-11-23.csv" });
        assert_eq!(row["detail"], detail);
        for (field, change) in [("reason", json!("  ")), ("what", json!("people")), ("lang", json!("fr"))] {
            let mut body = body.clone();
            body[field] = change;
            assert_eq!(desk.refused(Officer, "/v1/exports", &body).await?.1, field);
        }
        // Both places are taken: nobody is told of who gets nothing.
        let taken = [desk.world.app.exports.place(), desk.world.app.exports.place()];
        assert!(taken.iter().all(Result::is_ok));
        assert_eq!(desk.post(Officer, "/v1/exports", &body).await?.code(), "server.busy");
        drop(taken);
        let rows = desk.read(Coordinator, "/v1/audit?action=export.made").await?;
        assert_eq!(rows["rows"].as_array().map(Vec::len), Some(1));
        Ok(())
    })
    .await
}

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
