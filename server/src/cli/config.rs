//! `banlang config`.

use super::{CliError, Context};
use crate::config::Config;

/// Arguments of `banlang config`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print a settings file with every setting, its meaning and its default
    #[arg(long)]
    example: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<(), CliError> {
    if args.example {
        println!("{}", Config::example().trim_end());
    } else {
        println!("{}", context.config.effective().trim_end());
    }
    Ok(())
}
