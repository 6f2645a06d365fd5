//! The page opens with its link only, shows what is there, and lets nothing foreign in.

use serde_json::json;
use sync_protocol::ids::{CardToken, DocumentId};

use crate::serve::testing::{Got, Place, TestHub, send};

const CASE: DocumentId = DocumentId::new([9; 16]);

fn cookie(hub: &TestHub) -> String {
    let link = hub.hub.link();
    let path = link.split_once(&hub.hub.address.to_string()).unwrap().1;
    let got = send(hub.hub.address, "GET", path, &[], b"");
    assert_eq!((got.status, got.header("location")), (303, Some("/")));
    let set = got.header("set-cookie").unwrap();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict"), "{set}");
    set.split(';').next().unwrap().to_owned()
}

#[test]
fn the_page_opens_with_its_link_and_is_closed_without() {
    let place = Place::new();
    let hub = place.start();
    let closed = send(hub.hub.address, "GET", "/", &[], b"");
    assert_eq!(closed.status, 401);
    assert!(closed.text().contains("Cette page est fermée"), "{}", closed.text());
    assert!(closed.text().contains("<a href=\"/app/\">"), "the field app is open to who is to be enrolled");
    assert_eq!(send(hub.hub.address, "GET", "/?token=wrong", &[], b"").status, 401);

    let cookie = cookie(&hub);
    let page = send(hub.hub.address, "GET", "/", &[("cookie", &cookie)], b"");
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let text = page.text();
    assert!(text.contains("<a href=\"/app/\">"), "the way to the field app");
    assert!(text.contains("Aucun dossier encore"), "an empty hub says so");
    assert!(!text.contains(" onclick=") && !text.contains(" style=") && !text.contains("src=\"http"));
    assert!(!text.contains(hub.hub.console.reveal()), "the token is not in the page");
    hub.stop();
}

#[test]
fn cases_conflicts_and_receipts_are_shown_and_names_cannot_be_markup() {
    let place = Place::new();
    let hub = place.start();
    hub.site("GOG", "Gogui");
    hub.site("KAY", "Kayes");
    let mut gogui = hub.device("GOG", "Awa <b>Diarra</b>", 1);
    let mut kayes = hub.device("KAY", "Moussa Keïta", 2);
    let card = Some(CardToken::new([3; 12]));
    let parcel = gogui.record(CASE, &[("identity.given", "<script>alert(1)</script>")], card);
    gogui.sync(&hub, vec![parcel]);
    let parcel = kayes.record(CASE, &[("identity.given", "Fanta")], card);
    let position = kayes.sync(&hub, vec![parcel]).0.parcels[0].position.unwrap();

    let cookie = cookie(&hub);
    let path = format!("/page/live?after={}", position.0 - 1);
    let live = send(hub.hub.address, "GET", &path, &[("cookie", &cookie)], b"");
    assert_eq!(live.status, 200);
    let text = live.text();
    assert!(!text.contains("<script>") && !text.contains("<b>"), "{text}");
    assert!(text.contains("&lt;script&gt;") && text.contains("Fanta"), "both values are shown");
    assert!(text.contains("Moussa Keïta") && text.contains("vérifier"));

    let path = format!("/page/receipts/{position}");
    let proof = send(hub.hub.address, "GET", &path, &[("cookie", &cookie)], b"");
    assert!(proof.text().contains("Reçu vérifié"), "{}", proof.text());
    assert_eq!(send(hub.hub.address, "GET", &path, &[], b"").status, 401);
    hub.stop();
}

fn form(hub: &TestHub, cookie: &str, path: &str, body: &str) -> Got {
    let origin = format!("http://{}", hub.hub.address);
    let headers = [("cookie", cookie), ("origin", &origin), ("content-type", "application/x-www-form-urlencoded")];
    send(hub.hub.address, "POST", path, &headers, body.as_bytes())
}

