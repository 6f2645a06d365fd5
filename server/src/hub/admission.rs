//! Admission: what becomes of each document of a parcel.
//!
//! Asks `access` who may write, the gate what is sound, and makes the entry that records both. One bad record never
//! blocks another: every document is decided by itself. Writes nothing: the writer appends the entry and files it.

use sync_protocol::crypto::{Purpose, hash};
use sync_protocol::documents::Kind;
use sync_protocol::gate::{self, Code, InspectedChange, Rejection, StoredForm, Verdict};
use sync_protocol::ids::{ChangeHash, Channel, DocumentId, Hash, Millis, Position};
use sync_protocol::wire::answer::{Fate, Run};
use sync_protocol::wire::codec::{Raw, from_cbor, to_cbor};
use sync_protocol::wire::manifest::Named;
use sync_protocol::wire::parcel::Content;

use super::directory::{Directory, LeaseState};
use super::entry::{Allowed, Filed, HeldContent, ParcelEntry, Stored, content_binding};
use super::filing::{Absorb, Filing, FilingError};
use super::placing;
use super::vet::VettedParcel;
use crate::access::{HELD_BEHIND, Principal, Resource, decide_write};
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
}

/// The change lists of one document, with the item they are.
struct Item<'a> {
    manifest: Hash,
    index: u16,
    position: Position,
    named: &'a Named,
    content: &'a Content,
    site: Channel,
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
        let site = Channel::site(&opened.manifest.site);
        let scope = self.directory.scope(lease.lease.user);
        let mut documents = Vec::with_capacity(changes.len());
        let parts = opened.manifest.documents.iter().zip(&opened.documents);
        for (index, ((named, content), changes)) in parts.zip(changes).enumerate() {
            let index = u16::try_from(index).expect("a manifest names at most 2,048 documents");
            let item = Item { manifest: opened.hash, index, position, named, content, site: site.clone() };
            documents.push(self.admit_document(lease, &scope, &item, changes)?);
        }
        let statements = (!opened.statements.is_empty())
            .then(|| Raw(self.keyring.seal_entry(self.random, &to_cbor(&opened.statements))));
        Ok(ParcelEntry { at: self.now, lease: lease.lease.prefix, manifest, signature, statements, documents })
    }

    fn admit_document(
        &mut self,
        lease: &LeaseState,
        scope: &[Channel],
        item: &Item<'_>,
        changes: Vec<Result<InspectedChange, Rejection>>,
    ) -> Result<Filed, FilingError> {
        if changes.iter().any(Result::is_err) {
            return Ok(unreadable(&changes));
        }
        let document = item.named.document;
        let all = changes.len();
        let Some(kind) = Kind::from_code(item.named.kind) else {
            return Ok(refused(all, "kind-unknown", format!("no kind has the code {}", item.named.kind)));
        };
        if self.directory.holds_back(document, lease.lease.prefix) {
            return self.hold(item, &changes, HELD_BEHIND);
        }
        let card = item.content.card.map(|token| hash(Purpose::Card, &[token.as_bytes()]));
        let known_card = |card| self.directory.cards.get(&document).is_some_and(|cards| cards.contains(card));
        let card_shown = card.as_ref().is_some_and(known_card);
        let existing = self.filing.document(document)?;
        let principal = Principal { lease: lease.lease.prefix, scope };
        let decision = match &existing {
            None => decide_write(principal, Resource::New { channel: &item.site }),
            Some(working) => {
                let annex_writer = self.directory.annex_writers.get(&document).copied();
                let channel = &item.site;
                decide_write(
                    principal,
                    Resource::Existing { channels: &working.channels, annex_writer, card_shown, channel },
                )
            }
        };
        let allowed = match decision {
            Ok(allowed) => allowed,
            Err(code) => return self.hold(item, &changes, code),
        };
        if let Some(working) = &existing
            && working.kind != kind
        {
            return Ok(refused(all, "kind-mismatch", format!("the document is a {}", working.kind.name())));
        }
        let form = existing.and_then(|working| working.form.as_ref());
        if *self.operations == 0 {
            let known = |change: &InspectedChange| form.is_some_and(|form| form.history.contains(&change.hash));
            let known: Vec<bool> = changes.iter().map(|change| change.as_ref().is_ok_and(known)).collect();
            return self.untried(item, &changes, &known);
        }
        let judged = gate::judge_inspected(kind, form, lease.lease.prefix, &changes);
        *self.operations = self.operations.saturating_sub(judged.work);
        self.file(kind, item, allowed, card, judged, &changes)
    }

    fn file(
        &mut self,
        kind: Kind,
        item: &Item<'_>,
        allowed: Allowed,
        card: Option<Hash>,
        judged: gate::Judgement,
        changes: &[Result<InspectedChange, Rejection>],
    ) -> Result<Filed, FilingError> {
        let document = item.named.document;
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
        if self.filing.document(document)?.is_none() {
            let (key, wrapped) = self.keyring.new_document_key(self.random, document)?;
            filed.new_key = Some(Raw::of(&wrapped));
            self.filing.begin(document, kind, key, wrapped);
        }
        filed.entered = entered;
        // In the order in which they were applied: each behind those it builds on.
        let raw_of = |hash: &ChangeHash| changes.iter().flatten().find(|change| change.hash == *hash);
        let applied_changes = applied.new_hashes.iter().filter_map(raw_of).map(|change| Raw(change.raw.clone()));
        let stored = Stored { salt: item.content.salt, changes: applied_changes.collect(), card: item.content.card };
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
    fn hold(
        &mut self,
        item: &Item<'_>,
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
        item: &Item<'_>,
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

    fn sealed_held(&mut self, item: &Item<'_>, changes: Vec<Raw>) -> Result<HeldContent, FilingError> {
        let document: DocumentId = item.named.document;
        let (key, wrapped) = self.keyring.new_held_key(self.random, item.manifest, document)?;
        let stored = Stored { salt: item.content.salt, changes, card: item.content.card };
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

fn run(count: usize, fate: Fate) -> Run {
    Run { count: u16::try_from(count).expect("a parcel carries at most 512 changes of a document"), fate }
}

fn empty(runs: Vec<Run>) -> Filed {
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

fn push_run(runs: &mut Vec<Run>, fate: Fate) {
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
