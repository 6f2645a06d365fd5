//! `GET /v1/status`: how far the hub is: position, chain, second copy, channels.

use std::sync::Arc;

use axum::Json as Body;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use sync_protocol::ids::{Hash, LogId, Millis, Position};
use utoipa::ToSchema;

use super::error::ErrorBody;
use super::principal::Asker;
use crate::access::{HELD_RESTORED, Principal, Role};
use crate::hub::directory::{Directory, Restored};
use crate::serve::app::App;

/// What one channel holds.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ChannelRow {
    /// Its name.
    #[schema(example = "site/GOG")]
    pub channel: String,
    /// The digest of its documents' changes; devices compare it with their own.
    pub digest: String,
    /// Documents in it, without annexes.
    pub documents: u64,
    /// Their changes.
    pub changes: u64,
}

/// The hub came back from an older copy, or exists twice, and waits to be confirmed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RestoredRow {
    /// The entry that says so.
    #[schema(value_type = u64)]
    pub position: Position,
    /// Hub time.
    #[schema(value_type = i64)]
    pub at: Millis,
    /// Up to where what devices know is known to be the same: compare what was done since.
    #[schema(value_type = u64)]
    pub shared: Position,
    /// Pieces of work held for it, which are tried again once it is confirmed.
    pub held: usize,
}

impl RestoredRow {
    /// Of a hub as it is; none when it waits for nothing.
    #[must_use]
    pub fn of(directory: &Directory) -> Option<Self> {
        let Restored { position, at, shared, .. } = directory.restored.clone()?;
        let held = directory.held.values().flatten().filter(|item| item.code == HELD_RESTORED).count();
        Some(Self { position, at, shared, held })
    }
}

/// How far the hub is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Which log.
    #[schema(value_type = String, format = "uuid")]
    pub log: LogId,
    /// Its last entry, on disk.
    #[schema(value_type = u64)]
    pub position: Position,
    /// The chain hash there.
    #[schema(value_type = String)]
    pub chain: Hash,
    /// Up to where a second copy exists; 0: there is none.
    #[schema(value_type = u64)]
    pub copied_to: Position,
    /// Up to where lists show the log.
    #[schema(value_type = u64)]
    pub read_model: Position,
    /// Hub time.
    #[schema(value_type = i64)]
    pub now: Millis,
    /// Parcels in the log.
    pub parcels: usize,
    /// Pieces of held work.
    pub held: usize,
    /// Present while the hub is held because it came back from an older copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<RestoredRow>,
    /// Sites, users and leases.
    pub sites: usize,
    /// Users.
    pub users: usize,
    /// Leases.
    pub devices: usize,
    /// By name, as far as they are open to whoever asks.
    pub channels: Vec<ChannelRow>,
}

/// How far the hub is.
#[utoipa::path(
    get,
    path = "/v1/status",
    tag = "console",
    responses(
        (status = OK, description = "As of this moment", body = Status),
        (status = UNAUTHORIZED, description = "No console token", body = ErrorBody),
    ),
    security(("console" = []))
)]
pub async fn status(State(app): State<Arc<App>>, asker: Asker) -> Body<Status> {
    let mut status = now(&app);
    status.channels.retain(|row| is_shown(&asker.principal, &row.channel));
    Body(status)
}

/// Who keeps the hub running sees what every channel holds; everybody else that of the own channels.
fn is_shown(principal: &Principal, channel: &str) -> bool {
    principal.setup.is_some()
        || principal.is(Role::Administrator)
        || (principal.sees_all_sites() && channel.starts_with("site/"))
        || principal.channels.iter().any(|own| own.as_str() == channel)
}

/// How far the hub is, as the page shows it too.
#[must_use]
pub fn now(app: &App) -> Status {
    let published = app.shared.published();
    let directory = app.shared.directory();
    let row = |(channel, state): (&sync_protocol::ids::Channel, &crate::store::documents::ChannelState)| ChannelRow {
        channel: channel.to_string(),
        digest: state.sum.to_string(),
        documents: state.documents,
        changes: state.changes,
    };
    Status {
        log: published.log,
        position: published.position,
        chain: published.chain,
        copied_to: app.shared.copied_to(),
        read_model: app.read_model.progress().borrow().as_of,
        now: app.clock.now(),
        parcels: directory.parcels.len(),
        held: directory.held.values().map(Vec::len).sum(),
        restored: RestoredRow::of(&directory),
        sites: directory.sites.len(),
        users: directory.users.len(),
        devices: directory.leases.len(),
        channels: published.channels.iter().map(row).collect(),
    }
}
