//! What is accepted, in Vietnamese, for the texts a person meets at a terminal.
//!
//! The texts of all routes follow few patterns; here is each of them. What none fits stays English: names of formats
//! and of fields, and what a library says.

/// Whole texts.
const TEXTS: &[(&str, &str)] = &[
    ("a whole number", "số nguyên"),
    ("a number", "số"),
    ("true or false", "true (có) hoặc false (không)"),
    ("no parameters", "không có tham số"),
    ("no body on this route", "không có nội dung"),
    ("at least one batch", "ít nhất một lô"),
    ("text without the character U+0000", "chữ không có ký tự U+0000"),
    ("UTF-8, percent-encoded", "UTF-8, mã hóa phần trăm"),
    ("coordinator or administrator", "điều phối viên hoặc quản trị viên"),
    ("coordinator", "điều phối viên"),
    ("officer or coordinator", "cán bộ hoặc điều phối viên"),
    ("another session than a", "một buổi khác với a"),
    ("the id of a or of b: the session that counts", "mã của a hoặc của b: buổi được tính"),
    ("nothing, unless the decision is linked", "để trống, trừ khi decision là linked"),
    ("the number of an account", "số của tài khoản"),
    ("a reporting month, for instance 2026-10", "tháng báo cáo, ví dụ 2026-10"),
    ("a quarter, for instance 2026-Q3", "quý, ví dụ 2026-Q3"),
    ("a half of a year, for instance 2026-H1", "nửa năm, ví dụ 2026-H1"),
    ("a year, for instance 2026", "năm, ví dụ 2026"),
    ("nothing, unless kind is range; say which period with of", "để trống, trừ khi kind là range; chọn kỳ bằng of"),
    (
        "nothing, when kind is range; say the days with from and to",
        "để trống khi kind là range; chọn ngày bằng from và to",
    ),
    ("your role may not do this", "vai trò của tài khoản không được làm việc này"),
    ("a day that is not before from", "ngày không trước ngày from"),
    ("a day yyyy-mm-dd from 2000, not after today", "ngày dạng yyyy-mm-dd từ năm 2000, không sau hôm nay"),
    ("a day yyyy-mm-dd from 2000 to 2099", "ngày dạng yyyy-mm-dd từ năm 2000 đến 2099"),
    (
        "text without telephone or identity numbers of people",
        "chữ không có số điện thoại hoặc số giấy tờ tùy thân của người dân",
    ),
    ("a unit of your areas, for instance 2025-06841", "đơn vị trong địa bàn của tài khoản, ví dụ 2025-06841"),
    ("a unit of the reference data, for instance 2025-06841", "đơn vị có trong danh mục, ví dụ 2025-06841"),
    ("nothing, unless the kind is broadcast", "để trống, trừ khi loại là broadcast (phát thanh)"),
    ("exactly one of village, area and rule", "đúng một trong ba: village, area, rule"),
    ("the id of a post, see /v1/reference/posts", "mã của đồn, trạm, xem /v1/reference/posts"),
    ("a code, see /v1/reference/materials", "mã, xem /v1/reference/materials"),
    ("a code, see /v1/reference/topics", "mã, xem /v1/reference/topics"),
    ("a code, see /v1/reference/languages", "mã, xem /v1/reference/languages"),
    ("a code, see /v1/reference/formats", "mã, xem /v1/reference/formats"),
    ("next of the page before, unchanged", "giá trị next của trang trước, giữ nguyên"),
    ("1 to 200 characters with at least one letter or digit", "1 đến 200 ký tự, có ít nhất một chữ cái hoặc chữ số"),
    ("officer, coordinator or administrator", "cán bộ, điều phối viên hoặc quản trị viên"),
    ("the id of an imported village", "mã của thôn, bản đã nhập"),
    (
        "a village of your areas, chosen by an officer, coordinator or administrator",
        "thôn, bản trong địa bàn, do cán bộ, điều phối viên hoặc quản trị viên chọn",
    ),
    (
        "administrators; officers for guards whose areas all lie in the officer's own",
        "quản trị viên; cán bộ, với chiến sĩ chỉ có địa bàn nằm trong địa bàn của cán bộ",
    ),
    (
        "a password is not one character repeated and does not contain the username",
        "mật khẩu không được lặp một ký tự và không chứa tên đăng nhập",
    ),
    ("a password has at least 10 characters", "mật khẩu có ít nhất 10 ký tự"),
    ("a password has at most 256 bytes", "mật khẩu dài nhiều nhất 256 byte"),
    (
        "3 to 40 of a-z, 0-9, dot, hyphen, underscore, beginning with a letter",
        "3 đến 40 ký tự a-z, 0-9, dấu chấm, gạch ngang, gạch dưới, bắt đầu bằng chữ",
    ),
    (
        "the role guard needs at least one area, for instance 2025-06841",
        "vai trò cán bộ biên phòng cần ít nhất một địa bàn, ví dụ 2025-06841",
    ),
    (
        "the role officer needs at least one area, for instance 2025-06841",
        "vai trò cán bộ xã cần ít nhất một địa bàn, ví dụ 2025-06841",
    ),
    ("the role coordinator has every area; give none", "điều phối viên có mọi địa bàn, không ghi địa bàn nào"),
    ("the role administrator has every area; give none", "quản trị viên có mọi địa bàn, không ghi địa bàn nào"),
    ("the id of a post of the reference data", "mã của đồn, trạm, đội trong danh mục"),
    ("the id of a post, see /v1/reference/posts", "mã của đồn, trạm, đội trong danh mục"),
    ("the id of a post that works in your areas", "mã của đồn, trạm, đội phụ trách địa bàn của tài khoản"),
    ("a code, see /v1/reference/materials", "mã loại tài liệu trong danh mục"),
    ("a day that is not before from", "ngày không trước ngày đầu"),
    ("a day yyyy-mm-dd from 2000 to 2099", "ngày dạng yyyy-mm-dd, từ năm 2000 đến 2099"),
    ("a day yyyy-mm-dd from 2000, not after today", "ngày dạng yyyy-mm-dd, từ năm 2000, không sau hôm nay"),
    ("a unit of your areas, for instance 2025-06841", "đơn vị thuộc địa bàn của tài khoản, ví dụ 2025-06841"),
    ("administrator", "quản trị viên"),
    ("administrator; of plans also coordinator", "quản trị viên; riêng kế hoạch thì cả điều phối viên"),
    (
        "an https address without a user name, at most 500 characters, or null",
        "địa chỉ https không kèm tên người dùng, nhiều nhất 500 ký tự, hoặc để trống",
    ),
    ("at most 200 characters, in one line", "nhiều nhất 200 ký tự, trên một dòng"),
    (
        "csv or xlsx; geojson for coverage and panels, sheet for the report",
        "csv hoặc xlsx; geojson cho độ phủ và pano, sheet cho báo cáo",
    ),
    ("csv or xlsx of what leaves the province", "csv hoặc xlsx, khi dữ liệu rời khỏi tỉnh"),
    ("nothing, unless the kind is broadcast", "để trống, trừ khi là buổi phát thanh"),
    ("no pages: a file is whole", "không chia trang: tệp chứa toàn bộ"),
    (
        "text without telephone or identity numbers of people",
        "nội dung không có số điện thoại hoặc số giấy tờ của người dân",
    ),
    ("XXXX-XXXX-XX, as the device shows it", "XXXX-XXXX-XX, như trên màn hình thiết bị"),
    ("hexadecimal, at most 1024 bytes", "chữ số thập lục phân, nhiều nhất 1024 byte"),
    ("an age recipient, age1…", "khóa nhận của age, bắt đầu bằng age1"),
    ("your role may not read this", "vai trò của tài khoản không được xem phần này"),
    ("no such device in your areas", "không có thiết bị này trong địa bàn của tài khoản"),
    ("the database does not answer", "cơ sở dữ liệu không trả lời"),
    ("the connection ended before the body did", "kết nối kết thúc trước khi nhận đủ nội dung"),
];
/// Parts of texts, longer ones before those they contain.
const PARTS: &[(&str, &str)] = &[
    ("a number from ", "số từ "),
    ("a whole number from ", "số nguyên từ "),
    ("minutes from ", "số phút từ "),
    ("at most ", "nhiều nhất "),
    ("at least ", "ít nhất "),
    (" hexadecimal digits", " chữ số thập lục phân"),
    (" characters", " ký tự"),
    (" seconds", " giây"),
    (" bytes once unpacked", " byte sau khi bung"),
    (" bytes once decrypted", " byte sau khi giải mã"),
    (" bytes", " byte"),
    (" to ", " đến "),
    (" or ", " hoặc "),
    (", or empty", ", hoặc để trống"),
    ("a day as ", "ngày dạng "),
    ("a day ", "ngày "),
];

