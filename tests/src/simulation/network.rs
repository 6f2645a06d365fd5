//! The network: what is on its way may be lost, doubled, late, out of order, cut at any byte or damaged.

use sync_protocol::device::{Device, Endpoint, Event};
use sync_protocol::wire::answer::{Answer, Receipt};
use sync_protocol::wire::codec::{Message, frame, read};
use sync_protocol::wire::exchange::ExchangeRequest;

use super::hub::{Arrived, Reply, Route};
use super::mutation::Mutation;
use super::promise::{Broken, Check, Promise, holds};
use super::world::World;

/// Where a message goes.
#[derive(Debug, Clone)]
pub enum Way {
    /// To the hub.
    Up(Vec<u8>),
    /// To the device.
    Down(Reply),
}

/// A message on its way.
#[derive(Debug, Clone)]
pub struct Flight {
    /// Whose request it is, or answers.
    pub route: Route,
    /// The endpoint of the request.
    pub to: Endpoint,
    /// Which way, and what.
    pub way: Way,
}

impl World {
    /// A device has sent something.
    pub(super) fn send(&mut self, phone: usize, sent: Vec<(u32, Endpoint, Vec<u8>)>) -> Check {
        for (number, to, bytes) in sent {
            self.oracle.requested(&bytes, &self.closed)?;
            let bytes = self.on_its_way(bytes);
            let route = Route { phone, life: self.phones[phone].life, number, hostile: false };
            self.flights.push(Flight { route, to, way: Way::Up(bytes) });
        }
        Ok(())
    }

    fn on_its_way(&self, bytes: Vec<u8>) -> Vec<u8> {
        if self.mutation != Some(Mutation::ForgetCursor) {
            return bytes;
        }
        match read::<ExchangeRequest>(Message::ExchangeRequest, &bytes) {
            Ok(request) => frame(Message::ExchangeRequest, &ExchangeRequest { cursor: None, ..request }),
            Err(_) => bytes,
        }
    }

    /// Starts an exchange, or an enrolment, on some device.
    pub(super) fn sync(&mut self) -> Check {
        let phone = self.dice.below(self.phones.len());
        if self.phones[phone].device.is_none() {
            self.phones[phone].open(self.hub.now)?;
        }
        let busy = self.phones[phone].device.as_ref().is_some_and(Device::is_busy);
        if busy {
            let lost = !self.flights.iter().any(|flight| flight.route.phone == phone)
                && !self.hub.inbox.iter().any(|arrived| arrived.route.phone == phone);
            return if lost { self.give_up(phone) } else { Ok(()) };
        }
        let event = if self.phones[phone].prefix().is_some() {
            Event::Sync { budget: self.weights.budget }
        } else {
            Event::Enrol(self.invitations[phone])
        };
        self.give(phone, event, true)?;
        Ok(())
    }

    /// Some device gives up waiting; its answer may still come.
    pub(super) fn timeout(&mut self) -> Check {
        let waiting: Vec<usize> = (0..self.phones.len()).filter(|name| self.phones[*name].waiting.is_some()).collect();
        let Some(phone) = self.dice.pick(&waiting).copied() else { return Ok(()) };
        self.give_up(phone)
    }

    pub(super) fn give_up(&mut self, phone: usize) -> Check {
        if let Some(number) = self.phones[phone].waiting.take() {
            self.trace.add(format!("  device {phone} gives up"));
            self.give(phone, Event::Failed { number, reason: "no answer".to_owned() }, true)?;
        }
        Ok(())
    }

    /// One message arrives, or does not.
    pub(super) fn deliver(&mut self) -> Check {
        if self.flights.is_empty() {
            return Ok(());
        }
        let at = if self.weights.reordering { self.dice.below(self.flights.len()) } else { 0 };
        let flight = self.flights.remove(at);
        if self.dice.percent(self.weights.loss) {
            self.trace.add(format!("  a message of device {} is lost", flight.route.phone));
            return Ok(());
        }
        if self.dice.percent(self.weights.duplication) {
            self.trace.add(format!("  a message of device {} is doubled", flight.route.phone));
            self.flights.push(flight.clone());
        }
        let damaged = self.dice.percent(self.weights.cuts);
        match flight.way {
            Way::Up(bytes) => self.arrive(Arrived { route: flight.route, to: flight.to, bytes }, damaged),
            Way::Down(reply) => self.answer(flight.route, flight.to, reply, damaged),
        }
    }

    /// A request reaches the hub, whole or damaged.
    fn arrive(&mut self, mut arrived: Arrived, damaged: bool) -> Check {
        if self.hub.running.is_none() {
            self.trace.add("  nobody listens".to_owned());
            return Ok(());
        }
        if damaged {
            arrived.route.hostile = true;
            arrived.bytes = self.damage(arrived.bytes);
        }
        self.hub.inbox.push(arrived);
        Ok(())
    }

