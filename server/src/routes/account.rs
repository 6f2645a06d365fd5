//! `POST /v1/account/setup` and `/v1/account/password`: a person chooses how to sign in.
//!
//! Setting up takes two requests with the same setup code and password: the first is answered with the secret for the
//! telephone, the second brings the telephone's first code and is answered with the recovery codes, shown this once. Only
//! then is anything written.

use std::sync::Arc;

use axum::Json as Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use sync_protocol::ids::{Hash, UserId};
use sync_protocol::wire::codec::Raw;
use utoipa::ToSchema;

use super::admin::write;
use super::door::Visitor;
use super::error::{ErrorBody, Failure};
use super::extract::Json;
use super::principal::{self, Asker};
use super::session::{Me, me_of};
use crate::account::codes::{Code, CodeUse};
use crate::account::guessing::Tried;
use crate::account::pending::Chosen;
use crate::account::sessions::SessionKey;
use crate::account::{password, recovery};
use crate::hub::fact::{By, Credentials, Fact};
use crate::random::SystemRandom;
use crate::serve::app::App;
use crate::serve::rate::Bucket;

/// A setup, or its confirmation.
#[derive(Deserialize, ToSchema)]
pub struct Setting {
    /// The setup code that an administrator gave.
    #[schema(example = "7K3Q-M2XP-9WTA-4C8R")]
    pub setup: String,
    /// The password to be: twelve characters or more; the same in both requests.
    pub password: String,
    /// The telephone's first code; absent in the first request.
    #[schema(example = "287082")]
    pub code: Option<String>,
}

/// What the telephone needs.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct ForTelephone {
    /// Whose account it will be.
    pub name: String,
    /// To be scanned or opened by an authenticator program.
    #[schema(example = "otpauth://totp/Segin:Awa%20Diarra?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Segin")]
    pub otpauth: String,
    /// The same to be typed.
    #[schema(example = "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ")]
    pub secret: String,
}

/// An account that stands; whoever set it up is signed in.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct AccountStands {
    /// Each stands once for the telephone's code. Not shown again.
    pub recovery: Vec<String>,
    /// Who is signed in.
    pub me: Me,
}

/// How far a setup is.
pub enum SetupStep {
    /// The telephone's code is wanted.
    Telephone(ForTelephone),
    /// The account stands.
    Done(SessionKey, AccountStands),
}

/// A new password.
#[derive(Deserialize, ToSchema)]
pub struct NewPassword {
    /// The present one.
    pub password: String,
    /// The one to be: twelve characters or more.
    pub new: String,
}

/// Sets an account up.
#[utoipa::path(
    post,
    path = "/v1/account/setup",
    tag = "account",
    description = "Turns a setup code into an account. Without 'code': the secret for the telephone. With the \
                   telephone's first code: the account stands, the recovery codes are shown this once, and the cookie \
                   '__Host-segin' is a session.",
    request_body = Setting,
    responses(
        (status = OK, description = "The telephone's code is wanted", body = ForTelephone),
        (status = CREATED, description = "The account stands", body = AccountStands),
        (status = BAD_REQUEST, description = "The password or the code cannot be taken", body = ErrorBody),
        (status = FORBIDDEN, description = "The setup code is unknown, used or too old", body = ErrorBody),
        (status = TOO_MANY_REQUESTS, description = "Too many wrong codes: a pause", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "Too much waits, or the hub stops", body = ErrorBody),
    )
)]
pub async fn setup(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Json(given): Json<Setting>,
) -> Result<Response, Failure> {
    match set_up(&app, &visitor, &headers, given).await? {
        SetupStep::Telephone(telephone) => Ok(Body(telephone).into_response()),
        SetupStep::Done(key, stands) => {
            let mut response = (StatusCode::CREATED, Body(stands)).into_response();
            response.headers_mut().insert(header::SET_COOKIE, principal::set_cookie(&key));
            Ok(response)
        }
    }
}

/// Changes one's own password.
#[utoipa::path(
    post,
    path = "/v1/account/password",
    tag = "account",
    description = "Changes one's own password. All sessions of the user end; the answer's cookie is a new one.",
    request_body = NewPassword,
    responses(
        (status = OK, description = "It stands; the cookie is a new session", body = Me),
        (status = BAD_REQUEST, description = "The new password cannot be taken", body = ErrorBody),
        (status = UNAUTHORIZED, description = "Nobody is signed in, or the present password is wrong", body = ErrorBody),
        (status = FORBIDDEN, description = "Not with the console token", body = ErrorBody),
        (status = TOO_MANY_REQUESTS, description = "Too many wrong passwords: a pause", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "Too much waits, or the hub stops", body = ErrorBody),
    ),
    security(("session" = []))
)]
pub async fn change_password(
    State(app): State<Arc<App>>,
    asker: Asker,
    Json(given): Json<NewPassword>,
) -> Result<Response, Failure> {
    let user = asker.user().ok_or_else(Failure::not_allowed)?;
    let _room = Arc::clone(&app.accounts.room).try_acquire_owned().map_err(|_| Failure::busy())?;
    let tried = Tried::User(user);
    app.accounts.guessing.admit(tried, asker.now).map_err(|pause| Failure::paused(pause.until.0 - asker.now.0))?;
    acceptable(&app, user, &given.new)?;
    let kept = app.shared.directory().accounts.get(&user).map(|account| account.credentials.password.clone());
    let (NewPassword { password: present, new }, known) = (given, kept.clone());
    let hashed = app
        .work(move || password::verify(&present, known.as_deref()).then(|| password::hash(&new, &mut SystemRandom)))
        .await?;
    let Some(hashed) = hashed else { return Err(Failure::sign_in_failed()) };
    let _alone = app.administering.lock().await;
    let (credentials, step) = {
        let directory = app.shared.directory();
        let account = directory.accounts.get(&user);
        let account = account.filter(|account| Some(&account.credentials.password) == kept.as_ref());
        let account = account.ok_or_else(Failure::sign_in_failed)?;
        (Credentials { password: hashed, ..account.credentials.clone() }, account.last_step)
    };
    // New credentials forget the last code that was taken: it is said again, so that it is not taken twice.
    let facts =
        vec![Fact::Credentials { user, credentials: Some(credentials) }, Fact::SignedIn { user, step, recovery: None }];
    write(&app, By::User(user), facts).await?;
    app.accounts.sessions.end_all(user);
    app.accounts.guessing.succeeded(tried);
    let key = principal::open_session(&app, user, asker.now).ok_or_else(Failure::sign_in_failed)?;
    let mut response = Body(me_of(&app, user, &key, asker.now, 0)).into_response();
    response.headers_mut().insert(header::SET_COOKIE, principal::set_cookie(&key));
    Ok(response)
}

