//! The hub of the simulation: the product's own functions over a fake disk and a store in memory, one group at a time,
//! with a death at every place where a process can die.

use std::sync::Arc;

use segin::hub::directory::Directory;
use segin::hub::exchange::{self, Pending, Written};
use segin::hub::opening::{self, Beginning, Folding};
use segin::hub::published::Shared;
use segin::hub::writer::{Done, Job, Writer};
use segin::random::SeededRandom;
use segin::store::copy::Copier;
use segin::store::documents::{DocumentStore, MemoryStore};
use segin::store::files::{CrashMode, Disk, FakeDisk};
use segin::store::keyring::{Keyring, MasterKey};
use segin::store::log::{Log, LogSizes, Opening};
use sync_protocol::device::Endpoint;
use sync_protocol::ids::{LogId, Millis, Position};
use sync_protocol::wire::codec::{Message, Raw, frame, read};
use sync_protocol::wire::enrolment::EnrolRequest;
use sync_protocol::wire::exchange::ExchangeRequest;
use sync_protocol::wire::manifest::Manifest;

use super::dice::Dice;
use super::mutation::Mutation;
use super::parts::{LyingDisk, SimStore};

/// Small segments, so that a short run crosses their ends.
const SIZES: LogSizes = LogSizes { segment_bytes: 24 * 1024, step_bytes: 4 * 1024 };

/// Whose request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// The device.
    pub phone: usize,
    /// Which of its lives.
    pub life: u64,
    /// The number of its request.
    pub number: u32,
    /// Damaged on its way: nobody waits for the answer.
    pub hostile: bool,
}

/// A request that has reached the hub.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// Whose.
    pub route: Route,
    /// Where to.
    pub to: Endpoint,
    /// A frame, whole or not.
    pub bytes: Vec<u8>,
}

/// What the hub says.
#[derive(Debug, Clone)]
pub enum Reply {
    /// An answer's frame.
    Answer(Vec<u8>),
    /// An error of HTTP: the stable code.
    Refused(String),
}

/// Where the hub dies while it works on a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Death {
    /// Inside one of the append's calls to the disk.
    InsideAppend(u64, CrashMode),
    /// The entries are on disk, the store does not have them.
    BeforeStore,
    /// Everything is stored, nobody was told.
    BeforeAnswers,
}

/// What became of a group.
pub struct Worked {
    /// To be sent.
    pub replies: Vec<(Arrived, Reply)>,
    /// Why the hub must end.
    pub died: Option<String>,
}

/// A running hub.
pub struct Running {
    /// For readers.
    pub shared: Arc<Shared>,
    writer: Writer,
    copier: Option<Copier>,
}

/// The hub: what is on its disks, and whether it runs.
pub struct SimHub {
    /// Log and keyring.
    pub disk: FakeDisk,
    /// The second copy's place.
    pub copy_disk: FakeDisk,
    /// The document store.
    pub store: Arc<SimStore>,
    /// None while it is down.
    pub running: Option<Running>,
    /// Hub time.
    pub now: Millis,
    /// Requests that have arrived.
    pub inbox: Vec<Arrived>,
    /// Which log.
    pub log_id: LogId,
    master: MasterKey,
    random: SeededRandom,
    mutation: Option<Mutation>,
}

impl SimHub {
    /// A new hub with these sites, not yet running.
    ///
    /// # Panics
    /// When a hub cannot be begun on a sound disk.
    #[must_use]
    pub fn begin(dice: &mut Dice, now: Millis, mutation: Option<Mutation>) -> Self {
        let disk = FakeDisk::new(dice.below(usize::MAX) as u64);
        let copy_disk = FakeDisk::new(dice.below(usize::MAX) as u64);
        let mut random = dice.split();
        let master = MasterKey::from_bytes(dice.bytes());
        let log_id = opening::new_log_id(&mut random);
        let keyring = Keyring::create(disk.shared(), &master, &mut random).expect("the disk is sound");
        let (mut log, _) = Log::create(disk.shared(), log_id, SIZES, &mut random).expect("the disk is sound");
        let beginning = Beginning { configuration: (1, Raw(vec![0x80])), now };
        opening::begin(&mut log, &keyring, &beginning, &mut random).expect("the disk is sound");
        drop(log);
        let store = Arc::new(SimStore::default());
        Self { disk, copy_disk, store, running: None, now, inbox: Vec::new(), log_id, master, random, mutation }
    }

    /// The disk as the hub sees it.
    fn seen(&self) -> Arc<dyn Disk> {
        match self.mutation {
            Some(Mutation::AckBeforeSync) => Arc::new(LyingDisk(self.disk.clone())),
            _ => self.disk.shared(),
        }
    }

