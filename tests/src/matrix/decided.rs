//! [`decide`] alone: every role, action and resource, as a table.

use segin::access::{Action, DENIED, HELD_SCOPE, Principal, Resource, Role, Setup, decide};
use segin::hub::entry::Allowed;
use segin::hub::fact::By;
use sync_protocol::documents::Kind;
use sync_protocol::ids::{ActorPrefix, Channel, DocumentId, SiteCode};

use super::table::grid;

const HEAD: &str = "\
What `access::decide` says: each role alone, at the site GOG; the regional lead leads KAY, too; the partner is OIM.
Every channel but the own ones (site/GOG, for the regional lead also site/KAY, the officers' annex, partner/OIM, the
user's assignments) is beyond the scope.

";

const KINDS: [Kind; 6] = [Kind::Case, Kind::Movement, Kind::Household, Kind::Annex, Kind::Referral, Kind::Link];
const CHANNELS: [&str; 8] = [
    "site/GOG",
    "site/KAY",
    "site/BAM",
    "user/0101010101010101",
    "annex/protection",
    "annex/health",
    "partner/OIM",
    "partner/CICR",
];
const DOCUMENT: DocumentId = DocumentId::new([1; 16]);
const ME: ActorPrefix = ActorPrefix::new([1; 8]);

fn principals() -> Vec<(&'static str, Principal)> {
    let role = |role: Role| {
        let mut channels = match role {
            Role::Analyst | Role::Administrator | Role::Auditor => vec![],
            Role::Partner => vec!["partner/OIM"],
            _ => vec!["site/GOG", "user/0101010101010101"],
        };
        let mut leads = vec![];
        match role {
            Role::SiteLead => leads.push("GOG"),
            Role::RegionalLead => {
                leads.extend(["GOG", "KAY"]);
                channels.push("site/KAY");
            }
            Role::Protection => channels.push("annex/protection"),
            Role::Health => channels.push("annex/health"),
            _ => {}
        }
        let principal = Principal {
            by: By::Lease(ME),
            roles: vec![role],
            channels: channels.into_iter().map(channel).collect(),
            leads: leads.into_iter().map(site).collect(),
            ..Principal::nobody()
        };
        (role.name(), principal)
    };
    let others = [
        ("nobody", Principal::nobody()),
        ("token at first", Principal::setup(Setup::Everything)),
        ("token", Principal::setup(Setup::Administration)),
    ];
    others.into_iter().chain(Role::ALL.map(role)).collect()
}

fn channel(name: &str) -> Channel {
    Channel::new(name).expect("a channel has this name")
}

fn site(code: &str) -> SiteCode {
    SiteCode::new(code).expect("a site has this code")
}

/// The tables as text.
///
/// # Panics
/// When a denial does not carry the one code, or a document's openness depends on more than the role's having the action.
#[must_use]
pub fn text() -> String {
    let principals = principals();
    let names: Vec<&str> = principals.iter().map(|(name, _)| *name).collect();
    let row = |name: String, said: &dyn Fn(&Principal) -> &'static str| {
        (name, principals.iter().map(|(_, principal)| said(principal).to_owned()).collect::<Vec<String>>())
    };
    let mut text = HEAD.to_owned();

    text.push_str("== At all (A), at the own site (O), at another one (T), everywhere (E) ==\n\n");
    let (own, other) = (site("GOG"), site("BAM"));
    let reach = |principal: &Principal, action| {
        let resources = [
            ('A', Resource::Any),
            ('O', Resource::Site(&own)),
            ('T', Resource::Site(&other)),
            ('E', Resource::Everywhere),
        ];
        let letters = resources.into_iter().filter(|(_, resource)| said(principal, action, *resource) != "-");
        let letters: String = letters.map(|(letter, _)| letter).collect();
        if letters.is_empty() { "-".to_owned() } else { letters }
    };
    let rows = Action::ALL.map(|action| {
        (action.name().to_owned(), principals.iter().map(|(_, who)| reach(who, action)).collect::<Vec<String>>())
    });
    grid(&mut text, "", &names, rows);

    text.push_str("\n== Opening a document: who has the action at all, by kind and channel ==\n\n");
    let mut rows = Vec::new();
    for kind in KINDS {
        for name in CHANNELS {
            let channels = [channel(name)];
            let open = |principal: &Principal| {
                let resource = Resource::Document { document: DOCUMENT, kind, channels: &channels };
                for action in Action::ALL {
                    let may = said(principal, action, Resource::Any) != "-";
                    let expected = if may && principal.sees(kind, &channels[0]) { "scope" } else { "-" };
                    assert_eq!(said(principal, action, resource), expected, "{action:?} {kind:?} {name}");
                }
                said(principal, Action::ReadDocument, resource)
            };
            rows.push(row(format!("{} in {name}", kind.name()), &open));
        }
    }
    rows.push(row("none".to_owned(), &|principal| {
        let all = Action::ALL.into_iter();
        let mut open = all.filter(|action| {
            let kind = Kind::Case;
            said(principal, *action, Resource::Document { document: DOCUMENT, kind, channels: &[] }) != "-"
        });
        assert_eq!(open.next(), None, "what does not exist is open to nobody");
        "-"
    }));
    grid(&mut text, "", &names, rows);

    text.push_str("\n== A device begins a document, by kind and the channel of the site that it names ==\n\n");
    let mut rows = Vec::new();
    for kind in KINDS {
        for name in &CHANNELS[..3] {
            let channel = channel(name);
            let begins = |who: &Principal| said(who, Action::Write, Resource::New { kind, channel: &channel });
            rows.push(row(format!("{} in {name}", kind.name()), &begins));
        }
    }
    grid(&mut text, "", &names, rows);

    text.push_str(
        "\n== A device changes a document; where it began it; where it shows the card, at GOG and at BAM ==\n\n",
    );
    let mut rows = Vec::new();
    let ways = [
        ("", None, None),
        (", began it", Some(ME), None),
        (", card at GOG", None, Some("site/GOG")),
        (", card at BAM", None, Some("site/BAM")),
    ];
    for kind in KINDS {
        for name in CHANNELS {
            let is_possible = |way: &&(&str, Option<ActorPrefix>, _)| way.1.is_none() || kind == Kind::Annex;
            for (way, annex_writer, card) in ways.iter().filter(is_possible).copied() {
                let (channels, place) = ([channel(name)], channel(card.unwrap_or("site/GOG")));
                let resource = Resource::Existing {
                    kind,
                    channels: &channels,
                    annex_writer,
                    card_shown: card.is_some(),
                    channel: &place,
                };
                let line = row(format!("{} in {name}{way}", kind.name()), &|who| said(who, Action::Write, resource));
                rows.push(line);
            }
        }
    }
    grid(&mut text, "", &names, rows);
    text
}

fn said(principal: &Principal, action: Action, resource: Resource<'_>) -> &'static str {
    match decide(principal, action, resource) {
        Ok(Allowed::Scope) => "scope",
        Ok(Allowed::Began) => "begins",
        Ok(Allowed::Card) => "card",
        Ok(Allowed::Writer) => "writer",
        Ok(Allowed::BreakGlass) => "glass",
        Ok(Allowed::Decided) => "decided",
        Err(code) => {
            assert_eq!(code, if action == Action::Write { HELD_SCOPE } else { DENIED }, "one code for every denial");
            "-"
        }
    }
}
