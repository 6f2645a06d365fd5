//! `POST`, `GET` and `DELETE /v1/session`: signing in, who one is, signing out.
//!
//! An unknown name, a wrong password, a wrong or used code and a user who may not are one and the same answer, after the
//! same work. Failures are counted before anything is looked at, and stand in the log as far as they are let through.

use std::sync::Arc;

use axum::Json as Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use sync_protocol::ids::{Hash, Millis, SiteCode, UserId};
use utoipa::ToSchema;

use super::admin::write_at_once;
use super::door::Visitor;
use super::error::{ErrorBody, Failure};
use super::extract::Json;
use super::principal::{self, Asker, Shown};
use crate::access::{Role, Setup};
use crate::account::guessing::Tried;
use crate::account::sessions::SessionKey;
use crate::account::totp::Secret;
use crate::account::{password, recovery};
use crate::hub::directory::{Account, Directory};
use crate::hub::fact::{By, Fact};
use crate::hub::writer::Job;
use crate::limits::SIGN_INS_WAITING_MAX;
use crate::serve::app::App;
use crate::serve::rate::Bucket;

/// A sign-in.
#[derive(Deserialize, ToSchema)]
pub struct SignIn {
    /// The user's name, or the id where several have the same name.
    #[schema(example = "Awa Diarra")]
    pub user: String,
    /// The password.
    pub password: String,
    /// The six digits that the telephone shows, or a recovery code.
    #[schema(example = "287082")]
    pub code: String,
}

/// Who one is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// The user; none for the console token.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub user: Option<UserId>,
    /// The name under which colleagues know the person.
    pub name: Option<String>,
    /// What the user is here to do.
    pub roles: Vec<Role>,
    /// The sites of the user; the first is home.
    #[schema(value_type = Vec<String>)]
    pub sites: Vec<SiteCode>,
    /// For the console token: `everything` until the first account stands, `administration` from then on.
    pub setup: Option<String>,
    /// Hub time at which the session ends if nothing more is asked, milliseconds since 1970.
    #[schema(value_type = Option<i64>)]
    pub until: Option<Millis>,
    /// Recovery codes that are left.
    pub recovery_left: Option<usize>,
    /// Sign-ins that failed between the last one and this one; only in the answer to a sign-in.
    pub failures: u32,
}

/// Signs in.
#[utoipa::path(
    post,
    path = "/v1/session",
    tag = "account",
    description = "Signs a user in: name or id, password, and the telephone's code or a recovery code. The session \
                   comes as the cookie '__Host-segin': fifteen minutes without a request, eight hours in all.",
    request_body = SignIn,
    responses(
        (status = OK, description = "Signed in; the cookie is the session", body = Me),
        (status = UNAUTHORIZED, description = "Not signed in: one answer, whatever was wrong", body = ErrorBody),
        (status = FORBIDDEN, description = "From a page of another origin", body = ErrorBody),
        (status = TOO_MANY_REQUESTS, description = "Too many failures for this name: a pause", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "Too much waits, or the hub stops", body = ErrorBody),
    )
)]
pub async fn sign_in(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Json(given): Json<SignIn>,
) -> Result<Response, Failure> {
    let (key, me) = enter(&app, &visitor, &headers, given).await?;
    let mut response = Body(me).into_response();
    response.headers_mut().insert(header::SET_COOKIE, principal::set_cookie(&key));
    Ok(response)
}

/// Who one is.
#[utoipa::path(
    get,
    path = "/v1/session",
    tag = "account",
    responses(
        (status = OK, description = "Who is signed in, and until when", body = Me),
        (status = UNAUTHORIZED, description = "Nobody", body = ErrorBody),
        (status = FORBIDDEN, description = "A user without a role", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn who(State(app): State<Arc<App>>, asker: Asker) -> Body<Me> {
    Body(me(&app, &asker))
}

/// Signs out.
#[utoipa::path(
    delete,
    path = "/v1/session",
    tag = "account",
    responses(
        (status = NO_CONTENT, description = "No session is open any more under this cookie"),
        (status = FORBIDDEN, description = "From a page of another origin", body = ErrorBody),
    )
)]
pub async fn sign_out(State(app): State<Arc<App>>, asker: Asker) -> Response {
    leave(&app, &asker);
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, principal::clear_cookie())]).into_response()
}

/// Ends the session that a request came with.
pub fn leave(app: &App, asker: &Asker) {
    if let Shown::Session(key, _) = &asker.shown {
        app.accounts.sessions.end(key);
    }
}

/// Who somebody is, in words.
#[must_use]
pub fn me(app: &App, asker: &Asker) -> Me {
    let directory = app.shared.directory();
    let user = asker.user();
    let profile = user.and_then(|user| directory.users.get(&user));
    let setup = asker.principal.setup.map(|setup| match setup {
        Setup::Everything => "everything".to_owned(),
        Setup::Administration => "administration".to_owned(),
    });
    let account = user.and_then(|user| directory.accounts.get(&user));
    Me {
        user,
        name: profile.map(|profile| profile.name.clone()),
        roles: profile.map(|profile| profile.roles.clone()).unwrap_or_default(),
        sites: profile.map(|profile| profile.sites.clone()).unwrap_or_default(),
        setup,
        until: match &asker.shown {
            Shown::Session(_, session) => Some(session.until()),
            _ => None,
        },
        recovery_left: account.map(|account| account.credentials.recovery.len()),
        failures: 0,
    }
}

