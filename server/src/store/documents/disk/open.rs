//! Opening the document store under guard, and setting a damaged one aside.
//!
//! The engine may panic at open after a power cut: it is opened on a thread of its own, and whatever it says of its
//! files (a panic, a refusal, rows of no known format) ends with the folder renamed to `NAME.damaged-N` and an empty
//! store in its place, which the hub fills from the log. Not set aside: a store in use, one of a newer version, and
//! what the file system is to blame for (no space, no permission). Touches nothing but these folders.

use std::any::Any;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{OnceLock, RwLock};
use std::thread;
use std::time::Duration;

use super::super::StoreError;
use super::rows::StoredState;
use super::{SledStore, damaged, read_error, rows};
use crate::limits;

/// In a store's folder: what was found damaged while it ran. Such a store is set aside at the next start.
const MARK: &str = "damaged";

/// A store that was opened.
pub struct Opened {
    /// The store.
    pub store: SledStore,
    /// What was set aside before, if anything was; the store is then empty.
    pub set_aside: Option<SetAside>,
}

/// A damaged store that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Where it is now.
    pub folder: PathBuf,
    /// Why, for the operator's log; holds no content.
    pub reason: String,
}

impl SledStore {
    /// Opens the store in `folder`, which is made if it is missing. A damaged one is set aside and an empty one made.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::NewerVersion`] and [`StoreError::Io`]; the folder is then left as it was.
    /// [`StoreError::Damaged`] when even an empty one cannot be opened.
    pub fn open(folder: &Path) -> Result<Opened, StoreError> {
        open_with(folder, open_engine)
    }

    /// Sets aside what is in `folder`, whatever it is, and opens an empty store in its place: for a store that is sound
    /// but does not fit the log. No handle to it may be open.
    ///
    /// # Errors
    /// As [`SledStore::open`].
    pub fn open_fresh(folder: &Path, reason: &str) -> Result<Opened, StoreError> {
        let aside = set_aside(folder)?;
        let store = open_guarded(folder, open_engine)?;
        let set_aside = aside.map(|folder| SetAside { folder, reason: reason.to_owned() });
        Ok(Opened { store, set_aside })
    }
}

type Engine = (sled::Db, Option<StoredState>);

/// [`SledStore::open`] with another way to open the engine, so that its panics can be tested.
pub(super) fn open_with(
    folder: &Path,
    engine: impl FnOnce(&Path) -> Result<Engine, StoreError> + Send + 'static,
) -> Result<Opened, StoreError> {
    let found = match fs::read_to_string(folder.join(MARK)) {
        Ok(reason) => Err(damaged(&reason)),
        Err(_) => open_guarded(folder, engine),
    };
    match found {
        Ok(store) => Ok(Opened { store, set_aside: None }),
        Err(StoreError::Damaged { what }) => SledStore::open_fresh(folder, &what),
        Err(error) => Err(error),
    }
}

/// Opens on a thread of its own, so that a panic ends there.
fn open_guarded(
    folder: &Path,
    engine: impl FnOnce(&Path) -> Result<Engine, StoreError> + Send + 'static,
) -> Result<SledStore, StoreError> {
    let path = folder.to_owned();
    let opener = thread::Builder::new()
        .name("documents-open".to_owned())
        .spawn(move || engine(&path))
        .map_err(|source| StoreError::Io { action: "start a thread".to_owned(), source })?;
    let opened = opener.join().unwrap_or_else(|panic| {
        Err(damaged(&format!("the engine panicked when it was opened: {}", panic_text(&*panic))))
    });
    let (db, state) = opened?;
    Ok(SledStore {
        folder: folder.to_owned(),
        db: Some(db),
        state: RwLock::new(state),
        broken: AtomicBool::new(false),
        failed: OnceLock::new(),
    })
}

fn open_engine(folder: &Path) -> Result<Engine, StoreError> {
    let config = sled::Config::new()
        .path(folder)
        .cache_capacity(limits::DOCUMENT_CACHE_BYTES)
        .flush_every_ms(Some(limits::DOCUMENT_FLUSH_MS));
    let mut tries = 0;
    let db = loop {
        match config.open() {
            Ok(db) => break db,
            Err(sled::Error::Io(error)) if is_lock(&error) => {
                // A store just closed may be held by the engine's threads for a moment.
                tries += 1;
                if tries > limits::DOCUMENT_LOCK_TRIES_MAX {
                    return Err(StoreError::InUse { folder: folder.display().to_string() });
                }
                thread::sleep(Duration::from_millis(limits::DOCUMENT_LOCK_PAUSE_MS));
            }
            Err(error) => return Err(engine_error(&format!("open '{}'", folder.display()), error)),
        }
    };
    check_format(&db, folder)?;
    let state = check_rows(&db)?;
    Ok((db, state))
}

