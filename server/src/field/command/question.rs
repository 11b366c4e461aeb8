//! One question: its default, its help, and asking again until the answer is understood.

use sync_core::fold::fold;
use sync_core::record::{CivilDate, SessionEdit, Village, looks_like_identity};

use super::super::{FieldError, text};
use super::ask::Console;
use super::form::{apply, count, items};
use super::words::Words;

/// Fields that hold codes of a list.
const LISTS: &[&str] =
    &["place_kind", "format", "topic", "language", "material", "lead_unit", "partner", "team", "hotline", "difficulty"];
/// Fields without which there is no session.
const REQUIRED: &[&str] = &["date", "village", "area"];
/// Parts of the attendances.
const PARTS: &[&str] = &["women", "under_16", "minority"];
/// What leaves a field empty although it has a default.
const EMPTY: &str = "-";

/// What came of a question.
pub(super) enum Answer {
    /// A text that its field understands.
    Given(String),
    /// The field stays empty.
    Skipped,
    /// There are no more answers.
    Ended,
}

/// Asks for one field until the answer is understood.
///
/// `total` is the number of attendances as typed: a part of it is compared here, where it can be mended at once.
pub(super) fn one(
    console: &mut Console<'_>,
    key: &'static str,
    default: Option<String>,
    total: Option<&str>,
    words: &mut Words<'_>,
) -> Result<Answer, FieldError> {
    let lang = console.lang;
    if key == "note" {
        console.say(text::NO_IDENTITIES.of(lang))?;
    }
    let default = match (key, default) {
        ("date", None) => words.today.day.map(text::date),
        (_, default) => default,
    };
    // A list may have changed since the default was typed.
    let default = default.filter(|default| apply(&mut SessionEdit::default(), key, default, words).is_ok());
    let shown = default.as_deref().map(|default| format!(" [{}]", shown(key, default, words))).unwrap_or_default();
    let question = format!("{}{shown}", text::field_name(key, lang));
    let (mut refused, mut pending): (Option<CivilDate>, Option<String>) = (None, None);
    loop {
        let answer = match pending.take() {
            Some(answer) => answer,
            None => match console.ask(&question)? {
                Some(answer) => answer,
                None => return Ok(Answer::Ended),
            },
        };
        let required = REQUIRED.contains(&key);
        let answer = match (answer.as_str(), &default) {
            ("", Some(default)) => default.clone(),
            ("" | EMPTY, _) if required => {
                console.say(text::REQUIRED.of(lang))?;
                continue;
            }
            ("" | EMPTY, _) => return Ok(Answer::Skipped),
            ("?", _) => {
                if let Some(answer) = help(console, key, words)? {
                    pending = Some(answer);
                }
                continue;
            }
            _ => answer,
        };
        let answer = match key {
            "village" => match village(console, answer, words)? {
                Place::Is(answer) => answer,
                Place::Other(answer) => {
                    pending = Some(answer);
                    continue;
                }
                Place::Ended => return Ok(Answer::Ended),
            },
            "area" => numbered(&answer, words.areas.len()).map_or(answer, |at| words.areas[at].to_string()),
            _ => answer,
        };
        match understood(key, &answer, total, words) {
            Ok(()) if key == "note" => return note(console, answer, words),
            Ok(()) => return Ok(Answer::Given(answer)),
            // A clock may be wrong by years: who types the same day again means it.
            Err(FieldError::Future { day, .. }) if refused == Some(day) => {
                words.date_anyway = true;
                return Ok(Answer::Given(answer));
            }
            Err(FieldError::Future { day, clock, .. }) => {
                refused = Some(day);
                console.say(&text::future(day, clock, lang))?;
            }
            Err(error) => console.say(&error.text_of_answer(lang))?,
        }
    }
}

/// Succeeds when the field takes the answer.
fn understood(key: &'static str, answer: &str, total: Option<&str>, words: &Words<'_>) -> Result<(), FieldError> {
    if key == "area" {
        return words.area(answer).map(drop);
    }
    apply(&mut SessionEdit::default(), key, answer, words)?;
    if PARTS.contains(&key)
        && let Some(total) = total
        && count(key, answer)? > count("attendances", total)?
    {
        let (vi, en) = (
            format!("số không lớn hơn lượt người nghe ({total})"),
            format!("a number not above the attendances ({total})"),
        );
        return Err(FieldError::value(&super::form::flag(key), answer, vi, en));
    }
    Ok(())
}

/// A note that looks like an identity may be typed again at once, before anything is recorded.
fn note(console: &mut Console<'_>, mut note: String, words: &Words<'_>) -> Result<Answer, FieldError> {
    while looks_like_identity(&note) {
        console.say(text::NOTE_LOOKS_LIKE_IDENTITY.of(console.lang))?;
        match console.ask(&text::field_name("note", console.lang))? {
            None => return Ok(Answer::Ended),
            Some(again) if again.is_empty() => break,
            Some(again) if again == EMPTY => return Ok(Answer::Skipped),
            Some(again) => match apply(&mut SessionEdit::default(), "note", &again, words) {
                Ok(()) => note = again,
                Err(error) => console.say(&error.text_of_answer(console.lang))?,
            },
        }
    }
    Ok(Answer::Given(note))
}

