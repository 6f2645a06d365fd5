//! Values: of types that every client keeps exactly.

use automerge::transaction::Transactable;
use automerge::{ObjType, ROOT, ScalarValue};
use sync_protocol::gate::{Code, Verdict, inspect};

use super::support::*;

/// The second change with another first value.
fn value(story: &Story, kind: u8, bytes: &[u8]) -> Verdict {
    story.with(|p| p.columns = one_value(kind, bytes))
}

#[test]
fn counters_and_increments_are_refused() {
    let story = story();
    refused(value(&story, 8, &[1]), Code::Counter);
    let mut device = story.device.clone();
    let counter = device.edit(|t| t.put(ROOT, "n", ScalarValue::counter(1)).unwrap());
    assert_eq!(inspect(&counter).unwrap_err().code, Code::Counter);
    let increment = device.edit(|t| t.increment(ROOT, "n", 1).unwrap());
    assert_eq!(inspect(&increment).unwrap_err().code, Code::Counter);
}

#[test]
fn marks_are_refused() {
    use automerge::marks::{ExpandMark, Mark};
    let change = Device::new(1, 1).edit(|t| {
        let text = t.put_object(ROOT, "t", ObjType::Text).unwrap();
        t.splice_text(&text, 0, 0, "texte").unwrap();
        t.mark(&text, Mark::new("bold".into(), true, 1, 3), ExpandMark::Both).unwrap();
    });
    assert_eq!(inspect(&change).unwrap_err().code, Code::Mark);
}

#[test]
fn tables_and_unknown_actions_are_refused() {
    let story = story();
    for (action, code) in
        [(6, Code::Action), (8, Code::Action), (63, Code::Action), (5, Code::Counter), (7, Code::Mark)]
    {
        refused(story.with(|p| *p.column(column::ACTION) = vec![2, 1, 0x7e, action, 1]), code);
    }
}

#[test]
fn integers_that_not_every_client_keeps_are_refused() {
    let story = story();
    let signed = |n: i64| {
        let mut bytes = Vec::new();
        sleb(&mut bytes, n);
        value(&story, 4, &bytes)
    };
    let unsigned = |n: u64| {
        let mut bytes = Vec::new();
        uleb(&mut bytes, n);
        value(&story, 3, &bytes)
    };
    let most = (1_i64 << 53) - 1;
    assert_eq!([signed(most), signed(-most), unsigned(most as u64)], [const { Verdict::Applied }; 3]);
    for n in [most + 1, -most - 1, i64::MAX, i64::MIN] {
        refused(signed(n), Code::Integer);
    }
    for n in [most as u64 + 1, u64::MAX] {
        refused(unsigned(n), Code::Integer);
    }
    refused(value(&story, 4, &[0x81, 0]), Code::Number);
    refused(value(&story, 4, &[1, 1]), Code::Value);
    refused(value(&story, 4, &[]), Code::Cut);
}

#[test]
fn dates_and_numbers_that_are_not_finite_are_refused() {
    let story = story();
    let date = |n: i64| {
        let mut bytes = Vec::new();
        sleb(&mut bytes, n);
        value(&story, 9, &bytes)
    };
    assert_eq!(date(-2_208_988_800_000), Verdict::Applied);
    for n in [i64::MIN, i64::MAX, 8_640_000_000_000_001] {
        refused(date(n), Code::Date);
    }
    assert_eq!(value(&story, 5, &1.5_f64.to_le_bytes()), Verdict::Applied);
    for n in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        refused(value(&story, 5, &n.to_le_bytes()), Code::Float);
    }
    refused(value(&story, 5, &[0; 7]), Code::Cut);
    refused(value(&story, 5, &[0; 9]), Code::Value);
}

#[test]
fn unknown_value_types_and_broken_texts_are_refused() {
    let story = story();
    for kind in 10..=15 {
        refused(value(&story, kind, &[1]), Code::Value);
    }
    for kind in 0..=2 {
        refused(value(&story, kind, &[1]), Code::Value);
        assert_eq!(value(&story, kind, &[]), Verdict::Applied);
    }
    refused(value(&story, 6, &[0xff]), Code::Value);
    refused(story.with(|p| *p.column(column::KEY_TEXT) = vec![0x7c, 1, 0xff, 1, b'b', 1, b'c', 1, b'd']), Code::Value);
}
