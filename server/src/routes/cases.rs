//! `GET /v1/cases` and `GET /v1/cases/{id}`: the register as it stands, or stood at a position.

use std::sync::Arc;

use axum::Json as Body;
use axum::extract::State;
use serde::Deserialize;
use sync_protocol::ids::{DocumentId, Position, SiteCode};
use utoipa::IntoParams;

use super::error::{ErrorBody, Failure};
use super::extract::{Params, Part};
use super::principal::Asker;
use super::sight;
use crate::serve::app::App;
use crate::store::read_model::{CaseDetail, CaseFilter, CasePage};

/// Which cases.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CasesQuery {
    /// Of one site.
    #[param(value_type = Option<String>, example = "GOG")]
    site: Option<SiteCode>,
    /// Whose code or names hold every word of this, in whatever case and accents.
    text: Option<String>,
    /// As they stood at this position.
    #[param(value_type = Option<u64>)]
    at: Option<Position>,
    /// The `next` of the page before.
    cursor: Option<String>,
    /// Rows of the page.
    limit: Option<usize>,
}

/// At which moment.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AtQuery {
    /// As it stood at this position; now when absent.
    #[param(value_type = Option<u64>)]
    pub at: Option<Position>,
}

/// Lists cases.
#[utoipa::path(
    get,
    path = "/v1/cases",
    tag = "console",
    params(CasesQuery),
    responses(
        (status = OK, description = "Newest first, page by page", body = CasePage),
        (status = BAD_REQUEST, description = "The query cannot be answered", body = ErrorBody),
        (status = UNAUTHORIZED, description = "No console token", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "The lists are catching up", body = ErrorBody),
    ),
    security(("console" = []))
)]
pub async fn cases(
    State(app): State<Arc<App>>,
    asker: Asker,
    Params(query): Params<CasesQuery>,
) -> Result<Body<CasePage>, Failure> {
    let CasesQuery { site, text, at, cursor, limit } = query;
    let filter = CaseFilter { at, site, text, cursor, limit };
    app.lists_follow().await?;
    Ok(Body(app.read_model.cases(filter, sight::cases(&asker.principal)).await?))
}

/// Shows a case.
#[utoipa::path(
    get,
    path = "/v1/cases/{id}",
    tag = "console",
    params(("id" = String, Path, description = "Its UUID"), AtQuery),
    responses(
        (status = OK, description = "Every group and field, its conflicts and versions", body = CaseDetail),
        (status = BAD_REQUEST, description = "The query cannot be answered", body = ErrorBody),
        (status = UNAUTHORIZED, description = "No console token", body = ErrorBody),
        (status = NOT_FOUND, description = "No such case at that position", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "The lists are catching up", body = ErrorBody),
    ),
    security(("console" = []))
)]
pub async fn case(
    State(app): State<Arc<App>>,
    Part(id): Part<DocumentId>,
    Params(query): Params<AtQuery>,
) -> Result<Body<CaseDetail>, Failure> {
    let found = app.read_model.case(id, query.at).await?;
    found.map(Body).ok_or_else(|| Failure::not_found("case-unknown", "there is no such case at that position"))
}
