//! Promises checked here: who sees what on the console, that every look is recorded before it is shown, and that nothing
//! tells what exists beyond one's scope.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use segin::access::routes::ROUTES;
use segin_tests::console::{MINUTE, Person};
use segin_tests::raw::RawDevice;
use segin_tests::register::{CANARIES, OTHER, REASON, Register, add, code, record, same, set};
use serde_json::{Value, json};
use sync_protocol::documents::{Edit, Kind};
use sync_protocol::ids::DocumentId;
use sync_protocol::wire::fingerprint::fingerprint;

#[test]
fn what_is_out_of_scope_is_answered_as_what_is_not_there() {
    let register = Register::new();
    let awa = register.person("Awa Console", "GOG", "caseworker");
    assert_eq!(register.get(&awa, &format!("/v1/cases/{}", register.case)).status, 200);
    let unknown_code = code("KAY", 900);
    for (path, far, none) in [
        ("/v1/cases", register.far.to_string(), OTHER.to_string()),
        ("/v1/documents", register.far.to_string(), OTHER.to_string()),
        ("/v1/cases", register.far_code.clone(), unknown_code),
    ] {
        let mut heard = Vec::new();
        for id in [&far, &none] {
            let before = register.calls();
            let answer = register.get(&awa, &format!("{path}/{id}"));
            let after = register.calls();
            assert_eq!(answer.status, 404, "{answer:?}");
            heard.push((same(&answer), (after.0 - before.0, after.1 - before.1)));
        }
        assert_eq!(heard[0], heard[1], "{path}: equal bytes, equally many calls");
        assert!(heard[0].1.0 > 0);
    }
    register.console.end();
}

#[test]
fn lists_and_figures_end_with_the_scope() {
    let register = Register::new();
    let awa = register.person("Awa Console", "GOG", "caseworker");
    let chief = register.person("Chief", "GOG", "case-manager");
    let cases = |person: &Person| register.get(person, "/v1/cases").json()["cases"].as_array().unwrap().len();
    assert_eq!((cases(&awa), cases(&chief)), (1, 2));
    let counted = |person: &Person| register.get(person, "/v1/counts").json();
    assert_eq!((&counted(&awa)["cases"], &counted(&chief)["cases"]), (&json!(1), &json!(2)));
    assert_eq!((&counted(&awa)["receipts"], &counted(&chief)["receipts"]), (&json!(1), &json!(2)));
    let receipts = register.get(&awa, "/v1/receipts").json();
    assert_eq!(receipts["receipts"].as_array().unwrap().len(), 1);
    assert_eq!(receipts["receipts"][0]["site"], "GOG");
    let all = register.get(&chief, "/v1/receipts").json();
    let far = all["receipts"].as_array().unwrap().iter().find(|row| row["site"] == "KAY").unwrap()["position"].clone();
    for path in [format!("/v1/receipts/{far}"), format!("/v1/receipts/{far}/verify"), format!("/page/receipts/{far}")] {
        let (theirs, none) = (register.get(&awa, &path), register.get(&awa, &path.replace(&far.to_string(), "99999")));
        assert_eq!(same(&theirs), same(&none), "{path}");
        assert_eq!(register.get(&chief, &path).status, 200);
    }
    let page = register.get(&awa, "/").body;
    assert!(page.contains(CANARIES[0]) && !page.contains(CANARIES[2]), "the page shows the own site");
    let channels = register.get(&awa, "/v1/status").json()["channels"].clone();
    assert_eq!(channels.as_array().unwrap().len(), 1, "{channels}");
    register.console.end();
}

