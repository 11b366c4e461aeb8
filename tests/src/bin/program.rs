//! `banlang`, built beside the tests that run it: so they never run one that is older than the code.

use std::process::ExitCode;

// As the program itself: tests measure its memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    server::cli::main()
}
