//! Who may do what: one place, pure, deny by default.
//!
//! [`decide`] takes a principal, an action and a resource as plain values, and says on what ground it is allowed or
//! under which code it is denied. Access is by document kind and channel, never by section of a document. Knows neither
//! HTTP nor storage: `routes::guard` asks for every request, `hub::admission` for every document that is pushed,
//! `hub::feed` reads only the channels of [`Directory::scope`](crate::hub::directory::Directory::scope).
//! Roles: [`role`]; actions and which roles have them: [`action`].

pub mod action;
pub mod role;
pub mod routes;
#[cfg(test)]
mod tests;

use sync_protocol::documents::Kind;
use sync_protocol::ids::{ActorPrefix, Channel, DocumentId, SiteCode};

pub use action::Action;
pub use role::Role;

use crate::hub::entry::Allowed;
use crate::hub::fact::By;

/// Held: the document is not in the writer's scope, or cannot begin there. One answer for both.
pub const HELD_SCOPE: &str = "held-who-scope";
/// Held: earlier work of this lease on this document is held, and this hangs on it.
pub const HELD_BEHIND: &str = "held-who-behind";
/// Held: nobody has confirmed yet that the device is whose it says.
pub const HELD_PENDING: &str = "held-who-pending";
/// Held: the device lost its rights.
pub const HELD_REVOKED: &str = "held-who-revoked";
/// Held: the user may not do anything at present.
pub const HELD_INACTIVE: &str = "held-who-inactive";

/// Held: this hub came back from an older copy, or exists twice, and no administrator has confirmed it yet.
pub const HELD_RESTORED: &str = "held-who-restored";

/// The code of every denial: it must not tell what exists.
pub const DENIED: &str = "not-allowed";

/// Who wants something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Who, as the log names them.
    pub by: By,
    /// What they are here to do; none for whoever has the console token.
    pub roles: Vec<Role>,
    /// Holder of the console token: everything until the first account stands, administration afterwards.
    pub setup: Option<Setup>,
    /// The channels of the scope.
    pub channels: Vec<Channel>,
    /// The sites that a lead looks after.
    pub leads: Vec<SiteCode>,
    /// Documents opened by breaking the glass, while that lasts.
    pub opened: Vec<DocumentId>,
}

/// What the console token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setup {
    /// No account stands yet: whoever starts the hub sees and does everything.
    Everything,
    /// There are accounts: what an administrator may do, no content.
    Administration,
}

impl Principal {
    /// Somebody of whom nothing is known: may do nothing.
    #[must_use]
    pub fn nobody() -> Self {
        Self {
            by: By::Nobody,
            roles: Vec::new(),
            setup: None,
            channels: Vec::new(),
            leads: Vec::new(),
            opened: Vec::new(),
        }
    }

    /// Whoever has the console token.
    #[must_use]
    pub fn setup(setup: Setup) -> Self {
        Self { by: By::Setup, setup: Some(setup), ..Self::nobody() }
    }

    /// Whether one of the roles is this one.
    #[must_use]
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether every site's channel is open: to case managers on the console, and to the console token before there are
    /// accounts. A case manager's device works at the own sites, as its feed does.
    #[must_use]
    pub fn sees_all_sites(&self) -> bool {
        let on_device = matches!(self.by, By::Lease(_));
        (self.is(Role::CaseManager) && !on_device) || self.setup == Some(Setup::Everything)
    }

    /// Whether a document of this kind in this channel is open to this principal.
    #[must_use]
    pub fn sees(&self, kind: Kind, channel: &Channel) -> bool {
        if self.setup == Some(Setup::Everything) {
            return true;
        }
        match kind {
            Kind::Annex => self.channels.contains(channel) && action::reads_annexes(&self.roles, channel),
            Kind::Referral => self.channels.contains(channel) || (self.sees_all_sites() && is_site(channel)),
            Kind::Case | Kind::Movement | Kind::Household | Kind::Link => {
                !self.only_partner() && (self.channels.contains(channel) || (self.sees_all_sites() && is_site(channel)))
            }
        }
    }

    /// Partners see referrals and nothing else, whatever stands in their channel.
    fn only_partner(&self) -> bool {
        self.is(Role::Partner)
    }
}

