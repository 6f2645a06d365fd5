//! What those who look after sites and devices do: cases and sites move, devices are confirmed, vouched for and revoked,
//! held work is let in or not.
//!
//! Everything here is known to the oracle from what people did, not from the hub's own directory.

use std::collections::BTreeSet;

use segin::access::Role;
use segin::hub::deciding::Decision;
use segin::hub::fact::{By, Fact, Ground, Profile};
use segin::hub::moving::Move;
use segin::hub::writer::Job;
use sync_protocol::device::Event;
use sync_protocol::documents::Kind;
use sync_protocol::ids::{ActorPrefix, Channel, DocumentId, Position, SiteCode};

use super::promise::Check;
use super::world::World;

/// Devices that are lost in one run: what they had not sent is lost with them.
const LOST_MAX: usize = 1;

impl World {
    /// The site that does the work of this one.
    pub(super) fn site_now(&self, site: &SiteCode) -> SiteCode {
        let mut site = site;
        while let Some(next) = self.closed.get(site) {
            site = next;
        }
        site.clone()
    }

    fn open_sites(&self) -> Vec<SiteCode> {
        self.sites.iter().filter(|site| !self.closed.contains_key(*site)).cloned().collect()
    }

    /// A user as the hub is to know them.
    pub(super) fn profile(&self, user: usize) -> Profile {
        let mut profile = Profile::caseworker(format!("Agent {user}"), self.users[user].sites.clone());
        if self.users[user].leads {
            profile.roles = vec![Role::SiteLead];
        }
        profile
    }

    /// A case goes on to another site.
    pub(super) fn transfer(&mut self) -> Check {
        let Some(shared) = self.hub.shared().cloned() else { return Ok(()) };
        let cases = self.oracle.facts.iter().filter(|(_, facts)| facts.kind == Kind::Case).map(|(id, _)| *id);
        let at_site = |id: DocumentId| {
            let head = shared.store.head(id).ok().flatten()?;
            Some((id, head.channels.iter().filter_map(Channel::site_code).collect::<Vec<_>>()))
        };
        let cases: Vec<_> = cases.filter_map(at_site).filter(|(_, sites)| !sites.is_empty()).collect();
        let Some((case, sites)) = self.dice.pick(&cases).cloned() else { return Ok(()) };
        let Some(from) = self.dice.pick(&sites).cloned() else { return Ok(()) };
        let others: Vec<SiteCode> = self.open_sites().into_iter().filter(|site| *site != from).collect();
        let Some(to) = self.dice.pick(&others).cloned() else { return Ok(()) };
        self.trace.add(format!("  {case} goes from {from} to {to}"));
        let (leaves, enters) = (Some(Channel::site(&from)), Some(Channel::site(&to)));
        let (ground, reason, by) = (Ground::Transfer, "goes on".to_owned(), By::Setup);
        self.job(&Job::Move(Move { case, leaves, enters, ground, reason, by }))?;
        // A card that the hub has not heard of yet is a further one: it may bring the case back.
        let card = self.oracle.facts.get(&case).and_then(|facts| facts.card);
        if card.is_none() || shared.directory().void_cards.iter().any(|(document, _)| *document == case) {
            self.oracle.gone.insert((case, from));
        }
        self.oracle.gone.remove(&(case, to.clone()));
        if let Some(facts) = self.oracle.facts.get_mut(&case) {
            facts.sites.insert(to);
            // The card of before is void: it brings the case nowhere any more.
            facts.card = None;
        }
        Ok(())
    }

