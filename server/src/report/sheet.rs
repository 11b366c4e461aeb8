//! The report as a sheet that can be printed, signed and sent on: A4 portrait, numbers as numbers.

use rust_xlsxwriter::{DocProperties, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError};

use super::PeriodReport;
use super::figures::Group;
use super::period::written;
use super::words::Language;
use crate::coverage::calendar::{day_text, local_day};

/// The sheet could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the sheet could not be written: {0}")]
pub struct SheetError(#[from] XlsxError);

/// The typeface of official papers.
const FONT: &str = "Times New Roman";
/// Widths of the columns in characters: number, what, unit, three periods, two differences.
const WIDTHS: [f64; 8] = [5.0, 46.0, 11.0, 12.5, 12.5, 12.5, 12.5, 12.5];
const LAST: u16 = WIDTHS.len() as u16 - 1;
const A4: u8 = 9;
/// A value that is not known.
const UNKNOWN: &str = "…";

/// An XLSX file of the report. `issuer` is whoever issues it, as it stands at the head; it may be empty.
///
/// # Errors
/// [`SheetError`], in practice never.
pub fn workbook(report: &PeriodReport, issuer: &str, language: Language) -> Result<Vec<u8>, SheetError> {
    let mut book = Workbook::new();
    let title = language.pick(TITLE.0, TITLE.1);
    book.set_properties(
        &DocProperties::new().set_title(title).set_subject(report.name.get(language)).set_author(issuer),
    );
    let sheet = book.add_worksheet();
    sheet.set_name(language.pick("Báo cáo", "Report"))?;
    let mut page = Page { sheet, row: 0, report, language };
    page.set_up()?;
    page.head(issuer)?;
    page.table()?;
    page.completeness()?;
    page.needs_choice()?;
    page.notes()?;
    page.signatures()?;
    Ok(book.save_to_buffer()?)
}

const TITLE: (&str, &str) =
    ("BÁO CÁO KẾT QUẢ TUYÊN TRUYỀN PHÒNG, CHỐNG MUA BÁN NGƯỜI", "REPORT ON OUTREACH AGAINST HUMAN TRAFFICKING");

/// The sheet and the row that comes next.
struct Page<'a> {
    sheet: &'a mut Worksheet,
    row: u32,
    report: &'a PeriodReport,
    language: Language,
}

fn text() -> Format {
    Format::new().set_font_name(FONT).set_font_size(12).set_align(FormatAlign::VerticalCenter)
}

fn centred() -> Format {
    text().set_align(FormatAlign::Center)
}

fn cell() -> Format {
    text().set_border(FormatBorder::Thin).set_text_wrap()
}

/// A whole number with dots between thousands, whatever the machine's own habit; `signed` with its sign. The format is made
/// for the number's length: a format that fits all lengths would leave the dots to the machine.
fn number(value: i64, signed: bool) -> Format {
    let digits = match value.unsigned_abs() {
        0..1_000 => "0",
        1_000..1_000_000 => r"0\.000",
        1_000_000..1_000_000_000 => r"0\.000\.000",
        _ => r"0\.000\.000\.000",
    };
    let format = if signed { format!("+{digits};-{digits};0") } else { format!("{digits};-{digits}") };
    cell().set_num_format(format).set_align(FormatAlign::Right)
}

/// The number as people write it, in running text.
fn dotted(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut shown = String::from(if value < 0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push('.');
        }
        shown.push(digit);
    }
    shown
}

