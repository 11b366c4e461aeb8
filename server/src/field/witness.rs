//! A coordinator's device as a witness: it keeps the server's journal and the checkpoints the server signed, and finds a
//! server whose journal does not continue the one it showed before.

use serde::{Deserialize, Serialize};
use sync_core::id::{AreaId, BatchHash, BatchSeq, DeviceId, PublicKey, Role, UnixMs, to_hex};
use sync_core::log::{Checkpoint, JournalPage, Position, Tip};
use sync_core::wire::Writer;
use sync_core::witness::{Difference, Journal, Kind, Missing, compare, named};

use super::client::Ask;
use super::store::Kept;
use super::{Field, FieldError};

/// What a look at the server's journal gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Witnessed {
    /// How many entries the journal has now.
    pub entries: u64,
    /// The server's clock when it signed that.
    pub signed_at_ms: UnixMs,
    /// The key it signed with.
    pub kid: String,
    /// How many entries this device had kept before; nothing at the first look.
    pub before: Option<u64>,
    /// What was found now: the journal does not continue what was kept.
    pub found: Option<Evidence>,
    /// Batches of this and of earlier findings that the server still does not have.
    pub missing: Vec<Lost>,
}

/// A statement the server signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The bytes of a checkpoint, hexadecimal: layout 1 of docs/sync-protocol.md.
    pub checkpoint: String,
    /// The receipt key that verifies it, hexadecimal.
    pub public_key: String,
    /// How many entries it stands for.
    pub entries: u64,
    /// When it was signed, by the server's clock.
    pub signed_at_ms: UnixMs,
}

/// What this device holds against a server: two signed statements, and all that is needed to see that they contradict
/// each other. From the hash after the common entries, either list of entries leads to the hash its statement signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// `put_back`: the server went on from an older state. `rewritten`: it altered what it keeps.
    pub kind: String,
    /// When it was found, by this device's clock.
    pub found_at_ms: UnixMs,
    /// The server's address.
    pub server: String,
    /// What the server signed before.
    pub earlier: Statement,
    /// What it signs now.
    pub present: Statement,
    /// How many entries both begin with.
    pub common: u64,
    /// The hash after them, hexadecimal.
    pub common_hash: String,
    /// What followed them before, each entry hexadecimal.
    pub earlier_entries: Vec<String>,
    /// What follows them now.
    pub present_entries: Vec<String>,
    /// How many of the earlier ones are among the present ones: a server that was put back could not know them.
    pub copied: usize,
    /// How many batches that were named before are named again.
    pub back: usize,
    /// How many decisions of persons are gone.
    pub decisions: usize,
    /// Batches that were named before and are not now.
    #[serde(default)]
    pub missing: Vec<Lost>,
}

/// A batch a server once had, signed for, and does not name any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// Its area.
    pub area: AreaId,
    /// The device that signed it.
    pub device: DeviceId,
    /// Its number in that device's log.
    pub seq: BatchSeq,
    /// Its hash.
    pub hash: BatchHash,
    /// `chained`, `waiting` or `forked`: the last two were never part of a log others receive.
    pub position: String,
    /// The batch in its place now.
    pub replaced_by: Option<BatchHash>,
    /// When the server named it again.
    #[serde(default)]
    pub back_at_ms: Option<UnixMs>,
}

/// Everything a witness can show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Testimony {
    /// The witness.
    pub device: DeviceId,
    /// The server's address.
    pub server: String,
    /// Checkpoints, newest first.
    pub checkpoints: Vec<Statement>,
    /// What was found, oldest first.
    pub findings: Vec<Evidence>,
}

impl Statement {
    fn of(kept: &Kept) -> Self {
        let mut bytes = Writer::new();
        kept.checkpoint.write(&mut bytes);
        Self {
            checkpoint: to_hex(&bytes.0),
            public_key: to_hex(&kept.key.0),
            entries: kept.checkpoint.tip.entries,
            signed_at_ms: kept.checkpoint.at,
        }
    }
}

impl Lost {
    fn of(missing: &Missing) -> Self {
        let position = match missing.position {
            Position::Chained => "chained",
            Position::Waiting => "waiting",
            Position::Forked => "forked",
        };
        Self {
            area: missing.log.area,
            device: missing.log.device,
            seq: missing.head.seq,
            hash: missing.head.hash,
            position: position.to_owned(),
            replaced_by: missing.replaced_by,
            back_at_ms: None,
        }
    }
}

