//! What readers see: the state after the last synced group, and everything they read it with.
//!
//! Owns [`Shared`], which the writer moves on and any number of workers read. Nothing here waits for the writer.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use sync_protocol::ids::{ActorPrefix, Channel, Hash, LogId, Millis, Position, Salt};
use sync_protocol::wire::enrolment::token_hash;

use super::directory::Directory;
use crate::store::documents::{ChannelState, DocumentStore};
use crate::store::keyring::Keyring;
use crate::store::log::LogReader;

/// How long a token opens the feed after the lease was last heard of, in milliseconds: fourteen days, the longest
/// absence that is ordinary in the field. After that the key has to be proved again.
pub const TOKEN_SLIDING_MS: i64 = 14 * Millis::DAY;

/// Challenges kept for leases that must prove their key; the oldest is forgotten first. Each is 40 bytes.
const CHALLENGES_MAX: usize = 4_096;

/// The state after a group.
#[derive(Debug, Clone)]
pub struct Published {
    /// Which log, as devices are told.
    pub log: LogId,
    /// The last position on disk and applied.
    pub position: Position,
    /// Its chain hash.
    pub chain: Hash,
    /// What each channel holds.
    pub channels: BTreeMap<Channel, ChannelState>,
}

/// What requests have cost since the start, whatever came of them.
#[derive(Debug, Default)]
pub struct Spent {
    /// Bytes of messages and of changes, unpacked.
    unpacked: AtomicU64,
    /// Operations merged, saved and loaded for trials.
    tried: AtomicU64,
}

impl Spent {
    pub(super) fn unpacked(&self, bytes: usize) {
        self.unpacked.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn tried(&self, operations: u64) {
        self.tried.fetch_add(operations, Ordering::Relaxed);
    }

    /// Bytes unpacked, and operations tried.
    #[must_use]
    pub fn so_far(&self) -> (u64, u64) {
        (self.unpacked.load(Ordering::Relaxed), self.tried.load(Ordering::Relaxed))
    }
}

/// Shared by the writer and all readers.
pub struct Shared {
    /// The log, for reading.
    pub log: LogReader,
    /// The documents.
    pub store: Arc<dyn DocumentStore>,
    /// Keys.
    pub keyring: Arc<Keyring>,
    /// What requests have cost.
    pub spent: Spent,
    directory: RwLock<Directory>,
    published: RwLock<Arc<Published>>,
    copied_to: AtomicU64,
    challenges: Mutex<Challenges>,
}

/// Milliseconds for which a challenge is given again: longer than a device takes to answer over the slowest link.
const CHALLENGE_MS: i64 = 10 * 60 * 1_000;

struct OpenChallenge {
    number: u64,
    challenge: Salt,
    at: Millis,
}

#[derive(Default)]
struct Challenges {
    open: HashMap<ActorPrefix, OpenChallenge>,
    counter: u64,
    heard: HashMap<ActorPrefix, Millis>,
}

impl Shared {
    /// Over an opened log, store and keyring.
    pub fn new(
        log: LogReader,
        store: Arc<dyn DocumentStore>,
        keyring: Arc<Keyring>,
        directory: Directory,
        published: Published,
    ) -> Self {
        Self {
            log,
            store,
            keyring,
            spent: Spent::default(),
            directory: RwLock::new(directory),
            published: RwLock::new(Arc::new(published)),
            copied_to: AtomicU64::new(0),
            challenges: Mutex::default(),
        }
    }

    /// The directory. A writer's panic ends the process, so a poisoned lock is never served from for long.
    pub fn directory(&self) -> RwLockReadGuard<'_, Directory> {
        self.directory.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The directory, for the writer.
    pub(super) fn directory_mut(&self) -> RwLockWriteGuard<'_, Directory> {
        self.directory.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state after the last group.
    pub fn published(&self) -> Arc<Published> {
        self.published.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn publish(&self, published: Published) {
        *self.published.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(published);
    }

    /// Up to where a second copy of the log exists.
    pub fn copied_to(&self) -> Position {
        Position(self.copied_to.load(Ordering::Acquire))
    }

    /// Says that a second copy, synced, goes up to there.
    pub fn set_copied_to(&self, position: Position) {
        self.copied_to.fetch_max(position.0, Ordering::AcqRel);
    }

    fn challenges(&self) -> MutexGuard<'_, Challenges> {
        self.challenges.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The challenge for a lease: the one that it was given lately, else this fresh one. So nobody who knows a lease's
    /// prefix can void the challenge that its device is about to answer.
    pub(super) fn challenge(&self, lease: ActorPrefix, fresh: Salt, now: Millis) -> Salt {
        let mut challenges = self.challenges();
        let lately = challenges.open.get(&lease).filter(|open| (0..CHALLENGE_MS).contains(&(now.0 - open.at.0)));
        if let Some(open) = lately {
            return open.challenge;
        }
        challenges.counter += 1;
        let number = challenges.counter;
        challenges.open.insert(lease, OpenChallenge { number, challenge: fresh, at: now });
        if challenges.open.len() > CHALLENGES_MAX {
            let oldest = challenges.open.iter().min_by_key(|(_, open)| open.number).map(|(lease, _)| *lease);
            oldest.and_then(|lease| challenges.open.remove(&lease));
        }
        fresh
    }

    /// Takes back the challenge of a lease, if it is this one: each can be answered once.
    pub(super) fn take_challenge(&self, lease: ActorPrefix, challenge: &Salt) -> bool {
        let mut challenges = self.challenges();
        let fits = challenges.open.get(&lease).is_some_and(|open| open.challenge == *challenge);
        if fits {
            challenges.open.remove(&lease);
        }
        fits
    }

    /// Notes that a lease with a fitting token was heard of: the token slides on, in memory.
    pub(super) fn heard(&self, lease: ActorPrefix, now: Millis) {
        self.challenges().heard.insert(lease, now);
    }

    /// Whether the token is this lease's and opens what its user may see: the lease is confirmed and not revoked, the
    /// user active, and the token has not slid out of force.
    pub fn opens(&self, lease: ActorPrefix, token: &Salt, now: Millis) -> bool {
        let heard = self.last_heard(lease);
        let directory = self.directory();
        directory.leases.get(&lease).is_some_and(|state| {
            let active = heard.map_or(state.active_at, |heard| heard.max(state.active_at));
            state.token == token_hash(token)
                && now.0 <= active.0.saturating_add(TOKEN_SLIDING_MS)
                && directory.lease_stands(state).is_ok()
        })
    }

    /// Hub time at which a lease was last heard of since the start.
    pub fn last_heard(&self, lease: ActorPrefix) -> Option<Millis> {
        self.challenges().heard.get(&lease).copied()
    }
}
