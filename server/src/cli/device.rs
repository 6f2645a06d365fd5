//! `segin device`: the headless field device on the command line.
//!
//! Words and their order only; everything is done in [`crate::field`]. What field users read is French first.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use comfy_table::{Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use sync_protocol::device::Report;
use sync_protocol::documents::{Answer, Birth, Edit, Kind, State};
use sync_protocol::ids::DocumentId;

use super::Trouble;
use crate::field::import::{ImportError, import};
use crate::field::{Card, FieldDevice, FieldError, Recorded, StoreError};
use crate::limits::EDITS_FILE_BYTES_MAX;
use crate::random::SystemRandom;
use crate::tls::trust::read_authority;

/// Which device, and what.
#[derive(Args)]
pub struct DeviceArgs {
    /// The device's folder
    #[arg(long, global = true, value_name = "DIR", default_value = "segin-device", env = "SEGIN_DEVICE_DIR")]
    dir: PathBuf,
    /// The file with the device's key; made when a device is enrolled. Keep it apart from the folder
    #[arg(long, global = true, value_name = "FILE", default_value = "segin-device.key", env = "SEGIN_DEVICE_KEY_FILE")]
    key_file: PathBuf,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: DeviceCommand,
}

#[derive(Subcommand)]
enum DeviceCommand {
    /// Make the device and enrol it with an invitation
    Enrol {
        /// The hub's address, such as https://hub.example.org; plain http:// to this machine only
        #[arg(long, value_name = "URL")]
        hub: String,
        /// The certificate of the hub's own authority (PEM): the device believes this one, and nobody else, from then on
        #[arg(long, value_name = "FILE")]
        ca: Option<PathBuf>,
        /// Twelve letters and digits, as shown by 'segin admin invite'
        #[arg(long)]
        invitation: String,
    },
    /// Record a new case
    Record(EditArgs),
    /// Edit a case
    Edit {
        /// Its code or UUID
        case: String,
        #[command(flatten)]
        edits: EditArgs,
    },
    /// Work on a case from its card, whether or not this device has it yet
    OpenCard {
        /// CODE/UUID/TOKEN, as 'segin device card' prints it
        card: Card,
        #[command(flatten)]
        edits: EditArgs,
    },
    /// Show a case's card for another device
    Card {
        /// Its code or UUID
        case: String,
    },
    /// Show a document
    Show {
        /// Its code or UUID
        case: String,
    },
    /// List the cases
    List,
    /// List fields with several values
    Conflicts,
    /// Decide a conflict
    Resolve {
        /// Its code or UUID
        case: String,
        /// Such as identity.family
        path: String,
        /// The number of the value, as 'segin device conflicts' lists it
        choice: usize,
    },
    /// Import a list of registrations
    Import {
        /// A CSV file
        file: PathBuf,
        /// Where the list is from; the same for a later state of the same list. Default: the file's name
        #[arg(long)]
        source: Option<String>,
    },
    /// Exchange with the hub
    Sync,
    /// How the device stands
    Status {
        /// Print what the device holds of each document instead, as JSON for 'segin verify --device-report'
        #[arg(long)]
        heads: bool,
    },
}

/// What to write: common fields, any field, or edits as JSON.
#[derive(Args)]
struct EditArgs {
    /// Given names
    #[arg(long)]
    given: Option<String>,
    /// Family name (jamu)
    #[arg(long)]
    family: Option<String>,
    /// f, m or unknown
    #[arg(long)]
    sex: Option<String>,
    /// Precision, value, source and perhaps the day: 'year 1991 declared', 'age_only 16 estimated 2024-04-30'
    #[arg(long, value_name = "BIRTH")]
    birth: Option<String>,
    /// Father's name
    #[arg(long)]
    father: Option<String>,
    /// Mother's name
    #[arg(long)]
    mother: Option<String>,
    /// Village of origin
    #[arg(long)]
    village: Option<String>,
    /// Any field: group.field=value; '?refused', '?does_not_know', '?not_asked', '?ask_later' say why there is none
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    set: Vec<String>,
    /// A member of a set, such as urgent=unaccompanied_child
    #[arg(long = "include", value_name = "SET=MEMBER")]
    include: Vec<String>,
    /// A list of edits as JSON, from a file or '-' for standard input
    #[arg(long, value_name = "FILE")]
    edits: Option<PathBuf>,
}

