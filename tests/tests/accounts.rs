//! Promises checked here: who signs in to the console is who they say, for as long as they may, and nobody else.
//!
//! Sessions fixed, stolen, expired and outlived by a role; codes used twice; setup codes used twice or late; guessing.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use segin::clock::Clock;
use segin_tests::console::{Console, MINUTE, Person, STEP};
use segin_tests::process::{binary, refused as refused_command};
use serde_json::{Value, json};

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[test]
fn a_person_sets_an_account_up_signs_in_and_out() {
    let console = Console::new();
    let awa = console.person("Awa Diarra", &["caseworker"]);
    assert_eq!(awa.recovery.len(), 10);
    let me = console.ask(&awa.cookie, "GET", "/v1/session", &Value::Null).json();
    assert_eq!(
        (&me["name"], &me["roles"], &me["sites"]),
        (&json!("Awa Diarra"), &json!(["caseworker"]), &json!(["GOG"]))
    );
    assert_eq!(me["until"], console.clock.now().plus(15 * MINUTE).0);

    console.pass(STEP);
    let heard = console.sign_in(" awa diarra ", &awa.password, &console.code(&awa));
    assert_eq!(heard.status, 200, "{heard:?}");
    let set = heard.header("set-cookie").unwrap();
    for part in ["__Host-segin=", "; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict"] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains("Domain") && !set.contains("Max-Age"), "{set}");
    let cookie = heard.cookie().unwrap();
    assert!(cookie.len() >= "__Host-segin=".len() + 43, "256 bits");
    assert!(!heard.body.contains(&cookie["__Host-segin=".len()..]));

    let heard = console.ask(&cookie, "DELETE", "/v1/session", &Value::Null);
    assert_eq!((heard.status, heard.cookie()), (204, None));
    assert!(heard.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert!(!console.is_open(&cookie), "what the browser still has opens nothing");
    assert!(console.is_open(&awa.cookie), "another browser's session goes on");
    console.end();
}

#[test]
fn a_session_is_never_one_that_was_there_before() {
    let console = Console::new();
    let awa = console.person("Awa Diarra", &["caseworker"]);
    let fixed = format!("__Host-segin={}", "A".repeat(43));
    console.pass(STEP);
    let sign_in = json!({"user": awa.name, "password": awa.password, "code": console.code(&awa)});
    let heard = console.json("POST", "/v1/session", &[("cookie", &fixed), ("origin", &console.origin())], &sign_in);
    assert_eq!(heard.status, 200, "{heard:?}");
    let own = heard.cookie().unwrap();
    assert_ne!(own, fixed);
    assert!(console.is_open(&own) && !console.is_open(&fixed));
    assert!(console.is_open(&format!("{fixed}; {own}")), "a cookie put before it shuts nobody out");

    let next = console.enter(&awa);
    assert_ne!(next, own, "each sign-in has an id of its own");
    console.end();
}

#[test]
fn a_session_acts_from_the_hubs_own_page_only() {
    let console = Console::new();
    let chief = console.person("Fanta Keïta", &["administrator"]);
    let own = console.origin();
    let site = json!({"code": "NIO", "name": "Nioro", "region": "Kayes"});
    let from = |more: &[(&str, &str)]| {
        let headers = [&[("cookie", chief.cookie.as_str())], more].concat();
        console.json("POST", "/v1/admin/sites", &headers, &site).refusal()
    };
    let foreign = refused(403, "other-origin");
    assert_eq!(from(&[]), foreign, "stolen into a form of another site");
    assert_eq!(from(&[("origin", "null")]), foreign);
    assert_eq!(from(&[("origin", "http://evil.example")]), foreign);
    assert_eq!(from(&[("origin", "http://127.0.0.1:1"), ("sec-fetch-site", "same-site")]), foreign);
    assert_eq!(from(&[("origin", &own), ("sec-fetch-site", "cross-site")]), foreign);
    assert_eq!(from(&[("sec-fetch-site", "same-origin")]), foreign);
    let ends = [("cookie", chief.cookie.as_str()), ("origin", "http://evil.example")];
    assert_eq!(console.json("DELETE", "/v1/session", &ends, &Value::Null).status, 403);
    assert_eq!(console.send("POST", "/page/sign-out", &ends, b"").status, 403);
    let enters = json!({"user": chief.name, "password": chief.password, "code": console.code(&chief)});
    for evil in [("origin", "http://evil.example"), ("sec-fetch-site", "cross-site")] {
        assert_eq!(
            console.json("POST", "/v1/session", &[evil], &enters).refusal(),
            foreign,
            "nobody is signed in by others"
        );
    }
    assert_eq!(from(&[("origin", &own), ("sec-fetch-site", "same-origin")]).0, 201);
    console.end();
}