#[test]
fn a_look_beyond_the_scope_says_little_wants_a_reason_and_is_limited() {
    let register = Register::new();
    let awa = register.person("Awa Console", "GOG", "caseworker");
    let look = |text: &str, reason: &str| register.post(&awa, "/v1/lookup", &json!({"text": text, "reason": reason}));
    assert_eq!(look(CANARIES[2], "why not").refusal(), (400, "reason-short".to_owned()));
    assert_eq!(look("Zi", REASON).refusal(), (400, "lookup-text".to_owned()));
    let before = register.position();
    let heard = look(CANARIES[2], REASON);
    assert_eq!(heard.status, 200, "{heard:?}");
    let row = &heard.json()["rows"][0];
    let mut keys: Vec<&String> = row.as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(keys, ["born", "code", "date", "initials", "site"]);
    assert_eq!(
        (&row["code"], &row["initials"], &row["site"]),
        (&json!(register.far_code), &json!("W. X."), &json!("KAY"))
    );
    assert!(CANARIES.iter().all(|name| !heard.body.contains(name)) && !heard.body.contains(&register.far.to_string()));
    assert_eq!(register.position(), before + 1, "recorded");
    let calls = |text: &str| {
        let before = register.calls();
        assert_eq!(look(text, REASON).status, 200);
        let after = register.calls();
        (after.0 - before.0, after.1 - before.1)
    };
    assert_eq!(calls(CANARIES[2]), calls("nobody of this name"));
    let mut allowed = 3;
    let refused = loop {
        let heard = look("somebody", REASON);
        if heard.status != 200 {
            break heard;
        }
        allowed += 1;
    };
    assert_eq!(allowed, segin::limits::LOOK_UPS_AN_HOUR_MAX);
    assert_eq!(refused.refusal(), (429, "lookup-limit".to_owned()));
    assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() > 3_000);
    register.console.end();
}

#[test]
fn the_glass_opens_one_case_for_a_while_and_the_lead_is_told() {
    let register = Register::new();
    let awa = register.person("Awa Console", "GOG", "caseworker");
    let lead = register.person("Lead Kayes", "KAY", "site-lead");
    let other = register.person("Lead Gogui", "GOG", "site-lead");
    let auditor = register.person("Auditor", "GOG", "auditor");
    let glass = |name: &str, minutes: u32, reason: &str| {
        register.post(&awa, "/v1/break-glass", &json!({"document": name, "minutes": minutes, "reason": reason}))
    };
    assert_eq!(glass(&register.far_code, 10, "short").refusal().1, "reason-short");
    assert_eq!(glass(&register.far_code, 241, REASON).refusal().1, "glass-minutes");
    let path = format!("/v1/cases/{}", register.far);
    assert_eq!(register.get(&awa, &path).status, 404);
    let real = glass(&register.far_code, 10, REASON);
    let none = glass(&code("KAY", 900), 10, REASON);
    for heard in [&real, &none, &glass(&OTHER.to_string(), 10, REASON)] {
        assert_eq!(heard.status, 201, "{heard:?}");
        assert_eq!(heard.json()["until"], real.json()["until"]);
        assert_eq!(heard.body.len(), real.body.len(), "as long as for one that exists");
    }
    assert_eq!(register.get(&awa, &path).json()["case"]["name"], format!("{} {}", CANARIES[2], CANARIES[3]));
    assert_eq!(register.get(&awa, &format!("/v1/cases/{}", register.far_code)).status, 200);
    assert_eq!(register.get(&awa, &format!("/v1/cases/{OTHER}")).status, 404);
    assert_eq!(register.get(&awa, &format!("/v1/cases/{}", code("KAY", 900))).status, 404);
    let cases = register.get(&awa, "/v1/cases").json();
    assert_eq!(cases["cases"].as_array().unwrap().len(), 1, "lists stay as they were");

    let told = register.get(&lead, "/v1/notices").json();
    let notices = told["notices"].as_array().unwrap();
    assert_eq!(notices.len(), 1, "{told}");
    let notice = &notices[0];
    assert_eq!(
        (&notice["name"], &notice["code"], &notice["reason"], &notice["until"]),
        (&json!("Awa Console"), &json!(register.far_code), &json!(REASON), &real.json()["until"])
    );
    assert_eq!(register.get(&other, "/v1/notices").json()["notices"], json!([]));
    assert_eq!(register.get(&auditor, "/v1/notices").json()["notices"].as_array().unwrap().len(), 3);
    assert_eq!(register.get(&awa, "/v1/notices").status, 403);

    register.console.pass(10 * MINUTE);
    assert_eq!(register.get(&awa, &path).status, 404, "it is over");
    let setup = json!({"document": register.far_code, "minutes": 1, "reason": REASON});
    assert_eq!(register.console.setup("POST", "/v1/break-glass", &setup).status, 403, "the token opens nothing");
    register.console.end();
}

