//! Completeness: for every keyword of the reader, JSON Schema and OpenAPI, a document changes its value, and the
//! comparison must report it with the right rule.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{base, compare, with_schema};

/// Samples by kind of object, then by keyword.
type Table = BTreeMap<String, BTreeMap<String, Sample>>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    /// None: the keyword is absent.
    #[serde(default)]
    old: Option<Value>,
    #[serde(default)]
    new: Option<Value>,
    /// The keywords beside it.
    #[serde(default)]
    beside: BTreeMap<String, Value>,
    /// The rule that reports the change; None if the keyword itself has no effect, with the reason.
    #[serde(default)]
    rule: Option<String>,
    #[serde(default)]
    none: Option<String>,
}

fn table() -> Table {
    serde_norway::from_str(include_str!("keywords.yaml")).unwrap()
}

fn written(
    sample: &Sample,
    keyword: &str,
    value: &Option<Value>,
) -> serde_json::Map<String, Value> {
    let mut map: serde_json::Map<String, Value> = sample.beside.clone().into_iter().collect();
    if let Some(value) = value {
        map.insert(keyword.to_owned(), value.clone());
    }
    map
}

/// The place of an object of this kind in the base document.
fn place(kind: &str) -> &'static str {
    match kind {
        "document" => "",
        "info" => "/info",
        "server" => "/servers/0",
        "path item" => "/paths/~1notes",
        "operation" => "/paths/~1notes/get",
        "parameter" => "/paths/~1notes/get/parameters/1",
        "header" => "/paths/~1notes/get/responses/200/headers/Age",
        "request body" => "/paths/~1notes/post/requestBody",
        "media type" => "/paths/~1notes/post/requestBody/content/multipart~1form-data",
        "response" => "/paths/~1notes/get/responses/200",
        "security scheme" => "/components/securitySchemes/sso",
        "flow" => "/components/securitySchemes/sso/flows/authorizationCode",
        "error code" => "/x-error-codes/NOT_FOUND",
        other => panic!("no place for {other}"),
    }
}

fn judge(kind: &str, keyword: &str, sample: &Sample) -> BTreeSet<String> {
    let (a, b) = (
        written(sample, keyword, &sample.old),
        written(sample, keyword, &sample.new),
    );
    let mut found = BTreeSet::new();
    let mut add = |old: &Value, new: &Value| {
        found.extend(
            compare(old, new)
                .findings
                .iter()
                .map(|f| f.rule.id.to_owned()),
        );
    };
    if kind == "schema" {
        // As a property, so that keywords of properties apply.
        let within = |map| json!({"type": "object", "properties": {"p": Value::Object(map)}});
        for request in [true, false] {
            add(
                &with_schema(&within(a.clone()), request),
                &with_schema(&within(b.clone()), request),
            );
        }
    } else {
        let at = place(kind);
        let document = |map: &serde_json::Map<String, Value>| {
            let mut document = base();
            let object = document.pointer_mut(at).unwrap().as_object_mut().unwrap();
            if sample.old.is_none() || sample.new.is_none() {
                object.remove(keyword);
            }
            object.extend(map.clone());
            document
        };
        add(&document(&a), &document(&b));
    }
    found
}

#[test]
fn every_keyword_has_a_rule() {
    let mut wrong = Vec::new();
    for (kind, keywords) in table() {
        for (keyword, sample) in keywords {
            let found = judge(&kind, &keyword, &sample);
            match (&sample.rule, &sample.none) {
                (Some(rule), None) => {
                    if !found.contains(rule)
                        || (found.contains("unknown-keyword-changed")
                            && rule != "unknown-keyword-changed")
                    {
                        wrong.push(format!("{kind} {keyword}: {found:?}, not {rule}"));
                    }
                }
                (None, Some(_)) if found.is_empty() => {}
                _ => wrong.push(format!(
                    "{kind} {keyword}: {found:?} and nothing is expected"
                )),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The reader's keywords are taken from its source, so a keyword that is added there needs a sample here.
#[test]
fn every_keyword_of_the_reader_is_in_the_table() {
    let table = table();
    let read = |file: &str| {
        let path = format!("{}/src/document/read/{file}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap()
    };
    let all = |text: &str| -> BTreeSet<String> {
        let word = regex::Regex::new(r#""(\$?[a-zA-Z-]+)""#).unwrap();
        word.captures_iter(text)
            .map(|found| found[1].to_owned())
            .collect()
    };
    let schemas = read("schemas.rs");
    let lists = regex::Regex::new(r"(?s)const [A-Z]+: &\[&str\] = &\[(.*?)\];").unwrap();
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for list in lists.captures_iter(&schemas) {
        known
            .entry("schema".to_owned())
            .or_default()
            .extend(all(&list[1]));
    }
    assert!(known["schema"].len() > 35, "{known:?}");
    // The lists given to `known(...)`, in the order of each file.
    let call =
        regex::Regex::new(r"(?s)\.known\(\s*[^,]+,\s*&\[(.*?)\],\s*&\[(.*?)\],?\s*\)").unwrap();
    for (file, kinds) in [
        ("../read.rs", &["document", ""][..]),
        ("root.rs", &["info", "server", ""]),
        ("operations.rs", &["path item", "operation"]),
        ("parameters.rs", &["parameter", "header", ""]),
        (
            "content.rs",
            &["request body", "response", "media type", ""],
        ),
        ("security.rs", &["security scheme"]),
    ] {
        let text = read(file);
        let found: Vec<_> = call.captures_iter(&text).collect();
        assert_eq!(
            found.len(),
            kinds.len(),
            "{file}: the calls of `known` have changed"
        );
        for (call, kind) in found.iter().zip(kinds) {
            if !kind.is_empty() {
                known
                    .entry((*kind).to_owned())
                    .or_default()
                    .extend(all(&call[1]));
                known
                    .entry((*kind).to_owned())
                    .or_default()
                    .extend(all(&call[2]));
            }
        }
    }
    // Extensions are read one by one.
    let extension = regex::Regex::new(r#""(x-[a-z-]+)""#).unwrap();
    let mut extensions = BTreeSet::new();
    for file in [
        "../read.rs",
        "root.rs",
        "operations.rs",
        "parameters.rs",
        "schemas.rs",
        "codes.rs",
        "content.rs",
    ] {
        extensions.extend(
            extension
                .captures_iter(&read(file))
                .map(|found| found[1].to_owned()),
        );
    }
    let in_table: BTreeSet<&String> = table.values().flat_map(BTreeMap::keys).collect();
    let mut missing: Vec<String> = extensions
        .into_iter()
        .filter(|name| !in_table.contains(name) && name != "x-")
        .collect();
    for (kind, keywords) in known {
        for keyword in keywords {
            if !table
                .get(&kind)
                .is_some_and(|known| known.contains_key(&keyword))
            {
                missing.push(format!("{kind}: {keyword}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// An unknown keyword is reported as well, at every place.
#[test]
fn nothing_falls_through() {
    for kind in table().keys() {
        let sample = Sample {
            old: Some(json!(1)),
            new: Some(json!(2)),
            beside: BTreeMap::new(),
            rule: None,
            none: None,
        };
        let found = judge(kind, "neverHeardOf", &sample);
        assert!(
            found.contains("unknown-keyword-changed"),
            "{kind}: {found:?}"
        );
    }
}
