//! Continuing: whether devices and this hub mean the same log, and what follows when they do not.
//!
//! A hub that came back from an older copy of its folder has lost entries for which it once gave receipts; one of two from
//! one backup has other entries in their place. A receipt that this hub's key signed and that its log contradicts proves
//! it ([`evidence`]); what nobody signed proves nothing and changes nothing. The log then goes on under another id, held
//! until an administrator confirms ([`super::directory::Restored`]). Up to where both sides share a log: [`shared_with`].

use sync_protocol::ids::{ChainTag, LogId, Position};
use sync_protocol::wire::answer::Receipt;
use sync_protocol::wire::returning::{Mark, Marks};

use super::directory::Directory;
use super::fact::{By, Fact};
use super::opening::new_log_id;
use super::published::{Published, Shared};
use super::writer::{Fatal, Group};
use crate::random::Random;
use crate::store::log::LogError;

/// Why the log is to go on under another id.
#[derive(Debug, Clone)]
pub enum Continuing {
    /// Whoever started the hub says so.
    Told,
    /// A device showed a receipt of another log than this one.
    Shown {
        /// The receipt, its signature checked.
        receipt: Box<Receipt>,
        /// Up to where the device knows the same log.
        shared: Position,
        /// Who showed it.
        by: By,
    },
}

/// Whether the mark stands in this log.
///
/// # Errors
/// [`LogError`] when the log cannot be read.
pub fn stands(shared: &Shared, published: &Published, mark: &Mark) -> Result<bool, LogError> {
    if mark.position > published.position {
        return Ok(false);
    }
    let chain = if mark.position == published.position {
        published.chain
    } else if mark.position == Position::START {
        return Ok(false);
    } else {
        shared.log.read(mark.position)?.chain
    };
    Ok(ChainTag::of(&chain) == mark.tag)
}

/// Up to where a device and this hub share a log: the highest mark that stands here. A device that claims another mark
/// than its own moves nothing but its own feed.
///
/// # Errors
/// [`LogError`] when the log cannot be read.
pub fn shared_with(shared: &Shared, published: &Published, marks: &Marks) -> Result<Position, LogError> {
    let last = marks.verify(&shared.keyring.hub_key().public()).ok();
    let last = last.map(|receipt| Mark { position: receipt.head, tag: ChainTag::of(&receipt.chain) });
    let mut all: Vec<Mark> = last.into_iter().chain(marks.earlier.iter().copied()).collect();
    all.sort_by_key(|mark| std::cmp::Reverse(mark.position));
    for mark in &all {
        if stands(shared, published, mark)? {
            return Ok(mark.position);
        }
    }
    Ok(Position::START)
}

/// The receipt in these marks, if it proves that this hub is an older copy or one of two.
///
/// # Errors
/// [`LogError`] when the log cannot be read.
pub fn evidence(shared: &Shared, published: &Published, marks: &Marks) -> Result<Option<Receipt>, LogError> {
    let Ok(receipt) = marks.verify(&shared.keyring.hub_key().public()) else { return Ok(None) };
    let contradicts = contradicts(shared, published, &shared.directory().known_logs(), &receipt)?;
    Ok(contradicts.then_some(receipt))
}

/// The logs that a hub knows of.
#[derive(Debug, Clone)]
pub struct KnownLogs {
    now: LogId,
    others: Vec<LogId>,
}

impl Directory {
    fn known_logs(&self) -> KnownLogs {
        let others = self.ancestors.iter().map(|(log, _)| *log).chain(self.siblings.iter().copied());
        KnownLogs { now: self.log, others: others.collect() }
    }
}

fn contradicts(shared: &Shared, published: &Published, known: &KnownLogs, receipt: &Receipt) -> Result<bool, LogError> {
    if known.others.contains(&receipt.log) {
        return Ok(false);
    }
    let mark = Mark { position: receipt.head, tag: ChainTag::of(&receipt.chain) };
    Ok(receipt.log != known.now || !stands(shared, published, &mark)?)
}

impl Group<'_> {
    /// Goes on under another id, unless this was done for the same reason already.
    pub(super) fn continue_log(&mut self, continuing: Continuing, random: &mut dyn Random) -> Result<(), Fatal> {
        let (known, last) = {
            let directory = self.shared.directory();
            (directory.known_logs(), directory.restored.as_ref().map(|restored| restored.position))
        };
        let (parent, sibling, by) = match continuing {
            Continuing::Told if last == Some(self.head) => return Ok(()),
            Continuing::Told => ((known.now, self.head), None, By::Setup),
            Continuing::Shown { receipt, shared, by } => {
                if !contradicts(self.shared, &self.shared.published(), &known, &receipt)? {
                    return Ok(());
                }
                let sibling = (receipt.log != known.now).then_some(receipt.log);
                ((known.now, shared), sibling, by)
            }
        };
        self.fact(Fact::Continued { log: new_log_id(random), parent, sibling }, by, random)?;
        Ok(())
    }
}
