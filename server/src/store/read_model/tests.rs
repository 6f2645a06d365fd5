//! The read model follows the log, answers with positions, and forgets old versions.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use sync_protocol::ids::{ActorPrefix, Channel, DocumentId, Hash, Millis, SiteCode};

use super::*;

mod sights;

/// What the hub holds, for a model to fill itself from.
#[derive(Default)]
struct Hub {
    position: Position,
    documents: BTreeMap<DocumentId, DocumentUpdate>,
    receipts: Vec<ReceiptUpdate>,
    held: Vec<HeldUpdate>,
    fails: bool,
    failures: u32,
}

#[derive(Clone, Default)]
struct SharedHub {
    hub: Arc<Mutex<Hub>>,
    /// When there is one, reading documents first says that it has come here, then waits for the other end to go.
    gate: Option<Arc<Mutex<Gate>>>,
}

type Gate = (mpsc::Sender<()>, mpsc::Receiver<()>);

/// A hub whose documents are read only after the second is dropped; the first tells that the model waits for them.
fn gated_hub() -> (SharedHub, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let ((come, has_come), (open, opened)) = (mpsc::channel(), mpsc::channel());
    let gate = Some(Arc::new(Mutex::new((come, opened))));
    (SharedHub { gate, ..SharedHub::default() }, has_come, open)
}

impl SharedHub {
    fn lock(&self) -> MutexGuard<'_, Hub> {
        self.hub.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records as the hub does: into the store first; what is returned is for the model.
    fn record(&self, updates: Vec<Update>, up_to: u64) -> UpdateBatch {
        let mut hub = self.lock();
        hub.position = Position(up_to);
        for update in &updates {
            match update.clone() {
                Update::Document(document) => drop(hub.documents.insert(document.document, *document)),
                Update::Receipt(receipt) => hub.receipts.push(receipt),
                Update::Held(held) => hub.held.push(held),
                Update::Decided { document, lease, .. } => {
                    hub.held.retain(|held| held.document != document || held.lease != lease);
                }
                Update::Placed(_) => {}
            }
        }
        UpdateBatch { up_to: Position(up_to), updates }
    }
}

impl Source for SharedHub {
    fn position(&self) -> Result<Position, SourceError> {
        let mut hub = self.lock();
        hub.failures += u32::from(hub.fails);
        if hub.fails { Err(SourceError("the disk is away".into())) } else { Ok(hub.position) }
    }

    fn documents(
        &self,
        after: Option<DocumentId>,
        changed_after: Position,
        _: usize,
    ) -> Result<DocumentPage, SourceError> {
        if let Some(gate) = &self.gate {
            let gate = gate.lock().unwrap();
            gate.0.send(()).ok();
            gate.1.recv().ok();
        }
        // Two by two, so that there are pages.
        let hub = self.lock();
        let looked: Vec<_> = hub.documents.values().filter(|d| Some(d.document) > after).take(2).collect();
        let next = looked.last().map(|document| document.document);
        let documents = looked.into_iter().filter(|d| d.position > changed_after).cloned().collect();
        Ok(DocumentPage { documents, next })
    }

    fn receipts(&self, after: Position, limit: usize) -> Result<Vec<ReceiptUpdate>, SourceError> {
        Ok(self.lock().receipts.iter().filter(|receipt| receipt.position > after).take(limit).cloned().collect())
    }

    fn held(&self) -> Result<Vec<HeldUpdate>, SourceError> {
        Ok(self.lock().held.clone())
    }
}

fn id(number: u8) -> DocumentId {
    DocumentId::new([number; 16])
}

fn site(code: &str) -> SiteCode {
    SiteCode::new(code).unwrap()
}

fn value(value: Value) -> Value {
    json!({ "value": value, "at": 0, "by": "00" })
}

