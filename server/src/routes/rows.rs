//! `GET /v1/rows`: cases without anything that names the person, as JSON page by page, or as one file.

use std::sync::Arc;

use axum::Json as Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use sync_protocol::documents::Date;
use sync_protocol::ids::Position;
use utoipa::{IntoParams, ToSchema};

use super::error::{ErrorBody, Failure};
use super::extract::Params;
use super::principal::Asker;
use super::{recording, sight};
use crate::hub::fact::Fact;
use crate::limits::{EXPORT_ROWS_MAX, READ_MODEL_PAGE_ROWS_MAX};
use crate::serve::app::App;
use crate::store::read_model::{PlainFilter, PlainPage, PlainRow};

/// The name of this export in the log.
const WHAT: &str = "rows";

/// As what rows are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// A page.
    Json,
    /// All in one file.
    Csv,
}

/// Which rows.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RowsQuery {
    /// As they stood at this position.
    #[param(value_type = Option<u64>)]
    at: Option<Position>,
    /// The `next` of the page before.
    from: Option<usize>,
    /// Rows of the page.
    limit: Option<usize>,
    /// `json`, page by page, or `csv`: all in one file, which is recorded as an export.
    format: Option<Format>,
}

/// Lists cases without names.
#[utoipa::path(
    get,
    path = "/v1/rows",
    tag = "console",
    description = "Site, week, sex, age band, country, category, what was given: no names, codes, ids or free text. Age \
                   bands are worked out for the answer. A file is recorded as an export before it is sent.",
    params(RowsQuery),
    responses(
        (status = OK, description = "A page, or a file", body = PlainPage),
        (status = BAD_REQUEST, description = "The query cannot be answered", body = ErrorBody),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "Not a role that reads rows", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "The lists are catching up", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn rows(
    State(app): State<Arc<App>>,
    asker: Asker,
    Params(query): Params<RowsQuery>,
) -> Result<Response, Failure> {
    app.lists_follow().await?;
    let today = Date::from_epoch_days(asker.now.0.div_euclid(86_400_000));
    let filter = PlainFilter { at: query.at, from: query.from.unwrap_or_default(), limit: query.limit, today };
    if query.format != Some(Format::Csv) {
        return Ok(Body(app.read_model.rows(filter, sight::plain(&asker.principal)).await?).into_response());
    }
    let rows = all(&app, &asker, filter).await?;
    let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    let file = csv(&rows).map_err(|error| Failure::internal(&error))?;
    recording::write(&app, asker.by(), Fact::Exported { what: WHAT.to_owned(), rows: count }).await?;
    let mut response = file.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"segin-rows.csv\""));
    Ok(response)
}

/// All rows of one position, read page by page so that other questions have their turn.
async fn all(app: &App, asker: &Asker, filter: PlainFilter) -> Result<Vec<PlainRow>, Failure> {
    let (mut at, mut from, mut rows) = (filter.at, 0, Vec::new());
    loop {
        let filter = PlainFilter { at, from, limit: Some(READ_MODEL_PAGE_ROWS_MAX), today: filter.today };
        let page = app.read_model.rows(filter, sight::plain(&asker.principal)).await?;
        at = Some(page.as_of);
        rows.extend(page.rows);
        match page.next {
            Some(next) if rows.len() < EXPORT_ROWS_MAX => from = next,
            Some(_) => {
                let message = format!("there are more than {EXPORT_ROWS_MAX} rows: take them page by page");
                return Err(Failure::invalid("export-too-long", message));
            }
            None => return Ok(rows),
        }
    }
}

fn csv(rows: &[PlainRow]) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["site", "week", "sex", "age", "country", "category", "items"])?;
    for row in rows {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let items: Vec<String> = row.items.iter().map(|(kind, count)| format!("{kind}:{count}")).collect();
        writer.write_record([
            text(&row.site),
            text(&row.week),
            text(&row.sex),
            row.age.to_owned(),
            text(&row.country),
            text(&row.category),
            items.join(" "),
        ])?;
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
