//! Receipts: what the server has, signed by the server.

use super::inventory::{read_heads, write_heads};
use super::{Head, LogId, Signature, verify};
use crate::id::{BatchHash, PublicKey, UnixMs};
use crate::wire::{Reader, WireError, Writer};

const LAYOUT: u8 = 1;
const CONTEXT: &[u8] = b"banlang receipt v1";

/// How safe the received batches are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Durably committed in the server's database.
    Stored,
    /// Also part of a finished backup. Only now may a device prune its own log.
    BackedUp,
}

/// A statement of the server: these batches, and all before them in their logs, are stored (or backed up).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// How safe they are.
    pub stage: Stage,
    /// Which of the server's receipt keys signed, at most 32 bytes.
    pub kid: String,
    /// The server's clock when it signed.
    pub at: UnixMs,
    /// The head of each chained log; everything up to it is covered.
    pub heads: Vec<(LogId, Head)>,
    /// Batches that are kept but not chained: a predecessor is missing, or the log forked.
    pub held: Vec<BatchHash>,
    /// The signature over the fields above.
    pub signature: Signature,
}

impl Receipt {
    /// The exact bytes the signature is made over.
    #[must_use]
    pub fn signing_bytes(&self) -> Vec<u8> {
        let mut out = Writer(CONTEXT.to_vec());
        self.write_fields(&mut out);
        out.0
    }

    fn write_fields(&self, out: &mut Writer) {
        out.byte(LAYOUT)
            .byte(match self.stage {
                Stage::Stored => 1,
                Stage::BackedUp => 2,
            })
            .bytes(self.kid.as_bytes())
            .signed(self.at.0);
        write_heads(out, &self.heads);
        out.count(self.held.len());
        for hash in &self.held {
            out.fixed(&hash.0);
        }
    }

    /// Appends the frozen layout 1.
    pub fn write(&self, out: &mut Writer) {
        self.write_fields(out);
        out.fixed(&self.signature.0);
    }

    /// Reads what [`Receipt::write`] wrote.
    ///
    /// # Errors
    /// [`WireError`] when the bytes do not follow the layout.
    pub fn read(from: &mut Reader<'_>) -> Result<Self, WireError> {
        from.layout(LAYOUT)?;
        let stage = match from.byte("stage")? {
            1 => Stage::Stored,
            2 => Stage::BackedUp,
            got => return Err(WireError::Value { field: "stage", got: got.into() }),
        };
        let kid = from.text("kid", 32)?.to_owned();
        let at = UnixMs(from.signed("at")?);
        let heads = read_heads(from)?;
        let count = from.count("held", 100_000, 32)?;
        let held = (0..count).map(|_| from.fixed("held").map(BatchHash)).collect::<Result<_, _>>()?;
        Ok(Self { stage, kid, at, heads, held, signature: Signature(from.fixed("signature")?) })
    }

    /// Whether the server's key made this receipt.
    #[must_use]
    pub fn verify(&self, key: &PublicKey) -> bool {
        verify(key, &self.signing_bytes(), &self.signature)
    }
}
