//! The read model: what pages, lists and figures are read from. Follows the log on its own thread.
//!
//! Owns SQLite, in memory only: what it holds is personal data in clear. Recording never waits for it: when too much
//! waits, the model is left behind and catches up from its [`Source`], and says so until it has. Every answer says
//! which position it shows; an earlier one can be asked about as far back as the model goes. Knows neither documents
//! nor keys: it is told projections (`update`), and with every question how far its asker sees (`sight`). Questions:
//! `asking`, in SQL `query`; rows: `answer`; which fields become columns: `extract`; tables: `model`, `placing`.

mod answer;
mod asking;
mod extract;
mod model;
mod placing;
mod query;
mod sight;
#[cfg(test)]
mod tests;
mod update;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use sync_protocol::ids::Position;
use thiserror::Error;
use tokio::sync::{oneshot, watch};

use crate::limits;
use model::Model;
use query::Moment;

pub use answer::{
    ArrivalRow, Arrivals, BirthRow, CaseDetail, CasePage, CaseRow, ConflictPage, ConflictRow, Counts, FoundRow,
    LookUpFound, MovementCounts, PlainPage, PlainRow, ReceiptPage, ReceiptRow, ReferralPage, ReferralRow, Version,
};
pub use model::Progress;
pub use query::{CaseFilter, PlainFilter};
pub use sight::{Channels, Only, Sight};
pub use update::{
    DocumentPage, DocumentUpdate, HeldUpdate, PlacementUpdate, ReceiptUpdate, Source, SourceError, Update, UpdateBatch,
};

/// Why the read model has no answer.
#[derive(Debug, Error)]
pub enum ReadModelError {
    /// It is being filled, or was left behind.
    #[error("the read model is catching up with the log, it is at position {as_of}: ask again in a moment")]
    CatchingUp {
        /// How far it is.
        as_of: Position,
    },
    /// Too many questions wait already.
    #[error("too many questions wait for the read model: ask again in a moment")]
    Busy,
    /// It does not go back so far.
    #[error("position {at} is too long ago: the read model knows what held since position {since}")]
    TooEarly {
        /// What was asked.
        at: Position,
        /// The earliest that can be asked.
        since: Position,
    },
    /// It has not got so far.
    #[error("position {at} is not there yet: the read model is at position {as_of}")]
    NotYet {
        /// What was asked.
        at: Position,
        /// How far it is.
        as_of: Position,
    },
    /// The cursor is none that a page gave.
    #[error("the cursor is not one of ours: begin again without one, or give back the 'next' of a page as it is")]
    Cursor,
    /// The source could not be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The tables could not be read or written.
    #[error("the read model failed: {0}")]
    Internal(String),
    /// The hub is stopping.
    #[error("the read model has stopped, the hub is closing")]
    Stopped,
    /// The hub was started without it.
    #[error("this hub was started without lists (--without-lists): it serves devices only")]
    Off,
}

impl ReadModelError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::CatchingUp { .. } => "read-model-catching-up",
            Self::Busy => "read-model-busy",
            Self::TooEarly { .. } => "read-model-too-early",
            Self::NotYet { .. } => "read-model-not-yet",
            Self::Cursor => "read-model-cursor",
            Self::Source(_) => "read-model-source",
            Self::Internal(_) => "read-model-internal",
            Self::Stopped => "read-model-stopped",
            Self::Off => "read-model-off",
        }
    }
}

impl From<rusqlite::Error> for ReadModelError {
    fn from(error: rusqlite::Error) -> Self {
        // SQLite's own message only: others may quote values.
        match error {
            rusqlite::Error::SqliteFailure(code, _) => Self::Internal(code.to_string()),
            rusqlite::Error::QueryReturnedNoRows => Self::Internal("a row that belongs to another is missing".into()),
            _ => Self::Internal("a row could not be read".into()),
        }
    }
}

type Question = Box<dyn FnOnce(&Model) + Send>;

enum Message {
    Updates(UpdateBatch),
    Question(Question),
    /// Nothing by itself: the thread looks whether it was left behind.
    Wake,
    Stop,
}

/// What the handle and the thread share.
struct Shared {
    updates_waiting: AtomicUsize,
    questions_waiting: AtomicUsize,
    /// Since the start, answered or not.
    questions_asked: AtomicU64,
    /// Set when an update was not taken in: the thread catches up before it takes another.
    behind: AtomicBool,
    /// A [`Message::Wake`] is on its way.
    woken: AtomicBool,
    /// The thread ends at the next message, whatever waits.
    stop: AtomicBool,
}

impl Shared {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            updates_waiting: AtomicUsize::new(0),
            questions_waiting: AtomicUsize::new(0),
            questions_asked: AtomicU64::new(0),
            behind: AtomicBool::new(true),
            woken: AtomicBool::new(false),
            stop: AtomicBool::new(false),
        })
    }
}

/// A handle to the read model. Dropping it ends the thread.
pub struct ReadModel {
    messages: mpsc::Sender<Message>,
    shared: Arc<Shared>,
    progress: watch::Receiver<Progress>,
    thread: Option<JoinHandle<()>>,
    /// Of one that is off: whoever waits for progress waits as long as they want, and no less.
    never: Option<watch::Sender<Progress>>,
}

