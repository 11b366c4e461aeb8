//! Access from end to end, through the router, on both engines.

mod access;
mod administration;
mod certificates;
mod hostile;
mod refresh;

use sync_core::id::AreaId;

fn area(code: u32) -> AreaId {
    AreaId { generation: 2025, code }
}
