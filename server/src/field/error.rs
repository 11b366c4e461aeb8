//! What a device says when it cannot do what was asked, in both languages.

use sync_core::device::StopReason;
use sync_core::id::{Role, UnixMs};
use sync_core::record::{CivilDate, EditError, ViewError};
use sync_core::sync::FileError;

use super::client::Refusal;
use super::forbidden::Forbidden;
use super::text;
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
    #[error("{flag}: {}; accepted: {accepted_en}", given(got, Lang::En))]
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
    /// A day that has not come, as far as the device can know.
    #[error("{}", future_text(flag, *day, *clock, Lang::En))]
    Future {
        /// The option.
        flag: String,
        /// The day given.
        day: CivilDate,
        /// What the device's clock shows.
        clock: UnixMs,
    },
    /// The device's clock cannot be right, so today is not known.
    #[error("{}", clock_text(*.clock, Lang::En))]
    ClockWrong {
        /// What the device's clock shows.
        clock: UnixMs,
    },
    /// The role may not do this.
    #[error("{}", what.text(*role, Lang::En))]
    Role {
        /// The role.
        role: Role,
        /// What it may not do.
        what: Forbidden,
    },
    /// A file would be overwritten.
    #[error("{file}: exists already and is not overwritten; give another name")]
    Exists {
        /// The file.
        file: String,
    },
    /// The password and the records would travel in the clear.
    #[error(
        "--server: {server} is not encrypted (http); accepted: https://…, or http:// on this machine; add --allow-http \
         on a network you trust"
    )]
    ClearText {
        /// The address given.
        server: String,
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
    #[error("{}", edit_text(.0, Lang::En))]
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
    /// A checkpoint, or the journal beside it, is not what the server's key signed.
    #[error("the server's checkpoint does not hold: {0}; keep this device and tell the coordinator")]
    Checkpoint(&'static str),
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

    /// The key of the field it is about, when it is about one.
    pub(super) fn key(&self) -> Option<String> {
        match self {
            Self::Value { flag, .. } | Self::Future { flag, .. } => {
                flag.strip_prefix("--").map(|name| name.replace('-', "_"))
            }
            Self::Edit(EditError::Field { field, .. }) => Some(field.split('/').next().unwrap_or_default().to_owned()),
            _ => None,
        }
    }

    /// What went wrong with an answer to a question, which needs no name of a flag.
    pub(super) fn text_of_answer(&self, lang: Lang) -> String {
        let said = match self {
            Self::Value { got, accepted_vi, accepted_en, .. } => {
                let accepted = lang.pick(accepted_vi, accepted_en);
                format!("{}; {}: {accepted}", given(got, lang), lang.pick("hãy nhập", "accepted"))
            }
            Self::Edit(EditError::Field { field, accepted_vi, accepted_en }) => {
                format!("{}: {}", text::field_name(field, lang), lang.pick(accepted_vi, accepted_en))
            }
            other => other.text(lang),
        };
        let mut rest = said.chars();
        rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
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
                format!("{flag}: {}; hãy nhập: {accepted_vi}", given(got, Lang::Vi))
            }
            Self::Future { flag, day, clock } => future_text(flag, *day, *clock, Lang::Vi),
            Self::ClockWrong { clock } => clock_text(*clock, Lang::Vi),
            Self::Role { role, what } => what.text(*role, Lang::Vi),
            Self::Exists { file } => format!("{file}: tệp đã có và không bị ghi đè; hãy chọn tên khác"),
            Self::ClearText { server } => format!(
                "--server: {server} không mã hóa đường truyền (http); hãy dùng https://…, hoặc http:// trên chính máy \
                 này; nếu mạng đáng tin cậy thì thêm --allow-http"
            ),
            Self::Unreachable(why) => {
                format!("không liên lạc được với máy chủ ({why}); dữ liệu đã ghi vẫn an toàn trên thiết bị")
            }
            Self::Refused(refusal) => refusal.text(Lang::Vi),
            Self::Answer(why) => format!("không hiểu trả lời của máy chủ: {why}"),
            Self::Stopped(reason) => format!("đồng bộ bị dừng: {}", stop_text(*reason, Lang::Vi)),
            Self::Edit(error) => edit_text(error, Lang::Vi),
            Self::View(error) => format!("không đọc được bản ghi: {}", view_text(error)),
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
            Self::File(error) => format!("tệp không đúng loại ({error})"),
            Self::NotReceipts => "tệp không chứa biên nhận cho thiết bị này".to_owned(),
            Self::Checkpoint(why) => {
                format!("điểm đối chiếu của máy chủ không đúng ({why}); hãy giữ thiết bị này và báo điều phối viên")
            }
            Self::Encryption(why) => format!("không mã hóa được: {why}"),
        }
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

fn given(got: &str, lang: Lang) -> String {
    match (got.trim(), lang) {
        ("", Lang::Vi) => "chưa có giá trị".to_owned(),
        ("", Lang::En) => "nothing is given".to_owned(),
        (got, Lang::Vi) => format!("“{got}” chưa đúng"),
        (got, Lang::En) => format!("{got:?} is not accepted"),
    }
}

fn future_text(flag: &str, day: CivilDate, clock: UnixMs, lang: Lang) -> String {
    let (day, clock) = (text::date(day), text::clock(clock));
    match lang {
        Lang::Vi => format!(
            "{flag}: {day} là ngày chưa tới (đồng hồ của máy đang chỉ {clock}); nếu ngày đúng mà đồng hồ sai, thêm \
             --date-anyway"
        ),
        Lang::En => format!(
            "{flag}: {day} has not come yet (this device's clock shows {clock}); if the day is right and the clock is \
             wrong, add --date-anyway"
        ),
    }
}

fn clock_text(clock: UnixMs, lang: Lang) -> String {
    let clock = text::clock(clock);
    match lang {
        Lang::Vi => format!(
            "--date: chưa biết hôm nay là ngày nào vì đồng hồ của máy ({clock}) khác xa đồng hồ máy chủ; hãy ghi rõ \
             --date dd/mm/yyyy"
        ),
        Lang::En => format!(
            "--date: today is not known, because this device's clock ({clock}) is far from the server's; give --date \
             dd/mm/yyyy"
        ),
    }
}

fn edit_text(error: &EditError, lang: Lang) -> String {
    match (error, lang) {
        (EditError::Field { field, accepted_vi, accepted_en }, lang) => {
            let (name, accepted) = (text::field_name(field, lang), lang.pick(accepted_vi, accepted_en));
            let key = field.split('/').next().unwrap_or_default().replace('_', "-");
            format!("{name} (--{key}): {accepted}")
        }
        (EditError::TooLarge { .. }, lang) => lang
            .pick(
                "nhập quá nhiều trong một lần (hơn 64 KiB), hãy nhập thành nhiều lần",
                "too much at once (more than 64 KiB); enter it in several steps",
            )
            .to_owned(),
        (EditError::Record(error), Lang::Vi) => format!("không đọc được bản ghi: {}", view_text(error)),
        (error, Lang::Vi) => format!("không ghi được thay đổi ({error})"),
        (error, Lang::En) => error.to_string(),
    }
}

fn view_text(error: &ViewError) -> &'static str {
    match error {
        ViewError::MissingDependency => "còn thiếu dữ liệu trước đó, chưa nhận được",
        _ => "bản ghi không đọc được bằng phiên bản này",
    }
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
            | FieldError::Future { .. }
            | FieldError::ClockWrong { .. }
            | FieldError::ClearText { .. }
            | FieldError::Edit(EditError::Field { .. } | EditError::TooLarge { .. })
            | FieldError::NoRecord(_)
            | FieldError::ManyRecords { .. } => Self::usage(vi, en),
            _ => Self::failed(vi, en),
        }
    }
}
