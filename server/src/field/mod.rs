//! The headless field device: the protocol's state machine with a store, a link and a clock.
//!
//! - [`store`]: a small durable store, encrypted under a key file; in memory for simulations.
//! - [`driver`]: does the effects of the state machine on a store. No network, no async.
//! - [`client`]: HTTP/1.1, kept alive, its bytes counted at the socket. [`cut`]: a link that breaks, for demo and tests.
//! - [`session`]: what command line, demo, measurements and tests use: record, edit, sync, status.
//! - [`locked`]: sends what is sealed to the hub, without the key file.
//! - [`carrying`]: the same in files that people carry, and back.
//! - [`import`]: registrations from a CSV file.
//!
//! Decides nothing about merging, fates or receipts: that is `sync_protocol::device`.

pub mod carrying;
pub mod client;
pub mod cut;
pub mod driver;
pub mod import;
pub mod locked;
pub mod session;
pub mod store;

pub use driver::{Driver, Outgoing, Step};
pub use session::{Card, FieldDevice, FieldError, Recorded, Referring, Rejected, Status, SyncReport};
pub use store::{FieldStore, MemoryFieldStore, SqliteStore, StoreError};
