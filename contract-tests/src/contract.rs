//! The contract for the judge: a plain JSON value, with its operations, their parameters, codes and answers. It shares
//! no code with the generator.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use percent_encoding::percent_decode_str;
use serde_json::Value;

mod overlay;

/// The whole contract.
#[derive(Debug)]
pub struct Contract {
    pub document: Value,
    pub operations: Vec<Operation>,
    pub codes: BTreeMap<String, Code>,
    /// The vendor part of the media type, such as `vnd.crm`.
    pub vendor: String,
    pub version: u32,
    /// The prefix of problem types if errors are problem details (RFC 9457).
    pub problems: Option<String>,
}

/// One entry of the catalogue of error codes.
#[derive(Debug)]
pub struct Code {
    pub status: u16,
    pub applies: String,
    /// The members of the error's context that the catalogue promises.
    pub context: Vec<String>,
}

#[derive(Debug)]
pub struct Operation {
    pub id: String,
    pub method: String,
    pub path: String,
    pub consumers: BTreeSet<String>,
    /// The codes that the operation lists.
    pub own: BTreeSet<String>,
    /// The codes that apply to the operation without being listed, with their condition.
    pub implied: BTreeSet<String>,
    pub secured: bool,
    pub parameters: Vec<Parameter>,
    /// The JSON pointer of the request body's schema by media type; None if there is no body.
    pub body: Option<RequestBody>,
    /// The responses by status, as in the document: `200`, `4XX`.
    pub responses: BTreeMap<String, Response>,
}

#[derive(Debug)]
pub struct Parameter {
    pub name: String,
    /// `path`, `query` or `header`.
    pub place: String,
    pub required: bool,
    pub schema: Value,
}

#[derive(Debug)]
pub struct RequestBody {
    pub required: bool,
    pub content: BTreeMap<String, Content>,
}

#[derive(Debug)]
pub struct Response {
    pub headers: BTreeMap<String, Value>,
    pub content: BTreeMap<String, Content>,
}

/// The definition of a media type.
#[derive(Debug)]
pub struct Content {
    pub schema: Value,
    /// The examples, by name.
    pub examples: BTreeMap<String, Value>,
}

const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];

/// Joins the root and its families.
fn with_families(mut root: Value, file: &dyn Fn(&str) -> Value) -> Value {
    let mut take = |key: &str| root.as_object_mut().and_then(|root| root.remove(key));
    let families = take("x-families");
    let groups = take("x-every").unwrap_or_default();
    for name in families
        .iter()
        .flat_map(|list| list.as_array().expect("a list"))
    {
        let mut family = file(name.as_str().expect("a path"));
        fill(&mut family, &groups);
        add(&mut root, family);
    }
    root
}

/// Puts the members of a group where `x-every` names it.
fn fill(value: &mut Value, groups: &Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, groups)),
        Value::Object(members) => {
            members.values_mut().for_each(|member| fill(member, groups));
            if let Some(name) = members.remove("x-every") {
                let group = &groups[name.as_str().expect("a name")];
                members.extend(group.as_object().expect("a group").clone());
            }
        }
        _ => {}
    }
}

fn add(target: &mut Value, more: Value) {
    match (target, more) {
        (Value::Object(members), Value::Object(more)) => {
            for (key, value) in more {
                match members.get_mut(&key) {
                    Some(known) => add(known, value),
                    None => drop(members.insert(key, value)),
                }
            }
        }
        (Value::Array(items), Value::Array(more)) => items.extend(more),
        (target, more) => panic!("{target} and {more} cannot be joined"),
    }
}

