//! What can be said about a change by itself, from its bytes alone.

use std::fmt;
use std::panic::AssertUnwindSafe;

use super::columns::Columns;
use super::operations::Operations;
use super::reader::Reader;
use super::rejection::{Code, Rejection, demand};
use super::{chunk, header, operations, quiet};
use crate::ids::{Actor, ChangeHash};
use crate::limits::OPERATION_COUNTER_MAX;

/// A change whose bytes are sound. Whether a document can take it is another question: [`super::judge`].
#[derive(Clone)]
pub struct InspectedChange {
    /// The hash, computed here from the contents.
    pub hash: ChangeHash,
    /// Who wrote it; not authenticated by itself.
    pub actor: Actor,
    /// The number of this change among its actor's, from 1.
    pub seq: u64,
    /// The counter of its first operation.
    pub start_op: u64,
    /// The counter of its last operation; `start_op - 1` when it has none.
    pub max_op: u64,
    /// The changes that it builds on, in ascending order.
    pub deps: Vec<ChangeHash>,
    /// When its device thinks it was made; in seconds or milliseconds since 1970, as its client counts.
    pub time: i64,
    /// The whole chunk, uncompressed.
    pub raw: Vec<u8>,
    /// The other actors whose operations it refers to.
    pub(super) others: Vec<Actor>,
    pub(super) operations: std::sync::Arc<Operations>,
    pub(super) change: automerge::Change,
}

impl fmt::Debug for InspectedChange {
    /// Without the contents: they are personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InspectedChange")
            .field("hash", &self.hash)
            .field("actor", &self.actor)
            .field("seq", &self.seq)
            .field("start_op", &self.start_op)
            .field("max_op", &self.max_op)
            .field("bytes", &self.raw.len())
            .finish_non_exhaustive()
    }
}

/// Checks a change by itself: envelope, header, columns, every operation, then Automerge's own parser.
///
/// Work and memory are bounded by the limits of [`crate::limits`], whatever the bytes announce.
///
/// # Errors
/// The first thing that is wrong.
pub fn inspect(bytes: &[u8]) -> Result<InspectedChange, Rejection> {
    let chunk::Opened { hash, raw, body } = chunk::open(bytes)?;
    let mut reader = Reader::new(&raw[body..], "change");
    let head = header::read(&mut reader)?;
    let columns = Columns::read(&mut reader)?;
    header::footer(reader.rest(), head.seq)?;
    let operations = operations::walk(&columns, head.start_op, 1 + head.others.len())?;
    let max_op = head.start_op + operations.count - 1;
    demand(max_op <= OPERATION_COUNTER_MAX, Code::StartOp, || {
        format!("last operation: {max_op}, at most {OPERATION_COUNTER_MAX}")
    })?;
    let change = parse(&raw)?;
    let same = change.hash().0 == *hash.as_bytes() && change.max_op() == max_op && change.seq() == head.seq;
    demand(same, Code::Parse, || "change: Automerge reads it as another one".into())?;
    Ok(InspectedChange {
        hash,
        actor: head.actor,
        seq: head.seq,
        start_op: head.start_op,
        max_op,
        deps: head.deps,
        time: head.time,
        raw,
        others: head.others,
        operations: operations.into(),
        change,
    })
}

fn parse(raw: &[u8]) -> Result<automerge::Change, Rejection> {
    quiet::catch(AssertUnwindSafe(|| automerge::Change::try_from(raw)))
        .map_err(|()| Rejection::new(Code::Panic, "change: reading it panicked"))?
        .map_err(|_| Rejection::new(Code::Parse, "change: Automerge cannot read it"))
}