/// A case as a projection shows it.
fn case_json(given: &str, site: &str, sex: &str) -> Value {
    json!({
        "kind": "case",
        "version": 1,
        "groups": {
            "card": { "code": value(json!(format!("{site}-24-K7-0042-T"))), "site": value(json!(site)) },
            "identity": {
                "given": value(json!(given)),
                "family": value(json!("Traoré")),
                "called": value(json!("Vieux")),
                "sex": value(json!(sex)),
                "father": { "value": { "state": "refused" }, "at": 0, "by": "00" },
            },
            "birth": { "date": value(json!({ "precision": "year", "value": "1991", "source": "declared" })) },
            "journey": { "last_country": value(json!("DZA")) },
            "arrivals": [
                { "entry": "a", "standing": "stands", "fields": { "on": value(json!("2024-04-30")),
                  "category": value(json!("expulsion")) } },
                { "entry": "b", "standing": "voided", "fields": { "on": value(json!("2024-05-01")) } },
            ],
            "urgent": { "medical": value(json!(true)) },
        },
        "derived": { "consent": [], "outcome": { "step": "present", "stopped": false, "side_by_side": [] } },
        "flags": [],
        "unknown": [],
    })
}

fn document(number: u8, position: u64, kind: u8, projection: Value) -> DocumentUpdate {
    DocumentUpdate {
        position: Position(position),
        document: id(number),
        kind,
        created: None,
        projection,
        conflicts: json!([]),
        channels: vec![Channel::site(&site("GOG"))],
    }
}

fn case(number: u8, position: u64, given: &str) -> Update {
    Update::Document(Box::new(document(number, position, 1, case_json(given, "GOG", "f"))))
}

fn receipt(position: u64) -> ReceiptUpdate {
    ReceiptUpdate {
        position: Position(position),
        at: Millis(1_000 * i64::try_from(position).unwrap()),
        user: "agent GOG-1".into(),
        site: Some(site("GOG")),
        documents: 1,
        fates: BTreeMap::from([("applied".into(), 3), ("held".into(), 1)]),
        manifest: Hash::new([9; 32]),
    }
}

fn held(number: u8, position: u64) -> HeldUpdate {
    let (position, document) = (Position(position), id(number));
    HeldUpdate { position, document, lease: "lease-1".into(), reason: "scope.outside".into() }
}

async fn reaches(model: &ReadModel, position: u64) -> Progress {
    let mut progress = model.progress();
    *progress.wait_for(|now| now.ready && now.as_of >= Position(position)).await.unwrap()
}

/// A model that has taken in what is given, each update as the group of its own position.
async fn model_with(hub: &SharedHub, batches: Vec<(Vec<Update>, u64)>) -> ReadModel {
    let model = ReadModel::start(hub.clone()).unwrap();
    reaches(&model, 0).await;
    let last = batches.last().map_or(0, |(_, up_to)| *up_to);
    for (updates, up_to) in batches {
        model.follow(hub.record(updates, up_to));
    }
    reaches(&model, last).await;
    model
}

fn names(page: &CasePage) -> Vec<String> {
    page.cases.iter().map(|case| case.name.clone().unwrap_or_default()).collect()
}

#[tokio::test]
async fn it_follows_and_says_as_of_which_position() {
    let hub = SharedHub::default();
    let model = model_with(&hub, vec![(vec![case(1, 3, "Awa")], 3), (vec![case(2, 5, "Moussa")], 6)]).await;
    let page = model.cases(CaseFilter::default(), Channels::All).await.unwrap();
    assert_eq!(page.as_of, Position(6));
    assert_eq!(names(&page), ["Moussa Traoré", "Awa Traoré"]);
    let row = &page.cases[1];
    assert_eq!(row.code.as_deref(), Some("GOG-24-K7-0042-T"));
    assert_eq!((row.sex.as_deref(), row.site.as_deref()), (Some("f"), Some("GOG")));
    let birth = row.birth.as_ref().unwrap();
    assert_eq!((birth.precision.as_str(), birth.value.as_str(), birth.as_of.as_deref()), ("year", "1991", None));
    assert_eq!((row.status.as_deref(), row.country.as_deref()), (Some("present"), Some("DZA")));
    assert_eq!((row.arrived.as_deref(), row.category.as_deref()), (Some("2024-04-30"), Some("expulsion")));
    assert_eq!((row.urgent.as_slice(), row.conflicts), (["medical".to_owned()].as_slice(), 0));
    assert_eq!((row.created, row.changed), (Position(3), Position(3)));
}

