//! `segin bench scale`: what a hub costs that holds a country.
//!
//! Fills a hub over real sockets (or takes the one that an earlier run left in a folder), then measures ingest, a first
//! feed, an exchange without news, memory, start and rebuilding at that size. Each step is one line; time is told with
//! the processor time beside it, since a busy machine spoils the one and not the other.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sync_protocol::device::Endpoint;

use super::country::{build_sites, enrol, enrol_one, fill, sites};
use super::ingest::{Sender, window};
use super::process::{peak_memory_bytes, processor_time, resident_bytes};
use super::{BenchError, BenchHub, Scratch, doing};
use crate::cli::client::Client;
use crate::field::client::TcpDial;
use crate::hub_process::HubProcess;
use crate::routes::status::Status;
use crate::serve::folder::DOCUMENTS;
use sync_protocol::wire::answer::FeedWhat;

/// Cases of the hub with which the larger one is compared.
const SMALL: usize = 1_000;
/// Devices that fill a hub and whose ingest is measured, each on a connection of its own.
const DEVICES: usize = 32;
/// Bytes of feed that the device asks for that reads everything: the most that an answer brings.
const FEED_BYTES: u32 = crate::limits::FEED_BUDGET_BYTES_MAX as u32;
/// Cases after which the filling says how far it is.
const TOLD_EVERY: usize = 10_000;
/// Between two looks whether the lists are there.
const LOOK: Duration = Duration::from_millis(50);
/// Names what a kept folder holds.
const HOLDS: &str = "scale.json";

/// What to measure.
#[derive(Debug, Clone)]
pub struct Scale {
    /// Cases in the hub.
    pub cases: usize,
    /// Intakes of each measurement of ingest, all devices together.
    pub window: usize,
    /// A folder whose hub stays and is taken again by the next run.
    pub keep: Option<PathBuf>,
    /// Where to put other folders; the disk that is measured.
    pub folder: Option<PathBuf>,
}

/// One line.
#[derive(Debug, Clone, Serialize)]
pub struct ScaleLine {
    /// `scale`.
    pub bench: &'static str,
    /// Whether this is an optimised build: else the figures mean nothing.
    pub release: bool,
    /// `ingest`, `filled`, `first_feed`, `unchanged`, `one_new`, `start_without_lists`, `start` or `rebuild`.
    pub step: &'static str,
    /// Cases in the hub at that moment.
    pub cases: usize,
    /// The figures of the step; names say the unit.
    #[serde(flatten)]
    pub figures: Map<String, Value>,
}

/// What a kept folder holds.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Holds {
    cases: usize,
    documents: usize,
    runs: u64,
}

/// Measures all steps, and hands each line out as it is there.
///
/// # Errors
/// [`BenchError`]; also when something was not receipted as it must be.
pub async fn run(scale: &Scale, mut line: impl FnMut(&ScaleLine)) -> Result<(), BenchError> {
    let small = small_hub(scale, &mut line).await?;
    let folder = match &scale.keep {
        Some(keep) => Scratch::kept(keep)?,
        None => Scratch::new(scale.folder.as_deref())?,
    };
    let mut holds = holds(folder.path());
    let hub = BenchHub::start_in(folder, &[])?;
    if holds.cases == 0 {
        build_sites(&hub.process).await?;
    }
    holds.runs += 1;
    let mut senders = enrol(&hub.process, DEVICES, holds.runs << 32).await?;
    if holds.cases < scale.cases {
        senders = filled(scale, &hub, &mut holds, senders, &mut line).await?;
    }
    lists_are_there(&hub.process).await?;
    for (index, batch) in [1, 50].into_iter().enumerate() {
        let (rate, after) = ingest(scale, &hub, &mut holds, senders, batch, &mut line).await?;
        senders = after;
        line(&told("ratio", &holds, json!({ "intakes_per_exchange": batch, "to_the_small_hub": rate / small[index] })));
    }
    reader(&hub, &mut holds, &mut line).await?;
    let hub = start_without_lists(hub, scale, &mut holds, senders, &mut line).await?;
    let hub = start_with_lists(hub, &mut holds, &mut line).await?;
    rebuild(hub, &mut holds, &mut line).await
}

fn told(step: &'static str, holds: &Holds, figures: Value) -> ScaleLine {
    let figures = if let Value::Object(figures) = figures { figures } else { Map::new() };
    ScaleLine { bench: "scale", release: !cfg!(debug_assertions), step, cases: holds.cases, figures }
}

/// The rates of a hub of a thousand cases, on the same machine in the same minutes.
async fn small_hub(scale: &Scale, line: &mut impl FnMut(&ScaleLine)) -> Result<[f64; 2], BenchError> {
    let hub = BenchHub::start(scale.folder.as_deref())?;
    build_sites(&hub.process).await?;
    let mut holds = Holds::default();
    let mut senders = enrol(&hub.process, DEVICES, 0).await?;
    let cases = SMALL.min(scale.cases);
    (holds.documents, senders) = fill(senders, cases).await?;
    holds.cases = cases;
    lists_are_there(&hub.process).await?;
    let mut rates = [0.0; 2];
    for (index, batch) in [1, 50].into_iter().enumerate() {
        (rates[index], senders) = ingest(scale, &hub, &mut holds, senders, batch, line).await?;
    }
    Ok(rates)
}

