//! The thread on which everything hangs: enrol, push, receipt, crash, an empty store, and everything is there again.

use std::collections::BTreeMap;
use std::sync::Arc;

use sync_protocol::crypto::SecretKey;
use sync_protocol::documents::{self, Edit, Kind, Value};
use sync_protocol::ids::{
    Actor, CardToken, Channel, DocumentId, InstallationId, Millis, Position, Salt, SiteCode, UserId,
};
use sync_protocol::wire::answer::{Answer, Fate, FeedWhat, Order, Receipt, Rest};
use sync_protocol::wire::codec::{Message, Raw, frame, read};
use sync_protocol::wire::digest::Digest;
use sync_protocol::wire::enrolment::{EnrolAnswer, EnrolRequest, Invitation};
use sync_protocol::wire::exchange::{ExchangeRequest, Renewal};
use sync_protocol::wire::lease::Lease;
use sync_protocol::wire::manifest::{Manifest, Named, commitment};
use sync_protocol::wire::parcel::{Content, Parcel};

use super::exchange::{Written, answer, receive};
use super::fact::{By, Fact, Profile};
use super::opening::{self, Beginning, Folding};
use super::published::Shared;
use super::writer::{Done, Job, Writer};
use crate::random::{SeededRandom, draw};
use crate::store::documents::{DocumentStore, MemoryStore};
use crate::store::files::{CrashMode, FakeDisk};
use crate::store::keyring::{Keyring, MasterKey};
use crate::store::log::{Log, LogSizes, Opening};

const NOW: Millis = Millis(1_714_480_000_000);

/// A hub over fake files and a store in memory.
struct TestHub {
    disk: FakeDisk,
    master: MasterKey,
    store: Arc<MemoryStore>,
    shared: Arc<Shared>,
    writer: Writer,
    random: SeededRandom,
    now: Millis,
}

impl TestHub {
    fn new() -> Self {
        let disk = FakeDisk::new(1);
        let mut random = SeededRandom::new(1);
        let master = MasterKey::from_bytes([7; 32]);
        let log_id = opening::new_log_id(&mut random);
        let keyring = Keyring::create(disk.shared(), &master, &mut random).unwrap();
        let (mut log, _) = Log::create(disk.shared(), log_id, LogSizes::default(), &mut random).unwrap();
        let configuration = (1, Raw(vec![0x80]));
        opening::begin(&mut log, &keyring, &Beginning { configuration, now: NOW }, &mut random).unwrap();
        drop(log);
        let mut hub = Self::open(disk, master, Arc::new(MemoryStore::new()), random);
        for (code, name) in [("GOG", "Gogui"), ("KAY", "Kayes")] {
            hub.fact(Fact::Site {
                code: SiteCode::new(code).unwrap(),
                name: name.into(),
                region: "Kayes".into(),
                closed_into: None,
            });
        }
        hub
    }

    fn open(disk: FakeDisk, master: MasterKey, store: Arc<MemoryStore>, mut random: SeededRandom) -> Self {
        let keyring = Arc::new(Keyring::open(disk.shared(), &master).unwrap());
        let mut scan = Opening::start(disk.shared(), LogSizes::default()).unwrap();
        let mut folding = Folding::new(scan.log_id(), &keyring);
        while let Some(record) = scan.next_record().unwrap() {
            folding.fold(record.position, &record.payload).unwrap();
        }
        let directory = folding.directory;
        let (log, reader, _) = scan.finish().unwrap();
        let shared_store: Arc<dyn DocumentStore> = store.clone();
        let opened = opening::open(log, reader, keyring, shared_store, directory, &mut random).unwrap();
        Self { disk, master, store, shared: opened.shared, writer: opened.writer, random, now: NOW }
    }

    /// Loses power and starts again, with this document store.
    fn crash(self, store: Arc<MemoryStore>) -> Self {
        let Self { disk, master, writer, shared, random, .. } = self;
        drop((writer, shared));
        disk.crash(CrashMode::ForgetUnsynced);
        Self::open(disk, master, store, random)
    }

    fn job(&mut self, job: Job) -> Done {
        let mut done = self.writer.commit(vec![job], self.now, &mut self.random).unwrap();
        done.remove(0)
    }

