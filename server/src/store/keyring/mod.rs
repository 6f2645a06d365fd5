//! The keyring: which keys open what stands in the log. A store of record, one file, under the master key.
//!
//! Owns the log key, the hub's signing key, the key that devices seal work to, and the present *generation*: the key that wraps the key of each document
//! and of each held piece of work. A new key's wrapped form stands in the log entry that creates its document, so the
//! file is not written for each document; it is rewritten whole when the generation changes. Destroying a generation
//! destroys every key that was wrapped under it and not wrapped anew: **that is erasure**. The file's own wrapped keys
//! come before the log's. What may be erased, and by whom, is decided elsewhere; sealing itself is in [`super::seal`],
//! the master key's file in `master`.

mod error;
mod format;
mod master;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use minicbor::{Decode, Encode};
use sync_protocol::crypto::SecretKey;
use sync_protocol::ids::{DocumentId, Hash};
use sync_protocol::sealing::SealingKey;
use zeroize::Zeroizing;

pub use error::KeyringError;
pub use master::MasterKey;

use super::files::{Disk, DiskError};
use super::seal::{self, Key, SEAL_BYTES};
use crate::random::{Random, draw};

/// The file.
pub(super) const FILE: &str = "keyring";

const ENTRY_BOUND: &[u8] = b"segin/1 log entry\0";
const WRAP_BOUND: &[u8] = b"segin/1 wrapped key\0";
const WRAPPED_BYTES: usize = 32 + SEAL_BYTES;

/// Whose key it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum KeyOwner {
    /// A document, for everything of it that is in the log and derived from it.
    #[n(0)]
    Document(#[n(0)] DocumentId),
    /// What one parcel brought for a document and a person must decide about; erased with the document.
    #[n(1)]
    Held {
        /// The parcel's hash.
        #[n(0)]
        parcel: Hash,
        /// The document it is about.
        #[n(1)]
        document: DocumentId,
    },
}

impl KeyOwner {
    /// The document with whose erasure the key goes.
    #[must_use]
    pub const fn document(&self) -> DocumentId {
        match self {
            Self::Document(document) | Self::Held { document, .. } => *document,
        }
    }

    /// What a wrapped key is bound to.
    fn bound(&self, generation: u32) -> Vec<u8> {
        let mut bytes = WRAP_BOUND.to_vec();
        bytes.extend_from_slice(&generation.to_be_bytes());
        match self {
            Self::Document(document) => {
                bytes.push(0);
                bytes.extend_from_slice(document.as_bytes());
            }
            Self::Held { parcel, document } => {
                bytes.push(1);
                bytes.extend_from_slice(parcel.as_bytes());
                bytes.extend_from_slice(document.as_bytes());
            }
        }
        bytes
    }
}

/// A key under a generation's key: what a log entry holds. Without its generation it is noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct WrappedKey {
    /// The generation that wraps it.
    #[n(0)]
    generation: u32,
    #[cbor(n(1), with = "minicbor::bytes")]
    sealed: [u8; WRAPPED_BYTES],
}

impl WrappedKey {
    /// The number of the generation that wraps it.
    #[must_use]
    pub const fn generation(&self) -> u32 {
        self.generation
    }
}

/// What a rotation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotated {
    /// The number of the new generation.
    pub generation: u32,
    /// Keys that live on.
    pub kept: usize,
    /// Keys that were destroyed now.
    pub erased: usize,
    /// Known keys that an earlier rotation had destroyed.
    pub erased_before: usize,
}

/// The open keyring. Its memory is cleared when dropped.
pub struct Keyring {
    disk: Arc<dyn Disk>,
    master: MasterKey,
    log_key: Key,
    hub_key: SecretKey,
    /// None in the file of a version that opened nothing sealed, until [`Keyring::complete`].
    sealing_key: Option<SealingKey>,
    generation: u32,
    generation_key: Key,
    /// Every key that was known at the last rotation, wrapped under the present generation.
    keys: BTreeMap<KeyOwner, WrappedKey>,
    poisoned: bool,
}

