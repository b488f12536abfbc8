//! What a good value is, where its type does not say so, and how one is spelt.
//!
//! Owns the rule of both: what is plainly meant is written as it is needed (`https://Shop.Example:443/` is the
//! origin `https://shop.example`), and what could never work is refused. Refuses to know where a value came from.

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Deserializer, de};
use std::net::IpAddr;
use url::Url;
use validator::ValidationError;

/// Schemes whose pages have no origin of their own, or that no page is loaded by.
const SCHEMES_WITHOUT_ORIGIN: [&str; 9] =
    ["about", "blob", "data", "file", "filesystem", "ftp", "javascript", "ws", "wss"];
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// `text` as browsers write it in `Origin`, or `*`; `None` where no browser could ever send it.
///
/// Other schemes than the web's are those of extensions and of applications with a browser inside
/// (`chrome-extension://…`, `capacitor://localhost`); `null` stands for every page without an origin, and is
/// none. <https://fetch.spec.whatwg.org/#origin-header>
pub(super) fn origin(text: &str) -> Option<String> {
    if text == "*" {
        return Some(text.to_owned());
    }
    let (scheme, rest) = text.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    let is_plain = |c: char| c.is_alphanumeric() || "-._:[]".contains(c);
    if !is_scheme || SCHEMES_WITHOUT_ORIGIN.contains(&scheme.as_str()) || !authority.chars().all(is_plain) {
        return None;
    }
    if scheme == "http" || scheme == "https" {
        let url = Url::parse(&format!("{scheme}://{authority}/")).ok()?;
        // What is left to letters beyond ASCII may unfold to anything.
        let good = url.host_str()?.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b));
        return good.then(|| url.origin().ascii_serialization());
    }
    let authority = authority.to_ascii_lowercase();
    let (host, port) = authority.split_once(':').map_or((authority.as_str(), None), |(host, port)| (host, Some(port)));
    let good = !host.is_empty()
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
        && port.is_none_or(|port| port.parse::<u16>().is_ok());
    good.then(|| format!("{scheme}://{authority}"))
}

/// Whether every one of them is an origin.
pub(super) fn origins(texts: &[String]) -> Result<(), ValidationError> {
    let Some(bad) = texts.iter().find(|text| origin(text).is_none()) else { return Ok(()) };
    let rule = if bad == "null" {
        "'null' stands for every page without an origin, which only '*' lets in".to_owned()
    } else {
        format!(
            "'{bad}' is no origin: '*', or scheme, host and port alone, such as https://shop.example, with commas between several"
        )
    };
    Err(invalid("origin", rule))
}

/// A network, or an address alone. Networks of IPv4 within IPv6 are IPv4's, as addresses are when they are asked
/// about.
pub(super) fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let bad = |text: &str| {
        let rule = format!("'{text}' is neither a network, such as 10.0.0.0/8, nor an address");
        de::Error::custom(rule)
    };
    texts.iter().map(|text| network(text).ok_or_else(|| bad(text))).collect()
}

fn network(text: &str) -> Option<IpNet> {
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok()?;
    let within = match network {
        IpNet::V6(v6) => v6.addr().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(96)),
        IpNet::V4(_) => None,
    };
    match within {
        Some((address, prefix)) => Ipv4Net::new(address, prefix).ok().map(IpNet::V4),
        None => Some(network),
    }
}

/// Whether `text` is an address and a port.
pub(super) fn bind(text: &str) -> Result<(), ValidationError> {
    let good = text.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && !host.contains(|c: char| c == '/' || c.is_whitespace()) && port.parse::<u16>().is_ok()
    });
    let rule = "must be an address and a port, such as 127.0.0.1:8000 or [::]:8000";
    if good { Ok(()) } else { Err(invalid("bind", rule)) }
}