    /// A site is closed; its people and documents go on at another one.
    pub(super) fn close_site(&mut self) -> Check {
        let open = self.open_sites();
        if open.len() < 2 || self.hub.running.is_none() {
            return Ok(());
        }
        let at = self.dice.below(open.len());
        let (site, into) = (open[at].clone(), open[(at + 1) % open.len()].clone());
        self.trace.add(format!("  {site} is closed into {into}"));
        let (name, region) = (site.to_string(), "Kayes".to_owned());
        self.admin(Fact::Site { code: site.clone(), name, region, closed_into: Some(into.clone()) })?;
        self.closed.insert(site.clone(), into.clone());
        for user in &mut self.users {
            if let Some(at) = user.sites.iter().position(|own| *own == site) {
                user.sites[at] = into.clone();
                let mut seen = BTreeSet::new();
                user.sites.retain(|site| seen.insert(site.clone()));
                user.ever.insert(into.clone());
            }
        }
        for facts in self.oracle.facts.values_mut() {
            if facts.sites.contains(&site) {
                facts.sites.insert(into.clone());
            }
        }
        // What had left the other site may be at this one, and comes back with it.
        self.oracle.gone.retain(|(_, gone)| *gone != into);
        Ok(())
    }

    /// A device loses its rights; one in a run is lost for good.
    pub(super) fn revoke(&mut self) -> Check {
        let Some((phone, lease)) = self.pick_lease(false) else { return Ok(()) };
        let lost = self.dice.percent(20) && self.phones.iter().filter(|phone| phone.is_lost).count() < LOST_MAX;
        self.trace.add(format!("  device {phone} is revoked, lost: {lost}"));
        self.admin(Fact::Revoked { lease, lost, reason: String::new() })?;
        self.oracle.shut.insert(lease);
        if lost {
            for phone in self.phones.iter_mut().filter(|phone| phone.prefix() == Some(lease)) {
                phone.is_lost = true;
            }
        }
        Ok(())
    }

    /// Somebody compares fingerprints: a pending device, or one that was revoked by mistake.
    pub(super) fn confirm(&mut self) -> Check {
        let Some((phone, lease)) = self.pick_lease(true) else { return Ok(()) };
        self.trace.add(format!("  device {phone} is confirmed"));
        self.confirm_lease(lease)
    }

    /// The hub is told that a lease stands.
    pub(super) fn confirm_lease(&mut self, lease: ActorPrefix) -> Check {
        self.admin(Fact::Confirmed { lease })?;
        self.oracle.shut.remove(&lease);
        Ok(())
    }

    /// A lead's device vouches for a pending one, without a network.
    pub(super) fn vouch(&mut self) -> Check {
        let leads: Vec<usize> = (0..self.phones.len())
            .filter(|phone| self.users[self.phones[*phone].user].leads && self.phones[*phone].prefix().is_some())
            .collect();
        let (Some(lead), Some((other, lease))) = (self.dice.pick(&leads).copied(), self.pick_lease(true)) else {
            return Ok(());
        };
        let Some(shared) = self.hub.shared().cloned() else { return Ok(()) };
        let Some(key) = shared.directory().leases.get(&lease).map(|state| state.lease.key) else { return Ok(()) };
        self.trace.add(format!("  device {lead} vouches for device {other}"));
        self.oracle.vouched.insert(lease);
        self.give(lead, Event::Vouch(key), true)?;
        Ok(())
    }

    /// A person lets held work in, or not.
    pub(super) fn decide(&mut self) -> Check {
        let Some(shared) = self.hub.shared().cloned() else { return Ok(()) };
        let held: Vec<(Position, u16)> = {
            let directory = shared.directory();
            directory.held.values().flatten().map(|held| (held.position, held.item)).collect()
        };
        let count = self.dice.between(1, 3);
        let items: Vec<_> = (0..count).filter_map(|_| self.dice.pick(&held).copied()).collect();
        if items.is_empty() {
            return Ok(());
        }
        let approve = self.dice.percent(65);
        self.trace.add(format!("  held work {items:?} is decided: {approve}"));
        self.job(&Job::Decide(Decision { items, approve, reason: "decided".to_owned(), by: By::Setup }))
    }

    /// A device whose lease stands, or one whose lease is shut.
    fn pick_lease(&mut self, shut: bool) -> Option<(usize, ActorPrefix)> {
        let leases: Vec<(usize, ActorPrefix)> = self
            .phones
            .iter()
            .filter_map(|phone| Some((phone.name, phone.prefix()?)))
            .filter(|(_, lease)| self.oracle.shut.contains(lease) == shut)
            .collect();
        self.dice.pick(&leases).copied()
    }
}
