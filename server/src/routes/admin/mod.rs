//! What an administrator decides: sites, users, invitations, each an entry of the log.
//!
//! `segin admin` and the page use the same endpoints. Each act is checked against the directory while no other one
//! runs, then written; the answer says where it stands.

pub mod accounts;
pub mod invitations;
pub mod sites;
pub mod users;

use sync_protocol::ids::{Position, SiteCode};
use thiserror::Error;

use super::error::Failure;
use crate::hub::fact::{By, Fact};
use crate::hub::writer::{Done, Job};
use crate::limits::{NAME_CHARACTERS_MAX, USER_SITES_MAX};
use crate::serve::app::App;

/// Why an act was not done. Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AdminError {
    /// A site with this code stands already.
    #[error("there is a site {0} already, under another name or region: codes are given once")]
    SiteExists(SiteCode),
    /// No such site.
    #[error("there is no site {0}: add it first, with `segin admin site add`")]
    SiteUnknown(SiteCode),
    /// A user without a site could not record anything.
    #[error("a user needs at least one site: the first one is home")]
    NoSite,
    /// The same site twice.
    #[error("the site {0} is named twice")]
    SiteTwice(SiteCode),
    /// Too many sites.
    #[error("a user may have {max} sites, {found} were named")]
    TooManySites {
        /// How many.
        found: usize,
        /// How many are allowed.
        max: usize,
    },
    /// Colleagues could not tell the two apart.
    #[error("there is a user of this name at {0} already: add what tells them apart, such as a second name")]
    UserExists(SiteCode),
    /// No such user.
    #[error("there is no such user: see `segin admin users`")]
    UserUnknown,
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
            Self::SiteExists(_) => "site-exists",
            Self::SiteUnknown(_) => "site-unknown",
            Self::NoSite => "user-without-site",
            Self::SiteTwice(_) => "site-twice",
            Self::TooManySites { .. } => "user-too-many-sites",
            Self::UserExists(_) => "user-exists",
            Self::UserUnknown => "user-unknown",
            Self::Name { .. } => "name",
        }
    }
}

/// A name as people see it: trimmed, on one line, not too long.
fn name(what: &'static str, text: &str) -> Result<String, AdminError> {
    let text = text.trim();
    let fits = (1..=NAME_CHARACTERS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err(AdminError::Name { what, max: NAME_CHARACTERS_MAX }) }
}

/// A scope that devices can be told.
fn scope(sites: &[SiteCode]) -> Result<(), AdminError> {
    if sites.is_empty() {
        return Err(AdminError::NoSite);
    }
    if sites.len() > USER_SITES_MAX {
        return Err(AdminError::TooManySites { found: sites.len(), max: USER_SITES_MAX });
    }
    let twice = sites.iter().enumerate().find(|(index, site)| sites[..*index].contains(site));
    twice.map_or(Ok(()), |(_, site)| Err(AdminError::SiteTwice(site.clone())))
}

/// Has facts written together; the caller holds the administrators' lock. Where the first one stands.
pub(super) async fn write(app: &App, by: By, facts: Vec<Fact>) -> Result<Position, Failure> {
    match app.queue.submit(facts.into_iter().map(|fact| Job::Fact(fact, by)).collect()).await?.into_iter().next() {
        Some(Done::Fact(position)) => Ok(position),
        _ => Err(Failure::internal("a fact came back as something else")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(code: &str) -> SiteCode {
        SiteCode::new(code).unwrap()
    }

    #[test]
    fn names_are_trimmed_and_kept_to_one_line() {
        assert_eq!(name("the name", "  Gogui ").unwrap(), "Gogui");
        for wrong in ["", "   ", "a\nb", &"é".repeat(81)] {
            assert_eq!(name("the name", wrong).unwrap_err().code(), "name", "{wrong:?}");
        }
        assert!(name("the name", &"é".repeat(80)).is_ok());
    }

    #[test]
    fn a_scope_has_one_to_sixty_four_different_sites() {
        assert_eq!(scope(&[]), Err(AdminError::NoSite));
        assert_eq!(scope(&[site("GOG"), site("KAY"), site("GOG")]), Err(AdminError::SiteTwice(site("GOG"))));
        let letters = ('A'..='Z').flat_map(|a| ('A'..='Z').map(move |b| site(&format!("{a}{b}"))));
        let many: Vec<SiteCode> = letters.take(65).collect();
        assert_eq!(scope(&many), Err(AdminError::TooManySites { found: 65, max: 64 }));
        assert_eq!(scope(&many[..64]), Ok(()));
    }
}
