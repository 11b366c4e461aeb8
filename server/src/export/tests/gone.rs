//! Receivers that go before a file is whole, over real connections.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::*;
use crate::app::AppState;
use crate::auth::testing::World;
use crate::config::Config;
use crate::export::cell::{Cell, Row};
use crate::export::made::Content;
use crate::export::route::send;
use crate::export::table::{Rows, Table};
use crate::problem::Problem;
use crate::router::frame;
use crate::serve::Server;

/// Well below what a receiver that only takes nothing is given.
const SOON: Duration = Duration::from_secs(30);

/// Rows without end: whoever makes a file of them goes on until nobody wants it.
fn endless() -> Table {
    let row: Row = vec![Cell::text("Nà Choòng"), Cell::Number(42)];
    let rows = Rows::Read(Box::new(std::iter::repeat(row)));
    Table { title: "Endless".to_owned(), headings: vec!["Village".to_owned(), "Sessions".to_owned()], rows }
}

async fn csv(State(app): State<AppState>) -> Result<Response, Problem> {
    let place = app.exports.place()?;
    Ok(send(app, Content::Csv(endless()), place))
}

async fn xlsx(State(app): State<AppState>) -> Result<Response, Problem> {
    let place = app.exports.place()?;
    Ok(send(app, Content::Xlsx(endless(), ("About".to_owned(), Vec::new())), place))
}

/// Asks for a file, waits for the head of its answer, and goes away.
async fn ask_and_go(address: std::net::SocketAddr, path: &str) -> Result<(), Failure> {
    let mut caller = TcpStream::connect(address).await?;
    caller.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await?;
    let mut head = [0; 15];
    caller.read_exact(&mut head).await?;
    assert_eq!(&head, b"HTTP/1.1 200 OK");
    Ok(())
}

#[tokio::test]
async fn a_receiver_that_goes_leaves_its_place_to_others_at_once() -> Result<(), Failure> {
    on_each(async |db| {
        let world = World::new(db).await?;
        let data = tempfile::tempdir()?;
        let mut config = Config::defaults_in(data.path())?;
        config.listen = "127.0.0.1:0".parse()?;
        let app = AppState::new(db.clone(), config, world.clock.clone());
        let routes = Router::new().route("/csv", get(csv)).route("/xlsx", get(xlsx));
        let server = Server::with_router(app.clone(), frame(app.clone(), routes)).await?;
        let address = server.address();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let serving = tokio::spawn(server.run(async { stopped.await.unwrap_or_default() }));
        for path in ["/csv", "/xlsx"] {
            ask_and_go(address, path).await?;
            drop(timeout(SOON, app.exports.all_places()).await??);
        }
        stop.send(()).map_err(|()| "the server has ended")?;
        assert!(serving.await?);
        let left: Vec<_> = std::fs::read_dir(data.path())?.collect::<Result<_, _>>()?;
        assert!(left.is_empty(), "work that nobody wants: {left:?}");
        Ok(())
    })
    .await
}
