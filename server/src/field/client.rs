//! The link to the hub: HTTP/1.1, one connection kept alive, three headers, every byte counted at the socket.
//!
//! Under TLS, or plain HTTP to this machine only. Bytes are counted below TLS: what really travels. Where a kept
//! connection turns out to be gone before a byte went out, a fresh one is made; a cut after that is the caller's to know.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use sync_protocol::device::Endpoint;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::limits::{FIELD_ANSWER_BYTES_MAX, FIELD_ANSWER_SECONDS_MAX, FIELD_CONNECT_SECONDS_MAX};
use crate::tls::trust::HandshakeError;
use crate::tls::{HubAddress, Trust, TrustError};

/// A connection, whatever carries it.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection being made.
pub type Dialling = Pin<Box<dyn Future<Output = io::Result<Box<dyn Stream>>> + Send>>;

/// Makes connections.
pub trait Dial: Send + Sync {
    /// Connects.
    fn dial(&self, host: String, port: u16) -> Dialling;
}

/// Connects over TCP.
#[derive(Debug, Clone, Copy, Default)]
pub struct TcpDial;

impl Dial for TcpDial {
    fn dial(&self, host: String, port: u16) -> Dialling {
        Box::pin(async move {
            let stream = TcpStream::connect((host, port)).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Box<dyn Stream>)
        })
    }
}

/// Why no answer came.
#[derive(Debug, Error)]
pub enum LinkError {
    /// Not an address that this version speaks to.
    #[error(
        "'{0}' is not a hub's address: wanted is https://NAME:PORT, or http://127.0.0.1:PORT for a hub on this machine"
    )]
    Address(String),
    /// Nobody there.
    #[error("the hub cannot be reached at {address}: {source}")]
    Connect {
        /// Where.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// Nobody can be believed to be the hub.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// Whoever answered is not believed to be the hub, or speaks no TLS.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// The connection broke.
    #[error("the link was cut: {0}")]
    Cut(String),
    /// Too slow.
    #[error("the hub did not answer within {0} seconds")]
    Timeout(u64),
    /// The hub answered with an error.
    #[error("{message} ({code})")]
    Hub {
        /// The HTTP status.
        status: u16,
        /// The stable code.
        code: String,
        /// The hub's sentence.
        message: String,
    },
}

/// What a link has carried, counted at the socket: headers and all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Traffic {
    /// Bytes sent.
    pub bytes_up: u64,
    /// Bytes received.
    pub bytes_down: u64,
    /// Requests answered.
    pub exchanges: u64,
    /// Connections made.
    pub connections: u64,
}

#[derive(Debug, Default)]
struct Counters {
    up: AtomicU64,
    down: AtomicU64,
    exchanges: AtomicU64,
    connections: AtomicU64,
}

/// A client of one hub.
pub struct HubClient {
    address: HubAddress,
    /// Under TLS only.
    trust: Option<Trust>,
    dial: Arc<dyn Dial>,
    counters: Arc<Counters>,
    connection: Option<SendRequest<Full<Bytes>>>,
}

#[derive(Deserialize)]
struct ErrorBody {
    code: String,
    message: String,
}

impl HubClient {
    /// A client of the hub at this address; connects when it is first needed. Under TLS it believes the system's
    /// authorities.
    ///
    /// # Errors
    /// [`LinkError::Address`] for plain HTTP to another machine; [`LinkError::Trust`].
    pub fn new(url: &str, dial: Arc<dyn Dial>) -> Result<Self, LinkError> {
        Self::trusting(url, dial, None)
    }

    /// The same; under TLS it believes the authority whose certificate was given in PEM, and nobody else.
    ///
    /// # Errors
    /// As [`HubClient::new`].
    pub fn trusting(url: &str, dial: Arc<dyn Dial>, authority: Option<&[u8]>) -> Result<Self, LinkError> {
        let wrong = || LinkError::Address(url.chars().take(200).collect());
        let address = HubAddress::parse(url).ok_or_else(wrong)?;
        let trust = address.is_tls.then(|| Trust::named(authority)).transpose()?;
        Ok(Self { address, trust, dial, counters: Arc::default(), connection: None })
    }

