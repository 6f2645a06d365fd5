//! What is decided, in small: the whole table is compared over HTTP by the tests of the workspace.

use sync_protocol::ids::UserId;

use super::*;

fn channel(name: &str) -> Channel {
    Channel::new(name).unwrap()
}

fn device(lease: u8, roles: &[Role], channels: &[&Channel]) -> Principal {
    Principal {
        by: By::Lease(ActorPrefix::new([lease; 8])),
        roles: roles.to_vec(),
        channels: channels.iter().map(|channel| (*channel).clone()).collect(),
        ..Principal::nobody()
    }
}

#[test]
fn writing_is_denied_unless_something_allows_it() {
    let (here, there) = (channel("site/GOG"), channel("site/KAY"));
    let me = device(1, &[Role::Caseworker], &[&here]);
    let other = Some(ActorPrefix::new([2; 8]));
    let mine = Some(ActorPrefix::new([1; 8]));
    let write = |resource| decide(&me, Action::Write, resource);
    let new = |channel| Resource::New { kind: Kind::Case, channel };
    let existing = |kind, channels, annex_writer, card_shown, channel| Resource::Existing {
        kind,
        channels,
        annex_writer,
        card_shown,
        channel,
    };
    let scope = std::slice::from_ref(&here);
    let far = std::slice::from_ref(&there);
    assert_eq!(write(new(&here)), Ok(Allowed::Began));
    assert_eq!(write(new(&there)), Err(HELD_SCOPE));
    assert_eq!(write(existing(Kind::Case, scope, None, false, &here)), Ok(Allowed::Scope));
    assert_eq!(write(existing(Kind::Case, far, None, false, &here)), Err(HELD_SCOPE));
    assert_eq!(write(existing(Kind::Case, far, None, true, &here)), Ok(Allowed::Card));
    assert_eq!(write(existing(Kind::Case, far, None, true, &there)), Err(HELD_SCOPE));
    let health = [channel("annex/health")];
    assert_eq!(write(existing(Kind::Annex, &health, mine, false, &here)), Ok(Allowed::Writer));
    assert_eq!(write(existing(Kind::Annex, &[], other, false, &here)), Err(HELD_SCOPE));
}

#[test]
fn an_annex_is_for_its_own_officers_and_for_who_began_it() {
    let health = channel("annex/health");
    let annex = |channels| Resource::Existing {
        kind: Kind::Annex,
        channels,
        annex_writer: None,
        card_shown: false,
        channel: &health,
    };
    let in_health = std::slice::from_ref(&health);
    let officer = device(1, &[Role::Health], &[&health]);
    let wrong = device(1, &[Role::Protection], &[&health]);
    assert_eq!(decide(&officer, Action::Write, annex(in_health)), Ok(Allowed::Scope));
    assert_eq!(decide(&wrong, Action::Write, annex(in_health)), Err(HELD_SCOPE));
    let manager = Principal { roles: vec![Role::CaseManager], ..Principal::nobody() };
    let read = Resource::Document { document: DocumentId::new([1; 16]), kind: Kind::Annex, channels: in_health };
    assert_eq!(decide(&manager, Action::ReadDocument, read), Err(DENIED));
}

#[test]
fn breaking_the_glass_opens_that_case_and_not_its_annexes() {
    let there = [channel("site/KAY")];
    let case = DocumentId::new([1; 16]);
    let user = By::User(UserId::new([9; 16]));
    let mut me = Principal { by: user, roles: vec![Role::Caseworker], ..Principal::nobody() };
    let read = |me: &Principal, document, kind, channels| {
        decide(me, Action::ReadDocument, Resource::Document { document, kind, channels })
    };
    assert_eq!(read(&me, case, Kind::Case, &there), Err(DENIED));
    me.opened = vec![case];
    assert_eq!(read(&me, case, Kind::Case, &there), Ok(Allowed::BreakGlass));
    assert_eq!(read(&me, DocumentId::new([2; 16]), Kind::Case, &there), Err(DENIED));
    assert_eq!(read(&me, case, Kind::Annex, &there), Err(DENIED));
    assert_eq!(read(&me, case, Kind::Case, &[]), Err(DENIED), "what does not exist stays shut");
}

#[test]
fn the_console_token_sees_no_content_once_there_are_accounts() {
    let (before, after) = (Principal::setup(Setup::Everything), Principal::setup(Setup::Administration));
    for action in [Action::ListCases, Action::ReadDocument, Action::LookUp, Action::BreakGlass, Action::DecideHeld] {
        assert!(decide(&before, action, Resource::Any).is_ok(), "{action:?}");
        assert_eq!(decide(&after, action, Resource::Any), Err(DENIED), "{action:?}");
    }
    assert!(decide(&after, Action::ManageUsers, Resource::Any).is_ok());
    for principal in [before, after] {
        assert_eq!(decide(&principal, Action::Write, Resource::Any), Err(HELD_SCOPE));
    }
}

#[test]
fn nobody_may_do_nothing() {
    for action in Action::ALL {
        assert!(decide(&Principal::nobody(), action, Resource::Any).is_err(), "{action:?}");
        assert_eq!(Action::from_name(action.name()), Some(action));
    }
    for role in Role::ALL {
        assert_eq!(Role::from_name(role.name()), Some(role));
    }
}

#[test]
fn a_lead_looks_after_the_own_sites_and_an_auditor_only_looks() {
    let (here, there) = (SiteCode::new("GOG").unwrap(), SiteCode::new("KAY").unwrap());
    let lead =
        Principal { roles: vec![Role::SiteLead, Role::Auditor], leads: vec![here.clone()], ..Principal::nobody() };
    assert!(decide(&lead, Action::ManageDevices, Resource::Site(&here)).is_ok());
    assert_eq!(decide(&lead, Action::ManageDevices, Resource::Site(&there)), Err(DENIED));
    assert_eq!(decide(&lead, Action::ManageDevices, Resource::Everywhere), Err(DENIED));
    assert!(decide(&lead, Action::ReadDevices, Resource::Site(&there)).is_ok(), "as an auditor");
    assert!(decide(&lead, Action::ReadUsers, Resource::Everywhere).is_ok());
    assert_eq!(decide(&lead, Action::ReadHeld, Resource::Everywhere), Err(DENIED));
}
