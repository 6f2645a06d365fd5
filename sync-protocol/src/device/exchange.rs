//! The exchange: one request at a time, until nothing is left to send or to read.
//!
//! A request carries parcels, or wants, or a repair; each also reads the feed from the cursor. After a cut nothing is
//! lost: parcels without a receipt travel again, the cursor stands where the last stored feed ended.

use std::collections::{BTreeMap, BTreeSet};

use super::Device;
use super::courier::TakeJob;
use super::event::{EditRequest, Endpoint, Neighbour, Report, Synced};
use super::feed::FeedJob;
use super::giving::{Giving, Offered};
use super::marks::AnsweringLog;
use super::rows::{Key, Rows, WorkState};
use super::turn::Turn;
use crate::ids::{Channel, DocumentId};
use crate::limits::{BATCH_BYTES_MAX, BATCH_BYTES_MIN, SYNC_EXCHANGES_MAX, UNSETTLED_MAX, WANTS_DOCUMENTS_MAX};
use crate::wire::answer::{Answer, Order, WipeWhen};
use crate::wire::codec::{Message, frame, from_cbor, read};
use crate::wire::courier::Place;
use crate::wire::exchange::{ExchangeRequest, Renewal, Repair};
use crate::wire::parcel::Parcel;
use crate::wire::returning::{Marks, Return};

/// Answers without any effect after which a sync ends: one may be the hub's, two are a habit.
const IDLE_ANSWERS_MAX: u32 = 2;
/// The code of the error that a hub answers to a lease that it does not know.
const LEASE_UNKNOWN: &str = "lease-unknown";
/// Bytes that one wanted document is reckoned at.
const WANTED_DOCUMENT_BYTES: u32 = 1024;

/// What waits for rows of the store.
pub(super) enum Waiting {
    Edit(Vec<EditRequest>),
    Feed(Box<FeedJob>),
    Parcels(Vec<u64>),
    Replay(DocumentId),
    Neighbours(Vec<Neighbour>),
    Export(Place, Vec<u64>),
    Take(Box<TakeJob>),
    Marks,
    Returns(Vec<DocumentId>),
    Leases(Box<Giving>),
}

/// One sync, from [`super::Event::Sync`] to its report.
#[derive(Default)]
pub(super) struct Sync {
    pub budget: u32,
    pub done: Synced,
    /// What is on its way.
    pub sent: Option<Sent>,
    /// More of the feed is ready at the hub.
    pub more: bool,
    /// A channel to be compared.
    pub repair: Option<Channel>,
    pub repaired: BTreeSet<Channel>,
    /// Documents asked for whole in this sync.
    pub asked: BTreeSet<DocumentId>,
    /// Documents whose work is to be written again.
    pub replay: BTreeSet<DocumentId>,
    /// How often work of a document came back unsettled.
    pub unsettled: BTreeMap<DocumentId, u8>,
    /// Documents of which the hub has everything and that were in no channel of the user's when it said so.
    pub loose: BTreeSet<DocumentId>,
    /// Documents in one parcel; halved when a hub refuses a parcel whole.
    pub parcel_documents: Option<usize>,
    /// A challenge came while the feed was closed.
    pub renew: bool,
    /// The hub took no parcel of statements alone.
    pub statements_refused: bool,
    /// The last request named decisions of another log.
    pub decisions_again: bool,
    /// Of a file that is carried: nothing is sent.
    pub carried: bool,
    /// Another log seems to answer than this device knows: the next request shows what it knows.
    pub show_marks: bool,
    /// That was done in this sync.
    pub marks_shown: bool,
    /// Parcels receipted in this sync by another log than this device knows.
    pub receipted_elsewhere: BTreeSet<u64>,
    /// The hub does not know the lease: the next request carries it.
    pub present_lease: bool,
    /// That was done in this sync.
    pub lease_presented: bool,
    /// How often something of a document was offered back.
    pub offers: BTreeMap<DocumentId, u8>,
    /// Documents of which the hub has nothing that this user may see.
    pub gone: BTreeSet<DocumentId>,
    /// Documents with work that waits until something is given back.
    pub waits_for_return: BTreeSet<DocumentId>,
    /// Parcels that were given back and of which some waits for the same: it is packed anew.
    pub set_back: BTreeSet<u64>,
    /// Whether the last answer had any effect.
    pub moved: bool,
    idle: u32,
}

