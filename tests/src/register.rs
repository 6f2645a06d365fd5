//! A register of two sites with a case each, whose names nobody has: what the tests of who sees what begin with.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sync_protocol::documents::{Code, DeviceLetters, Edit, EntryId, Kind, Value as Plain};
use sync_protocol::ids::{DocumentId, SiteCode};

use crate::console::{Console, Heard, Person};
use crate::http::Http;
use crate::raw::RawDevice;

/// Names that nobody has: wherever one is read, it came from the register.
pub const CANARIES: [&str; 4] = ["Zibelinata", "Quoximara", "Wyvernou", "Xylophia"];
/// A reason as people give it.
pub const REASON: &str = "She is at our gate and cannot say what she takes";
/// A document that does not exist.
pub const OTHER: DocumentId = DocumentId::new([0xEE; 16]);

/// Sets a field to a text.
#[must_use]
pub fn set(field: &str, value: &str) -> Edit {
    Edit::Set { field: field.into(), value: Plain::Text(value.into()).into() }
}

/// Adds an entry of texts.
#[must_use]
pub fn add(group: &str, n: u8, pairs: &[(&str, &str)]) -> Edit {
    let value = |text: &&str| Plain::Text((*text).to_owned()).into();
    let values: BTreeMap<_, _> = pairs.iter().map(|(key, text)| ((*key).to_owned(), value(text))).collect();
    Edit::Add { group: group.into(), entry: EntryId::new([n; 8]), values, at: None, from: None }
}

/// A hub with a device at Gogui and one at Kayes, and a case of each.
pub struct Register {
    /// The hub and its console.
    pub console: Console,
    /// A link for devices.
    pub http: Http,
    /// The device at Gogui.
    pub gogui: RawDevice,
    /// The users of the devices.
    pub users: [String; 2],
    /// The case at Gogui.
    pub case: DocumentId,
    /// The case at Kayes.
    pub far: DocumentId,
    /// Its code.
    pub far_code: String,
}

/// A code of a site.
///
/// # Panics
/// When it is none.
#[must_use]
pub fn code(site: &str, counter: u32) -> String {
    let letters = DeviceLetters::new("K7").expect("as this harness has it");
    Code::next(&SiteCode::new(site).expect("as this harness has it"), 24, letters, counter)
        .expect("as this harness has it")
        .to_string()
}

impl Register {
    /// Starts it; nobody has an account yet.
    ///
    /// # Panics
    /// When the hub does not do it.
    #[must_use]
    pub fn new() -> Self {
        let console = Console::new();
        let mut http = Http::to(console.address().to_string());
        let mut device = |name: &str, site: &str, seed: u64| {
            let user = console.user(name, &[site], &json!({"roles": ["caseworker"]}));
            let body = json!({"user": user, "confirmed": true});
            let heard = console.setup("POST", "/v1/admin/invitations", &body);
            let invitation = heard.json()["invitation"].as_str().expect("as this harness has it").to_owned();
            (user, RawDevice::enrol(&mut http, &invitation, seed).expect("as this harness has it"))
        };
        let (here, mut gogui) = device("Awa Device", "GOG", 1);
        let (there, mut kayes) = device("Moussa Device", "KAY", 2);
        let far_code = code("KAY", 7);
        let case = record(&mut gogui, &mut http, [CANARIES[0], CANARIES[1]], &code("GOG", 3));
        let far = record(&mut kayes, &mut http, [CANARIES[2], CANARIES[3]], &far_code);
        Self { console, http, gogui, users: [here, there], case, far, far_code }
    }

    /// Somebody of this site with an account.
    #[must_use]
    pub fn person(&self, name: &str, site: &str, role: &str) -> Person {
        let user = self.console.user(name, &[site], &json!({"roles": [role]}));
        self.console.account(&user, name)
    }

    /// Asks as this person.
    #[must_use]
    pub fn get(&self, person: &Person, path: &str) -> Heard {
        self.console.ask(&person.cookie, "GET", path, &Value::Null)
    }

    /// Acts as this person.
    #[must_use]
    pub fn post(&self, person: &Person, path: &str, body: &Value) -> Heard {
        self.console.ask(&person.cookie, "POST", path, body)
    }

    /// What the hub has been asked to read so far: documents, lists.
    ///
    /// # Panics
    /// When the metrics do not say it.
    #[must_use]
    pub fn calls(&self) -> (u64, u64) {
        let metrics = self.console.setup("GET", "/metrics", &Value::Null).body;
        let number = |name: &str| {
            let line = metrics.lines().find(|line| line.starts_with(name)).expect("as this harness has it");
            line.split(' ').nth(1).expect("as this harness has it").parse().expect("as this harness has it")
        };
        (number("segin_document_calls "), number("segin_list_calls "))
    }

    /// The last entry of the log.
    ///
    /// # Panics
    /// When the hub does not say it.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.console.setup("GET", "/v1/status", &Value::Null).json()["position"]
            .as_u64()
            .expect("as this harness has it")
    }
}

/// Registers somebody.
///
/// # Panics
/// When the hub does not take it.
pub fn record(device: &mut RawDevice, http: &mut Http, names: [&str; 2], code: &str) -> DocumentId {
    let document = device.new_document();
    let site = device.site.to_string();
    let edits = [
        set("identity.given", names[0]),
        set("identity.family", names[1]),
        set("card.site", &site),
        set("card.code", code),
        set("identity.sex", "f"),
        add("assistance", 1, &[("kind", "blanket"), ("by", names[0])]),
    ];
    let change = device.edit(document, Kind::Case, &edits);
    let parcel = device.parcel(&[(document, vec![change], None)]);
    device.sync(http, vec![parcel]).expect("as this harness has it");
    document
}

/// What a client hears, but for the request's own id and what was found.
#[must_use]
pub fn same(heard: &Heard) -> (u16, String, String) {
    let id = heard.json()["request_id"].as_str().unwrap_or("none").to_owned();
    let head = heard.head.lines().filter(|line| !line.to_lowercase().starts_with("date:"));
    (heard.status, head.collect::<Vec<_>>().join("\n"), heard.body.replace(&id, "ID"))
}

impl Default for Register {
    fn default() -> Self {
        Self::new()
    }
}
