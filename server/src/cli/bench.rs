//! `segin bench`: measurements, one JSON line each.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::{Map, Value};

use super::Trouble;
use crate::bench::ingest::{Ingest, IngestLine};
use crate::bench::link::{Link, LinkLine};
use crate::bench::reconnect::{Reconnect, ReconnectLine};
use crate::bench::scale::{Scale, ScaleLine};
use crate::bench::slow::Windows;
use crate::bench::storm::{Storm, StormLine};
use crate::bench::{BenchError, ingest, link, reconnect, scale, storm};

/// What to measure.
#[derive(Subcommand)]
pub enum BenchCommand {
    /// What an exchange costs: bytes counted at the socket, round trips
    Reconnect(ReconnectArgs),
    /// Receipted intakes a second, from many devices at once
    Ingest(IngestArgs),
    /// What a hub costs that holds a country: ingest, memory, start, rebuilding, disk
    Scale(ScaleArgs),
    /// Thousands of devices that come back in the same moment, each with unsent work
    Storm(StormArgs),
    /// The same exchanges over a slow link
    Link(LinkArgs),
}

/// Of `bench reconnect`.
#[derive(Args)]
pub struct ReconnectArgs {
    /// Cases on the device at first
    #[arg(long, default_value_t = 1_000)]
    documents: usize,
    /// Stop the hub and start it again before the device comes back
    #[arg(long)]
    restart_hub: bool,
    #[command(flatten)]
    common: Common,
}

/// Of `bench ingest`.
#[derive(Args)]
pub struct IngestArgs {
    /// Devices at once, each on a connection of its own
    #[arg(long, default_value_t = 32)]
    devices: usize,
    /// Intakes of all devices together, for each way of sending
    #[arg(long, default_value_t = 3_200)]
    intakes: usize,
    /// Records of opened cases with each intake: each way of sending is then measured without and with them, twice
    #[arg(long, default_value_t = 0)]
    reads: usize,
    #[command(flatten)]
    common: Common,
}

/// Of `bench scale`.
#[derive(Args)]
pub struct ScaleArgs {
    /// Cases in the hub, with their movements, households and annexes
    #[arg(long, default_value_t = 1_000)]
    documents: usize,
    /// Intakes of each measurement of ingest
    #[arg(long, default_value_t = 3_200)]
    window: usize,
    /// Keep the hub in this folder, and take it from there the next time: filling it takes longest
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

/// Of `bench storm`.
#[derive(Args)]
pub struct StormArgs {
    /// Devices
    #[arg(long, default_value_t = 2_000)]
    devices: usize,
    /// Unsent intakes of each
    #[arg(long, default_value_t = 20)]
    unsent: usize,
    #[command(flatten)]
    common: Common,
}

/// Of `bench link`.
#[derive(Args)]
pub struct LinkArgs {
    /// Thousand bits a second, each way
    #[arg(long, default_value_t = 32)]
    kbit: u32,
    /// Delay each way, milliseconds: half of a round trip
    #[arg(long, default_value_t = 300)]
    delay_ms: u64,
    /// Up for so many seconds at a time, then down; else always up
    #[arg(long, value_name = "SECONDS")]
    window_s: Option<f64>,
    /// Down for so many seconds between two windows
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0, requires = "window_s")]
    down_s: f64,
    /// Intakes of the first upload
    #[arg(long, default_value_t = 200)]
    intakes: usize,
    #[command(flatten)]
    common: Common,
}

impl LinkArgs {
    fn what(&self) -> Link {
        let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds.max(0.01)).unwrap_or(Duration::from_secs(1));
        let windows = self.window_s.map(|up| Windows { up: seconds(up), down: seconds(self.down_s) });
        Link {
            kbit: self.kbit,
            delay: Duration::from_millis(self.delay_ms),
            windows,
            intakes: self.intakes,
            folder: self.common.folder.clone(),
        }
    }
}

