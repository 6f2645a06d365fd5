//! `GET /v1/receipts`, `/v1/receipts/{position}` and `/v1/receipts/{position}/verify`.

pub mod check;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Json as Body;
use axum::extract::State;
use serde::Deserialize;
use sync_protocol::ids::Position;
use utoipa::IntoParams;

use super::error::{ErrorBody, Failure};
use super::extract::{Params, Part};
use super::principal::Asker;
use super::sight;
use crate::access::Principal;
use crate::serve::app::App;
use crate::store::read_model::{Only, ReceiptPage, ReceiptRow};
use check::{Proof, check};

/// Which receipts.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReceiptsQuery {
    /// Before this position: the `next` of the page before.
    #[param(value_type = Option<u64>)]
    before: Option<Position>,
    /// Rows of the page.
    limit: Option<usize>,
}

/// Lists receipts.
#[utoipa::path(
    get,
    path = "/v1/receipts",
    tag = "console",
    params(ReceiptsQuery),
    responses(
        (status = OK, description = "Newest first, page by page", body = ReceiptPage),
        (status = BAD_REQUEST, description = "The query cannot be answered", body = ErrorBody),
        (status = UNAUTHORIZED, description = "No console token", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "The lists are catching up", body = ErrorBody),
    ),
    security(("console" = []))
)]
pub async fn receipts(
    State(app): State<Arc<App>>,
    asker: Asker,
    Params(query): Params<ReceiptsQuery>,
) -> Result<Body<ReceiptPage>, Failure> {
    Ok(Body(app.read_model.receipts(query.before, query.limit, sight::receipts(&asker.principal)).await?))
}

/// Shows a receipt.
#[utoipa::path(
    get,
    path = "/v1/receipts/{position}",
    tag = "console",
    params(("position" = u64, Path, description = "The parcel's entry")),
    responses(
        (status = OK, description = "The receipt", body = ReceiptRow),
        (status = UNAUTHORIZED, description = "No console token", body = ErrorBody),
        (status = NOT_FOUND, description = "No parcel stands there", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "The lists are catching up", body = ErrorBody),
    ),
    security(("console" = []))
)]
pub async fn receipt(
    State(app): State<Arc<App>>,
    asker: Asker,
    Part(position): Part<Position>,
) -> Result<Body<ReceiptRow>, Failure> {
    app.read_model.receipt(position, sight::receipts(&asker.principal)).await?.map(Body).ok_or_else(no_parcel)
}

/// Verifies a receipt.
#[utoipa::path(
    get,
    path = "/v1/receipts/{position}/verify",
    tag = "console",
    description = "Reads the entry from the disk again and works out everything that can be: its chain hash from the \
                   entry before it, the signature, the lease, the commitments to the contents. Changes nothing.",
    params(("position" = u64, Path, description = "The parcel's entry")),
    responses(
        (status = OK, description = "Each check with its outcome in words", body = Proof),
        (status = UNAUTHORIZED, description = "No console token", body = ErrorBody),
        (status = NOT_FOUND, description = "No parcel stands there", body = ErrorBody),
    ),
    security(("console" = []))
)]
pub async fn verify(
    State(app): State<Arc<App>>,
    asker: Asker,
    Part(position): Part<Position>,
) -> Result<Body<Proof>, Failure> {
    verified(&app, &asker.principal, position).await.map(Body)
}

/// Verifies a receipt, for the API and the page.
///
/// # Errors
/// [`Failure`] when no parcel stands there, or none that the principal may see.
pub async fn verified(app: &App, principal: &Principal, position: Position) -> Result<Proof, Failure> {
    let sight = sight::receipts(principal);
    if sight != Only::All && app.read_model.receipt(position, sight).await?.is_none() {
        return Err(no_parcel());
    }
    let shared = Arc::clone(&app.shared);
    app.work(move || check(&shared, position)).await?.ok_or_else(no_parcel)
}

fn no_parcel() -> Failure {
    Failure::not_found("receipt-unknown", "no parcel stands at this position of the log")
}
