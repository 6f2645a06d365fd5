//! Signing in and out on the page: a form without a script, and who is signed in.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::frame::{self, both};
use super::framed;
use super::words::clock;
use crate::routes::door::Visitor;
use crate::routes::error::{ErrorBody, Failure};
use crate::routes::extract::Form;
use crate::routes::principal::{self, Asker};
use crate::routes::session::{SignIn, enter, leave, me};
use crate::serve::app::App;

/// Signs in with the page's form.
#[utoipa::path(
    post,
    path = "/page/sign-in",
    tag = "page",
    description = "The form of the page; the same as POST /v1/session.",
    request_body(content = SignIn, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = SEE_OTHER, description = "Signed in: the page, with the cookie '__Host-segin'"),
        (status = UNAUTHORIZED, description = "The form again", body = String, content_type = "text/html"),
        (status = FORBIDDEN, description = "From a page of another origin", body = String, content_type = "text/html"),
        (status = TOO_MANY_REQUESTS, description = "The form again: a pause", body = String, content_type = "text/html"),
        (status = SERVICE_UNAVAILABLE, description = "The form again: later", body = String, content_type = "text/html"),
        (status = BAD_REQUEST, description = "Not the page's form", body = ErrorBody),
    )
)]
pub async fn sign_in(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(given): Form<SignIn>,
) -> Response {
    match enter(&app, &visitor, &headers, given).await {
        Ok((key, _)) => to_the_page(principal::set_cookie(&key)),
        Err(failure) => refused(&failure, |failure| form(Some(failure))),
    }
}

/// Signs out with the page's button.
#[utoipa::path(
    post,
    path = "/page/sign-out",
    tag = "page",
    description = "The button of the page; the same as DELETE /v1/session.",
    responses(
        (status = SEE_OTHER, description = "The form to sign in"),
        (status = FORBIDDEN, description = "From a page of another origin", body = ErrorBody),
    )
)]
pub async fn sign_out(State(app): State<Arc<App>>, asker: Asker) -> Response {
    leave(&app, &asker);
    to_the_page(principal::clear_cookie())
}

fn to_the_page(cookie: HeaderValue) -> Response {
    let headers = [(header::LOCATION, HeaderValue::from_static("/")), (header::SET_COOKIE, cookie)];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// A refusal as a page instead of the envelope.
pub(super) fn refused(failure: &Failure, page: impl FnOnce(&Failure) -> Markup) -> Response {
    let mut response = framed(failure.status(), &page(failure));
    if let Some(seconds) = failure.retry() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The form.
pub fn form(failure: Option<&Failure>) -> Markup {
    frame::form(
        "Segin — connexion",
        &html! {
            h1 { (both("Se connecter", "Sign in")) }
            @if let Some(failure) = failure { (alert(failure)) }
            form method="post" action="/page/sign-in" {
                label { (both("Nom", "Name"))
                    input name="user" autocomplete="username" autocapitalize="words" spellcheck="false" maxlength="80" required;
                }
                label { (both("Mot de passe", "Password"))
                    input name="password" type="password" autocomplete="current-password" required;
                }
                label { (both("Code du téléphone", "Code of the telephone"))
                    input name="code" autocomplete="one-time-code" autocapitalize="characters" spellcheck="false" maxlength="40" required;
                    span.hint { (both("Six chiffres, ou un code de secours.", "Six digits, or a recovery code.")) }
                }
                button.main type="submit" { (both("Se connecter", "Sign in")) }
            }
            p { a.back href="/page/account" { (both("J'ai reçu un code pour mon compte", "I was given a code for my account")) } }
            p { (frame::app_link()) }
        },
    )
}

/// What went wrong, in words.
pub(super) fn alert(failure: &Failure) -> Markup {
    let minutes = failure.retry().unwrap_or_default().div_ceil(60);
    let words = match failure.code {
        "sign-in-failed" => both(
            "Le nom, le mot de passe ou le code n'est pas le bon, ou le code a déjà servi. Attendez le prochain code du téléphone.",
            "Name, password or code is wrong, or the code was used before. Wait for the telephone's next code.",
        ),
        "sign-in-paused" | "too-many-requests" => both(
            &format!("Trop d'essais : attendez {minutes} minutes."),
            &format!("Too many tries: wait {minutes} minutes."),
        ),
        "busy" | "stopping" => both("Le hub est occupé : réessayez.", "The hub is busy: try again."),
        "other-origin" => both(
            "Ce formulaire ne vient pas de ce hub : ouvrez sa page vous-même.",
            "This form does not come from this hub: open its page yourself.",
        ),
        "setup-unknown" => both(
            "Ce code est inconnu, déjà utilisé ou trop ancien : demandez-en un autre.",
            "This code is unknown, used or too old: ask for another one.",
        ),
        "password-short" => both(
            "Le mot de passe doit avoir 12 caractères ou plus : une phrase que vous seul diriez.",
            "The password must have 12 characters or more: a sentence that only you would say.",
        ),
        "password-common" => both(
            "Ce mot de passe se devine trop facilement : prenez une phrase que vous seul diriez.",
            "This password is too easily guessed: take a sentence that only you would say.",
        ),
        "password-differs" => both(
            "Ce n'est pas le mot de passe de la première étape : tapez le même.",
            "This is not the password of the first step: type the same.",
        ),
        "telephone-code" => both(
            "Le code du téléphone ne convient pas : tapez celui qu'il affiche maintenant.",
            "The telephone's code does not fit: type the one that it shows now.",
        ),
        _ => both("Cela n'a pas marché.", &failure.message),
    };
    html! { p.alert role="alert" { (words) } }
}

/// Who looks at the page, and the way out.
pub fn who(app: &App, asker: &Asker) -> Markup {
    let me = me(app, asker);
    match (&me.name, me.until) {
        (Some(name), Some(until)) => {
            let until = clock(until);
            html! {
                div.who {
                    p {
                        span.name { (name) }
                        (both(&format!("session jusqu'à {until} UTC"), &format!("session until {until} UTC")))
                    }
                    form method="post" action="/page/sign-out" {
                        button type="submit" { (both("Se déconnecter", "Sign out")) }
                    }
                }
            }
        }
        _ => html! { p.who { (both("Jeton de la console", "Console token")) } },
    }
}
