//! Reading a body.

use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use hyper::body::Body as _;
use tokio::time::timeout;

use super::arrivals::Arrival;
use super::{Arrivals, Connection, Turn};
use crate::problem::{BUSY, CUT, Problem, TIMEOUT, TOO_LARGE};

/// The most bytes of a body that is JSON, or of one that nobody wants.
pub const SMALL_BYTES: usize = 64 * 1024;
/// How many seconds a caller whose body made room for others is told to wait.
const AGAIN_S: u64 = 5;

/// What the extractors of bodies find in a request's extensions.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    pub(crate) arrivals: Arrivals,
    pub(crate) turn: Turn,
}

/// A whole body and what it holds of the budget.
struct Whole {
    bytes: Vec<u8>,
    _held: Option<Arrival>,
}

impl AsRef<[u8]> for Whole {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The whole body of a request, at most so many bytes. What it holds of the budget comes back with the last clone.
///
/// A body that says it is larger is refused before a byte of it is read.
///
/// # Errors
/// `body.too-large`, `body.cut` when it ends early, `request.timeout` when it stands still, `server.busy` when its room
/// was needed.
pub(crate) async fn read(request: Request, most: usize) -> Result<Bytes, Problem> {
    let (mut parts, body) = request.into_parts();
    let too_large = || TOO_LARGE.problem().field("body").accepted(format!("at most {most} bytes"));
    let declared = body.size_hint();
    if declared.lower() > most as u64 {
        return Err(too_large());
    }
    if declared.exact() == Some(0) {
        return Ok(Bytes::new());
    }
    let way = parts.extensions.remove::<Way>();
    let connection = parts.extensions.remove::<Connection>();
    let Some(Way { arrivals, turn }) = way else {
        return arrive(body, most, None, Duration::MAX).await?.ok_or_else(too_large);
    };
    if let Some(connection) = &connection {
        connection.waits();
    }
    turn.rest();
    let whole = arrive(body, most, Some(arrivals.begin()), turn.quiet()).await?;
    if let Some(connection) = &connection {
        connection.works();
    }
    turn.resume().await?;
    whole.ok_or_else(too_large)
}

/// `None` when the body turned out to be larger.
async fn arrive(
    mut body: Body,
    most: usize,
    mut held: Option<Arrival>,
    quiet: Duration,
) -> Result<Option<Bytes>, Problem> {
    let busy = || BUSY.problem().retry_after_s(AGAIN_S);
    let capacity = body.size_hint().exact().and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(most);
    // Memory that nothing was written to is not resident: a body that only may be large costs nothing, and one that is
    // never moves.
    let mut bytes: Vec<u8> = Vec::with_capacity(capacity.min(most));
    loop {
        let next = timeout(quiet, std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)));
        let frame = match &held {
            None => next.await,
            Some(arrival) => tokio::select! {
                frame = next => frame,
                () = arrival.must_make_room() => return Err(busy()),
            },
        };
        let still = || TIMEOUT.problem().field("body").accepted(format!("a byte every {} seconds", quiet.as_secs()));
        let cut = |_| CUT.problem().field("body").detail("the connection ended before the body did");
        let Some(frame) = frame.map_err(|_| still())? else { break };
        let Ok(data) = frame.map_err(cut)?.into_data() else { continue };
        if data.len() > most - bytes.len() {
            return Ok(None);
        }
        if let Some(arrival) = &mut held {
            arrival.grow(data.len()).await.map_err(|_| busy())?;
        }
        bytes.extend_from_slice(&data);
    }
    if let Some(arrival) = &mut held {
        arrival.is_whole();
    }
    Ok(Some(Bytes::from_owner(Whole { bytes, _held: held })))
}
