//! `GET` and `POST /v1/admin/partners`: who takes referrals; `GET /v1/admin/regions`: what the sites say.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json as Body;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sync_protocol::ids::{PartnerCode, Position, SiteCode};
use utoipa::ToSchema;

use super::sites::Written;
use super::{may, name, write};
use crate::access::{Action, Resource};
use crate::hub::directory::PartnerState;
use crate::hub::fact::Fact;
use crate::routes::error::{ErrorBody, Failure};
use crate::routes::extract::Json;
use crate::routes::principal::Asker;
use crate::serve::app::App;

/// A partner, new or changed.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct NewPartner {
    /// Two to eight capitals and digits.
    #[schema(value_type = String, example = "OIM")]
    pub code: PartnerCode,
    /// Its name.
    #[schema(example = "Organisation internationale pour les migrations")]
    pub name: String,
    /// Whether referrals can be made to it; a partner that is closed sees nothing any more.
    #[serde(default = "open")]
    #[schema(default = true)]
    pub open: bool,
}

const fn open() -> bool {
    true
}

/// A partner.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PartnerRow {
    /// Its code.
    #[schema(value_type = String)]
    pub code: PartnerCode,
    /// Its name.
    pub name: String,
    /// Whether referrals can be made to it.
    pub open: bool,
}

/// All partners.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PartnerList {
    /// The position that this answer shows.
    #[schema(value_type = u64)]
    pub as_of: Position,
    /// By code.
    pub partners: Vec<PartnerRow>,
}

/// A region: whatever sites say the same.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RegionRow {
    /// Its name, as its sites give it.
    pub name: String,
    /// Its open sites.
    #[schema(value_type = Vec<String>)]
    pub sites: Vec<SiteCode>,
    /// Its closed sites.
    #[schema(value_type = Vec<String>)]
    pub closed: Vec<SiteCode>,
}

/// All regions.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RegionList {
    /// The position that this answer shows.
    #[schema(value_type = u64)]
    pub as_of: Position,
    /// By name.
    pub regions: Vec<RegionRow>,
}

/// Lists the regions.
#[utoipa::path(
    get,
    path = "/v1/admin/regions",
    tag = "admin",
    responses(
        (status = OK, description = "All regions that a site names", body = RegionList),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "Not open to this role", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn regions(State(app): State<Arc<App>>) -> Body<RegionList> {
    let as_of = app.shared.published().position;
    let directory = app.shared.directory();
    let mut regions: BTreeMap<&str, RegionRow> = BTreeMap::new();
    for (code, site) in &directory.sites {
        let region = regions.entry(&site.region).or_insert_with(|| RegionRow {
            name: site.region.clone(),
            sites: Vec::new(),
            closed: Vec::new(),
        });
        let list = if site.closed_into.is_none() { &mut region.sites } else { &mut region.closed };
        list.push(code.clone());
    }
    Body(RegionList { as_of, regions: regions.into_values().collect() })
}

/// Lists the partners.
#[utoipa::path(
    get,
    path = "/v1/admin/partners",
    tag = "admin",
    responses(
        (status = OK, description = "All partners", body = PartnerList),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "Not open to this role", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn partners(State(app): State<Arc<App>>) -> Body<PartnerList> {
    let as_of = app.shared.published().position;
    let directory = app.shared.directory();
    let row = |(code, partner): (&PartnerCode, &PartnerState)| PartnerRow {
        code: code.clone(),
        name: partner.name.clone(),
        open: partner.open,
    };
    Body(PartnerList { as_of, partners: directory.partners.iter().map(row).collect() })
}

/// Adds or changes a partner.
#[utoipa::path(
    post,
    path = "/v1/admin/partners",
    tag = "admin",
    description = "Adds a partner, or changes the name or whether it is open. The same again changes nothing.",
    request_body = NewPartner,
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
pub async fn add_partner(
    State(app): State<Arc<App>>,
    asker: Asker,
    Json(new): Json<NewPartner>,
) -> Result<(StatusCode, Body<Written>), Failure> {
    may(&asker.principal, Action::ManagePlaces, Resource::Everywhere)?;
    let partner = PartnerState { name: name("the name", &new.name)?, open: new.open };
    let _alone = app.administering.lock().await;
    let known = app.shared.directory().partners.get(&new.code).cloned();
    let status = if known.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    if known.as_ref() == Some(&partner) {
        return Ok((status, Body(Written { position: app.shared.published().position })));
    }
    let PartnerState { name, open } = partner;
    let position = write(&app, asker.by(), vec![Fact::Partner { code: new.code, name, open }]).await?;
    Ok((status, Body(Written { position })))
}
