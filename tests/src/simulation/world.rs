//! The world: users, devices, the network and the hub, moved on step by step as the dice say.
//!
//! How people work stands in [`super::people`], how messages travel in [`super::network`], what happens to the hub in
//! [`super::operator`], what is checked at the end in [`super::quiet`].

use std::collections::{BTreeMap, BTreeSet};

use segin::hub::fact::Fact;
use sync_protocol::device::{Event, Report};
use sync_protocol::documents::Kind;
use sync_protocol::ids::{CardToken, ChangeHash, DocumentId, Millis, SiteCode, UserId};
use sync_protocol::wire::enrolment::Invitation;

use super::dice::Dice;
use super::hub::SimHub;
use super::mutation::Mutation;
use super::network::Flight;
use super::oracle::Oracle;
use super::phone::{Phone, Rows};
use super::promise::{Broken, Check, Promise};
use super::trace::Trace;
use super::weights::{Action, Weights};

/// Hub time at the beginning: an evening in April 2024.
const BEGINNING: Millis = Millis(1_714_480_000_000);

/// A user.
#[derive(Debug, Clone)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// The scope of this moment.
    pub sites: Vec<SiteCode>,
    /// Every scope there was.
    pub ever: BTreeSet<SiteCode>,
    /// Whether the user looks after the sites.
    pub leads: bool,
}

/// An edit that was handed to a device and is not recorded yet.
#[derive(Debug, Clone)]
pub struct Intended {
    /// The kind of its document.
    pub kind: Kind,
    /// Which field carries the mark.
    pub path: Option<&'static str>,
    /// The heads on the screen, if there were any.
    pub shown: Option<Vec<ChangeHash>>,
    /// What a new document is about.
    pub about: Vec<DocumentId>,
    /// Sites that may see it for what it says.
    pub ends: Vec<SiteCode>,
    /// The card that was scanned.
    pub card: Option<CardToken>,
}

/// A device's store, put aside.
pub struct Backup {
    /// Whose.
    pub phone: usize,
    /// The store.
    pub rows: Rows,
    /// How much was recorded by then.
    pub recorded: usize,
}

/// Everything.
pub struct World {
    /// The seed's choices.
    pub dice: Dice,
    /// What the seed drew.
    pub weights: Weights,
    /// What is wrong with the system under test, if the harness makes it wrong.
    pub mutation: Option<Mutation>,
    /// The hub.
    pub hub: SimHub,
    /// Whether a fault is in the hub's disk.
    pub is_faulty: bool,
    /// The devices.
    pub phones: Vec<Phone>,
    /// The users.
    pub users: Vec<User>,
    /// The sites.
    pub sites: Vec<SiteCode>,
    /// Closed sites, and where their work goes on.
    pub closed: BTreeMap<SiteCode, SiteCode>,
    /// An invitation for each device.
    pub invitations: Vec<Invitation>,
    /// Messages on their way.
    pub flights: Vec<Flight>,
    /// Stores put aside.
    pub backups: Vec<Backup>,
    /// Edits given and not yet recorded, by mark.
    pub intended: BTreeMap<u32, Intended>,
    /// The last mark.
    pub mark: u32,
    /// What is checked on the way.
    pub oracle: Oracle,
    /// What happened.
    pub trace: Trace,
}

impl World {
    /// The world of a seed, with its hub running and its devices enrolled or about to be.
    ///
    /// # Errors
    /// [`Broken`] when the beginning already fails.
    ///
    /// # Panics
    /// Never: the site codes below are well formed.
    pub fn new(seed: u64, weights: Option<Weights>, mutation: Option<Mutation>) -> Check<Self> {
        let mut dice = Dice::new(seed, 1);
        let weights = weights.unwrap_or_else(|| Weights::of_seed(seed));
        let hub = SimHub::begin(&mut dice, BEGINNING, mutation);
        let codes = ["GOG", "KAY", "BKO"].map(|code| SiteCode::new(code).expect("three capital letters"));
        let mut world = Self {
            dice,
            mutation,
            hub,
            is_faulty: false,
            phones: Vec::new(),
            users: Vec::new(),
            sites: codes[..weights.sites].to_vec(),
            closed: BTreeMap::new(),
            invitations: Vec::new(),
            flights: Vec::new(),
            backups: Vec::new(),
            intended: BTreeMap::new(),
            mark: 0,
            oracle: Oracle::default(),
            trace: Trace::default(),
            weights,
        };
        world.start_hub()?;
        for code in world.sites.clone() {
            let (name, region) = (code.to_string(), "Kayes".to_owned());
            world.admin(Fact::Site { code, name, region, closed_into: None })?;
        }
        for name in 0..world.weights.phones {
            world.add_phone(name)?;
        }
        Ok(world)
    }

