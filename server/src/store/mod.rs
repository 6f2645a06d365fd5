//! Storage behind small contracts: what is recorded, and what is derived from it.
//!
//! - [`documents`]: merged documents, feed and channels, derived from the log and rebuildable.

pub mod documents;
