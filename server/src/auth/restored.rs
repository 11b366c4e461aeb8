//! What a server that was restored from an older backup has forgotten: devices enrolled since, known again by the
//! certificates this deployment signed for them.
//!
//! A device shows its own, see `POST /v1/tokens`. For one that does not call any more, whoever gives its batches back
//! shows it: the certificate says whose key that is, and the batches' signatures say the rest. A certificate is no
//! sign-in, and an account that is not on file comes back deactivated: what its devices recorded waits in quarantine
//! until an administrator looked at it.

use std::collections::BTreeSet;

use sync_core::id::{DeviceId, UnixMs};

use super::certificate::{self, Signed};
use super::key::Keyring;
use super::policy::Policy;
use super::sign_in;
use crate::account::{self, Account};
use crate::app::AppState;
use crate::audit::{self, Actor};
use crate::db::{DbError, Tx};
use crate::device;
use crate::problem::Problem;
use crate::write_tx;

/// Puts back on file what a certificate says and is not there: the person's account, the device, the certificate.
/// Returns the account; `None` when the device is on file as another person's, then nothing is written.
///
/// `by` is who showed it; `None` stands for the device itself.
///
/// # Errors
/// [`DbError`].
pub(super) async fn put_back(
    tx: &mut Tx,
    policy: &Policy,
    shown: &Signed,
    by: Option<Actor>,
    now: UnixMs,
) -> Result<Option<Account>, DbError> {
    let Signed { certificate, key } = shown;
    let id = i64::from(certificate.recorder.0);
    let device = device::find(tx, certificate.device).await?;
    if device.as_ref().is_some_and(|device| device.account != Some(id)) {
        return Ok(None);
    }
    let actor = by.unwrap_or(Actor::Person { account: id, device: certificate.device });
    let account = match account::find(tx, id).await? {
        Some(account) => account,
        None => {
            let account = account::put_back(tx, id, certificate.role, &certificate.areas, now).await?;
            let detail = serde_json::json!({ "username": account.username, "certificate_no": certificate.no });
            audit::record(tx, now, actor, "account.restored", &id.to_string(), &detail).await?;
            account
        }
    };
    if device.is_none() {
        device::insert(tx, *key, id, "restored", now).await?;
        sign_in::open(tx, policy, certificate.device, id, now).await?;
        let detail = serde_json::json!({ "account": id, "certificate_no": certificate.no });
        audit::record(tx, now, actor, "device.restored", &certificate.device.to_string(), &detail).await?;
    }
    certificate::adopt(tx, certificate).await?;
    Ok(Some(account))
}

/// Puts the devices among `authors` back on file that are not there and whose certificates are shown. A text that is no
/// certificate of this deployment is passed over: then the batches speak for nobody, and are refused.
///
/// # Errors
/// The database's.
pub(crate) async fn introduce(
    app: &AppState,
    shown: &[String],
    authors: &BTreeSet<DeviceId>,
    by: Option<Actor>,
) -> Result<(), Problem> {
    if shown.is_empty() {
        return Ok(());
    }
    let now = app.now();
    let known = app.auth.known(&app.db, now).await?;
    let mut tx = app.db.snapshot().await?;
    let lacking = lacking(&mut tx, &known.ring, shown, authors, now).await?;
    drop(tx);
    if lacking.is_empty() {
        return Ok(());
    }
    write_tx!(app.db, |tx| all_back(tx, &app.auth.policy, &lacking, by, now))
}

async fn all_back(
    tx: &mut Tx,
    policy: &Policy,
    lacking: &[Signed],
    by: Option<Actor>,
    now: UnixMs,
) -> Result<(), Problem> {
    for shown in lacking {
        put_back(tx, policy, shown, by, now).await?;
    }
    Ok(())
}

/// Of the certificates shown the genuine ones of these authors that are not on file.
async fn lacking(
    tx: &mut Tx,
    ring: &Keyring,
    shown: &[String],
    authors: &BTreeSet<DeviceId>,
    now: UnixMs,
) -> Result<Vec<Signed>, DbError> {
    let mut lacking = Vec::new();
    for text in shown {
        let Ok(signed) = certificate::read(ring, text, now) else { continue };
        let certificate = &signed.certificate;
        let wanted = authors.contains(&certificate.device) && certificate.issued_at <= now;
        if wanted && certificate::find(tx, certificate.device, certificate.no).await?.is_none() {
            lacking.push(signed);
        }
    }
    Ok(lacking)
}
