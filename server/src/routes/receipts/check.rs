//! Verifying one receipt: everything about it is worked out again from the disk, and each finding said in a sentence.
//!
//! Believes nothing that is in memory but keys. What cannot be told (contents that are held, or not all applied) is said
//! to be so, never passed over. The whole log is checked by `segin verify`.

use serde::{Deserialize, Serialize};
use sync_protocol::crypto::Purpose;
use sync_protocol::gate::change_hash;
use sync_protocol::ids::{Hash, Millis, Position, SiteCode};
use sync_protocol::wire::answer::Fate;
use sync_protocol::wire::manifest::{Manifest, Named, commitment, manifest_hash};
use utoipa::ToSchema;

use crate::hub::entry::{Entry, Filed, ParcelEntry};
use crate::hub::feed::open_content;
use crate::hub::filing::document_key;
use crate::hub::published::Shared;
use crate::store::log::{Record, next_chain};

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It is as it should be.
    Sound,
    /// It is not.
    Broken,
    /// It cannot be told here.
    Open,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Check {
    /// Stable: which check.
    pub code: String,
    /// How it came out.
    pub outcome: Outcome,
    /// In French.
    pub french: String,
    /// In English.
    pub english: String,
}

/// What verifying a receipt found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Proof {
    /// The parcel's entry.
    #[schema(value_type = u64)]
    pub position: Position,
    /// Hub time of admission.
    #[schema(value_type = Option<i64>)]
    pub at: Option<Millis>,
    /// The hash of its manifest.
    #[schema(value_type = Option<String>)]
    pub manifest: Option<Hash>,
    /// The chain hash worked out for it.
    #[schema(value_type = Option<String>)]
    pub chain: Option<Hash>,
    /// Who recorded.
    pub user: Option<String>,
    /// For which site.
    #[schema(value_type = Option<String>)]
    pub site: Option<SiteCode>,
    /// Whether no check failed.
    pub sound: bool,
    /// Each check.
    pub checks: Vec<Check>,
}

/// How the commitments of a parcel's documents came out.
#[derive(Default)]
struct Tally {
    fit: usize,
    differ: usize,
    untold: usize,
}

/// Verifies what stands at a position; `None` when that is no parcel.
#[must_use]
pub fn check(shared: &Shared, position: Position) -> Option<Proof> {
    if position == Position::START || position > shared.published().position {
        return None;
    }
    let mut proof = Proof {
        position,
        at: None,
        manifest: None,
        chain: None,
        user: None,
        site: None,
        sound: false,
        checks: Vec::new(),
    };
    let record = match shared.log.read(position) {
        Ok(record) => record,
        Err(error) => {
            let english = format!("The entry cannot be read from the disk: {error}.");
            proof.add(
                "record",
                Outcome::Broken,
                "L'écriture ne peut pas être relue sur le disque.".to_owned(),
                english,
            );
            return Some(proof);
        }
    };
    let Ok(Entry::Parcel(entry)) = Entry::from_bytes(&record.payload) else { return None };
    proof.add(
        "record",
        Outcome::Sound,
        format!("Écriture {position} relue sur le disque : {} octets, somme de contrôle juste.", record.payload.len()),
        format!("Entry {position} read from the disk again: {} bytes, checksum right.", record.payload.len()),
    );
    proof.at = Some(entry.at);
    proof.manifest = Some(manifest_hash(&entry.manifest));
    proof.chained(shared, &record);
    proof.signed(shared, &entry);
    if let Ok(manifest) = entry.read_manifest() {
        proof.site = Some(manifest.site.clone());
        proof.committed(&tally(shared, &entry, &manifest));
    }
    proof.copied(shared);
    proof.sound = proof.checks.iter().all(|check| check.outcome != Outcome::Broken);
    Some(proof)
}

impl Proof {
    fn add(&mut self, code: &str, outcome: Outcome, french: String, english: String) {
        self.checks.push(Check { code: code.to_owned(), outcome, french, english });
    }

    fn say(&mut self, code: &str, outcome: Outcome, french: &str, english: &str) {
        self.add(code, outcome, french.to_owned(), english.to_owned());
    }

    fn chained(&mut self, shared: &Shared, record: &Record) {
        let position = record.position;
        match shared.log.read(Position(position.0 - 1)) {
            Ok(before) => {
                let chain = next_chain(&before.chain, position, &record.payload);
                self.chain = Some(chain);
                if chain == record.chain {
                    self.say(
                        "chain",
                        Outcome::Sound,
                        "L'empreinte de la chaîne, recalculée depuis l'écriture précédente, est la même.",
                        "The chain hash, worked out again from the entry before, is the same.",
                    );
                } else {
                    self.say(
                        "chain",
                        Outcome::Broken,
                        "L'empreinte de la chaîne ne suit pas de l'écriture précédente.",
                        "The chain hash does not follow from the entry before.",
                    );
                }
            }
            Err(error) => self.add(
                "chain",
                Outcome::Broken,
                "L'écriture précédente ne peut pas être relue.".to_owned(),
                format!("The entry before cannot be read: {error}."),
            ),
        }
    }

