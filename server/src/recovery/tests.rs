//! A forgotten PIN, from the phone that asks to the phone that opens, on both engines.

use std::io::Read;

use axum::http::StatusCode;
use serde_json::{Value, json};
use sync_core::id::{AreaId, DeviceId, Role, from_hex, to_hex};
use sync_core::statement::recovery_check;

use crate::auth::key::{Keyring, Purpose};
use crate::auth::testing::{START, TestDevice, World};
use crate::db::testing::{Failure, on_each};

const DATA_KEY: [u8; 32] = [7; 32];
const AREA: AreaId = AreaId { generation: 2025, code: 1 };

/// A phone that holds nothing but what it sealed at enrolment.
struct Phone {
    device: DeviceId,
    envelope: Vec<u8>,
    identity: age::x25519::Identity,
}

impl Phone {
    async fn of(world: &World, device: &TestDevice) -> Result<Self, Failure> {
        let ring = Keyring::load(&world.app.db).await?;
        let carry = ring.newest(Purpose::Carry, START)?.public_text();
        let recipient: age::x25519::Recipient = carry.parse().map_err(|error: &str| error.to_owned())?;
        let text = [b"BLRECOV1".as_slice(), device.id().as_bytes(), &DATA_KEY].concat();
        let envelope = age::encrypt(&recipient, &text)?;
        Ok(Self { device: device.id(), envelope, identity: age::x25519::Identity::generate() })
    }

    fn recipient(&self) -> String {
        self.identity.to_public().to_string()
    }

    fn request(&self) -> Value {
        json!({ "device_id": self.device, "envelope": to_hex(&self.envelope), "recipient": self.recipient() })
    }

    fn code(&self) -> Value {
        json!({ "check_code": recovery_check(self.device, &self.envelope, &self.recipient()).shown() })
    }

    fn open(&self, sealed: &str) -> Result<Vec<u8>, Failure> {
        let bytes: Vec<u8> =
            (0..sealed.len()).step_by(2).filter_map(|at| from_hex::<1>(&sealed[at..at + 2])).flatten().collect();
        let decryptor = age::Decryptor::new_buffered(&bytes[..])?;
        let mut text = Vec::new();
        decryptor.decrypt(std::iter::once(&self.identity as &dyn age::Identity))?.read_to_end(&mut text)?;
        Ok(text)
    }
}

#[tokio::test]
async fn the_data_key_comes_back_once_an_officer_approved_the_code_the_phone_shows() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let guard = world.device("binh", Role::Guard, &[AREA]).await?;
        let mut officer = world.device("lan", Role::Officer, &[AREA]).await?;
        let phone = Phone::of(&world, &guard).await?;
        let asked = world.send("POST", "/v1/recoveries", &phone.request()).await?;
        assert_eq!(asked.status, StatusCode::OK, "{asked:?}");
        let path = format!("/v1/recoveries/{}", asked.body["id"].as_str().ok_or("an id")?);
        assert_eq!(world.send("GET", &path, &Value::Null).await?.body["sealed"], Value::Null);
        let waiting = officer.get(&world, "/v1/recoveries").await?;
        assert_eq!(waiting.body[0]["device_id"], json!(guard.id()), "{waiting:?}");

        let recover = format!("/v1/devices/{}/recover", guard.id());
        assert_eq!(officer.post(&world, &recover, &phone.code()).await?.status, StatusCode::OK);
        let answer = world.send("GET", &path, &Value::Null).await?;
        let text = phone.open(answer.body["sealed"].as_str().ok_or("sealed")?)?;
        assert!(text.ends_with(&DATA_KEY) && text.starts_with(b"BLRECOV1"));
        assert_eq!(officer.post(&world, &recover, &phone.code()).await?.code(), "recovery.none-waits");

        let mut chief = world.device("minh", Role::Administrator, &[]).await?;
        let audit = chief.get(&world, "/v1/audit").await?.body.to_string();
        assert!(audit.contains("device.recovered"), "{audit}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn another_key_cannot_be_approved_in_its_place() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let guard = world.device("binh", Role::Guard, &[AREA]).await?;
        let mut officer = world.device("lan", Role::Officer, &[AREA]).await?;
        let phone = Phone::of(&world, &guard).await?;
        world.send("POST", "/v1/recoveries", &phone.request()).await?;
        // Whoever copied the envelope asks after the owner did, with a key of their own.
        let thief = Phone { identity: age::x25519::Identity::generate(), envelope: phone.envelope.clone(), ..phone };
        let asked = world.send("POST", "/v1/recoveries", &thief.request()).await?;
        let recover = format!("/v1/devices/{}/recover", guard.id());
        let owners = Phone { identity: age::x25519::Identity::generate(), ..Phone::of(&world, &guard).await? };
        let answer = officer.post(&world, &recover, &owners.code()).await?;
        assert_eq!((answer.code(), answer.body["field"].as_str()), ("recovery.check-code", Some("check_code")));
        let path = format!("/v1/recoveries/{}", asked.body["id"].as_str().ok_or("an id")?);
        assert_eq!(world.send("GET", &path, &Value::Null).await?.body["sealed"], Value::Null);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn only_who_manages_the_account_approves() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let guard = world.device("binh", Role::Guard, &[AREA]).await?;
        let phone = Phone::of(&world, &guard).await?;
        world.send("POST", "/v1/recoveries", &phone.request()).await?;
        let recover = format!("/v1/devices/{}/recover", guard.id());
        let far = [AreaId { generation: 2025, code: 2 }];
        for (mut device, code) in [
            (world.device("hai", Role::Guard, &[AREA]).await?, "device.unknown"),
            (world.device("tam", Role::Officer, &far).await?, "device.unknown"),
            (world.device("minh", Role::Coordinator, &[]).await?, "request.forbidden"),
        ] {
            assert_eq!(device.post(&world, &recover, &phone.code()).await?.code(), code);
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_is_no_envelope_of_the_device_is_refused_at_once() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let guard = world.device("binh", Role::Guard, &[AREA]).await?;
        let other = world.device("chi", Role::Guard, &[AREA]).await?;
        let phone = Phone::of(&world, &guard).await?;
        let mut request = phone.request();
        request["device_id"] = json!(other.id());
        assert_eq!(world.send("POST", "/v1/recoveries", &request).await?.code(), "recovery.envelope");
        for (field, value) in [("envelope", "zz"), ("envelope", "ệệ"), ("recipient", "age1"), ("envelope", "00")] {
            let mut request = phone.request();
            request[field] = json!(value);
            let answer = world.send("POST", "/v1/recoveries", &request).await?;
            assert_eq!(answer.body["field"].as_str(), Some(field), "{answer:?}");
        }
        Ok(())
    })
    .await
}
