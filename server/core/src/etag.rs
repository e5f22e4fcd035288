//! ETags of versions (RFC 9110, section 8.8.3): `"1042"`, with the hash of the projection where there is one.

use crm_contract::codes;

use crate::refusal::Refusal;

/// The versions of which one must be the current one. None allows any.
pub type Expected = Option<Vec<i64>>;

/// The ETags in a header.
pub fn tags(header: &str) -> impl Iterator<Item = &str> {
    header
        .split(',')
        .map(str::trim)
        .filter(|tag| !tag.is_empty())
}

/// The versions that `If-Match` allows. `*` allows any version that exists; a tag that is not ours matches nothing.
/// Weak forms of our tags are accepted: proxies that compress answers, such as nginx, make tags weak, and the version
/// stays the same.
pub fn if_match(header: Option<&str>) -> Expected {
    let header = header?;
    if tags(header).any(|tag| tag == "*") {
        return None;
    }
    let version = |tag: &str| {
        let tag = tag.strip_prefix("W/").unwrap_or(tag);
        let inside = tag.strip_prefix('"')?.strip_suffix('"')?;
        inside.split('.').next()?.parse().ok()
    };
    Some(tags(header).filter_map(version).collect())
}

/// Checks that `If-Match` allows the current version. `refused` is the message if it does not.
pub fn expect(
    header: Option<&str>,
    current: i64,
    refused: &str,
) -> Result<(), Refusal<codes::VersionMismatch>> {
    match if_match(header) {
        Some(versions) if !versions.contains(&current) => {
            Err(Refusal::new(codes::VersionMismatch, refused).with("version", current))
        }
        _ => Ok(()),
    }
}

/// Whether `If-None-Match` names the current tag (compared weakly).
pub fn none_match(header: Option<&str>, current: &str) -> bool {
    let named = |tag: &str| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == current;
    header.is_some_and(|header| tags(header).any(named))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_match_reads_the_versions_of_its_tags() {
        assert_eq!(if_match(None), None);
        assert_eq!(if_match(Some("*")), None);
        assert_eq!(if_match(Some("\"7\", \"9.ab12\"")), Some(vec![7, 9]));
        assert_eq!(if_match(Some("W/\"7\"")), Some(vec![7]));
        assert_eq!(
            if_match(Some("W/\"7.ab12\",\"9\" , W/\"11.v2\"")),
            Some(vec![7, 9, 11])
        );
        for odd in ["w/\"7\"", "W/7", "W/W/\"7\"", "W/ \"7\"", "W/", "\"seven\""] {
            assert_eq!(if_match(Some(odd)), Some(vec![]), "{odd}");
        }
        assert_eq!(if_match(Some("7")), Some(vec![]));
    }

    #[test]
    fn if_none_match_compares_weakly() {
        assert!(none_match(Some("\"1\", W/\"7\""), "\"7\""));
        assert!(none_match(Some("*"), "\"7\""));
        assert!(!none_match(Some("\"7.a\""), "\"7\""));
        assert!(!none_match(None, "\"7\""));
    }
}
