//! A birth as it is known: its precision, its source, and nothing more. Never invents a day.
//!
//! Stored as one string, `PRECISION VALUE SOURCE [AS_OF]`, so that two concurrent values conflict as wholes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::date::Date;

/// How many years a year that is called approximate may be off, either way. (check)
pub const APPROXIMATE_YEARS: u16 = 5;

/// Oldest age that is believed, in years.
pub const AGE_YEARS_MAX: u16 = 120;

named! {
    /// How exactly a birth is known.
    pub enum Precision {
        /// The day.
        Day = "day",
        /// The month, not the day.
        Month = "month",
        /// The year, nothing closer.
        Year = "year",
        /// About that year.
        Approximate = "approximate",
        /// An age in years, as said on a day.
        AgeOnly = "age_only",
    }
}

named! {
    /// Where a birth is known from.
    pub enum BirthSource {
        /// A paper was shown.
        Document = "document",
        /// The person or a relative said so.
        Declared = "declared",
        /// The clerk's estimate.
        Estimated = "estimated",
    }
}

/// A birth with its precision. Its `Debug` form tells the precision alone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Plain", into = "Plain")]
pub struct Birth {
    known: Known,
    source: BirthSource,
    as_of: Option<Date>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Known {
    /// Exact to what the date holds.
    At(Date),
    About(Date),
    Age(u16),
}

/// The JSON form.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {
    precision: Precision,
    value: String,
    source: BirthSource,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    as_of: Option<Date>,
}

/// Why this is not a birth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BirthError {
    /// The text is not `PRECISION VALUE SOURCE [AS_OF]`.
    #[error(
        "a birth is written as precision, value, source and perhaps the day it was said, e.g. 'year 1991 declared'"
    )]
    Form,
    /// The value is more or less exact than the precision says, or no date.
    #[error("the value does not fit the precision: a day is YYYY-MM-DD, a month YYYY-MM, a year YYYY, an age 0 to 120")]
    Value,
    /// An age without the day on which it was said means nothing later.
    #[error("an age needs the day on which it was said")]
    AsOf,
}

impl Birth {
    /// A birth; `value` is `1991-04-24`, `1991-04`, `1991` or an age in years, as the precision says.
    ///
    /// # Errors
    /// When the value does not fit the precision, or an age comes without its day.
    pub fn new(
        precision: Precision,
        value: &str,
        source: BirthSource,
        as_of: Option<Date>,
    ) -> Result<Self, BirthError> {
        let date = || value.parse::<Date>().map_err(|_| BirthError::Value);
        let known = match precision {
            Precision::AgeOnly => {
                let digits = (1..=3).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit());
                let age = value.parse().ok().filter(|age| digits && *age <= AGE_YEARS_MAX).ok_or(BirthError::Value)?;
                as_of.filter(|day| day.day().is_some()).ok_or(BirthError::AsOf)?;
                Known::Age(age)
            }
            Precision::Approximate => Known::About(date()?),
            _ => Known::At(date()?),
        };
        let birth = Self { known, source, as_of };
        // What is known decides the precision; a claim of more or of less is a mistake.
        let about_a_year = !matches!(known, Known::About(date) if date.month().is_some());
        if birth.precision() == precision && about_a_year { Ok(birth) } else { Err(BirthError::Value) }
    }

    /// How exactly it is known.
    #[must_use]
    pub fn precision(&self) -> Precision {
        match self.known {
            Known::At(date) if date.day().is_some() => Precision::Day,
            Known::At(date) if date.month().is_some() => Precision::Month,
            Known::At(_) => Precision::Year,
            Known::About(_) => Precision::Approximate,
            Known::Age(_) => Precision::AgeOnly,
        }
    }

    /// Where it is known from.
    #[must_use]
    pub fn source(&self) -> BirthSource {
        self.source
    }

    /// The day on which it was said or seen.
    #[must_use]
    pub fn as_of(&self) -> Option<Date> {
        self.as_of
    }

    /// The value as written: a date as exact as known, or an age.
    #[must_use]
    pub fn value(&self) -> String {
        match self.known {
            Known::At(date) | Known::About(date) => date.to_string(),
            Known::Age(age) => age.to_string(),
        }
    }

    /// The first and the last day on which the person may have been born.
    #[must_use]
    pub fn days(&self) -> (Date, Date) {
        match self.known {
            Known::At(date) => (date.first_day(), date.last_day()),
            Known::About(date) => {
                let early = date.with_year(date.year().saturating_sub(APPROXIMATE_YEARS));
                let late = date.with_year(date.year().saturating_add(APPROXIMATE_YEARS));
                (early.first_day(), late.last_day())
            }
            Known::Age(age) => {
                // An age has its day: `new` refuses one without.
                let said = self.as_of.map_or(Date::from_epoch_days(0), Date::first_day);
                let late = said.with_year(said.year().saturating_sub(age));
                let early = said.with_year(said.year().saturating_sub(age + 1)).next_day();
                (early, late)
            }
        }
    }

    /// The youngest and the oldest age in full years that the person may have on that day; `None` before any
    /// possible birth.
    #[must_use]
    pub fn age_on(&self, day: Date) -> Option<(u16, u16)> {
        let day = day.first_day();
        let (early, late) = self.days();
        let full_years = |born: Date| {
            let had_birthday = (day.month(), day.day()) >= (born.month(), born.day());
            day.year().saturating_sub(born.year()).saturating_sub(u16::from(!had_birthday))
        };
        (early <= day).then(|| (full_years(late), full_years(early)))
    }

    /// In French.
    #[must_use]
    pub fn french(&self) -> String {
        let estimated = if self.source == BirthSource::Estimated { " (estimé)" } else { "" };
        let said = self.as_of.map(Date::french).unwrap_or_default();
        match self.known {
            Known::At(date) => format!("{}{estimated}", date.french()),
            Known::About(date) => format!("vers {}{estimated}", date.french()),
            Known::Age(age) => format!("{age} {} au {said}{estimated}", if age < 2 { "an" } else { "ans" }),
        }
    }

    /// In English.
    #[must_use]
    pub fn english(&self) -> String {
        let estimated = if self.source == BirthSource::Estimated { " (estimated)" } else { "" };
        let said = self.as_of.map(Date::english).unwrap_or_default();
        match self.known {
            Known::At(date) => format!("{}{estimated}", date.english()),
            Known::About(date) => format!("about {}{estimated}", date.english()),
            Known::Age(age) => format!("aged {age} on {said}{estimated}"),
        }
    }
}

