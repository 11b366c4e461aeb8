//! Whole numbers as JSON Schema counts them.

/// The text with whole numbers written without a point: to JSON Schema, and so to whoever reads the API's description,
/// `24.0` and `2.4e1` are integers, which serde would refuse. `None` when nothing of the kind stands in it.
pub(super) fn whole_numbers(text: &[u8]) -> Option<Vec<u8>> {
    let mut plain: Option<Vec<u8>> = None;
    let (mut at, mut in_text) = (0, false);
    while let Some(&byte) = text.get(at) {
        let number = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
        let length = match byte {
            b'"' => {
                in_text = !in_text;
                1
            }
            b'\\' if in_text => 2.min(text.len() - at),
            b'-' | b'0'..=b'9' if !in_text => text[at..].iter().take_while(|byte| number(byte)).count(),
            _ => 1,
        };
        let token = &text[at..at + length];
        if let Some(whole) = whole_of(token).filter(|_| length > 1 && !in_text) {
            plain.get_or_insert_with(|| text[..at].to_vec()).extend_from_slice(whole.to_string().as_bytes());
        } else if let Some(plain) = &mut plain {
            plain.extend_from_slice(token);
        }
        at += length;
    }
    plain
}

/// The integer that a number with a point or an exponent stands for.
fn whole_of(token: &[u8]) -> Option<i64> {
    /// Beyond it a 64-bit float does not tell neighbours apart.
    const MOST: f64 = 9_007_199_254_740_992.0;
    if !token.iter().any(|byte| b".eE".contains(byte)) {
        return None;
    }
    let number: f64 = serde_json::from_slice(token).ok()?;
    (number.fract() == 0.0 && number.abs() <= MOST).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_whole_is_written_without_a_point() {
        let plain = |text: &str| whole_numbers(text.as_bytes()).map(|plain| String::from_utf8(plain).expect("UTF-8"));
        assert_eq!(
            plain(r#"{"hours":138.0,"a":[2.4e1,-0.0,1E2]}"#).as_deref(),
            Some(r#"{"hours":138,"a":[24,0,100]}"#)
        );
        assert_eq!(plain(r#"{"a":1,"b":"1.0 \" 2.0","c":-7}"#), None);
        assert_eq!(plain(r#"{"b":"ế \\","c":3.0}"#).as_deref(), Some(r#"{"b":"ế \\","c":3}"#));
        // Not whole, beyond what a float tells apart, or no number: it stays as it is, to be refused with its name.
        for text in ["1.5", "1e400", "9007199254740993.0", "1.2.3", "--1.0", "1.", "-"] {
            assert_eq!(plain(text), None, "{text}");
        }
    }
}
