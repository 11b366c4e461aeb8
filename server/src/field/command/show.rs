//! One record: every field, its reviews, conflicts with both values and their authors, history.

use std::collections::BTreeMap;

use serde_json::json;
use sync_core::id::ActorId;

use super::super::{Field, FieldError, Whole, text};
use super::fields::rows;
use super::{Screen, say, say_json};
use crate::cli::Lang;

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
