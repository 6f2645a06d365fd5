//! Values as every language must read them: `vectors/values.json` holds dates, births, human codes, and which text fits
//! which shape; `vectors/configuration.json` a small signed configuration.
//!
//! `SEGIN_WRITE_VECTORS=1` writes the files anew.

#![allow(clippy::disallowed_methods, reason = "the test reads and writes the committed files; the crate does not")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use data_encoding::HEXLOWER;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value as Json, json};

use super::super::config::{Item, Place, Site};
use super::super::schema::{COMMON, Rule, Shape, groups};
use super::*;
use crate::crypto::SecretKey;
use crate::ids::SiteCode;

fn is_golden(name: &str, value: &Json) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors").join(name);
    let lines = |value: &Json| value.to_string().replace("},{", "},\n{").replace("],[", "],\n[");
    let text = lines(value) + "\n";
    if std::env::var_os("SEGIN_WRITE_VECTORS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    assert!(golden == text, "vectors/{name} is not what this code reads: SEGIN_WRITE_VECTORS=1 writes it anew");
}

const DATES: &[&str] = &[
    "1991",
    "1991-04",
    "1991-04-24",
    "2024-02-29",
    "2023-12-31",
    "2000-02-29",
    "1000",
    "9999-12-31",
    "2024-01-01",
    "91",
    "",
    "1991-13",
    "1991-00",
    "1991-4-24",
    "2023-02-29",
    "1900-02-29",
    "1991-04-31",
    "1991-04-00",
    "1991-04-24-1",
    "0999",
    "+991",
    "1991-",
    "1991-04-",
    " 1991",
    "1991\n",
    "１９９１",
    "1991-04-24T00:00",
];

const BIRTHS: &[&str] = &[
    "day 2011-04-24 document",
    "day 2004-02-29 declared",
    "month 1999-07 declared",
    "year 1991 declared 2024-04-30",
    "year 1991 estimated 2024",
    "approximate 1960 estimated",
    "approximate 1002 declared",
    "age_only 34 declared 2024-04-30",
    "age_only 0 declared 2024-02-29",
    "age_only 1 estimated 2023-10-30",
    "age_only 034 declared 2024-04-30",
    "age_only 120 document 2024-12-31",
    "day 1991 declared",
    "year 1991-01-01 declared",
    "month 1991 declared",
    "approximate 1991-04 declared",
    "age_only 34 declared",
    "age_only 34 declared 2024",
    "age_only 121 declared 2024-04-30",
    "age_only 0034 declared 2024-04-30",
    "age_only +3 declared 2024-04-30",
    "age_only 1991-01-01 declared 2024-04-30",
    "year 1991",
    "year 1991 heard",
    "Year 1991 declared",
    "year 1991 declared 2024-13",
    "year  1991 declared",
    "year 1991 declared 2024 2024",
    "",
    "1991",
];

const DAYS: &[&str] = &["2024-04-30", "2024-02-29", "2023-03-01", "1991-01-01", "2024", "1000-01-01"];

const TEXTS: &[&str] = &[
    "Awa",
    " ",
    "",
    "\u{a0}",
    "\u{feff}",
    "\u{85}",
    "a\u{85}b",
    "a\nb",
    "a\tb",
    "a\rb",
    "a\u{7f}b",
    "\u{ad}",
    "\u{200b}",
    "?",
    "?refused",
    "?not_asked",
    "?Refused",
    "?refused ",
    "é",
    "ML0103",
    "x.y-z_1",
    "avec espace",
    "true",
    "7",
    "f",
    "1991",
    "1991-04-24",
    "clock 2024-04-30",
    "paper 2024-04-30T14:25",
    "declared 2024-04T10:00",
    "clock 2024-04-30T24:00",
    "clock 2024-04-30T1:00",
    "clock  2024",
    "clock2024",
    "heard 2024",
    "clock 2024-04-30T10:00T",
    "clock 2024-04-30T10:60",
    "year 1991 declared",
    "cod:2021:ML0103",
    "cod:1899:ML0103",
    "cod:3000:ML0103",
    "cod:+2021:ML0103",
    "cod:02021:ML0103",
    "cod:2021:ML:03",
    "cod:2021:",
    ":2021:ML",
    "0f8fad5b-d9cb-469f-a165-70867728950e",
    "0F8FAD5B-D9CB-469F-A165-70867728950E",
    "0f8fad5bd9cb469fa16570867728950e",
    "{0f8fad5b-d9cb-469f-a165-70867728950e}",
    "GOG",
    "gog",
    "G",
    "GOGUI",
    "OIM",
    "UN2",
    "2UN",
    "ABCDEFGHI",
    "GOG-24-K7-0042-Y",
    "gog-24-k7-0042-y",
    "GOG24K70042Y",
    "AAAAAAAAAAA",
    "AAAAAAAAAAB",
    "AAAAAAAAAAA AAAAAAAAAAE",
    "AAAAAAAAAAA  AAAAAAAAAAE",
    "AAAAAAAAAA",
    "AAAAAAAAAAAA",
    "AAAAAAAAAA=",
    "0f8fad5b-d9cb-469f-a165-70867728950e/stays/AAAAAAAAAAA",
    "0f8fad5b-d9cb-469f-a165-70867728950e/un mot/AAAAAAAAAAA",
    "0F8fad5b-d9cb-469f-a165-70867728950e/stays/AAAAAAAAAAA",
    "0f8fad5b-d9cb-469f-a165-70867728950e/stays/AAAAAAAAAAB",
    "stands",
    "voided",
    "granted",
];

