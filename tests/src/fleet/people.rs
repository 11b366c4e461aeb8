//! Accounts, made in the database, and their devices, enrolled through the API as every device is.

use ed25519_dalek::{Signer, SigningKey};
use serde_json::json;
use server::account::{self, AccountError, NewAccount};
use server::audit::Actor;
use server::auth::code::EnrolmentCode;
use server::auth::key::Purpose;
use server::auth::route::Grant;
use server::auth::statement;
use server::clock::{Clock, SystemClock};
use server::coverage::testing::Draws;
use server::db::Db;
use server::reference::Catalogues;
use sync_core::device::Identity;
use sync_core::id::{AreaId, PublicKey, Role, UnixMs, to_hex};

use super::Failure;
use super::home::Home;
use super::phone::Phone;
use super::process::ServerProcess;
use super::wire::{Access, Ask, Line};

/// How long codes live: longer than any preparation.
const CODE_LIFE_MS: i64 = 24 * 60 * 60 * 1_000;
/// A hash no password has: nobody of the fleet signs in with one.
const NO_PASSWORD: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// Enrolments under way at once.
const AT_ONCE: usize = 16;

/// Somebody whose device is to be enrolled.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) role: Role,
    pub(super) areas: Vec<AreaId>,
}

impl Person {
    pub(super) fn guard(area: AreaId) -> Self {
        Self { role: Role::Guard, areas: vec![area] }
    }

    pub(super) fn officer(area: AreaId) -> Self {
        Self { role: Role::Officer, areas: vec![area] }
    }

    /// Reads every area.
    pub(super) fn coordinator() -> Self {
        Self { role: Role::Coordinator, areas: Vec::new() }
    }

    /// Reads every area, and sets.
    pub(super) fn administrator() -> Self {
        Self { role: Role::Administrator, areas: Vec::new() }
    }
}

/// So many areas: the communes of the newest generation, over and over when there are fewer.
pub(super) async fn areas(db: &Db, count: usize) -> Result<Vec<AreaId>, Failure> {
    let catalogue = Catalogues::new(db.clone()).current().await?;
    let newest = catalogue.newest_generation().ok_or("no units in the reference data")?;
    let all: Vec<AreaId> = catalogue.units_of(newest).map(|unit| unit.area).collect();
    Ok(all.into_iter().cycle().take(count).collect())
}

/// An account and an enrolment code for each.
pub(super) async fn hire(db: &Db, people: &[Person]) -> Result<Vec<EnrolmentCode>, Failure> {
    let now = SystemClock.now();
    let expires_at = UnixMs(now.0 + CODE_LIFE_MS);
    let codes: Result<Vec<EnrolmentCode>, AccountError> = db
        .write(async |tx| {
            let mut codes = Vec::with_capacity(people.len());
            for (number, person) in people.iter().enumerate() {
                let new = NewAccount {
                    username: format!("fleet-{number}"),
                    display_name: format!("Đồng chí {number}"),
                    role: person.role,
                    areas: person.areas.clone(),
                    password_hash: NO_PASSWORD.to_owned(),
                    post: None,
                };
                let account = account::create(tx, Actor::CommandLine, &new, now).await?;
                codes.push(account::issue_code(tx, Actor::CommandLine, account.id, expires_at, now).await?);
            }
            Ok(codes)
        })
        .await;
    Ok(codes?)
}

/// Enrols a device with each code, in order.
pub(super) async fn enrol(
    home: &Home,
    server: &ServerProcess,
    codes: Vec<EnrolmentCode>,
    seed: u64,
) -> Result<Vec<Phone>, Failure> {
    let mut draws = Draws::new(seed ^ 0x6b65_7973);
    let mut waiting = codes.into_iter().enumerate();
    let mut under_way = tokio::task::JoinSet::new();
    let mut phones = Vec::new();
    loop {
        while under_way.len() < AT_ONCE
            && let Some((number, code)) = waiting.next()
        {
            let mut secret = [0; 32];
            for part in secret.chunks_mut(8) {
                part.copy_from_slice(&draws.next_u64().to_be_bytes());
            }
            let key = SigningKey::from_bytes(&secret);
            let line = Line::new(server.address, home.meter.clone(), None);
            under_way.spawn(async move { (number, key.clone(), enrol_one(line, number, &key, &code).await) });
        }
        let Some(done) = under_way.join_next().await else { break };
        let (number, key, granted) = done?;
        let (identity, token) = granted?;
        let access = Access { key, token };
        phones.push((number, Phone::new(identity, access, server.address, home.meter.clone())));
    }
    phones.sort_by_key(|(number, _)| *number);
    Ok(phones.into_iter().map(|(_, phone)| phone).collect())
}

async fn enrol_one(
    mut line: Line,
    number: usize,
    key: &SigningKey,
    code: &EnrolmentCode,
) -> Result<(Identity, String), Failure> {
    let public = PublicKey(key.verifying_key().to_bytes());
    let body = json!({
        "code": code.shown(),
        "public_key": public,
        "label": format!("Máy {number}"),
        "signature": to_hex(&key.sign(&statement::enrolment(code, &public)).to_bytes()),
    });
    // Attempts are limited by address: each device has its own, as in the field.
    let address = format!("10.{}.{}.{}", number >> 16 & 255, number >> 8 & 255, number & 255);
    let answer = line.ask(&Ask::json("/v1/enrolments", &body)?.forwarded_for(address)).await?;
    let grant: Grant = serde_json::from_slice(&answer)?;
    let (Some(certificate), Some(server)) = (grant.certificate, grant.server) else {
        return Err("the grant lacks certificate or keys".into());
    };
    let receipt_keys = server.keys.iter().filter(|key| key.purpose == Purpose::Receipt);
    let identity = Identity {
        device: certificate.device_id,
        certificate: certificate.no,
        recorder: certificate.recorder,
        role: certificate.role,
        areas: certificate.areas.into_iter().collect(),
        servers: server.log_device_ids.into_iter().collect(),
        receipt_keys: receipt_keys
            .map(|key| Ok((key.kid.clone(), key.key.parse()?)))
            .collect::<Result<_, Failure>>()?,
    };
    Ok((identity, grant.access_token))
}
