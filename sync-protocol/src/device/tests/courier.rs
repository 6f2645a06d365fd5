//! Courier files: what goes by hand is there once, and an answer that was long on its way undoes nothing.

use super::*;
use crate::crypto::SecretKey;
use crate::device::locked::SealedFate;
use crate::ids::Salt;
use crate::limits::COURIER_PARCEL_BYTES_MAX;
use crate::wire::answer::{Fate, Order, WipeWhen};
use crate::wire::codec::{Message, frame, read, to_cbor};
use crate::wire::courier::{CourierFile, CourierPart, Place, Reply, ReturnFile, ReturnPart, hub_tag};
use crate::wire::exchange::ExchangeRequest;

const ALONE: Place = Place { file: Salt::new([7; 16]), index: 0, of: 1 };

fn room() -> u32 {
    u32::try_from(COURIER_PARCEL_BYTES_MAX).unwrap()
}

/// One phone's file.
fn export(phone: &mut Phone) -> Vec<u8> {
    phone.carried = None;
    phone.give(Event::Export { place: ALONE, room: room() });
    file(phone, phone.carried.clone().unwrap_or_else(|| panic!("{:?}", phone.reports)))
}

fn file(phone: &Phone, part: CourierPart) -> Vec<u8> {
    CourierFile { hub: hub_tag(phone.device.hub().unwrap()), id: ALONE.file, parts: vec![part] }.to_bytes()
}

impl FakeHub {
    /// Admits a file, and says of the number that these have not come.
    fn admit_file(&mut self, bytes: &[u8], missing: &[(u64, u64)]) -> Vec<u8> {
        let (file, courier) = CourierFile::from_bytes(bytes).unwrap();
        let parts = file.parts.iter().enumerate().map(|(index, part)| {
            let ask = part.open(&file.place(index), &self.sealing).unwrap();
            let mut request = ask.request;
            request.parcels.clone_from(&part.parcels);
            let answer = self.exchange(&frame(Message::ExchangeRequest, &request));
            let reply = Reply { number: ask.number, missing: missing.to_vec(), answer: answer.into() };
            ReturnPart::seal((&courier, index, file.parts.len()), part, &reply, &ask.reply_to, [9; 32]).unwrap()
        });
        ReturnFile { courier, parts: parts.collect() }.to_bytes()
    }
}

fn take(phone: &mut Phone, file: &[u8]) -> Result<Synced, String> {
    take_with(phone, file, None)
}

fn take_with(phone: &mut Phone, file: &[u8], outside: Option<Vec<u8>>) -> Result<Synced, String> {
    phone.give(Event::Take { file: file.to_vec(), outside });
    let told = phone.reports.iter().rev().find_map(|report| match report {
        Report::CourierTaken(done) => Some(Ok(*done)),
        Report::CourierRefused { reason } => Some(Err(reason.clone())),
        _ => None,
    });
    assert!(!phone.device.is_busy(), "nothing is under way afterwards");
    told.unwrap()
}

fn missing(phone: &Phone) -> Option<Vec<(u64, u64)>> {
    phone.reports.iter().rev().find_map(|report| match report {
        Report::CourierMissing { numbers } => Some(numbers.clone()),
        _ => None,
    })
}

fn rows(phone: &Phone) -> BTreeMap<Key, Vec<u8>> {
    phone.store.clone()
}

#[test]
fn work_goes_and_receipts_and_feed_come_back_without_a_network() {
    let (mut hub, [mut phone, mut colleague]) = night(["GOG", "GOG"]);
    phone.record(case("Awa"));
    colleague.record(case("Moussa"));
    colleague.sync(&mut hub);
    let back = hub.admit_file(&export(&mut phone), &[]);
    assert!(hub.requests.last().unwrap().token.is_some());
    let done = take(&mut phone, &back).unwrap();
    assert_eq!((done.receipted, done.fed, done.left), (1, 1, 0));
    assert_eq!((phone.device.works().count(), phone.device.entries().count()), (0, 2));
    let channel = Channel::site(&site("GOG"));
    assert_eq!(phone.device.sums()[&channel], hub.digest(&channel));
    assert_eq!(phone.sync(&mut hub).exchanges, 1, "nothing is left to say");
    super::traces::is_as_recorded("courier", &phone);
}

