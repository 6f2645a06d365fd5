//! `POST /v1/cases/{id}/transfer`, `…/assign`, `…/unassign`: a case goes to another site, or to one user.
//!
//! The case must be in the scope; of a case outside of it and of one that is not there the answer is the same, after the
//! same look into the store. What goes with a case: `hub::moving`.

use std::sync::Arc;

use axum::Json as Body;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use sync_protocol::documents::Kind;
use sync_protocol::ids::{Channel, DocumentId, Millis, Position, SiteCode, UserId};
use utoipa::ToSchema;

use super::admin::{can, open_site, reason};
use super::error::{ErrorBody, Failure};
use super::extract::{Json, Part};
use super::principal::Asker;
use crate::access::{Action, Principal, Resource, decide};
use crate::hub::directory::Directory;
use crate::hub::entry::Allowed;
use crate::hub::fact::Ground;
use crate::hub::moving::Move;
use crate::hub::writer::{Done, Job};
use crate::serve::app::App;

/// Where a case goes.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Transfer {
    /// The site that it leaves; must be named where it is at several of one's sites.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "GOG")]
    pub from: Option<SiteCode>,
    /// An open site.
    #[schema(value_type = String, example = "BAM")]
    pub to: SiteCode,
    /// For people; stands in the log.
    #[schema(example = "The family goes on to the centre")]
    pub reason: String,
}

/// Whose a case is to be.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Assignment {
    /// An active user who works with people.
    #[schema(value_type = String, format = "uuid")]
    pub user: UserId,
}

/// What became of a move.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Moved {
    /// The entry; the last one where nothing had to be written.
    #[schema(value_type = u64)]
    pub position: Position,
    /// Whether anything was different before.
    pub moved: bool,
}

