//! `segin admin look-up`, `break-glass`, `notices` and `tasks`: what is done beyond the own scope, and what it leaves to do.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Trouble;
use super::admin::{moment, part, table, text};
use super::client::Client;

/// About somebody who may be registered elsewhere.
#[derive(Args)]
pub struct LookUpArgs {
    /// Words of a name, or a code
    text: String,
    /// Why: stands in the log
    #[arg(long)]
    reason: String,
}

/// About a case outside of the own scope.
#[derive(Args)]
pub struct GlassArgs {
    /// The case's id, or its human code
    case: String,
    /// Why: the leads of the case's sites and the auditors read it
    #[arg(long)]
    reason: String,
    /// For how many minutes, 240 at most
    #[arg(long, default_value_t = 60)]
    minutes: u32,
}

/// About tasks.
#[derive(Subcommand)]
pub enum TaskCommand {
    /// Say that a task is done
    Done {
        /// The task's position, as `segin admin tasks` shows it
        position: u64,
        /// What was done: stands in the log
        #[arg(long)]
        note: String,
    },
}

/// Looks for somebody beyond the scope.
///
/// # Errors
/// [`Trouble`], mostly with the hub's own code and sentence.
pub async fn look_up(client: &Client, args: &LookUpArgs) -> Result<Value, Trouble> {
    client.post("/v1/lookup", &json!({"text": args.text, "reason": args.reason})).await
}

/// Breaks the glass.
///
/// # Errors
/// As [`look_up`].
pub async fn break_glass(client: &Client, args: &GlassArgs) -> Result<Value, Trouble> {
    let body = json!({"document": args.case, "reason": args.reason, "minutes": args.minutes});
    client.post("/v1/break-glass", &body).await
}

/// Does what is wanted of a task.
///
/// # Errors
/// As [`look_up`].
pub async fn ask_task(client: &Client, command: &TaskCommand) -> Result<Value, Trouble> {
    let TaskCommand::Done { position, note } = command;
    let path = format!("/v1/tasks/{}/done", part("a position", &position.to_string())?);
    client.post(&path, &json!({"note": note})).await
}

/// What a look-up says.
#[must_use]
pub fn shown_rows(answer: &Value) -> String {
    table(answer, "rows", &["code", "initials", "born", "site", "date"])
}

/// What breaking the glass says.
#[must_use]
pub fn shown_glass(answer: &Value) -> String {
    format!("If there is such a case, it opens until {}; every look is recorded.", moment(&answer["until"]))
}

/// What the end of a task says.
#[must_use]
pub fn shown_task(answer: &Value) -> String {
    format!("Done (position {}).", text(&answer["position"]))
}
