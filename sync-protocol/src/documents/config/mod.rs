//! The configuration: sites, code lists, places and constants, in one versioned blob that the hub signs.
//!
//! Not a document: it is replaced as a whole by a newer version. Devices take it only with the hub's signature. A code that it does
//! not list is still kept where it was written. The default for Mali stands in [`mali_2024`].

pub mod mali_2024;

use std::collections::BTreeMap;

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use serde::Serialize;
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::constant::constants;
use super::{Kind, PlaceCode};
use crate::crypto::{CryptoError, PublicKey, Purpose, SecretKey, Signature};
use crate::ids::SiteCode;
use crate::limits::CONFIGURATION_BYTES_MAX;

/// What every installation of one register shares.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
pub struct Configuration {
    /// Rises with every change; a device keeps the highest it has verified.
    #[n(0)]
    pub version: u64,
    /// The sites.
    #[n(1)]
    pub sites: Vec<Site>,
    /// Code lists by name, e.g. `countries`; the schema says which field uses which.
    #[n(2)]
    pub lists: BTreeMap<String, Vec<Item>>,
    /// Places.
    #[n(3)]
    pub places: Vec<Place>,
    /// The constants of each kind's number, the oldest schema version first.
    #[n(4)]
    #[serde(skip)]
    pub constants: BTreeMap<u8, Vec<ByteVec>>,
}

/// One site.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
pub struct Site {
    /// Stands on cards.
    #[n(0)]
    pub code: SiteCode,
    /// Its name.
    #[n(1)]
    pub name: String,
}

/// One code of a list.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
pub struct Item {
    /// What stands in documents.
    #[n(0)]
    pub code: String,
    /// In French.
    #[n(1)]
    pub fr: String,
    /// In English.
    #[n(2)]
    pub en: String,
    /// Other spellings that clerks use.
    #[n(3)]
    pub also: Vec<String>,
}

/// One place.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
pub struct Place {
    /// E.g. `ML0103`. The place above it is the code without its last two digits.
    #[n(0)]
    pub code: String,
    /// Whose list.
    #[n(1)]
    pub scheme: String,
    /// Its year.
    #[n(2)]
    pub vintage: u16,
    /// Its name.
    #[n(3)]
    pub name: String,
}

/// A configuration as it travels: the bytes that were signed, and the hub's signature.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedConfiguration {
    /// The encoded [`Configuration`].
    #[cbor(n(0), with = "minicbor::bytes")]
    pub body: Vec<u8>,
    /// Over the body, for [`Purpose::Configuration`].
    #[n(1)]
    pub signature: Signature,
}

/// Why a configuration is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConfigurationError {
    /// Too long.
    #[error("the configuration has more than {CONFIGURATION_BYTES_MAX} bytes")]
    TooLarge,
    /// Not signed by this hub.
    #[error("the configuration is not signed by this hub: {0}")]
    Signature(#[from] CryptoError),
    /// Signed, but not readable.
    #[error("the configuration cannot be read: it may come from a newer hub; update this program")]
    Form,
    /// Its constants are not those of this program.
    #[error("the configuration's constants for {0} are not those of this program: they never change")]
    Constants(Kind),
}

impl Configuration {
    /// A configuration with the constants of this program.
    #[must_use]
    pub fn new(version: u64, sites: Vec<Site>, lists: BTreeMap<String, Vec<Item>>, places: Vec<Place>) -> Self {
        let of = |kind: Kind| constants(kind).iter().map(|constant| ByteVec::from(constant.bytes.clone())).collect();
        let constants = Kind::ALL.into_iter().map(|kind| (kind.code(), of(kind))).collect();
        Self { version, sites, lists, places, constants }
    }

    /// Signs it with the hub's key.
    #[must_use]
    pub fn sign(&self, hub: &SecretKey) -> SignedConfiguration {
        let body = minicbor::to_vec(self).expect("writing into memory does not fail");
        let signature = hub.sign(Purpose::Configuration, &body);
        SignedConfiguration { body, signature }
    }

    /// A site by its code.
    #[must_use]
    pub fn site(&self, code: &str) -> Option<&Site> {
        self.sites.iter().find(|site| site.code.as_str() == code)
    }

    /// The code that a clerk's word means in a list: case, accents, spaces and known other spellings do not matter.
    #[must_use]
    pub fn code_of(&self, list: &str, word: &str) -> Option<&str> {
        let wanted = folded(word);
        let matches = |text: &str| !wanted.is_empty() && folded(text) == wanted;
        let items = self.lists.get(list)?;
        let same =
            |item: &&Item| [&item.code, &item.fr, &item.en].into_iter().chain(&item.also).any(|text| matches(text));
        items.iter().find(same).map(|item| item.code.as_str())
    }

    /// One code of a list, with its names.
    #[must_use]
    pub fn item(&self, list: &str, code: &str) -> Option<&Item> {
        self.lists.get(list)?.iter().find(|item| item.code == code)
    }

    /// The places with this name, in any list and vintage: codes collide, so the caller chooses.
    pub fn places_named<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Place> + 'a {
        let wanted = folded(name);
        self.places.iter().filter(move |place| !wanted.is_empty() && folded(&place.name) == wanted)
    }

    fn check_constants(&self) -> Result<(), ConfigurationError> {
        for kind in Kind::ALL {
            let theirs = self.constants.get(&kind.code()).map(Vec::as_slice).unwrap_or_default();
            // A newer hub may know more versions, never other ones.
            let ours = constants(kind);
            let same = ours.iter().zip(theirs).all(|(our, their)| our.bytes[..] == their[..]);
            if theirs.len() < ours.len() || !same {
                return Err(ConfigurationError::Constants(kind));
            }
        }
        Ok(())
    }
}

