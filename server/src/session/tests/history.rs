//! One session with its history.

use sync_core::id::{ActorId, AreaId, DeviceId, RecordId, RecordKind, RecorderId, UnixMs, to_hex};
use sync_core::record::{
    self, Author, CivilDate, Draft, Edit, Patch, RawChange, SessionEdit, SessionFieldsEdit, Village,
};

use super::*;
use crate::project::{Projected, apply};

fn author(device: u8, second: i64) -> Author {
    let actor = ActorId::new(DeviceId([device; 8]), [7; 8]);
    Author { actor, recorder: RecorderId(device.into()), claimed_at: UnixMs(second * 1_000) }
}

/// A batch of one change, as ingest stores it; bytes as SQL text.
fn stored(db: &Db, at: i64, device: u8, record: RecordId, change: &RawChange) -> [String; 2] {
    let bytes = |hex: &str| db.dialect().pick("x'", r"'\x").to_owned() + hex + "'";
    let (device, hash) = (bytes(&to_hex(&[device; 8])), bytes(&change.hash.to_string()));
    let (prev, signature) = (bytes(&"00".repeat(32)), bytes(&"00".repeat(64)));
    [
        format!(
            "insert into batch (id, device_id, generation, code, seq, hash, prev, certificate_no, sealed_at_ms, \
             schema_number, header, signature, received_at_ms, via, state) \
             values ({at}, {device}, 2025, 1, 1, {hash}, {prev}, 1, 0, 1, {prev}, {signature}, {at}, 'sync', 'chained')"
        ),
        format!(
            "insert into change (batch_id, ordinal, record_id, kind, change_hash, bytes, verdict) \
             values ({at}, 0, {}, 1, {hash}, {}, 'admitted')",
            bytes(&record.to_string()),
            bytes(&to_hex(&change.bytes))
        ),
    ]
}

#[tokio::test]
async fn a_session_shows_who_changed_what_and_when_it_came() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = filled(db, 1).await?;
        let fields = SessionFieldsEdit {
            date: Patch::from(CivilDate::new(2026, 3, 3)),
            village: Patch::Set(Village::Named("Chợ Hoành Mô".parse()?)),
            attendances: Patch::Set(40),
            ..SessionFieldsEdit::default()
        };
        let draft = Draft::Session(Box::new(SessionEdit { fields, ..SessionEdit::default() }));
        let made = record::create(&draft, &author(1, 5), 1)?;
        let fields = SessionFieldsEdit { attendances: Patch::Set(45), ..SessionFieldsEdit::default() };
        let edit = Edit::Session(Box::new(SessionEdit { fields, ..SessionEdit::default() }));
        let edited = record::edit(&[&made.change.bytes], &edit, &author(2, 6))?.ok_or("an edit")?;
        let view = record::view(RecordKind::Session, &[&made.change.bytes, &edited.bytes])?;
        let area = AreaId { generation: 2025, code: 1 };
        let projected = Projected {
            area,
            view: &view,
            received_at: UnixMs(100),
            updated_at: UnixMs(200),
            updated_by: DeviceId([2; 8]),
        };
        db.write(async |tx| apply(tx, &projected).await).await?;
        let phone = |device: u8| {
            let bytes = db.dialect().pick("x'", r"'\x");
            let (id, key) = (to_hex(&[device; 8]), to_hex(&[device; 32]));
            format!(
                "insert into device (id, public_key, label, enrolled_at_ms) \
                 values ({bytes}{id}', {bytes}{key}', 'phone {device}', 0)"
            )
        };
        let first = stored(db, 100, 1, made.id, &made.change);
        let second = stored(db, 200, 2, made.id, &edited);
        for text in [phone(1), phone(2)].into_iter().chain(first).chain(second) {
            db.write(async |tx| {
                let text = sqlx::AssertSqlSafe(text.clone());
                Ok::<_, DbError>(on_db!(tx, |c| sqlx::query(text).execute(c).await.map(drop))?)
            })
            .await?;
        }
        let mut tx = db.snapshot().await?;
        let found = detail(&mut tx, &catalogue, &Scope::All, made.id).await?.ok_or("found")?;
        assert_eq!((found.session.attendances, found.history_incomplete), (Some(45), false));
        let told: Vec<_> = found
            .history
            .iter()
            .map(|change| (change.author.device_label.as_deref(), change.claimed_at_ms, change.received_at_ms))
            .collect();
        assert_eq!(told, [(Some("phone 1"), 5_000, 100), (Some("phone 2"), 6_000, 200)]);
        let [change] = &found.history[1].fields[..] else { return Err("one field".into()) };
        assert_eq!((change.before.as_deref(), change.after.as_deref()), (Some("40"), Some("45")));
        let elsewhere = Scope::Areas(Arc::new(BTreeSet::from([AreaId { generation: 2025, code: 2 }])));
        assert_eq!(detail(&mut tx, &catalogue, &elsewhere, made.id).await?, None);
        Ok(())
    })
    .await
}
