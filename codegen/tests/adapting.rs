//! Any contract becomes a crate: parts that are left out are reported with place and operation, and the rest is
//! generated. codegen/foreign tests that it compiles and works.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use crm_codegen::adapt::{Adapted, adapt, files};
use crm_codegen::diff::Contract;

fn foreign(name: &str) -> (String, Adapted) {
    let path = format!("{}/foreign/{name}/openapi.yaml", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(path).unwrap();
    let adapted = adapt("openapi.yaml", &bytes).unwrap();
    (String::from_utf8(bytes).unwrap(), adapted)
}

fn told(adapted: &Adapted) -> String {
    adapted
        .left
        .iter()
        .map(|finding| format!("{}: [{}] {}\n", finding.at, finding.rule, finding.message))
        .collect()
}

#[test]
fn what_is_left_out_is_told() {
    let (_, store) = foreign("store");
    insta::assert_snapshot!("store", told(&store));
    let (_, fleet) = foreign("fleet");
    insta::assert_snapshot!("fleet", told(&fleet));
}

/// Each contract has at least 30 operations, and all are generated except those in findings.
#[test]
fn the_rest_is_generated() {
    for (name, least) in [("store", 30), ("fleet", 30)] {
        let (text, adapted) = foreign(name);
        let contract = Contract::read("openapi.yaml", text.as_bytes()).unwrap();
        let paths = contract.root.get("paths").unwrap().as_map().unwrap();
        let methods = ["get", "put", "post", "patch", "delete"];
        let written: usize = paths
            .values()
            .map(|item| {
                methods
                    .iter()
                    .filter(|method| item.node.get(method).is_some())
                    .count()
            })
            .sum();
        let left = adapted
            .left
            .iter()
            .filter(|finding| finding.rule == "generate-operation");
        let operations = adapted.document.operations.len();
        assert_eq!(operations + left.count(), written, "{name}");
        assert!(operations >= least, "{name}: {operations}");
    }
}

/// Findings have the place in the source, although the document was changed before.
#[test]
fn findings_name_places_of_the_source() {
    let (text, adapted) = foreign("fleet");
    for finding in &adapted.left {
        let line = text.lines().nth(finding.at.line as usize - 1).unwrap();
        assert!(finding.at.line > 1 && !line.trim().is_empty(), "{finding}");
    }
}

#[test]
fn our_own_contracts_are_generated_whole() {
    let adapted = adapt("small.yaml", include_bytes!("documents/small.yaml")).unwrap();
    assert_eq!(adapted.document.operations.len(), 2);
    let files = files(&adapted, "small", "../runtime");
    let names: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(
        names,
        [
            "Cargo.toml",
            "src/lib.rs",
            "src/v1_problems.rs",
            "src/v1_client.rs",
            "src/v1_types.rs",
            "src/v1_server.rs",
            "src/media.rs",
            "src/codes.rs"
        ]
    );
    assert!(
        files[0].text.contains("name = \"small\"")
            && files[0].text.contains("path = \"../runtime\"")
    );
}

#[test]
fn what_is_no_contract_is_refused() {
    for text in ["", "a: [", "[]", "openapi: 3.1.0"] {
        assert!(adapt("x.yaml", text.as_bytes()).is_err(), "{text}");
    }
}
