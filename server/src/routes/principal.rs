//! Who asks: found once for every request of a person, from the console token or from a session.
//!
//! Roles and scope come from the directory at this very moment; neither cookie nor session knows them. A browser's act
//! with a cookie is accepted from the hub's own pages only. What the principal may do is decided in `access`, asked by
//! [`super::guard`]; handlers take [`Asker`] as an argument.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use sync_protocol::ids::{Hash, Millis, UserId};

use super::error::Failure;
use super::token;
use crate::access::Principal;
use crate::account::sessions::{self, Activity, Session, SessionKey};
use crate::hub::directory::Directory;
use crate::hub::fact::By;
use crate::serve::app::App;

/// The session's cookie. The prefix makes browsers insist on `Secure`, on `Path=/` and on no other host's page setting it.
/// On this machine Chromium and Firefox keep it over plain HTTP, too; Safari wants TLS.
pub const COOKIE: &str = "__Host-segin";

/// Who asks, and how they showed it.
#[derive(Debug, Clone)]
pub struct Asker {
    /// Who, and what they may see; nobody where nothing was shown that holds.
    pub principal: Principal,
    /// By what.
    pub shown: Shown,
    /// When the hub looked: deadlines of this request go by it.
    pub now: Millis,
}

/// What a request showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// Nothing that holds.
    Nothing,
    /// The console token in a header: a tool.
    Token,
    /// The console token in the page's cookie.
    TokenCookie,
    /// A session.
    Session(SessionKey, Session),
}

impl Asker {
    /// The user of a session.
    #[must_use]
    pub const fn user(&self) -> Option<UserId> {
        match &self.shown {
            Shown::Session(_, session) => Some(session.user),
            _ => None,
        }
    }

    /// Who acts, for the log.
    #[must_use]
    pub const fn by(&self) -> By {
        self.principal.by
    }

    /// Whether anything was shown that holds.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        !matches!(self.shown, Shown::Nothing)
    }

    /// Whether a browser has shown it on its own: another site's page can make it do so.
    #[must_use]
    pub const fn is_by_cookie(&self) -> bool {
        matches!(self.shown, Shown::TokenCookie | Shown::Session(..))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Asker {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let asker = parts.extensions.get::<Self>().cloned();
        asker.ok_or_else(|| Failure::internal("a handler wants to know who asks on a route where nobody looks"))
    }
}

/// Who sends these headers.
#[must_use]
pub fn asker(app: &App, headers: &HeaderMap, activity: Activity) -> Asker {
    let now = app.clock.now();
    let directory = app.shared.directory();
    if let Some(given) = token::bearer(headers) {
        // Who sends a token means it: one that does not fit is not made up for by a cookie.
        return match app.console.fits(given) {
            true => Asker { principal: directory.setup_principal(), shown: Shown::Token, now },
            false => Asker { principal: Principal::nobody(), shown: Shown::Nothing, now },
        };
    }
    for key in cookies(headers, COOKIE).filter_map(SessionKey::parse) {
        let stamp_of = |user| stamp(&directory, user);
        if let Some(session) = app.accounts.sessions.resume(&key, now, activity, stamp_of) {
            let principal = directory.principal(session.user, now);
            return Asker { principal, shown: Shown::Session(key, session), now };
        }
    }
    let token = token::cookie_name(app);
    if cookies(headers, &token).any(|value| app.console.fits(value)) {
        return Asker { principal: directory.setup_principal(), shown: Shown::TokenCookie, now };
    }
    Asker { principal: Principal::nobody(), shown: Shown::Nothing, now }
}

/// What lets a user in at present: with another password, telephone, role or standing, open sessions are over. `None`:
/// nothing does.
#[must_use]
pub fn stamp(directory: &Directory, user: UserId) -> Option<Hash> {
    let profile = directory.users.get(&user).filter(|profile| profile.active)?;
    let account = directory.accounts.get(&user)?;
    let mut roles: Vec<&str> = profile.roles.iter().map(|role| role.name()).collect();
    roles.sort_unstable();
    let mut parts = vec![account.credentials.password.as_bytes(), account.credentials.totp.as_ref()];
    parts.extend(roles.iter().map(|role| role.as_bytes()));
    Some(sessions::stamp(&parts))
}

