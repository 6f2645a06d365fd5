//! `segin bench ingest`: receipted intakes a second from many devices at once.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use sync_protocol::device::Endpoint;
use sync_protocol::ids::SiteCode;
use tokio::task::JoinSet;

use super::limits::{BareLimits, measure};
use super::process::{peak_memory_bytes, processor_time};
use super::workload::{LightDevice, Ready, heard};
use super::{BenchError, BenchHub};
use crate::field::client::{HubClient, TcpDial, Traffic};
use crate::hub_process::HubProcess;

/// What to measure.
#[derive(Debug, Clone)]
pub struct Ingest {
    /// Devices, each on a connection of its own.
    pub devices: usize,
    /// Intakes of all devices together, for each line.
    pub intakes: usize,
    /// Records of cases that were opened, sent with each intake; 0: no lines with them.
    pub reads: usize,
    /// Where to put the hub's folder; the disk that is measured.
    pub folder: Option<PathBuf>,
}

/// One line.
#[derive(Debug, Clone, Serialize)]
pub struct IngestLine {
    /// `ingest`.
    pub bench: &'static str,
    /// Whether this is an optimised build: else the figures mean nothing.
    pub release: bool,
    /// Devices at once.
    pub devices: usize,
    /// Intakes in each exchange.
    pub intakes_per_exchange: usize,
    /// Records of opened cases with each intake.
    pub reads_per_intake: usize,
    /// Exchanges.
    pub exchanges: usize,
    /// Intakes with a verified receipt.
    pub receipted: usize,
    /// From the first byte sent to the last answer, milliseconds.
    pub wall_ms: f64,
    /// Receipted intakes a second.
    pub intakes_per_second: f64,
    /// Of one exchange, milliseconds: median, 90th, 99th of a hundred, longest.
    pub latency_ms: [f64; 4],
    /// Processor time of the hub, milliseconds.
    pub hub_cpu_ms: f64,
    /// Processor time of the generator meanwhile, milliseconds.
    pub generator_cpu_ms: f64,
    /// The most memory that the hub has held so far, bytes.
    pub hub_peak_bytes: u64,
    /// Bytes sent, counted at the sockets.
    pub bytes_up: u64,
    /// Bytes received.
    pub bytes_down: u64,
    /// What no hub could exceed here.
    pub bare_limits: BareLimits,
}

/// A device on a connection of its own.
pub struct Sender {
    /// The link.
    pub client: HubClient,
    /// The device.
    pub device: LightDevice,
}

struct Sent {
    sender: Sender,
    answers: Vec<Vec<u8>>,
    latencies: Vec<Duration>,
}

/// Measures the ways of sending, and hands each line out as it is there.
///
/// # Errors
/// [`BenchError`]; also when an intake was not receipted as applied.
pub async fn run(ingest: &Ingest, mut line: impl FnMut(&IngestLine)) -> Result<(), BenchError> {
    let hub = BenchHub::start(ingest.folder.as_deref())?;
    let mut senders = Vec::with_capacity(ingest.devices);
    hub.process.add_site("GOG", "Gogui", "Kayes").await?;
    let site = SiteCode::new("GOG").map_err(|error| BenchError::NotReceipted(error.to_string()))?;
    for number in 0..ingest.devices {
        let user = hub.process.add_user(&format!("Agent {number}"), std::slice::from_ref(&site)).await?;
        let invitation = hub.process.invite(user).await?;
        let mut client = HubClient::new(hub.process.url(), Arc::new(TcpDial))?;
        let device = LightDevice::enrol(&mut client, &invitation, number as u64).await?;
        senders.push(Sender { client, device });
    }
    // Twice, one after the other: what else the machine does meanwhile falls on both.
    let kinds: &[usize] = if ingest.reads == 0 { &[0] } else { &[0, ingest.reads, 0, ingest.reads] };
    for batch in [1, 50] {
        for reads in kinds {
            let (measured, after) =
                window(ingest.intakes, &hub.process, hub.folder.path(), senders, (batch, *reads)).await?;
            senders = after;
            line(&measured);
        }
    }
    Ok(())
}

