//! The console token, as a request shows it: `Authorization: Bearer …` (tools) or the cookie that the page sets once from
//! the link printed at the hub's start. Who it makes of whoever has it: [`super::principal`].

use axum::http::{HeaderMap, header};

use crate::serve::app::App;

/// The name of the page's cookie: cookies know no ports, and two hubs may run on one machine.
#[must_use]
pub fn cookie_name(app: &App) -> String {
    format!("segin_console_{}", app.address.port())
}

/// The token of an `Authorization: Bearer …` header.
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
