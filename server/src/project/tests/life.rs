//! Records as a server holds them, random lives of them, and what the roll-up has to be.

use sync_core::id::{ActorId, AreaId, DeviceId, RecordId, RecordKind, RecorderId, UnixMs};
use sync_core::record::{
    self, Author, CivilDate, Decision, Draft, Edit, Patch, RecordView, ReviewDraft, ReviewEdit, SessionEdit,
    SessionFieldsEdit, Setting, Village,
};

use super::super::{Projected, Projector, Sums, stored};
use super::facts;
use crate::coverage::testing::Draws;
use crate::db::testing::Failure;
use crate::db::{Blob, Db, DbError};
use crate::on_db;

pub(super) const AREAS: [AreaId; 3] = [
    AreaId { generation: 2025, code: 6841 },
    AreaId { generation: 2024, code: 6841 },
    AreaId { generation: 2024, code: 6853 },
];
pub(super) const FORMATS: [&str; 3] = ["village_meeting", "market", "online"];

pub(super) fn author(device: u8, second: i64) -> Author {
    let actor = ActorId::new(DeviceId([device; 8]), [7; 8]);
    Author { actor, recorder: RecorderId(device.into()), claimed_at: UnixMs(second * 1_000) }
}

/// A record with all its changes, as a server holds it.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) kind: RecordKind,
    pub(super) area: AreaId,
    pub(super) changes: Vec<Vec<u8>>,
    pub(super) received_at: i64,
    pub(super) updated_at: i64,
}

impl Kept {
    pub(super) fn new(draft: &Draft, area: AreaId, device: u8, at: i64) -> Result<Self, Failure> {
        let made = record::create(draft, &author(device, at), u64::try_from(at)?)?;
        Ok(Self { kind: draft.kind(), area, changes: vec![made.change.bytes], received_at: at, updated_at: at })
    }

    pub(super) fn edit(&mut self, edit: &Edit, device: u8, at: i64) -> Result<(), Failure> {
        if let Some(change) = record::edit(&self.changes, edit, &author(device, at))? {
            self.changes.push(change.bytes);
            self.updated_at = at;
        }
        Ok(())
    }

    pub(super) fn view(&self) -> Result<RecordView, Failure> {
        Ok(record::view(self.kind, &self.changes)?)
    }

    pub(super) fn id(&self) -> Result<RecordId, Failure> {
        Ok(self.view()?.meta().id)
    }

    pub(super) fn project(&self, projector: &mut Projector) -> Result<(), Failure> {
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

pub(super) async fn store<'a>(db: &Db, records: impl IntoIterator<Item = &'a Kept>) -> Result<(), Failure> {
    let mut projector = Projector::default();
    for record in records {
        record.project(&mut projector)?;
    }
    Ok(db.write(async |tx| projector.flush(tx).await).await?)
}

pub(super) fn session(day: i32, attendances: u32) -> Result<SessionEdit, Failure> {
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

pub(super) fn kept_session(day: i32, attendances: u32, at: i64) -> Result<Kept, Failure> {
    Kept::new(&Draft::Session(Box::new(session(day, attendances)?)), AREAS[0], 1, at)
}

pub(super) fn review(session: &Kept, decision: Decision, at: i64) -> Result<Kept, Failure> {
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

pub(super) async fn total(db: &Db) -> Result<Sums, Failure> {
    let mut sums = Sums::default();
    for counted in facts::read(&mut db.snapshot().await?).await?.into_values() {
        sums += counted.sums;
    }
    Ok(sums)
}

pub(super) async fn count(db: &Db, text: &'static str) -> Result<i64, DbError> {
    Ok(on_db!(db, |c| sqlx::query_scalar(text).fetch_one(c).await)?)
}

pub(super) async fn state(db: &Db, id: RecordId) -> Result<String, DbError> {
    const STATE: &str = "select review_state from session where record_id = $1";
    Ok(on_db!(db, |c| sqlx::query_scalar(STATE).bind(Blob(id)).fetch_one(c).await)?)
}

/// The roll-up must equal what follows from the session and material tables alone.
pub(super) async fn assert_roll_up_follows_from_sessions(db: &Db) -> Result<(), Failure> {
    let mut tx = db.snapshot().await?;
    let ids: Vec<Blob<RecordId>> =
        on_db!(tx, |c| sqlx::query_scalar("select record_id from session").fetch_all(c).await)?;
    let ids: Vec<RecordId> = ids.into_iter().map(|id| id.0).collect();
    let expected = facts::expected(stored::sessions(&mut tx, &ids).await?.values());
    assert_eq!(facts::read(&mut tx).await?, expected);
    Ok(())
}

/// One random step on the records a server holds; what was touched is marked.
pub(super) fn step(
    draws: &mut Draws,
    at: i64,
    records: &mut Vec<Kept>,
    touched: &mut Vec<usize>,
) -> Result<(), Failure> {
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
        for topic in ["tricks", "hotline", "rights"] {
            let code = topic.parse()?;
            let list = if draws.below(2) == 0 { &mut edit.topics.add } else { &mut edit.topics.remove };
            list.insert(code);
        }
        edit.languages = ["dao", "vi"][..draws.below(3)].iter().map(|code| code.parse()).collect::<Result<_, _>>()?;
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

pub(super) async fn random_life(db: &Db, seed: u64) -> Result<Vec<Kept>, Failure> {
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
