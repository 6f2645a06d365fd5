//! The fold itself: one entry after the other moves the directory on.

use std::collections::BTreeMap;

use sync_protocol::documents::Kind;
use sync_protocol::ids::{ActorPrefix, DocumentId, Millis, Position};
use sync_protocol::wire::answer::Fate;
use sync_protocol::wire::codec::CodecError;
use sync_protocol::wire::lease::Lease;
use sync_protocol::wire::manifest::manifest_hash;

use super::{
    Account, BrokenGlass, Directory, HeldItem, InvitationState, LeaseState, OpenTask, PartnerState, Relation,
    SetupCode, Site, Standing, Voucher,
};
use crate::hub::entry::{DecisionEntry, Filed, ParcelEntry, ReturnEntry};
use crate::hub::fact::{By, Fact, FactEntry, Ground, Placement};

impl Directory {
    /// Moves on by a fact.
    ///
    /// # Errors
    /// [`CodecError`] when a lease in it cannot be read.
    pub fn fold_fact(&mut self, position: Position, entry: &FactEntry) -> Result<(), CodecError> {
        let at = entry.at;
        match &entry.fact {
            Fact::Begun { hub, parent } => {
                self.hub = Some(*hub);
                self.parent = *parent;
            }
            Fact::Site { code, name, region, closed_into } => {
                let site = Site { name: name.clone(), region: region.clone(), closed_into: closed_into.clone() };
                self.sites.insert(code.clone(), site);
            }
            Fact::Partner { code, name, open } => {
                self.partners.insert(code.clone(), PartnerState { name: name.clone(), open: *open });
            }
            Fact::User { user, profile } => {
                self.users.insert(*user, profile.clone());
                self.settle_where(|state| state.lease.user == *user);
            }
            Fact::Invited { invitation, user, expires, confirmed } => {
                let (user, expires, confirmed) = (*user, *expires, *confirmed);
                let state = InvitationState { user, expires, used: None, confirmed, by: entry.by };
                self.invitations.insert(*invitation, state);
            }
            Fact::Enrolled { .. }
            | Fact::TokenIssued { .. }
            | Fact::Confirmed { .. }
            | Fact::Revoked { .. }
            | Fact::Wiped { .. }
            | Fact::DeviceMoved { .. }
            | Fact::Vouched { .. } => self.fold_device(at, entry)?,
            Fact::Configured { version, signed } => self.configuration = Some((*version, signed.clone())),
            Fact::Placed { documents, ground, .. } => self.placed(documents, *ground),
            Fact::Credentials { .. } | Fact::SetupIssued { .. } | Fact::SignedIn { .. } | Fact::SignInFailed { .. } => {
                self.fold_account(at, &entry.fact);
            }
            Fact::BrokeGlass { user, document, until, reason } => {
                let (user, document, until, reason) = (*user, *document, *until, reason.clone());
                self.glass.push(BrokenGlass { position, at, user, document, until, reason });
            }
            Fact::Read { document, kind, .. } => {
                if let By::User(user) = entry.by
                    && *kind == Kind::Referral.code()
                {
                    self.referral_readers.entry(*document).or_default().insert(user);
                }
            }
            Fact::Continued { .. } | Fact::ContinuedConfirmed | Fact::Readmitted { .. } => {
                self.fold_continued(position, entry)?;
            }
            Fact::Related { document, kind, cases } => self.related_to(*document, *kind, cases),
            Fact::Superseded { document, change } => {
                self.superseded.entry(*document).or_default().insert(*change);
            }
            Fact::TaskOpened { task } => {
                self.tasks.insert(position, OpenTask { at, task: task.clone() });
            }
            Fact::TaskDone { opened, .. } => {
                self.tasks.remove(opened);
            }
            Fact::Couriered { lease, series, number, .. } => self.couriers.came(*lease, *series, *number, at),
            // For whoever asks who did what; nothing follows from them.
            Fact::LookedUp { .. } | Fact::Denied { .. } | Fact::Exported { .. } => {}
        }
        Ok(())
    }

