//! Around every request: its id, one line in the log, the numbers, security headers, and the error envelope.
//!
//! What is logged names the route's template and never the path, the query or anything of the body.

use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, HttpBody};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use tracing::Instrument;

use super::error::Failure;
use crate::random::{SystemRandom, draw};
use crate::serve::app::App;

/// The id of a request: in its log line, in errors, nowhere else.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// Marks answers to devices: they carry the fewest headers that are safe, since each byte travels on a slow link.
#[derive(Debug, Clone, Copy)]
pub struct ForDevice;

/// Headers of every answer that a browser may show or keep. A page adds its own content policy.
const SECURITY: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=(), display-capture=()",
    ),
];

/// Under TLS: browsers come back by no other road for a year.
const ONLY_TLS: &str = "max-age=31536000";

/// The outermost layer.
pub async fn observe(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = RequestId(HEXLOWER.encode(&draw::<8>(&mut SystemRandom)));
    let method = method_name(request.method());
    let route =
        request.extensions().get::<MatchedPath>().map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let bytes_in = request.body().size_hint().exact().unwrap_or_default();
    request.extensions_mut().insert(id.clone());
    let span = tracing::info_span!("request", id = %id.0);
    let mut response = next.run(request).instrument(span.clone()).await;
    let failure = response.extensions_mut().remove::<Failure>();
    if let Some(failure) = &failure {
        response = write_envelope(response, failure, &id);
    }
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        app.metrics.refused_busy.inc();
    }
    if response.status() == StatusCode::INTERNAL_SERVER_ERROR {
        app.after_fault();
    }
    secure(&mut response, app.door.is_tls());
    let status = response.status().as_u16();
    let bytes_out = response.body().size_hint().exact().unwrap_or_default();
    app.metrics.request(method, &route, status, bytes_in, bytes_out);
    let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let code = failure.as_ref().map_or("", |failure| failure.code);
    span.in_scope(|| tracing::info!(method, route, status, ms, bytes_in, bytes_out, code, "answered"));
    response
}

fn write_envelope(response: Response, failure: &Failure, id: &RequestId) -> Response {
    let (mut head, _) = response.into_parts();
    head.headers.remove(header::CONTENT_LENGTH);
    let body = serde_json::to_vec(&failure.body(&id.0)).expect("three texts always become JSON");
    head.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Response::from_parts(head, Body::from(body))
}

fn secure(response: &mut Response, is_tls: bool) {
    let for_device = response.extensions().get::<ForDevice>().is_some();
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if for_device {
        return;
    }
    for (name, value) in SECURITY {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if is_tls {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(ONLY_TLS));
    }
}

/// For anything that no route takes.
pub async fn no_such_path() -> Response {
    Failure::no_such_path().into_response()
}

/// For a method that a route does not take.
pub async fn no_such_method() -> Response {
    Failure::no_such_method().into_response()
}

fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        _ => "other",
    }
}
