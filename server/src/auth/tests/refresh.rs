//! Ten thousand refreshes over a line that loses a third of the answers, through years of renewals.

use axum::http::StatusCode;
use sync_core::id::Role;

use super::area;
use crate::auth::testing::{TestDevice, World};
use crate::db::Db;
use crate::db::testing::{Failure, on_each};
use crate::on_db;

/// Devices that take turns.
const DEVICES: usize = 20;
/// Between two refreshes of one device: four days, so that 500 of them last over five years.
const PAUSE_MS: i64 = 4 * 86_400_000;

/// A line that loses 30 of 100 answers, always the same ones.
struct Line(u64);

impl Line {
    fn loses(&mut self) -> bool {
        // Knuth's MMIX generator; its high bits are good.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % 100 < 30
    }
}

/// Asks until an answer arrives; how many were lost.
async fn refresh(world: &World, device: &mut TestDevice, line: &mut Line) -> Result<usize, Failure> {
    let mut lost = 0;
    loop {
        let mut request = device.token_request();
        request["certificate_no"] = device.certificate_no.into();
        let answer = world.send("POST", "/v1/tokens", &request).await?;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        if line.loses() {
            lost += 1;
            continue;
        }
        device.take(answer)?;
        return Ok(lost);
    }
}

/// PostgreSQL runs a tenth: each refresh is a transaction of its own, and its outcome does not depend on the engine.
fn refreshes(db: &Db) -> usize {
    match db {
        Db::Sqlite { .. } => 10_000,
        Db::Postgres(_) => 1_000,
    }
}

#[tokio::test]
async fn lost_answers_log_no_device_out() -> Result<(), Failure> {
    const SIGN_INS: &str = "select count(*) from sign_in";
    on_each(async |db| {
        let world = World::new(db).await?;
        let mut devices = Vec::new();
        for n in 0..DEVICES {
            devices.push(world.device(&format!("may.{n}"), Role::Guard, &[area(6841)]).await?);
        }
        let (mut line, mut done, mut lost) = (Line(20_261_125), 0, 0);
        while done < refreshes(db) {
            world.clock.advance_ms(PAUSE_MS);
            for device in &mut devices {
                let without_answer = refresh(&world, device, &mut line).await?;
                lost += without_answer;
                done += without_answer + 1;
                if done % 10 == 0 {
                    assert_eq!(device.get(&world, "/v1/villages?limit=1").await?.status, StatusCode::OK);
                }
            }
        }
        for device in &mut devices {
            assert_eq!(device.get(&world, "/v1/villages?limit=1").await?.status, StatusCode::OK);
        }
        let sign_ins: i64 = on_db!(db, |c| sqlx::query_scalar(SIGN_INS).fetch_one(c).await)?;
        assert_eq!(usize::try_from(sign_ins), Ok(DEVICES), "nobody had to sign in again");
        let share = lost * 100 / done;
        assert!((27..=33).contains(&share), "{share} of 100 were lost");
        if done >= 10_000 {
            assert!(devices.iter().all(|device| device.certificate_no > 5), "certificates were renewed on the way");
        }
        Ok(())
    })
    .await
}
