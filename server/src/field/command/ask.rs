//! Question by question, for whoever has a terminal and no wish to learn flags. Answers may be piped in.

use std::io::{BufRead, Write};

use sync_core::record::{SessionEdit, looks_like_identity};

use super::super::{FieldError, text};
use super::form::{Typed, Words, apply, items};
use crate::cli::Lang;

/// Where questions go and answers come from.
pub(super) struct Console<'a> {
    pub(super) answers: &'a mut dyn BufRead,
    pub(super) screen: &'a mut dyn Write,
    pub(super) lang: Lang,
}

/// Fields that are asked, in this order.
const ASKED: &[&str] = &[
    "date",
    "village",
    "start",
    "duration",
    "place_kind",
    "format",
    "setting",
    "topic",
    "language",
    "attendances",
    "women",
    "under_16",
    "minority",
    "count_basis",
    "households",
    "material",
    "pledges",
    "broadcasts",
    "broadcast_minutes",
    "lead_unit",
    "partner",
    "team",
    "hotline",
    "difficulty",
    "note",
];
/// Fields that hold codes of a list.
const LISTS: &[&str] =
    &["place_kind", "format", "topic", "language", "material", "lead_unit", "partner", "team", "hotline", "difficulty"];

impl Console<'_> {
    fn failed(error: std::io::Error) -> FieldError {
        FieldError::io("stdin/stdout", error)
    }

    /// Shows a line.
    pub(super) fn say(&mut self, line: &str) -> Result<(), FieldError> {
        writeln!(self.screen, "{line}").map_err(Self::failed)
    }

    /// One answer; `None` when the answers have ended.
    pub(super) fn ask(&mut self, question: &str) -> Result<Option<String>, FieldError> {
        write!(self.screen, "{question}: ").and_then(|()| self.screen.flush()).map_err(Self::failed)?;
        let mut line = String::new();
        match self.answers.read_line(&mut line).map_err(Self::failed)? {
            0 => Ok(None),
            _ => Ok(Some(line.trim().to_owned())),
        }
    }
}

/// Asks for a session. `None` when the person said no, or the answers ended before the last question: then nothing is
/// to be recorded.
pub(super) fn session(
    console: &mut Console<'_>,
    defaults: &Typed,
    words: &Words<'_>,
) -> Result<Option<Typed>, FieldError> {
    let lang = console.lang;
    console.say(text::HOW_TO_ANSWER.of(lang))?;
    let mut typed = Typed::new();
    for key in ASKED {
        let default = defaults.get(key).and_then(|texts| texts.last()).cloned();
        let default = match *key {
            "date" => Some(text::day_of(words.now).map(text::date).unwrap_or_default()),
            _ => default,
        };
        match one(console, key, default, words)? {
            Answer::Ended => return Ok(None),
            Answer::Skipped => {}
            Answer::Given(answer) => {
                typed.insert(key, vec![answer]);
            }
        }
    }
    for _ in 0..3 {
        match console.ask(text::RECORD_THIS.of(lang))?.map(|answer| sync_core::fold::fold(&answer)) {
            Some(answer) if matches!(answer.as_str(), "" | "c" | "co" | "y" | "yes") => return Ok(Some(typed)),
            Some(answer) if !matches!(answer.as_str(), "k" | "khong" | "n" | "no") => {}
            _ => break,
        }
    }
    Ok(None)
}

enum Answer {
    Given(String),
    Skipped,
    Ended,
}

fn one(
    console: &mut Console<'_>,
    key: &'static str,
    default: Option<String>,
    words: &Words<'_>,
) -> Result<Answer, FieldError> {
    let lang = console.lang;
    if key == "note" {
        console.say(text::NO_IDENTITIES.of(lang))?;
    }
    loop {
        let shown = default.as_ref().map(|default| format!(" [{default}]")).unwrap_or_default();
        let question = format!("{}{shown}", text::field_name(key, lang));
        let Some(answer) = console.ask(&question)? else { return Ok(Answer::Ended) };
        let answer = match (answer.as_str(), &default) {
            ("", Some(default)) => default.clone(),
            ("", None) if key == "village" => {
                console.say(text::REQUIRED.of(lang))?;
                continue;
            }
            ("", None) => return Ok(Answer::Skipped),
            ("?", _) => {
                list(console, key, words)?;
                continue;
            }
            _ => answer,
        };
        let answer = if key == "village" { village(console, answer, words)? } else { Some(answer) };
        let Some(answer) = answer else { continue };
        // Each answer is checked alone, as the flags are; what must hold between fields is checked at the end.
        match apply(&mut SessionEdit::default(), key, &answer, words) {
            Ok(()) => {
                if key == "note" && looks_like_identity(&answer) {
                    console.say(text::LOOKS_LIKE_IDENTITY.of(lang))?;
                }
                return Ok(Answer::Given(answer));
            }
            Err(error) => console.say(&error.text(lang))?,
        }
    }
}

fn list(console: &mut Console<'_>, key: &str, words: &Words<'_>) -> Result<(), FieldError> {
    if LISTS.contains(&key) {
        for (at, (code, word)) in words.list(key).iter().enumerate() {
            console.say(&format!("  {}. {word} ({code})", at + 1))?;
        }
    } else if key == "village" {
        for village in words.villages("") {
            console.say(&format!("  {} (id:{})", words.village_name(village), village.id))?;
        }
    }
    Ok(())
}

/// Of several villages that answer to a name, the one whose number is typed.
fn village(console: &mut Console<'_>, answer: String, words: &Words<'_>) -> Result<Option<String>, FieldError> {
    if answer.starts_with("id:") || answer.starts_with("name:") || words.village(&answer).is_ok() {
        return Ok(Some(answer));
    }
    let hits = words.villages(&answer);
    if hits.is_empty() {
        let named = console.lang.pick(
            "Không có trong danh mục; ghi name:<tên địa điểm> nếu đúng là tên này",
            "Not on the list; write name:<place> if it is called so",
        );
        console.say(named)?;
        return Ok(None);
    }
    for (at, village) in hits.iter().enumerate() {
        console.say(&format!("  {}. {}", at + 1, words.village_name(village)))?;
    }
    let Some(number) = console.ask(console.lang.pick("Số thứ tự", "Number"))? else { return Ok(None) };
    let chosen = items(&number).next().and_then(|number| number.parse::<usize>().ok());
    Ok(chosen.and_then(|number| hits.get(number.wrapping_sub(1))).map(|village| format!("id:{}", village.id)))
}
