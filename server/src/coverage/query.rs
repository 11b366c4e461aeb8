//! What a caller asks of coverage, read from parameters; each error names the parameter and what is accepted.

use serde::Deserialize;
use sync_core::id::{AreaId, UnixMs};
use utoipa::IntoParams;

use super::calendar::{Bucket, Calendar, local_day, parse_day, parse_month};
use crate::problem::{Problem, QUERY};
use crate::reference::Catalogue;

/// The longest range one request may ask for.
const MAX_DAYS: i64 = 366 * 10;
/// The most periods one request may ask for.
const MAX_PERIODS: usize = 120;

/// Parameters of coverage and totals.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RangeParams {
    /// Generation of units: 2023, 2024 or 2025; the newest unless given.
    #[param(value_type = Option<u16>)]
    pub generation: Option<String>,
    /// One unit, as `2025-06841` or as a code of the generation; every unit in scope unless given.
    #[param(inline, value_type = Option<crate::openapi::Unit>)]
    pub unit: Option<String>,
    /// First day (`yyyy-mm-dd`) or reporting month (`yyyy-mm`); the first of this reporting year unless given.
    #[param(inline, value_type = Option<crate::openapi::DayOrMonth>)]
    pub from: Option<String>,
    /// Last day (`yyyy-mm-dd`) or reporting month (`yyyy-mm`), included; today unless given.
    #[param(inline, value_type = Option<crate::openapi::DayOrMonth>)]
    pub to: Option<String>,
    /// `month`, `quarter` or `year`; `month` unless given.
    #[param(pattern = "^(month|quarter|year)$")]
    pub bucket: Option<String>,
    /// Only sessions on this topic. Of several filters a session counts that passes all.
    #[param(pattern = r"^[^\x00]*$")]
    pub topic: Option<String>,
    /// Only sessions held in this language.
    #[param(pattern = r"^[^\x00]*$")]
    pub language: Option<String>,
    /// Only sessions of this format.
    #[param(pattern = r"^[^\x00]*$")]
    pub format: Option<String>,
    /// Only sessions recorded by people who were at this post on that day.
    #[param(pattern = r"^[^\x00]*$")]
    pub post: Option<String>,
}

/// Parameters of the trend and of the map, which have no periods to choose.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SpanParams {
    /// Generation of units: 2023, 2024 or 2025; the newest unless given.
    #[param(value_type = Option<u16>)]
    pub generation: Option<String>,
    /// One unit, as `2025-06841` or as a code of the generation; every unit in scope unless given.
    #[param(inline, value_type = Option<crate::openapi::Unit>)]
    pub unit: Option<String>,
    /// First day (`yyyy-mm-dd`) or reporting month (`yyyy-mm`); the first of this reporting year unless given.
    #[param(inline, value_type = Option<crate::openapi::DayOrMonth>)]
    pub from: Option<String>,
    /// Last day (`yyyy-mm-dd`) or reporting month (`yyyy-mm`), included; today unless given.
    #[param(inline, value_type = Option<crate::openapi::DayOrMonth>)]
    pub to: Option<String>,
    /// Only sessions on this topic. Of several filters a session counts that passes all.
    #[param(pattern = r"^[^\x00]*$")]
    pub topic: Option<String>,
    /// Only sessions held in this language.
    #[param(pattern = r"^[^\x00]*$")]
    pub language: Option<String>,
    /// Only sessions of this format.
    #[param(pattern = r"^[^\x00]*$")]
    pub format: Option<String>,
    /// Only sessions recorded by people who were at this post on that day.
    #[param(pattern = r"^[^\x00]*$")]
    pub post: Option<String>,
}

impl From<SpanParams> for RangeParams {
    fn from(params: SpanParams) -> Self {
        let SpanParams { generation, unit, from, to, topic, language, format, post } = params;
        Self { generation, unit, from, to, bucket: None, topic, language, format, post }
    }
}

/// Parameters of the list of villages not reached.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UnreachedParams {
    /// A village is listed when no session was held there for at least so many days: 1 to 3660; what the
    /// settings say, 90 at first, unless given.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 3660)]
    pub days: Option<String>,
    /// Generation of units; the newest unless given.
    #[param(value_type = Option<u16>)]
    pub generation: Option<String>,
    /// One unit, as `2025-06841` or as a code of the generation.
    #[param(inline, value_type = Option<crate::openapi::Unit>)]
    pub unit: Option<String>,
    /// The day from which is counted back, `yyyy-mm-dd`; today unless given.
    #[param(inline, value_type = Option<crate::openapi::Day>)]
    pub on: Option<String>,
}

/// A checked range.
#[derive(Debug, Clone)]
pub struct Range {
    /// The generation in whose units is reported.
    pub generation: u16,
    /// The unit asked for.
    pub unit: Option<u32>,
    /// The first day.
    pub from: i64,
    /// The last day.
    pub to: i64,
    /// The length of a period.
    pub bucket: Bucket,
    /// Today.
    pub today: i64,
    /// Now.
    pub now: UnixMs,
}

