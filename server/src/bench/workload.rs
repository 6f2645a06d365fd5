//! What a light device sends: intakes, made and signed before the clock starts.
//!
//! Not a whole device: the state machine's own cost would be measured with the hub's. What it sends is what a device
//! sends.

use sync_protocol::crypto::{PublicKey, SecretKey};
use sync_protocol::documents::{self, Code, DeviceLetters, Edit, Kind, Value};
use sync_protocol::ids::{Actor, CardToken, DocumentId, Hash, InstallationId, Millis, Position, Salt};
use sync_protocol::wire::codec::{Message, Raw, frame, read};
use sync_protocol::wire::enrolment::{EnrolAnswer, EnrolRequest, Invitation};
use sync_protocol::wire::exchange::ExchangeRequest;
use sync_protocol::wire::lease::Lease;
use sync_protocol::wire::manifest::{Manifest, Named, Stated, Statement, commitment};
use sync_protocol::wire::parcel::{Content, Parcel};

use super::BenchError;
use crate::field::client::HubClient;
use crate::random::{SeededRandom, draw};
use crate::sample::People;
use sync_protocol::device::Endpoint;

/// Moment at which everything is recorded: 30 April 2024, 14:25 UTC.
const RECORDED_AT: Millis = Millis(1_714_487_100_000);
/// Of which year the people are.
const YEAR: u16 = 2024;

/// A light device, enrolled.
pub struct LightDevice {
    lease: Lease,
    key: SecretKey,
    token: Salt,
    /// Verifies the hub's answers.
    pub hub: PublicKey,
    random: SeededRandom,
    people: People,
    counter: u64,
    previous: Option<Hash>,
}

/// One request, ready to be sent.
pub struct Ready {
    /// The frame.
    pub frame: Vec<u8>,
    /// Intakes in it.
    pub intakes: usize,
    /// Their changes, for the bare limits.
    pub changes: Vec<Vec<u8>>,
}

impl LightDevice {
    /// Enrols with an invitation, over the link.
    ///
    /// # Errors
    /// [`BenchError`].
    pub async fn enrol(client: &mut HubClient, invitation: &str, seed: u64) -> Result<Self, BenchError> {
        let mut random = SeededRandom::new(seed);
        let not = |what: &str| BenchError::NotReceipted(format!("enrolment: {what}"));
        let invitation = Invitation::parse(invitation).map_err(|error| not(&error.to_string()))?;
        let key = loop {
            // Two in 2^32 draws are no key.
            if let Ok(key) = SecretKey::from_bytes(&draw(&mut random)) {
                break key;
            }
        };
        let request = EnrolRequest::sign(&invitation, InstallationId::new(draw(&mut random)), &key);
        let bytes = client.post(Endpoint::Enrol, frame(Message::EnrolRequest, &request)).await?;
        let answer: EnrolAnswer = read(Message::EnrolAnswer, &bytes).map_err(|error| not(&error.to_string()))?;
        let lease = answer.lease.verify(&answer.hub).map_err(|error| not(&error.to_string()))?;
        let people = People::new(seed, YEAR);
        let (token, hub) = (answer.token, answer.hub);
        Ok(Self { lease, key, token, hub, random, people, counter: 0, previous: None })
    }

    /// A request with one parcel of this many new intakes, and with as many records of cases that were opened for each of
    /// them as asked.
    ///
    /// # Errors
    /// [`BenchError::NotReceipted`] when an intake cannot be made: a fault of the generator.
    pub fn intakes(&mut self, count: usize, reads: usize) -> Result<Ready, BenchError> {
        let (mut named, mut contents, mut changes) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..count {
            let document = DocumentId::new(draw(&mut self.random));
            let (raw, hash) = self.intake()?;
            let (salt, card) = (Salt::new(draw(&mut self.random)), CardToken::new(draw(&mut self.random)));
            let kind = Kind::Case.code();
            let commitment = commitment(&salt, document, kind, &[hash], Some(&card));
            named.push(Named { document, kind, commitment });
            changes.push(raw.clone());
            contents.push(Content { salt, changes: vec![Raw(raw)], card: Some(card) });
        }
        let opened = named.iter().cycle().take(count * reads).map(|named| named.document).collect::<Vec<_>>();
        let read = |document| Statement::Read { document, at: RECORDED_AT, times: 1 };
        let stated: Vec<Stated> = opened
            .into_iter()
            .map(|document| Stated { salt: Salt::new(draw(&mut self.random)), statement: Raw::of(&read(document)) })
            .collect();
        self.counter += 1;
        let manifest = Manifest {
            installation: self.lease.installation,
            user: self.lease.user,
            counter: self.counter,
            previous: self.previous,
            created: RECORDED_AT,
            site: self.lease.site.clone(),
            documents: named,
            statements: stated.iter().map(Stated::commitment).collect(),
        };
        let parcel = Parcel::sign(&manifest, contents, stated, &self.key);
        self.previous = Some(parcel.hash());
        let request = ExchangeRequest {
            lease: self.lease.prefix,
            token: Some(self.token),
            cursor: None,
            parcels: vec![parcel],
            // No feed: what the others send would be measured with it.
            budget: 0,
            wants: Vec::new(),
            repair: None,
            renewal: None,
            configuration: u32::MAX,
            decided_to: Position::START,
            marks: None,
            returns: Vec::new(),
            signed_lease: None,
        };
        Ok(Ready { frame: frame(Message::ExchangeRequest, &request), intakes: count, changes })
    }

    fn intake(&mut self) -> Result<(Vec<u8>, sync_protocol::ids::ChangeHash), BenchError> {
        let wrong = |what: String| BenchError::NotReceipted(format!("an intake could not be made: {what}"));
        let who = self.people.who();
        let mut edits = self.people.intake(who);
        let number = u32::try_from(self.random.below(9_000)).unwrap_or(0);
        let letters = DeviceLetters::new(&self.lease.letters).map_err(|error| wrong(error.to_string()))?;
        let code = Code::next(&self.lease.site, self.lease.year, letters, number);
        let code = code.map_err(|error| wrong(error.to_string()))?;
        edits.insert(0, Edit::Set { field: "card.code".into(), value: Value::Text(code.to_string()).into() });
        let mut doc = documents::blank(Kind::Case);
        let shown = documents::edit::heads(&doc);
        let actor = Actor::from_parts(self.lease.prefix, draw(&mut self.random));
        let committed = documents::apply(&mut doc, Kind::Case, &shown, actor, RECORDED_AT, &edits);
        let committed = committed.map_err(|error| wrong(error.to_string()))?;
        Ok((committed.raw, committed.hash))
    }
}