async fn ingest(
    scale: &Scale,
    hub: &BenchHub,
    holds: &mut Holds,
    senders: Vec<Sender>,
    batch: usize,
    line: &mut impl FnMut(&ScaleLine),
) -> Result<(f64, Vec<Sender>), BenchError> {
    let (measured, senders) = window(scale.window, &hub.process, hub.folder.path(), senders, (batch, 0)).await?;
    let figures = json!({
        "intakes_per_exchange": batch,
        "receipted": measured.receipted,
        "intakes_per_second": measured.intakes_per_second,
        "hub_cpu_us_per_intake": measured.hub_cpu_ms * 1_000.0 / measured.receipted.max(1) as f64,
        "latency_ms": measured.latency_ms,
        "hub_peak_bytes": measured.hub_peak_bytes,
    });
    line(&told("ingest", holds, figures));
    holds.cases += measured.receipted;
    holds.documents += measured.receipted;
    keep(hub.folder.path(), holds)?;
    lists_are_there(&hub.process).await?;
    Ok((measured.intakes_per_second, senders))
}

/// Fills the hub up to the size that is wanted.
async fn filled(
    scale: &Scale,
    hub: &BenchHub,
    holds: &mut Holds,
    mut senders: Vec<Sender>,
    line: &mut impl FnMut(&ScaleLine),
) -> Result<Vec<Sender>, BenchError> {
    while holds.cases < scale.cases {
        let some = (scale.cases - holds.cases).min(TOLD_EVERY);
        let (start, cpu) = (Instant::now(), cpu(hub.process.pid()));
        let (documents, after) = fill(senders, some).await?;
        senders = after;
        holds.cases += some;
        holds.documents += documents;
        keep(hub.folder.path(), holds)?;
        let figures = json!({
            "documents": holds.documents,
            "documents_per_second": documents as f64 / start.elapsed().as_secs_f64(),
            "hub_cpu_us_per_document": (processor(&hub.process, cpu) * 1_000.0) / documents.max(1) as f64,
            "resident_bytes": resident(&hub.process),
        });
        line(&told("filled", holds, figures));
    }
    Ok(senders)
}

/// A device of all sites reads everything, comes back without news, and sends one intake.
async fn reader(hub: &BenchHub, holds: &mut Holds, line: &mut impl FnMut(&ScaleLine)) -> Result<(), BenchError> {
    let user = hub.process.add_user(&format!("Agent partout {}", holds.runs), &sites()?).await?;
    let mut reader = enrol_one(&hub.process, user, holds.runs << 32 | 1 << 31, Arc::new(TcpDial)).await?;
    reader.device.budget = FEED_BYTES;
    let (before, start, cpu) = (reader.client.traffic(), Instant::now(), cpu(hub.process.pid()));
    let mut fed = 0;
    loop {
        let ready = reader.device.request(Vec::new(), 0);
        let answer = reader.client.post(Endpoint::Exchange, ready.frame).await?;
        let rest = reader.device.hear(&answer)?.rest;
        fed += rest.feed.iter().filter(|item| item.what != FeedWhat::Left).count();
        if !rest.more {
            break;
        }
    }
    let figures = json!({ "documents": holds.documents, "fed": fed, "hub_cpu_ms": processor(&hub.process, cpu) });
    line(&exchanged("first_feed", holds, &reader, before, start, figures));
    for step in ["unchanged", "one_new"] {
        let work = if step == "one_new" { vec![reader.device.intake()?] } else { Vec::new() };
        let ready = reader.device.request(work, 0);
        let (before, start) = (reader.client.traffic(), Instant::now());
        let answer = reader.client.post(Endpoint::Exchange, ready.frame).await?;
        let heard = reader.device.hear(&answer)?;
        if heard.applied != ready.intakes || heard.rest.more {
            return Err(BenchError::NotReceipted(format!("{step}: {} of {}", heard.applied, ready.intakes)));
        }
        let figures = json!({ "receipted": heard.applied, "fed": heard.rest.feed.len() });
        line(&exchanged(step, holds, &reader, before, start, figures));
        holds.cases += heard.applied;
        holds.documents += heard.applied;
    }
    keep(hub.folder.path(), holds)
}

fn exchanged(
    step: &'static str,
    holds: &Holds,
    reader: &Sender,
    before: crate::field::client::Traffic,
    start: Instant,
    figures: Value,
) -> ScaleLine {
    let after = reader.client.traffic();
    let mut line = told(step, holds, figures);
    let more = [
        ("exchanges", json!(after.exchanges - before.exchanges)),
        ("bytes_up", json!(after.bytes_up - before.bytes_up)),
        ("bytes_down", json!(after.bytes_down - before.bytes_down)),
        ("wall_ms", json!(millis(start.elapsed()))),
    ];
    line.figures.extend(more.into_iter().map(|(name, value)| (name.to_owned(), value)));
    line
}