impl Contract {
    /// A version of the contract of this repository.
    pub fn of_this_repository(version: u32) -> Contract {
        let file = |name: &str| -> Value {
            let path = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../spec")
                .join(name);
            let text = std::fs::read_to_string(&path)
                .unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()));
            serde_norway::from_str(&text).expect("YAML")
        };
        let overlaid = |document, version| {
            overlay::apply(document, &file(&format!("v{version}.overlay.yaml")))
        };
        let root = with_families(file("openapi.yaml"), &file);
        Contract::read((2..=version).fold(root, overlaid))
    }

    pub fn parse(yaml: &str) -> Contract {
        Contract::read(serde_norway::from_str(yaml).expect("the contract is YAML"))
    }

    fn read(document: Value) -> Contract {
        let codes = members(&document["x-error-codes"])
            .map(|(code, entry)| {
                let code_entry = Code {
                    status: u16::try_from(entry["status"].as_u64().expect("status")).unwrap(),
                    applies: text(&entry["applies"]),
                    context: members(&entry["context"])
                        .map(|(name, _)| name.to_owned())
                        .collect(),
                };
                (code.to_owned(), code_entry)
            })
            .collect();
        let mut contract = Contract {
            vendor: text(&document["info"]["x-media-type"]),
            version: text(&document["info"]["version"])
                .split('.')
                .next()
                .and_then(|major| major.parse().ok())
                .expect("a version"),
            problems: document["info"]["x-problem-types"]
                .as_str()
                .map(str::to_owned),
            operations: Vec::new(),
            codes,
            document,
        };
        let mut operations = Vec::new();
        for (path, item) in members(&contract.document["paths"]) {
            for method in METHODS {
                if item.get(method).is_some() {
                    operations.push(contract.operation(path, item, method));
                }
            }
        }
        contract.operations = operations;
        contract
    }

    /// The media type that names the version.
    pub fn media_type(&self) -> String {
        format!("application/{}.v{}+json", self.vendor, self.version)
    }

    pub fn by_id(&self, id: &str) -> &Operation {
        self.operations
            .iter()
            .find(|operation| operation.id == id)
            .unwrap_or_else(|| panic!("the contract has no operation {id}"))
    }

    /// The consumers, by name.
    pub fn consumers(&self) -> BTreeSet<&str> {
        self.operations
            .iter()
            .flat_map(|operation| operation.consumers.iter().map(String::as_str))
            .collect()
    }

    /// The template that `path` matches, literal segments first, and the values of its parameters.
    pub fn template(&self, path: &str) -> Option<(&str, BTreeMap<String, String>)> {
        let mut best: Option<(usize, &str, BTreeMap<String, String>)> = None;
        for (template, _) in members(&self.document["paths"]) {
            if let Some(values) = matches(template, path)
                && best.as_ref().is_none_or(|(most, ..)| values.len() < *most)
            {
                best = Some((values.len(), template, values));
            }
        }
        best.map(|(_, template, values)| (template, values))
    }

    /// Follows `$ref`s to their target.
    pub fn resolve<'a>(&'a self, mut value: &'a Value) -> &'a Value {
        for _ in 0..16 {
            match value.get("$ref").and_then(Value::as_str) {
                Some(reference) => {
                    let pointer = reference.trim_start_matches('#');
                    value = self
                        .document
                        .pointer(pointer)
                        .unwrap_or_else(|| panic!("{reference} leads nowhere"));
                }
                None => return value,
            }
        }
        panic!("a chain of $refs without an end")
    }

    fn operation(&self, path: &str, item: &Value, method: &str) -> Operation {
        let node = &item[method];
        let parameters: Vec<Parameter> = elements(&item["parameters"])
            .chain(elements(&node["parameters"]))
            .map(|parameter| self.resolve(parameter))
            .map(|parameter| Parameter {
                name: text(&parameter["name"]),
                place: text(&parameter["in"]),
                required: parameter["required"].as_bool().unwrap_or(false),
                schema: parameter["schema"].clone(),
            })
            .collect();
        let secured = elements(&node["security"]).next().is_some();
        let body = node.get("requestBody").map(|body| {
            let body = self.resolve(body);
            RequestBody {
                required: body["required"].as_bool().unwrap_or(false),
                content: self.content(body),
            }
        });
        let takes_key = parameters
            .iter()
            .any(|parameter| parameter.name.eq_ignore_ascii_case("Idempotency-Key"));
        let implied = self
            .codes
            .iter()
            .filter(|(_, code)| match code.applies.as_str() {
                "every" => true,
                "authenticated" => secured,
                "write" => takes_key,
                "body" => body.is_some(),
                _ => false,
            })
            .map(|(name, _)| name.clone())
            .collect();
        let responses = members(&node["responses"])
            .map(|(status, response)| {
                let response = self.resolve(response);
                let headers = members(&response["headers"])
                    .map(|(name, header)| {
                        let schema = self.resolve(header)["schema"].clone();
                        (name.to_owned(), schema)
                    })
                    .collect();
                let response = Response {
                    headers,
                    content: self.content(response),
                };
                (status.to_owned(), response)
            })
            .collect();
        Operation {
            id: text(&node["operationId"]),
            method: method.to_uppercase(),
            path: path.to_owned(),
            consumers: elements(&node["x-consumers"]).map(text).collect(),
            own: elements(&node["x-error-codes"]).map(text).collect(),
            implied,
            secured,
            parameters,
            body,
            responses,
        }
    }

    fn content(&self, node: &Value) -> BTreeMap<String, Content> {
        members(&node["content"])
            .map(|(media, entry)| {
                let examples = members(&entry["examples"])
                    .map(|(name, example)| {
                        (name.to_owned(), self.resolve(example)["value"].clone())
                    })
                    .collect();
                (
                    media.to_owned(),
                    Content {
                        schema: entry["schema"].clone(),
                        examples,
                    },
                )
            })
            .collect()
    }
}

