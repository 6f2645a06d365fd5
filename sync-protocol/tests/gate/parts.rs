//! A change taken apart and put together again: an encoder that writes any field of it, honest or not, with the right
//! checksum or a wrong one. For the gate's tests, the adversary over HTTP and the fuzzer's seeds; checks nothing itself.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "helpers of tests")]
#![allow(dead_code, reason = "each test file uses its part")]

use sha2::{Digest, Sha256};

/// Writes a number as Automerge writes lengths and counters.
pub fn uleb(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Writes a signed number as Automerge writes it.
pub fn sleb(out: &mut Vec<u8>, mut value: i64) {
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        if (value == 0 && byte & 0x40 == 0) || (value == -1 && byte & 0x40 != 0) {
            out.push(byte);
            return;
        }
        out.push(byte | 0x80);
    }
}

fn read_uleb(bytes: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = bytes[0];
        *bytes = &bytes[1..];
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return value;
        }
    }
}

fn read_sleb(bytes: &mut &[u8]) -> i64 {
    let (mut value, mut shift) = (0_i64, 0);
    loop {
        let byte = bytes[0];
        *bytes = &bytes[1..];
        value |= i64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return if shift < 64 && byte & 0x40 != 0 { value | (-1 << shift) } else { value };
        }
    }
}

fn take<'a>(bytes: &mut &'a [u8], len: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(len);
    *bytes = rest;
    taken
}

/// A change taken apart.
#[derive(Debug, Clone)]
pub struct Parts {
    /// What it builds on.
    pub deps: Vec<[u8; 32]>,
    /// Who wrote it.
    pub actor: Vec<u8>,
    /// The actor's how-manieth change.
    pub seq: u64,
    /// The counter of its first operation.
    pub start_op: u64,
    /// As its clock said.
    pub time: i64,
    /// Its message, text or not.
    pub message: Vec<u8>,
    /// The other actors that it names.
    pub others: Vec<Vec<u8>>,
    /// Specification and bytes of each column.
    pub columns: Vec<(u64, Vec<u8>)>,
    /// What stands behind the columns.
    pub footer: Vec<u8>,
}

/// Column specifications by name.
pub mod column {
    /// Whose object an operation is in.
    pub const OBJECT_ACTOR: u64 = 1;
    /// Which one of that actor's.
    pub const OBJECT_COUNTER: u64 = 2;
    /// Whose element a list's operation stands at.
    pub const KEY_ACTOR: u64 = 17;
    /// The key in a map.
    pub const KEY_TEXT: u64 = 21;
    /// Whether it inserts.
    pub const INSERT: u64 = 52;
    /// What it does.
    pub const ACTION: u64 = 66;
    /// Type and length of its value.
    pub const VALUE_META: u64 = 86;
    /// The values' bytes.
    pub const VALUE: u64 = 87;
    /// How many operations it replaces.
    pub const PRED_COUNT: u64 = 112;
    /// Whose.
    pub const PRED_ACTOR: u64 = 113;
    /// Which of theirs.
    pub const PRED_COUNTER: u64 = 115;
}

impl Parts {
    /// Takes an honest plain change apart.
    #[must_use]
    pub fn of(raw: &[u8]) -> Self {
        let mut rest = &raw[9..];
        let len = read_uleb(&mut rest) as usize;
        assert_eq!(rest.len(), len);
        let b = &mut rest;
        let deps = (0..read_uleb(b)).map(|_| take(b, 32).try_into().unwrap()).collect();
        let bytes = |b: &mut &[u8]| {
            let len = read_uleb(b) as usize;
            take(b, len).to_vec()
        };
        let actor = bytes(b);
        let (seq, start_op, time) = (read_uleb(b), read_uleb(b), read_sleb(b));
        let message = bytes(b);
        let others = (0..read_uleb(b)).map(|_| bytes(b)).collect();
        let list: Vec<_> = (0..read_uleb(b)).map(|_| (read_uleb(b), read_uleb(b) as usize)).collect();
        let columns = list.into_iter().map(|(spec, len)| (spec, take(b, len).to_vec())).collect();
        Self { deps, actor, seq, start_op, time, message, others, columns, footer: b.to_vec() }
    }

    /// A column's bytes; an empty one is put in its place where there is none.
    pub fn column(&mut self, spec: u64) -> &mut Vec<u8> {
        if !self.columns.iter().any(|(s, _)| *s == spec) {
            self.columns.push((spec, Vec::new()));
            self.columns.sort_by_key(|(s, _)| *s);
        }
        &mut self.columns.iter_mut().find(|(s, _)| *s == spec).unwrap().1
    }

    /// The same with other bytes in a column.
    #[must_use]
    pub fn with(mut self, spec: u64, bytes: &[u8]) -> Self {
        *self.column(spec) = bytes.to_vec();
        self
    }

