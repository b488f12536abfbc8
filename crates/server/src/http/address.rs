//! The network address that a request came from.
//!
//! Owns which proxies are believed: `X-Forwarded-For` is read from its right end, and each address
//! counts only while the one that reported it is a trusted proxy.

use ipnet::{IpNet, Ipv6Net};
use std::net::IpAddr;

/// Who is believed about addresses.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(pub Vec<IpNet>);

impl TrustedProxies {
    /// The address of the client behind `peer`, with these values of `X-Forwarded-For`.
    #[must_use]
    pub fn client<'a>(&self, peer: IpAddr, forwarded_for: impl Iterator<Item = &'a str>) -> IpAddr {
        let mut client = peer.to_canonical();
        let reported: Vec<&str> = forwarded_for.flat_map(|value| value.split(',')).map(str::trim).collect();
        for text in reported.iter().rev() {
            let trusted = self.0.iter().any(|net| net.contains(&client));
            match (trusted, text.parse::<IpAddr>()) {
                (true, Ok(address)) => client = address.to_canonical(),
                _ => break,
            }
        }
        client
    }
}

/// What limits count an address as: itself, or its /64 network for IPv6, which is what one
/// subscriber has.
#[must_use]
pub fn limited_as(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => Ipv6Net::new_assert(address, 64).trunc().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &[&str], peer: &str, header: &[&str]) -> String {
        let proxies = TrustedProxies(trusted.iter().map(|net| net.parse().unwrap()).collect());
        proxies.client(peer.parse().unwrap(), header.iter().copied()).to_string()
    }

    #[test]
    fn a_stranger_is_not_believed() {
        assert_eq!(client(&[], "192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(client(&["10.0.0.0/8"], "192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
    }

    #[test]
    fn a_trusted_chain_is_followed_to_its_first_stranger() {
        let trusted = ["10.0.0.0/8"];
        assert_eq!(client(&trusted, "10.0.0.1", &["6.6.6.6, 198.51.100.7, 10.0.0.2"]), "198.51.100.7");
        assert_eq!(client(&trusted, "10.0.0.1", &["198.51.100.7", "10.0.0.2"]), "198.51.100.7");
        assert_eq!(client(&trusted, "10.0.0.1", &["garbage"]), "10.0.0.1");
        assert_eq!(client(&trusted, "10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn ipv6_is_limited_by_network() {
        assert_eq!(limited_as("2001:db8:1:2:3:4:5:6".parse().unwrap()), "2001:db8:1:2::/64");
        assert_eq!(limited_as("192.0.2.1".parse().unwrap()), "192.0.2.1");
    }
}
