//! For tests: a hub in this process over a folder of its own, an HTTP client that shows everything, a small device.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;

use serde_json::{Value, json};
use sync_protocol::crypto::SecretKey;
use sync_protocol::documents::{self, Edit, Kind, Value as FieldValue};
use sync_protocol::ids::{Actor, CardToken, ChangeHash, DocumentId, InstallationId, Millis, Position, Salt};
use sync_protocol::wire::answer::{Answer, Receipt, Rest};
use sync_protocol::wire::codec::{Message, Raw, frame, read};
use sync_protocol::wire::enrolment::{EnrolAnswer, EnrolRequest, Invitation};
use sync_protocol::wire::exchange::ExchangeRequest;
use sync_protocol::wire::lease::Lease;
use sync_protocol::wire::manifest::{Manifest, Named, commitment};
use sync_protocol::wire::parcel::{Content, Parcel};
use tempfile::TempDir;

use super::{Hub, Options, RunningHub, StartError};

/// When these tests take place.
pub const NOW: Millis = Millis(1_714_480_000_000);

/// A folder for a hub and its key; gone with the test.
pub struct Place {
    folder: TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn key(&self) -> PathBuf {
        self.folder.path().join("master.key")
    }

    pub fn options(&self) -> Options {
        Options::new(self.data(), self.key()).any_port()
    }

    pub fn start(&self) -> TestHub {
        TestHub { hub: Hub::start(self.options()).unwrap() }
    }

    pub fn refused(&self, options: Options) -> StartError {
        match Hub::start(options) {
            Err(error) => error,
            Ok(_) => panic!("it started"),
        }
    }
}

/// An answer as it came.
#[derive(Debug)]
pub struct Got {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
    /// Bytes of head and body.
    pub bytes: usize,
}

impl Got {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{} {}", self.head, self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

/// Sends one request on a connection of its own.
pub fn send(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Got {
    let mut stream = TcpStream::connect(address).unwrap();
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        request.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    // A refusal may come, and the connection end, before a large body is taken.
    let _ = stream.write_all(body);
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    let split = all.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer has a head");
    let head = String::from_utf8(all[..split].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Got { status, head, body: all[split + 4..].to_vec(), bytes: all.len() }
}

/// A hub in this process.
pub struct TestHub {
    pub hub: RunningHub,
}

impl TestHub {
    pub fn get(&self, path: &str) -> Got {
        let token = format!("Bearer {}", self.hub.console.reveal());
        send(self.hub.address, "GET", path, &[("authorization", &token)], b"")
    }

    pub fn post(&self, path: &str, body: &Value) -> Got {
        let token = format!("Bearer {}", self.hub.console.reveal());
        let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
        send(self.hub.address, "POST", path, &headers, body.to_string().as_bytes())
    }

    pub fn cbor(&self, path: &str, body: &[u8]) -> Got {
        send(self.hub.address, "POST", path, &[("content-type", "application/cbor")], body)
    }

    pub fn site(&self, code: &str, name: &str) {
        let got = self.post("/v1/admin/sites", &json!({"code": code, "name": name, "region": "Kayes"}));
        assert!(got.status == 201 || got.status == 200, "{}", got.text());
    }

    pub fn device(&self, site: &str, name: &str, seed: u8) -> TestDevice {
        let got = self.post("/v1/admin/users", &json!({"name": name, "sites": [site]}));
        assert_eq!(got.status, 201, "{}", got.text());
        let got = self.post("/v1/admin/invitations", &json!({"user": got.json()["user"], "confirmed": true}));
        assert_eq!(got.status, 201, "{}", got.text());
        let invitation = Invitation::parse(got.json()["invitation"].as_str().unwrap()).unwrap();
        let key = SecretKey::from_bytes(&[seed; 32]).unwrap();
        let request = EnrolRequest::sign(&invitation, InstallationId::new([seed; 16]), &key);
        let got = self.cbor("/v1/enrol", &frame(Message::EnrolRequest, &request));
        assert_eq!(got.status, 200, "{}", got.text());
        let answer: EnrolAnswer = read(Message::EnrolAnswer, &got.body).unwrap();
        let lease = answer.lease.verify(&answer.hub).unwrap();
        TestDevice { key, lease, enrolled: answer, counter: 0, cursor: None, documents: BTreeMap::new() }
    }

    pub fn stop(self) {
        self.hub.stop().unwrap();
    }
}

/// As little of a device as these tests need.
pub struct TestDevice {
    pub key: SecretKey,
    pub lease: Lease,
    pub enrolled: EnrolAnswer,
    counter: u64,
    pub cursor: Option<Raw>,
    documents: BTreeMap<DocumentId, automerge::Automerge>,
}

impl TestDevice {
    /// Records fields of a case, new or known, as one parcel.
    pub fn record(&mut self, document: DocumentId, fields: &[(&str, &str)], card: Option<CardToken>) -> Parcel {
        let doc = self.documents.entry(document).or_insert_with(|| documents::blank(Kind::Case));
        let set = |(field, text): &(&str, &str)| Edit::Set {
            field: (*field).into(),
            value: FieldValue::Text((*text).into()).into(),
        };
        let edits: Vec<Edit> = fields.iter().map(set).collect();
        let actor = Actor::from_parts(self.lease.prefix, [1; 8]);
        let shown = documents::edit::heads(doc);
        let committed = documents::apply(doc, Kind::Case, &shown, actor, NOW, &edits).unwrap();
        self.parcel(document, &[(Raw(committed.raw), committed.hash)], card)
    }

    fn parcel(&mut self, document: DocumentId, changes: &[(Raw, ChangeHash)], card: Option<CardToken>) -> Parcel {
        self.counter += 1;
        let salt = Salt::new([u8::try_from(self.counter % 256).unwrap(); 16]);
        let hashes: Vec<ChangeHash> = changes.iter().map(|(_, hash)| *hash).collect();
        let kind = Kind::Case.code();
        let commitment = commitment(&salt, document, kind, &hashes, card.as_ref());
        let manifest = Manifest {
            installation: self.lease.installation,
            user: self.lease.user,
            counter: self.counter,
            previous: None,
            created: NOW,
            site: self.lease.site.clone(),
            documents: vec![Named { document, kind, commitment }],
            statements: Vec::new(),
        };
        let changes = changes.iter().map(|(raw, _)| raw.clone()).collect();
        Parcel::sign(&manifest, vec![Content { salt, changes, card }], Vec::new(), &self.key)
    }

    pub fn request(&self, parcels: Vec<Parcel>) -> Vec<u8> {
        let request = ExchangeRequest {
            lease: self.lease.prefix,
            token: Some(self.enrolled.token),
            cursor: self.cursor.clone(),
            parcels,
            budget: 1_000_000,
            wants: Vec::new(),
            repair: None,
            renewal: None,
            configuration: 1,
            decided_to: Position::START,
            marks: None,
            returns: Vec::new(),
            signed_lease: None,
        };
        frame(Message::ExchangeRequest, &request)
    }

    /// Exchanges; the cursor moves on.
    pub fn sync(&mut self, hub: &TestHub, parcels: Vec<Parcel>) -> (Receipt, Rest) {
        let got = hub.cbor("/v1/exchange", &self.request(parcels));
        assert_eq!(got.status, 200, "{}", got.text());
        let answer: Answer = read(Message::Answer, &got.body).unwrap();
        let (receipt, rest) = answer.open(&self.enrolled.hub).unwrap();
        self.cursor = rest.cursor.clone().or(self.cursor.take());
        (receipt, rest)
    }
}
