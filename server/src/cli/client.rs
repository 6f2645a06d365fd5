//! JSON over HTTP to a hub on this machine, for `segin admin`.

use axum::body::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request, Uri, header};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::net::TcpStream;

use super::Trouble;
use crate::routes::error::ErrorBody;

/// Bytes of an answer that are read: lists of a large hub stay far below.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A hub, and the token that opens its console.
pub struct Client {
    authority: String,
    token: String,
}

impl Client {
    /// For the hub at this URL.
    ///
    /// # Errors
    /// [`Trouble`] when it is not `http://host:port`.
    pub fn new(url: &str, token: String) -> Result<Self, Trouble> {
        let wrong = || Trouble::new("hub-url", format!("'{url}' is not a hub's address such as http://127.0.0.1:8470"));
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        match (uri.scheme_str(), uri.authority()) {
            (Some("http"), Some(authority)) => {
                let port = authority.port_u16().unwrap_or(80);
                Ok(Self { authority: format!("{}:{port}", authority.host()), token })
            }
            _ => Err(wrong()),
        }
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

    async fn send<T: DeserializeOwned>(&self, method: Method, path: &str, body: Bytes) -> Result<T, Trouble> {
        let lost = |error: &dyn std::fmt::Display| {
            let message = format!("the hub at {} does not answer ({error}): is it running?", self.authority);
            Trouble::new("hub-unreachable", message)
        };
        let stream = TcpStream::connect(&self.authority).await.map_err(|error| lost(&error))?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| lost(&error))?;
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.authority)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(|_| Trouble::new("token", "the token holds characters that no token has"))?;
        let answer = sender.send_request(request).await.map_err(|error| lost(&error))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await.map_err(|error| lost(&error))?;
        let body = body.to_bytes();
        let unreadable = |_| Trouble::new("hub-answer", "the hub's answer cannot be read: is it of another version?");
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(unreadable);
        }
        let refused: ErrorBody = serde_json::from_slice(&body).map_err(unreadable)?;
        Err(Trouble::new(refused.code, refused.message))
    }
}
