//! `segin admin`: sites, users, accounts and invitations of a running hub, by the same endpoints as the page.
//!
//! Whoever has an account signs in for the one command; the console token does until there are accounts, and for
//! administration afterwards.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use comfy_table::{Table, presets};
use serde_json::{Value, json};

use super::Trouble;
use super::account::{self, AccountCommand};
use super::client::Client;
use crate::tls::trust::read_authority;

/// Which hub, and what.
#[derive(Args)]
pub struct AdminArgs {
    /// The hub's address
    #[arg(long, global = true, value_name = "URL", default_value = "http://127.0.0.1:8470", env = "SEGIN_HUB")]
    hub: String,
    /// The certificate of the hub's own authority (PEM), where it is not one that the system knows
    #[arg(long, global = true, value_name = "FILE", env = "SEGIN_CA")]
    ca: Option<PathBuf>,
    /// The console token that the hub printed at its start
    #[arg(long, global = true, value_name = "TOKEN", env = "SEGIN_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Sign in as this user, by name or id: asks for password and code, or takes SEGIN_PASSWORD and SEGIN_CODE
    #[arg(long = "as", global = true, value_name = "NAME", env = "SEGIN_USER")]
    sign_in_as: Option<String>,
    /// Print JSON instead of tables
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: AdminCommand,
}

/// What an administrator may want.
#[derive(Subcommand)]
pub enum AdminCommand {
    /// Sites: posts, centres, the headquarters
    #[command(subcommand)]
    Site(SiteCommand),
    /// Users: the people who record
    #[command(subcommand)]
    User(UserCommand),
    /// Invite a user to enrol one device: shown once, usable once, for fourteen days
    Invite {
        /// The user's id, as `segin admin users` shows it
        #[arg(long)]
        user: String,
    },
    /// Accounts: who signs in to the console
    #[command(subcommand)]
    Account(AccountCommand),
    /// List the accounts
    Accounts,
    /// List the sites
    Sites,
    /// List the users
    Users,
    /// List the enrolled devices and when each was last heard of
    Devices,
}

/// About sites.
#[derive(Subcommand)]
pub enum SiteCommand {
    /// Add a site
    Add {
        /// Two to four capitals, such as GOG
        code: String,
        /// Its name
        name: String,
        /// Its region
        #[arg(long)]
        region: String,
    },
}

/// About users.
#[derive(Subcommand)]
pub enum UserCommand {
    /// Add a user
    Add {
        /// The name under which colleagues know the person
        name: String,
        /// A site of the user's scope; may be given several times, the first is home
        #[arg(long = "site", required = true, value_name = "CODE")]
        sites: Vec<String>,
    },
}

/// Runs the command.
///
/// # Errors
/// [`Trouble`], mostly with the hub's own code and sentence.
pub fn run(args: AdminArgs) -> Result<ExitCode, Trouble> {
    let authority = args.ca.as_deref().map(read_authority).transpose();
    let authority = authority.map_err(|error| Trouble::new("hub-trust", error))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Trouble::new("thread", error))?;
    runtime.block_on(async {
        let mut client =
            account::client(&args.hub, &args.command, args.token, args.sign_in_as.as_deref(), authority.as_deref())
                .await?;
        let answer = ask(&mut client, &args.command).await;
        // The session was for this one command; where the hub is gone, so is the session.
        let _ = client.leave().await;
        let answer = answer?;
        if args.json {
            println!("{answer}");
        } else {
            println!("{}", shown(&args.command, &answer));
        }
        Ok(ExitCode::SUCCESS)
    })
}

async fn ask(client: &mut Client, command: &AdminCommand) -> Result<Value, Trouble> {
    match command {
        AdminCommand::Site(SiteCommand::Add { code, name, region }) => {
            client.post("/v1/admin/sites", &json!({"code": code, "name": name, "region": region})).await
        }
        AdminCommand::User(UserCommand::Add { name, sites }) => {
            client.post("/v1/admin/users", &json!({"name": name, "sites": sites})).await
        }
        AdminCommand::Invite { user } => client.post("/v1/admin/invitations", &json!({"user": user})).await,
        AdminCommand::Account(command) => account::ask(client, command).await,
        AdminCommand::Accounts => client.get("/v1/admin/accounts").await,
        AdminCommand::Sites => client.get("/v1/admin/sites").await,
        AdminCommand::Users => client.get("/v1/admin/users").await,
        AdminCommand::Devices => client.get("/v1/devices").await,
    }
}

fn shown(command: &AdminCommand, answer: &Value) -> String {
    match command {
        AdminCommand::Site(SiteCommand::Add { code, .. }) => {
            format!("Site {code} is in the log at position {}.", text(&answer["position"]))
        }
        AdminCommand::User(UserCommand::Add { name, .. }) => {
            format!("{name} is user {} (position {}).", text(&answer["user"]), text(&answer["position"]))
        }
        AdminCommand::Invite { .. } => format!(
            "Invitation {}\nFor a QR code: {}\nUsable once until {}; it is not shown again.",
            text(&answer["invitation"]),
            text(&answer["scan"]),
            moment(&answer["expires"]),
        ),
        AdminCommand::Account(command) => account::shown(command, answer),
        AdminCommand::Accounts => table(
            answer,
            "accounts",
            &["user", "name", "account", "recovery_left", "failures", "failed_at", "setup_until"],
        ),
        AdminCommand::Sites => table(answer, "sites", &["code", "name", "region"]),
        AdminCommand::Users => table(answer, "users", &["user", "name", "sites", "devices"]),
        AdminCommand::Devices => table(answer, "devices", &["lease", "name", "site", "letters", "heard", "cloned"]),
    }
}

fn table(answer: &Value, list: &str, columns: &[&str]) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY).set_header(columns.iter().copied());
    for row in answer[list].as_array().into_iter().flatten() {
        table.add_row(columns.iter().map(|column| match *column {
            "heard" | "failed_at" | "setup_until" => moment(&row[*column]),
            column => text(&row[column]),
        }));
    }
    table.to_string()
}

pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(text).collect::<Vec<_>>().join(", "),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

pub(super) fn moment(value: &Value) -> String {
    let moment = value.as_i64().and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
    moment.map(|moment| moment.strftime("%Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default()
}
