//! Calendar dates that say how exact they are: a year, a month, a day. Proleptic Gregorian, no time zone.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Days from 0000-03-01 to 1970-01-01.
const EPOCH_DAYS: i64 = 719_468;
const MONTHS_FR: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];
const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A date as exact as it is known: `1991`, `1991-04` or `1991-04-24`. Years 1000 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Date {
    year: u16,
    /// 1 to 12, 0 when not known.
    month: u8,
    /// 1 to 31, 0 when not known.
    day: u8,
}

/// A text that is not a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a date: wanted is YYYY, YYYY-MM or YYYY-MM-DD, a day that exists")]
pub struct DateError;

impl Date {
    /// A year alone.
    ///
    /// # Errors
    /// When it is not between 1000 and 9999.
    pub fn from_year(year: u16) -> Result<Self, DateError> {
        if (1000..=9999).contains(&year) { Ok(Self { year, month: 0, day: 0 }) } else { Err(DateError) }
    }

    /// A month of a year.
    ///
    /// # Errors
    /// When there is no such month.
    pub fn from_month(year: u16, month: u8) -> Result<Self, DateError> {
        let date = Self::from_year(year)?;
        if (1..=12).contains(&month) { Ok(Self { month, ..date }) } else { Err(DateError) }
    }

    /// A day.
    ///
    /// # Errors
    /// When there is no such day.
    pub fn from_day(year: u16, month: u8, day: u8) -> Result<Self, DateError> {
        let date = Self::from_month(year, month)?;
        if day >= 1 && day <= days_in_month(year, month) { Ok(Self { day, ..date }) } else { Err(DateError) }
    }

    /// The day (UTC) of a number of days since 1970-01-01; kept within years 1000 to 9999.
    #[must_use]
    pub fn from_epoch_days(days: i64) -> Self {
        let days = days.clamp(-354_285, 2_932_896) + EPOCH_DAYS;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let narrow = |n: i64| u16::try_from(n).unwrap_or(1000);
        Self { year: narrow(year), month: narrow(month) as u8, day: narrow(day) as u8 }
    }

    /// The year.
    #[must_use]
    pub fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12, if known.
    #[must_use]
    pub fn month(self) -> Option<u8> {
        (self.month > 0).then_some(self.month)
    }

    /// The day of the month, if known.
    #[must_use]
    pub fn day(self) -> Option<u8> {
        (self.day > 0).then_some(self.day)
    }

    /// The first day that it may mean.
    #[must_use]
    pub fn first_day(self) -> Date {
        Date { month: self.month.max(1), day: self.day.max(1), ..self }
    }

    /// The last day that it may mean.
    #[must_use]
    pub fn last_day(self) -> Date {
        let month = if self.month == 0 { 12 } else { self.month };
        let day = if self.day == 0 { days_in_month(self.year, month) } else { self.day };
        Date { year: self.year, month, day }
    }

    /// The same day in another year; 29 February becomes 28 February where there is none.
    #[must_use]
    pub(crate) fn with_year(self, year: u16) -> Date {
        let year = year.clamp(1000, 9999);
        let day = if self.month == 0 { self.day } else { self.day.min(days_in_month(year, self.month)) };
        Date { year, day, ..self }
    }

    /// The day after the first day of this date.
    #[must_use]
    pub(crate) fn next_day(self) -> Date {
        let this = self.first_day();
        if this.day < days_in_month(this.year, this.month) {
            Date { day: this.day + 1, ..this }
        } else if this.month < 12 {
            Date { month: this.month + 1, day: 1, ..this }
        } else {
            Date { year: (this.year + 1).min(9999), month: 1, day: 1 }
        }
    }

    /// In French: `24 avril 1991`, `avril 1991`, `1991`.
    #[must_use]
    pub fn french(self) -> String {
        let first = if self.day == 1 { "1er".to_owned() } else { self.day.to_string() };
        self.words(&first, &MONTHS_FR)
    }

    /// In English: `24 April 1991`, `April 1991`, `1991`.
    #[must_use]
    pub fn english(self) -> String {
        self.words(&self.day.to_string(), &MONTHS_EN)
    }

    fn words(self, day: &str, months: &[&str; 12]) -> String {
        match (self.month(), self.day()) {
            (Some(month), Some(_)) => format!("{day} {} {}", months[usize::from(month) - 1], self.year),
            (Some(month), None) => format!("{} {}", months[usize::from(month) - 1], self.year),
            _ => self.year.to_string(),
        }
    }
}

fn days_in_month(year: u16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        if self.month > 0 {
            write!(f, "-{:02}", self.month)?;
        }
        if self.day > 0 {
            write!(f, "-{:02}", self.day)?;
        }
        Ok(())
    }
}

impl FromStr for Date {
    type Err = DateError;
    fn from_str(text: &str) -> Result<Self, DateError> {
        let digits = |part: &str, len: usize| -> Result<u16, DateError> {
            let fits = part.len() == len && part.bytes().all(|b| b.is_ascii_digit());
            if fits { part.parse().map_err(|_| DateError) } else { Err(DateError) }
        };
        let mut parts = text.split('-');
        let year = digits(parts.next().unwrap_or_default(), 4)?;
        let (month, day) = (parts.next(), parts.next());
        match (month, day, parts.next()) {
            (None, None, None) => Self::from_year(year),
            (Some(month), None, None) => Self::from_month(year, digits(month, 2)? as u8),
            (Some(month), Some(day), None) => Self::from_day(year, digits(month, 2)? as u8, digits(day, 2)? as u8),
            _ => Err(DateError),
        }
    }
}

impl TryFrom<String> for Date {
    type Error = DateError;
    fn try_from(text: String) -> Result<Self, DateError> {
        text.parse()
    }
}

impl From<Date> for String {
    fn from(date: Date) -> String {
        date.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_as_exact_as_it_was_written() {
        for text in ["1991", "1991-04", "1991-04-24", "2024-02-29"] {
            assert_eq!(text.parse::<Date>().unwrap().to_string(), text);
        }
        for wrong in ["", "91", "1991-13", "1991-4-24", "2023-02-29", "1991-04-31", "1991-04-24-1", "0999", "+991"] {
            assert!(wrong.parse::<Date>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn days_since_1970_become_dates() {
        for (days, text) in [(0, "1970-01-01"), (-1, "1969-12-31"), (19_843, "2024-04-30"), (11_016, "2000-02-29")] {
            assert_eq!(Date::from_epoch_days(days).to_string(), text);
        }
    }

    #[test]
    fn the_day_after_crosses_months_years_and_leap_days() {
        for (day, next) in [("2024-02-28", "2024-02-29"), ("2023-02-28", "2023-03-01"), ("2023-12-31", "2024-01-01")] {
            assert_eq!(day.parse::<Date>().unwrap().next_day().to_string(), next);
        }
    }
}
