//! `GET /v1/cases` and `GET /v1/cases/{id}`: the register as it stands, or stood at a position.

use std::sync::Arc;

use axum::Json as Body;
use axum::extract::State;
use serde::Deserialize;
use sync_protocol::documents::Kind;
use sync_protocol::ids::{Channel, Position, SiteCode};
use utoipa::IntoParams;

use super::error::{ErrorBody, Failure};
use super::extract::{Params, Part};
use super::glass::CaseName;
use super::principal::Asker;
use super::{documents, recording, sight};
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
    description = "Of the scope, or opened by breaking the glass. Who looked is recorded before it is shown.",
    params(("id" = String, Path, description = "Its UUID, or its human code"), AtQuery),
    responses(
        (status = OK, description = "Every group and field, its conflicts and versions", body = CaseDetail),
        (status = BAD_REQUEST, description = "The query cannot be answered", body = ErrorBody),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "Not a role that opens documents", body = ErrorBody),
        (status = NOT_FOUND, description = "No such case at that position, or not open to you", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "The lists are catching up", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn case(
    State(app): State<Arc<App>>,
    asker: Asker,
    Part(name): Part<CaseName>,
    Params(query): Params<AtQuery>,
) -> Result<Body<CaseDetail>, Failure> {
    let id = name.document(&app).await?;
    let place = documents::place(&app, id).await?;
    let ground = recording::ground(&app, &asker, &place).await?;
    app.lists_follow().await?;
    // Asked in any case, so that nobody can tell from what happens whether there is something to be denied.
    let found = app.read_model.case(id, query.at).await?;
    let (Some(ground), Some(mut case)) = (ground, found) else { return Err(not_open()) };
    recording::read(&app, &asker, &place, ground).await?;
    let is_shown = |name: &String| Channel::new(name).is_ok_and(|channel| asker.principal.sees(Kind::Case, &channel));
    case.channels.retain(is_shown);
    Ok(Body(case))
}

fn not_open() -> Failure {
    Failure::not_found("case-unknown", "there is no such case at that position, or it is not open to you")
}
