//! The end: all faults are over, everybody exchanges until nothing moves, and then everything must be where it belongs.

use std::collections::{BTreeMap, BTreeSet};

use automerge::Automerge;
use segin::random::SeededRandom;
use segin::verify::{compare_store, recompute};
use sync_protocol::device::{Event, Report, Standing, Synced, Work, WorkState};
use sync_protocol::documents::{self, Kind};
use sync_protocol::ids::{ChangeHash, Channel, DocumentId};
use sync_protocol::limits::NEIGHBOUR_WAITS_MAX;

use super::hub::{Arrived, Reply, Route};
use super::network::Way;
use super::paper::{Mark, mark_text, marks_in};
use super::promise::{Broken, Check, Promise, holds};
use super::truth::{Truth, hash_of};
use super::world::World;

/// Rounds in which every device exchanges, until nothing moves. What hangs on a neighbour's work that never comes is written
/// again after so many of them.
const ROUNDS_MAX: usize = 8 + NEIGHBOUR_WAITS_MAX as usize;
/// Exchanges in one sync: a run holds far less than one document for each.
const EXCHANGES_MAX: usize = 400;
/// Bytes of request and answer together, without HTTP, when nothing changed: 1,000 with it.
const UNCHANGED_BYTES_MAX: usize = 800;
/// What a narrow link carries of one message beside twice the budget: signatures, one document, leases of authors.
const NARROW_BESIDE_BYTES: usize = 6 * 1024;

/// What a sync at the end did.
struct Ended {
    synced: Synced,
    bytes: usize,
}

