//! What holds for every route: the token, the envelope, the headers, the description.

use serde_json::json;

use super::{description, guard};
use crate::access::Action;
use crate::access::routes::{Needs, ROUTES, needs};
use crate::serve::testing::{Place, TestHub, send};

fn routes() -> Vec<(String, String)> {
    let described = serde_json::to_value(description()).unwrap();
    let paths = described["paths"].as_object().unwrap().clone();
    let methods = |(path, item): (String, serde_json::Value)| {
        let methods: Vec<String> = item.as_object().unwrap().keys().map(|method| method.to_uppercase()).collect();
        methods.into_iter().map(move |method| (method, path.clone()))
    };
    paths.into_iter().flat_map(methods).collect()
}

/// A path with something in the place of its parts.
fn filled(path: &str) -> String {
    let asset = crate::web::FILES.iter().map(|file| file.name).find(|name| name.starts_with("assets/"));
    let path = path.replace("assets/{file}", asset.unwrap_or("index.html"));
    let path = path.replace("{id}", "00000000-0000-0000-0000-000000000000").replace("{position}", "1");
    path.replace("{file}", "index.html").replace("{code}", "GOG").replace("{lease}", "0000000000000000")
}

#[test]
fn every_route_has_a_decision_and_every_decision_a_route() {
    let described = routes();
    for (method, path) in &described {
        assert!(needs(method, path).is_some(), "{method} {path} stands in no row of access::routes");
    }
    for (method, path, _) in ROUTES {
        assert!(
            described.iter().any(|known| (known.0.as_str(), known.1.as_str()) == (method, path)),
            "{method} {path}"
        );
    }
    assert_eq!(described.len(), ROUTES.len());
}

#[test]
fn the_router_answers_what_the_table_names_and_nothing_without_a_decision() {
    let place = Place::new();
    let hub = place.start();
    let address = hub.hub.address;
    let mut guarded = 0;
    for (method, path, needs) in ROUTES {
        let path = filled(path);
        let bare = send(address, method, &path, &[], b"");
        assert!(
            ![404, 405].contains(&bare.status) || bare.code() == "receipt-unknown",
            "{method} {path}: {}",
            bare.head
        );
        if !matches!(needs, Needs::Action(_)) {
            continue;
        }
        guarded += 1;
        for headers in [
            vec![],
            vec![("authorization", "Bearer 00000000000000000000000000000000")],
            vec![("cookie", "segin_console=x; token=y; __Host-segin=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")],
        ] {
            let got = send(address, method, &path, &headers, b"");
            assert_eq!((got.status, got.code().as_str()), (401, "token-required"), "{method} {path}: {}", got.head);
        }
        for other in ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
            if !ROUTES.iter().any(|(m, p, _)| *m == other && filled(p) == path) {
                assert_eq!(send(address, other, &path, &[], b"").status, 405, "{other} {path}");
            }
        }
    }
    assert!(guarded >= 15, "{guarded}");
    for path in ["/healthz", "/readyz"] {
        assert_eq!(send(address, "GET", path, &[], b"").status, 200);
        assert_eq!(send(address, "HEAD", path, &[], b"").status, 200);
    }
    hub.stop();
}

#[tokio::test]
async fn a_route_without_a_decision_is_closed() {
    use axum::body::Body;
    use axum::http::Request;
    use axum::routing::get;
    use tower::ServiceExt;

    let content = || async { "content" };
    let router: axum::Router = axum::Router::new().route("/v1/forgotten", get(content)).route("/healthz", get(content));
    let router = router.route_layer(axum::middleware::from_fn(guard::decided));
    for (path, status) in [("/v1/forgotten", 403), ("/healthz", 200)] {
        let answer = router.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        let code = answer.extensions().get::<super::error::Failure>().map(|failure| failure.code);
        assert_eq!(code, (status == 403).then_some("no-decision"));
    }
}

#[test]
fn only_reading_and_signing_in_are_decided_by_methods_that_fit() {
    for (method, path, needs) in ROUTES {
        let reads = matches!(
            needs,
            Needs::Action(
                Action::ReadMetrics
                    | Action::ListCases
                    | Action::ReadDocument
                    | Action::ReadConflicts
                    | Action::ReadFigures
                    | Action::ReadReceipts
                    | Action::ReadHeld
                    | Action::ReadDevices
                    | Action::ReadPlaces
                    | Action::ReadUsers
            )
        );
        assert!(!reads || *method == "GET", "{method} {path} acts under a right to read");
    }
}

#[test]
fn the_description_is_the_committed_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let present = serde_json::to_string_pretty(&description()).unwrap() + "\n";
    if std::env::var_os("SEGIN_WRITE_OPENAPI").is_some() {
        std::fs::write(path, &present).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == present,
        "server/openapi.json is not what the routes say: run this test with SEGIN_WRITE_OPENAPI=1 and commit the file"
    );
}

fn envelope(hub: &TestHub, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, String) {
    let got = send(hub.hub.address, method, path, headers, body);
    let envelope = got.json();
    assert_eq!(envelope.as_object().unwrap().len(), 3, "{envelope}");
    assert!(!envelope["message"].as_str().unwrap().is_empty());
    assert_eq!(envelope["request_id"].as_str().unwrap().len(), 16);
    assert_eq!(got.header("content-type"), Some("application/json"));
    assert_eq!(got.header("access-control-allow-origin"), None);
    assert_eq!(got.header("x-content-type-options"), Some("nosniff"));
    (got.status, got.code())
}

