//! A hub's URL: `https://host[:port]`, or `http://host[:port]` on this machine.

use std::net::IpAddr;

/// Where a hub is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubAddress {
    /// Name or address, without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Whether it is spoken to under TLS.
    pub is_tls: bool,
    /// Host and port as a request names them.
    pub authority: String,
}

impl HubAddress {
    /// Reads a URL. None for anything else, and for plain HTTP to another machine: names and tokens would travel open.
    #[must_use]
    pub fn parse(url: &str) -> Option<Self> {
        let url = url.trim();
        let (is_tls, rest) = match url.strip_prefix("https://") {
            Some(rest) => (true, rest),
            None => (false, url.strip_prefix("http://")?),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']')?;
                host.parse::<std::net::Ipv6Addr>().ok()?;
                (host, if port.is_empty() { None } else { Some(port.strip_prefix(':')?) })
            }
            None => match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        let fits = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c) || (c == ':' && authority.starts_with('['));
        if host.is_empty() || !host.chars().all(fits) {
            return None;
        }
        let port = match port {
            Some(port) => port.parse().ok()?,
            None if is_tls => 443,
            None => 80,
        };
        let is_own = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        (is_tls || is_own).then(|| Self { host: host.to_owned(), port, is_tls, authority: authority.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_to_anywhere_plain_http_to_this_machine() {
        let of = |url| HubAddress::parse(url).map(|address| (address.host, address.port, address.is_tls));
        let some = |host: &str, port, is_tls| Some((host.to_owned(), port, is_tls));
        assert_eq!(of("http://127.0.0.1:8470/"), some("127.0.0.1", 8470, false));
        assert_eq!(of("http://[::1]:80"), some("::1", 80, false));
        assert_eq!(of("http://localhost"), some("localhost", 80, false));
        assert_eq!(of("https://hub.example.org"), some("hub.example.org", 443, true));
        assert_eq!(of("https://[2001:db8::1]:8470"), some("2001:db8::1", 8470, true));
        assert_eq!(of("https://192.0.2.1:8470"), some("192.0.2.1", 8470, true));
        for wrong in [
            "",
            "127.0.0.1:80",
            "http://example.org:80",
            "http://192.0.2.1",
            "https://",
            "https://hub:port",
            "https://user@hub",
            "https://hub/path",
            "https://[hub]",
            "ftp://127.0.0.1",
        ] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
        assert_eq!(HubAddress::parse("http://[::1]:80/").unwrap().authority, "[::1]:80");
    }
}
