//! `segin demo`: one command, no preparation. Plays a night, tells it, counts what came of it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use comfy_table::{CellAlignment, Table, presets};
use data_encoding::HEXLOWER;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use super::Trouble;
use crate::demo::cast::{VISITOR, codes};
use crate::demo::tell::{Out, Teller};
use crate::demo::{DemoError, Fault, Stage, Totals, play};
use crate::hub_process::HubProcess;
use crate::random::{SystemRandom, draw};

/// Exit code of a demo that was interrupted, as shells count it: 128 and SIGINT.
const INTERRUPTED: u8 = 130;

/// How the night is played.
#[derive(Args)]
pub struct DemoArgs {
    /// Keep everything in this new or empty folder; without it a temporary one is used and removed
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Another night: other people, the same story
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,
    /// Stop at the end instead of leaving the hub and its page running
    #[arg(long)]
    once: bool,
    /// Play nothing: open two phones in browser windows, each with an airplane switch, and a hub that can be killed
    #[arg(long, conflicts_with_all = ["once", "seed", "fault"])]
    browser: bool,
    /// Print one JSON object on the standard output at the end; the story goes to the error output
    #[arg(long)]
    json: bool,
    /// Break something on purpose: the demo must notice
    #[arg(long, hide = true, value_enum)]
    fault: Option<Fault>,
}