#[tokio::test]
async fn what_was_known_earlier_can_be_asked() {
    let hub = SharedHub::default();
    let batches = vec![(vec![case(1, 3, "Awa")], 3), (vec![case(1, 5, "Hawa")], 5), (vec![case(2, 7, "Moussa")], 7)];
    let model = model_with(&hub, batches).await;
    for (at, expected) in [(2, vec![]), (3, vec!["Awa Traoré"]), (4, vec!["Awa Traoré"]), (6, vec!["Hawa Traoré"])] {
        let page =
            model.cases(CaseFilter { at: Some(Position(at)), ..CaseFilter::default() }, Channels::All).await.unwrap();
        assert_eq!((page.as_of, names(&page)), (Position(at), expected.into_iter().map(str::to_owned).collect()));
        assert_eq!(model.counts(Some(Position(at)), Sight::everything()).await.unwrap().cases, u64::from(at > 2));
    }
    let now = model.case(id(1), None).await.unwrap().unwrap();
    let version = |from, to: Option<u64>| Version { from: Position(from), to: to.map(Position) };
    assert_eq!(now.versions, [version(3, Some(5)), version(5, None)]);
    assert_eq!((now.as_of, now.case.created, now.case.changed), (Position(7), Position(3), Position(5)));
    assert_eq!(now.projection, case_json("Hawa", "GOG", "f"));
    assert_eq!(now.channels, ["site/GOG"]);
    let then = model.case(id(1), Some(Position(4))).await.unwrap().unwrap();
    assert_eq!((then.case.name.as_deref(), then.versions), (Some("Awa Traoré"), vec![version(3, None)]));
    assert!(model.case(id(1), Some(Position(2))).await.unwrap().is_none());
    assert!(model.case(id(9), None).await.unwrap().is_none());
    assert_eq!(model.counts(Some(Position(8)), Sight::everything()).await.unwrap_err().code(), "read-model-not-yet");
}

#[tokio::test]
async fn it_fills_itself_and_does_not_answer_about_the_time_before() {
    let hub = SharedHub::default();
    let updates = (1..=5).map(|number| case(number, u64::from(number), "Awa")).collect();
    hub.record(updates, 5);
    hub.record(vec![Update::Receipt(receipt(5)), Update::Held(held(1, 4))], 9);
    let model = model_with(&hub, vec![]).await;
    let progress = reaches(&model, 9).await;
    assert_eq!((progress.as_of, progress.since), (Position(9), Position(9)));
    let counts = model.counts(None, Sight::everything()).await.unwrap();
    assert_eq!((counts.as_of, counts.cases, counts.receipts, counts.held), (Position(9), 5, 1, 1));
    assert_eq!(model.counts(Some(Position(8)), Sight::everything()).await.unwrap_err().code(), "read-model-too-early");
    model.follow(hub.record(vec![case(1, 10, "Hawa")], 10));
    reaches(&model, 10).await;
    let then = model.case(id(1), Some(Position(9))).await.unwrap().unwrap();
    assert_eq!(then.case.name.as_deref(), Some("Awa Traoré"));
}

#[tokio::test]
async fn what_is_told_twice_or_late_changes_nothing() {
    let hub = SharedHub::default();
    let late = case(1, 3, "Awa");
    let twice = case(1, 5, "Hawa");
    let batches = vec![(vec![late.clone(), twice.clone()], 5), (vec![twice], 6), (vec![late], 7)];
    let model = model_with(&hub, batches).await;
    let now = model.case(id(1), None).await.unwrap().unwrap();
    assert_eq!(now.case.name.as_deref(), Some("Hawa Traoré"));
    assert_eq!(now.versions.len(), 2);
    assert_eq!(
        model.counts(None, Sight::everything()).await.unwrap().documents_by_kind,
        BTreeMap::from([("1".into(), 1)])
    );
}

