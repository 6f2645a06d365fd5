//! What an enrolled key could do to the hub with bytes that pass signature and commitment: end it, and every start
//! after it. Each of these did.

use automerge::transaction::Transactable;
use automerge::{ActorId, Automerge, ROOT};
use sync_protocol::gate::change_hash;
use sync_protocol::ids::ChangeHash;
use sync_protocol::wire::answer::ParcelReceipt;

use super::*;
use crate::hub::vet::RequestError;
use crate::limits::{DOCUMENT_CHANNELS_MAX, REQUEST_WEIGHT_MAX};

type Work = (DocumentId, Kind, Vec<(Raw, ChangeHash)>);

impl TestDevice {
    /// A parcel with any documents.
    fn pack(&mut self, works: Vec<Work>) -> Parcel {
        self.counter += 1;
        let salt = Salt::new([self.counter as u8; 16]);
        let mut named = Vec::new();
        let mut contents = Vec::new();
        for (document, kind, changes) in works {
            let hashes: Vec<_> = changes.iter().map(|(_, hash)| *hash).collect();
            let commitment = commitment(&salt, document, kind.code(), &hashes, None);
            named.push(Named { document, kind: kind.code(), commitment });
            let changes = changes.into_iter().map(|(raw, _)| raw).collect();
            contents.push(Content { salt, changes, card: None });
        }
        let manifest = Manifest {
            installation: self.lease.installation,
            user: self.lease.user,
            counter: self.counter,
            previous: None,
            created: NOW,
            site: self.lease.site.clone(),
            documents: named,
            statements: Vec::new(),
        };
        Parcel::sign(&manifest, contents, Vec::new(), &self.key)
    }

    fn actor(&self) -> Actor {
        Actor::from_parts(self.lease.prefix, [1; 8])
    }
}

