//! Moves: documents leave channels and enter others, by a person's act or because a site was closed.
//!
//! Owns what goes with a case: households, links and referrals that name it are where their cases are. A move is one
//! entry; the feed tells devices. Edits of a device that has lost the case are held when they come, never dropped.
//! A closed site's documents follow in pieces (`close_sites`): those of thousands enter by and by.

use std::collections::BTreeMap;

use sync_protocol::ids::{Channel, DocumentId, Position, SiteCode};

use super::fact::{By, Fact, Ground, Placement};
use super::filing::FilingError;
use super::writer::{Fatal, Group};
use crate::limits::{CLOSING_DOCUMENTS, CLOSING_HEADS};
use crate::random::Random;

/// A move of one case.
#[derive(Debug, Clone)]
pub struct Move {
    /// Which case.
    pub case: DocumentId,
    /// The channel that it leaves, if it is in it.
    pub leaves: Option<Channel>,
    /// The channel that it enters.
    pub enters: Option<Channel>,
    /// On what ground.
    pub ground: Ground,
    /// Why, for people.
    pub reason: String,
    /// Who.
    pub by: By,
}

/// How far the closing of sites has come, since this process started.
#[derive(Debug, Clone, Default)]
pub struct Closing {
    site: Option<SiteCode>,
    after: Option<DocumentId>,
}

impl Group<'_> {
    /// Writes a move; none when nothing would change.
    pub(super) fn move_case(&mut self, wanted: &Move, random: &mut dyn Random) -> Result<Option<Position>, Fatal> {
        let mut documents = Vec::new();
        let leaves: Vec<Channel> = wanted.leaves.iter().cloned().collect();
        let enters: Vec<Channel> = wanted.enters.iter().cloned().collect();
        let Some(case) = self.placement(wanted.case, &enters, &leaves)? else { return Ok(None) };
        documents.push(case);
        for related in self.related(wanted.case) {
            let stays = self.has_other_case_in(related, wanted.case, &leaves)?;
            let leaves: &[Channel] = if stays { &[] } else { &leaves };
            documents.extend(self.placement(related, &enters, leaves)?);
        }
        let fact = Fact::Placed { documents, ground: wanted.ground, reason: wanted.reason.clone() };
        self.place(fact, wanted.by, random).map(Some)
    }

    /// Writes a placement and files it.
    pub(super) fn place(&mut self, fact: Fact, by: By, random: &mut dyn Random) -> Result<Position, Fatal> {
        let documents = match &fact {
            Fact::Placed { documents, .. } => documents.clone(),
            _ => Vec::new(),
        };
        let position = self.fact(fact, by, random)?;
        for placement in &documents {
            self.filing.place(position, placement)?;
        }
        Ok(position)
    }

    /// What of this would change where a document is; none where nothing would, or where there is no such document.
    pub(super) fn placement(
        &mut self,
        document: DocumentId,
        enters: &[Channel],
        leaves: &[Channel],
    ) -> Result<Option<Placement>, Fatal> {
        let Some(working) = self.filing.document(document)? else { return Ok(None) };
        let entered: Vec<Channel> =
            enters.iter().filter(|channel| !working.channels.contains(channel)).cloned().collect();
        let left: Vec<Channel> = leaves
            .iter()
            .filter(|channel| working.channels.contains(channel) && !enters.contains(channel))
            .cloned()
            .collect();
        let changes = !entered.is_empty() || !left.is_empty();
        Ok(changes.then_some(Placement { document, entered, left }))
    }

    fn related(&self, case: DocumentId) -> Vec<DocumentId> {
        self.shared.directory().related.get(&case).into_iter().flatten().copied().collect()
    }

    fn has_other_case_in(
        &mut self,
        document: DocumentId,
        moved: DocumentId,
        channels: &[Channel],
    ) -> Result<bool, Fatal> {
        let cases =
            self.shared.directory().relations.get(&document).map(|relation| relation.cases.clone()).unwrap_or_default();
        for case in cases.into_iter().filter(|case| *case != moved) {
            if let Some(working) = self.filing.document(case)?
                && working.channels.iter().any(|channel| channels.contains(channel))
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Moves some documents of a closed site on; whether there were any. A site whose closing was interrupted is found
    /// by what its channel still holds.
    pub(super) fn close_sites(&mut self, closing: &mut Closing, random: &mut dyn Random) -> Result<bool, Fatal> {
        let Some((site, into)) = self.closed_site_with_documents() else { return Ok(false) };
        if closing.site.as_ref() != Some(&site) {
            *closing = Closing { site: Some(site.clone()), after: None };
        }
        let (from, to) = (Channel::site(&site), Channel::site(&into));
        let mut documents = Vec::new();
        let mut looked_at = 0;
        while documents.len() < CLOSING_DOCUMENTS && looked_at < CLOSING_HEADS {
            let room = CLOSING_DOCUMENTS - documents.len();
            let heads = self.shared.store.documents_after(closing.after, room).map_err(FilingError::from)?;
            looked_at += heads.len();
            closing.after = heads.last().map(|head| head.document);
            for head in heads.iter().filter(|head| head.channels.contains(&from)) {
                let (enters, leaves) = (std::slice::from_ref(&to), std::slice::from_ref(&from));
                documents.extend(self.placement(head.document, enters, leaves)?);
            }
            if closing.after.is_none() {
                break;
            }
        }
        if documents.is_empty() {
            // Not all were looked at yet: the caller comes again.
            return Ok(closing.after.is_some());
        }
        let fact = Fact::Placed { documents, ground: Ground::SiteClosed, reason: String::new() };
        self.place(fact, By::Hub, random)?;
        Ok(true)
    }

    fn closed_site_with_documents(&self) -> Option<(SiteCode, SiteCode)> {
        let directory = self.shared.directory();
        let closed: BTreeMap<SiteCode, SiteCode> = directory
            .sites
            .iter()
            .filter(|(_, site)| site.closed_into.is_some())
            .map(|(code, _)| (code.clone(), directory.site_now(code)))
            .collect();
        drop(directory);
        let published = self.shared.published();
        let holds = |site: &SiteCode| published.channels.get(&Channel::site(site)).is_some_and(|s| s.documents > 0);
        closed.into_iter().find(|(site, into)| site != into && holds(site))
    }
}
