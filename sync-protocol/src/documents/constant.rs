//! Constants: every kind's first change, for ever the same bytes, which creates all its containers.
//!
//! Two sites that open the same case before either has synced start from the same change, so their maps are the same maps and
//! every field of both survives the merge. The golden files are the truth; the test generates them anew and compares. A later
//! schema version appends a constant that depends on the one before. Constants are never pushed.

use std::sync::LazyLock;

use automerge::{Automerge, Change};
use data_encoding::HEXLOWER;

use super::Kind;
use crate::ids::{ActorPrefix, ChangeHash};

/// The first eight bytes of the actor of every constant; no lease is given this prefix.
pub const CONSTANT_ACTOR_PREFIX: ActorPrefix = ActorPrefix::new(*b"segin/1 ");

/// The actor of every constant.
pub(crate) const CONSTANT_ACTOR: &[u8; 16] = b"segin/1 constant";

/// One constant change.
#[derive(Debug, Clone)]
pub struct Constant {
    /// Schema version that it brings.
    pub version: u64,
    /// The change, uncompressed.
    pub bytes: Vec<u8>,
    /// Its hash.
    pub hash: ChangeHash,
}

struct Loaded {
    constants: Vec<Constant>,
    hashes: Vec<ChangeHash>,
    blank: Automerge,
}

static LOADED: LazyLock<[Loaded; 6]> = LazyLock::new(|| Kind::ALL.map(|kind| load(golden(kind))));

/// The golden files of a kind, one line for each schema version, in order.
fn golden(kind: Kind) -> &'static str {
    match kind {
        Kind::Case => include_str!("../../vectors/constants/case.hex"),
        Kind::Movement => include_str!("../../vectors/constants/movement.hex"),
        Kind::Household => include_str!("../../vectors/constants/household.hex"),
        Kind::Annex => include_str!("../../vectors/constants/annex.hex"),
        Kind::Link => include_str!("../../vectors/constants/link.hex"),
        Kind::Referral => include_str!("../../vectors/constants/referral.hex"),
    }
}

fn load(golden: &str) -> Loaded {
    let mut blank = Automerge::new();
    let mut constants = Vec::new();
    for (line, version) in golden.lines().zip(1..) {
        let bytes = HEXLOWER.decode(line.as_bytes()).expect("golden files are hexadecimal: a test reads them all");
        let change = Change::from_bytes(bytes.clone()).expect("golden files hold changes: a test reads them all");
        let hash = ChangeHash::new(change.hash().0);
        blank.apply_changes([change]).expect("constants apply in their order: a test does it");
        constants.push(Constant { version, bytes, hash });
    }
    let hashes = constants.iter().map(|constant| constant.hash).collect();
    Loaded { constants, hashes, blank }
}

fn loaded(kind: Kind) -> &'static Loaded {
    &LOADED[usize::from(kind.code()) - 1]
}

/// The constants of a kind, the oldest schema version first.
#[must_use]
pub fn constants(kind: Kind) -> &'static [Constant] {
    &loaded(kind).constants
}

/// The hashes of the constants of a kind, the oldest schema version first. The last is the head of a blank document.
#[must_use]
pub fn constant_hashes(kind: Kind) -> &'static [ChangeHash] {
    &loaded(kind).hashes
}

/// A document with nothing but the constants. Its own actor writes nothing: [`super::apply`] is given one.
#[must_use]
pub fn blank(kind: Kind) -> Automerge {
    loaded(kind).blank.clone()
}

/// Makes the constant of schema version 1 from the tables; only the test of the golden files calls it.
#[cfg(test)]
pub(crate) fn generate(kind: Kind) -> Vec<u8> {
    use super::schema;
    use automerge::transaction::{CommitOptions, Transactable};
    use automerge::{ActorId, ObjType, ROOT};

    let mut doc = Automerge::new().with_actor(ActorId::from(CONSTANT_ACTOR));
    let mut tx = doc.transaction();
    let meta = tx.put_object(ROOT, schema::META, ObjType::Map).unwrap();
    tx.put(&meta, "kind", i64::from(kind.code())).unwrap();
    tx.put(&meta, "version", 1_i64).unwrap();
    for group in schema::groups(kind) {
        tx.put_object(ROOT, group.key, ObjType::Map).unwrap();
    }
    tx.commit_with(CommitOptions::default().with_time(0));
    doc.get_last_local_change().unwrap().raw_bytes().to_vec()
}
