//! `GET /metrics`: the hub's numbers for Prometheus.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use super::error::ErrorBody;
use crate::serve::app::App;

/// The hub's numbers.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operation",
    description = "Counts and sizes in OpenMetrics text; no identifiers, no names. Wants the console token: how much \
                   a post works tells something to whoever listens.",
    responses(
        (status = OK, description = "OpenMetrics text", body = String, content_type = "application/openmetrics-text"),
        (status = UNAUTHORIZED, description = "No console token", body = ErrorBody),
    ),
    security(("console" = []))
)]
pub async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    let text = app.metrics.render(&app.present());
    ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
}