#[test]
fn held_work_is_decided_on_the_screen() {
    let place = Place::new();
    let hub = place.start();
    hub.site("GOG", "Gogui");
    let mut device = hub.device("GOG", "Awa <b>Diarra</b>", 1);
    let cookie = cookie(&hub);
    let get = |path: &str| send(hub.hub.address, "GET", path, &[("cookie", &cookie)], b"");
    assert!(get("/page/held").text().contains("Rien n'attend de décision"));
    hub.post(&format!("/v1/admin/devices/{}/revoke", device.lease.prefix), &json!({"reason": "left"}));
    let parcel = device.record(CASE, &[("identity.given", "Fanta")], None);
    let held = device.sync(&hub, vec![parcel]).0.parcels[0].position.unwrap();
    let other = DocumentId::new([8; 16]);
    let parcel = device.record(other, &[("identity.given", "Binta")], None);
    device.sync(&hub, vec![parcel]);

    let page = get("/page/held");
    let text = page.text();
    assert!(page.header("content-security-policy").unwrap().contains("form-action 'self'"));
    assert!(text.contains("appareil révoqué") && text.contains("Awa &lt;b&gt;Diarra"), "{text}");
    assert!(!text.contains("Fanta"), "no content");
    assert!(text.contains(&format!("value=\"{held}.0\"")));

    let decide = |body: &str| form(&hub, &cookie, "/page/held", body);
    let nothing = decide("reason=x&decision=approve");
    assert_eq!(nothing.status, 400);
    assert!(nothing.text().contains("Choisissez au moins un travail"));
    assert_eq!(decide(&format!("work={held}.0&reason=&decision=approve")).status, 400);
    let foreign = [("cookie", cookie.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    let body = format!("work={held}.0&reason=x&decision=approve");
    assert_eq!(send(hub.hub.address, "POST", "/page/held", &foreign, body.as_bytes()).code(), "other-origin");

    let done = decide(&body);
    assert_eq!((done.status, done.header("location")), (303, Some("/page/held?done=1&stays=0")));
    assert!(get("/page/held?done=1&stays=0").text().contains("Travaux décidés : 1"));
    let all = decide(&format!("device={}&reason=x&decision=reject", device.lease.prefix));
    assert_eq!(all.header("location"), Some("/page/held?done=1&stays=0"));
    assert_eq!(hub.get("/v1/held").json()["total"], 0);

    let admin = hub.person(json!({"name": "Admin", "roles": ["administrator"]}));
    let mut late = hub.device("GOG", "Moussa", 2);
    hub.post(&format!("/v1/admin/devices/{}/revoke", late.lease.prefix), &json!({"reason": "left"}));
    let parcel = late.record(DocumentId::new([7; 16]), &[("identity.given", "Awa")], None);
    late.sync(&hub, vec![parcel]);
    let seen = hub.as_person(&admin, "GET", "/page/held", None).text();
    assert!(seen.contains("Moussa") && !seen.contains("name=\"work\""), "an administrator looks and does not decide");
    hub.stop();
}

#[test]
fn a_device_is_confirmed_on_the_screen_by_what_it_shows_itself() {
    let place = Place::new();
    let hub = place.start();
    hub.site("GOG", "Gogui");
    let awa = hub.user(json!({"name": "Awa", "sites": ["GOG"]}));
    let (lease, fingerprint) = hub.pending(&awa, 1);
    let cookie = cookie(&hub);
    let text = send(hub.hub.address, "GET", "/page/devices", &[("cookie", &cookie)], b"").text();
    assert!(text.contains("à confirmer") && text.contains("Awa"), "{text}");
    assert!(!text.contains(&fingerprint), "it is read from the device, not copied from here");

    let act = |body: String| form(&hub, &cookie, "/page/devices", &body);
    let wrong = act(format!("lease={lease}&fingerprint=0000-0000"));
    assert_eq!(wrong.status, 409);
    assert!(wrong.text().contains("Ce n'est pas l'empreinte de cet appareil"));
    assert_eq!(act(format!("lease={lease}")).status, 400);
    assert_eq!(act(format!("lease={lease}&fingerprint={fingerprint}")).status, 303);
    assert_eq!(hub.get("/v1/devices").json()["devices"][0]["standing"], "active");
    assert_eq!(act(format!("lease={lease}&reason=stolen&lost=yes")).status, 303);
    assert_eq!(hub.get("/v1/devices").json()["devices"][0]["standing"], "lost");
    hub.stop();
}
