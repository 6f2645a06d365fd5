//! The promises of the product by name, and what it looks like when one is broken.

use std::fmt;

/// What the product promises; every check of the simulation names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Promise {
    /// A receipt exists only for what a sync has covered, and stays true after any crash.
    SavedMeansSaved,
    /// Nothing recorded is dropped: not by a merge, a lost scope, a crash, a clone, a restart.
    NothingDropped,
    /// The same changes make the same document, in any order, over any road.
    SameChangesSameDocument,
    /// Any request may arrive twice.
    Idempotent,
    /// One exchange when nothing changed, its size independent of what both sides hold.
    OneExchangeWhenNothingChanged,
    /// Everything arrives in the end, also over a narrow link that is cut again and again.
    ProgressOnAnyLink,
    /// Damaged bytes have no effect and no panic, and get an error.
    HostileBytesStopAtTheGate,
    /// A person sees only their scope.
    OnlyOnesScope,
    /// No device clock decides order, merge or access at the hub.
    NoDeviceClockDecides,
    /// Every queue, batch and message has its limit.
    Bounded,
}

/// A promise that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which.
    pub promise: Promise,
    /// What was seen.
    pub what: String,
}

impl Broken {
    /// A promise that did not hold, and what was seen.
    pub fn new(promise: Promise, what: impl Into<String>) -> Self {
        Self { promise, what: what.into() }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.promise, self.what)
    }
}

/// The outcome of a check.
pub type Check<T = ()> = Result<T, Broken>;

/// Fails with a promise unless the condition holds.
///
/// # Errors
/// [`Broken`] with what `what` says.
pub fn holds(promise: Promise, condition: bool, what: impl FnOnce() -> String) -> Check {
    if condition { Ok(()) } else { Err(Broken::new(promise, what())) }
}
