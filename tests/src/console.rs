//! A hub inside the test whose clock is set by hand, and people who sign in to its console.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use data_encoding::BASE32_NOPAD;
use segin::account::totp::Secret;
use segin::clock::{Clock, FakeClock};
use segin::serve::{Hub, Options, RunningHub};
use serde_json::{Value, json};
use sync_protocol::ids::Millis;
use tempfile::TempDir;

/// A hub that does not answer within this has failed the test.
const PATIENCE: Duration = Duration::from_secs(60);
/// When these tests begin: the first second of a one-time code's step.
pub const NOW: Millis = Millis(1_714_480_020_000);
/// Milliseconds of a minute.
pub const MINUTE: i64 = 60_000;
/// Milliseconds of a one-time code's step.
pub const STEP: i64 = 30_000;

/// An answer as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Its status.
    pub status: u16,
    /// Status line and headers.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Heard {
    /// The body as JSON; null where it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The error's stable code; empty where there is none.
    #[must_use]
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().filter_map(|line| line.split_once(": ")).find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// The cookie that it sets, as a browser sends it back; none where it takes it away.
    #[must_use]
    pub fn cookie(&self) -> Option<String> {
        let pair = self.header("set-cookie")?.split(';').next()?;
        (!pair.ends_with('=')).then(|| pair.to_owned())
    }

    /// Status and code: what a refusal says.
    #[must_use]
    pub fn refusal(&self) -> (u16, String) {
        (self.status, self.code())
    }
}

/// A hub and its clock.
pub struct Console {
    /// Hub time.
    pub clock: FakeClock,
    hub: Option<RunningHub>,
    options: Options,
    _folder: TempDir,
}

/// Somebody with an account.
#[derive(Debug, Clone)]
pub struct Person {
    /// The user's id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The password.
    pub password: String,
    /// What the telephone knows.
    pub secret: Secret,
    /// Recovery codes.
    pub recovery: Vec<String>,
    /// The session's cookie.
    pub cookie: String,
}

