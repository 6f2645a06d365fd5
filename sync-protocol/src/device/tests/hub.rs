//! A hub played by the test: everything in memory, believes what it is sent, and does as the test says.

mod back;

use automerge::Change;

use super::*;
use crate::crypto::{Purpose, SecretKey};
use crate::ids::{ActorPrefix, ChainTag, Hash, Salt, UserId};
use crate::sealing::SealingKey;
use crate::wire::answer::{
    Answer, Decided, DocumentFate, Fate, FeedItem, FeedWhat, Order, ParcelReceipt, Receipt, RepairAnswer, Rest, Run,
    leaf, leaf_salt, leaves_hash, verify_receipt,
};
use crate::wire::codec::{Message, Raw, frame, from_cbor, read};
use crate::wire::enrolment::{EnrolAnswer, EnrolRequest};
use crate::wire::exchange::ExchangeRequest;
use crate::wire::lease::SignedLease;
use crate::wire::manifest::Statement;
use crate::wire::parcel::OpenedParcel;
use crate::wire::returning::{Mark, Marks, Return, Returned};

#[derive(Clone)]
struct Kept {
    position: Position,
    hash: ChangeHash,
    raw: Raw,
}

#[derive(Clone)]
struct Filed {
    kind: u8,
    card: Option<CardToken>,
    changes: Vec<Kept>,
    /// Since when.
    channels: BTreeMap<Channel, Position>,
}

pub(super) type Verdict = Box<dyn Fn(DocumentId, &Change) -> Option<Fate>>;

pub(super) struct FakeHub {
    pub key: SecretKey,
    pub sealing: SealingKey,
    /// Tells devices its sealing key.
    pub seals: bool,
    pub log: LogId,
    pub position: Position,
    pub copied_to: Position,
    /// From which position on the log is another than that of before, and which.
    branches: Vec<(Position, u8)>,
    /// Knows no marks, as hubs of earlier versions.
    pub old: bool,
    /// Proves what it feeds, and takes it back.
    pub proves: bool,
    /// What becomes of all that is given back, instead of the usual.
    pub returned: Option<Fate>,
    leases: BTreeMap<ActorPrefix, Lease>,
    documents: BTreeMap<DocumentId, Filed>,
    receipts: BTreeMap<Hash, ParcelReceipt>,
    /// Answers instead of the usual fate.
    pub verdict: Option<Verdict>,
    /// Refuses parcels with this document whole.
    pub poison: Option<DocumentId>,
    /// A document that enters no channel of its writer.
    pub nobody_reads: Option<DocumentId>,
    pub statements: Vec<Statement>,
    pub parcels_seen: Vec<Hash>,
    /// Items in one answer.
    pub items_max: usize,
    /// Ordered in every answer.
    pub orders: Vec<Order>,
    /// What people decided.
    pub decided: Vec<Decided>,
    /// Nobody reads: leases are pending or revoked.
    pub closed: bool,
    /// Refuses parcels of statements alone.
    pub documents_only: bool,
    /// Gives a new token to whoever proves the key.
    pub renews: bool,
    /// Tells the leases of everybody, and this configuration.
    pub tells: Option<Raw>,
    pub requests: Vec<ExchangeRequest>,
}

fn theirs(hash: &automerge::ChangeHash) -> ChangeHash {
    ChangeHash::new(hash.0)
}

impl FakeHub {
    pub fn new() -> Self {
        Self {
            key: SecretKey::from_bytes(&[77; 32]).unwrap(),
            sealing: SealingKey::from_bytes(&[78; 32]).unwrap(),
            seals: true,
            log: LogId::new([1; 16]),
            position: Position(1),
            copied_to: Position::START,
            branches: Vec::new(),
            old: false,
            proves: false,
            returned: None,
            leases: BTreeMap::new(),
            documents: BTreeMap::new(),
            receipts: BTreeMap::new(),
            verdict: None,
            poison: None,
            nobody_reads: None,
            statements: Vec::new(),
            parcels_seen: Vec::new(),
            items_max: 100,
            orders: Vec::new(),
            decided: Vec::new(),
            closed: false,
            documents_only: false,
            renews: false,
            tells: None,
            requests: Vec::new(),
        }
    }

