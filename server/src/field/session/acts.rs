//! What a person does beside recording: saying what was looked at, vouching for a device, referring a case.

use sync_protocol::device::{Event, Report};
use sync_protocol::documents::project::Projection;
use sync_protocol::documents::{Edit, EntryId, Kind, Value};
use sync_protocol::ids::DocumentId;
use sync_protocol::wire::fingerprint::Fingerprint;
use sync_protocol::wire::voucher::read_voucher;

use super::super::store::FieldStore;
use super::{FieldDevice, FieldError, Recorded, Referring};
use crate::random::{Random, SystemRandom, draw};

impl<S: FieldStore> FieldDevice<S> {
    /// These documents were shown to the user: the hub is told with the next exchange.
    ///
    /// # Errors
    /// [`FieldError`] when the store fails.
    pub fn was_shown(&mut self, documents: Vec<DocumentId>) -> Result<(), FieldError> {
        if !documents.is_empty() {
            self.driver.handle(Event::Shown(documents), self.clock.now())?;
        }
        Ok(())
    }

    /// Vouches for the device whose key this is, as scanned or typed. The hub is told with the next exchange.
    ///
    /// # Errors
    /// [`FieldError::Voucher`] for a text without a key, [`FieldError::NotVouched`] for a key that is not taken.
    pub fn vouch(&mut self, key: &str) -> Result<Fingerprint, FieldError> {
        let step = self.driver.handle(Event::Vouch(read_voucher(key)?), self.clock.now())?;
        let said = step.reports.into_iter().find_map(|report| match report {
            Report::Vouched { fingerprint } => Some(Ok(fingerprint)),
            Report::NotVouched { reason } => Some(Err(FieldError::NotVouched(reason))),
            _ => None,
        });
        said.unwrap_or_else(|| Err(FieldError::NotVouched("the device is busy; please try again".to_owned())))
    }

    /// Refers a case to a partner: the named facts as they stand in the case, and nothing else of it.
    ///
    /// # Errors
    /// [`FieldError::NoFact`] when the case has no value there.
    pub fn refer(&mut self, referring: &Referring) -> Result<Recorded, FieldError> {
        let case = self.show(referring.case)?.projection;
        let set = |field: &str, value: &str| Edit::Set { field: field.to_owned(), value: value.into() };
        let mut edits = vec![
            set("referral.case", &referring.case.to_string()),
            set("referral.partner", referring.partner.as_str()),
            set("referral.purpose", &referring.purpose),
            set("consent.given_by", &referring.consent_by),
        ];
        let lease = self.device().lease();
        edits.extend(lease.map(|lease| set("referral.site", lease.site.as_str())));
        edits.extend(referring.deadline.iter().map(|day| set("referral.deadline", day)));
        for path in &referring.facts {
            let value = told(&case, path).ok_or_else(|| FieldError::NoFact(path.clone()))?;
            edits.push(add("facts", &[("path", path), ("value", &value)], &mut SystemRandom));
        }
        edits.push(add("status", &[("step", "sent")], &mut SystemRandom));
        self.create_document(Kind::Referral, edits)
    }
}

fn add(group: &str, values: &[(&str, &str)], random: &mut dyn Random) -> Edit {
    Edit::Add {
        group: group.to_owned(),
        entry: EntryId::new(draw(random)),
        values: values.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect(),
        at: None,
        from: None,
    }
}

/// A field of the case as a partner reads it.
fn told(case: &Projection, path: &str) -> Option<String> {
    Some(match case.value(path)? {
        Value::Text(text) => text.clone(),
        Value::Birth(birth) => birth.french(),
        Value::Number(number) => number.to_string(),
        Value::Flag(true) => "oui".to_owned(),
        Value::Flag(false) => "non".to_owned(),
        Value::Place(place) => place.to_string(),
        Value::When(when) => when.at.clone(),
        Value::Entry(_) | Value::Entries(_) => return None,
    })
}
