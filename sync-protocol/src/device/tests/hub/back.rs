//! What this hub shows of its log, proves of its feed and takes back: the counterpart of marks and of giving back.

use super::*;

impl FakeHub {
    /// The chain hash at a position: the number of the branch and the position.
    pub(super) fn chain(&self, position: Position) -> Hash {
        let branch = self.branches.iter().rev().find(|(from, _)| position > *from).map_or(0, |(_, branch)| *branch);
        let mut bytes = [branch; 32];
        bytes[1..8].copy_from_slice(&position.0.to_be_bytes()[1..]);
        Hash::new(bytes)
    }

    pub(super) fn tag(&self, position: Position) -> ChainTag {
        ChainTag::of(&self.chain(position))
    }

    /// The highest of the marks that stands in this log.
    pub(super) fn shared(&self, marks: &Marks) -> Position {
        let latest = marks.verify(&self.key.public()).ok();
        let latest = latest.map(|receipt| Mark { position: receipt.head, tag: ChainTag::of(&receipt.chain) });
        let stands = |mark: &Mark| mark.position <= self.position && mark.tag == self.tag(mark.position);
        let all = latest.into_iter().chain(marks.earlier.iter().copied());
        all.filter(stands).map(|mark| mark.position).max().unwrap_or_default()
    }

    pub(super) fn leaves(seed: &Salt, rest: &Rest) -> Vec<Hash> {
        let hash = |raw: &Raw| theirs(&Change::from_bytes(raw.0.clone()).unwrap().hash());
        let items = (0..).zip(&rest.feed);
        items
            .map(|(index, item)| {
                let hashes: Vec<ChangeHash> = item.changes.iter().map(hash).collect();
                leaf(&leaf_salt(seed, index), item.document, item.kind, &hashes)
            })
            .collect()
    }

    /// Takes back what it proves to have fed.
    pub(super) fn take_back(
        &mut self,
        back: &Return,
        brought: &mut BTreeSet<(DocumentId, ChangeHash)>,
    ) -> Vec<DocumentFate> {
        let receipt = verify_receipt(&back.proof.receipt, &back.proof.signature, &self.key.public()).unwrap();
        assert_eq!(receipt.leaves, Some(leaves_hash(&back.proof.leaves)), "a proof of this hub's");
        let mut fates = Vec::new();
        for returned in &back.documents {
            let Returned { leaf: index, document, kind, hashes, changes, .. } = returned;
            let salt = leaf_salt(&back.proof.seed, *index);
            let wanted = leaf(&salt, *document, *kind, hashes);
            assert_eq!(back.proof.leaves[usize::try_from(*index).unwrap()], wanted, "of these changes");
            let begins = !self.documents.contains_key(document);
            let mut runs = Vec::new();
            self.position = self.position.next();
            for raw in changes {
                let change = Change::from_bytes(raw.0.clone()).unwrap();
                let hash = theirs(&change.hash());
                assert!(hashes.contains(&hash), "one that is proved");
                let fate = self.returned.clone().unwrap_or_else(|| self.fate(*document, *kind, &change));
                if fate == Fate::Applied {
                    self.keep(*document, *kind, self.position, hash, raw.clone());
                }
                if matches!(fate, Fate::Applied | Fate::Duplicate) {
                    brought.insert((*document, hash));
                }
                runs.push(Run { count: 1, fate });
            }
            let mut entered = Vec::new();
            if let Some(filed) = self.documents.get_mut(document) {
                if begins {
                    filed.channels.insert(returned.channel.clone(), self.position);
                }
                entered.extend(filed.channels.keys().cloned());
            }
            fates.push(DocumentFate { runs, entered });
        }
        fates
    }
}
