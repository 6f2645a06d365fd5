//! `segin admin`: places, users, accounts, devices, held work and moves of a running hub, by the same endpoints as the page.
//!
//! Whoever has an account signs in for the one command; the console token does until there are accounts, and for
//! administration afterwards. Places and users: [`super::admin_people`]; devices, held work and cases:
//! [`super::admin_work`]; beyond the own scope: [`super::admin_beyond`]; accounts: [`super::account`].

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use comfy_table::{Table, presets};
use serde_json::{Value, json};

use super::Trouble;
use super::account::{self, AccountCommand};
use super::admin_beyond::{self, GlassArgs, LookUpArgs, TaskCommand};
use super::admin_people::{self, PartnerCommand, SiteCommand, UserCommand};
use super::admin_work::{self, CaseCommand, DeviceCommand, HeldCommand};
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

/// What the hub waits for.
#[derive(Subcommand)]
pub enum HubAdminCommand {
    /// Show what is held because the hub came back from an older copy
    Restored,
    /// Revocations, devices, users and moves since the copy were compared: let what is held be tried again
    ConfirmRestored,
}

/// What an administrator or a lead may want.
#[derive(Subcommand)]
pub enum AdminCommand {
    /// The hub itself: confirm one that came back from an older copy
    #[command(subcommand)]
    Hub(HubAdminCommand),
    /// Sites: posts, centres, the headquarters
    #[command(subcommand)]
    Site(SiteCommand),
    /// Partners: who takes referrals
    #[command(subcommand)]
    Partner(PartnerCommand),
    /// Users: the people who work with the hub
    #[command(subcommand)]
    User(UserCommand),
    /// Invite a user to enrol one device: shown once, usable once, for fourteen days
    Invite {
        /// The user's id, as `segin admin users` shows it
        #[arg(long)]
        user: String,
        /// The device is handed over in person, here and now: nobody confirms it later
        #[arg(long)]
        confirmed: bool,
    },
    /// Accounts: who signs in to the console
    #[command(subcommand)]
    Account(AccountCommand),
    /// Devices: confirm, revoke, move
    #[command(subcommand)]
    Device(DeviceCommand),
    /// Held work: what waits for a person's decision
    #[command(subcommand)]
    Held(HeldCommand),
    /// Cases: hand on, assign
    #[command(subcommand)]
    Case(CaseCommand),
    /// List the accounts
    Accounts,
    /// List the sites
    Sites,
    /// List the regions and their sites
    Regions,
    /// List the partners
    Partners,
    /// List the users
    Users,
    /// List the enrolled devices, whether they stand, and when each was last heard of
    Devices,
    /// Look for a person beyond the own scope: code, initials, year, site and date, recorded with the reason
    LookUp(LookUpArgs),
    /// Open one case outside of the own scope for a while, recorded and told
    BreakGlass(GlassArgs),
    /// List which cases were opened outside of scopes, by whom and why
    Notices,
    /// List what is to be done
    Tasks,
    /// Tasks: say that one is done
    #[command(subcommand)]
    Task(TaskCommand),
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
        AdminCommand::Hub(HubAdminCommand::Restored) => client.get("/v1/status").await,
        AdminCommand::Hub(HubAdminCommand::ConfirmRestored) => {
            client.post("/v1/admin/hub/confirm-restored", &json!({})).await
        }
        AdminCommand::Site(command) => admin_people::ask_site(client, command).await,
        AdminCommand::Partner(command) => admin_people::ask_partner(client, command).await,
        AdminCommand::User(command) => admin_people::ask_user(client, command).await,
        AdminCommand::Invite { user, confirmed } => {
            client.post("/v1/admin/invitations", &json!({"user": user, "confirmed": confirmed})).await
        }
        AdminCommand::Account(command) => account::ask(client, command).await,
        AdminCommand::Device(command) => admin_work::ask_device(client, command).await,
        AdminCommand::Held(command) => admin_work::ask_held(client, command).await,
        AdminCommand::Case(command) => admin_work::ask_case(client, command).await,
        AdminCommand::Accounts => client.get("/v1/admin/accounts").await,
        AdminCommand::Sites => client.get("/v1/admin/sites").await,
        AdminCommand::Regions => client.get("/v1/admin/regions").await,
        AdminCommand::Partners => client.get("/v1/admin/partners").await,
        AdminCommand::Users => client.get("/v1/admin/users").await,
        AdminCommand::Devices => client.get("/v1/devices").await,
        AdminCommand::LookUp(args) => admin_beyond::look_up(client, args).await,
        AdminCommand::BreakGlass(args) => admin_beyond::break_glass(client, args).await,
        AdminCommand::Notices => client.get("/v1/notices").await,
        AdminCommand::Tasks => client.get("/v1/tasks").await,
        AdminCommand::Task(command) => admin_beyond::ask_task(client, command).await,
    }
}