    /// Starts the hub over what is on its disks.
    ///
    /// # Errors
    /// What the hub would tell its operator.
    pub fn start(&mut self) -> Result<(), String> {
        let disk = self.seen();
        let keyring = Keyring::open(Arc::clone(&disk), &self.master).map_err(|error| error.to_string())?;
        let keyring = Arc::new(keyring);
        let (log, reader, directory) = scan(disk, &keyring)?;
        if opening::fits(&reader, &*self.store).map_err(|error| error.to_string())?.is_err() {
            // As the process does it: what does not fit this log is set aside.
            self.store = self.store_over(MemoryStore::new());
        }
        let store: Arc<dyn DocumentStore> = Arc::clone(&self.store) as Arc<dyn DocumentStore>;
        let opened = opening::open(log, reader, keyring, store, directory, &mut self.random)
            .map_err(|error| error.to_string())?;
        self.running = Some(Running { shared: opened.shared, writer: opened.writer, copier: None });
        Ok(())
    }

    /// The running hub's shared part.
    #[must_use]
    pub fn shared(&self) -> Option<&Arc<Shared>> {
        self.running.as_ref().map(|running| &running.shared)
    }

    /// The process ends, perhaps with the machine; the store is then as it was after some earlier batch, or set aside.
    pub fn die(&mut self, mode: CrashMode, dice: &mut Dice) {
        self.running = None;
        self.inbox.clear();
        self.disk.crash(mode);
        self.copy_disk.crash(if dice.percent(50) { mode } else { CrashMode::ProcessOnly });
        let batches = self.store.inner.batches();
        let older = match dice.below(4) {
            0 => self.store.inner.clone(),
            1 => MemoryStore::new(),
            _ => self.store.inner.at_prefix(dice.below(batches + 1)),
        };
        self.store = self.store_over(older);
    }

    fn store_over(&self, inner: MemoryStore) -> Arc<SimStore> {
        Arc::new(SimStore::new(inner, self.mutation == Some(Mutation::DoubleApply)))
    }

    /// Does an administrator's job; `false` when the hub died of it and nobody knows what is written.
    pub fn job(&mut self, job: Job) -> bool {
        let now = self.now;
        let Some(running) = &mut self.running else { return false };
        running.writer.commit(vec![job], now, &mut self.random).is_ok()
    }

    /// Does what has to be done without being asked, to its end or for one piece.
    ///
    /// # Errors
    /// Why the hub must end.
    pub fn settle(&mut self, whole: bool) -> Result<(), String> {
        let now = self.now;
        let Some(running) = &mut self.running else { return Ok(()) };
        while running.writer.settle(now, &mut self.random).map_err(|fatal| fatal.to_string())? && whole {}
        Ok(())
    }

    /// Works on a group of requests.
    ///
    /// # Panics
    /// When it is not running.
    pub fn work(&mut self, group: Vec<Arrived>, death: Option<Death>) -> Worked {
        let mut now = self.now;
        if self.mutation == Some(Mutation::TrustDeviceClock) {
            now = group.iter().find_map(created).unwrap_or(now);
        }
        let running = self.running.as_mut().expect("only a running hub works");
        match death {
            Some(Death::InsideAppend(calls, mode)) => self.disk.crash_inside(calls, mode),
            Some(Death::BeforeStore) => self.store.fail_next_commit(),
            Some(Death::BeforeAnswers) | None => {}
        }
        let mut taken = Vec::new();
        let mut jobs = Vec::new();
        for arrived in group {
            match take(&running.shared, &arrived, self.now) {
                Ok((pending, own)) => {
                    taken.push((arrived, Ok((pending, own.len()))));
                    jobs.extend(own);
                }
                Err(code) => taken.push((arrived, Err(code))),
            }
        }
        let done = match running.writer.commit(jobs, now, &mut self.random) {
            Ok(done) => done,
            Err(fatal) => return Worked { replies: Vec::new(), died: Some(fatal.to_string()) },
        };
        // A group that appended nothing outlives what was to happen to its batch.
        self.store.fail_no_commit();
        let mut done = done.into_iter();
        let mut replies = Vec::new();
        for (arrived, outcome) in taken {
            let reply = match outcome {
                Err(code) => Reply::Refused(code),
                Ok((pending, count)) => {
                    let own: Vec<Done> = done.by_ref().take(count).collect();
                    match reply(&running.shared, pending.as_ref(), own, self.now, &mut self.random) {
                        Ok(reply) => reply,
                        Err(fatal) => return Worked { replies: Vec::new(), died: Some(fatal) },
                    }
                }
            };
            replies.push((arrived, reply));
        }
        if death == Some(Death::BeforeAnswers) {
            return Worked { replies: Vec::new(), died: Some("it died before it answered".to_owned()) };
        }
        Worked { replies, died: None }
    }

