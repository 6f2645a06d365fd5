//! What honest clients write passes the gate, in every causal order.

mod gate_support;

use automerge::ROOT;
use automerge::transaction::Transactable;
use gate_support::*;
use sync_protocol::gate::{Verdict, judge};

#[test]
fn a_first_change_and_what_follows_is_applied() {
    let mut device = Device::new(1, 1);
    let first = rich(&mut device, 1);
    let second = rich(&mut device, 2);
    let judgement = judge(KIND, None, prefix(1), &[first.clone()]);
    assert_eq!(judgement.verdicts, [Verdict::Applied]);
    let applied = judgement.applied.unwrap();
    assert_eq!(applied.new_hashes, [judgement.hashes[0].unwrap()]);
    let judgement = judge(KIND, Some(&applied.form), prefix(1), &[second, first]);
    assert_eq!(judgement.verdicts, [Verdict::Applied, Verdict::Duplicate]);
    let form = judgement.applied.unwrap().form;
    assert_eq!(form.history.heads().len(), 1);
    assert_eq!(automerge::Automerge::load(&form.saved).unwrap().get_heads(), device.doc.get_heads());
}

#[test]
fn a_change_without_operations_and_a_compressed_one_are_applied() {
    let mut device = Device::new(1, 1);
    let changes = vec![
        device.empty(),
        compressed(&Parts::of(&rich(&mut device, 1)).contents()),
        device.empty(),
        device.edit(|t| t.put(ROOT, "a", 1).unwrap()),
    ];
    let judgement = judge(KIND, None, prefix(1), &changes);
    assert_eq!(judgement.verdicts, vec![Verdict::Applied; 4]);
}
