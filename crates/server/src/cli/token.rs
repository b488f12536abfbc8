//! `packshot token`: a JWT for a person or a script.

use crate::cli::{Invocation, print};
use crate::secret;
use crate::system::SystemClock;
use anyhow::Context;
use chrono::TimeDelta;
use clap::Args;
use packshot_domain::ports::clock::Clock;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Who the token speaks for.
    #[arg(long)]
    subject: String,
    /// A role, also repeated; none where it is left out.
    #[arg(long = "role")]
    roles: Vec<String>,
    /// How long it is good, such as 30s, 15m, 1h or 7d.
    #[arg(long, default_value = "1h", value_parser = parse_ttl)]
    ttl: TimeDelta,
}

pub(super) fn run(invocation: &Invocation, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let auth = &invocation.loaded.settings.auth;
    let secret = secret::load_or_make(auth).context("no token can be signed here")?;
    let (issuer, audience) = (auth.issuer.as_deref(), auth.audience.as_deref());
    let now = SystemClock::default().now();
    let token =
        packshot_tokens::issue(&secret, &arguments.subject, &arguments.roles, issuer, audience, now, arguments.ttl)?;
    print(&token)?;
    Ok(ExitCode::SUCCESS)
}

fn parse_ttl(text: &str) -> Result<TimeDelta, String> {
    let bad = || "must be a positive number with s, m, h or d behind it, such as 1h".to_owned();
    let unit = text.chars().last().ok_or_else(bad)?;
    let number: i64 = text.strip_suffix(unit).and_then(|digits| digits.parse().ok()).ok_or_else(bad)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86400,
        _ => return Err(bad()),
    };
    let ttl = number.checked_mul(seconds).and_then(TimeDelta::try_seconds).filter(|_| number > 0);
    ttl.filter(|ttl| ttl.num_days() <= 3660).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_have_a_unit() {
        assert_eq!(parse_ttl("90s"), Ok(TimeDelta::seconds(90)));
        assert_eq!(parse_ttl("7d"), Ok(TimeDelta::days(7)));
        for bad in ["", "1", "h", "-1h", "0s", "1w", "99999999d", "1é"] {
            assert!(parse_ttl(bad).is_err(), "{bad}");
        }
    }
}
