//! What people do with their devices: record, edit what is on the screen, show cards, lose phones, change sites.

use std::collections::BTreeSet;

use segin::hub::fact::Fact;
use sync_protocol::device::{EditRequest, Entry, Event, Key, Report};
use sync_protocol::documents::Kind;
use sync_protocol::ids::{ChangeHash, DocumentId};
use sync_protocol::wire::codec::from_cbor;

use super::dice::Dice;
use super::mutation::Mutation;
use super::paper::{self, Facts, Recorded, sites_of};
use super::phone::{Phone, Turned};
use super::promise::{Check, Promise, holds};
use super::world::{Backup, Intended, World};

/// Clones of devices in one run.
const CLONES_MAX: usize = 2;

impl World {
    fn enrolled(&mut self) -> Option<usize> {
        let phones: Vec<usize> =
            (0..self.phones.len()).filter(|phone| self.phones[*phone].prefix().is_some()).collect();
        self.dice.pick(&phones).copied()
    }

    fn mark(&mut self) -> u32 {
        self.mark += 1;
        self.mark
    }

    /// Gives one edit to a device.
    pub(super) fn write(&mut self, phone: usize, mark: u32, request: EditRequest, intended: Intended) -> Check {
        self.trace.add(format!("  device {phone} writes {mark} into {:?} {:?}", request.document, intended.path));
        let mut request = request;
        if self.mutation == Some(Mutation::EditAtNewestHeads) {
            request.shown = None;
        }
        self.oracle.paths.extend(intended.path.map(|path| (mark, path)));
        self.intended.insert(mark, intended);
        self.give(phone, Event::Edit(vec![request]), true)?;
        self.intended.remove(&mark);
        Ok(())
    }

    /// Learns from a turn what was stored and what was called recorded.
    pub(super) fn took(&mut self, phone: usize, turned: &Turned) -> Check {
        for work in &turned.works {
            self.oracle.works.insert(work.hash);
            if let Some((_, intended)) =
                self.intended.last_key_value().map(|(mark, intended)| (*mark, intended.clone()))
            {
                self.learn(phone, work.document, &intended);
            }
        }
        for report in &turned.reports {
            match report {
                Report::Recorded { tag, document, change, .. } => {
                    self.recorded(phone, *tag, *document, *change, turned)?
                }
                Report::EditRefused { reason, .. } => self.trace.add(format!("  not written: {reason}")),
                Report::SyncFailed { .. } => self.trace.add(format!("  device {phone}: sync failed")),
                Report::Synced(synced) => self.trace.add(format!("  device {phone}: {synced:?}")),
                Report::Receipted { .. }
                | Report::Held { .. }
                | Report::CloneSeen
                | Report::Replayed { .. }
                | Report::Repaired { .. }
                | Report::Differs { .. }
                | Report::ChannelClosed { .. } => self.trace.add(format!("  device {phone}: {report:?}")),
                Report::Refused { .. } => self.trace.add(format!("  device {phone}: work set aside")),
                _ => {}
            }
        }
        Ok(())
    }

    fn learn(&mut self, phone: usize, document: DocumentId, intended: &Intended) {
        let site = self.phones[phone].site.as_ref().map(|site| self.site_now(site));
        let ends: Vec<_> = intended.ends.iter().map(|site| self.site_now(site)).collect();
        let row = self.phones[phone].rows.get(&Key::Entry(document));
        let card = row.and_then(|row| from_cbor::<Entry>(row).ok()).and_then(|entry| entry.card);
        let is_new = !self.oracle.facts.contains_key(&document);
        let facts = self.oracle.facts.entry(document).or_insert_with(|| Facts {
            kind: intended.kind,
            sites: BTreeSet::new(),
            about: Vec::new(),
            card,
        });
        if is_new || intended.card.is_some() {
            facts.sites.extend(site);
        }
        facts.sites.extend(ends);
        for case in &intended.about {
            if !facts.about.contains(case) {
                facts.about.push(*case);
            }
        }
        facts.card = facts.card.or(card);
    }

