//! Promises 1 and 4, with the real binary: it is killed (SIGKILL) again and again while several devices push over
//! HTTP, its derived documents are deleted and damaged in between, and nothing that was receipted is missing.
//!
//! Everything that is drawn follows from one seed; when exactly a kill meets the hub does not.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use segin::hub_process::HubProcess;
use segin::random::SeededRandom;
use segin::sample::People;
use segin::serve::folder::DOCUMENTS;
use segin::store::documents::DocumentStore;
use segin_tests::audit::Audit;
use segin_tests::http::Http;
use segin_tests::process::Place;
use segin_tests::raw::{Changed, NoAnswer, RawDevice};
use sync_protocol::documents::{Edit, Kind, Value};
use sync_protocol::ids::{ChangeHash, DocumentId, Hash, Position, SiteCode};
use sync_protocol::wire::answer::{Fate, ParcelReceipt, Receipt};
use sync_protocol::wire::parcel::Parcel;

const SEED: u64 = 20_240_430;
/// Devices that push at once.
const WRITERS: u64 = 4;
/// Kills of a hub that answers.
const KILLS: usize = 26;
/// Kills of a hub that is still starting, besides.
const KILLS_AT_START: usize = 6;
/// Receipts after which a kill may come, at most; at least one.
const RECEIPTS_BETWEEN: u64 = 12;
/// No progress within this: the hub hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// A receipt as a device keeps it, with what it was for.
struct Kept {
    parcel: Hash,
    position: Position,
    documents: BTreeMap<DocumentId, Vec<ChangeHash>>,
}

/// What a receipt says of the log as a whole.
struct Seen {
    head: Position,
    chain: Hash,
    copied_to: Position,
}

/// What writers and killer share.
struct Shared {
    hub: Mutex<Running>,
    again: Condvar,
    enough: AtomicBool,
    progress: Sender<()>,
}

/// The hub that runs, or did last.
#[derive(Clone)]
struct Running {
    /// Counts the starts.
    number: usize,
    address: String,
}

impl Shared {
    fn runs(&self, hub: &HubProcess) {
        let mut running = self.hub.lock().unwrap();
        *running = Running { number: running.number + 1, address: hub.address().to_owned() };
        self.again.notify_all();
    }

    /// Where the hub is, once another one runs than the one of this number.
    fn after(&self, number: usize) -> Running {
        let running = self.hub.lock().unwrap();
        let (running, _) =
            self.again.wait_timeout_while(running, PATIENCE, |running| running.number == number).unwrap();
        assert_ne!(running.number, number, "the hub did not come back");
        running.clone()
    }
}

/// A device that records and pushes without end.
struct Writer {
    device: RawDevice,
    http: Http,
    /// Where it has sent last.
    hub: Running,
    people: People,
    random: SeededRandom,
    shared: Arc<Shared>,
    cases: Vec<DocumentId>,
    sent: Vec<(Parcel, BTreeMap<DocumentId, Vec<ChangeHash>>)>,
    kept: Vec<Kept>,
    seen: Vec<Seen>,
    /// Exchanges whose answer did not come.
    lost: usize,
}

impl Writer {
    /// Records a few things, sends them until there are receipts, and again.
    fn run(mut self) -> Self {
        while !self.shared.enough.load(Ordering::SeqCst) {
            let parcels: Vec<_> = (0..=self.random.below(2)).map(|_| self.record()).collect();
            self.push(&parcels);
            if self.random.below(8) == 0 {
                let again = self.sent[usize::try_from(self.random.below(self.sent.len() as u64)).unwrap()].clone();
                self.push(&[again]);
            }
        }
        self
    }

    /// One parcel: new cases, or edits of own ones.
    fn record(&mut self) -> (Parcel, BTreeMap<DocumentId, Vec<ChangeHash>>) {
        let mut changed: BTreeMap<DocumentId, Vec<Changed>> = BTreeMap::new();
        for _ in 0..=self.random.below(3) {
            let known = self.random.below(self.cases.len() as u64 + 3);
            let (case, edits) = match self.cases.get(usize::try_from(known).unwrap()) {
                Some(case) => {
                    let name = format!("Awa {}", self.random.below(1_000_000));
                    let edit = Edit::Set { field: "identity.given".into(), value: Value::Text(name).into() };
                    (*case, vec![edit])
                }
                None => {
                    let case = self.device.new_document();
                    self.cases.push(case);
                    let who = self.people.who();
                    (case, self.people.intake(who))
                }
            };
            let change = self.device.edit(case, Kind::Case, &edits);
            changed.entry(case).or_default().push(change);
        }
        let hashes = |changes: &Vec<Changed>| changes.iter().map(|(_, hash)| *hash).collect();
        let documents = changed.iter().map(|(case, changes)| (*case, hashes(changes))).collect();
        let parts: Vec<_> = changed.into_iter().map(|(case, changes)| (case, changes, None)).collect();
        (self.device.parcel(&parts), documents)
    }

