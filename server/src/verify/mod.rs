//! `segin verify`: what the log says, worked out again, compared with what the hub and the devices hold.
//!
//! Works from log and keyring alone: checks every byte and link of the chain, every signature and commitment, builds all
//! documents anew in memory (`recompute`), and compares (`compare`) with the document store, with what the read
//! model is fed from, and with the heads and digests that devices report. Changes nothing.

mod compare;
mod folder;
mod recompute;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sync_protocol::ids::{ChangeHash, DocumentId, LogId, Position};

pub use compare::{compare_device, compare_store};
pub use folder::{CheckedFolder, FolderError, check_folder};
pub use recompute::{Recomputed, VerifyError, recompute};

/// Differences reported at most; more are counted only.
pub const DIFFERENCES_MAX: usize = 200;

/// The outcome.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Which log.
    pub log: LogId,
    /// Its last entry.
    pub head: Position,
    /// The chain hash there.
    pub chain: String,
    /// Parcels in it.
    pub parcels: u64,
    /// Signatures of manifests that fit their lease's key.
    pub signatures: u64,
    /// Documents whose changes all fit the commitment that was signed.
    pub commitments: u64,
    /// Documents, by kind.
    pub documents: BTreeMap<&'static str, u64>,
    /// Changes applied to them.
    pub changes: u64,
    /// Fields with more than one value.
    pub conflicts: u64,
    /// Changes that wait for a person's decision.
    pub held: u64,
    /// Statements of devices about what they hold, and how many were compared.
    pub statements: u64,
    /// Devices compared document by document.
    pub devices: u64,
    /// What was compared, in words.
    pub compared: Vec<String>,
    /// Everything that differs.
    pub differences: Vec<Difference>,
    /// How many more differ than are listed.
    pub more_differences: u64,
}

/// Something that is not as the log says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// A stable code.
    pub code: &'static str,
    /// Which document, if it is one.
    pub document: Option<DocumentId>,
    /// What was found and what was expected; no contents.
    pub detail: String,
}

/// What a device says that it holds, as `segin device status --heads --json` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceReport {
    /// Under which name it is told of.
    pub device: String,
    /// For each document that the hub has receipted or fed: its heads, without unsent work.
    pub documents: BTreeMap<DocumentId, Vec<ChangeHash>>,
    /// Changes recorded on it that the hub has not receipted.
    pub unsent: u64,
}

impl Report {
    /// Whether everything is as the log says.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.differences.is_empty()
    }

    /// Adds differences, up to the bound.
    pub fn add(&mut self, differences: impl IntoIterator<Item = Difference>) {
        for difference in differences {
            if self.differences.len() < DIFFERENCES_MAX {
                self.differences.push(difference);
            } else {
                self.more_differences += 1;
            }
        }
    }
}
