//! The codes this version knows, with their words in both languages.
//!
//! The lists are open: a code that is not here is shown as it stands. They are the lists a server hands out unless its
//! operator imported others, code by code and word by word (a test of the server compares them), so that a device that
//! has never been online writes the same codes as one that has. Where the project's glossary has a word, it is the
//! glossary's; a native reader has not checked the others yet.

/// A code and its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct KnownCode {
    /// The code as it stands in a record.
    pub code: &'static str,
    /// In Vietnamese.
    pub vi: &'static str,
    /// In English.
    pub en: &'static str,
}

const fn known(code: &'static str, vi: &'static str, en: &'static str) -> KnownCode {
    KnownCode { code, vi, en }
}

/// Forms a session takes: field `format`.
pub const FORMATS: &[KnownCode] = &[
    known("village_meeting", "Họp thôn, bản, khu", "Village meeting"),
    known("house_visit", "Đến từng hộ gia đình", "House to house"),
    known("market", "Tại chợ phiên", "At a market day"),
    known("school", "Tại trường học", "At a school"),
    known("mobile", "Xe tuyên truyền lưu động", "Loudspeaker vehicle"),
    known("border_loud", "Tiếng loa Biên phòng", "\"Border guard loudspeaker\" round"),
    known("party_cell", "Sinh hoạt chi bộ", "Party cell meeting"),
    known("club", "Sinh hoạt câu lạc bộ", "Club meeting"),
    known("drama", "Sân khấu hóa, văn nghệ", "Skit or performance"),
    known("checkpoint", "Tại cửa khẩu, chốt, lối mở", "At a crossing or checkpoint"),
    known("online", "Trên mạng xã hội (Zalo, Facebook)", "On social media"),
];

/// Topics spoken about: set `topic/`.
pub const TOPICS: &[KnownCode] = &[
    known("tricks", "Phương thức, thủ đoạn mua bán người", "Methods of traffickers"),
    known("easy_job", "Bẫy \"việc nhẹ, lương cao\"", "\"Easy job, high pay\" lure"),
    known("social", "Dụ dỗ qua mạng xã hội", "Luring on social media"),
    known("illegal_exit", "Xuất, nhập cảnh trái phép", "Illegal exit and entry"),
    known("marriage", "Kết hôn với người nước ngoài", "Marriage with foreigners"),
    known("domestic", "Phòng, chống bạo lực gia đình", "Domestic violence"),
    known("support", "Hỗ trợ nạn nhân và nơi tiếp nhận", "Victim support and where to go"),
    known("hotline", "Đường dây nóng 111 và 18001769", "Hotlines"),
    known("law", "Luật Phòng, chống mua bán người 2024", "2024 law"),
    known("border_law", "Luật Biên phòng, quy chế khu vực biên giới", "Border law and rules"),
];

/// Organisations that take part: set `partner/`.
pub const PARTNERS: &[KnownCode] = &[
    known("women", "Hội Liên hiệp Phụ nữ", "Women's Union"),
    known("police", "Công an xã, phường", "Commune police"),
    known("front", "Mặt trận Tổ quốc", "Fatherland Front"),
    known("youth", "Đoàn Thanh niên", "Youth Union"),
    known("school", "Nhà trường", "School"),
    known("elder", "Già làng, trưởng bản, người có uy tín", "Elders, village heads, respected persons"),
    known("veterans", "Hội Cựu chiến binh", "Veterans' Association"),
];

/// Units that lead a session: field `lead_unit`.
pub const LEAD_UNITS: &[KnownCode] = &[
    known("province_cmd", "Ban Chỉ huy Bộ đội Biên phòng tỉnh", "Provincial Border Guard Command (since 2025)"),
    known("post", "Đồn Biên phòng", "Border guard post"),
    known("station", "Trạm Biên phòng", "Border guard station"),
    known("mass_team", "Đội Vận động quần chúng", "Mass mobilisation team"),
    known("commune", "Ủy ban nhân dân xã", "Commune People's Committee"),
    known("culture_social", "Phòng Văn hóa - Xã hội", "Commune Culture and Social Affairs Office"),
    known("health_dept", "Sở Y tế", "Department of Health"),
];

/// Languages spoken: set `language/`.
pub const LANGUAGES: &[KnownCode] = &[
    known("vi", "Tiếng phổ thông", "Vietnamese"),
    known("dao", "Tiếng Dao", "Dao"),
    known("tay", "Tiếng Tày", "Tày"),
    known("san_chi", "Tiếng Sán Chỉ", "Sán Chỉ"),
    known("hoa", "Tiếng Hoa", "Hoa"),
    known("san_diu", "Tiếng Sán Dìu", "Sán Dìu"),
    known("other", "Tiếng khác", "Another language"),
];

