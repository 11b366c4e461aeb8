//! Carrying out the effects of the state machine: sync, export, deposit, receipts.

use sync_core::device::{Effect, Input, Notice, PendingChange, StopReason};
use sync_core::id::{AreaId, ChangeHash, UnixMs};
use sync_core::log::LogId;
use sync_core::sync::{Page, ReceiptFile};

use super::access::is_shut_out;
use super::client::Ask;
use super::{Field, FieldError, Refusal, Traffic, Watch, Witnessed};

const SYNC: &str = "application/vnd.banlang.sync";
const PAGE: &str = "application/vnd.banlang.page";
const CARRIED: &str = "application/vnd.banlang.carried";
/// About how many bytes of batches one deposit takes along.
const DEPOSIT_BYTES: usize = 1 << 20;

/// How a sync ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Both sides hold the same.
    Synced {
        /// The server's clock.
        server_time: UnixMs,
    },
    /// The server lets this device in no more; what only it held was deposited without a sign-in and has a receipt.
    Deposited {
        /// Why the server did not let it in.
        refusal: Box<Refusal>,
    },
}

/// What a sync did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How it ended.
    pub end: End,
    /// Own batches the server signed for.
    pub sent: u64,
    /// Batches that came.
    pub received: u64,
    /// What went over the line, bodies only.
    pub traffic: Traffic,
    /// What a person should hear of: copies, restores, forged receipts.
    pub notices: Vec<Notice>,
    /// What a coordinator's device found in the server's journal; nothing when it could not be asked.
    pub witnessed: Option<Box<Witnessed>>,
}

/// A file for a carrier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The file: signed batches, encrypted to the server.
    pub bytes: Vec<u8>,
    /// How many changes are in it.
    pub changes: usize,
}

/// What became of a carried file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// The receipts, to be brought back to the device that wrote the file.
    pub receipts: Vec<u8>,
    /// The logs the receipts speak of.
    pub logs: usize,
    /// Batches that wait for others or were held for a person to look at.
    pub held: usize,
}

/// What one run of the state machine left behind.
#[derive(Debug, Default)]
struct Outcome {
    notices: Vec<Notice>,
    exported: Option<(Vec<u8>, usize)>,
    error: Option<FieldError>,
}

impl Outcome {
    fn stopped(&self) -> Option<StopReason> {
        self.notices.iter().find_map(|notice| match notice {
            Notice::Stopped(reason) => Some(*reason),
            _ => None,
        })
    }

    /// What two runs of one sync left behind: the second one's word counts on what could not be verified.
    fn followed_by(mut self, again: Self) -> Self {
        let stays =
            |notice: &Notice| matches!(notice, Notice::StoreCopiedOrRolledBack { .. } | Notice::ServerWasBehind { .. });
        self.notices.retain(stays);
        self.notices.extend(again.notices);
        Self { notices: self.notices, ..again }
    }

    /// The cause when there is one, else what the state machine said.
    fn into_error(self, fallback: StopReason) -> FieldError {
        let reason = self.stopped().unwrap_or(fallback);
        self.error.unwrap_or(FieldError::Stopped(reason))
    }
}

impl Field {
    /// Gives the state machine an input and carries out everything that follows from it.
    async fn run(&mut self, input: Input, watch: Watch<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        self.device.handle(input);
        while let Some(effect) = self.device.poll_effect() {
            let answer = match self.carry_out(effect, watch, &mut outcome).await {
                Ok(answer) => answer,
                Err(error) => {
                    outcome.error = Some(error);
                    Some(Input::Failed)
                }
            };
            if let Some(answer) = answer {
                self.device.handle(answer);
            }
        }
        outcome
    }

