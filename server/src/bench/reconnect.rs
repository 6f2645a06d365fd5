//! `segin bench reconnect`: what an exchange costs a device that holds so many documents.
//!
//! A whole headless device, its store on disk, over HTTP/1.1 kept alive; headers are counted, the making of the
//! connection too.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;
use sync_protocol::device::EditRequest;
use sync_protocol::documents::{Edit, Kind, Value};
use sync_protocol::ids::{DocumentId, SiteCode};

use super::{BenchError, BenchHub};
use crate::field::client::Traffic;
use crate::field::session::FieldDevice;
use crate::sample::People;

/// Intakes that are stored on the device in one batch while it is filled; not measured.
const FILLED_AT_ONCE: usize = 200;
/// Documents of the step `ten_edits`.
const EDITED: usize = 10;

/// What to measure.
#[derive(Debug, Clone)]
pub struct Reconnect {
    /// Cases on the device at first.
    pub documents: usize,
    /// Whether the hub is stopped and started before each step.
    pub restart_hub: bool,
    /// Where to put the folders.
    pub folder: Option<PathBuf>,
}

/// One line.
#[derive(Debug, Clone, Serialize)]
pub struct ReconnectLine {
    /// `reconnect`.
    pub bench: &'static str,
    /// Whether this is an optimised build: else the time means nothing.
    pub release: bool,
    /// Cases on the device at first.
    pub documents: usize,
    /// `first_upload`, `unchanged`, `one_new`, `ten_edits` or `fresh_device`.
    pub step: &'static str,
    /// Round trips.
    pub exchanges: u64,
    /// Bytes sent, counted at the socket.
    pub bytes_up: u64,
    /// Bytes received.
    pub bytes_down: u64,
    /// From the call to its end, milliseconds: recording is not in it, the device's own work is.
    pub wall_ms: f64,
    /// Own changes that were receipted as applied.
    pub receipted: u32,
    /// Documents that came with the feed.
    pub fed: u32,
}

/// Measures all steps, and hands each line out as it is there.
///
/// # Errors
/// [`BenchError`]; also when a step was not receipted as it must be.
pub async fn run(reconnect: &Reconnect, mut line: impl FnMut(&ReconnectLine)) -> Result<(), BenchError> {
    let mut hub = BenchHub::start(reconnect.folder.as_deref())?;
    // The hub comes back on the same port, as it would.
    hub.command.listen = hub.process.address().to_owned();
    hub.process.add_site("GOG", "Gogui", "Kayes").await?;
    let mut people = People::new(1, 2024);
    let mut device = enrolled(&hub, "first").await?;
    let cases = fill(&mut device, &mut people, reconnect.documents)?;

    line(&step(reconnect, "first_upload", &mut device, reconnect.documents, 0).await?);
    if reconnect.restart_hub {
        hub = hub.restart()?;
        // The broken connection is not what a reconnect costs; a new one is.
        device.hang_up();
    }
    line(&step(reconnect, "unchanged", &mut device, 0, 0).await?);
    let new = people_edits(&mut people);
    device.record(new)?;
    line(&step(reconnect, "one_new", &mut device, 1, 0).await?);
    let edited = edit(&mut device, &cases)?;
    line(&step(reconnect, "ten_edits", &mut device, edited, 0).await?);
    let mut fresh = enrolled(&hub, "fresh").await?;
    line(&step(reconnect, "fresh_device", &mut fresh, 0, reconnect.documents + 1).await?);
    Ok(())
}

/// A device of the hub's site, with its own store.
pub(super) async fn enrolled(hub: &BenchHub, name: &str) -> Result<FieldDevice, BenchError> {
    let site = SiteCode::new("GOG").map_err(|error| BenchError::NotReceipted(error.to_string()))?;
    let user = hub.process.add_user(&format!("Agent {name}"), &[site]).await?;
    let invitation = hub.process.invite(user).await?;
    let folder: &Path = hub.folder.path();
    let mut device = FieldDevice::create(&folder.join(name), &folder.join(format!("{name}.key")))?;
    device.enrol(hub.process.url(), &invitation).await?;
    Ok(device)
}

pub(super) fn people_edits(people: &mut People) -> Vec<Edit> {
    let who = people.who();
    people.intake(who)
}

pub(super) fn fill(device: &mut FieldDevice, people: &mut People, count: usize) -> Result<Vec<DocumentId>, BenchError> {
    let mut cases = Vec::with_capacity(count);
    while cases.len() < count {
        let some = FILLED_AT_ONCE.min(count - cases.len());
        let requests = (0..some).map(|_| EditRequest::begin(Kind::Case, people_edits(people))).collect();
        for recorded in device.edit_many(requests)? {
            cases.push(recorded?.document);
        }
    }
    Ok(cases)
}

/// One edit on each of ten cases, spread over all.
fn edit(device: &mut FieldDevice, cases: &[DocumentId]) -> Result<usize, BenchError> {
    let every = cases.len().div_ceil(EDITED).max(1);
    let mut edited = 0;
    for case in cases.iter().step_by(every) {
        let value = Value::Text("chez sa tante".to_owned()).into();
        device.edit(*case, None, vec![Edit::Set { field: "destination.with".to_owned(), value }])?;
        edited += 1;
    }
    Ok(edited)
}

async fn step(
    reconnect: &Reconnect,
    name: &'static str,
    device: &mut FieldDevice,
    receipted: usize,
    fed: usize,
) -> Result<ReconnectLine, BenchError> {
    let before = device.traffic();
    let start = Instant::now();
    let report = device.sync().await?;
    let wall = start.elapsed();
    let Traffic { bytes_up, bytes_down, exchanges, .. } = device.traffic();
    let synced = report.synced;
    if synced.receipted as usize != receipted || (synced.fed as usize) < fed || synced.left > 0 {
        return Err(BenchError::NotReceipted(format!(
            "{name}: {} of {receipted} receipted, {} of {fed} fed, {} left",
            synced.receipted, synced.fed, synced.left
        )));
    }
    Ok(ReconnectLine {
        bench: "reconnect",
        release: !cfg!(debug_assertions),
        documents: reconnect.documents,
        step: name,
        exchanges: exchanges - before.exchanges,
        bytes_up: bytes_up - before.bytes_up,
        bytes_down: bytes_down - before.bytes_down,
        wall_ms: wall.as_secs_f64() * 1_000.0,
        receipted: synced.receipted,
        fed: synced.fed,
    })
}
