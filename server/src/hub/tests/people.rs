//! Who a device is to the hub: pending, confirmed, vouched for, revoked; what was held is decided; cases and sites move.

use std::sync::Arc;

use sync_protocol::crypto::SecretKey;
use sync_protocol::ids::{ChangeHash, Channel, DocumentId, Hash, InstallationId, Position, SiteCode};
use sync_protocol::wire::answer::{DECIDED_REJECTED, FeedWhat, Order, WipeWhen};
use sync_protocol::wire::manifest::{Stated, Statement};

use super::*;
use crate::access::{HELD_PENDING, HELD_REVOKED, Role};
use crate::hub::deciding::Decision;
use crate::hub::directory::Standing;
use crate::hub::fact::Ground;
use crate::hub::moving::Move;

fn site(code: &str) -> SiteCode {
    SiteCode::new(code).unwrap()
}

impl TestHub {
    /// A device that nobody has confirmed.
    fn pending(&mut self, at: &str, seed: u8) -> TestDevice {
        let user = UserId::new([seed; 16]);
        self.fact(Fact::User { user, profile: Profile::caseworker("Awa", vec![site(at)]) });
        let invitation = Invitation::from_random(draw(&mut self.random));
        let expires = self.now.plus(14 * Millis::DAY);
        self.fact(Fact::Invited { invitation: invitation.hash(), user, expires, confirmed: false });
        let key = SecretKey::from_bytes(&[seed; 32]).unwrap();
        let answer = self.enrol(EnrolRequest::sign(&invitation, InstallationId::new([seed; 16]), &key));
        let lease = answer.lease.verify(&answer.hub).unwrap();
        TestDevice { key, lease, token: Some(answer.token), counter: 0, cursor: None, documents: BTreeMap::new() }
    }

    fn lead(&mut self, at: &str, seed: u8) -> TestDevice {
        let lead = self.device(at, seed);
        let mut profile = Profile::caseworker("Binta", vec![site(at)]);
        profile.roles = vec![Role::SiteLead];
        self.fact(Fact::User { user: lead.lease.user, profile });
        lead
    }

    fn settle(&mut self) -> usize {
        let mut pieces = 0;
        while self.writer.settle(self.now, &mut self.random).unwrap() {
            pieces += 1;
        }
        pieces
    }

    fn push(&mut self, device: &mut TestDevice, case: DocumentId, name: &str) -> (Receipt, ChangeHash) {
        let change = device.name(case, name);
        let hash = change.1;
        let parcel = device.parcel(case, &[change], None);
        (device.sync(self, vec![parcel]).0, hash)
    }

    fn decide(&mut self, items: Vec<(Position, u16)>, approve: bool) -> usize {
        let decision = Decision { items, approve, reason: "seen in person".into(), by: By::Setup };
        match self.job(Job::Decide(decision)) {
            Done::Decided(done) => done.decided,
            other => panic!("{other:?}"),
        }
    }

    fn move_case(&mut self, case: DocumentId, from: &str, to: &str) -> Option<Position> {
        let (leaves, enters) = (Some(Channel::site(&site(from))), Some(Channel::site(&site(to))));
        let (ground, reason, by) = (Ground::Transfer, "goes on to the centre".into(), By::Setup);
        match self.job(Job::Move(Move { case, leaves, enters, ground, reason, by })) {
            Done::Moved(position) => position,
            other => panic!("{other:?}"),
        }
    }

    fn channels_of(&self, case: DocumentId) -> Vec<String> {
        let head = self.store.head(case).unwrap();
        head.map(|head| head.channels.iter().map(ToString::to_string).collect()).unwrap_or_default()
    }

    /// What is filed now is what the log alone gives.
    fn rebuilds_the_same(&self) {
        let empty = Arc::new(MemoryStore::new());
        let again = TestHub::open(self.disk.clone(), self.master.clone(), empty.clone(), SeededRandom::new(9));
        assert_eq!(again.shared.published().channels, self.shared.published().channels);
        let rows = |store: &MemoryStore| {
            let heads = store.documents_after(None, 1_000).unwrap();
            heads.into_iter().map(|head| (head.document, head.channels, head.sum)).collect::<Vec<_>>()
        };
        assert_eq!(rows(&empty), rows(&self.store));
        assert_eq!(again.shared.directory().held, self.shared.directory().held);
    }
}