    fn fold_device(&mut self, at: Millis, entry: &FactEntry) -> Result<(), CodecError> {
        match &entry.fact {
            Fact::Enrolled { invitation, lease: signed, token, confirmed } => {
                let lease: Lease = signed.lease.read()?;
                if let Some(state) = self.invitations.get_mut(invitation) {
                    state.used = Some(lease.prefix);
                }
                let state = LeaseState {
                    signed: signed.clone(),
                    token: *token,
                    active_at: at,
                    counters: BTreeMap::new(),
                    cloned: false,
                    standing: if confirmed.is_some() { Standing::Active } else { Standing::Pending },
                    confirmed_by: *confirmed,
                    wiped: None,
                    decisions: Vec::new(),
                    lease,
                };
                self.leases.insert(state.lease.prefix, state);
            }
            Fact::TokenIssued { lease, token } => {
                if let Some(state) = self.leases.get_mut(lease) {
                    state.token = *token;
                    state.active_at = at;
                }
            }
            Fact::Confirmed { lease } => {
                if let Some(state) = self.leases.get_mut(lease) {
                    state.standing = Standing::Active;
                    state.confirmed_by = Some(entry.by);
                }
                self.settle_where(|state| state.lease.prefix == *lease);
            }
            Fact::Revoked { lease, lost, .. } => {
                if let Some(state) = self.leases.get_mut(lease) {
                    state.standing = Standing::Revoked { lost: *lost };
                }
                self.settling.retain(|(_, settling)| settling != lease);
            }
            Fact::Wiped { lease } => {
                if let Some(state) = self.leases.get_mut(lease) {
                    state.wiped = Some(at);
                }
            }
            Fact::DeviceMoved { installation, site } => {
                self.devices.insert(*installation, site.clone());
            }
            Fact::Vouched { key } => {
                if let By::Lease(by) = entry.by {
                    self.vouchers.insert(*key, Voucher { at, by });
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn fold_account(&mut self, at: Millis, fact: &Fact) {
        match fact {
            Fact::Credentials { user, credentials } => {
                self.setups.retain(|_, setup| setup.user != *user);
                match credentials {
                    Some(credentials) => {
                        let credentials = credentials.clone();
                        let account = Account { credentials, last_step: None, failures: 0, failed_at: None };
                        self.accounts.insert(*user, account);
                    }
                    None => {
                        self.accounts.remove(user);
                    }
                }
            }
            Fact::SetupIssued { user, code, expires } => {
                self.setups.retain(|_, setup| setup.user != *user);
                self.setups.insert(*code, SetupCode { user: *user, expires: *expires });
            }
            Fact::SignedIn { user, step, recovery } => {
                if let Some(account) = self.accounts.get_mut(user) {
                    account.last_step = account.last_step.max(*step);
                    account.credentials.recovery.retain(|code| Some(*code) != *recovery);
                    account.failures = 0;
                    account.failed_at = None;
                }
            }
            Fact::SignInFailed { user: Some(user) } => {
                if let Some(account) = self.accounts.get_mut(user) {
                    account.failures = account.failures.saturating_add(1);
                    account.failed_at = Some(at);
                }
            }
            _ => {}
        }
    }

    fn placed(&mut self, documents: &[Placement], ground: Ground) {
        for placement in documents {
            if ground == Ground::Transfer {
                // Whoever still has a card of before would bring the case back, or make the card good again.
                let void = self.cards.remove(&placement.document).unwrap_or_default();
                self.void_cards.extend(void.into_iter().map(|card| (placement.document, card)));
            }
            if ground == Ground::Withdrawal {
                self.withdrawn.insert(placement.document);
            }
            let assigned = placement.entered.iter().filter(|channel| channel.as_str().starts_with("user/"));
            self.assigned.extend(assigned.cloned());
        }
    }

    fn related_to(&mut self, document: DocumentId, kind: u8, cases: &[DocumentId]) {
        if let Some(before) = self.relations.insert(document, Relation { kind, cases: cases.to_vec() }) {
            for case in before.cases {
                if let Some(related) = self.related.get_mut(&case) {
                    related.remove(&document);
                }
            }
        }
        for case in cases {
            self.related.entry(*case).or_default().insert(document);
        }
    }

    /// Moves on by a parcel.
    ///
    /// # Errors
    /// [`CodecError`] when its manifest cannot be read.
    pub fn fold_parcel(&mut self, position: Position, entry: &ParcelEntry) -> Result<(), CodecError> {
        let manifest = entry.read_manifest()?;
        let hash = manifest_hash(&entry.manifest);
        self.parcels.insert(hash, position);
        if let Some(state) = self.leases.get_mut(&entry.lease) {
            state.active_at = entry.at;
            // Every counter and not the last one alone: a store restored from an older copy begins further back.
            let known = *state.counters.entry(manifest.counter).or_insert(position);
            state.cloned |= known != position;
        }
        for (item, (named, filed)) in manifest.documents.iter().zip(&entry.documents).enumerate() {
            self.fold_work(position, item, (entry.lease, entry.lease), (named.document, named.kind), filed);
        }
        Ok(())
    }

    /// Moves on by a decision on held work.
    pub fn fold_decision(&mut self, position: Position, entry: &DecisionEntry) {
        for (index, item) in entry.items.iter().enumerate() {
            if let Some(held) = self.held.get_mut(&item.document) {
                held.retain(|held| (held.position, held.item) != (item.position, item.item));
                if held.is_empty() {
                    self.held.remove(&item.document);
                }
            }
            let author = item.authors.first().copied().unwrap_or(item.lease);
            self.fold_work(position, index, (item.lease, author), (item.document, item.kind), &item.filed);
            if let Some(state) = self.leases.get_mut(&item.lease) {
                state.decisions.push((position, u16::try_from(index).unwrap_or(u16::MAX)));
            }
        }
        let settled: Vec<_> = entry.items.iter().map(|item| (item.document, item.lease)).collect();
        for (document, lease) in settled {
            if !self.held_for_who(document, lease).iter().any(HeldItem::can_be_over) {
                self.settling.remove(&(document, lease));
            }
        }
    }

    /// Moves on by what a device gave back of others' work.
    pub fn fold_return(&mut self, position: Position, entry: &ReturnEntry) {
        for (index, item) in entry.items.iter().enumerate() {
            let author = item.authors.first().copied().unwrap_or(entry.lease);
            self.fold_work(position, index, (entry.lease, author), (item.document, item.kind), &item.filed);
            self.returned.insert(item.manifest, (position, u16::try_from(index).unwrap_or(u16::MAX)));
        }
    }

    /// `lease` brought it, `author` began it.
    fn fold_work(
        &mut self,
        position: Position,
        item: usize,
        (lease, author): (ActorPrefix, ActorPrefix),
        (document, kind): (DocumentId, u8),
        filed: &Filed,
    ) {
        if let Some(card) = filed.card.filter(|card| !self.void_cards.contains(&(document, *card))) {
            let cards = self.cards.entry(document).or_default();
            if !cards.contains(&card) {
                cards.push(card);
            }
        }
        if filed.new_key.is_some() && kind == Kind::Annex.code() {
            self.annex_writers.insert(document, author);
        }
        for run in &filed.runs {
            if let Fate::Held(code) = &run.fate {
                self.held.entry(document).or_default().push(HeldItem {
                    position,
                    item: u16::try_from(item).unwrap_or(u16::MAX),
                    lease,
                    code: code.clone(),
                    changes: run.count,
                });
            }
        }
    }

    /// Notes what these leases have held for a reason that is over, if it is over.
    pub(super) fn settle_where(&mut self, whose: impl Fn(&LeaseState) -> bool) {
        let free = |lease: &ActorPrefix| {
            let state = self.leases.get(lease).filter(|state| whose(state))?;
            let active = self.users.get(&state.lease.user).is_some_and(|user| user.active);
            (state.standing == Standing::Active && active).then_some(())
        };
        if self.restored.is_some() {
            return;
        }
        let over = self.held.iter().flat_map(|(document, items)| items.iter().map(move |item| (*document, item)));
        let over = over.filter(|(_, item)| item.can_be_over() && free(&item.lease).is_some());
        let over: Vec<_> = over.map(|(document, item)| (document, item.lease)).collect();
        self.settling.extend(over);
    }
}
