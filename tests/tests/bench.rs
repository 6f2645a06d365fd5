//! The measurements themselves, small: everything is receipted, counted and told. No time is judged.

use std::process::Command;

use segin_tests::process::binary;
use serde_json::Value;

/// The lines of one measurement.
fn bench(arguments: &[&str]) -> Vec<Value> {
    let output = Command::new(binary()).arg("bench").args(arguments).arg("--json").output().expect("the binary runs");
    let (said, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{arguments:?}: {wrong}");
    said.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

fn number(line: &Value, name: &str) -> u64 {
    line[name].as_u64().unwrap_or_else(|| panic!("{name} of {line}"))
}

fn step<'a>(lines: &'a [Value], name: &str) -> &'a Value {
    lines.iter().find(|line| line["step"] == name).unwrap_or_else(|| panic!("no step {name} in {lines:?}"))
}

#[test]
fn scale_measures_a_country_and_takes_up_a_kept_one_again() {
    let folder = tempfile::tempdir().expect("there is room for temporary files");
    let keep = folder.path().join("country");
    let more = ["--window", "32", "--keep", keep.to_str().expect("plain text")];
    let lines = bench(&[&["scale", "--documents", "200"], &more[..]].concat());
    // 200 cases at 32 devices: each sends one movement, its households, its annexes.
    let filled = step(&lines, "filled");
    assert_eq!(number(filled, "cases"), 200);
    assert!(number(filled, "documents") > 200 + 32);
    assert_eq!(lines.iter().filter(|line| line["step"] == "ingest").count(), 4, "one by one and in fifties, twice");
    let (documents, fed) = (number(step(&lines, "first_feed"), "documents"), number(step(&lines, "first_feed"), "fed"));
    let annexes = documents - fed;
    assert!(annexes < documents / 10, "{annexes} of {documents} are nobody's but their officers'");
    let unchanged = step(&lines, "unchanged");
    assert_eq!((number(unchanged, "exchanges"), number(unchanged, "fed")), (1, 0));
    assert!(number(unchanged, "bytes_up") + number(unchanged, "bytes_down") < 4_096, "{unchanged}");
    let new = step(&lines, "one_new");
    assert_eq!((number(new, "exchanges"), number(new, "receipted"), number(new, "fed")), (1, 1, 0));
    for name in ["start_without_lists", "start", "rebuild"] {
        assert!(number(step(&lines, name), "resident_bytes") > 0);
    }
    let last = number(step(&lines, "rebuild"), "cases");

    // What it kept is taken up: filled no further, the same figures for more cases.
    let again = bench(&[&["scale", "--documents", "20"], &more[..]].concat());
    assert!(again.iter().all(|line| line["step"] != "filled"));
    assert!(number(step(&again, "first_feed"), "fed") >= last);
    assert!(number(step(&again, "rebuild"), "cases") > last);
}

#[test]
fn a_storm_ends_with_everything_receipted() {
    let lines = bench(&["storm", "--devices", "20", "--unsent", "3"]);
    let [storm] = lines.as_slice() else { panic!("one line: {lines:?}") };
    assert_eq!((number(storm, "devices"), number(storm, "receipted")), (20, 60));
    assert_eq!(number(storm, "exchanges"), 20);
    assert!(number(storm, "connections") >= 20);
    assert_eq!(number(storm, "told_to_come_back") + number(storm, "turned_away"), 0, "there is room for twenty");
    assert_eq!(number(storm, "tries_max"), 1);
    assert!(number(storm, "peak_bytes") >= number(storm, "resident_before_bytes") / 2);
}

#[test]
fn on_a_slow_link_each_step_takes_one_exchange_and_is_receipted() {
    let lines = bench(&["link", "--kbit", "512", "--delay-ms", "5", "--intakes", "12"]);
    let steps: Vec<&str> = lines.iter().filter_map(|line| line["step"].as_str()).collect();
    assert_eq!(steps, ["first_upload", "unchanged", "one_new", "unchanged_connecting", "one_new_connecting"]);
    for (line, (exchanges, connections, receipted)) in
        lines.iter().zip([(1, 1, 12), (1, 0, 0), (1, 0, 1), (1, 1, 0), (1, 1, 1)])
    {
        let found = (number(line, "exchanges"), number(line, "connections"), number(line, "receipted"));
        assert_eq!(found, (exchanges, connections, receipted), "{line}");
        assert_eq!(number(line, "cut"), 0);
    }
    assert!(number(&lines[2], "bytes_up") < 2_000, "{}", lines[2]);
    assert!(number(&lines[2], "bytes_down") < 900, "{}", lines[2]);
}

#[test]
fn in_windows_of_a_slow_link_everything_arrives_in_the_end() {
    // About sixteen kilobytes a window: the first upload does not fit into one.
    let windows = ["--window-s", "1", "--down-s", "0.1"];
    let lines = bench(&[&["link", "--kbit", "128", "--delay-ms", "10", "--intakes", "120"], &windows[..]].concat());
    let upload = step(&lines, "first_upload");
    assert_eq!(number(upload, "receipted"), 120);
    assert!(number(upload, "cut") > 0, "{upload}");
    assert!(number(upload, "windows") > 1, "{upload}");
    assert_eq!(number(step(&lines, "one_new"), "receipted"), 1);
}
