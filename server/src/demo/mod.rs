//! `segin demo`: a night at a border post, played through the real thing.
//!
//! A hub in a process of its own, devices with stores on disk, real HTTP over roads that can be cut. The story is in
//! `evening` and `night`; what came of it is counted in `audit` from the devices' stores and from the log, never
//! from the story. Each step says what it expects and stops the demo when it is not so.
//!
//! `cast`: who takes part. `people`: who arrives. `road`: a link that breaks. `expect`: field by field.
//! `stage`: hub, roads and devices together. `tell`: the terminal. `windows`: two phones in a browser, to try oneself.

pub mod audit;
pub mod cast;
mod evening;
mod expect;
mod night;
pub mod people;
pub mod road;
mod stage;
pub mod tell;
pub mod windows;

use std::path::PathBuf;

use thiserror::Error;

pub use audit::Totals;
pub use stage::{Fault, Stage};

use crate::cli::Trouble;
use crate::hub_process::HubProcessError;

/// Why the night did not end well.
#[derive(Debug, Error)]
pub enum DemoError {
    /// Something that a step expects is not so.
    #[error("{0}")]
    Expected(String),
    /// A device.
    #[error("the device of {0}: {1}")]
    Device(&'static str, String),
    /// The hub's process.
    #[error(transparent)]
    Hub(#[from] HubProcessError),
    /// The hub's console.
    #[error("the hub: {0}")]
    Console(#[from] Trouble),
    /// What the hub left behind could not be checked.
    #[error("the hub's folder: {0}")]
    Verify(#[from] crate::verify::FolderError),
    /// A folder that is not empty.
    #[error("{0} is not empty: name an empty folder or a new one")]
    NotEmpty(PathBuf),
    /// The machine.
    #[error("{0}: {1}")]
    Machine(&'static str, std::io::Error),
}

impl DemoError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Expected(_) => "demo-expected",
            Self::Device(..) => "demo-device",
            Self::Hub(_) => "demo-hub",
            Self::Console(_) => "demo-console",
            Self::Verify(_) => "demo-verify",
            Self::NotEmpty(_) => "demo-folder-not-empty",
            Self::Machine(..) => "demo-machine",
        }
    }
}

/// Says what must be so.
pub(crate) fn expect(is_so: bool, otherwise: impl FnOnce() -> String) -> Result<(), DemoError> {
    if is_so { Ok(()) } else { Err(DemoError::Expected(otherwise())) }
}

/// Plays the whole night, from the first invitation to the last check. The hub is stopped when this returns.
///
/// # Errors
/// [`DemoError`] at the first thing that is not as it must be.
pub async fn play(stage: &mut Stage) -> Result<Totals, DemoError> {
    evening::play(stage).await?;
    night::play(stage).await?;
    stage.close()?;
    audit::count(stage)
}