/// Memory and start of a hub that serves devices only, and its memory after work.
async fn start_without_lists(
    hub: BenchHub,
    scale: &Scale,
    holds: &mut Holds,
    senders: Vec<Sender>,
    line: &mut impl FnMut(&ScaleLine),
) -> Result<BenchHub, BenchError> {
    let BenchHub { process, mut command, folder } = hub;
    command.listen = process.address().to_owned();
    process.stop()?;
    command.more = vec!["--without-lists".to_owned()];
    let start = Instant::now();
    let process = command.start()?;
    let ready = start.elapsed();
    let (resident_ready, cpu_ready) = (resident(&process), processor(&process, Duration::ZERO));
    let (measured, _) = window(scale.window, &process, folder.path(), senders, (50, 0)).await?;
    let figures = json!({
        "documents": holds.documents,
        "ready_ms": millis(ready),
        "hub_cpu_ms": cpu_ready,
        "resident_bytes": resident_ready,
        "resident_after_work_bytes": resident(&process),
        "peak_bytes": peak_memory_bytes(process.pid()),
        "log_bytes": size_of(&command.data.join("log")),
        "documents_bytes": size_of(&command.data.join(DOCUMENTS)),
    });
    line(&told("start_without_lists", holds, figures));
    holds.cases += measured.receipted;
    holds.documents += measured.receipted;
    keep(folder.path(), holds)?;
    command.more.clear();
    Ok(BenchHub { process, command, folder })
}

async fn start_with_lists(
    hub: BenchHub,
    holds: &mut Holds,
    line: &mut impl FnMut(&ScaleLine),
) -> Result<BenchHub, BenchError> {
    let BenchHub { process, command, folder } = hub;
    process.stop()?;
    let (process, figures) = started(&command, holds).await?;
    line(&told("start", holds, figures));
    Ok(BenchHub { process, command, folder })
}

/// From the log alone.
async fn rebuild(hub: BenchHub, holds: &mut Holds, line: &mut impl FnMut(&ScaleLine)) -> Result<(), BenchError> {
    let BenchHub { process, command, folder } = hub;
    process.stop()?;
    std::fs::remove_dir_all(command.data.join(DOCUMENTS)).map_err(doing("removing the documents"))?;
    let (process, figures) = started(&command, holds).await?;
    line(&told("rebuild", holds, figures));
    process.stop()?;
    drop(folder);
    Ok(())
}

/// Starts the hub and waits for its lists.
async fn started(command: &crate::hub_process::HubCommand, holds: &Holds) -> Result<(HubProcess, Value), BenchError> {
    let start = Instant::now();
    let process = command.start()?;
    let (ready, cpu_ready) = (start.elapsed(), processor(&process, Duration::ZERO));
    let documents = lists_are_there(&process).await?;
    let (lists, cpu_lists) = (start.elapsed(), processor(&process, Duration::ZERO));
    // In the channels of sites, without annexes: a rebuild that lost some would be quick.
    if documents == 0 {
        return Err(BenchError::NotReceipted("the hub came back without documents".to_owned()));
    }
    let figures = json!({
        "documents": holds.documents,
        "ready_ms": millis(ready),
        "ready_cpu_ms": cpu_ready,
        "lists_ms": millis(lists),
        "lists_cpu_ms": cpu_lists,
        "documents_per_second": holds.documents as f64 / ready.as_secs_f64(),
        "documents_per_second_with_lists": holds.documents as f64 / lists.as_secs_f64(),
        "resident_bytes": resident(&process),
        "peak_bytes": peak_memory_bytes(process.pid()),
    });
    Ok((process, figures))
}

/// Waits until the lists show the whole log; how many documents the channels hold then.
async fn lists_are_there(hub: &HubProcess) -> Result<u64, BenchError> {
    let console: Client = hub.console()?;
    loop {
        let status: Status = console.get("/v1/status").await?;
        if status.read_model >= status.position {
            return Ok(status.channels.iter().map(|row| row.documents).sum());
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn holds(folder: &Path) -> Holds {
    std::fs::read(folder.join(HOLDS)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

fn keep(folder: &Path, holds: &Holds) -> Result<(), BenchError> {
    let text = serde_json::to_vec(holds).unwrap_or_default();
    std::fs::write(folder.join(HOLDS), text).map_err(doing("noting what the folder holds"))
}

fn cpu(pid: u32) -> Duration {
    processor_time(pid).unwrap_or_default()
}

/// Processor time since then, milliseconds.
fn processor(hub: &HubProcess, since: Duration) -> f64 {
    millis(cpu(hub.pid()).saturating_sub(since))
}

fn resident(hub: &HubProcess) -> u64 {
    resident_bytes(hub.pid()).unwrap_or(0)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// Bytes of the files in a folder.
fn size_of(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(data) if data.is_dir() => size_of(&entry.path()),
        Ok(data) => data.len(),
        Err(_) => 0,
    });
    sizes.sum()
}
