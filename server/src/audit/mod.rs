//! Who did what, read out of the log: one row for each act, without personal values.
//!
//! Rows hold ids, codes and names of actions; of staff the name, of registered people nothing, and no text that anybody
//! typed. The same code serves `GET /v1/audit` and `segin audit` over a data folder. Who may read it is decided by the
//! caller. What an entry says: [`rows`]; pages of it: [`page`].

mod rows;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use sync_protocol::documents::Kind;
use sync_protocol::ids::{ActorPrefix, DocumentId, Millis, Position, UserId};
use sync_protocol::wire::codec::CodecError;
use thiserror::Error;
use utoipa::ToSchema;

use crate::hub::directory::Directory;
use crate::hub::fact::By;
use crate::limits::{AUDIT_PAGE_ROWS, AUDIT_PAGE_ROWS_MAX, AUDIT_SCAN_ENTRIES_MAX};
use crate::store::keyring::{Keyring, KeyringError};
use crate::store::log::{LogError, LogReader};

pub use rows::rows;

/// Why the log could not be read.
#[derive(Debug, Error)]
pub enum AuditError {
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The keyring.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// An entry that this version cannot read.
    #[error("an entry of the log cannot be read: {0}")]
    Entry(#[from] CodecError),
}

impl AuditError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Log(error) => error.code(),
            Self::Keyring(error) => error.code(),
            Self::Entry(_) => "audit-entry",
        }
    }
}

/// Names of users, and whose each lease is.
#[derive(Debug, Clone, Default)]
pub struct Names {
    users: HashMap<UserId, String>,
    leases: HashMap<ActorPrefix, UserId>,
}

impl Names {
    /// As a directory knows them.
    #[must_use]
    pub fn of(directory: &Directory) -> Self {
        let users = directory.users.iter().map(|(user, profile)| (*user, profile.name.clone())).collect();
        let leases = directory.leases.iter().map(|(lease, state)| (*lease, state.lease.user)).collect();
        Self { users, leases }
    }
}

/// Who acted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Who {
    /// `user` (on the console), `device`, `setup` (the console token), `hub` (by a rule) or `nobody`.
    pub kind: String,
    /// The user, also of a device.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub user: Option<UserId>,
    /// The name under which colleagues know them.
    pub name: Option<String>,
    /// The device's lease.
    #[schema(value_type = Option<String>)]
    pub lease: Option<ActorPrefix>,
}

impl Who {
    fn of(by: By, names: &Names) -> Self {
        let (kind, user, lease) = match by {
            By::Hub => ("hub", None, None),
            By::Setup => ("setup", None, None),
            By::Nobody => ("nobody", None, None),
            By::User(user) => ("user", Some(user), None),
            By::Lease(lease) => ("device", names.leases.get(&lease).copied(), Some(lease)),
        };
        Self { kind: kind.to_owned(), user, name: user.and_then(|user| names.users.get(&user).cloned()), lease }
    }
}

/// One act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditRow {
    /// The entry.
    #[schema(value_type = u64)]
    pub position: Position,
    /// Hub time.
    #[schema(value_type = i64)]
    pub at: Millis,
    /// Who.
    pub by: Who,
    /// What: `read`, `denied`, `looked-up`, `broke-glass`, `exported`, `wrote`, `decided`, `placed`, …
    #[schema(example = "read")]
    pub action: String,
    /// On which document, where it was about one.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub document: Option<DocumentId>,
    /// The kind of the document, where the entry says it.
    pub kind: Option<String>,
    /// On what ground: `scope`, `break-glass`, `on-device`, `transfer`, …
    pub ground: Option<String>,
    /// What else it was about: a code, an id, the name of an action.
    pub about: Option<String>,
    /// How many: looks since the last statement, rows, changes.
    pub count: Option<u32>,
}

/// Which acts are wanted.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// On this document.
    pub case: Option<DocumentId>,
    /// By this user, on the console or on a device.
    pub user: Option<UserId>,
    /// With this name.
    pub action: Option<String>,
    /// Not before.
    pub since: Option<Millis>,
    /// Before.
    pub until: Option<Millis>,
}

impl AuditFilter {
    fn takes(&self, row: &AuditRow) -> bool {
        self.case.is_none_or(|case| row.document == Some(case))
            && self.user.is_none_or(|user| row.by.user == Some(user))
            && self.action.as_ref().is_none_or(|action| row.action == *action)
            && self.since.is_none_or(|since| row.at >= since)
            && self.until.is_none_or(|until| row.at < until)
    }
}

/// Some acts, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditPage {
    /// The last entry of the log.
    #[schema(value_type = u64)]
    pub as_of: Position,
    /// The acts; an entry's are never cut.
    pub rows: Vec<AuditRow>,
    /// Give this back as `after` for the next page, which may be without rows; absent at the end of the log.
    #[schema(value_type = Option<u64>)]
    pub next: Option<Position>,
}

/// The name of a kind of document.
fn kind_name(code: u8) -> Option<String> {
    Kind::from_code(code).map(|kind| kind.name().to_owned())
}

/// Reads on after a position: a bounded number of entries, and of rows.
///
/// # Errors
/// [`AuditError`] when the log cannot be read.
pub fn page(
    log: &LogReader,
    (after, head): (Position, Position),
    keyring: &Keyring,
    names: &Names,
    filter: &AuditFilter,
    limit: Option<usize>,
) -> Result<AuditPage, AuditError> {
    let limit = limit.unwrap_or(AUDIT_PAGE_ROWS).clamp(1, AUDIT_PAGE_ROWS_MAX);
    let (mut found, mut last) = (Vec::new(), after);
    for record in log.iter_from(after.next()).take(AUDIT_SCAN_ENTRIES_MAX) {
        let record = record?;
        if record.position > head || found.len() >= limit {
            break;
        }
        last = record.position;
        let rows = rows(record.position, &record.payload, keyring, names)?;
        found.extend(rows.into_iter().filter(|row| filter.takes(row)));
    }
    Ok(AuditPage { as_of: head, rows: found, next: (last < head).then_some(last) })
}
