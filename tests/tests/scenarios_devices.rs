//! Stories of devices and who they are: enrolled, restored, cloned, without a token, out of their scope.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::collections::BTreeSet;
use std::fs;

use segin::cli::client::Client;
use segin::clock::FakeClock;
use segin::field::FieldDevice;
use segin::serve::{Hub, Options, RunningHub};
use segin_tests::audit::Audit;
use segin_tests::http::Http;
use segin_tests::night::{Night, Phone};
use segin_tests::raw::{NoAnswer, RawDevice};
use serde_json::{Value as Json, json};
use sync_protocol::device::Report;
use sync_protocol::documents::{Edit, Kind, Value};
use sync_protocol::ids::{DocumentId, Millis, SiteCode};
use sync_protocol::wire::answer::{Fate, Order, Receipt, Rest};
use sync_protocol::wire::codec::to_cbor;
use tempfile::TempDir;
use tokio::runtime::Runtime;

fn named(name: &str) -> Edit {
    Edit::Set { field: "identity.given".into(), value: Value::Text(name.into()).into() }
}

/// The cases that the hub has, and nothing else: each with one change.
fn holds(night: Night, cases: &[DocumentId]) {
    let place = night.end();
    let audit = Audit::of(place.data(), &place.command.master_key);
    let report = &audit.recomputed.report;
    assert_eq!((report.documents["case"], report.held), (cases.len() as u64, 0));
    for case in cases {
        assert_eq!(audit.changes(*case).len(), 2, "the constant change and the one that was recorded");
    }
    audit.agrees_with_documents(place.data());
}

fn cases_of(phone: &Phone) -> BTreeSet<DocumentId> {
    phone.documents(Kind::Case).into_iter().collect()
}

fn says_clone(night: &Night) -> bool {
    let devices = night.console("/v1/devices");
    devices["devices"].as_array().unwrap().iter().any(|device| device["cloned"] == true)
}

#[test]
fn a_device_restored_from_an_older_copy_goes_on_and_nothing_is_lost() {
    let mut night = Night::begin();
    let mut phone = night.device(&["GOG"]);
    let mut cases = vec![phone.record(vec![named("before the copy, sent")]).unwrap().document];
    night.sync(&mut phone);
    cases.push(phone.record(vec![named("before the copy, unsent")]).unwrap().document);
    phone.off();
    let mut older = phone.copy("older");
    older.off();
    phone.on();
    for name in ["after the copy, sent", "after the copy, sent too"] {
        cases.push(phone.record(vec![named(name)]).unwrap().document);
        night.sync(&mut phone);
    }
    phone.off();
    fs::remove_dir_all(&phone.dir).unwrap();
    fs::rename(&older.dir, &phone.dir).unwrap();
    phone.on();
    assert_eq!(cases_of(&phone).len(), 2);

    cases.push(phone.record(vec![named("after the restore")]).unwrap().document);
    night.sync(&mut phone);
    night.sync(&mut phone);
    let status = phone.status().unwrap();
    assert_eq!((status.unsent, status.held, status.refused), (0, 0, 0));
    assert_eq!(cases_of(&phone), cases.iter().copied().collect(), "what the restored copy lacked came back");
    assert!(says_clone(&night), "the hub says that a counter came twice");
    holds(night, &cases);
}

#[test]
fn a_cloned_device_is_two_and_both_go_on() {
    let mut night = Night::begin();
    let mut phone = night.device(&["GOG"]);
    let mut cases = vec![phone.record(vec![named("before the clone")]).unwrap().document];
    phone.off();
    let mut clone = phone.copy("clone");
    phone.on();
    let mut told = false;
    for round in 0..3 {
        for (who, device) in [("the phone", &mut phone), ("its clone", &mut clone)] {
            cases.push(device.record(vec![named(&format!("{who}, round {round}"))]).unwrap().document);
            let report = night.sync(device);
            assert_eq!((report.synced.held, report.synced.refused, report.synced.left), (0, 0, 0));
            told |= report.reports.contains(&Report::CloneSeen);
        }
    }
    night.sync(&mut phone);
    assert!(told, "the person is told");
    assert!(says_clone(&night));
    for device in [&phone, &clone] {
        assert_eq!(cases_of(device), cases.iter().copied().collect());
    }
    holds(night, &cases);
}

