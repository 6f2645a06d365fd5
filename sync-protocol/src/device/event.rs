//! What goes into the state machine and what comes out of it.
//!
//! Owns the events, the effects and the facts that a screen shows. How they are handled stands beside, one file for
//! each concern.

use serde::Serialize;

use super::progress::LeaseStanding;
use super::rows::{Key, Rows, Write};
use crate::crypto::{PublicKey, Purpose, hash};
use crate::documents::{Edit, Kind};
use crate::ids::{CardToken, ChangeHash, Channel, DocumentId, Millis, Position};
use crate::wire::codec::Raw;
use crate::wire::courier::Place;
use crate::wire::enrolment::Invitation;
use crate::wire::fingerprint::Fingerprint;
use crate::wire::order::WipeWhen;

/// What the shell knows and a calculation cannot: the time, and 32 fresh random bytes for each event.
#[derive(Clone, Copy)]
pub struct Inputs {
    /// The device's clock. Decides nothing at the hub.
    pub now: Millis,
    /// From the operating system; a seed is used for one event only.
    pub seed: [u8; 32],
}

/// Draws of one event, all from its seed: `SHA-256("segin/1 draw" ‖ seed ‖ number)`.
pub(super) struct Draw {
    seed: [u8; 32],
    drawn: u32,
}

impl Draw {
    pub(super) fn new(seed: [u8; 32]) -> Self {
        Self { seed, drawn: 0 }
    }

    /// The next `N` bytes, at most 32.
    pub(super) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let full = hash(Purpose::Draw, &[&self.seed, &self.drawn.to_be_bytes()]);
        self.drawn += 1;
        let mut out = [0; N];
        out.copy_from_slice(&full.as_bytes()[..N]);
        out
    }
}

/// One thing that a person recorded, to become one change.
#[derive(Debug, Clone)]
pub struct EditRequest {
    /// Chosen by the shell; comes back in the report.
    pub tag: u32,
    /// Which document; none: a new one, whose id is drawn, and a new case also gets a code and a card token.
    pub document: Option<DocumentId>,
    /// The id of the new document, where the shell drew it already; random.
    pub new_id: Option<DocumentId>,
    /// Its kind.
    pub kind: Kind,
    /// The heads that were on the screen. None: what the store holds now (scripts, imports).
    pub shown: Option<Vec<ChangeHash>>,
    /// What was entered.
    pub edits: Vec<Edit>,
    /// The token of the card that was scanned, if one was.
    pub card: Option<CardToken>,
    /// Rows of the shell's own, stored in the same batch if the edit is: key and value.
    pub beside: Vec<(Vec<u8>, Vec<u8>)>,
}

impl EditRequest {
    /// A new document.
    #[must_use]
    pub fn begin(kind: Kind, edits: Vec<Edit>) -> Self {
        Self { tag: 0, document: None, new_id: None, kind, shown: None, edits, card: None, beside: Vec::new() }
    }

