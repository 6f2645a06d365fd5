//! `segin bench`: measurements, over real sockets, every answer after a real sync.
//!
//! - [`reconnect`]: what an exchange costs, in bytes counted at the socket and in round trips.
//! - [`ingest`]: how many intakes a second become durable, and what the bare limits of this machine are.
//! - [`scale`]: what a hub costs that holds a country: memory, start, rebuild, disk, ingest.
//! - [`storm`]: thousands of devices that come back in the same moment.
//! - [`link`]: the same exchanges over a slow link, which may be up for moments only.
//!
//! Each result is one JSON line. The hub runs as a process of its own, so that its processor time is its own. Figures
//! mean something in a release build only. Judges nothing: bounds that must hold are tests.

pub mod country;
pub mod ingest;
pub mod limits;
pub mod link;
pub mod process;
pub mod reconnect;
pub mod scale;
pub mod slow;
pub mod storm;
pub mod workload;

use std::path::PathBuf;

use thiserror::Error;

use crate::cli::Trouble;
use crate::field::FieldError;
use crate::field::client::LinkError;
use crate::hub_process::{HubCommand, HubProcess, HubProcessError};

/// Why there is no figure.
#[derive(Debug, Error)]
pub enum BenchError {
    /// A file or a process.
    #[error("{action}: {source}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The hub's process.
    #[error(transparent)]
    Hub(#[from] HubProcessError),
    /// The hub's console.
    #[error(transparent)]
    Console(#[from] Trouble),
    /// A device.
    #[error(transparent)]
    Device(#[from] FieldError),
    /// The link.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// Something was not receipted as it must be: then a figure would be wrong.
    #[error("not everything was receipted: {0}")]
    NotReceipted(String),
}

/// Names what was being done when a file or process failed.
pub(crate) fn doing(action: &'static str) -> impl FnOnce(std::io::Error) -> BenchError {
    move |source| BenchError::Io { action, source }
}

/// A hub in a folder that goes away with it.
pub struct BenchHub {
    /// The process.
    pub process: HubProcess,
    /// How it was started.
    pub command: HubCommand,
    /// Its folder.
    pub folder: Scratch,
}

/// A folder that is removed when dropped, unless it is to be kept.
pub struct Scratch {
    path: PathBuf,
    is_kept: bool,
}

impl Scratch {
    /// Makes one below `parent`, or in the system's place for temporary files.
    ///
    /// # Errors
    /// [`BenchError::Io`].
    pub fn new(parent: Option<&std::path::Path>) -> Result<Self, BenchError> {
        let parent = parent.map_or_else(std::env::temp_dir, PathBuf::from);
        let name = format!("segin-bench-{}-{}", std::process::id(), uuid::Uuid::from_bytes(random_bytes()));
        let path = parent.join(name);
        std::fs::create_dir_all(&path).map_err(doing("making a folder for the measurement"))?;
        Ok(Self { path, is_kept: false })
    }

    /// This one, which stays.
    ///
    /// # Errors
    /// [`BenchError::Io`].
    pub fn kept(path: &std::path::Path) -> Result<Self, BenchError> {
        std::fs::create_dir_all(path).map_err(doing("making the folder that is kept"))?;
        Ok(Self { path: path.to_owned(), is_kept: true })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.is_kept {
            // What stays behind is generated data in a temporary folder.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

fn random_bytes() -> [u8; 16] {
    crate::random::draw(&mut crate::random::SystemRandom)
}

impl BenchHub {
    /// Starts a hub of this binary in a fresh folder below `parent`.
    ///
    /// # Errors
    /// [`BenchError`].
    pub fn start(parent: Option<&std::path::Path>) -> Result<Self, BenchError> {
        Self::start_in(Scratch::new(parent)?, &[])
    }

    /// Starts a hub of this binary in a folder, with further arguments.
    ///
    /// # Errors
    /// [`BenchError`].
    pub fn start_in(folder: Scratch, more: &[&str]) -> Result<Self, BenchError> {
        let binary = std::env::current_exe().map_err(doing("finding this program"))?;
        let mut command = HubCommand::in_folder(&binary, folder.path());
        command.more = more.iter().map(|&argument| argument.to_owned()).collect();
        Ok(Self { process: command.start()?, command, folder })
    }

    /// Stops it and starts it again on the same folder.
    ///
    /// # Errors
    /// [`BenchError`].
    pub fn restart(self) -> Result<Self, BenchError> {
        let Self { process, command, folder } = self;
        process.stop()?;
        Ok(Self { process: command.start()?, command, folder })
    }
}
