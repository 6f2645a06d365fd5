//! Who may come in, and how: what a start says about the network before the hub.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use thiserror::Error;

use super::peer::Proxies;
use crate::limits::HOST_BYTES_MAX;
use crate::tls::CertificateFiles;

/// A name under which a hub's pages are opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicName(String);

/// Not a name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "'{0}' is no public name: wanted is a name such as hub.example.org, or an IPv4 address, without port or slashes"
)]
pub struct PublicNameError(String);

impl FromStr for PublicName {
    type Err = PublicNameError;

    fn from_str(text: &str) -> Result<Self, PublicNameError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        if text.is_empty() || text.len() > HOST_BYTES_MAX || !text.chars().all(fits) {
            return Err(PublicNameError(text.chars().take(60).collect()));
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl fmt::Display for PublicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The door of a hub.
#[derive(Debug, Clone, Default)]
pub struct Door {
    /// Certificate and key: with them the hub speaks TLS and nothing else.
    pub tls: Option<CertificateFiles>,
    /// What protects the way where the hub speaks plain HTTP to other machines, in the words of whoever runs it.
    pub plain_http_is_protected_by: Option<String>,
    /// Proxies whose forwarding headers are believed.
    pub proxies: Proxies,
    /// Names under which people open the console, besides the hub's own address.
    pub public_names: Vec<PublicName>,
}

impl Door {
    /// Whether answers travel under TLS of the hub's own.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// `http` or `https`.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        if self.is_tls() { "https" } else { "http" }
    }

    /// Whether a request to this host was meant for this hub: a page elsewhere may have had its own name point here
    /// (DNS rebinding), and would read the console with it. `own` is the address at which the connection arrived.
    #[must_use]
    pub fn is_own(&self, host: &str, own: IpAddr) -> bool {
        let name = without_port(host);
        if name.eq_ignore_ascii_case("localhost")
            || self.public_names.iter().any(|own| own.0.eq_ignore_ascii_case(name))
        {
            return true;
        }
        let address: Option<IpAddr> = name.trim_start_matches('[').trim_end_matches(']').parse().ok();
        address.is_some_and(|address| address.is_loopback() || address.to_canonical() == own.to_canonical())
    }
}

/// `host` of `host:port`; IPv6 addresses keep their brackets.
fn without_port(host: &str) -> &str {
    if let Some(end) = host.strip_prefix('[').and_then(|rest| rest.find(']')) {
        return &host[..end + 2];
    }
    host.split_once(':').map_or(host, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_names_are_a_hubs() {
        let door = Door { public_names: vec!["Hub.example.org".parse().unwrap()], ..Door::default() };
        let own = "192.0.2.1".parse().unwrap();
        for host in [
            "localhost",
            "LocalHost:8470",
            "127.0.0.1:8470",
            "127.9.9.9",
            "[::1]:8470",
            "192.0.2.1:1",
            "[::ffff:192.0.2.1]",
            "hub.example.org",
            "HUB.example.org:443",
        ] {
            assert!(door.is_own(host, own), "{host}");
        }
        for wrong in ["", "https://hub", "hub:443", "hub/", "[::1]", "hub example"] {
            assert!(wrong.parse::<PublicName>().is_err(), "{wrong}");
        }
        for host in [
            "",
            "evil.example",
            "hub.example.org.evil.example",
            "127.0.0.1.evil.example",
            "192.0.2.2",
            "[::2]",
            "localhost.evil.example:8470",
            "hub.example.org@evil.example",
            "[",
        ] {
            assert!(!door.is_own(host, own), "{host}");
        }
    }
}
