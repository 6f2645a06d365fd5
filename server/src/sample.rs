//! Generated people, for the demo, the measurements and tests. No real person.
//!
//! Deterministic from a seed. Names, villages and the habit of answering little follow what is typical at a border
//! post; nothing here is drawn from any register.

use std::collections::BTreeMap;

use sync_protocol::documents::{Answer, Birth, BirthSource, Date, Edit, EntryId, PlaceCode, Precision, State, Value};

use crate::random::{SeededRandom, draw};

const FAMILIES: &[&str] = &[
    "Traoré",
    "Diarra",
    "Coulibaly",
    "Keïta",
    "Diallo",
    "Cissé",
    "Touré",
    "Koné",
    "Sidibé",
    "Sangaré",
    "Maïga",
    "Dembélé",
    "Doumbia",
    "Camara",
    "Sissoko",
    "Konaté",
    "Kanté",
    "Bah",
    "Samaké",
    "Fofana",
    "Sacko",
    "Tounkara",
    "Bagayoko",
    "Haïdara",
    "Guindo",
    "Togo",
    "Dicko",
    "Cissokho",
    "Niaré",
    "Berthé",
];
const MEN: &[&str] = &[
    "Mamadou",
    "Moussa",
    "Ibrahima",
    "Ousmane",
    "Amadou",
    "Seydou",
    "Modibo",
    "Bakary",
    "Adama",
    "Souleymane",
    "Issa",
    "Lassana",
    "Drissa",
    "Boubacar",
    "Yacouba",
    "Fousseyni",
    "Abdoulaye",
    "Oumar",
    "Salif",
    "Daouda",
];
const WOMEN: &[&str] = &[
    "Fatoumata",
    "Aminata",
    "Mariam",
    "Aïssata",
    "Kadiatou",
    "Oumou",
    "Awa",
    "Rokia",
    "Djénéba",
    "Assétou",
    "Bintou",
    "Salimata",
    "Hawa",
    "Nana",
    "Ramata",
    "Sitan",
    "Coumba",
    "Maïmouna",
    "Safiatou",
    "Tènin",
];
/// Region, cercle, place code of the cercle in the 2021 list, villages.
const PLACES: &[(&str, &str, &str, &[&str])] = &[
    ("Kayes", "Kayes", "ML0103", &["Sadiola", "Ségala", "Diamou", "Same"]),
    ("Kayes", "Nioro", "ML0106", &["Gogui", "Simby", "Béma", "Sandaré"]),
    ("Kayes", "Yélimané", "ML0107", &["Diafounou", "Tringa", "Guidimé"]),
    ("Koulikoro", "Kati", "ML0204", &["Kambila", "Dio", "Safo"]),
    ("Sikasso", "Sikasso", "ML0305", &["Zégoua", "Niéna", "Klela"]),
    ("Ségou", "Niono", "ML0404", &["Diabaly", "Sokolo", "Molodo"]),
    ("Mopti", "Bandiagara", "ML0501", &["Dourou", "Sangha", "Kendié"]),
    ("Gao", "Ansongo", "ML0701", &["Labbezanga", "Ouatagouna", "Bara"]),
];
const COUNTRIES: &[(&str, &str)] =
    &[("MRT", "Nouakchott"), ("DZA", "Tamanrasset"), ("LBY", "Sebha"), ("MRT", "Nouadhibou")];
const LANGUAGES: &[&str] = &["bm", "snk", "ff", "ses"];

/// A man, a woman, a boy or a girl.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// 18 and over.
    Man,
    /// 18 and over.
    Woman,
    /// Under 18.
    Boy,
    /// Under 18.
    Girl,
}

/// Draws people.
#[derive(Debug)]
pub struct People {
    random: SeededRandom,
    /// The year of the night, from which ages count.
    year: u16,
}

fn text(value: impl Into<String>) -> Answer {
    Value::Text(value.into()).into()
}

fn set(field: &str, value: impl Into<Answer>) -> Edit {
    Edit::Set { field: field.to_owned(), value: value.into() }
}

impl People {
    /// From a seed.
    #[must_use]
    pub fn new(seed: u64, year: u16) -> Self {
        Self { random: SeededRandom::new(seed), year }
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        let index = usize::try_from(self.random.below(of.len() as u64)).unwrap_or(0);
        of[index]
    }

    fn up_to(&mut self, bound: u64) -> u64 {
        self.random.below(bound)
    }

    /// A fresh entry id.
    pub fn entry(&mut self) -> EntryId {
        EntryId::new(draw(&mut self.random))
    }

    /// Anybody.
    pub fn who(&mut self) -> Who {
        self.one(&[Who::Man, Who::Man, Who::Woman, Who::Woman, Who::Boy, Who::Girl])
    }

    /// What is asked at the gate: thirty fields, as one intake. The human code is not among them.
    pub fn intake(&mut self, who: Who) -> Vec<Edit> {
        let mut edits = self.identity(who);
        edits.extend(self.places());
        edits.push(set("profile.language", text(self.one(LANGUAGES))));
        edits.push(set("profile.interpreter", text("none")));
        edits.extend([self.arrival(), self.consent(), self.kit()]);
        if matches!(who, Who::Boy | Who::Girl) && self.up_to(12) == 0 {
            edits.push(Edit::Include { set: "urgent".into(), member: "child_alone".into(), value: None });
        }
        edits
    }

