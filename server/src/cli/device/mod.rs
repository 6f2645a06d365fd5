//! `segin device`: the headless field device on the command line.
//!
//! Words and their order only; everything is done in [`crate::field`]. What field users read is French first.

mod edits;
mod tell;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use sync_protocol::documents::Kind;
use sync_protocol::ids::PartnerCode;

use self::edits::EditArgs;
use super::Trouble;
use crate::field::carrying::{export_locked, export_unlocked, read_whole, take_locked};
use crate::field::client::TcpDial;
use crate::field::import::ImportError;
use crate::field::locked::send_sealed;
use crate::field::{Card, FieldDevice, FieldError, Referring, StoreError};
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
    /// Record a new case, or another document
    Record {
        /// case, movement, household, annex, link or referral
        #[arg(long, default_value = "case")]
        kind: Kind,
        #[command(flatten)]
        edits: EditArgs,
    },
    /// Refer a case to a partner: the facts that are named, and nothing else
    Refer {
        /// Its code or UUID
        case: String,
        /// The partner's code, such as OIM
        #[arg(long)]
        partner: PartnerCode,
        /// The service asked for, such as medical
        #[arg(long, value_name = "SERVICE")]
        purpose: String,
        /// A field of the case that the partner is told, such as identity.sex; may be given several times
        #[arg(long = "fact", value_name = "FIELD")]
        facts: Vec<String>,
        /// Who consented: self, parent, carer or nobody
        #[arg(long, value_name = "WHO")]
        consent_by: String,
        /// The day until which the partner should have done it
        #[arg(long, value_name = "DATE")]
        deadline: Option<String>,
    },
    /// Edit a document
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
    /// Send what is sealed to the hub, without the key file: whoever holds the device may do it, nobody can read it
    SendSealed,
    /// Write what is unsent into a file for the hub, to be carried where no network comes; without the key file what is
    /// sealed, by whoever holds the device
    Export {
        /// The file to write
        file: PathBuf,
    },
    /// Take the file that the hub gave back
    Take {
        /// The return file
        file: PathBuf,
    },
    /// Vouch for the device that shows this key; the hub is told with the next exchange
    Vouch {
        /// The text of its code (segin:vouch?key=…), or the key
        key: String,
    },
    /// What others compare to know this device, and the text of the code to vouch for it
    Fingerprint,
    /// How the device stands
    Status {
        /// Print what the device holds of each document instead, as JSON for 'segin verify --device-report'
        #[arg(long)]
        heads: bool,
    },
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
    if matches!(command, DeviceCommand::SendSealed) {
        return tell::sent_sealed(&send_sealed(&dir, Arc::new(TcpDial)).await?, json);
    }
    let locked = !key_file.exists();
    match &command {
        DeviceCommand::Export { file } if locked => return tell::exported(&export_locked(&dir, file)?, json),
        DeviceCommand::Take { file } if locked => return tell::taken(&take_locked(&dir, &read_whole(file)?)?, json),
        _ => {}
    }
    let mut device = match FieldDevice::open(&dir, &key_file) {
        Err(FieldError::Store(StoreError::Wiped(wiped))) if matches!(command, DeviceCommand::Status { .. }) => {
            return tell::wiped(wiped, json);
        }
        opened => opened?,
    };
    match command {
        DeviceCommand::Enrol { .. } | DeviceCommand::SendSealed => Ok(()),
        DeviceCommand::Record { kind, edits } => tell::recorded(&device.create_document(kind, edits.read()?)?, json),
        DeviceCommand::Refer { case, partner, purpose, facts, consent_by, deadline } => {
            let case = device.find(&case)?;
            let referring = Referring { case, partner, purpose, facts, consent_by, deadline };
            tell::recorded(&device.refer(&referring)?, json)
        }
        DeviceCommand::Edit { case, edits } => {
            let document = device.find(&case)?;
            tell::recorded(&device.edit(document, None, edits.read()?)?, json)
        }
        DeviceCommand::OpenCard { card, edits } => tell::recorded(&device.open_card(&card, edits.read()?)?, json),
        DeviceCommand::Card { case } => {
            let document = device.find(&case)?;
            let card = device.card(document)?;
            if json { print_json(&card) } else { print_line(&card.to_string()) }
        }
        DeviceCommand::Show { case } => {
            let document = device.find(&case)?;
            let shown = device.show(document)?;
            device.was_shown(vec![document])?;
            // A document has many forms of entries: JSON is the one that shows them all.
            print_json(&shown)
        }
        DeviceCommand::List => tell::list(&mut device, json),
        DeviceCommand::Conflicts => tell::conflicts(&mut device, json),
        DeviceCommand::Resolve { case, path, choice } => {
            let document = device.find(&case)?;
            tell::recorded(&device.resolve(document, &path, choice)?, json)
        }
        DeviceCommand::Import { file, source } => tell::import_file(&mut device, &file, source, json),
        DeviceCommand::Export { file } => tell::exported(&export_unlocked(&mut device, &file)?, json),
        DeviceCommand::Take { file } => tell::taken(&device.take(read_whole(&file)?)?, json),
        DeviceCommand::Sync => tell::sync(&mut device, json).await,
        DeviceCommand::Status { heads: true } => print_json(&device.report()?),
        DeviceCommand::Status { heads: false } => tell::status(&mut device, json),
        DeviceCommand::Vouch { key } => tell::vouched(device.vouch(&key)?, json),
        DeviceCommand::Fingerprint => tell::fingerprint(&device, json),
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

fn print_json<T: serde::Serialize>(value: &T) -> anyhow::Result<()> {
    print_line(&serde_json::to_string(value)?)
}

fn print_line(line: &str) -> anyhow::Result<()> {
    use std::io::Write;
    Ok(writeln!(std::io::stdout(), "{line}")?)
}
