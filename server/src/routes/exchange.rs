//! `POST /v1/exchange`: a device sends its work and gets receipts and feed, in one round trip.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;

use super::body;
use super::door::Visitor;
use super::error::{ErrorBody, Failure};
use crate::hub::exchange::{Written, answer, receive};
use crate::hub::writer::Job;
use crate::random::SystemRandom;
use crate::serve::app::App;
use crate::serve::rate::Bucket;

/// A device's exchange.
#[utoipa::path(
    post,
    path = "/v1/exchange",
    tag = "device",
    description = "Sends parcels, gets receipts and the feed after a cursor. Body and answer are frames of the sync \
                   protocol (see `sync-protocol/src/wire`). Needs no console token: every parcel is signed.",
    request_body(content = [u8], content_type = "application/cbor", description = "An exchange request's frame"),
    responses(
        (status = OK, description = "The signed answer's frame", body = [u8], content_type = "application/cbor"),
        (status = BAD_REQUEST, description = "Not a frame of this protocol", body = ErrorBody),
        (status = FORBIDDEN, description = "The lease was not issued by this hub", body = ErrorBody),
        (status = REQUEST_TIMEOUT, description = "The body did not arrive whole", body = ErrorBody),
        (status = PAYLOAD_TOO_LARGE, description = "More than is taken at once", body = ErrorBody),
        (status = UNSUPPORTED_MEDIA_TYPE, description = "Not application/cbor", body = ErrorBody),
        (status = TOO_MANY_REQUESTS, description = "More often than is allowed: see Retry-After", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "Too much waits, or the hub stops", body = ErrorBody),
        (status = INSUFFICIENT_STORAGE, description = "The disk is full, nothing was kept", body = ErrorBody),
    )
)]
pub async fn exchange(State(app): State<Arc<App>>, visitor: Visitor, request: Request) -> Result<Response, Failure> {
    let received = body::receive(&app, request).await?;
    let now = app.clock.now();
    let shared = Arc::clone(&app.shared);
    let (pending, jobs) = app.work(move || receive(&shared, &received.bytes, now)).await??;
    if let Some(lease) = pending.proved() {
        visitor.is(&app, Bucket::Lease(lease))?;
    }
    let mut written = Written::default();
    if !jobs.is_empty() {
        // A device whose token has ended reads on, also from a hub whose disk takes no work.
        let is_work = jobs.iter().any(|job| matches!(job, Job::Parcels { .. } | Job::Returns { .. }));
        let done = if is_work { app.queue.submit(jobs).await? } else { app.queue.submit_small(jobs).await? };
        for done in done {
            if !written.take(done) {
                return Err(Failure::internal("an exchange only pushes, gives back and renews"));
            }
        }
    }
    app.metrics.receipts(&written.receipts);
    let shared = Arc::clone(&app.shared);
    let bytes = app.finish(move || answer(&shared, &pending, written, now, &mut SystemRandom)).await??;
    app.metrics.exchanges.inc();
    Ok(body::cbor(bytes))
}
