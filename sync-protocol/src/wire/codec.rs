//! The codec: how a message becomes bytes and back.
//!
//! A frame is `"SG"`, a version, a kind with a compression bit, and the body in CBOR (RFC 8949), compressed with raw
//! DEFLATE (RFC 1951) when that is shorter: one stream for each message, inflated only after the header was read and
//! never beyond the announced length. Refuses: other versions and kinds, trailing bytes, lengths beyond
//! [`MESSAGE_BYTES_MAX`], more than [`MESSAGE_ITEMS_MAX`] data items, items of indefinite length. What is signed is
//! signed as the bytes that travel ([`Raw`]), so no canonical form is needed.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use thiserror::Error;

use crate::limits::{MESSAGE_BYTES_MAX, MESSAGE_ITEMS_MAX};

/// The version of the protocol that this crate speaks.
pub const VERSION: u8 = 1;

const MAGIC: &[u8; 2] = b"SG";
const COMPRESSED: u8 = 0x80;
const HEADER_BYTES: usize = 4;
/// Below this many bytes DEFLATE seldom gains anything.
const COMPRESS_FROM_BYTES: usize = 128;

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// A device's request of an exchange.
    ExchangeRequest = 1,
    /// The hub's answer.
    Answer = 2,
    /// A device asks to be enrolled.
    EnrolRequest = 3,
    /// The hub enrols it.
    EnrolAnswer = 4,
    /// Work that is carried to the hub in a file, see [`super::courier`].
    Courier = 5,
    /// What is carried back.
    Return = 6,
}

/// Why bytes are not a message.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CodecError {
    /// Too short for a header, or not ours.
    #[error("the message does not begin with a Segin frame header")]
    Header,
    /// A version this side does not speak.
    #[error("the message is of protocol version {0}; this side speaks version 1")]
    Version(u8),
    /// Another kind of message than the one that belongs here.
    #[error("the message is of kind {found}, expected {expected}")]
    Kind {
        /// As found.
        found: u8,
        /// As it should be.
        expected: u8,
    },
    /// Longer than allowed, or longer than it announced.
    #[error("the message is longer than {max} bytes")]
    TooLong {
        /// Bytes allowed.
        max: usize,
    },
    /// The compressed stream is damaged, cut or followed by other bytes.
    #[error("the compressed part of the message is damaged")]
    Compression,
    /// So many small things that they would take many times the message's size in memory.
    #[error("the message holds more than {max} data items")]
    TooMany {
        /// Items allowed.
        max: usize,
    },
    /// Not the CBOR that belongs here.
    #[error("the message does not have the expected fields: {0}")]
    Body(String),
}

impl CodecError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Header => "codec-header",
            Self::Version(_) => "codec-version",
            Self::Kind { .. } => "codec-kind",
            Self::TooLong { .. } => "codec-too-long",
            Self::Compression => "codec-compression",
            Self::TooMany { .. } => "codec-too-many",
            Self::Body(_) => "codec-body",
        }
    }
}

/// Encodes into CBOR.
#[must_use]
pub fn to_cbor<T: Encode<()>>(value: &T) -> Vec<u8> {
    minicbor::to_vec(value).expect("writing CBOR into memory cannot fail")
}

/// Decodes from CBOR that must end where the value ends.
///
/// # Errors
/// [`CodecError::Body`] when it is something else, or more; [`CodecError::TooMany`].
pub fn from_cbor<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, CodecError> {
    survey(bytes)?;
    let mut decoder = Decoder::new(bytes);
    let value = decoder.decode().map_err(|error| CodecError::Body(error.to_string()))?;
    if decoder.position() == bytes.len() {
        Ok(value)
    } else {
        Err(CodecError::Body(format!("{} bytes follow the value", bytes.len() - decoder.position())))
    }
}

