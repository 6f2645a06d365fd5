//! Promises checked here: for each case the log names everybody who looked, and the command tells the same as the hub.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use segin::clock::Clock;
use segin_tests::console::Person;
use segin_tests::register::{CANARIES, REASON, Register};
use serde_json::{Value, json};
use sync_protocol::ids::Millis;
use sync_protocol::wire::manifest::Statement;

/// Every row of the audit that this narrows to, page by page.
fn audit(register: &Register, person: &Person, narrowed: &str) -> Vec<Value> {
    let (mut rows, mut after) = (Vec::new(), 0);
    loop {
        let heard = register.get(person, &format!("/v1/audit?limit=3&after={after}{narrowed}"));
        assert_eq!(heard.status, 200, "{heard:?}");
        assert!(CANARIES.iter().all(|name| !heard.body.contains(name)), "{}", heard.body);
        let page = heard.json();
        rows.extend(page["rows"].as_array().unwrap().clone());
        match page["next"].as_u64() {
            Some(next) => after = next,
            None => return rows,
        }
    }
}

fn who_did(rows: &[Value]) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    rows.iter().map(|row| (text(&row["action"]), text(&row["by"]["name"]), text(&row["ground"]))).collect()
}

#[test]
fn the_audit_of_a_case_names_everybody_who_looked() {
    let mut register = Register::new();
    let awa = register.person("Awa Console", "GOG", "caseworker");
    let stranger = register.person("Stranger", "KAY", "caseworker");
    let auditor = register.person("Auditor", "GOG", "auditor");
    let case = register.case;
    let path = format!("/v1/cases/{case}");
    assert_eq!(register.get(&awa, &path).status, 200);
    assert_eq!(register.get(&stranger, &path).status, 404);
    let look = json!({"text": CANARIES[0], "reason": REASON});
    assert_eq!(register.post(&stranger, "/v1/lookup", &look).status, 200);
    let glass = json!({"document": case.to_string(), "minutes": 5, "reason": REASON});
    assert_eq!(register.post(&stranger, "/v1/break-glass", &glass).status, 201);
    assert_eq!(register.get(&stranger, &path).status, 200);
    let parcel = register.gogui.stating(&[Statement::Read { document: case, at: Millis(1), times: 3 }]);
    register.gogui.sync(&mut register.http, vec![parcel]).unwrap();

    let rows = audit(&register, &auditor, &format!("&case={case}"));
    let row = |action: &str, name: &str, ground: &str| (action.to_owned(), name.to_owned(), ground.to_owned());
    assert_eq!(
        who_did(&rows),
        [
            row("wrote", "Awa Device", ""),
            row("read", "Awa Console", "scope"),
            row("denied", "Stranger", ""),
            row("looked-up", "Stranger", ""),
            row("broke-glass", "Stranger", "break-glass"),
            row("read", "Stranger", "break-glass"),
            row("read", "Awa Device", "on-device"),
        ]
    );
    assert_eq!(rows[6]["count"], 3);
    assert_eq!(rows[6]["by"]["user"], register.users[0]);
    let reads = audit(&register, &auditor, &format!("&case={case}&kind=read"));
    assert_eq!(reads.len(), 3);
    let of_one = audit(&register, &auditor, &format!("&user={}&case={case}", stranger.id));
    assert_eq!(of_one.len(), 4);
    let later = audit(&register, &auditor, &format!("&since={}", register.console.clock.now().0 + 1));
    assert!(later.is_empty());

    // What is closed by a role is denied and recorded, too.
    assert_eq!(register.get(&stranger, "/v1/audit").status, 403);
    let denied = audit(&register, &auditor, &format!("&user={}&kind=denied", stranger.id));
    assert_eq!(denied.last().unwrap()["about"], "read-audit");
    register.console.end();
}

#[test]
fn the_command_lists_and_verifies_a_folder_as_the_hub_tells_it() {
    let mut register = Register::new();
    let awa = register.person("Awa Console", "GOG", "caseworker");
    let auditor = register.person("Auditor", "GOG", "auditor");
    let case = register.case;
    assert_eq!(register.get(&awa, &format!("/v1/cases/{case}")).status, 200);
    let rows = audit(&register, &auditor, &format!("&case={case}"));
    let parcel = register.gogui.stating(&[Statement::Read { document: case, at: Millis(1), times: 2 }]);
    register.gogui.sync(&mut register.http, vec![parcel]).unwrap();
    let (data, key) = register.console.folder();
    let run = |more: &[&str]| {
        let mut command = std::process::Command::new(segin_tests::process::binary());
        command.args(["audit", "--json", "--case", &case.to_string()]).args(more);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let token = register.console.token();
    let online = run(&["--hub", &register.console.origin(), "--token", &token]);
    register.console.stop();
    let (data, key) = (data.display().to_string(), key.display().to_string());
    let offline = run(&["--data", &data, "--master-key", &key, "--verify"]);
    assert_eq!(online["rows"], offline["rows"]);
    assert_eq!(online["rows"].as_array().unwrap().len(), rows.len() + 1);
    assert_eq!(offline["verified"]["differences"], 0, "{offline}");
    assert_eq!(offline["verified"]["signatures"], 3);
    let narrowed = run(&["--data", &data, "--master-key", &key, "--action", "read", "--user", &awa.id]);
    assert_eq!(narrowed["rows"].as_array().unwrap().len(), 1);
    assert_eq!(run(&["--data", &data, "--master-key", &key, "--until", "2024-01-01"])["rows"], json!([]));
}
