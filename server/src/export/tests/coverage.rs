//! Coverage as a table and as a map.

use super::*;

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
