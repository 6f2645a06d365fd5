//! Generated answers for each shape of field, right ones and wrong ones. All of it is made up.

use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};
use sync_protocol::documents::schema::Shape;
use sync_protocol::documents::{
    Answer, Code, DeviceLetters, EntryId, EntryRef, PlaceCode, State, Value, When, WhenSource,
};
use sync_protocol::ids::{DocumentId, SiteCode};

const TEXTS: &[&str] = &[
    "Fatoumata",
    "Traoré",
    "Aïssata Koné",
    "N'Diaye",
    "ߞߊ߬ߣߌ߲߬",
    "محمد",
    "👩🏽‍🌾 au marché",
    "une\nautre ligne",
    "un\ttabulateur",
    "e\u{301}te\u{301}",
    "\u{feff}",
    "?",
    "?inconnu",
    "\u{ffff} \u{10000}",
];

const WRONG_TEXTS: &[&str] =
    &["", " \u{a0}\u{2003}", "\u{85}", "cloche \u{7}", "?refused", "?ask_later", "retour\rici"];

const BIRTHS: &[&str] = &[
    "day 2011-04-24 document",
    "day 1991-04-01 declared",
    "month 1999-07 declared",
    "year 1991 declared 2024-04-30",
    "year 2001 estimated 2024",
    "approximate 1960 estimated",
    "age_only 34 declared 2024-04-30",
    "age_only 1 estimated 2024-02-29",
];

pub fn one<'a, T>(rng: &mut impl Rng, items: &'a [T]) -> &'a T {
    items.choose(rng).expect("lists of this file are not empty")
}

/// A few documents, so that sets and links meet.
pub fn document(rng: &mut impl Rng) -> DocumentId {
    DocumentId::new([rng.random_range(1..=5); 16])
}

pub fn when(rng: &mut impl Rng) -> When {
    let at = *one(rng, &["2024-04", "2024-04-30", "2024-04-30T14:25", "2023", "2024-02-29T00:00", "2024-05-01T23:59"]);
    When { at: at.to_owned(), source: *one(rng, &[WhenSource::Clock, WhenSource::Declared, WhenSource::Paper]) }
}

pub fn entry_ref(rng: &mut impl Rng) -> EntryRef {
    let group = (*one(rng, &["assistance", "stays", "notes"])).to_owned();
    EntryRef { case: document(rng), group, entry: EntryId::new(rng.random()) }
}

/// An answer that fits the shape. `entries`: ids that a list may name.
pub fn right(rng: &mut impl Rng, shape: Shape, entries: &[EntryId]) -> Answer {
    if rng.random_bool(0.12) {
        return (*one(rng, &[State::DoesNotKnow, State::Refused, State::NotAsked, State::AskLater])).into();
    }
    match shape {
        Shape::Text if rng.random_bool(0.02) => "é".repeat(500).as_str().into(),
        Shape::Text => (*one(rng, TEXTS)).into(),
        Shape::Note => format!("{} {}\n{}", one(rng, TEXTS), one(rng, TEXTS), one(rng, TEXTS)).as_str().into(),
        Shape::Code(_) => (*one(rng, &["MLI", "MRT", "bam", "food", "x.y-z_1"])).into(),
        Shape::Choice(choices) => (*one(rng, choices)).into(),
        Shape::Number(least, most) => {
            let number = *one(rng, &[least, most, least.saturating_add(1), most / 2]);
            Value::Number(number.clamp(least, most)).into()
        }
        Shape::Flag => rng.random_bool(0.5).into(),
        Shape::Date => (*one(rng, &["1991", "1991-04", "2024-02-29", "2024-12-31", "2025-01"])).into(),
        Shape::When => when(rng).into(),
        Shape::Birth => {
            let text = *one(rng, BIRTHS);
            if rng.random_bool(0.2) { text.into() } else { Value::Birth(text.parse().unwrap()).into() }
        }
        Shape::Place => {
            let code = (*one(rng, &["ML0103", "ML04", "x-1"])).to_owned();
            PlaceCode { code, scheme: "cod".to_owned(), vintage: *one(rng, &[1900, 2021, 2999]) }.into()
        }
        Shape::Document => document(rng).to_string().as_str().into(),
        Shape::Site => (*one(rng, &["GOG", "NIO", "BKO"])).into(),
        Shape::Partner => (*one(rng, &["OIM", "UN2"])).into(),
        Shape::HumanCode => {
            let letters = DeviceLetters::nth(rng.random_range(0..961)).unwrap();
            let site = one(rng, &["GOG", "NI", "BAMA"]);
            let site = SiteCode::new(site).unwrap();
            let last = *one(rng, &[0, 41, 9_998, 99_999, 999_000]);
            Code::next(&site, rng.random_range(0..100), letters, last).unwrap().to_string().as_str().into()
        }
        Shape::Entry => entry_ref(rng).into(),
        Shape::Entries if entries.is_empty() => Value::Entries(vec![EntryId::new(rng.random())]).into(),
        Shape::Entries => {
            let count = rng.random_range(1..=entries.len().min(3));
            Value::Entries(entries.iter().rev().take(count).copied().collect()).into()
        }
    }
}

