//! Values of fields: what an edit carries, what a projection shows, and the scalar that stands in the document.
//!
//! Everything is written whole as one plain scalar, so that concurrent values conflict as wholes and a browser reads them without
//! a library of ours. What a field accepts is its [`Shape`]; the words that say what would have been right stand here too.

use std::fmt;
use std::str::FromStr;

use automerge::ScalarValue;
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::birth::Birth;
use super::code::Code;
use super::date::Date;
use super::schema::Shape;
use crate::ids::{DocumentId, ParseIdError, SiteCode, short};
use crate::limits::{FIELD_CHARACTERS_MAX, INTEGER_MAX, LIST_ITEMS_MAX, NOTE_CHARACTERS_MAX};

/// A sentence for people, in both languages. Names no value: it may be logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// In French.
    pub fr: String,
    /// In English.
    pub en: String,
}

impl Words {
    pub(crate) fn new(fr: impl Into<String>, en: impl Into<String>) -> Self {
        Self { fr: fr.into(), en: en.into() }
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {}", self.fr, self.en)
    }
}

named! {
    /// Why there is no value; reports keep these apart.
    pub enum State {
        /// Asked, and the person does not know.
        DoesNotKnow = "does_not_know",
        /// Asked, and the person does not want to say.
        Refused = "refused",
        /// Nobody asked.
        NotAsked = "not_asked",
        /// To be asked later, perhaps alone.
        AskLater = "ask_later",
    }
}

impl State {
    /// As it stands in a document; no text value may be one of these.
    const fn marker(self) -> &'static str {
        match self {
            Self::DoesNotKnow => "?does_not_know",
            Self::Refused => "?refused",
            Self::NotAsked => "?not_asked",
            Self::AskLater => "?ask_later",
        }
    }

    fn from_marker(text: &str) -> Option<Self> {
        text.strip_prefix('?').and_then(Self::from_name)
    }

    /// Whether it says something about the person: that nobody asked never stands against a value.
    #[must_use]
    pub fn informs(self) -> bool {
        matches!(self, Self::DoesNotKnow | Self::Refused)
    }
}

/// A value. JSON: a text, a whole number, true or false, or one of the objects. Its `Debug` form names no content.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Yes or no.
    Flag(bool),
    /// A whole number within ±(2^53 − 1).
    Number(i64),
    /// A text, a code, a date, an id.
    Text(String),
    /// A birth with its precision.
    Birth(Birth),
    /// A place of a code list.
    Place(PlaceCode),
    /// When something happened.
    When(When),
    /// Another entry.
    Entry(EntryRef),
    /// Several ids of entries.
    Entries(Vec<EntryId>),
}

/// A value, or why there is none. JSON: the value, or `{"state": "refused"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// There is none.
    State {
        /// Why.
        state: State,
    },
    /// There is one.
    Value(Value),
}

/// A place is always code, scheme and vintage: codes mean other places in other years.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceCode {
    /// E.g. `ML0103`.
    pub code: String,
    /// The list, e.g. `cod`.
    pub scheme: String,
    /// Its year, e.g. `2021`.
    pub vintage: u16,
}

named! {
    /// Where the time of a fact comes from.
    pub enum WhenSource {
        /// The device's clock.
        Clock = "clock",
        /// Somebody said so.
        Declared = "declared",
        /// It stands on a paper.
        Paper = "paper",
    }
}

/// When something happened, as exactly as known: a date, or a date and a time (UTC).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// `2024-04`, `2024-04-30` or `2024-04-30T14:25`.
    pub at: String,
    /// Where this is known from.
    pub source: WhenSource,
}

/// An entry's key in its group: eight random bytes, written as 11 characters of base64url.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EntryId([u8; 8]);

/// An entry of some case, e.g. the one to which a mistaken entry was copied.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryRef {
    /// The case.
    pub case: DocumentId,
    /// The group, e.g. `assistance`.
    pub group: String,
    /// The entry.
    pub entry: EntryId,
}

impl EntryId {
    /// From eight random bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl FromStr for EntryId {
    type Err = ParseIdError;
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| ParseIdError {
            what: "entry id",
            text: short(text),
            wanted: "eight bytes as 11 characters of base64url",
        })
    }
}

impl TryFrom<String> for EntryId {
    type Error = ParseIdError;
    fn try_from(text: String) -> Result<Self, ParseIdError> {
        text.parse()
    }
}

impl From<EntryId> for String {
    fn from(id: EntryId) -> String {
        id.to_string()
    }
}

impl fmt::Display for PlaceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.scheme, self.vintage, self.code)
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.source.name(), self.at)
    }
}

impl fmt::Display for EntryRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.case, self.group, self.entry)
    }
}

