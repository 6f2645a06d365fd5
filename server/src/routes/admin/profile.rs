//! What a user may be: which roles fit together, and what each of them needs.
//!
//! Owns the rules and their sentences; says nothing about who may change a user ([`super::users`]).

use sync_protocol::ids::{SiteCode, UserId};
use thiserror::Error;

use super::{AdminError, open_site};
use crate::access::Role;
use crate::hub::directory::Directory;
use crate::hub::fact::Profile;
use crate::limits::USER_SITES_MAX;

/// Why somebody cannot be a user like that.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProfileError {
    /// Nothing to do here.
    #[error("a user needs at least one role, such as caseworker")]
    NoRole,
    /// Not one of the roles.
    #[error("there is no role of this name: the roles are {}", names())]
    RoleUnknown,
    /// The same role twice.
    #[error("the role {} is named twice", .0.name())]
    RoleTwice(Role),
    /// A partner's user sees referrals and nothing else.
    #[error("a partner's user has the role partner alone, and names the partner; nobody else names one")]
    PartnerAlone,
    /// Who works with people does so somewhere.
    #[error("a user who is {} needs at least one site: the first one is home", .0.name())]
    NoSite(Role),
    /// For a device, or an act that needs a place.
    #[error("this user has no site: give one first, the device's letters are the site's")]
    NoHome,
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
    /// Of what.
    #[error("a regional lead needs at least one region, and nobody else has one")]
    NoRegion,
    /// No site is in it.
    #[error("no site is in a region of that name: see `segin admin regions`")]
    RegionUnknown,
}

impl ProfileError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoRole => "user-without-role",
            Self::RoleUnknown => "role-unknown",
            Self::RoleTwice(_) => "role-twice",
            Self::PartnerAlone => "user-partner",
            Self::NoSite(_) | Self::NoHome => "user-without-site",
            Self::SiteTwice(_) => "site-twice",
            Self::TooManySites { .. } => "user-too-many-sites",
            Self::NoRegion => "user-regions",
            Self::RegionUnknown => "region-unknown",
        }
    }
}

fn names() -> String {
    Role::ALL.map(Role::name).join(", ")
}

/// Reads the names of roles.
///
/// # Errors
/// [`ProfileError::RoleUnknown`].
pub fn roles(names: &[String]) -> Result<Vec<Role>, ProfileError> {
    names.iter().map(|name| Role::from_name(name).ok_or(ProfileError::RoleUnknown)).collect()
}

/// Whether somebody can be a user like that; `before` is what the user was.
///
/// # Errors
/// [`AdminError`] with the first thing that does not fit.
pub fn check(
    directory: &Directory,
    user: Option<UserId>,
    before: Option<&Profile>,
    profile: &Profile,
) -> Result<(), AdminError> {
    fits_together(profile)?;
    // What a user has stays, even where a site was closed since: its people go on at the other one.
    let had = |site: &&SiteCode| before.is_some_and(|before| before.sites.contains(site));
    profile.sites.iter().filter(|site| !had(site)).try_for_each(|site| open_site(directory, site))?;
    if let Some(code) = &profile.partner
        && !directory.partners.contains_key(code)
    {
        return Err(AdminError::PartnerUnknown(code.clone()));
    }
    let is_region = |region: &String| directory.sites.values().any(|site| site.region == *region);
    if !profile.regions.iter().all(is_region) {
        return Err(ProfileError::RegionUnknown.into());
    }
    let same = |(id, other): &(&UserId, &Profile)| {
        Some(**id) != user && other.name == profile.name && other.sites.first() == profile.sites.first()
    };
    match directory.users.iter().find(same) {
        Some(_) => Err(AdminError::UserExists(
            profile.sites.first().map_or_else(|| "the headquarters".to_owned(), SiteCode::to_string),
        )),
        None => Ok(()),
    }
}

