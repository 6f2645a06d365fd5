//! What the directory holds of each thing, as plain data.

use std::collections::BTreeMap;

use sync_protocol::ids::{ActorPrefix, DocumentId, Hash, Millis, PartnerCode, Position, SiteCode, UserId};
use sync_protocol::wire::codec::CodecError;
use sync_protocol::wire::lease::{Lease, SignedLease};

use crate::access::{HELD_INACTIVE, HELD_PENDING, HELD_RESTORED};
use crate::hub::fact::{By, Credentials, Task};

/// A site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Its name.
    pub name: String,
    /// Its region.
    pub region: String,
    /// The site that took over its people, once it is closed.
    pub closed_into: Option<SiteCode>,
}

/// A partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartnerState {
    /// Its name.
    pub name: String,
    /// Whether referrals can be made to it.
    pub open: bool,
}

/// What a lease may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Push, to be held until a person has compared the fingerprints.
    Pending,
    /// Everything that its user may do.
    Active,
    /// Push, to be held for a person to judge.
    Revoked {
        /// Lost or stolen: it is to erase itself at once.
        lost: bool,
    },
}

/// A lease and what is known of it.
#[derive(Debug, Clone)]
pub struct LeaseState {
    /// The lease.
    pub lease: Lease,
    /// As devices get it.
    pub signed: SignedLease,
    /// The hash of the token in force.
    pub token: Hash,
    /// Hub time of the last entry of this lease: tokens slide from here after a restart.
    pub active_at: Millis,
    /// Where the manifest of each counter stands: 16 bytes a parcel.
    pub counters: BTreeMap<u64, Position>,
    /// The same counter came with two manifests: the store exists twice.
    pub cloned: bool,
    /// What it may do.
    pub standing: Standing,
    /// Who confirmed it.
    pub confirmed_by: Option<By>,
    /// It said that it has erased itself, at this hub time.
    pub wiped: Option<Millis>,
    /// Where decisions on its held work stand: entry and item.
    pub decisions: Vec<(Position, u16)>,
}

impl LeaseState {
    /// Of a lease of which nothing but the certificate is known: no token opens anything.
    pub(super) fn pending(signed: &SignedLease, at: Millis) -> Result<Self, CodecError> {
        Ok(Self {
            lease: signed.lease.read()?,
            signed: signed.clone(),
            // The hash of no token.
            token: Hash::new([0; 32]),
            active_at: at,
            counters: BTreeMap::new(),
            cloned: false,
            standing: Standing::Pending,
            confirmed_by: None,
            wiped: None,
            decisions: Vec::new(),
        })
    }
}

/// An invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationState {
    /// For whom.
    pub user: UserId,
    /// Not usable from then on.
    pub expires: Millis,
    /// The lease that it became.
    pub used: Option<ActorPrefix>,
    /// The device is handed over in person.
    pub confirmed: bool,
    /// Who invited.
    pub by: By,
}

/// How a user signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// With what.
    pub credentials: Credentials,
    /// The step of the last one-time code that was accepted.
    pub last_step: Option<u64>,
    /// Failures since the last success.
    pub failures: u32,
    /// Hub time of the last failure.
    pub failed_at: Option<Millis>,
}

/// A code by which a user may choose how to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupCode {
    /// Who.
    pub user: UserId,
    /// Not usable from then on.
    pub expires: Millis,
}

/// A case that was opened outside of the scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenGlass {
    /// The entry.
    pub position: Position,
    /// Hub time.
    pub at: Millis,
    /// Who.
    pub user: UserId,
    /// Which case.
    pub document: DocumentId,
    /// Until when.
    pub until: Millis,
    /// Why, for people.
    pub reason: String,
}

/// A task that is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenTask {
    /// Hub time.
    pub at: Millis,
    /// What.
    pub task: Task,
}

/// A voucher for a key that was not enrolled then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voucher {
    /// Hub time.
    pub at: Millis,
    /// Who vouches.
    pub by: ActorPrefix,
}

/// A document that names cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// The code of its kind.
    pub kind: u8,
    /// The cases.
    pub cases: Vec<DocumentId>,
}

/// Held work of one document, in the order of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldItem {
    /// The entry that holds it: a parcel's, or a decision's after which it is held still.
    pub position: Position,
    /// Which document of it.
    pub item: u16,
    /// Whose work.
    pub lease: ActorPrefix,
    /// Why: a stable code.
    pub code: String,
    /// How many changes.
    pub changes: u16,
}

impl HeldItem {
    /// Held for who sent it: what follows hangs on it.
    #[must_use]
    pub fn is_for_who(&self) -> bool {
        self.code.starts_with("held-who")
    }

    /// Held for something that may be over by itself: it is then tried again.
    #[must_use]
    pub fn can_be_over(&self) -> bool {
        [HELD_PENDING, HELD_INACTIVE, HELD_RESTORED].contains(&self.code.as_str())
    }
}

/// Where a partner's users stand in the directory: by code.
pub type Partners = BTreeMap<PartnerCode, PartnerState>;
