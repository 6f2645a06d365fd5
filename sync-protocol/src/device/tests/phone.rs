//! A shell for tests: a store in memory, and a link of which the test holds both ends.

use std::collections::VecDeque;

use super::*;
use crate::wire::courier::CourierPart;
use crate::wire::enrolment::Invitation;

pub(super) struct Phone {
    pub device: Device,
    pub store: BTreeMap<Key, Vec<u8>>,
    pub reports: Vec<Report>,
    /// Requests that the device sent and nobody answered yet.
    pub sent: VecDeque<(u32, Endpoint, Vec<u8>)>,
    /// The part of a courier file that was made last.
    pub carried: Option<CourierPart>,
    /// Bytes of requests since the last look.
    pub budget: u32,
    /// Batches that still succeed; none: all.
    pub batches_left: Option<usize>,
    name: u8,
    events: u64,
    pub now: Millis,
    pub log: Vec<serde_json::Value>,
}

impl Phone {
    pub fn new(name: u8) -> Self {
        let seed = Inputs { now: Millis(0), seed: [name; 32] };
        Self {
            device: Device::open([], &seed).unwrap(),
            store: BTreeMap::new(),
            reports: Vec::new(),
            sent: VecDeque::new(),
            carried: None,
            budget: 64 * 1024,
            batches_left: None,
            name,
            events: 0,
            now: Millis(1_714_488_300_000),
            log: Vec::new(),
        }
    }

    fn inputs(&mut self) -> Inputs {
        self.events += 1;
        self.now = self.now.plus(1_000);
        let mut seed = [self.name; 32];
        seed[..8].copy_from_slice(&self.events.to_be_bytes());
        Inputs { now: self.now, seed }
    }

    /// Hands in an event and does what follows, but for the network.
    pub fn give(&mut self, event: Event) {
        let mut next = Some(event);
        while let Some(event) = next.take() {
            next = self.turn(event);
        }
    }

    /// Hands in an event, and others before the rows that it asked for are read.
    pub fn give_meanwhile(&mut self, event: Event, others: impl IntoIterator<Item = Event>) {
        let rows = self.turn(event);
        for other in others {
            if rows.is_none() {
                self.give(other);
            } else {
                assert!(self.turn(other).is_none(), "it waits");
            }
        }
        if let Some(rows) = rows {
            self.give(rows);
        }
    }

    /// One turn; gives the rows that it asked for.
    fn turn(&mut self, event: Event) -> Option<Event> {
        let inputs = self.inputs();
        let mut turn = super::traces::event(&event, &inputs);
        let effects = self.device.handle(event, &inputs);
        turn["effects"] = super::traces::effects(&effects);
        self.log.push(turn);
        assert!(effects.iter().skip(1).all(|effect| !matches!(effect, Effect::Store(_))), "one batch, first");
        let mut next = None;
        for effect in effects {
            match effect {
                Effect::Store(batch) => {
                    if self.batches_left == Some(0) {
                        self.log.last_mut().unwrap()["failed"] = true.into();
                        return None;
                    }
                    self.batches_left = self.batches_left.map(|left| left - 1);
                    self.write(batch);
                }
                Effect::Load(keys) => {
                    assert!(next.is_none(), "one load at a time");
                    let rows = keys.into_iter().map(|key| (key.clone(), self.store.get(&key).cloned()));
                    next = Some(Event::Loaded(rows.collect()));
                }
                Effect::Send { number, to, bytes } => self.sent.push_back((number, to, bytes)),
                Effect::Carry(part) => self.carried = Some(from_cbor(&part).unwrap()),
                Effect::Wipe(then) => {
                    self.store.clear();
                    self.write(then);
                }
                Effect::Report(report) => self.reports.push(report),
            }
        }
        next
    }

    fn write(&mut self, batch: Vec<Write>) {
        for write in batch {
            match write {
                Write::Put(key, bytes) => drop(self.store.insert(key, bytes)),
                Write::Delete(key) => drop(self.store.remove(&key)),
            }
        }
    }

    /// The phone dies and starts again.
    pub fn restart(&mut self) {
        self.batches_left = None;
        self.sent.clear();
        let rows: Vec<_> =
            self.store.iter().filter(|(key, _)| key.is_hot()).map(|(k, v)| (k.clone(), v.clone())).collect();
        let inputs = self.inputs();
        self.device = Device::open(rows, &inputs).unwrap();
        let seed = data_encoding::HEXLOWER.encode(&inputs.seed);
        self.log.push(serde_json::json!({ "now": inputs.now, "seed": seed, "event": "opened", "effects": [] }));
    }

    /// The store loses rows: what is read when the phone starts again lacks them.
    pub fn lose(&mut self, keys: &[Key]) {
        for key in keys {
            self.store.remove(key);
        }
        let keys: Vec<_> = keys.iter().map(|key| data_encoding::HEXLOWER.encode(&key.to_bytes())).collect();
        self.log.push(serde_json::json!({ "event": { "lost": keys }, "effects": [] }));
    }

    pub fn enrol(&mut self, hub: &mut FakeHub, code: &str) {
        self.give(Event::Enrol(Invitation::from_random([self.name; 12])));
        let (number, _, bytes) = self.sent.pop_front().unwrap();
        let bytes = hub.enrol(&bytes, &site(code));
        self.give(Event::Answer { number, bytes, budget: self.budget });
        assert!(self.device.lease().is_some(), "{:?}", self.reports);
    }

    /// Records and says what became of it.
    pub fn record(&mut self, request: EditRequest) -> (DocumentId, ChangeHash) {
        self.give(Event::Edit(vec![request]));
        match self.reports.last() {
            Some(Report::Recorded { document, change, .. }) => (*document, *change),
            other => panic!("{other:?}"),
        }
    }

    /// Begins a sync; its first request waits in `sent`.
    pub fn begin(&mut self) {
        self.give(Event::Sync { budget: self.budget });
    }

    /// Answers what was sent until nothing more is.
    pub fn go_on(&mut self, hub: &mut FakeHub) {
        while let Some((number, _, bytes)) = self.sent.pop_front() {
            let bytes = hub.exchange(&bytes);
            self.give(Event::Answer { number, bytes, budget: self.budget });
        }
    }

    /// A whole sync.
    pub fn sync(&mut self, hub: &mut FakeHub) -> Synced {
        self.reports.clear();
        self.begin();
        self.go_on(hub);
        match self.reports.last() {
            Some(Report::Synced(synced)) => *synced,
            _ => panic!("{:?}", self.reports),
        }
    }

    pub fn cut(&mut self) {
        while let Some((number, ..)) = self.sent.pop_front() {
            self.give(Event::Failed { number, reason: "the link was cut".to_owned() });
        }
    }

    pub fn said(&self, wanted: impl Fn(&Report) -> bool) -> bool {
        self.reports.iter().any(wanted)
    }
}
