//! Commands that record and edit.

use std::io::BufRead;

use serde_json::json;
use sync_core::id::{RecordId, RecordKind, RecorderId};
use sync_core::record::{
    Code, Draft, Edit, Line, PanelCheckEdit, Patch, ReviewEdit, Scalar, SessionEdit, SetEdit, looks_like_identity,
};

use super::super::store::Key;
use super::super::{Field, FieldError, text};
use super::ask::{self, Asked, Console};
use super::flags::{SessionFlags, material_of, split_tally};
use super::form::{self, Typed};
use super::unkept;
use super::words::{Known, Words};
use super::{Screen, say, say_json};
use crate::cli::{Context, Lang};

/// What is offered again at the next session.
const REMEMBERED: &[&str] = &[
    "village",
    "place_kind",
    "format",
    "setting",
    "topic",
    "language",
    "count_basis",
    "lead_unit",
    "partner",
    "team",
    "hotline",
];

/// `banlang field panel`.
#[derive(Debug, clap::Args)]
pub(super) struct PanelArgs {
    /// The site: its id in the register, or words of its name
    #[arg(long, value_name = "SITE")]
    site: String,
    /// Day of the visit: dd/mm/yyyy [default: today]
    #[arg(long, value_name = "DAY")]
    date: Option<String>,
    /// Take a day that has not come by this device's clock, when the clock is wrong
    #[arg(long)]
    date_anyway: bool,
    /// What was found; several with commas
    #[arg(long, required = true, value_name = "CODE")]
    condition: Vec<String>,
    /// The panel shows a wrong number
    #[arg(long)]
    hotline_wrong: bool,
    /// The commune, when the register does not tell
    #[arg(long, value_name = "COMMUNE")]
    area: Option<String>,
    /// What is wrong, in words; no names, ages, phone numbers or addresses of residents
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

pub(super) async fn record(
    field: &mut Field,
    flags: SessionFlags,
    json: bool,
    context: &Context,
    answers: &mut dyn BufRead,
    screen: Screen<'_>,
) -> Result<(), FieldError> {
    let lang = context.lang;
    let known = Known::by(field).await?;
    let asked = flags.is_empty() && !json;
    let (edit, area, typed) = if asked {
        let defaults = field.last_entry().await?;
        let mut console = Console { answers, screen: &mut *screen, lang };
        match ask::session(&mut console, field, &defaults, &known).await? {
            Some(Asked { edit, area, typed }) => (edit, area, typed),
            None => return Ok(()),
        }
    } else {
        let words = known.words(lang, flags.date_anyway);
        let mut typed = flags.typed();
        typed.entry("date").or_insert_with(|| vec!["today".to_owned()]);
        let (edit, area) = form::session(&typed, &words)?;
        let area = match (area, &edit.fields.village) {
            (Some(area), _) => area,
            (None, Patch::Set(village)) => words.area_of(village)?,
            (None, _) => {
                let (vi, en) = ("tên thôn, bản, khu (bắt buộc)", "the name of a village; required");
                return Err(FieldError::value("--village", "", vi, en));
            }
        };
        (edit, area, typed)
    };
    // In the asked mode the person was warned at the note itself.
    let warn = !asked && edit.note.as_deref().is_some_and(looks_like_identity);
    let last = remembered(&edit);
    let id = match field.record(area, &Draft::Session(Box::new(edit))).await {
        Ok(id) => id,
        Err(error) => return Err(unkept::shown(error, "record", &typed, lang, screen)),
    };
    recorded(field, id, (json, warn), lang, screen).await?;
    // A convenience for the next session: that it cannot be kept is no failure of this one.
    field.store.put_meta_json(Key::LastEntry, &last).await.ok();
    if asked {
        field.forget_unfinished().await?;
    }
    Ok(())
}

/// Says that a record is safe.
async fn recorded(
    field: &mut Field,
    id: RecordId,
    (json, warn): (bool, bool),
    lang: Lang,
    screen: Screen<'_>,
) -> Result<(), FieldError> {
    let whole = match field.whole(id).await {
        Ok(whole) => whole,
        // It is durable: that must be said even when the disk fails to give it back.
        Err(error) => {
            say(screen, &format!("{}: {id}", text::RECORDED.of(lang)))?;
            return Err(error);
        }
    };
    let serial = whole.view.meta().serial;
    if json {
        return say_json(screen, &json!({ "id": id, "serial": serial, "area": whole.area, "warning": warn }));
    }
    let short = &id.to_string()[..8];
    say(
        screen,
        &format!("{}: #{serial} ({short}), {}", text::RECORDED.of(lang), field.reference().area_name(whole.area)),
    )?;
    if warn {
        say(screen, &text::looks_like_identity(short, lang))?;
    }
    Ok(())
}

pub(super) async fn edit(
    field: &mut Field,
    name: &str,
    flags: SessionFlags,
    (clear, others): (&[String], &[String]),
    context: &Context,
    screen: Screen<'_>,
) -> Result<(), FieldError> {
    let lang = context.lang;
    let id = field.find(name).await?;
    let known = Known::by(field).await?;
    let mut typed = flags.clone().typed();
    let edit = {
        let words = known.words(lang, flags.date_anyway);
        let (mut edit, area) = form::session(&typed, &words)?;
        if area.is_some() {
            let vi = "không gì cả: xã, phường của bản ghi không đổi được; hãy hủy bản ghi và ghi lại";
            let given = flags.area.as_deref().unwrap_or_default();
            return Err(FieldError::value(
                "--area",
                given,
                vi,
                "nothing: a record keeps its commune; void it and record it anew",
            ));
        }
        for key in clear {
            form::clear(&mut edit, key)?;
        }
        for text in others {
            correct(&mut edit, text, &words)?;
        }
        edit
    };
    let warn = edit.note.as_deref().is_some_and(looks_like_identity);
    match field.edit(id, &Edit::Session(Box::new(edit))).await {
        Ok(true) => recorded(field, id, (false, warn), lang, screen).await,
        Ok(false) => say(screen, text::UNCHANGED.of(lang)),
        Err(error) => {
            typed.extend([("clear", clear.to_vec()), ("material_of", others.to_vec())]);
            Err(unkept::shown(error, &format!("edit {name}"), &typed, lang, screen))
        }
    }
}

fn correct(edit: &mut SessionEdit, text: &str, words: &Words<'_>) -> Result<(), FieldError> {
    let (kind, recorder, count) = split_tally(text).ok_or_else(|| {
        FieldError::value(
            &material_of(),
            text,
            "loại/số người ghi=số lượng, ví dụ leaflet/7=10",
            "kind/recorder=count, for instance leaflet/7=10",
        )
    })?;
    let kind: Code = words.code("material", kind)?;
    edit.material_of.insert((kind, RecorderId(recorder)), Patch::Set(form::count("material_of", count)?));
    Ok(())
}

pub(super) async fn void(
    field: &mut Field,
    name: &str,
    reason: &str,
    lang: Lang,
    screen: Screen<'_>,
) -> Result<(), FieldError> {
    let id = field.find(name).await?;
    let line: Line = reason.trim().parse().map_err(|error: sync_core::record::ParseValueError| {
        FieldError::value("--reason", reason, error.0.vi, error.0.en)
    })?;
    let mut edit = match field.held(id).await?.kind {
        RecordKind::Session => Edit::Session(Box::default()),
        RecordKind::PanelCheck => Edit::PanelCheck(PanelCheckEdit::default()),
        RecordKind::Review => Edit::Review(ReviewEdit::default()),
    };
    match &mut edit {
        Edit::Session(edit) => edit.fields.void = Patch::Set(line),
        Edit::PanelCheck(edit) => edit.fields.void = Patch::Set(line),
        Edit::Review(edit) => edit.void = Patch::Set(line),
    }
    match field.edit(id, &edit).await? {
        true => recorded(field, id, (false, looks_like_identity(reason)), lang, screen).await,
        false => say(screen, text::UNCHANGED.of(lang)),
    }
}

pub(super) async fn resolve(
    field: &mut Field,
    name: &str,
    key: &str,
    value: Option<&str>,
    choice: Option<usize>,
    lang: Lang,
    screen: Screen<'_>,
) -> Result<(), FieldError> {
    let id = field.find(name).await?;
    let whole = field.whole(id).await?;
    let values = whole.conflicts.iter().find(|conflict| conflict.field == key).map(|conflict| &conflict.values[..]);
    let values = values.unwrap_or_default();
    let chosen = match (value, choice) {
        (Some(value), _) => values.iter().find(|claim| claim.value.to_text() == value),
        (None, Some(number)) => values.get(number.wrapping_sub(1)),
        (None, None) => None,
    };
    let chosen = match chosen {
        Some(claim) => claim.value.clone(),
        // The core says which fields are in conflict.
        None if values.is_empty() => Scalar::Text(value.unwrap_or_default().to_owned()),
        None if value.is_some() => {
            let accepted = values.iter().map(|claim| claim.value.to_text()).collect::<Vec<_>>().join(" | ");
            return Err(FieldError::value("--value", value.unwrap_or_default(), accepted.clone(), accepted));
        }
        None => {
            let shown = choice.map(|number| number.to_string()).unwrap_or_default();
            let accepted = format!("1…{}", values.len());
            return Err(FieldError::value("--choice", &shown, accepted.clone(), accepted));
        }
    };
    field.resolve(id, key, &chosen).await?;
    recorded(field, id, (false, false), lang, screen).await
}

pub(super) async fn review(
    field: &mut Field,
    decision: &str,
    name: &str,
    comment: &str,
    lang: Lang,
    screen: Screen<'_>,
) -> Result<(), FieldError> {
    let decision = decision.parse().map_err(|error: sync_core::record::ParseValueError| {
        FieldError::value("DECISION", decision, "confirm (duyệt) hoặc return (trả lại để bổ sung)", error.0.en)
    })?;
    let session = field.find(name).await?;
    let id = field.review(session, decision, comment).await?;
    recorded(field, id, (false, looks_like_identity(comment)), lang, screen).await
}

pub(super) async fn panel(
    field: &mut Field,
    args: PanelArgs,
    context: &Context,
    screen: Screen<'_>,
) -> Result<(), FieldError> {
    let known = Known::by(field).await?;
    let (edit, area) = {
        let words = known.words(context.lang, args.date_anyway);
        let site = site(&words, &args.site)?;
        let mut edit = PanelCheckEdit::default();
        edit.fields.date = Patch::Set(words.day("--date", args.date.as_deref().unwrap_or("today"))?);
        for item in args.condition.iter().flat_map(|text| form::items(text)) {
            edit.conditions.add.insert(words.code("condition", item)?);
        }
        if args.hotline_wrong {
            edit.fields.hotline_wrong = Patch::Set(true);
        }
        edit.note = args.note.clone();
        let (line, at) = site;
        edit.fields.site = Patch::Set(line);
        let area = match (&args.area, at) {
            (Some(area), _) => words.area(area)?,
            (None, Some(area)) => words.granted_for(area)?,
            (None, None) => words.only_area()?,
        };
        (edit, area)
    };
    let warn = edit.note.as_deref().is_some_and(looks_like_identity);
    let id = field.record(area, &Draft::PanelCheck(edit)).await?;
    recorded(field, id, (false, warn), context.lang, screen).await
}

/// The site a person means, and its unit as registered. Without a register any one-line name is taken.
fn site(words: &Words<'_>, text: &str) -> Result<(Line, Option<sync_core::id::AreaId>), FieldError> {
    let panels = &words.catalogue.items().panels;
    let as_line = |text: &str| {
        text.trim().parse::<Line>().map_err(|error| FieldError::value("--site", text, error.0.vi, error.0.en))
    };
    if panels.is_empty() {
        return Ok((as_line(text)?, None));
    }
    if let Some(panel) = panels.iter().find(|panel| panel.id == text.trim()) {
        return Ok((as_line(&panel.id)?, Some(panel.body.area)));
    }
    let hits = sync_core::fold::search(text, panels, |panel| &panel.body.name, 6);
    match hits[..] {
        [one] => Ok((as_line(&one.id)?, Some(one.body.area))),
        _ => {
            let shown = if hits.is_empty() { panels.iter().take(6).collect() } else { hits };
            let names: Vec<_> = shown.iter().map(|panel| format!("{} ({})", panel.id, panel.body.name)).collect();
            let names = names.join(", ");
            Err(FieldError::value("--site", text, names.clone(), names))
        }
    }
}

impl Field {
    /// What was typed last, for the next session's defaults.
    async fn last_entry(&mut self) -> Result<Typed, FieldError> {
        let kept: std::collections::BTreeMap<String, String> =
            self.store.meta_json(Key::LastEntry).await?.unwrap_or_default();
        let known = REMEMBERED.iter().filter_map(|key| kept.get(*key).map(|text| (*key, vec![text.clone()])));
        Ok(known.collect())
    }
}

/// What the next session is offered of this one: stable codes, since numbers of a list and names change.
fn remembered(edit: &SessionEdit) -> std::collections::BTreeMap<&'static str, String> {
    fn one<T: ToString>(patch: &Patch<T>) -> String {
        match patch {
            Patch::Set(value) => value.to_string(),
            _ => String::new(),
        }
    }
    let fields = &edit.fields;
    let list = |set: &SetEdit| set.add.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let team = edit.team.iter().filter_map(|(role, number)| match number {
        Patch::Set(number) => Some(format!("{role}={number}")),
        _ => None,
    });
    let all = [
        ("village", one(&fields.village)),
        ("place_kind", one(&fields.place_kind)),
        ("format", one(&fields.format)),
        ("setting", one(&fields.setting)),
        ("topic", list(&edit.topics)),
        ("language", list(&edit.languages)),
        ("count_basis", one(&fields.count_basis)),
        ("lead_unit", one(&fields.lead_unit)),
        ("partner", list(&edit.partners)),
        ("team", team.collect::<Vec<_>>().join(", ")),
        ("hotline", list(&edit.hotlines)),
    ];
    all.into_iter().filter(|(_, text)| !text.is_empty()).collect()
}
