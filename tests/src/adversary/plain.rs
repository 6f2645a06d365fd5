//! A hub without HTTP: the product's own functions over a disk and a store in memory, fast enough for thousands of
//! requests. It ends the test where a hub would have to end.

use std::collections::BTreeMap;
use std::io;

use segin::hub::fact::{By, Fact, Profile};
use segin::hub::writer::Job;
use segin::store::documents::ChannelState;
use segin::store::files::CrashMode;
use serde_json::json;
use sync_protocol::device::Endpoint;
use sync_protocol::ids::{Channel, Millis, SiteCode, UserId};
use sync_protocol::wire::enrolment::Invitation;

use crate::http::Post;
use crate::simulation::dice::Dice;
use crate::simulation::hub::{Arrived, Reply, Route, SimHub};

const NOW: Millis = Millis(1_714_480_020_000);

/// The hub.
pub struct PlainHub {
    hub: SimHub,
    dice: Dice,
}

impl PlainHub {
    /// A running hub with the sites GOG and KAY; everything that it draws follows from the seed.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed, 0);
        let mut hub = SimHub::begin(&mut dice, NOW, None);
        hub.start().expect("a new hub starts");
        let mut plain = Self { hub, dice };
        for code in ["GOG", "KAY"] {
            let (name, region) = (code.to_owned(), "Kayes".to_owned());
            let code = SiteCode::new(code).expect("a site's code");
            plain.fact(Fact::Site { code, name, region, closed_into: None });
        }
        plain
    }

    fn fact(&mut self, fact: Fact) {
        assert!(self.hub.job(Job::Fact(fact, By::Setup)), "the hub takes a fact");
    }

    /// Adds a user of GOG and invites a device.
    #[must_use]
    pub fn invite(&mut self, name: &str) -> String {
        let user = UserId::new(self.dice.bytes());
        let gogui = SiteCode::new("GOG").expect("a site's code");
        self.fact(Fact::User { user, profile: Profile::caseworker(name, vec![gogui]) });
        let invitation = Invitation::from_random(self.dice.bytes());
        let expires = NOW.plus(14 * Millis::DAY);
        self.fact(Fact::Invited { invitation: invitation.hash(), user, expires, confirmed: true });
        invitation.to_string()
    }

    /// What each channel holds.
    ///
    /// # Panics
    /// When it does not run.
    #[must_use]
    pub fn channels(&self) -> BTreeMap<Channel, ChannelState> {
        self.hub.shared().expect("it runs").published().channels.clone()
    }

    /// The process ends and is started again, its store as it was, older, or gone.
    ///
    /// # Panics
    /// When it does not start, or holds something else afterwards.
    pub fn restart(&mut self) {
        let before = self.channels();
        self.hub.die(CrashMode::ProcessOnly, &mut self.dice);
        self.hub.start().unwrap_or_else(|error| panic!("the hub does not start again: {error}"));
        assert_eq!(self.channels(), before, "it holds something else");
    }
}

impl Post for PlainHub {
    /// # Panics
    /// When the hub would have to end.
    fn post(&mut self, path: &str, body: &[u8]) -> io::Result<(u16, Vec<u8>)> {
        let route = Route { phone: 0, life: 0, number: 0, hostile: true };
        let to = if path == "/v1/enrol" { Endpoint::Enrol } else { Endpoint::Exchange };
        let worked = self.hub.work(vec![Arrived { route, to, bytes: body.to_vec() }], None);
        assert_eq!(worked.died, None, "the hub would end");
        self.hub.settle(true).unwrap_or_else(|error| panic!("the hub would end: {error}"));
        match worked.replies.into_iter().next() {
            Some((_, Reply::Answer(bytes))) => Ok((200, bytes)),
            Some((_, Reply::Refused(code))) => Ok((400, json!({ "code": code }).to_string().into_bytes())),
            None => panic!("every request is answered"),
        }
    }
}

/// The entries of a hub that has enrolled two devices and taken some of their work.
///
/// # Panics
/// When it does not.
#[must_use]
pub fn worked_entries() -> Vec<Vec<u8>> {
    use sync_protocol::documents::{Edit, Kind, Value};

    let mut hub = PlainHub::new(3);
    let invitations = ["Awa", "Moussa"].map(|name| hub.invite(name));
    for (seed, invitation) in (1..).zip(invitations) {
        let mut device = crate::raw::RawDevice::enrol(&mut hub, &invitation, seed).expect("the hub enrols");
        let case = device.new_document();
        for name in ["Fanta", "Fatou"] {
            let edit = Edit::Set { field: "identity.given".into(), value: Value::Text(name.into()).into() };
            let change = device.edit(case, Kind::Case, &[edit]);
            let parcel = device.parcel(&[(case, vec![change], None)]);
            device.sync(&mut hub, vec![parcel]).expect("the hub takes honest work");
        }
    }
    let log = &hub.hub.shared().expect("it runs").log;
    let head = log.head().0;
    (1..=head.0).map(|at| log.read(sync_protocol::ids::Position(at)).expect("the entry is there").payload).collect()
}
