//! The write-only way in: no sign-in, each batch stands on its own signature, the answer says nothing but receipts.

use std::io::Read;

use sync_core::id::{DeviceId, UnixMs};
use sync_core::log::{Batch, Stage};
use sync_core::sync::{Carried, Page, ReceiptFile};

use super::queue::Incoming;
use super::standing::Via;
use super::{answer, receipt};
use crate::app::AppState;
use crate::auth::key::Keyring;
use crate::auth::restored;
use crate::problem::{FIELD, LAYOUT, Problem, ProblemKind, TOO_LARGE};

/// A carried file was not encrypted to this server.
pub const CARRIED_KEY: ProblemKind = ProblemKind::new(
    422,
    "carried.key",
    "The file is not encrypted to this server, or it is damaged",
    "Tệp không được mã hóa cho máy chủ này hoặc đã bị hỏng",
);

/// Batches that came without a sign-in, and who is to get the receipts.
#[derive(Debug)]
pub struct Deposit {
    /// The batches.
    pub batches: Vec<Batch>,
    /// Whom the receipts are for.
    pub to: DeviceId,
    /// Which way they came.
    pub via: Via,
    /// The device that wrote the file, when one did.
    pub carrier: Option<DeviceId>,
    /// The certificates that came along.
    pub certificates: Vec<String>,
}

impl Deposit {
    /// The deposit of a bare page.
    ///
    /// # Errors
    /// When the bytes are not a page with at least one batch.
    pub fn of_page(bytes: &[u8]) -> Result<Self, Problem> {
        let page = Page::from_bytes(bytes).map_err(|error| unreadable(error.is_unknown_layout(), &error))?;
        let to = page.batches.first().ok_or_else(empty)?.device();
        Ok(Self { batches: page.batches, to, via: Via::Deposit, carrier: None, certificates: Vec::new() })
    }

    /// The deposit of a carried file, encrypted to this server, at most `limit` bytes of it once decrypted.
    ///
    /// # Errors
    /// When it cannot be decrypted or does not hold carried records.
    pub fn of_file(bytes: &[u8], ring: &Keyring, limit: usize) -> Result<Self, Problem> {
        let text = decrypt(bytes, ring, limit)?;
        let carried = Carried::from_bytes(&text).map_err(|error| unreadable(error.is_unknown_layout(), &error))?;
        if carried.page.batches.is_empty() {
            return Err(empty());
        }
        let Carried { from, certificates, page } = carried;
        Ok(Self { batches: page.batches, to: from, via: Via::File, carrier: Some(from), certificates })
    }
}

/// Why a body is none of the exchange's: damaged, or laid out by a newer program, which is to be told apart: what
/// comes from a newer program is whole, and its device must keep it.
pub(super) fn unreadable(unknown_layout: bool, error: &dyn std::fmt::Display) -> Problem {
    let kind = if unknown_layout { LAYOUT } else { FIELD };
    kind.problem().field("body").detail(error.to_string()).accepted("layout 1 of docs/sync-protocol.md")
}

fn empty() -> Problem {
    FIELD.problem().field("page.batches").accepted("at least one batch")
}

fn decrypt(bytes: &[u8], ring: &Keyring, limit: usize) -> Result<Vec<u8>, Problem> {
    let refused = || CARRIED_KEY.problem().field("body").accepted("age, encrypted to the server's carry key");
    let decryptor = age::Decryptor::new_buffered(bytes).map_err(|_| refused())?;
    let identities: Vec<&age::x25519::Identity> = ring.identities().collect();
    let reader = decryptor
        .decrypt(identities.into_iter().map(|identity| identity as &dyn age::Identity))
        .map_err(|_| refused())?;
    let mut text = Vec::new();
    reader.take(limit as u64 + 1).read_to_end(&mut text).map_err(|_| refused())?;
    if text.len() > limit {
        return Err(TOO_LARGE.problem().field("body").accepted(format!("at most {limit} bytes once decrypted")));
    }
    Ok(text)
}

/// Stores a deposit and answers its receipts.
///
/// # Errors
/// When a batch is not signed by an enrolled device (those in order are stored all the same), or the database does
/// not answer.
pub async fn deposit(app: &AppState, deposit: Deposit) -> Result<ReceiptFile, Problem> {
    let Deposit { batches, to, via, carrier, certificates } = deposit;
    let authors = batches.iter().map(Batch::device).collect();
    restored::introduce(app, &certificates, &authors, None).await?;
    let incoming = Incoming { batches, via, carrier, principal: None };
    let outcome = app.ingest.submit(app, incoming).await?;
    answer::refused(&outcome, true)?;
    let at: UnixMs = app.now();
    let known = app.auth.known(&app.db, at).await?;
    let stored = receipt::sign(&known.ring, Stage::Stored, outcome.heads, outcome.held, at)?;
    Ok(ReceiptFile { to, receipts: vec![stored] })
}