impl fmt::Debug for Birth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Birth({}, …)", self.precision().name())
    }
}

impl fmt::Display for Birth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.precision().name(), self.value(), self.source.name())?;
        self.as_of.map_or(Ok(()), |day| write!(f, " {day}"))
    }
}

impl FromStr for Birth {
    type Err = BirthError;
    fn from_str(text: &str) -> Result<Self, BirthError> {
        let words: Vec<&str> = text.split(' ').collect();
        let (&[precision, value, source], as_of) = words.split_first_chunk::<3>().ok_or(BirthError::Form)?;
        let as_of = match as_of {
            [] => None,
            [day] => Some(day.parse().map_err(|_| BirthError::Form)?),
            _ => return Err(BirthError::Form),
        };
        let precision = Precision::from_name(precision).ok_or(BirthError::Form)?;
        let source = BirthSource::from_name(source).ok_or(BirthError::Form)?;
        Self::new(precision, value, source, as_of)
    }
}

impl TryFrom<Plain> for Birth {
    type Error = BirthError;
    fn try_from(plain: Plain) -> Result<Self, BirthError> {
        Self::new(plain.precision, &plain.value, plain.source, plain.as_of)
    }
}

impl From<Birth> for Plain {
    fn from(birth: Birth) -> Plain {
        Plain { precision: birth.precision(), value: birth.value(), source: birth.source, as_of: birth.as_of }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn birth(text: &str) -> Birth {
        text.parse().unwrap()
    }

    #[test]
    fn a_birth_reads_back_as_it_was_written() {
        for text in [
            "day 2011-04-24 document",
            "month 1999-07 declared",
            "year 1991 declared 2024-04-30",
            "approximate 1960 estimated",
            "age_only 34 declared 2024-04-30",
        ] {
            assert_eq!(birth(text).to_string(), text);
            let json = serde_json::to_string(&birth(text)).unwrap();
            assert_eq!(serde_json::from_str::<Birth>(&json).unwrap(), birth(text), "{json}");
        }
    }

    #[test]
    fn a_value_as_exact_as_its_precision_and_not_otherwise() {
        for wrong in [
            "day 1991 declared",
            "year 1991-01-01 declared",
            "month 1991 declared",
            "approximate 1991-04 declared",
            "age_only 34 declared",
            "age_only 34 declared 2024",
            "age_only 121 declared 2024-04-30",
            "age_only 1991-01-01 declared 2024-04-30",
            "year 1991",
            "year 1991 heard",
            "",
        ] {
            assert!(wrong.parse::<Birth>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_age_is_a_range_as_wide_as_what_is_unknown() {
        let day: Date = "2024-04-30".parse().unwrap();
        for (text, ages) in [
            ("day 1991-04-30 document", Some((33, 33))),
            ("day 1991-05-01 document", Some((32, 32))),
            ("month 1991-04 declared", Some((33, 33))),
            ("year 1991 declared", Some((32, 33))),
            ("approximate 1991 estimated", Some((27, 38))),
            ("age_only 34 declared 2024-04-30", Some((34, 34))),
            ("age_only 34 declared 2023-10-30", Some((34, 35))),
            ("year 2024 declared", Some((0, 0))),
            ("year 2025 declared", None),
        ] {
            assert_eq!(birth(text).age_on(day), ages, "{text}");
        }
    }

    #[test]
    fn a_birth_in_words_claims_no_more_than_is_known() {
        assert_eq!(birth("day 1991-04-01 document").french(), "1er avril 1991");
        assert_eq!(birth("year 1991 declared").french(), "1991");
        assert_eq!(birth("approximate 1960 estimated").french(), "vers 1960 (estimé)");
        assert_eq!(birth("approximate 1960 estimated").english(), "about 1960 (estimated)");
        assert_eq!(birth("age_only 34 declared 2024-04-30").french(), "34 ans au 30 avril 2024");
        assert_eq!(birth("month 1991-04 declared").english(), "April 1991");
    }
}
