//! The formats that a contract may require of a text, by their names in `format`.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The formats that are checked.
pub const KNOWN: &[&str] = &[
    "byte",
    "date",
    "date-time",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "uri",
    "uuid",
    "uuidv7",
];

/// Checks a text. An unknown format holds for every text; the generator reports it.
pub fn holds(format: &str, text: &str) -> bool {
    match format {
        "byte" => is_base64(text),
        "date" => is_date(text),
        "date-time" => is_date_time(text),
        "email" => is_email(text),
        "hostname" => is_hostname(text),
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        "uri" => is_uri(text),
        "uuid" => is_uuid(text),
        "uuidv7" => is_uuidv7(text),
        _ => true,
    }
}

/// Lower-case, hyphenated (RFC 9562).
pub fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

/// A UUID of version 7 and of the RFC's variant.
pub fn is_uuidv7(text: &str) -> bool {
    let bytes = text.as_bytes();
    is_uuid(text) && bytes[14] == b'7' && matches!(bytes[19], b'8' | b'9' | b'a' | b'b')
}

/// The addresses that HTML accepts (a practical subset of RFC 5321), at most 254 bytes, with letters of all scripts.
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let atom = |c: char| c.is_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c);
    text.len() <= 254
        && (1..=64).contains(&local.len())
        && local.chars().all(atom)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && domain.contains('.')
        && is_hostname(domain)
}

/// Labels of letters, digits and inner hyphens, at most 63 each and 253 together.
pub fn is_hostname(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    (1..=253).contains(&text.len()) && text.split('.').all(label)
}

/// An absolute URI (RFC 3986) without white space or control characters.
pub fn is_uri(text: &str) -> bool {
    !text.chars().any(|c| c.is_whitespace() || c.is_control()) && url::Url::parse(text).is_ok()
}

/// Standard base64 (RFC 4648, section 4), padded.
pub fn is_base64(text: &str) -> bool {
    let content = text.trim_end_matches('=');
    text.len().is_multiple_of(4)
        && text.len() - content.len() <= 2
        && content
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
}

/// `YYYY-MM-DD`, a day that exists (RFC 3339, full-date).
pub fn is_date(text: &str) -> bool {
    let shape = text.len() == 10
        && text.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    // The library takes other notations too.
    shape && text.parse::<jiff::civil::Date>().is_ok()
}

/// RFC 3339, date-time; second 60 is allowed.
pub fn is_date_time(text: &str) -> bool {
    let Some((date, rest)) = text.split_at_checked(10) else {
        return false;
    };
    let Some(rest) = rest.strip_prefix(['T', 't', ' ']) else {
        return false;
    };
    let Some((clock, rest)) = rest.split_at_checked(8) else {
        return false;
    };
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if zone.len() == fraction.len() {
                return false;
            }
            zone
        }
        None => rest,
    };
    let offset = |zone: &str| {
        zone.strip_prefix(['+', '-'])
            .is_some_and(|offset| offset.len() == 5 && is_clock(&format!("{offset}:00")))
    };
    is_date(date) && is_clock(clock) && (zone == "Z" || zone == "z" || offset(zone))
}

fn is_clock(text: &str) -> bool {
    let mut parts = text.split(':');
    let mut within = |last: u32| {
        parts.next().is_some_and(|part| {
            part.len() == 2
                && part.bytes().all(|b| b.is_ascii_digit())
                && part.parse::<u32>().is_ok_and(|n| n <= last)
        })
    };
    within(23) && within(59) && within(60) && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn formats_tell_good_from_bad() {
        let good_and_bad: &[(&str, &[&str], &[&str])] = &[
            (
                "uuid",
                &["0190a1b2-0000-4000-8000-00000000000f"],
                &[
                    "0190A1B2-0000-4000-8000-00000000000f",
                    "",
                    "0190a1b20000-4000-8000-00000000000f-",
                ],
            ),
            (
                "uuidv7",
                &["0190a1b2-0000-7000-8000-00000000000f"],
                &[
                    "0190a1b2-0000-4000-8000-00000000000f",
                    "0190a1b2-0000-7000-c000-00000000000f",
                ],
            ),
            (
                "email",
                &["a@b.co", "josé.o'neil+x@exämple.org"],
                &[
                    "a@b",
                    "@b.co",
                    "a@",
                    "a b@c.de",
                    ".a@b.co",
                    "a..b@c.de",
                    "a@b..co",
                    "a@-b.co",
                ],
            ),
            (
                "hostname",
                &["localhost", "a-b.example"],
                &["", "-a", "a-", "a..b", "a_b"],
            ),
            (
                "uri",
                &["https://a.example/x?y#z", "mailto:a@b.co"],
                &["/relative", "https://", "https://a b", "x\n:y"],
            ),
            (
                "byte",
                &["", "QQ==", "QUI=", "QUJD"],
                &["QQ", "Q===", "Q_==", "QQ=A"],
            ),
            (
                "date",
                &["2024-02-29", "2000-02-29"],
                &[
                    "2023-02-29",
                    "1900-02-29",
                    "2024-13-01",
                    "2024-00-01",
                    "2024-1-1",
                    "2024-01-32",
                ],
            ),
            (
                "date-time",
                &["2024-02-29T23:59:60Z", "2024-01-01t00:00:00.123+05:30"],
                &[
                    "2024-01-01",
                    "2024-01-01T24:00:00Z",
                    "2024-01-01T00:00:00",
                    "2024-01-01T00:00:00.Z",
                    "2024-01-01T00:00:00+5:30",
                ],
            ),
            ("ipv4", &["127.0.0.1"], &["127.0.0.256", "::1"]),
            ("ipv6", &["::1"], &["127.0.0.1"]),
        ];
        for (format, good, bad) in good_and_bad {
            assert!(KNOWN.contains(format));
            good.iter()
                .for_each(|text| assert!(holds(format, text), "{format}: {text}"));
            bad.iter()
                .for_each(|text| assert!(!holds(format, text), "{format}: {text}"));
        }
        assert_eq!(good_and_bad.len(), KNOWN.len());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            for format in KNOWN {
                holds(format, &text);
            }
        }
    }
}