    fn signed(&mut self, shared: &Shared, entry: &ParcelEntry) {
        let directory = shared.directory();
        let Some(state) = directory.leases.get(&entry.lease) else {
            return self.say(
                "lease",
                Outcome::Broken,
                "Aucun appareil inscrit ici n'a cet identifiant.",
                "No device enrolled here has this prefix.",
            );
        };
        let name = state.lease.name.clone();
        self.user = Some(name.clone());
        match state.signed.verify(&shared.keyring.hub_key().public()) {
            Ok(lease) if lease == state.lease => self.add(
                "lease",
                Outcome::Sound,
                format!("L'appareil {} de {name} est certifié par ce hub.", lease.letters),
                format!("Device {} of {name} is certified by this hub.", lease.letters),
            ),
            _ => self.say(
                "lease",
                Outcome::Broken,
                "Le certificat de l'appareil n'est pas signé par ce hub.",
                "The device's certificate is not signed by this hub.",
            ),
        }
        match state.lease.key.verify(Purpose::Manifest, entry.manifest.as_ref(), &entry.signature) {
            Ok(()) => self.add(
                "signature",
                Outcome::Sound,
                format!("La signature du bordereau est celle de la clé de {name}."),
                format!("The manifest's signature is that of {name}'s key."),
            ),
            Err(error) => self.add(
                "signature",
                Outcome::Broken,
                "La signature du bordereau n'est pas celle de l'appareil.".to_owned(),
                format!("The manifest's signature is not the device's: {error}."),
            ),
        }
    }

    fn committed(&mut self, tally: &Tally) {
        let Tally { fit, differ, untold } = *tally;
        if fit > 0 {
            self.add(
                "contents",
                Outcome::Sound,
                format!("Contenu de {fit} dossier(s) ouvert : exactement ce qui a été signé."),
                format!("Contents of {fit} document(s) opened: exactly what was signed."),
            );
        }
        if differ > 0 {
            self.add(
                "contents",
                Outcome::Broken,
                format!("Contenu de {differ} dossier(s) : ce n'est pas ce qui a été signé."),
                format!("Contents of {differ} document(s): not what was signed."),
            );
        }
        if untold > 0 {
            self.add(
                "contents-open",
                Outcome::Open,
                format!(
                    "Contenu de {untold} dossier(s) non comparable ici (retenu, déjà connu ou en partie appliqué)."
                ),
                format!(
                    "Contents of {untold} document(s) cannot be compared here (held, known before, or partly applied)."
                ),
            );
        }
    }

    fn copied(&mut self, shared: &Shared) {
        let copied_to = shared.copied_to();
        if copied_to >= self.position {
            self.add(
                "copy",
                Outcome::Sound,
                format!("Une seconde copie existe jusqu'à l'écriture {copied_to}."),
                format!("A second copy exists up to entry {copied_to}."),
            );
        } else {
            self.say(
                "copy",
                Outcome::Open,
                "Pas encore de seconde copie : l'appareil garde la sienne.",
                "No second copy yet: the device keeps its own.",
            );
        }
    }
}

fn tally(shared: &Shared, entry: &ParcelEntry, manifest: &Manifest) -> Tally {
    let mut tally = Tally::default();
    for (index, (named, filed)) in manifest.documents.iter().zip(&entry.documents).enumerate() {
        match fits(shared, entry, index, named, filed) {
            Some(true) => tally.fit += 1,
            Some(false) => tally.differ += 1,
            None => tally.untold += 1,
        }
    }
    tally
}

/// Whether the stored contents are what the manifest commits to; `None` when that cannot be told.
fn fits(shared: &Shared, entry: &ParcelEntry, index: usize, named: &Named, filed: &Filed) -> Option<bool> {
    if filed.content.is_none() || filed.runs.iter().any(|run| run.fate != Fate::Applied) {
        return None;
    }
    let head = shared.store.head(named.document).ok()??;
    let (key, _) = document_key(&shared.keyring, &head).ok()?;
    let work = entry.work(index)?;
    let Ok(stored) = open_content(&work, named.document, &key) else { return Some(false) };
    let hashes: Vec<_> = stored.changes.iter().map(|change| change_hash(change.as_ref())).collect();
    let found = commitment(&stored.salt, named.document, named.kind, &hashes, stored.card.as_ref());
    match found == named.commitment {
        true => Some(true),
        // Several may stand in another order than they were sent in: then nothing can be said.
        false if hashes.len() > 1 => None,
        false => Some(false),
    }
}
