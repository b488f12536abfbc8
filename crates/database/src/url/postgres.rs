//! The address of a PostgreSQL database, from a URL to libpq's keywords and values.
//!
//! Owns the grammar of libpq's URIs, so that a mistake is told in our words: libpq's own messages
//! repeat the text, password included. Parameters after `?` are handed on (`sslmode`, `host` for a
//! socket's folder, ...).

use super::InvalidDatabaseUrl;
use percent_encoding::percent_decode_str;
use std::fmt;
use std::time::Duration;

/// The address of a PostgreSQL database. Its password shows in no output.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    /// libpq's keywords with their values, in order; the last of one keyword counts.
    parameters: Vec<(String, String)>,
}

impl PostgresUrl {
    /// Takes what follows `postgres://`: `[user[:password]@][host[:port],...][/database][?name=value&...]`.
    pub(super) fn parse(text: &str) -> Result<Self, InvalidDatabaseUrl> {
        let (text, query) = text.split_once('?').unwrap_or((text, ""));
        let (authority, database) = text.split_once('/').unwrap_or((text, ""));
        let (credentials, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
        let mut url = Self { parameters: Vec::new() };
        url.push("user", decode(user)?);
        url.push("password", decode(password)?);
        let (names, ports) = split_hosts(hosts)?;
        url.push("host", names);
        url.push("port", ports);
        url.push("dbname", decode(database)?);
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').ok_or(InvalidDatabaseUrl::Part("a parameter without '='"))?;
            let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            if !is_name {
                return Err(InvalidDatabaseUrl::Part("a parameter whose name is not lower-case letters"));
            }
            url.parameters.push((name.to_owned(), decode(value)?));
        }
        Ok(url)
    }

    fn push(&mut self, name: &str, value: String) {
        if !value.is_empty() {
            self.parameters.push((name.to_owned(), value));
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// What libpq is told, password included. Defaults come first, so that the URL's own words win.
    pub(crate) fn conninfo(&self, connect_timeout: Duration) -> String {
        // libpq takes whole seconds and makes 2 of 1.
        let seconds = connect_timeout.as_secs().max(2).to_string();
        let defaults = [
            ("connect_timeout", seconds.as_str()),
            ("fallback_application_name", "packshot"),
            ("client_encoding", "UTF8"),
            // A peer that vanished without a word is noticed in seconds, not in hours.
            ("keepalives_idle", "15"),
            ("keepalives_interval", "5"),
            ("keepalives_count", "3"),
            ("tcp_user_timeout", "15000"),
        ];
        let own = self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut conninfo = String::new();
        for (name, value) in defaults.into_iter().chain(own) {
            let quoted = value.replace('\\', r"\\").replace('\'', r"\'");
            conninfo.push_str(&format!("{name}='{quoted}' "));
        }
        conninfo
    }
}

/// `host[:port],...` as libpq's two comma-separated lists.
fn split_hosts(text: &str) -> Result<(String, String), InvalidDatabaseUrl> {
    let mut names = Vec::new();
    let mut ports = Vec::new();
    for host in text.split(',') {
        let (name, port) = match host.strip_prefix('[') {
            Some(bracketed) => {
                let (name, rest) =
                    bracketed.split_once(']').ok_or(InvalidDatabaseUrl::Part("a '[' without its ']'"))?;
                (name, rest.strip_prefix(':').unwrap_or_default())
            }
            None => host.split_once(':').unwrap_or((host, "")),
        };
        if !port.is_empty() && !port.parse::<u16>().is_ok_and(|port| port > 0) {
            return Err(InvalidDatabaseUrl::Part("a port that is not a number from 1 to 65535"));
        }
        names.push(decode(name)?);
        ports.push(port);
    }
    let ports = if ports.iter().all(|port| port.is_empty()) { String::new() } else { ports.join(",") };
    Ok((names.join(","), ports))
}

fn decode(text: &str) -> Result<String, InvalidDatabaseUrl> {
    let hex = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_hexdigit);
    if text.match_indices('%').any(|(at, _)| !(hex(at + 1) && hex(at + 2))) {
        return Err(InvalidDatabaseUrl::Part("a '%' that no two hexadecimal digits follow"));
    }
    let decoded =
        percent_decode_str(text).decode_utf8().map_err(|_| InvalidDatabaseUrl::Part("bytes that are no UTF-8"))?;
    if decoded.contains('\0') {
        return Err(InvalidDatabaseUrl::Part("a NUL character"));
    }
    Ok(decoded.into_owned())
}

/// `user@host:port/database`, without a password.
impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user) = self.get("user") {
            write!(f, "{user}@")?;
        }
        f.write_str(self.get("host").unwrap_or("localhost"))?;
        if let Some(port) = self.get("port") {
            write!(f, ":{port}")?;
        }
        write!(f, "/{}", self.get("dbname").or_else(|| self.get("user")).unwrap_or_default())
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> PostgresUrl {
        PostgresUrl::parse(text).unwrap()
    }

    #[test]
    fn every_part_reaches_libpq_decoded_and_quoted() {
        let url = url("us%40er:p'a%20ss\\@[::1]:5433,db2/shop?sslmode=require");
        let conninfo = url.conninfo(Duration::from_secs(3));
        for part in [
            "user='us@er'",
            r"password='p\'a ss\\'",
            "host='::1,db2'",
            "port='5433,'",
            "dbname='shop'",
            "sslmode='require'",
        ] {
            assert!(conninfo.contains(part), "{part} in {conninfo}");
        }
    }

    #[test]
    fn the_urls_own_parameters_come_last_and_win() {
        let conninfo = url("host/db?connect_timeout=9").conninfo(Duration::from_secs(3));
        assert!(conninfo.find("connect_timeout='3'") < conninfo.find("connect_timeout='9'"));
    }

    #[test]
    fn a_password_is_never_shown() {
        for text in ["user:hunter2@host/db", "user@host/db?password=hunter2"] {
            let url = url(text);
            assert_eq!(url.to_string(), "user@host/db");
            assert!(!format!("{url:?}").contains("hunter2"));
        }
    }

    #[test]
    fn a_socket_folder_is_a_host() {
        assert_eq!(url("packshot@/db?host=/tmp/run").to_string(), "packshot@/tmp/run/db");
        assert_eq!(url("packshot@%2Ftmp%2Frun/db").to_string(), "packshot@/tmp/run/db");
    }

    #[test]
    fn mistakes_are_told() {
        for bad in ["host:port/db", "host:0/db", "[::1/db", "%zz/db", "host/%00", "host/db?sslmode", "host/db?SSL=1"] {
            assert!(PostgresUrl::parse(bad).is_err(), "{bad}");
        }
    }
}
