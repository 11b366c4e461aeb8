//! Accepting connections, and stopping without cutting a request.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tower::ServiceExt;

use crate::app::AppState;
use crate::intake::{Connection, Connections};
use crate::router::router;

/// How often measurements are folded while nobody scrapes them.
const FOLD_EVERY: Duration = Duration::from_secs(15);
/// How long to wait when the machine refuses to accept, for instance for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Most bytes of a request's head: a token, a proof and some headers take under 2 KiB.
const HEAD_BYTES: usize = 16 * 1024;

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
    /// A connection may take `header_timeout_seconds` to send a head; its body falls under `body_timeout_seconds`. When
    /// all places for connections are taken, the one whose peer has kept the server waiting longest is closed.
    pub async fn run(self, stop: impl Future<Output = ()>) -> bool {
        let Self { app, router, listener, .. } = self;
        let header_timeout = Duration::from_secs(app.config.header_timeout_seconds);
        let mut protocol = http1::Builder::new();
        protocol.timer(TokioTimer::new()).header_read_timeout(header_timeout).max_buf_size(HEAD_BYTES);
        let under_way = GracefulShutdown::new();
        let connections = Connections::new(app.config.connection_limit);
        let folding = tokio::spawn(fold(app.clone()));
        tokio::pin!(stop);
        loop {
            let (stream, peer, place) = tokio::select! {
                biased;
                () = &mut stop => break,
                accepted = accept(&listener, &connections) => accepted,
            };
            stream.set_nodelay(true).ok();
            let router = router.clone();
            let connection = place.clone();
            let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(ConnectInfo(peer));
                request.extensions_mut().insert(connection.clone());
                let (router, connection) = (router.clone(), connection.clone());
                async move {
                    connection.works();
                    let answer = router.oneshot(request).await;
                    connection.waits();
                    answer
                }
            });
            let serving = under_way.watch(protocol.serve_connection(TokioIo::new(stream), service));
            tokio::spawn(async move {
                tokio::select! {
                    // A connection that breaks off is the caller's matter: what it asked for was done or was not.
                    _ = serving => {}
                    () = place.must_make_room() => {}
                }
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

async fn accept(listener: &TcpListener, connections: &Connections) -> (TcpStream, SocketAddr, Connection) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, connections.enter().await),
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
