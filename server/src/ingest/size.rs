//! How much goes into one transaction.

use sync_core::log::Batch;

/// About how many bytes of batches go into one transaction.
const GROUP_BYTES: usize = 1 << 20;
/// About how many changes go into one transaction: each takes some kilobytes in memory while it is judged and written.
const GROUP_CHANGES: usize = 1024;
/// About how many bytes of one submission go into one transaction.
const SHARE_BYTES: usize = 1 << 20;
/// About how many changes of one submission go into one transaction: while they are judged everybody else waits.
const SHARE_CHANGES: usize = 256;
/// A submission above either is large: it takes the bulk lane, and of those one goes into a transaction.
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

    pub(super) fn fills_a_group(self) -> bool {
        self.bytes >= GROUP_BYTES || self.changes >= GROUP_CHANGES
    }

    fn fills_a_share(self) -> bool {
        self.bytes >= SHARE_BYTES || self.changes >= SHARE_CHANGES
    }

    pub(super) fn is_large(self) -> bool {
        self.bytes > SMALL_BYTES || self.changes > SMALL_CHANGES
    }
}

/// Batches in the shares that each go into one transaction.
pub(super) fn shares(batches: Vec<Batch>) -> Vec<(Vec<Batch>, Size)> {
    let mut shares: Vec<(Vec<Batch>, Size)> = Vec::new();
    for batch in batches {
        let size = Size::of(&batch);
        match shares.last_mut().filter(|(_, so_far)| !so_far.fills_a_share()) {
            Some((share, so_far)) => {
                share.push(batch);
                *so_far = so_far.and(size);
            }
            None => shares.push((vec![batch], size)),
        }
    }
    shares
}
