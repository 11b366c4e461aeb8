//! Everything the terminal device says, Vietnamese and English beside each other. Dates are dd/mm/yyyy, thousands have
//! dots in Vietnamese and commas in English. Words follow the glossary: "Trả lại để bổ sung", "Lượt người"; "Đã gửi" is
//! not "Máy chủ đã nhận".

use sync_core::id::{Role, UnixMs};
use sync_core::record::{CivilDate, Decision, ReviewState};

use super::Standing;
pub use super::figures::{bytes, clock, date, day_of, moment, number, parse_date};
use crate::cli::Lang;

/// A text in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    /// Vietnamese.
    pub vi: &'static str,
    /// English.
    pub en: &'static str,
}

impl Text {
    /// The text in a language.
    #[must_use]
    pub fn of(self, lang: Lang) -> &'static str {
        lang.pick(self.vi, self.en)
    }
}

const fn text(vi: &'static str, en: &'static str) -> Text {
    Text { vi, en }
}

/// Names of the fields of a session and a panel check, in the order in which they are asked and shown.
pub const FIELDS: &[(&str, Text)] = &[
    ("date", text("Ngày thực hiện", "Date held")),
    ("start", text("Giờ bắt đầu", "Start")),
    ("duration", text("Thời lượng (phút)", "Duration (minutes)")),
    ("village", text("Thôn, bản, khu", "Village")),
    ("area", text("Xã, phường", "Commune")),
    ("place_kind", text("Địa điểm", "Kind of place")),
    ("gps", text("Tọa độ (tùy chọn)", "Position (optional)")),
    ("format", text("Hình thức", "Format")),
    ("setting", text("Chuyên đề hay lồng ghép", "Own subject or within another meeting")),
    ("topic", text("Nội dung tuyên truyền", "Topics")),
    ("language", text("Ngôn ngữ sử dụng", "Languages")),
    ("attendances", text("Lượt người nghe", "Attendances")),
    ("women", text("trong đó: nữ", "of which women")),
    ("under_16", text("trong đó: dưới 16 tuổi", "of which under 16")),
    ("minority", text("trong đó: dân tộc thiểu số", "of which ethnic minority")),
    ("count_basis", text("Đếm trực tiếp hay ước lượng", "Counted or estimated")),
    ("households", text("Số hộ đến thăm", "Households visited")),
    ("material", text("Tài liệu đã phát", "Material handed out")),
    ("pledges", text("Bản cam kết đã ký", "Pledges signed")),
    ("broadcasts", text("Số lần phát loa", "Loudspeaker broadcasts")),
    ("broadcast_minutes", text("Số phút phát loa", "Minutes of broadcasts")),
    ("lead_unit", text("Đơn vị chủ trì", "Lead unit")),
    ("partner", text("Đơn vị phối hợp", "Partners")),
    ("team", text("Lực lượng tham gia", "Team present")),
    ("hotline", text("Đường dây nóng đã phổ biến", "Hotlines made known")),
    ("difficulty", text("Khó khăn gặp phải", "Difficulties met")),
    ("site", text("Điểm đặt pano", "Panel site")),
    ("condition", text("Tình trạng pano", "Condition of the panel")),
    ("hotline_wrong", text("Số điện thoại trên pano bị sai", "Wrong number on the panel")),
    ("note", text("Ghi chú", "Notes")),
    ("void", text("Lý do hủy", "Reason for voiding")),
    ("decision", text("Ý kiến", "Decision")),
    ("comment", text("Nội dung ý kiến", "Comment")),
];

/// The name of a field by its key, or the key: `material/leaflet/7` is called after `material`.
#[must_use]
pub fn field_name(key: &str, lang: Lang) -> String {
    let (base, rest) = key.split_once('/').map_or((key, None), |(base, rest)| (base, Some(rest)));
    let name = FIELDS.iter().find(|(field, _)| *field == base).map_or(base, |(_, text)| text.of(lang));
    rest.map_or_else(|| name.to_owned(), |rest| format!("{name} ({rest})"))
}

