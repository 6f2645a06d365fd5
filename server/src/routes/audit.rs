//! `GET /v1/audit`: who did what, out of the log, without personal values.

use std::sync::Arc;

use axum::Json as Body;
use axum::extract::State;
use serde::Deserialize;
use sync_protocol::ids::{DocumentId, Millis, Position, UserId};
use utoipa::IntoParams;

use super::error::{ErrorBody, Failure};
use super::extract::Params;
use crate::audit::{AuditFilter, AuditPage, Names, page};
use crate::serve::app::App;

/// Which acts.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// On this document.
    #[param(value_type = Option<String>)]
    case: Option<DocumentId>,
    /// By this user, on the console or on a device.
    #[param(value_type = Option<String>)]
    user: Option<UserId>,
    /// With this name, such as `read`.
    kind: Option<String>,
    /// Not before this hub time.
    #[param(value_type = Option<i64>)]
    since: Option<Millis>,
    /// Before this hub time.
    #[param(value_type = Option<i64>)]
    until: Option<Millis>,
    /// The `next` of the page before.
    #[param(value_type = Option<u64>)]
    after: Option<Position>,
    /// Rows of the page.
    limit: Option<usize>,
}

/// Lists who did what.
#[utoipa::path(
    get,
    path = "/v1/audit",
    tag = "console",
    description = "Acts of people, devices and the hub in the order of the log. A page looks at a bounded number of \
                   entries, so that one with filters may be short or without rows and still have a next one.",
    params(AuditQuery),
    responses(
        (status = OK, description = "Oldest first, page by page", body = AuditPage),
        (status = BAD_REQUEST, description = "The query cannot be answered", body = ErrorBody),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "Not an auditor", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "Too much waits", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn audit(State(app): State<Arc<App>>, Params(query): Params<AuditQuery>) -> Result<Body<AuditPage>, Failure> {
    let AuditQuery { case, user, kind, since, until, after, limit } = query;
    let filter = AuditFilter { case, user, action: kind, since, until };
    let shared = Arc::clone(&app.shared);
    let found = app.work(move || {
        // Names are copied: nobody who writes waits for a scan.
        let head = shared.published().position;
        let names = Names::of(&shared.directory());
        page(&shared.log, (after.unwrap_or_default(), head), &shared.keyring, &names, &filter, limit)
    });
    found.await?.map(Body).map_err(|error| Failure::internal(&error))
}
