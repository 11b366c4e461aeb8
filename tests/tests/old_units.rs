//! A device that carries the units of 2024 goes on recording after the merger of 2025.

use serde_json::{Value, json};
use sync_core::id::{AreaId, Role};
use tests::harness::{Failure, Phone, Site};
use tests::on_both_engines;

/// Xã Đồng Văn of 2024: part of Xã Hoành Mô (06841) since July 2025, whole.
const DONG_VAN: AreaId = AreaId { generation: 2024, code: 6847 };
/// Xã Vô Ngại of 2024: split between Xã Bình Liêu (06838) and Xã Tiên Yên (06862).
const VO_NGAI: AreaId = AreaId { generation: 2024, code: 6853 };

/// Sessions by unit of a generation, and those that wait for a person, by village.
async fn counted(reader: &mut Phone, generation: u16) -> Result<(Vec<(String, i64)>, Vec<(String, i64)>), Failure> {
    let path = format!("/v1/coverage/totals?generation={generation}&from=2026-01-01&to=2026-12-31");
    let totals = reader.read(&path).await?;
    let list = |list: &Value, name: &str| {
        let rows = list.as_array().into_iter().flatten();
        rows.map(|row| (row[name].as_str().unwrap_or("?").to_owned(), row["sessions"].as_i64().unwrap_or(-1))).collect()
    };
    assert_eq!(totals["unknown"], json!([]));
    Ok((list(&totals["units"], "unit"), list(&totals["needs_choice"], "village")))
}

fn owned(rows: &[(&str, i64)]) -> Vec<(String, i64)> {
    rows.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

on_both_engines! {
    async fn a_merged_commune_counts_under_its_unit_of_both_generations(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut phone = Phone::enrol(&site, &served, "lan", Role::Guard, &[DONG_VAN]).await?;
        let mut reader = Phone::enrol(&site, &served, "kiem", Role::Coordinator, &[]).await?;
        let hoanh_mo = AreaId { generation: 2025, code: 6841 };
        let mut officer = Phone::enrol(&site, &served, "can.bo", Role::Officer, &[hoanh_mo]).await?;
        let id = phone.record_in(DONG_VAN, "06847-dong-thang", 10, 1).await?;
        phone.sync().await?;
        assert_eq!(reader.read("/v1/quarantine").await?["items"], json!([]));
        let shown = officer.read(&format!("/v1/sessions/{id}")).await?;
        assert_eq!(shown["area"], json!("2024-06847"), "the unit stays as recorded");
        assert_eq!(counted(&mut reader, 2025).await?, (owned(&[("2025-06841", 1)]), vec![]));
        assert_eq!(counted(&mut reader, 2024).await?, (owned(&[("2024-06847", 1)]), vec![]));
        officer.sync().await?;
        assert_eq!(officer.documents().await?, served.documents().await?, "the new unit's officer receives it");
        Ok(())
    }

    async fn a_split_commune_asks_a_person_once_a_village_and_then_counts(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut phone = Phone::enrol(&site, &served, "lan", Role::Guard, &[VO_NGAI]).await?;
        let mut reader = Phone::enrol(&site, &served, "kiem", Role::Coordinator, &[]).await?;
        phone.record_in(VO_NGAI, "06853-na-nhai", 10, 1).await?;
        let id = phone.record_in(VO_NGAI, "06853-na-nhai", 20, 1).await?;
        phone.sync().await?;
        assert_eq!(counted(&mut reader, 2025).await?, (vec![], owned(&[("06853-na-nhai", 2)])));
        assert_eq!(counted(&mut reader, 2024).await?, (owned(&[("2024-06853", 2)]), vec![]));

        let asked = |choices: &Value| {
            choices["choices"].as_array().into_iter().flatten().filter(|one| one["village"] == "06853-na-nhai").count()
        };
        assert_eq!(asked(&reader.read("/v1/unit-choices").await?), 1);
        let choice = json!({ "generation": 2025, "code": 6862 });
        reader.call("POST", "/v1/villages/06853-na-nhai/unit-choice", Some(choice)).await?;
        assert_eq!(asked(&reader.read("/v1/unit-choices").await?), 0);
        assert_eq!(counted(&mut reader, 2025).await?, (owned(&[("2025-06862", 2)]), vec![]));
        assert_eq!(counted(&mut reader, 2024).await?, (owned(&[("2024-06853", 2)]), vec![]));

        phone.record_in(VO_NGAI, "06853-na-nhai", 30, 1).await?;
        phone.sync().await?;
        assert_eq!(counted(&mut reader, 2025).await?, (owned(&[("2025-06862", 3)]), vec![]));
        let shown = reader.read(&format!("/v1/sessions/{id}")).await?;
        assert_eq!(shown["area"], json!("2024-06853"), "nothing recorded is rewritten");
        served.verify().await
    }
}
