//! Vouchers: how a new device shows its key to a site lead's without a network.
//!
//! Owns the text of the QR code. That somebody vouched travels as a statement, see `manifest::Statement::Vouched`.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use thiserror::Error;

use crate::crypto::PublicKey;

/// What stands before the key in the QR code.
const SCHEME: &str = "segin:vouch?key=";

/// A text that shows no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("this is no device's key: scan the code that the new device shows, or type what stands under it")]
pub struct VoucherError;

/// The text of the QR code of a device's key.
#[must_use]
pub fn voucher(key: &PublicKey) -> String {
    format!("{SCHEME}{}", BASE64URL_NOPAD.encode(key.as_bytes()))
}

/// Reads a key as scanned or typed: the whole text, or the key alone in base64url or hexadecimal.
///
/// # Errors
/// [`VoucherError`].
pub fn read_voucher(text: &str) -> Result<PublicKey, VoucherError> {
    let text = text.trim();
    let key = text.strip_prefix(SCHEME).unwrap_or(text).as_bytes();
    let bytes = BASE64URL_NOPAD.decode(key).ok().filter(|bytes| bytes.len() == 33);
    let bytes = bytes.or_else(|| HEXLOWER_PERMISSIVE.decode(key).ok());
    let key = bytes.and_then(|bytes| bytes.try_into().ok()).map(PublicKey::new).ok_or(VoucherError)?;
    key.check().map(|()| key).map_err(|_| VoucherError)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SecretKey;

    #[test]
    fn a_key_is_read_from_its_code_and_as_typed() {
        let key = SecretKey::from_bytes(&[9; 32]).unwrap().public();
        let text = voucher(&key);
        assert_eq!(read_voucher(&text), Ok(key));
        assert_eq!(read_voucher(&format!(" {} ", &text[SCHEME.len()..])), Ok(key));
        assert_eq!(read_voucher(&data_encoding::HEXLOWER.encode(key.as_bytes())), Ok(key));
        let none = BASE64URL_NOPAD.encode(&[0; 33]);
        for wrong in ["", "segin:vouch?key=", "GOG-24-K7-0042-T", &none, &text[..text.len() - 1]] {
            assert_eq!(read_voucher(wrong), Err(VoucherError), "{wrong}");
        }
    }
}
