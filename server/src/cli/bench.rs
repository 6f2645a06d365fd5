//! `segin bench`: measurements, one JSON line each.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::Trouble;
use crate::bench::ingest::{Ingest, IngestLine};
use crate::bench::reconnect::{Reconnect, ReconnectLine};
use crate::bench::{BenchError, ingest, reconnect};

/// What to measure.
#[derive(Subcommand)]
pub enum BenchCommand {
    /// What an exchange costs: bytes counted at the socket, round trips
    Reconnect(ReconnectArgs),
    /// Receipted intakes a second, from many devices at once
    Ingest(IngestArgs),
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
    }
    Ok(ExitCode::SUCCESS)
}

fn print(json: bool, line: &impl Serialize, words: &str) {
    let text = if json { serde_json::to_string(line).unwrap_or_default() } else { words.to_owned() };
    // A reader that has seen enough, such as `head`, is no failure of the measurement.
    let _ = writeln!(std::io::stdout(), "{text}");
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