/// Runs the command on a runtime of its own.
///
/// # Errors
/// [`Trouble`], the code being that of the store where it was the store.
pub fn run_alone(args: DeviceArgs) -> Result<ExitCode, Trouble> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Trouble::new("thread", error))?;
    runtime.block_on(run(args)).map(|()| ExitCode::SUCCESS).map_err(|error| {
        let code = error.downcast_ref::<FieldError>().map_or("device", FieldError::code);
        let code = error.downcast_ref::<ImportError>().map_or(code, ImportError::code);
        Trouble::new(code, format!("{error:#}"))
    })
}

/// Runs the command.
///
/// # Errors
/// One clear sentence; what was recorded before is safe.
pub async fn run(args: DeviceArgs) -> anyhow::Result<()> {
    let DeviceArgs { dir, key_file, json, command } = args;
    if let DeviceCommand::Enrol { hub, ca, invitation } = &command {
        return enrol(&dir, &key_file, hub, ca.as_deref(), invitation, json).await;
    }
    let mut device = FieldDevice::open(&dir, &key_file)?;
    match command {
        DeviceCommand::Enrol { .. } => Ok(()),
        DeviceCommand::Record(edits) => recorded(&device.record(edits.read()?)?, json),
        DeviceCommand::Edit { case, edits } => {
            let document = device.find(&case)?;
            recorded(&device.edit(document, None, edits.read()?)?, json)
        }
        DeviceCommand::OpenCard { card, edits } => recorded(&device.open_card(&card, edits.read()?)?, json),
        DeviceCommand::Card { case } => {
            let document = device.find(&case)?;
            let card = device.card(document)?;
            if json { print_json(&card) } else { print_line(&card.to_string()) }
        }
        DeviceCommand::Show { case } => {
            let document = device.find(&case)?;
            let shown = device.show(document)?;
            // A document has many forms of entries: JSON is the one that shows them all.
            print_json(&shown)
        }
        DeviceCommand::List => list(&mut device, json),
        DeviceCommand::Conflicts => conflicts(&mut device, json),
        DeviceCommand::Resolve { case, path, choice } => {
            let document = device.find(&case)?;
            recorded(&device.resolve(document, &path, choice)?, json)
        }
        DeviceCommand::Import { file, source } => import_file(&mut device, &file, source, json),
        DeviceCommand::Sync => sync(&mut device, json).await,
        DeviceCommand::Status { heads: true } => print_json(&device.report()?),
        DeviceCommand::Status { heads: false } => status(&mut device, json),
    }
}

async fn enrol(
    dir: &Path,
    key_file: &Path,
    hub: &str,
    ca: Option<&Path>,
    invitation: &str,
    json: bool,
) -> anyhow::Result<()> {
    // Read before a device is made: a wrong name leaves nothing behind.
    let authority = ca.map(read_authority).transpose()?;
    // A device that was made before its hub answered is enrolled again with the same key.
    let made = match FieldDevice::open(dir, key_file) {
        Err(FieldError::Store(StoreError::Missing(_))) => FieldDevice::create(dir, key_file),
        other => other,
    };
    let mut device = made?;
    if let Some(authority) = authority {
        device.trust(&authority)?;
    }
    let lease = device.enrol(hub, invitation).await?;
    if json {
        return print_json(&serde_json::json!({
            "user": lease.user, "name": lease.name, "site": lease.site, "letters": lease.letters,
        }));
    }
    print_line(&format!(
        "Appareil {} inscrit pour {} à {} / Device {} enrolled for {} at {}",
        lease.letters, lease.name, lease.site, lease.letters, lease.name, lease.site
    ))
}

fn recorded(recorded: &Recorded, json: bool) -> anyhow::Result<()> {
    if json {
        return print_json(recorded);
    }
    let name = recorded.card.as_ref().map_or_else(|| recorded.document.to_string(), |card| card.code.clone());
    print_line(&format!("Enregistré / Recorded: {name}"))
}

