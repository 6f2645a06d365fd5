//! The directory: who and where, as the log's entries say it.
//!
//! An in-memory fold over the log, rebuilt at every start while the log is checked from its first byte, and moved on
//! with every entry that is written. Owns sites, users, leases, invitations, tokens, the parcels known and the cards
//! issued. Decides nothing: admission asks it, `access` decides.

use std::collections::{BTreeMap, HashMap};

use sync_protocol::crypto::PublicKey;
use sync_protocol::ids::{ActorPrefix, Channel, DocumentId, Hash, LogId, Millis, Position, SiteCode, UserId};
use sync_protocol::wire::answer::Fate;
use sync_protocol::wire::codec::{CodecError, Raw};
use sync_protocol::wire::lease::{Lease, SignedLease};
use sync_protocol::wire::manifest::manifest_hash;

use super::entry::{Fact, FactEntry, ParcelEntry};

/// A site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Its name.
    pub name: String,
    /// Its region.
    pub region: String,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The name under which colleagues know the person.
    pub name: String,
    /// The user's scope; the first is home.
    pub sites: Vec<SiteCode>,
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
}

/// Held work of one document, in the order of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldItem {
    /// The parcel's entry.
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

/// The fold.
#[derive(Debug, Clone)]
pub struct Directory {
    /// Which log.
    pub log: LogId,
    /// The hub's key, once the first entry was read.
    pub hub: Option<PublicKey>,
    /// The log that this one continues.
    pub parent: Option<(LogId, Position)>,
    /// Sites by code.
    pub sites: BTreeMap<SiteCode, Site>,
    /// Users by id.
    pub users: BTreeMap<UserId, User>,
    /// Leases by prefix.
    pub leases: HashMap<ActorPrefix, LeaseState>,
    /// Invitations by hash.
    pub invitations: HashMap<Hash, InvitationState>,
    /// Where each parcel stands, by manifest hash.
    pub parcels: HashMap<Hash, Position>,
    /// Hashes of card tokens, by document.
    pub cards: HashMap<DocumentId, Vec<Hash>>,
    /// Held work, by document.
    pub held: BTreeMap<DocumentId, Vec<HeldItem>>,
    /// Which lease began an annex.
    pub annex_writers: HashMap<DocumentId, ActorPrefix>,
    /// Version and bytes of the configuration.
    pub configuration: Option<(u32, Raw)>,
}

impl Directory {
    /// Of a log of which nothing was read yet.
    #[must_use]
    pub fn new(log: LogId) -> Self {
        Self {
            log,
            hub: None,
            parent: None,
            sites: BTreeMap::new(),
            users: BTreeMap::new(),
            leases: HashMap::new(),
            invitations: HashMap::new(),
            parcels: HashMap::new(),
            cards: HashMap::new(),
            held: BTreeMap::new(),
            annex_writers: HashMap::new(),
            configuration: None,
        }
    }

    /// Moves on by a fact.
    ///
    /// # Errors
    /// [`CodecError`] when a lease in it cannot be read.
    pub fn fold_fact(&mut self, entry: &FactEntry) -> Result<(), CodecError> {
        match &entry.fact {
            Fact::Begun { hub, parent } => {
                self.hub = Some(*hub);
                self.parent = *parent;
            }
            Fact::Site { code, name, region } => {
                self.sites.insert(code.clone(), Site { name: name.clone(), region: region.clone() });
            }
            Fact::User { user, name, sites } => {
                self.users.insert(*user, User { name: name.clone(), sites: sites.clone() });
            }
            Fact::Invited { invitation, user, expires } => {
                self.invitations.insert(*invitation, InvitationState { user: *user, expires: *expires, used: None });
            }
            Fact::Enrolled { invitation, lease: signed, token } => {
                let lease: Lease = signed.lease.read()?;
                if let Some(state) = self.invitations.get_mut(invitation) {
                    state.used = Some(lease.prefix);
                }
                let state = LeaseState {
                    signed: signed.clone(),
                    token: *token,
                    active_at: entry.at,
                    counters: BTreeMap::new(),
                    cloned: false,
                    lease,
                };
                self.leases.insert(state.lease.prefix, state);
            }
            Fact::TokenIssued { lease, token } => {
                if let Some(state) = self.leases.get_mut(lease) {
                    state.token = *token;
                    state.active_at = entry.at;
                }
            }
            Fact::Configured { version, signed } => self.configuration = Some((*version, signed.clone())),
        }
        Ok(())
    }

    /// Moves on by a parcel.
    ///
    /// # Errors
    /// [`CodecError`] when its manifest cannot be read.
    pub fn fold_parcel(&mut self, position: Position, entry: &ParcelEntry) -> Result<(), CodecError> {
        let manifest = entry.read_manifest()?;
        let hash = manifest_hash(&entry.manifest);
        self.parcels.insert(hash, position);
        if let Some(state) = self.leases.get_mut(&entry.lease) {
            state.active_at = entry.at;
            // Every counter and not the last one alone: a store restored from an older copy begins further back.
            let known = *state.counters.entry(manifest.counter).or_insert(position);
            state.cloned |= known != position;
        }
        for (item, (named, filed)) in manifest.documents.iter().zip(&entry.documents).enumerate() {
            if let Some(card) = filed.card {
                let cards = self.cards.entry(named.document).or_default();
                if !cards.contains(&card) {
                    cards.push(card);
                }
            }
            if filed.new_key.is_some() && named.kind == sync_protocol::documents::Kind::Annex.code() {
                self.annex_writers.insert(named.document, entry.lease);
            }
            for run in &filed.runs {
                if let Fate::Held(code) = &run.fate {
                    self.held.entry(named.document).or_default().push(HeldItem {
                        position,
                        item: u16::try_from(item).unwrap_or(u16::MAX),
                        lease: entry.lease,
                        code: code.clone(),
                        changes: run.count,
                    });
                }
            }
        }
        Ok(())
    }

    /// The channels of a user's scope; none for an unknown user.
    #[must_use]
    pub fn scope(&self, user: UserId) -> Vec<Channel> {
        self.users.get(&user).map(|user| user.sites.iter().map(Channel::site).collect()).unwrap_or_default()
    }

    /// Whether this lease has work held on this document for who sent it: what follows hangs on it.
    #[must_use]
    pub fn holds_back(&self, document: DocumentId, lease: ActorPrefix) -> bool {
        self.held
            .get(&document)
            .is_some_and(|items| items.iter().any(|item| item.lease == lease && item.code.starts_with("held-who")))
    }
}
