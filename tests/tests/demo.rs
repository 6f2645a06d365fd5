//! Promises checked here: `segin demo` comes out as it says, and notices when it does not.
//!
//! The folder that a night leaves behind also serves to check `segin verify` on the command line: sound, with a byte of
//! the log changed, with the document store changed behind the hub's back, with a device that says something else.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use segin::store::documents::{Batch, DocumentStore, SledStore};
use segin_tests::process::{binary, fingerprint};
use serde_json::{Value, json};
use tempfile::TempDir;

fn demo(folder: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command.args(["demo", "--once", "--json", "--dir"]).arg(folder).args(more);
    command.output().expect("the binary runs")
}

fn last_line(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 1, "the standard output is one JSON object: {text}");
    serde_json::from_str(lines[0]).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A night that went well, played once for all tests.
static NIGHT: LazyLock<(TempDir, Output)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("there is room for temporary files");
    let output = demo(folder.path(), &[]);
    (folder, output)
});

/// A copy of what that night left at the hub, and its master key.
fn hub_of_the_night(to: &Path) -> (PathBuf, PathBuf) {
    let (folder, _) = &*NIGHT;
    copy(&folder.path().join("hub"), &to.join("hub"));
    let key = to.join("master.key");
    std::fs::copy(folder.path().join("master.key"), &key).expect("the master key is there");
    (to.join("hub"), key)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("there is room");
    for entry in std::fs::read_dir(from).expect("the folder is there") {
        let entry = entry.expect("it is readable");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("it can be copied");
        }
    }
}

fn verify(data: &Path, key: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command.args(["verify", "--data"]).arg(data).arg("--master-key").arg(key).args(more);
    command.output().expect("the binary runs")
}

fn codes(report: &Value) -> Vec<&str> {
    let list = report["differences"].as_array().expect("differences are a list");
    list.iter().filter_map(|difference| difference["code"].as_str()).collect()
}

#[test]
fn a_night_ends_with_everything_at_the_hub() {
    let (_, output) = &*NIGHT;
    assert_eq!(output.status.code(), Some(0), "{}", words(output));
    let totals = last_line(output);
    let number = |key: &str| totals[key].as_u64().unwrap_or_else(|| panic!("{key} is a number: {totals}"));
    assert_eq!(totals["ok"], json!(true));
    assert_eq!(totals["converged"], json!(true));
    for none in ["lost", "unsent", "held", "refused"] {
        assert_eq!(number(none), 0, "{none}: {totals}");
    }
    // 247 people, four of whom did not want to be named.
    assert_eq!(totals["documents_by_kind"]["case"], json!(243));
    assert_eq!(totals["documents_by_kind"]["movement"], json!(3));
    assert_eq!(totals["documents_by_kind"]["annex"], json!(1));
    assert!(number("documents") > 247 && number("recorded") > number("documents"), "{totals}");
    assert_eq!(number("receipted"), number("recorded"));
    assert_eq!(number("recorded"), number("changes"), "what the devices recorded is what the log has");
    assert_eq!(number("conflicts"), 1, "one is left to be seen");
    assert_eq!((number("hub_kills"), number("rebuilds"), number("link_cuts")), (2, 1, 2));
    assert_eq!(number("devices"), 8);
    assert!(number("exchanges") > 20 && number("bytes_up") > 10_000 && number("bytes_down") > 10_000);
    assert_eq!(totals["verify"]["differences"], json!([]));
    assert_eq!(totals["verify"]["parcels"], totals["verify"]["signatures"]);
    let story = words(output);
    assert!(story.contains("14:25") && story.contains("17:05") && story.contains("« Cissoko »"), "{story}");
    assert!(!story.contains('\u{1b}'), "no colours where nobody looks");
}

#[test]
fn a_night_whose_log_is_damaged_while_the_hub_is_down_does_not_end_well() {
    let folder = tempfile::tempdir().unwrap();
    let output = demo(folder.path(), &["--fault", "log-damaged-while-down"]);
    assert_eq!(output.status.code(), Some(1));
    let said = last_line(&output);
    assert_eq!((&said["ok"], &said["code"]), (&json!(false), &json!("demo-hub")));
    assert!(words(&output).lines().last().unwrap_or_default().contains("the log is damaged"), "{}", words(&output));
}

#[test]
fn a_night_whose_log_is_an_older_copy_counts_what_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let output = demo(folder.path(), &["--fault", "log-older-at-the-end", "--seed", "2"]);
    assert_eq!(output.status.code(), Some(1));
    let totals = last_line(&output);
    assert_eq!((&totals["ok"], &totals["converged"]), (&json!(false), &json!(false)));
    assert!(totals["lost"].as_u64() > Some(0), "{totals}");
    assert!(totals["receipted"].as_u64() < totals["recorded"].as_u64(), "receipts of another history do not count");
    assert!(words(&output).contains("[demo-differs]"), "{}", words(&output));
}

