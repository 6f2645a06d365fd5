//! In which channels documents were, from which position to which.
//!
//! Told twice: exactly, entry by entry, as the log says; and with every document as it stands, which may be ahead of
//! the entries told so far. Both together come to what the log says, in whatever order they come.

use rusqlite::{Transaction, params};
use sync_protocol::ids::{Channel, DocumentId, Position};

use super::ReadModelError;
use super::model::sql;
use super::update::{DocumentUpdate, PlacementUpdate};

/// Takes in that a document entered and left channels at an entry.
pub(super) fn placed(db: &Transaction<'_>, update: &PlacementUpdate) -> Result<(), ReadModelError> {
    let PlacementUpdate { position, document, entered, left } = update;
    left.iter().try_for_each(|channel| leave(db, *document, channel.as_str(), *position))?;
    entered.iter().try_for_each(|channel| enter(db, *document, channel, *position))
}

/// Takes in where a document stands after its last change.
pub(super) fn stands_in(db: &Transaction<'_>, update: &DocumentUpdate) -> Result<(), ReadModelError> {
    let standing = "SELECT channel FROM placements
                    WHERE document = ?1 AND from_position <= ?2 AND (to_position IS NULL OR to_position > ?2)";
    let before: Vec<String> = db
        .prepare_cached(standing)?
        .query_map(params![update.document.as_bytes(), sql(update.position)], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for channel in before.iter().filter(|name| !update.channels.iter().any(|known| known.as_str() == name.as_str())) {
        leave(db, update.document, channel, update.position)?;
    }
    update.channels.iter().try_for_each(|channel| enter(db, update.document, channel, update.position))
}

fn enter(
    db: &Transaction<'_>,
    document: DocumentId,
    channel: &Channel,
    position: Position,
) -> Result<(), ReadModelError> {
    let insert = "INSERT OR IGNORE INTO placements SELECT ?1, ?2, ?3, NULL WHERE NOT EXISTS (
                    SELECT 1 FROM placements WHERE document = ?1 AND channel = ?2 AND from_position <= ?3
                    AND (to_position IS NULL OR to_position > ?3))";
    db.prepare_cached(insert)?.execute(params![document.as_bytes(), channel.as_str(), sql(position)])?;
    Ok(())
}

fn leave(db: &Transaction<'_>, document: DocumentId, channel: &str, position: Position) -> Result<(), ReadModelError> {
    let end = "UPDATE placements SET to_position = ?3 WHERE document = ?1 AND channel = ?2 AND from_position <= ?3
               AND (to_position IS NULL OR to_position > ?3)";
    db.prepare_cached(end)?.execute(params![document.as_bytes(), channel, sql(position)])?;
    Ok(())
}
