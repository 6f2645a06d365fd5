//! What a parcel says beside its work: statements that the hub acts on, and what applied documents say about others.
//!
//! Each becomes a fact in the group of its parcel, so that the fold decides nothing. Reads and what a device holds stay
//! in the parcel's entry, for `audit` and `verify`.

use sync_protocol::documents::Kind;
use sync_protocol::ids::{ActorPrefix, Channel, DocumentId, PartnerCode};
use sync_protocol::wire::manifest::{Stated, Statement};

use super::directory::{LeaseState, Standing};
use super::fact::{By, Fact, Ground, Placement, Task};
use super::placing::Note;
use super::writer::{Fatal, Group};
use crate::access::{Action, Resource, decide};
use crate::limits::{SUPERSEDED_PER_DOCUMENT_MAX, VOUCHERS_MAX};
use crate::random::Random;

impl Group<'_> {
    /// Acts on a parcel's statements. Kinds that this version does not know are passed over; they stay in the entry.
    pub(super) fn act_on(
        &mut self,
        lease: ActorPrefix,
        statements: &[Stated],
        random: &mut dyn Random,
    ) -> Result<(), Fatal> {
        for stated in statements {
            let Ok(statement) = stated.statement.read::<Statement>() else { continue };
            if let Some(fact) = self.fact_of(lease, &statement) {
                self.fact(fact, By::Lease(lease), random)?;
            }
        }
        Ok(())
    }

    fn fact_of(&self, lease: ActorPrefix, statement: &Statement) -> Option<Fact> {
        let directory = self.shared.directory();
        let state = directory.leases.get(&lease)?;
        match statement {
            Statement::Vouched { key } => {
                // Who may confirm: a lead, with a lease in force, for a device at one of the lead's sites.
                directory.lease_stands(state).ok()?;
                let principal = directory.principal_of(state, self.now);
                decide(&principal, Action::ManageDevices, Resource::Any).ok()?;
                let enrolled: Option<&LeaseState> = directory.leases.values().find(|other| other.lease.key == *key);
                match enrolled {
                    Some(other) => {
                        let leads = directory.lease_leads(lease, &directory.device_site(other), self.now);
                        let confirms = leads && other.standing == Standing::Pending && other.lease.prefix != lease;
                        confirms.then_some(Fact::Confirmed { lease: other.lease.prefix })
                    }
                    None => {
                        let room = directory.vouchers.len() < VOUCHERS_MAX && !directory.vouchers.contains_key(key);
                        room.then_some(Fact::Vouched { key: *key })
                    }
                }
            }
            Statement::WipeDone { .. } => state.wiped.is_none().then_some(Fact::Wiped { lease }),
            Statement::Superseded { document, change } => {
                let own = directory.held.get(document)?.iter().any(|held| held.lease == lease);
                let known = directory.superseded.get(document);
                let new =
                    known.is_none_or(|known| known.len() < SUPERSEDED_PER_DOCUMENT_MAX && !known.contains(change));
                (own && new).then_some(Fact::Superseded { document: *document, change: *change })
            }
            Statement::Held { .. } | Statement::Read { .. } => None,
        }
    }

    /// Takes a referral away from its partner, if it is one of these, and has a person tell the partner to forget it. In
    /// the group of the withdrawal: the partner's next request finds nothing.
    fn end_referral(
        &mut self,
        referral: DocumentId,
        partners: Option<&[PartnerCode]>,
        random: &mut dyn Random,
    ) -> Result<(), Fatal> {
        let Some(working) = self.filing.document(referral)? else { return Ok(()) };
        let told = working.channels.iter().find_map(Channel::partner_code);
        let Some(partner) = told.filter(|told| partners.is_none_or(|partners| partners.contains(told))) else {
            return Ok(());
        };
        let (case, leases, users) = {
            let directory = self.shared.directory();
            let case = directory.relations.get(&referral).and_then(|relation| relation.cases.first().copied());
            let of_partner =
                |user| directory.users.get(user).is_some_and(|user| user.partner.as_ref() == Some(&partner));
            // Every lease that ever stood: which of them fetched it is not known for certain, so none is left out.
            let stood = directory.leases.values().filter(|state| state.standing != Standing::Pending);
            let leases = stood.filter(|state| of_partner(&state.lease.user)).map(|state| state.lease.prefix).collect();
            let users = directory.referral_readers.get(&referral).into_iter().flatten();
            (case, leases, users.filter(|user| of_partner(user)).copied().collect())
        };
        let left = vec![Channel::partner(&partner)];
        let documents = vec![Placement { document: referral, entered: Vec::new(), left }];
        self.place(Fact::Placed { documents, ground: Ground::Withdrawal, reason: String::new() }, By::Hub, random)?;
        let task = Task::Withdrawn { referral, partner, leases, users, case };
        self.fact(Fact::TaskOpened { task }, By::Hub, random)?;
        Ok(())
    }

    /// Acts on what applied documents say about others.
    pub(super) fn act_on_notes(&mut self, random: &mut dyn Random) -> Result<(), Fatal> {
        for note in std::mem::take(&mut self.notes) {
            match note {
                Note::Names { document, kind, cases } => {
                    let known = {
                        let directory = self.shared.directory();
                        directory.relations.get(&document).is_some_and(|known| known.cases == cases)
                    };
                    if !known {
                        self.fact(Fact::Related { document, kind, cases }, By::Hub, random)?;
                    }
                }
                Note::Withdrawn { referral } => self.end_referral(referral, None, random)?,
                Note::Bars { case, partners } => {
                    let referrals: Vec<DocumentId> = {
                        let directory = self.shared.directory();
                        let related = directory.related.get(&case).into_iter().flatten().copied();
                        let is_referral = |document: &DocumentId| {
                            directory.relations.get(document).is_some_and(|r| r.kind == Kind::Referral.code())
                        };
                        related.filter(is_referral).collect()
                    };
                    for referral in referrals {
                        self.end_referral(referral, Some(&partners), random)?;
                    }
                }
            }
        }
        Ok(())
    }
}
