//! One-time codes by the clock: RFC 6238 as authenticator programs speak it (SHA-1, six digits, thirty seconds).
//!
//! A code is taken one step early or late, since telephones' clocks are off; each step is taken once, so a code that was
//! looked at over a shoulder opens nothing. The last step taken stands in the log with the sign-in.

use std::fmt;

use data_encoding::BASE32_NOPAD;
use sync_protocol::ids::Millis;
use totp_rs::{Algorithm, Builder, Totp};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::random::{Random, draw};

/// Bytes of a secret: as long as the hash, as RFC 4226 recommends.
pub const SECRET_BYTES: usize = 20;
/// Digits of a code: what authenticator programs show.
const DIGITS: u8 = 6;
/// Seconds of a step.
const STEP_SECONDS: u64 = 30;
/// Steps before and after the present one that are taken: a minute and a half in all.
const SKEW_STEPS: u16 = 1;

/// What hub and telephone share.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secret([u8; SECRET_BYTES]);

impl Secret {
    /// Draws one.
    pub fn draw(random: &mut dyn Random) -> Self {
        Self(draw(random))
    }

    /// From the log; `None` when the length is another.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// For the log.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; SECRET_BYTES] {
        &self.0
    }

    /// To be typed into a telephone that cannot scan: base 32 in groups of four.
    #[must_use]
    pub fn typed(&self) -> String {
        let text = BASE32_NOPAD.encode(&self.0);
        let groups: Vec<&str> = (0..text.len()).step_by(4).map(|at| &text[at..text.len().min(at + 4)]).collect();
        groups.join(" ")
    }

    /// To be scanned or opened: what authenticator programs read.
    #[must_use]
    pub fn uri(&self, issuer: &str, account: &str) -> String {
        let (issuer, account) = (percent(issuer), percent(account));
        let secret = BASE32_NOPAD.encode(&self.0);
        format!(
            "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}"
        )
    }

    /// The step whose code this is, if it lies around now and after the last one taken.
    #[must_use]
    pub fn check(&self, code: &str, now: Millis, last: Option<u64>) -> Option<u64> {
        let code: String = code.chars().filter(|c| !c.is_whitespace()).take(usize::from(DIGITS) + 1).collect();
        let step = self.totp().check(&code, seconds(now)?)?;
        last.is_none_or(|last| step > last).then_some(step)
    }

    /// The code of this moment, as a telephone shows it.
    #[must_use]
    pub fn code(&self, now: Millis) -> String {
        self.totp().generate(seconds(now).unwrap_or_default()).to_string()
    }

    fn totp(&self) -> Totp {
        Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(DIGITS)
            .with_step_duration(STEP_SECONDS)
            .with_skew(SKEW_STEPS)
            .with_secret(self.0)
            .build()
            .expect("digits, step and the secret's length are those of the RFC")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Seconds since 1970; none before, when no code can be right.
fn seconds(now: Millis) -> Option<u64> {
    u64::try_from(now.0.div_euclid(1_000)).ok()
}

/// Everything but unreserved characters as `%XX` (RFC 3986).
fn percent(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    fn at(seconds: i64) -> Millis {
        Millis(seconds * 1_000)
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        // RFC 6238, appendix B, SHA-1; the last six of eight digits.
        let secret = Secret::from_slice(b"12345678901234567890").unwrap();
        for (seconds, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (1_111_111_111, "050471"), (20_000_000_000, "353130")]
        {
            assert_eq!(secret.code(at(seconds)), code);
            assert!(secret.check(code, at(seconds), None).is_some());
        }
    }

    #[test]
    fn a_code_is_taken_around_its_moment_and_once() {
        let secret = Secret::draw(&mut SeededRandom::new(1));
        let moment = 1_714_480_000;
        let code = secret.code(at(moment));
        let step = secret.check(&code, at(moment), None).unwrap();
        assert_eq!(step, 1_714_480_000 / 30);
        for (later, taken) in [(-60, false), (-30, true), (0, true), (30, true), (60, false)] {
            assert_eq!(secret.check(&code, at(moment + later), None).is_some(), taken, "{later}");
        }
        assert_eq!(secret.check(&code, at(moment), Some(step)), None, "not twice");
        assert_eq!(secret.check(&code, at(moment + 30), Some(step)), None, "nor a little later");
        let before = secret.code(at(moment - 30));
        assert_eq!(secret.check(&before, at(moment), Some(step)), None, "nor an older one after it");
        assert_eq!(secret.check(&secret.code(at(moment + 30)), at(moment + 30), Some(step)), Some(step + 1));
        assert_eq!(secret.check(&format!("{} {}", &code[..3], &code[3..]), at(moment), None), Some(step));
        let twisted: String = code.chars().rev().collect();
        for wrong in ["", "12345", &format!("{code}0"), "abcdef", "+12345", &twisted] {
            assert!(wrong == code || secret.check(wrong, at(moment), None).is_none(), "{wrong}");
        }
        assert_eq!(secret.check(&code, Millis(-1), None), None);
    }

    #[test]
    fn the_uri_holds_names_as_they_must_be_written() {
        let secret = Secret::from_slice(b"12345678901234567890").unwrap();
        assert_eq!(
            secret.uri("Segin", "Awa Diarra: é"),
            "otpauth://totp/Segin:Awa%20Diarra%3A%20%C3%A9?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Segin&algorithm=SHA1&digits=6&period=30"
        );
        assert_eq!(secret.typed(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(Secret::from_slice(b"short"), None);
    }
}
