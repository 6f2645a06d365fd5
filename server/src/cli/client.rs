//! JSON over HTTP to a hub, for `segin admin`: under TLS, or plain on this machine.

use axum::body::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::net::TcpStream;

use super::Trouble;
use crate::field::client::Stream;
use crate::routes::error::ErrorBody;
use crate::routes::principal::COOKIE;
use crate::tls::{HubAddress, Trust};

/// Bytes of an answer that are read: lists of a large hub stay far below.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A hub, and what opens its console.
pub struct Client {
    address: HubAddress,
    /// Under TLS only.
    trust: Option<Trust>,
    proof: Proof,
}

/// How a request shows who asks.
enum Proof {
    Nothing,
    Token(String),
    /// The value of the session's cookie.
    Session(String),
}

impl Client {
    /// For the hub at this URL; under TLS it believes the system's authorities.
    ///
    /// # Errors
    /// [`Trouble`] when it is neither `https://…` nor `http://` and an address of this machine.
    pub fn new(url: &str, token: String) -> Result<Self, Trouble> {
        Self::with(url, Proof::Token(token), None)
    }

    /// The same; under TLS it believes the authority whose certificate was given in PEM, and nobody else. Without a token
    /// it has nothing that opens the console until it signs in.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn trusting(url: &str, token: Option<String>, authority: Option<&[u8]>) -> Result<Self, Trouble> {
        Self::with(url, token.map_or(Proof::Nothing, Proof::Token), authority)
    }

    fn with(url: &str, proof: Proof, authority: Option<&[u8]>) -> Result<Self, Trouble> {
        let wrong = || {
            let message = format!(
                "'{url}' is not a hub's address: wanted is https://NAME:PORT, or http://127.0.0.1:PORT on this machine"
            );
            Trouble::new("hub-url", message)
        };
        let address = HubAddress::parse(url).ok_or_else(wrong)?;
        let trust = address.is_tls.then(|| Trust::named(authority)).transpose();
        Ok(Self { address, trust: trust.map_err(|error| Trouble::new("hub-trust", error))?, proof })
    }

    /// Asks.
    ///
    /// # Errors
    /// [`Trouble`] with the hub's own code and sentence where it has refused.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Trouble> {
        self.send(Method::GET, path, Bytes::new()).await
    }

    /// Acts.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, Trouble> {
        self.send(Method::POST, path, Bytes::from(body.to_string())).await
    }

    /// Changes something that is there.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn patch<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, Trouble> {
        self.send(Method::PATCH, path, Bytes::from(body.to_string())).await
    }

    /// Acts; where the hub opens a session with its answer, what follows is asked in it.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn enter<T: DeserializeOwned>(&mut self, path: &str, body: &Value) -> Result<T, Trouble> {
        let (headers, body) = self.ask(Method::POST, path, Bytes::from(body.to_string())).await?;
        if let Some(session) = headers.get_all(header::SET_COOKIE).iter().find_map(session) {
            self.proof = Proof::Session(session);
        }
        read(&body)
    }

    /// Ends the session, if there is one.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn leave(&mut self) -> Result<(), Trouble> {
        if matches!(self.proof, Proof::Session(_)) {
            self.ask(Method::DELETE, "/v1/session", Bytes::new()).await?;
            self.proof = Proof::Nothing;
        }
        Ok(())
    }

    /// Sends a file.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn post_file<T: DeserializeOwned>(&self, path: &str, bytes: Vec<u8>) -> Result<T, Trouble> {
        let (_, body) = self.ask_as("application/octet-stream", Method::POST, path, Bytes::from(bytes)).await?;
        read(&body)
    }

    async fn send<T: DeserializeOwned>(&self, method: Method, path: &str, body: Bytes) -> Result<T, Trouble> {
        let (_, body) = self.ask(method, path, body).await?;
        read(&body)
    }

    async fn ask(&self, method: Method, path: &str, body: Bytes) -> Result<(HeaderMap, Bytes), Trouble> {
        self.ask_as("application/json", method, path, body).await
    }

    async fn ask_as(
        &self,
        content_type: &str,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<(HeaderMap, Bytes), Trouble> {
        let lost = |error: &dyn std::fmt::Display| {
            let message = format!("the hub at {} does not answer ({error}): is it running?", self.address.authority);
            Trouble::new("hub-unreachable", message)
        };
        let (host, port) = (self.address.host.as_str(), self.address.port);
        let stream = TcpStream::connect((host, port)).await.map_err(|error| lost(&error))?;
        let stream: Box<dyn Stream> = match &self.trust {
            Some(trust) => {
                let shaken = trust.connect(host, stream).await;
                Box::new(shaken.map_err(|error| Trouble::new("hub-not-believed", error))?)
            }
            None => Box::new(stream),
        };
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| lost(&error))?;
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.address.authority)
            .header(header::CONTENT_TYPE, content_type);
        let request = match &self.proof {
            Proof::Nothing => request,
            Proof::Token(token) => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
            Proof::Session(session) => {
                let scheme = if self.trust.is_some() { "https" } else { "http" };
                request
                    .header(header::COOKIE, format!("{COOKIE}={session}"))
                    .header(header::ORIGIN, format!("{scheme}://{}", self.address.authority))
            }
        };
        let request = request
            .body(Full::new(body))
            .map_err(|_| Trouble::new("token", "the token holds characters that no token has"))?;
        let answer = sender.send_request(request).await.map_err(|error| lost(&error))?;
        let status = answer.status();
        let headers = answer.headers().clone();
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await.map_err(|error| lost(&error))?;
        let body = body.to_bytes();
        if status.is_success() {
            return Ok((headers, body));
        }
        let refused: ErrorBody = read(&body)?;
        Err(Trouble::new(refused.code, refused.message))
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Trouble> {
    let unreadable = |_| Trouble::new("hub-answer", "the hub's answer cannot be read: is it of another version?");
    serde_json::from_slice(body).map_err(unreadable)
}

/// The session that a cookie brings.
fn session(cookie: &HeaderValue) -> Option<String> {
    let (name, value) = cookie.to_str().ok()?.split(';').next()?.split_once('=')?;
    (name == COOKIE && !value.is_empty()).then(|| value.to_owned())
}
