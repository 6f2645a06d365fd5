//! Codes that a person types once: the setup code of a new account, recovery codes.
//!
//! Sixteen characters without look-alikes, eighty bits: too many to be guessed even by whoever has the hashes. The hub
//! keeps a hash, bound to what the code is for.

use std::fmt;

use sync_protocol::ids::{Hash, UserId};
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::labelled;
use crate::random::{Random, draw};

/// Crockford's base 32: no I, L, O, U. <https://www.crockford.com/base32.html>
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of a code; five bits each.
const CHARACTERS: usize = 16;

/// A code.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Code([u8; CHARACTERS]);

/// A text that is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a code has sixteen letters and digits such as 7K3Q-M2XP-9WTA-4C8R; spaces, hyphens and case do not matter")]
pub struct CodeError;

/// What a code is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeUse {
    /// Opens a new account, or gives an old one a new password and telephone. The code alone says whose.
    Setup,
    /// Stands for the telephone's code of this user, once.
    Recovery(UserId),
}

impl Code {
    /// Draws one.
    pub fn draw(random: &mut dyn Random) -> Self {
        Self(draw::<CHARACTERS>(random).map(|byte| ALPHABET[usize::from(byte & 31)]))
    }

    /// As typed: case, spaces and hyphens do not matter; O is read as 0, I and L as 1.
    ///
    /// # Errors
    /// [`CodeError`] for anything else than sixteen characters of the alphabet.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let mut out = [0; CHARACTERS];
        let mut filled = 0;
        for c in text.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let c = match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let byte = u8::try_from(c).ok().filter(|byte| ALPHABET.contains(byte)).ok_or(CodeError)?;
            *out.get_mut(filled).ok_or(CodeError)? = byte;
            filled += 1;
        }
        if filled == CHARACTERS { Ok(Self(out)) } else { Err(CodeError) }
    }

    /// As the hub keeps it: of no use for anything else.
    #[must_use]
    pub fn hash(&self, purpose: CodeUse) -> Hash {
        match purpose {
            CodeUse::Setup => labelled(b"segin/1 account setup\0", &[&self.0]),
            CodeUse::Recovery(user) => labelled(b"segin/1 account recovery\0", &[user.as_bytes(), &self.0]),
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = std::str::from_utf8(&self.0).map_err(|_| fmt::Error)?;
        write!(f, "{}-{}-{}-{}", &text[..4], &text[4..8], &text[8..12], &text[12..])
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    #[test]
    fn codes_are_read_as_people_type_them() {
        let code = Code::draw(&mut SeededRandom::new(1));
        let text = code.to_string();
        assert_eq!(text.len(), 19);
        assert_eq!(Code::parse(&text), Ok(code.clone()));
        assert_eq!(Code::parse(&format!(" {} ", text.replace('-', " ").to_lowercase())), Ok(code));
        assert_eq!(Code::parse("oO0i-L1l0-0000-0000"), Code::parse("0001-1110-0000-0000"));
        for wrong in ["", "7K3Q", "7K3Q-M2XP-9WTA-4C8", "7K3Q-M2XP-9WTA-4C8RX", "7K3Q-M2XP-9WTA-4C8U", "é"] {
            assert_eq!(Code::parse(wrong), Err(CodeError), "{wrong}");
        }
    }

    #[test]
    fn a_hash_is_for_one_user_and_one_use() {
        let code = Code::draw(&mut SeededRandom::new(1));
        let (awa, moussa) = (UserId::new([1; 16]), UserId::new([2; 16]));
        let own = code.hash(CodeUse::Recovery(awa));
        assert_eq!(own, code.clone().hash(CodeUse::Recovery(awa)));
        assert_ne!(own, code.hash(CodeUse::Recovery(moussa)));
        assert_ne!(own, code.hash(CodeUse::Setup));
        assert_eq!(format!("{code:?}"), "Code(…)");
    }
}
