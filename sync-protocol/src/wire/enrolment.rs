//! Enrolment: an invitation becomes a lease and a token.
//!
//! Owns the invitation's typed form (twelve characters, sixty bits, no look-alikes) and the two messages. An
//! invitation works once; the same device may repeat its request, since answers get lost.

use minicbor::{Decode, Encode};
use thiserror::Error;

use super::codec::Raw;
use super::fingerprint::{ALPHABET, typed};
use super::lease::SignedLease;
use crate::crypto::{CryptoError, PublicKey, Purpose, SecretKey, Signature, hash};
use crate::ids::{Hash, InstallationId, LogId, Salt};
use crate::sealing::SealingPublic;

/// Characters of an invitation; five bits each.
const CHARACTERS: usize = 12;

/// A single-use invitation: sixty random bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Invitation([u8; CHARACTERS]);

/// A text that is no invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("an invitation has twelve letters and digits such as 7K3Q-M2XP-9WTA; spaces, hyphens and case do not matter")]
pub struct InvitationError;

impl Invitation {
    /// From twelve random bytes, of which five bits each are used.
    #[must_use]
    pub fn from_random(random: [u8; CHARACTERS]) -> Self {
        Self(random.map(|byte| ALPHABET[usize::from(byte & 31)]))
    }

    /// As typed or scanned: case, spaces and hyphens do not matter; O is read as 0, I and L as 1.
    ///
    /// # Errors
    /// [`InvitationError`] for anything else than twelve characters of the alphabet.
    pub fn parse(text: &str) -> Result<Self, InvitationError> {
        typed(text).map(Self).ok_or(InvitationError)
    }

    /// As the hub keeps it.
    #[must_use]
    pub fn hash(&self) -> Hash {
        hash(Purpose::Invitation, &[&self.0])
    }
}

impl std::fmt::Display for Invitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = std::str::from_utf8(&self.0).map_err(|_| std::fmt::Error)?;
        write!(f, "{}-{}-{}", &text[..4], &text[4..8], &text[8..])
    }
}

impl std::fmt::Debug for Invitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Invitation(…)")
    }
}

/// `POST /v1/enrol`.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct EnrolRequest {
    /// The invitation, as typed.
    #[n(0)]
    pub invitation: String,
    /// The device's store.
    #[n(1)]
    pub installation: InstallationId,
    /// The key that will sign this user's manifests on it.
    #[n(2)]
    pub key: PublicKey,
    /// By that key, for [`Purpose::Proof`].
    #[n(3)]
    pub proof: Signature,
}

impl std::fmt::Debug for EnrolRequest {
    /// Without the invitation, which works once.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EnrolRequest")
            .field("installation", &self.installation)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

fn enrol_message(invitation: &Invitation, installation: InstallationId, key: &PublicKey) -> Vec<u8> {
    [b"enrol".as_slice(), &invitation.0, installation.as_bytes(), key.as_bytes()].concat()
}

impl EnrolRequest {
    /// Signs a request.
    #[must_use]
    pub fn sign(invitation: &Invitation, installation: InstallationId, key: &SecretKey) -> Self {
        let public = key.public();
        let proof = key.sign(Purpose::Proof, &enrol_message(invitation, installation, &public));
        Self { invitation: invitation.to_string(), installation, key: public, proof }
    }

    /// Checks that the sender holds the key it wants enrolled.
    ///
    /// # Errors
    /// [`CryptoError`].
    pub fn verify(&self, invitation: &Invitation) -> Result<(), CryptoError> {
        self.key.verify(Purpose::Proof, &enrol_message(invitation, self.installation, &self.key), &self.proof)
    }
}

/// The hub's answer to an enrolment.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct EnrolAnswer {
    /// The lease.
    #[n(0)]
    pub lease: SignedLease,
    /// Opens the feed.
    #[n(1)]
    pub token: Salt,
    /// Verifies receipts, leases and configuration from now on.
    #[n(2)]
    pub hub: PublicKey,
    /// Which log.
    #[n(3)]
    pub log: LogId,
    /// The signed configuration.
    #[n(4)]
    pub configuration: Raw,
    /// What is recorded is also sealed to this key, so that it can be sent by whoever has the device. None: a hub that
    /// opens nothing sealed.
    #[n(5)]
    pub sealing: Option<SealingPublic>,
}

impl std::fmt::Debug for EnrolAnswer {
    /// Without the token, which opens the feed.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EnrolAnswer")
            .field("lease", &self.lease)
            .field("hub", &self.hub)
            .field("log", &self.log)
            .finish_non_exhaustive()
    }
}

/// A token as the hub keeps it.
#[must_use]
pub fn token_hash(token: &Salt) -> Hash {
    hash(Purpose::Token, &[token.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_is_read_as_people_type_it() {
        let invitation = Invitation::from_random([0, 1, 2, 31, 255, 10, 11, 12, 13, 14, 15, 16]);
        let text = invitation.to_string();
        assert_eq!(Invitation::parse(&text).unwrap(), invitation);
        assert_eq!(Invitation::parse(&text.to_lowercase().replace('-', " ")).unwrap(), invitation);
        assert_eq!(Invitation::parse(&text.replace('0', "o").replace('1', "l")).unwrap(), invitation);
        for wrong in ["", "7K3Q-M2XP-9WT", "7K3Q-M2XP-9WTAA", "7K3Q-M2XP-9WTU", "7K3Q-M2XP-9WTé"] {
            assert!(Invitation::parse(wrong).is_err(), "{wrong}");
        }
    }
}
