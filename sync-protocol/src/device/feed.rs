//! The feed: what came down is merged, counted and stored together with the cursor that covers it.
//!
//! Documents are read first and handled one after the other. One that cannot be read or merged is passed over and
//! asked for whole; the others go on.

use std::collections::{BTreeMap, BTreeSet};

use super::Device;
use super::copy::{Copy, CopyError, hash_of};
use super::event::Report;
use super::exchange::Waiting;
use super::rows::{Entry, Key, Rows, Standing};
use super::turn::Turn;
use crate::crypto::Signature;
use crate::documents::{self, Kind};
use crate::ids::{ChangeHash, Channel, DocumentId, Hash, Position};
use crate::wire::answer::{FeedItem, FeedWhat, Rest};
use crate::wire::codec::{Raw, to_cbor};
use crate::wire::digest::Digest;

/// The rest of an answer, while its documents are read.
pub(super) struct FeedJob {
    pub rest: Rest,
    pub head: Position,
    /// What the request asked for whole.
    pub wanted: Vec<DocumentId>,
    /// It is of the log that this device knows.
    pub known: bool,
    /// As signed, and by whom: proves the feed.
    pub receipt: Raw,
    pub signature: Signature,
    /// What the receipt says of the feed.
    pub leaves: Option<Hash>,
}

/// A document after its part of the feed.
struct Merged {
    saved: Vec<u8>,
    /// Fed changes that the hub was not known to have.
    news: Vec<ChangeHash>,
    /// Changes of the copy that the hub does not have, where it sent the document whole, and whether they are this user's.
    lost: Vec<(ChangeHash, bool)>,
    conflicts: u32,
    /// The stored copy could not be read: this one was made anew.
    anew: bool,
}

impl Device {
    pub(super) fn start_feed(&mut self, job: FeedJob, turn: &mut Turn) {
        let fed: BTreeSet<DocumentId> =
            job.rest.feed.iter().filter(|item| !item.changes.is_empty()).map(|item| item.document).collect();
        let known = |id: &DocumentId| self.entries.get(id).is_some_and(|entry| entry.standing == Standing::Open);
        let keys: Vec<Key> = fed.into_iter().filter(known).map(Key::Copy).collect();
        if keys.is_empty() {
            self.read_feed(job, Vec::new(), turn);
        } else {
            turn.load(keys);
            self.waiting = Some(Waiting::Feed(Box::new(job)));
        }
    }

    pub(super) fn read_feed(&mut self, job: FeedJob, rows: Rows, turn: &mut Turn) {
        let mut stored: BTreeMap<DocumentId, Vec<u8>> = rows
            .into_iter()
            .filter_map(|(key, bytes)| match key {
                Key::Copy(id) => Some((id, bytes?)),
                _ => None,
            })
            .collect();
        let mut items: BTreeMap<DocumentId, Vec<&FeedItem>> = BTreeMap::new();
        for item in &job.rest.feed {
            items.entry(item.document).or_default().push(item);
        }
        let fed = u32::try_from(items.len()).unwrap_or(u32::MAX);
        for (document, items) in items {
            let whole = job.wanted.contains(&document);
            self.feed_document(document, &items, &job.rest, stored.remove(&document), whole, turn);
        }
        self.keep_leases(&job.rest, turn);
        self.keep_proof(&job, turn);
        self.settle_wants(&job, turn);
        let moved = fed > 0 || !job.wanted.is_empty() || job.rest.repair.is_some();
        if let Some(sync) = &mut self.sync {
            sync.more = job.rest.more;
            sync.done.fed += fed;
            sync.moved |= moved || job.rest.cursor != self.progress.cursor;
        }
        if job.rest.cursor.is_some() {
            self.progress.cursor = job.rest.cursor.clone();
        }
        self.take_repair(&job.rest, turn);
        if job.known && job.rest.channels.is_empty() {
            self.push_only(turn);
        } else if job.known && !job.rest.more {
            self.feed_ended(&job.rest, job.head, turn);
        }
        turn.progress();
        self.go_on(turn);
    }

