//! Admission: what becomes of each document of a parcel.
//!
//! Asks `access` who may write, the gate what is sound, and makes the entry that records both. One bad record never
//! blocks another: every document is decided by itself. Writes nothing: the writer appends the entry and files it. Held
//! work that is decided later takes the same way: [`super::deciding`].

use sync_protocol::crypto::{Purpose, hash};
use sync_protocol::documents::Kind;
use sync_protocol::gate::{self, Code, InspectedChange, Rejection, StoredForm, Verdict};
use sync_protocol::ids::{ActorPrefix, CardToken, ChangeHash, Channel, DocumentId, Hash, Millis, Position, Salt};
use sync_protocol::wire::answer::{Fate, Run};
use sync_protocol::wire::codec::{Raw, from_cbor, to_cbor};

use super::directory::{Directory, LeaseState};
use super::entry::{Allowed, Filed, HeldContent, ParcelEntry, Stored, content_binding};
use super::filing::{Absorb, Filing, FilingError};
use super::placing::{self, Note};
use super::vet::VettedParcel;
use crate::access::{Action, HELD_BEHIND, Principal, Resource, decide};
use crate::limits::{DOCUMENT_CHANNELS_MAX, DOCUMENT_FORM_BYTES_MAX, DOCUMENT_PROJECTION_BYTES_MAX};
use crate::random::Random;
use crate::store::keyring::Keyring;
use crate::store::seal;

/// What admission works with.
pub struct Admission<'a, 'b> {
    /// Who and where.
    pub directory: &'a Directory,
    /// The group's documents.
    pub filing: &'a mut Filing<'b>,
    /// Keys.
    pub keyring: &'a Keyring,
    /// For keys and nonces.
    pub random: &'a mut dyn Random,
    /// Hub time.
    pub now: Millis,
    /// Operations that may still be tried for this request.
    pub operations: &'a mut u64,
    /// Filled on the way: what the applied documents say about other documents.
    pub notes: Vec<Note>,
}

/// The work on one document, and which item of which entry it is to be.
pub(super) struct Item {
    /// The manifest that committed to it.
    pub manifest: Hash,
    /// Which item.
    pub index: u16,
    /// Of which entry.
    pub position: Position,
    /// Which document.
    pub document: DocumentId,
    /// The code of its kind.
    pub kind: u8,
    /// Of the manifest's commitment.
    pub salt: Salt,
    /// The token of the card that came with it.
    pub card: Option<CardToken>,
    /// The channel of the site that the manifest names; of what was given back, the one through which the device had it.
    pub site: Channel,
    /// Who wrote it, of what was given back: proved, each change is its actor's.
    pub authors: Vec<ActorPrefix>,
}

/// How work comes to be decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// A device pushed it.
    Pushed,
    /// What it was held for is over: as if it was pushed now.
    Retried,
    /// A person let it in.
    Approved,
}

impl Admission<'_, '_> {
    /// Decides a parcel that is to stand at `position`, and files what is applied.
    ///
    /// # Errors
    /// [`FilingError`] when the store or the keyring fails: nothing of the group may then be written.
    pub fn admit(
        &mut self,
        position: Position,
        lease: &LeaseState,
        parcel: VettedParcel,
    ) -> Result<ParcelEntry, FilingError> {
        let VettedParcel { opened, manifest, signature, changes } = parcel;
        let site = Channel::site(&self.directory.site_now(&opened.manifest.site));
        let principal = self.directory.principal_of(lease, self.now);
        let mut documents = Vec::with_capacity(changes.len());
        let parts = opened.manifest.documents.iter().zip(&opened.documents);
        for (index, ((named, content), changes)) in parts.zip(changes).enumerate() {
            let index = u16::try_from(index).expect("a manifest names at most 2,048 documents");
            let item = Item {
                manifest: opened.hash,
                index,
                position,
                document: named.document,
                kind: named.kind,
                salt: content.salt,
                card: content.card,
                site: site.clone(),
                authors: Vec::new(),
            };
            documents.push(self.admit_document(lease, &principal, &item, &changes, Way::Pushed)?);
        }
        let statements = (!opened.statements.is_empty())
            .then(|| Raw(self.keyring.seal_entry(self.random, &to_cbor(&opened.statements))));
        Ok(ParcelEntry { at: self.now, lease: lease.lease.prefix, manifest, signature, statements, documents })
    }

