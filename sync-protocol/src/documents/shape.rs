//! What each shape of field accepts, as the scalar that stands in a document, and the words that say what would have been right.

use automerge::ScalarValue;

use super::code::Code;
use super::date::Date;
use super::schema::Shape;
use super::value::{EntryId, EntryRef, PlaceCode, State, Value, When, WhenSource, Words};
use crate::ids::{DocumentId, PartnerCode, SiteCode};
use crate::limits::{FIELD_CHARACTERS_MAX, INTEGER_MAX, LIST_ITEMS_MAX, NOTE_CHARACTERS_MAX};

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
            Self::Partner => as_is(PartnerCode::new(text).is_ok()),
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
            Self::Partner => Words::new(
                "un code de partenaire : deux à huit majuscules ou chiffres",
                "a partner code: two to eight capitals or digits",
            ),
            Self::HumanCode => Words::new("un code tel que GOG-24-K7-0042-Y", "a code such as GOG-24-K7-0042-Y"),
            Self::Entry => Words::new("une entrée d'un dossier", "an entry of a case"),
            Self::Entries => Words::new("une liste d'entrées", "a list of entries"),
        }
    }
}
