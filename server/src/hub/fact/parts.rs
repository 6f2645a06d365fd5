//! What facts are made of: people, placements, credentials, tasks. What may be said with them: [`super::Fact`].

use minicbor::{Decode, Encode};
use sync_protocol::ids::{ActorPrefix, Channel, DocumentId, Hash, PartnerCode, SiteCode, UserId};
use sync_protocol::wire::codec::Raw;

use crate::access::Role;

/// A user as the hub knows them.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Profile {
    /// The name under which colleagues know the person.
    #[n(0)]
    pub name: String,
    /// The sites of the user's scope; the first is home.
    #[n(1)]
    pub sites: Vec<SiteCode>,
    /// What the user may do.
    #[n(2)]
    pub roles: Vec<Role>,
    /// The regions of a regional lead, by the name that their sites give.
    #[n(3)]
    pub regions: Vec<String>,
    /// For whom a partner's user works.
    #[n(4)]
    pub partner: Option<PartnerCode>,
    /// Whether the user may do anything at all.
    #[n(5)]
    pub active: bool,
}

impl Profile {
    /// A caseworker at these sites.
    #[must_use]
    pub fn caseworker(name: impl Into<String>, sites: Vec<SiteCode>) -> Self {
        let (name, roles) = (name.into(), vec![Role::Caseworker]);
        Self { name, sites, roles, regions: Vec::new(), partner: None, active: true }
    }
}

/// A document that enters and leaves channels.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Placement {
    /// Which document.
    #[n(0)]
    pub document: DocumentId,
    /// Channels that it is in from now on.
    #[n(1)]
    pub entered: Vec<Channel>,
    /// Channels that it is no longer in.
    #[n(2)]
    pub left: Vec<Channel>,
}

/// On what ground something was placed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Ground {
    /// It is in the user's scope.
    #[n(0)]
    Scope,
    /// A case was handed to another site.
    #[n(1)]
    Transfer,
    /// A case was given to a user.
    #[n(2)]
    Assignment,
    /// Its site was closed.
    #[n(3)]
    SiteClosed,
    /// A consent was withdrawn.
    #[n(4)]
    Withdrawal,
    /// The glass was broken.
    #[n(5)]
    BreakGlass,
    /// A device opened it and says so.
    #[n(6)]
    OnDevice,
}

/// How a user signs in.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct Credentials {
    /// Argon2id, as a PHC string.
    #[n(0)]
    pub password: String,
    /// The secret of the one-time codes, 20 bytes.
    #[n(1)]
    pub totp: Raw,
    /// Hashes of the recovery codes that are left.
    #[n(2)]
    pub recovery: Vec<Hash>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// What a person must do.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Task {
    /// Consent to a referral was withdrawn after the partner may have received facts: tell the partner to forget them.
    #[n(0)]
    Withdrawn {
        /// The referral.
        #[n(0)]
        referral: DocumentId,
        /// The partner.
        #[n(1)]
        partner: PartnerCode,
        /// The partner's leases that could have fetched it.
        #[n(2)]
        leases: Vec<ActorPrefix>,
        /// The partner's users who opened it on the console.
        #[n(3)]
        users: Vec<UserId>,
        /// The case.
        #[n(4)]
        case: Option<DocumentId>,
    },
}
