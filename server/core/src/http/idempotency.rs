//! Idempotency keys: parsing one, and the name under which a request is stored. Everything stored is derived from the
//! key by HMAC, so that it reveals nothing of the request without the key.

use crm_runtime::server::{At, GateCode, Problem, Report};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, header, request::Parts};
use sfv::{BareItem, Item, Parser};
use sha2::Sha256;

use crate::{
    context::{Caller, Idempotency},
    hex,
};

const NAME: &str = "Idempotency-Key";
const MAX_LENGTH: usize = 255;

/// The key of a request: a quoted text (a string of RFC 9651) or the same text without quotes.
pub fn key(headers: &HeaderMap) -> Result<Option<String>, Problem<GateCode>> {
    let mut values = headers.get_all(NAME).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let refuse = |rule, message| {
        let mut report = Report::new();
        report.add(&At::HEADER.name(NAME), rule, message);
        Err(report.problem())
    };
    if values.next().is_some() {
        return refuse("repeated", "Must be given once.");
    }
    let printable = |text: &&str| text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let text = value.to_str().ok().filter(printable);
    let Some(key) = text.and_then(unquote) else {
        return refuse("format", "Must be printable ASCII, quoted or bare.");
    };
    if key.is_empty() || key.len() > MAX_LENGTH {
        return refuse("length", "Must have 1 to 255 characters.");
    }
    Ok(Some(key))
}

fn unquote(text: &str) -> Option<String> {
    let text = text.trim();
    if !text.starts_with('"') {
        return (!text.contains('"')).then(|| text.to_owned());
    }
    match Parser::new(text).parse().ok()? {
        Item {
            bare_item: BareItem::String(key),
            params,
        } if params.is_empty() => Some(key.into()),
        _ => None,
    }
}

/// The record of a request of this caller. Its fingerprint is not set yet.
pub fn record(key: &str, caller: &Caller) -> Idempotency {
    let principal = format!(
        "{} {}",
        caller.principal.kind(),
        caller.principal.id().unwrap_or_default()
    );
    let whose = [caller.tenant.as_str().as_bytes(), principal.as_bytes()];
    Idempotency {
        key_hash: hex::encode(&derive(key, "key", whose)),
        fingerprint: String::new(),
        seal: derive(key, "seal", whose),
    }
}

/// The fingerprint in which two requests with one key must agree.
pub fn fingerprint(key: &str, head: &Parts, version: u32, body: &[u8]) -> String {
    let version = version.to_string();
    let parts = [
        head.method.as_str().as_bytes(),
        head.uri.path().as_bytes(),
        head.uri.query().unwrap_or_default().as_bytes(),
        version.as_bytes(),
        head.headers
            .get(header::IF_MATCH)
            .map(|value| value.as_bytes())
            .unwrap_or_default(),
        body,
    ];
    hex::encode(&derive(key, "fingerprint", parts))
}

