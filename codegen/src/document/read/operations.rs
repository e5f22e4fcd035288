//! Paths and their operations.

use indexmap::IndexMap;

use super::Reader;
use super::codes::all_codes;
use super::parameters::same;
use super::place::Place;
use crate::document::{ErrorCode, Method, Operation, Parameter, Requirement};

/// The most operations; each holds copies of the targets of its references.
const MOST_OPERATIONS: usize = 5_000;

impl<'a> Reader<'a> {
    pub(super) fn operations(
        &mut self,
        root: &Place<'a>,
        codes: &IndexMap<String, ErrorCode>,
    ) -> Vec<Operation> {
        let Some(paths) = self.required(root, "paths") else {
            return Vec::new();
        };
        let common = self.security(root).unwrap_or_default();
        let mut operations = Vec::new();
        for (path, item) in self.members(&paths) {
            if !path.starts_with('/') {
                self.report_at(
                    "path",
                    &item,
                    format!("the path `{path}` does not begin with a slash"),
                    "begin it with /",
                );
                continue;
            }
            let Some(target) = self.follow(&item, "pathItems") else {
                continue;
            };
            let item = target.place;
            let Some(map) = self.map(&item) else { continue };
            self.known(
                &item,
                &[
                    "$ref",
                    "summary",
                    "description",
                    "parameters",
                    "get",
                    "put",
                    "post",
                    "delete",
                    "options",
                    "head",
                    "patch",
                    "trace",
                ],
                &["servers"],
            );
            let shared = self.parameters(&item);
            let methods: Vec<(Method, &str)> = map
                .keys()
                .filter_map(|key| Some((Method::parse(key)?, key.as_str())))
                .collect();
            for (method, key) in methods {
                let Some(place) = item.child(key) else {
                    continue;
                };
                if self.map(&place).is_none() {
                    continue;
                }
                if operations.len() >= MOST_OPERATIONS {
                    let message = format!("a contract has at most {MOST_OPERATIONS} operations");
                    self.report_at("too-much", &place, message, "split the contract");
                    return operations;
                }
                operations.push(self.operation(&place, method, &path, &shared, &common, codes));
            }
        }
        operations
    }

    fn operation(
        &mut self,
        place: &Place<'a>,
        method: Method,
        path: &str,
        shared: &[Parameter],
        common: &[Requirement],
        codes: &IndexMap<String, ErrorCode>,
    ) -> Operation {
        self.known(
            place,
            &[
                "tags",
                "summary",
                "description",
                "externalDocs",
                "operationId",
                "parameters",
                "requestBody",
                "responses",
                "deprecated",
                "security",
            ],
            &["callbacks", "servers"],
        );
        let id = self
            .text(place, "operationId")
            .unwrap_or_else(|| made_up_id(method, path));
        let tags = self.texts(place, "tags");
        let (family, name) = id.split_once('_').unwrap_or((&id, &id));
        let tag = tags.first().cloned().unwrap_or_else(|| family.to_owned());
        let name = name.to_owned();
        let security = self.security(place).unwrap_or_else(|| common.to_vec());
        let own = self.parameters(place);
        self.charge(shared.len());
        let mut parameters: Vec<Parameter> = shared
            .iter()
            .filter(|shared| !own.iter().any(|own| same(own, shared)))
            .cloned()
            .collect();
        parameters.extend(own);
        let body = self.body(place);
        let own_codes = self.own_codes(place, codes);
        let mut operation = Operation {
            id,
            tag,
            tags,
            name,
            method,
            path: path.to_owned(),
            summary: self.text(place, "summary"),
            description: self.text(place, "description"),
            security,
            consumers: self.texts(place, "x-consumers"),
            permission: self.text(place, "x-permission"),
            no_permission: self.text(place, "x-no-permission"),
            codes: Vec::new(),
            own_codes,
            parameters,
            body,
            responses: self.responses(place),
            raw_body: self.boolean(place, "x-raw-body").unwrap_or(false),
            deprecation: self.deprecation(place),
            extensions: self.extensions(place),
            at: self.at(place),
        };
        operation.codes = all_codes(
            &operation.own_codes,
            codes,
            !operation.security.is_empty(),
            operation.takes_idempotency_key(),
            operation.body.is_some(),
        );
        operation
    }
}

/// Makes an id for an operation without one, such as `get_records_type`.
fn made_up_id(method: Method, path: &str) -> String {
    let words = path
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .fold(String::new(), |joined, word| format!("{joined}_{word}"));
    format!("{}{words}", method.as_str().to_ascii_lowercase())
}
