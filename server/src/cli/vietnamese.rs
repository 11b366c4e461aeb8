//! The command line in Vietnamese: help texts of every command and argument, the furniture of help pages, and what is
//! wrong with a line. clap speaks English alone; this is the one place that translates it.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

use super::vietnamese_texts::{ACCEPTED, ARGUMENTS, COMMANDS, FURNITURE, VALUE_NAMES};

/// The command line with its help in Vietnamese.
pub(super) fn translated(command: Command) -> Command {
    translate(command, "")
}

/// `path` names the command without the program: `field show`.
fn translate(command: Command, path: &str) -> Command {
    let about = about(path).unwrap_or_default();
    let command = match about {
        "" => command,
        about => command.about(about).long_about(None::<&str>),
    };
    let of = path.to_owned();
    let command = command.mut_args(move |arg| argument(arg, &of));
    let below: Vec<_> = command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    below.into_iter().fold(command, |command, below| {
        let inner = if path.is_empty() { below.clone() } else { format!("{path} {below}") };
        command.mut_subcommand(below, |found| translate(found, &inner))
    })
}

fn argument(arg: Arg, path: &str) -> Arg {
    let Some(help) = help(path, arg.get_id().as_str()) else { return arg };
    let shown = arg.get_value_names().and_then(|names| names.first()).map(|name| name.as_str().to_owned());
    let shown = shown.unwrap_or_else(|| arg.get_id().as_str().to_uppercase());
    let name = VALUE_NAMES.iter().find(|(en, _)| *en == shown).map(|(_, vi)| *vi);
    let takes_value = arg.is_positional() || arg.get_action().takes_values();
    let arg = arg.help(help).long_help(None::<&str>);
    // What a list of values means stands in the text.
    let arg = if takes_value { arg.hide_possible_values(true) } else { arg };
    match name.filter(|_| takes_value) {
        Some(name) => arg.value_name(name),
        None => arg,
    }
}

fn about(path: &str) -> Option<&'static str> {
    COMMANDS.iter().find(|(of, _)| *of == path).map(|(_, vi)| *vi)
}

/// The text of an argument: of this command, else of every command that has one of this name.
fn help(path: &str, id: &str) -> Option<&'static str> {
    let of = |wanted: &str| ARGUMENTS.iter().find(|(of, name, _)| *of == wanted && *name == id).map(|(_, _, vi)| *vi);
    of(path).or_else(|| of("*"))
}

/// A help page whose headings and remarks are Vietnamese too.
pub(super) fn page(rendered: &str) -> String {
    FURNITURE.iter().fold(rendered.to_owned(), |text, (en, vi)| text.replace(en, vi))
}

/// What is wrong with the line, and where to read on.
pub(super) fn explain(error: &clap::Error) -> String {
    let arg = texts(error, ContextKind::InvalidArg).join(", ");
    let value = texts(error, ContextKind::InvalidValue).join(" ");
    let what = match error.kind() {
        ErrorKind::UnknownArgument => with_suggestion(error, format!("không có tùy chọn “{arg}”")),
        ErrorKind::InvalidSubcommand => {
            let name = texts(error, ContextKind::InvalidSubcommand).join(" ");
            with_suggestion(error, format!("không có lệnh “{name}”"))
        }
        ErrorKind::MissingRequiredArgument => format!("thiếu {arg}"),
        ErrorKind::MissingSubcommand => "thiếu lệnh".to_owned(),
        ErrorKind::InvalidValue if value.is_empty() => format!("{arg}: chưa có giá trị{}", accepted(error, &arg)),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            format!("{arg}: “{value}” chưa đúng{}", accepted(error, &arg))
        }
        ErrorKind::ArgumentConflict => {
            let prior = texts(error, ContextKind::PriorArg).join(", ");
            if prior.is_empty() || prior == arg {
                format!("{arg}: chỉ ghi một lần")
            } else {
                format!("không dùng {arg} cùng với {prior}")
            }
        }
        ErrorKind::TooManyValues | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            format!("{arg}: số giá trị không đúng")
        }
        ErrorKind::InvalidUtf8 => "có phần không phải chữ UTF-8".to_owned(),
        _ => error.to_string(),
    };
    let usage = match error.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(usage)) => format!("\n\n{}", page(&usage.to_string())),
        _ => String::new(),
    };
    format!("Lỗi: {what}{usage}\n\nThêm --help để xem hướng dẫn.")
}

