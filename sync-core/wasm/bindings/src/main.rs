//! Writes the JavaScript and TypeScript side of the wasm file: `bindings WASM OUT_DIR`. It is built with the very version
//! of wasm-bindgen the file was, so the two cannot differ.

use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(wasm), Some(out)) = (args.next(), args.next()) else {
        return Err("usage: bindings WASM OUT_DIR".into());
    };
    let mut bindgen = Bindgen::new();
    bindgen.input_path(wasm).out_name("core").web(true)?.typescript(true).omit_default_module_path(true);
    bindgen.remove_name_section(true).remove_producers_section(true);
    // A panic ends an instance; the page makes a new one in its place.
    bindgen.reset_state_function(true);
    bindgen.generate(out)?;
    Ok(())
}
