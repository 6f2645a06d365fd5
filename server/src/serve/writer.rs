//! The writer's thread: gathers what waits into a group, has it committed, answers everybody.
//!
//! Owns the only [`Writer`]. After a failure nobody of the group is answered and the process is to end: what was asked
//! may or may not be in the log, and the next start reads there what happened. A disk that is nearly full is noticed
//! before anything is written: the hub then refuses work, and goes on when there is room again. What must be recorded
//! so that people may still read, sign in and be locked out is small and goes on for a while longer.

use std::sync::Arc;
use std::time::Instant;

use sync_protocol::ids::Position;
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::metrics::Metrics;
use super::queue::{QueueError, Ticket, Tickets};
use crate::clock::Clock;
use crate::hub::published::Shared;
use crate::hub::writer::{Done, Fatal, Writer};
use crate::limits::{GROUP_GATHERED_BYTES, GROUP_TICKETS_MAX};
use crate::random::Random;
use crate::store::files::Disk;

/// Why the writer ended before it was asked to.
#[derive(Debug, Error)]
pub enum WriterFailure {
    /// A group failed.
    #[error(transparent)]
    Fatal(#[from] Fatal),
    /// A defect of this program.
    #[error("the writer ended abnormally: {0}")]
    Panicked(String),
}

/// What the writer works with.
pub struct Desk {
    /// Commits groups.
    pub writer: Writer,
    /// What it publishes.
    pub shared: Arc<Shared>,
    /// From the queue.
    pub tickets: Tickets,
    /// Waits for the queue.
    pub runtime: Handle,
    /// Told after each group.
    pub news: watch::Sender<Position>,
    /// Hub time.
    pub clock: Arc<dyn Clock>,
    /// Keys and nonces.
    pub random: Box<dyn Random>,
    /// Numbers.
    pub metrics: Arc<Metrics>,
    /// Asked for room before a group.
    pub disk: Arc<dyn Disk>,
    /// Free bytes below which no work is taken.
    pub disk_free: u64,
    /// Free bytes below which nothing at all is.
    pub disk_free_last: u64,
}

impl Desk {
    /// Works until every sender of the queue is gone, then writes the document store out.
    ///
    /// # Errors
    /// [`Fatal`]: the process must end, and nothing that this desk holds may be closed (see `serve::run`).
    pub fn run(&mut self) -> Result<(), Fatal> {
        let mut first = None;
        loop {
            let more = !self.is_full() && self.settle()?;
            let waiting = first.take().or_else(|| self.tickets.take());
            let ticket = match waiting {
                Some(ticket) => ticket,
                None if more => continue,
                None => match self.runtime.block_on(self.tickets.wait()) {
                    Some(ticket) => ticket,
                    None => break,
                },
            };
            let (group, next) = self.gather(ticket);
            first = next;
            let group = self.with_room(group);
            if group.is_empty() {
                continue;
            }
            self.commit(group)?;
        }
        self.shared.store.flush().map_err(crate::hub::filing::FilingError::from)?;
        Ok(())
    }

    /// A disk that does not say how much is free is written to: a write that fails ends the hub.
    fn free(&self) -> u64 {
        self.disk.free_bytes().unwrap_or(u64::MAX)
    }

    fn is_full(&self) -> bool {
        self.free() < self.disk_free
    }

    /// Does a piece of what has to be done without being asked; whether there may be more.
    fn settle(&mut self) -> Result<bool, Fatal> {
        let more = self.writer.settle(self.clock.now(), &mut *self.random)?;
        if more {
            self.tell();
        }
        Ok(more)
    }

    fn tell(&self) {
        let position = self.shared.published().position;
        self.news.send_if_modified(|known| std::mem::replace(known, position) != position);
    }

    /// What waits, up to the size of a group; and the ticket that no longer fitted.
    fn gather(&mut self, first: Ticket) -> (Vec<Ticket>, Option<Ticket>) {
        let mut bytes = first.bytes;
        let mut group = vec![first];
        while group.len() < GROUP_TICKETS_MAX {
            let Some(ticket) = self.tickets.take() else { break };
            if bytes + ticket.bytes > GROUP_GATHERED_BYTES {
                return (group, Some(ticket));
            }
            bytes += ticket.bytes;
            group.push(ticket);
        }
        (group, None)
    }

    /// Those for which the disk has room; the others are told that it has none.
    fn with_room(&self, group: Vec<Ticket>) -> Vec<Ticket> {
        let free = self.free();
        if free >= self.disk_free {
            return group;
        }
        tracing::error!(free, "the disk of the data folder is nearly full: no work is taken until there is room");
        only_small(group, free >= self.disk_free_last)
    }

    fn commit(&mut self, group: Vec<Ticket>) -> Result<(), Fatal> {
        let started = Instant::now();
        self.metrics.group_size.observe(f64::from(u32::try_from(group.len()).unwrap_or(u32::MAX)));
        let mut replies = Vec::with_capacity(group.len());
        let mut jobs = Vec::new();
        for ticket in group {
            replies.push((ticket.jobs.len(), ticket.reply));
            jobs.extend(ticket.jobs);
        }
        let done = self.writer.commit(jobs, self.clock.now(), &mut *self.random)?;
        self.metrics.commit_seconds.observe(started.elapsed().as_secs_f64());
        let mut done = done.into_iter();
        for (count, reply) in replies {
            let own: Vec<Done> = done.by_ref().take(count).collect();
            // A sender that has gone away asks again and finds its work done.
            let _ = reply.send(Ok(own));
        }
        self.tell();
        Ok(())
    }
}

/// Tells those that are not small, or all, that the disk is full; the others are left.
fn only_small(group: Vec<Ticket>, is_room: bool) -> Vec<Ticket> {
    let (kept, refused): (Vec<_>, Vec<_>) = group.into_iter().partition(|ticket| ticket.is_small && is_room);
    for ticket in refused {
        // A sender that has gone away asks again, and hears it then.
        let _ = ticket.reply.send(Err(QueueError::DiskFull));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::super::queue::Queue;
    use super::*;

    #[tokio::test]
    async fn on_a_disk_that_is_nearly_full_small_facts_go_on_and_work_does_not() {
        let (queue, mut tickets) = Queue::new();
        let ask = |is_small: bool| {
            let queue = queue.clone();
            tokio::spawn(async move {
                if is_small { queue.submit_small(Vec::new()).await } else { queue.submit(Vec::new()).await }
            })
        };
        let (work, small) = (ask(false), ask(true));
        let group = vec![tickets.wait().await.unwrap(), tickets.wait().await.unwrap()];
        let kept = only_small(group, true);
        assert_eq!(kept.len(), 1);
        assert!(kept[0].is_small);
        assert_eq!(work.await.unwrap().err(), Some(QueueError::DiskFull));
        assert!(only_small(kept, false).is_empty(), "below the last bytes nothing at all is taken");
        assert_eq!(small.await.unwrap().err(), Some(QueueError::DiskFull));
    }
}
