//! `banlang device`: devices and enrolment codes from the server's command line.

use std::io::IsTerminal;

use clap::{Args, Subcommand};
use sync_core::id::{DeviceId, UnixMs};

use super::revoke::{self, RevokeError};
use super::store;
use crate::account;
use crate::audit::Actor;
use crate::cli::{CliError, Context};
use crate::recovery::{self, RecoveryError};

/// Arguments of `banlang device`.
#[derive(Debug, Args)]
pub struct DeviceArgs {
    #[command(subcommand)]
    command: DeviceCommand,
}

#[derive(Debug, Subcommand)]
enum DeviceCommand {
    /// List devices, newest first
    List,
    /// Revoke a device at once and for good
    Revoke {
        /// 16 hexadecimal digits, as listed
        id: DeviceId,
        /// Why, for whoever asks later
        #[arg(long)]
        reason: String,
    },
    /// Approve the recovery of a forgotten PIN, once you know who is speaking
    Recover {
        /// 16 hexadecimal digits, as listed
        id: DeviceId,
        /// The check code its owner reads from it, XXXX-XXXX-XX
        check_code: String,
    },
    /// List recoveries that wait for approval
    Recoveries,
    /// Issue a single-use enrolment code for an account; it is shown once
    EnrolCode {
        /// The account whose device it enrols
        username: String,
        /// How long it can be used; without it: enrolment_code_hours
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=720))]
        hours: Option<u32>,
        /// Show it as a QR code too, which opens the app at this address of the server: https://banlang.example
        #[arg(long, value_name = "ADDRESS")]
        qr: Option<String>,
    },
}

impl From<RecoveryError> for CliError {
    fn from(error: RecoveryError) -> Self {
        let vi = match &error {
            RecoveryError::Device => "không có thiết bị này hoặc đã bị thu hồi".to_owned(),
            RecoveryError::NoneWaits => "thiết bị này không có yêu cầu mở khóa đang chờ".to_owned(),
            RecoveryError::CheckCode => "mã kiểm tra không khớp với mã trên thiết bị".to_owned(),
            RecoveryError::Envelope => "máy chủ không mở được gói khóa của thiết bị".to_owned(),
            RecoveryError::Seal(error) => format!("không niêm phong được câu trả lời: {error}"),
            RecoveryError::Db(_) => format!("cơ sở dữ liệu: {error}"),
        };
        Self::failed(vi, error.to_string())
    }
}

impl From<RevokeError> for CliError {
    fn from(error: RevokeError) -> Self {
        if let RevokeError::Db(error) = error {
            return error.into();
        }
        let vi = match &error {
            RevokeError::Unknown => "không có thiết bị này".to_owned(),
            RevokeError::Already => "thiết bị đã bị thu hồi từ trước".to_owned(),
            RevokeError::Reason => "lý do: 3 đến 200 ký tự".to_owned(),
            RevokeError::Db(_) => format!("cơ sở dữ liệu: {error}"),
        };
        match error {
            RevokeError::Reason => Self::usage(vi, error.to_string()),
            error => Self::failed(vi, error.to_string()),
        }
    }
}

/// Runs `banlang device`.
///
/// # Errors
/// [`CliError`].
pub async fn run(args: DeviceArgs, context: &Context) -> Result<(), CliError> {
    let db = context.open_db().await?;
    let now = context.clock.now();
    match args.command {
        DeviceCommand::List => {
            let accounts = account::list(&db).await?;
            for device in store::list(&db).await? {
                let owner = accounts.iter().find(|account| Some(account.id) == device.account);
                let owner = owner.map_or("?", |account| account.username.as_str());
                let state = match (device.revoked_at, device.last_contact) {
                    (Some(at), _) => {
                        let reason = device.revoked_reason.as_deref().unwrap_or_default();
                        format!("{} {} ({reason})", context.lang.pick("đã thu hồi", "revoked"), when(at))
                    }
                    (None, Some(at)) => {
                        let synced = device.synced_at.map_or_else(
                            || context.lang.pick("chưa đồng bộ hết", "never synced").to_owned(),
                            |at| format!("{} {}", context.lang.pick("đồng bộ hết", "synced"), when(at)),
                        );
                        format!("{} {}, {synced}", context.lang.pick("liên lạc", "heard of"), when(at))
                    }
                    (None, None) => context.lang.pick("chưa liên lạc", "never heard of").to_owned(),
                };
                println!("{}  {owner:<20} {:<24} {state}", device.id, device.label);
            }
        }
        DeviceCommand::Revoke { id, reason } => {
            db.write(async |tx| revoke::revoke(tx, Actor::CommandLine, id, &reason, now).await).await?;
            println!("{}: {id}", context.lang.pick("Đã thu hồi thiết bị", "Device revoked"));
        }
        DeviceCommand::Recover { id, check_code } => {
            let code = check_code.parse().map_err(|error: sync_core::code::CodeError| {
                CliError::usage("mã kiểm tra: mười chữ và số, dạng XXXX-XXXX-XX", format!("the check code: {error}"))
            })?;
            db.write(async |tx| recovery::approve(tx, Actor::CommandLine, id, &code, now).await).await?;
            println!("{}: {id}", context.lang.pick("Đã cho đặt lại PIN", "A new PIN may be set"));
        }
        DeviceCommand::Recoveries => {
            for recovery in recovery::open(&db, now).await? {
                println!("{}  {}", recovery.device, when(recovery.asked_at));
            }
        }
        DeviceCommand::EnrolCode { username, hours, qr } => {
            let account = account::cli::named(&db, &username).await?;
            let hours = hours.unwrap_or(context.config.enrolment_code_hours);
            let expires_at = UnixMs(now.0 + i64::from(hours) * 3_600_000);
            let code = db
                .write(async |tx| account::issue_code(tx, Actor::CommandLine, account.id, expires_at, now).await)
                .await?;
            println!("{}", code.shown());
            if let Some(address) = qr {
                eprintln!("{}", qr_code(&format!("{}/#enrol={}", address.trim_end_matches('/'), code.shown()))?);
            }
            eprintln!(
                "{} {} ({})",
                context.lang.pick("Mã dùng một lần, hết hạn", "Single use, ends"),
                when(expires_at),
                account.username
            );
        }
    }
    db.close().await;
    Ok(())
}

/// A QR code for the terminal, with the quiet zone scanners need. A terminal is told to show it dark on light, whatever
/// its own colours are: many phones do not read one that is light on dark.
fn qr_code(text: &str) -> Result<String, CliError> {
    const DARK_ON_LIGHT: &str = "\x1b[30;107m";
    const AS_BEFORE: &str = "\x1b[0m";
    let code = qrcode::QrCode::new(text).map_err(|_| {
        CliError::usage("--qr: địa chỉ quá dài cho một mã QR", "--qr: the address is too long for a QR code")
    })?;
    let drawn = code.render::<qrcode::render::unicode::Dense1x2>().quiet_zone(true).build();
    if !std::io::stderr().is_terminal() {
        return Ok(drawn);
    }
    let coloured = drawn.lines().map(|line| format!("{DARK_ON_LIGHT}{line}{AS_BEFORE}"));
    Ok(coloured.collect::<Vec<_>>().join("\n"))
}

/// A time as `yyyy-mm-ddThh:mm:ssZ`.
pub(crate) fn when(at: UnixMs) -> String {
    time::OffsetDateTime::from_unix_timestamp(at.0.div_euclid(1000))
        .ok()
        .and_then(|at| at.format(&time::format_description::well_known::Rfc3339).ok())
        .unwrap_or_else(|| at.0.to_string())
}