#[test]
fn a_pending_devices_work_is_held_and_applied_when_it_is_confirmed() {
    let mut hub = TestHub::new();
    let mut tablet = hub.pending("GOG", 1);
    let case = DocumentId::new([9; 16]);
    let (receipt, first) = hub.push(&mut tablet, case, "Fatoumata");
    assert_eq!(only_fate(&receipt), &Fate::Held(HELD_PENDING.into()));
    let (receipt, _) = hub.push(&mut tablet, case, "Fatim");
    assert_eq!(only_fate(&receipt), &Fate::Held(HELD_PENDING.into()));
    let (_, rest) = tablet.sync(&mut hub, Vec::new());
    assert!(rest.channels.is_empty(), "the feed stays shut");
    assert!(rest.orders.contains(&Order::Pending));
    assert_eq!(hub.settle(), 0, "nothing is over yet");

    hub.fact(Fact::Confirmed { lease: tablet.lease.prefix });
    assert_eq!(hub.settle(), 1);
    assert!(hub.shared.directory().held.is_empty());
    assert_eq!(hub.channels_of(case), ["site/GOG"]);
    let (_, rest) = tablet.sync(&mut hub, Vec::new());
    assert_eq!(rest.decided.len(), 2, "a second receipt for each");
    assert_eq!(rest.decided[0].changes, [first]);
    assert_eq!(rest.decided[0].runs[0].fate, Fate::Applied);
    assert_eq!(rest.digests, [tablet.digest()]);
    let mut colleague = hub.device("GOG", 2);
    colleague.sync(&mut hub, Vec::new());
    assert_eq!(colleague.digest(), tablet.digest(), "the feed brings what was decided");
    hub.rebuilds_the_same();
}

#[test]
fn a_confirmation_interrupted_by_a_crash_is_finished_after_the_start() {
    let mut hub = TestHub::new();
    let mut tablet = hub.pending("GOG", 1);
    let case = DocumentId::new([9; 16]);
    hub.push(&mut tablet, case, "Awa");
    hub.fact(Fact::Confirmed { lease: tablet.lease.prefix });
    let mut hub = hub.crash(Arc::new(MemoryStore::new()));
    assert_eq!(hub.channels_of(case), [""; 0]);
    assert_eq!(hub.settle(), 1);
    assert_eq!(hub.channels_of(case), ["site/GOG"]);
}

#[test]
fn a_confirmed_device_still_writes_only_in_its_scope() {
    let mut hub = TestHub::new();
    let mut kayes = hub.device("KAY", 2);
    let case = DocumentId::new([9; 16]);
    hub.push(&mut kayes, case, "Awa");
    let mut tablet = hub.pending("GOG", 1);
    hub.push(&mut tablet, case, "Aoua");
    hub.push(&mut tablet, case, "Hawa");
    hub.fact(Fact::Confirmed { lease: tablet.lease.prefix });
    assert_eq!(hub.settle(), 1);
    let codes: Vec<String> = hub.shared.directory().held[&case].iter().map(|held| held.code.clone()).collect();
    assert_eq!(codes, ["held-who-scope", "held-who-behind"]);
    assert_eq!(hub.settle(), 0, "what is held for another reason waits for a person");
    hub.rebuilds_the_same();
}

#[test]
fn a_site_lead_vouches_for_a_device_before_and_after_it_is_enrolled() {
    let mut hub = TestHub::new();
    let mut lead = hub.lead("GOG", 7);
    let mut stranger = hub.lead("KAY", 8);
    let vouch = |hub: &mut TestHub, by: &mut TestDevice, key| {
        let parcel = by.stating(vec![Statement::Vouched { key }]);
        by.sync(hub, vec![parcel]);
    };
    let after = hub.pending("GOG", 1);
    vouch(&mut hub, &mut stranger, after.lease.key);
    let standing = |hub: &TestHub, device: &TestDevice| hub.shared.directory().leases[&device.lease.prefix].standing;
    assert_eq!(standing(&hub, &after), Standing::Pending, "another site's lead does not stand for it");
    vouch(&mut hub, &mut lead, after.lease.key);
    assert_eq!(standing(&hub, &after), Standing::Active);

    let key = SecretKey::from_bytes(&[2; 32]).unwrap().public();
    vouch(&mut hub, &mut lead, key);
    let before = hub.pending("GOG", 2);
    assert_eq!(standing(&hub, &before), Standing::Active);
    let caseworker_key = SecretKey::from_bytes(&[3; 32]).unwrap().public();
    let mut caseworker = hub.device("GOG", 4);
    vouch(&mut hub, &mut caseworker, caseworker_key);
    let third = hub.pending("GOG", 3);
    assert_eq!(standing(&hub, &third), Standing::Pending, "a caseworker does not vouch");
}

