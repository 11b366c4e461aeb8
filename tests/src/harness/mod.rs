//! The whole product in one process, for end to end tests: databases of both engines, servers on loopback that share
//! them, real devices with stores on disk, a device that says what it should not, and a line that fails as told.
//!
//! Clocks are owned by the test; nothing waits for time to pass.

mod caller;
mod database;
mod deployment;
mod hand;
mod history;
mod journal;
mod line;
mod phone;
mod planted;
mod program;
mod site;

pub use caller::Caller;
pub use database::{Database, Engine, tables};
pub use deployment::Deployment;
pub use hand::{Answer, Change, Hand};
pub use history::{History, history};
pub use journal::rewrite_journal;
pub(crate) use line::read_request;
pub use line::{Fault, Line};
pub use phone::{Closed, Phone, Seen};
pub use planted::{PARTS, Planted, plant};
pub use program::{Output, Program, Resident, Serving};
pub use site::{PASSWORD, START, Served, Site};

use sync_core::id::AreaId;

/// What ends a test.
pub type Failure = server::db::testing::Failure;

/// Xã Hoành Mô of 2025.
pub const HOANH_MO: AreaId = AreaId { generation: 2025, code: 6841 };
/// Xã Bình Liêu of 2025.
pub const BINH_LIEU: AreaId = AreaId { generation: 2025, code: 6838 };
/// A village of Hoành Mô in the sample list.
pub const NA_CHOONG: &str = "06841-na-choong";

/// Makes of each body a test on SQLite and a test on PostgreSQL.
///
/// The PostgreSQL half fails without `BANLANG_TEST_POSTGRES_URL`, unless `BANLANG_TEST_SKIP_POSTGRES=1` leaves it out.
#[macro_export]
macro_rules! on_both_engines {
    ($($(#[$doc:meta])* async fn $name:ident($engine:ident) $body:block)+) => {$(
        $(#[$doc])*
        mod $name {
            use super::*;

            async fn body($engine: $crate::harness::Engine) -> Result<(), $crate::harness::Failure> $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() -> Result<(), $crate::harness::Failure> {
                body($crate::harness::Engine::Sqlite).await
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() -> Result<(), $crate::harness::Failure> {
                if $crate::harness::Engine::Postgres.is_left_out() {
                    return Ok(());
                }
                body($crate::harness::Engine::Postgres).await
            }
        }
    )+};
}
