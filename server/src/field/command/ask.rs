//! Question by question, for whoever has a terminal and no wish to learn flags. Answers may be piped in.
//!
//! What was answered is kept in the store after each answer: a session that was not finished is offered again the next
//! time. Nothing is recorded before the person has seen the whole and said yes.

use std::io::{BufRead, Write};

use sync_core::fold::fold;
use sync_core::id::AreaId;
use sync_core::record::{Draft, Patch, RecordView, SessionEdit};

use super::super::store::Key;
use super::super::{Field, FieldError, text};
use super::form::{self, Typed};
use super::question::{self, Answer};
use super::unkept;
use super::words::{Known, Words};
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
    "area",
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
/// Fields that say nothing without the number of attendances.
const OF_ATTENDANCES: &[&str] = &["women", "under_16", "minority", "count_basis"];

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

    /// Yes or no; `None` when the answers have ended. Anything else is asked again.
    fn confirm(&mut self, question: &str) -> Result<Option<bool>, FieldError> {
        loop {
            match self.ask(question)?.as_deref().map(decided) {
                None => return Ok(None),
                Some(Some(answer)) => return Ok(Some(answer)),
                Some(None) => {}
            }
        }
    }
}

/// What a person says yes or no with; Enter is yes.
fn decided(answer: &str) -> Option<bool> {
    match fold(answer).as_str() {
        "" | "c" | "co" | "y" | "yes" => Some(true),
        "k" | "khong" | "n" | "no" => Some(false),
        _ => None,
    }
}

/// A session that a person has seen whole and wants recorded.
pub(super) struct Asked {
    pub(super) edit: SessionEdit,
    pub(super) area: AreaId,
    /// The answers it came from.
    pub(super) typed: Typed,
}

/// Asks for a session. `None` when the person said no, or the answers ended: then nothing is to be recorded, and in the
/// second case what was answered is kept for the next time.
pub(super) async fn session(
    console: &mut Console<'_>,
    field: &mut Field,
    defaults: &Typed,
    known: &Known,
) -> Result<Option<Asked>, FieldError> {
    let lang = console.lang;
    let mut words = known.words(lang, false);
    let mut typed = field.unfinished().await?;
    if !typed.is_empty() {
        let question = text::unfinished(typed.values().filter(|texts| !texts.is_empty()).count(), lang);
        match console.confirm(&question)? {
            None => return left_open(console, field, &typed).await,
            Some(true) => {}
            Some(false) => typed.clear(),
        }
    }
    console.say(text::HOW_TO_ANSWER.of(lang))?;
    for key in ASKED {
        if typed.contains_key(key) || !applies(key, &typed, &words) {
            continue;
        }
        let default = defaults.get(key).and_then(|texts| texts.last()).cloned();
        if !answered(console, field, key, default, &mut typed, &mut words).await? {
            return left_open(console, field, &typed).await;
        }
    }
    loop {
        let problem = match whole(field, &typed, &words) {
            Ok((asked, view)) => match sure(console, field, &view, asked.area)? {
                Sure::Yes => return Ok(Some(asked)),
                Sure::No => {
                    field.forget_unfinished().await?;
                    console.say(text::NOT_RECORDED.of(lang))?;
                    return Ok(None);
                }
                Sure::Ended => return left_open(console, field, &typed).await,
                Sure::Again(key) => key,
            },
            // Nothing typed is lost: the question the error is about is asked again.
            Err(error) => match error.key().and_then(|key| ASKED.iter().find(|asked| **asked == key)) {
                Some(key) => {
                    console.say(&error.text_of_answer(lang))?;
                    key
                }
                None => return Err(error),
            },
        };
        let before = typed.get(problem).and_then(|texts| texts.last()).cloned();
        if !answered(console, field, problem, before, &mut typed, &mut words).await? {
            return left_open(console, field, &typed).await;
        }
        // Another village may lie in another commune, or in one that tells by itself.
        if problem == "village" {
            typed.remove("area");
            if applies("area", &typed, &words)
                && !answered(console, field, "area", None, &mut typed, &mut words).await?
            {
                return left_open(console, field, &typed).await;
            }
        }
    }
}

async fn left_open(console: &mut Console<'_>, field: &mut Field, typed: &Typed) -> Result<Option<Asked>, FieldError> {
    let lang = console.lang;
    console.say("")?;
    if let Err(error) = field.keep_unfinished(typed).await {
        let error = FieldError::NotRecorded(Box::new(error));
        return Err(unkept::shown(error, "record", typed, lang, console.screen));
    }
    console.say(text::LEFT_OPEN.of(lang))?;
    Ok(None)
}

