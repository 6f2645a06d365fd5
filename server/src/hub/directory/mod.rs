//! The directory: who and where, as the log's entries say it.
//!
//! An in-memory fold over the log, rebuilt at every start while the log is checked from its first byte, and moved on
//! with every entry that is written. Owns sites, partners, users, accounts, leases, invitations, tokens, the parcels
//! known, the cards issued, held work and tasks (`states`), and what follows from them: who somebody is and which
//! channels are theirs (`scope`). Decides nothing: admission asks it, `access` decides.

mod continued;
mod couriers;
mod fold;
mod scope;
mod states;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use sync_protocol::crypto::PublicKey;
use sync_protocol::ids::{
    ActorPrefix, ChangeHash, Channel, DocumentId, Hash, InstallationId, LogId, Position, SiteCode, UserId,
};
use sync_protocol::wire::codec::Raw;

pub use continued::Restored;
pub use couriers::Couriers;
pub use states::{
    Account, BrokenGlass, HeldItem, InvitationState, LeaseState, OpenTask, PartnerState, Partners, Relation, SetupCode,
    Site, Standing, Voucher,
};

use super::fact::Profile;

/// The fold.
#[derive(Debug, Clone)]
pub struct Directory {
    /// Which log.
    pub log: LogId,
    /// The hub's key, once the first entry was read.
    pub hub: Option<PublicKey>,
    /// The log that this one continues.
    pub parent: Option<(LogId, Position)>,
    /// Logs that this one goes on from, and up to where others are known to have had the same.
    pub ancestors: Vec<(LogId, Position)>,
    /// Other logs of this hub's key, of which a receipt was shown.
    pub siblings: Vec<LogId>,
    /// The hub came back from an older copy, or exists twice, and nobody has confirmed it yet.
    pub restored: Option<Restored>,
    /// Sites by code.
    pub sites: BTreeMap<SiteCode, Site>,
    /// Partners by code.
    pub partners: Partners,
    /// Users by id.
    pub users: BTreeMap<UserId, Profile>,
    /// How users sign in.
    pub accounts: BTreeMap<UserId, Account>,
    /// Codes by which users may choose how to sign in, by hash.
    pub setups: HashMap<Hash, SetupCode>,
    /// Leases by prefix.
    pub leases: HashMap<ActorPrefix, LeaseState>,
    /// Invitations by hash.
    pub invitations: HashMap<Hash, InvitationState>,
    /// Where each parcel stands, by manifest hash.
    pub parcels: HashMap<Hash, Position>,
    /// Where each thing that was given back stands, by what stands for its manifest: entry and item.
    pub returned: HashMap<Hash, (Position, u16)>,
    /// Hashes of card tokens, by document.
    pub cards: HashMap<DocumentId, Vec<Hash>>,
    /// Hashes of card tokens that a transfer has voided.
    pub void_cards: HashSet<(DocumentId, Hash)>,
    /// Held work, by document.
    pub held: BTreeMap<DocumentId, Vec<HeldItem>>,
    /// Which lease began an annex.
    pub annex_writers: HashMap<DocumentId, ActorPrefix>,
    /// Version and bytes of the configuration.
    pub configuration: Option<(u32, Raw)>,
    /// Devices that stand elsewhere than where they were enrolled.
    pub devices: HashMap<InstallationId, SiteCode>,
    /// Vouchers for keys that were not enrolled then.
    pub vouchers: HashMap<PublicKey, Voucher>,
    /// Cases opened outside of the scope, in order.
    pub glass: Vec<BrokenGlass>,
    /// What names cases: households, links, referrals.
    pub relations: HashMap<DocumentId, Relation>,
    /// The same from the case's side.
    pub related: HashMap<DocumentId, BTreeSet<DocumentId>>,
    /// Referrals that a withdrawal has ended.
    pub withdrawn: BTreeSet<DocumentId>,
    /// Who opened a referral on the console.
    pub referral_readers: HashMap<DocumentId, BTreeSet<UserId>>,
    /// Held changes whose edits were written again: they can no longer be let in.
    pub superseded: HashMap<DocumentId, BTreeSet<ChangeHash>>,
    /// Tasks that are not done, by the entry that opened them.
    pub tasks: BTreeMap<Position, OpenTask>,
    /// Which courier files have come.
    pub couriers: Couriers,
    /// Channels of assignments that ever held something: others need not be told to devices.
    assigned: BTreeSet<Channel>,
    /// Held work whose reason is over: the writer tries it again.
    settling: BTreeSet<(DocumentId, ActorPrefix)>,
}

impl Directory {
    /// Of a log of which nothing was read yet.
    #[must_use]
    pub fn new(log: LogId) -> Self {
        Self {
            log,
            hub: None,
            parent: None,
            ancestors: Vec::new(),
            siblings: Vec::new(),
            restored: None,
            sites: BTreeMap::new(),
            partners: BTreeMap::new(),
            users: BTreeMap::new(),
            accounts: BTreeMap::new(),
            setups: HashMap::new(),
            leases: HashMap::new(),
            invitations: HashMap::new(),
            parcels: HashMap::new(),
            returned: HashMap::new(),
            cards: HashMap::new(),
            void_cards: HashSet::new(),
            held: BTreeMap::new(),
            annex_writers: HashMap::new(),
            configuration: None,
            devices: HashMap::new(),
            vouchers: HashMap::new(),
            glass: Vec::new(),
            relations: HashMap::new(),
            related: HashMap::new(),
            withdrawn: BTreeSet::new(),
            referral_readers: HashMap::new(),
            superseded: HashMap::new(),
            tasks: BTreeMap::new(),
            couriers: Couriers::default(),
            assigned: BTreeSet::new(),
            settling: BTreeSet::new(),
        }
    }

    /// Whether this lease has work held on this document for who sent it: what follows hangs on it.
    #[must_use]
    pub fn holds_back(&self, document: DocumentId, lease: ActorPrefix) -> bool {
        self.held.get(&document).is_some_and(|items| items.iter().any(|item| item.lease == lease && item.is_for_who()))
    }

    /// Held work whose reason is over.
    #[must_use]
    pub fn next_to_settle(&self) -> Option<(DocumentId, ActorPrefix)> {
        self.settling.first().copied()
    }

    /// What a lease has held on a document for who sent it, in order.
    #[must_use]
    pub fn held_for_who(&self, document: DocumentId, lease: ActorPrefix) -> Vec<HeldItem> {
        let items = self.held.get(&document).into_iter().flatten();
        items.filter(|item| item.lease == lease && item.is_for_who()).cloned().collect()
    }
}
