//! The trial: changes are applied to a copy, which is saved, loaded and read again. Nothing else shows what Automerge
//! makes of them: some panic and leave the document broken, some make its saved form unloadable for ever.

use std::panic::AssertUnwindSafe;

use automerge::{ActorId, Automerge, ObjId, ReadDoc};

use super::history::{History, StoredForm};
use super::inspect::InspectedChange;
use super::model::{self, Reading};
use super::quiet;
use super::rejection::{Code, Rejection, demand};
use crate::documents::Kind;
use crate::ids::ChangeHash;
use crate::limits::{DOCUMENT_BYTES_MAX, DOCUMENT_DEPTH_MAX};

/// A document that took the changes.
pub(super) struct Passed {
    pub(super) form: StoredForm,
    pub(super) reading: Reading,
}

/// What the trials of one document start from.
pub(super) struct Start<'a> {
    pub(super) kind: Kind,
    pub(super) stored: Option<&'a StoredForm>,
    /// The history of the stored document, and of the constants it may still lack.
    pub(super) history: History,
    /// Constants of this version that the stored document does not have yet.
    pub(super) constants: Vec<&'a InspectedChange>,
}

impl<'a> Start<'a> {
    pub(super) fn new(kind: Kind, stored: Option<&'a StoredForm>) -> Self {
        let blank = model::blank(kind);
        let Some(form) = stored else {
            return Self { kind, stored, history: blank.history.clone(), constants: Vec::new() };
        };
        let mut history = form.history.clone();
        let constants: Vec<_> = blank.constants.iter().filter(|change| !history.contains(&change.hash)).collect();
        for constant in &constants {
            history.push(constant);
        }
        Self { kind, stored, history, constants }
    }

    /// A fresh copy of the document.
    fn document(&self) -> Result<Automerge, Rejection> {
        let Some(form) = self.stored else { return Ok(model::blank(self.kind).document.clone()) };
        let wrong = |why| Rejection::new(Code::Stored, format!("stored document: {why}"));
        let document = Automerge::load(&form.saved).map_err(|_| wrong("cannot be loaded"))?;
        let same = heads(&document) == form.history.heads();
        if same { Ok(document) } else { Err(wrong("its heads are not those kept beside it")) }
    }

    /// Applies the changes to a copy and reads it in every way in which it is read later. Catches every panic.
    pub(super) fn attempt(&self, changes: &[&InspectedChange]) -> Result<Passed, Rejection> {
        quiet::catch(AssertUnwindSafe(|| self.run(changes))).unwrap_or_else(|()| {
            Err(Rejection::new(Code::Panic, "trial: merging, saving or reading panicked; the document was not touched"))
        })
    }

    fn run(&self, changes: &[&InspectedChange]) -> Result<Passed, Rejection> {
        let mut document = self.document()?;
        let mut history = self.history.clone();
        for change in changes {
            history.push(change);
        }
        let new = self.constants.iter().chain(changes).map(|change| change.change.clone());
        document
            .apply_changes(new.collect::<Vec<_>>())
            .map_err(|_| Rejection::new(Code::Apply, "trial: the document refuses the change"))?;
        // Also proves that nothing waits in Automerge's queue.
        demand(heads(&document) == history.heads(), Code::Heads, || "trial: other heads than expected".into())?;
        for change in changes {
            depth(&document, change)?;
        }
        let saved = document.save();
        demand(saved.len() <= DOCUMENT_BYTES_MAX, Code::DocumentBytes, || {
            format!("document: would have {} bytes, at most {DOCUMENT_BYTES_MAX} are taken", saved.len())
        })?;
        drop(document);
        // Loading rebuilds every change and compares the hashes: what was saved is what was sent.
        let again = Automerge::load(&saved)
            .map_err(|_| Rejection::new(Code::Reload, "trial: the saved document cannot be loaded again"))?;
        demand(heads(&again) == history.heads(), Code::Reload, || "trial: other heads after loading again".into())?;
        let reading = model::read(self.kind, &again)?;
        model::fits(&reading, || self.document().map(|before| model::problems(self.kind, &before)))?;
        Ok(Passed { form: StoredForm { saved, history }, reading })
    }
}

/// Applies once more what was applied before: no rule is asked, only that it still does.
pub(super) fn repeat(start: &Start<'_>, changes: &[Vec<u8>]) -> Result<(Passed, Vec<ChangeHash>), Rejection> {
    let again = || {
        let mut document = start.document()?;
        let mut history = start.history.clone();
        let mut new: Vec<_> = start.constants.iter().map(|constant| constant.change.clone()).collect();
        let mut hashes = Vec::new();
        for bytes in changes {
            let wrong = |why| Rejection::new(Code::Stored, format!("stored change: {why}"));
            let change = automerge::Change::try_from(&bytes[..]).map_err(|_| wrong("cannot be read"))?;
            if !history.contains(&ChangeHash::new(change.hash().0)) {
                hashes.push(history.push_applied(&change).ok_or_else(|| wrong("does not fit those before it"))?);
                new.push(change);
            }
        }
        document.apply_changes(new).map_err(|_| Rejection::new(Code::Apply, "stored change: no longer applies"))?;
        demand(heads(&document) == history.heads(), Code::Heads, || {
            "stored changes: other heads than expected".into()
        })?;
        let reading = model::read(start.kind, &document)?;
        Ok((Passed { form: StoredForm { saved: document.save(), history }, reading }, hashes))
    };
    quiet::catch(AssertUnwindSafe(again))
        .unwrap_or_else(|()| Err(Rejection::new(Code::Panic, "stored changes: applying them again panicked")))
}

fn heads(document: &Automerge) -> Vec<ChangeHash> {
    let mut heads: Vec<_> = document.get_heads().into_iter().map(|hash| ChangeHash::new(hash.0)).collect();
    heads.sort_unstable();
    heads
}

/// Whether the containers that a change makes stay within the depth that may be read recursively.
fn depth(document: &Automerge, change: &InspectedChange) -> Result<(), Rejection> {
    for ((counter, index), below) in &change.operations.parents {
        let actor = index.checked_sub(1).map_or(&change.actor, |other| &change.others[other]);
        let parent = ObjId::Id(*counter, ActorId::from(actor.as_bytes()), 0);
        let above = document
            .parents(&parent)
            .map_err(|_| Rejection::new(Code::Apply, "trial: a container that does not exist"))?
            .take(DOCUMENT_DEPTH_MAX + 1)
            .count();
        demand(above + below <= DOCUMENT_DEPTH_MAX, Code::Depth, || {
            format!("document: nested deeper than {DOCUMENT_DEPTH_MAX} containers")
        })?;
    }
    Ok(())
}
