//! Site visits to panels, by unit.

use sync_core::id::UnixMs;

use super::*;
use crate::audit::Actor;
use crate::reference::choice::{Choice, choose};
use crate::reference::import::{Source, import};
use crate::reference::{Kind, sample};

#[tokio::test]
async fn a_panel_check_belongs_to_the_half_of_a_split_unit_in_which_its_village_lies() -> Result<(), Failure> {
    on_each(async |db| {
        sample::install(db, true, UnixMs(0)).await?;
        let site = "panel_id,name,area,village_id,note\nnha,Nà Nhái,2024-06853,06853-na-nhai,\n";
        let source = Source {
            kind: Kind::Panels,
            file_name: "x.csv",
            bytes: site.as_bytes(),
            actor: Actor::CommandLine,
            at: UnixMs(0),
            dry_run: false,
            sample: false,
        };
        import(db, source).await?;
        let catalogues = Catalogues::new(db.clone());
        let bytes = |byte: &str, count: usize| format!("{}{}'", db.dialect().pick("x'", r"'\x"), byte.repeat(count));
        let (truth, lie) = ("1 = 1", "1 = 0");
        for (id, site) in [("01", "nha"), ("02", "somewhere")] {
            let (id, device, heads) = (bytes(id, 16), bytes("03", 8), bytes("04", 32));
            let text = format!(
                "insert into panel_check (record_id, generation, code, site, conditions, notes, voided, conflict_count, \
                 hotline_wrong, schema_number, recorder, device_id, claimed_at_ms, received_at_ms, updated_at_ms, \
                 updated_device_id, heads) values ({id}, 2024, 6853, '{site}', '[]', '', ({lie}), 0, ({truth}), 1, 1, \
                 {device}, 0, 0, 0, {device}, {heads})"
            );
            db.write(async |tx| {
                let text = sqlx::AssertSqlSafe(text.clone());
                Ok::<_, DbError>(on_db!(tx, |c| sqlx::query(text).execute(c).await.map(drop))?)
            })
            .await?;
        }
        let found = async |unit: &str| -> Result<usize, Failure> {
            let catalogue = catalogues.current().await?;
            let mut tx = db.snapshot().await?;
            let params = PanelCheckParams { area: given(unit), ..PanelCheckParams::default() };
            let page = panel_checks(&mut tx, &catalogue, &Scope::All, &params).await;
            Ok(page.map_err(|problem| problem.code())?.panel_checks.len())
        };
        assert_eq!((found("2025-06838").await?, found("2025-06862").await?), (0, 0), "nobody has said");
        let choice = Choice {
            village: "06853-na-nhai",
            unit: "2025-06862".parse()?,
            replaces: None,
            actor: Actor::CommandLine,
            at: UnixMs(0),
        };
        choose(db, choice).await?;
        assert_eq!((found("2025-06838").await?, found("2025-06862").await?), (0, 1));
        assert_eq!(found("2024-06853").await?, 2);
        Ok(())
    })
    .await
}