/// The text in Vietnamese, when all of it is understood.
pub(super) fn vietnamese(text: &str) -> Option<String> {
    if let Some((_, vi)) = TEXTS.iter().find(|(en, _)| *en == text) {
        return Some((*vi).to_owned());
    }
    let vi = PARTS.iter().fold(text.to_owned(), |text, (en, vi)| text.replace(en, vi));
    let english = |word: &str| word.len() > 1 && word.chars().all(|c| c.is_ascii_lowercase()) && !KEPT.contains(&word);
    let understood = !vi.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-' || c == '.')).any(english);
    understood.then_some(vi)
}

/// Words that are the same in both languages here: names of values, and Vietnamese words without marks.
const KEPT: &[&str] = &[
    "byte",
    "tham",
    "cho",
    "guard",
    "officer",
    "coordinator",
    "administrator",
    "month",
    "quarter",
    "year",
    "units",
    "villages",
    "bundle",
    "zstd",
    "gzip",
    "identity",
    "new",
    "confirmed",
    "returned",
    "amended",
    "disputed",
    "voided",
    "suspected",
    "linked",
    "open",
    "distinct",
    "half",
    "nine_months",
    "range",
    "vi",
    "en",
    "yyyy",
    "mm",
    "dd",
    "sau",
    "khi",
    "bung",
    "hai",
    "ba",
    "asc",
    "desc",
    "true",
    "false",
];

#[cfg(test)]
mod tests {
    use super::vietnamese;

    #[test]
    fn patterns_are_translated_whole_or_not_at_all() {
        for (en, vi) in [
            ("1 to 500", "1 đến 500"),
            ("3 to 200 characters", "3 đến 200 ký tự"),
            ("16 hexadecimal digits", "16 chữ số thập lục phân"),
            ("at most 60 seconds", "nhiều nhất 60 giây"),
            ("a number from 1 to 50", "số từ 1 đến 50"),
            ("month, quarter or year", "month, quarter hoặc year"),
            ("zstd or identity", "zstd hoặc identity"),
        ] {
            assert_eq!(vietnamese(en).as_deref(), Some(vi), "{en}");
        }
        for en in ["an Ed25519 public key, 64 hexadecimal digits", "one zstd frame, window at most 8 MiB"] {
            assert_eq!(vietnamese(en), None, "{en}");
        }
    }
}
