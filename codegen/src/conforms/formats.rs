//! The formats of texts, as far as they can be judged from the text alone.

/// A format that is not known here holds for every text.
pub(super) fn holds(format: &str, text: &str) -> bool {
    match format {
        "uuid" => is_uuid(text),
        "uuidv7" => {
            is_uuid(text)
                && text.as_bytes().get(14) == Some(&b'7')
                && matches!(text.as_bytes().get(19), Some(b'8' | b'9' | b'a' | b'b'))
        }
        "email" => text.rsplit_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && domain.contains('.') && !text.chars().any(char::is_whitespace)
        }),
        "uri" => text.split_once(':').is_some_and(|(scheme, rest)| {
            scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
                && !rest.is_empty()
                && !text.chars().any(|c| c.is_whitespace() || c.is_control())
        }),
        "ipv4" => text.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<std::net::Ipv6Addr>().is_ok(),
        "date" => crate::document::Date::parse(text).is_some(),
        _ => true,
    }
}

/// Lower-case and hyphenated (RFC 9562).
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}
