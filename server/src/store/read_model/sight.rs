//! How far somebody sees: the documents of which channels, the receipts of which sites, the held work of which leases.
//!
//! Plain data that every question to the read model takes; who sees what is decided elsewhere (`routes::sight` asks
//! `access`). Nothing by default.

use serde::Serialize;
use sync_protocol::ids::{ActorPrefix, Channel, SiteCode};

/// All of something, or these of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Only<T> {
    /// All.
    All,
    /// These and no other.
    These(Vec<T>),
}

impl<T> Default for Only<T> {
    fn default() -> Self {
        Self::These(Vec::new())
    }
}

/// The documents of which channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Channels {
    /// All, also those in no channel.
    All,
    /// Those of every site, and of these channels.
    Sites(Vec<Channel>),
    /// Those of these channels.
    These(Vec<Channel>),
}

impl Default for Channels {
    fn default() -> Self {
        Self::These(Vec::new())
    }
}

/// How far somebody sees.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sight {
    /// Documents.
    pub documents: Channels,
    /// Receipts, by the site of the parcel.
    pub receipts: Only<SiteCode>,
    /// Held work, by whose it is.
    pub held: Only<ActorPrefix>,
}

impl Sight {
    /// Everything.
    #[must_use]
    pub fn everything() -> Self {
        Self { documents: Channels::All, receipts: Only::All, held: Only::All }
    }
}

/// A list as SQL takes it: whether it is all, and else the names as a JSON array.
pub(super) struct Names {
    pub all: bool,
    pub names: String,
}

impl<T: ToString> From<&Only<T>> for Names {
    fn from(only: &Only<T>) -> Self {
        match only {
            Only::All => Self { all: true, names: json(&[] as &[String]) },
            Only::These(these) => Self { all: false, names: json_of(these) },
        }
    }
}

/// Channels as SQL takes them.
pub(super) struct ChannelNames {
    pub all: bool,
    pub sites: bool,
    pub names: String,
}

impl From<&Channels> for ChannelNames {
    fn from(channels: &Channels) -> Self {
        let (all, sites, these): (bool, bool, &[Channel]) = match channels {
            Channels::All => (true, false, &[]),
            Channels::Sites(these) => (false, true, these),
            Channels::These(these) => (false, false, these),
        };
        Self { all, sites, names: json_of(these) }
    }
}

fn json_of<T: ToString>(these: &[T]) -> String {
    json(&these.iter().map(ToString::to_string).collect::<Vec<_>>())
}

fn json<T: Serialize>(names: &[T]) -> String {
    serde_json::to_string(names).expect("a list of texts always becomes JSON")
}
