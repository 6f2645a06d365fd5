//! The console token before everything but the devices' endpoints and health.
//!
//! Taken from `Authorization: Bearer …` (tools) or from the cookie that the page sets once from its link. A browser's
//! act with the cookie is accepted from the hub's own pages only: other programs on this machine share the cookie's site.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::door::Visitor;
use super::error::Failure;
use crate::serve::app::App;
use crate::serve::rate::Bucket;

/// How a request showed the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Bearer,
    Cookie,
}

/// Lets through who shows the token.
pub async fn require(State(app): State<Arc<App>>, visitor: Visitor, request: Request, next: Next) -> Response {
    let checked = check(&app, request.method(), request.headers());
    match checked.and_then(|()| visitor.is(&app, Bucket::Setup)) {
        Ok(()) => next.run(request).await,
        Err(failure) => failure.into_response(),
    }
}

/// The name of the cookie: cookies know no ports, and two hubs may run on one machine.
#[must_use]
pub fn cookie_name(app: &App) -> String {
    format!("segin_console_{}", app.address.port())
}

/// Whether a request shows the token, and may do with it what it wants to.
///
/// # Errors
/// [`Failure`] to be answered.
pub fn check(app: &App, method: &Method, headers: &HeaderMap) -> Result<(), Failure> {
    match shown(app, headers) {
        None => Err(Failure::no_token()),
        Some(Shown::Cookie) if !method.is_safe() && !is_own_page(headers) => Err(Failure::other_origin()),
        Some(_) => Ok(()),
    }
}

fn shown(app: &App, headers: &HeaderMap) -> Option<Shown> {
    if let Some(token) = bearer(headers) {
        return app.console.fits(token).then_some(Shown::Bearer);
    }
    let name = cookie_name(app);
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.any(|(key, value)| key == name && app.console.fits(value)).then_some(Shown::Cookie)
}

/// The token of an `Authorization: Bearer …` header.
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Browsers say themselves from where a request comes; pages cannot write this header.
fn is_own_page(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|value| value == "same-origin")
}
