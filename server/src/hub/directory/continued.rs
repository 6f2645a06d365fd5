//! Which logs are this hub's own: one that came back from an older copy goes on under another id.
//!
//! The files keep the id that they began with; what devices are told is [`Directory::log`]. Who proves that a hub is an
//! older copy: [`crate::hub::continuing`].

use sync_protocol::ids::{LogId, Millis, Position};
use sync_protocol::wire::codec::CodecError;
use sync_protocol::wire::lease::SignedLease;

use super::{Directory, LeaseState, Standing};
use crate::hub::fact::{By, Fact, FactEntry, Profile};

/// A hub that is held until it is confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The entry that says so.
    pub position: Position,
    /// Hub time.
    pub at: Millis,
    /// Whoever started the hub, or the lease that showed a receipt of the other log.
    pub by: By,
    /// Up to where the other log is known to be the same.
    pub shared: Position,
}

impl Directory {
    /// Whether this log is the hub's own, now or before.
    #[must_use]
    pub fn is_own(&self, log: LogId) -> bool {
        log == self.log || self.ancestors.iter().any(|(before, _)| *before == log)
    }

    /// Every id that this log has had, the one in force first.
    #[must_use]
    pub fn own_logs(&self) -> Vec<LogId> {
        std::iter::once(self.log).chain(self.ancestors.iter().rev().map(|(log, _)| *log)).collect()
    }

    pub(super) fn fold_continued(&mut self, position: Position, entry: &FactEntry) -> Result<(), CodecError> {
        match &entry.fact {
            Fact::Continued { log, parent, sibling } => {
                self.ancestors.push(*parent);
                self.siblings.extend(*sibling);
                self.parent = Some(*parent);
                self.log = *log;
                self.restored = Some(Restored { position, at: entry.at, by: entry.by, shared: parent.1 });
                // What was to be tried again is, once somebody has confirmed.
                self.settling.clear();
            }
            Fact::ContinuedConfirmed => {
                self.restored = None;
                self.settle_where(|_| true);
            }
            Fact::Readmitted { lease: signed } => self.readmit(entry.at, signed)?,
            _ => {}
        }
        Ok(())
    }

    fn readmit(&mut self, at: Millis, signed: &SignedLease) -> Result<(), CodecError> {
        let state = LeaseState::pending(signed, at)?;
        let lease = &state.lease;
        // Whoever this was by then: an administrator makes them active, or not.
        self.users.entry(lease.user).or_insert_with(|| Profile {
            active: false,
            ..Profile::caseworker(lease.name.clone(), vec![lease.site.clone()])
        });
        debug_assert_eq!(state.standing, Standing::Pending);
        self.leases.entry(lease.prefix).or_insert(state);
        Ok(())
    }
}
