//! What a document may hold, how it is edited, and how it reads.
//!
//! Owns the schema: one table for each kind ([`schema`]) that typed edits ([`edit`]), projections ([`mod@project`]),
//! conflicts ([`conflict`]) and validation ([`mod@validate`]) share, and the constant first changes ([`constant`]) that
//! create all containers, so that two sites which open the same case offline merge field by field. Refuses raw puts:
//! outside this module nobody writes into an Automerge document. Who may write is decided elsewhere (gate, hub).
//!
//! Besides: human codes ([`code`]), dates and births with their precision ([`date`], [`birth`]), and the signed
//! configuration blob ([`config`]).

#[macro_use]
mod names;

pub mod birth;
pub mod code;
pub mod config;
pub mod conflict;
pub mod constant;
pub mod date;
mod derived;
pub mod edit;
mod history;
mod kind;
pub mod project;
mod rules;
pub mod schema;
mod shape;
mod summary;
mod tree;
pub mod validate;
pub mod value;
mod write;

pub use birth::{Birth, BirthSource, Precision};
pub use code::{Code, CodeError, DeviceLetters};
pub use config::{Configuration, ConfigurationError, SignedConfiguration};
pub use conflict::{Conflict, ConflictValue, conflicts};
pub use constant::{CONSTANT_ACTOR_PREFIX, Constant, blank, constant_hashes, constants};
pub use date::Date;
pub use edit::{Committed, Edit, EditError, actor_fits, apply, heads};
pub use kind::Kind;
pub use project::{ProjectError, Projection, project};
pub use rules::{ConsentStanding, OutcomeStanding, Standing};
pub use summary::Summary;
pub use validate::{Problem, check_edit, validate};
pub use value::{Answer, EntryId, EntryRef, PlaceCode, State, Value, When, WhenSource};

#[cfg(test)]
mod tests;