/// Kinds of place: field `place_kind`.
pub const PLACE_KINDS: &[KnownCode] = &[
    known("culture_house", "Nhà văn hóa thôn", "Village culture house"),
    known("school", "Trường học", "School"),
    known("market", "Chợ phiên", "Market"),
    known("household", "Hộ gia đình", "Households"),
    known("border_gate", "Cửa khẩu, chốt, lối mở", "Crossing or checkpoint"),
    known("post", "Đồn, trạm Biên phòng", "Border guard post or station"),
    known("committee", "Trụ sở xã, phường", "Commune headquarters"),
    known("outdoor", "Ngoài trời, trên đường", "Outdoors or on the road"),
    known("online", "Trên mạng", "Online"),
    known("other", "Nơi khác", "Elsewhere"),
];

/// Kinds of material: keys `material/<kind>/<recorder>`.
pub const MATERIALS: &[KnownCode] = &[
    known("leaflet", "Tờ rơi", "Leaflet"),
    known("folder", "Tờ gấp", "Folder"),
    known("handbook", "Sổ tay", "Handbook"),
];

/// Roles of the team present: keys `team/<role>`.
pub const TEAM_ROLES: &[KnownCode] = &[
    known("border_guard", "Bộ đội Biên phòng", "Border guards"),
    known("seconded", "Cán bộ biên phòng tăng cường xã", "Border guard officer seconded to the commune"),
    known("civil_servant", "Công chức xã", "Commune civil servant"),
    known("police", "Công an", "Police"),
    known("women_union", "Hội viên Phụ nữ", "Women's Union members"),
    known("village_head", "Trưởng thôn, trưởng bản, trưởng khu", "Village heads"),
    known("volunteer", "Tuyên truyền viên, cộng tác viên", "Volunteers"),
];

/// Difficulties met: set `difficulty/`.
pub const DIFFICULTIES: &[KnownCode] = &[
    known("shame", "Người dân e ngại, mặc cảm", "Shame and reluctance to speak"),
    known("incomplete", "Thông tin cung cấp không đầy đủ", "Incomplete statements"),
    known("ties_abroad", "Có quan hệ thân tộc bên kia biên giới", "Family ties across the border"),
    known("unreported_return", "Trở về nhưng không khai báo", "Returned without reporting"),
    known("language", "Bất đồng ngôn ngữ", "No common language"),
    known("absent", "Người dân vắng nhà, đi làm xa", "Residents away or at work elsewhere"),
    known("weather", "Thời tiết xấu, đường đi khó", "Bad weather or roads"),
    known("no_signal", "Không có sóng điện thoại", "No telephone signal"),
    known("material_short", "Thiếu tài liệu", "Material ran out"),
];

/// Hotlines made known: set `hotline/`.
pub const HOTLINES: &[KnownCode] = &[
    known("18001769", "Đường dây nóng của tỉnh (miễn phí)", "Provincial line (free)"),
    known("111", "Tổng đài điện thoại quốc gia bảo vệ trẻ em", "National child protection line"),
];

/// What is found at a panel: set `condition/`.
pub const PANEL_CONDITIONS: &[KnownCode] = &[
    known("good", "Còn tốt", "Good"),
    known("faded", "Mờ, rách", "Faded or torn"),
    known("missing", "Mất", "Missing"),
    known("outdated", "Cần thay thông tin", "Information must be replaced"),
];

/// Every list with its name, for those who hand them out.
pub const LISTS: &[(&str, &[KnownCode])] = &[
    ("format", FORMATS),
    ("topic", TOPICS),
    ("partner", PARTNERS),
    ("lead_unit", LEAD_UNITS),
    ("language", LANGUAGES),
    ("place_kind", PLACE_KINDS),
    ("material", MATERIALS),
    ("team", TEAM_ROLES),
    ("difficulty", DIFFICULTIES),
    ("hotline", HOTLINES),
    ("condition", PANEL_CONDITIONS),
];

/// The words of a code in a list, or `None` when this version does not know it.
#[must_use]
pub fn find(list: &'static [KnownCode], code: &str) -> Option<&'static KnownCode> {
    list.iter().find(|known| known.code == code)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::record::Code;

    #[test]
    fn every_known_code_has_the_form_of_a_code_and_stands_once_in_its_list() {
        for (name, list) in LISTS {
            let codes: BTreeSet<_> = list.iter().map(|known| known.code).collect();
            assert_eq!(codes.len(), list.len(), "{name}");
            assert!(codes.iter().all(|code| Code::is_code(code)), "{name}");
        }
    }
}
