//! Parcels sealed to the hub: sent by whoever holds the device, opened by the hub alone.

use sync_protocol::sealing::SealingKey;
use sync_protocol::wire::codec::{Raw, to_cbor};
use sync_protocol::wire::parcel::{Contents, Parcel, SealedContents};

use super::{LARGE, SMALL, Siege, fates, parcel};
use crate::parts::Parts;

/// Runs them.
pub fn run(siege: &mut Siege) {
    let plain = siege.packed(&[siege.next()]);
    let sealed = seal(siege, &plain);
    garbled(siege, &sealed);
    elsewhere(siege, &plain, &sealed);
    inside(siege, &plain);
}

fn contents(plain: &Parcel) -> Vec<u8> {
    let Contents::Plain { documents, statements } = plain.contents.clone() else { panic!("sealed already") };
    to_cbor(&SealedContents { documents, statements })
}

fn seal(siege: &Siege, plain: &Parcel) -> Parcel {
    seal_bytes(siege, plain, &contents(plain))
}

/// A parcel with these bytes sealed in it.
fn seal_bytes(siege: &Siege, plain: &Parcel, bytes: &[u8]) -> Parcel {
    let hub = siege.attacker.sealing.expect("the hub opens what is sealed");
    let sealed = hub.seal(bytes, &plain.hash(), [6; 32]).expect("the hub's key is one");
    Parcel { contents: Contents::Sealed(Raw(sealed)), ..plain.clone() }
}

fn with(sealed: &Parcel, bytes: Vec<u8>) -> Parcel {
    Parcel { contents: Contents::Sealed(Raw(bytes)), ..sealed.clone() }
}

fn bytes_of(sealed: &Parcel) -> Vec<u8> {
    let Contents::Sealed(bytes) = &sealed.contents else { panic!("it is sealed") };
    bytes.0.clone()
}

fn send(siege: &mut Siege, name: &str, sent: Parcel, code: &str) {
    siege.withstands(name, &parcel(code), SMALL, |siege| siege.push(vec![sent]));
}

fn garbled(siege: &mut Siege, sealed: &Parcel) {
    let good = bytes_of(sealed);
    for at in [0, 1, 64, 65, good.len() / 2, good.len() - 17, good.len() - 1] {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        send(siege, &format!("garbled at {at}"), with(sealed, bytes), "parcel-sealed-opening");
    }
    for length in [0, 1, 64, 65, 81, good.len() - 1] {
        send(siege, &format!("cut to {length}"), with(sealed, good[..length].to_vec()), "parcel-sealed-opening");
    }
    send(siege, "a byte behind it", with(sealed, [&good[..], &[0]].concat()), "parcel-sealed-opening");
    send(siege, "zeros", with(sealed, vec![0; 4_096]), "parcel-sealed-opening");
}

fn elsewhere(siege: &mut Siege, plain: &Parcel, sealed: &Parcel) {
    let other = SealingKey::from_bytes(&[4; 32]).expect("a number below the curve's order");
    let foreign = other.public().seal(&contents(plain), &plain.hash(), [6; 32]).expect("it is a key");
    send(siege, "sealed to another hub", with(sealed, foreign), "parcel-sealed-opening");
    let second = siege.packed(&[siege.next()]);
    let moved = Parcel { contents: sealed.contents.clone(), ..second };
    send(siege, "another manifest's seal", moved, "parcel-sealed-opening");
    let sent = sealed.clone();
    siege.withstands("sent under a colleague's lease", &parcel("parcel-signature"), SMALL, |siege| {
        siege.ask(&siege.colleague.request(vec![sent]))
    });
    let mut turned = sealed.clone();
    turned.manifest.0[20] ^= 1;
    send(siege, "the manifest around it garbled", turned, "parcel-signature");
}

fn inside(siege: &mut Siege, plain: &Parcel) {
    let send_inside = |siege: &mut Siege, name: &str, bytes: &[u8], code: &str| {
        let sent = seal_bytes(siege, plain, bytes);
        siege.withstands(name, &parcel(code), LARGE, |siege| siege.push(vec![sent]));
    };
    send_inside(siege, "sealed nothing", b"", "parcel-sealed-inside");
    send_inside(siege, "sealed words", b"words", "parcel-sealed-inside");
    let none = to_cbor(&SealedContents { documents: Vec::new(), statements: Vec::new() });
    send_inside(siege, "sealed no documents", &none, "parcel-shape");
    let bomb = [&[0x82, 0x9a, 0, 0x3d, 9, 0][..], &vec![0x40; 4_000_000]].concat();
    send_inside(siege, "sealed four million items", &bomb, "parcel-sealed-inside");
    let deep = vec![0x81; 1_000_000];
    send_inside(siege, "sealed lists a million deep", &deep, "parcel-sealed-inside");
    let good = contents(plain);
    send_inside(siege, "something behind what was sealed", &[&good[..], &[0]].concat(), "parcel-sealed-inside");
    let mut changed = good.clone();
    let last = changed.len() - 20;
    changed[last] ^= 1;
    send_inside(siege, "another change than was signed", &changed, "parcel-contents");

    // What a change says wrong is the same, sealed or not.
    let bad = siege.rewritten(|p| p.start_op = 1 << 63);
    for (name, change, expected) in [
        ("a jump, sealed", bad, "refused gate-start-op"),
        ("a change of somebody else's, sealed", foreign(Parts::of(&siege.next())), "refused gate-foreign-actor"),
        ("an unknown dependency, sealed", siege.rewritten(|p| p.deps = vec![[9; 32]]), "waiting"),
    ] {
        let plain = siege.packed(&[change]);
        let sent = seal(siege, &plain);
        siege.withstands(name, &fates(&[expected]), SMALL, |siege| siege.push(vec![sent]));
    }
    // Sealed within the sealed is no form that there is.
    let twice = seal_bytes(siege, plain, &bytes_of(&seal(siege, plain)));
    siege.withstands("sealed twice", &parcel("parcel-sealed-inside"), SMALL, |siege| siege.push(vec![twice]));
}

fn foreign(mut change: Parts) -> Vec<u8> {
    change.actor = vec![9; 16];
    change.bytes()
}