fn texts(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    }
}

fn with_suggestion(error: &clap::Error, what: String) -> String {
    let kinds = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand];
    let near: Vec<_> = kinds.into_iter().flat_map(|kind| texts(error, kind)).collect();
    if near.is_empty() { what } else { format!("{what}; có phải {}?", near.join(", ")) }
}

/// What the argument takes: its list of values, or what the table says of its name.
fn accepted(error: &clap::Error, arg: &str) -> String {
    let values = texts(error, ContextKind::ValidValue);
    if !values.is_empty() {
        return format!("; hãy nhập một trong: {}", values.join(", "));
    }
    let name = arg.split_whitespace().next().unwrap_or_default();
    let known = ACCEPTED.iter().find(|(of, _)| *of == name).map(|(_, vi)| (*vi).to_owned());
    let said = known.or_else(|| std::error::Error::source(error).map(ToString::to_string));
    said.map_or_else(String::new, |said| format!("; hãy nhập: {said}"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    fn walk(command: &Command, path: &str, missing: &mut Vec<String>) {
        if about(path).is_none() {
            missing.push(format!("command {path:?}"));
        }
        for arg in command.get_arguments().filter(|arg| !matches!(arg.get_id().as_str(), "help" | "version")) {
            if help(path, arg.get_id().as_str()).is_none() {
                missing.push(format!("{path:?} {}", arg.get_id()));
            }
        }
        for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
            let name = below.get_name();
            walk(below, &if path.is_empty() { name.to_owned() } else { format!("{path} {name}") }, missing);
        }
    }

    #[test]
    fn every_command_and_argument_has_its_vietnamese_text() {
        let mut missing = Vec::new();
        walk(&Cli::command(), "", &mut missing);
        assert_eq!(missing, Vec::<String>::new());
        translated(Cli::command()).debug_assert();
    }

    #[test]
    fn help_pages_hold_no_english_heading() {
        let mut command = translated(Cli::command());
        for path in [&["banlang", "--help"][..], &["banlang", "field", "record", "--help"], &["banlang", "user", "-h"]]
        {
            let error = command.try_get_matches_from_mut(path).expect_err("help");
            let page = page(&error.render().to_string());
            for english in ["Usage:", "Options:", "Arguments:", "Commands:", "[OPTIONS]", "Print help", "[default"] {
                assert!(!page.contains(english), "{english}: {page}");
            }
            assert!(page.contains("Cách dùng:"), "{page}");
        }
    }

    #[test]
    fn a_line_that_is_refused_says_why_and_what_is_accepted() {
        let mut command = translated(Cli::command());
        for (line, said) in [
            ("field enrol --server http://127.0.0.1:1", "thiếu --code <XXXX-XXXX-XX>"),
            ("field void 1", "thiếu --reason <NỘI DUNG>"),
            ("field list --limt 3", "không có tùy chọn “--limt”; có phải --limit?"),
            ("field lst", "không có lệnh “lst”; có phải list"),
            ("field list --limit abc", "--limit <SỐ>: “abc” chưa đúng; hãy nhập: số nguyên, từ 0"),
            ("user add x --name X --role chief", "“chief” chưa đúng; hãy nhập: guard (chiến sĩ biên phòng)"),
            ("user add x --name X --role guard --area 6841", "“6841” chưa đúng; hãy nhập: năm và mã"),
            ("reference import --kind house x.csv", "“house” chưa đúng; hãy nhập một trong: units, villages"),
            ("device revoke zz --reason x", "“zz” chưa đúng; hãy nhập: 16 chữ số thập lục phân"),
            ("--lang fr config", "“fr” chưa đúng; hãy nhập một trong: vi, en"),
            ("backup x --mark", "không dùng"),
        ] {
            let words = std::iter::once("banlang").chain(line.split(' '));
            let error = command.try_get_matches_from_mut(words).expect_err(line);
            let text = explain(&error);
            assert!(text.contains(said), "{line}: {text}");
            for english in ["error:", "Usage:", "required", "invalid", "For more"] {
                assert!(!text.contains(english), "{english}: {text}");
            }
        }
    }
}
