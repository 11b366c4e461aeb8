//! What leaves the province: nobody named, small figures hidden.

use super::*;

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
