//! `segin admin device`, `held` and `case`: what a lead decides from day to day.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Trouble;
use super::admin::{part, table, text};
use super::client::Client;

/// About devices.
#[derive(Subcommand)]
pub enum DeviceCommand {
    /// Confirm a device, or restore a revoked one: what was held for it is then applied
    Confirm {
        /// The device's lease, as `segin admin devices` shows it
        lease: String,
        /// The eight characters that the device shows itself: have them read out
        fingerprint: String,
    },
    /// Take a device's rights: what it sends is held, and it erases itself
    Revoke {
        /// The device's lease
        lease: String,
        /// Why, for people
        #[arg(long)]
        reason: String,
        /// Lost or stolen: it erases itself at once, without waiting for receipts
        #[arg(long)]
        lost: bool,
    },
    /// Hand a device to another site: the lead there looks after it
    Move {
        /// The device's lease
        lease: String,
        /// The open site
        #[arg(long, value_name = "CODE")]
        to: String,
    },
}

/// About held work.
#[derive(Subcommand)]
pub enum HeldCommand {
    /// List what waits for a decision
    List {
        /// Which work
        #[command(flatten)]
        which: WhichArgs,
        /// On this document
        #[arg(long, value_name = "UUID")]
        document: Option<String>,
        /// Rows, 500 at most
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// Where the next page begins, as the page before said
        #[arg(long)]
        cursor: Option<String>,
    },
    /// Let work in, with what hangs on it
    Approve(DecideArgs),
    /// Do not let work in: the device keeps its own copy aside
    Reject(DecideArgs),
}

/// Which held work.
#[derive(Args)]
pub struct WhichArgs {
    /// Of devices that stand at this site
    #[arg(long, value_name = "CODE")]
    site: Option<String>,
    /// Held for this reason, or for reasons that begin so
    #[arg(long)]
    code: Option<String>,
    /// Of this device
    #[arg(long)]
    lease: Option<String>,
}

/// A decision.
#[derive(Args)]
pub struct DecideArgs {
    /// Works as the list names them, such as 17.0; or say which with --site, --code, --lease
    #[arg(value_name = "WORK", conflicts_with_all = ["site", "code", "lease"])]
    works: Vec<String>,
    #[command(flatten)]
    which: WhichArgs,
    /// Why: the device shows it
    #[arg(long)]
    reason: String,
}

/// About cases.
#[derive(Subcommand)]
pub enum CaseCommand {
    /// Hand a case to another site
    Transfer {
        /// The case's id
        case: String,
        /// The open site
        #[arg(long, value_name = "CODE")]
        to: String,
        /// The site that it leaves, where it is at several
        #[arg(long, value_name = "CODE")]
        from: Option<String>,
        /// Why, for people
        #[arg(long)]
        reason: String,
    },
    /// Give a case to a user, wherever the user works
    Assign {
        /// The case's id
        case: String,
        /// The user's id
        #[arg(long)]
        user: String,
    },
    /// Take a case back from a user
    Unassign {
        /// The case's id
        case: String,
        /// The user's id
        #[arg(long)]
        user: String,
    },
}

/// Does what is wanted of a device.
///
/// # Errors
/// [`Trouble`], mostly with the hub's own code and sentence.
pub async fn ask_device(client: &Client, command: &DeviceCommand) -> Result<Value, Trouble> {
    let (lease, act, body) = match command {
        DeviceCommand::Confirm { lease, fingerprint } => (lease, "confirm", json!({"fingerprint": fingerprint})),
        DeviceCommand::Revoke { lease, reason, lost } => (lease, "revoke", json!({"reason": reason, "lost": lost})),
        DeviceCommand::Move { lease, to } => (lease, "move", json!({"site": to})),
    };
    client.post(&format!("/v1/admin/devices/{}/{act}", part("a lease", lease)?), &body).await
}

/// What the answer says.
#[must_use]
pub fn shown_device(command: &DeviceCommand, answer: &Value) -> String {
    let position = text(&answer["position"]);
    match command {
        DeviceCommand::Confirm { lease, .. } => format!("Device {lease} stands (position {position})."),
        DeviceCommand::Revoke { lease, .. } => format!("Device {lease} has lost its rights (position {position})."),
        DeviceCommand::Move { lease, to } => format!("Device {lease} stands at {to} (position {position})."),
    }
}

/// Does what is wanted of held work.
///
/// # Errors
/// [`Trouble`], mostly with the hub's own code and sentence.
pub async fn ask_held(client: &Client, command: &HeldCommand) -> Result<Value, Trouble> {
    match command {
        HeldCommand::List { which, document, limit, cursor } => {
            let mut path = format!("/v1/held?limit={limit}");
            let given = [
                ("site", &which.site),
                ("code", &which.code),
                ("lease", &which.lease),
                ("document", document),
                ("cursor", cursor),
            ];
            for (key, value) in given {
                if let Some(value) = value {
                    path.push_str(&format!("&{key}={}", part(key, value)?));
                }
            }
            client.get(&path).await
        }
        HeldCommand::Approve(decision) => decide(client, decision, true).await,
        HeldCommand::Reject(decision) => decide(client, decision, false).await,
    }
}

