//! Accepting connections, and stopping without cutting a request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tower::ServiceExt;

use crate::app::AppState;
use crate::router::router;

/// How often measurements are folded while nobody scrapes them.
const FOLD_EVERY: Duration = Duration::from_secs(15);
/// How long to wait when the machine refuses to accept, for instance for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Most bytes of a request's head: a token, a proof and some headers take under 2 KiB.
const HEAD_BYTES: usize = 32 * 1024;

/// The server could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("listen {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
    /// The API's description cannot be written.
    #[error("openapi: {0}")]
    Description(#[from] serde_json::Error),
}

/// A server that listens and does not yet answer.
#[derive(Debug)]
pub struct Server {
    app: AppState,
    router: Router,
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Listens on the configured address with all routes.
    ///
    /// # Errors
    /// [`ServeError`].
    pub async fn bind(app: AppState) -> Result<Self, ServeError> {
        let router = router(app.clone())?;
        Self::with_router(app, router).await
    }

    /// Listens on the configured address with these routes.
    ///
    /// # Errors
    /// [`ServeError::Listen`].
    pub async fn with_router(app: AppState, router: Router) -> Result<Self, ServeError> {
        let address = app.config.listen;
        let listen = |error| ServeError::Listen { address, error };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        Ok(Self { app, router, listener, address })
    }

    /// The address listened on; with the port the machine chose where 0 was configured.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop` is done; then accepts nobody, lets requests under way end within
    /// `shutdown_grace_seconds`, and tells whether all did.
    ///
    /// A connection may take `header_timeout_seconds` to send a head; its body falls under the request's deadline.
    pub async fn run(self, stop: impl Future<Output = ()>) -> bool {
        let Self { app, router, listener, .. } = self;
        let header_timeout = Duration::from_secs(app.config.header_timeout_seconds);
        let mut protocol = http1::Builder::new();
        protocol.timer(TokioTimer::new()).header_read_timeout(header_timeout).max_buf_size(HEAD_BYTES);
        let under_way = GracefulShutdown::new();
        let places = Arc::new(Semaphore::new(app.config.connection_limit));
        let folding = tokio::spawn(fold(app.clone()));
        tokio::pin!(stop);
        loop {
            let (stream, peer, place) = tokio::select! {
                biased;
                () = &mut stop => break,
                accepted = accept(&listener, &places) => accepted,
            };
            stream.set_nodelay(true).ok();
            let router = router.clone();
            let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(ConnectInfo(peer));
                router.clone().oneshot(request)
            });
            let connection = under_way.watch(protocol.serve_connection(TokioIo::new(stream), service));
            tokio::spawn(async move {
                // A connection that breaks off is the caller's matter: what it asked for was done or was not.
                connection.await.ok();
                drop(place);
            });
        }
        drop(listener);
        folding.abort();
        let grace = Duration::from_secs(app.config.shutdown_grace_seconds);
        tracing::info!(connections = under_way.count(), grace_s = grace.as_secs(), "stopping");
        let drained = timeout(grace, under_way.shutdown()).await.is_ok();
        if !drained {
            tracing::warn!("requests were cut: the grace period is over");
        }
        drained
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed, so a place is always found in the end.
    let place = places.clone().acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, place),
            Err(error) => {
                tracing::warn!(%error, "cannot accept");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn fold(app: AppState) {
    let mut ticks = tokio::time::interval(FOLD_EVERY);
    loop {
        ticks.tick().await;
        app.metrics.fold();
    }
}

/// Done at the first SIGTERM or SIGINT.
///
/// # Errors
/// When the process may not watch its signals.
pub fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
