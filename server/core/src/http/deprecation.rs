//! The headers that announce an operation's end: `Deprecation` (RFC 9745), `Sunset` (RFC 8594) and a link to the contract
//! that explains it.

use crm_runtime::server::Deprecation;
use http::{HeaderMap, HeaderName, HeaderValue, header};

pub fn announce(deprecation: &Deprecation, headers: &mut HeaderMap) {
    if let Some(value) = deprecation
        .deprecated_at
        .and_then(|at| HeaderValue::try_from(format!("@{at}")).ok())
    {
        headers.insert(HeaderName::from_static("deprecation"), value);
    }
    if let Some(value) = deprecation
        .sunset_date
        .and_then(|date| HeaderValue::try_from(date).ok())
    {
        headers.insert(HeaderName::from_static("sunset"), value);
    }
    headers.append(
        header::LINK,
        HeaderValue::from_static(r#"</openapi.yaml>; rel="deprecation"; type="application/yaml""#),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_an_operation_is_announced() {
        let mut headers = HeaderMap::new();
        let deprecation = Deprecation {
            deprecated_at: Some(1_793_577_600),
            sunset: Some(1_803_859_200),
            sunset_date: Some("Mon, 01 Mar 2027 00:00:00 GMT"),
            replacement: None,
        };
        announce(&deprecation, &mut headers);
        assert_eq!(headers["deprecation"], "@1793577600");
        assert_eq!(headers["sunset"], "Mon, 01 Mar 2027 00:00:00 GMT");
        assert!(
            headers["link"]
                .to_str()
                .unwrap()
                .contains(r#"rel="deprecation""#)
        );
    }
}
