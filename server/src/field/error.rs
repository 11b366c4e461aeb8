//! What a device says when it cannot do what was asked, in both languages.

use sync_core::device::StopReason;
use sync_core::record::{EditError, ViewError};
use sync_core::sync::FileError;

use super::client::Refusal;
use crate::cli::{CliError, Lang};

/// A command of the device failed. Nothing recorded is lost by any of these.
#[derive(Debug, thiserror::Error)]
pub enum FieldError {
    /// A file or directory could not be read or written.
    #[error("{what}: {source}")]
    Io {
        /// The file, or what was done.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The store's database said no.
    #[error("the store: {}", self.cause(Lang::En))]
    Store(#[from] sqlx::Error),
    /// The store does not keep what it confirms through a loss of power.
    #[error(
        "the store's file system does not support safe writing (WAL with synchronous=FULL); choose another --store"
    )]
    NotDurable,
    /// Another program works on this store.
    #[error("another program has this store open ({directory}); close it and try again")]
    Locked {
        /// The store's directory.
        directory: String,
    },
    /// No device was enrolled here.
    #[error("no device is enrolled in {directory}; run `banlang field enrol --server URL --code CODE`")]
    NotEnrolled {
        /// The store's directory.
        directory: String,
    },
    /// A device was enrolled here before.
    #[error("a device is enrolled in {directory} already; choose another --store")]
    AlreadyEnrolled {
        /// The store's directory.
        directory: String,
    },
    /// The store was written by a newer version of this program.
    #[error("this store was written by a newer version of the program; update the program")]
    NewerStore,
    /// Something in the store is not as this program wrote it.
    #[error("the store is damaged: {what}: {why}")]
    Damaged {
        /// What.
        what: &'static str,
        /// Why.
        why: String,
    },
    /// The key is encrypted and no passphrase was given.
    #[error("the device's key is protected: set BANLANG_PASSPHRASE or type the passphrase")]
    PassphraseNeeded,
    /// The passphrase does not open the key.
    #[error("the passphrase is wrong")]
    PassphraseWrong,
    /// An option holds something that is not accepted.
    #[error("{flag}: {got:?} is not accepted; accepted: {accepted_en}")]
    Value {
        /// The option.
        flag: String,
        /// What was given.
        got: String,
        /// What is accepted, in Vietnamese.
        accepted_vi: String,
        /// What is accepted, in English.
        accepted_en: String,
    },
    /// The server cannot be reached.
    #[error("the server cannot be reached ({0}); what you recorded is safe on this device")]
    Unreachable(String),
    /// The server refused.
    #[error("{}", .0.text(Lang::En))]
    Refused(Box<Refusal>),
    /// The server answered something this program does not understand.
    #[error("the server's answer is not understood: {0}")]
    Answer(String),
    /// The sync stopped.
    #[error("the sync stopped: {}", stop_text(*.0, Lang::En))]
    Stopped(StopReason),
    /// What was recorded or edited is not accepted.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The record cannot be read.
    #[error("the record cannot be read: {0}")]
    View(#[from] ViewError),
    /// No record answers to this name.
    #[error("no record is called {0:?}; give a serial number or the beginning of an id, see `banlang field list`")]
    NoRecord(String),
    /// More than one record answers to this name.
    #[error("{name:?} names {count} records; give more characters of the id")]
    ManyRecords {
        /// What was given.
        name: String,
        /// How many answer to it.
        count: usize,
    },
    /// The store could not keep the change: it is not there, now or later.
    #[error("NOT recorded: {}; nothing was kept, make room or repair the disk and record it again", .0.cause(Lang::En))]
    NotRecorded(#[source] Box<Self>),
    /// The store could not make the change safe, and could not take it back either.
    #[error(
        "the change may not be kept: {}; repair the disk, then look at `banlang field list` before you record it again",
        .0.cause(Lang::En)
    )]
    Unsure(#[source] Box<Self>),
    /// The file is not one of these.
    #[error(transparent)]
    File(#[from] FileError),
    /// The receipts are for another device.
    #[error("the file holds no receipts for this device")]
    NotReceipts,
    /// Encrypting the file failed.
    #[error("encryption failed: {0}")]
    Encryption(String),
}

impl FieldError {
    pub(super) fn io(what: impl Into<String>, source: std::io::Error) -> Self {
        Self::Io { what: what.into(), source }
    }

    pub(super) fn damaged(what: &'static str, why: impl Into<String>) -> Self {
        Self::Damaged { what, why: why.into() }
    }

    pub(super) fn value(flag: &str, got: &str, vi: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Value { flag: flag.to_owned(), got: got.to_owned(), accepted_vi: vi.into(), accepted_en: en.into() }
    }

    /// The server's stable problem code, when the server refused.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused(refusal) => Some(&refusal.code),
            _ => None,
        }
    }