/// The values of all cookies of this name, as a browser sends them.
fn cookies<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(move |(key, _)| *key == name).map(|(_, value)| value)
}

/// Whether a request comes from the hub's own page, or from no page at all. Browsers write both headers themselves; a page
/// cannot. A tool writes neither, and has no cookie that it did not ask for.
#[must_use]
pub fn is_own_page(headers: &HeaderMap, is_tls: bool) -> bool {
    let site = headers.get("sec-fetch-site").is_none_or(|value| value == "same-origin");
    site && headers.get(header::ORIGIN).is_none_or(|origin| is_own_origin(origin, headers.get(header::HOST), is_tls))
}

/// Whether an act by cookie is accepted: it must say that it comes from the hub's own page.
#[must_use]
pub fn may_act(method: &Method, headers: &HeaderMap, is_tls: bool) -> bool {
    method.is_safe() || (headers.contains_key(header::ORIGIN) && is_own_page(headers, is_tls))
}

/// Without TLS of its own a hub may stand behind a proxy that has it: then both schemes are its own.
fn is_own_origin(origin: &HeaderValue, host: Option<&HeaderValue>, is_tls: bool) -> bool {
    let (Ok(origin), Some(Ok(host))) = (origin.to_str(), host.map(HeaderValue::to_str)) else { return false };
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    (scheme == "https" || (scheme == "http" && !is_tls)) && authority.eq_ignore_ascii_case(host)
}

/// The header that gives a browser its session: kept until it is closed, seen by no script, sent to no other site.
#[must_use]
pub fn set_cookie(key: &SessionKey) -> HeaderValue {
    let cookie = format!("{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Strict", key.reveal());
    let mut value = HeaderValue::from_str(&cookie).expect("letters, digits and punctuation are a header");
    value.set_sensitive(true);
    value
}

/// The header that takes it away.
#[must_use]
pub fn clear_cookie() -> HeaderValue {
    HeaderValue::from_static("__Host-segin=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0")
}

/// Opens a session for a user who has proved who they are; `None` when the directory says meanwhile that they may not.
#[must_use]
pub fn open_session(app: &Arc<App>, user: UserId, now: Millis) -> Option<SessionKey> {
    let stamp = stamp(&app.shared.directory(), user)?;
    Some(app.accounts.sessions.open(user, stamp, now, &mut crate::random::SystemRandom))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect::<HeaderMap>()
    }

    #[test]
    fn an_act_by_cookie_is_accepted_from_the_own_origin_only() {
        let own = ("host", "hub.example:8470");
        let accepted =
            |pairs: &[(&'static str, &str)]| may_act(&Method::POST, &headers(&[&[own], pairs].concat()), false);
        assert!(accepted(&[("origin", "http://hub.example:8470")]));
        assert!(accepted(&[("origin", "https://Hub.Example:8470"), ("sec-fetch-site", "same-origin")]));
        for foreign in [
            &[][..],
            &[("sec-fetch-site", "same-origin")],
            &[("origin", "null"), ("sec-fetch-site", "same-origin")],
            &[("origin", "http://hub.example")],
            &[("origin", "http://hub.example:8471")],
            &[("origin", "http://hub.example:8470.evil.example")],
            &[("origin", "http://evil.example")],
            &[("origin", "chrome-extension://hub.example:8470")],
            &[("origin", "http://hub.example:8470"), ("sec-fetch-site", "same-site")],
            &[("origin", "http://hub.example:8470"), ("sec-fetch-site", "cross-site")],
            &[("origin", "http://hub.example:8470"), ("sec-fetch-site", "none")],
        ] {
            assert!(!accepted(foreign), "{foreign:?}");
        }
        assert!(may_act(&Method::GET, &headers(&[own, ("origin", "http://evil.example")]), false));
        let plain = headers(&[own, ("origin", "http://hub.example:8470")]);
        assert!(!may_act(&Method::POST, &plain, true), "under TLS a plain page of the same name is another origin");
    }

    #[test]
    fn cookies_are_found_by_their_whole_name() {
        let headers = headers(&[("cookie", "a=1; __Host-segin=x; __Host-segin2=y"), ("cookie", "__Host-segin=z")]);
        assert_eq!(cookies(&headers, COOKIE).collect::<Vec<_>>(), ["x", "z"]);
    }
}