/// Walks over the data items of one CBOR value before anything is made of them: an empty string is one byte on the wire
/// and two dozen in memory, so the length of a message does not bound what reading it takes; the number of its items
/// does.
fn survey(bytes: &[u8]) -> Result<(), CodecError> {
    let wrong = |what: &str| CodecError::Body(what.to_owned());
    let mut rest = bytes;
    let mut expected = 1_u64;
    let mut items = 0;
    while expected > 0 {
        items += 1;
        if items > MESSAGE_ITEMS_MAX {
            return Err(CodecError::TooMany { max: MESSAGE_ITEMS_MAX });
        }
        let (head, after) = rest.split_first().ok_or_else(|| wrong("it ends early"))?;
        rest = after;
        let argument = match head & 31 {
            small @ 0..=23 => u64::from(small),
            wide @ 24..=27 => {
                let (field, after) = rest.split_at_checked(1 << (wide - 24)).ok_or_else(|| wrong("it ends early"))?;
                rest = after;
                field.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
            }
            _ => return Err(wrong("an item without a definite length")),
        };
        let inside = match head >> 5 {
            2 | 3 => {
                let length = usize::try_from(argument).ok();
                let (_, after) =
                    length.and_then(|length| rest.split_at_checked(length)).ok_or_else(|| wrong("it ends early"))?;
                rest = after;
                0
            }
            4 => argument,
            5 => argument.saturating_mul(2),
            6 => 1,
            _ => 0,
        };
        expected = (expected - 1).saturating_add(inside);
        if expected > rest.len() as u64 {
            return Err(wrong("it ends early"));
        }
    }
    Ok(())
}

/// A whole frame of a message.
#[must_use]
pub fn frame<T: Encode<()>>(kind: Message, message: &T) -> Vec<u8> {
    let body = to_cbor(message);
    let mut out = vec![MAGIC[0], MAGIC[1], VERSION, kind as u8];
    if body.len() >= COMPRESS_FROM_BYTES {
        let length = u32::try_from(body.len()).expect("a message is bounded far below 4 GiB");
        let mut header = out.clone();
        header[3] |= COMPRESSED;
        header.extend_from_slice(&length.to_be_bytes());
        let compressed = deflate(header, &body);
        if compressed.len() < HEADER_BYTES + body.len() {
            return compressed;
        }
    }
    out.extend_from_slice(&body);
    out
}

/// The body's bytes of a frame of the wanted kind, inflated.
///
/// # Errors
/// Every [`CodecError`] but [`CodecError::Body`].
pub fn unframe(kind: Message, bytes: &[u8]) -> Result<Vec<u8>, CodecError> {
    let (header, rest) = bytes.split_first_chunk::<HEADER_BYTES>().ok_or(CodecError::Header)?;
    if &header[..2] != MAGIC {
        return Err(CodecError::Header);
    }
    if header[2] != VERSION {
        return Err(CodecError::Version(header[2]));
    }
    let found = header[3] & !COMPRESSED;
    if found != kind as u8 {
        return Err(CodecError::Kind { found, expected: kind as u8 });
    }
    if header[3] & COMPRESSED == 0 {
        return if rest.len() > MESSAGE_BYTES_MAX {
            Err(CodecError::TooLong { max: MESSAGE_BYTES_MAX })
        } else {
            Ok(rest.to_vec())
        };
    }
    let (length, stream) = rest.split_first_chunk::<4>().ok_or(CodecError::Compression)?;
    inflate(stream, u32::from_be_bytes(*length) as usize)
}

/// Reads a message of the wanted kind.
///
/// # Errors
/// Every [`CodecError`].
pub fn read<T: for<'b> Decode<'b, ()>>(kind: Message, bytes: &[u8]) -> Result<T, CodecError> {
    from_cbor(&unframe(kind, bytes)?)
}

fn deflate(header: Vec<u8>, body: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(header, Compression::best());
    encoder.write_all(body).and_then(|()| encoder.finish()).expect("compressing into memory cannot fail")
}

fn inflate(stream: &[u8], length: usize) -> Result<Vec<u8>, CodecError> {
    if length > MESSAGE_BYTES_MAX {
        return Err(CodecError::TooLong { max: MESSAGE_BYTES_MAX });
    }
    let mut body = Vec::with_capacity(length.min(1024 * 1024));
    let mut decoder = DeflateDecoder::new(stream);
    let limit = length as u64 + 1;
    decoder.by_ref().take(limit).read_to_end(&mut body).map_err(|_| CodecError::Compression)?;
    if body.len() > length {
        return Err(CodecError::TooLong { max: length });
    }
    if body.len() != length || decoder.total_in() != stream.len() as u64 {
        return Err(CodecError::Compression);
    }
    Ok(body)
}

