//! Tokens and proofs that must not be accepted.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use sync_core::id::Role;

use super::area;
use crate::auth::certificate;
use crate::auth::key::{self, Keyring, Purpose};
use crate::auth::statement::{self, PROOF_HEADER};
use crate::auth::testing::{START, TestDevice, World};
use crate::db::DbError;
use crate::db::testing::{Failure, on_each};

pub(super) fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A token of any header and claims, signed by the server's key for `purpose`.
pub(super) fn forged(ring: &Keyring, purpose: Purpose, header: &Value, claims: &Value) -> Result<String, Failure> {
    signed(ring, purpose, &format!("{}.{}", part(header), part(claims)))
}

/// The message with a signature by the server's key for `purpose`.
fn signed(ring: &Keyring, purpose: Purpose, message: &str) -> Result<String, Failure> {
    use ed25519_dalek::Signer;
    let key = ring.newest(purpose, START)?.signing().ok_or("no signing key")?;
    let signature = URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes()).to_bytes());
    Ok(format!("{message}.{signature}"))
}

#[tokio::test]
async fn no_forged_token_is_accepted() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let mut device = world.device("hai", Role::Guard, &[area(6841)]).await?;
        let genuine = device.token.clone();
        assert!(genuine.len() < 220, "{} characters", genuine.len());
        let ring = Keyring::load(db).await?;
        let kid = ring.newest(Purpose::Token, START)?.kid.clone();
        let claims: Value = {
            let middle = genuine.split('.').nth(1).ok_or("three parts")?;
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(middle)?)?
        };
        let with = |name: &str, value: Value| {
            let mut changed = claims.clone();
            changed[name] = value;
            changed
        };
        let without = |name: &str| {
            let mut changed = claims.clone();
            changed.as_object_mut().map(|object| object.remove(name));
            changed
        };
        let head = json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": kid });
        let head_with = |name: &str, value: Value| {
            let mut changed = head.clone();
            changed[name] = value;
            changed
        };
        let sign = |header: &Value, claims: &Value| forged(&ring, Purpose::Token, header, claims);
        // The way of forging itself works: what fails below fails for its own reason.
        device.token = sign(&head, &claims)?;
        assert_eq!(device.get(&world, "/v1/devices").await?.status, StatusCode::OK);

        let public = ring.newest(Purpose::Token, START)?.public_key().ok_or("a public key")?;
        let mut symmetric = Header::new(Algorithm::HS256);
        symmetric.typ = Some("at+jwt".to_owned());
        symmetric.kid = Some(kid.clone());
        let confused = jsonwebtoken::encode(&symmetric, &claims, &EncodingKey::from_secret(&public.0))?;
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(device.public_key().0) });
        let later = claims["exp"].as_i64().unwrap_or_default();
        let vectors = [
            ("alg none", format!("{}.{}.", part(&head_with("alg", json!("none"))), part(&claims))),
            ("alg none, signed", sign(&head_with("alg", json!("none")), &claims)?),
            ("HS256 with the public key", confused),
            ("ES256 named", sign(&head_with("alg", json!("ES256")), &claims)?),
            ("unknown kid", sign(&head_with("kid", json!("t99")), &claims)?),
            ("kid like a path", sign(&head_with("kid", json!("../../t1")), &claims)?),
            ("kid of another purpose", sign(&head_with("kid", json!("c1")), &claims)?),
            ("no kid", sign(&json!({ "typ": "at+jwt", "alg": "EdDSA" }), &claims)?),
            ("own key", sign(&head_with("jwk", jwk), &claims)?),
            ("key by address", sign(&head_with("jku", json!("https://example.org/k")), &claims)?),
            ("critical extension", sign(&head_with("crit", json!(["b64"])), &claims)?),
            ("wrong typ", sign(&head_with("typ", json!("JWT")), &claims)?),
            ("certificate typ", sign(&head_with("typ", json!("banlang-certificate+jwt")), &claims)?),
            ("signed by the certificate key", forged(&ring, Purpose::Certificate, &head, &claims)?),
            ("wrong audience", sign(&head, &with("aud", json!("gate")))?),
            ("expired", sign(&head, &with("exp", json!(START.0 / 1000)))?),
            ("not yet valid", sign(&head, &with("nbf", json!(later + 3600)))?),
            ("another issuer", sign(&head, &with("iss", json!("https://example.org")))?),
            ("aud as a list with another", sign(&head, &with("aud", json!(["gate"])))?),
            ("exp negative", sign(&head, &with("exp", json!(-1)))?),
            ("sign-in missing as null", sign(&head, &with("sid", Value::Null))?),
            ("sign-in twice", {
                let text = claims.to_string().replacen('{', "{\"sid\":1,", 1);
                let message = format!("{}.{}", part(&head), URL_SAFE_NO_PAD.encode(text));
                signed(&ring, Purpose::Token, &message)?
            }),
            ("exp as text", sign(&head, &with("exp", json!(later.to_string())))?),
            ("exp beyond all numbers", sign(&head, &with("exp", json!(1e300)))?),
            ("sign-in as text", sign(&head, &with("sid", json!("1")))?),
            ("unknown sign-in", sign(&head, &with("sid", json!(i64::MAX)))?),
            ("no exp", sign(&head, &without("exp"))?),
            ("no aud", sign(&head, &without("aud"))?),
            ("no sid", sign(&head, &without("sid"))?),
            ("a certificate", device.certificate.clone()),
            ("signature cut", genuine[..genuine.len() - 4].to_owned()),
            ("four parts", format!("{genuine}.AA")),
            ("empty", String::new()),
            ("very long", "a.".repeat(40_000)),
        ];
        for (name, token) in vectors {
            device.token = token;
            let answer = device.get(&world, "/v1/devices").await?;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{name}: {answer:?}");
            assert!(answer.code().starts_with("token."), "{name}: {answer:?}");
        }
        device.token = genuine;
        assert_eq!(device.get(&world, "/v1/devices").await?.status, StatusCode::OK);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_token_is_useless_without_its_devices_key() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let victim = world.device("hai", Role::Administrator, &[]).await?;
        let mut thief = world.device("tam", Role::Guard, &[area(1)]).await?;
        thief.token = victim.token;
        assert_eq!(thief.get(&world, "/v1/devices").await?.code(), "proof.refused");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_proof_counts_once_and_for_its_own_request_only() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let device = world.device("hai", Role::Administrator, &[]).await?;
        let body = json!({ "account_id": 1 }).to_string();
        let send = async |method: &str, target: &str, body: &str, proof: &str| {
            let request = Request::builder()
                .method(method)
                .uri(target)
                .header(header::AUTHORIZATION, format!("Bearer {}", device.token))
                .header(header::CONTENT_TYPE, "application/json")
                .header(PROOF_HEADER, proof)
                .body(Body::from(body.to_owned()))?;
            world.call(request).await
        };
        let target = "/v1/enrolment-codes";
        let proof =
            |counter| statement::proof_header(&device.key, "POST", target, body.as_bytes(), &device.token, counter);
        let altered = send("POST", target, &body.replace('1', "2"), &proof(1)).await?;
        assert_eq!(altered.code(), "proof.refused");
        let few = statement::proof_header(&device.key, "GET", "/v1/villages?limit=1", b"", &device.token, 1);
        assert_eq!(send("GET", "/v1/villages?limit=2", "", &few).await?.code(), "proof.refused");
        assert_eq!(send("POST", "/v1/accounts", &body, &proof(1)).await?.code(), "proof.refused");
        assert_eq!(send("GET", target, &body, &proof(1)).await?.code(), "proof.refused");
        // None of those used the counter up.
        assert_eq!(send("POST", target, &body, &proof(1)).await?.code(), "account.unknown");
        assert_eq!(send("POST", target, &body, &proof(1)).await?.code(), "proof.used");
        assert_eq!(send("POST", target, &body, &proof(200)).await?.code(), "account.unknown");
        assert_eq!(send("POST", target, &body, &proof(137)).await?.code(), "account.unknown");
        assert_eq!(send("POST", target, &body, &proof(136)).await?.code(), "proof.used");
        for bad in ["", "AAAA", &proof(300)[1..]] {
            assert_eq!(send("POST", target, &body, bad).await?.code(), "proof.missing", "{bad}");
        }
        // A body where none was signed for.
        let none = statement::proof_header(&device.key, "GET", target, b"", &device.token, 301);
        assert_eq!(send("GET", target, &body, &none).await?.code(), "proof.refused");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_request_without_token_or_proof_is_refused() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let device = world.device("hai", Role::Administrator, &[]).await?;
        for target in ["/v1/devices", "/v1/accounts", "/v1/enrolment-codes"] {
            assert_eq!(world.send("GET", target, &Value::Null).await?.code(), "token.missing", "{target}");
            let request = Request::builder()
                .uri(target)
                .header(header::AUTHORIZATION, format!("Bearer {}", device.token))
                .body(Body::empty())?;
            assert_eq!(world.call(request).await?.code(), "proof.missing", "{target}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_key_rotated_elsewhere_is_taken_up_and_a_retired_one_dropped() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let mut device = world.device("hai", Role::Guard, &[area(1)]).await?;
        let mut old = device.clone();
        world.clock.advance_ms(2_000);
        let retire = sync_core::id::UnixMs(START.0 + 60_000);
        let rotate = async |tx: &mut crate::db::Tx| {
            for purpose in [Purpose::Token, Purpose::Certificate] {
                key::rotate(tx, purpose, sync_core::id::UnixMs(START.0 + 2_000), Some(retire)).await?;
            }
            Ok::<_, DbError>(())
        };
        db.write(rotate).await?;
        device.refresh(&world).await?;
        assert_ne!(device.token.split('.').next(), old.token.split('.').next());
        assert_eq!(device.get(&world, "/v1/devices").await?.status, StatusCode::OK);
        assert_eq!(old.get(&world, "/v1/devices").await?.status, StatusCode::OK, "the old key is still believed");
        world.clock.advance_ms(60_000);
        assert_eq!(old.get(&world, "/v1/devices").await?.code(), "token.refused");
        // The certificate of the retired key is replaced at the next contact.
        let before = device.certificate_no;
        device.refresh(&world).await?;
        assert_eq!(device.certificate_no, before + 1);
        let ring = Keyring::load(db).await?;
        let now = world.app.now();
        let signed = certificate::read(&ring, &device.certificate, now)?;
        assert_eq!(signed.key, device.public_key());
        assert!(certificate::read(&ring, &old.certificate, now).is_err());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_unenrolled_device_gets_no_token() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let enrolled = world.device("hai", Role::Guard, &[area(1)]).await?;
        let stranger = TestDevice::new();
        let answer = world.send("POST", "/v1/tokens", &stranger.token_request()).await?;
        assert_eq!(answer.code(), "certificate.wanted");
        let mut request = stranger.token_request();
        request["certificate"] = json!(enrolled.certificate);
        assert_eq!(world.send("POST", "/v1/tokens", &request).await?.code(), "certificate.refused");
        let mut request = stranger.token_request();
        request["device_id"] = json!(enrolled.id());
        assert_eq!(world.send("POST", "/v1/tokens", &request).await?.code(), "token.refused");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_token_request_nobody_vouches_for_waits_for_no_writer() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let device = world.device("hai", Role::Guard, &[area(6841)]).await?;
        // Somebody writes, and goes on writing: SQLite has one writer.
        let writing = db.begin().await?;
        let mut request = device.token_request();
        request["nonce"] = json!("00".repeat(16));
        assert_eq!(world.send("POST", "/v1/tokens", &request).await?.code(), "token.refused");
        let stranger = TestDevice::new();
        assert_eq!(world.send("POST", "/v1/tokens", &stranger.token_request()).await?.code(), "certificate.wanted");
        writing.rollback().await?;
        Ok(())
    })
    .await
}
