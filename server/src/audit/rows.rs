//! What one entry of the log says about who did what.

use sync_protocol::ids::{DocumentId, Millis, Position};
use sync_protocol::wire::codec::from_cbor;
use sync_protocol::wire::manifest::{Stated, Statement};

use super::{AuditError, AuditRow, Names, Who, kind_name};
use crate::hub::entry::{DecisionEntry, Entry, HeldVerdict, ParcelEntry, ReturnEntry, ReturnedItem};
use crate::hub::fact::{By, Fact, FactEntry, Ground, Task};
use crate::store::keyring::Keyring;

/// The acts of one entry, in its order.
///
/// # Errors
/// [`AuditError`] when it cannot be opened or read.
pub fn rows(position: Position, payload: &[u8], keyring: &Keyring, names: &Names) -> Result<Vec<AuditRow>, AuditError> {
    match Entry::from_bytes(payload)? {
        Entry::Parcel(entry) => parcel(position, &entry, keyring, names),
        Entry::Decision(entry) => Ok(decision(position, &entry, names)),
        Entry::Returned(entry) => Ok(returned(position, &entry, names)),
        Entry::Sealed(sealed) => {
            let entry: FactEntry = from_cbor(&keyring.open_entry(&sealed)?)?;
            Ok(fact(&Acts { position, at: entry.at, by: Who::of(entry.by, names) }, entry.fact))
        }
    }
}

/// What the rows of one entry have in common.
struct Acts {
    position: Position,
    at: Millis,
    by: Who,
}

impl Acts {
    fn row(&self, action: &str) -> AuditRow {
        let Self { position, at, by } = self;
        AuditRow {
            position: *position,
            at: *at,
            by: by.clone(),
            action: action.to_owned(),
            document: None,
            kind: None,
            ground: None,
            about: None,
            count: None,
        }
    }

    fn on(&self, action: &str, document: DocumentId) -> AuditRow {
        AuditRow { document: Some(document), ..self.row(action) }
    }

    fn about(&self, action: &str, what: impl ToString) -> Vec<AuditRow> {
        vec![AuditRow { about: Some(what.to_string()), ..self.row(action) }]
    }
}

fn parcel(
    position: Position,
    entry: &ParcelEntry,
    keyring: &Keyring,
    names: &Names,
) -> Result<Vec<AuditRow>, AuditError> {
    let acts = Acts { position, at: entry.at, by: Who::of(By::Lease(entry.lease), names) };
    let mut rows = Vec::new();
    for (named, filed) in entry.read_manifest()?.documents.iter().zip(&entry.documents) {
        let count = filed.runs.iter().map(|run| u32::from(run.count)).sum();
        let row = acts.on("wrote", named.document);
        rows.push(AuditRow { kind: kind_name(named.kind), count: Some(count), ..row });
    }
    if let Some(sealed) = &entry.statements {
        let stated: Vec<Stated> = from_cbor(&keyring.open_entry(sealed.as_ref())?)?;
        // Kinds that this version does not know say nothing that it could show.
        for statement in stated.iter().filter_map(|stated| stated.statement.read::<Statement>().ok()) {
            if let Statement::Read { document, times, .. } = statement {
                let ground = Some(ground(Ground::OnDevice).to_owned());
                rows.push(AuditRow { ground, count: Some(times), ..acts.on("read", document) });
            }
        }
    }
    Ok(rows)
}

fn decision(position: Position, entry: &DecisionEntry, names: &Names) -> Vec<AuditRow> {
    let acts = Acts { position, at: entry.at, by: Who::of(entry.by, names) };
    let row = |item: &crate::hub::entry::DecidedItem| AuditRow {
        kind: kind_name(item.kind),
        about: Some(verdict(item.verdict).to_owned()),
        ..acts.on("decided", item.document)
    };
    entry.items.iter().map(row).collect()
}

/// One row for each document: who brought it, and about whose work it is.
fn returned(position: Position, entry: &ReturnEntry, names: &Names) -> Vec<AuditRow> {
    let acts = Acts { position, at: entry.at, by: Who::of(By::Lease(entry.lease), names) };
    let row = |item: &ReturnedItem| {
        let authors = item.authors.iter().map(|author| Who::of(By::Lease(*author), names).name);
        let authors: Vec<String> = authors.flatten().collect();
        AuditRow {
            kind: kind_name(item.kind),
            count: Some(item.filed.runs.iter().map(|run| u32::from(run.count)).sum()),
            about: Some(authors.join(", ")).filter(|names| !names.is_empty()),
            ..acts.on("gave-back", item.document)
        }
    };
    entry.items.iter().map(row).collect()
}

const fn verdict(verdict: HeldVerdict) -> &'static str {
    match verdict {
        HeldVerdict::Retried => "retried",
        HeldVerdict::Approved => "approved",
        HeldVerdict::Rejected => "rejected",
    }
}

