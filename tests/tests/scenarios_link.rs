//! Stories of links: cut anywhere, slow, doubled, silent. What is counted is counted at the socket, headers and all.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::thread;

use segin::sample::{People, Who};
use segin_tests::audit::Audit;
use segin_tests::http::Http;
use segin_tests::night::{Night, Phone};
use segin_tests::process::Place;
use segin_tests::proxy::{Proxy, Way};
use segin_tests::raw::NoAnswer;
use sync_protocol::device::EditRequest;
use sync_protocol::documents::{Edit, Kind, Value};
use sync_protocol::limits::BATCH_BYTES_MIN;
use sync_protocol::wire::answer::{Answer, Fate};
use sync_protocol::wire::codec::{Message, frame, read};

/// Bytes between two places of a cut: prime, so that every part of a message is met.
const STEP: usize = 43;
/// Bytes by which two exchanges of the same kind may differ: numbers grow by a byte.
const SLACK: u64 = 32;
/// Bytes that an exchange has beside its contents: head, manifest, signatures, cursor.
const EXCHANGE_BYTES: u64 = 800;

fn named(name: &str) -> Edit {
    Edit::Set { field: "identity.given".into(), value: Value::Text(name.into()).into() }
}

fn behind_a_proxy(night: &mut Night) -> (Phone, Proxy) {
    let mut phone = night.device(&["GOG"]);
    let proxy = Proxy::to(night.hub().address());
    phone.move_to(&proxy.url()).unwrap();
    (phone, proxy)
}

/// Exchanges over a new connection; what passed, both ways.
fn weighed(night: &Night, phone: &mut Phone, proxy: &Proxy) -> (u64, u64) {
    phone.hang_up();
    let before = (proxy.passed(Way::Up), proxy.passed(Way::Down));
    night.sync(phone);
    (proxy.passed(Way::Up) - before.0, proxy.passed(Way::Down) - before.1)
}

/// Nothing is lost and nothing is there twice.
fn holds(place: &Place, cases: u64) {
    let audit = Audit::of(place.data(), &place.command.master_key);
    let report = &audit.recomputed.report;
    assert_eq!((report.documents["case"], report.changes, report.held), (cases, cases, 0));
    let manifests = audit.manifests();
    assert_eq!(manifests.iter().collect::<BTreeSet<_>>().len(), manifests.len());
    audit.agrees_with_documents(place.data());
}

#[test]
fn a_link_cut_after_any_byte_loses_nothing_and_repeats_one_batch_at_most() {
    let mut night = Night::begin();
    let (mut phone, proxy) = behind_a_proxy(&mut night);
    let mut cases = 0;
    let mut record = |phone: &mut Phone| {
        phone.record(vec![named("Fanta Diarra")]).unwrap();
        cases += 1;
    };
    record(&mut phone);
    weighed(&night, &mut phone, &proxy);
    record(&mut phone);
    let (up, down) = weighed(&night, &mut phone, &proxy);
    let mut cuts = 0;
    for (way, bytes) in [(Way::Up, up), (Way::Down, down)] {
        for after in (0..bytes - SLACK).step_by(STEP) {
            record(&mut phone);
            phone.hang_up();
            proxy.cut(way, after);
            let error =
                night.run(phone.sync()).err().unwrap_or_else(|| panic!("cut {way:?} after {after} and no error"));
            assert_eq!(error.code(), "field-sync-failed");
            assert_eq!(phone.status().unwrap().unsent, 1, "kept until there is a receipt");
            proxy.whole();
            let (again, _) = weighed(&night, &mut phone, &proxy);
            assert!(again <= up + 2 * SLACK, "cut {way:?} after {after}: {again} bytes again, the first time {up}");
            assert_eq!(phone.status().unwrap().unsent, 0);
            cuts += 1;
        }
    }
    assert!(cuts > 20, "{cuts} cuts in {up} and {down} bytes");
    holds(&night.end(), cases);
}

