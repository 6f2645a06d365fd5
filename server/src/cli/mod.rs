//! The command line: one file a subcommand.
//!
//! Owns the words that people type and what is printed. Standard output carries results, standard error the log and
//! errors: one sentence with a stable code, and a non-zero exit.

pub mod account;
pub mod admin;
pub mod admin_beyond;
pub mod admin_people;
pub mod admin_work;
pub mod audit;
pub mod bench;
pub mod client;
pub mod demo;
mod demo_browser;
pub mod device;
pub mod hub;
mod hub_admit;
mod logging;
pub mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use thiserror::Error;

/// Exit code of a command that failed.
const FAILED: i32 = 1;

/// Segin: registration of people who return, offline first.
#[derive(Parser)]
#[command(name = "segin", version, about, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The hub: where everything arrives and is reconciled
    #[command(subcommand)]
    Hub(hub::HubCommand),
    /// Places, users, accounts, devices, held work and moves of a running hub
    Admin(admin::AdminArgs),
    /// Who did what: looks, denials, exports, decisions, moves
    Audit(Box<audit::AuditArgs>),
    /// A field device without a screen: record, import, show, sync
    Device(Box<device::DeviceArgs>),
    /// Measurements, one JSON line each
    #[command(subcommand)]
    Bench(bench::BenchCommand),
    /// Work out again from log and keyring what a hub holds, and compare
    Verify(verify::VerifyArgs),
    /// Play a night at the border: one command, nothing to prepare
    Demo(demo::DemoArgs),
}

/// What went wrong, for the person at the terminal.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct Trouble {
    /// Stable: scripts decide by it.
    pub code: String,
    /// The sentence.
    pub message: String,
}

impl Trouble {
    /// From an error with a code.
    pub fn new(code: impl Into<String>, message: impl ToString) -> Self {
        Self { code: code.into(), message: message.to_string() }
    }

    /// One line on standard error.
    pub fn print(&self) {
        eprintln!("segin: {self} [{}]", self.code);
    }

    /// Says it and ends the process, closing nothing.
    pub fn leave(&self) -> ! {
        self.print();
        std::process::exit(FAILED)
    }
}

/// Runs a command.
///
/// # Errors
/// [`Trouble`], to be printed.
pub fn run(cli: Cli) -> Result<ExitCode, Trouble> {
    match cli.command {
        Command::Hub(command) => hub::run(command),
        Command::Admin(args) => admin::run(args),
        Command::Audit(args) => audit::run(*args),
        Command::Device(args) => device::run_alone(*args),
        Command::Bench(command) => bench::run(command),
        Command::Verify(args) => verify::run(args),
        Command::Demo(args) => demo::run(args),
    }
}
