//! Promises checked here: who may see and do what, cell by cell, and that what is not open cannot be told from what is
//! not there.
//!
//! The tables stand in `tests/data/access.txt` (over HTTP) and `tests/data/access_decide.txt` (`access::decide` alone).
//! With `SEGIN_WRITE_ACCESS=1` they are written anew; otherwise they are compared.

use std::path::PathBuf;

use segin_tests::matrix::World;
use segin_tests::matrix::devices::{fed, pushed};
use segin_tests::matrix::table::Table;
use segin_tests::matrix::{decided, spec};

/// Says how the table is read.
const HEAD: &str = "\
Who may see and do what: asked over HTTP of one hub, for every role, route and thing.
Written by tests/tests/access_matrix.rs with SEGIN_WRITE_ACCESS=1; the test compares.

Who: everybody's site is GOG, in the region Kayes, but for the lead of BAM. The regional lead's region is Kayes, the
partner's user works for OIM. `token at first` is the console token before there is an account, `token` afterwards.
What: GOG is the own site, KAY another site of the region, BAM a site of another region; at each a case, the name of its
person, a parcel, a user, a pending device, its held work, and a task about a referral that was withdrawn.
`assigned`: a case of BAM given to whoever works with people; `unassigned`: the same, taken back; `opened`: one of BAM that
everybody has tried to open by breaking the glass. `protection`, `health`: annexes of the case at GOG; `OIM`, `CICR`: its
referrals to two partners, which name that case. `none` does not exist. Nothing is erased in this version: `erased` is an
id that never was, and gets the same answer.

yes        done or shown, or refused only afterwards for what the request says
no         403: not open to this role, or not here
hidden     404: the very bytes, and as many calls to the store, as for what does not exist
none       not there, and said so
sign in    401
409 …      any other answer: its status and code
device     wants a device's own proof, whoever asks
found      by the name; `in short`: without the name itself
shown, -   stands in the list, or does not
fed, -     comes to a device in its feed, or does not
applied    in the document
held       held-who-scope: kept for a person to decide, in the very words as for what does not exist

";

/// The lines, each with the heading that it stands under.
fn lines(text: &str) -> Vec<(&str, &str)> {
    let mut block = "";
    let under = |line| {
        if !str::starts_with(line, ' ') && !line.is_empty() {
            block = line;
        }
        (block, line)
    };
    text.lines().map(under).collect()
}

fn compare(name: &str, now: &str) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data").join(name);
    if std::env::var_os("SEGIN_WRITE_ACCESS").is_some() {
        std::fs::write(&file, now).expect("the table can be written");
        return;
    }
    let known = std::fs::read_to_string(&file).unwrap_or_default();
    let (was, is) = (lines(&known), lines(now));
    let gone = was.iter().filter(|line| !is.contains(line)).map(|(block, line)| (block, '-', line));
    let come = is.iter().filter(|line| !was.contains(line)).map(|(block, line)| (block, '+', line));
    let mut differences: Vec<_> = gone.chain(come).collect();
    differences.sort_by_key(|(block, ..)| is.iter().position(|(other, _)| other == *block));
    let differences: Vec<String> =
        differences.into_iter().map(|(block, sign, line)| format!("{block}\n{sign} {line}")).collect();
    assert!(
        differences.is_empty(),
        "{} lines differ from tests/data/{name}; if it is meant, SEGIN_WRITE_ACCESS=1 writes it:\n{}",
        differences.len(),
        differences.join("\n")
    );
    assert_eq!(known, now, "the same lines in another order");
}

#[test]
fn everybody_sees_and_does_over_http_what_stands_in_the_table() {
    let routes: Vec<(&str, &str)> =
        segin::access::routes::ROUTES.iter().map(|(method, path, _)| (*method, *path)).collect();
    assert_eq!(spec::left_behind(&routes), [""; 0], "no such routes any more");
    let mut world = World::prepare();
    let mut table = Table::default();
    table.ask(&world, &[world.first()]);
    let everybody = world.everybody();
    table.ask(&world, &everybody);
    let mut text = format!("{HEAD}{}", table.text());
    let mut cells = table.cells();
    text.push_str("\n== Devices: what the feed brings ==\n\n");
    cells += fed(&mut world, &mut text);
    text.push_str("\n== Devices: what becomes of a change to a document, and of one that begins ==\n\n");
    cells += pushed(&mut world, &mut text);
    text.push_str(&format!("\n{cells} cells\n"));
    world.console.end();
    compare("access.txt", &text);
}

#[test]
fn every_decision_stands_in_the_table() {
    compare("access_decide.txt", &decided::text());
}
