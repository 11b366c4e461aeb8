//! The story whose traces are kept: every table of a server has rows, and a device has something new to bring.

use std::collections::BTreeSet;

use serde_json::json;
use server::db::Db;
use server::on_db;
use sqlx::AssertSqlSafe;
use sync_core::id::{Role, UnixMs};
use sync_core::record::Decision;

use super::database::{keep_schemas, store_text};
use super::wire::{Exchange, Teller};
use super::{device_file, keep};
use crate::harness::{BINH_LIEU, Engine, Failure, HOANH_MO, Hand, NA_CHOONG, Phone, START, Served, Site};

/// When the story ends, and everything kept of the line was said.
pub const AT: UnixMs = UnixMs(START.0 + 86_400_000);

/// Lives through the story and keeps what is not kept yet.
///
/// # Errors
/// When anything in it fails.
pub async fn tell(engine: Engine) -> Result<(), Failure> {
    let site = Site::new(engine).await?;
    let db = site.open_db().await?;
    shorten(&db).await?;
    db.close().await;
    let served = site.serve().await?;
    let mut an = Phone::enrol(&site, &served, "anh", Role::Guard, &[HOANH_MO]).await?;
    let mut binh = Phone::enrol(&site, &served, "binh", Role::Guard, &[HOANH_MO]).await?;
    let mut officer = Phone::enrol(&site, &served, "can.bo", Role::Officer, &[HOANH_MO]).await?;
    let shared = an.record(HOANH_MO, 10, 1).await?;
    let other = an.record(HOANH_MO, 20, 2).await?;
    let told_twice = binh.record(HOANH_MO, 21, 0).await?;
    for phone in [&mut an, &mut binh, &mut officer] {
        phone.sync().await?;
    }
    // A second epoch.
    served.rebuild().await?;
    an.attend(shared, 11).await?;
    binh.attend(shared, 12).await?;
    binh.hand_out(shared, 7, "hotline").await?;
    officer.field.review(other, Decision::Confirm, "").await?;
    for phone in [&mut an, &mut binh, &mut officer] {
        phone.sync().await?;
        site.clock.advance_ms(1_000);
    }
    let mut chi = Hand::enrol(&served, "chi", Role::Guard, &[HOANH_MO]).await?;
    let changes = [chi.session(1)?, chi.session(2)?, chi.session(3)?];
    let mut batches = Vec::new();
    for change in &changes {
        batches.push(chi.seal(HOANH_MO, std::slice::from_ref(change))?);
    }
    // One is missing, so that one waits.
    chi.deposit(vec![batches[0].clone(), batches[2].clone()]).await?.receipts()?;
    let mut stranger = Hand::enrol(&served, "dung", Role::Guard, &[BINH_LIEU]).await?;
    let foreign = [stranger.session(4)?, stranger.session(5)?];
    let batch = stranger.seal(HOANH_MO, &foreign)?;
    stranger.deposit(vec![batch]).await?.receipts()?;
    let items = officer.read("/v1/quarantine").await?["items"].clone();
    let release = format!("/v1/quarantine/{}/{}/release", items[0]["batch"], items[0]["ordinal"]);
    officer.call("POST", &release, Some(json!({}))).await?;
    let one_event = json!({ "a": other, "b": told_twice, "decision": "linked", "counted": other,
        "reason": "đã hỏi cả hai người ghi" });
    officer.call("POST", "/v1/duplicates", Some(one_event)).await?;
    headquarters(&site, &served).await?;

    site.clock.advance_ms(AT.0 - server::clock::Clock::now(&*site.clock).0);
    chi.forget_pin().await?;
    let teller = Teller::between(&served.url).await?;
    let account = served.account("lan", Role::Guard, &[HOANH_MO]).await?;
    let code = served.code(&account).await?;
    let mut lan = Phone::enrol_with(&site, &teller.url, "lan", &code).await?;
    lan.record(HOANH_MO, 33, 3).await?;
    lan.sync().await?;
    lan.record(HOANH_MO, 44, 4).await?;
    let place = lan.place().to_owned();
    let closed = lan.close().await?;
    keep(&device_file(engine, "store.sql"), store_text(&place).await?.as_bytes())?;
    keep(&device_file(engine, "key"), &std::fs::read(place.join("key"))?)?;
    served.stop().await?;
    let db = site.open_db().await?;
    keep_schemas(engine, &db).await?;
    db.close().await;

    // What the device says next, and what it is answered: of a deposit, of a carried file, of a sync.
    let served = site.serve().await?;
    let teller = Teller::between(&served.url).await?;
    let mut lan = closed.open().await?;
    lan.field.move_server(&teller.url).await?;
    chi.move_to(&teller.url);
    chi.deposit(vec![batches[1].clone()]).await?.receipts()?;
    keep_exchanges(engine, "deposit", &teller)?;
    let exported = lan.field.export().await?;
    lan.field.carry(exported.bytes).await?;
    keep_exchanges(engine, "carried", &teller)?;
    lan.sync().await?;
    keep_exchanges(engine, "sync", &teller)
}

