//! The hub, the people and the documents that the table is about.

use std::collections::BTreeMap;

use segin::access::Role;
use serde_json::{Value, json};
use sync_protocol::documents::{Edit, Kind};
use sync_protocol::ids::DocumentId;
use sync_protocol::wire::answer::{Fate, Receipt};

use super::{DOCUMENTS, Family, HOME, NONE, SITES};
use crate::console::{Console, Heard};
use crate::http::Http;
use crate::raw::RawDevice;

/// What somebody shows.
#[derive(Debug, Clone)]
pub enum How {
    /// Nothing.
    Nothing,
    /// The console token.
    Token,
    /// A session.
    Session(String),
}

/// A row of the table.
#[derive(Debug, Clone)]
pub struct Asker {
    /// As the table names it.
    pub name: &'static str,
    /// What it shows.
    pub how: How,
    /// Its number: each has held work of its own to decide about.
    pub number: usize,
}

/// A device and its link.
pub struct Device {
    /// As the table names its user.
    pub name: &'static str,
    /// The device.
    pub raw: RawDevice,
    /// Its link.
    pub http: Http,
}

/// Everything.
pub struct World {
    /// The hub.
    pub console: Console,
    /// Devices of everybody, in the order of the table.
    pub devices: Vec<Device>,
    /// By the columns of [`Family::Documents`].
    pub documents: BTreeMap<&'static str, DocumentId>,
    users: Vec<(&'static str, String)>,
    seed: u64,
    /// By site: pending devices and what is held of them.
    leases: BTreeMap<&'static str, String>,
    people: BTreeMap<&'static str, String>,
    parcels: BTreeMap<&'static str, u64>,
    held: BTreeMap<&'static str, Vec<(u64, DocumentId)>>,
    tasks: BTreeMap<&'static str, Vec<u64>>,
}

/// What the hub counts when it looks for a document.
const COUNTS: [&str; 2] = ["segin_document_calls", "segin_list_calls"];
/// Rows of the table at most: so much work is held at each site.
const ASKERS_MAX: usize = 16;
/// The lead of a site of another region.
const LEAD_ELSEWHERE: &str = "site-lead of BAM";

impl World {
    /// A hub with its people, without accounts yet.
    ///
    /// # Panics
    /// When the hub refuses something.
    #[must_use]
    pub fn prepare() -> Self {
        let mut world = Self {
            console: Console::new(),
            devices: Vec::new(),
            documents: BTreeMap::new(),
            users: Vec::new(),
            seed: 0,
            leases: BTreeMap::new(),
            people: BTreeMap::new(),
            parcels: BTreeMap::new(),
            held: BTreeMap::new(),
            tasks: BTreeMap::new(),
        };
        world.act("POST", "/v1/admin/sites", &json!({"code": "BAM", "name": "Bamako", "region": "Bamako"}), 201);
        for code in ["OIM", "CICR"] {
            world.act("POST", "/v1/admin/partners", &json!({"code": code, "name": code, "open": true}), 201);
        }
        for role in Role::ALL {
            let mut more = json!({"roles": [role.name()]});
            match role {
                Role::RegionalLead => more["regions"] = json!(["Kayes"]),
                Role::Partner => more["partner"] = json!("OIM"),
                _ => {}
            }
            let user = world.console.user(role.name(), &[HOME], &more);
            world.users.push((role.name(), user));
        }
        let lead = world.console.user(LEAD_ELSEWHERE, &["BAM"], &json!({"roles": ["site-lead"]}));
        world.users.push((LEAD_ELSEWHERE, lead));
        for site in SITES {
            world.record(site);
            world.hold(site);
        }
        world.find_tasks();
        world.assign();
        for (name, user) in world.users.clone() {
            let (raw, http) = world.enrol(&user, true);
            world.devices.push(Device { name, raw, http });
        }
        world
    }

    fn act(&self, method: &str, path: &str, body: &Value, status: u16) -> Heard {
        let heard = self.console.setup(method, path, body);
        assert_eq!(heard.status, status, "{method} {path}: {heard:?}");
        heard
    }

    fn enrol(&mut self, user: &str, confirmed: bool) -> (RawDevice, Http) {
        let invitation = json!({"user": user, "confirmed": confirmed});
        let invited = self.act("POST", "/v1/admin/invitations", &invitation, 201).json();
        self.seed += 1;
        let mut http = Http::to(self.console.address().to_string());
        let typed = invited["invitation"].as_str().expect("an invitation is text");
        let raw = RawDevice::enrol(&mut http, typed, self.seed).expect("the hub enrols");
        (raw, http)
    }

