//! Who may come in, and how: what a start says about the network before the hub.

use std::net::IpAddr;

use super::peer::Proxies;
use crate::tls::CertificateFiles;

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
    pub public_names: Vec<String>,
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
        if name.eq_ignore_ascii_case("localhost") || self.public_names.iter().any(|own| own.eq_ignore_ascii_case(name))
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
        let door = Door { public_names: vec!["hub.example.org".to_owned()], ..Door::default() };
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
