//! How often who may ask: token buckets over times that are given, in tables that do not grow.
//!
//! Before anybody has proved who they are, requests count for the network they come from; once they have, what was taken
//! there is given back and counts for the device or the account. A site with fifty phones behind one address therefore
//! never meets the address's limit, and a guesser does. Attempts to enrol or to sign in have stricter buckets of their
//! own, given back when the attempt succeeds: only failures use them up. Who calls this for every request:
//! `routes::door`.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sync_protocol::ids::{ActorPrefix, UserId};
use thiserror::Error;

use crate::limits;

/// Addresses that count as one peer: an IPv4 address, or the IPv6 /64 that a provider gives to one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// The network of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) if !address.is_loopback() => {
                let high = u128::from(address) >> 64 << 64;
                Self(IpAddr::V6(Ipv6Addr::from(high)))
            }
            other => Self(other),
        }
    }

    /// Whether it is this machine.
    #[must_use]
    pub const fn is_loopback(&self) -> bool {
        self.0.is_loopback()
    }
}

impl Default for Network {
    fn default() -> Self {
        Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }
}

/// What is counted, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bucket {
    /// Any request, before it is known who asks.
    Peer(Network),
    /// An attempt to enrol a device.
    Enrol(Network),
    /// An attempt to sign in to the console.
    SignIn(Network),
    /// A request of a device that has proved its lease.
    Lease(ActorPrefix),
    /// A request of a person who is signed in to the console.
    Account(UserId),
    /// A request with the console token of the hub's start.
    Setup,
}

/// How often: so many at once, and so many a minute in the long run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Requests at once.
    pub burst: u32,
    /// Requests a minute.
    pub a_minute: u32,
}

/// An allowance for each kind of bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Before it is known who asks, from another machine.
    pub peer: Allowance,
    /// The same from this machine: a tunnel or a proxy that was not named speaks for many here.
    pub loopback: Allowance,
    /// Attempts to enrol that fail.
    pub enrol: Allowance,
    /// Attempts to sign in that fail.
    pub sign_in: Allowance,
    /// Of one device.
    pub lease: Allowance,
    /// Of one person on the console.
    pub account: Allowance,
    /// With the console token.
    pub setup: Allowance,
}

impl Default for Rates {
    fn default() -> Self {
        let of = |(burst, a_minute)| Allowance { burst, a_minute };
        Self {
            peer: of(limits::RATE_PEER),
            loopback: of(limits::RATE_LOOPBACK),
            enrol: of(limits::RATE_ENROL),
            sign_in: of(limits::RATE_SIGN_IN),
            lease: of(limits::RATE_LEASE),
            account: of(limits::RATE_ACCOUNT),
            setup: of(limits::RATE_SETUP),
        }
    }
}

/// Too often; come back after so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("too many requests: send the same again in {0} seconds")]
pub struct RetryAfter(pub u32);

/// Counts. One for a hub.
pub struct Rate {
    rates: Rates,
    /// By network: strangers can fill these, each kind its own only.
    peers: Table<Network>,
    enrols: Table<Network>,
    sign_ins: Table<Network>,
    /// By who was recognised.
    known: Table<Bucket>,
}

impl Rate {
    /// Counts by these allowances.
    #[must_use]
    pub fn new(rates: Rates) -> Self {
        let (peers, enrols, sign_ins) = (Table::default(), Table::default(), Table::default());
        Self { rates, peers, enrols, sign_ins, known: Table::default() }
    }

    /// Takes one request out of a bucket.
    ///
    /// # Errors
    /// [`RetryAfter`] when the bucket is empty; nothing is taken then.
    pub fn allow(&self, bucket: Bucket, now: Instant) -> Result<(), RetryAfter> {
        let allowance = self.allowance(bucket);
        match bucket {
            Bucket::Peer(network) => self.peers.allow(network, allowance, now),
            Bucket::Enrol(network) => self.enrols.allow(network, allowance, now),
            Bucket::SignIn(network) => self.sign_ins.allow(network, allowance, now),
            known => self.known.allow(known, allowance, now),
        }
    }

    /// Gives one back: it has turned out to be somebody who may, or counts elsewhere now.
    pub fn give_back(&self, bucket: Bucket) {
        let allowance = self.allowance(bucket);
        match bucket {
            Bucket::Peer(network) => self.peers.give_back(network, allowance),
            Bucket::Enrol(network) => self.enrols.give_back(network, allowance),
            Bucket::SignIn(network) => self.sign_ins.give_back(network, allowance),
            known => self.known.give_back(known, allowance),
        }
    }

    const fn allowance(&self, bucket: Bucket) -> Allowance {
        match bucket {
            Bucket::Peer(network) if network.is_loopback() => self.rates.loopback,
            Bucket::Peer(_) => self.rates.peer,
            Bucket::Enrol(_) => self.rates.enrol,
            Bucket::SignIn(_) => self.rates.sign_in,
            Bucket::Lease(_) => self.rates.lease,
            Bucket::Account(_) => self.rates.account,
            Bucket::Setup => self.rates.setup,
        }
    }
}

