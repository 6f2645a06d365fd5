//! Tokens and leases: garbled, of others, ended, taken away; proofs that prove nothing.

use serde_json::json;
use sync_protocol::crypto::SecretKey;
use sync_protocol::documents::{Edit, Kind, Value};
use sync_protocol::ids::{ActorPrefix, Position, Salt};
use sync_protocol::wire::answer::{Order, WipeWhen};
use sync_protocol::wire::codec::Raw;
use sync_protocol::wire::exchange::{ExchangeRequest, Renewal};

use super::{Outcome, SMALL, Siege, fates, refused};
use crate::door::get;

/// Runs them.
pub fn run(siege: &mut Siege) {
    tokens(siege);
    renewals(siege);
    cursors(siege);
    revoked(siege);
}

fn asking(siege: &Siege, token: Option<Salt>) -> ExchangeRequest {
    ExchangeRequest { token, ..siege.attacker.request(Vec::new()) }
}

fn tokens(siege: &mut Siege) {
    let mut garbled = *siege.attacker.token.expect("it was enrolled").as_bytes();
    garbled[3] ^= 1;
    let others = [
        ("no token", None),
        ("a token garbled", Some(Salt::new(garbled))),
        ("a token of zeros", Some(Salt::new([0; 16]))),
        ("a colleague's token on the same tablet", siege.colleague.token),
        ("a token of another installation", siege.honest.token),
    ];
    for (name, token) in others {
        siege.withstands(name, &Outcome::Closed, SMALL, |siege| siege.ask(&asking(siege, token)));
        let wait = format!("/v1/wait?lease={}", siege.prefix());
        let bearer = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
        siege.withstands(&format!("{name}, waiting"), &refused(401, "device-token"), SMALL, |siege| {
            let said = get(siege.address(), &wait, &bearer);
            Outcome::Refused(said.status, said.code())
        });
    }
    let nobody = ExchangeRequest { lease: ActorPrefix::new([9; 8]), ..siege.attacker.request(Vec::new()) };
    siege.withstands("a lease that is none", &refused(403, "lease-unknown"), SMALL, |siege| siege.ask(&nobody));
    let theirs = ExchangeRequest { lease: siege.honest.lease.prefix, ..siege.attacker.request(Vec::new()) };
    siege.withstands("another's lease with the own token", &Outcome::Closed, SMALL, |siege| siege.ask(&theirs));
}

fn challenge(siege: &Siege) -> Salt {
    let (_, rest) = siege.told(&asking(siege, None));
    let renew = rest.orders.iter().find_map(|order| match order {
        Order::Renew(challenge) => Some(*challenge),
        _ => None,
    });
    renew.expect("who has no token is asked to prove the key")
}

fn renewals(siege: &mut Siege) {
    let challenge = challenge(siege);
    let (log, prefix) = (siege.attacker.log, siege.prefix());
    let proving = |siege: &Siege, renewal: Renewal| ExchangeRequest { renewal: Some(renewal), ..asking(siege, None) };
    let other = SecretKey::from_bytes(&[30; 32]).expect("a number below the order");
    let own = siege.attacker.key.clone();
    let rows = [
        ("proved with another key", Renewal::sign(log, prefix, challenge, &other)),
        ("proved for another challenge", Renewal::sign(log, prefix, Salt::new([1; 16]), &own)),
        ("proved for another lease", Renewal::sign(log, siege.honest.lease.prefix, challenge, &own)),
        ("proved for another log", Renewal::sign(sync_protocol::ids::LogId::new([1; 16]), prefix, challenge, &own)),
        ("a colleague's proof", Renewal::sign(log, prefix, challenge, &siege.colleague.key)),
    ];
    for (name, renewal) in rows {
        let asked = proving(siege, renewal);
        siege.withstands(name, &Outcome::Closed, SMALL, |siege| siege.ask(&asked));
    }
    // A true one works, once; whoever saw it gets nothing with it.
    let asked = proving(siege, Renewal::sign(log, prefix, challenge, &own));
    let (_, rest) = siege.told(&asked);
    siege.attacker.token = rest.token;
    assert!(rest.token.is_some());
    siege.settled("a token renewed");
    siege.withstands("a proof seen on its way", &Outcome::Closed, SMALL, |siege| siege.ask(&asked));
}

