//! Asks everybody's questions and writes the outcomes down, in words.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use segin::access::routes::{Needs, ROUTES};
use serde_json::Value;

use super::spec::{SEARCH, Spec, spec};
use super::{Asker, Family, NONE, World};
use crate::console::Heard;

/// Width of a cell.
const WIDTH: usize = 12;

/// Stands in no answer.
const NO_REQUEST: &str = "\0";

/// Method and path.
type Route = (&'static str, &'static str);

/// Outcomes by route, in the order of rows and columns.
#[derive(Debug, Default)]
pub struct Table {
    cells: BTreeMap<Route, Vec<(&'static str, Vec<String>)>>,
}

impl Table {
    /// Asks every route as each of these; what only reads comes first, what ends a session last.
    pub fn ask(&mut self, world: &World, askers: &[Asker]) {
        let turn = |(method, path, _): &(&'static str, &'static str, Needs)| match (spec(method, path).ends, *method) {
            (true, _) => 2,
            (false, "GET") => 0,
            (false, _) => 1,
        };
        askers.iter().for_each(|asker| world.break_glass(asker));
        let mut routes = asked();
        routes.sort_by_key(turn);
        for (method, path, needs) in routes {
            for asker in askers {
                let row = row(world, asker, (method, path), needs);
                self.cells.entry((method, path)).or_default().push((asker.name, row));
            }
        }
    }

    /// How many cells there are.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.cells.values().flatten().map(|(_, cells)| cells.len()).sum()
    }

    /// The table as text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let all = asked();
        let (plain, others): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|(method, path, _)| columns(spec(method, path)).is_empty());
        let names: Vec<&str> =
            self.cells.values().next().map(|rows| rows.iter().map(|(name, _)| *name).collect()).unwrap_or_default();
        text.push_str("== Routes that are about nothing in particular ==\n\n");
        grid(
            &mut text,
            "",
            &names,
            plain.iter().map(|(method, path, _)| {
                let cells = self.cells[&(*method, *path)].iter().flat_map(|(_, cells)| cells.clone());
                (format!("{method} {path}"), cells.collect())
            }),
        );
        text.push_str("\n== Routes that list: what of it is shown; and routes about one thing ==\n");
        for (method, path, _) in others {
            let rows = &self.cells[&(method, path)];
            let _ = writeln!(text, "\n{method} {path}");
            let rows = rows.iter().map(|(name, cells)| (format!("  {name}"), cells.clone()));
            grid(&mut text, "", columns(spec(method, path)), rows);
        }
        text
    }
}

/// The routes, and a list that is searched behind the list itself.
fn asked() -> Vec<(&'static str, &'static str, Needs)> {
    let mut asked = ROUTES.to_vec();
    let list = asked.iter().position(|(method, path, _)| (*method, *path) == ("GET", "/v1/cases"));
    asked.insert(list.map_or(0, |list| list + 1), ("GET", SEARCH, Needs::Open("the route itself is asked for, too")));
    asked
}

/// Writes names and rows under them.
pub fn grid<'a>(
    text: &mut String,
    corner: &str,
    columns: impl IntoIterator<Item = &'a &'a str>,
    rows: impl IntoIterator<Item = (String, Vec<String>)>,
) {
    let rows: Vec<(String, Vec<String>)> = rows.into_iter().collect();
    let first = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default() + 2;
    let columns: Vec<&str> = columns.into_iter().copied().collect();
    let width = |index: usize| {
        let cells = rows.iter().filter_map(|(_, cells)| cells.get(index)).map(|cell| cell.chars().count());
        cells.chain([columns[index].chars().count()]).max().unwrap_or(WIDTH) + 2
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let mut line = |name: &str, cells: &mut dyn Iterator<Item = &str>| {
        let mut whole = format!("{name:first$}");
        for (cell, width) in cells.zip(&widths) {
            let _ = write!(whole, "{cell:width$}");
        }
        text.push_str(whole.trim_end());
        text.push('\n');
    };
    line(corner, &mut columns.iter().copied());
    for (name, cells) in &rows {
        line(name, &mut cells.iter().map(String::as_str));
    }
}

fn columns(spec: Spec) -> &'static [&'static str] {
    spec.family.columns()
}

