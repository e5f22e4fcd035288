//! The published contract: finds the text for a request, and its entity tag. Texts are stored compressed and unpacked
//! on request, which is rare.

use std::io::Read;

use crm_contract::documents::DOCUMENTS;
pub use crm_contract::documents::PAGE_POLICY;
use crm_runtime::{Published, PublishedText, patched};
use flate2::read::GzDecoder;

/// The publication of this version, for this consumer or whole.
pub fn find(version: i64, consumer: Option<&str>) -> Option<&'static Published> {
    DOCUMENTS
        .iter()
        .find(|published| i64::from(published.version) == version && published.consumer == consumer)
}

/// The document in JSON, in this version of OpenAPI, by default in its own.
pub fn json<'a>(published: &'a Published, form: Option<&str>) -> &'a PublishedText {
    match form {
        Some("3.0") => &published.json_3_0,
        _ => &published.json,
    }
}

/// The document in YAML, in this version of OpenAPI, by default in its own.
pub fn yaml<'a>(published: &'a Published, form: Option<&str>) -> &'a PublishedText {
    match form {
        Some("3.0") => &published.yaml_3_0,
        _ => &published.yaml,
    }
}

/// A weak tag, since the same text may be sent compressed (RFC 9110, section 8.8.1).
pub fn e_tag(text: &PublishedText) -> String {
    format!("W/{}", opaque(text))
}

/// The opaque part of the tag.
pub fn opaque(text: &PublishedText) -> String {
    format!("\"{}\"", text.tag)
}

/// The text itself.
pub fn unpack(text: &PublishedText) -> String {
    // The build makes them, and a test unpacks all of them.
    bytes(text)
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .unwrap_or_default()
}

fn bytes(text: &PublishedText) -> Option<Vec<u8>> {
    let mut unpacked = Vec::new();
    GzDecoder::new(text.gzip).read_to_end(&mut unpacked).ok()?;
    match text.base {
        Some(base) => patched(&bytes(base)?, &unpacked, text.length),
        None => Some(unpacked),
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn every_text_unpacks_whole() {
        for published in DOCUMENTS {
            let Published {
                json,
                yaml,
                json_3_0,
                yaml_3_0,
                page,
                ..
            } = published;
            for text in [json, yaml, json_3_0, yaml_3_0, page] {
                let unpacked = unpack(text);
                assert_eq!(unpacked.len(), text.length);
                let hash = crate::hex::encode(&Sha256::digest(unpacked.as_bytes()));
                assert!(hash.starts_with(text.tag), "{hash} {}", text.tag);
            }
            let form = |text: &PublishedText| {
                let document: serde_json::Value = serde_json::from_str(&unpack(text)).unwrap();
                document["openapi"].clone()
            };
            assert_eq!(
                (form(json), form(json_3_0)),
                ("3.1.0".into(), "3.0.3".into())
            );
            assert!(unpack(yaml).starts_with("openapi: 3.1.0"));
            assert!(unpack(yaml_3_0).starts_with("openapi: 3.0.3"));
            assert!(unpack(page).starts_with("<!DOCTYPE html>"));
        }
    }

    #[test]
    fn every_consumer_has_documents_of_its_own() {
        let whole = find(1, None).unwrap();
        for consumer in ["mobile", "web", "portal", "integrations"] {
            let part = find(1, Some(consumer)).unwrap();
            assert_ne!(part.json.tag, whole.json.tag);
            assert!(part.json.length < whole.json.length);
            assert!(part.page.length < whole.page.length);
        }
        assert!(find(1, Some("nobody")).is_none() && find(1_000, None).is_none());
    }
}
