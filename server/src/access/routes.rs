//! What every route wants of whoever asks: one table, deny by default.
//!
//! A route that does not stand here is answered with a denial by `routes::guard`, and a test fails. Methods and paths are
//! plain text: this layer knows no HTTP. What a principal may do is [`super::decide`]'s; handlers ask it again with the
//! site or document that the request is about.

use super::Action;

/// What a route wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing; for the reason given.
    Open(&'static str),
    /// A device's own proof: a lease with its token, a signature, an invitation. The handler checks it.
    Device,
    /// A principal who may do this at all.
    Action(Action),
}

use Needs::{Device, Open};

/// What a route for people wants.
const fn may(action: Action) -> Needs {
    Needs::Action(action)
}

/// Every route: method, path with the names of its parts, what it wants.
pub const ROUTES: &[(&str, &str, Needs)] = &[
    // Devices.
    ("POST", "/v1/exchange", Device),
    ("POST", "/v1/enrol", Device),
    ("GET", "/v1/wait", Device),
    ("POST", "/v1/courier", Device),
    // Operation.
    ("GET", "/healthz", Open("tells only that the process answers")),
    ("GET", "/readyz", Open("tells only whether an exchange would be answered")),
    ("GET", "/metrics", may(Action::ReadMetrics)),
    ("GET", "/v1/openapi.json", may(Action::ReadStatus)),
    ("GET", "/v1/status", may(Action::ReadStatus)),
    // Who one is.
    ("POST", "/v1/session", Open("the name, the password and the code are the proof")),
    ("GET", "/v1/session", may(Action::ReadStatus)),
    ("DELETE", "/v1/session", Open("ends the session that it names, and nothing else")),
    ("POST", "/v1/account/setup", Open("the setup code is the proof")),
    ("POST", "/v1/account/password", may(Action::ReadStatus)),
    // Content.
    ("GET", "/v1/cases", may(Action::ListCases)),
    ("GET", "/v1/cases/{id}", may(Action::ReadDocument)),
    ("GET", "/v1/documents/{id}", may(Action::ReadDocument)),
    ("GET", "/v1/referrals", may(Action::ReadDocument)),
    ("GET", "/v1/rows", may(Action::ReadRows)),
    ("POST", "/v1/lookup", may(Action::LookUp)),
    ("POST", "/v1/break-glass", may(Action::BreakGlass)),
    ("GET", "/v1/notices", may(Action::ReadNotices)),
    ("GET", "/v1/tasks", may(Action::DoTasks)),
    ("POST", "/v1/tasks/{position}/done", may(Action::DoTasks)),
    ("GET", "/v1/audit", may(Action::ReadAudit)),
    ("GET", "/v1/conflicts", may(Action::ReadConflicts)),
    ("GET", "/v1/counts", may(Action::ReadFigures)),
    ("GET", "/v1/held", may(Action::ReadHeld)),
    ("POST", "/v1/held/decide", may(Action::DecideHeld)),
    ("POST", "/v1/cases/{id}/transfer", may(Action::Transfer)),
    ("POST", "/v1/cases/{id}/assign", may(Action::Assign)),
    ("POST", "/v1/cases/{id}/unassign", may(Action::Assign)),
    ("GET", "/v1/receipts", may(Action::ReadReceipts)),
    ("GET", "/v1/receipts/{position}", may(Action::ReadReceipts)),
    ("GET", "/v1/receipts/{position}/verify", may(Action::ReadReceipts)),
    ("GET", "/v1/devices", may(Action::ReadDevices)),
    // Administration.
    ("GET", "/v1/admin/sites", may(Action::ReadPlaces)),
    ("POST", "/v1/admin/sites", may(Action::ManagePlaces)),
    ("POST", "/v1/admin/sites/{code}/close", may(Action::ManagePlaces)),
    ("GET", "/v1/admin/regions", may(Action::ReadPlaces)),
    ("GET", "/v1/admin/partners", may(Action::ReadPlaces)),
    ("POST", "/v1/admin/partners", may(Action::ManagePlaces)),
    ("GET", "/v1/admin/users", may(Action::ReadUsers)),
    ("POST", "/v1/admin/users", may(Action::ManageUsers)),
    ("PATCH", "/v1/admin/users/{id}", may(Action::ManageUsers)),
    ("POST", "/v1/admin/devices/{lease}/confirm", may(Action::ManageDevices)),
    ("POST", "/v1/admin/devices/{lease}/revoke", may(Action::ManageDevices)),
    ("POST", "/v1/admin/devices/{lease}/move", may(Action::ManageDevices)),
    ("POST", "/v1/admin/hub/confirm-restored", may(Action::ManageUsers)),
    ("POST", "/v1/admin/invitations", may(Action::Invite)),
    ("GET", "/v1/admin/accounts", may(Action::ManageUsers)),
    ("POST", "/v1/admin/accounts", may(Action::ManageUsers)),
    // The field app.
    ("GET", "/app", Open("leads to the app's page")),
    ("GET", "/app/", Open("holds nobody's data, and who is to be enrolled has no proof yet")),
    ("GET", "/app/{file}", Open("a part of the app's page")),
    ("GET", "/app/assets/{file}", Open("a part of the app's page")),
    // The page.
    ("GET", "/", Open("asks for a sign-in itself, and shows what the principal may see")),
    ("GET", "/page/live", may(Action::ReadStatus)),
    ("GET", "/page/receipts/{position}", may(Action::ReadReceipts)),
    ("GET", "/page/held", may(Action::ReadHeld)),
    ("POST", "/page/held", may(Action::DecideHeld)),
    ("GET", "/page/devices", may(Action::ReadDevices)),
    ("POST", "/page/devices", may(Action::ManageDevices)),
    ("POST", "/page/sign-in", Open("the name, the password and the code are the proof")),
    ("POST", "/page/sign-out", Open("ends the session that it names, and nothing else")),
    ("GET", "/page/account", Open("a form for the setup code, which is the proof")),
    ("POST", "/page/account", Open("the setup code is the proof")),
];

/// What this route wants; `None`: it stands nowhere, and is denied.
#[must_use]
pub fn needs(method: &str, path: &str) -> Option<Needs> {
    ROUTES.iter().find(|(known, at, _)| *known == method && *at == path).map(|(_, _, needs)| *needs)
}

/// Whether the path stands here with any method.
#[must_use]
pub fn knows(path: &str) -> bool {
    ROUTES.iter().any(|(_, at, _)| *at == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_stands_once_and_what_is_open_says_why() {
        for (index, (method, path, needs)) in ROUTES.iter().enumerate() {
            assert!(!ROUTES[..index].iter().any(|(m, p, _)| (m, p) == (method, path)), "{method} {path} twice");
            assert!(path.starts_with('/') && method.bytes().all(|byte| byte.is_ascii_uppercase()));
            if let Open(why) = needs {
                assert!(why.len() > 10, "{method} {path}: say why it is open");
            }
        }
        assert_eq!(needs("GET", "/v1/nothing"), None);
        assert_eq!(needs("PUT", "/v1/session"), None);
        assert!(knows("/v1/session") && !knows("/v1/nothing"));
    }
}
