//! Reading and writing bytes of the frozen layouts.
//!
//! Numbers are unsigned LEB128 in their shortest form; a longer form is an error, so that one value has one encoding.
//! Signed numbers are zigzag-encoded first. A [`Reader`] never allocates by a declared length before it has checked
//! that so many bytes are there.

/// Bytes did not follow their layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The bytes end before the field does.
    #[error("{field}: the bytes end too early")]
    Short {
        /// The field that was being read.
        field: &'static str,
    },
    /// A number is not in its shortest form or exceeds 64 bits.
    #[error("{field}: not a number in shortest LEB128 form")]
    Number {
        /// The field that was being read.
        field: &'static str,
    },
    /// A number or length is over its limit.
    #[error("{field}: {got} is over the limit of {limit}")]
    Limit {
        /// The field that was being read.
        field: &'static str,
        /// The limit.
        limit: u64,
        /// What stood there.
        got: u64,
    },
    /// A value is none of those accepted.
    #[error("{field}: value {got} is not accepted here")]
    Value {
        /// The field that was being read.
        field: &'static str,
        /// What stood there.
        got: u64,
    },
    /// The bytes follow a layout of another version of the program.
    #[error("layout {got} is not known here; accepted: {accepted}")]
    Layout {
        /// The layout's number.
        got: u8,
        /// The layout that is read here.
        accepted: u8,
    },
    /// Text is not UTF-8.
    #[error("{field}: not UTF-8")]
    Utf8 {
        /// The field that was being read.
        field: &'static str,
    },
    /// Bytes are left after the last field.
    #[error("{left} bytes are left after the last field")]
    Trailing {
        /// How many.
        left: usize,
    },
    /// Values that must strictly ascend do not.
    #[error("{field}: values must ascend and not repeat")]
    Order {
        /// The field that was being read.
        field: &'static str,
    },
}

/// Appends fields to a byte vector.
#[derive(Debug, Default, Clone)]
pub struct Writer(pub Vec<u8>);

impl Writer {
    /// An empty writer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One byte.
    pub fn byte(&mut self, value: u8) -> &mut Self {
        self.0.push(value);
        self
    }

    /// An unsigned number, 1 to 10 bytes.
    pub fn number(&mut self, mut value: u64) -> &mut Self {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
        self
    }

    /// A length or count.
    pub fn count(&mut self, value: usize) -> &mut Self {
        self.number(value as u64)
    }

    /// A signed number, zigzag.
    pub fn signed(&mut self, value: i64) -> &mut Self {
        self.number(((value << 1) ^ (value >> 63)) as u64)
    }

    /// Bytes of a length both sides know.
    pub fn fixed(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// A length, then so many bytes.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.count(bytes.len());
        self.fixed(bytes)
    }
}

