//! `hunt --seed N --cases N [--keep DIRECTORY]`: hostile changes straight at the gate, one line of JSON; exits 1 when an
//! admitted one does not read. Many times faster than through a server.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use fuzz::{Failure, gate};

fn main() -> ExitCode {
    match hunt() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("hunt: {error}");
            ExitCode::FAILURE
        }
    }
}

/// How many admitted changes do not read.
fn hunt() -> Result<usize, Failure> {
    let (mut seed, mut cases, mut keep) = (1, 100_000, None);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or("hunt --seed N --cases N --keep DIRECTORY")?;
        match word.as_str() {
            "--seed" => seed = value.parse()?,
            "--cases" => cases = value.parse()?,
            "--keep" => keep = Some(PathBuf::from(value)),
            _ => return Err("hunt --seed N --cases N --keep DIRECTORY".into()),
        }
    }
    gate::quiet_panics();
    let judged = gate::run(seed, cases)?;
    if let Some(directory) = keep {
        std::fs::create_dir_all(&directory)?;
        for find in judged.finds.values().chain(&judged.broken) {
            for (index, change) in find.record.iter().enumerate() {
                std::fs::write(directory.join(format!("{}-{index}.bin", find.reason)), change)?;
            }
            std::fs::write(directory.join(format!("{}.{}.bin", find.reason, find.kind.code())), &find.change)?;
        }
    }
    let verdicts: Vec<String> = judged.verdicts.iter().map(|(name, count)| format!("\"{name}\":{count}")).collect();
    let broken = judged.broken.len();
    let line =
        format!("{{\"seed\":{seed},\"cases\":{cases},\"broken\":{broken},\"verdicts\":{{{}}}}}", verdicts.join(","));
    writeln!(std::io::stdout(), "{line}")?;
    Ok(broken)
}