#[test]
fn a_demo_does_not_play_in_a_folder_that_holds_something() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine"), "keep").unwrap();
    let output = demo(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(words(&output).ends_with("[demo-folder-not-empty]\n"), "{}", words(&output));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn verify_agrees_with_a_sound_folder_and_changes_nothing_in_it() {
    let place = tempfile::tempdir().unwrap();
    let (data, key) = hub_of_the_night(place.path());
    let before = fingerprint(&data);
    let output = verify(&data, &key, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    assert!(String::from_utf8_lossy(&output.stdout).ends_with("differences: none\n"));
    assert_eq!(fingerprint(&data), before);
    std::fs::remove_dir_all(data.join("documents")).unwrap();
    let output = verify(&data, &key, &[]);
    assert_eq!(output.status.code(), Some(0), "a store that is built again at the next start is no difference");
}

#[test]
fn verify_names_the_place_of_a_damaged_byte() {
    let place = tempfile::tempdir().unwrap();
    let (data, key) = hub_of_the_night(place.path());
    let segment = data.join("log/0000000001.seg");
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[1_500] ^= 1;
    std::fs::write(&segment, &bytes).unwrap();
    let output = verify(&data, &key, &[]);
    assert_eq!(output.status.code(), Some(1));
    let said = words(&output);
    assert!(said.starts_with("segin: the log is damaged: log/0000000001.seg, byte ") && said.contains(", entry "));
    assert!(said.ends_with("[log-damaged]\n") && said.lines().count() == 1, "{said}");
    assert_eq!(std::fs::read(&segment).unwrap(), bytes, "nothing was changed");
}

#[test]
fn verify_names_a_document_that_was_changed_behind_the_hub() {
    let place = tempfile::tempdir().unwrap();
    let (data, key) = hub_of_the_night(place.path());
    let store = SledStore::open(&data.join("documents")).unwrap().store;
    let first = store.documents_after(None, 1).unwrap().remove(0);
    let mut row = store.document(first.document).unwrap().unwrap();
    row.channels.clear();
    let applied_to = store.applied_to().unwrap().unwrap();
    let batch = Batch { documents: vec![row], history: vec![], feed: vec![], channels: vec![], applied_to };
    store.commit(&batch).unwrap();
    store.flush().unwrap();
    drop(store);
    let output = verify(&data, &key, &["--json"]);
    assert_eq!(output.status.code(), Some(1));
    let report = last_line(&output);
    assert_eq!(codes(&report), ["store-channels"]);
    assert_eq!(report["differences"][0]["document"], json!(first.document.to_string()));
}

#[test]
fn verify_compares_what_a_device_says() {
    let place = tempfile::tempdir().unwrap();
    let (data, key) = hub_of_the_night(place.path());
    let (night, _) = &*NIGHT;
    let status = Command::new(binary())
        .args(["device", "status", "--heads", "--json", "--dir"])
        .arg(night.path().join("device-0"))
        .arg("--key-file")
        .arg(night.path().join("device-0.key"))
        .output()
        .unwrap();
    assert_eq!(status.status.code(), Some(0), "{}", words(&status));
    let file = place.path().join("device.json");
    let path = file.to_str().unwrap().to_owned();
    std::fs::write(&file, &status.stdout).unwrap();
    let output = verify(&data, &key, &["--json", "--device-report", &path]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(last_line(&output)["devices"], json!(1));

    let mut said: Value = serde_json::from_slice(&status.stdout).unwrap();
    let documents = said["documents"].as_object_mut().expect("documents are an object");
    assert!(documents.len() > 200);
    let (first, heads) = documents.iter_mut().next().unwrap();
    *heads = json!(["00".repeat(32)]);
    let first = first.clone();
    std::fs::write(&file, said.to_string()).unwrap();
    let output = verify(&data, &key, &["--json", "--device-report", &path]);
    assert_eq!(output.status.code(), Some(1));
    let report = last_line(&output);
    assert_eq!((codes(&report), &report["differences"][0]["document"]), (vec!["device-heads"], &json!(first)));

    std::fs::write(&file, "{").unwrap();
    let output = verify(&data, &key, &["--device-report", &path]);
    assert_eq!(output.status.code(), Some(1));
    assert!(words(&output).ends_with("[device-report]\n"), "{}", words(&output));
}

#[test]
fn verify_says_in_one_line_what_it_lacks() {
    let place = tempfile::tempdir().unwrap();
    let (data, key) = hub_of_the_night(place.path());
    let nowhere = place.path().join("nowhere");
    for (data, key, code) in [
        (&nowhere, &key, "disk-not-found"),
        (&data, &nowhere, "master-key-missing"),
        (&place.path().to_path_buf(), &key, "keyring-missing"),
    ] {
        let output = verify(data, key, &[]);
        assert_eq!(output.status.code(), Some(1));
        let said = words(&output);
        assert!(said.ends_with(&format!("[{code}]\n")) && said.lines().count() == 1, "{code}: {said}");
    }
}
