//! Promises checked here: *Saved means saved*, *Idempotent*, *A person writes only as themselves and sees only their scope*,
//! for a hub that came back from an older copy, told or not, and for two from one backup.

use sync_protocol::crypto::SecretKey as Key;
use sync_protocol::ids::ChainTag;
use sync_protocol::wire::lease::SignedLease;
use sync_protocol::wire::returning::{Mark, Marks};

use super::*;
use crate::hub::continuing::Continuing;
use crate::hub::deciding::Decision;
use crate::hub::enrolling::EnrolError;
use crate::hub::exchange::receive;

const FIRST: DocumentId = DocumentId::new([1; 16]);
const SECOND: DocumentId = DocumentId::new([2; 16]);

/// A hub from the files of another as they are now.
fn copy_of(hub: &TestHub, seed: u64) -> TestHub {
    let disk = FakeDisk::from_files(seed, &hub.disk.files());
    TestHub::open(disk, MasterKey::from_bytes([7; 32]), Arc::new(MemoryStore::new()), SeededRandom::new(seed))
}

fn mark(receipt: &Receipt) -> Mark {
    Mark { position: receipt.head, tag: ChainTag::of(&receipt.chain) }
}

/// One case that both copies have and one that only the first hub has; the device's marks.
fn lost(hub: &mut TestHub, phone: &mut TestDevice) -> (TestHub, Parcel, Marks) {
    let change = phone.name(FIRST, "Awa");
    let parcel = phone.parcel(FIRST, &[change], None);
    let (before, _) = phone.sync(hub, vec![parcel]);
    let copy = copy_of(hub, 2);
    let change = phone.name(SECOND, "Moussa");
    let parcel = phone.parcel(SECOND, &[change], None);
    let request = phone.request(vec![parcel.clone()]);
    let Answer { receipt, signature, rest } = hub.answer(&request);
    phone.cursor = rest.read::<Rest>().unwrap().cursor;
    let log = before.log;
    (copy, parcel, Marks { log, receipt, signature, earlier: vec![mark(&before)] })
}

fn showing(phone: &TestDevice, marks: &Marks) -> ExchangeRequest {
    ExchangeRequest { marks: Some(marks.clone()), ..phone.request(Vec::new()) }
}

fn settle(hub: &mut TestHub) {
    while hub.writer.settle(hub.now, &mut hub.random).unwrap() {}
}

fn is_held(hub: &TestHub) -> bool {
    hub.shared.directory().restored.is_some()
}