/// Cursors are the hub's own: whatever else stands there, the feed begins anew or goes on, within the scope.
fn cursors(siege: &mut Siege) {
    let scope: Vec<String> = vec!["site/GOG".to_owned(), format!("user/{}", siege.attacker.lease.user)];
    let (_, rest) = siege.told(&siege.attacker.request(Vec::new()));
    let good = rest.cursor.expect("the feed is open").0;
    let mut cursors =
        vec![vec![], vec![0xff; 40], vec![0x9f; 100_000], b"words".to_vec(), good[..good.len() / 2].to_vec()];
    cursors.extend((0..good.len()).step_by(3).map(|at| {
        let mut garbled = good.clone();
        garbled[at] ^= 0x41;
        garbled
    }));
    for cursor in cursors {
        let name = format!("a cursor of {} bytes", cursor.len());
        let asked = ExchangeRequest { cursor: Some(Raw(cursor)), ..siege.attacker.request(Vec::new()) };
        siege.withstands_any(&name, super::LARGE, |siege| {
            let (_, rest) = siege.told(&asked);
            assert!(rest.channels.iter().all(|channel| scope.contains(&channel.to_string())), "{:?}", rest.channels);
            assert!(rest.feed.iter().all(|item| item.document == siege.case));
            Outcome::Open
        });
    }
    let asked =
        ExchangeRequest { decided_to: Position(u64::MAX), budget: u32::MAX, ..siege.attacker.request(Vec::new()) };
    siege.withstands_any("numbers at their ends", super::LARGE, |siege| siege.ask(&asked));
    let wants = vec![siege.case; sync_protocol::limits::WANTS_DOCUMENTS_MAX + 1];
    let asked = ExchangeRequest { wants, ..siege.attacker.request(Vec::new()) };
    siege.withstands("1,025 wanted documents", &refused(413, "request-too-many"), SMALL, |siege| siege.ask(&asked));
}

fn revoked(siege: &mut Siege) {
    let path = format!("/v1/admin/devices/{}/revoke", siege.prefix());
    siege.settled("before the device is called lost");
    let _ = siege.administer(&path, &json!({"reason": "Perdu au marché", "lost": true}));
    siege.settled("the attacker's device is revoked");
    siege.withstands("a token that was taken away", &Outcome::Closed, SMALL, |siege| {
        siege.ask(&asking(siege, siege.attacker.token))
    });
    let (_, rest) = siege.told(&asking(siege, siege.attacker.token));
    assert!(rest.orders.contains(&Order::Wipe { when: WipeWhen::AtOnce }), "{:?}", rest.orders);
    assert!(!rest.orders.iter().any(|order| matches!(order, Order::Renew(_))), "it is asked for no proof");
    let (log, prefix) = (siege.attacker.log, siege.prefix());
    let proof = Renewal::sign(log, prefix, Salt::new([1; 16]), &siege.attacker.key);
    let asked = ExchangeRequest { renewal: Some(proof), ..asking(siege, None) };
    siege.withstands("a proof after that", &Outcome::Closed, SMALL, |siege| siege.ask(&asked));
    let edit = Edit::Set { field: "identity.mother".into(), value: Value::Text("Aïssata".into()).into() };
    let (case, kind) = (siege.case, Kind::Case);
    let change = siege.attacker.edit(case, kind, &[edit]);
    let sent = siege.attacker.parcel(&[(case, vec![change], None)]);
    siege.withstands("work of a revoked device", &fates(&["held held-who-revoked"]), SMALL, |siege| {
        siege.push(vec![sent])
    });
}
