//! Devices that are shared, locked and lost the key of: what is sealed goes to the hub in other hands, and what one user of
//! a device records is read by another at once.

use std::collections::BTreeSet;

use sync_protocol::crypto::PublicKey;
use sync_protocol::device::locked::{Locked, SealedFate};
use sync_protocol::device::{Device, Endpoint, Event, Key, Neighbour, Report, Wiped};
use sync_protocol::documents::Kind;
use sync_protocol::ids::{ActorPrefix, DocumentId};
use sync_protocol::wire::codec::to_cbor;
use sync_protocol::wire::order::WipeWhen;

use super::hub::{Arrived, Reply, Route};
use super::network::{Flight, Way};
use super::promise::{Broken, Check, Promise, holds};
use super::world::World;

/// Devices of one run whose key is lost.
const LOCKED_MAX: usize = 2;
/// Bytes of one request of a locked device.
const LOCKED_BUDGET: u32 = 4_096;
/// Requests that send what one device has sealed.
const REQUESTS_MAX: usize = 400;
/// The number of requests that no device waits for.
const NOBODY: u32 = u32::MAX;

/// What stands outside a device's encryption.
#[derive(Debug, Clone, Copy)]
pub struct Door {
    /// Whose work it is.
    pub lease: ActorPrefix,
    /// Whose answers are believed.
    pub hub: PublicKey,
}

impl World {
    fn door(&self, phone: usize) -> Option<Door> {
        let open = || {
            let device = self.phones[phone].device.as_ref()?;
            Some(Door { lease: device.lease()?.prefix, hub: *device.hub()? })
        };
        self.phones[phone].door.or_else(open)
    }

    fn locked(&self, phone: usize) -> Option<Locked> {
        let door = self.door(phone)?;
        let rows = self.phones[phone].rows.iter().filter_map(|(key, bytes)| match key {
            Key::Sealed(counter) => Some((*counter, bytes.clone())),
            _ => None,
        });
        Some(Locked::new(door.lease, door.hub, rows))
    }

    /// Somebody who holds a device sends a piece of what is sealed on it; nobody waits for the answer.
    pub(super) fn send_sealed(&mut self) -> Check {
        let phone = self.dice.below(self.phones.len());
        let Some(bytes) = self.locked(phone).and_then(|mut locked| locked.request(LOCKED_BUDGET)) else {
            return Ok(());
        };
        self.trace.add(format!("  what is sealed on device {phone} is sent"));
        self.oracle.requested(&bytes, &self.closed)?;
        let route = Route { phone, life: self.phones[phone].life, number: NOBODY, hostile: false };
        self.flights.push(Flight { route, to: Endpoint::Exchange, way: Way::Up(bytes) });
        Ok(())
    }

    /// The key of a device is lost: what is left of it is what is sealed to the hub.
    pub(super) fn lose_key(&mut self) -> Check {
        let may = |phone: &usize| {
            let phone = &self.phones[*phone];
            // What hangs on a neighbour's work may never get there, if that one's store is restored to before it.
            let near = |device: &Device| device.entries().any(|(_, entry)| !entry.neighbours.is_empty());
            let alone = phone.device.as_ref().is_some_and(|device| !near(device));
            phone.door.is_none() && phone.prefix().is_some() && !phone.is_wiped() && alone
        };
        let phones: Vec<usize> = (0..self.phones.len()).filter(may).collect();
        let locked = self.phones.iter().filter(|phone| phone.door.is_some()).count();
        // Somebody must be left to read what the others wrote.
        if locked >= LOCKED_MAX || phones.len() < 2 {
            return Ok(());
        }
        let Some(phone) = self.dice.pick(&phones).copied() else { return Ok(()) };
        self.trace.add(format!("  the key of device {phone} is lost"));
        self.phones[phone].door = self.door(phone);
        self.backups.retain(|backup| backup.phone != phone);
        self.phones[phone].die();
        let wiped = Wiped { at: self.hub.now, when: WipeWhen::AtOnce };
        let rows = &mut self.phones[phone].rows;
        rows.retain(|key, _| matches!(key, Key::Sealed(_)));
        // Nobody opens it again: it does nothing any more, like one that was erased.
        rows.insert(Key::Wiped, to_cbor(&wiped));
        self.phones[phone].open(self.hub.now)
    }

