//! Console accounts, as plain calculation: passwords, one-time codes, recovery and setup codes, sessions, guessing.
//!
//! Time and randomness come in as arguments; nothing here knows HTTP, the log or the directory. What is kept of a secret
//! is told by each module: of a password its Argon2id hash, of a code its hash, of a session its id's hash. Only the
//! secret of the one-time codes must be known to be checked; it stands in the log, under the log key. Who may do what is
//! decided in `access`; who asks is found in `routes::principal`.

pub mod codes;
pub mod guessing;
pub mod password;
pub mod pending;
pub mod recovery;
pub mod sessions;
pub mod totp;

use std::sync::Arc;

use sha2::{Digest, Sha256};
use sync_protocol::ids::Hash;
use tokio::sync::Semaphore;

use crate::limits::SIGN_INS_WAITING_MAX;

/// What a running hub knows of accounts beside its log: gone with the process.
#[derive(Debug)]
pub struct Accounts {
    /// Who is signed in.
    pub sessions: sessions::Sessions,
    /// Failed sign-ins.
    pub guessing: guessing::Guessing,
    /// Accounts being set up.
    pub pending: pending::Pending,
    /// Room for passwords that are looked at or wait for it.
    pub room: Arc<Semaphore>,
    /// Taken by failures on their way to the log: who signs in waits for those before, to be told of all of them.
    pub failing: Arc<Semaphore>,
}

impl Default for Accounts {
    fn default() -> Self {
        Self {
            sessions: sessions::Sessions::default(),
            guessing: guessing::Guessing::default(),
            pending: pending::Pending::default(),
            room: Arc::new(Semaphore::new(SIGN_INS_WAITING_MAX)),
            failing: Arc::new(Semaphore::new(SIGN_INS_WAITING_MAX)),
        }
    }
}

/// SHA-256 under a label of its own, so that a hash made for one thing is never one of another. Labels end with a zero
/// byte: none is the start of another.
fn labelled(label: &'static [u8], parts: &[&[u8]]) -> Hash {
    debug_assert!(label.ends_with(b"\0"));
    let mut state = Sha256::new_with_prefix(label);
    for part in parts {
        state.update(part);
    }
    Hash::new(state.finalize().into())
}

/// Whether two hashes are equal, in the same time wherever they differ.
fn equal(a: &Hash, b: &Hash) -> bool {
    let differing = a.as_bytes().iter().zip(b.as_bytes()).fold(0, |all, (a, b)| all | (a ^ b));
    std::hint::black_box(differing) == 0
}
