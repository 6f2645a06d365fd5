//! What a light device sends: intakes, made and signed before the clock starts.
//!
//! Not a whole device: the state machine's own cost would be measured with the hub's. What it sends is what a device
//! sends.

use sync_protocol::crypto::{PublicKey, SecretKey};
use sync_protocol::documents::{self, Code, DeviceLetters, Edit, Kind, Value};
use sync_protocol::ids::{
    Actor, CardToken, ChangeHash, DocumentId, Hash, InstallationId, Millis, Position, Salt, SiteCode,
};
use sync_protocol::wire::answer::{Answer, Fate, Rest};
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
    /// Whom it records.
    pub people: People,
    counter: u64,
    previous: Option<Hash>,
    cursor: Option<Raw>,
    /// Bytes of feed that it takes with an answer; 0: none, so that what the others send is not measured.
    pub budget: u32,
}

/// The first change of a new document.
pub struct Work {
    /// Which document.
    pub document: DocumentId,
    kind: Kind,
    raw: Vec<u8>,
    hash: ChangeHash,
    card: Option<CardToken>,
}

/// What an answer said, verified.
pub struct Heard {
    /// Changes of the request that are applied.
    pub applied: usize,
    /// Feed, cursor, orders.
    pub rest: Rest,
}

/// One request, ready to be sent.
pub struct Ready {
    /// The frame.
    pub frame: Vec<u8>,
    /// Documents begun in it.
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
        Ok(Self { lease, key, token, hub, random, people, counter: 0, previous: None, cursor: None, budget: 0 })
    }

    /// Where it stands.
    #[must_use]
    pub fn site(&self) -> &SiteCode {
        &self.lease.site
    }

    /// A request with one parcel of this many new intakes, and with as many records of cases that were opened for each of
    /// them as asked.
    ///
    /// # Errors
    /// [`BenchError::NotReceipted`] when an intake cannot be made: a fault of the generator.
    pub fn intakes(&mut self, count: usize, reads: usize) -> Result<Ready, BenchError> {
        let work = (0..count).map(|_| self.intake()).collect::<Result<_, _>>()?;
        Ok(self.request(work, reads))
    }

    /// A request with one parcel of this work, or with none, going on where the last answer that was heard ended.
    pub fn request(&mut self, work: Vec<Work>, reads: usize) -> Ready {
        let intakes = work.len();
        let changes = work.iter().map(|work| work.raw.clone()).collect();
        let parcels = if work.is_empty() { Vec::new() } else { vec![self.parcel(work, reads)] };
        let request = ExchangeRequest {
            lease: self.lease.prefix,
            token: Some(self.token),
            cursor: self.cursor.clone(),
            parcels,
            budget: self.budget,
            wants: Vec::new(),
            repair: None,
            renewal: None,
            configuration: u32::MAX,
            decided_to: Position::START,
            marks: None,
            returns: Vec::new(),
            signed_lease: None,
        };
        Ready { frame: frame(Message::ExchangeRequest, &request), intakes, changes }
    }

    /// Takes in an answer: the next request goes on from there.
    ///
    /// # Errors
    /// [`BenchError::NotReceipted`] when it is not the hub's.
    pub fn hear(&mut self, answer: &[u8]) -> Result<Heard, BenchError> {
        let heard = heard(answer, &self.hub)?;
        if heard.rest.cursor.is_some() {
            self.cursor.clone_from(&heard.rest.cursor);
        }
        Ok(heard)
    }

    fn parcel(&mut self, work: Vec<Work>, reads: usize) -> Parcel {
        let (mut named, mut contents) = (Vec::new(), Vec::new());
        for Work { document, kind, raw, hash, card } in work {
            let (salt, kind) = (Salt::new(draw(&mut self.random)), kind.code());
            let commitment = commitment(&salt, document, kind, &[hash], card.as_ref());
            named.push(Named { document, kind, commitment });
            contents.push(Content { salt, changes: vec![Raw(raw)], card });
        }
        let opened = named.iter().cycle().take(named.len() * reads).map(|named| named.document).collect::<Vec<_>>();
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
        parcel
    }

    /// A new case with its card.
    ///
    /// # Errors
    /// [`BenchError::NotReceipted`]: a fault of the generator.
    pub fn intake(&mut self) -> Result<Work, BenchError> {
        let wrong = |what: String| BenchError::NotReceipted(format!("an intake could not be made: {what}"));
        let who = self.people.who();
        let mut edits = self.people.intake(who);
        let number = u32::try_from(self.random.below(9_000)).unwrap_or(0);
        let letters = DeviceLetters::new(&self.lease.letters).map_err(|error| wrong(error.to_string()))?;
        let code = Code::next(&self.lease.site, self.lease.year, letters, number);
        let code = code.map_err(|error| wrong(error.to_string()))?;
        edits.insert(0, Edit::Set { field: "card.code".into(), value: Value::Text(code.to_string()).into() });
        let work = self.begin(Kind::Case, &edits)?;
        Ok(Work { card: Some(CardToken::new(draw(&mut self.random))), ..work })
    }

    /// A new document of any kind.
    ///
    /// # Errors
    /// [`BenchError::NotReceipted`]: a fault of the generator.
    pub fn begin(&mut self, kind: Kind, edits: &[Edit]) -> Result<Work, BenchError> {
        let document = DocumentId::new(draw(&mut self.random));
        let mut doc = documents::blank(kind);
        let shown = documents::edit::heads(&doc);
        let actor = Actor::from_parts(self.lease.prefix, draw(&mut self.random));
        let committed = documents::apply(&mut doc, kind, &shown, actor, RECORDED_AT, edits);
        let committed = committed.map_err(|error| {
            BenchError::NotReceipted(format!("a document of kind {kind} could not be made: {error}"))
        })?;
        Ok(Work { document, kind, raw: committed.raw, hash: committed.hash, card: None })
    }
}

/// What a signed answer says.
///
/// # Errors
/// [`BenchError::NotReceipted`] when it is not this hub's.
pub fn heard(answer: &[u8], hub: &PublicKey) -> Result<Heard, BenchError> {
    let wrong = |what: String| BenchError::NotReceipted(what);
    let answer: Answer = read(Message::Answer, answer).map_err(|error| wrong(error.to_string()))?;
    let (receipt, rest) = answer.open(hub).map_err(|error| wrong(error.to_string()))?;
    let fates = receipt.parcels.iter().flat_map(|parcel| &parcel.documents).flat_map(|document| &document.runs);
    let applied = fates.filter(|run| run.fate == Fate::Applied).map(|run| usize::from(run.count)).sum();
    Ok(Heard { applied, rest })
}
