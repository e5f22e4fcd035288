//! The bearer token of a request, and the challenge of a refusal (RFC 6750).

use http::{HeaderMap, HeaderValue, header};

/// The content of `Authorization`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bearer<'h> {
    Absent,
    /// Another scheme, several headers, or no token.
    Malformed,
    Token(&'h str),
}

pub fn bearer(headers: &HeaderMap) -> Bearer<'_> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Bearer::Absent;
    };
    let split = value.to_str().ok().and_then(|text| text.split_once(' '));
    match split {
        Some((scheme, token))
            if values.next().is_none()
                && scheme.eq_ignore_ascii_case("Bearer")
                && is_token(token.trim_matches(' ')) =>
        {
            Bearer::Token(token.trim_matches(' '))
        }
        _ => Bearer::Malformed,
    }
}

/// `b64token` of RFC 6750, section 2.1. Checks all bytes without a branch for each: a token is long, and nearly always
/// valid.
fn is_token(text: &str) -> bool {
    let allowed = |byte: u8| {
        byte.is_ascii_alphanumeric()
            | matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
    };
    !text.is_empty() && text.bytes().fold(true, |sound, byte| sound & allowed(byte))
}

/// `WWW-Authenticate` of an answer, by its error code.
pub fn challenge(code: &str, bearer: Bearer<'_>, scope: Option<&str>) -> Option<HeaderValue> {
    let text = match (code, bearer) {
        ("UNAUTHENTICATED", Bearer::Absent) => "Bearer",
        ("UNAUTHENTICATED", Bearer::Malformed) => r#"Bearer error="invalid_request""#,
        ("UNAUTHENTICATED", Bearer::Token(_)) => r#"Bearer error="invalid_token""#,
        ("TOKEN_EXPIRED", _) => {
            r#"Bearer error="invalid_token", error_description="The access token expired""#
        }
        ("FORBIDDEN", _) => {
            return HeaderValue::try_from(format!(
                r#"Bearer error="insufficient_scope", scope="{}""#,
                scope?
            ))
            .ok();
        }
        _ => return None,
    };
    Some(HeaderValue::from_static(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_holds_the_characters_of_b64token() {
        for byte in 0..=u8::MAX {
            let expected = byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
            let text = format!("{0}{1}{0}", "a".repeat(40), char::from(byte));
            assert_eq!(is_token(&text), expected, "{byte}");
        }
        assert!(!is_token(""));
    }

    #[test]
    fn the_token_is_taken_from_one_well_formed_header() {
        let cases: [(&[&str], Bearer<'static>); 10] = [
            (&[], Bearer::Absent),
            (&["Bearer abc.d-e_f"], Bearer::Token("abc.d-e_f")),
            (&["bearer  abc "], Bearer::Token("abc")),
            (&["Basic YTpi"], Bearer::Malformed),
            (&["Bearer"], Bearer::Malformed),
            (&["Bearer "], Bearer::Malformed),
            (&["Bearer a b"], Bearer::Malformed),
            (&["Bearer a,b"], Bearer::Malformed),
            (&["Bearer a", "Bearer b"], Bearer::Malformed),
            (&["Bearer \u{e9}"], Bearer::Malformed),
        ];
        for (values, expected) in cases {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(
                    header::AUTHORIZATION,
                    HeaderValue::from_bytes(value.as_bytes()).unwrap(),
                );
            }
            assert_eq!(bearer(&headers), expected, "{values:?}");
        }
    }

    #[test]
    fn a_refusal_says_what_it_wants() {
        assert_eq!(
            challenge("UNAUTHENTICATED", Bearer::Absent, None).unwrap(),
            "Bearer"
        );
        assert_eq!(
            challenge("UNAUTHENTICATED", Bearer::Token("x"), None).unwrap(),
            r#"Bearer error="invalid_token""#
        );
        assert_eq!(
            challenge("FORBIDDEN", Bearer::Token("x"), Some("a:b")).unwrap(),
            r#"Bearer error="insufficient_scope", scope="a:b""#
        );
        assert_eq!(challenge("FORBIDDEN", Bearer::Token("x"), None), None);
        assert_eq!(challenge("NOT_FOUND", Bearer::Token("x"), None), None);
    }
}
