//! The sample list, read once and again, and files that are no such list.

use std::path::PathBuf;

use sync_protocol::crypto::{Purpose, SecretKey};
use sync_protocol::device::{Endpoint, Event};
use sync_protocol::documents::config::mali_2024;
use sync_protocol::ids::{ActorPrefix, LogId, Millis, Salt, SiteCode, UserId};
use sync_protocol::wire::codec::{Message, Raw, frame, read};
use sync_protocol::wire::enrolment::{EnrolAnswer, EnrolRequest, Invitation};
use sync_protocol::wire::lease::{Lease, SignedLease};

use super::*;
use crate::clock::FakeClock;
use crate::field::{Driver, MemoryFieldStore};
use crate::random::{SeededRandom, SystemRandom};

fn sample() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/data/intakes-sample.csv")
}

/// A device that a hub enrolled, without the hub.
fn device() -> FieldDevice<MemoryFieldStore> {
    let now = Millis(1_714_488_300_000);
    let hub = SecretKey::from_bytes(&[7; 32]).unwrap();
    let _ = hub.sign(Purpose::Lease, b"");
    let mut driver = Driver::open(MemoryFieldStore::new(), Box::new(SeededRandom::new(1)), now).unwrap();
    let step = driver.handle(Event::Enrol(Invitation::from_random([1; 12])), now).unwrap();
    let outgoing = step.outgoing.unwrap();
    assert_eq!(outgoing.to, Endpoint::Enrol);
    let request: EnrolRequest = read(Message::EnrolRequest, &outgoing.bytes).unwrap();
    let lease = Lease {
        installation: request.installation,
        user: UserId::new([1; 16]),
        key: request.key,
        prefix: ActorPrefix::new([1; 8]),
        letters: "K7".to_owned(),
        year: 24,
        site: SiteCode::new("GOG").unwrap(),
        name: "Agent".to_owned(),
        issued: now,
    };
    let answer = EnrolAnswer {
        sealing: None,
        lease: SignedLease::sign(&lease, &hub),
        token: Salt::new([1; 16]),
        hub: hub.public(),
        log: LogId::new([1; 16]),
        configuration: Raw::of(&mali_2024::configuration().sign(&hub)),
    };
    let bytes = frame(Message::EnrolAnswer, &answer);
    driver.handle(Event::Answer { number: outgoing.number, bytes, budget: 0 }, now).unwrap();
    let store = driver.into_store();
    FieldDevice::with(store, Box::new(FakeClock::new(now)), Box::new(SeededRandom::new(2))).unwrap()
}

fn run(device: &mut FieldDevice<MemoryFieldStore>, csv: &str) -> Result<ImportReport, ImportError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("list.csv");
    std::fs::write(&path, csv).unwrap();
    import(device, &path, "list", &mut SystemRandom, &mut |_, _| {})
}

fn json(device: &mut FieldDevice<MemoryFieldStore>, id: &str) -> serde_json::Value {
    let cases = device.documents(Kind::Case);
    let shown = cases.into_iter().map(|case| serde_json::to_value(device.show(case).unwrap().projection).unwrap());
    shown.into_iter().find(|case| case["groups"]["import"]["row"]["value"] == id).unwrap()
}

fn table(rows: &[&str]) -> String {
    format!("{}\n{}\n", COLUMNS.join(","), rows.join("\n"))
}

const ROW: &str = "R1,TALL,Fanta,,F,2005,year,,Mopti,Mopti,Tomcoura,99 60 62 90,Bocar,,Algérie,NINA,123,Gogui,GAO2,2019-01-14,2019-01-20";

#[test]
fn every_row_of_the_sample_becomes_a_case_once() {
    let mut device = device();
    let mut told = 0;
    let report = import(&mut device, &sample(), "sample", &mut SeededRandom::new(3), &mut |done, total| {
        told += 1;
        assert!(done == told && total == 337);
    });
    let report = report.unwrap();
    assert_eq!((report.rows, report.recorded, report.known), (337, 337, 0), "{:?}", report.unread);
    assert_eq!(device.documents(Kind::Case).len(), 337);
    let again = import(&mut device, &sample(), "sample", &mut SeededRandom::new(4), &mut |_, _| {}).unwrap();
    assert_eq!((again.recorded, again.known), (0, 337));
    assert!(again.changed.is_empty() && again.unread.is_empty());
    assert_eq!(device.device().works().count(), 337);
}

#[test]
fn spelling_and_precision_stay_as_found() {
    let mut device = device();
    let rows = [
        ROW,
        "R2,LY ,Cheik,,M,2003,estimated,16,Kayes,Yelimane,,+213864663158,,,Gabon,,,Kidira-Diboli,LAB1,2019-01-04,2019-01-05",
        "R3,,,,,,,9,,,,,,,Ailleurs,carte verte,7,Nulle part,LAB1,2019-01-04,",
    ];
    assert_eq!(run(&mut device, &table(&rows)).unwrap().recorded, 3);
    let one = json(&mut device, "R1");
    let groups = &one["groups"];
    assert_eq!(groups["birth"]["date"]["value"]["precision"], "year");
    assert_eq!(groups["phones"][0]["fields"]["number"]["value"], "99 60 62 90");
    assert_eq!(groups["documents"][0]["fields"]["type"]["value"], "nina");
    assert_eq!(groups["journey"]["last_country"]["value"], "DZA");
    assert_eq!(groups["arrivals"][0]["fields"]["on"]["value"], "2019-01-20");
    let two = json(&mut device, "R2");
    assert_eq!(two["groups"]["identity"]["family"]["value"], "LY ");
    assert_eq!(two["groups"]["birth"]["date"]["value"]["precision"], "approximate");
    assert_eq!(two["groups"]["birth"]["date"]["value"]["source"], "estimated");
    let three = json(&mut device, "R3");
    assert_eq!(three["groups"]["birth"]["date"]["value"]["precision"], "age_only");
    assert_eq!(three["groups"]["journey"]["last_stay"]["value"], "Ailleurs");
    assert_eq!(three["groups"]["documents"][0]["fields"]["issuer"]["value"], "carte verte");
    assert_eq!(three["groups"]["arrivals"][0]["fields"]["point"]["value"], "nulle_part");
}

