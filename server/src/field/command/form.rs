//! From what a person typed to a typed edit, field by field. Flags and questions go the same way.

use std::collections::BTreeMap;

use sync_core::fold;
use sync_core::id::AreaId;
use sync_core::record::{
    Code, CountBasis, FieldValue, GpsFix, MinuteOfDay, Minutes, Patch, SessionEdit, SetEdit, Setting,
};

use super::super::FieldError;
use super::words::Words;

/// What was typed, by the field's key; each text of a field in the order in which it was given.
pub(super) type Typed = BTreeMap<&'static str, Vec<String>>;

/// The flag of a field.
pub(super) fn flag(key: &str) -> String {
    format!("--{}", key.replace('_', "-"))
}

pub(super) fn value<T: FieldValue>(flag: &str, text: &str, parsed: Option<T>) -> Result<T, FieldError> {
    let parsed = parsed.filter(FieldValue::is_valid);
    parsed.ok_or_else(|| FieldError::value(flag, text, T::ACCEPTED.vi, T::ACCEPTED.en))
}

fn parsed<T: FieldValue + std::str::FromStr>(key: &str, text: &str) -> Result<Patch<T>, FieldError> {
    value(&flag(key), text, text.trim().parse().ok()).map(Patch::Set)
}

/// A whole number; dots and spaces between thousands are ignored.
pub(super) fn count(key: &str, text: &str) -> Result<u32, FieldError> {
    let digits: String = text.chars().filter(|c| !matches!(c, '.' | ' ')).collect();
    value(&flag(key), text, digits.parse().ok())
}

/// `kind=count`, or `kind:count`.
fn tally<'a>(key: &str, text: &'a str) -> Result<(&'a str, u32), FieldError> {
    let split = text.split_once(['=', ':']).ok_or_else(|| {
        let example = if key == "team" { "border_guard=3" } else { "leaflet=30" };
        let (vi, en) = (format!("mã=số lượng, ví dụ {example}"), format!("code=count, for instance {example}"));
        FieldError::value(&flag(key), text, vi, en)
    });
    let (code, number) = split?;
    Ok((code.trim(), count(key, number.trim())?))
}

/// Takes one typed text into a session's edit.
pub(super) fn apply(edit: &mut SessionEdit, key: &str, text: &str, words: &Words<'_>) -> Result<(), FieldError> {
    let fields = &mut edit.fields;
    let number = || count(key, text).map(Patch::Set);
    match key {
        "date" => fields.date = Patch::Set(words.day("--date", text)?),
        "start" => fields.start = Patch::Set(time_of_day(text)?),
        "duration" => {
            fields.duration = Patch::Set(value("--duration", text, text.trim().parse().ok().map(Minutes))?);
        }
        "village" => fields.village = Patch::Set(words.village(text)?),
        "place_kind" => fields.place_kind = Patch::Set(words.code(key, text)?),
        "gps" => fields.gps = gps(text)?,
        "format" => fields.format = Patch::Set(words.code(key, text)?),
        "setting" => {
            fields.setting = choice::<Setting>(key, text, &[("chuyen de", "standalone"), ("long ghep", "integrated")])?
        }
        "count_basis" => {
            fields.count_basis =
                choice::<CountBasis>(key, text, &[("dem truc tiep", "counted"), ("uoc luong", "estimated")])?;
        }
        "attendances" => fields.attendances = number()?,
        "women" => fields.women = number()?,
        "under_16" => fields.under_16 = number()?,
        "minority" => fields.minority = number()?,
        "households" => fields.households = number()?,
        "pledges" => fields.pledges = number()?,
        "broadcasts" => fields.broadcasts = number()?,
        "broadcast_minutes" => fields.broadcast_minutes = number()?,
        "lead_unit" => fields.lead_unit = Patch::Set(words.code(key, text)?),
        "topic" => add(&mut edit.topics, key, text, words)?,
        "language" => add(&mut edit.languages, key, text, words)?,
        "partner" => add(&mut edit.partners, key, text, words)?,
        "difficulty" => add(&mut edit.difficulties, key, text, words)?,
        "hotline" => add(&mut edit.hotlines, key, text, words)?,
        "material" => {
            for item in items(text) {
                let (kind, number) = tally(key, item)?;
                edit.material.insert(words.code(key, kind)?, Patch::Set(number));
            }
        }
        "team" => {
            for item in items(text) {
                let (role, number) = tally(key, item)?;
                edit.team.insert(words.code(key, role)?, Patch::Set(number));
            }
        }
        "note" => edit.note = Some(text.trim().to_owned()),
        _ => {}
    }
    Ok(())
}

