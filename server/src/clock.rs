//! Hub time as an input: the machine's clock in the hub, a number that a test sets in the simulation.
//!
//! The only place that reads the machine's clock for anything that is stored, decided or shown. Random bytes are in
//! [`crate::random`].

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use sync_protocol::ids::Millis;

/// A source of hub time.
pub trait Clock: Send + Sync {
    /// The present moment. May jump, also backwards, when somebody sets the machine's clock.
    fn now(&self) -> Millis;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Millis {
        let millis = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |millis| -millis),
        };
        Millis(millis)
    }
}

/// A clock that stands still until it is set; its clones share the time.
#[derive(Debug, Clone, Default)]
pub struct FakeClock(Arc<AtomicI64>);

impl FakeClock {
    /// A clock that shows this moment.
    #[must_use]
    pub fn new(now: Millis) -> Self {
        Self(Arc::new(AtomicI64::new(now.0)))
    }

    /// Shows this moment from now on; it may lie before the last one.
    pub fn set(&self, now: Millis) {
        self.0.store(now.0, Ordering::SeqCst);
    }

    /// Moves on by so many milliseconds.
    pub fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Millis {
        Millis(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_of_a_fake_clock_share_the_time() {
        let clock = FakeClock::new(Millis(5));
        let other = clock.clone();
        clock.advance(10);
        assert_eq!(other.now(), Millis(15));
        other.set(Millis(-1));
        assert_eq!(clock.now(), Millis(-1));
        assert!(SystemClock.now() > Millis(1_700_000_000_000));
    }
}
