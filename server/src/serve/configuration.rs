//! The first configuration of a new hub.

use sync_protocol::wire::codec::Raw;

use crate::store::keyring::Keyring;

/// Version and bytes of the configuration that a new log begins with.
#[must_use]
pub fn first(_keyring: &Keyring) -> (u32, Raw) {
    (1, Raw(vec![0x80]))
}