    fn recorded(
        &mut self,
        phone: usize,
        mark: u32,
        document: DocumentId,
        change: ChangeHash,
        turned: &Turned,
    ) -> Check {
        let Some(intended) = self.intended.get(&mark).cloned() else { return Ok(()) };
        if let Some(shown) = &intended.shown
            && let Some(work) = turned.works.iter().find(|work| work.hash == change)
            && let Ok(read) = automerge::Change::from_bytes(work.raw.0.clone())
        {
            let seen = self.phones[phone].seen(document, shown)?;
            let deps: BTreeSet<ChangeHash> = read.deps().iter().map(|dep| ChangeHash::new(dep.0)).collect();
            let as_shown = shown.iter().all(|head| deps.contains(head)) && deps.is_subset(&seen);
            holds(Promise::NothingDropped, as_shown, || {
                format!("edit {mark} was made on heads that were not on the screen: it may erase a value unseen")
            })?;
        }
        self.oracle.recorded.push(Recorded { mark, phone, document, change, excused: false });
        Ok(())
    }

    pub(super) fn record(&mut self) -> Check {
        let Some(phone) = self.enrolled() else { return Ok(()) };
        self.begin(phone, Kind::Case, Vec::new(), Vec::new())
    }

    fn begin(
        &mut self,
        phone: usize,
        kind: Kind,
        about: Vec<DocumentId>,
        ends: Vec<sync_protocol::ids::SiteCode>,
    ) -> Check {
        let mark = self.mark();
        let (edits, path) = paper::first_edits(kind, mark, &about, &ends, &mut self.dice);
        let request = EditRequest {
            tag: mark,
            document: None,
            new_id: None,
            kind,
            shown: None,
            edits,
            card: None,
            beside: Vec::new(),
        };
        self.write(phone, mark, request, Intended { kind, path, shown: None, about, ends, card: None })
    }

    pub(super) fn other(&mut self) -> Check {
        let Some(phone) = self.enrolled() else { return Ok(()) };
        let kind =
            *self.dice.pick(&[Kind::Movement, Kind::Household, Kind::Annex, Kind::Link]).unwrap_or(&Kind::Movement);
        let cases: Vec<DocumentId> =
            self.phones[phone].readable(Some(Kind::Case)).into_iter().map(|(id, _)| id).collect();
        let mut about: Vec<DocumentId> = (0..2).filter_map(|_| self.dice.pick(&cases).copied()).collect();
        about.dedup();
        let ends = if kind == Kind::Movement {
            (0..2).filter_map(|_| self.dice.pick(&self.sites).cloned()).collect()
        } else {
            Vec::new()
        };
        match kind {
            Kind::Link if about.len() < 2 => Ok(()),
            Kind::Annex | Kind::Household if about.is_empty() => Ok(()),
            // A movement lists cases, but nobody sees it for that.
            Kind::Movement => self.begin(phone, kind, Vec::new(), ends),
            _ => self.begin(phone, kind, about, ends),
        }
    }

    pub(super) fn edit(&mut self) -> Check {
        let Some(phone) = self.enrolled() else { return Ok(()) };
        let readable = self.phones[phone].readable(None);
        let Some((document, kind)) = self.dice.pick(&readable).copied() else { return Ok(()) };
        let screen = self.phones[phone].screens.get(&document).cloned();
        let stale = screen.filter(|_| self.dice.percent(60));
        let shown = match stale {
            Some(heads) => Some(heads),
            None => self.phones[phone].heads(document)?,
        };
        let mark = self.mark();
        let (edits, path) = paper::edits(kind, mark, &[], &mut self.dice);
        let request = EditRequest {
            tag: mark,
            document: Some(document),
            new_id: None,
            kind,
            shown: shown.clone(),
            edits,
            card: None,
            beside: Vec::new(),
        };
        self.write(
            phone,
            mark,
            request,
            Intended { kind, path, shown, about: Vec::new(), ends: Vec::new(), card: None },
        )
    }

    pub(super) fn show(&mut self) -> Check {
        let Some(phone) = self.enrolled() else { return Ok(()) };
        let readable = self.phones[phone].readable(None);
        let Some((document, _)) = self.dice.pick(&readable).copied() else { return Ok(()) };
        if let Some(heads) = self.phones[phone].heads(document)? {
            self.phones[phone].screens.insert(document, heads);
        }
        Ok(())
    }

    /// A person shows their card at whichever post.
    pub(super) fn card(&mut self) -> Check {
        let Some(phone) = self.enrolled() else { return Ok(()) };
        let cards: Vec<_> = self
            .oracle
            .facts
            .iter()
            .filter_map(|(id, facts)| Some((*id, facts.card.filter(|_| facts.kind == Kind::Case)?)))
            .collect();
        let Some((document, card)) = self.dice.pick(&cards).copied() else { return Ok(()) };
        self.write_at(phone, document, Kind::Case, Some(card))
    }