    pub fn enrol(&mut self, bytes: &[u8], site: &SiteCode) -> Vec<u8> {
        let request: EnrolRequest = read(Message::EnrolRequest, bytes).unwrap();
        let number = u8::try_from(self.leases.len() + 1).unwrap();
        let prefix = ActorPrefix::new([number; 8]);
        let lease = Lease {
            installation: request.installation,
            user: UserId::new([number; 16]),
            key: request.key,
            prefix,
            letters: format!("K{}", number + 1),
            year: 24,
            site: site.clone(),
            name: format!("Agent {number}"),
            issued: Millis(0),
        };
        let signed = SignedLease::sign(&lease, &self.key);
        self.leases.insert(prefix, lease);
        let answer = EnrolAnswer {
            lease: signed,
            token: Salt::new([number; 16]),
            hub: self.key.public(),
            log: self.log,
            configuration: Raw::default(),
            sealing: self.seals.then(|| self.sealing.public()),
        };
        frame(Message::EnrolAnswer, &answer)
    }

    /// Somebody sends what the locked phone has, in one request.
    pub fn take_sealed(&mut self, phone: &Phone) -> Vec<ParcelReceipt> {
        let rows = phone.store.iter().filter(|(key, _)| matches!(key, Key::Sealed(_)));
        let request = ExchangeRequest {
            lease: phone.device.lease().unwrap().prefix,
            token: None,
            cursor: None,
            parcels: rows.map(|(_, bytes)| from_cbor(bytes).unwrap()).collect(),
            budget: 0,
            wants: Vec::new(),
            repair: None,
            renewal: None,
            configuration: 0,
            decided_to: Position::START,
            marks: None,
            returns: Vec::new(),
            signed_lease: None,
        };
        let answer: Answer = read(Message::Answer, &self.exchange(&frame(Message::ExchangeRequest, &request))).unwrap();
        answer.open(&self.key.public()).unwrap().0.parcels
    }

    pub fn exchange(&mut self, bytes: &[u8]) -> Vec<u8> {
        let request: ExchangeRequest = read(Message::ExchangeRequest, bytes).unwrap();
        let lease = self.leases[&request.lease].clone();
        let mut brought = BTreeSet::new();
        let receipts: Vec<ParcelReceipt> = request
            .parcels
            .iter()
            .map(|parcel| {
                let opened = parcel.clone().open(&lease, Some(&self.sealing)).unwrap();
                self.parcels_seen.push(opened.hash);
                self.admit(opened, &lease, &mut brought)
            })
            .collect();
        let returned: Vec<DocumentFate> =
            request.returns.iter().flat_map(|back| self.take_back(back, &mut brought)).collect();
        let channel = Channel::site(&lease.site);
        let mut rest = Rest { channels: vec![channel.clone()], orders: self.orders.clone(), ..Rest::default() };
        rest.decided = self.decided.iter().filter(|one| one.position > request.decided_to).cloned().collect();
        rest.decided_to = Some(self.position);
        rest.returned = returned;
        rest.token = request.renewal.as_ref().filter(|_| self.renews).map(|_| Salt::new([9; 16]));
        if let Some(configuration) = &self.tells {
            rest.leases = self.leases.values().map(|lease| SignedLease::sign(lease, &self.key)).collect();
            rest.configuration = Some(configuration.clone());
        }
        self.requests.push(request.clone());
        if self.closed {
            rest.channels.clear();
            return self.sign(receipts, &rest, request.lease);
        }
        let (mut from, tag): (Position, ChainTag) = request
            .cursor
            .as_ref()
            .map_or((Position::START, self.tag(Position::START)), |cursor| cursor.read().unwrap());
        if let Some(marks) = request.marks.as_ref().filter(|_| !self.old) {
            let shared = self.shared(marks);
            rest.shared = Some(shared);
            from = from.min(shared);
        } else if from > self.position || tag != self.tag(from) {
            if self.old {
                from = Position::START;
            } else {
                rest.channels.clear();
                rest.orders.push(Order::ShowMarks);
                return self.sign(receipts, &rest, request.lease);
            }
        }
        let read_to = self.feed(&channel, from, &request.wants, &brought, &mut rest);
        rest.cursor = Some(Raw::of(&(read_to, self.tag(read_to))));
        if !rest.more {
            rest.digests = vec![self.digest(&channel)];
            rest.position = Some(self.position);
        }
        rest.seed = Some(Salt::new([7; 16])).filter(|_| self.proves && !rest.feed.is_empty());
        if let Some(repair) = &request.repair {
            rest.repair = Some(self.repair(&channel, &repair.buckets));
        }
        self.sign(receipts, &rest, request.lease)
    }

