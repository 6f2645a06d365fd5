//! Courier files: garbled, cut, doubled, recombined, for another hub, with asks that are none. Each is refused whole.

use sync_protocol::ids::{ActorPrefix, Salt};
use sync_protocol::limits::{COURIER_PARCELS_MAX, COURIER_PARTS_MAX};
use sync_protocol::sealing::{SealingKey, SealingPublic};
use sync_protocol::wire::codec::{Raw, to_cbor};
use sync_protocol::wire::courier::{Ask, CourierFile, CourierPart, hub_tag};
use sync_protocol::wire::exchange::ExchangeRequest;
use sync_protocol::wire::parcel::{Contents, Parcel, SealedContents};

use super::{LARGE, Outcome, Siege, code, refused};

/// Runs them.
pub fn run(siege: &mut Siege) {
    let good = file(siege);
    let bytes = good.to_bytes();
    for at in [0, 5, 200, bytes.len() / 2, bytes.len() - 40, bytes.len() - 1] {
        let mut garbled = bytes.clone();
        garbled[at] ^= 1;
        any(siege, &format!("garbled at {at}"), garbled);
    }
    for length in [0, 1, 100, bytes.len() / 2, bytes.len() - 1] {
        any(siege, &format!("cut to {length}"), bytes[..length].to_vec());
    }
    any(siege, "a byte behind it", [&bytes[..], &[0]].concat());
    any(siege, "twice in one", [&bytes[..], &bytes].concat());
    any(siege, "zeros", vec![0; 8_192]);
    any(
        siege,
        "an exchange",
        sync_protocol::wire::codec::frame(
            sync_protocol::wire::codec::Message::ExchangeRequest,
            &siege.attacker.request(Vec::new()),
        ),
    );
    recombined(siege, &good);
    asks(siege, &good);
    many(siege, &good);
}

fn post(siege: &Siege, bytes: &[u8]) -> Outcome {
    match siege.http().request("POST", "/v1/courier", "Content-Type: application/octet-stream\r\n", bytes) {
        Ok((200, _)) => Outcome::Open,
        Ok((status, body)) => Outcome::Refused(status, code(&body)),
        Err(_) => Outcome::Cut,
    }
}

fn any(siege: &mut Siege, name: &str, bytes: Vec<u8>) {
    siege.withstands_any(name, LARGE, |siege| {
        let outcome = post(siege, &bytes);
        assert!(matches!(outcome, Outcome::Refused(400, _)), "{name}: {outcome:?}");
        outcome
    });
}

fn fails(siege: &mut Siege, name: &str, status: u16, code: &str, file: &CourierFile) {
    let bytes = file.to_bytes();
    siege.withstands(name, &refused(status, code), LARGE, |siege| post(siege, &bytes));
}

fn ask(siege: &Siege) -> Ask {
    let reply_to = SealingKey::from_bytes(&[40; 32]).expect("a number below the curve's order").public();
    let request = ExchangeRequest { token: None, ..siege.attacker.request(Vec::new()) };
    Ask { series: Salt::new([1; 16]), number: 1, before: None, reply_to, request }
}

fn sealed(siege: &mut Siege) -> Parcel {
    let plain = siege.packed(&[siege.next()]);
    let hash = plain.hash();
    let Contents::Plain { documents, statements } = plain.contents else { panic!("it is plain") };
    let contents = to_cbor(&SealedContents { documents, statements });
    let hub = siege.attacker.sealing.expect("the hub opens what is sealed");
    let bytes = hub.seal(&contents, &hash, [6; 32]).expect("the hub's key is one");
    Parcel { contents: Contents::Sealed(Raw(bytes)), ..plain }
}

/// A file of one part, as the attacker's device would make it, with this ask.
fn asking(siege: &Siege, parcels: &[Parcel], lease: ActorPrefix, ask: &Ask) -> CourierFile {
    let hub = siege.attacker.sealing.expect("the hub opens what is sealed");
    let mut file = CourierFile { hub: hub_tag(&siege.attacker.hub), id: Salt::new([2; 16]), parts: Vec::new() };
    let empty = CourierPart { lease, parcels: Vec::new(), ask: Raw::default() };
    file.parts.push(empty);
    let place = file.place(0);
    file.parts[0] =
        CourierPart::seal(&place, lease, parcels.to_vec(), ask, &hub, [7; 32]).expect("the hub's key is one");
    file
}

