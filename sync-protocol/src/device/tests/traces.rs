//! Traces: what goes in and what comes out, as JSON lines, so that other implementations can be held equal.
//!
//! A line is one turn: `{"now", "seed", "event", "effects"}`, with `"failed": true` where the batch could not be stored;
//! or it says which rows the store lost. Bytes are hexadecimal.
//! Two things may differ between implementations and are written so that they can be compared: a sent frame stands as
//! its CBOR body (compressors differ), a stored document as its heads (savers differ). Signatures are deterministic
//! (RFC 6979).
//! `SEGIN_WRITE_VECTORS=1` writes the files anew; a change in them is a change of the protocol.

use std::path::PathBuf;

use automerge::Automerge;
use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use super::*;
use crate::wire::answer::{DECIDED_REJECTED, Fate, Order, WipeWhen};
use crate::wire::codec::{Message, unframe};
use crate::wire::courier::CourierPart;

fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

pub(super) fn event(event: &Event, inputs: &Inputs) -> Value {
    let what = match event {
        Event::Enrol(invitation) => json!({ "enrol": invitation.to_string() }),
        Event::Edit(requests) => json!({ "edit": requests.iter().map(request).collect::<Vec<_>>() }),
        Event::Sync { budget } => json!({ "sync": { "budget": budget } }),
        Event::Answer { number, bytes, budget } => {
            json!({ "answer": { "number": number, "bytes": hex(bytes), "budget": budget } })
        }
        Event::Failed { number, reason } => json!({ "failed": { "number": number, "reason": reason } }),
        Event::TurnedAway { number, code, reason } => {
            json!({ "turned_away": { "number": number, "code": code, "reason": reason } })
        }
        Event::Shown(documents) => json!({ "shown": documents }),
        Event::Vouch(key) => json!({ "vouch": hex(key.as_bytes()) }),
        Event::Neighbours(neighbours) => {
            json!({ "neighbours": neighbours.iter().map(neighbour).collect::<Vec<_>>() })
        }
        Event::Export { place, room } => {
            json!({ "export": { "file": place.file, "index": place.index, "of": place.of, "room": room } })
        }
        Event::Take { file, outside } => {
            json!({ "take": { "file": hex(file), "outside": outside.as_ref().map(|bytes| hex(bytes)) } })
        }
        Event::Loaded(rows) => {
            let rows = rows.iter().map(|(key, bytes)| json!([hex(&key.to_bytes()), bytes.as_ref().map(|b| hex(b))]));
            json!({ "loaded": rows.collect::<Vec<_>>() })
        }
    };
    json!({ "now": inputs.now, "seed": hex(&inputs.seed), "event": what })
}

fn neighbour(neighbour: &Neighbour) -> Value {
    let Neighbour { document, kind, code, card, changes } = neighbour;
    let changes: Vec<String> = changes.iter().map(|raw| hex(raw.as_ref())).collect();
    json!({ "document": document, "kind": kind, "code": code, "card": card, "changes": changes })
}

fn request(request: &EditRequest) -> Value {
    json!({
        "tag": request.tag, "document": request.document, "new_id": request.new_id, "kind": request.kind,
        "shown": request.shown, "edits": request.edits, "card": request.card,
    })
}

pub(super) fn effects(effects: &[Effect]) -> Value {
    effects.iter().map(effect).collect()
}

fn effect(effect: &Effect) -> Value {
    match effect {
        Effect::Store(batch) => json!({ "store": batch.iter().map(write).collect::<Vec<_>>() }),
        Effect::Load(keys) => json!({ "load": keys.iter().map(|key| hex(&key.to_bytes())).collect::<Vec<_>>() }),
        Effect::Send { number, to, bytes } => {
            let kind = match to {
                Endpoint::Enrol => Message::EnrolRequest,
                Endpoint::Exchange => Message::ExchangeRequest,
            };
            json!({ "send": { "number": number, "to": to, "body": hex(&unframe(kind, bytes).unwrap()) } })
        }
        Effect::Carry(part) => json!({ "carry": hex(part) }),
        Effect::Wipe(then) => json!({ "wipe": then.iter().map(write).collect::<Vec<_>>() }),
        Effect::Report(report) => json!({ "report": report }),
    }
}

fn write(write: &Write) -> Value {
    match write {
        Write::Put(key @ Key::Copy(_), bytes) => {
            let heads = documents::edit::heads(&Automerge::load(bytes).unwrap());
            json!([hex(&key.to_bytes()), { "heads": heads }])
        }
        Write::Put(key, bytes) => json!([hex(&key.to_bytes()), hex(bytes)]),
        Write::Delete(key) => json!([hex(&key.to_bytes()), null]),
    }
}

/// Compares what the phone went through with the recorded trace.
pub(super) fn is_as_recorded(name: &str, phone: &Phone) {
    lines_are_as_recorded(&format!("traces/{name}"), &phone.log);
}

