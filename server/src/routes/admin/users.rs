//! `GET` and `POST /v1/admin/users`, `PATCH /v1/admin/users/{id}`: the people who work with the hub.
//!
//! Adding and changing is administrators'; a lead sees the users of the own sites. A user moves by getting other sites:
//! the next exchange of each of the user's devices gets the new scope.

use std::sync::Arc;

use axum::Json as Body;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sync_protocol::ids::{PartnerCode, Position, SiteCode, UserId};
use utoipa::ToSchema;

use super::profile::{check, roles};
use super::{AdminError, can, may, name, write};
use crate::access::{Action, Principal, Resource, Role};
use crate::hub::directory::Directory;
use crate::hub::fact::{Fact, Profile};
use crate::random::{SystemRandom, draw};
use crate::routes::error::{ErrorBody, Failure};
use crate::routes::extract::{Json, Part};
use crate::routes::principal::Asker;
use crate::serve::app::App;

/// A user to be added.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct NewUser {
    /// The name under which colleagues know the person.
    #[schema(example = "Awa Diarra")]
    pub name: String,
    /// The sites of the user's scope; the first is home.
    #[serde(default)]
    #[schema(value_type = Vec<String>, example = json!(["GOG", "KAY"]))]
    pub sites: Vec<SiteCode>,
    /// What the user is here to do.
    #[serde(default = "caseworker")]
    #[schema(default = json!(["caseworker"]), example = json!(["caseworker", "site-lead"]))]
    pub roles: Vec<String>,
    /// The regions of a regional lead, by the name that their sites give.
    #[serde(default)]
    pub regions: Vec<String>,
    /// For whom a partner's user works.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "OIM")]
    pub partner: Option<PartnerCode>,
}

fn caseworker() -> Vec<String> {
    vec![Role::Caseworker.name().to_owned()]
}

/// What is to be different about a user; what is not named stays.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    /// The name under which colleagues know the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// All sites of the user's scope from now on; the first is home.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    pub sites: Option<Vec<SiteCode>>,
    /// All roles from now on. Without `regional-lead` the regions go, without `partner` the partner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// All regions from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regions: Option<Vec<String>>,
    /// For whom a partner's user works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub partner: Option<PartnerCode>,
    /// Whether the user may do anything at all: one who may not is signed out, and what the devices send is held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
}

/// A user.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct UserRow {
    /// Who.
    #[schema(value_type = String, format = "uuid")]
    pub user: UserId,
    /// The name under which colleagues know the person.
    pub name: String,
    /// The sites of the user's scope; the first is home.
    #[schema(value_type = Vec<String>)]
    pub sites: Vec<SiteCode>,
    /// What the user is here to do.
    pub roles: Vec<Role>,
    /// The regions of a regional lead.
    pub regions: Vec<String>,
    /// For whom a partner's user works.
    #[schema(value_type = Option<String>)]
    pub partner: Option<PartnerCode>,
    /// Whether the user may do anything at all.
    pub active: bool,
    /// How many devices are enrolled for the user.
    pub devices: usize,
}

/// Users.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct UserList {
    /// The position that this answer shows.
    #[schema(value_type = u64)]
    pub as_of: Position,
    /// By id.
    pub users: Vec<UserRow>,
}

/// A user that was added or changed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct UserWritten {
    /// Drawn by the hub; invitations name it.
    #[schema(value_type = String, format = "uuid")]
    pub user: UserId,
    /// The entry; the last one where nothing had to be written.
    #[schema(value_type = u64)]
    pub position: Position,
}

