//! Before any route: how large a head may be, how often somebody may ask, and whether the hub was meant at all.
//!
//! Every request counts for the network that it comes from until it is known who asks. Who proves to be a device or a
//! person says so with [`Visitor::is`]: it then counts for them alone. Attempts at guessing something (an invitation, a
//! password) are taken with [`Visitor::attempts`] and cost nothing when they succeed. Limits: `limits`, sums:
//! `serve::rate`, forwarding headers: `serve::peer`.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};
use tokio::time::Sleep;

use super::error::Failure;
use crate::limits::HEAD_BYTES_MAX;
use crate::serve::app::App;
use crate::serve::peer::Ends;
use crate::serve::rate::{Bucket, Network};

/// What devices and probes ask, by whatever name they know the hub: no browser shows it.
const NOT_SHOWN: [&str; 6] = ["/v1/exchange", "/v1/enrol", "/v1/wait", "/v1/courier", "/healthz", "/readyz"];

/// What is answered however often it is asked: it costs nothing, and an operator relies on it.
const HEALTH: [&str; 2] = ["/healthz", "/readyz"];

/// Who asks, as far as the door knows. In the extensions of every request; a handler takes it as an extractor.
#[derive(Debug, Clone)]
pub struct Visitor {
    network: Network,
    is_known: Arc<AtomicBool>,
}

impl Visitor {
    fn from(network: Network) -> Self {
        Self { network, is_known: Arc::default() }
    }

    /// It has turned out who asks: the request counts for them and no longer for where it came from.
    ///
    /// # Errors
    /// [`Failure::too_often`].
    pub fn is(&self, app: &App, who: Bucket) -> Result<(), Failure> {
        if self.is_known.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        app.rate.give_back(Bucket::Peer(self.network));
        app.rate.allow(who, Instant::now()).map_err(Failure::too_often)
    }

    /// Takes an attempt to enrol (`Bucket::Enrol`) or to sign in (`Bucket::SignIn`) out of the network's bucket.
    ///
    /// # Errors
    /// [`Failure::too_often`].
    pub fn attempts(&self, app: &App, at: fn(Network) -> Bucket) -> Result<Attempt, Failure> {
        app.rate.allow(at(self.network), Instant::now()).map_err(Failure::too_often)?;
        Ok(Attempt(at(self.network)))
    }
}

/// An attempt that may fail.
#[derive(Debug)]
#[must_use = "an attempt that succeeded is given back"]
pub struct Attempt(Bucket);

impl Attempt {
    /// It was no guess.
    pub fn succeeded(self, app: &App) {
        app.rate.give_back(self.0);
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        // Without the door before it there is no network to count for: everybody counts together.
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(|| Self::from(Network::default())))
    }
}

/// The layer.
pub async fn door(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    match enter(&app, request) {
        Ok(request) => next.run(request).await,
        Err(failure) => failure.into_response(),
    }
}

fn enter(app: &App, mut request: Request) -> Result<Request, Failure> {
    if head_bytes(request.uri(), request.headers()) > HEAD_BYTES_MAX {
        return Err(Failure::head_too_large(HEAD_BYTES_MAX));
    }
    let ends = request.extensions().get::<Ends>().copied();
    let client = ends.map(|ends| app.door.proxies.client(ends.peer, request.headers()));
    let visitor = Visitor::from(client.map(Network::of).unwrap_or_default());
    let path = request.uri().path();
    if !HEALTH.contains(&path) {
        app.rate.allow(Bucket::Peer(visitor.network), Instant::now()).map_err(Failure::too_often)?;
    }
    let own = ends.map_or(app.address.ip(), |ends| ends.own);
    if !NOT_SHOWN.contains(&path) && !is_meant(app, own, &request) {
        return Err(Failure::other_host());
    }
    request.extensions_mut().insert(visitor);
    let within = app.bounds.body;
    Ok(if request.body().is_end_stream() { request } else { request.map(|body| Body::new(Timely::new(body, within))) })
}

/// Bytes of a request's head, nearly: without the method, the version and the line ends.
fn head_bytes(uri: &Uri, headers: &HeaderMap) -> usize {
    let target = uri.path_and_query().map_or(0, |target| target.as_str().len());
    target + headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>()
}

/// Whether exactly one host is named, and it is this hub.
fn is_meant(app: &App, own: IpAddr, request: &Request) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let named = request.uri().authority().is_none_or(|authority| app.door.is_own(authority.as_str(), own));
    named && host.to_str().is_ok_and(|host| app.door.is_own(host, own))
}

/// A body that breaks off when it takes too long.
struct Timely {
    body: Body,
    end: Pin<Box<Sleep>>,
}

impl Timely {
    fn new(body: Body, within: Duration) -> Self {
        Self { body, end: Box::pin(tokio::time::sleep(within)) }
    }
}

impl HttpBody for Timely {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut frame = std::pin::pin!(self.body.frame());
        if let Poll::Ready(frame) = frame.as_mut().poll(cx) {
            return Poll::Ready(frame);
        }
        let late = || axum::Error::new(std::io::Error::from(std::io::ErrorKind::TimedOut));
        self.end.as_mut().poll(cx).map(|()| Some(Err(late())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
