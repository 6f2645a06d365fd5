//! The bare limits of this machine, in the same run: what no hub could exceed.

use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;
use sync_protocol::gate;

use super::{BenchError, Scratch};
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
    Ok(BareLimits { appended_per_second, group, parsed_per_second })
}