/// An answer that does not.
pub fn wrong(rng: &mut impl Rng, shape: Shape) -> Answer {
    if rng.random_bool(0.2) {
        // Something that is right elsewhere.
        let other: Answer = match shape {
            Shape::Place => when(rng).into(),
            Shape::Flag => Value::Number(1).into(),
            Shape::Number(..) => true.into(),
            _ => PlaceCode { code: "ML01".into(), scheme: "cod".into(), vintage: 2021 }.into(),
        };
        return other;
    }
    match shape {
        Shape::Text if rng.random_bool(0.1) => "é".repeat(501).as_str().into(),
        Shape::Text => (*one(rng, WRONG_TEXTS)).into(),
        Shape::Note => "".into(),
        Shape::Code(_) => (*one(rng, &["", "avec espace", "é", "un-code-de-plus-de-quarante-caracteres-xyz"])).into(),
        Shape::Choice(_) => (*one(rng, &["", "Gate", "none_of_these", "?"])).into(),
        Shape::Number(least, most) => {
            let beyond = [least.saturating_sub(1), most.saturating_add(1), i64::MAX];
            Value::Number(*one(rng, &beyond)).into()
        }
        Shape::Flag => "true".into(),
        Shape::Date => (*one(rng, &["2023-02-29", "91", "0999", "1991-4-24", "1991-04-31", "1991-04-24\n"])).into(),
        Shape::When => {
            let at = *one(rng, &["2024-04T10:00", "2024-04-30T24:00", "2024-04-30T10:60", "2024-04-30 10:00", ""]);
            When { at: at.to_owned(), source: WhenSource::Paper }.into()
        }
        Shape::Birth => (*one(
            rng,
            &["day 1991 declared", "age_only 34 declared", "age_only 121 declared 2024-04-30", "year 1991", "1991", ""],
        ))
        .into(),
        Shape::Place => {
            let (code, vintage) = *one(rng, &[("ML 01", 2021), ("", 2021), ("ML01", 1899), ("ML01", 3000)]);
            PlaceCode { code: code.to_owned(), scheme: "cod".to_owned(), vintage }.into()
        }
        Shape::Document => (*one(rng, &["0F8FAD5B-D9CB-469F-A165-70867728950E", "0f8fad5b", ""])).into(),
        Shape::Site => (*one(rng, &["gog", "G", "GOGUI", "GÔG"])).into(),
        Shape::Partner => (*one(rng, &["oim", "O", "2UN", "ABCDEFGHI"])).into(),
        Shape::HumanCode => (*one(rng, &["GOG24K70042Y", "GOG-24-K7-0042-Z", "gog-24-k7-0042-y", ""])).into(),
        Shape::Entry => EntryRef { group: "avec espace".to_owned(), ..entry_ref(rng) }.into(),
        Shape::Entries => {
            let count = *one(rng, &[0, 65]);
            Value::Entries((0..count).map(|_| EntryId::new(rng.random())).collect()).into()
        }
    }
}
