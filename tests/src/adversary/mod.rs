//! A hub under attack: every attack has a name and an expected answer, and [`Siege::withstands`] checks what must hold
//! whatever was sent: every document, digest and file as before, work and bytes within a counted bound, and an honest
//! exchange right afterwards.
//!
//! The attacks stand by family in the modules; `tests/adversary.rs` runs them. What a change can do wrong is rewritten
//! with [`crate::parts`].

pub mod bombs;
pub mod bytes;
pub mod causality;
pub mod cbor;
pub mod couriers;
pub mod invitations;
pub mod manifests;
pub mod mutated;
pub mod plain;
pub mod requests;
pub mod returns;
pub mod sealed;
pub mod structure;
pub mod tokens;

mod standing;

use automerge::transaction::{CommitOptions, Transactable, Transaction};
use automerge::{ActorId, Automerge, ObjType, ROOT};
use segin::clock::{Clock, FakeClock};
use segin::serve::RunningHub;
use serde_json::{Value as Json, json};
use sync_protocol::documents::{Edit, Kind, Value};
use sync_protocol::gate::{change_hash, inspect};
use sync_protocol::ids::{ActorPrefix, DocumentId, Millis};
use sync_protocol::wire::answer::{Answer, Fate, Receipt, Rest};
use sync_protocol::wire::codec::{Message, Raw, frame, read};
use sync_protocol::wire::exchange::ExchangeRequest;
use sync_protocol::wire::parcel::Parcel;

use self::standing::{Cost, Standing};
use crate::door::{House, get, token};
use crate::http::Http;
use crate::parts::Parts;
use crate::raw::{Changed, RawDevice};

/// Hub time when the siege begins.
const NOW: Millis = Millis(1_714_480_020_000);

/// What came of an attack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// An error of HTTP: status and stable code.
    Refused(u16, String),
    /// The parcel was refused whole: the code.
    Parcel(String),
    /// What became of the changes, run by run: the fate, and its code where it has one.
    Fates(Vec<String>),
    /// Answered, and nothing was told and no token given.
    Closed,
    /// Answered with a feed or a token.
    Open,
    /// The connection ended without an answer.
    Cut,
}

/// An error of HTTP.
#[must_use]
pub fn refused(status: u16, code: &str) -> Outcome {
    Outcome::Refused(status, code.to_owned())
}

/// A parcel refused whole.
#[must_use]
pub fn parcel(code: &str) -> Outcome {
    Outcome::Parcel(code.to_owned())
}

/// What becomes of the changes, such as `refused gate-kind`, `held gate-start-op` or `waiting`.
#[must_use]
pub fn fates(fates: &[&str]) -> Outcome {
    Outcome::Fates(fates.iter().map(|fate| (*fate).to_owned()).collect())
}

impl Outcome {
    /// Pieces of work that are held: kept, all in one entry of the log.
    fn held(&self) -> u64 {
        let Self::Fates(fates) = self else { return 0 };
        fates.iter().filter(|fate| fate.starts_with("held")).count() as u64
    }
}

/// What an attack may cost the hub, counted by itself.
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    /// Operations merged, saved and loaded for trials.
    pub tried: u64,
    /// Bytes unpacked.
    pub unpacked: u64,
    /// Bytes answered.
    pub answered: u64,
}

/// What nearly every attack has to do with: a few trials of one case, and a small answer.
pub const SMALL: Bound = Bound { tried: 5_000, unpacked: 1024 * 1024, answered: 64 * 1024 };
/// A request of the largest kind: what a message may hold, and what its changes may weigh. Trials stay within what one
/// request may ask for.
pub const LARGE: Bound = Bound { tried: 1 << 22, unpacked: 24 * 1024 * 1024, answered: 8 * 1024 * 1024 };

/// A hub, those who attack it, and somebody who works on.
pub struct Siege {
    house: House,
    hub: Option<RunningHub>,
    /// Hub time.
    pub clock: FakeClock,
    /// Enrolled, at the site of the case, with a key of its own: what it signs is its own work.
    pub attacker: RawDevice,
    /// Another user on the attacker's tablet.
    pub colleague: RawDevice,
    /// Works on through it all.
    pub honest: RawDevice,
    /// A case that all three know; the attacker's first change and others are in it.
    pub case: DocumentId,
    turn: u64,
    before: Standing,
    /// Attacks so far.
    pub count: usize,
}

