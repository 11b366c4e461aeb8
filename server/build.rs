//! Builds the program again when a migration was added or the field app was built anew: both are compiled into it, and
//! cargo alone does not see files that appear.

fn main() -> std::io::Result<()> {
    println!("cargo:rerun-if-changed=migrations");
    // Without a built app the folder is empty: cargo would take a missing one for changed at every build.
    std::fs::create_dir_all("web/dist")?;
    println!("cargo:rerun-if-changed=web/dist");
    Ok(())
}
