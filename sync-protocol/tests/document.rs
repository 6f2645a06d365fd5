//! Promises checked here: PROTOCOL.md says what is so.
//!
//! - Its blocks of bytes are those of the committed vectors.
//! - Its tables of schemas are those of `vectors/schema.json` (`SEGIN_WRITE_VECTORS=1` writes them anew).
//! - Every structure that travels has its table, with every field in its place.
//! - Every variant stands there with its tag, every purpose of a hash with its name.
//! - Every limit of `src/limits.rs` stands there with its value.
//! - Its links lead to its own headings.

#![allow(clippy::disallowed_methods, reason = "the test reads the page and the vectors; the crate does not")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use data_encoding::HEXLOWER;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

const SCHEMA_BEGINS: &str = "<!-- schema: written by the test from vectors/schema.json -->\n";
const SCHEMA_ENDS: &str = "<!-- /schema -->";

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn page() -> String {
    std::fs::read_to_string(path("PROTOCOL.md")).expect("PROTOCOL.md")
}

fn json(name: &str) -> Value {
    let text = std::fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The page's blocks of bytes: the name that the first line gives, and the digits without spaces and remarks.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(name) = line.strip_prefix("```hex ") else { continue };
        let inside = lines.by_ref().take_while(|line| *line != "```");
        let digits = inside.map(|line| line.split('#').next().unwrap_or_default());
        let digits: String = digits.flat_map(str::chars).filter(|c| !c.is_whitespace()).collect();
        blocks.push((name.to_owned(), digits));
    }
    blocks
}

#[test]
fn its_examples_are_those_of_the_vectors() {
    let blocks = blocks(&page());
    assert!(blocks.len() >= 25, "{} blocks", blocks.len());
    let mut wrong = String::new();
    for (name, digits) in &blocks {
        let (file, key) = name.split_once(':').unwrap_or_else(|| panic!("{name}: wanted is FILE:KEY"));
        let vector = json(&format!("vectors/{file}.json"));
        let wanted = vector[key].as_str().unwrap_or_else(|| panic!("{name} is no vector"));
        if digits != wanted {
            let at = digits.bytes().zip(wanted.bytes()).take_while(|(a, b)| a == b).count();
            let _ = writeln!(wrong, "{name}, at digit {at}: …{}… but …{}…", cut(digits, at), cut(wanted, at));
        }
    }
    assert!(wrong.is_empty(), "the page has, the vector has:\n{wrong}");
}

