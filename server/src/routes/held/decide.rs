//! `POST /v1/held/decide`: a person lets held work in or not, singly or in bulk.
//!
//! Asks for every work whether this principal decides at the site of its device. What hangs on a work goes with it, in
//! the order of the log. A request that comes twice changes nothing: what was decided meanwhile is counted, not decided
//! again. The device hears of it in its next answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Json as Body;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use sync_protocol::ids::{ActorPrefix, DocumentId, Position, SiteCode};
use utoipa::ToSchema;

use super::{HeldQuery, HeldRow, Work, rows, works};
use crate::access::{Action, Principal, Resource};
use crate::hub::deciding::Decision;
use crate::hub::directory::Directory;
use crate::hub::fact::By;
use crate::hub::writer::{Done, Job, read_entry};
use crate::limits::{DECIDE_ITEMS_MAX, DECIDE_WORKS_MAX, HELD_PAGE_ROWS};
use crate::routes::admin::{can, may, reason};
use crate::routes::error::{ErrorBody, Failure};
use crate::routes::extract::Json;
use crate::routes::principal::Asker;
use crate::serve::app::App;

/// A work that is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, ToSchema)]
pub struct HeldWork {
    /// The entry that holds it.
    #[schema(value_type = u64)]
    pub position: Position,
    /// Which document of that entry.
    pub item: u16,
}

/// All held work that fits; at least one of these.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HeldAll {
    /// Of this device.
    #[schema(value_type = Option<String>)]
    pub lease: Option<ActorPrefix>,
    /// Of devices that stand at this site.
    #[schema(value_type = Option<String>)]
    pub site: Option<SiteCode>,
    /// Held for this reason, or for reasons that begin so.
    pub code: Option<String>,
}

/// What is decided.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HeldDecision {
    /// These works, at most 256; what hangs on them goes along.
    #[serde(default)]
    pub items: Vec<HeldWork>,
    /// Or all works like this.
    #[serde(default)]
    pub all: Option<HeldAll>,
    /// Let in, or not. What is not stays in the log, and the device keeps its own copy aside.
    pub approve: bool,
    /// Why, for people: the device shows it.
    #[schema(example = "The agent was asked and has recorded this")]
    pub reason: String,
}

/// What became of a decision.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct HeldDecided {
    /// The last entry that was written for it; none when nothing was left to be decided.
    #[schema(value_type = Option<u64>)]
    pub position: Option<Position>,
    /// Works decided now: what was asked for and what hangs on it.
    pub decided: usize,
    /// Works asked for that were decided before.
    pub already: usize,
    /// Works that fit the question and did not fit into one request: send the same again.
    pub left: usize,
    /// Works that were decided and are held still, for a reason that a decision does not end.
    pub stays: usize,
    /// The first of them.
    pub held: Vec<HeldRow>,
}

