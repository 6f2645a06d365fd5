//! A device that waits, is confirmed, revoked, lost; and what it says beside its work. Real hub, real device.
//!
//! - Pending: what is recorded is sent and held; after the confirmation it is applied, the device has the second receipt
//!   and reads.
//! - Revoked: everything recorded is at the hub before the device erases itself; lost: it erases itself at once. The
//!   folder says so afterwards, its key is gone.
//! - What was looked at is told once; a second exchange sends nothing.
//! - A referral holds the facts that were chosen.

use std::process::Command;

use segin::field::{FieldDevice, FieldError, Referring, StoreError};
use segin_tests::night::{Night, Phone};
use segin_tests::process::binary;
use serde_json::{Value, json};
use sync_protocol::device::{LeaseStanding, Report, WorkState};
use sync_protocol::documents::{Edit, Kind};
use sync_protocol::ids::PartnerCode;
use sync_protocol::wire::answer::WipeWhen;

/// Exchanges until a hub that was told to apply held work has done it: each is a request of its own.
const SYNCS_MAX: usize = 10_000;

fn set(field: &str, value: &str) -> Edit {
    Edit::Set { field: field.to_owned(), value: value.into() }
}

fn admin(night: &Night, path: &str, body: &Value) -> Value {
    let console = night.hub().console().expect("the address is one");
    night.run(console.post(&format!("/v1/admin/{path}"), body)).expect("the hub does it")
}

fn lease_of(phone: &Phone) -> String {
    phone.device().lease().expect("enrolled").prefix.to_string()
}

/// What `segin device` prints; none when it refuses.
fn says(phone: &Phone, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(binary());
    command.arg("device").arg("--dir").arg(&phone.dir).arg("--key-file").arg(&phone.key_file).args(arguments);
    let output = command.output().expect("the binary is there");
    output.status.success().then(|| String::from_utf8(output.stdout).expect("words"))
}

fn is_erased(phone: &mut Phone, when: WipeWhen) {
    phone.off();
    match FieldDevice::open(&phone.dir, &phone.key_file) {
        Err(FieldError::Store(StoreError::Wiped(wiped))) => assert_eq!(wiped.when, when),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it still opens"),
    }
    assert!(!phone.key_file.exists());
    let files = std::fs::read_dir(&phone.dir).expect("the folder is readable");
    let left: Vec<_> = files.map(|file| file.expect("the folder is readable").file_name()).collect();
    assert_eq!(left, ["wiped"]);
    assert!(says(phone, &["status"]).is_some_and(|words| words.contains("erased by order of the hub")));
    assert_eq!(says(phone, &["list"]), None);
}

#[test]
fn a_device_that_waits_sends_and_reads_once_its_fingerprint_was_compared() {
    let mut night = Night::begin();
    let mut colleague = night.device(&["GOG"]);
    let theirs = colleague.record(vec![set("identity.given", "Moussa")]).unwrap().document;
    night.sync(&mut colleague);

    let user = night.user(&["GOG"]);
    let invited = admin(&night, "invitations", &json!({ "user": user }));
    let mut phone = night.blank_device();
    let url = night.hub().url().to_owned();
    night.run(phone.enrol(&url, invited["invitation"].as_str().unwrap())).expect("the hub enrols");
    let mine = phone.record(vec![set("identity.given", "Awa")]).unwrap().document;
    let report = night.sync(&mut phone);
    assert_eq!((report.synced.held, report.synced.fed), (1, 0));
    let status = phone.status().unwrap();
    assert_eq!((status.standing, status.held), (LeaseStanding::Pending, 1));
    phone.edit(mine, None, vec![set("identity.family", "Traoré")]).unwrap();
    assert_eq!(night.sync(&mut phone).synced.held, 1, "work goes on");

    let fingerprint = status.fingerprint.unwrap().to_string().to_lowercase();
    admin(&night, &format!("devices/{}/confirm", lease_of(&phone)), &json!({ "fingerprint": fingerprint }));
    // The hub applies what it had held in pieces, beside its answers.
    let mut syncs = std::iter::repeat_with(|| night.sync(&mut phone).synced.decided).take(SYNCS_MAX);
    let mut decided = 0;
    assert!(
        syncs.any(|more| {
            decided += more;
            decided == 2
        }),
        "{decided} of 2 changes are decided"
    );
    drop(syncs);
    assert_eq!(phone.device().standing(), LeaseStanding::Active);
    assert_eq!(phone.device().works().count(), 0);
    assert_eq!(phone.show(theirs).unwrap().projection.text("identity.given"), Some("Moussa"));
    night.sync(&mut colleague);
    assert_eq!(colleague.show(mine).unwrap().projection.text("identity.family"), Some("Traoré"));
    let again = night.sync(&mut phone).synced;
    assert_eq!((again.exchanges, again.decided), (1, 0));
}

#[test]
fn a_revoked_device_is_erased_once_the_hub_has_everything() {
    let mut night = Night::begin();
    let mut phone = night.device(&["GOG"]);
    phone.record(vec![set("identity.given", "Awa")]).unwrap();
    night.sync(&mut phone);
    phone.record(vec![set("identity.given", "Moussa")]).unwrap();
    admin(&night, &format!("devices/{}/revoke", lease_of(&phone)), &json!({ "reason": "left the service" }));
    let report = night.sync(&mut phone);
    assert_eq!(report.synced.held, 1, "what was unsent is at the hub");
    assert!(report.reports.contains(&Report::Wiped { when: WipeWhen::AfterReceipts }), "{report:?}");
    is_erased(&mut phone, WipeWhen::AfterReceipts);
    let devices = night.console("/v1/devices").to_string();
    assert!(devices.contains("wiped"), "the hub has the last word of the device: {devices}");
}

