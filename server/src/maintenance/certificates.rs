//! Certificates against their signed texts, and batches against their certificates.

use sync_core::id::{CertificateNo, DeviceId, UnixMs};

use super::verify::Finding;
use crate::auth::certificate;
use crate::auth::key::Keyring;
use crate::db::{Blob, DbError, Tx};
use crate::on_db;

/// Certificates read in one go.
const STEP: i64 = 500;

/// Finds certificates whose columns are not what their text says, and batches whose certificate is gone.
///
/// A text signed by a key that was retired since is read all the same: it was valid when it counted.
///
/// # Errors
/// The database's.
pub(super) async fn certificates(tx: &mut Tx, findings: &mut Vec<Finding>) -> Result<(), DbError> {
    const NAMES: &str = "select device_id, no from certificate where (device_id > $1) or (device_id = $1 and no > $2) \
                         order by device_id, no limit $3";
    const ORPHANS: &str = "select b.id from batch b where b.certificate_no > 0 and b.state = 'chained' \
                           and exists (select 1 from change c where c.batch_id = b.id and c.verdict = 'admitted') \
                           and not exists (select 1 from certificate c where c.device_id = b.device_id \
                           and c.no = b.certificate_no) order by b.id limit 100";
    let ring = Keyring::load_in(tx).await?;
    let mut after = (Vec::new(), 0_i64);
    loop {
        let names: Vec<(Blob<DeviceId>, i64)> =
            on_db!(tx, |c| sqlx::query_as(NAMES).bind(after.0.clone()).bind(after.1).bind(STEP).fetch_all(c).await)?;
        let Some((Blob(device), no)) = names.last().copied() else { break };
        for (Blob(device), no) in names {
            let number = CertificateNo(u32::try_from(no).unwrap_or(0));
            let Some(stored) = certificate::find(tx, device, number).await? else { continue };
            let signed = certificate::read(&ring, &stored.jwt, UnixMs(i64::MIN)).map(|signed| signed.certificate);
            let same = signed.is_ok_and(|mut signed| {
                signed.areas.sort_unstable();
                signed == stored
            });
            if !same {
                let difference = "its columns are not what its signed text says".to_owned();
                findings.push(Finding { subject: format!("certificate {no} of {device}"), difference });
            }
        }
        after = (device.0.to_vec(), no);
    }
    let orphans: Vec<i64> = on_db!(tx, |c| sqlx::query_scalar(ORPHANS).fetch_all(c).await)?;
    for id in orphans {
        let difference = "its certificate is not on file".to_owned();
        findings.push(Finding { subject: format!("batch {id}"), difference });
    }
    Ok(())
}