#[test]
fn a_receipt_of_what_was_lost_holds_everything_until_it_is_confirmed_and_nothing_unsigned_does() {
    let mut hub = TestHub::new();
    let mut phone = hub.device("GOG", 1);
    let (mut hub, parcel, marks) = lost(&mut hub, &mut phone);
    let (log, head) = (hub.shared.published().log, hub.shared.published().position);
    let shared = marks.earlier[0].position;
    // The cursor alone shows that another log is meant: no feed, and nothing is written.
    let (_, rest) = hub.exchange(&phone.request(Vec::new()));
    assert_eq!(rest.orders, [Order::ShowMarks]);
    assert!(rest.feed.is_empty() && rest.cursor.is_none() && rest.channels.is_empty());
    // What this hub's key did not sign proves nothing.
    let mut forged = marks.clone();
    forged.signature =
        Answer::sign(marks.receipt.read().unwrap(), &Rest::default(), None, &Key::from_bytes(&[9; 32]).unwrap())
            .signature;
    let mut claimed = forged.clone();
    claimed
        .earlier
        .insert(0, Mark { position: Position(1_000), tag: ChainTag::of(&sync_protocol::ids::Hash::new([1; 32])) });
    for marks in [forged, claimed] {
        let (_, rest) = hub.exchange(&showing(&phone, &marks));
        assert_eq!(rest.shared, Some(shared), "what both have is found all the same");
    }
    assert_eq!((hub.shared.published().log, hub.shared.published().position), (log, head));
    assert!(!is_held(&hub));
    // The receipt does; once.
    let (receipt, rest) = hub.exchange(&showing(&phone, &marks));
    assert_ne!(receipt.log, log);
    assert_eq!((receipt.head, rest.shared), (head.next(), Some(shared)));
    assert!(is_held(&hub) && rest.feed.is_empty());
    assert_eq!(hub.exchange(&showing(&phone, &marks)).0.head, receipt.head, "the same again changes nothing");
    // Whatever comes is kept and held; nobody is enrolled, nothing is decided, nothing is fed.
    let (receipt, rest) = hub.exchange(&phone.request(vec![parcel]));
    assert_eq!(only_fate(&receipt), &Fate::Held("held-who-restored".into()));
    assert!(rest.feed.is_empty() && rest.channels.is_empty());
    let items = vec![(receipt.head, 0)];
    let decision = Decision { items, approve: true, reason: "x".into(), by: By::Setup };
    assert!(matches!(hub.job(Job::Decide(decision)), Done::Decided(done) if done.decided == 0));
    let invitation = Invitation::from_random([5; 12]);
    let request = EnrolRequest::sign(&invitation, InstallationId::new([5; 16]), &Key::from_bytes(&[5; 32]).unwrap());
    assert!(matches!(hub.job(Job::Enrol(request)), Done::Enrolled(Err(EnrolError::Restored))));
    settle(&mut hub);
    // Also after a crash.
    let mut hub = hub.crash(Arc::new(MemoryStore::new()));
    assert!(is_held(&hub) && hub.shared.store.head(SECOND).unwrap().is_none());
    hub.fact(Fact::ContinuedConfirmed);
    settle(&mut hub);
    assert!(!is_held(&hub) && hub.shared.store.head(SECOND).unwrap().is_some());
    let (_, rest) = hub.exchange(&showing(&phone, &marks));
    assert!(!is_held(&hub), "the receipt of the log before proves nothing new");
    assert!(rest.feed.iter().all(|item| item.document == SECOND), "the cursor stands at what is shared");
    phone.cursor = rest.cursor;
    let (receipt, rest) = phone.sync(&mut hub, Vec::new());
    assert_eq!(receipt.log, hub.shared.published().log);
    assert!(!rest.orders.contains(&Order::ShowMarks));
    let checked = crate::verify::recompute(&hub.shared.log, &hub.shared.keyring, &mut SeededRandom::new(5)).unwrap();
    assert_eq!(checked.report.log, receipt.log);
    assert!(checked.report.differences.is_empty(), "{:?}", checked.report.differences);
}

#[test]
fn told_by_whoever_starts_it_the_log_goes_on_once_and_a_cursor_of_before_fits() {
    let mut hub = TestHub::new();
    let mut phone = hub.device("GOG", 1);
    let change = phone.name(FIRST, "Awa");
    let parcel = phone.parcel(FIRST, &[change], None);
    phone.sync(&mut hub, vec![parcel]);
    let before = hub.shared.published();
    for _ in 0..2 {
        hub.job(Job::Continue(Continuing::Told));
        assert_eq!(hub.shared.published().position, before.position.next());
    }
    let mut hub = hub.crash(Arc::new(MemoryStore::new()));
    let after = hub.shared.published();
    assert_ne!(after.log, before.log);
    assert_eq!(hub.shared.log.log_id(), before.log, "the files keep theirs");
    assert_eq!(hub.shared.directory().parent, Some((before.log, before.position)));
    hub.fact(Fact::ContinuedConfirmed);
    let (receipt, rest) = phone.sync(&mut hub, Vec::new());
    assert_eq!(receipt.log, after.log);
    assert!(rest.feed.is_empty() && rest.orders.is_empty(), "{rest:?}");
}

