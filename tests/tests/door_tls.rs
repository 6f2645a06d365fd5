//! TLS of the hub's own: who is believed, which certificates are not used, how newer ones are taken.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::io::Write;
use std::process::Command;
use std::time::Duration;

use segin::field::FieldDevice;
use segin_tests::door::{Authority, House, hear, knock, token, until};
use segin_tests::process::{Place, refused};
use sync_protocol::documents::{Edit, Value};

const OWN: &[&str] = &["127.0.0.1", "localhost"];

fn named(name: &str) -> Edit {
    Edit::Set { field: "identity.given".into(), value: Value::Text(name.into()).into() }
}

#[test]
fn a_device_and_a_tool_speak_tls_with_the_hub_that_they_believe() {
    let (authority, other) = (Authority::new("Essai"), Authority::new("Autre"));
    let mut house = House::new();
    house.show(&authority.issue(OWN));
    let hub = house.open();
    assert!(hub.url().starts_with("https://127.0.0.1:") && hub.link().starts_with("https://"));
    house.site(&hub, Some(&authority.pem)).unwrap();
    let (code, sentence) = house.site(&hub, Some(&other.pem)).unwrap_err();
    assert_eq!(code, "hub-not-believed");
    assert_eq!(
        sentence,
        "the hub at 127.0.0.1 shows a certificate of an authority that is not known here: nothing was sent; if the hub \
         has an authority of its own, name its certificate with --ca FILE"
    );

    let invitation = house.invite(&hub, Some(&authority.pem), "Awa");
    let mut phone = FieldDevice::create(&house.beside("phone"), &house.beside("phone.key")).unwrap();
    phone.trust(other.pem.as_bytes()).unwrap();
    let error = house.run(phone.enrol(&hub.url(), &invitation)).unwrap_err();
    assert!(error.to_string().contains("nothing was sent"), "{error}");
    assert!(phone.trust(b"no certificate").is_err());
    phone.trust(authority.pem.as_bytes()).unwrap();
    house.run(phone.enrol(&hub.url(), &invitation)).unwrap();
    let enrolled = phone.traffic();
    assert!(enrolled.bytes_up > 300 && enrolled.bytes_down > 1_000, "handshake and all: {enrolled:?}");
    drop(phone);

    let mut phone = FieldDevice::open(&house.beside("phone"), &house.beside("phone.key")).unwrap();
    phone.record(vec![named("Fanta")]).unwrap();
    house.run(phone.sync()).unwrap();
    assert_eq!(phone.status().unwrap().unsent, 0, "whom it believes is kept with the device");
    hub.stop().unwrap();
}

#[test]
fn a_certificate_of_another_name_or_of_another_time_is_not_believed() {
    let authority = Authority::new("Essai");
    let mut house = House::new();
    house.show(&authority.issue(&["hub.example.org"]));
    let hub = house.open();
    let (code, sentence) = house.site(&hub, Some(&authority.pem)).unwrap_err();
    assert_eq!(code, "hub-not-believed");
    assert!(sentence.contains("another name") && sentence.contains("nothing was sent"), "{sentence}");
    hub.stop().unwrap();
}

#[test]
fn certificates_that_no_client_could_accept_stop_the_start() {
    let authority = Authority::new("Essai");
    let mut house = House::new();
    let shown = |house: &House, name: &str| house.beside(name).display().to_string();
    let refusal = |house: &House| {
        let error = house.try_open().err().unwrap();
        (error.code(), error.to_string())
    };
    house.show(&authority.issue_for(OWN, 2019, 2020));
    let pem = shown(&house, "hub.pem");
    let key = shown(&house, "hub.key");
    assert_eq!(
        refusal(&house),
        ("tls-expired", format!("the certificate in {pem} has expired on 2020-01-01 00:00 UTC: renew it"))
    );
    house.show(&authority.issue_for(OWN, 2998, 2999));
    assert_eq!(
        refusal(&house),
        (
            "tls-not-yet",
            format!(
                "the certificate in {pem} is not valid before 2998-01-01 00:00 UTC: wait, or set this machine's clock \
                 right"
            )
        )
    );
    let (mine, other) = (authority.issue(OWN), authority.issue(OWN));
    house.show(&(mine.0.clone(), other.1));
    assert_eq!(
        refusal(&house),
        (
            "tls-key-mismatch",
            format!(
                "the key in {key} does not belong to the first certificate in {pem}: name the two that belong together"
            )
        )
    );
    house.show(&(String::new(), mine.1.clone()));
    assert_eq!(refusal(&house).0, "tls-no-certificate");
    house.show(&(mine.0.clone(), mine.0.clone()));
    assert_eq!(refusal(&house).0, "tls-no-key");
    house.show(&(mine.0.replace('M', "N"), mine.1.clone()));
    assert!(refusal(&house).0.starts_with("tls-"));
    std::fs::remove_file(&key).unwrap();
    house.options.door.tls.as_mut().unwrap().certificate = house.beside("hub.pem");
    std::fs::write(house.beside("hub.pem"), &mine.0).unwrap();
    assert_eq!(refusal(&house).0, "tls-file");
    assert!(!house.beside("hub").exists() && !house.beside("master.key").exists(), "nothing was begun");
}

