//! Issues and stock as callers see them, on both engines.

use serde_json::{Value, json};
use sync_core::id::Role::{Administrator, Coordinator, Guard, Officer};

use crate::db::Db;
use crate::db::testing::{Failure, on_each};
use crate::register::desk::{Desk, run};
use crate::session::testing::{Told, area};

fn issue(post: &str, quantity: i64, day: &str) -> Value {
    json!({ "post": post, "kind": "leaflet", "quantity": quantity, "issued_on": day })
}

async fn account(db: &Db, id: i64, area: (i64, i64)) -> Result<(), Failure> {
    let (generation, code) = area;
    run(
        db,
        &format!(
            "insert into account (id, username, display_name, role, password_hash, active, created_at_ms) \
             values ({id}, 'so.{id}', 'Số {id}', 'guard', '', (1 = 1), 0)"
        ),
    )
    .await?;
    let area = format!("insert into account_area (account_id, generation, code) values ({id}, {generation}, {code})");
    Ok(run(db, &area).await?)
}

async fn posted(db: &Db, id: i64, since: &str, post: Option<&str>) -> Result<(), Failure> {
    let since = crate::coverage::calendar::parse_day(since).ok_or("a day")?;
    let post = post.map_or("null".to_owned(), |post| format!("'{post}'"));
    let text = format!("insert into account_post (account_id, since_day, post_id) values ({id}, {since}, {post})");
    Ok(run(db, &text).await?)
}

async fn handed_out(db: &Db, day: &str, recorder: u8, quantity: u32) -> Result<(), Failure> {
    Told::new(area(2025, 6841), "a", day, recorder, 30)?.handing_out("leaflet", quantity)?.store(db, 1).await?;
    Ok(())
}

fn of<'a>(stock: &'a Value, post: &str) -> &'a Value {
    let posts = stock["posts"].as_array();
    let found = posts.and_then(|posts| posts.iter().find(|found| found["post"] == post));
    found.map_or(&Value::Null, |post| &post["kinds"])
}

#[tokio::test]
async fn what_was_handed_out_counts_with_the_post_of_its_day() -> Result<(), Failure> {
    on_each(async |db| {
        let mut desk = Desk::new(db).await?;
        account(db, 11, (2025, 6841)).await?;
        account(db, 12, (2025, 6838)).await?;
        // Moves in the middle of October; at the end of November at none.
        posted(db, 11, "2026-01-01", Some("hoanh-mo")).await?;
        posted(db, 11, "2026-10-15", Some("binh-lieu")).await?;
        posted(db, 11, "2026-11-30", None).await?;
        for (day, quantity) in [
            ("2025-12-31", 3),
            ("2026-01-01", 4),
            ("2026-10-14", 10),
            ("2026-10-15", 20),
            ("2026-11-29", 30),
            ("2026-11-30", 40),
        ] {
            handed_out(db, day, 11, quantity).await?;
        }
        handed_out(db, "2026-08-20", 12, 7).await?;
        desk.enter(Coordinator, "/v1/material/issues", &issue("hoanh-mo", 100, "2026-03-01")).await?;
        let late = desk.enter(Coordinator, "/v1/material/issues", &issue("hoanh-mo", 50, "2026-11-20")).await?;

        let stock = desk.read(Coordinator, "/v1/material/stock?to=2026-11-30").await?;
        assert_eq!(stock["to"], "2026-11-30");
        let expected = json!([{ "kind": "leaflet", "issued": 150, "handed_out": 14, "left": 136 }]);
        assert_eq!(*of(&stock, "hoanh-mo"), expected);
        let expected = json!([{ "kind": "leaflet", "issued": 0, "handed_out": 50, "left": -50 }]);
        assert_eq!(*of(&stock, "binh-lieu"), expected);
        // At no post: before the first, after the last, and who never was at one.
        assert_eq!(stock["unassigned"], json!([{ "kind": "leaflet", "handed_out": 50 }]));
        let before = desk.read(Coordinator, "/v1/material/stock?to=2026-10-13").await?;
        assert_eq!(before["to"], "2026-10-13");
        let expected = json!([{ "kind": "leaflet", "issued": 100, "handed_out": 4, "left": 96 }]);
        assert_eq!(*of(&before, "hoanh-mo"), expected);

        // An officer: posts of the own areas, and of people at no post only those of the own areas.
        let seen = desk.read(Officer, "/v1/material/stock?to=2026-11-30").await?;
        let posts: Vec<&str> =
            seen["posts"].as_array().into_iter().flatten().filter_map(|post| post["post"].as_str()).collect();
        assert_eq!(posts, ["hoanh-mo", "hoanh-mo-team", "dong-van"]);
        assert_eq!(seen["unassigned"], json!([{ "kind": "leaflet", "handed_out": 43 }]));

        let void = format!("/v1/material/issues/{}/void", late["id"]);
        desk.enter(Coordinator, &void, &json!({ "reason": "chưa nhận" })).await?;
        let stock = desk.read(Administrator, "/v1/material/stock").await?;
        assert_eq!(of(&stock, "hoanh-mo")[0]["issued"], 100);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn issues_come_in_pages_the_latest_first_and_by_post() -> Result<(), Failure> {
    on_each(async |db| {
        let mut desk = Desk::new(db).await?;
        for (at, post) in (1..).zip(["hoanh-mo", "binh-lieu", "hoanh-mo", "hoanh-mo", "binh-lieu"]) {
            let day = format!("2026-11-{:02}", 10 + at / 2);
            desk.enter(Coordinator, "/v1/material/issues", &issue(post, at, &day)).await?;
        }
        let mut seen = Vec::new();
        let mut next = String::new();
        loop {
            let page = desk.read(Coordinator, &format!("/v1/material/issues?limit=2{next}")).await?;
            let rows = page["issues"].as_array().cloned().unwrap_or_default();
            seen.extend(rows.iter().filter_map(|row| row["quantity"].as_i64()));
            let Some(cursor) = page["next"].as_str() else { break };
            next = format!("&cursor={cursor}");
        }
        assert_eq!(seen, [5, 4, 3, 2, 1]);
        let of_officer = desk.read(Officer, "/v1/material/issues").await?;
        assert_eq!(of_officer["issues"].as_array().map(Vec::len), Some(3));
        let by_post = desk.read(Coordinator, "/v1/material/issues?post=binh-lieu&from=2026-11-12").await?;
        assert_eq!(by_post["issues"].as_array().map(Vec::len), Some(1));
        for role in [Guard, Officer, Administrator] {
            let refused = desk.refused(role, "/v1/material/issues", &issue("hoanh-mo", 1, "2026-11-01")).await?;
            assert_eq!(refused.0, "request.forbidden", "{role}");
        }
        for (field, body) in [
            ("post", issue("nowhere", 1, "2026-11-01")),
            ("quantity", issue("hoanh-mo", 0, "2026-11-01")),
            ("issued_on", issue("hoanh-mo", 1, "2027-01-01")),
            ("kind", json!({ "post": "hoanh-mo", "kind": "film", "quantity": 1, "issued_on": "2026-11-01" })),
        ] {
            assert_eq!(desk.refused(Coordinator, "/v1/material/issues", &body).await?.1, field);
        }
        Ok(())
    })
    .await
}