fn named(field: &str, name: &str) -> Edit {
    Edit::Set { field: field.into(), value: Value::Text(name.into()).into() }
}

impl Default for Siege {
    fn default() -> Self {
        Self::new()
    }
}

impl Siege {
    /// A hub with the usual bounds.
    #[must_use]
    pub fn new() -> Self {
        Self::with(|_| ())
    }

    /// The same with other bounds.
    ///
    /// # Panics
    /// When the hub does not start, or does not take honest work.
    #[must_use]
    pub fn with(bounds: impl FnOnce(&mut House)) -> Self {
        quiet();
        let mut house = House::new();
        let clock = FakeClock::new(NOW);
        house.options.clock = std::sync::Arc::new(clock.clone());
        bounds(&mut house);
        let hub = house.open();
        house.site(&hub, None).expect("the hub takes a site");
        let kayes = json!({"code": "KAY", "name": "Kayes", "region": "Kayes"});
        house.post(&hub, None, "/v1/admin/sites", &kayes).expect("the hub takes a site");
        let mut http = Http::to(hub.address.to_string());
        let mut enrol = |name: &str, seed, tablet| {
            let invitation = house.invite(&hub, None, name);
            RawDevice::enrol_on(&mut http, &invitation, seed, tablet).expect("the hub enrols")
        };
        let mut attacker = enrol("Awa", 1, None);
        let colleague = enrol("Binta", 2, Some(attacker.lease.installation));
        let mut honest = enrol("Moussa", 3, None);
        let case = attacker.new_document();
        let first = attacker.edit(case, Kind::Case, &[named("identity.given", "Fatoumata")]);
        let sent = attacker.parcel(&[(case, vec![first], None)]);
        attacker.sync(&mut http, vec![sent]).expect("the hub takes honest work");
        honest.sync(&mut http, Vec::new()).expect("the hub feeds");
        let before = Standing::default();
        let mut siege =
            Self { house, hub: Some(hub), clock, attacker, colleague, honest, case, turn: 0, before, count: 0 };
        siege.honest_work("before the first attack");
        siege
    }

    /// The running hub.
    ///
    /// # Panics
    /// When it was stopped.
    #[must_use]
    pub fn hub(&self) -> &RunningHub {
        self.hub.as_ref().expect("the hub runs until the siege ends")
    }

    /// `host:port`.
    #[must_use]
    pub fn address(&self) -> std::net::SocketAddr {
        self.hub().address
    }

    /// Asks the hub as its administrator.
    ///
    /// # Panics
    /// When it refuses.
    #[must_use]
    pub fn administer(&self, path: &str, body: &Json) -> Json {
        self.house.post(self.hub(), None, path, body).unwrap_or_else(|error| panic!("{error:?}"))
    }

    /// Invites somebody to GOG.
    #[must_use]
    pub fn invite(&self, name: &str) -> String {
        self.house.invite(self.hub(), None, name)
    }

    /// Something was done to the hub that is no attack: how it stands now is how it has to stand from here on.
    pub fn settled(&mut self, why: &str) {
        self.honest_work(why);
    }

    /// An attack and everything that must hold afterwards.
    ///
    /// # Panics
    /// When it does not.
    #[track_caller]
    pub fn withstands(&mut self, name: &str, expected: &Outcome, bound: Bound, attack: impl FnOnce(&Self) -> Outcome) {
        self.withstands_any(name, bound, |siege| {
            let outcome = attack(siege);
            assert_eq!(&outcome, expected, "{name}");
            outcome
        });
    }

    /// The same for an attack of which only the harm is known that it must not do.
    ///
    /// # Panics
    /// When it does harm.
    #[track_caller]
    pub fn withstands_any(&mut self, name: &str, bound: Bound, attack: impl FnOnce(&Self) -> Outcome) {
        let spent = Cost::of(self);
        let outcome = attack(self);
        let cost = Cost::of(self).since(spent);
        assert!(!matches!(&outcome, Outcome::Fates(fates) if fates.iter().any(|fate| fate == "applied")), "{name}");
        assert!(cost.fits(&bound), "{name}: {cost:?} is more than {bound:?}");
        let held = outcome.held();
        Standing::of(self).is_as(&self.before, held.min(1), held, name);
        self.honest_work(name);
        self.count += 1;
    }