impl ReadModel {
    /// Starts the thread, which first fills the model from the source. From now on every group of entries must be
    /// given to [`ReadModel::follow`], in order and from one thread.
    ///
    /// # Errors
    /// [`ReadModelError::Internal`] when SQLite or a thread cannot be started.
    pub fn start(source: impl Source + 'static) -> Result<Self, ReadModelError> {
        let model = Model::new()?;
        let (messages, inbox) = mpsc::channel();
        let (progress_out, progress) = watch::channel(Progress::default());
        let shared = Shared::new();
        let worker = Worker { model, source: Box::new(source), shared: Arc::clone(&shared), progress: progress_out };
        let thread = thread::Builder::new()
            .name("read-model".to_owned())
            .spawn(move || worker.run(&inbox))
            .map_err(|error| ReadModelError::Internal(error.to_string()))?;
        let model = Self { messages, shared, progress, thread: Some(thread), never: None };
        model.wake();
        Ok(model)
    }

    /// One that holds nothing and answers nothing, for a hub that serves devices only.
    #[must_use]
    pub fn off() -> Self {
        let (messages, _) = mpsc::channel();
        let (never, progress) = watch::channel(Progress::default());
        Self { messages, shared: Shared::new(), progress, thread: None, never: Some(never) }
    }

    /// Whether it is [`ReadModel::off`].
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.never.is_some()
    }

    /// Tells what a group of entries changed. Never waits: when too much waits already, it is left out and the model
    /// catches up from its source.
    pub fn follow(&self, batch: UpdateBatch) {
        if self.shared.updates_waiting.fetch_add(1, Ordering::SeqCst) >= limits::READ_MODEL_UPDATES_WAITING_MAX {
            self.shared.updates_waiting.fetch_sub(1, Ordering::SeqCst);
            self.shared.behind.store(true, Ordering::SeqCst);
            return;
        }
        self.send(Message::Updates(batch));
    }

    /// How far the model is, now and whenever that changes.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }

    async fn ask<T: Send + 'static>(
        &self,
        at: Option<Position>,
        question: impl FnOnce(&Connection, Moment) -> Result<T, ReadModelError> + Send + 'static,
    ) -> Result<T, ReadModelError> {
        self.shared.questions_asked.fetch_add(1, Ordering::Relaxed);
        if self.is_off() {
            return Err(ReadModelError::Off);
        }
        // Said at once: the thread may be busy with catching up for a while.
        let progress = *self.progress.borrow();
        if !progress.ready {
            self.wake();
        }
        answerable(progress)?;
        if self.shared.questions_waiting.fetch_add(1, Ordering::SeqCst) >= limits::READ_MODEL_QUESTIONS_WAITING_MAX {
            self.shared.questions_waiting.fetch_sub(1, Ordering::SeqCst);
            return Err(ReadModelError::Busy);
        }
        let (reply, answer) = oneshot::channel();
        self.send(Message::Question(Box::new(move |model| {
            let Progress { as_of, since, .. } = model.progress;
            let answer = answerable(model.progress).and_then(|()| match at {
                Some(at) if at > as_of => Err(ReadModelError::NotYet { at, as_of }),
                Some(at) if at < since => Err(ReadModelError::TooEarly { at, since }),
                at => question(&model.db, Moment { at: at.unwrap_or(as_of), now: as_of }),
            });
            // Nobody waits any more when a client has gone.
            let _ = reply.send(answer);
        })));
        answer.await.unwrap_or(Err(ReadModelError::Stopped))
    }

    /// Has the thread try again where an earlier try failed and no update comes.
    fn wake(&self) {
        if !self.shared.woken.swap(true, Ordering::SeqCst) {
            self.send(Message::Wake);
        }
    }

    fn send(&self, message: Message) {
        // The thread ends only when this handle is dropped.
        let _ = self.messages.send(message);
    }
}

impl Drop for ReadModel {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.send(Message::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answerable(progress: Progress) -> Result<(), ReadModelError> {
    if progress.ready { Ok(()) } else { Err(ReadModelError::CatchingUp { as_of: progress.as_of }) }
}

/// The thread's side.
struct Worker {
    model: Model,
    source: Box<dyn Source>,
    shared: Arc<Shared>,
    progress: watch::Sender<Progress>,
}

impl Worker {
    fn run(mut self, inbox: &mpsc::Receiver<Message>) {
        while let Ok(message) = inbox.recv() {
            if self.shared.stop.load(Ordering::SeqCst) {
                break;
            }
            match message {
                Message::Updates(batch) => {
                    self.shared.updates_waiting.fetch_sub(1, Ordering::SeqCst);
                    self.catch_up_if_behind();
                    let result = self.model.apply(&batch);
                    self.after(result, "apply an update");
                }
                Message::Question(question) => {
                    self.shared.questions_waiting.fetch_sub(1, Ordering::SeqCst);
                    self.catch_up_if_behind();
                    // A question that panics fails its asker alone.
                    let _ = catch_unwind(AssertUnwindSafe(|| question(&self.model)));
                }
                Message::Wake => {
                    self.catch_up_if_behind();
                    self.shared.woken.store(false, Ordering::SeqCst);
                }
                Message::Stop => break,
            }
        }
    }

    /// An update that was left out came after all that waited then: so this comes before anything later is taken in.
    fn catch_up_if_behind(&mut self) {
        if !self.shared.behind.swap(false, Ordering::SeqCst) {
            return;
        }
        self.model.progress.ready = false;
        self.progress.send_replace(self.model.progress);
        let result = self.model.catch_up(self.source.as_ref());
        self.after(result, "catch up with the log");
    }

    fn after(&mut self, result: Result<(), ReadModelError>, what: &str) {
        if let Err(error) = result {
            tracing::warn!(code = error.code(), %error, "the read model could not {what} and will try again");
            self.shared.behind.store(true, Ordering::SeqCst);
            self.model.progress.ready = false;
        }
        self.progress.send_replace(self.model.progress);
    }
}