/// Judges the format, and writes it into an empty store.
fn check_format(db: &sled::Db, folder: &Path) -> Result<(), StoreError> {
    let Some(format) = db.get(rows::FORMAT_KEY).map_err(read_error)? else {
        if !db.is_empty() {
            return Err(damaged("rows without a format"));
        }
        let written = db.insert(rows::FORMAT_KEY, &rows::FORMAT.to_be_bytes());
        written.and_then(|_| db.flush()).map_err(|error| engine_error("write its format", error))?;
        return Ok(());
    };
    let format = format.as_ref().try_into().map(u32::from_be_bytes).map_err(|_| damaged("the format's length"))?;
    if format > rows::FORMAT {
        let folder = folder.display().to_string();
        return Err(StoreError::NewerVersion { folder, found: format, supported: rows::FORMAT });
    }
    if format < rows::FORMAT {
        return Err(damaged(&format!("format {format} is no longer read")));
    }
    Ok(())
}

/// Reads every row once and compares their sum with the one last written: the hub reads its whole log at a start as
/// well, and from here on what is read is what was committed.
fn check_rows(db: &sled::Db) -> Result<Option<StoredState>, StoreError> {
    let state: Option<StoredState> = match db.get(rows::STATE_KEY).map_err(read_error)? {
        Some(value) => Some(rows::decode(&value).ok_or_else(|| damaged("the position applied to"))?),
        None => None,
    };
    let mut sum = 0_u64;
    for item in db.range(rows::ROWS_FROM..) {
        let (key, value) = item.map_err(read_error)?;
        sum = sum.wrapping_add(rows::row_sum(&key, &value));
    }
    if sum != state.map_or(0, |state| state.sum) {
        return Err(damaged("the rows are not those that were committed together"));
    }
    Ok(state)
}

/// Renames the folder and removes the oldest of those set aside before. `None` when there was nothing.
fn set_aside(folder: &Path) -> Result<Option<PathBuf>, StoreError> {
    let failed = |action: &str, source| StoreError::Io { action: format!("{action} '{}'", folder.display()), source };
    if !folder.try_exists().map_err(|source| failed("look at", source))? {
        return Ok(None);
    }
    let before = set_aside_before(folder).map_err(|source| failed("list what stands beside", source))?;
    let number = before.last().map_or(1, |(number, _)| number.saturating_add(1));
    let aside = folder.with_file_name(format!("{}{number}", damaged_prefix(folder)));
    fs::rename(folder, &aside).map_err(|source| failed("set aside", source))?;
    let too_many = (before.len() + 1).saturating_sub(limits::DOCUMENT_DAMAGED_KEPT_MAX);
    for (_, old) in before.into_iter().take(too_many) {
        if let Err(error) = fs::remove_dir_all(&old) {
            tracing::warn!(folder = %old.display(), %error, "an old damaged document store could not be removed");
        }
    }
    Ok(Some(aside))
}

/// What stands in front of the number in the names of folders set aside.
fn damaged_prefix(folder: &Path) -> String {
    let name = folder.file_name().map_or_else(Default::default, |name| name.to_string_lossy().into_owned());
    format!("{name}.damaged-")
}

/// The folders set aside before, oldest first.
fn set_aside_before(folder: &Path) -> io::Result<Vec<(u32, PathBuf)>> {
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let prefix = damaged_prefix(folder);
    let mut found = Vec::new();
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(&prefix)).and_then(|text| text.parse().ok());
        if let Some(number) = number {
            found.push((number, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

/// Marks a store as damaged for the next start. If even this fails, the damage is met again.
pub(super) fn mark(folder: &Path, what: &str) {
    if let Err(error) = fs::write(folder.join(MARK), what) {
        tracing::warn!(folder = %folder.display(), %error, "the document store could not be marked as damaged");
    }
}

/// What a panic said.
pub(super) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("no message").chars().take(limits::PANIC_TEXT_CHARACTERS_MAX).collect()
}

/// What an error of the engine means: the file system's refusals stay what they are, all else is damage.
pub(super) fn engine_error(action: &str, error: sled::Error) -> StoreError {
    match error {
        sled::Error::Io(source) if !means_damage(&source) => StoreError::Io { action: action.to_owned(), source },
        sled::Error::Io(source) => damaged(&format!("could not {action}: {source}")),
        other => damaged(&format!("could not {action}: {other}")),
    }
}

fn is_lock(error: &io::Error) -> bool {
    // The engine gives the system's refusal as text only.
    error.kind() == io::ErrorKind::Other && error.to_string().starts_with("could not acquire lock")
}

/// Whether the content of a file is to blame, as opposed to the file system or the process's limits.
fn means_damage(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    let content = [Kind::UnexpectedEof, Kind::InvalidData, Kind::InvalidInput, Kind::IsADirectory, Kind::Other];
    content.contains(&error.kind()) || error.raw_os_error() == Some(EIO)
}

/// A sector that cannot be read.
const EIO: i32 = 5;