    /// Cuts at some byte, or changes one.
    fn damage(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        let at = self.dice.below(bytes.len());
        let cut = self.dice.percent(60);
        self.trace.add(format!("  a message is {}", if cut { "cut" } else { "damaged" }));
        if cut {
            bytes.truncate(at);
        } else {
            bytes[at] ^= 1 << self.dice.below(8);
        }
        bytes
    }

    /// An answer reaches its device, whole or damaged.
    fn answer(&mut self, route: Route, to: Endpoint, reply: Reply, damaged: bool) -> Check {
        let phone = route.phone;
        if self.phones[phone].life != route.life || self.phones[phone].device.is_none() {
            return Ok(());
        }
        let event = match reply {
            Reply::Refused(code) => {
                self.trace.add(format!("  device {phone} is refused: {code}"));
                self.phones[phone].waiting.take_if(|waiting| *waiting == route.number);
                Event::TurnedAway { number: route.number, code: code.clone(), reason: code }
            }
            // An enrolment is not signed as a whole: only the channel below protects it.
            Reply::Answer(_) if damaged && to == Endpoint::Enrol => return Ok(()),
            Reply::Answer(bytes) if damaged => return self.damaged_answer(route, bytes),
            Reply::Answer(bytes) => {
                if to == Endpoint::Exchange {
                    self.seen_by(phone, &bytes)?;
                }
                self.phones[phone].waiting.take_if(|waiting| *waiting == route.number);
                Event::Answer { number: route.number, bytes, budget: self.weights.budget }
            }
        };
        self.give(phone, event, true)?;
        Ok(())
    }

    /// A damaged answer changes nothing on the device.
    fn damaged_answer(&mut self, route: Route, bytes: Vec<u8>) -> Check {
        let phone = route.phone;
        let bytes = self.damage(bytes);
        let before = self.phones[phone].rows.clone();
        self.phones[phone].waiting.take_if(|waiting| *waiting == route.number);
        let event = Event::Answer { number: route.number, bytes, budget: self.weights.budget };
        self.give(phone, event, false)?;
        holds(Promise::HostileBytesStopAtTheGate, self.phones[phone].rows == before, || {
            format!("a damaged answer changed what device {phone} stores")
        })
    }

    /// Whatever reaches a device is in the scope of its user, or was.
    fn seen_by(&self, phone: usize, bytes: &[u8]) -> Check {
        let Some(shared) = self.hub.shared() else { return Ok(()) };
        let answer: Answer = read(Message::Answer, bytes)
            .map_err(|error| Broken::new(Promise::SavedMeansSaved, format!("an answer cannot be read: {error}")))?;
        let Ok((_, rest)) = answer.open(&shared.keyring.hub_key().public()) else { return Ok(()) };
        let ever: Vec<_> = self.users[self.phones[phone].user].ever.iter().cloned().collect();
        rest.feed.iter().try_for_each(|item| self.oracle.may_see(item.document, &ever))
    }

    /// The harness's fault: a hub that answers each of two devices with what is the other's, signed as if it were
    /// theirs. Answers that are only mixed up on the way are not believed, see the device's own tests.
    pub(super) fn mix_up_answers(&mut self) {
        if self.mutation != Some(Mutation::MixUpAnswers) {
            return;
        }
        let answers: Vec<usize> = (0..self.flights.len())
            .filter(|at| {
                let flight = &self.flights[*at];
                flight.to == Endpoint::Exchange && matches!(flight.way, Way::Down(Reply::Answer(_)))
            })
            .collect();
        if let [.., one, other] = answers[..]
            && let (Some(first), Some(second)) = (self.answer_for(one, other), self.answer_for(other, one))
        {
            self.flights[one].way = Way::Down(Reply::Answer(second));
            self.flights[other].way = Way::Down(Reply::Answer(first));
        }
    }

    /// The answer of one flight, signed anew for the device that the other flight goes to.
    fn answer_for(&self, of: usize, to: usize) -> Option<Vec<u8>> {
        let Way::Down(Reply::Answer(bytes)) = &self.flights[of].way else { return None };
        let lease = self.phones[self.flights[to].route.phone].prefix()?;
        let shared = self.hub.shared()?;
        let hub = shared.keyring.hub_key();
        let (receipt, rest) = read::<Answer>(Message::Answer, bytes).ok()?.open(&hub.public()).ok()?;
        let leaves = receipt.leaves;
        let answer = Answer::sign(Receipt { lease, ..receipt }, &rest, leaves, hub);
        Some(frame(Message::Answer, &answer))
    }
}
