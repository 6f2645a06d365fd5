//! What is checked while the simulation runs: everything that the hub says, against what it said before, what is in its
//! log, and what people did.
//!
//! The checks at the end, when all faults are over, stand in [`super::quiet`].

use std::collections::{BTreeMap, BTreeSet};

use segin::hub::directory::Standing;
use segin::hub::entry::Entry;
use segin::hub::fact::FactEntry;
use segin::hub::published::Shared;
use sync_protocol::documents::Kind;
use sync_protocol::ids::{ActorPrefix, ChangeHash, Channel, DocumentId, Hash, Millis, Position, SiteCode};
use sync_protocol::limits::MESSAGE_BYTES_MAX;
use sync_protocol::wire::answer::{Answer, DocumentFate, Fate, ParcelReceipt, Receipt, Rest};
use sync_protocol::wire::codec::{Message, from_cbor, read};
use sync_protocol::wire::digest::Digest;
use sync_protocol::wire::exchange::ExchangeRequest;
use sync_protocol::wire::manifest::{Manifest, manifest_hash};

use super::paper::{Facts, Mark, Recorded, sites_of};
use super::promise::{Broken, Check, Promise, holds};

/// Bytes of a request or answer beside what the budget counts: signatures, manifest, digests, leases, one document.
const BESIDE_BYTES: usize = 8 * 1024;

/// What was seen so far.
#[derive(Default)]
pub struct Oracle {
    /// Chain hashes that the hub has told.
    told: BTreeMap<Position, Hash>,
    /// Receipts that the hub has told, of parcels that it kept.
    receipts: BTreeMap<Hash, (Position, Vec<DocumentFate>)>,
    /// The highest position of which a second copy was claimed.
    pub copied_to: Position,
    /// Entries that were looked at.
    seen_to: Position,
    /// Where each manifest stands in the log.
    manifests: BTreeMap<Hash, Position>,
    /// Every change that a device has stored as work.
    pub works: BTreeSet<ChangeHash>,
    /// Everything that a device called recorded.
    pub recorded: Vec<Recorded>,
    /// Which field of scalars each mark was meant for, if one.
    pub paths: BTreeMap<Mark, &'static str>,
    /// What people did to each document.
    pub facts: BTreeMap<DocumentId, Facts>,
    /// Cases that have left a site, by what people did.
    pub gone: BTreeSet<(DocumentId, SiteCode)>,
    /// Leases that nobody has confirmed, or that were revoked.
    pub shut: BTreeSet<ActorPrefix>,
    /// Leases for which somebody vouches: the hub may have heard of it.
    pub vouched: BTreeSet<ActorPrefix>,
    /// Receipts checked, so that a run that checked nothing is noticed.
    pub receipts_seen: u64,
    /// Of each document and field, the marks that people see in the end, in their order.
    pub shown: Vec<String>,
    /// Conflicts that were compared at the end.
    pub conflicts_seen: u64,
}

/// Whether the log must have it: applied or held.
fn is_in_log(fate: &Fate) -> bool {
    matches!(fate, Fate::Applied | Fate::Held(_))
}

fn kept(receipt: &ParcelReceipt) -> bool {
    receipt.position.is_some() && receipt.documents.iter().flat_map(|fate| &fate.runs).any(|run| is_in_log(&run.fate))
}

/// What the hub says of a channel is the sum over the documents that are in it.
///
/// # Errors
/// [`Broken`].
pub fn channels_add_up(shared: &Shared) -> Check {
    let heads = shared.store.documents_after(None, usize::MAX);
    let heads = heads.map_err(|error| Broken::new(Promise::SavedMeansSaved, error.to_string()))?;
    for (channel, state) in &shared.published().channels {
        let counted = heads.iter().filter(|head| head.kind != Kind::Annex.code() && head.channels.contains(channel));
        let sum = counted.fold(Digest::EMPTY, |sum, head| sum.plus(head.sum));
        holds(Promise::SameChangesSameDocument, sum == state.sum, || {
            format!("{channel} is said to hold {}, its documents come to {sum}", state.sum)
        })?;
    }
    Ok(())
}

