//! Five devices record and edit without signal, two of them the same session, and meet the server in every order.

use std::collections::BTreeMap;

use serde_json::Value;
use sync_core::id::{DeviceId, RecordId, Role};
use tests::harness::{Engine, Failure, HOANH_MO, Phone, Seen, Served, Site};

/// Lan, Bình, Chi, Dũng, Em; Em never has signal, and a colleague carries a file.
const NAMES: [&str; 5] = ["lan", "binh", "chi", "dung", "em.xa"];
const CARRIED: usize = 4;

/// A field, and its values with the devices that wrote them, sorted.
type Conflicts = Vec<(String, Vec<(String, DeviceId)>)>;

/// What was recorded before anybody met, as files.
struct Start {
    site: Site,
    phones: Vec<tests::harness::Closed>,
    reader: tests::harness::Closed,
    shared: RecordId,
    conflict: Conflicts,
}

/// A session that all know; then, out of reach of each other: five new sessions, two different corrections of the
/// shared one's attendances, three tallies of leaflets on it, a correction of one's own tally.
async fn start(engine: Engine) -> Result<Start, Failure> {
    let site = Site::new(engine).await?;
    let served = site.serve().await?;
    let mut phones = Vec::new();
    for name in NAMES {
        phones.push(Phone::enrol(&site, &served, name, Role::Guard, &[HOANH_MO]).await?);
    }
    let reader = Phone::enrol(&site, &served, "kiem", Role::Coordinator, &[]).await?;
    let shared = phones[0].record(HOANH_MO, 40, 10).await?;
    for phone in &mut phones {
        phone.sync().await?;
    }
    served.stop().await?;
    for (phone, leaflets) in phones.iter_mut().zip([1, 2, 4, 8, 16]) {
        phone.record(HOANH_MO, 100, leaflets).await?;
    }
    phones[1].attend(shared, 45).await?;
    phones[2].attend(shared, 50).await?;
    phones[1].hand_out(shared, 30, "hotline").await?;
    phones[2].hand_out(shared, 60, "labour").await?;
    phones[CARRIED].hand_out(shared, 100, "rights").await?;
    phones[CARRIED].hand_out(shared, 90, "rights").await?;
    let mut values = vec![("45".to_owned(), phones[1].id()), ("50".to_owned(), phones[2].id())];
    values.sort();
    let conflict = vec![("attendances".to_owned(), values)];
    let mut closed = Vec::new();
    for phone in phones {
        closed.push(phone.close().await?);
    }
    Ok(Start { site, phones: closed, reader: reader.close().await?, shared, conflict })
}

/// Every order of `0..5`.
fn orders() -> Vec<Vec<usize>> {
    fn extend(head: &mut Vec<usize>, all: &mut Vec<Vec<usize>>) {
        if head.len() == NAMES.len() {
            all.push(head.clone());
            return;
        }
        for next in 0..NAMES.len() {
            if !head.contains(&next) {
                head.push(next);
                extend(head, all);
                head.pop();
            }
        }
    }
    let mut all = Vec::new();
    extend(&mut Vec::new(), &mut all);
    all
}

