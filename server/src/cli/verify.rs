//! `segin verify`: works out again from log and keyring what a hub holds, and compares. Changes nothing.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use comfy_table::{Table, presets};
use serde_json::json;

use super::Trouble;
use crate::limits::DEVICE_REPORT_BYTES_MAX;
use crate::random::SystemRandom;
use crate::verify::{DeviceReport, Report, check_folder};

/// Differences printed; all of them are in the JSON form.
const DIFFERENCES_SHOWN: usize = 20;

/// What is checked.
#[derive(Args)]
pub struct VerifyArgs {
    /// The hub's data folder; best of a hub that is stopped
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The master key's file
    #[arg(long, value_name = "FILE")]
    master_key: PathBuf,
    /// What a device says that it holds, as `segin device status --heads --json` prints it; may be given several times
    #[arg(long, value_name = "FILE")]
    device_report: Vec<PathBuf>,
    /// Print the report as one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command: exit code 1 when something differs.
///
/// # Errors
/// [`Trouble`] when nothing could be worked out.
pub fn run(args: VerifyArgs) -> Result<ExitCode, Trouble> {
    let devices = args.device_report.iter().map(|path| read_report(path)).collect::<Result<Vec<_>, _>>()?;
    let failed = |error: crate::verify::FolderError| Trouble::new(error.code(), error);
    let mut checked = check_folder(&args.data, &args.master_key, &mut SystemRandom).map_err(failed)?;
    for device in &devices {
        checked.compare_device(device).map_err(failed)?;
    }
    let report = checked.report();
    if args.json {
        println!("{}", json!(report));
    } else {
        print(report);
    }
    Ok(if report.agrees() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn read_report(path: &Path) -> Result<DeviceReport, Trouble> {
    let shown = path.display();
    let wrong = |reason: String| Trouble::new("device-report", format!("the device report {shown} {reason}"));
    let size = path.metadata().map_err(|error| wrong(format!("cannot be read: {error}")))?.len();
    if size > DEVICE_REPORT_BYTES_MAX {
        return Err(wrong(format!("has {size} bytes, a report has up to {DEVICE_REPORT_BYTES_MAX}")));
    }
    let text = std::fs::read(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    serde_json::from_slice(&text).map_err(|error| {
        wrong(format!("is not what 'segin device status --heads --json' prints (line {}): {error}", error.line()))
    })
}

fn print(report: &Report) {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_header(["Vérifié / checked", ""]);
    let kinds: Vec<String> = report.documents.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let total: u64 = report.documents.values().sum();
    for (name, value) in [
        ("Journal / log", report.log.to_string()),
        ("Entrées / entries", report.head.to_string()),
        ("Chaîne / chain", report.chain.chars().take(32).collect()),
        ("Colis / parcels", report.parcels.to_string()),
        ("Signatures justes / that fit", report.signatures.to_string()),
        ("Engagements justes / commitments that fit", report.commitments.to_string()),
        ("Documents", format!("{total}  {}", kinds.join(", "))),
        ("Modifications appliquées / changes applied", report.changes.to_string()),
        ("Champs à plusieurs valeurs / fields with several values", report.conflicts.to_string()),
        ("En attente d'une décision / held", report.held.to_string()),
        ("Déclarations d'appareils / statements of devices", report.statements.to_string()),
        ("Appareils comparés / devices compared", report.devices.to_string()),
    ] {
        table.add_row([name.to_owned(), value]);
    }
    println!("{table}");
    for compared in &report.compared {
        println!("Comparé / compared: {compared}");
    }
    let count = report.differences.len() as u64 + report.more_differences;
    if count == 0 {
        println!("Différences : aucune / differences: none");
        return;
    }
    println!("Différences / differences: {count}");
    for difference in report.differences.iter().take(DIFFERENCES_SHOWN) {
        let document = difference.document.map(|document| format!(" {document}")).unwrap_or_default();
        println!("  {}{document}: {}", difference.code, difference.detail);
    }
    if count > DIFFERENCES_SHOWN as u64 {
        println!("  … all of them with --json");
    }
}
