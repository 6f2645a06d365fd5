//! `segin admin site`, `partner` and `user`: places, and who works there.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::Trouble;
use super::admin::{part, text};
use super::client::Client;

/// About sites.
#[derive(Subcommand)]
pub enum SiteCommand {
    /// Add a site, or give the one with this code another name or region
    Add {
        /// Two to four capitals, such as GOG
        code: String,
        /// Its name
        name: String,
        /// Its region
        #[arg(long)]
        region: String,
    },
    /// Close a site: its people, devices and cases go on at another one
    Close {
        /// The site's code
        code: String,
        /// The open site where they go on
        #[arg(long, value_name = "CODE")]
        into: String,
    },
}

/// About partners.
#[derive(Subcommand)]
pub enum PartnerCommand {
    /// Add a partner, or change the one with this code
    Add {
        /// Two to eight capitals and digits, such as OIM
        code: String,
        /// Its name
        name: String,
        /// No referrals any more; its users see nothing from now on
        #[arg(long)]
        closed: bool,
    },
}

/// About users.
#[derive(Subcommand)]
pub enum UserCommand {
    /// Add a user
    Add {
        /// The name under which colleagues know the person
        name: String,
        /// Where, and as what
        #[command(flatten)]
        work: WorkArgs,
    },
    /// Change a user: what is given replaces what was
    Set {
        /// The user's id, as `segin admin users` shows it
        user: String,
        /// Another name
        #[arg(long)]
        name: Option<String>,
        /// Where, and as what
        #[command(flatten)]
        work: WorkArgs,
        /// May work again
        #[arg(long, conflicts_with = "deactivate")]
        activate: bool,
        /// May do nothing from now on: signed out, and what the devices send is held
        #[arg(long)]
        deactivate: bool,
    },
}

/// Where somebody works, and as what.
#[derive(Args)]
pub struct WorkArgs {
    /// A site of the user's scope; may be given several times, the first is home
    #[arg(long = "site", value_name = "CODE")]
    sites: Vec<String>,
    /// A role: caseworker, site-lead, regional-lead, case-manager, analyst, protection, health, partner, administrator,
    /// auditor; may be given several times
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// A region of a regional lead; may be given several times
    #[arg(long = "region", value_name = "NAME")]
    regions: Vec<String>,
    /// The partner of a partner's user
    #[arg(long, value_name = "CODE")]
    partner: Option<String>,
}

impl WorkArgs {
    /// What was given, and nothing else.
    fn given(&self) -> Map<String, Value> {
        let mut given = Map::new();
        for (key, list) in [("sites", &self.sites), ("roles", &self.roles), ("regions", &self.regions)] {
            if !list.is_empty() {
                given.insert(key.to_owned(), json!(list));
            }
        }
        if let Some(partner) = &self.partner {
            given.insert("partner".to_owned(), json!(partner));
        }
        given
    }
}

/// Does what is wanted of a site.
///
/// # Errors
/// [`Trouble`], mostly with the hub's own code and sentence.
pub async fn ask_site(client: &Client, command: &SiteCommand) -> Result<Value, Trouble> {
    match command {
        SiteCommand::Add { code, name, region } => {
            client.post("/v1/admin/sites", &json!({"code": code, "name": name, "region": region})).await
        }
        SiteCommand::Close { code, into } => {
            let path = format!("/v1/admin/sites/{}/close", part("a site's code", code)?);
            client.post(&path, &json!({"into": into})).await
        }
    }
}

/// What the answer says.
#[must_use]
pub fn shown_site(command: &SiteCommand, answer: &Value) -> String {
    match command {
        SiteCommand::Add { code, .. } => {
            format!("Site {code} is in the log at position {}.", text(&answer["position"]))
        }
        SiteCommand::Close { code, into } => format!(
            "Site {code} is closed: {into} goes on with its people (position {}). {} documents follow in pieces; `segin \
             admin sites` says how many are left.",
            text(&answer["position"]),
            text(&answer["to_move"]),
        ),
    }
}

/// Does what is wanted of a partner.
///
/// # Errors
/// [`Trouble`], mostly with the hub's own code and sentence.
pub async fn ask_partner(client: &Client, command: &PartnerCommand) -> Result<Value, Trouble> {
    let PartnerCommand::Add { code, name, closed } = command;
    client.post("/v1/admin/partners", &json!({"code": code, "name": name, "open": !closed})).await
}

/// What the answer says.
#[must_use]
pub fn shown_partner(command: &PartnerCommand, answer: &Value) -> String {
    let PartnerCommand::Add { code, .. } = command;
    format!("Partner {code} is in the log at position {}.", text(&answer["position"]))
}

/// Does what is wanted of a user.
///
/// # Errors
/// [`Trouble`], mostly with the hub's own code and sentence.
pub async fn ask_user(client: &Client, command: &UserCommand) -> Result<Value, Trouble> {
    match command {
        UserCommand::Add { name, work } => {
            let mut new = work.given();
            new.insert("name".to_owned(), json!(name));
            client.post("/v1/admin/users", &Value::Object(new)).await
        }
        UserCommand::Set { user, name, work, activate, deactivate } => {
            let mut change = work.given();
            if let Some(name) = name {
                change.insert("name".to_owned(), json!(name));
            }
            if *activate || *deactivate {
                change.insert("active".to_owned(), json!(activate));
            }
            let path = format!("/v1/admin/users/{}", part("a user's id", user)?);
            client.patch(&path, &Value::Object(change)).await
        }
    }
}

/// What the answer says.
#[must_use]
pub fn shown_user(command: &UserCommand, answer: &Value) -> String {
    let (user, position) = (text(&answer["user"]), text(&answer["position"]));
    match command {
        UserCommand::Add { name, .. } => format!("{name} is user {user} (position {position})."),
        UserCommand::Set { .. } => format!("User {user} is changed (position {position})."),
    }
}