#[test]
fn one_who_looks_again_is_recorded_once_and_denials_are_bounded() {
    let register = Register::new();
    let awa = register.person("Awa Console", "GOG", "caseworker");
    let path = format!("/v1/cases/{}", register.case);
    let before = register.position();
    for _ in 0..3 {
        assert_eq!(register.get(&awa, &path).status, 200);
    }
    assert_eq!(register.position(), before + 1);
    register.console.pass(segin::limits::READ_AGAIN_MS - MINUTE);
    let awa = Person { cookie: register.console.enter(&awa), ..awa };
    register.console.pass(MINUTE);
    let before = register.position();
    assert_eq!(register.get(&awa, &path).status, 200);
    assert_eq!(register.position(), before + 1, "a quarter of an hour later it is another look");

    let max = u64::from(segin::limits::DENIALS_A_MINUTE_MAX);
    let before = register.position();
    for _ in 0..max + 7 {
        assert_eq!(register.get(&awa, &format!("/v1/cases/{OTHER}")).status, 404);
    }
    assert_eq!(register.position(), before + max);
    let metrics = register.console.setup("GET", "/metrics", &Value::Null).body;
    assert!(metrics.contains("segin_denials_unrecorded_total 7"), "{metrics}");
    register.console.end();
}

/// Refers the case at Gogui to the partner; the referral.
fn refer(register: &mut Register) -> DocumentId {
    let referral = register.gogui.new_document();
    let case = register.case.to_string();
    let edits = [
        set("referral.case", &case),
        set("referral.partner", "OIM"),
        set("referral.purpose", "medical"),
        set("referral.site", "GOG"),
        set("referral.deadline", "2024-06-10"),
        set("consent.given_by", "self"),
        add("facts", 1, &[("path", "birth.date"), ("value", "vers 1991")]),
        add("status", 2, &[("step", "sent")]),
    ];
    let change = register.gogui.edit(referral, Kind::Referral, &edits);
    let parcel = register.gogui.parcel(&[(referral, vec![change], None)]);
    register.gogui.sync(&mut register.http, vec![parcel]).unwrap();
    referral
}

/// Every answer of every route that can be read, with what is there in it.
fn every_answer(register: &Register, person: &Person, documents: &[DocumentId]) -> String {
    let mut all = String::new();
    for (method, path, _) in ROUTES.iter().filter(|(method, path, _)| *method == "GET" && *path != "/v1/wait") {
        for document in documents {
            let path = path.replace("{id}", &document.to_string()).replace("{position}", "5");
            all.push_str(&format!("\n{method} {path}\n{}", register.get(person, &path).body));
        }
    }
    for text in CANARIES {
        let body = json!({"text": text, "reason": REASON});
        all.push_str(&register.post(person, "/v1/lookup", &body).body);
        let path = format!("/v1/cases?text={text}");
        all.push_str(&register.get(person, &path).body);
    }
    for path in ["/v1/rows?format=csv", "/v1/rows?limit=500", "/v1/counts?at=9"] {
        all.push_str(&register.get(person, path).body);
    }
    all
}

#[test]
fn analysts_see_figures_and_rows_and_no_name() {
    let mut register = Register::new();
    let referral = refer(&mut register);
    let analyst = register.person("Analyst", "GOG", "analyst");
    let said = every_answer(&register, &analyst, &[register.case, register.far, referral]);
    for hidden in CANARIES.iter().copied().map(str::to_owned).chain([
        code("GOG", 3),
        register.far_code.clone(),
        "vers 1991".to_owned(),
    ]) {
        assert!(!said.contains(&hidden), "{hidden}: {said}");
    }
    assert_eq!(register.get(&analyst, "/v1/counts").json()["cases"], 2, "figures are of all sites");
    let rows = register.get(&analyst, "/v1/rows").json();
    let row = &rows["rows"][0];
    assert_eq!(
        (rows["rows"].as_array().unwrap().len(), &row["age"], &row["items"]["blanket"]),
        (2, &json!("unknown"), &json!(1))
    );
    let before = register.position();
    let file = register.get(&analyst, "/v1/rows?format=csv");
    assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(file.body.lines().count(), 3, "{}", file.body);
    assert_eq!(register.position(), before + 1, "a file is recorded");
    register.console.end();
}

