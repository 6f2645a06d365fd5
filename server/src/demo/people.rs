//! Who comes that night, and what is written about them: generated, from the seed of the demo. No real person.
//!
//! The numbers are those of a real evening; how they stood in the two waves is made up.

use std::collections::BTreeMap;

use sync_protocol::documents::{Answer, Edit, State, Value, When, WhenSource};
use sync_protocol::ids::DocumentId;

use crate::random::SeededRandom;
use crate::sample::{People, Who};

/// A wave: two trucks or three.
pub struct Wave {
    /// When it arrived, as people say it.
    pub at: &'static str,
    /// Men, women, boys, girls.
    pub heads: [u32; 4],
    /// Those who do not want to be registered: sex and age band. They are counted, and never named.
    pub anonymous: &'static [(&'static str, &'static str)],
    /// Whether a boy came alone.
    pub has_child_alone: bool,
}

/// 247 people: 102 men, 75 women, 41 boys, 29 girls.
pub const WAVES: [Wave; 2] = [
    Wave {
        at: "2024-04-30T14:25",
        heads: [49, 36, 19, 14],
        anonymous: &[("m", "18-59"), ("m", "18-59")],
        has_child_alone: false,
    },
    Wave {
        at: "2024-04-30T17:05",
        heads: [53, 39, 22, 15],
        anonymous: &[("m", "18-59"), ("f", "18-59")],
        has_child_alone: true,
    },
];

/// Men, women, boys, girls of both waves.
pub const HEADS: [i64; 4] = [102, 75, 41, 29];
/// The names of the tallies, in the same order.
pub const TALLIES: [&str; 4] = ["men", "women", "boys", "girls"];

/// Somebody in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// Man, woman, boy or girl.
    pub who: Who,
    /// A child with nobody.
    pub is_alone: bool,
}

impl Wave {
    /// Everybody in it.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.heads.iter().sum()
    }

    /// Those who are registered, in the parties in which they stand in the queue; the first of a party speaks.
    #[must_use]
    pub fn parties(&self, random: &mut SeededRandom) -> Vec<Vec<Person>> {
        let [mut men, mut women, mut boys, mut girls] = self.heads;
        for (sex, _) in self.anonymous {
            if *sex == "f" { women -= 1 } else { men -= 1 }
        }
        let person = |who| Person { who, is_alone: false };
        let mut parties = Vec::new();
        if self.has_child_alone {
            boys -= 1;
            parties.push(vec![Person { who: Who::Boy, is_alone: true }]);
        }
        while women > 0 {
            women -= 1;
            let mut party = vec![person(Who::Woman)];
            if men > 0 && random.below(3) > 0 {
                men -= 1;
                party.push(person(Who::Man));
            }
            for _ in 0..=random.below(4) {
                if boys + girls == 0 {
                    break;
                }
                let is_boy = random.below(u64::from(boys + girls)) < u64::from(boys);
                if is_boy {
                    boys -= 1
                } else {
                    girls -= 1
                }
                party.push(person(if is_boy { Who::Boy } else { Who::Girl }));
            }
            parties.push(party);
        }
        parties.extend((0..men).map(|_| vec![person(Who::Man)]));
        // Children for whom no woman was left came with the first party.
        let rest = (0..boys).map(|_| Who::Boy).chain((0..girls).map(|_| Who::Girl)).map(person);
        if let Some(first) = parties.iter_mut().find(|party| party.len() > 1) {
            first.extend(rest);
        }
        for last in (1..parties.len()).rev() {
            let other = usize::try_from(random.below(last as u64 + 1)).unwrap_or(0);
            parties.swap(last, other);
        }
        parties
    }
}

/// A text.
pub fn text(value: impl Into<String>) -> Answer {
    Value::Text(value.into()).into()
}

/// A number.
pub fn number(value: impl Into<i64>) -> Answer {
    Value::Number(value.into()).into()
}

/// What somebody said about when it was.
pub fn declared(at: &str) -> When {
    When { at: at.to_owned(), source: WhenSource::Declared }
}

/// Sets a field.
pub fn set(field: &str, value: Answer) -> Edit {
    Edit::Set { field: field.to_owned(), value }
}

/// Puts a member into a set.
pub fn include(group: &str, member: impl ToString, value: Option<Answer>) -> Edit {
    Edit::Include { set: group.to_owned(), member: member.to_string(), value }
}

/// Adds an entry that happened then.
pub fn add(people: &mut People, group: &str, at: &str, values: &[(&str, Answer)]) -> Edit {
    let values: BTreeMap<&str, Answer> = values.iter().cloned().collect();
    match people.add(group, values) {
        Edit::Add { group, entry, values, from, .. } => {
            Edit::Add { group, entry, values, from, at: Some(declared(at)) }
        }
        other => other,
    }
}

