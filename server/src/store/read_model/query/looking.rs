//! Looking beyond one's scope, codes, and referrals.

use rusqlite::{Connection, OptionalExtension, ToSql, named_params};
use sync_protocol::documents::{Birth, Date};
use sync_protocol::ids::DocumentId;

use super::super::ReadModelError;
use super::super::answer::{FoundRow, LookUpFound, ReferralPage, ReferralRow};
use super::super::sight::{ChannelNames, Channels};
use super::cases::{contain_words, words};
use super::{Moment, document_id, next_of, page_rows, position, read_cursor, sql};
use crate::limits::LOOK_UP_ROWS_MAX;

/// Looks into all cases. Takes the rows of one page and does not look whether there are more.
pub(in super::super) fn look_up(db: &Connection, moment: Moment, text: &str) -> Result<LookUpFound, ReadModelError> {
    let words = words(Some(text));
    let mut query = String::from(concat!(
        "SELECT cases.document, cases.code, cases.name, cases.birth, cases.site, cases.arrived, receipts.at
         FROM cases LEFT JOIN receipts ON receipts.position = cases.created WHERE ",
        holds!("cases")
    ));
    let names = contain_words(&mut query, words.len());
    query.push_str(" ORDER BY cases.created DESC, cases.document DESC LIMIT :limit");
    let (at, limit) = (sql(moment.at), i64::try_from(LOOK_UP_ROWS_MAX).unwrap_or(i64::MAX));
    let mut values: Vec<(&str, &dyn ToSql)> = vec![(":at", &at), (":limit", &limit)];
    values.extend(names.iter().zip(&words).map(|(name, word)| (name.as_str(), word as &dyn ToSql)));
    let mut statement = db.prepare_cached(&query)?;
    let found = statement.query_map(values.as_slice(), |row| {
        let (name, birth): (Option<String>, Option<String>) = (row.get(2)?, row.get(3)?);
        let (arrived, came): (Option<String>, Option<i64>) = (row.get(5)?, row.get(6)?);
        let birth = birth.and_then(|text| serde_json::from_str::<Birth>(&text).ok());
        let came = came.map(|millis| Date::from_epoch_days(millis.div_euclid(86_400_000)));
        let shown = FoundRow {
            code: row.get(1)?,
            initials: name.as_deref().map(initials).unwrap_or_default(),
            born: birth.map(|birth| birth.days().0.year()),
            site: row.get(4)?,
            date: arrived.or_else(|| came.map(String::from)),
        };
        Ok((document_id(row, 0)?, shown))
    })?;
    let (documents, rows) = found.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
    Ok(LookUpFound { as_of: moment.at, documents, rows })
}

/// The first letter of each name.
fn initials(name: &str) -> String {
    let letters = name.split_whitespace().filter_map(|word| word.chars().next());
    letters.map(|letter| format!("{}.", letter.to_uppercase())).collect::<Vec<_>>().join(" ")
}

/// The document of a code; of several, which only a forger makes, the first.
pub(in super::super) fn of_code(
    db: &Connection,
    moment: Moment,
    code: &str,
) -> Result<Option<DocumentId>, ReadModelError> {
    let text = concat!(
        "SELECT document FROM cases WHERE code = :code AND ",
        holds!("cases"),
        " ORDER BY created, document LIMIT 1"
    );
    let values = named_params! {":code": code, ":at": sql(moment.at)};
    Ok(db.prepare_cached(text)?.query_row(values, |row| document_id(row, 0)).optional()?)
}

/// The codes of these documents, in their order.
pub(in super::super) fn codes(
    db: &Connection,
    moment: Moment,
    documents: &[DocumentId],
) -> Result<Vec<Option<String>>, ReadModelError> {
    let text = concat!("SELECT code FROM cases WHERE document = :document AND ", holds!("cases"));
    let mut statement = db.prepare_cached(text)?;
    let mut codes = Vec::with_capacity(documents.len());
    for document in documents {
        let values = named_params! {":document": document.as_bytes(), ":at": sql(moment.at)};
        codes.push(statement.query_row(values, |row| row.get(0)).optional()?.flatten());
    }
    Ok(codes)
}

/// Referrals, newest first.
pub(in super::super) fn referrals(
    db: &Connection,
    moment: Moment,
    (cursor, limit): (Option<&str>, Option<usize>),
    sight: &Channels,
) -> Result<ReferralPage, ReadModelError> {
    let text = concat!(
        "SELECT document, case_id, partner, purpose, urgency, deadline, site, status, withdrawn, created, from_position
         FROM referrals WHERE ",
        holds!("referrals"),
        " AND ",
        in_sight!("referrals", ":at"),
        " AND (created, document) < (:created, :document) ORDER BY created DESC, document DESC LIMIT :limit"
    );
    let ((created, document), limit, sight) = (read_cursor(cursor)?, page_rows(limit), ChannelNames::from(sight));
    let values = named_params! {
        ":at": sql(moment.at),
        ":created": created,
        ":document": document.as_bytes(),
        ":limit": limit + 1,
        ":all": sight.all,
        ":sites": sight.sites,
        ":channels": sight.names,
    };
    let mut statement = db.prepare_cached(text)?;
    let rows = statement.query_map(values, |row| {
        let case: Option<String> = row.get(1)?;
        Ok(ReferralRow {
            document: document_id(row, 0)?,
            case: case.and_then(|text| text.parse().ok()),
            partner: row.get(2)?,
            purpose: row.get(3)?,
            urgency: row.get(4)?,
            deadline: row.get(5)?,
            site: row.get(6)?,
            status: row.get(7)?,
            withdrawn: row.get(8)?,
            created: position(row.get(9)?),
            changed: position(row.get(10)?),
        })
    })?;
    let mut referrals: Vec<ReferralRow> = rows.collect::<Result<_, _>>()?;
    let next = next_of(&mut referrals, limit, |last| (last.created, last.document));
    Ok(ReferralPage { as_of: moment.at, referrals, next })
}
