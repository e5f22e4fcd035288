//! The operations of a published document that a run tests.

use serde_json::Value;

/// The run that also gets the operations without a security scheme.
const FIRST: &str = "user";

#[derive(Debug, PartialEq)]
pub struct Operation {
    pub id: String,
    /// Method and path, as in the report of Schemathesis.
    pub name: String,
}

impl Operation {
    /// The operations that take the scheme; those without a scheme belong to the run of `FIRST`.
    pub fn of(document: &Value, scheme: &str) -> Vec<Self> {
        let items = document["paths"].as_object().into_iter().flatten();
        let operations = items
            .flat_map(|(path, item)| {
                let operations = item.as_object().into_iter().flatten();
                operations.map(move |(method, operation)| (path, method, operation))
            })
            .filter_map(|(path, method, operation)| {
                let id = operation.get("operationId")?.as_str()?.to_owned();
                let security = operation.get("security")?.as_array()?;
                let takes = security.iter().any(|one| one.get(scheme).is_some());
                let name = format!("{} {path}", method.to_uppercase());
                (takes || (security.is_empty() && scheme == FIRST)).then_some(Self { id, name })
            });
        operations.collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_operation_is_tried_with_each_scheme_that_it_takes() {
        let document = json!({"paths": {"/a": {
            "parameters": [],
            "get": {"operationId": "both", "security": [{"user": []}, {"key": ["a:read"]}]},
            "post": {"operationId": "open", "security": []},
        }}});
        let operations = |scheme| {
            let operations = Operation::of(&document, scheme).into_iter();
            operations.map(|one| (one.id, one.name)).collect::<Vec<_>>()
        };
        let both = ("both".to_owned(), "GET /a".to_owned());
        let open = ("open".to_owned(), "POST /a".to_owned());
        assert_eq!(operations("user"), [both.clone(), open]);
        assert_eq!(operations("key"), [both]);
        assert!(operations("portal").is_empty());
    }
}