    async fn carry_out(
        &mut self,
        effect: Effect,
        watch: Watch<'_>,
        outcome: &mut Outcome,
    ) -> Result<Option<Input>, FieldError> {
        Ok(Some(match effect {
            Effect::Persist { ticket, writes } => match self.store.persist(self.profile.device, writes).await {
                Ok(()) => Input::Persisted(ticket),
                Err(error) => {
                    outcome.error = Some(error);
                    Input::PersistFailed(ticket)
                }
            },
            Effect::Sign { message } => Input::Signed(self.key.sign(&message)),
            Effect::ReadPending { area, at_most } => Input::PendingRead(self.store.pending(area, at_most).await?),
            Effect::ReadLog { log, after, about_bytes } => {
                Input::LogRead(self.store.log(log, after, about_bytes).await?)
            }
            Effect::Send { request } => {
                Input::Received(self.ask_signed(Ask::exchange("/v1/sync", SYNC, request)).await?.bytes)
            }
            Effect::FetchSnapshot(offer) => {
                let path = format!("/v1/areas/{}/snapshot?digest={}", offer.area, offer.digest);
                let ask = Ask { compress: true, ..Ask::get(&path) };
                Input::SnapshotFetched(self.ask_signed(ask).await?.bytes)
            }
            Effect::Export { file, changes } => {
                outcome.exported = Some((file, changes));
                return Ok(None);
            }
            Effect::RenewActor => {
                self.renew_actor();
                return Ok(None);
            }
            Effect::Notify(notice) => {
                watch(&notice, self.client.traffic);
                outcome.notices.push(notice);
                return Ok(None);
            }
        }))
    }

    /// Records a change; returns once it is durable.
    pub(super) async fn keep(&mut self, area: AreaId, change: PendingChange) -> Result<(), FieldError> {
        let hash = change.change.hash();
        let outcome = self.run(Input::Recorded { area, change }, &mut |_, _| {}).await;
        if outcome.notices.iter().any(|notice| matches!(notice, Notice::Recorded { .. })) {
            return Ok(());
        }
        // Whether the change reached the disk is not known, so its actor must not number another one alike.
        self.renew_actor();
        let cause = outcome.error.unwrap_or(FieldError::Stopped(StopReason::Failed));
        Err(self.not_recorded(cause, hash).await)
    }

    /// What a person is told about a change that could not be written.
    ///
    /// A failed sync leaves the change in the write-ahead log, where the next opening could find it after all. The next
    /// write that succeeds takes its place there, so one is tried at once. What the store then says it holds decides.
    async fn not_recorded(&mut self, cause: FieldError, change: ChangeHash) -> FieldError {
        let gone = !cause.is_failed_sync()
            || (self.store.overwrite_failed_write().await.is_ok()
                && self.store.is_pending(change).await.is_ok_and(|pending| !pending));
        let cause = Box::new(cause);
        if gone { FieldError::NotRecorded(cause) } else { FieldError::Unsure(cause) }
    }

    /// Brings both sides level. When the server lets this device in no more, what only it holds is deposited.
    ///
    /// # Errors
    /// [`FieldError::Unreachable`], [`FieldError::Refused`], [`FieldError::Stopped`]. Nothing recorded is lost; the next
    /// sync goes on where this one stopped.
    pub async fn sync(&mut self, watch: Watch<'_>) -> Result<Report, FieldError> {
        let before = self.client.traffic;
        // First the token, and with it the certificate: what is pending is sealed under the rights of today.
        let mut outcome = match self.refresh_if_stale().await {
            Ok(()) => {
                let now = self.clock.now();
                self.run(Input::SyncRequested { now }, watch).await
            }
            Err(error) => Outcome { error: Some(error), ..Outcome::default() },
        };
        if outcome.notices.iter().any(|notice| matches!(notice, Notice::Unverifiable { .. })) {
            // The server may seal with a key that is newer than this device's list: it comes with the next token.
            self.refresh().await.ok();
            let now = self.clock.now();
            let again = self.run(Input::SyncRequested { now }, watch).await;
            outcome = outcome.followed_by(again);
        }
        let (mut sent, mut received, mut server_time) = (0, 0, None);
        for notice in &outcome.notices {
            match notice {
                Notice::Progress { sent: s, received: r, .. } => (sent, received) = (*s, *r),
                Notice::Synced { server_time: at } => server_time = Some(*at),
                _ => {}
            }
        }
        let end = match (server_time, &outcome.error) {
            (Some(server_time), _) => End::Synced { server_time },
            (None, Some(FieldError::Refused(refusal))) if is_shut_out(&refusal.code) => {
                let refusal = refusal.clone();
                sent = self.deposit().await?;
                End::Deposited { refusal }
            }
            (None, _) => return Err(outcome.into_error(StopReason::Failed)),
        };
        let mut witnessed = None;
        if let End::Synced { server_time } = end {
            self.note_clocks(server_time).await?;
            self.fetch_reference_if_stale().await?;
            witnessed = self.witness_if_watching().await?.map(Box::new);
        }
        let traffic = since(before, self.client.traffic);
        Ok(Report { end, sent, received, traffic, notices: heard(outcome.notices), witnessed })
    }

