//! What came of the night: counted from the devices' stores on disk and from the hub's log, by `verify`.
//!
//! Knows nothing of the story. Every store is opened anew; a receipt counts only if the hub's signature and the log's
//! chain say so; a change is lost if a store says that it was recorded and the log neither applies nor holds it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sync_protocol::crypto::PublicKey;
use sync_protocol::device::rows::{KeptReceipt, Standing};
use sync_protocol::device::view::view;
use sync_protocol::device::{Device, Inputs, Key, ParcelInfo};
use sync_protocol::documents::Kind;
use sync_protocol::ids::{ActorPrefix, ChangeHash, DocumentId};
use sync_protocol::wire::answer::{Fate, verify_receipt};
use sync_protocol::wire::codec::from_cbor;

use super::cast::Phone;
use super::{DemoError, Stage};
use crate::clock::{Clock, SystemClock};
use crate::field::{FieldStore, SqliteStore};
use crate::random::{SystemRandom, draw};
use crate::verify::{CheckedFolder, DeviceReport, Difference, Report, check_folder};

/// One change of one document.
type Change = (DocumentId, ChangeHash);

/// The sums of the night.
#[derive(Debug, Clone, Serialize)]
pub struct Totals {
    /// Whether nothing is lost, unsent or refused and nothing differs.
    pub ok: bool,
    /// Changes that the devices' stores say were recorded on them.
    pub recorded: u64,
    /// Those with a receipt in the store that the hub signed and whose chain is the log's.
    pub receipted: u64,
    /// Recorded changes that the log neither applies nor holds.
    pub lost: u64,
    /// Recorded changes without a receipt.
    pub unsent: u64,
    /// Changes that wait at the hub for a person's decision.
    pub held: u64,
    /// Changes that were not accepted.
    pub refused: u64,
    /// Documents that follow from the log.
    pub documents: u64,
    /// The same by kind.
    pub documents_by_kind: BTreeMap<&'static str, u64>,
    /// Changes applied to them.
    pub changes: u64,
    /// Fields with several values that nobody has decided.
    pub conflicts: u64,
    /// Devices.
    pub devices: u64,
    /// Requests that were answered, counted by the devices.
    pub exchanges: u64,
    /// Bytes that the devices sent, headers and all, counted at their sockets.
    pub bytes_up: u64,
    /// Bytes that they received.
    pub bytes_down: u64,
    /// Whether every device has the hub's heads and the hub's digest of every channel of its scope.
    pub converged: bool,
    /// How often the hub was killed.
    pub hub_kills: u64,
    /// How often its documents were built again.
    pub rebuilds: u64,
    /// How often a road was cut inside an exchange.
    pub link_cuts: u64,
    /// How often a device was switched off and on.
    pub device_restarts: u64,
    /// What `segin verify` says.
    pub verify: Report,
    /// Each device, for the table.
    #[serde(skip)]
    pub rows: Vec<DeviceRow>,
}

/// One device.
#[derive(Debug, Clone)]
pub struct DeviceRow {
    /// Whose.
    pub owner: &'static str,
    /// Home site.
    pub site: &'static str,
    /// Documents known on it.
    pub documents: u64,
    /// Changes recorded on it.
    pub recorded: u64,
    /// Those with a receipt that verifies.
    pub receipted: u64,
    /// Those without.
    pub unsent: u64,
    /// Fields with several values on it.
    pub conflicts: u64,
    /// Requests answered.
    pub exchanges: u64,
    /// Bytes sent.
    pub bytes_up: u64,
    /// Bytes received.
    pub bytes_down: u64,
}

/// What a device's store says.
struct Found {
    prefix: Option<ActorPrefix>,
    recorded: BTreeSet<Change>,
    receipted: BTreeSet<Change>,
    refused: u64,
    conflicts: u64,
    report: DeviceReport,
    /// Channels whose digest is not the log's.
    apart: Vec<String>,
}

/// Counts. The hub and all devices are off.
///
/// # Errors
/// [`DemoError`] when a store cannot be read or the log is damaged.
pub fn count(stage: &Stage) -> Result<Totals, DemoError> {
    let mut checked = check_folder(stage.data(), stage.master_key(), &mut SystemRandom)?;
    let applied = checked.applied_changes()?;
    let (mut rows, mut all) = (Vec::new(), Vec::new());
    for phone in &stage.phones {
        let found = open(phone, &checked)?;
        checked.compare_device(&found.report)?;
        let traffic = phone.traffic();
        rows.push(DeviceRow {
            owner: phone.owner,
            site: phone.site,
            documents: found.report.documents.len() as u64,
            recorded: found.recorded.len() as u64,
            receipted: found.receipted.len() as u64,
            unsent: found.recorded.difference(&found.receipted).count() as u64,
            conflicts: found.conflicts,
            exchanges: traffic.exchanges,
            bytes_up: traffic.bytes_up,
            bytes_down: traffic.bytes_down,
        });
        all.push(found);
    }
    let held_at_hub = |change: &Change, prefix: Option<ActorPrefix>| {
        let items = checked.recomputed.directory.held.get(&change.0);
        items.is_some_and(|items| items.iter().any(|item| Some(item.lease) == prefix))
    };
    let is_lost = |found: &Found, change: &Change| {
        let known = applied.get(&change.0).is_some_and(|changes| changes.contains(&change.1));
        !known && !held_at_hub(change, found.prefix)
    };
    let lost = all.iter().flat_map(|found| found.recorded.iter().filter(|change| is_lost(found, change))).count();
    let apart: Vec<Difference> = all
        .iter()
        .flat_map(|found| found.apart.iter().map(|channel| (&found.report.device, channel)))
        .map(|(device, channel)| Difference {
            code: "device-channel",
            document: None,
            detail: format!("{device} has another digest of {channel} than the log gives"),
        })
        .collect();
    let sum = |of: fn(&DeviceRow) -> u64| rows.iter().map(of).sum::<u64>();
    let refused = all.iter().map(|found| found.refused).sum();
    checked.report().add(apart);
    let verify = checked.report().clone();
    let differs_on_device = verify.differences.iter().any(|difference| difference.code.starts_with("device-"));
    let unsent = sum(|row| row.unsent);
    Ok(Totals {
        ok: lost == 0 && unsent == 0 && refused == 0 && verify.agrees(),
        recorded: sum(|row| row.recorded),
        receipted: sum(|row| row.receipted),
        lost: lost as u64,
        unsent,
        held: verify.held,
        refused,
        documents: verify.documents.values().sum(),
        documents_by_kind: verify.documents.clone(),
        changes: verify.changes,
        conflicts: verify.conflicts,
        devices: rows.len() as u64,
        exchanges: sum(|row| row.exchanges),
        bytes_up: sum(|row| row.bytes_up),
        bytes_down: sum(|row| row.bytes_down),
        converged: !differs_on_device && verify.more_differences == 0,
        hub_kills: stage.hub_kills,
        rebuilds: stage.rebuilds,
        link_cuts: stage.roads.values().map(super::road::Road::cuts).sum(),
        device_restarts: stage.restarts,
        verify,
        rows,
    })
}