#[test]
fn a_session_ends_after_a_quarter_of_an_hour_alone_and_after_eight_hours_in_any_case() {
    let console = Console::new();
    let awa = console.person("Awa Diarra", &["case-manager"]);
    console.pass(14 * MINUTE);
    assert!(console.is_open(&awa.cookie));
    console.pass(14 * MINUTE);
    assert!(console.is_open(&awa.cookie), "each request opens another quarter");
    for _ in 0..2 {
        console.pass(7 * MINUTE);
        let page = console.ask(&awa.cookie, "GET", "/page/live?after=0", &Value::Null);
        assert_eq!(page.status, 200, "{page:?}");
    }
    console.pass(MINUTE);
    assert!(!console.is_open(&awa.cookie), "an open page keeps no session open");

    let cookie = console.enter(&awa);
    for _ in 0..47 {
        console.pass(10 * MINUTE);
        assert!(console.is_open(&cookie));
    }
    console.pass(10 * MINUTE);
    assert!(!console.is_open(&cookie), "eight hours are over");
    console.end();
}

#[test]
fn a_telephones_code_and_a_recovery_code_open_once() {
    let mut console = Console::new();
    let awa = console.person("Awa Diarra", &["caseworker"]);
    let failed = refused(401, "sign-in-failed");
    let sign_in = |console: &Console, code: &str| console.sign_in(&awa.name, &awa.password, code);
    assert_eq!(sign_in(&console, &console.code(&awa)).refusal(), failed, "the setup has used it");
    console.pass(STEP);
    let code = console.code(&awa);
    assert_eq!(sign_in(&console, &code).status, 200);
    assert_eq!(sign_in(&console, &code).refusal(), failed, "looked at over the shoulder");
    console.pass(STEP);
    assert_eq!(sign_in(&console, &code).refusal(), failed, "the step before, used");

    assert_eq!(sign_in(&console, &awa.recovery[3]).status, 200);
    assert_eq!(sign_in(&console, &awa.recovery[3]).refusal(), failed);
    let next = console.code(&awa);
    assert_eq!(sign_in(&console, &next).status, 200);
    console.restart();
    assert_eq!(sign_in(&console, &next).refusal(), failed, "the log remembers the step");
    assert_eq!(sign_in(&console, &awa.recovery[3]).refusal(), failed, "and the recovery code");
    let heard = sign_in(&console, &awa.recovery[4].to_lowercase().replace('-', " "));
    assert_eq!((heard.status, &heard.json()["recovery_left"]), (200, &json!(8)), "{heard:?}");
    assert_eq!(heard.json()["failures"], 2, "the person is told of others' tries");
    console.end();
}

#[test]
fn two_requests_with_the_same_code_open_one_session() {
    let console = Console::new();
    let awa = console.person("Awa Diarra", &["caseworker"]);
    console.pass(STEP);
    let code = console.code(&awa);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let tries: Vec<_> =
            (0..4).map(|_| scope.spawn(|| console.sign_in(&awa.name, &awa.password, &code).status)).collect();
        tries.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    console.end();
}

#[test]
fn whatever_is_wrong_with_a_sign_in_the_answer_is_the_same() {
    let console = Console::new();
    let awa = console.person("Awa Diarra", &["caseworker"]);
    let without = console.user("Moussa Keïta", &["GOG"], &json!({}));
    console.pass(STEP);
    let code = console.code(&awa);
    let said = |user: &str, password: &str, code: &str| {
        let heard = console.sign_in(user, password, code);
        let mut body = heard.json();
        assert_eq!(body["request_id"].as_str().map(str::len), Some(16));
        body["request_id"] = Value::Null;
        (heard.head, body)
    };
    let unknown = said("Nobody", &awa.password, &code);
    assert_eq!(unknown.1["code"], "sign-in-failed");
    for (user, password, code) in [
        (awa.name.as_str(), "not the password", code.as_str()),
        (&awa.name, &awa.password, "000000"),
        (&awa.name, &awa.password, ""),
        (&awa.name, "", &code),
        ("Moussa Keïta", &awa.password, &code),
        (&without, &awa.password, &code),
        ("00000000-0000-0000-0000-000000000000", &awa.password, &code),
        ("", "", ""),
    ] {
        assert_eq!(said(user, password, code), unknown, "{user:?}");
    }
    assert_eq!(console.sign_in(&awa.id, &awa.password, &code).status, 200, "a failed try uses no code up");
    console.end();
}

