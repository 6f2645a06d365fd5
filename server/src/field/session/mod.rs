//! A field device as people and programs use it: record, edit, sync, look.

mod acts;
mod look;
mod words;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use sync_protocol::device::{Device, EditRequest, Event, Key, Report, Write};
use sync_protocol::documents::{Edit, Kind};
use sync_protocol::ids::{ChangeHash, DocumentId};
use sync_protocol::limits::{BATCH_BYTES_MAX, BATCH_BYTES_MIN};
use sync_protocol::wire::codec::{Raw, to_cbor};
use sync_protocol::wire::enrolment::Invitation;
use sync_protocol::wire::lease::Lease;

use super::client::{Dial, HubClient, LinkError, TcpDial, Traffic};
use super::driver::{Driver, Step};
use super::locked::Door;
use super::store::{FieldStore, SqliteStore};
use crate::clock::{Clock, SystemClock};
use crate::limits::{FIELD_BATCH_MS, FIELD_FIRST_BUDGET_BYTES};
use crate::random::{Random, SystemRandom, draw};
use crate::tls::Trust;
pub use words::{Card, FieldError, Recorded, Referring, Rejected, Shown, Status, SyncReport};

/// The row in which the hub's address stands.
const HUB_ROW: &[u8] = b"hub";
/// The row in which the certificate of the hub's authority stands, where it was given one: PEM.
const AUTHORITY_ROW: &[u8] = b"authority";
/// An answer below this many bytes says nothing about how fast a link is.
const MEASURED_FROM_BYTES: u64 = 8 * 1024;

/// A device: its driver, its clock and its link.
pub struct FieldDevice<S = SqliteStore> {
    pub(super) driver: Driver<S>,
    pub(super) clock: Box<dyn Clock>,
    dial: Arc<dyn Dial>,
    client: Option<HubClient>,
    budget: u32,
}

impl FieldDevice<SqliteStore> {
    /// Makes a new device in a folder; makes the key file if there is none.
    ///
    /// # Errors
    /// [`FieldError`].
    pub fn create(dir: &Path, key_file: &Path) -> Result<Self, FieldError> {
        Self::with(SqliteStore::create(dir, key_file)?, Box::new(SystemClock), Box::new(SystemRandom))
    }

    /// Opens the device of a folder.
    ///
    /// # Errors
    /// [`FieldError`].
    pub fn open(dir: &Path, key_file: &Path) -> Result<Self, FieldError> {
        Self::with(SqliteStore::open(dir, key_file)?, Box::new(SystemClock), Box::new(SystemRandom))
    }
}

impl<S: FieldStore> FieldDevice<S> {
    /// A device on any store, with any clock and random source.
    ///
    /// # Errors
    /// [`FieldError`] when the store cannot be read.
    pub fn with(store: S, clock: Box<dyn Clock>, random: Box<dyn Random>) -> Result<Self, FieldError> {
        let driver = Driver::open(store, random, clock.now())?;
        let dial = Arc::new(TcpDial);
        Ok(Self { driver, clock, dial, client: None, budget: FIELD_FIRST_BUDGET_BYTES })
    }

    /// Connects differently from now on.
    pub fn dial_with(&mut self, dial: Arc<dyn Dial>) {
        self.dial = dial;
        self.client = None;
    }

    /// The state machine.
    #[must_use]
    pub fn device(&self) -> &Device {
        self.driver.device()
    }

    /// The store, for a restart.
    #[must_use]
    pub fn into_store(self) -> S {
        self.driver.into_store()
    }