    /// What a confirmed device of that site records.
    fn record(&mut self, site: &'static str) {
        let user = self.console.user(&format!("Recorder {site}"), &[site], &json!({}));
        let (mut device, mut http) = self.enrol(&user, true);
        self.people.insert(site, user);
        let case = begin(&mut device, &mut http, Kind::Case, &[set("identity.given", called(site))]);
        self.documents.insert(site, case.0);
        self.parcels.insert(site, case.1);
        for _ in 0..ASKERS_MAX {
            withdraw(&mut device, &mut http, case.0);
        }
        if site == "BAM" {
            for name in ["assigned", "unassigned", "opened"] {
                let (case, _) = begin(&mut device, &mut http, Kind::Case, &[set("identity.given", "Binta")]);
                self.documents.insert(name, case);
            }
        }
        if site == HOME {
            let case = set("annex.case", &case.0.to_string());
            for name in ["protection", "health"] {
                let edits = [case.clone(), set("annex.type", name)];
                let (annex, _) = begin(&mut device, &mut http, Kind::Annex, &edits);
                self.documents.insert(name, annex);
            }
            for name in ["OIM", "CICR"] {
                let case = self.documents[site].to_string();
                let given = set("consent.given_by", "self");
                let edits = [set("referral.case", &case), set("referral.partner", name), given];
                let (referral, _) = begin(&mut device, &mut http, Kind::Referral, &edits);
                self.documents.insert(name, referral);
            }
            self.documents.insert("erased", DocumentId::new([0xe5; 16]));
            self.documents.insert(NONE, DocumentId::new([0x0e; 16]));
        }
    }

    /// A device of that site that nobody has confirmed, and its work.
    fn hold(&mut self, site: &'static str) {
        let user = self.console.user(&format!("Newcomer {site}"), &[site], &json!({}));
        let (mut device, mut http) = self.enrol(&user, false);
        self.leases.insert(site, device.lease.prefix.to_string());
        for _ in 0..ASKERS_MAX {
            let case = device.new_document();
            let change = device.edit(case, Kind::Case, &[set("identity.given", "Fanta")]);
            let parcel = device.parcel(&[(case, vec![change], None)]);
            let (receipt, _) = device.sync(&mut http, vec![parcel]).expect("the hub answers");
            assert_eq!(fates(&receipt), ["held-who-pending"]);
            let position = receipt.parcels[0].position.expect("what is held stands in the log").0;
            self.held.entry(site).or_default().push((position, case));
        }
    }

    /// Withdrawn consents have opened tasks, in the order of the referrals.
    fn find_tasks(&mut self) {
        let list = self.act("GET", "/v1/tasks", &Value::Null, 200).json();
        for task in list["tasks"].as_array().expect("tasks are a list") {
            let is_of = |site: &&&str| task["case"] == self.documents[**site].to_string();
            let site = SITES.iter().find(is_of).expect("each task is about one of the cases");
            self.tasks.entry(site).or_default().push(task["position"].as_u64().expect("a position is a number"));
        }
        assert!(self.tasks.values().all(|tasks| tasks.len() == ASKERS_MAX) && self.tasks.len() == SITES.len());
    }

    fn assign(&self) {
        let (assigned, taken) = (self.documents["assigned"], self.documents["unassigned"]);
        for (name, user) in &self.users {
            let body = json!({"user": user});
            let heard = self.console.setup("POST", &format!("/v1/cases/{assigned}/assign"), &body);
            if heard.refusal() == (409, "assign-user".to_owned()) {
                let alone = ["analyst", "partner", "administrator", "auditor"].contains(name);
                assert!(alone, "{name} works with people");
                continue;
            }
            assert_eq!(heard.status, 200, "{heard:?}");
            self.act("POST", &format!("/v1/cases/{taken}/assign"), &body, 200);
            self.act("POST", &format!("/v1/cases/{taken}/unassign"), &body, 200);
        }
    }

    /// Who asks before there is an account.
    #[must_use]
    pub fn first(&self) -> Asker {
        Asker { name: "token at first", how: How::Token, number: 0 }
    }

    /// Who asks afterwards: sets the accounts up.
    #[must_use]
    pub fn everybody(&self) -> Vec<Asker> {
        let sessions = self.users.iter().map(|(name, user)| {
            let person = self.console.account(user, name);
            (*name, How::Session(person.cookie))
        });
        let all = [("nobody", How::Nothing), ("token", How::Token)].into_iter().chain(sessions.collect::<Vec<_>>());
        let all: Vec<Asker> = all.zip(1..).map(|((name, how), number)| Asker { name, how, number }).collect();
        assert!(all.len() + 2 <= ASKERS_MAX, "held work for each, and one that nobody decides about");
        all
    }

    /// Opens the case that is to be opened with a reason, for whoever may.
    pub fn break_glass(&self, asker: &Asker) {
        let body = json!({"document": self.documents["opened"], "reason": "at the gate", "minutes": 60}).to_string();
        let heard = self.ask(asker, "POST", "/v1/break-glass", "application/json", &body);
        assert!([201, 401, 403, 409].contains(&heard.status), "{}: {heard:?}", asker.name);
    }

