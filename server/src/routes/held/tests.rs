//! Held work over HTTP: who sees it, who decides, singly and in bulk, and twice the same.

use serde_json::{Value, json};
use sync_protocol::ids::DocumentId;
use sync_protocol::wire::answer::Fate;

use crate::routes::admin::tests::Person;
use crate::serve::testing::{Got, Place, TestDevice, TestHub};

fn case(number: u8) -> DocumentId {
    DocumentId::new([number; 16])
}

/// Revokes a device that then sends work on these cases, so many times each.
fn held_work(hub: &TestHub, device: &mut TestDevice, cases: &[u8], times: usize) {
    let path = format!("/v1/admin/devices/{}/revoke", device.lease.prefix);
    assert_eq!(hub.post(&path, &json!({"reason": "left"})).status, 200);
    for round in 0..times {
        for number in cases {
            let parcel = device.record(case(*number), &[("identity.given", &format!("Awa {round}"))], None);
            let (receipt, _) = device.sync(hub, vec![parcel]);
            let fate = &receipt.parcels[0].documents[0].runs[0].fate;
            assert!(matches!(fate, Fate::Held(_)), "{fate:?}");
        }
    }
}

fn decide(hub: &TestHub, who: &Person, body: &Value) -> Got {
    hub.as_person(who, "POST", "/v1/held/decide", Some(body))
}

fn total(hub: &TestHub, query: &str) -> Value {
    hub.get(&format!("/v1/held{query}")).json()["total"].clone()
}

#[test]
fn a_lead_decides_what_the_own_sites_devices_sent_and_hears_nothing_of_others() {
    let place = Place::new();
    let hub = place.start();
    hub.site("GOG", "Gogui");
    hub.site("KAY", "Kayes");
    let (mut here, mut there) = (hub.device("GOG", "Awa", 1), hub.device("KAY", "Moussa", 2));
    held_work(&hub, &mut here, &[1, 2], 1);
    held_work(&hub, &mut there, &[3], 1);
    let lead = hub.person(json!({"name": "Lead", "sites": ["GOG"], "roles": ["site-lead"]}));
    let admin = hub.person(json!({"name": "Admin", "roles": ["administrator"]}));

    let list = hub.as_person(&lead, "GET", "/v1/held", None).json();
    assert_eq!(list["total"], 2);
    let row = &list["held"][0];
    assert_eq!((&row["kind"], &row["code"]), (&json!("case"), &json!("held-who-revoked")));
    assert_eq!((&row["site"], &row["name"], &row["changes"]), (&json!("GOG"), &json!("Awa"), &json!(1)));
    assert_eq!(row["document"], json!(case(1)));
    assert!(!list.to_string().contains("Awa 0"), "no content");
    let foreign = hub.get("/v1/held?site=KAY").json()["held"][0].clone();

    let item = |row: &Value| json!({"position": row["position"], "item": row["item"]});
    let one = |row: &Value| json!({"items": [item(row)], "approve": true, "reason": "she was asked"});
    let unknown = json!({"items": [{"position": 1, "item": 0}], "approve": true, "reason": "x"});
    let beyond = json!({"items": [{"position": 1_000_000, "item": 0}], "approve": true, "reason": "x"});
    let mixed = json!({"items": [item(row), item(&foreign)], "approve": true, "reason": "x"});
    let denied: Vec<(u16, Value)> =
        [one(&foreign), unknown, beyond, mixed, json!({"all": {"site": "KAY"}, "approve": true, "reason": "x"})]
            .iter()
            .map(|body| {
                let got = decide(&hub, &lead, body);
                (got.status, got.json()["message"].clone())
            })
            .collect();
    assert!(denied.iter().all(|answer| answer.0 == 403 && *answer == denied[0]), "{denied:?}");
    assert_eq!(decide(&hub, &admin, &one(row)).status, 403, "an administrator sees that it waits, no more");
    assert_eq!(total(&hub, ""), 3);

    let got = decide(&hub, &lead, &one(row)).json();
    assert_eq!((&got["decided"], &got["already"], &got["stays"]), (&json!(1), &json!(0), &json!(0)));
    let again = decide(&hub, &lead, &one(row)).json();
    assert_eq!((&again["decided"], &again["already"], &again["position"]), (&json!(0), &json!(1), &Value::Null));
    let rest =
        decide(&hub, &lead, &json!({"all": {"code": "held-who"}, "approve": false, "reason": "never seen"})).json();
    assert_eq!(rest["decided"], 1, "of the own sites alone");
    assert_eq!(total(&hub, ""), 1);
    hub.stop();
}

#[test]
fn held_work_is_asked_for_page_by_page_and_decided_in_bulk_with_what_hangs_on_it() {
    let place = Place::new();
    let hub = place.start();
    hub.site("GOG", "Gogui");
    let mut device = hub.device("GOG", "Awa", 1);
    held_work(&hub, &mut device, &[1, 2, 3], 2);
    let lease = device.lease.prefix.to_string();
    for (query, expected) in [
        (format!("?lease={lease}"), 6),
        ("?lease=00000000000000ff".to_owned(), 0),
        ("?code=held-who".to_owned(), 6),
        ("?code=held-what".to_owned(), 0),
        (format!("?document={}", case(2)), 2),
        ("?site=GOG".to_owned(), 6),
    ] {
        assert_eq!(total(&hub, &query), expected, "{query}");
    }
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page = hub.get(&format!("/v1/held?limit=4{next}")).json();
        assert_eq!(page["total"], 6);
        seen.extend(page["held"].as_array().unwrap().iter().map(|row| row["position"].as_u64().unwrap()));
        let Some(cursor) = page["next"].as_str() else { break };
        next = format!("&cursor={cursor}");
    }
    assert_eq!(seen.len(), 6);
    assert!(seen.is_sorted());
    assert_eq!(hub.get("/v1/held?cursor=x").code(), "held-cursor");

    let post = |body: Value| hub.post("/v1/held/decide", &body);
    let first = json!({"position": seen[0], "item": 0});
    for (wrong, code) in [
        (json!({"approve": true, "reason": "x"}), "held-which"),
        (json!({"all": {}, "approve": true, "reason": "x"}), "held-which"),
        (json!({"items": [first], "all": {"code": "x"}, "approve": true, "reason": "x"}), "held-which"),
        (json!({"items": [first], "approve": true, "reason": ""}), "name"),
        (json!({"items": [first], "approve": true}), "body"),
    ] {
        assert_eq!(post(wrong).code(), code);
    }
    let got = post(json!({"items": [first, first], "approve": true, "reason": "asked"})).json();
    assert_eq!(got["decided"], 2, "what hangs on it goes along");
    let got = post(json!({"all": {"lease": lease}, "approve": true, "reason": "asked"})).json();
    assert_eq!((&got["decided"], &got["left"], &got["stays"]), (&json!(4), &json!(0), &json!(0)));
    assert_eq!(total(&hub, ""), 0);
    hub.stop();
}
