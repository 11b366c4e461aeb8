//! Sessions, one a row.

use std::sync::Arc;

use serde_json::Value;
use sync_core::id::AreaId;
use sync_core::record::codes;

use super::{Asked, Rows, Table, whole};
use crate::cli::Lang;
use crate::coverage::calendar::local_day;
use crate::db::{DbError, Tx};
use crate::export::cell::{Cell, Row};
use crate::export::suppress::{Part, alone};
use crate::export::words;
use crate::problem::Problem;
use crate::reference::{Catalogue, Kind, Resolution};
use crate::session::{ListFilter, Session, SessionParams, list};

/// Sessions read in one go.
const PAGE: usize = 1_000;

/// Sessions of a filter, a page at a time, as rows.
pub(crate) struct Sessions {
    catalogue: Arc<Catalogue>,
    filter: ListFilter,
    next: Option<String>,
    begun: bool,
    lang: Lang,
    leaves_province: bool,
    threshold: i64,
    materials: Vec<String>,
}

pub(super) fn table(catalogue: &Arc<Catalogue>, asked: &Asked) -> Result<Table, Problem> {
    whole(asked)?;
    let params: SessionParams = asked.params()?;
    let filter = params.read(catalogue, &asked.scope)?;
    let materials = catalogue.items().terms(Kind::Materials).iter().map(|term| term.id.clone()).collect();
    let sessions = Sessions {
        catalogue: Arc::clone(catalogue),
        filter,
        next: None,
        begun: false,
        lang: asked.lang,
        leaves_province: asked.leaves_province,
        threshold: asked.threshold,
        materials,
    };
    let title = asked.lang.pick("Buổi tuyên truyền", "Outreach sessions").to_owned();
    Ok(Table { title, headings: sessions.headings(), rows: Rows::Sessions(Box::new(sessions)) })
}

impl Sessions {
    /// The next rows; none when there are no more.
    pub(crate) async fn page(&mut self, tx: &mut Tx) -> Result<Option<Vec<Row>>, DbError> {
        if self.begun && self.next.is_none() {
            return Ok(None);
        }
        let filter = self.filter.page(PAGE, self.next.as_deref());
        let page = list(tx, &self.catalogue, &filter).await?;
        (self.begun, self.next) = (true, page.next);
        Ok(Some(page.sessions.iter().map(|session| self.row(session)).collect()))
    }

    fn headings(&self) -> Vec<String> {
        let lang = self.lang;
        let mut headings: Vec<String> = Vec::new();
        let mut head = |vi: &str, en: &str| headings.push(lang.pick(vi, en).to_owned());
        if !self.leaves_province {
            head("Mã bản ghi", "Record");
        }
        head("Ngày thực hiện", "Date held");
        head("Bắt đầu lúc", "Start time");
        head("Thời lượng (phút)", "Duration (minutes)");
        head("Mã đơn vị khi ghi", "Unit as recorded, code");
        head("Đơn vị khi ghi", "Unit as recorded");
        head("Mã đơn vị hiện nay", "Unit today, code");
        head("Đơn vị hiện nay", "Unit today");
        head("Thôn, bản, khu", "Village");
        head("Nơi tổ chức", "Kind of place");
        head("Hình thức tuyên truyền", "Session format");
        head("Chuyên đề hay lồng ghép", "On its own or within another meeting");
        for name in ["attendances", "women", "under16", "minority"] {
            head(words::sum(Lang::Vi, name), words::sum(Lang::En, name));
        }
        head("Cách đếm", "How counted");
        for name in ["households", "pledges", "broadcasts", "broadcast_minutes"] {
            head(words::sum(Lang::Vi, name), words::sum(Lang::En, name));
        }
        for kind in &self.materials {
            let word = words::term(&self.catalogue, lang, Kind::Materials, codes::MATERIALS, kind);
            head(&format!("Đã phát: {word}"), &format!("Handed out: {word}"));
        }
        head("Đã phát: loại khác", "Handed out: other kinds");
        head("Nội dung tuyên truyền", "Topics covered");
        head("Ngôn ngữ sử dụng", "Language used");
        head("Đơn vị phối hợp", "Partner organisations");
        head("Khó khăn, vướng mắc", "Difficulties met");
        head("Đơn vị chủ trì", "Lead unit");
        head("Tình trạng duyệt", "Review");
        if !self.leaves_province {
            head("Số mục chưa thống nhất", "Open conflicts");
            head("Ghi chú", "Note");
            head("Người ghi", "Recorder");
            head("Thiết bị", "Device");
            head("Ngày máy chủ nhận", "Day received");
        }
        headings
    }