/// What follows from the profile alone.
fn fits_together(profile: &Profile) -> Result<(), ProfileError> {
    let Profile { sites, roles, regions, partner, .. } = profile;
    if roles.is_empty() {
        return Err(ProfileError::NoRole);
    }
    if let Some(role) = twice(roles) {
        return Err(ProfileError::RoleTwice(*role));
    }
    let is_partner = roles.contains(&Role::Partner);
    if is_partner != partner.is_some() || (is_partner && roles.len() > 1) {
        return Err(ProfileError::PartnerAlone);
    }
    if roles.contains(&Role::RegionalLead) == regions.is_empty() {
        return Err(ProfileError::NoRegion);
    }
    if sites.len() > USER_SITES_MAX {
        return Err(ProfileError::TooManySites { found: sites.len(), max: USER_SITES_MAX });
    }
    if let Some(site) = twice(sites) {
        return Err(ProfileError::SiteTwice(site.clone()));
    }
    match roles.iter().find(|role| is_at_a_site(**role)) {
        Some(role) if sites.is_empty() => Err(ProfileError::NoSite(*role)),
        _ => Ok(()),
    }
}

/// Whether the role is nothing without a site.
const fn is_at_a_site(role: Role) -> bool {
    matches!(role, Role::Caseworker | Role::SiteLead | Role::Protection | Role::Health)
}

fn twice<T: PartialEq>(things: &[T]) -> Option<&T> {
    things.iter().enumerate().find(|(index, thing)| things[..*index].contains(thing)).map(|(_, thing)| thing)
}

#[cfg(test)]
mod tests {
    use sync_protocol::ids::PartnerCode;

    use super::*;

    fn profile(roles: &[Role], sites: usize, regions: &[&str], partner: bool) -> Profile {
        let letters = ('A'..='Z').flat_map(|a| ('A'..='Z').map(move |b| SiteCode::new(&format!("{a}{b}")).unwrap()));
        Profile {
            roles: roles.to_vec(),
            regions: regions.iter().map(|&region| region.to_owned()).collect(),
            partner: partner.then(|| PartnerCode::new("OIM").unwrap()),
            ..Profile::caseworker("Awa", letters.take(sites).collect())
        }
    }

    #[test]
    fn roles_need_what_they_work_with() {
        let of = |roles: &[Role], sites, regions: &[&str], partner| {
            fits_together(&profile(roles, sites, regions, partner)).map_err(|error| error.code())
        };
        for role in [Role::Caseworker, Role::SiteLead, Role::Protection, Role::Health] {
            assert_eq!(of(&[role], 0, &[], false), Err("user-without-site"), "{role:?}");
            assert_eq!(of(&[role], 1, &[], false), Ok(()));
        }
        for role in [Role::CaseManager, Role::Analyst, Role::Administrator, Role::Auditor] {
            assert_eq!(of(&[role], 0, &[], false), Ok(()), "{role:?}");
        }
        assert_eq!(of(&[Role::RegionalLead], 0, &[], false), Err("user-regions"));
        assert_eq!(of(&[Role::RegionalLead], 0, &["Kayes"], false), Ok(()));
        assert_eq!(
            of(&[Role::SiteLead], 1, &["Kayes"], false),
            Err("user-regions"),
            "a region opens nothing to others"
        );
        assert_eq!(of(&[Role::Partner], 0, &[], true), Ok(()));
        assert_eq!(of(&[Role::Partner], 0, &[], false), Err("user-partner"));
        assert_eq!(of(&[Role::Partner, Role::Caseworker], 1, &[], true), Err("user-partner"));
        assert_eq!(of(&[Role::Caseworker], 1, &[], true), Err("user-partner"));
        assert_eq!(of(&[], 1, &[], false), Err("user-without-role"));
        assert_eq!(of(&[Role::Analyst, Role::Analyst], 1, &[], false), Err("role-twice"));
        assert_eq!(of(&[Role::Caseworker], 65, &[], false), Err("user-too-many-sites"));
        assert_eq!(of(&[Role::Caseworker], 64, &[], false), Ok(()));
    }

    #[test]
    fn roles_are_read_by_their_names() {
        assert_eq!(roles(&["site-lead".into(), "auditor".into()]), Ok(vec![Role::SiteLead, Role::Auditor]));
        assert_eq!(roles(&["Site-Lead".into()]), Err(ProfileError::RoleUnknown));
    }
}
