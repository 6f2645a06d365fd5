//! Human codes: `SITE-YY-DEVICE-COUNTER-C`, e.g. `GOG-24-K7-0042-Y`, made offline, unique, read over a bad line.
//!
//! The check character is ISO 7064 MOD 37-2: every single wrong character and every swap of neighbours is caught. Counters
//! whose check character would be `*` or look like another (0, O, 1, I, L) are skipped. Site, year and device letters come from
//! the lease, which keeps them apart; the counter from the transaction that stores the case.

use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::ids::{SiteCode, short};

/// What device letters are made of: no 0 and O, no 1, I and L.
pub const DEVICE_ALPHABET: &str = "ABCDEFGHJKMNPQRSTUVWXYZ23456789";

/// Largest counter of one device in one year; six digits are what a person still reads out.
pub const COUNTER_MAX: u32 = 999_999;

/// Device letters in a code.
const DEVICE_LETTERS: usize = 2;
/// Digits of the counter at least and at most.
const COUNTER_DIGITS: std::ops::RangeInclusive<usize> = 4..=6;
/// Letters of the site at least and at most.
const SITE_LETTERS: std::ops::RangeInclusive<usize> = 2..=4;
/// Longest text that is looked at, in bytes; a code has at most 19.
const TEXT_BYTES_MAX: usize = 64;

/// Two letters or digits that tell a site's devices apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeviceLetters([u8; DEVICE_LETTERS]);

/// A human code; its check character is right.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Code {
    site: SiteCode,
    year: u8,
    device: DeviceLetters,
    counter: u32,
}

/// Why a text is not a code, or a code cannot be made. Texts are repeated because codes name no person.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CodeError {
    /// Not built like a code.
    #[error("'{0}' is not built like a code: wanted is SITE-YY-DEVICE-COUNTER-C, e.g. GOG-24-K7-0042-Y")]
    Form(String),
    /// The check character does not fit.
    #[error("one character of '{0}' is wrong or two are swapped: ask for it again")]
    Check(String),
    /// Without hyphens it may be read in two ways.
    #[error("'{0}' can be read in two ways: write it with its hyphens")]
    Ambiguous(String),
    /// Device letters outside the alphabet.
    #[error("'{0}' are not device letters: two of {DEVICE_ALPHABET} are wanted")]
    Device(String),
    /// A year beyond 99.
    #[error("a code has two digits for the year: 0 to 99 is wanted, not {0}")]
    Year(u8),
    /// This counter's check character is skipped, or the counter is used up.
    #[error("counter {0} makes no code: take the next one, up to {COUNTER_MAX}")]
    Counter(u32),
}

impl DeviceLetters {
    /// From text.
    ///
    /// # Errors
    /// [`CodeError::Device`] when they are not two of [`DEVICE_ALPHABET`].
    pub fn new(text: &str) -> Result<Self, CodeError> {
        let fits = text.bytes().all(|b| DEVICE_ALPHABET.as_bytes().contains(&b));
        match <[u8; DEVICE_LETTERS]>::try_from(text.as_bytes()) {
            Ok(letters) if fits => Ok(Self(letters)),
            _ => Err(CodeError::Device(short(text))),
        }
    }

    /// The n-th pair, for handing them out one after the other; `None` after the last (961 pairs).
    #[must_use]
    pub fn nth(n: usize) -> Option<Self> {
        let alphabet = DEVICE_ALPHABET.as_bytes();
        let first = alphabet.get(n / alphabet.len())?;
        Some(Self([*first, alphabet[n % alphabet.len()]]))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("device letters are ASCII: `new` and `nth` take them from the alphabet")
    }
}

impl Code {
    /// The code of a counter.
    ///
    /// # Errors
    /// [`CodeError::Year`] beyond 99; [`CodeError::Counter`] for 0, beyond [`COUNTER_MAX`], or one that is skipped.
    pub fn new(site: SiteCode, year: u8, device: DeviceLetters, counter: u32) -> Result<Self, CodeError> {
        if year > 99 {
            return Err(CodeError::Year(year));
        }
        let code = Self { site, year, device, counter };
        let usable = (1..=COUNTER_MAX).contains(&counter) && code.check().is_some_and(is_plain);
        if usable { Ok(code) } else { Err(CodeError::Counter(counter)) }
    }

