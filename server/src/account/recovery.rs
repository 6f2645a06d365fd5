//! Recovery codes: ten, each of which stands once for a telephone's code when the telephone is gone.
//!
//! Shown when they are made and never again. Which are used is told by the log.

use sync_protocol::ids::{Hash, UserId};

use super::codes::{Code, CodeUse};
use super::equal;
use crate::limits::RECOVERY_CODES;
use crate::random::Random;

/// Draws a new set: the codes for the person, their hashes for the log.
pub fn draw(user: UserId, random: &mut dyn Random) -> (Vec<Code>, Vec<Hash>) {
    let codes: Vec<Code> = (0..RECOVERY_CODES).map(|_| Code::draw(random)).collect();
    let hashes = codes.iter().map(|code| code.hash(CodeUse::Recovery(user))).collect();
    (codes, hashes)
}

/// Which of the unused codes this is. All are looked at, whichever fits.
#[must_use]
pub fn check(typed: &str, user: UserId, unused: &[Hash]) -> Option<Hash> {
    let hash = Code::parse(typed).ok()?.hash(CodeUse::Recovery(user));
    let mut found = None;
    for known in unused {
        if equal(known, &hash) {
            found = Some(*known);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    #[test]
    fn ten_codes_each_of_which_fits_its_owner_once() {
        let (awa, moussa) = (UserId::new([1; 16]), UserId::new([2; 16]));
        let (codes, mut unused) = draw(awa, &mut SeededRandom::new(1));
        assert_eq!((codes.len(), unused.len()), (10, 10));
        let typed = codes[4].to_string();
        assert_eq!(check(&typed, moussa, &unused), None);
        assert_eq!(check("", awa, &unused), None);
        let used = check(&typed, awa, &unused).unwrap();
        assert_eq!(used, unused[4]);
        unused.retain(|hash| *hash != used);
        assert_eq!(check(&typed, awa, &unused), None, "used is used");
        assert_eq!(check(&codes[5].to_string().to_lowercase(), awa, &unused), Some(unused[4]));
    }
}
