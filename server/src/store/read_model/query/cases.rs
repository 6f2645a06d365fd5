//! Cases, one or many, and conflicts.

use rusqlite::{Connection, OptionalExtension, Row, ToSql, named_params};
use sync_protocol::ids::{DocumentId, Millis, Position, SiteCode};

use super::super::ReadModelError;
use super::super::answer::{ArrivalRow, Arrivals, CaseDetail, CasePage, CaseRow, ConflictPage, ConflictRow, Version};
use super::super::extract::fold;
use super::super::sight::{ChannelNames, Channels};
use super::{Moment, document_id, from_json, next_of, page_rows, position, read_cursor, sql};
use crate::limits;

/// Which cases are wanted.
#[derive(Clone, Default)]
pub struct CaseFilter {
    /// As they stood at this position; now when absent.
    pub at: Option<Position>,
    /// Of one site.
    pub site: Option<SiteCode>,
    /// Whose code or names hold every word of this, in whatever case and accents.
    pub text: Option<String>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
    /// How many, at most [`limits::READ_MODEL_PAGE_ROWS_MAX`].
    pub limit: Option<usize>,
}

const CASE_COLUMNS: &str = concat!(
    "cases.document, cases.code, cases.name, cases.sex, cases.birth, cases.site, cases.status, cases.country, ",
    "cases.arrived, cases.category, cases.urgent, cases.created, cases.from_position, ",
    "(SELECT count(*) FROM conflicts WHERE conflicts.document = cases.document AND ",
    holds!("conflicts"),
    ")"
);

/// A case is shown in lists: it was in sight then and is now.
const LISTED: &str = concat!(in_sight!("cases", ":at"), " AND ", in_sight!("cases", ":now"));

fn case_row(row: &Row<'_>) -> rusqlite::Result<CaseRow> {
    let urgent: String = row.get(10)?;
    let birth: Option<String> = row.get(4)?;
    Ok(CaseRow {
        document: document_id(row, 0)?,
        code: row.get(1)?,
        name: row.get(2)?,
        sex: row.get(3)?,
        // A form that this version does not know is shown with the projection only.
        birth: birth.and_then(|text| serde_json::from_str(&text).ok()),
        site: row.get(5)?,
        status: row.get(6)?,
        country: row.get(7)?,
        arrived: row.get(8)?,
        category: row.get(9)?,
        urgent: urgent.split_whitespace().map(str::to_owned).collect(),
        conflicts: row.get(13)?,
        created: position(row.get(11)?),
        changed: position(row.get(12)?),
    })
}

pub(in super::super) fn cases(
    db: &Connection,
    moment: Moment,
    filter: &CaseFilter,
    sight: &Channels,
) -> Result<CasePage, ReadModelError> {
    let words = words(filter.text.as_deref());
    let (created, document) = read_cursor(filter.cursor.as_deref())?;
    let limit = page_rows(filter.limit);
    let mut text = format!(
        "SELECT {CASE_COLUMNS} FROM cases WHERE {} AND (cases.created, cases.document) < (:created, :document)
         AND (:site IS NULL OR cases.site = :site) AND {}",
        holds!("cases"),
        LISTED
    );
    let names = contain_words(&mut text, words.len());
    text.push_str(" ORDER BY cases.created DESC, cases.document DESC LIMIT :limit");
    let (at, now, more, id) = (sql(moment.at), sql(moment.now), limit + 1, *document.as_bytes());
    let (site, sight) = (filter.site.as_ref().map(SiteCode::as_str), ChannelNames::from(sight));
    let mut values: Vec<(&str, &dyn ToSql)> = vec![
        (":at", &at),
        (":now", &now),
        (":created", &created),
        (":document", &id),
        (":site", &site),
        (":limit", &more),
        (":all", &sight.all),
        (":sites", &sight.sites),
        (":channels", &sight.names),
    ];
    values.extend(names.iter().zip(&words).map(|(name, word)| (name.as_str(), word as &dyn ToSql)));
    let mut statement = db.prepare_cached(&text)?;
    let mut cases: Vec<CaseRow> = statement.query_map(values.as_slice(), case_row)?.collect::<Result<_, _>>()?;
    let next = next_of(&mut cases, limit, |last| (last.created, last.document));
    Ok(CasePage { as_of: moment.at, cases, next })
}

/// The words of a search, folded.
pub(super) fn words(text: Option<&str>) -> Vec<String> {
    let folded = fold(text.unwrap_or_default());
    folded.split_whitespace().take(limits::READ_MODEL_SEARCH_WORDS_MAX).map(str::to_owned).collect()
}

/// Asks for as many words in what a search looks into; the names of their parameters.
pub(super) fn contain_words(text: &mut String, count: usize) -> Vec<String> {
    let names: Vec<String> = (0..count).map(|number| format!(":word{number}")).collect();
    for name in &names {
        text.push_str(" AND instr(cases.search, ");
        text.push_str(name);
        text.push_str(") > 0");
    }
    names
}

