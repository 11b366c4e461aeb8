//! The audit of files.

use super::*;

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
