//! `banlang field witness`: what a coordinator's device found in the server's journal, in words.

use std::path::Path;

use super::super::{Evidence, Field, FieldError, Lost, Witnessed, text};
use super::transfer::write_whole;
use super::{Screen, say, say_json};
use crate::cli::Lang;

/// Batches listed at most; the file has them all.
const LISTED: usize = 20;

pub(super) async fn witness(
    field: &mut Field,
    as_json: bool,
    lang: Lang,
    screen: Screen<'_>,
) -> Result<(), FieldError> {
    let witnessed = field.witness().await?;
    if as_json {
        return say_json(screen, &witnessed);
    }
    let count = |number| text::number(number, lang);
    let signed = format!(
        "{}: {} {}, {} {} ({})",
        lang.pick("Sổ ghi của máy chủ", "The server's journal"),
        count(witnessed.entries),
        lang.pick("mục", "entries"),
        lang.pick("máy chủ ký lúc", "signed"),
        text::moment(witnessed.signed_at_ms, lang),
        witnessed.kid
    );
    say(screen, &signed)?;
    if witnessed.alarms() {
        return alarm(field, &witnessed, lang, screen);
    }
    let said = match witnessed.before {
        None => {
            lang.pick("Từ nay thiết bị này giữ sổ ghi để đối chiếu.", "From now on this device keeps it.").to_owned()
        }
        Some(before) => format!(
            "{} ({} {}).",
            lang.pick("Sổ ghi nối tiếp đúng phần thiết bị này đã giữ", "It continues what this device had kept"),
            count(before),
            lang.pick("mục", "entries")
        ),
    };
    say(screen, &said)
}

/// Says what is wrong with the server, and what of it is not mended yet.
pub(super) fn alarm(field: &Field, witnessed: &Witnessed, lang: Lang, screen: Screen<'_>) -> Result<(), FieldError> {
    if let Some(found) = &witnessed.found {
        say(screen, &headline(found, lang))?;
        say(screen, &particulars(found, lang))?;
        if found.decisions > 0 {
            let decisions = text::number(found.decisions as u64, lang);
            let what = lang.pick(
                "quyết định về dữ liệu chờ xét không còn trên máy chủ",
                "decisions about the quarantine are gone from the server",
            );
            say(screen, &format!("{decisions} {what}"))?;
        }
    }
    if !witnessed.missing.is_empty() {
        let what = lang.pick(
            "Máy chủ từng xác nhận các lô dưới đây và nay chưa có lại",
            "Batches the server once had and does not have again",
        );
        say(screen, &format!("{what}: {}", text::number(witnessed.missing.len() as u64, lang)))?;
        for lost in witnessed.missing.iter().take(LISTED) {
            say(screen, &line(field, lost, lang))?;
        }
    }
    say(
        screen,
        lang.pick(
            "Hai bản xác nhận có chữ ký của máy chủ đã được giữ lại; xuất ra bằng `banlang field witness --export TỆP`.",
            "Both statements the server signed are kept; `banlang field witness --export FILE` writes them out.",
        ),
    )
}

fn headline(found: &Evidence, lang: Lang) -> String {
    let entries = text::number(found.common, lang);
    if found.kind == "put_back" {
        let (vi, en) = (
            "CẢNH BÁO: máy chủ đã quay về trạng thái cũ, sau mục",
            "WARNING: the server went back to an older state, after entry",
        );
        return format!("{} {entries}", lang.pick(vi, en));
    }
    let (vi, en) = (
        "CẢNH BÁO: lịch sử trên máy chủ đã bị sửa, sau mục",
        "WARNING: the server's history was rewritten, after entry",
    );
    format!("{} {entries}", lang.pick(vi, en))
}

fn particulars(found: &Evidence, lang: Lang) -> String {
    let count = |number: usize| text::number(number as u64, lang);
    format!(
        "{} {}, {} {}; {} {}, {} {}",
        lang.pick("trước đây ký", "signed before:"),
        count(usize::try_from(found.earlier.entries).unwrap_or(usize::MAX)),
        lang.pick("mục, nay ký", "entries, now"),
        count(usize::try_from(found.present.entries).unwrap_or(usize::MAX)),
        lang.pick("lô đã có lại:", "batches back:"),
        count(found.back),
        lang.pick("lô còn thiếu:", "missing:"),
        count(found.missing.len())
    )
}

fn line(field: &Field, lost: &Lost, lang: Lang) -> String {
    let area = field.reference().area_name(lost.area);
    let place =
        format!("{} {}, {} {}", lang.pick("lô", "batch"), lost.seq, lang.pick("thiết bị", "device"), lost.device);
    let stood = match lost.position.as_str() {
        "chained" => "",
        "waiting" => lang.pick(" (đang chờ lô trước)", " (waited for an earlier one)"),
        _ => lang.pick(" (nhánh khác, chờ xét)", " (forked, in quarantine)"),
    };
    let replaced = match lost.replaced_by {
        Some(_) => lang.pick("; bị thay bằng lô khác", "; another one is in its place"),
        None => "",
    };
    format!("  {} {area}: {place}{stood}{replaced}", lost.area)
}

pub(super) async fn export(field: &mut Field, path: &Path, lang: Lang, screen: Screen<'_>) -> Result<(), FieldError> {
    let testimony = field.testimony().await?;
    let text = serde_json::to_string_pretty(&testimony).map_err(|error| FieldError::Answer(error.to_string()))?;
    write_whole(path, text.as_bytes())?;
    let what = format!(
        "{} {}, {} {}",
        text::number(testimony.checkpoints.len() as u64, lang),
        lang.pick("điểm đối chiếu", "checkpoints"),
        text::number(testimony.findings.len() as u64, lang),
        lang.pick("phát hiện", "findings")
    );
    say(screen, &format!("{}: {what}", path.display()))
}
