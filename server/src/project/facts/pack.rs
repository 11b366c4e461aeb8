//! The bytes in which the sessions of one village and month are kept, counted by day and by what they were like.
//!
//! Numbers are LEB128, as in the frozen layouts; signed ones zigzag. A pack is a cache that only this program reads:
//!
//! ```text
//! pack  = layout (one byte, 1), count of words, word*, fact*
//! word  = kind (one byte), length, UTF-8                       ascending by kind and text
//! fact  = day of the month, bits of the sums that are not 0, those sums (signed),
//!         length of the material in bytes, (word, quantity (signed))*,
//!         length of the values in bytes, word*                  ascending by day and values
//! ```
//!
//! Facts that are alike are one, none counts nothing, and no word is unused: sessions that are the same make the same
//! bytes, whatever happened before.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::wire::{Reader, WireError, Writer};

use crate::project::facet::{Facet, Traits};
use crate::project::sums::Sums;

const LAYOUT: u8 = 1;
/// No text among the words is longer: codes and kinds are far shorter.
const WORD_BYTES: usize = 1024;
const MATERIAL: u8 = 5;

/// A word of a pack: a value of a facet, or a kind of material.
type Word<'a> = (u8, &'a str);

fn kind(facet: Facet) -> u8 {
    match facet {
        Facet::Difficulty => 0,
        Facet::Format => 1,
        Facet::Language => 2,
        Facet::Recorder => 3,
        Facet::Topic => 4,
    }
}

fn facet(kind: u8) -> Option<Facet> {
    [Facet::Difficulty, Facet::Format, Facet::Language, Facet::Recorder, Facet::Topic].get(usize::from(kind)).copied()
}

/// What is counted of sessions that are alike.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::project) struct Counts {
    pub(in crate::project) sums: Sums,
    pub(in crate::project) material: BTreeMap<String, i64>,
}

/// How a pack changes: by day of the month and by what the sessions were like.
pub(in crate::project) type Changes = BTreeMap<(u8, Traits), Counts>;

/// A pack as it lies.
#[derive(Debug, Clone)]
pub(crate) struct Pack<'a> {
    words: Vec<Word<'a>>,
    facts: Reader<'a>,
}

/// Sessions of one day that are alike.
#[derive(Debug, Clone)]
pub(crate) struct Fact<'a> {
    /// From 1.
    pub(crate) day_of_month: u8,
    pub(crate) sums: Sums,
    material: &'a [u8],
    values: &'a [u8],
}

impl<'a> Pack<'a> {
    /// # Errors
    /// What does not follow the layout, as far as the words.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(bytes);
        reader.layout(LAYOUT)?;
        let count = reader.count("words", usize::MAX, 2)?;
        let mut words = Vec::with_capacity(count);
        for _ in 0..count {
            let kind = reader.byte("word.kind")?;
            words.push((kind, reader.text("word", WORD_BYTES)?));
        }
        Ok(Self { words, facts: reader })
    }

    /// The place among the words of this value, which is not there when no session has it.
    pub(crate) fn place(&self, of: Facet, value: &str) -> Option<usize> {
        self.words.binary_search(&(kind(of), value)).ok()
    }

    /// The values of facets among the words, each with its place.
    pub(crate) fn values(&self) -> impl Iterator<Item = (usize, Facet, &'a str)> {
        self.words.iter().enumerate().filter_map(|(place, (kind, text))| Some((place, facet(*kind)?, *text)))
    }

    /// The word at a place.
    pub(crate) fn word(&self, place: usize) -> Result<&'a str, WireError> {
        self.words.get(place).map(|(_, text)| *text).ok_or(WireError::Value { field: "word", got: place as u64 })
    }

    /// How many words there are.
    pub(crate) fn words(&self) -> usize {
        self.words.len()
    }

    /// Every fact, ascending by day.
    pub(crate) fn facts(&self) -> impl Iterator<Item = Result<Fact<'a>, WireError>> + use<'a> {
        let mut reader = self.facts.clone();
        std::iter::from_fn(move || (reader.left() > 0).then(|| Fact::read(&mut reader)))
    }
}

