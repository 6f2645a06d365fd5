//! Stories of devices that wait, lose their rights or change hands, and of cases and sites that move: nothing is lost.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use segin_tests::audit::Audit;
use segin_tests::night::{Night, Phone};
use serde_json::{Value as Json, json};
use sync_protocol::device::LeaseStanding;
use sync_protocol::documents::{Edit, Kind, Value};
use sync_protocol::ids::{DocumentId, UserId};
use sync_protocol::wire::fingerprint::fingerprint;
use sync_protocol::wire::voucher::voucher;

fn set(field: &str, value: &str) -> Edit {
    Edit::Set { field: field.into(), value: Value::Text(value.into()).into() }
}

fn named(name: &str) -> Edit {
    set("identity.given", name)
}

fn says(phone: &mut Phone, document: DocumentId, field: &str) -> Option<String> {
    phone.show(document).unwrap().projection.text(field).map(str::to_owned)
}

fn has(phone: &Phone, document: DocumentId) -> bool {
    phone.documents(Kind::Case).contains(&document)
}

fn post(night: &Night, path: &str, body: &Json) -> Json {
    night.run(night.hub().console().unwrap().post(path, body)).unwrap()
}

fn change_user(night: &Night, user: UserId, change: &Json) {
    let path = format!("/v1/admin/users/{user}");
    let _: Json = night.run(night.hub().console().unwrap().patch(&path, change)).unwrap();
}

/// A device that nobody has confirmed.
fn pending(night: &mut Night, site: &str) -> Phone {
    let user = night.user(&[site]);
    let invited = post(night, "/v1/admin/invitations", &json!({"user": user}));
    let mut phone = night.blank_device();
    let url = night.hub().url().to_owned();
    night.run(phone.enrol(&url, invited["invitation"].as_str().unwrap())).unwrap();
    phone
}

fn lease_of(phone: &Phone) -> String {
    phone.device().lease().unwrap().prefix.to_string()
}

fn device(night: &Night, phone: &Phone, act: &str, body: &Json) {
    post(night, &format!("/v1/admin/devices/{}/{act}", lease_of(phone)), body);
}

fn confirm(night: &Night, phone: &Phone) {
    let shown = fingerprint(&phone.device().lease().unwrap().key).to_string();
    device(night, phone, "confirm", &json!({"fingerprint": shown}));
}

/// What the list of devices says about this one.
fn row(night: &Night, phone: &Phone) -> Json {
    let list = night.console("/v1/devices");
    let lease = lease_of(phone);
    list["devices"].as_array().unwrap().iter().find(|row| row["lease"] == lease.as_str()).unwrap().clone()
}

fn held(night: &Night, query: &str) -> u64 {
    night.console(&format!("/v1/held{query}"))["total"].as_u64().unwrap()
}

/// Asks until something is so: the hub applies and moves in pieces, beside its answers.
fn soon(mut is_so: impl FnMut() -> bool) {
    /// Questions until it must be so: each is a request of its own.
    const QUESTIONS_MAX: usize = 10_000;
    assert!((0..QUESTIONS_MAX).any(|_| is_so()), "it did not come to that");
}

/// The cases that the hub has, each with so many changes beside the constant one.
fn ends_with(night: Night, cases: &[(DocumentId, usize)]) {
    let place = night.end();
    let audit = Audit::of(place.data(), &place.command.master_key);
    let report = &audit.recomputed.report;
    assert_eq!((report.documents["case"], report.held), (cases.len() as u64, 0));
    for (case, changes) in cases {
        assert_eq!(audit.changes(*case).len(), changes + 1, "{case}");
    }
    audit.agrees_with_documents(place.data());
}

#[test]
fn what_a_pending_tablet_records_is_held_and_applied_when_it_is_confirmed() {
    let mut night = Night::begin();
    let mut colleague = night.device(&["GOG"]);
    let mut tablet = pending(&mut night, "GOG");
    let first = tablet.record(vec![named("Fanta")]).unwrap().document;
    let second = tablet.record(vec![named("Awa")]).unwrap().document;
    night.sync(&mut tablet);
    tablet.edit(first, None, vec![set("identity.family", "Diarra")]).unwrap();
    night.sync(&mut tablet);
    night.sync(&mut colleague);
    assert!(!has(&colleague, first), "nobody sees it yet");
    let status = tablet.status().unwrap();
    assert_eq!((status.held, status.unsent, status.standing), (3, 0, LeaseStanding::Pending));
    let listed = row(&night, &tablet);
    assert_eq!((&listed["standing"], &listed["held"]), (&json!("pending"), &json!(3)));
    assert_eq!(listed["fingerprint"], json!(status.fingerprint.unwrap().to_string()), "both show the same");
    assert_eq!(held(&night, "?code=held-who-pending&site=GOG"), 3);

    confirm(&night, &tablet);
    soon(|| held(&night, "") == 0);
    night.sync(&mut tablet);
    night.sync(&mut tablet);
    let status = tablet.status().unwrap();
    assert_eq!(
        (status.held, status.refused, status.standing),
        (0, 0, LeaseStanding::Active),
        "a second receipt for each"
    );
    night.sync(&mut colleague);
    assert!(has(&colleague, second));
    assert_eq!(says(&mut colleague, first, "identity.family").as_deref(), Some("Diarra"));
    assert_eq!(row(&night, &tablet)["standing"], "active");
    ends_with(night, &[(first, 2), (second, 1)]);
}

