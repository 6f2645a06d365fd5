//! Whole requests mutated: at the frame, inside it, in a manifest that is then signed again, in contents that are then
//! sealed again, in a change that the manifest then commits to. Everything follows from the random source.

use automerge::Automerge;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use sync_protocol::crypto::Purpose;
use sync_protocol::documents::{self, Edit, Kind, Value};
use sync_protocol::ids::{Actor, DocumentId, Millis};
use sync_protocol::wire::codec::{Message, Raw, frame, to_cbor, unframe};
use sync_protocol::wire::parcel::{Contents, Parcel, SealedContents};

use super::changed;
use crate::mutate::{garble, mutated};
use crate::raw::RawDevice;

/// A request of an enrolled device with hostile work in it. `others`: honest changes to take pieces of.
///
/// # Panics
/// When the device does not know the case.
pub fn request(device: &mut RawDevice, case: DocumentId, others: &[Vec<u8>], random: &mut ChaCha8Rng) -> Vec<u8> {
    let how = random.random_range(0..8_u32);
    let honest = next(device, case, random);
    let other = &others[random.random_range(0..others.len())];
    let change = if how >= 3 { mutated(&honest, other, random) } else { honest };
    let mut parcel = device.parcel(&[(case, vec![changed(&change)], None)]);
    if how == 2 {
        garble(&mut parcel.manifest.0, random);
        parcel.signature = device.key.sign(Purpose::Manifest, &parcel.manifest.0);
    }
    if random.random_bool(0.3) {
        parcel = sealed(device, parcel, how == 7, random);
    }
    let mut request = device.request(vec![parcel]);
    if random.random_bool(0.1) {
        let mut cursor = request.cursor.unwrap_or_default();
        garble(&mut cursor.0, random);
        request.cursor = Some(cursor);
    }
    let mut bytes = frame(Message::ExchangeRequest, &request);
    match how {
        0 => garble(&mut bytes, random),
        1 => {
            let mut body = unframe(Message::ExchangeRequest, &bytes).expect("an honest frame is read");
            garble(&mut body, random);
            bytes = [b"SG\x01\x01", &body[..]].concat();
        }
        _ => {}
    }
    bytes
}

/// An honest change on what the device knows, under an actor of its own: one that is taken does not stand in the way of
/// the next.
fn next(device: &RawDevice, case: DocumentId, random: &mut ChaCha8Rng) -> Vec<u8> {
    let (_, doc) = &device.documents[&case];
    let mut doc: Automerge = doc.clone();
    let field = ["identity.given", "identity.called", "origin.village"][random.random_range(0..3_usize)];
    let value = Value::Text(format!("Fanta {}", random.random::<u16>()));
    let edit = Edit::Set { field: field.into(), value: value.into() };
    let shown = documents::edit::heads(&doc);
    let actor = Actor::from_parts(device.lease.prefix, random.random());
    documents::apply(&mut doc, Kind::Case, &shown, actor, Millis(1), &[edit]).expect("the edit fits").raw
}

fn sealed(device: &RawDevice, parcel: Parcel, garbled: bool, random: &mut ChaCha8Rng) -> Parcel {
    let hash = parcel.hash();
    let Contents::Plain { documents, statements } = parcel.contents else { return parcel };
    let mut contents = to_cbor(&SealedContents { documents, statements });
    if garbled {
        garble(&mut contents, random);
    }
    let hub = device.sealing.expect("the hub opens what is sealed");
    let mut sealed = hub.seal(&contents, &hash, random.random()).expect("the hub's key is one");
    if garbled && random.random_bool(0.5) {
        garble(&mut sealed, random);
    }
    Parcel { contents: Contents::Sealed(Raw(sealed)), ..parcel }
}
