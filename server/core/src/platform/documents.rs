//! The published contract: finds the text for a request and its entity tag, and restores the text from its files. Texts
//! are unpacked on request, which is rare.

use std::io::Read;

use crm_contract::documents::DOCUMENTS;
pub use crm_contract::documents::PAGE_POLICY;
use crm_runtime::{Published, PublishedText, patched};
use flate2::read::GzDecoder;
use futures_util::future::try_join;
use sha2::{Digest, Sha256};

use crate::{fault::Fault, hex, ports::Documents};

/// The published contract of this version, whole or for this consumer.
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

/// The text itself. It is compared with the hash in its ETag, since the files may be those of another build.
pub async fn text(files: &dyn Documents, text: &PublishedText) -> Result<String, Fault> {
    let bytes = match text.base {
        None => unpacked(files, text).await?,
        Some(base) => {
            let (base, delta) = try_join(unpacked(files, base), unpacked(files, text)).await?;
            patched(&base, &delta, text.length).unwrap_or_default()
        }
    };
    let tag = hex::encode(Sha256::digest(&bytes).get(..8).unwrap_or_default());
    if tag != text.tag {
        return Err(Fault::Internal(format!(
            "{} is of another build: its text has the tag {tag}, not {}",
            text.file, text.tag
        )));
    }
    String::from_utf8(bytes).map_err(|error| Fault::Internal(format!("{}: {error}", text.file)))
}

/// Upper bound of the bytes that a difference may have beyond those of the resulting text.
const MOST_EXTRA: usize = 16;

async fn unpacked(files: &dyn Documents, text: &PublishedText) -> Result<Vec<u8>, Fault> {
    let gzip = files.file(text.file).await;
    let gzip = gzip.map_err(|error| Fault::Internal(error.to_string()))?;
    let most = (text.length + MOST_EXTRA) as u64;
    let mut bytes = Vec::new();
    let read = GzDecoder::new(&gzip[..]).take(most).read_to_end(&mut bytes);
    read.map_err(|error| Fault::Internal(format!("{}: {error}", text.file)))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::FutureExt;

    use super::*;
    use crate::ports::{
        Answer,
        documents::{DocumentError, Embedded},
    };

    fn of(files: &dyn Documents, asked: &PublishedText) -> Result<String, Fault> {
        text(files, asked).now_or_never().unwrap()
    }

    #[test]
    fn every_text_is_put_together_whole() {
        for published in DOCUMENTS {
            let Published {
                json,
                yaml,
                json_3_0,
                yaml_3_0,
                page,
                ..
            } = published;
            let texts = [json, yaml, json_3_0, yaml_3_0, page];
            let texts = texts.map(|text| {
                let whole = of(&Embedded, text).unwrap();
                assert_eq!(whole.len(), text.length);
                whole
            });
            let [json, yaml, json_3_0, yaml_3_0, page] = &texts;
            let form = |text: &str| {
                let document: serde_json::Value = serde_json::from_str(text).unwrap();
                document["openapi"].clone()
            };
            assert_eq!(
                (form(json), form(json_3_0)),
                ("3.1.0".into(), "3.0.3".into())
            );
            assert!(yaml.starts_with("openapi: 3.1.0"));
            assert!(yaml_3_0.starts_with("openapi: 3.0.3"));
            assert!(page.starts_with("<!DOCTYPE html>"));
        }
    }

    /// The files of another build: every name leads to the bytes of one file, or to no file.
    struct Other(Option<&'static str>);

    impl Documents for Other {
        fn file<'a>(&'a self, name: &'a str) -> Answer<'a, Result<Bytes, DocumentError>> {
            Embedded
                .file(self.0.unwrap_or("none"))
                .map(|answer| {
                    answer.map_err(|error| DocumentError {
                        name: name.to_owned(),
                        ..error
                    })
                })
                .boxed()
        }
    }

    #[test]
    fn a_text_of_another_build_is_not_sent() {
        let published = find(1, None).unwrap();
        let part = find(1, Some("portal")).unwrap();
        for files in [
            Other(None),
            Other(Some(published.yaml.file)),
            Other(Some(part.page.file)),
        ] {
            for asked in [&published.json, &part.json, &part.json_3_0] {
                assert!(
                    matches!(of(&files, asked), Err(Fault::Internal(why)) if why.contains(asked.file) || why.contains("base_"))
                );
            }
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