fn cut(text: &str, at: usize) -> &str {
    &text[at..text.len().min(at + 80)]
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn shape(shape: &Value) -> String {
    match shape {
        Value::String(name) => name.replace('_', " "),
        Value::Object(map) => match map.iter().next() {
            Some((name, list)) if name == "code" => format!("code({})", text(list)),
            Some((name, words)) if name == "choice" => {
                format!("one of {}", list_of(words).join(", "))
            }
            Some((name, ends)) if name == "number" => format!("int({}..{})", ends[0], ends[1]),
            other => panic!("a shape that the page does not know: {other:?}"),
        },
        other => panic!("a shape that the page does not know: {other}"),
    }
}

fn list_of(words: &Value) -> Vec<String> {
    list(words).map(|word| format!("*{}*", text(word))).collect()
}

fn fields(group: &Value) -> String {
    let rule = &group["rule"];
    if let Some(set) = rule.get("set") {
        return format!("members: {}; value: {}", shape(&set["member"]), shape(&set["value"]));
    }
    let one = |field: &Value| {
        let mark = |key: &str, mark: &'static str| if field[key] == true { mark } else { "" };
        let marks = [mark("required", "\\*"), mark("once", "!"), mark("late", "~")].concat();
        format!("`{}`{marks} {}", text(&field["key"]), shape(&field["shape"]))
    };
    list(&group["fields"]).map(one).collect::<Vec<_>>().join("; ")
}

/// Operations of the constant before those that make the groups' maps: `meta`, its kind, its version.
const BEFORE_GROUPS: usize = 3;

fn tables() -> String {
    let schema = json("vectors/schema.json");
    let kinds = schema["kinds"].as_object().expect("kinds");
    let mut kinds: Vec<_> = kinds.iter().collect();
    kinds.sort_by_key(|(_, kind)| kind["code"].as_u64());
    let mut out = String::new();
    for (name, kind) in kinds {
        let _ = writeln!(out, "\n### {} {name}\n", kind["code"]);
        for (version, constant) in list(&kind["constants"]).enumerate() {
            let bytes = HEXLOWER.decode(text(constant).as_bytes()).expect("hexadecimal");
            let hash = HEXLOWER.encode(&Sha256::digest(&bytes[8..]));
            let _ = writeln!(out, "Constant of version {}, hash `{hash}`:\n\n```", version + 1);
            for line in text(constant).as_bytes().chunks(128) {
                let _ = writeln!(out, "{}", String::from_utf8_lossy(line));
            }
            let _ = writeln!(out, "```\n");
        }
        let _ = writeln!(out, "| op | group | rule | fields |\n| --- | --- | --- | --- |");
        for (group, op) in list(&kind["groups"]).zip(BEFORE_GROUPS + 1..) {
            let rule = group["rule"].as_str().unwrap_or("set");
            let _ = writeln!(out, "| {op} | `{}` | {rule} | {} |", text(&group["key"]), fields(group));
        }
    }
    out + "\n"
}

#[test]
fn its_tables_are_the_schema() {
    let page = page();
    let (before, rest) = page.split_once(SCHEMA_BEGINS).expect("the place where the tables begin");
    let (found, after) = rest.split_once(SCHEMA_ENDS).expect("the place where the tables end");
    let tables = tables();
    if std::env::var_os("SEGIN_WRITE_VECTORS").is_some() && found != tables {
        std::fs::write(path("PROTOCOL.md"), [before, SCHEMA_BEGINS, &tables, SCHEMA_ENDS, after].concat())
            .expect("written");
        return;
    }
    assert!(found == tables, "the tables are not the schema: write them with SEGIN_WRITE_VECTORS=1");
}

/// The page's lines below the heading of a structure, up to the next heading.
fn below<'p>(page: &'p str, heading: &str) -> Option<&'p str> {
    let (_, rest) = page.split_once(&format!("\n#### {heading}\n"))?;
    Some(rest.split("\n#").next().unwrap_or(rest))
}

