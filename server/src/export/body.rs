//! A response's body that is made while it is sent.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Bytes;
use hyper::body::{Body, Frame};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Pieces that wait to be sent; each has at most some 64 KiB.
const WAITING: usize = 4;
/// How long a receiver may take nothing before the file is given up: it holds a connection to the database.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where pieces go.
#[derive(Debug, Clone)]
pub(super) struct Pieces(mpsc::Sender<Result<Bytes, std::io::Error>>);

/// What the receiver gets.
#[derive(Debug)]
pub(super) struct Made(mpsc::Receiver<Result<Bytes, std::io::Error>>);

/// The receiver has gone or takes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the receiver of the file has gone")]
pub(super) struct Gone;

/// A body, and where its pieces go.
pub(super) fn pieces() -> (Pieces, Made) {
    let (sender, receiver) = mpsc::channel(WAITING);
    (Pieces(sender), Made(receiver))
}

impl Pieces {
    /// Sends a piece, as soon as the receiver has room for it.
    pub(super) async fn send(&self, piece: Vec<u8>) -> Result<(), Gone> {
        if piece.is_empty() {
            return Ok(());
        }
        match timeout(PATIENCE, self.0.send(Ok(piece.into()))).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Gone),
        }
    }

    /// Done when nobody waits for the file any more: the connection broke off, or the body was dropped.
    pub(super) async fn gone(&self) {
        self.0.closed().await;
    }

    /// Breaks the connection off, so that nobody takes half a file for a whole one.
    pub(super) async fn break_off(&self) {
        let broken = std::io::Error::other("the file could not be finished");
        timeout(PATIENCE, self.0.send(Err(broken))).await.ok();
    }
}

impl Body for Made {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        self.0.poll_recv(cx).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;
    use crate::db::testing::Failure;

    #[tokio::test]
    async fn a_file_that_breaks_off_is_no_file() -> Result<(), Failure> {
        let (pieces, body) = pieces();
        pieces.send(b"half".to_vec()).await?;
        pieces.break_off().await;
        drop(pieces);
        assert!(to_bytes(axum::body::Body::new(body), 100).await.is_err());
        Ok(())
    }

    #[tokio::test]
    async fn a_receiver_that_goes_ends_the_work() {
        let (pieces, body) = pieces();
        drop(body);
        assert_eq!(pieces.send(b"x".to_vec()).await, Err(Gone));
        pieces.gone().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_receiver_that_takes_nothing_is_given_up() {
        let (pieces, _body) = pieces();
        let mut sent = 0;
        while pieces.send(vec![0; 10]).await.is_ok() {
            sent += 1;
        }
        assert_eq!(sent, WAITING);
    }
}