/// The hint at every free text.
pub const NO_IDENTITIES: Text = text(
    "Không ghi họ tên, tuổi, số điện thoại, giấy tờ hay địa chỉ nhà của người dân.",
    "Never write names, ages, phone or identity numbers or home addresses of residents.",
);
/// When a note that is asked for looks like an identity: nothing is recorded yet.
pub const NOTE_LOOKS_LIKE_IDENTITY: Text = text(
    "Cảnh báo: ghi chú có vẻ chứa số điện thoại hoặc số giấy tờ. Hãy gõ lại ghi chú, - để bỏ trống, Enter để giữ nguyên.",
    "Warning: the note seems to hold a phone or identity number. Type it again; - leaves it empty, Enter keeps it.",
);

/// When something just recorded looks like an identity; `id` is the record's short id.
#[must_use]
pub fn looks_like_identity(id: &str, lang: Lang) -> String {
    match lang {
        Lang::Vi => format!(
            "Cảnh báo: phần vừa ghi có vẻ chứa số điện thoại hoặc số giấy tờ. Hãy sửa trước khi đồng bộ: \
             `banlang field edit {id} --note …`"
        ),
        Lang::En => format!(
            "Warning: what was recorded seems to hold a phone or identity number. Correct it before you sync: \
             `banlang field edit {id} --note …`"
        ),
    }
}

/// A day that has not come, at its question.
#[must_use]
pub fn future(day: CivilDate, at: UnixMs, lang: Lang) -> String {
    let (day, clock) = (date(day), clock(at));
    match lang {
        Lang::Vi => format!(
            "{day} là ngày chưa tới (đồng hồ của máy đang chỉ {clock}). Hãy gõ lại ngày; nếu ngày đúng mà đồng hồ sai, gõ \
             lại đúng ngày đó."
        ),
        Lang::En => format!(
            "{day} has not come yet (this device's clock shows {clock}). Type the day again; the same day once more if \
             it is right and the clock is wrong."
        ),
    }
}

/// A session that was begun and not recorded; `count` answers were given.
#[must_use]
pub fn unfinished(count: usize, lang: Lang) -> String {
    match lang {
        Lang::Vi => format!("Có một buổi đang ghi dở ({count} mục). Ghi tiếp? (c = có, k = bỏ và ghi buổi mới)"),
        Lang::En => format!("A session was begun ({count} answers). Go on with it? (y = yes, n = no, begin anew)"),
    }
}

/// The device's clock was far from the server's at the last contact.
#[must_use]
pub fn skewed(device: UnixMs, server: UnixMs, lang: Lang) -> String {
    let (device, server) = (clock(device), clock(server));
    match lang {
        Lang::Vi => format!(
            "Đồng hồ của máy sai: khi liên lạc, máy chỉ {device}, máy chủ chỉ {server}. Hãy chỉnh lại, và xem kỹ ngày của \
             các buổi đã ghi."
        ),
        Lang::En => format!(
            "This device's clock is wrong: at the contact it showed {device}, the server's {server}. Set it, and look at \
             the days of what you recorded."
        ),
    }
}

/// How many villages are not shown.
#[must_use]
pub fn more_villages(more: usize, lang: Lang) -> String {
    let more = number(more as u64, lang);
    match lang {
        Lang::Vi => format!("  … và {more} nơi nữa; gõ vài chữ trong tên để tìm"),
        Lang::En => format!("  … and {more} more; type some letters of the name"),
    }
}

/// The values of a short closed list: what is stored, and its words.
#[must_use]
pub fn choices(key: &str) -> &'static [(&'static str, Text)] {
    const SETTINGS: &[(&str, Text)] = &[
        ("standalone", text("chuyên đề", "own subject")),
        ("integrated", text("lồng ghép", "within another meeting")),
    ];
    const BASES: &[(&str, Text)] =
        &[("counted", text("đếm trực tiếp", "counted")), ("estimated", text("ước lượng", "estimated"))];
    match key {
        "setting" => SETTINGS,
        "count_basis" => BASES,
        _ => &[],
    }
}