    /// Everything the server has not signed for, sealed and laid out.
    async fn unsent(&mut self) -> Result<(Vec<u8>, usize), FieldError> {
        let now = self.clock.now();
        let mut outcome = self.run(Input::ExportRequested { now }, &mut |_, _| {}).await;
        outcome.exported.take().ok_or_else(|| outcome.into_error(StopReason::Failed))
    }

    /// Deposits what the server has not signed for, page by page; returns how many batches got a receipt.
    async fn deposit(&mut self) -> Result<u64, FieldError> {
        let (file, _) = self.unsent().await?;
        let carried = sync_core::sync::Carried::from_bytes(&file)?;
        let mut sent = 0;
        for page in sync_core::sync::pages(carried.page.batches, DEPOSIT_BYTES) {
            sent += self.deposit_page(page.batches).await?;
        }
        Ok(sent)
    }

    async fn deposit_page(&mut self, batches: Vec<sync_core::log::Batch>) -> Result<u64, FieldError> {
        let count = batches.len() as u64;
        let body = Page { batches }.to_bytes();
        let answer = self.client.ask(Ask::exchange("/v1/deposits", PAGE, body)).await?;
        self.note_contact().await?;
        self.import_receipts(&answer.bytes).await?;
        Ok(count)
    }

    /// A file of everything the server has not signed for, encrypted to the server, for any carrier.
    ///
    /// # Errors
    /// When the store or the key says no, or the server's recipient is unknown.
    pub async fn export(&mut self) -> Result<Exported, FieldError> {
        let (file, changes) = self.unsent().await?;
        let recipient: age::x25519::Recipient =
            self.profile.carry_recipient.parse().map_err(|error: &str| FieldError::Encryption(error.to_owned()))?;
        let bytes = age::encrypt(&recipient, &file).map_err(|error| FieldError::Encryption(error.to_string()))?;
        Ok(Exported { bytes, changes })
    }

    /// Brings a colleague's file to the server. Needs a connection and no sign-in: the batches stand on their own
    /// signatures.
    ///
    /// # Errors
    /// [`FieldError::Refused`] when the file is not one for this server.
    pub async fn carry(&mut self, file: Vec<u8>) -> Result<Carried, FieldError> {
        let ask = Ask { content_type: Some(CARRIED), ..Ask::post("/v1/deposits", file) };
        let answer = self.client.ask(ask).await?;
        self.note_contact().await?;
        let receipts = ReceiptFile::from_bytes(&answer.bytes)?;
        Ok(Carried {
            logs: receipts.receipts.iter().map(|receipt| receipt.heads.len()).sum(),
            held: receipts.receipts.iter().map(|receipt| receipt.held.len()).sum(),
            receipts: answer.bytes,
        })
    }

    /// Takes in receipts that came back by file.
    ///
    /// # Errors
    /// [`FieldError::NotReceipts`] when the file is none for this device.
    pub async fn import_receipts(&mut self, file: &[u8]) -> Result<(), FieldError> {
        let outcome = self.run(Input::ReceiptsImported { file: file.to_vec() }, &mut |_, _| {}).await;
        if let Some(error) = outcome.error {
            return Err(error);
        }
        match outcome.notices.contains(&Notice::NotReceiptsForThisDevice) {
            true => Err(FieldError::NotReceipts),
            false => Ok(()),
        }
    }
}

fn since(before: Traffic, now: Traffic) -> Traffic {
    Traffic {
        requests: now.requests - before.requests,
        bytes_up: now.bytes_up - before.bytes_up,
        bytes_down: now.bytes_down - before.bytes_down,
    }
}

/// What a person should hear of.
fn heard(notices: Vec<Notice>) -> Vec<Notice> {
    let lacking: Vec<LogId> = notices
        .iter()
        .filter_map(|notice| match notice {
            Notice::ServerLacks { log } => Some(*log),
            _ => None,
        })
        .collect();
    let matters = |notice: &Notice| {
        if let Notice::ServerWasBehind { log } = notice {
            // What it does not take was not given back.
            return !lacking.contains(log);
        }
        matches!(
            notice,
            Notice::StoreCopiedOrRolledBack { .. }
                | Notice::ServerLacks { .. }
                | Notice::Unverifiable { .. }
                | Notice::ForgedReceipt
        )
    };
    notices.into_iter().filter(matters).collect()
}
