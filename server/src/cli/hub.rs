//! `segin hub serve`: runs a hub until it is asked to stop.
//!
//! The first SIGTERM or SIGINT lets work in hand finish; a second one ends at once. What was receipted is safe in
//! either case.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::hub_admit::{AdmitArgs, admit};
use super::{Trouble, logging};
use crate::limits::OPEN_FILES_MIN;
use crate::open_files;
use crate::serve::peer::{Proxies, Proxy};
use crate::serve::{ConsoleToken, Door, Hub, Options, PORT, PublicName, RunningHub, StartError};
use crate::tls::CertificateFiles;

/// Exit code of a process that was told twice to stop, as shells count it: 128 and SIGINT.
const STOPPED_HARD: u8 = 130;

/// Commands of the hub.
#[derive(Subcommand)]
pub enum HubCommand {
    /// Run a hub; begins one where the data folder is empty
    Serve(ServeArgs),
    /// Take the work in a courier file into a running hub, and write the file that goes back
    Admit(AdmitArgs),
}

/// How the hub is to run.
#[derive(Args)]
pub struct ServeArgs {
    /// The data folder: log, keyring and documents
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The master key's file, outside of the data folder; made when neither exists
    #[arg(long, value_name = "FILE")]
    master_key: PathBuf,
    /// Where to listen; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, PORT)))]
    listen: SocketAddr,
    /// Keep a second copy of log and keyring here, best on another disk
    #[arg(long, value_name = "DIR")]
    copy_to: Option<PathBuf>,
    /// The data folder was put back from an older copy, or is a second one of a backup: hold everything until an
    /// administrator has confirmed. Twice in a row changes nothing
    #[arg(long)]
    restored: bool,
    /// Speak TLS with this certificate: PEM, the hub's own first. Taken anew when the file changes
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The key of the certificate: PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Speak plain HTTP to other machines: say what protects the way instead, such as "WireGuard between the sites"
    #[arg(long, value_name = "WORDS", conflicts_with = "tls_cert")]
    plain_http_is_protected_by: Option<String>,
    /// Believe the forwarding headers of this proxy; may be given several times
    #[arg(long = "trusted-proxy", value_name = "ADDRESS[/BITS]")]
    trusted_proxies: Vec<Proxy>,
    /// A name under which people open the hub's pages; may be given several times, the first is announced
    #[arg(long = "public-name", value_name = "NAME")]
    public_names: Vec<PublicName>,
    /// Serve devices only: no lists in memory, pages and lists answer that there are none. For a machine with little
    /// memory
    #[arg(long)]
    without_lists: bool,
    /// Read the console token from this file instead of drawing one
    #[arg(long, value_name = "FILE")]
    console_token_file: Option<PathBuf>,
    /// Print the start as one JSON object
    #[arg(long)]
    json: bool,
    /// Write the log as JSON, one object a line
    #[arg(long)]
    json_logs: bool,
}

/// Runs the command.
///
/// # Errors
/// [`Trouble`] when the hub does not start, or ended by a failure.
pub fn run(command: HubCommand) -> Result<ExitCode, Trouble> {
    let args = match command {
        HubCommand::Serve(args) => args,
        HubCommand::Admit(args) => return admit(args),
    };
    logging::start(args.json_logs);
    let files = open_files::allow_most();
    if files.is_some_and(|files| files < OPEN_FILES_MIN) {
        tracing::warn!(files, "the system allows fewer open files than a full hub needs: raise its limit (nofile)");
    }
    let as_json = args.json;
    let hub = start(args).map_err(|error| Trouble::new(error.code(), error))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Trouble::new("thread", error))?;
    // Before anybody is told that the hub listens: a stop asked for at that very moment is a graceful one, too.
    let signals = runtime.block_on(async { Signals::new() }).map_err(|error| Trouble::new("signals", error))?;
    announce(&hub, as_json);
    let finished = runtime.block_on(until_end(&hub, signals));
    if !finished {
        // Said twice: at once. Nothing acknowledged depends on what is left undone.
        return Ok(ExitCode::from(STOPPED_HARD));
    }
    match hub.join() {
        Ok(()) => Ok(ExitCode::SUCCESS),
        // At once: whatever would be closed on the way out may wait for the disk that has just failed.
        Err(failure) => Trouble::new(failure.code(), failure).leave(),
    }
}

fn start(args: ServeArgs) -> Result<RunningHub, StartError> {
    let mut options = Options::new(args.data, args.master_key);
    options.listen = args.listen;
    options.copy_to = args.copy_to;
    options.restored = args.restored;
    options.lists = !args.without_lists;
    options.door = Door {
        tls: args.tls_cert.zip(args.tls_key).map(|(certificate, key)| CertificateFiles::new(certificate, key)),
        plain_http_is_protected_by: args.plain_http_is_protected_by,
        proxies: Proxies(args.trusted_proxies),
        public_names: args.public_names,
    };
    if let Some(path) = &args.console_token_file {
        options.console = ConsoleToken::from_file(path)?;
    }
    Hub::start(options)
}

/// The one line that people and scripts wait for.
fn announce(hub: &RunningHub, as_json: bool) {
    if as_json {
        let line = json!({
            "event": "listening",
            "address": hub.address.to_string(),
            "url": hub.url(),
            "link": hub.link(),
            "console_token": hub.console.reveal(),
        });
        println!("{line}");
    } else {
        println!("Segin hub: {}", hub.link());
    }
}

/// What asks the process to stop.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Whether the hub ended by itself or was given the time to.
async fn until_end(hub: &RunningHub, mut signals: Signals) -> bool {
    tokio::select! {
        () = hub.ended() => return true,
        () = signals.any() => {}
    }
    tracing::info!("stopping: what is in hand is finished; a second signal ends at once");
    hub.request_stop();
    tokio::select! {
        () = hub.ended() => true,
        () = signals.any() => false,
    }
}
