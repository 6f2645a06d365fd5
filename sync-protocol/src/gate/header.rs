//! The fields in front of a change's columns, and the footer behind them.

use super::reader::Reader;
use super::rejection::{Code, Rejection, demand};
use crate::ids::{Actor, ChangeHash};
use crate::limits::{
    CHANGE_ACTORS_MAX, CHANGE_DEPENDENCIES_MAX, CHANGE_FOOTER_BYTES_MAX, CHANGE_MESSAGE_BYTES_MAX, CHANGE_TIME_MAX,
    OPERATION_COUNTER_MAX, SEQUENCE_MAX,
};

/// The header of a change.
pub(super) struct Header {
    pub(super) deps: Vec<ChangeHash>,
    pub(super) actor: Actor,
    pub(super) seq: u64,
    pub(super) start_op: u64,
    pub(super) time: i64,
    /// The actors whose operations it names besides its own, in ascending order.
    pub(super) others: Vec<Actor>,
}

/// Reads the header; the reader then stands at the columns.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<Header, Rejection> {
    let deps = dependencies(reader)?;
    reader.name("actor");
    let actor = actor(reader)?;
    reader.name("sequence number");
    let seq = reader.uleb()?;
    demand((1..=SEQUENCE_MAX).contains(&seq), Code::Sequence, || {
        format!("sequence number: {seq}, must be from 1 to {SEQUENCE_MAX}")
    })?;
    reader.name("first operation");
    let start_op = reader.uleb()?;
    demand((1..=OPERATION_COUNTER_MAX).contains(&start_op), Code::StartOp, || {
        format!("first operation: {start_op}, must be from 1 to {OPERATION_COUNTER_MAX}")
    })?;
    reader.name("time");
    let time = reader.sleb()?;
    demand((-CHANGE_TIME_MAX..=CHANGE_TIME_MAX).contains(&time), Code::Time, || {
        "time: beyond what a calendar can show".into()
    })?;
    reader.name("message");
    let message = reader.prefixed()?;
    demand(message.len() <= CHANGE_MESSAGE_BYTES_MAX, Code::Message, || {
        format!("message: {} bytes, at most {CHANGE_MESSAGE_BYTES_MAX} are taken", message.len())
    })?;
    demand(std::str::from_utf8(message).is_ok(), Code::Message, || "message: not UTF-8".into())?;
    let others = other_actors(reader, actor)?;
    Ok(Header { deps, actor, seq, start_op, time, others })
}

fn dependencies(reader: &mut Reader<'_>) -> Result<Vec<ChangeHash>, Rejection> {
    reader.name("dependencies");
    let count = reader.uleb()?;
    demand(count <= CHANGE_DEPENDENCIES_MAX as u64, Code::Dependencies, || {
        format!("dependencies: {count}, at most {CHANGE_DEPENDENCIES_MAX} are taken")
    })?;
    let mut deps = Vec::with_capacity(count as usize);
    for _ in 0..count {
        deps.push(ChangeHash::new(reader.array()?));
    }
    demand(deps.is_sorted_by(|a, b| a < b), Code::Dependencies, || {
        "dependencies: not in ascending order, or one twice".into()
    })?;
    Ok(deps)
}

fn actor(reader: &mut Reader<'_>) -> Result<Actor, Rejection> {
    let bytes = reader.prefixed()?;
    Actor::from_slice(bytes)
        .ok_or_else(|| Rejection::new(Code::Actor, format!("{}: {} bytes, must be 16", reader.what(), bytes.len())))
}

fn other_actors(reader: &mut Reader<'_>, own: Actor) -> Result<Vec<Actor>, Rejection> {
    reader.name("other actors");
    let count = reader.uleb()?;
    demand(count <= CHANGE_ACTORS_MAX as u64, Code::Actor, || {
        format!("other actors: {count}, at most {CHANGE_ACTORS_MAX} are taken")
    })?;
    let mut others = Vec::with_capacity(count as usize);
    for _ in 0..count {
        others.push(actor(reader)?);
    }
    demand(others.is_sorted_by(|a, b| a < b) && !others.contains(&own), Code::Actor, || {
        "other actors: not in ascending order, one twice, or the change's own".into()
    })?;
    Ok(others)
}

/// Checks what stands behind the columns: nothing, or the author footer of an actor's first change.
pub(super) fn footer(bytes: &[u8], seq: u64) -> Result<(), Rejection> {
    if bytes.is_empty() {
        return Ok(());
    }
    demand(bytes.len() <= CHANGE_FOOTER_BYTES_MAX, Code::Footer, || {
        format!("footer: {} bytes, at most {CHANGE_FOOTER_BYTES_MAX} are taken", bytes.len())
    })?;
    demand(seq == 1, Code::Footer, || "footer: stands on an actor's first change only".into())?;
    let mut reader = Reader::new(bytes, "footer");
    let is_author = reader.uleb()? == 1;
    reader.prefixed()?;
    demand(is_author && reader.is_empty(), Code::Footer, || "footer: not an author footer".into())
}