/// Transfers a case.
#[utoipa::path(
    post,
    path = "/v1/cases/{id}/transfer",
    tag = "console",
    description = "Hands a case to another site, with what names it. Devices of the site that it leaves are told; what \
                   they have not sent yet is held when it comes, and decided. Cards of before open it no longer.",
    params(("id" = String, Path, description = "The case's UUID")),
    request_body = Transfer,
    responses(
        (status = OK, description = "It is in the log, or was there already", body = Moved),
        (status = BAD_REQUEST, description = "No reason", body = ErrorBody),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "Not open to this role, or not the own site's to hand on", body = ErrorBody),
        (status = NOT_FOUND, description = "No such case in the scope", body = ErrorBody),
        (status = CONFLICT, description = "The site is unknown or closed, or several could be left", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "Too much waits, or the hub stops", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn transfer(
    State(app): State<Arc<App>>,
    asker: Asker,
    Part(case): Part<DocumentId>,
    Json(Transfer { from, to, reason: why }): Json<Transfer>,
) -> Result<Body<Moved>, Failure> {
    let channels = case_in_scope(&app, &asker.principal, Action::Transfer, case).await?;
    let reason = reason(&why)?;
    let from = leaves(&asker.principal, &channels, from)?;
    open_site(&app.shared.directory(), &to)?;
    move_case(
        &app,
        Move {
            case,
            leaves: Some(Channel::site(&from)),
            enters: Some(Channel::site(&to)),
            ground: Ground::Transfer,
            reason,
            by: asker.by(),
        },
    )
    .await
}

/// Assigns a case.
#[utoipa::path(
    post,
    path = "/v1/cases/{id}/assign",
    tag = "console",
    description = "Gives a case to a user, wherever the user works: it is in the user's scope until it is taken back.",
    params(("id" = String, Path, description = "The case's UUID")),
    request_body = Assignment,
    responses(
        (status = OK, description = "It is in the log, or was already", body = Moved),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "Not open to this role", body = ErrorBody),
        (status = NOT_FOUND, description = "No such case in the scope", body = ErrorBody),
        (status = CONFLICT, description = "No active user who works with people", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "Too much waits, or the hub stops", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn assign(
    State(app): State<Arc<App>>,
    asker: Asker,
    Part(case): Part<DocumentId>,
    Json(Assignment { user }): Json<Assignment>,
) -> Result<Body<Moved>, Failure> {
    let channels = case_in_scope(&app, &asker.principal, Action::Assign, case).await?;
    of_own_site(&asker.principal, &channels)?;
    if !takes_cases(&app.shared.directory(), user, asker.now) {
        return Err(Failure::conflict(
            "assign-user",
            "a case can be assigned to an active user who works with people: there is none with this id",
        ));
    }
    assignment(&app, &asker, case, None, Some(Channel::user(user))).await
}

/// Takes a case back.
#[utoipa::path(
    post,
    path = "/v1/cases/{id}/unassign",
    tag = "console",
    description = "Takes a case back from a user. It stays where it is otherwise.",
    params(("id" = String, Path, description = "The case's UUID")),
    request_body = Assignment,
    responses(
        (status = OK, description = "It is in the log, or was already", body = Moved),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "Not open to this role", body = ErrorBody),
        (status = NOT_FOUND, description = "No such case in the scope", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "Too much waits, or the hub stops", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn unassign(
    State(app): State<Arc<App>>,
    asker: Asker,
    Part(case): Part<DocumentId>,
    Json(Assignment { user }): Json<Assignment>,
) -> Result<Body<Moved>, Failure> {
    let channels = case_in_scope(&app, &asker.principal, Action::Assign, case).await?;
    of_own_site(&asker.principal, &channels)?;
    assignment(&app, &asker, case, Some(Channel::user(user)), None).await
}

async fn assignment(
    app: &App,
    asker: &Asker,
    case: DocumentId,
    leaves: Option<Channel>,
    enters: Option<Channel>,
) -> Result<Body<Moved>, Failure> {
    let (ground, reason, by) = (Ground::Assignment, String::new(), asker.by());
    move_case(app, Move { case, leaves, enters, ground, reason, by }).await
}

/// The channels of a case in the scope. Breaking the glass opens a case to be read, not to be moved.
async fn case_in_scope(
    app: &App,
    principal: &Principal,
    action: Action,
    case: DocumentId,
) -> Result<Vec<Channel>, Failure> {
    let store = Arc::clone(&app.shared.store);
    let head = app.work(move || store.head(case)).await?.map_err(|error| Failure::internal(&error))?;
    let is_case = head.as_ref().is_none_or(|head| Kind::from_code(head.kind) == Some(Kind::Case));
    let channels = head.map(|head| head.channels).unwrap_or_default();
    let resource = Resource::Document { document: case, kind: Kind::Case, channels: &channels };
    match decide(principal, action, resource) {
        Ok(Allowed::Scope) if is_case && !channels.is_empty() => Ok(channels),
        _ => Err(Failure::not_found("case-unknown", "there is no such case, or it is not open to you")),
    }
}

/// Whether the case is at a site whose cases this principal gives out: one that was itself assigned is not given on.
fn of_own_site(principal: &Principal, channels: &[Channel]) -> Result<(), Failure> {
    let may = |site: SiteCode| can(principal, Action::Assign, Resource::Site(&site));
    let own = channels.iter().filter_map(Channel::site_code).any(may);
    if own { Ok(()) } else { Err(Failure::not_allowed()) }
}

/// The site that a case leaves: one whose cases this principal hands on.
fn leaves(principal: &Principal, channels: &[Channel], from: Option<SiteCode>) -> Result<SiteCode, Failure> {
    let may = |site: &SiteCode| can(principal, Action::Transfer, Resource::Site(site));
    let own: Vec<SiteCode> = channels.iter().filter_map(Channel::site_code).filter(may).collect();
    match (from, own.as_slice()) {
        (Some(from), own) if own.contains(&from) => Ok(from),
        (None, [only]) => Ok(only.clone()),
        (None, [_, _, ..]) => {
            let sites = own.iter().map(SiteCode::as_str).collect::<Vec<_>>().join(", ");
            Err(Failure::conflict(
                "transfer-from",
                format!("the case is at {sites}: say with 'from' which one it leaves"),
            ))
        }
        (Some(from), _) if can(principal, Action::Transfer, Resource::Everywhere) => {
            Err(Failure::conflict("transfer-from", format!("the case is not at {from}: it may have been handed on")))
        }
        _ => Err(Failure::not_allowed()),
    }
}

/// Whether the user works with people, at present.
fn takes_cases(directory: &Directory, user: UserId, now: Millis) -> bool {
    can(&directory.principal(user, now), Action::ListCases, Resource::Any)
}

async fn move_case(app: &App, wanted: Move) -> Result<Body<Moved>, Failure> {
    match app.queue.submit(vec![Job::Move(wanted)]).await?.into_iter().next() {
        Some(Done::Moved(Some(position))) => Ok(Body(Moved { position, moved: true })),
        Some(Done::Moved(None)) => Ok(Body(Moved { position: app.shared.published().position, moved: false })),
        _ => Err(Failure::internal("a move came back as something else")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use sync_protocol::ids::DocumentId;

    use crate::serve::testing::{Got, Place};

    const CASE: DocumentId = DocumentId::new([9; 16]);

    fn said(got: &Got) -> (u16, Value) {
        (got.status, if got.status == 200 { got.json()["moved"].clone() } else { json!(got.code()) })
    }

    #[test]
    fn a_lead_hands_on_a_case_of_the_own_sites_and_others_are_not_there() {
        let place = Place::new();
        let hub = place.start();
        for (code, name) in [("GOG", "Gogui"), ("KAY", "Kayes"), ("BAM", "Bamako")] {
            hub.site(code, name);
        }
        let mut device = hub.device("GOG", "Awa", 1);
        let parcel = device.record(CASE, &[("identity.given", "Fanta")], None);
        device.sync(&hub, vec![parcel]);
        let lead = hub.person(json!({"name": "Lead", "sites": ["GOG"], "roles": ["site-lead"]}));
        let other = hub.person(json!({"name": "Other", "sites": ["KAY"], "roles": ["site-lead"]}));
        let manager = hub.person(json!({"name": "Manager", "roles": ["case-manager"]}));
        let caseworker = hub.person(json!({"name": "Binta", "sites": ["KAY"]}));
        let analyst = hub.user(json!({"name": "Analyst", "roles": ["analyst"]}));
        let act = |who, case: DocumentId, act: &str, body: Value| {
            hub.as_person(who, "POST", &format!("/v1/cases/{case}/{act}"), Some(&body))
        };
        let to = |to: &str| json!({"to": to, "reason": "goes on"});

        let nowhere = DocumentId::new([7; 16]);
        for (way, body) in [
            ("transfer", to("KAY")),
            ("assign", json!({"user": other.user})),
            ("unassign", json!({"user": other.user})),
        ] {
            let bytes = |case| {
                let got = act(&other, case, way, body.clone());
                (got.status, got.json()["code"].clone(), got.json()["message"].clone())
            };
            assert_eq!(bytes(CASE), bytes(nowhere), "{way}");
            assert_eq!(bytes(CASE).0, 404);
            assert_eq!(act(&caseworker, CASE, way, body.clone()).status, 403, "not a caseworker's to do");
        }
        assert_eq!(said(&act(&lead, CASE, "transfer", to("XXX"))), (409, json!("site-unknown")));
        assert_eq!(said(&act(&lead, CASE, "transfer", json!({"to": "KAY", "reason": " "}))), (400, json!("name")));
        let from = json!({"from": "BAM", "to": "KAY", "reason": "x"});
        assert_eq!(said(&act(&lead, CASE, "transfer", from.clone())), (403, json!("not-allowed")));
        assert_eq!(said(&act(&manager, CASE, "transfer", from)), (409, json!("transfer-from")));

        assert_eq!(said(&act(&lead, CASE, "assign", json!({"user": analyst}))), (409, json!("assign-user")));
        assert_eq!(said(&act(&lead, CASE, "assign", json!({"user": caseworker.user}))), (200, json!(true)));
        assert_eq!(said(&act(&lead, CASE, "assign", json!({"user": caseworker.user}))), (200, json!(false)));
        assert_eq!(said(&act(&lead, CASE, "unassign", json!({"user": caseworker.user}))), (200, json!(true)));

        assert_eq!(said(&act(&lead, CASE, "transfer", to("KAY"))), (200, json!(true)));
        assert_eq!(
            said(&act(&lead, CASE, "transfer", to("KAY"))),
            (404, json!("case-unknown")),
            "it is not here any more"
        );
        assert_eq!(said(&act(&other, CASE, "transfer", to("KAY"))), (200, json!(false)));
        assert_eq!(said(&act(&manager, CASE, "transfer", to("BAM"))), (200, json!(true)));
        hub.stop();
    }
}