/// Asks one question until its answer is understood, and keeps it. False when the answers have ended.
async fn answered(
    console: &mut Console<'_>,
    field: &mut Field,
    key: &'static str,
    default: Option<String>,
    typed: &mut Typed,
    words: &mut Words<'_>,
) -> Result<bool, FieldError> {
    let total = typed.get("attendances").and_then(|texts| texts.last()).cloned();
    let texts = match question::one(console, key, default, total.as_deref(), words)? {
        Answer::Ended => return Ok(false),
        Answer::Skipped => Vec::new(),
        Answer::Given(answer) => vec![answer],
    };
    typed.insert(key, texts);
    match field.keep_unfinished(typed).await {
        // On a full disk the answers are kept in memory; whether they can be kept shows at the end.
        Err(error) if !error.is_storage() => Err(error),
        _ => Ok(true),
    }
}

/// Whether a question is worth asking after the answers so far.
fn applies(key: &str, typed: &Typed, words: &Words<'_>) -> bool {
    let last = |key: &str| typed.get(key).and_then(|texts| texts.last());
    if OF_ATTENDANCES.contains(&key) {
        return last("attendances").is_some();
    }
    if key == "area" {
        let village = last("village").and_then(|text| words.village(text).ok());
        return village.is_some_and(|village| words.area_of(&village).is_err());
    }
    true
}

/// The session as typed, and as it would stand.
fn whole(field: &Field, typed: &Typed, words: &Words<'_>) -> Result<(Asked, RecordView), FieldError> {
    let (edit, area) = form::session(typed, words)?;
    let view = field.view_of(&Draft::Session(Box::new(edit.clone())))?;
    let area = match (area, &edit.fields.village) {
        (Some(area), _) => area,
        (None, Patch::Set(village)) => words.area_of(village)?,
        (None, _) => words.only_area()?,
    };
    Ok((Asked { edit, area, typed: typed.clone() }, view))
}

enum Sure {
    Yes,
    No,
    Again(&'static str),
    Ended,
}

/// Shows the whole and asks whether to record it, or which line to change.
fn sure(console: &mut Console<'_>, field: &Field, view: &RecordView, area: AreaId) -> Result<Sure, FieldError> {
    let lang = console.lang;
    let mut rows = super::fields::rows(field, view, lang);
    let village = rows.iter().position(|(key, _)| key == "village").map_or(0, |at| at + 1);
    rows.insert(village, ("area".to_owned(), field.reference().area_name(area)));
    console.say("")?;
    for (at, (key, shown)) in rows.iter().enumerate() {
        console.say(&format!("{:>3}. {}: {shown}", at + 1, text::field_name(key, lang)))?;
    }
    loop {
        let Some(answer) = console.ask(text::RECORD_THIS.of(lang))? else { return Ok(Sure::Ended) };
        match decided(&answer) {
            Some(true) => return Ok(Sure::Yes),
            Some(false) => return Ok(Sure::No),
            None => {}
        }
        let row = answer.parse::<usize>().ok().and_then(|number| rows.get(number.wrapping_sub(1)));
        let named = ASKED.iter().find(|key| {
            row.is_some_and(|(of_row, _)| of_row == **key) || fold(&text::field_name(key, lang)) == fold(&answer)
        });
        if let Some(key) = named {
            return Ok(Sure::Again(key));
        }
    }
}

impl Field {
    /// What was answered of a session that was not recorded yet.
    async fn unfinished(&mut self) -> Result<Typed, FieldError> {
        let kept: std::collections::BTreeMap<String, Vec<String>> =
            self.store.meta_json(Key::Unfinished).await?.unwrap_or_default();
        let known = ASKED.iter().filter_map(|key| kept.get(*key).map(|texts| (*key, texts.clone())));
        Ok(known.collect())
    }

    async fn keep_unfinished(&mut self, typed: &Typed) -> Result<(), FieldError> {
        self.store.put_meta_json(Key::Unfinished, typed).await
    }

    /// The session was recorded, or is not wanted.
    pub(super) async fn forget_unfinished(&mut self) -> Result<(), FieldError> {
        self.keep_unfinished(&Typed::new()).await
    }
}