    fn feed_document(
        &mut self,
        document: DocumentId,
        items: &[&FeedItem],
        rest: &Rest,
        stored: Option<Vec<u8>>,
        whole: bool,
        turn: &mut Turn,
    ) {
        let erased = self.entries.get(&document).is_some_and(|entry| entry.standing == Standing::Erased);
        let code = items.first().map_or(0, |item| item.kind);
        let Some(kind) = Kind::from_code(code).filter(|_| !erased) else {
            if !erased {
                turn.report(Report::Unreadable { document });
            }
            return;
        };
        let changes: Vec<&[u8]> = items.iter().flat_map(|item| item.changes.iter().map(AsRef::as_ref)).collect();
        if !changes.is_empty() {
            match self.merge_feed(document, kind, stored, &changes, whole) {
                Ok(merged) => self.keep_merged(document, kind, merged, turn),
                Err(_) => {
                    turn.report(Report::Unreadable { document });
                    if !whole {
                        self.want(document, turn);
                    }
                    return;
                }
            }
        }
        // Of each channel what was said last; first where the document is, then where it is no longer: one that goes from
        // a channel of the user's to another is not dropped in between.
        let last: BTreeMap<u8, FeedWhat> = items.iter().map(|item| (item.channel, item.what)).collect();
        let (left, inside): (Vec<_>, Vec<_>) = last.into_iter().partition(|(_, what)| *what == FeedWhat::Left);
        for (channel, what) in inside.into_iter().chain(left) {
            let Some(channel) = rest.channels.get(usize::from(channel)) else { continue };
            match what {
                FeedWhat::Changes | FeedWhat::Entered => self.enter(document, channel, turn),
                FeedWhat::Left => self.leave(document, channel, turn),
            }
        }
    }

    fn merge_feed(
        &self,
        document: DocumentId,
        kind: Kind,
        stored: Option<Vec<u8>>,
        changes: &[&[u8]],
        whole: bool,
    ) -> Result<Merged, CopyError> {
        let entry = self.entries.get(&document);
        let known = entry.is_some_and(|entry| entry.standing == Standing::Open);
        let read = match stored {
            Some(bytes) => Copy::load(kind, &bytes),
            None if known => Err(CopyError::Load),
            None => Ok(Copy::blank(kind)),
        };
        let (mut copy, anew) = match read {
            Ok(copy) => (copy, false),
            Err(_) if whole => (Copy::blank(kind), true),
            Err(error) => return Err(error),
        };
        let constants = documents::constant_hashes(kind);
        let mut fed: Vec<ChangeHash> = changes.iter().map(|raw| hash_of(raw)).collect::<Result<_, _>>()?;
        fed.retain(|hash| !constants.contains(hash));
        let uncounted: &[ChangeHash] = entry.map_or(&[], |entry| &entry.uncounted);
        let mut news: Vec<ChangeHash> = Vec::new();
        for hash in &fed {
            if (!copy.has(hash) || uncounted.contains(hash)) && !news.contains(hash) {
                news.push(*hash);
            }
        }
        copy.merge(changes)?;
        if anew {
            // Own work goes back in; what does not fit any more stays in the outbox with its bytes.
            for work in self.works_of(document) {
                let before = copy.doc.clone();
                if copy.merge(&[work.raw.as_ref()]).is_err() {
                    copy.doc = before;
                }
            }
        }
        let is_lost = |hash: &ChangeHash| whole && !fed.contains(hash) && !uncounted.contains(hash);
        let prefix = self.lease().map(|lease| lease.prefix);
        let lost = copy.hashes().into_iter().filter(is_lost);
        let lost = lost.map(|hash| (hash, copy.author(&hash) == prefix)).collect();
        Ok(Merged { saved: copy.save(), news, lost, conflicts: copy.conflicts(), anew })
    }

    fn keep_merged(&mut self, document: DocumentId, kind: Kind, merged: Merged, turn: &mut Turn) {
        self.entries.entry(document).or_insert_with(|| Entry::new(kind.code()));
        turn.entry(document);
        if merged.anew {
            self.count_anew(document);
        }
        for change in merged.news {
            self.count(document, change, turn);
        }
        for (change, own) in merged.lost {
            // An own change goes back with its parcel; another's with its proof, or stays here until its author gives it back.
            self.uncount(document, change, turn);
            if let Some(counter) = self.receipted_parcel_with(document, change) {
                self.give_back(counter, turn);
            } else if own || self.may_return(document) {
                self.put_up_for_return(document, turn);
            }
        }
        turn.put(Key::Copy(document), merged.saved);
        if merged.conflicts > 0 {
            turn.report(Report::Conflict { document, fields: merged.conflicts });
        }
    }

