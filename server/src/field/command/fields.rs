//! The fields of a record as a person reads them.

use sync_core::record::{Code, CountBasis, RecordView, Register, SessionView, Setting, Village};

use super::super::today::Today;
use super::super::{Field, text};
use super::words::Words;
use crate::cli::Lang;

/// Every filled field as text, in the order in which they are asked.
pub(super) fn rows(field: &Field, view: &RecordView, lang: Lang) -> Vec<(String, String)> {
    let words = Words {
        catalogue: field.reference(),
        areas: field.areas(),
        scope: None,
        today: Today::new(sync_core::id::UnixMs(0), None),
        date_anyway: false,
        lang,
    };
    let mut rows = Vec::new();
    match view {
        RecordView::Session(session) => session_rows(session, &words, &mut rows),
        RecordView::PanelCheck(check) => {
            let site = check.fields.site.value().map(|site| {
                let panel = words.catalogue.items().panels.iter().find(|panel| panel.id == site.as_str());
                panel.map_or_else(|| site.to_string(), |panel| panel.body.name.clone())
            });
            rows.extend(site.map(|site| ("site".to_owned(), site)));
            rows.extend(check.fields.date.value().map(|date| ("date".to_owned(), text::date(*date))));
            rows.push(("condition".to_owned(), joined(&check.conditions, "condition", &words)));
            if check.fields.hotline_wrong.value() == Some(&true) {
                rows.push(("hotline_wrong".to_owned(), lang.pick("có", "yes").to_owned()));
            }
            rows.push(("note".to_owned(), check.note.clone()));
            rows.extend(check.fields.void.value().map(|void| ("void".to_owned(), void.to_string())));
        }
        RecordView::Review(review) => {
            rows.push(("decision".to_owned(), text::decision(review.decision).of(lang).to_owned()));
            rows.push(("comment".to_owned(), review.comment.clone()));
            rows.extend(review.void.value().map(|void| ("void".to_owned(), void.to_string())));
        }
    }
    rows.retain(|(_, shown)| !shown.is_empty());
    rows
}

fn joined<'a>(codes: impl IntoIterator<Item = &'a Code>, list: &str, words: &Words<'_>) -> String {
    codes.into_iter().map(|code| words.word(list, code.as_str())).collect::<Vec<_>>().join(", ")
}

fn session_rows(session: &SessionView, words: &Words<'_>, rows: &mut Vec<(String, String)>) {
    let lang = words.lang;
    let fields = &session.fields;
    let mut put = |key: &str, shown: Option<String>| rows.extend(shown.map(|shown| (key.to_owned(), shown)));
    let count = |register: &Register<u32>| register.value().map(|count| text::number((*count).into(), lang));
    let code = |list: &str, register: &Register<Code>| register.value().map(|code| words.word(list, code.as_str()));
    put("date", fields.date.value().map(|date| text::date(*date)));
    put("start", fields.start.value().map(ToString::to_string));
    put("duration", fields.duration.value().map(ToString::to_string));
    put(
        "village",
        fields.village.value().map(|village| match village {
            Village::Listed(id) => {
                words.catalogue.village(id).map_or_else(|| id.clone(), |village| words.village_name(village))
            }
            Village::Named(name) => name.to_string(),
        }),
    );
    put("place_kind", code("place_kind", &fields.place_kind));
    put("gps", fields.gps.value().map(ToString::to_string));
    put("format", code("format", &fields.format));
    put(
        "setting",
        fields.setting.value().map(|setting| match setting {
            Setting::Standalone => lang.pick("chuyên đề", "own subject").to_owned(),
            Setting::Integrated => lang.pick("lồng ghép", "within another meeting").to_owned(),
        }),
    );
    put("topic", Some(joined(&session.topics, "topic", words)));
    put("language", Some(joined(&session.languages, "language", words)));
    put("attendances", count(&fields.attendances));
    put("women", count(&fields.women));
    put("under_16", count(&fields.under_16));
    put("minority", count(&fields.minority));
    put(
        "count_basis",
        fields.count_basis.value().map(|basis| match basis {
            CountBasis::Counted => lang.pick("đếm trực tiếp", "counted").to_owned(),
            CountBasis::Estimated => lang.pick("ước lượng", "estimated").to_owned(),
        }),
    );
    put("households", count(&fields.households));
    let material = session.material.iter().map(|(kind, material)| {
        format!("{} {}", words.word("material", kind.as_str()), text::number(material.total, lang))
    });
    put("material", Some(material.collect::<Vec<_>>().join(", ")));
    put("pledges", count(&fields.pledges));
    put("broadcasts", count(&fields.broadcasts));
    put("broadcast_minutes", count(&fields.broadcast_minutes));
    put("lead_unit", code("lead_unit", &fields.lead_unit));
    put("partner", Some(joined(&session.partners, "partner", words)));
    let team = session
        .team
        .iter()
        .filter_map(|(role, number)| Some(format!("{} {}", words.word("team", role.as_str()), number.value()?)));
    put("team", Some(team.collect::<Vec<_>>().join(", ")));
    put("hotline", Some(joined(&session.hotlines, "hotline", words)));
    put("difficulty", Some(joined(&session.difficulties, "difficulty", words)));
    put("note", Some(session.note.clone()));
    put("void", fields.void.value().map(ToString::to_string));
}
