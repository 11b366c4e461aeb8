//! What a disk said, and what that means for what was to be written.

use super::error::FieldError;
use crate::cli::Lang;

impl FieldError {
    /// What the disk said, in words; what the library said where there are none.
    pub(super) fn cause(&self, lang: Lang) -> String {
        let full = lang.pick("thiết bị hết dung lượng", "the disk is full");
        let error = match self {
            Self::Store(error) => error,
            Self::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => return full.to_owned(),
            _ => return self.text(lang),
        };
        match sqlite_code(error).map(|code| code & 0xff) {
            Some(13) => full.to_owned(),
            Some(8 | 10 | 11 | 14 | 26) => {
                let what = lang.pick("ổ đĩa của thiết bị gặp lỗi khi đọc hoặc ghi", "the disk failed to read or write");
                format!("{what} ({error})")
            }
            _ => error.to_string(),
        }
    }

    /// Whether the disk could not be read or written, or is full.
    pub(super) fn is_storage(&self) -> bool {
        match self {
            Self::Io { .. } => true,
            Self::Store(error) => {
                matches!(sqlite_code(error).map(|code| code & 0xff), Some(8 | 10 | 11 | 13 | 14 | 26))
            }
            _ => false,
        }
    }

    /// Whether the disk failed while it made a write safe: then nobody knows what of it is on the disk.
    pub(super) fn is_failed_sync(&self) -> bool {
        // SQLITE_IOERR_FSYNC, SQLITE_IOERR_DIR_FSYNC.
        matches!(self, Self::Store(error) if matches!(sqlite_code(error), Some(1034 | 1290)))
    }
}

/// SQLite's extended result code.
fn sqlite_code(error: &sqlx::Error) -> Option<u32> {
    error.as_database_error()?.code()?.parse().ok()
}
