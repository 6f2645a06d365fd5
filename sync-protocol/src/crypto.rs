//! Hashes and signatures: SHA-256 with a named purpose, ECDSA over P-256.
//!
//! Owns the purposes (no signature or hash made for one thing can be taken for another) and the key types. Draws
//! no random bytes: a secret key comes in as 32 bytes, and signing is deterministic (RFC 6979). A signature is
//! never used as an identifier, since its high-S twin verifies too.

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use p256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use p256::ecdsa::{Signature as RawSignature, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::ids::Hash;

/// What a hash or a signature is for; the text stands in front of what is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A manifest, signed by a user's key on an installation.
    Manifest,
    /// A commitment of a manifest to the changes of one document.
    Commitment,
    /// A commitment of a manifest to a statement.
    Statement,
    /// One link of the log's chain.
    Chain,
    /// The hub's receipt, which is its signed answer.
    Receipt,
    /// One salted leaf of a feed.
    Leaf,
    /// The leaves of one answer together.
    Leaves,
    /// A lease, signed by the hub.
    Lease,
    /// The configuration blob, signed by the hub.
    Configuration,
    /// A proof that a device holds the key of its lease, for a new token or for enrolling.
    Proof,
    /// A card token as the hub keeps it.
    Card,
    /// A feed token as the hub keeps it.
    Token,
    /// An invitation as the hub keeps it.
    Invitation,
    /// One draw from an event's random seed on a device.
    Draw,
    /// One change of one document, as digests add it up.
    Digest,
    /// A public key, as people compare it.
    Fingerprint,
    /// Contents sealed to the hub, see [`crate::sealing`].
    Sealing,
    /// What belongs together in a file that is carried, see [`crate::wire::courier`].
    Courier,
}

impl Purpose {
    /// The text in front; 24 bytes at most, ends with a zero byte so that none is the start of another.
    #[must_use]
    pub const fn prefix(self) -> &'static [u8] {
        match self {
            Self::Manifest => b"segin/1 manifest\0",
            Self::Commitment => b"segin/1 commitment\0",
            Self::Statement => b"segin/1 statement\0",
            Self::Chain => b"segin/1 chain\0",
            Self::Receipt => b"segin/1 receipt\0",
            Self::Leaf => b"segin/1 leaf\0",
            Self::Leaves => b"segin/1 leaves\0",
            Self::Lease => b"segin/1 lease\0",
            Self::Configuration => b"segin/1 configuration\0",
            Self::Proof => b"segin/1 proof\0",
            Self::Card => b"segin/1 card\0",
            Self::Token => b"segin/1 token\0",
            Self::Invitation => b"segin/1 invitation\0",
            Self::Draw => b"segin/1 draw\0",
            Self::Digest => b"segin/1 digest\0",
            Self::Fingerprint => b"segin/1 fingerprint\0",
            Self::Sealing => b"segin/1 sealing\0",
            Self::Courier => b"segin/1 courier\0",
        }
    }
}

/// SHA-256 over the purpose and the parts, one after the other. The parts must have fixed lengths or be last.
#[must_use]
pub fn hash(purpose: Purpose, parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(purpose.prefix());
    for part in parts {
        hasher.update(part);
    }
    Hash::new(hasher.finalize().into())
}

/// Why a key or a signature was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CryptoError {
    /// The bytes are not a point on P-256, or not a secret scalar.
    #[error("the key is not a P-256 key: 33 bytes in compressed SEC1 form are wanted")]
    Key,
    /// The signature does not fit the message and the key.
    #[error("the signature does not fit: the message was changed or signed with another key")]
    Signature,
}

/// A public key: 33 bytes, compressed SEC1. Checked to be on the curve when it is used.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 33]);

/// An ECDSA signature: 64 bytes, r and s.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