    fn vi(&self) -> String {
        match self {
            Self::Io { what, source } => format!("{what}: {source}"),
            Self::Store(_) => format!("kho dữ liệu: {}", self.cause(Lang::Vi)),
            Self::NotDurable => "nơi đặt kho dữ liệu không bảo đảm ghi an toàn, hãy chọn --store khác".to_owned(),
            Self::Locked { directory } => {
                format!("một chương trình khác đang mở kho dữ liệu này ({directory}), hãy đóng lại rồi thử lại")
            }
            Self::NotEnrolled { directory } => format!(
                "chưa có thiết bị nào đăng ký ở {directory}, hãy chạy `banlang field enrol --server URL --code MÃ`"
            ),
            Self::AlreadyEnrolled { directory } => {
                format!("đã có thiết bị đăng ký ở {directory}, hãy chọn --store khác")
            }
            Self::NewerStore => "kho dữ liệu do phiên bản mới hơn ghi, hãy cập nhật chương trình".to_owned(),
            Self::Damaged { what, why } => format!("kho dữ liệu bị hỏng: {what}: {why}"),
            Self::PassphraseNeeded => {
                "khóa của thiết bị có mật khẩu: đặt BANLANG_PASSPHRASE hoặc nhập mật khẩu".to_owned()
            }
            Self::PassphraseWrong => "sai mật khẩu của khóa thiết bị".to_owned(),
            Self::Value { flag, got, accepted_vi, .. } => {
                format!("{flag}: không chấp nhận {got:?}; chấp nhận: {accepted_vi}")
            }
            Self::Unreachable(why) => {
                format!("không liên lạc được với máy chủ ({why}); dữ liệu đã ghi vẫn an toàn trên thiết bị")
            }
            Self::Refused(refusal) => refusal.text(Lang::Vi),
            Self::Answer(why) => format!("không hiểu trả lời của máy chủ: {why}"),
            Self::Stopped(reason) => format!("đồng bộ bị dừng: {}", stop_text(*reason, Lang::Vi)),
            Self::Edit(EditError::Field { field, accepted_vi, .. }) => format!("{field}: chấp nhận {accepted_vi}"),
            Self::Edit(error) => format!("không ghi được thay đổi: {error}"),
            Self::View(error) => format!("không đọc được bản ghi: {error}"),
            Self::NoRecord(name) => {
                format!("không có bản ghi {name:?}; dùng số thứ tự hoặc phần đầu của mã, xem `banlang field list`")
            }
            Self::ManyRecords { name, count } => format!("{name:?} ứng với {count} bản ghi; hãy ghi mã dài hơn"),
            Self::NotRecorded(cause) => format!(
                "CHƯA ghi được: {}; chưa có gì được lưu, hãy giải phóng dung lượng hoặc sửa ổ đĩa rồi ghi lại",
                cause.cause(Lang::Vi)
            ),
            Self::Unsure(cause) => format!(
                "không chắc đã lưu được: {}; hãy sửa ổ đĩa, rồi xem `banlang field list` trước khi ghi lại",
                cause.cause(Lang::Vi)
            ),
            Self::File(error) => format!("tệp không đúng loại: {error}"),
            Self::NotReceipts => "tệp không chứa biên nhận cho thiết bị này".to_owned(),
            Self::Encryption(why) => format!("không mã hóa được: {why}"),
        }
    }

    /// What the disk said, in words; what the library said where there are none.
    fn cause(&self, lang: Lang) -> String {
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

    /// What went wrong, in a language.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        match lang {
            Lang::Vi => self.vi(),
            Lang::En => self.to_string(),
        }
    }
}

/// SQLite's extended result code.
fn sqlite_code(error: &sqlx::Error) -> Option<u32> {
    error.as_database_error()?.code()?.parse().ok()
}

fn stop_text(reason: StopReason, lang: Lang) -> &'static str {
    match reason {
        StopReason::Failed => lang.pick("mất kết nối hoặc không ghi được", "the connection or the store failed"),
        StopReason::NotUnderstood => lang.pick("không hiểu trả lời của máy chủ", "the answer is not understood"),
        StopReason::UnknownLayout => lang.pick(
            "máy chủ mới hơn chương trình này, hãy cập nhật chương trình; dữ liệu đã ghi vẫn an toàn trên thiết bị",
            "the server is newer than this program, update the program; what you recorded is safe on this device",
        ),
        StopReason::NoProgress => lang.pick(
            "còn dữ liệu chưa trao đổi được, hãy thử lại sau",
            "something is still missing and nothing new came; try again later",
        ),
    }
}

impl From<FieldError> for CliError {
    fn from(error: FieldError) -> Self {
        let (vi, en) = (error.text(Lang::Vi), error.text(Lang::En));
        match error {
            FieldError::Value { .. }
            | FieldError::Edit(EditError::Field { .. })
            | FieldError::NoRecord(_)
            | FieldError::ManyRecords { .. } => Self::usage(vi, en),
            _ => Self::failed(vi, en),
        }
    }
}