/// Takes fields from a byte slice.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// How many bytes are left.
    #[must_use]
    pub fn left(&self) -> usize {
        self.rest.len()
    }

    /// What has not been read yet.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// One byte.
    ///
    /// # Errors
    /// [`WireError::Short`] at the end.
    pub fn byte(&mut self, field: &'static str) -> Result<u8, WireError> {
        let (&first, rest) = self.rest.split_first().ok_or(WireError::Short { field })?;
        self.rest = rest;
        Ok(first)
    }

    /// The number of a layout, which must be `accepted`.
    ///
    /// # Errors
    /// [`WireError::Short`] at the end, [`WireError::Layout`] for any other.
    pub fn layout(&mut self, accepted: u8) -> Result<(), WireError> {
        match self.byte("layout")? {
            got if got == accepted => Ok(()),
            got => Err(WireError::Layout { got, accepted }),
        }
    }

    /// An unsigned number in shortest form.
    ///
    /// # Errors
    /// [`WireError::Short`] at the end, [`WireError::Number`] for a longer form or more than 64 bits.
    pub fn number(&mut self, field: &'static str) -> Result<u64, WireError> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte(field)?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && byte > 1 {
                return Err(WireError::Number { field });
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 {
                    return Err(WireError::Number { field });
                }
                return Ok(value);
            }
        }
        Err(WireError::Number { field })
    }

    /// A number of at most `limit`.
    ///
    /// # Errors
    /// As [`Reader::number`], and [`WireError::Limit`].
    pub fn number_up_to(&mut self, field: &'static str, limit: u64) -> Result<u64, WireError> {
        let got = self.number(field)?;
        if got > limit {
            return Err(WireError::Limit { field, limit, got });
        }
        Ok(got)
    }

    /// A count of things of which each takes at least `least_bytes`: never more than the bytes left can hold.
    ///
    /// # Errors
    /// As [`Reader::number_up_to`]; [`WireError::Short`] when so many cannot follow.
    pub fn count(&mut self, field: &'static str, limit: usize, least_bytes: usize) -> Result<usize, WireError> {
        let count = self.number_up_to(field, limit as u64)? as usize;
        if count.saturating_mul(least_bytes) > self.rest.len() {
            return Err(WireError::Short { field });
        }
        Ok(count)
    }

    /// A signed number.
    ///
    /// # Errors
    /// As [`Reader::number`].
    pub fn signed(&mut self, field: &'static str) -> Result<i64, WireError> {
        let raw = self.number(field)?;
        Ok((raw >> 1) as i64 ^ -((raw & 1) as i64))
    }

    /// Exactly `N` bytes.
    ///
    /// # Errors
    /// [`WireError::Short`] at the end.
    pub fn fixed<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], WireError> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(WireError::Short { field })?;
        self.rest = rest;
        Ok(*head)
    }

    /// Exactly `len` bytes, borrowed.
    ///
    /// # Errors
    /// [`WireError::Short`] at the end.
    pub fn take(&mut self, field: &'static str, len: usize) -> Result<&'a [u8], WireError> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or(WireError::Short { field })?;
        self.rest = rest;
        Ok(head)
    }

    /// A length of at most `limit`, then so many bytes, borrowed.
    ///
    /// # Errors
    /// [`WireError::Limit`], or [`WireError::Short`] at the end.
    pub fn bytes(&mut self, field: &'static str, limit: usize) -> Result<&'a [u8], WireError> {
        let len = self.number_up_to(field, limit as u64)? as usize;
        self.take(field, len)
    }

    /// A length of at most `limit` bytes, then so much UTF-8 text, borrowed.
    ///
    /// # Errors
    /// As [`Reader::bytes`], and [`WireError::Utf8`].
    pub fn text(&mut self, field: &'static str, limit: usize) -> Result<&'a str, WireError> {
        std::str::from_utf8(self.bytes(field, limit)?).map_err(|_| WireError::Utf8 { field })
    }

    /// Succeeds when nothing is left.
    ///
    /// # Errors
    /// [`WireError::Trailing`].
    pub fn end(&self) -> Result<(), WireError> {
        if self.rest.is_empty() { Ok(()) } else { Err(WireError::Trailing { left: self.rest.len() }) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_round_trip(value: u64, signed: i64) {
            let mut writer = Writer::new();
            writer.number(value).signed(signed);
            let mut reader = Reader::new(&writer.0);
            prop_assert_eq!(reader.number("a"), Ok(value));
            prop_assert_eq!(reader.signed("b"), Ok(signed));
            prop_assert_eq!(reader.end(), Ok(()));
        }

        #[test]
        fn a_number_that_reads_writes_the_same_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..12)) {
            let mut reader = Reader::new(&bytes);
            if let Ok(value) = reader.number("a") {
                let mut writer = Writer::new();
                writer.number(value);
                prop_assert_eq!(&writer.0[..], &bytes[..bytes.len() - reader.left()]);
            }
        }
    }

    #[test]
    fn a_count_is_checked_against_the_bytes_left() {
        let mut reader = Reader::new(&[200, 1, 0, 0]);
        assert_eq!(reader.count("entries", 1000, 16), Err(WireError::Short { field: "entries" }));
    }
}
