//! Deciding about held work: by a person, or because what it was held for is over.
//!
//! The work goes the same way as when it came ([`super::admission`]); the entry brings its contents again, under the
//! document's own key, so that feeds, rebuilding and erasure find it where everything else stands. Held for who sent it:
//! what hangs on it is decided together with it, in the order of the log. Nothing that a person let in is lost: what
//! still cannot be applied stays held. The device hears of it in its next answer ([`told`]): a second receipt.

use std::collections::BTreeSet;

use sync_protocol::gate::{self, change_hash};
use sync_protocol::ids::{ActorPrefix, Channel, DocumentId, Hash, Position};
use sync_protocol::wire::answer::{DECIDED_REJECTED, Decided, Fate, Run};
use sync_protocol::wire::codec::{CodecError, Raw, from_cbor};

use super::admission::{Admission, Item, Way, empty, push_run};
use super::directory::HeldItem;
use super::entry::{DecidedItem, DecisionEntry, Entry, HeldVerdict, Stored, content_binding};
use super::fact::By;
use super::filing::FilingError;
use super::published::Shared;
use super::writer::{Fatal, Group, read_entry};
use crate::access::HELD_BEHIND;
use crate::limits::{DECIDED_TOLD_MAX, DECISION_CONTENT_BYTES_MAX, DECISION_ITEMS_MAX};
use crate::random::Random;
use crate::store::keyring::{KeyOwner, Keyring, WrappedKey};
use crate::store::seal;

/// The code of a fate: the device wrote the edits again, so the old change can no longer be let in.
pub const SUPERSEDED: &str = "superseded";

/// What a person decides.
#[derive(Debug, Clone)]
pub struct Decision {
    /// Which held work: entry and item.
    pub items: Vec<(Position, u16)>,
    /// Let in or not.
    pub approve: bool,
    /// Why, for people: the device shows it.
    pub reason: String,
    /// Who.
    pub by: By,
}

/// What became of a decision.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DecisionDone {
    /// The entry; none when nothing was left to be decided.
    pub position: Option<Position>,
    /// Works decided: what was asked for and what hangs on it.
    pub decided: usize,
    /// Works that did not fit into this entry: ask again.
    pub left: usize,
}

/// One work to be decided.
struct Case {
    document: DocumentId,
    held: HeldItem,
}