fn shown(command: &AdminCommand, answer: &Value) -> String {
    match command {
        AdminCommand::Hub(HubAdminCommand::Restored) => match &answer["restored"] {
            Value::Null => "Nothing is held for having been restored.".to_owned(),
            row => format!(
                "Restored at {} (entry {}); known to be the same up to entry {}.\n{} pieces of work are held for it.\n\
                 Compare revocations, devices, users and moves since then, then: segin admin hub confirm-restored",
                moment(&row["at"]),
                text(&row["position"]),
                text(&row["shared"]),
                text(&row["held"]),
            ),
        },
        AdminCommand::Hub(HubAdminCommand::ConfirmRestored) => format!(
            "Confirmed (entry {}). {} pieces of work are tried again now.",
            text(&answer["position"]),
            text(&answer["tried"]),
        ),
        AdminCommand::Site(command) => admin_people::shown_site(command, answer),
        AdminCommand::Partner(command) => admin_people::shown_partner(command, answer),
        AdminCommand::User(command) => admin_people::shown_user(command, answer),
        AdminCommand::Invite { .. } => format!(
            "Invitation {}\nFor a QR code: {}\nUsable once until {}; it is not shown again.",
            text(&answer["invitation"]),
            text(&answer["scan"]),
            moment(&answer["expires"]),
        ),
        AdminCommand::Account(command) => account::shown(command, answer),
        AdminCommand::Device(command) => admin_work::shown_device(command, answer),
        AdminCommand::Held(command) => admin_work::shown_held(command, answer),
        AdminCommand::Case(command) => admin_work::shown_case(command, answer),
        AdminCommand::Accounts => table(
            answer,
            "accounts",
            &["user", "name", "account", "recovery_left", "failures", "failed_at", "setup_until"],
        ),
        AdminCommand::Sites => table(answer, "sites", &["code", "name", "region", "closed_into", "to_move"]),
        AdminCommand::Regions => table(answer, "regions", &["name", "sites", "closed"]),
        AdminCommand::Partners => table(answer, "partners", &["code", "name", "open"]),
        AdminCommand::Users => {
            table(answer, "users", &["user", "name", "sites", "roles", "regions", "partner", "active", "devices"])
        }
        AdminCommand::Devices => table(
            answer,
            "devices",
            &["lease", "name", "site", "letters", "standing", "fingerprint", "heard", "cloned", "held"],
        ),
        AdminCommand::LookUp(_) => admin_beyond::shown_rows(answer),
        AdminCommand::BreakGlass(_) => admin_beyond::shown_glass(answer),
        AdminCommand::Notices => table(answer, "notices", &["at", "name", "code", "document", "reason", "until"]),
        AdminCommand::Tasks => table(answer, "tasks", &["position", "at", "kind", "partner", "referral", "received"]),
        AdminCommand::Task(_) => admin_beyond::shown_task(answer),
    }
}

/// A part of an address as typed: ids, codes, nothing that could change the address.
///
/// # Errors
/// [`Trouble`] for anything else.
pub(super) fn part<'a>(what: &str, text: &'a str) -> Result<&'a str, Trouble> {
    let fits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    if fits { Ok(text) } else { Err(Trouble::new("argument", format!("{what} has letters, digits and hyphens only"))) }
}

pub(super) fn table(answer: &Value, list: &str, columns: &[&str]) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY).set_header(columns.iter().copied());
    for row in answer[list].as_array().into_iter().flatten() {
        table.add_row(columns.iter().map(|column| match *column {
            "at" | "until" | "heard" | "since" | "failed_at" | "setup_until" => moment(&row[*column]),
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
