//! The screen of devices: who holds them, whether they stand, and confirming or revoking one.
//!
//! Plain forms without a script. The fingerprint is not shown beside the field for it: it is read from the device's own
//! screen, else nothing was compared. The same acts as `POST /v1/admin/devices/{lease}/…`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;
use sync_protocol::ids::ActorPrefix;
use utoipa::ToSchema;

use super::frame::{self, both};
use super::sign_in::{refused, who};
use super::words::{moment, standing};
use super::{framed, nav};
use crate::access::{Action, Principal, Resource};
use crate::limits::REASON_CHARACTERS_MAX;
use crate::routes::admin::can;
use crate::routes::admin::devices::{Confirmation, Revocation, confirm, revoke};
use crate::routes::devices::{DeviceRow, DeviceStanding, list_for};
use crate::routes::error::{ErrorBody, Failure};
use crate::routes::extract::{Form, Json, Part};
use crate::routes::principal::Asker;
use crate::serve::app::App;

/// One of the forms.
#[derive(Debug, Deserialize, ToSchema)]
pub struct DeviceForm {
    /// Which device.
    #[schema(value_type = String)]
    lease: ActorPrefix,
    /// To confirm: what the device shows itself.
    fingerprint: Option<String>,
    /// To revoke: why.
    reason: Option<String>,
    /// To revoke: lost or stolen.
    lost: Option<String>,
}

/// The screen.
#[utoipa::path(
    get,
    path = "/page/devices",
    tag = "page",
    responses(
        (status = OK, description = "The devices that one looks after", body = String, content_type = "text/html"),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "Not open to this role", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn devices(State(app): State<Arc<App>>, asker: Asker) -> Response {
    framed(StatusCode::OK, &screen(&app, &asker, None))
}

/// Confirms or revokes with the page's forms.
#[utoipa::path(
    post,
    path = "/page/devices",
    tag = "page",
    description = "The forms of the page; the same as POST /v1/admin/devices/{lease}/confirm and …/revoke.",
    request_body(content = DeviceForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = SEE_OTHER, description = "Done: the page again"),
        (status = BAD_REQUEST, description = "The page again: not a fingerprint, or no reason", body = String, content_type = "text/html"),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "The page again: not a device of the own sites", body = String, content_type = "text/html"),
        (status = CONFLICT, description = "The page again: the fingerprint is another one", body = String, content_type = "text/html"),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn act(State(app): State<Arc<App>>, asker: Asker, Form(form): Form<DeviceForm>) -> Response {
    let DeviceForm { lease, fingerprint, reason, lost } = form;
    let (state, who) = (State(Arc::clone(&app)), asker.clone());
    let done = match (fingerprint, reason) {
        (Some(fingerprint), _) => confirm(state, who, Part(lease), Json(Confirmation { fingerprint })).await,
        (None, Some(reason)) => {
            revoke(state, who, Part(lease), Json(Revocation { reason, lost: lost.is_some() })).await
        }
        (None, None) => Err(Failure::invalid("form", "the form lacks a field, or holds one that is not readable")),
    };
    match done {
        Ok(_) => {
            let to = HeaderValue::from_static("/page/devices");
            (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
        }
        Err(failure) => {
            let words = html! { p.alert role="alert" { (alert(&failure)) } };
            refused(&failure, |_| screen(&app, &asker, Some(&words)))
        }
    }
}

fn screen(app: &App, asker: &Asker, notice: Option<&Markup>) -> Markup {
    let mut devices = list_for(app, &asker.principal).devices;
    // Those that wait for somebody first.
    devices.sort_by_key(|device| device.standing != DeviceStanding::Pending);
    let content = html! {
        section.work {
            h1 { (both("Appareils", "Devices")) @if !devices.is_empty() { " " span.count { (devices.len()) } } }
            @if let Some(notice) = notice { (notice) }
            @if devices.is_empty() {
                p.empty { (both("Aucun appareil encore.", "No devices yet.")) }
            }
            @for device in &devices { (one(device, &asker.principal)) }
        }
    };
    let around = html! { (nav(&asker.principal)) (who(app, asker)) };
    frame::screen("Segin — appareils", &around, &content)
}

fn one(device: &DeviceRow, principal: &Principal) -> Markup {
    let (french, english) = standing(device.standing);
    let manages = can(principal, Action::ManageDevices, Resource::Site(&device.site));
    let is_in_use = matches!(device.standing, DeviceStanding::Pending | DeviceStanding::Active);
    html! {
        article.device id=(format!("device-{}", device.lease)) {
            h2 {
                (device.name) " · " span.code { (device.site) } " " span.code { (device.letters) }
                " " span.flag.off[device.standing != DeviceStanding::Active] { (both(&french, &english)) }
            }
            p.note { (both(
                &format!("entendu le {}", moment(device.heard)),
                &format!("heard of on {}", moment(device.heard)),
            )) }
            @if device.cloned {
                p.alert { (both("Cet appareil existe en double.", "This device exists twice.")) }
            }
            @if device.held > 0 {
                p { a href="/page/held" { (both(
                    &format!("Retenus : {}", device.held),
                    &format!("Held: {}", device.held),
                )) } }
            }
            @if manages && device.standing != DeviceStanding::Active && device.standing != DeviceStanding::Wiped {
                form method="post" action="/page/devices" {
                    input type="hidden" name="lease" value=(device.lease);
                    label { (both("Empreinte affichée par l'appareil", "Fingerprint that the device shows"))
                        input name="fingerprint" required maxlength="20" autocomplete="off" autocapitalize="characters" spellcheck="false";
                    }
                    button.main type="submit" { (both("Confirmer l'appareil", "Confirm the device")) }
                }
            }
            @if manages && is_in_use {
                details {
                    summary { (both("Révoquer cet appareil", "Revoke this device")) }
                    form method="post" action="/page/devices" {
                        input type="hidden" name="lease" value=(device.lease);
                        label { (both("Motif", "Reason"))
                            input name="reason" required maxlength=(REASON_CHARACTERS_MAX) autocomplete="off";
                        }
                        label.pick {
                            input type="checkbox" name="lost" value="yes";
                            span { (both("Perdu ou volé : il s'efface aussitôt", "Lost or stolen: it erases itself at once")) }
                        }
                        button type="submit" { (both("Révoquer", "Revoke")) }
                    }
                }
            }
        }
    }
}

fn alert(failure: &Failure) -> Markup {
    match failure.code {
        "fingerprint" => both(
            "Une empreinte a huit lettres et chiffres, comme 7K3Q-M2XP.",
            "A fingerprint has eight letters and digits, such as 7K3Q-M2XP.",
        ),
        "fingerprint-differs" => both(
            "Ce n'est pas l'empreinte de cet appareil. Relisez-la sur son écran ; si elle diffère encore, quelqu'un d'autre \
             s'est inscrit avec l'invitation : révoquez l'appareil et invitez de nouveau.",
            &failure.message,
        ),
        "name" => both("Donnez un motif, sur une ligne.", "Give a reason, on one line."),
        "not-allowed" => both("Cet appareil n'est pas de vos sites.", "This device is not of your sites."),
        _ => both("Cela n'a pas marché.", &failure.message),
    }
}
