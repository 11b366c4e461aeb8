//! Packs as text, where two of them differ.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use sync_core::wire::WireError;

use super::pack::Pack;
use crate::project::sums::Sums;

/// What only the first and what only the second of two packs counts, a fact after the other; both given as hexadecimal
/// text. Bytes that are no pack are told as they are.
pub(in crate::project) fn differing(first: Option<&str>, second: Option<&str>) -> (Option<String>, Option<String>) {
    match (first.and_then(facts), second.and_then(facts)) {
        (Some(a), Some(b)) if a != b => (Some(joined(a.difference(&b))), Some(joined(b.difference(&a)))),
        _ => (first.map(str::to_owned), second.map(str::to_owned)),
    }
}

fn joined<'a>(facts: impl Iterator<Item = &'a String>) -> String {
    facts.cloned().collect::<Vec<_>>().join("; ")
}

fn facts(hex: &str) -> Option<BTreeSet<String>> {
    let pairs = hex.as_bytes().chunks_exact(2).map(|pair| std::str::from_utf8(pair).ok());
    let bytes: Vec<u8> = pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect::<Option<_>>()?;
    let pack = Pack::read(&bytes).ok()?;
    pack.facts().map(|fact| fact.and_then(|fact| told(&pack, &fact))).collect::<Result<_, _>>().ok()
}

/// `day 3 format=market topic=tricks: sessions 1, attendances 30, leaflet 7`.
fn told(pack: &Pack<'_>, fact: &super::Fact<'_>) -> Result<String, WireError> {
    let mut text = format!("day {}", fact.day_of_month);
    for place in fact.values() {
        let place = place?;
        if let Some((_, facet, value)) = pack.values().find(|(at, ..)| *at == place) {
            write!(text, " {}={value}", facet.name()).ok();
        }
    }
    let mut counts: Vec<String> = Sums::COLUMNS
        .iter()
        .zip(fact.sums.values())
        .filter(|(_, sum)| *sum != 0)
        .map(|(name, sum)| format!("{name} {sum}"))
        .collect();
    for kind in fact.material() {
        let (place, quantity) = kind?;
        counts.push(format!("{} {quantity}", pack.word(place)?));
    }
    Ok(format!("{text}: {}", counts.join(", ")))
}