fn list(device: &mut FieldDevice, json: bool) -> anyhow::Result<()> {
    let mut lines = Vec::new();
    for document in device.documents(Kind::Case) {
        let shown = device.show(document)?;
        lines.push((document, shown.projection.summary(), shown.conflicts.len(), shown.unsent));
    }
    if json {
        let lines: Vec<_> = lines
            .iter()
            .map(|(document, summary, conflicts, unsent)| {
                serde_json::json!({"document": document, "summary": summary, "conflicts": conflicts, "unsent": unsent})
            })
            .collect();
        return print_json(&lines);
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header([
        "Code",
        "Nom / Name",
        "Sexe / Sex",
        "Naissance / Birth",
        "Conflits / Conflicts",
        "Non envoyé / Unsent",
    ]);
    for (document, summary, conflicts, unsent) in lines {
        table.add_row([
            summary.code.unwrap_or_else(|| document.to_string()),
            summary.name,
            summary.sex.unwrap_or_default(),
            summary.birth.map(|birth| birth.french()).unwrap_or_default(),
            conflicts.to_string(),
            unsent.to_string(),
        ]);
    }
    print_line(&table.to_string())
}

fn conflicts(device: &mut FieldDevice, json: bool) -> anyhow::Result<()> {
    let found = device.conflicts()?;
    if json {
        let found: BTreeMap<DocumentId, _> = found.into_iter().collect();
        return print_json(&found);
    }
    if found.is_empty() {
        return print_line("Aucun conflit / No conflict");
    }
    for (document, conflicts) in found {
        let code = device.show(document)?.projection.summary().code.unwrap_or_else(|| document.to_string());
        for conflict in conflicts {
            print_line(&format!("{code}  {}  {} / {}", conflict.path, conflict.label.fr, conflict.label.en))?;
            for (number, value) in conflict.values.iter().enumerate() {
                let who = device.name_of(value.actor.prefix())?.unwrap_or_else(|| value.actor.prefix().to_string());
                let said = serde_json::to_string(&value.value)?;
                print_line(&format!("  {}. {said}  {who}  {}", number + 1, when(value.at.0)))?;
            }
        }
    }
    Ok(())
}

fn import_file(device: &mut FieldDevice, file: &Path, source: Option<String>, json: bool) -> anyhow::Result<()> {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
    let source = source.or(name).context("the file has no name: give --source")?;
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {per_sec} {eta}")?;
    let bar =
        if std::io::stderr().is_terminal() { ProgressBar::new(0).with_style(style) } else { ProgressBar::hidden() };
    let report = import(device, file, &source, &mut SystemRandom, &mut |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    })?;
    bar.finish_and_clear();
    if json {
        return print_json(&report);
    }
    print_line(&format!(
        "{} lignes : {} nouvelles, {} déjà là, {} modifiées, {} illisibles / {} rows: {} new, {} known, {} changed, {} not read",
        report.rows,
        report.recorded,
        report.known,
        report.changed.len(),
        report.unread.len(),
        report.rows,
        report.recorded,
        report.known,
        report.changed.len(),
        report.unread.len(),
    ))?;
    for changed in &report.changed {
        let columns = changed.columns.join(", ");
        print_line(&format!("ligne / line {}: modifiée / changed: {columns} ({})", changed.line, changed.document))?;
    }
    for unread in &report.unread {
        print_line(&format!("ligne / line {}: {}", unread.line, unread.reason))?;
    }
    if !report.columns_passed_over.is_empty() {
        let columns = report.columns_passed_over.join(", ");
        print_line(&format!("colonnes ignorées / columns passed over: {columns}"))?;
    }
    Ok(())
}

async fn sync(device: &mut FieldDevice, json: bool) -> anyhow::Result<()> {
    let report = device.sync().await?;
    let traffic = device.traffic();
    if json {
        return print_json(&serde_json::json!({
            "synced": report.synced, "reports": report.reports, "traffic": traffic,
        }));
    }
    for report in &report.reports {
        if let Some(line) = said(report) {
            print_line(&line)?;
        }
    }
    let done = report.synced;
    print_line(&format!(
        "Synchronisé : {} envoyés, {} reçus, {} en attente de décision, {} non acceptés / Synced: {} sent, {} received, {} held, {} not accepted ({} bytes up, {} down)",
        done.receipted,
        done.fed,
        done.held,
        done.refused,
        done.receipted,
        done.fed,
        done.held,
        done.refused,
        traffic.bytes_up,
        traffic.bytes_down,
    ))
}

/// What a person should hear of, beyond the counts.
fn said(report: &Report) -> Option<String> {
    Some(match report {
        Report::Held { document, code } => format!("En attente au siège / Held at the hub: {document} ({code})"),
        Report::Refused { document, code, sentence } => {
            format!("Non accepté, gardé ici / Not accepted, kept here: {document}: {sentence} ({code})")
        }
        Report::Erased { document } => format!("Effacé sur décision / Erased by decision: {document}"),
        Report::Conflict { document, fields } => format!("Conflit / Conflict: {document}, {fields}"),
        Report::Unreadable { document } => format!("Illisible, redemandé / Unreadable, asked for again: {document}"),
        Report::Repaired { channel, documents } => format!("Réparé / Repaired: {channel}, {documents}"),
        Report::Differs { channel } => format!("Différence qui reste / Still differs: {channel}"),
        Report::ChannelClosed { channel } => format!("Accès fermé / Access closed: {channel}"),
        Report::CloneSeen => "Cet appareil existe deux fois / This device exists twice".to_owned(),
        Report::GivingBack { parcels } => {
            format!("Le siège a perdu des envois : rendus / The hub lost parcels: given back: {parcels}")
        }
        Report::PushOnly => "Envoi seulement, rien à lire / Sending only, nothing to read".to_owned(),
        _ => return None,
    })
}

