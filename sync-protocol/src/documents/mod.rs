//! Document kinds.