impl Console {
    /// A hub with the sites GOG and KAY.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("there is room for temporary files");
        let clock = FakeClock::new(NOW);
        let mut options = Options::new(folder.path().join("hub"), folder.path().join("master.key")).any_port();
        options.clock = std::sync::Arc::new(clock.clone());
        let hub = Some(Hub::start(options.clone()).unwrap_or_else(|error| panic!("{error}")));
        let console = Self { clock, hub, options, _folder: folder };
        for (code, name) in [("GOG", "Gogui"), ("KAY", "Kayes")] {
            let heard =
                console.setup("POST", "/v1/admin/sites", &json!({"code": code, "name": name, "region": "Kayes"}));
            assert_eq!(heard.status, 201, "{heard:?}");
        }
        console
    }

    fn hub(&self) -> &RunningHub {
        self.hub.as_ref().expect("the hub runs between start and stop")
    }

    /// Stops the hub and starts it again over the same folder.
    ///
    /// # Panics
    /// When it does not stop or start.
    pub fn restart(&mut self) {
        let hub = self.hub.take().expect("the hub runs between start and stop");
        hub.stop().unwrap_or_else(|error| panic!("{error}"));
        self.hub = Some(Hub::start(self.options.clone()).unwrap_or_else(|error| panic!("{error}")));
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.hub().address
    }

    /// The hub's own origin, as browsers name it.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Lets hub time pass.
    pub fn pass(&self, ms: i64) {
        self.clock.advance(ms);
    }

    /// Sends anything.
    ///
    /// # Panics
    /// When the hub does not answer.
    #[must_use]
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Heard {
        let mut stream = TcpStream::connect(self.address()).expect("the hub listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a connection takes a timeout");
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.address());
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        stream.write_all(&[head.as_bytes(), body].concat()).expect("the hub takes a small request");
        let mut all = Vec::new();
        stream.read_to_end(&mut all).expect("the hub answers and closes");
        let text = String::from_utf8_lossy(&all);
        let (head, body) = text.split_once("\r\n\r\n").expect("an answer has a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("an answer has a status");
        Heard { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// Sends JSON with these headers; nothing where it is null.
    #[must_use]
    pub fn json(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Heard {
        let headers = [headers, &[("content-type", "application/json")]].concat();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(method, path, &headers, body.as_bytes())
    }

    /// Asks with the console token.
    #[must_use]
    pub fn setup(&self, method: &str, path: &str, body: &Value) -> Heard {
        let token = format!("Bearer {}", self.hub().console.reveal());
        self.json(method, path, &[("authorization", &token)], body)
    }

    /// Asks in a session, from the hub's own page.
    #[must_use]
    pub fn ask(&self, cookie: &str, method: &str, path: &str, body: &Value) -> Heard {
        let origin = self.origin();
        let headers = [("cookie", cookie), ("origin", origin.as_str()), ("sec-fetch-site", "same-origin")];
        self.json(method, path, &headers, body)
    }

    /// Whether a session is open.
    #[must_use]
    pub fn is_open(&self, cookie: &str) -> bool {
        self.ask(cookie, "GET", "/v1/session", &Value::Null).status == 200
    }

    /// Adds a user; what more than name and sites is said of them.
    ///
    /// # Panics
    /// When the hub refuses.
    #[must_use]
    pub fn user(&self, name: &str, sites: &[&str], more: &Value) -> String {
        let mut user = json!({"name": name, "sites": sites});
        if let (Some(user), Some(more)) = (user.as_object_mut(), more.as_object()) {
            user.extend(more.clone());
        }
        let heard = self.setup("POST", "/v1/admin/users", &user);
        assert_eq!(heard.status, 201, "{heard:?}");
        heard.json()["user"].as_str().expect("a user has an id").to_owned()
    }

    /// Gives a user a setup code.
    ///
    /// # Panics
    /// When the hub refuses.
    #[must_use]
    pub fn setup_code(&self, user: &str) -> String {
        let heard = self.setup("POST", "/v1/admin/accounts", &json!({"user": user}));
        assert_eq!(heard.status, 201, "{heard:?}");
        heard.json()["setup"].as_str().expect("a code is text").to_owned()
    }

    /// Sets an account up; the person is signed in afterwards.
    ///
    /// # Panics
    /// When the hub refuses.
    #[must_use]
    pub fn account(&self, user: &str, name: &str) -> Person {
        let setup = self.setup_code(user);
        let password = format!("{} pirogues sur le fleuve", setup.to_lowercase());
        let step = |code: Option<String>| {
            let body = json!({"setup": setup, "password": password, "code": code});
            self.json("POST", "/v1/account/setup", &[], &body)
        };
        let heard = step(None);
        assert_eq!(heard.status, 200, "{heard:?}");
        let secret = secret(heard.json()["secret"].as_str().expect("a secret is text"));
        let heard = step(Some(secret.code(self.clock.now())));
        assert_eq!(heard.status, 201, "{heard:?}");
        let recovery = heard.json()["recovery"].as_array().expect("codes are a list").clone();
        Person {
            id: user.to_owned(),
            name: name.to_owned(),
            cookie: heard.cookie().expect("a session is open"),
            recovery: recovery.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            password,
            secret,
        }
    }

    /// A user of GOG with these roles and an account.
    #[must_use]
    pub fn person(&self, name: &str, roles: &[&str]) -> Person {
        let user = self.user(name, &["GOG"], &json!({"roles": roles}));
        self.account(&user, name)
    }

    /// Tries to sign in.
    #[must_use]
    pub fn sign_in(&self, user: &str, password: &str, code: &str) -> Heard {
        self.json("POST", "/v1/session", &[], &json!({"user": user, "password": password, "code": code}))
    }

    /// Signs in with the telephone's next code; the session's cookie.
    ///
    /// # Panics
    /// When the hub refuses.
    #[must_use]
    pub fn enter(&self, person: &Person) -> String {
        self.pass(STEP);
        let heard = self.sign_in(&person.name, &person.password, &self.code(person));
        assert_eq!(heard.status, 200, "{heard:?}");
        heard.cookie().expect("a session is open")
    }

    /// What the person's telephone shows.
    #[must_use]
    pub fn code(&self, person: &Person) -> String {
        person.secret.code(self.clock.now())
    }

    /// The data folder and the master key's file.
    #[must_use]
    pub fn folder(&self) -> (std::path::PathBuf, std::path::PathBuf) {
        (self.options.data.clone(), self.options.master_key.clone())
    }

    /// The console token.
    #[must_use]
    pub fn token(&self) -> String {
        self.hub().console.reveal().to_owned()
    }

    /// Stops the hub; its folder is there until this is dropped.
    ///
    /// # Panics
    /// When it had failed.
    pub fn stop(&mut self) {
        if let Some(hub) = self.hub.take() {
            hub.stop().unwrap_or_else(|error| panic!("{error}"));
        }
    }

    /// Stops the hub.
    ///
    /// # Panics
    /// When it had failed.
    pub fn end(mut self) {
        self.stop();
    }
}

impl Default for Console {
    fn default() -> Self {
        Self::new()
    }
}

/// A secret as it is typed into a telephone.
fn secret(typed: &str) -> Secret {
    let letters: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    let bytes = BASE32_NOPAD.decode(letters.as_bytes()).expect("a secret is base 32");
    Secret::from_slice(&bytes).expect("a secret has twenty bytes")
}
