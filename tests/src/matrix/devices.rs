//! What each device is fed, and what becomes of what it pushes.

use segin::access::HELD_SCOPE;
use sync_protocol::documents::{Edit, EntryId, Kind};
use sync_protocol::ids::{DocumentId, Hash, Position, SiteCode};
use sync_protocol::wire::answer::Receipt;

use super::table::grid;
use super::world::{fates, set};
use super::{DOCUMENTS, Device, HOME, NONE, World};
use crate::http::Http;
use crate::raw::RawDevice;

/// What begins: the column's name, its kind, the site that the manifest names.
const NEW: [(&str, Kind, &str); 7] = [
    ("new GOG", Kind::Case, HOME),
    ("new KAY", Kind::Case, "KAY"),
    ("new BAM", Kind::Case, "BAM"),
    ("new movement", Kind::Movement, HOME),
    ("new annex", Kind::Annex, HOME),
    ("new referral", Kind::Referral, HOME),
    ("new link", Kind::Link, HOME),
];

/// The documents that are there.
fn known() -> impl Iterator<Item = &'static str> {
    DOCUMENTS.into_iter().filter(|name| *name != NONE && *name != "erased")
}

/// Takes the whole feed in: the documents that it brings.
fn catch_up(raw: &mut RawDevice, http: &mut Http) -> Vec<DocumentId> {
    let mut has: Vec<DocumentId> = Vec::new();
    loop {
        let (_, rest) = raw.sync(http, Vec::new()).expect("the hub answers");
        has.extend(rest.feed.iter().filter(|item| !item.changes.is_empty()).map(|item| item.document));
        if !rest.more {
            return has;
        }
    }
}

/// Which documents the feed brings to each device.
///
/// # Panics
/// When the hub does not answer.
pub fn fed(world: &mut World, text: &mut String) -> usize {
    let documents = world.documents.clone();
    let mut rows = Vec::new();
    for Device { name, raw, http } in &mut world.devices {
        let has = catch_up(raw, http);
        let cell = |name: &str| if has.contains(&documents[name]) { "fed" } else { "-" }.to_owned();
        rows.push((format!("  {name}"), known().map(cell).collect()));
    }
    write(text, &known().collect::<Vec<_>>(), rows)
}

/// What becomes of a change to each document, and of documents that begin.
///
/// # Panics
/// When the hub does not answer, or tells what exists by how it holds.
pub fn pushed(world: &mut World, text: &mut String) -> usize {
    let documents = world.documents.clone();
    let mut rows = Vec::new();
    for device in &mut world.devices {
        // What the others have pushed meanwhile would come with the first receipt.
        catch_up(&mut device.raw, &mut device.http);
        let mut cells = Vec::new();
        let mut held: Vec<(Receipt, &str)> = Vec::new();
        let mut note = |receipt: Receipt, column| {
            let fate = fates(&receipt).join(" ");
            if fate == HELD_SCOPE {
                held.push((without_hashes(receipt), column));
            }
            cells.push(if fate == HELD_SCOPE { "held".to_owned() } else { fate });
        };
        for name in known() {
            let (kind, edit) = match name {
                "protection" => (Kind::Annex, set("child.carer", device.name)),
                "health" => (Kind::Annex, set("health.chronic", device.name)),
                "OIM" | "CICR" => (Kind::Referral, feedback(device.name)),
                _ => (Kind::Case, set("identity.called", device.name)),
            };
            note(push(device, documents[name], kind, HOME, &[edit]), name);
        }
        for (name, kind, site) in NEW {
            let document = device.raw.new_document();
            let case = documents[HOME].to_string();
            let edits = match kind {
                Kind::Annex => vec![set("annex.case", &case), set("annex.type", "protection")],
                Kind::Referral => vec![set("referral.case", &case), set("referral.partner", "OIM")],
                Kind::Link => vec![set("link.a", &case), set("link.b", &documents["KAY"].to_string())],
                Kind::Movement => vec![set("trip.from", "Gogui")],
                _ => vec![set("identity.given", "Awa")],
            };
            note(push(device, document, kind, site, &edits), name);
        }
        for (receipt, column) in &held {
            assert_eq!(*receipt, held[0].0, "{} {column}: held in another way than {}", device.name, held[0].1);
        }
        rows.push((format!("  {}", device.name), cells));
    }
    let names: Vec<&str> = known().chain(NEW.map(|(name, _, _)| name)).collect();
    write(text, &names, rows)
}

fn write(text: &mut String, columns: &[&str], rows: Vec<(String, Vec<String>)>) -> usize {
    let cells = rows.iter().map(|(_, cells)| cells.len()).sum();
    grid(text, "", columns, rows);
    cells
}

fn push(device: &mut Device, document: DocumentId, kind: Kind, site: &str, edits: &[Edit]) -> Receipt {
    let Device { raw, http, .. } = device;
    let change = raw.edit(document, kind, edits);
    raw.site = SiteCode::new(site).expect("a site has a code");
    let parcel = raw.parcel(&[(document, vec![change], None)]);
    let (receipt, _) = raw.sync(http, vec![parcel]).expect("the hub answers");
    receipt
}

fn feedback(name: &str) -> Edit {
    let value = sync_protocol::documents::Value::Text(name.into());
    let values = [("text".into(), value.into())].into_iter().collect();
    let mut entry = [0; 8];
    entry.iter_mut().zip(name.bytes().rev()).for_each(|(to, from)| *to = from);
    Edit::Add { group: "feedback".into(), entry: EntryId::new(entry), values, at: None, from: None }
}

/// A receipt but for what differs between any two: hashes and places in the log.
fn without_hashes(mut receipt: Receipt) -> Receipt {
    let nothing = Hash::new([0; 32]);
    (receipt.head, receipt.copied_to) = (Position::START, Position::START);
    (receipt.chain, receipt.rest, receipt.leaves) = (nothing, nothing, receipt.leaves.map(|_| nothing));
    for parcel in &mut receipt.parcels {
        (parcel.manifest, parcel.position) = (nothing, parcel.position.map(|_| Position::START));
    }
    receipt
}