/// Bytes that travel as they are: signed, sealed, or opaque to the reader. A CBOR byte string.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Raw(pub Vec<u8>);

impl Raw {
    /// The CBOR of a value, to be signed or sealed as it stands.
    #[must_use]
    pub fn of<T: Encode<()>>(value: &T) -> Self {
        Self(to_cbor(value))
    }

    /// Reads the value that these bytes hold.
    ///
    /// # Errors
    /// [`CodecError::Body`].
    pub fn read<'b, T: Decode<'b, ()>>(&'b self) -> Result<T, CodecError> {
        from_cbor(&self.0)
    }
}

impl std::fmt::Debug for Raw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Contents may be personal; only their size is shown.
        write!(f, "Raw({} bytes)", self.0.len())
    }
}

impl AsRef<[u8]> for Raw {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Raw {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl<C> Encode<C> for Raw {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Raw {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        Ok(Self(d.bytes()?.to_vec()))
    }
}

/// A list that earlier versions did not write: where it is empty nothing stands for it.
pub(super) fn list_or_nothing<'b, C, T: Decode<'b, C>>(
    d: &mut Decoder<'b>,
    ctx: &mut C,
) -> Result<Vec<T>, decode::Error> {
    Ok(Option::<Vec<T>>::decode(d, ctx)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_reads_back_short_and_long() {
        for body in [vec![1u8; 3], vec![7u8; 100_000]] {
            let frame = frame(Message::Answer, &Raw(body.clone()));
            assert_eq!(read::<Raw>(Message::Answer, &frame).unwrap().0, body);
        }
    }

    #[test]
    fn what_is_not_the_wanted_frame_is_refused_with_its_reason() {
        let good = frame(Message::Answer, &Raw(vec![7; 1000]));
        assert_eq!(unframe(Message::Answer, b"SG"), Err(CodecError::Header));
        assert_eq!(unframe(Message::Answer, b"XX\x01\x02"), Err(CodecError::Header));
        assert_eq!(unframe(Message::Answer, b"SG\x02\x02"), Err(CodecError::Version(2)));
        assert_eq!(unframe(Message::ExchangeRequest, &good), Err(CodecError::Kind { found: 2, expected: 1 }));
        assert_eq!(unframe(Message::Answer, &good[..good.len() - 1]), Err(CodecError::Compression));
        let mut more = good.clone();
        more.push(0);
        assert_eq!(unframe(Message::Answer, &more), Err(CodecError::Compression));
        assert!(matches!(read::<Raw>(Message::Answer, b"SG\x01\x02\x41\x00\x00"), Err(CodecError::Body(_))));
    }

    #[test]
    fn a_list_that_would_swell_in_memory_is_refused_before_it_is_made() {
        let mut many = vec![0x9a];
        many.extend_from_slice(&4_000_000_u32.to_be_bytes());
        many.resize(5 + 4_000_000, 0x40);
        assert_eq!(from_cbor::<Vec<Raw>>(&many), Err(CodecError::TooMany { max: MESSAGE_ITEMS_MAX }));
        // Announced, but not there; without an end; nested without an end.
        for wrong in [&[0x9b, 255, 255, 255, 255, 255, 255, 255, 255, 0x40][..], &[0x9f, 0x40, 0xff], &[0x9f; 5000]] {
            assert!(matches!(from_cbor::<Vec<Raw>>(wrong), Err(CodecError::Body(_))), "{wrong:02x?}");
        }
    }

    #[test]
    fn a_bomb_is_not_inflated_beyond_what_it_announced() {
        let mut bomb = frame(Message::Answer, &Raw(vec![0; 1_000_000]));
        bomb[4..8].copy_from_slice(&1000u32.to_be_bytes());
        assert_eq!(unframe(Message::Answer, &bomb), Err(CodecError::TooLong { max: 1000 }));
        bomb[4..8].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(unframe(Message::Answer, &bomb), Err(CodecError::TooLong { max: MESSAGE_BYTES_MAX }));
    }
}