#[test]
fn a_lost_device_is_erased_at_once() {
    let mut night = Night::begin();
    let mut phone = night.device(&["GOG"]);
    phone.record(vec![set("identity.given", "Awa")]).unwrap();
    night.sync(&mut phone);
    admin(&night, &format!("devices/{}/revoke", lease_of(&phone)), &json!({ "reason": "stolen", "lost": true }));
    let report = night.sync(&mut phone);
    assert!(report.reports.contains(&Report::Wiped { when: WipeWhen::AtOnce }), "{report:?}");
    assert!(phone.record(vec![set("identity.given", "Fanta")]).is_err());
    is_erased(&mut phone, WipeWhen::AtOnce);
}

#[test]
fn what_was_looked_at_is_told_once() {
    let mut night = Night::begin();
    let mut phone = night.device(&["GOG"]);
    let case = phone.record(vec![set("identity.given", "Awa")]).unwrap().document;
    night.sync(&mut phone);
    night.sync(&mut phone);
    let position = |night: &Night| night.console("/v1/status")["position"].as_u64().unwrap();
    let before = position(&night);
    phone.was_shown(vec![case]).unwrap();
    phone.was_shown(vec![case]).unwrap();
    phone.on();
    assert_eq!(phone.device().reads_untold(), 1);
    assert_eq!(night.sync(&mut phone).synced.exchanges, 1);
    assert_eq!(phone.device().reads_untold(), 0);
    let told = position(&night);
    assert!(told > before, "it is in the log");
    assert_eq!(night.sync(&mut phone).synced.exchanges, 1);
    assert_eq!(position(&night), told, "a second exchange sends nothing");
}

#[test]
fn whoever_vouches_for_a_key_says_so_with_the_next_exchange() {
    let mut night = Night::begin();
    let mut phone = night.device(&["GOG"]);
    let other = night.device(&["GOG"]);
    let key = other.device().lease().unwrap().key;
    let text = sync_protocol::wire::voucher::voucher(&key);
    assert_eq!(Some(phone.vouch(&text).unwrap()), other.device().fingerprint());
    assert!(matches!(phone.vouch("GOG-24-K7-0042-T"), Err(FieldError::Voucher(_))));
    let own = sync_protocol::wire::voucher::voucher(&phone.device().lease().unwrap().key);
    assert!(matches!(phone.vouch(&own), Err(FieldError::NotVouched(_))));
    night.sync(&mut phone);
    assert_eq!(phone.device().vouches_untold(), 0);
}

#[test]
fn a_referral_holds_what_was_chosen() {
    let mut night = Night::begin();
    let mut phone = night.device(&["GOG"]);
    let edits = vec![set("identity.given", "Awa"), set("identity.sex", "f"), set("origin.village", "Diafarabé")];
    let case = phone.record(edits).unwrap().document;
    let mut referring = Referring {
        case,
        partner: PartnerCode::new("OIM").unwrap(),
        purpose: "medical".to_owned(),
        facts: vec!["identity.sex".to_owned(), "identity.father".to_owned()],
        consent_by: "self".to_owned(),
        deadline: Some("2026-12-01".to_owned()),
    };
    assert!(matches!(phone.refer(&referring), Err(FieldError::NoFact(path)) if path == "identity.father"));
    referring.facts.pop();
    let referral = phone.refer(&referring).unwrap().document;
    night.sync(&mut phone);
    assert!(phone.device().works().all(|work| !matches!(work.state, WorkState::Refused(..))));
    let shown = phone.show(referral).unwrap();
    assert_eq!((shown.projection.kind, shown.unsent), (Kind::Referral, 0));
    let all = serde_json::to_string(&shown.projection).unwrap();
    assert!(all.contains("identity.sex") && !all.contains("Awa") && !all.contains("Diafarabé"), "{all}");
    assert_eq!(shown.projection.referral_status().unwrap().step.as_deref(), Some("sent"));
}

#[test]
fn the_command_line_does_the_same() {
    let mut night = Night::begin();
    let mut phone = night.device(&["GOG"]);
    let other = night.device(&["GOG"]);
    let case = phone.record(vec![set("identity.given", "Awa"), set("identity.sex", "f")]).unwrap().document.to_string();
    night.sync(&mut phone);
    let print = phone.device().fingerprint().unwrap().to_string();
    phone.off();
    assert!(says(&phone, &["status"]).unwrap().contains(&print));
    let shown: Value = serde_json::from_str(&says(&phone, &["--json", "fingerprint"]).unwrap()).unwrap();
    assert_eq!(shown["fingerprint"], print);
    let key = sync_protocol::wire::voucher::voucher(&other.device().lease().unwrap().key);
    let vouched = says(&phone, &["vouch", &key]).unwrap();
    assert!(vouched.contains(&other.device().fingerprint().unwrap().to_string()), "{vouched}");
    assert!(says(&phone, &["list"]).is_some() && says(&phone, &["show", &case]).is_some());
    let refer =
        ["refer", &case, "--partner", "OIM", "--purpose", "medical", "--fact", "identity.sex", "--consent-by", "self"];
    assert!(says(&phone, &refer).is_some());
    let new = ["record", "--kind", "movement", "--set", "trip.direction=in"];
    assert!(says(&phone, &new).is_some());
    phone.on();
    assert_eq!((phone.device().reads_untold(), phone.device().vouches_untold()), (1, 1));
    assert_eq!((phone.documents(Kind::Referral).len(), phone.documents(Kind::Movement).len()), (1, 1));
    assert_eq!(night.sync(&mut phone).synced.left, 0);
    assert_eq!((phone.device().reads_untold(), phone.device().vouches_untold()), (0, 0));
}
