//! `GET /v1/conflicts` and `/v1/counts`: what a person must decide, and the figures. Held work: [`super::held`].

use std::sync::Arc;

use axum::Json as Body;
use axum::extract::State;
use serde::Deserialize;
use sync_protocol::ids::{Position, SiteCode};
use utoipa::IntoParams;

use super::cases::AtQuery;
use super::error::{ErrorBody, Failure};
use super::extract::Params;
use super::principal::Asker;
use super::sight;
use crate::serve::app::App;
use crate::store::read_model::{ConflictPage, Counts};

/// Which conflicts.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ConflictsQuery {
    /// Of one site.
    #[param(value_type = Option<String>, example = "GOG")]
    site: Option<SiteCode>,
    /// As they stood at this position.
    #[param(value_type = Option<u64>)]
    at: Option<Position>,
    /// Rows of the answer.
    limit: Option<usize>,
}

/// Lists conflicts.
#[utoipa::path(
    get,
    path = "/v1/conflicts",
    tag = "console",
    description = "Fields with several values between which nobody has decided: every value, who, when, where.",
    params(ConflictsQuery),
    responses(
        (status = OK, description = "Oldest first", body = ConflictPage),
        (status = BAD_REQUEST, description = "The query cannot be answered", body = ErrorBody),
        (status = UNAUTHORIZED, description = "No console token", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "The lists are catching up", body = ErrorBody),
    ),
    security(("console" = []))
)]
pub async fn conflicts(
    State(app): State<Arc<App>>,
    asker: Asker,
    Params(query): Params<ConflictsQuery>,
) -> Result<Body<ConflictPage>, Failure> {
    app.lists_follow().await?;
    let sight = sight::cases(&asker.principal);
    Ok(Body(app.read_model.conflicts(query.site, query.at, query.limit, sight).await?))
}

/// Counts.
#[utoipa::path(
    get,
    path = "/v1/counts",
    tag = "console",
    params(AtQuery),
    responses(
        (status = OK, description = "Figures, each as of the same position", body = Counts),
        (status = BAD_REQUEST, description = "The query cannot be answered", body = ErrorBody),
        (status = UNAUTHORIZED, description = "No console token", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "The lists are catching up", body = ErrorBody),
    ),
    security(("console" = []))
)]
pub async fn counts(
    State(app): State<Arc<App>>,
    asker: Asker,
    Params(query): Params<AtQuery>,
) -> Result<Body<Counts>, Failure> {
    let sight = sight::figures(&asker.principal, &app.shared.directory());
    Ok(Body(app.read_model.counts(query.at, sight).await?))
}