/// A request on its way.
#[derive(Default)]
pub(super) struct Sent {
    pub number: u32,
    pub wants: Vec<DocumentId>,
    /// It carried marks.
    pub marks: bool,
    /// What it gave back, in its order.
    pub returns: Vec<Offered>,
}

/// What one request carries beside what every request does.
#[derive(Default)]
pub(super) struct Load {
    pub parcels: Vec<Parcel>,
    pub wants: Vec<DocumentId>,
    pub repair: Option<Repair>,
    pub marks: Option<Marks>,
    pub returns: Vec<Return>,
}

impl Sync {
    /// For a file that is carried: one answer, and nothing is sent after it.
    pub(super) fn of_file(budget: u32, replay: BTreeSet<DocumentId>) -> Self {
        Self { budget, replay, carried: true, sent: Some(Sent::default()), ..Self::default() }
    }

    /// Whether work of this document waits for the next sync.
    pub(super) fn is_stuck(&self, document: DocumentId) -> bool {
        self.unsettled.get(&document).is_some_and(|times| *times > UNSETTLED_MAX)
    }
}

impl Device {
    pub(super) fn sync_now(&mut self, budget: u32, turn: &mut Turn) {
        if self.session.is_none() {
            let reason = "this device is not enrolled yet: enrol it with an invitation".to_owned();
            turn.report(Report::SyncFailed { reason });
        } else if self.sync.is_some() || self.enrolling.is_some() {
            turn.report(Report::Busy);
        } else {
            let replay = self.unsettled_documents();
            self.sync = Some(Sync { budget: clamp(budget), replay, ..Sync::default() });
            self.request(turn);
        }
    }

    pub(super) fn failed(&mut self, number: u32, reason: String, turn: &mut Turn) {
        if self.enrolling == Some(number) {
            self.enrolling = None;
            turn.report(Report::NotEnrolled { reason });
        } else if self.is_sent(number) {
            self.end_early(reason, turn);
        }
    }

    /// The hub answered with an error: a lease that it does not know is shown to it once, everything else ends the sync.
    pub(super) fn turned_away(&mut self, number: u32, code: &str, reason: String, turn: &mut Turn) {
        let sent = match self.sync.as_mut() {
            Some(sync) if code == LEASE_UNKNOWN && !sync.lease_presented => {
                sync.sent.take_if(|sent| sent.number == number)
            }
            _ => None,
        };
        let (Some(sent), Some(sync)) = (sent, &mut self.sync) else {
            self.failed(number, reason, turn);
            return;
        };
        (sync.present_lease, sync.lease_presented) = (true, true);
        sync.show_marks |= sent.marks;
        for (document, _) in &sent.returns {
            sync.offers.remove(document);
        }
        for document in sent.wants {
            sync.asked.remove(&document);
        }
        self.request(turn);
    }

    pub(super) fn answer(&mut self, number: u32, bytes: &[u8], budget: u32, turn: &mut Turn) {
        if self.enrolling == Some(number) {
            self.enrol_answer(bytes, turn);
            return;
        }
        // A late or doubled answer: its parcels travel again, its feed is read again.
        if !self.is_sent(number) {
            return;
        }
        if let Err(reason) = self.take_answer(bytes, budget, turn) {
            self.end_early(reason, turn);
        }
    }

    pub(super) fn take_answer(&mut self, bytes: &[u8], budget: u32, turn: &mut Turn) -> Result<(), String> {
        let answer: Answer = read(Message::Answer, bytes).map_err(|error| error.to_string())?;
        let hub = *self.hub().ok_or("not enrolled")?;
        let (receipt, rest) = answer.open(&hub).map_err(|error| error.to_string())?;
        if self.lease().is_none_or(|lease| lease.prefix != receipt.lease) {
            return Err("the answer is for another device; nothing of it was used: please sync again".to_owned());
        }
        if rest.orders.contains(&Order::Wipe { when: WipeWhen::AtOnce }) {
            self.wipe(WipeWhen::AtOnce, turn);
            return Ok(());
        }
        let sync = self.sync.as_mut().ok_or("no exchange is under way")?;
        let sent = sync.sent.take().ok_or("no request is under way")?;
        sync.budget = clamp(budget);
        sync.done.exchanges += 1;
        sync.moved = false;
        sync.renew = false;
        sync.present_lease = false;
        self.progress.synced_at = Some(receipt.at);
        let log = self.note_log(&receipt, &answer, &rest, sent.marks, turn);
        let known = log != AnsweringLog::Another;
        self.take_returned(&sent.returns, &rest.returned, turn);
        self.take_receipts(&receipt, &answer, known, turn)?;
        self.take_orders(&rest, turn);
        self.take_decisions(&rest, log == AnsweringLog::Same, turn);
        self.start_feed(
            FeedJob {
                rest,
                head: receipt.head,
                wanted: sent.wants,
                known,
                receipt: answer.receipt,
                signature: answer.signature,
                leaves: receipt.leaves,
            },
            turn,
        );
        Ok(())
    }

