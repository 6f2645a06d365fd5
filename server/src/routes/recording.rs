//! Recording who looks at what, before it is shown, and what was denied.
//!
//! An entry of the log each, by the short way to the writer: it waits for one group of other people's work at most, and
//! goes on while the disk is nearly full. Bounds: [`crate::serve::records`].

use sync_protocol::documents::Kind;
use sync_protocol::ids::{DocumentId, Position};

use super::error::Failure;
use super::principal::Asker;
use crate::access::{Action, Resource, decide};
use crate::hub::entry::Allowed;
use crate::hub::fact::{By, Fact, Ground};
use crate::hub::writer::{Done, Job};
use crate::limits::REASON_CHARACTERS_MIN;
use crate::serve::app::App;
use crate::serve::reading::Place;

/// Writes a fact; it is on disk when this returns.
///
/// # Errors
/// [`Failure`] when it could not be.
pub async fn write(app: &App, by: By, fact: Fact) -> Result<Position, Failure> {
    match app.queue.submit_small(vec![Job::Fact(fact, by)]).await?.into_iter().next() {
        Some(Done::Fact(position)) => Ok(position),
        _ => Err(Failure::internal("a fact came back as something else")),
    }
}

/// On what ground somebody may open a document, if at all. Recorded when not: the same for what is out of scope and for
/// what is not there.
///
/// # Errors
/// [`Failure`] when the documents cannot be read.
pub async fn ground(app: &App, asker: &Asker, place: &Place) -> Result<Option<Ground>, Failure> {
    let Place { document, kind, channels } = place;
    let resource = Resource::Document { document: *document, kind: *kind, channels };
    match decide(&asker.principal, Action::ReadDocument, resource) {
        Ok(Allowed::BreakGlass) => Ok(Some(Ground::BreakGlass)),
        Ok(_) => Ok(Some(Ground::Scope)),
        Err(_) => {
            denied(app, asker, Action::ReadDocument, Some(*document)).await;
            Ok(None)
        }
    }
}

/// Records that somebody opens a document.
///
/// # Errors
/// [`Failure`] when it could not be recorded: the document is not shown then.
pub async fn read(app: &App, asker: &Asker, place: &Place, ground: Ground) -> Result<(), Failure> {
    let (by, document, now) = (asker.by(), place.document, asker.now);
    if app.records.is_recorded(by, document, ground, now) {
        return Ok(());
    }
    write(app, by, Fact::Read { document, kind: Kind::code(place.kind), ground }).await?;
    app.records.recorded(by, document, ground, now);
    Ok(())
}

/// Records that something was denied to somebody who is known; beyond a number a minute it is only counted. What was
/// denied stays denied when the record cannot be written.
pub async fn denied(app: &App, asker: &Asker, action: Action, document: Option<DocumentId>) {
    if !asker.is_known() {
        return;
    }
    let by = asker.by();
    let fact = Fact::Denied { action: action.name().to_owned(), document };
    if !app.records.takes_denial(by, asker.now) || write(app, by, fact).await.is_err() {
        app.metrics.denials_unrecorded.inc();
    }
}

/// A reason that a person gives for looking beyond the scope.
///
/// # Errors
/// [`Failure`] when it says too little, or too much.
pub fn reason(text: &str) -> Result<String, Failure> {
    let reason = super::admin::reason(text)?;
    if reason.chars().count() < REASON_CHARACTERS_MIN {
        let message = format!("say in {REASON_CHARACTERS_MIN} characters or more why: others will read it");
        return Err(Failure::invalid("reason-short", message));
    }
    Ok(reason)
}
