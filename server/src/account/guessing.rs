//! Bounds on guessing: so many sign-ins that fail for one name, then a pause.
//!
//! Counted before anything is checked, so that a hundred guesses at the same moment are a hundred. Names that nobody has
//! are counted like others: a pause tells nothing. An account's own count is never pushed out by foreign names. The
//! counts are in memory; what is kept for ever are entries of the log, as many as are let through here.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sync_protocol::ids::{Hash, Millis, UserId};

use super::labelled;
use crate::limits::{GUESSED_NAMES_MAX, GUESSES_MAX, GUESSES_MS};

/// Whose sign-in is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tried {
    /// A user's.
    User(UserId),
    /// Nobody's: the hash of what was typed.
    Nobody(Hash),
}

impl Tried {
    /// For a name that nobody has.
    #[must_use]
    pub fn nobody(name: &str) -> Self {
        Self::Nobody(labelled(b"segin/1 guessed name\0", &[name.as_bytes()]))
    }
}

/// Too many tries: not before this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// Hub time.
    pub until: Millis,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    tries: u32,
    since: Millis,
}

/// The counts.
#[derive(Debug, Default)]
pub struct Guessing {
    counts: Mutex<HashMap<Tried, Count>>,
}

impl Guessing {
    /// Counts a try.
    ///
    /// # Errors
    /// [`Pause`] when there were too many; this one is not to be looked at.
    pub fn admit(&self, tried: Tried, now: Millis) -> Result<(), Pause> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(tried, Tried::Nobody(_)) && !counts.contains_key(&tried) {
            make_room(&mut counts, now);
        }
        let count = counts.entry(tried).or_insert(Count { tries: 0, since: now });
        if is_over(count, now) {
            *count = Count { tries: 0, since: now };
        }
        if count.tries >= GUESSES_MAX {
            return Err(Pause { until: count.since.plus(GUESSES_MS) });
        }
        count.tries += 1;
        Ok(())
    }

    /// A sign-in went well: its user begins anew.
    pub fn succeeded(&self, tried: Tried) {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).remove(&tried);
    }
}

/// Long enough ago, or from a clock that was set back.
fn is_over(count: &Count, now: Millis) -> bool {
    now >= count.since.plus(GUESSES_MS) || now.plus(GUESSES_MS) <= count.since
}

/// Forgets names that nobody has, the oldest first.
fn make_room(counts: &mut HashMap<Tried, Count>, now: Millis) {
    let nobody = |counts: &HashMap<Tried, Count>| counts.keys().filter(|key| matches!(key, Tried::Nobody(_))).count();
    if nobody(counts) < GUESSED_NAMES_MAX {
        return;
    }
    counts.retain(|key, count| matches!(key, Tried::User(_)) || !is_over(count, now));
    while nobody(counts) >= GUESSED_NAMES_MAX {
        let oldest = counts.iter().filter(|(key, _)| matches!(key, Tried::Nobody(_))).min_by_key(|(_, c)| c.since);
        let Some(oldest) = oldest.map(|(key, _)| *key) else { return };
        counts.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Millis = Millis(1_714_480_000_000);
    const AWA: Tried = Tried::User(UserId::new([1; 16]));

    #[test]
    fn a_name_has_so_many_tries_then_a_pause() {
        let guessing = Guessing::default();
        for tried in [AWA, Tried::nobody("Personne")] {
            for _ in 0..GUESSES_MAX {
                assert_eq!(guessing.admit(tried, START), Ok(()));
            }
            let until = START.plus(GUESSES_MS);
            assert_eq!(guessing.admit(tried, START), Err(Pause { until }));
            assert_eq!(guessing.admit(tried, until.plus(-1)), Err(Pause { until }));
            assert_eq!(guessing.admit(tried, until), Ok(()));
        }
        assert_eq!(guessing.admit(Tried::nobody("Quelqu'un d'autre"), START), Ok(()));
    }

    #[test]
    fn a_sign_in_begins_anew_and_a_clock_set_back_locks_nobody_out() {
        let guessing = Guessing::default();
        for _ in 0..GUESSES_MAX {
            guessing.admit(AWA, START).unwrap();
        }
        guessing.succeeded(AWA);
        for _ in 0..GUESSES_MAX {
            guessing.admit(AWA, START).unwrap();
        }
        assert!(guessing.admit(AWA, START).is_err());
        assert_eq!(guessing.admit(AWA, START.plus(-2 * GUESSES_MS)), Ok(()));
    }

    #[test]
    fn foreign_names_push_out_foreign_names_only() {
        let guessing = Guessing::default();
        for _ in 0..GUESSES_MAX {
            guessing.admit(AWA, START).unwrap();
        }
        for number in 0..GUESSED_NAMES_MAX + 10 {
            guessing.admit(Tried::nobody(&number.to_string()), START.plus(1)).unwrap();
        }
        assert!(guessing.admit(AWA, START.plus(2)).is_err());
        assert_eq!(guessing.counts.lock().unwrap().len(), GUESSED_NAMES_MAX + 1);
    }
}