#[test]
fn a_revoked_devices_work_is_held_until_a_person_lets_it_in_or_not() {
    let mut hub = TestHub::new();
    let mut tablet = hub.device("GOG", 1);
    let (kept, refused) = (DocumentId::new([8; 16]), DocumentId::new([9; 16]));
    hub.push(&mut tablet, kept, "Awa");
    hub.fact(Fact::Revoked { lease: tablet.lease.prefix, lost: false, reason: "left the service".into() });
    for (case, name) in [(kept, "Aoua"), (kept, "Hawa"), (refused, "Binta")] {
        let (receipt, _) = hub.push(&mut tablet, case, name);
        let Fate::Held(code) = only_fate(&receipt) else { panic!("{receipt:?}") };
        assert_eq!(code, HELD_REVOKED);
    }
    let (_, rest) = tablet.sync(&mut hub, Vec::new());
    assert!(rest.channels.is_empty() && rest.feed.is_empty(), "its token is dead");
    assert!(rest.orders.contains(&Order::Wipe { when: WipeWhen::AfterReceipts }));
    assert!(!rest.orders.iter().any(|order| matches!(order, Order::Renew(_))));

    let first = |hub: &TestHub, case| {
        let directory = hub.shared.directory();
        let held = &directory.held[&case][0];
        (held.position, held.item)
    };
    let item = first(&hub, kept);
    assert_eq!(hub.decide(vec![item], true), 2, "what hangs on it comes along");
    assert_eq!(hub.decide(vec![item], true), 0, "twice changes nothing");
    let item = first(&hub, refused);
    assert_eq!(hub.decide(vec![item], false), 1);
    assert!(hub.shared.directory().held.is_empty());
    assert_eq!(hub.channels_of(refused), [""; 0]);

    let mut colleague = hub.device("GOG", 2);
    colleague.sync(&mut hub, Vec::new());
    assert_eq!(colleague.documents.len(), 1);
    assert_eq!(colleague.documents[&kept].get_changes(&[]).len(), 3 + documents::constant_hashes(Kind::Case).len());
    // A device that is let back in hears what became of its work.
    hub.fact(Fact::Confirmed { lease: tablet.lease.prefix });
    let (_, rest) = tablet.sync(&mut hub, Vec::new());
    let rest = if rest.channels.is_empty() { tablet.sync(&mut hub, Vec::new()).1 } else { rest };
    let fates: Vec<&Fate> = rest.decided.iter().map(|decided| &decided.runs[0].fate).collect();
    assert_eq!(fates.len(), 3);
    assert!(
        matches!(fates[2], Fate::Refused(code, sentence) if code == DECIDED_REJECTED && sentence == "seen in person")
    );
    hub.rebuilds_the_same();
}

#[test]
fn a_transferred_case_leaves_one_site_and_enters_the_other() {
    let mut hub = TestHub::new();
    let (mut gogui, mut kayes) = (hub.device("GOG", 1), hub.device("KAY", 2));
    let (case, other) = (DocumentId::new([9; 16]), DocumentId::new([8; 16]));
    hub.push(&mut gogui, case, "Awa");
    hub.push(&mut gogui, other, "Binta");
    assert!(hub.move_case(case, "GOG", "KAY").is_some());
    assert_eq!(hub.move_case(case, "GOG", "KAY"), None, "twice changes nothing");
    assert_eq!(hub.channels_of(case), ["site/KAY"]);

    let (receipt, rest) = {
        // An edit made before the notice came.
        let change = gogui.name(case, "Aoua");
        let parcel = gogui.parcel(case, &[change], None);
        gogui.sync(&mut hub, vec![parcel])
    };
    assert_eq!(only_fate(&receipt), &Fate::Held("held-who-scope".into()), "kept, for a person to decide");
    let what: Vec<FeedWhat> = rest.feed.iter().filter(|item| item.document == case).map(|item| item.what).collect();
    assert_eq!(what, [FeedWhat::Left]);
    kayes.sync(&mut hub, Vec::new());
    assert_eq!(kayes.documents.keys().copied().collect::<Vec<_>>(), [case]);

    let mut newcomer = hub.device("GOG", 3);
    let (_, rest) = newcomer.sync(&mut hub, Vec::new());
    let seen: Vec<DocumentId> =
        rest.feed.iter().filter(|item| !item.changes.is_empty()).map(|item| item.document).collect();
    assert_eq!(seen, [other], "what has left is not fed to who comes later");
    assert_eq!(rest.digests, [newcomer.digest()]);
    let held = hub.shared.directory().held[&case][0].clone();
    assert_eq!(hub.decide(vec![(held.position, held.item)], true), 1);
    assert_eq!(hub.channels_of(case), ["site/KAY"], "letting it in does not bring the case back");
    hub.rebuilds_the_same();
}

