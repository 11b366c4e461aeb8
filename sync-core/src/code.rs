//! Short codes that people read to each other: enrolment codes, and the check codes of a recovery.
//!
//! Nine random characters of Crockford's base 32 (45 bits) and a check character, written `XXXX-XXXX-XX`. The check
//! character is the value at 2 of the polynomial over GF(32) whose coefficients are the nine: it finds any one wrong
//! character and any two that changed places, before the server is asked. Letters that look like digits read as those.
//!
//! A recovery of a forgotten PIN is confirmed with a check code of the same form: the first nine bytes of a hash.

use std::fmt;
use std::str::FromStr;

use crate::statement;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const RANDOM_CHARACTERS: usize = 9;

/// A text is not an enrolment code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Not ten characters of the alphabet.
    #[error("an enrolment code has ten letters or digits, written XXXX-XXXX-XX")]
    Form,
    /// A character is wrong or two changed places.
    #[error("the check character does not fit: one character is wrong, or two changed places")]
    Check,
}

/// A code in canonical form: ten upper-case characters without hyphens. An enrolment code's text is a secret until used.
#[derive(Clone, PartialEq, Eq)]
pub struct EnrolmentCode(String);

impl EnrolmentCode {
    /// The code of these nine bytes, of each of which five bits count.
    #[must_use]
    pub fn of_bytes(bytes: [u8; RANDOM_CHARACTERS]) -> Self {
        let mut values = bytes.map(|byte| byte % 32).to_vec();
        values.push(check(&values));
        Self(values.into_iter().map(|value| char::from(ALPHABET[usize::from(value)])).collect())
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What a server keeps of it.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        statement::sha256(self.0.as_bytes())
    }

    /// As a person reads it: `XXXX-XXXX-XX`.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("{}-{}-{}", &self.0[..4], &self.0[4..8], &self.0[8..])
    }
}

impl FromStr for EnrolmentCode {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        let mut values = Vec::with_capacity(RANDOM_CHARACTERS + 1);
        for c in text.chars().filter(|c| !matches!(c, '-' | ' ')) {
            if values.len() > RANDOM_CHARACTERS {
                return Err(CodeError::Form);
            }
            let c = match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let value = ALPHABET.iter().position(|&a| char::from(a) == c).ok_or(CodeError::Form)?;
            values.push(value as u8);
        }
        let (last, body) = values.split_last().ok_or(CodeError::Form)?;
        if body.len() != RANDOM_CHARACTERS {
            return Err(CodeError::Form);
        }
        if check(body) != *last {
            return Err(CodeError::Check);
        }
        Ok(Self(values.iter().map(|&value| char::from(ALPHABET[usize::from(value)])).collect()))
    }
}

/// Never shows the code.
impl fmt::Debug for EnrolmentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnrolmentCode(..)")
    }
}

/// Horner's rule at 2 over GF(32) with x⁵ + x² + 1, once more multiplied, so that every place has its own factor ≠ 1.
fn check(values: &[u8]) -> u8 {
    values.iter().fold(0, |sum, value| {
        let doubled = (sum ^ value) << 1;
        if doubled & 0x20 == 0 { doubled } else { doubled ^ 0x25 }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes() -> impl Iterator<Item = EnrolmentCode> {
        (0_u8..50).map(|seed| {
            EnrolmentCode::of_bytes(std::array::from_fn(|place| seed.wrapping_mul(37) ^ (place as u8 * 11)))
        })
    }

    #[test]
    fn a_code_reads_back_however_it_is_written() {
        for code in codes() {
            reads_back(&code);
        }
    }

    fn reads_back(code: &EnrolmentCode) {
        let shown = code.shown();
        assert_eq!(shown.len(), 12);
        let spaced = shown.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
        assert_eq!(spaced.parse().as_ref(), Ok(code));
        assert_eq!(shown.parse().as_ref(), Ok(code));
    }

    #[test]
    fn every_single_wrong_character_is_found() {
        let code = EnrolmentCode::of_bytes(*b"ninebytes");
        for place in 0..10 {
            for &other in ALPHABET {
                let mut bytes = code.as_str().as_bytes().to_vec();
                if bytes[place] == other {
                    continue;
                }
                bytes[place] = other;
                let text = String::from_utf8(bytes).expect("ascii");
                assert_eq!(text.parse::<EnrolmentCode>(), Err(CodeError::Check));
            }
        }
    }

    #[test]
    fn every_swap_of_two_characters_is_found() {
        for code in codes() {
            for (a, b) in (0..10).flat_map(|a| (0..a).map(move |b| (a, b))) {
                let mut bytes = code.as_str().as_bytes().to_vec();
                bytes.swap(a, b);
                let text = String::from_utf8(bytes).expect("ascii");
                assert_eq!(text.parse::<EnrolmentCode>().is_ok(), text == code.as_str());
            }
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "-", "ABCD-EFGH", "ABCD-EFGH-JKM", "UUUU-UUUU-UU", "ệệệệ-ệệệệ-ệệ", &"0".repeat(100_000)]
        {
            assert_eq!(text.parse::<EnrolmentCode>(), Err(CodeError::Form), "{}", text.len());
        }
    }

    #[test]
    fn debug_hides_the_code() {
        let code = EnrolmentCode::of_bytes(*b"ninebytes");
        assert!(!format!("{code:?}").contains(code.as_str()));
    }
}
