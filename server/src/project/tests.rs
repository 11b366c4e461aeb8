use std::collections::BTreeMap;

use sync_core::id::{ActorId, AreaId, DeviceId, RecordId, RecordKind, RecorderId, UnixMs};
use sync_core::record::{
    self, Author, CivilDate, Decision, Draft, Edit, Line, Patch, RecordView, ReviewDraft, ReviewEdit, SessionEdit,
    SessionFieldsEdit, Setting, Village,
};

use super::sums::{Contribution, Deltas, Slot};
use super::{Projected, Projector, Sums, apply, change_calendar, clear, compare, digest, stored};
use crate::coverage::calendar::Calendar;
use crate::coverage::testing::Draws;
use crate::db::testing::{Failure, TestDb, on_each};
use crate::db::{Blob, Db, DbError, Tx};
use crate::on_db;

const AREAS: [AreaId; 3] = [
    AreaId { generation: 2025, code: 6841 },
    AreaId { generation: 2024, code: 6841 },
    AreaId { generation: 2024, code: 6853 },
];
const FORMATS: [&str; 3] = ["village_meeting", "market", "online"];

fn author(device: u8, second: i64) -> Author {
    let actor = ActorId::new(DeviceId([device; 8]), [7; 8]);
    Author { actor, recorder: RecorderId(device.into()), claimed_at: UnixMs(second * 1_000) }
}

/// A record with all its changes, as a server holds it.
#[derive(Debug, Clone)]
struct Kept {
    kind: RecordKind,
    area: AreaId,
    changes: Vec<Vec<u8>>,
    received_at: i64,
    updated_at: i64,
}

impl Kept {
    fn new(draft: &Draft, area: AreaId, device: u8, at: i64) -> Result<Self, Failure> {
        let made = record::create(draft, &author(device, at), u64::try_from(at)?)?;
        Ok(Self { kind: draft.kind(), area, changes: vec![made.change.bytes], received_at: at, updated_at: at })
    }

    fn edit(&mut self, edit: &Edit, device: u8, at: i64) -> Result<(), Failure> {
        if let Some(change) = record::edit(&self.changes, edit, &author(device, at))? {
            self.changes.push(change.bytes);
            self.updated_at = at;
        }
        Ok(())
    }

    fn view(&self) -> Result<RecordView, Failure> {
        Ok(record::view(self.kind, &self.changes)?)
    }

    fn id(&self) -> Result<RecordId, Failure> {
        Ok(self.view()?.meta().id)
    }

    fn project(&self, projector: &mut Projector) -> Result<(), Failure> {
        projector.add(&Projected {
            area: self.area,
            view: &self.view()?,
            received_at: UnixMs(self.received_at),
            updated_at: UnixMs(self.updated_at),
            updated_by: DeviceId([9; 8]),
        });
        Ok(())
    }
}

async fn store<'a>(db: &Db, records: impl IntoIterator<Item = &'a Kept>) -> Result<(), Failure> {
    let mut projector = Projector::default();
    for record in records {
        record.project(&mut projector)?;
    }
    Ok(db.write(async |tx| projector.flush(tx).await).await?)
}

fn session(day: i32, attendances: u32) -> Result<SessionEdit, Failure> {
    Ok(SessionEdit {
        fields: SessionFieldsEdit {
            date: Patch::from(CivilDate::from_day_number(day)),
            village: Patch::Set(Village::Listed("v1".to_owned())),
            format: Patch::Set("village_meeting".parse()?),
            attendances: Patch::Set(attendances),
            ..SessionFieldsEdit::default()
        },
        note: Some("Bà con hỏi về đường dây nóng".to_owned()),
        ..SessionEdit::default()
    })
}

fn kept_session(day: i32, attendances: u32, at: i64) -> Result<Kept, Failure> {
    Kept::new(&Draft::Session(Box::new(session(day, attendances)?)), AREAS[0], 1, at)
}

