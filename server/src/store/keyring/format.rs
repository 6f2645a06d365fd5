//! The byte form of the keyring's file: magic 8 · version 4 · checksum 4 · sealed body. Numbers are big-endian.
//!
//! The checksum (CRC-32 over all other bytes) tells damage from a wrong master key. The body is CBOR, sealed under the
//! master key and bound to magic and version.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use sync_protocol::crypto::SecretKey;
use sync_protocol::sealing::SealingKey;
use zeroize::Zeroizing;

use super::{KeyOwner, Keyring, KeyringError, MasterKey, WrappedKey};
use crate::random::Random;
use crate::store::seal::{self, Key};

/// The form that this version writes.
pub(super) const VERSION: u32 = 1;

const MAGIC: &[u8; 8] = b"SEGINKEY";
const HEADER_BYTES: usize = 12;

/// What the file holds, opened.
pub(super) struct Opened {
    pub(super) log_key: Key,
    pub(super) hub_key: SecretKey,
    pub(super) sealing_key: Option<SealingKey>,
    pub(super) generation: u32,
    pub(super) generation_key: Key,
    pub(super) keys: BTreeMap<KeyOwner, WrappedKey>,
}

#[derive(Encode, Decode)]
struct Body {
    #[cbor(n(0), with = "key_bytes")]
    log_key: Key,
    #[cbor(n(1), with = "key_bytes")]
    hub_key: Key,
    /// Missing in files that were written before anything was sealed to the hub.
    #[cbor(n(2), with = "optional_key_bytes", has_nil)]
    sealing_key: Option<Key>,
    #[n(3)]
    generation: u32,
    #[cbor(n(4), with = "key_bytes")]
    generation_key: Key,
    #[n(5)]
    keys: Vec<(KeyOwner, WrappedKey)>,
}

/// The file's bytes.
pub(super) fn to_bytes(keyring: &Keyring, random: &mut dyn Random) -> Vec<u8> {
    let body = Body {
        log_key: keyring.log_key.clone(),
        hub_key: Key::new(*keyring.hub_key.to_bytes()),
        sealing_key: keyring.sealing_key.as_ref().map(|key| Key::new(*key.to_bytes())),
        generation: keyring.generation,
        generation_key: keyring.generation_key.clone(),
        keys: keyring.keys.iter().map(|(&owner, &wrapped)| (owner, wrapped)).collect(),
    };
    let body = Zeroizing::new(minicbor::to_vec(&body).expect("writing to memory cannot fail"));
    let header = header(VERSION);
    let sealed = seal::seal(keyring.master.key(), random, &header, &body);
    let mut bytes = header.to_vec();
    bytes.extend_from_slice(&checksum(&header, &sealed).to_be_bytes());
    bytes.extend_from_slice(&sealed);
    bytes
}

/// Reads the file's bytes.
pub(super) fn from_bytes(bytes: &[u8], master: &MasterKey) -> Result<Opened, KeyringError> {
    let damaged = |what| KeyringError::Damaged { what };
    let (header, rest) = bytes.split_first_chunk::<HEADER_BYTES>().ok_or(damaged("the file is cut"))?;
    let (magic, version) = header.split_first_chunk::<8>().ok_or(damaged("the file is cut"))?;
    if magic != MAGIC {
        return Err(damaged("this is no keyring"));
    }
    // Before the checksum, which a later version may keep elsewhere.
    let found = version.try_into().map_or(0, u32::from_be_bytes);
    if found > VERSION {
        return Err(KeyringError::NewerVersion { found, known: VERSION });
    }
    let (sum, sealed) = rest.split_first_chunk::<4>().ok_or(damaged("the file is cut"))?;
    if checksum(header, sealed).to_be_bytes() != *sum {
        return Err(damaged("its checksum does not fit"));
    }
    let body = seal::open(master.key(), header, sealed).map_err(|_| KeyringError::WrongMasterKey)?;
    let body = Zeroizing::new(body);
    let body: Body = minicbor::decode(&body).map_err(|_| damaged("what it holds is not a keyring's"))?;
    let hub_key = SecretKey::from_bytes(body.hub_key.as_bytes()).map_err(|_| damaged("the hub's key is none"))?;
    let sealing_key = body.sealing_key.map(|key| SealingKey::from_bytes(key.as_bytes())).transpose();
    let sealing_key = sealing_key.map_err(|_| damaged("the key that work is sealed to is none"))?;
    Ok(Opened {
        log_key: body.log_key,
        hub_key,
        sealing_key,
        generation: body.generation,
        generation_key: body.generation_key,
        keys: body.keys.into_iter().collect(),
    })
}

fn header(version: u32) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[..8].copy_from_slice(MAGIC);
    header[8..].copy_from_slice(&version.to_be_bytes());
    header
}

fn checksum(header: &[u8], sealed: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(header);
    hasher.update(sealed);
    hasher.finalize()
}

/// A key as a CBOR byte string, here only: no key has a byte form outside a sealed body.
mod key_bytes {
    use minicbor::decode::Error as DecodeError;
    use minicbor::encode::{Error as EncodeError, Write};
    use minicbor::{Decoder, Encoder};

    use super::Key;

    pub(super) fn encode<C, W: Write>(key: &Key, e: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        e.bytes(key.as_bytes())?.ok()
    }

    pub(super) fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<Key, DecodeError> {
        d.bytes()?.try_into().map(Key::new).map_err(|_| DecodeError::message("a key has 32 bytes"))
    }
}

/// The same where a file may lack it.
mod optional_key_bytes {
    use minicbor::decode::Error as DecodeError;
    use minicbor::encode::{Error as EncodeError, Write};
    use minicbor::{Decoder, Encoder};

    use super::{Key, key_bytes};

    pub(super) fn encode<C, W: Write>(
        key: &Option<Key>,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        match key {
            Some(key) => key_bytes::encode(key, e, ctx),
            None => e.null()?.ok(),
        }
    }

    pub(super) fn decode<C>(d: &mut Decoder<'_>, ctx: &mut C) -> Result<Option<Key>, DecodeError> {
        if d.datatype()? == minicbor::data::Type::Null {
            d.null()?;
            return Ok(None);
        }
        key_bytes::decode(d, ctx).map(Some)
    }

    #[allow(clippy::option_option, reason = "the codec's words: what stands for a field that is not there")]
    pub(super) const fn nil() -> Option<Option<Key>> {
        Some(None)
    }

    pub(super) const fn is_nil(key: &Option<Key>) -> bool {
        key.is_none()
    }
}
