//! Seeded random histories: several actors, concurrent work at older heads, every edit, right and wrong.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sync_protocol::documents::edit::{actor_fits, heads};
use sync_protocol::documents::schema::{self, Field, Group, Rule, Shape};
use sync_protocol::documents::{Answer, Edit, EntryId, Kind, constant_hashes, project};
use sync_protocol::ids::{Actor, ActorPrefix, ChangeHash, Millis};

use super::values::{entry_ref, one, right, when, wrong};
use super::world::World;

/// Noon of 30 April 2024.
const NOON: i64 = 1_714_478_400_000;

/// Groups about which merge rules say something: they are in most histories of their kind.
const RULED: &[&str] = &[
    "consent",
    "outcome",
    "assistance",
    "notes",
    "sources",
    "counted",
    "expected",
    "boarded",
    "arrived",
    "members",
    "link",
    "status",
    "referral",
    "card",
    "handovers",
];

struct Writer {
    rng: ChaCha8Rng,
    world: World,
    groups: Vec<&'static Group>,
    /// Entries that were added, by group.
    entries: BTreeMap<&'static str, Vec<EntryId>>,
    /// What was on somebody's screen once.
    screens: Vec<Vec<ChangeHash>>,
    actors: Vec<Actor>,
    /// Few groups and few purposes, so that decisions meet.
    narrow: bool,
}

/// The history of a seed.
pub fn history(kind: Kind, seed: u64) -> World {
    let mut rng = ChaCha8Rng::seed_from_u64(u64::from(kind.code()) << 32 | seed);
    let narrow = seed >= super::SEEDS;
    let chance = |group: &Group| match RULED.contains(&group.key) {
        _ if narrow => f64::from(u8::from(matches!(group.key, "consent" | "outcome" | "status" | "assistance"))),
        true => 0.75,
        false => 0.25,
    };
    let groups = schema::groups(kind).iter().filter(|group| rng.random_bool(chance(group))).collect();
    let actors = (1..=4).map(|n| actor(n, rng.random())).collect();
    let screens = vec![constant_hashes(kind).to_vec()];
    let mut writer = Writer { rng, world: World::new(kind), groups, entries: BTreeMap::new(), screens, actors, narrow };
    if writer.groups.is_empty() {
        writer.groups = schema::groups(kind).iter().collect();
    }
    for turn in 0..writer.rng.random_range(12..=20) {
        writer.turn(turn);
    }
    writer.world
}

fn actor(lease: u8, random: [u8; 8]) -> Actor {
    Actor::from_parts(ActorPrefix::new([lease; 8]), random)
}

impl Writer {
    fn turn(&mut self, turn: i64) {
        let shown = self.shown();
        let mut actor = *one(&mut self.rng, &self.actors);
        if !actor_fits(&self.world.doc, &shown, actor) && self.rng.random_bool(0.9) {
            actor = self::actor(self.rng.random_range(1..=4), self.rng.random());
            self.actors.push(actor);
        }
        let at = match self.rng.random_range(0..20) {
            0 => -1,
            1 => NOON - 86_400_000,
            2 => NOON,
            _ => NOON + turn * 60_000 + self.rng.random_range(0..1_000),
        };
        let mut edits: Vec<Edit> = (0..self.rng.random_range(1..=4)).map(|_| self.edit()).collect();
        match self.rng.random_range(0..16) {
            0 => edits.push(self.wrong_edit()),
            1 => edits.insert(0, self.wrong_edit()),
            2 => edits.clear(),
            _ => {}
        }
        if self.world.step(&shown, actor, Millis(at), &edits).is_ok() {
            for edit in &edits {
                if let Edit::Add { group, entry, .. } = edit {
                    let group = self.world_group(group);
                    self.entries.entry(group.key).or_default().push(*entry);
                }
            }
            self.screens.push(heads(&self.world.doc));
        }
    }

