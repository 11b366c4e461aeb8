//! A hint that a note may hold what must not be written down.

/// Whether free text looks as if it held a phone or identity number: nine or more digits, with at most two spaces, dots,
/// dashes or brackets between them.
///
/// A hint for a warning, no filter: it finds numbers, not names. The province's own hotline is left out.
#[must_use]
pub fn looks_like_identity(text: &str) -> bool {
    const HOTLINE: &str = "18001769";
    let (mut digits, mut gap) = (0, 0);
    for c in text.replace(HOTLINE, "|").chars() {
        match c {
            '0'..='9' => {
                digits += 1;
                gap = 0;
                if digits >= 9 {
                    return true;
                }
            }
            ' ' | '.' | '-' | '(' | ')' | '\u{a0}' if gap < 2 => gap += 1,
            _ => (digits, gap) = (0, 0),
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::looks_like_identity;

    #[test]
    fn phone_and_identity_numbers_are_noticed() {
        for text in ["gọi 0912 345 678 nhé", "CCCD 022190001234", "(0912)-345.678", "+84 912-345-678"] {
            assert!(looks_like_identity(text), "{text}");
        }
    }

    #[test]
    fn counts_dates_and_hotlines_are_not() {
        for text in
            ["đã phát 120 tờ rơi cho 45 hộ", "ngày 30/07/2026", "18001769", "đường dây nóng 111", "1.250.000 đồng", ""]
        {
            assert!(!looks_like_identity(text), "{text}");
        }
    }
}