    /// Names, sex, birth.
    fn identity(&mut self, who: Who) -> Vec<Edit> {
        let female = matches!(who, Who::Woman | Who::Girl);
        let age = match who {
            Who::Man | Who::Woman => 18 + self.up_to(45),
            Who::Boy | Who::Girl => 1 + self.up_to(16),
        };
        let given = self.one(if female { WOMEN } else { MEN });
        let family = self.one(FAMILIES);
        let father = self.one(MEN);
        let mother = format!("{} {}", self.one(WOMEN), self.one(FAMILIES));
        let mut edits = vec![
            set("identity.given", text(given)),
            set("identity.family", text(family)),
            set("identity.father", text(father)),
            set("identity.mother", text(mother)),
            set("identity.sex", text(if female { "f" } else { "m" })),
        ];
        let nobody_has_papers = self.up_to(4) > 0;
        edits.push(set("identity.on_paper", if nobody_has_papers { State::NotAsked.into() } else { text(family) }));
        let year = self.year - u16::try_from(age).unwrap_or(0);
        edits.push(set("birth.date", self.birth(year)));
        edits.push(set("birth.nationality", text("MLI")));
        edits
    }

    /// A year mostly; sometimes an age only; seldom a day.
    fn birth(&mut self, year: u16) -> Answer {
        let as_of = Date::from_day(self.year, 4, 30).ok();
        let (precision, value) = match self.up_to(6) {
            0 => (Precision::Day, format!("{year}-{:02}-{:02}", 1 + self.up_to(12), 1 + self.up_to(28))),
            1 | 2 => (Precision::AgeOnly, (self.year - year).to_string()),
            _ => (Precision::Year, year.to_string()),
        };
        match Birth::new(precision, &value, BirthSource::Declared, as_of) {
            Ok(birth) => Value::Birth(birth).into(),
            Err(_) => State::DoesNotKnow.into(),
        }
    }

    /// Where from, where to, where last.
    fn places(&mut self) -> Vec<Edit> {
        let (region, cercle, code, villages) = self.one(PLACES);
        let village = self.one(villages);
        let (country, town) = self.one(COUNTRIES);
        let place = PlaceCode { code: code.into(), scheme: "cod".into(), vintage: 2021 };
        vec![
            set("origin.region", text(region)),
            set("origin.cercle", text(cercle)),
            set("origin.village", text(village)),
            set("origin.place", Value::Place(place)),
            set("destination.region", text(region)),
            set("destination.village", text(village)),
            set("destination.with", self.company()),
            set("journey.last_country", text(country)),
            set("journey.last_stay", text(town)),
        ]
    }

    fn company(&mut self) -> Answer {
        match self.up_to(3) {
            0 => State::DoesNotKnow.into(),
            1 => text("sa famille"),
            _ => text("seul"),
        }
    }

    fn arrival(&mut self) -> Edit {
        let values = [
            ("point", text("gogui")),
            ("category", text(self.one(&["expulsion", "humanitarian_voluntary"]))),
            ("country", text("MRT")),
        ];
        self.add("arrivals", values.into())
    }

    fn consent(&mut self) -> Edit {
        let values = [
            ("purpose", text("registration")),
            ("decision", text("granted")),
            ("by", text("self")),
            ("method", text("spoken")),
            ("lang", text("bm")),
        ];
        self.add("consent", values.into())
    }

    fn kit(&mut self) -> Edit {
        let values = [("kind", text("hygiene_kit")), ("quantity", Value::Number(1).into()), ("for", text("person"))];
        self.add("assistance", values.into())
    }

    /// An entry of a group.
    pub fn add(&mut self, group: &str, values: BTreeMap<&str, Answer>) -> Edit {
        let values = values.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        Edit::Add { group: group.to_owned(), entry: self.entry(), values, at: None, from: None }
    }
}

#[cfg(test)]
mod tests {
    use sync_protocol::documents::{self, Kind};
    use sync_protocol::ids::{Actor, Millis};

    use super::*;

    #[test]
    fn an_intake_has_thirty_fields_fits_the_schema_and_is_the_same_each_time() {
        let edits = People::new(1, 2024).intake(Who::Woman);
        assert_eq!(edits, People::new(1, 2024).intake(Who::Woman));
        let fields: usize = edits
            .iter()
            .map(|edit| match edit {
                Edit::Add { values, .. } => values.len(),
                _ => 1,
            })
            .sum();
        assert_eq!(fields, 30);
        let mut doc = documents::blank(Kind::Case);
        let shown = documents::edit::heads(&doc);
        let committed = documents::apply(&mut doc, Kind::Case, &shown, Actor::new([1; 16]), Millis(0), &edits).unwrap();
        assert!(committed.raw.len() < 1_200, "{} bytes", committed.raw.len());
        assert_eq!(documents::validate(Kind::Case, &doc), []);
    }

    #[test]
    fn codes_are_those_of_the_default_configuration() {
        let lists = documents::config::mali_2024::configuration();
        let known = |list: &str, code: &str| assert!(lists.item(list, code).is_some(), "{list}: {code}");
        LANGUAGES.iter().for_each(|code| known("languages", code));
        COUNTRIES.iter().for_each(|(code, _)| known("countries", code));
        for (list, code) in [
            ("needs", "child_alone"),
            ("entry_points", "gogui"),
            ("return_categories", "expulsion"),
            ("return_categories", "humanitarian_voluntary"),
            ("purposes", "registration"),
            ("assistance_kinds", "hygiene_kit"),
        ] {
            known(list, code);
        }
    }
}