fn derive<'a>(key: &str, purpose: &'a str, parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else {
        return [0; 32];
    };
    for part in [purpose.as_bytes()].into_iter().chain(parts) {
        // Each part is preceded by its length, so that different parts never yield the same bytes.
        mac.update(&(part.len() as u64).to_le_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Request};

    use super::*;
    use crate::{context::Principal, ports::store::TenantId};

    fn read(value: &str) -> Result<Option<String>, ()> {
        let mut headers = HeaderMap::new();
        headers.insert(
            "idempotency-key",
            HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        );
        key(&headers).map_err(|problem| assert_eq!(problem.code(), GateCode::VALIDATION_FAILED))
    }

    #[test]
    fn a_key_is_read_quoted_or_bare() {
        let long = "k".repeat(255);
        let cases = [
            ("abc", Ok(Some("abc"))),
            (r#""abc""#, Ok(Some("abc"))),
            (r#""a\"b\\c""#, Ok(Some(r#"a"b\c"#))),
            (r#""a b""#, Ok(Some("a b"))),
            (&long, Ok(Some(&*long))),
            ("", Err(())),
            (r#""""#, Err(())),
            (r#"""#, Err(())),
            (r#""abc"#, Err(())),
            (r#"abc""#, Err(())),
            (r#""a"b""#, Err(())),
            (r#""a\n""#, Err(())),
            (r#""a";b"#, Err(())),
            (r#""a";b=1"#, Err(())),
            ("a;b=1", Ok(Some("a;b=1"))),
            ("\u{e9}", Err(())),
            ("a\tb", Err(())),
        ];
        for (value, expected) in cases {
            assert_eq!(
                read(value),
                expected.map(|key: Option<&str>| key.map(str::to_owned)),
                "{value}"
            );
        }
        assert_eq!(read(&"k".repeat(256)), Err(()));
        assert!(key(&HeaderMap::new()).unwrap().is_none());
    }

    /// The pattern in the contract.
    fn documented() -> regex::Regex {
        let contract = include_str!("../../../../spec/openapi.yaml");
        let parameter = contract.split_once("\n    IdempotencyKey:").unwrap().1;
        let pattern = parameter.split_once("pattern: '").unwrap().1;
        regex::Regex::new(pattern.split_once('\'').unwrap().0).unwrap()
    }

    proptest::proptest! {
        #[test]
        fn what_is_read_is_what_the_contract_says(
            text in r#""?[ -~\t]{0,6}"?|"?[a"\\]{0,6}"?|"?[a ]{250,260}"?|"?(\\"){250,260}"?"#,
        ) {
            // White space around a header's value does not belong to it.
            let text = text.trim();
            proptest::prop_assert_eq!(read(text).is_ok(), documented().is_match(text), "{}", text);
        }

        #[test]
        fn no_bytes_are_too_much(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..600)) {
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                headers.insert("idempotency-key", value);
            }
            drop(key(&headers));
        }
    }

    fn request(method: &str, uri: &str, if_match: Option<&str>) -> Parts {
        let mut builder = Request::builder().method(method).uri(uri);
        if let Some(tag) = if_match {
            builder = builder.header("if-match", tag);
        }
        builder.body(()).unwrap().into_parts().0
    }

    #[test]
    fn every_part_of_a_request_counts() {
        let base = fingerprint("k", &request("POST", "/a?b=c", None), 1, b"{}");
        assert_eq!(
            base,
            fingerprint("k", &request("POST", "/a?b=c", None), 1, b"{}")
        );
        let others = [
            fingerprint("l", &request("POST", "/a?b=c", None), 1, b"{}"),
            fingerprint("k", &request("PATCH", "/a?b=c", None), 1, b"{}"),
            fingerprint("k", &request("POST", "/b?b=c", None), 1, b"{}"),
            fingerprint("k", &request("POST", "/a?b=d", None), 1, b"{}"),
            fingerprint("k", &request("POST", "/a?b=c", Some("\"1\"")), 1, b"{}"),
            fingerprint("k", &request("POST", "/a?b=c", None), 2, b"{}"),
            fingerprint("k", &request("POST", "/a?b=c", None), 1, b"{ }"),
        ];
        for (index, other) in others.iter().enumerate() {
            assert_ne!(&base, other, "{index}");
        }
    }

    #[test]
    fn a_key_belongs_to_its_tenant_and_principal() {
        let caller = |tenant: &str, principal| Caller {
            tenant: TenantId::parse(tenant).unwrap(),
            principal,
        };
        let user = |id: &str, session: &str| Principal::User {
            id: id.into(),
            session: session.into(),
        };
        let (a, b) = (
            "019bb16e-fe80-78b0-b715-3bf7c3706d85",
            "019bb16e-fe80-78b0-b715-3bf7c3706d86",
        );
        let base = record("k", &caller(a, user("u", "s")));
        assert_eq!(base, record("k", &caller(a, user("u", "another session"))));
        for other in [
            record("l", &caller(a, user("u", "s"))),
            record("k", &caller(b, user("u", "s"))),
            record("k", &caller(a, user("v", "s"))),
            record(
                "k",
                &caller(
                    a,
                    Principal::Key {
                        id: "u".into(),
                        scopes: Vec::new(),
                    },
                ),
            ),
        ] {
            assert!(other.key_hash != base.key_hash && other.seal != base.seal);
        }
        assert_ne!(hex::encode(&base.seal), base.key_hash);
    }
}
