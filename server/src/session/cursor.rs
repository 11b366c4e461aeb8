//! Where a page ends: the sort, the sort's value and the id of its last row, so that rows that come or go between two
//! pages neither repeat nor hide another.

use sync_core::id::{RecordId, from_hex, to_hex};

/// The place after a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    /// Which list and sort it belongs to.
    pub(super) list: u8,
    /// The value the list is sorted by.
    pub(super) value: i64,
    /// The row.
    pub(super) record: RecordId,
}

impl Cursor {
    /// As handed out: opaque to the caller.
    #[must_use]
    pub(super) fn text(&self) -> String {
        let mut bytes = vec![self.list];
        bytes.extend(self.value.to_be_bytes());
        bytes.extend(self.record.0);
        to_hex(&bytes)
    }

    /// The cursor of a text, when it was handed out for this list.
    #[must_use]
    pub(super) fn parse(text: &str, list: u8) -> Option<Self> {
        let bytes: [u8; 25] = from_hex(text)?;
        let (head, rest) = bytes.split_first_chunk::<1>()?;
        let (value, record) = rest.split_first_chunk::<8>()?;
        let record = RecordId::from_slice(record)?;
        (head[0] == list).then_some(Self { list, value: i64::from_be_bytes(*value), record })
    }
}
