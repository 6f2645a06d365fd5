//! The bare limits of this machine, in the same run: what no hub could exceed.

use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;
use sync_protocol::documents::Kind;
use sync_protocol::gate;
use sync_protocol::ids::{Channel, LogId, Millis, Position, SiteCode, UserId};

use super::{BenchError, Scratch};
use crate::access::{Action, Resource, decide};
use crate::hub::directory::Directory;
use crate::hub::fact::{By, Fact, FactEntry, Profile};
use crate::hub::opening::new_log_id;
use crate::random::SystemRandom;
use crate::store::files::{Disk, RealDisk};
use crate::store::log::{Log, LogSizes};

/// What was measured without a hub.
#[derive(Debug, Clone, Serialize)]
pub struct BareLimits {
    /// Entries of the same size appended to a log and synced in groups, a second.
    pub appended_per_second: f64,
    /// How many entries were in a group.
    pub group: usize,
    /// The same changes parsed, checked and hashed on one core, a second.
    pub parsed_per_second: f64,
    /// Access decided on one core, a second: who a lease's user is by the directory, and whether they may begin a case.
    pub decided_per_second: f64,
}

/// Measures: `entries` entries of `bytes` each in groups, and the changes parsed.
///
/// # Errors
/// [`BenchError`].
pub fn measure(
    parent: &std::path::Path,
    entries: usize,
    bytes: usize,
    group: usize,
    changes: &[Vec<u8>],
) -> Result<BareLimits, BenchError> {
    let folder = Scratch::new(Some(parent))?;
    let failed = |error: &dyn std::fmt::Display| BenchError::NotReceipted(format!("the bare log: {error}"));
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(folder.path()).map_err(|error| failed(&error))?);
    let mut random = SystemRandom;
    let log_id = new_log_id(&mut random);
    let (mut log, _) = Log::create(disk, log_id, LogSizes::default(), &mut random).map_err(|error| failed(&error))?;
    let payloads = vec![vec![0x5a; bytes]; group];
    let groups = entries.div_ceil(group);
    let start = Instant::now();
    for _ in 0..groups {
        log.append_group(&payloads).map_err(|error| failed(&error))?;
    }
    let appended_per_second = (groups * group) as f64 / start.elapsed().as_secs_f64();
    let start = Instant::now();
    let parsed = changes.iter().filter(|change| gate::inspect(change).is_ok()).count();
    let parsed_per_second = parsed as f64 / start.elapsed().as_secs_f64();
    if parsed < changes.len() {
        return Err(BenchError::NotReceipted(format!("{} changes were not sound", changes.len() - parsed)));
    }
    let decided_per_second = decided(log_id, group).map_err(|error| failed(&error))?;
    Ok(BareLimits { appended_per_second, group, parsed_per_second, decided_per_second })
}

/// Decisions timed: enough for a tenth of a second.
const DECISIONS: usize = 100_000;

/// Access decided for the users of so many devices, a second.
fn decided(log: LogId, users: usize) -> Result<f64, String> {
    let mut directory = Directory::new(log);
    let site = SiteCode::new("GOG").map_err(|error| error.to_string())?;
    let ids: Vec<UserId> = (0..users as u128).map(|number| UserId::new(number.to_be_bytes())).collect();
    for (position, user) in ids.iter().enumerate() {
        let fact = Fact::User { user: *user, profile: Profile::caseworker("Agent", vec![site.clone()]) };
        let entry = FactEntry { at: Millis(0), fact, by: By::Setup };
        directory.fold_fact(Position(position as u64 + 1), &entry).map_err(|error| error.to_string())?;
    }
    let channel = Channel::site(&site);
    let start = Instant::now();
    let mut allowed = 0;
    for user in ids.iter().cycle().take(DECISIONS) {
        let principal = directory.principal(*user, Millis(1));
        let new = Resource::New { kind: Kind::Case, channel: &channel };
        allowed += usize::from(decide(&principal, Action::Write, new).is_ok());
    }
    let rate = DECISIONS as f64 / start.elapsed().as_secs_f64();
    if allowed == DECISIONS { Ok(rate) } else { Err(format!("{allowed} of {DECISIONS} decisions allowed")) }
}
