//! An exchange from end to end: request bytes in, answer bytes out.
//!
//! [`receive`] vets beside the writer; the writer commits what there is to commit; [`answer`] reads the feed as of what
//! is published and signs. Plain functions, so that the HTTP shell and the simulation run the same code.

use std::collections::BTreeSet;

use sync_protocol::ids::{ActorPrefix, Channel, DocumentId, Hash, Millis, Position, Salt};
use sync_protocol::wire::answer::{
    Answer, DocumentFate, Fate, Order, ParcelReceipt, Receipt, RepairAnswer, Rest, WipeWhen, leaf, leaf_salt,
    leaves_hash,
};
use sync_protocol::wire::codec::{Message, Raw, frame};
use sync_protocol::wire::exchange::{ExchangeRequest, Repair};

use super::continuing::{Continuing, evidence, shared_with};
use super::deciding;
use super::directory::{Directory, LeaseState, Standing};
use super::fact::By;
use super::feed::{self, Cursor, Feed, FeedRequest, KnownCursor};
use super::published::{Published, Shared};
use super::vet::{RequestError, Vetted, vet, vet_request};
use super::writer::{Done, Fatal, Job};
use crate::limits::FEED_BUDGET_BYTES_MAX;
use crate::random::{Random, draw};

/// A request that was accepted, waiting for its answer.
#[derive(Debug, Clone)]
pub struct Pending {
    request: ExchangeRequest,
    /// For each parcel: its documents in order.
    named: Vec<(Hash, Vec<DocumentId>)>,
    /// The documents that it gives back.
    returned: Vec<DocumentId>,
    feed_is_open: bool,
    is_proved: bool,
}

impl Pending {
    /// The lease, if the request proved that it is its own: by a token, a renewal or a signed parcel.
    #[must_use]
    pub fn proved(&self) -> Option<ActorPrefix> {
        self.is_proved.then_some(self.request.lease)
    }

    /// Both as one: what was sent before, and what the later one asks.
    #[must_use]
    pub fn then(self, mut later: Self) -> Self {
        later.named.splice(0..0, self.named);
        later.is_proved |= self.is_proved;
        later
    }

    /// The same with a feed of at most so many bytes.
    #[must_use]
    pub fn within(&self, budget: u32) -> Self {
        let mut within = self.clone();
        within.request.budget = within.request.budget.min(budget);
        within
    }
}

/// What the writer did for a request.
#[derive(Debug, Default)]
pub struct Written {
    /// One for each parcel.
    pub receipts: Vec<ParcelReceipt>,
    /// A new token.
    pub token: Option<Salt>,
    /// What became of each document that was given back, and where it stands.
    pub returned: Vec<(Option<Position>, DocumentFate)>,
}

impl Written {
    /// Takes what became of one job of the request; whether it is one that a request has.
    #[must_use]
    pub fn take(&mut self, done: Done) -> bool {
        match done {
            Done::Parcels(receipts) => self.receipts.extend(receipts),
            Done::Renewed(token) => self.token = Some(token),
            Done::Returned(returned) => self.returned = returned,
            Done::Noted => {}
            _ => return false,
        }
        true
    }
}

/// Vets a request. What there is to commit comes out as a job; without one the answer needs no writer.
///
/// # Errors
/// [`RequestError`]: the request is refused whole.
pub fn receive(shared: &Shared, bytes: &[u8], now: Millis) -> Result<(Pending, Vec<Job>), RequestError> {
    Ok(received(shared, vet(bytes, shared, now)?, now))
}

/// The same of a request that came otherwise.
///
/// # Errors
/// As [`receive`].
pub fn receive_request(
    shared: &Shared,
    request: ExchangeRequest,
    now: Millis,
) -> Result<(Pending, Vec<Job>), RequestError> {
    Ok(received(shared, vet_request(request, shared, now)?, now))
}

