//! Reading sessions back, on both engines.

mod conflict;
mod headquarters;
mod history;
mod lists;
mod panel_check;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::conflict::ConflictParams;
use super::{PanelCheckParams, Session, SessionPage, SessionParams, conflicts, detail, list, panel_checks};
use crate::auth::Scope;
use crate::coverage::testing::fill;
use crate::db::testing::{Failure, on_each};
use crate::db::{Db, DbError};
use crate::on_db;
use crate::reference::{Catalogue, Catalogues};

fn given(text: &str) -> Option<String> {
    Some(text.to_owned())
}

async fn page(db: &Db, catalogue: &Catalogue, scope: &Scope, params: &SessionParams) -> Result<SessionPage, Failure> {
    let filter = params.read(catalogue, scope).map_err(|problem| problem.code())?;
    let mut tx = db.snapshot().await?;
    Ok(list(&mut tx, catalogue, &filter).await?)
}

async fn all(db: &Db, catalogue: &Catalogue, scope: &Scope, params: &SessionParams) -> Result<Vec<Session>, Failure> {
    let mut params = params.clone();
    let mut found = Vec::new();
    loop {
        let page = page(db, catalogue, scope, &params).await?;
        found.extend(page.sessions);
        params.cursor = page.next;
        if params.cursor.is_none() {
            return Ok(found);
        }
    }
}

async fn run(db: &Db, text: &'static str) -> Result<(), DbError> {
    db.write(async |tx| Ok(on_db!(tx, |c| sqlx::query(text).execute(c).await.map(drop))?)).await
}

async fn filled(db: &Db, sessions: u64) -> Result<Arc<Catalogue>, Failure> {
    fill(db, sessions, 7).await?;
    Ok(Catalogues::new(db.clone()).current().await?)
}

/// How SQLite would run a page of this list, one step a line.
async fn plan(db: &Db, catalogue: &Catalogue, scope: &Scope, params: &SessionParams) -> Result<String, Failure> {
    let filter = params.read(catalogue, scope).map_err(|problem| problem.code())?;
    let (text, conditions) = super::list::statement(&filter, None);
    let text = format!("explain query plan {text}");
    let crate::db::Engine::Sqlite(pool) = db.engine() else { return Err("not SQLite".into()) };
    let query = sqlx::query_as(sqlx::AssertSqlSafe(text));
    let steps: Vec<(i64, i64, i64, String)> = super::condition::bind!(query, &conditions.bound).fetch_all(pool).await?;
    Ok(steps.into_iter().map(|step| step.3).collect::<Vec<_>>().join("\n"))
}

#[tokio::test]
async fn nobody_reads_outside_the_own_areas() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = filled(db, 120).await?;
        let everything = all(db, &catalogue, &Scope::All, &SessionParams::default()).await?;
        let area = everything.first().ok_or("sessions")?.area;
        let other = everything.iter().find(|session| session.area != area).ok_or("another area")?;
        let scope = Scope::Areas(Arc::new(BTreeSet::from([area])));
        let own = all(db, &catalogue, &scope, &SessionParams::default()).await?;
        assert_eq!(own.len(), everything.iter().filter(|session| session.area == area).count());
        assert!(own.iter().all(|session| session.area == area));
        let asked = SessionParams { area: given(&other.area.to_string()), ..SessionParams::default() };
        assert_eq!(all(db, &catalogue, &scope, &asked).await?, []);
        let mut tx = db.snapshot().await?;
        assert_eq!(detail(&mut tx, &catalogue, &scope, other.id).await?, None);
        drop(tx);
        let none = Scope::Areas(Arc::default());
        assert_eq!(all(db, &catalogue, &none, &SessionParams::default()).await?, []);
        let mut tx = db.snapshot().await?;
        let found = conflicts(&mut tx, &catalogue, &none, &ConflictParams::default()).await;
        assert_eq!(found.map_err(|problem| problem.code())?.conflicts, []);
        let found = panel_checks(&mut tx, &catalogue, &none, &PanelCheckParams::default()).await;
        assert_eq!(found.map_err(|problem| problem.code())?.panel_checks, []);
        Ok(())
    })
    .await
}