    fn fact(&mut self, fact: Fact) {
        self.job(Job::Fact(fact, By::Setup));
    }

    fn exchange(&mut self, request: &ExchangeRequest) -> (Receipt, Rest) {
        self.answer(request).open(&self.shared.keyring.hub_key().public()).unwrap()
    }

    fn answer(&mut self, request: &ExchangeRequest) -> Answer {
        let bytes = frame(Message::ExchangeRequest, request);
        let (pending, jobs) = receive(&self.shared, &bytes, self.now).unwrap();
        let mut written = Written::default();
        for job in jobs {
            assert!(written.take(self.job(job)), "an exchange only pushes, gives back and renews");
        }
        let bytes = answer(&self.shared, &pending, written, self.now, &mut self.random).unwrap();
        read(Message::Answer, &bytes).unwrap()
    }

    fn device(&mut self, site: &str, seed: u8) -> TestDevice {
        let user = UserId::new([seed; 16]);
        let sites = vec![SiteCode::new(site).unwrap()];
        self.fact(Fact::User { user, profile: Profile::caseworker("Awa", sites) });
        let invitation = Invitation::from_random(draw(&mut self.random));
        let expires = self.now.plus(14 * Millis::DAY);
        self.fact(Fact::Invited { invitation: invitation.hash(), user, expires, confirmed: true });
        let key = SecretKey::from_bytes(&[seed; 32]).unwrap();
        let request = EnrolRequest::sign(&invitation, InstallationId::new([seed; 16]), &key);
        let answer = self.enrol(request);
        let lease = answer.lease.verify(&answer.hub).unwrap();
        TestDevice { key, lease, token: Some(answer.token), counter: 0, cursor: None, documents: BTreeMap::new() }
    }

    fn enrol(&mut self, request: EnrolRequest) -> EnrolAnswer {
        match self.job(Job::Enrol(request)) {
            Done::Enrolled(answer) => *answer.unwrap(),
            other => panic!("{other:?}"),
        }
    }
}

/// As little of a device as these tests need.
struct TestDevice {
    key: SecretKey,
    lease: Lease,
    token: Option<Salt>,
    counter: u64,
    cursor: Option<Raw>,
    documents: BTreeMap<DocumentId, automerge::Automerge>,
}

impl TestDevice {
    /// Changes the given name on a case, new or known; the change's bytes and hash.
    fn name(&mut self, document: DocumentId, name: &str) -> (Raw, sync_protocol::ids::ChangeHash) {
        let edit = Edit::Set { field: "identity.given".into(), value: Value::Text(name.into()).into() };
        self.edit(Kind::Case, document, &[edit])
    }

    /// Changes a document, new or known; the change's bytes and hash.
    fn edit(&mut self, kind: Kind, document: DocumentId, edits: &[Edit]) -> (Raw, sync_protocol::ids::ChangeHash) {
        let doc = self.documents.entry(document).or_insert_with(|| documents::blank(kind));
        let actor = Actor::from_parts(self.lease.prefix, [1; 8]);
        let shown = documents::edit::heads(doc);
        let committed = documents::apply(doc, kind, &shown, actor, NOW, edits).unwrap();
        (Raw(committed.raw), committed.hash)
    }

    fn parcel(
        &mut self,
        document: DocumentId,
        changes: &[(Raw, sync_protocol::ids::ChangeHash)],
        card: Option<CardToken>,
    ) -> Parcel {
        self.parcel_of(Kind::Case, document, changes, card)
    }

    fn parcel_of(
        &mut self,
        kind: Kind,
        document: DocumentId,
        changes: &[(Raw, sync_protocol::ids::ChangeHash)],
        card: Option<CardToken>,
    ) -> Parcel {
        self.counter += 1;
        let salt = Salt::new([self.counter as u8; 16]);
        let hashes: Vec<_> = changes.iter().map(|(_, hash)| *hash).collect();
        let kind = kind.code();
        let manifest = Manifest {
            installation: self.lease.installation,
            user: self.lease.user,
            counter: self.counter,
            previous: None,
            created: NOW,
            site: self.lease.site.clone(),
            documents: vec![Named {
                document,
                kind,
                commitment: commitment(&salt, document, kind, &hashes, card.as_ref()),
            }],
            statements: Vec::new(),
        };
        let changes = changes.iter().map(|(raw, _)| raw.clone()).collect();
        Parcel::sign(&manifest, vec![Content { salt, changes, card }], Vec::new(), &self.key)
    }

