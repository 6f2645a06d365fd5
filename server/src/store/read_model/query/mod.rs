//! Questions to the read model, each as of one position and as far as somebody sees.
//!
//! Lists show what is in sight now and was in sight then: who lost a case does not see it by asking about the past.
//! Figures count what was in sight then, so that the same question has the same answer for ever.

use rusqlite::Row;
use sync_protocol::ids::{DocumentId, Position};

use super::ReadModelError;
use super::model::{position, sql};
use crate::limits;

/// Which moment a question is about, and which one it is asked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// What is asked about.
    pub at: Position,
    /// How far the model is.
    pub now: Position,
}

/// A table's row holds at `:at`.
macro_rules! holds {
    ($table:literal) => {
        concat!(
            $table,
            ".from_position <= :at AND (",
            $table,
            ".to_position IS NULL OR ",
            $table,
            ".to_position > :at)"
        )
    };
}

/// A table's document is in one of the channels at a moment. Wants `:all`, `:sites` and `:channels`.
macro_rules! in_sight {
    ($table:literal, $at:literal) => {
        concat!(
            "(:all OR EXISTS (SELECT 1 FROM placements WHERE placements.document = ",
            $table,
            ".document AND placements.from_position <= ",
            $at,
            " AND (placements.to_position IS NULL OR placements.to_position > ",
            $at,
            ") AND ((:sites AND substr(placements.channel, 1, 5) = 'site/') ",
            "OR placements.channel IN (SELECT value FROM json_each(:channels)))))"
        )
    };
}

mod cases;
mod figures;
mod looking;
mod receipts;

pub use cases::CaseFilter;
pub(super) use cases::{arrivals, case, cases, conflicts};
pub use figures::PlainFilter;
pub(super) use figures::{counts, rows};
pub(super) use looking::{codes, look_up, of_code, referrals};
pub(super) use receipts::{receipt, receipts};

fn page_rows(limit: Option<usize>) -> i64 {
    let rows = limit.unwrap_or(limits::READ_MODEL_PAGE_ROWS).clamp(1, limits::READ_MODEL_PAGE_ROWS_MAX);
    i64::try_from(rows).unwrap_or(i64::MAX)
}

fn document_id(row: &Row<'_>, column: usize) -> rusqlite::Result<DocumentId> {
    Ok(DocumentId::new(row.get(column)?))
}

fn from_json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    let wrong = |error| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error));
    serde_json::from_str(&text).map_err(wrong)
}

/// Where a page ended: creation and document, as text that callers give back.
fn read_cursor(text: Option<&str>) -> Result<(i64, DocumentId), ReadModelError> {
    let Some(text) = text else { return Ok((i64::MAX, DocumentId::new([u8::MAX; DocumentId::LEN]))) };
    let parts = text.split_once('.');
    let read = parts.and_then(|(created, id)| Some((created.parse().ok()?, id.parse().ok()?)));
    read.ok_or(ReadModelError::Cursor)
}

/// Takes the row away that only shows that there is more, and says where to go on.
fn next_of<T>(rows: &mut Vec<T>, limit: i64, place: impl Fn(&T) -> (Position, DocumentId)) -> Option<String> {
    if i64::try_from(rows.len()).is_ok_and(|found| found <= limit) {
        return None;
    }
    rows.pop();
    rows.last().map(&place).map(|(created, document)| format!("{created}.{document}"))
}
