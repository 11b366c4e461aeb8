//! `banlang`, built beside the tests that run it: so they never run one that is older than the code.

use std::process::ExitCode;

fn main() -> ExitCode {
    server::cli::main()
}
