mod headquarters;
mod panel_check;

use std::collections::BTreeSet;
use std::sync::Arc;

use sync_core::id::{ActorId, AreaId, DeviceId, RecordId, RecordKind, RecorderId, UnixMs, to_hex};
use sync_core::record::{
    self, Author, CivilDate, Draft, Edit, Patch, RawChange, SessionEdit, SessionFieldsEdit, Village,
};

use super::conflict::ConflictParams;
use super::{PanelCheckParams, Session, SessionPage, SessionParams, conflicts, detail, list, panel_checks};
use crate::auth::Scope;
use crate::coverage::testing::fill;
use crate::db::testing::{Failure, on_each};
use crate::db::{Db, DbError};
use crate::on_db;
use crate::problem::Problem;
use crate::project::{Projected, apply};
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
            let filter = super::ListFilter { stretch: 7, ..read };
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
async fn a_conflict_names_each_author() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = filled(db, 1).await?;
        let bytes = db.dialect().pick("x'", r"'\x");
        let device = format!(
            "insert into device (id, public_key, label, enrolled_at_ms) values ({bytes}{}', {bytes}{}', 'phone', 0)",
            "01".repeat(8),
            "01".repeat(32)
        );
        let claims = format!(
            r#"[{{"value":41,"author":"{}","change":"{}","claimed_at":5}},{{"value":"x","author":"{}","change":"{}","claimed_at":6}}]"#,
            "01".repeat(16),
            "aa".repeat(32),
            "02".repeat(16),
            "bb".repeat(32)
        );
        let conflict = format!(
            "insert into conflict (record_id, field, kind, generation, code, claims) \
             values ({bytes}{}', 'attendances', 1, 2025, 3, '{claims}'), ({bytes}{}', 'date', 1, 2025, 4, '{claims}')",
            "0a".repeat(16),
            "0b".repeat(16)
        );
        for text in [device, conflict] {
            db.write(async |tx| {
                let text = sqlx::AssertSqlSafe(text.clone());
                Ok::<_, DbError>(on_db!(tx, |c| sqlx::query(text).execute(c).await.map(drop))?)
            })
            .await?;
        }
        let mut tx = db.snapshot().await?;
        let params = ConflictParams { area: given("2025-00003"), ..ConflictParams::default() };
        let of_area = |problem: Problem| problem.code();
        let found = conflicts(&mut tx, &catalogue, &Scope::All, &params).await.map_err(of_area)?;
        assert_eq!(found.conflicts.len(), 1);
        let values = &found.conflicts[0].values;
        assert_eq!((values[0].author.device_label.as_deref(), values[0].claimed_at_ms), (Some("phone"), 5));
        assert_eq!((values[1].author.device_label.as_deref(), values[1].value.as_str()), (None, Some("x")));
        let params = ConflictParams { limit: given("1"), ..ConflictParams::default() };
        let first = conflicts(&mut tx, &catalogue, &Scope::All, &params).await.map_err(of_area)?;
        let params = ConflictParams { cursor: first.next, ..params };
        let second = conflicts(&mut tx, &catalogue, &Scope::All, &params).await.map_err(of_area)?;
        assert_eq!((second.conflicts.len(), second.next), (1, None));
        let own = Scope::Areas(Arc::new(BTreeSet::from([AreaId { generation: 2025, code: 4 }])));
        let found = conflicts(&mut tx, &catalogue, &own, &ConflictParams::default()).await.map_err(of_area)?;
        assert_eq!(found.conflicts.iter().map(|conflict| conflict.field.as_str()).collect::<Vec<_>>(), ["date"]);
        Ok(())
    })
    .await
}

fn author(device: u8, second: i64) -> Author {
    let actor = ActorId::new(DeviceId([device; 8]), [7; 8]);
    Author { actor, recorder: RecorderId(device.into()), claimed_at: UnixMs(second * 1_000) }
}