impl Place {
    /// As it stands in documents.
    #[must_use]
    pub fn place_code(&self) -> PlaceCode {
        PlaceCode { code: self.code.clone(), scheme: self.scheme.clone(), vintage: self.vintage }
    }
}

impl SignedConfiguration {
    /// Reads the configuration, if this hub signed it.
    ///
    /// # Errors
    /// A [`ConfigurationError`].
    pub fn verify(&self, hub: &PublicKey) -> Result<Configuration, ConfigurationError> {
        if self.body.len() > CONFIGURATION_BYTES_MAX {
            return Err(ConfigurationError::TooLarge);
        }
        hub.verify(Purpose::Configuration, &self.body, &self.signature)?;
        let mut decoder = minicbor::Decoder::new(&self.body);
        let read: Configuration = decoder.decode().map_err(|_| ConfigurationError::Form)?;
        if decoder.position() != self.body.len() {
            return Err(ConfigurationError::Form);
        }
        read.check_constants()?;
        Ok(read)
    }
}

/// Letters and digits alone, small, without accents.
fn folded(text: &str) -> String {
    text.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub(byte: u8) -> SecretKey {
        SecretKey::from_bytes(&[byte; 32]).unwrap()
    }

    #[test]
    fn a_configuration_is_read_with_the_hub_s_signature_only() {
        let configuration = mali_2024::configuration();
        let signed = configuration.sign(&hub(1));
        assert_eq!(signed.verify(&hub(1).public()), Ok(configuration.clone()));
        assert!(matches!(signed.verify(&hub(2).public()), Err(ConfigurationError::Signature(_))));
        let mut changed = signed.clone();
        changed.body[5] ^= 1;
        assert!(matches!(changed.verify(&hub(1).public()), Err(ConfigurationError::Signature(_))));
        let travelled = minicbor::to_vec(&signed).unwrap();
        assert_eq!(minicbor::decode::<SignedConfiguration>(&travelled).unwrap(), signed);
        assert!(travelled.len() < 24 * 1024, "{} bytes", travelled.len());
    }

    #[test]
    fn a_configuration_with_other_constants_is_refused_and_with_later_ones_taken() {
        let mut other = mali_2024::configuration();
        other.constants.insert(Kind::Case.code(), vec![ByteVec::from(vec![1, 2, 3])]);
        let wrong = other.sign(&hub(1)).verify(&hub(1).public());
        assert_eq!(wrong, Err(ConfigurationError::Constants(Kind::Case)));
        let mut later = mali_2024::configuration();
        later.constants.get_mut(&1).unwrap().push(ByteVec::from(vec![1, 2, 3]));
        later.constants.insert(7, vec![]);
        assert!(later.sign(&hub(1)).verify(&hub(1).public()).is_ok());
    }

    #[test]
    fn what_is_signed_and_not_a_configuration_is_an_error() {
        for body in [
            vec![],
            vec![0x80],
            vec![0xff; 40],
            [minicbor::to_vec(mali_2024::configuration()).unwrap(), vec![0]].concat(),
        ] {
            let signature = hub(1).sign(Purpose::Configuration, &body);
            let signed = SignedConfiguration { body, signature };
            assert_eq!(signed.verify(&hub(1).public()), Err(ConfigurationError::Form));
        }
    }

    #[test]
    fn clerks_words_find_their_codes() {
        let mali = mali_2024::configuration();
        for (list, word, code) in [
            ("countries", "Côte d'Ivoire", "CIV"),
            ("countries", "COTE DIVOIRE ", "CIV"),
            ("countries", "Algeria", "DZA"),
            ("countries", "dza", "DZA"),
            ("entry_points", "Heremakono", "heremakono"),
            ("entry_points", "Kidira-Diboli", "diboli"),
            ("entry_points", "Bamako-Sénou", "bamako_senou"),
            ("document_types", "NINA", "nina"),
            ("document_types", "passeport", "passport"),
        ] {
            assert_eq!(mali.code_of(list, word), Some(code), "{word}");
        }
        assert_eq!(mali.code_of("countries", ""), None);
        assert_eq!(mali.code_of("countries", "Atlantide"), None);
        let segou: Vec<_> = mali.places_named("SEGOU").map(|place| place.code.as_str()).collect();
        assert_eq!(segou, ["ML04", "ML0406"]);
    }

    #[test]
    fn every_list_that_the_schema_names_is_there_and_holds_codes() {
        use super::super::schema::{Rule, Shape, groups};
        let mali = mali_2024::configuration();
        for group in Kind::ALL.into_iter().flat_map(groups) {
            let members = if let Rule::Set { member, value } = group.rule { vec![member, value] } else { vec![] };
            for shape in group.fields.iter().map(|field| field.shape).chain(members) {
                if let Shape::Code(list) = shape {
                    let items = mali.lists.get(list).unwrap_or_else(|| panic!("list {list} is missing"));
                    assert!(items.iter().all(|item| shape.encode(&item.code.as_str().into()).is_some()), "{list}");
                }
            }
        }
        assert!(mali.places.iter().all(|place| Shape::Place.encode(&place.place_code().into()).is_some()));
    }
}
