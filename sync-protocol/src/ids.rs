//! Identifiers: newtypes over fixed-size bytes, so that a user is never passed where a document is meant.
//!
//! Owns the byte forms (CBOR byte strings) and the readable forms (UUIDs, hexadecimal). Refuses to make
//! identifiers up: random bytes come in as arguments. Keys and signatures are in [`crate::crypto`].

use std::fmt;

use data_encoding::HEXLOWER;
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use thiserror::Error;

mod names;

pub use names::{Channel, PartnerCode, SiteCode};

/// A text that is not an identifier of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("'{text}' is not a {what}: {wanted}")]
pub struct ParseIdError {
    /// What was to be read, e.g. `document id`.
    pub what: &'static str,
    /// The text as found, cut to 64 characters.
    pub text: String,
    /// What would have been right.
    pub wanted: &'static str,
}

pub(crate) fn short(text: &str) -> String {
    text.chars().take(64).collect()
}

macro_rules! byte_id {
    ($(#[$meta:meta])* $name:ident, $len:expr, $what:expr, uuid) => {
        byte_id!(@common $(#[$meta])* $name, $len);
        byte_id!(@debug $name);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                uuid::Uuid::from_bytes(self.0).hyphenated().fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                uuid::Uuid::parse_str(text).map(|id| Self(id.into_bytes())).map_err(|_| ParseIdError {
                    what: $what,
                    text: short(text),
                    wanted: "a UUID such as 0f8fad5b-d9cb-469f-a165-70867728950e",
                })
            }
        }
    };
    ($(#[$meta:meta])* $name:ident, $len:expr, $what:expr, hex) => {
        byte_id!(@debug $name);
        byte_id!($(#[$meta])* $name, $len, $what, secret);
    };
    // Whoever has it may do something: it is shown where it is asked for, and in no log.
    ($(#[$meta:meta])* $name:ident, $len:expr, $what:expr, secret) => {
        byte_id!(@common $(#[$meta])* $name, $len);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&HEXLOWER.encode(&self.0))
            }
        }

        impl std::str::FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let wrong = || ParseIdError {
                    what: $what,
                    text: short(text),
                    wanted: concat!(stringify!($len), " bytes in lower-case hexadecimal"),
                };
                let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| wrong())?;
                Ok(Self(bytes.try_into().map_err(|_| wrong())?))
            }
        }
    };
    (@debug $name:ident) => {
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
    };
    (@common $(#[$meta:meta])* $name:ident, $len:expr) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $len]);

        impl $name {
            /// How many bytes it has.
            pub const LEN: usize = $len;

            /// From its bytes, as they stand on wire and disk.
            #[must_use]
            pub const fn new(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// Its bytes, as they stand on wire and disk.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            /// From a slice; `None` when the length differs.
            #[must_use]
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
                e.bytes(&self.0)?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, decode::Error> {
                let array: ByteArray<$len> = Decode::decode(d, ctx)?;
                Ok(Self(array.into()))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

byte_id!(
    /// One Automerge document: a UUID.
    DocumentId, 16, "document id", uuid
);
byte_id!(
    /// One device's store: a UUID, drawn when the store is made.
    InstallationId, 16, "installation id", uuid
);
byte_id!(
    /// One person who works with the system: a UUID.
    UserId, 16, "user id", uuid
);
byte_id!(
    /// Which log: a restored one continues under a new id that names its parent.
    LogId, 16, "log id", uuid
);
byte_id!(
    /// The first eight bytes of every actor id that a lease may write under.
    ActorPrefix, 8, "actor prefix", hex
);
byte_id!(
    /// An Automerge actor: a lease's prefix and eight random bytes.
    Actor, 16, "actor", hex
);
byte_id!(
    /// The SHA-256 that identifies one Automerge change.
    ChangeHash, 32, "change hash", hex
);
byte_id!(
    /// A SHA-256 over something of ours: a manifest, a chain link, a commitment.
    Hash, 32, "hash", hex
);
byte_id!(
    /// The first eight bytes of a log's chain hash: by them two sides see whether they mean the same log.
    ChainTag, 8, "chain tag", hex
);
byte_id!(
    /// Random bytes that keep a commitment from being guessed.
    Salt, 16, "salt", hex
);
byte_id!(
    /// The start of a hash of a hub's key: which hub a file is for.
    HubTag, 8, "hub tag", hex
);
byte_id!(
    /// 96 random bits on a printed card; who shows them may work on that case.
    CardToken, 12, "card token", secret
);

impl fmt::Debug for CardToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardToken(…)")
    }
}

impl ChainTag {
    /// The tag of a chain hash.
    #[must_use]
    pub fn of(chain: &Hash) -> Self {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&chain.as_bytes()[..8]);
        Self(bytes)
    }
}

impl Actor {
    /// The actor of a lease's prefix and eight random bytes.
    #[must_use]
    pub fn from_parts(prefix: ActorPrefix, random: [u8; 8]) -> Self {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(prefix.as_bytes());
        bytes[8..].copy_from_slice(&random);
        Self(bytes)
    }

    /// The lease's part.
    #[must_use]
    pub fn prefix(&self) -> ActorPrefix {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.0[..8]);
        ActorPrefix(bytes)
    }
}

/// The number that the log gives an entry: 1 for the first, then without gaps.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Encode,
    Decode,
    serde::Serialize,
    serde::Deserialize,
)]
#[cbor(transparent)]
#[serde(transparent)]
pub struct Position(#[n(0)] pub u64);

impl Position {
    /// Before the first entry.
    pub const START: Position = Position(0);

    /// The position after this one.
    #[must_use]
    pub fn next(self) -> Position {
        Position(self.0.saturating_add(1))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A moment: milliseconds since 1970-01-01 UTC. May be before 1970 where a clock is wrong.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Encode,
    Decode,
    serde::Serialize,
    serde::Deserialize,
)]
#[cbor(transparent)]
#[serde(transparent)]
pub struct Millis(#[n(0)] pub i64);

impl Millis {
    /// One day in milliseconds.
    pub const DAY: i64 = 86_400_000;

    /// This moment and `ms` milliseconds.
    #[must_use]
    pub fn plus(self, ms: i64) -> Millis {
        Millis(self.0.saturating_add(ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_from_its_text_and_its_bytes() {
        let id = DocumentId::new([7; 16]);
        assert_eq!(id.to_string().parse::<DocumentId>().unwrap(), id);
        let bytes = minicbor::to_vec(id).unwrap();
        assert_eq!(bytes.len(), 17);
        assert_eq!(minicbor::decode::<DocumentId>(&bytes).unwrap(), id);
    }

    #[test]
    fn an_id_of_another_length_is_refused() {
        let bytes = minicbor::to_vec(Salt::new([1; 16])).unwrap();
        assert!(minicbor::decode::<Hash>(&bytes).is_err());
        assert!("xyz".parse::<Hash>().is_err());
    }

    #[test]
    fn an_actor_carries_its_lease() {
        let prefix = ActorPrefix::new([9; 8]);
        assert_eq!(Actor::from_parts(prefix, [1; 8]).prefix(), prefix);
    }
}
