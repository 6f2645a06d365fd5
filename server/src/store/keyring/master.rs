//! The master key: 32 bytes in a file of its own, outside the data folder, so that a copy of the data opens nothing.

use std::io::Read;
use std::path::Path;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use zeroize::Zeroizing;

use super::KeyringError;
use crate::limits::MASTER_KEY_FILE_BYTES_MAX;
use crate::random::Random;
use crate::store::files::{self, DiskError};
use crate::store::seal::Key;

/// The key that opens the keyring.
#[derive(Debug, Clone)]
pub struct MasterKey(Key);

impl MasterKey {
    /// From 32 bytes: simulations and tests.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Key::new(bytes))
    }

    /// Reads the file: 64 hexadecimal digits, a line end may follow.
    ///
    /// # Errors
    /// [`KeyringError::MasterKeyMissing`], [`KeyringError::MasterKeyUnreadable`]; or the disk fails.
    pub fn load(path: &Path) -> Result<Self, KeyringError> {
        let shown = path.display().to_string();
        let file = match std::fs::File::open(path) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(KeyringError::MasterKeyMissing { path: shown });
            }
            Err(source) => return Err(DiskError::Io { path: shown, doing: "opened", source }.into()),
        };
        let mut text = Zeroizing::new(Vec::new());
        file.take(MASTER_KEY_FILE_BYTES_MAX).read_to_end(&mut text).map_err(|source| DiskError::Io {
            path: shown.clone(),
            doing: "read",
            source,
        })?;
        let bytes = HEXLOWER_PERMISSIVE.decode(text.trim_ascii()).map(Zeroizing::new).ok();
        let key = bytes.and_then(|bytes| bytes.as_slice().try_into().ok());
        key.map(Self::from_bytes).ok_or(KeyringError::MasterKeyUnreadable { path: shown })
    }

    /// Draws a key and writes its file, for its owner alone. `Ok` means durable.
    ///
    /// # Errors
    /// [`KeyringError::MasterKeyExists`]; or the disk fails.
    pub fn create(path: &Path, random: &mut dyn Random) -> Result<Self, KeyringError> {
        if path.symlink_metadata().is_ok() {
            return Err(KeyringError::MasterKeyExists { path: path.display().to_string() });
        }
        let key = Key::draw(random);
        let mut text = Zeroizing::new(HEXLOWER.encode(key.as_bytes()));
        text.push('\n');
        files::write_file(path, text.as_bytes())?;
        Ok(Self(key))
    }

    /// The key itself.
    pub(super) const fn key(&self) -> &Key {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::random::SeededRandom;

    #[test]
    fn a_master_key_is_written_once_for_its_owner_and_read_again() {
        // Prevents: a second start that draws another master key over the first, after which nothing opens any more.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/master");
        assert_eq!(MasterKey::load(&path).unwrap_err().code(), "master-key-missing");
        let key = MasterKey::create(&path, &mut SeededRandom::new(1)).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(MasterKey::load(&path).unwrap().key(), key.key());
        let again = MasterKey::create(&path, &mut SeededRandom::new(2)).unwrap_err();
        assert_eq!(again.code(), "master-key-exists");
        assert_eq!(MasterKey::load(&path).unwrap().key(), key.key());
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_no_master_key_is_said_to_be_none_and_not_shown() {
        // Prevents: a hub that starts under a key made of a wrong file; a half key in an error message.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master");
        let long = "ab".repeat(40_000);
        for wrong in ["", "abcd", &"g".repeat(64), &"ab".repeat(31), &"ab".repeat(33), &long] {
            std::fs::write(&path, wrong).unwrap();
            let error = MasterKey::load(&path).unwrap_err();
            assert_eq!(error.code(), "master-key-unreadable");
            assert!(!error.to_string().contains("abab"));
        }
        std::fs::write(&path, format!("  {}\r\n", "AB".repeat(32))).unwrap();
        assert_eq!(MasterKey::load(&path).unwrap().key(), &Key::new([0xab; 32]));
    }
}
