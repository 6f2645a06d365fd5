//! The hub of the browser demo: its process, killed and started; its console; its folder, verified.
//!
//! One act at a time. A second copy stands beside the first, so that records reach *in two places*.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Serialize;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::demo::DemoError;
use crate::demo::cast::codes;
use crate::hub_process::{HubCommand, HubProcess, HubProcessError};
use crate::random::SystemRandom;
use crate::routes::devices::DeviceList;
use crate::routes::status::Status;
use crate::serve::ConsoleToken;

/// The sites: code and name. Both lie in one region.
const SITES: [(&str, &str); 2] = [("GOG", "Gogui"), ("KAY", "Kayes, centre de transit")];
const REGION: &str = "Kayes";

/// The hub.
pub struct Stand {
    command: HubCommand,
    address: SocketAddr,
    link: String,
    hub: Mutex<Option<HubProcess>>,
}

/// What the hub says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Documents that stand in the log.
    pub documents: u64,
    /// Parcels that were receipted.
    pub receipts: usize,
    /// Entries of the log.
    pub entries: u64,
    /// Entries of it that stand in the second place, too.
    pub copied: u64,
    /// Names of the users whose device is enrolled.
    pub enrolled: Vec<String>,
}

/// What `segin verify` found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Nothing differs.
    pub agrees: bool,
    /// How many things differ.
    pub differences: u64,
    /// Documents that were worked out again.
    pub documents: u64,
    /// Signatures that were checked.
    pub signatures: u64,
    /// Fields with more than one value.
    pub conflicts: u64,
    /// In words, if it could not be done or something differs.
    pub said: Option<String>,
}

impl Stand {
    /// Starts a hub in an empty folder, with its sites.
    ///
    /// # Errors
    /// [`DemoError`].
    pub async fn set(binary: &Path, folder: &Path) -> Result<Self, DemoError> {
        if std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(DemoError::NotEmpty(folder.to_owned()));
        }
        let machine = |error| DemoError::Machine("the demo's folder", error);
        std::fs::create_dir_all(folder).map_err(machine)?;
        let token = folder.join("console.token");
        std::fs::write(&token, ConsoleToken::draw(&mut SystemRandom).reveal()).map_err(machine)?;
        let mut command = HubCommand::in_folder(binary, folder);
        let second: PathBuf = folder.join("second-place");
        command.more = vec!["--console-token-file".to_owned(), token.display().to_string()];
        command.more.extend(["--copy-to".to_owned(), second.display().to_string()]);
        let hub = command.start()?;
        let address = hub.address().to_owned();
        let link = hub.link().to_owned();
        // From now on at the same address: the phones know no other.
        command.listen.clone_from(&address);
        let address = address.parse().map_err(|_| DemoError::Expected(format!("{address} is no address")))?;
        for (code, name) in SITES {
            hub.add_site(code, name, REGION).await?;
        }
        Ok(Self { command, address, link, hub: Mutex::new(Some(hub)) })
    }

    /// Where the hub listens, whenever it runs.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The hub's page, with its token.
    #[must_use]
    pub fn link(&self) -> &str {
        &self.link
    }

    /// Adds a user and invites a device.
    ///
    /// # Errors
    /// [`DemoError`] when the hub does not run or refuses.
    pub async fn invite(&self, name: &str, sites: &[&str]) -> Result<String, DemoError> {
        let hub = self.hub.lock().await;
        let hub = hub.as_ref().ok_or_else(|| DemoError::Expected("the hub is not running".to_owned()))?;
        let user = hub.add_user(name, &codes(sites)).await?;
        Ok(hub.invite(user).await?)
    }

    /// Kills it (SIGKILL); nothing if it does not run.
    ///
    /// # Errors
    /// [`HubProcessError::Wait`].
    pub async fn kill(&self) -> Result<(), HubProcessError> {
        match self.hub.lock().await.take() {
            Some(hub) => hub.kill(),
            None => Ok(()),
        }
    }

    /// Starts it; nothing if it runs.
    ///
    /// # Errors
    /// [`HubProcessError`] with its own words.
    pub async fn start(&self) -> Result<(), HubProcessError> {
        let mut hub = self.hub.lock().await;
        if hub.is_none() {
            *hub = Some(self.start_process().await?);
        }
        Ok(())
    }

    async fn start_process(&self) -> Result<HubProcess, HubProcessError> {
        let command = self.command.clone();
        let started = tokio::task::spawn_blocking(move || command.start()).await;
        started.map_err(|error| HubProcessError::Wait(std::io::Error::other(error)))?
    }

    /// Stops it for good; nothing if it does not run.
    ///
    /// # Errors
    /// [`HubProcessError::Wait`].
    pub async fn end(&self) -> Result<(), HubProcessError> {
        match self.hub.lock().await.take() {
            // An interrupt at the terminal went to the hub as well.
            Some(hub) => hub.stop().map(drop),
            None => Ok(()),
        }
    }

    /// What it says of itself; `None` if it does not run or does not answer.
    pub async fn counts(&self) -> Option<Counts> {
        let hub = self.hub.lock().await;
        let console = hub.as_ref()?.console().ok()?;
        let status: Status = console.get("/v1/status").await.ok()?;
        let devices: DeviceList = console.get("/v1/devices").await.ok()?;
        Some(Counts {
            documents: status.channels.iter().map(|channel| channel.documents).sum(),
            receipts: status.parcels,
            entries: status.position.0,
            copied: status.copied_to.0,
            enrolled: devices.devices.into_iter().map(|device| device.name).collect(),
        })
    }

    /// Runs `segin verify` over its folder; `None` if the hub does not run: what is derived from the log of a killed hub
    /// may be behind it until the next start. The hub is stopped for it and started again, so that its document store is
    /// compared, too.
    ///
    /// # Errors
    /// [`HubProcessError`] when it cannot be stopped or started.
    pub async fn verify(&self) -> Result<Option<Verdict>, HubProcessError> {
        let mut place = self.hub.lock().await;
        let Some(hub) = place.take() else { return Ok(None) };
        tokio::task::spawn_blocking(move || hub.stop()).await.map_err(std::io::Error::other)??;
        let mut verify = Command::new(&self.command.binary);
        verify.arg("verify").arg("--json").arg("--data").arg(&self.command.data);
        verify.arg("--master-key").arg(&self.command.master_key).stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || verify.output()).await.map_err(std::io::Error::other)??;
        *place = Some(self.start_process().await?);
        Ok(Some(verdict(&output.stdout, &output.stderr)))
    }
}

