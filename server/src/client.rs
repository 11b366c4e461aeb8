//! Where a request comes from.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;

use crate::app::AppState;

/// The caller's address: for limits on sign-in, never for trust, never logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress {
    /// The address: the peer's, or what a trusted proxy says.
    pub ip: IpAddr,
    /// Whether it came through a trusted proxy.
    pub forwarded: bool,
}

impl ClientAddress {
    /// Whether the caller runs on this machine. Never so through a proxy.
    #[must_use]
    pub fn is_this_machine(self) -> bool {
        !self.forwarded && self.ip.to_canonical().is_loopback()
    }
}

impl FromRequestParts<AppState> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Infallible> {
        // In process, as in tests, there is no peer.
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map_or(Ipv4Addr::LOCALHOST.into(), |c| c.0.ip());
        let headers = parts.headers.get_all("x-forwarded-for");
        if !app.config.trusted_proxy {
            return Ok(Self { ip: peer, forwarded: false });
        }
        // The last entry is the proxy's own; those before it are whatever the caller wrote.
        let last =
            headers.iter().next_back().and_then(|value| value.to_str().ok()).and_then(|list| list.rsplit(',').next());
        // A proxy always adds its entry: a request without one comes from whoever calls this process directly.
        let ip = last.and_then(|entry| entry.trim().parse().ok()).unwrap_or(peer);
        Ok(Self { ip, forwarded: last.is_some() })
    }
}