    /// Forgets what was counted of a document whose copy was lost; own work stays uncounted.
    fn count_anew(&mut self, document: DocumentId) {
        let own: Vec<ChangeHash> = self.works_of(document).map(|work| work.hash).collect();
        let Some(entry) = self.entries.get_mut(&document) else { return };
        for channel in &entry.channels {
            let sum = self.sums.entry(channel.clone()).or_default();
            *sum = sum.minus(entry.sum);
        }
        entry.sum = Digest::EMPTY;
        entry.uncounted = own;
        entry.neighbours.clear();
        entry.standing = Standing::Open;
    }

    /// Forgets wants that were answered. Those that the budget cut off are asked again; when nothing of what was asked
    /// came, it is out of scope.
    fn settle_wants(&mut self, job: &FeedJob, turn: &mut Turn) {
        let came = |document: &DocumentId| job.rest.feed.iter().any(|item| item.document == *document);
        let none_came = !job.wanted.iter().any(came);
        let done = |document: &DocumentId| job.wanted.contains(document) && (none_came || came(document));
        self.progress.wants.retain(|document| !done(document));
        if let Some(sync) = &mut self.sync {
            for document in job.wanted.iter().filter(|document| !done(document)) {
                sync.asked.remove(document);
            }
            sync.gone.extend(job.wanted.iter().filter(|document| done(document) && !came(document)));
        }
        turn.progress();
    }

    fn keep_leases(&self, rest: &Rest, turn: &mut Turn) {
        let Some(hub) = self.hub() else { return };
        for signed in &rest.leases {
            if let Ok(lease) = signed.verify(hub) {
                turn.put(Key::Lease(lease.prefix), to_cbor(signed));
            }
        }
    }

    fn push_only(&mut self, turn: &mut Turn) {
        if let Some(sync) = &mut self.sync
            && !sync.renew
        {
            turn.report(Report::PushOnly);
        }
    }

    /// Where the user works by now: the lease names the site of its day, and new documents begin in the scope or are held.
    fn note_site(&mut self, rest: &Rest) {
        let Some(of_lease) = self.lease().map(|lease| Channel::site(&lease.site)) else { return };
        let now = rest.channels.iter().find_map(Channel::site_code);
        self.progress.site = now.filter(|_| !rest.channels.contains(&of_lease));
    }

    /// The feed is read to its end: both sides hold the same, or a repair begins.
    fn feed_ended(&mut self, rest: &Rest, head: Position, turn: &mut Turn) {
        let closed: Vec<_> = self.sums.keys().filter(|channel| !rest.channels.contains(channel)).cloned().collect();
        for channel in closed {
            self.close_channel(&channel, turn);
        }
        // The feed has named every channel: what is still in none has left the user's scope.
        for document in self.sync.as_mut().map(|sync| std::mem::take(&mut sync.loose)).unwrap_or_default() {
            self.close_if_done(document, turn);
        }
        self.note_site(rest);
        self.progress.read_to = rest.position.unwrap_or(head);
        let mine = |channel| self.sums.get(channel).copied().unwrap_or_default();
        // What is about to be repaired is stated afterwards: until then it is no news that it differs.
        let repaired = |channel| self.sync.as_ref().is_some_and(|sync| sync.repaired.contains(channel));
        let theirs = |index: usize| rest.digests.get(index).copied();
        let settled = rest.channels.iter().enumerate().filter(|(index, channel)| {
            theirs(*index).is_none_or(|theirs| theirs == mine(channel)) || repaired(channel)
        });
        self.progress.held = settled.map(|(_, channel)| (channel.clone(), mine(channel))).collect();
        // What is on its way back to the hub does not count on either side yet.
        let giving_back = self.parcels.values().any(|info| info.again);
        if rest.digests.len() == rest.channels.len() && !giving_back && self.progress.wants.is_empty() {
            self.compare(rest, turn);
        }
    }
}