const fn ground(ground: Ground) -> &'static str {
    match ground {
        Ground::Scope => "scope",
        Ground::Transfer => "transfer",
        Ground::Assignment => "assignment",
        Ground::SiteClosed => "site-closed",
        Ground::Withdrawal => "withdrawal",
        Ground::BreakGlass => "break-glass",
        Ground::OnDevice => "on-device",
    }
}

fn fact(acts: &Acts, fact: Fact) -> Vec<AuditRow> {
    match fact {
        Fact::Begun { .. } => vec![acts.row("begun")],
        Fact::Site { code, .. } => acts.about("site-set", code),
        Fact::User { user, .. } => acts.about("user-set", user),
        Fact::Invited { user, .. } => acts.about("invited", user),
        Fact::Enrolled { lease, .. } => {
            let lease = lease.lease.read::<sync_protocol::wire::lease::Lease>();
            acts.about("enrolled", lease.map(|lease| lease.prefix.to_string()).unwrap_or_default())
        }
        Fact::TokenIssued { lease, .. } => acts.about("token-issued", lease),
        Fact::Configured { version, .. } => acts.about("configured", version),
        Fact::Partner { code, .. } => acts.about("partner-set", code),
        Fact::Confirmed { lease } => acts.about("confirmed", lease),
        Fact::Revoked { lease, .. } => acts.about("revoked", lease),
        Fact::Wiped { lease } => acts.about("wiped", lease),
        Fact::DeviceMoved { installation, .. } => acts.about("device-moved", installation),
        Fact::Vouched { .. } => vec![acts.row("vouched")],
        Fact::Placed { documents, ground: on, .. } => {
            let on = Some(ground(on).to_owned());
            documents
                .into_iter()
                .map(|placement| {
                    let channels = |sign: char, list: Vec<sync_protocol::ids::Channel>| {
                        list.into_iter().map(move |channel| format!("{sign}{channel}")).collect::<Vec<_>>()
                    };
                    let moved = [channels('-', placement.left), channels('+', placement.entered)].concat().join(" ");
                    AuditRow { ground: on.clone(), about: Some(moved), ..acts.on("placed", placement.document) }
                })
                .collect()
        }
        Fact::Credentials { user, credentials } => {
            acts.about(if credentials.is_some() { "account-set" } else { "account-removed" }, user)
        }
        Fact::SetupIssued { user, .. } => acts.about("account-invited", user),
        Fact::SignedIn { user, .. } => acts.about("signed-in", user),
        Fact::SignInFailed { user } => {
            let about = user.map(|user| user.to_string());
            vec![AuditRow { about, ..acts.row("sign-in-failed") }]
        }
        Fact::BrokeGlass { document, .. } => {
            vec![AuditRow { ground: Some(ground(Ground::BreakGlass).to_owned()), ..acts.on("broke-glass", document) }]
        }
        Fact::Read { document, kind, ground: on } => {
            let (kind, on) = (kind_name(kind), Some(ground(on).to_owned()));
            vec![AuditRow { kind, ground: on, ..acts.on("read", document) }]
        }
        Fact::LookedUp { found, .. } => {
            let count = Some(u32::try_from(found.len()).unwrap_or(u32::MAX));
            if found.is_empty() {
                return vec![AuditRow { count, ..acts.row("looked-up") }];
            }
            found.into_iter().map(|document| AuditRow { count, ..acts.on("looked-up", document) }).collect()
        }
        Fact::Denied { action, document } => {
            vec![AuditRow { document, about: Some(action), ..acts.row("denied") }]
        }
        Fact::Exported { what, rows } => {
            vec![AuditRow { about: Some(what), count: Some(rows), ..acts.row("exported") }]
        }
        Fact::Related { document, kind, .. } => {
            vec![AuditRow { kind: kind_name(kind), ..acts.on("related", document) }]
        }
        Fact::TaskOpened { task: Task::Withdrawn { referral, partner, .. } } => {
            vec![AuditRow { about: Some(partner.to_string()), ..acts.on("task-opened", referral) }]
        }
        Fact::TaskDone { opened, .. } => acts.about("task-done", opened),
        Fact::Continued { log, .. } => acts.about("restored", log),
        Fact::ContinuedConfirmed => vec![acts.row("restored-confirmed")],
        Fact::Readmitted { lease } => {
            let lease = lease.lease.read::<sync_protocol::wire::lease::Lease>();
            acts.about("readmitted", lease.map(|lease| lease.prefix.to_string()).unwrap_or_default())
        }
        Fact::Superseded { document, .. } => vec![acts.on("superseded", document)],
        Fact::Couriered { number, .. } => acts.about("courier-file-came", number),
    }
}
