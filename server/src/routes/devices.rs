//! `GET /v1/devices`: which devices are enrolled, for whom, where, whether they stand, and when each was last heard of.
//!
//! Confirming, moving and revoking them: [`super::admin::devices`].

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json as Body;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use sync_protocol::ids::{ActorPrefix, InstallationId, Millis, Position, SiteCode, UserId};
use sync_protocol::wire::fingerprint::fingerprint;
use utoipa::ToSchema;

use super::admin::can;
use super::error::ErrorBody;
use super::principal::Asker;
use crate::access::{Action, Principal, Resource};
use crate::hub::directory::{Directory, LeaseState, Standing};
use crate::serve::app::App;

/// What a device may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceStanding {
    /// Nobody has compared the fingerprint yet: what it sends is held.
    Pending,
    /// What its user may do.
    Active,
    /// What it sends is held; it erases itself after its receipts.
    Revoked,
    /// What it sends is held; it erases itself at once.
    Lost,
    /// It has erased itself.
    Wiped,
}

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
    /// The site where the device stands now.
    #[schema(value_type = String)]
    pub site: SiteCode,
    /// The device's letters on human codes.
    pub letters: String,
    /// What it may do.
    pub standing: DeviceStanding,
    /// Of its key; to be compared with what the device shows itself.
    #[schema(example = "7K3Q-M2XP")]
    pub fingerprint: String,
    /// Hub time of issue.
    #[schema(value_type = i64)]
    pub issued: Millis,
    /// Hub time at which it was last heard of.
    #[schema(value_type = i64)]
    pub heard: Millis,
    /// Whether its store was seen to exist twice.
    pub cloned: bool,
    /// Works of it that wait for a person's decision.
    pub held: usize,
    /// Courier files of it that have not come, although later ones have.
    pub courier_files_missing: u64,
}

/// Devices.
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
        (status = OK, description = "All leases; a lead's are those at the own sites", body = DeviceList),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "Not open to this role", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn devices(State(app): State<Arc<App>>, asker: Asker) -> Body<DeviceList> {
    Body(list_for(&app, &asker.principal))
}

/// The devices that this principal looks after.
#[must_use]
pub fn list_for(app: &App, principal: &Principal) -> DeviceList {
    let mut list = list(app);
    list.devices.retain(|device| can(principal, Action::ReadDevices, Resource::Site(&device.site)));
    list
}

/// All devices.
#[must_use]
pub fn list(app: &App) -> DeviceList {
    let as_of = app.shared.published().position;
    let directory = app.shared.directory();
    let held = held_works(&directory);
    let held = |state: &LeaseState| held.get(&state.lease.prefix).copied().unwrap_or_default();
    let mut devices: Vec<DeviceRow> =
        directory.leases.values().map(|state| row(app, &directory, state, held(state))).collect();
    devices.sort_by(|a, b| (&a.site, &a.letters, a.lease).cmp(&(&b.site, &b.letters, b.lease)));
    DeviceList { as_of, devices }
}

fn held_works(directory: &Directory) -> HashMap<ActorPrefix, usize> {
    let mut works = HashMap::new();
    for item in directory.held.values().flatten() {
        *works.entry(item.lease).or_default() += 1;
    }
    works
}

fn row(app: &App, directory: &Directory, state: &LeaseState, held: usize) -> DeviceRow {
    let lease = &state.lease;
    DeviceRow {
        lease: lease.prefix,
        installation: lease.installation,
        user: lease.user,
        name: directory.users.get(&lease.user).map_or_else(|| lease.name.clone(), |user| user.name.clone()),
        site: directory.device_site(state),
        letters: lease.letters.clone(),
        standing: standing(state),
        fingerprint: fingerprint(&lease.key).to_string(),
        issued: lease.issued,
        heard: app.shared.last_heard(lease.prefix).map_or(state.active_at, |heard| heard.max(state.active_at)),
        cloned: state.cloned,
        held,
        courier_files_missing: directory.couriers.missing_of(lease.prefix),
    }
}

fn standing(state: &LeaseState) -> DeviceStanding {
    match state.standing {
        _ if state.wiped.is_some() => DeviceStanding::Wiped,
        Standing::Pending => DeviceStanding::Pending,
        Standing::Active => DeviceStanding::Active,
        Standing::Revoked { lost: false } => DeviceStanding::Revoked,
        Standing::Revoked { lost: true } => DeviceStanding::Lost,
    }
}