fn is_code(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

fn is_plain_text(text: &str) -> bool {
    let control = |c: char| c.is_control() && c != '\n' && c != '\t';
    !text.trim().is_empty()
        && text.chars().count() <= FIELD_CHARACTERS_MAX
        && !text.chars().any(control)
        && State::from_marker(text).is_none()
}

fn parse_place(text: &str) -> Option<PlaceCode> {
    let mut parts = text.splitn(3, ':');
    let (scheme, vintage, code) = (parts.next()?, parts.next()?, parts.next()?);
    let vintage: u16 = vintage.parse().ok().filter(|year| (1900..=2999).contains(year))?;
    let place = PlaceCode { code: code.to_owned(), scheme: scheme.to_owned(), vintage };
    (is_code(code) && is_code(scheme) && place.to_string() == text).then_some(place)
}

fn parse_when(text: &str) -> Option<When> {
    let (source, at) = text.split_once(' ')?;
    let (date, time) = at.split_once('T').map_or((at, None), |(date, time)| (date, Some(time)));
    let date: Date = date.parse().ok()?;
    if let Some(time) = time {
        let (hour, minute) = time.split_once(':')?;
        let below = |digits: &str, end: u8| {
            digits.len() == 2
                && digits.bytes().all(|b| b.is_ascii_digit())
                && digits.parse::<u8>().is_ok_and(|n| n < end)
        };
        if date.day().is_none() || !below(hour, 24) || !below(minute, 60) {
            return None;
        }
    }
    Some(When { at: at.to_owned(), source: WhenSource::from_name(source)? })
}

fn parse_entry_ref(text: &str) -> Option<EntryRef> {
    let mut parts = text.splitn(3, '/');
    let (case, group, entry) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?.parse().ok()?);
    let read = EntryRef { case, group: group.to_owned(), entry };
    (is_code(group) && read.to_string() == text).then_some(read)
}

fn parse_entries(text: &str) -> Option<Vec<EntryId>> {
    let ids: Vec<EntryId> = text.split(' ').map(|id| id.parse().ok()).collect::<Option<_>>()?;
    (ids.len() <= LIST_ITEMS_MAX).then_some(ids)
}

impl Shape {
    /// Reads the text form of a value of this shape; `None` when it is not one.
    fn read_text(self, text: &str) -> Option<Value> {
        let as_is = |fits: bool| fits.then(|| Value::Text(text.to_owned()));
        match self {
            Self::Text => as_is(is_plain_text(text)),
            Self::Note => as_is(!text.is_empty() && text.chars().count() <= NOTE_CHARACTERS_MAX),
            Self::Code(_) => as_is(is_code(text)),
            Self::Choice(choices) => as_is(choices.contains(&text)),
            Self::Date => as_is(text.parse::<Date>().is_ok()),
            Self::Document => as_is(text.parse::<DocumentId>().is_ok_and(|id| id.to_string() == text)),
            Self::Site => as_is(SiteCode::new(text).is_ok()),
            Self::HumanCode => as_is(Code::parse(text).is_ok_and(|code| code.to_string() == text)),
            Self::Birth => text.parse().ok().map(Value::Birth),
            Self::Place => parse_place(text).map(Value::Place),
            Self::When => parse_when(text).map(Value::When),
            Self::Entry => parse_entry_ref(text).map(Value::Entry),
            Self::Entries => parse_entries(text).map(Value::Entries),
            Self::Number(..) | Self::Flag => None,
        }
    }

    /// The scalar that stands in a document for this value; `None` when the value is not of this shape.
    pub(crate) fn encode(self, value: &Value) -> Option<ScalarValue> {
        let text = match value {
            Value::Flag(flag) => return (self == Self::Flag).then_some(ScalarValue::Boolean(*flag)),
            Value::Number(number) => {
                return self.accepts_number(*number).then_some(ScalarValue::Int(*number));
            }
            Value::Text(text) => text.clone(),
            Value::Birth(birth) => birth.to_string(),
            Value::Place(place) => place.to_string(),
            Value::When(when) => when.to_string(),
            Value::Entry(entry) => entry.to_string(),
            Value::Entries(ids) => ids.iter().map(EntryId::to_string).collect::<Vec<_>>().join(" "),
        };
        // What is read back must be what was meant: a place given for a text field is not a text.
        let read = self.read_text(&text)?;
        let same_form = std::mem::discriminant(&read) == std::mem::discriminant(value);
        (same_form || matches!(value, Value::Text(_))).then(|| ScalarValue::Str(text.into()))
    }

    /// What a scalar in a document means for a field of this shape; `None` when it means nothing.
    pub(crate) fn decode(self, scalar: &ScalarValue) -> Option<Value> {
        match scalar {
            ScalarValue::Str(text) => self.read_text(text),
            ScalarValue::Boolean(flag) => (self == Self::Flag).then_some(Value::Flag(*flag)),
            ScalarValue::Int(number) => self.accepts_number(*number).then_some(Value::Number(*number)),
            ScalarValue::Uint(number) => {
                i64::try_from(*number).ok().filter(|n| self.accepts_number(*n)).map(Value::Number)
            }
            ScalarValue::F64(float) => {
                let whole = float.fract() == 0.0 && float.abs() <= INTEGER_MAX as f64;
                whole.then_some(*float as i64).filter(|n| self.accepts_number(*n)).map(Value::Number)
            }
            _ => None,
        }
    }

