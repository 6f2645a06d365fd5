//! Import: registrations from a CSV file become cases.
//!
//! Owns what a row's identity is and what happens when it comes again. Spelling and precision stay as found. A file
//! that is no such CSV is refused whole, before anything is stored; a row that cannot be read is listed and the
//! others go on.
//!
//! A row is known by source name and row id, else by line number and hash. The second of two identical rows is a row
//! of its own. What was imported of a row stands in the device's store, in the batch that stored the case: importing
//! again makes no second copy, also after a cut.

mod rows;
mod table;

use std::collections::BTreeMap;
use std::path::Path;

use minicbor::{Decode, Encode};
use serde::Serialize;
use sha2::{Digest, Sha256};
use sync_protocol::device::EditRequest;
use sync_protocol::documents::Kind;
use sync_protocol::ids::{DocumentId, Hash};
use sync_protocol::wire::codec::{from_cbor, to_cbor};
use thiserror::Error;

use super::session::{FieldDevice, FieldError, Recorded};
use super::store::FieldStore;
use crate::limits::{FIELD_IMPORT_HASHES_MAX, IMPORT_BATCH_ROWS};
use crate::random::Random;
pub use rows::{COLUMNS, Entries, RowProblem};
use rows::{Fields, Vocabulary, changes, edits};
pub use table::{Table, TableError};

/// Why an import ended.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The file is no such table: nothing was imported.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The device failed. Rows reported before are stored; importing again goes on.
    #[error(transparent)]
    Device(#[from] FieldError),
}

impl ImportError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Table(error) => error.code(),
            Self::Device(error) => error.code(),
        }
    }
}

/// A row that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// Line in the file, from 1.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// A row that came again with other content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// Line in the file, from 1.
    pub line: u64,
    /// The case that was edited.
    pub document: DocumentId,
    /// Which columns differ.
    pub columns: Vec<String>,
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// Rows of the file.
    pub rows: usize,
    /// New cases.
    pub recorded: usize,
    /// Rows that were here already.
    pub known: usize,
    /// Rows that were an edit.
    pub changed: Vec<Changed>,
    /// Rows that were not taken.
    pub unread: Vec<Unread>,
    /// Columns of the file that no case has a place for.
    pub columns_passed_over: Vec<String>,
}

/// What is kept of an imported row.
#[derive(Debug, Clone, Encode, Decode)]
struct Imported {
    #[n(0)]
    document: DocumentId,
    /// Hashes of the contents that came under this identity, the newest last: none of them is imported again.
    #[n(1)]
    hashes: Vec<Hash>,
    #[n(2)]
    fields: Vec<String>,
    #[n(3)]
    entries: Entries,
}

/// What becomes of one row.
enum Fate {
    Known,
    New(Box<Imported>, EditRequest),
    Changed(Box<Imported>, EditRequest, Vec<String>),
}

/// Imports a file. `source` names where it is from: the same name for later states of the same list. `progress` is
/// told how many of how many rows are done.
///
/// # Errors
/// [`ImportError`].
pub fn import<S: FieldStore>(
    device: &mut FieldDevice<S>,
    path: &Path,
    source: &str,
    random: &mut dyn Random,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<ImportReport, ImportError> {
    let table = Table::read(path)?;
    let configuration = device.configuration()?;
    let code_of = |list: &str, word: &str| Some(configuration.as_ref()?.code_of(list, word)?.to_owned());
    let mut report = ImportReport {
        rows: table.rows.len(),
        columns_passed_over: table.passed_over.clone(),
        ..ImportReport::default()
    };
    let mut importer = Importer { source, words: &code_of, random, seen: BTreeMap::new(), pending: Vec::new() };
    let total = table.rows.len();
    for (done, row) in table.rows.iter().enumerate() {
        match row {
            Ok((line, fields)) => importer.take(device, *line, fields, &mut report)?,
            Err(unread) => report.unread.push(unread.clone()),
        }
        if importer.pending.len() >= IMPORT_BATCH_ROWS {
            importer.store(device, &mut report)?;
        }
        progress(done + 1, total);
    }
    importer.store(device, &mut report)?;
    report.unread.sort_by_key(|unread| unread.line);
    Ok(report)
}

/// A row on its way into the store.
struct Pending {
    line: u64,
    request: EditRequest,
    key: Vec<u8>,
    imported: Imported,
    /// For an edit: the columns that differ.
    columns: Option<Vec<String>>,
}

struct Importer<'a> {
    source: &'a str,
    words: Vocabulary<'a>,
    random: &'a mut dyn Random,
    /// How often each content came under each id in this file.
    seen: BTreeMap<(String, Hash), u32>,
    pending: Vec<Pending>,
}