fn dates() -> Json {
    let read = |text: &&str| match text.parse::<Date>() {
        Ok(date) => json!({
            "text": text, "first": date.first_day(), "last": date.last_day(), "next": date.next_day(),
            "fr": date.french(), "en": date.english(),
        }),
        Err(_) => json!({ "text": text }),
    };
    DATES.iter().map(read).collect()
}

fn births() -> Json {
    let read = |text: &&str| match text.parse::<Birth>() {
        Ok(birth) => {
            let ages = DAYS.iter().map(|day| birth.age_on(day.parse().unwrap()));
            json!({
                "text": text, "is": birth, "written": birth.to_string(), "days": birth.days(),
                "fr": birth.french(), "en": birth.english(), "ages": ages.collect::<Vec<_>>(),
            })
        }
        Err(error) => {
            let code = match error {
                birth::BirthError::Form => "birth-form",
                birth::BirthError::Value => "birth-value",
                birth::BirthError::AsOf => "birth-as-of",
            };
            json!({ "text": text, "error": code })
        }
    };
    BIRTHS.iter().map(read).collect()
}

/// A code as somebody may write it down, right or wrong.
fn scribbled(rng: &mut ChaCha8Rng, code: &str) -> String {
    let mut letters: Vec<char> = code.chars().collect();
    let at = rng.random_range(0..letters.len());
    match rng.random_range(0..9) {
        0 => return code.to_lowercase(),
        1 => return code.replace('-', ""),
        2 => return format!(" {} ", code.replace('-', " – ")),
        3 => return code.replace('0', "O").replace('1', "l"),
        4 => return code.replace('-', "").replace('0', "o").replace('1', "I"),
        5 => return code.replacen('-', "", 1 + at % 3),
        6 if at > 0 => letters.swap(at - 1, at),
        7 => letters[at] = *['0', 'O', '1', 'I', 'L', 'Z', '9', '*', 'é'].choose(rng).unwrap(),
        _ => {
            letters.remove(at);
        }
    }
    letters.into_iter().collect()
}

fn codes() -> Json {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut texts: Vec<String> =
        ["", "-", "GOG-24", "----", "GOG-124-K7-0042-Y", "\u{212a}", "ß", "GOG-24-K7-0042-Y-", "GOG--24-K7-0042-Y"]
            .map(str::to_owned)
            .into();
    texts.push("G".repeat(65));
    for _ in 0..120 {
        let site = *["GOG", "NI", "BAMA", "IOL", "KO"].choose(&mut rng).unwrap();
        let (letters, last) =
            (DeviceLetters::nth(rng.random_range(0..961)).unwrap(), rng.random_range(0..1_200_000_u32) % 999_999);
        let last = if rng.random_bool(0.5) { last % 12_000 } else { last };
        let code =
            Code::next(&SiteCode::new(site).unwrap(), rng.random_range(0..100), letters, last).unwrap().to_string();
        texts.push(scribbled(&mut rng, &code));
        texts.push(code);
    }
    let read = |text: String| match Code::parse(&text) {
        Ok(code) => json!({ "text": text, "is": code }),
        Err(error) => json!({ "text": text, "error": error_code(&error) }),
    };
    texts.into_iter().map(read).collect()
}

fn error_code(error: &CodeError) -> &'static str {
    match error {
        CodeError::Form(_) => "code-form",
        CodeError::Check(_) => "code-check",
        CodeError::Ambiguous(_) => "code-ambiguous",
        CodeError::Device(_) => "code-device",
        CodeError::Year(_) => "code-year",
        CodeError::Counter(_) => "code-counter",
    }
}

