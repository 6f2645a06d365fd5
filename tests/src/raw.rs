//! A device that says exactly what a test wants: parcels, receipts and feed by hand, over [`crate::http`] or anything else that is [`Post`].
//!
//! Checks every signature that a device would check. Keeps nothing on disk and repairs nothing: for that there is the
//! real device.

use std::collections::BTreeMap;
use std::io;

use automerge::{Automerge, Change};
use segin::random::{SeededRandom, draw};
use sync_protocol::crypto::{PublicKey, SecretKey};
use sync_protocol::documents::{self, Edit, Kind};
use sync_protocol::ids::{
    Actor, CardToken, ChangeHash, DocumentId, Hash, InstallationId, LogId, Millis, Position, Salt, SiteCode,
};
use sync_protocol::sealing::SealingPublic;
use sync_protocol::wire::answer::{Answer, Receipt, Rest};
use sync_protocol::wire::codec::{Message, Raw, frame, read};
use sync_protocol::wire::digest::Digest;
use sync_protocol::wire::enrolment::{EnrolAnswer, EnrolRequest, Invitation};
use sync_protocol::wire::exchange::{ExchangeRequest, Renewal};
use sync_protocol::wire::lease::Lease;
use sync_protocol::wire::manifest::{Manifest, Named, Stated, Statement, commitment};
use sync_protocol::wire::parcel::{Content, Parcel};

use crate::http::Post;

/// The device's clock: decides nothing.
const CREATED: Millis = Millis(1_714_480_000_000);
/// Bytes of feed that it wants at once.
const BUDGET: u32 = 1_000_000;

/// What was changed: the bytes and their hash.
pub type Changed = (Raw, ChangeHash);

/// A device.
pub struct RawDevice {
    /// Signs its manifests.
    pub key: SecretKey,
    /// From the hub.
    pub lease: Lease,
    /// Verifies the hub.
    pub hub: PublicKey,
    /// The hub's log.
    pub log: LogId,
    /// What is sealed for the hub is sealed to this.
    pub sealing: Option<SealingPublic>,
    /// Opens the feed.
    pub token: Option<Salt>,
    /// From the last answer.
    pub cursor: Option<Raw>,
    /// Of its last manifest.
    pub counter: u64,
    /// Of its last manifest.
    pub previous: Option<Hash>,
    /// Where its new documents begin.
    pub site: SiteCode,
    /// What it knows.
    pub documents: BTreeMap<DocumentId, (Kind, Automerge)>,
    actor: Actor,
    random: SeededRandom,
}

/// Why there was no answer to use.
#[derive(Debug)]
pub enum NoAnswer {
    /// The link broke.
    Link(io::Error),
    /// The hub answered with an error: status and body.
    Refused(u16, String),
}

impl From<io::Error> for NoAnswer {
    fn from(error: io::Error) -> Self {
        Self::Link(error)
    }
}

impl RawDevice {
    /// Enrols; everything that it draws follows from the seed.
    ///
    /// # Errors
    /// [`NoAnswer`].
    ///
    /// # Panics
    /// When the invitation is none or the hub's answer is not signed.
    pub fn enrol(http: &mut impl Post, invitation: &str, seed: u64) -> Result<Self, NoAnswer> {
        Self::enrol_on(http, invitation, seed, None)
    }

    /// The same on a tablet that somebody else has enrolled on before.
    ///
    /// # Errors
    /// [`NoAnswer`].
    ///
    /// # Panics
    /// As [`RawDevice::enrol`].
    pub fn enrol_on(
        http: &mut impl Post,
        invitation: &str,
        seed: u64,
        tablet: Option<InstallationId>,
    ) -> Result<Self, NoAnswer> {
        let mut random = SeededRandom::new(seed);
        let invitation = Invitation::parse(invitation).expect("the hub gives invitations");
        let key = SecretKey::from_bytes(&draw(&mut random)).expect("a random number is a key but for one in 2^32");
        let drawn = InstallationId::new(draw(&mut random));
        let request = EnrolRequest::sign(&invitation, tablet.unwrap_or(drawn), &key);
        let bytes = frame(Message::EnrolRequest, &request);
        let body = accepted(http.post("/v1/enrol", &bytes)?)?;
        let answer: EnrolAnswer = read(Message::EnrolAnswer, &body).expect("an answer is readable");
        let lease = answer.lease.verify(&answer.hub).expect("a lease is signed by the hub");
        let actor = Actor::from_parts(lease.prefix, draw(&mut random));
        Ok(Self {
            key,
            hub: answer.hub,
            log: answer.log,
            sealing: answer.sealing,
            token: Some(answer.token),
            cursor: None,
            counter: 0,
            previous: None,
            site: lease.site.clone(),
            documents: BTreeMap::new(),
            actor,
            random,
            lease,
        })
    }

    /// Under which it edits at this moment.
    #[must_use]
    pub const fn actor(&self) -> Actor {
        self.actor
    }

    /// Draws the id of a new document.
    pub fn new_document(&mut self) -> DocumentId {
        DocumentId::new(draw(&mut self.random))
    }

    /// Begins a document, or edits the one that is known, in one change.
    ///
    /// # Panics
    /// When the edits do not fit the schema.
    pub fn edit(&mut self, document: DocumentId, kind: Kind, edits: &[Edit]) -> Changed {
        let (_, doc) = self.documents.entry(document).or_insert_with(|| (kind, documents::blank(kind)));
        let shown = documents::edit::heads(doc);
        if !documents::actor_fits(doc, &shown, self.actor) {
            self.actor = Actor::from_parts(self.lease.prefix, draw(&mut self.random));
        }
        let committed = documents::apply(doc, kind, &shown, self.actor, CREATED, edits).expect("the edits fit");
        (Raw(committed.raw), committed.hash)
    }

