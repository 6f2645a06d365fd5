//! `GET /v1/devices`: which devices are enrolled, for whom, where, and when each was last heard of.

use std::sync::Arc;

use axum::Json as Body;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use sync_protocol::ids::{ActorPrefix, InstallationId, Millis, Position, SiteCode, UserId};
use utoipa::ToSchema;

use super::error::ErrorBody;
use crate::hub::directory::LeaseState;
use crate::serve::app::App;

/// A lease: one user on one device.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DeviceRow {
    /// The prefix of everything that it writes.
    #[schema(value_type = String)]
    pub lease: ActorPrefix,
    /// The device's store.
    #[schema(value_type = String, format = "uuid")]
    pub installation: InstallationId,
    /// The user.
    #[schema(value_type = String, format = "uuid")]
    pub user: UserId,
    /// The name under which colleagues know the person.
    pub name: String,
    /// The user's home site when the lease was issued.
    #[schema(value_type = String)]
    pub site: SiteCode,
    /// The device's letters on human codes.
    pub letters: String,
    /// Hub time of issue.
    #[schema(value_type = i64)]
    pub issued: Millis,
    /// Hub time at which it was last heard of.
    #[schema(value_type = i64)]
    pub heard: Millis,
    /// Whether its store was seen to exist twice.
    pub cloned: bool,
}

/// All devices.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DeviceList {
    /// The position that this answer shows.
    #[schema(value_type = u64)]
    pub as_of: Position,
    /// By site, then by letters.
    pub devices: Vec<DeviceRow>,
}

/// Lists the devices.
#[utoipa::path(
    get,
    path = "/v1/devices",
    tag = "console",
    responses(
        (status = OK, description = "All leases", body = DeviceList),
        (status = UNAUTHORIZED, description = "No console token", body = ErrorBody),
    ),
    security(("console" = []))
)]
pub async fn devices(State(app): State<Arc<App>>) -> Body<DeviceList> {
    Body(list(&app))
}

/// All devices, as the page shows them too.
#[must_use]
pub fn list(app: &App) -> DeviceList {
    let as_of = app.shared.published().position;
    let directory = app.shared.directory();
    let mut devices: Vec<DeviceRow> = directory.leases.values().map(|state| row(app, state)).collect();
    devices.sort_by(|a, b| (&a.site, &a.letters, a.lease).cmp(&(&b.site, &b.letters, b.lease)));
    DeviceList { as_of, devices }
}

fn row(app: &App, state: &LeaseState) -> DeviceRow {
    let lease = &state.lease;
    DeviceRow {
        lease: lease.prefix,
        installation: lease.installation,
        user: lease.user,
        name: lease.name.clone(),
        site: lease.site.clone(),
        letters: lease.letters.clone(),
        issued: lease.issued,
        heard: app.shared.last_heard(lease.prefix).map_or(state.active_at, |heard| heard.max(state.active_at)),
        cloned: state.cloned,
    }
}
