//! What lies in one area's quarantine costs nobody of another area anything, however much it is.

use server::db::{Db, Dialect};
use server::on_db;
use sqlx::AssertSqlSafe;
use sync_core::id::Role;
use tests::harness::{BINH_LIEU, Engine, Failure, HOANH_MO, Hand, Site};
use tests::on_both_engines;

use super::heard::{self, Statement};
use super::{postgres, sqlite};

/// Open changes of another area; a statement may read a hundredth of them.
const FLOOD: u64 = 30_000;

/// Fills the table of open changes with those of a device that stands nowhere else.
async fn flood(db: &Db) -> Result<(), Failure> {
    let device = db.dialect().pick("x'ffffffffffffffff'", r"'\xffffffffffffffff'");
    let text = format!(
        "with recursive numbers (n) as (select 0 union all select n + 1 from numbers where n < {}) \
         insert into open_change (place, generation, code, device_id, verdict) \
         select 1000000 + n, {}, {}, {device}, \
         case n % 3 when 0 then 'waiting' when 1 then 'absent' else 'quarantined' end from numbers",
        FLOOD - 1,
        BINH_LIEU.generation,
        BINH_LIEU.code
    );
    let mut tx = db.begin().await?;
    let filling = &mut tx;
    on_db!(filling, |c| sqlx::query(AssertSqlSafe(text)).execute(c).await.map(drop))?;
    tx.commit().await?;
    if db.dialect() == Dialect::Postgres {
        postgres::tell_plans(db).await?;
    }
    Ok(())
}

/// What of a statement reads past what others brought.
async fn fault(db: &Db, engine: Engine, statement: &Statement) -> Result<Option<String>, Failure> {
    match (engine, statement) {
        (Engine::Sqlite, Statement::Text(text)) if text.contains("open_change") => {
            let plan = sqlite::plan(db, text).await?;
            let narrow = ["generation=?", "device_id=?", "rowid=?"];
            // A line names an index, or the table by the name the statement gives it.
            let is_about = |line: &str| line.contains("open_change") || line.split(' ').nth(1) == Some("o");
            let wide = |line: &&String| is_about(line) && !narrow.iter().any(|by| line.contains(by));
            Ok(plan.iter().find(wide).map(|line| format!("{line}, in {text}")))
        }
        (Engine::Postgres, Statement::Notice(notice)) => {
            let read = postgres::read(notice)?;
            let rows = read.rows.get("open_change").copied().unwrap_or_default();
            Ok((rows > FLOOD / 100).then(|| format!("{rows} rows, in {}", read.text)))
        }
        _ => Ok(None),
    }
}

on_both_engines! {
    async fn a_flooded_quarantine_is_not_read_for_others(engine) {
        let _alone = heard::alone().await;
        let site = Site::new(engine).await?;
        let db = site.open_db().await?;
        flood(&db).await?;
        let served = site.serve().await?;
        let mut guard = Hand::enrol(&served, "guard", Role::Guard, &[HOANH_MO]).await?;
        let mut officer = Hand::enrol(&served, "officer", Role::Officer, &[HOANH_MO]).await?;
        heard::take();
        let session = guard.session(12)?;
        let batch = guard.seal(HOANH_MO, &[session])?;
        assert_eq!(guard.sync(HOANH_MO, vec![batch]).await?.status, 200);
        for page in ["/v1/inbox", "/v1/quarantine", "/v1/quarantine?standing=waiting"] {
            assert_eq!(officer.send("GET", page, "", Vec::new(), true).await?.status, 200, "{page}");
        }
        let statements = heard::take();
        served.stop().await?;
        let concerns = |statement: &&Statement| match statement {
            Statement::Text(text) | Statement::Notice(text) => text.contains("open_change"),
        };
        assert!(statements.iter().filter(concerns).count() >= 4, "each of the four looks there");
        for statement in &statements {
            assert_eq!(fault(&db, engine, statement).await?, None);
        }
        db.close().await;
        Ok(())
    }
}