/// The folder of the night; removed when it is a temporary one.
struct Folder {
    path: PathBuf,
    is_temporary: bool,
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.is_temporary {
            // Nothing to do about a temporary folder that cannot be removed.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// Runs the command.
///
/// # Errors
/// [`Trouble`] when something is lost, differs, or a step did not come out as it must.
pub fn run(args: DemoArgs) -> Result<ExitCode, Trouble> {
    let machine = |error: std::io::Error| Trouble::new("demo-machine", error);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(machine)?;
    let binary = std::env::current_exe().map_err(machine)?;
    let name = format!("segin-demo-{}", HEXLOWER.encode(&draw::<6>(&mut SystemRandom)));
    let is_temporary = args.dir.is_none();
    let folder = Folder { path: args.dir.unwrap_or_else(|| std::env::temp_dir().join(name)), is_temporary };
    let as_json = args.json;
    let tell = Teller::new(if as_json { Out::Error } else { Out::Standard });
    if args.browser {
        let opened = runtime.block_on(super::demo_browser::run(&binary, &folder.path, &tell, as_json));
        return opened.map_err(|error| error.trouble());
    }
    tell.title(
        "Une nuit à la frontière : Gogui, 30 avril 2024",
        "One night at the border. Everybody in it is invented; hub, devices, links and failures are real.",
    );
    let result = runtime.block_on(async {
        let mut stage = Stage::set(&binary, &folder.path, args.seed, tell, args.fault).await?;
        let played = tokio::select! {
            totals = play(&mut stage) => Some(totals?),
            () = interrupted() => None,
        };
        // What still runs ends here, and the temporary folder goes.
        let Some(totals) = played else { return Ok(ExitCode::from(INTERRUPTED)) };
        end(&stage.tell, &totals);
        if as_json {
            println!("{}", json!(totals));
        }
        verdict(&totals)?;
        if !args.once {
            stay(&mut stage).await?;
        }
        Ok(ExitCode::SUCCESS)
    });
    if as_json
        && let Err(error) = &result
        && !matches!(error, Ended::Differs(_))
    {
        let Trouble { code, message } = error.trouble();
        println!("{}", json!({ "ok": false, "code": code, "failed": message }));
    }
    result.map_err(|error| error.trouble())
}

/// Returns when somebody asks the demo to stop.
pub(super) async fn interrupted() {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}

/// How it ended, if not well.
pub(super) enum Ended {
    /// A step did not come out.
    Step(DemoError),
    /// Something is lost or differs.
    Differs(String),
}

impl From<DemoError> for Ended {
    fn from(error: DemoError) -> Self {
        Self::Step(error)
    }
}

impl Ended {
    fn trouble(&self) -> Trouble {
        match self {
            Self::Step(error) => Trouble::new(error.code(), error),
            Self::Differs(sentence) => Trouble::new("demo-differs", sentence),
        }
    }
}

fn verdict(totals: &Totals) -> Result<(), Ended> {
    if totals.ok && totals.converged {
        return Ok(());
    }
    let first = totals.verify.differences.first().map_or_else(String::new, |difference| {
        format!("; the first difference: {} ({})", difference.detail, difference.code)
    });
    Err(Ended::Differs(format!(
        "lost: {}, without receipt: {}, refused: {}, differences: {}{first}",
        totals.lost,
        totals.unsent,
        totals.refused,
        totals.verify.differences.len() as u64 + totals.verify.more_differences,
    )))
}

/// The table and what `segin verify` found.
fn end(tell: &Teller, totals: &Totals) {
    tell.line("");
    for line in table(totals).lines() {
        tell.line(&format!("  {line}"));
    }
    let kinds: Vec<String> = totals.documents_by_kind.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let verify = &totals.verify;
    let differences = verify.differences.len() as u64 + verify.more_differences;
    tell.line("");
    tell.line(&format!(
        "  segin verify : {} entrées relues, {} signatures, {} documents ({}).",
        verify.head,
        verify.signatures,
        totals.documents,
        kinds.join(", ")
    ));
    let french = if differences == 0 { "aucune".to_owned() } else { differences.to_string() };
    let english = if differences == 0 { "none".to_owned() } else { differences.to_string() };
    tell.line(&format!(
        "  Différences : {french}. Perdu : {}.   Differences: {english}. Lost: {}.",
        totals.lost, totals.lost
    ));
    for difference in verify.differences.iter().take(5) {
        tell.line(&format!("    {}: {}", difference.code, difference.detail));
    }
}

fn table(totals: &Totals) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY).set_header([
        "Appareil\nDevice",
        "Site",
        "Documents",
        "Saisi\nrecorded",
        "Reçu signé\nreceipted",
        "À envoyer\nunsent",
        "Désaccords\nconflicts",
        "Échanges\nexchanges",
        "ko ↑\nkB up",
        "ko ↓\ndown",
    ]);
    let kilo = |bytes: u64| format!("{}.{}", bytes / 1_000, bytes % 1_000 / 100);
    for row in &totals.rows {
        let numbers = [row.documents, row.recorded, row.receipted, row.unsent, row.conflicts, row.exchanges];
        let mut cells = vec![row.owner.to_owned(), row.site.to_owned()];
        cells.extend(numbers.iter().map(u64::to_string));
        cells.extend([kilo(row.bytes_up), kilo(row.bytes_down)]);
        table.add_row(cells);
    }
    let sums = [totals.documents, totals.recorded, totals.receipted, totals.unsent, totals.conflicts, totals.exchanges];
    let mut cells = vec![format!("Serveur + {}", totals.devices), String::new()];
    cells.extend(sums.iter().map(u64::to_string));
    cells.extend([kilo(totals.bytes_up), kilo(totals.bytes_down)]);
    table.add_row(cells);
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// The field app with a fresh invitation, for a visitor who works at Gogui.
async fn app_link(hub: &HubProcess) -> Result<String, DemoError> {
    let user = hub.add_user(VISITOR, &codes(&["GOG"])).await?;
    Ok(format!("{}/app/#i={}", hub.url(), hub.invite(user).await?))
}

/// Leaves the hub running until it is interrupted.
async fn stay(stage: &mut Stage) -> Result<(), Ended> {
    stage.start_hub()?;
    let link = stage.hub()?.link().to_owned();
    let app = app_link(stage.hub()?).await?;
    stage.tell.line("");
    stage.tell.line(&format!("  La page du serveur / the hub's page:  {link}"));
    stage.tell.line(&format!("  L'application, avec une invitation / the field app, with an invitation:  {app}"));
    stage.tell.line("  Deux téléphones à essayer / two phones to try:  segin demo --browser");
    stage.tell.line("  Ctrl-C pour arrêter / to stop");
    interrupted().await;
    stage.tell.line("");
    if let Some(hub) = stage.take_hub() {
        // The interrupt went to the hub as well; it ends by itself or is asked to.
        hub.stop().map_err(DemoError::from)?;
    }
    Ok(())
}
