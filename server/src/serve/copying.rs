//! The second copy: a thread that follows the log into another folder and says up to where it has come.
//!
//! A folder that is not a copy of this log is refused at the start. A copy that fails later (the stick was pulled out,
//! it is full) is tried again; meanwhile `copied_to` stands still, and devices keep their parcels.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sync_protocol::ids::Position;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::error::StartError;
use super::folder::resolved;
use crate::hub::published::Shared;
use crate::limits::COPY_RETRY_SECONDS;
use crate::random::SystemRandom;
use crate::store::copy::{Copier, CopyError};
use crate::store::files::{Disk, RealDisk};
use crate::store::log::LogSizes;

/// What the copy works with.
pub struct Copying {
    shared: Arc<Shared>,
    source: Arc<dyn Disk>,
    target: std::path::PathBuf,
    copier: Option<Copier>,
}

impl Copying {
    /// Opens the copy and brings it up to the log.
    ///
    /// # Errors
    /// [`StartError`] when the folder is not a copy of this log. One that cannot be written now is tried again later.
    pub fn start(shared: Arc<Shared>, source: Arc<dyn Disk>, data: &Path, target: &Path) -> Result<Self, StartError> {
        let (copy, data) = (resolved(target), resolved(data));
        if copy == data {
            return Err(StartError::CopyIsData { folder: target.display().to_string() });
        }
        if copy.starts_with(&data) {
            return Err(StartError::CopyInside { folder: target.display().to_string() });
        }
        let mut copying = Self { shared, source, target: target.to_owned(), copier: None };
        match copying.step() {
            Err(
                error @ (CopyError::OtherLog { .. }
                | CopyError::NotACopy
                | CopyError::Longer { .. }
                | CopyError::Differs { .. }),
            ) => Err(error.into()),
            Err(error) => {
                warn(&error);
                Ok(copying)
            }
            Ok(()) => Ok(copying),
        }
    }

    /// Follows the news until their sender is gone, and copies what came last.
    pub fn run(mut self, mut news: watch::Receiver<Position>, mut stopping: watch::Receiver<bool>, runtime: &Handle) {
        let pause = Duration::from_secs(COPY_RETRY_SECONDS);
        let mut failed = self.copier.is_none();
        loop {
            if failed {
                let _ = runtime.block_on(tokio::time::timeout(pause, stopping.wait_for(|stopping| *stopping)));
            }
            let over = if failed && !*stopping.borrow() {
                news.has_changed().is_err()
            } else {
                runtime.block_on(news.changed()).is_err()
            };
            failed = false;
            if let Err(error) = self.step() {
                warn(&error);
                self.copier = None;
                failed = true;
            }
            if over {
                return;
            }
        }
    }

    fn step(&mut self) -> Result<(), CopyError> {
        let copier = match &mut self.copier {
            Some(copier) => copier,
            none => {
                let target: Arc<dyn Disk> = Arc::new(RealDisk::open(&self.target).map_err(CopyError::TargetKeyring)?);
                let (source, reader) = (Arc::clone(&self.source), self.shared.log.clone());
                none.insert(Copier::open(source, reader, target, LogSizes::default(), &mut SystemRandom)?)
            }
        };
        let position = copier.copy()?;
        self.shared.set_copied_to(position);
        Ok(())
    }
}

fn warn(error: &CopyError) {
    tracing::error!(code = error.code(), %error, "the second copy is not kept; it is tried again");
}