    /// Packs changes of documents into one signed parcel.
    ///
    /// # Panics
    /// When a document is not known.
    pub fn parcel(&mut self, documents: &[(DocumentId, Vec<Changed>, Option<CardToken>)]) -> Parcel {
        self.counter += 1;
        let (mut named, mut contents) = (Vec::new(), Vec::new());
        for (document, changes, card) in documents {
            let kind = self.documents[document].0.code();
            let salt = Salt::new(draw(&mut self.random));
            let hashes: Vec<ChangeHash> = changes.iter().map(|(_, hash)| *hash).collect();
            let commitment = commitment(&salt, *document, kind, &hashes, card.as_ref());
            named.push(Named { document: *document, kind, commitment });
            contents.push(Content { salt, changes: changes.iter().map(|(raw, _)| raw.clone()).collect(), card: *card });
        }
        let manifest = Manifest {
            installation: self.lease.installation,
            user: self.lease.user,
            counter: self.counter,
            previous: self.previous,
            created: CREATED,
            site: self.site.clone(),
            documents: named,
            statements: Vec::new(),
        };
        let parcel = Parcel::sign(&manifest, contents, Vec::new(), &self.key);
        self.previous = Some(parcel.hash());
        parcel
    }

    /// A signed parcel without documents that states something.
    pub fn stating(&mut self, statements: &[Statement]) -> Parcel {
        self.counter += 1;
        let stated: Vec<Stated> = statements
            .iter()
            .map(|statement| Stated { salt: Salt::new(draw(&mut self.random)), statement: Raw::of(statement) })
            .collect();
        let manifest = Manifest {
            installation: self.lease.installation,
            user: self.lease.user,
            counter: self.counter,
            previous: self.previous,
            created: CREATED,
            site: self.site.clone(),
            documents: Vec::new(),
            statements: stated.iter().map(Stated::commitment).collect(),
        };
        let parcel = Parcel::sign(&manifest, Vec::new(), stated, &self.key);
        self.previous = Some(parcel.hash());
        parcel
    }

    /// The request that carries these parcels and asks for the feed.
    #[must_use]
    pub fn request(&self, parcels: Vec<Parcel>) -> ExchangeRequest {
        ExchangeRequest {
            lease: self.lease.prefix,
            token: self.token,
            cursor: self.cursor.clone(),
            parcels,
            budget: BUDGET,
            wants: Vec::new(),
            repair: None,
            renewal: None,
            configuration: u32::MAX,
            decided_to: Position::START,
            marks: None,
            returns: Vec::new(),
            signed_lease: None,
        }
    }

    /// Answers a challenge with the device's key.
    #[must_use]
    pub fn renewal(&self, challenge: Salt) -> Renewal {
        Renewal::sign(self.log, self.lease.prefix, challenge, &self.key)
    }

    /// Sends a request and checks who answered; takes nothing of it in.
    ///
    /// # Errors
    /// [`NoAnswer`].
    ///
    /// # Panics
    /// When the answer is not the hub's.
    pub fn ask(&self, http: &mut impl Post, request: &ExchangeRequest) -> Result<(Receipt, Rest), NoAnswer> {
        let body = accepted(http.post("/v1/exchange", &frame(Message::ExchangeRequest, request))?)?;
        let answer: Answer = read(Message::Answer, &body).expect("an answer is readable");
        Ok(answer.open(&self.hub).expect("an answer is signed by the hub"))
    }

    /// Sends parcels and takes the feed in.
    ///
    /// # Errors
    /// [`NoAnswer`].
    ///
    /// # Panics
    /// When the answer is not the hub's, or what it feeds is not a change.
    pub fn sync(&mut self, http: &mut impl Post, parcels: Vec<Parcel>) -> Result<(Receipt, Rest), NoAnswer> {
        let (receipt, rest) = self.ask(http, &self.request(parcels))?;
        for item in &rest.feed {
            let kind = Kind::from_code(item.kind).expect("the hub feeds kinds of this version");
            let (_, doc) = self.documents.entry(item.document).or_insert_with(|| (kind, documents::blank(kind)));
            let changes =
                item.changes.iter().map(|raw| Change::from_bytes(raw.0.clone()).expect("a change is readable"));
            doc.apply_changes(changes).expect("changes come behind those they build on");
        }
        if rest.cursor.is_some() {
            self.cursor.clone_from(&rest.cursor);
        }
        Ok((receipt, rest))
    }

    /// The sum over everything that it knows, as a hub adds up a channel that holds the same.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut sum = Digest::EMPTY;
        for (id, (kind, doc)) in &self.documents {
            let constants = documents::constant_hashes(*kind);
            let hashes = doc.get_changes(&[]).into_iter().map(|change| ChangeHash::new(change.hash().0));
            for hash in hashes.filter(|hash| !constants.contains(hash)) {
                sum = sum.plus(Digest::of_change(*id, hash));
            }
        }
        sum
    }
}

fn accepted((status, body): (u16, Vec<u8>)) -> Result<Vec<u8>, NoAnswer> {
    if status == 200 { Ok(body) } else { Err(NoAnswer::Refused(status, String::from_utf8_lossy(&body).into_owned())) }
}
