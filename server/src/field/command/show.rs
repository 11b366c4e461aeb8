//! Commands that show.

use std::collections::BTreeMap;
use std::io::Write;

use serde_json::json;
use sync_core::id::{ActorId, RecordKind};
use sync_core::record::{Code, RecordView, Register, ReviewState, SessionView};

use super::super::today::Today;
use super::super::{Field, FieldError, Found, Standing, Whole, text};
use super::form::items;
use super::words::{Known, Words};
use super::{say, say_json};
use crate::cli::Lang;

type Screen<'a> = &'a mut dyn Write;

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

pub(super) async fn show(
    field: &mut Field,
    name: &str,
    as_json: bool,
    lang: Lang,
    screen: Screen<'_>,
) -> Result<(), FieldError> {
    let id = field.find(name).await?;
    let whole = field.whole(id).await?;
    if as_json {
        let authors: BTreeMap<String, String> =
            authors(&whole).into_iter().map(|actor| (actor.to_string(), field.name_of(actor.device()))).collect();
        let mut value = serde_json::to_value(&whole).map_err(|error| FieldError::Answer(error.to_string()))?;
        value["authors"] = json!(authors);
        return say_json(screen, &value);
    }
    let meta = whole.view.meta();
    say(screen, &format!("{id}  #{}", meta.serial))?;
    let by = format!("{}, {}", field.name_of(meta.created_by.device()), text::moment(meta.created_at, lang));
    say(screen, &format!("{}: {by}", lang.pick("Người ghi", "Recorded by")))?;
    say(screen, &format!("{}: {}", text::field_name("area", lang), field.reference().area_name(whole.area)))?;
    for (key, shown) in rows(field, &whole.view, lang) {
        say(screen, &format!("{}: {shown}", text::field_name(&key, lang)))?;
    }
    say(screen, &format!("[{}]", text::standing(whole.standing).of(lang)))?;
    if let Some(held) = &whole.held {
        say(screen, &format!("! {}", held.text(lang)))?;
    }
    if whole.waiting > 0 {
        say(screen, &format!("{} {}", whole.waiting, text::WAITING.of(lang)))?;
    }
    reviews(field, &whole, lang, screen)?;
    conflicts(field, &whole, lang, screen)?;
    history(field, &whole, lang, screen)
}

fn authors(whole: &Whole) -> Vec<ActorId> {
    let conflicting = whole.conflicts.iter().flat_map(|conflict| conflict.values.iter().map(|claim| claim.author));
    let mut all: Vec<_> = whole.history.iter().map(|entry| entry.author).chain(conflicting).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn reviews(field: &Field, whole: &Whole, lang: Lang, screen: Screen<'_>) -> Result<(), FieldError> {
    let Some(state) = whole.review_state else { return Ok(()) };
    say(screen, &format!("{}: {}", text::REVIEW.of(lang), text::review_state(state).of(lang)))?;
    for review in &whole.reviews {
        let who = field.name_of(review.meta.created_by.device());
        let void = if review.is_void() { format!(" [{}]", text::VOID.of(lang)) } else { String::new() };
        let decision = text::decision(review.decision).of(lang);
        let at = text::moment(review.meta.created_at, lang);
        say(screen, &format!("  {at}  {who}: {decision} {}{void}", review.comment))?;
    }
    Ok(())
}

fn conflicts(field: &Field, whole: &Whole, lang: Lang, screen: Screen<'_>) -> Result<(), FieldError> {
    if whole.conflicts.is_empty() {
        return Ok(());
    }
    say(screen, &format!("{}:", text::CONFLICT.of(lang)))?;
    for conflict in &whole.conflicts {
        say(screen, &format!("  {} (--field {})", text::field_name(&conflict.field, lang), conflict.field))?;
        for (at, claim) in conflict.values.iter().enumerate() {
            let who = field.name_of(claim.author.device());
            let when = text::moment(claim.claimed_at, lang);
            say(screen, &format!("    {}. {}  ({who}, {when})", at + 1, claim.value.to_text()))?;
        }
    }
    Ok(())
}

fn history(field: &Field, whole: &Whole, lang: Lang, screen: Screen<'_>) -> Result<(), FieldError> {
    say(screen, &format!("{}:", text::HISTORY.of(lang)))?;
    for entry in &whole.history {
        let who = field.name_of(entry.author.device());
        say(screen, &format!("  {}  {who}", text::moment(entry.claimed_at, lang)))?;
        let first = entry.fields.iter().all(|change| change.before.is_none()) && entry.fields.len() > 3;
        if first {
            continue;
        }
        for change in &entry.fields {
            let (before, after) = (change.before.as_deref().unwrap_or("-"), change.after.as_deref().unwrap_or("-"));
            say(screen, &format!("    {}: {before} → {after}", text::field_name(&change.field, lang)))?;
        }
    }
    Ok(())
}

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
            sync_core::record::Village::Listed(id) => {
                words.catalogue.village(id).map_or_else(|| id.clone(), |village| words.village_name(village))
            }
            sync_core::record::Village::Named(name) => name.to_string(),
        }),
    );
    put("place_kind", code("place_kind", &fields.place_kind));
    put("gps", fields.gps.value().map(ToString::to_string));
    put("format", code("format", &fields.format));
    put(
        "setting",
        fields.setting.value().map(|setting| match setting {
            sync_core::record::Setting::Standalone => lang.pick("chuyên đề", "own subject").to_owned(),
            sync_core::record::Setting::Integrated => lang.pick("lồng ghép", "within another meeting").to_owned(),
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
            sync_core::record::CountBasis::Counted => lang.pick("đếm trực tiếp", "counted").to_owned(),
            sync_core::record::CountBasis::Estimated => lang.pick("ước lượng", "estimated").to_owned(),
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

pub(super) async fn status(field: &mut Field, as_json: bool, lang: Lang, screen: Screen<'_>) -> Result<(), FieldError> {
    let status = field.status().await?;
    if as_json {
        return say_json(screen, &status);
    }
    let row = |vi: &str, en: &str, shown: String| format!("{}: {shown}", lang.pick(vi, en));
    let count = |standing, number| format!("{}: {}", text::standing(standing).of(lang), text::number(number, lang));
    say(
        screen,
        &row(
            "Thiết bị",
            "Device",
            format!("{} ({}, {})", status.device, status.name, text::role(status.role).of(lang)),
        ),
    )?;
    say(screen, &row("Máy chủ", "Server", status.server.clone()))?;
    say(screen, &count(Standing::Here, status.only_here))?;
    say(screen, &count(Standing::Sent, status.sent))?;
    say(screen, &count(Standing::Stored, status.stored))?;
    say(screen, &count(Standing::BackedUp, status.backed_up))?;
    if !status.held.is_empty() {
        let count = text::number(status.held.len() as u64, lang);
        say(screen, &row("Máy chủ giữ lại, chưa tính", "Held back by the server", count))?;
        for held in &status.held {
            say(screen, &format!("  {}  {}", &held.record.to_string()[..8], held.text(lang)))?;
        }
    }
    if let Some(server) = status.clock_skewed_at_ms {
        say(screen, &text::skewed(status.last_contact_ms, server, lang))?;
    }
    say(screen, &row("Liên lạc gần nhất", "Last contact", text::moment(status.last_contact_ms, lang)))?;
    say(screen, &row("Đăng nhập đến", "Signed in until", text::moment(status.sign_in_expires_at_ms, lang)))
}
