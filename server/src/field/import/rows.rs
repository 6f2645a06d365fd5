//! One row: twenty-one columns become typed edits, as found.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};
use sync_protocol::documents::{
    Answer, Birth, BirthSource, Date, Edit, EntryId, Kind, Precision, State, Value, When, WhenSource, check_edit,
};
use sync_protocol::ids::Hash;
use thiserror::Error;

use crate::random::{Random, draw};

/// The columns of a registration list, in the order in which rows are kept.
pub const COLUMNS: [&str; 21] = [
    "rec_id",
    "surname",
    "given_name",
    "nickname",
    "sex",
    "dob",
    "dob_precision",
    "age",
    "region",
    "cercle",
    "village",
    "phone",
    "father_name",
    "mother_name",
    "return_country",
    "doc_type",
    "doc_number",
    "transit_point",
    "device",
    "reg_date",
    "arrival_date",
];

/// Columns that are plain text fields of a case.
const TEXTS: [(&str, &str); 8] = [
    ("surname", "identity.family"),
    ("given_name", "identity.given"),
    ("nickname", "identity.called"),
    ("father_name", "identity.father"),
    ("mother_name", "identity.mother"),
    ("region", "origin.region"),
    ("cercle", "origin.cercle"),
    ("village", "origin.village"),
];

/// The code that a word means in a code list, if the configuration knows it.
pub(super) type Vocabulary<'a> = &'a dyn Fn(&str, &str) -> Option<String>;

/// Why a row was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RowProblem {
    /// Sex is something else.
    #[error("sex: wanted is M, F or nothing")]
    Sex,
    /// The birth is something else.
    #[error("dob, dob_precision, age: {0}")]
    Birth(&'static str),
    /// A date is something else.
    #[error("{0}: wanted is a date such as 2024-04-30, or nothing")]
    Date(&'static str),
    /// A field does not fit the schema.
    #[error("{0}")]
    Field(String),
}

/// The entries that a row became.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Entries {
    #[cbor(n(0), with = "minicbor::bytes")]
    phone: Vec<u8>,
    #[cbor(n(1), with = "minicbor::bytes")]
    paper: Vec<u8>,
    #[cbor(n(2), with = "minicbor::bytes")]
    arrival: Vec<u8>,
    #[cbor(n(3), with = "minicbor::bytes")]
    source: Vec<u8>,
}

/// A row's values in the order of [`COLUMNS`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields(Vec<String>);

impl Fields {
    /// From values in the order of [`COLUMNS`].
    pub(super) fn new(values: Vec<String>) -> Self {
        Self(values)
    }

    pub(super) fn get(&self, column: &str) -> &str {
        let place = COLUMNS.iter().position(|name| *name == column);
        place.and_then(|place| self.0.get(place)).map_or("", String::as_str)
    }

    pub(super) fn values(&self) -> Vec<String> {
        self.0.clone()
    }

    /// Over all values, with their lengths.
    pub(super) fn hash(&self) -> Hash {
        let mut hasher = Sha256::new();
        for value in &self.0 {
            hasher.update((value.len() as u64).to_be_bytes());
            hasher.update(value);
        }
        Hash::new(hasher.finalize().into())
    }

    /// The columns in which two rows differ.
    pub(super) fn differing(&self, other: &Self) -> Vec<String> {
        let columns = COLUMNS.iter().filter(|column| self.get(column) != other.get(column));
        columns.map(|column| (*column).to_owned()).collect()
    }
}

fn set(field: &str, value: impl Into<Answer>) -> Edit {
    Edit::Set { field: field.to_owned(), value: value.into() }
}

fn text(value: &str) -> Answer {
    Value::Text(value.to_owned()).into()
}

/// A new case's edits, and the ids of the entries among them.
pub(super) fn edits(
    fields: &Fields,
    words: Vocabulary<'_>,
    random: &mut dyn Random,
) -> Result<(Vec<Edit>, Entries), RowProblem> {
    let nothing = Fields::new(vec![String::new(); COLUMNS.len()]);
    let mut entries = Entries::default();
    let edits = changes(&nothing, fields, &mut entries, words, random)?;
    Ok((edits, entries))
}