    /// Sends until an answer comes; after a cut perhaps in another grouping.
    fn push(&mut self, parcels: &[(Parcel, BTreeMap<DocumentId, Vec<ChangeHash>>)]) {
        let mut rest = parcels;
        let mut together = rest.len();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(together);
            let request = self.device.request(now.iter().map(|(parcel, _)| parcel.clone()).collect());
            match self.device.ask(&mut self.http, &request) {
                Ok((receipt, _)) => {
                    self.keep(now, &receipt);
                    rest = later;
                    together = rest.len();
                }
                // The hub was killed: the same again to the next one.
                Err(NoAnswer::Link(_)) => {
                    self.lost += 1;
                    self.hub = self.shared.after(self.hub.number);
                    self.http.move_to(&self.hub.address);
                    together = rest.len().min(1 + usize::try_from(self.random.below(3)).unwrap());
                }
                Err(NoAnswer::Refused(status, body)) => panic!("the hub answered {status}: {body}"),
            }
        }
    }

    fn keep(&mut self, parcels: &[(Parcel, BTreeMap<DocumentId, Vec<ChangeHash>>)], receipt: &Receipt) {
        assert_eq!(receipt.log, self.device.log);
        assert_eq!(receipt.parcels.len(), parcels.len());
        if let Some(before) = self.seen.last() {
            assert!(before.head <= receipt.head, "the log went back");
        }
        for ((parcel, documents), fate) in parcels.iter().zip(&receipt.parcels) {
            assert_eq!(fate.manifest, parcel.hash());
            all_applied(fate, documents.values().map(Vec::len));
            let position = fate.position.expect("what is applied has a position");
            if let Some(before) = self.kept.iter().find(|kept| kept.parcel == fate.manifest) {
                assert_eq!(before.position, position, "sent again, it stands where it stood");
            } else {
                self.sent.push((parcel.clone(), documents.clone()));
                self.kept.push(Kept { parcel: fate.manifest, position, documents: documents.clone() });
            }
        }
        self.seen.push(Seen { head: receipt.head, chain: receipt.chain, copied_to: receipt.copied_to });
        let _ = self.shared.progress.send(());
    }
}

fn all_applied(receipt: &ParcelReceipt, counts: impl Iterator<Item = usize>) {
    for (document, count) in receipt.documents.iter().zip(counts) {
        let applied = document.runs.iter().filter(|run| run.fate == Fate::Applied);
        assert_eq!(applied.map(|run| usize::from(run.count)).sum::<usize>(), count, "{receipt:?}");
    }
}

/// What happens to the derived documents between two starts.
fn damage(documents: &Path, random: &mut SeededRandom) {
    let db = documents.join("db");
    match random.below(6) {
        0 => fs::remove_dir_all(documents).unwrap(),
        1 => {
            let file = fs::OpenOptions::new().write(true).open(&db).unwrap();
            let bytes = file.metadata().unwrap().len();
            file.set_len(random.below(bytes)).unwrap();
        }
        2 => {
            let mut bytes = fs::read(&db).unwrap();
            for _ in 0..8 {
                let at = usize::try_from(random.below(bytes.len() as u64)).unwrap();
                bytes[at] ^= 0x55;
            }
            fs::write(&db, bytes).unwrap();
        }
        _ => {}
    }
}

