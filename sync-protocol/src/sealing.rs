//! Sealing: what only the hub can open, whoever carries it.
//!
//! HPKE (RFC 9180) in base mode: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. `info` is the purpose's text, the
//! associated data is the hash of the parcel's manifest, so that contents cannot be moved to another parcel. What is
//! sealed is a length (four bytes, big-endian), the contents, and zeros up to a multiple of [`SEALED_STEP_BYTES`]: its
//! size says little of what was written. It is not compressed. The ephemeral key is derived from 32 bytes of the caller's
//! (DeriveKeyPair), so the same draw gives the same bytes. Who signed what was sealed is the manifest's matter
//! ([`crate::wire::parcel`]); an opened text that is not what the manifest commits to is refused there.
//!
//! There is no forward secrecy: whoever holds the hub's sealing key opens everything that was ever sealed to it.

use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::{DhP256HkdfSha256, Kem};
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable, OpModeR, OpModeS, Serializable, single_shot_open, single_shot_seal_with_rng};
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use p256::elliptic_curve::sec1::ToSec1Point;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::crypto::{CryptoError, Purpose};
use crate::ids::Hash;
use crate::limits::{SEALED_BYTES_MAX, SEALED_STEP_BYTES};

/// Bytes of an encapsulated key: an uncompressed point, as RFC 9180 writes it.
pub const ENCAPSULATED_KEY_BYTES: usize = 65;
/// Bytes in front of the contents: their length.
const LENGTH_BYTES: usize = 4;
/// Bytes that AES-GCM adds.
const TAG_BYTES: usize = 16;

type Secret = <DhP256HkdfSha256 as Kem>::PrivateKey;
type Point = <DhP256HkdfSha256 as Kem>::PublicKey;
type Encapsulated = <DhP256HkdfSha256 as Kem>::EncappedKey;

/// The hub's secret half. Not printable; its memory is cleared when dropped.
#[derive(Clone)]
pub struct SealingKey(Secret);

/// The hub's public half: 33 bytes, compressed SEC1. Checked to be on the curve when it is used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SealingPublic([u8; 33]);

/// Why something was not opened. The two are not told apart further: whether the key is another or a byte was changed
/// cannot be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SealingError {
    /// The key or the bytes are not those that were sealed.
    #[error("it was sealed to another hub's key, or damaged since")]
    Open,
    /// Opened, but the text inside is not padded as it should be, or it is longer or shorter than anything sealed.
    #[error("what was sealed does not have the expected form")]
    Form,
}

impl SealingKey {
    /// From 32 random bytes.
    ///
    /// # Errors
    /// [`CryptoError::Key`] for zero or a number beyond the curve's order (2 in 2^32 draws): draw again.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, CryptoError> {
        Secret::from_bytes(bytes).map(Self).map_err(|_| CryptoError::Key)
    }

    /// Its 32 bytes, for sealed storage only.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        let mut bytes = Zeroizing::new([0; 32]);
        self.0.write_exact(&mut *bytes);
        bytes
    }

    /// The public key that belongs to it.
    #[must_use]
    pub fn public(&self) -> SealingPublic {
        let point = DhP256HkdfSha256::sk_to_pk(&self.0).to_bytes();
        let point = p256::PublicKey::from_sec1_bytes(&point).expect("the point of a secret key is on the curve");
        let mut bytes = [0; 33];
        bytes.copy_from_slice(point.to_sec1_point(true).as_bytes());
        SealingPublic(bytes)
    }

    /// Opens what [`SealingPublic::seal`] made for the parcel with this manifest hash.
    ///
    /// # Errors
    /// [`SealingError`].
    pub fn open(&self, sealed: &[u8], manifest: &Hash) -> Result<Vec<u8>, SealingError> {
        let least = ENCAPSULATED_KEY_BYTES + SEALED_STEP_BYTES + TAG_BYTES;
        if sealed.len() < least || sealed.len() > SEALED_BYTES_MAX {
            return Err(SealingError::Form);
        }
        let (point, text) = sealed.split_at(ENCAPSULATED_KEY_BYTES);
        let point = Encapsulated::from_bytes(point).map_err(|_| SealingError::Open)?;
        let padded = single_shot_open::<AesGcm256, HkdfSha256, DhP256HkdfSha256>(
            &OpModeR::Base,
            &self.0,
            &point,
            Purpose::Sealing.prefix(),
            text,
            manifest.as_bytes(),
        );
        unpad(padded.map_err(|_| SealingError::Open)?).ok_or(SealingError::Form)
    }
}

impl SealingPublic {
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
        p256::PublicKey::from_sec1_bytes(&self.0).map(drop).map_err(|_| CryptoError::Key)
    }

    /// Seals contents for the parcel with this manifest hash: the encapsulated key ([`ENCAPSULATED_KEY_BYTES`]) and the
    /// ciphertext behind it. `draw`: 32 fresh random bytes, used for nothing else.
    ///
    /// # Errors
    /// [`CryptoError::Key`] when this is no key.
    pub fn seal(&self, contents: &[u8], manifest: &Hash, draw: [u8; 32]) -> Result<Vec<u8>, CryptoError> {
        let point = p256::PublicKey::from_sec1_bytes(&self.0).map_err(|_| CryptoError::Key)?;
        let point =
            Point::from_bytes(point.to_sec1_point(false).as_bytes()).expect("a checked point, uncompressed, is a key");
        let (encapsulated, text) = single_shot_seal_with_rng::<AesGcm256, HkdfSha256, DhP256HkdfSha256>(
            &OpModeS::Base,
            &point,
            Purpose::Sealing.prefix(),
            &pad(contents),
            manifest.as_bytes(),
            &mut Drawn(Zeroizing::new(draw)),
        )
        .expect("sealing one text to a checked key cannot fail");
        Ok([&encapsulated.to_bytes()[..], &text].concat())
    }
}