#[test]
fn guessing_ends_in_a_pause_also_for_names_that_nobody_has() {
    let mut pauses = Vec::new();
    for name in ["Awa Diarra", "Nobody"] {
        let console = Console::new();
        let awa = console.person("Awa Diarra", &["caseworker"]);
        console.pass(STEP);
        for _ in 0..10 {
            assert_eq!(console.sign_in(name, "not the password", "000000").refusal(), refused(401, "sign-in-failed"));
        }
        let heard = console.sign_in(name, "not the password", "000000");
        assert_eq!(heard.refusal(), refused(429, "sign-in-paused"));
        pauses.push((heard.header("retry-after").unwrap().to_owned(), heard.json()["message"].clone()));
        assert!(console.is_open(&awa.cookie), "who is signed in stays so");
        let right = |console: &Console| console.sign_in(&awa.name, &awa.password, &console.code(&awa));
        if name == awa.name {
            assert_eq!(right(&console).refusal(), refused(429, "sign-in-paused"), "not even the right one");
            console.pass(14 * MINUTE);
            assert_eq!(right(&console).status, 429);
            console.pass(MINUTE);
            let heard = right(&console);
            assert_eq!((heard.status, &heard.json()["failures"]), (200, &json!(10)), "{heard:?}");
        } else {
            assert_eq!(right(&console).status, 200, "nobody's pause is nobody else's");
        }
        console.end();
    }
    assert_eq!(pauses[0], pauses[1], "the pause tells nothing");
}

#[test]
fn one_peer_may_not_try_name_after_name() {
    let console = Console::new();
    let said: Vec<_> = (0..40).map(|number| console.sign_in(&format!("Nobody {number}"), "x", "y").status).collect();
    assert!(said.contains(&429), "{said:?}");
    assert!(said.iter().all(|status| [401, 429].contains(status)), "{said:?}");
    console.end();
}

#[test]
fn a_setup_code_opens_one_account_once_and_in_time() {
    let console = Console::new();
    let user = console.user("Awa Diarra", &["GOG"], &json!({}));
    let password = "trois pirogues sur le fleuve";
    let step = |setup: &str, password: &str, code: Option<&str>| {
        console.json("POST", "/v1/account/setup", &[], &json!({"setup": setup, "password": password, "code": code}))
    };
    let unknown = refused(403, "setup-unknown");
    assert_eq!(step("7K3Q-M2XP-9WTA-4C8R", password, None).refusal(), unknown);
    assert_eq!(step("nonsense", password, None).refusal(), unknown);

    let late = console.setup_code(&user);
    console.pass(72 * 60 * MINUTE);
    assert_eq!(step(&late, password, None).refusal(), unknown, "too late");

    let replaced = console.setup_code(&user);
    let setup = console.setup_code(&user);
    assert_eq!(step(&replaced, password, None).refusal(), unknown, "a newer one stands");
    assert_eq!(step(&setup, "awa-diarra-gogui", None).refusal(), refused(400, "password-common"));
    assert_eq!(step(&setup, "court", None).refusal(), refused(400, "password-short"));
    assert_eq!(step(&setup, password, Some("123456")).refusal(), refused(400, "telephone-code"), "not begun");
    let begun = step(&setup, password, None);
    assert_eq!(begun.status, 200, "{begun:?}");
    assert_eq!(step(&setup, password, None).json(), begun.json(), "an answer that got lost can be asked for again");
    assert!(begun.json()["otpauth"].as_str().unwrap().starts_with("otpauth://totp/Segin:Awa%20Diarra?secret="));
    assert_eq!(
        step(&setup, "quatre pirogues sur le fleuve", Some("123456")).refusal(),
        refused(400, "password-differs")
    );
    assert_eq!(step(&setup, password, Some("abcdef")).refusal(), refused(400, "telephone-code"));
    assert_eq!(console.sign_in("Awa Diarra", password, "").status, 401, "nothing stands yet");

    let awa = console.account(&user, "Awa Diarra");
    let heard = console.setup("GET", "/v1/admin/accounts", &Value::Null).json();
    assert_eq!(heard["accounts"][0]["account"], true, "{heard}");
    assert_eq!(heard["accounts"][0]["setup_until"], Value::Null, "used: {heard}");
    assert_eq!(step(&setup, password, None).refusal(), unknown);

    // A new telephone: the account of before stands until the code is used, then its sessions and codes end.
    let again = console.account(&user, "Awa Diarra");
    assert!(console.is_open(&again.cookie) && !console.is_open(&awa.cookie));
    console.pass(STEP);
    assert_eq!(console.sign_in("Awa Diarra", &awa.password, &console.code(&awa)).status, 401);
    assert_eq!(console.sign_in("Awa Diarra", &again.password, &again.recovery[0]).status, 200);
    console.end();
}

