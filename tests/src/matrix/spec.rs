//! How each route is asked: about what, and with which words, so that an act is refused only after access was decided.
//!
//! A route that is not named here is asked with an empty object; the table then shows the code that comes.

use super::Family;

/// How a route is asked.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// About what.
    pub family: Family,
    /// One request shows which of them are listed; otherwise one request is about each.
    pub is_list: bool,
    /// Whether each request shows whether something is found.
    pub finds: bool,
    /// Behind the path.
    pub query: &'static str,
    /// The body: `ID` stands for the resource's name.
    pub body: &'static str,
    /// The body's type.
    pub kind: &'static str,
    /// What the hub says to whoever may: the words are refused afterwards.
    pub later: &'static [&'static str],
    /// Whether it ends the session that asks.
    pub ends: bool,
}

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

const PLAIN: Spec = Spec {
    family: Family::Nothing,
    is_list: false,
    finds: false,
    query: "",
    body: "",
    kind: JSON,
    later: &[],
    ends: false,
};

const fn each(family: Family) -> Spec {
    Spec { family, ..PLAIN }
}

const fn list(family: Family) -> Spec {
    Spec { family, is_list: true, ..PLAIN }
}

const fn act(family: Family, body: &'static str, later: &'static [&'static str]) -> Spec {
    Spec { family, body, later, ..PLAIN }
}

const fn form(family: Family, body: &'static str, later: &'static [&'static str]) -> Spec {
    Spec { kind: FORM, ..act(family, body, later) }
}

const SPECS: &[(&str, &str, Spec)] = &[
    ("POST", "/v1/session", act(Family::Nothing, "{}", &["body"])),
    ("DELETE", "/v1/session", Spec { ends: true, ..PLAIN }),
    ("POST", "/page/sign-out", Spec { ends: true, ..PLAIN }),
    ("POST", "/v1/account/setup", act(Family::Nothing, "{}", &["body"])),
    ("POST", "/v1/account/password", act(Family::Nothing, "{}", &["body"])),
    ("GET", "/v1/cases", list(Family::Documents)),
    ("GET", SEARCH, Spec { finds: true, ..each(Family::Names) }),
    ("GET", "/v1/rows", list(Family::Names)),
    ("GET", "/v1/notices", list(Family::Documents)),
    ("GET", "/v1/tasks", list(Family::Tasks)),
    ("POST", "/v1/tasks/{position}/done", act(Family::Tasks, r#"{"note":"told by telephone"}"#, &[])),
    ("GET", "/", list(Family::Names)),
    ("GET", "/v1/referrals", list(Family::Documents)),
    ("GET", "/v1/held", Spec { query: "?limit=500", ..list(Family::Held) }),
    ("POST", "/v1/held/decide", act(Family::Held, HELD, &[])),
    ("POST", "/v1/cases/{id}/transfer", act(Family::Documents, r#"{"to":"ZZZ","reason":"x"}"#, &["site-unknown"])),
    ("POST", "/v1/cases/{id}/assign", act(Family::Documents, NO_USER, &["assign-user"])),
    ("POST", "/v1/cases/{id}/unassign", act(Family::Documents, NO_USER, &[])),
    ("POST", "/v1/lookup", Spec { finds: true, ..act(Family::Names, r#"{"text":"ID","reason":"at the gate"}"#, &[]) }),
    (
        "POST",
        "/v1/break-glass",
        act(Family::Documents, r#"{"document":"ID","reason":"at the gate","minutes":0}"#, &["glass-minutes"]),
    ),
    ("GET", "/v1/receipts", list(Family::Receipts)),
    ("GET", "/v1/devices", list(Family::Devices)),
    ("GET", "/v1/admin/sites", list(Family::Sites)),
    ("POST", "/v1/admin/sites", act(Family::Nothing, r#"{"code":"NEW","name":"","region":"Kayes"}"#, &["name"])),
    ("POST", "/v1/admin/sites/{code}/close", act(Family::Sites, r#"{"into":"ID"}"#, &["site-itself"])),
    ("POST", "/v1/admin/partners", act(Family::Nothing, r#"{"code":"NEW","name":"","open":true}"#, &["name"])),
    ("GET", "/v1/admin/users", list(Family::Users)),
    ("POST", "/v1/admin/users", act(Family::Nothing, r#"{"name":"","sites":["GOG"]}"#, &["name"])),
    ("PATCH", "/v1/admin/users/{id}", act(Family::Users, r#"{"name":""}"#, &["name"])),
    (
        "POST",
        "/v1/admin/devices/{lease}/confirm",
        act(Family::Devices, r#"{"fingerprint":"0000-0000"}"#, &["fingerprint-differs"]),
    ),
    ("POST", "/v1/admin/devices/{lease}/revoke", act(Family::Devices, r#"{"reason":""}"#, &["name"])),
    ("POST", "/v1/admin/devices/{lease}/move", act(Family::Devices, r#"{"site":"ZZZ"}"#, &["site-unknown"])),
    ("POST", "/v1/admin/hub/confirm-restored", act(Family::Nothing, "{}", &["not-restored"])),
    ("POST", "/v1/admin/invitations", act(Family::Users, r#"{"user":"ID"}"#, &[])),
    ("POST", "/v1/admin/accounts", act(Family::Users, r#"{"user":"ID"}"#, &[])),
    ("GET", "/app/assets/{file}", Spec { later: &["path-unknown"], ..PLAIN }),
    ("GET", "/page/live", Spec { query: "?after=0", ..list(Family::Names) }),
    ("GET", "/page/held", list(Family::Held)),
    ("POST", "/page/held", form(Family::Held, "work=ID.0&decision=reject&reason=x", &[])),
    ("GET", "/page/devices", list(Family::Devices)),
    ("POST", "/page/devices", form(Family::Devices, "lease=ID&fingerprint=0000-0000", &["409"])),
    ("POST", "/page/sign-in", form(Family::Nothing, "user=", &["form"])),
    ("POST", "/page/account", form(Family::Nothing, "setup=", &["form"])),
];

/// A list that is narrowed by a word: shown beside the routes.
pub const SEARCH: &str = "/v1/cases?text={name}";
/// Decides for nobody else: each row of the table has held work of its own.
const HELD: &str = r#"{"items":[{"position":ID,"item":0}],"approve":false,"reason":"x"}"#;
const NO_USER: &str = r#"{"user":"00000000-0000-0000-0000-000000000001"}"#;

/// How this route is asked.
#[must_use]
pub fn spec(method: &str, path: &str) -> Spec {
    if let Some((_, _, spec)) = SPECS.iter().find(|(known, at, _)| (*known, *at) == (method, path)) {
        return *spec;
    }
    let about = |beginning: &str| path.starts_with(beginning) && path.contains('{');
    let family = match () {
        () if about("/v1/cases/") || about("/v1/documents/") || about("/page/cases/") => Family::Documents,
        () if about("/v1/receipts/") || about("/page/receipts/") => Family::Receipts,
        () => Family::Nothing,
    };
    if method == "GET" { each(family) } else { act(family, "{}", &[]) }
}

/// Routes that are asked in a way of their own and that nobody answers: the table would not show what it says.
#[must_use]
pub fn left_behind(routes: &[(&str, &str)]) -> Vec<&'static str> {
    let gone = SPECS.iter().filter(|(method, path, _)| *path != SEARCH && !routes.contains(&(*method, *path)));
    gone.map(|(_, path, _)| *path).collect()
}
