//! `POST /v1/break-glass` and `GET /v1/notices`: opening a case outside of the scope, and who is told.
//!
//! Breaking the glass says nothing about whether the case exists: the answer is the same, and what does not exist just
//! does not open. By a code, too, since a look beyond the scope shows codes and no ids; a code that names no case is
//! kept as the nil id, which names none either.

use std::sync::Arc;

use axum::Json as Body;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sync_protocol::documents::Code;
use sync_protocol::ids::{Channel, DocumentId, Millis, Position, SiteCode, UserId};
use utoipa::{IntoParams, ToSchema};

use super::error::{ErrorBody, Failure};
use super::extract::{Json, Params};
use super::principal::Asker;
use super::recording;
use crate::access::{Action, Principal, Resource, Role, decide};
use crate::hub::directory::BrokenGlass;
use crate::hub::fact::Fact;
use crate::hub::published::Shared;
use crate::limits::{GLASS_MINUTES_MAX, NOTICES_LOOKED_AT_MAX, NOTICES_PAGE_ROWS_MAX};
use crate::serve::app::App;
use crate::serve::records::Counted;

/// What a code that names no case stands for.
const NO_CASE: DocumentId = DocumentId::new([0; DocumentId::LEN]);

/// A case by its UUID or its human code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaseName {
    /// By UUID.
    Document(DocumentId),
    /// By code.
    Code(Code),
}

impl std::str::FromStr for CaseName {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let document = text.parse().map(Self::Document).ok();
        let name = document.or_else(|| Code::parse(text).map(Self::Code).ok());
        name.ok_or("neither a case's UUID nor a code such as GOG-24-K7-0042-Y")
    }
}

impl<'de> Deserialize<'de> for CaseName {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl CaseName {
    /// The document: for a code, one question to the lists, whatever it names.
    ///
    /// # Errors
    /// [`Failure`] when the lists do not answer.
    pub async fn document(&self, app: &App) -> Result<DocumentId, Failure> {
        match self {
            Self::Document(document) => Ok(*document),
            Self::Code(code) => {
                app.lists_follow().await?;
                Ok(app.read_model.of_code(code.to_string()).await?.unwrap_or(NO_CASE))
            }
        }
    }
}

/// Which case, why, and for how long.
#[derive(Deserialize, ToSchema)]
pub struct BreakGlass {
    /// Its UUID, or its human code.
    #[schema(value_type = String, example = "GOG-24-K7-0042-Y")]
    pub document: CaseName,
    /// For people; the leads of the case's sites and the auditors read it.
    #[schema(example = "She is at our gate with a fever and cannot say what she takes")]
    pub reason: String,
    /// Minutes, 240 at most.
    pub minutes: u32,
}

/// Until when a case is open, if it exists.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Broken {
    /// The entry.
    #[schema(value_type = u64)]
    pub position: Position,
    /// Hub time.
    #[schema(value_type = i64)]
    pub until: Millis,
}

/// Opens a case outside of the scope.
#[utoipa::path(
    post,
    path = "/v1/break-glass",
    tag = "console",
    description = "The case can then be opened at /v1/cases/{id} for that long, each look recorded as such; its annexes \
                   stay shut. The leads of its sites and the auditors are told. Answers the same for a case that does \
                   not exist: nothing opens then.",
    request_body = BreakGlass,
    responses(
        (status = CREATED, description = "It is in the log", body = Broken),
        (status = BAD_REQUEST, description = "No reason, or too long a time", body = ErrorBody),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "Not a role that may", body = ErrorBody),
        (status = CONFLICT, description = "The console token is nobody: sign in", body = ErrorBody),
        (status = TOO_MANY_REQUESTS, description = "Too often within an hour or a day", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "Too much waits, or the hub stops", body = ErrorBody),
    ),
    security(("session" = []))
)]
pub async fn break_glass(
    State(app): State<Arc<App>>,
    asker: Asker,
    Json(wanted): Json<BreakGlass>,
) -> Result<(StatusCode, Body<Broken>), Failure> {
    let reason = recording::reason(&wanted.reason)?;
    let Some(user) = asker.user() else {
        return Err(Failure::conflict("glass-user", "only a person who is signed in can do this: sign in"));
    };
    if !(1..=GLASS_MINUTES_MAX).contains(&wanted.minutes) {
        let message = format!("a case is opened for 1 to {GLASS_MINUTES_MAX} minutes: again afterwards, if need be");
        return Err(Failure::invalid("glass-minutes", message));
    }
    app.records
        .take(asker.by(), Counted::Glass, asker.now)
        .map_err(|ms| Failure::used_up("glass-limit", "you have done this as often as is allowed", ms))?;
    let document = wanted.document.document(&app).await?;
    let until = asker.now.plus(i64::from(wanted.minutes) * 60_000);
    let fact = Fact::BrokeGlass { user, document, until, reason };
    let position = recording::write(&app, asker.by(), fact).await?;
    Ok((StatusCode::CREATED, Body(Broken { position, until })))
}

