//! Two people on one tablet, and what one of them can do with what is the other's: tokens, cursors, parcels, leases.
//!
//! Both are enrolled on the same installation, at different sites. Nothing of one opens anything of the other's.

use segin_tests::console::Console;
use segin_tests::http::Http;
use segin_tests::raw::RawDevice;
use segin_tests::register::set;
use serde_json::json;
use sync_protocol::documents::Kind;
use sync_protocol::ids::{Channel, DocumentId, SiteCode};
use sync_protocol::wire::answer::{Fate, Order};

struct Tablet {
    console: Console,
    http: Http,
    awa: RawDevice,
    binta: RawDevice,
    users: [String; 2],
    case: DocumentId,
}

/// Awa at Gogui and Binta at Kayes share a tablet; Awa has recorded a case.
fn tablet() -> Tablet {
    let console = Console::new();
    let mut http = Http::to(console.address().to_string());
    let invite = |name: &str, site: &str| {
        let user = console.setup("POST", "/v1/admin/users", &json!({"name": name, "sites": [site]})).json();
        let user = user["user"].as_str().expect("the hub names the user").to_owned();
        let invited = json!({"user": user, "confirmed": true});
        let invited = console.setup("POST", "/v1/admin/invitations", &invited).json();
        (user, invited["invitation"].as_str().expect("the hub gives an invitation").to_owned())
    };
    let (first, second) = (invite("Awa Diarra", "GOG"), invite("Binta Keita", "KAY"));
    let mut awa = RawDevice::enrol(&mut http, &first.1, 1).expect("an invitation enrols");
    let binta =
        RawDevice::enrol_on(&mut http, &second.1, 2, Some(awa.lease.installation)).expect("an invitation enrols");
    let case = awa.new_document();
    let change = awa.edit(case, Kind::Case, &[set("identity.given", "Zibelinata")]);
    let parcel = awa.parcel(&[(case, vec![change], None)]);
    let (receipt, _) = awa.sync(&mut http, vec![parcel]).expect("the hub answers");
    assert_eq!(receipt.parcels[0].documents[0].runs[0].fate, Fate::Applied);
    Tablet { console, http, awa, binta, users: [first.0, second.0], case }
}

fn site(code: &str) -> Channel {
    Channel::site(&SiteCode::new(code).expect("three capitals"))
}

#[test]
fn the_second_user_of_a_tablet_reads_nothing_of_the_firsts() {
    let Tablet { console, mut http, awa, mut binta, case, .. } = tablet();
    // With the own token: the own scope, whatever cursor or wish comes along.
    binta.cursor.clone_from(&awa.cursor);
    let mut request = binta.request(Vec::new());
    request.wants = vec![case];
    let (_, rest) = binta.ask(&mut http, &request).unwrap();
    assert_eq!(rest.channels, [site("KAY")]);
    assert!(rest.feed.is_empty());
    // With the other's lease and the own token, or the own lease and the other's token: a challenge, nothing else.
    let mut mixed = awa.request(Vec::new());
    mixed.token = binta.token;
    let mut other = binta.request(Vec::new());
    other.token = awa.token;
    for request in [mixed, other] {
        let (_, rest) = awa.ask(&mut http, &request).unwrap();
        assert!(rest.channels.is_empty() && rest.feed.is_empty() && rest.digests.is_empty(), "{rest:?}");
        let [Order::Renew(challenge)] = rest.orders[..] else { panic!("{:?}", rest.orders) };
        // The wrong person's key proves nothing.
        let mut proof = request;
        let wrong = if proof.lease == awa.lease.prefix { &binta } else { &awa };
        proof.token = None;
        proof.renewal = Some(wrong.renewal(challenge));
        let (_, rest) = awa.ask(&mut http, &proof).unwrap();
        assert!(rest.token.is_none() && rest.channels.is_empty(), "{rest:?}");
    }
    drop(http);
    drop(console);
}

#[test]
fn the_second_user_of_a_tablet_cannot_write_as_the_first() {
    let Tablet { console, mut http, mut awa, mut binta, case, .. } = tablet();
    let change = awa.edit(case, Kind::Case, &[set("identity.family", "Quoximara")]);
    let own = awa.parcel(&[(case, vec![change.clone()], None)]);
    // Awa's parcel under Binta's lease.
    let (receipt, _) = binta.ask(&mut http, &binta.request(vec![own.clone()])).unwrap();
    assert!(receipt.parcels[0].refused.is_some() && receipt.parcels[0].position.is_none(), "{receipt:?}");
    // Binta signs Awa's change in a parcel of her own: the change carries Awa's actor.
    binta.documents.insert(case, awa.documents[&case].clone());
    let stolen = binta.parcel(&[(case, vec![change], None)]);
    let (receipt, _) = binta.ask(&mut http, &binta.request(vec![stolen.clone()])).unwrap();
    let fates: Vec<&Fate> = receipt.parcels[0].documents[0].runs.iter().map(|run| &run.fate).collect();
    assert!(!fates.iter().any(|fate| matches!(fate, Fate::Applied | Fate::Duplicate)), "{fates:?}");
    // The same under Awa's lease, which Binta's key does not sign for.
    let (receipt, _) = awa.ask(&mut http, &awa.request(vec![stolen])).unwrap();
    assert!(receipt.parcels[0].refused.is_some(), "{receipt:?}");
    // Awa's own work goes through all the same.
    let (receipt, _) = awa.sync(&mut http, vec![own]).unwrap();
    assert_eq!(receipt.parcels[0].documents[0].runs[0].fate, Fate::Applied);
    drop(http);
    drop(console);
}

#[test]
fn one_users_end_is_not_the_others() {
    let Tablet { console, mut http, awa, binta, users, .. } = tablet();
    let path = format!("/v1/admin/users/{}", users[0]);
    assert_eq!(console.setup("PATCH", &path, &json!({"active": false})).status, 200);
    let (_, rest) = awa.ask(&mut http, &awa.request(Vec::new())).unwrap();
    assert!(rest.channels.is_empty() && rest.feed.is_empty(), "a token of before opens nothing");
    let (_, rest) = binta.ask(&mut http, &binta.request(Vec::new())).unwrap();
    assert_eq!(rest.channels, [site("KAY")]);
    let path = format!("/v1/admin/devices/{}/revoke", binta.lease.prefix);
    let heard = console.setup("POST", &path, &json!({"reason": "the tablet was found in a taxi", "lost": true}));
    assert_eq!(heard.status, 200, "{heard:?}");
    let (_, rest) = binta.ask(&mut http, &binta.request(Vec::new())).unwrap();
    assert!(rest.channels.is_empty() && rest.orders.contains(&Order::Revoked), "{rest:?}");
    drop(http);
    drop(console);
}
