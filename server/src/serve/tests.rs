//! Starting, stopping, starting again; and every start that must be refused with one sentence.

use sync_protocol::ids::{CardToken, DocumentId};
use sync_protocol::wire::answer::Fate;

use super::testing::Place;
use crate::random::SeededRandom;
use crate::store::keyring::MasterKey;

const CASE: DocumentId = DocumentId::new([9; 16]);

#[test]
fn what_was_receipted_is_there_after_a_stop_and_without_the_documents_folder() {
    let place = Place::new();
    let hub = place.start();
    hub.site("GOG", "Gogui");
    let mut device = hub.device("GOG", "Awa Diarra", 1);
    let parcel = device.record(CASE, &[("identity.given", "Fatoumata")], Some(CardToken::new([3; 12])));
    let (receipt, rest) = device.sync(&hub, vec![parcel.clone()]);
    assert_eq!(receipt.parcels[0].documents[0].runs[0].fate, Fate::Applied);
    assert!(rest.feed.is_empty());
    let digests = rest.digests;
    hub.stop();

    std::fs::remove_dir_all(place.data().join("documents")).unwrap();
    let hub = place.start();
    let (again, rest) = device.sync(&hub, vec![parcel]);
    assert_eq!(again.parcels, receipt.parcels, "the same parcel gets the same receipt");
    assert_eq!(rest.digests, digests);
    hub.stop();
}

#[test]
fn a_hub_without_lists_serves_devices_and_says_so() {
    let place = Place::new();
    let mut options = place.options();
    options.lists = false;
    let hub = super::testing::TestHub { hub: super::Hub::start(options).unwrap() };
    hub.site("GOG", "Gogui");
    let mut device = hub.device("GOG", "Awa Diarra", 1);
    let parcel = device.record(CASE, &[("identity.given", "Fatoumata")], None);
    let (receipt, _) = device.sync(&hub, vec![parcel]);
    assert_eq!(receipt.parcels[0].documents[0].runs[0].fate, Fate::Applied);
    let got = hub.get("/v1/cases");
    assert_eq!((got.status, got.json()["code"].as_str()), (503, Some("read-model-off")), "{}", got.text());
    assert!(hub.get("/v1/status").json()["position"].as_u64() >= Some(receipt.head.0));
    hub.stop();
}

#[test]
fn an_unchanged_exchange_is_small() {
    let place = Place::new();
    let hub = place.start();
    hub.site("GOG", "Gogui");
    let mut device = hub.device("GOG", "Awa Diarra", 1);
    device.sync(&hub, Vec::new());
    let got = hub.cbor("/v1/exchange", &device.request(Vec::new()));
    assert!(got.bytes < 600, "{} bytes, of which head:\n{}", got.bytes, got.head);
    assert_eq!(got.header("date"), None);
    assert_eq!(got.header("content-type"), Some("application/cbor"));
    hub.stop();
}

#[test]
fn the_second_copy_follows_and_devices_are_told() {
    let place = Place::new();
    let copy = tempfile::tempdir().unwrap();
    let mut options = place.options();
    options.copy_to = Some(copy.path().join("copy"));
    let hub = super::testing::TestHub { hub: super::Hub::start(options.clone()).unwrap() };
    hub.site("GOG", "Gogui");
    let mut device = hub.device("GOG", "Awa Diarra", 1);
    let parcel = device.record(CASE, &[("identity.given", "Fatoumata")], None);
    let (receipt, _) = device.sync(&hub, vec![parcel]);
    let position = receipt.parcels[0].position.unwrap();
    while device.sync(&hub, Vec::new()).0.copied_to < position {
        std::thread::yield_now();
    }
    hub.stop();

    // The copy is a data folder of its own: with the master key, it is the hub.
    let mut restored = place.options();
    restored.data = copy.path().join("copy");
    let hub = super::testing::TestHub { hub: super::Hub::start(restored).unwrap() };
    let (receipt, _) = device.sync(&hub, Vec::new());
    assert_eq!(receipt.head, position);
    hub.stop();

    let other = Place::new();
    let mut options = other.options();
    options.copy_to = Some(copy.path().join("copy"));
    assert_eq!(other.refused(options).code(), "copy-other-log");
}

#[test]
fn a_waiting_device_hears_of_a_colleagues_work() {
    let place = Place::new();
    let hub = place.start();
    hub.site("GOG", "Gogui");
    let mut first = hub.device("GOG", "Awa Diarra", 1);
    let mut second = hub.device("GOG", "Moussa Keïta", 2);
    second.sync(&hub, Vec::new());
    let cursor = data_encoding::BASE64URL_NOPAD.encode(&second.cursor.clone().unwrap().0);
    let path = format!("/v1/wait?lease={}&cursor={cursor}", second.lease.prefix);
    let token = format!("Bearer {}", data_encoding::HEXLOWER.encode(second.enrolled.token.as_bytes()));
    let address = hub.hub.address;
    let waiting = std::thread::spawn(move || {
        super::testing::send(address, "GET", &path, &[("authorization", &token)], b"").status
    });
    let parcel = first.record(CASE, &[("identity.given", "Fatoumata")], None);
    first.sync(&hub, vec![parcel]);
    assert_eq!(waiting.join().unwrap(), 200);
    let (_, rest) = second.sync(&hub, Vec::new());
    assert_eq!(rest.feed.len(), 1);
    let wrong = send_wait(&hub, &format!("/v1/wait?lease={}", second.lease.prefix), "00");
    assert_eq!((wrong.status, wrong.code().as_str()), (401, "device-token"));
    hub.stop();
}