    fn add_phone(&mut self, name: usize) -> Check {
        let shares = !self.users.is_empty() && self.dice.percent(20);
        let user = if shares { self.dice.below(self.users.len()) } else { self.users.len() };
        if !shares {
            let site = self.sites[name % self.sites.len()].clone();
            let id = UserId::new([u8::try_from(user + 1).unwrap_or(u8::MAX); 16]);
            let leads = self.dice.percent(40);
            self.users.push(User { id, sites: vec![site.clone()], ever: BTreeSet::from([site]), leads });
            self.admin(Fact::User { user: id, profile: self.profile(user) })?;
        }
        let invitation = Invitation::from_random(self.dice.bytes());
        let expires = self.hub.now.plus(1_000 * Millis::DAY);
        let user_id = self.users[user].id;
        let confirmed = !self.dice.percent(self.weights.pending);
        self.admin(Fact::Invited { invitation: invitation.hash(), user: user_id, expires, confirmed })?;
        self.invitations.push(invitation);
        let skew = self.skew();
        let dice = Dice::new(u64::from_be_bytes(self.dice.bytes()), 3);
        self.phones.push(Phone::new(name, user, skew, dice, self.mutation));
        self.phones[name].is_unconfirmed = !confirmed;
        self.phones[name].open(self.hub.now)?;
        if self.dice.percent(75) { self.enrol_now(name) } else { Ok(()) }
    }

    /// How wrong a device's clock is. Draws the same whether clocks may be wrong or not.
    pub fn skew(&mut self) -> i64 {
        let drawn = i64::from_be_bytes(self.dice.bytes());
        if self.weights.skew_ms == 0 { 0 } else { drawn % self.weights.skew_ms }
    }

    /// Runs all steps.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn run(&mut self) -> Check {
        for step in 0..self.weights.steps {
            let action = self.weights.next(&mut self.dice);
            self.trace.add(format!("{step}: {action:?}"));
            self.act(action)?;
            self.bounded()?;
        }
        Ok(())
    }

    fn act(&mut self, action: Action) -> Check {
        match action {
            Action::Record => self.record(),
            Action::Edit => self.edit(),
            Action::Show => self.show(),
            Action::Card => self.card(),
            Action::Foreign => self.foreign(),
            Action::Other => self.other(),
            Action::Sync => self.sync(),
            Action::Deliver => self.deliver(),
            Action::Timeout => self.timeout(),
            Action::HubWork => self.hub_work(),
            Action::HubCrash => self.hub_dies("the operator's machine"),
            Action::DiskFault => self.disk_fault(),
            Action::Copy => self.copy(),
            Action::PhoneCrash => self.phone_crash(),
            Action::Backup => self.backup(),
            Action::Restore => self.restore(),
            Action::Clone => self.clone_phone(),
            Action::Move => self.move_user(),
            Action::Transfer => self.transfer(),
            Action::CloseSite => self.close_site(),
            Action::Revoke => self.revoke(),
            Action::Confirm => self.confirm(),
            Action::Vouch => self.vouch(),
            Action::Decide => self.decide(),
            Action::SendSealed => self.send_sealed(),
            Action::LoseKey => self.lose_key(),
            Action::Neighbours => self.neighbours(),
            Action::Wait => self.wait(),
        }
    }

    /// Hands an event to a device, which may die of it, and takes what follows.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn give(&mut self, phone: usize, event: Event, may_die: bool) -> Check<Vec<Report>> {
        let dies = self.dice.percent(self.weights.phone_dies);
        let at = self.dice.below(4);
        let fuse = (dies && may_die).then_some(at);
        if self.phones[phone].device.is_none() {
            self.phones[phone].open(self.hub.now)?;
        }
        let turned = self.phones[phone].give(event, self.hub.now, fuse);
        self.took(phone, &turned)?;
        self.send(phone, turned.sent)?;
        if let Some(lease) = self.phones[phone].prefix().filter(|_| self.phones[phone].is_unconfirmed) {
            self.phones[phone].is_unconfirmed = false;
            self.oracle.shut.insert(lease);
        }
        if self.phones[phone].device.is_none() {
            self.trace.add(format!("  device {phone} dies"));
        }
        Ok(turned.reports)
    }

    /// Time passes; the machine's clock may be set back a little.
    fn wait(&mut self) -> Check {
        let days = self.dice.below(self.weights.days + 1);
        let ms = i64::try_from(self.dice.below(3_600_000)).unwrap_or(0);
        let back = self.dice.percent(10);
        let days = i64::try_from(days).unwrap_or(0) * Millis::DAY;
        self.hub.now = self.hub.now.plus(if back { -60_000 } else { ms + days });
        Ok(())
    }

    /// Every queue of a device within its limit.
    fn bounded(&self) -> Check {
        for phone in &self.phones {
            let Some(device) = &phone.device else { continue };
            let waiting = device.parcels().filter(|(_, info)| info.position.is_none()).count();
            if waiting > sync_protocol::limits::REQUEST_PARCELS_MAX {
                return Err(Broken::new(Promise::Bounded, format!("{waiting} parcels wait on device {}", phone.name)));
            }
        }
        Ok(())
    }
}
