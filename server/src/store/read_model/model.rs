//! The tables and how they follow the log: single-threaded, over one connection in memory.
//!
//! Owns which rows open and close when. A document told twice changes nothing; one told late is older than what is
//! known and left out. Questions: [`super::query`]; the thread around it: [`super::ReadModel`].

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde_json::Value;
use sync_protocol::ids::{DocumentId, Position};

use super::ReadModelError;
use super::extract::{
    CaseColumns, KIND_ANNEX, KIND_CASE, KIND_MOVEMENT, KIND_REFERRAL, MovementColumns, ReferralColumns, site_of,
};
use super::placing::{placed, stands_in};
use super::update::{DocumentUpdate, HeldUpdate, ReceiptUpdate, Source, Update, UpdateBatch};
use crate::limits;

/// Tables whose rows hold from one position to another.
const VERSIONED: [&str; 7] = ["documents", "placements", "cases", "movements", "referrals", "conflicts", "held"];

/// Up to where the model follows, and from where on it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// The position that answers show.
    pub as_of: Position,
    /// The earliest position that can be asked about: older versions are not in here.
    pub since: Position,
    /// Whether questions are answered. Not while the model is filled or left behind.
    pub ready: bool,
}

pub(super) struct Model {
    pub(super) db: Connection,
    pub(super) progress: Progress,
    /// Ready only from here on: while it was filled, rows of later positions may have come in.
    ready_at: Position,
    /// Groups taken in since the versions were counted last.
    uncounted: u64,
}

/// A position as SQLite keeps it.
pub(super) fn sql(position: Position) -> i64 {
    i64::try_from(position.0).unwrap_or(i64::MAX)
}

/// A position as SQLite kept it.
pub(super) fn position(number: i64) -> Position {
    Position(u64::try_from(number).unwrap_or(0))
}

impl Model {
    pub fn new() -> Result<Self, ReadModelError> {
        let db = Connection::open_in_memory()?;
        // Nothing of this may reach a disk, also not what does not fit into a sort.
        db.pragma_update(None, "temp_store", "memory")?;
        db.pragma_update(None, "secure_delete", "on")?;
        db.execute_batch(include_str!("schema.sql"))?;
        db.set_prepared_statement_cache_capacity(limits::READ_MODEL_STATEMENTS);
        Ok(Self { db, progress: Progress::default(), ready_at: Position::START, uncounted: 0 })
    }

    /// Takes in what a group of entries changed.
    pub fn apply(&mut self, batch: &UpdateBatch) -> Result<(), ReadModelError> {
        let transaction = self.db.transaction()?;
        for update in &batch.updates {
            apply_one(&transaction, update)?;
        }
        transaction.commit()?;
        self.progress.as_of = self.progress.as_of.max(batch.up_to);
        self.progress.ready = self.progress.as_of >= self.ready_at;
        self.forget()
    }

