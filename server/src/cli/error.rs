//! What a command says when it cannot do what was asked, in Vietnamese and English.

use crate::config::ConfigError;
use crate::db::DbError;
use crate::logging::LoggingError;
use crate::reference::choice::ChoiceError;
use crate::reference::command::ReferenceError;
use crate::reference::import::ImportError;
use crate::serve::ServeError;

/// The language of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Lang {
    /// Vietnamese.
    #[default]
    Vi,
    /// English.
    En,
}

impl Lang {
    /// The text in this language.
    #[must_use]
    pub fn pick<'a>(self, vi: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Vi => vi,
            Self::En => en,
        }
    }
}

/// A command failed. The message is in both languages; what a library says follows as it is.
#[derive(Debug, thiserror::Error)]
#[error("{en}")]
pub struct CliError {
    vi: String,
    en: String,
    exit_code: u8,
}

impl CliError {
    /// The work failed: exit code 1.
    #[must_use]
    pub fn failed(vi: impl Into<String>, en: impl Into<String>) -> Self {
        Self { vi: vi.into(), en: en.into(), exit_code: 1 }
    }

    /// What was asked for is not accepted: exit code 2.
    #[must_use]
    pub fn usage(vi: impl Into<String>, en: impl Into<String>) -> Self {
        Self { vi: vi.into(), en: en.into(), exit_code: 2 }
    }

    /// The program's exit code: 1 failed, 2 wrong usage or configuration.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        self.exit_code
    }

    /// The line for standard error.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        format!("{}: {}", lang.pick("Lỗi", "Error"), lang.pick(&self.vi, &self.en))
    }
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        let vi = match &error {
            ConfigError::Value { name, variable, origin, got, accepted } => {
                format!("{name} ({variable}), đặt ở {origin}: {got} không được chấp nhận; chấp nhận: {accepted}")
            }
            ConfigError::Unknown { name, origin, known } => {
                format!("{name}, đặt ở {origin}, không phải là thiết lập; các thiết lập: {}", known.join(", "))
            }
            ConfigError::Variable { name, nearest } => format!(
                "{name}: không có thiết lập này; gần giống nhất là {nearest}; `banlang config --example` liệt kê mọi \
                 thiết lập; nếu không cần thì bỏ biến này"
            ),
            ConfigError::File { path, error } => format!("không đọc được tệp cấu hình {}: {error}", path.display()),
            ConfigError::Toml { path, error } => format!("tệp cấu hình {} không đúng TOML: {error}", path.display()),
            ConfigError::Incomplete(error) => format!("cấu hình chưa đủ: {error}"),
        };
        Self::usage(vi, error.to_string())
    }
}

impl From<DbError> for CliError {
    fn from(error: DbError) -> Self {
        let vi = match &error {
            DbError::Unavailable(_) => format!("cơ sở dữ liệu không trả lời ({error})"),
            DbError::Url { .. } => "database_url: địa chỉ không đúng; hãy dùng sqlite:đường/dẫn/tệp.db hoặc \
                postgres://tên:mật-khẩu@máy-chủ/cơ-sở-dữ-liệu"
                .to_owned(),
            DbError::File { path, error } => {
                let why = match crate::db::sqlite_code(error) {
                    Some(26) => "tệp này không phải cơ sở dữ liệu SQLite".to_owned(),
                    Some(14) => "không có tệp hoặc thư mục, hoặc không có quyền đọc và ghi".to_owned(),
                    _ => error.to_string(),
                };
                format!("database_url: không mở được {}: {why}", path.display())
            }
            DbError::Unreachable { server, error } => {
                let why = error.as_ref().map_or("không trả lời kịp".to_owned(), ToString::to_string);
                format!("database_url: không kết nối được PostgreSQL ở {server} ({why})")
            }
            DbError::Full(_) => format!("hết chỗ lưu trữ, hãy giải phóng dung lượng rồi thử lại ({error})"),
            DbError::Storage(_) => format!("ổ đĩa gặp lỗi khi đọc hoặc ghi ({error})"),
            _ => format!("cơ sở dữ liệu: {error}"),
        };
        let exit_code = if matches!(error, DbError::Url { .. }) { 2 } else { 1 };
        let en = match &error {
            DbError::Url { .. } | DbError::File { .. } | DbError::Unreachable { .. } => error.to_string(),
            _ => format!("database: {error}"),
        };
        Self { vi, en, exit_code }
    }
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> Self {
        Self::failed(format!("hệ thống: {error}"), error.to_string())
    }
}

impl From<ServeError> for CliError {
    fn from(error: ServeError) -> Self {
        match error {
            ServeError::Listen { .. } => Self::failed(format!("không mở được địa chỉ: {error}"), error.to_string()),
            ServeError::Description(_) => Self::failed(error.to_string(), error.to_string()),
        }
    }
}

impl From<ReferenceError> for CliError {
    fn from(error: ReferenceError) -> Self {
        let en = error.to_string();
        match error {
            ReferenceError::File { path, cause } => {
                Self::usage(format!("không đọc được tệp {}: {cause}", path.display()), en)
            }
            ReferenceError::Import { cause: ImportError::Db(error), .. }
            | ReferenceError::Supplied(ImportError::Db(error))
            | ReferenceError::Choice(ChoiceError::Db(error)) => error.into(),
            ReferenceError::Import { path, cause: ImportError::Sheet(cause) } => {
                let vi = format!("tệp {} chưa đúng, không có gì thay đổi:\n{}", path.display(), cause.text(Lang::Vi));
                Self::usage(vi, en)
            }
            ReferenceError::Choice(error) => Self::usage(error.text(Lang::Vi), en),
            ReferenceError::Supplied(ImportError::Sheet(cause)) => {
                Self::failed(format!("danh mục kèm theo: {}", cause.text(Lang::Vi)), en)
            }
            ReferenceError::Db(error) => error.into(),
            ReferenceError::Output(error) => error.into(),
        }
    }
}

impl From<LoggingError> for CliError {
    fn from(error: LoggingError) -> Self {
        Self::usage(error.to_string(), error.to_string())
    }
}