/// Whether `text` can stand before a path.
pub(super) fn base_url(text: &str) -> Result<(), ValidationError> {
    let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let good = host.map_or(text.starts_with('/'), |host| host.starts_with(|c: char| c.is_alphanumeric() || c == '['));
    let odd = |c: char| "?#\\\"<>".contains(c) || c.is_whitespace() || c.is_control();
    if good && !text.ends_with('/') && !text.contains(odd) {
        return Ok(());
    }
    Err(invalid("base_url", "must be an absolute path below the root or an http(s) URL, without query or fragment"))
}

/// Whether `text` is a collector's URL.
pub(super) fn collector(text: &str) -> Result<(), ValidationError> {
    let good = Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none() && url.fragment().is_none()
    });
    if good { Ok(()) } else { Err(invalid("collector", "must be an http(s) URL, without query or fragment")) }
}

/// Whether `text` is a level, or a filter in which nothing is likely to be a slip: the filter's own parser takes
/// every word that is no level for the name of a module, and then shows that module's lines alone.
/// <https://docs.rs/tracing-subscriber/latest/tracing_subscriber/filter/struct.EnvFilter.html#directives>
pub(super) fn log_filter(text: &str) -> Result<(), ValidationError> {
    let good = directives(text).iter().all(|directive| is_directive(directive))
        && tracing_subscriber::EnvFilter::try_new(text).is_ok();
    let rule =
        "must be off, error, warn, info, debug or trace, or a filter of these, such as info,packshot_server=debug";
    if good { Ok(()) } else { Err(invalid("log_filter", rule)) }
}

/// The same filter without the spaces that its parser takes for parts of names.
pub(super) fn tidy_filter(text: &str) -> String {
    directives(text).into_iter().filter(|directive| !directive.is_empty()).collect::<Vec<_>>().join(",")
}

/// The parts between commas, as the filter's parser splits it.
fn directives(text: &str) -> Vec<&str> {
    text.split(',').map(str::trim).collect()
}

fn is_directive(directive: &str) -> bool {
    let is_level = |text: &str| LEVELS.contains(&text.to_ascii_lowercase().as_str());
    // Of the span's brackets, the filter's parser knows more.
    let (target, rest) = directive.find('[').map_or((directive, None), |place| {
        let (target, rest) = directive.split_at(place);
        (target, Some(rest))
    });
    let is_module = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':')
    };
    match rest {
        Some(rest) => {
            let level = rest.rsplit_once(']').map_or("", |(_, level)| level);
            (target.is_empty() || is_module(target)) && level.strip_prefix('=').map_or(level.is_empty(), is_level)
        }
        None => match target.split_once('=') {
            Some((module, level)) => is_module(module) && is_level(level),
            None => is_level(target),
        },
    }
}