/// For each key the moment at which its bucket is full again: a bucket that is full need not be remembered.
struct Table<K>(Mutex<HashMap<K, Instant>>);

impl<K> Default for Table<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Copy + Eq + Hash> Table<K> {
    fn allow(&self, key: K, allowance: Allowance, now: Instant) -> Result<(), RetryAfter> {
        let each = each(allowance);
        let room = each * allowance.burst.saturating_sub(1);
        let mut full_at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = full_at.get(&key).copied().unwrap_or(now).max(now);
        let over = known.duration_since(now).saturating_sub(room);
        if allowance.burst == 0 || !over.is_zero() {
            let seconds = u32::try_from(over.as_millis().div_ceil(1000)).unwrap_or(u32::MAX);
            return Err(RetryAfter(seconds.max(1)));
        }
        if full_at.len() >= limits::RATE_KEYS_MAX && !full_at.contains_key(&key) {
            forget(&mut full_at, now);
        }
        full_at.insert(key, known + each);
        Ok(())
    }

    fn give_back(&self, key: K, allowance: Allowance) {
        let mut full_at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = full_at.get_mut(&key) {
            *at = at.checked_sub(each(allowance)).unwrap_or(*at);
        }
    }
}

/// Forgets the buckets that are full, or else the half that is least used.
fn forget<K: Copy + Eq + Hash>(full_at: &mut HashMap<K, Instant>, now: Instant) {
    full_at.retain(|_, at| *at > now);
    if full_at.len() >= limits::RATE_KEYS_MAX {
        let mut times: Vec<Instant> = full_at.values().copied().collect();
        let half = times.len() / 2;
        let (_, middle, _) = times.select_nth_unstable(half);
        let middle = *middle;
        full_at.retain(|_, at| *at > middle);
    }
}

/// The time in which one request is allowed again.
fn each(allowance: Allowance) -> Duration {
    Duration::from_secs(60) / allowance.a_minute.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(burst: u32, a_minute: u32) -> Rate {
        Rate::new(Rates { peer: Allowance { burst, a_minute }, ..Rates::default() })
    }

    fn peer(last: u8) -> Bucket {
        Bucket::Peer(Network::of(IpAddr::from([192, 0, 2, last])))
    }

    #[test]
    fn a_burst_is_allowed_then_the_rate_and_each_key_has_its_own() {
        let (rate, start) = (rate(3, 60), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        for _ in 0..3 {
            assert_eq!(rate.allow(peer(1), start), Ok(()));
        }
        assert_eq!(rate.allow(peer(1), start), Err(RetryAfter(1)));
        assert_eq!(rate.allow(peer(2), start), Ok(()));
        assert_eq!(rate.allow(peer(1), after(1)), Ok(()));
        assert_eq!(rate.allow(peer(1), after(1)), Err(RetryAfter(1)), "a refusal costs nothing, and gives nothing");
        for _ in 0..3 {
            assert_eq!(rate.allow(peer(1), after(600)), Ok(()));
        }
        assert_eq!(rate.allow(peer(1), after(600)), Err(RetryAfter(1)), "rest does not add up beyond the burst");
    }

    #[test]
    fn what_is_given_back_can_be_taken_again_but_never_more_than_the_burst() {
        let (rate, now) = (rate(1, 1), Instant::now());
        for _ in 0..100 {
            assert_eq!(rate.allow(peer(1), now), Ok(()));
            rate.give_back(peer(1));
        }
        rate.give_back(peer(1));
        rate.give_back(peer(1));
        assert_eq!(rate.allow(peer(1), now), Ok(()));
        assert_eq!(rate.allow(peer(1), now), Err(RetryAfter(60)));
    }

    #[test]
    fn a_bucket_without_room_refuses_everything() {
        assert!(rate(0, 60).allow(peer(1), Instant::now()).is_err());
    }

    #[test]
    fn an_ipv6_prefix_is_one_peer_and_a_mapped_address_is_the_ipv4_one() {
        let of = |text: &str| Network::of(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert!(of("::1").is_loopback() && of("127.0.0.1").is_loopback() && of("::ffff:127.0.0.1").is_loopback());
    }

    #[test]
    fn many_peers_take_no_more_room_and_the_busiest_are_remembered() {
        let (rate, now) = (rate(2, 1), Instant::now());
        rate.allow(peer(1), now).unwrap();
        rate.allow(peer(1), now).unwrap();
        for number in 0..u32::try_from(limits::RATE_KEYS_MAX).unwrap() + 10 {
            let stranger = Bucket::Peer(Network::of(IpAddr::from((0x0a00_0000 + number).to_be_bytes())));
            assert_eq!(rate.allow(stranger, now), Ok(()));
        }
        assert!(rate.peers.0.lock().unwrap().len() <= limits::RATE_KEYS_MAX);
        assert!(rate.allow(peer(1), now).is_err());
    }
}