impl Keyring {
    /// Whether the disk holds a keyring, sound or not.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn exists(disk: &dyn Disk) -> Result<bool, KeyringError> {
        Ok(disk.list("")?.iter().any(|name| name == FILE))
    }

    /// Draws all keys and writes the file. `Ok` means durable.
    ///
    /// # Errors
    /// [`KeyringError::Exists`]; or the disk fails.
    pub fn create(disk: Arc<dyn Disk>, master: &MasterKey, random: &mut dyn Random) -> Result<Self, KeyringError> {
        if Self::exists(&*disk)? {
            return Err(KeyringError::Exists);
        }
        let keyring = Self {
            disk,
            master: master.clone(),
            log_key: Key::draw(random),
            hub_key: draw_key(random, SecretKey::from_bytes),
            sealing_key: Some(draw_key(random, SealingKey::from_bytes)),
            generation: 1,
            generation_key: Key::draw(random),
            keys: BTreeMap::new(),
            poisoned: false,
        };
        keyring.disk.replace(FILE, &format::to_bytes(&keyring, random))?;
        Ok(keyring)
    }

    /// Opens the file.
    ///
    /// # Errors
    /// [`KeyringError::Missing`], [`KeyringError::NewerVersion`], [`KeyringError::Damaged`],
    /// [`KeyringError::WrongMasterKey`]; or the disk fails. Nothing is ever changed.
    pub fn open(disk: Arc<dyn Disk>, master: &MasterKey) -> Result<Self, KeyringError> {
        let bytes = match disk.read(FILE) {
            Err(DiskError::NotFound { .. }) => return Err(KeyringError::Missing),
            other => other?,
        };
        let body = format::from_bytes(&bytes, master)?;
        // The name may come from a rewrite whose last sync never returned: nobody relies on it before this.
        disk.sync_folder("")?;
        Ok(Self {
            disk,
            master: master.clone(),
            log_key: body.log_key,
            hub_key: body.hub_key,
            sealing_key: body.sealing_key,
            generation: body.generation,
            generation_key: body.generation_key,
            keys: body.keys,
            poisoned: false,
        })
    }

    /// The key that signs answers, leases and configuration.
    #[must_use]
    pub const fn hub_key(&self) -> &SecretKey {
        &self.hub_key
    }

    /// The key that opens what devices sealed to the hub.
    #[must_use]
    pub const fn sealing_key(&self) -> Option<&SealingKey> {
        self.sealing_key.as_ref()
    }

    /// Draws what a file of an earlier version lacks and rewrites it, as a rotation does: after a crash it is the old file or
    /// the new one. Says whether there was anything to draw. Called at a start, before anybody was told of a key.
    ///
    /// # Errors
    /// When the disk fails; the process must end.
    pub fn complete(&mut self, random: &mut dyn Random) -> Result<bool, KeyringError> {
        if self.sealing_key.is_some() {
            return Ok(false);
        }
        self.sealing_key = Some(draw_key(random, SealingKey::from_bytes));
        if let Err(error) = replace_and_wipe(&*self.disk, &format::to_bytes(self, random)) {
            self.poisoned = true;
            return Err(error.into());
        }
        Ok(true)
    }

    /// The number of the present generation; the first is 1.
    #[must_use]
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    /// Seals an entry of the log that belongs to no document.
    #[must_use]
    pub fn seal_entry(&self, random: &mut dyn Random, plaintext: &[u8]) -> Vec<u8> {
        seal::seal(&self.log_key, random, ENTRY_BOUND, plaintext)
    }

    /// Opens such an entry.
    ///
    /// # Errors
    /// [`KeyringError::DoesNotOpen`] when it was sealed under another keyring, or changed.
    pub fn open_entry(&self, sealed: &[u8]) -> Result<Vec<u8>, KeyringError> {
        seal::open(&self.log_key, ENTRY_BOUND, sealed).map_err(|_| KeyringError::DoesNotOpen { what: "a log entry" })
    }

    /// Draws a key. Writes nothing: the wrapped form must stand in the log entry that first uses the key, and must be
    /// among the known ones of every later rotation, also of one before that entry is written.
    ///
    /// # Errors
    /// [`KeyringError::Poisoned`].
    pub fn new_key(&self, random: &mut dyn Random, owner: KeyOwner) -> Result<(Key, WrappedKey), KeyringError> {
        if self.poisoned {
            return Err(KeyringError::Poisoned);
        }
        let key = Key::draw(random);
        let wrapped = wrap(&key, random, owner, self.generation, &self.generation_key);
        Ok((key, wrapped))
    }

    /// [`Keyring::new_key`] of a document.
    ///
    /// # Errors
    /// As there.
    pub fn new_document_key(
        &self,
        random: &mut dyn Random,
        document: DocumentId,
    ) -> Result<(Key, WrappedKey), KeyringError> {
        self.new_key(random, KeyOwner::Document(document))
    }

    /// [`Keyring::new_key`] of what a parcel brought for a document and is held.
    ///
    /// # Errors
    /// As there.
    pub fn new_held_key(
        &self,
        random: &mut dyn Random,
        parcel: Hash,
        document: DocumentId,
    ) -> Result<(Key, WrappedKey), KeyringError> {
        self.new_key(random, KeyOwner::Held { parcel, document })
    }

    /// The key, from the wrapped form that the log holds. A newer wrapped form in the keyring's file comes before it.
    ///
    /// # Errors
    /// [`KeyringError::Erased`]; [`KeyringError::Older`] when the log has seen later generations than this file (an old
    /// copy of it was restored); [`KeyringError::DoesNotOpen`] when they do not belong together.
    pub fn unwrap(&self, owner: KeyOwner, wrapped: &WrappedKey) -> Result<Key, KeyringError> {
        if wrapped.generation > self.generation {
            return Err(KeyringError::Older { found: self.generation, wanted: wrapped.generation });
        }
        let wrapped = self.keys.get(&owner).unwrap_or(wrapped);
        if wrapped.generation < self.generation {
            return Err(KeyringError::Erased { document: owner.document() });
        }
        let bytes = seal::open(&self.generation_key, &owner.bound(wrapped.generation), &wrapped.sealed);
        let key = bytes.ok().and_then(|bytes| zeroize::Zeroizing::new(bytes).as_slice().try_into().ok());
        key.map(Key::new).ok_or(KeyringError::DoesNotOpen { what: "a wrapped key" })
    }

    /// Begins a new generation without the keys of the erased documents, and destroys the old one. `known` are all
    /// wrapped keys of the log; a key that is neither among them nor in the file is lost with the old generation. The
    /// file's rewrite is atomic: after a crash it is the old one or the new one. `Ok` means that it is the new one.
    ///
    /// # Errors
    /// [`KeyringError::Poisoned`]; errors of [`Keyring::unwrap`] other than `Erased`, nothing is changed then. When the
    /// disk fails the outcome is unknown, and the keyring hands out no new key any more: the process must end.
    pub fn rotate(
        &mut self,
        random: &mut dyn Random,
        known: &[(KeyOwner, WrappedKey)],
        erased: &BTreeSet<DocumentId>,
    ) -> Result<Rotated, KeyringError> {
        if self.poisoned {
            return Err(KeyringError::Poisoned);
        }
        let mut next = self.next_generation(random)?;
        let mut owners: BTreeMap<_, _> = known.iter().copied().collect();
        owners.extend(self.keys.iter());
        let mut rotated = Rotated { generation: next.generation, kept: 0, erased: 0, erased_before: 0 };
        for (owner, wrapped) in owners {
            match self.unwrap(owner, &wrapped) {
                Ok(_) if erased.contains(&owner.document()) => rotated.erased += 1,
                Ok(key) => {
                    let wrapped = wrap(&key, random, owner, next.generation, &next.generation_key);
                    next.keys.insert(owner, wrapped);
                    rotated.kept += 1;
                }
                Err(KeyringError::Erased { .. }) => rotated.erased_before += 1,
                Err(error) => return Err(error),
            }
        }
        if let Err(error) = replace_and_wipe(&*self.disk, &format::to_bytes(&next, random)) {
            self.poisoned = true;
            return Err(error.into());
        }
        *self = next;
        Ok(rotated)
    }

    /// [`Keyring::rotate`] for one document. May be repeated: a start that finds the erasure in the log does so.
    ///
    /// # Errors
    /// As there.
    pub fn erase(
        &mut self,
        random: &mut dyn Random,
        known: &[(KeyOwner, WrappedKey)],
        document: DocumentId,
    ) -> Result<Rotated, KeyringError> {
        self.rotate(random, known, &BTreeSet::from([document]))
    }

    fn next_generation(&self, random: &mut dyn Random) -> Result<Self, KeyringError> {
        Ok(Self {
            disk: Arc::clone(&self.disk),
            master: self.master.clone(),
            log_key: self.log_key.clone(),
            hub_key: self.hub_key.clone(),
            sealing_key: self.sealing_key.clone(),
            generation: self.generation.checked_add(1).ok_or(KeyringError::Damaged { what: "its last generation" })?,
            generation_key: Key::draw(random),
            keys: BTreeMap::new(),
            poisoned: false,
        })
    }
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyring").field("generation", &self.generation).field("keys", &self.keys.len()).finish()
    }
}