fn invalid(code: &'static str, rule: impl Into<std::borrow::Cow<'static, str>>) -> ValidationError {
    ValidationError::new(code).with_message(rule.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::Uri;

    /// Every part of an origin in every spelling, with what browsers make of it.
    #[test]
    fn an_origin_is_spelt_as_browsers_spell_it() {
        let hosts = [
            ("shop.example", "shop.example"),
            ("Shop.EXAMPLE", "shop.example"),
            ("localhost", "localhost"),
            ("127.0.0.1", "127.0.0.1"),
            ("[::1]", "[::1]"),
            ("[2001:DB8:0::1]", "[2001:db8::1]"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("BÜCHER.example", "xn--bcher-kva.example"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("my_shop.a-b.example", "my_shop.a-b.example"),
        ];
        let ports = [("", None), (":80", Some(80)), (":443", Some(443)), (":8443", Some(8443)), (":0443", Some(443))];
        for scheme in ["http", "https", "HTTPS", "Http"] {
            for (host, spelt) in hosts {
                for (port, number) in ports {
                    for end in ["", "/"] {
                        let (text, plain) = (format!("{scheme}://{host}{port}{end}"), scheme.to_ascii_lowercase());
                        let default = if plain == "http" { 80 } else { 443 };
                        let port = number.filter(|&number| number != default);
                        let port = port.map(|number| format!(":{number}")).unwrap_or_default();
                        let expected = format!("{plain}://{spelt}{port}");
                        assert_eq!(origin(&text), Some(expected.clone()), "{text}");
                        assert_eq!(origin(&expected), Some(expected.clone()), "it stays");
                        assert!(expected.parse::<Uri>().is_ok(), "the layer takes {expected}");
                    }
                }
            }
        }
        for (text, expected) in [
            ("*", "*"),
            (
                "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
                "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
            ),
            ("moz-extension://2C127FA4-62C7/", "moz-extension://2c127fa4-62c7"),
            ("Capacitor://localhost", "capacitor://localhost"),
            ("app://obsidian.md:1", "app://obsidian.md:1"),
        ] {
            assert_eq!(origin(text).as_deref(), Some(expected));
            assert!(text == "*" || expected.parse::<Uri>().is_ok(), "the layer takes {expected}");
        }
    }

    #[test]
    fn what_no_browser_sends_is_no_origin() {
        let good = "https://shop.example";
        let mut bad: Vec<String> = [
            "",
            "shop.example",
            "//shop.example",
            "null",
            "https://",
            "https:///",
            "https:shop.example",
            "https:/shop.example",
            "https://*.example",
            "https://*",
            "https://shop.example;https://b.example",
            "https://a.example https://b.example",
            "https://shop.example:99999",
            "https://shop.example:x",
            "https://[::1",
            "https://1.2.3.4.5",
            "https://user@shop.example",
            "file://shop",
            "file:///",
            "data:text/html",
            "ws://shop.example",
            "chrome-extension://",
            "app://a/b",
            "1https://a.example",
            "https://a%2fb.example",
            "https://shop\u{2215}b.example",
            "https://a.example\u{202e}",
        ]
        .map(str::to_owned)
        .to_vec();
        // Anything behind it, and any odd character within it.
        bad.extend(["/app", "//", "/?", "?a=b", "#top", "/.", "\\", ";"].map(|rest| format!("{good}{rest}")));
        bad.extend("\0\t\n \"#%,/;<>?@\\^`{|}*".chars().map(|c| format!("https://shop{c}x.example")));
        for text in bad {
            assert_eq!(origin(&text), None, "{text:?}");
            let line = origins(&[good.to_owned(), text]).unwrap_err().message.unwrap();
            assert!(line.contains("origin"), "{line}");
        }
        assert!(origins(&["null".to_owned()]).unwrap_err().message.unwrap().contains("'*'"));
    }

    #[test]
    fn a_network_may_be_an_address_alone_and_is_what_addresses_are_compared_with() {
        for (text, expected) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.0.0.1", "10.0.0.1/32"),
            ("::1", "::1/128"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:10.0.0.1", "10.0.0.1/32"),
            ("::/0", "::/0"),
        ] {
            assert_eq!(network(text).map(|network| network.to_string()).as_deref(), Some(expected), "{text}");
        }
        for bad in ["", "everyone", "10.0.0.0/33", "10.0.0/8", "10.0.0.1:80", "localhost"] {
            assert_eq!(network(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_level_is_one_of_six_and_a_filter_names_them() {
        for good in [
            "info",
            "INFO",
            "off",
            "info,packshot_server=debug",
            "packshot_server::http=trace,warn",
            "info, actix_web=warn ",
            "info,[request]",
            "info,[upload{image=7}]=debug",
            "packshot_domain[upload]=trace,error",
            "info,",
        ] {
            let tidy = tidy_filter(good);
            assert!(log_filter(&tidy).is_ok(), "{good}");
            assert!(!tidy.contains(' '), "{tidy}");
        }
        for bad in [
            "warning",
            "verbose",
            "inf",
            "infos",
            "information",
            "fatal",
            "none",
            "true",
            "6",
            "info;debug",
            "info debug",
            "info,packshot_server",
            "info,packshot_server=",
            "info,packshot_server=verbose",
            "info,packshot-server=debug",
            "=info",
            "info,=debug",
            "info,[upload]=verbose",
            "info,[upload",
            "debug=info=warn",
            "info|debug",
        ] {
            assert!(log_filter(&tidy_filter(bad)).is_err(), "{bad}");
        }
    }
}
