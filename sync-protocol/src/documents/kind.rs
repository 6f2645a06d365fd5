//! The kinds of document. Owns their numbers and names; what each holds stands in [`super::schema`].

use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use serde::{Deserialize, Serialize};

use crate::ids::ParseIdError;

/// What a document is. The number stands on wire and disk and never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Kind {
    /// One person's registration and everything ordinary that follows.
    Case = 1,
    /// A group that arrives or leaves.
    Movement = 2,
    /// Who belongs together.
    Household = 3,
    /// Sensitive facts of one case: protection or health.
    Annex = 4,
    /// Whether two cases are the same person.
    Link = 5,
    /// The facts chosen for one partner under a consent, and what became of it.
    Referral = 6,
}

impl Kind {
    /// Every kind, by number.
    pub const ALL: [Kind; 6] = [Kind::Case, Kind::Movement, Kind::Household, Kind::Annex, Kind::Link, Kind::Referral];

    /// Its number on wire and disk.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The kind of a number; `None` for one that this version does not know.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Kind> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Its name in JSON, file names and paths.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Case => "case",
            Self::Movement => "movement",
            Self::Household => "household",
            Self::Annex => "annex",
            Self::Link => "link",
            Self::Referral => "referral",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = ParseIdError;
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(|| ParseIdError {
            what: "document kind",
            text: text.chars().take(64).collect(),
            wanted: "case, movement, household, annex, link or referral",
        })
    }
}

impl<C> Encode<C> for Kind {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.u8(self.code())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Kind {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        Self::from_code(d.u8()?).ok_or_else(|| decode::Error::message("not a kind of document"))
    }
}