/// The edits that lead from one state of a row to another. A value that is gone becomes *not asked*; an entry that
/// differs is voided and added anew.
pub(super) fn changes(
    before: &Fields,
    after: &Fields,
    entries: &mut Entries,
    words: Vocabulary<'_>,
    random: &mut dyn Random,
) -> Result<Vec<Edit>, RowProblem> {
    let mut out = Vec::new();
    let differs = |columns: &[&str]| columns.iter().any(|column| before.get(column) != after.get(column));
    for (column, field) in TEXTS {
        if differs(&[column]) {
            out.push(set(field, value_or_gone(after.get(column), text)));
        }
    }
    if differs(&["sex"]) {
        let sex = match after.get("sex").trim() {
            "M" | "m" => text("m"),
            "F" | "f" => text("f"),
            "" => State::NotAsked.into(),
            _ => return Err(RowProblem::Sex),
        };
        out.push(set("identity.sex", sex));
    }
    if differs(&["dob", "dob_precision", "age"]) || (differs(&["reg_date"]) && !after.get("age").is_empty()) {
        let birth: Answer = birth(after)?.map_or_else(|| State::NotAsked.into(), |birth| Value::Birth(birth).into());
        out.push(set("birth.date", birth));
    }
    if differs(&["return_country"]) {
        let word = after.get("return_country");
        out.push(set("journey.last_stay", value_or_gone(word, text)));
        if let Some(code) = words("countries", word) {
            out.push(set("journey.last_country", text(&code)));
        }
    }
    let mut entry = |columns: &[&str], id: &mut Vec<u8>, group: &str, values: Option<Add>| {
        if differs(columns) {
            renew(&mut out, id, group, values, random);
        }
    };
    entry(&["phone"], &mut entries.phone, "phones", phone(after));
    entry(&["doc_type", "doc_number"], &mut entries.paper, "documents", paper(after, words));
    let came = ["arrival_date", "transit_point", "return_country"];
    entry(&came, &mut entries.arrival, "arrivals", arrival(after, words)?);
    entry(&["rec_id", "device", "reg_date"], &mut entries.source, "sources", source(after)?);
    for edit in &out {
        check_edit(Kind::Case, edit).map_err(|problem| RowProblem::Field(problem.to_string()))?;
    }
    // In a new case nothing needs to be called gone.
    if before.0.iter().all(String::is_empty) {
        out.retain(|edit| !matches!(edit, Edit::Set { value: Answer::State { .. }, .. }));
    }
    Ok(out)
}

/// Where the case is from.
pub(super) fn origin_of_row(source: &str, fields: &Fields, line: u64, hash: Hash) -> Vec<Edit> {
    let id = fields.get("rec_id").trim();
    let row = if id.is_empty() { format!("{line}") } else { id.to_owned() };
    let source: String = source.chars().take(200).collect();
    vec![set("import.source", text(&source)), set("import.row", text(&row)), hash_of_row(hash)]
}

pub(super) fn hash_of_row(hash: Hash) -> Edit {
    set("import.hash", text(&HEXLOWER.encode(&hash.as_bytes()[..16])))
}

type Add = (BTreeMap<String, Answer>, Option<When>);

fn value_or_gone(value: &str, form: fn(&str) -> Answer) -> Answer {
    if value.trim().is_empty() { State::NotAsked.into() } else { form(value) }
}

/// Voids the entry of the old state and adds that of the new one.
fn renew(out: &mut Vec<Edit>, id: &mut Vec<u8>, group: &str, values: Option<Add>, random: &mut dyn Random) {
    if let Ok(old) = <[u8; 8]>::try_from(id.as_slice()) {
        let reason = "Ligne modifiée dans la liste importée / Row changed in the imported list".to_owned();
        out.push(Edit::Void { group: group.to_owned(), entry: EntryId::new(old), reason, to: None });
    }
    id.clear();
    if let Some((values, at)) = values {
        let new: [u8; 8] = draw(random);
        id.extend_from_slice(&new);
        out.push(Edit::Add { group: group.to_owned(), entry: EntryId::new(new), values, at, from: None });
    }
}

