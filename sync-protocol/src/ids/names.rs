//! Names that are text: site codes, partner codes, channels.
//!
//! Each is checked once, when it is read; afterwards it is known to be short and plain.

use std::fmt;

use data_encoding::HEXLOWER;
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use super::{ParseIdError, UserId, short};

/// What every code that is text has in common: shown, read, encoded as its text.
macro_rules! text_code {
    ($name:ident, $what:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                Self::new(text)
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
                e.str(&self.0)?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
                Self::new(d.str()?).map_err(|_| decode::Error::message(concat!("not a ", $what)))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
                Self::new(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

text_code!(SiteCode, "site code");
text_code!(PartnerCode, "partner code");
text_code!(Channel, "channel");

/// A site's code: two to four capital letters, e.g. `GOG`. Stands on cards and names a site's channel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct SiteCode(String);

impl SiteCode {
    /// From text.
    ///
    /// # Errors
    /// When it is not two to four letters A–Z.
    pub fn new(text: &str) -> Result<Self, ParseIdError> {
        let fits = (2..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase());
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseIdError { what: "site code", text: short(text), wanted: "two to four letters A to Z such as GOG" })
        }
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A partner's code: two to eight capital letters and digits, the first a letter, e.g. `OIM`. Names its channel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct PartnerCode(String);

impl PartnerCode {
    /// From text.
    ///
    /// # Errors
    /// When it is not two to eight capitals and digits that begin with a letter.
    pub fn new(text: &str) -> Result<Self, ParseIdError> {
        let fits = (2..=8).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
            && text.starts_with(|c: char| c.is_ascii_uppercase());
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            let wanted = "two to eight capitals or digits, the first a letter, such as OIM";
            Err(ParseIdError { what: "partner code", text: short(text), wanted })
        }
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A channel: an ordered view of the log for one scope, e.g. `site/GOG`. At most 24 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct Channel(String);

impl Channel {
    /// Bytes of a channel's name: the kind of scope, a slash, a code.
    pub const BYTES_MAX: usize = 24;

    /// The channel of a site.
    #[must_use]
    pub fn site(site: &SiteCode) -> Self {
        Self(format!("site/{site}"))
    }

    /// The channel of a partner: the referrals made to it.
    #[must_use]
    pub fn partner(partner: &PartnerCode) -> Self {
        Self(format!("partner/{partner}"))
    }

    /// The channel of what is assigned to a user: the first eight bytes of the id tell users apart.
    #[must_use]
    pub fn user(user: UserId) -> Self {
        Self(format!("user/{}", HEXLOWER.encode(&user.as_bytes()[..8])))
    }

    /// The channel of the protection officers' annexes.
    #[must_use]
    pub fn protection() -> Self {
        Self("annex/protection".to_owned())
    }

    /// The channel of the health officers' annexes.
    #[must_use]
    pub fn health() -> Self {
        Self("annex/health".to_owned())
    }

    /// The site whose channel it is, if it is a site's.
    #[must_use]
    pub fn site_code(&self) -> Option<SiteCode> {
        SiteCode::new(self.0.strip_prefix("site/")?).ok()
    }

    /// The partner whose channel it is, if it is a partner's.
    #[must_use]
    pub fn partner_code(&self) -> Option<PartnerCode> {
        PartnerCode::new(self.0.strip_prefix("partner/")?).ok()
    }

    /// From text.
    ///
    /// # Errors
    /// When it is empty, too long or holds other than lower-case letters, capitals, digits, `/` and `-`.
    pub fn new(text: &str) -> Result<Self, ParseIdError> {
        let fits = (1..=Self::BYTES_MAX).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'/' || b == b'-');
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseIdError { what: "channel", text: short(text), wanted: "a name such as site/GOG" })
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_code_is_two_to_four_capitals() {
        assert!(SiteCode::new("GOG").is_ok());
        for wrong in ["", "G", "gog", "GOGUI", "G0G", "GÔG"] {
            assert!(SiteCode::new(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_partner_code_is_two_to_eight_capitals_and_digits() {
        for right in ["OIM", "UN2", "ABCDEFGH"] {
            let code = PartnerCode::new(right).unwrap();
            assert_eq!(Channel::partner(&code).partner_code(), Some(code));
        }
        for wrong in ["", "O", "oim", "2UN", "ABCDEFGHI", "O-M", "O/M"] {
            assert!(PartnerCode::new(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_channel_that_is_made_can_be_read() {
        let user = Channel::user(UserId::new([0xab; 16]));
        assert_eq!(user.as_str(), "user/abababababababab");
        for channel in [user, Channel::protection(), Channel::health(), Channel::site(&SiteCode::new("GOG").unwrap())] {
            assert_eq!(Channel::new(channel.as_str()).unwrap(), channel);
        }
    }
}
