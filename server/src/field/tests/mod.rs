//! The device against the real server: its routes on a loopback socket, its database a file.

mod commands;
mod exchange;
mod store;

use std::path::PathBuf;
use std::sync::Arc;

use sync_core::id::{AreaId, RecordId, Role, UnixMs};
use sync_core::record::{CivilDate, Draft, Edit, Patch, SessionEdit, SessionFieldsEdit, Village};
use tempfile::TempDir;

use super::{Durability, Enrolment, Field, OpenOptions, Report};
use crate::account::{self, NewAccount};
use crate::app::AppState;
use crate::audit::Actor;
use crate::auth::key;
use crate::clock::{Clock, ManualClock};
use crate::config::Config;
use crate::db::testing::{Failure, TestDb};
use crate::reference::sample;
use crate::serve::Server;

pub(super) const AREA: AreaId = AreaId { generation: 2025, code: 6841 };
pub(super) const START: UnixMs = UnixMs(1_790_000_000_000);

/// A server on a loopback socket.
pub(super) struct World {
    pub(super) app: AppState,
    pub(super) clock: Arc<ManualClock>,
    pub(super) address: String,
    pub(super) dir: TempDir,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    serving: Option<tokio::task::JoinHandle<bool>>,
    _db: TestDb,
}

impl World {
    pub(super) async fn new() -> Result<Self, Failure> {
        let test = TestDb::sqlite().await?;
        let dir = tempfile::tempdir()?;
        let mut config = Config::defaults_in(dir.path())?;
        config.listen = "127.0.0.1:0".parse()?;
        let clock = Arc::new(ManualClock::at(START));
        test.db.write(async |tx| key::ensure(tx, START).await.map(drop)).await?;
        sample::install(&test.db, true, START).await?;
        let app = AppState::new(test.db.clone(), config, clock.clone());
        let mut world = Self { app, clock, address: String::new(), dir, stop: None, serving: None, _db: test };
        world.start().await?;
        Ok(world)
    }

    pub(super) async fn start(&mut self) -> Result<(), Failure> {
        let server = Server::bind(self.app.clone()).await?;
        self.address = format!("http://{}", server.address());
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        self.stop = Some(stop);
        self.serving = Some(tokio::spawn(server.run(async move { drop(stopped.await) })));
        Ok(())
    }

    pub(super) async fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(serving) = self.serving.take() {
            serving.await.expect("the server ends");
        }
    }

    /// A code for a new account.
    pub(super) async fn code(&self, username: &str, role: Role, areas: &[AreaId]) -> Result<String, Failure> {
        let new = NewAccount {
            username: username.to_owned(),
            display_name: format!("Đồng chí {username}"),
            role,
            areas: areas.to_vec(),
            password_hash: self.app.auth.hasher.hash("suối reo 2026".to_owned().into()).await?,
            post: None,
        };
        let (now, later) = (self.app.now(), UnixMs(self.app.now().0 + 3_600_000));
        let code = self
            .app
            .db
            .write(async |tx| {
                let account = account::create(tx, Actor::CommandLine, &new, now).await?;
                account::issue_code(tx, Actor::CommandLine, account.id, later, now).await
            })
            .await?;
        Ok(code.shown())
    }

    pub(super) fn store(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(super) fn options(&self) -> OpenOptions {
        OpenOptions {
            clock: self.clock.clone() as Arc<dyn Clock>,
            durability: Durability::Process,
            wait: std::time::Duration::ZERO,
            ..OpenOptions::default()
        }
    }

    pub(super) async fn enrol(&self, username: &str, role: Role, areas: &[AreaId]) -> Result<Field, Failure> {
        let code = self.code(username, role, areas).await?;
        let with = Enrolment { server: &self.address, code: &code, label: "phone" };
        Ok(Field::enrol(&self.store(username), with, self.options()).await?)
    }

    /// Opens a store a second later: a standing clock would give two openings the same proof counters.
    pub(super) async fn open(&self, name: &str) -> Result<Field, Failure> {
        self.clock.advance_ms(1_000);
        Ok(Field::open(&self.store(name), self.options()).await?)
    }
}

pub(super) fn session(attendances: u32) -> Draft {
    Draft::Session(Box::new(SessionEdit {
        fields: SessionFieldsEdit {
            date: CivilDate::new(2026, 9, 20).into(),
            village: Patch::Set(Village::Named("Khe Mọi".parse().expect("a line"))),
            attendances: attendances.into(),
            ..Default::default()
        },
        material: [("leaflet".parse().expect("a code"), Patch::Set(10))].into(),
        ..Default::default()
    }))
}

pub(super) fn attendances(count: u32) -> Edit {
    Edit::Session(Box::new(SessionEdit {
        fields: SessionFieldsEdit { attendances: count.into(), ..Default::default() },
        ..Default::default()
    }))
}

pub(super) async fn sync(field: &mut Field) -> Result<Report, Failure> {
    Ok(field.sync(&mut |_, _| {}).await?)
}

pub(super) async fn record(field: &mut Field, attendances: u32) -> Result<RecordId, Failure> {
    Ok(field.record(AREA, &session(attendances)).await?)
}

/// Copies a store as a careless backup would.
pub(super) fn copy(from: &std::path::Path, to: &std::path::Path) -> Result<(), Failure> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        std::fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}
