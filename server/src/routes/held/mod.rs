//! `GET /v1/held`: work that the hub keeps and a person must decide about, without its content.
//!
//! Read from the directory, so always current; moment and kind come from the entries that hold the rows of a page. Held
//! work belongs to the site where its device stands now: that site's lead sees it and decides ([`decide`]).

pub mod decide;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json as Body;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use sync_protocol::documents::Kind;
use sync_protocol::ids::{ActorPrefix, DocumentId, Millis, Position, SiteCode, UserId};
use utoipa::{IntoParams, ToSchema};

use super::admin::can;
use super::error::{ErrorBody, Failure};
use super::extract::Params;
use super::principal::Asker;
use crate::access::{Action, Principal, Resource};
use crate::hub::directory::{Directory, HeldItem};
use crate::hub::entry::Entry;
use crate::hub::published::Shared;
use crate::hub::writer::{Fatal, read_entry};
use crate::limits::{HELD_PAGE_ROWS, HELD_PAGE_ROWS_MAX};
use crate::serve::app::App;

/// Which held work.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HeldQuery {
    /// Of devices that stand at this site.
    #[param(value_type = Option<String>, example = "GOG")]
    pub site: Option<SiteCode>,
    /// Held for this reason, or for reasons that begin so.
    #[param(example = "held-who")]
    pub code: Option<String>,
    /// Of this device.
    #[param(value_type = Option<String>)]
    pub lease: Option<ActorPrefix>,
    /// On this document.
    #[param(value_type = Option<String>)]
    pub document: Option<DocumentId>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
    /// Rows of the answer: 50 when absent, 500 at most.
    pub limit: Option<usize>,
}

/// A work that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldRow {
    /// The entry that holds it.
    #[schema(value_type = u64)]
    pub position: Position,
    /// Which document of that entry.
    pub item: u16,
    /// Which document. It may not exist here: nothing is said about that.
    #[schema(value_type = String, format = "uuid")]
    pub document: DocumentId,
    /// Its kind, as the device names it.
    pub kind: String,
    /// Why it is held: stable.
    #[schema(example = "held-who-revoked")]
    pub code: String,
    /// Whose work.
    #[schema(value_type = String)]
    pub lease: ActorPrefix,
    /// Whose device.
    #[schema(value_type = String, format = "uuid")]
    pub user: UserId,
    /// The name under which colleagues know the person.
    pub name: String,
    /// The site where the device stands now.
    #[schema(value_type = String)]
    pub site: SiteCode,
    /// Hub time at which it came.
    #[schema(value_type = i64)]
    pub since: Millis,
    /// How many changes.
    pub changes: usize,
}

/// Held work.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct HeldList {
    /// The position that this answer shows.
    #[schema(value_type = u64)]
    pub as_of: Position,
    /// How many works fit the question.
    pub total: usize,
    /// In the order of the log.
    pub held: Vec<HeldRow>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// A held work as the directory has it.
#[derive(Debug, Clone)]
pub(super) struct Work {
    pub document: DocumentId,
    pub position: Position,
    pub item: u16,
    pub lease: ActorPrefix,
    pub site: SiteCode,
    pub user: UserId,
    pub name: String,
    pub code: String,
    pub is_for_who: bool,
    pub changes: usize,
}

impl Work {
    pub const fn place(&self) -> (Position, u16) {
        (self.position, self.item)
    }
}

/// Lists held work.
#[utoipa::path(
    get,
    path = "/v1/held",
    tag = "console",
    description = "Work that the hub keeps and a person must decide about, without its content: of all devices, or of \
                   those at the sites that one leads.",
    params(HeldQuery),
    responses(
        (status = OK, description = "Oldest first, page by page", body = HeldList),
        (status = BAD_REQUEST, description = "The query cannot be answered", body = ErrorBody),
        (status = UNAUTHORIZED, description = "Nobody is signed in", body = ErrorBody),
        (status = FORBIDDEN, description = "Not open to this role", body = ErrorBody),
    ),
    security(("console" = []), ("session" = []))
)]
pub async fn held(
    State(app): State<Arc<App>>,
    asker: Asker,
    Params(query): Params<HeldQuery>,
) -> Result<Body<HeldList>, Failure> {
    Ok(Body(list(&app, &asker.principal, &query).await?))
}

