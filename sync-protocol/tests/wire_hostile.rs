//! Promises checked here:
//!
//! - Whatever can be said in version 1 reads back as it was said, through a frame.
//! - Bytes that are not a message, changed messages and cut messages never panic; a cut one is always refused.
//! - Nothing is inflated beyond the cap, and no list is made of more items than the cap, whatever is announced.
//! - A parcel or an answer of which one byte was changed is not believed.

mod wire_support;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use sync_protocol::crypto::{PublicKey, Signature};
use sync_protocol::ids::{
    ActorPrefix, CardToken, ChainTag, ChangeHash, Channel, DocumentId, Hash, InstallationId, LogId, Millis, Position,
    Salt, SiteCode, UserId,
};
use sync_protocol::limits::{MESSAGE_BYTES_MAX, MESSAGE_ITEMS_MAX};
use sync_protocol::sealing::{SealingKey, SealingPublic};
use sync_protocol::wire::answer::{
    Answer, Decided, DocumentFate, Fate, FeedItem, FeedWhat, Order, ParcelReceipt, Receipt, RepairAnswer, Rest, Run,
    WipeWhen,
};
use sync_protocol::wire::codec::{CodecError, Message, Raw, frame, from_cbor, read, to_cbor, unframe};
use sync_protocol::wire::courier::{CourierFile, ReturnFile};
use sync_protocol::wire::digest::Digest;
use sync_protocol::wire::enrolment::{EnrolAnswer, EnrolRequest, Invitation};
use sync_protocol::wire::exchange::{ExchangeRequest, Renewal, Repair};
use sync_protocol::wire::lease::{Lease, SignedLease};
use sync_protocol::wire::manifest::{Manifest, Named, Stated, Statement};
use sync_protocol::wire::parcel::{Content, Contents, Parcel, SealedContents};
use sync_protocol::wire::returning::{FeedProof, Mark, Marks, Return, Returned};
use wire_support as fixed;

/// A strategy for each type that is only fixed-size bytes.
macro_rules! bytes_of {
    ($($name:ident: $type:ty, $length:literal;)*) => { $(
        fn $name() -> impl Strategy<Value = $type> {
            vec(any::<u8>(), $length).prop_map(|bytes| <$type>::new(bytes.try_into().expect("as many as drawn")))
        }
    )* };
}

bytes_of! {
    chain_tag: ChainTag, 8; prefix: ActorPrefix, 8; card: CardToken, 12; change_hash: ChangeHash, 32; document: DocumentId, 16;
    hash: Hash, 32; installation: InstallationId, 16; log: LogId, 16; salt: Salt, 16; user: UserId, 16;
    public_key: PublicKey, 33; sealing_public: SealingPublic, 33; signature: Signature, 64;
}

/// A strategy for each structure: its fields, each with a strategy.
macro_rules! structures {
    ($($name:ident: $type:ident { $($field:ident: $strategy:expr),* $(,)? })*) => { $(
        fn $name() -> BoxedStrategy<$type> {
            prop_compose! { fn drawn()($($field in $strategy),*) -> $type { $type { $($field),* } } }
            drawn().boxed()
        }
    )* };
}

fn raw() -> impl Strategy<Value = Raw> {
    vec(any::<u8>(), 0..300).prop_map(Raw)
}

fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 16]>().prop_map(Digest::from_bytes)
}

fn position() -> impl Strategy<Value = Position> {
    any::<u64>().prop_map(Position)
}

fn millis() -> impl Strategy<Value = Millis> {
    any::<i64>().prop_map(Millis)
}

fn site() -> impl Strategy<Value = SiteCode> {
    "[A-Z]{2,4}".prop_map(|text| SiteCode::new(&text).expect("two to four capitals"))
}

fn channel() -> impl Strategy<Value = Channel> {
    "[a-z]{1,8}/[A-Z0-9-]{1,12}".prop_map(|text| Channel::new(&text).expect("letters, a slash, a code"))
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        Just(Fate::Applied),
        Just(Fate::Duplicate),
        Just(Fate::Erased),
        any::<String>().prop_map(Fate::Held),
        vec(change_hash(), 0..4).prop_map(Fate::Waiting),
        (any::<String>(), any::<String>()).prop_map(|(code, what)| Fate::Refused(code, what)),
    ]
}

fn what() -> impl Strategy<Value = FeedWhat> {
    prop_oneof![Just(FeedWhat::Changes), Just(FeedWhat::Entered), Just(FeedWhat::Left)]
}