#[tokio::test]
async fn left_behind_it_says_so_and_catches_up() {
    let (hub, has_come, open) = gated_hub();
    let model = ReadModel::start(hub.clone()).unwrap();
    has_come.recv().unwrap();
    // Recording goes on and never waits.
    let groups = limits::READ_MODEL_UPDATES_WAITING_MAX as u64 + 50;
    for position in 1..=groups {
        let number = u8::try_from(position % 5).unwrap();
        model.follow(hub.record(vec![case(number, position, &format!("Nr{position}"))], position));
    }
    let error = model.counts(None, Sight::everything()).await.unwrap_err();
    assert_eq!(error.code(), "read-model-catching-up");
    assert!(model.shared.behind.load(Ordering::SeqCst), "more than fits was told");
    drop(open);
    let progress = reaches(&model, groups).await;
    assert_eq!(progress.as_of, Position(groups));
    let expected: Vec<String> = (0..5).map(|back| format!("Nr{} Traoré", groups - back)).collect();
    let mut found = names(&model.cases(CaseFilter::default(), Channels::All).await.unwrap());
    found.sort_by(|a, b| b.cmp(a));
    assert_eq!(found, expected, "the last state of every document");
    assert_eq!(model.counts(Some(Position(3)), Sight::everything()).await.unwrap_err().code(), "read-model-too-early");
    model.follow(hub.record(vec![case(9, groups + 1, "Awa")], groups + 1));
    reaches(&model, groups + 1).await;
    assert_eq!(model.counts(None, Sight::everything()).await.unwrap().cases, 6);
}

#[tokio::test]
async fn what_came_in_while_it_was_filled_is_shown_when_it_is_whole() {
    let (hub, has_come, open) = gated_hub();
    hub.record(vec![case(1, 1, "Awa"), case(2, 2, "Moussa")], 2);
    let model = ReadModel::start(hub.clone()).unwrap();
    let mut progress = model.progress();
    has_come.recv().unwrap();
    // Recorded while the thread reads: into the store, not yet told.
    let told = hub.record(vec![case(1, 3, "Hawa"), case(3, 3, "Issa")], 3);
    drop(open);
    let now = *progress.wait_for(|now| now.as_of == Position(2)).await.unwrap();
    assert!(!now.ready, "of position 2 it no longer has all");
    model.follow(told);
    let now = *progress.wait_for(|now| now.ready).await.unwrap();
    assert_eq!(now.as_of, Position(3));
    let page = model.cases(CaseFilter::default(), Channels::All).await.unwrap();
    let mut found = names(&page);
    found.sort();
    assert_eq!(found, ["Hawa Traoré", "Issa Traoré", "Moussa Traoré"]);
}

#[tokio::test]
async fn a_source_that_fails_is_tried_again_when_somebody_asks() {
    let hub = SharedHub::default();
    hub.record(vec![case(1, 1, "Awa")], 1);
    hub.lock().fails = true;
    let model = ReadModel::start(hub.clone()).unwrap();
    while hub.lock().failures == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(model.counts(None, Sight::everything()).await.unwrap_err().code(), "read-model-catching-up");
    hub.lock().fails = false;
    while model.counts(None, Sight::everything()).await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(model.counts(None, Sight::everything()).await.unwrap().cases, 1);
}

#[tokio::test]
async fn cases_are_filtered_and_paged() {
    let hub = SharedHub::default();
    let kayes = |number, position, given| {
        Update::Document(Box::new(document(number, position, 1, case_json(given, "KAY", "m"))))
    };
    // Two of one entry, so that a page may end inside a position.
    let updates = vec![case(1, 1, "Awa"), case(2, 2, "Áwa Fatou"), case(3, 2, "Moussa"), kayes(4, 3, "AWA")];
    let model = model_with(&hub, vec![(updates, 3)]).await;
    let found = async |text: &str, code: Option<&str>| {
        let filter = CaseFilter { text: Some(text.into()), site: code.map(site), ..CaseFilter::default() };
        names(&model.cases(filter, Channels::All).await.unwrap())
    };
    assert_eq!(found("awa", None).await, ["AWA Traoré", "Áwa Fatou Traoré", "Awa Traoré"]);
    assert_eq!(found("TRAORE áwa", Some("GOG")).await, ["Áwa Fatou Traoré", "Awa Traoré"]);
    assert_eq!(found("kay-24", None).await, ["AWA Traoré"]);
    assert_eq!(found("vieux", None).await.len(), 4);
    assert_eq!(found("%", None).await, [""; 0]);
    let (mut seen, mut cursor) = (vec![], None);
    loop {
        let filter = CaseFilter { cursor, limit: Some(1), ..CaseFilter::default() };
        let page = model.cases(filter, Channels::All).await.unwrap();
        assert_eq!(page.cases.len(), 1);
        seen.extend(names(&page));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["AWA Traoré", "Moussa Traoré", "Áwa Fatou Traoré", "Awa Traoré"]);
    for wrong in ["", "x", "1", "1.x", "' OR 1=1"] {
        let filter = CaseFilter { cursor: Some(wrong.into()), ..CaseFilter::default() };
        assert_eq!(model.cases(filter, Channels::All).await.err().unwrap().code(), "read-model-cursor");
    }
}