    fn request(&self, parcels: Vec<Parcel>) -> ExchangeRequest {
        ExchangeRequest {
            lease: self.lease.prefix,
            token: self.token,
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
        }
    }

    /// Exchanges, and takes the feed in.
    fn sync(&mut self, hub: &mut TestHub, parcels: Vec<Parcel>) -> (Receipt, Rest) {
        let (receipt, rest) = hub.exchange(&self.request(parcels));
        for item in &rest.feed {
            let kind = Kind::from_code(item.kind).unwrap();
            let doc = self.documents.entry(item.document).or_insert_with(|| documents::blank(kind));
            let changes = item.changes.iter().map(|raw| automerge::Change::from_bytes(raw.0.clone()).unwrap());
            doc.apply_changes(changes).unwrap();
        }
        self.cursor = rest.cursor.clone();
        (receipt, rest)
    }

    fn digest(&self) -> Digest {
        let constants = documents::constant_hashes(Kind::Case);
        let mut sum = Digest::EMPTY;
        for (id, doc) in &self.documents {
            for change in doc.get_changes(&[]) {
                let hash = sync_protocol::ids::ChangeHash::new(change.hash().0);
                if !constants.contains(&hash) {
                    sum = sum.plus(Digest::of_change(*id, hash));
                }
            }
        }
        sum
    }
}

fn only_fate(receipt: &Receipt) -> &Fate {
    &receipt.parcels[0].documents[0].runs[0].fate
}

#[test]
fn what_was_receipted_is_there_after_a_crash_and_without_the_document_store() {
    let mut hub = TestHub::new();
    let mut gogui = hub.device("GOG", 1);
    let case = DocumentId::new([9; 16]);
    let change = gogui.name(case, "Fatoumata");
    let parcel = gogui.parcel(case, &[change], None);
    let (receipt, rest) = gogui.sync(&mut hub, vec![parcel.clone()]);
    assert_eq!(only_fate(&receipt), &Fate::Applied);
    assert_eq!(receipt.parcels[0].documents[0].entered, [Channel::new("site/GOG").unwrap()]);
    assert!(rest.feed.is_empty(), "what the request carried is not sent back");
    assert_eq!(rest.digests, [gogui.digest()]);

    let before = (hub.shared.published().position, hub.shared.published().chain);
    let mut hub = hub.crash(Arc::new(MemoryStore::new()));
    assert_eq!((hub.shared.published().position, hub.shared.published().chain), before);
    assert_eq!(hub.shared.directory().parcels.len(), 1);
    assert_eq!(hub.store.applied_to().unwrap().unwrap().position, before.0);

    let (again, rest) = gogui.sync(&mut hub, vec![parcel]);
    assert_eq!(again.parcels, receipt.parcels, "the same parcel gets the same receipt");
    assert_eq!(rest.digests, [gogui.digest()]);

    let mut colleague = hub.device("GOG", 2);
    let (_, rest) = colleague.sync(&mut hub, Vec::new());
    assert_eq!(rest.feed.len(), 1);
    assert_eq!(rest.feed[0].what, FeedWhat::Entered);
    assert_eq!(rest.digests, [colleague.digest()]);
    assert_eq!(rest.leases.len(), 1, "who wrote it comes along");
    let (_, rest) = colleague.sync(&mut hub, Vec::new());
    assert!(rest.feed.is_empty() && !rest.more);
}