fn order() -> impl Strategy<Value = Order> {
    prop_oneof![
        salt().prop_map(Order::Renew),
        channel().prop_map(Order::ChannelClosed),
        Just(Order::CloneSeen),
        Just(Order::Wipe { when: WipeWhen::AfterReceipts }),
        Just(Order::Wipe { when: WipeWhen::AtOnce }),
        Just(Order::Pending),
        Just(Order::Revoked),
        Just(Order::ShowMarks),
    ]
}

fn text() -> impl Strategy<Value = String> {
    any::<String>()
}

fn statement() -> impl Strategy<Value = Statement> {
    let held = |(log, position, channel, digest)| Statement::Held { log, position, channel, digest };
    let read = |(document, at, times)| Statement::Read { document, at, times };
    prop_oneof![
        (log(), position(), channel(), digest()).prop_map(held),
        (document(), change_hash()).prop_map(|(document, change)| Statement::Superseded { document, change }),
        (document(), millis(), any::<u32>()).prop_map(read),
        public_key().prop_map(|key| Statement::Vouched { key }),
        millis().prop_map(|at| Statement::WipeDone { at }),
    ]
}

fn contents_of_parcel() -> impl Strategy<Value = Contents> {
    prop_oneof![
        (vec(content(), 0..4), vec(stated(), 0..4))
            .prop_map(|(documents, statements)| Contents::Plain { documents, statements }),
        raw().prop_map(Contents::Sealed),
    ]
}

structures! {
    content: Content { salt: salt(), changes: vec(raw(), 0..5), card: option::of(card()) }
    stated: Stated { salt: salt(), statement: raw() }
    named: Named { document: document(), kind: any::<u8>(), commitment: hash() }
    manifest: Manifest {
        installation: installation(), user: user(), counter: any::<u64>(), previous: option::of(hash()),
        created: millis(), site: site(), documents: vec(named(), 0..5), statements: vec(hash(), 0..3),
    }
    parcel: Parcel { manifest: raw(), signature: signature(), contents: contents_of_parcel() }
    repair: Repair { channel: channel(), buckets: vec(digest(), 0..300) }
    renewal: Renewal { challenge: salt(), signature: signature() }
    request: ExchangeRequest {
        lease: prefix(), token: option::of(salt()), cursor: option::of(raw()), parcels: vec(parcel(), 0..4),
        budget: any::<u32>(), wants: vec(document(), 0..4), repair: option::of(repair()),
        renewal: option::of(renewal()), configuration: any::<u32>(), decided_to: position(),
        marks: option::of(marks()), returns: vec(give_back(), 0..3), signed_lease: option::of(signed_lease()),
    }
    mark: Mark { position: position(), tag: chain_tag() }
    marks: Marks { log: log(), receipt: raw(), signature: signature(), earlier: vec(mark(), 0..4) }
    feed_proof: FeedProof { receipt: raw(), signature: signature(), seed: salt(), leaves: vec(hash(), 0..4) }
    returned: Returned {
        leaf: any::<u32>(), document: document(), kind: any::<u8>(), channel: channel(),
        hashes: vec(change_hash(), 0..4), changes: vec(raw(), 0..4),
    }
    give_back: Return { proof: feed_proof(), documents: vec(returned(), 0..3), authors: vec(signed_lease(), 0..2) }
    run: Run { count: any::<u16>(), fate: fate() }
    document_fate: DocumentFate { runs: vec(run(), 0..5), entered: vec(channel(), 0..3) }
    parcel_receipt: ParcelReceipt {
        manifest: hash(), position: option::of(position()), documents: vec(document_fate(), 0..4),
        refused: option::of((text(), text())),
    }
    receipt: Receipt {
        log: log(), at: millis(), head: position(), chain: hash(), copied_to: position(),
        parcels: vec(parcel_receipt(), 0..4), leaves: option::of(hash()), rest: hash(), lease: prefix(),
    }
    feed_item: FeedItem {
        document: document(), kind: any::<u8>(), channel: any::<u8>(), what: what(), changes: vec(raw(), 0..4),
    }
    decided: Decided {
        position: position(), manifest: hash(), document: document(), runs: vec(run(), 0..3),
        changes: vec(change_hash(), 0..4), entered: vec(channel(), 0..3),
    }
    repair_answer: RepairAnswer {
        channel: any::<u8>(), documents: vec((document(), digest()), 0..4), buckets: vec(any::<u8>(), 0..4),
    }
    rest: Rest {
        channels: vec(channel(), 0..3), seed: option::of(salt()), feed: vec(feed_item(), 0..4),
        cursor: option::of(raw()), more: any::<bool>(), digests: vec(digest(), 0..3),
        leases: vec(signed_lease(), 0..3), orders: vec(order(), 0..4), token: option::of(salt()),
        configuration: option::of(raw()), position: option::of(position()), repair: option::of(repair_answer()),
        decided: vec(decided(), 0..3), decided_to: option::of(position()),
        shared: option::of(position()), returned: vec(document_fate(), 0..3),
    }
    answer: Answer { receipt: raw(), signature: signature(), rest: raw() }
    lease: Lease {
        installation: installation(), user: user(), key: public_key(), prefix: prefix(), letters: text(),
        year: any::<u8>(), site: site(), name: text(), issued: millis(),
    }
    signed_lease: SignedLease { lease: raw(), signature: signature() }
    enrol_request: EnrolRequest {
        invitation: text(), installation: installation(), key: public_key(), proof: signature(),
    }
    enrol_answer: EnrolAnswer {
        lease: signed_lease(), token: salt(), hub: public_key(), log: log(), configuration: raw(),
        sealing: option::of(sealing_public()),
    }
}

