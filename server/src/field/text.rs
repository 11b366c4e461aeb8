//! Everything the terminal device says, Vietnamese and English beside each other. Dates are dd/mm/yyyy, thousands have
//! dots in Vietnamese and commas in English. Words follow the glossary: "Trả lại để bổ sung", "Lượt người"; "Đã gửi" is
//! not "Máy chủ đã nhận".

use sync_core::id::UnixMs;
use sync_core::record::{CivilDate, Decision, ReviewState};

use super::Standing;
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
/// When a note looks like an identity.
pub const LOOKS_LIKE_IDENTITY: Text = text(
    "Cảnh báo: ghi chú có vẻ chứa số điện thoại hoặc số giấy tờ. Hãy xóa trước khi gửi: `banlang field edit … --note …`",
    "Warning: the note seems to hold a phone or identity number. Remove it before you sync: `banlang field edit … --note …`",
);
/// A record is safe on this device.
pub const RECORDED: Text = text("Đã ghi trên thiết bị này", "Recorded on this device");
/// An edit changed nothing.
pub const UNCHANGED: Text = text("Không có gì thay đổi", "Nothing changed");
/// Both sides are level.
pub const SYNCED: Text = text("Đã đồng bộ", "Synced");
/// Deposited because the server does not let the device in.
pub const DEPOSITED: Text = text(
    "Máy chủ đã nhận dữ liệu của thiết bị này qua cổng chỉ gửi; cán bộ sẽ xem xét",
    "The server took this device's records at the write-only entrance; an officer will look at them",
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
pub const RECORD_THIS: Text = text("Ghi lại buổi này? (c = có, k = không)", "Record this session? (y = yes, n = no)");
/// Nothing was recorded.
pub const NOT_RECORDED: Text = text("Chưa ghi gì", "Nothing was recorded");
/// Before what was typed and could not be kept.
pub const TYPED: Text = text(
    "Những gì đã nhập; khi có thể, chép lại lệnh này để ghi:",
    "What was typed; when it is possible again, paste this command to record it:",
);
/// How to answer.
pub const HOW_TO_ANSWER: Text = text(
    "Enter để bỏ qua hoặc giữ giá trị trong ngoặc vuông; ? để xem danh sách; nhiều mục cách nhau bằng dấu phẩy.",
    "Enter skips or keeps what stands in brackets; ? shows the list; several items with commas between them.",
);
/// An answer is required.
pub const REQUIRED: Text = text("mục này bắt buộc", "this one is required");

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

/// A decision.
#[must_use]
pub fn decision(decision: Decision) -> Text {
    match decision {
        Decision::Confirm => text("Duyệt", "Confirmed"),
        Decision::Return => text("Trả lại để bổ sung", "Returned for completion"),
    }
}

/// A whole number with its thousands apart.
#[must_use]
pub fn number(value: u64, lang: Lang) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push_str(lang.pick(".", ","));
        }
        out.push(digit);
    }
    out
}

/// A day as dd/mm/yyyy.
#[must_use]
pub fn date(date: CivilDate) -> String {
    format!("{:02}/{:02}/{:04}", date.day(), date.month(), date.year())
}

/// A day as people type it: dd/mm/yyyy, d/m/yyyy or yyyy-mm-dd.
#[must_use]
pub fn parse_date(text: &str) -> Option<CivilDate> {
    if let Ok(date) = text.parse() {
        return Some(date);
    }
    let mut parts = text.split('/');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    CivilDate::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

/// Vietnam's clock is seven hours ahead of UTC, all year.
const ZONE_MS: i64 = 7 * 60 * 60 * 1_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// The day in Vietnam.
#[must_use]
pub fn day_of(at: UnixMs) -> Option<CivilDate> {
    let day = (at.0 + ZONE_MS).div_euclid(DAY_MS);
    i32::try_from(day).ok().and_then(CivilDate::from_day_number)
}

/// A moment in Vietnam as dd/mm/yyyy hh:mm.
#[must_use]
pub fn moment(at: UnixMs, lang: Lang) -> String {
    if at.0 <= 0 {
        return NEVER.of(lang).to_owned();
    }
    let minutes = (at.0 + ZONE_MS).rem_euclid(DAY_MS) / 60_000;
    day_of(at).map_or_else(|| at.to_string(), |day| format!("{} {:02}:{:02}", date(day), minutes / 60, minutes % 60))
}

/// A number of bytes.
#[must_use]
pub fn bytes(count: u64, lang: Lang) -> String {
    if count < 10_000 { format!("{} B", number(count, lang)) } else { format!("{} kB", number(count / 1_000, lang)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_have_dots_in_vietnamese() {
        assert_eq!(number(822_994, Lang::Vi), "822.994");
        assert_eq!(number(1_000, Lang::En), "1,000");
        assert_eq!(number(999, Lang::Vi), "999");
    }

    #[test]
    fn dates_are_read_as_people_write_them() {
        let day = CivilDate::new(2026, 7, 3).expect("exists");
        for text in ["03/07/2026", "3/7/2026", "2026-07-03"] {
            assert_eq!(parse_date(text), Some(day), "{text}");
        }
        for text in ["", "31/02/2026", "3/7/26", "3/7/2026/1", "x"] {
            assert_eq!(parse_date(text), None, "{text}");
        }
        assert_eq!(date(day), "03/07/2026");
    }

    #[test]
    fn a_day_begins_at_midnight_in_vietnam() {
        // 2026-11-22T17:00:00Z is midnight of the 23rd in Vietnam.
        assert_eq!(moment(UnixMs(1_795_366_800_000), Lang::Vi), "23/11/2026 00:00");
    }
}
