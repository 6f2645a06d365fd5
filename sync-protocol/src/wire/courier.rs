//! Courier: an exchange without a network. Sealed work goes to the hub in a file, a sealed answer comes back in one.
//!
//! A [`CourierFile`] holds a part for each lease of the device that has something to send: its sealed parcels, and an
//! [`Ask`] sealed to the hub: the request that would have gone with them (token, cursor, budget), the number of this file
//! in the device's series, and the key to which the answer is sealed. A [`ReturnFile`] holds a [`Reply`] for each part: the
//! ordinary signed answer. On the way nobody reads anything but which leases are meant and how many parcels there are.
//!
//! What belongs together cannot be put together otherwise: an ask opens only with the parcels, in the file and at the place
//! that it was made for, a reply only for its part and beside the others of its file. Refuses parcels that are not sealed,
//! and more than a device makes. Whether a lease is known and work is admitted is the hub's question. The files' own form
//! is in [`super::carried`].

use minicbor::{Decode, Encode};
use thiserror::Error;

pub use super::carried::CarriedError;
use super::carried::{from_file, to_file};
use super::codec::{CodecError, Message, Raw, from_cbor, to_cbor};
use super::exchange::ExchangeRequest;
use super::parcel::{Contents, Parcel};
use crate::crypto::{CryptoError, PublicKey, Purpose, hash};
use crate::ids::{ActorPrefix, Hash, HubTag, Salt};
use crate::limits::{COURIER_MISSING_MAX, COURIER_PARCELS_MAX, COURIER_PARTS_MAX};
use crate::sealing::{SealingKey, SealingPublic};

/// Which hub a file is for: says so without naming its key.
#[must_use]
pub fn hub_tag(hub: &PublicKey) -> HubTag {
    let full = hash(Purpose::Courier, &[b"hub", hub.as_bytes()]);
    let mut bytes = [0; HubTag::LEN];
    bytes.copy_from_slice(&full.as_bytes()[..HubTag::LEN]);
    HubTag::new(bytes)
}

/// What goes to the hub.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct CourierFile {
    /// For which hub.
    #[n(0)]
    pub hub: HubTag,
    /// Drawn for this file: its parts belong together.
    #[n(1)]
    pub id: Salt,
    /// One for each lease.
    #[n(2)]
    pub parts: Vec<CourierPart>,
}

/// What one lease sends.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct CourierPart {
    /// Whose work it is.
    #[n(0)]
    pub lease: ActorPrefix,
    /// Work, oldest first, all of it sealed to the hub.
    #[n(1)]
    pub parcels: Vec<Parcel>,
    /// An [`Ask`], sealed to the hub for these parcels at this place.
    #[n(2)]
    pub ask: Raw,
}

/// Where a part stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The file's id.
    pub file: Salt,
    /// Which part, from 0.
    pub index: u16,
    /// Of how many.
    pub of: u16,
}

/// What a device asks for. Only the hub reads it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Ask {
    /// Drawn once for each store: whose files are numbered together.
    #[n(0)]
    pub series: Salt,
    /// The number of this file in its series, from 1.
    #[n(1)]
    pub number: u64,
    /// The hash of this series' part before; none: the first.
    #[n(2)]
    pub before: Option<Hash>,
    /// The answer is sealed to it.
    #[n(3)]
    pub reply_to: SealingPublic,
    /// The request that belongs to the parcels, without them.
    #[n(4)]
    pub request: ExchangeRequest,
}

/// What comes back.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ReturnFile {
    /// The hash of the courier file that it answers.
    #[n(0)]
    pub courier: Hash,
    /// One for each of its parts, in their order.
    #[n(1)]
    pub parts: Vec<ReturnPart>,
}

/// What one lease is answered.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ReturnPart {
    /// Whose work was sent.
    #[n(0)]
    pub lease: ActorPrefix,
    /// The hash of the part that is answered.
    #[n(1)]
    pub part: Hash,
    /// A [`Reply`], sealed to the key that the part named.
    #[n(2)]
    pub reply: Raw,
}

/// What the hub says of one part. Only the device reads it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Reply {
    /// The number of the file.
    #[n(0)]
    pub number: u64,
    /// Numbers of the series that have not arrived, as first and last of each run.
    #[n(1)]
    pub missing: Vec<(u64, u64)>,
    /// The answer's frame, as it would have come over the network.
    #[n(2)]
    pub answer: Raw,
}

/// Why a file is refused. It is refused whole; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CourierError {
    /// The file itself.
    #[error(transparent)]
    Carried(#[from] CarriedError),
    /// More than a device writes.
    #[error("the file holds {found} {what}, at most {max} are accepted")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        found: usize,
        /// How many are accepted.
        max: usize,
    },
    /// A parcel that others than the hub can read.
    #[error("the file holds a parcel that is not sealed; work travels by courier only sealed: export it again")]
    Plain,
    /// For another hub.
    #[error("the file was made for another hub: hand it to that one")]
    Hub,
    /// The ask does not open at its place.
    #[error("part {0} of the file does not belong to the others: bring each file as its device made it")]
    Ask(usize),
    /// Opened, but it is not what a device writes.
    #[error("part {0} of the file cannot be read: {1}")]
    Inside(usize, String),
}

impl CourierError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Carried(error) => error.code(),
            Self::TooMany { .. } => "courier-too-many",
            Self::Plain => "courier-plain",
            Self::Hub => "courier-hub",
            Self::Ask(_) => "courier-recombined",
            Self::Inside(..) => "courier-inside",
        }
    }
}

fn at_most(what: &'static str, found: usize, max: usize) -> Result<(), CourierError> {
    if found > max { Err(CourierError::TooMany { what, found, max }) } else { Ok(()) }
}