    /// The first code after the counter that was used last (0 before the first).
    ///
    /// # Errors
    /// [`CodeError::Year`] beyond 99; [`CodeError::Counter`] when the counters are used up.
    pub fn next(site: &SiteCode, year: u8, device: DeviceLetters, last: u32) -> Result<Self, CodeError> {
        for counter in last.saturating_add(1)..=COUNTER_MAX {
            match Self::new(site.clone(), year, device, counter) {
                Err(CodeError::Counter(_)) => {}
                made => return made,
            }
        }
        Err(CodeError::Counter(last.saturating_add(1)))
    }

    /// Reads a code as people write it: any case, spaces, hyphens missing, O for 0 and I or L for 1 where only a digit can
    /// stand, 0 and 1 for O and I where only a letter can.
    ///
    /// # Errors
    /// [`CodeError::Form`], [`CodeError::Check`] or [`CodeError::Ambiguous`].
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let wrong = || CodeError::Form(short(text));
        if text.len() > TEXT_BYTES_MAX {
            return Err(wrong());
        }
        let dash = |c: char| matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}');
        let upper: String = text.trim().to_uppercase().chars().map(|c| if dash(c) { '-' } else { c }).collect();
        let parts: Vec<String> =
            upper.split('-').map(|part| part.chars().filter(|c| !c.is_whitespace()).collect()).collect();
        if !parts.iter().all(|part| part.bytes().all(|b| b.is_ascii_alphanumeric())) {
            return Err(wrong());
        }
        if let [site, year, device, counter, check] = &parts[..] {
            let read = |part: &str, class: Class| part.chars().map(|c| repaired(c, class)).collect::<String>();
            let (site, year, counter) =
                (read(site, Class::Letter), read(year, Class::Digit), read(counter, Class::Digit));
            let code = from_parts(&site, &year, device, &counter).ok_or_else(wrong)?;
            let fits = matches!(check.as_bytes(), [found] if code.has_check(char::from(*found)));
            return if fits { Ok(code) } else { Err(CodeError::Check(short(text))) };
        }
        // Without all its hyphens the places where they belong follow from the length, sometimes in several ways. A character
        // is read as another only where every way wants the same: the check character then covers them all.
        let joined = parts.concat();
        let splits: Vec<[usize; 4]> = SITE_LETTERS
            .flat_map(|site| COUNTER_DIGITS.map(move |digits| [site, 2, DEVICE_LETTERS, digits]))
            .filter(|lengths| lengths.iter().sum::<usize>() + 1 == joined.len())
            .collect();
        let (Some(body), Some(found)) = (joined.get(..joined.len().saturating_sub(1)), joined.chars().last()) else {
            return Err(wrong());
        };
        let body: String = body.char_indices().map(|(at, c)| repaired(c, common_class(&splits, at))).collect();
        let mut codes: Vec<Code> = splits.iter().filter_map(|lengths| from_lengths(&body, *lengths)).collect();
        if codes.is_empty() {
            return Err(wrong());
        }
        codes.retain(|code| code.has_check(found));
        match codes.len() {
            0 => Err(CodeError::Check(short(text))),
            1 => Ok(codes.remove(0)),
            _ => Err(CodeError::Ambiguous(short(text))),
        }
    }

    /// The site.
    #[must_use]
    pub fn site(&self) -> &SiteCode {
        &self.site
    }

    /// The year, 0 to 99.
    #[must_use]
    pub fn year(&self) -> u8 {
        self.year
    }

    /// The device letters.
    #[must_use]
    pub fn device(&self) -> DeviceLetters {
        self.device
    }

    /// The counter.
    #[must_use]
    pub fn counter(&self) -> u32 {
        self.counter
    }

    fn body(&self) -> String {
        format!("{}{:02}{}{:04}", self.site, self.year, self.device.as_str(), self.counter)
    }

    /// The check character; `None` for MOD 37-2's thirty-seventh, which is written `*`.
    fn check(&self) -> Option<char> {
        let sum = self.body().bytes().fold(0, |sum, byte| (sum + value_of(byte)) * 2 % 37);
        char::from_digit((38 - sum) % 37, 36).map(|c| c.to_ascii_uppercase())
    }

    fn has_check(&self, found: char) -> bool {
        self.check() == Some(found) && is_plain(found)
    }
}

