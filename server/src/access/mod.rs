//! Who may do what: one place, pure, deny by default.
//!
//! Owns the decisions on writing and reading documents. Knows scopes and leases as plain values; refuses to know HTTP
//! and storage. Accounts and roles come on top of it later; until then a user's scope is the channels of their sites.

use sync_protocol::ids::{ActorPrefix, Channel};

use crate::hub::entry::Allowed;

/// Held: the document is not in the writer's scope, or cannot begin there. One answer for both.
pub const HELD_SCOPE: &str = "held-who-scope";
/// Held: earlier work of this lease on this document is held, and this hangs on it.
pub const HELD_BEHIND: &str = "held-who-behind";

/// Who wants to write.
#[derive(Debug, Clone, Copy)]
pub struct Principal<'a> {
    /// The lease that signed.
    pub lease: ActorPrefix,
    /// The channels of the user's scope.
    pub scope: &'a [Channel],
}

/// What is to be written.
#[derive(Debug, Clone, Copy)]
pub enum Resource<'a> {
    /// A document that the hub does not have; it would begin in this channel.
    New {
        /// The channel of the site that the manifest names.
        channel: &'a Channel,
    },
    /// A document that it has.
    Existing {
        /// The channels that it is in.
        channels: &'a [Channel],
        /// The lease that began it, where it is an annex.
        annex_writer: Option<ActorPrefix>,
        /// Whether the parcel shows the token of its card.
        card_shown: bool,
        /// The channel of the site that the manifest names: the card brings the document there.
        channel: &'a Channel,
    },
}

/// Whether the principal may write there, and on what ground.
///
/// # Errors
/// The code under which the work is held.
pub fn decide_write(principal: Principal<'_>, resource: Resource<'_>) -> Result<Allowed, &'static str> {
    match resource {
        Resource::New { channel } if principal.scope.contains(channel) => Ok(Allowed::Began),
        Resource::Existing { annex_writer: Some(writer), .. } if writer == principal.lease => Ok(Allowed::Writer),
        Resource::Existing { channels, .. } if channels.iter().any(|c| principal.scope.contains(c)) => {
            Ok(Allowed::Scope)
        }
        Resource::Existing { card_shown: true, channel, .. } if principal.scope.contains(channel) => Ok(Allowed::Card),
        _ => Err(HELD_SCOPE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(name: &str) -> Channel {
        Channel::new(name).unwrap()
    }

    #[test]
    fn writing_is_denied_unless_something_allows_it() {
        let (here, there) = (channel("site/GOG"), channel("site/KAY"));
        let scope = [here.clone()];
        let me = Principal { lease: ActorPrefix::new([1; 8]), scope: &scope };
        let other = Some(ActorPrefix::new([2; 8]));
        let existing = |channels, annex_writer, card_shown, channel| Resource::Existing {
            channels,
            annex_writer,
            card_shown,
            channel,
        };
        let far = std::slice::from_ref(&there);
        assert_eq!(decide_write(me, Resource::New { channel: &here }), Ok(Allowed::Began));
        assert_eq!(decide_write(me, Resource::New { channel: &there }), Err(HELD_SCOPE));
        assert_eq!(decide_write(me, existing(&scope, None, false, &here)), Ok(Allowed::Scope));
        assert_eq!(decide_write(me, existing(far, None, false, &here)), Err(HELD_SCOPE));
        assert_eq!(decide_write(me, existing(far, None, true, &here)), Ok(Allowed::Card));
        assert_eq!(decide_write(me, existing(far, None, true, &there)), Err(HELD_SCOPE));
        assert_eq!(decide_write(me, existing(far, Some(me.lease), false, &here)), Ok(Allowed::Writer));
        assert_eq!(decide_write(me, existing(&[], other, false, &here)), Err(HELD_SCOPE));
    }
}
