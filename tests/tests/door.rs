//! At the door: who gets in, how much of it, how often, by which name. Attacks through real sockets.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::io::Write;
use std::time::Duration;

use segin::serve::rate::Allowance;
use segin_tests::door::{House, ask, get, hear, knock, token, until};
use segin_tests::http::Http;
use segin_tests::raw::{NoAnswer, RawDevice};
use sync_protocol::documents::{Edit, Kind, Value};
use sync_protocol::wire::answer::Order;

const SHORT: Duration = Duration::from_millis(150);

fn allowance(burst: u32) -> Allowance {
    Allowance { burst, a_minute: 1 }
}

fn work(device: &mut RawDevice) -> sync_protocol::wire::parcel::Parcel {
    let case = device.new_document();
    let edit = Edit::Set { field: "identity.given".into(), value: Value::Text("Awa".into()).into() };
    let change = device.edit(case, Kind::Case, &[edit]);
    device.parcel(&[(case, vec![change], None)])
}

#[test]
fn a_head_that_is_too_long_has_too_many_lines_or_never_ends() {
    let mut house = House::new();
    house.options.bounds.head = SHORT;
    let hub = house.open();
    let long = format!("x-long: {}\r\n", "x".repeat(20_000));
    let said = get(hub.address, "/healthz", &long);
    assert_eq!((said.status, said.code().as_str()), (431, "head-too-large"), "{said:?}");
    let said = get(hub.address, &format!("/v1/status?{}", "q".repeat(20_000)), "");
    assert_eq!(said.status, 431, "{said:?}");
    assert_eq!(get(hub.address, "/healthz", &"x-line: x\r\n".repeat(100)).status, 431);
    let endless = format!("x-endless: {}", "x".repeat(200_000));
    assert!([431, 0].contains(&get(hub.address, "/healthz", &endless).status));

    let mut slow = knock(hub.address);
    slow.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n").unwrap();
    assert_ne!(hear(slow).status, 200, "what never ends is not answered, and the connection does end");
    assert_eq!(get(hub.address, "/healthz", "").status, 200);
    hub.stop().unwrap();
}

#[test]
fn a_body_that_never_ends_or_is_too_long() {
    let mut house = House::new();
    house.options.bounds.body = SHORT;
    let hub = house.open();
    let post = |path: &str, more: &str, body: &[u8]| {
        let head = format!("POST {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{more}\r\n", hub.address);
        ask(hub.address, &[head.as_bytes(), body].concat())
    };
    let said = post("/v1/exchange", "content-type: application/cbor\r\ncontent-length: 1000\r\n", b"SG");
    assert_eq!((said.status, said.code().as_str()), (408, "body-cut"), "{said:?}");
    let json = format!("{}content-type: application/json\r\ncontent-length: 1000\r\n", token(&hub));
    let said = post("/v1/admin/sites", &json, b"{\"code\":");
    assert!((400..500).contains(&said.status), "{said:?}");

    let long = vec![b'x'; 1 << 20];
    let chunk = [format!("{:x}\r\n", long.len()).as_bytes(), &long, b"\r\n"].concat();
    let said =
        post("/v1/exchange", "content-type: application/cbor\r\ntransfer-encoding: chunked\r\n", &chunk.repeat(9));
    assert!(said.status == 413 || said.status == 0, "{said:?}");
    let said = post("/v1/enrol", "content-type: application/cbor\r\ncontent-length: 999999999\r\n", b"");
    assert_eq!((said.status, said.code().as_str()), (413, "body-too-large"));
    hub.stop().unwrap();
}

#[test]
fn who_asks_much_and_reads_nothing_loses_the_connection() {
    let mut house = House::new();
    house.options.bounds.answer = SHORT;
    let hub = house.open();
    let request = format!("GET /v1/openapi.json HTTP/1.1\r\nhost: localhost\r\n{}\r\n", token(&hub));
    let mut deaf = knock(hub.address);
    deaf.set_write_timeout(Some(SHORT)).unwrap();
    // Until neither end's buffers hold more: the hub does not take what it cannot answer.
    while deaf.write_all(request.as_bytes()).is_ok() {}
    until("its place is free", || get(hub.address, "/metrics", &token(&hub)).body.contains("segin_connections 1\n"));
    hub.stop().unwrap();
}

#[test]
fn one_peer_takes_its_share_of_the_connections_and_no_more() {
    let mut house = House::new();
    house.options.bounds.connections_by_peer = 2;
    let hub = house.open();
    let first = knock(hub.address);
    let _second = knock(hub.address);
    let said = hear(knock(hub.address));
    assert_eq!((said.status, said.header("retry-after")), (503, Some("2")), "{said:?}");
    drop(first);
    until("a place is free again", || get(hub.address, "/healthz", "").status == 200);
    hub.stop().unwrap();
}