#[test]
fn two_clones_that_edit_one_case_merge() {
    let mut night = Night::begin();
    let mut phone = night.device(&["GOG"]);
    let case = phone.record(vec![named("Fanta")]).unwrap().document;
    night.sync(&mut phone);
    phone.off();
    let mut clone = phone.copy("clone");
    phone.on();
    let set = |field: &str, value: &str| Edit::Set { field: field.into(), value: Value::Text(value.into()).into() };
    phone.edit(case, None, vec![set("identity.family", "Diarra")]).unwrap();
    clone.edit(case, None, vec![set("identity.father", "Bakary")]).unwrap();
    for device in [&mut phone, &mut clone] {
        night.sync(device);
    }
    night.sync(&mut phone);
    for device in [&mut phone, &mut clone] {
        let shown = device.show(case).unwrap();
        assert_eq!(shown.projection.text("identity.family"), Some("Diarra"));
        assert_eq!(shown.projection.text("identity.father"), Some("Bakary"));
        assert_eq!((shown.conflicts.len(), shown.unsent), (0, 0));
    }
    night.end();
}

#[test]
fn an_invitation_is_for_one_device_and_the_same_one_may_ask_again() {
    let mut night = Night::begin();
    let url = night.hub().url().to_owned();
    let user = night.user(&["GOG"]);
    let invitation = night.invite(user);
    let (mut phone, mut second) = (night.blank_device(), night.blank_device());

    let typed = format!(" {} ", invitation.to_lowercase().replace('-', " "));
    let lease = night.run(phone.enrol(&url, &typed)).unwrap();
    assert_eq!(lease.user, user);
    let error = night.run(second.enrol(&url, &invitation)).err().unwrap();
    assert!(error.to_string().contains("enrol-used"), "{error}");

    let other = night.invite(user);
    let mut http = Http::to(night.hub().address());
    let [one, again] = [(); 2].map(|()| RawDevice::enrol(&mut http, &other, 5).unwrap());
    assert_eq!(one.lease, again.lease, "the same device asks again when the answer was lost");
    assert_ne!(one.token, again.token);
    let Err(NoAnswer::Refused(403, body)) = RawDevice::enrol(&mut http, &other, 6) else { panic!("used twice") };
    assert!(body.contains("enrol-used"), "{body}");

    // A letter that no invitation has, one too few, one too many; and one that reads well and was never given.
    let entries = |night: &Night| night.console("/v1/status")["position"].as_u64();
    let before = entries(&night);
    for wrong in [invitation.replace('-', "U"), invitation[..13].to_owned(), format!("{invitation}0"), String::new()] {
        assert_eq!(night.run(second.enrol(&url, &wrong)).err().unwrap().code(), "field-invitation", "{wrong}");
    }
    let other = if invitation.starts_with('7') { '8' } else { '7' };
    let error = night.run(second.enrol(&url, &format!("{other}{}", &invitation[1..]))).err().unwrap();
    assert!(error.to_string().contains("enrol-unknown"), "{error}");
    assert_eq!(entries(&night), before, "the log does not grow by guesses");
    let right = night.invite(user);
    night.run(second.enrol(&url, &right)).unwrap();
    night.end();
}