    /// Decides the work on one document, and files what is applied.
    pub(super) fn admit_document(
        &mut self,
        lease: &LeaseState,
        principal: &Principal,
        item: &Item,
        changes: &[Result<InspectedChange, Rejection>],
        way: Way,
    ) -> Result<Filed, FilingError> {
        if changes.iter().any(Result::is_err) {
            return Ok(unreadable(changes));
        }
        let document = item.document;
        let all = changes.len();
        let Some(kind) = Kind::from_code(item.kind) else {
            return Ok(refused(all, "kind-unknown", format!("no kind has the code {}", item.kind)));
        };
        // What this hub once fed and still has needs no decision, wherever it is by now.
        if !item.authors.is_empty() && self.has_all(document, changes)? {
            return Ok(empty(vec![run(all, Fate::Duplicate)]));
        }
        if way != Way::Approved
            && let Err(code) = self.directory.lease_stands(lease)
        {
            return self.hold(item, changes, code);
        }
        if way == Way::Pushed && self.directory.holds_back(document, lease.lease.prefix) {
            return self.hold(item, changes, HELD_BEHIND);
        }
        let existing = self.filing.document(document)?;
        let channels = existing.as_ref().map(|working| working.channels.clone());
        let allowed = match (way, self.may_write(principal, item, kind, channels.as_deref())) {
            (_, Ok(allowed)) => allowed,
            (Way::Approved, Err(_)) => Allowed::Decided,
            (_, Err(code)) => return self.hold(item, changes, code),
        };
        let existing = self.filing.document(document)?;
        if let Some(working) = &existing
            && working.kind != kind
        {
            return Ok(refused(all, "kind-mismatch", format!("the document is a {}", working.kind.name())));
        }
        let form = existing.and_then(|working| working.form.as_ref());
        if *self.operations == 0 {
            let known = |change: &InspectedChange| form.is_some_and(|form| form.history.contains(&change.hash));
            let known: Vec<bool> = changes.iter().map(|change| change.as_ref().is_ok_and(known)).collect();
            return self.untried(item, changes, &known);
        }
        let mut judged = if item.authors.is_empty() {
            gate::judge_inspected(kind, form, lease.lease.prefix, changes)
        } else {
            gate::judge_proved(kind, form, changes)
        };
        *self.operations = self.operations.saturating_sub(judged.work);
        if way != Way::Pushed {
            keep_waiting(&mut judged.verdicts);
        }
        self.file(kind, item, allowed, judged, changes)
    }

    /// Whether the document has all of these changes.
    fn has_all(
        &mut self,
        document: DocumentId,
        changes: &[Result<InspectedChange, Rejection>],
    ) -> Result<bool, FilingError> {
        let Some(working) = self.filing.document(document)? else { return Ok(false) };
        let Some(form) = &working.form else { return Ok(false) };
        Ok(changes.iter().flatten().all(|change| form.history.contains(&change.hash)))
    }

