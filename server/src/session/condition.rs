//! Conditions of a query, put together from what a caller asks.

use std::collections::BTreeSet;

use sync_core::id::AreaId;

use crate::coverage::area_condition;

/// A value bound to a placeholder.
#[derive(Debug, Clone)]
pub(super) enum Bound {
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// Conditions joined by `and`, with their values.
#[derive(Debug, Clone, Default)]
pub(super) struct Conditions {
    all: Vec<String>,
    few: bool,
    narrow: bool,
    sieved: bool,
    pub(super) bound: Vec<Bound>,
}

impl Conditions {
    /// A condition without values.
    pub(super) fn add(&mut self, condition: impl Into<String>) {
        self.all.push(condition.into());
    }

    /// A condition with one value, which stands for `{}`.
    pub(super) fn with(&mut self, condition: &str, value: Bound) {
        self.bound.push(value);
        self.all.push(condition.replace("{}", &format!("${}", self.bound.len())));
    }

    /// A condition with two values, in the places of `{0}` and `{1}`.
    pub(super) fn with_two(&mut self, condition: &str, first: Bound, second: Bound) {
        self.bound.extend([first, second]);
        let (a, b) = (self.bound.len() - 1, self.bound.len());
        self.all.push(condition.replace("{0}", &format!("${a}")).replace("{1}", &format!("${b}")));
    }

    /// Only rows of these areas; nothing at all for an empty set.
    pub(super) fn within(&mut self, areas: &BTreeSet<AreaId>) {
        self.by_area(area_condition(areas).unwrap_or_else(|| "1 = 0".to_owned()));
    }

    /// A condition that leaves the rows of few areas.
    pub(super) fn by_area(&mut self, condition: String) {
        self.few(condition);
    }

    /// A condition that leaves few rows, which an index finds.
    pub(super) fn few(&mut self, condition: impl Into<String>) {
        self.few = true;
        self.all.push(condition.into());
    }

    /// A condition with one value for which an index leaves few rows in the order asked for.
    pub(super) fn narrow_with(&mut self, condition: &str, value: Bound) {
        self.narrow = true;
        self.with(condition, value);
    }

    /// A condition with one value that no index answers: rows are looked through for those that fulfil it.
    pub(super) fn sieve(&mut self, condition: &str, value: Bound) {
        self.sieved = true;
        self.with(condition, value);
    }

    /// Whether any number of rows may have to be looked through before a page is full.
    pub(super) fn may_look_far(&self) -> bool {
        self.sieved && !self.few && !self.narrow
    }

    /// The expression to order by. Where few rows are left they are found first and then sorted: a walk along the
    /// order would pass over most of the table. The plus sign keeps the engines from it.
    pub(super) fn order(&self, key: &str) -> String {
        if self.few { format!("+{key}") } else { key.to_owned() }
    }

    /// `where …`, or nothing.
    pub(super) fn text(&self) -> String {
        if self.all.is_empty() { String::new() } else { format!("where {}", self.all.join(" and ")) }
    }
}

/// Binds values to a query, whatever its engine.
macro_rules! bind {
    ($query:expr, $bound:expr) => {{
        let mut query = $query;
        for value in $bound {
            query = match value {
                $crate::session::condition::Bound::Int(value) => query.bind(*value),
                $crate::session::condition::Bound::Text(value) => query.bind(value.clone()),
                $crate::session::condition::Bound::Bytes(value) => query.bind(value.clone()),
            };
        }
        query
    }};
}
pub(super) use bind;