#[test]
fn the_same_over_both_roads_is_there_once_and_a_late_answer_undoes_nothing() {
    let (mut hub, [mut phone, mut colleague]) = night(["GOG", "GOG"]);
    let (document, _) = phone.record(case("Awa"));
    let carried = export(&mut phone);
    let early = hub.admit_file(&carried, &[]);
    phone.sync(&mut hub);
    colleague.record(case("Moussa"));
    colleague.sync(&mut hub);
    phone.sync(&mut hub);
    assert_eq!(hub.changes(document).len(), 1);
    let before = (phone.device.head(), rows(&phone)[&Key::Progress].clone());
    let done = take(&mut phone, &early).unwrap();
    assert_eq!((done.fed, done.left), (0, 0));
    assert_eq!((phone.device.head(), rows(&phone)[&Key::Progress].clone()), before, "nothing goes back");
    assert!(!phone.reports.iter().any(|report| matches!(report, Report::GivingBack { .. })));
    // Admitted after the sync: its feed is from where the phone has long been.
    let late = hub.admit_file(&carried, &[]);
    take(&mut phone, &late).unwrap();
    assert_eq!(rows(&phone)[&Key::Progress], before.1);
    super::traces::is_as_recorded("courier-late", &phone);
    assert_eq!(phone.sync(&mut hub).exchanges, 1, "both hold the same");
}

#[test]
fn receipts_of_an_answer_that_was_overtaken_still_count() {
    let (mut hub, [mut phone, mut colleague]) = night(["GOG", "GOG"]);
    hub.verdict = Some(Box::new(|_, _| Some(Fate::Held("held-who-pending".to_owned()))));
    phone.record(case("Awa"));
    let early = hub.admit_file(&export(&mut phone), &[]);
    hub.verdict = None;
    colleague.record(case("Moussa"));
    colleague.sync(&mut hub);
    // The phone hears of the hub, but what it sent does not arrive.
    phone.begin();
    let (number, _, bytes) = phone.sent.pop_front().unwrap();
    let mut request: ExchangeRequest = read(Message::ExchangeRequest, &bytes).unwrap();
    request.parcels.clear();
    let answer = hub.exchange(&frame(Message::ExchangeRequest, &request));
    phone.give(Event::Answer { number, bytes: answer, budget: 65_536 });
    while let Some((number, _, _)) = phone.sent.pop_front() {
        phone.give(Event::Failed { number, reason: "cut".to_owned() });
    }
    let is_held = |phone: &Phone| phone.device.works().all(|work| matches!(work.state, WorkState::HeldWho(_)));
    assert!(!is_held(&phone));
    let done = take(&mut phone, &early).unwrap();
    assert_eq!((done.held, done.fed, done.left), (1, 0, 0));
    assert!(is_held(&phone));
}

#[test]
fn a_lost_file_costs_nothing_and_is_said() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    phone.record(case("Awa"));
    export(&mut phone);
    phone.restart();
    phone.record(case("Moussa"));
    let third = export(&mut phone);
    let (file, _) = CourierFile::from_bytes(&third).unwrap();
    let ask = file.parts[0].open(&file.place(0), &hub.sealing).unwrap();
    assert_eq!(ask.number, 2, "the restart is not seen");
    let done = take(&mut phone, &hub.admit_file(&third, &[(1, 1)])).unwrap();
    assert_eq!((done.receipted, done.left), (2, 0));
    assert_eq!(missing(&phone), Some(vec![(1, 1)]));
}

#[test]
fn foreign_cut_and_forged_return_files_change_nothing() {
    let (mut hub, [mut phone, mut other]) = night(["GOG", "GOG"]);
    phone.record(case("Awa"));
    other.record(case("Moussa"));
    let (carried, others) = (export(&mut phone), export(&mut other));
    let back = hub.admit_file(&carried, &[]);
    let before = rows(&phone);
    let theirs = hub.admit_file(&others, &[]);
    assert!(take(&mut phone, &theirs).unwrap_err().contains("another device"));
    for end in (0..back.len()).step_by(64) {
        assert!(take(&mut phone, &back[..end]).is_err(), "{end} bytes");
    }
    assert!(take(&mut phone, &carried).unwrap_err().contains("return file"));
    assert!(take(&mut phone, &[&back[..], &back].concat()).is_err());
    // Somebody who knows the key for replies and is not the hub.
    let key = std::mem::replace(&mut hub.key, SecretKey::from_bytes(&[5; 32]).unwrap());
    let forged = hub.admit_file(&carried, &[]);
    assert!(take(&mut phone, &forged).unwrap_err().contains("not signed by the hub"));
    hub.key = key;
    // The answer to another, in a file to this one.
    let mut swapped = ReturnFile::from_bytes(&back).unwrap();
    swapped.parts[0].reply = ReturnFile::from_bytes(&theirs).unwrap().parts[0].reply.clone();
    assert!(take(&mut phone, &swapped.to_bytes()).unwrap_err().contains("does not belong"));
    assert_eq!(rows(&phone), before, "nothing was changed");
    assert_eq!(take(&mut phone, &back).unwrap().receipted, 1);
}

