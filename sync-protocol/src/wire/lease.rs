//! Leases: the hub's certificate that a user works on an installation, under which key and which actor prefix.
//!
//! Owns the lease and its signature. Who may have one is the hub's business (enrolment); what one may do is decided
//! in the server's `access`.

use minicbor::{Decode, Encode};

use super::codec::{CodecError, Raw};
use crate::crypto::{CryptoError, PublicKey, Purpose, SecretKey, Signature};
use crate::ids::{ActorPrefix, InstallationId, Millis, SiteCode, UserId};

/// What the hub certifies. Every device that sees this user's work gets it, to say who wrote what.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Lease {
    /// The device's store.
    #[n(0)]
    pub installation: InstallationId,
    /// The person.
    #[n(1)]
    pub user: UserId,
    /// The key that signs this person's manifests on this device.
    #[n(2)]
    pub key: PublicKey,
    /// Every actor of this lease begins with it.
    #[n(3)]
    pub prefix: ActorPrefix,
    /// The device's letters on human codes, e.g. `K7`.
    #[n(4)]
    pub letters: String,
    /// The year on human codes, two digits.
    #[n(5)]
    pub year: u8,
    /// The user's home site.
    #[n(6)]
    pub site: SiteCode,
    /// The name under which colleagues know the person.
    #[n(7)]
    pub name: String,
    /// Hub time of issue.
    #[n(8)]
    pub issued: Millis,
}

/// A lease and the hub's signature over its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedLease {
    /// CBOR of a [`Lease`].
    #[n(0)]
    pub lease: Raw,
    /// By the hub's key, for [`Purpose::Lease`].
    #[n(1)]
    pub signature: Signature,
}

/// Why something signed by the hub was not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignedError {
    /// The signature is not the hub's.
    #[error(transparent)]
    Signature(#[from] CryptoError),
    /// Signed, but not readable by this version.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

impl SignedLease {
    /// Signs a lease with the hub's key.
    #[must_use]
    pub fn sign(lease: &Lease, hub: &SecretKey) -> Self {
        let lease = Raw::of(lease);
        let signature = hub.sign(Purpose::Lease, lease.as_ref());
        Self { lease, signature }
    }

    /// The lease, if the hub signed it.
    ///
    /// # Errors
    /// [`SignedError`] when it did not, or when the lease cannot be read.
    pub fn verify(&self, hub: &PublicKey) -> Result<Lease, SignedError> {
        hub.verify(Purpose::Lease, self.lease.as_ref(), &self.signature)?;
        Ok(self.lease.read()?)
    }
}
