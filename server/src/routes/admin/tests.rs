//! Places, users and devices over HTTP: what is checked, and what a lead may beside an administrator.

use serde_json::{Value, json};
use sync_protocol::crypto::SecretKey;
use sync_protocol::ids::InstallationId;
use sync_protocol::wire::codec::{Message, frame, read};
use sync_protocol::wire::enrolment::{EnrolAnswer, EnrolRequest, Invitation};
use sync_protocol::wire::fingerprint::fingerprint;

use crate::account::totp::Secret;
use crate::clock::{Clock, SystemClock};
use crate::serve::testing::{Got, Place, TestHub, send};

const PASSWORD: &str = "le fleuve monte en septembre";

/// Somebody who is signed in.
pub struct Person {
    /// Who.
    pub user: String,
    cookie: String,
}

impl TestHub {
    pub fn patch(&self, path: &str, body: &Value) -> Got {
        let token = format!("Bearer {}", self.hub.console.reveal());
        let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
        send(self.hub.address, "PATCH", path, &headers, body.to_string().as_bytes())
    }

    /// Adds a user.
    pub fn user(&self, new: Value) -> String {
        let got = self.post("/v1/admin/users", &new);
        assert_eq!(got.status, 201, "{}", got.text());
        got.json()["user"].as_str().unwrap().to_owned()
    }

    /// Adds a user with an account, signed in.
    pub fn person(&self, new: Value) -> Person {
        let user = self.user(new);
        let setup = self.post("/v1/admin/accounts", &json!({"user": user})).json()["setup"].clone();
        let headers = [("content-type", "application/json")];
        let post =
            |body: Value| send(self.hub.address, "POST", "/v1/account/setup", &headers, body.to_string().as_bytes());
        let first = post(json!({"setup": setup, "password": PASSWORD})).json();
        let typed = first["secret"].as_str().unwrap().replace(' ', "");
        let secret = data_encoding::BASE32_NOPAD.decode(typed.as_bytes()).unwrap();
        let code = Secret::from_slice(&secret).unwrap().code(SystemClock.now());
        let got = post(json!({"setup": setup, "password": PASSWORD, "code": code}));
        assert_eq!(got.status, 201, "{}", got.text());
        let cookie = got.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        Person { user, cookie }
    }

    /// Asks as a person.
    pub fn as_person(&self, person: &Person, method: &str, path: &str, body: Option<&Value>) -> Got {
        let origin = format!("http://{}", self.hub.address);
        let headers = [("cookie", person.cookie.as_str()), ("origin", &origin), ("content-type", "application/json")];
        let body = body.map(Value::to_string).unwrap_or_default();
        send(self.hub.address, method, path, &headers, body.as_bytes())
    }

    /// Enrols a device that nobody has confirmed: its lease and fingerprint.
    pub fn pending(&self, user: &str, seed: u8) -> (String, String) {
        let got = self.post("/v1/admin/invitations", &json!({"user": user}));
        assert_eq!(got.status, 201, "{}", got.text());
        let invitation = Invitation::parse(got.json()["invitation"].as_str().unwrap()).unwrap();
        let key = SecretKey::from_bytes(&[seed; 32]).unwrap();
        let request = EnrolRequest::sign(&invitation, InstallationId::new([seed; 16]), &key);
        let got = self.cbor("/v1/enrol", &frame(Message::EnrolRequest, &request));
        let answer: EnrolAnswer = read(Message::EnrolAnswer, &got.body).unwrap();
        let lease = answer.lease.verify(&answer.hub).unwrap();
        (lease.prefix.to_string(), fingerprint(&lease.key).to_string())
    }

    fn three_sites(&self) {
        for (code, name, region) in [("GOG", "Gogui", "Kayes"), ("KAY", "Kayes", "Kayes"), ("BAM", "Bamako", "Bamako")]
        {
            assert_eq!(
                self.post("/v1/admin/sites", &json!({"code": code, "name": name, "region": region})).status,
                201
            );
        }
    }

