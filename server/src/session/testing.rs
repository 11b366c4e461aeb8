//! Sessions as people would record them, for tests of what is read from them.

use std::collections::BTreeMap;
use std::sync::Arc;

use sync_core::id::{ActorId, AreaId, CertificateNo, DeviceId, RecordId, RecordKind, RecorderId, Role, UnixMs};
use sync_core::record::{
    self, Author, Code, Decision, Draft, Edit, Line, MinuteOfDay, Patch, RecordView, ReviewDraft, SessionEdit,
    SessionFieldsEdit, SetEdit, Village,
};

use crate::auth::{Principal, Scope};
use crate::coverage::calendar::parse_day;
use crate::db::Db;
use crate::db::testing::Failure;
use crate::project::{Projected, apply};

/// A session as a server holds it.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) area: AreaId,
    pub(crate) device: u8,
    pub(crate) edit: SessionEdit,
    changes: Vec<Vec<u8>>,
    received_at: i64,
}

pub(crate) fn area(generation: u16, code: u32) -> AreaId {
    AreaId { generation, code }
}

fn codes(codes: &[&str]) -> Result<SetEdit, Failure> {
    let add = codes.iter().map(|code| code.parse::<Code>()).collect::<Result<_, _>>()?;
    Ok(SetEdit { add, ..SetEdit::default() })
}

impl Told {
    /// A village meeting, told by the person of a device.
    pub(crate) fn new(area: AreaId, village: &str, day: &str, device: u8, attendances: u32) -> Result<Self, Failure> {
        let day = parse_day(day).ok_or("a day")?;
        let fields = SessionFieldsEdit {
            date: Patch::from(record::CivilDate::from_day_number(i32::try_from(day)?)),
            village: Patch::Set(Village::Listed(village.to_owned())),
            format: Patch::Set("village_meeting".parse()?),
            attendances: Patch::Set(attendances),
            ..SessionFieldsEdit::default()
        };
        let edit = SessionEdit { fields, ..SessionEdit::default() };
        Ok(Self { area, device, edit, changes: Vec::new(), received_at: 0 })
    }

    pub(crate) fn starting(mut self, minute: u16) -> Self {
        self.edit.fields.start = Patch::Set(MinuteOfDay(minute));
        self
    }

    pub(crate) fn of_format(mut self, format: &str) -> Result<Self, Failure> {
        self.edit.fields.format = Patch::Set(format.parse()?);
        Ok(self)
    }

    pub(crate) fn about(mut self, topics: &[&str], languages: &[&str], difficulties: &[&str]) -> Result<Self, Failure> {
        self.edit.topics = codes(topics)?;
        self.edit.languages = codes(languages)?;
        self.edit.difficulties = codes(difficulties)?;
        Ok(self)
    }

    pub(crate) fn with_partner(mut self, partner: &str) -> Result<Self, Failure> {
        self.edit.partners = codes(&[partner])?;
        Ok(self)
    }

    pub(crate) fn handing_out(mut self, kind: &str, quantity: u32) -> Result<Self, Failure> {
        self.edit.material = BTreeMap::from([(kind.parse()?, Patch::Set(quantity))]);
        Ok(self)
    }

    fn author(&self, device: u8) -> Author {
        let actor = ActorId::new(DeviceId([device; 8]), [7; 8]);
        Author { actor, recorder: RecorderId(device.into()), claimed_at: UnixMs(1_000) }
    }

    /// Puts it on file, received at a time.
    pub(crate) async fn store(mut self, db: &Db, received_at: i64) -> Result<Self, Failure> {
        let made = record::create(&Draft::Session(Box::new(self.edit.clone())), &self.author(self.device), 1)?;
        self.changes = vec![made.change.bytes];
        self.received_at = received_at;
        self.write(db, received_at).await?;
        Ok(self)
    }

    async fn write(&self, db: &Db, updated_at: i64) -> Result<(), Failure> {
        let view = self.view()?;
        let (area, received_at, updated_at) = (self.area, UnixMs(self.received_at), UnixMs(updated_at));
        let projected =
            Projected { area, view: &view, received_at, updated_at, updated_by: DeviceId([self.device; 8]) };
        Ok(db.write(async |tx| apply(tx, &projected).await).await?)
    }

    pub(crate) fn view(&self) -> Result<RecordView, Failure> {
        Ok(record::view(RecordKind::Session, &self.changes)?)
    }

    pub(crate) fn id(&self) -> Result<RecordId, Failure> {
        Ok(self.view()?.meta().id)
    }

    /// Its recorder voids it.
    pub(crate) async fn void(&mut self, db: &Db, reason: &str) -> Result<(), Failure> {
        let fields = SessionFieldsEdit { void: Patch::Set(reason.parse::<Line>()?), ..SessionFieldsEdit::default() };
        let edit = Edit::Session(Box::new(SessionEdit { fields, ..SessionEdit::default() }));
        let change = record::edit(&self.changes, &edit, &self.author(self.device))?.ok_or("a change")?;
        self.changes.push(change.bytes);
        self.write(db, 9_000).await
    }

    /// An officer reviews it as it stands.
    pub(crate) async fn review(&self, db: &Db, decision: Decision) -> Result<(), Failure> {
        let meta = self.view()?.meta().clone();
        let comment = "Thiếu số tờ rơi".to_owned();
        let draft =
            ReviewDraft { session: meta.id, heads: meta.heads, decision, comment, supersedes: Default::default() };
        let made = record::create(&Draft::Review(draft), &self.author(200), 1)?;
        let view = record::view(RecordKind::Review, &[made.change.bytes])?;
        let (area, at) = (self.area, UnixMs(9_000));
        let projected =
            Projected { area, view: &view, received_at: at, updated_at: at, updated_by: DeviceId([200; 8]) };
        Ok(db.write(async |tx| apply(tx, &projected).await).await?)
    }
}

/// What a person of these areas sees; of no area, everything.
pub(crate) fn scope(areas: &[AreaId]) -> Scope {
    if areas.is_empty() { Scope::All } else { Scope::Areas(Arc::new(areas.iter().copied().collect())) }
}

/// A person of these areas; of no area, of every area.
pub(crate) fn person(role: Role, areas: &[AreaId]) -> Principal {
    Principal {
        account: 1,
        recorder: RecorderId(1),
        role,
        device: DeviceId([1; 8]),
        certificate: CertificateNo(1),
        sign_in: 1,
        granted: areas.to_vec(),
        areas: scope(areas),
    }
}
