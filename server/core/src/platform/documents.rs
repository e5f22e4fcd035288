//! The published contract: which document a request asks for, and the tag of its content.

use std::sync::LazyLock;

use crm_contract::v1;
use crm_runtime::{Published, RawJson};
use sha2::{Digest, Sha256};

use crate::hex;

/// A document as it is answered.
pub struct Document {
    pub consumer: Option<&'static str>,
    pub version: i64,
    pub json: RawJson,
    pub json_tag: String,
    pub yaml: &'static str,
    pub yaml_tag: String,
}

static DOCUMENTS: LazyLock<Vec<Document>> =
    LazyLock::new(|| v1::documents::DOCUMENTS.iter().map(document).collect());

fn document(published: &Published) -> Document {
    Document {
        consumer: published.consumer,
        version: published.version.into(),
        json: RawJson::from_text(published.json.to_owned()).unwrap_or_default(),
        json_tag: tag(published.json),
        yaml: published.yaml,
        yaml_tag: tag(published.yaml),
    }
}

/// An ETag that stands for the text.
fn tag(text: &str) -> String {
    let hash = hex::encode(&Sha256::digest(text.as_bytes()));
    format!("\"{}\"", &hash[..16])
}

/// The document of that version for that consumer, or the whole of it.
pub fn find(version: i64, consumer: Option<&str>) -> Option<&'static Document> {
    DOCUMENTS
        .iter()
        .find(|document| document.version == version && document.consumer == consumer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_consumer_has_a_document_of_its_own() {
        let whole = find(1, None).unwrap();
        for consumer in ["mobile", "web", "portal", "integrations"] {
            let part = find(1, Some(consumer)).unwrap();
            assert_ne!(part.json_tag, whole.json_tag);
            assert!(part.json.as_str().len() < whole.json.as_str().len());
        }
        assert!(find(1, Some("nobody")).is_none() && find(2, None).is_none());
        assert!(whole.yaml.starts_with("openapi: 3.1.0"));
    }
}
