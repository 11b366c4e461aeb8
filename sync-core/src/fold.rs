//! Search of place names as people type them: without tone marks, with tones placed the old or the new way, in any
//! case. The server, the terminal device and the browser find the same names because they fold the same way.

use crate::unicode::{composed, decomposed, is_combining_mark};

/// The form in which text is stored: composed (NFC), trimmed, inner white space as single spaces.
#[must_use]
pub fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&composed(word));
    }
    out
}

/// The form in which names are compared: lower case, no marks, `đ` as `d`, words of letters and digits separated by
/// single spaces. `Hoà`, `Hòa` and `HOA` fold alike. Idempotent.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut gap = false;
    for c in decomposed(text).chars().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        // Lower-casing may itself decompose (İ), so a mark can appear here.
        if is_combining_mark(c) {
            continue;
        }
        let c = if c == 'đ' { 'd' } else { c };
        if !c.is_alphanumeric() {
            gap = !out.is_empty();
            continue;
        }
        if gap {
            out.push(' ');
            gap = false;
        }
        out.push(c);
    }
    out
}

/// How well a name answers a query; the smaller, the better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// The whole name.
    Whole,
    /// The name begins with the query.
    Prefix,
    /// A word of the name begins with the query.
    WordPrefix,
    /// The query stands somewhere within a word.
    Inside,
}

/// How well `name` answers `query`, both folded; `None` when it does not. An empty query is a prefix of every name.
#[must_use]
pub fn rank(query: &str, name: &str) -> Option<Rank> {
    if query == name {
        return Some(Rank::Whole);
    }
    if name.starts_with(query) {
        return Some(Rank::Prefix);
    }
    let mut starts = name.match_indices(query).map(|(at, _)| at).peekable();
    starts.peek()?;
    let at_word = starts.any(|at| name[..at].ends_with(' '));
    Some(if at_word { Rank::WordPrefix } else { Rank::Inside })
}

/// The items whose name answers `query`, best first, at most `limit`. `name` gives an item's name as people write it.
/// Among equals, a name that carries the marks as typed comes before one that does not, then the order of the folded
/// names, then the order of the items.
pub fn search<'a, T>(query: &str, items: &'a [T], name: impl Fn(&T) -> &str, limit: usize) -> Vec<&'a T> {
    let folded = fold(query);
    let typed = tidy(query).to_lowercase();
    let mut hits: Vec<_> = items
        .iter()
        .enumerate()
        .filter_map(|(at, item)| {
            let own = fold(name(item));
            let rank = rank(&folded, &own)?;
            let as_typed = tidy(name(item)).to_lowercase().contains(&typed);
            Some(((rank, !as_typed, own, at), item))
        })
        .collect();
    hits.sort_by(|a, b| a.0.cmp(&b.0));
    hits.into_iter().take(limit).map(|(_, item)| item).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn old_and_new_tone_placement_fold_alike() {
        for pair in [["Hoà", "Hòa"], ["Thuỷ", "Thủy"], ["Hoá", "Hóa"], ["Khoẻ", "Khỏe"]] {
            assert_eq!(fold(pair[0]), fold(pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn marks_case_and_d_with_stroke_are_ignored() {
        assert_eq!(fold("Xã Đồng Văn"), "xa dong van");
        assert_eq!(fold("ĐƯỜNG HOA"), "duong hoa");
        assert_eq!(fold("  Sông  Moóc A "), "song mooc a");
        assert_eq!(fold("Nà Sau (khu giãn dân)"), "na sau khu gian dan");
    }

    #[test]
    fn decomposed_and_composed_text_fold_alike() {
        assert_eq!(fold("Ba\u{309}n"), fold("Bản"));
        assert_eq!(tidy("Ba\u{309}n  Cáu "), "Bản Cáu");
    }

    #[test]
    fn prefix_comes_before_word_before_inside() {
        let names = ["Ngàn Na", "Bana", "Nà Ếch", "Na"];
        assert_eq!(search("na", &names, |n| n, 9), [&"Na", &"Nà Ếch", &"Ngàn Na", &"Bana"]);
        assert_eq!(search("na", &names, |n| n, 2).len(), 2);
    }

    #[test]
    fn a_name_with_the_marks_typed_comes_first() {
        let names = ["Na Pò", "Nà Pò"];
        assert_eq!(search("nà", &names, |n| n, 9), [&"Nà Pò", &"Na Pò"]);
    }

    #[test]
    fn a_later_word_start_counts_when_an_earlier_hit_is_inside() {
        assert_eq!(rank("na", "bana na"), Some(Rank::WordPrefix));
        assert_eq!(rank("x", "bana na"), None);
    }

    proptest! {
        #[test]
        fn fold_is_idempotent(text: String) {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }
    }
}