#[test]
fn a_setup_that_is_guessed_at_pauses_and_shuts_no_account() {
    let console = Console::new();
    let awa = console.person("Awa Diarra", &["caseworker"]);
    let setup = console.setup_code(&awa.id);
    let step = |code: Option<&str>| {
        let body = json!({"setup": setup, "password": "quatre pirogues sur le fleuve", "code": code});
        console.json("POST", "/v1/account/setup", &[], &body)
    };
    assert_eq!(step(None).status, 200);
    let said: Vec<u16> = (0..12).map(|_| step(Some("abcdef")).status).collect();
    assert_eq!(said.iter().filter(|status| **status == 400).count(), 9, "{said:?}");
    assert_eq!(said.last(), Some(&429));
    console.pass(STEP);
    assert_eq!(console.sign_in(&awa.name, &awa.password, &console.code(&awa)).status, 200);
    console.end();
}

#[test]
fn a_new_password_ends_every_session_and_the_old_password() {
    let console = Console::new();
    let awa = console.person("Awa Diarra", &["caseworker"]);
    let other = console.enter(&awa);
    let new = "sept baobabs derrière la colline";
    let change = |cookie: &str, present: &str, new: &str| {
        console.ask(cookie, "POST", "/v1/account/password", &json!({"password": present, "new": new}))
    };
    assert_eq!(change(&other, "not the password", new).refusal(), refused(401, "sign-in-failed"));
    assert_eq!(change(&other, &awa.password, "court").refusal(), refused(400, "password-short"));
    let heard = change(&other, &awa.password, new);
    assert_eq!(heard.status, 200, "{heard:?}");
    let fresh = heard.cookie().unwrap();
    assert!(console.is_open(&fresh) && !console.is_open(&other) && !console.is_open(&awa.cookie));
    let code = console.code(&awa);
    assert_eq!(console.sign_in(&awa.name, new, &code).status, 401, "the code that was used stays used");
    console.pass(STEP);
    assert_eq!(console.sign_in(&awa.name, &awa.password, &console.code(&awa)).status, 401);
    assert_eq!(console.sign_in(&awa.name, new, &console.code(&awa)).status, 200);
    let token = console.setup("POST", "/v1/account/password", &json!({"password": new, "new": new}));
    assert_eq!(token.refusal(), refused(403, "not-allowed"), "the console token has no password");
    console.end();
}

