//! The files under `tests/vectors/`: compared, and written once.

use std::path::PathBuf;
use std::sync::Mutex;

use sha2::{Digest, Sha256};
use sync_core::id::to_hex;

/// Held while a vector and its line in `FROZEN` come about, and while they are compared.
pub(crate) static SEALING: Mutex<()> = Mutex::new(());

/// Where the vectors are.
pub(crate) fn place() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

/// Whether new vectors, and what is derived from them, are to be written.
pub(crate) fn is_writing() -> bool {
    std::env::var_os("BANLANG_WRITE_VECTORS").is_some()
}

/// The line of a vector in `FROZEN`.
pub(crate) fn sealed(file: &str, bytes: &[u8]) -> String {
    format!("{}  {file}", to_hex(&Sha256::digest(bytes)))
}

/// The bytes of a vector.
pub(crate) fn read(name: &str) -> Vec<u8> {
    let path = place().join(format!("{name}.hex"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let text: String = text.split_whitespace().collect();
    (0..text.len()).step_by(2).map(|digit| u8::from_str_radix(&text[digit..digit + 2], 16).unwrap()).collect()
}

/// Compares with the file; a new one is written with its line in `FROZEN` when asked to. One that is listed there and gone
/// is not made anew.
pub(crate) fn check(name: &str, bytes: &[u8]) {
    let sealing = SEALING.lock();
    let file = format!("{name}.hex");
    let path = place().join(&file);
    if is_writing() && !path.exists() {
        let known = std::fs::read_to_string(place().join("FROZEN")).unwrap();
        assert!(!known.contains(&format!("  {file}\n")), "{file} was kept and is gone: put it back");
        let lines: Vec<String> = bytes.chunks(40).map(to_hex).collect();
        let text = lines.join("\n") + "\n";
        std::fs::write(&path, &text).unwrap();
        std::fs::write(place().join("FROZEN"), format!("{known}{}\n", sealed(&file, text.as_bytes()))).unwrap();
    }
    drop(sealing);
    assert_eq!(to_hex(bytes), to_hex(&read(name)), "{name}");
}