#[expect(clippy::disallowed_methods, reason = "golden files are read from disk, by the test only")]
fn lines_are_as_recorded(name: &str, lines: &[Value]) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("vectors/{name}.jsonl"));
    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    if std::env::var_os("SEGIN_WRITE_VECTORS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    }
    let recorded = std::fs::read_to_string(&path).unwrap();
    for (number, (line, recorded)) in lines.iter().zip(recorded.lines()).enumerate() {
        assert_eq!(line, recorded, "{name}, line {}", number + 1);
    }
    assert_eq!(lines.len(), recorded.lines().count(), "{name}");
}

#[test]
fn enrolling_recording_and_a_first_sync_leave_the_recorded_trace() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    let (document, _) = phone.record(case("Awa"));
    phone.record(change(document, "identity.family", "Traoré"));
    phone.sync(&mut hub);
    phone.sync(&mut hub);
    is_as_recorded("first-sync", &phone);
}

#[test]
fn a_lost_answer_leaves_the_recorded_trace() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    phone.record(case("Awa"));
    phone.begin();
    hub.exchange(&phone.sent.front().unwrap().2.clone());
    phone.cut();
    phone.record(case("Moussa"));
    phone.sync(&mut hub);
    is_as_recorded("lost-answer", &phone);
}

#[test]
fn two_clerks_on_one_field_leave_the_recorded_trace() {
    let (mut hub, [mut one, mut two]) = night(["GOG", "GOG"]);
    let (document, _) = one.record(case("Awa"));
    one.sync(&mut hub);
    two.sync(&mut hub);
    one.record(change(document, "identity.family", "Traoré"));
    two.record(change(document, "identity.family", "Tarawele"));
    one.sync(&mut hub);
    two.sync(&mut hub);
    is_as_recorded("two-clerks", &two);
}

#[test]
fn a_replay_leaves_the_recorded_trace() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    let (document, _) = phone.record(case("Awa"));
    phone.sync(&mut hub);
    let (_, bad) = phone.record(change(document, "identity.family", "Traoré"));
    phone.record(change(document, "identity.called", "Papa"));
    hub.verdict = Some(Box::new(move |_, change| {
        let fate = || Fate::Refused("gate-sequence-reused".to_owned(), "used before".to_owned());
        (change.hash().0 == *bad.as_bytes()).then(fate)
    }));
    phone.sync(&mut hub);
    is_as_recorded("replay", &phone);
}

#[test]
fn a_repair_leaves_the_recorded_trace() {
    let (mut hub, [mut one, mut two]) = night(["GOG", "GOG"]);
    let (document, _) = one.record(case("Awa"));
    one.sync(&mut hub);
    two.sync(&mut hub);
    two.lose(&[Key::Copy(document), Key::Entry(document)]);
    two.restart();
    two.sync(&mut hub);
    is_as_recorded("repair", &two);
}

#[test]
fn a_hub_that_came_back_and_is_given_others_work_leaves_the_recorded_trace() {
    let (mut hub, [mut gone, mut colleague]) = night(["GOG", "GOG"]);
    hub.proves = true;
    colleague.sync(&mut hub);
    let backup = hub.position;
    let (document, _) = gone.record(case("Awa"));
    gone.sync(&mut hub);
    colleague.sync(&mut hub);
    colleague.record(change(document, "identity.family", "Traoré"));
    colleague.sync(&mut hub);
    gone.sync(&mut hub);
    gone.record(change(document, "identity.called", "Mama"));
    gone.record(case("Moussa"));
    gone.sync(&mut hub);
    colleague.sync(&mut hub);
    hub.restore(backup);
    hub.log = LogId::new([2; 16]);
    colleague.begin();
    let (number, ..) = colleague.sent.pop_front().unwrap();
    let (code, reason) = ("lease-unknown".to_owned(), "no such lease".to_owned());
    colleague.give(Event::TurnedAway { number, code, reason });
    colleague.go_on(&mut hub);
    colleague.restart();
    colleague.sync(&mut hub);
    is_as_recorded("give-back", &colleague);
}

#[test]
fn a_decision_leaves_the_recorded_trace() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    hub.verdict = Some(Box::new(|_, _| Some(Fate::Held("held-who-pending".to_owned()))));
    hub.orders = vec![Order::Pending];
    hub.closed = true;
    let (document, first) = phone.record(case("Awa"));
    let (_, second) = phone.record(change(document, "identity.family", "Traoré"));
    phone.sync(&mut hub);
    (hub.verdict, hub.orders, hub.closed) = (None, Vec::new(), false);
    let raw = phone.device.works().next().unwrap().raw.clone();
    hub.approve(document, Kind::Case, raw, &site("GOG"));
    let rejected = Fate::Refused(DECIDED_REJECTED.to_owned(), "not this person".to_owned());
    hub.decide(document, &[(first, Fate::Applied), (second, rejected)]);
    phone.sync(&mut hub);
    is_as_recorded("decision", &phone);
}

