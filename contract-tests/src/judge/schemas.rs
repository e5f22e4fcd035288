//! The schemas of the contract, compiled on demand, in two forms. A request is checked with the document unchanged. An
//! answer is checked more strictly than a client should: a property that the document does not name, or a value that an
//! open enumeration does not list, is a finding, since the server of this repository knows its own contract.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use jsonschema::{Draft, Registry, Validator};
use serde_json::{Value, json};

use crate::contract::members;

const REQUEST: &str = "contract:/request";
const ANSWER: &str = "contract:/answer";

pub struct Schemas {
    registry: Registry<'static>,
    compiled: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Schemas {
    pub fn new(document: &Value) -> Schemas {
        let components = |strict: bool| {
            let schemas: serde_json::Map<String, Value> =
                members(&document["components"]["schemas"])
                    .map(|(name, schema)| {
                        let mut schema = schema.clone();
                        if strict {
                            closed(&mut schema);
                        }
                        (name.to_owned(), schema)
                    })
                    .collect();
            json!({"components": {"schemas": schemas}})
        };
        let registry = Registry::new()
            .draft(Draft::Draft202012)
            .add(REQUEST, components(false))
            .and_then(|registry| registry.add(ANSWER, components(true)))
            .and_then(|registry| registry.prepare())
            .expect("the schemas refer to each other");
        Schemas {
            registry,
            compiled: Mutex::default(),
        }
    }

    /// Why `instance` is not valid in a request; empty if it is.
    pub fn request_errors(&self, schema: &Value, instance: &Value) -> Vec<String> {
        self.errors(REQUEST, schema.clone(), instance)
    }

    /// Why `instance` is not valid in an answer; empty if it is.
    pub fn answer_errors(&self, schema: &Value, instance: &Value) -> Vec<String> {
        let mut schema = schema.clone();
        closed(&mut schema);
        self.errors(ANSWER, schema, instance)
    }

    fn errors(&self, base: &str, mut schema: Value, instance: &Value) -> Vec<String> {
        absolute(&mut schema, base);
        let validator = self.validator(&schema);
        validator
            .iter_errors(instance)
            .take(10)
            .map(|error| {
                let mut message = error.to_string();
                message.truncate(message.floor_char_boundary(300));
                format!("{} at {:?}", message, error.instance_path().to_string())
            })
            .collect()
    }

    fn validator(&self, schema: &Value) -> Arc<Validator> {
        let key = schema.to_string();
        let mut compiled = self.compiled.lock().unwrap();
        if let Some(validator) = compiled.get(&key) {
            return validator.clone();
        }
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .should_validate_formats(true)
            .with_registry(&self.registry)
            .build(schema)
            .unwrap_or_else(|error| panic!("the schema {key} cannot be compiled: {error}"));
        let validator = Arc::new(validator);
        compiled.insert(key, validator.clone());
        validator
    }
}

/// Makes the references of an inline schema point into the document `base`.
fn absolute(schema: &mut Value, base: &str) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get_mut("$ref")
                && reference.starts_with('#')
            {
                reference.insert_str(0, base);
            }
            members
                .values_mut()
                .for_each(|member| absolute(member, base));
        }
        Value::Array(elements) => elements
            .iter_mut()
            .for_each(|element| absolute(element, base)),
        _ => {}
    }
}

/// Forbids additional properties in objects that name their properties and do not mention others; closes open
/// enumerations.
fn closed(schema: &mut Value) {
    let Value::Object(keywords) = schema else {
        return;
    };
    if keywords.contains_key("properties")
        && !keywords.contains_key("additionalProperties")
        && !keywords.contains_key("unevaluatedProperties")
    {
        keywords.insert("unevaluatedProperties".to_owned(), Value::Bool(false));
    }
    if let Some(known) = keywords.get("x-extensible-enum").cloned()
        && !keywords.contains_key("enum")
        && !keywords.contains_key("x-field")
    {
        keywords.insert("enum".to_owned(), known);
    }
    for (keyword, value) in keywords.iter_mut() {
        match keyword.as_str() {
            "properties" | "patternProperties" | "$defs" => {
                if let Value::Object(named) = value {
                    named.values_mut().for_each(closed);
                }
            }
            "oneOf" | "anyOf" | "allOf" | "prefixItems" => {
                if let Value::Array(several) = value {
                    several.iter_mut().for_each(closed);
                }
            }
            "items" | "additionalProperties" | "not" | "if" | "then" | "else" => closed(value),
            _ => {}
        }
    }
}
