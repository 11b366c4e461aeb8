//! `banlang key`: the server's own keys from its command line.

use clap::{Args, Subcommand};
use sync_core::id::UnixMs;

use super::key::{self, Keyring, Purpose};
use crate::audit::{self, Actor};
use crate::cli::{CliError, Context};
use crate::db::DbError;
use crate::device::when;

/// Arguments of `banlang key`.
#[derive(Debug, Args)]
pub struct KeyArgs {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// List the keys: name, purpose, state, public half
    List,
    /// Make a new key of a purpose; running servers sign with it within seconds
    Rotate {
        /// What the key is for
        #[arg(long)]
        purpose: Purpose,
        /// Believe the old keys for so many days more; 0: no longer, after a leak. Without it they are believed for
        /// ever. Certificates signed by a retired key are renewed when their devices call. Not for log and carry
        #[arg(long, value_name = "DAYS")]
        retire_old_after: Option<u32>,
    },
}

/// Runs `banlang key`.
///
/// # Errors
/// [`CliError`].
pub async fn run(args: KeyArgs, context: &Context) -> Result<(), CliError> {
    let db = context.open_db().await?;
    let now = context.clock.now();
    match args.command {
        KeyCommand::List => {
            let ring = Keyring::load(&db).await?;
            for key in ring.all() {
                let signs = ring.newest(key.purpose, now).is_ok_and(|newest| newest.kid == key.kid);
                let state = match key.retired_at {
                    Some(at) if at <= now => context.lang.pick("đã nghỉ", "retired").to_owned(),
                    Some(at) => format!("{} {}", context.lang.pick("nghỉ từ", "retires"), when(at)),
                    None if signs => context.lang.pick("đang dùng", "in use").to_owned(),
                    None => context.lang.pick("còn được tin", "believed").to_owned(),
                };
                println!(
                    "{:<4} {:<12} {}  {state:<12} {}",
                    key.kid,
                    key.purpose.name(),
                    when(key.created_at),
                    key.public_text()
                );
            }
        }
        KeyCommand::Rotate { purpose, retire_old_after } => {
            if retire_old_after.is_some() && !purpose.can_retire() {
                return Err(CliError::usage(
                    format!("khóa {} không cho nghỉ: dữ liệu cũ phải còn đọc được", purpose.name()),
                    format!("a {} key is not retired: what it sealed must stay readable", purpose.name()),
                ));
            }
            let retire_at = retire_old_after.map(|days| UnixMs(now.0 + i64::from(days) * 86_400_000));
            let kid = db
                .write(async |tx| {
                    let kid = key::rotate(tx, purpose, now, retire_at).await?;
                    let detail = serde_json::json!({ "purpose": purpose, "others_retire_at_ms": retire_at });
                    audit::record(tx, now, Actor::CommandLine, "server-key.rotated", &kid, &detail).await?;
                    Ok::<_, DbError>(kid)
                })
                .await?;
            println!("{}: {kid}", context.lang.pick("Khóa mới", "New key"));
        }
    }
    db.close().await;
    Ok(())
}
