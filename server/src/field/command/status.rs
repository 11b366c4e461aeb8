//! What is only here, what was sent, what the server has.

use super::super::{Field, FieldError, Standing, text};
use super::{Screen, say, say_json};
use crate::cli::Lang;

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
