//! Changes that are written as changes are, of this user, and say what no document takes.

use automerge::transaction::Transactable;
use automerge::{ObjType, ROOT, ReadDoc};

use super::Siege;
use crate::parts::{column, one_value, sleb, uleb};

/// Runs them.
pub fn run(siege: &mut Siege) {
    headers(siege);
    references(siege);
    depth(siege);
    values(siege);
    contents(siege);
}

fn headers(siege: &mut Siege) {
    for length in [0, 8, 15, 17, 32] {
        let change = siege.rewritten(|p| p.actor = vec![1; length]);
        siege.change(&format!("an actor of {length} bytes"), &change, "refused gate-actor");
    }
    let change = siege.rewritten(|p| p.others = vec![vec![9; 16], vec![8; 16]]);
    siege.change("actors out of order", &change, "refused gate-actor");
    let change = siege.rewritten(|p| p.others = (0..=255).map(|n| vec![n; 16]).chain([vec![255; 16]]).collect());
    siege.change("257 actors", &change, "refused gate-actor");
    let change = siege.rewritten(|p| p.others = vec![vec![9; 16]]);
    siege.change("an actor that is not used", &change, "refused gate-actor");
    let change = siege.rewritten(|p| p.deps.push(p.deps[0]));
    siege.change("a dependency twice", &change, "refused gate-dependencies");
    for time in [i64::MIN, i64::MAX, 1 << 60] {
        let change = siege.rewritten(|p| p.time = time);
        siege.change(&format!("a time of {time}"), &change, "refused gate-time");
    }
    let change = siege.rewritten(|p| p.message = vec![b'a'; 1_025]);
    siege.change("a message of 1,025 bytes", &change, "refused gate-message");
    let change = siege.rewritten(|p| p.message = vec![0xff]);
    siege.change("a message that is no text", &change, "refused gate-message");
    let change = siege.rewritten(|p| p.footer = vec![1, 2, 7, 7]);
    siege.change("a footer on a later change", &change, "refused gate-footer");
    let change = siege.rewritten(|p| p.columns.push((200, vec![1])));
    siege.change("an unknown column", &change, "refused gate-columns");
    let change = siege.rewritten(|p| p.columns.reverse());
    siege.change("columns out of order", &change, "refused gate-columns");
    let change = siege.rewritten(|p| p.columns[0].0 |= 8);
    siege.change("a compressed column", &change, "refused gate-columns");
}

fn references(siege: &mut Siege) {
    for index in [1, 5, 127] {
        let change = siege.rewritten(|p| {
            let last = p.column(column::OBJECT_ACTOR).last_mut();
            *last.expect("an operation stands in a map of this change") = index;
        });
        siege.change(&format!("actor index {index}"), &change, "refused gate-actor-index");
    }
    let start = crate::parts::Parts::of(&siege.next()).start_op;
    let name = |siege: &Siege, counter: u64| {
        siege.rewritten(|p| {
            let mut bytes = vec![0, 3, 0x7f];
            uleb(&mut bytes, counter);
            *p.column(column::OBJECT_COUNTER) = bytes;
        })
    };
    for (counter, expected) in [
        (start + 3, "refused gate-reference"),
        (start + 9, "refused gate-reference"),
        (u64::MAX, "refused gate-reference"),
        (0, "refused gate-reference"),
        (start + 1, "refused gate-operation"),
    ] {
        let change = name(siege, counter);
        siege.change(&format!("an object of counter {counter}"), &change, expected);
    }
    let unknown = name(siege, 3);
    // Only the trial finds it: the library panics, on a copy.
    siege.change("an object that the case does not have", &unknown, "held gate-panic");
    let change = siege.rewritten(|p| *p.column(column::ACTION) = vec![2, 1, 2, 0]);
    siege.change("a value on a container", &change, "refused gate-operation");
    let change = siege.rewritten(|p| *p.column(column::INSERT) = vec![0, 1, 3]);
    siege.change("an insertion under a key", &change, "refused gate-operation");
    let change = siege.rewritten(|p| p.columns.retain(|(spec, _)| *spec != column::OBJECT_COUNTER));
    siege.change("half an object", &change, "refused gate-operation");
    for (action, expected) in [
        (5, "refused gate-counter"),
        (6, "refused gate-action"),
        (7, "refused gate-mark"),
        (8, "refused gate-action"),
        (63, "refused gate-action"),
    ] {
        let change = siege.rewritten(|p| *p.column(column::ACTION) = vec![2, 1, 0x7e, action, 1]);
        siege.change(&format!("action {action}"), &change, expected);
    }
}

