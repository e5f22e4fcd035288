//! Whether a built program exists and is newer than its sources, by the list that cargo writes beside it.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Whether `program` exists and nothing in `<program>.d` changed after it was built.
pub fn is_fresh(program: &Path) -> bool {
    let Some(built) = modified(program) else {
        return false;
    };
    let Ok(list) = fs::read_to_string(program.with_extension("d")) else {
        return false;
    };
    sources(&list)
        .iter()
        .all(|source| modified(source).is_some_and(|changed| changed <= built))
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path)
        .and_then(|metadata| metadata.modified())
        .ok()
}

/// The sources in a dep-info file: `program: source source`, a space in a name written as `\ `.
fn sources(list: &str) -> Vec<PathBuf> {
    let line = list.lines().next().unwrap_or_default();
    let Some((_, names)) = line.split_once(": ") else {
        return Vec::new();
    };
    names
        .replace("\\ ", "\0")
        .split_whitespace()
        .map(|name| PathBuf::from(name.replace('\0', " ")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_as_fresh_as_its_newest_source() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let list = format!(
            "{}: {} {}\n",
            at("crm").display(),
            at("a.rs").display(),
            at("b c.rs").display().to_string().replace(' ', "\\ "),
        );
        assert_eq!(sources(&list), [at("a.rs"), at("b c.rs")]);
        assert!(!is_fresh(&at("crm")), "it is not there");
        for name in ["a.rs", "b c.rs", "crm"] {
            fs::write(at(name), "").unwrap();
        }
        assert!(
            !is_fresh(&at("crm")),
            "nothing tells what it was built from"
        );
        fs::write(at("crm.d"), &list).unwrap();
        assert!(is_fresh(&at("crm")));
        let later = SystemTime::now() + std::time::Duration::from_secs(5);
        fs::File::options()
            .write(true)
            .open(at("b c.rs"))
            .unwrap()
            .set_modified(later)
            .unwrap();
        assert!(!is_fresh(&at("crm")), "a source changed");
        fs::remove_file(at("b c.rs")).unwrap();
        assert!(!is_fresh(&at("crm")), "a source is gone");
    }
}