#[test]
fn the_answer_to_writing_outside_the_scope_tells_nothing() {
    let mut night = Night::begin();
    let (mut gogui, mut link) = night.raw_device(&["GOG"]);
    let (mut kayes, mut http) = night.raw_device(&["KAY"]);
    let there = gogui.new_document();
    // Positions beyond 23 take two bytes each in an answer, up to 255.
    for name in 0..24 {
        let change = gogui.edit(there, Kind::Case, &[named(&name.to_string())]);
        let parcel = gogui.parcel(&[(there, vec![change], None)]);
        gogui.sync(&mut link, vec![parcel]).unwrap();
    }

    // It names a site that is not its own: once for a case that exists, once for one that does not.
    kayes.site = SiteCode::new("GOG").unwrap();
    let nowhere = kayes.new_document();
    let mut push = |document: DocumentId, name: &str| -> (Receipt, Rest) {
        let change = kayes.edit(document, Kind::Case, &[named(name)]);
        let parcel = kayes.parcel(&[(document, vec![change], None)]);
        kayes.sync(&mut http, vec![parcel]).unwrap()
    };
    for round in ["first", "second"] {
        let (exists, rest_exists) = push(there, round);
        let (does_not, rest_does_not) = push(nowhere, round);
        let bytes = |receipt: &Receipt, rest: &Rest| (to_cbor(receipt).len(), to_cbor(rest).len());
        assert_eq!(bytes(&exists, &rest_exists), bytes(&does_not, &rest_does_not), "not even the length differs");
        let fates = |receipt: &Receipt| to_cbor(&receipt.parcels[0].documents);
        assert_eq!(fates(&exists), fates(&does_not));
        let fate = &exists.parcels[0].documents[0].runs[0].fate;
        assert!(matches!(fate, Fate::Held(code) if code.starts_with("held-who")), "{fate:?}");
        assert!(exists.parcels[0].position.is_some() && does_not.parcels[0].position.is_some(), "both are kept");
        // Behind the fates: the same but for time, position, chain and signature, which have one length.
        let bare = |receipt: Receipt, rest: Rest| {
            let blank = Rest { cursor: None, position: None, ..rest };
            (receipt.copied_to, receipt.leaves, receipt.parcels[0].refused.clone(), to_cbor(&blank))
        };
        assert_eq!(bare(exists, rest_exists), bare(does_not, rest_does_not));
    }
    let place = night.end();
    let audit = Audit::of(place.data(), &place.command.master_key);
    assert_eq!(audit.changes(there).len(), 25, "nothing of it has touched the case");
    assert_eq!(audit.changes(nowhere).len(), 0);
    assert_eq!(audit.recomputed.report.held, 4, "everything is kept");
}

#[test]
fn a_forged_lease_token_or_signature_opens_nothing() {
    let mut night = Night::begin();
    let (mut gogui, mut link) = night.raw_device(&["GOG"]);
    let (kayes, mut http) = night.raw_device(&["KAY"]);
    let case = gogui.new_document();
    let change = gogui.edit(case, Kind::Case, &[named("Fanta")]);
    let parcel = gogui.parcel(&[(case, vec![change], None)]);
    gogui.sync(&mut link, vec![parcel.clone()]).unwrap();

    // Kayes asks in Gogui's name, with its own token.
    let mut request = gogui.request(Vec::new());
    request.token = kayes.token;
    let (_, rest) = gogui.ask(&mut http, &request).unwrap();
    assert!(rest.feed.is_empty() && rest.channels.is_empty());
    assert!(matches!(rest.orders[..], [Order::Renew(_)]));
    // It sends Gogui's parcel as its own.
    let (receipt, _) = kayes.ask(&mut http, &kayes.request(vec![parcel])).unwrap();
    assert_eq!(receipt.parcels[0].refused.as_ref().unwrap().0, "parcel-signature");
    // It invents a lease.
    let mut request = kayes.request(Vec::new());
    request.lease = sync_protocol::ids::ActorPrefix::new([9; 8]);
    let Err(NoAnswer::Refused(403, body)) = kayes.ask(&mut http, &request) else { panic!("a lease was invented") };
    assert!(body.contains("lease"), "{body}");
    night.end();
}

/// A hub inside the test, with a clock that the test sets.
struct Timed {
    folder: TempDir,
    clock: FakeClock,
    hub: RunningHub,
    runtime: Runtime,
}