impl<'a> Fact<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, WireError> {
        let day_of_month = reader.byte("day")?;
        let mut bits = reader.number_up_to("sums", (1 << Sums::COLUMNS.len()) - 1)?;
        let mut values = [0; Sums::COLUMNS.len()];
        while bits != 0 {
            values[bits.trailing_zeros() as usize] = reader.signed("sum")?;
            bits &= bits - 1;
        }
        let material = reader.bytes("material", usize::MAX)?;
        let of_facets = reader.bytes("values", usize::MAX)?;
        Ok(Self { day_of_month, sums: Sums::of(values), material, values: of_facets })
    }

    /// The places of its values, ascending.
    pub(crate) fn values(&self) -> impl Iterator<Item = Result<usize, WireError>> + use<'a> {
        let mut reader = Reader::new(self.values);
        std::iter::from_fn(move || (reader.left() > 0).then(|| reader.number("value").map(|place| place as usize)))
    }

    /// Material handed out: the place of its kind, and how much.
    pub(crate) fn material(&self) -> impl Iterator<Item = Result<(usize, i64), WireError>> + use<'a> {
        let mut reader = Reader::new(self.material);
        std::iter::from_fn(move || {
            (reader.left() > 0).then(|| Ok((reader.number("kind")? as usize, reader.signed("quantity")?)))
        })
    }
}

/// A fact while a pack is written; words by their places.
type Draft = BTreeMap<(u8, Vec<usize>), (Sums, BTreeMap<usize, i64>)>;

/// The pack that comes of another and these changes; `None` when nothing is counted any more.
///
/// # Errors
/// What of the stored pack does not follow the layout.
pub(in crate::project) fn merged(stored: Option<&[u8]>, changes: &Changes) -> Result<Option<Vec<u8>>, WireError> {
    let stored = stored.map(Pack::read).transpose()?;
    let mut words: BTreeSet<Word<'_>> = stored.iter().flat_map(|pack| pack.words.iter().copied()).collect();
    for ((_, traits), counts) in changes {
        words.extend(traits.each().map(|(facet, value)| (kind(facet), value)));
        words.extend(counts.material.keys().map(|kind| (MATERIAL, kind.as_str())));
    }
    let words: Vec<Word<'_>> = words.into_iter().collect();
    let place = |word: &Word<'_>| words.partition_point(|known| known < word);

    let mut draft = Draft::new();
    if let Some(pack) = &stored {
        // Both lists ascend: what ascended by the old places ascends by the new ones.
        let moved: Vec<usize> = pack.words.iter().map(place).collect();
        let moved = |at: usize| moved.get(at).copied().ok_or(WireError::Value { field: "word", got: at as u64 });
        for fact in pack.facts() {
            let fact = fact?;
            let values = fact.values().map(|value| moved(value?)).collect::<Result<_, _>>()?;
            let material = fact.material().map(|kind| kind.and_then(|(kind, n)| Ok((moved(kind)?, n))));
            draft.insert((fact.day_of_month, values), (fact.sums, material.collect::<Result<_, _>>()?));
        }
    }
    for ((day, traits), counts) in changes {
        let values = traits.each().map(|(facet, value)| place(&(kind(facet), value))).collect();
        let (sums, material) = draft.entry((*day, values)).or_default();
        *sums += counts.sums;
        for (kind, quantity) in &counts.material {
            *material.entry(place(&(MATERIAL, kind))).or_default() += quantity;
        }
    }
    for (_, material) in draft.values_mut() {
        material.retain(|_, quantity| *quantity != 0);
    }
    draft.retain(|_, (sums, material)| !sums.is_zero() || !material.is_empty());
    Ok((!draft.is_empty()).then(|| written(&words, &draft)))
}

