//! Any bytes as every message that there is.

use minicbor::{Decode, Encode};
use sync_protocol::crypto::SecretKey;
use sync_protocol::sealing::SealingKey;
use sync_protocol::wire::answer::{Answer, Receipt, Rest};
use sync_protocol::wire::codec::{Message, frame, from_cbor, read, to_cbor};
use sync_protocol::wire::courier::{CourierFile, ReturnFile};
use sync_protocol::wire::enrolment::{EnrolAnswer, EnrolRequest, Invitation};
use sync_protocol::wire::exchange::ExchangeRequest;
use sync_protocol::wire::fingerprint::Fingerprint;
use sync_protocol::wire::lease::{Lease, SignedLease};
use sync_protocol::wire::manifest::{Manifest, Statement};
use sync_protocol::wire::parcel::{Contents, Parcel};

/// Reads bytes as each message, framed and bare, and as files. What reads is written again and reads the same.
///
/// # Panics
/// When it does not.
pub fn codec(bytes: &[u8]) {
    framed::<ExchangeRequest>(Message::ExchangeRequest, bytes);
    framed::<Answer>(Message::Answer, bytes);
    framed::<EnrolRequest>(Message::EnrolRequest, bytes);
    framed::<EnrolAnswer>(Message::EnrolAnswer, bytes);
    if let Some(request) = bare::<ExchangeRequest>(bytes) {
        request.parcels.into_iter().for_each(opened);
    }
    bare::<Parcel>(bytes).into_iter().for_each(opened);
    if let Some(answer) = bare::<Answer>(bytes) {
        let hub = SecretKey::from_bytes(&[1; 32]).expect("a number below the order").public();
        let _ = answer.open(&hub);
    }
    bare::<Receipt>(bytes);
    bare::<Rest>(bytes);
    bare::<Manifest>(bytes);
    bare::<Statement>(bytes);
    bare::<Lease>(bytes);
    bare::<SignedLease>(bytes);
    bare::<EnrolRequest>(bytes);
    bare::<EnrolAnswer>(bytes);
    let _ = CourierFile::from_bytes(bytes);
    let _ = ReturnFile::from_bytes(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Invitation::parse(text);
        let _ = Fingerprint::parse(text);
    }
}

fn framed<T: for<'b> Decode<'b, ()> + Encode<()> + PartialEq>(kind: Message, bytes: &[u8]) {
    if let Ok(value) = read::<T>(kind, bytes) {
        assert!(read::<T>(kind, &frame(kind, &value)).is_ok_and(|again| again == value), "{kind:?} reads otherwise");
    }
}

fn bare<T: for<'b> Decode<'b, ()> + Encode<()> + PartialEq>(bytes: &[u8]) -> Option<T> {
    let value = from_cbor::<T>(bytes).ok()?;
    assert!(from_cbor::<T>(&to_cbor(&value)).is_ok_and(|again| again == value), "it reads otherwise");
    Some(value)
}

/// A parcel under the lease of the vectors: believed or not, it ends.
fn opened(parcel: Parcel) {
    let key = SecretKey::from_bytes(&[2; 32]).expect("a number below the order");
    let sealing = SealingKey::from_bytes(&[3; 32]).expect("a number below the curve's order");
    if let Contents::Sealed(sealed) = &parcel.contents {
        let _ = sealing.open(sealed.as_ref(), &parcel.hash());
    }
    let Ok(manifest) = parcel.manifest.read::<Manifest>() else { return };
    let lease = Lease {
        installation: manifest.installation,
        user: manifest.user,
        key: key.public(),
        prefix: sync_protocol::ids::ActorPrefix::new([0x13; 8]),
        letters: "K7".to_owned(),
        year: 26,
        site: manifest.site.clone(),
        name: "Awa".to_owned(),
        issued: manifest.created,
    };
    // Signed here: what the signature keeps out is looked at, too.
    let signed = Parcel::sign(&manifest, Vec::new(), Vec::new(), &key);
    let _ = Parcel { contents: parcel.contents, ..signed }.open(&lease, Some(&sealing));
}
