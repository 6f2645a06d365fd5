//! Looking at what a device holds, and deciding conflicts.

use std::collections::BTreeMap;

use sync_protocol::device::rows::Standing;
use sync_protocol::device::view::{View, view};
use sync_protocol::device::{Aside, Key, WorkState};
use sync_protocol::documents::config::{Configuration, SignedConfiguration};
use sync_protocol::documents::{self, Conflict, Edit, Kind};
use sync_protocol::ids::{ActorPrefix, DocumentId};
use sync_protocol::wire::answer::DECIDED_REJECTED;
use sync_protocol::wire::codec::from_cbor;
use sync_protocol::wire::lease::{Lease, SignedLease};

use super::super::store::FieldStore;
use super::{Card, FieldDevice, FieldError, HUB_ROW, Recorded, Rejected, Shown, Status};
use crate::verify::DeviceReport;

impl<S: FieldStore> FieldDevice<S> {
    /// How the device stands.
    ///
    /// # Errors
    /// [`FieldError`] when the store cannot be read.
    pub fn status(&mut self) -> Result<Status, FieldError> {
        let hub = self.row(HUB_ROW)?.and_then(|bytes| String::from_utf8(bytes).ok());
        let device = self.device();
        let lease = device.lease();
        let count = |wanted: fn(&WorkState) -> bool| device.works().filter(|work| wanted(&work.state)).count();
        Ok(Status {
            user: lease.map(|lease| lease.name.clone()),
            site: lease.map(|lease| lease.site.to_string()),
            letters: lease.map(|lease| lease.letters.clone()),
            hub,
            documents: device.entries().filter(|(_, entry)| entry.standing != Standing::Erased).count(),
            unsent: count(|state| matches!(state, WorkState::Local | WorkState::Packed(_))),
            held: count(|state| matches!(state, WorkState::HeldWho(_) | WorkState::HeldWhat(_))),
            refused: device.aside().filter(|aside| aside.superseded_by.is_none()).count()
                + count(|state| matches!(state, WorkState::Refused(..))),
            parcels_kept: device.parcels().count(),
            synced_at: device.synced_at(),
            fingerprint: device.fingerprint(),
            standing: device.standing(),
            rejected: device.aside().filter(|aside| aside.code == DECIDED_REJECTED).map(rejected).collect(),
            wipe_ordered: device.is_wipe_ordered(),
        })
    }

    /// The readable documents of a kind.
    #[must_use]
    pub fn documents(&self, kind: Kind) -> Vec<DocumentId> {
        let entries = self.device().entries();
        let of_kind = entries.filter(|(_, entry)| entry.kind == kind.code() && entry.standing == Standing::Open);
        of_kind.map(|(id, _)| id).collect()
    }

    /// A document as it stands here, own unsent work included.
    ///
    /// # Errors
    /// [`FieldError`].
    pub fn show(&mut self, document: DocumentId) -> Result<Shown, FieldError> {
        let kind = self.kind(document)?;
        let saved = self.saved(document)?;
        let View { heads, projection, conflicts } = view(kind, &saved).ok_or(FieldError::Unreadable(document))?;
        let unsent = self.device().works_of(document).count();
        Ok(Shown { document, heads, projection, conflicts, unsent })
    }

    /// The bytes of the stored copy, own unsent work included.
    ///
    /// # Errors
    /// [`FieldError`].
    pub fn saved(&mut self, document: DocumentId) -> Result<Vec<u8>, FieldError> {
        let bytes = self.driver.store().load(&Key::Copy(document))?;
        bytes.ok_or_else(|| FieldError::NoDocument(document.to_string()))
    }

    /// What the device holds of each readable document, for `segin verify`. A document with unsent work is left out:
    /// its work is counted.
    ///
    /// # Errors
    /// [`FieldError`].
    pub fn report(&mut self) -> Result<DeviceReport, FieldError> {
        let ids: Vec<DocumentId> = Kind::ALL.into_iter().flat_map(|kind| self.documents(kind)).collect();
        let lease = self.device().lease();
        let device = lease.map_or_else(String::new, |lease| format!("{} {}", lease.site, lease.letters));
        let mut report = DeviceReport { device, documents: BTreeMap::new(), unsent: 0 };
        report.unsent = self.device().works().count() as u64;
        for document in ids {
            if self.device().works_of(document).next().is_none() {
                report.documents.insert(document, self.show(document)?.heads);
            }
        }
        Ok(report)
    }

    /// Every document with a conflict.
    ///
    /// # Errors
    /// [`FieldError`].
    pub fn conflicts(&mut self) -> Result<Vec<(DocumentId, Vec<Conflict>)>, FieldError> {
        let ids: Vec<DocumentId> = Kind::ALL.into_iter().flat_map(|kind| self.documents(kind)).collect();
        let mut found = Vec::new();
        for document in ids {
            let conflicts = self.show(document)?.conflicts;
            if !conflicts.is_empty() {
                found.push((document, conflicts));
            }
        }
        Ok(found)
    }