impl Group<'_> {
    /// Writes a person's decision.
    pub(super) fn decide(&mut self, decision: &Decision, random: &mut dyn Random) -> Result<DecisionDone, Fatal> {
        let mut cases = self.with_what_hangs_on_it(&decision.items);
        let left = cases.len().saturating_sub(DECISION_ITEMS_MAX);
        cases.truncate(DECISION_ITEMS_MAX);
        let verdict = if decision.approve { HeldVerdict::Approved } else { HeldVerdict::Rejected };
        let (items, more) = self.decide_all(&cases, verdict, &decision.reason, random)?;
        let (decided, left) = (items.len(), left + more);
        if items.is_empty() {
            return Ok(DecisionDone { position: None, decided, left });
        }
        let reason = Raw(self.shared.keyring.seal_entry(random, decision.reason.as_bytes()));
        let position = self.append_decision(decision.by, Some(reason), items);
        Ok(DecisionDone { position: Some(position), decided, left })
    }

    /// Tries again some of what was held for a reason that is over; whether there was any.
    pub(super) fn settle(&mut self, random: &mut dyn Random) -> Result<bool, Fatal> {
        let (next, held) = {
            let directory = self.shared.directory();
            let Some((document, lease)) = directory.next_to_settle() else { return Ok(false) };
            (document, directory.held_for_who(document, lease))
        };
        let cases: Vec<Case> = each_once(held.into_iter().map(|held| Case { document: next, held }));
        let cases = &cases[..cases.len().min(DECISION_ITEMS_MAX)];
        let (items, _) = self.decide_all(cases, HeldVerdict::Retried, "", random)?;
        self.append_decision(By::Hub, None, items);
        Ok(true)
    }

    fn append_decision(&mut self, by: By, reason: Option<Raw>, items: Vec<DecidedItem>) -> Position {
        let position = self.head.next();
        let entry = DecisionEntry { at: self.now, by, reason, items };
        self.shared.directory_mut().fold_decision(position, &entry);
        self.payloads.push(entry.to_bytes());
        self.head = position;
        self.entries.insert(position, Entry::Decision(entry));
        position
    }

    /// What was asked for and is still held, with everything that hangs on it, in the order of the log.
    fn with_what_hangs_on_it(&self, asked: &[(Position, u16)]) -> Vec<Case> {
        let asked: BTreeSet<_> = asked.iter().copied().collect();
        let directory = self.shared.directory();
        let mut cases = Vec::new();
        for (document, items) in &directory.held {
            let is_asked = |held: &&HeldItem| asked.contains(&(held.position, held.item));
            let whose: BTreeSet<ActorPrefix> =
                items.iter().filter(|held| is_asked(held) && held.is_for_who()).map(|held| held.lease).collect();
            let wanted = |held: &&HeldItem| is_asked(held) || (held.is_for_who() && whose.contains(&held.lease));
            cases.extend(items.iter().filter(wanted).map(|held| Case { document: *document, held: held.clone() }));
        }
        cases.sort_by_key(|case| (case.held.position, case.held.item));
        each_once(cases.into_iter())
    }

    /// Decides works in order; how many did not fit into one entry.
    fn decide_all(
        &mut self,
        cases: &[Case],
        verdict: HeldVerdict,
        reason: &str,
        random: &mut dyn Random,
    ) -> Result<(Vec<DecidedItem>, usize), Fatal> {
        let mut items: Vec<DecidedItem> = Vec::new();
        let mut bytes = 0;
        let mut blocked = BTreeSet::new();
        for (index, case) in cases.iter().enumerate() {
            if bytes >= DECISION_CONTENT_BYTES_MAX {
                return Ok((items, cases.len() - index));
            }
            let item = self.decide_one(case, items.len(), verdict, reason, &mut blocked, random)?;
            bytes += item.filed.content.as_ref().map_or(0, |content| content.0.len())
                + item.filed.held.as_ref().map_or(0, |held| held.content.0.len());
            items.push(item);
        }
        Ok((items, 0))
    }

    fn decide_one(
        &mut self,
        case: &Case,
        index: usize,
        verdict: HeldVerdict,
        reason: &str,
        blocked: &mut BTreeSet<(DocumentId, ActorPrefix)>,
        random: &mut dyn Random,
    ) -> Result<DecidedItem, Fatal> {
        let Case { document, held } = case;
        let origin = match self.entries.get(&held.position) {
            Some(entry) => entry.clone(),
            None => read_entry(self.shared, held.position)?,
        };
        let (manifest, kind, stored) = held_content(&self.shared.keyring, &origin, held.item, *document)?;
        let Some((site, authors)) = self.origin_of(&origin, held.item)? else {
            return Err(CodecError::Body(format!("entry {} names no site", held.position)).into());
        };
        let (position, item) = (self.head.next(), u16::try_from(index).unwrap_or(u16::MAX));
        let directory = self.shared.directory();
        let Some(lease) = directory.leases.get(&held.lease) else {
            return Err(CodecError::Body(format!("lease {} has vanished", held.lease)).into());
        };
        let mut filed = empty(Vec::new());
        let superseded: Vec<bool> = {
            let known = directory.superseded.get(document);
            let is = |raw: &Raw| known.is_some_and(|known| known.contains(&change_hash(raw.as_ref())));
            stored.changes.iter().map(is).collect()
        };
        if verdict == HeldVerdict::Rejected {
            for _ in &stored.changes {
                push_run(&mut filed.runs, Fate::Refused(DECIDED_REJECTED.to_owned(), reason.to_owned()));
            }
        } else {
            let left = stored.changes.iter().zip(&superseded).filter(|(_, gone)| !**gone).map(|(raw, _)| raw);
            let changes: Vec<_> = left.map(|raw| gate::inspect(raw.as_ref())).collect();
            let to = Item {
                manifest,
                index: item,
                position,
                document: *document,
                kind,
                salt: stored.salt,
                card: stored.card,
                site,
                authors: authors.clone(),
            };
            let mut operations = self.operations_max;
            let mut admission = Admission {
                directory: &directory,
                filing: &mut self.filing,
                keyring: &self.shared.keyring,
                random,
                now: self.now,
                operations: &mut operations,
                notes: Vec::new(),
            };
            let principal = directory.principal_of(lease, self.now);
            let key = (*document, held.lease);
            filed = if verdict == HeldVerdict::Retried && blocked.contains(&key) {
                admission.hold(&to, &changes, HELD_BEHIND)?
            } else {
                let way = if verdict == HeldVerdict::Approved { Way::Approved } else { Way::Retried };
                admission.admit_document(lease, &principal, &to, &changes, way)?
            };
            let notes = std::mem::take(&mut admission.notes);
            self.notes.extend(notes);
            if filed.runs.iter().any(|run| matches!(&run.fate, Fate::Held(code) if code.starts_with("held-who"))) {
                blocked.insert(key);
            }
            filed.runs = with_superseded(&filed.runs, &superseded);
        }
        let (position, item, lease) = (held.position, held.item, held.lease);
        Ok(DecidedItem { position, item, lease, manifest, document: *document, kind, verdict, filed, authors })
    }

    /// The channel of the site that the work was recorded at; of what was given back, where the device had it and who
    /// wrote it.
    fn origin_of(&self, origin: &Entry, item: u16) -> Result<Option<(Channel, Vec<ActorPrefix>)>, Fatal> {
        let manifest = match origin {
            Entry::Parcel(entry) => entry.read_manifest()?,
            Entry::Decision(entry) => {
                let Some(decided) = entry.items.get(usize::from(item)) else { return Ok(None) };
                let before = match self.entries.get(&decided.position) {
                    Some(entry) => entry.clone(),
                    None => read_entry(self.shared, decided.position)?,
                };
                // Decisions on decisions lead back to a parcel, each to an entry before it.
                return self.origin_of(&before, decided.item);
            }
            Entry::Returned(entry) => {
                let Some(item) = entry.items.get(usize::from(item)) else { return Ok(None) };
                let site = item.channel.site_code().map(|site| self.shared.directory().site_now(&site));
                let channel = site.map_or_else(|| item.channel.clone(), |site| Channel::site(&site));
                return Ok(Some((channel, item.authors.clone())));
            }
            Entry::Sealed(_) => return Ok(None),
        };
        Ok(Some((Channel::site(&self.shared.directory().site_now(&manifest.site)), Vec::new())))
    }
}

