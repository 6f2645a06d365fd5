//! `GET /v1/wait`: answers when the feed has something new after a cursor, or after a while with nothing.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde::Deserialize;
use sync_protocol::ids::{ActorPrefix, Channel, Salt};
use sync_protocol::wire::codec::Raw;
use utoipa::IntoParams;

use super::door::Visitor;
use super::error::{ErrorBody, Failure};
use super::extract::Params;
use super::observe::ForDevice;
use super::token::bearer;
use crate::hub::feed::has_news;
use crate::hub::published::Shared;
use crate::limits::WAIT_SECONDS_MAX;
use crate::serve::app::App;
use crate::serve::listen::asked_to_stop;
use crate::serve::rate::Bucket;
use crate::store::documents::ChannelState;

/// What is waited for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WaitQuery {
    /// The prefix of the lease, hexadecimal.
    #[param(value_type = String, example = "0011223344556677")]
    lease: ActorPrefix,
    /// The cursor of the last answer, base64url without padding; absent: nothing was read yet.
    cursor: Option<String>,
}

/// A device waits for news.
#[utoipa::path(
    get,
    path = "/v1/wait",
    tag = "device",
    description = "Waits until the feed has something after the cursor. Wants the lease's own token as \
                   'Authorization: Bearer <hexadecimal>', not the console's.",
    params(WaitQuery),
    responses(
        (status = OK, description = "There is something new: make an exchange"),
        (status = NO_CONTENT, description = "Nothing new for as long as the hub waits: ask again"),
        (status = BAD_REQUEST, description = "The query cannot be read", body = ErrorBody),
        (status = UNAUTHORIZED, description = "The lease or its token is not in force", body = ErrorBody),
        (status = TOO_MANY_REQUESTS, description = "More often than is allowed: see Retry-After", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "Too many wait, or the hub stops", body = ErrorBody),
    )
)]
pub async fn wait(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Params(query): Params<WaitQuery>,
) -> Result<Response, Failure> {
    let cursor = query.cursor.map(|text| BASE64URL_NOPAD.decode(text.as_bytes()).map(Raw)).transpose();
    let cursor = cursor.map_err(|_| Failure::invalid("cursor", "the cursor must be base64url without padding"))?;
    let token = bearer(&headers).and_then(|text| HEXLOWER.decode(text.as_bytes()).ok());
    let token = token.as_deref().and_then(Salt::from_slice).ok_or_else(Failure::no_device_token)?;
    if !app.shared.opens(query.lease, &token, app.clock.now()) {
        return Err(Failure::no_device_token());
    }
    visitor.is(&app, Bucket::Lease(query.lease))?;
    let _room = Arc::clone(&app.waiters).try_acquire_owned().map_err(|_| Failure::busy())?;
    let timeout = Duration::from_secs(WAIT_SECONDS_MAX);
    let status = match tokio::time::timeout(timeout, until_news(&app, query.lease, cursor)).await {
        Ok(Ok(true)) => StatusCode::OK,
        Ok(Ok(false)) | Err(_) => StatusCode::NO_CONTENT,
        Ok(Err(failure)) => return Err(failure),
    };
    let mut response = status.into_response();
    response.extensions_mut().insert(ForDevice);
    Ok(response)
}

/// True with the first news; false when the hub stops.
async fn until_news(app: &Arc<App>, lease: ActorPrefix, cursor: Option<Raw>) -> Result<bool, Failure> {
    let mut news = app.news.clone();
    let mut stopping = app.stopping.clone();
    let mut seen = None;
    loop {
        news.borrow_and_update();
        let now = scope_state(&app.shared, lease);
        // Most groups touch other channels: the store is asked only when one of these has moved.
        if seen.as_ref() != Some(&now) {
            let (shared, scope, cursor) = (Arc::clone(&app.shared), now.0.clone(), cursor.clone());
            if app.finish(move || has_news(&shared, &scope, cursor.as_ref())).await?? {
                return Ok(true);
            }
            seen = Some(now);
        }
        tokio::select! {
            changed = news.changed() => if changed.is_err() { return Ok(false) },
            () = asked_to_stop(&mut stopping) => return Ok(false),
        }
    }
}

fn scope_state(shared: &Shared, lease: ActorPrefix) -> (Vec<Channel>, Vec<ChannelState>) {
    let directory = shared.directory();
    let user = directory.leases.get(&lease).map(|state| state.lease.user);
    let scope = user.map(|user| directory.scope(user)).unwrap_or_default();
    drop(directory);
    let published = shared.published();
    let states = scope.iter().map(|channel| published.channels.get(channel).copied().unwrap_or_default()).collect();
    (scope, states)
}
