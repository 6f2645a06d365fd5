//! Courier files of a folder's device, as the command line makes and takes them.
//!
//! With the key file: everything unsent, and the answer whole ([`export_unlocked`], [`FieldDevice::take`]). Without: what is sealed
//! and its receipts ([`export_locked`], [`take_locked`]), by whoever holds the device. Owns how a file comes to disk: whole
//! or not at all, after what it takes to read its answer is stored. What stands in it is
//! `sync_protocol::device::courier`'s.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use serde::Serialize;
use sync_protocol::crypto::PublicKey;
use sync_protocol::device::locked::{Locked, SealedFate};
use sync_protocol::device::{Event, Report, Synced};
use sync_protocol::ids::Salt;
use sync_protocol::limits::{CARRIED_BYTES_MAX, COURIER_PARCEL_BYTES_MAX};
use sync_protocol::wire::codec::from_cbor;
use sync_protocol::wire::courier::{CourierFile, CourierPart, Place, hub_tag};

use super::locked::{Door, Outside, RefusedParcel, refused_of};
use super::session::{FieldDevice, FieldError};
use super::store::{FieldStore, SqliteStore};
use crate::random::{Random, SystemRandom, draw};

/// What an export wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ExportReport {
    /// Parcels in the file.
    pub parcels: usize,
    /// Bytes of the file.
    pub bytes: usize,
    /// Whether it was made without the key file: the answer brings receipts, and no news.
    pub locked: bool,
}

/// What a return file said.
#[derive(Debug, Clone, Default, Serialize)]
pub struct TakeReport {
    /// With the key file: what changed.
    pub taken: Option<Synced>,
    /// Without: how many sealed parcels the hub has.
    pub kept: usize,
    /// Without: counters of those that must wait for other work.
    pub waits: Vec<u64>,
    /// Without: those that the hub does not take.
    pub refused: Vec<RefusedParcel>,
    /// Files of this device that have not come to the hub, as first and last number of each run.
    pub missing: Vec<(u64, u64)>,
    /// Whether the hub orders everything on this device to be erased at once.
    pub to_be_erased: bool,
    /// Everything else that a person should hear of.
    pub reports: Vec<Report>,
}

/// Writes a file whole or not at all: under another name first, synced, then renamed.
///
/// # Errors
/// As the machine says; nothing stands under the name then that did not before.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".part");
    let draft = Path::new(&draft);
    let write = || {
        let mut file = File::create(draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(draft, path)
    };
    write().inspect_err(|_| drop(std::fs::remove_file(draft)))
}

/// Reads a file that is no longer than any return file.
///
/// # Errors
/// [`FieldError::File`].
pub fn read_whole(path: &Path) -> Result<Vec<u8>, FieldError> {
    let mut bytes = Vec::new();
    let limit = CARRIED_BYTES_MAX as u64 + 1;
    let read = File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
    read.map_err(|error| FieldError::File(format!("{}: {error}", path.display())))?;
    Ok(bytes)
}

fn room() -> u32 {
    u32::try_from(COURIER_PARCEL_BYTES_MAX).unwrap_or(u32::MAX)
}

/// The only part of a file.
fn alone(random: &mut dyn Random) -> Place {
    Place { file: Salt::new(draw(random)), index: 0, of: 1 }
}

fn file_of(place: &Place, hub: &PublicKey, part: CourierPart) -> Vec<u8> {
    CourierFile { hub: hub_tag(hub), id: place.file, parts: vec![part] }.to_bytes()
}

impl<S: FieldStore> FieldDevice<S> {
    /// Everything unsent as a courier file; its number is stored.
    ///
    /// # Errors
    /// [`FieldError::NotCarried`].
    pub fn export(&mut self) -> Result<(Vec<u8>, usize), FieldError> {
        let place = alone(&mut SystemRandom);
        let step = self.driver.handle(Event::Export { place, room: room() }, self.clock.now())?;
        let part = step.carried.and_then(|part| from_cbor::<CourierPart>(&part).ok());
        let (Some(part), Some(hub)) = (part, self.device().hub().copied()) else {
            let reason = step.reports.into_iter().find_map(|report| match report {
                Report::NotExported { reason } => Some(reason),
                _ => None,
            });
            return Err(FieldError::NotCarried(reason.unwrap_or_else(|| "the device is busy".to_owned())));
        };
        let parcels = part.parcels.len();
        Ok((file_of(&place, &hub, part), parcels))
    }

