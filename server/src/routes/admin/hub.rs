//! `POST /v1/admin/hub/confirm-restored`: an administrator has looked at what a restored hub may have lost.
//!
//! Until then everything is held (`held-who-restored`). What is to be compared: revocations, devices, users and moves
//! since the copy was made. What is held is tried again afterwards, in order.

use std::sync::Arc;

use axum::Json as Body;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use sync_protocol::ids::Position;
use utoipa::ToSchema;

use super::{AdminError, may, write};
use crate::access::{Action, Resource};
use crate::hub::fact::Fact;
use crate::routes::error::{ErrorBody, Failure};
use crate::routes::principal::Asker;
use crate::routes::status::RestoredRow;
use crate::serve::app::App;

/// A restored hub that was confirmed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ConfirmedRestored {
    /// The entry.
    #[schema(value_type = u64)]
    pub position: Position,
    /// Pieces of work that are tried again now.
    pub tried: usize,
}

/// Confirms a restored hub.
#[utoipa::path(
    post,
    path = "/v1/admin/hub/confirm-restored",
    tag = "admin",
    description = "Ends the holding of a hub that came back from an older copy. Compare revocations, devices, users and \
                   moves since the copy first: what is held for it is tried again at once.",
    responses(
        (status = OK, description = "It is in the log", body = ConfirmedRestored),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "Not for this user", body = ErrorBody),
        (status = CONFLICT, description = "Nothing waits to be confirmed", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn confirm_restored(State(app): State<Arc<App>>, asker: Asker) -> Result<Body<ConfirmedRestored>, Failure> {
    may(&asker.principal, Action::ManageUsers, Resource::Everywhere)?;
    let _alone = app.administering.lock().await;
    let waits = RestoredRow::of(&app.shared.directory());
    let waits = waits.ok_or(AdminError::NotRestored)?;
    let position = write(&app, asker.principal.by, vec![Fact::ContinuedConfirmed]).await?;
    Ok(Body(ConfirmedRestored { position, tried: waits.held }))
}
