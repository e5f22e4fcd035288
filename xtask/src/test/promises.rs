//! Checks that the files which SECURITY.md names as proofs exist.

use crate::run::root;

#[test]
fn every_proof_is_there() {
    let text = std::fs::read_to_string(root().join("SECURITY.md")).unwrap_or_default();
    let named = text.split('`').skip(1).step_by(2);
    let files: Vec<&str> = named.filter(|name| name.contains('/')).collect();
    assert!(files.len() > 20, "{files:?}");
    for file in files {
        assert!(root().join(file).is_file(), "{file} does not exist");
    }
}
