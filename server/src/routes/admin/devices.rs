//! `POST /v1/admin/devices/{lease}/confirm`, `…/revoke`, `…/move`: what a person decides about a device.
//!
//! A lead decides about the devices at the own sites, an administrator about all; of other sites' devices and of those
//! that are not there the answer is the same. Confirming needs the fingerprint that the device shows itself: whoever
//! compares it stands for the device. A revoked device is restored by confirming it again.

use std::sync::Arc;

use axum::Json as Body;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use sync_protocol::ids::{ActorPrefix, SiteCode};
use sync_protocol::wire::fingerprint::{Fingerprint, fingerprint};
use utoipa::ToSchema;

use super::sites::Written;
use super::{AdminError, may, open_site, reason, write_at_once};
use crate::access::{Action, Resource};
use crate::hub::directory::{Directory, LeaseState, Standing};
use crate::hub::fact::Fact;
use crate::routes::error::{ErrorBody, Failure};
use crate::routes::extract::{Json, Part};
use crate::routes::principal::Asker;
use crate::serve::app::App;

/// What was compared.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Confirmation {
    /// The eight characters that the device shows itself.
    #[schema(example = "7K3Q-M2XP")]
    pub fingerprint: String,
}

/// Why a device loses its rights.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Revocation {
    /// For people; stands in the log.
    #[schema(example = "The agent has left the service")]
    pub reason: String,
    /// Lost or stolen: it erases itself at once, without waiting for receipts.
    #[serde(default)]
    pub lost: bool,
}

/// Where a device goes.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct DeviceMove {
    /// An open site.
    #[schema(value_type = String, example = "KAY")]
    pub site: SiteCode,
}

/// Confirms a device.
#[utoipa::path(
    post,
    path = "/v1/admin/devices/{lease}/confirm",
    tag = "admin",
    description = "Says that the device is whose it says: a person has compared the fingerprints. What was held for it \
                   is then applied, in order. Restores a revoked device.",
    params(("lease" = String, Path, description = "The device's prefix, as the list shows it")),
    request_body = Confirmation,
    responses(
        (status = OK, description = "It is in the log, or was already", body = Written),
        (status = BAD_REQUEST, description = "Not a fingerprint", body = ErrorBody),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "Not a device of the own sites", body = ErrorBody),
        (status = NOT_FOUND, description = "No such device; only administrators are told", body = ErrorBody),
        (status = CONFLICT, description = "The fingerprint is another one, or the device has erased itself", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "Too much waits, or the hub stops", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn confirm(
    State(app): State<Arc<App>>,
    asker: Asker,
    Part(lease): Part<ActorPrefix>,
    Json(compared): Json<Confirmation>,
) -> Result<Body<Written>, Failure> {
    let shown = Fingerprint::parse(&compared.fingerprint);
    act(&app, &asker, lease, |_, state| {
        let shown = shown.map_err(|error| Failure::invalid("fingerprint", error.to_string()))?;
        if shown != fingerprint(&state.lease.key) {
            return Err(AdminError::FingerprintDiffers.into());
        }
        if state.wiped.is_some() {
            return Err(AdminError::DeviceWiped.into());
        }
        Ok((state.standing != Standing::Active).then_some(Fact::Confirmed { lease }))
    })
    .await
}

/// Revokes a device.
#[utoipa::path(
    post,
    path = "/v1/admin/devices/{lease}/revoke",
    tag = "admin",
    description = "Takes the device's rights: its token dies, what it sends is held for a person, and it is told to \
                   erase itself, after its receipts or, when it is lost, at once. The same again changes nothing; a \
                   revoked device can be called lost afterwards.",
    params(("lease" = String, Path, description = "The device's prefix, as the list shows it")),
    request_body = Revocation,
    responses(
        (status = OK, description = "It is in the log, or was already", body = Written),
        (status = BAD_REQUEST, description = "No reason", body = ErrorBody),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "Not a device of the own sites", body = ErrorBody),
        (status = NOT_FOUND, description = "No such device; only administrators are told", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "Too much waits, or the hub stops", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn revoke(
    State(app): State<Arc<App>>,
    asker: Asker,
    Part(lease): Part<ActorPrefix>,
    Json(Revocation { reason: why, lost }): Json<Revocation>,
) -> Result<Body<Written>, Failure> {
    act(&app, &asker, lease, |_, state| {
        let reason = reason(&why)?;
        let known = match state.standing {
            Standing::Revoked { lost: known } => known || !lost,
            Standing::Pending | Standing::Active => false,
        };
        Ok((!known).then_some(Fact::Revoked { lease, lost, reason }))
    })
    .await
}

/// Moves a device.
#[utoipa::path(
    post,
    path = "/v1/admin/devices/{lease}/move",
    tag = "admin",
    description = "Hands the whole device, with all its users, to another site: the lead there looks after it from now \
                   on. What its users may see follows from the users, not from the device.",
    params(("lease" = String, Path, description = "The device's prefix, as the list shows it")),
    request_body = DeviceMove,
    responses(
        (status = OK, description = "It is in the log, or was already", body = Written),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "Not a device of the own sites", body = ErrorBody),
        (status = NOT_FOUND, description = "No such device; only administrators are told", body = ErrorBody),
        (status = CONFLICT, description = "The site is unknown or closed", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "Too much waits, or the hub stops", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn move_device(
    State(app): State<Arc<App>>,
    asker: Asker,
    Part(lease): Part<ActorPrefix>,
    Json(DeviceMove { site }): Json<DeviceMove>,
) -> Result<Body<Written>, Failure> {
    act(&app, &asker, lease, |directory, state| {
        open_site(directory, &site)?;
        let installation = state.lease.installation;
        Ok((directory.device_site(state) != site).then_some(Fact::DeviceMoved { installation, site }))
    })
    .await
}

/// Does something about a device that this principal looks after; nothing is written where nothing would change.
async fn act(
    app: &App,
    asker: &Asker,
    lease: ActorPrefix,
    wanted: impl FnOnce(&Directory, &LeaseState) -> Result<Option<Fact>, Failure> + Send,
) -> Result<Body<Written>, Failure> {
    let _alone = app.administering.lock().await;
    let fact = {
        let directory = app.shared.directory();
        let Some(state) = directory.leases.get(&lease) else {
            may(&asker.principal, Action::ManageDevices, Resource::Everywhere)?;
            return Err(AdminError::LeaseUnknown.into());
        };
        may(&asker.principal, Action::ManageDevices, Resource::Site(&directory.device_site(state)))?;
        wanted(&directory, state)?
    };
    let position = match fact {
        Some(fact) => write_at_once(app, asker.by(), fact).await?,
        None => app.shared.published().position,
    };
    Ok(Body(Written { position }))
}
