//! From where a request comes: the other end of its connection, or what a named proxy says about it.
//!
//! Anybody can write `X-Forwarded-For` or `Forwarded` into a request. They are believed only when the connection itself
//! comes from a proxy that was named at the start, and then only up to the first hop, from the right, that no named
//! proxy vouches for. What contradicts itself counts for the proxy.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use axum::http::{HeaderMap, header};
use thiserror::Error;

use crate::limits::FORWARDED_HOPS_MAX;

/// The header that most proxies write.
const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// Both ends of a connection, in the extensions of each of its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// The other end.
    pub peer: IpAddr,
    /// This end: the hub's own address as the peer sees it.
    pub own: IpAddr,
}

/// Addresses of a proxy: one, or a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proxy {
    address: IpAddr,
    bits: u8,
}

/// Not an address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("'{0}' is no address of a proxy: wanted is an address such as 192.0.2.7, or a block such as 192.0.2.0/28")]
pub struct ProxyError(String);

impl FromStr for Proxy {
    type Err = ProxyError;

    fn from_str(text: &str) -> Result<Self, ProxyError> {
        let wrong = || ProxyError(text.chars().take(60).collect());
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), str::parse).map_err(|_| wrong())?;
        if bits > most { Err(wrong()) } else { Ok(Self { address, bits }) }
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

impl Proxy {
    fn holds(&self, address: IpAddr) -> bool {
        let (own, other, width) = match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => (u128::from(u32::from(own)), u128::from(u32::from(other)), 32),
            (IpAddr::V6(own), IpAddr::V6(other)) => (u128::from(own), u128::from(other), 128),
            _ => return false,
        };
        let low = width - u32::from(self.bits);
        own.checked_shr(low) == other.checked_shr(low)
    }
}

/// The proxies that were named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies(pub Vec<Proxy>);

impl Proxies {
    /// Whether this address is one of them.
    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|proxy| proxy.holds(address))
    }

    /// The address that a request came from, as far as the hub can know.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.trusts(peer) {
            return peer;
        }
        let one = self.first_untrusted(peer, hops(headers, X_FORWARDED_FOR, address_of));
        let other = self.first_untrusted(peer, hops(headers, header::FORWARDED.as_str(), forwarded_for));
        match (one, other) {
            (Some(one), Some(other)) if one != other => peer,
            (Some(address), _) | (None, Some(address)) => address,
            (None, None) => peer,
        }
    }

    /// Walks from the hub outwards: each hop was written by the one before, and is believed if that one is trusted.
    fn first_untrusted(&self, peer: IpAddr, hops: Option<Vec<Option<IpAddr>>>) -> Option<IpAddr> {
        let mut last = peer;
        for hop in hops?.into_iter().rev().take(FORWARDED_HOPS_MAX) {
            // What cannot be read was written by `last`, which is trusted; beyond it nothing is known.
            let Some(hop) = hop else { break };
            last = hop;
            if !self.trusts(hop) {
                break;
            }
        }
        Some(last)
    }
}

/// The hops that a header names, nearest last; `None` when it is absent.
fn hops(headers: &HeaderMap, name: &str, read: impl Fn(&str) -> Option<IpAddr>) -> Option<Vec<Option<IpAddr>>> {
    headers.contains_key(name).then(|| {
        let lines = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default());
        lines.flat_map(|line| line.split(',')).map(|hop| read(hop.trim())).collect()
    })
}

/// The `for` of one element of `Forwarded` (RFC 7239).
fn forwarded_for(element: &str) -> Option<IpAddr> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for").then(|| address_of(value.trim().trim_matches('"')))?
    })
}

/// An address, with or without a port; IPv6 with or without brackets.
fn address_of(text: &str) -> Option<IpAddr> {
    let address: IpAddr = if let Some(rest) = text.strip_prefix('[') {
        rest.split_once(']')?.0.parse().ok()?
    } else {
        text.parse().ok().or_else(|| text.rsplit_once(':')?.0.parse().ok())?
    };
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(list: &[&str]) -> Proxies {
        Proxies(list.iter().map(|text| text.parse().unwrap()).collect())
    }

    fn client(list: &[&str], peer: &str, headers: &[(&'static str, &str)]) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        proxies(list).client(peer.parse().unwrap(), &map).to_string()
    }

    #[test]
    fn forwarding_headers_of_anybody_else_are_ignored() {
        let forged = [("x-forwarded-for", "198.51.100.1"), ("forwarded", "for=198.51.100.1")];
        assert_eq!(client(&[], "203.0.113.9", &forged), "203.0.113.9");
        assert_eq!(client(&["203.0.113.8"], "203.0.113.9", &forged), "203.0.113.9");
        assert_eq!(client(&["203.0.113.8/31"], "203.0.113.9", &forged), "198.51.100.1");
    }

    #[test]
    fn the_rightmost_hop_that_nobody_vouches_for_counts() {
        let trusted = ["10.0.0.0/8", "2001:db8::1"];
        let of = |line: &str| client(&trusted, "10.0.0.1", &[("x-forwarded-for", line)]);
        assert_eq!(of("198.51.100.1"), "198.51.100.1");
        assert_eq!(of("192.0.2.66, 198.51.100.1, 10.0.0.2"), "198.51.100.1", "what the client wrote is left of it");
        assert_eq!(of("192.0.2.66, nonsense, 10.0.0.2"), "10.0.0.2");
        assert_eq!(of("198.51.100.1:4711"), "198.51.100.1");
        assert_eq!(of(""), "10.0.0.1");
        let lines = [("x-forwarded-for", "192.0.2.66"), ("x-forwarded-for", "198.51.100.1")];
        assert_eq!(client(&trusted, "10.0.0.1", &lines), "198.51.100.1");
        let standard = [("forwarded", "for=192.0.2.66, For=\"[2001:db8::77]:443\";proto=https")];
        assert_eq!(client(&trusted, "10.0.0.1", &standard), "2001:db8::77");
        assert_eq!(client(&trusted, "2001:db8::1", &standard), "2001:db8::77");
    }

    #[test]
    fn two_headers_that_differ_count_for_the_proxy() {
        let both = [("x-forwarded-for", "198.51.100.1"), ("forwarded", "for=192.0.2.66")];
        assert_eq!(client(&["10.0.0.1"], "10.0.0.1", &both), "10.0.0.1");
    }

    #[test]
    fn what_is_no_address_is_no_proxy() {
        for wrong in ["", "proxy.example.org", "10.0.0.0/33", "10.0.0.1/", "::/129", "10.0.0.1/-1"] {
            assert!(wrong.parse::<Proxy>().is_err(), "{wrong}");
        }
        assert!(proxies(&["0.0.0.0/0"]).trusts("198.51.100.1".parse().unwrap()));
        assert!(!proxies(&["0.0.0.0/0"]).trusts("2001:db8::1".parse().unwrap()));
        assert!(proxies(&["::/0"]).trusts("2001:db8::1".parse().unwrap()));
    }
}