    /// How a request names this.
    #[must_use]
    pub fn name(&self, family: Family, column: &str, asker: usize) -> String {
        let at =
            |map: &BTreeMap<&'static str, String>, none: &str| map.get(column).map_or(none, String::as_str).to_owned();
        match family {
            Family::Nothing => String::new(),
            Family::Documents => self.documents[column].to_string(),
            Family::Devices => at(&self.leases, "0000000000000001"),
            Family::Users => at(&self.people, "00000000-0000-0000-0000-000000000001"),
            Family::Sites => if column == NONE { "ZZZ" } else { column }.to_owned(),
            Family::Receipts => self.parcels.get(column).map_or(999_999, |position| *position).to_string(),
            Family::Held => self.held_work(column, asker).0.to_string(),
            Family::Tasks => self.tasks.get(column).map_or(999_999, |tasks| tasks[asker]).to_string(),
            Family::Names => called(column).to_owned(),
        }
    }

    /// What a list shows of this, when it does.
    #[must_use]
    pub fn mark(&self, family: Family, column: &str) -> String {
        match family {
            Family::Receipts => format!("\"position\":{},", self.name(family, column, 0)),
            Family::Tasks => format!("\"position\":{},", self.name(family, column, ASKERS_MAX - 1)),
            Family::Sites => format!("\"code\":\"{}\"", self.name(family, column, 0)),
            // Lists name the document, the page its beginning.
            Family::Held => self.held_work(column, ASKERS_MAX - 1).1.to_string()[..8].to_owned(),
            Family::Names => format!("\"{column}\""),
            _ => self.name(family, column, 0),
        }
    }

    fn held_work(&self, site: &str, asker: usize) -> (u64, DocumentId) {
        self.held.get(site).map_or((999_999, DocumentId::new([0x0e; 16])), |works| works[asker])
    }

    /// Calls to the document store and to the lists since the start, as the hub counts them.
    #[must_use]
    pub fn calls(&self) -> Vec<u64> {
        let metrics = self.console.setup("GET", "/metrics", &Value::Null).body;
        let count = |name: &str| {
            let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.and_then(|count| count.trim().parse().ok()).unwrap_or_else(|| panic!("{name} stands in /metrics"))
        };
        COUNTS.into_iter().map(count).collect()
    }

    /// Asks.
    #[must_use]
    pub fn ask(&self, asker: &Asker, method: &str, path: &str, kind: &str, body: &str) -> Heard {
        let origin = self.console.origin();
        let token = format!("Bearer {}", self.console.token());
        let mut headers = vec![("origin", origin.as_str())];
        if !body.is_empty() {
            headers.push(("content-type", kind));
        }
        match &asker.how {
            How::Nothing => {}
            How::Token => headers.push(("authorization", &token)),
            How::Session(cookie) => headers.push(("cookie", cookie)),
        }
        self.console.send(method, path, &headers, body.as_bytes())
    }
}

/// What the person of the case at that site is called.
fn called(site: &str) -> &'static str {
    match site {
        "GOG" => "Fatoumata",
        "KAY" => "Kadiatou",
        "BAM" => "Bintou",
        _ => "Ramatoulaye",
    }
}

/// The edit that gives a field a text.
#[must_use]
pub fn set(field: &str, value: &str) -> Edit {
    let value = sync_protocol::documents::Value::Text(value.into());
    Edit::Set { field: field.into(), value: value.into() }
}

fn begin(device: &mut RawDevice, http: &mut Http, kind: Kind, edits: &[Edit]) -> (DocumentId, u64) {
    let document = device.new_document();
    let change = device.edit(document, kind, edits);
    let parcel = device.parcel(&[(document, vec![change], None)]);
    let (receipt, _) = device.sync(http, vec![parcel]).expect("the hub answers");
    assert_eq!(fates(&receipt), ["applied"], "{kind:?}");
    (document, receipt.parcels[0].position.expect("what is applied stands in the log").0)
}

/// A referral that ends at once: a task for whoever is to tell the partner.
fn withdraw(device: &mut RawDevice, http: &mut Http, case: DocumentId) {
    let edits =
        [set("referral.case", &case.to_string()), set("referral.partner", "OIM"), set("consent.given_by", "self")];
    let (referral, _) = begin(device, http, Kind::Referral, &edits);
    let change = device.edit(referral, Kind::Referral, &[set("consent.withdrawn", "2026-01-02")]);
    let parcel = device.parcel(&[(referral, vec![change], None)]);
    device.sync(http, vec![parcel]).expect("the hub answers");
}

/// What became of each document of the request's parcels, in words.
#[must_use]
pub fn fates(receipt: &Receipt) -> Vec<String> {
    let documents = receipt.parcels.iter().flat_map(|parcel| &parcel.documents);
    let words = documents.map(|document| match document.runs.first().map(|run| &run.fate) {
        Some(Fate::Applied) => "applied".to_owned(),
        Some(Fate::Held(code) | Fate::Refused(code, _)) => code.clone(),
        other => format!("{other:?}"),
    });
    words.collect()
}

const _: () = assert!(DOCUMENTS.len() == 12, "each column has a document in `World::record`");
