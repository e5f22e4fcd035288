//! `docs/operator.openapi.json`: the OpenAPI document of the operator's routes, from the attributes of their handlers.

use std::{collections::BTreeSet, path::Path};

use serde_json::{Value, json};
use utoipa::OpenApi;

use super::{Described, ROUTES};

/// The methods of the API, which `any` stands for.
const ANY: [&str; 4] = ["delete", "get", "patch", "post"];

/// The document with what all operations share: the secret, and the refusals that any of them may answer.
fn document() -> Value {
    let mut document = serde_json::to_value(Described::openapi()).unwrap();
    document["info"] = json!({
        "title": "The operator's routes of the Worker",
        "description": "Makes tenants of a deployment and sends requests as the operator of a tenant. These routes exist on the Worker alone, and only while the secret `OPERATOR_SECRET` is set: on the native host the command line does the same on the machine that holds the data. They are not part of the public contract and may change with any version.",
        "version": env!("CARGO_PKG_VERSION"),
        "license": {"name": env!("CARGO_PKG_LICENSE"), "identifier": env!("CARGO_PKG_LICENSE")},
    });
    document["security"] = json!([{"operator": []}]);
    document["components"]["securitySchemes"] = json!({
        "operator": {"type": "http", "scheme": "bearer", "description": "The secret `OPERATOR_SECRET` of the deployment."},
    });
    let refusal = |description: &str| {
        let schema = json!({"$ref": "#/components/schemas/Refusal"});
        json!({"description": description, "content": {"application/json": {"schema": schema}}})
    };
    for path in document["paths"].as_object_mut().unwrap().values_mut() {
        for (method, operation) in path.as_object_mut().unwrap() {
            operation.as_object_mut().unwrap().remove("tags");
            let responses = &mut operation["responses"];
            responses["401"] = refusal("The secret is missing or wrong (`UNAUTHENTICATED`).");
            responses["500"] = refusal("The server failed (`INTERNAL`). Its log says why.");
            responses["503"] = json!({
                "description": "The server has no room for the request at the moment (`TENANT_BUSY`).",
                "content": {"application/problem+json": {}},
            });
            // One handler takes several methods, but each operation needs an id of its own.
            if operation["operationId"] == "forward" {
                operation["operationId"] = format!("api_{method}").into();
            }
        }
    }
    document
}

fn described(document: &Value) -> BTreeSet<(String, String)> {
    let mut described = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            described.insert((method.clone(), path.clone()));
        }
    }
    described
}

#[test]
fn the_document_is_what_the_code_makes() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operator.openapi.json");
    let current = format!("{:#}\n", document());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, &current).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        written == current,
        "docs/operator.openapi.json is out of date: run UPDATE_DOCS=1 cargo test -p crm-worker operator"
    );
}

#[test]
fn every_route_is_described_and_no_other_path() {
    let mut routes = BTreeSet::new();
    for (method, path) in ROUTES {
        // OpenAPI has no wildcards.
        let path = path.replace("{*", "{");
        let methods = if *method == "any" {
            &ANY[..]
        } else {
            &[*method]
        };
        routes.extend(
            methods
                .iter()
                .map(|method| ((*method).to_owned(), path.clone())),
        );
    }
    assert_eq!(described(&document()), routes);
}

#[test]
fn every_operation_has_an_id_of_its_own_and_every_reference_leads_somewhere() {
    let document = document();
    let mut ids = BTreeSet::new();
    for (method, path) in described(&document) {
        let operation = &document["paths"][&path][&method];
        assert!(
            ids.insert(operation["operationId"].as_str().unwrap()),
            "{method} {path}"
        );
        assert!(operation["summary"].is_string() && operation["description"].is_string());
    }
    let text = document.to_string();
    let references = text.split("\"$ref\":\"#").skip(1);
    let references: BTreeSet<&str> = references
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(references.len() > 3, "{references:?}");
    for reference in references {
        assert!(document.pointer(reference).is_some(), "{reference}");
    }
}