fn is_site(channel: &Channel) -> bool {
    channel.site_code().is_some()
}

/// What something is to be done with.
#[derive(Debug, Clone, Copy)]
pub enum Resource<'a> {
    /// Nothing in particular: whether the principal may do this at all.
    Any,
    /// A site and what stands at it: devices, users, held work.
    Site(&'a SiteCode),
    /// All sites at once, and what stands at none of them.
    Everywhere,
    /// A document that the hub may or may not have: without it the channels are empty, which is out of every scope.
    Document {
        /// Which.
        document: DocumentId,
        /// Its kind.
        kind: Kind,
        /// The channels that it is in.
        channels: &'a [Channel],
    },
    /// A document that the hub does not have, to begin in this channel.
    New {
        /// Its kind.
        kind: Kind,
        /// The channel of the site that the manifest names.
        channel: &'a Channel,
    },
    /// A document that the hub has lost and once fed to this device, to be given back into this channel.
    Returned {
        /// Its kind.
        kind: Kind,
        /// The channel through which the device had it.
        channel: &'a Channel,
    },
    /// A document that it has, to be written to by a device.
    Existing {
        /// Its kind.
        kind: Kind,
        /// The channels that it is in.
        channels: &'a [Channel],
        /// The lease that began it, where it is an annex.
        annex_writer: Option<ActorPrefix>,
        /// Whether the parcel shows the token of its card.
        card_shown: bool,
        /// The channel of the site that the manifest names: the card brings the document there.
        channel: &'a Channel,
    },
}

/// Whether the principal may do this with that, and on what ground.
///
/// # Errors
/// The code: [`HELD_SCOPE`] for what a device pushes, [`DENIED`] otherwise. It is one and the same for what is out of
/// scope and for what does not exist.
pub fn decide(principal: &Principal, action: Action, resource: Resource<'_>) -> Result<Allowed, &'static str> {
    let denied = if action == Action::Write { HELD_SCOPE } else { DENIED };
    if !action::has(principal, action) {
        // A lease may always go on with the annex that it began: what it wrote was in its scope then.
        return match resource {
            Resource::Existing { annex_writer: Some(writer), .. } if By::Lease(writer) == principal.by => {
                Ok(Allowed::Writer)
            }
            _ => Err(denied),
        };
    }
    let allowed = match resource {
        Resource::Any => Some(Allowed::Scope),
        Resource::Site(site) => {
            (everywhere(principal, action) || principal.leads.contains(site)).then_some(Allowed::Scope)
        }
        Resource::Everywhere => everywhere(principal, action).then_some(Allowed::Scope),
        Resource::Document { document, kind, channels } => {
            let scope = channels.iter().any(|channel| principal.sees(kind, channel));
            match scope {
                true => Some(Allowed::Scope),
                // An opened case shows itself, not its annexes.
                false if principal.opened.contains(&document) && !channels.is_empty() && kind == Kind::Case => {
                    Some(Allowed::BreakGlass)
                }
                false => None,
            }
        }
        Resource::New { kind, channel } => {
            (action::begins(&principal.roles, kind) && principal.channels.contains(channel)).then_some(Allowed::Began)
        }
        Resource::Returned { kind, channel } => {
            (principal.channels.contains(channel) && principal.sees(kind, channel)).then_some(Allowed::Began)
        }
        Resource::Existing { kind, channels, annex_writer, card_shown, channel } => {
            if annex_writer.is_some_and(|writer| By::Lease(writer) == principal.by) {
                Some(Allowed::Writer)
            } else if channels.iter().any(|channel| principal.sees(kind, channel)) {
                Some(Allowed::Scope)
            } else if card_shown && kind == Kind::Case && principal.channels.contains(channel) {
                Some(Allowed::Card)
            } else {
                None
            }
        }
    };
    allowed.ok_or(denied)
}

/// Whether the principal looks after every site in this matter.
fn everywhere(principal: &Principal, action: Action) -> bool {
    principal.setup.is_some()
        || (principal.is(Role::Administrator) && action::is_administration(action))
        || (principal.is(Role::CaseManager) && action::is_case_work(action))
        || (principal.is(Role::Auditor) && action::is_audit(action))
}
