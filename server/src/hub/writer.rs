//! The writer: the one place where the hub changes anything.
//!
//! Takes what waits as a group, decides each job in order, appends all entries with one write and one sync, files
//! them in one batch, publishes, and only then answers. Any failure from the append on leaves the outcome unknown: the
//! process must end, and the start that follows reads from the log what happened. Synchronous and single-threaded, so
//! that the simulation drives the same code.

use std::collections::HashMap;
use std::sync::Arc;

use sync_protocol::ids::{ActorPrefix, Channel, Hash, Millis, Position, Salt};
use sync_protocol::wire::answer::{DocumentFate, ParcelReceipt};
use sync_protocol::wire::codec::{CodecError, to_cbor};
use sync_protocol::wire::enrolment::{EnrolAnswer, EnrolRequest, token_hash};
use sync_protocol::wire::lease::{Lease, SignedLease};
use sync_protocol::wire::parcel::ParcelError;
use thiserror::Error;

use super::admission::Admission;
use super::continuing::Continuing;
use super::deciding::{Decision, DecisionDone};
use super::enrolling::{self, EnrolError};
use super::entry::{Entry, Filed, ParcelEntry};
use super::fact::{By, Fact, FactEntry};
use super::filing::{Filing, FilingError};
use super::moving::{Closing, Move};
use super::placing::Note;
use super::published::{Published, Shared};
use super::returning::VettedReturns;
use super::vet::VettedParcel;
use crate::limits::REQUEST_OPERATIONS_MAX;
use crate::random::{Random, draw};
use crate::store::documents::AppliedTo;
use crate::store::log::{Log, LogError};

/// One thing to be done.
pub enum Job {
    /// The parcels of one request.
    Parcels {
        /// Whose.
        lease: ActorPrefix,
        /// Vetted, or why one was refused whole.
        parcels: Vec<Result<VettedParcel, (Hash, ParcelError)>>,
    },
    /// Others' work that a device gives back.
    Returns {
        /// Who brings it.
        lease: ActorPrefix,
        /// Vetted, each with its proof or why it is refused.
        returns: VettedReturns,
    },
    /// A device wants to be enrolled.
    Enrol(EnrolRequest),
    /// A lease has proved its key and gets a new token.
    Renew(ActorPrefix),
    /// This hub is an older copy, or one of two: its log goes on under another id.
    Continue(Continuing),
    /// A lease that this hub had signed and lost.
    Readmit(SignedLease),
    /// A fact, and who did it. Checked before it comes here.
    Fact(Fact, By),
    /// A person decides about held work.
    Decide(Decision),
    /// A case is to be elsewhere.
    Move(Move),
}

/// What became of a job, durable when it is handed out.
#[derive(Debug)]
pub enum Done {
    /// One receipt for each parcel.
    Parcels(Vec<ParcelReceipt>),
    /// What became of each document that was given back, and where it stands.
    Returned(Vec<(Option<Position>, DocumentFate)>),
    /// The answer to a device that is enrolled now, or why it is not.
    Enrolled(Result<Box<EnrolAnswer>, EnrolError>),
    /// The new token.
    Renewed(Salt),
    /// It is in the log, or was there already.
    Noted,
    /// Where the fact stands.
    Fact(Position),
    /// What became of the decision.
    Decided(DecisionDone),
    /// Where the move stands; none when the case was there already.
    Moved(Option<Position>),
}

/// Why the hub must stop. What was receipted is safe; what was asked in this group may or may not be in the log.
#[derive(Debug, Error)]
pub enum Fatal {
    /// The log could not be written.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Documents or keys could not be read or written.
    #[error(transparent)]
    Filing(#[from] FilingError),
    /// An entry cannot be read.
    #[error("an entry of the log cannot be read: {0}")]
    Entry(#[from] CodecError),
}

/// The writer's own state.
pub struct Writer {
    log: Log,
    shared: Arc<Shared>,
    closing: Closing,
    /// Operations tried for one request.
    pub(super) operations_max: u64,
}

/// One group in the making.
pub(super) struct Group<'a> {
    pub shared: &'a Shared,
    pub filing: Filing<'a>,
    pub payloads: Vec<Vec<u8>>,
    /// The group's own parcels and decisions: the log does not have them yet.
    pub entries: HashMap<Position, Entry>,
    /// What the documents applied so far say about others.
    pub notes: Vec<Note>,
    pub head: Position,
    pub now: Millis,
    pub operations_max: u64,
}

impl Writer {
    /// Over an opened log.
    #[must_use]
    pub fn new(log: Log, shared: Arc<Shared>) -> Self {
        Self { log, shared, closing: Closing::default(), operations_max: REQUEST_OPERATIONS_MAX }
    }