fn open(phone: &Phone, checked: &CheckedFolder) -> Result<Found, DemoError> {
    let trouble = |error: &dyn std::fmt::Display| phone.trouble(error);
    let mut store = SqliteStore::open(&phone.folder, &phone.key).map_err(|error| trouble(&error))?;
    let inputs = Inputs { now: SystemClock.now(), seed: draw(&mut SystemRandom) };
    let rows = store.hot_rows().map_err(|error| trouble(&error))?;
    let device = Device::open(rows, &inputs).map_err(|error| trouble(&error))?;
    let hub = device.hub().ok_or_else(|| trouble(&"it is not enrolled"))?;
    let mut found = Found {
        prefix: device.lease().map(|lease| lease.prefix),
        recorded: device.works().map(|work| (work.document, work.hash)).collect(),
        receipted: BTreeSet::new(),
        refused: device.aside().filter(|aside| aside.superseded_by.is_none()).count() as u64,
        conflicts: 0,
        report: DeviceReport { device: phone.owner.to_owned(), documents: BTreeMap::new(), unsent: 0 },
        apart: apart(&device, checked)?,
    };
    found.recorded.extend(device.aside().filter(|aside| aside.superseded_by.is_none()).map(|a| (a.document, a.hash)));
    for (counter, info) in device.parcels() {
        for (document, changes) in &info.documents {
            found.recorded.extend(changes.iter().map(|change| (*document, *change)));
        }
        let kept = store.load(&Key::Receipt(counter)).map_err(|error| trouble(&error))?;
        if let Some(kept) = kept.and_then(|row| from_cbor::<KeptReceipt>(&row).ok()) {
            found.receipted.extend(receipted(info, &kept, hub, checked));
        }
    }
    found.report.unsent = found.recorded.difference(&found.receipted).count() as u64;
    for (document, entry) in device.entries().filter(|(_, entry)| entry.standing == Standing::Open) {
        let saved = store.load(&Key::Copy(document)).map_err(|error| trouble(&error))?;
        let kind = Kind::from_code(entry.kind);
        let view = kind.zip(saved).and_then(|(kind, saved)| view(kind, &saved));
        let view = view.ok_or_else(|| trouble(&format!("document {document} cannot be read")))?;
        found.conflicts += view.conflicts.len() as u64;
        found.report.documents.insert(document, view.heads);
    }
    Ok(found)
}

/// The changes of a parcel that its receipt says are applied: signed by the hub, and with the chain that the log has.
fn receipted(info: &ParcelInfo, kept: &KeptReceipt, hub: &PublicKey, checked: &CheckedFolder) -> Vec<Change> {
    let Ok(receipt) = verify_receipt(&kept.receipt, &kept.signature, hub) else { return Vec::new() };
    if !checked.has_chain(receipt.log, receipt.head, receipt.chain) {
        return Vec::new();
    }
    let Some(parcel) = receipt.parcels.iter().find(|parcel| parcel.manifest == info.manifest) else {
        return Vec::new();
    };
    let mut changes = Vec::new();
    for ((document, hashes), fate) in info.documents.iter().zip(&parcel.documents) {
        let fates = fate.runs.iter().flat_map(|run| std::iter::repeat_n(&run.fate, usize::from(run.count)));
        let applied = hashes.iter().zip(fates).filter(|(_, fate)| matches!(fate, Fate::Applied | Fate::Duplicate));
        changes.extend(applied.map(|(hash, _)| (*document, *hash)));
    }
    changes
}

/// Channels of the user's scope that the device holds otherwise than the log says.
fn apart(device: &Device, checked: &CheckedFolder) -> Result<Vec<String>, DemoError> {
    let Some(lease) = device.lease() else { return Ok(vec!["everything".to_owned()]) };
    let mut apart = Vec::new();
    for channel in checked.recomputed.directory.scope(lease.user) {
        let expected = checked.channel_sum(&channel)?;
        if device.sums().get(&channel).copied().unwrap_or_default() != expected {
            apart.push(channel.to_string());
        }
    }
    Ok(apart)
}