async fn decide(client: &Client, decision: &DecideArgs, approve: bool) -> Result<Value, Trouble> {
    let DecideArgs { works, which, reason } = decision;
    if works.is_empty() {
        let WhichArgs { site, code, lease } = which;
        let all = json!({"site": site, "code": code, "lease": lease});
        return client.post("/v1/held/decide", &json!({"all": all, "approve": approve, "reason": reason})).await;
    }
    let items = works.iter().map(|text| work(text)).collect::<Result<Vec<Value>, Trouble>>()?;
    client.post("/v1/held/decide", &json!({"items": items, "approve": approve, "reason": reason})).await
}

/// Reads `17.0`: entry and item.
fn work(text: &str) -> Result<Value, Trouble> {
    let parts = text
        .split_once('.')
        .and_then(|(position, item)| Some((position.parse::<u64>().ok()?, item.parse::<u16>().ok()?)));
    let (position, item) =
        parts.ok_or_else(|| Trouble::new("argument", "a held work is named as the list does, such as 17.0"))?;
    Ok(json!({"position": position, "item": item}))
}

/// What the answer says.
#[must_use]
pub fn shown_held(command: &HeldCommand, answer: &Value) -> String {
    if let HeldCommand::List { .. } = command {
        let columns = ["work", "kind", "document", "code", "name", "site", "lease", "since", "changes"];
        let mut shown = table(&with_names(answer), "held", &columns);
        shown.push_str(&format!("\n{} in all.", text(&answer["total"])));
        if let Some(next) = answer["next"].as_str() {
            shown.push_str(&format!(" More with --cursor {next}"));
        }
        return shown;
    }
    let mut shown = format!(
        "{} works decided, {} were decided before. The devices hear of it with their next sync.",
        text(&answer["decided"]),
        text(&answer["already"]),
    );
    if answer["left"].as_u64().is_some_and(|left| left > 0) {
        shown.push_str(&format!("\n{} are left: give the same command again.", text(&answer["left"])));
    }
    if answer["stays"].as_u64().is_some_and(|stays| stays > 0) {
        shown.push_str(&format!("\n{} are held still:\n", text(&answer["stays"])));
        shown.push_str(&table(&with_names(answer), "held", &["work", "kind", "document", "code", "name"]));
    }
    shown
}

/// The rows with the one word that names a work in commands.
fn with_names(answer: &Value) -> Value {
    let mut answer = answer.clone();
    for row in answer["held"].as_array_mut().into_iter().flatten() {
        row["work"] = json!(format!("{}.{}", row["position"], row["item"]));
    }
    answer
}

/// Does what is wanted of a case.
///
/// # Errors
/// [`Trouble`], mostly with the hub's own code and sentence.
pub async fn ask_case(client: &Client, command: &CaseCommand) -> Result<Value, Trouble> {
    let (case, act, body) = match command {
        CaseCommand::Transfer { case, to, from, reason } => {
            (case, "transfer", json!({"to": to, "from": from, "reason": reason}))
        }
        CaseCommand::Assign { case, user } => (case, "assign", json!({"user": user})),
        CaseCommand::Unassign { case, user } => (case, "unassign", json!({"user": user})),
    };
    client.post(&format!("/v1/cases/{}/{act}", part("a case's id", case)?), &body).await
}

/// What the answer says.
#[must_use]
pub fn shown_case(command: &CaseCommand, answer: &Value) -> String {
    let case = match command {
        CaseCommand::Transfer { case, .. } | CaseCommand::Assign { case, .. } | CaseCommand::Unassign { case, .. } => {
            case
        }
    };
    match answer["moved"].as_bool() {
        Some(true) => format!("Case {case} has moved (position {}).", text(&answer["position"])),
        _ => format!("Case {case} was there already: nothing had to be written."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_work_is_named_by_entry_and_item() {
        assert_eq!(work("17.0").unwrap(), json!({"position": 17, "item": 0}));
        for wrong in ["17", "17.", ".1", "a.b", "17.0.1", "17.70000"] {
            assert_eq!(work(wrong).unwrap_err().code, "argument", "{wrong}");
        }
        assert!(part("x", "../status").is_err() && part("x", "a?b").is_err() && part("x", "7f-A.0").is_ok());
    }

    #[test]
    fn the_list_names_works_as_commands_take_them() {
        let command = HeldCommand::List {
            which: WhichArgs { site: None, code: None, lease: None },
            document: None,
            limit: 1,
            cursor: None,
        };
        let answer =
            json!({"total": 2, "next": "17.0", "held": [{"position": 17, "item": 0, "code": "held-who-pending"}]});
        let shown = shown_held(&command, &answer);
        assert!(shown.contains("17.0") && shown.contains("held-who-pending") && shown.contains("2 in all"), "{shown}");
        assert!(shown.contains("--cursor 17.0"), "{shown}");
    }
}
