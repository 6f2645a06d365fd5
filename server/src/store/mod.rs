//! Storage behind small contracts: what is recorded, and what is derived from it.
//!
//! Stores of record are the log, the keyring and the master key, nothing else. In every contract `Ok` means durable; an
//! error of a write means that the outcome is unknown until the next start. No HTTP and no access decisions here.
//!
//! - [`files`]: what a folder of files can do and how it can fail; a real one, and a fake one that forgets.
//! - [`log`]: the append-only log. [`copy`] keeps a second one of it in another place.
//! - [`keyring`]: which keys open what stands in the log. [`seal`] is the sealing itself.
//! - [`documents`]: merged documents, feed and channels, derived from the log and rebuildable.
//! - [`read_model`]: what pages and figures are read from, in memory, following the log.

pub mod copy;
pub mod documents;
pub mod files;
pub mod keyring;
pub mod log;
pub mod read_model;
pub mod seal;