#[test]
fn a_role_is_looked_up_at_every_request_and_its_change_ends_the_session() {
    let console = Console::new();
    let chief = console.person("Fanta Keïta", &["administrator"]);
    let awa = console.person("Awa Diarra", &["caseworker"]);
    let add = |cookie: &str, code: &str| {
        let site = json!({"code": code, "name": "Nioro", "region": "Kayes"});
        console.ask(cookie, "POST", "/v1/admin/sites", &site).refusal()
    };
    assert_eq!(add(&awa.cookie, "NIO"), refused(403, "not-allowed"));
    assert_eq!(add(&chief.cookie, "NIO").0, 201);

    let path = |person: &Person| format!("/v1/admin/users/{}", person.id);
    let heard = console.setup("PATCH", &path(&awa), &json!({"sites": ["GOG", "KAY"]}));
    assert_eq!(heard.status, 200, "{heard:?}");
    let me = console.ask(&awa.cookie, "GET", "/v1/session", &Value::Null).json();
    assert_eq!(me["sites"], json!(["GOG", "KAY"]), "a new site is there at once, in the open session");

    let heard = console.setup("PATCH", &path(&awa), &json!({"roles": ["administrator"]}));
    assert_eq!(heard.status, 200, "{heard:?}");
    assert_eq!(add(&awa.cookie, "YEL"), refused(401, "token-required"), "the open session has ended");
    let cookie = console.enter(&awa);
    assert_eq!(add(&cookie, "YEL").0, 201);

    let heard = console.setup("PATCH", &path(&chief), &json!({"roles": ["auditor"]}));
    assert_eq!(heard.status, 200, "{heard:?}");
    assert_eq!(add(&chief.cookie, "DIE"), refused(401, "token-required"));
    let cookie = console.enter(&chief);
    assert_eq!(add(&cookie, "DIE"), refused(403, "not-allowed"));
    console.end();
}

#[test]
fn a_user_who_is_no_longer_active_is_out_at_the_next_request() {
    let console = Console::new();
    let _chief = console.person("Fanta Keïta", &["administrator"]);
    let awa = console.person("Awa Diarra", &["case-manager"]);
    assert_eq!(console.ask(&awa.cookie, "GET", "/v1/cases", &Value::Null).status, 200);
    let path = format!("/v1/admin/users/{}", awa.id);
    let set = |active: bool| console.setup("PATCH", &path, &json!({"active": active})).status;
    assert_eq!(set(false), 200);
    assert_eq!(console.ask(&awa.cookie, "GET", "/v1/cases", &Value::Null).refusal(), refused(401, "token-required"));
    console.pass(STEP);
    assert_eq!(
        console.sign_in(&awa.name, &awa.password, &console.code(&awa)).refusal(),
        refused(401, "sign-in-failed")
    );
    assert_eq!(set(true), 200);
    assert!(!console.is_open(&awa.cookie), "what has ended does not come back");
    assert_eq!(console.sign_in(&awa.name, &awa.password, &console.code(&awa)).status, 200);
    console.end();
}

#[test]
fn the_console_token_sees_no_content_once_somebody_has_an_account() {
    let console = Console::new();
    assert_eq!(console.setup("GET", "/v1/cases", &Value::Null).status, 200, "whoever starts the hub looks around");
    let me = console.setup("GET", "/v1/session", &Value::Null).json();
    assert_eq!((&me["setup"], &me["user"]), (&json!("everything"), &Value::Null));
    let _awa = console.person("Awa Diarra", &["caseworker"]);
    assert_eq!(console.setup("GET", "/v1/cases", &Value::Null).refusal(), refused(403, "not-allowed"));
    assert_eq!(console.setup("GET", "/v1/admin/users", &Value::Null).status, 200);
    assert_eq!(console.setup("GET", "/v1/session", &Value::Null).json()["setup"], "administration");
    console.end();
}