    /// What the link has carried so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Traffic {
            bytes_up: of(&self.counters.up),
            bytes_down: of(&self.counters.down),
            exchanges: of(&self.counters.exchanges),
            connections: of(&self.counters.connections),
        }
    }

    /// Closes the connection, as when a phone leaves the network.
    pub fn hang_up(&mut self) {
        self.connection = None;
    }

    /// Posts a frame and reads the answer's.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn post(&mut self, to: Endpoint, body: Vec<u8>) -> Result<Vec<u8>, LinkError> {
        let path = match to {
            Endpoint::Enrol => "/v1/enrol",
            Endpoint::Exchange => "/v1/exchange",
        };
        let body = Bytes::from(body);
        let whole = Duration::from_secs(FIELD_ANSWER_SECONDS_MAX);
        match timeout(whole, self.attempts(path, body)).await {
            Ok(Ok(bytes)) => {
                self.counters.exchanges.fetch_add(1, Ordering::Relaxed);
                Ok(bytes)
            }
            Ok(Err(error)) => Err(error),
            Err(_) => {
                self.connection = None;
                Err(LinkError::Timeout(FIELD_ANSWER_SECONDS_MAX))
            }
        }
    }

    async fn attempts(&mut self, path: &str, body: Bytes) -> Result<Vec<u8>, LinkError> {
        if let Some(connection) = self.connection.take() {
            let before = self.traffic().bytes_up;
            match self.attempt(connection, path, body.clone()).await {
                // The kept connection was closed before anything went out: once more on a fresh one.
                Err(LinkError::Cut(_)) if self.traffic().bytes_up == before => {}
                other => return other,
            }
        }
        let connection = self.connect().await?;
        self.attempt(connection, path, body).await
    }

    async fn attempt(
        &mut self,
        mut connection: SendRequest<Full<Bytes>>,
        path: &str,
        body: Bytes,
    ) -> Result<Vec<u8>, LinkError> {
        let cut = |error: &dyn std::error::Error| LinkError::Cut(error.to_string());
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(HOST, &self.address.authority)
            .header(CONTENT_TYPE, "application/cbor")
            .body(Full::new(body))
            .map_err(|error| cut(&error))?;
        connection.ready().await.map_err(|error| cut(&error))?;
        let response = connection.send_request(request).await.map_err(|error| cut(&error))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), FIELD_ANSWER_BYTES_MAX).collect().await;
        let bytes = body.map_err(|error| LinkError::Cut(error.to_string()))?.to_bytes();
        self.connection = Some(connection);
        if status == StatusCode::OK { Ok(bytes.to_vec()) } else { Err(refusal(status, &bytes)) }
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, LinkError> {
        let HubAddress { host, port, authority, .. } = &self.address;
        let failed = |source| LinkError::Connect { address: authority.clone(), source };
        let seconds = Duration::from_secs(FIELD_CONNECT_SECONDS_MAX);
        let late = |_| LinkError::Timeout(FIELD_CONNECT_SECONDS_MAX);
        let dialled = timeout(seconds, self.dial.dial(host.clone(), *port)).await;
        let stream = dialled.map_err(late)?.map_err(&failed)?;
        self.counters.connections.fetch_add(1, Ordering::Relaxed);
        let counted = Counted { inner: stream, counters: Arc::clone(&self.counters) };
        match &self.trust {
            Some(trust) => speak(timeout(seconds, trust.connect(host, counted)).await.map_err(late)??).await,
            None => speak(counted).await,
        }
    }
}

async fn speak(stream: impl Stream + 'static) -> Result<SendRequest<Full<Bytes>>, LinkError> {
    let (sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| LinkError::Cut(error.to_string()))?;
    // Ends with the sender; what goes wrong shows in the request that meets it.
    tokio::spawn(async move { connection.await.ok() });
    Ok(sender)
}

fn refusal(status: StatusCode, bytes: &[u8]) -> LinkError {
    let body: Option<ErrorBody> = serde_json::from_slice(bytes).ok();
    let (code, message) = body.map_or_else(
        || ("http".to_owned(), format!("the hub answered with status {}", status.as_u16())),
        |body| (body.code, body.message),
    );
    LinkError::Hub { status: status.as_u16(), code, message }
}

/// Counts what passes.
struct Counted {
    inner: Box<dyn Stream>,
    counters: Arc<Counters>,
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(cx, buf);
        self.counters.down.fetch_add((buf.filled().len() - before) as u64, Ordering::Relaxed);
        read
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, buf);
        if let Poll::Ready(Ok(bytes)) = &written {
            self.counters.up.fetch_add(*bytes as u64, Ordering::Relaxed);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::field::cut::CuttingDial;

    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

    /// Answers every request of a 4-byte body with `ok`.
    async fn hub() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut seen = Vec::new();
                    while stream.read_buf(&mut seen).await.is_ok_and(|read| read > 0) {
                        if seen.ends_with(b"\r\n\r\nbody") {
                            seen.clear();
                            stream.write_all(ANSWER).await.unwrap();
                        }
                    }
                });
            }
        });
        format!("http://{address}")
    }

    #[tokio::test]
    async fn bytes_are_counted_at_the_socket_and_the_connection_is_kept() {
        let mut client = HubClient::new(&hub().await, Arc::new(TcpDial)).unwrap();
        for _ in 0..2 {
            assert_eq!(client.post(Endpoint::Exchange, b"body".to_vec()).await.unwrap(), b"ok");
        }
        let traffic = client.traffic();
        assert_eq!((traffic.exchanges, traffic.connections), (2, 1));
        assert_eq!(traffic.bytes_down, 2 * ANSWER.len() as u64);
        assert!(traffic.bytes_up > 8 && traffic.bytes_up < 300, "{traffic:?}");
    }

    #[tokio::test]
    async fn a_cut_link_is_an_error_and_the_next_one_is_whole() {
        let dial = CuttingDial::default();
        let mut client = HubClient::new(&hub().await, Arc::new(dial.clone())).unwrap();
        client.post(Endpoint::Exchange, b"body".to_vec()).await.unwrap();
        dial.cut_after(60);
        assert!(matches!(client.post(Endpoint::Exchange, b"body".to_vec()).await, Err(LinkError::Cut(_))));
        assert_eq!(client.post(Endpoint::Exchange, b"body".to_vec()).await.unwrap(), b"ok");
        assert_eq!(client.traffic().exchanges, 2);
    }

    #[test]
    fn plain_http_to_another_machine_is_no_address() {
        for wrong in ["", "http://example.org:80", "http://192.0.2.1:8470", "127.0.0.1:8470"] {
            assert!(matches!(HubClient::new(wrong, Arc::new(TcpDial)), Err(LinkError::Address(_))), "{wrong}");
        }
    }
}