/// Lists the users.
#[utoipa::path(
    get,
    path = "/v1/admin/users",
    tag = "admin",
    responses(
        (status = OK, description = "All users; a lead's are those of the own sites", body = UserList),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "Not open to this role", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn users(State(app): State<Arc<App>>, asker: Asker) -> Body<UserList> {
    let as_of = app.shared.published().position;
    let directory = app.shared.directory();
    let shown = directory.users.iter().filter(|(_, user)| sees(&directory, &asker.principal, user));
    let users = shown.map(|(id, user)| UserRow {
        user: *id,
        name: user.name.clone(),
        sites: user.sites.clone(),
        roles: user.roles.clone(),
        regions: user.regions.clone(),
        partner: user.partner.clone(),
        active: user.active,
        devices: directory.leases.values().filter(|state| state.lease.user == *id).count(),
    });
    Body(UserList { as_of, users: users.collect() })
}

fn sees(directory: &Directory, principal: &Principal, user: &Profile) -> bool {
    let at = |site: &SiteCode| can(principal, Action::ReadUsers, Resource::Site(&directory.site_now(site)));
    can(principal, Action::ReadUsers, Resource::Everywhere) || user.sites.iter().any(at)
}

/// Adds a user.
#[utoipa::path(
    post,
    path = "/v1/admin/users",
    tag = "admin",
    request_body = NewUser,
    responses(
        (status = CREATED, description = "It is in the log", body = UserWritten),
        (status = BAD_REQUEST, description = "Name, sites and roles do not fit together", body = ErrorBody),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "Not an administrator", body = ErrorBody),
        (status = CONFLICT, description = "Such a user is there, or a site or partner is not", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "Too much waits, or the hub stops", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn add_user(
    State(app): State<Arc<App>>,
    asker: Asker,
    Json(new): Json<NewUser>,
) -> Result<(StatusCode, Body<UserWritten>), Failure> {
    may(&asker.principal, Action::ManageUsers, Resource::Everywhere)?;
    let roles = roles(&new.roles).map_err(AdminError::from)?;
    let name = name("the name", &new.name)?;
    let profile = Profile { name, sites: new.sites, roles, regions: new.regions, partner: new.partner, active: true };
    let _alone = app.administering.lock().await;
    check(&app.shared.directory(), None, None, &profile)?;
    let user = UserId::new(uuid::Builder::from_random_bytes(draw(&mut SystemRandom)).into_uuid().into_bytes());
    let position = write(&app, asker.by(), vec![Fact::User { user, profile }]).await?;
    Ok((StatusCode::CREATED, Body(UserWritten { user, position })))
}

/// Changes a user.
#[utoipa::path(
    patch,
    path = "/v1/admin/users/{id}",
    tag = "admin",
    description = "Changes what is named. Other sites move the user: devices get the new scope with their next \
                   exchange. Who is no longer active, or has other roles, is signed out.",
    params(("id" = String, Path, description = "The user's UUID")),
    request_body = UserChange,
    responses(
        (status = OK, description = "It is in the log, or was already", body = UserWritten),
        (status = BAD_REQUEST, description = "Name, sites and roles do not fit together", body = ErrorBody),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "Not an administrator", body = ErrorBody),
        (status = CONFLICT, description = "No such user, or the last administrator", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "Too much waits, or the hub stops", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn change_user(
    State(app): State<Arc<App>>,
    asker: Asker,
    Part(user): Part<UserId>,
    Json(change): Json<UserChange>,
) -> Result<Body<UserWritten>, Failure> {
    may(&asker.principal, Action::ManageUsers, Resource::Everywhere)?;
    let _alone = app.administering.lock().await;
    let profile = {
        let directory = app.shared.directory();
        let before = directory.users.get(&user).ok_or(AdminError::UserUnknown)?;
        let profile = changed(before.clone(), change)?;
        if profile == *before {
            return Ok(Body(UserWritten { user, position: app.shared.published().position }));
        }
        check(&directory, Some(user), Some(before), &profile)?;
        if is_last_administrator(&directory, user) && !administers(&profile) {
            return Err(AdminError::AdministratorLast.into());
        }
        profile
    };
    let position = write(&app, asker.by(), vec![Fact::User { user, profile }]).await?;
    Ok(Body(UserWritten { user, position }))
}

fn changed(mut profile: Profile, change: UserChange) -> Result<Profile, AdminError> {
    let UserChange { name: new_name, sites, roles: new_roles, regions, partner, active } = change;
    if let Some(new_name) = new_name {
        profile.name = name("the name", &new_name)?;
    }
    if let Some(new_roles) = new_roles {
        profile.roles = roles(&new_roles)?;
        if !profile.roles.contains(&Role::RegionalLead) {
            profile.regions.clear();
        }
        if !profile.roles.contains(&Role::Partner) {
            profile.partner = None;
        }
    }
    profile.sites = sites.unwrap_or(profile.sites);
    profile.regions = regions.unwrap_or(profile.regions);
    profile.partner = partner.or(profile.partner);
    profile.active = active.unwrap_or(profile.active);
    Ok(profile)
}

fn administers(profile: &Profile) -> bool {
    profile.active && profile.roles.contains(&Role::Administrator)
}

/// Whether nobody else could let anybody in.
fn is_last_administrator(directory: &Directory, user: UserId) -> bool {
    let stands = |id: &UserId| directory.accounts.contains_key(id) && directory.users.get(id).is_some_and(administers);
    stands(&user) && !directory.users.keys().any(|other| *other != user && stands(other))
}