    /// What the list of devices says about this one.
    fn device_row(&self, lease: &str) -> Value {
        let list = self.get("/v1/devices").json();
        list["devices"].as_array().unwrap().iter().find(|row| row["lease"] == lease).unwrap().clone()
    }
}

/// Status and code.
fn said(got: &Got) -> (u16, String) {
    (got.status, if got.status < 300 { String::new() } else { got.code() })
}

fn ok(status: u16) -> (u16, String) {
    (status, String::new())
}

fn no(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[test]
fn a_site_is_closed_once_into_another_open_one() {
    let place = Place::new();
    let hub = place.start();
    hub.three_sites();
    let close =
        |code: &str, into: &str| said(&hub.post(&format!("/v1/admin/sites/{code}/close"), &json!({"into": into})));
    assert_eq!(close("GOG", "GOG"), no(400, "site-itself"));
    assert_eq!(close("XXX", "GOG"), no(409, "site-unknown"));
    assert_eq!(close("GOG", "XXX"), no(409, "site-unknown"));
    assert_eq!(close("GOG", "KAY"), ok(200));
    assert_eq!(close("GOG", "KAY"), ok(200), "the same again changes nothing");
    assert_eq!(close("GOG", "BAM"), no(409, "site-closed"));
    assert_eq!(close("BAM", "GOG"), no(409, "site-closed"));
    let sites = hub.get("/v1/admin/sites").json();
    let gogui = sites["sites"].as_array().unwrap().iter().find(|site| site["code"] == "GOG").unwrap();
    assert_eq!((&gogui["closed_into"], &gogui["to_move"]), (&json!("KAY"), &json!(0)));
    let renamed = hub.post("/v1/admin/sites", &json!({"code": "GOG", "name": "Ancien Gogui", "region": "Kayes"}));
    assert_eq!(renamed.status, 200);
    assert_eq!(hub.get("/v1/admin/sites").json()["sites"][1]["closed_into"], "KAY", "another name opens nothing");
    let regions = hub.get("/v1/admin/regions").json();
    assert_eq!(regions["regions"][1], json!({"name": "Kayes", "sites": ["KAY"], "closed": ["GOG"]}));
    let got = hub.post("/v1/admin/users", &json!({"name": "Awa", "sites": ["GOG"]}));
    assert_eq!(said(&got), no(409, "site-closed"));
    hub.stop();
}

#[test]
fn partners_and_their_users() {
    let place = Place::new();
    let hub = place.start();
    hub.three_sites();
    let add = |name: &str, open: bool| {
        hub.post("/v1/admin/partners", &json!({"code": "OIM", "name": name, "open": open})).status
    };
    let user = json!({"name": "Fanta", "roles": ["partner"], "partner": "OIM"});
    assert_eq!(said(&hub.post("/v1/admin/users", &user)), no(409, "partner-unknown"));
    assert_eq!((add("OIM Mali", true), add("OIM Mali", true), add("OIM", false)), (201, 200, 200));
    let listed = hub.get("/v1/admin/partners").json();
    assert_eq!(listed["partners"], json!([{"code": "OIM", "name": "OIM", "open": false}]));
    let fanta = hub.user(user);
    let path = format!("/v1/admin/users/{fanta}");
    assert_eq!(said(&hub.patch(&path, &json!({"roles": ["partner", "caseworker"]}))), no(400, "user-partner"));
    assert_eq!(said(&hub.patch(&path, &json!({"roles": ["caseworker"], "sites": ["GOG"]}))), ok(200));
    assert_eq!(hub.get("/v1/admin/users").json()["users"][0]["partner"], Value::Null, "the partner went with the role");
    hub.stop();
}

#[test]
fn a_user_is_changed_and_the_last_administrator_stays() {
    let place = Place::new();
    let hub = place.start();
    hub.three_sites();
    let awa = hub.user(json!({"name": "Awa", "sites": ["GOG"]}));
    let path = format!("/v1/admin/users/{awa}");
    let before = hub.get("/v1/admin/users").json()["as_of"].clone();
    assert_eq!(hub.patch(&path, &json!({"name": "Awa"})).json()["position"], before, "the same changes nothing");
    assert_eq!(said(&hub.patch(&path, &json!({"sites": []}))), no(400, "user-without-site"));
    assert_eq!(said(&hub.patch(&path, &json!({"roles": ["regional-lead"]}))), no(400, "user-regions"));
    let lead = json!({"roles": ["regional-lead"], "regions": ["Ségou"]});
    assert_eq!(said(&hub.patch(&path, &lead)), no(400, "region-unknown"));
    assert_eq!(said(&hub.patch(&path, &json!({"sites": ["KAY", "BAM"], "active": false}))), ok(200));
    assert_eq!(said(&hub.patch(&path, &json!({"site": ["KAY"]}))), no(400, "body"), "a wrong word is not passed over");
    let row = hub.get("/v1/admin/users").json()["users"][0].clone();
    assert_eq!(
        (&row["sites"], &row["active"], &row["roles"]),
        (&json!(["KAY", "BAM"]), &json!(false), &json!(["caseworker"]))
    );
    assert_eq!(said(&hub.post("/v1/admin/invitations", &json!({"user": awa}))), no(409, "user-inactive"));
    let nobody = "/v1/admin/users/00000000-0000-0000-0000-000000000000";
    assert_eq!(said(&hub.patch(nobody, &json!({"active": false}))), no(409, "user-unknown"));

    let admin = hub.person(json!({"name": "Binta", "roles": ["administrator"]}));
    let change =
        |who: &str, body: Value| said(&hub.as_person(&admin, "PATCH", &format!("/v1/admin/users/{who}"), Some(&body)));
    hub.user(json!({"name": "Without an account", "roles": ["administrator"]}));
    assert_eq!(change(&admin.user, json!({"active": false})), no(409, "administrator-last"));
    assert_eq!(change(&admin.user, json!({"roles": ["auditor"]})), no(409, "administrator-last"));
    let second = hub.person(json!({"name": "Cheick", "roles": ["administrator"]}));
    assert_eq!(change(&second.user, json!({"active": false})), ok(200));
    assert_eq!(change(&second.user, json!({"active": true})), ok(200));
    assert_eq!(change(&admin.user, json!({"roles": ["auditor"]})), ok(200), "another one is there");
    assert_eq!(change(&second.user, json!({"active": false})).0, 401, "other roles, another session");
    hub.stop();
}

#[test]
fn a_lead_sees_and_invites_the_users_of_the_own_sites_and_changes_none() {
    let place = Place::new();
    let hub = place.start();
    hub.three_sites();
    let lead = hub.person(json!({"name": "Lead", "sites": ["GOG"], "roles": ["site-lead"]}));
    let own = hub.user(json!({"name": "Awa", "sites": ["GOG"]}));
    let both = hub.user(json!({"name": "Binta", "sites": ["GOG", "KAY"]}));
    let officer = hub.user(json!({"name": "Cheick", "sites": ["GOG"], "roles": ["protection"]}));
    let other = hub.user(json!({"name": "Djénéba", "sites": ["KAY"]}));
    let list = hub.as_person(&lead, "GET", "/v1/admin/users", None).json();
    let mut seen: Vec<&str> =
        list["users"].as_array().unwrap().iter().map(|row| row["user"].as_str().unwrap()).collect();
    seen.sort_unstable();
    let mut expected = [lead.user.as_str(), &own, &both, &officer];
    expected.sort_unstable();
    assert_eq!(seen, expected);

    let invite = |user: &str| hub.as_person(&lead, "POST", "/v1/admin/invitations", Some(&json!({"user": user})));
    assert_eq!(said(&invite(&own)), ok(201));
    let nobody = "00000000-0000-0000-0000-000000000000";
    let denied: Vec<String> = [both.as_str(), &officer, &other, nobody]
        .iter()
        .map(|user| {
            let got = invite(user);
            assert_eq!(said(&got), no(403, "not-allowed"), "an invitation opens all that the user sees");
            got.json()["message"].to_string()
        })
        .collect();
    assert!(denied.iter().all(|message| *message == denied[0]));
    let change = json!({"roles": ["site-lead"]});
    let got = hub.as_person(&lead, "PATCH", &format!("/v1/admin/users/{own}"), Some(&change));
    assert_eq!(said(&got), no(403, "not-allowed"));
    let got = hub.as_person(&lead, "POST", "/v1/admin/users", Some(&json!({"name": "Eva", "sites": ["GOG"]})));
    assert_eq!(said(&got), no(403, "not-allowed"));
    hub.stop();
}

#[test]
fn a_device_is_confirmed_by_its_fingerprint_revoked_restored_and_moved() {
    let place = Place::new();
    let hub = place.start();
    hub.three_sites();
    let lead = hub.person(json!({"name": "Lead", "sites": ["GOG"], "roles": ["site-lead"]}));
    let awa = hub.user(json!({"name": "Awa", "sites": ["GOG"]}));
    let moussa = hub.user(json!({"name": "Moussa", "sites": ["KAY"]}));
    let (here, fingerprint) = hub.pending(&awa, 1);
    let (there, other) = hub.pending(&moussa, 2);
    let act = |lease: &str, act: &str, body: Value| {
        hub.as_person(&lead, "POST", &format!("/v1/admin/devices/{lease}/{act}"), Some(&body))
    };
    let row = hub.device_row(&here);
    assert_eq!((&row["standing"], &row["fingerprint"]), (&json!("pending"), &json!(fingerprint)));
    let list = hub.as_person(&lead, "GET", "/v1/devices", None).json();
    assert_eq!(list["devices"].as_array().unwrap().len(), 1, "those of the own sites");

    let confirm = |lease: &str, fingerprint: &str| act(lease, "confirm", json!({"fingerprint": fingerprint}));
    assert_eq!(said(&confirm(&here, &other)), no(409, "fingerprint-differs"));
    assert_eq!(said(&confirm(&here, "7K3")), no(400, "fingerprint"));
    assert_eq!(hub.device_row(&here)["standing"], "pending");
    assert_eq!(said(&confirm(&here, &fingerprint.to_lowercase().replace('-', " "))), ok(200));
    assert_eq!(hub.device_row(&here)["standing"], "active");

    assert_eq!(said(&act(&here, "revoke", json!({"reason": " "}))), no(400, "name"));
    assert_eq!(said(&act(&here, "revoke", json!({"reason": "left"}))), ok(200));
    assert_eq!(hub.device_row(&here)["standing"], "revoked");
    assert_eq!(said(&act(&here, "revoke", json!({"reason": "stolen", "lost": true}))), ok(200));
    assert_eq!(said(&act(&here, "revoke", json!({"reason": "left"}))), ok(200));
    assert_eq!(hub.device_row(&here)["standing"], "lost", "what is lost stays so until it is confirmed again");
    assert_eq!(said(&confirm(&here, &fingerprint)), ok(200));
    assert_eq!(hub.device_row(&here)["standing"], "active");

    let nowhere = "00".repeat(8);
    let bodies: Vec<(u16, String)> = [there.as_str(), &nowhere]
        .iter()
        .map(|lease| {
            let got = confirm(lease, &other);
            (got.status, got.json()["message"].to_string())
        })
        .collect();
    assert_eq!(bodies[0], bodies[1], "another site's device and none at all");
    assert_eq!(bodies[0].0, 403);
    assert_eq!(
        said(&hub.post(&format!("/v1/admin/devices/{nowhere}/revoke"), &json!({"reason": "x"}))),
        no(404, "device-unknown")
    );

    assert_eq!(said(&act(&here, "move", json!({"site": "XXX"}))), no(409, "site-unknown"));
    assert_eq!(said(&act(&here, "move", json!({"site": "KAY"}))), ok(200));
    assert_eq!(hub.device_row(&here)["site"], "KAY");
    assert_eq!(said(&act(&here, "move", json!({"site": "GOG"}))), no(403, "not-allowed"), "it is the other lead's now");
    hub.stop();
}
