//! The running hub: everything that turns the plain functions of `hub` into a process.
//!
//! Owns the data folder's layout ([`folder`]), the start and its errors ([`error`]), the writer's thread ([`writer`])
//! and the bounded queue before it ([`queue`]), the second copy ([`copying`]), connections ([`listen`],
//! [`connections`]), what is known of their other end ([`peer`], [`rate`]), the named bounds ([`bounds`]) and the stop.
//! What is answered to whom is in `routes`; what is decided is in `hub`.
//!
//! [`Hub::start`] runs a hub inside any process on threads of its own: the binary, the demo, and tests do the same.

pub mod app;
pub mod bounds;
pub mod configuration;
pub mod connections;
pub mod console;
pub mod copying;
pub mod error;
pub mod feeding;
pub mod folder;
pub mod listen;
pub mod metrics;
pub mod options;
mod patience;
pub mod peer;
pub mod queue;
pub mod rate;
pub mod reading;
pub mod records;
mod run;
pub mod timed;
pub mod writer;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread::{Builder, JoinHandle};

use tokio::sync::watch;

pub use bounds::Bounds;
pub use console::ConsoleToken;
pub use error::{HubFailure, StartError};
pub use options::{Door, PublicName};

use crate::clock::{Clock, SystemClock};
use crate::limits::WRITER_STACK_BYTES;
use crate::random::SystemRandom;

/// The port of a hub when nothing else is said.
pub const PORT: u16 = 8470;

/// How a hub is to run.
#[derive(Clone)]
pub struct Options {
    /// The data folder; made when it does not exist.
    pub data: PathBuf,
    /// The master key's file, outside of it; made together with the folder.
    pub master_key: PathBuf,
    /// Where to listen: without TLS an address of this machine alone; port 0 picks one.
    pub listen: SocketAddr,
    /// Where to keep the second copy.
    pub copy_to: Option<PathBuf>,
    /// The data folder was put back from an older copy: the log goes on under another id, held until confirmed.
    pub restored: bool,
    /// Opens the console.
    pub console: ConsoleToken,
    /// Who may come in, and how.
    pub door: Door,
    /// What is taken at once.
    pub bounds: Bounds,
    /// Hub time.
    pub clock: Arc<dyn Clock>,
    /// Whether lists are kept in memory. Without them the hub serves devices only: pages and lists say so.
    pub lists: bool,
}

impl Options {
    /// A hub over this folder on the usual port, with a fresh console token and the machine's clock.
    #[must_use]
    pub fn new(data: impl Into<PathBuf>, master_key: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            master_key: master_key.into(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, PORT)),
            copy_to: None,
            restored: false,
            console: ConsoleToken::draw(&mut SystemRandom),
            door: Door::default(),
            bounds: Bounds::default(),
            clock: Arc::new(SystemClock),
            lists: true,
        }
    }

    /// The same on a port that the system picks.
    #[must_use]
    pub fn any_port(mut self) -> Self {
        self.listen.set_port(0);
        self
    }
}

/// Starts hubs.
pub struct Hub;

/// A hub that answers.
pub struct RunningHub {
    /// Where it listens.
    pub address: SocketAddr,
    /// Opens its console.
    pub console: ConsoleToken,
    scheme: &'static str,
    public_name: Option<PublicName>,
    stop: watch::Sender<bool>,
    ended: watch::Receiver<()>,
    thread: JoinHandle<Result<(), HubFailure>>,
}

impl Hub {
    /// Starts a hub on threads of its own and returns when it listens.
    ///
    /// # Errors
    /// [`StartError`]; nothing runs then.
    pub fn start(options: Options) -> Result<RunningHub, StartError> {
        let console = options.console.clone();
        let (scheme, public_name) = (options.door.scheme(), options.door.public_names.first().cloned());
        let (stop, stopping) = watch::channel(false);
        let (ended_sender, ended) = watch::channel(());
        let (started_sender, started) = mpsc::channel();
        let thread = Builder::new()
            .name("hub".to_owned())
            .stack_size(WRITER_STACK_BYTES)
            .spawn(move || {
                let _ended = ended_sender;
                run::run(options, stopping, &started_sender)
            })
            .map_err(StartError::Thread)?;
        match started.recv() {
            Ok(Ok(address)) => Ok(RunningHub { address, console, scheme, public_name, stop, ended, thread }),
            Ok(Err(error)) => {
                // It has said why; the thread only has to let go of the folder.
                let _ = thread.join();
                Err(error)
            }
            Err(mpsc::RecvError) => Err(StartError::Panicked),
        }
    }
}

impl RunningHub {
    /// The hub's address for clients, such as `http://127.0.0.1:8470`; by its first public name where it has one.
    #[must_use]
    pub fn url(&self) -> String {
        match &self.public_name {
            // The port that everybody takes who is told none.
            Some(name) if (self.scheme, self.address.port()) == ("https", 443) => format!("https://{name}"),
            Some(name) => format!("{}://{name}:{}", self.scheme, self.address.port()),
            None => format!("{}://{}", self.scheme, self.address),
        }
    }

    /// The page's link; opens the console for whoever has it.
    #[must_use]
    pub fn link(&self) -> String {
        format!("{}/?token={}", self.url(), self.console.reveal())
    }

    /// Asks the hub to stop: nothing new is accepted, what is in hand is finished.
    pub fn request_stop(&self) {
        self.stop.send_replace(true);
    }

    /// Returns when the hub has ended, asked or not.
    pub async fn ended(&self) {
        let mut ended = self.ended.clone();
        while ended.changed().await.is_ok() {}
    }

    /// Waits for the end of a hub that was asked to stop, or that failed.
    ///
    /// # Errors
    /// [`HubFailure`].
    pub fn join(self) -> Result<(), HubFailure> {
        self.thread.join().unwrap_or_else(|panic| Err(HubFailure::Panicked(run::panic_text(&*panic))))
    }

    /// Stops the hub and waits for its end.
    ///
    /// # Errors
    /// [`HubFailure`] when it had failed.
    pub fn stop(self) -> Result<(), HubFailure> {
        self.request_stop();
        self.join()
    }
}
