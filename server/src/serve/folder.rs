//! The data folder: what is in it, and how a start gets from it to an open hub.
//!
//! ```text
//! DIR/lock                 held by the process that has the folder
//! DIR/log/0000000001.seg   the log                      store of record
//! DIR/keyring              keys under the master key    store of record
//! DIR/documents/           merged documents             derived: may be deleted while the hub is stopped
//! DIR/beginning            a first start that was cut off: it begins again
//! ```
//!
//! Refuses to begin a log in a folder that holds anything else, and to draw a key where data waits for the right one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::StartError;
use super::metrics::Metrics;
use super::timed::TimedDisk;
use crate::clock::Clock;
use crate::hub::opening::{self, Beginning, Folding, Opened, begin};
use crate::limits::CATCH_UP_WORKERS_MAX;
use crate::random::Random;
use crate::store::documents::{DocumentStore, SledStore};
use crate::store::files::{Disk, RealDisk};
use crate::store::keyring::{Keyring, KeyringError, MasterKey};
use crate::store::log::{Log, LogSizes, Opening};

/// The folder of the derived documents, inside the data folder.
pub const DOCUMENTS: &str = "documents";
/// Stands while a first start has not finished: nothing was ever acknowledged.
const BEGINNING: &str = "beginning";

/// An opened data folder.
pub struct OpenedFolder {
    /// The hub.
    pub opened: Opened,
    /// The folder, locked until this and all its clones are dropped.
    pub disk: Arc<dyn Disk>,
}

/// Locks the folder, begins a log in it if it is empty, and opens it.
///
/// # Errors
/// [`StartError`].
pub fn open(
    folder: &Path,
    master_key: &Path,
    clock: &dyn Clock,
    random: &mut dyn Random,
    metrics: &Arc<Metrics>,
) -> Result<OpenedFolder, StartError> {
    key_lies_outside(folder, master_key)?;
    is_hub_or_empty(folder)?;
    let real: Arc<dyn Disk> = Arc::new(RealDisk::open(folder)?);
    let disk: Arc<dyn Disk> = Arc::new(TimedDisk::new(real, Arc::clone(metrics)));
    let mut keyring = match first_start(&*disk)? {
        true => begin_hub(&disk, master_key, clock, random)?,
        false => Keyring::open(Arc::clone(&disk), &MasterKey::load(master_key)?)?,
    };
    if keyring.complete(random)? {
        tracing::info!("the keyring now has a key that devices seal their work to; those enrolled from now on do");
    }
    let keyring = Arc::new(keyring);
    let mut scan = Opening::start(Arc::clone(&disk), LogSizes::default())?;
    let mut folding = Folding::new(scan.log_id(), &keyring);
    while let Some(record) = scan.next_record()? {
        folding.fold(record.position, &record.payload)?;
    }
    let directory = folding.directory;
    let (log, reader, report) = scan.finish()?;
    if report.torn_bytes_cut > 0 {
        tracing::warn!(bytes = report.torn_bytes_cut, "the last group was never acknowledged and was torn: it is cut");
    }
    let documents = folder.join(DOCUMENTS);
    let mut store = open_documents(&documents)?;
    if let Err(why) = opening::fits(&reader, &store)?
        && store.applied_to()?.is_some()
    {
        drop(store);
        tracing::warn!(why, "the document store does not fit the log: it is set aside and built again");
        store = SledStore::open_fresh(&documents, &why)?.store;
    }
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(CATCH_UP_WORKERS_MAX);
    let opened = opening::open_with(log, reader, keyring, Arc::new(store), directory, random, workers)?;
    tracing::info!(
        entries = opened.report.entries,
        applied = opened.report.applied,
        rebuilt = opened.report.rebuilt.is_some(),
        "the log is checked and the documents are up to it"
    );
    Ok(OpenedFolder { opened, disk })
}

fn open_documents(folder: &Path) -> Result<SledStore, StartError> {
    let opened = SledStore::open(folder)?;
    if let Some(aside) = opened.set_aside {
        tracing::warn!(
            folder = %aside.folder.display(),
            reason = aside.reason,
            "the document store was damaged: it is set aside and built again from the log"
        );
    }
    Ok(opened.store)
}

/// Whether nothing was ever acknowledged from this folder.
fn first_start(disk: &dyn Disk) -> Result<bool, StartError> {
    let begun = disk.list("")?.iter().any(|name| name == BEGINNING);
    Ok(begun || (!Log::exists(disk)? && !Keyring::exists(disk)?))
}

/// Draws keys and writes the first entries. Cut off at any moment, the next start does it again.
fn begin_hub(
    disk: &Arc<dyn Disk>,
    master_key: &Path,
    clock: &dyn Clock,
    random: &mut dyn Random,
) -> Result<Keyring, StartError> {
    disk.replace(BEGINNING, b"")?;
    let master = match MasterKey::load(master_key) {
        Err(KeyringError::MasterKeyMissing { .. }) => MasterKey::create(master_key, random)?,
        other => other?,
    };
    for left in disk.list("log")? {
        disk.remove(&format!("log/{left}"))?;
    }
    if Keyring::exists(&**disk)? {
        disk.remove("keyring")?;
    }
    disk.sync_folder("")?;
    let keyring = Keyring::create(Arc::clone(disk), &master, random)?;
    let log_id = opening::new_log_id(random);
    let (mut log, _) = Log::create(Arc::clone(disk), log_id, LogSizes::default(), random)?;
    let configuration = super::configuration::first(&keyring);
    begin(&mut log, &keyring, &Beginning { configuration, now: clock.now() }, random)?;
    drop(log);
    disk.remove(BEGINNING)?;
    disk.sync_folder("")?;
    Ok(keyring)
}

/// A folder with anything else in it was named by mistake.
fn is_hub_or_empty(folder: &Path) -> Result<(), StartError> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Ok(());
    };
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    let ours = ["log", "keyring", BEGINNING];
    if names.iter().any(|name| ours.contains(&name.as_str())) {
        return Ok(());
    }
    match names.into_iter().find(|name| name != "lock" && name != "lost+found") {
        None => Ok(()),
        Some(found) => Err(StartError::NotAHub { folder: folder.display().to_string(), found }),
    }
}

fn key_lies_outside(folder: &Path, key: &Path) -> Result<(), StartError> {
    if resolved(key).starts_with(resolved(folder)) {
        let (key, folder) = (key.display().to_string(), folder.display().to_string());
        return Err(StartError::KeyInside { key, folder });
    }
    Ok(())
}

/// The path with everything resolved that exists of it.
pub(super) fn resolved(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut tail = Vec::new();
    let mut head = absolute.as_path();
    loop {
        if let Ok(real) = head.canonicalize() {
            return tail.iter().rev().fold(real, |path, part| path.join(part));
        }
        match (head.parent(), head.file_name()) {
            (Some(parent), Some(name)) => {
                tail.push(name.to_owned());
                head = parent;
            }
            _ => return absolute,
        }
    }
}