    fn sign(&self, parcels: Vec<ParcelReceipt>, rest: &Rest, lease: ActorPrefix) -> Vec<u8> {
        let receipt = Receipt {
            log: self.log,
            at: Millis(5),
            head: self.position,
            chain: self.chain(self.position),
            copied_to: self.copied_to,
            parcels,
            leaves: None,
            rest: Hash::new([0; 32]),
            lease,
        };
        let leaves = rest.seed.map(|seed| leaves_hash(&Self::leaves(&seed, rest)));
        frame(Message::Answer, &Answer::sign(receipt, rest, leaves, &self.key))
    }

    fn admit(
        &mut self,
        opened: OpenedParcel,
        lease: &Lease,
        brought: &mut BTreeSet<(DocumentId, ChangeHash)>,
    ) -> ParcelReceipt {
        if opened.manifest.documents.iter().any(|named| Some(named.document) == self.poison) {
            let refused = Some(("parcel-shape".to_owned(), "a poisoned parcel".to_owned()));
            return ParcelReceipt { manifest: opened.hash, position: None, documents: Vec::new(), refused };
        }
        if self.documents_only && opened.documents.is_empty() {
            let refused = Some(("parcel-shape".to_owned(), "no documents".to_owned()));
            return ParcelReceipt { manifest: opened.hash, position: None, documents: Vec::new(), refused };
        }
        for stated in &opened.statements {
            self.statements.push(stated.statement.read().unwrap());
        }
        let known = self.receipts.get(&opened.hash).cloned();
        let position = known.as_ref().and_then(|receipt| receipt.position).unwrap_or_else(|| {
            self.position = self.position.next();
            self.position
        });
        let mut documents = Vec::new();
        for (index, named) in opened.manifest.documents.iter().enumerate() {
            let content = &opened.documents[index];
            let changes: Vec<Change> =
                content.changes.iter().map(|raw| Change::from_bytes(raw.0.clone()).unwrap()).collect();
            let hashes: Vec<ChangeHash> = changes.iter().map(|change| theirs(&change.hash())).collect();
            assert!(opened.commits_to(index, &hashes), "the manifest commits to its changes");
            let begins = !self.documents.contains_key(&named.document);
            let mut runs = Vec::new();
            for (change, raw) in changes.iter().zip(&content.changes) {
                let fate = self.fate(named.document, named.kind, change);
                if matches!(fate, Fate::Applied) {
                    self.keep(named.document, named.kind, position, theirs(&change.hash()), raw.clone());
                }
                if matches!(fate, Fate::Applied | Fate::Duplicate) {
                    brought.insert((named.document, theirs(&change.hash())));
                }
                runs.push(Run { count: 1, fate });
            }
            let entered = self.place(named.document, begins, content.card, lease, position);
            documents.push(DocumentFate { runs, entered });
        }
        let receipt = ParcelReceipt { manifest: opened.hash, position: Some(position), documents, refused: None };
        self.receipts.entry(opened.hash).or_insert_with(|| receipt.clone());
        receipt
    }