    /// Does a group of jobs; one answer for each, in order.
    ///
    /// # Errors
    /// [`Fatal`]: the caller ends the process without answering.
    pub fn commit(&mut self, jobs: Vec<Job>, now: Millis, random: &mut dyn Random) -> Result<Vec<Done>, Fatal> {
        let shared = Arc::clone(&self.shared);
        let mut group = Group::new(&shared, now, self.operations_max);
        let mut done = Vec::with_capacity(jobs.len());
        for job in jobs {
            done.push(group.job(job, random)?);
        }
        self.append(&shared, group, random)?;
        Ok(done)
    }

    /// Does a piece of what has to be done without being asked: held work whose reason is over, documents of a closed
    /// site. Whether there was any: the caller comes again until there is none.
    ///
    /// # Errors
    /// [`Fatal`], as for [`Writer::commit`].
    pub fn settle(&mut self, now: Millis, random: &mut dyn Random) -> Result<bool, Fatal> {
        let shared = Arc::clone(&self.shared);
        let mut group = Group::new(&shared, now, self.operations_max);
        if !group.settle(random)? && !group.close_sites(&mut self.closing, random)? {
            return Ok(false);
        }
        group.act_on_notes(random)?;
        self.append(&shared, group, random)?;
        Ok(true)
    }

    /// Appends a group, files it, and publishes.
    fn append(&mut self, shared: &Shared, group: Group<'_>, random: &mut dyn Random) -> Result<(), Fatal> {
        if group.payloads.is_empty() {
            return Ok(());
        }
        let appended = self.log.append_group(&group.payloads)?;
        let last = appended.last().expect("as many records were appended as payloads were given, at least one");
        let (position, chain) = (last.position, last.chain);
        let applied_to = AppliedTo { log_id: shared.log.log_id(), position, chain };
        shared.store.commit(&group.filing.batch(applied_to, random)).map_err(FilingError::from)?;
        let mut channels = shared.published().channels.clone();
        channels.extend(group.filing.channels().iter().map(|(channel, state)| (channel.clone(), *state)));
        let log = shared.directory().log;
        shared.publish(Published { log, position, chain, channels });
        Ok(())
    }
}

impl<'a> Group<'a> {
    fn new(shared: &'a Shared, now: Millis, operations_max: u64) -> Self {
        Self {
            shared,
            filing: Filing::new(&*shared.store, &shared.keyring),
            payloads: Vec::new(),
            entries: HashMap::new(),
            notes: Vec::new(),
            head: shared.published().position,
            now,
            operations_max,
        }
    }
}

impl Group<'_> {
    fn job(&mut self, job: Job, random: &mut dyn Random) -> Result<Done, Fatal> {
        match job {
            Job::Parcels { lease, parcels } => {
                let scope = self.scope_of(lease);
                let mut receipts = Vec::with_capacity(parcels.len());
                let mut operations = self.operations_max;
                for parcel in parcels {
                    receipts.push(match parcel {
                        Ok(parcel) => self.parcel(lease, &scope, parcel, &mut operations, random)?,
                        Err((manifest, error)) => ParcelReceipt {
                            manifest,
                            position: None,
                            documents: Vec::new(),
                            refused: Some((error.code().to_owned(), error.to_string())),
                        },
                    });
                }
                self.shared.spent.tried(self.operations_max - operations);
                Ok(Done::Parcels(receipts))
            }
            Job::Returns { lease, returns } => Ok(Done::Returned(self.take_back(lease, returns, random)?)),
            Job::Enrol(request) => self.enrol(&request, random),
            Job::Renew(lease) => {
                let token = Salt::new(draw(random));
                self.fact(Fact::TokenIssued { lease, token: token_hash(&token) }, By::Lease(lease), random)?;
                Ok(Done::Renewed(token))
            }
            Job::Continue(continuing) => {
                self.continue_log(continuing, random)?;
                Ok(Done::Noted)
            }
            Job::Readmit(signed) => {
                let lease: Lease = signed.lease.read()?;
                if !self.shared.directory().leases.contains_key(&lease.prefix) {
                    self.fact(Fact::Readmitted { lease: signed }, By::Lease(lease.prefix), random)?;
                }
                Ok(Done::Noted)
            }
            Job::Fact(fact, by) => Ok(Done::Fact(self.fact(fact, by, random)?)),
            // Whoever decides would decide about rights that may have been taken away since the copy.
            Job::Decide(_) if self.shared.directory().restored.is_some() => Ok(Done::Decided(DecisionDone::default())),
            Job::Decide(decision) => {
                let done = self.decide(&decision, random)?;
                self.act_on_notes(random)?;
                Ok(Done::Decided(done))
            }
            Job::Move(wanted) => Ok(Done::Moved(self.move_case(&wanted, random)?)),
        }
    }

    /// The channels that a lease may be told of.
    pub(super) fn scope_of(&self, lease: ActorPrefix) -> Vec<Channel> {
        let directory = self.shared.directory();
        let state = directory.leases.get(&lease).filter(|state| directory.lease_stands(state).is_ok());
        state.map(|state| directory.scope(state.lease.user)).unwrap_or_default()
    }