    /// Brings the second copy up to the log; says up to where it is complete.
    ///
    /// # Errors
    /// Why there is no second copy for now. The hub goes on.
    pub fn copy(&mut self) -> Result<Position, String> {
        let disk = self.seen();
        let Some(running) = &mut self.running else { return Err("the hub is down".to_owned()) };
        if self.mutation == Some(Mutation::SkipCopyButClaim) {
            let head = running.shared.published().position;
            running.shared.set_copied_to(head);
            return Ok(head);
        }
        if running.copier.is_none() {
            let reader = running.shared.log.clone();
            let target = self.copy_disk.shared();
            let copier = Copier::open(disk, reader, target, SIZES, &mut self.random);
            running.copier = Some(copier.map_err(|error| error.to_string())?);
        }
        let Some(copier) = &mut running.copier else { return Err("no copier".to_owned()) };
        match copier.copy() {
            Ok(position) => {
                running.shared.set_copied_to(position);
                Ok(position)
            }
            Err(error) => {
                running.copier = None;
                Err(error.to_string())
            }
        }
    }

    /// Up to where the second copy would be found after a power cut; ends the copier.
    ///
    /// # Errors
    /// When the copy does not open.
    pub fn copy_after_power_cut(&mut self) -> Result<Position, String> {
        if let Some(running) = &mut self.running {
            running.copier = None;
        }
        self.copy_disk.heal();
        self.copy_disk.crash(CrashMode::ForgetUnsynced);
        let copy: Arc<dyn Disk> = self.copy_disk.shared();
        let exists = Log::exists(&*copy).map_err(|error| error.to_string())?
            && Keyring::exists(&*copy).map_err(|error| error.to_string())?;
        if !exists {
            // Begun, and nothing was claimed of it yet.
            return Ok(Position::START);
        }
        let keyring = Keyring::open(Arc::clone(&copy), &self.master).map_err(|error| error.to_string())?;
        let (_, reader, _) = scan(copy, &keyring)?;
        Ok(reader.head().0)
    }
}

/// Reads a log from its first byte.
fn scan(disk: Arc<dyn Disk>, keyring: &Keyring) -> Result<(Log, segin::store::log::LogReader, Directory), String> {
    let mut opening = Opening::start(disk, SIZES).map_err(|error| error.to_string())?;
    let mut folding = Folding::new(opening.log_id(), keyring);
    while let Some(record) = opening.next_record().map_err(|error| error.to_string())? {
        folding.fold(record.position, &record.payload).map_err(|error| error.to_string())?;
    }
    let directory = folding.directory;
    let (log, reader, _) = opening.finish().map_err(|error| error.to_string())?;
    Ok((log, reader, directory))
}

fn take(shared: &Shared, arrived: &Arrived, now: Millis) -> Result<(Option<Pending>, Vec<Job>), String> {
    match arrived.to {
        Endpoint::Enrol => {
            let request: EnrolRequest = read(Message::EnrolRequest, &arrived.bytes).map_err(|e| e.code().to_owned())?;
            Ok((None, vec![Job::Enrol(request)]))
        }
        Endpoint::Exchange => {
            let (pending, jobs) =
                exchange::receive(shared, &arrived.bytes, now).map_err(|error| error.code().to_owned())?;
            Ok((Some(pending), jobs))
        }
    }
}

fn reply(
    shared: &Shared,
    pending: Option<&Pending>,
    done: Vec<Done>,
    now: Millis,
    random: &mut SeededRandom,
) -> Result<Reply, String> {
    let mut written = Written::default();
    for one in done {
        match one {
            Done::Enrolled(Ok(answer)) => return Ok(Reply::Answer(frame(Message::EnrolAnswer, &*answer))),
            Done::Enrolled(Err(error)) => return Ok(Reply::Refused(error.code().to_owned())),
            other => drop(written.take(other)),
        }
    }
    let Some(pending) = pending else { return Ok(Reply::Refused("no request".to_owned())) };
    let bytes = exchange::answer(shared, pending, written, now, random).map_err(|fatal| fatal.to_string())?;
    Ok(Reply::Answer(bytes))
}

/// The device's clock when it signed the first parcel of a request.
fn created(arrived: &Arrived) -> Option<Millis> {
    let request: ExchangeRequest = read(Message::ExchangeRequest, &arrived.bytes).ok()?;
    let manifest: Manifest = request.parcels.first()?.manifest.read().ok()?;
    Some(manifest.created)
}