/// Reads bytes as everything that there is, framed and bare.
fn read_as_everything(bytes: &[u8]) {
    let _ = read::<ExchangeRequest>(Message::ExchangeRequest, bytes);
    let _ = read::<Answer>(Message::Answer, bytes);
    let _ = read::<EnrolRequest>(Message::EnrolRequest, bytes);
    let _ = read::<EnrolAnswer>(Message::EnrolAnswer, bytes);
    let _ = read::<CourierFile>(Message::Courier, bytes);
    let _ = read::<ReturnFile>(Message::Return, bytes);
    read_bare(bytes);
}

fn read_bare(bytes: &[u8]) {
    let _ = from_cbor::<ExchangeRequest>(bytes);
    let _ = from_cbor::<Answer>(bytes);
    let _ = from_cbor::<Receipt>(bytes);
    let _ = from_cbor::<Rest>(bytes);
    let _ = from_cbor::<Manifest>(bytes);
    let _ = from_cbor::<Lease>(bytes);
    let _ = from_cbor::<Statement>(bytes);
    let _ = from_cbor::<EnrolRequest>(bytes);
    let _ = from_cbor::<EnrolAnswer>(bytes);
}

fn honest_frames() -> Vec<(Message, Vec<u8>)> {
    vec![
        (Message::ExchangeRequest, frame(Message::ExchangeRequest, &fixed::empty_request())),
        (Message::ExchangeRequest, frame(Message::ExchangeRequest, &fixed::pushing_request())),
        (Message::ExchangeRequest, frame(Message::ExchangeRequest, &fixed::repairing_request())),
        (Message::ExchangeRequest, frame(Message::ExchangeRequest, &fixed::marking_request())),
        (Message::ExchangeRequest, frame(Message::ExchangeRequest, &fixed::returning_request())),
        (Message::Answer, frame(Message::Answer, &fixed::receipting_answer())),
        (Message::Answer, frame(Message::Answer, &fixed::feeding_answer())),
        (Message::EnrolRequest, frame(Message::EnrolRequest, &fixed::enrol_request())),
        (Message::EnrolAnswer, frame(Message::EnrolAnswer, &fixed::enrol_answer())),
        (Message::Courier, frame(Message::Courier, &fixed::courier_file())),
        (Message::Return, frame(Message::Return, &fixed::return_file())),
    ]
}

/// What a hand on the line does: bytes changed, cut out, doubled, put in.
fn mutate(bytes: &mut Vec<u8>, cuts: &[(prop::sample::Index, u8, u8)]) {
    for (at, how, byte) in cuts {
        if bytes.is_empty() {
            return;
        }
        let at = at.index(bytes.len());
        match how % 5 {
            0 => bytes[at] = *byte,
            1 => bytes[at] ^= 1 << (byte % 8),
            2 => bytes.truncate(at),
            3 => bytes.insert(at, *byte),
            _ => drop(bytes.drain(at..(at + usize::from(*byte)).min(bytes.len()))),
        }
    }
}

fn mutations() -> impl Strategy<Value = Vec<(prop::sample::Index, u8, u8)>> {
    vec((any::<prop::sample::Index>(), any::<u8>(), any::<u8>()), 1..6)
}

