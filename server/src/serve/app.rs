//! What every handler can reach.
//!
//! Owns [`App`]: the shared state of the hub, the way to the writer, clock, bounds and the sign that the hub stops.
//! Handlers decode, ask here, and answer; calculation goes to [`App::work`], never onto the reactor.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sync_protocol::ids::Position;
use thiserror::Error;
use tokio::sync::{Mutex, Semaphore, mpsc, watch};

use super::bounds::Bounds;
use super::connections::Connections;
use super::console::ConsoleToken;
use super::metrics::{Metrics, Present};
use super::options::Door;
use super::queue::Queue;
use super::rate::Rate;
use super::reading::Reading;
use super::records::Records;
use super::writer::WriterFailure;
use crate::account::Accounts;
use crate::clock::Clock;
use crate::hub::filing::FilingError;
use crate::hub::published::Shared;
use crate::hub::writer::Fatal;
use crate::limits::{BODIES_BYTES_MAX, LISTS_FOLLOW_MS_MAX, WAITERS_MAX};
use crate::store::files::Disk;
use crate::store::read_model::{ReadModel, ReadModelError};

/// Why a calculation was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WorkError {
    /// Too many wait already; nothing was begun.
    #[error("all processors are busy and too many calculations wait")]
    Busy,
    /// It panicked; what it was about is in the log by its request id.
    #[error("a calculation ended abnormally")]
    Panicked,
}

/// Shared by all handlers.
pub struct App {
    /// The hub's state, for reading.
    pub shared: Arc<Shared>,
    /// The way to the writer.
    pub queue: Queue,
    /// Hub time.
    pub clock: Arc<dyn Clock>,
    /// Opens the console.
    pub console: ConsoleToken,
    /// Where the hub listens.
    pub address: SocketAddr,
    /// Numbers.
    pub metrics: Arc<Metrics>,
    /// The last position, told to whoever waits.
    pub news: watch::Receiver<Position>,
    /// Turns true when the hub is asked to stop.
    pub stopping: watch::Receiver<bool>,
    /// Who may come in, and how.
    pub door: Door,
    /// Bounds.
    pub bounds: Bounds,
    /// Room for connections.
    pub connections: Arc<Connections>,
    /// How often who may ask.
    pub rate: Rate,
    /// Room for bodies, in KiB.
    pub bodies: Arc<Semaphore>,
    /// Room for waits.
    pub waiters: Arc<Semaphore>,
    /// One administrator's act at a time: each is checked against what the one before has written.
    pub administering: Mutex<()>,
    /// Who is signed in, and who tries to.
    pub accounts: Accounts,
    /// Lists and figures.
    pub read_model: Arc<ReadModel>,
    /// Single documents.
    pub reading: Arc<Reading>,
    /// Bounds of the records of who looked at what.
    pub records: Records,
    workers: Arc<Semaphore>,
    work_room: Arc<Semaphore>,
    disk: Arc<dyn Disk>,
    failing: mpsc::UnboundedSender<WriterFailure>,
}

/// What an [`App`] is made of.
pub struct Parts {
    /// The hub's state.
    pub shared: Arc<Shared>,
    /// The way to the writer.
    pub queue: Queue,
    /// Hub time.
    pub clock: Arc<dyn Clock>,
    /// Opens the console.
    pub console: ConsoleToken,
    /// Where the hub listens.
    pub address: SocketAddr,
    /// Numbers.
    pub metrics: Arc<Metrics>,
    /// From the writer.
    pub news: watch::Receiver<Position>,
    /// From whoever stops the hub.
    pub stopping: watch::Receiver<bool>,
    /// The data folder.
    pub disk: Arc<dyn Disk>,
    /// Lists and figures.
    pub read_model: Arc<ReadModel>,
    /// Who may come in, and how.
    pub door: Door,
    /// Bounds.
    pub bounds: Bounds,
    /// Told when the hub must end.
    pub failing: mpsc::UnboundedSender<WriterFailure>,
}