/// No character that is taken for another.
fn is_plain(check: char) -> bool {
    DEVICE_ALPHABET.contains(check)
}

fn value_of(byte: u8) -> u32 {
    char::from(byte).to_digit(36).unwrap_or(0)
}

/// What can stand at a place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    Either,
}

/// What every split of these lengths wants at a place.
fn common_class(splits: &[[usize; 4]], at: usize) -> Class {
    let class = |[site, year, device, _]: &[usize; 4]| match at {
        _ if at < *site => Class::Letter,
        _ if at < site + year => Class::Digit,
        _ if at < site + year + device => Class::Either,
        _ => Class::Digit,
    };
    let mut classes = splits.iter().map(class);
    let first = classes.next().unwrap_or(Class::Either);
    if classes.all(|class| class == first) { first } else { Class::Either }
}

/// A character that is often taken for another, as what can stand at its place.
fn repaired(c: char, class: Class) -> char {
    match (class, c) {
        (Class::Digit, 'O') => '0',
        (Class::Digit, 'I' | 'L') => '1',
        (Class::Letter, '0') => 'O',
        (Class::Letter, '1') => 'I',
        _ => c,
    }
}

fn from_lengths(body: &str, [site, year, device, _]: [usize; 4]) -> Option<Code> {
    let (site, rest) = body.split_at_checked(site)?;
    let (year, rest) = rest.split_at_checked(year)?;
    let (device, counter) = rest.split_at_checked(device)?;
    from_parts(site, year, device, counter)
}

/// A code of these parts, its check character not looked at.
fn from_parts(site: &str, year: &str, device: &str, counter: &str) -> Option<Code> {
    let code = Code {
        site: SiteCode::new(site).ok()?,
        year: year.parse().ok().filter(|year| *year <= 99)?,
        device: DeviceLetters::new(device).ok()?,
        counter: counter.parse().ok()?,
    };
    let written_so = format!("{:02}", code.year) == year && format!("{:04}", code.counter) == counter;
    (written_so && (1..=COUNTER_MAX).contains(&code.counter)).then_some(code)
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let check = self.check().unwrap_or('*');
        write!(f, "{}-{:02}-{}-{:04}-{check}", self.site, self.year, self.device.as_str(), self.counter)
    }
}

impl fmt::Display for DeviceLetters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Code {
    type Err = CodeError;
    fn from_str(text: &str) -> Result<Self, CodeError> {
        Self::parse(text)
    }
}