/// A time as people write it: 19:30, 19h30, 19 giờ 30, 19h.
fn time_of_day(text: &str) -> Result<MinuteOfDay, FieldError> {
    let plain: String = text.to_lowercase().replace("giờ", "h").split_whitespace().collect();
    let plain = plain.replacen(['h', 'g'], ":", 1);
    let plain = if plain.ends_with(':') { plain + "00" } else { plain };
    plain.parse().map_err(|_| {
        FieldError::value(
            "--start",
            text,
            "giờ bắt đầu dạng HH:MM, ví dụ 19:30 hoặc 19h30",
            "a time as HH:MM, for instance 19:30",
        )
    })
}

/// Items with commas between them.
pub(super) fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

fn add(set: &mut SetEdit, key: &str, text: &str, words: &Words<'_>) -> Result<(), FieldError> {
    for item in items(text) {
        set.add.insert(words.code(key, item)?);
    }
    Ok(())
}

fn gps(text: &str) -> Result<Patch<GpsFix>, FieldError> {
    let fix = text.split_once(',').and_then(|(latitude, longitude)| {
        GpsFix::from_degrees(latitude.trim().parse().ok()?, longitude.trim().parse().ok()?)
    });
    value("--gps", text, fix).map(Patch::Set)
}

/// A value of a short closed list, by its stable text, its number or its Vietnamese words without marks.
fn choice<T: FieldValue + std::str::FromStr>(
    key: &str,
    text: &str,
    words: &[(&str, &str)],
) -> Result<Patch<T>, FieldError> {
    let folded = fold::fold(text);
    let numbered = folded.parse::<usize>().ok().and_then(|number| words.get(number.wrapping_sub(1)));
    let named = words.iter().find(|(word, _)| !folded.is_empty() && word.starts_with(&folded)).or(numbered);
    parsed(key, named.map_or(text, |(_, name)| name))
}

/// The session that was typed, and where it belongs.
pub(super) fn session(typed: &Typed, words: &Words<'_>) -> Result<(SessionEdit, Option<AreaId>), FieldError> {
    let mut edit = SessionEdit::default();
    for (key, texts) in typed {
        for text in texts {
            apply(&mut edit, key, text, words)?;
        }
    }
    let area = match typed.get("area").and_then(|texts| texts.last()) {
        Some(text) => Some(words.area(text)?),
        None => None,
    };
    Ok((edit, area))
}

/// Takes `--clear FIELD` and `--remove LIST/CODE` into an edit.
pub(super) fn clear(edit: &mut SessionEdit, key: &str) -> Result<(), FieldError> {
    let fields = &mut edit.fields;
    let accepted = "start, duration, place_kind, gps, format, setting, attendances, women, under_16, minority, \
        count_basis, households, pledges, broadcasts, broadcast_minutes, lead_unit, void, note, topic/…, language/…, \
        partner/…, difficulty/…, hotline/…, material/…, team/…";
    let refused = || FieldError::value("--clear", key, accepted, accepted);
    if let Some((list, code)) = key.split_once('/') {
        let code: Code = code.parse().map_err(|_| refused())?;
        let set = match list {
            "topic" => &mut edit.topics,
            "language" => &mut edit.languages,
            "partner" => &mut edit.partners,
            "difficulty" => &mut edit.difficulties,
            "hotline" => &mut edit.hotlines,
            "material" => {
                edit.material.insert(code, Patch::Clear);
                return Ok(());
            }
            "team" => {
                edit.team.insert(code, Patch::Clear);
                return Ok(());
            }
            _ => return Err(refused()),
        };
        set.remove.insert(code);
        return Ok(());
    }
    match key {
        "start" => fields.start = Patch::Clear,
        "duration" => fields.duration = Patch::Clear,
        "place_kind" => fields.place_kind = Patch::Clear,
        "gps" => fields.gps = Patch::Clear,
        "format" => fields.format = Patch::Clear,
        "setting" => fields.setting = Patch::Clear,
        "attendances" => fields.attendances = Patch::Clear,
        "women" => fields.women = Patch::Clear,
        "under_16" => fields.under_16 = Patch::Clear,
        "minority" => fields.minority = Patch::Clear,
        "count_basis" => fields.count_basis = Patch::Clear,
        "households" => fields.households = Patch::Clear,
        "pledges" => fields.pledges = Patch::Clear,
        "broadcasts" => fields.broadcasts = Patch::Clear,
        "broadcast_minutes" => fields.broadcast_minutes = Patch::Clear,
        "lead_unit" => fields.lead_unit = Patch::Clear,
        "void" => fields.void = Patch::Clear,
        "note" => edit.note = Some(String::new()),
        _ => return Err(refused()),
    }
    Ok(())
}