impl Operation {
    /// The success statuses, in order.
    pub fn successes(&self) -> impl Iterator<Item = u16> {
        self.responses
            .keys()
            .filter_map(|status| status.parse().ok())
            .filter(|status| *status < 400)
    }

    pub fn allows(&self, code: &str) -> bool {
        self.own.contains(code) || self.implied.contains(code)
    }

    /// The response for `status`: of the status itself, or of its range.
    pub fn response(&self, status: u16) -> Option<&Response> {
        self.responses
            .get(&status.to_string())
            .or_else(|| self.responses.get(&format!("{}XX", status / 100)))
    }
}

/// The members of an object; empty for other values.
pub fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value))
}

/// The elements of an array; empty for other values.
pub fn elements(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("text is expected in place of {value}"))
        .to_owned()
}

/// The values of the parameters of `template` if `path` (still percent-encoded) matches it.
fn matches(template: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let mut values = BTreeMap::new();
    let mut expected = template.split('/');
    let mut given = path.split('/');
    loop {
        match (expected.next(), given.next()) {
            (None, None) => return Some(values),
            (Some(expected), Some(given)) => {
                if let Some(name) = expected
                    .strip_prefix('{')
                    .and_then(|name| name.strip_suffix('}'))
                {
                    if given.is_empty() {
                        return None;
                    }
                    values.insert(
                        name.to_owned(),
                        percent_decode_str(given).decode_utf8_lossy().into_owned(),
                    );
                } else if expected != given {
                    return None;
                }
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_segment_wins_over_a_parameter() {
        let contract = Contract::parse(crate::judge::tests::SMALL);
        let (template, values) = contract.template("/things/batch").unwrap();
        assert_eq!((template, values.len()), ("/things/batch", 0));
        let (template, values) = contract.template("/things/a%20b").unwrap();
        assert_eq!((template, values["id"].as_str()), ("/things/{id}", "a b"));
        assert!(contract.template("/things/").is_none());
        assert!(contract.template("/things/a/b").is_none());
    }

    #[test]
    fn codes_are_implied_by_what_an_operation_has() {
        let contract = Contract::parse(crate::judge::tests::SMALL);
        let create = contract.by_id("things_create");
        assert!(create.allows("VALIDATION_FAILED") && create.allows("MALFORMED_JSON"));
        assert!(create.allows("KEY_REUSED") && create.allows("TAKEN"));
        let get = contract.by_id("things_get");
        assert!(get.allows("UNAUTHENTICATED") && get.allows("NOT_FOUND"));
        assert!(!get.allows("TAKEN") && !get.allows("MALFORMED_JSON") && !get.allows("KEY_REUSED"));
        assert!(!contract.by_id("state").allows("UNAUTHENTICATED"));
    }

    #[test]
    fn the_contract_of_this_repository_is_read() {
        let contract = Contract::of_this_repository(1);
        assert!(contract.operations.len() > 30);
        assert_eq!(contract.consumers().len(), 4);
        assert_eq!(contract.vendor, "vnd.crm");
    }
}