/// Replaces the keyring and overwrites the old file's bytes with zeros, as far as a file system lets that reach them
/// (a log-structured disk may keep them; what it keeps stands under the master key).
pub(super) fn replace_and_wipe(disk: &dyn Disk, bytes: &[u8]) -> Result<(), DiskError> {
    let old = match disk.open(FILE) {
        Err(DiskError::NotFound { .. }) => None,
        other => Some(other?),
    };
    disk.replace(FILE, bytes)?;
    let Some(old) = old else { return Ok(()) };
    let len = usize::try_from(old.len()?).unwrap_or_default();
    old.write_at(0, &vec![0; len])?;
    old.sync_data()
}

fn wrap(key: &Key, random: &mut dyn Random, owner: KeyOwner, generation: u32, generation_key: &Key) -> WrappedKey {
    let sealed = seal::seal(generation_key, random, &owner.bound(generation), key.as_bytes());
    let sealed = sealed.try_into().expect("a seal adds a fixed number of bytes to the 32 of a key");
    WrappedKey { generation, sealed }
}

fn draw_key<K, E>(random: &mut dyn Random, key: impl Fn(&[u8; 32]) -> Result<K, E>) -> K {
    loop {
        // Two in 2^32 draws are no key.
        if let Ok(key) = key(&Zeroizing::new(draw(random))) {
            return key;
        }
    }
}
