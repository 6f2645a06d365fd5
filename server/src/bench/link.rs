//! `segin bench link`: the same exchanges over a slow link, which may be up for moments only.
//!
//! A whole headless device over [`super::slow`]. Beside the time stands what it is made of: the bytes at the link's
//! rate, and round trips. When the link goes down, the device tries again as soon as it is up.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::reconnect::{enrolled, fill, people_edits};
use super::slow::{SlowDial, Windows};
use super::{BenchError, BenchHub};
use crate::field::session::FieldDevice;
use crate::limits::FIELD_FIRST_BUDGET_BYTES;
use crate::sample::People;

/// Failed exchanges in a row without any progress, after which the measurement has failed.
const FAILURES_MAX: u32 = 100;

/// What to measure.
#[derive(Debug, Clone)]
pub struct Link {
    /// Thousand bits a second, each way.
    pub kbit: u32,
    /// Delay, each way.
    pub delay: Duration,
    /// When it is up.
    pub windows: Option<Windows>,
    /// Intakes of the first upload.
    pub intakes: usize,
    /// Where to put the folders.
    pub folder: Option<PathBuf>,
}

/// One line.
#[derive(Debug, Clone, Serialize)]
pub struct LinkLine {
    /// `link`.
    pub bench: &'static str,
    /// Whether this is an optimised build: else the time means nothing.
    pub release: bool,
    /// Thousand bits a second, each way.
    pub kbit: u32,
    /// Delay each way, milliseconds: half a round trip.
    pub delay_ms: u64,
    /// How long the link is up at a time, seconds; 0: always.
    pub window_s: f64,
    /// `first_upload`, `one_new` and `unchanged` on a connection that is open; `…_connecting`: on a new one.
    pub step: &'static str,
    /// Requests answered.
    pub exchanges: u64,
    /// Exchanges that were cut.
    pub cut: u32,
    /// Connections made.
    pub connections: u64,
    /// Bytes sent, also those that were cut.
    pub bytes_up: u64,
    /// Bytes received.
    pub bytes_down: u64,
    /// Until the last receipt, milliseconds.
    pub wall_ms: f64,
    /// What the bytes take at the link's rate, both ways one after the other, milliseconds.
    pub bytes_ms: f64,
    /// What remains, in round trips.
    pub round_trips: f64,
    /// Own changes that were receipted as applied.
    pub receipted: usize,
    /// Windows that the step touched.
    pub windows: u64,
}

/// Measures all steps, and hands each line out as it is there.
///
/// # Errors
/// [`BenchError`]; also when something was not receipted.
pub async fn run(link: &Link, mut line: impl FnMut(&LinkLine)) -> Result<(), BenchError> {
    let hub = BenchHub::start(link.folder.as_deref())?;
    hub.process.add_site("GOG", "Gogui", "Kayes").await?;
    let mut people = People::new(1, 2024);
    let mut device = enrolled(&hub, "first").await?;
    // What every device gets once, with its enrolment.
    device.sync().await?;
    fill(&mut device, &mut people, link.intakes)?;
    let slow = SlowDial::new(link.kbit, link.delay, link.windows);
    device.dial_with(Arc::new(slow.clone()));
    device.set_budget(FIELD_FIRST_BUDGET_BYTES);
    line(&step(link, &slow, "first_upload", &mut device).await?);
    for connecting in [false, true] {
        for (name, named_connecting, new) in
            [("unchanged", "unchanged_connecting", 0), ("one_new", "one_new_connecting", 1)]
        {
            for _ in 0..new {
                device.record(people_edits(&mut people))?;
            }
            if connecting {
                device.hang_up();
            }
            let name = if connecting { named_connecting } else { name };
            line(&step(link, &slow, name, &mut device).await?);
        }
    }
    Ok(())
}

async fn step(
    link: &Link,
    slow: &SlowDial,
    name: &'static str,
    device: &mut FieldDevice,
) -> Result<LinkLine, BenchError> {
    let unsent = device.status()?.unsent;
    slow.up().await;
    let (before, began) = (device.traffic(), slow.windows_begun());
    let start = Instant::now();
    let (mut cut, mut in_a_row) = (0, 0);
    loop {
        let known = device.traffic().exchanges;
        match device.sync().await {
            Ok(_) => break,
            Err(error) => {
                cut += 1;
                in_a_row = if device.traffic().exchanges > known { 0 } else { in_a_row + 1 };
                if in_a_row > FAILURES_MAX {
                    return Err(error.into());
                }
                slow.up().await;
            }
        }
    }
    let wall = start.elapsed().as_secs_f64() * 1_000.0;
    let after = device.traffic();
    let (bytes_up, bytes_down) = (after.bytes_up - before.bytes_up, after.bytes_down - before.bytes_down);
    let bytes_ms = slow.carries_ms(bytes_up + bytes_down);
    let round_trip = link.delay.as_secs_f64() * 2_000.0;
    let left = device.status()?;
    if left.unsent + left.held + left.refused > 0 {
        return Err(BenchError::NotReceipted(format!("{name}: {} of {unsent} are left", left.unsent)));
    }
    Ok(LinkLine {
        bench: "link",
        release: !cfg!(debug_assertions),
        kbit: link.kbit,
        delay_ms: u64::try_from(link.delay.as_millis()).unwrap_or(u64::MAX),
        window_s: link.windows.map_or(0.0, |windows| windows.up.as_secs_f64()),
        step: name,
        exchanges: after.exchanges - before.exchanges,
        cut,
        connections: after.connections - before.connections,
        bytes_up,
        bytes_down,
        wall_ms: wall,
        bytes_ms,
        round_trips: if round_trip > 0.0 { (wall - bytes_ms) / round_trip } else { 0.0 },
        receipted: unsent,
        windows: slow.windows_begun() - began + u64::from(began > 0),
    })
}