#[test]
fn every_refusal_is_the_envelope() {
    let place = Place::new();
    let hub = place.start();
    let cbor = [("content-type", "application/cbor")];
    let expect = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(envelope(&hub, "GET", "/nothing", &[], b""), expect(404, "path-unknown"));
    assert_eq!(envelope(&hub, "GET", "/v1/exchange", &[], b""), expect(405, "method-unknown"));
    assert_eq!(envelope(&hub, "POST", "/v1/exchange", &[], b"x"), expect(415, "media-type"));
    assert_eq!(envelope(&hub, "POST", "/v1/exchange", &cbor, b"x"), expect(400, "codec-header"));
    assert_eq!(envelope(&hub, "POST", "/v1/enrol", &cbor, b"SG\x01\x01"), expect(400, "codec-kind"));
    let long = [("content-type", "application/cbor"), ("content-length", "99999999")];
    assert_eq!(envelope(&hub, "POST", "/v1/exchange", &long, b""), expect(413, "body-too-large"));
    assert_eq!(envelope(&hub, "GET", "/v1/wait", &[], b""), expect(400, "query"));
    assert_eq!(envelope(&hub, "GET", "/v1/status", &[], b""), expect(401, "token-required"));
    hub.stop();
}

#[test]
fn a_cookie_acts_from_the_hubs_own_page_only() {
    let place = Place::new();
    let hub = place.start();
    let cookie = format!("segin_console_{}={}", hub.hub.address.port(), hub.hub.console.reveal());
    let site = br#"{"code":"GOG","name":"Gogui","region":"Kayes"}"#;
    let own = format!("http://{}", hub.hub.address);
    let from = |more: &[(&str, &str)]| {
        let headers = [&[("cookie", cookie.as_str()), ("content-type", "application/json")], more].concat();
        send(hub.hub.address, "POST", "/v1/admin/sites", &headers, site).status
    };
    assert_eq!(from(&[]), 403, "a browser always says where an act comes from");
    assert_eq!(from(&[("sec-fetch-site", "same-origin")]), 403);
    assert_eq!(from(&[("origin", "null")]), 403);
    assert_eq!(from(&[("origin", "http://127.0.0.1:1")]), 403, "another program of this machine");
    assert_eq!(from(&[("origin", &own), ("sec-fetch-site", "same-site")]), 403);
    assert_eq!(from(&[("origin", &own), ("sec-fetch-site", "cross-site")]), 403);
    assert_eq!(from(&[("origin", &own), ("sec-fetch-site", "same-origin")]), 201);
    let read = send(hub.hub.address, "GET", "/v1/status", &[("cookie", &cookie)], b"");
    assert_eq!(read.status, 200);
    assert_eq!(read.header("cache-control"), Some("no-store"));
    assert!(read.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
    hub.stop();
}

#[test]
fn administrators_acts_are_checked_against_what_is_there() {
    let place = Place::new();
    let hub = place.start();
    let site = |code: &str, name: &str| {
        let got = hub.post("/v1/admin/sites", &json!({"code": code, "name": name, "region": "Kayes"}));
        (got.status, if got.status < 300 { String::new() } else { got.code() })
    };
    assert_eq!(site("GOG", "Gogui"), (201, String::new()));
    assert_eq!(site("GOG", "Gogui"), (200, String::new()), "the same again changes nothing");
    assert_eq!(site("GOG", "Gogui poste"), (200, String::new()), "another name");
    assert_eq!(site("gog", "Gogui"), (400, "body".into()));
    assert_eq!(site("KAY", " "), (400, "name".into()));

    let user = |name: &str, sites: &[&str]| {
        let got = hub.post("/v1/admin/users", &json!({"name": name, "sites": sites}));
        (got.status, if got.status < 300 { got.json()["user"].as_str().unwrap().to_owned() } else { got.code() })
    };
    assert_eq!(user("Awa Diarra", &[]), (400, "user-without-site".into()));
    assert_eq!(user("Awa Diarra", &["KAY"]), (409, "site-unknown".into()));
    assert_eq!(user("Awa Diarra", &["GOG", "GOG"]), (400, "site-twice".into()));
    let (status, awa) = user("Awa Diarra", &["GOG"]);
    assert_eq!(status, 201);
    assert_eq!(user("Awa Diarra", &["GOG"]), (409, "user-exists".into()));

    let got = hub.post("/v1/admin/invitations", &json!({"user": "00000000-0000-0000-0000-000000000000"}));
    assert_eq!((got.status, got.code().as_str()), (409, "user-unknown"));
    let got = hub.post("/v1/admin/invitations", &json!({"user": awa}));
    assert_eq!(got.status, 201);
    assert_eq!(got.json()["invitation"].as_str().unwrap().len(), 14);

    let users = hub.get("/v1/admin/users").json();
    assert_eq!(users["users"][0]["name"], "Awa Diarra");
    assert_eq!(users["as_of"], 7, "two first entries, a site, its other name with its list, a user, an invitation");
    hub.stop();
}