#[test]
fn this_machine_gets_in_where_all_others_find_no_room() {
    let mut house = House::new();
    house.options.bounds.connections = 0;
    let hub = house.open();
    assert_eq!(get(hub.address, "/healthz", "").status, 200);
    let kept: Vec<_> = (0..16).map(|_| knock(hub.address)).collect();
    until("the reserve is used up", || get(hub.address, "/healthz", "").status == 503);
    drop(kept);
    hub.stop().unwrap();
}

#[test]
fn a_crowded_hub_keeps_no_connection_for_a_next_request() {
    let mut house = House::new();
    house.options.bounds.connections = 4;
    let hub = house.open();
    let request = format!("GET /healthz HTTP/1.1\r\nhost: {}\r\n\r\n", hub.address);
    let _others = [knock(hub.address), knock(hub.address)];
    // Nobody asked for the end of the connection: the hub did, and this returns.
    let said = ask(hub.address, request.as_bytes());
    assert_eq!((said.status, said.header("connection")), (200, Some("close")), "{said:?}");
    hub.stop().unwrap();
}

#[test]
fn strangers_are_slowed_down_and_those_who_prove_themselves_are_not() {
    let mut house = House::new();
    house.options.bounds.rates.loopback = allowance(3);
    let hub = house.open();
    for _ in 0..10 {
        assert_eq!(get(hub.address, "/v1/status", &token(&hub)).status, 200);
    }
    for _ in 0..3 {
        assert_eq!(get(hub.address, "/v1/status", "").status, 401);
    }
    let said = get(hub.address, "/v1/status", "");
    assert_eq!((said.status, said.code().as_str()), (429, "too-many-requests"), "{said:?}");
    let seconds: u32 = said.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{said:?}");
    assert_eq!(get(hub.address, "/healthz", "").status, 200, "health is told to everybody");
    assert_eq!(get(hub.address, "/readyz", "").status, 200);
    hub.stop().unwrap();
}

#[test]
fn guesses_at_invitations_are_few_and_true_ones_cost_nothing() {
    let mut house = House::new();
    house.options.bounds.rates.enrol = allowance(2);
    let hub = house.open();
    house.site(&hub, None).unwrap();
    let enrol =
        |invitation: &str, seed| match RawDevice::enrol(&mut Http::to(hub.address.to_string()), invitation, seed) {
            Ok(_) => 200,
            Err(NoAnswer::Refused(status, _)) => status,
            Err(NoAnswer::Link(error)) => panic!("{error}"),
        };
    for seed in 1..5 {
        let invitation = house.invite(&hub, None, &format!("Awa {seed}"));
        assert_eq!(enrol(&invitation, seed), 200);
    }
    let invitation = house.invite(&hub, None, "Fanta");
    let wrong: String = invitation.chars().rev().collect();
    assert_eq!((enrol(&wrong, 8), enrol(&wrong, 8)), (403, 403));
    assert_eq!(enrol(&wrong, 8), 429);
    assert_eq!(enrol(&invitation, 8), 429, "nor does a true one get through now");
    hub.stop().unwrap();
}

#[test]
fn a_device_that_asks_too_often_is_slowed_down_alone() {
    let mut house = House::new();
    house.options.bounds.rates.lease = allowance(2);
    let hub = house.open();
    house.site(&hub, None).unwrap();
    let mut http = Http::to(hub.address.to_string());
    let device = |seed| {
        let invitation = house.invite(&hub, None, &format!("Awa {seed}"));
        RawDevice::enrol(&mut Http::to(hub.address.to_string()), &invitation, seed).unwrap()
    };
    let (mut busy, mut calm) = (device(1), device(2));
    busy.sync(&mut http, Vec::new()).unwrap();
    let parcel = work(&mut busy);
    busy.sync(&mut http, vec![parcel]).unwrap();
    let parcel = work(&mut busy);
    let Err(NoAnswer::Refused(429, body)) = busy.sync(&mut http, vec![parcel]) else { panic!("it was answered") };
    assert!(body.contains("too-many-requests"), "{body}");
    calm.sync(&mut http, Vec::new()).unwrap();
    hub.stop().unwrap();
}

