//! A real device: the code of `banlang field` over a store of its own on disk.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use server::clock::Clock;
use server::field::{Durability, Enrolment, Field, FieldError, OpenOptions, Report};
use sync_core::id::{AreaId, DeviceId, RecordId, RecordKind, Role};
use sync_core::record::{CivilDate, Draft, Edit, Patch, SessionEdit, Village};
use tempfile::TempDir;

use super::Failure;
use super::database::copy_directory;
use super::site::{Served, Site};

/// A device and the person who carries it.
#[derive(Debug)]
pub struct Phone {
    /// The program at work.
    pub field: Field,
    options: OpenOptions,
    place: PathBuf,
    _dir: Arc<TempDir>,
}

/// What a device or the server shows of all sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Sessions that count.
    pub sessions: i64,
    /// Their attendances.
    pub attendances: i64,
    /// Leaflets handed out.
    pub leaflets: i64,
}

impl Phone {
    /// Makes an account and enrols a device for it.
    ///
    /// # Errors
    /// When either is refused.
    pub async fn enrol(site: &Site, at: &Served, name: &str, role: Role, areas: &[AreaId]) -> Result<Self, Failure> {
        let account = at.account(name, role, areas).await?;
        let code = at.code(&account).await?;
        Self::enrol_with(site, &at.url, name, &code).await
    }

    /// Enrols a device by a code.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn enrol_with(site: &Site, url: &str, label: &str, code: &str) -> Result<Self, Failure> {
        let dir = Arc::new(tempfile::tempdir()?);
        let place = dir.path().join(label);
        let options = options(site.clock.clone());
        let field = Field::enrol(&place, Enrolment { server: url, code, label }, options.clone()).await?;
        Ok(Self { field, options, place, _dir: dir })
    }

    /// The directory of its store.
    #[must_use]
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> DeviceId {
        self.field.who().device
    }

    /// Closes the program; the store stays.
    ///
    /// # Errors
    /// When the store cannot be closed.
    pub async fn close(self) -> Result<Closed, Failure> {
        let Self { field, options, place, _dir } = self;
        field.close().await?;
        Ok(Closed { options, place, dir: _dir })
    }

    /// Another program on the same store.
    ///
    /// # Errors
    /// As opening does.
    pub async fn open_again(&self) -> Result<Field, FieldError> {
        Field::open(&self.place, self.options.clone()).await
    }

    /// Records a session.
    ///
    /// # Errors
    /// When a field is refused.
    pub async fn record(&mut self, area: AreaId, attendances: u32, leaflets: u32) -> Result<RecordId, Failure> {
        self.record_in(area, super::NA_CHOONG, attendances, leaflets).await
    }

    /// Records a session in a village.
    ///
    /// # Errors
    /// When a field is refused.
    pub async fn record_in(
        &mut self,
        area: AreaId,
        village: &str,
        attendances: u32,
        leaflets: u32,
    ) -> Result<RecordId, Failure> {
        let mut edit = SessionEdit::default();
        edit.fields.date = Patch::Set("2026-11-20".parse::<CivilDate>()?);
        edit.fields.village = Patch::Set(Village::Listed(village.to_owned()));
        edit.fields.attendances = Patch::Set(attendances);
        if leaflets > 0 {
            edit.material.insert("leaflet".parse()?, Patch::Set(leaflets));
        }
        edit.note = Some("Bà con hỏi nhiều về đường dây nóng 111.".to_owned());
        Ok(self.field.record(area, &Draft::Session(Box::new(edit))).await?)
    }

    /// Corrects the attendances of a session.
    ///
    /// # Errors
    /// When the edit is refused.
    pub async fn attend(&mut self, id: RecordId, attendances: u32) -> Result<(), Failure> {
        let mut edit = SessionEdit::default();
        edit.fields.attendances = Patch::Set(attendances);
        self.field.edit(id, &Edit::Session(Box::new(edit))).await?;
        Ok(())
    }

    /// Notes how many leaflets this person handed out at a session, and a topic.
    ///
    /// # Errors
    /// When the edit is refused.
    pub async fn hand_out(&mut self, id: RecordId, leaflets: u32, topic: &str) -> Result<(), Failure> {
        let mut edit = SessionEdit::default();
        edit.material.insert("leaflet".parse()?, Patch::Set(leaflets));
        edit.topics.add.insert(topic.parse()?);
        self.field.edit(id, &Edit::Session(Box::new(edit))).await?;
        Ok(())
    }

    /// Syncs.
    ///
    /// # Errors
    /// As the device says.
    pub async fn sync(&mut self) -> Result<Report, FieldError> {
        self.field.sync(&mut |_, _| {}).await
    }

    /// Every record with a digest of its state.
    ///
    /// # Errors
    /// When one cannot be read.
    pub async fn documents(&mut self) -> Result<BTreeMap<RecordId, [u8; 32]>, Failure> {
        let ids: Vec<RecordId> = self.field.list().await?.iter().map(|found| found.summary.id).collect();
        let mut documents = BTreeMap::new();
        for id in ids {
            documents.insert(id, self.field.digest(id).await?);
        }
        Ok(documents)
    }

    /// Sums over the sessions that are here.
    ///
    /// # Errors
    /// When one cannot be read.
    pub async fn seen(&mut self) -> Result<Seen, Failure> {
        let mut seen = Seen::default();
        let leaflet = "leaflet".parse()?;
        for found in self.field.list().await? {
            let summary = found.summary;
            if summary.kind != RecordKind::Session || summary.void {
                continue;
            }
            seen.sessions += 1;
            seen.attendances += i64::from(summary.attendances.unwrap_or(0));
            seen.leaflets += summary.material.get(&leaflet).map_or(0, |total| total.cast_signed());
        }
        Ok(seen)
    }

    /// The conflicts of a record: field, then values with the devices of their authors, sorted.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub async fn conflicts(&mut self, id: RecordId) -> Result<Vec<(String, Vec<(String, DeviceId)>)>, Failure> {
        let whole = self.field.whole(id).await?;
        let conflicts = whole.conflicts.into_iter().map(|conflict| {
            let mut values: Vec<_> =
                conflict.values.iter().map(|claim| (claim.value.to_text(), claim.author.device())).collect();
            values.sort();
            (conflict.field, values)
        });
        Ok(conflicts.collect())
    }

    /// Reads the API as a signed-in person.
    ///
    /// # Errors
    /// With the server's problem.
    pub async fn read(&mut self, path: &str) -> Result<Value, FieldError> {
        self.call("GET", path, None).await
    }

    /// Calls the API as a signed-in person.
    ///
    /// # Errors
    /// With the server's problem.
    pub async fn call(&mut self, method: &str, path: &str, body: Option<Value>) -> Result<Value, FieldError> {
        let body = body.map(|body| body.to_string().into_bytes());
        let answer = self.field.call(method, path, body).await?;
        serde_json::from_slice(&answer).map_err(|error| FieldError::Answer(format!("{path}: {error}")))
    }

    /// The server's totals of every unit, as this person may see them.
    ///
    /// # Errors
    /// With the server's problem.
    pub async fn totals(&mut self) -> Result<Seen, Failure> {
        let answer = self.read("/v1/coverage/totals?from=2026-01-01&to=2026-12-31").await?;
        let number = |value: &Value| value.as_i64().unwrap_or(0);
        let total = &answer["total"];
        Ok(Seen {
            sessions: number(&total["sessions"]),
            attendances: number(&total["attendances"]),
            leaflets: number(&total["material"]["leaflet"]),
        })
    }
}