    /// What the link has carried since the device was opened.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.client.as_ref().map(HubClient::traffic).unwrap_or_default()
    }

    /// Closes the connection; the next exchange makes a new one.
    pub fn hang_up(&mut self) {
        if let Some(client) = &mut self.client {
            client.hang_up();
        }
    }

    /// How many bytes the link is reckoned to carry in four seconds.
    #[must_use]
    pub fn budget(&self) -> u32 {
        self.budget
    }

    /// Sets what the link is reckoned to carry in four seconds, in bytes.
    pub fn set_budget(&mut self, bytes: u32) {
        self.budget = bytes.clamp(BATCH_BYTES_MIN, BATCH_BYTES_MAX);
    }

    /// Enrols this device with an invitation. May be repeated when the answer was lost.
    ///
    /// # Errors
    /// [`FieldError`].
    pub async fn enrol(&mut self, hub_url: &str, invitation: &str) -> Result<Lease, FieldError> {
        let invitation = Invitation::parse(invitation)?;
        self.client = Some(self.client_of(hub_url)?);
        let step = self.driver.handle(Event::Enrol(invitation), self.clock.now())?;
        let reports = self.run(step).await?;
        if let Some(Report::NotEnrolled { reason }) =
            reports.iter().find(|report| matches!(report, Report::NotEnrolled { .. }))
        {
            return Err(FieldError::NotEnrolled(reason.clone()));
        }
        self.keep_row(HUB_ROW, hub_url.as_bytes())?;
        self.keep_door()?;
        let lease = self.device().lease().cloned();
        lease.ok_or_else(|| FieldError::NotEnrolled("the hub gave no lease".to_owned()))
    }

    /// Records a new case.
    ///
    /// # Errors
    /// [`FieldError`].
    pub fn record(&mut self, edits: Vec<Edit>) -> Result<Recorded, FieldError> {
        self.create_document(Kind::Case, edits)
    }

    /// Begins a document of any kind.
    ///
    /// # Errors
    /// [`FieldError`].
    pub fn create_document(&mut self, kind: Kind, edits: Vec<Edit>) -> Result<Recorded, FieldError> {
        self.one(EditRequest::begin(kind, edits))
    }

    /// Edits a document. `shown`: the heads that were on the screen; none: what the store holds now.
    ///
    /// # Errors
    /// [`FieldError`].
    pub fn edit(
        &mut self,
        document: DocumentId,
        shown: Option<Vec<ChangeHash>>,
        edits: Vec<Edit>,
    ) -> Result<Recorded, FieldError> {
        let kind = self.kind(document)?;
        self.one(EditRequest::change(document, kind, shown, edits))
    }

    /// Works on a case from its card, whether or not this device has it yet.
    ///
    /// # Errors
    /// [`FieldError`].
    pub fn open_card(&mut self, card: &Card, mut edits: Vec<Edit>) -> Result<Recorded, FieldError> {
        if self.device().entry(card.document).is_none() {
            edits.insert(0, Edit::Set { field: "card.code".to_owned(), value: card.code.as_str().into() });
        }
        let request = EditRequest::change(card.document, Kind::Case, None, edits);
        self.one(EditRequest { card: Some(card.token), ..request })
    }

    /// Several edits in one batch of the store; each succeeds or fails by itself.
    ///
    /// # Errors
    /// [`FieldError`] when the store fails: then none was stored.
    pub fn edit_many(
        &mut self,
        mut requests: Vec<EditRequest>,
    ) -> Result<Vec<Result<Recorded, FieldError>>, FieldError> {
        for (tag, request) in requests.iter_mut().enumerate() {
            request.tag = u32::try_from(tag).unwrap_or(u32::MAX);
        }
        let step = self.driver.handle(Event::Edit(requests), self.clock.now())?;
        let results = step.reports.into_iter().filter_map(|report| match report {
            Report::Recorded { document, change, code, card, .. } => {
                let card = code.zip(card).map(|(code, token)| Card { code, document, token });
                Some(Ok(Recorded { document, change, card }))
            }
            Report::EditRefused { reason, .. } => Some(Err(FieldError::EditRefused(reason))),
            Report::Busy => Some(Err(FieldError::EditRefused("the device is busy; please try again".to_owned()))),
            _ => None,
        });
        Ok(results.collect())
    }

    /// Draws the id of a document that is about to begin.
    pub(super) fn new_document_id(&self, random: &mut dyn Random) -> DocumentId {
        DocumentId::new(uuid::Builder::from_random_bytes(draw(random)).into_uuid().into_bytes())
    }

    fn one(&mut self, request: EditRequest) -> Result<Recorded, FieldError> {
        let none = || FieldError::EditRefused("the device is busy; please try again".to_owned());
        self.edit_many(vec![request])?.pop().ok_or_else(none)?
    }

    /// Exchanges with the hub until nothing is left to say.
    ///
    /// # Errors
    /// [`FieldError::SyncFailed`] when it ended early: nothing is lost, and what was receipted is receipted.
    pub async fn sync(&mut self) -> Result<SyncReport, FieldError> {
        self.connect_to_known_hub()?;
        let step = self.driver.handle(Event::Sync { budget: self.budget }, self.clock.now())?;
        let reports = self.run(step).await?;
        let mut report = SyncReport::default();
        for one in reports {
            match one {
                Report::Synced(synced) => report.synced = synced,
                Report::SyncFailed { reason } => return Err(FieldError::SyncFailed(reason)),
                other => report.reports.push(other),
            }
        }
        Ok(report)
    }

    fn connect_to_known_hub(&mut self) -> Result<(), FieldError> {
        if self.client.is_none() {
            let url = self.row(HUB_ROW)?.and_then(|bytes| String::from_utf8(bytes).ok());
            let none = || FieldError::NotEnrolled("enrol this device with an invitation first".to_owned());
            self.client = Some(self.client_of(&url.ok_or_else(none)?)?);
            // What an older version left there says less.
            self.keep_door()?;
        }
        Ok(())
    }

    /// Believes the authority with this certificate (PEM), and nobody else, from now on and after a restart.
    ///
    /// # Errors
    /// [`FieldError`]; also when it is no certificate of an authority.
    pub fn trust(&mut self, authority: &[u8]) -> Result<(), FieldError> {
        Trust::authority(authority).map_err(LinkError::from)?;
        self.client = None;
        self.keep_row(AUTHORITY_ROW, authority)?;
        self.keep_door()
    }

    fn client_of(&mut self, hub_url: &str) -> Result<HubClient, FieldError> {
        let authority = self.row(AUTHORITY_ROW)?;
        Ok(HubClient::trusting(hub_url, Arc::clone(&self.dial), authority.as_deref())?)
    }

    /// Goes to another address from now on; it must be the same hub, or one that goes on with its log.
    ///
    /// # Errors
    /// [`FieldError`].
    pub fn move_to(&mut self, hub_url: &str) -> Result<(), FieldError> {
        self.client = Some(self.client_of(hub_url)?);
        self.keep_row(HUB_ROW, hub_url.as_bytes())?;
        self.keep_door()
    }

    /// Leaves what a locked device must know to send what is sealed.
    fn keep_door(&mut self) -> Result<(), FieldError> {
        let url = self.row(HUB_ROW)?.and_then(|bytes| String::from_utf8(bytes).ok());
        let authority = self.row(AUTHORITY_ROW)?.map(Raw);
        let lease = self.device().lease().map(|lease| lease.prefix);
        let sealing = self.device().sealing();
        let (Some(lease), Some(hub), Some(url)) = (lease, self.device().hub().copied(), url) else { return Ok(()) };
        Ok(self.driver.store().keep_door(&to_cbor(&Door { lease, hub, url, authority, sealing }))?)
    }

    /// Posts what is to be posted until nothing more is; gathers the reports.
    async fn run(&mut self, first: Step) -> Result<Vec<Report>, FieldError> {
        let mut reports = first.reports;
        let mut outgoing = first.outgoing;
        while let Some(request) = outgoing.take() {
            let Some(client) = &mut self.client else { break };
            let before = client.traffic();
            let started = Instant::now();
            let answer = client.post(request.to, request.bytes).await;
            let after = client.traffic();
            let number = request.number;
            let event = match answer {
                Ok(bytes) => {
                    let carried = (after.bytes_up - before.bytes_up).max(after.bytes_down - before.bytes_down);
                    self.budget = measured(self.budget, carried, started.elapsed().as_millis());
                    Event::Answer { number, bytes, budget: self.budget }
                }
                Err(LinkError::Hub { code, message, .. }) => {
                    Event::TurnedAway { number, reason: format!("{message} ({code})"), code }
                }
                Err(error) => {
                    self.set_budget(self.budget / 2);
                    Event::Failed { number, reason: error.to_string() }
                }
            };
            let step = self.driver.handle(event, self.clock.now())?;
            reports.extend(step.reports);
            outgoing = step.outgoing;
        }
        Ok(reports)
    }

    /// A row of the shell's own.
    pub(super) fn row(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, FieldError> {
        Ok(self.driver.store().load(&Key::Shell(key.to_vec()))?)
    }

    fn keep_row(&mut self, key: &[u8], value: &[u8]) -> Result<(), FieldError> {
        let write = Write::Put(Key::Shell(key.to_vec()), value.to_vec());
        Ok(self.driver.store().write(&[write])?)
    }

    fn kind(&self, document: DocumentId) -> Result<Kind, FieldError> {
        let entry = self.device().entry(document);
        let kind = entry.and_then(|entry| Kind::from_code(entry.kind));
        kind.ok_or_else(|| FieldError::NoDocument(document.to_string()))
    }
}

/// What the link carries in four seconds, after it carried so many bytes in so many milliseconds.
pub(super) fn measured(budget: u32, bytes: u64, ms: u128) -> u32 {
    let ms = u64::try_from(ms).unwrap_or(u64::MAX).max(1);
    let carries = if bytes >= MEASURED_FROM_BYTES {
        bytes.saturating_mul(FIELD_BATCH_MS) / ms
    } else if ms < FIELD_BATCH_MS / 4 {
        // Too little to measure, but quick: try more.
        u64::from(budget) * 2
    } else {
        u64::from(budget)
    };
    u32::try_from(carries).unwrap_or(u32::MAX).clamp(BATCH_BYTES_MIN, BATCH_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_what_the_link_carries_in_four_seconds() {
        assert_eq!(measured(64_000, 40_000, 10_000), 16_000, "32 kbit/s");
        assert_eq!(measured(64_000, 500, 100), 128_000);
        assert_eq!(measured(64_000, 500, 2_000), 64_000);
        assert_eq!(measured(64_000, 1_000_000, 1), BATCH_BYTES_MAX);
        assert_eq!(measured(64_000, 10_000, 1_000_000), BATCH_BYTES_MIN);
    }
}
