//! The documents that are published: a version of the contract, whole and as each consumer sees it, as JSON and as YAML,
//! in the order of the source. The whole one in YAML is the source itself, comments included.

use quote::quote;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::{Module, print};
use crate::{
    diagnostic::Diagnostics,
    document::Document,
    slice,
    source::{Content, Node},
};

/// `v1_documents.rs`, and the texts that it includes. `source` is the text that `document` was read from.
pub fn documents(document: &Document, source: &str) -> (Vec<Module>, Diagnostics) {
    let mut found = Diagnostics::default();
    let version = document.major;
    let mut modules = Vec::new();
    let mut published = Vec::new();
    let mut publish = |consumer: Option<&str>, json: String, yaml: String| {
        let name = consumer.map_or(format!("v{version}"), |consumer| {
            format!("v{version}_{consumer}")
        });
        let (json_file, yaml_file) = (
            format!("{name}_openapi.json"),
            format!("{name}_openapi.yaml"),
        );
        let consumer = match consumer {
            Some(consumer) => quote!(Some(#consumer)),
            None => quote!(None),
        };
        let (json_path, yaml_path) = (format!("/{json_file}"), format!("/{yaml_file}"));
        published.push(quote! {
            ::crm_runtime::Published {
                version: #version,
                consumer: #consumer,
                json: include_str!(concat!(env!("OUT_DIR"), #json_path)),
                yaml: include_str!(concat!(env!("OUT_DIR"), #yaml_path)),
            }
        });
        modules.push(Module {
            file: json_file,
            code: json,
        });
        modules.push(Module {
            file: yaml_file,
            code: yaml,
        });
    };
    let texts = |node: &Node| {
        let json = serde_json::to_string(&InOrder(node)).map_err(|error| error.to_string())?;
        let yaml = serde_norway::to_string(&InOrder(node)).map_err(|error| error.to_string())?;
        Ok::<_, String>((json, yaml))
    };
    let mut fail = |message: String| {
        found.report(
            "generator",
            &document.at,
            format!("the document cannot be printed: {message}"),
            "report this: the generator failed on a valid document",
        );
    };
    match texts(&document.source) {
        Ok((json, _)) => publish(None, json, source.to_owned()),
        Err(message) => fail(message),
    }
    for consumer in slice::consumers(document) {
        let Ok(sliced) = slice::slice(document, &consumer) else {
            continue;
        };
        match texts(&sliced) {
            Ok((json, yaml)) => publish(Some(&consumer), json, yaml),
            Err(message) => fail(message),
        }
    }
    let tokens = quote! {
        /// The whole contract first, then each consumer's part.
        pub const DOCUMENTS: &[::crm_runtime::Published] = &[#(#published),*];
    };
    modules.extend(print(
        format!("v{version}_documents.rs"),
        tokens,
        &document.at,
        &mut found,
    ));
    (modules, found)
}

/// A tree as it stands in the source.
struct InOrder<'a>(&'a Node);

impl Serialize for InOrder<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0.content {
            Content::Null => serializer.serialize_unit(),
            Content::Bool(value) => serializer.serialize_bool(*value),
            Content::Number(number) => number.serialize(serializer),
            Content::Text(text) => serializer.serialize_str(text),
            Content::List(list) => {
                let mut sequence = serializer.serialize_seq(Some(list.len()))?;
                for node in list {
                    sequence.serialize_element(&InOrder(node))?;
                }
                sequence.end()
            }
            Content::Map(map) => {
                let mut entries = serializer.serialize_map(Some(map.len()))?;
                for (key, member) in map {
                    entries.serialize_entry(key, &InOrder(&member.node))?;
                }
                entries.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "\
openapi: 3.1.0
info: {title: Small, version: 1.0.0, x-media-type: vnd.small}
paths:
  /b:
    get:
      operationId: b_get
      tags: [b]
      x-consumers: [web]
      responses: {\"204\": {description: Nothing.}}
  /a:
    get:
      operationId: a_get
      tags: [a]
      x-consumers: [web, portal]
      responses: {\"204\": {description: Nothing.}}
";

    #[test]
    fn every_consumer_gets_its_part_in_the_order_of_the_source() {
        let source = SMALL;
        let document = crate::document::read("small.yaml", source.as_bytes())
            .document
            .unwrap();
        let (modules, found) = documents(&document, source);
        assert!(found.into_sorted().is_empty());
        let text = |file: &str| {
            let module = modules.iter().find(|module| module.file == file);
            module.map(|module| module.code.clone()).unwrap()
        };
        assert_eq!(text("v1_openapi.yaml"), source);
        assert!(text("v1_openapi.json").starts_with(r#"{"openapi":"#));
        for consumer in slice::consumers(&document) {
            let json: serde_json::Value =
                serde_json::from_str(&text(&format!("v1_{consumer}_openapi.json"))).unwrap();
            let yaml: serde_json::Value =
                serde_norway::from_str(&text(&format!("v1_{consumer}_openapi.yaml"))).unwrap();
            assert_eq!(json, yaml);
            assert_eq!(json.pointer("/paths/~1b").is_some(), consumer == "web");
        }
    }
}
