//! Checkpoints: how far the server's journal goes, signed by the server, and the entries that lead there.

use super::{Signature, Tip, verify};
use crate::id::{PublicKey, UnixMs};
use crate::wire::{Reader, WireError, Writer};

const LAYOUT: u8 = 1;
const CONTEXT: &[u8] = b"banlang checkpoint v1";
/// The largest entry: one transaction of many small batches.
const ENTRY_BYTES: usize = 64 << 20;

/// A statement of the server: this is my journal. Two of them of which neither journal continues the other prove that
/// the server was put back or rewrote its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which of the server's receipt keys signed, at most 32 bytes.
    pub kid: String,
    /// The server's clock when it signed.
    pub at: UnixMs,
    /// How many batches the database had when its journal began: 0 for all but the oldest.
    pub batches_before: u64,
    /// The journal.
    pub tip: Tip,
    /// The signature over the fields above.
    pub signature: Signature,
}

impl Checkpoint {
    /// The exact bytes the signature is made over.
    #[must_use]
    pub fn signing_bytes(&self) -> Vec<u8> {
        let mut out = Writer(CONTEXT.to_vec());
        self.write_fields(&mut out);
        out.0
    }

    fn write_fields(&self, out: &mut Writer) {
        out.byte(LAYOUT).bytes(self.kid.as_bytes()).signed(self.at.0);
        out.number(self.batches_before).number(self.tip.entries).fixed(&self.tip.hash);
    }

    /// Appends the frozen layout 1.
    pub fn write(&self, out: &mut Writer) {
        self.write_fields(out);
        out.fixed(&self.signature.0);
    }

    /// Reads what [`Checkpoint::write`] wrote.
    ///
    /// # Errors
    /// [`WireError`] when the bytes do not follow the layout.
    pub fn read(from: &mut Reader<'_>) -> Result<Self, WireError> {
        from.layout(LAYOUT)?;
        Ok(Self {
            kid: from.text("kid", 32)?.to_owned(),
            at: UnixMs(from.signed("at")?),
            batches_before: from.number("batches before")?,
            tip: Tip { entries: from.number("entries")?, hash: from.fixed("hash")? },
            signature: Signature(from.fixed("signature")?),
        })
    }

    /// Whether the server's key made this checkpoint.
    #[must_use]
    pub fn verify(&self, key: &PublicKey) -> bool {
        verify(key, &self.signing_bytes(), &self.signature)
    }
}

/// A checkpoint and a part of the journal it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalPage {
    /// The whole journal's.
    pub checkpoint: Checkpoint,
    /// How many entries come before the first one here.
    pub after: u64,
    /// Entries as their bytes were hashed; see [`super::JournalEntry`].
    pub entries: Vec<Vec<u8>>,
}

impl JournalPage {
    /// The frozen layout 1.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.byte(LAYOUT);
        self.checkpoint.write(&mut out);
        out.number(self.after).count(self.entries.len());
        for entry in &self.entries {
            out.bytes(entry);
        }
        out.0
    }

    /// Reads what [`JournalPage::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`WireError`] when the bytes do not follow the layout.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WireError> {
        let mut from = Reader::new(bytes);
        from.layout(LAYOUT)?;
        let checkpoint = Checkpoint::read(&mut from)?;
        let after = from.number("after")?;
        let count = from.count("entries", 1_000_000, 1)?;
        let entries =
            (0..count).map(|_| from.bytes("entry", ENTRY_BYTES).map(<[u8]>::to_vec)).collect::<Result<_, _>>()?;
        from.end()?;
        Ok(Self { checkpoint, after, entries })
    }
}