    /// An edit of a document at the heads that were shown; none: at what the store holds now.
    #[must_use]
    pub fn change(document: DocumentId, kind: Kind, shown: Option<Vec<ChangeHash>>, edits: Vec<Edit>) -> Self {
        Self { document: Some(document), shown, ..Self::begin(kind, edits) }
    }
}

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// Somebody typed or scanned an invitation.
    Enrol(Invitation),
    /// Somebody recorded something; several at once are stored together.
    Edit(Vec<EditRequest>),
    /// Exchange with the hub until nothing is left to say. `budget`: bytes that the link carries in about four
    /// seconds.
    Sync {
        /// In bytes.
        budget: u32,
    },
    /// The hub answered the request of this number.
    Answer {
        /// As in [`Effect::Send`].
        number: u32,
        /// The body as it came.
        bytes: Vec<u8>,
        /// What the link carries in about four seconds, measured anew. In bytes.
        budget: u32,
    },
    /// No answer came to the request of this number.
    Failed {
        /// As in [`Effect::Send`].
        number: u32,
        /// Why, for the person.
        reason: String,
    },
    /// The hub answered the request of this number with an error of the protocol.
    TurnedAway {
        /// As in [`Effect::Send`].
        number: u32,
        /// The stable code.
        code: String,
        /// Why, for the person.
        reason: String,
    },
    /// These documents were opened, or their people's names shown: the hub is told with the next exchange.
    Shown(Vec<DocumentId>),
    /// The user has the device with this key before their eyes and vouches for it.
    Vouch(PublicKey),
    /// What colleagues recorded on this device; at most `NEIGHBOURS_MAX` at once. It may be handed in any number of times.
    Neighbours(Vec<Neighbour>),
    /// What is unsent is to be carried to the hub in a file, and its answer back.
    Export {
        /// Where the part stands in the file.
        place: Place,
        /// Bytes of parcels that it may hold; the oldest go first.
        room: u32,
    },
    /// Somebody brought a return file.
    Take {
        /// The whole file.
        file: Vec<u8>,
        /// What the shell keeps of files that were made while the device was locked, see [`super::locked`].
        outside: Option<Vec<u8>>,
    },
    /// What [`Effect::Load`] asked for, in its order.
    Loaded(Rows),
}

/// What a colleague committed on this device, of one document.
#[derive(Debug, Clone)]
pub struct Neighbour {
    /// Which document.
    pub document: DocumentId,
    /// Its kind; never an annex.
    pub kind: Kind,
    /// The human code, as the colleague's device gave it.
    pub code: Option<String>,
    /// The card token, as issued or scanned by the colleague.
    pub card: Option<CardToken>,
    /// Whole change chunks, each after those it depends on.
    pub changes: Vec<Raw>,
}

/// Where a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Endpoint {
    /// `POST /v1/enrol`.
    Enrol,
    /// `POST /v1/exchange`.
    Exchange,
}

/// What must be done, in this order, each before the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// One atomic, synced transaction. At most one in a turn, always first: if it fails, the rest must not be done
    /// and the device is opened again from its store.
    Store(Vec<Write>),
    /// Read these rows, then [`Event::Loaded`].
    Load(Vec<Key>),
    /// Post these bytes, then [`Event::Answer`], [`Event::TurnedAway`] or [`Event::Failed`].
    Send {
        /// To match the answer.
        number: u32,
        /// Where to.
        to: Endpoint,
        /// A whole frame.
        bytes: Vec<u8>,
    },
    /// CBOR of a [`CourierPart`](crate::wire::courier::CourierPart), to be put into a file at the place that was named.
    Carry(Vec<u8>),
    /// Erase every row, the shell's own too, and store these instead, all in one. Whatever sealed the old rows (a key
    /// file) is destroyed as well. Nothing else follows but reports.
    Wipe(Vec<Write>),
    /// Tell the person.
    Report(Report),
}

