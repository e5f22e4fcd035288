//! docs/contract-rules.md matches the table of rules.

use std::path::Path;

use crm_codegen::diff::rules::documentation;

#[test]
fn the_list_of_rules_is_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/contract-rules.md");
    let current = documentation();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, &current).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        written == current,
        "docs/contract-rules.md is out of date: run UPDATE_DOCS=1 cargo test -p crm-codegen --test diff"
    );
}
