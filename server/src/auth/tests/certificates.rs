//! Certificates that must not let a device back in. The way in is that of a server restored from an old backup, which
//! knows a device by its certificate alone.

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use sync_core::id::Role;

use super::area;
use super::hostile::{forged, part};
use crate::auth::key::{Keyring, Purpose};
use crate::auth::testing::{START, TestDevice, World};
use crate::db::testing::{Failure, on_each};
use crate::on_db;

/// Forgets every device, as a backup from before their enrolment would.
async fn forget(world: &World) -> Result<(), Failure> {
    let mut tx = world.app.db.begin().await?;
    for wipe in [
        "delete from sign_in",
        "delete from certificate_area",
        "delete from certificate",
        "delete from enrolment_code",
        "delete from device where account_id is not null",
    ] {
        on_db!(tx, |c| sqlx::query(wipe).execute(c).await.map(drop))?;
    }
    tx.commit().await?;
    Ok(())
}

async fn shown(world: &World, device: &TestDevice, certificate: &str) -> Result<(StatusCode, String), Failure> {
    let mut request = device.token_request();
    request["certificate"] = json!(certificate);
    let answer = world.send("POST", "/v1/tokens", &request).await?;
    Ok((answer.status, answer.code().to_owned()))
}

#[tokio::test]
async fn no_forged_certificate_is_accepted() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let device = world.device("hai", Role::Guard, &[area(6841)]).await?;
        let other = world.device("tam", Role::Guard, &[area(6841)]).await?;
        let token = device.token.clone();
        let genuine = device.certificate.clone();
        forget(&world).await?;
        let ring = Keyring::load(db).await?;
        let kid = ring.newest(Purpose::Certificate, START)?.kid.clone();
        let middle = genuine.split('.').nth(1).ok_or("three parts")?;
        let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(middle)?)?;
        let head = json!({ "typ": "banlang-certificate+jwt", "alg": "EdDSA", "kid": kid });
        let with = |of: &Value, name: &str, value: Value| {
            let mut changed = of.clone();
            changed[name] = value;
            changed
        };
        let sign = |header: &Value, claims: &Value| forged(&ring, Purpose::Certificate, header, claims);
        let claim = |name: &str, value: Value| sign(&head, &with(&claims, name, value));
        let header = |name: &str, value: Value| sign(&with(&head, name, value), &claims);

        let public = ring.newest(Purpose::Certificate, START)?.public_key().ok_or("a public key")?;
        let mut symmetric = Header::new(Algorithm::HS256);
        symmetric.typ = Some("banlang-certificate+jwt".to_owned());
        symmetric.kid = Some(kid.clone());
        let confused = jsonwebtoken::encode(&symmetric, &claims, &EncodingKey::from_secret(&public.0))?;
        let jwk = |x: &[u8]| json!({ "kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(x) });
        let others = other.public_key().0;
        let now = START.0 / 1000;
        let mut vectors = vec![
            ("alg none", format!("{}.{}.", part(&with(&head, "alg", json!("none"))), part(&claims))),
            ("HS256 with the public key", confused),
            ("ES256 named", header("alg", json!("ES256"))?),
            ("unknown kid", header("kid", json!("c99"))?),
            ("kid like a path", header("kid", json!("../c1"))?),
            ("kid of another purpose", header("kid", json!("t1"))?),
            ("own key", header("jwk", jwk(&device.public_key().0))?),
            ("key by address", header("jku", json!("https://example.org/k"))?),
            ("wrong typ", header("typ", json!("JWT"))?),
            ("typ of an access token", header("typ", json!("at+jwt"))?),
            ("an access token", token),
            ("signed by the token key", forged(&ring, Purpose::Token, &head, &claims)?),
            ("wrong audience", claim("aud", json!("api"))?),
            ("wrong issuer", claim("iss", json!("khac"))?),
            ("expired", claim("exp", json!(now))?),
            ("not yet valid", claim("nbf", json!(now + 1))?),
            ("exp as text", claim("exp", json!("9999999999"))?),
            ("nbf as text", claim("nbf", json!("0"))?),
            ("another device's key", claim("cnf", json!({ "jwk": jwk(&others) }))?),
            ("another device's id", claim("dev", json!(other.id()))?),
            ("a key that is none", claim("cnf", json!({ "jwk": jwk(&[1; 31]) }))?),
            ("another curve", claim("cnf", json!({ "jwk": { "kty": "EC", "crv": "P-256", "x": "AA" } }))?),
            ("a key with more to it", claim("cnf", json!({ "jwk": jwk(&device.public_key().0), "kid": "x" }))?),
            ("no person", claim("sub", json!(""))?),
            ("a person by name", claim("sub", json!("hai"))?),
            ("a person as a number", claim("sub", json!(1))?),
            ("an unknown role", claim("role", json!("chief"))?),
            ("areas that are none", claim("areas", json!(["6841"]))?),
            ("number 0", claim("no", json!(0))?),
            ("a number below", claim("no", json!(-1))?),
            ("a claim more", claim("admin", json!(true))?),
            ("another device's certificate", other.certificate.clone()),
            ("signature cut", genuine[..genuine.len() - 4].to_owned()),
            ("empty", String::new()),
            ("very long", "a.".repeat(15_000)),
        ];
        for name in claims.as_object().ok_or("claims")?.keys() {
            let mut without = claims.clone();
            without.as_object_mut().map(|object| object.remove(name));
            vectors.push(("a claim is missing", sign(&head, &without)?));
            vectors.push(("a claim is null", claim(name, Value::Null)?));
        }
        for (name, certificate) in vectors {
            let (status, code) = shown(&world, &device, &certificate).await?;
            assert_eq!((status, code.as_str()), (StatusCode::UNAUTHORIZED, "certificate.refused"), "{name}");
        }
        // The way of forging itself works: what failed above failed for its own reason.
        let (status, code) = shown(&world, &device, &sign(&head, &claims)?).await?;
        assert_eq!((status, code.as_str()), (StatusCode::OK, ""));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_genuine_certificate_needs_its_device_key() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let device = world.device("hai", Role::Guard, &[area(6841)]).await?;
        forget(&world).await?;
        // A thief has the certificate and the id, and signs with a key of their own.
        let mut request = TestDevice::new().token_request();
        request["device_id"] = json!(device.id());
        request["certificate"] = json!(device.certificate);
        assert_eq!(world.send("POST", "/v1/tokens", &request).await?.code(), "certificate.refused");
        let thief = TestDevice::new();
        assert_eq!(shown(&world, &thief, &device.certificate).await?.1, "certificate.refused");
        Ok(())
    })
    .await
}