    /// Two users on one device: what one has recorded is handed to the other.
    pub(super) fn neighbours(&mut self) -> Check {
        let (one, two) = (self.dice.below(self.phones.len()), self.dice.below(self.phones.len()));
        let busy = self.phones[two].device.as_ref().is_none_or(Device::is_busy) || self.phones[two].prefix().is_none();
        if one == two || busy {
            return Ok(());
        }
        let sites = self.users[self.phones[two].user].sites.clone();
        let Some(device) = &self.phones[one].device else { return Ok(()) };
        let documents: BTreeSet<DocumentId> = device.works().map(|work| work.document).collect();
        let of = |document: DocumentId| {
            let entry = device.entry(document)?;
            let kind = Kind::from_code(entry.kind).filter(|kind| *kind != Kind::Annex)?;
            self.oracle.may_see(document, &sites).ok()?;
            let changes = device.works_of(document).map(|work| work.raw.clone()).collect();
            Some(Neighbour { document, kind, code: entry.code.clone(), card: entry.card, changes })
        };
        let neighbours: Vec<Neighbour> = documents.into_iter().filter_map(of).collect();
        if neighbours.is_empty() {
            return Ok(());
        }
        self.trace.add(format!("  device {two} gets what {} documents of device {one} say", neighbours.len()));
        let reports = self.give(two, Event::Neighbours(neighbours), true)?;
        for report in reports {
            if let Report::NotTaken { reason, .. } = report {
                self.trace.add(format!("  not taken: {reason}"));
            }
        }
        Ok(())
    }

    /// At the end, whoever found a device without its key sends everything. Says whether the hub took something new.
    pub(super) fn send_all_sealed(&mut self) -> Check<bool> {
        let mut moved = false;
        for phone in (0..self.phones.len()).filter(|phone| self.phones[*phone].door.is_some()).collect::<Vec<_>>() {
            let Some(mut locked) = self.locked(phone) else { continue };
            for _ in 0..REQUESTS_MAX {
                let Some(bytes) = locked.request(LOCKED_BUDGET) else { break };
                self.oracle.requested(&bytes, &self.closed)?;
                let route = Route { phone, life: self.phones[phone].life, number: NOBODY, hostile: false };
                let arrived = Arrived { route, to: Endpoint::Exchange, bytes };
                let worked = self.hub.work(vec![arrived.clone()], None);
                let reply = worked.replies.into_iter().next().map(|(_, reply)| reply);
                let Some(Reply::Answer(bytes)) = &reply else {
                    return Err(Broken::new(Promise::ProgressOnAnyLink, "what is sealed gets no answer"));
                };
                let now = self.hub.now;
                if let Some(shared) = self.hub.shared().cloned() {
                    self.oracle.log_grew(&shared, now)?;
                }
                self.check_reply(&arrived, &Reply::Answer(bytes.clone()))?;
                self.settle(true)?;
                locked.answer(bytes).map_err(|error| Broken::new(Promise::SavedMeansSaved, error))?;
            }
            for (counter, fate) in locked.fates() {
                let is_kept = matches!(fate, SealedFate::Kept { .. });
                moved |= is_kept && self.phones[phone].kept_sealed.insert(*counter);
            }
        }
        Ok(moved)
    }

    /// Everything that was sealed on a device whose key is lost is at the hub.
    pub(super) fn all_sealed_is_kept(&self) -> Check {
        for phone in self.phones.iter().filter(|phone| phone.door.is_some()) {
            let sealed = phone.rows.keys().filter_map(|key| match key {
                Key::Sealed(counter) => Some(*counter),
                _ => None,
            });
            let lost: Vec<u64> = sealed.filter(|counter| !phone.kept_sealed.contains(counter)).collect();
            holds(Promise::NothingDropped, lost.is_empty(), || {
                format!("the hub has not all that is sealed on device {}: {lost:?}", phone.name)
            })?;
        }
        Ok(())
    }
}
