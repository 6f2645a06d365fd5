//! Lists, conflicts with who wrote what, and receipts that verify, or say what is broken.

use sync_protocol::ids::{CardToken, DocumentId};

use crate::serve::testing::{Got, Place, TestHub};

const CASE: DocumentId = DocumentId::new([9; 16]);

/// Asks until the lists show a position.
fn caught_up(hub: &TestHub, path: &str, position: u64) -> Got {
    loop {
        let got = hub.get(path);
        if got.status == 200 && got.json()["as_of"].as_u64() >= Some(position) {
            return got;
        }
        assert!(got.status == 200 || got.status == 503, "{}", got.text());
        std::thread::yield_now();
    }
}

/// Two sites on one card; the position of the last parcel.
fn two_sites(hub: &TestHub) -> u64 {
    hub.site("GOG", "Gogui");
    hub.site("KAY", "Kayes");
    let card = Some(CardToken::new([3; 12]));
    let mut gogui = hub.device("GOG", "Awa Diarra", 1);
    let mut kayes = hub.device("KAY", "Moussa Keïta", 2);
    let fields = [("identity.given", "Fatoumata"), ("identity.family", "Traoré")];
    let parcel = gogui.record(CASE, &fields, card);
    gogui.sync(hub, vec![parcel]);
    let parcel = kayes.record(CASE, &[("identity.given", "Fanta")], card);
    let (receipt, _) = kayes.sync(hub, vec![parcel]);
    receipt.parcels[0].position.unwrap().0
}

#[test]
fn what_two_sites_record_is_listed_with_both_values_and_who_wrote_them() {
    let place = Place::new();
    let hub = place.start();
    let position = two_sites(&hub);
    let cases = caught_up(&hub, "/v1/cases", position).json();
    assert_eq!(cases["cases"].as_array().unwrap().len(), 1);
    assert_eq!(cases["cases"][0]["conflicts"], 1);
    let found = hub.get("/v1/cases?text=traore").json();
    assert_eq!(found["cases"].as_array().unwrap().len(), 1);
    let detail = hub.get(&format!("/v1/cases/{CASE}")).json();
    assert_eq!(detail["channels"].as_array().unwrap().len(), 2);

    let conflicts = hub.get("/v1/conflicts").json();
    let values = conflicts["conflicts"][0]["values"].as_array().unwrap();
    let mut wrote: Vec<(&str, &str, &str)> = values
        .iter()
        .map(|value| (value["value"].as_str().unwrap(), value["by"].as_str().unwrap(), value["site"].as_str().unwrap()))
        .collect();
    wrote.sort_unstable();
    assert_eq!(wrote, [("Fanta", "Moussa Keïta", "KAY"), ("Fatoumata", "Awa Diarra", "GOG")]);

    let counts = hub.get("/v1/counts").json();
    assert_eq!((&counts["cases"], &counts["conflicts"], &counts["receipts"]), (&1.into(), &1.into(), &2.into()));
    let before = hub.get(&format!("/v1/conflicts?at={}", position - 1));
    assert!(before.status == 200 || before.code() == "read-model-too-early", "{}", before.text());
    assert_eq!(hub.get("/v1/held").json()["total"], 0);
    assert_eq!(hub.get("/v1/devices").json()["devices"].as_array().unwrap().len(), 2);
    assert_eq!(hub.get("/v1/status").json()["parcels"], 2);
    assert_eq!(hub.get(&format!("/v1/cases/{}", DocumentId::new([1; 16]))).status, 404);
    hub.stop();

    // A start fills the lists again, from the store and the log.
    let hub = place.start();
    let again = caught_up(&hub, "/v1/conflicts", position).json();
    assert_eq!(again["conflicts"][0]["values"], conflicts["conflicts"][0]["values"]);
    assert_eq!(hub.get("/v1/counts").json()["receipts"], 2);
    hub.stop();
}

#[test]
fn a_receipt_verifies_until_its_entry_is_touched() {
    let place = Place::new();
    let hub = place.start();
    let position = two_sites(&hub);
    let receipts = caught_up(&hub, "/v1/receipts", position).json();
    assert_eq!(receipts["receipts"][0]["position"], position);
    assert_eq!(receipts["receipts"][0]["fates"]["applied"], 1);
    assert_eq!(hub.get(&format!("/v1/receipts/{position}")).json()["user"], "Moussa Keïta");

    let path = format!("/v1/receipts/{position}/verify");
    let proof = hub.get(&path).json();
    assert_eq!(proof["sound"], true, "{proof}");
    let outcome = |proof: &serde_json::Value, code: &str| {
        let checks = proof["checks"].as_array().unwrap().iter();
        checks.filter(|check| check["code"] == code).map(|check| check["outcome"].as_str().unwrap().to_owned()).next()
    };
    for code in ["record", "chain", "lease", "signature", "contents"] {
        assert_eq!(outcome(&proof, code).as_deref(), Some("sound"), "{code}");
    }
    assert_eq!(outcome(&proof, "copy").as_deref(), Some("open"));
    assert_eq!(hub.get("/v1/receipts/1/verify").status, 404, "the first entry is no parcel");
    assert_eq!(hub.get("/v1/receipts/99999/verify").status, 404);

    // Somebody changes a byte of the last entry under the running hub.
    let segment = place.data().join("log/0000000001.seg");
    let mut bytes = std::fs::read(&segment).unwrap();
    let last = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    bytes[last - 40] ^= 1;
    std::fs::write(&segment, &bytes).unwrap();
    let proof = hub.get(&path).json();
    assert_eq!(proof["sound"], false);
    assert_eq!(outcome(&proof, "record").as_deref(), Some("broken"));
    hub.stop();
}