    fn row(&self, session: &Session) -> Row {
        let (lang, catalogue) = (self.lang, &*self.catalogue);
        let word = |kind, list, code: &Option<String>| {
            Cell::maybe(code.as_deref().map(|code| words::term(catalogue, lang, kind, list, code)))
        };
        let of_label =
            |list, code: &Option<String>| Cell::maybe(code.as_deref().map(|code| words::own_word(lang, list, code)));
        let tags = |name: &str, kind, list| {
            let all = session.tags[name].as_array().into_iter().flatten().filter_map(Value::as_str);
            Cell::text(words::terms(catalogue, lang, kind, list, all))
        };
        let unit = unit_today(catalogue, session);
        // A place outside the register is named in words of its recorder.
        let place = session.place.as_deref().filter(|_| session.village.is_some() || !self.leaves_province);
        let mut row = Row::with_capacity(40);
        if !self.leaves_province {
            row.push(Cell::text(session.id.to_string()));
        }
        row.extend([
            Cell::day(session.date.as_deref()),
            Cell::maybe(session.start.as_deref()),
            Cell::number(session.duration_minutes),
            Cell::text(session.area.to_string()),
            Cell::text(session.area_name.as_str()),
            Cell::maybe(unit.map(|unit| unit.to_string())),
            Cell::maybe(unit.map(|unit| catalogue.area_name(unit))),
            Cell::maybe(place),
            word(Kind::Places, codes::PLACE_KINDS, &session.place_kind),
            word(Kind::Formats, codes::FORMATS, &session.format),
            Cell::maybe(session.setting.as_deref().map(|setting| setting_word(lang, setting))),
            Cell::number(session.attendances),
            self.breakdown(session.women, session.attendances),
            self.breakdown(session.under_16, session.attendances),
            self.breakdown(session.minority, session.attendances),
            Cell::maybe(session.count_basis.as_deref().map(|basis| basis_word(lang, basis))),
            self.breakdown(session.households, None),
            Cell::number(session.pledges),
            Cell::number(session.broadcasts),
            Cell::number(session.broadcast_minutes),
        ]);
        for kind in &self.materials {
            row.push(Cell::number(session.material.get(kind).copied()));
        }
        let others = session.material.iter().filter(|(kind, _)| !self.materials.contains(kind)).map(|(_, count)| count);
        let others: i64 = others.sum();
        row.extend([
            Cell::number((others > 0).then_some(others)),
            tags("topics", Kind::Topics, codes::TOPICS),
            tags("languages", Kind::Languages, codes::LANGUAGES),
            tags("partners", Kind::Partners, codes::PARTNERS),
            tags("difficulties", Kind::Difficulties, codes::DIFFICULTIES),
            of_label(codes::LEAD_UNITS, &session.lead_unit),
            Cell::text(words::review_state(lang, &session.state)),
        ]);
        if !self.leaves_province {
            row.extend([
                Cell::Number(session.conflicts),
                Cell::text(session.note.as_str()),
                Cell::maybe(session.recorder_name.as_deref()),
                Cell::text(session.device.to_string()),
                Cell::Day(local_day(session.received_at_ms)),
            ]);
        }
        row
    }

    fn breakdown(&self, value: Option<i64>, of: Option<i64>) -> Cell {
        let Some(value) = value else { return Cell::Empty };
        if !self.leaves_province {
            return Cell::Number(value);
        }
        Cell::shown(alone(self.threshold, Part { value, of }), words::hidden(self.lang))
    }
}

fn unit_today(catalogue: &Catalogue, session: &Session) -> Option<AreaId> {
    let generation = catalogue.newest_generation()?;
    match catalogue.resolve(session.area, session.village.as_deref(), generation) {
        Resolution::Unit(code) => Some(AreaId { generation, code }),
        Resolution::NeedsChoice { .. } | Resolution::Unknown => None,
    }
}

fn setting_word(lang: Lang, setting: &str) -> &str {
    match setting {
        "standalone" => lang.pick("Tuyên truyền chuyên đề", "Session on this topic only"),
        "integrated" => lang.pick("Lồng ghép trong cuộc họp khác", "Held within another meeting"),
        other => other,
    }
}

fn basis_word(lang: Lang, basis: &str) -> &str {
    match basis {
        "counted" => lang.pick("Đếm trực tiếp", "Counted"),
        "estimated" => lang.pick("Ước lượng", "Estimated"),
        other => other,
    }
}
