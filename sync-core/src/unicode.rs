//! Unicode normal forms: of the crate `unicode-normalization`, and in a browser of the browser itself, because the
//! tables of the crate would be a tenth of what a phone downloads. Normal forms never change between versions of Unicode.

/// The composed form (NFC): what is stored.
pub(crate) fn composed(text: &str) -> String {
    form::nfc(text)
}

/// The decomposed form (NFD): marks stand apart from their letters.
pub(crate) fn decomposed(text: &str) -> String {
    form::nfd(text)
}

/// Whether `c` is a mark on the letter before it, in a decomposed text.
pub(crate) fn is_combining_mark(c: char) -> bool {
    form::is_mark(c)
}

#[cfg(not(all(target_arch = "wasm32", target_os = "unknown")))]
mod form {
    use unicode_normalization::UnicodeNormalization;

    pub(super) fn nfc(text: &str) -> String {
        text.nfc().collect()
    }

    pub(super) fn nfd(text: &str) -> String {
        text.nfd().collect()
    }

    pub(super) fn is_mark(c: char) -> bool {
        unicode_normalization::char::is_combining_mark(c)
    }
}

#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
mod form {
    use js_sys::{JsString, RegExp};

    fn normal(text: &str, form: &str) -> String {
        // Half of a surrogate pair is no character: text from Rust has none, so the way there and back loses nothing.
        String::from(JsString::from(text).normalize(form))
    }

    pub(super) fn nfc(text: &str) -> String {
        if text.is_ascii() { text.to_owned() } else { normal(text, "NFC") }
    }

    pub(super) fn nfd(text: &str) -> String {
        if text.is_ascii() { text.to_owned() } else { normal(text, "NFD") }
    }

    thread_local! {
        static MARK: RegExp = RegExp::new("^\\p{M}$", "u");
    }

    pub(super) fn is_mark(c: char) -> bool {
        // The marks of the Latin script are one block; others are asked for one by one.
        match u32::from(c) {
            0..=0x2ff => false,
            0x300..=0x36f => true,
            _ => MARK.with(|mark| mark.test(c.encode_utf8(&mut [0; 4]))),
        }
    }
}