    fn world_group(&self, key: &str) -> &'static Group {
        schema::group(self.world.kind, key).expect("the schema's own key")
    }

    fn shown(&mut self) -> Vec<ChangeHash> {
        let now = heads(&self.world.doc);
        match self.rng.random_range(0..40) {
            0 => vec![ChangeHash::new([7; 32])],
            1..=5 => vec![*one(&mut self.rng, &now)],
            6..=19 => one(&mut self.rng, &self.screens).clone(),
            _ => now,
        }
    }

    fn edit(&mut self) -> Edit {
        let ruled: Vec<&Group> = self.groups.iter().copied().filter(|group| RULED.contains(&group.key)).collect();
        let often = !ruled.is_empty() && self.rng.random_bool(0.5);
        let group = *one(&mut self.rng, if often { &ruled } else { &self.groups });
        match group.rule {
            Rule::Scalars => {
                // The first fields more often, so that they meet.
                let few = if self.rng.random_bool(0.6) { group.fields.len().min(3) } else { group.fields.len() };
                let field = one(&mut self.rng, &group.fields[..few]);
                Edit::Set { field: format!("{}.{}", group.key, field.key), value: self.answer(group, field) }
            }
            Rule::Set { member, value } => self.member(group, member, value),
            _ => self.entry(group),
        }
    }

    fn answer(&mut self, group: &Group, field: &Field) -> Answer {
        let entries = self.entries.get(group.key).cloned().unwrap_or_default();
        if self.narrow && matches!(field.key, "purpose" | "to") {
            return (*one(&mut self.rng, &["referral", "tracing"])).into();
        }
        right(&mut self.rng, field.shape, &entries)
    }

    fn member(&mut self, group: &Group, member: Shape, value: Shape) -> Edit {
        let set = group.key.to_owned();
        let member = loop {
            if let Answer::Value(value) = right(&mut self.rng, member, &[]) {
                break value.as_text().expect("members are texts").to_owned();
            }
        };
        match self.rng.random_range(0..4) {
            0 => Edit::Exclude { set, member },
            1 => Edit::Include { set, member, value: None },
            _ => Edit::Include { set, member, value: Some(right(&mut self.rng, value, &[])) },
        }
    }

    fn entry(&mut self, group: &'static Group) -> Edit {
        let known = self.entries.get(group.key).cloned().unwrap_or_default();
        let name = group.key.to_owned();
        if known.is_empty() || self.rng.random_bool(0.45) {
            return self.add(group, &known);
        }
        let entry = *one(&mut self.rng, &known);
        let late: Vec<&Field> = group.fields.iter().filter(|field| field.late).collect();
        match self.rng.random_range(0..10) {
            0..=2 => {
                let to = self.rng.random_bool(0.2).then(|| entry_ref(&mut self.rng));
                Edit::Void { group: name, entry, reason: "saisie deux fois".to_owned(), to }
            }
            3..=4 => Edit::Decide { group: name, entry, stands: self.rng.random_bool(0.5) },
            _ if late.is_empty() => self.add(group, &known),
            _ => {
                let field = *one(&mut self.rng, &late);
                let key = field.key.to_owned();
                if field.shape == Shape::Note {
                    self.rewrite(name, entry, key)
                } else {
                    Edit::Amend { group: name, entry, field: key, value: self.answer(group, field) }
                }
            }
        }
    }

    fn add(&mut self, group: &Group, known: &[EntryId]) -> Edit {
        let again = !known.is_empty() && self.rng.random_bool(0.06);
        let entry = if again { *one(&mut self.rng, known) } else { EntryId::new(self.rng.random()) };
        let mut values = BTreeMap::new();
        for field in group.fields {
            let often = self.narrow && field.key == "over";
            if field.required || self.rng.random_bool(if often { 0.8 } else { 0.35 }) {
                values.insert(field.key.to_owned(), self.answer(group, field));
            }
        }
        let at = self.rng.random_bool(0.3).then(|| when(&mut self.rng));
        let from = self.rng.random_bool(0.08).then(|| entry_ref(&mut self.rng));
        Edit::Add { group: group.key.to_owned(), entry, values, at, from }
    }

    fn rewrite(&mut self, group: String, entry: EntryId, field: String) -> Edit {
        let projection = project(self.world.kind, &self.world.doc).unwrap();
        let shown = projection.entries(&group).iter().find(|view| view.entry == entry.to_string());
        let now = shown.and_then(|view| view.text(&field)).unwrap_or_default().to_owned();
        let before = if self.rng.random_bool(0.15) { "un autre texte".to_owned() } else { now };
        let letters: Vec<char> = before.chars().collect();
        let (from, to) = (self.rng.random_range(0..=letters.len()), self.rng.random_range(0..=letters.len()));
        let (from, to) = (from.min(to), from.max(to).min(from.min(to) + 4));
        let between = *one(&mut self.rng, &["", " corrigé", "é", "👨‍👩‍👧 ", "\n"]);
        let after =
            letters[..from].iter().copied().chain(between.chars()).chain(letters[to..].iter().copied()).collect();
        Edit::Rewrite { group, entry, field, before, after }
    }

    /// An edit that does not fit the schema, or that the document refuses.
    fn wrong_edit(&mut self) -> Edit {
        let group = *one(&mut self.rng, &self.groups);
        let (name, entry) = (group.key.to_owned(), EntryId::new(self.rng.random()));
        let unknown = match self.rng.random_range(0..6) {
            0 => Edit::Set { field: format!("{name}.no_such_field"), value: "x".into() },
            1 => Edit::Set { field: name.clone(), value: "x".into() },
            2 => Edit::Include { set: "no_such_set".to_owned(), member: "x".to_owned(), value: None },
            3 => Edit::Void { group: name.clone(), entry, reason: "erreur".to_owned(), to: None },
            4 => Edit::Rewrite {
                group: name.clone(),
                entry,
                field: "text".to_owned(),
                before: String::new(),
                after: "x".repeat(if self.rng.random_bool(0.9) { 2 } else { 20_481 }),
            },
            _ => Edit::Decide { group: name.clone(), entry, stands: true },
        };
        if self.rng.random_bool(0.25) {
            return unknown;
        }
        match group.rule {
            Rule::Scalars => {
                let field = one(&mut self.rng, group.fields);
                Edit::Set { field: format!("{name}.{}", field.key), value: wrong(&mut self.rng, field.shape) }
            }
            Rule::Set { member, value } => match self.rng.random_range(0..2) {
                0 => Edit::Exclude { set: name, member: "pas un membre".to_owned() },
                _ => {
                    let (Edit::Include { set, member, .. } | Edit::Exclude { set, member }) =
                        self.member(group, member, value)
                    else {
                        return unknown;
                    };
                    Edit::Include { set, member, value: Some(wrong(&mut self.rng, value)) }
                }
            },
            _ => self.wrong_entry(group, unknown),
        }
    }

    fn wrong_entry(&mut self, group: &'static Group, unknown: Edit) -> Edit {
        let field = one(&mut self.rng, group.fields);
        let bad = wrong(&mut self.rng, field.shape);
        let Edit::Add { group: name, entry, mut values, .. } = self.add(group, &[]) else { return unknown };
        match self.rng.random_range(0..5) {
            0 => {
                values.clear();
                Edit::Add { group: name, entry, values, at: None, from: None }
            }
            1 => {
                values.insert(field.key.to_owned(), bad);
                Edit::Add { group: name, entry, values, at: None, from: None }
            }
            2 => {
                values.insert("void".to_owned(), "x".into());
                Edit::Add { group: name, entry, values, at: None, from: None }
            }
            3 => Edit::Amend { group: name, entry, field: field.key.to_owned(), value: bad },
            _ => Edit::Void { group: name, entry, reason: " ".to_owned(), to: None },
        }
    }
}
