//! Digests: what a channel holds, in sixteen bytes, whatever its size.
//!
//! The sum modulo 2^128 of one number for each applied change of each document. Addition commutes, so both sides
//! keep it incrementally and in any order. It finds differences between honest parties; it proves nothing against a
//! liar. Constants and annexes do not count. Used by the hub's store and by the device; repair goes on from a
//! difference (`exchange`).

use std::fmt;

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use crate::crypto::{Purpose, hash};
use crate::ids::{ChangeHash, DocumentId};

/// A sum modulo 2^128; the empty sum is zero. Sixteen bytes, big endian, on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Digest(u128);

impl Digest {
    /// Of nothing.
    pub const EMPTY: Digest = Digest(0);

    /// Of one change of one document: the first 16 bytes of a hash over both.
    #[must_use]
    pub fn of_change(document: DocumentId, change: ChangeHash) -> Self {
        let full = hash(Purpose::Digest, &[document.as_bytes(), change.as_bytes()]);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&full.as_bytes()[..16]);
        Self(u128::from_be_bytes(bytes))
    }

    /// Both sums together.
    #[must_use]
    pub fn plus(self, other: Digest) -> Digest {
        Digest(self.0.wrapping_add(other.0))
    }

    /// This sum without the other, which it must contain.
    #[must_use]
    pub fn minus(self, other: Digest) -> Digest {
        Digest(self.0.wrapping_sub(other.0))
    }

    /// From its sixteen bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }

    /// Its sixteen bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl<C> Encode<C> for Digest {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.bytes(&self.to_bytes())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Digest {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, decode::Error> {
        let array: ByteArray<16> = Decode::decode(d, ctx)?;
        Ok(Self::from_bytes(array.into()))
    }
}

impl serde::Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_does_not_know_the_order_and_can_be_taken_apart() {
        let document = DocumentId::new([1; 16]);
        let a = Digest::of_change(document, ChangeHash::new([2; 32]));
        let b = Digest::of_change(document, ChangeHash::new([3; 32]));
        assert_eq!(a.plus(b), b.plus(a));
        assert_eq!(a.plus(b).minus(a), b);
        assert_ne!(a, Digest::of_change(DocumentId::new([9; 16]), ChangeHash::new([2; 32])));
    }
}
