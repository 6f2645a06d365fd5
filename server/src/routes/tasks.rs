//! `GET /v1/tasks` and `POST /v1/tasks/{position}/done`: what a person must do because of what happened.
//!
//! Shown to whoever looks after the case. A task that is not open to somebody is answered as one that is not there.

use std::sync::Arc;

use axum::Json as Body;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use sync_protocol::documents::Kind;
use sync_protocol::ids::{DocumentId, Millis, Position};
use utoipa::ToSchema;

use super::admin::reason;
use super::error::{ErrorBody, Failure};
use super::extract::{Json, Part};
use super::principal::Asker;
use super::recording;
use crate::access::{Action, Principal, Resource, decide};
use crate::hub::directory::{Directory, OpenTask};
use crate::hub::fact::{Fact, Task};
use crate::hub::published::Shared;
use crate::limits::TASKS_LOOKED_AT_MAX;
use crate::serve::app::App;

/// A task that is not done.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct TaskRow {
    /// The entry that opened it.
    #[schema(value_type = u64)]
    pub position: Position,
    /// Hub time.
    #[schema(value_type = i64)]
    pub at: Millis,
    /// `referral-withdrawn`: tell the partner to forget what it was told.
    pub kind: String,
    /// The referral.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub referral: Option<DocumentId>,
    /// The case.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub case: Option<DocumentId>,
    /// Code of the partner.
    pub partner: Option<String>,
    /// Who may have received it already: names of the partner's users, with the letters of their device, or `console`.
    pub received: Vec<String>,
}

/// Tasks, oldest first.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Tasks {
    /// The tasks.
    pub tasks: Vec<TaskRow>,
}

/// What was done.
#[derive(Deserialize, ToSchema)]
pub struct Done {
    /// For people; stands in the log.
    #[schema(example = "Told by telephone, the list was deleted while we spoke")]
    pub note: String,
}

/// Where it stands.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct TaskDone {
    /// The entry.
    #[schema(value_type = u64)]
    pub position: Position,
}

/// Lists tasks.
#[utoipa::path(
    get,
    path = "/v1/tasks",
    tag = "console",
    responses(
        (status = OK, description = "Oldest first", body = Tasks),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "Not a role that has tasks", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn tasks(State(app): State<Arc<App>>, asker: Asker) -> Result<Body<Tasks>, Failure> {
    let shared = Arc::clone(&app.shared);
    let tasks = app.work(move || open(&shared, &asker.principal)).await??;
    Ok(Body(Tasks { tasks }))
}

/// Says that a task is done.
#[utoipa::path(
    post,
    path = "/v1/tasks/{position}/done",
    tag = "console",
    params(("position" = u64, Path, description = "The entry that opened it")),
    request_body = Done,
    responses(
        (status = OK, description = "It is in the log", body = TaskDone),
        (status = BAD_REQUEST, description = "No note", body = ErrorBody),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "Not a role that has tasks", body = ErrorBody),
        (status = NOT_FOUND, description = "No such task, done already, or not yours", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "Too much waits, or the hub stops", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn done(
    State(app): State<Arc<App>>,
    asker: Asker,
    Part(opened): Part<Position>,
    Json(Done { note }): Json<Done>,
) -> Result<Body<TaskDone>, Failure> {
    let note = reason(&note)?;
    let _one = app.administering.lock().await;
    let (shared, principal) = (Arc::clone(&app.shared), asker.principal.clone());
    let tasks = app.work(move || open(&shared, &principal)).await??;
    if !tasks.iter().any(|task| task.position == opened) {
        return Err(Failure::not_found("task-unknown", "there is no such task, it is done, or it is not yours"));
    }
    let position = recording::write(&app, asker.by(), Fact::TaskDone { opened, note }).await?;
    Ok(Body(TaskDone { position }))
}

/// The open tasks that the principal may do.
fn open(shared: &Shared, principal: &Principal) -> Result<Vec<TaskRow>, Failure> {
    let all: Vec<(Position, OpenTask)> = {
        let directory = shared.directory();
        directory.tasks.iter().take(TASKS_LOOKED_AT_MAX).map(|(at, task)| (*at, task.clone())).collect()
    };
    let mut tasks = Vec::new();
    for (position, task) in all {
        let Task::Withdrawn { referral, case, .. } = &task.task;
        let may = |document: DocumentId, kind: Kind| -> Result<bool, Failure> {
            let head = shared.store.head(document).map_err(|error| Failure::internal(&error))?;
            let channels = head.map(|head| head.channels).unwrap_or_default();
            let resource = Resource::Document { document, kind, channels: &channels };
            Ok(decide(principal, Action::DoTasks, resource).is_ok())
        };
        // What stands nowhere any more is for whoever sees all sites.
        let everywhere = decide(principal, Action::DoTasks, Resource::Everywhere).is_ok();
        let of_case = case.map(|case| may(case, Kind::Case)).transpose()?.unwrap_or_default();
        if everywhere || of_case || may(*referral, Kind::Referral)? {
            tasks.push(row(position, &task, &shared.directory()));
        }
    }
    Ok(tasks)
}

fn row(position: Position, open: &OpenTask, directory: &Directory) -> TaskRow {
    let Task::Withdrawn { referral, partner, leases, users, case } = &open.task;
    let device =
        |lease| directory.leases.get(lease).map(|state| format!("{} {}", state.lease.name, state.lease.letters));
    let person = |user| directory.users.get(user).map(|profile| format!("{} console", profile.name));
    let received = leases.iter().filter_map(device).chain(users.iter().filter_map(person)).collect();
    TaskRow {
        position,
        at: open.at,
        kind: "referral-withdrawn".to_owned(),
        referral: Some(*referral),
        case: *case,
        partner: Some(partner.to_string()),
        received,
    }
}
