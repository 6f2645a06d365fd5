//! Erasing a store on disk, in an order that a crash at any moment cannot undo.
//!
//! First a mark that says so is on disk, then the key file is overwritten and removed (from then on nothing can be read),
//! then the files. Opening a folder with the mark finishes what was not finished, and says that it was erased. The mark
//! holds a time and by what the key can be told: another device's key file is never touched.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write as _};
use std::path::Path;

use minicbor::bytes::ByteArray;
use sync_protocol::device::{Key, Wiped, Write};
use sync_protocol::wire::codec::{from_cbor, to_cbor};

use super::StoreError;
use crate::limits::FIELD_KEY_FILE_BYTES_MAX;

const MARK: &str = "wiped";
/// What SQLite may leave beside its file.
const SUFFIXES: [&str; 3] = ["", "-wal", "-shm"];

fn machine(path: &Path) -> impl Fn(std::io::Error) -> StoreError {
    let path = path.display().to_string();
    move |error| StoreError::Machine(format!("{path}: {error}"))
}

/// Leaves the mark, durable.
///
/// # Errors
/// [`StoreError::Machine`]; nothing is erased then.
pub(super) fn mark(dir: &Path, then: &[Write], key: [u8; 16]) -> Result<(), StoreError> {
    let row = then.iter().find_map(|write| match write {
        Write::Put(Key::Wiped, bytes) => from_cbor::<Wiped>(bytes).ok(),
        _ => None,
    });
    let wiped = row.ok_or_else(|| StoreError::Machine("an erased store must say when it was erased".to_owned()))?;
    let path = dir.join(MARK);
    let written = File::create(&path).and_then(|mut file| {
        file.write_all(&to_cbor(&(wiped, ByteArray::from(key))))?;
        file.sync_all()?;
        File::open(dir)?.sync_all()
    });
    written.map_err(machine(&path))
}

/// Whether the folder was erased, and which key it had.
///
/// # Errors
/// [`StoreError::Machine`] when the mark cannot be read.
pub(super) fn marked(dir: &Path) -> Result<Option<(Wiped, [u8; 16])>, StoreError> {
    let path = dir.join(MARK);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(machine(&path)(error)),
    };
    let mut bytes = Vec::new();
    file.take(FIELD_KEY_FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(machine(&path))?;
    // A mark that was cut off while it was written erases nothing.
    Ok(from_cbor::<(Wiped, ByteArray<16>)>(&bytes).ok().map(|(wiped, key)| (wiped, key.into())))
}

/// Removes the key file.
///
/// # Errors
/// [`StoreError::Machine`]; opening the folder goes on with it.
pub(super) fn erase_key(key_file: &Path) -> Result<(), StoreError> {
    overwrite(key_file)?;
    remove(key_file)
}

/// Removes the files of the store.
///
/// # Errors
/// [`StoreError::Machine`]; opening the folder goes on with it.
pub(super) fn erase_files(dir: &Path, file: &str) -> Result<(), StoreError> {
    for suffix in SUFFIXES {
        remove(&dir.join(format!("{file}{suffix}")))?;
    }
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(machine(dir))
}

/// Puts zeros in the place of what stands there.
fn overwrite(path: &Path) -> Result<(), StoreError> {
    let mut file = match OpenOptions::new().write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(machine(path)(error)),
    };
    let length = file.metadata().map_err(machine(path))?.len().min(FIELD_KEY_FILE_BYTES_MAX);
    let zeros = vec![0; usize::try_from(length).unwrap_or_default()];
    file.write_all(&zeros).and_then(|()| file.sync_all()).map_err(machine(path))
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(machine(path)(error)),
        _ => Ok(()),
    }
}