impl Timed {
    fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = FakeClock::new(Millis(1_714_480_000_000));
        let mut options = Options::new(folder.path().join("hub"), folder.path().join("master.key")).any_port();
        options.clock = std::sync::Arc::new(clock.clone());
        let hub = Hub::start(options).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let timed = Self { folder, clock, hub, runtime };
        timed.post("/v1/admin/sites", &json!({"code": "GOG", "name": "Gogui", "region": "Kayes"}));
        timed
    }

    fn post(&self, path: &str, body: &Json) -> Json {
        let client = Client::new(&self.hub.url(), self.hub.console.reveal().to_owned()).unwrap();
        self.runtime.block_on(client.post(path, body)).unwrap()
    }

    fn invite(&self) -> String {
        let user = self.post("/v1/admin/users", &json!({"name": "Awa", "sites": ["GOG"]}))["user"].clone();
        self.post("/v1/admin/invitations", &json!({ "user": user, "confirmed": true }))["invitation"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    fn device(&self, name: &str) -> FieldDevice {
        let path = self.folder.path();
        FieldDevice::create(&path.join(name), &path.join(format!("{name}.key"))).unwrap()
    }
}

#[test]
fn an_invitation_ends_after_its_days_of_hub_time() {
    let timed = Timed::begin();
    let (url, invitation) = (timed.hub.url(), timed.invite());
    let mut phone = timed.device("phone");
    timed.clock.advance(14 * Millis::DAY);
    let error = timed.runtime.block_on(phone.enrol(&url, &invitation)).err().unwrap();
    assert!(error.to_string().contains("enrol-expired"), "{error}");
    timed.clock.advance(-1);
    timed.runtime.block_on(phone.enrol(&url, &invitation)).unwrap();
    timed.hub.stop().unwrap();
}

#[test]
fn a_device_whose_token_has_ended_renews_it_in_one_further_exchange() {
    let timed = Timed::begin();
    let (url, invitation) = (timed.hub.url(), timed.invite());
    let mut phone = timed.device("phone");
    timed.runtime.block_on(phone.enrol(&url, &invitation)).unwrap();
    let exchanges = |phone: &mut FieldDevice| {
        phone.record(vec![named("Fanta")]).unwrap();
        let before = phone.traffic().exchanges;
        let report = timed.runtime.block_on(phone.sync()).unwrap();
        assert_eq!(report.synced.receipted, 1);
        assert!(!report.reports.contains(&Report::PushOnly));
        assert_eq!(phone.status().unwrap().unsent, 0);
        phone.traffic().exchanges - before
    };
    exchanges(&mut phone);
    assert_eq!(exchanges(&mut phone), 1);
    timed.clock.advance(60 * Millis::DAY);
    assert_eq!(exchanges(&mut phone), 2, "the work is taken without a token, then the key is proved");
    assert_eq!(exchanges(&mut phone), 1);
    timed.hub.stop().unwrap();
}

#[test]
fn without_a_token_work_is_taken_and_nothing_is_shown_until_the_key_is_proved() {
    let mut night = Night::begin();
    let (mut device, mut http) = night.raw_device(&["GOG"]);
    let push = |device: &mut RawDevice, http: &mut Http| {
        let case = device.new_document();
        let change = device.edit(case, Kind::Case, &[named("Fanta")]);
        let parcel = device.parcel(&[(case, vec![change], None)]);
        device.sync(http, vec![parcel]).unwrap()
    };
    device.token = None;
    let (receipt, rest) = push(&mut device, &mut http);
    assert_eq!(receipt.parcels[0].documents[0].runs[0].fate, Fate::Applied);
    assert!(rest.feed.is_empty() && rest.channels.is_empty() && rest.digests.is_empty() && rest.cursor.is_none());
    let [Order::Renew(challenge)] = rest.orders[..] else { panic!("{:?}", rest.orders) };
    let mut request = device.request(Vec::new());
    request.renewal = Some(device.renewal(challenge));
    let (_, rest) = device.ask(&mut http, &request).unwrap();
    assert_eq!(rest.feed.len(), 1);
    device.token = rest.token;
    let (_, again) = device.ask(&mut http, &request).unwrap();
    assert!(again.token.is_none() && again.feed.is_empty(), "a challenge is answered once");
    let (_, rest) = push(&mut device, &mut http);
    assert_eq!(rest.orders, []);
    night.end();
}