/// Maps in one another, each made by the operation after the one that holds it.
fn nested(siege: &Siege, levels: usize) -> Vec<u8> {
    let count = i64::try_from(levels).expect("a small number");
    let run = |value: u8| {
        let mut bytes = Vec::new();
        sleb(&mut bytes, count);
        bytes.push(value);
        bytes
    };
    siege.rewritten(|p| {
        let (mut actors, mut counters) = (vec![0, 1], vec![0, 1]);
        sleb(&mut actors, count - 1);
        actors.push(0);
        sleb(&mut counters, 1 - count);
        (0..count.unsigned_abs() - 1).for_each(|level| uleb(&mut counters, p.start_op + level));
        let mut keys = Vec::new();
        sleb(&mut keys, count);
        keys.extend_from_slice(&[1, b'm']);
        let mut insert = Vec::new();
        uleb(&mut insert, count.unsigned_abs());
        p.columns = vec![
            (column::OBJECT_ACTOR, actors),
            (column::OBJECT_COUNTER, counters),
            (column::KEY_TEXT, keys),
            (column::INSERT, insert),
            (column::ACTION, run(0)),
            (column::VALUE_META, run(0)),
            (column::PRED_COUNT, run(0)),
        ];
    })
}

fn depth(siege: &mut Siege) {
    for levels in [9, 300, 10_000] {
        let change = nested(siege, levels);
        siege.change(&format!("maps nested {levels} deep"), &change, "refused gate-depth");
    }
}

fn values(siege: &mut Siege) {
    let signed = |n: i64| {
        let mut bytes = Vec::new();
        sleb(&mut bytes, n);
        bytes
    };
    let unsigned = |n: u64| {
        let mut bytes = Vec::new();
        uleb(&mut bytes, n);
        bytes
    };
    let most = (1_i64 << 53) - 1;
    let rows: Vec<(String, u8, Vec<u8>, &str)> = [
        ("a counter".to_owned(), 8, vec![1], "refused gate-counter"),
        ("a date at the end of time".to_owned(), 9, signed(i64::MAX), "refused gate-date"),
        ("a date before time".to_owned(), 9, signed(i64::MIN), "refused gate-date"),
        ("a date that browsers do not have".to_owned(), 9, signed(8_640_000_000_000_001), "refused gate-date"),
        ("not a number".to_owned(), 5, f64::NAN.to_le_bytes().to_vec(), "refused gate-float"),
        ("infinite".to_owned(), 5, f64::INFINITY.to_le_bytes().to_vec(), "refused gate-float"),
        ("half a number".to_owned(), 5, vec![0; 7], "refused gate-cut"),
        ("2^53".to_owned(), 4, signed(most + 1), "refused gate-integer"),
        ("-2^53".to_owned(), 4, signed(-most - 1), "refused gate-integer"),
        ("2^64 - 1".to_owned(), 3, unsigned(u64::MAX), "refused gate-integer"),
        ("a text that is none".to_owned(), 6, vec![0xff], "refused gate-value"),
    ]
    .into_iter()
    .chain((10..=15).map(|kind| (format!("a value of type {kind}"), kind, vec![1], "refused gate-value")))
    .collect();
    for (name, kind, bytes, expected) in rows {
        let change = siege.rewritten(|p| p.columns = one_value(kind, &bytes));
        siege.change(&name, &change, expected);
    }
    let mark = siege.next_of(|t| {
        use automerge::marks::{ExpandMark, Mark};
        let text = t.put_object(ROOT, "t", ObjType::Text).expect("a text is put");
        t.splice_text(&text, 0, 0, "texte").expect("it is written");
        t.mark(&text, Mark::new("bold".into(), true, 1, 3), ExpandMark::Both).expect("it is marked");
    });
    siege.change("a mark", &mark, "refused gate-mark");
}

fn contents(siege: &mut Siege) {
    let keys = siege.next_of(|t| (0..20_000).for_each(|n| t.put(ROOT, format!("k{n}"), n).expect("a key is put")));
    assert!(keys.len() < sync_protocol::limits::CHANGE_BYTES_MAX);
    let sent = siege.packed(&[keys]);
    siege.withstands("20,000 keys", &super::fates(&["held gate-unknown-keys"]), super::LARGE, |siege| {
        siege.push(vec![sent])
    });
    let long = siege.next_of(|t| t.put(ROOT, "long", "a".repeat(400_000)).expect("a key is put"));
    siege.change("a change of 400 KB", &long, "refused gate-size");
    for (name, write) in
        [("a container hidden", "put"), ("a container removed", "delete"), ("a container put anew", "object")]
    {
        let change = siege.next_of(|t| match write {
            "put" => t.put(ROOT, "identity", "gone").expect("a key is put"),
            "delete" => t.delete(ROOT, "identity").expect("a key is removed"),
            _ => drop(t.put_object(ROOT, "identity", ObjType::Map).expect("a map is put")),
        });
        siege.change(name, &change, "held gate-content");
    }
    let shared = siege.next_of(|t| {
        let identity = t.get(ROOT, "identity").expect("a case is readable").expect("every case has it").1;
        let text = t.put_object(identity, "called", ObjType::Text).expect("a text is put");
        t.splice_text(&text, 0, 0, "Fanta").expect("it is written");
    });
    siege.change("a shared text where a plain one belongs", &shared, "held gate-content");
    let stray = siege.next_of(|t| {
        let group = t.get(ROOT, "assistance").expect("a case is readable").expect("every case has it").1;
        t.put(group, "0101010101010101", 1).expect("a key is put");
    });
    siege.change("an entry that is none", &stray, "held gate-content");
}