#[test]
fn work_sent_sealed_and_then_as_usual_leaves_the_recorded_trace() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    let (document, _) = phone.record(case("Awa"));
    phone.give(Event::Edit(vec![change(document, "identity.family", "Traoré"), case("Moussa")]));
    hub.take_sealed(&phone);
    let (_, bad) = phone.record(change(document, "identity.called", "Papa"));
    hub.verdict = Some(Box::new(move |_, change| {
        let fate = || Fate::Refused("gate-sequence-reused".to_owned(), "used before".to_owned());
        (change.hash().0 == *bad.as_bytes()).then(fate)
    }));
    phone.sync(&mut hub);
    is_as_recorded("sealed", &phone);
}

#[test]
fn two_people_on_one_device_leave_the_recorded_trace() {
    let (mut hub, [mut one, mut two]) = night(["GOG", "GOG"]);
    let (document, _) = one.record(case("Awa"));
    two.give(super::neighbours::of(&one));
    two.record(change(document, "identity.family", "Traoré"));
    one.record(change(document, "identity.called", "Mama"));
    two.give(super::neighbours::of(&one));
    two.sync(&mut hub);
    one.sync(&mut hub);
    two.sync(&mut hub);
    is_as_recorded("neighbours", &two);
}

/// What a locked phone sends and reads: the rows it has, each request's body, each answer, and what is then known.
#[test]
fn a_locked_phone_leaves_the_recorded_trace() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    let (document, _) = phone.record(case("Awa"));
    phone.record(change(document, "identity.family", "Traoré"));
    let (bad, _) = phone.record(case("Moussa"));
    phone.record(case("Fanta"));
    hub.poison = Some(bad);
    hub.copied_to = Position(3);
    phone.store.insert(Key::Sealed(4), vec![7; 20]);
    let rows = phone.store.iter().filter(|(key, _)| matches!(key, Key::Sealed(_)));
    let mut lines = vec![json!({
        "lease": phone.device.lease().unwrap().prefix, "hub": hex(hub.key.public().as_bytes()),
        "rows": rows.map(|(key, bytes)| json!([hex(&key.to_bytes()), hex(bytes)])).collect::<Vec<_>>(),
    })];
    let mut locked = super::locked::locked(&phone);
    let budget = 1_500;
    while let Some(request) = locked.request(budget) {
        let answer = hub.exchange(&request);
        locked.answer(&answer).unwrap();
        let body = hex(&unframe(Message::ExchangeRequest, &request).unwrap());
        lines.push(json!({ "budget": budget, "request": body, "answer": hex(&answer), "left": locked.left() }));
    }
    let (damaged, copied): (Vec<u64>, Vec<u64>) = (locked.damaged().collect(), locked.copied().collect());
    let fates: Vec<_> = locked.fates().iter().collect();
    lines.push(json!({ "fates": fates, "damaged": damaged, "copied": copied }));
    lines_are_as_recorded("locked/pieces", &lines);
}

/// What a locked phone exports, twice, and how it reads the answer to the first.
pub(super) fn a_locked_file_is_as_recorded(
    phone: &Phone,
    hub: &FakeHub,
    room: u32,
    exported: &[(CourierPart, &Vec<u8>)],
    back: &[u8],
) {
    let rows = phone.store.iter().filter(|(key, _)| matches!(key, Key::Sealed(_)));
    let mut lines = vec![json!({
        "lease": phone.device.lease().unwrap().prefix, "hub": hex(hub.key.public().as_bytes()),
        "sealing": hex(hub.sealing.public().as_bytes()), "room": room, "file": hex(&[7; 16]),
        "rows": rows.map(|(key, bytes)| json!([hex(&key.to_bytes()), hex(bytes)])).collect::<Vec<_>>(),
    })];
    for (seed, (part, series)) in (1u8..).zip(exported) {
        let part = hex(&crate::wire::codec::to_cbor(part));
        lines.push(json!({ "seed": hex(&[seed; 32]), "part": part, "series": hex(series) }));
    }
    let mut locked = super::locked::locked(phone);
    let missing = locked.take(back, exported[0].1).unwrap();
    let fates: Vec<_> = locked.fates().iter().collect();
    lines.push(json!({ "back": hex(back), "missing": missing, "fates": fates }));
    lines_are_as_recorded("locked/courier", &lines);
}

#[test]
fn readings_a_voucher_and_an_order_to_erase_leave_the_recorded_trace() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    let (document, _) = phone.record(case("Awa"));
    phone.sync(&mut hub);
    phone.give(Event::Shown(vec![document]));
    phone.give(Event::Vouch(hub.key.public()));
    hub.orders = vec![Order::Wipe { when: WipeWhen::AfterReceipts }];
    phone.begin();
    phone.go_on(&mut hub);
    phone.give(Event::Edit(vec![case("Moussa")]));
    is_as_recorded("erased", &phone);
}
