//! The console token: opens everything for people until the first account stands, and administration from then on.
//!
//! Random for each start unless a file gives it. Compared without telling by its time how much of it was right. Who
//! asks for it: `routes::principal`; what it is good for: `access::Setup`.

use std::fmt;
use std::path::Path;

use data_encoding::HEXLOWER;
use sync_protocol::crypto::{Purpose, hash};
use thiserror::Error;

use crate::random::{Random, draw};

/// Characters of a token that somebody wrote into a file: 16 from a random source are enough, a line is too much.
const CHARACTERS: std::ops::RangeInclusive<usize> = 16..=128;

/// The token.
#[derive(Clone, PartialEq, Eq)]
pub struct ConsoleToken(String);

/// A file that gives no token.
#[derive(Debug, Error)]
pub enum ConsoleTokenError {
    /// The file cannot be read.
    #[error("the console token file {path} could not be read: {source}")]
    Read {
        /// Which.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is not a token.
    #[error(
        "the console token file {path} must hold one line of 16 to 128 letters and digits, for example from `openssl rand -hex 16`"
    )]
    Form {
        /// Which.
        path: String,
    },
}

impl ConsoleToken {
    /// Draws one: 128 bits in hexadecimal.
    #[must_use]
    pub fn draw(random: &mut dyn Random) -> Self {
        Self(HEXLOWER.encode(&draw::<16>(random)))
    }

    /// Reads one from a file.
    ///
    /// # Errors
    /// [`ConsoleTokenError`].
    pub fn from_file(path: &Path) -> Result<Self, ConsoleTokenError> {
        let shown = path.display().to_string();
        let text =
            std::fs::read_to_string(path).map_err(|source| ConsoleTokenError::Read { path: shown.clone(), source })?;
        Self::parse(text.trim_end()).ok_or(ConsoleTokenError::Form { path: shown })
    }

    /// From text: 16 to 128 ASCII letters and digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = CHARACTERS.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        fits.then(|| Self(text.to_owned()))
    }

    /// The token, to be shown to whoever started the hub.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether this is it. Hashes are compared, whole, so that time tells nothing.
    #[must_use]
    pub fn fits(&self, given: &str) -> bool {
        let own = hash(Purpose::Token, &[self.0.as_bytes()]);
        let other = hash(Purpose::Token, &[given.as_bytes()]);
        let differing = own.as_bytes().iter().zip(other.as_bytes()).fold(0, |all, (a, b)| all | (a ^ b));
        std::hint::black_box(differing) == 0
    }
}

impl fmt::Debug for ConsoleToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConsoleToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    #[test]
    fn a_token_fits_itself_only_and_is_not_printed() {
        let token = ConsoleToken::draw(&mut SeededRandom::new(1));
        assert!(token.fits(token.reveal()));
        assert!(!token.fits(""));
        assert!(!token.fits(&token.reveal()[1..]));
        assert_eq!(format!("{token:?}"), "ConsoleToken(…)");
    }

    #[test]
    fn a_file_must_hold_one_token() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        for (text, fits) in [("0123456789abcdef\n", true), ("short", false), ("0123456789abcdef 0123", false)] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(ConsoleToken::from_file(&path).is_ok(), fits, "{text}");
        }
        assert!(ConsoleToken::from_file(&folder.path().join("none")).is_err());
    }
}
