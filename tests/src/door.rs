//! A hub inside the test whose door is narrow, certificates for it, and requests written by hand.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use segin::cli::client::Client;
use segin::serve::{Hub, Options, RunningHub, StartError};
use segin::tls::{CertificateFiles, Trust};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A hub that does not answer within this has failed the test.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder for a hub, and how it is run.
pub struct House {
    folder: TempDir,
    /// How the hub is to run.
    pub options: Options,
    runtime: Runtime,
}

/// An answer as it came.
#[derive(Debug)]
pub struct Said {
    /// Zero when the connection ended without an answer.
    pub status: u16,
    /// Status line and headers, in lower case.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Said {
    /// The error's stable code; empty where there is none.
    #[must_use]
    pub fn code(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        body["code"].as_str().unwrap_or_default().to_owned()
    }

    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        Self { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }
}

impl House {
    /// A hub with the usual door.
    ///
    /// # Panics
    /// When there is no room.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("there is room for temporary files");
        let options = Options::new(folder.path().join("hub"), folder.path().join("master.key")).any_port();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime is made");
        Self { folder, options, runtime }
    }

    /// Starts the hub.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn open(&self) -> RunningHub {
        self.try_open().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts the hub.
    ///
    /// # Errors
    /// As the hub says it.
    pub fn try_open(&self) -> Result<RunningHub, StartError> {
        Hub::start(self.options.clone())
    }

    /// A path beside the hub's folder.
    #[must_use]
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a certificate and its key where the hub looks for them.
    ///
    /// # Panics
    /// When there is no room.
    pub fn show(&mut self, (certificate, key): &(String, String)) {
        let mut files = CertificateFiles::new(self.beside("hub.pem"), self.beside("hub.key"));
        files.look_every = Duration::from_millis(20);
        // The key first: the pair in between is a mismatch, which is refused and tried again.
        std::fs::write(&files.key, key).expect("there is room");
        std::fs::write(&files.certificate, certificate).expect("there is room");
        self.options.door.tls = Some(files);
    }

    /// Runs what is async.
    pub fn run<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// Posts as the console, plain or believing an authority.
    ///
    /// # Errors
    /// The code and the sentence.
    pub fn post(
        &self,
        hub: &RunningHub,
        authority: Option<&str>,
        path: &str,
        body: &Value,
    ) -> Result<Value, (String, String)> {
        let token = hub.console.reveal().to_owned();
        let client = Client::trusting(&hub.url(), Some(token), authority.map(str::as_bytes));
        let answer = client.and_then(|client| self.run(client.post(path, body)));
        answer.map_err(|trouble| (trouble.code, trouble.message))
    }

    /// Adds the site GOG.
    ///
    /// # Errors
    /// As [`House::post`].
    pub fn site(&self, hub: &RunningHub, authority: Option<&str>) -> Result<Value, (String, String)> {
        self.post(hub, authority, "/v1/admin/sites", &json!({"code": "GOG", "name": "Gogui", "region": "Kayes"}))
    }

    /// Adds a user of GOG and invites a device.
    ///
    /// # Panics
    /// When the hub refuses.
    #[must_use]
    pub fn invite(&self, hub: &RunningHub, authority: Option<&str>, name: &str) -> String {
        let post = |path, body| self.post(hub, authority, path, &body).unwrap_or_else(|refused| panic!("{refused:?}"));
        let user = post("/v1/admin/users", json!({"name": name, "sites": ["GOG"]}))["user"].clone();
        let invited = post("/v1/admin/invitations", json!({"user": user, "confirmed": true}));
        invited["invitation"].as_str().expect("an invitation is text").to_owned()
    }

    /// Sends a request as it is written, under TLS, and reads until the end.
    ///
    /// # Panics
    /// When the hub is not believed.
    pub fn ask_tls(&self, address: SocketAddr, authority: &str, request: &str) -> Said {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let trust = Trust::authority(authority.as_bytes()).expect("an authority is given");
        let all = self.run(async {
            let stream = tokio::net::TcpStream::connect(address).await.expect("the hub listens");
            let mut stream = trust.connect("127.0.0.1", stream).await.expect("the hub is believed");
            stream.write_all(request.as_bytes()).await.expect("the hub reads");
            let mut all = Vec::new();
            let _ = stream.read_to_end(&mut all).await;
            all
        });
        Said::read(&all)
    }
}

impl Default for House {
    fn default() -> Self {
        Self::new()
    }
}

/// Opens a connection.
///
/// # Panics
/// When nobody listens.
#[must_use]
pub fn knock(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the hub listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout is set");
    stream
}

/// Sends bytes as they are and reads until the end.
///
/// # Panics
/// When nobody listens, or the connection stays open without end.
pub fn ask(address: SocketAddr, bytes: &[u8]) -> Said {
    let mut stream = knock(address);
    // A refusal may come, and the connection end, before all is taken.
    let _ = stream.write_all(bytes);
    hear(stream)
}

/// Reads until the end.
///
/// # Panics
/// When the connection stays open without end.
pub fn hear(mut stream: TcpStream) -> Said {
    let mut all = Vec::new();
    match stream.read_to_end(&mut all) {
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("the hub keeps the connection"),
        _ => Said::read(&all),
    }
}

/// A GET with further headers, each with its line end.
pub fn get(address: SocketAddr, path: &str, headers: &str) -> Said {
    ask(address, format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}\r\n").as_bytes())
}

/// The headers that open the console.
#[must_use]
pub fn token(hub: &RunningHub) -> String {
    format!("authorization: Bearer {}\r\n", hub.console.reveal())
}

/// Waits for a condition.
///
/// # Panics
/// When it does not come about.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = std::time::Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "in vain: {what}");
        std::thread::yield_now();
    }
}

/// Signs certificates.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate.
    pub pem: String,
}

impl Authority {
    /// A new one.
    ///
    /// # Panics
    /// When no key can be made.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key is made");
        let mut params = CertificateParams::new(Vec::new()).expect("no names are names");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).expect("it signs itself").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate for these names, in force for a long time, and its key.
    #[must_use]
    pub fn issue(&self, names: &[&str]) -> (String, String) {
        self.issue_for(names, 2020, 2999)
    }

    /// The same from the first day of a year to the first day of another.
    ///
    /// # Panics
    /// When a name is none.
    #[must_use]
    pub fn issue_for(&self, names: &[&str], from: i32, to: i32) -> (String, String) {
        let key = KeyPair::generate().expect("a key is made");
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("these are names");
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(to, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).expect("the authority signs");
        (certificate.pem(), key.serialize_pem())
    }
}