    /// The same without a column.
    #[must_use]
    pub fn without(mut self, spec: u64) -> Self {
        self.columns.retain(|(s, _)| *s != spec);
        self
    }

    /// What stands in the chunk.
    #[must_use]
    pub fn contents(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let bytes = |out: &mut Vec<u8>, bytes: &[u8]| {
            uleb(out, bytes.len() as u64);
            out.extend_from_slice(bytes);
        };
        uleb(&mut out, self.deps.len() as u64);
        self.deps.iter().for_each(|dep| out.extend_from_slice(dep));
        bytes(&mut out, &self.actor);
        uleb(&mut out, self.seq);
        uleb(&mut out, self.start_op);
        sleb(&mut out, self.time);
        bytes(&mut out, &self.message);
        uleb(&mut out, self.others.len() as u64);
        self.others.iter().for_each(|other| bytes(&mut out, other));
        uleb(&mut out, self.columns.len() as u64);
        for (spec, data) in &self.columns {
            uleb(&mut out, *spec);
            uleb(&mut out, data.len() as u64);
        }
        self.columns.iter().for_each(|(_, data)| out.extend_from_slice(data));
        out.extend_from_slice(&self.footer);
        out
    }

    /// Puts it together again, with the right checksum.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        chunk(1, &self.contents())
    }
}

/// The checksum of a chunk of this kind.
#[must_use]
pub fn checksum(kind: u8, contents: &[u8]) -> [u8; 4] {
    let mut head = vec![kind];
    uleb(&mut head, contents.len() as u64);
    let hash: [u8; 32] = Sha256::new().chain_update(&head).chain_update(contents).finalize().into();
    hash[..4].try_into().unwrap()
}

/// A chunk of any kind around any contents, with the right checksum.
#[must_use]
pub fn chunk(kind: u8, contents: &[u8]) -> Vec<u8> {
    framed(kind, checksum(kind, contents), contents)
}

/// A compressed change around contents, with the right checksum.
#[must_use]
pub fn compressed(contents: &[u8]) -> Vec<u8> {
    framed(2, checksum(1, contents), &deflate(contents))
}

/// A chunk with any kind and checksum.
#[must_use]
pub fn framed(kind: u8, checksum: [u8; 4], contents: &[u8]) -> Vec<u8> {
    let mut out = vec![0x85, 0x6f, 0x4a, 0x83];
    out.extend_from_slice(&checksum);
    out.push(kind);
    uleb(&mut out, contents.len() as u64);
    out.extend_from_slice(contents);
    out
}

/// Compressed as chunks are.
#[must_use]
pub fn deflate(contents: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(contents).unwrap();
    encoder.finish().unwrap()
}

/// The columns of one operation that sets a key of the root to null, run-length encoded `count` times.
#[must_use]
pub fn run_bomb(count: i64) -> Vec<(u64, Vec<u8>)> {
    let mut run = Vec::new();
    sleb(&mut run, count);
    let with = |value: &[u8]| [&run[..], value].concat();
    let mut flags = Vec::new();
    uleb(&mut flags, count as u64);
    vec![
        (column::KEY_TEXT, with(&[1, b'k'])),
        (column::INSERT, flags),
        (column::ACTION, with(&[1])),
        (column::VALUE_META, with(&[0])),
        (column::PRED_COUNT, with(&[0])),
    ]
}

/// The columns of one operation that says that it replaces so many others.
#[must_use]
pub fn predecessor_bomb(count: u64) -> Vec<(u64, Vec<u8>)> {
    let (mut counted, mut actors, mut counters) = (vec![0x7f], Vec::new(), Vec::new());
    uleb(&mut counted, count);
    sleb(&mut actors, i64::MAX);
    actors.push(0);
    sleb(&mut counters, i64::MAX);
    counters.push(1);
    vec![
        (column::KEY_TEXT, vec![0x7f, 1, b'k']),
        (column::INSERT, vec![1]),
        (column::ACTION, vec![0x7f, 1]),
        (column::VALUE_META, vec![0x7f, 0]),
        (column::PRED_COUNT, counted),
        (column::PRED_ACTOR, actors),
        (column::PRED_COUNTER, counters),
    ]
}

/// The columns of one operation that sets a key of the root to a value of any type and bytes.
#[must_use]
pub fn one_value(kind: u8, bytes: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let mut meta = vec![0x7f];
    uleb(&mut meta, (bytes.len() as u64) << 4 | u64::from(kind));
    let mut columns = vec![
        (column::KEY_TEXT, vec![0x7f, 1, b'k']),
        (column::INSERT, vec![1]),
        (column::ACTION, vec![0x7f, 1]),
        (column::VALUE_META, meta),
        (column::VALUE, bytes.to_vec()),
        (column::PRED_COUNT, vec![0x7f, 0]),
    ];
    columns.retain(|(_, data)| !data.is_empty());
    columns
}
