//! A headquarters for tests: a server with the sample lists and one person of each role.

use axum::body::to_bytes;
use axum::http::{Response, StatusCode};
use serde_json::Value;
use sync_core::id::Role;

use crate::auth::testing::{Answer, START, TestDevice, World};
use crate::db::testing::Failure;
use crate::db::{Db, DbError};
use crate::on_db;
use crate::reference::sample;

/// One person of each role; guard and officer have Xã Hoành Mô.
pub(crate) struct Desk {
    pub(crate) world: World,
    pub(crate) guard: TestDevice,
    pub(crate) officer: TestDevice,
    pub(crate) coordinator: TestDevice,
    pub(crate) administrator: TestDevice,
}

impl Desk {
    pub(crate) async fn new(db: &Db) -> Result<Self, Failure> {
        sample::install(db, true, START).await?;
        let world = World::new(db).await?;
        let own = ["2025-06841".parse()?];
        Ok(Self {
            guard: world.device("guard", Role::Guard, &own).await?,
            officer: world.device("officer", Role::Officer, &own).await?,
            coordinator: world.device("coordinator", Role::Coordinator, &[]).await?,
            administrator: world.device("administrator", Role::Administrator, &[]).await?,
            world,
        })
    }

    pub(crate) fn of(&mut self, role: Role) -> &mut TestDevice {
        match role {
            Role::Guard => &mut self.guard,
            Role::Officer => &mut self.officer,
            Role::Coordinator => &mut self.coordinator,
            Role::Administrator => &mut self.administrator,
        }
    }

    pub(crate) async fn get(&mut self, role: Role, target: &str) -> Result<Answer, Failure> {
        let world = self.world.clone();
        self.of(role).get(&world, target).await
    }

    pub(crate) async fn post(&mut self, role: Role, target: &str, body: &Value) -> Result<Answer, Failure> {
        let world = self.world.clone();
        self.of(role).post(&world, target, body).await
    }

    /// An answer as it stands: status, headers and bytes.
    pub(crate) async fn raw(
        &mut self,
        role: Role,
        target: &str,
        body: &Value,
    ) -> Result<(Response<()>, Vec<u8>), Failure> {
        let world = self.world.clone();
        let request = self.of(role).request("POST", target, body.to_string().into_bytes())?;
        let (parts, body) = world.raw(request).await?.into_parts();
        Ok((Response::from_parts(parts, ()), to_bytes(body, 64 << 20).await?.to_vec()))
    }

    /// What is got with success.
    pub(crate) async fn read(&mut self, role: Role, target: &str) -> Result<Value, Failure> {
        let answer = self.get(role, target).await?;
        assert_eq!(answer.status, StatusCode::OK, "{target}: {}", answer.body);
        Ok(answer.body)
    }

    /// What is entered with success.
    pub(crate) async fn enter(&mut self, role: Role, target: &str, body: &Value) -> Result<Value, Failure> {
        let answer = self.post(role, target, body).await?;
        assert!(answer.status.is_success(), "{target}: {}", answer.body);
        Ok(answer.body)
    }

    /// The field of a refusal, and its code.
    pub(crate) async fn refused(
        &mut self,
        role: Role,
        target: &str,
        body: &Value,
    ) -> Result<(String, String), Failure> {
        let answer = self.post(role, target, body).await?;
        assert!(answer.status.is_client_error(), "{target}: {}", answer.body);
        let field = answer.body["field"].as_str().unwrap_or_default().to_owned();
        Ok((answer.code().to_owned(), field))
    }

    /// The newest audit row of an action.
    pub(crate) async fn told(&mut self, action: &str) -> Result<Value, Failure> {
        let page = self.read(Role::Coordinator, &format!("/v1/audit?action={action}&limit=1")).await?;
        Ok(page["rows"][0].clone())
    }
}

/// Runs a statement.
pub(crate) async fn run(db: &Db, text: &str) -> Result<(), DbError> {
    db.write(async |tx| Ok(on_db!(tx, |c| sqlx::query(sqlx::AssertSqlSafe(text)).execute(c).await.map(drop))?)).await
}

/// Bytes as a literal of the engine.
pub(crate) fn bytes(db: &Db, hex: &str) -> String {
    format!("{}{hex}'", db.dialect().pick("x'", r"'\x"))
}
