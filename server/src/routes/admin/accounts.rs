//! `GET` and `POST /v1/admin/accounts`: who has an account, and letting a user set one up.

use std::sync::Arc;

use axum::Json as Body;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sync_protocol::ids::{Millis, Position, UserId};
use utoipa::ToSchema;

use super::{AdminError, write};
use crate::account::codes::{Code, CodeUse};
use crate::hub::fact::Fact;
use crate::limits::ACCOUNT_SETUP_HOURS;
use crate::random::SystemRandom;
use crate::routes::error::{ErrorBody, Failure};
use crate::routes::extract::Json;
use crate::routes::principal::Asker;
use crate::serve::app::App;

/// Milliseconds of an hour.
const HOUR: i64 = 60 * 60 * 1_000;

/// For whom.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct NewAccount {
    /// The user.
    #[schema(value_type = String, format = "uuid")]
    pub user: UserId,
}

/// A setup code, shown this once: the hub keeps its hash alone.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct AccountInvited {
    /// Sixteen characters, to be typed: eighty bits.
    #[schema(example = "7K3Q-M2XP-9WTA-4C8R")]
    pub setup: String,
    /// Not usable from this hub time on, milliseconds since 1970.
    #[schema(value_type = i64)]
    pub expires: Millis,
    /// The entry.
    #[schema(value_type = u64)]
    pub position: Position,
}

/// Whether and how a user can sign in.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AccountRow {
    /// Who.
    #[schema(value_type = String, format = "uuid")]
    pub user: UserId,
    /// The name under which colleagues know the person.
    pub name: String,
    /// Whether the user has an account.
    pub account: bool,
    /// Recovery codes that are left.
    pub recovery_left: usize,
    /// Sign-ins that failed since the last one.
    pub failures: u32,
    /// Hub time of the last one that failed.
    #[schema(value_type = Option<i64>)]
    pub failed_at: Option<Millis>,
    /// Hub time until which a setup code waits to be used.
    #[schema(value_type = Option<i64>)]
    pub setup_until: Option<Millis>,
}

/// Accounts.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AccountList {
    /// The position that this answer shows.
    #[schema(value_type = u64)]
    pub as_of: Position,
    /// Users with an account, or with a setup code that waits.
    pub accounts: Vec<AccountRow>,
}

/// Lists the accounts.
#[utoipa::path(
    get,
    path = "/v1/admin/accounts",
    tag = "admin",
    responses(
        (status = OK, description = "Users who can sign in, or will", body = AccountList),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "Not an administrator", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn accounts(State(app): State<Arc<App>>) -> Body<AccountList> {
    let as_of = app.shared.published().position;
    let now = app.clock.now();
    let directory = app.shared.directory();
    let waiting = |user| directory.setups.values().find(|setup| setup.user == user && now < setup.expires);
    let row = |(user, profile): (&UserId, &crate::hub::fact::Profile)| {
        let account = directory.accounts.get(user);
        let setup_until = waiting(*user).map(|setup| setup.expires);
        (account.is_some() || setup_until.is_some()).then(|| AccountRow {
            user: *user,
            name: profile.name.clone(),
            account: account.is_some(),
            recovery_left: account.map_or(0, |account| account.credentials.recovery.len()),
            failures: account.map_or(0, |account| account.failures),
            failed_at: account.and_then(|account| account.failed_at),
            setup_until,
        })
    };
    Body(AccountList { as_of, accounts: directory.users.iter().filter_map(row).collect() })
}

/// Lets a user set an account up.
#[utoipa::path(
    post,
    path = "/v1/admin/accounts",
    tag = "admin",
    description = "Makes a code with which the user sets an account up, once, within 72 hours; an account that is there \
                   stands until then and is replaced. Shown this once.",
    request_body = NewAccount,
    responses(
        (status = CREATED, description = "It is in the log, as a hash", body = AccountInvited),
        (status = BAD_REQUEST, description = "Not a user's id", body = ErrorBody),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "Not an administrator", body = ErrorBody),
        (status = CONFLICT, description = "No such user, or not an active one", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "Too much waits, or the hub stops", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn invite_to_account(
    State(app): State<Arc<App>>,
    asker: Asker,
    Json(new): Json<NewAccount>,
) -> Result<(StatusCode, Body<AccountInvited>), Failure> {
    let _alone = app.administering.lock().await;
    if !app.shared.directory().users.get(&new.user).is_some_and(|profile| profile.active) {
        return Err(AdminError::UserUnknown.into());
    }
    let code = Code::draw(&mut SystemRandom);
    let expires = app.clock.now().plus(ACCOUNT_SETUP_HOURS * HOUR);
    let fact = Fact::SetupIssued { user: new.user, code: code.hash(CodeUse::Setup), expires };
    let position = write(&app, asker.by(), vec![fact]).await?;
    Ok((StatusCode::CREATED, Body(AccountInvited { setup: code.to_string(), expires, position })))
}