#[test]
fn a_leads_device_vouches_for_a_new_one_without_the_hub() {
    let mut night = Night::begin();
    let user = night.user(&["GOG"]);
    change_user(&night, user, &json!({"roles": ["site-lead"]}));
    let mut lead = night.blank_device();
    let (url, invitation) = (night.hub().url().to_owned(), night.invite(user));
    night.run(lead.enrol(&url, &invitation)).unwrap();
    let mut tablet = pending(&mut night, "GOG");
    let case = tablet.record(vec![named("Fanta")]).unwrap().document;
    night.sync(&mut tablet);
    assert_eq!(held(&night, ""), 1);

    let key = tablet.device().lease().unwrap().key;
    assert_eq!(lead.vouch(&voucher(&key)).unwrap(), fingerprint(&key));
    night.sync(&mut lead);
    assert_eq!(row(&night, &tablet)["standing"], "active");
    soon(|| held(&night, "") == 0);
    night.sync(&mut lead);
    assert!(has(&lead, case));
    ends_with(night, &[(case, 1)]);
}

#[test]
fn unsent_work_of_a_revoked_device_is_held_and_approved_in_bulk() {
    let mut night = Night::begin();
    let (mut phone, mut colleague) = (night.device(&["GOG"]), night.device(&["GOG"]));
    let sent = phone.record(vec![named("before")]).unwrap().document;
    night.sync(&mut phone);
    let unsent = [1, 2, 3].map(|number| phone.record(vec![named(&format!("unsent {number}"))]).unwrap().document);
    phone.edit(sent, None, vec![set("identity.family", "Diarra")]).unwrap();
    phone.edit(unsent[0], None, vec![set("identity.family", "Keïta")]).unwrap();
    let lease = lease_of(&phone);
    device(&night, &phone, "revoke", &json!({"reason": "has left the service"}));
    night.sync(&mut phone);
    assert_eq!(held(&night, &format!("?lease={lease}&code=held-who-revoked")), 4, "one work for each case");
    let list = night.console("/v1/devices");
    let listed = list["devices"].as_array().unwrap().iter().find(|row| row["lease"] == lease.as_str()).unwrap().clone();
    assert!(["revoked", "wiped"].contains(&listed["standing"].as_str().unwrap()), "{listed}");

    let decision = json!({"all": {"lease": lease}, "approve": true, "reason": "she was asked and remembers"});
    let decided = post(&night, "/v1/held/decide", &decision);
    assert_eq!((&decided["decided"], &decided["stays"], &decided["left"]), (&json!(4), &json!(0), &json!(0)));
    night.sync(&mut colleague);
    for case in unsent {
        assert!(has(&colleague, case), "let in");
    }
    assert_eq!(says(&mut colleague, sent, "identity.family").as_deref(), Some("Diarra"));
    ends_with(night, &[(sent, 2), (unsent[0], 2), (unsent[1], 1), (unsent[2], 1)]);
}

#[test]
fn a_user_who_moves_gets_the_other_sites_cases_and_what_was_unsent_is_held_and_let_in() {
    let mut night = Night::begin();
    let (mut awa, mut colleague, mut kayes) = (night.device(&["GOG"]), night.device(&["GOG"]), night.device(&["KAY"]));
    let here = awa.record(vec![named("Fanta")]).unwrap().document;
    let there = kayes.record(vec![named("Moussa")]).unwrap().document;
    night.sync(&mut awa);
    night.sync(&mut kayes);
    awa.edit(here, None, vec![set("identity.family", "Diarra")]).unwrap();
    let user = awa.device().lease().unwrap().user;
    change_user(&night, user, &json!({"sites": ["KAY"]}));
    night.sync(&mut awa);
    night.sync(&mut awa);
    assert!(has(&awa, there), "the new site's cases come");
    assert_eq!(held(&night, "?code=held-who-scope"), 1, "an edit of before is kept");
    let decided =
        post(&night, "/v1/held/decide", &json!({"all": {"code": "held-who"}, "approve": true, "reason": "asked"}));
    assert_eq!(decided["decided"], 1);
    night.sync(&mut awa);
    assert_eq!(awa.status().unwrap().held, 0);
    night.sync(&mut colleague);
    assert_eq!(says(&mut colleague, here, "identity.family").as_deref(), Some("Diarra"));
    // What she records from now on is the new site's.
    let new = awa.record(vec![named("Binta")]).unwrap().document;
    night.sync(&mut awa);
    assert_eq!(held(&night, ""), 0);
    ends_with(night, &[(here, 2), (there, 1), (new, 1)]);
}

