//! The table: bytes of a file become rows of known columns, or one clear sentence.

use std::path::{Path, PathBuf};

use thiserror::Error;

use super::Unread;
use super::rows::{COLUMNS, Fields};
use crate::limits::{IMPORT_FILE_BYTES_MAX, IMPORT_ROW_BYTES_MAX};

/// Why a file is not such a table. Nothing of it was imported.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TableError {
    /// It cannot be read.
    #[error("{path} cannot be read: {reason}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Too large.
    #[error("the file has more than {IMPORT_FILE_BYTES_MAX} bytes: cut it into several")]
    TooLarge,
    /// Nothing in it.
    #[error("the file is empty: wanted is a CSV file whose first line names its columns")]
    Empty,
    /// Not a text.
    #[error("the file is not a text but something binary, perhaps a spreadsheet: save it as CSV (UTF-8)")]
    Binary,
    /// Another encoding.
    #[error("the file is not in UTF-8 (line {line}): save it as CSV (UTF-8)")]
    Encoding {
        /// The first line that is not.
        line: usize,
    },
    /// Columns are missing.
    #[error("the file lacks the columns {0}: is it the right file, with its column names in the first line?")]
    Columns(String),
    /// A column is there twice.
    #[error("the file has the column {0} twice")]
    Twice(String),
}

impl TableError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "import-file",
            Self::TooLarge => "import-too-large",
            Self::Empty => "import-empty",
            Self::Binary => "import-binary",
            Self::Encoding { .. } => "import-encoding",
            Self::Columns(_) => "import-columns",
            Self::Twice(_) => "import-column-twice",
        }
    }
}

/// A file's rows, with their lines.
#[derive(Debug)]
pub struct Table {
    /// Each row with its line, or why it cannot be read.
    pub rows: Vec<Result<(u64, Fields), Unread>>,
    /// Columns that no case has a place for.
    pub passed_over: Vec<String>,
}

impl Table {
    /// Reads a file.
    ///
    /// # Errors
    /// [`TableError`].
    pub fn read(path: &Path) -> Result<Self, TableError> {
        let wrong = |error: std::io::Error| TableError::File { path: path.to_owned(), reason: error.to_string() };
        if std::fs::metadata(path).map_err(wrong)?.len() > IMPORT_FILE_BYTES_MAX {
            return Err(TableError::TooLarge);
        }
        Self::parse(&std::fs::read(path).map_err(wrong)?)
    }

    /// Reads a file's bytes.
    ///
    /// # Errors
    /// [`TableError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, TableError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        if bytes.contains(&0) {
            return Err(TableError::Binary);
        }
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let before = &bytes[..error.valid_up_to()];
            TableError::Encoding { line: 1 + before.iter().filter(|byte| **byte == b'\n').count() }
        })?;
        let first = text.lines().next().filter(|line| !line.trim().is_empty()).ok_or(TableError::Empty)?;
        let semicolons = first.matches(';').count() > first.matches(',').count();
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(if semicolons { b';' } else { b',' })
            .flexible(true)
            .from_reader(text.as_bytes());
        let header = reader.headers().map_err(|_| TableError::Empty)?.clone();
        let (places, passed_over) = columns(&header)?;
        let mut rows = Vec::new();
        for record in reader.records() {
            rows.push(match record {
                Ok(record) => row(&record, &header, &places),
                Err(error) => {
                    let line = error.position().map_or(0, csv::Position::line);
                    Err(Unread { line, reason: "the row cannot be read as CSV".to_owned() })
                }
            });
        }
        Ok(Self { rows, passed_over })
    }
}

/// Where each of our columns stands in the file, and the names that are not ours.
fn columns(header: &csv::StringRecord) -> Result<(Vec<usize>, Vec<String>), TableError> {
    let names: Vec<&str> = header.iter().map(str::trim).collect();
    if let Some(twice) = COLUMNS.iter().find(|name| names.iter().filter(|other| other == name).count() > 1) {
        return Err(TableError::Twice((*twice).to_owned()));
    }
    let missing: Vec<&str> = COLUMNS.iter().filter(|name| !names.contains(name)).copied().collect();
    if !missing.is_empty() {
        return Err(TableError::Columns(missing.join(", ")));
    }
    let places = COLUMNS.iter().filter_map(|name| names.iter().position(|other| other == name)).collect();
    let others = names.iter().filter(|name| !COLUMNS.contains(name)).map(|name| (*name).to_owned()).collect();
    Ok((places, others))
}

fn row(record: &csv::StringRecord, header: &csv::StringRecord, places: &[usize]) -> Result<(u64, Fields), Unread> {
    let line = record.position().map_or(0, csv::Position::line);
    let unread = |reason: String| Err(Unread { line, reason });
    if record.len() != header.len() {
        return unread(format!("{} columns instead of {}", record.len(), header.len()));
    }
    if record.as_slice().len() > IMPORT_ROW_BYTES_MAX {
        return unread(format!("longer than {IMPORT_ROW_BYTES_MAX} bytes"));
    }
    let values = places.iter().map(|place| record.get(*place).unwrap_or_default().to_owned()).collect();
    Ok((line, Fields::new(values)))
}
