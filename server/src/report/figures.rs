//! The lines of the report, in their order, beside the two periods it is compared with.

use std::collections::BTreeSet;

use serde::Serialize;
use utoipa::ToSchema;

use super::counts::{Counted, Counts, FACETS};
use super::register::{club_sites, panel_sites};
use super::words::{Pair, Words, unit};
use crate::coverage::Reported;
use crate::project::{Facet, ONLINE, Sums};
use crate::reference::{Catalogue, Kind};
use crate::register::FIGURES;

/// A part of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReportGroup)]
pub enum Group {
    /// Sessions and attendances.
    Results,
    /// Material handed out, by kind.
    Material,
    /// Sessions by format.
    Formats,
    /// Sessions by topic; a session counts under each.
    Topics,
    /// Sessions by language; a session counts under each.
    Languages,
    /// Sessions at which a difficulty was met; a session counts under each.
    Difficulties,
    /// Panels (pano).
    Panels,
    /// Clubs.
    Clubs,
    /// Broadcasts at sessions, and posts on social media.
    Broadcasts,
    /// What was published, as entered at headquarters; never added to attendances.
    Media,
    /// Figures of the province, as entered at headquarters.
    Context,
}

impl Group {
    /// The group's heading.
    #[must_use]
    pub fn heading(self) -> Words {
        Words::from(match self {
            Self::Results => ("Kết quả tuyên truyền", "Results"),
            Self::Material => ("Tài liệu đã cấp phát", "Material handed out"),
            Self::Formats => ("Hình thức tuyên truyền", "Formats"),
            Self::Topics => ("Nội dung tuyên truyền", "Topics"),
            Self::Languages => ("Ngôn ngữ sử dụng", "Languages used"),
            Self::Difficulties => ("Khó khăn gặp phải", "Difficulties met"),
            Self::Panels => ("Pano tuyên truyền", "Panels"),
            Self::Clubs => ("Câu lạc bộ", "Clubs"),
            Self::Broadcasts => ("Phát thanh và mạng xã hội", "Broadcasts and social media"),
            Self::Media => ("Báo chí, truyền thông", "Media"),
            Self::Context => ("Số liệu chung của tỉnh", "Figures of the province"),
        })
    }
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ReportFigure)]
pub struct Figure {
    /// Stable: the group and a code, for instance `results.sessions` or `material.leaflet`.
    pub key: String,
    /// The part of the report.
    pub group: Group,
    /// What is counted.
    pub label: Words,
    /// What it is counted in.
    pub unit: Words,
    /// In the period; none: not known of it.
    pub now: Option<i64>,
    /// In the period before.
    pub before: Option<i64>,
    /// In the same period of the year before.
    pub year_before: Option<i64>,
}

/// The three periods, side by side.
struct Table<'a> {
    counts: [&'a Counts; 3],
    figures: Vec<Figure>,
}

impl Table<'_> {
    fn line(&mut self, group: Group, key: &str, label: impl Into<Words>, unit: Pair, of: impl Fn(&Counts) -> i64) {
        self.optional(group, key, label, unit, |counts| Some(of(counts)));
    }

    fn optional(
        &mut self,
        group: Group,
        key: &str,
        label: impl Into<Words>,
        unit: Pair,
        of: impl Fn(&Counts) -> Option<i64>,
    ) {
        let [now, before, year_before] = self.counts.map(of);
        let (key, label, unit) = (key.to_owned(), label.into(), unit.into());
        self.figures.push(Figure { key, group, label, unit, now, before, year_before });
    }

    /// Of today alone: what it was is not on file.
    fn today(&mut self, group: Group, key: &str, label: Pair, unit: Pair, now: i64) {
        let (key, label, unit) = (key.to_owned(), label.into(), unit.into());
        self.figures.push(Figure { key, group, label, unit, now: Some(now), before: None, year_before: None });
    }

    /// The codes of a list in its order, then those that were counted and are not in it.
    fn codes(&self, catalogue: &Catalogue, kind: Kind, of: impl Fn(&Counts) -> Vec<String>) -> Vec<(String, Words)> {
        let listed = catalogue.items().terms(kind).iter();
        let mut codes: Vec<(String, Words)> =
            listed.map(|term| (term.id.clone(), Words::new(&term.body.vi, &term.body.en))).collect();
        let counted: BTreeSet<String> = self.counts.iter().flat_map(|counts| of(counts)).collect();
        for code in counted {
            if !codes.iter().any(|(known, _)| *known == code) {
                codes.push((code.clone(), Words::new(&code, &code)));
            }
        }
        codes
    }
}

