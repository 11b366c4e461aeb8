//! What a device said is there: in its store after each kill, on the server in the end.

use std::collections::{BTreeMap, BTreeSet};

use server::field::{Field, FieldError, OpenOptions};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use sync_core::id::RecordId;
use sync_core::log::Stage;

use super::{Terminal, text};
use crate::crash::Failure;
use crate::crash::examine::{self, Receipts};

impl Terminal {
    /// The store opens, is whole, and holds everything that was said to be recorded, once.
    pub(super) async fn examine(&mut self, at: usize) -> Result<(), Failure> {
        let handset = &self.handsets[at];
        let options = SqliteConnectOptions::new().filename(handset.store.join("store.sqlite"));
        let mut field = match Field::open(&handset.store, OpenOptions::default()).await {
            Ok(field) => field,
            Err(error) => {
                self.report.say(format!("{}: {error}", handset.store.display()));
                return Ok(());
            }
        };
        let me = field.who().device;
        let list = field.list().await?;
        field.close().await?;
        let mut connection = options.connect().await?;
        let whole: String = sqlx::query_scalar("select integrity_check from pragma_integrity_check limit 1")
            .fetch_one(&mut connection)
            .await?;
        connection.close().await?;
        if whole != "ok" {
            self.report.say(format!("{}: {whole}", handset.store.display()));
        }
        let own: BTreeMap<RecordId, (u32, u64)> = list
            .iter()
            .filter(|found| found.summary.device == me)
            .map(|found| (found.summary.id, (found.summary.attendances.unwrap_or(0), found.summary.serial)))
            .collect();
        for (id, number) in &handset.said {
            let may_be =
                |found: u32| found == *number || handset.unsaid.get(&found).is_some_and(|edited| *edited == Some(*id));
            if !own.get(id).is_some_and(|(found, _)| may_be(*found)) {
                self.report.lost += 1;
                self.report.say(format!("{id} was recorded with {number}, found: {:?}", own.get(id)));
            }
        }
        let serials: BTreeSet<u64> = own.values().map(|(_, serial)| *serial).collect();
        let mut numbers = BTreeSet::new();
        let strange = own.iter().filter(|(id, (number, _))| {
            !handset.said.contains_key(*id) && (handset.unsaid.get(number) != Some(&None) || !numbers.insert(*number))
        });
        let doubled = strange.count() as u64 + (own.len() - serials.len()) as u64;
        if doubled > 0 {
            self.report.doubled += doubled;
            self.report.say(format!("{}: {doubled} records nobody recorded, or twice", handset.store.display()));
        }
        Ok(())
    }

    /// Every device syncs in peace, files are carried, and the server's receipts are honoured.
    pub(super) async fn peace(&mut self) -> Result<(), Failure> {
        let mut claimed = Vec::new();
        for at in 0..self.handsets.len() {
            self.carry(at)?;
            let mut field = Field::open(&self.handsets[at].store, OpenOptions::default()).await?;
            match field.sync(&mut |_, _| {}).await {
                Ok(_) | Err(FieldError::Unreachable(_)) => {}
                Err(error) => self.report.say(format!("sync in peace: {error}")),
            }
            let mut receipts = Receipts::default();
            receipts.add(field.device().receipts(Stage::Stored).iter().map(|(log, head)| (*log, *head)));
            claimed.push(receipts);
            field.close().await?;
            self.examine(at).await?;
        }
        let db = self.site.open_db().await?;
        examine::receipts(&db, &claimed, &mut self.report).await?;
        examine::doubles(&db, &mut self.report).await?;
        db.close().await;
        examine::verify(&self.site, &mut self.report)
    }

    /// A file that is there under its name is whole: the server takes it from another device.
    pub(super) fn carry(&mut self, at: usize) -> Result<(), Failure> {
        let carrier = text(&self.handsets[(at + 1) % self.handsets.len()].store);
        for file in std::mem::take(&mut self.handsets[at].files) {
            if !file.exists() {
                continue;
            }
            let (file, receipts) = (text(&file), text(&file.with_extension("receipts")));
            let output =
                self.site.aside().run(&["field", "--store", &carrier, "carry", &file, "--out", &receipts], "")?;
            if output.code == 0 {
                self.report.files_carried += 1;
            } else {
                self.report.say(format!("{file} was written and is not taken: {output:?}"));
            }
        }
        Ok(())
    }

    /// The server has what all devices said, once.
    pub(super) async fn everything(&mut self) -> Result<(), Failure> {
        let mut recorded: BTreeMap<RecordId, BTreeSet<u32>> = BTreeMap::new();
        let mut unsaid = BTreeSet::new();
        for handset in self.handsets.iter().chain(&self.aside) {
            for (id, number) in &handset.said {
                let maybe = handset.unsaid.iter().filter(|(_, edited)| **edited == Some(*id));
                recorded.insert(*id, maybe.map(|(number, _)| *number).chain([*number]).collect());
            }
            unsaid.extend(handset.unsaid.keys().copied());
        }
        let db = self.site.open_db().await?;
        examine::sessions(&db, &recorded, &unsaid, &mut self.report).await?;
        db.close().await;
        self.site.rebuild()?;
        examine::verify(&self.site, &mut self.report)
    }
}
