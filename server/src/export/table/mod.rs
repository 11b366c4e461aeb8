//! What each kind of file holds.

mod coverage;
mod material;
mod panels;
mod report;
mod sessions;
mod totals;
mod unreached;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use sync_core::id::UnixMs;

use super::cell::Row;
use super::route::What;
use crate::auth::Scope;
use crate::cli::Lang;
use crate::db::Tx;
use crate::problem::{FIELD, Problem};
use crate::reference::Catalogue;

/// Which format fits which list.
const FORMATS: &str = "csv or xlsx; geojson for coverage and panels, sheet for the report";

/// What is asked for, and for whom.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) what: What,
    pub(super) lang: Lang,
    pub(super) leaves_province: bool,
    /// The parameters of the list, as its address takes them.
    pub(super) filter: BTreeMap<String, String>,
    pub(super) scope: Scope,
    pub(super) now: UnixMs,
    /// Breakdowns below it are small.
    pub(super) threshold: i64,
}

impl Asked {
    /// The filter as the list's own parameters.
    fn params<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.filter).finish();
        let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text.as_bytes()));
        T::deserialize(pairs).map_err(|error| FIELD.problem().field("filter").detail(error.to_string()))
    }
}

/// A table: headings, rows, and what is told of it.
pub(super) struct Table {
    /// What it is called, in the language asked for.
    pub(super) title: String,
    pub(super) headings: Vec<String>,
    pub(super) rows: Rows,
}

/// Where the rows come from.
pub(super) enum Rows {
    /// What was read already, row by row.
    Read(Box<dyn Iterator<Item = Row> + Send>),
    /// Sessions, read page by page while the file is made.
    Sessions(Box<sessions::Sessions>),
}

/// Reads what is asked for, but for sessions, which are read while they are written.
pub(super) async fn table(tx: &mut Tx, catalogue: &Arc<Catalogue>, asked: &Asked) -> Result<Table, Problem> {
    match asked.what {
        What::Sessions => sessions::table(catalogue, asked),
        What::Coverage => coverage::table(tx, catalogue, asked).await,
        What::Totals => totals::table(tx, catalogue, asked).await,
        What::Unreached => unreached::table(tx, catalogue, asked).await,
        What::Panels => panels::table(tx, catalogue, asked).await,
        What::Material => material::table(tx, catalogue, asked).await,
        What::Report => report::table(tx, catalogue, asked).await,
    }
}

/// The features of a map, written out.
pub(super) async fn features(tx: &mut Tx, catalogue: &Catalogue, asked: &Asked) -> Result<Vec<String>, Problem> {
    match asked.what {
        What::Coverage => coverage::features(tx, catalogue, asked).await,
        What::Panels => panels::features(tx, catalogue, asked).await,
        _ => Err(FIELD.problem().field("format").accepted(FORMATS)),
    }
}

/// The workbook of the report, finished.
pub(super) async fn sheet(tx: &mut Tx, catalogue: &Catalogue, asked: &Asked) -> Result<Vec<u8>, Problem> {
    match asked.what {
        What::Report if asked.leaves_province => {
            Err(FIELD.problem().field("format").accepted("csv or xlsx of what leaves the province"))
        }
        What::Report => report::sheet(tx, catalogue, asked).await,
        _ => Err(FIELD.problem().field("format").accepted(FORMATS)),
    }
}

/// The filter of sessions, when paging was not asked for: a file is whole.
fn whole(asked: &Asked) -> Result<(), Problem> {
    match ["limit", "cursor"].into_iter().find(|name| asked.filter.contains_key(*name)) {
        Some(name) => Err(FIELD.problem().field(format!("filter.{name}")).accepted("no pages: a file is whole")),
        None => Ok(()),
    }
}
