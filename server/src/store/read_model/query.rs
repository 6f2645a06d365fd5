//! Questions to the read model, each as of one position.

use rusqlite::{Connection, OptionalExtension, Row, ToSql, named_params, params};
use sync_protocol::ids::{DocumentId, Millis, Position, SiteCode};

use super::ReadModelError;
use super::answer::{
    ArrivalRow, Arrivals, CaseDetail, CasePage, CaseRow, ConflictPage, ConflictRow, Counts, HeldPage, HeldRow,
    MovementCounts, ReceiptPage, ReceiptRow, Version,
};
use super::extract::fold;
use super::model::{position, sql};
use crate::limits;

/// Which cases are wanted.
#[derive(Clone, Default)]
pub struct CaseFilter {
    /// As they stood at this position; now when absent.
    pub at: Option<Position>,
    /// Of one site.
    pub site: Option<SiteCode>,
    /// Whose code or names hold every word of this, in whatever case and accents.
    pub text: Option<String>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
    /// How many, at most [`limits::READ_MODEL_PAGE_ROWS_MAX`].
    pub limit: Option<usize>,
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

const CASE_COLUMNS: &str = concat!(
    "cases.document, cases.code, cases.name, cases.sex, cases.birth, cases.site, cases.status, cases.country, ",
    "cases.arrived, cases.category, cases.urgent, cases.created, cases.from_position, ",
    "(SELECT count(*) FROM conflicts WHERE conflicts.document = cases.document AND ",
    holds!("conflicts"),
    ")"
);

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

fn case_row(row: &Row<'_>) -> rusqlite::Result<CaseRow> {
    let urgent: String = row.get(10)?;
    let birth: Option<String> = row.get(4)?;
    Ok(CaseRow {
        document: document_id(row, 0)?,
        code: row.get(1)?,
        name: row.get(2)?,
        sex: row.get(3)?,
        // A form that this version does not know is shown with the projection only.
        birth: birth.and_then(|text| serde_json::from_str(&text).ok()),
        site: row.get(5)?,
        status: row.get(6)?,
        country: row.get(7)?,
        arrived: row.get(8)?,
        category: row.get(9)?,
        urgent: urgent.split_whitespace().map(str::to_owned).collect(),
        conflicts: row.get(13)?,
        created: position(row.get(11)?),
        changed: position(row.get(12)?),
    })
}

/// Where a page of cases ended: creation and document, as text that callers give back.
fn read_cursor(text: &str) -> Result<(i64, DocumentId), ReadModelError> {
    let parts = text.split_once('.');
    let read = parts.and_then(|(created, id)| Some((created.parse().ok()?, id.parse().ok()?)));
    read.ok_or(ReadModelError::Cursor)
}

pub(super) fn cases(db: &Connection, at: Position, filter: &CaseFilter) -> Result<CasePage, ReadModelError> {
    let words: Vec<String> = fold(filter.text.as_deref().unwrap_or_default())
        .split_whitespace()
        .take(limits::READ_MODEL_SEARCH_WORDS_MAX)
        .map(str::to_owned)
        .collect();
    let cursor = filter.cursor.as_deref().map(read_cursor).transpose()?;
    let (created, document) = cursor.unwrap_or((i64::MAX, DocumentId::new([u8::MAX; DocumentId::LEN])));
    let limit = page_rows(filter.limit);
    let mut text = format!(
        "SELECT {CASE_COLUMNS} FROM cases WHERE {} AND (cases.created, cases.document) < (:created, :document)
         AND (:site IS NULL OR cases.site = :site)",
        holds!("cases")
    );
    let names: Vec<String> = (0..words.len()).map(|number| format!(":word{number}")).collect();
    for name in &names {
        text.push_str(&format!(" AND instr(cases.search, {name}) > 0"));
    }
    text.push_str(" ORDER BY cases.created DESC, cases.document DESC LIMIT :limit");
    let (at_sql, more, id) = (sql(at), limit + 1, *document.as_bytes());
    let site = filter.site.as_ref().map(SiteCode::as_str);
    let mut values: Vec<(&str, &dyn ToSql)> =
        vec![(":at", &at_sql), (":created", &created), (":document", &id), (":site", &site), (":limit", &more)];
    values.extend(names.iter().zip(&words).map(|(name, word)| (name.as_str(), word as &dyn ToSql)));
    let mut statement = db.prepare_cached(&text)?;
    let mut cases: Vec<CaseRow> = statement.query_map(values.as_slice(), case_row)?.collect::<Result<_, _>>()?;
    let has_more = i64::try_from(cases.len()).is_ok_and(|found| found > limit);
    if has_more {
        cases.pop();
    }
    let next = cases.last().filter(|_| has_more).map(|last| format!("{}.{}", last.created, last.document));
    Ok(CasePage { as_of: at, cases, next })
}

pub(super) fn case(db: &Connection, at: Position, document: DocumentId) -> Result<Option<CaseDetail>, ReadModelError> {
    let text = format!(
        "SELECT {CASE_COLUMNS}, cases.projection FROM cases WHERE cases.document = :document AND {}",
        holds!("cases")
    );
    let values = named_params! {":document": document.as_bytes(), ":at": sql(at)};
    let found =
        db.prepare_cached(&text)?.query_row(values, |row| Ok((case_row(row)?, from_json(row, 14)?))).optional()?;
    let Some((case, projection)) = found else { return Ok(None) };
    let channels = concat!("SELECT channels FROM documents WHERE document = :document AND ", holds!("documents"));
    let channels: String = db.prepare_cached(channels)?.query_row(values, |row| row.get(0))?;
    let versions = "SELECT from_position, to_position FROM cases
                    WHERE document = :document AND from_position <= :at ORDER BY from_position";
    let versions = db
        .prepare_cached(versions)?
        .query_map(values, |row| {
            let to: Option<i64> = row.get(1)?;
            Ok(Version { from: position(row.get(0)?), to: to.map(position).filter(|to| *to <= at) })
        })?
        .collect::<Result<_, _>>()?;
    Ok(Some(CaseDetail {
        as_of: at,
        case,
        channels: channels.split_whitespace().map(str::to_owned).collect(),
        projection,
        conflicts: conflict_rows(db, at, Some(document), None, i64::MAX)?,
        versions,
    }))
}

fn conflict_rows(
    db: &Connection,
    at: Position,
    document: Option<DocumentId>,
    site: Option<&SiteCode>,
    limit: i64,
) -> Result<Vec<ConflictRow>, ReadModelError> {
    let text = concat!(
        "SELECT documents.document, documents.kind, cases.code, cases.name, documents.site, conflicts.path,
         conflicts.label, conflicts.value_list, conflicts.from_position
         FROM conflicts JOIN documents ON documents.document = conflicts.document AND ",
        holds!("documents"),
        " LEFT JOIN cases ON cases.document = conflicts.document AND ",
        holds!("cases"),
        " WHERE ",
        holds!("conflicts"),
        " AND (:document IS NULL OR conflicts.document = :document) AND (:site IS NULL OR documents.site = :site)
         ORDER BY conflicts.from_position, conflicts.document, conflicts.path LIMIT :limit"
    );
    let values = named_params! {
        ":at": sql(at),
        ":document": document.as_ref().map(DocumentId::as_bytes),
        ":site": site.map(SiteCode::as_str),
        ":limit": limit,
    };
    let mut statement = db.prepare_cached(text)?;
    let rows = statement.query_map(values, |row| {
        Ok(ConflictRow {
            document: document_id(row, 0)?,
            kind: row.get(1)?,
            code: row.get(2)?,
            name: row.get(3)?,
            site: row.get(4)?,
            path: row.get(5)?,
            label: from_json(row, 6)?,
            values: from_json(row, 7)?,
            since: position(row.get(8)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn conflicts(
    db: &Connection,
    at: Position,
    site: Option<&SiteCode>,
    limit: Option<usize>,
) -> Result<ConflictPage, ReadModelError> {
    let total = concat!(
        "SELECT count(*) FROM conflicts JOIN documents ON documents.document = conflicts.document AND ",
        holds!("documents"),
        " WHERE ",
        holds!("conflicts"),
        " AND (:site IS NULL OR documents.site = :site)"
    );
    let values = named_params! {":at": sql(at), ":site": site.map(SiteCode::as_str)};
    let total: i64 = db.prepare_cached(total)?.query_row(values, |row| row.get(0))?;
    let conflicts = conflict_rows(db, at, None, site, page_rows(limit))?;
    Ok(ConflictPage { as_of: at, total: total.unsigned_abs(), conflicts })
}

pub(super) fn counts(db: &Connection, at: Position) -> Result<Counts, ReadModelError> {
    let number = |text: &str| -> Result<u64, ReadModelError> {
        let count: i64 = db.prepare_cached(text)?.query_row(named_params! {":at": sql(at)}, |row| row.get(0))?;
        Ok(count.unsigned_abs())
    };
    let groups = |column: &str, table: &str, holds: &str| {
        let text = format!("SELECT coalesce({column}, ''), count(*) FROM {table} WHERE {holds} GROUP BY 1");
        let mut statement = db.prepare_cached(&text)?;
        let rows = statement.query_map(named_params! {":at": sql(at)}, |row| {
            let count: i64 = row.get(1)?;
            Ok((row.get(0)?, count.unsigned_abs()))
        })?;
        rows.collect::<Result<_, _>>()
    };
    let (cases, documents) = (holds!("cases"), holds!("documents"));
    Ok(Counts {
        as_of: at,
        documents_by_kind: groups("CAST(kind AS TEXT)", "documents", documents)?,
        cases: number(concat!("SELECT count(*) FROM cases WHERE ", holds!("cases")))?,
        cases_by_site: groups("site", "cases", cases)?,
        cases_by_sex: groups("sex", "cases", cases)?,
        cases_by_status: groups("status", "cases", cases)?,
        movements: movement_counts(db, at)?,
        conflicts: number(concat!("SELECT count(*) FROM conflicts WHERE ", holds!("conflicts")))?,
        held: number(concat!("SELECT count(*) FROM held WHERE ", holds!("held")))?,
        receipts: number("SELECT count(*) FROM receipts WHERE position <= :at")?,
    })
}

fn movement_counts(db: &Connection, at: Position) -> Result<MovementCounts, ReadModelError> {
    let text = concat!(
        "SELECT count(*), coalesce(sum(announced), 0), coalesce(sum(counted), 0), coalesce(sum(expected), 0),
         coalesce(sum(boarded), 0), coalesce(sum(arrived), 0) FROM movements WHERE ",
        holds!("movements")
    );
    let counts = db.prepare_cached(text)?.query_row(named_params! {":at": sql(at)}, |row| {
        let get = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
        Ok(MovementCounts {
            movements: get(0)?,
            announced: get(1)?,
            counted: get(2)?,
            expected: get(3)?,
            boarded: get(4)?,
            arrived: get(5)?,
        })
    })?;
    Ok(counts)
}

pub(super) fn arrivals(db: &Connection, at: Position, limit: Option<usize>) -> Result<Arrivals, ReadModelError> {
    let text = format!(
        "SELECT {CASE_COLUMNS}, receipts.at, receipts.user FROM cases
         LEFT JOIN receipts ON receipts.position = cases.created
         WHERE {} ORDER BY cases.created DESC, cases.document DESC LIMIT :limit",
        holds!("cases")
    );
    let mut statement = db.prepare_cached(&text)?;
    let rows = statement.query_map(named_params! {":at": sql(at), ":limit": page_rows(limit)}, |row| {
        let moment: Option<i64> = row.get(14)?;
        Ok(ArrivalRow { case: case_row(row)?, at: moment.map(Millis), user: row.get(15)? })
    })?;
    Ok(Arrivals { as_of: at, arrivals: rows.collect::<Result<_, _>>()? })
}

const RECEIPT_COLUMNS: &str = "SELECT position, at, user, site, documents, fates, manifest FROM receipts";

fn receipt_row(row: &Row<'_>) -> rusqlite::Result<ReceiptRow> {
    Ok(ReceiptRow {
        position: position(row.get(0)?),
        at: Millis(row.get(1)?),
        user: row.get(2)?,
        site: row.get(3)?,
        documents: row.get(4)?,
        fates: from_json(row, 5)?,
        manifest: row.get(6)?,
    })
}

pub(super) fn receipts(
    db: &Connection,
    at: Position,
    before: Option<Position>,
    limit: Option<usize>,
) -> Result<ReceiptPage, ReadModelError> {
    let limit = page_rows(limit);
    let before = before.unwrap_or(Position(u64::MAX)).min(at.next());
    let text = format!("{RECEIPT_COLUMNS} WHERE position < ?1 ORDER BY position DESC LIMIT ?2");
    let mut statement = db.prepare_cached(&text)?;
    let rows = statement.query_map(params![sql(before), limit + 1], receipt_row)?;
    let mut receipts: Vec<ReceiptRow> = rows.collect::<Result<_, _>>()?;
    let has_more = i64::try_from(receipts.len()).is_ok_and(|found| found > limit);
    if has_more {
        receipts.pop();
    }
    let next = receipts.last().filter(|_| has_more).map(|last| last.position);
    Ok(ReceiptPage { as_of: at, receipts, next })
}

pub(super) fn receipt(db: &Connection, wanted: Position) -> Result<Option<ReceiptRow>, ReadModelError> {
    let text = format!("{RECEIPT_COLUMNS} WHERE position = ?1");
    Ok(db.prepare_cached(&text)?.query_row([sql(wanted)], receipt_row).optional()?)
}

pub(super) fn held(db: &Connection, at: Position, limit: Option<usize>) -> Result<HeldPage, ReadModelError> {
    let total = concat!("SELECT count(*) FROM held WHERE ", holds!("held"));
    let total: i64 = db.prepare_cached(total)?.query_row(named_params! {":at": sql(at)}, |row| row.get(0))?;
    let text = concat!(
        "SELECT document, lease, reason, from_position FROM held WHERE ",
        holds!("held"),
        " ORDER BY from_position, document, lease LIMIT :limit"
    );
    let mut statement = db.prepare_cached(text)?;
    let rows = statement.query_map(named_params! {":at": sql(at), ":limit": page_rows(limit)}, |row| {
        Ok(HeldRow {
            document: document_id(row, 0)?,
            lease: row.get(1)?,
            reason: row.get(2)?,
            position: position(row.get(3)?),
        })
    })?;
    Ok(HeldPage { as_of: at, total: total.unsigned_abs(), held: rows.collect::<Result<_, _>>()? })
}
