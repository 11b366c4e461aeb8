//! A caller that speaks HTTP by the byte: cut, slow, or never to the end.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Failure;

/// One connection.
#[derive(Debug)]
pub struct Caller(TcpStream);

impl Caller {
    /// Connects to a server.
    ///
    /// # Errors
    /// When it does not listen.
    pub async fn to(url: &str) -> Result<Self, Failure> {
        Ok(Self(TcpStream::connect(url.trim_start_matches("http://")).await?))
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// When the server has hung up.
    pub async fn send(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        Ok(self.0.write_all(bytes).await?)
    }

    /// Sends the head of a deposit of a page of so many bytes.
    ///
    /// # Errors
    /// When the server has hung up.
    pub async fn begin_deposit(&mut self, length: usize) -> Result<(), Failure> {
        let media = "application/vnd.banlang.page";
        let head = format!(
            "POST /v1/deposits HTTP/1.1\r\nhost: x\r\ncontent-type: {media}\r\nconnection: close\r\n\
             content-length: {length}\r\n\r\n"
        );
        self.send(head.as_bytes()).await
    }

    /// What the server says until it hangs up; the part that came when the connection breaks.
    pub async fn hear(mut self) -> String {
        let mut said = Vec::new();
        self.0.read_to_end(&mut said).await.ok();
        String::from_utf8_lossy(&said).into_owned()
    }

    /// Says that nothing more comes, then hears the server out: what is not whole by then never will be.
    pub async fn end(mut self) -> String {
        self.0.shutdown().await.ok();
        self.hear().await
    }
}
