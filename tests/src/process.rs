//! Hubs as child processes, and their folders.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use segin::hub_process::{HubCommand, HubProcess};
use tempfile::TempDir;

/// The product's binary, beside the test that runs.
///
/// Cargo gives its path to tests of its own package only. `cargo test --workspace` builds it before any test runs,
/// since that package has a test of its own that uses it (`server/tests/command_line.rs`). Running one test file alone
/// takes the binary as it was built last.
///
/// # Panics
/// When it was not built.
#[must_use]
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own path");
    let folder = test.parent().and_then(Path::parent).expect("tests stand in target/PROFILE/deps");
    let binary = folder.join("segin").with_extension(std::env::consts::EXE_EXTENSION);
    assert!(binary.is_file(), "{} is missing: run `cargo test --workspace`, which builds it", binary.display());
    binary
}

/// A folder of its own with a hub's data and key, and how its hub is run.
#[derive(Debug)]
pub struct Place {
    /// Removed with this.
    pub folder: TempDir,
    /// How the hub is run.
    pub command: HubCommand,
}

impl Place {
    /// An empty one.
    ///
    /// # Panics
    /// When the system gives no temporary folder.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("there is room for temporary files");
        let command = HubCommand::in_folder(&binary(), folder.path());
        Self { folder, command }
    }

    /// Starts the hub and waits until it listens.
    ///
    /// # Panics
    /// With the hub's own words when it does not.
    #[must_use]
    pub fn start(&self) -> HubProcess {
        self.command.start().unwrap_or_else(|error| panic!("{error}"))
    }

    /// A hub that is expected not to start: its exit code and its words.
    ///
    /// # Panics
    /// When the binary does not run.
    #[must_use]
    pub fn refused(&self) -> Refusal {
        refused(Command::new(&self.command.binary).args(self.arguments()))
    }

    /// Starts the hub without waiting for anything.
    ///
    /// # Panics
    /// When the binary does not run.
    #[must_use]
    pub fn spawn(&self) -> Child {
        let mut command = Command::new(&self.command.binary);
        command.args(self.arguments()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("the binary runs")
    }

    /// The arguments with which the hub is run.
    #[must_use]
    pub fn arguments(&self) -> Vec<std::ffi::OsString> {
        let mut arguments: Vec<std::ffi::OsString> = vec!["hub".into(), "serve".into(), "--json".into()];
        arguments.extend(["--listen".into(), self.command.listen.clone().into()]);
        arguments.extend(["--data".into(), self.command.data.clone().into()]);
        arguments.extend(["--master-key".into(), self.command.master_key.clone().into()]);
        arguments.extend(self.command.more.iter().map(Into::into));
        arguments
    }

    /// The data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.command.data
    }

    /// A path beside the data folder.
    #[must_use]
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Default for Place {
    fn default() -> Self {
        Self::new()
    }
}

/// How a process ended that did not do what it was asked.
#[derive(Debug)]
pub struct Refusal {
    /// Its exit code; none after a signal.
    pub code: Option<i32>,
    /// What it wrote for programs.
    pub said: String,
    /// What it wrote for people.
    pub error: String,
}

impl Refusal {
    /// Whether it ended as promised: a non-zero exit, one last line for a person that ends with this code in brackets,
    /// holds all these words, and no panic.
    ///
    /// # Panics
    /// When it did not.
    pub fn is(&self, code: &str, words: &[&str]) {
        assert_eq!(self.code, Some(1), "{self:?}");
        let last = self.error.lines().last().unwrap_or_default();
        assert!(last.starts_with("segin: ") && last.ends_with(&format!("[{code}]")), "wanted [{code}]: {self:?}");
        for word in words {
            assert!(last.contains(word), "wanted {word:?}: {self:?}");
        }
        assert!(!self.error.contains("panicked"), "{self:?}");
        assert!(self.said.is_empty(), "{self:?}");
    }
}

/// Runs a command to its end.
///
/// # Panics
/// When it cannot be run.
pub fn refused(command: &mut Command) -> Refusal {
    let output = command.stdin(Stdio::null()).output().expect("the command runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Refusal { code: output.status.code(), said: text(&output.stdout), error: text(&output.stderr) }
}

/// Every file below a folder with the hash of its bytes: equal before and after means nothing was changed.
///
/// # Panics
/// When something cannot be read.
#[must_use]
pub fn fingerprint(folder: &Path) -> BTreeMap<PathBuf, u64> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the folder is readable") {
            let path = entry.expect("the entry is readable").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path).expect("the file is readable");
                let mut hash = DefaultHasher::new();
                hash.write(&bytes);
                found.insert(path, hash.finish());
            }
        }
    }
    found
}
