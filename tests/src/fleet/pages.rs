//! What the pages of headquarters ask, page by page.

use serde_json::{Value, json};
use sync_core::id::AreaId;

use super::Failure;
use super::wire::Ask;

/// Who opens a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Of one commune.
    Officer,
    /// Of the province.
    Coordinator,
    /// Of the server.
    Administrator,
}

impl Who {
    /// The role.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Officer => "officer",
            Self::Coordinator => "coordinator",
            Self::Administrator => "administrator",
        }
    }
}

/// One question of one page.
#[derive(Debug, Clone)]
pub struct Page {
    /// Who opens it.
    pub who: Who,
    /// What it is called in reports.
    pub name: String,
    /// Its target.
    pub target: String,
    /// What it brings; none for a question that only reads.
    pub body: Option<Value>,
}

impl Page {
    fn read(who: Who, target: String) -> Self {
        Self { who, name: target.clone(), target, body: None }
    }

    pub(super) fn ask(&self) -> Result<Ask, Failure> {
        match &self.body {
            None => Ok(Ask::get(self.target.as_str())),
            Some(body) => Ask::json(&self.target, body),
        }
    }
}

/// Ids that pages lead to.
#[derive(Debug, Clone)]
pub struct Known {
    /// A session with its content.
    pub session: String,
    /// A device.
    pub device: String,
    /// An account that records.
    pub recorder: String,
}

/// Lists of sessions: each state, each filter, each order.
const SESSIONS: &[&str] = &[
    "",
    "sort=held",
    "sort=received",
    "sort=-received",
    "state=new&sort=received",
    "state=amended&sort=received",
    "state=disputed&sort=received",
    "state=returned&sort=received",
    "state=confirmed&sort=-received",
    "state=voided",
    "state=new",
    "conflict=true",
    "duplicate=suspected",
    "duplicate=linked",
    "format=school",
    "format=performance",
    "topic=tricks",
    "topic=rights",
    "language=dao",
    "language=tay",
    "difficulty=shame",
    "partner=women",
    "partner=school",
    "q=nguoi%20la",
    "q=duong%20day%20nong",
    "from=2026-07-01&to=2026-07-31",
    "post=hoanh-mo",
];

/// What else is read by officers and coordinators alike.
const READ: &[&str] = &[
    "inbox",
    "duplicates?standing=open",
    "duplicates?standing=linked",
    "duplicates?standing=distinct",
    "conflicts",
    "quarantine",
    "quarantine?standing=left",
    "devices",
    "recoveries",
    "accounts",
    "enrolment-codes",
    "posts",
    "settings",
    "unit-choices",
    "panel-checks",
    "panels",
    "panels?state=overdue",
    "clubs?from=2026-01-01&to=2026-12-31",
    "media?from=2026-01-01&to=2026-12-31",
    "figures?from=2026-01-01&to=2026-12-31",
    "plans",
    "material/stock?to=2026-12-31",
    "material/issues",
    "coverage?generation=2025&from=2026-01&to=2026-12",
    "coverage?generation=2025&from=2026-01&to=2026-12&bucket=year",
    "coverage?generation=2023&from=2026-01&to=2026-12&bucket=quarter",
    "coverage?generation=2025&from=2026-01-20&to=2026-12-05",
    "coverage?generation=2025&from=2026-01&to=2026-12&topic=tricks",
    "coverage?generation=2025&from=2026-01&to=2026-12&format=school",
    "coverage?generation=2025&from=2026-01&to=2026-12&post=hoanh-mo",
    "coverage/totals?generation=2025&from=2026-01&to=2026-12",
    "coverage/totals?generation=2025&from=2026-01&to=2026-12&language=dao",
    "coverage/trend?generation=2025&from=2026-01&to=2026-12",
    "coverage/trend?generation=2025&from=2026-01&to=2026-12&topic=tricks",
    "coverage/map?generation=2025&from=2026-01&to=2026-12",
    "coverage/unreached?days=90",
    "reports/period?kind=month&of=2026-10",
    "reports/period?kind=quarter&of=2026-Q3",
    "reports/period?kind=year&of=2026",
    "reports/period?kind=range&from=2026-02-10&to=2026-11-05",
    "reports/period.xlsx?kind=year&of=2026&lang=vi",
];

/// What the search in the audit is asked.
const AUDIT: &[&str] = &["audit", "audit?q=4711", "audit?action=session.seen", "audit?from=2026-03-01&to=2026-03-02"];

/// Files: the time is that to their first byte.
const EXPORTS: &[(&str, &str)] = &[
    ("sessions", "csv"),
    ("coverage", "xlsx"),
    ("coverage", "geojson"),
    ("unreached", "csv"),
    ("panels", "geojson"),
    ("material", "csv"),
    ("report", "xlsx"),
];

/// Every question of every page.
#[must_use]
pub fn pages(area: AreaId, known: &Known) -> Vec<Page> {
    let mut pages = Vec::new();
    for who in [Who::Officer, Who::Coordinator] {
        let mut read = |target: String| pages.push(Page::read(who, target));
        for filter in SESSIONS {
            read(format!("/v1/sessions?{filter}"));
        }
        read(format!("/v1/sessions?device={}", known.device));
        read(format!("/v1/sessions?recorder={}", known.recorder));
        read(format!("/v1/sessions?area={area}"));
        read(format!("/v1/sessions/{}", known.session));
        read(format!("/v1/devices/{}/log", known.device));
        read(format!("/v1/coverage?unit={area}&from=2026-01&to=2026-12"));
        read(format!("/v1/reports/period?kind=year&of=2026&unit={area}"));
        for target in READ {
            read(format!("/v1/{target}"));
        }
        for (what, format) in EXPORTS {
            let filter = match *what {
                "report" => json!({ "kind": "year", "of": "2026" }),
                "sessions" => json!({ "from": "2026-10-01", "to": "2026-10-31" }),
                "coverage" => json!({ "from": "2026-01-01", "to": "2026-12-31" }),
                _ => json!({}),
            };
            let body = json!({ "what": what, "format": format, "leaves_province": false, "reason": "Đo thời gian",
                "lang": "vi", "filter": filter });
            let (target, name) = ("/v1/exports".to_owned(), format!("/v1/exports {what} {format}"));
            pages.push(Page { who, name, target, body: Some(body) });
        }
    }
    pages.extend(AUDIT.iter().map(|target| Page::read(Who::Coordinator, format!("/v1/{target}"))));
    pages
}

/// What sets: a reporting month that closes on another day, and on the usual one again.
pub(super) fn closing_days() -> [Page; 2] {
    [20, 14].map(|day| Page {
        who: Who::Administrator,
        name: format!("closing day {day}"),
        target: "/v1/settings".to_owned(),
        body: Some(json!({ "closing_day": day })),
    })
}