/// Entries from the server and the checkpoint they lead to.
struct Shown {
    kept: Kept,
    entries: Vec<Vec<u8>>,
}

impl Field {
    /// Fetches the server's checkpoint and keeps it. What does not continue the journal kept so far is found, and kept
    /// with both signed statements.
    ///
    /// # Errors
    /// [`FieldError::Checkpoint`] when the server did not sign what it shows; those of a signed request. Then what was
    /// kept stays as it was.
    pub async fn witness(&mut self) -> Result<Witnessed, FieldError> {
        let before = self.store.newest_checkpoint().await?;
        let from = before.as_ref().map(|kept| (kept.checkpoint.batches_before, kept.checkpoint.tip));
        let found = match self.continued(from).await? {
            Some(shown) => {
                let tip = from.map_or(Tip::begin(shown.kept.checkpoint.batches_before), |(_, tip)| tip);
                let back = named(&shown.entries).map_err(|_| FieldError::Checkpoint("an entry cannot be read"))?;
                let now = (&back, self.clock.now());
                self.store.witness(tip, &shown.entries, &shown.kept, None, now).await?;
                None
            }
            None => match &before {
                Some(before) => Some(self.contradicted(before).await?),
                None => return Err(FieldError::Checkpoint("its entries do not lead to what it signs")),
            },
        };
        let newest = self.store.newest_checkpoint().await?;
        let newest = newest.ok_or(FieldError::Checkpoint("it was not kept"))?.checkpoint;
        let findings = self.store.evidence().await?;
        let missing = findings.into_iter().flat_map(|found| found.missing).filter(|lost| lost.back_at_ms.is_none());
        Ok(Witnessed {
            entries: newest.tip.entries,
            signed_at_ms: newest.at,
            kid: newest.kid,
            before: before.map(|kept| kept.checkpoint.tip.entries),
            found,
            missing: missing.collect(),
        })
    }