/// A secret key. Not printable; its memory is cleared when dropped.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl PublicKey {
    /// From its bytes; not yet checked.
    #[must_use]
    pub const fn new(bytes: [u8; 33]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 33] {
        &self.0
    }

    /// Checks that the bytes are a key at all.
    ///
    /// # Errors
    /// [`CryptoError::Key`].
    pub fn check(&self) -> Result<(), CryptoError> {
        VerifyingKey::from_sec1_bytes(&self.0).map(drop).map_err(|_| CryptoError::Key)
    }

    /// Checks that this key signed the message for this purpose.
    ///
    /// # Errors
    /// [`CryptoError::Key`] when this is no key, [`CryptoError::Signature`] when it did not sign.
    pub fn verify(&self, purpose: Purpose, message: &[u8], signature: &Signature) -> Result<(), CryptoError> {
        let key = VerifyingKey::from_sec1_bytes(&self.0).map_err(|_| CryptoError::Key)?;
        let raw = RawSignature::from_slice(&signature.0).map_err(|_| CryptoError::Signature)?;
        key.verify_prehash(hash(purpose, &[message]).as_bytes(), &raw).map_err(|_| CryptoError::Signature)
    }
}

impl Signature {
    /// From its bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl SecretKey {
    /// From 32 random bytes.
    ///
    /// # Errors
    /// [`CryptoError::Key`] for zero or a number beyond the curve's order (2 in 2^32 draws): draw again.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, CryptoError> {
        SigningKey::from_slice(bytes).map(Self).map_err(|_| CryptoError::Key)
    }

    /// Its 32 bytes, for sealed storage only.
    #[must_use]
    pub fn to_bytes(&self) -> zeroize::Zeroizing<[u8; 32]> {
        zeroize::Zeroizing::new(self.0.to_bytes().into())
    }

    /// The public key that belongs to it.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        let point = self.0.verifying_key().to_sec1_point(true);
        let mut bytes = [0; 33];
        bytes.copy_from_slice(point.as_bytes());
        PublicKey(bytes)
    }

    /// Signs the message for the purpose; the same input always gives the same signature.
    #[must_use]
    pub fn sign(&self, purpose: Purpose, message: &[u8]) -> Signature {
        let raw: RawSignature = self
            .0
            .sign_prehash(hash(purpose, &[message]).as_bytes())
            .expect("a 32-byte hash is always long enough to be signed");
        Signature(raw.to_bytes().into())
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey(…)")
    }
}

/// Bytes of fixed length: shown in hexadecimal, a CBOR byte string.
macro_rules! byte_cbor {
    ($name:ident, $len:expr) => {
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($name), data_encoding::HEXLOWER.encode(&self.0))
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
                e.bytes(&self.0)?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, decode::Error> {
                let array: ByteArray<$len> = Decode::decode(d, ctx)?;
                Ok(Self(array.into()))
            }
        }
    };
}

byte_cbor!(PublicKey, 33);
byte_cbor!(Signature, 64);

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SecretKey {
        SecretKey::from_bytes(&[byte; 32]).unwrap()
    }

    #[test]
    fn a_signature_fits_its_message_purpose_and_key_only() {
        let signature = key(1).sign(Purpose::Manifest, b"words");
        let public = key(1).public();
        assert_eq!(public.verify(Purpose::Manifest, b"words", &signature), Ok(()));
        assert_eq!(public.verify(Purpose::Manifest, b"word", &signature), Err(CryptoError::Signature));
        assert_eq!(public.verify(Purpose::Receipt, b"words", &signature), Err(CryptoError::Signature));
        assert_eq!(key(2).public().verify(Purpose::Manifest, b"words", &signature), Err(CryptoError::Signature));
        assert_eq!(signature, key(1).sign(Purpose::Manifest, b"words"));
    }

    #[test]
    fn what_is_no_key_is_said_to_be_none() {
        assert_eq!(SecretKey::from_bytes(&[0; 32]).unwrap_err(), CryptoError::Key);
        let signature = key(1).sign(Purpose::Manifest, b"words");
        assert_eq!(PublicKey::new([0; 33]).verify(Purpose::Manifest, b"words", &signature), Err(CryptoError::Key));
    }
}
