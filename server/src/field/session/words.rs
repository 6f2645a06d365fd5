//! What a session answers: cards, counts, errors.

use serde::Serialize;
use sync_protocol::device::{LeaseStanding, Report, Synced};
use sync_protocol::documents::{self, Conflict, Projection};
use sync_protocol::ids::{CardToken, ChangeHash, DocumentId, Millis, PartnerCode};
use sync_protocol::wire::enrolment::InvitationError;
use sync_protocol::wire::fingerprint::Fingerprint;
use sync_protocol::wire::voucher::VoucherError;
use thiserror::Error;

use super::super::client::LinkError;
use super::super::driver::DriverError;
use super::super::store::StoreError;

/// Why something was not done. What was recorded before is safe.
#[derive(Debug, Error)]
pub enum FieldError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The device.
    #[error(transparent)]
    Driver(#[from] DriverError),
    /// The link.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// Not an invitation.
    #[error(transparent)]
    Invitation(#[from] InvitationError),
    /// The hub did not enrol this device.
    #[error("not enrolled: {0}")]
    NotEnrolled(String),
    /// What was entered was not taken.
    #[error("{0}")]
    EditRefused(String),
    /// The exchange ended early.
    #[error("not everything was exchanged: {0}")]
    SyncFailed(String),
    /// No such document here.
    #[error("this device has no document {0}")]
    NoDocument(String),
    /// A stored document cannot be read.
    #[error("document {0} cannot be read here; sync to fetch it again")]
    Unreadable(DocumentId),
    /// No such conflict.
    #[error("{0}")]
    NoConflict(String),
    /// The text shows no key.
    #[error(transparent)]
    Voucher(#[from] VoucherError),
    /// The key was not taken.
    #[error("{0}")]
    NotVouched(String),
    /// A fact to be told that the case does not have.
    #[error("the case has no value at {0}: choose among the fields that 'segin device show' prints")]
    NoFact(String),
    /// A courier file was not made, or a return file not taken: nothing was changed.
    #[error("{0}")]
    NotCarried(String),
    /// A file cannot be read or written.
    #[error("{0}")]
    File(String),
    /// The text is no card.
    #[error("'{0}' is not a card: wanted is CODE/UUID/TOKEN as 'segin device card' prints it")]
    Card(String),
}

impl FieldError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Store(error) | Self::Driver(DriverError::Store(error)) => error.code(),
            Self::Driver(DriverError::Row(_)) => "field-row",
            Self::Link(_) => "field-link",
            Self::Invitation(_) => "field-invitation",
            Self::NotEnrolled(_) => "field-not-enrolled",
            Self::EditRefused(_) => "field-edit-refused",
            Self::SyncFailed(_) => "field-sync-failed",
            Self::NoDocument(_) => "field-no-document",
            Self::Unreadable(_) => "field-unreadable",
            Self::NoConflict(_) => "field-no-conflict",
            Self::Card(_) => "field-card",
            Self::NotCarried(_) => "field-courier",
            Self::File(_) => "field-file",
            Self::Voucher(_) => "field-voucher",
            Self::NotVouched(_) => "field-not-vouched",
            Self::NoFact(_) => "field-no-fact",
        }
    }
}

/// A case's card: what stands in its QR code. Says nothing about the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Card {
    /// The human code.
    pub code: String,
    /// The case.
    pub document: DocumentId,
    /// Opens the case to another site.
    pub token: CardToken,
}

impl std::fmt::Display for Card {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.code, self.document, self.token)
    }
}

impl std::str::FromStr for Card {
    type Err = FieldError;
    fn from_str(text: &str) -> Result<Self, FieldError> {
        let wrong = || FieldError::Card(text.chars().take(100).collect());
        let mut parts = text.trim().split('/');
        let (Some(code), Some(id), Some(token), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(wrong());
        };
        let code = documents::Code::parse(code).map_err(|_| wrong())?.to_string();
        Ok(Card { code, document: id.parse().map_err(|_| wrong())?, token: token.parse().map_err(|_| wrong())? })
    }
}

/// What was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recorded {
    /// The document.
    pub document: DocumentId,
    /// The change.
    pub change: ChangeHash,
    /// The card, of a new case.
    pub card: Option<Card>,
}

/// What a sync did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SyncReport {
    /// Its counts.
    pub synced: Synced,
    /// Everything else that a person should hear of.
    pub reports: Vec<Report>,
}

/// How a device stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The user, once enrolled.
    pub user: Option<String>,
    /// The home site.
    pub site: Option<String>,
    /// The device's letters.
    pub letters: Option<String>,
    /// The hub's address.
    pub hub: Option<String>,
    /// Documents known.
    pub documents: usize,
    /// Changes not sent or without a receipt.
    pub unsent: usize,
    /// Changes that wait at the hub for a person.
    pub held: usize,
    /// Changes that were not accepted and wait here for a person.
    pub refused: usize,
    /// Parcels kept until a second copy exists.
    pub parcels_kept: usize,
    /// Hub time of the last answer, in milliseconds since 1970.
    pub synced_at: Option<Millis>,
    /// What others compare to know this device, once enrolled.
    pub fingerprint: Option<Fingerprint>,
    /// How the lease stands, as the hub last said.
    pub standing: LeaseStanding,
    /// Own work that a person rejected, oldest first.
    pub rejected: Vec<Rejected>,
    /// Whether everything here will be erased once the hub has it.
    pub wipe_ordered: bool,
}

/// Own work that a person at the hub rejected. Its bytes are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// The document.
    pub document: DocumentId,
    /// The change.
    pub change: ChangeHash,
    /// Why, as that person wrote it.
    pub sentence: String,
}

/// A case that is referred to a partner.
#[derive(Debug, Clone)]
pub struct Referring {
    /// The case.
    pub case: DocumentId,
    /// To whom.
    pub partner: PartnerCode,
    /// The service asked for, a code.
    pub purpose: String,
    /// The fields of the case that the partner is told: `group.field`.
    pub facts: Vec<String>,
    /// Who consented: `self`, `parent`, `carer` or `nobody`.
    pub consent_by: String,
    /// Until which day.
    pub deadline: Option<String>,
}

/// A document as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    /// Which.
    pub document: DocumentId,
    /// The heads that are shown; edits name them.
    pub heads: Vec<ChangeHash>,
    /// Its content.
    pub projection: Projection,
    /// Fields with several values.
    pub conflicts: Vec<Conflict>,
    /// Changes of it that the hub has not applied.
    pub unsent: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_reads_back_from_its_text() {
        let code = documents::Code::new(
            sync_protocol::ids::SiteCode::new("GOG").unwrap(),
            24,
            documents::DeviceLetters::new("K7").unwrap(),
            42,
        )
        .unwrap();
        let card = Card { code: code.to_string(), document: DocumentId::new([3; 16]), token: CardToken::new([4; 12]) };
        assert_eq!(card.to_string().parse::<Card>().unwrap(), card);
        for wrong in ["", "GOG-24-K7-0042-T", "a/b/c", &format!("{card}/x")] {
            assert!(wrong.parse::<Card>().is_err(), "{wrong}");
        }
    }
}