#[test]
fn a_hub_that_goes_on_under_another_log_is_not_undone_by_its_old_answers() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    phone.record(case("Awa"));
    let old = hub.admit_file(&export(&mut phone), &[]);
    hub.log = LogId::new([2; 16]);
    phone.sync(&mut hub);
    let before = rows(&phone);
    assert!(take(&mut phone, &old).unwrap_err().contains("another log"));
    assert_eq!(rows(&phone), before);
}

#[test]
fn what_was_exported_locked_is_receipted_when_the_owner_takes_the_return_file() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    let (document, _) = phone.record(case("Awa"));
    phone.record(case("Moussa"));
    let locked = super::locked::locked(&phone);
    let sealing = hub.sealing.public();
    let (part, series) = locked.export(&ALONE, &sealing, None, room(), [1; 32]).unwrap().unwrap();
    let again = locked.export(&ALONE, &sealing, Some(&series), room(), [2; 32]).unwrap().unwrap();
    let carried = part.clone();
    let back = hub.admit_file(&file(&phone, part), &[]);
    let mut waiting = super::locked::locked(&phone);
    assert_eq!(waiting.take(&back, &series), Ok(Vec::new()));
    super::traces::a_locked_file_is_as_recorded(
        &phone,
        &hub,
        room(),
        &[(carried, &series), (again.0, &again.1)],
        &back,
    );
    assert!(waiting.fates().values().all(|fate| matches!(fate, SealedFate::Kept { .. })));
    assert!(take(&mut phone, &back).unwrap_err().contains("another device"), "without the series it cannot be opened");
    // More was recorded since, and one of the two was settled over the network.
    phone.record(change(document, "identity.family", "Traoré"));
    let done = take_with(&mut phone, &back, Some(series.clone())).unwrap();
    assert_eq!((done.receipted, done.fed, done.left), (2, 0, 1));
    assert_eq!(phone.sync(&mut hub).receipted, 1);
    assert_eq!(take_with(&mut phone, &back, Some(series.clone())).unwrap().receipted, 0, "and again");
    super::traces::is_as_recorded("courier-locked", &phone);
    let none = super::locked::locked(&phone).export(&ALONE, &sealing, Some(&series), room(), [2; 32]);
    assert_eq!(none, Ok(None), "nothing is left");
}

#[test]
fn a_device_that_may_only_send_hears_its_standing_and_an_order_to_erase() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    hub.verdict = Some(Box::new(|_, _| Some(Fate::Held("held-who-revoked".to_owned()))));
    (hub.closed, hub.orders) = (true, vec![Order::Revoked]);
    phone.record(case("Awa"));
    let back = hub.admit_file(&export(&mut phone), &[]);
    assert_eq!(take(&mut phone, &back).unwrap().held, 1);
    assert_eq!(phone.device.standing(), LeaseStanding::Revoked);
    hub.orders.push(Order::Wipe { when: WipeWhen::AtOnce });
    let back = hub.admit_file(&export(&mut phone), &[]);
    phone.give(Event::Take { file: back, outside: None });
    assert!(phone.device.wiped().is_some());
    phone.give(Event::Export { place: ALONE, room: room() });
    assert!(matches!(phone.reports.last(), Some(Report::NotExported { .. })));
}

#[test]
fn who_is_not_enrolled_or_busy_is_told_so() {
    let mut phone = Phone::new(9);
    phone.give(Event::Export { place: ALONE, room: room() });
    phone.give(Event::Take { file: Vec::new(), outside: None });
    assert!(matches!(&phone.reports[..], [Report::NotExported { .. }, Report::CourierRefused { .. }]));
    let (mut hub, [mut phone]) = night(["GOG"]);
    phone.record(case("Awa"));
    phone.begin();
    phone.give(Event::Export { place: ALONE, room: room() });
    assert!(matches!(phone.reports.last(), Some(Report::NotExported { .. })));
    phone.go_on(&mut hub);
    assert_eq!(phone.device.works().count(), 0, "the exchange goes on");
}

#[test]
fn a_file_takes_what_fits_and_the_next_one_the_rest() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    for number in 0..200 {
        phone.record(case(&format!("Awa {number}")));
    }
    let mut files = 0;
    while phone.device.works().next().is_some() {
        phone.carried = None;
        phone.give(Event::Export { place: ALONE, room: 10_000 });
        let part = phone.carried.clone().unwrap();
        let bytes: usize = part.parcels.iter().map(|parcel| to_cbor(parcel).len()).sum();
        assert!(bytes < 40_000, "{bytes}");
        let back = hub.admit_file(&file(&phone, part), &[]);
        take(&mut phone, &back).unwrap();
        files += 1;
    }
    assert!(files > 1, "{files}");
}
