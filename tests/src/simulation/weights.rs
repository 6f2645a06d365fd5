//! What a seed draws: how large the world is, which faults are on, and how often each thing happens.
//!
//! *Swarm*: every fault is off in about half of the seeds, so that rare combinations of the others get room.

use super::dice::Dice;

/// What may happen in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A new case.
    Record,
    /// An edit of a document on the screen.
    Edit,
    /// Somebody opens a document and keeps it on the screen.
    Show,
    /// A card is shown at another site.
    Card,
    /// Somebody edits a document of another site by its id, without its card.
    Foreign,
    /// A movement, household, annex or link.
    Other,
    /// A device starts an exchange.
    Sync,
    /// A message of the network arrives.
    Deliver,
    /// A device gives up waiting for an answer.
    Timeout,
    /// The hub works on what has arrived.
    HubWork,
    /// The hub dies between two groups.
    HubCrash,
    /// The hub's disk begins to fail, or is full.
    DiskFault,
    /// The second copy goes on.
    Copy,
    /// A device dies.
    PhoneCrash,
    /// A device's store is put aside, to be restored later.
    Backup,
    /// A device's store is replaced by an older one.
    Restore,
    /// A device's store is put on a second device.
    Clone,
    /// A user changes sites.
    Move,
    /// A case goes on to another site.
    Transfer,
    /// A site is closed.
    CloseSite,
    /// A device loses its rights.
    Revoke,
    /// A device is confirmed, or let back in.
    Confirm,
    /// A lead's device vouches for another one.
    Vouch,
    /// Held work is decided.
    Decide,
    /// Somebody sends what is sealed on a device.
    SendSealed,
    /// The key of a device is lost.
    LoseKey,
    /// Two users share a device: one reads what the other recorded.
    Neighbours,
    /// Time passes.
    Wait,
}

/// The draw of a seed.
#[derive(Debug, Clone)]
pub struct Weights {
    /// Steps before all faults end.
    pub steps: usize,
    /// How many sites.
    pub sites: usize,
    /// How many devices.
    pub phones: usize,
    /// How often each action happens.
    pub actions: Vec<(Action, usize)>,
    /// Messages lost, of a hundred.
    pub loss: usize,
    /// Messages that arrive twice, of a hundred.
    pub duplication: usize,
    /// Messages cut at some byte, of a hundred.
    pub cuts: usize,
    /// Whether messages arrive in any order.
    pub reordering: bool,
    /// Groups in which the hub dies, of a hundred.
    pub hub_dies: usize,
    /// Turns in which a device dies, of a hundred.
    pub phone_dies: usize,
    /// Requests in one group at most.
    pub group: usize,
    /// Bytes that a link carries in about four seconds.
    pub budget: u32,
    /// Whether everything at the end must go through a link as narrow as the budget says.
    pub narrow: bool,
    /// Whether there is a second copy.
    pub copy: bool,
    /// Milliseconds by which devices' clocks are wrong, at most, either way.
    pub skew_ms: i64,
    /// Days that may pass at once.
    pub days: usize,
    /// Devices that nobody has confirmed when they are enrolled, of a hundred.
    pub pending: usize,
}

/// Ten years in milliseconds.
const YEARS_MS: i64 = 10 * 365 * 86_400_000;

impl Weights {
    /// The draw of a seed.
    #[must_use]
    pub fn draw(dice: &mut Dice) -> Self {
        let mut on = |percent: usize, low: usize, high: usize| {
            let weight = dice.between(low, high);
            if dice.percent(percent) { weight } else { 0 }
        };
        let actions = vec![
            (Action::Record, on(100, 3, 8)),
            (Action::Edit, on(95, 4, 12)),
            (Action::Show, on(60, 2, 6)),
            (Action::Card, on(60, 1, 6)),
            (Action::Foreign, on(40, 1, 3)),
            (Action::Other, on(50, 1, 5)),
            (Action::Sync, on(100, 8, 16)),
            (Action::Deliver, on(100, 14, 30)),
            (Action::Timeout, on(50, 1, 4)),
            (Action::HubWork, on(100, 10, 20)),
            (Action::HubCrash, on(50, 1, 3)),
            (Action::DiskFault, on(40, 1, 2)),
            (Action::Copy, on(60, 1, 5)),
            (Action::PhoneCrash, on(50, 1, 4)),
            (Action::Backup, on(50, 1, 3)),
            (Action::Restore, on(45, 1, 2)),
            (Action::Clone, on(30, 1, 1)),
            (Action::Move, on(35, 1, 2)),
            (Action::Transfer, on(50, 1, 4)),
            (Action::CloseSite, on(25, 1, 1)),
            (Action::Revoke, on(35, 1, 2)),
            (Action::Confirm, on(60, 1, 4)),
            (Action::Vouch, on(40, 1, 4)),
            (Action::Decide, on(50, 1, 4)),
            (Action::Wait, on(50, 1, 4)),
        ];
        let (loss, duplication, cuts) = (on(50, 2, 30), on(50, 2, 30), on(50, 2, 25));
        let (hub_dies, phone_dies) = (on(50, 2, 15), on(50, 1, 8));
        let skew_ms = if dice.percent(60) { YEARS_MS } else { 0 };
        let budget = *dice.pick(&[2_048, 4_096, 16_384, 262_144]).unwrap_or(&4_096);
        let mut weights = Self {
            steps: dice.between(60, 180),
            sites: dice.between(1, 3),
            phones: dice.between(2, 5),
            actions,
            loss,
            duplication,
            cuts,
            reordering: dice.percent(60),
            hub_dies,
            phone_dies,
            group: dice.between(1, 4),
            budget,
            narrow: dice.percent(40),
            copy: dice.percent(60),
            skew_ms,
            days: if dice.percent(40) { 20 } else { 0 },
            pending: if dice.percent(50) { 40 } else { 0 },
        };
        // Drawn last: what older seeds drew stays as it was.
        for (action, percent, high) in
            [(Action::SendSealed, 40, 3), (Action::LoseKey, 25, 1), (Action::Neighbours, 35, 4)]
        {
            let weight = dice.between(1, high);
            weights.actions.push((action, if dice.percent(percent) { weight } else { 0 }));
        }
        weights
    }

    /// The draw of a seed by its number.
    #[must_use]
    pub fn of_seed(seed: u64) -> Self {
        Self::draw(&mut Dice::new(seed, 2))
    }

    /// The same with another weight for one action.
    #[must_use]
    pub fn with(mut self, action: Action, weight: usize) -> Self {
        self.actions.iter_mut().filter(|(found, _)| *found == action).for_each(|(_, old)| *old = weight);
        self
    }

    /// A world in which nothing happens by itself and nothing fails: for told stories.
    #[must_use]
    pub fn calm(sites: usize, phones: usize) -> Self {
        Self {
            steps: 0,
            sites,
            phones,
            actions: vec![(Action::Wait, 1)],
            loss: 0,
            duplication: 0,
            cuts: 0,
            reordering: false,
            hub_dies: 0,
            phone_dies: 0,
            group: 4,
            budget: 262_144,
            narrow: false,
            copy: false,
            skew_ms: 0,
            days: 0,
            pending: 0,
        }
    }

    /// The next thing to happen.
    pub fn next(&self, dice: &mut Dice) -> Action {
        let total = self.actions.iter().map(|(_, weight)| weight).sum();
        let mut left = dice.below(total);
        for (action, weight) in &self.actions {
            if left < *weight {
                return *action;
            }
            left -= weight;
        }
        Action::Deliver
    }
}
