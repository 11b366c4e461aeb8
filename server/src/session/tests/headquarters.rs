//! What headquarters looks for: by recorder, post, topic and the other tags, and what may be told twice.

use sync_core::id::RecordId;

use super::super::testing::{Told, area};
use super::*;

async fn found(db: &Db, catalogue: &Catalogue, params: SessionParams) -> Result<BTreeSet<RecordId>, Failure> {
    Ok(all(db, catalogue, &Scope::All, &params).await?.into_iter().map(|session| session.id).collect())
}

fn ids(told: &[&Told]) -> Result<BTreeSet<RecordId>, Failure> {
    told.iter().map(|told| told.id()).collect()
}

#[tokio::test]
async fn each_tag_finds_the_sessions_that_have_it_and_no_other() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = filled(db, 0).await?;
        let here = area(2025, 1);
        let told = |village, day, device| Told::new(here, village, day, device, 10);
        let one = told("made-up-0", "2026-03-01", 1)?.about(&["easy_job", "law"], &["dao"], &["language"])?;
        let one = one.with_partner("women")?.store(db, 1).await?;
        // `language` is a difficulty, `easyxjob` no `easy_job`, and a code of one list is none of another.
        let two = told("made-up-1", "2026-03-02", 2)?.about(&["easyxjob", "language"], &["vi"], &["dao"])?;
        let two = two.with_partner("law")?.store(db, 2).await?;
        let base = SessionParams::default();
        for (params, expected) in [
            (SessionParams { topic: given("easy_job"), ..base.clone() }, ids(&[&one])?),
            (SessionParams { topic: given("law"), ..base.clone() }, ids(&[&one])?),
            (SessionParams { topic: given("language"), ..base.clone() }, ids(&[&two])?),
            (SessionParams { language: given("dao"), ..base.clone() }, ids(&[&one])?),
            (SessionParams { language: given("da"), ..base.clone() }, ids(&[])?),
            (SessionParams { difficulty: given("dao"), ..base.clone() }, ids(&[&two])?),
            (SessionParams { partner: given("women"), ..base.clone() }, ids(&[&one])?),
            (SessionParams { partner: given("law"), topic: given("language"), ..base.clone() }, ids(&[&two])?),
            (SessionParams { recorder: given("2"), ..base.clone() }, ids(&[&two])?),
            (SessionParams { recorder: given("3"), ..base.clone() }, ids(&[])?),
        ] {
            assert_eq!(found(db, &catalogue, params.clone()).await?, expected, "{params:?}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_session_belongs_to_the_post_at_which_its_recorder_was_then() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = filled(db, 0).await?;
        let told = |day, device| Told::new(area(2025, 1), "made-up-0", day, device, 10);
        let before = told("2026-03-01", 1)?.store(db, 1).await?;
        let after = told("2026-03-10", 1)?.store(db, 2).await?;
        let other = told("2026-03-10", 2)?.store(db, 3).await?;
        run(
            db,
            "insert into account (id, username, display_name, role, password_hash, active, created_at_ms) values \
             (1, 'binh', 'Bình', 'guard', '', true, 0), (2, 'hai', 'Hải', 'guard', '', true, 0), \
             (3, 'minh', 'Minh', 'guard', '', true, 0)",
        )
        .await?;
        // From 5 March, which is day 20517, the first person is at another post.
        run(
            db,
            "insert into account_post (account_id, since_day, post_id) values (1, 0, 'hoanh-mo'), (1, 20517, 'dong-van'), \
             (2, 0, 'dong-van'), (3, 0, 'po-hen')",
        )
        .await?;
        let of = |post: &str| SessionParams { post: given(post), ..SessionParams::default() };
        assert_eq!(found(db, &catalogue, of("hoanh-mo")).await?, ids(&[&before])?);
        assert_eq!(found(db, &catalogue, of("dong-van")).await?, ids(&[&after, &other])?);
        assert_eq!(found(db, &catalogue, of("po-hen")).await?, ids(&[])?);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn suspected_and_linked_sessions_are_found_and_say_what_counts() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = filled(db, 0).await?;
        let told = |day, device| Told::new(area(2025, 1), "made-up-0", day, device, 10);
        let one = told("2026-03-01", 1)?.store(db, 1).await?;
        let other = told("2026-03-01", 2)?.store(db, 2).await?;
        told("2026-03-02", 2)?.store(db, 3).await?;
        let of = |duplicate: &str| SessionParams { duplicate: given(duplicate), ..SessionParams::default() };
        let suspected = all(db, &catalogue, &Scope::All, &of("suspected")).await?;
        assert!(suspected.iter().all(|session| (session.suspects, session.counted_as) == (1, None)));
        assert_eq!(suspected.iter().map(|session| session.id).collect::<BTreeSet<_>>(), ids(&[&one, &other])?);
        assert_eq!(found(db, &catalogue, of("linked")).await?, ids(&[])?);
        let (a, b) = (one.id()?.min(other.id()?), one.id()?.max(other.id()?));
        db.write(async |tx| {
            const LINK: &str = "insert into session_pair (record_a, record_b, standing, counted, reason, decided_by, \
                decided_at_ms) values ($1, $2, 'linked', $1, 'đã hỏi', 1, 1)";
            on_db!(tx, |c| sqlx::query(LINK)
                .bind(crate::db::Blob(a))
                .bind(crate::db::Blob(b))
                .execute(c)
                .await
                .map(drop))?;
            crate::project::relink(tx, &[a, b]).await
        })
        .await?;
        assert_eq!(found(db, &catalogue, of("suspected")).await?, ids(&[])?);
        let linked = all(db, &catalogue, &Scope::All, &of("linked")).await?;
        let told: Vec<_> =
            linked.iter().map(|session| (session.id == b, session.counted_as, session.suspects)).collect();
        assert_eq!(told.len(), 2);
        assert!(told.contains(&(true, Some(a), 0)) && told.contains(&(false, None, 0)), "{told:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_waits_is_found_by_an_index() -> Result<(), Failure> {
    let test = crate::db::testing::TestDb::sqlite().await?;
    let catalogue = filled(&test.db, 3).await?;
    let own = Scope::Areas(Arc::new(BTreeSet::from([area(2025, 3)])));
    let base = SessionParams::default();
    let received = SessionParams { sort: given("received"), ..base.clone() };
    for (scope, params, expected) in [
        (
            &Scope::All,
            SessionParams { state: given("returned"), ..base.clone() },
            "session_open_by_day (review_state=?)",
        ),
        (&Scope::All, SessionParams { state: given("new"), ..received }, "session_open_by_arrival (review_state=?)"),
        (&own, SessionParams { state: given("new"), ..base.clone() }, "session_open_by_area (generation=? AND code=?"),
        (&Scope::All, SessionParams { state: given("voided"), ..base.clone() }, "session_voided"),
        (&Scope::All, SessionParams { conflict: given("true"), ..base.clone() }, "session_in_conflict"),
        (&Scope::All, SessionParams { recorder: given("7"), ..base.clone() }, "session_by_recorder (recorder=?"),
        (
            &Scope::All,
            SessionParams { village: given("made-up-1"), ..base.clone() },
            "session_by_village (village_id=?",
        ),
        (&Scope::All, SessionParams { duplicate: given("suspected"), ..base.clone() }, "session_1 (record_id=?)"),
    ] {
        let plan = plan(&test.db, &catalogue, scope, &params).await?;
        assert!(plan.contains(expected), "{params:?}\n{plan}");
    }
    Ok(())
}