#[test]
fn a_cut_in_a_long_upload_sends_one_batch_again() {
    let mut night = Night::begin();
    let upload = |night: &mut Night, cut: Option<u64>| {
        let (mut phone, proxy) = behind_a_proxy(night);
        let mut people = People::new(7, 2024);
        let begin = |_| EditRequest::begin(Kind::Case, people.intake(Who::Woman));
        phone.edit_many((0..60).map(begin).collect()).unwrap().into_iter().for_each(|one| drop(one.unwrap()));
        phone.set_budget(BATCH_BYTES_MIN);
        let mut allowed = 0;
        if let Some(after) = cut {
            proxy.cut(Way::Up, after);
            night.run(phone.sync()).expect_err("the link was cut");
            // Halved by the cut: what was under way was twice as much.
            allowed = 2 * u64::from(phone.budget());
            proxy.whole();
        }
        let report = night.sync(&mut phone);
        assert_eq!(phone.status().unwrap().unsent, 0);
        (proxy.passed(Way::Up), allowed + EXCHANGE_BYTES * u64::from(report.synced.exchanges))
    };
    let (whole, _) = upload(&mut night, None);
    for part in 1..4 {
        let (up, allowed) = upload(&mut night, Some(whole * part / 4));
        assert!(up <= whole + allowed, "{up} bytes with a cut, {whole} without, {allowed} allowed");
    }
    holds(&night.end(), 240);
}

#[test]
fn a_download_cut_in_the_middle_goes_on_where_it_was() {
    let mut night = Night::begin();
    let mut writer = night.device(&["GOG"]);
    let mut people = People::new(8, 2024);
    let begin = |_| EditRequest::begin(Kind::Case, people.intake(Who::Man));
    writer.edit_many((0..60).map(begin).collect()).unwrap();
    night.sync(&mut writer);
    let (mut phone, proxy) = behind_a_proxy(&mut night);
    phone.set_budget(BATCH_BYTES_MIN);
    proxy.cut(Way::Down, 12_000);
    night.run(phone.sync()).expect_err("the link was cut");
    let there = phone.documents(Kind::Case).len();
    assert!(there > 0 && there < 60, "{there} came before the cut");
    proxy.whole();
    let report = night.sync(&mut phone);
    assert_eq!(usize::try_from(report.synced.fed).unwrap() + there, 60, "nothing came twice");
    assert_eq!(phone.documents(Kind::Case).len(), 60);
    assert_eq!(phone.device().sums(), writer.device().sums());
    holds(&night.end(), 60);
}

#[test]
fn an_unchanged_reconnect_is_one_exchange_whatever_both_sides_hold() {
    let mut night = Night::begin();
    let (mut phone, proxy) = behind_a_proxy(&mut night);
    let mut people = People::new(9, 2024);
    let mut hold = |night: &Night, phone: &mut Phone, more: usize| {
        let requests = (0..more).map(|_| EditRequest::begin(Kind::Case, people.intake(Who::Woman))).collect();
        assert!(phone.edit_many(requests).unwrap().iter().all(Result::is_ok));
        night.sync(phone);
    };
    hold(&night, &mut phone, 10);
    let few = reconnect(&night, &mut phone, &proxy);
    hold(&night, &mut phone, 290);
    let many = reconnect(&night, &mut phone, &proxy);
    night.take_hub().kill().unwrap();
    night.start_again();
    proxy.lead_to(night.hub().address());
    let restarted = reconnect(&night, &mut phone, &proxy);
    phone.off();
    phone.on();
    let reopened = reconnect(&night, &mut phone, &proxy);
    let all = [few, many, restarted, reopened];
    let (least, most) = (all.iter().min().unwrap(), all.iter().max().unwrap());
    assert!(most - least <= SLACK, "{all:?}");
    assert!(*most <= 1_000, "{all:?}");
    holds(&night.end(), 300);
}

/// Bytes of an exchange with nothing to say, both ways together; the second one, for the first may still have
/// something to state.
fn reconnect(night: &Night, phone: &mut Phone, proxy: &Proxy) -> u64 {
    weighed(night, phone, proxy);
    let before = phone.traffic().exchanges;
    let (up, down) = weighed(night, phone, proxy);
    assert_eq!(phone.traffic().exchanges - before, 1);
    up + down
}