    /// Takes in everything that changed at the source since the model's position. What the model misses of the time
    /// between cannot be asked about.
    pub fn catch_up(&mut self, source: &dyn Source) -> Result<(), ReadModelError> {
        self.progress.ready = false;
        let from = self.progress.as_of;
        let up_to = source.position()?;
        let transaction = self.db.transaction()?;
        let mut after = None;
        loop {
            let page = source.documents(after, from, limits::READ_MODEL_FILL_DOCUMENTS)?;
            for document in &page.documents {
                apply_document(&transaction, document)?;
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let mut after = from;
        loop {
            let page = source.receipts(after, limits::READ_MODEL_FILL_RECEIPTS)?;
            let Some(last) = page.last() else { break };
            after = last.position;
            for receipt in &page {
                apply_receipt(&transaction, receipt)?;
            }
        }
        replace_held(&transaction, &source.held()?, up_to)?;
        // What came in while this read may be in part: its updates wait in the queue and make it whole.
        let ready_at = source.position()?;
        transaction.commit()?;
        self.progress.as_of = from.max(up_to);
        // Rows that came in beyond the position hold from their own entry on: of the time between, not all is known.
        self.progress.since = self.progress.as_of.max(ready_at);
        self.ready_at = ready_at;
        self.progress.ready = self.progress.as_of >= self.ready_at;
        Ok(())
    }

    /// Drops the older half of the versions that ended, once there are too many.
    fn forget(&mut self) -> Result<(), ReadModelError> {
        self.uncounted += 1;
        if self.uncounted < limits::READ_MODEL_FORGET_EVERY {
            return Ok(());
        }
        self.uncounted = 0;
        let ended = "SELECT count(*) FROM documents WHERE to_position IS NOT NULL";
        let count: i64 = self.db.query_row(ended, [], |row| row.get(0))?;
        if count <= limits::READ_MODEL_OLD_VERSIONS_MAX {
            return Ok(());
        }
        self.forget_before_median(count)
    }

    pub(super) fn forget_before_median(&mut self, ended: i64) -> Result<(), ReadModelError> {
        let median = "SELECT to_position FROM documents WHERE to_position IS NOT NULL
                      ORDER BY to_position LIMIT 1 OFFSET ?1";
        let Some(until) = self.db.query_row(median, [ended / 2], |row| row.get(0)).optional()? else { return Ok(()) };
        let transaction = self.db.transaction()?;
        for table in VERSIONED {
            transaction.execute(&format!("DELETE FROM {table} WHERE to_position <= ?1"), [until])?;
        }
        transaction.commit()?;
        self.progress.since = self.progress.since.max(position(until));
        Ok(())
    }
}

fn apply_one(db: &Transaction<'_>, update: &Update) -> Result<(), ReadModelError> {
    match update {
        Update::Document(document) => apply_document(db, document),
        Update::Receipt(receipt) => apply_receipt(db, receipt),
        Update::Held(held) => apply_held(db, held),
        Update::Placed(placement) => placed(db, placement),
        Update::Decided { position, held, document, lease } => {
            let ended = "UPDATE held SET to_position = ?1
                         WHERE document = ?2 AND lease = ?3 AND from_position = ?4 AND to_position IS NULL";
            db.prepare_cached(ended)?.execute(params![sql(*position), document.as_bytes(), lease, sql(*held)])?;
            Ok(())
        }
    }
}

fn apply_document(db: &Transaction<'_>, update: &DocumentUpdate) -> Result<(), ReadModelError> {
    let (id, at) = (update.document.as_bytes(), sql(update.position));
    let known = "SELECT from_position, created FROM documents WHERE document = ?1 AND to_position IS NULL";
    let known: Option<(i64, i64)> =
        db.prepare_cached(known)?.query_row([id], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    if known.is_some_and(|(from, _)| from > at) {
        return Ok(());
    }
    for table in ["documents", "cases", "movements", "referrals"] {
        db.prepare_cached(&format!("DELETE FROM {table} WHERE document = ?1 AND from_position = ?2"))?
            .execute(params![id, at])?;
        db.prepare_cached(&format!("UPDATE {table} SET to_position = ?2 WHERE document = ?1 AND to_position IS NULL"))?
            .execute(params![id, at])?;
    }
    let created = known.map(|(_, created)| created).or(update.created.map(sql)).unwrap_or(at);
    let of_channel = || update.channels.iter().find_map(|channel| channel.site_code()).map(|site| site.to_string());
    let site = site_of(&update.projection).or_else(of_channel);
    db.prepare_cached("INSERT INTO documents VALUES (?1, ?2, NULL, ?3, ?4, ?5)")?.execute(params![
        id,
        at,
        update.kind,
        site,
        created
    ])?;
    stands_in(db, update)?;
    match update.kind {
        KIND_CASE => insert_case(db, update, created, site)?,
        KIND_MOVEMENT => insert_movement(db, update)?,
        KIND_REFERRAL => insert_referral(db, update, created)?,
        KIND_ANNEX => return Ok(()),
        _ => {}
    }
    apply_conflicts(db, update)
}

fn insert_case(
    db: &Transaction<'_>,
    update: &DocumentUpdate,
    created: i64,
    site: Option<String>,
) -> Result<(), ReadModelError> {
    let columns = CaseColumns::of(&update.projection);
    let insert = "INSERT INTO cases VALUES
                  (?1, ?2, NULL, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
    let items = serde_json::to_string(&columns.items).map_err(|error| ReadModelError::Internal(error.to_string()))?;
    db.prepare_cached(insert)?.execute(params![
        update.document.as_bytes(),
        sql(update.position),
        created,
        columns.code,
        columns.name,
        columns.search,
        columns.sex,
        columns.birth,
        site,
        columns.status,
        columns.country,
        columns.arrived,
        columns.category,
        columns.urgent.join(" "),
        items,
        update.projection.to_string(),
    ])?;
    Ok(())
}

fn insert_movement(db: &Transaction<'_>, update: &DocumentUpdate) -> Result<(), ReadModelError> {
    let columns = MovementColumns::of(&update.projection);
    let insert = "INSERT INTO movements VALUES (?1, ?2, NULL, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    db.prepare_cached(insert)?.execute(params![
        update.document.as_bytes(),
        sql(update.position),
        columns.direction,
        columns.from_site,
        columns.to_site,
        columns.announced,
        columns.counted,
        columns.expected,
        columns.boarded,
        columns.arrived,
    ])?;
    Ok(())
}

fn insert_referral(db: &Transaction<'_>, update: &DocumentUpdate, created: i64) -> Result<(), ReadModelError> {
    let columns = ReferralColumns::of(&update.projection);
    let insert = "INSERT INTO referrals VALUES (?1, ?2, NULL, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    db.prepare_cached(insert)?.execute(params![
        update.document.as_bytes(),
        sql(update.position),
        created,
        columns.case,
        columns.partner,
        columns.purpose,
        columns.urgency,
        columns.deadline,
        columns.site,
        columns.status,
        columns.withdrawn,
    ])?;
    Ok(())
}

