//! Passwords: which are taken, how they are kept, how one is checked.
//!
//! Kept as a PHC string of Argon2id. Checking takes tens of milliseconds and 19 MiB: callers run it beside the reactor
//! (`App::work`), which also bounds how many run at once. Whoever is not known is checked, too, against a hash that
//! nothing fits: an unknown name and a wrong password take the same path and the same time.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::BASE64_NOPAD;
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::limits::{PASSWORD_CHARACTERS_MAX, PASSWORD_CHARACTERS_MIN};
use crate::random::{Random, draw};

/// Memory of one hash, in KiB: 19 MiB, the smallest that OWASP's password storage cheat sheet recommends with two
/// passes. A hub on a machine of 2 GB checks as many at once as it has processors.
const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over the memory, as recommended with it.
const PASSES: u32 = 2;
/// Lanes: the hub's processors are shared between people who sign in, not within one sign-in.
const LANES: u32 = 1;
/// Bytes of salt: what the PHC format recommends.
const SALT_BYTES: usize = 16;
/// Bytes of the hash.
const HASH_BYTES: usize = 32;

/// Words that many people begin with, as they look folded: they count for nothing in a password.
const COMMON: [&str; 19] = [
    "administrateur",
    "administrator",
    "motdepasse",
    "azertyuiop",
    "qwertyuiop",
    "1234567890",
    "password",
    "bienvenue",
    "qsdfghjklm",
    "bonjour",
    "123456789",
    "12345678",
    "azerty",
    "qwerty",
    "segin",
    "admin",
    "123456",
    "12345",
    "mali",
];
/// Characters that must be left when common words and the user's names are taken out.
const OWN_CHARACTERS_MIN: usize = 8;
/// Different characters among them.
const DIFFERENT_MIN: usize = 5;
/// Shorter parts of a name occur in ordinary words.
const NAME_PART_CHARACTERS_MIN: usize = 3;

/// Why a password is not taken. Says nothing of the password itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PasswordError {
    /// Too short.
    #[error("the password must have {min} characters or more: a sentence that only you would say is easiest")]
    Short {
        /// Characters wanted.
        min: usize,
    },
    /// Longer than is hashed.
    #[error("the password may have {max} characters at most")]
    Long {
        /// Characters allowed.
        max: usize,
    },
    /// It would be tried first.
    #[error(
        "the password is too easily guessed: too little is left without common words, your own name and repetitions; take a sentence that only you would say"
    )]
    Common,
}

impl PasswordError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Short { .. } => "password-short",
            Self::Long { .. } => "password-long",
            Self::Common => "password-common",
        }
    }
}

/// Whether a person of these names may take this password.
///
/// # Errors
/// [`PasswordError`].
pub fn acceptable(password: &str, names: &[&str]) -> Result<(), PasswordError> {
    let characters = password.nfkc().take(PASSWORD_CHARACTERS_MAX + 1).count();
    if characters < PASSWORD_CHARACTERS_MIN {
        return Err(PasswordError::Short { min: PASSWORD_CHARACTERS_MIN });
    }
    if characters > PASSWORD_CHARACTERS_MAX {
        return Err(PasswordError::Long { max: PASSWORD_CHARACTERS_MAX });
    }
    let mut rest = folded(password);
    let parts = names.iter().flat_map(|name| name.split_whitespace()).map(|part| folded(part).to_string());
    let parts = parts.filter(|part| part.chars().count() >= NAME_PART_CHARACTERS_MIN);
    for word in parts.chain(COMMON.map(str::to_owned)) {
        rest = Zeroizing::new(rest.replace(&word, ""));
    }
    let mut different: Vec<char> = rest.chars().collect();
    let left = different.len();
    different.sort_unstable();
    different.dedup();
    if left < OWN_CHARACTERS_MIN || different.len() < DIFFERENT_MIN { Err(PasswordError::Common) } else { Ok(()) }
}

/// What tells people's words apart: letters without accents and case, and digits.
fn folded(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.nfkd().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect())
}

/// The same characters are the same password, however a keyboard composes them.
fn normal(password: &str) -> Zeroizing<String> {
    Zeroizing::new(password.nfkc().take(PASSWORD_CHARACTERS_MAX + 1).collect())
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH_BYTES)).expect("the constants are within bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// The password as it is kept: a PHC string of Argon2id with a fresh salt.
pub fn hash(password: &str, random: &mut dyn Random) -> String {
    let salt: [u8; SALT_BYTES] = draw(random);
    argon2()
        .hash_password_with_salt(normal(password).as_bytes(), &salt)
        .expect("lengths of salt and hash are constants within bounds, and 19 MiB are there")
        .to_string()
}

/// Whether the password is the one that is kept; `None`: nobody is known, and the answer is no after the same work.
#[must_use]
pub fn verify(password: &str, kept: Option<&str>) -> bool {
    let dummy = unfitting();
    let fits = match PasswordHash::new(kept.unwrap_or(&dummy)) {
        Ok(parsed) => argon2().verify_password(normal(password).as_bytes(), &parsed).is_ok(),
        Err(_) => false,
    };
    fits && kept.is_some()
}

/// A hash of these parameters that no known password has.
fn unfitting() -> String {
    let salt = BASE64_NOPAD.encode(&[0; SALT_BYTES]);
    let hash = BASE64_NOPAD.encode(&[0; HASH_BYTES]);
    format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${hash}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    #[test]
    fn a_password_fits_its_own_hash_only() {
        let random = &mut SeededRandom::new(1);
        let kept = hash("trois pirogues près du grand baobab", random);
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert_ne!(kept, hash("trois pirogues près du grand baobab", random), "each has a salt of its own");
        assert!(verify("trois pirogues près du grand baobab", Some(&kept)));
        assert!(verify("trois pirogues pre\u{300}s du grand baobab", Some(&kept)), "composed or not, the same letter");
        assert!(!verify("trois pirogues pres du grand baobab", Some(&kept)));
        assert!(!verify("", Some(&kept)));
        assert!(!verify("trois pirogues près du grand baobab", Some("not a hash")));
    }

    #[test]
    fn nobody_is_checked_against_a_hash_of_the_same_cost() {
        let parsed = |text: &str| {
            let hash = PasswordHash::new(text).unwrap();
            (hash.algorithm.to_string(), hash.version, hash.params.to_string(), hash.hash.map(|hash| hash.len()))
        };
        assert_eq!(parsed(&unfitting()), parsed(&hash("x", &mut SeededRandom::new(1))));
        assert!(!verify("anything", None));
    }

    #[test]
    fn what_would_be_tried_first_is_not_taken() {
        let names = ["Awa Diarra", "GOG"];
        let not = |password: &str| acceptable(password, &names).unwrap_err().code();
        assert_eq!(not("onze lettre"), "password-short");
        assert_eq!(not(&"é".repeat(11)), "password-short", "characters count, not bytes");
        assert_eq!(not(&"abcdefgh".repeat(40)), "password-long");
        for easy in [
            "motdepasse2026",
            "Mot de passe 1!",
            "AwaDiarra2026",
            "awa-diarra-gog-123",
            "aaaaaaaaaaaaaaaa",
            "121212121212121212",
            "Azertyuiop123456",
            "P\u{301}assword12345",
        ] {
            assert_eq!(not(easy), "password-common", "{easy}");
        }
        for good in ["trois pirogues", "awa mange du mil à midi", "8Kd2-pQx7-mm41", "ŋana ka so bɛ yan"] {
            assert_eq!(acceptable(good, &names), Ok(()), "{good}");
        }
    }
}
