//! Before every route: is there a decision about it, who asks, and may they do this at all?
//!
//! The decisions stand in `access::routes`; what is not there is denied. Handlers ask `access::decide` again with the site
//! or document that the request is about. What devices may do is decided where their proof is checked.

use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};

use super::door::Visitor;
use super::error::Failure;
use super::principal::{self, Asker};
use super::recording;
use crate::access::routes::{self, Needs};
use crate::access::{Action, Resource, decide};
use crate::account::sessions::Activity;
use crate::serve::app::App;
use crate::serve::rate::Bucket;

/// What an open page asks for on its own: it keeps no session open.
const BY_ITSELF: &[&str] = &["/page/live"];

/// Puts the guard before every route that the router has by now.
pub fn guarded(router: Router<Arc<App>>, app: &Arc<App>) -> Router<Arc<App>> {
    router.route_layer(from_fn_with_state(Arc::clone(app), guard)).route_layer(from_fn(decided))
}

/// Lets through only what a decision stands for, and says which.
pub async fn decided(mut request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    // What answers GET answers HEAD without the body.
    let method = if request.method() == Method::HEAD { "GET" } else { request.method().as_str() };
    match routes::needs(method, path) {
        Some(needs) => {
            request.extensions_mut().insert(needs);
            next.run(request).await
        }
        None if routes::knows(path) => Failure::no_such_method().into_response(),
        None => Failure::no_decision().into_response(),
    }
}

async fn guard(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    match admit(&app, &request) {
        Ok(asker) => {
            if let Some(asker) = asker {
                request.extensions_mut().insert(asker);
            }
            next.run(request).await
        }
        Err(Refused { failure, denied }) => {
            if let Some(denied) = denied {
                let (asker, action) = *denied;
                recording::denied(&app, &asker, action, None).await;
            }
            failure.into_response()
        }
    }
}

/// Why a request does not reach its route.
struct Refused {
    failure: Failure,
    /// Who is known and may not do what.
    denied: Option<Box<(Asker, Action)>>,
}

impl<F: Into<Failure>> From<F> for Refused {
    fn from(failure: F) -> Self {
        Self { failure: failure.into(), denied: None }
    }
}

/// Who asks; `None` on the routes of devices, where nobody has been looked for.
fn admit(app: &App, request: &Request) -> Result<Option<Asker>, Refused> {
    let needs = *request.extensions().get::<Needs>().ok_or_else(Failure::no_decision)?;
    if needs == Needs::Device {
        return Ok(None);
    }
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let activity = if BY_ITSELF.contains(&path) { Activity::Page } else { Activity::Person };
    let asker = principal::asker(app, request.headers(), activity);
    let bucket = match (asker.user(), asker.is_known()) {
        (Some(user), _) => Some(Bucket::Account(user)),
        (None, true) => Some(Bucket::Setup),
        (None, false) => None,
    };
    if let (Some(bucket), Some(visitor)) = (bucket, request.extensions().get::<Visitor>()) {
        visitor.is(app, bucket)?;
    }
    if asker.is_by_cookie() && !principal::may_act(request.method(), request.headers(), app.door.is_tls()) {
        return Err(Failure::other_origin().into());
    }
    match needs {
        Needs::Open(_) | Needs::Device => {}
        Needs::Action(_) if !asker.is_known() => return Err(Failure::no_token().into()),
        Needs::Action(action) => {
            if decide(&asker.principal, action, Resource::Any).is_err() {
                return Err(Refused { failure: Failure::not_allowed(), denied: Some(Box::new((asker, action))) });
            }
        }
    }
    Ok(Some(asker))
}
