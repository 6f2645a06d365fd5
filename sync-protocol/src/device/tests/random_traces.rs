//! Random stories: several phones, a hub that does not always do as it should, cuts, crashes, losses. Each is drawn from
//! its number, so it is the same every time; what one of its phones went through is a recorded trace, which other
//! implementations replay.
//!
//! Nothing is asserted here but that nothing breaks and that the trace is the recorded one: what a device must do stands in
//! the other stories. `SEGIN_WRITE_VECTORS=1` writes the files anew.

use sha2::{Digest as _, Sha256};

use super::*;
use crate::crypto::PublicKey;
use crate::documents::config::{Configuration, Item, Place, Site};
use crate::documents::{Answer, EntryId, EntryRef, PlaceCode, State, When, WhenSource};
use crate::ids::Salt;
use crate::wire::answer::{DECIDED_REJECTED, Fate, Order, WipeWhen};
use crate::wire::codec::Raw;

/// Stories that are recorded one by one; shorter ones follow in `more_traces.rs`.
pub(super) const STORIES: u8 = 32;
/// Steps of a story, at most.
const STEPS: u32 = 30;
/// Bytes of a trace, which ends there: they are part of the repository.
const TRACE_BYTES_MAX: usize = 46_000;

/// Numbers drawn from a story's number.
struct Dice {
    story: u8,
    thrown: u32,
}

impl Dice {
    /// Less than `sides`.
    fn throw(&mut self, sides: usize) -> usize {
        self.thrown += 1;
        let full = Sha256::digest([&[self.story][..], &self.thrown.to_be_bytes()].concat());
        usize::from(u16::from_be_bytes([full[0], full[1]])) % sides
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.throw(of.len())]
    }

    /// Once in so many times.
    fn once_in(&mut self, times: usize) -> bool {
        self.throw(times) == 0
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| u8::try_from(self.throw(256)).unwrap())
    }
}

struct Story {
    dice: Dice,
    hub: FakeHub,
    phones: Vec<Phone>,
    /// Documents of each kind, and entries of their groups, that somebody made.
    documents: Vec<(DocumentId, Kind)>,
    entries: Vec<(DocumentId, &'static str, EntryId)>,
    /// What was on somebody's screen some time ago.
    shown: Vec<(DocumentId, Vec<ChangeHash>)>,
    /// Answers that came too late.
    late: Vec<(usize, u32, Vec<u8>)>,
}

const NAMES: [&str; 6] = ["Awa", "Moussa", "Traoré", "Tarawele", "N'Diaye \"Papa\"", "Fanta\nde \u{1f30d}"];

impl Story {
    fn new(number: u8) -> Self {
        let sites: &[&str] = if number.is_multiple_of(3) { &["GOG", "KAY"] } else { &["GOG", "GOG", "KAY"] };
        let mut hub = FakeHub::new();
        hub.seals = !number.is_multiple_of(7);
        let mut dice = Dice { story: number, thrown: 0 };
        let mut phones = Vec::new();
        for (name, code) in (1..).zip(sites) {
            let mut phone = Phone::new(name);
            if dice.once_in(3) {
                // Tried before there was a link, and with work that cannot be recorded yet.
                phone.give(Event::Edit(vec![case("Awa")]));
                phone.begin();
                phone.give(Event::Enrol(crate::wire::enrolment::Invitation::from_random([9; 12])));
                phone.cut();
            }
            phone.enrol(&mut hub, code);
            phones.push(phone);
        }
        let (documents, entries, shown, late) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { dice, hub, phones, documents, entries, shown, late }
    }