/// A store nobody works on.
#[derive(Debug)]
pub struct Closed {
    options: OpenOptions,
    place: PathBuf,
    dir: Arc<TempDir>,
}

impl Closed {
    /// A copy of the store in another directory, for a site of its own clock.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub fn copy(&self, site: &Site) -> Result<Self, Failure> {
        let dir = Arc::new(tempfile::tempdir()?);
        let place = dir.path().join("copy");
        copy_directory(&self.place, &place)?;
        Ok(Self { options: options(site.clock.clone()), place, dir })
    }

    /// Opens the store.
    ///
    /// # Errors
    /// As opening does.
    pub async fn open(self) -> Result<Phone, Failure> {
        let Self { options, place, dir } = self;
        let field = Field::open(&place, options.clone()).await?;
        Ok(Phone { field, options, place, _dir: dir })
    }

    /// Opens the store and points it at another address of its server.
    ///
    /// # Errors
    /// As opening does.
    pub async fn open_at(self, served: &Served) -> Result<Phone, Failure> {
        let mut phone = self.open().await?;
        phone.field.move_server(&served.url).await?;
        Ok(phone)
    }
}

fn options(clock: Arc<dyn Clock>) -> OpenOptions {
    OpenOptions { clock, wait: Duration::ZERO, durability: Durability::Process, ..OpenOptions::default() }
}
