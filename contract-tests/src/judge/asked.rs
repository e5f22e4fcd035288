//! The version that a request asks for, by the rules of the contract.

use std::cmp::Reverse;

/// The version that `Accept` asks for: the highest quality wins; among equals, a version's media type wins. None if it
/// names no known version, which is refused in the form of version 1.
pub fn asked(accept: Option<&str>, vendor: &str, known: &[u32]) -> Option<u32> {
    let accept = accept.unwrap_or_default().to_ascii_lowercase();
    if accept.trim().is_empty() {
        return Some(1);
    }
    let ranges = accept.split(',').filter_map(|range| {
        let (name, parameters) = range.split_once(';').unwrap_or((range, ""));
        let quality = parameters.split(';').find_map(|parameter| {
            let text = parameter.trim().strip_prefix("q=")?;
            Some(text.parse::<f64>().unwrap_or(0.0))
        });
        let quality = (quality.unwrap_or(1.0) * 1000.0) as u32;
        let named = known
            .iter()
            .copied()
            .find(|version| name.trim() == format!("application/{vendor}.v{version}+json"));
        let version = match (named, name.trim()) {
            (Some(version), _) => version,
            (None, "application/json" | "application/*" | "*/*") => 1,
            _ => return None,
        };
        (quality > 0).then_some((Reverse(quality), named.is_none(), version))
    });
    // The first of equal ones.
    let best = ranges.min_by_key(|(quality, unnamed, _)| (*quality, *unnamed));
    best.map(|(_, _, version)| version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_asked_for_by_name() {
        for (accept, version) in [
            (None, Some(1)),
            (Some("*/*"), Some(1)),
            (Some("application/vnd.x.v2+json"), Some(2)),
            (
                Some("application/vnd.x.v2+json;q=0.5, application/json"),
                Some(1),
            ),
            (Some("*/*, application/vnd.x.v2+json"), Some(2)),
            (Some("application/vnd.x.v9+json"), None),
            (Some("application/vnd.x.v9+json, */*;q=0.1"), Some(1)),
            (Some("application/json;q=0"), None),
            (Some("text/html"), None),
        ] {
            assert_eq!(asked(accept, "vnd.x", &[1, 2]), version, "{accept:?}");
        }
    }
}
