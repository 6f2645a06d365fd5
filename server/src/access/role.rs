//! Roles: what a person is here to do. What each may do: [`super::decide`].

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a user is here to do. A user may have several.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize, ToSchema,
)]
#[cbor(index_only)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Registers people at the user's sites.
    #[n(0)]
    Caseworker,
    /// Also looks after the devices, the held work and the moves of the user's sites.
    #[n(1)]
    SiteLead,
    /// The same for all sites of the user's regions.
    #[n(2)]
    RegionalLead,
    /// Follows cases everywhere, from headquarters.
    #[n(3)]
    CaseManager,
    /// Sees figures and rows without names.
    #[n(4)]
    Analyst,
    /// Reads and writes protection annexes.
    #[n(5)]
    Protection,
    /// Reads and writes health annexes.
    #[n(6)]
    Health,
    /// Works for a partner: sees the referrals made to it, nothing else.
    #[n(7)]
    Partner,
    /// Manages sites, users and devices; sees no content.
    #[n(8)]
    Administrator,
    /// Reads who did what; sees no content.
    #[n(9)]
    Auditor,
}

impl Role {
    /// All roles, in the order in which tables show them.
    pub const ALL: [Role; 10] = [
        Self::Caseworker,
        Self::SiteLead,
        Self::RegionalLead,
        Self::CaseManager,
        Self::Analyst,
        Self::Protection,
        Self::Health,
        Self::Partner,
        Self::Administrator,
        Self::Auditor,
    ];

    /// The name in messages, tables and the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Caseworker => "caseworker",
            Self::SiteLead => "site-lead",
            Self::RegionalLead => "regional-lead",
            Self::CaseManager => "case-manager",
            Self::Analyst => "analyst",
            Self::Protection => "protection",
            Self::Health => "health",
            Self::Partner => "partner",
            Self::Administrator => "administrator",
            Self::Auditor => "auditor",
        }
    }

    /// Reads a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}
