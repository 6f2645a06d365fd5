//! The `segin` binary: reads the command line and says in one sentence what went wrong.

use std::process::ExitCode;

use clap::Parser;
use segin::cli::{Cli, run};

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(trouble) => {
            trouble.print();
            ExitCode::FAILURE
        }
    }
}