/// A work with several runs of held changes stands several times in the directory.
fn each_once(cases: impl Iterator<Item = Case>) -> Vec<Case> {
    let mut seen = BTreeSet::new();
    cases.filter(|case| seen.insert((case.held.position, case.held.item))).collect()
}

/// The fates with those of superseded changes put in where they stand.
fn with_superseded(runs: &[Run], superseded: &[bool]) -> Vec<Run> {
    let mut fates = runs.iter().flat_map(|run| std::iter::repeat_n(&run.fate, usize::from(run.count)));
    let mut all = Vec::new();
    for gone in superseded {
        let fate = if *gone {
            Some(Fate::Refused(SUPERSEDED.to_owned(), "the device wrote these edits again".to_owned()))
        } else {
            fates.next().cloned()
        };
        fate.into_iter().for_each(|fate| push_run(&mut all, fate));
    }
    all
}

/// Held work of an entry: the manifest that committed to it, its kind, and the changes.
fn held_content(
    keyring: &Keyring,
    origin: &Entry,
    item: u16,
    document: DocumentId,
) -> Result<(Hash, u8, Stored), Fatal> {
    let missing = || CodecError::Body("an entry does not hold the work that it is said to hold".to_owned());
    let work = origin.work(usize::from(item)).ok_or_else(missing)?;
    let kind = match origin {
        Entry::Parcel(entry) => entry.read_manifest()?.documents.get(usize::from(item)).map(|named| named.kind),
        Entry::Decision(entry) => entry.items.get(usize::from(item)).map(|item| item.kind),
        Entry::Returned(entry) => entry.items.get(usize::from(item)).map(|item| item.kind),
        Entry::Sealed(_) => None,
    };
    let held = work.filed.held.as_ref().ok_or_else(missing)?;
    let wrapped: WrappedKey = held.key.read()?;
    let key =
        keyring.unwrap(KeyOwner::Held { parcel: work.manifest, document }, &wrapped).map_err(FilingError::from)?;
    let bound = content_binding(document, &work.manifest, true);
    let bytes =
        seal::open(&key, &bound, held.content.as_ref()).map_err(|source| FilingError::Sealed { document, source })?;
    Ok((work.manifest, kind.ok_or_else(missing)?, from_cbor(&bytes)?))
}

