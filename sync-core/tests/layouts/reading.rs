//! Reads bytes field by field and writes down each.

/// Bytes a line of the page shows.
const A_LINE: usize = 16;

/// Bytes being read, and what was said of them.
pub(crate) struct Reading<'a> {
    name: &'a str,
    bytes: &'a [u8],
    at: usize,
    said: String,
    depth: usize,
}

impl<'a> Reading<'a> {
    pub(crate) fn of(name: &'a str, bytes: &'a [u8]) -> Self {
        Self { name, bytes, at: 0, said: String::new(), depth: 0 }
    }

    fn take(&mut self, count: usize) -> &'a [u8] {
        let taken = self.bytes.get(self.at..self.at + count);
        self.at += count;
        taken.unwrap_or_else(|| panic!("{}: only {} bytes", self.name, self.bytes.len()))
    }

    /// One line, or as many as the bytes need.
    fn say(&mut self, bytes: &[u8], what: &str) {
        let hex = |part: &[u8]| part.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
        let width = A_LINE * 3;
        let indent = "  ".repeat(self.depth);
        let all_alike = bytes.len() > A_LINE && bytes.iter().all(|byte| *byte == bytes[0]);
        if all_alike {
            let short = format!("{:02x} × {}", bytes[0], bytes.len());
            self.said.push_str(&format!("{short:width$} {indent}{what}\n"));
            return;
        }
        for (row, part) in bytes.chunks(A_LINE).enumerate() {
            let line = if row == 0 { format!("{:width$} {indent}{what}", hex(part)) } else { hex(part) };
            self.said.push_str(line.trim_end());
            self.said.push('\n');
        }
    }

    pub(crate) fn fixed(&mut self, count: usize, what: &str) {
        let bytes = self.take(count);
        self.say(bytes, what);
    }

    /// Bytes of which the middle is left out of the page when they are many.
    pub(crate) fn contents(&mut self, count: u64, what: &str) {
        const ENDS: usize = 2 * A_LINE;
        let bytes = self.take(usize::try_from(count).unwrap());
        if bytes.len() <= 2 * ENDS {
            return self.say(bytes, what);
        }
        self.say(&bytes[..ENDS], what);
        self.said.push_str(&format!("… {} bytes\n", bytes.len() - 2 * ENDS));
        self.say(&bytes[bytes.len() - ENDS..], "");
    }

    pub(crate) fn byte(&mut self, what: &str) -> u8 {
        let bytes = self.take(1);
        self.say(bytes, &format!("{what} {}", bytes[0]));
        bytes[0]
    }

    pub(crate) fn text_of(&mut self, count: usize, what: &str) {
        let bytes = self.take(count);
        self.say(bytes, &format!("{what} {}", std::str::from_utf8(bytes).unwrap()));
    }

    pub(crate) fn text(&mut self, what: &str) {
        let length = self.number(&format!("{what}: bytes"));
        self.text_of(usize::try_from(length).unwrap(), what);
    }

    /// Unsigned LEB128 in its shortest form.
    fn leb128(&mut self) -> (&'a [u8], u64) {
        let begin = self.at;
        let mut value = 0_u64;
        for shift in (0..).step_by(7) {
            let byte = self.take(1)[0];
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                assert!(byte != 0 || shift == 0, "{}: a longer form of a number at {begin}", self.name);
                break;
            }
        }
        (&self.bytes[begin..self.at], value)
    }

    pub(crate) fn number(&mut self, what: &str) -> u64 {
        let (bytes, value) = self.leb128();
        self.say(bytes, &format!("{what} {}", grouped(value.into())));
        value
    }

    pub(crate) fn signed(&mut self, what: &str) {
        let (bytes, zigzag) = self.leb128();
        let value = i128::from(zigzag >> 1) ^ -i128::from(zigzag & 1);
        self.say(bytes, &format!("{what} {}", grouped(value)));
    }

    pub(crate) fn list(&mut self, what: &str, mut one: impl FnMut(&mut Self)) {
        let count = self.number(&format!("{what}:"));
        self.depth += 1;
        (0..count).for_each(|_| one(self));
        self.depth -= 1;
    }

    /// What was said of every byte there is.
    pub(crate) fn finish(self) -> String {
        assert_eq!(self.at, self.bytes.len(), "{}: bytes after the last field", self.name);
        self.said
    }
}

/// A number a person can read.
fn grouped(value: i128) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && digits.len() > 4 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if value < 0 { format!("−{out}") } else { out }
}