    fn fate(&self, document: DocumentId, kind: u8, change: &Change) -> Fate {
        if let Some(fate) = self.verdict.as_ref().and_then(|verdict| verdict(document, change)) {
            return fate;
        }
        let hash = theirs(&change.hash());
        let empty = Vec::new();
        let kept = self.documents.get(&document).map_or(&empty, |filed| &filed.changes);
        if kept.iter().any(|kept| kept.hash == hash) {
            return Fate::Duplicate;
        }
        let constants = documents::constant_hashes(Kind::from_code(kind).unwrap());
        let has = |dep: &ChangeHash| constants.contains(dep) || kept.iter().any(|kept| kept.hash == *dep);
        let missing: Vec<ChangeHash> = change.deps().iter().map(theirs).filter(|dep| !has(dep)).collect();
        if missing.is_empty() { Fate::Applied } else { Fate::Waiting(missing) }
    }

    fn keep(&mut self, document: DocumentId, kind: u8, position: Position, hash: ChangeHash, raw: Raw) {
        let fresh = || Filed { kind, card: None, changes: Vec::new(), channels: BTreeMap::new() };
        self.documents.entry(document).or_insert_with(fresh).changes.push(Kept { position, hash, raw });
    }

    /// A new document enters its writer's site; one whose card was shown, that site too.
    fn place(
        &mut self,
        document: DocumentId,
        begins: bool,
        card: Option<CardToken>,
        lease: &Lease,
        position: Position,
    ) -> Vec<Channel> {
        let channel = Channel::site(&lease.site);
        let Some(filed) = self.documents.get_mut(&document) else { return Vec::new() };
        if self.nobody_reads == Some(document) {
            return Vec::new();
        }
        if begins {
            filed.card = card;
        }
        if begins || (card.is_some() && card == filed.card) {
            filed.channels.entry(channel.clone()).or_insert(position);
        }
        if filed.channels.contains_key(&channel) { vec![channel] } else { Vec::new() }
    }

    fn feed(
        &self,
        channel: &Channel,
        from: Position,
        wants: &[DocumentId],
        brought: &BTreeSet<(DocumentId, ChangeHash)>,
        rest: &mut Rest,
    ) -> Position {
        let mut rows: Vec<(Position, DocumentId, FeedWhat)> = Vec::new();
        for (id, filed) in &self.documents {
            let Some(since) = filed.channels.get(channel) else { continue };
            if *since > from {
                rows.push((*since, *id, FeedWhat::Entered));
            }
            let later = filed.changes.iter().filter(|kept| kept.position > from && kept.position > *since);
            rows.extend(later.map(|kept| (kept.position, *id, FeedWhat::Changes)));
        }
        rows.sort_by_key(|(position, id, _)| (*position, *id));
        let rows = rows.into_iter();
        let wanted =
            wants.iter().filter(|id| self.documents.get(id).is_some_and(|filed| filed.channels.contains_key(channel)));
        let wanted: Vec<_> = wanted.map(|id| (Position::START, *id, FeedWhat::Entered)).collect();
        let mut read_to = from;
        for (position, id, what) in wanted.into_iter().chain(rows) {
            if rest.feed.len() >= self.items_max && position > read_to {
                rest.more = true;
                return read_to;
            }
            let filed = &self.documents[&id];
            let whole = what == FeedWhat::Entered;
            let of_it = filed.changes.iter().filter(|kept| {
                (if whole {
                    position == Position::START || kept.position <= position
                } else {
                    kept.position == position
                }) && (position == Position::START || !brought.contains(&(id, kept.hash)))
            });
            let changes: Vec<Raw> = of_it.map(|kept| kept.raw.clone()).collect();
            if !changes.is_empty() {
                rest.feed.push(FeedItem { document: id, kind: filed.kind, channel: 0, what, changes });
            }
            read_to = position.max(read_to);
        }
        self.position
    }

