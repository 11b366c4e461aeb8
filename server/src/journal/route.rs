//! `GET /v1/checkpoint`: the server's signed statement of its journal, for whoever keeps watch over it.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use ed25519_dalek::Signer as _;
use serde::Deserialize;
use sync_core::id::{Role, UnixMs};
use sync_core::log::{Checkpoint, JournalPage, Signature};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{signed, tip};
use crate::app::AppState;
use crate::auth::Principal;
use crate::auth::key::{Keyring, NoKey, Purpose};
use crate::db::{DbError, Tx};
use crate::ingest::respond;
use crate::on_db;
use crate::problem::{FORBIDDEN, Problem, QUERY, Query};

/// The media type of a checkpoint with entries of the journal.
pub const JOURNAL: &str = "application/vnd.banlang.journal";

/// Entries read in one go.
const STEP: i64 = 256;
/// Entries of a page at most.
const MOST: usize = 65_536;

/// The routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(checkpoint))
}

/// Which part of the journal.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Part {
    /// Entries after so many; 0 unless given.
    #[serde(default)]
    #[param(maximum = 9223372036854775807_u64)]
    after: u64,
}

/// The server's signed checkpoint, and a page of its journal
///
/// For coordinators and administrators. The answer is a page of the journal as laid out in docs/sync-protocol.md. A
/// device keeps it; at the next one it finds whether the journal only grew.
#[utoipa::path(get, path = "/v1/checkpoint", tag = "sync", params(Part),
    responses((status = 200, description = "A checkpoint and entries", body = crate::openapi::Binary,
        content_type = "application/vnd.banlang.journal")))]
async fn checkpoint(
    State(app): State<AppState>,
    Query(part): Query<Part>,
    headers: HeaderMap,
    principal: Principal,
) -> Result<Response, Problem> {
    if !principal.has_role(&[Role::Coordinator, Role::Administrator]) {
        return Err(FORBIDDEN.problem().accepted("coordinator or administrator"));
    }
    if i64::try_from(part.after).is_err() {
        return Err(QUERY.problem().field("after").accepted("a number of entries"));
    }
    let now = app.now();
    let known = app.auth.known(&app.db, now).await?;
    let mut tx = app.db.snapshot().await?;
    let checkpoint = sign(&mut tx, &known.ring, now).await?;
    let entries = entries(&mut tx, part.after, app.config.page_bytes).await?;
    drop(tx);
    let page = JournalPage { checkpoint, after: part.after, entries };
    Ok(respond(&headers, JOURNAL, page.to_bytes()))
}

async fn sign(tx: &mut Tx, ring: &Keyring, now: UnixMs) -> Result<Checkpoint, Problem> {
    let (batches_before, tip) = tip(tx).await?;
    let key = ring.newest(Purpose::Receipt, now).map_err(Problem::internal)?;
    let signing = key.signing().ok_or_else(|| Problem::internal(NoKey(Purpose::Receipt)))?;
    let signature = Signature([0; 64]);
    let mut checkpoint = Checkpoint { kid: key.kid.clone(), at: now, batches_before, tip, signature };
    checkpoint.signature = Signature(signing.sign(&checkpoint.signing_bytes()).to_bytes());
    Ok(checkpoint)
}

async fn entries(tx: &mut Tx, after: u64, about_bytes: usize) -> Result<Vec<Vec<u8>>, DbError> {
    const ENTRIES: &str = "select entry, body from journal where entry > $1 order by entry limit $2";
    let (mut entries, mut bytes) = (Vec::new(), 0);
    let mut after = signed(after, "journal.entry")?;
    while bytes < about_bytes && entries.len() < MOST {
        let rows: Vec<(i64, Vec<u8>)> =
            on_db!(tx, |c| sqlx::query_as(ENTRIES).bind(after).bind(STEP).fetch_all(c).await)?;
        let Some(last) = rows.last().map(|row| row.0) else { break };
        for (_, body) in rows {
            bytes += body.len();
            entries.push(body);
        }
        after = last;
    }
    Ok(entries)
}