proptest! {
    #[test]
    fn a_request_reads_back(value in request()) {
        prop_assert_eq!(read(Message::ExchangeRequest, &frame(Message::ExchangeRequest, &value)), Ok(value));
    }

    #[test]
    fn an_answer_and_its_parts_read_back(answer in answer(), receipt in receipt(), rest in rest()) {
        prop_assert_eq!(read(Message::Answer, &frame(Message::Answer, &answer)), Ok(answer));
        prop_assert_eq!(Raw::of(&receipt).read(), Ok(receipt));
        prop_assert_eq!(Raw::of(&rest).read(), Ok(rest));
    }

    #[test]
    fn an_enrolment_and_a_lease_read_back(request in enrol_request(), answer in enrol_answer(), lease in lease()) {
        prop_assert_eq!(read(Message::EnrolRequest, &frame(Message::EnrolRequest, &request)), Ok(request));
        prop_assert_eq!(read(Message::EnrolAnswer, &frame(Message::EnrolAnswer, &answer)), Ok(answer));
        prop_assert_eq!(Raw::of(&lease).read(), Ok(lease));
    }

    #[test]
    fn a_manifest_and_a_statement_read_back(manifest in manifest(), statement in statement()) {
        prop_assert_eq!(Raw::of(&manifest).read(), Ok(manifest));
        prop_assert_eq!(Raw::of(&statement).read(), Ok(statement));
    }

    #[test]
    fn bytes_that_are_no_message_are_refused_without_harm(bytes in vec(any::<u8>(), 0..2_000), kind in 1_u8..5) {
        read_as_everything(&bytes);
        for compressed in [0, 0x80] {
            read_as_everything(&[b"SG\x01".as_slice(), &[kind | compressed], &bytes].concat());
        }
    }

    #[test]
    fn a_changed_frame_or_body_is_read_or_refused_without_harm(
        which in any::<prop::sample::Index>(), inside in any::<bool>(), cuts in mutations(),
    ) {
        let frames = honest_frames();
        let (kind, honest) = which.get(&frames);
        let mut bytes = if inside { unframe(*kind, honest).expect("an honest frame") } else { honest.clone() };
        mutate(&mut bytes, &cuts);
        if inside { read_bare(&bytes) } else { read_as_everything(&bytes) }
    }

    #[test]
    fn what_is_read_from_changed_bytes_can_be_written_again(cuts in mutations()) {
        let mut bytes = to_cbor(&fixed::pushing_request());
        mutate(&mut bytes, &cuts);
        if let Ok(request) = from_cbor::<ExchangeRequest>(&bytes) {
            prop_assert_eq!(from_cbor(&to_cbor(&request)), Ok(request));
        }
    }

    #[test]
    fn an_invitation_reads_back_and_no_text_does_harm(random in any::<[u8; 12]>(), text in any::<String>()) {
        let invitation = Invitation::from_random(random);
        prop_assert_eq!(Invitation::parse(&invitation.to_string()), Ok(invitation));
        let _ = Invitation::parse(&text);
    }
}

fn read_as(kind: Message, bytes: &[u8]) -> Result<(), CodecError> {
    match kind {
        Message::ExchangeRequest => read::<ExchangeRequest>(kind, bytes).map(drop),
        Message::Answer => read::<Answer>(kind, bytes).map(drop),
        Message::EnrolRequest => read::<EnrolRequest>(kind, bytes).map(drop),
        Message::EnrolAnswer => read::<EnrolAnswer>(kind, bytes).map(drop),
        Message::Courier => read::<CourierFile>(kind, bytes).map(drop),
        Message::Return => read::<ReturnFile>(kind, bytes).map(drop),
    }
}

#[test]
fn a_message_cut_anywhere_is_refused() {
    for (kind, honest) in honest_frames() {
        for length in 0..honest.len() {
            let refused = read_as(kind, &honest[..length]);
            assert!(refused.is_err(), "{kind:?} cut after {length} of {} bytes", honest.len());
        }
    }
}

#[test]
fn a_message_followed_by_anything_is_refused() {
    for (kind, mut bytes) in honest_frames() {
        assert_eq!(read_as(kind, &bytes), Ok(()), "{kind:?}");
        bytes.push(0);
        assert!(read_as(kind, &bytes).is_err(), "{kind:?}");
    }
}

