//! How much goes into one transaction.

use std::collections::VecDeque;

use sync_core::log::Batch;

use super::lane::Lane;

/// About how many bytes of batches go into one transaction.
const GROUP_BYTES: usize = 1 << 20;
/// About how many changes go into one transaction: each takes some kilobytes in memory while it is judged and written.
const GROUP_CHANGES: usize = 1024;
/// About how many bytes of one submission go into one transaction.
const SHARE_BYTES: usize = 1 << 20;
/// About how many changes of one submission go into one transaction while nobody else is there.
const SHARE_CHANGES: usize = 256;
/// The same while others bring little: until a transaction has ended they wait.
const SHARE_CHANGES_BESIDE: usize = 32;
/// A submission above either is large: it takes the bulk lane, and of its shares one goes into a transaction.
const SMALL_BYTES: usize = 256 * 1024;
const SMALL_CHANGES: usize = 64;

/// What counts against the limits of one transaction.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Size {
    pub(super) bytes: usize,
    changes: usize,
}

impl Size {
    pub(super) fn of(batch: &Batch) -> Self {
        Self { bytes: batch.approximate_bytes(), changes: batch.bodies().len() }
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self { bytes: self.bytes + other.bytes, changes: self.changes + other.changes }
    }

    /// Whether nothing more goes into a transaction of the lane.
    pub(super) fn fills_a_group(self, lane: Lane, beside: bool) -> bool {
        let changes = if lane == Lane::Bulk && beside { SHARE_CHANGES_BESIDE } else { GROUP_CHANGES };
        self.bytes >= GROUP_BYTES || self.changes >= changes
    }

    fn fills_a_share(self, beside: bool) -> bool {
        self.bytes >= SHARE_BYTES || self.changes >= if beside { SHARE_CHANGES_BESIDE } else { SHARE_CHANGES }
    }

    pub(super) fn is_large(self) -> bool {
        self.bytes > SMALL_BYTES || self.changes > SMALL_CHANGES
    }
}

/// The next of a submission's batches that go into one transaction; at least one of them. `beside`: others bring little.
pub(super) fn share(batches: &mut VecDeque<Batch>, beside: bool) -> (Vec<Batch>, Size) {
    let (mut share, mut size) = (Vec::new(), Size::default());
    while !size.fills_a_share(beside)
        && let Some(batch) = batches.pop_front()
    {
        size = size.and(Size::of(&batch));
        share.push(batch);
    }
    (share, size)
}
