//! The store on disk: one SQLite file, every value sealed, every key hashed under the key file.
//!
//! SQLite survived every reconstructed power cut without help; here it syncs at each commit. What the disk shows
//! without the key is how many rows there are, how long each is, and which are read at open; and what a locked device sends:
//! rows of [`Key::Sealed`], which only the hub can read, and where to ([`crate::field::locked`]).

use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};
use sha2::{Digest, Sha256};
use sync_protocol::device::{Key, Write};

use super::{FieldStore, StoreError, create_key_file, read_key_file, wiped};
use crate::field::locked::Outside;
use crate::random::{Random, SystemRandom};
use crate::store::seal::{self, Key as SealKey};

/// Marks the file as ours: "SGFD".
const APPLICATION_ID: i64 = 0x5347_4644;
/// The form of the rows.
const VERSION: i64 = 1;
const FILE: &str = "device.sqlite";
const ID_BYTES: usize = 16;
const SERIES: &str = "SELECT value FROM own WHERE name = 'series'";
/// Parcels sealed to the hub, as they are.
const SEALED_TABLE: &str = "CREATE TABLE IF NOT EXISTS sealed (counter INTEGER PRIMARY KEY, value BLOB NOT NULL)";
/// Sealed at creation: opens with the right key file only.
const CHECK: &[u8] = b"segin device";
/// By what the key of an erased store is told from others.
const WIPED_ID: &[u8] = b"wiped";

/// A device's store in a folder.
pub struct SqliteStore {
    connection: Connection,
    path: PathBuf,
    key: SealKey,
    key_file: PathBuf,
    random: Box<dyn Random>,
    /// Everything was erased: these rows are all that there is.
    wiped: Option<Vec<(Key, Vec<u8>)>>,
}

impl SqliteStore {
    /// Makes a new store in a folder, and the key file if there is none.
    ///
    /// # Errors
    /// [`StoreError`], also when there is a store already.
    pub fn create(dir: &Path, key_file: &Path) -> Result<Self, StoreError> {
        finish_erasing(dir, key_file)?;
        let path = dir.join(FILE);
        if path.exists() {
            return Err(StoreError::Exists(dir.to_owned()));
        }
        std::fs::create_dir_all(dir).map_err(|error| StoreError::Machine(format!("{}: {error}", dir.display())))?;
        let mut random: Box<dyn Random> = Box::new(SystemRandom);
        let key = create_key_file(key_file, &mut *random)?;
        // Made under another name first: a folder holds a whole store or none.
        let draft = dir.join("device.sqlite.new");
        let _ = std::fs::remove_file(&draft);
        let (path_of_key, wiped) = (key_file.to_owned(), None);
        let connection = connect(&draft, true)?;
        let mut store = Self { connection, path: draft.clone(), key, key_file: path_of_key, random, wiped };
        store.lay_out().map_err(|error| store.wrong(&error))?;
        drop(store);
        std::fs::rename(&draft, &path)
            .and_then(|()| std::fs::File::open(dir)?.sync_all())
            .map_err(|error| StoreError::Machine(format!("{}: {error}", path.display())))?;
        Self::open(dir, key_file)
    }

