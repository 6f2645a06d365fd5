//! What every document store does: one list of cases, run on each implementation with a fresh store.
//!
//! What only a store on disk can do wrong (reopening, damage) is tested beside it.

use super::*;

/// A case's name and what it does with an empty store.
pub(super) type Case = (&'static str, fn(&dyn DocumentStore));

pub(super) const CASES: &[Case] = &[
    ("an empty store holds nothing", empty),
    ("what is committed is read back", read_back),
    ("a large form is kept whole and may shrink again", large_and_small_again),
    ("documents are paged in the order of their ids", paging),
    ("history is ordered, bounded, and never cut inside a position", history),
    ("a feed is ordered, bounded, and read on from any row", feed),
    ("channels whose names begin alike do not leak into each other", channels_apart),
    ("a batch may be repeated, but none goes back", repeated),
    ("what is too large is refused before anything is written", too_large),
    ("readers never see half a batch", whole_batches),
];

pub(super) fn id(number: u8) -> DocumentId {
    DocumentId::new([number; 16])
}

pub(super) fn channel(name: &str) -> Channel {
    Channel::new(name).unwrap()
}

pub(super) fn batch(position: u64) -> Batch {
    Batch {
        documents: vec![],
        history: vec![],
        feed: vec![],
        channels: vec![],
        applied_to: AppliedTo {
            log_id: LogId::new([1; 16]),
            position: Position(position),
            chain: Hash::new([u8::try_from(position % 251).unwrap(); 32]),
        },
    }
}

/// A document whose bytes are all `fill`, so that a mixture of two states is noticed.
pub(super) fn document(number: u8, fill: u8, form_bytes: usize) -> DocumentRow {
    DocumentRow {
        document: id(number),
        kind: 1,
        wrapped_key: vec![fill; 80],
        sealed_form: vec![fill; form_bytes],
        sealed_projection: vec![fill; form_bytes / 3],
        sum: Digest::from_bytes([fill; 16]),
        channels: vec![channel("site/GOG"), channel("site/KAY")],
        changed_at: Position(u64::from(fill)),
    }
}

pub(super) fn history_row(document: u8, position: u64, source: u64, item: u16) -> HistoryRow {
    let (position, source) = (Position(position), Position(source));
    HistoryRow { document: id(document), position, source, item, runs: vec![(0, 2), (5, 1)] }
}

pub(super) fn feed_row(name: &str, position: u64, document: u8, kind: FeedKind) -> FeedRow {
    FeedRow { channel: channel(name), position: Position(position), document: id(document), kind }
}

const END: Position = Position(u64::MAX);

fn empty(store: &dyn DocumentStore) {
    assert_eq!(store.applied_to().unwrap(), None);
    assert_eq!(store.document(id(1)).unwrap(), None);
    assert_eq!(store.head(id(1)).unwrap(), None);
    assert_eq!(store.projection(id(1)).unwrap(), None);
    assert_eq!(store.documents_after(None, 10).unwrap(), vec![]);
    assert_eq!(store.history(id(1), Position::START, END, 10).unwrap(), vec![]);
    assert_eq!(store.history_at(id(1), Position(1)).unwrap(), vec![]);
    assert_eq!(store.feed(&channel("site/GOG"), Position::START.into(), END, 10).unwrap(), vec![]);
    assert_eq!(store.channel(&channel("site/GOG")).unwrap(), ChannelState::default());
    assert_eq!(store.channels().unwrap(), vec![]);
}

fn read_back(store: &dyn DocumentStore) {
    let state = ChannelState { sum: Digest::from_bytes([4; 16]), documents: 1, changes: 3 };
    let rows = Batch {
        documents: vec![document(1, 7, 3_000), document(2, 8, 0)],
        history: vec![history_row(1, 5, 5, 0)],
        feed: vec![feed_row("site/GOG", 5, 1, FeedKind::Entered)],
        channels: vec![(channel("site/GOG"), state)],
        ..batch(5)
    };
    store.commit(&rows).unwrap();
    assert_eq!(store.applied_to().unwrap(), Some(rows.applied_to));
    for row in &rows.documents {
        assert_eq!(store.document(row.document).unwrap().as_ref(), Some(row));
        assert_eq!(store.head(row.document).unwrap(), Some(row.head()));
        assert_eq!(store.projection(row.document).unwrap().as_ref(), Some(&row.sealed_projection));
    }
    assert_eq!(store.history(id(1), Position::START, END, 10).unwrap(), rows.history);
    assert_eq!(store.history_at(id(1), Position(5)).unwrap(), rows.history);
    assert_eq!(store.history_at(id(1), Position(6)).unwrap(), vec![]);
    assert_eq!(store.history_at(id(2), Position(5)).unwrap(), vec![]);
    assert_eq!(store.feed(&channel("site/GOG"), Position::START.into(), END, 10).unwrap(), rows.feed);
    assert_eq!(store.channel(&channel("site/GOG")).unwrap(), state);
    assert_eq!(store.channels().unwrap(), rows.channels);
    store.flush().unwrap();
    assert_eq!(store.document(id(1)).unwrap().as_ref(), Some(&rows.documents[0]));
}

fn large_and_small_again(store: &dyn DocumentStore) {
    let piece = limits::DOCUMENT_PIECE_BYTES;
    let sizes = [100, limits::DOCUMENT_FORM_BYTES_MAX, 70_000, piece, piece + 1, 3 * piece, 0, 65_536, 1];
    for (place, size) in sizes.into_iter().enumerate() {
        let fill = u8::try_from(place).unwrap();
        let rows = Batch {
            documents: vec![document(1, fill, 10), document(2, fill, size), document(3, fill, 10)],
            ..batch(1 + place as u64)
        };
        store.commit(&rows).unwrap();
        for row in &rows.documents {
            assert!(store.document(row.document).unwrap().as_ref() == Some(row), "{size}: {row:?}");
        }
        assert_eq!(store.documents_after(None, 10).unwrap().len(), 3, "{size}");
    }
}

fn paging(store: &dyn DocumentStore) {
    let documents: Vec<_> = (1..=9).rev().map(|number| document(number, number, 20_000)).collect();
    store.commit(&Batch { documents, ..batch(1) }).unwrap();
    let (mut seen, mut after) = (vec![], None);
    loop {
        let page = store.documents_after(after, 4).unwrap();
        assert!(page.len() <= 4);
        let Some(last) = page.last() else { break };
        after = Some(last.document);
        seen.extend(page.into_iter().map(|head| head.document));
    }
    assert_eq!(seen, (1..=9).map(id).collect::<Vec<_>>());
}

fn history(store: &dyn DocumentStore) {
    // Position 300 sorts before 4 if numbers were not stored big end first; 4 releases work held from 2 and 3.
    let rows = vec![
        history_row(1, 4, 2, 0),
        history_row(1, 4, 3, 1),
        history_row(1, 4, 3, 2),
        history_row(1, 9, 9, 0),
        history_row(1, 300, 300, 7),
    ];
    let mut mixed = rows.clone();
    mixed.reverse();
    mixed.push(history_row(2, 4, 4, 0));
    mixed.push(history_row(0, 4, 4, 0));
    store.commit(&Batch { history: mixed, ..batch(300) }).unwrap();
    let get = |after, up_to, limit| store.history(id(1), Position(after), Position(up_to), limit).unwrap();
    assert_eq!(get(0, u64::MAX, 100), rows);
    assert_eq!(get(0, u64::MAX, 1), rows[..3], "a position is not cut");
    assert_eq!(get(0, u64::MAX, 3), rows[..3]);
    assert_eq!(get(4, u64::MAX, 1), rows[3..4]);
    assert_eq!(get(0, 9, 100), rows[..4]);
    assert_eq!(get(0, 3, 100), []);
    assert_eq!(get(300, u64::MAX, 100), []);
    assert_eq!(get(0, u64::MAX, 0), []);
    assert_eq!(store.history_at(id(1), Position(4)).unwrap(), rows[..3]);
}

fn feed(store: &dyn DocumentStore) {
    let rows: Vec<_> = [(2, 1), (2, 2), (2, 200), (3, 1), (256, 1)]
        .into_iter()
        .map(|(position, number)| feed_row("site/GOG", position, number, FeedKind::Changes))
        .collect();
    let mut mixed = rows.clone();
    mixed.reverse();
    store.commit(&Batch { feed: mixed, ..batch(256) }).unwrap();
    let gogui = channel("site/GOG");
    let get = |after: FeedPlace, up_to, limit| store.feed(&gogui, after, Position(up_to), limit).unwrap();
    assert_eq!(get(Position::START.into(), u64::MAX, 100), rows);
    assert_eq!(get(Position(2).into(), u64::MAX, 100), rows[3..]);
    assert_eq!(get(Position::START.into(), 3, 100), rows[..4]);
    assert_eq!(get(Position(3).into(), 3, 100), []);
    let (mut seen, mut place) = (vec![], FeedPlace::from(Position::START));
    while let Some(row) = get(place, u64::MAX, 1).pop() {
        place = FeedPlace::from(&row);
        seen.push(row);
    }
    assert_eq!(seen, rows, "read one by one");
    // The same place again replaces the row.
    let left = feed_row("site/GOG", 3, 1, FeedKind::Left);
    store.commit(&Batch { feed: vec![left.clone()], ..batch(256) }).unwrap();
    assert_eq!(get(Position(2).into(), 3, 100), [left]);
}

fn channels_apart(store: &dyn DocumentStore) {
    let names = ["site/GO", "site/GOG", "site/GOGU", "s", "site/KAY"];
    let feed = names.iter().map(|name| feed_row(name, 5, 1, FeedKind::Entered)).collect();
    let channels: Vec<_> = names
        .iter()
        .zip(1_u64..)
        .map(|(name, documents)| (channel(name), ChannelState { documents, ..ChannelState::default() }))
        .collect();
    store.commit(&Batch { feed, channels: channels.clone(), ..batch(5) }).unwrap();
    for (name, state) in &channels {
        let rows = store.feed(name, Position::START.into(), END, 100).unwrap();
        assert_eq!(rows, [feed_row(name.as_str(), 5, 1, FeedKind::Entered)]);
        assert_eq!(store.channel(name).unwrap(), *state);
    }
    let mut sorted = channels;
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(store.channels().unwrap(), sorted);
}

fn repeated(store: &dyn DocumentStore) {
    let first = Batch { documents: vec![document(1, 1, 100)], history: vec![history_row(1, 4, 4, 0)], ..batch(4) };
    let second = Batch { documents: vec![document(1, 2, 100)], ..batch(6) };
    for rows in [&first, &first, &second, &second] {
        store.commit(rows).unwrap();
    }
    assert_eq!(store.history(id(1), Position::START, END, 10).unwrap().len(), 1);
    // Twice in one batch: the last counts, and nothing of the other stays.
    let twice = Batch { documents: vec![document(3, 1, 40_000), document(3, 2, 10)], ..batch(6) };
    store.commit(&twice).unwrap();
    assert_eq!(store.document(id(3)).unwrap().as_ref(), Some(&twice.documents[1]));
    let error = store.commit(&first).unwrap_err();
    assert_eq!(error.code(), "documents-out-of-order");
    assert_eq!(store.document(id(1)).unwrap().as_ref(), Some(&second.documents[0]));
    // A restored log continues under another id; whether it fits is for the hub to judge.
    let mut other = batch(2);
    other.applied_to.log_id = LogId::new([2; 16]);
    store.commit(&other).unwrap();
    assert_eq!(store.applied_to().unwrap(), Some(other.applied_to));
}

fn too_large(store: &dyn DocumentStore) {
    let form = document(2, 2, limits::DOCUMENT_FORM_BYTES_MAX + 1);
    let key = DocumentRow { wrapped_key: vec![0; limits::DOCUMENT_WRAPPED_KEY_BYTES_MAX + 1], ..document(2, 2, 1) };
    let many = vec![channel("site/GOG"); limits::DOCUMENT_CHANNELS_MAX + 1];
    let channels = DocumentRow { channels: many, ..document(2, 2, 1) };
    for row in [form, key, channels] {
        let rows = Batch { documents: vec![document(1, 1, 1), row], ..batch(1) };
        assert_eq!(store.commit(&rows).unwrap_err().code(), "documents-too-large");
    }
    let runs = vec![(0, 1); limits::HISTORY_RUNS_MAX + 1];
    let rows = Batch { history: vec![HistoryRow { runs, ..history_row(1, 1, 1, 0) }], ..batch(1) };
    assert_eq!(store.commit(&rows).unwrap_err().code(), "documents-too-large");
    assert_eq!(store.documents_after(None, 10).unwrap(), vec![]);
    assert_eq!(store.applied_to().unwrap(), None);
}

fn whole_batches(store: &dyn DocumentStore) {
    const ROUNDS: u8 = 60;
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            loop {
                let Some(row) = store.document(id(1)).unwrap() else { continue };
                let fill = row.wrapped_key[0];
                let whole = row.sealed_form.iter().chain(&row.sealed_projection).all(|byte| *byte == fill);
                assert!(whole, "a form of two states at {}", row.changed_at);
                assert!(store.applied_to().unwrap().is_some());
                if fill == ROUNDS {
                    break;
                }
            }
        });
        for fill in 1..=ROUNDS {
            let size = 1_000 + usize::from(fill % 7) * 9_000;
            store.commit(&Batch { documents: vec![document(1, fill, size)], ..batch(u64::from(fill)) }).unwrap();
        }
        reader.join().unwrap();
    });
}