fn send_wait(hub: &super::testing::TestHub, path: &str, token: &str) -> super::testing::Got {
    super::testing::send(hub.hub.address, "GET", path, &[("authorization", &format!("Bearer {token}"))], b"")
}

#[test]
fn a_stop_answers_those_who_wait() {
    let place = Place::new();
    let hub = place.start();
    hub.site("GOG", "Gogui");
    let mut device = hub.device("GOG", "Awa Diarra", 1);
    device.sync(&hub, Vec::new());
    let cursor = data_encoding::BASE64URL_NOPAD.encode(&device.cursor.clone().unwrap().0);
    let path = format!("/v1/wait?lease={}&cursor={cursor}", device.lease.prefix);
    let token = data_encoding::HEXLOWER.encode(device.enrolled.token.as_bytes());
    let address = hub.hub.address;
    let waiting = std::thread::spawn(move || {
        super::testing::send(address, "GET", &path, &[("authorization", &format!("Bearer {token}"))], b"").status
    });
    while !hub.get("/metrics").text().contains("segin_waiters 1\n") {
        std::thread::yield_now();
    }
    hub.stop();
    assert_eq!(waiting.join().unwrap(), 204);
}

#[test]
fn starts_that_cannot_go_well_are_refused_and_change_nothing() {
    let place = Place::new();
    let hub = place.start();

    let mut options = place.options();
    options.listen = hub.hub.address;
    assert_eq!(place.refused(options).code(), "address-in-use");
    assert_eq!(place.refused(place.options()).code(), "disk-locked", "a second process");
    hub.stop();

    let mut options = place.options();
    options.listen = "0.0.0.0:0".parse().unwrap();
    assert_eq!(place.refused(options).code(), "address-not-loopback");

    let mut options = place.options();
    options.master_key = place.data().join("key");
    assert_eq!(place.refused(options).code(), "master-key-inside");

    let mut options = place.options();
    options.master_key = place.key().with_extension("lost");
    assert_eq!(place.refused(options.clone()).code(), "master-key-missing");
    assert!(!options.master_key.exists(), "no key is drawn where data waits for the right one");

    let mut options = place.options();
    options.master_key = place.key().with_extension("other");
    MasterKey::create(&options.master_key, &mut SeededRandom::new(9)).unwrap();
    assert_eq!(place.refused(options).code(), "keyring-wrong-master-key");

    let mut options = place.options();
    options.copy_to = Some(place.data());
    assert_eq!(place.refused(options).code(), "copy-is-data");

    let mut options = place.options();
    options.copy_to = Some(place.data().join("aside/copy"));
    assert_eq!(place.refused(options).code(), "copy-inside");
    assert!(!place.data().join("aside").exists());

    let other = Place::new();
    std::fs::create_dir(other.data()).unwrap();
    std::fs::write(other.data().join("holiday.jpg"), b"x").unwrap();
    assert_eq!(other.refused(other.options()).code(), "folder-not-a-hub");
    assert!(!other.key().exists());

    // And the folder still opens.
    place.start().stop();
}

#[test]
fn a_damaged_log_and_one_of_a_newer_version_stop_the_start() {
    let place = Place::new();
    place.start().stop();
    let segment = place.data().join("log/0000000001.seg");
    let sound = std::fs::read(&segment).unwrap();

    let mut newer = sound.clone();
    let version = newer.windows(4).take(64).position(|four| four == [0, 0, 0, 1]).unwrap();
    newer[version + 3] = 9;
    std::fs::write(&segment, &newer).unwrap();
    let code = place.refused(place.options()).code();
    assert!(code == "log-newer-version" || code == "log-damaged", "{code}");
    assert_eq!(std::fs::read(&segment).unwrap(), newer);

    let mut damaged = sound.clone();
    damaged[1] ^= 1;
    std::fs::write(&segment, &damaged).unwrap();
    assert_eq!(place.refused(place.options()).code(), "log-damaged");
    assert_eq!(std::fs::read(&segment).unwrap(), damaged, "nothing is repaired by guessing");

    std::fs::write(&segment, &sound).unwrap();
    place.start().stop();
}

#[test]
fn a_first_start_that_was_cut_off_begins_again() {
    let place = Place::new();
    place.start().stop();
    // As if the power had failed after the keyring and before the log was begun.
    std::fs::write(place.data().join("beginning"), b"").unwrap();
    std::fs::remove_dir_all(place.data().join("log")).unwrap();
    let hub = place.start();
    assert_eq!(hub.hub.address.ip(), std::net::Ipv4Addr::LOCALHOST);
    assert!(!place.data().join("beginning").exists());
    hub.stop();
}