#[derive(Args)]
struct Common {
    /// Where to put the folders: the disk that is measured; else the system's place for temporary files
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

/// Runs a measurement.
///
/// # Errors
/// [`Trouble`] when there is no figure.
pub fn run(command: BenchCommand) -> Result<ExitCode, Trouble> {
    let failed = |error: BenchError| Trouble::new("bench", error);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Trouble::new("thread", error))?;
    if cfg!(debug_assertions) {
        eprintln!("this is a debug build: measure with `cargo run --release -- bench …`");
    }
    match command {
        BenchCommand::Reconnect(ReconnectArgs { documents, restart_hub, common }) => {
            let what = Reconnect { documents: documents.max(1), restart_hub, folder: common.folder };
            runtime
                .block_on(reconnect::run(&what, |line| print(common.json, line, &reconnect_words(line))))
                .map_err(failed)?;
        }
        BenchCommand::Ingest(IngestArgs { devices, intakes, reads, common }) => {
            let what = Ingest { devices: devices.max(1), intakes: intakes.max(1), reads, folder: common.folder };
            runtime
                .block_on(ingest::run(&what, |line| print(common.json, line, &ingest_words(line))))
                .map_err(failed)?;
        }
        BenchCommand::Storm(StormArgs { devices, unsent, common }) => {
            let what = Storm { devices: devices.max(1), unsent: unsent.max(1), folder: common.folder };
            runtime.block_on(storm::run(&what, |line| print(common.json, line, &storm_words(line)))).map_err(failed)?;
        }
        BenchCommand::Link(args) => {
            let json = args.common.json;
            runtime.block_on(link::run(&args.what(), |line| print(json, line, &link_words(line)))).map_err(failed)?;
        }
        BenchCommand::Scale(ScaleArgs { documents, window, keep, common }) => {
            let what = Scale { cases: documents.max(1), window: window.max(1), keep, folder: common.folder };
            runtime.block_on(scale::run(&what, |line| print(common.json, line, &scale_words(line)))).map_err(failed)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print(json: bool, line: &impl Serialize, words: &str) {
    let text = if json { serde_json::to_string(line).unwrap_or_default() } else { words.to_owned() };
    // A reader that has seen enough, such as `head`, is no failure of the measurement.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Figures of different steps are different: each with its name, which says its unit.
fn words(figures: &Map<String, Value>) -> String {
    let word = |(name, value): (&String, &Value)| match value.as_f64() {
        Some(number) if name.ends_with("_bytes") => {
            format!("{} {:.1} MB", name.trim_end_matches("_bytes"), number / 1e6)
        }
        Some(number) if value.is_f64() => format!("{name} {number:.1}"),
        _ => format!("{name} {value}"),
    };
    figures.iter().map(word).collect::<Vec<_>>().join(", ")
}

fn scale_words(line: &ScaleLine) -> String {
    format!("{:<19} {:>7} cases: {}", line.step, line.cases, words(&line.figures))
}

fn storm_words(line: &StormLine) -> String {
    let [median, p90, p99, longest] = line.device_ms.map(|ms| ms / 1_000.0);
    format!(
        "{} devices with {} unsent each: {} receipted in {:.1} s; a device, seconds: median {median:.1}, 90 % {p90:.1}, \
         99 % {p99:.1}, longest {longest:.1}; {} exchanges, {} told to come back, {} turned away, {} connections, at most \
         {} tries; {} fed; hub: {:.1} s of processor, {:.0} MB before, {:.0} MB at most; {} B up, {} B down",
        line.devices,
        line.unsent,
        line.receipted,
        line.wall_ms / 1_000.0,
        line.exchanges,
        line.told_to_come_back,
        line.turned_away,
        line.connections,
        line.tries_max,
        line.fed,
        line.hub_cpu_ms / 1_000.0,
        line.resident_before_bytes as f64 / 1e6,
        line.peak_bytes as f64 / 1e6,
        line.bytes_up,
        line.bytes_down,
    )
}

fn link_words(line: &LinkLine) -> String {
    format!(
        "{:<20} {:>3} exchanges {:>3} cut {:>7} B up {:>6} B down {:>9.0} ms = {:>8.0} ms of bytes + {:.2} round trips \
         {:>4} receipted",
        line.step,
        line.exchanges,
        line.cut,
        line.bytes_up,
        line.bytes_down,
        line.wall_ms,
        line.bytes_ms,
        line.round_trips,
        line.receipted,
    )
}

fn reconnect_words(line: &ReconnectLine) -> String {
    let ReconnectLine { step, exchanges, bytes_up, bytes_down, wall_ms, receipted, fed, .. } = line;
    format!(
        "{step:<13} {exchanges:>3} exchanges {bytes_up:>10} B up {bytes_down:>10} B down {wall_ms:>9.1} ms \
         {receipted:>6} receipted {fed:>6} fed"
    )
}

fn ingest_words(line: &IngestLine) -> String {
    let [median, p90, p99, longest] = line.latency_ms;
    format!(
        "{} devices, {} per exchange, {} reads each: {:.0} intakes a second ({} receipted); latency ms: median {median:.1}, 90 % \
         {p90:.1}, 99 % {p99:.1}, longest {longest:.1}; processor ms: hub {:.0}, generator {:.0}; bare limits: {:.0} \
         appends a second in groups of {}, {:.0} changes parsed a second, {:.0} accesses decided a second",
        line.devices,
        line.intakes_per_exchange,
        line.reads_per_intake,
        line.intakes_per_second,
        line.receipted,
        line.hub_cpu_ms,
        line.generator_cpu_ms,
        line.bare_limits.appended_per_second,
        line.bare_limits.group,
        line.bare_limits.parsed_per_second,
        line.bare_limits.decided_per_second,
    )
}
