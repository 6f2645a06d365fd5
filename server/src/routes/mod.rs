//! The HTTP API: one file an endpoint, holding its handler, its description and its tests.
//!
//! Owns the router. Before every route stands [`guard`], deny by default: who may use it is decided in `access::routes`.
//! Errors are one envelope ([`error`]); what surrounds every request is in [`observe`]. Decides nothing about documents:
//! `hub` does.

pub mod account;
pub mod admin;
pub mod audit;
pub mod body;
pub mod cases;
pub mod courier;
pub mod devices;
pub mod documents;
pub mod door;
pub mod enrol;
pub mod error;
pub mod exchange;
pub mod extract;
pub mod field_app;
pub mod figures;
pub mod glass;
pub mod guard;
pub mod health;
pub mod held;
pub mod lookup;
pub mod metrics;
pub mod moves;
pub mod observe;
pub mod openapi;
pub mod principal;
pub mod receipts;
pub mod recording;
pub mod referrals;
pub mod rows;
pub mod session;
pub mod sight;
pub mod status;
pub mod tasks;
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
    let (devices, _) = for_devices().split_for_parts();
    let (people, _) = for_people().split_for_parts();
    let people = people.layer(DefaultBodyLimit::max(JSON_BODY_BYTES_MAX));
    guard::guarded(devices.merge(people), &app)
        .fallback(observe::no_such_path)
        .method_not_allowed_fallback(observe::no_such_method)
        .layer(from_fn_with_state(Arc::clone(&app), door::door))
        .layer(from_fn_with_state(Arc::clone(&app), observe::observe))
        .with_state(app)
}

/// The description of everything that the hub answers.
#[must_use]
pub fn description() -> OpenApi {
    OpenApiRouter::with_openapi(openapi::base()).merge(for_devices()).merge(for_people()).into_openapi()
}

/// What devices ask: their bodies have bounds of their own.
fn for_devices() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .routes(routes!(exchange::exchange))
        .routes(routes!(enrol::enrol))
        .routes(routes!(wait::wait))
        .routes(routes!(courier::courier))
}

/// What people and tools ask.
fn for_people() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .routes(routes!(page::page))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(metrics::metrics))
        .routes(routes!(openapi::openapi))
        .routes(routes!(status::status))
        .routes(routes!(session::sign_in, session::who, session::sign_out))
        .routes(routes!(account::setup))
        .routes(routes!(account::change_password))
        .routes(routes!(devices::devices))
        .routes(routes!(cases::cases))
        .routes(routes!(cases::case))
        .routes(routes!(documents::document))
        .routes(routes!(referrals::referrals))
        .routes(routes!(rows::rows))
        .routes(routes!(lookup::look_up))
        .routes(routes!(glass::break_glass))
        .routes(routes!(glass::notices))
        .routes(routes!(tasks::tasks))
        .routes(routes!(tasks::done))
        .routes(routes!(audit::audit))
        .routes(routes!(figures::conflicts))
        .routes(routes!(figures::counts))
        .routes(routes!(held::held))
        .routes(routes!(held::decide::decide))
        .routes(routes!(moves::transfer))
        .routes(routes!(moves::assign))
        .routes(routes!(moves::unassign))
        .routes(routes!(receipts::receipts))
        .routes(routes!(receipts::receipt))
        .routes(routes!(receipts::verify))
        .routes(routes!(field_app::without_slash))
        .routes(routes!(field_app::index))
        .routes(routes!(field_app::file))
        .routes(routes!(field_app::asset))
        .routes(routes!(page::live))
        .routes(routes!(page::receipt))
        .routes(routes!(page::sign_in::sign_in))
        .routes(routes!(page::sign_in::sign_out))
        .routes(routes!(page::account::form, page::account::set_up))
        .routes(routes!(page::held::held, page::held::decide))
        .routes(routes!(page::devices::devices, page::devices::act))
        .routes(routes!(admin::sites::sites, admin::sites::add_site))
        .routes(routes!(admin::sites::close_site))
        .routes(routes!(admin::partners::regions))
        .routes(routes!(admin::partners::partners, admin::partners::add_partner))
        .routes(routes!(admin::users::users, admin::users::add_user))
        .routes(routes!(admin::users::change_user))
        .routes(routes!(admin::devices::confirm))
        .routes(routes!(admin::devices::revoke))
        .routes(routes!(admin::devices::move_device))
        .routes(routes!(admin::hub::confirm_restored))
        .routes(routes!(admin::invitations::invite))
        .routes(routes!(admin::accounts::accounts, admin::accounts::invite_to_account))
}