/// A fact for the person; nothing in it is a field's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Report {
    /// The device now belongs to a user and a hub.
    Enrolled {
        /// The user's name as colleagues know it.
        name: String,
        /// The home site.
        site: String,
        /// The device's letters on codes.
        letters: String,
    },
    /// The enrolment did not work.
    NotEnrolled {
        /// Why.
        reason: String,
    },
    /// An edit is stored.
    Recorded {
        /// The request's.
        tag: u32,
        /// Which document.
        document: DocumentId,
        /// The change that it became.
        change: ChangeHash,
        /// The human code, of a new case.
        code: Option<String>,
        /// The card token, of a new case.
        card: Option<CardToken>,
    },
    /// An edit was not stored, nor anything beside it.
    EditRefused {
        /// The request's.
        tag: u32,
        /// Why, with the path of each problem.
        reason: String,
    },
    /// Changes are safe at the hub.
    Receipted {
        /// Changes that are now applied there.
        changes: u32,
        /// Where the parcel stands in the log.
        position: Position,
    },
    /// A change waits at the hub for a person's decision.
    Held {
        /// Which document.
        document: DocumentId,
        /// The stable code.
        code: String,
    },
    /// A person decided on work that the hub had held.
    Decided {
        /// Which document.
        document: DocumentId,
        /// Changes that are now applied.
        applied: u32,
        /// Changes that were rejected; their bytes are kept aside on the device.
        rejected: u32,
        /// Why, as the person who decided wrote it.
        sentence: Option<String>,
    },
    /// A change was not accepted; its bytes are kept aside on the device.
    Refused {
        /// Which document.
        document: DocumentId,
        /// The stable code.
        code: String,
        /// What was wrong.
        sentence: String,
    },
    /// Work was written again on the hub's document, as so many new changes.
    Replayed {
        /// Which document.
        document: DocumentId,
        /// New changes.
        changes: u32,
    },
    /// The document was erased by decision; its readable copy is gone.
    Erased {
        /// Which document.
        document: DocumentId,
    },
    /// Two values of one field stand side by side.
    Conflict {
        /// Which document.
        document: DocumentId,
        /// How many fields.
        fields: u32,
    },
    /// A stored or received document could not be read; it was asked for whole.
    Unreadable {
        /// Which document.
        document: DocumentId,
    },
    /// What a colleague recorded on this device was not taken over; it comes with the feed.
    NotTaken {
        /// Which document.
        document: DocumentId,
        /// Why.
        reason: String,
    },
    /// What hub and device hold in a channel differed; it was compared and mended.
    Repaired {
        /// Which channel.
        channel: Channel,
        /// Documents asked for again.
        documents: u32,
    },
    /// What hub and device hold still differs after a repair.
    Differs {
        /// Which channel.
        channel: Channel,
    },
    /// A channel is no longer in the user's scope.
    ChannelClosed {
        /// Which channel.
        channel: Channel,
    },
    /// The hub saw this store twice; both go on under actors of their own.
    CloneSeen,
    /// The hub lost what it had receipted, or another log goes on in its place: kept parcels are given back.
    GivingBack {
        /// How many parcels.
        parcels: u32,
    },
    /// The lease stands differently from now on.
    Standing {
        /// How.
        standing: LeaseStanding,
    },
    /// The user vouches for a key; the hub is told with the next exchange.
    Vouched {
        /// To be compared with what the other device shows.
        fingerprint: Fingerprint,
    },
    /// The key was not taken.
    NotVouched {
        /// Why.
        reason: String,
    },
    /// Everything here will be erased once the hub has all of it; recording and sending go on until then.
    WipeOrdered,
    /// The order to erase was called off.
    WipeCalledOff,
    /// Everything was erased by order of the hub.
    Wiped {
        /// Whether everything had been receipted first, or it was to be at once.
        when: WipeWhen,
    },
    /// The hub gave this device no feed: it can only send.
    PushOnly,
    /// The exchange is over: nothing is left to send or to read.
    Synced(Synced),
    /// The exchange ended early. What was not receipted is kept and sent again.
    SyncFailed {
        /// Why.
        reason: String,
    },
    /// Nothing was exported.
    NotExported {
        /// Why.
        reason: String,
    },
    /// A return file was read: what the hub said in it.
    CourierTaken(Synced),
    /// A return file was not taken; nothing was changed.
    CourierRefused {
        /// Why.
        reason: String,
    },
    /// Courier files of this device that have not come to the hub, as first and last number of each run. What was in them
    /// has travelled again with those after, as far as it had no receipt.
    CourierMissing {
        /// The numbers.
        numbers: Vec<(u64, u64)>,
    },
    /// The event was not taken: something else is under way.
    Busy,
}

/// What one [`Event::Sync`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Synced {
    /// Requests answered.
    pub exchanges: u32,
    /// Own changes that are now applied at the hub.
    pub receipted: u32,
    /// Own changes that wait there for a decision.
    pub held: u32,
    /// Own changes that were not accepted.
    pub refused: u32,
    /// Own changes on which a person had decided.
    pub decided: u32,
    /// Documents of the feed.
    pub fed: u32,
    /// Own changes that could not be settled and stay in the outbox.
    pub left: u32,
}
