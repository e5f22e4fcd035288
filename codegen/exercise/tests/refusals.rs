//! What must not compile: a handler that is missing, one that the contract does not know, an error
//! code that an operation does not document, a client's call outside of its slice.

#[test]
fn what_the_contract_does_not_have_does_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/refused/*.rs");
}
