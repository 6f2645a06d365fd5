//! Placing: which channels a document enters by what it says.
//!
//! A new document enters the channel of the site that its manifest names; a movement also those at its other end; a
//! household those of its cases; a link both cases'; a referral its partner's and its case's; an annex its officers' and
//! no site's. Decided at admission, then recorded in the entry: rebuilding reads the entry. Channels are only entered
//! here; leaving is an act of its own ([`super::moving`]), for which a document's [`Note`] says what else goes with it.

use serde::Serialize;
use sync_protocol::documents::{Conflict, Kind, Problem, Projection, Summary};
use sync_protocol::gate::Reading;
use sync_protocol::ids::{Channel, DocumentId, PartnerCode, SiteCode};

use super::directory::Directory;
use super::entry::Allowed;
use super::filing::{Filing, FilingError};

/// What is kept, sealed, of a document for the read model, which never loads Automerge.
#[derive(Debug, Serialize)]
pub struct View<'a> {
    /// The document as plain data.
    pub projection: &'a Projection,
    /// A line of a list; for cases.
    pub summary: Option<Summary>,
    /// Fields with several values.
    pub conflicts: &'a [Conflict],
    /// What does not fit the schema.
    pub problems: &'a [Problem],
}

/// A document's [`View`] as JSON.
#[must_use]
pub fn view_json(reading: &Reading) -> Vec<u8> {
    let projection = &reading.projection;
    let summary = (projection.kind == Kind::Case).then(|| projection.summary());
    let view = View { projection, summary, conflicts: &reading.conflicts, problems: &reading.problems };
    serde_json::to_vec(&view).expect("plain data with text keys always becomes JSON")
}

/// The channels that a document enters with this entry.
///
/// # Errors
/// [`FilingError`] when a document that it names cannot be read.
pub fn entered(
    document: DocumentId,
    allowed: Allowed,
    site: &Channel,
    projection: &Projection,
    directory: &Directory,
    filing: &mut Filing<'_>,
) -> Result<Vec<Channel>, FilingError> {
    let mut wanted = Vec::new();
    // What a person lets in begins where it was recorded, also when its writer has no site any more.
    let begins = allowed == Allowed::Decided && filing.document(document)?.is_none();
    if (begins || matches!(allowed, Allowed::Began | Allowed::Card)) && projection.kind != Kind::Annex {
        wanted.push(site.clone());
    }
    match projection.kind {
        Kind::Case => {}
        Kind::Movement => {
            let ends = ["trip.from_site", "trip.to_site"].into_iter().filter_map(|path| projection.text(path));
            let known = |text: &str| SiteCode::new(text).ok().filter(|code| directory.sites.contains_key(code));
            wanted.extend(ends.filter_map(known).map(|code| Channel::site(&directory.site_now(&code))));
        }
        Kind::Household | Kind::Link => of_cases(named_cases(projection).into_iter(), filing, &mut wanted)?,
        Kind::Referral => {
            // Over is over: who consents again is referred anew.
            let over = projection.is_withdrawn() || directory.withdrawn.contains(&document);
            let partner = projection.text("referral.partner").filter(|_| !over);
            let partner = partner.and_then(|code| PartnerCode::new(code).ok());
            wanted.extend(partner.map(|code| Channel::partner(&code)));
            of_cases(named_cases(projection).into_iter(), filing, &mut wanted)?;
        }
        Kind::Annex => {
            // Free text in a document names no channel: only these two have officers.
            let channel = match projection.text("annex.type") {
                Some("protection") => Some(Channel::protection()),
                Some("health") => Some(Channel::health()),
                _ => None,
            };
            wanted.extend(channel);
        }
    }
    let has = filing.document(document)?.map(|working| working.channels.clone()).unwrap_or_default();
    let mut entered: Vec<Channel> = Vec::new();
    for channel in wanted {
        if !has.contains(&channel) && !entered.contains(&channel) {
            entered.push(channel);
        }
    }
    Ok(entered)
}

/// What a document says about others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// It names these cases: when they move, it moves with them.
    Names {
        /// Which document.
        document: DocumentId,
        /// The code of its kind.
        kind: u8,
        /// In their order, each once.
        cases: Vec<DocumentId>,
    },
    /// A referral ended by a withdrawal.
    Withdrawn {
        /// Which referral.
        referral: DocumentId,
    },
    /// The person no longer wants these partners to be told anything.
    Bars {
        /// Whose case.
        case: DocumentId,
        /// Which partners.
        partners: Vec<PartnerCode>,
    },
}

/// What a document says about others.
#[must_use]
pub fn notes(document: DocumentId, projection: &Projection, directory: &Directory) -> Vec<Note> {
    let mut notes: Vec<Note> = names(document, projection).into_iter().collect();
    if projection.is_withdrawn() {
        notes.push(Note::Withdrawn { referral: document });
    }
    if projection.kind == Kind::Case {
        let partners = directory.partners.keys().filter(|partner| projection.bars_referral_to(partner));
        let partners: Vec<PartnerCode> = partners.cloned().collect();
        if !partners.is_empty() {
            notes.push(Note::Bars { case: document, partners });
        }
    }
    notes
}

fn names(document: DocumentId, projection: &Projection) -> Option<Note> {
    let mut cases: Vec<DocumentId> = named_cases(projection).iter().filter_map(|text| text.parse().ok()).collect();
    cases.sort_unstable();
    cases.dedup();
    matches!(projection.kind, Kind::Household | Kind::Link | Kind::Referral).then_some(Note::Names {
        document,
        kind: projection.kind.code(),
        cases,
    })
}

/// The cases that a document names and moves with, as they stand in it.
fn named_cases(projection: &Projection) -> Vec<&str> {
    match projection.kind {
        Kind::Household => {
            projection.fields("members").into_iter().flatten().map(|(member, _)| member.as_str()).collect()
        }
        Kind::Link => ["link.a", "link.b"].into_iter().filter_map(|path| projection.text(path)).collect(),
        Kind::Referral => projection.text("referral.case").into_iter().collect(),
        Kind::Case | Kind::Movement | Kind::Annex => Vec::new(),
    }
}

/// Adds the channels of those of these cases that the hub has.
fn of_cases<'c>(
    cases: impl Iterator<Item = &'c str>,
    filing: &mut Filing<'_>,
    wanted: &mut Vec<Channel>,
) -> Result<(), FilingError> {
    for case in cases {
        let Ok(case) = case.parse::<DocumentId>() else { continue };
        if let Some(working) = filing.document(case)? {
            wanted.extend(working.channels.iter().cloned());
        }
    }
    Ok(())
}