#[test]
fn an_older_store_is_brought_up_to_the_log() {
    let mut hub = TestHub::new();
    let mut gogui = hub.device("GOG", 1);
    let case = DocumentId::new([9; 16]);
    for name in ["Awa", "Aoua", "Hawa"] {
        let change = gogui.name(case, name);
        let parcel = gogui.parcel(case, &[change], None);
        gogui.sync(&mut hub, vec![parcel]);
    }
    let rows = hub.store.documents_after(None, 10).unwrap();
    for prefix in 0..=hub.store.batches() {
        let older = Arc::new(hub.store.at_prefix(prefix));
        let again = TestHub::open(hub.disk.clone(), hub.master.clone(), older.clone(), SeededRandom::new(3));
        assert_eq!(older.documents_after(None, 10).unwrap()[0].sum, rows[0].sum);
        assert_eq!(again.shared.published().channels, hub.shared.published().channels);
    }
}

#[test]
fn outside_the_scope_everything_gets_one_answer_and_is_kept() {
    let mut hub = TestHub::new();
    let (mut gogui, mut kayes) = (hub.device("GOG", 1), hub.device("KAY", 2));
    let case = DocumentId::new([9; 16]);
    let change = gogui.name(case, "Awa");
    let parcel = gogui.parcel(case, &[change], None);
    gogui.sync(&mut hub, vec![parcel]);

    let change = kayes.name(case, "Aoua");
    let parcel = kayes.parcel(case, &[change], None);
    let (receipt, rest) = kayes.sync(&mut hub, vec![parcel]);
    assert_eq!(only_fate(&receipt), &Fate::Held("held-who-scope".into()));
    assert!(rest.feed.is_empty());
    let change = kayes.name(case, "Haoua");
    let parcel = kayes.parcel(case, &[change], None);
    let (receipt, _) = kayes.sync(&mut hub, vec![parcel]);
    assert_eq!(only_fate(&receipt), &Fate::Held("held-who-behind".into()), "later work hangs on it");
    assert_eq!(hub.shared.directory().held[&case].len(), 2);
}

#[test]
fn a_card_brings_the_case_to_both_sites_whichever_syncs_first() {
    for kayes_first in [true, false] {
        let mut hub = TestHub::new();
        let (mut gogui, mut kayes) = (hub.device("GOG", 1), hub.device("KAY", 2));
        let (case, card) = (DocumentId::new([9; 16]), Some(CardToken::new([3; 12])));
        let change = gogui.name(case, "Awa");
        let from_gogui = gogui.parcel(case, &[change], card);
        let change = kayes.name(case, "Aoua");
        let from_kayes = kayes.parcel(case, &[change], card);
        let mut order: Vec<(&mut TestDevice, Parcel)> = vec![(&mut gogui, from_gogui), (&mut kayes, from_kayes)];
        if kayes_first {
            order.reverse();
        }
        for (device, parcel) in &mut order {
            let (receipt, _) = device.sync(&mut hub, vec![parcel.clone()]);
            assert_eq!(only_fate(&receipt), &Fate::Applied);
        }
        for (device, _) in &mut order {
            let (_, rest) = device.sync(&mut hub, Vec::new());
            assert_eq!(rest.digests, [device.digest()]);
        }
        let heads = |device: &TestDevice| documents::edit::heads(&device.documents[&case]);
        assert_eq!(heads(&gogui), heads(&kayes));
        assert_eq!(documents::conflicts(Kind::Case, &gogui.documents[&case])[0].values.len(), 2);
    }
}

#[test]
fn a_change_whose_beginning_is_missing_waits_and_is_not_kept() {
    let mut hub = TestHub::new();
    let mut gogui = hub.device("GOG", 1);
    let case = DocumentId::new([9; 16]);
    let first = gogui.name(case, "Awa");
    let second = gogui.name(case, "Aoua");
    let parcel = gogui.parcel(case, std::slice::from_ref(&second), None);
    let (receipt, _) = gogui.sync(&mut hub, vec![parcel]);
    assert_eq!(only_fate(&receipt), &Fate::Waiting(vec![first.1]));
    // A device takes a receipt with neither a position nor a reason for no receipt, and asks for ever.
    assert_eq!(receipt.parcels[0].position, Some(receipt.head));
    let parcel = gogui.parcel(case, &[first, second], None);
    let (receipt, _) = gogui.sync(&mut hub, vec![parcel]);
    assert_eq!(only_fate(&receipt), &Fate::Applied);
    assert_eq!(receipt.parcels[0].documents[0].runs[0].count, 2);
}