/// Which notices.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NoticesQuery {
    /// Before this position: the `next` of the page before.
    #[param(value_type = Option<u64>)]
    before: Option<Position>,
}

/// A case was opened outside of a scope.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Notice {
    /// The entry.
    #[schema(value_type = u64)]
    pub position: Position,
    /// Hub time.
    #[schema(value_type = i64)]
    pub at: Millis,
    /// Who.
    #[schema(value_type = String, format = "uuid")]
    pub user: UserId,
    /// The name under which colleagues know them.
    pub name: Option<String>,
    /// Which case.
    #[schema(value_type = String, format = "uuid")]
    pub document: DocumentId,
    /// Its human code; absent where there is none, or no such case.
    pub code: Option<String>,
    /// Why.
    pub reason: String,
    /// Until when.
    #[schema(value_type = i64)]
    pub until: Millis,
}

/// Notices, newest first.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Notices {
    /// The notices.
    pub notices: Vec<Notice>,
    /// Give this back as `before` for the next page; absent on the last one.
    #[schema(value_type = Option<u64>)]
    pub next: Option<Position>,
}

/// Lists what was opened outside of scopes.
#[utoipa::path(
    get,
    path = "/v1/notices",
    tag = "console",
    description = "Who opened which case outside of the own scope, when, why and until when: for the leads of the case's \
                   sites and, of all cases, for auditors.",
    params(NoticesQuery),
    responses(
        (status = OK, description = "Newest first, page by page", body = Notices),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "Neither a lead nor an auditor", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "The lists are catching up", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn notices(
    State(app): State<Arc<App>>,
    asker: Asker,
    Params(query): Params<NoticesQuery>,
) -> Result<Body<Notices>, Failure> {
    app.lists_follow().await?;
    let shared = Arc::clone(&app.shared);
    let before = query.before.unwrap_or(Position(u64::MAX));
    let (mut notices, next) = app.work(move || collect(&shared, &asker.principal, before)).await??;
    let documents = notices.iter().map(|notice| notice.document).collect();
    for (notice, code) in notices.iter_mut().zip(app.read_model.codes(documents).await?) {
        notice.code = code;
    }
    Ok(Body(Notices { notices, next }))
}

fn collect(
    shared: &Shared,
    principal: &Principal,
    before: Position,
) -> Result<(Vec<Notice>, Option<Position>), Failure> {
    let broken: Vec<BrokenGlass> = {
        let directory = shared.directory();
        let earlier = directory.glass.iter().rev().filter(|glass| glass.position < before);
        earlier.take(NOTICES_LOOKED_AT_MAX).cloned().collect()
    };
    let mut last = broken.last().map(|glass| glass.position).filter(|_| broken.len() == NOTICES_LOOKED_AT_MAX);
    let all = principal.is(Role::Auditor) || principal.setup.is_some();
    let mut notices = Vec::new();
    for glass in broken {
        if notices.len() == NOTICES_PAGE_ROWS_MAX {
            last = notices.last().map(|notice: &Notice| notice.position);
            break;
        }
        let head = shared.store.head(glass.document).map_err(|error| Failure::internal(&error))?;
        let channels = head.map(|head| head.channels).unwrap_or_default();
        let sites: Vec<SiteCode> = channels.iter().filter_map(Channel::site_code).collect();
        let told = |site| decide(principal, Action::ReadNotices, Resource::Site(site)).is_ok();
        if !all && !sites.iter().any(told) {
            continue;
        }
        let BrokenGlass { position, at, user, document, until, reason } = glass;
        let name = shared.directory().users.get(&user).map(|profile| profile.name.clone());
        notices.push(Notice { position, at, user, name, document, code: None, reason, until });
    }
    Ok((notices, last))
}