/// One step of a setup.
///
/// # Errors
/// [`Failure`] to be answered; nothing is written then.
pub async fn set_up(
    app: &Arc<App>,
    visitor: &Visitor,
    headers: &HeaderMap,
    given: Setting,
) -> Result<SetupStep, Failure> {
    if !principal::is_own_page(headers, app.door.is_tls()) {
        return Err(Failure::other_origin());
    }
    let attempt = visitor.attempts(app, Bucket::SignIn)?;
    let now = app.clock.now();
    let setup = Code::parse(&given.setup).map_err(|_| Failure::setup_unknown())?.hash(CodeUse::Setup);
    let user = owner(app, &setup)?;
    let _room = Arc::clone(&app.accounts.room).try_acquire_owned().map_err(|_| Failure::busy())?;
    // Not the count of sign-ins: whoever looks at a setup code must not shut the account that is there already.
    let tried = Tried::nobody(&format!("\n setup {setup}"));
    app.accounts.guessing.admit(tried, now).map_err(|pause| Failure::paused(pause.until.0 - now.0))?;
    let word = given.password;
    let Some(code) = given.code.filter(|code| !code.trim().is_empty()) else {
        acceptable(app, user, &word)?;
        let hashed = app.work(move || password::hash(&word, &mut SystemRandom)).await?;
        attempt.succeeded(app);
        let secret = app.accounts.pending.begin(setup, hashed, now, &mut SystemRandom);
        let name = app.shared.directory().users.get(&user).map(|profile| profile.name.clone()).unwrap_or_default();
        let (otpauth, secret) = (secret.uri("Segin", &name), secret.typed());
        return Ok(SetupStep::Telephone(ForTelephone { name, otpauth, secret }));
    };
    let Chosen { secret, password: hashed } =
        app.accounts.pending.chosen(&setup, now).ok_or_else(Failure::telephone_code)?;
    let known = hashed.clone();
    if !app.work(move || password::verify(&word, Some(&known))).await? {
        return Err(Failure::invalid("password-differs", "this is not the password of the first step: type the same"));
    }
    let step = secret.check(&code, now, None).ok_or_else(Failure::telephone_code)?;
    let (codes, hashes) = recovery::draw(user, &mut SystemRandom);
    let _alone = app.administering.lock().await;
    // Two requests may have come this far.
    owner(app, &setup)?;
    let totp = Raw(secret.as_bytes().to_vec());
    let credentials = Credentials { password: hashed, totp, recovery: hashes };
    let facts = vec![
        Fact::Credentials { user, credentials: Some(credentials) },
        Fact::SignedIn { user, step: Some(step), recovery: None },
    ];
    write(app, By::User(user), facts).await?;
    attempt.succeeded(app);
    app.accounts.pending.done(&setup);
    app.accounts.sessions.end_all(user);
    let key = principal::open_session(app, user, now).ok_or_else(Failure::setup_unknown)?;
    let recovery = codes.iter().map(ToString::to_string).collect();
    let me = me_of(app, user, &key, now, 0);
    Ok(SetupStep::Done(key, AccountStands { recovery, me }))
}

/// Whose setup code this is: an active user's, in time.
fn owner(app: &App, setup: &Hash) -> Result<UserId, Failure> {
    let directory = app.shared.directory();
    let known = directory.setups.get(setup).filter(|known| app.clock.now() < known.expires);
    let user = known.map(|known| known.user).ok_or_else(Failure::setup_unknown)?;
    match directory.users.get(&user).is_some_and(|profile| profile.active) {
        true => Ok(user),
        false => Err(Failure::setup_unknown()),
    }
}

/// Whether the user may take this password.
fn acceptable(app: &App, user: UserId, password: &str) -> Result<(), Failure> {
    let directory = app.shared.directory();
    let mut names = Vec::new();
    if let Some(profile) = directory.users.get(&user) {
        names.push(profile.name.as_str());
        for code in &profile.sites {
            names.push(code.as_str());
            names.extend(directory.sites.get(code).map(|site| site.name.as_str()));
        }
    }
    Ok(password::acceptable(password, &names)?)
}