#[test]
fn newer_files_are_taken_and_broken_ones_are_not() {
    let (first, second) = (Authority::new("Un"), Authority::new("Deux"));
    let mut house = House::new();
    house.show(&first.issue(OWN));
    let hub = house.open();
    house.site(&hub, Some(&first.pem)).unwrap();
    house.show(&second.issue(OWN));
    until("the newer one is used", || house.site(&hub, Some(&second.pem)).is_ok());
    assert!(house.site(&hub, Some(&first.pem)).is_err());

    let metrics = || {
        let request = format!("GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{}\r\n", token(&hub));
        house.ask_tls(hub.address, &second.pem, &request)
    };
    let refused = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("segin_tls_reloads_refused_total ")).unwrap();
        line.rsplit(' ').next().unwrap().parse::<u32>().unwrap()
    };
    let before = refused(&metrics().body);
    std::fs::write(house.beside("hub.pem"), "no certificate").unwrap();
    until("the broken one is noticed", || refused(&metrics().body) > before);
    house.site(&hub, Some(&second.pem)).unwrap();
    assert_eq!(metrics().header("strict-transport-security"), Some("max-age=31536000"));
    hub.stop().unwrap();
}

#[test]
fn who_does_not_shake_hands_is_left_standing() {
    let authority = Authority::new("Essai");
    let mut house = House::new();
    house.show(&authority.issue(OWN));
    house.options.bounds.handshake = Duration::from_millis(150);
    let hub = house.open();
    assert_eq!(hear(knock(hub.address)).status, 0, "silence");
    let mut plain = knock(hub.address);
    plain.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    assert_eq!(hear(plain).status, 0, "plain HTTP");
    house.site(&hub, Some(&authority.pem)).unwrap();
    hub.stop().unwrap();
}

#[test]
fn the_commands_speak_tls() {
    let authority = Authority::new("Essai");
    let mut place = Place::new();
    let (certificate, key) = authority.issue(OWN);
    let file = |name: &str, text: &str| {
        std::fs::write(place.beside(name), text).unwrap();
        place.beside(name).display().to_string()
    };
    let (ca, cert, key) = (file("ca.pem", &authority.pem), file("hub.pem", &certificate), file("hub.key", &key));
    let usual = std::mem::take(&mut place.command.more);
    place.command.more = vec!["--tls-cert".to_owned(), cert.clone()];
    assert_eq!(place.refused().code, Some(2), "a certificate without its key");
    place.command.more = vec!["--tls-cert".to_owned(), cert, "--tls-key".to_owned(), ca.clone()];
    place.refused().is("tls-no-key", &[&ca]);
    place.command.more[3] = key;
    let more = ["--public-name", "localhost", "--trusted-proxy", "10.0.0.0/8"].map(str::to_owned);
    place.command.more.extend(more.into_iter().chain(usual));
    let hub = place.start();
    assert!(hub.url().starts_with("https://localhost:"), "{}", hub.url());

    let admin = |arguments: &[&str]| {
        let mut command = Command::new(&place.command.binary);
        command.args(["admin", "--hub", hub.url(), "--token", hub.console_token()]).args(arguments);
        refused(&mut command)
    };
    assert_eq!(admin(&["--ca", &ca, "site", "add", "GOG", "Gogui", "--region", "Kayes"]).code, Some(0));
    let said = admin(&["--ca", &ca, "--json", "user", "add", "Awa", "--site", "GOG"]).said;
    let user: serde_json::Value = serde_json::from_str(&said).unwrap();
    let said = admin(&["--ca", &ca, "--json", "invite", "--user", user["user"].as_str().unwrap()]).said;
    let invited: serde_json::Value = serde_json::from_str(&said).unwrap();

    let folder = place.beside("phone").display().to_string();
    let key_file = place.beside("phone.key").display().to_string();
    let device = |arguments: &[&str]| {
        let mut command = Command::new(&place.command.binary);
        command.args(["device", "--dir", &folder, "--key-file", &key_file]).args(arguments);
        refused(&mut command)
    };
    let invitation = invited["invitation"].as_str().unwrap();
    let missing = device(&["enrol", "--hub", hub.url(), "--ca", "none.pem", "--invitation", invitation]);
    assert!(missing.error.contains("none.pem") && missing.code == Some(1), "{missing:?}");
    let plain = device(&["enrol", "--hub", "http://192.0.2.1:8470", "--invitation", invitation]);
    assert!(plain.error.contains("https://"), "{plain:?}");
    let enrolled = device(&["enrol", "--hub", hub.url(), "--ca", &ca, "--invitation", invitation]);
    assert_eq!(enrolled.code, Some(0), "{enrolled:?}");
    assert_eq!(device(&["record", "--given", "Fanta"]).code, Some(0));
    assert_eq!(device(&["sync"]).code, Some(0));
    let (code, words) = hub.stop().unwrap();
    assert_eq!(code, Some(0), "{words}");
}
