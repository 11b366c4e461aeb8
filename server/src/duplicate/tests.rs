use std::collections::BTreeSet;
use std::sync::Arc;

use sync_core::id::{RecordId, Role, UnixMs};

use super::{Decision, DuplicateParams, Pair, PairStanding, Pairs, Reason, count_open, decide, pairs};
use crate::auth::{Principal, Scope};
use crate::coverage::tests::{prepare, run};
use crate::db::Db;
use crate::db::testing::{Failure, on_each};
use crate::on_db;
use crate::problem::Problem;
use crate::project::{Sums, scan};
use crate::reference::Catalogue;
use crate::session::testing::{Told, area, person, scope};

async fn list(db: &Db, catalogue: &Catalogue, scope: &Scope, standing: &str) -> Result<Vec<Pair>, Failure> {
    let params = DuplicateParams { standing: Some(standing.to_owned()), ..DuplicateParams::default() };
    Ok(page(db, catalogue, scope, &params).await?.pairs)
}

async fn page(db: &Db, catalogue: &Catalogue, scope: &Scope, params: &DuplicateParams) -> Result<Pairs, Failure> {
    let mut tx = db.snapshot().await?;
    Ok(pairs(&mut tx, catalogue, scope, params).await.map_err(|problem| problem.code())?)
}

async fn say(db: &Db, catalogue: &Catalogue, by: &Principal, decision: &Decision) -> Result<Pair, Problem> {
    db.write(async |tx| decide(tx, catalogue, by, decision, UnixMs(7_000)).await).await
}

fn decision(a: RecordId, b: RecordId, decision: PairStanding, counted: Option<RecordId>) -> Decision {
    Decision { a, b, decision, counted, reason: "đã hỏi cả hai đồn".to_owned() }
}

/// Sessions and attendances that count.
async fn counted(db: &Db) -> Result<(i64, i64), Failure> {
    let mut tx = db.snapshot().await?;
    let mut sums = Sums::default();
    scan(&mut tx, 0..=40_000, "", |of| {
        for fact in of.facts() {
            sums += fact?.1.sums;
        }
        Ok(())
    })
    .await?;
    Ok((sums.sessions, sums.attendances))
}

/// Two people of two posts tell of one evening in village `a`.
async fn told_twice(db: &Db) -> Result<(Arc<Catalogue>, Told, Told), Failure> {
    let catalogue = prepare(db).await?;
    let one = Told::new(area(2024, 1), "a", "2026-03-01", 1, 40)?.starting(1_140).store(db, 100).await?;
    let other = Told::new(area(2025, 1), "a", "2026-03-01", 2, 44)?.starting(1_170).store(db, 200).await?;
    run(
        db,
        "insert into account (id, username, display_name, role, password_hash, active, created_at_ms) values \
         (2, 'hai', 'Hải', 'guard', '', true, 0)",
    )
    .await?;
    run(db, "insert into account_post (account_id, since_day, post_id) values (1, 0, 'hoanh-mo'), (2, 0, 'dong-van')")
        .await?;
    Ok((catalogue, one, other))
}