#[test]
fn a_device_that_moves_is_looked_after_at_the_other_site() {
    let mut night = Night::begin();
    let mut phone = night.device(&["GOG"]);
    let case = phone.record(vec![named("Fanta")]).unwrap().document;
    device(&night, &phone, "move", &json!({"site": "KAY"}));
    assert_eq!(row(&night, &phone)["site"], "KAY");
    night.sync(&mut phone);
    assert_eq!(held(&night, ""), 0, "what its user may see follows from the user");
    device(&night, &phone, "revoke", &json!({"reason": "stolen", "lost": true}));
    assert_eq!(row(&night, &phone)["standing"], "lost");
    let mut other = night.device(&["GOG"]);
    night.sync(&mut other);
    assert!(has(&other, case), "the case stays where it was recorded");
    ends_with(night, &[(case, 1)]);
}

#[test]
fn an_unsent_edit_of_a_case_that_was_transferred_is_held_let_in_and_not_lost() {
    let mut night = Night::begin();
    let (mut gogui, mut kayes) = (night.device(&["GOG"]), night.device(&["KAY"]));
    let case = gogui.record(vec![named("Fanta")]).unwrap().document;
    night.sync(&mut gogui);
    gogui.edit(case, None, vec![set("identity.family", "Diarra")]).unwrap();
    let moved = post(&night, &format!("/v1/cases/{case}/transfer"), &json!({"to": "KAY", "reason": "goes on"}));
    assert_eq!(moved["moved"], true);
    night.sync(&mut kayes);
    assert!(has(&kayes, case));
    kayes.edit(case, None, vec![set("origin.village", "Simby")]).unwrap();
    night.sync(&mut kayes);

    night.sync(&mut gogui);
    assert_eq!(held(&night, "?site=GOG&code=held-who-scope"), 1);
    let decision = json!({"all": {"lease": lease_of(&gogui)}, "approve": true, "reason": "he was asked"});
    assert_eq!(post(&night, "/v1/held/decide", &decision)["decided"], 1);
    night.sync(&mut gogui);
    night.sync(&mut kayes);
    assert_eq!(says(&mut kayes, case, "identity.family").as_deref(), Some("Diarra"));
    assert_eq!(says(&mut kayes, case, "origin.village").as_deref(), Some("Simby"));
    assert_eq!(kayes.conflicts().unwrap(), []);
    let status = gogui.status().unwrap();
    assert_eq!((status.unsent, status.held, status.refused), (0, 0, 0));
    assert!(!has(&gogui, case), "it has left the site that it was recorded at");
    ends_with(night, &[(case, 3)]);
}

#[test]
fn a_site_is_closed_while_two_of_its_phones_hold_unsent_work() {
    let mut night = Night::begin();
    let (mut awa, mut moussa, mut kayes) = (night.device(&["GOG"]), night.device(&["GOG"]), night.device(&["KAY"]));
    let known = awa.record(vec![named("Fanta")]).unwrap().document;
    night.sync(&mut awa);
    night.sync(&mut moussa);
    let one = awa.record(vec![named("Binta")]).unwrap().document;
    let two = moussa.record(vec![named("Cheick")]).unwrap().document;
    moussa.edit(known, None, vec![set("identity.family", "Diarra")]).unwrap();

    let closed = post(&night, "/v1/admin/sites/GOG/close", &json!({"into": "KAY"}));
    assert_eq!(closed["to_move"], 1);
    soon(|| {
        let sites = night.console("/v1/admin/sites");
        sites["sites"].as_array().unwrap().iter().all(|site| site["to_move"] == 0)
    });
    for phone in [&mut awa, &mut moussa] {
        night.sync(phone);
    }
    assert_eq!(held(&night, ""), 0, "it is applied at the site that goes on");
    night.sync(&mut kayes);
    for phone in [&mut awa, &mut moussa] {
        night.sync(phone);
    }
    for phone in [&mut awa, &mut moussa, &mut kayes] {
        assert!([known, one, two].iter().all(|case| has(phone, *case)));
        assert_eq!(says(phone, known, "identity.family").as_deref(), Some("Diarra"));
        let status = phone.status().unwrap();
        assert_eq!((status.unsent, status.held, status.refused), (0, 0, 0));
    }
    assert_eq!(row(&night, &awa)["site"], "KAY");
    ends_with(night, &[(known, 2), (one, 1), (two, 1)]);
}
