//! Reading a stored copy: what a screen shows of one document.

use super::copy::Copy;
use crate::documents::{self, Conflict, Kind, Projection};
use crate::ids::ChangeHash;

/// A document as it is shown.
#[derive(Debug, Clone)]
pub struct View {
    /// The heads that are shown; an edit names them.
    pub heads: Vec<ChangeHash>,
    /// Its content.
    pub projection: Projection,
    /// Fields with several values.
    pub conflicts: Vec<Conflict>,
}

/// Reads the bytes of a [`super::Key::Copy`]; `None` when they cannot be read.
#[must_use]
pub fn view(kind: Kind, saved: &[u8]) -> Option<View> {
    let copy = Copy::load(kind, saved).ok()?;
    let projection = documents::project(kind, &copy.doc).ok()?;
    Some(View { heads: copy.heads(), projection, conflicts: documents::conflicts(kind, &copy.doc) })
}

/// Every change of a stored copy but the constants; `None` when it cannot be read.
#[must_use]
pub fn changes(kind: Kind, saved: &[u8]) -> Option<Vec<ChangeHash>> {
    Some(Copy::load(kind, saved).ok()?.hashes())
}
