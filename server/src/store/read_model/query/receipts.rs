//! Receipts.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use sync_protocol::ids::{Millis, Position, SiteCode};

use super::super::ReadModelError;
use super::super::answer::{ReceiptPage, ReceiptRow};
use super::super::sight::{Names, Only};
use super::{Moment, from_json, page_rows, position, sql};

const RECEIPT_COLUMNS: &str = "SELECT position, at, user, site, documents, fates, manifest FROM receipts
    WHERE (:all OR site IN (SELECT value FROM json_each(:names)))";

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

pub(in super::super) fn receipts(
    db: &Connection,
    moment: Moment,
    before: Option<Position>,
    limit: Option<usize>,
    sight: &Only<SiteCode>,
) -> Result<ReceiptPage, ReadModelError> {
    let (limit, sight) = (page_rows(limit), Names::from(sight));
    let before = before.unwrap_or(Position(u64::MAX)).min(moment.at.next());
    let text = format!("{RECEIPT_COLUMNS} AND position < :before ORDER BY position DESC LIMIT :limit");
    let mut statement = db.prepare_cached(&text)?;
    let values = named_params! {
        ":all": sight.all,
        ":names": sight.names,
        ":before": sql(before),
        ":limit": limit + 1,
    };
    let rows = statement.query_map(values, receipt_row)?;
    let mut receipts: Vec<ReceiptRow> = rows.collect::<Result<_, _>>()?;
    let has_more = i64::try_from(receipts.len()).is_ok_and(|found| found > limit);
    if has_more {
        receipts.pop();
    }
    let next = receipts.last().filter(|_| has_more).map(|last| last.position);
    Ok(ReceiptPage { as_of: moment.at, receipts, next })
}

pub(in super::super) fn receipt(
    db: &Connection,
    wanted: Position,
    sight: &Only<SiteCode>,
) -> Result<Option<ReceiptRow>, ReadModelError> {
    let (text, sight) = (format!("{RECEIPT_COLUMNS} AND position = :position"), Names::from(sight));
    let values = named_params! {":all": sight.all, ":names": sight.names, ":position": sql(wanted)};
    Ok(db.prepare_cached(&text)?.query_row(values, receipt_row).optional()?)
}
