//! Commands that record and edit.

use std::io::{BufRead, Write};

use serde_json::json;
use sync_core::id::{RecordId, RecordKind, RecorderId};
use sync_core::record::{
    Code, Draft, Edit, Line, PanelCheckEdit, Patch, ReviewEdit, Scalar, SessionEdit, looks_like_identity,
};

use super::super::store::Key;
use super::super::{Field, FieldError, text};
use super::ask::{self, Console};
use super::flags::{SessionFlags, material_of, split_tally};
use super::form::{self, Typed, Words};
use super::{say, say_json};
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

type Screen<'a> = &'a mut dyn Write;

/// `banlang field panel`.
#[derive(Debug, clap::Args)]
pub(super) struct PanelArgs {
    /// The site: its id in the register, or words of its name
    #[arg(long, value_name = "SITE")]
    site: String,
    /// Day of the visit: dd/mm/yyyy [default: today]
    #[arg(long, value_name = "DAY")]
    date: Option<String>,
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

macro_rules! words {
    ($field:expr, $context:expr) => {
        Words { catalogue: $field.reference(), areas: $field.areas(), now: $context.clock.now(), lang: $context.lang }
    };
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
    let typed = if flags.is_empty() && !json {
        let defaults = field.last_entry().await?;
        let words = words!(field, context);
        let mut console = Console { answers, screen: &mut *screen, lang };
        match ask::session(&mut console, &defaults, &words)? {
            Some(typed) => typed,
            None => return say(screen, text::NOT_RECORDED.of(lang)),
        }
    } else {
        let mut typed = flags.typed();
        typed.entry("date").or_insert_with(|| vec!["today".to_owned()]);
        typed
    };
    let (edit, area) = {
        let words = words!(field, context);
        let (edit, area) = form::session(&typed, &words)?;
        let area = match (area, &edit.fields.village) {
            (Some(area), _) => Some(area),
            (None, Patch::Set(village)) => Some(words.area_of(village)?),
            (None, _) => None,
        };
        (edit, area)
    };
    let Some(area) = area else {
        let (vi, en) = ("tên thôn, bản, khu; bắt buộc", "the name of a village; required");
        return Err(FieldError::value("--village", "", vi, en));
    };
    let warn = edit.note.as_deref().is_some_and(looks_like_identity);
    let id = match field.record(area, &Draft::Session(Box::new(edit))).await {
        Ok(id) => id,
        Err(error) => return Err(with_typed(error, "record", &typed, lang, screen)),
    };
    recorded(field, id, (json, warn), lang, screen).await?;
    // A convenience for the next session: that it cannot be kept is no failure of this one.
    field.remember(&typed).await.ok();
    Ok(())
}

/// Shows what was typed when the store could not keep it, as the command that records it: a person who stood in the rain
/// for it does not type it again.
fn with_typed(error: FieldError, command: &str, typed: &Typed, lang: Lang, screen: Screen<'_>) -> FieldError {
    if matches!(error, FieldError::NotRecorded(_) | FieldError::Unsure(_)) {
        let flags = typed.iter().flat_map(|(key, texts)| texts.iter().map(move |text| (form::flag(key), text)));
        let flags: Vec<String> =
            flags.map(|(flag, text)| format!("{flag} '{}'", text.replace('\'', "'\\''"))).collect();
        let line = format!("  banlang field {command} {}", flags.join(" "));
        // The error itself matters more than a screen that is gone.
        say(screen, text::TYPED.of(lang)).and_then(|()| say(screen, &line)).ok();
    }
    error
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
        say(screen, text::LOOKS_LIKE_IDENTITY.of(lang))?;
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
    let typed = flags.typed();
    let edit = {
        let words = words!(field, context);
        let (mut edit, area) = form::session(&typed, &words)?;
        if area.is_some() {
            let vi = "không đổi được xã, phường của bản ghi; hãy hủy và ghi lại";
            return Err(FieldError::value("--area", "", vi, "a record keeps its commune: void it and record it anew"));
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
        Err(error) => Err(with_typed(error, &format!("edit {name}"), &typed, lang, screen)),
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
        // The core says which fields are in conflict, or which values there are.
        None if values.is_empty() || value.is_some() => Scalar::Text(value.unwrap_or_default().to_owned()),
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
        FieldError::value("DECISION", decision, error.0.vi, error.0.en)
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
    let (edit, area) = {
        let words = words!(field, context);
        let site = site(&words, &args.site)?;
        let mut edit = PanelCheckEdit::default();
        let day = match &args.date {
            None => text::day_of(words.now),
            Some(day) => text::parse_date(day.trim()),
        };
        edit.fields.date = Patch::Set(day.ok_or_else(|| {
            let got = args.date.as_deref().unwrap_or_default();
            FieldError::value("--date", got, "ngày dạng dd/mm/yyyy", "a day as dd/mm/yyyy or yyyy-mm-dd")
        })?);
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

    async fn remember(&mut self, typed: &Typed) -> Result<(), FieldError> {
        let kept: std::collections::BTreeMap<&str, String> =
            REMEMBERED.iter().filter_map(|key| typed.get(key).map(|texts| (*key, texts.join(", ")))).collect();
        self.store.put_meta_json(Key::LastEntry, &kept).await
    }
}
