//! Code that must not compile: a missing handler, a handler without an operation, an undocumented error code, a
//! client's call outside its slice.

#![allow(clippy::unwrap_used, clippy::panic)]

mod refusals {
    pub mod compiler;
}

#[test]
fn what_the_contract_does_not_have_does_not_compile() {
    refusals::compiler::judge_all(env!("CARGO_MANIFEST_DIR"), "crm_codegen_exercise", 8);
}