fn received(shared: &Shared, vetted: Vetted, now: Millis) -> (Pending, Vec<Job>) {
    let Vetted { request, key, token_fits, parcels, returns, readmitted } = vetted;
    let lease = request.lease;
    let named = parcels
        .iter()
        .map(|parcel| match parcel {
            Ok(parcel) => {
                let documents = parcel.opened.manifest.documents.iter().map(|named| named.document).collect();
                (parcel.opened.hash, documents)
            }
            Err((hash, _)) => (*hash, Vec::new()),
        })
        .collect();
    let is_signed = parcels.iter().any(Result::is_ok);
    let mut jobs = Vec::new();
    // First what says who asks, and that this hub may be an older copy: the work is then held for it.
    jobs.extend(readmitted.map(Job::Readmit));
    jobs.extend(shown(shared, &request));
    let (stands, own) = {
        let directory = shared.directory();
        let stands = directory.leases.get(&lease).is_some_and(|state| directory.lease_stands(state).is_ok());
        (stands, directory.own_logs())
    };
    let renewed = request.renewal.as_ref().filter(|_| stands).is_some_and(|renewal| {
        own.iter().any(|log| renewal.verify(*log, lease, &key).is_ok())
            && shared.take_challenge(lease, &renewal.challenge)
    });
    if renewed {
        jobs.push(Job::Renew(lease));
    }
    if !parcels.is_empty() {
        jobs.push(Job::Parcels { lease, parcels });
    }
    let feed_is_open = token_fits || renewed;
    if feed_is_open {
        shared.heard(lease, now);
    }
    let mut returned = Vec::new();
    // Nothing about them is signed by whoever brings them: only the token says who that is.
    if feed_is_open && !returns.documents.is_empty() {
        returned = returns.documents.iter().map(|document| document.document).collect();
        jobs.push(Job::Returns { lease, returns });
    }
    let is_proved = feed_is_open || is_signed;
    (Pending { request, named, returned, feed_is_open, is_proved }, jobs)
}

/// What the request shows of another log, where that proves something.
fn shown(shared: &Shared, request: &ExchangeRequest) -> Option<Job> {
    let marks = request.marks.as_ref()?;
    let published = shared.published();
    // A log that cannot be read proves nothing here; the answer says what is wrong.
    let receipt = evidence(shared, &published, marks).ok()??;
    let up_to = shared_with(shared, &published, marks).ok()?;
    let by = By::Lease(request.lease);
    Some(Job::Continue(Continuing::Shown { receipt: Box::new(receipt), shared: up_to, by }))
}

/// Makes and signs the answer, after the writer is done.
///
/// # Errors
/// [`Fatal`] when store, log or keyring cannot be read.
pub fn answer(
    shared: &Shared,
    pending: &Pending,
    written: Written,
    now: Millis,
    random: &mut dyn Random,
) -> Result<Vec<u8>, Fatal> {
    let Written { receipts, token, returned } = written;
    let published = shared.published();
    let request = &pending.request;
    let mut rest = Rest { token, ..Rest::default() };
    let mut leaves = None;
    // Asked again: what was open when the request came may have been closed by then.
    let standing = {
        let directory = shared.directory();
        let state = directory.leases.get(&request.lease);
        rest.orders.extend(state.map(|state| orders(&directory, state)).unwrap_or_default());
        state.is_some_and(|state| directory.lease_stands(state).is_ok())
    };
    let cursor = match known_cursor(shared, &published, request, &mut rest)? {
        Ok(cursor) => cursor,
        // No feed until both know which log they mean.
        Err(ShowMarks) => {
            rest.orders.push(Order::ShowMarks);
            return sign(shared, pending, &published, receipts, rest, None, now);
        }
    };
    let feed_is_open = pending.feed_is_open && standing;
    if feed_is_open {
        let mut brought = brought(pending, &receipts);
        brought.extend(brought_back(pending, &returned));
        leaves = open_feed(shared, &published, pending, cursor.as_ref(), &brought, &mut rest, random)?;
    } else if standing {
        let challenge = shared.challenge(request.lease, Salt::new(draw(random)), now);
        rest.orders.push(Order::Renew(challenge));
    }
    let directory = shared.directory();
    if let Some((version, signed)) = &directory.configuration
        && feed_is_open
        && *version > request.configuration
    {
        rest.configuration = Some(signed.clone());
    }
    drop(directory);
    rest.returned = returned.into_iter().map(|(_, fate)| fate).collect();
    sign(shared, pending, &published, receipts, rest, leaves, now)
}

