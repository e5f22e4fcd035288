//! Arbitrary bytes for everything that reads a header, a credential or a parameter: no panics, and no wrong results.

use crm_contract::latest::server::operations::RECORDS_GET;
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::{collection::vec, prelude::*, sample::select};

use super::{address::caller_address, bearer, idempotency, version};
use crate::{
    auth::{
        credential::{Credential, Kind},
        jws,
    },
    etag,
    ports::store::TenantId,
    records::sort::Sort,
    testing::thing,
};

/// Bytes that are often special to a parser.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let near = select(b"\"\\,;=/*.q0123456789abefWvnd+json- \t_~eyJ:[]".to_vec());
    vec(prop_oneof![3 => near, 1 => any::<u8>()], 0..120)
}

/// The same after a valid beginning.
fn text() -> impl Strategy<Value = String> {
    let start = select(vec![
        "",
        "Bearer ",
        "bearer",
        "application/vnd.crm.v",
        "application/json;q=",
        "*/*;",
        "W/\"",
        "\"1",
        "rt_",
        "crm_",
        "pc_",
        "eyJhbGciOiJFZERTQSJ9.",
        "-updated_at,",
        "10.0.0.1, ",
        "[::ffff:10.0.0.1]:",
    ]);
    (start, bytes())
        .prop_map(|(start, bytes)| format!("{start}{}", String::from_utf8_lossy(&bytes)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_header_panics(name in select(vec!["authorization", "accept", "idempotency-key", "x-forwarded-for"]), values in vec(bytes(), 1..4)) {
        let mut headers = HeaderMap::new();
        for value in &values {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                headers.append(HeaderName::from_static(name), value);
            }
        }
        let bearer = bearer::bearer(&headers);
        drop(bearer::challenge("UNAUTHENTICATED", bearer, Some("records:read")));
        drop(idempotency::key(&headers));
        let _ = version::served(&headers);
        version::takes_its_own(&RECORDS_GET, &headers);
        let proxy = std::net::IpAddr::from([10, 0, 0, 1]);
        // Whatever is forwarded, the address of a peer that is not a proxy is the caller's.
        prop_assert_eq!(caller_address(Some([192, 0, 2, 1].into()), &headers, &[proxy.into()]), Some([192, 0, 2, 1].into()));
        prop_assert!(caller_address(Some(proxy), &headers, &[proxy.into()]).is_some());
    }

    #[test]
    fn no_text_panics_or_is_taken_for_a_secret(text in text()) {
        for kind in [Kind::RefreshToken, Kind::ApiKey, Kind::PortalCode] {
            if let Some(credential) = Credential::parse(kind, &text) {
                prop_assert_eq!(credential.text(), text.as_str(), "one spelling for one secret");
            }
        }
        prop_assert!(TenantId::parse(&text).is_none_or(|id| id.as_str() == text));
        let _ = jws::parse(&text).is_ok();
        drop(etag::if_match(Some(&text)));
        etag::none_match(Some(&text), "\"1\"");
        drop(Sort::parse(&thing(), Some(&text)));
    }
}