fn file(siege: &mut Siege) -> CourierFile {
    let parcels = [sealed(siege), sealed(siege)];
    asking(siege, &parcels, siege.prefix(), &ask(siege))
}

fn recombined(siege: &mut Siege, good: &CourierFile) {
    let with = |change: &dyn Fn(&mut CourierFile)| {
        let mut file = good.clone();
        change(&mut file);
        file
    };
    let colleague = siege.colleague.lease.prefix;
    let other = sealed(siege);
    let other_hub = hub_tag(&siege.attacker.key.public());
    let code = "courier-recombined";
    fails(siege, "for another hub", 400, "courier-hub", &with(&|f| f.hub = other_hub));
    fails(siege, "another file's id", 400, code, &with(&|f| f.id = Salt::new([3; 16])));
    fails(siege, "a part twice", 400, code, &with(&|f| f.parts.extend_from_within(..)));
    fails(siege, "under a colleague's lease", 400, code, &with(&|f| f.parts[0].lease = colleague));
    fails(siege, "a parcel left out", 400, code, &with(&|f| drop(f.parts[0].parcels.pop())));
    fails(siege, "a parcel more", 400, code, &with(&|f| f.parts[0].parcels.push(other.clone())));
    fails(siege, "parcels in another order", 400, code, &with(&|f| f.parts[0].parcels.reverse()));
    fails(siege, "the ask garbled", 400, code, &with(&|f| f.parts[0].ask.0[70] ^= 1));
    fails(siege, "no ask", 400, code, &with(&|f| f.parts[0].ask = Raw::default()));
    let plain = siege.packed(&[siege.next()]);
    fails(
        siege,
        "a parcel that is not sealed",
        400,
        "courier-plain",
        &with(&|f| f.parts[0].parcels[0] = plain.clone()),
    );
}

fn asks(siege: &mut Siege, good: &CourierFile) {
    let parcels = good.parts[0].parcels.clone();
    let (own, honest) = (ask(siege), siege.honest.lease.prefix);
    let prefix = siege.prefix();
    let inside = "courier-inside";
    let none = Ask { number: 0, ..own.clone() };
    fails(siege, "number 0", 400, inside, &asking(siege, &parcels, prefix, &none));
    let mute = Ask { reply_to: SealingPublic::new([0; 33]), ..own.clone() };
    fails(siege, "an answer to no key", 400, inside, &asking(siege, &parcels, prefix, &mute));
    fails(siege, "an ask for another lease", 400, inside, &asking(siege, &parcels, honest, &own));
    let request = ExchangeRequest { parcels: parcels.clone(), ..own.request.clone() };
    let more = Ask { request, ..own.clone() };
    fails(siege, "parcels in the ask", 400, inside, &asking(siege, &parcels, prefix, &more));
    let nobody = ActorPrefix::new([9; 8]);
    let unknown = Ask { request: ExchangeRequest { lease: nobody, ..own.request.clone() }, ..own };
    fails(siege, "a lease that is none", 403, "lease-unknown", &asking(siege, &parcels, nobody, &unknown));
}

fn many(siege: &mut Siege, good: &CourierFile) {
    let part = CourierPart { parcels: Vec::new(), ..good.parts[0].clone() };
    let parts = vec![part.clone(); COURIER_PARTS_MAX + 1];
    fails(siege, "65 parts", 400, "courier-too-many", &CourierFile { parts, ..good.clone() });
    let small = Parcel { contents: Contents::Sealed(Raw::default()), ..good.parts[0].parcels[0].clone() };
    let parts = vec![CourierPart { parcels: vec![small; COURIER_PARCELS_MAX + 1], ..part }];
    fails(siege, "2,049 parcels", 400, "courier-too-many", &CourierFile { parts, ..good.clone() });
}
