//! `GET /v1/documents/{id}`: one document of any kind, as it stands.
//!
//! What is out of scope, erased or not there takes the same path and gets the same answer. Who looks is recorded before
//! anything is shown.

use std::sync::Arc;

use axum::Json as Body;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use sync_protocol::documents::Kind;
use sync_protocol::ids::{DocumentId, Position};
use utoipa::ToSchema;

use super::error::{ErrorBody, Failure};
use super::extract::Part;
use super::principal::Asker;
use super::recording;
use crate::access::{Principal, Role};
use crate::serve::app::App;
use crate::serve::reading::{Place, Plain};

/// One document.
#[derive(Serialize, ToSchema)]
pub struct DocumentDetail {
    /// Its UUID.
    #[schema(value_type = String, format = "uuid")]
    pub document: DocumentId,
    /// `case`, `movement`, `household`, `annex`, `link` or `referral`.
    #[schema(value_type = String)]
    pub kind: Kind,
    /// The entry that changed it last.
    #[schema(value_type = u64)]
    pub changed: Position,
    /// Those of its channels that are open to whoever asks.
    pub channels: Vec<String>,
    /// Every group and field.
    #[schema(value_type = Object)]
    pub projection: Value,
    /// Its conflicts.
    #[schema(value_type = Vec<Object>)]
    pub conflicts: Value,
}

/// Shows a document.
#[utoipa::path(
    get,
    path = "/v1/documents/{id}",
    tag = "console",
    description = "Any kind: cases, movements, households, links of the scope; annexes for their officers; referrals for \
                   who referred and for the partner, who is not told the case. Who looked is recorded.",
    params(("id" = String, Path, description = "Its UUID")),
    responses(
        (status = OK, description = "As it stands", body = DocumentDetail),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "Not a role that opens documents", body = ErrorBody),
        (status = NOT_FOUND, description = "There is none, or it is not open to you", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "Too much waits, or the hub stops", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn document(
    State(app): State<Arc<App>>,
    asker: Asker,
    Part(id): Part<DocumentId>,
) -> Result<Body<DocumentDetail>, Failure> {
    let place = place(&app, id).await?;
    let ground = recording::ground(&app, &asker, &place).await?;
    let (reading, is_open) = (Arc::clone(&app.reading), ground.is_some());
    let content = app.work(move || reading.content(id, is_open)).await?;
    let content = content.map_err(|error| Failure::internal(&error))?;
    let (Some(ground), Some(content)) = (ground, content) else { return Err(not_open()) };
    recording::read(&app, &asker, &place, ground).await?;
    Ok(Body(shown(&asker.principal, place, content)))
}

/// Where a document is now.
///
/// # Errors
/// [`Failure`] when the store cannot be read.
pub async fn place(app: &App, id: DocumentId) -> Result<Place, Failure> {
    let reading = Arc::clone(&app.reading);
    app.work(move || reading.place(id)).await?.map_err(|error| Failure::internal(&error))
}

/// What everybody is told of what is not open to them, and of what is not there.
#[must_use]
pub fn not_open() -> Failure {
    Failure::not_found("document-unknown", "there is no such document, or it is not open to you")
}

fn shown(principal: &Principal, place: Place, content: Plain) -> DocumentDetail {
    let Place { document, kind, channels } = place;
    let Plain { changed, mut projection, conflicts } = content;
    if kind == Kind::Referral && principal.is(Role::Partner) {
        // A partner knows the referral, not the case.
        if let Some(referral) = projection.pointer_mut("/groups/referral").and_then(Value::as_object_mut) {
            referral.remove("case");
        }
    }
    let channels = channels.iter().filter(|channel| principal.sees(kind, channel)).map(ToString::to_string).collect();
    DocumentDetail { document, kind, changed, channels, projection, conflicts }
}
