//! Two areas full of data whose every text, id and number can be recognised wherever it turns up.

use server::clock::Clock;
use server::db::Blob;
use server::maintenance::snapshot;
use server::on_db;
use sync_core::id::{AreaId, DeviceId, RecordId, Role, to_hex};
use sync_core::log::{Head, LogId};
use sync_core::record::{Draft, PanelCheckEdit, Patch, SessionEdit, Village};

use super::{Failure, Hand, Served, Site};

/// How many callers may act on the data of one area, each on a part of its own.
pub const PARTS: usize = 4;

/// What was planted in one area.
#[derive(Debug)]
pub struct Planted {
    /// The area.
    pub area: AreaId,
    /// Stands in every text: names, labels, notes, places.
    pub word: &'static str,
    /// A village of it.
    pub village: &'static str,
    /// A session with a conflict.
    pub record: RecordId,
    /// Two people's sessions of one evening in the village: they may be one event.
    pub twins: [RecordId; 2],
    /// Guards' accounts, one a part.
    pub accounts: Vec<u32>,
    /// Their devices.
    pub devices: Vec<DeviceId>,
    /// Changes in quarantine, two a part: batch and ordinal.
    pub kept: Vec<(i64, i64)>,
    /// The digest of the prepared snapshot.
    pub snapshot: String,
    /// The first batch of a log of it.
    pub log: (LogId, Head),
    /// What must not be told to others: texts, and ids as they stand in JSON and in bytes.
    pub secrets: Vec<Vec<u8>>,
}

/// Plants an area.
///
/// # Errors
/// When the server refuses any of it.
pub async fn plant(
    site: &Site,
    served: &Served,
    area: AreaId,
    (word, village): (&'static str, &'static str),
    number: u32,
) -> Result<Planted, Failure> {
    let mut hands = Vec::new();
    for part in 0..PARTS {
        hands.push(Hand::enrol(served, &format!("{word}.{part}"), Role::Guard, &[area]).await?);
    }
    let session = session(word, number)?;
    let mut check = PanelCheckEdit { note: Some(format!("{word} pano")), ..PanelCheckEdit::default() };
    check.fields.site = Patch::Set(format!("{word}-pano").parse()?);
    check.fields.date = Patch::Set("2026-11-20".parse()?);
    check.conditions.add.insert("good".parse()?);
    let first = hands[0].create(&Draft::Session(Box::new(session.clone())))?;
    let panel = hands[0].create(&Draft::PanelCheck(check))?;
    let one = hands[0].edit(&[&first], number + 1)?;
    let other = hands[1].edit(&[&first], number + 2)?;
    let batch = hands[0].seal(area, &[first.clone(), panel.clone(), one])?;
    let log = (batch.log(), batch.head());
    hands[0].deposit(vec![batch]).await?.receipts()?;
    let batch = hands[1].seal(area, &[other])?;
    hands[1].deposit(vec![batch]).await?.receipts()?;

    let mut twins = Vec::new();
    for hand in &mut hands[2..] {
        let mut told = session.clone();
        told.fields.village = Patch::Set(Village::Listed(village.to_owned()));
        let told = hand.create(&Draft::Session(Box::new(told)))?;
        twins.push(told.1);
        let batch = hand.seal(area, &[told])?;
        hand.deposit(vec![batch]).await?.receipts()?;
    }
    let twins: [RecordId; 2] = twins.try_into().map_err(|_| "two of them")?;

    for hand in &mut hands {
        hand.forget_pin().await?;
    }

    let mut gone = Hand::enrol(served, &format!("{word}.mat"), Role::Guard, &[area]).await?;
    let lost = (0..PARTS * 2).map(|_| gone.create(&Draft::Session(Box::new(session.clone()))));
    let lost = lost.collect::<Result<Vec<_>, _>>()?;
    let batch = gone.seal(area, &lost)?;
    let id = gone.id;
    let now = site.clock.now();
    let revoke = async |tx: &mut server::db::Tx| {
        server::device::revoke(tx, server::audit::Actor::CommandLine, id, &format!("{word} mất máy"), now).await
    };
    served.app.db.write(revoke).await?;
    gone.deposit(vec![batch]).await?.receipts()?;
    let kept = "select c.batch_id, c.ordinal from change c join batch b on b.id = c.batch_id \
                where c.verdict = 'quarantined' and b.device_id = $1 order by c.ordinal";
    let kept: Vec<(i64, i64)> = on_db!(served.app.db, |c| sqlx::query_as(kept).bind(Blob(id)).fetch_all(c).await)?;

    snapshot::prepare(&served.app.db, &served.app.config.data_dir, area, now).await?;
    let digest = "select digest from snapshot where generation = $1 and code = $2";
    let digest: Blob<[u8; 16]> = on_db!(served.app.db, |c| sqlx::query_scalar(digest)
        .bind(i64::from(area.generation))
        .bind(i64::from(area.code))
        .fetch_one(c)
        .await)?;

    let records = [first.1, panel.1].into_iter().chain(twins).chain(lost.iter().map(|lost| lost.1));
    let devices: Vec<DeviceId> = hands.iter().map(|hand| hand.id).chain([id]).collect();
    let mut secrets = vec![word.as_bytes().to_vec()];
    for at in 0..3 {
        secrets.push((number + at).to_string().into_bytes());
    }
    for bytes in records.map(|id| id.0.to_vec()).chain(devices.iter().map(|id| id.0.to_vec())) {
        secrets.push(to_hex(&bytes).into_bytes());
        secrets.push(bytes);
    }
    Ok(Planted {
        area,
        word,
        village,
        record: first.1,
        twins,
        accounts: hands.iter().map(|hand| hand.recorder.0).collect(),
        devices: hands.iter().map(|hand| hand.id).collect(),
        kept,
        snapshot: to_hex(&digest.0),
        log,
        secrets,
    })
}

fn session(word: &str, attendances: u32) -> Result<SessionEdit, Failure> {
    let mut edit = SessionEdit::default();
    edit.fields.date = Patch::Set("2026-11-20".parse()?);
    edit.fields.village = Patch::Set(Village::Named(format!("{word} thôn").parse()?));
    edit.fields.attendances = Patch::Set(attendances);
    edit.note = Some(format!("{word} ghi chú"));
    Ok(edit)
}
