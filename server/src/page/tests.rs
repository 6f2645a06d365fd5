//! The page opens with its link only, shows what is there, and lets nothing foreign in.

use sync_protocol::ids::{CardToken, DocumentId};

use crate::serve::testing::{Place, TestHub, send};

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
    assert_eq!(send(hub.hub.address, "GET", "/?token=wrong", &[], b"").status, 401);

    let cookie = cookie(&hub);
    let page = send(hub.hub.address, "GET", "/", &[("cookie", &cookie)], b"");
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let text = page.text();
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