#[test]
fn an_answer_lost_after_the_hub_has_stored_is_given_again() {
    let mut night = Night::begin();
    let (mut device, mut http) = night.raw_device(&["GOG"]);
    let case = device.new_document();
    let change = device.edit(case, Kind::Case, &[named("Fanta")]);
    let parcel = device.parcel(&[(case, vec![change], None)]);
    let request = device.request(vec![parcel]);
    // The first byte of the answer is not carried any more: the hub has stored and signed by then.
    let proxy = Proxy::to(night.hub().address());
    proxy.cut(Way::Down, 0);
    let lost = device.ask(&mut Http::to(proxy.url().trim_start_matches("http://")), &request);
    assert!(matches!(lost, Err(NoAnswer::Link(_))));
    assert_eq!(night.console("/v1/status")["parcels"], 1);
    let (first, _) = device.ask(&mut http, &request).unwrap();
    night.take_hub().kill().unwrap();
    night.start_again();
    http.move_to(night.hub().address());
    let (second, _) = device.ask(&mut http, &request).unwrap();
    assert_eq!(first.parcels, second.parcels, "the same receipt, also from the hub's next life");
    assert_eq!(first.parcels[0].documents[0].runs[0].fate, Fate::Applied);
    holds(&night.end(), 1);
}

#[test]
fn a_request_that_arrives_many_times_at_once_is_done_once() {
    let mut night = Night::begin();
    let (mut device, _) = night.raw_device(&["GOG"]);
    let case = device.new_document();
    let change = device.edit(case, Kind::Case, &[named("Fanta")]);
    let parcel = device.parcel(&[(case, vec![change], None)]);
    let bytes = frame(Message::ExchangeRequest, &device.request(vec![parcel]));
    let address = night.hub().address().to_owned();
    let answers: Vec<Answer> = thread::scope(|scope| {
        let ask = || {
            let (status, body) = Http::to(&*address).post("/v1/exchange", &bytes).unwrap();
            assert_eq!(status, 200);
            read(Message::Answer, &body).unwrap()
        };
        let asked: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        asked.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let receipts: Vec<_> = answers.iter().map(|answer| answer.open(&device.hub).unwrap().0.parcels).collect();
    assert!(receipts.windows(2).all(|pair| pair[0] == pair[1]), "{receipts:?}");
    holds(&night.end(), 1);
}

#[test]
fn a_hub_that_is_asked_to_stop_answers_what_it_has_in_hand() {
    let mut night = Night::begin();
    let (mut device, _) = night.raw_device(&["GOG"]);
    let case = device.new_document();
    let change = device.edit(case, Kind::Case, &[named("Fanta")]);
    let parcel = device.parcel(&[(case, vec![change], None)]);
    let bytes = frame(Message::ExchangeRequest, &device.request(vec![parcel]));
    let address = night.hub().address().to_owned();
    let mut stream = BufReader::new(TcpStream::connect(&address).unwrap());
    let head = format!(
        "POST /v1/exchange HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/cbor\r\nExpect: 100-continue\r\n\
         Content-Length: {}\r\n\r\n",
        bytes.len()
    );
    stream.get_mut().write_all(head.as_bytes()).unwrap();
    let mut line = String::new();
    stream.read_line(&mut line).unwrap();
    assert!(line.contains("100 Continue"), "the hub has the request in hand: {line}");
    let hub = night.take_hub();
    let stopping = thread::spawn(move || hub.stop().unwrap());
    // Until the hub takes no new connection: it is stopping.
    assert!((0..100_000).any(|_| TcpStream::connect(&address).is_err()), "it goes on taking connections");
    stream.get_mut().write_all(&bytes).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.starts_with(b"\r\nHTTP/1.1 200 OK"), "{}", String::from_utf8_lossy(&answer));
    let (code, words) = stopping.join().unwrap();
    assert_eq!(code, Some(0), "{words}");
    holds(&night.place, 1);
}
