//! Promises checked here: `segin demo --browser` serves two phones and a page whose switches do what they say.
//!
//! Asked over HTTP, as the page's script asks. How the app looks in the frames is the browser tests' business.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use segin_tests::http::Http;
use segin_tests::process::binary;
use serde_json::Value;

/// A running demo; ends with the test.
struct Demo {
    child: Child,
    addresses: Value,
}

impl Demo {
    fn start() -> Self {
        let mut command = Command::new(binary());
        command.args(["demo", "--browser", "--json"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the binary runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut line).expect("it says where it is");
        let addresses = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        Self { child, addresses }
    }

    /// Host and port of the control page.
    fn control(&self) -> String {
        host(self.addresses["control"].as_str().expect("an address"))
    }

    /// Host and port of a phone, and its invitation.
    fn phone(&self, number: usize) -> (String, String) {
        let link = self.addresses["phones"][number].as_str().expect("a link");
        let (_, invitation) = link.split_once("/app/#i=").expect("the app with an invitation");
        (host(link), invitation.to_owned())
    }

    /// An act of the control page.
    fn act(&self, path: &str) -> (u16, Vec<u8>) {
        let control = self.control();
        Http::to(control.clone())
            .request("POST", path, &format!("Origin: http://{control}\r\n"), b"")
            .expect("it answers")
    }

    fn state(&self) -> Value {
        let (status, body) = get(&self.control(), "/state").expect("it answers");
        assert_eq!(status, 200);
        serde_json::from_slice(&body).expect("JSON")
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Asked to stop, so that it removes its folder and its hub; killed if it does not.
        let asked = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

fn host(url: &str) -> String {
    let rest = url.trim_start_matches("http://");
    rest.split('/').next().unwrap_or_default().to_owned()
}

fn get(address: &str, path: &str) -> std::io::Result<(u16, Vec<u8>)> {
    Http::to(address).request("GET", path, "", b"")
}

#[test]
fn switches_break_the_road_the_hub_dies_and_comes_back_and_verify_agrees() {
    let demo = Demo::start();
    let (gogui, first) = demo.phone(0);
    let (kayes, second) = demo.phone(1);
    assert!(gogui != kayes && first != second && first.len() == 14, "phones of their own: {}", demo.addresses);

    let (status, page) = get(&demo.control(), "/").expect("the page");
    let page = String::from_utf8(page).expect("text");
    assert_eq!(status, 200);
    for wanted in [first.as_str(), second.as_str(), "Mode avion", "Airplane mode", "Tuer le hub", "Vérifier"] {
        assert!(page.contains(wanted), "{wanted}");
    }
    for file in ["/control.css", "/control.js"] {
        assert_eq!(get(&demo.control(), file).expect("it is there").0, 200, "{file}");
    }

    for phone in [&gogui, &kayes] {
        let (status, app) = get(phone, "/app/").expect("the app");
        assert!(status == 200 && !app.is_empty());
    }
    assert_eq!(demo.act("/phones/gogui/airplane/on").0, 204);
    assert!(get(&gogui, "/app/").is_err(), "no network");
    assert!(get(&kayes, "/app/").is_ok(), "the other one has one");
    assert_eq!(demo.state()["phones"][0]["airplane"], true);
    assert_eq!(demo.act("/phones/gogui/airplane/off").0, 204);
    assert_eq!(get(&gogui, "/healthz").expect("back").0, 200);
    assert_eq!(demo.act("/phones/gogui/airplane/sideways").0, 404);
    assert_eq!(demo.act("/phones/nobody/airplane/on").0, 404);

    assert!(demo.state()["hub"]["entries"].as_u64().is_some_and(|entries| entries > 2), "{}", demo.state());
    assert_eq!(demo.act("/hub/kill").0, 204);
    assert_eq!(demo.state()["hub"], Value::Null);
    assert!(get(&gogui, "/healthz").is_err() && get(&kayes, "/healthz").is_err(), "a dead hub answers nobody");
    let verdict = |(status, body): (u16, Vec<u8>)| {
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        serde_json::from_slice::<Value>(&body).expect("JSON")
    };
    assert_eq!(demo.act("/verify").0, 409, "what is derived of a killed hub may be behind its log");
    assert_eq!(demo.state()["hub"], Value::Null, "verifying starts nothing");
    assert_eq!(demo.act("/hub/start").0, 204);
    assert_eq!(demo.act("/hub/start").0, 204, "it runs already");
    assert_eq!(get(&kayes, "/healthz").expect("the same address").0, 200);
    assert_eq!(verdict(demo.act("/verify"))["agrees"], true, "at once after the hub came back");
    assert!(demo.state()["hub"].is_object(), "it runs again");
}

#[test]
fn the_page_obeys_nobody_elses_page() {
    let demo = Demo::start();
    let control = demo.control();
    let act =
        |headers: &str| Http::to(control.clone()).request("POST", "/hub/kill", headers, b"").expect("it answers").0;
    assert_eq!(act(""), 403, "no origin");
    assert_eq!(act("Origin: null\r\n"), 403);
    assert_eq!(act(&format!("Origin: http://{}\r\n", demo.phone(0).0)), 403, "a phone's app");
    assert!(demo.state()["hub"].is_object(), "the hub lives");
}
