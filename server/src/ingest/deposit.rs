//! The write-only way in: no sign-in, each batch stands on its own signature, the answer says nothing but receipts.

use std::io::Read;

use sync_core::id::{DeviceId, UnixMs};
use sync_core::log::{Batch, Stage};
use sync_core::sync::{Carried, Page, ReceiptFile};
use sync_core::wire::Reader;

use super::queue::Incoming;
use super::standing::Via;
use super::unpack::Layout;
use super::{answer, receipt};
use crate::app::AppState;
use crate::auth::key::Keyring;
use crate::auth::restored;
use crate::intake::Held;
use crate::problem::{FIELD, LAYOUT, Problem, ProblemKind};

/// A carried file was not encrypted to this server.
pub const CARRIED_KEY: ProblemKind = ProblemKind::new(
    422,
    "carried.key",
    "The file is not encrypted to this server, or it is damaged",
    "Tệp không được mã hóa cho máy chủ này hoặc đã bị hỏng",
);

/// The most bytes of the header of a carried file: some 200 for each key it is encrypted to.
const AGE_HEADER_BYTES: usize = 4096;
/// How the last line of such a header begins.
const AGE_HEADER_END: &[u8] = b"\n---";

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
    /// A bare page with at least one batch.
    pub(crate) const OF_PAGE: Layout<Self> = Layout {
        weigh: |bytes| {
            Page::weigh(&mut Reader::new(bytes)).map_err(|error| unreadable(error.is_unknown_layout(), &error))
        },
        read: |bytes| {
            let page = Page::from_bytes(bytes).map_err(|error| unreadable(error.is_unknown_layout(), &error))?;
            let to = page.batches.first().ok_or_else(empty)?.device();
            Ok(Self { batches: page.batches, to, via: Via::Deposit, carrier: None, certificates: Vec::new() })
        },
    };

    /// Carried records with at least one batch, decrypted.
    pub(crate) const OF_FILE: Layout<Self> = Layout {
        weigh: |bytes| Carried::weigh(bytes).map_err(|error| unreadable(error.is_unknown_layout(), &error)),
        read: |bytes| {
            let Carried { from, certificates, page } =
                Carried::from_bytes(bytes).map_err(|error| unreadable(error.is_unknown_layout(), &error))?;
            if page.batches.is_empty() {
                return Err(empty());
            }
            Ok(Self { batches: page.batches, to: from, via: Via::File, carrier: Some(from), certificates })
        },
    };
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

/// The text of a file encrypted to this server. It is shorter than the file: what is encrypted does not shrink.
pub(crate) fn decrypt(bytes: &[u8], ring: &Keyring) -> Result<Vec<u8>, Problem> {
    let refused = || CARRIED_KEY.problem().field("body").accepted("age, encrypted to the server's carry key");
    // A header is read over and over until its end is found: one without an end must not be begun.
    let head = &bytes[..bytes.len().min(AGE_HEADER_BYTES)];
    if !head.windows(AGE_HEADER_END.len()).any(|here| here == AGE_HEADER_END) {
        return Err(refused());
    }
    let decryptor = age::Decryptor::new_buffered(bytes).map_err(|_| refused())?;
    let identities: Vec<&age::x25519::Identity> = ring.identities().collect();
    let reader = decryptor
        .decrypt(identities.into_iter().map(|identity| identity as &dyn age::Identity))
        .map_err(|_| refused())?;
    let mut text = Vec::with_capacity(bytes.len());
    reader.take(bytes.len() as u64).read_to_end(&mut text).map_err(|_| refused())?;
    Ok(text)
}

/// Stores a deposit and answers its receipts. The memory held for it comes back when it is stored.
///
/// # Errors
/// When a batch is not signed by an enrolled device (those in order are stored all the same), or the database does
/// not answer.
pub async fn deposit(app: &AppState, deposit: Deposit, held: Held) -> Result<ReceiptFile, Problem> {
    let Deposit { batches, to, via, carrier, certificates } = deposit;
    let authors = batches.iter().map(Batch::device).collect();
    restored::introduce(app, &certificates, &authors, None).await?;
    let incoming = Incoming { batches, via, carrier, principal: None, held };
    let outcome = app.ingest.submit(app, incoming).await?;
    answer::refused(&outcome, true)?;
    let at: UnixMs = app.now();
    let known = app.auth.known(&app.db, at).await?;
    let stored = receipt::sign(&known.ring, Stage::Stored, outcome.heads, outcome.held, at)?;
    Ok(ReceiptFile { to, receipts: vec![stored] })
}
