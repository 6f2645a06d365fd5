//! What an administrator or a lead decides: places, users, devices, invitations, accounts, each an entry of the log.
//!
//! `segin admin` and the page use the same endpoints. Who may at all is asked by `routes::guard`; with the site that it
//! is about, here (`may`). Each act is checked against the directory while no other one runs, then written; the answer
//! says where it stands. What a user may be: [`profile`].

pub mod accounts;
pub mod devices;
pub mod hub;
pub mod invitations;
pub mod partners;
pub mod profile;
pub mod sites;
pub mod users;

#[cfg(test)]
pub mod tests;

use axum::http::StatusCode;
use sync_protocol::ids::{PartnerCode, Position, SiteCode};
use thiserror::Error;

use super::error::Failure;
use crate::access::{Action, Principal, Resource, decide};
use crate::hub::directory::Directory;
use crate::hub::fact::{By, Fact};
use crate::hub::writer::{Done, Job};
use crate::limits::{NAME_CHARACTERS_MAX, REASON_CHARACTERS_MAX};
use crate::serve::app::App;

pub use profile::ProfileError;

/// Why an act was not done. Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AdminError {
    /// No such site.
    #[error("there is no site {0}: add it first, with `segin admin site add`")]
    SiteUnknown(SiteCode),
    /// Nothing begins or goes on at a closed site.
    #[error("the site {0} is closed: name the one that took over its people")]
    SiteClosed(SiteCode),
    /// A site cannot take over its own people.
    #[error("the site {0} cannot be closed into itself: name another one")]
    SiteItself(SiteCode),
    /// No such partner.
    #[error("there is no partner {0}: add it first, with `segin admin partner add`")]
    PartnerUnknown(PartnerCode),
    /// What a user was to be does not fit together.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// Colleagues could not tell the two apart.
    #[error("there is a user of this name at {0} already: add what tells them apart, such as a second name")]
    UserExists(String),
    /// No such user.
    #[error("there is no such user: see `segin admin users`")]
    UserUnknown,
    /// A user who may do nothing.
    #[error("this user is not active: make the user active again first")]
    UserInactive,
    /// Nobody could let anybody in again.
    #[error("this is the last active administrator with an account: let another one set an account up first")]
    AdministratorLast,
    /// No such device.
    #[error("there is no device with this lease: see `segin admin devices`")]
    LeaseUnknown,
    /// The key is another one than was compared.
    #[error(
        "the fingerprint is not that of this device: read it again from its own screen; if it differs still, somebody \
         else enrolled with the invitation, so revoke this device and invite again"
    )]
    FingerprintDiffers,
    /// It has nothing any more that could be confirmed.
    #[error("this device has erased itself: enrol it anew, with a new invitation")]
    DeviceWiped,
    /// Nothing to confirm.
    #[error("this hub does not wait to be confirmed: nothing is held for having been restored")]
    NotRestored,
    /// A name that cannot be shown.
    #[error("{what} must have 1 to {max} characters on one line")]
    Name {
        /// Which.
        what: &'static str,
        /// Characters allowed.
        max: usize,
    },
}

impl AdminError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::SiteUnknown(_) => "site-unknown",
            Self::SiteClosed(_) => "site-closed",
            Self::SiteItself(_) => "site-itself",
            Self::PartnerUnknown(_) => "partner-unknown",
            Self::Profile(error) => error.code(),
            Self::UserExists(_) => "user-exists",
            Self::UserUnknown => "user-unknown",
            Self::UserInactive => "user-inactive",
            Self::AdministratorLast => "administrator-last",
            Self::LeaseUnknown => "device-unknown",
            Self::FingerprintDiffers => "fingerprint-differs",
            Self::DeviceWiped => "device-wiped",
            Self::NotRestored => "not-restored",
            Self::Name { .. } => "name",
        }
    }

    /// What the answer to HTTP begins with.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Profile(_) | Self::SiteItself(_) | Self::Name { .. } => StatusCode::BAD_REQUEST,
            Self::LeaseUnknown => StatusCode::NOT_FOUND,
            _ => StatusCode::CONFLICT,
        }
    }
}

/// Asks whether this principal may do this there.
///
/// # Errors
/// One denial, the same whatever is there.
pub(crate) fn may(principal: &Principal, action: Action, resource: Resource<'_>) -> Result<(), Failure> {
    decide(principal, action, resource).map(|_| ()).map_err(|_| Failure::not_allowed())
}

/// Whether this principal may do this there.
#[must_use]
pub(crate) fn can(principal: &Principal, action: Action, resource: Resource<'_>) -> bool {
    decide(principal, action, resource).is_ok()
}

/// That a site stands and is open.
///
/// # Errors
/// [`AdminError`] when it is not.
pub(crate) fn open_site(directory: &Directory, site: &SiteCode) -> Result<(), AdminError> {
    match directory.sites.get(site) {
        None => Err(AdminError::SiteUnknown(site.clone())),
        Some(state) if state.closed_into.is_some() => Err(AdminError::SiteClosed(site.clone())),
        Some(_) => Ok(()),
    }
}

/// A name as people see it: trimmed, on one line, not too long.
fn name(what: &'static str, text: &str) -> Result<String, AdminError> {
    let text = text.trim();
    let fits = (1..=NAME_CHARACTERS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err(AdminError::Name { what, max: NAME_CHARACTERS_MAX }) }
}

/// A reason as people give it: trimmed, not empty, not too long.
pub(crate) fn reason(text: &str) -> Result<String, AdminError> {
    let text = text.trim();
    let fits = (1..=REASON_CHARACTERS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err(AdminError::Name { what: "the reason", max: REASON_CHARACTERS_MAX }) }
}

/// Has facts written together; the caller holds the administrators' lock. Where the first one stands.
pub(crate) async fn write(app: &App, by: By, facts: Vec<Fact>) -> Result<Position, Failure> {
    at(app.queue.submit(facts.into_iter().map(|fact| Job::Fact(fact, by)).collect()).await?)
}

/// The same for what must go on while the disk is nearly full: somebody gets in to make room, a lost device is revoked.
pub(crate) async fn write_at_once(app: &App, by: By, fact: Fact) -> Result<Position, Failure> {
    at(app.queue.submit_small(vec![Job::Fact(fact, by)]).await?)
}

fn at(done: Vec<Done>) -> Result<Position, Failure> {
    match done.into_iter().next() {
        Some(Done::Fact(position)) => Ok(position),
        _ => Err(Failure::internal("a fact came back as something else")),
    }
}

#[cfg(test)]
mod words {
    use super::*;

    #[test]
    fn names_are_trimmed_and_kept_to_one_line() {
        assert_eq!(name("the name", "  Gogui ").unwrap(), "Gogui");
        for wrong in ["", "   ", "a\nb", &"é".repeat(81)] {
            assert_eq!(name("the name", wrong).unwrap_err().code(), "name", "{wrong:?}");
        }
        assert!(name("the name", &"é".repeat(80)).is_ok());
    }
}