impl Page<'_> {
    fn set_up(&mut self) -> Result<(), XlsxError> {
        for (column, width) in (0..).zip(WIDTHS) {
            self.sheet.set_column_width(column, width)?;
        }
        self.sheet.set_paper_size(A4).set_portrait().set_print_fit_to_pages(1, 0);
        self.sheet.set_margins(0.8, 0.5, 0.7, 0.7, 0.3, 0.3).set_screen_gridlines(false);
        self.sheet.set_footer("&C&\"Times New Roman\"&10&P/&N");
        Ok(())
    }

    /// A line of text over some columns.
    fn line(&mut self, columns: (u16, u16), words: &str, format: &Format) -> Result<(), XlsxError> {
        self.sheet.merge_range(self.row, columns.0, self.row, columns.1, words, format)?;
        Ok(())
    }

    /// A line of text over the whole width, then the next row.
    fn wide(&mut self, words: &str, format: &Format, height: f64) -> Result<(), XlsxError> {
        self.line((0, LAST), words, format)?;
        self.sheet.set_row_height(self.row, height)?;
        self.row += 1;
        Ok(())
    }

    fn head(&mut self, issuer: &str) -> Result<(), XlsxError> {
        let report = self.report;
        let today = written(&day_text(local_day(report.made_at_ms.0)));
        if self.language == Language::Vi {
            self.line((0, 2), &issuer.to_uppercase(), &centred().set_bold().set_text_wrap())?;
            self.line((3, LAST), "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", &centred().set_bold())?;
            self.row += 1;
            self.line((3, LAST), "Độc lập - Tự do - Hạnh phúc", &centred().set_bold())?;
        } else {
            self.line((0, 2), issuer, &centred().set_bold().set_text_wrap())?;
        }
        self.row += 1;
        let made = format!("{} {today}", self.language.pick("Ngày lập:", "Made on"));
        self.line((3, LAST), &made, &centred().set_italic())?;
        self.row += 2;
        self.wide(self.language.pick(TITLE.0, TITLE.1), &centred().set_bold().set_font_size(14), 22.0)?;
        self.wide(report.name.get(self.language), &centred().set_bold().set_font_size(13), 19.0)?;
        let unit = format!("{} {}", self.language.pick("Đơn vị:", "Unit:"), report.unit_name);
        self.wide(&unit, &centred().set_text_wrap(), 18.0)?;
        let days = self.days();
        self.wide(&days, &centred().set_italic(), 18.0)?;
        let (sessions, attendances) = (report.now("results.sessions"), report.now("results.attendances"));
        let headline = match self.language {
            Language::Vi => format!("{} buổi / {} lượt người", dotted(sessions), dotted(attendances)),
            Language::En => format!("{} sessions / {} attendances", dotted(sessions), dotted(attendances)),
        };
        self.wide(&headline, &centred().set_bold().set_font_size(16), 28.0)?;
        self.row += 1;
        Ok(())
    }

    fn days(&self) -> String {
        let (from, to) = (written(&self.report.from), written(&self.report.to));
        let standing = match (self.report.ended, self.language) {
            (true, Language::Vi) => "kỳ đã kết thúc",
            (true, Language::En) => "the period is over",
            (false, Language::Vi) => "số liệu sơ bộ, kỳ chưa kết thúc",
            (false, Language::En) => "provisional, the period is not over",
        };
        match (self.report.closing_day, self.language) {
            (0, Language::Vi) => format!("Từ {from} đến {to}; tháng dương lịch; {standing}"),
            (0, Language::En) => format!("{from} to {to}; calendar months; {standing}"),
            (day, Language::Vi) => format!("Từ {from} đến {to}; chốt số liệu ngày {day} hằng tháng; {standing}"),
            (day, Language::En) => format!("{from} to {to}; months close on day {day}; {standing}"),
        }
    }

    fn table(&mut self) -> Result<(), XlsxError> {
        let headings = match self.language {
            Language::Vi => [
                "TT",
                "Chỉ tiêu",
                "Đơn vị tính",
                "Kỳ báo cáo",
                "Kỳ trước",
                "Cùng kỳ năm trước",
                "Tăng, giảm so với kỳ trước",
                "Tăng, giảm so với cùng kỳ",
            ],
            Language::En => [
                "No.",
                "Figure",
                "Unit",
                "This period",
                "Period before",
                "Same period last year",
                "Against the period before",
                "Against last year",
            ],
        };
        let heading = cell().set_bold().set_align(FormatAlign::Center).set_background_color(0x00E7_EDF2);
        for (column, words) in (0..).zip(headings) {
            self.sheet.write_string_with_format(self.row, column, words, &heading)?;
        }
        self.sheet.set_row_height(self.row, 50.0)?;
        self.sheet.set_repeat_rows(self.row, self.row)?;
        self.row += 1;
        let (mut group, mut numbered, mut groups) = (None::<Group>, 0, 0);
        let report = self.report;
        for figure in &report.figures {
            if group != Some(figure.group) {
                (group, numbered, groups) = (Some(figure.group), 0, groups + 1);
                let bold = cell().set_bold().set_background_color(0x00F4_F6F8);
                let number = roman(groups);
                self.sheet.write_string_with_format(
                    self.row,
                    0,
                    number,
                    &bold.clone().set_align(FormatAlign::Center),
                )?;
                self.line((1, LAST), figure.group.heading().get(self.language), &bold)?;
                self.row += 1;
            }
            numbered += 1;
            self.sheet.write_number_with_format(self.row, 0, numbered, &cell().set_align(FormatAlign::Center))?;
            self.sheet.write_string_with_format(self.row, 1, figure.label.get(self.language), &cell())?;
            let unit = cell().set_align(FormatAlign::Center);
            self.sheet.write_string_with_format(self.row, 2, figure.unit.get(self.language), &unit)?;
            let less = |other: Option<i64>| Some(figure.now? - other?);
            for (column, value, signed) in [
                (3, figure.now, false),
                (4, figure.before, false),
                (5, figure.year_before, false),
                (6, less(figure.before), true),
                (7, less(figure.year_before), true),
            ] {
                self.value(column, value, signed)?;
            }
            self.row += 1;
        }
        self.row += 1;
        Ok(())
    }

    fn value(&mut self, column: u16, value: Option<i64>, signed: bool) -> Result<(), XlsxError> {
        match value {
            // Exact: counts are far below 2^53.
            Some(value) => {
                self.sheet.write_number_with_format(self.row, column, value as f64, &number(value, signed))?
            }
            None => {
                let unknown = cell().set_align(FormatAlign::Right);
                self.sheet.write_string_with_format(self.row, column, UNKNOWN, &unknown)?
            }
        };
        Ok(())
    }

    fn heading(&mut self, vi: &str, en: &str) -> Result<(), XlsxError> {
        let words = self.language.pick(vi, en).to_owned();
        self.wide(&words, &text().set_bold(), 18.0)
    }

    fn completeness(&mut self) -> Result<(), XlsxError> {
        self.heading("Mức độ đầy đủ của số liệu", "How complete the figures are")?;
        let of = &self.report.completeness;
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let lines = [
            ("Số thôn, bản, khu trên địa bàn", "Villages", count(of.villages)),
            ("Số thôn, bản, khu đã được tuyên truyền trong kỳ", "Villages reached in the period", count(of.reached)),
            ("Số buổi đã được cán bộ xác nhận", "Sessions confirmed by an officer", of.confirmed_sessions),
            (
                "Số thôn, bản, khu chưa có số liệu vì còn thiết bị chưa gửi hết",
                "Villages of which a device may still hold a session",
                count(of.unheard_villages),
            ),
            (
                "Số thiết bị chưa gửi hết số liệu của kỳ",
                "Devices that have not brought everything",
                count(of.unheard_devices),
            ),
            ("Số thay đổi đã đến, còn chờ phần liên quan", "Changes that wait for others", of.waiting_changes),
            ("Số thay đổi trong khu vực chờ xét", "Changes in quarantine", of.quarantined),
            ("Số cặp buổi nghi trùng chưa xem xét", "Possible duplicates nobody has looked at", of.open_duplicates),
        ];
        for (vi, en, value) in lines {
            self.line((0, 2), self.language.pick(vi, en), &cell())?;
            self.value(3, Some(value), false)?;
            self.row += 1;
        }
        self.row += 1;
        Ok(())
    }

    fn needs_choice(&mut self) -> Result<(), XlsxError> {
        if self.report.needs_choice.is_empty() {
            return Ok(());
        }
        self.heading(
            "Ghi theo đơn vị cũ đã chia tách, cần chọn đơn vị mới",
            "Recorded in a unit that was split: a new unit must be chosen",
        )?;
        let report = self.report;
        for row in &report.needs_choice {
            let place = row.village.as_deref().map_or_else(|| row.name.clone(), |id| format!("{} ({id})", row.name));
            self.line((0, 2), &place, &cell())?;
            self.value(3, Some(row.totals.sums.sessions), false)?;
            self.value(4, Some(row.totals.sums.attendances), false)?;
            let counted_in = self.language.pick("buổi; lượt người", "sessions; attendances");
            self.line((5, 6), counted_in, &cell())?;
            self.row += 1;
        }
        self.row += 1;
        Ok(())
    }

    fn notes(&mut self) -> Result<(), XlsxError> {
        let words = self.language.pick(
            "Ghi chú: Lượt người là số lượt người nghe, không phải số người khác nhau. Một buổi có nhiều nội dung, ngôn \
             ngữ hoặc khó khăn được tính ở từng dòng. Bài đăng trên mạng xã hội, tin, bài và phát thanh không cộng vào \
             lượt người. Dấu … là chưa có số liệu.",
            "Notes: attendances are head counts, not different people. A session with several topics, languages or \
             difficulties counts in each line. Posts, news items, articles and broadcasts are not added to \
             attendances. … means that nothing is on file.",
        );
        self.wide(words, &text().set_italic().set_text_wrap().set_font_size(11), 48.0)?;
        self.row += 1;
        Ok(())
    }

    fn signatures(&mut self) -> Result<(), XlsxError> {
        let (left, right) = match self.language {
            Language::Vi => ("NGƯỜI LẬP BIỂU", "THỦ TRƯỞNG ĐƠN VỊ"),
            Language::En => ("PREPARED BY", "HEAD OF UNIT"),
        };
        self.line((0, 2), left, &centred().set_bold())?;
        self.line((3, LAST), right, &centred().set_bold())?;
        self.row += 1;
        let (left, right) = match self.language {
            Language::Vi => ("(Ký, ghi rõ họ tên)", "(Ký, ghi rõ họ tên, đóng dấu)"),
            Language::En => ("(signature, full name)", "(signature, full name, seal)"),
        };
        self.line((0, 2), left, &centred().set_italic())?;
        self.line((3, LAST), right, &centred().set_italic())?;
        Ok(())
    }
}

/// A number of a heading, 1 to 20.
fn roman(number: usize) -> &'static str {
    const NUMBERS: [&str; 20] = [
        "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV", "XV", "XVI", "XVII",
        "XVIII", "XIX", "XX",
    ];
    NUMBERS.get(number.wrapping_sub(1)).copied().unwrap_or_default()
}
