//! Panels, material and villages not reached.

use super::*;

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
