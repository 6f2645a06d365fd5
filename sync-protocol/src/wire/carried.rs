//! The form of a file that people carry: it says in words what it is, shows whether it is whole, and little of its size.
//!
//! Two lines for people (French, English), always the same bytes; the length of the frame that follows (four bytes,
//! big-endian); the frame (see [`super::codec`]); zeros up to a multiple of [`CARRIED_STEP_BYTES`]; then the SHA-256 over
//! everything before. Refuses: anything cut, doubled, changed or hidden in the zeros. What the frame holds is in
//! [`super::courier`].

use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::codec::{CodecError, Message, frame, read};
use crate::ids::Hash;
use crate::limits::{CARRIED_BYTES_MAX, CARRIED_STEP_BYTES};

/// What stands at the start of a file that goes to the hub.
pub const COURIER_HEAD: &str = "SEGIN. Travail scellé : seul le serveur peut le lire. Remettez ce fichier au responsable du serveur.\n\
SEGIN. Sealed work that only the hub can read. Hand this file to whoever looks after the hub.\n";
/// What stands at the start of a file that comes back.
pub const RETURN_HEAD: &str = "SEGIN. Réponse scellée du serveur. Rapportez ce fichier à l'appareil dont l'envoi est venu.\n\
SEGIN. The hub's sealed answer. Take this file back to the device that the work came from.\n";

/// Bytes of the frame's length.
const LENGTH_BYTES: usize = 4;
/// Bytes of the hash at the end.
const HASH_BYTES: usize = Hash::LEN;

/// Why bytes are not a file of this form. Nothing of it may be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CarriedError {
    /// It begins otherwise.
    #[error("this is not the file that is wanted here: it does not begin with the words of {0}")]
    Head(&'static str),
    /// Longer than any file of ours.
    #[error("the file is longer than {CARRIED_BYTES_MAX} bytes: it is none of ours")]
    TooLong,
    /// Cut, doubled or changed on its way.
    #[error("the file was cut or changed on its way: copy it again from where it was made")]
    Damaged,
    /// Whole, but what stands in it is not of this form.
    #[error("the file cannot be read: {0}")]
    Codec(#[from] CodecError),
}

impl CarriedError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Head(_) => "courier-head",
            Self::TooLong => "courier-too-long",
            Self::Damaged => "courier-damaged",
            Self::Codec(error) => error.code(),
        }
    }
}

fn head(kind: Message) -> (&'static [u8], &'static str) {
    match kind {
        Message::Return => (RETURN_HEAD.as_bytes(), "a return file"),
        _ => (COURIER_HEAD.as_bytes(), "a courier file"),
    }
}

/// A message as the file that carries it.
#[must_use]
pub fn to_file<T: Encode<()>>(kind: Message, message: &T) -> Vec<u8> {
    let frame = frame(kind, message);
    let length = u32::try_from(frame.len()).expect("a message is bounded far below 4 GiB");
    let mut file = [head(kind).0, &length.to_be_bytes(), &frame].concat();
    file.resize(file.len().next_multiple_of(CARRIED_STEP_BYTES), 0);
    let hash = hash_of(&file);
    file.extend_from_slice(hash.as_bytes());
    file
}

/// The message that a file carries, and the file's own hash.
///
/// # Errors
/// [`CarriedError`].
pub fn from_file<T: for<'b> Decode<'b, ()>>(kind: Message, file: &[u8]) -> Result<(T, Hash), CarriedError> {
    let (head, name) = head(kind);
    if !file.starts_with(head) {
        return Err(CarriedError::Head(name));
    }
    if file.len() > CARRIED_BYTES_MAX {
        return Err(CarriedError::TooLong);
    }
    let (before, hash) = file.split_last_chunk::<HASH_BYTES>().ok_or(CarriedError::Damaged)?;
    let hash = Hash::new(*hash);
    if before.len() % CARRIED_STEP_BYTES != 0 || hash_of(before) != hash {
        return Err(CarriedError::Damaged);
    }
    let rest = before.get(head.len()..).ok_or(CarriedError::Damaged)?;
    let (length, rest) = rest.split_first_chunk::<LENGTH_BYTES>().ok_or(CarriedError::Damaged)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    let (frame, zeros) = rest.split_at_checked(length).ok_or(CarriedError::Damaged)?;
    if zeros.len() >= CARRIED_STEP_BYTES || zeros.iter().any(|byte| *byte != 0) {
        return Err(CarriedError::Damaged);
    }
    Ok((read(kind, frame)?, hash))
}