    /// Decides a conflict: the value of this number, counted from 1 as shown, stands from now on.
    ///
    /// # Errors
    /// [`FieldError::NoConflict`] when there is none at the path, or no such value.
    pub fn resolve(&mut self, document: DocumentId, path: &str, choice: usize) -> Result<Recorded, FieldError> {
        let shown = self.show(document)?;
        let conflict = shown.conflicts.iter().find(|conflict| conflict.path == path);
        let conflict = conflict.ok_or_else(|| FieldError::NoConflict(format!("there is no conflict at {path}")))?;
        let value = choice.checked_sub(1).and_then(|index| conflict.values.get(index));
        let no_value =
            || FieldError::NoConflict(format!("{path} has the values 1 to {}, not {choice}", conflict.values.len()));
        let value = value.ok_or_else(no_value)?.value.clone();
        let kind = self.kind(document)?;
        let no_way = || FieldError::NoConflict(format!("{path} cannot be decided from here"));
        let edit = deciding(kind, path, value).ok_or_else(no_way)?;
        self.edit(document, Some(shown.heads), vec![edit])
    }

    /// The document of a human code or a UUID.
    ///
    /// # Errors
    /// [`FieldError::NoDocument`].
    pub fn find(&mut self, text: &str) -> Result<DocumentId, FieldError> {
        let none = || FieldError::NoDocument(text.chars().take(64).collect());
        if let Ok(id) = text.parse::<DocumentId>() {
            return self.device().entry(id).map(|_| id).ok_or_else(none);
        }
        let code = documents::Code::parse(text).map_err(|error| FieldError::NoDocument(error.to_string()))?.to_string();
        let own = self.device().entries().find(|(_, entry)| entry.code.as_deref() == Some(&code)).map(|(id, _)| id);
        if let Some(id) = own {
            return Ok(id);
        }
        for id in self.documents(Kind::Case) {
            if self.show(id)?.projection.summary().code.as_deref() == Some(&code) {
                return Ok(id);
            }
        }
        Err(none())
    }

    /// The card of a case that was begun or opened here.
    ///
    /// # Errors
    /// [`FieldError::NoDocument`] when this device has no card token of it.
    pub fn card(&mut self, document: DocumentId) -> Result<Card, FieldError> {
        let entry = self.device().entry(document).ok_or_else(|| FieldError::NoDocument(document.to_string()))?;
        let (token, code) = (entry.card, entry.code.clone());
        let code = match code {
            Some(code) => Some(code),
            None => self.show(document)?.projection.summary().code,
        };
        let parts = code.zip(token);
        let (code, token) = parts.ok_or_else(|| FieldError::NoDocument(format!("card of {document}")))?;
        Ok(Card { code, document, token })
    }

    /// The name of the user who writes under a prefix, if the hub told it.
    ///
    /// # Errors
    /// [`FieldError`] when the store cannot be read.
    pub fn name_of(&mut self, prefix: ActorPrefix) -> Result<Option<String>, FieldError> {
        if let Some(own) = self.device().lease().filter(|lease| lease.prefix == prefix) {
            return Ok(Some(own.name.clone()));
        }
        let row = self.driver.store().load(&Key::Lease(prefix))?;
        // It was verified before it was stored.
        let signed: Option<SignedLease> = row.and_then(|row| from_cbor(&row).ok());
        Ok(signed.and_then(|signed| signed.lease.read::<Lease>().ok()).map(|lease| lease.name))
    }

    /// The configuration that the hub signed, if this device has one.
    ///
    /// # Errors
    /// [`FieldError`] when the store cannot be read.
    pub fn configuration(&mut self) -> Result<Option<Configuration>, FieldError> {
        let row = self.driver.store().load(&Key::Configuration)?;
        let signed: Option<SignedConfiguration> = row.and_then(|row| from_cbor(&row).ok());
        let hub = self.device().hub();
        Ok(signed.zip(hub).and_then(|(signed, hub)| signed.verify(hub).ok()))
    }
}

fn rejected(aside: &Aside) -> Rejected {
    Rejected { document: aside.document, change: aside.hash, sentence: aside.sentence.clone() }
}

/// The edit that gives a field of this path its value.
fn deciding(kind: Kind, path: &str, value: documents::Answer) -> Option<Edit> {
    let (group, rest) = path.split_once('.')?;
    let is_set = matches!(documents::schema::group(kind, group)?.rule, documents::schema::Rule::Set { .. });
    Some(match rest.split_once('.') {
        Some((entry, field)) => {
            Edit::Amend { group: group.to_owned(), entry: entry.parse().ok()?, field: field.to_owned(), value }
        }
        None if is_set => Edit::Include { set: group.to_owned(), member: rest.to_owned(), value: Some(value) },
        None => Edit::Set { field: path.to_owned(), value },
    })
}