impl Importer<'_> {
    fn take<S: FieldStore>(
        &mut self,
        device: &mut FieldDevice<S>,
        line: u64,
        fields: &Fields,
        report: &mut ImportReport,
    ) -> Result<(), ImportError> {
        let hash = fields.hash();
        let id = fields.get("rec_id").trim().to_owned();
        let times = self.seen.entry((id.clone(), hash)).or_default();
        let key = row_key(self.source, &id, line, hash, *times);
        *times += 1;
        // A row that the same batch holds is in the store before it is looked for.
        if self.pending.iter().any(|pending| pending.key == key) {
            self.store(device, report)?;
        }
        let known: Option<Imported> = device.row(&key)?.and_then(|bytes| from_cbor(&bytes).ok());
        let fate = self.fate(line, fields, hash, known);
        match fate {
            Ok(Fate::Known) => report.known += 1,
            Ok(Fate::New(imported, request)) => {
                self.pending.push(Pending { line, request, key, imported: *imported, columns: None });
            }
            Ok(Fate::Changed(imported, request, columns)) => {
                self.pending.push(Pending { line, request, key, imported: *imported, columns: Some(columns) });
            }
            Err(problem) => report.unread.push(Unread { line, reason: problem.to_string() }),
        }
        Ok(())
    }

    fn fate(&mut self, line: u64, fields: &Fields, hash: Hash, known: Option<Imported>) -> Result<Fate, RowProblem> {
        let Some(mut known) = known else {
            let (mut edits, entries) = edits(fields, self.words, self.random)?;
            edits.extend(rows::origin_of_row(self.source, fields, line, hash));
            // The document's id is drawn by the device: it is known once the row is stored.
            let imported =
                Imported { document: DocumentId::new([0; 16]), hashes: vec![hash], fields: fields.values(), entries };
            return Ok(Fate::New(Box::new(imported), EditRequest::begin(Kind::Case, edits)));
        };
        if known.hashes.contains(&hash) {
            return Ok(Fate::Known);
        }
        let before = Fields::new(known.fields.clone());
        let columns = fields.differing(&before);
        let mut changes = changes(&before, fields, &mut known.entries, self.words, self.random)?;
        changes.push(rows::hash_of_row(hash));
        known.hashes.push(hash);
        let excess = known.hashes.len().saturating_sub(FIELD_IMPORT_HASHES_MAX);
        known.hashes.drain(..excess);
        known.fields = fields.values();
        let request = EditRequest::change(known.document, Kind::Case, None, changes);
        Ok(Fate::Changed(Box::new(known), request, columns))
    }

    /// Stores what is pending in one batch, each row with what is kept of it.
    fn store<S: FieldStore>(
        &mut self,
        device: &mut FieldDevice<S>,
        report: &mut ImportReport,
    ) -> Result<(), ImportError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let pending = std::mem::take(&mut self.pending);
        let requests = pending
            .iter()
            .map(|row| {
                let mut request = row.request.clone();
                let mut imported = row.imported.clone();
                if request.document.is_none() {
                    // Drawn here, so that what is kept of the row can name it in the same batch.
                    let id = device.new_document_id(self.random);
                    imported.document = id;
                    request.new_id = Some(id);
                }
                request.beside.push((row.key.clone(), to_cbor(&imported)));
                request
            })
            .collect();
        let results: Vec<Result<Recorded, FieldError>> = device.edit_many(requests)?;
        for (row, result) in pending.into_iter().zip(results) {
            match (result, row.columns) {
                (Ok(recorded), Some(columns)) => {
                    report.changed.push(Changed { line: row.line, document: recorded.document, columns });
                }
                (Ok(_), None) => report.recorded += 1,
                (Err(error), _) => report.unread.push(Unread { line: row.line, reason: error.to_string() }),
            }
        }
        Ok(())
    }
}

/// Under what an imported row is kept: says nothing about its content.
fn row_key(source: &str, id: &str, line: u64, hash: Hash, times: u32) -> Vec<u8> {
    let identity = if id.is_empty() {
        [b"line".as_slice(), &line.to_be_bytes(), hash.as_bytes()].concat()
    } else {
        [b"id".as_slice(), &times.to_be_bytes(), id.as_bytes()].concat()
    };
    let length = u32::try_from(source.len()).unwrap_or(u32::MAX);
    let full = Sha256::new().chain_update(length.to_be_bytes()).chain_update(source).chain_update(identity).finalize();
    [b"import/".as_slice(), full.as_slice()].concat()
}

#[cfg(test)]
mod tests;