    pub(super) fn loaded(&mut self, rows: Rows, turn: &mut Turn) {
        match self.waiting.take() {
            Some(Waiting::Edit(requests)) => self.record(requests, &rows, turn),
            Some(Waiting::Feed(job)) => self.read_feed(*job, rows, turn),
            Some(Waiting::Parcels(counters)) => self.send_loaded(&counters, &rows, turn),
            Some(Waiting::Replay(document)) => {
                self.replay(document, &rows, turn);
                self.go_on(turn);
            }
            Some(Waiting::Marks) => self.send_marks(&rows, turn),
            Some(Waiting::Returns(documents)) => self.choose_returns(&documents, rows, turn),
            Some(Waiting::Leases(giving)) => self.send_returns(*giving, rows, turn),
            Some(Waiting::Neighbours(neighbours)) => self.take_neighbours(neighbours, rows, turn),
            Some(Waiting::Export(place, counters)) => self.exported(&place, &counters, &rows, turn),
            Some(Waiting::Take(job)) => self.taken(&job, &rows, turn),
            // Rows that nobody waits for: a shell's mistake, harmless.
            None => {}
        }
    }

    /// What comes next: replay, another request, or the end.
    pub(super) fn go_on(&mut self, turn: &mut Turn) {
        if let Some(document) = self.next_replay() {
            self.start_replay(document, turn);
            return;
        }
        let has_more = self.has_more();
        let Some(sync) = &mut self.sync else { return };
        if sync.carried || !has_more {
            self.end(turn);
            if self.wipe_is_due() {
                self.wipe(WipeWhen::AfterReceipts, turn);
            }
            return;
        }
        sync.idle = if sync.moved { 0 } else { sync.idle + 1 };
        if sync.idle > IDLE_ANSWERS_MAX || sync.done.exchanges >= SYNC_EXCHANGES_MAX {
            self.end_early("the hub answers, but nothing moves; what is left is sent next time".to_owned(), turn);
        } else {
            self.request(turn);
        }
    }

    /// Whether another request has something to say or to hear.
    fn has_more(&self) -> bool {
        let Some(sync) = &self.sync else { return false };
        let wants = self.progress.wants.iter().any(|document| !sync.asked.contains(document));
        sync.more
            || sync.renew
            || sync.show_marks
            || sync.repair.is_some()
            || wants
            || self.has_outstanding()
            || self.has_to_pack()
            || self.has_to_return()
            || self.has_decisions_to_ask()
    }

    /// Builds and sends the next request, or first reads the parcels that it carries.
    fn request(&mut self, turn: &mut Turn) {
        if self.sync.as_ref().is_some_and(|sync| sync.show_marks) {
            turn.load(vec![Key::LastReceipt]);
            self.waiting = Some(Waiting::Marks);
            return;
        }
        let counters = self.outstanding(turn);
        if counters.is_empty() {
            if self.has_only_returns() && self.start_returns(turn) {
                return;
            }
            let Some(sync) = &mut self.sync else { return };
            let wants: Vec<DocumentId> = self
                .progress
                .wants
                .iter()
                .filter(|id| !sync.asked.contains(id))
                .copied()
                .take(wants_max(sync.budget))
                .collect();
            sync.asked.extend(&wants);
            let channel = if wants.is_empty() { sync.repair.take() } else { None };
            let repair = channel.map(|channel| self.buckets(channel));
            self.send(Load { wants, repair, ..Load::default() }, turn);
        } else if let [counter] = counters[..]
            && let Some((cached, parcel)) = &self.packed
            && *cached == counter
        {
            let parcel = parcel.clone();
            self.send(Load { parcels: vec![parcel], ..Load::default() }, turn);
        } else {
            turn.load(counters.iter().map(|counter| Key::ParcelBytes(*counter)).collect());
            self.waiting = Some(Waiting::Parcels(counters));
        }
    }

