//! Segin's sync protocol as a calculation: no I/O, no clock, no randomness, no async.
//!
//! - [`documents`]: the kinds of document, their schema, typed edits, projections, conflicts.
//! - [`gate`]: what of a stranger's bytes may touch a document.
//! - [`wire`]: manifests, parcels, answers and the codec they travel in.
//! - [`device`]: the device's side of an exchange, event in, effects out.
//! - [`sealing`]: what only the hub can open.
//! - [`ids`], [`crypto`], [`limits`]: the words they share.
//!
//! Time, random bytes and storage results come in as arguments; what must be done comes out as values.

pub mod crypto;
pub mod device;
pub mod documents;
pub mod gate;
pub mod ids;
pub mod limits;
pub mod sealing;
pub mod wire;
