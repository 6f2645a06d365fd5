//! Stories of one device and a hub that is played by the test.

mod courier;
mod decisions;
mod giving;
mod hub;
mod js_traces;
mod locked;
mod loss;
mod marks;
mod more_traces;
mod neighbours;
mod orders;
mod phone;
mod random_traces;
mod refusals;
mod sealed;
mod stating;
mod stories;
mod traces;

use self::hub::FakeHub;
use self::phone::Phone;
use super::*;
use crate::documents::{self, Edit, Kind};
use crate::ids::{CardToken, ChangeHash, SiteCode};

fn set(field: &str, value: &str) -> Edit {
    Edit::Set { field: field.to_owned(), value: value.into() }
}

fn case(given: &str) -> EditRequest {
    EditRequest::begin(Kind::Case, vec![set("identity.given", given)])
}

fn change(document: DocumentId, field: &str, value: &str) -> EditRequest {
    EditRequest::change(document, Kind::Case, None, vec![set(field, value)])
}

fn site(code: &str) -> SiteCode {
    SiteCode::new(code).unwrap()
}

/// A hub and a device at each of the sites.
fn night<const N: usize>(sites: [&str; N]) -> (FakeHub, [Phone; N]) {
    let mut hub = FakeHub::new();
    let mut number = 0;
    let phones = sites.map(|code| {
        number += 1;
        let mut phone = Phone::new(number);
        phone.enrol(&mut hub, code);
        phone
    });
    (hub, phones)
}

/// The value of a text field, and how many values it has.
fn field(phone: &Phone, document: DocumentId, path: &str) -> Option<(String, usize)> {
    use automerge::ReadDoc;
    let doc = automerge::Automerge::load(phone.store.get(&Key::Copy(document))?).unwrap();
    let (group, field) = path.split_once('.').unwrap();
    let (_, map) = doc.get(automerge::ROOT, group).unwrap()?;
    let all = doc.get_all(&map, field).unwrap();
    let (value, _) = doc.get(&map, field).unwrap()?;
    Some((value.into_string().unwrap(), all.len()))
}

/// The text of a field, wherever it stands alone.
fn text(phone: &Phone, document: DocumentId, path: &str) -> Option<String> {
    field(phone, document, path).map(|(value, _)| value)
}

fn heads(phone: &Phone, document: DocumentId) -> Vec<ChangeHash> {
    let doc = automerge::Automerge::load(&phone.store[&Key::Copy(document)]).unwrap();
    documents::edit::heads(&doc)
}