/// Decides about held work.
#[utoipa::path(
    post,
    path = "/v1/held/decide",
    tag = "console",
    description = "Lets held work in or not: named works, or all of a device, of a site, of a reason. The device gets a \
                   second receipt. Twice the same changes nothing.",
    request_body = HeldDecision,
    responses(
        (status = OK, description = "It is in the log", body = HeldDecided),
        (status = BAD_REQUEST, description = "Nothing named, too much named, or no reason", body = ErrorBody),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "A work is not of a device of the own sites, or there is none", body = ErrorBody),
        (status = CONFLICT, description = "The hub was restored and waits to be confirmed", body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, description = "Too much waits, or the hub stops: send the same again", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn decide(
    State(app): State<Arc<App>>,
    asker: Asker,
    Json(decision): Json<HeldDecision>,
) -> Result<Body<HeldDecided>, Failure> {
    Ok(Body(decided(&app, &asker.principal, decision).await?))
}

/// Decides, as the page does too.
///
/// # Errors
/// [`Failure`] to be answered. Where the hub had too much to do, some may be decided already.
pub async fn decided(app: &App, principal: &Principal, decision: HeldDecision) -> Result<HeldDecided, Failure> {
    let reason = reason(&decision.reason)?;
    if app.shared.directory().restored.is_some() {
        let message = "this hub was restored and waits to be confirmed: run `segin admin hub confirm-restored` first";
        return Err(Failure::conflict("held-hub-restored", message));
    }
    let (asked, already) = match (&decision.all, decision.items.as_slice()) {
        (None, items) if !items.is_empty() => named(app, principal, items).await?,
        (Some(all), []) => (fitting(app, principal, all)?, 0),
        _ => {
            return Err(Failure::invalid("held-which", "name works in 'items', or say in 'all' which: one of the two"));
        }
    };
    let mut works = with_what_hangs_on(&app.shared.directory(), &asked);
    let left = works.len().saturating_sub(DECIDE_WORKS_MAX);
    while works.len() > DECIDE_WORKS_MAX {
        works.pop_last();
    }
    let (entries, decided) = write(app, &works, decision.approve, &reason, principal.by).await?;
    let mut still: Vec<Work> = {
        let directory = app.shared.directory();
        let held = super::works(&directory, &HeldQuery::default(), |_| true).into_values();
        held.filter(|work| entries.contains(&work.position)).collect()
    };
    let stays = still.len();
    still.truncate(HELD_PAGE_ROWS);
    let position = entries.last().copied();
    Ok(HeldDecided { position, decided, already, left, stays, held: rows(app, still).await? })
}

/// Works that were named: those that are held, and how many were decided before.
async fn named(
    app: &App,
    principal: &Principal,
    items: &[HeldWork],
) -> Result<(BTreeMap<(Position, u16), Work>, usize), Failure> {
    if items.len() > DECIDE_ITEMS_MAX {
        let message =
            format!("{} works are named, at most {DECIDE_ITEMS_MAX} at once: send the rest again", items.len());
        return Err(Failure::invalid("held-too-many", message));
    }
    let (mut asked, mut gone) = (BTreeMap::new(), BTreeSet::new());
    {
        let directory = app.shared.directory();
        let mut held = works(&directory, &HeldQuery::default(), |_| true);
        for HeldWork { position, item } in items {
            match held.remove(&(*position, *item)) {
                Some(work) => {
                    may(principal, Action::DecideHeld, Resource::Site(&work.site))?;
                    asked.insert(work.place(), work);
                }
                None if asked.contains_key(&(*position, *item)) => {}
                None => {
                    gone.insert((*position, *item));
                }
            }
        }
    }
    // Of what is not held any more only those hear who may decide about it.
    if !can(principal, Action::DecideHeld, Resource::Everywhere) && !gone.is_empty() {
        let (shared, looked_for) = (Arc::clone(&app.shared), gone.clone());
        let leases = app.work(move || -> Vec<Option<ActorPrefix>> {
            let lease = |(position, item): &(Position, u16)| {
                let entry = read_entry(&shared, *position).ok()?;
                entry.work(usize::from(*item)).map(|work| work.lease)
            };
            looked_for.iter().map(lease).collect()
        });
        for lease in leases.await? {
            let directory = app.shared.directory();
            let state = lease.and_then(|lease| directory.leases.get(&lease)).ok_or_else(Failure::not_allowed)?;
            may(principal, Action::DecideHeld, Resource::Site(&directory.device_site(state)))?;
        }
    }
    Ok((asked, gone.len()))
}

/// Works like this at the sites where the principal decides.
fn fitting(app: &App, principal: &Principal, all: &HeldAll) -> Result<BTreeMap<(Position, u16), Work>, Failure> {
    if *all == HeldAll::default() {
        return Err(Failure::invalid("held-which", "say of which device, which site or which reason"));
    }
    let directory = app.shared.directory();
    if let Some(site) = &all.site {
        may(principal, Action::DecideHeld, Resource::Site(site))?;
    }
    if let Some(lease) = &all.lease {
        match directory.leases.get(lease) {
            Some(state) => may(principal, Action::DecideHeld, Resource::Site(&directory.device_site(state)))?,
            None => may(principal, Action::DecideHeld, Resource::Everywhere)?,
        }
    }
    let HeldAll { lease, site, code } = all.clone();
    let query = HeldQuery { lease, site, code, ..HeldQuery::default() };
    Ok(works(&directory, &query, |site| can(principal, Action::DecideHeld, Resource::Site(site))))
}

/// The works with everything that hangs on them, so that one entry after the other can take them.
fn with_what_hangs_on(
    directory: &Directory,
    asked: &BTreeMap<(Position, u16), Work>,
) -> BTreeMap<(Position, u16), (DocumentId, ActorPrefix)> {
    let mut all: BTreeMap<_, _> = asked.iter().map(|(place, work)| (*place, (work.document, work.lease))).collect();
    for work in asked.values().filter(|work| work.is_for_who) {
        for held in directory.held_for_who(work.document, work.lease) {
            all.insert((held.position, held.item), (work.document, work.lease));
        }
    }
    all
}

/// Has the works decided: the entries, and how many works.
async fn write(
    app: &App,
    works: &BTreeMap<(Position, u16), (DocumentId, ActorPrefix)>,
    approve: bool,
    reason: &str,
    by: By,
) -> Result<(Vec<Position>, usize), Failure> {
    let (mut entries, mut decided) = (Vec::new(), 0);
    let items: Vec<(Position, u16)> = works.keys().copied().collect();
    // Each entry decides at least one work.
    for _ in 0..items.len() {
        let job = Job::Decide(Decision { items: items.clone(), approve, reason: reason.to_owned(), by });
        let done = app.queue.submit(vec![job]).await?;
        let Some(Done::Decided(done)) = done.into_iter().next() else {
            return Err(Failure::internal("a decision came back as something else"));
        };
        entries.extend(done.position);
        decided += done.decided;
        if done.left == 0 || done.decided == 0 {
            break;
        }
    }
    Ok((entries, decided))
}
