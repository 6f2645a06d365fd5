//! What happens to the hub: work, deaths, starts, full and failing disks, the second copy, the administrator's facts.

use segin::hub::fact::{By, Fact};
use segin::hub::writer::Job;
use segin::store::files::{Call, CrashMode, Often};
use sync_protocol::ids::Position;
use sync_protocol::wire::codec::{Message, read};
use sync_protocol::wire::exchange::ExchangeRequest;

use super::hub::{Arrived, Death, Reply, Worked};
use super::network::{Flight, Way};
use super::oracle::channels_add_up;
use super::promise::{Broken, Check, Promise, holds};
use super::world::World;

/// A job of an administrator once more.
fn again(job: &Job) -> Job {
    match job {
        Job::Fact(fact, by) => Job::Fact(fact.clone(), *by),
        Job::Decide(decision) => Job::Decide(decision.clone()),
        Job::Move(wanted) => Job::Move(wanted.clone()),
        Job::Parcels { .. }
        | Job::Returns { .. }
        | Job::Enrol(_)
        | Job::Renew(_)
        | Job::Continue(_)
        | Job::Readmit(_) => {
            unreachable!("an administrator sends no parcels")
        }
    }
}

/// Calls to the disk within an append, more or less.
const APPEND_CALLS: usize = 4;

impl World {
    /// Starts the hub; it must start unless its disk is faulty.
    pub(super) fn start_hub(&mut self) -> Check {
        match self.hub.start() {
            Ok(()) => {
                let shared = self.hub.shared().cloned();
                shared.map_or(Ok(()), |shared| self.oracle.hub_started(&shared))
            }
            Err(error) if self.is_faulty => {
                self.trace.add(format!("  the hub does not start: {error}"));
                // It may have written half of its repair.
                self.hub.disk.crash(CrashMode::ProcessOnly);
                Ok(())
            }
            Err(error) => Err(Broken::new(Promise::SavedMeansSaved, format!("the hub does not start: {error}"))),
        }
    }

    /// Ends all faults of the hub's disks.
    pub(super) fn heal(&mut self) {
        self.hub.disk.heal();
        self.is_faulty = false;
    }

    pub(super) fn hub_dies(&mut self, why: &str) -> Check {
        let mode = *self.dice.pick(&CrashMode::ALL).unwrap_or(&CrashMode::ForgetUnsynced);
        self.trace.add(format!("  the hub dies ({mode:?}): {why}"));
        self.hub.die(mode, &mut self.dice);
        Ok(())
    }

    pub(super) fn disk_fault(&mut self) -> Check {
        let calls = self.dice.below(8) as u64;
        let often = if self.dice.percent(50) { Often::Once } else { Often::ForEver };
        let room = self.dice.below(8_192) as u64;
        match self.dice.below(5) {
            0 => self.hub.disk.fail(Call::Write, calls, often),
            1 => self.hub.disk.fail(Call::Sync, calls, often),
            2 => self.hub.disk.limit_bytes(self.hub.disk.used_bytes() + room),
            3 => {
                let call = *self.dice.pick(&[Call::Write, Call::Sync, Call::Read]).unwrap_or(&Call::Write);
                self.hub.copy_disk.fail(call, calls, often);
                return Ok(());
            }
            _ => {
                self.hub.copy_disk.limit_bytes(self.hub.copy_disk.used_bytes() + room);
                return Ok(());
            }
        }
        self.is_faulty = true;
        Ok(())
    }

    pub(super) fn hub_work(&mut self) -> Check {
        if self.hub.running.is_none() {
            if self.dice.percent(50) {
                self.heal();
            }
            return self.start_hub();
        }
        let count = self.dice.between(1, self.weights.group).min(self.hub.inbox.len());
        if count == 0 {
            return Ok(());
        }
        let group: Vec<Arrived> = self.hub.inbox.drain(..count).collect();
        let death = self.death();
        if matches!(death, Some(Death::InsideAppend(..))) {
            self.is_faulty = true;
        }
        let worked = self.hub.work(group, death);
        self.worked(worked)?;
        if self.dice.percent(50) { self.settle(false) } else { Ok(()) }
    }