/// Measures one way of sending: so many intakes of all devices together, so many in each exchange with so many records
/// of reads.
///
/// # Errors
/// As [`run`].
pub async fn window(
    intakes: usize,
    hub: &HubProcess,
    folder: &Path,
    senders: Vec<Sender>,
    (batch, reads): (usize, usize),
) -> Result<(IngestLine, Vec<Sender>), BenchError> {
    let per_device = intakes.div_ceil(senders.len() * batch);
    let mut prepared = Vec::with_capacity(senders.len());
    let mut changes = Vec::new();
    for mut sender in senders {
        let mut ready = Vec::with_capacity(per_device);
        for _ in 0..per_device {
            let Ready { frame, intakes, changes: made } = sender.device.intakes(batch, reads)?;
            changes.extend(made);
            ready.push((frame, intakes));
        }
        prepared.push((sender, ready));
    }
    let before = traffic(prepared.iter().map(|(sender, _)| sender));
    let (hub_cpu, own_cpu) = (cpu(hub.pid()), cpu(std::process::id()));
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for (sender, ready) in prepared {
        tasks.spawn(send(sender, ready));
    }
    let mut sent = Vec::new();
    while let Some(joined) = tasks.join_next().await {
        sent.push(joined.map_err(|error| BenchError::NotReceipted(error.to_string()))??);
    }
    let wall = start.elapsed();
    let (hub_cpu, own_cpu) = (cpu(hub.pid()) - hub_cpu, cpu(std::process::id()) - own_cpu);
    // Verified after the clock: what a device's processor does is not what the hub can take.
    let mut receipted = 0;
    for one in &sent {
        for answer in &one.answers {
            receipted += heard(answer, &one.sender.device.hub)?.applied;
        }
    }
    let mut latencies: Vec<Duration> = sent.iter().flat_map(|one| one.latencies.iter().copied()).collect();
    latencies.sort_unstable();
    let senders: Vec<Sender> = sent.into_iter().map(|one| one.sender).collect();
    let after = traffic(senders.iter());
    let exchanges = latencies.len();
    if receipted != changes.len() {
        return Err(BenchError::NotReceipted(format!("{receipted} of {} intakes", changes.len())));
    }
    let bytes = (after.bytes_up - before.bytes_up) as usize / exchanges.max(1);
    let bare_limits = measure(folder, exchanges, bytes, senders.len(), &changes)?;
    let millis = |time: Duration| time.as_secs_f64() * 1_000.0;
    let line = IngestLine {
        bench: "ingest",
        release: !cfg!(debug_assertions),
        devices: senders.len(),
        intakes_per_exchange: batch,
        reads_per_intake: reads,
        exchanges,
        receipted,
        wall_ms: millis(wall),
        intakes_per_second: receipted as f64 / wall.as_secs_f64(),
        latency_ms: [50, 90, 99, 100].map(|percent| millis(percentile(&latencies, percent))),
        hub_cpu_ms: millis(hub_cpu),
        generator_cpu_ms: millis(own_cpu),
        hub_peak_bytes: peak_memory_bytes(hub.pid()).unwrap_or(0),
        bytes_up: after.bytes_up - before.bytes_up,
        bytes_down: after.bytes_down - before.bytes_down,
        bare_limits,
    };
    Ok((line, senders))
}

async fn send(mut sender: Sender, ready: Vec<(Vec<u8>, usize)>) -> Result<Sent, BenchError> {
    let (mut answers, mut latencies) = (Vec::with_capacity(ready.len()), Vec::with_capacity(ready.len()));
    for (frame, _) in ready {
        let start = Instant::now();
        answers.push(sender.client.post(Endpoint::Exchange, frame).await?);
        latencies.push(start.elapsed());
    }
    Ok(Sent { sender, answers, latencies })
}

fn cpu(pid: u32) -> Duration {
    processor_time(pid).unwrap_or_default()
}

fn traffic<'a>(senders: impl Iterator<Item = &'a Sender>) -> Traffic {
    senders.map(|sender| sender.client.traffic()).fold(Traffic::default(), |sum, one| Traffic {
        bytes_up: sum.bytes_up + one.bytes_up,
        bytes_down: sum.bytes_down + one.bytes_down,
        exchanges: sum.exchanges + one.exchanges,
        connections: sum.connections + one.connections,
    })
}

/// The value below which so many of a hundred lie; the list is sorted.
#[must_use]
pub fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let index = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(index).copied().unwrap_or_default()
}