/// A batch of one change, as ingest stores it; bytes as SQL text.
fn stored(db: &Db, at: i64, device: u8, record: RecordId, change: &RawChange) -> [String; 2] {
    let bytes = |hex: &str| db.dialect().pick("x'", r"'\x").to_owned() + hex + "'";
    let (device, hash) = (bytes(&to_hex(&[device; 8])), bytes(&change.hash.to_string()));
    let (prev, signature) = (bytes(&"00".repeat(32)), bytes(&"00".repeat(64)));
    [
        format!(
            "insert into batch (id, device_id, generation, code, seq, hash, prev, certificate_no, sealed_at_ms, \
             schema_number, header, signature, received_at_ms, via, state) \
             values ({at}, {device}, 2025, 1, 1, {hash}, {prev}, 1, 0, 1, {prev}, {signature}, {at}, 'sync', 'chained')"
        ),
        format!(
            "insert into change (batch_id, ordinal, record_id, kind, change_hash, bytes, verdict) \
             values ({at}, 0, {}, 1, {hash}, {}, 'admitted')",
            bytes(&record.to_string()),
            bytes(&to_hex(&change.bytes))
        ),
    ]
}

#[tokio::test]
async fn a_session_shows_who_changed_what_and_when_it_came() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = filled(db, 1).await?;
        let fields = SessionFieldsEdit {
            date: Patch::from(CivilDate::new(2026, 3, 3)),
            village: Patch::Set(Village::Named("Chợ Hoành Mô".parse()?)),
            attendances: Patch::Set(40),
            ..SessionFieldsEdit::default()
        };
        let draft = Draft::Session(Box::new(SessionEdit { fields, ..SessionEdit::default() }));
        let made = record::create(&draft, &author(1, 5), 1)?;
        let fields = SessionFieldsEdit { attendances: Patch::Set(45), ..SessionFieldsEdit::default() };
        let edit = Edit::Session(Box::new(SessionEdit { fields, ..SessionEdit::default() }));
        let edited = record::edit(&[&made.change.bytes], &edit, &author(2, 6))?.ok_or("an edit")?;
        let view = record::view(RecordKind::Session, &[&made.change.bytes, &edited.bytes])?;
        let area = AreaId { generation: 2025, code: 1 };
        let projected = Projected {
            area,
            view: &view,
            received_at: UnixMs(100),
            updated_at: UnixMs(200),
            updated_by: DeviceId([2; 8]),
        };
        db.write(async |tx| apply(tx, &projected).await).await?;
        let phone = |device: u8| {
            let bytes = db.dialect().pick("x'", r"'\x");
            let (id, key) = (to_hex(&[device; 8]), to_hex(&[device; 32]));
            format!(
                "insert into device (id, public_key, label, enrolled_at_ms) \
                 values ({bytes}{id}', {bytes}{key}', 'phone {device}', 0)"
            )
        };
        let first = stored(db, 100, 1, made.id, &made.change);
        let second = stored(db, 200, 2, made.id, &edited);
        for text in [phone(1), phone(2)].into_iter().chain(first).chain(second) {
            db.write(async |tx| {
                let text = sqlx::AssertSqlSafe(text.clone());
                Ok::<_, DbError>(on_db!(tx, |c| sqlx::query(text).execute(c).await.map(drop))?)
            })
            .await?;
        }
        let mut tx = db.snapshot().await?;
        let found = detail(&mut tx, &catalogue, &Scope::All, made.id).await?.ok_or("found")?;
        assert_eq!((found.session.attendances, found.history_incomplete), (Some(45), false));
        let told: Vec<_> = found
            .history
            .iter()
            .map(|change| (change.author.device_label.as_deref(), change.claimed_at_ms, change.received_at_ms))
            .collect();
        assert_eq!(told, [(Some("phone 1"), 5_000, 100), (Some("phone 2"), 6_000, 200)]);
        let [change] = &found.history[1].fields[..] else { return Err("one field".into()) };
        assert_eq!((change.before.as_deref(), change.after.as_deref()), (Some("40"), Some("45")));
        let elsewhere = Scope::Areas(Arc::new(BTreeSet::from([AreaId { generation: 2025, code: 2 }])));
        assert_eq!(detail(&mut tx, &catalogue, &elsewhere, made.id).await?, None);
        Ok(())
    })
    .await
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