    /// One change of the attacker's, given with what must come of it.
    ///
    /// # Panics
    /// When something else does, or it does harm.
    #[track_caller]
    pub fn change(&mut self, name: &str, change: &[u8], expected: &str) {
        let sent = self.packed(&[change.to_vec()]);
        let expected = if expected.starts_with("parcel-") { parcel(expected) } else { fates(&[expected]) };
        self.withstands(name, &expected, SMALL, |siege| siege.push(vec![sent]));
    }

    /// Somebody else's work arrives, is fed, and both sides hold the same.
    fn honest_work(&mut self, after: &str) {
        self.turn += 1;
        let edit = named("identity.called", &format!("Fanta {}", self.turn));
        let change = self.honest.edit(self.case, Kind::Case, &[edit]);
        let sent = self.honest.parcel(&[(self.case, vec![change], None)]);
        let mut http = self.http();
        let (receipt, rest) =
            self.honest.sync(&mut http, vec![sent]).unwrap_or_else(|error| panic!("{after}: {error:?}"));
        let fates: Vec<_> = receipt.parcels[0].documents[0].runs.iter().map(|run| &run.fate).collect();
        assert_eq!(fates, [&Fate::Applied], "honest work after: {after}");
        assert_eq!(rest.digests[0], self.honest.digest(), "after: {after}");
        self.before = Standing::of(self);
    }

    /// The attacker's next honest change to the case, not sent: four operations on keys of no schema.
    #[must_use]
    pub fn next(&self) -> Vec<u8> {
        self.next_of(|t| {
            t.put(ROOT, "one", 1).expect("a key is put");
            t.put(ROOT, "two", "deux").expect("a key is put");
            let map = t.put_object(ROOT, "three", ObjType::Map).expect("a map is put");
            t.put(&map, "four", 4).expect("a key is put");
        })
    }

