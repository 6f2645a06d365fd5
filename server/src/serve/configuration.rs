//! The signed configuration: what a new hub begins with, and what it becomes when a site is added.
//!
//! Devices take it as it is, under the hub's signature; they get it again only when its version rises.

use sync_protocol::documents::config::{Configuration, ConfigurationError, SignedConfiguration, Site, mali_2024};
use sync_protocol::ids::SiteCode;
use sync_protocol::wire::codec::{CodecError, Raw};
use thiserror::Error;

use crate::hub::fact::Fact;
use crate::store::keyring::Keyring;

/// Why the present configuration could not be carried on.
#[derive(Debug, Error)]
pub enum CarryError {
    /// It cannot be read.
    #[error("the log's configuration cannot be read: {0}")]
    Codec(#[from] CodecError),
    /// It is not this hub's.
    #[error("the log's configuration is not to be used: {0}")]
    Signed(#[from] ConfigurationError),
}

/// Version and bytes of the configuration that a new log begins with.
#[must_use]
pub fn first(keyring: &Keyring) -> (u32, Raw) {
    signed(&mali_2024::configuration(), keyring)
}

/// The entry that lists a site for devices; `None` when it is listed already under this name.
///
/// # Errors
/// [`CarryError`] when the present configuration cannot be read.
pub fn with_site(present: &Raw, keyring: &Keyring, code: &SiteCode, name: &str) -> Result<Option<Fact>, CarryError> {
    let present: SignedConfiguration = present.read()?;
    let mut configuration = present.verify(&keyring.hub_key().public())?;
    if configuration.site(code.as_str()).is_some_and(|site| site.name == name) {
        return Ok(None);
    }
    configuration.sites.retain(|site| site.code != *code);
    configuration.sites.push(Site { code: code.clone(), name: name.to_owned() });
    configuration.version += 1;
    let (version, signed) = signed(&configuration, keyring);
    Ok(Some(Fact::Configured { version, signed }))
}

fn signed(configuration: &Configuration, keyring: &Keyring) -> (u32, Raw) {
    let version = u32::try_from(configuration.version).unwrap_or(u32::MAX);
    (version, Raw::of(&configuration.sign(keyring.hub_key())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;
    use crate::store::files::FakeDisk;
    use crate::store::keyring::MasterKey;

    #[test]
    fn a_site_that_devices_do_not_know_raises_the_version_once() {
        let random = &mut SeededRandom::new(1);
        let keyring = Keyring::create(FakeDisk::new(1).shared(), &MasterKey::from_bytes([7; 32]), random).unwrap();
        let (version, present) = first(&keyring);
        let code = SiteCode::new("XYZ").unwrap();
        let Some(Fact::Configured { version: next, signed }) = with_site(&present, &keyring, &code, "Essai").unwrap()
        else {
            panic!("nothing to write");
        };
        assert_eq!(next, version + 1);
        assert_eq!(with_site(&signed, &keyring, &code, "Essai").unwrap(), None);
        let read: SignedConfiguration = signed.read().unwrap();
        assert_eq!(read.verify(&keyring.hub_key().public()).unwrap().site("XYZ").unwrap().name, "Essai");
    }
}