    fn accepts_number(self, number: i64) -> bool {
        matches!(self, Self::Number(least, most) if (least..=most).contains(&number)) && number.abs() <= INTEGER_MAX
    }

    /// What would have been right.
    #[must_use]
    pub fn wanted(self) -> Words {
        match self {
            Self::Text => Words::new(
                format!("un texte de 1 à {FIELD_CHARACTERS_MAX} caractères"),
                format!("a text of 1 to {FIELD_CHARACTERS_MAX} characters"),
            ),
            Self::Note => Words::new(
                format!("une note de 1 à {NOTE_CHARACTERS_MAX} caractères"),
                format!("a note of 1 to {NOTE_CHARACTERS_MAX} characters"),
            ),
            Self::Code(list) => {
                Words::new(format!("un code de la liste « {list} »"), format!("a code of list '{list}'"))
            }
            Self::Choice(choices) => {
                Words::new(format!("un de : {}", choices.join(", ")), format!("one of: {}", choices.join(", ")))
            }
            Self::Number(least, most) => Words::new(
                format!("un nombre entier de {least} à {most}"),
                format!("a whole number from {least} to {most}"),
            ),
            Self::Flag => Words::new("oui ou non", "yes or no"),
            Self::Date => Words::new("une date : AAAA, AAAA-MM ou AAAA-MM-JJ", "a date: YYYY, YYYY-MM or YYYY-MM-DD"),
            Self::When => Words::new(
                "une source (clock, declared, paper) et une date, avec ou sans heure",
                "a source (clock, declared, paper) and a date, with or without a time",
            ),
            Self::Birth => Words::new(
                "une naissance : précision, valeur, source, et le jour pour un âge",
                "a birth: precision, value, source, and the day for an age",
            ),
            Self::Place => Words::new("un lieu : code, liste et année", "a place: code, scheme and vintage"),
            Self::Document => Words::new("l'identifiant d'un dossier (UUID)", "a document id (UUID)"),
            Self::Site => Words::new("un code de site : deux à quatre lettres", "a site code: two to four letters"),
            Self::HumanCode => Words::new("un code tel que GOG-24-K7-0042-Y", "a code such as GOG-24-K7-0042-Y"),
            Self::Entry => Words::new("une entrée d'un dossier", "an entry of a case"),
            Self::Entries => Words::new("une liste d'entrées", "a list of entries"),
        }
    }
}

impl Answer {
    /// The scalar that stands in a document; `None` when the value is not of this shape.
    pub(crate) fn encode(&self, shape: Shape) -> Option<ScalarValue> {
        match self {
            Self::Value(value) => shape.encode(value),
            Self::State { state } => Some(ScalarValue::Str(state.marker().into())),
        }
    }

    pub(crate) fn decode(shape: Shape, scalar: &ScalarValue) -> Option<Answer> {
        let state = if let ScalarValue::Str(text) = scalar { State::from_marker(text) } else { None };
        state.map(Self::from).or_else(|| shape.decode(scalar).map(Self::Value))
    }

    pub(crate) fn informs(&self) -> bool {
        !matches!(self, Self::State { state } if !state.informs())
    }

    /// The value, where there is one.
    #[must_use]
    pub fn value(&self) -> Option<&Value> {
        if let Self::Value(value) = self { Some(value) } else { None }
    }
}

impl From<State> for Answer {
    fn from(state: State) -> Answer {
        Answer::State { state }
    }
}

impl<T: Into<Value>> From<T> for Answer {
    fn from(value: T) -> Answer {
        Answer::Value(value.into())
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flag(_) => "Flag(…)",
            Self::Number(_) => "Number(…)",
            Self::Text(_) => "Text(…)",
            Self::Birth(_) => "Birth(…)",
            Self::Place(_) => "Place(…)",
            Self::When(_) => "When(…)",
            Self::Entry(_) => "Entry(…)",
            Self::Entries(_) => "Entries(…)",
        })
    }
}

impl Value {
    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The number, if it is one.
    #[must_use]
    pub fn as_number(&self) -> Option<i64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }
}

macro_rules! value_from {
    ($($variant:ident($type:ty),)+) => {
        $(impl From<$type> for Value {
            fn from(value: $type) -> Value {
                Value::$variant(value)
            }
        })+
    };
}

value_from! {
    Flag(bool), Number(i64), Text(String), Birth(Birth), Place(PlaceCode), When(When), Entry(EntryRef),
    Entries(Vec<EntryId>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}
