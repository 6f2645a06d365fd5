//! Promises checked here:
//!
//! - Parts of courier files and of return files open where they were made for, and nowhere else: not in another file, at
//!   another place, beside other parcels, with another key, however well the file's own hash fits.
//! - Too many parts or parcels, and a parcel that is not sealed, are refused before anything is opened.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

mod wire_support;

use sync_protocol::ids::{ActorPrefix, Salt};
use sync_protocol::limits::{COURIER_PARCELS_MAX, COURIER_PARTS_MAX};
use sync_protocol::wire::courier::{
    Ask, CarriedError, CourierError, CourierFile, CourierPart, Place, ReturnFile, ReturnPart,
};
use sync_protocol::wire::parcel::Contents;
use wire_support as fixed;

/// Two users' parts in one file.
fn file(id: u8) -> CourierFile {
    let id = Salt::new([id; 16]);
    let part = |index: u16, prefix: ActorPrefix| {
        let mut ask = fixed::ask();
        ask.request.lease = prefix;
        let place = Place { file: id, index, of: 2 };
        let parcels = vec![fixed::sealed_parcel()];
        CourierPart::seal(&place, prefix, parcels, &ask, &fixed::sealing_key().public(), [7 + id.as_bytes()[0]; 32])
    };
    let parts = [(0, fixed::PREFIX), (1, ActorPrefix::new([0x15; 8]))];
    let parts = parts.map(|(index, prefix)| part(index, prefix).unwrap()).to_vec();
    CourierFile { parts, id, ..fixed::courier_file() }
}

/// As the hub reads it: from bytes, every ask opened.
fn read(file: &CourierFile) -> Result<Vec<Ask>, CourierError> {
    let (file, _) = CourierFile::from_bytes(&file.to_bytes())?;
    file.parts.iter().enumerate().map(|(index, part)| part.open(&file.place(index), &fixed::sealing_key())).collect()
}

#[test]
fn a_file_of_two_users_opens_and_none_that_was_put_together_does() {
    let (one, two) = (file(1), file(2));
    assert_eq!(read(&one).unwrap().len(), 2);
    let refused = |change: &dyn Fn(&mut CourierFile)| {
        let mut changed = one.clone();
        change(&mut changed);
        assert!(matches!(read(&changed), Err(CourierError::Ask(_))));
    };
    refused(&|file| file.parts[1] = two.parts[1].clone());
    refused(&|file| file.parts.swap(0, 1));
    refused(&|file| drop(file.parts.pop()));
    refused(&|file| file.parts.push(two.parts[0].clone()));
    refused(&|file| file.parts.push(file.parts[0].clone()));
    refused(&|file| file.id = two.id);
    refused(&|file| file.parts[0].parcels.clear());
    refused(&|file| file.parts[0].parcels.push(fixed::sealed_parcel()));
    refused(&|file| file.parts[0].ask = two.parts[0].ask.clone());
    refused(&|file| file.parts[0].lease = file.parts[1].lease);
}

#[test]
fn an_ask_for_somebody_else_is_refused_although_it_opens() {
    let place = Place { file: fixed::COURIER_FILE, index: 0, of: 1 };
    let part = |ask: &Ask| {
        let hub = fixed::sealing_key().public();
        CourierPart::seal(&place, fixed::PREFIX, vec![fixed::sealed_parcel()], ask, &hub, [9; 32]).unwrap()
    };
    let mut other = fixed::ask();
    other.request.lease = ActorPrefix::new([0x15; 8]);
    let carrying = Ask { request: fixed::pushing_request(), ..fixed::ask() };
    let unnumbered = Ask { number: 0, ..fixed::ask() };
    for wrong in [other, carrying, unnumbered] {
        assert!(matches!(part(&wrong).open(&place, &fixed::sealing_key()), Err(CourierError::Inside(0, _))));
    }
    let key = fixed::reply_key();
    assert_eq!(part(&fixed::ask()).open(&place, &key), Err(CourierError::Ask(0)), "another hub's key");
}

#[test]
fn more_than_a_device_makes_and_plain_parcels_are_refused() {
    let one = file(1);
    let parts = CourierFile { parts: vec![one.parts[0].clone(); COURIER_PARTS_MAX + 1], ..one.clone() };
    assert!(matches!(CourierFile::from_bytes(&parts.to_bytes()), Err(CourierError::TooMany { what: "parts", .. })));
    let mut parcels = one.clone();
    parcels.parts[1].parcels = vec![fixed::sealed_parcel(); COURIER_PARCELS_MAX];
    assert!(matches!(CourierFile::from_bytes(&parcels.to_bytes()), Err(CourierError::TooMany { what: "parcels", .. })));
    let mut plain = one;
    plain.parts[0].parcels[0] = fixed::first_parcel();
    assert!(matches!(plain.parts[0].parcels[0].contents, Contents::Plain { .. }));
    assert_eq!(CourierFile::from_bytes(&plain.to_bytes()), Err(CourierError::Plain));
}

#[test]
fn a_reply_opens_for_its_part_in_its_file_with_its_key_only() {
    let file = fixed::return_file();
    assert_eq!(file.open(0, &fixed::reply_key()), Ok(fixed::reply()));
    assert_eq!(file.open(0, &fixed::sealing_key()), Err(CourierError::Ask(0)));
    assert_eq!(file.open(1, &fixed::reply_key()), Err(CourierError::Ask(1)));
    let refused = |change: &dyn Fn(&mut ReturnFile)| {
        let mut changed = file.clone();
        change(&mut changed);
        assert_eq!(changed.open(0, &fixed::reply_key()), Err(CourierError::Ask(0)));
    };
    refused(&|file| file.courier = fixed::ask().before.unwrap());
    refused(&|file| file.parts[0].part = fixed::ask().before.unwrap());
    refused(&|file| file.parts[0].lease = ActorPrefix::new([0x15; 8]));
    refused(&|file| file.parts.push(ReturnPart { lease: ActorPrefix::new([0x15; 8]), ..file.parts[0].clone() }));
    let bytes = file.to_bytes();
    assert_eq!(ReturnFile::from_bytes(&bytes), Ok(file));
    let courier = CourierFile::from_bytes(&bytes);
    assert!(matches!(courier, Err(CourierError::Carried(CarriedError::Head(_)))), "not the other kind of file");
}
