//! `GET` and `POST /v1/admin/sites`, `POST /v1/admin/sites/{code}/close`: the sites of the hub.

use std::sync::Arc;

use axum::Json as Body;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sync_protocol::ids::{Channel, Position, SiteCode};
use utoipa::ToSchema;

use super::{AdminError, may, name, open_site, write};
use crate::access::{Action, Resource};
use crate::hub::directory::Site;
use crate::hub::fact::Fact;
use crate::routes::error::{ErrorBody, Failure};
use crate::routes::extract::{Json, Part};
use crate::routes::principal::Asker;
use crate::serve::app::App;
use crate::serve::configuration::with_site;

/// A site, new or changed.
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
    /// The site that took over its people, once it is closed.
    #[schema(value_type = Option<String>)]
    pub closed_into: Option<SiteCode>,
    /// Documents of a closed site that are still on their way to the other one.
    pub to_move: u64,
}

/// Where the people of a site go on.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Closing {
    /// An open site.
    #[schema(value_type = String, example = "KAY")]
    pub into: SiteCode,
}

/// A site that was closed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Closed {
    /// The entry; the last one where nothing had to be written.
    #[schema(value_type = u64)]
    pub position: Position,
    /// Documents that are still to move; the list of sites says how many are left.
    pub to_move: u64,
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
    let published = app.shared.published();
    let directory = app.shared.directory();
    let row = |(code, site): (&SiteCode, &Site)| SiteRow {
        code: code.clone(),
        name: site.name.clone(),
        region: site.region.clone(),
        closed_into: site.closed_into.clone(),
        to_move: if site.closed_into.is_some() { documents(&app, code) } else { 0 },
    };
    Body(SiteList { as_of: published.position, sites: directory.sites.iter().map(row).collect() })
}

fn documents(app: &App, site: &SiteCode) -> u64 {
    app.shared.published().channels.get(&Channel::site(site)).map_or(0, |state| state.documents)
}

/// Adds or changes a site.
#[utoipa::path(
    post,
    path = "/v1/admin/sites",
    tag = "admin",
    description = "Adds a site, or gives the one with this code another name or region. The same again changes nothing.",
    request_body = NewSite,
    responses(
        (status = CREATED, description = "It is in the log", body = Written),
        (status = OK, description = "It was there: changed, or the same already", body = Written),
        (status = BAD_REQUEST, description = "A code or name cannot be used", body = ErrorBody),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "Not an administrator", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "Too much waits, or the hub stops", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn add_site(
    State(app): State<Arc<App>>,
    asker: Asker,
    Json(new): Json<NewSite>,
) -> Result<(StatusCode, Body<Written>), Failure> {
    may(&asker.principal, Action::ManagePlaces, Resource::Site(&new.code))?;
    let (name, region) = (name("the name", &new.name)?, name("the region", &new.region)?);
    let _alone = app.administering.lock().await;
    let known = app.shared.directory().sites.get(&new.code).cloned();
    let status = if known.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    let site = Site { name, region, closed_into: known.as_ref().and_then(|known| known.closed_into.clone()) };
    if known.as_ref() == Some(&site) {
        return Ok((status, Body(Written { position: app.shared.published().position })));
    }
    let listed = listed(&app, &new.code, &site.name)?;
    let facts = std::iter::once(site_fact(new.code, site)).chain(listed).collect();
    Ok((status, Body(Written { position: write(&app, asker.by(), facts).await? })))
}

fn site_fact(code: SiteCode, site: Site) -> Fact {
    let Site { name, region, closed_into } = site;
    Fact::Site { code, name, region, closed_into }
}

/// Closes a site.
#[utoipa::path(
    post,
    path = "/v1/admin/sites/{code}/close",
    tag = "admin",
    description = "Closes a site into another one: its users, devices and documents go on there. Documents follow in \
                   pieces; work that its devices have not sent yet is applied there when it comes.",
    params(("code" = String, Path, description = "The site's code")),
    request_body = Closing,
    responses(
        (status = OK, description = "It is in the log, or was already", body = Closed),
        (status = BAD_REQUEST, description = "Into itself, or not a code", body = ErrorBody),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "Not an administrator", body = ErrorBody),
        (status = CONFLICT, description = "One of the two is unknown or closed", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "Too much waits, or the hub stops", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn close_site(
    State(app): State<Arc<App>>,
    asker: Asker,
    Part(code): Part<SiteCode>,
    Json(Closing { into }): Json<Closing>,
) -> Result<Body<Closed>, Failure> {
    may(&asker.principal, Action::ManagePlaces, Resource::Site(&code))?;
    let _alone = app.administering.lock().await;
    let to_move = documents(&app, &code);
    let site = {
        let directory = app.shared.directory();
        let site = directory.sites.get(&code).ok_or_else(|| AdminError::SiteUnknown(code.clone()))?;
        match &site.closed_into {
            Some(known) if *known == into => {
                return Ok(Body(Closed { position: app.shared.published().position, to_move }));
            }
            Some(_) => return Err(AdminError::SiteClosed(code).into()),
            None if code == into => return Err(AdminError::SiteItself(code).into()),
            None => open_site(&directory, &into)?,
        }
        Site { closed_into: Some(into), ..site.clone() }
    };
    let position = write(&app, asker.by(), vec![site_fact(code, site)]).await?;
    Ok(Body(Closed { position, to_move }))
}

/// The configuration with this site in it, if devices do not have it yet.
fn listed(app: &App, code: &SiteCode, name: &str) -> Result<Option<Fact>, Failure> {
    let present = app.shared.directory().configuration.clone();
    let Some((_, present)) = present else { return Ok(None) };
    with_site(&present, &app.shared.keyring, code, name).map_err(|error| Failure::internal(&error))
}