impl World {
    /// Lets everything come to rest, and checks it.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn come_to_rest(&mut self) -> Check {
        self.trace.add("rest".to_owned());
        self.flights.clear();
        self.hub.inbox.clear();
        self.heal();
        self.hub.copy_disk.heal();
        self.weights.phone_dies = 0;
        if self.hub.running.is_some() && self.dice.percent(50) {
            self.hub_dies("a restart before the end")?;
        }
        if self.hub.running.is_none() {
            self.start_hub()?;
        }
        for phone in 0..self.phones.len() {
            self.give_up(phone)?;
            if self.phones[phone].device.is_none() {
                self.phones[phone].open(self.hub.now)?;
            }
            // Whoever has no network gives up at once.
            self.flights.clear();
            self.phones[phone].waiting = None;
            if self.phones[phone].is_wiped() {
                continue;
            }
            if self.phones[phone].prefix().is_none() {
                self.enrol_now(phone)?;
            } else if self.phones[phone].device.as_ref().is_some_and(|device| device.is_busy()) {
                self.phones[phone].open(self.hub.now)?;
            }
        }
        self.settle(true)?;
        // Everybody is let back in, so that everything can be compared.
        for lease in std::mem::take(&mut self.oracle.shut) {
            self.confirm_lease(lease)?;
        }
        self.exchange_until_quiet()?;
        self.nothing_changed()?;
        self.check_everything()
    }

    /// Enrols a device over a sound link.
    pub(super) fn enrol_now(&mut self, phone: usize) -> Check {
        self.direct(phone, Event::Enrol(self.invitations[phone]))?;
        holds(Promise::ProgressOnAnyLink, self.phones[phone].prefix().is_some(), || {
            format!("device {phone} cannot be enrolled")
        })
    }

    /// An event with an immediate answer to everything that it sends.
    pub(super) fn direct(&mut self, phone: usize, event: Event) -> Check<(Vec<Report>, usize)> {
        let mut bytes_sum = 0;
        let mut reports = self.give(phone, event, false)?;
        for _ in 0..EXCHANGES_MAX {
            let Some(at) = self.flights.iter().position(|flight| flight.route.phone == phone) else {
                return Ok((reports, bytes_sum));
            };
            let flight = self.flights.remove(at);
            let Way::Up(bytes) = flight.way else { continue };
            let route = Route { hostile: false, ..flight.route };
            let arrived = Arrived { route, to: flight.to, bytes };
            let worked = self.hub.work(vec![arrived.clone()], None);
            let reply = worked.replies.into_iter().next().map(|(_, reply)| reply);
            let reply = reply.ok_or_else(|| {
                Broken::new(Promise::ProgressOnAnyLink, format!("the hub dies without a fault: {:?}", worked.died))
            })?;
            let now = self.hub.now;
            if let Some(shared) = self.hub.shared().cloned() {
                self.oracle.log_grew(&shared, now)?;
            }
            self.check_reply(&arrived, &reply)?;
            self.settle(true)?;
            self.phones[phone].waiting = None;
            let event = self.over_the_link(&arrived, reply, &mut bytes_sum);
            reports.extend(self.give(phone, event, false)?);
        }
        Err(Broken::new(Promise::ProgressOnAnyLink, format!("device {phone} exchanges without end")))
    }

    /// A narrow link cuts whatever is much larger than the budget that the device was told.
    fn over_the_link(&self, arrived: &Arrived, reply: Reply, bytes_sum: &mut usize) -> Event {
        let number = arrived.route.number;
        let carries = 2 * self.weights.budget as usize + NARROW_BESIDE_BYTES;
        let too_large = |bytes: usize| self.weights.narrow && bytes > carries;
        match reply {
            Reply::Answer(bytes) if !too_large(bytes.len()) && !too_large(arrived.bytes.len()) => {
                *bytes_sum += arrived.bytes.len() + bytes.len();
                Event::Answer { number, bytes, budget: self.weights.budget }
            }
            Reply::Answer(_) => Event::Failed { number, reason: "cut: too large for this link".to_owned() },
            Reply::Refused(code) => Event::TurnedAway { number, code: code.clone(), reason: code },
        }
    }

    fn sync_now(&mut self, phone: usize) -> Check<Option<Ended>> {
        let (reports, bytes) = self.direct(phone, Event::Sync { budget: self.weights.budget })?;
        let synced = reports.iter().rev().find_map(|report| match report {
            Report::Synced(synced) => Some(*synced),
            Report::SyncFailed { reason } => {
                self.trace.add(format!("  device {phone}: {reason}"));
                None
            }
            _ => None,
        });
        if let Some(differs) = reports.iter().find(|report| matches!(report, Report::Differs { .. })) {
            return Err(Broken::new(Promise::SameChangesSameDocument, format!("device {phone}: {differs:?}")));
        }
        Ok(synced.map(|synced| Ended { synced, bytes }))
    }

    /// Devices that have not erased themselves.
    fn living(&self) -> Vec<usize> {
        (0..self.phones.len()).filter(|phone| !self.phones[*phone].is_wiped()).collect()
    }

    fn exchange_until_quiet(&mut self) -> Check {
        for _ in 0..ROUNDS_MAX {
            let mut moved = self.send_all_sealed()?;
            for phone in self.living() {
                let ended = self.sync_now(phone)?;
                let quiet = ended.is_some_and(|ended| {
                    let synced = ended.synced;
                    (synced.fed, synced.receipted, synced.held, synced.left) == (0, 0, 0, 0)
                });
                moved |= !quiet;
            }
            if !moved {
                return Ok(());
            }
        }
        Err(Broken::new(Promise::ProgressOnAnyLink, "devices and hub do not come to rest"))
    }

    /// Nothing changed: one exchange, and a small one.
    fn nothing_changed(&mut self) -> Check {
        for phone in self.living() {
            let cloned = self.phones[phone].is_cloned;
            let ended = self.sync_now(phone)?;
            let quiet = ended.is_some_and(|ended| {
                // Two stores of one lease take its one token from each other.
                let exchanges = if cloned { 3 } else { 1 };
                ended.synced.exchanges <= exchanges
                    && ended.synced.fed == 0
                    && (cloned || ended.bytes <= UNCHANGED_BYTES_MAX)
            });
            holds(Promise::OneExchangeWhenNothingChanged, quiet, || {
                format!("device {phone} exchanges more when nothing changed")
            })?;
        }
        Ok(())
    }

    fn check_everything(&mut self) -> Check {
        let Some(shared) = self.hub.shared().cloned() else {
            return Err(Broken::new(Promise::SavedMeansSaved, "the hub is down"));
        };
        self.oracle.hub_started(&shared)?;
        let truth = Truth::read(&shared, &self.oracle.works)?;
        self.nothing_dropped(&truth)?;
        self.all_sealed_is_kept()?;
        self.all_values_are_shown(&truth)?;
        for phone in self.living() {
            self.device_holds_the_same(phone, &truth, &shared)?;
        }
        self.order_does_not_matter(&truth)?;
        let mut random = SeededRandom::new(7);
        let unreadable = |error: String| Broken::new(Promise::SavedMeansSaved, error);
        let again = recompute(&shared.log, &shared.keyring, &mut random).map_err(|e| unreadable(e.to_string()))?;
        let differences = compare_store(&shared.keyring, &*again.store, &*shared.store);
        let differences = differences.map_err(|error| unreadable(error.to_string()))?;
        holds(Promise::SameChangesSameDocument, differences.is_empty(), || {
            format!("the store differs from its log: {differences:?}")
        })?;
        let found = &again.report.differences;
        holds(Promise::SameChangesSameDocument, found.is_empty(), || format!("verify finds: {found:?}"))?;
        if self.weights.copy {
            let copied = self.hub.copy();
            copied.map_err(|error| Broken::new(Promise::SavedMeansSaved, format!("no second copy: {error}")))?;
        }
        self.check_copy()
    }

    /// Every mark is in a document at the hub, held there, or refused and kept on its device.
    fn nothing_dropped(&self, truth: &Truth) -> Check {
        let applied: BTreeSet<Mark> =
            truth.documents.values().flat_map(|found| &found.changes).flat_map(|c| marks_in(c.raw_bytes())).collect();
        for recorded in &self.oracle.recorded {
            let mark = recorded.mark;
            let kept = self.phones.iter().flat_map(|phone| phone.device.iter()).flat_map(|device| device.aside());
            let kept = kept.into_iter().any(|aside| marks_in(aside.raw.as_ref()).contains(&mark));
            let lost = recorded.excused || self.phones[recorded.phone].is_lost;
            let found = applied.contains(&mark) || truth.held.contains(&mark) || kept || lost;
            holds(Promise::NothingDropped, found, || {
                format!("edit {mark} of device {} on {} is nowhere", recorded.phone, recorded.document)
            })?;
        }
        let still_held: BTreeSet<DocumentId> = {
            let shared = self.hub.shared();
            shared.map(|shared| shared.directory().held.keys().copied().collect()).unwrap_or_default()
        };
        for phone in &self.phones {
            let decided = |work: &&Work| !still_held.contains(&work.document);
            let untold = phone.device.iter().flat_map(|device| device.works()).filter(decided).count();
            holds(Promise::NothingDropped, untold == 0, || {
                format!("device {} was not told what became of {untold} of its works", phone.name)
            })?;
            let works = phone.device.iter().flat_map(|device| device.works());
            let open: Vec<&Work> = works.filter(|work| !matches!(work.state, WorkState::HeldWho(_))).collect();
            holds(Promise::NothingDropped, open.is_empty(), || {
                let states: Vec<_> = open.iter().map(|work| (work.document, &work.state)).collect();
                format!("device {} keeps work in its outbox: {states:?}", phone.name)
            })?;
        }
        Ok(())
    }

    /// Of each field, exactly the values that nobody replaced knowing them are shown.
    fn all_values_are_shown(&mut self, truth: &Truth) -> Check {
        let mut fields: BTreeMap<(DocumentId, &'static str), BTreeSet<Mark>> = BTreeMap::new();
        for (document, found) in &truth.documents {
            for mark in found.changes.iter().flat_map(|change| marks_in(change.raw_bytes())) {
                if let Some(path) = self.oracle.paths.get(&mark) {
                    fields.entry((*document, path)).or_default().insert(mark);
                }
            }
        }
        for ((document, path), marks) in fields {
            let Some(found) = truth.documents.get(&document) else { continue };
            let expected = unreplaced(&found.changes, &marks);
            if expected.is_empty() {
                continue;
            }
            let shown = shown(found.kind, &found.doc, path);
            self.oracle.shown.push(format!("{document} {path}: {shown:?}"));
            self.oracle.conflicts_seen += u64::from(expected.len() > 1);
            let expected: BTreeSet<String> = expected.into_iter().map(mark_text).collect();
            let same = expected.len() == shown.len()
                && expected.iter().all(|mark| shown.iter().any(|value| value.contains(mark.as_str())));
            holds(Promise::NothingDropped, same, || {
                format!("{path} of {document} shows {shown:?}, unreplaced are {expected:?}")
            })?;
        }
        Ok(())
    }

    /// What a device holds of its channels is what the hub holds.
    fn device_holds_the_same(&self, phone: usize, truth: &Truth, shared: &segin::hub::published::Shared) -> Check {
        let phone = &self.phones[phone];
        let Some(device) = &phone.device else { return Ok(()) };
        let name = phone.name;
        let scope: Vec<Channel> = self.users[phone.user].sites.iter().map(Channel::site).collect();
        let published = shared.published();
        for channel in &scope {
            let theirs = published.channels.get(channel).map(|state| state.sum).unwrap_or_default();
            let mine = device.sums().get(channel).copied().unwrap_or_default();
            holds(Promise::SameChangesSameDocument, mine == theirs, || {
                format!("device {name} has another digest of {channel} than the hub")
            })?;
        }
        for (id, found) in &truth.documents {
            let head = shared.store.head(*id).ok().flatten();
            let channels = head.map(|head| head.channels).unwrap_or_default();
            let inside: BTreeSet<&Channel> = channels.iter().filter(|channel| scope.contains(channel)).collect();
            let entry = device.entry(*id);
            let mine: BTreeSet<&Channel> = entry.iter().flat_map(|entry| &entry.channels).collect();
            holds(Promise::SameChangesSameDocument, mine == inside, || {
                format!("device {name} has {id} in {mine:?}, the hub in {inside:?}")
            })?;
            if inside.is_empty() {
                continue;
            }
            let copy = phone.copy(*id)?.ok_or_else(|| {
                Broken::new(
                    Promise::NothingDropped,
                    format!("device {name} has no copy of {id}, which is in its scope"),
                )
            })?;
            let works = device.works_of(*id).map(|work| work.hash);
            // What a neighbour recorded may never come: written again, or lost with a restored store.
            let near = entry.iter().flat_map(|entry| entry.neighbours.iter().copied());
            let own: BTreeSet<ChangeHash> = works.chain(near).collect();
            same_document(name, *id, found.kind, &found.doc, &copy, &own)?;
        }
        for (id, entry) in device.entries() {
            let unsent = device.works_of(id).next().is_some() || !entry.uncounted.is_empty();
            let closed = entry.channels.is_empty() && entry.standing == Standing::Open && !unsent;
            let aside = device.aside().any(|aside| aside.document == id);
            holds(Promise::OnlyOnesScope, !closed || aside, || {
                format!("device {name} keeps a readable copy of {id}, which is in no channel of its user's")
            })?;
        }
        Ok(())
    }

    /// The same changes in another order, some of them twice, make the same document.
    fn order_does_not_matter(&mut self, truth: &Truth) -> Check {
        for (id, found) in &truth.documents {
            let mut waiting = found.changes.clone();
            waiting.extend(self.dice.pick(&found.changes).cloned());
            let mut doc = documents::blank(found.kind);
            while !waiting.is_empty() {
                let change = waiting.remove(self.dice.below(waiting.len()));
                let broken = |error: String| Broken::new(Promise::SameChangesSameDocument, error);
                doc.apply_changes([change]).map_err(|error| broken(error.to_string()))?;
            }
            same_document(usize::MAX, *id, found.kind, &found.doc, &doc, &BTreeSet::new())?;
        }
        Ok(())
    }
}