    /// Whether the principal may write to the document as it stands: to one that is not there if it may begin.
    fn may_write(
        &self,
        principal: &Principal,
        item: &Item,
        kind: Kind,
        channels: Option<&[Channel]>,
    ) -> Result<Allowed, &'static str> {
        let document = item.document;
        let card = item.card.map(|token| hash(Purpose::Card, &[token.as_bytes()]));
        let known = |card| self.directory.cards.get(&document).is_some_and(|cards| cards.contains(card));
        let card_shown = card.as_ref().is_some_and(known);
        let annex_writer = self.directory.annex_writers.get(&document).copied();
        let channel = &item.site;
        let resource = match channels {
            None if item.authors.is_empty() => Resource::New { kind, channel },
            None => Resource::Returned { kind, channel },
            Some(channels) => Resource::Existing { kind, channels, annex_writer, card_shown, channel },
        };
        decide(principal, Action::Write, resource)
    }

    fn file(
        &mut self,
        kind: Kind,
        item: &Item,
        allowed: Allowed,
        judged: gate::Judgement,
        changes: &[Result<InspectedChange, Rejection>],
    ) -> Result<Filed, FilingError> {
        let document = item.document;
        let card = item.card.map(|token| hash(Purpose::Card, &[token.as_bytes()]));
        let mut judged = judged;
        let mut reads = None;
        if let Some(applied) = &judged.applied {
            let projection = placing::view_json(&applied.reading);
            let reading = &applied.reading.projection;
            let entered = placing::entered(document, allowed, &item.site, reading, self.directory, self.filing)?;
            let channels = self.filing.document(document)?.map_or(0, |working| working.channels.len()) + entered.len();
            if can_be_stored(&applied.form, &projection, channels) {
                reads = Some((projection, entered));
            } else {
                judged.applied = None;
                let too_large = || Rejection { code: Code::DocumentBytes, detail: String::new() };
                let applied = judged.verdicts.iter_mut().filter(|verdict| **verdict == Verdict::Applied);
                applied.for_each(|verdict| *verdict = Verdict::Held(too_large()));
            }
        }
        let mut filed = empty(runs_of(&judged.verdicts));
        let is_held = |(change, verdict): (&Result<InspectedChange, Rejection>, &Verdict)| match (change, verdict) {
            (Ok(change), Verdict::Held(_)) => Some(Raw(change.raw.clone())),
            _ => None,
        };
        let held: Vec<Raw> = changes.iter().zip(&judged.verdicts).filter_map(is_held).collect();
        if !held.is_empty() {
            filed.held = Some(self.sealed_held(item, held)?);
        }
        let (Some(applied), Some((projection, entered))) = (judged.applied, reads) else {
            return Ok(filed);
        };
        filed.allowed = Some(allowed);
        filed.card = card;
        self.notes.extend(placing::notes(document, &applied.reading.projection, self.directory));
        if self.filing.document(document)?.is_none() {
            let (key, wrapped) = self.keyring.new_document_key(self.random, document)?;
            filed.new_key = Some(Raw::of(&wrapped));
            self.filing.begin(document, kind, key, wrapped);
        }
        filed.entered = entered;
        // In the order in which they were applied: each behind those it builds on.
        let raw_of = |hash: &ChangeHash| changes.iter().flatten().find(|change| change.hash == *hash);
        let applied_changes = applied.new_hashes.iter().filter_map(raw_of).map(|change| Raw(change.raw.clone()));
        let stored = Stored { salt: item.salt, changes: applied_changes.collect(), card: item.card };
        let count = u16::try_from(stored.changes.len()).expect("a parcel carries at most 512 changes of a document");
        if let Some(working) = self.filing.document(document)? {
            let bound = content_binding(document, &item.manifest, false);
            filed.content = Some(Raw(seal::seal(&working.key, self.random, &bound, &to_cbor(&stored))));
        }
        self.filing.absorb(
            document,
            Absorb {
                position: item.position,
                source: item.position,
                item: item.index,
                runs: vec![(0, count)],
                form: applied.form,
                projection,
                hashes: &applied.new_hashes,
                entered: &filed.entered,
            },
        )?;
        Ok(filed)
    }

    /// Keeps all of a document's changes untried, for a person to decide.
    pub(super) fn hold(
        &mut self,
        item: &Item,
        changes: &[Result<InspectedChange, Rejection>],
        code: &str,
    ) -> Result<Filed, FilingError> {
        let mut filed = empty(vec![run(changes.len(), Fate::Held(code.to_owned()))]);
        let plain = changes.iter().flatten().map(|change| Raw(change.raw.clone())).collect();
        filed.held = Some(self.sealed_held(item, plain)?);
        Ok(filed)
    }

    /// The request has used up what may be tried for it: what is not known is kept, and the device writes it again in a
    /// smaller request.
    fn untried(
        &mut self,
        item: &Item,
        changes: &[Result<InspectedChange, Rejection>],
        known: &[bool],
    ) -> Result<Filed, FilingError> {
        let mut runs = Vec::new();
        for known in known {
            push_run(&mut runs, if *known { Fate::Duplicate } else { Fate::Held(Code::Untried.as_str().to_owned()) });
        }
        let mut filed = empty(runs);
        let new = changes.iter().flatten().zip(known).filter(|(_, known)| !**known);
        let new: Vec<Raw> = new.map(|(change, _)| Raw(change.raw.clone())).collect();
        if !new.is_empty() {
            filed.held = Some(self.sealed_held(item, new)?);
        }
        Ok(filed)
    }

    fn sealed_held(&mut self, item: &Item, changes: Vec<Raw>) -> Result<HeldContent, FilingError> {
        let document: DocumentId = item.document;
        let (key, wrapped) = self.keyring.new_held_key(self.random, item.manifest, document)?;
        let stored = Stored { salt: item.salt, changes, card: item.card };
        let bound = content_binding(document, &item.manifest, true);
        let content = Raw(seal::seal(&key, self.random, &bound, &to_cbor(&stored)));
        Ok(HeldContent { key: Raw::of(&wrapped), content })
    }
}