/// What a question accepts, beside its list.
#[must_use]
pub fn help(key: &str) -> Option<Text> {
    Some(match key {
        "date" => text("Ngày dạng dd/mm/yyyy, hoặc “hôm nay”, “hôm qua”", "A day as dd/mm/yyyy, or today, yesterday"),
        "start" => text("Giờ dạng HH:MM, ví dụ 19:30 hoặc 19h30", "A time as HH:MM, for instance 19:30"),
        "duration" => text("Số phút, từ 1 đến 1.440", "Minutes, from 1 to 1,440"),
        "attendances" | "women" | "under_16" | "minority" | "households" | "pledges" | "broadcasts"
        | "broadcast_minutes" => text("Số nguyên từ 0 đến 1.000.000", "A whole number from 0 to 1,000,000"),
        "material" | "team" => text(
            "Ghi số thứ tự, tên hoặc mã, dấu = và số lượng; nhiều mục cách nhau bằng dấu phẩy: 1=30, 2=5",
            "Number, name or code, = and the count; several with commas between them: 1=30, 2=5",
        ),
        "topic" | "language" | "partner" | "hotline" | "difficulty" => text(
            "Ghi số thứ tự, tên hoặc mã; nhiều mục cách nhau bằng dấu phẩy",
            "Number, name or code; several with commas between them",
        ),
        "place_kind" | "format" | "lead_unit" | "setting" | "count_basis" => {
            text("Ghi số thứ tự, tên hoặc mã", "Number, name or code")
        }
        "village" => text("Tên thôn, bản, khu, không cần dấu", "The name of a village, tone marks or not"),
        "area" => text("Số thứ tự, tên hoặc mã của xã, phường", "Number, name or code of the commune"),
        "note" => text("Tối đa 2.000 ký tự", "At most 2,000 characters"),
        _ => return None,
    })
}

/// Which of several villages.
pub const NUMBER_OR_NAME: Text = text("Số thứ tự, hoặc tên", "Number, or a name");
/// A village that is not on the list.
pub const NOT_LISTED: Text = text(
    "Không có trong danh mục. Gõ c để ghi đúng tên này, hoặc gõ tên khác",
    "Not on the list. Type y to keep this name, or type another one",
);
/// The answers ended before the session was recorded.
pub const LEFT_OPEN: Text = text(
    "Chưa ghi gì. Các câu trả lời được giữ lại trên thiết bị: chạy lại `banlang field record` để ghi tiếp.",
    "Nothing was recorded. Your answers are kept on this device: run `banlang field record` to go on.",
);
/// A record is safe on this device.
pub const RECORDED: Text = text("Đã ghi trên thiết bị này", "Recorded on this device");
/// An edit changed nothing.
pub const UNCHANGED: Text = text("Không có gì thay đổi", "Nothing changed");
/// Both sides are level.
pub const SYNCED: Text = text("Đã đồng bộ", "Synced");
/// Deposited because the sign-in has ended: the records count like any others.
pub const DEPOSITED: Text = text(
    "Máy chủ đã nhận dữ liệu của thiết bị này qua cổng chỉ gửi",
    "The server took this device's records at the write-only entrance",
);
/// Deposited by a device or person the server does not let in any more: the records lie in quarantine.
pub const DEPOSITED_FOR_REVIEW: Text = text(
    "Máy chủ đã nhận dữ liệu của thiết bị này qua cổng chỉ gửi; cán bộ sẽ xem xét trước khi tính vào báo cáo",
    "The server took this device's records at the write-only entrance; an officer looks at them before they count",
);
/// Sign-in has expired.
pub const SIGN_IN_AGAIN: Text =
    text("Hãy đăng nhập lại: `banlang field sign-in`", "Sign in again: `banlang field sign-in`");
