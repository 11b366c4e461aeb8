//! No page of headquarters reads a whole table, on either engine: what it costs must not grow with everything on file.
//!
//! Each page of the load tool is asked of a server over a province that is full in small. Every statement the server ran
//! is looked at: on SQLite by its query plan, on PostgreSQL by what the plan that ran really read. No time is compared.

mod flood;
mod heard;
mod postgres;
mod sqlite;

use std::collections::BTreeMap;

use server::coverage::testing::fill_headquarters;
use server::db::{Db, Dialect};
use server::on_db;
use sync_core::id::Role;
use tests::fleet::{Known, Page, Who, pages};
use tests::harness::{Engine, Failure, HOANH_MO, Hand, Served, Site};
use tests::on_both_engines;

use heard::Statement;

/// Sessions on file: enough for both planners to prefer an index wherever there is one that fits, and three times what a
/// list looks through at once.
const SESSIONS: u64 = 60_000;

/// Rows that a list of sessions looks through at once where no index answers its filter, and the first of the next.
const STRETCH: u64 = 20_001;

/// Tables that grow with every session, and the largest part of one that a statement may read, in percent. A month of a
/// year is 8.3, and of the roll-up a statement reads a month. Material is none of them: an export reads a page's rows in
/// whatever way is cheapest.
const LARGE: [(&str, u64); 6] =
    [("session", 12), ("review", 12), ("session_facts", 12), ("change", 12), ("batch", 12), ("audit", 12)];

struct World {
    site: Site,
    served: Served,
    callers: BTreeMap<&'static str, Hand>,
    pages: Vec<Page>,
    rows: BTreeMap<&'static str, u64>,
}

async fn world(engine: Engine) -> Result<World, Failure> {
    let site = Site::new(engine).await?;
    let db = site.open_db().await?;
    fill_headquarters(&db, SESSIONS, 1).await?;
    if db.dialect() == Dialect::Postgres {
        postgres::tell_plans(&db).await?;
    }
    let rows = count(&db).await?;
    db.close().await;
    let served = site.serve().await?;
    let mut callers = BTreeMap::new();
    let mut guard = Hand::enrol(&served, "bienphong", Role::Guard, &[HOANH_MO]).await?;
    let change = guard.session(12)?;
    let batch = guard.seal(HOANH_MO, std::slice::from_ref(&change))?;
    guard.sync(HOANH_MO, vec![batch]).await?;
    let known =
        Known { session: change.1.to_string(), device: guard.id.to_string(), recorder: guard.recorder.0.to_string() };
    for (who, role, areas) in
        [(Who::Officer, Role::Officer, &[HOANH_MO][..]), (Who::Coordinator, Role::Coordinator, &[])]
    {
        callers.insert(who.name(), Hand::enrol(&served, who.name(), role, areas).await?);
    }
    let mut pages = pages(HOANH_MO, &known);
    pages.extend(of_one_unit());
    Ok(World { site, served, callers, pages, rows })
}

/// What the inbox asks when one unit is chosen.
fn of_one_unit() -> impl Iterator<Item = Page> {
    let states =
        ["new", "amended", "disputed", "returned", "confirmed"].map(|state| format!("sessions?state={state}&"));
    let lists = ["inbox?", "sessions?conflict=true&", "duplicates?standing=open&", "quarantine?"].map(str::to_owned);
    let targets: Vec<String> = lists.into_iter().chain(states).collect();
    [Who::Officer, Who::Coordinator].into_iter().flat_map(move |who| {
        let target = |list: &String| {
            let sort = if list.starts_with("sessions") { "&sort=received&limit=100" } else { "" };
            let target = format!("/v1/{list}area={HOANH_MO}{sort}");
            Page { who, name: target.clone(), target, body: None }
        };
        targets.iter().map(target).collect::<Vec<_>>()
    })
}

async fn count(db: &Db) -> Result<BTreeMap<&'static str, u64>, Failure> {
    let mut rows = BTreeMap::new();
    for (table, _) in LARGE {
        let text = format!("select count(*) from {table}");
        let count: i64 = on_db!(db, |c| sqlx::query_scalar(sqlx::AssertSqlSafe(text)).fetch_one(c).await)?;
        rows.insert(table, count.cast_unsigned());
    }
    Ok(rows)
}

/// Asks every page; what the server ran for each.
async fn asked(world: &mut World) -> Result<Vec<(String, Vec<Statement>)>, Failure> {
    let mut all = Vec::new();
    for page in &world.pages {
        let by = world.callers.get_mut(page.who.name()).ok_or("a caller")?;
        let (method, media) = if page.body.is_some() { ("POST", "application/json") } else { ("GET", "") };
        let body = page.body.as_ref().map(ToString::to_string).unwrap_or_default().into_bytes();
        heard::take();
        let answer = by.send(method, &page.target, media, body, true).await?;
        let what = format!("{} {}", page.who.name(), page.name);
        assert_eq!(answer.status, 200, "{what}: {}", String::from_utf8_lossy(&answer.bytes));
        let statements = heard::take();
        assert!(!statements.is_empty(), "{what}: no statement was heard of");
        all.push((what, statements));
    }
    Ok(all)
}

on_both_engines! {
    async fn no_page_of_headquarters_reads_a_whole_table(engine) {
        let _alone = heard::alone().await;
        let mut world = world(engine).await?;
        let asked = asked(&mut world).await?;
        let db = world.site.open_db().await?;
        let mut wrong = Vec::new();
        for (what, statements) in &asked {
            for statement in statements {
                let faults = match engine {
                    Engine::Sqlite => sqlite::faults(&db, statement).await?,
                    Engine::Postgres => postgres::faults(&world.rows, statement)?,
                };
                wrong.extend(faults.into_iter().map(|fault| format!("{what}\n    {fault}")));
            }
        }
        db.close().await;
        world.served.stop().await?;
        wrong.sort();
        wrong.dedup();
        assert!(wrong.is_empty(), "{} of {} pages' statements:\n{}", wrong.len(), asked.len(), wrong.join("\n"));
        Ok(())
    }
}
