//! What must not compile: a rule in an operation that does not document all the codes that the rule refuses with.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../../../codegen/exercise/tests/refusals/compiler.rs"]
mod compiler;

#[test]
fn a_rule_is_for_operations_that_document_its_codes() {
    compiler::judge_all(env!("CARGO_MANIFEST_DIR"), "crm_core", 3);
}
