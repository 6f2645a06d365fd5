//! Any bytes as a change to documents of several shapes.

use std::sync::OnceLock;

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, Automerge, ROOT};
use sync_protocol::documents::{Kind, blank};
use sync_protocol::gate::{StoredForm, Verdict, inspect, judge, reapply};
use sync_protocol::ids::ActorPrefix;

use super::seeds::{History, histories};
use crate::parts::{chunk, compressed};

/// A document, and whose change the bytes are taken for.
struct Base {
    kind: Kind,
    prefix: ActorPrefix,
    stored: Option<StoredForm>,
    /// An honest change to it.
    honest: Vec<u8>,
    /// Another device's.
    bystander: Vec<u8>,
}

/// Of that device: no history has it.
const OTHER: ActorPrefix = ActorPrefix::new([2; 8]);

fn bystander(kind: Kind) -> Vec<u8> {
    let mut doc = blank(kind).with_actor(ActorId::from([2; 16].as_slice()));
    let mut transaction = doc.transaction();
    transaction.put(ROOT, "bystander", "1").expect("a key is put");
    transaction.commit_with(CommitOptions::default().with_time(0));
    doc.get_last_local_change().expect("something was committed").raw_bytes().to_vec()
}

fn bases() -> &'static [Base] {
    static BASES: OnceLock<Vec<Base>> = OnceLock::new();
    BASES.get_or_init(|| histories().iter().flat_map(of_history).collect())
}

/// Each history when it begins, in the middle and before its end.
fn of_history(history: &History) -> Vec<Base> {
    let last = history.changes.len() - 1;
    let (mut stored, mut bases) = (None, Vec::new());
    for (at, (prefix, change)) in history.changes.iter().enumerate() {
        let judgement = judge(history.kind, stored.as_ref(), *prefix, std::slice::from_ref(change));
        assert_eq!(judgement.verdicts, [Verdict::Applied], "an honest change");
        if [0, last / 2, last].contains(&at) {
            let (kind, prefix, honest) = (history.kind, *prefix, change.clone());
            bases.push(Base { kind, prefix, stored: stored.clone(), honest, bystander: bystander(kind) });
        }
        stored = judgement.applied.map(|applied| applied.form);
    }
    bases
}

/// Judges a change: the first byte says to which document, the second what the rest is: a chunk, its contents, or its
/// contents compressed.
///
/// # Panics
/// When a panic escapes, a document is broken, or an honest change is turned away.
pub fn gate(bytes: &[u8]) {
    let [which, form, rest @ ..] = bytes else { return };
    let base = &bases()[usize::from(*which) % bases().len()];
    let change = match form % 3 {
        0 => rest.to_vec(),
        1 => chunk(1, rest),
        _ => compressed(rest),
    };
    let judgement = judge(base.kind, base.stored.as_ref(), base.prefix, &[change.clone(), base.honest.clone()]);
    let taken = judgement.verdicts[0] == Verdict::Applied;
    // What is taken is of the same actor, and may stand where the honest one would.
    let honest = &judgement.verdicts[1];
    assert!(taken || matches!(honest, Verdict::Applied | Verdict::Duplicate), "{honest:?}");
    let Some(applied) = judgement.applied else { return };
    // Somebody else's work passes in any case.
    let beside = judge(base.kind, Some(&applied.form), OTHER, std::slice::from_ref(&base.bystander));
    assert_eq!(beside.verdicts, [Verdict::Applied]);
    let document = Automerge::load(&applied.form.saved).expect("what is stored can be loaded");
    let mut heads: Vec<_> = document.get_heads().iter().map(|head| head.0).collect();
    heads.sort_unstable();
    let stated: Vec<_> = applied.form.history.heads().iter().map(|head| *head.as_bytes()).collect();
    assert_eq!(heads, stated, "the heads are those of the history");
    if taken {
        // As a start does it from the log.
        let raw = inspect(&change).expect("what is applied can be read").raw;
        let again = reapply(base.kind, base.stored.as_ref(), &[raw]).expect("what was applied applies again");
        assert!(Automerge::load(&again.form.saved).is_ok());
    }
}