#[tokio::test]
async fn a_conflict_stands_until_it_is_decided_and_keeps_its_beginning() {
    let hub = SharedHub::default();
    let with = |position, paths: &[&str]| {
        let conflicts: Vec<Value> = paths
            .iter()
            .map(|path| json!({ "path": path, "label": { "fr": "x", "en": "y" }, "values": [{ "value": 1 }, { "value": 2 }] }))
            .collect();
        let update = document(1, position, 1, case_json("Awa", "GOG", "f"));
        Update::Document(Box::new(DocumentUpdate { conflicts: json!(conflicts), ..update }))
    };
    let batches = vec![
        (vec![with(2, &["identity.given"])], 2),
        (vec![with(4, &["identity.given", "birth.date"])], 4),
        (vec![with(6, &["birth.date"])], 6),
    ];
    let model = model_with(&hub, batches).await;
    let at = async |position: u64| {
        let page = model.conflicts(Some(site("GOG")), Some(Position(position)), None, Channels::All).await.unwrap();
        assert_eq!(page.total, page.conflicts.len() as u64);
        let counts = model.counts(Some(Position(position)), Sight::everything()).await.unwrap();
        assert_eq!(counts.conflicts, page.total);
        page.conflicts.into_iter().map(|row| (row.path, row.since.0)).collect::<Vec<_>>()
    };
    assert_eq!(at(1).await, []);
    assert_eq!(at(3).await, [("identity.given".to_owned(), 2)]);
    assert_eq!(at(4).await, [("identity.given".to_owned(), 2), ("birth.date".to_owned(), 4)]);
    assert_eq!(at(6).await, [("birth.date".to_owned(), 4)]);
    let detail = model.case(id(1), None).await.unwrap().unwrap();
    assert_eq!((detail.case.conflicts, detail.conflicts.len()), (1, 1));
    assert_eq!(detail.conflicts[0].values.as_array().unwrap().len(), 2);
    assert_eq!(detail.conflicts[0].label["fr"], "x");
    assert_eq!(model.conflicts(Some(site("KAY")), None, None, Channels::All).await.unwrap().total, 0);
}

#[tokio::test]
async fn figures_by_site_sex_kind_and_movement() {
    let hub = SharedHub::default();
    let trip = json!({
        "groups": {
            "trip": { "direction": value(json!("in")), "to_site": value(json!("GOG")) },
            "announced": { "men": value(json!(102)), "women": value(json!(75)) },
            "expected": { "a": value(json!(true)), "b": value(json!(true)) },
            "arrived": { "a": value(json!(true)) },
        },
        "derived": { "counted": { "men": 100, "women": 77, "boys": 1 } },
    });
    let kayes = document(4, 3, 1, case_json("Issa", "KAY", "m"));
    let nowhere = document(5, 3, 1, json!({ "groups": {} }));
    let annex_conflict = json!([{ "path": "codes.x.details", "values": [1, 2] }]);
    let annex = DocumentUpdate { conflicts: annex_conflict, ..document(7, 3, 4, json!({ "groups": {} })) };
    let updates = [kayes, nowhere, document(6, 3, 2, trip), annex].map(|update| Update::Document(Box::new(update)));
    let first = vec![case(1, 1, "Awa"), case(2, 1, "Fatou")];
    let model = model_with(&hub, vec![(first, 1), (updates.to_vec(), 3)]).await;
    let counts = model.counts(None, Sight::everything()).await.unwrap();
    let map = |pairs: &[(&str, u64)]| pairs.iter().map(|(key, count)| ((*key).to_owned(), *count)).collect();
    assert_eq!(counts.documents_by_kind, map(&[("1", 4), ("2", 1), ("4", 1)]));
    assert_eq!(counts.cases, 4);
    // The one that names no site counts where its channel is.
    assert_eq!(counts.cases_by_site, map(&[("GOG", 3), ("KAY", 1)]));
    assert_eq!(counts.cases_by_sex, map(&[("", 1), ("f", 2), ("m", 1)]));
    assert_eq!(counts.cases_by_status, map(&[("", 1), ("present", 3)]));
    let movements = MovementCounts { movements: 1, announced: 177, counted: 178, expected: 2, boarded: 0, arrived: 1 };
    assert_eq!(counts.movements, movements);
    assert_eq!(counts.conflicts, 0, "what an annex says is not shown here");
    assert_eq!(
        model.counts(Some(Position(2)), Sight::everything()).await.unwrap().movements,
        MovementCounts::default()
    );
}