/// The cursor as far as it is of this log, or of one that marks show to be shared up to a position.
fn known_cursor(
    shared: &Shared,
    published: &Published,
    request: &ExchangeRequest,
    rest: &mut Rest,
) -> Result<Result<Option<Cursor>, ShowMarks>, Fatal> {
    let known = feed::read_cursor(shared, published, request.cursor.as_ref())?;
    if let Some(marks) = &request.marks {
        let mut up_to = shared_with(shared, published, marks)?;
        if let KnownCursor::Ours(Cursor { mark: Some(mark), .. }) = &known {
            up_to = up_to.max(mark.position);
        }
        rest.shared = Some(up_to);
    }
    Ok(match (known, rest.shared) {
        (KnownCursor::None, _) => Ok(None),
        (KnownCursor::Ours(cursor), _) => Ok(Some(cursor)),
        (KnownCursor::Other(cursor), Some(up_to)) => Ok(Some(cursor.up_to(up_to))),
        (KnownCursor::Other(_), None) => Err(ShowMarks),
    })
}

/// The cursor is of another log, and nothing shows of which.
struct ShowMarks;

fn sign(
    shared: &Shared,
    pending: &Pending,
    published: &Published,
    receipts: Vec<ParcelReceipt>,
    rest: Rest,
    leaves: Option<Hash>,
    now: Millis,
) -> Result<Vec<u8>, Fatal> {
    let receipt = Receipt {
        log: published.log,
        at: now,
        head: published.position,
        chain: published.chain,
        copied_to: shared.copied_to(),
        parcels: receipts,
        leaves: None,
        rest: Hash::new([0; 32]),
        lease: pending.request.lease,
    };
    let answer = Answer::sign(receipt, &rest, leaves, shared.keyring.hub_key());
    Ok(frame(Message::Answer, &answer))
}

/// What the device is to know and do beside its feed.
fn orders(directory: &Directory, state: &LeaseState) -> Vec<Order> {
    let mut orders = Vec::new();
    match state.standing {
        Standing::Active => {}
        Standing::Pending => orders.push(Order::Pending),
        Standing::Revoked { lost } => {
            orders.push(Order::Revoked);
            let when = if lost { WipeWhen::AtOnce } else { WipeWhen::AfterReceipts };
            orders.push(Order::Wipe { when });
        }
    }
    if state.cloned {
        orders.push(Order::CloneSeen);
    }
    // An inactive user's device keeps what it has; it only gets nothing more.
    if state.standing == Standing::Active && directory.lease_stands(state).is_err() {
        orders.push(Order::Pending);
    }
    orders
}

fn open_feed(
    shared: &Shared,
    published: &Published,
    pending: &Pending,
    cursor: Option<&Cursor>,
    brought: &BTreeSet<(Position, DocumentId)>,
    rest: &mut Rest,
    random: &mut dyn Random,
) -> Result<Option<Hash>, Fatal> {
    let request = &pending.request;
    let scope = {
        let directory = shared.directory();
        let user = directory.leases.get(&request.lease).map(|state| state.lease.user);
        user.map(|user| directory.scope(user)).unwrap_or_default()
    };
    let (decided, decided_to) = deciding::told(shared, request.lease, request.decided_to, published.position, &scope)?;
    // Told only when it moves: an exchange in which nothing is new stays as short as it is.
    rest.decided_to = (!decided.is_empty()).then_some(decided_to);
    rest.decided = decided;
    let budget = usize::try_from(request.budget).unwrap_or(usize::MAX).min(FEED_BUDGET_BYTES_MAX);
    let scoped: &[Channel] = if request.budget == 0 { &[] } else { &scope };
    let feed_request = FeedRequest { scope: scoped, cursor, budget, wants: &request.wants, brought };
    let feed = feed::make(shared, published, &feed_request)?;
    if let Some(known) = cursor {
        let closed = known.places.iter().map(|place| place.channel.clone()).filter(|channel| !scope.contains(channel));
        rest.orders.extend(closed.map(Order::ChannelClosed));
    }
    if let Some(repair) = &request.repair {
        rest.repair = repair_answer(shared, &scope, repair)?;
    }
    let leaves = seal_leaves(&feed, rest, random);
    if request.budget > 0 {
        rest.cursor = Some(Raw::of(&feed.cursor));
        rest.more = feed.more;
        if !feed.more {
            rest.position = Some(published.position);
            let digest = |channel| published.channels.get(channel).map(|state| state.sum).unwrap_or_default();
            rest.digests = scope.iter().map(digest).collect();
        }
    }
    let directory = shared.directory();
    rest.leases =
        feed.authors.iter().filter_map(|author| directory.leases.get(author)).map(|s| s.signed.clone()).collect();
    drop(directory);
    rest.feed = feed.items;
    rest.channels = scope;
    Ok(leaves)
}

