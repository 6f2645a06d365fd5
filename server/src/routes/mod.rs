//! The HTTP API: one file an endpoint, holding its handler, its description and its tests.
//!
//! Owns the router, deny by default: what is not listed under `for_devices` wants the console token. Errors are one
//! envelope ([`error`]); what surrounds every request is in [`observe`]. Decides nothing about documents: `hub` does.

pub mod admin;
pub mod body;
pub mod cases;
pub mod devices;
pub mod door;
pub mod enrol;
pub mod error;
pub mod exchange;
pub mod extract;
pub mod figures;
pub mod health;
pub mod metrics;
pub mod observe;
pub mod openapi;
pub mod receipts;
pub mod status;
pub mod token;
pub mod wait;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::limits::JSON_BODY_BYTES_MAX;
use crate::page;
use crate::serve::app::App;

/// Everything that the hub answers.
pub fn router(app: Arc<App>) -> Router {
    let (open, _) = for_devices().split_for_parts();
    let (guarded, _) = for_the_console().split_for_parts();
    let guarded = guarded
        .layer(DefaultBodyLimit::max(JSON_BODY_BYTES_MAX))
        .route_layer(from_fn_with_state(Arc::clone(&app), token::require));
    let (page, _) = opening_page().split_for_parts();
    open.merge(page)
        .merge(guarded)
        .fallback(observe::no_such_path)
        .method_not_allowed_fallback(observe::no_such_method)
        .layer(from_fn_with_state(Arc::clone(&app), door::door))
        .layer(from_fn_with_state(Arc::clone(&app), observe::observe))
        .with_state(app)
}

/// The description of everything that the hub answers.
#[must_use]
pub fn description() -> OpenApi {
    let mut described = OpenApiRouter::with_openapi(openapi::base());
    described = described.merge(for_devices()).merge(opening_page()).merge(for_the_console());
    described.into_openapi()
}

/// What needs no console token: devices prove themselves otherwise, and health tells nothing.
fn for_devices() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .routes(routes!(exchange::exchange))
        .routes(routes!(enrol::enrol))
        .routes(routes!(wait::wait))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
}

/// The page asks for the token itself: it takes it from its link, and answers in words to whoever has none.
fn opening_page() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default().routes(routes!(page::page))
}

/// What wants it.
fn for_the_console() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .routes(routes!(metrics::metrics))
        .routes(routes!(openapi::openapi))
        .routes(routes!(status::status))
        .routes(routes!(devices::devices))
        .routes(routes!(cases::cases))
        .routes(routes!(cases::case))
        .routes(routes!(figures::conflicts))
        .routes(routes!(figures::counts))
        .routes(routes!(figures::held))
        .routes(routes!(receipts::receipts))
        .routes(routes!(receipts::receipt))
        .routes(routes!(receipts::verify))
        .routes(routes!(page::live))
        .routes(routes!(page::receipt))
        .routes(routes!(admin::sites::sites, admin::sites::add_site))
        .routes(routes!(admin::users::users, admin::users::add_user))
        .routes(routes!(admin::invitations::invite))
}
