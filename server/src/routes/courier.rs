//! `POST /v1/courier`: a file that somebody carried here, and the one to be carried back.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use sync_protocol::limits::CARRIED_BYTES_MAX;

use super::body;
use super::door::Visitor;
use super::error::{ErrorBody, Failure};
use crate::hub::courier::{AdmitError, Admitted, answer, open};
use crate::hub::exchange::Written;
use crate::hub::writer::{Done, Job};
use crate::random::SystemRandom;
use crate::serve::app::App;
use crate::serve::rate::Bucket;

/// The type of a file that is carried.
const FILE: &str = "application/octet-stream";

impl From<AdmitError> for Failure {
    fn from(error: AdmitError) -> Self {
        match error {
            AdmitError::Request(error) => error.into(),
            AdmitError::Courier(error) => Self::new(StatusCode::BAD_REQUEST, error.code(), error.to_string()),
        }
    }
}

/// Admits a courier file.
#[utoipa::path(
    post,
    path = "/v1/courier",
    tag = "device",
    description = "Admits the work in a courier file (see `sync-protocol/src/wire/courier.rs`) and gives the return file. \
                   A file is refused whole or taken whole; the same file may come again. Needs no console token: every \
                   parcel is signed, and the answer is sealed to the device.",
    request_body(content = [u8], content_type = "application/octet-stream", description = "A courier file"),
    responses(
        (status = OK, description = "What became of it, and the return file", body = Admitted),
        (status = BAD_REQUEST, description = "Not a courier file for this hub, or not as its device made it", body = ErrorBody),
        (status = FORBIDDEN, description = "A lease was not issued by this hub", body = ErrorBody),
        (status = REQUEST_TIMEOUT, description = "The body did not arrive whole", body = ErrorBody),
        (status = PAYLOAD_TOO_LARGE, description = "More than is taken at once", body = ErrorBody),
        (status = UNSUPPORTED_MEDIA_TYPE, description = "Not application/octet-stream", body = ErrorBody),
        (status = TOO_MANY_REQUESTS, description = "More often than is allowed: see Retry-After", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "Too much waits, or the hub stops: bring it again", body = ErrorBody),
        (status = INSUFFICIENT_STORAGE, description = "The disk is full", body = ErrorBody),
    )
)]
pub async fn courier(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    request: Request,
) -> Result<Json<Admitted>, Failure> {
    let received = body::receive_as(&app, request, FILE, CARRIED_BYTES_MAX).await?;
    let now = app.clock.now();
    let shared = Arc::clone(&app.shared);
    let mut opened = app.work(move || open(&shared, &received.bytes, now)).await??;
    if let Some(lease) = opened.parts.iter().find_map(|part| part.proved()) {
        visitor.is(&app, Bucket::Lease(lease))?;
    }
    let mut written = Vec::with_capacity(opened.parts.len());
    for part in &mut opened.parts {
        let mut own = Written::default();
        for jobs in std::mem::take(&mut part.jobs).into_iter().filter(|jobs| !jobs.is_empty()) {
            settle(&app, jobs, &mut own).await?;
        }
        if let Some(news) = part.news(&app.shared) {
            settle(&app, vec![news], &mut own).await?;
        }
        app.metrics.receipts(&own.receipts);
        written.push(own);
    }
    let shared = Arc::clone(&app.shared);
    let admitted = app.finish(move || answer(&shared, &opened, written, now, &mut SystemRandom)).await??;
    Ok(Json(admitted))
}

/// Has jobs done, and notes what became of them.
async fn settle(app: &App, jobs: Vec<Job>, written: &mut Written) -> Result<(), Failure> {
    for done in app.queue.submit(jobs).await? {
        if !matches!(done, Done::Fact(_)) && !written.take(done) {
            return Err(Failure::internal("a courier file only pushes, renews and gives back"));
        }
    }
    Ok(())
}
