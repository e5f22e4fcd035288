//! The settings of a deployment: the vars of wrangler.toml, named like the options of `crm serve`, and the secrets.

use std::sync::Arc;

use crm_core::{
    core::Config,
    http::{address::network, cors::request_header},
    ports::limiter::Quota,
};
use http::HeaderName;
use ipnet::IpNet;

use crate::compute::Yielding;

/// The shortest secret in characters; a shorter one might be guessed.
const SECRET: usize = 32;

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unset {
    #[error(
        "the secret {0} is not set, or has fewer than {SECRET} characters; `wrangler secret put {0}` sets it"
    )]
    Secret(&'static str),
    #[error("{name} is {value:?}: {what}")]
    Var {
        name: &'static str,
        value: String,
        what: &'static str,
    },
}

/// The checked settings.
pub struct Settings {
    pub log: String,
    issuer: Option<String>,
    origins: Vec<String>,
    headers: Vec<HeaderName>,
    proxies: Vec<IpNet>,
    /// None: no limit.
    pub rate_limit: Option<u32>,
    pub signing_secret: String,
    /// None: there are no operator's routes.
    pub operator_secret: Option<String>,
}

impl Settings {
    /// `var` returns the text of a var or secret, None if it is not set.
    pub fn read(var: impl Fn(&str) -> Option<String>) -> Result<Self, Unset> {
        let words = |name| {
            let text = var(name).unwrap_or_default();
            text.split([' ', ','])
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let proxies = words("TRUST_PROXY").into_iter().map(|word| {
            network(&word).ok_or(Unset::Var {
                name: "TRUST_PROXY",
                value: word,
                what: "not addresses or networks (10.0.0.0/8) with spaces between them",
            })
        });
        let headers = words("ALLOW_HEADER").into_iter().map(|word| {
            request_header(&word).ok_or(Unset::Var {
                name: "ALLOW_HEADER",
                value: word,
                what: "not names of headers with spaces between them",
            })
        });
        let operator_secret = match var("OPERATOR_SECRET").filter(|secret| !secret.is_empty()) {
            Some(secret) if secret.len() < SECRET => return Err(Unset::Secret("OPERATOR_SECRET")),
            secret => secret,
        };
        Ok(Self {
            log: var("LOG").unwrap_or_else(|| "info".to_owned()),
            issuer: var("ISSUER").filter(|issuer| !issuer.is_empty()),
            origins: words("ALLOW_ORIGIN"),
            headers: headers.collect::<Result<_, _>>()?,
            proxies: proxies.collect::<Result<_, _>>()?,
            rate_limit: rate(var("RATE_LIMIT"))?,
            signing_secret: var("SIGNING_SECRET")
                .filter(|secret| secret.len() >= SECRET)
                .ok_or(Unset::Secret("SIGNING_SECRET"))?,
            operator_secret,
        })
    }

    pub fn config(&self) -> Config {
        let defaults = Config::default();
        Config {
            issuer: self.issuer.clone().unwrap_or(defaults.issuer),
            cors_origins: self.origins.clone(),
            cors_headers: self.headers.clone(),
            trusted_proxies: self.proxies.clone(),
            caller_quota: Quota {
                requests: self.rate_limit.unwrap_or(defaults.caller_quota.requests),
                ..defaults.caller_quota
            },
            compute: Arc::new(Yielding),
            ..Config::default()
        }
    }
}

fn rate(text: Option<String>) -> Result<Option<u32>, Unset> {
    let default = Config::default().caller_quota.requests;
    match text.as_deref() {
        None | Some("") => Ok(Some(default)),
        Some("off") => Ok(None),
        Some(text) => match text.parse() {
            Ok(number @ 1..=1_000_000) => Ok(Some(number)),
            _ => Err(Unset::Var {
                name: "RATE_LIMIT",
                value: text.to_owned(),
                what: "not a number from 1 to 1000000, nor `off`",
            }),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: &str = "0123456789abcdef0123456789abcdef";

    fn read(vars: &[(&str, &str)]) -> Result<Settings, Unset> {
        Settings::read(|name| {
            let all = vars.iter().rev().copied();
            let found = all
                .chain([("SIGNING_SECRET", LONG)])
                .find(|(key, _)| *key == name);
            found.map(|(_, value)| value.to_owned())
        })
    }

    #[test]
    fn what_is_not_set_has_the_value_of_the_native_host() {
        let Ok(settings) = read(&[]) else {
            panic!("refused")
        };
        let (config, defaults) = (settings.config(), Config::default());
        assert_eq!(config.issuer, defaults.issuer);
        assert_eq!(config.caller_quota, defaults.caller_quota);
        assert!(config.cors_origins.is_empty() && config.trusted_proxies.is_empty());
        assert!(settings.operator_secret.is_none() && settings.rate_limit.is_some());
    }

    #[test]
    fn what_is_set_holds() {
        let Ok(settings) = read(&[
            ("ISSUER", "https://api.example"),
            ("ALLOW_ORIGIN", "https://a.example https://b.example"),
            ("TRUST_PROXY", "127.0.0.1, 10.0.0.0/8"),
            ("ALLOW_HEADER", "traceparent X-Shop"),
            ("RATE_LIMIT", "7"),
            ("OPERATOR_SECRET", LONG),
        ]) else {
            panic!("refused")
        };
        let config = settings.config();
        assert_eq!(config.issuer, "https://api.example");
        assert_eq!(
            config.cors_origins,
            ["https://a.example", "https://b.example"]
        );
        assert_eq!(config.trusted_proxies.len(), 2);
        assert_eq!(config.cors_headers, ["traceparent", "x-shop"]);
        assert_eq!(config.caller_quota.requests, 7);
        assert_eq!(settings.operator_secret.as_deref(), Some(LONG));
        assert!(read(&[("RATE_LIMIT", "off")]).is_ok_and(|settings| settings.rate_limit.is_none()));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for vars in [
            ("RATE_LIMIT", "0"),
            ("RATE_LIMIT", "fast"),
            ("TRUST_PROXY", "proxy.example"),
            ("ALLOW_HEADER", "a:b"),
            ("SIGNING_SECRET", "short"),
            ("SIGNING_SECRET", ""),
            ("OPERATOR_SECRET", "short"),
        ] {
            let refused = read(&[vars]).err().map(|error| error.to_string());
            assert!(
                refused.is_some_and(|text| text.contains(vars.0)),
                "{vars:?}"
            );
        }
    }
}
