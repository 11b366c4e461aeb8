//! Lists of sessions: pages, filters, what a parameter accepts, how the statement runs.

use sync_core::id::AreaId;

use super::super::ListFilter;
use super::*;

#[tokio::test]
async fn pages_hold_every_session_once_in_every_sort() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = filled(db, 230).await?;
        for sort in ["-held", "held", "-received", "received"] {
            let params = SessionParams { sort: given(sort), limit: given("7"), ..SessionParams::default() };
            let found = all(db, &catalogue, &Scope::All, &params).await?;
            let ids: BTreeSet<_> = found.iter().map(|session| session.id).collect();
            assert_eq!((found.len(), ids.len()), (230, 230), "{sort}");
            let keys: Vec<_> = found.iter().map(|session| (session.date.clone(), session.received_at_ms)).collect();
            let ascends =
                keys.is_sorted_by_key(|key| if sort.ends_with("held") { (key.0.clone(), 0) } else { (None, key.1) });
            let descends = keys
                .iter()
                .rev()
                .is_sorted_by_key(|key| if sort.ends_with("held") { (key.0.clone(), 0) } else { (None, key.1) });
            assert!(if sort.starts_with('-') { descends } else { ascends }, "{sort}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_no_index_answers_is_looked_for_a_stretch_at_a_time_and_found_whole() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = filled(db, 120).await?;
        let base = SessionParams { limit: given("500"), ..SessionParams::default() };
        let everything = all(db, &catalogue, &Scope::All, &base).await?;
        for (params, fits) in [
            (SessionParams { format: given("school"), ..base.clone() }, "school"),
            (SessionParams { format: given("school"), sort: given("received"), ..base.clone() }, "school"),
            (SessionParams { format: given("online"), ..base.clone() }, "online"),
        ] {
            let expected: BTreeSet<_> = everything
                .iter()
                .filter(|session| session.format.as_deref() == Some(fits))
                .map(|session| session.id)
                .collect();
            let read = params.read(&catalogue, &Scope::All).map_err(|problem| problem.code())?;
            let filter = ListFilter { stretch: 7, ..read };
            let (mut found, mut next, mut pages) = (Vec::new(), None, 0);
            loop {
                let mut tx = db.snapshot().await?;
                let page = list(&mut tx, &catalogue, &filter.page(500, next.as_deref())).await?;
                found.extend(page.sessions.into_iter().map(|session| session.id));
                (next, pages) = (page.next, pages + 1);
                if next.is_none() {
                    break;
                }
            }
            assert_eq!(found.len(), expected.len(), "each once: {fits}");
            assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected);
            assert_eq!(pages, 120 / 7 + 1, "{fits}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_session_that_arrives_between_two_pages_hides_none() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = filled(db, 40).await?;
        let params = SessionParams { limit: given("15"), ..SessionParams::default() };
        let first = page(db, &catalogue, &Scope::All, &params).await?;
        let before: BTreeSet<_> =
            all(db, &catalogue, &Scope::All, &params).await?.into_iter().map(|session| session.id).collect();
        fill(db, 60, 8).await?;
        let rest = all(db, &catalogue, &Scope::All, &SessionParams { cursor: first.next, ..params }).await?;
        let mut seen: Vec<_> = first.sessions.iter().chain(&rest).map(|session| session.id).collect();
        let unique: BTreeSet<_> = seen.iter().copied().collect();
        assert!(before.is_subset(&unique));
        seen.dedup();
        assert_eq!(seen.len(), unique.len());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn filters_select_what_they_say() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = filled(db, 120).await?;
        run(db, "update session set review_state = 'confirmed' where format = 'school'").await?;
        run(db, "update session set voided = not voided where format = 'market'").await?;
        let everything = all(db, &catalogue, &Scope::All, &SessionParams::default()).await?;
        let some = everything.first().ok_or("sessions")?;
        let (date, village) = (some.date.clone().ok_or("a date")?, some.village.clone().ok_or("a village")?);
        let base = SessionParams { limit: given("500"), ..SessionParams::default() };
        let count = async |params: SessionParams| all(db, &catalogue, &Scope::All, &params).await;
        let schools = count(SessionParams { state: given("confirmed"), ..base.clone() }).await?;
        assert!(!schools.is_empty() && schools.iter().all(|session| session.format.as_deref() == Some("school")));
        let voided = count(SessionParams { state: given("voided"), ..base.clone() }).await?;
        assert!(!voided.is_empty() && voided.iter().all(|session| session.format.as_deref() == Some("market")));
        assert_eq!(voided.len() + everything.len(), 120);
        let day = count(SessionParams { from: given(&date), to: given(&date), ..base.clone() }).await?;
        assert!(!day.is_empty() && day.iter().all(|session| session.date.as_ref() == Some(&date)));
        let held = count(SessionParams { village: given(&village), ..base.clone() }).await?;
        assert!(!held.is_empty() && held.iter().all(|session| session.village.as_ref() == Some(&village)));
        let area = count(SessionParams { area: given(&some.area.to_string()), ..base.clone() }).await?;
        assert!(!area.is_empty() && area.iter().all(|session| session.area == some.area));
        // Tone marks do not matter, and the material is there.
        let words = count(SessionParams { q: given("DUONG DAY nong"), ..base.clone() }).await?;
        assert_eq!(words.len(), everything.len());
        assert!(words.iter().any(|session| session.material.contains_key("leaflet")));
        assert_eq!(count(SessionParams { q: given("khong co chu nay"), ..base.clone() }).await?.len(), 0);
        assert_eq!(count(SessionParams { conflict: given("true"), ..base }).await?.len(), 0);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_list_names_who_recorded() -> Result<(), Failure> {
    on_each(async |db| {
        const ACCOUNT: &str = "insert into account (id, username, display_name, role, password_hash, active, \
            created_at_ms) values (0, 'binh', 'Nguyễn Bình', 'guard', '', (1 = 1), 0)";
        let catalogue = filled(db, 2).await?;
        run(db, ACCOUNT).await?;
        let mut found = all(db, &catalogue, &Scope::All, &SessionParams::default()).await?;
        found.sort_by_key(|session| session.recorder);
        let names: Vec<_> = found.iter().map(|session| session.recorder_name.as_deref()).collect();
        assert_eq!(names, [Some("Nguyễn Bình"), None]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_bad_parameter_is_named_with_what_is_accepted() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = filled(db, 1).await?;
        let base = SessionParams::default();
        for (field, params) in [
            ("area", SessionParams { area: given("06841"), ..base.clone() }),
            ("area", SessionParams { area: given("2020-06841"), ..base.clone() }),
            ("village", SessionParams { village: given("nowhere"), ..base.clone() }),
            ("from", SessionParams { from: given("yesterday"), ..base.clone() }),
            ("to", SessionParams { from: given("2026-02-02"), to: given("2026-02-01"), ..base.clone() }),
            ("format", SessionParams { format: given("Họp thôn"), ..base.clone() }),
            ("state", SessionParams { state: given("done"), ..base.clone() }),
            ("conflict", SessionParams { conflict: given("yes"), ..base.clone() }),
            ("device", SessionParams { device: given("12"), ..base.clone() }),
            ("recorder", SessionParams { recorder: given("Bình"), ..base.clone() }),
            ("topic", SessionParams { topic: given("%"), ..base.clone() }),
            ("language", SessionParams { language: given("tiếng Dao"), ..base.clone() }),
            ("difficulty", SessionParams { difficulty: given(""), ..base.clone() }),
            ("partner", SessionParams { partner: given("a b"), ..base.clone() }),
            ("duplicate", SessionParams { duplicate: given("maybe"), ..base.clone() }),
            ("q", SessionParams { q: given("!!"), ..base.clone() }),
            ("sort", SessionParams { sort: given("attendances"), ..base.clone() }),
            ("limit", SessionParams { limit: given("501"), ..base.clone() }),
            ("cursor", SessionParams { cursor: given("ff"), ..base.clone() }),
        ] {
            let problem = params.read(&catalogue, &Scope::All).err().ok_or(field)?.document();
            assert_eq!((problem.status, problem.field.as_deref()), (400, Some(field)));
            assert!(problem.accepted.is_some(), "{field}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn no_page_of_sessions_walks_over_the_table() -> Result<(), Failure> {
    let test = crate::db::testing::TestDb::sqlite().await?;
    let catalogue = filled(&test.db, 3).await?;
    let one = SessionParams { limit: given("1"), ..SessionParams::default() };
    let cursor = page(&test.db, &catalogue, &Scope::All, &one).await?.next;
    let area = AreaId { generation: 2025, code: 3 };
    let own = Scope::Areas(Arc::new(BTreeSet::from([area, AreaId { generation: 2024, code: 3 }])));
    let base = SessionParams::default();
    for (scope, params, expected) in [
        (&Scope::All, base.clone(), "SCAN session USING INDEX session_by_day"),
        (&Scope::All, SessionParams { cursor, ..base.clone() }, "SEARCH session USING INDEX session_by_day"),
        (&Scope::All, SessionParams { area: given("2025-00003"), ..base.clone() }, "USING INDEX session_by_area"),
        (&Scope::All, SessionParams { sort: given("received"), ..base.clone() }, "USING INDEX session_by_arrival"),
        (&own, base, "SEARCH session USING INDEX session_by_area"),
    ] {
        let plan = plan(&test.db, &catalogue, scope, &params).await?;
        assert!(plan.contains(expected), "{plan}");
    }
    Ok(())
}