/// One intake at the gate. `family`: the name that the party goes by, once somebody has said it.
pub fn intake(
    people: &mut People,
    person: Person,
    wave: &Wave,
    movement: DocumentId,
    family: Option<&str>,
) -> Vec<Edit> {
    let is_child = matches!(person.who, Who::Boy | Who::Girl);
    let mut edits = people.intake(person.who);
    edits.retain(|edit| !matches!(edit, Edit::Include { .. }));
    for edit in &mut edits {
        match edit {
            Edit::Add { group, values, at, .. } => {
                *at = Some(declared(wave.at));
                if group == "arrivals" {
                    values.insert("movement".to_owned(), text(movement.to_string()));
                }
                if group == "consent" && is_child {
                    values.insert("by".to_owned(), text(if person.is_alone { "nobody" } else { "parent" }));
                    values.insert("assent".to_owned(), Value::Flag(true).into());
                }
            }
            Edit::Set { field, value } if field == "identity.family" && is_child => {
                *value = family.map_or_else(|| value.clone(), text);
            }
            Edit::Set { field, value } if field == "destination.with" && person.is_alone => {
                *value = State::AskLater.into();
            }
            _ => {}
        }
    }
    if person.is_alone {
        edits.push(include("urgent", "child_alone", None));
        let told = [("about", text("child_alone")), ("who", text("Point focal protection")), ("how", text("radio"))];
        edits.push(add(people, "told", wave.at, &told));
    }
    edits
}

/// The family name in an intake.
#[must_use]
pub fn family_name(edits: &[Edit]) -> Option<String> {
    edits.iter().find_map(|edit| match edit {
        Edit::Set { field, value } if field == "identity.family" => value.value()?.as_text().map(str::to_owned),
        _ => None,
    })
}

/// A movement that arrives at Gogui, as it was announced.
pub fn announced(people: &mut People, wave: &Wave) -> Vec<Edit> {
    let mut edits = vec![
        set("trip.direction", text("in")),
        set("trip.to_site", text("GOG")),
        set("trip.from", text("Nouakchott")),
        set("trip.country", text("MRT")),
        set("trip.category", text("expulsion")),
        set("trip.mode", text("road")),
        set("trip.vehicle", text("camions")),
        set("trip.planned", Value::When(declared(wave.at)).into()),
        // Announced and counted are different things.
        set("announced.total", number((wave.total() / 10) * 10)),
        set("announced.by", text("Consulat")),
    ];
    let note = [("text", text("Annoncé par radio, sans liste de noms.")), ("lang", text("fr"))];
    edits.push(add(people, "notes", "2024-04-30T13:50", &note));
    edits
}

/// The household of a party.
#[must_use]
pub fn household(members: &[(DocumentId, Who)]) -> Vec<Edit> {
    let (head, _) = members[0];
    let size = i64::try_from(members.len()).unwrap_or(i64::MAX);
    let mut edits =
        vec![set("unit.head", text(head.to_string())), set("unit.site", text("GOG")), set("unit.size", number(size))];
    edits.extend(members.iter().enumerate().map(|(index, (member, who))| {
        let relation = match who {
            _ if index == 0 => "head",
            Who::Man | Who::Woman => "spouse",
            Who::Boy | Who::Girl => "child",
        };
        include("members", member, Some(text(relation)))
    }));
    edits
}

/// The protection annex of a child who came alone.
pub fn annex(people: &mut People, case: DocumentId) -> Vec<Edit> {
    let code = [("code", text("child_unaccompanied")), ("by", text("Salif Traoré")), ("confidence", text("told"))];
    let step = [("step", text("assessment")), ("decision", text("Reste au poste avec une volontaire"))];
    vec![
        set("annex.type", text("protection")),
        set("annex.case", text(case.to_string())),
        set("child.arrangement", text("centre")),
        set("child.wishes", text("Retrouver son oncle à Kayes")),
        add(people, "codes", "2024-04-30T17:40", &code),
        add(people, "steps", "2024-04-30T17:45", &step),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_waves_are_247_people_and_stand_so_in_the_queue() {
        let sums: Vec<i64> = (0..4).map(|index| WAVES.iter().map(|wave| i64::from(wave.heads[index])).sum()).collect();
        assert_eq!(sums, HEADS);
        assert_eq!(sums.iter().sum::<i64>(), 247);
        for seed in 0..20 {
            for wave in &WAVES {
                let parties = wave.parties(&mut SeededRandom::new(seed));
                let queue: Vec<Person> = parties.iter().flatten().copied().collect();
                assert_eq!(queue.len() + wave.anonymous.len(), wave.total() as usize, "seed {seed}");
                let count = |who| queue.iter().filter(|person| person.who == who).count();
                assert_eq!((count(Who::Boy), count(Who::Girl)), (wave.heads[2] as usize, wave.heads[3] as usize));
                assert_eq!(queue.iter().filter(|person| person.is_alone).count(), usize::from(wave.has_child_alone));
            }
        }
    }
}
