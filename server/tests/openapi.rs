//! The description of the API that the field app's types are made from is the one the program gives.

#[test]
fn the_stored_description_is_the_programs() -> Result<(), Box<dyn std::error::Error>> {
    let stored = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/web/openapi.json"))?;
    assert!(
        stored.trim_end() == server::router::description()?,
        "run `cargo run -p server --bin banlang -- openapi > server/web/openapi.json`"
    );
    Ok(())
}
