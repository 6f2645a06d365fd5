//! A country's register, made by light devices: cases with their movements, households and annexes, at twenty sites.
//!
//! Owns how many of what stand beside a case, and how a hub is filled with them over real sockets. One parcel is an
//! evening's work at a post: fifty cases, one movement, ten households, five annexes.

use std::sync::Arc;

use sync_protocol::device::Endpoint;
use sync_protocol::documents::{Edit, Kind, Value};
use sync_protocol::ids::{DocumentId, SiteCode, UserId};
use tokio::task::JoinSet;

use super::BenchError;
use super::ingest::Sender;
use super::workload::{LightDevice, Work};
use crate::field::client::{Dial, HubClient, TcpDial};
use crate::hub_process::HubProcess;

/// Sites of the country.
pub const SITES: usize = 20;
/// Cases of one movement, and of one parcel.
pub const MOVEMENT_CASES: usize = 50;
/// Cases of one household.
const HOUSEHOLD_CASES: usize = 5;
/// One case in so many has an annex.
const ANNEX_EVERY: usize = 10;

/// The sites' codes: two letters that are no real ones, and a third that counts.
///
/// # Errors
/// [`BenchError::NotReceipted`]: a fault of the generator.
pub fn sites() -> Result<Vec<SiteCode>, BenchError> {
    let code = |number: usize| SiteCode::new(&format!("ZZ{}", char::from(b'A' + number as u8)));
    let codes = (0..SITES).map(code).collect::<Result<_, _>>();
    codes.map_err(|error| BenchError::NotReceipted(error.to_string()))
}

/// Adds the sites to a hub that is new.
///
/// # Errors
/// [`BenchError`].
pub async fn build_sites(hub: &HubProcess) -> Result<(), BenchError> {
    for (number, site) in sites()?.iter().enumerate() {
        hub.add_site(site.as_str(), &format!("Poste {number}"), &format!("Région {}", number % 5)).await?;
    }
    Ok(())
}

/// Enrols so many devices, spread over the sites, in as many accounts as there are sites.
///
/// # Errors
/// [`BenchError`].
pub async fn enrol(hub: &HubProcess, count: usize, seed: u64) -> Result<Vec<Sender>, BenchError> {
    let sites = sites()?;
    let mut users: Vec<UserId> = Vec::new();
    let mut senders = Vec::with_capacity(count);
    for number in 0..count {
        if users.len() <= number % sites.len() {
            let site = &sites[number % sites.len()];
            users.push(hub.add_user(&format!("Agent {site} {}", seed >> 32), std::slice::from_ref(site)).await?);
        }
        let user = users[number % sites.len()];
        senders.push(enrol_one(hub, user, seed.wrapping_add(number as u64), Arc::new(TcpDial)).await?);
    }
    Ok(senders)
}

/// Enrols one device of a user.
///
/// # Errors
/// [`BenchError`].
pub async fn enrol_one(hub: &HubProcess, user: UserId, seed: u64, dial: Arc<dyn Dial>) -> Result<Sender, BenchError> {
    let invitation = hub.invite(user).await?;
    let mut client = HubClient::new(hub.url(), dial)?;
    let device = LightDevice::enrol(&mut client, &invitation, seed).await?;
    Ok(Sender { client, device })
}

/// Fills a hub with so many cases and what belongs to them, all devices at once; how many documents there are then.
///
/// # Errors
/// [`BenchError`]; also when not everything was receipted as applied.
pub async fn fill(senders: Vec<Sender>, cases: usize) -> Result<(usize, Vec<Sender>), BenchError> {
    let count = senders.len().max(1);
    let mut tasks = JoinSet::new();
    for (number, sender) in senders.into_iter().enumerate() {
        // As even as it comes, without one case too many.
        let own = cases / count + usize::from(number < cases % count);
        tasks.spawn(fill_one(sender, own));
    }
    let (mut documents, mut senders) = (0, Vec::with_capacity(count));
    while let Some(joined) = tasks.join_next().await {
        let (made, sender) = joined.map_err(|error| BenchError::NotReceipted(error.to_string()))??;
        documents += made;
        senders.push(sender);
    }
    Ok((documents, senders))
}

async fn fill_one(mut sender: Sender, cases: usize) -> Result<(usize, Sender), BenchError> {
    let (mut documents, mut left) = (0, cases);
    while left > 0 {
        let some = left.min(MOVEMENT_CASES);
        let work = evening(&mut sender.device, some)?;
        let ready = sender.device.request(work, 0);
        let answer = sender.client.post(Endpoint::Exchange, ready.frame).await?;
        let applied = sender.device.hear(&answer)?.applied;
        if applied != ready.intakes {
            return Err(BenchError::NotReceipted(format!("{applied} of {} documents", ready.intakes)));
        }
        documents += applied;
        left -= some;
    }
    Ok((documents, sender))
}

/// One movement's cases, and what belongs to them.
fn evening(device: &mut LightDevice, cases: usize) -> Result<Vec<Work>, BenchError> {
    let site = device.site().to_string();
    let movement = device.begin(Kind::Movement, &movement(&site, cases))?;
    let mut work = vec![movement];
    let mut people = Vec::with_capacity(cases);
    for _ in 0..cases {
        let case = device.intake()?;
        people.push(case.document);
        work.push(case);
    }
    for members in people.chunks(HOUSEHOLD_CASES) {
        work.push(device.begin(Kind::Household, &household(&site, members))?);
    }
    for case in people.iter().skip(ANNEX_EVERY - 1).step_by(ANNEX_EVERY) {
        work.push(device.begin(Kind::Annex, &annex(*case))?);
    }
    Ok(work)
}

fn set(field: &str, value: Value) -> Edit {
    Edit::Set { field: field.to_owned(), value: value.into() }
}

fn text(value: impl Into<String>) -> Value {
    Value::Text(value.into())
}

fn number(value: usize) -> Value {
    Value::Number(i64::try_from(value).unwrap_or(i64::MAX))
}

fn movement(site: &str, cases: usize) -> Vec<Edit> {
    vec![
        set("trip.direction", text("in")),
        set("trip.to_site", text(site)),
        set("trip.from", text("Nouakchott")),
        set("trip.country", text("MRT")),
        set("trip.category", text("expulsion")),
        set("trip.mode", text("road")),
        set("trip.vehicle", text("camions")),
        set("announced.total", number(cases)),
        set("announced.by", text("Consulat")),
    ]
}

fn household(site: &str, members: &[DocumentId]) -> Vec<Edit> {
    let head = members.first().map(|head| set("unit.head", text(head.to_string())));
    let mut edits: Vec<Edit> = head.into_iter().collect();
    edits.push(set("unit.site", text(site)));
    edits.push(set("unit.size", number(members.len())));
    edits.extend(members.iter().enumerate().map(|(index, member)| Edit::Include {
        set: "members".to_owned(),
        member: member.to_string(),
        value: Some(text(if index == 0 { "head" } else { "child" }).into()),
    }));
    edits
}

fn annex(case: DocumentId) -> Vec<Edit> {
    vec![
        set("annex.type", text("protection")),
        set("annex.case", text(case.to_string())),
        set("child.arrangement", text("centre")),
        set("child.wishes", text("Retrouver son oncle à Kayes")),
    ]
}