#[test]
fn the_page_signs_in_and_out_without_a_script() {
    let console = Console::new();
    assert!(console.send("GET", "/", &[], b"").body.contains("Cette page est fermée"), "nobody could sign in yet");
    let awa = console.person("Awa <b>Diarra</b>", &["case-manager"]);
    let closed = console.send("GET", "/", &[], b"");
    assert_eq!(closed.status, 401);
    assert!(closed.body.contains("action=\"/page/sign-in\"") && closed.body.contains("Se connecter"));
    assert!(closed.header("content-security-policy").unwrap().contains("form-action 'self'"));

    console.pass(STEP);
    let origin = console.origin();
    let form = |path: &str, cookie: &str, fields: &[(&str, &str)]| {
        let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let headers =
            [("cookie", cookie), ("origin", origin.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        console.send("POST", path, &headers, pairs.join("&").as_bytes())
    };
    let wrong = form("/page/sign-in", "a=b", &[("user", &awa.name), ("password", "wrong"), ("code", "000000")]);
    assert_eq!(wrong.status, 401);
    assert!(wrong.body.contains("role=\"alert\"") && !wrong.body.contains("<b>"), "{}", wrong.body);
    let code = console.code(&awa);
    let right = form("/page/sign-in", "a=b", &[("user", &awa.name), ("password", &awa.password), ("code", &code)]);
    assert_eq!((right.status, right.header("location")), (303, Some("/")));
    let cookie = right.cookie().unwrap();
    let page = console.send("GET", "/", &[("cookie", &cookie)], b"");
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Awa &lt;b&gt;Diarra") && page.body.contains("Se déconnecter"), "{}", page.body);
    let out = form("/page/sign-out", &cookie, &[]);
    assert_eq!((out.status, out.header("location")), (303, Some("/")));
    assert_eq!(console.send("GET", "/", &[("cookie", &cookie)], b"").status, 401);

    // An account is set up in two forms.
    let user = console.user("Moussa Keïta", &["GOG"], &json!({}));
    let setup = console.setup_code(&user);
    let password = ("password", "trois pirogues sur le fleuve");
    let wrong = form("/page/account", "a=b", &[("setup", "7K3Q-M2XP-9WTA-4C8R"), password]);
    assert!(wrong.status == 403 && wrong.body.contains("Ce code est inconnu"), "{wrong:?}");
    let telephone = form("/page/account", "a=b", &[("setup", &setup), password]);
    assert!(telephone.status == 200 && telephone.body.contains("otpauth://totp/Segin:Moussa"), "{telephone:?}");
    let wrong = form("/page/account", "a=b", &[("setup", &setup), password, ("code", "abcdef")]);
    assert!(wrong.status == 400 && wrong.body.contains("Le code du téléphone ne convient pas"), "{wrong:?}");
    console.end();
}

/// A value of a form.
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric();
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[test]
fn failures_stand_in_the_log_and_are_bounded() {
    let console = Console::new();
    let awa = console.person("Awa Diarra", &["caseworker"]);
    let position = || console.setup("GET", "/v1/status", &Value::Null).json()["position"].as_u64().unwrap();
    let before = position();
    for number in 0..14 {
        let _ = console.sign_in(&awa.name, "not the password", &format!("{number:06}"));
    }
    let failures =
        || console.setup("GET", "/v1/admin/accounts", &Value::Null).json()["accounts"][0]["failures"].clone();
    while failures() != json!(10) || position() < before + 10 {
        std::thread::yield_now();
    }
    let site = json!({"code": "NIO", "name": "Nioro", "region": "Kayes"});
    let next = console.setup("POST", "/v1/admin/sites", &site).json()["position"].as_u64();
    assert_eq!(next, Some(before + 11), "a pause writes nothing");
    console.end();
}

#[test]
fn the_command_line_signs_in_for_one_command() {
    let console = Console::new();
    let chief = console.person("Fanta Keïta", &["administrator"]);
    let awa = console.person("Awa Diarra", &["caseworker"]);
    let admin = |person: Option<&Person>, password: &str, arguments: &[&str]| {
        let mut command = std::process::Command::new(binary());
        command.args(["admin", "--hub", &console.origin()]).args(arguments);
        for variable in ["SEGIN_USER", "SEGIN_TOKEN", "SEGIN_CA"] {
            command.env_remove(variable);
        }
        if let Some(person) = person {
            console.pass(STEP);
            command.env("SEGIN_USER", &person.name).env("SEGIN_PASSWORD", password);
            command.env("SEGIN_CODE", console.code(person));
        }
        refused_command(&mut command)
    };
    let said = admin(Some(&chief), &chief.password, &["account", "whoami"]);
    assert_eq!((said.code, said.said.trim()), (Some(0), "Fanta Keïta: administrator"), "{said:?}");
    let said = admin(Some(&chief), &chief.password, &["site", "add", "NIO", "Nioro", "--region", "Kayes"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let said = admin(Some(&chief), &chief.password, &["account", "invite", &awa.id]);
    assert!(said.code == Some(0) && said.said.starts_with("Setup code "), "{said:?}");
    let said = admin(Some(&chief), &chief.password, &["accounts"]);
    assert!(said.said.contains("Awa Diarra") && said.said.contains("Fanta Keïta"), "{said:?}");
    admin(Some(&awa), &awa.password, &["account", "invite", &awa.id]).is("not-allowed", &[]);
    admin(Some(&awa), "not the password", &["sites"]).is("sign-in-failed", &[]);
    admin(None, "", &["sites"]).is("token-required", &["--as"]);
    console.end();
}
