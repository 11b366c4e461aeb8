//! The import as an administrator's page makes it: over HTTP, looked at first.

use axum::http::{StatusCode, header};
use serde_json::{Value, json};
use sync_core::id::Role;

use super::*;
use crate::auth::testing::{Answer, TestDevice, World};

const VILLAGES: &str = "village_id,former_name,merged_into,old_commune_code,new_commune_code,new_commune_basis,\
                        village_name,kind,source,lat,lon\n";

async fn upload(world: &World, by: &mut TestDevice, target: &str, csv: &str) -> Result<Answer, Failure> {
    let mut request = by.request("POST", target, csv.as_bytes().to_vec())?;
    request.headers_mut().insert(header::CONTENT_TYPE, "text/csv; charset=utf-8".parse()?);
    world.call(request).await
}

#[tokio::test]
async fn a_dry_run_shows_what_would_change_and_changes_nothing() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogues = filled(db).await?;
        let version = catalogues.current().await?.version();
        let world = World::new(db).await?;
        let mut admin = world.device("quantri", Role::Administrator, &[]).await?;
        let file = format!(
            "{VILLAGES},,,06841,,,Bản Mới,bản,x,21.535,107.493\n,Đồng Mô,,06841,,,Đồng Mới,thôn,x,,\n\
             ,,06841-na-po,06841,,,Nà Sa,thôn,x,,\n,,,06853,,,Bản Thử Nghiệm,thôn,x,,\n,,,06841,,,Nà Choòng,bản,x,\"21,54\",107.5\n"
        );
        let dry = upload(&world, &mut admin, "/v1/reference/villages/import?file_name=thon.csv", &file).await?;
        assert_eq!(dry.status, StatusCode::OK, "{dry:?}");
        let body = &dry.body;
        assert_eq!((&body["dry_run"], &body["version"], &body["rows"]), (&json!(true), &Value::Null, &json!(5)));
        assert_eq!(
            body["counts"],
            json!({ "added": 2, "changed": 1, "renamed": 1, "merged": 1, "moved": 0, "split": 0, "unchanged": 0,
                "kept": 131, "choices": 12 })
        );
        assert_eq!(body["added"][0], json!({ "id": "06841-ban-moi", "name": "Bản Mới" }));
        assert_eq!(body["renamed"], json!([{ "id": "06841-dong-mo", "from": "Đồng Mô", "to": "Đồng Mới" }]));
        assert_eq!(
            body["merged"],
            json!([{ "id": "06841-na-sa", "name": "Nà Sa", "into": "06841-na-po", "into_name": "Nà Pò" }])
        );
        let fields: Vec<_> =
            body["changed"][0]["fields"].as_array().into_iter().flatten().map(|f| f["field"].clone()).collect();
        assert!(fields.contains(&json!("lat_e3")) && fields.contains(&json!("kind")), "{fields:?}");
        let opened: Vec<&Value> =
            body["choices"].as_array().into_iter().flatten().filter(|choice| choice["is_new"] == true).collect();
        assert_eq!(opened.len(), 1);
        assert_eq!(opened[0]["candidates"], json!(["2025-06838", "2025-06862"]));
        assert_eq!(catalogues.current().await?.version(), version);

        let done = upload(&world, &mut admin, "/v1/reference/villages/import?dry_run=false", &file).await?;
        assert_eq!((done.status, &done.body["counts"]), (StatusCode::OK, &body["counts"]));
        assert!(done.body["version"].is_number());
        let again = upload(&world, &mut admin, "/v1/reference/villages/import", &file).await?;
        assert_eq!((&again.body["counts"]["unchanged"], &again.body["counts"]["added"]), (&json!(5), &json!(0)));
        assert_eq!(count(db, "select count(*) from reference_import where account_id is not null").await?, 1);
        // Positions are exposed; a list without the columns leaves them.
        sample::install(db, true, AT).await?;
        let listed = admin.get(&world, "/v1/reference/villages").await?;
        let village = |id: &str| -> Value {
            let items = listed.body["items"].as_array().cloned().unwrap_or_default();
            items.into_iter().find(|village| village["id"] == id).unwrap_or_default()
        };
        let position = |id: &str| (village(id)["lat_e3"].clone(), village(id)["lon_e3"].clone());
        assert_eq!(position("06841-ban-moi"), (json!(21_535), json!(107_493)));
        assert_eq!(position("06841-na-choong"), (json!(21_540), json!(107_500)));
        assert!(village("06841-na-po").get("lat_e3").is_none());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn faults_name_line_column_and_what_is_accepted_in_both_languages() -> Result<(), Failure> {
    on_each(async |db| {
        filled(db).await?;
        let world = World::new(db).await?;
        let mut admin = world.device("quantri", Role::Administrator, &[]).await?;
        let file = format!("{VILLAGES},,,06841,,,Bản Mới,bản,x,107.493,21.535\n,,,99999,,,Bản Hai,bản,x,21.5,\n");
        let dry = upload(&world, &mut admin, "/v1/reference/villages/import?dry_run=true", &file).await?;
        assert_eq!(dry.status, StatusCode::OK);
        let faults = dry.body["faults"].as_array().cloned().unwrap_or_default();
        let at: Vec<_> = faults.iter().map(|fault| (fault["line"].clone(), fault["column"].clone())).collect();
        let expected = [(2, "lat"), (2, "lon"), (3, "old_commune_code"), (3, "lon")];
        assert_eq!(at, expected.map(|(line, column)| (json!(line), json!(column))));
        assert_eq!(faults[0]["got"], "107.493");
        assert_eq!(faults[0]["accepted_en"], "decimal degrees from 6.5 to 23.5, for instance 21.535, or empty");
        assert_eq!(faults[0]["accepted_vi"], "độ thập phân từ 6.5 đến 23.5, ví dụ 21.535, hoặc để trống");
        let refused = upload(&world, &mut admin, "/v1/reference/villages/import?dry_run=false", &file).await?;
        assert_eq!((refused.status, refused.code()), (StatusCode::UNPROCESSABLE_ENTITY, "import.faults"));
        assert_eq!(refused.body["field"], "lat");
        let said = refused.body["detail_vi"].as_str().unwrap_or_default();
        assert!(said.contains("dòng 2, cột lat: “107.493” chưa đúng"), "{said}");
        // Faults of the file as a whole.
        for (file, line, column) in [
            ("\u{feff}code,vi\nx,y\n".to_owned(), 1, "en"),
            ("code,vi,en,xx\n".to_owned(), 1, "xx"),
            ("# trống\n".to_owned(), 1, ""),
            ("code,vi,en\na,b\n".to_owned(), 2, ""),
        ] {
            let dry = upload(&world, &mut admin, "/v1/reference/topics/import", &file).await?;
            let fault = &dry.body["faults"][0];
            assert_eq!((&fault["line"], &fault["column"]), (&json!(line), &json!(column)), "{file}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn only_administrators_import_but_plans_which_coordinators_import_too() -> Result<(), Failure> {
    on_each(async |db| {
        filled(db).await?;
        let world = World::new(db).await?;
        let mut coordinator = world.device("dieuphoi", Role::Coordinator, &[]).await?;
        let mut officer = world.device("canbo", Role::Officer, &[area("2025-06841")]).await?;
        let plans = "village_id,area,sessions,per\n06841-na-po,,1,month\n";
        let done = upload(&world, &mut coordinator, "/v1/reference/plans/import?dry_run=false", plans).await?;
        assert_eq!((done.status, &done.body["counts"]["added"]), (StatusCode::OK, &json!(1)));
        for (by, kind) in [(&mut coordinator, "topics"), (&mut officer, "plans")] {
            let target = format!("/v1/reference/{kind}/import");
            assert_eq!(upload(&world, by, &target, plans).await?.code(), "request.forbidden");
        }
        let unknown = upload(&world, &mut coordinator, "/v1/reference/plan/import", plans).await?;
        assert_eq!(unknown.code(), "reference.unknown-kind");
        let json = coordinator.post(&world, "/v1/reference/plans/import", &json!({})).await?;
        assert_eq!((json.code(), &json.body["accepted"]), ("body.media-type", &json!("text/csv")));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn units_that_merge_or_split_are_told_with_their_names() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let mut admin = world.device("quantri", Role::Administrator, &[]).await?;
        let units = sample::SUPPLIED.iter().find(|file| file.kind == Kind::Units).ok_or("units")?;
        let csv = std::str::from_utf8(units.bytes)?;
        let dry = upload(&world, &mut admin, "/v1/reference/units/import", csv).await?;
        assert_eq!(dry.status, StatusCode::OK, "{dry:?}");
        assert_eq!((&dry.body["counts"]["added"], &dry.body["counts"]["split"]), (&json!(402), &json!(12)));
        let split = dry.body["split"].as_array().cloned().unwrap_or_default();
        let split = split.iter().find(|split| split["id"] == "2024-06853").ok_or("Vô Ngại")?;
        assert_eq!(split["into"][0], json!({ "area": "2025-06838", "name": "Xã Bình Liêu" }));
        let merged = dry.body["merged"].as_array().cloned().unwrap_or_default();
        let merged = merged.iter().find(|merged| merged["id"] == "2024-06847").ok_or("Đồng Văn")?;
        assert_eq!((&merged["into"], &merged["into_name"]), (&json!("2025-06841"), &json!("Xã Hoành Mô")));
        Ok(())
    })
    .await
}
