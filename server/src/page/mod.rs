//! The hub's page: cases as they arrive, conflicts with every value, receipts that can be verified.
//!
//! Rendered here, without Node and without a request to anywhere else; works without scripts, too, which only keep it
//! live. French first, English beneath. Whoever is not signed in gets the form for it ([`sign_in`]); a new account is set
//! up on a page of its own ([`account`]). Screens for leads: [`held`], [`devices`]. The console token comes once with the link and stays in a cookie that scripts
//! cannot read. What is shown is what the principal may see. Words for values: `words`; parts of the page: `parts`.

pub mod account;
pub mod devices;
mod frame;
pub mod held;
mod parts;
pub mod sign_in;
#[cfg(test)]
mod tests;
mod words;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;
use sync_protocol::ids::Position;
use utoipa::IntoParams;

use crate::access::{Action, Principal, Resource};
use crate::limits::WAIT_SECONDS_MAX;
use crate::routes::admin::can;
use crate::routes::error::{ErrorBody, Failure};
use crate::routes::extract::{Params, Part};
use crate::routes::principal::Asker;
use crate::routes::receipts::verified;
use crate::routes::token;
use crate::serve::app::App;
use crate::serve::listen::asked_to_stop;

/// Rows of each list on the page.
const ROWS: usize = 20;
/// How long a page that is just opened waits for the lists before it says that they are filling.
const FIRST_LOOK: Duration = Duration::from_secs(3);

/// What the link brings.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LinkQuery {
    /// The console token, once.
    token: Option<String>,
}

/// The page.
#[utoipa::path(
    get,
    path = "/",
    tag = "page",
    description = "The hub's page, or the form to sign in. Takes the console token once from its link, into a cookie.",
    params(LinkQuery),
    responses(
        (status = OK, description = "The page", body = String, content_type = "text/html"),
        (status = SEE_OTHER, description = "The token was taken; the same page without it"),
        (status = UNAUTHORIZED, description = "A page to sign in", body = String, content_type = "text/html"),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn page(State(app): State<Arc<App>>, asker: Asker, Params(link): Params<LinkQuery>) -> Response {
    if let Some(token) = link.token {
        return if app.console.fits(&token) { keep_token(&app) } else { closed(&app) };
    }
    if !asker.is_known() {
        return closed(&app);
    }
    let mut progress = app.read_model.progress();
    // An answer after the pause says that the lists are filling.
    let _ = tokio::time::timeout(FIRST_LOOK, progress.wait_for(|progress| progress.ready)).await;
    let live = parts::live(&app, &asker.principal, ROWS).await;
    let around = maud::html! { (nav(&asker.principal)) (sign_in::who(&app, &asker)) };
    framed(StatusCode::OK, &frame::page(&live, &around))
}

/// The ways to the screens that are open to whoever looks.
fn nav(principal: &Principal) -> maud::Markup {
    let open = |action| can(principal, action, Resource::Any);
    maud::html! {
        nav.screens aria-label="Écrans — Screens" {
            (frame::app_link())
            @if open(Action::ReadHeld) { a href="/page/held" { (frame::both("Retenus", "Held")) } }
            @if open(Action::ReadDevices) { a href="/page/devices" { (frame::both("Appareils", "Devices")) } }
        }
    }
}

/// What somebody sees who is not known: the form to sign in, once anybody can.
fn closed(app: &App) -> Response {
    let page = if app.shared.directory().accounts.is_empty() { frame::locked() } else { sign_in::form(None) };
    framed(StatusCode::UNAUTHORIZED, &page)
}

fn keep_token(app: &App) -> Response {
    let cookie = format!(
        "{}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age=1209600{}",
        token::cookie_name(app),
        app.console.reveal(),
        if app.door.is_tls() { "; Secure" } else { "" },
    );
    let mut headers = HeaderMap::new();
    headers.insert(header::LOCATION, HeaderValue::from_static("/"));
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        headers.insert(header::SET_COOKIE, cookie);
    }
    (StatusCode::SEE_OTHER, headers).into_response()
}

fn framed(status: StatusCode, page: &maud::Markup) -> Response {
    let mut response = (status, Html(page.0.clone())).into_response();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, frame::policy());
    // Forms of the page must say from where they come: with `no-referrer` browsers send `Origin: null`.
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// After which position.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LiveQuery {
    /// The position that is shown already.
    #[param(value_type = Option<u64>)]
    after: Option<Position>,
}

/// What the page shows, as soon as it differs.
#[utoipa::path(
    get,
    path = "/page/live",
    tag = "page",
    description = "The living part of the page, as soon as the lists are beyond a position; after a while in any case.",
    params(LiveQuery),
    responses(
        (status = OK, description = "A fragment", body = String, content_type = "text/html"),
        (status = NO_CONTENT, description = "Nothing new for as long as the hub waits"),
        (status = UNAUTHORIZED, description = "No console token", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "Too many wait, or the hub stops", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn live(
    State(app): State<Arc<App>>,
    asker: Asker,
    Params(query): Params<LiveQuery>,
) -> Result<Response, Failure> {
    let _room = Arc::clone(&app.waiters).try_acquire_owned().map_err(|_| Failure::busy())?;
    let after = query.after.unwrap_or_default();
    let mut progress = app.read_model.progress();
    let mut stopping = app.stopping.clone();
    let moved = async {
        tokio::select! {
            // The model lives as long as the hub: an error here is its end.
            moved = progress.wait_for(|progress| progress.ready && progress.as_of > after) => moved.is_ok(),
            () = asked_to_stop(&mut stopping) => false,
        }
    };
    match tokio::time::timeout(Duration::from_secs(WAIT_SECONDS_MAX), moved).await {
        Ok(true) => Ok(Html(parts::live(&app, &asker.principal, ROWS).await.0).into_response()),
        Ok(false) | Err(_) => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

/// A receipt verified, to be read.
#[utoipa::path(
    get,
    path = "/page/receipts/{position}",
    tag = "page",
    description = "One receipt, verified again: each check in a sentence.",
    params(("position" = u64, Path, description = "The parcel's entry")),
    responses(
        (status = OK, description = "A page; a fragment when asked with 'x-fragment'", body = String, content_type = "text/html"),
        (status = UNAUTHORIZED, description = "No console token", body = ErrorBody),
        (status = NOT_FOUND, description = "No parcel stands there", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn receipt(
    State(app): State<Arc<App>>,
    asker: Asker,
    headers: HeaderMap,
    Part(position): Part<Position>,
) -> Result<Response, Failure> {
    let proof = parts::proof(&verified(&app, &asker.principal, position).await?);
    if headers.contains_key("x-fragment") {
        return Ok(Html(proof.0).into_response());
    }
    Ok(framed(StatusCode::OK, &frame::single(&proof)))
}