/// The structure that a file of `vectors/wire/` holds, as the page calls it.
fn structure(file: &str) -> String {
    let kind = match file {
        _ if file.starts_with("request-") => "exchange-request",
        _ if file.starts_with("answer-") => "answer",
        _ if file.starts_with("receipt-") => "receipt",
        _ if file.starts_with("rest-") => "rest",
        _ if file.starts_with("manifest-") => "manifest",
        _ if file.starts_with("parcel-receipt") => "parcel-receipt",
        _ if file.starts_with("parcel-") => "parcel",
        other => other,
    };
    kind.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

#[test]
fn every_structure_has_its_table() {
    let page = page();
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(path("vectors/wire")).expect("vectors") {
        let file = entry.expect("an entry").path();
        let name = file.file_stem().and_then(|name| name.to_str()).expect("names are ASCII").to_owned();
        let vector = json(&format!("vectors/wire/{name}.json"));
        if vector["fields"].is_null() {
            continue;
        }
        let structure = structure(&name);
        let Some(below) = below(&page, &structure) else {
            wrong.push(format!("{structure} has no table"));
            continue;
        };
        for (index, field) in list(&vector["fields"]).enumerate() {
            let field = text(field).split(" = ").next().unwrap_or_default();
            if !below.contains(&format!("\n| {index} | `{field}` | ")) {
                wrong.push(format!("{structure}: field {index}, {field}"));
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "not on the page: {wrong:?}");
}

/// `ChannelClosed(…)` as the page writes it: `channel closed`.
fn words(name: &str) -> String {
    let name = name.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let spaced = name.chars().map(|c| if c.is_uppercase() { format!(" {}", c.to_lowercase()) } else { c.to_string() });
    spaced.collect::<String>().trim().to_owned()
}

#[test]
fn every_variant_has_its_tag_and_every_purpose_its_name() {
    let (page, derived) = (page(), json("vectors/wire/derived.json"));
    for (list_of, heading) in [("order", "Order"), ("statement", "Statement"), ("fate", "Fate")] {
        let below = below(&page, heading).expect(heading);
        let mut seen = 0;
        for pair in list(&derived[&format!("{list_of}, as CBOR")]) {
            // An array of two, and the tag: `82 06 …`.
            let tag = u8::from_str_radix(&text(&pair[1])[2..4], 16).expect("hexadecimal");
            let row = format!("\n| {tag} | {} |", words(text(&pair[0])));
            assert!(below.contains(&row), "{heading}: no row {row}");
            seen += 1;
        }
        assert!(seen >= 5, "{heading}: {seen}");
    }
    for pair in list(&derived["hash of 'abc' for each purpose"]) {
        let purpose = text(&pair[0]).trim_start_matches("segin/1 ").trim_end_matches('\0');
        assert!(page.contains(&format!("\n| `{purpose}` | ")), "no row for the purpose {purpose}");
    }
}

/// The constants of `src/limits.rs`: name, and what stands behind the equals sign.
fn limits() -> Vec<(String, String)> {
    let source = std::fs::read_to_string(path("src/limits.rs")).expect("src/limits.rs");
    let constants = source.split("\npub const ").skip(1).filter_map(|rest| rest.split_once(": "));
    let of = |(name, rest): (&str, &str)| {
        let value = rest.split_once(" = ")?.1.split_once(';')?.0;
        Some((name.to_owned(), value.to_owned()))
    };
    constants.filter_map(of).collect()
}

/// Numbers, names of other limits, products and shifts.
fn value(of: &str, all: &[(String, String)]) -> u64 {
    if let Some((left, right)) = of.split_once(" << ") {
        return value(left, all) << value(right, all);
    }
    let factor = |factor: &str| {
        let digits = factor.trim().replace('_', "");
        digits.parse().unwrap_or_else(|_| {
            let named = all.iter().find(|(name, _)| name == factor.trim());
            value(&named.unwrap_or_else(|| panic!("{factor} is no limit")).1, all)
        })
    };
    of.split('*').map(factor).product()
}

#[test]
fn every_limit_stands_there_with_its_value() {
    let (page, limits) = (page(), limits());
    assert!(limits.len() > 50, "{} limits", limits.len());
    let grouped = |number: u64| {
        let digits = number.to_string();
        let groups: Vec<&str> =
            digits.as_bytes().rchunks(3).rev().filter_map(|g| std::str::from_utf8(g).ok()).collect();
        groups.join(",")
    };
    let row = |(name, of): &(String, String)| format!("| `{name}` | {} |", grouped(value(of, &limits)));
    let missing: Vec<String> = limits.iter().map(row).filter(|row| !page.contains(row)).collect();
    assert!(missing.is_empty(), "not on the page: {missing:?}");
}

/// As the usual renderers make the address of a heading.
fn address(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_alphanumeric() || *c == '-' || *c == '_').collect()
}

#[test]
fn its_links_lead_somewhere() {
    let page = page();
    let headings = page.lines().filter(|line| line.starts_with('#'));
    let headings: BTreeSet<String> = headings.map(|line| address(line.trim_start_matches('#').trim())).collect();
    let links = page.split("](#").skip(1).filter_map(|rest| rest.split_once(')').map(|(link, _)| link));
    let lost: Vec<&str> = links.filter(|link| !headings.contains(*link)).collect();
    assert!(lost.is_empty(), "no such headings: {lost:?}");
}
