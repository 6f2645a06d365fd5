//! The key file: one line, a mark and 32 bytes in hexadecimal. Kept apart from the folder that it opens.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use data_encoding::HEXLOWER;

use super::StoreError;
use crate::limits::FIELD_KEY_FILE_BYTES_MAX;
use crate::random::Random;
use crate::store::seal::Key;

const MARK: &str = "segin-device-key-1";

fn wrong(path: &Path, reason: impl ToString) -> StoreError {
    StoreError::KeyFile { path: path.to_owned(), reason: reason.to_string() }
}

/// Makes a key file, readable by its owner only, if there is none; reads it if there is.
///
/// # Errors
/// [`StoreError::KeyFile`].
pub fn create_key_file(path: &Path, random: &mut dyn Random) -> Result<Key, StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = match options.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return read_key_file(path),
        Err(error) => return Err(wrong(path, error)),
    };
    let key = Key::draw(random);
    let line = format!("{MARK} {}\n", HEXLOWER.encode(key.as_bytes()));
    file.write_all(line.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| wrong(path, error))?;
    Ok(key)
}

/// Reads a key file.
///
/// # Errors
/// [`StoreError::KeyFile`] when it is missing or something else.
pub fn read_key_file(path: &Path) -> Result<Key, StoreError> {
    let file = OpenOptions::new().read(true).open(path).map_err(|error| wrong(path, error))?;
    let mut text = String::new();
    file.take(FIELD_KEY_FILE_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|_| wrong(path, "it is not a segin device key"))?;
    let hex = text.trim_end().strip_prefix(MARK).map(str::trim);
    let bytes = hex.and_then(|hex| HEXLOWER.decode(hex.as_bytes()).ok()).and_then(|bytes| bytes.try_into().ok());
    bytes.map(Key::new).ok_or_else(|| wrong(path, "it is not a segin device key"))
}