fn status(device: &mut FieldDevice, json: bool) -> anyhow::Result<()> {
    let status = device.status()?;
    if json {
        return print_json(&status);
    }
    let unknown = || "-".to_owned();
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.add_row(["Agent / User".to_owned(), status.user.unwrap_or_else(unknown)]);
    table.add_row(["Site".to_owned(), status.site.unwrap_or_else(unknown)]);
    table.add_row(["Appareil / Device".to_owned(), status.letters.unwrap_or_else(unknown)]);
    table.add_row(["Siège / Hub".to_owned(), status.hub.unwrap_or_else(unknown)]);
    table.add_row(["Dossiers / Documents".to_owned(), status.documents.to_string()]);
    table.add_row(["Non envoyé / Unsent".to_owned(), status.unsent.to_string()]);
    table.add_row(["En attente / Held".to_owned(), status.held.to_string()]);
    table.add_row(["Non accepté / Not accepted".to_owned(), status.refused.to_string()]);
    table.add_row(["Envois gardés / Parcels kept".to_owned(), status.parcels_kept.to_string()]);
    let synced = status.synced_at.map_or_else(unknown, |at| when(at.0));
    table.add_row(["Synchronisé / Synced".to_owned(), synced]);
    print_line(&table.to_string())
}

/// A moment as people read it, in UTC.
fn when(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .map_or_else(|_| ms.to_string(), |at| at.strftime("%Y-%m-%d %H:%M").to_string())
}

impl EditArgs {
    /// The edits that were asked for.
    fn read(&self) -> anyhow::Result<Vec<Edit>> {
        let common = [
            ("identity.given", &self.given),
            ("identity.family", &self.family),
            ("identity.sex", &self.sex),
            ("identity.father", &self.father),
            ("identity.mother", &self.mother),
            ("origin.village", &self.village),
        ];
        let mut edits: Vec<Edit> = common
            .into_iter()
            .filter_map(|(field, value)| Some(Edit::Set { field: field.to_owned(), value: answer(value.as_ref()?) }))
            .collect();
        if let Some(birth) = &self.birth {
            let value = match state(birth) {
                Some(state) => state.into(),
                None => Birth::from_str(birth).map_err(|error| anyhow::anyhow!("--birth: {error}"))?.into(),
            };
            edits.push(Edit::Set { field: "birth.date".to_owned(), value });
        }
        for set in &self.set {
            let (field, value) = set.split_once('=').with_context(|| format!("--set {set}: wanted is FIELD=VALUE"))?;
            edits.push(Edit::Set { field: field.to_owned(), value: answer(value) });
        }
        for include in &self.include {
            let pair = include.split_once('=');
            let (set, member) = pair.with_context(|| format!("--include {include}: wanted is SET=MEMBER"))?;
            edits.push(Edit::Include { set: set.to_owned(), member: member.to_owned(), value: None });
        }
        if let Some(path) = &self.edits {
            edits.extend(from_json(path)?);
        }
        if edits.is_empty() {
            bail!("Rien à enregistrer / Nothing to record: give fields such as --given, --set, or --edits FILE");
        }
        Ok(edits)
    }
}

fn from_json(path: &Path) -> anyhow::Result<Vec<Edit>> {
    let mut text = String::new();
    let read: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(path).with_context(|| format!("{} cannot be read", path.display()))?)
    };
    read.take(EDITS_FILE_BYTES_MAX)
        .read_to_string(&mut text)
        .with_context(|| format!("{} is not a text", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not a list of edits as JSON", path.display()))
}

/// A word of the command line: a number, yes or no, a reason why there is no value, else a text.
fn answer(word: &str) -> Answer {
    if let Some(state) = state(word) {
        return state.into();
    }
    word.into()
}

fn state(word: &str) -> Option<State> {
    let name = word.strip_prefix('?')?;
    serde_json::from_value(serde_json::Value::String(name.to_owned())).ok()
}

fn print_json<T: serde::Serialize>(value: &T) -> anyhow::Result<()> {
    print_line(&serde_json::to_string(value)?)
}

fn print_line(line: &str) -> anyhow::Result<()> {
    use std::io::Write;
    Ok(writeln!(std::io::stdout(), "{line}")?)
}