/// What the province and an administrator enter by hand.
async fn headquarters(site: &Site, served: &Served) -> Result<(), Failure> {
    let mut coordinator = Phone::enrol(site, served, "dieu.phoi", Role::Coordinator, &[]).await?;
    let entries = [
        (
            "/v1/material/issues",
            json!({ "post": "hoanh-mo", "kind": "leaflet", "quantity": 500, "issued_on": "2026-11-02" }),
        ),
        ("/v1/clubs/c-06655/meetings", json!({ "held_on": "2026-11-05", "meetings": 2 })),
        ("/v1/media", json!({ "kind": "broadcast", "published_on": "2026-11-06", "quantity": 3, "minutes": 20 })),
        (
            "/v1/figures",
            json!({ "code": "illegal_exits", "from": "2026-01-01", "to": "2026-10-31", "quantity": 7,
                "source": "Báo cáo tháng 10" }),
        ),
    ];
    for (path, entry) in entries {
        coordinator.call("POST", path, Some(entry)).await?;
    }
    let mut administrator = Phone::enrol(site, served, "quan.tri", Role::Administrator, &[]).await?;
    let accounts = administrator.read("/v1/accounts").await?;
    let an = accounts.as_array().and_then(|all| all.iter().find(|account| account["username"] == "anh"));
    let path = format!("/v1/accounts/{}", an.ok_or("the account of An")?["id"]);
    administrator.call("POST", &path, Some(json!({ "post": "hoanh-mo" }))).await?;
    Ok(())
}

/// Keeps what was said on the line since this was asked last, numbered from 1.
fn keep_exchanges(engine: Engine, name: &str, teller: &Teller) -> Result<(), Failure> {
    for (at, Exchange { request, answer }) in teller.take().iter().enumerate() {
        keep(&device_file(engine, &format!("{name}-{}.request", at + 1)), request)?;
        keep(&device_file(engine, &format!("{name}-{}.answer", at + 1)), answer)?;
    }
    Ok(())
}

/// Leaves of the reference data what the story needs: kept files are to be read by people too.
async fn shorten(db: &Db) -> Result<(), Failure> {
    const LINES: &str = "select from_generation, from_code, to_generation, to_code from unit_lineage";
    const VILLAGES: &str = "select village_id from village_unit where generation = 2025 and code = 6841 order by 1";
    let lines: Vec<(i64, i64, i64, i64)> = on_db!(db, |c| sqlx::query_as(LINES).fetch_all(c).await)?;
    let mut units: BTreeSet<(i64, i64)> = BTreeSet::from([(2025, 6841), (2025, 6838)]);
    for _ in 0..2 {
        let near = |a: (i64, i64), b: (i64, i64)| units.contains(&b).then_some(a);
        let above: Vec<_> = lines.iter().filter_map(|line| near((line.0, line.1), (line.2, line.3))).collect();
        units.extend(above);
    }
    let villages: Vec<String> = on_db!(db, |c| sqlx::query_scalar(VILLAGES).fetch_all(c).await)?;
    let kept = villages.iter().filter(|id| *id == NA_CHOONG).chain(villages.iter().take(2));
    let kept: Vec<String> = kept.map(|id| format!("'{id}'")).collect();
    let kept = kept.join(", ");
    let is_unit = |generation: &str, code: &str| {
        let each: Vec<String> = units.iter().map(|(g, c)| format!("({generation} = {g} and {code} = {c})")).collect();
        each.join(" or ")
    };
    let mut texts: Vec<String> = ["village_suggestion", "village_choice", "village_unit", "village_former_name"]
        .iter()
        .map(|table| format!("delete from {table} where village_id not in ({kept})"))
        .collect();
    texts.extend([
        "delete from village_suggestion".to_owned(),
        "delete from village_choice".to_owned(),
        format!("delete from village_unit where not ({})", is_unit("generation", "code")),
        format!("delete from village where id not in ({kept})"),
        format!(
            "delete from unit_lineage where not (({}) and ({}))",
            is_unit("from_generation", "from_code"),
            is_unit("to_generation", "to_code")
        ),
        format!("delete from unit where not ({})", is_unit("generation", "code")),
        "delete from reference_item where position > 1".to_owned(),
    ]);
    let mut tx = db.begin().await?;
    for text in texts {
        on_db!(tx, |c| sqlx::query(AssertSqlSafe(text)).execute(c).await.map(drop))?;
    }
    Ok(tx.commit().await?)
}