    /// Somebody writes to a case of another site without its card.
    pub(super) fn foreign(&mut self) -> Check {
        let Some(phone) = self.enrolled() else { return Ok(()) };
        let Some(shared) = self.hub.shared() else { return Ok(()) };
        let user = &self.users[self.phones[phone].user];
        let at_hub = |id: &DocumentId| shared.store.head(*id).is_ok_and(|head| head.is_some());
        let outside = |id: &DocumentId| sites_of(&self.oracle.facts, *id).iter().all(|site| !user.ever.contains(site));
        let cases = self.oracle.facts.iter().filter(|(_, facts)| facts.kind == Kind::Case).map(|(id, _)| *id);
        let cases: Vec<DocumentId> = cases.filter(|id| at_hub(id) && outside(id)).collect();
        let Some(document) = self.dice.pick(&cases).copied() else { return Ok(()) };
        self.write_at(phone, document, Kind::Case, None)
    }

    pub(super) fn write_at(
        &mut self,
        phone: usize,
        document: DocumentId,
        kind: Kind,
        card: Option<sync_protocol::ids::CardToken>,
    ) -> Check {
        let mark = self.mark();
        let (edits, path) = paper::edits(kind, mark, &[], &mut self.dice);
        let request = EditRequest {
            tag: mark,
            document: Some(document),
            new_id: None,
            kind,
            shown: None,
            edits,
            card,
            beside: Vec::new(),
        };
        let intended = Intended { kind, path, shown: None, about: Vec::new(), ends: Vec::new(), card };
        self.write(phone, mark, request, intended)
    }

    pub(super) fn phone_crash(&mut self) -> Check {
        let phone = self.dice.below(self.phones.len());
        self.phones[phone].die();
        self.trace.add(format!("  device {phone} is switched off"));
        self.phones[phone].open(self.hub.now)
    }

    pub(super) fn backup(&mut self) -> Check {
        if let Some(phone) = self.enrolled() {
            let rows = self.phones[phone].rows.clone();
            self.backups.push(Backup { phone, rows, recorded: self.oracle.recorded.len() });
        }
        Ok(())
    }

    pub(super) fn restore(&mut self) -> Check {
        if self.backups.is_empty() {
            return Ok(());
        }
        let backup = self.backups.remove(self.dice.below(self.backups.len()));
        let phone = backup.phone;
        self.trace.add(format!("  device {phone} is restored"));
        for recorded in &mut self.oracle.recorded[backup.recorded..] {
            recorded.excused |= recorded.phone == phone;
        }
        self.phones[phone].die();
        self.phones[phone].rows = backup.rows;
        self.phones[phone].open(self.hub.now)
    }

    pub(super) fn clone_phone(&mut self) -> Check {
        let Some(phone) = self.enrolled().filter(|_| self.phones.iter().filter(|p| p.is_cloned).count() < CLONES_MAX)
        else {
            return Ok(());
        };
        self.copy_phone(phone)
    }

    /// Puts a device's store on a second device.
    pub(super) fn copy_phone(&mut self, phone: usize) -> Check {
        let name = self.phones.len();
        self.trace.add(format!("  device {phone} is copied to device {name}"));
        let skew = self.skew();
        let dice = Dice::new(u64::from_be_bytes(self.dice.bytes()), 4);
        let mut clone = Phone::new(name, self.phones[phone].user, skew, dice, self.mutation);
        clone.rows = self.phones[phone].rows.clone();
        clone.is_cloned = true;
        clone.is_lost = self.phones[phone].is_lost;
        self.phones[phone].is_cloned = true;
        self.invitations.push(self.invitations[phone]);
        self.phones.push(clone);
        self.phones[name].open(self.hub.now)
    }

    pub(super) fn move_user(&mut self) -> Check {
        if self.hub.running.is_none() {
            return Ok(());
        }
        let user = self.dice.below(self.users.len());
        let mut sites: Vec<_> = (0..2).filter_map(|_| self.dice.pick(&self.sites).cloned()).collect();
        sites.dedup();
        sites = sites.iter().map(|site| self.site_now(site)).collect();
        sites.dedup();
        self.trace.add(format!("  user {user} now works at {sites:?}"));
        self.users[user].ever.extend(sites.iter().cloned());
        let id = self.users[user].id;
        self.users[user].sites = sites;
        self.admin(Fact::User { user: id, profile: self.profile(user) })
    }
}