    /// After a sync, for those who watch over every area. A server that cannot be asked is asked next time.
    pub(super) async fn witness_if_watching(&mut self) -> Result<Option<Witnessed>, FieldError> {
        if !matches!(self.profile.role, Role::Coordinator | Role::Administrator) {
            return Ok(None);
        }
        match self.witness().await {
            Ok(witnessed) => Ok(Some(witnessed)),
            Err(FieldError::Unreachable(_) | FieldError::Refused(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Everything kept so far, to be shown to others. Needs no connection.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn testimony(&mut self) -> Result<Testimony, FieldError> {
        Ok(Testimony {
            device: self.profile.device,
            server: self.profile.server.clone(),
            checkpoints: self.store.checkpoints(i64::MAX).await?.iter().map(Statement::of).collect(),
            findings: self.store.evidence().await?,
        })
    }

    /// The entries that follow `from` up to the server's checkpoint; nothing when they do not lead there.
    async fn continued(&mut self, from: Option<(u64, Tip)>) -> Result<Option<Shown>, FieldError> {
        let mut entries = Vec::new();
        let mut tip = from.map(|(_, tip)| tip);
        loop {
            let (page, key) = self.ask_journal(tip.map_or(0, |tip| tip.entries)).await?;
            let checkpoint = page.checkpoint;
            let begun = from.map_or(checkpoint.batches_before, |(before, _)| before);
            let mut reached = tip.unwrap_or(Tip::begin(begun));
            if begun != checkpoint.batches_before || checkpoint.tip.entries < reached.entries {
                return Ok(None);
            }
            let came = page.entries.len();
            for entry in page.entries {
                reached = reached.then(&entry);
                entries.push(entry);
            }
            if reached.entries > checkpoint.tip.entries {
                return Err(FieldError::Checkpoint("more entries than it signs"));
            }
            if reached.entries == checkpoint.tip.entries {
                let leads_there = reached.hash == checkpoint.tip.hash;
                return Ok(leads_there.then_some(Shown { kept: Kept { checkpoint, key }, entries }));
            }
            if came == 0 {
                return Err(FieldError::Checkpoint("fewer entries than it signs"));
            }
            tip = Some(reached);
        }
    }

    /// Compares the whole journal of the server with the one kept, keeps the new one and what contradicts it.
    async fn contradicted(&mut self, before: &Kept) -> Result<Evidence, FieldError> {
        let unreadable = |_| FieldError::Checkpoint("an entry cannot be read");
        let shown = self.continued(None).await?;
        let shown = shown.ok_or(FieldError::Checkpoint("its entries do not lead to what it signs"))?;
        let earlier = self.store.journal().await?;
        let batches_before = before.checkpoint.batches_before;
        let present = &shown.kept.checkpoint;
        let difference = compare(
            Journal { batches_before, entries: &earlier },
            Journal { batches_before: present.batches_before, entries: &shown.entries },
        );
        let difference = difference.map_err(unreadable)?;
        let kind = match difference.kind() {
            Kind::PutBack => "put_back",
            Kind::Rewritten => "rewritten",
        };
        let Difference { common, copied, back, missing, decisions } = difference;
        let at = usize::try_from(common).unwrap_or(usize::MAX);
        let fork = shown.entries[..at].iter().fold(Tip::begin(present.batches_before), |tip, entry| tip.then(entry));
        let hexadecimal = |entries: &[Vec<u8>]| entries.iter().map(|entry| to_hex(entry)).collect();
        let lost: Vec<Lost> = missing.iter().map(Lost::of).collect();
        let evidence = Evidence {
            kind: kind.to_owned(),
            found_at_ms: self.clock.now(),
            server: self.profile.server.clone(),
            earlier: Statement::of(before),
            present: Statement::of(&shown.kept),
            common,
            common_hash: to_hex(&fork.hash),
            earlier_entries: hexadecimal(&earlier[at..]),
            present_entries: hexadecimal(&shown.entries[at..]),
            copied,
            back,
            decisions,
            missing: Vec::new(),
        };
        let named = named(&shown.entries).map_err(unreadable)?;
        let now = (&named, self.clock.now());
        self.store.witness(fork, &shown.entries[at..], &shown.kept, Some((&evidence, &lost)), now).await?;
        Ok(Evidence { missing: lost, ..evidence })
    }

    /// A page of the journal whose checkpoint a key of this server signed.
    async fn ask_journal(&mut self, after: u64) -> Result<(JournalPage, PublicKey), FieldError> {
        let path = format!("/v1/checkpoint?after={after}");
        let answer = self.ask_signed(Ask { compress: true, ..Ask::get(&path) }).await?;
        let page = JournalPage::from_bytes(&answer.bytes).map_err(|error| FieldError::Answer(error.to_string()))?;
        if page.after != after {
            return Err(FieldError::Answer("another part of the journal than was asked for".to_owned()));
        }
        let mut key = self.receipt_key(&page.checkpoint);
        if key.is_none() {
            // The server's keys may have changed since the last token.
            self.refresh().await?;
            key = self.receipt_key(&page.checkpoint);
        }
        let key = key.ok_or(FieldError::Checkpoint("no key of the server signed it"))?;
        Ok((page, key))
    }

    fn receipt_key(&self, checkpoint: &Checkpoint) -> Option<PublicKey> {
        let named = self.profile.receipt_keys.iter().filter(|(kid, _)| *kid == checkpoint.kid);
        named.map(|(_, key)| *key).find(|key| checkpoint.verify(key))
    }
}

impl Witnessed {
    /// Whether a person has to be told of anything.
    #[must_use]
    pub fn alarms(&self) -> bool {
        self.found.is_some() || !self.missing.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_reads_back_as_it_was_written() {
        let statement =
            Statement { checkpoint: "00".into(), public_key: "11".into(), entries: 1, signed_at_ms: UnixMs(2) };
        let evidence = Evidence {
            kind: "put_back".into(),
            found_at_ms: UnixMs(3),
            server: "http://127.0.0.1:8420".into(),
            earlier: statement.clone(),
            present: statement,
            common: 0,
            common_hash: "22".into(),
            earlier_entries: vec!["33".into()],
            present_entries: Vec::new(),
            copied: 0,
            back: 0,
            decisions: 0,
            missing: Vec::new(),
        };
        let text = serde_json::to_string(&evidence).expect("writes");
        assert_eq!(serde_json::from_str::<Evidence>(&text).expect("reads"), evidence);
    }
}