fn row(world: &World, asker: &Asker, (method, path): Route, needs: Needs) -> Vec<String> {
    let spec = spec(method, path);
    if spec.family == Family::Nothing || spec.is_list {
        let heard = ask(world, asker, (method, path), &spec, "");
        let said = outcome(&spec, needs, &heard);
        let is_shown = |column: &&str| {
            // The page writes what people are called, other lists name their site.
            let name = Some(world.name(spec.family, column, asker.number)).filter(|_| spec.family == Family::Names);
            heard.body.contains(&world.mark(spec.family, column)) || name.is_some_and(|name| heard.body.contains(&name))
        };
        return match (said.as_str(), spec.is_list) {
            (_, false) => vec![said],
            ("yes", true) => {
                columns(spec).iter().map(|column| if is_shown(column) { "shown" } else { "-" }.to_owned()).collect()
            }
            (_, true) => columns(spec).iter().map(|_| said.clone()).collect(),
        };
    }
    if spec.finds {
        let answer = |column: &str| {
            let name = world.name(spec.family, column, asker.number);
            let heard = ask(world, asker, (method, path), &spec, &name);
            (outcome(&spec, needs, &heard), without_moment(&heard.json()), heard)
        };
        let nothing = answer(NONE);
        let cell = |column: &&str| {
            let (said, body, heard) = answer(column);
            if said != "yes" {
                return said;
            }
            if heard.body.contains(&world.mark(spec.family, column)) {
                let is_short = !heard.body.contains(&world.name(spec.family, column, asker.number));
                return if is_short { "in short" } else { "found" }.to_owned();
            }
            assert_eq!(
                body, nothing.1,
                "{} {method} {path} {column}: not the answer of what does not exist",
                asker.name
            );
            if *column == NONE { NONE } else { "hidden" }.to_owned()
        };
        return columns(spec).iter().map(cell).collect();
    }
    let answer = |column: &str| {
        let name = world.name(spec.family, column, asker.number);
        let (heard, calls) = ask_counting(world, asker, (method, path), &spec, &name);
        (without_names(&heard, &name), calls, heard)
    };
    let nothing = answer(NONE);
    let cell = |column: &&str| {
        if *column == NONE {
            let said = outcome(&spec, needs, &nothing.2);
            return if is_not_there(&nothing.2, &said) { NONE.to_owned() } else { said };
        }
        let (words, calls, heard) = answer(column);
        let said = outcome(&spec, needs, &heard);
        if !is_not_there(&heard, &said) && said != "no" {
            return said;
        }
        // A denial tells nothing, not even by what it does: it is that of what is not there.
        let whole = format!("{} {method} {path} {column}", asker.name);
        if said == "no" && nothing.2.status != 403 {
            return said;
        }
        if let Some(at) = words.bytes().zip(nothing.0.bytes()).position(|(one, other)| one != other) {
            let part = |text: &str| text.chars().skip(at.saturating_sub(40)).take(160).collect::<String>();
            panic!("{whole}: not the very answer of what does not exist:\n{}\n{}", part(&words), part(&nothing.0));
        }
        assert_eq!(words.len(), nothing.0.len(), "{whole}: not as long as the answer of what does not exist");
        assert_eq!(calls, nothing.1, "{whole}: other calls to the store than for what does not exist");
        if said == "no" { said } else { "hidden".to_owned() }
    };
    columns(spec).iter().map(cell).collect()
}

fn ask(world: &World, asker: &Asker, route: Route, spec: &Spec, name: &str) -> Heard {
    ask_counting(world, asker, route, spec, name).0
}

/// Asks; the answer, and the calls to the store that it took where documents are asked for.
fn ask_counting(world: &World, asker: &Asker, (method, path): Route, spec: &Spec, name: &str) -> (Heard, Vec<u64>) {
    let counted = || if spec.family == Family::Documents { world.calls() } else { Vec::new() };
    let path = match (path.find('{'), path.find('}')) {
        (Some(from), Some(to)) => format!("{}{name}{}", &path[..from], &path[to + 1..]),
        _ => path.to_owned(),
    };
    let body = spec.body.replace("ID", name);
    let path = format!("{path}{}", spec.query);
    loop {
        let before = counted();
        let heard = world.ask(asker, method, &path, spec.kind, &body);
        // The lists follow the log in a moment.
        if heard.status != 503 || path == "/readyz" {
            return (heard, counted().iter().zip(before).map(|(now, before)| now - before).collect());
        }
    }
}

/// The answer's bytes, but for the number of the request and the name of what was asked about.
fn without_names(heard: &Heard, name: &str) -> String {
    let request = heard.json()["request_id"].as_str().unwrap_or(NO_REQUEST).to_owned();
    // Nobody's answer repeats a position; as digits it stands in other words.
    let name = if name.len() < 8 { NO_REQUEST } else { name };
    format!("{}\n{}", heard.head, heard.body).replace(&request, "REQUEST").replace(name, "NAME")
}

/// The body but for when it was true.
fn without_moment(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(body) = body.as_object_mut() {
        body.remove("as_of");
        body.remove("request_id");
    }
    body
}

fn is_not_there(heard: &Heard, said: &str) -> bool {
    said != "yes" && (heard.status == 404 || heard.code().ends_with("-unknown"))
}

/// What an answer means, in a word where there is one, otherwise its status and code.
fn outcome(spec: &Spec, needs: Needs, heard: &Heard) -> String {
    let status = heard.status.to_string();
    let code = Some(heard.code()).filter(|code| !code.is_empty()).unwrap_or_else(|| status.clone());
    let is_later = spec.later.contains(&code.as_str());
    match heard.status {
        400.. if needs == Needs::Device => "device".to_owned(),
        200..=399 => "yes".to_owned(),
        _ if is_later => "yes".to_owned(),
        401 => "sign in".to_owned(),
        403 if code == "not-allowed" || code == status => "no".to_owned(),
        _ if code == status => status,
        _ => format!("{status} {code}"),
    }
}