/// Marks whose change is no ancestor of another one that set the field.
fn unreplaced(changes: &[automerge::Change], marks: &BTreeSet<Mark>) -> BTreeSet<Mark> {
    let mut ancestors: BTreeMap<ChangeHash, BTreeSet<ChangeHash>> = BTreeMap::new();
    let mut writes: Vec<(ChangeHash, Mark)> = Vec::new();
    // In the order of the log: each behind those it depends on.
    for change in changes {
        let hash = hash_of(change);
        let mut before = BTreeSet::new();
        for dep in change.deps() {
            let dep = ChangeHash::new(dep.0);
            before.extend(ancestors.get(&dep).into_iter().flatten().copied());
            before.insert(dep);
        }
        ancestors.insert(hash, before);
        writes.extend(marks_in(change.raw_bytes()).into_iter().filter(|m| marks.contains(m)).map(|m| (hash, m)));
    }
    let replaced = |hash: &ChangeHash| writes.iter().any(|(other, _)| other != hash && ancestors[other].contains(hash));
    writes.iter().filter(|(hash, _)| !replaced(hash)).map(|(_, mark)| *mark).collect()
}

/// All values that people see of a field.
fn shown(kind: Kind, doc: &Automerge, path: &str) -> Vec<String> {
    let conflict = documents::conflicts(kind, doc).into_iter().find(|conflict| conflict.path == path);
    if let Some(conflict) = conflict {
        let text = |value: &documents::Answer| serde_json::to_string(value).unwrap_or_default();
        return conflict.values.iter().map(|value| text(&value.value)).collect();
    }
    let projection = documents::project(kind, doc).ok();
    projection.and_then(|projection| projection.text(path).map(str::to_owned)).into_iter().collect()
}

/// Both have the same changes, but for own work on its way, and read the same.
fn same_document(
    device: usize,
    id: DocumentId,
    kind: Kind,
    theirs: &Automerge,
    mine: &Automerge,
    own: &BTreeSet<ChangeHash>,
) -> Check {
    let hashes = |doc: &Automerge| -> BTreeSet<ChangeHash> {
        doc.get_changes_meta(&[]).iter().map(|meta| ChangeHash::new(meta.hash.0)).collect()
    };
    let (hub, found) = (hashes(theirs), hashes(mine));
    let missing = hub.difference(&found).count();
    let extra = found.difference(&hub).filter(|hash| !own.contains(*hash)).count();
    holds(Promise::SameChangesSameDocument, missing == 0 && extra == 0, || {
        format!("device {device} lacks {missing} changes of {id} and has {extra} that the hub lacks")
    })?;
    if !own.is_empty() {
        return Ok(());
    }
    let read = |doc: &Automerge| (documents::project(kind, doc).ok(), documents::conflicts(kind, doc));
    holds(Promise::SameChangesSameDocument, read(theirs) == read(mine), || {
        format!("device {device} reads {id} otherwise than the hub, from the same changes")
    })
}
