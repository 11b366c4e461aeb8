//! Enrolment codes: what an officer reads to a guard, once.
//!
//! Nine random characters of Crockford's base 32 (45 bits) and a check character, written `XXXX-XXXX-XX`. The check
//! character is the value at 2 of the polynomial over GF(32) whose coefficients are the nine: it finds any one wrong
//! character and any two that changed places, before the server is asked. Letters that look like digits read as those.
//!
//! The database holds the SHA-256 of a code alone. That hides it from a casual reader of the table; whoever may read
//! the server keys beside it needs no code.

use std::fmt;
use std::str::FromStr;

use super::{random, statement};

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

/// An enrolment code in canonical form: ten upper-case characters without hyphens. Its text is a secret until used.
#[derive(Clone, PartialEq, Eq)]
pub struct EnrolmentCode(String);

impl EnrolmentCode {
    /// A fresh code.
    #[must_use]
    pub fn generate() -> Self {
        let mut values = random::bytes::<RANDOM_CHARACTERS>().map(|byte| byte % 32).to_vec();
        values.push(check(&values));
        Self(values.into_iter().map(|value| char::from(ALPHABET[usize::from(value)])).collect())
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the database holds of it.
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

    #[test]
    fn a_code_reads_back_however_it_is_written() {
        let code = EnrolmentCode::generate();
        let shown = code.shown();
        assert_eq!(shown.len(), 12);
        let spaced = shown.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
        assert_eq!(spaced.parse(), Ok(code.clone()));
        assert_eq!(shown.parse(), Ok(code));
    }

    #[test]
    fn every_single_wrong_character_is_found() {
        let code = EnrolmentCode::generate();
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
        for _ in 0..50 {
            let code = EnrolmentCode::generate();
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
        let code = EnrolmentCode::generate();
        assert!(!format!("{code:?}").contains(code.as_str()));
    }
}
