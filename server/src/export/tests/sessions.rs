//! Sessions: the list as a file.

use super::*;

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