    fn parcel(
        &mut self,
        lease: ActorPrefix,
        scope: &[Channel],
        parcel: VettedParcel,
        operations: &mut u64,
        random: &mut dyn Random,
    ) -> Result<ParcelReceipt, Fatal> {
        let manifest = parcel.opened.hash;
        let directory = self.shared.directory();
        if let Some(position) = directory.parcels.get(&manifest).copied() {
            drop(directory);
            let entry = match self.entries.get(&position) {
                Some(Entry::Parcel(entry)) => entry.clone(),
                _ => read_parcel(self.shared, position)?,
            };
            let mut receipt = receipt(manifest, Some(position), &entry, scope);
            let named = entry.read_manifest()?.documents;
            for (named, fate) in named.iter().zip(&mut receipt.documents).filter(|(_, fate)| !fate.entered.is_empty()) {
                // Where the documents are by now: one may have gone on since it came.
                let now = self.filing.document(named.document)?;
                fate.entered.retain(|channel| now.as_ref().is_some_and(|now| now.channels.contains(channel)));
            }
            return Ok(receipt);
        }
        let Some(state) = directory.leases.get(&lease) else {
            // Vetting found the lease, and leases are never taken away.
            return Err(CodecError::Body(format!("lease {lease} has vanished")).into());
        };
        let position = self.head.next();
        let mut admission = Admission {
            directory: &directory,
            filing: &mut self.filing,
            keyring: &self.shared.keyring,
            random,
            now: self.now,
            operations,
            notes: Vec::new(),
        };
        let statements = parcel.opened.statements.clone();
        let entry = admission.admit(position, state, parcel)?;
        let notes = std::mem::take(&mut admission.notes);
        self.notes.extend(notes);
        drop(directory);
        let keeps = entry.statements.is_some() || entry.documents.iter().any(Filed::is_kept);
        if !keeps {
            // Nothing new: the log does not grow by what was there already or could not be kept. The fates say which; a
            // parcel without a position would be one that was refused whole.
            return Ok(receipt(manifest, Some(self.head), &entry, scope));
        }
        self.shared.directory_mut().fold_parcel(position, &entry)?;
        self.payloads.push(entry.to_bytes());
        self.head = position;
        let receipt = receipt(manifest, Some(position), &entry, scope);
        self.entries.insert(position, Entry::Parcel(entry));
        self.act_on(lease, &statements, random)?;
        self.act_on_notes(random)?;
        Ok(receipt)
    }

    fn enrol(&mut self, request: &EnrolRequest, random: &mut dyn Random) -> Result<Done, Fatal> {
        let plan = {
            let directory = self.shared.directory();
            enrolling::plan(&directory, &self.shared.keyring, request, self.now, random)
        };
        match plan {
            Ok((fact, answer)) => {
                self.fact(fact, By::Nobody, random)?;
                Ok(Done::Enrolled(Ok(Box::new(answer))))
            }
            Err(error) => Ok(Done::Enrolled(Err(error))),
        }
    }

    pub(super) fn fact(&mut self, fact: Fact, by: By, random: &mut dyn Random) -> Result<Position, Fatal> {
        let entry = FactEntry { at: self.now, fact, by };
        let position = self.head.next();
        self.shared.directory_mut().fold_fact(position, &entry)?;
        let sealed = self.shared.keyring.seal_entry(random, &to_cbor(&entry));
        self.payloads.push(Entry::sealed_bytes(&sealed));
        self.head = position;
        Ok(position)
    }
}

/// Reads the entry at a position of the log.
///
/// # Errors
/// [`Fatal`] when there is none or it cannot be read.
pub fn read_entry(shared: &Shared, position: Position) -> Result<Entry, Fatal> {
    Ok(Entry::from_bytes(&shared.log.read(position)?.payload)?)
}

/// Reads the parcel at a position of the log.
///
/// # Errors
/// [`Fatal`] when there is none or it cannot be read.
pub fn read_parcel(shared: &Shared, position: Position) -> Result<ParcelEntry, Fatal> {
    match read_entry(shared, position)? {
        Entry::Parcel(entry) => Ok(entry),
        Entry::Sealed(_) | Entry::Decision(_) | Entry::Returned(_) => {
            Err(CodecError::Body(format!("entry {position} is not a parcel")).into())
        }
    }
}

/// What a lease is told of its parcel: channels outside its scope are not named.
#[must_use]
pub fn receipt(manifest: Hash, position: Option<Position>, entry: &ParcelEntry, scope: &[Channel]) -> ParcelReceipt {
    let documents = entry
        .documents
        .iter()
        .map(|filed| DocumentFate {
            runs: filed.runs.clone(),
            entered: filed.entered.iter().filter(|channel| scope.contains(channel)).cloned().collect(),
        })
        .collect();
    ParcelReceipt { manifest, position, documents, refused: None }
}
