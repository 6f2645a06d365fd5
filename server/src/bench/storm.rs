//! `segin bench storm`: thousands of devices that come back in the same moment, each with unsent work.
//!
//! The hub has just been started, as after a day without power. Every device comes from an address of its own (this
//! machine's loopback network has millions), keeps its connection as a phone does, and asks with its work for one batch
//! of feed. Turned away or told to come back, it waits as the field app does and sends the same again. What it sends is
//! made before the clock starts.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use sync_protocol::device::Endpoint;
use sync_protocol::ids::UserId;
use tokio::net::TcpSocket;
use tokio::task::JoinSet;

use super::country::{build_sites, enrol_one, sites};
use super::ingest::Sender;
use super::process::{peak_memory_bytes, processor_time, resident_bytes};
use super::workload::heard;
use super::{BenchError, BenchHub};
use crate::field::client::{Dial, Dialling, LinkError, Stream};
use crate::open_files;
use crate::random::{SeededRandom, draw};

/// Devices of one user: a post's phones.
const DEVICES_OF_USER: usize = 50;
/// Bytes of feed that a device asks for with its work: what a link of 32 kbit/s carries in four seconds.
const FEED_BYTES: u32 = 16 * 1024;
/// The field app's first pause after a failure; doubled after each further one, spread by a quarter either way.
const PAUSE_FIRST: Duration = Duration::from_secs(5);
/// The field app's longest pause.
const PAUSE_LAST: Duration = Duration::from_secs(120);
/// Tries of one device, after which the storm has failed: more than half an hour of pauses.
const TRIES_MAX: u32 = 24;

/// What to measure.
#[derive(Debug, Clone)]
pub struct Storm {
    /// Devices.
    pub devices: usize,
    /// Unsent intakes of each.
    pub unsent: usize,
    /// Where to put the folder.
    pub folder: Option<PathBuf>,
}

/// The one line.
#[derive(Debug, Clone, Serialize)]
pub struct StormLine {
    /// `storm`.
    pub bench: &'static str,
    /// Whether this is an optimised build: else the time means nothing.
    pub release: bool,
    /// Devices.
    pub devices: usize,
    /// Unsent intakes of each.
    pub unsent: usize,
    /// Intakes with a verified receipt, all of them.
    pub receipted: usize,
    /// Documents of others that came with the answers.
    pub fed: usize,
    /// From the first byte to the last answer, milliseconds.
    pub wall_ms: f64,
    /// Of a device from its first try to its answer, milliseconds: median, 90th, 99th of a hundred, longest.
    pub device_ms: [f64; 4],
    /// Processor time of the hub meanwhile, milliseconds.
    pub hub_cpu_ms: f64,
    /// Requests that were answered with a receipt.
    pub exchanges: u64,
    /// Requests that were told to come back: 503 or 429.
    pub told_to_come_back: u64,
    /// Connections that found no room, or broke before an answer.
    pub turned_away: u64,
    /// Connections made.
    pub connections: u64,
    /// The most tries of one device.
    pub tries_max: u32,
    /// Memory of the hub before, bytes.
    pub resident_before_bytes: u64,
    /// The most memory that the hub has held, its start included, bytes.
    pub peak_bytes: u64,
    /// Bytes sent, counted at the sockets.
    pub bytes_up: u64,
    /// Bytes received.
    pub bytes_down: u64,
}

/// Dials from an address of its own.
struct FromAddress(Ipv4Addr);

impl Dial for FromAddress {
    fn dial(&self, host: String, port: u16) -> Dialling {
        let from = SocketAddr::from((self.0, 0));
        Box::pin(async move {
            let to: Ipv4Addr = host.parse().map_err(std::io::Error::other)?;
            let socket = TcpSocket::new_v4()?;
            socket.bind(from)?;
            let stream = socket.connect(SocketAddr::from((to, port))).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Box<dyn Stream>)
        })
    }
}

/// A device with its work packed.
struct Waiting {
    sender: Sender,
    frame: Vec<u8>,
    intakes: usize,
    seed: u64,
}

/// What became of one.
struct Came {
    sender: Sender,
    receipted: usize,
    fed: usize,
    told: u64,
    turned_away: u64,
    tries: u32,
    took: Duration,
}