    /// Takes a return file.
    ///
    /// # Errors
    /// [`FieldError::NotCarried`]: nothing was changed.
    pub fn take(&mut self, file: Vec<u8>) -> Result<TakeReport, FieldError> {
        let outside = self.driver.store().series()?;
        let step = self.driver.handle(Event::Take { file, outside }, self.clock.now())?;
        let mut report = TakeReport::default();
        for one in step.reports {
            match one {
                Report::CourierTaken(done) => report.taken = Some(done),
                Report::CourierRefused { reason } => return Err(FieldError::NotCarried(reason)),
                Report::CourierMissing { numbers } => report.missing = numbers,
                other => report.reports.push(other),
            }
        }
        Ok(report)
    }
}

/// Exports with the key file.
///
/// # Errors
/// [`FieldError`].
pub fn export_unlocked(device: &mut FieldDevice, to: &Path) -> Result<ExportReport, FieldError> {
    let (bytes, parcels) = device.export()?;
    finish(to, &bytes, parcels, false)
}

/// Exports what is sealed, without the key file.
///
/// # Errors
/// [`FieldError`]; also when nothing is sealed.
pub fn export_locked(dir: &Path, to: &Path) -> Result<ExportReport, FieldError> {
    let (door, locked, outside) = open_locked(dir)?;
    let none = || {
        FieldError::NotCarried(
            "sync this device once with its key file: it was enrolled by an older version".to_owned(),
        )
    };
    let sealing = door.sealing.ok_or_else(none)?;
    let mut random = SystemRandom;
    let place = alone(&mut random);
    let made = locked.export(&place, &sealing, outside.series.as_deref(), room(), draw(&mut random));
    let made = made.map_err(FieldError::NotCarried)?;
    let nothing = || FieldError::NotCarried("nothing is sealed on this device that was not receipted".to_owned());
    let (part, series) = made.ok_or_else(nothing)?;
    // Stored first: a number is never given twice.
    SqliteStore::keep_series(dir, &series)?;
    let parcels = part.parcels.len();
    finish(to, &file_of(&place, &door.hub, part), parcels, true)
}

fn finish(to: &Path, bytes: &[u8], parcels: usize, locked: bool) -> Result<ExportReport, FieldError> {
    write_whole(to, bytes).map_err(|error| FieldError::File(format!("{}: {error}", to.display())))?;
    Ok(ExportReport { parcels, bytes: bytes.len(), locked })
}

/// Takes a return file without the key file: says what became of what is sealed, and changes nothing.
///
/// # Errors
/// [`FieldError`].
pub fn take_locked(dir: &Path, file: &[u8]) -> Result<TakeReport, FieldError> {
    let (_, mut locked, outside) = open_locked(dir)?;
    let none = || {
        let words = "no file was made of this device without its key file: take the return file with the key file";
        FieldError::NotCarried(words.to_owned())
    };
    let series = outside.series.ok_or_else(none)?;
    let missing = locked.take(file, &series).map_err(FieldError::NotCarried)?;
    let mut report = TakeReport { missing, to_be_erased: locked.is_to_be_erased(), ..TakeReport::default() };
    for (counter, fate) in locked.fates() {
        match fate {
            SealedFate::Kept { .. } => report.kept += 1,
            SealedFate::Waits => report.waits.push(*counter),
            SealedFate::Refused { code, sentence } => report.refused.push(refused_of(*counter, code, sentence)),
        }
    }
    Ok(report)
}

fn open_locked(dir: &Path) -> Result<(Door, Locked, Outside), FieldError> {
    let mut outside = SqliteStore::outside(dir)?;
    let none = || FieldError::NotEnrolled("this device knows no hub that anything could be sealed to".to_owned());
    let door: Door = outside.door.as_ref().and_then(|door| from_cbor(door).ok()).ok_or_else(none)?;
    let locked = Locked::new(door.lease, door.hub, std::mem::take(&mut outside.sealed));
    Ok((door, locked, outside))
}
