//! Setting an account up on the page: setup code and password, then the telephone, then the recovery codes.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use maud::{Markup, html};

use super::frame::{self, both};
use super::framed;
use super::sign_in::{alert, refused};
use crate::routes::account::{AccountStands, ForTelephone, Setting, SetupStep, set_up as step};
use crate::routes::door::Visitor;
use crate::routes::error::{ErrorBody, Failure};
use crate::routes::extract::Form;
use crate::routes::principal;
use crate::serve::app::App;

const TITLE: &str = "Segin — compte";

/// The form for a setup code.
#[utoipa::path(
    get,
    path = "/page/account",
    tag = "page",
    responses((status = OK, description = "The form", body = String, content_type = "text/html"))
)]
pub async fn form() -> Response {
    framed(StatusCode::OK, &first(None))
}

/// Sets an account up with the page's forms.
#[utoipa::path(
    post,
    path = "/page/account",
    tag = "page",
    description = "The forms of the page; the same as POST /v1/account/setup.",
    request_body(content = Setting, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = OK, description = "What the telephone needs, and the form for its code", body = String, content_type = "text/html"),
        (status = CREATED, description = "The recovery codes; the cookie '__Host-segin' is a session", body = String, content_type = "text/html"),
        (status = BAD_REQUEST, description = "The form again", body = String, content_type = "text/html"),
        (status = FORBIDDEN, description = "The form again", body = String, content_type = "text/html"),
        (status = TOO_MANY_REQUESTS, description = "The form again: a pause", body = String, content_type = "text/html"),
        (status = SERVICE_UNAVAILABLE, description = "The form again: later", body = String, content_type = "text/html"),
        (status = UNSUPPORTED_MEDIA_TYPE, description = "Not the page's form", body = ErrorBody),
    )
)]
pub async fn set_up(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(given): Form<Setting>,
) -> Response {
    let (setup, has_code) = (given.setup.clone(), given.code.as_ref().is_some_and(|code| !code.trim().is_empty()));
    match step(&app, &visitor, &headers, given).await {
        Ok(SetupStep::Telephone(telephone)) => framed(StatusCode::OK, &second(&setup, Some(&telephone), None)),
        Ok(SetupStep::Done(key, stands)) => {
            let mut response = framed(StatusCode::CREATED, &done(&stands));
            response.headers_mut().insert(header::SET_COOKIE, principal::set_cookie(&key));
            response
        }
        Err(failure) if has_code && failure.code != "setup-unknown" => {
            refused(&failure, |failure| second(&setup, None, Some(failure)))
        }
        Err(failure) => refused(&failure, |failure| first(Some(failure))),
    }
}

fn first(failure: Option<&Failure>) -> Markup {
    frame::form(
        TITLE,
        &html! {
            h1 { (both("Ouvrir mon compte", "Set up my account")) }
            @if let Some(failure) = failure { (alert(failure)) }
            form method="post" action="/page/account" {
                label { (both("Code reçu", "Code that you were given"))
                    input name="setup" autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="40" required;
                }
                label { (both("Nouveau mot de passe", "New password"))
                    input name="password" type="password" autocomplete="new-password" minlength="12" required;
                    span.hint { (both(
                        "Douze caractères ou plus. Le plus simple : une phrase que vous seul diriez.",
                        "Twelve characters or more. Easiest: a sentence that only you would say.",
                    )) }
                }
                button.main type="submit" { (both("Continuer", "Continue")) }
            }
            p { a.back href="/" { (both("J'ai déjà un compte", "I have an account already")) } }
        },
    )
}

fn second(setup: &str, telephone: Option<&ForTelephone>, failure: Option<&Failure>) -> Markup {
    frame::form(
        TITLE,
        &html! {
            h1 { (both("Votre téléphone", "Your telephone")) }
            @if let Some(failure) = failure { (alert(failure)) }
            @if let Some(telephone) = telephone {
                p lang="fr" {
                    "Dans une application de codes (Aegis, FreeOTP, Google Authenticator…), ajoutez un compte « Segin » avec cette clé :"
                }
                p.en lang="en" {
                    "In a program for codes (Aegis, FreeOTP, Google Authenticator…), add an account \"Segin\" with this key:"
                }
                p.secret { (telephone.secret) }
                p { a href=(telephone.otpauth) { (both("L'ouvrir sur ce téléphone", "Open it on this telephone")) } }
            }
            form method="post" action="/page/account" {
                input type="hidden" name="setup" value=(setup);
                label { (both("Le même mot de passe, encore une fois", "The same password, once more"))
                    input name="password" type="password" autocomplete="new-password" minlength="12" required;
                }
                label { (both("Code que le téléphone affiche", "Code that the telephone shows"))
                    input name="code" autocomplete="one-time-code" inputmode="numeric" maxlength="8" required;
                }
                button.main type="submit" { (both("Ouvrir le compte", "Set up the account")) }
            }
            @if telephone.is_none() {
                p { a.back href="/page/account" { (both("Recommencer", "Begin again")) } }
            }
        },
    )
}

fn done(stands: &AccountStands) -> Markup {
    frame::form(
        TITLE,
        &html! {
            h1 { (both("Votre compte est ouvert", "Your account is set up")) }
            p lang="fr" {
                "Notez ces codes de secours sur papier et gardez-les en lieu sûr : chacun remplace une fois le code du téléphone. \
                 Ils ne seront plus affichés."
            }
            p.en lang="en" {
                "Write these recovery codes on paper and keep them safe: each stands once for the telephone's code. They are not \
                 shown again."
            }
            ul.codes { @for code in &stands.recovery { li { (code) } } }
            p { a.verify href="/" { (both("C'est noté, continuer", "Written down, continue")) } }
        },
    )
}