/// The store was copied or rolled back.
pub const COPIED: Text = text(
    "Kho dữ liệu này là bản sao hoặc đã bị đưa về trạng thái cũ. Không mất gì; hãy chỉ dùng một bản.",
    "This store is a copy, or was put back to an older state. Nothing is lost; use one of them only.",
);
/// The server had lost batches.
pub const SERVER_WAS_BEHIND: Text = text(
    "Máy chủ thiếu dữ liệu đã nhận trước đây; thiết bị đã gửi lại.",
    "The server had lost what it had before; this device gave it back.",
);
/// The server does not take batches of a device it does not know.
pub const SERVER_LACKS: Text = text(
    "Máy chủ không nhận dữ liệu của một thiết bị mà nó không còn biết, ví dụ sau khi khôi phục; dữ liệu vẫn được giữ ở \
     đây. Cần để thiết bị đó liên lạc lại với máy chủ.",
    "The server does not take batches of a device it no longer knows, for instance after a restore; they are kept here. \
     That device has to call the server once.",
);
/// A batch could not be verified.
pub const UNVERIFIABLE: Text = text(
    "Có dữ liệu không xác minh được chữ ký và không được lưu.",
    "Something came whose signature does not verify; it was not kept.",
);
/// A receipt could not be verified.
pub const FORGED_RECEIPT: Text = text(
    "Có biên nhận không phải do máy chủ ký; đã bỏ qua.",
    "A receipt came that the server did not sign; it was ignored.",
);
/// Nothing to export.
pub const NOTHING_TO_EXPORT: Text = text("Không có gì chưa gửi", "Nothing is unsent");
/// No records.
pub const NO_RECORDS: Text = text("Chưa có bản ghi nào", "No records");
/// Changes that wait.
pub const WAITING: Text = text("thay đổi đang chờ dữ liệu khác", "changes wait for others that have not arrived");
/// Conflicts.
pub const CONFLICT: Text = text("Có giá trị khác nhau, cần người quyết định", "People disagree; a person decides");
/// History.
pub const HISTORY: Text = text("Lịch sử", "History");
/// Review.
pub const REVIEW: Text = text("Duyệt", "Review");
/// Void.
pub const VOID: Text = text("ĐÃ HỦY", "VOID");
/// Never.
pub const NEVER: Text = text("chưa bao giờ", "never");
/// Ask whether to record.
pub const RECORD_THIS: Text = text(
    "Ghi lại buổi này? (c = có, k = không, số thứ tự hoặc tên mục = sửa mục đó)",
    "Record this session? (y = yes, n = no, number or name of a line = change it)",
);
/// Nothing was recorded.
pub const NOT_RECORDED: Text = text("Chưa ghi gì", "Nothing was recorded");
/// Before what was typed and could not be kept.
pub const TYPED: Text = text(
    "Những gì đã nhập; khi có thể, chép lại lệnh này để ghi:",
    "What was typed; when it is possible again, paste this command to record it:",
);
/// How to answer.
pub const HOW_TO_ANSWER: Text = text(
    "Enter để bỏ qua hoặc giữ giá trị trong ngoặc vuông; - để bỏ trống; ? để xem cách ghi; nhiều mục cách nhau bằng dấu phẩy.",
    "Enter skips or keeps what stands in brackets; - leaves it empty; ? tells what is accepted; several items with commas.",
);
/// An answer is required.
pub const REQUIRED: Text = text("Mục này bắt buộc", "This one is required");

/// How far something has come.
#[must_use]
pub fn standing(standing: Standing) -> Text {
    match standing {
        Standing::Here => text("Chỉ có ở đây", "Only here"),
        Standing::Sent => text("Đã gửi", "Sent"),
        Standing::Stored => text("Máy chủ đã nhận", "Server has it"),
        Standing::BackedUp => text("Đã sao lưu", "Backed up"),
    }
}

/// Where a session stands in review.
#[must_use]
pub fn review_state(state: ReviewState) -> Text {
    match state {
        ReviewState::New => text("Chưa duyệt", "Not reviewed"),
        ReviewState::Confirmed => text("Đã duyệt", "Confirmed"),
        ReviewState::Returned => text("Trả lại để bổ sung", "Returned for completion"),
        ReviewState::Amended => text("Đã sửa sau khi duyệt", "Amended after review"),
        ReviewState::Disputed => text("Ý kiến duyệt khác nhau", "Disputed"),
    }
}

/// What a person may do, as a word.
#[must_use]
pub fn role(role: Role) -> Text {
    match role {
        Role::Guard => text("chiến sĩ biên phòng", "border guard"),
        Role::Officer => text("cán bộ xã", "commune officer"),
        Role::Coordinator => text("điều phối viên", "coordinator"),
        Role::Administrator => text("quản trị viên", "administrator"),
    }
}

/// A decision.
#[must_use]
pub fn decision(decision: Decision) -> Text {
    match decision {
        Decision::Confirm => text("Duyệt", "Confirmed"),
        Decision::Return => text("Trả lại để bổ sung", "Returned for completion"),
    }
}