/// Every line of the report.
pub(super) fn figures(reported: &Reported<'_>, counts: [&Counts; 3]) -> Vec<Figure> {
    let catalogue = reported.catalogue;
    let mut table = Table { counts, figures: Vec::new() };
    results(&mut table);
    for (kind, label) in table.codes(catalogue, Kind::Materials, |counts| keys(&counts.totals.material)) {
        let unit = match kind.as_str() {
            "leaflet" | "folder" => unit::SHEETS,
            "handbook" => unit::BOOKS,
            _ => unit::COPIES,
        };
        let quantity = |counts: &Counts| counts.totals.material.get(&kind).copied().unwrap_or_default();
        table.line(Group::Material, &format!("material.{kind}"), label, unit, quantity);
    }
    for facet in FACETS {
        by_value(&mut table, catalogue, facet);
    }
    panels(&mut table, reported);
    let group = Group::Clubs;
    let (clubs, meetings) = (("Số câu lạc bộ", "Clubs"), ("Số buổi sinh hoạt câu lạc bộ", "Club meetings"));
    table.today(group, "clubs.clubs", clubs, unit::CLUBS, club_sites(reported));
    table.line(group, "clubs.meetings", meetings, unit::SESSIONS, |counts| counts.club_meetings);
    broadcasts(&mut table);
    if reported.is_province() {
        for (code, label) in context_codes(&table) {
            let key = format!("context.{code}");
            table.optional(Group::Context, &key, label, unit::NONE, |counts| counts.context.get(&code).copied());
        }
    }
    table.figures
}

fn keys<T>(map: &std::collections::BTreeMap<String, T>) -> Vec<String> {
    map.keys().cloned().collect()
}

fn results(table: &mut Table<'_>) {
    type Of = fn(&Sums) -> i64;
    let lines: [(&str, Pair, Pair, Of); 8] = [
        ("sessions", ("Số buổi tuyên truyền", "Outreach sessions"), unit::SESSIONS, |sums| sums.sessions),
        ("attendances", ("Lượt người nghe", "Attendances"), unit::ATTENDANCES, |sums| sums.attendances),
        ("women", ("Trong đó: nữ", "of which female"), unit::ATTENDANCES, |sums| sums.women),
        ("under16", ("Trong đó: dưới 16 tuổi", "of which under 16"), unit::ATTENDANCES, |sums| sums.under16),
        (
            "minority",
            ("Trong đó: người dân tộc thiểu số", "of which ethnic minority"),
            unit::ATTENDANCES,
            |sums| sums.minority,
        ),
        ("households", ("Số hộ được đến tận nhà", "Households visited"), unit::HOUSEHOLDS, |sums| {
            sums.households
        }),
        (
            "integrated",
            ("Số buổi lồng ghép trong cuộc họp khác", "Sessions held within another meeting"),
            unit::SESSIONS,
            |sums| sums.integrated,
        ),
        ("pledges", ("Số bản cam kết đã ký", "Pledges signed"), unit::COPIES, |sums| sums.pledges),
    ];
    for (code, label, unit, of) in lines {
        table.line(Group::Results, &format!("results.{code}"), label, unit, |counts| of(&counts.totals.sums));
    }
}