    fn edit(&mut self, document: Option<DocumentId>, kind: Kind) -> Edit {
        let entry = EntryId::new(self.dice.bytes());
        let text = |dice: &mut Dice| Answer::from(*dice.one(&NAMES));
        let known =
            self.entries.iter().filter(|(id, ..)| Some(*id) == document).map(|(_, group, entry)| (*group, *entry));
        let known: Vec<(&'static str, EntryId)> = known.collect();
        let dice = &mut self.dice;
        if !known.is_empty() && dice.once_in(2) {
            let (group, entry) = *dice.one(&known);
            let group = group.to_owned();
            let to = dice.once_in(3).then(|| EntryRef {
                case: DocumentId::new([7; 16]),
                group: group.clone(),
                entry: EntryId::new([1; 8]),
            });
            return match dice.throw(5) {
                0 => Edit::Void { group, entry, reason: "twice".to_owned(), to },
                1 => Edit::Decide { group, entry, stands: dice.once_in(2) },
                2 => Edit::Amend { group, entry, field: "text".to_owned(), value: text(dice) },
                3 => {
                    let (before, after) = (dice.one(&NAMES), dice.one(&NAMES));
                    let field = "text".to_owned();
                    Edit::Rewrite { group, entry, field, before: (*before).to_owned(), after: (*after).to_owned() }
                }
                _ => Edit::Amend { group, entry, field: "lost".to_owned(), value: "lost".into() },
            };
        }
        match (kind, dice.throw(10)) {
            (Kind::Case, 0) => Edit::Include {
                set: "languages".to_owned(),
                member: (*dice.one(&["bam", "fra", "ful"])).to_owned(),
                value: dice.once_in(2).then(|| true.into()),
            },
            (Kind::Case, 1) => Edit::Exclude { set: "languages".to_owned(), member: "bam".to_owned() },
            (Kind::Case, 2) => {
                self.entries.extend(document.map(|document| (document, "notes", entry)));
                let values = [("text".to_owned(), text(dice)), ("lang".to_owned(), "fra".into())].into();
                let at = dice.once_in(2).then(|| When { at: "2024-04-30".to_owned(), source: WhenSource::Declared });
                Edit::Add { group: "notes".to_owned(), entry, values, at, from: None }
            }
            (Kind::Case, 3) => {
                self.entries.extend(document.map(|document| (document, "documents", entry)));
                let values = [("type".to_owned(), "nina".into()), ("number".to_owned(), text(dice))].into();
                Edit::Add { group: "documents".to_owned(), entry, values, at: None, from: None }
            }
            (Kind::Case, 4) => {
                let births = ["year 1991 declared", "day 2011-04-24 document", "age_only 34 declared 2024-04-30"];
                let birth: crate::documents::Birth = dice.one(&births).parse().unwrap();
                Edit::Set { field: "birth.date".to_owned(), value: birth.into() }
            }
            (Kind::Case, 5) => {
                let place = PlaceCode { code: "ML0103".to_owned(), scheme: "cod".to_owned(), vintage: 2021 };
                Edit::Set { field: "birth.place_code".to_owned(), value: place.into() }
            }
            (Kind::Case, 6) => {
                let value = if dice.once_in(2) { State::Refused.into() } else { Answer::from(3_i64) };
                Edit::Set { field: "profile.children".to_owned(), value }
            }
            (Kind::Case, 7) => {
                Edit::Set { field: "identity.sex".to_owned(), value: (*dice.one(&["f", "m", "x"])).into() }
            }
            (Kind::Case, _) => {
                let field = *dice.one(&["identity.given", "identity.family", "identity.called"]);
                Edit::Set { field: field.to_owned(), value: text(dice) }
            }
            (Kind::Movement, n) if n < 5 => {
                let member = document.unwrap_or(DocumentId::new([5; 16])).to_string();
                Edit::Include { set: "boarded".to_owned(), member, value: None }
            }
            (Kind::Movement, _) => Edit::Set { field: "trip.from".to_owned(), value: text(dice) },
            (_, _) => Edit::Set { field: "annex.case".to_owned(), value: DocumentId::new([3; 16]).to_string().into() },
        }
    }

    fn request(&mut self, phone: usize) -> EditRequest {
        let known: Vec<_> =
            self.documents.iter().filter(|(id, _)| self.phones[phone].device.entry(*id).is_some()).copied().collect();
        let tag = u32::try_from(self.dice.throw(1_000)).unwrap();
        if known.is_empty() || self.dice.once_in(4) {
            let kind = *self.dice.one(&[Kind::Case, Kind::Case, Kind::Case, Kind::Movement, Kind::Annex]);
            let new_id = self.dice.once_in(4).then(|| DocumentId::new(self.dice.bytes()));
            let edits = (0..=self.dice.throw(2)).map(|_| self.edit(None, kind)).collect();
            return EditRequest { tag, new_id, ..EditRequest::begin(kind, edits) };
        }
        let (document, kind) = *self.dice.one(&known);
        let screens: Vec<_> =
            self.shown.iter().filter(|(id, _)| *id == document).map(|(_, heads)| heads.clone()).collect();
        let shown =
            if !screens.is_empty() && self.dice.once_in(3) { Some(self.dice.one(&screens).clone()) } else { None };
        let wrong = if self.dice.once_in(12) { Kind::Link } else { kind };
        let edits = (0..=self.dice.throw(2)).map(|_| self.edit(Some(document), kind)).collect();
        EditRequest { tag, ..EditRequest::change(document, wrong, shown, edits) }
    }

    fn record(&mut self, phone: usize) {
        let requests: Vec<_> = (0..=self.dice.throw(3) / 2).map(|_| self.request(phone)).collect();
        let kinds: BTreeMap<u32, Kind> = requests.iter().map(|request| (request.tag, request.kind)).collect();
        let before = self.phones[phone].reports.len();
        self.phones[phone].give(Event::Edit(requests));
        for report in &self.phones[phone].reports[before..] {
            if let Report::Recorded { tag, document, .. } = report
                && self.documents.iter().all(|(id, _)| id != document)
            {
                self.documents.push((*document, kinds[tag]));
            }
        }
        self.look(phone);
    }

    /// Taps while the store is read.
    fn hurry(&mut self, phone: usize) {
        let first = Event::Edit(vec![self.request(phone)]);
        let others = vec![
            Event::Edit(vec![self.request(phone)]),
            Event::Sync { budget: 2_048 },
            Event::Shown(self.documents.iter().map(|(id, _)| *id).collect()),
            Event::Edit(vec![self.request(phone)]),
        ];
        self.phones[phone].give_meanwhile(first, others);
        self.go_on(phone);
    }

    /// Somebody opens a document; what is on the screen is edited later.
    fn look(&mut self, phone: usize) {
        let phone = &self.phones[phone];
        let open = phone.store.keys().filter_map(|key| if let Key::Copy(id) = key { Some(*id) } else { None });
        let open: Vec<DocumentId> = open.collect();
        if !open.is_empty() {
            let document = *self.dice.one(&open);
            self.shown.push((document, heads(phone, document)));
        }
    }

    /// Answers until nothing more is sent, or the link is cut.
    fn go_on(&mut self, phone: usize) {
        for _ in 0..40 {
            let Some((number, _, bytes)) = self.phones[phone].sent.pop_front() else { return };
            if self.dice.once_in(15) {
                self.phones[phone].give(Event::Failed { number, reason: "the link was cut".to_owned() });
                return;
            }
            let bytes = self.hub.exchange(&bytes);
            if self.dice.once_in(12) {
                self.late.push((phone, number, bytes));
                self.phones[phone].give(Event::Failed { number, reason: "no answer came".to_owned() });
                return;
            }
            let budget = self.phones[phone].budget;
            self.phones[phone].give(Event::Answer { number, bytes, budget });
        }
        self.phones[phone].cut();
    }

    fn sync(&mut self, phone: usize) {
        self.phones[phone].budget = *self.dice.one(&[64 * 1024, 64 * 1024, 2 * 1024, 5_000]);
        self.phones[phone].begin();
        if self.dice.once_in(6) {
            self.phones[phone].begin();
            self.record(phone);
        }
        self.go_on(phone);
    }

    fn fate(dice: &mut Dice) -> Fate {
        match dice.throw(10) {
            0 | 8 | 9 => Fate::Held("held-who-pending".to_owned()),
            1 => Fate::Held("gate-behind-held".to_owned()),
            2 => Fate::Held("gate-note".to_owned()),
            3 => Fate::Refused("gate-sequence-reused".to_owned(), "used before".to_owned()),
            4 => Fate::Refused("gate-length".to_owned(), "too long".to_owned()),
            5 => Fate::Waiting(vec![ChangeHash::new([9; 32])]),
            6 => Fate::Erased,
            _ => Fate::Refused(DECIDED_REJECTED.to_owned(), "not this person".to_owned()),
        }
    }

    /// The hub behaves otherwise from now on.
    fn turn_the_hub(&mut self) {
        let dice = &mut self.dice;
        self.hub.copied_to = if dice.once_in(2) { self.hub.position } else { self.hub.copied_to };
        self.hub.items_max = *dice.one(&[100, 100, 1, 3]);
        self.hub.documents_only = dice.once_in(5);
        self.hub.closed = dice.once_in(12);
        self.hub.poison = dice.once_in(8).then(|| self.documents.first().map(|(id, _)| *id)).flatten();
        self.hub.orders = match dice.throw(9) {
            0 => vec![Order::Pending],
            1 => vec![Order::Revoked],
            2 => vec![Order::CloneSeen],
            3 => vec![Order::Renew(Salt::new(dice.bytes()))],
            4 => vec![Order::ChannelClosed(Channel::site(&site("KAY"))), Order::Wipe { when: WipeWhen::AfterReceipts }],
            _ => Vec::new(),
        };
        self.hub.verdict = None;
        if !dice.once_in(4) {
            let (odd, fate) = (u8::try_from(dice.throw(2)).unwrap(), Self::fate(dice));
            self.hub.verdict = Some(Box::new(move |_, change| (change.hash().0[0] % 2 == odd).then(|| fate.clone())));
        }
    }

    /// A person at the hub decides on work of a phone, also on what was not held.
    fn decide(&mut self, phone: usize) {
        let works: Vec<_> = self.phones[phone].device.works().map(|work| (work.document, work.hash)).collect();
        let aside: Vec<_> = self.phones[phone].device.aside().map(|aside| (aside.document, aside.hash)).collect();
        let all: Vec<_> = works.into_iter().chain(aside).collect();
        if all.is_empty() {
            return;
        }
        let (document, change) = *self.dice.one(&all);
        let fate = match self.dice.throw(4) {
            0 | 1 => Fate::Applied,
            2 => Fate::Refused(DECIDED_REJECTED.to_owned(), "not this person".to_owned()),
            _ => Self::fate(&mut self.dice),
        };
        self.hub.decide(document, &[(change, fate)]);
        self.sync(phone);
    }

    /// A phone loses its memory, and perhaps rows of its store.
    fn crash(&mut self, phone: usize) {
        let lost: Vec<Key> = self.phones[phone].store.keys().cloned().collect();
        if self.dice.once_in(2) && !self.hub.closed {
            let lost = self.dice.one(&lost).clone();
            if matches!(lost, Key::Copy(_) | Key::ParcelBytes(_) | Key::Edits(_)) {
                self.phones[phone].lose(&[lost]);
            } else if let Key::Entry(document) = lost
                && self.phones[phone].device.works_of(document).next().is_none()
            {
                self.phones[phone].lose(&[Key::Copy(document), Key::Entry(document)]);
            }
        }
        self.phones[phone].restart();
    }

    fn step(&mut self) {
        // The first phone's trace is recorded: it does most.
        let phone = self.dice.throw(self.phones.len() * 2).saturating_sub(self.phones.len());
        match self.dice.throw(24) {
            0..=3 => self.record(phone),
            4 => self.hurry(phone),
            5..=9 => self.sync(phone),
            10..=12 => self.turn_the_hub(),
            13 => self.crash(phone),
            14 | 15 => self.decide(phone),
            16 => {
                let shown: Vec<_> =
                    self.documents.iter().map(|(id, _)| *id).chain([DocumentId::new([1; 16])]).collect();
                self.phones[phone].give(Event::Shown(shown));
            }
            17 => {
                let own = self.phones[phone].device.lease().map(|lease| lease.key);
                let keys = [own, Some(self.hub.key.public()), Some(PublicKey::new([4; 33]))];
                if let Some(key) = *self.dice.one(&keys) {
                    self.phones[phone].give(Event::Vouch(key));
                }
            }
            18 => {
                if let Some((phone, number, bytes)) = self.late.pop() {
                    self.phones[phone].give(Event::Answer { number, bytes, budget: 2_048 });
                }
            }
            19 => {
                // Its store fails, at the first batch or a later one.
                self.phones[phone].batches_left = Some(self.dice.throw(3));
                self.record(phone);
                self.sync(phone);
                self.phones[phone].restart();
            }
            20 => {
                let places = vec![Place {
                    code: "ML01".to_owned(),
                    scheme: "cod".to_owned(),
                    vintage: 2021,
                    name: "Kayes".to_owned(),
                }];
                let items = vec![Item {
                    code: "MLI".to_owned(),
                    fr: "Mali".to_owned(),
                    en: "Mali".to_owned(),
                    also: Vec::new(),
                }];
                let sites = vec![Site { code: site("GOG"), name: "Gogui".to_owned() }];
                let lists = [("countries".to_owned(), items), ("a".to_owned(), Vec::new())].into();
                let configuration = Configuration::new(self.dice.throw(9) as u64, sites, lists, places);
                let key = if self.dice.once_in(4) { FakeHub::other() } else { self.hub.key.clone() };
                self.hub.tells = self.dice.once_in(4).then(|| Raw::of(&configuration.sign(&key)));
                self.hub.renews = self.dice.once_in(2);
            }
            21 | 22 => {
                let other = self.dice.throw(self.phones.len());
                let mut neighbours = super::neighbours::of(&self.phones[other]);
                if let Event::Neighbours(all) = &mut neighbours
                    && let Some(first) = all.first_mut()
                    && self.dice.once_in(4)
                {
                    first.changes.remove(0);
                }
                self.phones[phone].give(neighbours);
                self.record(phone);
            }
            _ => {
                let back = self.dice.throw(4) as u64;
                if self.dice.once_in(2) {
                    self.hub.restore(Position(self.hub.position.0.saturating_sub(back).max(1)));
                } else if let Some((document, change)) = self.something_kept() {
                    self.hub.lose(document, change);
                } else {
                    self.hub.log = LogId::new(self.dice.bytes());
                }
            }
        }
    }

    fn something_kept(&mut self) -> Option<(DocumentId, ChangeHash)> {
        let documents = self.documents.clone();
        let kept = documents.iter().flat_map(|(id, _)| self.hub.changes(*id).into_iter().map(|change| (*id, change)));
        let kept: Vec<_> = kept.collect();
        (!kept.is_empty()).then(|| *self.dice.one(&kept))
    }
}

/// Bytes of each line of a phone's trace.
fn bytes(phone: &Phone) -> impl Iterator<Item = usize> {
    phone.log.iter().map(|line| line.to_string().len() + 1)
}

/// What the first phone of a story went through: so many steps and bytes, at most.
pub(super) fn play(number: u8, steps: u32, bytes_max: usize) -> Phone {
    let mut story = Story::new(number);
    for _ in 0..steps {
        story.step();
        if bytes(&story.phones[0]).sum::<usize>() > bytes_max * 3 / 4 {
            break;
        }
    }
    (story.hub.orders, story.hub.verdict, story.hub.closed) = (Vec::new(), None, false);
    for phone in (0..story.phones.len()).rev() {
        story.sync(phone);
    }
    if number.is_multiple_of(5) {
        story.hub.orders = vec![Order::Wipe { when: WipeWhen::AtOnce }];
        story.sync(0);
        story.record(0);
    }
    let mut phone = story.phones.swap_remove(0);
    let mut sum = 0;
    let fits = |bytes: &usize| {
        sum += bytes;
        sum <= bytes_max
    };
    phone.log.truncate(bytes(&phone).take_while(fits).count());
    phone
}

#[test]
fn random_stories_leave_the_recorded_traces() {
    for number in 0..STORIES {
        traces::is_as_recorded(&format!("random-{number:02}"), &play(number, STEPS, TRACE_BYTES_MAX));
    }
}