#[test]
fn without_a_token_one_can_push_and_nothing_more_until_the_key_is_proved() {
    let mut hub = TestHub::new();
    let mut gogui = hub.device("GOG", 1);
    let case = DocumentId::new([9; 16]);
    let change = gogui.name(case, "Awa");
    let parcel = gogui.parcel(case, &[change], None);
    gogui.token = None;
    let (receipt, rest) = gogui.sync(&mut hub, vec![parcel]);
    assert_eq!(only_fate(&receipt), &Fate::Applied);
    assert!(rest.channels.is_empty() && rest.feed.is_empty() && rest.cursor.is_none());
    let [Order::Renew(challenge)] = rest.orders[..] else { panic!("{:?}", rest.orders) };

    let mut request = gogui.request(Vec::new());
    request.renewal = Some(Renewal::sign(hub.shared.published().log, gogui.lease.prefix, challenge, &gogui.key));
    let (_, rest) = hub.exchange(&request);
    assert!(rest.token.is_some() && rest.feed.len() == 1);
    let (_, again) = hub.exchange(&request);
    assert!(again.token.is_none() && again.feed.is_empty(), "a challenge is answered once");

    gogui.token = rest.token;
    hub.now = NOW.plus(15 * Millis::DAY);
    let (_, rest) = gogui.sync(&mut hub, Vec::new());
    assert!(rest.feed.is_empty() && matches!(rest.orders[..], [Order::Renew(_)]), "a token slides for days only");
}

#[test]
fn an_invitation_works_once_and_the_same_device_may_ask_again() {
    let mut hub = TestHub::new();
    let user = UserId::new([5; 16]);
    hub.fact(Fact::User { user, profile: Profile::caseworker("Awa", vec![SiteCode::new("GOG").unwrap()]) });
    let invitation = Invitation::from_random([5; 12]);
    let expires = NOW.plus(14 * Millis::DAY);
    hub.fact(Fact::Invited { invitation: invitation.hash(), user, expires, confirmed: true });
    let key = SecretKey::from_bytes(&[5; 32]).unwrap();
    let request = EnrolRequest::sign(&invitation, InstallationId::new([5; 16]), &key);
    let first = hub.enrol(request.clone());
    let again = hub.enrol(request.clone());
    assert_eq!(first.lease, again.lease);
    assert_ne!(first.token, again.token);
    let other = EnrolRequest::sign(&invitation, InstallationId::new([6; 16]), &key);
    let Done::Enrolled(Err(error)) = hub.job(Job::Enrol(other)) else { panic!("a second device was enrolled") };
    assert_eq!(error.code(), "enrol-used");
    let mut forged = request;
    forged.key = SecretKey::from_bytes(&[6; 32]).unwrap().public();
    let Done::Enrolled(Err(error)) = hub.job(Job::Enrol(forged)) else { panic!("a forged key was enrolled") };
    assert_eq!(error.code(), "enrol-proof");
}

#[test]
fn a_small_budget_brings_everything_in_pieces() {
    let mut hub = TestHub::new();
    let mut gogui = hub.device("GOG", 1);
    for n in 0..20 {
        let case = DocumentId::new([n; 16]);
        let change = gogui.name(case, "Awa");
        let parcel = gogui.parcel(case, &[change], None);
        gogui.sync(&mut hub, vec![parcel]);
    }
    let mut colleague = hub.device("GOG", 2);
    let mut rounds = 0;
    loop {
        let mut request = colleague.request(Vec::new());
        request.budget = 500;
        let (_, rest) = hub.exchange(&request);
        colleague.documents.extend(rest.feed.iter().map(|item| (item.document, documents::blank(Kind::Case))));
        colleague.cursor = rest.cursor;
        rounds += 1;
        if !rest.more {
            break;
        }
        assert!(rest.digests.is_empty());
    }
    assert_eq!(colleague.documents.len(), 20);
    assert!(rounds >= 5, "{rounds}");
    assert_eq!(hub.shared.published().position, Position(hub.shared.log.head().0.0));
}

mod hostile;
mod people;
mod rebuilding;
mod referrals;
mod restored;
mod returning;
mod sealed;
