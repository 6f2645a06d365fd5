//! How far a principal sees: from who they are to what the read model shows.
//!
//! Asks [`crate::access`] and the directory, decides nothing of its own. Lists of cases go by the channels of the scope;
//! partners see referrals alone, whatever stands in their channel; analysts' figures and rows are of everything, since
//! they name nobody.

use sync_protocol::ids::{ActorPrefix, Channel, SiteCode};

use crate::access::{Action, Principal, Resource, Role, Setup, decide};
use crate::hub::directory::Directory;
use crate::store::read_model::{Channels, Only, Sight};

/// The cases, movements, households and links that the principal may see.
#[must_use]
pub fn cases(principal: &Principal) -> Channels {
    if principal.is(Role::Partner) { Channels::default() } else { referrals(principal) }
}

/// The referrals that the principal may see.
#[must_use]
pub fn referrals(principal: &Principal) -> Channels {
    if principal.setup == Some(Setup::Everything) {
        Channels::All
    } else if principal.sees_all_sites() {
        Channels::Sites(principal.channels.clone())
    } else {
        Channels::These(principal.channels.clone())
    }
}

/// What the principal's rows without names are of.
#[must_use]
pub fn plain(principal: &Principal) -> Channels {
    if principal.is(Role::Analyst) { Channels::All } else { cases(principal) }
}

/// What the principal's figures are of.
#[must_use]
pub fn figures(principal: &Principal, directory: &Directory) -> Sight {
    if principal.is(Role::Analyst) {
        return Sight::everything();
    }
    let held = held_at(directory, &sites(principal));
    Sight { documents: cases(principal), receipts: receipts(principal), held }
}

/// Receipts: by the site of the parcel. They show no content, so who administers or audits sees all.
#[must_use]
pub fn receipts(principal: &Principal) -> Only<SiteCode> {
    let all = decide(principal, Action::ReadReceipts, Resource::Everywhere).is_ok();
    if all { Only::All } else { sites(principal) }
}

fn held_at(directory: &Directory, sites: &Only<SiteCode>) -> Only<ActorPrefix> {
    let Only::These(sites) = sites else { return Only::All };
    let here = directory.leases.values().filter(|state| sites.contains(&directory.device_site(state)));
    Only::These(here.map(|state| state.lease.prefix).collect())
}

fn sites(principal: &Principal) -> Only<SiteCode> {
    if principal.sees_all_sites() {
        return Only::All;
    }
    Only::These(principal.channels.iter().filter_map(Channel::site_code).collect())
}
