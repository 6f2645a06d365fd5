//! Fingerprints: how two people make sure that they mean the same key, by voice or by eye.
//!
//! Forty bits of a hash over the public key, as eight letters and digits without look-alikes. Enough to tell devices
//! apart that stand before an administrator; a key is never found by it alone.

use thiserror::Error;

use crate::crypto::{PublicKey, Purpose, hash};

/// Crockford's base 32: no I, L, O, U. <https://www.crockford.com/base32.html>
pub(super) const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of a fingerprint; five bits each.
const CHARACTERS: usize = 8;

/// The fingerprint of a public key, shown as `XXXX-XXXX`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; CHARACTERS]);

/// A text that is no fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a fingerprint has eight letters and digits such as 7K3Q-M2XP; spaces, hyphens and case do not matter")]
pub struct FingerprintError;

/// The fingerprint of a key: the first forty bits of SHA-256 over it.
#[must_use]
pub fn fingerprint(key: &PublicKey) -> Fingerprint {
    let full = hash(Purpose::Fingerprint, &[key.as_bytes()]);
    let bits = full.as_bytes()[..5].iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    Fingerprint(std::array::from_fn(|at| ALPHABET[usize::from((bits >> (35 - 5 * at)) as u8 & 31)]))
}

/// Fills characters as people type them: case, spaces and hyphens do not matter; O is read as 0, I and L as 1.
/// `None` for anything else than exactly `N` characters of the alphabet.
pub(super) fn typed<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut out = [0; N];
    let mut filled = 0;
    for c in text.chars().filter(|c| !c.is_whitespace() && *c != '-') {
        let c = match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        let byte = u8::try_from(c).ok().filter(|byte| ALPHABET.contains(byte))?;
        *out.get_mut(filled)? = byte;
        filled += 1;
    }
    (filled == N).then_some(out)
}

impl Fingerprint {
    /// As typed or read aloud: case, spaces and hyphens do not matter; O is read as 0, I and L as 1.
    ///
    /// # Errors
    /// [`FingerprintError`] for anything else than eight characters of the alphabet.
    pub fn parse(text: &str) -> Result<Self, FingerprintError> {
        typed(text).map(Self).ok_or(FingerprintError)
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = std::str::from_utf8(&self.0).map_err(|_| std::fmt::Error)?;
        write!(f, "{}-{}", &text[..4], &text[4..])
    }
}

impl std::fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl std::str::FromStr for Fingerprint {
    type Err = FingerprintError;
    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        Self::parse(text)
    }
}

impl serde::Serialize for Fingerprint {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_people_type_it() {
        let shown = fingerprint(&PublicKey::new([7; 33]));
        let text = shown.to_string();
        assert_eq!(text.len(), 9);
        assert_eq!(Fingerprint::parse(&text), Ok(shown));
        assert_eq!(Fingerprint::parse(&text.to_lowercase().replace('-', " ")), Ok(shown));
        assert_eq!(Fingerprint::parse("oil0-0000").unwrap().to_string(), "0110-0000");
        for wrong in ["", "7K3Q-M2X", "7K3Q-M2XPA", "7K3Q-M2XU", "7K3Q-M2Xé"] {
            assert_eq!(Fingerprint::parse(wrong), Err(FingerprintError), "{wrong}");
        }
    }

    #[test]
    fn keys_that_differ_in_a_bit_have_other_fingerprints() {
        let mut other = [7; 33];
        other[32] ^= 1;
        assert_ne!(fingerprint(&PublicKey::new([7; 33])), fingerprint(&PublicKey::new(other)));
    }
}
