//! Standing: what the hub asks of this device, and how its lease stands there.
//!
//! Pending or revoked, a device goes on recording and sending; it reads nothing. An order to erase is obeyed at once
//! when the hub says so (the device is in wrong hands), else once the hub has everything: held work counts, and the last
//! parcel says that nothing is left. Both orders are believed only under the hub's signature.

use super::Device;
use super::event::{Event, Report};
use super::progress::{LeaseStanding, PendingWipe};
use super::rows::{Key, Wiped, WorkState, Write};
use super::turn::Turn;
use crate::ids::Channel;
use crate::wire::answer::{Order, Rest, WipeWhen};
use crate::wire::codec::to_cbor;

/// What a device says that was erased.
const ERASED: &str = "this device was erased by order of the hub: nothing can be recorded or sent; enrol a new one";

impl Device {
    /// What the hub asks of the device.
    pub(super) fn take_orders(&mut self, rest: &Rest, turn: &mut Turn) {
        if let Some(token) = rest.token {
            if let Some(enrolled) = self.identity.as_mut().and_then(|identity| identity.enrolled.as_mut()) {
                enrolled.token = Some(token);
                turn.mark(Key::Identity);
            }
            self.progress.challenge = None;
        }
        let standing = self.take_standing(&rest.orders, turn);
        for order in &rest.orders {
            match order {
                Order::Renew(challenge) => {
                    self.progress.challenge = Some(*challenge);
                    if let Some(sync) = &mut self.sync {
                        // To others than active leases no proof opens the feed.
                        sync.renew = rest.channels.is_empty() && standing == LeaseStanding::Active;
                    }
                }
                // Done when the feed is read to its end: until then a document may come through another channel,
                // without what this request carried.
                Order::ChannelClosed(_) => {}
                Order::CloneSeen => {
                    if let Some(session) = &mut self.session {
                        session.renew_actor(turn);
                    }
                    turn.report(Report::CloneSeen);
                }
                // Taken before, all together.
                Order::Wipe { .. } | Order::Pending | Order::Revoked | Order::ShowMarks => {}
            }
        }
        if let Some(configuration) = &rest.configuration {
            self.take_configuration(configuration, turn);
        }
        turn.progress();
    }

    pub(super) fn close_channel(&mut self, channel: &Channel, turn: &mut Turn) {
        let inside = self.entries.iter().filter(|(_, entry)| entry.channels.contains(channel));
        for document in inside.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.leave(document, channel, turn);
        }
        if self.sums.remove(channel).is_some() {
            turn.report(Report::ChannelClosed { channel: channel.clone() });
        }
    }

    /// How the lease stands and whether everything is to be erased; both are said in every answer while they hold.
    fn take_standing(&mut self, orders: &[Order], turn: &mut Turn) -> LeaseStanding {
        let standing = if orders.contains(&Order::Revoked) {
            LeaseStanding::Revoked
        } else if orders.contains(&Order::Pending) {
            LeaseStanding::Pending
        } else {
            LeaseStanding::Active
        };
        if standing != self.progress.standing {
            self.progress.standing = standing;
            turn.report(Report::Standing { standing });
        }
        let ordered = orders.contains(&Order::Wipe { when: WipeWhen::AfterReceipts });
        match (ordered, &self.progress.wipe) {
            (true, None) => {
                self.progress.wipe = Some(PendingWipe::default());
                turn.report(Report::WipeOrdered);
            }
            (false, Some(_)) => {
                self.progress.wipe = None;
                turn.report(Report::WipeCalledOff);
            }
            _ => {}
        }
        standing
    }

    /// Whether the hub has everything that was recorded here; what it holds for a person counts.
    pub(super) fn all_receipted(&self) -> bool {
        self.works.values().all(|work| matches!(work.state, WorkState::HeldWho(_))) && !self.has_outstanding()
    }

    /// Whether everything is to be erased, the hub has all of it and knows that this is the end.
    pub(super) fn wipe_is_due(&self) -> bool {
        self.progress.wipe.as_ref().is_some_and(|wipe| wipe.told) && self.all_receipted()
    }

    /// Forgets everything.
    pub(super) fn wipe(&mut self, when: WipeWhen, turn: &mut Turn) {
        let later = std::mem::take(&mut self.later);
        let wiped = Wiped { at: turn.now, when };
        *self = Self { later, wiped: Some(wiped), ..Self::empty() };
        turn.wipe(vec![Write::Put(Key::Wiped, to_cbor(&wiped))]);
        turn.report(Report::Wiped { when });
    }

    /// What an erased device answers.
    pub(super) fn say_erased(&mut self, event: Event, turn: &mut Turn) {
        let reason = ERASED.to_owned();
        match event {
            Event::Edit(requests) => {
                for request in requests {
                    turn.report(Report::EditRefused { tag: request.tag, reason: reason.clone() });
                }
            }
            Event::Enrol(_) => turn.report(Report::NotEnrolled { reason }),
            Event::Sync { .. } => turn.report(Report::SyncFailed { reason }),
            Event::Export { .. } => turn.report(Report::NotExported { reason }),
            Event::Take { .. } => turn.report(Report::CourierRefused { reason }),
            Event::Vouch(_) => turn.report(Report::NotVouched { reason }),
            Event::Answer { .. }
            | Event::Failed { .. }
            | Event::TurnedAway { .. }
            | Event::Loaded(_)
            | Event::Shown(_)
            | Event::Neighbours(_) => {}
        }
    }
}
