mod gate_support;
use automerge::ROOT;
use automerge::transaction::Transactable;
use gate_support::*;
use std::time::Instant;
use sync_protocol::gate::*;
fn bombp(count: i64, p: &mut Parts) {
    let mut run = Vec::new();
    sleb(&mut run, count);
    let with = |value: &[u8]| [&run[..], value].concat();
    let mut flags = Vec::new();
    uleb(&mut flags, count as u64);
    p.columns = vec![
        (column::KEY_TEXT, with(&[1, b'k'])),
        (column::INSERT, flags),
        (column::ACTION, with(&[1])),
        (column::VALUE_META, with(&[0])),
        (column::PRED_COUNT, with(&[0])),
    ];
}
#[test]
fn big() {
    let mut stored: Option<StoredForm> = None;
    for random in 0..16 {
        let mut parts = Parts::of(&Device::new(1, random).put("k", "v"));
        bombp(65_536, &mut parts);
        let t = Instant::now();
        let (v, f) = judge_one(stored.as_ref(), 1, &parts.bytes());
        println!("{random} {v:?} {:?}", t.elapsed());
        stored = f;
        let t = Instant::now();
        let d = automerge::Automerge::load(&stored.as_ref().unwrap().saved).unwrap();
        let l = t.elapsed();
        let t = Instant::now();
        let s = d.save();
        let sv = t.elapsed();
        let t = Instant::now();
        let _ = d.hydrate(None);
        println!("   load {l:?} save {sv:?} {} hydrate {:?}", s.len(), t.elapsed());
    }
}
#[test]
fn normal() {
    // A new document of about 231 operations in 3 changes.
    let mut device = Device::new(1, 1);
    let mut changes = vec![];
    for n in 0..3 {
        changes.push(device.edit(|t| {
            for g in ["identity", "notes", "assistance"] {
                let (_, id) = automerge::ReadDoc::get(&*t, ROOT, g).unwrap().unwrap();
                for i in 0..26 - (n == 0) as usize {
                    t.put(&id, format!("field {n} {i}"), format!("value {i}")).unwrap();
                }
            }
        }));
    }
    let ops: u64 = changes
        .iter()
        .map(|c| {
            let i = inspect(c).unwrap();
            i.max_op + 1 - i.start_op
        })
        .sum();
    for name in ["3 together", "3 together"] {
        let t = Instant::now();
        for _ in 0..500 {
            assert!(judge(KIND, None, prefix(1), &changes).applied.is_some());
        }
        println!("{ops} ops, {name}: {:?}", t.elapsed() / 500);
    }
    let t = Instant::now();
    for _ in 0..500 {
        for c in &changes {
            inspect(c).unwrap();
        }
    }
    println!("inspect of 3: {:?}", t.elapsed() / 500);
    let one = {
        let mut d = Device::new(1, 2);
        d.edit(|t| {
            for i in 0..231 {
                t.put(ROOT, format!("field {i}"), format!("value {i}")).unwrap()
            }
        })
    };
    let t = Instant::now();
    for _ in 0..500 {
        assert!(judge(KIND, None, prefix(1), std::slice::from_ref(&one)).applied.is_some());
    }
    println!("231 ops in one: {:?}", t.elapsed() / 500);
    let t = Instant::now();
    for _ in 0..500 {
        inspect(&one).unwrap();
    }
    println!("inspect: {:?}", t.elapsed() / 500);
    let t = Instant::now();
    for _ in 0..500 {
        automerge::Change::try_from(&one[..]).unwrap();
    }
    println!("automerge parse: {:?}", t.elapsed() / 500);
    let form = judge(KIND, None, prefix(1), &changes).applied.unwrap().form;
    let edit = device.put("field 1", "other");
    let t = Instant::now();
    for _ in 0..500 {
        assert!(judge(KIND, Some(&form), prefix(1), std::slice::from_ref(&edit)).applied.is_some());
    }
    println!(
        "one edit on it: {:?}; history {} bytes, saved {}",
        t.elapsed() / 500,
        minicbor::to_vec(&form.history).unwrap().len(),
        form.saved.len()
    );
}