#[test]
fn forwarding_headers_are_believed_from_a_named_proxy_only() {
    let forwarded = |line: &str| format!("x-forwarded-for: {line}\r\n");
    let mut house = House::new();
    house.options.bounds.rates.loopback = allowance(2);
    let hub = house.open();
    assert_eq!(get(hub.address, "/v1/status", &forwarded("198.51.100.1")).status, 401);
    assert_eq!(get(hub.address, "/v1/status", &forwarded("198.51.100.2")).status, 401);
    assert_eq!(get(hub.address, "/v1/status", &forwarded("198.51.100.3")).status, 429, "another name is no other peer");
    assert_eq!(get(hub.address, "/v1/status", "forwarded: for=198.51.100.4\r\n").status, 429);
    hub.stop().unwrap();

    let mut house = House::new();
    house.options.door.proxies.0.push("127.0.0.1".parse().unwrap());
    house.options.bounds.rates.peer = allowance(1);
    let hub = house.open();
    assert_eq!(get(hub.address, "/v1/status", &forwarded("198.51.100.1")).status, 401);
    assert_eq!(get(hub.address, "/v1/status", &forwarded("198.51.100.1")).status, 429);
    let forged = forwarded("203.0.113.1, 198.51.100.1");
    assert_eq!(get(hub.address, "/v1/status", &forged).status, 429, "what the client wrote stands left of it");
    assert_eq!(get(hub.address, "/v1/status", &forwarded("198.51.100.2")).status, 401);
    hub.stop().unwrap();
}