/// A change made past the schema's typed edits.
fn raw_change(
    doc: &mut Automerge,
    actor: Actor,
    write: impl FnOnce(&mut automerge::transaction::Transaction<'_>),
) -> (Raw, ChangeHash) {
    doc.set_actor(ActorId::from(actor.as_bytes()));
    let mut transaction = doc.transaction();
    write(&mut transaction);
    transaction.commit();
    let change = doc.get_last_local_change().unwrap();
    (Raw(change.raw_bytes().to_vec()), ChangeHash::new(change.hash().0))
}

fn fates(receipt: &ParcelReceipt) -> Vec<&Fate> {
    receipt.documents.iter().flat_map(|document| &document.runs).map(|run| &run.fate).collect()
}

/// One good case, and in this many others as many changes as a document may have that nobody can read, each with
/// another reason than the one before.
fn with_unreadable(device: &mut TestDevice, good: DocumentId, documents: u16) -> Parcel {
    let mut works = vec![(good, Kind::Case, vec![device.name(good, "Awa")])];
    for n in 0..documents {
        let mut id = [7; 16];
        id[..2].copy_from_slice(&n.to_be_bytes());
        // An unknown kind of chunk, and a length that does not fit: refused for what they are, not as damaged on the way.
        let head = [0x85, 0x6f, 0x4a, 0x83, 0, 0, 0, 0];
        let rest: [&[u8]; 2] = [&[9], &[1, 9]];
        let bytes = |index: usize| Raw([&head, rest[index % 2]].concat());
        let changes = (0..512).map(bytes).map(|raw| (raw.clone(), change_hash(raw.as_ref()))).collect();
        works.push((DocumentId::new(id), Kind::Case, changes));
    }
    device.pack(works)
}

#[test]
fn a_parcel_of_unreadable_changes_makes_no_entry_that_cannot_be_read_again() {
    // Prevents: an entry whose fates are more than one message may hold; no start could read it.
    let case = DocumentId::new([9; 16]);
    let mut hub = TestHub::new();
    let mut gogui = hub.device("GOG", 1);
    let many = with_unreadable(&mut gogui, case, 320);
    let bytes = frame(Message::ExchangeRequest, &gogui.request(vec![many]));
    assert!(bytes.len() < 100_000, "{} bytes on the wire", bytes.len());
    match receive(&hub.shared, &bytes, NOW) {
        Err(error) => assert!(matches!(error, RequestError::TooMany { max: REQUEST_WEIGHT_MAX, .. }), "{error}"),
        Ok((_, jobs)) => drop(jobs.into_iter().map(|job| hub.job(job)).collect::<Vec<_>>()),
    }
    gogui.documents.clear();
    let fewer = with_unreadable(&mut gogui, case, 80);
    let (receipt, _) = gogui.sync(&mut hub, vec![fewer]);
    assert_eq!(only_fate(&receipt), &Fate::Applied);
    let hub = hub.crash(Arc::new(MemoryStore::new()));
    assert!(hub.store.head(case).unwrap().is_some());
}

#[test]
fn a_request_that_unpacks_to_more_than_it_may_is_refused_before_it_is_unpacked() {
    // Prevents: deflated changes in a deflated message take gigabytes.
    let mut hub = TestHub::new();
    let mut gogui = hub.device("GOG", 1);
    let mut doc = documents::blank(Kind::Case);
    let actor = gogui.actor();
    let _ = raw_change(&mut doc, actor, |transaction| transaction.put(ROOT, "x", "a".repeat(380_000)).unwrap());
    let mut change = doc.get_last_local_change().unwrap();
    let (raw, hash) = (Raw(change.bytes().to_vec()), ChangeHash::new(change.hash().0));
    assert!(raw.0.len() < 2_000, "{}", raw.0.len());
    let works = (0..100).map(|n| (DocumentId::new([n; 16]), Kind::Case, vec![(raw.clone(), hash)])).collect();
    let parcel = gogui.pack(works);
    let bytes = frame(Message::ExchangeRequest, &gogui.request(vec![parcel]));
    let Err(RequestError::TooMany { found, .. }) = receive(&hub.shared, &bytes, NOW) else { panic!("it was taken") };
    assert!(found < REQUEST_WEIGHT_MAX + 400_000, "{found}");
}

#[test]
fn a_document_that_the_store_would_not_take_is_held_and_never_in_the_log_as_applied() {
    // Prevents: the store refuses after the append; the hub ends, and so does every start.
    let mut hub = TestHub::new();
    let mut gogui = hub.device("GOG", 1);
    let case = DocumentId::new([9; 16]);
    let mut doc = documents::blank(Kind::Case);
    let actor = gogui.actor();
    let mut receipts = Vec::new();
    for round in 0..2 {
        // Long names of unknown fields: short when saved, long when they are listed.
        let changes = (0..14).map(|n| {
            raw_change(&mut doc, actor, |transaction| {
                for key in 0..17 {
                    let key = format!("{round}-{n}-{key}-{}", "k".repeat(20_000));
                    transaction.put(ROOT, key, true).unwrap();
                }
            })
        });
        let changes = changes.collect();
        let parcel = gogui.pack(vec![(case, Kind::Case, changes)]);
        receipts.extend(hub.exchange(&gogui.request(vec![parcel])).0.parcels);
    }
    let held = |fate: &&Fate| matches!(fate, Fate::Held(code) if code == "gate-document-bytes");
    assert!(receipts.iter().flat_map(fates).any(|fate| held(&fate)), "{receipts:?}");
    drop(hub.crash(Arc::new(MemoryStore::new())));
}

#[test]
fn a_document_enters_no_more_channels_than_the_store_takes() {
    // Prevents: a movement whose ends are changed seventy times ends the hub for ever.
    let mut hub = TestHub::new();
    let mut gogui = hub.device("GOG", 1);
    let sites: Vec<String> =
        (0..=DOCUMENT_CHANNELS_MAX).map(|n| format!("S{}{}", letter(n / 26), letter(n % 26))).collect();
    for site in &sites {
        hub.fact(Fact::Site {
            code: SiteCode::new(site).unwrap(),
            name: site.clone(),
            region: "Kayes".into(),
            closed_into: None,
        });
    }
    let movement = DocumentId::new([9; 16]);
    let mut doc = documents::blank(Kind::Movement);
    let mut receipts = Vec::new();
    for site in &sites {
        let edit = Edit::Set { field: "trip.from_site".into(), value: Value::Text(site.clone()).into() };
        let shown = documents::edit::heads(&doc);
        let committed = documents::apply(&mut doc, Kind::Movement, &shown, gogui.actor(), NOW, &[edit]).unwrap();
        let parcel = gogui.pack(vec![(movement, Kind::Movement, vec![(Raw(committed.raw), committed.hash)])]);
        receipts.extend(hub.exchange(&gogui.request(vec![parcel])).0.parcels);
    }
    assert!(receipts.iter().flat_map(fates).any(|fate| matches!(fate, Fate::Held(_))));
    let hub = hub.crash(Arc::new(MemoryStore::new()));
    let row = hub.store.head(movement).unwrap().unwrap();
    assert_eq!(row.channels.len(), DOCUMENT_CHANNELS_MAX);
}

fn letter(n: usize) -> char {
    char::from(b'A' + u8::try_from(n).unwrap())
}

#[test]
fn one_request_is_tried_up_to_a_bound_and_the_rest_is_kept() {
    // Prevents: one small request keeps the writer busy for hours.
    let mut hub = TestHub::new();
    hub.writer.operations_max = 1;
    let mut gogui = hub.device("GOG", 1);
    let works = |device: &mut TestDevice, ids: [u8; 2]| {
        let work = |id| (DocumentId::new([id; 16]), Kind::Case, vec![device.name(DocumentId::new([id; 16]), "Awa")]);
        ids.map(work).to_vec()
    };
    let first = works(&mut gogui, [1, 2]);
    let parcel = gogui.pack(first.clone());
    let (receipt, _) = hub.exchange(&gogui.request(vec![parcel]));
    assert_eq!(fates(&receipt.parcels[0]), [&Fate::Applied, &Fate::Held("gate-untried".into())]);
    // What is there already is not held again, and the next request has a bound of its own.
    let mut again = works(&mut gogui, [3, 4]);
    again.extend(first);
    let parcel = gogui.pack(again);
    let (receipt, _) = hub.exchange(&gogui.request(vec![parcel]));
    let held = Fate::Held("gate-untried".into());
    assert_eq!(fates(&receipt.parcels[0]), [&Fate::Applied, &held, &Fate::Duplicate, &held]);
}

#[test]
fn an_enrolment_seen_on_its_way_gives_no_token_once_the_device_works() {
    // Prevents: whoever once saw the request opens the feed with it for ever, without any key.
    let mut hub = TestHub::new();
    let user = UserId::new([5; 16]);
    hub.fact(Fact::User { user, profile: Profile::caseworker("Awa", vec![SiteCode::new("GOG").unwrap()]) });
    let invitation = Invitation::from_random([5; 12]);
    let expires = NOW.plus(14 * Millis::DAY);
    hub.fact(Fact::Invited { invitation: invitation.hash(), user, expires, confirmed: true });
    let key = SecretKey::from_bytes(&[5; 32]).unwrap();
    let request = EnrolRequest::sign(&invitation, InstallationId::new([5; 16]), &key);
    let answer = hub.enrol(request.clone());
    let lease = answer.lease.verify(&answer.hub).unwrap();
    let token = Some(answer.token);
    let mut device = TestDevice { key, lease, token, counter: 0, cursor: None, documents: BTreeMap::new() };
    let case = DocumentId::new([9; 16]);
    let change = device.name(case, "Awa");
    let parcel = device.parcel(case, &[change], None);
    device.sync(&mut hub, vec![parcel]);
    let Done::Enrolled(Err(error)) = hub.job(Job::Enrol(request)) else { panic!("a seen request opened the feed") };
    assert_eq!(error.code(), "enrol-used");
    let (_, rest) = device.sync(&mut hub, Vec::new());
    assert!(!rest.channels.is_empty(), "the device's own token is still in force");
}
