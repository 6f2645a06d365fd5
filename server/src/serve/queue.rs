//! The queue before the writer: bounded in requests and in bytes; what does not fit is refused at once.
//!
//! Owns [`Queue`] (handed to the routes) and [`Ticket`] (taken by [`super::writer`]). A ticket whose sender has gone
//! away is still done: the device asks again and finds it done.

use std::sync::Arc;

use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::hub::vet::VettedParcel;
use crate::hub::writer::{Done, Job};
use crate::limits::{GROUP_BYTES_MAX, QUEUE_BYTES_MAX, QUEUE_SMALL_MAX, QUEUE_TICKETS_MAX};

/// Bytes that one permit of the byte bound stands for.
const BYTES_PER_PERMIT: usize = 1024;

/// Why jobs were not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum QueueError {
    /// Too much waits already.
    #[error("the hub has too much to do at this moment: send the same again in a few seconds")]
    Full,
    /// More than the log takes as one group.
    #[error(
        "the request unpacks to {bytes} bytes of changes, at most {max} are taken at once: send less in one request"
    )]
    TooLarge {
        /// How many.
        bytes: usize,
        /// How many are taken.
        max: usize,
    },
    /// Nothing of it was written.
    #[error("the hub's disk is full: nothing of this request was kept, keep it and send it again later")]
    DiskFull,
    /// The hub stops, or has failed; whether it was done is unknown.
    #[error("the hub is stopping: send the same again later")]
    Stopping,
}

/// What became of the jobs of one ticket.
pub type Outcome = Result<Vec<Done>, QueueError>;

/// Jobs of one request on their way to the writer.
pub struct Ticket {
    /// In the order in which they are to be done.
    pub jobs: Vec<Job>,
    /// Bytes of changes in them.
    pub bytes: usize,
    /// Where the outcome goes.
    pub reply: oneshot::Sender<Outcome>,
    /// Whether it is taken even when the disk is nearly full.
    pub is_small: bool,
    _room: Option<OwnedSemaphorePermit>,
}

/// The way to the writer.
#[derive(Clone)]
pub struct Queue {
    tickets: mpsc::Sender<Ticket>,
    small: mpsc::Sender<Ticket>,
    room: Arc<Semaphore>,
}

/// The queue's other end. Small facts come first: they wait for the group that is being written, and for no other.
pub struct Tickets {
    tickets: mpsc::Receiver<Ticket>,
    small: mpsc::Receiver<Ticket>,
}

impl Tickets {
    /// What waits, if anything does.
    pub fn take(&mut self) -> Option<Ticket> {
        self.small.try_recv().ok().or_else(|| self.tickets.try_recv().ok())
    }

    /// Waits for something; `None` when every sender is gone.
    pub async fn wait(&mut self) -> Option<Ticket> {
        tokio::select! {
            biased;
            Some(ticket) = self.small.recv() => Some(ticket),
            Some(ticket) = self.tickets.recv() => Some(ticket),
            else => None,
        }
    }
}

impl Queue {
    /// A queue and its other end.
    #[must_use]
    pub fn new() -> (Self, Tickets) {
        let (tickets, receiver) = mpsc::channel(QUEUE_TICKETS_MAX);
        let (small, small_receiver) = mpsc::channel(QUEUE_SMALL_MAX);
        let room = Arc::new(Semaphore::new(QUEUE_BYTES_MAX / BYTES_PER_PERMIT));
        (Self { tickets, small, room }, Tickets { tickets: receiver, small: small_receiver })
    }

    /// Requests that wait at this moment.
    #[must_use]
    pub fn depth(&self) -> usize {
        let waiting = |queue: &mpsc::Sender<Ticket>| queue.max_capacity() - queue.capacity();
        waiting(&self.tickets) + waiting(&self.small)
    }

    /// Whether the writer still takes anything.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.tickets.is_closed()
    }

    /// Has jobs done together; what comes back is durable.
    ///
    /// # Errors
    /// [`QueueError`]; only after [`QueueError::Stopping`] something may have been done.
    pub async fn submit(&self, jobs: Vec<Job>) -> Outcome {
        self.send(jobs, false).await
    }

    /// The same for small facts that go on while the disk is nearly full: a read that is recorded, a session, a
    /// revocation. They pass what waits, and have room of their own.
    ///
    /// # Errors
    /// As [`Queue::submit`].
    pub async fn submit_small(&self, jobs: Vec<Job>) -> Outcome {
        self.send(jobs, true).await
    }

    async fn send(&self, jobs: Vec<Job>, is_small: bool) -> Outcome {
        let bytes = jobs.iter().map(weight).sum();
        if bytes > GROUP_BYTES_MAX {
            return Err(QueueError::TooLarge { bytes, max: GROUP_BYTES_MAX });
        }
        let permits = u32::try_from(bytes / BYTES_PER_PERMIT + 1).unwrap_or(u32::MAX);
        let room = match is_small {
            true => None,
            false => Some(Arc::clone(&self.room).try_acquire_many_owned(permits).map_err(|_| QueueError::Full)?),
        };
        let (reply, outcome) = oneshot::channel();
        let ticket = Ticket { jobs, bytes, reply, is_small, _room: room };
        let queue = if is_small { &self.small } else { &self.tickets };
        queue.try_send(ticket).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => QueueError::Full,
            mpsc::error::TrySendError::Closed(_) => QueueError::Stopping,
        })?;
        outcome.await.unwrap_or(Err(QueueError::Stopping))
    }
}

/// Bytes of changes in a job.
fn weight(job: &Job) -> usize {
    BYTES_PER_PERMIT
        + match job {
            Job::Parcels { parcels, .. } => parcels.iter().flatten().map(VettedParcel::weight).sum::<usize>(),
            Job::Returns { returns, .. } => returns.weight(),
            _ => 0,
        }
}

#[cfg(test)]
mod tests {
    use sync_protocol::ids::DocumentId;

    use super::*;
    use crate::hub::fact::{By, Fact};

    fn job(number: u8) -> Vec<Job> {
        let fact = Fact::Denied { action: "read-document".into(), document: Some(DocumentId::new([number; 16])) };
        vec![Job::Fact(fact, By::Setup)]
    }

    fn which(ticket: Option<Ticket>) -> Option<u8> {
        match ticket?.jobs.first()? {
            Job::Fact(Fact::Denied { document: Some(document), .. }, _) => Some(document.as_bytes()[0]),
            _ => None,
        }
    }

    #[tokio::test]
    async fn small_facts_pass_what_waits_and_have_room_of_their_own() {
        let (queue, mut tickets) = Queue::new();
        let mut asked = Vec::new();
        for _ in 0..QUEUE_TICKETS_MAX {
            let queue = queue.clone();
            asked.push(tokio::spawn(async move { queue.submit(job(1)).await.is_ok() }));
        }
        while queue.depth() < QUEUE_TICKETS_MAX {
            tokio::task::yield_now().await;
        }
        assert_eq!(queue.submit(job(1)).await.err(), Some(QueueError::Full));
        let small = tokio::spawn(async move { queue.submit_small(job(2)).await.is_ok() });
        let mut first = None;
        while first != Some(2) {
            tokio::task::yield_now().await;
            if tickets.small.is_empty() {
                continue;
            }
            first = which(tickets.take());
        }
        assert_eq!(which(tickets.wait().await), Some(1), "then what came before it");
        drop(tickets);
        assert!(!small.await.unwrap(), "nobody did it");
        for asked in asked {
            assert!(!asked.await.unwrap());
        }
    }
}