#[test]
fn a_partner_sees_its_referral_and_nothing_of_the_case() {
    let mut register = Register::new();
    for (code, name) in [("OIM", "OIM Mali"), ("UNICEF", "Unicef")] {
        let body = json!({"code": code, "name": name, "open": true});
        assert!(register.console.setup("POST", "/v1/admin/partners", &body).status < 300);
    }
    let referral = refer(&mut register);
    let partner = |name: &str, code: &str| {
        let user = register.console.user(name, &[], &json!({"roles": ["partner"], "partner": code}));
        register.console.account(&user, name)
    };
    let (ours, theirs) = (partner("Partner Oim", "OIM"), partner("Partner Unicef", "UNICEF"));
    let list = register.get(&ours, "/v1/referrals").json();
    assert_eq!(list["referrals"].as_array().unwrap().len(), 1, "{list}");
    let row = &list["referrals"][0];
    assert_eq!((&row["document"], &row["status"], &row["case"]), (&json!(referral), &json!("sent"), &Value::Null));
    let shown = register.get(&ours, &format!("/v1/documents/{referral}"));
    assert!(shown.status == 200 && shown.body.contains("vers 1991"), "{shown:?}");
    assert_eq!(register.get(&theirs, "/v1/referrals").json()["referrals"], json!([]));
    let (denied, none) = (
        register.get(&theirs, &format!("/v1/documents/{referral}")),
        register.get(&theirs, &format!("/v1/documents/{OTHER}")),
    );
    assert_eq!(same(&denied), same(&none));
    let said = every_answer(&register, &ours, &[referral, OTHER]);
    for hidden in CANARIES.iter().copied().map(str::to_owned).chain([code("GOG", 3), register.case.to_string()]) {
        assert!(!said.contains(&hidden), "{hidden}: {said}");
    }
    let (case, none) = (
        register.get(&ours, &format!("/v1/cases/{}", register.case)),
        register.get(&ours, &format!("/v1/cases/{OTHER}")),
    );
    assert_eq!(same(&case), same(&none));

    // A withdrawal ends it at the next request, and the lead has a task.
    let lead = register.person("Lead Gogui", "GOG", "site-lead");
    let far_lead = register.person("Lead Kayes", "KAY", "site-lead");
    let change = register.gogui.edit(referral, Kind::Referral, &[set("consent.withdrawn", "2024-05-02")]);
    let parcel = register.gogui.parcel(&[(referral, vec![change], None)]);
    register.gogui.sync(&mut register.http, vec![parcel]).unwrap();
    assert_eq!(register.get(&ours, "/v1/referrals").json()["referrals"], json!([]));
    assert_eq!(register.get(&ours, &format!("/v1/documents/{referral}")).status, 404);
    let tasks = register.get(&lead, "/v1/tasks").json();
    let task = &tasks["tasks"][0];
    assert_eq!((&task["kind"], &task["partner"]), (&json!("referral-withdrawn"), &json!("OIM")), "{tasks}");
    assert_eq!(task["received"], json!(["Partner Oim console"]));
    assert_eq!(register.get(&far_lead, "/v1/tasks").json()["tasks"], json!([]));
    let done = format!("/v1/tasks/{}/done", task["position"]);
    let note = json!({"note": "Told by telephone, deleted while we spoke"});
    let (theirs, none) =
        (register.post(&far_lead, &done, &note), register.post(&far_lead, "/v1/tasks/99999/done", &note));
    assert_eq!((theirs.status, same(&theirs)), (404, same(&none)));
    assert_eq!(register.post(&lead, &done, &note).status, 200);
    assert_eq!(register.get(&lead, "/v1/tasks").json()["tasks"], json!([]));
    assert_eq!(register.post(&lead, &done, &note).status, 404, "done once");
    register.console.end();
}

/// Writes a document of another kind from the device at Gogui.
fn write(register: &mut Register, kind: Kind, edits: &[Edit]) -> DocumentId {
    let document = register.gogui.new_document();
    let change = register.gogui.edit(document, kind, edits);
    let parcel = register.gogui.parcel(&[(document, vec![change], None)]);
    register.gogui.sync(&mut register.http, vec![parcel]).unwrap();
    document
}