/// What a typed text stands for, in words.
fn shown(key: &str, typed: &str, words: &Words<'_>) -> String {
    match key {
        "village" => match words.village(typed) {
            Ok(Village::Listed(id)) => {
                words.catalogue.village(&id).map_or_else(|| id.clone(), |village| words.village_name(village))
            }
            Ok(Village::Named(name)) => name.to_string(),
            Err(_) => typed.to_owned(),
        },
        "area" => words.area(typed).map_or_else(|_| typed.to_owned(), |area| words.catalogue.area_name(area)),
        "setting" | "count_basis" => {
            let choices = text::choices(key);
            let named = choices.iter().find(|(name, _)| *name == typed);
            let chosen = named.or_else(|| numbered(typed, choices.len()).map(|at| &choices[at]));
            chosen.map_or_else(|| typed.to_owned(), |(_, word)| word.of(words.lang).to_owned())
        }
        _ if LISTS.contains(&key) => {
            let one = |item: &str| {
                let (code, rest) = item.split_once('=').map_or((item, None), |(code, rest)| (code, Some(rest)));
                let word = words.code(key, code).map(|code| words.word(key, code.as_str()));
                let word = word.unwrap_or_else(|_| code.to_owned());
                rest.map_or_else(|| word.clone(), |rest| format!("{word}={rest}"))
            };
            items(typed).map(one).collect::<Vec<_>>().join(", ")
        }
        _ => typed.to_owned(),
    }
}

/// Says what a question accepts. For villages it also asks which; what is typed then is the answer.
fn help(console: &mut Console<'_>, key: &str, words: &Words<'_>) -> Result<Option<String>, FieldError> {
    let lang = console.lang;
    if LISTS.contains(&key) {
        for (at, (code, word)) in words.list(key).iter().enumerate() {
            console.say(&format!("  {}. {word} ({code})", at + 1))?;
        }
    }
    for (at, (name, word)) in text::choices(key).iter().enumerate() {
        console.say(&format!("  {}. {} ({name})", at + 1, word.of(lang)))?;
    }
    if key == "area" {
        for (at, area) in words.areas.iter().enumerate() {
            console.say(&format!("  {}. {} ({area})", at + 1, words.catalogue.area_name(*area)))?;
        }
    }
    if let Some(accepted) = text::help(key) {
        console.say(&format!("  {}", accepted.of(lang)))?;
    }
    if key != "village" {
        return Ok(None);
    }
    let hits = list(console, "", words)?;
    let Some(answer) = console.ask(text::NUMBER_OR_NAME.of(lang))? else { return Ok(None) };
    Ok(Some(numbered(&answer, hits.len()).map_or(answer, |at| hits[at].clone())))
}

/// Shows the villages that answer to a name, numbered; their ids.
fn list(console: &mut Console<'_>, name: &str, words: &Words<'_>) -> Result<Vec<String>, FieldError> {
    let (hits, more) = words.villages_and_more(name);
    for (at, village) in hits.iter().enumerate() {
        console.say(&format!("  {}. {}", at + 1, words.village_name(village)))?;
    }
    if more > 0 {
        console.say(&text::more_villages(more, console.lang))?;
    }
    Ok(hits.iter().map(|village| format!("id:{}", village.id)).collect())
}

/// The place in a list that a number names.
fn numbered(answer: &str, length: usize) -> Option<usize> {
    let number = answer.trim().trim_end_matches('.').parse::<usize>().ok()?.checked_sub(1)?;
    (number < length).then_some(number)
}

enum Place {
    /// This village.
    Is(String),
    /// The person typed something else.
    Other(String),
    Ended,
}

/// The village a person means: of several that answer to a name the one whose number is typed; a name that is not on
/// the list when the person says so.
fn village(console: &mut Console<'_>, answer: String, words: &Words<'_>) -> Result<Place, FieldError> {
    let lang = console.lang;
    match words.village(&answer) {
        Ok(village) => {
            let id = village.to_string();
            if !answer.starts_with("id:") {
                console.say(&format!("  → {}", shown("village", &id, words)))?;
            }
            return Ok(Place::Is(id));
        }
        Err(error) if answer.starts_with("id:") || answer.starts_with("name:") => {
            console.say(&error.text_of_answer(lang))?;
            return Ok(match console.ask(&text::field_name("village", lang))? {
                Some(answer) => Place::Other(answer),
                None => Place::Ended,
            });
        }
        Err(_) => {}
    }
    let hits = list(console, &answer, words)?;
    let question = if hits.is_empty() { text::NOT_LISTED } else { text::NUMBER_OR_NAME };
    let Some(next) = console.ask(question.of(lang))? else { return Ok(Place::Ended) };
    if hits.is_empty() && matches!(fold(&next).as_str(), "c" | "co" | "y" | "yes") {
        return Ok(Place::Is(format!("name:{answer}")));
    }
    Ok(match numbered(&next, hits.len()) {
        Some(at) => Place::Is(hits[at].clone()),
        None => Place::Other(next),
    })
}