    /// The hub does what has to be done without being asked.
    pub(super) fn settle(&mut self, whole: bool) -> Check {
        match self.hub.settle(whole) {
            Ok(()) => {
                let now = self.hub.now;
                let Some(shared) = self.hub.shared().cloned() else { return Ok(()) };
                channels_add_up(&shared)?;
                self.oracle.log_grew(&shared, now)
            }
            Err(why) => self.hub_dies(&why),
        }
    }

    fn death(&mut self) -> Option<Death> {
        let dies = self.dice.percent(self.weights.hub_dies);
        let calls = self.dice.below(APPEND_CALLS) as u64;
        let mode = *self.dice.pick(&CrashMode::ALL).unwrap_or(&CrashMode::ForgetUnsynced);
        let which = match self.dice.below(4) {
            0 => Death::BeforeStore,
            1 => Death::BeforeAnswers,
            _ => Death::InsideAppend(calls, mode),
        };
        dies.then_some(which)
    }

    /// Checks what the hub says and sends it.
    fn worked(&mut self, worked: Worked) -> Check {
        if let Some(why) = worked.died {
            return self.hub_dies(&why);
        }
        let now = self.hub.now;
        if let Some(shared) = self.hub.shared().cloned() {
            self.oracle.log_grew(&shared, now)?;
        }
        for (arrived, reply) in worked.replies {
            if arrived.route.hostile {
                continue;
            }
            self.check_reply(&arrived, &reply)?;
            self.flights.push(Flight { route: arrived.route, to: arrived.to, way: Way::Down(reply) });
        }
        self.mix_up_answers();
        Ok(())
    }

    /// Checks one answer against everything that was said before.
    pub(super) fn check_reply(&mut self, arrived: &Arrived, reply: &Reply) -> Check {
        let (Reply::Answer(bytes), sync_protocol::device::Endpoint::Exchange) = (reply, arrived.to) else {
            return Ok(());
        };
        let user = self.phones[arrived.route.phone].user;
        let request = read::<ExchangeRequest>(Message::ExchangeRequest, &arrived.bytes).ok();
        let lease = request.map(|request| request.lease);
        let shared = self.hub.shared().cloned();
        if let (Some(shared), Some(lease)) = (&shared, lease) {
            self.oracle.vouchers_arrived(shared, lease);
        }
        let shut = lease.is_none_or(|lease| self.oracle.shut.contains(&lease));
        let scope = if shut { Vec::new() } else { self.users[user].sites.clone() };
        shared.map_or(Ok(()), |shared| self.oracle.answered(&shared, &arrived.bytes, bytes, &scope))
    }

    pub(super) fn copy(&mut self) -> Check {
        if !self.weights.copy || self.hub.running.is_none() {
            return Ok(());
        }
        match self.hub.copy() {
            Ok(position) => self.trace.add(format!("  copied to {position}")),
            Err(error) => {
                self.trace.add(format!("  not copied: {error}"));
                if self.dice.percent(60) {
                    self.hub.copy_disk.heal();
                }
            }
        }
        if self.dice.percent(20) { self.check_copy() } else { Ok(()) }
    }

    /// The second copy holds everything of which it was ever claimed.
    pub(super) fn check_copy(&mut self) -> Check {
        let claimed = self.oracle.copied_to;
        let found = self.hub.copy_after_power_cut();
        let found =
            found.map_err(|error| Broken::new(Promise::SavedMeansSaved, format!("the second copy: {error}")))?;
        holds(Promise::SavedMeansSaved, claimed <= found || claimed == Position::START, || {
            format!("a second copy up to {claimed} was claimed, there is one up to {found}")
        })
    }

    /// An administrator's fact, repeated until it is known to be written.
    pub(super) fn admin(&mut self, fact: Fact) -> Check {
        self.job(&Job::Fact(fact, By::Setup))
    }

    /// A job, repeated until it is known to be done.
    pub(super) fn job(&mut self, job: &Job) -> Check {
        loop {
            if self.hub.job(again(job)) {
                let now = self.hub.now;
                let shared = self.hub.shared().cloned();
                return shared.map_or(Ok(()), |shared| self.oracle.log_grew(&shared, now));
            }
            self.hub_dies("an administrator's fact was not written")?;
            self.heal();
            self.start_hub()?;
        }
    }
}