/// Length, contents, zeros.
fn pad(contents: &[u8]) -> Vec<u8> {
    let length = u32::try_from(contents.len()).expect("a parcel is bounded far below 4 GiB");
    let mut text = [&length.to_be_bytes()[..], contents].concat();
    text.resize(text.len().next_multiple_of(SEALED_STEP_BYTES), 0);
    text
}

fn unpad(mut text: Vec<u8>) -> Option<Vec<u8>> {
    let length = u32::from_be_bytes(*text.first_chunk::<LENGTH_BYTES>()?);
    let end = LENGTH_BYTES.checked_add(usize::try_from(length).ok()?)?;
    let zeros = text.get(end..)?;
    if end.next_multiple_of(SEALED_STEP_BYTES) != text.len() || zeros.iter().any(|byte| *byte != 0) {
        return None;
    }
    text.truncate(end);
    text.drain(..LENGTH_BYTES);
    Some(text)
}

/// Gives the library the caller's draw, once: it asks for the 32 bytes that the ephemeral key is derived from.
struct Drawn(Zeroizing<[u8; 32]>);

impl TryRng for Drawn {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        unreachable!("an ephemeral key is derived from 32 bytes, asked for at once")
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        unreachable!("an ephemeral key is derived from 32 bytes, asked for at once")
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Self::Error> {
        // Panics when it is another number of bytes: the pinned version asks for exactly these.
        to.copy_from_slice(&self.0[..]);
        Ok(())
    }
}

impl TryCryptoRng for Drawn {}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

impl std::fmt::Debug for SealingPublic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealingPublic({})", data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl<C> Encode<C> for SealingPublic {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for SealingPublic {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, decode::Error> {
        let array: ByteArray<33> = Decode::decode(d, ctx)?;
        Ok(Self(array.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SealingKey {
        SealingKey::from_bytes(&[byte; 32]).unwrap()
    }

    const PARCEL: Hash = Hash::new([5; 32]);

    #[test]
    fn what_was_sealed_opens_with_the_key_for_the_parcel_and_nothing_else() {
        let sealed = key(1).public().seal(b"words", &PARCEL, [9; 32]).unwrap();
        assert_eq!(sealed, key(1).public().seal(b"words", &PARCEL, [9; 32]).unwrap(), "the same draw, the same bytes");
        assert_ne!(sealed, key(1).public().seal(b"words", &PARCEL, [8; 32]).unwrap());
        assert_eq!(key(1).open(&sealed, &PARCEL).as_deref(), Ok(&b"words"[..]));
        assert_eq!(key(2).open(&sealed, &PARCEL), Err(SealingError::Open), "another hub");
        assert_eq!(key(1).open(&sealed, &Hash::new([6; 32])), Err(SealingError::Open), "another parcel");
        assert_eq!(SealingKey::from_bytes(&key(1).to_bytes()).unwrap().public(), key(1).public());
        for index in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[index] ^= 1;
            assert_eq!(key(1).open(&damaged, &PARCEL), Err(SealingError::Open), "byte {index}");
        }
        for length in [0, 64, 65, 100, sealed.len() - 1] {
            assert!(key(1).open(&sealed[..length], &PARCEL).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn its_size_grows_in_steps() {
        let size = |length: usize| key(1).public().seal(&vec![7; length], &PARCEL, [9; 32]).unwrap().len();
        assert_eq!(size(0), 65 + 256 + 16);
        assert_eq!(size(252), size(0));
        assert_eq!(size(253), size(0) + 256);
        for length in [0, 1, 251, 252, 253, 508, 509] {
            let sealed = key(1).public().seal(&vec![7; length], &PARCEL, [9; 32]).unwrap();
            assert_eq!(key(1).open(&sealed, &PARCEL), Ok(vec![7; length]));
        }
    }

    #[test]
    fn padding_that_nobody_writes_is_refused() {
        assert_eq!(unpad(pad(b"words")), Some(b"words".to_vec()));
        assert_eq!(unpad(Vec::new()), None);
        let mut text = pad(b"words");
        text[200] = 1;
        assert_eq!(unpad(text), None, "something hidden in the zeros");
        let mut text = pad(b"words");
        text[..4].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(unpad(text), None, "longer than it is");
        let mut text = pad(b"words");
        text.resize(512, 0);
        assert_eq!(unpad(text), None, "a step too many");
    }

    #[test]
    fn what_is_no_key_is_said_to_be_none() {
        assert_eq!(SealingKey::from_bytes(&[0; 32]).unwrap_err(), CryptoError::Key);
        assert_eq!(SealingPublic::new([0; 33]).seal(b"", &PARCEL, [9; 32]), Err(CryptoError::Key));
    }
}