fn by_value(table: &mut Table<'_>, catalogue: &Catalogue, facet: Facet) {
    let (group, kind, name) = match facet {
        Facet::Format => (Group::Formats, Kind::Formats, "formats"),
        Facet::Topic => (Group::Topics, Kind::Topics, "topics"),
        Facet::Language => (Group::Languages, Kind::Languages, "languages"),
        Facet::Difficulty | Facet::Recorder => (Group::Difficulties, Kind::Difficulties, "difficulties"),
    };
    for (code, label) in table.codes(catalogue, kind, |counts| counts.facets.get(&facet).map(keys).unwrap_or_default())
    {
        // What is held on social media is counted in posts.
        let is_online = facet == Facet::Format && code == ONLINE;
        let counted = |sums: &Counted| if is_online { sums.posts } else { sums.sessions };
        let of = |counts: &Counts| {
            let sums = counts.facets.get(&facet).and_then(|values| values.get(&code));
            sums.map(counted).unwrap_or_default()
        };
        let unit = if is_online { unit::POSTS } else { unit::SESSIONS };
        table.line(group, &format!("{name}.{code}"), label, unit, of);
    }
}

fn panels(table: &mut Table<'_>, reported: &Reported<'_>) {
    let group = Group::Panels;
    table.today(
        group,
        "panels.sites",
        ("Số pano theo sổ", "Panels of the register"),
        unit::PANELS,
        panel_sites(reported),
    );
    let checked = ("Số pano được kiểm tra", "Panels checked");
    table.line(group, "panels.checked", checked, unit::PANELS, |counts| counts.panels.checked);
    let sound = ("Trong đó: còn tốt", "of which in good condition");
    table.line(group, "panels.sound", sound, unit::PANELS, |counts| counts.panels.sound);
    let damaged = ("Trong đó: mờ, rách, mất hoặc cần thay", "of which faded, torn, missing or to be replaced");
    table.line(group, "panels.damaged", damaged, unit::PANELS, |counts| counts.panels.damaged);
    let wrong = ("Trong đó: sai số đường dây nóng", "of which with a wrong hotline number");
    table.line(group, "panels.hotline_wrong", wrong, unit::PANELS, |counts| counts.panels.hotline_wrong);
}

fn broadcasts(table: &mut Table<'_>) {
    let group = Group::Broadcasts;
    let times = ("Số lần phát loa truyền thanh", "Loudspeaker broadcasts");
    table.line(group, "broadcasts.broadcasts", times, unit::TIMES, |counts| counts.totals.sums.broadcasts);
    let minutes = ("Số phút phát thanh", "Broadcast minutes");
    table.line(group, "broadcasts.minutes", minutes, unit::MINUTES, |counts| counts.totals.sums.broadcast_minutes);
    let posts = ("Bài đăng trên mạng xã hội", "Posts on social media");
    table.line(group, "broadcasts.posts", posts, unit::POSTS, |counts| counts.totals.sums.posts);
    let group = Group::Media;
    table.line(group, "media.news_items", ("Số tin đã đăng", "News items"), unit::NEWS, |counts| {
        counts.media.news_items
    });
    table.line(group, "media.articles", ("Số bài đã đăng", "Articles"), unit::ARTICLES, |counts| {
        counts.media.articles
    });
    let times = ("Số lần phát trên đài truyền thanh", "Broadcasts by radio stations");
    table.line(group, "media.broadcasts", times, unit::TIMES, |counts| counts.media.broadcasts);
    let minutes = ("Số phút phát trên đài truyền thanh", "Minutes of them");
    table.line(group, "media.minutes", minutes, unit::MINUTES, |counts| counts.media.broadcast_minutes);
}

/// The figures of the province that were entered for any of the periods.
fn context_codes(table: &Table<'_>) -> Vec<(String, Words)> {
    let codes: BTreeSet<String> = table.counts.iter().flat_map(|counts| keys(&counts.context)).collect();
    let label = |code: &String| FIGURES.iter().find(|figure| figure.code == code).map(|known| (known.vi, known.en));
    let line = |code: String| {
        let words = label(&code).map_or_else(|| Words::new(&code, &code), Words::from);
        (code, words)
    };
    codes.into_iter().map(line).collect()
}
