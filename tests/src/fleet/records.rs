//! Made-up records as people in the villages make them: some thirty fields, notes of up to 300 characters.
//!
//! The notes are words drawn at random from a list: no sentence comes twice.

use server::coverage::testing::Draws;
use sync_core::id::AreaId;
use sync_core::record::{
    CivilDate, Code, CountBasis, Draft, Edit, MinuteOfDay, Minutes, Patch, SessionEdit, SessionFieldsEdit, SetEdit,
    Setting, Village, codes,
};

use super::Failure;
use super::expect::Counts;

/// The longest note, in characters.
const NOTE_CHARS: usize = 300;
const VILLAGES: [&str; 14] = [
    "na-ech",
    "khe-bang",
    "dong-dinh",
    "na-sau",
    "phieng-tam",
    "cao-ba-lanh",
    "ban-cau",
    "lung-vai",
    "khu-cho",
    "sam-quang",
    "co-muc",
    "dong-thang",
    "nga-hai",
    "phe-cha",
];
const WORDS: &str = "bà con nhân dân trong thôn tham gia đông đủ rất quan tâm nhiều câu hỏi về việc nhẹ lương cao bên \
    kia biên giới cách nhận biết môi giới người lạ rủ đi làm thuê trái phép qua đường mòn lối mở không giấy tờ chị em \
    phụ nữ hội viên đề nghị cấp thêm tờ rơi bằng tiếng dao tày sán chỉ cho lần sau loa của nhà văn hóa bị hỏng cần mang \
    theo kéo khi quay lại trời mưa đường trơn đến muộn một số hộ vắng vì đang vụ thu hoạch quế hồi keo trẻ nhỏ nghỉ học \
    theo mẹ già làng trưởng bản uy tín đã nhắc nhở gia đình có con em làm ăn xa gọi điện báo công an xã đồn biên phòng \
    số tổng đài miễn phí treo tại cổng chợ phiên sáng chủ nhật ký cam kết chấp hành pháp luật giới thiệu hình ảnh video \
    ngắn trên mạng xã hội zalo kết bạn hứa hẹn tiền bạc cảnh giác thủ đoạn mới tuyên truyền lồng ghép phòng chống ma túy \
    bạo lực bình đẳng tảo hôn vay vốn chăn nuôi trồng rừng kinh tế văn nghệ hát then đàn tính thi đố vui có thưởng học \
    sinh lớp chín thầy cô giáo phối hợp đoàn thanh niên mặt trận tổ quốc đăng bài nhóm chung thông tin kịp thời";

fn some(draws: &mut Draws, list: &[codes::KnownCode], at_most: usize) -> Result<Vec<Code>, Failure> {
    let count = draws.below(at_most + 1);
    (0..count).map(|_| Ok(list[draws.below(list.len())].code.parse()?)).collect()
}

fn one(draws: &mut Draws, list: &[codes::KnownCode]) -> Result<Code, Failure> {
    // The first of a list are the most frequent.
    let at = draws.below(list.len()).min(draws.below(list.len()));
    Ok(list[at].code.parse()?)
}

fn set(draws: &mut Draws, list: &[codes::KnownCode], at_most: usize) -> Result<SetEdit, Failure> {
    Ok(some(draws, list, at_most)?.into_iter().collect())
}

fn number(draws: &mut Draws, from: u32, below: usize) -> u32 {
    from + u32::try_from(draws.below(below)).unwrap_or_default()
}

fn note(draws: &mut Draws, words: &[&str]) -> String {
    let wanted = draws.below(NOTE_CHARS - 60);
    let mut note = String::new();
    let mut chars = 0;
    while chars < wanted {
        for at in 0..6 + draws.below(8) {
            let word = words[draws.below(words.len())];
            let mut letters = word.chars();
            if at > 0 {
                note.push(' ');
            } else if let Some(first) = letters.next() {
                note.extend(first.to_uppercase());
            }
            note.push_str(letters.as_str());
        }
        note.push_str(". ");
        chars = note.chars().count();
    }
    note.trim_end().chars().take(NOTE_CHARS).collect()
}

/// A source of records and edits.
#[derive(Debug, Clone)]
pub(super) struct Source {
    draws: Draws,
    words: Vec<&'static str>,
}

impl Source {
    pub(super) fn new(seed: u64) -> Self {
        Self { draws: Draws::new(seed), words: WORDS.split_whitespace().collect() }
    }

    /// A session, and what it adds to the totals.
    pub(super) fn session(&mut self, area: AreaId) -> Result<(Draft, Counts), Failure> {
        let draws = &mut self.draws;
        let attendances = number(draws, 8, 110);
        let village = format!("{area}-{}", VILLAGES[draws.below(VILLAGES.len())]);
        let day = number(draws, 1, 300).cast_signed();
        let date = CivilDate::new(2026, 1, 1).and_then(|first| CivilDate::from_day_number(first.day_number() + day));
        let leaflets = number(draws, 10, 90);
        let mut material = std::collections::BTreeMap::from([("leaflet".parse()?, Patch::Set(leaflets))]);
        let mut handed_out = leaflets;
        if draws.below(3) == 0 {
            let handbooks = number(draws, 1, 20);
            material.insert("handbook".parse()?, Patch::Set(handbooks));
            handed_out += handbooks;
        }
        let households = number(draws, 0, 60);
        let edit = SessionEdit {
            fields: SessionFieldsEdit {
                date: date.into(),
                start: MinuteOfDay(u16::try_from(7 * 60 + 5 * draws.below(160))?).into(),
                duration: Minutes(u16::try_from(30 + 5 * draws.below(20))?).into(),
                village: Village::Listed(village).into(),
                place_kind: one(draws, &codes::PLACE_KINDS[..6])?.into(),
                // All but the last, which is held on social media and counts as no session.
                format: one(draws, &codes::FORMATS[..10])?.into(),
                setting: if draws.below(3) == 0 { Setting::Standalone } else { Setting::Integrated }.into(),
                attendances: attendances.into(),
                women: (attendances * number(draws, 30, 40) / 100).into(),
                under_16: (attendances * number(draws, 0, 25) / 100).into(),
                minority: (attendances * number(draws, 50, 50) / 100).into(),
                count_basis: if draws.below(4) == 0 { CountBasis::Estimated } else { CountBasis::Counted }.into(),
                households: households.into(),
                pledges: number(draws, 0, 40).into(),
                lead_unit: one(draws, &codes::LEAD_UNITS[1..5])?.into(),
                ..Default::default()
            },
            topics: set(draws, codes::TOPICS, 5)?,
            languages: set(draws, codes::LANGUAGES, 3)?,
            partners: set(draws, codes::PARTNERS, 3)?,
            difficulties: set(draws, codes::DIFFICULTIES, 1)?,
            hotlines: set(draws, codes::HOTLINES, 2)?,
            team: [("border_guard".parse()?, Patch::Set(number(draws, 1, 4)))].into(),
            material,
            note: Some(note(draws, &self.words)),
            ..Default::default()
        };
        let counts = Counts {
            sessions: 1,
            attendances: attendances.into(),
            households: households.into(),
            material: handed_out.into(),
        };
        Ok((Draft::Session(Box::new(edit)), counts))
    }

    /// A correction of two fields of a session; the households count anew in the totals.
    pub(super) fn correction(&mut self) -> (Edit, u32) {
        let households = number(&mut self.draws, 100, 900);
        let fields = SessionFieldsEdit {
            households: households.into(),
            broadcasts: number(&mut self.draws, 1, 30).into(),
            ..Default::default()
        };
        (Edit::Session(Box::new(SessionEdit { fields, ..Default::default() })), households)
    }
}
