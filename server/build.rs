//! Builds the program again when a migration was added: the migrations are compiled into it.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