    /// The attacker's next change to the case, as this writes it; not sent.
    #[must_use]
    pub fn next_of(&self, write: impl FnOnce(&mut Transaction<'_>)) -> Vec<u8> {
        let mut doc: Automerge = self.attacker.documents[&self.case].1.clone();
        doc.set_actor(ActorId::from(self.attacker.actor().as_bytes()));
        let mut transaction = doc.transaction();
        write(&mut transaction);
        transaction.commit_with(CommitOptions::default().with_time(NOW.0));
        doc.get_last_local_change().expect("something was committed").raw_bytes().to_vec()
    }

    /// The attacker's next change with something else in it and the right checksum.
    #[must_use]
    pub fn rewritten(&self, change: impl FnOnce(&mut Parts)) -> Vec<u8> {
        let mut parts = Parts::of(&self.next());
        change(&mut parts);
        parts.bytes()
    }

    /// A parcel of the attacker's with these changes to the case; whatever they are, the manifest commits to them.
    #[must_use]
    pub fn packed(&mut self, changes: &[Vec<u8>]) -> Parcel {
        let case = self.case;
        self.packed_for(&[(case, changes.to_vec())])
    }

    /// The same for several documents, begun as cases where they are not known.
    #[must_use]
    pub fn packed_for(&mut self, documents: &[(DocumentId, Vec<Vec<u8>>)]) -> Parcel {
        let documents: Vec<_> = documents
            .iter()
            .map(|(document, changes)| {
                let blank = || (Kind::Case, sync_protocol::documents::blank(Kind::Case));
                self.attacker.documents.entry(*document).or_insert_with(blank);
                (*document, changes.iter().map(|bytes| changed(bytes)).collect(), None)
            })
            .collect();
        self.attacker.parcel(&documents)
    }

    /// The attacker pushes parcels, with the token.
    #[must_use]
    pub fn push(&self, parcels: Vec<Parcel>) -> Outcome {
        self.ask(&self.attacker.request(parcels))
    }

    /// Sends a request of anybody's.
    #[must_use]
    pub fn ask(&self, request: &ExchangeRequest) -> Outcome {
        self.post("/v1/exchange", &frame(Message::ExchangeRequest, request))
    }

    /// Sends a request and reads its answer.
    ///
    /// # Panics
    /// When it is refused.
    #[must_use]
    pub fn told(&self, request: &ExchangeRequest) -> (Receipt, Rest) {
        self.attacker.ask(&mut self.http(), request).unwrap_or_else(|error| panic!("{error:?}"))
    }

    /// A connection of its own.
    #[must_use]
    pub fn http(&self) -> Http {
        Http::to(self.address().to_string())
    }

    /// Posts bytes as a device does.
    #[must_use]
    pub fn post(&self, path: &str, body: &[u8]) -> Outcome {
        match self.http().post(path, body) {
            Ok((200, body)) if path == "/v1/exchange" => self.outcome(&body),
            Ok((200, _)) => Outcome::Open,
            Ok((status, body)) => Outcome::Refused(status, code(&body)),
            Err(_) => Outcome::Cut,
        }
    }

    fn outcome(&self, body: &[u8]) -> Outcome {
        let answer: Answer = read(Message::Answer, body).expect("an answer is readable");
        let (receipt, rest) = answer.open(&self.attacker.hub).expect("an answer is signed by the hub");
        if let Some((code, _)) = receipt.parcels.iter().find_map(|parcel| parcel.refused.clone()) {
            return Outcome::Parcel(code);
        }
        if !receipt.parcels.is_empty() {
            let documents = receipt.parcels.iter().flat_map(|parcel| &parcel.documents);
            return Outcome::Fates(documents.flat_map(|document| &document.runs).map(|run| said(&run.fate)).collect());
        }
        if !rest.returned.is_empty() {
            let runs = rest.returned.iter().flat_map(|document| &document.runs);
            return Outcome::Fates(runs.map(|run| said(&run.fate)).collect());
        }
        let told = rest.token.is_some() || rest.cursor.is_some() || !rest.feed.is_empty() || !rest.channels.is_empty();
        if told { Outcome::Open } else { Outcome::Closed }
    }

    /// What the hub counts.
    fn metrics(&self) -> String {
        get(self.address(), "/metrics", &token(self.hub())).body
    }

    /// The hub stops as promised, and its folder agrees with itself.
    ///
    /// # Panics
    /// When it does not.
    pub fn ends(mut self) {
        let hub = self.hub.take().expect("the hub runs until the siege ends");
        hub.stop().unwrap_or_else(|error| panic!("{error}"));
        let (data, key) = (&self.house.options.data, &self.house.options.master_key);
        let audit = crate::audit::Audit::of(data, key);
        audit.agrees_with_documents(data);
        let honest: Vec<_> = self.honest.documents[&self.case].1.get_changes(&[]);
        assert_eq!(audit.changes(self.case).len(), honest.len(), "the hub has what the honest device has");
        println!("{} attacks", self.count);
    }

    /// Whose lease.
    #[must_use]
    pub fn prefix(&self) -> ActorPrefix {
        self.attacker.lease.prefix
    }

    /// The time at the hub.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.clock.now()
    }
}

/// Bytes with the hash under which the hub looks for them in the manifest's commitment.
#[must_use]
pub fn changed(bytes: &[u8]) -> Changed {
    (Raw(bytes.to_vec()), inspect(bytes).map_or_else(|_| change_hash(bytes), |change| change.hash))
}

/// Panics that the gate catches stay out of the output; all others are shown.
pub fn quiet() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !sync_protocol::gate::trial_is_running() {
                before(info);
            }
        }));
    });
}

fn said(fate: &Fate) -> String {
    match fate {
        Fate::Applied => "applied".to_owned(),
        Fate::Duplicate => "duplicate".to_owned(),
        Fate::Held(code) => format!("held {code}"),
        Fate::Waiting(_) => "waiting".to_owned(),
        Fate::Erased => "erased".to_owned(),
        Fate::Refused(code, _) => format!("refused {code}"),
    }
}

/// The stable code of an error's body.
fn code(body: &[u8]) -> String {
    let body: Json = serde_json::from_slice(body).unwrap_or_default();
    body["code"].as_str().unwrap_or_default().to_owned()
}