/// The conflicts of a record as the API lists them.
async fn listed(reader: &mut Phone, id: RecordId) -> Result<Conflicts, Failure> {
    let answer = reader.read("/v1/conflicts").await?;
    let of_record = answer["conflicts"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    of_record
        .map(|conflict| {
            assert_eq!(conflict["record"], Value::String(id.to_string()));
            let mut values = Vec::new();
            for value in conflict["values"].as_array().into_iter().flatten() {
                assert!(value["person"].as_str().is_some_and(|name| name.starts_with("Đồng chí")), "{value}");
                values.push((text(&value["value"]), text(&value["device"]).parse()?));
            }
            values.sort();
            Ok((text(&conflict["field"]), values))
        })
        .collect()
}

struct End {
    served: Served,
    phones: Vec<Phone>,
    reader: Phone,
}

/// One sync each in this order, then one more each, so that all have heard of all.
async fn meet(start: &Start, site: &Site, order: &[usize]) -> Result<End, Failure> {
    let served = site.serve().await?;
    site.clock.advance_ms(60_000);
    let mut phones = Vec::new();
    for closed in &start.phones {
        phones.push(closed.copy(site)?.open_at(&served).await?);
    }
    let reader = start.reader.copy(site)?.open_at(&served).await?;
    for who in order {
        if *who == CARRIED {
            let file = phones[CARRIED].field.export().await?;
            let carried = phones[0].field.carry(file.bytes).await?;
            phones[CARRIED].field.import_receipts(&carried.receipts).await?;
            assert_eq!(phones[CARRIED].field.status().await?.only_here, 0, "{order:?}");
        } else {
            phones[*who].sync().await?;
        }
    }
    for who in order {
        let report = phones[*who].sync().await?;
        assert_eq!(report.sent, 0, "what was acknowledged is not sent again: {order:?}");
    }
    Ok(End { served, phones, reader })
}

async fn check(start: &Start, end: End, order: &[usize]) -> Result<(), Failure> {
    let End { served, mut phones, mut reader } = end;
    let documents: BTreeMap<RecordId, [u8; 32]> = served.documents().await?;
    assert_eq!(documents.len(), 6, "{order:?}");
    let totals = reader.totals().await?;
    // 10 and 1+2+4+8+16 of the first tallies, 30 and 60 and the corrected 90 on the shared session.
    assert_eq!((totals.sessions, totals.leaflets), (6, 10 + 31 + 30 + 60 + 90), "{order:?}");
    assert!([545, 550].contains(&totals.attendances), "one of both values shows: {totals:?}");
    assert_eq!(listed(&mut reader, start.shared).await?, start.conflict, "{order:?}");
    for phone in &mut phones {
        assert_eq!(phone.documents().await?, documents, "{order:?}");
        assert_eq!(phone.seen().await?, totals, "{order:?}");
        assert_eq!(phone.conflicts(start.shared).await?, start.conflict, "{order:?}");
    }
    if order[0] == order.len() - 1 || order[0] == order[1] + 1 {
        served.verify().await?;
    }
    drop(phones);
    drop(reader);
    served.stop().await
}

/// Runs each `step`th of the 120 orders, from the one numbered `from`.
async fn every_order(engine: Engine, from: usize, step: usize) -> Result<(), Failure> {
    let start = start(engine).await?;
    let mut shown = None;
    for order in orders().into_iter().skip(from).step_by(step) {
        let site = start.site.copy().await?;
        let mut end = meet(&start, &site, &order).await?;
        // The same value shows whatever the order was.
        let totals: Seen = end.reader.totals().await?;
        assert_eq!(*shown.get_or_insert(totals.clone()), totals, "{order:?}");
        check(&start, end, &order).await?;
    }
    Ok(())
}

/// In two halves, so that two cores share the work.
mod five_devices_end_equal_in_each_of_120_orders_on_sqlite {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn even() -> Result<(), Failure> {
        every_order(Engine::Sqlite, 0, 2).await
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn odd() -> Result<(), Failure> {
        every_order(Engine::Sqlite, 1, 2).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_devices_end_equal_in_12_orders_on_postgres() -> Result<(), Failure> {
    if Engine::Postgres.is_left_out() {
        return Ok(());
    }
    every_order(Engine::Postgres, 0, 10).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_settled_conflict_is_settled_everywhere() -> Result<(), Failure> {
    let start = start(Engine::Sqlite).await?;
    let site = start.site.copy().await?;
    let mut end = meet(&start, &site, &[0, 1, 2, 3, 4]).await?;
    let whole = end.phones[3].field.whole(start.shared).await?;
    let chosen = whole.conflicts[0].values.iter().find(|claim| claim.value.to_text() == "45").ok_or("Bình's value")?;
    end.phones[3].field.resolve(start.shared, "attendances", &chosen.value).await?;
    for who in [3, 0, 1, 2, 4] {
        end.phones[who].sync().await?;
        assert_eq!(end.phones[who].conflicts(start.shared).await?, []);
    }
    assert_eq!(listed(&mut end.reader, start.shared).await?, []);
    assert_eq!(end.reader.totals().await?.attendances, 545);
    Ok(())
}
