//! Neighbours: what a colleague recorded on the same device is readable here at once, before either has a network.
//!
//! Each user of a device has a state machine, a lease and a key of their own. What one commits, the shell hands to the
//! others' machines ([`Event::Neighbours`](super::Event::Neighbours)), as often as it likes: what is known is passed over.
//! It is merged into the copy and stays uncounted until the hub feeds it; the one who received it never sends it. An edit
//! on top of it is an ordinary change; while the hub does not have what it builds on, it is told to wait, and is sent again
//! with the next sync. If that goes on for too long (the colleague's change was not accepted, or was written again), it is
//! written again on what the hub has, like any work that hangs on something lost.
//!
//! Refuses annexes, which their writer alone reads, and changes that build on something that is not here.

use std::collections::{BTreeMap, BTreeSet};

use super::Device;
use super::copy::hash_of;
use super::event::{Neighbour, Report};
use super::exchange::Waiting;
use super::rows::{Entry, Key, Rows, Standing};
use super::turn::Turn;
use crate::documents::{self, Kind};
use crate::ids::{ChangeHash, DocumentId};
use crate::limits::{NEIGHBOUR_WAITS_MAX, NEIGHBOURS_MAX, UNSETTLED_MAX};

impl Device {
    pub(super) fn neighbours(&mut self, mut neighbours: Vec<Neighbour>, turn: &mut Turn) {
        for beyond in neighbours.split_off(neighbours.len().min(NEIGHBOURS_MAX)) {
            let reason = format!("more than {NEIGHBOURS_MAX} documents at once: hand it in again");
            turn.report(Report::NotTaken { document: beyond.document, reason });
        }
        let known = |id: &DocumentId| self.entries.get(id).is_some_and(|entry| entry.standing == Standing::Open);
        let wanted: BTreeSet<DocumentId> = neighbours.iter().map(|one| one.document).filter(known).collect();
        if wanted.is_empty() {
            self.take_neighbours(neighbours, Vec::new(), turn);
        } else {
            turn.load(wanted.into_iter().map(Key::Copy).collect());
            self.waiting = Some(Waiting::Neighbours(neighbours));
        }
    }

    /// The second step, with the stored copies.
    pub(super) fn take_neighbours(&mut self, neighbours: Vec<Neighbour>, rows: Rows, turn: &mut Turn) {
        let mut copies: BTreeMap<DocumentId, Vec<u8>> = rows
            .into_iter()
            .filter_map(|(key, bytes)| match key {
                Key::Copy(id) => Some((id, bytes?)),
                _ => None,
            })
            .collect();
        for neighbour in neighbours {
            let document = neighbour.document;
            if let Err(reason) = self.take_neighbour(neighbour, &mut copies, turn) {
                turn.report(Report::NotTaken { document, reason });
            }
        }
    }

    fn take_neighbour(
        &mut self,
        neighbour: Neighbour,
        copies: &mut BTreeMap<DocumentId, Vec<u8>>,
        turn: &mut Turn,
    ) -> Result<(), String> {
        let Neighbour { document, kind, code, card, changes } = neighbour;
        if kind == Kind::Annex {
            return Err("an annex is read by its writer alone".to_owned());
        }
        let mut copy = self.copy_to_edit(document, kind, copies.get(&document))?;
        let constants = documents::constant_hashes(kind);
        let mut news: Vec<ChangeHash> = Vec::new();
        for raw in &changes {
            let hash = hash_of(raw.as_ref()).map_err(|error| error.to_string())?;
            if !copy.has(&hash) && !constants.contains(&hash) && !news.contains(&hash) {
                news.push(hash);
            }
        }
        if news.is_empty() {
            return Ok(());
        }
        let raw: Vec<&[u8]> = changes.iter().map(AsRef::as_ref).collect();
        copy.merge(&raw).map_err(|_| "it builds on something that is not here yet: sync, or hand it in again later")?;
        let entry = self.entries.entry(document).or_insert_with(|| Entry::new(kind.code()));
        entry.code = entry.code.take().or(code);
        entry.card = entry.card.or(card);
        entry.uncounted.extend(&news);
        entry.neighbours.extend(&news);
        turn.entry(document);
        let saved = copy.save();
        turn.put(Key::Copy(document), saved.clone());
        copies.insert(document, saved);
        let fields = copy.conflicts();
        if fields > 0 {
            turn.report(Report::Conflict { document, fields });
        }
        Ok(())
    }

    /// Whether a change that must wait for this one waits for a colleague on this device, and may go on waiting.
    pub(super) fn waits_for_neighbour(&self, document: DocumentId, change: ChangeHash, dep: ChangeHash) -> bool {
        let of_neighbour = self.entries.get(&document).is_some_and(|entry| entry.neighbours.contains(&dep));
        let work = self.work_of(document, change).and_then(|sequence| self.works.get(&sequence));
        of_neighbour && work.is_some_and(|work| work.waits < NEIGHBOUR_WAITS_MAX)
    }

    /// The change waits for the next sync.
    pub(super) fn wait_for_neighbour(&mut self, document: DocumentId, change: ChangeHash, turn: &mut Turn) {
        if let Some(sync) = &mut self.sync {
            sync.unsettled.insert(document, UNSETTLED_MAX + 1);
        }
        if let Some(sequence) = self.work_of(document, change)
            && let Some(work) = self.works.get_mut(&sequence)
        {
            work.waits += 1;
            turn.mark(Key::Work(sequence));
        }
    }
}
