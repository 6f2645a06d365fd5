//! `GET /healthz`: the process lives. `GET /readyz`: an exchange would be answered.

use std::sync::Arc;

use axum::extract::State;

use super::error::{ErrorBody, Failure};
use crate::serve::app::App;

/// The process lives.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "operation",
    description = "Answers as long as the process lives. Needs no token.",
    responses((status = OK, description = "It lives", body = String, content_type = "text/plain"))
)]
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// An exchange would be answered.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "operation",
    description = "Answers OK while exchanges are answered; lists may still be filling. Needs no token.",
    responses(
        (status = OK, description = "Ready", body = String, content_type = "text/plain"),
        (status = SERVICE_UNAVAILABLE, description = "Stopping", body = ErrorBody),
    )
)]
pub async fn readyz(State(app): State<Arc<App>>) -> Result<&'static str, Failure> {
    if app.is_ready() { Ok("ready\n") } else { Err(Failure::not_ready()) }
}