/// Documents whose changes at a position came whole with this very request: they are not sent back.
fn brought(pending: &Pending, receipts: &[ParcelReceipt]) -> BTreeSet<(Position, DocumentId)> {
    let mut brought = BTreeSet::new();
    for ((_, documents), receipt) in pending.named.iter().zip(receipts) {
        let Some(position) = receipt.position else { continue };
        for (document, fate) in documents.iter().zip(&receipt.documents) {
            // Where nothing was applied the position is not this parcel's: another's changes may stand there.
            if is_all_here(fate) {
                brought.insert((position, *document));
            }
        }
    }
    brought
}

/// The same of what was given back.
fn brought_back<'a>(
    pending: &'a Pending,
    returned: &'a [(Option<Position>, DocumentFate)],
) -> impl Iterator<Item = (Position, DocumentId)> + 'a {
    let fated = pending.returned.iter().zip(returned);
    fated.filter_map(|(document, (position, fate))| Some(((*position)?, *document)).filter(|_| is_all_here(fate)))
}

/// Whether all of it is in the document now, and some of it by this.
fn is_all_here(fate: &DocumentFate) -> bool {
    let all_kept = fate.runs.iter().all(|run| matches!(run.fate, Fate::Applied | Fate::Duplicate));
    all_kept && fate.runs.iter().any(|run| run.fate == Fate::Applied)
}

/// Draws the salts' seed and hashes the leaves, if anything was fed.
fn seal_leaves(feed: &Feed, rest: &mut Rest, random: &mut dyn Random) -> Option<Hash> {
    if feed.items.is_empty() {
        return None;
    }
    let seed = Salt::new(draw(random));
    let leaves: Vec<Hash> = feed
        .items
        .iter()
        .zip(&feed.hashes)
        .enumerate()
        .map(|(index, (item, hashes))| {
            let index = u32::try_from(index).expect("an answer is bounded far below 4 billion items");
            leaf(&leaf_salt(&seed, index), item.document, item.kind, hashes)
        })
        .collect();
    rest.seed = Some(seed);
    Some(leaves_hash(&leaves))
}

fn repair_answer(shared: &Shared, scope: &[Channel], repair: &Repair) -> Result<Option<RepairAnswer>, Fatal> {
    let Some(index) = scope.iter().position(|channel| *channel == repair.channel) else {
        return Ok(None);
    };
    let feed::Buckets { sums, documents } = feed::buckets(shared, &repair.channel)?;
    let differs = |bucket: usize| repair.buckets.get(bucket).copied().unwrap_or_default() != sums[bucket];
    let buckets: Vec<u8> = (0..=u8::MAX).filter(|bucket| differs(usize::from(*bucket))).collect();
    let documents = documents.into_iter().filter(|(id, _)| differs(usize::from(id.as_bytes()[0]))).collect();
    Ok(Some(RepairAnswer { channel: u8::try_from(index).unwrap_or(u8::MAX), documents, buckets }))
}
