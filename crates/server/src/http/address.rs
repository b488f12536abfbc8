//! The network address that a request came from.
//!
//! Owns which proxies are believed, and how they write addresses: with ports, with brackets, in
//! `X-Forwarded-For` or, where there is none, in `Forwarded` (RFC 7239). Either is read from its right end, and
//! each address counts only while the one that reported it is a trusted proxy.

use actix_web::http::header::{FORWARDED, HeaderMap, HeaderName, X_FORWARDED_FOR};
use ipnet::{IpNet, Ipv6Net};
use std::net::{IpAddr, Ipv6Addr};

/// Who is believed about addresses.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(pub Vec<IpNet>);

impl TrustedProxies {
    /// The address of the client behind `peer`, with these header fields.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        for reported in reported(headers).into_iter().rev() {
            let trusted = self.0.iter().any(|net| net.contains(&client));
            match (trusted, reported) {
                (true, Some(address)) => client = address.to_canonical(),
                _ => break,
            }
        }
        client
    }
}

/// The chain of addresses that proxies wrote down, the nearest last; `None` for what is no address.
fn reported(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let values = |name: HeaderName| headers.get_all(name).filter_map(|value| value.to_str().ok());
    if headers.contains_key(X_FORWARDED_FOR) {
        return values(X_FORWARDED_FOR).flat_map(|value| value.split(',')).map(node).collect();
    }
    values(FORWARDED).flat_map(|value| split(value, ',')).map(forwarded_for).collect()
}

/// The address of one element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let pairs = split(element, ';').into_iter().filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.into_iter().find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    node(value)
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:4711`, quoted or not; the port
/// may be hidden as in RFC 7239.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text).trim();
    if let Some(bracketed) = text.strip_prefix('[') {
        let (address, behind) = bracketed.split_once(']')?;
        let good = behind.is_empty() || behind.strip_prefix(':').is_some_and(is_port);
        return good.then(|| ipv6(address)).flatten();
    }
    match text.split_once(':') {
        Some((address, port)) if is_port(port) => address.parse().ok().map(IpAddr::V4),
        Some(_) => ipv6(text),
        None => text.parse().ok().map(IpAddr::V4),
    }
}

/// Without its zone, which means something on the proxy alone.
fn ipv6(text: &str) -> Option<IpAddr> {
    let address = text.split('%').next().unwrap_or_default();
    address.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
}

fn is_port(text: &str) -> bool {
    let hidden = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    text.parse::<u16>().is_ok() || text.strip_prefix('_').is_some_and(|rest| !rest.is_empty() && hidden(rest))
}

/// What stands between these separators, outside of quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |character| {
        if escaped {
            escaped = false;
        } else if quoted && character == '\\' {
            escaped = true;
        } else if character == '"' {
            quoted = !quoted;
        }
        character == separator && !quoted
    })
    .collect()
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
    use actix_web::http::header::HeaderValue;
    use proptest::prelude::*;

    fn client_with(trusted: &[&str], peer: &str, name: HeaderName, values: &[&str]) -> String {
        let proxies = TrustedProxies(trusted.iter().map(|net| net.parse().unwrap()).collect());
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name.clone(), HeaderValue::from_str(value).unwrap());
        }
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    fn client(trusted: &[&str], peer: &str, header: &[&str]) -> String {
        client_with(trusted, peer, X_FORWARDED_FOR, header)
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
    fn forwarded_is_read_where_there_is_no_x_forwarded_for() {
        let trusted = ["10.0.0.0/8"];
        let forwarded = |values: &[&str]| client_with(&trusted, "10.0.0.1", FORWARDED, values);
        assert_eq!(forwarded(&["for=198.51.100.7"]), "198.51.100.7");
        assert_eq!(forwarded(&["For=\"[2001:db8::17]:4711\"; proto=https; by=10.0.0.9"]), "2001:db8::17");
        assert_eq!(forwarded(&["for=6.6.6.6, by=x;for=198.51.100.7:80", "for=10.0.0.2"]), "198.51.100.7");
        assert_eq!(forwarded(&["host=\"a, for=6.6.6.6; for=6.6.6.6\";for=198.51.100.7"]), "198.51.100.7");
        for hidden in ["for=unknown", "for=_secret", "proto=http", "", "for="] {
            assert_eq!(forwarded(&["for=6.6.6.6", hidden]), "10.0.0.1", "{hidden}");
        }
    }

    /// How gateways write an address.
    fn written(address: IpAddr, port: Option<u16>, brackets: bool, quotes: bool) -> String {
        let port = port.map_or_else(String::new, |port| format!(":{port}"));
        let node = match address {
            IpAddr::V4(address) => format!("{address}{port}"),
            IpAddr::V6(address) if brackets || !port.is_empty() => format!("[{address}]{port}"),
            IpAddr::V6(address) => address.to_string(),
        };
        if quotes { format!("\"{node}\"") } else { node }
    }

    fn address() -> impl Strategy<Value = IpAddr> {
        prop_oneof![
            any::<u32>().prop_map(|bits| IpAddr::V4(bits.into())),
            any::<u128>().prop_map(|bits| IpAddr::V6(bits.into())),
            prop::sample::select(vec!["::", "::1", "::ffff:192.0.2.1", "fe80::1", "0.0.0.0", "2001:db8::80"])
                .prop_map(|text| text.parse().unwrap()),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_address_is_read_however_it_is_written(
            address in address(),
            port in any::<Option<u16>>(),
            brackets in any::<bool>(),
            quotes in any::<bool>(),
            space in prop::sample::select(vec!["", " ", "\t"]),
        ) {
            let text = written(address, port, brackets, quotes);
            prop_assert_eq!(node(&format!("{space}{text}{space}")), Some(address), "{}", text);
            let expected = address.to_canonical().to_string();
            prop_assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &[&text]), expected.clone());
            let pair = format!("proto=http{space};{space}for={text};by=10.0.0.1");
            prop_assert_eq!(client_with(&["10.0.0.0/8"], "10.0.0.1", FORWARDED, &[&pair]), expected);
        }

        #[test]
        fn nothing_else_is_an_address(text in "[0-9a-f.:\\[\\]%\"_x ]{0,24}") {
            if let Some(address) = node(&text) {
                let plain = text.trim().trim_matches('"').trim();
                let bare = plain.trim_start_matches('[').split([']', '%']).next().unwrap();
                let bare = if address.is_ipv4() { bare.split(':').next().unwrap() } else { bare };
                prop_assert_eq!(bare.parse::<IpAddr>().ok(), Some(address), "{}", text);
            }
        }
    }

    #[test]
    fn ipv6_is_limited_by_network() {
        assert_eq!(limited_as("2001:db8:1:2:3:4:5:6".parse().unwrap()), "2001:db8:1:2::/64");
        assert_eq!(limited_as("192.0.2.1".parse().unwrap()), "192.0.2.1");
    }
}
