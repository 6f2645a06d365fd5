//! Bodies of devices' requests: bounded in bytes, in time and, over all requests together, in memory.

use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::sync::OwnedSemaphorePermit;

use super::error::Failure;
use super::observe::ForDevice;
use crate::limits::BODY_BYTES_MAX;
use crate::serve::app::App;

/// The type of the protocol's messages.
pub const CBOR: &str = "application/cbor";

/// A body, and the room that it takes until it is dropped.
pub struct Received {
    /// The bytes.
    pub bytes: Bytes,
    _room: OwnedSemaphorePermit,
}

/// Reads the body of a device's request.
///
/// # Errors
/// [`Failure`] to be answered: wrong type, too long, cut off, or no room at this moment.
pub async fn receive(app: &App, request: Request) -> Result<Received, Failure> {
    receive_as(app, request, CBOR, BODY_BYTES_MAX).await
}

/// Reads a body of another type, with at most so many bytes.
///
/// # Errors
/// As [`receive`].
pub async fn receive_as(app: &App, request: Request, wanted: &'static str, max: usize) -> Result<Received, Failure> {
    if !is(wanted, request.headers()) {
        return Err(Failure::media_type(wanted));
    }
    let body = request.into_body();
    let announced = body.size_hint().upper().unwrap_or(max as u64);
    let announced = usize::try_from(announced).unwrap_or(usize::MAX);
    if announced > max {
        return Err(Failure::too_large(max));
    }
    let permits = u32::try_from(announced / 1024 + 1).unwrap_or(u32::MAX);
    let room = Arc::clone(&app.bodies).try_acquire_many_owned(permits).map_err(|_| Failure::busy())?;
    let whole = Limited::new(body, max).collect();
    let read = tokio::time::timeout(app.bounds.body, whole).await;
    match read {
        Ok(Ok(whole)) => Ok(Received { bytes: whole.to_bytes(), _room: room }),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Failure::too_large(max)),
        Ok(Err(_)) | Err(_) => Err(Failure::body_cut()),
    }
}

fn is(wanted: &str, headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| value == wanted)
}

/// A message of the protocol as an answer.
#[must_use]
pub fn cbor(message: Vec<u8>) -> Response {
    let mut response = Body::from(message).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(CBOR));
    response.extensions_mut().insert(ForDevice);
    response
}