/// One case, whoever asks: who may see it is decided before, by where it is now.
pub(in super::super) fn case(
    db: &Connection,
    moment: Moment,
    document: DocumentId,
) -> Result<Option<CaseDetail>, ReadModelError> {
    let at = moment.at;
    let text = format!(
        "SELECT {CASE_COLUMNS}, cases.projection FROM cases WHERE cases.document = :document AND {}",
        holds!("cases")
    );
    let values = named_params! {":document": document.as_bytes(), ":at": sql(at)};
    let found =
        db.prepare_cached(&text)?.query_row(values, |row| Ok((case_row(row)?, from_json(row, 14)?))).optional()?;
    let Some((case, projection)) = found else { return Ok(None) };
    let channels = concat!(
        "SELECT DISTINCT channel FROM placements WHERE document = :document AND ",
        holds!("placements"),
        " ORDER BY channel"
    );
    let channels = db.prepare_cached(channels)?.query_map(values, |row| row.get(0))?.collect::<Result<_, _>>()?;
    let versions = "SELECT from_position, to_position FROM cases
                    WHERE document = :document AND from_position <= :at ORDER BY from_position";
    let versions = db
        .prepare_cached(versions)?
        .query_map(values, |row| {
            let to: Option<i64> = row.get(1)?;
            Ok(Version { from: position(row.get(0)?), to: to.map(position).filter(|to| *to <= at) })
        })?
        .collect::<Result<_, _>>()?;
    let of_this = ConflictFilter { document: Some(document), site: None, limit: i64::MAX };
    Ok(Some(CaseDetail {
        as_of: at,
        case,
        channels,
        projection,
        conflicts: conflict_rows(db, moment, &of_this, &Channels::All)?,
        versions,
    }))
}

/// Which conflicts are wanted.
struct ConflictFilter<'a> {
    document: Option<DocumentId>,
    site: Option<&'a SiteCode>,
    limit: i64,
}

fn conflict_rows(
    db: &Connection,
    moment: Moment,
    filter: &ConflictFilter<'_>,
    sight: &Channels,
) -> Result<Vec<ConflictRow>, ReadModelError> {
    let text = concat!(
        "SELECT documents.document, documents.kind, cases.code, cases.name, documents.site, conflicts.path,
         conflicts.label, conflicts.value_list, conflicts.from_position
         FROM conflicts JOIN documents ON documents.document = conflicts.document AND ",
        holds!("documents"),
        " LEFT JOIN cases ON cases.document = conflicts.document AND ",
        holds!("cases"),
        " WHERE ",
        holds!("conflicts"),
        " AND ",
        in_sight!("documents", ":at"),
        " AND ",
        in_sight!("documents", ":now"),
        " AND (:document IS NULL OR conflicts.document = :document) AND (:site IS NULL OR documents.site = :site)
         ORDER BY conflicts.from_position, conflicts.document, conflicts.path LIMIT :limit"
    );
    let sight = ChannelNames::from(sight);
    let values = named_params! {
        ":at": sql(moment.at),
        ":now": sql(moment.now),
        ":document": filter.document.as_ref().map(DocumentId::as_bytes),
        ":site": filter.site.map(SiteCode::as_str),
        ":limit": filter.limit,
        ":all": sight.all,
        ":sites": sight.sites,
        ":channels": sight.names,
    };
    let mut statement = db.prepare_cached(text)?;
    let rows = statement.query_map(values, |row| {
        Ok(ConflictRow {
            document: document_id(row, 0)?,
            kind: row.get(1)?,
            code: row.get(2)?,
            name: row.get(3)?,
            site: row.get(4)?,
            path: row.get(5)?,
            label: from_json(row, 6)?,
            values: from_json(row, 7)?,
            since: position(row.get(8)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(in super::super) fn conflicts(
    db: &Connection,
    moment: Moment,
    site: Option<&SiteCode>,
    limit: Option<usize>,
    sight: &Channels,
) -> Result<ConflictPage, ReadModelError> {
    let total = concat!(
        "SELECT count(*) FROM conflicts JOIN documents ON documents.document = conflicts.document AND ",
        holds!("documents"),
        " WHERE ",
        holds!("conflicts"),
        " AND ",
        in_sight!("documents", ":at"),
        " AND ",
        in_sight!("documents", ":now"),
        " AND (:site IS NULL OR documents.site = :site)"
    );
    let names = ChannelNames::from(sight);
    let values = named_params! {
        ":at": sql(moment.at),
        ":now": sql(moment.now),
        ":site": site.map(SiteCode::as_str),
        ":all": names.all,
        ":sites": names.sites,
        ":channels": names.names,
    };
    let total: i64 = db.prepare_cached(total)?.query_row(values, |row| row.get(0))?;
    let filter = ConflictFilter { document: None, site, limit: page_rows(limit) };
    let conflicts = conflict_rows(db, moment, &filter, sight)?;
    Ok(ConflictPage { as_of: moment.at, total: total.unsigned_abs(), conflicts })
}

pub(in super::super) fn arrivals(
    db: &Connection,
    moment: Moment,
    limit: Option<usize>,
    sight: &Channels,
) -> Result<Arrivals, ReadModelError> {
    let text = format!(
        "SELECT {CASE_COLUMNS}, receipts.at, receipts.user FROM cases
         LEFT JOIN receipts ON receipts.position = cases.created
         WHERE {} AND {LISTED} ORDER BY cases.created DESC, cases.document DESC LIMIT :limit",
        holds!("cases")
    );
    let sight = ChannelNames::from(sight);
    let values = named_params! {
        ":at": sql(moment.at),
        ":now": sql(moment.now),
        ":limit": page_rows(limit),
        ":all": sight.all,
        ":sites": sight.sites,
        ":channels": sight.names,
    };
    let mut statement = db.prepare_cached(&text)?;
    let rows = statement.query_map(values, |row| {
        let moment: Option<i64> = row.get(14)?;
        Ok(ArrivalRow { case: case_row(row)?, at: moment.map(Millis), user: row.get(15)? })
    })?;
    Ok(Arrivals { as_of: moment.at, arrivals: rows.collect::<Result<_, _>>()? })
}