impl Oracle {
    /// Looks at the entries that were written since the last look: hub time, and each manifest once.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn log_grew(&mut self, shared: &Shared, now: Millis) -> Check {
        let head = shared.published().position;
        while self.seen_to < head {
            let position = self.seen_to.next();
            let unreadable = |error: String| {
                Broken::new(Promise::SavedMeansSaved, format!("entry {position} cannot be read: {error}"))
            };
            let record = shared.log.read(position).map_err(|error| unreadable(error.to_string()))?;
            let at = match Entry::from_bytes(&record.payload).map_err(|error| unreadable(error.to_string()))? {
                Entry::Parcel(entry) => {
                    let hash = manifest_hash(&entry.manifest);
                    let before = self.manifests.insert(hash, position);
                    holds(Promise::Idempotent, before.is_none(), || {
                        format!("a parcel stands at {position} and at {before:?} of the log")
                    })?;
                    entry.at
                }
                Entry::Decision(entry) => entry.at,
                Entry::Returned(entry) => entry.at,
                Entry::Sealed(sealed) => {
                    let bytes = shared.keyring.open_entry(&sealed).map_err(|error| unreadable(error.to_string()))?;
                    let entry: FactEntry = from_cbor(&bytes).map_err(|error| unreadable(error.to_string()))?;
                    entry.at
                }
            };
            holds(Promise::NoDeviceClockDecides, at == now, || {
                format!("entry {position} is of {at:?}, hub time is {now:?}")
            })?;
            self.seen_to = position;
        }
        Ok(())
    }

    /// After a start: everything that was ever told is still so.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn hub_started(&mut self, shared: &Shared) -> Check {
        let head = shared.published().position;
        for (position, chain) in &self.told {
            let lost =
                |why: String| Broken::new(Promise::SavedMeansSaved, format!("position {position} was told; {why}"));
            let record = shared.log.read(*position).map_err(|error| lost(format!("the log, at {head}: {error}")))?;
            holds(Promise::SavedMeansSaved, record.chain == *chain, || {
                format!("position {position} has another chain hash than was told")
            })?;
        }
        for (manifest, (position, documents)) in &self.receipts {
            let lost = || Broken::new(Promise::SavedMeansSaved, format!("the parcel receipted at {position} is gone"));
            let record = shared.log.read(*position).map_err(|_| lost())?;
            let Ok(Entry::Parcel(entry)) = Entry::from_bytes(&record.payload) else { return Err(lost()) };
            let same = manifest_hash(&entry.manifest) == *manifest
                && entry.documents.iter().map(|filed| &filed.runs).eq(documents.iter().map(|fate| &fate.runs));
            holds(Promise::SavedMeansSaved, same, || format!("position {position} is not what its receipt says"))?;
        }
        channels_add_up(shared)?;
        // Entries of a group that was never answered may be gone, or be there now.
        let is_there = |position: Position| position <= head;
        self.manifests.retain(|_, position| is_there(*position));
        self.seen_to = self.seen_to.min(head);
        self.skip_to(shared, head)
    }

    /// Entries that a dying hub wrote are looked at without their time: nobody knows it any more.
    fn skip_to(&mut self, shared: &Shared, head: Position) -> Check {
        while self.seen_to < head {
            let position = self.seen_to.next();
            let record = shared.log.read(position).map_err(|error| {
                Broken::new(Promise::SavedMeansSaved, format!("entry {position} cannot be read: {error}"))
            })?;
            if let Ok(Entry::Parcel(entry)) = Entry::from_bytes(&record.payload) {
                let before = self.manifests.insert(manifest_hash(&entry.manifest), position);
                holds(Promise::Idempotent, before.is_none_or(|before| before == position), || {
                    format!("a parcel stands at {position} and at {before:?} of the log")
                })?;
            }
            self.seen_to = position;
        }
        Ok(())
    }

    /// The hub answers an exchange: its receipt, its feed, its size.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn answered(&mut self, shared: &Shared, request: &[u8], bytes: &[u8], scope: &[SiteCode]) -> Check {
        let answer: Answer = read(Message::Answer, bytes)
            .map_err(|error| Broken::new(Promise::SavedMeansSaved, format!("an answer cannot be read: {error}")))?;
        let (receipt, rest) = answer
            .open(&shared.keyring.hub_key().public())
            .map_err(|error| Broken::new(Promise::SavedMeansSaved, format!("an answer does not open: {error}")))?;
        let request: ExchangeRequest = read(Message::ExchangeRequest, request)
            .map_err(|error| Broken::new(Promise::HostileBytesStopAtTheGate, format!("answered, but: {error}")))?;
        self.receipt(shared, &receipt)?;
        self.scope(&receipt, &rest, scope)?;
        let fed: usize = rest.feed.iter().flat_map(|item| &item.changes).map(|raw| raw.0.len()).sum();
        let allowed = request.budget as usize + BESIDE_BYTES;
        holds(Promise::Bounded, fed <= allowed, || format!("{fed} bytes of feed for a budget of {}", request.budget))?;
        holds(Promise::Bounded, bytes.len() <= MESSAGE_BYTES_MAX, || format!("an answer of {} bytes", bytes.len()))
    }

    fn receipt(&mut self, shared: &Shared, receipt: &Receipt) -> Check {
        self.receipts_seen += 1;
        let on_disk = shared.log.head();
        holds(Promise::SavedMeansSaved, receipt.head <= on_disk.0, || {
            format!("{} was told, the log ends at {}", receipt.head, on_disk.0)
        })?;
        if let Some(before) = self.told.insert(receipt.head, receipt.chain) {
            holds(Promise::SavedMeansSaved, before == receipt.chain, || {
                format!("position {} was told with two chain hashes", receipt.head)
            })?;
        }
        self.copied_to = self.copied_to.max(receipt.copied_to);
        for parcel in &receipt.parcels {
            let fates = parcel.documents.iter().flat_map(|fate| &fate.runs).map(|run| &run.fate);
            for fate in fates {
                if let Fate::Refused(code, sentence) = fate {
                    return Err(Broken::new(
                        Promise::NothingDropped,
                        format!("honest work was refused: {code}: {sentence}"),
                    ));
                }
                if let Fate::Held(code) = fate {
                    holds(Promise::NothingDropped, code.starts_with("held-who"), || {
                        format!("honest work was held for what it says: {code}")
                    })?;
                }
            }
            if let Some((code, sentence)) = &parcel.refused {
                return Err(Broken::new(Promise::NothingDropped, format!("a parcel was refused: {code}: {sentence}")));
            }
            let Some(position) = parcel.position.filter(|_| kept(parcel)) else { continue };
            let told = self.receipts.entry(parcel.manifest).or_insert_with(|| (position, parcel.documents.clone()));
            // Which channels are named follows the user's scope of the moment.
            let runs = |documents: &[DocumentFate]| documents.iter().map(|fate| fate.runs.clone()).collect::<Vec<_>>();
            holds(Promise::Idempotent, told.0 == position && runs(&told.1) == runs(&parcel.documents), || {
                format!("a parcel receipted at {} was receipted otherwise at {position}", told.0)
            })?;
        }
        Ok(())
    }

    fn scope(&self, receipt: &Receipt, rest: &Rest, scope: &[SiteCode]) -> Check {
        let channels: Vec<Channel> = scope.iter().map(Channel::site).collect();
        let entered = receipt.parcels.iter().flat_map(|parcel| &parcel.documents).flat_map(|fate| &fate.entered);
        for channel in rest.channels.iter().chain(entered) {
            holds(Promise::OnlyOnesScope, channels.contains(channel), || {
                format!("{channel} was named to a user of {channels:?}")
            })?;
        }
        let fed = rest.feed.iter().map(|item| item.document);
        let listed = rest.repair.iter().flat_map(|repair| repair.documents.iter().map(|(document, _)| *document));
        for document in fed.chain(listed) {
            self.may_see(document, scope)?;
        }
        for item in rest.feed.iter().filter(|item| !item.changes.is_empty()) {
            let site = rest.channels.get(usize::from(item.channel)).and_then(Channel::site_code);
            let gone = site.is_some_and(|site| self.gone.contains(&(item.document, site)));
            holds(Promise::OnlyOnesScope, !gone, || format!("{} was fed by a site that it has left", item.document))?;
        }
        Ok(())
    }

    /// A voucher may have come with a request: then the lease stands.
    pub fn vouchers_arrived(&mut self, shared: &Shared, lease: ActorPrefix) {
        let stands = shared.directory().leases.get(&lease).is_some_and(|state| state.standing == Standing::Active);
        if stands && self.vouched.contains(&lease) {
            self.shut.remove(&lease);
        }
    }

    /// Whether somebody of these sites may see a document, by what people did.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn may_see(&self, document: DocumentId, scope: &[SiteCode]) -> Check {
        let sites = sites_of(&self.facts, document);
        holds(Promise::OnlyOnesScope, scope.iter().any(|site| sites.contains(site)), || {
            format!("{document} of {sites:?} was shown to a user of {scope:?}")
        })
    }

    /// A request leaves a device.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn requested(&mut self, bytes: &[u8], closed: &BTreeMap<SiteCode, SiteCode>) -> Check {
        let Ok(request) = read::<ExchangeRequest>(Message::ExchangeRequest, bytes) else { return Ok(()) };
        // Where the device says that its new documents begin: its user may have moved since the lease was made.
        for manifest in request.parcels.iter().filter_map(|parcel| parcel.manifest.read::<Manifest>().ok()) {
            let mut site = &manifest.site;
            while let Some(next) = closed.get(site) {
                site = next;
            }
            for named in &manifest.documents {
                if let Some(facts) = self.facts.get_mut(&named.document) {
                    facts.sites.insert(site.clone());
                }
            }
        }
        let allowed = 2 * request.budget as usize + BESIDE_BYTES;
        holds(Promise::Bounded, bytes.len() <= allowed, || {
            format!("a request of {} bytes on a link of {}", bytes.len(), request.budget)
        })
    }
}
