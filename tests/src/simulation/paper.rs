//! What people record in the simulation: typed edits, each with a mark of its own that can be found again in any bytes.

use std::collections::{BTreeMap, BTreeSet};

use sync_protocol::documents::{Answer, Edit, EntryId, Kind};
use sync_protocol::ids::{CardToken, ChangeHash, DocumentId, SiteCode};

use super::dice::Dice;

/// The number of one recorded edit.
pub type Mark = u32;

/// A mark as it stands in a field.
#[must_use]
pub fn mark_text(mark: Mark) -> String {
    format!("#{mark:05}#")
}

/// The marks in some bytes.
#[must_use]
pub fn marks_in(bytes: &[u8]) -> BTreeSet<Mark> {
    let windows = bytes.windows(7).filter(|window| window[0] == b'#' && window[6] == b'#');
    windows.filter_map(|window| std::str::from_utf8(&window[1..6]).ok()?.parse().ok()).collect()
}

/// What the simulation knows of a document, from who made it and not from the hub.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Its kind.
    pub kind: Kind,
    /// Sites that may see it: where it began, where its card was shown, a movement's ends.
    pub sites: BTreeSet<SiteCode>,
    /// Documents whose sites see it, too.
    pub about: Vec<DocumentId>,
    /// Its card.
    pub card: Option<CardToken>,
}

/// An edit that a device called recorded.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Its mark.
    pub mark: Mark,
    /// On which device.
    pub phone: usize,
    /// In which document.
    pub document: DocumentId,
    /// The change that it became at first.
    pub change: ChangeHash,
    /// The store that held it was replaced by an older one: it may be gone.
    pub excused: bool,
}

fn set(field: &str, value: impl Into<Answer>) -> Edit {
    Edit::Set { field: field.to_owned(), value: value.into() }
}

fn text(value: String) -> Answer {
    Answer::from(value.as_str())
}

/// The first edits of a new document; the case's code and card are the device's.
pub fn first_edits(
    kind: Kind,
    mark: Mark,
    about: &[DocumentId],
    sites: &[SiteCode],
    dice: &mut Dice,
) -> (Vec<Edit>, Option<&'static str>) {
    let (mut edits, path) = edits(kind, mark, about, dice);
    let id = |index: usize| about.get(index).map(|id| text(id.to_string()));
    match kind {
        Kind::Movement => {
            edits.extend(sites.first().map(|site| set("trip.from_site", text(site.to_string()))));
            edits.extend(sites.get(1).map(|site| set("trip.to_site", text(site.to_string()))));
        }
        Kind::Household => {
            edits.extend(about.iter().map(|case| Edit::Include {
                set: "members".to_owned(),
                member: case.to_string(),
                value: None,
            }));
        }
        Kind::Annex => {
            edits.push(set("annex.type", text("protection".to_owned())));
            edits.extend(id(0).map(|case| set("annex.case", case)));
        }
        Kind::Link => {
            edits.extend(id(0).map(|case| set("link.a", case)));
            edits.extend(id(1).map(|case| set("link.b", case)));
        }
        Kind::Referral => {
            edits.push(set("referral.partner", text("OIM".to_owned())));
            edits.extend(id(0).map(|case| set("referral.case", case)));
        }
        Kind::Case => {}
    }
    (edits, path)
}

/// The edits of a person on an existing document, and the field that carries the mark.
pub fn edits(kind: Kind, mark: Mark, about: &[DocumentId], dice: &mut Dice) -> (Vec<Edit>, Option<&'static str>) {
    let paths: &[&'static str] = match kind {
        Kind::Case => &["identity.given", "identity.family", "contact.person"],
        Kind::Movement => &["trip.vehicle", "trip.organiser"],
        Kind::Household => &[],
        Kind::Annex => &["child.carer"],
        Kind::Link => &["link.reason"],
        Kind::Referral => &["consent.purpose"],
    };
    let words = format!("Fatoumata {}", mark_text(mark));
    let entry = EntryId::new(dice.bytes());
    match paths.get(dice.below(paths.len() + usize::from(kind == Kind::Case))) {
        Some(path) => {
            let mut edits = vec![set(path, text(words))];
            if kind == Kind::Movement {
                edits.extend(about.iter().map(|case| Edit::Include {
                    set: "arrived".to_owned(),
                    member: case.to_string(),
                    value: None,
                }));
            }
            (edits, Some(*path))
        }
        None if kind == Kind::Case => {
            let values = BTreeMap::from([("number".to_owned(), text(words))]);
            (vec![Edit::Add { group: "phones".to_owned(), entry, values, at: None, from: None }], None)
        }
        None => {
            let values = BTreeMap::from([("text".to_owned(), text(words))]);
            (vec![Edit::Add { group: "notes".to_owned(), entry, values, at: None, from: None }], None)
        }
    }
}

/// Sites that may see a document, by what people did.
#[must_use]
pub fn sites_of(facts: &BTreeMap<DocumentId, Facts>, document: DocumentId) -> BTreeSet<SiteCode> {
    let Some(found) = facts.get(&document) else { return BTreeSet::new() };
    if found.kind == Kind::Annex {
        return BTreeSet::new();
    }
    let mut sites = found.sites.clone();
    // What a document is about is always a case: one step is enough.
    for case in &found.about {
        sites.extend(facts.get(case).into_iter().flat_map(|facts| facts.sites.iter().cloned()));
    }
    sites
}