/// Opens and closes conflicts; one that stays as it is keeps the position since which it stands.
fn apply_conflicts(db: &Transaction<'_>, update: &DocumentUpdate) -> Result<(), ReadModelError> {
    let (id, at) = (update.document.as_bytes(), sql(update.position));
    let empty = Vec::new();
    let listed = update.conflicts.as_array().unwrap_or(&empty).iter();
    let now: Vec<(&str, String, String)> = listed
        .filter_map(|conflict| {
            let part = |key| conflict.get(key).unwrap_or(&Value::Null).to_string();
            Some((conflict.get("path").and_then(Value::as_str)?, part("label"), part("values")))
        })
        .collect();
    let standing = "SELECT path, value_list FROM conflicts WHERE document = ?1 AND to_position IS NULL";
    let before: Vec<(String, String)> = db
        .prepare_cached(standing)?
        .query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let stays = |path: &str, values: &str| now.iter().any(|(p, _, v)| *p == path && v == values);
    for (path, _) in before.iter().filter(|(path, values)| !stays(path, values)) {
        db.prepare_cached("DELETE FROM conflicts WHERE document = ?1 AND path = ?2 AND from_position = ?3")?
            .execute(params![id, path, at])?;
        let end = "UPDATE conflicts SET to_position = ?3 WHERE document = ?1 AND path = ?2 AND to_position IS NULL";
        db.prepare_cached(end)?.execute(params![id, path, at])?;
    }
    for (path, label, values) in
        now.iter().filter(|(path, _, values)| !before.iter().any(|(p, v)| p == path && v == values))
    {
        db.prepare_cached("INSERT OR REPLACE INTO conflicts VALUES (?1, ?2, ?3, NULL, ?4, ?5)")?
            .execute(params![id, path, at, label, values])?;
    }
    Ok(())
}

fn apply_receipt(db: &Transaction<'_>, receipt: &ReceiptUpdate) -> Result<(), ReadModelError> {
    let fates = serde_json::to_string(&receipt.fates).map_err(|error| ReadModelError::Internal(error.to_string()))?;
    db.prepare_cached("INSERT OR REPLACE INTO receipts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.execute(params![
        sql(receipt.position),
        receipt.at.0,
        receipt.user,
        receipt.site.as_ref().map(|site| site.as_str()),
        receipt.documents,
        fates,
        receipt.manifest.to_string(),
    ])?;
    Ok(())
}

fn apply_held(db: &Transaction<'_>, held: &HeldUpdate) -> Result<(), ReadModelError> {
    db.prepare_cached("INSERT OR IGNORE INTO held VALUES (?1, ?2, ?3, NULL, ?4)")?.execute(params![
        held.document.as_bytes(),
        held.lease,
        sql(held.position),
        held.reason,
    ])?;
    Ok(())
}

/// Makes the held work that of the list: what is no longer in it was decided by the position of the list.
fn replace_held(db: &Transaction<'_>, held: &[HeldUpdate], at: Position) -> Result<(), ReadModelError> {
    let standing = "SELECT document, lease, from_position FROM held WHERE to_position IS NULL";
    let before: Vec<([u8; DocumentId::LEN], String, i64)> = db
        .prepare_cached(standing)?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    for (document, lease, from) in before {
        let still = held
            .iter()
            .any(|held| *held.document.as_bytes() == document && held.lease == lease && sql(held.position) == from);
        if !still {
            let end = "UPDATE held SET to_position = ?4 WHERE document = ?1 AND lease = ?2 AND from_position = ?3";
            db.prepare_cached(end)?.execute(params![document, lease, from, sql(at)])?;
        }
    }
    held.iter().try_for_each(|held| apply_held(db, held))
}
