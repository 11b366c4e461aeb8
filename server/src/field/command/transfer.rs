//! Commands that move records: sync, files, signed calls.

use std::io::IsTerminal;
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use sync_core::device::Notice;

use super::super::{End, Field, FieldError, Traffic, text};
use super::{CallArgs, Screen, say, say_json};
use crate::cli::{Context, Lang};

pub(super) async fn sync(field: &mut Field, lang: Lang, screen: Screen<'_>) -> Result<(), FieldError> {
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    // The template is a constant; a bar without it shows the same in another form.
    if let Ok(style) = ProgressStyle::with_template("{spinner} [{bar:30}] {pos}/{len} {msg}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    let report = field
        .sync(&mut |notice: &Notice, traffic: Traffic| {
            if let Notice::Progress { sent, received, missing } = notice {
                bar.set_length(sent + received + missing);
                bar.set_position(sent + received);
                bar.set_message(line(traffic, lang));
            }
        })
        .await;
    bar.finish_and_clear();
    let report = report?;
    for notice in &report.notices {
        let said = match notice {
            Notice::StoreCopiedOrRolledBack { .. } => text::COPIED,
            Notice::ServerWasBehind { .. } => text::SERVER_WAS_BEHIND,
            Notice::ServerLacks { .. } => text::SERVER_LACKS,
            Notice::Unverifiable { .. } => text::UNVERIFIABLE,
            Notice::ForgedReceipt => text::FORGED_RECEIPT,
            _ => continue,
        };
        say(screen, said.of(lang))?;
    }
    if let Some(witnessed) = report.witnessed.as_ref().filter(|witnessed| witnessed.alarms()) {
        super::witness::alarm(field, witnessed, lang, screen)?;
    }
    match &report.end {
        End::Synced { .. } => {
            let counts = format!(
                "{} {}, {} {}",
                lang.pick("gửi", "sent"),
                text::number(report.sent, lang),
                lang.pick("nhận", "received"),
                text::number(report.received, lang)
            );
            say(screen, &format!("{}: {counts}; {}", text::SYNCED.of(lang), line(report.traffic, lang)))?;
            for held in field.fetch_held().await? {
                say(screen, &format!("! {}  {}", &held.record.to_string()[..8], held.text(lang)))?;
            }
            match field.clocks().await?.filter(|contact| contact.is_skewed()) {
                Some(contact) => say(screen, &text::skewed(contact.device, contact.server, lang)),
                None => Ok(()),
            }
        }
        End::Deposited { refusal } => {
            say(screen, &refusal.text(lang))?;
            if report.sent > 0 {
                let said = match refusal.code.as_str() {
                    "device.revoked" | "account.deactivated" => text::DEPOSITED_FOR_REVIEW,
                    _ => text::DEPOSITED,
                };
                say(screen, said.of(lang))?;
            }
            if refusal.code == "sign-in.expired" {
                say(screen, text::SIGN_IN_AGAIN.of(lang))?;
            }
            // The exchange itself did not happen: scripts see it by the exit code.
            Err(FieldError::Refused(refusal.clone()))
        }
    }
}

fn line(traffic: Traffic, lang: Lang) -> String {
    format!(
        "{} {}, ↑ {} ↓ {}",
        traffic.requests,
        lang.pick("lượt hỏi", "requests"),
        text::bytes(traffic.bytes_up, lang),
        text::bytes(traffic.bytes_down, lang)
    )
}

fn io(path: &Path) -> impl Fn(std::io::Error) -> FieldError + '_ {
    |error| FieldError::io(path.display().to_string(), error)
}

/// Nothing is written over: the file may hold what a colleague has not handed on yet.
fn refuse_existing(path: &Path) -> Result<(), FieldError> {
    match path.symlink_metadata() {
        Ok(_) => Err(FieldError::Exists { file: path.display().to_string() }),
        Err(_) => Ok(()),
    }
}

/// Writes a new file whole and durably.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), FieldError> {
    refuse_existing(path)?;
    crate::durable::write_whole(path, bytes, 0o644).map_err(io(path))
}

pub(super) async fn export(field: &mut Field, path: &Path, lang: Lang, screen: Screen<'_>) -> Result<(), FieldError> {
    refuse_existing(path)?;
    let exported = field.export().await?;
    if exported.changes == 0 {
        return say(screen, text::NOTHING_TO_EXPORT.of(lang));
    }
    write_whole(path, &exported.bytes)?;
    let what = lang.pick("thay đổi, đã ký và mã hóa cho máy chủ", "changes, signed and encrypted to the server");
    let count = text::number(exported.changes as u64, lang);
    say(screen, &format!("{}: {count} {what}, {}", path.display(), text::bytes(exported.bytes.len() as u64, lang)))
}

pub(super) async fn carry(
    field: &mut Field,
    from: &Path,
    out: &Path,
    lang: Lang,
    screen: Screen<'_>,
) -> Result<(), FieldError> {
    refuse_existing(out)?;
    let file = std::fs::read(from).map_err(io(from))?;
    let carried = field.carry(file).await?;
    write_whole(out, &carried.receipts)?;
    say(
        screen,
        &format!("{}: {}", lang.pick("Máy chủ đã nhận; biên nhận", "The server has it; receipts"), out.display()),
    )?;
    if carried.held > 0 {
        let what = lang
            .pick("lô đang chờ phần trước hoặc chờ cán bộ xem xét", "batches wait for earlier ones, or for an officer");
        say(screen, &format!("{} {what}", carried.held))?;
    }
    Ok(())
}

pub(super) async fn import_receipts(
    field: &mut Field,
    path: &Path,
    lang: Lang,
    screen: Screen<'_>,
) -> Result<(), FieldError> {
    let file = std::fs::read(path).map_err(io(path))?;
    field.import_receipts(&file).await?;
    say(screen, lang.pick("Đã nhập biên nhận", "Receipts taken in"))?;
    super::status::status(field, false, lang, screen).await
}

pub(super) async fn call(args: CallArgs, context: &Context, screen: Screen<'_>) -> Result<(), FieldError> {
    let CallArgs { store, method, path, data } = args;
    let body = match data.as_deref() {
        None => None,
        Some(text) => Some(match text.strip_prefix('@') {
            Some(file) => std::fs::read(file).map_err(io(Path::new(file)))?,
            None => text.as_bytes().to_vec(),
        }),
    };
    if let Some(error) = body.as_deref().and_then(|body| serde_json::from_slice::<serde_json::Value>(body).err()) {
        let got = data.as_deref().unwrap_or_default();
        return Err(FieldError::value("--data", got, format!("JSON ({error})"), format!("JSON ({error})")));
    }
    let mut field = store.open(context).await?;
    let answer = field.call(&method, &path, body).await;
    let closed = field.close().await;
    let answer = answer?;
    closed?;
    match serde_json::from_slice::<serde_json::Value>(&answer) {
        Ok(value) => say_json(screen, &value),
        Err(_) => screen.write_all(&answer).map_err(|error| FieldError::io("stdout", error)),
    }
}