#[test]
fn all_workers_are_busy_and_health_still_answers() {
    let mut house = House::new();
    let hub = house.open();
    house.site(&hub, None).unwrap();
    let invitation = house.invite(&hub, None, "Awa");
    let mut device = RawDevice::enrol(&mut Http::to(hub.address.to_string()), &invitation, 1).unwrap();
    hub.stop().unwrap();

    house.options.bounds.workers = 0;
    house.options.bounds.work_waiting = 1;
    let hub = house.open();
    let body = sync_protocol::wire::codec::frame(
        sync_protocol::wire::codec::Message::ExchangeRequest,
        &device.request(Vec::new()),
    );
    let head = format!(
        "POST /v1/exchange HTTP/1.1\r\nhost: hub\r\ncontent-type: application/cbor\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut waiting = knock(hub.address);
    waiting.write_all(&[head.as_bytes(), &body].concat()).unwrap();
    until("it waits", || get(hub.address, "/metrics", &token(&hub)).body.contains("segin_working 1\n"));
    let said = ask(hub.address, &[head.replace("host", "connection: close\r\nhost").as_bytes(), &body].concat());
    assert_eq!((said.status, said.code().as_str()), (503, "busy"), "{said:?}");
    assert_eq!(said.header("retry-after"), Some("2"));
    assert_eq!(get(hub.address, "/healthz", "").status, 200);
    assert_eq!(get(hub.address, "/readyz", "").status, 200);
    drop(waiting);
    until("it has gone", || get(hub.address, "/metrics", &token(&hub)).body.contains("segin_working 0\n"));
    hub.stop().unwrap();

    house.options.bounds = segin::serve::Bounds::default();
    let hub = house.open();
    device.sync(&mut Http::to(hub.address.to_string()), Vec::new()).unwrap();
    hub.stop().unwrap();
}

#[test]
fn a_disk_that_is_nearly_full_takes_no_work_while_reads_go_on() {
    let mut house = House::new();
    let hub = house.open();
    house.site(&hub, None).unwrap();
    let invitation = house.invite(&hub, None, "Awa");
    let mut http = Http::to(hub.address.to_string());
    let mut device = RawDevice::enrol(&mut http, &invitation, 1).unwrap();
    let parcel = work(&mut device);
    let (receipt, _) = device.sync(&mut http, vec![parcel]).unwrap();
    let verified = format!("/v1/receipts/{}/verify", receipt.parcels[0].position.unwrap());
    hub.stop().unwrap();

    house.options.bounds.disk_free = u64::MAX;
    house.options.bounds.disk_free_last = 0;
    let hub = house.open();
    let mut http = Http::to(hub.address.to_string());
    let parcel = work(&mut device);
    let Err(NoAnswer::Refused(507, body)) = device.sync(&mut http, vec![parcel.clone()]) else {
        panic!("it was taken")
    };
    assert!(body.contains("disk-full"), "{body}");
    device.cursor = None;
    let (_, rest) = device.sync(&mut http, Vec::new()).unwrap();
    assert!(!rest.digests.is_empty(), "the feed goes on");
    let ended = device.token.take();
    let (_, rest) = device.ask(&mut http, &device.request(Vec::new())).unwrap();
    let challenge = rest.orders.iter().find_map(|order| match order {
        Order::Renew(challenge) => Some(*challenge),
        _ => None,
    });
    let mut renewing = device.request(Vec::new());
    renewing.renewal = Some(device.renewal(challenge.unwrap()));
    let (_, rest) = device.ask(&mut http, &renewing).unwrap();
    assert!(rest.token.is_some() && rest.token != ended, "a token is small enough");
    device.token = rest.token;
    for path in ["/v1/cases", "/v1/counts", "/v1/receipts", &verified, "/"] {
        until("the lists are filled", || get(hub.address, path, &token(&hub)).status != 503);
        assert_eq!(get(hub.address, path, &token(&hub)).status, 200, "{path}");
    }
    let said = house.post(
        &hub,
        None,
        "/v1/admin/sites",
        &serde_json::json!({"code": "BAM", "name": "Bamako", "region": "Bamako"}),
    );
    assert_eq!(said.unwrap_err().0, "disk-full");
    hub.stop().unwrap();

    house.options.bounds = segin::serve::Bounds::default();
    let hub = house.open();
    device.sync(&mut Http::to(hub.address.to_string()), vec![parcel]).unwrap();
    hub.stop().unwrap();
}

#[test]
fn a_page_under_another_name_is_refused_and_devices_are_not_asked() {
    let mut house = House::new();
    house.options.door.public_names.push("hub.example.org".parse().unwrap());
    let hub = house.open();
    let port = hub.address.port();
    let named = |path: &str, host: &str| {
        let request = format!("GET {path} HTTP/1.1\r\n{host}connection: close\r\n{}\r\n", token(&hub));
        ask(hub.address, request.as_bytes())
    };
    for host in [format!("127.0.0.1:{port}"), "localhost".to_owned(), "hub.example.org:443".to_owned()] {
        assert_eq!(named("/v1/status", &format!("host: {host}\r\n")).status, 200, "{host}");
    }
    for host in ["host: evil.example\r\n", "host: 127.0.0.1.evil.example\r\n", "host: 192.0.2.1\r\n", "host: \r\n"] {
        for path in ["/v1/status", "/", "/page/live", "/nothing"] {
            let said = named(path, host);
            assert_eq!((said.status, said.code().as_str()), (421, "other-host"), "{path} {host} {said:?}");
        }
    }
    assert!([400, 421].contains(&named("/v1/status", "").status), "no host");
    let two = named("/v1/status", "host: localhost\r\nhost: evil.example\r\n");
    assert!([400, 421].contains(&two.status), "{two:?}");
    let whole = format!("http://evil.example:{port}/v1/status");
    assert_eq!(named(&whole, "host: localhost\r\n").status, 421);
    assert_eq!(named("/healthz", "host: evil.example\r\n").status, 200);
    assert_eq!(named("/v1/wait", "host: evil.example\r\n").status, 400, "it is asked for its query");
    hub.stop().unwrap();
}

#[test]
fn answers_that_a_browser_shows_carry_what_protects_them_and_answers_to_devices_do_not() {
    let house = House::new();
    let hub = house.open();
    for path in ["/", "/v1/status", "/nothing", "/v1/cases?limit=x"] {
        let said = get(hub.address, path, &token(&hub));
        let policy = said.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            // The page has forms, which must say from where they come; nothing is said to anybody else.
            ("referrer-policy", if path == "/" { "same-origin" } else { "no-referrer" }),
            ("cache-control", "no-store"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(said.header(name), Some(value), "{path}");
        }
        assert!(said.header("permissions-policy").unwrap().contains("geolocation=()"));
        assert_eq!(said.header("strict-transport-security"), None, "plain HTTP promises no TLS");
        assert_eq!((said.header("server"), said.header("date")), (None, None));
    }
    house.site(&hub, None).unwrap();
    let invitation = house.invite(&hub, None, "Awa");
    let device = RawDevice::enrol(&mut Http::to(hub.address.to_string()), &invitation, 1).unwrap();
    let body = sync_protocol::wire::codec::frame(
        sync_protocol::wire::codec::Message::ExchangeRequest,
        &device.request(Vec::new()),
    );
    let head = format!(
        "POST /v1/exchange HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/cbor\r\n\
         content-length: {}\r\n\r\n",
        hub.address,
        body.len()
    );
    let said = ask(hub.address, &[head.as_bytes(), &body].concat());
    let names: Vec<&str> = said.head.lines().skip(1).filter_map(|line| line.split(':').next()).collect();
    assert_eq!(said.status, 200);
    assert!(
        names
            .iter()
            .all(|name| { ["content-type", "content-length", "connection", "x-content-type-options"].contains(name) }),
        "{names:?}"
    );
    hub.stop().unwrap();
}

#[test]
fn plain_http_to_other_machines_wants_words() {
    let mut house = House::new();
    house.options.listen = "0.0.0.0:0".parse().unwrap();
    house.options.door.plain_http_is_protected_by = Some("  ".to_owned());
    let error = house.try_open().err().unwrap();
    assert_eq!(error.code(), "address-not-loopback");
    for word in ["--tls-cert", "--tls-key", "--plain-http-is-protected-by"] {
        assert!(error.to_string().contains(word), "{error}");
    }
    house.options.door.plain_http_is_protected_by = Some("WireGuard between the sites".to_owned());
    let hub = house.open();
    assert!(hub.url().starts_with("http://0.0.0.0:"));
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], hub.address.port()));
    assert_eq!(get(address, "/v1/status", &token(&hub)).status, 200);
    hub.stop().unwrap();
}