/// Whether the document store takes the document, and reads it again. What it does not take must never be in the log:
/// this hub would end, and every start after it.
fn can_be_stored(form: &StoredForm, projection: &[u8], channels: usize) -> bool {
    /// The number of changes and the frame of both.
    const BESIDE: usize = 64 + seal::SEAL_BYTES;
    let bytes = to_cbor(form);
    channels <= DOCUMENT_CHANNELS_MAX
        && projection.len() + seal::SEAL_BYTES <= DOCUMENT_PROJECTION_BYTES_MAX
        && bytes.len() + BESIDE <= DOCUMENT_FORM_BYTES_MAX
        // Two items stand around it when it is stored.
        && from_cbor::<(StoredForm, u8, u8)>(&[&[0x83], &bytes[..], &[0, 0]].concat()).is_ok()
}

/// What hangs on changes that are not there: kept, since the device may no longer send it again.
fn keep_waiting(verdicts: &mut [Verdict]) {
    for verdict in verdicts.iter_mut().filter(|verdict| matches!(verdict, Verdict::Waiting(_))) {
        *verdict = Verdict::Held(Rejection { code: Code::Untried, detail: String::new() });
    }
}

fn run(count: usize, fate: Fate) -> Run {
    Run { count: u16::try_from(count).expect("a parcel carries at most 512 changes of a document"), fate }
}

pub(super) fn empty(runs: Vec<Run>) -> Filed {
    Filed { runs, allowed: None, entered: Vec::new(), new_key: None, content: None, held: None, card: None }
}

fn refused(count: usize, code: &str, detail: String) -> Filed {
    empty(vec![run(count, Fate::Refused(code.to_owned(), detail))])
}

/// Some change cannot be read: what hangs on it cannot be judged.
fn unreadable(changes: &[Result<InspectedChange, Rejection>]) -> Filed {
    let mut runs: Vec<Run> = Vec::new();
    for change in changes {
        let fate = match change {
            Err(rejection) => Fate::Refused(rejection.code.as_str().to_owned(), rejection.detail.clone()),
            Ok(_) => Fate::Refused(
                "parcel-unreadable".to_owned(),
                "another change of this document cannot be read".to_owned(),
            ),
        };
        push_run(&mut runs, fate);
    }
    empty(runs)
}

pub(super) fn push_run(runs: &mut Vec<Run>, fate: Fate) {
    match runs.last_mut() {
        Some(last) if last.fate == fate => last.count += 1,
        _ => runs.push(Run { count: 1, fate }),
    }
}

/// The gate's verdicts as fates, equal neighbours together.
fn runs_of(verdicts: &[Verdict]) -> Vec<Run> {
    let mut runs = Vec::new();
    for verdict in verdicts {
        let fate = match verdict {
            Verdict::Applied => Fate::Applied,
            Verdict::Duplicate => Fate::Duplicate,
            Verdict::Waiting(missing) => Fate::Waiting(missing.clone()),
            Verdict::Held(rejection) => Fate::Held(rejection.code.as_str().to_owned()),
            Verdict::Refused(rejection) => Fate::Refused(rejection.code.as_str().to_owned(), rejection.detail.clone()),
        };
        push_run(&mut runs, fate);
    }
    runs
}