fn written(words: &[Word<'_>], draft: &Draft) -> Vec<u8> {
    let mut used = vec![false; words.len()];
    for ((_, values), (_, material)) in draft {
        for place in values.iter().chain(material.keys()) {
            used[*place] = true;
        }
    }
    let mut writer = Writer::new();
    writer.byte(LAYOUT).count(used.iter().filter(|used| **used).count());
    let mut places = vec![0_u64; words.len()];
    let in_use = places.iter_mut().zip(words).zip(&used).filter(|(_, used)| **used);
    for (at, ((place, (kind, text)), _)) in (0..).zip(in_use) {
        *place = at;
        writer.byte(*kind).bytes(text.as_bytes());
    }
    for ((day, values), (sums, material)) in draft {
        let numbers = sums.values();
        let bits = numbers.iter().enumerate().filter(|(_, sum)| **sum != 0).fold(0, |bits, (at, _)| bits | 1 << at);
        writer.byte(*day).number(bits);
        for sum in numbers.into_iter().filter(|sum| *sum != 0) {
            writer.signed(sum);
        }
        let mut part = Writer::new();
        for (place, quantity) in material {
            part.number(places[*place]).signed(*quantity);
        }
        writer.bytes(&part.0);
        let mut part = Writer::new();
        for place in values {
            part.number(places[*place]);
        }
        writer.bytes(&part.0);
    }
    writer.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Session = (u8, Option<&'static str>, Vec<&'static str>, i64, i64);

    fn sessions() -> impl Strategy<Value = Vec<Session>> {
        let format = proptest::option::of(proptest::sample::select(vec!["market", "school", "online"]));
        let topics = proptest::sample::subsequence(vec!["hotline", "law", "tricks"], 0..=3);
        proptest::collection::vec((1_u8..=31, format, topics, 0_i64..200, 0_i64..3), 0..24)
    }

    fn changes<'a>(sessions: impl IntoIterator<Item = &'a Session>, times: i64) -> Changes {
        let mut changes = Changes::new();
        for (day, format, topics, attendances, leaflets) in sessions {
            let tags = serde_json::json!({ "topics": topics }).to_string();
            let counts = changes.entry((*day, Traits::of(leaflets + 7, *format, &tags))).or_default();
            counts.sums += Sums { sessions: times, attendances: times * attendances, ..Sums::default() };
            *counts.material.entry("leaflet".to_owned()).or_default() += times * leaflets;
        }
        changes
    }

    proptest! {
        #[test]
        fn whatever_the_way_the_same_sessions_make_the_same_bytes(all in sessions(), others in sessions(), cut in 0_usize..24) {
            let whole = merged(None, &changes(&all, 1));
            let (first, rest) = all.split_at(cut.min(all.len()));
            let mut pack = merged(None, &changes(rest, 1))?;
            for part in [changes(&others, 1), changes(first, 1), changes(&others, -1)] {
                pack = merged(pack.as_deref(), &part)?;
            }
            prop_assert_eq!(Ok(pack.clone()), whole);
            prop_assert_eq!(merged(pack.as_deref(), &changes(&all, -1)), Ok(None));
        }

        #[test]
        fn a_pack_tells_the_sessions_of_a_value(all in sessions()) {
            let Some(bytes) = merged(None, &changes(&all, 1))? else { return Ok(()) };
            let pack = Pack::read(&bytes)?;
            let mut law = 0;
            for fact in pack.facts() {
                let fact = fact?;
                for place in fact.values() {
                    law += if Some(place?) == pack.place(Facet::Topic, "law") { fact.sums.sessions } else { 0 };
                }
            }
            let expected = all.iter().filter(|session| session.2.contains(&"law")).count();
            prop_assert_eq!(usize::try_from(law).ok(), Some(expected));
        }

        #[test]
        fn bytes_that_are_no_pack_are_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let changes = changes(&[(1, None, vec!["law"], 3, 1)], 1);
            drop(merged(Some(&bytes), &changes));
        }
    }
}