macro_rules! as_text {
    ($type:ident, $read:path) => {
        impl TryFrom<String> for $type {
            type Error = CodeError;
            fn try_from(text: String) -> Result<Self, CodeError> {
                $read(&text)
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> String {
                value.to_string()
            }
        }

        impl<C> Encode<C> for $type {
            fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
                e.str(&self.to_string())?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $type {
            fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
                $read(d.str()?).map_err(|_| decode::Error::message(concat!("not ", stringify!($type))))
            }
        }
    };
}

as_text!(DeviceLetters, DeviceLetters::new);
as_text!(Code, Code::parse);

#[cfg(test)]
mod tests {
    use super::*;

    fn letters(text: &str) -> DeviceLetters {
        DeviceLetters::new(text).unwrap()
    }

    fn gogui(last: u32) -> Code {
        Code::next(&SiteCode::new("GOG").unwrap(), 24, letters("K7"), last).unwrap()
    }

    #[test]
    fn a_code_reads_back_however_it_is_written() {
        let mut last = 0;
        for _ in 0..200 {
            let code = gogui(last);
            last = code.counter();
            let text = code.to_string();
            let joined = text.replace('-', "");
            for written in [
                text.clone(),
                text.to_lowercase(),
                format!("  {} ", text.replace('-', " - ")),
                text.replace('-', "–"),
                joined.clone(),
                joined.to_lowercase(),
                format!("G0G{}", &text[3..]),
                text.replacen('-', " ", 2),
            ] {
                assert_eq!(Code::parse(&written), Ok(code.clone()), "{written}");
            }
            let letters_for_digits = format!("{}{}", &text[..10], &text[10..14].replace('0', "O").replace('1', "l"));
            assert_eq!(Code::parse(&format!("{letters_for_digits}{}", &text[14..])), Ok(code));
        }
    }

    #[test]
    fn every_wrong_character_and_every_swap_is_caught() {
        let others = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        let mut last = 0;
        for site in ["GOG", "KY", "BKOI", "IO", "LIL"] {
            for _ in 0..40 {
                let code = Code::next(&SiteCode::new(site).unwrap(), 24, letters("K7"), last).unwrap();
                last = code.counter() * 3 % 40_000;
                for text in [code.to_string(), code.to_string().replace('-', "")] {
                    for at in 0..text.len() {
                        for other in others.chars().filter(|_| &text[at..=at] != "-") {
                            let mut wrong = text.clone();
                            wrong.replace_range(at..=at, &other.to_string());
                            // Read as another: only as the same code, where O stands for 0 and the like.
                            assert!(!Code::parse(&wrong).is_ok_and(|read| read != code), "{text} {wrong}");
                        }
                    }
                    let characters: Vec<char> = text.chars().collect();
                    for at in 1..characters.len() {
                        let mut swapped = characters.clone();
                        swapped.swap(at - 1, at);
                        let wrong: String = swapped.iter().collect();
                        assert!(!Code::parse(&wrong).is_ok_and(|read| read != code), "{text} {wrong}");
                        let plainly_other = characters[at - 1] != characters[at]
                            && characters[at - 1].is_ascii_digit() == characters[at].is_ascii_digit()
                            && characters[at - 1].is_ascii_alphanumeric();
                        if plainly_other {
                            assert!(Code::parse(&wrong).is_err(), "{text} {wrong}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_check_character_is_never_one_that_looks_like_another() {
        let mut last = 0;
        let mut skipped = 0;
        for _ in 0..1_000 {
            let code = gogui(last);
            skipped += code.counter() - last - 1;
            last = code.counter();
            assert!(DEVICE_ALPHABET.contains(code.to_string().chars().last().unwrap()));
        }
        assert!(skipped > 50, "six of thirty-seven are skipped, here {skipped} of 1,000");
    }

    #[test]
    fn what_is_no_code_is_said_why() {
        let text = gogui(41).to_string();
        assert!(matches!(Code::parse("GOG-24"), Err(CodeError::Form(_))));
        assert!(matches!(Code::parse(""), Err(CodeError::Form(_))));
        assert!(matches!(Code::parse(&"G".repeat(100_000)), Err(CodeError::Form(_))));
        assert!(matches!(Code::parse("GÔG-24-K7-0042-T"), Err(CodeError::Form(_))));
        assert!(matches!(Code::parse(&text.replace("24", "42")), Err(CodeError::Check(_))));
        assert!(matches!(Code::new(SiteCode::new("GOG").unwrap(), 24, letters("K7"), 0), Err(CodeError::Counter(0))));
        assert!(DeviceLetters::new("K1").is_err() && DeviceLetters::new("K").is_err());
        assert_eq!(DeviceLetters::nth(0), Some(letters("AA")));
        assert_eq!(DeviceLetters::nth(961), None);
        // A year of three digits is none, whatever the check character.
        for check in DEVICE_ALPHABET.chars() {
            assert!(matches!(Code::parse(&format!("GOG-124-K7-0042-{check}")), Err(CodeError::Form(_))));
        }
    }
}
