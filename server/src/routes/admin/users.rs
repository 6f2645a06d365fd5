//! `GET` and `POST /v1/admin/users`: the people who work with the hub.

use std::sync::Arc;

use axum::Json as Body;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sync_protocol::ids::{Position, SiteCode, UserId};
use utoipa::ToSchema;

use super::{AdminError, name, scope, write};
use crate::hub::fact::{Fact, Profile};
use crate::random::{SystemRandom, draw};
use crate::routes::error::{ErrorBody, Failure};
use crate::routes::extract::Json;
use crate::routes::principal::Asker;
use crate::serve::app::App;

/// A user to be added.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct NewUser {
    /// The name under which colleagues know the person.
    #[schema(example = "Awa Diarra")]
    pub name: String,
    /// The sites of the user's scope; the first is home.
    #[schema(value_type = Vec<String>, example = json!(["GOG", "KAY"]))]
    pub sites: Vec<SiteCode>,
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
    /// How many devices are enrolled for the user.
    pub devices: usize,
}

/// All users.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct UserList {
    /// The position that this answer shows.
    #[schema(value_type = u64)]
    pub as_of: Position,
    /// By id.
    pub users: Vec<UserRow>,
}

/// A user that was added.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct UserWritten {
    /// Drawn by the hub; invitations name it.
    #[schema(value_type = String, format = "uuid")]
    pub user: UserId,
    /// The entry.
    #[schema(value_type = u64)]
    pub position: Position,
}

/// Lists the users.
#[utoipa::path(
    get,
    path = "/v1/admin/users",
    tag = "admin",
    responses(
        (status = OK, description = "All users", body = UserList),
        (status = UNAUTHORIZED, description = "No console token", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn users(State(app): State<Arc<App>>) -> Body<UserList> {
    let as_of = app.shared.published().position;
    let directory = app.shared.directory();
    let users = directory.users.iter().map(|(id, user)| UserRow {
        user: *id,
        name: user.name.clone(),
        sites: user.sites.clone(),
        devices: directory.leases.values().filter(|state| state.lease.user == *id).count(),
    });
    Body(UserList { as_of, users: users.collect() })
}

/// Adds a user.
#[utoipa::path(
    post,
    path = "/v1/admin/users",
    tag = "admin",
    request_body = NewUser,
    responses(
        (status = CREATED, description = "It is in the log", body = UserWritten),
        (status = BAD_REQUEST, description = "The name or the sites cannot be used", body = ErrorBody),
        (status = UNAUTHORIZED, description = "No console token", body = ErrorBody),
        (status = CONFLICT, description = "Such a user is there, or a site is not", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "Too much waits, or the hub stops", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn add_user(
    State(app): State<Arc<App>>,
    asker: Asker,
    Json(new): Json<NewUser>,
) -> Result<(StatusCode, Body<UserWritten>), Failure> {
    let name = name("the name", &new.name)?;
    scope(&new.sites)?;
    let _alone = app.administering.lock().await;
    check(&app, &name, &new.sites)?;
    let user = UserId::new(uuid::Builder::from_random_bytes(draw(&mut SystemRandom)).into_uuid().into_bytes());
    let position =
        write(&app, asker.by(), vec![Fact::User { user, profile: Profile::caseworker(name, new.sites) }]).await?;
    Ok((StatusCode::CREATED, Body(UserWritten { user, position })))
}

fn check(app: &App, name: &str, sites: &[SiteCode]) -> Result<(), AdminError> {
    let directory = app.shared.directory();
    if let Some(unknown) = sites.iter().find(|site| !directory.sites.contains_key(*site)) {
        return Err(AdminError::SiteUnknown(unknown.clone()));
    }
    let same = |user: &&Profile| user.name == name && user.sites.first() == sites.first();
    match (directory.users.values().find(same), sites.first()) {
        (Some(_), Some(home)) => Err(AdminError::UserExists(home.clone())),
        _ => Ok(()),
    }
}
