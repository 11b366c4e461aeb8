//! The words of files, in both languages. Names of codes are those of the reference data.

use sync_core::record::codes::{self, KnownCode};

use crate::cli::Lang;
use crate::reference::{Catalogue, Kind};

/// What a figure is called that would give a small one away.
pub(super) fn hidden(lang: Lang) -> &'static str {
    lang.pick("(ẩn)", "(hidden)")
}

/// Yes or no.
pub(super) fn yes_no(lang: Lang, yes: bool) -> &'static str {
    match yes {
        true => lang.pick("Có", "Yes"),
        false => lang.pick("Không", "No"),
    }
}

/// The state of a session's review.
pub(super) fn review_state(lang: Lang, state: &str) -> &str {
    match state {
        "new" => lang.pick("Chờ duyệt", "Pending review"),
        "confirmed" => lang.pick("Đã duyệt", "Confirmed"),
        "returned" => lang.pick("Trả lại để bổ sung", "Returned for completion"),
        "amended" => lang.pick("Đã sửa sau khi duyệt", "Amended after review"),
        "disputed" => lang.pick("Ý kiến duyệt khác nhau", "Reviews disagree"),
        other => other,
    }
}

/// Where a village stands.
pub(super) fn village_state(lang: Lang, state: crate::coverage::VillageState) -> &'static str {
    use crate::coverage::VillageState::{Confirmed, Done, Unassigned, Unheard, Zero};
    match state {
        Confirmed => lang.pick("Đã tuyên truyền, đã duyệt", "Reached, confirmed"),
        Done => lang.pick("Đã tuyên truyền, chưa duyệt", "Reached, not confirmed"),
        Zero => lang.pick("Chưa tuyên truyền", "Not reached"),
        Unheard => lang.pick("Chưa rõ: còn thiết bị chưa gửi", "Unknown: a device has not sent everything"),
        Unassigned => lang.pick("Chưa phân công đơn vị", "No unit assigned"),
    }
}

/// The word of a code: the reference data's, else the program's own, else the code itself.
pub(super) fn term(catalogue: &Catalogue, lang: Lang, kind: Kind, list: &'static [KnownCode], code: &str) -> String {
    let own = codes::find(list, code).map(|known| lang.pick(known.vi, known.en));
    let term = catalogue.items().terms(kind).iter().find(|term| term.id == code);
    term.map(|term| lang.pick(&term.body.vi, &term.body.en)).or(own).unwrap_or(code).to_owned()
}

/// The words of several codes.
pub(super) fn terms<'a>(
    catalogue: &Catalogue,
    lang: Lang,
    kind: Kind,
    list: &'static [KnownCode],
    all: impl IntoIterator<Item = &'a str>,
) -> String {
    all.into_iter().map(|code| term(catalogue, lang, kind, list, code)).collect::<Vec<_>>().join("; ")
}

/// The word of a code that has no list in the reference data.
pub(super) fn own_word(lang: Lang, list: &'static [KnownCode], code: &str) -> String {
    codes::find(list, code).map_or(code, |known| lang.pick(known.vi, known.en)).to_owned()
}

/// The heading of a sum.
pub(super) fn sum(lang: Lang, name: &'static str) -> &'static str {
    match name {
        "sessions" => lang.pick("Số buổi", "Sessions"),
        "confirmed" => lang.pick("Trong đó: đã duyệt", "of which confirmed"),
        "integrated" => lang.pick("Trong đó: lồng ghép", "of which held within another meeting"),
        "attendances" => lang.pick("Lượt người nghe", "Attendances"),
        "women" => lang.pick("Trong đó: nữ", "of which female"),
        "under16" => lang.pick("Trong đó: dưới 16 tuổi", "of which under 16"),
        "minority" => lang.pick("Trong đó: người dân tộc thiểu số", "of which ethnic minority"),
        "households" => lang.pick("Số hộ được đến tận nhà", "Households visited"),
        "pledges" => lang.pick("Số bản cam kết đã ký", "Pledges signed"),
        "broadcasts" => lang.pick("Số lần phát loa truyền thanh", "Loudspeaker broadcasts"),
        "broadcast_minutes" => lang.pick("Số phút phát thanh", "Broadcast minutes"),
        "posts" => lang.pick("Số tin đăng trên mạng xã hội", "Posts on social media"),
        other => other,
    }
}

/// A day as people write it.
pub(super) fn day(text: &str) -> String {
    let parts: Vec<&str> = text.split('-').collect();
    match parts.as_slice() {
        [year, month, day] => format!("{day}/{month}/{year}"),
        _ => text.to_owned(),
    }
}
