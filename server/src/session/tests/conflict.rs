//! Conflicts that wait for a person.

use sync_core::id::AreaId;

use super::*;
use crate::problem::Problem;

#[tokio::test]
async fn a_conflict_names_each_author() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = filled(db, 1).await?;
        let bytes = db.dialect().pick("x'", r"'\x");
        let device = format!(
            "insert into device (id, public_key, label, enrolled_at_ms) values ({bytes}{}', {bytes}{}', 'phone', 0)",
            "01".repeat(8),
            "01".repeat(32)
        );
        let claims = format!(
            r#"[{{"value":41,"author":"{}","change":"{}","claimed_at":5}},{{"value":"x","author":"{}","change":"{}","claimed_at":6}}]"#,
            "01".repeat(16),
            "aa".repeat(32),
            "02".repeat(16),
            "bb".repeat(32)
        );
        let conflict = format!(
            "insert into conflict (record_id, field, kind, generation, code, claims) \
             values ({bytes}{}', 'attendances', 1, 2025, 3, '{claims}'), ({bytes}{}', 'date', 1, 2025, 4, '{claims}')",
            "0a".repeat(16),
            "0b".repeat(16)
        );
        for text in [device, conflict] {
            db.write(async |tx| {
                let text = sqlx::AssertSqlSafe(text.clone());
                Ok::<_, DbError>(on_db!(tx, |c| sqlx::query(text).execute(c).await.map(drop))?)
            })
            .await?;
        }
        let mut tx = db.snapshot().await?;
        let params = ConflictParams { area: given("2025-00003"), ..ConflictParams::default() };
        let of_area = |problem: Problem| problem.code();
        let found = conflicts(&mut tx, &catalogue, &Scope::All, &params).await.map_err(of_area)?;
        assert_eq!(found.conflicts.len(), 1);
        let values = &found.conflicts[0].values;
        assert_eq!((values[0].author.device_label.as_deref(), values[0].claimed_at_ms), (Some("phone"), 5));
        assert_eq!((values[1].author.device_label.as_deref(), values[1].value.as_str()), (None, Some("x")));
        let params = ConflictParams { limit: given("1"), ..ConflictParams::default() };
        let first = conflicts(&mut tx, &catalogue, &Scope::All, &params).await.map_err(of_area)?;
        let params = ConflictParams { cursor: first.next, ..params };
        let second = conflicts(&mut tx, &catalogue, &Scope::All, &params).await.map_err(of_area)?;
        assert_eq!((second.conflicts.len(), second.next), (1, None));
        let own = Scope::Areas(Arc::new(BTreeSet::from([AreaId { generation: 2025, code: 4 }])));
        let found = conflicts(&mut tx, &catalogue, &own, &ConflictParams::default()).await.map_err(of_area)?;
        assert_eq!(found.conflicts.iter().map(|conflict| conflict.field.as_str()).collect::<Vec<_>>(), ["date"]);
        Ok(())
    })
    .await
}
