//! What an administrator sets for headquarters while the server runs: kept in the database, so that every process and
//! every restart has it. What concerns one process (addresses, limits, paths) stays in [`crate::config`].
//!
//! The closing day stands in both: the configuration's is the first default, and gives way to what was set here.

mod basemap;
pub mod route;
mod store;
#[cfg(test)]
mod tests;

pub use basemap::Basemap;
pub(crate) use basemap::origin_of;
pub(crate) use store::closing_day;
pub use store::read;

/// The settings in force.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[schema(as = Settings)]
pub struct Settings {
    /// Day of the month on which the month of reports closes; 0 is the calendar month.
    pub closing_day: u8,
    /// After how many days without a check a panel is overdue.
    pub panel_check_days: u16,
    /// After how many days without a session a village is listed as not reached, unless a question says otherwise.
    pub unreached_days: u16,
    /// In exports that leave the province, breakdowns from 1 to below this are suppressed.
    pub small_count: u16,
    /// The style of the map's background; without it the map shows units and villages alone.
    pub basemap_style_url: Option<String>,
    /// Who issues the reports, as it stands at their head; empty: nobody is named.
    pub report_issuer: String,
}

/// Days after which a panel is overdue, unless set.
pub const PANEL_CHECK_DAYS: u16 = 180;
/// Days after which a village counts as not reached, unless set.
pub const UNREACHED_DAYS: u16 = 90;
/// The least count that is shown in exports that leave the province; never less.
pub const SMALL_COUNT: u16 = 5;