/// Decisions on a lease's work after a position, for its second receipts; up to which position all are told.
///
/// # Errors
/// [`Fatal`] when the log cannot be read.
pub fn told(
    shared: &Shared,
    lease: ActorPrefix,
    after: Position,
    up_to: Position,
    scope: &[Channel],
) -> Result<(Vec<Decided>, Position), Fatal> {
    let waiting: Vec<(Position, u16)> = {
        let directory = shared.directory();
        let all = directory.leases.get(&lease).map(|state| state.decisions.as_slice()).unwrap_or_default();
        let from = all.partition_point(|(position, _)| *position <= after);
        // Whole entries: the place is a position.
        let some = all[from..].iter().take_while(|(position, _)| *position <= up_to);
        some.take(DECIDED_TOLD_MAX + DECISION_ITEMS_MAX).copied().collect()
    };
    let mut decided = Vec::new();
    let mut to = up_to;
    let mut entry: Option<(Position, Entry)> = None;
    for (position, item) in waiting {
        let at = match entry.take() {
            Some((at, entry)) if at == position => (at, entry),
            _ if decided.len() >= DECIDED_TOLD_MAX => {
                to = Position(position.0.saturating_sub(1));
                break;
            }
            _ => (position, read_entry(shared, position)?),
        };
        if let Entry::Decision(decision) = &at.1
            && let Some(item) = decision.items.get(usize::from(item))
        {
            decided.push(second_receipt(shared, position, item, scope)?);
        }
        entry = Some(at);
    }
    Ok((decided, to))
}

fn second_receipt(
    shared: &Shared,
    position: Position,
    item: &DecidedItem,
    scope: &[Channel],
) -> Result<Decided, Fatal> {
    let origin = read_entry(shared, item.position)?;
    let (_, _, stored) = held_content(&shared.keyring, &origin, item.item, item.document)?;
    // Where the document is by now: it may have gone on since the decision.
    let head = shared.store.head(item.document).map_err(FilingError::from)?;
    let now = head.map(|head| head.channels).unwrap_or_default();
    let inside = item.filed.entered.iter().filter(|channel| scope.contains(channel) && now.contains(channel));
    Ok(Decided {
        position,
        manifest: item.manifest,
        document: item.document,
        runs: item.filed.runs.clone(),
        changes: stored.changes.iter().map(|raw| change_hash(raw.as_ref())).collect(),
        entered: inside.cloned().collect(),
    })
}
