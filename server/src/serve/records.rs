//! What bounds the records of who looked at what, and how often somebody may look beyond the scope.
//!
//! In memory: after a start the same look makes one entry more, and limits begin anew. Times are hub times that are
//! given. What is recorded stands in the log; who records: `routes::recording`.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sync_protocol::ids::{DocumentId, Millis};

use crate::hub::fact::{By, Ground};
use crate::limits;

/// One minute, in milliseconds.
const MINUTE: i64 = 60_000;
/// One hour, in milliseconds.
const HOUR: i64 = 60 * MINUTE;

/// How often something may be done by one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Often {
    /// Within an hour.
    pub an_hour: usize,
    /// Within a day.
    pub a_day: usize,
}

/// How often somebody may look beyond the scope.
pub const LOOK_UPS: Often = Often { an_hour: limits::LOOK_UPS_AN_HOUR_MAX, a_day: limits::LOOK_UPS_A_DAY_MAX };
/// How often somebody may break the glass.
pub const GLASS: Often = Often { an_hour: limits::GLASS_AN_HOUR_MAX, a_day: limits::GLASS_A_DAY_MAX };

/// What is counted for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Counted {
    /// Looks beyond the scope.
    LookUp,
    /// Cases opened outside of it.
    Glass,
}

/// The bounds' memory.
#[derive(Default)]
pub struct Records {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    reads: HashMap<(By, DocumentId, Ground), Millis>,
    denials: HashMap<By, (Millis, u32)>,
    acts: HashMap<(By, Counted), VecDeque<Millis>>,
}

impl Records {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this look was recorded a moment ago: it is one with that.
    #[must_use]
    pub fn is_recorded(&self, by: By, document: DocumentId, ground: Ground, now: Millis) -> bool {
        let known = self.state().reads.get(&(by, document, ground)).copied();
        known.is_some_and(|at| within(at, now, limits::READ_AGAIN_MS))
    }

    /// Notes that a look stands in the log.
    pub fn recorded(&self, by: By, document: DocumentId, ground: Ground, now: Millis) {
        let mut state = self.state();
        if state.reads.len() >= limits::READS_REMEMBERED_MAX {
            state.reads.retain(|_, at| within(*at, now, limits::READ_AGAIN_MS));
            if state.reads.len() >= limits::READS_REMEMBERED_MAX {
                // Each look is then an entry of its own again: more than needed, never less.
                state.reads.clear();
            }
        }
        state.reads.insert((by, document, ground), now);
    }

    /// Whether a denial is to be recorded, or only counted.
    #[must_use]
    pub fn takes_denial(&self, by: By, now: Millis) -> bool {
        let mut state = self.state();
        // As many as there are principals; those of other minutes are not needed.
        if state.denials.len() >= limits::READS_REMEMBERED_MAX {
            state.denials.retain(|_, (since, _)| within(*since, now, MINUTE));
        }
        let (since, count) = state.denials.entry(by).or_insert((now, 0));
        if !within(*since, now, MINUTE) {
            (*since, *count) = (now, 0);
        }
        *count += 1;
        *count <= limits::DENIALS_A_MINUTE_MAX
    }

    /// Counts an act that may not be done too often.
    ///
    /// # Errors
    /// The milliseconds after which it may be tried again; it is not counted then.
    pub fn take(&self, by: By, what: Counted, now: Millis) -> Result<(), i64> {
        let often = match what {
            Counted::LookUp => LOOK_UPS,
            Counted::Glass => GLASS,
        };
        let mut state = self.state();
        let acts = state.acts.entry((by, what)).or_default();
        while acts.front().is_some_and(|at| !within(*at, now, Millis::DAY)) {
            acts.pop_front();
        }
        let until = |at: &Millis, span: i64| at.0.saturating_add(span).saturating_sub(now.0).max(1);
        if let (true, Some(first)) = (acts.len() >= often.a_day, acts.front()) {
            return Err(until(first, Millis::DAY));
        }
        let in_hour: Vec<&Millis> = acts.iter().filter(|at| within(**at, now, HOUR)).collect();
        if let (true, Some(first)) = (in_hour.len() >= often.an_hour, in_hour.first()) {
            return Err(until(first, HOUR));
        }
        acts.push_back(now);
        Ok(())
    }
}

fn within(at: Millis, now: Millis, span: i64) -> bool {
    now.0.saturating_sub(at.0) < span
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_protocol::ids::UserId;

    const NOW: Millis = Millis(1_714_480_000_000);

    fn user(number: u8) -> By {
        By::User(UserId::new([number; 16]))
    }

    #[test]
    fn the_same_look_within_a_while_is_one() {
        let records = Records::default();
        let case = DocumentId::new([9; 16]);
        let is = |by, ground, after: i64| records.is_recorded(by, case, ground, Millis(NOW.0 + after));
        assert!(!is(user(1), Ground::Scope, 0));
        records.recorded(user(1), case, Ground::Scope, NOW);
        assert!(is(user(1), Ground::Scope, limits::READ_AGAIN_MS - 1));
        assert!(!is(user(1), Ground::Scope, limits::READ_AGAIN_MS));
        assert!(!is(user(1), Ground::BreakGlass, 0), "another ground is another look");
        assert!(!is(user(2), Ground::Scope, 0));
    }

    #[test]
    fn denials_are_recorded_up_to_a_number_a_minute() {
        let records = Records::default();
        let max = limits::DENIALS_A_MINUTE_MAX;
        let taken = |by, at: i64| (0..max + 5).filter(|_| records.takes_denial(by, Millis(NOW.0 + at))).count();
        assert_eq!(taken(user(1), 0), max as usize);
        assert_eq!(taken(user(1), MINUTE - 1), 0);
        assert_eq!(taken(user(2), 0), max as usize, "each for themselves");
        assert_eq!(taken(user(1), MINUTE), max as usize);
    }

    #[test]
    fn looks_beyond_the_scope_have_an_hourly_and_a_daily_end() {
        let records = Records::default();
        let take = |at: i64| records.take(user(1), Counted::LookUp, Millis(NOW.0 + at));
        let taken = |at: i64| (0..1_000).take_while(|_| take(at).is_ok()).count();
        assert_eq!(taken(0), LOOK_UPS.an_hour);
        assert_eq!(take(MINUTE), Err(HOUR - MINUTE));
        let later: usize = (1..23).map(|hour| taken(hour * HOUR)).sum();
        assert_eq!(LOOK_UPS.an_hour + later, LOOK_UPS.a_day);
        assert_eq!(take(23 * HOUR), Err(HOUR), "the day is used up");
        assert!(take(Millis::DAY).is_ok());
        assert!(records.take(user(2), Counted::LookUp, NOW).is_ok());
        assert!(records.take(user(1), Counted::Glass, NOW).is_ok());
    }
}
