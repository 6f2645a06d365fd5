//! `POST /v1/enrol`: an invitation becomes a lease and a token.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use sync_protocol::wire::codec::{self, Message};

use super::body;
use super::door::Visitor;
use super::error::{ErrorBody, Failure};
use crate::hub::vet::RequestError;
use crate::hub::writer::{Done, Job};
use crate::serve::app::App;
use crate::serve::rate::Bucket;

/// A device's enrolment.
#[utoipa::path(
    post,
    path = "/v1/enrol",
    tag = "device",
    description = "Turns an invitation into a lease, a token and the configuration. The same device may repeat it. \
                   Needs no console token: the invitation is the proof.",
    request_body(content = [u8], content_type = "application/cbor", description = "An enrolment request's frame"),
    responses(
        (status = OK, description = "The enrolment answer's frame", body = [u8], content_type = "application/cbor"),
        (status = BAD_REQUEST, description = "Not a frame of this protocol", body = ErrorBody),
        (status = FORBIDDEN, description = "The invitation is unknown, used or expired", body = ErrorBody),
        (status = CONFLICT, description = "The site or user is not ready", body = ErrorBody),
        (status = PAYLOAD_TOO_LARGE, description = "More than is taken at once", body = ErrorBody),
        (status = UNSUPPORTED_MEDIA_TYPE, description = "Not application/cbor", body = ErrorBody),
        (status = TOO_MANY_REQUESTS, description = "Too many attempts failed: see Retry-After", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "Too much waits, or the hub stops", body = ErrorBody),
    )
)]
pub async fn enrol(State(app): State<Arc<App>>, visitor: Visitor, request: Request) -> Result<Response, Failure> {
    let attempt = visitor.attempts(&app, Bucket::Enrol)?;
    let received = body::receive(&app, request).await?;
    let request = codec::read(Message::EnrolRequest, &received.bytes).map_err(RequestError::from)?;
    let done = app.queue.submit(vec![Job::Enrol(request)]).await?;
    let Some(Done::Enrolled(outcome)) = done.into_iter().next() else {
        return Err(Failure::internal("an enrolment came back as something else"));
    };
    let answer = outcome?;
    attempt.succeeded(&app);
    app.metrics.enrolled.inc();
    Ok(body::cbor(codec::frame(Message::EnrolAnswer, &*answer)))
}