fn review(session: &Kept, decision: Decision, at: i64) -> Result<Kept, Failure> {
    let heads = session.view()?.meta().heads.clone();
    let draft = ReviewDraft {
        session: session.id()?,
        heads,
        decision,
        comment: "Thiếu số tờ rơi".to_owned(),
        supersedes: Default::default(),
    };
    Kept::new(&Draft::Review(draft), session.area, 2, at)
}

async fn total(db: &Db) -> Result<Sums, Failure> {
    let columns: Vec<String> =
        Sums::COLUMNS.iter().map(|sum| format!("cast(coalesce(sum({sum}), 0) as bigint) as {sum}")).collect();
    let text = format!("select {} from coverage_day", columns.join(", "));
    Ok(on_db!(db, |c| sqlx::query_as(sqlx::AssertSqlSafe(text)).fetch_one(c).await)?)
}

async fn count(db: &Db, text: &'static str) -> Result<i64, DbError> {
    Ok(on_db!(db, |c| sqlx::query_scalar(text).fetch_one(c).await)?)
}

async fn state(db: &Db, id: RecordId) -> Result<String, DbError> {
    const STATE: &str = "select review_state from session where record_id = $1";
    Ok(on_db!(db, |c| sqlx::query_scalar(STATE).bind(Blob(id)).fetch_one(c).await)?)
}

/// The roll-up must equal what follows from the session and material tables alone.
async fn assert_roll_up_follows_from_sessions(db: &Db) -> Result<(), Failure> {
    let mut tx = db.begin().await?;
    let calendar = super::rollup::calendar(&mut tx).await?;
    let ids: Vec<Blob<RecordId>> =
        on_db!(tx, |c| sqlx::query_scalar("select record_id from session").fetch_all(c).await)?;
    let ids: Vec<RecordId> = ids.into_iter().map(|id| id.0).collect();
    let mut expected: BTreeMap<Slot, Contribution> = BTreeMap::new();
    for session in stored::sessions(&mut tx, &ids).await?.values() {
        let Some((slot, contribution)) = session.contribution() else { continue };
        let entry = expected.entry(slot).or_default();
        entry.sums += contribution.sums;
        for (kind, quantity) in contribution.material {
            *entry.material.entry(kind).or_default() += quantity;
        }
    }
    assert_eq!(rows(&mut tx, "held_day", "coverage_day", "material_day").await?, expected);
    let mut months: BTreeMap<Slot, Contribution> = BTreeMap::new();
    for (slot, contribution) in expected {
        let entry = months.entry(Slot { day: calendar.month_of(slot.day).0, ..slot }).or_default();
        entry.sums += contribution.sums;
        for (kind, quantity) in contribution.material {
            *entry.material.entry(kind).or_default() += quantity;
        }
    }
    assert_eq!(rows(&mut tx, "month", "coverage_month", "material_month").await?, months);
    Ok(())
}

#[derive(sqlx::FromRow)]
struct RollUpRow {
    at: i64,
    generation: i64,
    code: i64,
    village_id: String,
    #[sqlx(flatten)]
    sums: Sums,
}

async fn rows(tx: &mut Tx, at: &str, sums: &str, material: &str) -> Result<BTreeMap<Slot, Contribution>, Failure> {
    let text = format!("select {at} as at, generation, code, village_id, {} from {sums}", Sums::COLUMNS.join(", "));
    let read: Vec<RollUpRow> = on_db!(tx, |c| sqlx::query_as(sqlx::AssertSqlSafe(text)).fetch_all(c).await)?;
    let mut found: BTreeMap<Slot, Contribution> = BTreeMap::new();
    for row in read {
        let slot = Slot { day: row.at, area: stored::area(row.generation, row.code)?, village: row.village_id };
        found.insert(slot, Contribution { sums: row.sums, material: BTreeMap::new() });
    }
    let text = format!("select {at}, generation, code, village_id, kind, quantity from {material}");
    let read: Vec<(i64, i64, i64, String, String, i64)> =
        on_db!(tx, |c| sqlx::query_as(sqlx::AssertSqlSafe(text)).fetch_all(c).await)?;
    for (day, generation, code, village, kind, quantity) in read {
        let slot = Slot { day, area: stored::area(generation, code)?, village };
        let contribution = found.get_mut(&slot).ok_or("material without a session")?;
        contribution.material.insert(kind, quantity);
    }
    Ok(found)
}

