//! What must not compile: a handler that is missing, one that the contract does not know, an error
//! code that an operation does not document, a client's call outside of its slice.

#![allow(clippy::unwrap_used, clippy::panic)]

mod refusals {
    pub mod compiler;
}

#[test]
fn what_the_contract_does_not_have_does_not_compile() {
    refusals::compiler::judge_all(env!("CARGO_MANIFEST_DIR"), "crm_codegen_exercise", 8);
}
