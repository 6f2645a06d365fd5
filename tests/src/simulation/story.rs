//! Told stories in the simulation's world: what a seed found, as a few steps with a name.
//!
//! Nothing happens by itself here; each step fails the test that tells it when a promise is broken.

use sync_protocol::device::{EditRequest, Event, Report, Synced};
use sync_protocol::documents::Kind;
use sync_protocol::ids::DocumentId;

use segin::hub::fact::Fact;

use super::hub::{Arrived, Reply};
use super::network::Way;
use super::paper;
use super::weights::Weights;
use super::world::{Intended, World};

/// A world and what is told in it.
pub struct Story(pub World);

impl Story {
    /// Devices, all enrolled, one after the other at these many sites.
    ///
    /// # Panics
    /// As every step here: when a promise is broken.
    #[must_use]
    pub fn new(sites: usize, phones: usize) -> Self {
        let world = World::new(1, Some(Weights::calm(sites, phones)), None);
        let mut story = Self(world.unwrap_or_else(|broken| panic!("{broken}")));
        for phone in 0..phones {
            if story.0.phones[phone].prefix().is_none() {
                story.0.enrol_now(phone).unwrap_or_else(|broken| panic!("{broken}"));
            }
        }
        story
    }

    fn give(&mut self, phone: usize, event: Event) -> Vec<Report> {
        self.0.give(phone, event, false).unwrap_or_else(|broken| panic!("{broken}"))
    }

    /// Records a new case, or an edit of a document.
    ///
    /// # Panics
    /// When nothing was recorded.
    pub fn record(&mut self, phone: usize, document: Option<DocumentId>) -> DocumentId {
        self.0.mark += 1;
        let mark = self.0.mark;
        let (edits, path) = paper::first_edits(Kind::Case, mark, &[], &[], &mut self.0.dice);
        let request = EditRequest {
            tag: mark,
            document,
            new_id: None,
            kind: Kind::Case,
            shown: None,
            edits,
            card: None,
            beside: Vec::new(),
        };
        let intended =
            Intended { kind: Kind::Case, path, shown: None, about: Vec::new(), ends: Vec::new(), card: None };
        self.0.write(phone, mark, request, intended).unwrap_or_else(|broken| panic!("{broken}"));
        let recorded = self.0.oracle.recorded.last().filter(|recorded| recorded.mark == mark);
        recorded.unwrap_or_else(|| panic!("{}", self.0.trace.tail())).document
    }

    /// The person of a case shows the card at another post, where something is recorded.
    ///
    /// # Panics
    /// When the case has no card.
    pub fn show_card(&mut self, phone: usize, document: DocumentId) {
        let card = self.0.oracle.facts.get(&document).and_then(|facts| facts.card);
        assert!(card.is_some(), "{document} has no card");
        self.0.write_at(phone, document, Kind::Case, card).unwrap_or_else(|broken| panic!("{broken}"));
    }

    /// Starts an exchange and takes its first request off the network.
    ///
    /// # Panics
    /// When none was sent.
    pub fn request(&mut self, phone: usize) -> Arrived {
        let budget = self.0.weights.budget;
        self.give(phone, Event::Sync { budget });
        let flight = self.0.flights.pop().unwrap_or_else(|| panic!("device {phone} sends nothing"));
        match flight.way {
            Way::Up(bytes) => Arrived { route: flight.route, to: flight.to, bytes },
            Way::Down(_) => panic!("an answer is on its way"),
        }
    }

    /// The hub works on a request; nobody hears the answer.
    ///
    /// # Panics
    /// When the hub dies of it.
    pub fn work(&mut self, arrived: Arrived) -> Reply {
        let worked = self.0.hub.work(vec![arrived], None);
        let reply = worked.replies.into_iter().next().map(|(_, reply)| reply);
        reply.unwrap_or_else(|| panic!("{:?}", worked.died))
    }

    /// The device gives up the request on its way.
    pub fn give_up(&mut self, phone: usize) {
        self.0.give_up(phone).unwrap_or_else(|broken| panic!("{broken}"));
    }

    /// A whole exchange over a sound link, and what was told.
    ///
    /// # Panics
    /// When it does not end well.
    pub fn sync(&mut self, phone: usize) -> (Synced, Vec<Report>) {
        let budget = self.0.weights.budget;
        let (reports, _) = self.0.direct(phone, Event::Sync { budget }).unwrap_or_else(|broken| panic!("{broken}"));
        let synced = reports.iter().find_map(|report| match report {
            Report::Synced(synced) => Some(*synced),
            _ => None,
        });
        (synced.unwrap_or_else(|| panic!("{reports:?}")), reports)
    }

    /// A second device with the store of the first.
    pub fn copy_device(&mut self, phone: usize) -> usize {
        self.0.copy_phone(phone).unwrap_or_else(|broken| panic!("{broken}"));
        self.0.phones.len() - 1
    }

    /// A user works at these sites from now on, by their numbers.
    pub fn move_user(&mut self, user: usize, sites: &[usize]) {
        let sites: Vec<_> = sites.iter().map(|site| self.0.sites[*site].clone()).collect();
        self.0.users[user].ever.extend(sites.iter().cloned());
        self.0.users[user].sites = sites;
        let fact = Fact::User { user: self.0.users[user].id, profile: self.0.profile(user) };
        self.0.admin(fact).unwrap_or_else(|broken| panic!("{broken}"));
    }

    /// Everything comes to rest, and every promise is checked.
    pub fn end(mut self) {
        self.0.come_to_rest().unwrap_or_else(|broken| panic!("{}\n{broken}", self.0.trace.tail()));
    }
}
