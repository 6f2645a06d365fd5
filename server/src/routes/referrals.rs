//! `GET /v1/referrals`: what was referred to partners, and where it stands. A partner sees its own.

use std::sync::Arc;

use axum::Json as Body;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::{ErrorBody, Failure};
use super::extract::Params;
use super::principal::Asker;
use super::sight;
use crate::access::Role;
use crate::serve::app::App;
use crate::store::read_model::ReferralPage;

/// Which referrals.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReferralsQuery {
    /// The `next` of the page before.
    cursor: Option<String>,
    /// Rows of the page.
    limit: Option<usize>,
}

/// Lists referrals.
#[utoipa::path(
    get,
    path = "/v1/referrals",
    tag = "console",
    description = "Those of the scope. A partner's users see those made to the partner while the consent stands, and are \
                   not told the case.",
    params(ReferralsQuery),
    responses(
        (status = OK, description = "Newest first, page by page", body = ReferralPage),
        (status = BAD_REQUEST, description = "The query cannot be answered", body = ErrorBody),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "Not a role that opens documents", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "The lists are catching up", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn referrals(
    State(app): State<Arc<App>>,
    asker: Asker,
    Params(query): Params<ReferralsQuery>,
) -> Result<Body<ReferralPage>, Failure> {
    app.lists_follow().await?;
    let sight = sight::referrals(&asker.principal);
    let mut page = app.read_model.referrals(query.cursor, query.limit, sight).await?;
    if asker.principal.is(Role::Partner) {
        page.referrals.iter_mut().for_each(|row| row.case = None);
    }
    Ok(Body(page))
}
