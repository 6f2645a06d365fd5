//! What travels beside the work: what was read, for whom somebody vouches.

use super::*;
use crate::crypto::{PublicKey, SecretKey};
use crate::limits::{MANIFEST_STATEMENTS_MAX, READS_KEPT_MAX};
use crate::wire::exchange::ExchangeRequest;
use crate::wire::fingerprint::fingerprint;
use crate::wire::manifest::Statement;

fn read(hub: &FakeHub) -> Vec<(DocumentId, u32)> {
    let of = |statement: &Statement| match statement {
        Statement::Read { document, times, .. } => Some((*document, *times)),
        _ => None,
    };
    hub.statements.iter().filter_map(of).collect()
}

fn size(request: &ExchangeRequest) -> usize {
    crate::wire::codec::to_cbor(request).len()
}

#[test]
fn what_was_shown_is_told_once_and_a_second_sync_sends_nothing() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    let (document, _) = phone.record(case("Awa"));
    phone.sync(&mut hub);
    phone.sync(&mut hub);
    let quiet = size(hub.requests.last().unwrap());
    phone.give(Event::Shown(vec![document, DocumentId::new([9; 16])]));
    phone.give(Event::Shown(vec![document]));
    phone.restart();
    let synced = phone.sync(&mut hub);
    assert_eq!((synced.exchanges, read(&hub)), (1, vec![(document, 2)]), "with the one exchange that there is anyway");
    assert_eq!(phone.device.reads_untold(), 0);
    assert!(!phone.said(|report| matches!(report, Report::Receipted { .. })), "no work was receipted");
    let parcels = hub.parcels_seen.len();
    assert_eq!(phone.sync(&mut hub).exchanges, 1);
    assert_eq!((hub.parcels_seen.len(), size(hub.requests.last().unwrap())), (parcels, quiet));
}

#[test]
fn what_is_shown_while_its_parcel_travels_is_told_with_the_next() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    let (document, _) = phone.record(case("Awa"));
    phone.give(Event::Shown(vec![document]));
    phone.begin();
    phone.give(Event::Shown(vec![document]));
    phone.cut();
    phone.give(Event::Shown(vec![document]));
    phone.restart();
    phone.sync(&mut hub);
    assert_eq!(read(&hub), [(document, 1), (document, 2)]);
    assert_eq!(phone.device.reads_untold(), 0);
}

#[test]
fn many_readings_go_in_pieces_and_a_list_that_grows_too_long_loses_the_oldest() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    let (first, _) = phone.record(case("Awa"));
    phone.sync(&mut hub);
    let entry = phone.device.entry(first).unwrap().clone();
    let many: Vec<DocumentId> = (0..=READS_KEPT_MAX as u64)
        .map(|n| DocumentId::new([n.to_be_bytes(), n.to_be_bytes()].concat().try_into().unwrap()))
        .collect();
    for id in &many {
        phone.device.entries.insert(*id, entry.clone());
    }
    phone.give(Event::Shown(vec![first]));
    phone.give(Event::Shown(many[1..].to_vec()));
    assert_eq!(phone.device.reads_untold(), READS_KEPT_MAX);
    phone.device.entries.retain(|id, _| *id == first);
    phone.budget = 4 * 1024 * 1024;
    phone.sync(&mut hub);
    let told = read(&hub);
    assert_eq!(told.len(), READS_KEPT_MAX);
    assert!(told.iter().all(|(document, times)| *document != first && *times == 1));
    let exchanges = hub.requests.len();
    assert!(exchanges <= READS_KEPT_MAX / (MANIFEST_STATEMENTS_MAX - 8) + 4, "{exchanges}");
}

#[test]
fn a_voucher_travels_with_the_next_parcel_or_alone() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    let key = SecretKey::from_bytes(&[5; 32]).unwrap().public();
    phone.give(Event::Vouch(key));
    assert!(phone.said(|report| *report == Report::Vouched { fingerprint: fingerprint(&key) }));
    phone.give(Event::Vouch(key));
    phone.restart();
    assert_eq!(phone.sync(&mut hub).exchanges, 1);
    assert_eq!(hub.statements.iter().filter(|s| **s == Statement::Vouched { key }).count(), 1);
    assert_eq!(phone.device.vouches_untold(), 0);

    let own = phone.device.lease().unwrap().key;
    for wrong in [own, PublicKey::new([0; 33])] {
        phone.reports.clear();
        phone.give(Event::Vouch(wrong));
        assert!(phone.said(|report| matches!(report, Report::NotVouched { .. })));
    }
}

#[test]
fn a_hub_that_takes_no_statements_alone_stops_nothing() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    let (document, _) = phone.record(case("Awa"));
    phone.sync(&mut hub);
    hub.documents_only = true;
    phone.give(Event::Shown(vec![document]));
    assert!(phone.sync(&mut hub).exchanges <= 2);
    // With work they travel.
    phone.record(case("Moussa"));
    phone.sync(&mut hub);
    assert_eq!(read(&hub), [(document, 1)]);
}