    /// Opens the store of a folder.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(dir: &Path, key_file: &Path) -> Result<Self, StoreError> {
        finish_erasing(dir, key_file)?;
        let path = dir.join(FILE);
        if !path.exists() {
            return Err(StoreError::Missing(dir.to_owned()));
        }
        let key = read_key_file(key_file)?;
        let connection = connect(&path, false)?;
        let (key_file, random, wiped) = (key_file.to_owned(), Box::new(SystemRandom), None);
        let store = Self { connection, path, key, key_file, random, wiped };
        store.check()?;
        store.connection.execute_batch(SEALED_TABLE).map_err(|error| store.wrong(&error))?;
        Ok(store)
    }

    /// What stands outside the encryption of a folder's store, without the key file.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn outside(dir: &Path) -> Result<Outside, StoreError> {
        if let Some((wiped, _)) = wiped::marked(dir)? {
            return Err(StoreError::Wiped(wiped));
        }
        let path = dir.join(FILE);
        if !path.exists() {
            return Err(StoreError::Missing(dir.to_owned()));
        }
        let connection = connect(&path, false)?;
        is_ours(&connection, &path)?;
        let read = || -> rusqlite::Result<Outside> {
            connection.execute_batch(SEALED_TABLE)?;
            let door = connection.query_row("SELECT value FROM own WHERE name = 'door'", [], |row| row.get(0));
            let mut statement = connection.prepare("SELECT counter, value FROM sealed ORDER BY counter")?;
            let rows = statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)))?;
            let rows: Vec<(i64, Vec<u8>)> = rows.collect::<rusqlite::Result<_>>()?;
            let sealed = rows.into_iter().filter_map(|(counter, bytes)| Some((u64::try_from(counter).ok()?, bytes)));
            let series = connection.query_row(SERIES, [], |row| row.get(0)).optional()?;
            Ok(Outside { door: door.optional()?, sealed: sealed.collect(), series })
        };
        read().map_err(|error| trouble(&path, &error))
    }

    /// Keeps the row of the courier files that were made without the key file.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn keep_series(dir: &Path, series: &[u8]) -> Result<(), StoreError> {
        let path = dir.join(FILE);
        let connection = connect(&path, false)?;
        is_ours(&connection, &path)?;
        let kept =
            connection.execute("INSERT OR REPLACE INTO own (name, value) VALUES ('series', ?1)", params![series]);
        kept.map(drop).map_err(|error| trouble(&path, &error))
    }

    fn lay_out(&mut self) -> rusqlite::Result<()> {
        self.connection.pragma_update(None, "application_id", APPLICATION_ID)?;
        self.connection.pragma_update(None, "user_version", VERSION)?;
        self.connection.execute_batch(
            "CREATE TABLE rows (id BLOB PRIMARY KEY, hot INTEGER NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;
             CREATE INDEX hot_rows ON rows (id) WHERE hot = 1;
             CREATE TABLE own (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;",
        )?;
        self.connection.execute_batch(SEALED_TABLE)?;
        let check = seal::seal(&self.key, &mut *self.random, b"check", CHECK);
        self.connection.execute("INSERT INTO own (name, value) VALUES ('check', ?1)", params![check])?;
        Ok(())
    }

    fn check(&self) -> Result<(), StoreError> {
        is_ours(&self.connection, &self.path)?;
        let check: Vec<u8> = self
            .connection
            .query_row("SELECT value FROM own WHERE name = 'check'", [], |row| row.get(0))
            .map_err(|error| self.wrong(&error))?;
        seal::open(&self.key, b"check", &check).map(drop).map_err(|_| StoreError::WrongKey)
    }

    fn damaged(&self, reason: impl ToString) -> StoreError {
        StoreError::Damaged { path: self.path.clone(), reason: reason.to_string() }
    }

    fn wrong(&self, error: &rusqlite::Error) -> StoreError {
        trouble(&self.path, error)
    }

    /// The name under which a row stands: says nothing without the key file.
    fn id(&self, key: &[u8]) -> [u8; ID_BYTES] {
        id_under(&self.key, key)
    }

    /// A row as it is sealed: the length of its key, its key, its value.
    fn sealed(&mut self, id: &[u8], key: &[u8], value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(key.len()).unwrap_or(u16::MAX);
        let plain = [&length.to_be_bytes(), key, value].concat();
        seal::seal(&self.key, &mut *self.random, id, &plain)
    }

    fn opened(&self, id: &[u8], sealed: &[u8]) -> Result<(Key, Vec<u8>), StoreError> {
        let plain = seal::open(&self.key, id, sealed).map_err(|error| self.damaged(error))?;
        let parts = plain.split_first_chunk::<2>().and_then(|(length, rest)| {
            let (key, value) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            Some((Key::from_bytes(key)?, value.to_vec()))
        });
        parts.ok_or_else(|| self.damaged("a row cannot be read"))
    }
}

/// Whether the file is a device's store of a version that this one reads.
fn is_ours(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    if pragma("application_id").map_err(|error| trouble(path, &error))? != APPLICATION_ID {
        let reason = "it is another kind of file".to_owned();
        return Err(StoreError::Damaged { path: path.to_owned(), reason });
    }
    let found = pragma("user_version").map_err(|error| trouble(path, &error))?;
    if found > VERSION { Err(StoreError::Newer { found, known: VERSION }) } else { Ok(()) }
}

/// A counter as SQLite holds it.
fn number(counter: u64) -> i64 {
    i64::try_from(counter).unwrap_or(i64::MAX)
}

fn id_under(sealing: &SealKey, key: &[u8]) -> [u8; ID_BYTES] {
    let full = Sha256::new().chain_update(b"segin/1 field row\0").chain_update(sealing.as_bytes()).chain_update(key);
    let mut id = [0; ID_BYTES];
    id.copy_from_slice(&full.finalize()[..ID_BYTES]);
    id
}

/// Goes on with erasing where that was cut off.
///
/// # Errors
/// [`StoreError::Wiped`] when the folder was erased.
fn finish_erasing(dir: &Path, key_file: &Path) -> Result<(), StoreError> {
    let Some((wiped, its_key)) = wiped::marked(dir)? else { return Ok(()) };
    if read_key_file(key_file).is_ok_and(|key| id_under(&key, WIPED_ID) == its_key) {
        wiped::erase_key(key_file)?;
    }
    wiped::erase_files(dir, FILE)?;
    Err(StoreError::Wiped(wiped))
}

fn connect(path: &Path, create: bool) -> Result<Connection, StoreError> {
    let create = if create { OpenFlags::SQLITE_OPEN_CREATE } else { OpenFlags::empty() };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | create;
    let open = || -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(std::time::Duration::ZERO)?;
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "secure_delete", "ON")?;
        // Takes the lock now, and not at the first edit.
        connection.execute_batch("BEGIN IMMEDIATE; COMMIT;")?;
        Ok(connection)
    };
    open().map_err(|error| trouble(path, &error))
}