#[tokio::test]
async fn receipts_arrivals_and_held_work() {
    let hub = SharedHub::default();
    let first = vec![case(1, 1, "Awa"), Update::Receipt(receipt(1))];
    let second = vec![Update::Receipt(receipt(2)), Update::Held(held(1, 2)), Update::Held(held(2, 3))];
    let (position, lease) = (Position(5), "lease-1".into());
    let decided = Update::Decided { position, held: Position(2), document: id(1), lease };
    let batches =
        vec![(first, 1), (second, 3), (vec![case(1, 4, "Hawa"), Update::Receipt(receipt(4))], 4), (vec![decided], 5)];
    let model = model_with(&hub, batches).await;
    let page = model.receipts(None, Some(2), Only::All).await.unwrap();
    assert_eq!((page.as_of, page.next), (Position(5), Some(Position(2))));
    assert_eq!(page.receipts.iter().map(|row| row.position.0).collect::<Vec<_>>(), [4, 2]);
    let page = model.receipts(page.next, Some(2), Only::All).await.unwrap();
    assert_eq!((page.receipts.len(), page.receipts[0].position, page.next), (1, Position(1), None));
    let row = model.receipt(Position(1), Only::All).await.unwrap().unwrap();
    assert_eq!((row.user.as_str(), row.site.as_deref(), row.at), ("agent GOG-1", Some("GOG"), Millis(1_000)));
    assert_eq!((row.fates["applied"], row.manifest), (3, Hash::new([9; 32]).to_string()));
    assert!(model.receipt(Position(3), Only::All).await.unwrap().is_none());
    let arrivals = model.arrivals(None, Channels::All).await.unwrap().arrivals;
    assert_eq!(arrivals.len(), 1);
    assert_eq!((arrivals[0].at, arrivals[0].case.changed), (Some(Millis(1_000)), Position(4)), "came in once");
    let waiting = async |at| model.counts(Some(Position(at)), Sight::everything()).await.unwrap().held;
    assert_eq!((waiting(4).await, waiting(5).await), (2, 1), "one was decided at 5");
}

fn at(position: u64) -> Moment {
    Moment { at: Position(position), now: Position(position) }
}

#[test]
fn old_versions_are_dropped_together_with_the_right_to_ask() {
    let mut model = Model::new().unwrap();
    for position in 1..=10 {
        let batch = UpdateBatch { up_to: Position(position), updates: vec![case(1, position, "Awa")] };
        model.apply(&batch).unwrap();
    }
    model.forget_before_median(9).unwrap();
    assert_eq!(model.progress.since, Position(6));
    let detail = query::case(&model.db, at(6), id(1)).unwrap().unwrap();
    assert_eq!(detail.versions[0].from, Position(6));
    assert!(query::case(&model.db, at(10), id(1)).unwrap().is_some());
}

#[test]
fn nothing_of_it_is_on_a_disk() {
    let model = Model::new().unwrap();
    let file: String = model.db.query_row("PRAGMA database_list", [], |row| row.get(2)).unwrap();
    let store: i64 = model.db.query_row("PRAGMA temp_store", [], |row| row.get(0)).unwrap();
    let secure: i64 = model.db.query_row("PRAGMA secure_delete", [], |row| row.get(0)).unwrap();
    assert_eq!((file.as_str(), store, secure), ("", 2, 1));
}