    pub fn digest(&self, channel: &Channel) -> Digest {
        let inside = self.documents.iter().filter(|(_, filed)| filed.channels.contains_key(channel));
        inside.fold(Digest::EMPTY, |sum, (id, filed)| sum.plus(Self::sum(*id, filed)))
    }

    fn sum(id: DocumentId, filed: &Filed) -> Digest {
        filed.changes.iter().fold(Digest::EMPTY, |sum, kept| sum.plus(Digest::of_change(id, kept.hash)))
    }

    fn repair(&self, channel: &Channel, buckets: &[Digest]) -> RepairAnswer {
        let inside: Vec<_> = self.documents.iter().filter(|(_, filed)| filed.channels.contains_key(channel)).collect();
        let mut sums = vec![Digest::EMPTY; 256];
        for (id, filed) in &inside {
            let sum = &mut sums[usize::from(id.as_bytes()[0])];
            *sum = sum.plus(Self::sum(**id, filed));
        }
        let differ: Vec<u8> = (0..=255).filter(|n| sums[usize::from(*n)] != buckets[usize::from(*n)]).collect();
        let documents = inside.iter().filter(|(id, _)| differ.contains(&id.as_bytes()[0]));
        let documents = documents.map(|(id, filed)| (**id, Self::sum(**id, filed))).collect();
        RepairAnswer { channel: 0, documents, buckets: differ }
    }

    /// What the hub holds of a document.
    pub fn changes(&self, document: DocumentId) -> Vec<ChangeHash> {
        let changes = self.documents.get(&document).map(|filed| filed.changes.iter().map(|kept| kept.hash).collect());
        changes.unwrap_or_default()
    }

    /// A person lets a held change in.
    pub fn approve(&mut self, document: DocumentId, kind: Kind, raw: Raw, site: &SiteCode) {
        self.position = self.position.next();
        let hash = theirs(&Change::from_bytes(raw.0.clone()).unwrap().hash());
        self.keep(document, kind.code(), self.position, hash, raw);
        let position = self.position;
        let filed = self.documents.get_mut(&document).unwrap();
        filed.channels.entry(Channel::site(site)).or_insert(position);
    }

    /// A person decides on work of a document that the hub holds.
    pub fn decide(&mut self, document: DocumentId, fates: &[(ChangeHash, Fate)]) {
        self.position = self.position.next();
        self.decided.push(Decided {
            position: self.position,
            manifest: Hash::new([0; 32]),
            document,
            runs: fates.iter().map(|(_, fate)| Run { count: 1, fate: fate.clone() }).collect(),
            changes: fates.iter().map(|(change, _)| *change).collect(),
            entered: Vec::new(),
        });
    }

    /// Loses everything after a position, as a hub restored from a backup has, and goes on otherwise.
    pub fn restore(&mut self, position: Position) {
        self.position = position;
        let branch = u8::try_from(self.branches.len() + 1).unwrap();
        self.branches.retain(|(from, _)| *from < position);
        self.branches.push((position, branch));
        for filed in self.documents.values_mut() {
            filed.changes.retain(|kept| kept.position <= position);
            filed.channels.retain(|_, since| *since <= position);
        }
        self.documents.retain(|_, filed| !filed.changes.is_empty());
        self.receipts.retain(|_, receipt| receipt.position.is_some_and(|at| at <= position));
        self.decided.retain(|decided| decided.position <= position);
    }

    /// Forgets one change, as no hub should.
    pub fn lose(&mut self, document: DocumentId, change: ChangeHash) {
        let filed = self.documents.get_mut(&document).unwrap();
        filed.changes.retain(|kept| kept.hash != change);
        if filed.changes.is_empty() {
            self.documents.remove(&document);
        }
    }

    /// Signs anything, for a wrong hub.
    pub fn other() -> SecretKey {
        let key = SecretKey::from_bytes(&[78; 32]).unwrap();
        let _ = key.sign(Purpose::Receipt, b"");
        key
    }
}