/// Measures.
///
/// # Errors
/// [`BenchError`]; also when not everything was receipted in the end.
pub async fn run(storm: &Storm, mut line: impl FnMut(&StormLine)) -> Result<(), BenchError> {
    // Each device has a socket here, and one at the hub.
    open_files::allow_most();
    let mut hub = BenchHub::start(storm.folder.as_deref())?;
    hub.command.listen = hub.process.address().to_owned();
    build_sites(&hub.process).await?;
    let waiting = gathered(storm, &hub).await?;
    let hub = hub.restart()?;
    let pid = hub.process.pid();
    let before = waiting.iter().map(|one| one.sender.client.traffic()).collect::<Vec<_>>();
    let (resident, cpu) = (resident_bytes(pid).unwrap_or(0), processor_time(pid).unwrap_or_default());
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for one in waiting {
        tasks.spawn(come_back(one));
    }
    let mut came = Vec::with_capacity(storm.devices);
    while let Some(joined) = tasks.join_next().await {
        came.push(joined.map_err(|error| BenchError::NotReceipted(error.to_string()))??);
    }
    let wall = start.elapsed();
    let cpu = processor_time(pid).unwrap_or_default().saturating_sub(cpu);
    let receipted: usize = came.iter().map(|one| one.receipted).sum();
    if receipted != storm.devices * storm.unsent {
        return Err(BenchError::NotReceipted(format!("{receipted} of {}", storm.devices * storm.unsent)));
    }
    let after = came.iter().map(|one| one.sender.client.traffic()).collect::<Vec<_>>();
    let sum = |of: fn(&crate::field::client::Traffic) -> u64| {
        after.iter().map(of).sum::<u64>() - before.iter().map(of).sum::<u64>()
    };
    let mut took: Vec<Duration> = came.iter().map(|one| one.took).collect();
    took.sort_unstable();
    line(&StormLine {
        bench: "storm",
        release: !cfg!(debug_assertions),
        devices: storm.devices,
        unsent: storm.unsent,
        receipted,
        fed: came.iter().map(|one| one.fed).sum(),
        wall_ms: wall.as_secs_f64() * 1_000.0,
        device_ms: [50, 90, 99, 100].map(|percent| super::ingest::percentile(&took, percent).as_secs_f64() * 1_000.0),
        hub_cpu_ms: cpu.as_secs_f64() * 1_000.0,
        exchanges: came.len() as u64,
        told_to_come_back: came.iter().map(|one| one.told).sum(),
        turned_away: came.iter().map(|one| one.turned_away).sum(),
        connections: sum(|traffic| traffic.connections),
        tries_max: came.iter().map(|one| one.tries).max().unwrap_or(0),
        resident_before_bytes: resident,
        peak_bytes: peak_memory_bytes(pid).unwrap_or(0),
        bytes_up: sum(|traffic| traffic.bytes_up),
        bytes_down: sum(|traffic| traffic.bytes_down),
    });
    Ok(())
}

/// Every device, enrolled, its work packed.
async fn gathered(storm: &Storm, hub: &BenchHub) -> Result<Vec<Waiting>, BenchError> {
    let sites = sites()?;
    let mut users: Vec<UserId> = Vec::new();
    for number in 0..storm.devices.div_ceil(DEVICES_OF_USER) {
        let site = &sites[number % sites.len()];
        users.push(hub.process.add_user(&format!("Agent {number}"), std::slice::from_ref(site)).await?);
    }
    let mut waiting = Vec::with_capacity(storm.devices);
    for number in 0..storm.devices {
        let dial = Arc::new(FromAddress(address(number)));
        let mut sender = enrol_one(&hub.process, users[number / DEVICES_OF_USER], number as u64, dial).await?;
        // Else the enrolment of thousands would meet the room for connections.
        sender.client.hang_up();
        sender.device.budget = FEED_BYTES;
        let ready = sender.device.intakes(storm.unsent, 0)?;
        waiting.push(Waiting { sender, frame: ready.frame, intakes: ready.intakes, seed: number as u64 });
    }
    Ok(waiting)
}

/// 127.1.0.1 and so on.
fn address(number: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 1, (number / 250) as u8, (number % 250) as u8 + 1)
}

/// Sends until there is a receipt.
async fn come_back(waiting: Waiting) -> Result<Came, BenchError> {
    let Waiting { mut sender, frame, intakes, seed } = waiting;
    let mut random = SeededRandom::new(seed);
    let start = Instant::now();
    let (mut told, mut turned_away) = (0, 0);
    for tries in 1..=TRIES_MAX {
        match sender.client.post(Endpoint::Exchange, frame.clone()).await {
            Ok(answer) => {
                let heard = heard(&answer, &sender.device.hub)?;
                if heard.applied != intakes {
                    return Err(BenchError::NotReceipted(format!("{} of {intakes}", heard.applied)));
                }
                let (receipted, fed, took) = (heard.applied, heard.rest.feed.len(), start.elapsed());
                return Ok(Came { sender, receipted, fed, told, turned_away, tries, took });
            }
            Err(LinkError::Hub { status: 429 | 503, .. }) => told += 1,
            Err(LinkError::Connect { .. } | LinkError::Cut(_) | LinkError::Timeout(_)) => turned_away += 1,
            Err(other) => return Err(other.into()),
        }
        sender.client.hang_up();
        let doubled = PAUSE_FIRST.saturating_mul(1 << (tries - 1).min(10)).min(PAUSE_LAST);
        let spread = f64::from(u16::from_be_bytes(draw(&mut random))) / f64::from(u16::MAX) / 2.0;
        tokio::time::sleep(doubled.mul_f64(0.75 + spread)).await;
    }
    Err(BenchError::NotReceipted(format!("a device gave up after {TRIES_MAX} tries")))
}
