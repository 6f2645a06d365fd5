//! `POST /v1/admin/invitations`: lets a user enrol one device, once.
//!
//! Whoever holds an invitation becomes that user on a device. So a lead invites only users who see nothing beyond the
//! lead's own sites, but for cases that were assigned to them.

use std::sync::Arc;

use axum::Json as Body;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sync_protocol::ids::{Channel, Millis, Position, UserId};
use sync_protocol::wire::enrolment::Invitation;
use utoipa::ToSchema;

use super::profile::ProfileError;
use super::{AdminError, can, write};
use crate::access::{Action, Principal, Resource};
use crate::hub::directory::Directory;
use crate::hub::fact::Fact;
use crate::limits::INVITATION_DAYS;
use crate::random::{SystemRandom, draw};
use crate::routes::error::{ErrorBody, Failure};
use crate::routes::extract::Json;
use crate::routes::principal::Asker;
use crate::serve::app::App;

/// For whom.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct NewInvitation {
    /// The user.
    #[schema(value_type = String, format = "uuid")]
    pub user: UserId,
    /// The device is handed over in person, here and now: it needs no confirmation later.
    #[serde(default)]
    pub confirmed: bool,
}

/// An invitation, shown this once: the hub keeps its hash alone.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Invited {
    /// Twelve characters, to be typed: sixty bits.
    #[schema(example = "7K3Q-M2XP-9WTA")]
    pub invitation: String,
    /// The same for a QR code, with the hub's address.
    #[schema(example = "segin:enrol?hub=http://127.0.0.1:8470&invitation=7K3QM2XP9WTA")]
    pub scan: String,
    /// Not usable from this hub time on, milliseconds since 1970.
    #[schema(value_type = i64)]
    pub expires: Millis,
    /// The entry.
    #[schema(value_type = u64)]
    pub position: Position,
}

/// Invites a device.
#[utoipa::path(
    post,
    path = "/v1/admin/invitations",
    tag = "admin",
    description = "Makes an invitation for one device of a user: usable once, for fourteen days. Shown this once.",
    request_body = NewInvitation,
    responses(
        (status = CREATED, description = "It is in the log, as a hash", body = Invited),
        (status = BAD_REQUEST, description = "Not a user's id", body = ErrorBody),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "Neither an administrator nor a lead of all that the user sees", body = ErrorBody),
        (status = CONFLICT, description = "No such user, not an active one, or one without a site", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "Too much waits, or the hub stops", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn invite(
    State(app): State<Arc<App>>,
    asker: Asker,
    Json(new): Json<NewInvitation>,
) -> Result<(StatusCode, Body<Invited>), Failure> {
    let _alone = app.administering.lock().await;
    check(&app.shared.directory(), &asker.principal, new.user)?;
    let invitation = Invitation::from_random(draw(&mut SystemRandom));
    let expires = app.clock.now().plus(INVITATION_DAYS * Millis::DAY);
    let position = write(
        &app,
        asker.by(),
        vec![Fact::Invited { invitation: invitation.hash(), user: new.user, expires, confirmed: new.confirmed }],
    )
    .await?;
    let typed = invitation.to_string();
    let scan = format!("segin:enrol?hub=http://{}&invitation={}", app.address, typed.replace('-', ""));
    Ok((StatusCode::CREATED, Body(Invited { invitation: typed, scan, expires, position })))
}

fn check(directory: &Directory, principal: &Principal, user: UserId) -> Result<(), Failure> {
    if !can(principal, Action::Invite, Resource::Everywhere) && !leads(directory, principal, user) {
        return Err(Failure::not_allowed());
    }
    let profile = directory.users.get(&user).ok_or(AdminError::UserUnknown)?;
    if !profile.active {
        return Err(AdminError::UserInactive.into());
    }
    if profile.sites.is_empty() {
        return Err(AdminError::from(ProfileError::NoHome).into());
    }
    Ok(())
}

/// Whether everything that the user sees is the lead's; of nobody it is not.
fn leads(directory: &Directory, principal: &Principal, user: UserId) -> bool {
    let own = Channel::user(user);
    let scope: Vec<Channel> = directory.scope(user).into_iter().filter(|channel| *channel != own).collect();
    let leads = |channel: &Channel| {
        channel.site_code().is_some_and(|site| can(principal, Action::Invite, Resource::Site(&site)))
    };
    !scope.is_empty() && scope.iter().all(leads)
}
