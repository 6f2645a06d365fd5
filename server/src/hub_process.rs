//! A hub as a child process: for the demo, the measurements and the tests, which kill it.
//!
//! Owns the process and what it said at its start. The process is killed when this is dropped: nothing is left behind.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread::JoinHandle;

use serde::Deserialize;
use serde_json::json;
use sync_protocol::ids::{SiteCode, UserId};
use thiserror::Error;

use crate::cli::Trouble;
use crate::cli::client::Client;

/// How a hub process is run.
#[derive(Debug, Clone)]
pub struct HubCommand {
    /// The `segin` binary.
    pub binary: PathBuf,
    /// The data folder.
    pub data: PathBuf,
    /// The master key's file.
    pub master_key: PathBuf,
    /// Where to listen; port 0 picks one.
    pub listen: String,
    /// Further arguments of `segin hub serve`.
    pub more: Vec<String>,
}

/// A running hub process.
#[derive(Debug)]
pub struct HubProcess {
    child: Child,
    said: Said,
    /// Reads what the process writes to its error output, so that it never waits for a reader.
    errors: Option<JoinHandle<String>>,
}

/// What a hub says once it listens.
#[derive(Debug, Clone, Deserialize)]
struct Said {
    address: String,
    url: String,
    link: String,
    console_token: String,
}

/// Why there is no hub process.
#[derive(Debug, Error)]
pub enum HubProcessError {
    /// The binary could not be run.
    #[error("{binary} could not be run: {source}")]
    Run {
        /// Which.
        binary: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It ended before it listened.
    #[error("the hub did not start: {said}")]
    Start {
        /// Its own words.
        said: String,
    },
    /// The process could not be watched or ended.
    #[error("the hub's process could not be waited for: {0}")]
    Wait(#[from] std::io::Error),
}

impl HubCommand {
    /// A hub in this folder, on a port that the system picks; its key lies beside the data folder.
    #[must_use]
    pub fn in_folder(binary: &Path, folder: &Path) -> Self {
        Self {
            binary: binary.to_owned(),
            data: folder.join("hub"),
            master_key: folder.join("master.key"),
            listen: "127.0.0.1:0".to_owned(),
            more: Vec::new(),
        }
    }

    /// Runs it and returns once it listens.
    ///
    /// # Errors
    /// [`HubProcessError`].
    pub fn start(&self) -> Result<HubProcess, HubProcessError> {
        let mut child = Command::new(&self.binary)
            .args(["hub", "serve", "--json", "--listen", &self.listen, "--data"])
            .arg(&self.data)
            .arg("--master-key")
            .arg(&self.master_key)
            .args(&self.more)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|source| HubProcessError::Run { binary: self.binary.display().to_string(), source })?;
        let errors = child.stderr.take().map(|stderr| std::thread::spawn(move || last_words(stderr)));
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        match serde_json::from_str::<Said>(&line) {
            Ok(said) => Ok(HubProcess { child, said, errors }),
            Err(_) => {
                child.kill()?;
                child.wait()?;
                let said = errors.and_then(|thread| thread.join().ok()).unwrap_or(line);
                Err(HubProcessError::Start { said: said.trim().trim_start_matches("segin: ").to_owned() })
            }
        }
    }
}

/// The last lines that a process wrote, bounded.
fn last_words(stderr: ChildStderr) -> String {
    const LINES: usize = 40;
    const LINE_BYTES: u64 = 4_096;
    let mut reader = BufReader::new(stderr);
    let mut lines = std::collections::VecDeque::new();
    loop {
        let mut line = Vec::new();
        let read = reader.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line).unwrap_or(0);
        if read == 0 {
            return lines.into_iter().collect();
        }
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(String::from_utf8_lossy(&line).into_owned());
    }
}

impl HubProcess {
    /// Host and port.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.said.address
    }

    /// The hub's address for devices.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.said.url
    }

    /// The page's link, with the console token.
    #[must_use]
    pub fn link(&self) -> &str {
        &self.said.link
    }

    /// Opens the console.
    #[must_use]
    pub fn console_token(&self) -> &str {
        &self.said.console_token
    }

    /// The process's number.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it at once (SIGKILL): nothing is finished, nothing is flushed.
    ///
    /// # Errors
    /// [`HubProcessError::Wait`].
    pub fn kill(mut self) -> Result<(), HubProcessError> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to stop (SIGTERM) and waits; its exit code, and its last words.
    ///
    /// # Errors
    /// [`HubProcessError::Wait`].
    pub fn stop(mut self) -> Result<(Option<i32>, String), HubProcessError> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).map_err(std::io::Error::from)?;
        let status = self.child.wait()?;
        let words = self.errors.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        Ok((status.code(), words))
    }

    /// Waits for an end that was not asked for here; its exit code, and its last words.
    ///
    /// # Errors
    /// [`HubProcessError::Wait`].
    pub fn wait(mut self) -> Result<(Option<i32>, String), HubProcessError> {
        let status = self.child.wait()?;
        let words = self.errors.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        Ok((status.code(), words))
    }

    /// Speaks to the console.
    ///
    /// # Errors
    /// [`Trouble`] when the address is none.
    pub fn console(&self) -> Result<Client, Trouble> {
        Client::new(self.url(), self.said.console_token.clone())
    }

    /// Adds a site.
    ///
    /// # Errors
    /// [`Trouble`] as the hub says it.
    pub async fn add_site(&self, code: &str, name: &str, region: &str) -> Result<(), Trouble> {
        let body = json!({ "code": code, "name": name, "region": region });
        let _: serde_json::Value = self.console()?.post("/v1/admin/sites", &body).await?;
        Ok(())
    }

    /// Adds a user of these sites, the first one home.
    ///
    /// # Errors
    /// [`Trouble`] as the hub says it.
    pub async fn add_user(&self, name: &str, sites: &[SiteCode]) -> Result<UserId, Trouble> {
        #[derive(Deserialize)]
        struct Added {
            user: UserId,
        }
        let body = json!({ "name": name, "sites": sites });
        let added: Added = self.console()?.post("/v1/admin/users", &body).await?;
        Ok(added.user)
    }

    /// Invites a device of a user: twelve characters.
    ///
    /// # Errors
    /// [`Trouble`] as the hub says it.
    pub async fn invite(&self, user: UserId) -> Result<String, Trouble> {
        #[derive(Deserialize)]
        struct Invited {
            invitation: String,
        }
        let invited: Invited =
            self.console()?.post("/v1/admin/invitations", &json!({ "user": user, "confirmed": true })).await?;
        Ok(invited.invitation)
    }
}

impl Drop for HubProcess {
    fn drop(&mut self) {
        // Already ended, most times.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