/// A refusal that names the parameter.
pub(crate) fn refuse(field: &str, got: &str, accepted: impl Into<String>) -> Problem {
    let got: String = got.chars().take(60).collect();
    QUERY.problem().field(field).detail(format!("{got:?} is not accepted")).accepted(accepted)
}

impl RangeParams {
    /// The range asked for.
    ///
    /// # Errors
    /// A problem that names the parameter.
    pub fn read(&self, catalogue: &Catalogue, calendar: Calendar, now: UnixMs) -> Result<Range, Problem> {
        const ACCEPTED: &str = "a day yyyy-mm-dd or a reporting month yyyy-mm, from 2000 to 2099";
        let (generation, unit) = generation_and_unit(catalogue, self.generation.as_deref(), self.unit.as_deref())?;
        let today = local_day(now.0);
        let from = match self.from.as_deref() {
            None => {
                let this_month = calendar.month_of(today).0;
                calendar.first_day(super::calendar::ReportMonth(this_month - this_month.rem_euclid(12)))
            }
            Some(text) => parse_day(text)
                .or_else(|| parse_month(text).map(|month| calendar.first_day(month)))
                .ok_or_else(|| refuse("from", text, ACCEPTED))?,
        };
        let to = match self.to.as_deref() {
            None => today.max(from),
            Some(text) => parse_day(text)
                .or_else(|| parse_month(text).map(|month| calendar.last_day(month)))
                .ok_or_else(|| refuse("to", text, ACCEPTED))?,
        };
        let given = self.to.as_deref().unwrap_or_default();
        if to < from {
            return Err(refuse("to", given, "a day that is not before from"));
        }
        if to - from >= MAX_DAYS {
            return Err(refuse("to", given, "at most ten years after from"));
        }
        let bucket = match self.bucket.as_deref() {
            None => Bucket::Month,
            Some(text) => Bucket::parse(text).ok_or_else(|| refuse("bucket", text, Bucket::ACCEPTED))?,
        };
        if calendar.periods(from, to, bucket).len() > MAX_PERIODS {
            let accepted = format!("{}, so that there are at most {MAX_PERIODS} periods", Bucket::ACCEPTED);
            return Err(refuse("bucket", self.bucket.as_deref().unwrap_or("month"), accepted));
        }
        Ok(Range { generation, unit, from, to, bucket, today, now })
    }
}

impl UnreachedParams {
    /// The number of days, `usual` unless given, the day counted from, and the units.
    ///
    /// # Errors
    /// A problem that names the parameter.
    pub fn read(&self, catalogue: &Catalogue, usual: u16, now: UnixMs) -> Result<(i64, Range), Problem> {
        let (generation, unit) = generation_and_unit(catalogue, self.generation.as_deref(), self.unit.as_deref())?;
        let days = match self.days.as_deref() {
            None => usual.into(),
            Some(text) => text
                .parse()
                .ok()
                .filter(|days| (1..=MAX_DAYS).contains(days))
                .ok_or_else(|| refuse("days", text, "a whole number from 1 to 3660"))?,
        };
        let today = local_day(now.0);
        let on = match self.on.as_deref() {
            None => today,
            Some(text) => parse_day(text).ok_or_else(|| refuse("on", text, "a day yyyy-mm-dd from 2000 to 2099"))?,
        };
        Ok((days, Range { generation, unit, from: on, to: on, bucket: Bucket::Month, today, now }))
    }
}

/// The generation asked for, and the code of the unit in it.
pub(crate) fn generation_and_unit(
    catalogue: &Catalogue,
    generation: Option<&str>,
    unit: Option<&str>,
) -> Result<(u16, Option<u32>), Problem> {
    let generations = catalogue.generations();
    let known = || generations.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
    let asked = match generation {
        None => None,
        Some(text) => Some(
            text.parse::<u16>()
                .ok()
                .filter(|generation| generations.contains(generation))
                .ok_or_else(|| refuse("generation", text, format!("one of {}", known())))?,
        ),
    };
    let newest = catalogue.newest_generation().unwrap_or_default();
    let Some(text) = unit else { return Ok((asked.unwrap_or(newest), None)) };
    let area = text.parse::<AreaId>().ok().or_else(|| {
        let code = (text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok());
        Some(AreaId { generation: asked.unwrap_or(newest), code: code.flatten()? })
    });
    let same = |area: &AreaId| asked.is_none_or(|asked| asked == area.generation) && catalogue.unit(*area).is_some();
    let area = area.filter(same).ok_or_else(|| {
        let accepted = "a unit of the generation, as generation-code (2025-06841) or its five digits (06841)";
        refuse("unit", text, accepted)
    })?;
    Ok((area.generation, Some(area.code)))
}
