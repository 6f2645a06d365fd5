//! `segin admin account`, and signing in for a command: what is asked of the person at the terminal.
//!
//! Passwords are read without showing them, or from the environment; never from arguments, which other users of a machine
//! can see.

use std::io::{BufRead, Write};

use clap::Subcommand;
use serde_json::{Value, json};

use super::Trouble;
use super::admin::{AdminCommand, moment, text};
use super::client::Client;

/// The environment's password, for scripts.
const PASSWORD: &str = "SEGIN_PASSWORD";
/// The environment's code, for scripts.
const CODE: &str = "SEGIN_CODE";

/// About accounts.
#[derive(Subcommand)]
pub enum AccountCommand {
    /// Let a user set an account up: a code, shown once, usable once, for 72 hours
    Invite {
        /// The user's id, as `segin admin users` shows it
        user: String,
    },
    /// Set your own account up with the code that you were given
    Setup {
        /// The setup code; asked for when absent
        code: Option<String>,
    },
    /// Change your own password
    Password,
    /// Who you are to the hub
    Whoami,
}

/// A client that has shown what the command needs.
///
/// # Errors
/// [`Trouble`] when nobody could be signed in.
pub async fn client(
    hub: &str,
    command: &AdminCommand,
    token: Option<String>,
    user: Option<&str>,
    authority: Option<&[u8]>,
) -> Result<Client, Trouble> {
    if matches!(command, AdminCommand::Account(AccountCommand::Setup { .. })) {
        return Client::trusting(hub, None, authority);
    }
    if let Some(user) = user {
        let mut client = Client::trusting(hub, None, authority)?;
        let password = secret("Password: ", PASSWORD)?;
        let code = line("Code of the telephone, or a recovery code: ", CODE)?;
        let sign_in = json!({"user": user, "password": password, "code": code});
        let me: Value = client.enter("/v1/session", &sign_in).await?;
        if let Some(failures) = me["failures"].as_u64().filter(|failures| *failures > 0) {
            eprintln!("{failures} sign-ins with your name have failed since the last one.");
        }
        return Ok(client);
    }
    let token = token.ok_or_else(|| {
        Trouble::new(
            "token-required",
            "sign in with --as NAME, or give the console token that the hub printed, with --token or SEGIN_TOKEN",
        )
    })?;
    Client::trusting(hub, Some(token), authority)
}

/// Does what is wanted.
///
/// # Errors
/// [`Trouble`], mostly with the hub's own code and sentence.
pub async fn ask(client: &mut Client, command: &AccountCommand) -> Result<Value, Trouble> {
    match command {
        AccountCommand::Invite { user } => client.post("/v1/admin/accounts", &json!({"user": user})).await,
        AccountCommand::Setup { code } => setup(client, code.as_deref()).await,
        AccountCommand::Password => {
            let present = secret("Present password: ", PASSWORD)?;
            let new = secret("New password: ", "SEGIN_NEW_PASSWORD")?;
            client.enter("/v1/account/password", &json!({"password": present, "new": new})).await
        }
        AccountCommand::Whoami => client.get("/v1/session").await,
    }
}

async fn setup(client: &mut Client, code: Option<&str>) -> Result<Value, Trouble> {
    let setup = match code {
        Some(code) => code.to_owned(),
        None => line("Setup code: ", "SEGIN_SETUP")?,
    };
    let password = secret("New password, twelve characters or more: ", PASSWORD)?;
    let telephone: Value = client.enter("/v1/account/setup", &json!({"setup": setup, "password": password})).await?;
    eprintln!("Account of {}. Add it to a program for codes on your telephone:", text(&telephone["name"]));
    eprintln!("  key  {}", text(&telephone["secret"]));
    eprintln!("  link {}", text(&telephone["otpauth"]));
    let again = secret("The same password, once more: ", PASSWORD)?;
    let code = line("Code that the telephone shows: ", CODE)?;
    client.enter("/v1/account/setup", &json!({"setup": setup, "password": again, "code": code})).await
}

/// What the answer says.
#[must_use]
pub fn shown(command: &AccountCommand, answer: &Value) -> String {
    match command {
        AccountCommand::Invite { .. } => format!(
            "Setup code {}\nUsable once until {}, on the hub's page or with `segin admin account setup`; it is not shown \
             again.",
            text(&answer["setup"]),
            moment(&answer["expires"]),
        ),
        AccountCommand::Setup { .. } => {
            let codes: Vec<String> =
                answer["recovery"].as_array().into_iter().flatten().map(|code| format!("  {}", text(code))).collect();
            format!(
                "The account stands. Recovery codes, each of which stands once for the telephone's code; write them \
                 down, they are not shown again:\n{}",
                codes.join("\n")
            )
        }
        AccountCommand::Password => "The new password stands; all sessions of before have ended.".to_owned(),
        AccountCommand::Whoami => match &answer["name"] {
            Value::String(name) => format!("{name}: {}", text(&answer["roles"])),
            _ => format!("the console token: {}", text(&answer["setup"])),
        },
    }
}

/// Something that is not shown while it is typed.
fn secret(prompt: &str, variable: &str) -> Result<String, Trouble> {
    match std::env::var(variable) {
        Ok(given) => Ok(given),
        Err(_) => rpassword::prompt_password(prompt).map_err(|error| unread(variable, &error)),
    }
}

/// Something that may be seen.
fn line(prompt: &str, variable: &str) -> Result<String, Trouble> {
    if let Ok(given) = std::env::var(variable) {
        return Ok(given);
    }
    let mut typed = String::new();
    let read =
        std::io::stderr().write_all(prompt.as_bytes()).and_then(|()| std::io::stdin().lock().read_line(&mut typed));
    match read {
        Ok(read) if read > 0 => Ok(typed.trim().to_owned()),
        Ok(_) => Err(unread(variable, &"the input is at its end")),
        Err(error) => Err(unread(variable, &error)),
    }
}

fn unread(variable: &str, error: &dyn std::fmt::Display) -> Trouble {
    Trouble::new("terminal", format!("nothing could be read from the terminal ({error}): give it in {variable}"))
}