    fn send_loaded(&mut self, counters: &[u64], rows: &[(Key, Option<Vec<u8>>)], turn: &mut Turn) {
        let mut parcels = Vec::new();
        for (counter, (_, bytes)) in counters.iter().zip(rows) {
            match bytes.as_ref().and_then(|bytes| from_cbor::<Parcel>(bytes).ok()) {
                Some(parcel) => parcels.push(parcel),
                // Its bytes are gone: what of it is not receipted is packed again.
                None => self.unpack(*counter, turn),
            }
        }
        self.send(Load { parcels, ..Load::default() }, turn);
    }

    /// Whether nothing is to be asked for first: the answer tells better what the hub lacks.
    fn has_only_returns(&self) -> bool {
        let asked = |sync: &Sync| self.progress.wants.iter().all(|document| sync.asked.contains(document));
        self.sync.as_ref().is_some_and(|sync| !sync.more && sync.repair.is_none() && asked(sync))
    }

    /// A request with what goes back of others' work.
    pub(super) fn send_back(&mut self, returns: Vec<Return>, offered: Vec<Offered>, turn: &mut Turn) {
        self.send(Load { returns, ..Load::default() }, turn);
        if let Some(sent) = self.sync.as_mut().and_then(|sync| sync.sent.as_mut()) {
            sent.returns = offered;
        }
    }

    /// A request of its own: what else there is waits until both sides know which log they share.
    fn send_marks(&mut self, rows: &Rows, turn: &mut Turn) {
        let stored = rows.first().and_then(|(_, bytes)| from_cbor(bytes.as_ref()?).ok());
        let marks = self.marks(stored);
        if let Some(sync) = &mut self.sync {
            (sync.show_marks, sync.marks_shown) = (false, true);
        }
        self.send(Load { marks, ..Load::default() }, turn);
    }

    fn send(&mut self, load: Load, turn: &mut Turn) {
        let (wants, marks) = (load.wants.clone(), load.marks.is_some());
        let Some(request) = self.next_request(load) else { return };
        let Some(sync) = &mut self.sync else { return };
        self.number += 1;
        sync.sent = Some(Sent { number: self.number, wants, marks, returns: Vec::new() });
        turn.send(self.number, Endpoint::Exchange, frame(Message::ExchangeRequest, &request));
    }

    /// The request that goes with this load, over the network or in a file.
    pub(super) fn next_request(&self, load: Load) -> Option<ExchangeRequest> {
        let (session, log, sync) = (self.session.as_ref()?, self.log()?, self.sync.as_ref()?);
        let prefix = session.lease.prefix;
        let enrolled = self.identity.as_ref().and_then(|identity| identity.enrolled.as_ref());
        let token = enrolled.and_then(|enrolled| enrolled.token);
        let signed_lease = enrolled.filter(|_| sync.present_lease).map(|enrolled| enrolled.lease.clone());
        let Load { parcels, wants, repair, marks, returns } = load;
        let challenge = self.progress.challenge;
        Some(ExchangeRequest {
            lease: prefix,
            token,
            cursor: self.progress.cursor.clone(),
            parcels,
            budget: sync.budget,
            wants,
            repair,
            renewal: challenge.map(|challenge| Renewal::sign(log, prefix, challenge, &session.key)),
            configuration: self.progress.configuration,
            decided_to: self.progress.decided_to,
            marks,
            returns,
            signed_lease,
        })
    }

    fn is_sent(&self, number: u32) -> bool {
        self.sync.as_ref().and_then(|sync| sync.sent.as_ref()).is_some_and(|sent| sent.number == number)
    }

    fn end(&mut self, turn: &mut Turn) {
        let Some(mut sync) = self.sync.take() else { return };
        let open = self.works.values().filter(|work| matches!(work.state, WorkState::Local | WorkState::Packed(_)));
        sync.done.left = u32::try_from(open.count()).unwrap_or(u32::MAX);
        turn.report(if sync.carried { Report::CourierTaken(sync.done) } else { Report::Synced(sync.done) });
    }

    fn end_early(&mut self, reason: String, turn: &mut Turn) {
        let carried = self.sync.take().is_some_and(|sync| sync.carried);
        turn.report(if carried { Report::CourierRefused { reason } } else { Report::SyncFailed { reason } });
    }
}

fn clamp(budget: u32) -> u32 {
    budget.clamp(BATCH_BYTES_MIN, BATCH_BYTES_MAX)
}

fn wants_max(budget: u32) -> usize {
    (budget / WANTED_DOCUMENT_BYTES).max(1).min(u32::try_from(WANTS_DOCUMENTS_MAX).unwrap_or(1)) as usize
}
