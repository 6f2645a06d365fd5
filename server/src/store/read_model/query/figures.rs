//! Figures, and rows without names.

use std::collections::BTreeMap;

use rusqlite::{Connection, named_params};
use sync_protocol::documents::{Birth, Date};
use sync_protocol::ids::{Position, SiteCode};

use super::super::ReadModelError;
use super::super::answer::{Counts, MovementCounts, PlainPage, PlainRow};
use super::super::sight::{ChannelNames, Channels, Names, Sight};
use super::{Moment, from_json, page_rows, sql};

/// Bytes of a code in a code list.
const CODE_BYTES_MAX: usize = 32;

/// Reads one number of a table's rows that hold and are in sight.
struct Counting<'a> {
    db: &'a Connection,
    at: i64,
    sight: &'a ChannelNames,
}

impl Counting<'_> {
    fn number(&self, text: &str) -> Result<u64, ReadModelError> {
        let values = named_params! {
            ":at": self.at,
            ":all": self.sight.all,
            ":sites": self.sight.sites,
            ":channels": self.sight.names,
        };
        let count: i64 = self.db.prepare_cached(text)?.query_row(values, |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// How many, of a table of which only those of some owners are in sight.
    fn of(&self, text: &str, owners: &Names) -> Result<u64, ReadModelError> {
        let values = named_params! {":at": self.at, ":all": owners.all, ":names": owners.names};
        let count: i64 = self.db.prepare_cached(text)?.query_row(values, |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    fn groups(&self, column: &str, table: &str, counted: &str) -> Result<BTreeMap<String, u64>, ReadModelError> {
        let text = format!("SELECT coalesce({column}, ''), count(*) FROM {table} WHERE {counted} GROUP BY 1");
        let mut statement = self.db.prepare_cached(&text)?;
        let values = named_params! {
            ":at": self.at,
            ":all": self.sight.all,
            ":sites": self.sight.sites,
            ":channels": self.sight.names,
        };
        let rows = statement.query_map(values, |row| {
            let count: i64 = row.get(1)?;
            Ok((row.get(0)?, count.unsigned_abs()))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

const CASES: &str = concat!(holds!("cases"), " AND ", in_sight!("cases", ":at"));
const DOCUMENTS: &str = concat!(holds!("documents"), " AND ", in_sight!("documents", ":at"));

pub(in super::super) fn counts(db: &Connection, moment: Moment, sight: &Sight) -> Result<Counts, ReadModelError> {
    let names = ChannelNames::from(&sight.documents);
    let counting = Counting { db, at: sql(moment.at), sight: &names };
    let held = concat!(
        "SELECT count(*) FROM held WHERE ",
        holds!("held"),
        " AND (:all OR lease IN (SELECT value FROM json_each(:names)))"
    );
    let receipts = "SELECT count(*) FROM receipts WHERE position <= :at
                    AND (:all OR site IN (SELECT value FROM json_each(:names)))";
    let conflicts =
        concat!("SELECT count(*) FROM conflicts WHERE ", holds!("conflicts"), " AND ", in_sight!("conflicts", ":at"));
    Ok(Counts {
        as_of: moment.at,
        documents_by_kind: counting.groups("CAST(kind AS TEXT)", "documents", DOCUMENTS)?,
        cases: counting.number(&format!("SELECT count(*) FROM cases WHERE {CASES}"))?,
        cases_by_site: counting.groups("site", "cases", CASES)?,
        cases_by_sex: counting.groups("sex", "cases", CASES)?,
        cases_by_status: counting.groups("status", "cases", CASES)?,
        movements: movement_counts(&counting)?,
        conflicts: counting.number(conflicts)?,
        held: counting.of(held, &Names::from(&sight.held))?,
        receipts: counting.of(receipts, &Names::from(&sight.receipts))?,
    })
}

fn movement_counts(counting: &Counting<'_>) -> Result<MovementCounts, ReadModelError> {
    let text = concat!(
        "SELECT count(*), coalesce(sum(announced), 0), coalesce(sum(counted), 0), coalesce(sum(expected), 0),
         coalesce(sum(boarded), 0), coalesce(sum(arrived), 0) FROM movements WHERE ",
        holds!("movements"),
        " AND ",
        in_sight!("movements", ":at")
    );
    let values = named_params! {
        ":at": counting.at,
        ":all": counting.sight.all,
        ":sites": counting.sight.sites,
        ":channels": counting.sight.names,
    };
    let counts = counting.db.prepare_cached(text)?.query_row(values, |row| {
        let get = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
        Ok(MovementCounts {
            movements: get(0)?,
            announced: get(1)?,
            counted: get(2)?,
            expected: get(3)?,
            boarded: get(4)?,
            arrived: get(5)?,
        })
    })?;
    Ok(counts)
}

/// Which rows without names are wanted.
#[derive(Debug, Clone)]
pub struct PlainFilter {
    /// As they stood at this position; now when absent.
    pub at: Option<Position>,
    /// Rows to pass over: the `next` of the page before.
    pub from: usize,
    /// How many, at most [`READ_MODEL_PAGE_ROWS_MAX`](crate::limits::READ_MODEL_PAGE_ROWS_MAX).
    pub limit: Option<usize>,
    /// The day on which ages are told where the day of arrival is not known.
    pub today: Date,
}

/// Rows without names, in an order that tells nothing about who was registered after whom.
pub(in super::super) fn rows(
    db: &Connection,
    moment: Moment,
    filter: &PlainFilter,
    sight: &Channels,
) -> Result<PlainPage, ReadModelError> {
    let text = format!(
        "SELECT site, arrived, sex, birth, country, category, items FROM cases WHERE {CASES}
         ORDER BY arrived, site, sex, category, country, document LIMIT :limit OFFSET :from"
    );
    let (sight, limit) = (ChannelNames::from(sight), page_rows(filter.limit));
    let values = named_params! {
        ":at": sql(moment.at),
        ":all": sight.all,
        ":sites": sight.sites,
        ":channels": sight.names,
        ":limit": limit + 1,
        ":from": i64::try_from(filter.from).unwrap_or(i64::MAX),
    };
    let mut statement = db.prepare_cached(&text)?;
    let found = statement.query_map(values, |row| {
        let (arrived, birth): (Option<String>, Option<String>) = (row.get(1)?, row.get(3)?);
        let arrived = arrived.and_then(|text| text.parse::<Date>().ok());
        let birth = birth.and_then(|text| serde_json::from_str::<Birth>(&text).ok());
        let day = arrived.filter(|day| day.day().is_some());
        let items: BTreeMap<String, u64> = from_json(row, 6)?;
        Ok(PlainRow {
            site: row.get::<_, Option<String>>(0)?.filter(|code| SiteCode::new(code).is_ok()),
            week: day.and_then(monday),
            sex: row.get::<_, Option<String>>(2)?.map(coded),
            age: birth.and_then(|birth| band(&birth, day.unwrap_or(filter.today))).unwrap_or("unknown"),
            country: row.get::<_, Option<String>>(4)?.filter(|code| is_country(code)),
            category: row.get::<_, Option<String>>(5)?.map(coded),
            items: items.into_iter().fold(BTreeMap::new(), |mut items, (kind, count)| {
                let kind: &mut u64 = items.entry(coded(kind)).or_default();
                *kind = kind.saturating_add(count);
                items
            }),
        })
    })?;
    let mut rows: Vec<PlainRow> = found.collect::<Result<_, _>>()?;
    let has_more = i64::try_from(rows.len()).is_ok_and(|found| found > limit);
    if has_more {
        rows.pop();
    }
    let next = has_more.then_some(filter.from + rows.len());
    Ok(PlainPage { as_of: moment.at, rows, next })
}

/// A code as code lists have them. What is none may be anything that somebody typed, also a name.
fn coded(code: String) -> String {
    let fits = code.len() <= CODE_BYTES_MAX
        && code.starts_with(|c: char| c.is_ascii_lowercase())
        && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if fits { code } else { "other".to_owned() }
}

fn is_country(code: &str) -> bool {
    code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// The Monday of a day's week.
fn monday(day: Date) -> Option<String> {
    let (month, of_month) = (day.month()?, day.day()?);
    let date = jiff::civil::Date::new(
        i16::try_from(day.year()).ok()?,
        i8::try_from(month).ok()?,
        i8::try_from(of_month).ok()?,
    );
    let date = date.ok()?;
    let back = i64::from(date.weekday().to_monday_zero_offset());
    Some(date.checked_sub(jiff::Span::new().days(back)).ok()?.to_string())
}

/// The age band: where a birth is not known to the day, that of the middle of what is possible.
fn band(birth: &Birth, day: Date) -> Option<&'static str> {
    let (youngest, oldest) = birth.age_on(day)?;
    Some(match youngest.midpoint(oldest) {
        0..=4 => "0-4",
        5..=11 => "5-11",
        12..=17 => "12-17",
        18..=59 => "18-59",
        60.. => "60+",
    })
}