#[test]
fn a_closed_sites_documents_and_people_go_on_at_the_other_in_pieces() {
    let mut hub = TestHub::new();
    let mut gogui = hub.device("GOG", 1);
    let cases = crate::limits::CLOSING_DOCUMENTS + 3;
    for number in 0..cases {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&(number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        hub.push(&mut gogui, DocumentId::new(id), "Awa");
    }
    let late = DocumentId::new([0xfe; 16]);
    let change = gogui.name(late, "Binta");
    let late_parcel = gogui.parcel(late, &[change], None);
    let (name, region) = ("Gogui".to_owned(), "Kayes".to_owned());
    hub.fact(Fact::Site { code: site("GOG"), name, region, closed_into: Some(site("KAY")) });
    assert!(hub.writer.settle(hub.now, &mut hub.random).unwrap());
    // A restart in the middle: the rest follows.
    let mut hub = hub.crash(Arc::new(MemoryStore::new()));
    assert!(hub.settle() >= 1);
    let channels = hub.shared.published().channels.clone();
    assert_eq!(channels[&Channel::site(&site("GOG"))].documents, 0);
    assert_eq!(channels[&Channel::site(&site("KAY"))].documents, cases as u64);

    let (receipt, rest) = gogui.sync(&mut hub, vec![late_parcel]);
    assert_eq!(only_fate(&receipt), &Fate::Applied, "what was recorded there before is not lost");
    assert_eq!(hub.channels_of(late), ["site/KAY"]);
    assert!(rest.orders.contains(&Order::ChannelClosed(Channel::site(&site("GOG")))));
    let mut fed = rest.feed.len();
    let mut rest = rest;
    while rest.more {
        rest = gogui.sync(&mut hub, Vec::new()).1;
        fed += rest.feed.len();
    }
    assert!(fed >= cases, "everything is told again through the other channel");
    assert_eq!(rest.digests, [gogui.digest()]);
    hub.rebuilds_the_same();
}

impl TestDevice {
    /// A parcel that only states something.
    fn stating(&mut self, statements: Vec<Statement>) -> Parcel {
        self.counter += 1;
        let stated: Vec<Stated> = statements
            .iter()
            .enumerate()
            .map(|(index, statement)| Stated { salt: Salt::new([index as u8; 16]), statement: Raw::of(statement) })
            .collect();
        let commitments: Vec<Hash> = stated.iter().map(Stated::commitment).collect();
        let manifest = Manifest {
            installation: self.lease.installation,
            user: self.lease.user,
            counter: self.counter,
            previous: None,
            created: NOW,
            site: self.lease.site.clone(),
            documents: Vec::new(),
            statements: commitments,
        };
        Parcel::sign(&manifest, Vec::new(), stated, &self.key)
    }
}

#[test]
fn nobody_voids_the_challenge_that_a_device_is_about_to_answer() {
    let mut hub = TestHub::new();
    let mut tablet = hub.device("GOG", 1);
    tablet.token = None;
    let challenge = |rest: &Rest| {
        let found = rest.orders.iter().find_map(|order| match order {
            Order::Renew(challenge) => Some(*challenge),
            _ => None,
        });
        found.unwrap()
    };
    let (_, rest) = hub.exchange(&tablet.request(Vec::new()));
    let given = challenge(&rest);
    // Somebody else who knows the lease's prefix asks meanwhile.
    let (_, rest) = hub.exchange(&tablet.request(Vec::new()));
    assert_eq!(challenge(&rest), given);
    let mut proof = tablet.request(Vec::new());
    proof.renewal = Some(Renewal::sign(hub.shared.published().log, tablet.lease.prefix, given, &tablet.key));
    let (_, rest) = hub.exchange(&proof);
    assert!(rest.token.is_some());
    let (_, rest) = hub.exchange(&proof);
    assert!(rest.token.is_none(), "a proof opens once");
    assert_ne!(challenge(&rest), given);
}

#[test]
fn what_a_dismissed_users_device_still_brings_begins_at_its_site_when_it_is_let_in() {
    let mut hub = TestHub::new();
    let mut tablet = hub.device("GOG", 1);
    let mut profile = Profile::caseworker("Awa", vec![site("GOG")]);
    profile.active = false;
    hub.fact(Fact::User { user: tablet.lease.user, profile });
    let case = DocumentId::new([9; 16]);
    let (receipt, _) = hub.push(&mut tablet, case, "Binta");
    assert_eq!(only_fate(&receipt), &Fate::Held("held-who-inactive".into()));
    let held = hub.shared.directory().held[&case][0].clone();
    assert_eq!(hub.decide(vec![(held.position, held.item)], true), 1);
    assert_eq!(hub.channels_of(case), ["site/GOG"], "a case in no channel would be forgotten");
    hub.rebuilds_the_same();
}