impl App {
    /// Puts the bounds beside the parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { shared, queue, clock, console, address, metrics, news, stopping, disk, read_model, .. } = parts;
        let (door, bounds, failing) = (parts.door, parts.bounds, parts.failing);
        Self {
            reading: Arc::new(Reading::new(Arc::clone(&shared))),
            records: Records::default(),
            shared,
            queue,
            clock,
            console,
            address,
            metrics,
            news,
            stopping,
            disk,
            read_model,
            connections: Connections::new(bounds.connections, bounds.connections_by_peer),
            rate: Rate::new(bounds.rates),
            bodies: Arc::new(Semaphore::new(BODIES_BYTES_MAX / 1024)),
            waiters: Arc::new(Semaphore::new(WAITERS_MAX)),
            administering: Mutex::new(()),
            accounts: Accounts::default(),
            workers: Arc::new(Semaphore::new(bounds.workers)),
            work_room: Arc::new(Semaphore::new(bounds.workers + bounds.work_waiting)),
            door,
            bounds,
            failing,
        }
    }

    /// Does a calculation beside the reactor, as many at once as there are processors.
    ///
    /// # Errors
    /// [`WorkError`]: at once, with nothing begun, when too many wait.
    pub async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, WorkError> {
        let _room = Arc::clone(&self.work_room).try_acquire_owned().map_err(|_| WorkError::Busy)?;
        self.finish(work).await
    }

    /// The same for a request of which a part is done, and whose number is bounded otherwise: it waits, however many do.
    ///
    /// # Errors
    /// [`WorkError::Panicked`].
    pub async fn finish<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, WorkError> {
        let permit = Arc::clone(&self.workers).acquire_owned().await.map_err(|_| WorkError::Panicked)?;
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        done.await.map_err(|_| WorkError::Panicked)
    }

    /// After a request has failed for a fault of the machine: ends the hub if the documents cannot be read any more.
    /// A hub that answers every request with an error helps nobody; the next start rebuilds them.
    pub fn after_fault(&self) {
        if let Err(error) = self.shared.store.usable() {
            // Only the first is taken; a hub that ends already takes none.
            let _ = self.failing.send(WriterFailure::Fatal(Fatal::Filing(FilingError::Store(error))));
        }
    }

    /// Waits until the lists show everything that was in the log when this was called, so that who has lost something
    /// does not see it at the next request.
    ///
    /// # Errors
    /// [`ReadModelError::CatchingUp`] when that takes too long.
    pub async fn lists_follow(&self) -> Result<(), ReadModelError> {
        if self.read_model.is_off() {
            return Ok(());
        }
        let wanted = self.shared.published().position;
        let mut progress = self.read_model.progress();
        let there = progress.wait_for(|progress| progress.ready && progress.as_of >= wanted);
        match tokio::time::timeout(Duration::from_millis(LISTS_FOLLOW_MS_MAX), there).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(ReadModelError::Stopped),
            Err(_) => Err(ReadModelError::CatchingUp { as_of: self.read_model.progress().borrow().as_of }),
        }
    }

    /// The numbers of this moment.
    #[must_use]
    pub fn present(&self) -> Present {
        let published = self.shared.published();
        let directory = self.shared.directory();
        let (unpacked, tried) = self.shared.spent.so_far();
        Present {
            log_position: published.position.0,
            copied_to: self.shared.copied_to().0,
            read_model_lag: if self.read_model.is_off() {
                0
            } else {
                published.position.0.saturating_sub(self.read_model.progress().borrow().as_of.0)
            },
            queue_depth: self.queue.depth(),
            connections: self.connections.count(),
            working: self.bounds.workers + self.bounds.work_waiting - self.work_room.available_permits(),
            waiters: WAITERS_MAX - self.waiters.available_permits(),
            documents: published.channels.values().map(|state| state.documents).sum(),
            held: directory.held.values().map(Vec::len).sum(),
            devices: directory.leases.len(),
            disk_free: self.disk.free_bytes().unwrap_or_default(),
            document_calls: self.reading.calls(),
            list_calls: self.read_model.calls(),
            unpacked,
            tried,
        }
    }

    /// Whether an exchange would be answered.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.queue.is_open() && !*self.stopping.borrow()
    }
}
