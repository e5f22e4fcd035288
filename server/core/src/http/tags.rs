//! Entity tags per version. Version 1 has the tags that the core makes; from version 2 on a tag ends with its version,
//! so that no cache confuses the answers of two versions (RFC 9110, section 8.8.3: different representations, also by
//! media type, have different tags).

use http::{HeaderMap, HeaderValue, header};

use crate::etag;

/// The longest `If-None-Match`, as in the contract.
const LONGEST: usize = 1_000;

fn ending(version: u32) -> String {
    format!(".v{version}\"")
}

/// Keeps in `If-None-Match` only the tags of this version, in the core's form. `If-Match` stays unchanged: it is about
/// the state, which is the same in all versions.
pub fn take(headers: &mut HeaderMap, version: u32) {
    if version == 1 {
        return;
    }
    let mut values = headers.get_all(header::IF_NONE_MATCH).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return;
    };
    // A header that the contract forbids is left to its validation.
    let Some(text) = value
        .to_str()
        .ok()
        .filter(|text| (1..=LONGEST).contains(&text.len()))
    else {
        return;
    };
    let ending = ending(version);
    let own = |tag: &str| match tag.strip_suffix(&ending) {
        Some(tag) => Some(format!("{tag}\"")),
        None => (tag == "*").then(|| "*".to_owned()),
    };
    let tags: Vec<String> = etag::tags(text).filter_map(own).collect();
    // If no tag is left, one that matches nothing, since an empty header would be refused.
    let left = if tags.is_empty() {
        "\"\"".to_owned()
    } else {
        tags.join(", ")
    };
    if let Ok(value) = HeaderValue::try_from(left) {
        headers.insert(header::IF_NONE_MATCH, value);
    }
}

/// Adds the served version to the answer's tag.
pub fn give(headers: &mut HeaderMap, version: u32) {
    if version == 1 {
        return;
    }
    let tag = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok());
    let named = tag.and_then(|tag| tag.strip_suffix('"'));
    if let Some(Ok(value)) =
        named.map(|tag| HeaderValue::try_from(format!("{tag}{}", ending(version))))
    {
        headers.insert(header::ETAG, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(header: &str, version: u32) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, header.parse().unwrap());
        take(&mut headers, version);
        headers[header::IF_NONE_MATCH].to_str().unwrap().to_owned()
    }

    fn given(tag: &str, version: u32) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(header::ETAG, tag.parse().unwrap());
        give(&mut headers, version);
        headers[header::ETAG].to_str().unwrap().to_owned()
    }

    #[test]
    fn a_tag_that_was_given_is_taken_back_by_its_version_alone() {
        for tag in ["\"7\"", "\"7.ab12\"", "W/\"c0ffee\""] {
            assert_eq!(given(tag, 1), tag);
            let named = given(tag, 2);
            assert_ne!(named, tag);
            assert_eq!(taken(&named, 2), tag);
            assert_eq!(taken(&named, 1), named);
            assert_eq!(taken(tag, 2), "\"\"");
            assert_eq!(taken(&named, 3), "\"\"");
        }
        assert_eq!(taken("\"1\", \"7.v2\" ,*", 2), "\"7\", *");
        assert_eq!(taken("nonsense", 2), "\"\"");
        let long = "x".repeat(LONGEST + 1);
        assert_eq!(taken(&long, 2), long);
        assert_eq!(taken("", 2), "");
    }
}