fn hash_of(bytes: &[u8]) -> Hash {
    Hash::new(Sha256::digest(bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::codec::Raw;

    fn file(bytes: usize) -> Vec<u8> {
        // Bytes that do not deflate, so that lengths are those of the contents.
        let mut noise = Hash::new([7; 32]);
        let mut contents = Vec::new();
        while contents.len() < bytes {
            noise = hash_of(noise.as_bytes());
            contents.extend_from_slice(noise.as_bytes());
        }
        contents.truncate(bytes);
        to_file(Message::Courier, &Raw(contents))
    }

    fn opened(file: &[u8]) -> Result<usize, CarriedError> {
        from_file::<Raw>(Message::Courier, file).map(|(raw, _)| raw.0.len())
    }

    #[test]
    fn a_file_reads_back_and_its_size_grows_in_steps() {
        for bytes in [0, 1, 3_000, 4_000, 100_000] {
            let file = file(bytes);
            assert_eq!(file.len() % CARRIED_STEP_BYTES, HASH_BYTES);
            assert_eq!(opened(&file), Ok(bytes));
            assert_eq!(from_file::<Raw>(Message::Courier, &file).unwrap().1.as_bytes(), &file[file.len() - 32..]);
        }
        assert_eq!(file(1).len(), file(3_000).len());
    }

    #[test]
    fn cut_doubled_changed_or_another_file_is_refused() {
        let file = file(5_000);
        for end in (0..file.len()).step_by(64) {
            assert!(opened(&file[..end]).is_err(), "{end} bytes");
        }
        assert_eq!(opened(&[&file[..], &file].concat()), Err(CarriedError::Damaged));
        for at in (0..file.len()).step_by(17) {
            let mut changed = file.clone();
            changed[at] ^= 1;
            assert!(opened(&changed).is_err(), "byte {at}");
        }
        assert!(matches!(from_file::<Raw>(Message::Return, &file), Err(CarriedError::Head(_))));
        assert!(matches!(opened(b"anything"), Err(CarriedError::Head(_))));
        let mut long = COURIER_HEAD.as_bytes().to_vec();
        long.resize(CARRIED_BYTES_MAX + 1, 0);
        assert_eq!(opened(&long), Err(CarriedError::TooLong));
    }

    #[test]
    fn what_nobody_writes_is_refused_although_its_hash_fits() {
        let sealed = |mut before: Vec<u8>| {
            let hash = hash_of(&before);
            before.extend_from_slice(hash.as_bytes());
            before
        };
        let whole = file(100);
        let before = whole[..whole.len() - 32].to_vec();
        let hidden = [&before[..before.len() - 1], &[1]].concat();
        let longer = [&before[..], &[0; CARRIED_STEP_BYTES]].concat();
        let mut beyond = before.clone();
        beyond[COURIER_HEAD.len()..][..4].copy_from_slice(&u32::MAX.to_be_bytes());
        for wrong in [hidden, longer, beyond, before[..before.len() - 1].to_vec()] {
            assert_eq!(opened(&sealed(wrong)), Err(CarriedError::Damaged));
        }
        let mut other = before;
        other[COURIER_HEAD.len() + LENGTH_BYTES] = b'X';
        assert!(matches!(opened(&sealed(other)), Err(CarriedError::Codec(_))));
    }
}