/// Checks a sign-in and opens a session under a new id.
///
/// # Errors
/// [`Failure`] to be answered; nobody is signed in then.
pub async fn enter(
    app: &Arc<App>,
    visitor: &Visitor,
    headers: &HeaderMap,
    given: SignIn,
) -> Result<(SessionKey, Me), Failure> {
    if !principal::is_own_page(headers, app.door.is_tls()) {
        return Err(Failure::other_origin());
    }
    let _room = Arc::clone(&app.accounts.room).try_acquire_owned().map_err(|_| Failure::busy())?;
    let attempt = visitor.attempts(app, Bucket::SignIn)?;
    let now = app.clock.now();
    let user = named(&app.shared.directory(), given.user.trim());
    let tried = user.map_or_else(|| Tried::nobody(given.user.trim()), Tried::User);
    if let Err(pause) = app.accounts.guessing.admit(tried, now) {
        return Err(Failure::paused(pause.until.0.saturating_sub(now.0)));
    }
    let kept = user.and_then(|user| Some(app.shared.directory().accounts.get(&user)?.credentials.password.clone()));
    let (word, known) = (given.password, kept.clone());
    let fits = app.work(move || password::verify(&word, known.as_deref())).await?;
    // Failures that came before are in the log: whoever gets in is told of all of them.
    let all = u32::try_from(SIGN_INS_WAITING_MAX).unwrap_or(u32::MAX);
    drop(app.accounts.failing.acquire_many(all).await);
    // One at a time: the same code in two requests is taken once.
    let alone = app.administering.lock().await;
    let proof = user.filter(|_| fits).and_then(|user| {
        let directory = app.shared.directory();
        let account =
            directory.accounts.get(&user).filter(|account| kept.as_ref() == Some(&account.credentials.password))?;
        directory.users.get(&user).filter(|profile| profile.active)?;
        Some((user, second(user, account, &given.code, now)?, account.failures))
    });
    let Some((user, (step, recovery), failures)) = proof else {
        drop(alone);
        record_failure(app, user, now);
        return Err(Failure::sign_in_failed());
    };
    write_at_once(app, By::User(user), Fact::SignedIn { user, step, recovery }).await?;
    let key = principal::open_session(app, user, now).ok_or_else(Failure::sign_in_failed)?;
    drop(alone);
    app.accounts.guessing.succeeded(tried);
    attempt.succeeded(app);
    Ok((key.clone(), me_of(app, user, &key, now, failures)))
}

/// Who a session that was just opened belongs to.
#[must_use]
pub fn me_of(app: &App, user: UserId, key: &SessionKey, now: Millis, failures: u32) -> Me {
    let principal = app.shared.directory().principal(user, now);
    let stamp_of = |user| principal::stamp(&app.shared.directory(), user);
    let session = app.accounts.sessions.resume(key, now, crate::account::sessions::Activity::Person, stamp_of);
    let shown = session.map_or(Shown::Nothing, |session| Shown::Session(key.clone(), session));
    Me { failures, ..me(app, &Asker { principal, shown, now }) }
}

/// The user of this id, or the only one with an account of this name.
fn named(directory: &Directory, text: &str) -> Option<UserId> {
    if let Ok(id) = text.parse::<UserId>() {
        return directory.accounts.contains_key(&id).then_some(id);
    }
    let wanted = text.to_lowercase();
    let name = |user: &UserId| directory.users.get(user).map(|profile| profile.name.to_lowercase());
    let mut found = directory.accounts.keys().filter(|user| name(user).as_deref() == Some(&wanted));
    match (found.next(), found.next()) {
        (Some(user), None) => Some(*user),
        _ => None,
    }
}

/// What stands for the telephone: a step not taken before, or a recovery code not used before.
fn second(user: UserId, account: &Account, code: &str, now: Millis) -> Option<(Option<u64>, Option<Hash>)> {
    let secret = Secret::from_slice(account.credentials.totp.as_ref())?;
    if let Some(step) = secret.check(code, now, account.last_step) {
        return Some((Some(step), None));
    }
    recovery::check(code, user, &account.credentials.recovery).map(|used| (None, Some(used)))
}

/// Writes a failure down beside the answer, so that the answer's time tells nothing. Names of nobody count together, and
/// only so many are kept.
fn record_failure(app: &Arc<App>, user: Option<UserId>, now: Millis) {
    if user.is_none() && app.accounts.guessing.admit(Tried::nobody("\n names of nobody"), now).is_err() {
        return;
    }
    // Without room, more fail at once than are looked at: then one may be told of the last ones later.
    let counted = Arc::clone(&app.accounts.failing).try_acquire_owned().ok();
    let app = Arc::clone(app);
    tokio::spawn(async move {
        let _counted = counted;
        let fact = Job::Fact(Fact::SignInFailed { user }, By::Nobody);
        if let Err(error) = app.queue.submit_small(vec![fact]).await {
            tracing::warn!(%error, "a failed sign-in could not be written down");
        }
    });
}
