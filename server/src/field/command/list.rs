//! What is here, one line a record.

use sync_core::id::RecordKind;
use sync_core::record::ReviewState;

use super::super::{Field, FieldError, Found, Standing, text};
use super::form::items;
use super::words::{Known, Words};
use super::{Screen, say, say_json};
use crate::cli::Lang;

/// `banlang field list`.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct ListArgs {
    /// session, panel_check or review; several with commas
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// From this day: dd/mm/yyyy
    #[arg(long, value_name = "DAY")]
    from: Option<String>,
    /// Up to this day: dd/mm/yyyy
    #[arg(long, value_name = "DAY")]
    to: Option<String>,
    /// Only this commune: its name or 2025-06841
    #[arg(long, value_name = "COMMUNE")]
    area: Option<String>,
    /// Words of the village's name
    #[arg(long, value_name = "NAME")]
    village: Option<String>,
    /// Only what people disagree about
    #[arg(long)]
    conflicts: bool,
    /// Only what was recorded on this device
    #[arg(long)]
    mine: bool,
    /// Only what the server has no receipt for
    #[arg(long)]
    unsent: bool,
    /// new, confirmed, returned, amended or disputed
    #[arg(long, value_name = "STATE")]
    review: Option<String>,
    /// Void records too
    #[arg(long)]
    void: bool,
    /// At most so many
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
    /// Machine-readable
    #[arg(long)]
    json: bool,
}

fn kinds(text: Option<&str>) -> Result<Vec<RecordKind>, FieldError> {
    let Some(text) = text else { return Ok(vec![RecordKind::Session, RecordKind::PanelCheck]) };
    let kind = |item: &str| match item {
        "session" => Ok(RecordKind::Session),
        "panel_check" | "panel" => Ok(RecordKind::PanelCheck),
        "review" => Ok(RecordKind::Review),
        _ => Err(FieldError::value("--kind", item, "session, panel_check, review", "session, panel_check, review")),
    };
    items(text).map(kind).collect()
}

fn state(text: &str) -> Result<ReviewState, FieldError> {
    let all =
        [ReviewState::New, ReviewState::Confirmed, ReviewState::Returned, ReviewState::Amended, ReviewState::Disputed];
    all.into_iter().find(|state| state.name() == text).ok_or_else(|| {
        let accepted = "new, confirmed, returned, amended, disputed";
        FieldError::value("--review", text, accepted, accepted)
    })
}

/// The place of a record as a person reads it.
fn place(field: &Field, found: &str) -> String {
    if let Some(id) = found.strip_prefix("id:") {
        return field.reference().village(id).map_or_else(|| id.to_owned(), |village| village.name.clone());
    }
    found.strip_prefix("name:").unwrap_or(found).to_owned()
}

fn filter(field: &Field, all: Vec<Found>, args: &ListArgs, words: &Words<'_>) -> Result<Vec<Found>, FieldError> {
    let me = field.who().device;
    let kinds = kinds(args.kind.as_deref())?;
    let day = |flag: &str, text: Option<&str>| text.map(|text| words.day(flag, text)).transpose();
    let (from, to) = (day("--from", args.from.as_deref())?, day("--to", args.to.as_deref())?);
    let wanted = args.review.as_deref().map(state).transpose()?;
    let areas = args.area.as_deref().map(|area| words.areas_named(area)).transpose()?;
    let village = args.village.as_deref().map(sync_core::fold::fold);
    let keep = |found: &Found| {
        let line = &found.summary;
        let named = || line.place.as_deref().map(|at| sync_core::fold::fold(&place(field, at))).unwrap_or_default();
        kinds.contains(&line.kind)
            && (args.void || !line.void)
            && from.is_none_or(|from| line.date.is_some_and(|date| date >= from))
            && to.is_none_or(|to| line.date.is_some_and(|date| date <= to))
            && areas.as_ref().is_none_or(|areas| areas.contains(&line.area))
            && village.as_ref().is_none_or(|village| sync_core::fold::rank(village, &named()).is_some())
            && (!args.conflicts || !line.conflicts.is_empty())
            && (!args.mine || line.device == me)
            && (!args.unsent || found.standing < Standing::Stored)
            && wanted.is_none_or(|state| found.review_state == Some(state))
    };
    Ok(all.into_iter().filter(keep).take(args.limit.unwrap_or(usize::MAX)).collect())
}

pub(super) async fn list(field: &mut Field, args: &ListArgs, lang: Lang, screen: Screen<'_>) -> Result<(), FieldError> {
    let all = field.list().await?;
    let known = Known::by(field).await?;
    // A search may ask for days that have not come.
    let found = filter(field, all, args, &known.words(lang, true))?;
    if args.json {
        return say_json(screen, &found);
    }
    if found.is_empty() {
        return say(screen, text::NO_RECORDS.of(lang));
    }
    let (mut sessions, mut attendances) = (0, 0);
    for found in &found {
        let line = &found.summary;
        if line.kind == RecordKind::Session && !line.void {
            sessions += 1;
            attendances += u64::from(line.attendances.unwrap_or(0));
        }
        say(screen, &one_line(field, found, lang))?;
    }
    let totals = format!(
        "{} {} / {} {}",
        text::number(sessions, lang),
        lang.pick("buổi", "sessions"),
        text::number(attendances, lang),
        lang.pick("lượt người", "attendances")
    );
    say(screen, &totals)
}

fn one_line(field: &Field, found: &Found, lang: Lang) -> String {
    let line = &found.summary;
    let mine = line.device == field.who().device;
    let serial = if mine { format!("#{}", line.serial) } else { String::new() };
    let day = line.date.map(text::date).unwrap_or_default();
    let what = match line.kind {
        RecordKind::Session => line.attendances.map_or_else(String::new, |count| {
            format!("{} {}", text::number(count.into(), lang), lang.pick("lượt người", "attendances"))
        }),
        RecordKind::PanelCheck => lang.pick("kiểm tra pano", "panel check").to_owned(),
        RecordKind::Review => {
            line.review.as_ref().map(|review| text::decision(review.decision).of(lang).to_owned()).unwrap_or_default()
        }
    };
    let at = line.place.as_deref().map(|at| place(field, at)).unwrap_or_default();
    let unit = field.reference().area_name(line.area);
    let mut marks = vec![text::standing(found.standing).of(lang).to_owned()];
    marks.extend(found.held.as_ref().map(|held| held.text(lang)));
    marks.extend(found.review_state.map(|state| text::review_state(state).of(lang).to_owned()));
    if line.void {
        marks.push(text::VOID.of(lang).to_owned());
    }
    if !line.conflicts.is_empty() {
        let names: Vec<_> = line.conflicts.iter().map(|key| text::field_name(key, lang)).collect();
        marks.push(format!("! {}", names.join(", ")));
    }
    if line.waiting > 0 {
        marks.push(format!("{} {}", line.waiting, text::WAITING.of(lang)));
    }
    let short = &line.id.to_string()[..8];
    format!("{short} {serial:>5}  {day:10}  {at}, {unit}  {what}  [{}]", marks.join("; "))
}
