//! What seeds of the simulation found, each as a story with a name.

use segin_tests::simulation::story::Story;
use sync_protocol::device::Report;
use sync_protocol::wire::codec::{Message, frame, read};
use sync_protocol::wire::exchange::ExchangeRequest;
use sync_protocol::wire::parcel::Contents;

/// Prevents: a feed that skips a colleague's change because the request carried something old of the same document.
#[test]
fn a_parcel_in_which_nothing_is_new_hides_nothing_of_the_feed() {
    let mut story = Story::new(1, 1);
    let case = story.record(0, None);
    let copy = story.copy_device(0);
    story.sync(0);
    story.record(0, Some(case));
    story.sync(0);
    let (synced, reports) = story.sync(copy);
    assert!(!reports.iter().any(|report| matches!(report, Report::Repaired { .. })), "{reports:?}");
    assert_eq!(synced.fed, 1);
    story.end();
}

/// Prevents: a person who changed sites keeps readable what they had recorded at the old one.
#[test]
fn own_work_that_is_receipted_after_a_move_does_not_stay_readable() {
    let mut story = Story::new(2, 1);
    let case = story.record(0, None);
    let request = story.request(0);
    story.work(request);
    story.give_up(0);
    story.move_user(0, &[1]);
    story.sync(0);
    assert!(story.0.phones[0].readable(None).iter().all(|(document, _)| *document != case));
    story.end();
}

/// Prevents: a parcel that was damaged on its way takes the place of the whole one, which then never gets in.
#[test]
fn a_damaged_parcel_does_not_stand_for_the_whole_one() {
    // Magic, checksum, kind, and the last byte of the contents.
    for at in [0, 5, 8, usize::MAX] {
        let mut story = Story::new(1, 1);
        story.record(0, None);
        story.record(0, None);
        let whole = story.request(0);
        let mut request: ExchangeRequest = read(Message::ExchangeRequest, &whole.bytes).unwrap();
        let Contents::Plain { documents, .. } = &mut request.parcels[0].contents else { panic!("a sealed parcel") };
        assert_eq!(documents.len(), 2);
        let change = &mut documents[1].changes[0].0;
        let at = at.min(change.len() - 1);
        change[at] ^= 1;
        let mut damaged = whole.clone();
        damaged.bytes = frame(Message::ExchangeRequest, &request);
        story.work(damaged);
        story.give_up(0);
        let (synced, reports) = story.sync(0);
        assert_eq!((synced.exchanges, synced.receipted, synced.refused), (1, 2, 0), "byte {at}: {reports:?}");
        assert!(!reports.iter().any(|report| matches!(report, Report::Replayed { .. })), "byte {at}: {reports:?}");
        story.end();
    }
}

/// Prevents: a person who changes sites loses, on their device, their last edit of a case that both sites have: the old
/// channel closed before the new one had brought the case, and the hub does not send back what the request carried.
#[test]
fn a_case_of_both_sites_stays_whole_when_its_writer_moves() {
    let mut story = Story::new(2, 2);
    let case = story.record(0, None);
    story.sync(0);
    story.show_card(1, case);
    story.sync(1);
    story.sync(0);
    story.record(0, Some(case));
    let request = story.request(0);
    story.work(request);
    story.give_up(0);
    story.move_user(0, &[1]);
    let (_, reports) = story.sync(0);
    assert!(!reports.iter().any(|report| matches!(report, Report::Repaired { .. })), "{reports:?}");
    story.end();
}
