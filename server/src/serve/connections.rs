//! Room for connections: so many in all, so many of one peer.
//!
//! Whoever finds no room is turned away at once: a connection that waits would cost as much as one that is served.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use super::rate::Network;
use crate::limits::{CONNECTIONS_CROWDED_FOURTHS, CONNECTIONS_RESERVED};

/// The connections of a hub.
pub struct Connections {
    most: usize,
    most_by_peer: usize,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    all: usize,
    by_peer: HashMap<Network, usize>,
}

/// A place; free again when dropped.
pub struct Place {
    of: Arc<Connections>,
    /// None for a peer that is not counted by itself.
    peer: Option<Network>,
}

impl Connections {
    /// Room for this many.
    #[must_use]
    pub fn new(most: usize, most_by_peer: usize) -> Arc<Self> {
        Arc::new(Self { most, most_by_peer, open: Mutex::default() })
    }

    /// A place for one more of a peer; `None` when there is none. A named proxy speaks for many and is not counted by
    /// itself. Peers on this machine have a few places more than all others.
    #[must_use]
    pub fn admit(self: &Arc<Self>, peer: Network, is_proxy: bool) -> Option<Place> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let reserved = if peer.is_loopback() { CONNECTIONS_RESERVED } else { 0 };
        if open.all >= self.most + reserved {
            return None;
        }
        let peer = (!is_proxy).then_some(peer);
        if let Some(peer) = peer {
            let own = open.by_peer.entry(peer).or_default();
            if *own >= self.most_by_peer {
                return None;
            }
            *own += 1;
        }
        open.all += 1;
        Some(Place { of: Arc::clone(self), peer })
    }

    /// Whether there are so many that none is kept for a next request.
    #[must_use]
    pub fn is_crowded(&self) -> bool {
        self.count() * 4 >= self.most * CONNECTIONS_CROWDED_FOURTHS
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).all
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.of.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.all = open.all.saturating_sub(1);
        if let Some(Entry::Occupied(mut own)) = self.peer.map(|peer| open.by_peer.entry(peer)) {
            *own.get_mut() -= 1;
            if *own.get() == 0 {
                own.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        Network::of(text.parse().unwrap())
    }

    #[test]
    fn each_peer_has_its_share_all_together_theirs_and_this_machine_a_few_more() {
        let connections = Connections::new(3, 2);
        let (one, other, own) = (network("192.0.2.1"), network("192.0.2.2"), network("127.0.0.1"));
        let first = connections.admit(one, false).unwrap();
        let _second = connections.admit(one, false).unwrap();
        assert!(connections.admit(one, false).is_none(), "its share is used up");
        let third = connections.admit(one, true).unwrap();
        assert!(connections.admit(other, false).is_none(), "full");
        let _own = connections.admit(own, false).unwrap();
        assert_eq!(connections.count(), 4);
        assert!(connections.is_crowded());
        drop((first, third));
        assert!(!connections.is_crowded(), "two of three");
        let _other = connections.admit(other, false).unwrap();
        assert_eq!(connections.count(), 3);
        assert!(connections.admit(one, false).is_none(), "full again");
    }

    #[test]
    fn a_peer_that_has_gone_leaves_nothing_behind() {
        let connections = Connections::new(10, 2);
        drop(connections.admit(network("192.0.2.1"), false));
        assert_eq!(connections.count(), 0);
        assert!(connections.open.lock().unwrap().by_peer.is_empty());
    }
}
