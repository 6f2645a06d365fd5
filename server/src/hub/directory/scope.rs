//! Who somebody is at this moment, and which channels are theirs.

use sync_protocol::ids::{ActorPrefix, Channel, Millis, SiteCode, UserId};

use super::{Directory, LeaseState, Standing};
use crate::access::{HELD_INACTIVE, HELD_PENDING, HELD_RESTORED, HELD_REVOKED, Principal, Role, Setup};
use crate::hub::fact::{By, Profile};
use crate::limits::{GLASS_MINUTES_MAX, SCOPE_CHANNELS_MAX};

impl Directory {
    /// The channels of a user's scope; none for somebody unknown or inactive.
    #[must_use]
    pub fn scope(&self, user: UserId) -> Vec<Channel> {
        let Some(profile) = self.users.get(&user).filter(|profile| profile.active) else { return Vec::new() };
        let mut scope: Vec<Channel> = Vec::new();
        let mut add = |channel: Channel| {
            if !scope.contains(&channel) && scope.len() < SCOPE_CHANNELS_MAX {
                scope.push(channel);
            }
        };
        if profile.roles.contains(&Role::Partner) {
            let open = |code: &&_| self.partners.get(code).is_some_and(|partner| partner.open);
            profile.partner.iter().filter(open).for_each(|code| add(Channel::partner(code)));
            return scope;
        }
        if !profile.roles.iter().any(|role| works_with_people(*role)) {
            return scope;
        }
        profile.sites.iter().for_each(|site| add(Channel::site(&self.site_now(site))));
        self.regional_sites(profile).iter().for_each(|site| add(Channel::site(site)));
        if profile.roles.contains(&Role::Protection) {
            add(Channel::protection());
        }
        if profile.roles.contains(&Role::Health) {
            add(Channel::health());
        }
        let own = Channel::user(user);
        if self.assigned.contains(&own) {
            add(own);
        }
        scope
    }

    /// The site that does the work of this one: itself, or the one that took over its people.
    #[must_use]
    pub fn site_now(&self, site: &SiteCode) -> SiteCode {
        let mut site = site;
        // A closed site names one that was open then; at most as many steps as there are sites.
        for _ in 0..self.sites.len() {
            match self.sites.get(site).and_then(|state| state.closed_into.as_ref()) {
                Some(next) => site = next,
                None => break,
            }
        }
        site.clone()
    }

    /// Where a device stands.
    #[must_use]
    pub fn device_site(&self, state: &LeaseState) -> SiteCode {
        self.site_now(self.devices.get(&state.lease.installation).unwrap_or(&state.lease.site))
    }

    /// Who a user is on the console.
    #[must_use]
    pub fn principal(&self, user: UserId, now: Millis) -> Principal {
        self.principal_as(By::User(user), user, now)
    }

    /// Who a lease's user is on that device. What the lease itself may: [`Directory::lease_stands`].
    #[must_use]
    pub fn principal_of(&self, state: &LeaseState, now: Millis) -> Principal {
        self.principal_as(By::Lease(state.lease.prefix), state.lease.user, now)
    }

    /// Who holds the console token.
    #[must_use]
    pub fn setup_principal(&self) -> Principal {
        Principal::setup(if self.accounts.is_empty() { Setup::Everything } else { Setup::Administration })
    }

    /// Whether the lease may do what its user may.
    ///
    /// # Errors
    /// The code under which what it pushes is held.
    pub fn lease_stands(&self, state: &LeaseState) -> Result<(), &'static str> {
        match state.standing {
            Standing::Pending => Err(HELD_PENDING),
            Standing::Revoked { .. } => Err(HELD_REVOKED),
            // Whoever lost their rights since the copy was made would have them again.
            Standing::Active if self.restored.is_some() => Err(HELD_RESTORED),
            Standing::Active if self.users.get(&state.lease.user).is_some_and(|user| user.active) => Ok(()),
            Standing::Active => Err(HELD_INACTIVE),
        }
    }

    /// Whether somebody with this lease looks after that site.
    #[must_use]
    pub fn lease_leads(&self, lease: ActorPrefix, site: &SiteCode, now: Millis) -> bool {
        self.leases.get(&lease).is_some_and(|state| {
            self.lease_stands(state).is_ok() && self.principal_of(state, now).leads.contains(&self.site_now(site))
        })
    }

    fn principal_as(&self, by: By, user: UserId, now: Millis) -> Principal {
        let Some(profile) = self.users.get(&user).filter(|profile| profile.active) else {
            return Principal { by, ..Principal::nobody() };
        };
        let mut leads: Vec<SiteCode> = Vec::new();
        if profile.roles.contains(&Role::SiteLead) || profile.roles.contains(&Role::RegionalLead) {
            leads.extend(profile.sites.iter().map(|site| self.site_now(site)));
        }
        leads.extend(self.regional_sites(profile));
        // What was opened longer ago than anything stays open need not be looked at.
        let lasts = i64::from(GLASS_MINUTES_MAX) * 60_000;
        let lately = self.glass.iter().rev().take_while(|glass| now.0.saturating_sub(glass.at.0) <= lasts);
        let glass = lately.filter(|glass| glass.user == user && now < glass.until);
        Principal {
            by,
            roles: profile.roles.clone(),
            setup: None,
            channels: self.scope(user),
            leads,
            opened: glass.map(|glass| glass.document).collect(),
        }
    }

    /// The open sites of a regional lead's regions.
    fn regional_sites(&self, profile: &Profile) -> Vec<SiteCode> {
        if !profile.roles.contains(&Role::RegionalLead) {
            return Vec::new();
        }
        let sites = self.sites.iter().filter(|(_, site)| site.closed_into.is_none());
        sites.filter(|(_, site)| profile.regions.contains(&site.region)).map(|(code, _)| code.clone()).collect()
    }
}

/// Whether the role opens cases at all.
fn works_with_people(role: Role) -> bool {
    use Role as R;
    matches!(role, R::Caseworker | R::SiteLead | R::RegionalLead | R::CaseManager | R::Protection | R::Health)
}
