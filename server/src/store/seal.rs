//! Sealing: XChaCha20-Poly1305 with a nonce drawn for each seal.
//!
//! Owns the form `nonce (24) ‖ ciphertext ‖ tag (16)` and the key type. Says nothing about which key opens what: that
//! is the [`crate::store::keyring`].

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::random::{Random, draw};

/// Bytes that a seal adds: the nonce and the tag.
pub const SEAL_BYTES: usize = NONCE_BYTES + TAG_BYTES;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// A symmetric key of 32 bytes. Not printable; its memory is cleared when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Zeroizing<[u8; 32]>);

impl Key {
    /// From its bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Draws a fresh one.
    #[must_use]
    pub fn draw(random: &mut dyn Random) -> Self {
        Self::new(draw(random))
    }

    /// Its bytes, for sealed storage only.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

/// The seal does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the seal does not open: the bytes were changed, belong elsewhere, or are sealed with another key")]
pub struct SealError;

impl SealError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "seal-does-not-open"
    }
}

/// Seals the plaintext; `bound` is what it belongs to (not stored, must be given again to open it).
#[must_use]
pub fn seal(key: &Key, random: &mut dyn Random, bound: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let nonce: [u8; NONCE_BYTES] = draw(random);
    let ciphertext = cipher(key)
        .encrypt(&XNonce::from(nonce), Payload { msg: plaintext, aad: bound })
        .expect("only more than 256 GiB cannot be sealed, and every entry is limited far below");
    let mut sealed = Vec::with_capacity(NONCE_BYTES + ciphertext.len());
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(&ciphertext);
    sealed
}

/// Opens what [`seal`] made with the same key and the same `bound`.
///
/// # Errors
/// [`SealError`] when anything differs.
pub fn open(key: &Key, bound: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
    let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(SealError)?;
    cipher(key).decrypt(&XNonce::from(*nonce), Payload { msg: ciphertext, aad: bound }).map_err(|_| SealError)
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.as_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    #[test]
    fn a_seal_opens_with_its_key_and_place_only() {
        // Prevents: a sealed blob moved to another document or parcel is taken for that one's.
        let random = &mut SeededRandom::new(1);
        let key = Key::draw(random);
        let sealed = seal(&key, random, b"here", b"words");
        assert_eq!(sealed.len(), 5 + SEAL_BYTES);
        assert_eq!(open(&key, b"here", &sealed).unwrap(), b"words");
        assert_eq!(open(&key, b"there", &sealed), Err(SealError));
        assert_eq!(open(&Key::draw(random), b"here", &sealed), Err(SealError));
        assert_ne!(seal(&key, random, b"here", b"words"), sealed);
        for cut in 0..sealed.len() {
            assert_eq!(open(&key, b"here", &sealed[..cut]), Err(SealError));
        }
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(open(&key, b"here", &changed), Err(SealError), "byte {at}");
        }
    }

    #[test]
    fn the_form_on_disk_stays_the_same() {
        // Prevents: a new version of the cipher's crate cannot open what an old one sealed.
        let random = &mut SeededRandom::new(1);
        let key = Key::new([7; 32]);
        let sealed = seal(&key, random, b"bound", b"plaintext");
        assert_eq!(data_encoding::HEXLOWER.encode(&sealed), GOLDEN);
        assert_eq!(open(&key, b"bound", &sealed).unwrap(), b"plaintext");
    }

    const GOLDEN: &str =
        "9a3744504560639ec670b7a17d492b273e077b0a96bef58bbfd06c06a215e4cf1788ebdb9995d94472a9a69ae32932d5b9";
}
