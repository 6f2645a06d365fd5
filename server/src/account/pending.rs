//! Accounts being set up: what was chosen, while the telephone has not yet confirmed it with a code.
//!
//! In memory, for a while: nothing stands in the log until the code was right. The same setup gets the same secret again,
//! since answers get lost; the password is the one of the last request.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sync_protocol::ids::{Hash, Millis};

use super::totp::Secret;
use crate::limits::{PENDING_SETUP_MS, PENDING_SETUPS_MAX};
use crate::random::Random;

/// What waits for a telephone's first code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// What hub and telephone share.
    pub secret: Secret,
    /// The password, as it will be kept.
    pub password: String,
}

/// What waits, by the hash of the setup code.
#[derive(Debug, Default)]
pub struct Pending {
    waiting: Mutex<HashMap<Hash, (Chosen, Millis)>>,
}

impl Pending {
    /// Notes the password of this setup; its secret, drawn when there is none. The oldest goes when there are too many.
    pub fn begin(&self, setup: Hash, password: String, now: Millis, random: &mut dyn Random) -> Secret {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, (_, since)| waits(*since, now));
        if let Some((chosen, _)) = waiting.get_mut(&setup) {
            chosen.password = password;
            return chosen.secret.clone();
        }
        while waiting.len() >= PENDING_SETUPS_MAX {
            let oldest = waiting.iter().min_by_key(|(_, (_, since))| *since).map(|(hash, _)| *hash);
            let Some(oldest) = oldest else { break };
            waiting.remove(&oldest);
        }
        let secret = Secret::draw(random);
        waiting.insert(setup, (Chosen { secret: secret.clone(), password }, now));
        secret
    }

    /// What waits for this setup's code.
    #[must_use]
    pub fn chosen(&self, setup: &Hash, now: Millis) -> Option<Chosen> {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let (chosen, since) = waiting.get(setup)?;
        waits(*since, now).then(|| chosen.clone())
    }

    /// It stands in the log.
    pub fn done(&self, setup: &Hash) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(setup);
    }
}

/// Not too long ago, by a clock that may have been set back.
fn waits(since: Millis, now: Millis) -> bool {
    now.0.abs_diff(since.0) < PENDING_SETUP_MS.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    const START: Millis = Millis(1_714_480_000_000);

    #[test]
    fn a_setup_keeps_its_secret_for_a_while() {
        let (pending, random) = (Pending::default(), &mut SeededRandom::new(1));
        let setup = Hash::new([1; 32]);
        let secret = pending.begin(setup, "a".to_owned(), START, random);
        assert_eq!(pending.begin(setup, "b".to_owned(), START.plus(1_000), random), secret);
        let chosen = Chosen { secret: secret.clone(), password: "b".to_owned() };
        assert_eq!(pending.chosen(&setup, START.plus(PENDING_SETUP_MS - 1)), Some(chosen));
        assert_eq!(pending.chosen(&setup, START.plus(PENDING_SETUP_MS)), None);
        assert_ne!(pending.begin(setup, "c".to_owned(), START.plus(PENDING_SETUP_MS), random), secret);
        pending.done(&setup);
        assert_eq!(pending.chosen(&setup, START.plus(PENDING_SETUP_MS)), None);
    }

    #[test]
    fn what_waits_is_bounded() {
        let (pending, random) = (Pending::default(), &mut SeededRandom::new(1));
        let setup = |number: usize| {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&u64::try_from(number).unwrap().to_be_bytes());
            Hash::new(bytes)
        };
        for number in 0..=PENDING_SETUPS_MAX {
            pending.begin(setup(number), String::new(), START.plus(i64::try_from(number).unwrap()), random);
        }
        let now = START.plus(1_000);
        assert_eq!(pending.chosen(&setup(0), now), None);
        assert!(pending.chosen(&setup(1), now).is_some() && pending.chosen(&setup(PENDING_SETUPS_MAX), now).is_some());
    }
}
