//! What was typed and could not be kept is shown again: a person who stood in the rain for it does not type it twice.

use std::io::Write;

use super::super::{FieldError, text};
use super::form::{self, Typed};
use super::say;
use crate::cli::Lang;

/// Shows what was typed as the command that records it, when the error says that the store could not keep it.
pub(super) fn shown(error: FieldError, command: &str, typed: &Typed, lang: Lang, screen: &mut dyn Write) -> FieldError {
    if matches!(error, FieldError::NotRecorded(_) | FieldError::Unsure(_)) {
        // The error itself matters more than a screen that is gone.
        say(screen, text::TYPED.of(lang)).and_then(|()| say(screen, &line(command, typed))).ok();
    }
    error
}

/// A line for a shell.
fn line(command: &str, typed: &Typed) -> String {
    let flags = typed.iter().flat_map(|(key, texts)| texts.iter().map(move |text| (form::flag(key), text)));
    let flags: Vec<String> = flags.map(|(flag, text)| format!("{flag} '{}'", text.replace('\'', "'\\''"))).collect();
    format!("  banlang field {command} {}", flags.join(" "))
}