#[test]
fn who_was_revoked_since_the_copy_gets_nothing_before_it_is_confirmed_nor_after_it_is_revoked_again() {
    let mut hub = TestHub::new();
    let mut phone = hub.device("GOG", 1);
    let mut colleague = hub.device("GOG", 2);
    let (mut hub, parcel, marks) = lost(&mut hub, &mut phone);
    let change = colleague.name(FIRST, "Fanta");
    let own = colleague.parcel(FIRST, &[change], None);
    // The copy does not know that the phone was revoked.
    hub.exchange(&showing(&phone, &marks));
    let (receipt, rest) = hub.exchange(&phone.request(vec![parcel]));
    assert_eq!(only_fate(&receipt), &Fate::Held("held-who-restored".into()));
    assert!(rest.feed.is_empty() && rest.digests.is_empty());
    hub.exchange(&colleague.request(vec![own]));
    hub.fact(Fact::Revoked { lease: phone.lease.prefix, lost: false, reason: "again".into() });
    hub.fact(Fact::ContinuedConfirmed);
    settle(&mut hub);
    assert!(hub.shared.store.head(SECOND).unwrap().is_none(), "nothing of the revoked device was let in");
    assert!(hub.shared.directory().held.contains_key(&SECOND), "and nothing of it is lost");
    assert!(!hub.shared.directory().held.contains_key(&FIRST), "the colleague's work was tried again");
    let (_, rest) = hub.exchange(&phone.request(Vec::new()));
    assert!(rest.feed.is_empty() && rest.orders.contains(&Order::Revoked));
}

#[test]
fn a_device_enrolled_after_the_copy_comes_back_pending_and_a_made_up_one_does_not() {
    let mut hub = TestHub::new();
    let copy = copy_of(&hub, 2);
    let mut phone = hub.device("GOG", 1);
    let signed = hub.shared.directory().leases[&phone.lease.prefix].signed.clone();
    let change = phone.name(FIRST, "Awa");
    let parcel = phone.parcel(FIRST, &[change], None);
    let mut hub = copy;
    let refused = |hub: &TestHub, request: &ExchangeRequest| {
        let received = receive(&hub.shared, &frame(Message::ExchangeRequest, request), hub.now);
        received.err().expect("it is refused").code()
    };
    let bare = phone.request(vec![parcel]);
    assert_eq!(refused(&hub, &bare), "lease-unknown");
    let made_up = SignedLease::sign(&phone.lease, &Key::from_bytes(&[9; 32]).unwrap());
    assert_eq!(refused(&hub, &ExchangeRequest { signed_lease: Some(made_up), ..bare.clone() }), "lease-unknown");
    let other = ExchangeRequest { lease: sync_protocol::ids::ActorPrefix::new([8; 8]), ..bare.clone() };
    assert_eq!(refused(&hub, &ExchangeRequest { signed_lease: Some(signed.clone()), ..other }), "lease-unknown");
    let (receipt, rest) = hub.exchange(&ExchangeRequest { signed_lease: Some(signed), ..bare });
    assert_eq!(only_fate(&receipt), &Fate::Held("held-who-pending".into()));
    assert_eq!(rest.orders, [Order::Pending]);
    assert!(!hub.shared.directory().users[&phone.lease.user].active);
    let hub = hub.crash(Arc::new(MemoryStore::new()));
    assert!(hub.shared.directory().leases.contains_key(&phone.lease.prefix));
}

#[test]
fn of_two_hubs_from_one_backup_each_finds_the_other_by_what_devices_show() {
    let mut one = TestHub::new();
    let mut phone = one.device("GOG", 1);
    let mut other_phone = one.device("GOG", 2);
    let (mut two, _, marks) = lost(&mut one, &mut phone);
    // The second hub has gone further meanwhile: its log is longer, not the same.
    for document in 10..14 {
        let document = DocumentId::new([document; 16]);
        let change = other_phone.name(document, "Fanta");
        let parcel = other_phone.parcel(document, &[change], None);
        other_phone.sync(&mut two, vec![parcel]);
    }
    let (_, rest) = two.exchange(&phone.request(Vec::new()));
    assert_eq!(rest.orders, [Order::ShowMarks]);
    let shared = marks.earlier[0].position;
    let (at_two, rest) = two.exchange(&showing(&phone, &marks));
    assert!(is_held(&two) && rest.shared == Some(shared));
    // A receipt of the log that goes on is one of another hub to the first.
    let receipt = two.answer(&phone.request(Vec::new()));
    let marks = Marks { log: at_two.log, receipt: receipt.receipt, signature: receipt.signature, earlier: vec![] };
    one.exchange(&showing(&phone, &marks));
    assert!(is_held(&one));
    let head = one.shared.published().position;
    assert_eq!(one.exchange(&showing(&phone, &marks)).0.head, head, "a sibling that is known proves nothing new");
    assert_ne!(one.shared.published().log, two.shared.published().log);
}