fn named(values: impl IntoIterator<Item = (&'static str, Answer)>) -> BTreeMap<String, Answer> {
    values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn phone(fields: &Fields) -> Option<Add> {
    let number = fields.get("phone");
    (!number.trim().is_empty()).then(|| (named([("number", text(number))]), None))
}

fn paper(fields: &Fields, words: Vocabulary<'_>) -> Option<Add> {
    let (kind, number) = (fields.get("doc_type"), fields.get("doc_number"));
    if kind.trim().is_empty() && number.trim().is_empty() {
        return None;
    }
    let mut values = match words("document_types", kind) {
        Some(code) => named([("type", text(&code))]),
        // As found, where the list does not know it.
        None if kind.trim().is_empty() => named([("type", text("other"))]),
        None => named([("type", text("other")), ("issuer", text(kind))]),
    };
    if !number.trim().is_empty() {
        values.insert("number".to_owned(), text(number));
    }
    Some((values, None))
}

fn arrival(fields: &Fields, words: Vocabulary<'_>) -> Result<Option<Add>, RowProblem> {
    let on = date(fields, "arrival_date")?;
    let (point, country) = (fields.get("transit_point"), fields.get("return_country"));
    let mut values = BTreeMap::new();
    if let Some(on) = on {
        values.insert("on".to_owned(), text(&on.to_string()));
    }
    if !point.trim().is_empty() {
        let code = words("entry_points", point).unwrap_or_else(|| slug(point));
        values.insert("point".to_owned(), text(&code));
    }
    if let Some(code) = words("countries", country) {
        values.insert("country".to_owned(), text(&code));
    }
    Ok((!values.is_empty()).then_some((values, on.map(|on| on_paper(&on)))))
}

/// Who noted it, where and when, and under what number.
fn source(fields: &Fields) -> Result<Option<Add>, RowProblem> {
    let at = date(fields, "reg_date")?;
    let mut values = BTreeMap::new();
    for (column, field) in [("device", "by"), ("rec_id", "paper")] {
        if !fields.get(column).trim().is_empty() {
            values.insert(field.to_owned(), text(fields.get(column)));
        }
    }
    Ok((!values.is_empty()).then_some((values, at.map(|at| on_paper(&at)))))
}

fn on_paper(date: &Date) -> When {
    When { at: date.to_string(), source: WhenSource::Paper }
}

fn date(fields: &Fields, column: &'static str) -> Result<Option<Date>, RowProblem> {
    let value = fields.get(column).trim();
    if value.is_empty() { Ok(None) } else { value.parse().map(Some).map_err(|_| RowProblem::Date(column)) }
}

/// The birth as exact as it was found, never more.
fn birth(fields: &Fields) -> Result<Option<Birth>, RowProblem> {
    let (value, age) = (fields.get("dob").trim(), fields.get("age").trim());
    let as_of = date(fields, "reg_date")?;
    let new = |precision, value: &str, source, as_of| {
        let wrong = RowProblem::Birth("the value does not fit its precision");
        Birth::new(precision, value, source, as_of).map(Some).map_err(|_| wrong)
    };
    let declared = BirthSource::Declared;
    match (fields.get("dob_precision").trim(), value.is_empty()) {
        ("day", false) => new(Precision::Day, value, declared, None),
        ("month", false) => new(Precision::Month, value, declared, None),
        ("year", false) => new(Precision::Year, value, declared, None),
        ("estimated", false) => new(Precision::Approximate, value, BirthSource::Estimated, as_of),
        ("", false) => {
            let precision = match value.len() {
                4 => Precision::Year,
                7 => Precision::Month,
                _ => Precision::Day,
            };
            new(precision, value, declared, None)
        }
        (precision, true) if !age.is_empty() => {
            let source = if precision == "estimated" { BirthSource::Estimated } else { declared };
            if as_of.is_none() {
                return Err(RowProblem::Birth("an age needs the day on which it was said (reg_date)"));
            }
            new(Precision::AgeOnly, age, source, as_of)
        }
        ("" | "day" | "month" | "year" | "estimated", true) => Ok(None),
        _ => Err(RowProblem::Birth("dob_precision is day, month, year, estimated or nothing")),
    }
}

/// A word as a code that no list knows: small letters and digits, as close to it as that allows.
fn slug(word: &str) -> String {
    let plain = |c: char| match c.to_lowercase().next().unwrap_or(c) {
        'à' | 'â' | 'ä' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'î' | 'ï' => 'i',
        'ô' | 'ö' => 'o',
        'ù' | 'û' | 'ü' => 'u',
        'ç' => 'c',
        c if c.is_ascii_alphanumeric() => c,
        _ => '_',
    };
    word.trim().chars().map(plain).take(40).collect()
}