fn trouble(path: &Path, error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::InUse,
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            StoreError::Damaged { path: path.to_owned(), reason: error.to_string() }
        }
        _ => match error {
            rusqlite::Error::QueryReturnedNoRows => {
                StoreError::Damaged { path: path.to_owned(), reason: "its first row is missing".to_owned() }
            }
            _ => StoreError::Machine(error.to_string()),
        },
    }
}

impl FieldStore for SqliteStore {
    fn hot_rows(&mut self) -> Result<Vec<(Key, Vec<u8>)>, StoreError> {
        if let Some(rows) = &self.wiped {
            return Ok(rows.clone());
        }
        let read = || -> rusqlite::Result<Vec<(Vec<u8>, Vec<u8>)>> {
            let mut statement = self.connection.prepare_cached("SELECT id, value FROM rows WHERE hot = 1")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        };
        let rows = read().map_err(|error| self.wrong(&error))?;
        rows.iter().map(|(id, sealed)| self.opened(id, sealed)).collect()
    }

    fn load(&mut self, key: &Key) -> Result<Option<Vec<u8>>, StoreError> {
        if self.wiped.is_some() {
            return Ok(None);
        }
        if let Key::Sealed(counter) = key {
            let value = self.connection.query_row(
                "SELECT value FROM sealed WHERE counter = ?1",
                params![number(*counter)],
                |row| row.get(0),
            );
            return value.optional().map_err(|error| self.wrong(&error));
        }
        let id = self.id(&key.to_bytes());
        let read = || -> rusqlite::Result<Option<Vec<u8>>> {
            let mut statement = self.connection.prepare_cached("SELECT value FROM rows WHERE id = ?1")?;
            statement.query_row(params![id], |row| row.get(0)).optional()
        };
        let Some(sealed) = read().map_err(|error| self.wrong(&error))? else { return Ok(None) };
        self.opened(&id, &sealed).map(|(_, value)| Some(value))
    }

    fn write(&mut self, batch: &[Write]) -> Result<(), StoreError> {
        let outside: Vec<(i64, Option<&[u8]>)> = batch
            .iter()
            .filter_map(|write| match write {
                Write::Put(Key::Sealed(counter), value) => Some((number(*counter), Some(&value[..]))),
                Write::Delete(Key::Sealed(counter)) => Some((number(*counter), None)),
                _ => None,
            })
            .collect();
        let rows: Vec<([u8; ID_BYTES], bool, Option<Vec<u8>>)> = batch
            .iter()
            .filter(|write| !matches!(write, Write::Put(Key::Sealed(_), _) | Write::Delete(Key::Sealed(_))))
            .map(|write| match write {
                Write::Put(key, value) => {
                    let bytes = key.to_bytes();
                    let id = self.id(&bytes);
                    (id, key.is_hot(), Some(self.sealed(&id, &bytes, value)))
                }
                Write::Delete(key) => (self.id(&key.to_bytes()), false, None),
            })
            .collect();
        let path = self.path.clone();
        let commit = || -> rusqlite::Result<()> {
            let transaction = self.connection.transaction()?;
            {
                let mut put =
                    transaction.prepare_cached("INSERT OR REPLACE INTO rows (id, hot, value) VALUES (?1, ?2, ?3)")?;
                let mut delete = transaction.prepare_cached("DELETE FROM rows WHERE id = ?1")?;
                for (id, hot, value) in &rows {
                    match value {
                        Some(value) => put.execute(params![id, hot, value])?,
                        None => delete.execute(params![id])?,
                    };
                }
            }
            for (counter, value) in &outside {
                match value {
                    Some(value) => transaction.execute(
                        "INSERT OR REPLACE INTO sealed (counter, value) VALUES (?1, ?2)",
                        params![counter, value],
                    )?,
                    None => transaction.execute("DELETE FROM sealed WHERE counter = ?1", params![counter])?,
                };
            }
            transaction.commit()
        };
        let mut commit = commit;
        commit().map_err(|error| trouble(&path, &error))
    }

    fn keep_door(&mut self, door: &[u8]) -> Result<(), StoreError> {
        let kept =
            self.connection.execute("INSERT OR REPLACE INTO own (name, value) VALUES ('door', ?1)", params![door]);
        kept.map(drop).map_err(|error| self.wrong(&error))
    }

    fn series(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        let series = self.connection.query_row(SERIES, [], |row| row.get(0));
        series.optional().map_err(|error| self.wrong(&error))
    }

    fn wipe(&mut self, then: &[Write]) -> Result<(), StoreError> {
        let dir = self.path.parent().unwrap_or(Path::new(".")).to_owned();
        wiped::mark(&dir, then, self.id(WIPED_ID))?;
        // The file is closed before it is removed.
        self.connection = Connection::open_in_memory().map_err(|error| trouble(&self.path, &error))?;
        self.key = SealKey::draw(&mut *self.random);
        let rows = then.iter().filter_map(|write| match write {
            Write::Put(key, bytes) => Some((key.clone(), bytes.clone())),
            Write::Delete(_) => None,
        });
        self.wiped = Some(rows.collect());
        wiped::erase_key(&self.key_file)?;
        wiped::erase_files(&dir, FILE)
    }
}