#[test]
fn a_small_message_cannot_take_much_memory() {
    // Four million empty changes: four megabytes of CBOR, a few kilobytes on the line, a hundred megabytes in memory.
    let many = Content { salt: fixed::TOKEN, changes: vec![Raw::default(); 4_000_000], card: None };
    let small = frame(Message::ExchangeRequest, &many);
    assert!(small.len() < 8_192, "{} bytes", small.len());
    assert_eq!(
        read::<ExchangeRequest>(Message::ExchangeRequest, &small),
        Err(CodecError::TooMany { max: MESSAGE_ITEMS_MAX })
    );
    let mut bomb = frame(Message::ExchangeRequest, &Raw(vec![0; MESSAGE_BYTES_MAX + 1]));
    assert_eq!(unframe(Message::ExchangeRequest, &bomb), Err(CodecError::TooLong { max: MESSAGE_BYTES_MAX }));
    bomb[4..8].copy_from_slice(&[0, 0, 16, 0]);
    assert_eq!(unframe(Message::ExchangeRequest, &bomb), Err(CodecError::TooLong { max: 4_096 }));
}

#[test]
fn a_parcel_with_one_changed_byte_of_manifest_or_signature_is_not_believed() {
    let honest = fixed::first_parcel();
    assert!(honest.clone().open(&fixed::lease(), None).is_ok());
    for at in 0..honest.manifest.0.len() {
        let mut changed = honest.clone();
        changed.manifest.0[at] ^= 1;
        assert!(changed.open(&fixed::lease(), None).is_err(), "manifest byte {at}");
    }
    for at in 0..64 {
        let mut bytes = *honest.signature.as_bytes();
        bytes[at] ^= 1;
        let changed = Parcel { signature: Signature::new(bytes), ..honest.clone() };
        assert!(changed.open(&fixed::lease(), None).is_err(), "signature byte {at}");
    }
}

#[test]
fn a_sealed_parcel_with_one_changed_byte_or_of_another_hub_is_refused_with_its_code() {
    let (honest, key) = (fixed::sealed_parcel(), fixed::sealing_key());
    assert!(honest.clone().open(&fixed::lease(), Some(&key)).is_ok());
    let code = |parcel: Parcel, key| parcel.open(&fixed::lease(), key).map_err(|error| error.code());
    assert_eq!(code(honest.clone(), None), Err("parcel-sealed"));
    let other = SealingKey::from_bytes(&[4; 32]).unwrap();
    assert_eq!(code(honest.clone(), Some(&other)), Err("parcel-sealed-opening"));
    let Contents::Sealed(sealed) = &honest.contents else { panic!("it is sealed") };
    for at in (0..sealed.0.len()).step_by(7) {
        let mut changed = sealed.clone();
        changed.0[at] ^= 1;
        let parcel = Parcel { contents: Contents::Sealed(changed), ..honest.clone() };
        assert_eq!(code(parcel, Some(&key)), Err("parcel-sealed-opening"), "byte {at}");
    }
    // Sealed by somebody who has the manifest, but says something else.
    let inside = |contents: &[u8]| {
        let sealed = key.public().seal(contents, &honest.hash(), [9; 32]).unwrap();
        code(Parcel { contents: Contents::Sealed(Raw(sealed)), ..honest.clone() }, Some(&key))
    };
    assert_eq!(inside(b"words").map(drop), Err("parcel-sealed-inside"));
    let other = SealedContents { documents: Vec::new(), ..fixed::sealed_contents() };
    assert_eq!(inside(&to_cbor(&other)).map(drop), Err("parcel-shape"));
    let bomb = [&[0x9a, 0, 0x3d, 9, 0][..], &vec![0x40; 4_000_000]].concat();
    assert_eq!(inside(&bomb).map(drop), Err("parcel-sealed-inside"));
}

#[test]
fn an_answer_with_one_changed_byte_is_not_believed() {
    let honest = fixed::feeding_answer();
    assert!(honest.open(&fixed::hub_key().public()).is_ok());
    for at in 0..honest.receipt.0.len() {
        let mut changed = honest.clone();
        changed.receipt.0[at] ^= 1;
        assert!(changed.open(&fixed::hub_key().public()).is_err(), "receipt byte {at}");
    }
    for at in 0..honest.rest.0.len() {
        let mut changed = honest.clone();
        changed.rest.0[at] ^= 1;
        assert!(changed.open(&fixed::hub_key().public()).is_err(), "rest byte {at}");
    }
}
