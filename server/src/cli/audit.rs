//! `segin audit`: who did what, of a running hub by its API, or of a data folder without one.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use comfy_table::{Table, presets};
use serde_json::json;
use sync_protocol::ids::{DocumentId, Millis, Position, UserId};

use super::Trouble;
use super::account;
use super::admin::AdminCommand;
use crate::audit::{AuditFilter, AuditPage, AuditRow, Names, page};
use crate::hub::opening::Folding;
use crate::limits::{AUDIT_LISTED_ROWS_MAX, AUDIT_PAGE_ROWS_MAX};
use crate::random::SystemRandom;
use crate::store::files::{Disk, RealDisk};
use crate::store::keyring::{Keyring, MasterKey};
use crate::store::log::{LogReader, LogSizes, Opening};
use crate::tls::trust::read_authority;
use crate::verify::check_folder;

/// Which hub, and what.
#[derive(Args)]
pub struct AuditArgs {
    /// The hub's address
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8470", env = "SEGIN_HUB")]
    hub: String,
    /// The certificate of the hub's own authority (PEM), where it is not one that the system knows
    #[arg(long, value_name = "FILE", env = "SEGIN_CA")]
    ca: Option<PathBuf>,
    /// The console token that the hub printed at its start
    #[arg(long, value_name = "TOKEN", env = "SEGIN_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Sign in as this user, by name or id: asks for password and code, or takes SEGIN_PASSWORD and SEGIN_CODE
    #[arg(long = "as", value_name = "NAME", env = "SEGIN_USER")]
    sign_in_as: Option<String>,
    /// Read this data folder instead of asking a hub; changes nothing in it
    #[arg(long, value_name = "DIR", requires = "master_key")]
    data: Option<PathBuf>,
    /// The master key's file of that folder
    #[arg(long, value_name = "FILE", requires = "data")]
    master_key: Option<PathBuf>,
    /// Only what was done with this document
    #[arg(long, value_name = "UUID")]
    case: Option<DocumentId>,
    /// Only what this user did, on the console or on a device
    #[arg(long, value_name = "UUID")]
    user: Option<UserId>,
    /// Only acts of this name: read, denied, looked-up, broke-glass, exported, wrote, decided, placed, …
    #[arg(long, value_name = "NAME")]
    action: Option<String>,
    /// Not before this day or moment (UTC), such as 2024-05-01 or 2024-05-01T14:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Millis>,
    /// Before this day or moment (UTC)
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<Millis>,
    /// Also work out the whole folder again: chain, signatures, commitments; exit code 1 when something differs
    #[arg(long, requires = "data")]
    verify: bool,
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

/// A moment as people give it.
fn moment(text: &str) -> Result<Millis, String> {
    let whole = if text.len() == "2024-05-01".len() { format!("{text}T00:00:00Z") } else { text.to_owned() };
    let moment: jiff::Timestamp =
        whole.parse().map_err(|_| "wanted is 2024-05-01 or 2024-05-01T14:00:00Z".to_owned())?;
    Ok(Millis(moment.as_millisecond()))
}

/// Runs the command.
///
/// # Errors
/// [`Trouble`] when the acts cannot be read.
pub fn run(args: AuditArgs) -> Result<ExitCode, Trouble> {
    let (rows, more) = match (&args.data, &args.master_key) {
        (Some(data), Some(master_key)) => of_folder(data, master_key, &args)?,
        _ => of_hub(&args)?,
    };
    let differences = match (&args.data, &args.master_key, args.verify) {
        (Some(data), Some(master_key), true) => {
            let failed = |error: crate::verify::FolderError| Trouble::new(error.code(), error);
            let mut checked = check_folder(data, master_key, &mut SystemRandom).map_err(failed)?;
            let report = checked.report();
            Some((report.signatures, report.differences.len() as u64 + report.more_differences))
        }
        _ => None,
    };
    if args.json {
        let verified = differences.map(|(signatures, differ)| json!({"signatures": signatures, "differences": differ}));
        println!("{}", json!({"rows": rows, "more": more, "verified": verified}));
    } else {
        println!("{}", table(&rows));
        if more {
            println!("… there are more than {AUDIT_LISTED_ROWS_MAX} rows: narrow them with --since and --until");
        }
        match differences {
            Some((signatures, 0)) => println!("Verified: the chain and {signatures} signatures are sound."),
            Some((_, differ)) => println!("Not sound: {differ} differences, see `segin verify`."),
            None => {}
        }
    }
    Ok(if differences.is_some_and(|(_, differ)| differ > 0) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Reads pages until there are no more, or enough rows.
fn collect(
    mut next_page: impl FnMut(Position) -> Result<AuditPage, Trouble>,
) -> Result<(Vec<AuditRow>, bool), Trouble> {
    let (mut rows, mut after) = (Vec::new(), Position::START);
    loop {
        let page = next_page(after)?;
        rows.extend(page.rows);
        match page.next {
            Some(_) if rows.len() >= AUDIT_LISTED_ROWS_MAX => return Ok((rows, true)),
            Some(next) => after = next,
            None => return Ok((rows, false)),
        }
    }
}

fn of_folder(data: &Path, master_key: &Path, args: &AuditArgs) -> Result<(Vec<AuditRow>, bool), Trouble> {
    let (log, keyring, names) = open(data, master_key)?;
    let (head, _) = log.head();
    let (case, user, action) = (args.case, args.user, args.action.clone());
    let filter = AuditFilter { case, user, action, since: args.since, until: args.until };
    collect(|after| {
        page(&log, (after, head), &keyring, &names, &filter, Some(AUDIT_PAGE_ROWS_MAX))
            .map_err(|error| Trouble::new(error.code(), error))
    })
}

/// The log of a folder, checked from its first byte, and the names that it knows.
fn open(data: &Path, master_key: &Path) -> Result<(LogReader, Keyring, Names), Trouble> {
    let disk = RealDisk::open_read_only(data).map_err(|error| Trouble::new(error.code(), error))?;
    let disk: Arc<dyn Disk> = Arc::new(disk);
    let key = MasterKey::load(master_key).map_err(|error| Trouble::new(error.code(), error))?;
    let keyring = Keyring::open(Arc::clone(&disk), &key).map_err(|error| Trouble::new(error.code(), error))?;
    let log = Opening::start(disk, LogSizes::default()).and_then(Opening::finish_reading);
    let (log, _) = log.map_err(|error| Trouble::new(error.code(), error))?;
    let mut folding = Folding::new(log.log_id(), &keyring);
    for record in log.iter_from(Position::START.next()) {
        let record = record.map_err(|error| Trouble::new(error.code(), error))?;
        let folded = folding.fold(record.position, &record.payload);
        folded.map_err(|error| Trouble::new("audit-folder", error))?;
    }
    let names = Names::of(&folding.directory);
    Ok((log, keyring, names))
}

fn of_hub(args: &AuditArgs) -> Result<(Vec<AuditRow>, bool), Trouble> {
    let authority = args.ca.as_deref().map(read_authority).transpose();
    let authority = authority.map_err(|error| Trouble::new("hub-trust", error))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Trouble::new("thread", error))?;
    // Signs in as any command does that is not about one's own account.
    let (command, user) = (AdminCommand::Sites, args.sign_in_as.as_deref());
    let client = account::client(&args.hub, &command, args.token.clone(), user, authority.as_deref());
    let mut client = runtime.block_on(client)?;
    let found = collect(|after| runtime.block_on(client.get(&query(args, after))));
    // The session was for this one command; where the hub is gone, so is the session.
    let _ = runtime.block_on(client.leave());
    found
}

fn query(args: &AuditArgs, after: Position) -> String {
    let mut query = format!("/v1/audit?after={after}&limit={AUDIT_PAGE_ROWS_MAX}");
    let mut add = |name: &str, value: Option<String>| {
        // Ids and numbers need no escaping; names of acts are letters and hyphens.
        let plain = |text: &String| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if let Some(value) = value {
            query.push_str(&format!("&{name}={}", if plain(&value) { value.as_str() } else { "none-of-this-name" }));
        }
    };
    add("case", args.case.map(|case| case.to_string()));
    add("user", args.user.map(|user| user.to_string()));
    add("kind", args.action.clone());
    add("since", args.since.map(|since| since.0.to_string()));
    add("until", args.until.map(|until| until.0.to_string()));
    query
}

fn table(rows: &[AuditRow]) -> String {
    let mut table = Table::new();
    let columns = ["position", "when", "who", "action", "document", "ground", "about", "count"];
    table.load_style(presets::UTF8_BORDERS_ONLY).set_header(columns);
    for row in rows {
        let when = jiff::Timestamp::from_millisecond(row.at.0).ok();
        let who = row.by.name.clone().unwrap_or_else(|| row.by.kind.clone());
        table.add_row([
            row.position.to_string(),
            when.map(|when| when.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()).unwrap_or_default(),
            row.by.lease.map_or(who.clone(), |lease| format!("{who} ({lease})")),
            row.action.clone(),
            row.document.map(|document| document.to_string()).unwrap_or_default(),
            row.ground.clone().unwrap_or_default(),
            row.about.clone().unwrap_or_default(),
            row.count.map(|count| count.to_string()).unwrap_or_default(),
        ]);
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_days_or_exact() {
        assert_eq!(moment("2024-05-01").unwrap(), Millis(1_714_521_600_000));
        assert_eq!(moment("2024-05-01T14:00:00Z").unwrap(), Millis(1_714_572_000_000));
        assert!(moment("yesterday").is_err() && moment("2024-13-01").is_err());
    }
}
