//! Recording: typed edits become one change, stored with its document, its work and its human code in one batch.
//!
//! The actor is drawn afresh when the device is opened and whenever it does not fit the heads that were shown; so a
//! cloned or restored device never uses a sequence number twice.

use std::collections::{BTreeMap, BTreeSet};

use super::copy::Copy;
use super::event::{EditRequest, Report};
use super::exchange::Waiting;
use super::rows::{EditsRow, Entry, Key, Standing, Work, WorkState};
use super::turn::Turn;
use super::{Device, Session};
use crate::documents::{self, Code, Committed, DeviceLetters, Edit, EditError, Kind};
use crate::ids::{Actor, CardToken, ChangeHash, DocumentId, Millis};
use crate::wire::codec::{Raw, to_cbor};

impl Session {
    /// Draws a new actor.
    pub(super) fn renew_actor(&mut self, turn: &mut Turn) {
        self.actor = Actor::from_parts(self.lease.prefix, turn.draw.bytes());
    }

    /// Commits edits under the session's actor, or a fresh one where that does not fit.
    pub(super) fn commit(
        &mut self,
        copy: &mut Copy,
        shown: &[ChangeHash],
        at: Millis,
        edits: &[Edit],
        turn: &mut Turn,
    ) -> Result<Committed, EditError> {
        if !documents::actor_fits(&copy.doc, shown, self.actor) {
            self.renew_actor(turn);
        }
        documents::apply(&mut copy.doc, copy.kind, shown, self.actor, at, edits)
    }
}

impl Device {
    pub(super) fn edit(&mut self, requests: Vec<EditRequest>, turn: &mut Turn) {
        let known = |id: &DocumentId| self.entries.get(id).is_some_and(|entry| entry.standing == Standing::Open);
        let wanted: BTreeSet<DocumentId> =
            requests.iter().filter_map(|request| request.document).filter(known).collect();
        if wanted.is_empty() {
            self.record(requests, &[], turn);
        } else {
            turn.load(wanted.into_iter().map(Key::Copy).collect());
            self.waiting = Some(Waiting::Edit(requests));
        }
    }

    /// The second step, with the stored copies.
    pub(super) fn record(&mut self, requests: Vec<EditRequest>, rows: &[(Key, Option<Vec<u8>>)], turn: &mut Turn) {
        let mut copies: BTreeMap<DocumentId, Vec<u8>> = rows
            .iter()
            .filter_map(|(key, bytes)| match (key, bytes) {
                (Key::Copy(id), Some(bytes)) => Some((*id, bytes.clone())),
                _ => None,
            })
            .collect();
        for request in requests {
            let tag = request.tag;
            match self.record_one(request, &mut copies, turn) {
                Ok(report) => turn.report(report),
                Err(reason) => turn.report(Report::EditRefused { tag, reason }),
            }
        }
    }

    fn record_one(
        &mut self,
        request: EditRequest,
        copies: &mut BTreeMap<DocumentId, Vec<u8>>,
        turn: &mut Turn,
    ) -> Result<Report, String> {
        let new = request.document.is_none();
        let document =
            request.document.or(request.new_id).unwrap_or_else(|| DocumentId::new(uuid_v4(turn.draw.bytes())));
        if new && self.entries.contains_key(&document) {
            return Err(format!("{document} is not new"));
        }
        let mut copy = self.copy_to_edit(document, request.kind, copies.get(&document))?;
        let session = self.session.as_mut().ok_or("this device is not enrolled yet: enrol it with an invitation")?;
        let mut edits = request.edits;
        let mut card = request.card;
        let mut code = None;
        if new && request.kind == Kind::Case {
            let letters = DeviceLetters::new(&session.lease.letters).map_err(|error| error.to_string())?;
            let next = Code::next(&session.lease.site, session.lease.year, letters, self.progress.code)
                .map_err(|error| error.to_string())?;
            edits.insert(0, set_card("card.code", next.to_string()));
            edits.insert(1, set_card("card.site", session.lease.site.to_string()));
            card = Some(CardToken::new(turn.draw.bytes()));
            code = Some(next);
        }
        let shown = request.shown.unwrap_or_else(|| copy.heads());
        let committed = session.commit(&mut copy, &shown, turn.now, &edits, turn).map_err(|error| error.to_string())?;

        // From here on everything succeeds.
        if let Some(code) = &code {
            self.progress.code = code.counter();
            turn.progress();
        }
        let entry = self.entries.entry(document).or_insert_with(|| Entry::new(request.kind.code()));
        entry.code = entry.code.take().or_else(|| code.as_ref().map(ToString::to_string));
        entry.card = entry.card.or(card);
        let work = Work {
            document,
            hash: committed.hash,
            raw: Raw(committed.raw),
            state: WorkState::Local,
            replays: 0,
            sealed: None,
            waits: 0,
        };
        self.keep_work(work, shown, &edits, turn.now, turn);
        let saved = copy.save();
        turn.put(Key::Copy(document), saved.clone());
        copies.insert(document, saved);
        for (key, value) in request.beside {
            turn.put(Key::Shell(key), value);
        }
        let code = code.map(|code| code.to_string());
        let card = card.filter(|_| code.is_some());
        Ok(Report::Recorded { tag: request.tag, document, change: committed.hash, code, card })
    }

    pub(super) fn copy_to_edit(
        &self,
        document: DocumentId,
        kind: Kind,
        saved: Option<&Vec<u8>>,
    ) -> Result<Copy, String> {
        match self.entries.get(&document) {
            Some(entry) if entry.kind != kind.code() => Err(format!("{document} is not a {kind}")),
            Some(entry) if entry.standing == Standing::Erased => Err(format!("{document} was erased by decision")),
            Some(entry) if entry.standing == Standing::Closed => {
                Err(format!("{document} is at the hub and closed here: a later addition is a new annex"))
            }
            _ => match saved {
                Some(bytes) => Copy::load(kind, bytes).map_err(|error| format!("{document}: {error}")),
                None => Ok(Copy::blank(kind)),
            },
        }
    }

    /// Adds a work with its typed edits; it does not count until the hub has it.
    pub(super) fn keep_work(
        &mut self,
        work: Work,
        shown: Vec<ChangeHash>,
        edits: &[Edit],
        at: Millis,
        turn: &mut Turn,
    ) {
        let document = work.document;
        if let Some(entry) = self.entries.get_mut(&document) {
            entry.uncounted.push(work.hash);
        }
        turn.entry(document);
        let sequence = self.add_work(work, turn);
        let json = serde_json::to_vec(edits).expect("typed edits are strings, numbers and maps with text keys");
        turn.put(Key::Edits(sequence), to_cbor(&EditsRow { shown, edits: Raw(json), at }));
    }
}

/// The fields of a new case that the device fills in.
fn set_card(field: &str, value: String) -> Edit {
    Edit::Set { field: field.to_owned(), value: value.into() }
}

/// Random bytes as a version 4 UUID (RFC 9562).
pub(super) fn uuid_v4(random: [u8; 16]) -> [u8; 16] {
    uuid::Builder::from_random_bytes(random).into_uuid().into_bytes()
}
