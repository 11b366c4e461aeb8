//! Posts and their areas over HTTP.

use axum::http::StatusCode;
use serde_json::{Value, json};
use sync_core::id::Role;

use super::*;
use crate::auth::testing::World;

fn ids(posts: &Value) -> Vec<String> {
    let posts = posts["posts"].as_array().into_iter().flatten();
    posts.filter_map(|post| post["id"].as_str()).map(ToOwned::to_owned).collect()
}

#[tokio::test]
async fn an_officer_sees_the_posts_of_the_own_areas_and_a_guard_none() -> Result<(), Failure> {
    on_each(async |db| {
        filled(db).await?;
        let world = World::new(db).await?;
        let mut officer = world.device("canbo", Role::Officer, &[area("2025-06841")]).await?;
        assert_eq!(ids(&officer.get(&world, "/v1/posts").await?.body), ["hoanh-mo", "hoanh-mo-team", "dong-van"]);
        let mut coordinator = world.device("dieuphoi", Role::Coordinator, &[]).await?;
        let all = coordinator.get(&world, "/v1/posts").await?.body;
        assert_eq!(ids(&all).len(), 9);
        assert_eq!(all["posts"][0]["areas"][0], json!({ "area": "2025-06841", "name": "Xã Hoành Mô" }));
        let mut guard = world.device("bienphong", Role::Guard, &[area("2025-06841")]).await?;
        assert_eq!(guard.get(&world, "/v1/posts").await?.code(), "request.forbidden");
        assert_eq!(
            officer.post(&world, "/v1/posts", &json!({ "name": "X", "kind": "post", "areas": [] })).await?.code(),
            "request.forbidden"
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_post_is_made_changed_and_kept_in_the_audit() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogues = filled(db).await?;
        let world = World::new(db).await?;
        let mut admin = world.device("quantri", Role::Administrator, &[]).await?;
        let new = json!({ "name": " Đội Hải Hà ", "kind": "team", "part_of": "quang-duc",
            "areas": ["2025-06946", "2025-06931", "2025-06931"] });
        let made = admin.post(&world, "/v1/posts", &new).await?;
        assert_eq!((made.status, &made.body["id"]), (StatusCode::CREATED, &json!("doi-hai-ha")));
        assert_eq!((&made.body["name"], &made.body["sample"]), (&json!("Đội Hải Hà"), &json!(false)));
        assert_eq!(made.body["areas"].as_array().map(Vec::len), Some(2));
        let twin = admin.post(&world, "/v1/posts", &new).await?;
        assert_eq!(twin.body["id"], "doi-hai-ha-2");
        let changed = json!({ "id": "doi-hai-ha", "name": "Đội Quảng Hà", "kind": "team", "areas": [] });
        let after = admin.post(&world, "/v1/posts", &changed).await?;
        assert_eq!((after.status, &after.body["part_of"]), (StatusCode::OK, &Value::Null));
        let version = catalogues.current().await?.version();
        assert_eq!(admin.post(&world, "/v1/posts", &changed).await?.status, StatusCode::OK);
        assert_eq!(catalogues.current().await?.version(), version, "the same again changes nothing");
        let posts = ids(&admin.get(&world, "/v1/posts").await?.body);
        assert_eq!(posts.iter().position(|id| id == "doi-hai-ha"), Some(9), "it keeps its place");
        assert_eq!(count(db, "select count(*) from audit where action = 'post.created'").await?, 2);
        assert_eq!(count(db, "select count(*) from audit where action = 'post.changed'").await?, 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_post_that_is_not_accepted_names_the_field() -> Result<(), Failure> {
    on_each(async |db| {
        filled(db).await?;
        let world = World::new(db).await?;
        let mut admin = world.device("quantri", Role::Administrator, &[]).await?;
        for (field, value) in [
            ("id", json!("Hoành Mô")),
            ("name", json!(" ")),
            ("kind", json!("fort")),
            ("part_of", json!("nowhere")),
            ("part_of", json!("hoanh-mo")),
            ("part_of", json!("dong-van")),
            ("areas", json!(["2025-99999"])),
        ] {
            let mut post = json!({ "id": "hoanh-mo", "name": "Đồn", "kind": "post", "areas": ["2025-06841"] });
            post[field] = value.clone();
            let answer = admin.post(&world, "/v1/posts", &post).await?;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{field} {value}");
            assert_eq!(answer.body["field"], field, "{value}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn people_work_at_a_post_since_a_day_and_what_was_before_is_kept() -> Result<(), Failure> {
    on_each(async |db| {
        filled(db).await?;
        let world = World::new(db).await?;
        let mut admin = world.device("quantri", Role::Administrator, &[]).await?;
        let new = json!({ "username": "bienphong", "display_name": "Hải", "role": "guard", "areas": ["2025-06841"],
            "password": "đồi chè 2027", "post": "hoanh-mo" });
        let made = admin.post(&world, "/v1/accounts", &new).await?;
        assert_eq!((made.status, &made.body["post"]), (StatusCode::CREATED, &json!("hoanh-mo")));
        let target = format!("/v1/accounts/{}", made.body["id"]);
        world.clock.advance_ms(3 * 86_400_000);
        admin.refresh(&world).await?;
        let moved = admin.post(&world, &target, &json!({ "post": "dong-van" })).await?;
        assert_eq!(moved.body["post"], "dong-van");
        // What is absent stays, and the same post again is no move.
        admin.post(&world, &target, &json!({ "active": true })).await?;
        admin.post(&world, &target, &json!({ "post": "dong-van" })).await?;
        assert_eq!(count(db, "select count(*) from account_post").await?, 2);
        assert_eq!(count(db, "select max(since_day) - min(since_day) from account_post").await?, 3);
        let people = async |admin: &mut crate::auth::testing::TestDevice, id: &str| -> Result<Value, Failure> {
            let posts = admin.get(&world, "/v1/posts").await?.body;
            let posts = posts["posts"].as_array().cloned().unwrap_or_default();
            Ok(posts.into_iter().find(|post| post["id"] == id).ok_or("post")?["people"].clone())
        };
        assert_eq!(
            (people(&mut admin, "hoanh-mo").await?, people(&mut admin, "dong-van").await?),
            (json!(0), json!(1))
        );
        // Twice in a day: the newest word stands.
        admin.post(&world, &target, &json!({ "post": null })).await?;
        let accounts = admin.get(&world, "/v1/accounts").await?.body;
        assert_eq!(accounts[0]["post"], Value::Null);
        assert_eq!(count(db, "select count(*) from account_post").await?, 2);
        let wrong = admin.post(&world, &target, &json!({ "post": "nowhere" })).await?;
        assert_eq!((wrong.code(), &wrong.body["field"]), ("body.field", &json!("post")));
        assert_eq!(count(db, "select count(*) from audit where action = 'account.post-changed'").await?, 2);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_officer_assigns_guards_only_to_posts_of_the_own_areas() -> Result<(), Failure> {
    on_each(async |db| {
        filled(db).await?;
        let world = World::new(db).await?;
        let guard = world.account("bienphong", Role::Guard, &[area("2025-06841")]).await?;
        let mut officer = world.device("canbo", Role::Officer, &[area("2025-06841")]).await?;
        let target = format!("/v1/accounts/{}", guard.id);
        let elsewhere = officer.post(&world, &target, &json!({ "post": "tra-co" })).await?;
        assert_eq!((elsewhere.code(), &elsewhere.body["field"]), ("body.field", &json!("post")));
        assert_eq!(officer.post(&world, &target, &json!({ "post": "dong-van" })).await?.body["post"], "dong-van");
        Ok(())
    })
    .await
}