#[tokio::test]
async fn a_pair_is_suggested_with_its_reasons() -> Result<(), Failure> {
    on_each(async |db| {
        let (catalogue, one, other) = told_twice(db).await?;
        let found = list(db, &catalogue, &Scope::All, "open").await?;
        let [pair] = &found[..] else { return Err("one pair".into()) };
        assert_eq!(BTreeSet::from([pair.a.id, pair.b.id]), BTreeSet::from([one.id()?, other.id()?]));
        assert!(pair.a.id < pair.b.id);
        assert_eq!(
            pair.reasons,
            [
                Reason::SameVillage,
                Reason::SameDay,
                Reason::CloseTimes,
                Reason::TwoPosts,
                Reason::TwoRecorders,
                Reason::CloseAttendances,
                Reason::SameFormat
            ]
        );
        assert_eq!((pair.minutes_apart, pair.standing, pair.counted), (Some(30), PairStanding::Open, None));
        assert_eq!((pair.a.suspects, pair.b.suspects), (1, 1));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_link_counts_once_and_taken_back_twice() -> Result<(), Failure> {
    on_each(async |db| {
        let (catalogue, one, other) = told_twice(db).await?;
        let (one, other) = (one.id()?, other.id()?);
        let officer = person(Role::Officer, &[area(2024, 1), area(2025, 1)]);
        assert_eq!(counted(db).await?, (2, 84));
        let linked = decision(other, one, PairStanding::Linked, Some(other));
        let pair = say(db, &catalogue, &officer, &linked).await.map_err(|problem| problem.code())?;
        assert_eq!((pair.standing, pair.counted, pair.decided_by), (PairStanding::Linked, Some(other), Some(1)));
        assert_eq!((pair.decided_by_name.as_deref(), pair.decided_at_ms), (Some("Guard"), Some(7_000)));
        let (first, second) = if pair.a.id == one { (&pair.a, &pair.b) } else { (&pair.b, &pair.a) };
        assert_eq!((first.counted_as, second.counted_as), (Some(other), None));
        assert_eq!((first.suspects, second.suspects), (0, 0));
        assert_eq!(counted(db).await?, (1, 44));
        assert_eq!(list(db, &catalogue, &Scope::All, "open").await?, []);
        assert_eq!(list(db, &catalogue, &Scope::All, "linked").await?, [pair]);
        let open = decision(one, other, PairStanding::Open, None);
        say(db, &catalogue, &officer, &open).await.map_err(|problem| problem.code())?;
        assert_eq!(counted(db).await?, (2, 84));
        assert_eq!(list(db, &catalogue, &Scope::All, "open").await?.len(), 1);
        let rows: Vec<(String, String)> =
            on_db!(db, |c| { sqlx::query_as("select action, detail from audit order by id").fetch_all(c).await })?;
        let told: Vec<serde_json::Value> =
            rows.iter().map(|row| serde_json::from_str(&row.1)).collect::<Result<_, _>>()?;
        assert!(rows.iter().all(|row| row.0 == "duplicate.decided"));
        assert_eq!((&told[0]["decision"], &told[0]["before"]), (&"linked".into(), &"open".into()));
        assert_eq!((&told[1]["decision"], &told[1]["before"]), (&"open".into(), &"linked".into()));
        assert_eq!(told[1]["counted_before"], serde_json::json!(other));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn voiding_the_one_that_counts_lets_the_other_count() -> Result<(), Failure> {
    on_each(async |db| {
        let (catalogue, mut one, other) = told_twice(db).await?;
        let coordinator = person(Role::Coordinator, &[]);
        let linked = decision(one.id()?, other.id()?, PairStanding::Linked, Some(one.id()?));
        say(db, &catalogue, &coordinator, &linked).await.map_err(|problem| problem.code())?;
        assert_eq!(counted(db).await?, (1, 40));
        one.void(db, "Ghi nhầm thôn").await?;
        assert_eq!(counted(db).await?, (1, 44));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn distinct_sessions_both_count_and_are_suggested_no_more() -> Result<(), Failure> {
    on_each(async |db| {
        let (catalogue, one, other) = told_twice(db).await?;
        let distinct = decision(one.id()?, other.id()?, PairStanding::Distinct, None);
        say(db, &catalogue, &person(Role::Coordinator, &[]), &distinct).await.map_err(|problem| problem.code())?;
        assert_eq!(counted(db).await?, (2, 84));
        assert_eq!(list(db, &catalogue, &Scope::All, "open").await?, []);
        assert_eq!(list(db, &catalogue, &Scope::All, "distinct").await?.len(), 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn links_that_close_a_circle_are_refused() -> Result<(), Failure> {
    on_each(async |db| {
        let (catalogue, one, other) = told_twice(db).await?;
        let third = Told::new(area(2025, 1), "a", "2026-03-01", 3, 42)?.starting(1_150).store(db, 300).await?;
        let (one, other, third) = (one.id()?, other.id()?, third.id()?);
        let coordinator = person(Role::Coordinator, &[]);
        let link = |a, counted| decision(a, counted, PairStanding::Linked, Some(counted));
        for linked in [link(one, other), link(other, third)] {
            say(db, &catalogue, &coordinator, &linked).await.map_err(|problem| problem.code())?;
        }
        assert_eq!(counted(db).await?, (1, 42));
        let refused = say(db, &catalogue, &coordinator, &link(third, one)).await.err().map(|problem| problem.code());
        assert_eq!(refused, Some("duplicate.circle"));
        assert_eq!(counted(db).await?, (1, 42));
        // The link that is there may be turned round.
        say(db, &catalogue, &coordinator, &link(third, other)).await.map_err(|problem| problem.code())?;
        assert_eq!(counted(db).await?, (1, 44));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn pairs_of_other_areas_are_neither_seen_nor_decided() -> Result<(), Failure> {
    on_each(async |db| {
        let (catalogue, one, other) = told_twice(db).await?;
        // One of the two lies in it, the other does not.
        for areas in [vec![area(2025, 9)], vec![area(2025, 1)], vec![area(2024, 1)]] {
            let own = scope(&areas);
            assert_eq!(list(db, &catalogue, &own, "open").await?, [], "{areas:?}");
            let mut tx = db.snapshot().await?;
            assert_eq!(count_open(&mut tx, &catalogue, &own, None).await?, 0);
            drop(tx);
            let linked = decision(one.id()?, other.id()?, PairStanding::Linked, Some(one.id()?));
            let refused = say(db, &catalogue, &person(Role::Officer, &areas), &linked).await;
            assert_eq!(refused.err().map(|problem| problem.code()), Some("session.unknown"), "{areas:?}");
        }
        let both = scope(&[area(2024, 1), area(2025, 1)]);
        assert_eq!(list(db, &catalogue, &both, "open").await?.len(), 1);
        let mut tx = db.snapshot().await?;
        assert_eq!(count_open(&mut tx, &catalogue, &both, None).await?, 1);
        assert_eq!(count_open(&mut tx, &catalogue, &both, Some(area(2025, 1))).await?, 1);
        assert_eq!(count_open(&mut tx, &catalogue, &Scope::All, Some(area(2025, 9))).await?, 0);
        drop(tx);
        for role in [Role::Guard, Role::Administrator] {
            let linked = decision(one.id()?, other.id()?, PairStanding::Linked, Some(one.id()?));
            let refused = say(db, &catalogue, &person(role, &[]), &linked).await;
            assert_eq!(refused.err().map(|problem| problem.code()), Some("request.forbidden"), "{role}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_field_that_does_not_fit_is_named() -> Result<(), Failure> {
    on_each(async |db| {
        let (catalogue, one, other) = told_twice(db).await?;
        let (one, other, nobody) = (one.id()?, other.id()?, RecordId([7; 16]));
        let coordinator = person(Role::Coordinator, &[]);
        let short = Decision { reason: " a ".to_owned(), ..decision(one, other, PairStanding::Distinct, None) };
        for (field, given) in [
            ("b", decision(one, one, PairStanding::Distinct, None)),
            ("b", decision(one, nobody, PairStanding::Distinct, None)),
            ("counted", decision(one, other, PairStanding::Linked, None)),
            ("counted", decision(one, other, PairStanding::Linked, Some(nobody))),
            ("counted", decision(one, other, PairStanding::Distinct, Some(one))),
            ("reason", short),
        ] {
            let problem = say(db, &catalogue, &coordinator, &given).await.err().ok_or(field)?.document();
            assert_eq!(problem.field.as_deref(), Some(field));
        }
        assert_eq!(counted(db).await?, (2, 84));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn pages_hold_every_pair_once() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = prepare(db).await?;
        for device in 1..=5 {
            Told::new(area(2025, 1), "a", "2026-03-01", device, 10)?.store(db, 100).await?;
        }
        for own in [scope(&[]), scope(&[area(2025, 1)])] {
            let mut params = DuplicateParams { limit: Some("3".to_owned()), ..DuplicateParams::default() };
            let (mut seen, mut pages) = (BTreeSet::new(), 0);
            loop {
                let found = page(db, &catalogue, &own, &params).await?;
                pages += 1;
                seen.extend(found.pairs.iter().map(|pair| (pair.a.id, pair.b.id)));
                params.cursor = found.next;
                if params.cursor.is_none() {
                    break;
                }
            }
            assert_eq!((seen.len(), pages), (10, 4));
        }
        Ok(())
    })
    .await
}
