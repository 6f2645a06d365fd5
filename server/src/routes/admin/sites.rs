//! `GET` and `POST /v1/admin/sites`: the sites of the hub.

use std::sync::Arc;

use axum::Json as Body;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sync_protocol::ids::{Position, SiteCode};
use utoipa::ToSchema;

use super::{AdminError, name, write};
use crate::hub::directory::Site;
use crate::hub::fact::Fact;
use crate::routes::error::{ErrorBody, Failure};
use crate::routes::extract::Json;
use crate::routes::principal::Asker;
use crate::serve::app::App;
use crate::serve::configuration::with_site;

/// A site to be added.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct NewSite {
    /// Two to four capitals; stands on cards.
    #[schema(value_type = String, example = "GOG")]
    pub code: SiteCode,
    /// Its name.
    #[schema(example = "Gogui")]
    pub name: String,
    /// Its region.
    #[schema(example = "Kayes")]
    pub region: String,
}

/// A site.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SiteRow {
    /// Its code.
    #[schema(value_type = String)]
    pub code: SiteCode,
    /// Its name.
    pub name: String,
    /// Its region.
    pub region: String,
}

/// All sites.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SiteList {
    /// The position that this answer shows.
    #[schema(value_type = u64)]
    pub as_of: Position,
    /// By code.
    pub sites: Vec<SiteRow>,
}

/// Where an administrator's act stands in the log.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Written {
    /// The entry; the last one where nothing had to be written.
    #[schema(value_type = u64)]
    pub position: Position,
}

/// Lists the sites.
#[utoipa::path(
    get,
    path = "/v1/admin/sites",
    tag = "admin",
    responses(
        (status = OK, description = "All sites", body = SiteList),
        (status = UNAUTHORIZED, description = "No console token", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn sites(State(app): State<Arc<App>>) -> Body<SiteList> {
    let as_of = app.shared.published().position;
    let directory = app.shared.directory();
    let row = |(code, site): (&SiteCode, &Site)| SiteRow {
        code: code.clone(),
        name: site.name.clone(),
        region: site.region.clone(),
    };
    Body(SiteList { as_of, sites: directory.sites.iter().map(row).collect() })
}

/// Adds a site.
#[utoipa::path(
    post,
    path = "/v1/admin/sites",
    tag = "admin",
    description = "Adds a site. The same again changes nothing.",
    request_body = NewSite,
    responses(
        (status = CREATED, description = "It is in the log", body = Written),
        (status = OK, description = "It was there already", body = Written),
        (status = BAD_REQUEST, description = "A code or name cannot be used", body = ErrorBody),
        (status = UNAUTHORIZED, description = "No console token", body = ErrorBody),
        (status = CONFLICT, description = "Another site has this code", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "Too much waits, or the hub stops", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn add_site(
    State(app): State<Arc<App>>,
    asker: Asker,
    Json(new): Json<NewSite>,
) -> Result<(StatusCode, Body<Written>), Failure> {
    let site = Site { name: name("the name", &new.name)?, region: name("the region", &new.region)?, closed_into: None };
    let _alone = app.administering.lock().await;
    let known = app.shared.directory().sites.get(&new.code).cloned();
    match known {
        Some(known) if known == site => {
            Ok((StatusCode::OK, Body(Written { position: app.shared.published().position })))
        }
        Some(_) => Err(AdminError::SiteExists(new.code).into()),
        None => {
            let Site { name, region, .. } = site;
            let listed = listed(&app, &new.code, &name)?;
            let site = Fact::Site { code: new.code, name, region, closed_into: None };
            let position = write(&app, asker.by(), std::iter::once(site).chain(listed).collect()).await?;
            Ok((StatusCode::CREATED, Body(Written { position })))
        }
    }
}

/// The configuration with this site in it, if devices do not have it yet.
fn listed(app: &App, code: &SiteCode, name: &str) -> Result<Option<Fact>, Failure> {
    let present = app.shared.directory().configuration.clone();
    let Some((_, present)) = present else { return Ok(None) };
    with_site(&present, &app.shared.keyring, code, name).map_err(|error| Failure::internal(&error))
}