#[test]
fn a_changed_row_is_an_edit_and_identical_rows_stay_two() {
    let mut device = device();
    let nameless = ROW.replacen("R1", "", 1);
    let first = run(&mut device, &table(&[ROW, ROW, &nameless, &nameless])).unwrap();
    assert_eq!((first.recorded, first.known), (4, 0));
    let changed = ROW.replace("Fanta", "Fatoumata").replace("99 60 62 90", "99 60 62 91");
    let second = run(&mut device, &table(&[&changed, ROW, &nameless, &nameless])).unwrap();
    assert_eq!((second.recorded, second.known, second.changed.len()), (0, 3, 1), "{second:?}");
    assert_eq!(
        (second.changed[0].line, second.changed[0].columns.as_slice()),
        (2, &["given_name".to_owned(), "phone".to_owned()][..])
    );
    assert_eq!(device.documents(Kind::Case).len(), 4);
    let shown = device.show(second.changed[0].document).unwrap();
    let groups = serde_json::to_value(shown.projection).unwrap()["groups"].clone();
    assert_eq!(groups["identity"]["given"]["value"], "Fatoumata");
    assert_eq!(groups["phones"].as_array().unwrap().len(), 2, "the old number is voided and stays visible");
    // Neither state of the row is news any more.
    assert_eq!(run(&mut device, &table(&[&changed])).unwrap().known, 1);
    assert_eq!(run(&mut device, &table(&[ROW])).unwrap().known, 1);
}

#[test]
fn rows_that_cannot_be_read_are_listed_and_the_others_go_on() {
    let mut device = device();
    let rows = [
        ROW,
        "R2,TALL",
        &ROW.replace("R1", "R3").replace("2005,year", "2005-13-45,day"),
        &ROW.replace("R1", "R4").replace(",F,", ",X,"),
        &ROW.replace("R1", "R5").replace("2019-01-20", "hier"),
        &ROW.replace("R1", "R6"),
    ];
    let report = run(&mut device, &table(&rows)).unwrap();
    assert_eq!(report.recorded, 2);
    let lines: Vec<u64> = report.unread.iter().map(|unread| unread.line).collect();
    assert_eq!(lines, [3, 4, 5, 6], "{:?}", report.unread);
    assert!(report.unread[0].reason.contains("2 columns instead of 21"));
}

#[test]
fn a_file_that_is_no_such_list_is_refused_whole() {
    let mut device = device();
    let semicolons = table(&[ROW]).replace(',', ";");
    assert_eq!(run(&mut device, &semicolons).unwrap().recorded, 1, "what a French spreadsheet saves");
    let parse = |bytes: &[u8]| Table::parse(bytes).unwrap_err();
    assert_eq!(parse(b""), TableError::Empty);
    assert_eq!(parse(b"\n\n"), TableError::Empty);
    assert_eq!(parse(b"PK\x03\x04\x00\x00"), TableError::Binary);
    assert_eq!(parse(b"rec_id\nR\xe9gion"), TableError::Encoding { line: 2 });
    assert!(
        matches!(parse(b"name,age\nA,1\n"), TableError::Columns(missing) if missing.starts_with("rec_id, surname"))
    );
    let twice = format!("{},surname\n", COLUMNS.join(","));
    assert_eq!(parse(twice.as_bytes()), TableError::Twice("surname".to_owned()));
    assert!(matches!(Table::read(std::path::Path::new("/nowhere.csv")), Err(TableError::File { .. })));
    let more = format!("{},colour\n{ROW},red\n", COLUMNS.join(","));
    assert_eq!(run(&mut device, &more).unwrap().columns_passed_over, ["colour"]);
}

#[test]
fn an_import_that_was_cut_goes_on_where_it_was() {
    let mut device = device();
    let mut store = std::mem::replace(&mut device, self::device()).into_store();
    store.fail_in(3, true);
    let clock = || Box::new(FakeClock::new(Millis(1_714_488_300_000)));
    let mut device = FieldDevice::with(store, clock(), Box::new(SeededRandom::new(9))).unwrap();
    assert!(import(&mut device, &sample(), "sample", &mut SeededRandom::new(3), &mut |_, _| {}).is_err());
    let done = device.documents(Kind::Case).len();
    assert!(done > 0 && done < 337);
    let report = import(&mut device, &sample(), "sample", &mut SeededRandom::new(5), &mut |_, _| {}).unwrap();
    assert_eq!(report.known, done);
    assert_eq!(device.documents(Kind::Case).len(), 337);
}
