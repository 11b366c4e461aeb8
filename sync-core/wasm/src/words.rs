//! Names, lists of words, codes, hints.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sync_core::code::{CodeError, EnrolmentCode};
use sync_core::fold;
use sync_core::record::{GpsFix, codes, looks_like_identity};
use tsify::{Ts, Tsify};
use wasm_bindgen::prelude::*;

use crate::fault::{Fault, FieldProblem, Words};

/// A list of names to search in.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Names(Vec<(usize, String)>);

#[wasm_bindgen]
impl Names {
    /// The names, in the caller's order.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(names: Vec<String>) -> Self {
        Self(names.into_iter().enumerate().collect())
    }

    /// The places of the names that answer to the query, best first.
    #[must_use]
    pub fn search(&self, query: &str, limit: usize) -> Vec<usize> {
        fold::search(query, &self.0, |(_, name)| name, limit).into_iter().map(|(place, _)| *place).collect()
    }
}

/// Text as names are compared: lower case, without marks.
#[wasm_bindgen(js_name = foldText)]
#[must_use]
pub fn fold_text(text: &str) -> String {
    fold::fold(text)
}

/// Whether a text looks as if it held a phone or identity number.
#[wasm_bindgen(js_name = looksLikeIdentity)]
#[must_use]
pub fn identity_hint(text: &str) -> bool {
    looks_like_identity(text)
}

/// A position to about a kilometre.
#[wasm_bindgen(js_name = coarsePosition)]
pub fn coarse_position(latitude: f64, longitude: f64) -> Result<String, Fault> {
    let fix = GpsFix::from_degrees(latitude, longitude);
    fix.map(|fix| fix.to_string()).ok_or_else(|| Fault::Fields { fields: vec![FieldProblem::of::<GpsFix>("gps")] })
}

/// A code and its words.
#[derive(Debug, Clone, Serialize, Deserialize, Tsify)]
pub struct Term {
    /// As it stands in records.
    pub code: String,
    /// As people read it.
    pub label: Words,
}

/// The lists this version was built with, by name.
#[derive(Debug, Clone, Serialize, Deserialize, Tsify)]
#[serde(transparent)]
#[tsify(hashmap_as_object)]
pub struct KnownLists(#[tsify(type = "Record<string, Term[]>")] BTreeMap<String, Vec<Term>>);

/// The lists this version was built with.
#[wasm_bindgen(js_name = knownLists)]
pub fn known_lists() -> Result<Ts<KnownLists>, Fault> {
    let term = |known: &codes::KnownCode| Term { code: known.code.to_owned(), label: Words::new(known.vi, known.en) };
    let lists = codes::LISTS.iter().map(|(name, list)| ((*name).to_owned(), list.iter().map(term).collect()));
    Ok(KnownLists(lists.collect()).into_ts()?)
}

/// A code as people read it, `XXXX-XXXX-XX`, however it was typed.
#[wasm_bindgen(js_name = readCode)]
pub fn read_code(text: &str) -> Result<String, Fault> {
    text.parse().map(|code: EnrolmentCode| code.shown()).map_err(|error| {
        let accepted = match error {
            CodeError::Form => {
                Words::new("mã mười chữ và số, dạng XXXX-XXXX-XX", "a code of ten letters and digits, XXXX-XXXX-XX")
            }
            CodeError::Check => Words::new(
                "mã đúng: có một ký tự sai hoặc hai ký tự đổi chỗ",
                "the exact code: one character is wrong, or two changed places",
            ),
        };
        Fault::Fields { fields: vec![FieldProblem { field: "code".to_owned(), accepted }] }
    })
}
