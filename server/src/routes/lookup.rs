//! `POST /v1/lookup`: whether somebody is registered anywhere. Says little, wants a reason, is recorded and limited.

use std::sync::Arc;

use axum::Json as Body;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use sync_protocol::ids::Position;
use utoipa::ToSchema;

use super::error::{ErrorBody, Failure};
use super::extract::Json;
use super::principal::Asker;
use super::recording;
use crate::hub::fact::Fact;
use crate::limits::{LOOK_UP_CHARACTERS_MAX, LOOK_UP_CHARACTERS_MIN};
use crate::serve::app::App;
use crate::serve::records::Counted;
use crate::store::read_model::FoundRow;

/// What is looked for, and why.
#[derive(Deserialize, ToSchema)]
pub struct LookUp {
    /// Words of a name, or a code.
    #[schema(example = "Fatoumata Traoré")]
    pub text: String,
    /// For people; stands in the log.
    #[schema(example = "A woman at the gate says that she was registered at Gao last week")]
    pub reason: String,
}

/// What was found.
#[derive(Serialize, ToSchema)]
pub struct Found {
    /// The position that this answer shows.
    #[schema(value_type = u64)]
    pub as_of: Position,
    /// Ten at most, newest first; whether there are more is not told.
    pub rows: Vec<FoundRow>,
}

/// Looks for somebody beyond the scope.
#[utoipa::path(
    post,
    path = "/v1/lookup",
    tag = "console",
    description = "Code, initials, year of birth, site and date of at most ten cases, of any site. Recorded with the \
                   reason before it is shown. Opening one needs a transfer, or breaking the glass.",
    request_body = LookUp,
    responses(
        (status = OK, description = "What was found", body = Found),
        (status = BAD_REQUEST, description = "Too short a text, or no reason", body = ErrorBody),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "Not a role that looks up", body = ErrorBody),
        (status = TOO_MANY_REQUESTS, description = "Too often within an hour or a day", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "The lists are catching up", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn look_up(
    State(app): State<Arc<App>>,
    asker: Asker,
    Json(LookUp { text, reason }): Json<LookUp>,
) -> Result<Body<Found>, Failure> {
    let reason = recording::reason(&reason)?;
    let text = text.trim().to_owned();
    if !(LOOK_UP_CHARACTERS_MIN..=LOOK_UP_CHARACTERS_MAX).contains(&text.chars().count()) {
        let message =
            format!("look for {LOOK_UP_CHARACTERS_MIN} to {LOOK_UP_CHARACTERS_MAX} characters: names, or a code");
        return Err(Failure::invalid("lookup-text", message));
    }
    app.records.take(asker.by(), Counted::LookUp, asker.now).map_err(|ms| {
        Failure::used_up("lookup-limit", "you have looked beyond your sites as often as is allowed", ms)
    })?;
    app.lists_follow().await?;
    let found = app.read_model.look_up(text).await?;
    recording::write(&app, asker.by(), Fact::LookedUp { reason, found: found.documents }).await?;
    Ok(Body(Found { as_of: found.as_of, rows: found.rows }))
}