#[test]
fn an_annex_opens_for_its_own_officers_alone() {
    let mut register = Register::new();
    let case = register.case.to_string();
    let edits = [set("annex.type", "protection"), set("annex.case", &case), set("child.carer", CANARIES[3])];
    let annex = write(&mut register, Kind::Annex, &edits);
    let officer = register.person("Officer", "GOG", "protection");
    let shown = register.get(&officer, &format!("/v1/documents/{annex}"));
    assert_eq!((shown.status, shown.json()["kind"].as_str()), (200, Some("annex")), "{shown:?}");
    assert!(shown.body.contains(CANARIES[3]));
    for (name, role) in [("Awa", "caseworker"), ("Lead", "site-lead"), ("Chief", "case-manager"), ("Nurse", "health")] {
        let person = register.person(name, "GOG", role);
        let path = |id: DocumentId| format!("/v1/documents/{id}");
        let (theirs, none) = (register.get(&person, &path(annex)), register.get(&person, &path(OTHER)));
        assert_eq!((theirs.status, same(&theirs)), (404, same(&none)), "{role}");
        let glass = json!({"document": annex.to_string(), "minutes": 5, "reason": REASON});
        assert_eq!(register.post(&person, "/v1/break-glass", &glass).status, 201);
        assert_eq!(same(&register.get(&person, &path(annex))), same(&none), "broken glass opens no annex to {role}");
    }
    register.console.end();
}

#[test]
fn what_a_decision_applies_and_a_closed_site_moves_reaches_the_lists() {
    let mut register = Register::new();
    let lead = register.person("Lead Kayes", "KAY", "site-lead");
    let near = register.person("Awa Console", "GOG", "caseworker");
    let user = register.console.user("Waiting", &["GOG"], &json!({"roles": ["caseworker"]}));
    let heard = register.console.setup("POST", "/v1/admin/invitations", &json!({"user": user}));
    let invitation = heard.json()["invitation"].as_str().unwrap().to_owned();
    let mut waiting = RawDevice::enrol(&mut register.http, &invitation, 9).unwrap();
    let held = record(&mut waiting, &mut register.http, [CANARIES[2], CANARIES[0]], &code("GOG", 50));
    let listed = |register: &Register, person: &Person| -> Vec<String> {
        let page = register.get(person, "/v1/cases").json();
        let mut ids: Vec<String> = page["cases"]
            .as_array()
            .unwrap()
            .iter()
            .map(|case| case["document"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    };
    let sorted = |documents: &[DocumentId]| {
        let mut ids: Vec<String> = documents.iter().map(ToString::to_string).collect();
        ids.sort();
        ids
    };
    assert_eq!(listed(&register, &near), sorted(&[register.case]));
    assert_eq!(register.get(&near, &format!("/v1/cases/{held}")).status, 404);

    let shown = fingerprint(&waiting.lease.key).to_string();
    let path = format!("/v1/admin/devices/{}/confirm", waiting.lease.prefix);
    let heard = register.console.setup("POST", &path, &json!({"fingerprint": shown}));
    assert_eq!(heard.status, 200, "{heard:?}");
    // The hub applies what was held by itself, in its own time.
    while listed(&register, &near) != sorted(&[register.case, held]) {
        std::thread::yield_now();
    }
    assert_eq!(register.get(&near, &format!("/v1/cases/{held}")).status, 200);

    let before = register.position();
    let heard = register.console.setup("POST", "/v1/admin/sites/GOG/close", &json!({"into": "KAY"}));
    assert_eq!(heard.status, 200, "{heard:?}");
    while listed(&register, &lead) != sorted(&[register.case, register.far, held]) {
        std::thread::yield_now();
    }
    let counted = |at: &str| register.get(&lead, &format!("/v1/counts{at}")).json()["cases"].clone();
    assert_eq!((counted(""), counted(&format!("?at={before}"))), (json!(3), json!(1)), "then it was one");
    let then = register.get(&lead, &format!("/v1/cases?at={before}")).json();
    assert_eq!(then["cases"].as_array().unwrap().len(), 1);
    register.console.end();
}