#[tokio::test]
async fn a_session_counts_once_however_often_it_is_written() -> Result<(), Failure> {
    on_each(async |db| {
        let kept = kept_session(20_000, 40, 1)?;
        store(db, [&kept]).await?;
        store(db, [&kept]).await?;
        let projected = Projected {
            area: kept.area,
            view: &kept.view()?,
            received_at: UnixMs(1),
            updated_at: UnixMs(1),
            updated_by: DeviceId([9; 8]),
        };
        db.write(async |tx| apply(tx, &projected).await).await?;
        assert_eq!(total(db).await?, Sums { sessions: 1, attendances: 40, ..Sums::default() });
        assert_roll_up_follows_from_sessions(db).await
    })
    .await
}

#[tokio::test]
async fn a_voided_session_counts_no_more_and_leaves_no_empty_row() -> Result<(), Failure> {
    on_each(async |db| {
        let mut kept = kept_session(20_000, 40, 1)?;
        store(db, [&kept]).await?;
        let void = Patch::Set("Ghi trùng".parse::<Line>()?);
        let fields = SessionFieldsEdit { void, ..SessionFieldsEdit::default() };
        kept.edit(&Edit::Session(Box::new(SessionEdit { fields, ..SessionEdit::default() })), 1, 2)?;
        store(db, [&kept]).await?;
        assert_eq!(count(db, "select count(*) from session where voided").await?, 1);
        assert_eq!(count(db, "select count(*) from coverage_day").await?, 0);
        assert_eq!(count(db, "select count(*) from coverage_month").await?, 0);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_is_held_on_social_media_counts_in_posts_alone() -> Result<(), Failure> {
    on_each(async |db| {
        let mut edit = session(20_000, 900)?;
        edit.fields.format = Patch::Set("online".parse()?);
        let kept = Kept::new(&Draft::Session(Box::new(edit)), AREAS[0], 1, 1)?;
        store(db, [&kept]).await?;
        assert_eq!(total(db).await?, Sums { posts: 1, ..Sums::default() });
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_review_counts_whichever_arrives_first() -> Result<(), Failure> {
    on_each(async |db| {
        let kept = kept_session(20_000, 40, 1)?;
        let confirmed = review(&kept, Decision::Confirm, 2)?;
        store(db, [&confirmed]).await?;
        store(db, [&kept]).await?;
        assert_eq!(state(db, kept.id()?).await?, "confirmed");
        let other = kept_session(20_001, 10, 3)?;
        store(db, [&other]).await?;
        store(db, [&review(&other, Decision::Confirm, 4)?]).await?;
        assert_eq!(state(db, other.id()?).await?, "confirmed");
        assert_eq!(total(db).await?, Sums { sessions: 2, confirmed: 2, attendances: 50, ..Sums::default() });
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_amended_session_is_done_but_not_confirmed() -> Result<(), Failure> {
    on_each(async |db| {
        let mut kept = kept_session(20_000, 40, 1)?;
        let confirmed = review(&kept, Decision::Confirm, 2)?;
        store(db, [&kept, &confirmed]).await?;
        let fields = SessionFieldsEdit { attendances: Patch::Set(45), ..SessionFieldsEdit::default() };
        kept.edit(&Edit::Session(Box::new(SessionEdit { fields, ..SessionEdit::default() })), 1, 3)?;
        store(db, [&kept]).await?;
        assert_eq!(state(db, kept.id()?).await?, "amended");
        assert_eq!(total(db).await?, Sums { sessions: 1, attendances: 45, ..Sums::default() });
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_withdrawn_review_gives_its_session_back_to_the_inbox() -> Result<(), Failure> {
    on_each(async |db| {
        let kept = kept_session(20_000, 40, 1)?;
        let mut returned = review(&kept, Decision::Return, 2)?;
        store(db, [&kept, &returned]).await?;
        assert_eq!(state(db, kept.id()?).await?, "returned");
        returned.edit(&Edit::Review(ReviewEdit { void: Patch::Set("Nhầm buổi".parse()?) }), 2, 3)?;
        store(db, [&returned]).await?;
        assert_eq!(state(db, kept.id()?).await?, "new");
        // The stored review stays withdrawn for later changes of the session.
        store(db, [&kept]).await?;
        assert_eq!(state(db, kept.id()?).await?, "new");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_conflict_is_listed_with_both_values_until_it_is_settled() -> Result<(), Failure> {
    on_each(async |db| {
        let mut kept = kept_session(20_000, 40, 1)?;
        let base = kept.changes.clone();
        for (device, value) in [(1, 41), (2, 42)] {
            let fields = SessionFieldsEdit { attendances: Patch::Set(value), ..SessionFieldsEdit::default() };
            let edit = Edit::Session(Box::new(SessionEdit { fields, ..SessionEdit::default() }));
            let change = record::edit(&base, &edit, &author(device, 2))?.ok_or("an edit")?;
            kept.changes.push(change.bytes);
        }
        store(db, [&kept]).await?;
        let claims: String = on_db!(db, |c| {
            sqlx::query_scalar("select claims from conflict where field = 'attendances'").fetch_one(c).await
        })?;
        assert!(claims.contains("\"value\":41") && claims.contains("\"value\":42"), "{claims}");
        assert_eq!(count(db, "select conflict_count from session").await?, 1);
        let chosen = sync_core::record::Scalar::Uint(42);
        let settled = record::resolve(RecordKind::Session, &kept.changes, "attendances", &chosen, &author(3, 3))?;
        kept.changes.push(settled.bytes);
        store(db, [&kept]).await?;
        assert_eq!(count(db, "select count(*) from conflict").await?, 0);
        assert_eq!(count(db, "select conflict_count from session").await?, 0);
        assert_eq!(total(db).await?.attendances, 42);
        Ok(())
    })
    .await
}

#[test]
fn a_delta_that_cancels_out_is_not_written() {
    let slot = Slot { day: 1, area: AREAS[0], village: String::new() };
    let one = Contribution { sums: Sums { sessions: 1, ..Sums::default() }, material: BTreeMap::new() };
    let mut deltas = Deltas::default();
    deltas.subtract(slot.clone(), &one);
    deltas.add(slot, &one);
    assert_eq!(deltas.changed().count(), 0);
}

/// One random step on the records a server holds; what was touched is marked.
fn step(draws: &mut Draws, at: i64, records: &mut Vec<Kept>, touched: &mut Vec<usize>) -> Result<(), Failure> {
    let device = u8::try_from(1 + draws.below(3))?;
    let sessions: Vec<usize> = (0..records.len()).filter(|i| records[*i].kind == RecordKind::Session).collect();
    let pick = |draws: &mut Draws| (!sessions.is_empty()).then(|| sessions[draws.below(sessions.len())]);
    let random_edit = |draws: &mut Draws| -> Result<SessionEdit, Failure> {
        let day = i32::try_from(20_000 + draws.below(70))?;
        let attendances = u32::try_from(draws.below(200))?;
        let mut edit = session(day, attendances)?;
        edit.fields.format = Patch::Set(FORMATS[draws.below(FORMATS.len())].parse()?);
        edit.fields.women = Patch::Set(attendances / 2);
        edit.fields.setting = Patch::Set(if draws.below(2) == 0 { Setting::Integrated } else { Setting::Standalone });
        edit.fields.village = Patch::Set(match draws.below(4) {
            0 => Village::Named("Chợ Hoành Mô".parse()?),
            n => Village::Listed(format!("v{n}")),
        });
        edit.material.insert("leaflet".parse()?, Patch::Set(u32::try_from(draws.below(30))?));
        Ok(edit)
    };
    match (draws.below(10), pick(draws)) {
        (0..=3, _) | (_, None) => {
            let area = AREAS[draws.below(AREAS.len())];
            records.push(Kept::new(&Draft::Session(Box::new(random_edit(draws)?)), area, device, at)?);
            touched.push(records.len() - 1);
        }
        (4..=5, Some(i)) => {
            let edit = random_edit(draws)?;
            records[i].edit(&Edit::Session(Box::new(edit)), device, at)?;
            touched.push(i);
        }
        (6, Some(i)) => {
            let void = if draws.below(2) == 0 { Patch::Clear } else { Patch::Set("Ghi trùng".parse()?) };
            let fields = SessionFieldsEdit { void, ..SessionFieldsEdit::default() };
            records[i].edit(&Edit::Session(Box::new(SessionEdit { fields, ..SessionEdit::default() })), device, at)?;
            touched.push(i);
        }
        (7..=8, Some(i)) => {
            let decision = if draws.below(3) == 0 { Decision::Return } else { Decision::Confirm };
            let made = review(&records[i], decision, at)?;
            records.push(made);
            touched.push(records.len() - 1);
        }
        (_, Some(_)) => {
            if let Some(i) = (0..records.len()).find(|i| records[*i].kind == RecordKind::Review) {
                let void = if draws.below(2) == 0 { Patch::Clear } else { Patch::Set("Nhầm buổi".parse()?) };
                records[i].edit(&Edit::Review(ReviewEdit { void }), device, at)?;
                touched.push(i);
            }
        }
    }
    Ok(())
}

async fn random_life(db: &Db, seed: u64) -> Result<Vec<Kept>, Failure> {
    let mut draws = Draws::new(seed);
    let mut records = Vec::new();
    let mut at = 1;
    for _ in 0..25 {
        let mut touched = Vec::new();
        for _ in 0..=draws.below(12) {
            at += 1;
            step(&mut draws, at, &mut records, &mut touched)?;
        }
        store(db, touched.iter().map(|i| &records[*i])).await?;
        assert_roll_up_follows_from_sessions(db).await?;
    }
    Ok(records)
}

#[tokio::test]
async fn the_roll_up_always_follows_from_the_sessions() -> Result<(), Failure> {
    on_each(async |db| {
        for seed in 1..=3 {
            random_life(db, seed).await?;
            db.write(async |tx| clear(tx).await).await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn rebuilt_read_tables_equal_the_live_ones() -> Result<(), Failure> {
    on_each(async |db| {
        let mut records = random_life(db, 4).await?;
        // Another order than they came in, and everything at once.
        records.reverse();
        let other = TestDb::sqlite().await?;
        store(&other.db, &records).await?;
        let (mut live, mut rebuilt) = (db.snapshot().await?, other.db.snapshot().await?);
        assert_eq!(compare(&mut live, &mut rebuilt, 10).await?, []);
        assert_eq!(digest(&mut live).await?, digest(&mut rebuilt).await?);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_comparison_names_row_and_column() -> Result<(), Failure> {
    on_each(async |db| {
        let kept = kept_session(20_000, 40, 1)?;
        let missing = kept_session(20_000, 40, 2)?;
        store(db, [&kept, &missing]).await?;
        let other = TestDb::sqlite().await?;
        store(&other.db, [&kept]).await?;
        let damage = "update session set attendances = 41";
        other
            .db
            .write(async |tx| Ok::<_, DbError>(on_db!(tx, |c| sqlx::query(damage).execute(c).await.map(drop))?))
            .await?;
        let (mut live, mut rebuilt) = (db.snapshot().await?, other.db.snapshot().await?);
        let found = compare(&mut live, &mut rebuilt, 10).await?;
        let text = serde_json::to_string(&found)?;
        assert!(text.contains(&format!("record_id={}", missing.id()?)), "{text}");
        assert!(text.contains(r#"{"column":"attendances","first":"40","second":"41"}"#), "{text}");
        assert!(text.contains(r#""table":"coverage_day""#), "{text}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn another_closing_day_moves_the_months_and_loses_nothing() -> Result<(), Failure> {
    on_each(async |db| {
        random_life(db, 5).await?;
        for closing_day in [14, 0, 1] {
            let calendar = Calendar::closing_on(closing_day)?;
            db.write(async |tx| change_calendar(tx, calendar).await).await?;
            assert_roll_up_follows_from_sessions(db).await?;
        }
        Ok(())
    })
    .await
}