impl CourierFile {
    /// Where the part at this index stands.
    #[must_use]
    pub fn place(&self, index: usize) -> Place {
        let number = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        Place { file: self.id, index: number(index), of: number(self.parts.len()) }
    }

    /// The file's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        to_file(Message::Courier, self)
    }

    /// Reads a file, and says its hash.
    ///
    /// # Errors
    /// [`CourierError`]; asks are opened with [`CourierPart::open`].
    pub fn from_bytes(bytes: &[u8]) -> Result<(Self, Hash), CourierError> {
        let (file, hash): (Self, Hash) = from_file(Message::Courier, bytes)?;
        at_most("parts", file.parts.len(), COURIER_PARTS_MAX)?;
        at_most("parcels", file.parts.iter().map(|part| part.parcels.len()).sum(), COURIER_PARCELS_MAX)?;
        let mut parcels = file.parts.iter().flat_map(|part| &part.parcels);
        if parcels.any(|parcel| !matches!(parcel.contents, Contents::Sealed(_))) {
            return Err(CourierError::Plain);
        }
        Ok((file, hash))
    }
}

impl CourierPart {
    /// Puts an ask beside its parcels. `draw`: 32 fresh random bytes, used for nothing else.
    ///
    /// # Errors
    /// [`CryptoError::Key`] when the hub's key is none.
    pub fn seal(
        place: &Place,
        lease: ActorPrefix,
        parcels: Vec<Parcel>,
        ask: &Ask,
        hub: &SealingPublic,
        draw: [u8; 32],
    ) -> Result<Self, CryptoError> {
        let ask = Raw(hub.seal(&to_cbor(ask), &asked_at(place, lease, &parcels), draw)?);
        Ok(Self { lease, parcels, ask })
    }

    /// Opens the ask of a part that stands here.
    ///
    /// # Errors
    /// [`CourierError::Ask`] when it was made for another place, file or other parcels; [`CourierError::Inside`].
    pub fn open(&self, place: &Place, hub: &SealingKey) -> Result<Ask, CourierError> {
        let index = usize::from(place.index);
        let at = asked_at(place, self.lease, &self.parcels);
        let bytes = hub.open(self.ask.as_ref(), &at).map_err(|_| CourierError::Ask(index))?;
        let ask: Ask = from_cbor(&bytes).map_err(|error| CourierError::Inside(index, error.to_string()))?;
        let fits = ask.request.lease == self.lease && ask.request.parcels.is_empty() && ask.number > 0;
        if fits { Ok(ask) } else { Err(CourierError::Inside(index, "it asks for something else".to_owned())) }
    }

    /// The identity of this part.
    #[must_use]
    pub fn hash(&self) -> Hash {
        hash(Purpose::Courier, &[b"part", &to_cbor(self)])
    }
}

/// What an ask is sealed for.
fn asked_at(place: &Place, lease: ActorPrefix, parcels: &[Parcel]) -> Hash {
    let parcels = hash(Purpose::Courier, &[b"parcels", &to_cbor(&parcels)]);
    let (index, of) = (place.index.to_be_bytes(), place.of.to_be_bytes());
    hash(Purpose::Courier, &[b"ask", place.file.as_bytes(), &index, &of, lease.as_bytes(), parcels.as_bytes()])
}

impl ReturnFile {
    /// The file's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        to_file(Message::Return, self)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`CourierError`]; replies are opened with [`ReturnFile::open`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CourierError> {
        let (file, _): (Self, Hash) = from_file(Message::Return, bytes)?;
        at_most("parts", file.parts.len(), COURIER_PARTS_MAX)?;
        Ok(file)
    }

    /// Opens the reply at this index with the device's key.
    ///
    /// # Errors
    /// [`CourierError::Ask`] when it was made for another key, part or file; [`CourierError::Inside`].
    pub fn open(&self, index: usize, key: &SealingKey) -> Result<Reply, CourierError> {
        let part = self.parts.get(index).ok_or(CourierError::Ask(index))?;
        let at = replied_at(&self.courier, index, self.parts.len(), part.lease, &part.part);
        let bytes = key.open(part.reply.as_ref(), &at).map_err(|_| CourierError::Ask(index))?;
        let reply: Reply =
            from_cbor(&bytes).map_err(|error: CodecError| CourierError::Inside(index, error.to_string()))?;
        at_most("missing numbers", reply.missing.len(), COURIER_MISSING_MAX)?;
        Ok(reply)
    }
}

impl ReturnPart {
    /// Seals a reply to the part at this index. `courier`: the hash of the file that it came in, which has `of` parts.
    /// `draw`: 32 fresh random bytes, used for nothing else.
    ///
    /// # Errors
    /// [`CryptoError::Key`] when the device named no key.
    pub fn seal(
        (courier, index, of): (&Hash, usize, usize),
        part: &CourierPart,
        reply: &Reply,
        reply_to: &SealingPublic,
        draw: [u8; 32],
    ) -> Result<Self, CryptoError> {
        let (lease, part) = (part.lease, part.hash());
        let at = replied_at(courier, index, of, lease, &part);
        Ok(Self { lease, part, reply: Raw(reply_to.seal(&to_cbor(reply), &at, draw)?) })
    }
}

/// What a reply is sealed for.
fn replied_at(courier: &Hash, index: usize, of: usize, lease: ActorPrefix, part: &Hash) -> Hash {
    let number = |count: usize| u16::try_from(count).unwrap_or(u16::MAX).to_be_bytes();
    let (index, of) = (number(index), number(of));
    hash(Purpose::Courier, &[b"reply", courier.as_bytes(), &index, &of, lease.as_bytes(), part.as_bytes()])
}