fn verdict(stdout: &[u8], stderr: &[u8]) -> Verdict {
    let report: Value = serde_json::from_slice(stdout).unwrap_or_default();
    let number = |name: &str| report[name].as_u64().unwrap_or_default();
    let listed = report["differences"].as_array();
    let differences = listed.map_or(0, |listed| listed.len() as u64) + number("more_differences");
    let first = listed.and_then(|listed| listed.first()).and_then(|first| first["detail"].as_str());
    let said = match listed {
        Some(_) => first.map(str::to_owned),
        None => Some(String::from_utf8_lossy(stderr).trim().trim_start_matches("segin: ").to_owned()),
    };
    Verdict {
        agrees: listed.is_some_and(Vec::is_empty) && differences == 0,
        differences,
        documents: report["documents"].as_object().map_or(0, |by| by.values().filter_map(Value::as_u64).sum()),
        signatures: number("signatures"),
        conflicts: number("conflicts"),
        said,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_agrees_only_if_it_says_so() {
        let agrees = br#"{"documents":{"case":3,"movement":1},"signatures":2,"conflicts":1,"differences":[],"more_differences":0}"#;
        let found = verdict(agrees, b"");
        assert!(found.agrees && found.documents == 4 && found.conflicts == 1 && found.said.is_none(), "{found:?}");
        let differs = br#"{"differences":[{"detail":"a document differs"}],"more_differences":2}"#;
        let found = verdict(differs, b"");
        assert!(!found.agrees && found.differences == 3 && found.said.as_deref() == Some("a document differs"));
        let failed = verdict(b"", b"segin: the log is gone [log]\n");
        assert!(!failed.agrees && failed.said.as_deref() == Some("the log is gone [log]"));
    }
}