fn next_codes() -> Json {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut next = |last: u32, year: u8| {
        let letters = DeviceLetters::nth(rng.random_range(0..961)).unwrap();
        let made = Code::next(&SiteCode::new("GOG").unwrap(), year, letters, last);
        let (code, error) = (made.as_ref().ok(), made.as_ref().err().map(error_code));
        json!({ "year": year, "letters": letters, "last": last, "is": code, "error": error })
    };
    let mut all: Vec<Json> = (0..40).map(|last| next(last * 7, 24)).collect();
    all.extend([next(9_999, 5), next(99_998, 0), next(999_990, 99), next(999_999, 24), next(1, 100)]);
    all.into()
}

fn shapes() -> Json {
    let mut shapes: Vec<Shape> = vec![];
    for group in Kind::ALL.into_iter().flat_map(groups) {
        let members = if let Rule::Set { member, value } = group.rule { vec![member, value] } else { vec![] };
        for shape in group.fields.iter().chain(COMMON).map(|field| field.shape).chain(members) {
            // One code list, one range of numbers: the others differ by their bounds alone.
            if !shapes.contains(&shape) && shapes.iter().filter(|known| same_form(**known, shape)).count() < 2 {
                shapes.push(shape);
            }
        }
    }
    let fits = |shape: Shape| {
        let places = TEXTS.iter().enumerate().filter(|(_, text)| Answer::from(**text).encode(shape).is_some());
        places.map(|(place, _)| place).collect::<Vec<_>>()
    };
    let read = |shape: Shape| json!({ "shape": shape, "wanted": shape.wanted(), "fits": fits(shape) });
    shapes.into_iter().map(read).collect()
}

fn same_form(a: Shape, b: Shape) -> bool {
    std::mem::discriminant(&a) == std::mem::discriminant(&b)
}

#[test]
fn values_are_read_as_in_the_golden_file() {
    let days = [0, -1, 19_843, 11_016, -400_000, 3_000_000].map(|days| (days, Date::from_epoch_days(days)));
    let letters = [0, 1, 30, 31, 960, 961].map(|n| (n, DeviceLetters::nth(n)));
    is_golden(
        "values.json",
        &json!({
            "dates": dates(), "epoch_days": days, "births": births(), "days": DAYS, "codes": codes(), "next_codes": next_codes(),
            "letters": letters, "texts": TEXTS, "shapes": shapes(),
        }),
    );
}

#[test]
fn a_signed_configuration_keeps_its_bytes() {
    let item = |code: &str, fr: &str, en: &str, also: &[&str]| Item {
        code: code.to_owned(),
        fr: fr.to_owned(),
        en: en.to_owned(),
        also: also.iter().map(|word| (*word).to_owned()).collect(),
    };
    let site = |code: &str, name: &str| Site { code: SiteCode::new(code).unwrap(), name: name.to_owned() };
    let place = |code: &str, vintage, name: &str| Place {
        code: code.to_owned(),
        scheme: "cod".to_owned(),
        vintage,
        name: name.to_owned(),
    };
    let lists = BTreeMap::from([
        (
            "countries".to_owned(),
            vec![item("CIV", "Côte d'Ivoire", "Ivory Coast", &["RCI"]), item("MLI", "Mali", "Mali", &[])],
        ),
        ("needs".to_owned(), vec![]),
    ]);
    let places = vec![place("ML04", 2021, "Ségou"), place("ML0406", 2021, "SEGOU")];
    let small = Configuration::new(3, vec![site("GOG", "Gogui"), site("NIO", "Nioro du Sahel")], lists, places);
    let hub = SecretKey::from_bytes(&[1; 32]).unwrap();
    let signed = |configuration: &Configuration| HEXLOWER.encode(&minicbor::to_vec(configuration.sign(&hub)).unwrap());
    let mut other = small.clone();
    other.constants.insert(Kind::Link.code(), vec![]);
    let mut later = small.clone();
    later.constants.insert(7, vec![vec![1, 2, 3].into()]);
    let words = ["Côte d'Ivoire", "COTE DIVOIRE ", "rci", "ivory-coast", "civ", "", " ", "Atlantide", "mali"];
    let named = |name: &'static str| (name, small.places_named(name).map(|place| &place.code).collect::<Vec<_>>());
    let places = ["segou", "SÉGOU", "", "Kayes"].map(named);
    is_golden(
        "configuration.json",
        &json!({
            "hub": HEXLOWER.encode(hub.public().as_bytes()),
            "signed": signed(&small), "configuration": small,
            "later": signed(&later), "other_constants": signed(&other),
            "words": words.map(|word| (word, small.code_of("countries", word))),
            "places": places,
        }),
    );
}
