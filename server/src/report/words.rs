//! Words of the report in both languages. Vietnamese comes first; the terms are those of the glossary.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportWords)]
pub struct Words {
    /// Vietnamese.
    pub vi: String,
    /// English.
    pub en: String,
}

impl Words {
    /// A text in both languages.
    #[must_use]
    pub fn new(vi: impl Into<String>, en: impl Into<String>) -> Self {
        Self { vi: vi.into(), en: en.into() }
    }

    /// The text in one language.
    #[must_use]
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::Vi => &self.vi,
            Language::En => &self.en,
        }
    }
}

/// The language of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Vietnamese.
    #[default]
    Vi,
    /// English.
    En,
}

impl Language {
    /// One of two texts.
    #[must_use]
    pub fn pick<'a>(self, vi: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Vi => vi,
            Self::En => en,
        }
    }
}

/// A pair of texts of the program.
pub(super) type Pair = (&'static str, &'static str);

impl From<Pair> for Words {
    fn from((vi, en): Pair) -> Self {
        Self::new(vi, en)
    }
}

/// What is counted in.
pub(super) mod unit {
    use super::Pair;

    pub(in super::super) const SESSIONS: Pair = ("buổi", "sessions");
    pub(in super::super) const ATTENDANCES: Pair = ("lượt người", "attendances");
    pub(in super::super) const HOUSEHOLDS: Pair = ("hộ", "households");
    pub(in super::super) const COPIES: Pair = ("bản", "copies");
    pub(in super::super) const SHEETS: Pair = ("tờ", "sheets");
    pub(in super::super) const BOOKS: Pair = ("cuốn", "books");
    pub(in super::super) const TIMES: Pair = ("lần", "times");
    pub(in super::super) const MINUTES: Pair = ("phút", "minutes");
    pub(in super::super) const POSTS: Pair = ("bài đăng", "posts");
    pub(in super::super) const PANELS: Pair = ("pano", "panels");
    pub(in super::super) const CLUBS: Pair = ("câu lạc bộ", "clubs");
    pub(in super::super) const NEWS: Pair = ("tin", "items");
    pub(in super::super) const ARTICLES: Pair = ("bài", "articles");
    /// The label says it.
    pub(in super::super) const NONE: Pair = ("", "");
}
