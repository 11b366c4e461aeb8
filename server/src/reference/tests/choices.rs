//! Choices over HTTP: who may choose, what is answered, and how a choice is corrected.

use serde_json::{Value, json};
use sync_core::id::Role;

use super::*;
use crate::auth::testing::World;

const TARGET: &str = "/v1/villages/06853-na-nhai/unit-choice";

fn chosen(code: u32, replaces: Option<u32>) -> Value {
    json!({ "generation": 2025, "code": code, "replaces": replaces })
}

#[tokio::test]
async fn an_officer_of_either_half_a_coordinator_and_an_administrator_choose_and_others_may_not() -> Result<(), Failure>
{
    on_each(async |db| {
        filled(db).await?;
        let world = World::new(db).await?;
        let half = [area("2025-06862")];
        let mut refused = [
            world.device("guard", Role::Guard, &half).await?,
            world.device("elsewhere", Role::Officer, &[area("2025-06841")]).await?,
        ];
        for person in &mut refused {
            assert_eq!(person.post(&world, TARGET, &chosen(6862, None)).await?.code(), "request.forbidden");
        }
        let mut people = [
            world.device("officer", Role::Officer, &half).await?,
            world.device("coordinator", Role::Coordinator, &[]).await?,
            world.device("administrator", Role::Administrator, &[]).await?,
        ];
        let mut before = None;
        for (person, code) in people.iter_mut().zip([6862, 6838, 6862]) {
            let answer = person.post(&world, TARGET, &chosen(code, before)).await?;
            assert_eq!(answer.body["unit"], json!({ "code": code, "basis": "decided" }), "{}", answer.body);
            before = Some(code);
        }
        let accounts = "select count(distinct account_id) from village_choice where village_id = '06853-na-nhai'";
        assert_eq!(count(db, accounts).await?, 3);
        assert_eq!(count(db, "select count(*) from audit where action = 'village.unit-chosen'").await?, 3);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_was_chosen_is_listed_apart_and_corrected_only_by_who_saw_it() -> Result<(), Failure> {
    on_each(async |db| {
        filled(db).await?;
        let world = World::new(db).await?;
        let mut officer = world.device("officer", Role::Officer, &[area("2025-06862")]).await?;
        let open = officer.get(&world, "/v1/unit-choices").await?;
        assert_eq!((open.body["choices"].as_array().map(Vec::len), &open.body["decided"]), (Some(11), &json!([])));
        let wrong = officer.post(&world, TARGET, &chosen(6841, None)).await?;
        assert_eq!((wrong.code(), &wrong.body["accepted"]), ("unit-choice.not-a-candidate", &json!("6838, 6862")));
        officer.post(&world, TARGET, &chosen(6862, None)).await?;
        let again = officer.post(&world, TARGET, &chosen(6838, None)).await?;
        assert_eq!((again.code(), &again.body["accepted"]), ("unit-choice.decided", &json!("6862")));
        officer.post(&world, TARGET, &chosen(6838, Some(6862))).await?;
        let after = officer.get(&world, "/v1/unit-choices").await?;
        assert_eq!(after.body["choices"].as_array().map(Vec::len), Some(10));
        let decided = json!([{ "village": "06853-na-nhai", "name": "Nà Nhái", "known": "2024-06853",
            "unit": "2025-06838", "candidates": ["2025-06838", "2025-06862"] }]);
        assert_eq!(after.body["decided"], decided);
        let mut elsewhere = world.device("elsewhere", Role::Officer, &[area("2025-06841")]).await?;
        assert_eq!(elsewhere.get(&world, "/v1/unit-choices").await?.body["decided"], json!([]));
        Ok(())
    })
    .await
}