fn start_writers(place: &Place, progress: Sender<()>) -> (Arc<Shared>, Vec<JoinHandle<Writer>>) {
    let hub = place.start();
    let shared = Arc::new(Shared {
        hub: Mutex::new(Running { number: 1, address: hub.address().to_owned() }),
        again: Condvar::new(),
        enough: AtomicBool::new(false),
        progress,
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let invitations = runtime.block_on(async {
        hub.add_site("GOG", "Gogui", "Kayes").await.unwrap();
        let user = hub.add_user("Awa", &[SiteCode::new("GOG").unwrap()]).await.unwrap();
        let mut invitations = Vec::new();
        for _ in 0..=WRITERS {
            invitations.push(hub.invite(user).await.unwrap());
        }
        invitations
    });
    let writers: Vec<Writer> = (0..WRITERS)
        .zip(invitations)
        .map(|(number, invitation)| {
            let mut http = Http::to(hub.address());
            let device = RawDevice::enrol(&mut http, &invitation, SEED + number).unwrap();
            Writer {
                device,
                http,
                hub: shared.hub.lock().unwrap().clone(),
                people: People::new(SEED + number, 2024),
                random: SeededRandom::new(SEED ^ number),
                shared: Arc::clone(&shared),
                cases: Vec::new(),
                sent: Vec::new(),
                kept: Vec::new(),
                seen: Vec::new(),
                lost: 0,
            }
        })
        .collect();
    // The first death comes before anybody has sent anything.
    hub.kill().unwrap();
    (shared, writers.into_iter().map(|writer| thread::spawn(move || writer.run())).collect())
}

fn kill_again_and_again(place: &Place, shared: &Shared, progress: &Receiver<()>) {
    let mut random = SeededRandom::new(SEED);
    let documents = place.data().join(DOCUMENTS);
    for round in 0..KILLS {
        if round % (KILLS / KILLS_AT_START) == 0 {
            let mut starting = place.spawn();
            // A random moment of its start; there is nothing to wait for.
            thread::sleep(Duration::from_micros(random.below(60_000)));
            starting.kill().unwrap();
            starting.wait().unwrap();
        }
        let hub = place.start();
        shared.runs(&hub);
        while progress.try_recv().is_ok() {}
        for _ in 0..=random.below(RECEIPTS_BETWEEN) {
            progress.recv_timeout(PATIENCE).expect("the hub receipts");
        }
        // A random moment of a group: some ten milliseconds pass between two receipts.
        thread::sleep(Duration::from_micros(random.below(10_000)));
        hub.kill().unwrap();
        damage(&documents, &mut random);
    }
}

#[test]
fn a_hub_killed_again_and_again_loses_nothing_that_it_has_receipted() {
    let mut place = Place::new();
    place.command.more = vec!["--copy-to".to_owned(), place.beside("copy").display().to_string()];
    let (progress, received) = channel();
    let (shared, writers) = start_writers(&place, progress);
    kill_again_and_again(&place, &shared, &received);

    let hub = place.start();
    shared.runs(&hub);
    shared.enough.store(true, Ordering::SeqCst);
    let writers: Vec<Writer> = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
    let newcomer = newcomer(&hub);
    let (code, words) = hub.stop().unwrap();
    assert_eq!(code, Some(0), "{words}");

    let audit = Audit::of(place.data(), &place.command.master_key);
    audit.agrees_with_documents(place.data());
    nothing_is_missing(&audit, &writers);
    nothing_is_there_twice(&audit, &writers);
    the_second_copy_has_what_was_promised(&place, &audit, &writers);

    let sums: Vec<_> = audit.recomputed.store.channels().unwrap().into_iter().map(|(_, state)| state.sum).collect();
    assert_eq!(sums, [newcomer.digest()], "a device that fetches everything has what the log says");
    assert!(writers.iter().all(|writer| writer.lost > 0 && writer.kept.len() > 10), "the load was none");
}

/// A device enrolled at the end that fetches everything.
fn newcomer(hub: &HubProcess) -> RawDevice {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let invitation = runtime.block_on(async {
        let user = hub.add_user("Moussa", &[SiteCode::new("GOG").unwrap()]).await.unwrap();
        hub.invite(user).await.unwrap()
    });
    let mut http = Http::to(hub.address());
    let mut device = RawDevice::enrol(&mut http, &invitation, SEED + WRITERS).unwrap();
    while device.sync(&mut http, Vec::new()).unwrap().1.more {}
    device
}

fn nothing_is_missing(audit: &Audit, writers: &[Writer]) {
    for writer in writers {
        let made: usize = writer.sent.iter().map(|(_, documents)| documents.len()).sum();
        assert!(made >= writer.kept.len());
        for kept in &writer.kept {
            let entry = audit.parcel(kept.position);
            let manifest = sync_protocol::wire::manifest::manifest_hash(&entry.manifest);
            assert_eq!(manifest, kept.parcel, "another parcel stands at position {}", kept.position);
            for (document, changes) in &kept.documents {
                let there = audit.changes(*document);
                assert!(changes.iter().all(|change| there.contains(change)), "changes of {document} are missing");
            }
        }
        for seen in &writer.seen {
            assert_eq!(audit.chain(seen.head), seen.chain, "the chain at {} is another one", seen.head);
        }
    }
}

fn nothing_is_there_twice(audit: &Audit, writers: &[Writer]) {
    let mut manifests = audit.manifests();
    let all = manifests.len();
    manifests.sort();
    manifests.dedup();
    assert_eq!(manifests.len(), all, "a parcel stands in the log twice");
    assert_eq!(all, writers.iter().map(|writer| writer.kept.len()).sum::<usize>());
    let report = &audit.recomputed.report;
    assert_eq!(report.documents["case"], writers.iter().map(|writer| writer.cases.len() as u64).sum::<u64>());
    let changes = writers.iter().flat_map(|writer| &writer.kept).flat_map(|kept| kept.documents.values());
    assert_eq!(report.changes, changes.map(|changes| changes.len() as u64).sum::<u64>());
}

fn the_second_copy_has_what_was_promised(place: &Place, audit: &Audit, writers: &[Writer]) {
    let copy = Audit::of(&place.beside("copy"), &place.command.master_key);
    let promised = writers.iter().flat_map(|writer| &writer.seen).map(|seen| seen.copied_to).max();
    let promised = promised.filter(|position| *position > Position::START).expect("a copy was promised");
    assert_eq!(copy.chain(promised), audit.chain(promised));
    assert_eq!(copy.log.head(), audit.log.head(), "a hub that was stopped has copied everything");
}