/// A page of what this principal may see.
///
/// # Errors
/// [`Failure`] when the cursor is none, or the log cannot be read.
pub async fn list(app: &App, principal: &Principal, query: &HeldQuery) -> Result<HeldList, Failure> {
    let after = query.cursor.as_deref().map(cursor).transpose()?;
    let limit = query.limit.unwrap_or(HELD_PAGE_ROWS).clamp(1, HELD_PAGE_ROWS_MAX);
    let as_of = app.shared.published().position;
    let works = {
        let directory = app.shared.directory();
        works(&directory, query, |site| can(principal, Action::ReadHeld, Resource::Site(site)))
    };
    let total = works.len();
    let mut page: Vec<Work> = works.into_values().filter(|work| Some(work.place()) > after).take(limit + 1).collect();
    let next = (page.len() > limit).then(|| {
        page.truncate(limit);
        page.last().map(|work| format!("{}.{}", work.position, work.item)).unwrap_or_default()
    });
    Ok(HeldList { as_of, total, held: rows(app, page).await?, next })
}

fn cursor(text: &str) -> Result<(Position, u16), Failure> {
    let parts = text.split_once('.').and_then(|(entry, item)| Some((entry.parse().ok()?, item.parse().ok()?)));
    let (entry, item) = parts.ok_or_else(|| {
        Failure::invalid("held-cursor", "the cursor is not one that a page of held work has given: begin without")
    })?;
    Ok((Position(entry), item))
}

/// Held works that fit the question, at sites that fit, in the order of the log.
pub(super) fn works(
    directory: &Directory,
    query: &HeldQuery,
    at: impl Fn(&SiteCode) -> bool,
) -> BTreeMap<(Position, u16), Work> {
    let mut works: BTreeMap<(Position, u16), Work> = BTreeMap::new();
    let wanted = |document: &DocumentId| query.document.is_none_or(|wanted| wanted == *document);
    for (document, items) in directory.held.iter().filter(|(document, _)| wanted(document)) {
        for held in items {
            if let Some(known) = works.get_mut(&(held.position, held.item)) {
                // Several runs of one work.
                known.changes += usize::from(held.changes);
                continue;
            }
            let is_code = query.code.as_ref().is_none_or(|code| held.code.starts_with(code.as_str()));
            let is_lease = query.lease.is_none_or(|lease| lease == held.lease);
            if is_code
                && is_lease
                && let Some(work) = work(directory, *document, held)
                && query.site.as_ref().is_none_or(|site| *site == work.site)
                && at(&work.site)
            {
                works.insert(work.place(), work);
            }
        }
    }
    works
}

fn work(directory: &Directory, document: DocumentId, held: &HeldItem) -> Option<Work> {
    let state = directory.leases.get(&held.lease)?;
    let user = state.lease.user;
    Some(Work {
        document,
        position: held.position,
        item: held.item,
        lease: held.lease,
        site: directory.device_site(state),
        user,
        name: directory.users.get(&user).map_or_else(|| state.lease.name.clone(), |user| user.name.clone()),
        code: held.code.clone(),
        is_for_who: held.is_for_who(),
        changes: usize::from(held.changes),
    })
}

/// The rows of a page, with what their entries say.
pub(super) async fn rows(app: &App, works: Vec<Work>) -> Result<Vec<HeldRow>, Failure> {
    let shared = Arc::clone(&app.shared);
    let rows = app.work(move || works.into_iter().map(|work| row(&shared, work)).collect::<Result<Vec<_>, _>>());
    Ok(rows.await??)
}

fn row(shared: &Shared, work: Work) -> Result<HeldRow, Fatal> {
    let (since, kind) = came(shared, work.position, work.item)?;
    let Work { document, position, item, lease, site, user, name, code, changes, .. } = work;
    Ok(HeldRow { position, item, document, kind, code, lease, user, name, site, since, changes })
}

/// When a work came, and the name of its kind. A decision after which it is held still leads back to the one before.
fn came(shared: &Shared, position: Position, item: u16) -> Result<(Millis, String), Fatal> {
    let name = |code: Option<u8>| code.and_then(Kind::from_code).map_or("unknown", Kind::name).to_owned();
    match read_entry(shared, position)? {
        Entry::Parcel(entry) => {
            let manifest = entry.read_manifest()?;
            Ok((entry.at, name(manifest.documents.get(usize::from(item)).map(|named| named.kind))))
        }
        Entry::Decision(entry) => match entry.items.get(usize::from(item)) {
            Some(decided) => came(shared, decided.position, decided.item),
            None => Ok((entry.at, name(None))),
        },
        Entry::Returned(entry) => {
            Ok((entry.at, name(entry.items.get(usize::from(item)).map(|returned| returned.kind))))
        }
        Entry::Sealed(_) => Ok((Millis(0), name(None))),
    }
}
